"""Gates whose slope may be infinite where a kink sends nothing back: 0 times that would be nan.

`max(sqrt(x), 1)` needs sqrt(x) to compare it, so that no branch can leave it out; but at x = 0, where the other side is
taken, what comes back is 0, and the slope of sqrt is infinite. Such gates are found here, by bounds of their arguments:
the square root of `v**2 + 1` is none of them.

>>> from gradc.language import parse
>>> dag = parse("max(sqrt(x), sqrt(x**2 + 1)) + log(x)")
>>> [gate.op.name for gate in exposed(dag.nodes, dag.roots)]
['sqrt']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from gradc.graph.dag import Node
from gradc.ops import bounds, routing, scalar
from gradc.ops.bounds import ANY, Bounds
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import Builder, number


def exposed(nodes: Sequence[Node], roots: Sequence[Node]) -> set[Node]:
    """The steep gates all of whose ways to the outputs lead over gates that select, some over others than branches.

    What lies behind branches alone has safe arguments already, or is not computed at all.
    """
    if not any(_is_kink(node) for node in nodes):
        return set()
    free, kinked = set(roots), set[Node]()
    for gate in reversed(nodes):
        if gate.op.boolean:
            continue  # nothing goes back over a condition
        if gate in free and not gate.op.kink.selects:
            free.update(gate.args)
        if gate in kinked or _is_kink(gate):
            kinked.update(gate.args)
    behind = [
        gate for gate in nodes if gate in kinked and gate not in free and gate.op.steep.safe and gate.op.elementwise
    ]
    if not behind:
        return set()
    known = bounds_of(nodes)
    return {gate for gate in behind if _is_steep(gate, known)}


def _is_kink(gate: Node) -> bool:
    return gate.op.kink.selects and gate.op is not routing.where


def bounds_of(nodes: Sequence[Node]) -> dict[Node, Bounds]:
    """From where to where each value lies, as far as its gates say."""
    known: dict[Node, Bounds] = {}
    for node in nodes:
        if node.op is scalar.const:
            known[node] = (float(number(node)), float(number(node)))
        elif node.op.bounds is None:
            known[node] = bounds.FROM_0 if node.op is scalar.size else ANY
        else:
            known[node] = node.op.bounds(*(known[arg] for arg in node.args), **statics_of(node.op, node.attr))
    return known


def _is_steep(gate: Node, known: Mapping[Node, Bounds]) -> bool:
    """Whether a slope of the gate may be infinite: the gate's own, or that of a product with something infinite."""
    if gate.op.steep.tame:
        return any(leaves_smooth(arg, known) for arg in gate.args if arg.op.steep.pole)
    return leaves_smooth(gate, known) or any(leaves_smooth(arg, known) for arg in gate.args if arg.op.steep.pole)


def leaves_smooth(gate: Node, known: Mapping[Node, Bounds]) -> bool:
    """Whether an argument may leave the open interval on which the gate's slopes are finite."""
    if gate.op in (scalar.ipow, scalar.pow_) and _exponent(gate) >= 1.0:
        return False
    for arg, smooth in zip(gate.args, gate.op.steep.outside, strict=False):
        low, high = known[arg]
        if smooth and not ((low > smooth[0] or smooth[0] == -inf) and (high < smooth[1] or smooth[1] == inf)):
            return True
    return False


def _exponent(gate: Node) -> float:
    if gate.op is scalar.ipow:
        return float(statics_of(gate.op, gate.attr)["n"])
    return float(number(gate.args[1])) if gate.args[1].op is scalar.const else -inf


def spared(build: Builder, gate: Node, dout: Node) -> tuple[tuple[Node, ...], Node]:
    """The gate's arguments and its value, for its slopes: safe numbers in place of them where nothing comes back."""
    comes = build.make(routing.ne, (dout, build.const(0)))

    def safe(x: Node, number: float) -> Node:
        return x if x.op is scalar.const else build.make(routing.where, (comes, x, build.const(int(number))))

    steep = [arg.op.steep.pole or not gate.op.steep.tame for arg in gate.args]
    args = tuple(
        safe(arg, float(at)) if is_steep and not isinstance(at, str) and at is not None else arg
        for arg, at, is_steep in zip(gate.args, gate.op.steep.safe, steep, strict=True)
    )
    return args, safe(gate, 1.0)


def is_spared(node: Node) -> bool:
    """Whether a node is one of the safe numbers that `spared` makes."""
    return node.op is routing.where and node.args[0].op is routing.ne and node.args[0].args[0].op is scalar.adjoint


__all__ = ["bounds_of", "exposed", "is_spared", "leaves_smooth", "spared"]
