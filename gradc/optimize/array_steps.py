"""A joint graph into steps over whole arrays: what NumPy does in one call instead of several.

A sum of products is an inner product, a mean a sum and a quotient, a product with a transposed matrix one with
the matrix; what only scales goes where the fewest elements are; a sigmoid is written by exp(x), with a
guard that says how far that is good.

>>> from gradc.language import parse
>>> from gradc.optimize import optimize
>>> steps = whole(optimize(parse("x: [n]\\nsum(3*x**2 + 1/(1 + exp(-x))*x)"), ["x"], arrays=True))
>>> [node.op.name for node in reachable(steps.outputs) if node.args]
['exp', 'add', 'div', 'mul', 'matmul', 'mul', 'matmul', 'add']
>>> steps.guards
{%0 = input() 'x': 700.0}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from gradc.graph.dag import Node, Shape, reachable, users
from gradc.graph.shapes import Dims, counted
from gradc.ops import array, routing, scalar
from gradc.ops.array_shapes import Axis
from gradc.ops.table import Op, static, statics_of
from gradc.optimize import Joint
from gradc.optimize.quotients import divided, is_moderate
from gradc.optimize.ufuncs import bases_of, is_quick, quick_form
from gradc.rewrite.contracted import contracted
from gradc.rewrite.rules import instantiate
from gradc.rewrite.simplify import Args, Builder, is_const, number

# A scalar factor and an array.
Term = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Whole:
    """The steps: outputs and gradients by name, None for one that is zero everywhere.

    `guards` holds, for arguments, the largest value up to which the steps are good, and `finite` the values that must
    be finite. `made` leads from the nodes of the joint graph to those here.
    """

    outputs: tuple[Node, ...]
    gradients: dict[str, Node | None]
    guards: dict[Node, float]
    finite: tuple[Node, ...]
    made: dict[Node, Node]
    dims: Dims


def whole(joint: Joint, literal: bool = False) -> Whole:
    """The steps of a value and its gradient."""
    return _Lowering(joint, literal).run()


class _Lowering:
    """One walk over the joint graph."""

    def __init__(self, joint: Joint, literal: bool) -> None:
        self.joint, self.dims = joint, joint.dag.dims
        self.build = Builder(self.dims, literal)
        self.nodes = reachable([*joint.roots, *joint.dag.inputs.values(), *joint.seeds])
        self.uses = Counter(arg for node in self.nodes for arg in node.args) + Counter(joint.roots)
        self.readers = users(self.nodes)
        self.relus = {node.args[0]: node for node in self.nodes if node.op is routing.relu}
        self.bases = bases_of(self.nodes)
        self.inverses = {node.args[0]: node for node in self.nodes if node.op is array.inv}
        differences = {node.args: node for node in self.nodes if node.op is scalar.sub and node.shape}
        # Of x - y the y - x, whose sums differ from its by their sign.
        self.opposite = {
            node: twin for (x, y), node in differences.items() if (twin := differences.get((y, x))) is not None
        }
        self.firsts = {
            (node.args[0], array.axes_of(static(node, "axis"), len(node.shape))): node
            for node in self.nodes
            if node.op is array.first_max
        }
        self.made: dict[Node, Node] = {}
        self.guards: dict[Node, float] = {}
        self.finite: dict[Node, None] = {}

    def run(self) -> Whole:
        for node in self.nodes:
            if node not in self.made:
                self.made[node] = self._gate(node) if node.args else self._leaf(node)
        joint = self.joint
        gradients = {name: node and self.made[node] for name, node in joint.gradients.items()}
        outputs = tuple(self.made[node] for node in joint.outputs)
        return self._divided(Whole(outputs, gradients, self.guards, tuple(self.finite), self.made, self.dims))

    def _divided(self, steps: Whole) -> Whole:
        """The steps with their products and quotients in fewer passes."""
        new = divided([*steps.outputs, *filter(None, steps.gradients.values())], self.build, self.make)
        return Whole(
            tuple(new[node] for node in steps.outputs),
            {name: node and new[node] for name, node in steps.gradients.items()},
            {new[node]: limit for node, limit in steps.guards.items() if node in new},
            tuple(new[node] for node in steps.finite if node in new),
            {old: new.get(node, node) for old, node in steps.made.items()},
            steps.dims,
        )

    def _leaf(self, node: Node) -> Node:
        if node.op is scalar.const:
            return self.build.const(float(number(node)))
        # Arrays without elements are left to the two passes.
        attr = counted(str(node.attr)) if node.op is scalar.size else node.attr
        return self.build.graph.node(node.op, (), attr, node.shape)

    def _gate(self, node: Node) -> Node:
        rewrite = _STEPS.get(node.op)
        found = rewrite(self, node) if rewrite is not None else None
        if found is None and is_quick(node.op, self.build.literal):
            found = self._quick(node)
        if found is None and node.op.fast.value:
            found = self._fast(node)
        return found or self.make(node.op, self._args(node), node.attr)

    def _args(self, node: Node) -> Args:
        """The arguments; in their own shape where that matters."""
        args = tuple([self.made[arg] for arg in node.args])
        if node.op.elementwise:
            return args
        return tuple([self._in_shape(new, old.shape) for new, old in zip(args, node.args, strict=True)])

    def _in_shape(self, node: Node, shape: Shape) -> Node:
        if self.same(node.shape, shape):
            return node
        return self.build.intern(array.spread, (node,), (shape,))

    def same(self, x: Shape, y: Shape) -> bool:
        return bool(self.dims.resolve(x) == self.dims.resolve(y))

    def make(self, op: Op, args: Args, attr: Hashable = None) -> Node:
        """A step, its sign and its scale in one factor where they meet."""
        if op is scalar.neg:
            (x,) = args
            if x.op is scalar.mul and x.args[0].op is scalar.const:
                return self.make(scalar.mul, (self.build.const(-number(x.args[0])), x.args[1]))
            return self.build.make(op, args)
        if op is scalar.mul and (found := self._scales_together(*args)) is not None:
            return found
        if op is scalar.div and args[0] is args[1] and not args[0].shape:
            return self.build.const(1.0)
        if op in (scalar.mul, scalar.div) and is_const(args[1], 1):
            return args[0]
        if op is scalar.mul and is_const(args[0], 1):
            return args[1]
        return self.build.intern(op, args, attr)

    def _scales_together(self, x: Node, y: Node) -> Node | None:
        """s*(t*x) is (s*t)*x, for constants and sizes, whose product can't overflow."""
        for scale, rest in ((x, y), (y, x)):
            split = _scaled(rest)
            if split is None or not is_moderate(scale) or not is_moderate(split[0]):
                continue
            inner, bare = split
            if scale.op is scalar.const and inner.op is scalar.const:
                return self.make(scalar.mul, (self.build.const(number(scale) * number(inner)), bare))
            return self.make(scalar.mul, (self.make(scalar.mul, (scale, inner)), bare))
        return None

    # ---- gates in other words ------------------------------------------------------------------

    def _fast(self, node: Node) -> Node | None:
        """The form over whole arrays that the entry gives; numbers go by their own functions."""
        statics = statics_of(node.op, node.attr)
        fast = node.op.computed(self.build.literal)
        text = fast(**statics) if callable(fast) else fast
        if not text or not (node.shape or node.op.pointwise):
            return None
        return self._instance(text, dict(zip(node.op.params, self._args(node), strict=True)), statics)

    def _quick(self, node: Node) -> Node:
        """The form that is good up to a limit; of x and -x one is the argument for both."""
        base = self.bases.get(node.args[0], node.args[0])
        if base not in self.made:
            self.made[base] = self._gate(base)  # -x, which comes after the first gate of x
        x = self.made[base]
        if x.shape:
            self.guards[x] = node.op.fast.quick.below
        return self._instance(quick_form(node, base), {node.op.params[0]: x}, {})

    def _instance(self, text: str, args: Mapping[str, Node], statics: Mapping[str, object]) -> Node:
        plain = _Plain(self)
        return instantiate(plain, text, args, statics)

    def solve(self, node: Node) -> Node | None:
        """What is solved for a vector, by the inverse that a gradient asks for anyway: of the transpose, by its own."""
        matrix, y = node.args
        if len(matrix.shape) > 2 or len(y.shape) > 1:
            return None
        turned = matrix.op is array.transpose
        matrix = matrix.args[0] if turned else matrix
        if matrix not in self.inverses:
            return None
        inverse = self.inverses[matrix]
        if inverse not in self.made:
            self.made[inverse] = self._gate(inverse)
        by = self.made[inverse]
        by = self.make(array.transpose, (by,), (None,)) if turned else by
        return self.make(array.matmul, (by, self._in_shape(self.made[y], y.shape)))

    def _weights(self, node: Node) -> tuple[Node, Node, Node, Node] | None:
        """x less its largest, the exponentials of that, their sum and its logarithm: what softmax and its kin share.

        The largest must be finite: what else there is goes through the two passes.
        """
        (x,) = self._args(node)
        gone = array.axes_of(static(node, "axis"), len(x.shape))
        if len(gone) != 1:
            return None
        attr = (None, False) if len(x.shape) == 1 else (gone[0], True)
        if len(x.shape) > 1:  # where it is costs no more than what it is, and the slopes ask for it, too
            top = self.build.intern(array.taken_at, (x, self.build.intern(array.heaviest, (x,), gone)), gone)
        else:
            top = self.build.intern(array.amax, (x,), attr)
        self.finite[top] = None
        less = self.build.intern(scalar.sub, (x, top))
        e = self.build.intern(scalar.exp, (less,))
        total = self.build.intern(array.sum_, (e,), attr)
        return less, e, total, self.build.intern(array.log_total, (total, e), (gone[0] if len(x.shape) > 1 else -1,))

    def softmax(self, node: Node) -> Node | None:
        found = self._weights(node)
        return None if found is None else self.make(scalar.div, found[1:3])

    def from_heaviest(self, node: Node) -> Node | None:
        """x less what is there where a softmax is largest: that is where its argument is."""
        x, weights = node.args
        found = self._weights(weights) if weights.op is array.softmax else None
        if found is None or found[0].args[1].op is not array.taken_at:
            return None
        if not self.made[x].shape or (self.made[x].op is array.spread and not self.made[x].args[0].shape):
            return self.build.intern(array.spread, (self.build.const(0.0),), (node.shape,))
        at, x = found[0].args[1], self._in_shape(self.made[x], node.shape)
        return self.make(scalar.sub, (x, self.build.intern(array.taken_at, (x, at.args[1]), at.attr)))

    def _rows_of(self, x: Node, axis: Axis) -> tuple[Node, tuple[int, ...]]:
        """An array with some of its axes as its last one, and the order of the axes before that; one axis stays."""
        gone = array.axes_of(axis, len(x.shape))
        order = (*(at for at in range(len(x.shape)) if at not in gone), *gone)
        if len(gone) == 1:
            return x, order
        moved = x if order == tuple(sorted(order)) else self.build.intern(array.transpose, (x,), (order,))
        shape = (*moved.shape[: len(order) - len(gone)], -1)
        return self.make(array.reshape, (moved,), (shape,)), order

    def largest(self, node: Node) -> Node | None:
        """The largest by its place, where the slopes ask for the place."""
        (x,), axis = node.args, static(node, "axis")
        first = self.firsts.get((x, array.axes_of(axis, len(x.shape))))
        if first is None or len(x.shape) < 2:
            return None
        rows, _order = self._rows_of(self._in_shape(self.made[x], x.shape), axis)
        at = (array.axes_of(axis, len(x.shape))[0] if rows.shape == x.shape else len(rows.shape) - 1,)
        top = self.build.intern(array.taken_at, (rows, self.build.intern(array.heaviest, (rows,), at)), at)
        return top if self.same(top.shape, node.shape) else self.make(array.reshape, (top,), (node.shape,))

    def routed(self, node: Node) -> Node | None:
        """What goes to the first of the largest, put in its place."""
        test, sent, other = node.args
        if test.op is not array.first_max or not is_const(other, 0) or len(test.shape) < 2:
            return None
        (x,), axis = test.args, static(test, "axis")
        gone = array.axes_of(axis, len(x.shape))
        kept = tuple(1 if at in gone else dim for at, dim in enumerate(x.shape))
        if (sent.shape and not self.same(sent.shape, kept)) or not self.same(node.shape, x.shape):
            return None
        rows, order = self._rows_of(self._in_shape(self.made[x], x.shape), axis)
        at = (gone[0] if rows.shape == x.shape else len(rows.shape) - 1,)
        place = self.build.intern(array.heaviest, (rows,), at)
        value = self.made[sent]
        if sent.shape and len(gone) > 1:
            value = self.make(array.reshape, (value,), (place.shape,))
        out = self.build.intern(array.placed_at, (value, place), (rows.shape, at[0]))
        if rows.shape == x.shape:
            return out
        moved = tuple(x.shape[at] for at in order)
        out = self.make(array.reshape, (out,), (moved,))
        back = tuple(sorted(range(len(order)), key=order.__getitem__))
        return out if order == back == tuple(sorted(order)) else self.build.intern(array.transpose, (out,), (back,))

    def log_softmax(self, node: Node) -> Node | None:
        found = self._weights(node)
        return None if found is None else self.make(scalar.sub, (found[0], found[3]))

    def logsumexp(self, node: Node) -> Node | None:
        """The largest, and the logarithm of the sum of the weights beside it."""
        found = self._weights(node)
        if found is None:
            return None
        less, _, total, log_total = found
        out = self.make(scalar.add, (less.args[1], log_total))
        if not total.shape:
            return self._in_shape(out, node.shape)
        return out if self.same(out.shape, node.shape) else self.make(array.reshape, (out,), (node.shape,))

    def exp(self, node: Node) -> Node | None:
        """exp(log_softmax(x)) is softmax(x)."""
        (x,) = node.args
        return self.softmax(x) if x.op is array.log_softmax else None

    def others(self, node: Node) -> Node | None:
        """The products of the others in a vector, by division where nothing is lost."""
        return self.make(array.quotients, self._args(node)) if len(node.shape) == 1 else None

    def division(self, node: Node) -> Node | None:
        """x/(x/y) is y, if y has the shape of all three, or is a number for all of them."""
        x, y = node.args
        if y.op is scalar.div and y.args[0] is x and self._fills(y.args[1].shape, node.shape):
            return self.made[y.args[1]]
        return None

    def _fills(self, part: Shape, whole: Shape) -> bool:
        return not part or self.same(part, whole)

    def comparison(self, node: Node) -> Node | None:
        """x > 0 where relu(x) > 0: x itself can then be overwritten."""
        x, y = node.args
        if x in self.relus and self.relus[x] in self.made and is_const(y, 0):
            return self.build.intern(node.op, (self.made[self.relus[x]], self.made[y]))
        return None

    # ---- sums ----------------------------------------------------------------------------------

    def mean(self, node: Node) -> Node:
        """A sum over a number of elements."""
        (x,) = node.args
        axis, keepdims = static(node, "axis"), static(node, "keepdims")
        shape = self.dims.resolve(x.shape)
        count = array.product(tuple(shape[i] for i in array.axes_of(axis, len(shape))))
        size = (
            self.build.const(float(count)) if isinstance(count, int) else self.build.graph.node(scalar.size, (), count)
        )
        return self.make(scalar.div, (self._sum(x, axis, keepdims), size))

    def sum(self, node: Node) -> Node:
        return self._sum(node.args[0], static(node, "axis"), static(node, "keepdims"))

    def _sum(self, x: Node, axis: object, keepdims: bool) -> Node:
        rank = len(x.shape)
        if not keepdims and (axis is None or (rank == 1 and axis in (0, -1, (0,)))):
            return self._total(x)
        opposite = self.opposite.get(x)
        if opposite is not None and self._only_summed(x) and (opposite.id < x.id or not self._only_summed(opposite)):
            if opposite not in self.made:
                self.made[opposite] = self._gate(opposite)
            return self._times(self.build.const(-1.0), self._sum(opposite, axis, keepdims))
        scale, bare = self._bare(x)
        found = self._contracted(bare, x.shape, axis, keepdims)
        if found is None:
            inner = self._in_shape(self.made[bare], x.shape)
            found = self.build.intern(array.sum_, (inner,), (axis, keepdims))
        return self._times(scale, found)

    def _contracted(self, x: Node, shape: Shape, axis: object, keepdims: bool) -> Node | None:
        """The sum of a product that nobody but sums reads, without the product."""
        if x.op not in (scalar.mul, scalar.square) or not self.same(x.shape, shape) or not self._only_summed(x):
            return None
        one, other = x.args if x.op is scalar.mul else x.args * 2
        return contracted(self.build, self.made[one], self.made[other], axis, keepdims)

    def _only_summed(self, x: Node) -> bool:
        """Whether sums alone read a value, or scales of it that sums alone read."""
        todo = [x]
        while todo:
            node = todo.pop()
            if self.uses[node] != len(self.readers[node]):
                return False  # it is a result
            for reader in self.readers[node]:
                if reader.op is scalar.neg or (_scaled(reader) or (None, None))[1] is node:
                    todo.append(reader)
                elif reader.op not in (array.sum_, array.mean):
                    return False
        return True

    def _total(self, x: Node) -> Node:
        """The sum of all elements: by inner products if every term is a product of arrays."""
        while x.op is array.sum_ and self.uses[x] == 1:
            (x,) = x.args
        terms = self._terms(x)
        if len(terms) > 1 and not all(_is_product(term, x.shape, self.same) for _, term in terms):
            terms = [(self.build.const(1.0), x)]
        parts = [self._times(scale, self._inner(term, x.shape)) for scale, term in terms]
        out = parts[0]
        for part in parts[1:]:
            out = self.build.make(scalar.add, (out, part))
        return out

    def _terms(self, x: Node) -> list[Term]:
        """A sum in its terms, as far as nobody else reads what is taken apart."""
        found: list[Term] = []
        todo: list[tuple[float, list[Node], Node]] = [(1.0, [], x)]
        while todo:
            sign, factors, node = todo.pop()
            open_ = node is x or self.uses[node] == 1
            if open_ and node.op in (scalar.add, scalar.sub) and self._all_whole(node.args, x):
                todo.append((-sign if node.op is scalar.sub else sign, factors, node.args[1]))
                todo.append((sign, factors, node.args[0]))
            elif open_ and node.op is scalar.neg:
                todo.append((-sign, factors, node.args[0]))
            elif open_ and (split := _scaled(node)) is not None and self.same(split[1].shape, x.shape):
                todo.append((sign, [*factors, self.made[split[0]]], split[1]))
            elif open_ and (parts := self._spread(node, x)):
                todo += [(sign * minus, [*factors, *more], part) for minus, more, part in reversed(parts)]
            else:
                scale = self.build.const(sign)
                for factor in factors:
                    scale = self._times(scale, factor)
                found.append((scale, node))
        return found

    def _spread(self, node: Node, x: Node) -> list[tuple[float, list[Node], Node]]:
        """A product with scaled arrays, a*u + b*v, as one with each of them: their scales go outside the sums.

        Of two arrays without scales the difference may be all that there is of their digits.
        """
        if node.op is not scalar.mul or not self._all_whole(node.args, x):
            return []
        for one, other in (node.args, node.args[::-1]):
            terms: list[tuple[float, list[Node], Node]] = []
            todo: list[tuple[float, list[Node], Node]] = [(1.0, [], other)]
            while todo:
                sign, scales, part = todo.pop()
                if part.op in (scalar.add, scalar.sub) and self.uses[part] == 1 and self._all_whole(part.args, x):
                    todo += [(-sign if part.op is scalar.sub else sign, scales, part.args[1])]
                    todo += [(sign, scales, part.args[0])]
                elif (split := _scaled(part)) is not None and self.same(split[1].shape, x.shape):
                    todo.append((sign, [*scales, self.made[split[0]]], split[1]))
                else:
                    terms.append((sign, scales, part))
            bare = sum(not scales for _, scales, _ in terms)
            if bare <= (len(terms) > 1):
                return [
                    (sign, scales, Node(node.id, scalar.mul, tuple(sorted((one, part), key=_age)), None, node.shape))
                    for sign, scales, part in terms
                ]
        return []

    def _all_whole(self, parts: Iterable[Node], x: Node) -> bool:
        return all(self.same(part.shape, x.shape) for part in parts)

    def _inner(self, term: Node, shape: Shape) -> Node:
        if _is_product(term, shape, self.same):
            x, y = (self.made[arg] for arg in (term.args if len(term.args) == 2 else term.args * 2))
            if self.same(x.shape, shape) and self.same(y.shape, shape):
                return self.build.intern(array.matmul if len(shape) == 1 else array.inner, (x, y))
        if (found := self._contracted(term, shape, None, False)) is not None:
            return found
        return self.build.intern(array.sum_, (self._in_shape(self.made[term], shape),), (None, False))

    def _times(self, scale: Node, x: Node) -> Node:
        if is_const(scale, -1):
            return self.make(scalar.neg, (x,))
        if x.op is scalar.const and scale.op is scalar.const:
            return self.build.const(number(scale) * number(x))
        return self.make(scalar.mul, (scale, x))

    # ---- products ------------------------------------------------------------------------------

    def matmul(self, node: Node) -> Node | None:
        """Scales outside, and of a matrix transposed and a vector the vector first."""
        (p, x), (q, y) = (self._bare(arg) for arg in node.args)
        new_x, new_y = (self._in_shape(self.made[bare], arg.shape) for bare, arg in zip((x, y), node.args, strict=True))
        if new_x.op is array.transpose and len(new_x.shape) == 2 and len(new_y.shape) == 1 and new_x.attr == (None,):
            new_x, new_y = new_y, new_x.args[0]
        elif new_y.op is array.transpose and len(new_y.shape) == 2 and len(new_x.shape) == 1 and new_y.attr == (None,):
            new_x, new_y = new_y.args[0], new_x
        return self._times(p, self._times(q, self.build.intern(array.matmul, (new_x, new_y))))

    def _bare(self, x: Node) -> Term:
        """A scale apart from its array, if every reader of their product is a sum or a product of fewer elements."""
        one = self.build.const(1.0)
        split = _scaled(x)
        if split is None or not self._shrinks(x):
            return one, x
        return self.made[split[0]], split[1]

    def _shrinks(self, x: Node) -> bool:
        size = array.product(self.dims.resolve(x.shape))
        for reader in self.readers[x]:
            if reader.op is array.sum_:
                continue
            after = array.product(self.dims.resolve(reader.shape))
            if (
                reader.op is not array.matmul
                or not isinstance(size, int)
                or not isinstance(after, int)
                or after >= size
            ):
                return False
        return self.uses[x] == len(self.readers[x])


