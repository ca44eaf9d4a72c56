"""Reverse mode: a program into the adjoint contributions of its gates, last gate first.

A `Step` is one gate with what it sends back to each of its arguments. A gate that gets a name of its
own in the emitted code refers to its adjoint by that name (an `adjoint` node); the adjoint of any other
is written out where it is used. Broadcasting is undone here, once, and in no rule: a contribution may
stay *smaller* than its target where it only has to be broadcast, and is summed where it is larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gradc.base.records import NamedTuple
from gradc.derive import rules
from gradc.graph import shapes as sizes
from gradc.graph.dag import Dag, Node, Shape, reachable
from gradc.ops import array, constant_arrays, routing, scalar
from gradc.ops.table import statics_of
from gradc.rewrite.rules import instantiate
from gradc.rewrite.simplify import Builder, is_const

if TYPE_CHECKING:
    from gradc.rewrite.steep import Sparing


class Step(NamedTuple):
    """A gate (None for the outputs themselves) and its contributions: (target, contribution), in argument order."""

    gate: Node | None
    contributions: tuple[tuple[Node, Node], ...]


def active_nodes(nodes: Iterable[Node], wrt: Iterable[Node]) -> set[Node]:
    """The nodes whose value hangs on an input of `wrt`. A condition carries no gradient, nor a shape, nor a step."""
    active = set(wrt)
    for node in nodes:
        if not node.op.boolean and not node.op.integer and node.op not in rules.UNMOVED:
            flat = node.op.slopes if node.op.slopes and "0" in node.op.slopes else ()
            for i, arg in enumerate(node.args):
                if arg in active and not (flat and flat[i] == "0") and i not in node.op.whole:
                    active.add(node)
                    break
    return active


def seeds(build: Builder, dag: Dag, level: int = 0) -> list[Node]:
    """The upstream adjoint of each output, by its position; those of a gradient's gradient are of the next level."""
    of = ("seed",) if level == 0 else ("seed", level)
    return [build.graph.node(scalar.adjoint, (), (*of, i), node.shape) for i, node in enumerate(dag.roots)]


def adjoint_of(build: Builder, node: Node, shape: Shape) -> Node:
    """The adjoint of a named gate, as a name."""
    return build.graph.node(scalar.adjoint, (), node.id, shape)


def reverse(
    dag: Dag,
    build: Builder,
    wrt: Iterable[Node],
    named: Callable[[Node], bool],
    arrays: bool = True,
    level: int = 0,
    again: bool = False,
    ones: bool = False,
) -> list[Step]:
    """The steps of the backward pass, outputs first. `build` must hold the program's graph.

    `level` tells the adjoints of a gradient's gradient from those of the gradient; `again` says that the
    contributions are to be differentiated, too; with `ones` the adjoints of the outputs are 1.

    Gates whose slopes may be infinite or nan where nothing comes back, or a kink drops it, are spared there: by safe
    arguments where values may be `arrays`, else by a real conditional.
    """
    nodes = reachable(dag.roots)
    wrt = list(wrt)
    active = active_nodes(nodes, wrt)
    sparing = _sparing(dag, nodes, active)
    if again and sparing is not None:
        from gradc.rewrite.wanted import chosen

        sparing.wanted = chosen(build, nodes, dag.roots)
    boundary = len(build.graph.nodes)
    build.annihilate = True
    incoming: dict[Node, list[Node]] = {}
    first = []
    given = [build.const(1.0)] * len(dag.roots) if ones else seeds(build, dag, level)
    for node, seed in zip(dag.roots, given, strict=True):
        if node in active:
            incoming.setdefault(node, []).append(seed)
            first.append((node, seed))
    steps = [Step(None, tuple(first))]
    pieces = pieces_of(nodes, build.dims)
    held: dict[Node, Node] = {}  # what came back to the pieces of an array that is cut into these and no others
    for gate in reversed(nodes):
        arrived = incoming.get(gate)
        if gate in pieces:
            if arrived is not None:
                dout = total(build, arrived)
                held[gate] = _ready(build, gate, adjoint_of(build, gate, dout.shape) if named(gate) else dout)
            family, target = pieces[gate], gate.args[0]
            if gate is family.first and target in active and any(piece in held for piece in family.pieces):
                joined = _rejoined(build, family, held)
                incoming.setdefault(target, []).append(joined)
                steps.append(Step(gate, ((target, joined),)))
            continue
        if arrived is None or not gate.args:
            continue
        dout = total(build, arrived)
        if named(gate):
            dout = adjoint_of(build, gate, dout.shape)
        spare = sparing if sparing is not None and gate in sparing.gates else None
        sent = list(_send_back(build, gate, dout, active, boundary, spare, arrays, again))
        for target, contribution in sent:
            incoming.setdefault(target, []).append(contribution)
        steps.append(Step(gate, tuple(sent)))
    build.annihilate = False
    return steps


