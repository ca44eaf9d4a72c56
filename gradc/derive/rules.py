"""Which rule of a gate a derivative takes: its own, the textbook's, or that of a slope to be differentiated again.

>>> from gradc.ops import loss
>>> build = Builder()
>>> gate = build.make(loss.sigmoid, (build.input("x"),))
>>> partials(gate, False), partials(gate, False, again=True), partials(gate, True)
(('out*sigmoid(-x)',), ('sigmoid_slope(x)',), ('(1 - out)*out',))
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.dag import Node
from gradc.graph.shapes import Dims
from gradc.ops import array, scalar
from gradc.ops.again import AGAIN, Again
from gradc.ops.borders import PASSES_ON
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import Builder

# Gates that pass on no change of their argument: they look at its shape alone, or take it as a constant.
UNMOVED = (array.eye, array.count, scalar.stop_gradient)


def _again(gate: Node) -> Again:
    found = AGAIN.get(gate.op)
    return Again() if found is None or (found.plain is not None and found.plain(gate)) else found


def partials(gate: Node, literal: bool, again: bool = False) -> Sequence[str]:
    """The slopes of an elementwise gate, one for each argument; none where it has other rules."""
    op = gate.op
    return (literal and op.literal.slopes) or (again and _again(gate).slopes) or op.slopes or ()


def vjps(gate: Node, dims: Dims, again: bool = False) -> Sequence[str]:
    """What a gate of arrays sends back to each argument."""
    op = gate.op
    if op in PASSES_ON:
        return PASSES_ON[op]
    rules = _again(gate).vjps if again or not op.vjps else ()
    rules = rules or op.vjps
    if not callable(rules):
        return rules
    shapes = tuple(dims.resolve(arg.shape) for arg in gate.args)
    return rules(tuple(map(len, shapes)), shapes, **statics_of(op, gate.attr))


def jvp(gate: Node, again: bool = False) -> str:
    """The tangent of a gate of arrays."""
    return ((again or not gate.op.jvp) and _again(gate).jvp) or gate.op.jvp


__all__ = ["UNMOVED", "Builder", "jvp", "partials", "vjps"]
