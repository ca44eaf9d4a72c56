"""A tangent as the block of derivatives that it multiplies: written directly, where the structure is known.

A tangent is linear in that of an input, by way of products, sums and views. The matrix of this map is put together from
terms, each an array some of whose axes are shared by output and input: along a pair of axes that are the same, all off
the diagonal is zero and is not stored. What is elementwise stays a diagonal, `A @ x` is A, and a product with another
array scales rows or columns, as one writes it by hand.

>>> from gradc.derive.forward import tangents
>>> from gradc.language import parse
>>> dag = parse("A: [m, n]; x: [n]\\nsin(A @ x)")
>>> build = Builder(dag.dims, graph=dag.graph)
>>> x = dag.inputs["x"]
>>> x_dot = build.graph.node(scalar.adjoint, (), ("along", "x"), x.shape)
>>> [moved] = tangents(dag.roots, build, {x: x_dot})
>>> block_of(build, moved, x_dot).op, block_of(build, moved, x_dot).shape
(mul, ('m', 'n'))
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from gradc.base.records import NamedTuple
from gradc.graph.dag import Node, Shape, reachable
from gradc.ops import array, constant_arrays, contractions, routing, scalar, shaping
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import Builder, is_const, number

# Arrays on the way to a block have at most so many axes: with more they are larger than what they are for.
MOST_AXES = 3
# Blocks of more terms than these have no structure that one would write down.
MOST_TERMS = 4

Label = Hashable
Labels = tuple[Label, ...]


class Unstructured(Exception):
    """A tangent whose block is not written directly."""


class Pair(NamedTuple):
    """An axis of the output and one of the input: zero but where the second index is the first plus `shift`."""

    of: int
    by: int
    shift: int = 0


class Term(NamedTuple):
    """A part of a block: an array over some axes of the output, then some of the input, constant along the others.

    It is times a scale over axes of the output. Along a pair of `same` it is zero off a diagonal, and has the output's
    axis at most.
    """

    node: Node
    of: tuple[int, ...]
    by: tuple[int, ...]
    same: tuple[Pair, ...]
    scale: Node
    over: tuple[int, ...] = ()


def block_of(build: Builder, tangent: Node, leaf: Node) -> Node | None:
    """The derivatives of what has this tangent by what has the tangent `leaf`, in the shape of both; None where they
    have no direct form."""
    try:
        return _Linear(build, leaf).block(tangent)
    except Unstructured:
        return None


def spread_to(build: Builder, node: Node, shape: Shape) -> Node:
    """An array in a larger shape."""
    shape = build.dims.resolve(shape)
    if build.dims.resolve(node.shape) == shape:
        return node
    if node.op is scalar.const:
        return build.make(constant_arrays.full, (), (shape, float(number(node))))
    return build.make(array.spread, (node,), (shape,))


class _Linear:
    """The terms of the nodes that hang on a leaf."""

    def __init__(self, build: Builder, leaf: Node) -> None:
        self.build, self.leaf, self.dims = build, leaf, build.dims
        self.terms: dict[Node, list[Term]] = {}
        self.one = build.const(1.0)

    def block(self, tangent: Node) -> Node:
        before, self.build.annihilate = self.build.annihilate, True
        try:
            for node in reachable([tangent]):
                if node is self.leaf:
                    pairs = tuple([Pair(i, i) for i in range(len(node.shape))])
                    self.terms[node] = [Term(self.one, (), (), pairs, self.one)]
                elif any(arg in self.terms for arg in node.args):
                    rule = _RULES.get(node.op)
                    if rule is None:
                        raise Unstructured
                    self.terms[node] = self.merged(rule(self, node))
            return self.whole(tangent)
        finally:
            self.build.annihilate = before

    def merged(self, terms: Sequence[Term]) -> list[Term]:
        """The scales of one array added up."""
        found: dict[Any, Term] = {}
        for term in terms:
            if is_const(term.node, 0) or is_const(term.scale, 0):
                continue
            if len(term.node.shape) > MOST_AXES:
                raise Unstructured
            key = term._replace(scale=self.one)
            have = found.get(key)
            scale = term.scale if have is None else self.added(have.scale, term.scale)
            found[key] = term._replace(scale=scale)
        if len(found) > MOST_TERMS:
            raise Unstructured
        return list(found.values())

    def added(self, a: Node, b: Node) -> Node:
        """A sum; of what goes into the same run of zeros before it goes there."""
        make = self.build.make
        if a.op is not array.scatter or b.op is not array.scatter or a.attr != b.attr:
            return make(scalar.add, (a, b))
        parts = [each.args[0] for each in (a, b)]
        if sum(part.op is not constant_arrays.full for part in parts) == 1:  # a number goes for all elements
            parts = [
                self.build.const(statics_of(part.op, part.attr)["value"]) if part.op is constant_arrays.full else part
                for part in parts
            ]
        return make(array.scatter, (make(scalar.add, tuple(parts)),), a.attr)

    def times(self, a: Node, b: Node) -> Node:
        """A product, its numbers in front."""
        make, factor, rest = self.build.make, 1.0, list[Node]()
        for node in (a, b):
            while node.op is scalar.neg:
                factor, node = -factor, node.args[0]
            if node.op is scalar.mul and node.args[0].op is scalar.const:
                factor, node = factor * float(number(node.args[0])), node.args[1]
            if node.op is scalar.const:
                factor *= float(number(node))
            else:
                rest.append(node)
        if not rest:
            return self.build.const(factor)
        product = rest[0] if len(rest) == 1 else make(scalar.mul, tuple(rest))
        if abs(factor) != 1.0:
            product = make(scalar.mul, (self.build.const(abs(factor)), product))
        return product if factor > 0 else make(scalar.neg, (product,))

    def applied(self, term: Term) -> Term:
        """A term whose scale is in its array."""
        if term.scale is self.one:
            return term
        of = tuple(sorted({*term.of, *term.over}))
        final = (*of, *(("by", at) for at in term.by))
        labels = (*term.of, *(("by", at) for at in term.by))
        parts = self.spaced(term.scale, term.over, final), self.spaced(term.node, labels, final)
        node = parts[0] if term.node is self.one else self.build.make(scalar.mul, parts)
        return Term(node, of, term.by, term.same, self.one)

    # ---- products over named axes --------------------------------------------------------------------------------

    def contracted(
        self, term: Term, mine: Labels, shape: Shape, out: Labels, other: Node | None = None, theirs: Labels = ()
    ) -> Term:
        """A term of an argument, whose axes have the labels `mine`, times another array, over the labels of `out`."""
        if len({*mine}) < len(mine) or len({*theirs}) < len(theirs):
            raise Unstructured
        scale = self.one if term.over else term.scale  # a number stays outside
        term = self.applied(term if term.over else term._replace(scale=self.one))
        if any(pair.shift or not self.alike(pair, shape) for pair in term.same if mine[pair.of] not in out):
            term = self.written_out(term, shape)
        same, renamed = [], {}
        for pair in term.same:
            if mine[pair.of] in out:
                same.append(pair._replace(of=out.index(mine[pair.of])))
            else:
                renamed[mine[pair.of]] = ("by", pair.by)

        def new(labels: Labels) -> Labels:
            return tuple([renamed.get(each, each) for each in labels])

        node, labels = term.node, (*(new(mine)[axis] for axis in term.of), *(("by", at) for at in term.by))
        theirs = new(theirs)
        known = {*out, *(("by", at) for at in range(len(self.leaf.shape)))}
        for axis, label in enumerate(new(mine)):
            if label not in known and label not in labels and label not in theirs:
                node = self.build.make(scalar.mul, (self.size(shape[axis]), node))
        node, labels = self.summed(node, labels, known | {*theirs})
        if other is not None:
            other, theirs = self.summed(other, theirs, known | {*labels})
        present = {*labels, *theirs}
        order = [label for label in out if label in present]
        last = sorted(at for at in range(len(self.leaf.shape)) if ("by", at) in present)
        final = (*order, *(("by", at) for at in last))
        made = self.multiplied(node, labels, other, theirs, final)
        return Term(made, tuple([out.index(label) for label in order]), tuple(last), tuple(sorted(same)), scale)

    def alike(self, pair: Pair, shape: Shape) -> bool:
        """Whether both axes of a pair have one length."""
        return self.dims.find(shape[pair.of]) == self.dims.find(self.leaf.shape[pair.by])

    def written_out(self, term: Term, shape: Shape) -> Term:
        """A term with the diagonals in its array."""
        term = self.applied(term)
        of = tuple(sorted({*term.of, *(pair.of for pair in term.same)}))
        by = tuple(sorted({*term.by, *(pair.by for pair in term.same)}))
        final = (*of, *(("by", at) for at in by))
        node = self.spaced(term.node, (*term.of, *(("by", at) for at in term.by)), final)
        for pair in term.same:
            size = self.dims.find(shape[pair.of]), self.dims.find(self.leaf.shape[pair.by])
            eye = self.build.make(constant_arrays.eye, (), (*size, pair.shift))
            node = self.build.make(scalar.mul, (node, self.spaced(eye, (pair.of, ("by", pair.by)), final)))
        return Term(node, of, by, (), self.one)

    def size(self, dim: int | str) -> Node:
        dim = self.dims.find(dim)
        return self.build.const(dim) if isinstance(dim, int) else self.build.graph.node(scalar.size, (), dim)

    def summed(self, node: Node, labels: Labels, wanted: set[Label]) -> tuple[Node, Labels]:
        """An array without the axes that nobody wants."""
        gone = tuple([i for i, label in enumerate(labels) if label not in wanted])
        if not gone:
            return node, labels
        axis = None if len(gone) == len(labels) else gone[0] if len(gone) == 1 else gone
        if node.op is array.transpose and len(labels) == 2 and isinstance(axis, int):
            node, axis = node.args[0], 1 - axis
        node = self.build.make(array.sum_, (node,), (axis, False))
        return node, tuple([label for label in labels if label in wanted])

    def multiplied(self, a: Node, la: Labels, b: Node | None, lb: Labels, final: Labels) -> Node:
        """The product of two arrays with named axes, those that are not among the last summed."""
        if b is None:
            return self.arranged(a, la, tuple([each for each in final if each in la]))
        within = [label for label in la if label not in final]
        if not within:
            return self.build.make(scalar.mul, (self.spaced(a, la, final), self.spaced(b, lb, final)))
        free_a, free_b = ([each for each in labels if each not in within] for labels in (la, lb))
        if len(within) == 1 and max(len(la), len(lb)) <= 2 and not {*free_a} & {*free_b}:
            if (*free_a, *free_b) != final:
                a, la, b, lb = b, lb, a, la
            left = self.arranged(a, la, (*(each for each in la if each not in within), *within))
            right = self.arranged(b, lb, (*within, *(each for each in lb if each not in within)))
            return self.build.make(array.matmul, (left, right))
        a, la = self.untransposed(a, la)
        b, lb = self.untransposed(b, lb)
        letters = dict(zip(dict.fromkeys((*final, *within, *la, *lb)), "ijklmnopq", strict=False))
        subs = ",".join("".join(letters[each] for each in labels) for labels in (la, lb))
        subs += "->" + "".join(letters[each] for each in final)
        return self.build.make(contractions.EINSUMS[1], (a, b), (subs,))

    def untransposed(self, node: Node, labels: Labels) -> tuple[Node, Labels]:
        """A matrix under another's transpose, with its axes in its own order."""
        return (node.args[0], labels[::-1]) if node.op is array.transpose and len(labels) == 2 else (node, labels)

    def arranged(self, node: Node, labels: Labels, order: Labels) -> Node:
        """An array with its axes in another order."""
        if labels == order:
            return node
        axes = tuple([labels.index(label) for label in order])
        return self.build.make(array.transpose, (node,), (None if axes == (1, 0) else axes,))

    def spaced(self, node: Node, labels: Labels, final: Labels) -> Node:
        """An array as it broadcasts against one with all of these axes."""
        node = self.arranged(node, labels, tuple([each for each in final if each in labels]))
        places = [each in labels for each in final]
        while places and not places[0]:
            places.pop(0)  # NumPy adds axes in front by itself
        while places and places[-1]:
            places.pop()
        if not places:
            return node
        whole = ("slice", None, None, None)
        return self.build.make(array.index, (node,), (tuple([whole if there else None for there in places]),))

    # ---- elementwise ---------------------------------------------------------------------------------------------

    def lifted(self, arg: Node, node: Node) -> list[Term]:
        """The terms of an argument as those of what it is broadcast to."""
        return self.spread(self.terms[arg], arg.shape, node.shape)

    def spread(self, terms: Sequence[Term], small: Shape, large: Shape) -> list[Term]:
        small, large = self.dims.resolve(small), self.dims.resolve(large)
        more, out = len(large) - len(small), []
        for term in terms:
            wide = {axis for axis, dim in enumerate(small) if dim == 1 and large[axis + more] != 1}
            if any(axis in wide for axis in (*term.of, *term.over)):
                raise Unstructured
            if any(pair.of in wide and pair.shift for pair in term.same):
                raise Unstructured
            same = tuple([pair._replace(of=pair.of + more) for pair in term.same if pair.of not in wide])
            of, over = (tuple([axis + more for axis in axes]) for axes in (term.of, term.over))
            out.append(term._replace(of=of, over=over, same=same))
        return out

    def factor(self, other: Node, shape: Shape) -> tuple[Node, Labels]:
        """Another array beside a result of this shape: its axes by number, without those that are broadcast."""
        have, want = self.dims.resolve(other.shape), self.dims.resolve(shape)
        more = len(want) - len(have)
        kept = [axis for axis, dim in enumerate(have) if dim == want[axis + more]]
        if len(kept) < len(have):
            other = self.build.make(array.reshape, (other,), (tuple([have[axis] for axis in kept]),))
        return other, tuple([axis + more for axis in kept])

    def scaled(self, terms: Sequence[Term], shape: Shape, other: Node, combine: Combine) -> list[Term]:
        """Terms whose scales are combined with another array: multiplied, divided by it, masked."""
        node, theirs = self.factor(other, shape)
        out = []
        for term in terms:
            over = tuple(sorted({*term.over, *(axis for axis in theirs if isinstance(axis, int))}))
            pair = self.spaced(term.scale, term.over, over), self.spaced(node, theirs, over)
            out.append(term._replace(scale=combine(*pair), over=over))
        return out

    # ---- arrays with all their axes ------------------------------------------------------------------------------

    def whole(self, node: Node) -> Node:
        """The block of a node with all axes of both: the sum of its terms."""
        shape = (*node.shape, *self.leaf.shape)
        parts = [self.full(term, node.shape) for term in self.terms.get(node, ())]
        if not parts:
            raise Unstructured
        out = parts[0]
        for part in parts[1:]:
            out = self.build.make(scalar.add, (out, part))
        return spread_to(self.build, out, shape)

    def full(self, term: Term, shape: Shape) -> Node:
        """A term with its diagonals written out; smaller along what it is constant along."""
        if shape and len(shape) == len(self.leaf.shape) == len(term.same) and not term.by:
            node = self.diagonal(term, shape)
            if node is not None:
                return node
        term = self.written_out(term, shape)
        final = (*range(len(shape)), *(("by", at) for at in range(len(self.leaf.shape))))
        return self.spaced(term.node, (*term.of, *(("by", at) for at in term.by)), final)

    def diagonal(self, term: Term, shape: Shape) -> Node | None:
        """What is elementwise: a diagonal matrix, in the shape of the block; None where another form is right."""
        make, term = self.build.make, self.applied(term)
        if term.of != tuple(range(len(shape))) or not all(self.alike(pair, shape) for pair in term.same):
            return None
        if len(shape) == 1:
            ((_, _, shift),) = term.same
            cut = ("slice", None, -shift, None) if shift > 0 else ("slice", -shift, None, None)
            node = term.node
            if shift and node.op is array.scatter and statics_of(node.op, node.attr)["index"] == (cut,):
                node = node.args[0]
            elif shift:
                node = make(array.index, (node,), ((cut,),))
            return make(shaping.diag, (node,), (shift,))
        if any(pair.of != pair.by or pair.shift for pair in term.same):
            return None
        flat = make(array.reshape, (term.node,), ((-1,),))
        both = self.dims.resolve((*shape, *self.leaf.shape))
        return make(array.reshape, (make(shaping.diag, (flat,), (0,)),), (both,))


