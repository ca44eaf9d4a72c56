"""Jacobians and Hessians in the style of the notes.

A program of numbers (or one that takes its arrays element by element) has straight lines for the non-zeros and for
nothing else: the partials of each forward line in a group under it, `num_y = sigy_y`, and for a Hessian those of each
adjoint, `dnum_x`. The blocks of a program of whole arrays are written as one writes them by hand, `np.diag(d)`,
`X.T @ (s[:, None]*X)`, where their structure is known (`gradc.derive.structured`); else it multiplies by unit vectors,
by rows or by columns, whichever are fewer.

>>> from gradc.emit.targets import TARGETS
>>> from gradc.language import parse
>>> from gradc.plan.notes import Notes
>>> from gradc.plan.program import gates_of_the_notes, stage
>>> dag, build = gates_of_the_notes(parse("x*y + z**2"), False)
>>> code = hessian_of(Notes(stage(dag, build, ["x", "y", "z"], arrays=False), TARGETS["math"]))
>>> code.body[-1].value[2].keys()
dict_keys([('x', 'y'), ('z', 'z')])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.base.records import NamedTuple
from gradc.derive.blocks import adjoints, parts_of, sparse_tangents, triangle
from gradc.derive.forward import pushed
from gradc.derive.reverse import gradients
from gradc.derive.structured import block_of, spread_to
from gradc.graph.dag import Dag, Node, Shape, pending, reachable
from gradc.graph.shapes import show
from gradc.ops import array, contractions, routing, scalar, shaping
from gradc.plan.code import (
    CAST,
    CLONE,
    COPY,
    FULL_LIKE,
    HAS_ROOM,
    HESSIAN_BY,
    JACOBIAN_BY,
    NAME,
    NUMBER_OF,
    ZEROS_OF,
    Assign,
    Def,
    Do,
    Note,
    Return,
    Update,
    made,
    name_of,
    nodes,
)
from gradc.plan.gates import is_cheap, of_numbers
from gradc.plan.names import Namer, short_stem
from gradc.plan.tangents import _parts, spans
from gradc.rewrite.sides import conditions_first, places, settled_guard
from gradc.rewrite.simplify import Builder, rebuild
from gradc.rewrite.wanted import chosen

if TYPE_CHECKING:
    from gradc.plan.notes import Notes


class Leaf(NamedTuple):
    """A number that is differentiated by: an input, or an element of one at a place of its array."""

    name: str
    place: tuple[int, ...]
    node: Node
    at: int  # among all elements of the inputs in `wrt`

    @property
    def word(self) -> str:
        return self.name + "_".join(map(str, self.place))


# ---- programs of numbers -----------------------------------------------------------------------


def one_spelling(dag: Dag, literal: bool) -> Dag:
    """The same program with each element of an array as one node: x[-1] is x[4]."""
    if not any(node.op is array.index for node in dag.nodes) or not of_numbers(dag):
        return dag

    def gate(build: Builder, old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is not array.index:
            return build.intern(old.op, args, old.attr)
        shape = dag.dims.resolve(args[0].shape)
        index: Any = old.attr[0]  # type: ignore[index]  # an index's attribute is (index,)
        return build.intern(array.index, args, (tuple(i % dim for i, dim in zip(index, shape, strict=True)),))

    return rebuild(dag, Builder(dag.dims, literal), gate)


def leaves_of(dag: Dag, wrt: Sequence[str]) -> list[Leaf]:
    """The numbers that a program of numbers is differentiated by, those that it reads, in the order of the inputs."""
    read: dict[Node, dict[tuple[int, ...], Node]] = {}
    for node in dag.nodes:
        if node.op is array.index:
            read.setdefault(node.args[0], {})[node.attr[0]] = node  # type: ignore[index]  # (index,)
    found, at = [], 0
    for name in wrt:
        node = dag.inputs[name]
        shape = dag.dims.resolve(node.shape)
        if not shape:
            found.append(Leaf(name, (), node, at))
        elements = read.get(node, {}) if shape else {}
        found += [Leaf(name, place, elements[place], at + _flat(place, shape)) for place in sorted(elements)]
        at += prod(shape)
    return found


def _flat(place: Sequence[int], shape: Sequence[Any]) -> int:
    at = 0
    for i, dim in zip(place, shape, strict=True):
        at = at * dim + i
    return at


def _is_element(node: Node) -> bool:
    """Whether a node is an element of an array, which has no line of its own."""
    return node.op is array.index and not node.shape


class _Lines:
    """Writes a graph over the forward lines, one named node a line, and what is returned."""

    def __init__(self, notes: Notes) -> None:
        self.notes, self.program, self.facts = notes, notes.program, notes.facts
        self.dag = notes.dag
        lines = [line.stmt.target for line in self.program.forward]
        own = [name for given in self.dag.names.values() for name in given]
        self.namer = Namer([*self.dag.inputs, *own, *lines, *notes.words.values(), *self.program.sizes.values()])
        self.of: dict[Node, Node] = {}  # the forward gate in whose group a node stands
        self.stems: dict[Node, str] = {}
        self.forward = {line.gate: line for line in self.program.forward}
        # Parts that adjoints share have lines in the backward pass alone.
        self.called = notes.names
        notes.names = {node: name for node, name in self.called.items() if node in self.forward or not node.args}

    def call(self, node: Node, stem: str, gate: Node) -> None:
        """What a node is called if it has a line, and in whose group that stands."""
        while node.op is scalar.neg and node.args[0] not in self.forward:
            node, stem = node.args[0], "m" + stem
        if node.args and node not in self.forward and node not in self.stems:
            self.stems[node] = stem
            self.of[node] = gate

    def named(self, node: Node) -> str:
        """What the notes call a forward value."""
        return self.notes.names.get(node) or self.called.get(node) or short_stem(node)

    def write(self, results: Sequence[Node]) -> list[Any]:
        """The lines that the results need."""
        outputs, wanted = list(self.program.outputs), set(results)
        nodes = reachable([*outputs, *results])
        mine = {node for node in nodes if node in self.forward or self._has_line(node)}
        seen = _parts([*results, *(node for node in nodes if node.args)], lambda node: False)
        uses = _parts([arg for node in mine for arg in node.args], lambda node: node in mine)
        mine |= {node for node, times in uses.items() if times > 1 and node in seen and not is_cheap(node)}
        mine = {node for node in mine if node in self.forward or (node.args and not _is_element(node))}
        guards = {}
        if self.facts.ifs and any(node.op is routing.where for node in nodes):
            found = places(nodes, [*outputs, *results])
            guards = {node: guard for node, regions in found.items() if (guard := settled_guard(node, regions))}
        order = conditions_first(nodes, guards) if guards else nodes
        rows = []
        for node in order:
            if node not in mine:
                continue
            guard = guards.get(node, ())
            if node in self.forward:
                rows.append(self.notes.row(guard, [self.notes.lines[node]]))
                continue
            gate = self.of.get(node)
            of = self.notes.lines[gate] if gate in self.forward else None
            name = self.namer.fresh(self.stems.get(node) or short_stem(node))
            value = self.in_precision(self.notes.cut(node, own=True))
            if node.op is routing.where and node in wanted and self.notes.elementwise and self.facts.arrays:
                value = made(NUMBER_OF, value)  # of an array without axes
            self.notes.names[node] = name
            said = ((self.notes.shape_note(name, node),),) if node.shape else ()
            rows.append(self.notes.row(guard, [Assign(name, value, Note(0, said, of))]))
        return self.notes.branches(rows)

    def in_precision(self, value: Node) -> Node:
        """A value whose written numbers have the precision of the inputs where they stand among zeros alone."""
        like = self.notes.like
        order = [node for node in nodes(value) if node.op is array.scatter and node.args[0].op is scalar.const]
        if not order or not like:
            return value
        new: dict[Node, Node] = {}
        for node in pending([value], new):
            args = tuple([new[arg] for arg in node.args])
            if node.op is array.scatter and args[0].op is scalar.const:
                args = (made(CAST, args[0], *like), *args[1:])
            new[node] = Node(node.id, node.op, args, node.attr, node.shape) if args else node
        return new[value]

    def _has_line(self, node: Node) -> bool:
        """Whether a derivative is more than a sign, a name or a number."""
        return node in self.stems and not (node.op is scalar.neg and not node.args[0].args) and bool(node.args)

    def returned(self, node: Node | None, like: Node, body: Sequence[Any], given: set[str]) -> Node:
        """A result as a function returns it: at every point of an elementwise program, in memory of its own."""
        value = self.notes.build.const(0.0) if node is None else self.notes.output(node)
        if not self.facts.arrays or not self.notes.elementwise:
            return value
        if node is None or not spans(self.notes, value, self.program.outputs, body):
            return made(NUMBER_OF, made(FULL_LIKE, self.notes.output(like), value))
        if value.op is NAME:
            if str(value.attr) in given or str(value.attr) in self.dag.inputs:
                return made(CLONE, value)
            given.add(str(value.attr))
        return value


def hessian_of(notes: Notes) -> Def:
    """hessian(x, y) -> (f, {"x": dx, …}, {("x", "y"): …})"""
    one_number(notes.dag, notes.program.outputs)
    if not of_numbers(notes.dag):
        return _hessian_of_arrays(notes) or _hessian_by_products(notes)
    notes = notes.fresh_again
    lines, dag = _Lines(notes), notes.dag
    leaves = leaves_of(dag, notes.wrt)
    found, slopes, curves = second(notes, leaves)
    for node, slope in found.items():
        lines.call(slope, "d" + _word(lines, leaves, node), node)
    for (slope, leaf), curve in curves.items():
        of = slopes.get(slope)
        if of is not None:
            lines.call(curve, f"d{_word(lines, leaves, of)}_{_word(lines, leaves, leaf)}", of)
        else:
            lines.call(curve, f"{_word(lines, leaves, slope)}_{_word(lines, leaves, leaf)}", slope)
    entries = _entries(leaves, found, curves)
    slopes_by = {leaf: found.get(leaf.node) for leaf in leaves}
    results = [node for node in (*slopes_by.values(), *entries.values()) if node is not None]
    body = lines.write(results)
    given: set[str] = set()
    f = notes.program.outputs[0]
    gradient = _packed(lines, body, slopes_by, f, given)
    blocks = _blocks(lines, body, entries, f, given)
    return _def(notes, "hessian", body, Return((notes.value, gradient, blocks)))


def pattern_of(notes: Notes) -> list[tuple[int, int]]:
    """Where a Hessian is not zero by structure: (row, column) among the flattened inputs, the upper triangle."""
    notes = notes.again
    leaves = leaves_of(notes.dag, notes.wrt)
    found, _, curves = second(notes, leaves)
    return sorted((x.at, y.at) for x, y in _entries(leaves, found, curves))


def second(notes: Notes, leaves: Sequence[Leaf]) -> tuple[dict[Node, Node], dict[Node, Node], dict[Any, Node]]:
    """The adjoints by value, the values by adjoint, and the tangents of the upper triangle's slopes."""
    build = Builder(notes.dag.dims, notes.program.literal, notes.dag.graph)
    found = adjoints(notes.dag, build, [leaf.node for leaf in leaves], again=True)
    slopes = {slope: node for node, slope in reversed(found.items()) if slope.args}
    mine = [leaf.node for leaf in leaves]
    spare = chosen(build, reachable(notes.dag.roots), notes.dag.roots)
    curves = sparse_tangents(
        build, triangle(mine, {node: found[node] for node in mine if node in found}), again=True, spare=spare
    )
    return found, slopes, curves


