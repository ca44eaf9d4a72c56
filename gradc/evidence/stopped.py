"""A program in which gradients are stopped, as one with inputs there: what is taken as a constant stays where it is.

>>> from gradc.language import parse
>>> dag, (point,) = without_stops(parse("x*stop_gradient(x**2)"), [{"x": 3.0}])
>>> list(dag.inputs), point
(['x', 'held1'], {'x': 3.0, 'held1': 9.0})
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.emit import emit
from gradc.evidence.points import Point, as_arrays
from gradc.graph.dag import Dag, Node
from gradc.ops.scalar import stop_gradient
from gradc.plan.program import gates_of_the_notes, stage
from gradc.rewrite.simplify import Builder, rebuild
from gradc.run.functions import load


def is_stopped(dag: Dag) -> bool:
    """Whether a value is taken as a constant somewhere: differences of the program's values see it move."""
    return any(node.op is stop_gradient for node in dag.nodes)


def without_stops(dag: Dag, points: Sequence[Point]) -> tuple[Dag, list[Point]]:
    """The program with an input for each value that is taken as a constant, and the points with these values."""
    if not is_stopped(dag):
        return dag, list(points)
    held: dict[Node, str] = {}
    for node in dag.nodes:
        if node.op is not stop_gradient:
            continue
        name = f"held{len(held) + 1}"
        while name in dag.inputs or name in held.values():
            name += "_"
        held[node] = name
    build, new = Builder(dag.dims, literal=True), dict[Node, Node]()

    def gate(build: Builder, old: Node, args: tuple[Node, ...]) -> Node:
        return build.input(held[old], old.shape) if old in held else build.intern(old.op, args, old.attr)

    found = rebuild(dag, build, gate, new=new)
    inputs = {**found.inputs, **{name: new[node] for node, name in held.items()}}
    return found._replace(inputs=inputs), [{**point, **_values(dag, held, point)} for point in points]


def _values(dag: Dag, held: dict[Node, str], point: Point) -> dict[str, Any]:
    """What is taken as a constant at a point."""
    asked = dag._replace(outputs=tuple([(name, node) for node, name in held.items()]))
    module = load(emit(stage(*gates_of_the_notes(asked, literal=True), ())).text)
    found, _ = module.forward(**as_arrays(dag, point))
    return {name: each.tolist() for name, each in zip(held.values(), found if len(held) > 1 else (found,), strict=True)}