# ---- rules -----------------------------------------------------------------------------------------------------------

Combine = Callable[[Node, Node], Node]
Rule = Callable[[_Linear, Node], list[Term]]


def _sum(linear: _Linear, node: Node) -> list[Term]:
    """x + y, x - y, -x"""
    out = []
    for i, arg in enumerate(node.args):
        if arg in linear.terms:
            terms = linear.lifted(arg, node)
            if node.op is scalar.neg or (node.op is scalar.sub and i == 1):
                terms = [each._replace(scale=linear.build.make(scalar.neg, (each.scale,))) for each in terms]
            out += terms
    return out


def _product(linear: _Linear, node: Node) -> list[Term]:
    x, y = node.args
    if x in linear.terms and y in linear.terms:
        raise Unstructured
    mine, other = (x, y) if x in linear.terms else (y, x)
    terms = linear.lifted(mine, node)
    return linear.scaled(terms, node.shape, other, lambda scale, p: linear.times(p, scale))


def _quotient(linear: _Linear, node: Node) -> list[Term]:
    x, y = node.args
    if y in linear.terms:
        raise Unstructured
    terms = linear.lifted(x, node)
    return linear.scaled(terms, node.shape, y, lambda scale, p: linear.build.make(scalar.div, (scale, p)))


def _where(linear: _Linear, node: Node) -> list[Term]:
    """A side of a branch: masked, and never multiplied, since what stands there may be no number."""
    test, *sides = node.args
    condition, theirs = linear.factor(test, node.shape)
    make, zero, out = linear.build.make, linear.build.const(0.0), list[Term]()
    for side, there in zip(sides, (True, False), strict=True):
        for term in linear.lifted(side, node) if side in linear.terms else ():
            term = linear.applied(term)
            of = tuple(sorted({*term.of, *(axis for axis in theirs if isinstance(axis, int))}))
            final = (*of, *(("by", at) for at in term.by))
            array_ = linear.spaced(term.node, (*term.of, *(("by", at) for at in term.by)), final)
            parts = (array_, zero) if there else (zero, array_)
            masked = make(routing.where, (linear.spaced(condition, theirs, final), *parts))
            diagonal = term.node.op is scalar.const or not term.by
            out.append(
                Term(linear.one, (), (), term.same, masked, of) if diagonal else term._replace(node=masked, of=of)
            )
    return out