def _entries(
    leaves: Sequence[Leaf], found: Mapping[Node, Node], curves: Mapping[Any, Node]
) -> dict[tuple[Leaf, Leaf], Node]:
    out = {}
    for at, x in enumerate(leaves):
        for y in leaves[at:]:
            curve = curves.get((found[y.node], x.node)) if y.node in found else None
            if curve is not None:
                out[x, y] = curve
    return out


def _word(lines: _Lines, leaves: Sequence[Leaf], node: Node) -> str:
    return next((leaf.word for leaf in leaves if leaf.node is node), "") or lines.named(node)


def _packed(
    lines: _Lines, body: list[Any], slopes: Mapping[Leaf, Node | None], f: Node, given: set[str]
) -> dict[str, Node]:
    """The gradient by input; that of an array is put together in lines at the end of the body."""
    notes, out = lines.notes, {}
    for name in notes.program.gradients:
        node = notes.dag.inputs[name]
        mine = {leaf: slope for leaf, slope in slopes.items() if leaf.name == name}
        if not node.shape:
            ((_, slope),) = mine.items()
            out[name] = lines.returned(slope, f, body, given)
            continue
        whole = lines.namer.fresh("d" + name)
        body.append(Assign(whole, _zeros(notes, name, node.shape, "hvp")))
        body += [
            Update(whole, "", notes.output(slope), leaf.place) for leaf, slope in mine.items() if slope is not None
        ]
        out[name] = name_of(whole)
    return out


