"""Jacobians and Hessians of numbers as graphs of their non-zeros, in as few operations as can be.

What is zero by structure is neither computed nor stored. A Jacobian is derived by rows (a backward pass for each
output) or by columns (a tangent of each input, of the gates that it moves and no others), whichever costs less for each
part of the program that hangs together; a Hessian by the tangents of the gradient, the upper triangle alone. All is one
graph with the value, so that nothing is computed twice.

>>> from gradc.language import parse
>>> both = hessian(parse("x*y + z**2"), ["x", "y", "z"])
>>> [pair for pair in both.blocks], both.joint.cost
([('x', 'y'), ('z', 'z')], 4)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gradc.derive.blocks import parts_of, sparse_tangents, triangle
from gradc.graph.dag import Dag, Node
from gradc.optimize import Joint, _as_written, _copied, _escapes, _factored, _stems
from gradc.optimize.backward import gradients
from gradc.optimize.constructors import Frugal
from gradc.rewrite.safe_arguments import guard_branches
from gradc.rewrite.sides import is_deep, is_shared

Pair = tuple[str, str]


class Blocks(NamedTuple):
    """A graph of value, gradient and the derivatives by pairs of names: (output, input), or (input, input)."""

    joint: Joint
    grads: tuple[str, ...]
    blocks: dict[Pair, Node]


def _keyed(first: str, second: str) -> str:
    return f"{first} {second}"  # no name has a space


def hessian(dag: Dag, wrt: Sequence[str], *, literal: bool = False) -> Blocks:
    """The Hessian of a program of numbers: in input order, the upper triangle, what is not zero by structure."""
    found = [_guarded(dag, wrt, literal, _hessian_joint, order) for order in ("rows", "columns")]
    joint = min(found, key=lambda joint: joint.cost)
    return _blocks(joint, wrt, [(x, y) for i, x in enumerate(wrt) for y in wrt[i:]])


def jacobian(dag: Dag, wrt: Sequence[str], *, literal: bool = False) -> Blocks:
    """The Jacobian of a program of numbers: for each output and input what is not zero by structure."""
    ways = _ways(dag, wrt, literal)
    joint = _guarded(dag, wrt, literal, _jacobian_joint, ways)
    return _blocks(joint, (), [(f, x) for f, _ in dag.outputs for x in wrt])


def _blocks(joint: Joint, grads: Sequence[str], pairs: Iterable[Pair]) -> Blocks:
    found = ((pair, joint.gradients.get(_keyed(*pair))) for pair in pairs)
    return Blocks(joint, tuple(grads), {pair: node for pair, node in found if node is not None})


def _guarded(dag: Dag, wrt: Sequence[str], literal: bool, derive: object, way: object) -> Joint:
    """A joint graph whose branches are safe, as those of a gradient are."""
    branches = any(node.op.name == "where" for node in dag.nodes)
    flat = branches and (is_deep(dag.nodes, dag.roots) or is_shared(dag.nodes, dag.roots))
    joint = _factored(derive(guard_branches(dag, literal) if flat else dag, wrt, literal, flat, way), True)  # type: ignore[operator]
    if not flat and _escapes(joint):
        joint = _factored(derive(guard_branches(dag, literal), wrt, literal, True, way), True)  # type: ignore[operator]
    return joint


def _start(dag: Dag, literal: bool, flat: bool) -> tuple[Frugal, Dag]:
    build = Frugal(dag.dims, literal)
    build.flat = flat
    return build, _copied(dag, build, _as_written, {})


def _hessian_joint(dag: Dag, wrt: Sequence[str], literal: bool, flat: bool, order: str) -> Joint:
    build, program = _start(dag, literal, flat)
    slopes, _ = gradients(program, build, wrt, (), False, again=True)
    leaves = {name: program.inputs[name] for name in wrt}
    mine = {leaves[name]: slope for name, slope in slopes.items() if slope is not None}
    curves = sparse_tangents(build, triangle(list(leaves.values()), mine, lower=order == "columns"))
    found = dict(slopes)
    for x, leaf in leaves.items():
        for y, other in leaves.items():
            curve = curves.get((mine[other], leaf)) if other in mine else None
            if curve is not None:
                found[_keyed(x, y) if order == "rows" else _keyed(y, x)] = curve
    return Joint(program, build, tuple(program.roots), found, (), _stems(program, build), {}, {})


# ---- Jacobians ---------------------------------------------------------------------------------


def _jacobian_joint(dag: Dag, wrt: Sequence[str], literal: bool, flat: bool, ways: Mapping[str, str]) -> Joint:
    """`ways` says of each output whether its row is a backward pass, or stands in columns."""
    build, program = _start(dag, literal, flat)
    build.boundary = len(build.graph.nodes)
    found: dict[str, Node | None] = {}
    columns = [(name, root) for name, root in program.outputs if ways[name] == "columns"]
    if columns:
        roots = [root for _, root in columns]
        tangents = sparse_tangents(build, {program.inputs[x]: roots for x in wrt})
        for name, root in columns:
            found |= {_keyed(name, x): tangents.get((root, program.inputs[x])) for x in wrt}
    for name, root in program.outputs:
        if ways[name] == "rows":
            alone = program._replace(outputs=((name, root),))
            slopes, _ = gradients(alone, build, wrt, (), True)
            build.boundary = len(program.nodes)
            found |= {_keyed(name, x): slope for x, slope in slopes.items()}
    return Joint(program, build, tuple(program.roots), found, (), _stems(program, build), {}, {})


def _ways(dag: Dag, wrt: Sequence[str], literal: bool) -> dict[str, str]:
    """For each output the cheaper way to its row, found for each part of the program that hangs together."""
    ways: dict[str, str] = {}
    for part in parts_of(dag, [dag.inputs[name] for name in wrt]):
        alone = dag._replace(outputs=tuple(each for each in dag.outputs if each[0] in part))
        costs = {}
        for way in ("columns", "rows"):
            build_ways = dict.fromkeys(part, way)
            costs[way] = _guarded(alone, wrt, literal, _jacobian_joint, build_ways).cost
        ways |= dict.fromkeys(part, min(costs, key=lambda way: costs[way]))
    return ways


__all__ = ["Blocks", "hessian", "jacobian"]