def _reduced(linear: _Linear, node: Node) -> list[Term]:
    """sum and mean over axes"""
    (x,) = node.args
    statics = statics_of(node.op, node.attr)
    gone = array.axes_of(statics["axis"], len(x.shape))
    out = tuple([axis for axis in range(len(x.shape)) if axis not in gone])
    labels = tuple(range(len(x.shape)))
    terms = [linear.contracted(term, labels, x.shape, out) for term in linear.terms[x]]
    if statics["keepdims"]:
        terms = [_moved(each, dict(enumerate(out))) for each in terms]
    if node.op is array.mean:
        count = linear.build.const(1)
        for axis in gone:
            count = linear.build.make(scalar.mul, (count, linear.size(x.shape[axis])))
        return [each._replace(scale=linear.build.make(scalar.div, (each.scale, count))) for each in terms]
    return terms


def _moved(term: Term, place: Mapping[int, int]) -> Term:
    """A term whose output has its axes at other places."""
    of, over = (tuple([place[axis] for axis in axes]) for axes in (term.of, term.over))
    return term._replace(of=of, over=over, same=tuple([pair._replace(of=place[pair.of]) for pair in term.same]))


def _bilinear(labels: Callable[[Node], tuple[Labels, Labels, Labels]]) -> Rule:
    """A product over named axes, of which one factor moves."""

    def rule(linear: _Linear, node: Node) -> list[Term]:
        first, second, out = labels(node)
        x, y = node.args
        if x in linear.terms and y in linear.terms:
            raise Unstructured
        if x in linear.terms:
            return [linear.contracted(term, first, x.shape, out, y, second) for term in linear.terms[x]]
        return [linear.contracted(term, second, y.shape, out, x, first) for term in linear.terms[y]]

    return rule