def _blocks(
    lines: _Lines, body: list[Any], entries: Mapping[tuple[Leaf, Leaf], Node], f: Node, given: set[str]
) -> dict[tuple[str, str], Node]:
    """The blocks by pairs of inputs; the elements of an array's are put in place, on both sides of the diagonal."""
    notes, out = lines.notes, dict[tuple[str, str], Node]()
    names = notes.wrt
    for at, x in enumerate(names):
        for y in names[at:]:
            mine = {pair: node for pair, node in entries.items() if (pair[0].name, pair[1].name) == (x, y)}
            if not mine:
                continue
            shape = tuple(dim for name in (x, y) for dim in notes.dag.dims.resolve(notes.dag.inputs[name].shape))
            if not shape:
                (node,) = mine.values()
                out[x, y] = lines.returned(node, f, body, given)
                continue
            whole = lines.namer.fresh(f"d{x}_{y}")
            like = next(name for name in (x, y) if notes.dag.inputs[name].shape)
            body.append(Assign(whole, _zeros(notes, like, shape, "hvp")))
            for (one, other), node in mine.items():
                value = notes.output(node)
                body.append(Update(whole, "", value, (*one.place, *other.place)))
                if x == y and one != other:
                    body.append(Update(whole, "", value, (*other.place, *one.place)))
            out[x, y] = name_of(whole)
    return out