class _Family(NamedTuple):
    """The pieces that an axis of an array is cut into, in order; `first` is the one that is made first."""

    first: Node
    pieces: tuple[Node, ...]
    axis: int


def pieces_of(nodes: Sequence[Node], dims: sizes.Dims) -> dict[Node, _Family]:
    """For each piece of an array that is cut up altogether, the family of its pieces."""
    families: dict[tuple[Node, int], list[Node]] = {}
    for node in nodes:
        if node.op is array.segment:
            families.setdefault((node.args[0], statics_of(node.op, node.attr)["axis"]), []).append(node)
    found: dict[Node, _Family] = {}
    for (whole, axis), family in families.items():
        left = {statics_of(node.op, node.attr)["start"]: node for node in family}
        ordered: list[Node] = []
        end: int | str = 0
        while end in left:
            ordered.append(left.pop(end))
            end = dims.find(sizes.total([end, statics_of(ordered[-1].op, ordered[-1].attr)["size"]]))
        if len(ordered) == len(family) > 1 and end == dims.find(whole.shape[axis]):
            first = min(family, key=lambda node: node.id)
            found.update((node, _Family(first, tuple(ordered), axis)) for node in family)
    return found


def _rejoined(build: Builder, family: _Family, held: Mapping[Node, Node]) -> Node:
    """What came back to the pieces, joined as they were cut; zeros where nothing did."""
    parts = [
        held[piece] if piece in held else build.make(constant_arrays.zeros, (), (build.dims.resolve(piece.shape),))
        for piece in family.pieces
    ]
    return build.make(array.concatenate, tuple(parts), (family.axis,))


def _sparing(dag: Dag, nodes: Sequence[Node], active: set[Node]) -> Sparing | None:
    """Which slopes are taken at safe numbers, if the program has branches or kinks at all."""
    if not any(node.op.kink.selects for node in nodes):
        return None
    from gradc.rewrite.steep import Sparing

    return Sparing(dag.dims, nodes, dag.roots, active)


def total(build: Builder, parts: list[Node]) -> Node:
    """The sum of what came back along each path."""
    out = parts[0]
    for part in parts[1:]:
        out = build.make(scalar.add, (out, part))
    return out


def _send_back(
    build: Builder,
    gate: Node,
    dout: Node,
    active: set[Node],
    boundary: int,
    spare: Sparing | None = None,
    arrays: bool = True,
    again: bool = False,
) -> Iterable[tuple[Node, Node]]:
    """What one gate sends to each active argument."""
    op = gate.op
    if op in rules.UNMOVED:
        return
    if op.elementwise and op.slopes:
        texts = rules.partials(gate, build.literal, again)
    else:
        dout = _ready(build, gate, dout)
        texts = rules.vjps(gate, build.dims, again)
    args, out = gate.args, gate
    counts: Node | None = None
    if spare is not None and arrays:
        args, out = spare.spared(build, gate, dout)
    elif spare is not None:
        counts, _ = spare.masks(build, gate, dout)
    names = dict(zip(op.params, args, strict=False))
    names["out"], names["dout"] = out, dout
    statics = statics_of(op, gate.attr)
    for arg, rule in zip(gate.args, texts, strict=True):
        if arg not in active or not rule:
            continue
        if op.slopes:
            if rule == "1":
                sent = dout
            else:
                sent = times(build, instantiate(build, rule, names, statics), dout, boundary)
                if counts is not None:
                    sent = build.make(routing.where, (counts, sent, build.const(0.0)))
        else:
            sent = _turned(build, instantiate(build, rule, names, statics), boundary)
        if is_const(sent, 0):
            continue
        if sent.op is array.spread and not sent.args[0].shape:
            sent = sent.args[0]  # a number stands for all elements
        elif sent.shape != arg.shape or (op.elementwise and gate.shape != arg.shape):
            sent = unbroadcast(
                build, sent, arg.shape, gate.shape if op.elementwise else build.dims.broadcast(sent.shape, arg.shape)
            )
            if is_const(sent, 0):  # over an empty axis
                continue
        yield arg, sent