def _of_matmul(node: Node) -> tuple[Labels, Labels, Labels]:
    x, y = node.args
    if len(x.shape) > 2 or len(y.shape) > 2:
        raise Unstructured
    first: Labels = ("row", "within")[2 - len(x.shape) :]
    second: Labels = ("within", "column")[: len(y.shape)]
    return first, second, tuple([each for each in (*first, *second) if each != "within"])


def _of_all(node: Node) -> tuple[Labels, Labels, Labels]:
    axes = tuple(range(len(node.args[0].shape)))
    return axes, axes, ()


def _of_einsum(node: Node) -> tuple[Labels, Labels, Labels]:
    given, _, out = str(statics_of(node.op, node.attr)["subs"]).partition("->")
    first, second = given.split(",")
    return tuple(first), tuple(second), tuple(out)


def _turned(linear: _Linear, node: Node) -> list[Term]:
    """transpose and swap"""
    (x,) = node.args
    rank = len(x.shape)
    if node.op is array.swap:
        axes = (*range(rank - 2), rank - 1, rank - 2)
    else:
        given = statics_of(node.op, node.attr)["axes"]
        axes = tuple(range(rank))[::-1] if given is None else tuple([axis % rank for axis in given])
    return [linear.contracted(term, tuple(range(rank)), x.shape, axes) for term in linear.terms[x]]