def jacobian_of(notes: Notes) -> Def:
    """jacobian(x, y) -> (f, {"f": {"x": df_dx, …}, …})"""
    if not of_numbers(notes.dag):
        return _jacobian_of_arrays(notes) or _jacobian_by_products(notes)
    notes = notes.fresh
    lines, dag = _Lines(notes), notes.dag
    leaves = leaves_of(dag, notes.wrt)
    build = Builder(dag.dims, notes.program.literal, dag.graph)
    rows = _rows(dag, leaves)
    columns = [root for name, root in dag.outputs if name not in rows]
    spare = chosen(build, reachable(dag.roots), dag.roots)
    tangents = sparse_tangents(build, {leaf.node: columns for leaf in leaves}, spare=spare) if columns else {}
    for (node, leaf), tangent in tangents.items():
        lines.call(tangent, f"{_word(lines, leaves, node)}_{_word(lines, leaves, leaf)}", node)
    entries: dict[str, dict[Leaf, Node]] = {}
    for name, root in dag.outputs:
        if name in rows:
            found = adjoints(dag._replace(outputs=((name, root),)), build, [leaf.node for leaf in leaves])
            for node, slope in found.items():
                lines.call(slope, f"d{name}_d{_word(lines, leaves, node)}", node)
            entries[name] = {leaf: found[leaf.node] for leaf in leaves if leaf.node in found}
        else:
            entries[name] = {leaf: tangents[root, leaf.node] for leaf in leaves if (root, leaf.node) in tangents}
    body = lines.write([node for row in entries.values() for node in row.values()])
    given: set[str] = set()
    blocks: dict[str, dict[str, Node]] = {}
    for name, root in dag.outputs:
        blocks[name] = {}
        for x in notes.wrt:
            mine = {leaf: node for leaf, node in entries[name].items() if leaf.name == x}
            node = dag.inputs[x]
            if mine and not node.shape:
                blocks[name][x] = lines.returned(next(iter(mine.values())), root, body, given)
            elif mine:
                whole = lines.namer.fresh(f"d{name}_d{x}")
                body.append(Assign(whole, _zeros(notes, x, node.shape, "jvp")))
                body += [Update(whole, "", notes.output(each), leaf.place) for leaf, each in mine.items()]
                blocks[name][x] = name_of(whole)
    return _def(notes, "jacobian", body, Return((notes.value, blocks)))


def _rows(dag: Dag, leaves: Sequence[Leaf]) -> set[str]:
    """The outputs whose rows are backward passes: in parts of the program where these take fewer operations."""
    out: set[str] = set()
    mine = [leaf.node for leaf in leaves]
    for part in parts_of(dag, mine):
        roots = {name: root for name, root in dag.outputs if name in part}
        build = Builder(dag.dims)
        build.graph.nodes, build.graph.table = list(dag.graph.nodes), dict(dag.graph.table)  # type: ignore[union-attr]
        start = len(build.graph.nodes)
        tangents = sparse_tangents(build, {leaf: list(roots.values()) for leaf in mine})
        columns = [node for root in roots.values() for leaf in mine if (node := tangents.get((root, leaf))) is not None]
        backward: list[Node] = []
        for name, root in roots.items():
            found = adjoints(dag._replace(outputs=((name, root),)), build, mine)
            backward += [found[leaf] for leaf in mine if leaf in found]
        costs = [sum(1 for node in reachable(each) if node.id >= start and node.args) for each in (columns, backward)]
        if costs[1] < costs[0]:
            out |= set(part)
    return out


