"""What tangents are wanted for: forward mode has no adjoint that is 0 where a kink passes a gate by.

`max(sqrt(x), 1)` has no use for the tangent of the root where the other side is taken, and at x = 0 that would be
infinite; in `sqrt(max(0, x))` the tangent of the maximum is 0 where it takes 0, and times an infinite slope nan. The
gates that reverse mode spares (`gradc.rewrite.steep`) are spared here on a condition that the values decide.

>>> from gradc.language import parse
>>> dag = parse("max(sqrt(x), 1)")
>>> build = Builder(dag.dims, graph=dag.graph)
>>> [(gate.op.name, condition.op.name) for gate, condition in chosen(build, dag.nodes, dag.roots).items()]
[('sqrt', 'greater_equal')]
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.dag import Node
from gradc.graph.shapes import ShapeError
from gradc.ops import array, routing, scalar
from gradc.ops.table import Op, statics_of
from gradc.rewrite.rules import instantiate
from gradc.rewrite.simplify import Builder
from gradc.rewrite.steep import Sparing

# Gates whose slopes are functions of their values: of exp(log_softmax(v)) every element counts, whoever leaves it out.
_BY_THEIR_VALUE = (array.log_softmax, array.logsumexp)


def chosen(build: Builder, nodes: Sequence[Node], roots: Sequence[Node]) -> dict[Node, Node]:
    """For the gates that are to be spared the condition on which their tangents are wanted.

    What is wanted everywhere is left out, and so is what lies behind a gate that takes its elements together.
    """
    if not any(node.op.kink.selects for node in nodes):
        return {}
    sparing = Sparing(build.dims, nodes, roots, {node for node in nodes if node.op is not scalar.const})
    if not sparing.gates:
        return {}
    wanted = _wanted(build, nodes, roots)
    found = {}
    for gate in sparing.gates:
        if not gate.op.elementwise or any(arg.op in _BY_THEIR_VALUE for arg in gate.args):
            continue
        try:
            passed = sparing.passed(build, gate)
        except ShapeError:  # kinks below it that have other shapes
            continue
        here = wanted.get(gate) if gate in sparing.behind else None
        both = [each for each in (passed, here) if each is not None]
        if both and all(build.dims.resolve(each.shape) == build.dims.resolve(both[0].shape) for each in both):
            found[gate] = both[0] if len(both) == 1 else build.make(routing.all_of, (both[0], both[1]))
    return found


def _wanted(build: Builder, nodes: Sequence[Node], roots: Sequence[Node]) -> dict[Node, Node | None]:
    """Where kinks and branches pass each node on to the roots; None for everywhere."""
    wanted: dict[Node, Node | None] = dict.fromkeys(roots)
    for gate in reversed(nodes):
        if gate not in wanted or gate.op.boolean:
            continue
        here = wanted[gate]
        for arg, side in zip(gate.args, _sides(build, gate), strict=True):
            if arg.op.boolean:
                continue
            condition = None if not gate.op.elementwise else _both(build, routing.all_of, here, side)
            if condition is not None and build.dims.resolve(condition.shape) != build.dims.resolve(arg.shape):
                condition = None
            if arg in wanted:
                known = wanted[arg] is not None and condition is not None
                condition = _both(build, routing.any_of, wanted[arg], condition) if known else None
            wanted[arg] = condition
    return wanted


def _both(build: Builder, op: Op, x: Node | None, y: Node | None) -> Node | None:
    return x if y is None else y if x is None or x is y else build.make(op, (x, y))


def _sides(build: Builder, gate: Node) -> list[Node | None]:
    """For each argument the condition on which a gate passes it on; None for always."""
    if gate.op is routing.where:
        c = gate.args[0]
        return [None, c, build.make(routing.not_, (c,))]
    slopes = gate.op.partials()
    if not gate.op.kink.selects or not gate.op.elementwise or len(slopes) != len(gate.args):
        return [None] * len(gate.args)
    names = {**dict(zip(gate.op.params, gate.args, strict=True)), "out": gate}
    made = [instantiate(build, rule, names, statics_of(gate.op, gate.attr)) for rule in slopes]
    return [slope if slope.op.boolean else None for slope in made]


def spared_where(build: Builder, gate: Node, wanted: Node) -> tuple[tuple[Node, ...], Node]:
    """The gate's arguments and its value, for its slopes: safe numbers where a condition does not hold."""

    def safe(x: Node, at: float) -> Node:
        return x if x.op is scalar.const else build.make(routing.where, (wanted, x, build.const(float(at))))

    numbers = [at if isinstance(at, (int, float)) else 1.0 for at in gate.op.steep.safe] or [1.0] * len(gate.args)
    return tuple(safe(arg, at) for arg, at in zip(gate.args, numbers, strict=True)), safe(gate, 1.0)


__all__ = ["chosen", "spared_where"]