def _reshaped(linear: _Linear, node: Node) -> list[Term]:
    """A shape that differs in axes of one element alone; any other is one of the whole block."""
    (x,) = node.args
    small, large = linear.dims.resolve(x.shape), linear.dims.resolve(node.shape)
    have, want = ([axis for axis, dim in enumerate(shape) if dim != 1] for shape in (small, large))
    if [small[axis] for axis in have] == [large[axis] for axis in want]:
        place = dict(zip(have, want, strict=True))
        if all(axis in place for term in linear.terms[x] for axis in (*term.of, *term.over)):
            of_one = [each for each in linear.terms[x] if any(pair.of not in place for pair in each.same)]
            if any(pair.shift for each in of_one for pair in each.same):
                raise Unstructured
            kept = [each._replace(same=tuple([p for p in each.same if p.of in place])) for each in linear.terms[x]]
            return [_moved(each, place) for each in kept]
    shape = (*large, *linear.dims.resolve(linear.leaf.shape))
    return _all(linear, node, linear.build.make(array.reshape, (linear.whole(x),), (shape,)))


def _spread(linear: _Linear, node: Node) -> list[Term]:
    return linear.lifted(node.args[0], node)


def _all(linear: _Linear, node: Node, block: Node) -> list[Term]:
    """A block with all axes."""
    axes = tuple(range(len(node.shape)))
    return [Term(block, axes, tuple(range(len(linear.leaf.shape))), (), linear.one)]