def _def(notes: Notes, mode: str, body: Sequence[Any], back: Return) -> Def:
    head = notes.prelude(notes.used(body, [back]))
    return Def(notes.function_name(mode), notes.program.params, (*head, *body, back), mode)


# ---- programs of arrays ------------------------------------------------------------------------


def one_number(dag: Dag, outputs: Sequence[Node]) -> None:
    """Raise GradcError where there is no Hessian to speak of."""
    if len(outputs) == 1 and not outputs[0].shape:
        return
    shapes = ", ".join(f"'{name}' of shape {show(dag.dims.resolve(node.shape))}" for name, node in dag.outputs)
    what = f"outputs are {shapes}" if len(outputs) > 1 else f"the output is {shapes}"
    raise GradcError(
        f"a Hessian is that of one number; {what}",
        hint="compile the output that you want, or its sum; hvp takes the outputs' weights as df",
    )


# Direct forms of more gates than these, and so many times those of the program, are longer than products.
LARGEST_DIRECT, TIMES = 40, 6


def _is_short(dag: Dag, blocks: Iterable[Node]) -> bool:
    """Whether blocks are written in a few lines."""
    own = set(reachable(dag.roots))
    new = [node for node in reachable(blocks) if node.args and node not in own]
    return len(new) <= LARGEST_DIRECT + TIMES * len(own)


def _along(build: Builder, name: str, node: Node) -> Node:
    """What stands for the tangent of an input."""
    return build.graph.node(scalar.adjoint, (), ("along", name), node.shape)


def curves_of_arrays(notes: Notes) -> tuple[dict[Node, Node], dict[tuple[str, str], Node]] | None:
    """The adjoints by value, and the blocks that are not zero by structure; None where some have no direct form."""
    dag, wrt = notes.dag, notes.wrt
    build = Builder(dag.dims, notes.program.literal, dag.graph)
    inputs = {name: dag.inputs[name] for name in wrt}
    found = adjoints(dag, build, list(inputs.values()), again=True)
    slopes = {}
    for name, node in inputs.items():
        slope = found.get(node)
        slopes[name] = None if slope is None else spread_to(build, slope, node.shape)
    nodes = reachable(slope for slope in slopes.values() if slope is not None)
    spare = chosen(build, reachable(dag.roots), dag.roots)
    out: dict[tuple[str, str], Node] = {}
    for at, y in enumerate(wrt):
        leaf = _along(build, y, inputs[y])
        moved = pushed(nodes, build, {inputs[y]: leaf}, again=True, spare=spare)
        for x in wrt[: at + 1]:
            slope = slopes[x]
            if slope is not None and slope in moved:
                block = block_of(build, moved[slope], leaf)
                if block is None:
                    return None
                out[x, y] = block
    for name, slope in slopes.items():
        if slope is not None:
            found[inputs[name]] = slope
    if not _is_short(dag, out.values()):
        return None
    order = {name: at for at, name in enumerate(wrt)}
    return found, {pair: out[pair] for pair in sorted(out, key=lambda pair: (order[pair[0]], order[pair[1]]))}


def _room(notes: Notes, shapes: Mapping[str, Shape], way_out: str) -> list[Do]:
    """Lines that refuse blocks whose sizes only a call knows, where they are too large for memory: by what they are of.

    One whose sizes are all among those of another is no larger.
    """
    known = {what: Counter(notes.dag.dims.resolve(shape)) for what, shape in shapes.items()}
    out, kept = [], list[Counter[Any]]()
    for what in sorted(known, key=lambda what: -known[what].total()):
        sizes = known[what]
        if sizes.total() > 1 and not all(isinstance(dim, int) for dim in sizes) and not any(map(sizes.__le__, kept)):
            kept.append(sizes)
            out.append(made(HAS_ROOM, *notes.like, attr=(what, notes.dag.dims.resolve(shapes[what]), way_out)))
    try:
        return [Do(value) for value in out if notes.facts.form(value)]
    except KeyError:
        return []