class _Plain(Builder):
    """A builder for the forms of the table: nothing is read as something else."""

    __slots__ = ("lowering",)

    def __init__(self, lowering: _Lowering) -> None:
        super().__init__(lowering.dims, lowering.build.literal, lowering.build.graph)
        self.lowering = lowering

    def const(self, value: float) -> Node:
        return super().const(float(value))

    def make(self, op: Op, args: Args, attr: Hashable = None) -> Node:
        return self.lowering.make(op, args, attr)


def _scaled(node: Node) -> Term | None:
    """The number and the array that a node is the product of."""
    if node.op is not scalar.mul or not node.shape:
        return None
    x, y = node.args
    return (x, y) if not x.shape else (y, x) if not y.shape else None


def _age(node: Node) -> int:
    return node.id


def _is_product(node: Node, shape: Shape, same: Callable[[Shape, Shape], bool]) -> bool:
    """Whether a term is a product of two arrays of the whole shape."""
    if node.op is scalar.square:
        return bool(node.args[0].shape)
    return node.op is scalar.mul and all(same(arg.shape, shape) for arg in node.args)


_STEPS = {
    array.amax: _Lowering.largest,
    routing.where: _Lowering.routed,
    array.softmax: _Lowering.softmax,
    array.log_softmax: _Lowering.log_softmax,
    array.logsumexp: _Lowering.logsumexp,
    array.from_heaviest: _Lowering.from_heaviest,
    scalar.exp: _Lowering.exp,
    array.others: _Lowering.others,
    scalar.div: _Lowering.division,
    routing.gt: _Lowering.comparison,
    array.mean: _Lowering.mean,
    array.sum_: _Lowering.sum,
    array.matmul: _Lowering.matmul,
    array.solve: _Lowering.solve,
}