def _start(index: Any, rank: int) -> int | None:
    """Where a run of the only axis begins, counted from its beginning; None for any other index."""
    if rank != 1 or len(index) != 1 or not isinstance(index[0], tuple):
        return None
    _, start, _, step = index[0]
    if step not in (None, 1) or not (start is None or (isinstance(start, int) and start >= 0)):
        return None
    return start or 0


def _index(linear: _Linear, node: Node) -> list[Term]:
    """A run of a vector keeps its diagonals, which shift; of anything else, elements of the whole block."""
    (x,) = node.args
    index: Any = statics_of(node.op, node.attr)["index"]
    make, start = linear.build.make, _start(index, len(x.shape))
    if start is not None:
        out = []
        for term in linear.terms[x]:
            part, scale = (
                make(array.index, (each,), (index,)) if axes else each
                for each, axes in ((term.node, term.of), (term.scale, term.over))
            )
            same = tuple([pair._replace(shift=pair.shift + start) for pair in term.same])
            out.append(term._replace(node=part, scale=scale, same=same))
        return out
    if "..." in index:
        raise Unstructured
    whole = [each for each in index if each is not None]
    if all(isinstance(each, tuple) and each[1:] == (None, None, None) for each in whole):
        places = [at for at, each in enumerate(index) if each is not None]
        places += [len(index) + at for at in range(len(x.shape) - len(whole))]
        return [_moved(term, dict(enumerate(places))) for term in linear.terms[x]]
    return _all(linear, node, make(array.index, (linear.whole(x),), (index,)))