def _call_parts(lines: _Lines, block: Node, gate: Node) -> None:
    """Diagonals that are sums or products have lines of their own, and so have sums of products over named axes."""
    stack = [block]
    while stack:
        part = stack.pop()
        if part.op is scalar.add or part.op is scalar.sub:
            stack += part.args
        elif part.op is shaping.diag and part.args[0].args and not is_cheap(part.args[0]):
            shift = part.attr[0]  # type: ignore[index]  # (k,)
            lines.call(part.args[0], "above" if shift > 0 else "below" if shift < 0 else "diagonal", gate)
        elif part is not block and part.op in contractions.EINSUMS:
            lines.call(part, short_stem(part), gate)
        elif part.op is scalar.mul or part.op.view:
            stack += part.args


class _Owned:
    """What a function returns of arrays: each in memory of its own."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.given: set[Node] = set()

    def value(self, node: Node, like: Node) -> Node:
        """An array of a function's lines, copied where an input or another result looks into it."""
        value = self.notes.output(node)
        if not node.shape:
            return value
        base, once = node, True
        while base.op.view and base.args:
            once = once and base.op is not array.spread
            base = base.args[0]
        bound = base is not node and base in self.notes.names
        shared = base.op is scalar.input_ or base in self.given or bound or not once
        self.given.add(base)
        if not shared:
            return value
        return made(CLONE if value.op is NAME else COPY, value, shape=node.shape)


def _hessian_of_arrays(notes: Notes) -> Def | None:
    """The blocks as they are written by hand; None where some have no such form."""
    notes = notes.fresh_again
    made_of = curves_of_arrays(notes)
    if made_of is None:
        return None
    found, curves = made_of
    lines, dag = _Lines(notes), notes.dag
    own = {dag.inputs[name]: name for name in notes.wrt}
    for node, slope in found.items():
        lines.call(slope, "d" + (own.get(node) or lines.named(node)), node)
    for (x, y), curve in curves.items():
        lines.call(curve, f"d{x}_{y}", dag.inputs[x])
        _call_parts(lines, curve, dag.inputs[x])
    slopes = {name: found.get(dag.inputs[name]) for name in notes.program.gradients}
    body = lines.write([node for node in (*slopes.values(), *curves.values()) if node is not None])
    owned = _Owned(notes)
    gradient = {
        name: owned.value(slope, dag.inputs[name])
        if slope is not None
        else _zeros(notes, name, dag.inputs[name].shape, "hvp")
        for name, slope in slopes.items()
    }
    blocks = {pair: owned.value(curve, curve) for pair, curve in curves.items()}
    both = {f"{x} and {y}": curve for (x, y), curve in curves.items() if dag.inputs[x].shape and dag.inputs[y].shape}
    room = _room(notes, {what: curve.shape for what, curve in both.items()}, "hvp")
    return _def(notes, "hessian", [*room, *body], Return((notes.value, gradient, blocks)))


def _jacobian_of_arrays(notes: Notes) -> Def | None:
    """The blocks as they are written by hand; None where some have no such form."""
    notes = notes.fresh
    dag, wrt = notes.dag, notes.wrt
    lines = _Lines(notes)
    build = Builder(dag.dims, notes.program.literal, dag.graph)
    inputs = {name: dag.inputs[name] for name in wrt}
    entries: dict[tuple[str, str], Node] = {}
    spare = chosen(build, reachable(dag.roots), dag.roots)
    leaves = {x: _along(build, x, node) for x, node in inputs.items()}
    nodes = reachable(dag.roots)
    moved = {x: pushed(nodes, build, {inputs[x]: leaf}, spare=spare) for x, leaf in leaves.items()}
    for name, root in dag.outputs:
        if not root.shape:
            found = adjoints(dag._replace(outputs=((name, root),)), build, list(inputs.values()))
            for node, slope in found.items():
                lines.call(slope, f"d{name}_d{lines.named(node)}", node)
            entries |= {(name, x): found[node] for x, node in inputs.items() if node in found}
            continue
        for x, leaf in leaves.items():
            tangent = moved[x].get(root)
            block = None if tangent is None else block_of(build, tangent, leaf)
            if tangent is not None and block is None:
                return None
            if block is not None:
                lines.call(block, f"d{name}_d{x}", root)
                _call_parts(lines, block, root)
                entries[name, x] = block
    roots = dict(dag.outputs)
    entries = {
        (f, x): spread_to(build, block, (*roots[f].shape, *inputs[x].shape)) for (f, x), block in entries.items()
    }
    if not _is_short(dag, entries.values()):
        return None
    body = lines.write(list(entries.values()))
    owned = _Owned(notes)
    blocks = {
        name: {x: owned.value(block, block) for (f, x), block in entries.items() if f == name}
        for name, _ in dag.outputs
    }
    both = {f"{f} by {x}": block for (f, x), block in entries.items() if roots[f].shape and inputs[x].shape}
    room = _room(notes, {what: block.shape for what, block in both.items()}, "jvp")
    return _def(notes, "jacobian", [*room, *body], Return((notes.value, blocks)))