def _turned(build: Builder, sent: Node, boundary: int) -> Node:
    """(A.T @ dD).T as dD.T @ A: what X @ W.T sends back to W."""
    if sent.op is not array.transpose:
        return sent
    parts, todo = [], list(sent.args)
    while todo:
        part = todo.pop()
        if part.op is scalar.add and part.id >= boundary:
            todo += reversed(part.args)
            continue
        parts.append(part)
        if part.op is not array.matmul or part.id < boundary or any(len(arg.shape) < 2 for arg in part.args):
            return sent
    if not array.swaps(len(sent.shape), sent.attr):
        return sent
    turned = [[build.make(array.swap, (arg,)) for arg in reversed(part.args)] for part in parts]
    return total(build, [build.make(array.matmul, (y, x)) for y, x in turned])


def times(build: Builder, partial: Node, by: Node, boundary: int, zero: float = 0.0) -> Node:
    """partial*by, in the way one writes it: a condition masks, a reciprocal divides that is new behind a boundary."""
    if partial.op.boolean:
        return build.make(routing.where, (partial, by, build.const(zero)))
    if partial.op is scalar.inv and partial.id >= boundary:
        return build.make(scalar.div, (by, partial.args[0]))
    return build.make(scalar.mul, (partial, by))


def _ready(build: Builder, gate: Node, dout: Node) -> Node:
    """dout in the full shape of the gate, unless the rule (or broadcasting) takes it as it is."""
    if dout.shape == gate.shape or gate.op.elementwise:
        return dout
    if gate.op.lazy and (not dout.shape or len(dout.shape) == len(gate.shape)):
        return dout
    if build.dims.resolve(dout.shape) == build.dims.resolve(gate.shape):
        return dout
    return build.make(array.spread, (dout,), (gate.shape,))


def unbroadcast(build: Builder, sent: Node, shape: Shape, full: Shape) -> Node:
    """Sum a contribution over the axes along which its target was broadcast to `full`.

    Along an axis on which the contribution is itself still to be broadcast, the sum is a multiple.
    """
    shape, have, full = (build.dims.resolve(each) for each in (shape, sent.shape, full))
    lead, missing = len(full) - len(shape), len(full) - len(have)
    summed = [i for i in range(len(full)) if _was_broadcast(full, shape, i)]
    lazy = [i for i in summed if i < missing or (have[i - missing] == 1 and full[i] != 1)]
    if lazy:
        sent = build.make(scalar.mul, (_count(build, [full[i] for i in lazy]), sent))
    inner = tuple(i - missing for i in summed if i >= lead and i not in lazy)
    leading = tuple(i - missing for i in range(missing, lead))
    if not shape and leading:
        return build.make(array.sum_, (sent,), (None, False))
    if inner:
        sent = build.make(array.sum_, (sent,), (_axis(inner), True))
    if leading:
        sent = build.make(array.sum_, (sent,), (_axis(leading), False))
    return sent


def _count(build: Builder, sizes: list[int | str]) -> Node:
    """A product of sizes as a number, or as a value that the call decides."""
    count = array.product(tuple(sizes))
    return build.const(count) if isinstance(count, int) else build.graph.node(scalar.size, (), count)


def _axis(axes: tuple[int, ...]) -> int | tuple[int, ...]:
    return axes[0] if len(axes) == 1 else axes


def _was_broadcast(full: Shape, shape: Shape, axis: int) -> bool:
    at = axis - (len(full) - len(shape))
    return at < 0 or (shape[at] == 1 and full[axis] != 1)


def gradients(
    dag: Dag, build: Builder, wrt: Iterable[str], level: int = 0, again: bool = False
) -> dict[str, Node | None]:
    """Each input's gradient as one expression over the program's graph; None where it is zero everywhere.

    A gradient may be smaller than its input where it only has to be broadcast. `level` and `again` as in `reverse`.
    """
    targets = {name: dag.inputs[name] for name in wrt}
    arrived: dict[Node, list[Node]] = {}
    for step in reverse(dag, build, targets.values(), lambda node: False, level=level, again=again):
        for target, sent in step.contributions:
            if not target.args:
                arrived.setdefault(target, []).append(sent)
    build.annihilate = True
    sums = {name: total(build, arrived[node]) if node in arrived else None for name, node in targets.items()}
    build.annihilate = False
    return sums