def _scatter(linear: _Linear, node: Node) -> list[Term]:
    """What goes into a run of a vector, the same."""
    (x,) = node.args
    statics = statics_of(node.op, node.attr)
    index: Any = statics["index"]
    make, start, shape = linear.build.make, _start(index, len(node.shape)), linear.dims.resolve(node.shape)
    if start is not None and len(x.shape) == 1:
        out = []
        for term in linear.terms[x]:
            scale = term.scale
            if not term.over:
                scale = spread_to(linear.build, scale, x.shape)
            if term.of:
                term = linear.applied(term)
                whole = (*shape, *(linear.leaf.shape[at] for at in term.by))
                part = make(array.scatter, (term.node,), (index, linear.dims.resolve(whole)))
                out.append(term._replace(node=part))
                continue
            same = tuple([pair._replace(shift=pair.shift - start) for pair in term.same])
            out.append(term._replace(scale=make(array.scatter, (scale,), (index, shape)), over=(0,), same=same))
        if not any(term.of and term.same for term in linear.terms[x]):
            return out
    if "..." in index:
        raise Unstructured
    both = (*shape, *linear.dims.resolve(linear.leaf.shape))
    return _all(linear, node, make(array.scatter, (linear.whole(x),), (index, both)))


_RULES: Mapping[Any, Rule] = {
    scalar.add: _sum,
    scalar.sub: _sum,
    scalar.neg: _sum,
    scalar.mul: _product,
    scalar.div: _quotient,
    routing.where: _where,
    array.sum_: _reduced,
    array.mean: _reduced,
    array.matmul: _bilinear(_of_matmul),
    array.inner: _bilinear(_of_all),
    array.outer: _bilinear(lambda node: (("row",), ("column",), ("row", "column"))),
    contractions.EINSUMS[1]: _bilinear(_of_einsum),
    array.transpose: _turned,
    array.swap: _turned,
    array.reshape: _reshaped,
    array.expand: _reshaped,
    array.spread: _spread,
    array.index: _index,
    array.scatter: _scatter,
}

__all__ = ["Unstructured", "block_of", "spread_to"]