def _text(names: Iterable[str]) -> str:
    inner = ", ".join(f'"{name}"' for name in names)
    return f"({inner},)" if inner.count('"') == 2 else f"({inner})"


def _hessian_by_products(notes: Notes) -> Def:
    """A row of the blocks for each element of the inputs: the Hessian times a unit vector."""
    wrt = notes.wrt
    found = blocks_of_hessian(notes.dag, wrt, notes.program.literal)
    zero = [(x, y) for i, x in enumerate(wrt) for y in wrt[i:] if (x, y) not in found]
    pairs = ", ".join(map(_text, zero)) + "," * (len(zero) == 1)
    at = [list(notes.dag.inputs).index(name) for name in wrt]
    names = ", ".join(f'"{name}": {i}' for name, i in zip(wrt, at, strict=True))
    args = [name_of(name, node) for name, node in notes.dag.inputs.items()]
    value = made(HESSIAN_BY, *args, attr=(notes.callee("hvp"), "{" + names + "}", f"({pairs})"))
    _has_blocks(notes, value, "hvp")
    return Def(notes.function_name("hessian"), notes.program.params, (Return(value),), "hessian")


def _zeros(notes: Notes, like: str, shape: Shape, way_out: str) -> Node:
    """An array that is filled element by element, in the precision of an input."""
    value = made(ZEROS_OF, name_of(like, notes.dag.inputs[like]), attr=(notes.dag.dims.resolve(shape),))
    _has_blocks(notes, value, way_out)
    return value


def _has_blocks(notes: Notes, value: Node, way_out: str) -> None:
    """Raise GradcError for a target that puts no blocks together."""
    try:
        notes.facts.form(value)
    except KeyError:
        raise GradcError(
            f"the target '{notes.facts.name}' puts no blocks of arrays together",
            hint=f"take {way_out}, a product with one vector, or the target 'numpy'",
        ) from None


def blocks_of_hessian(dag: Dag, wrt: Sequence[str], literal: bool) -> list[tuple[str, str]]:
    """The pairs of inputs whose block is not zero by structure, in the order of the upper triangle."""
    build = Builder(dag.dims, literal, dag.graph)
    slopes = gradients(dag, build, wrt, again=True)
    nodes = reachable(slope for slope in slopes.values() if slope is not None)
    out = []
    for at, x in enumerate(wrt):
        node = dag.inputs[x]
        moved = pushed(nodes, build, {node: build.graph.node(scalar.adjoint, (), ("along", x), node.shape)})
        out += [(x, y) for y in wrt[at:] if (slope := slopes[y]) is not None and slope in moved]
    return out


def _jacobian_by_products(notes: Notes) -> Def:
    """A column of a block for each element of an input, or a row for each of an output, whichever are fewer."""
    wrt, dag = notes.wrt, notes.dag
    places_ = ", ".join(f'"{name}": {list(dag.inputs).index(name)}' for name in wrt)
    rows = []
    for name, root in dag.outputs:
        hangs = set(reachable([root]))
        rows.append(f'"{name}": {_text(x for x in wrt if dag.inputs[x] in hangs)}')
    args = [name_of(name, node) for name, node in dag.inputs.items()]
    functions = ", ".join(map(notes.callee, ("jvp", "forward", "backward")))
    value = made(JACOBIAN_BY, *args, attr=(functions, "{" + places_ + "}", "{" + ", ".join(rows) + "}"))
    _has_blocks(notes, value, "jvp")
    return Def(notes.function_name("jacobian"), notes.program.params, (Return(value),), "jacobian")


__all__ = ["blocks_of_hessian", "hessian_of", "jacobian_of", "one_number", "one_spelling", "pattern_of"]
