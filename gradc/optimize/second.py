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

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gradc.base.records import NamedTuple
from gradc.derive.blocks import parts_of, sparse_tangents, triangle
from gradc.derive.forward import NOTHING, pushed
from gradc.graph.dag import Dag, Node, reachable
from gradc.ops.routing import where
from gradc.ops.scalar import adjoint, input_
from gradc.optimize import Joint, _as_written, _bare, _copied, _escapes, _factored, _stems
from gradc.optimize.backward import gradients
from gradc.optimize.constructors import Frugal
from gradc.rewrite.safe_arguments import guard_branches
from gradc.rewrite.sides import is_beyond, is_shared
from gradc.rewrite.squares import smooth_squares
from gradc.rewrite.wanted import chosen

Pair = tuple[str, str]

# Of programs up to this many gates both triangles of a Hessian are derived, and the cheaper one is taken.
LARGEST_TRIED = 2_000


class Blocks(NamedTuple):
    """A graph of value, gradient and the derivatives by pairs of names: (output, input), or (input, input)."""

    joint: Joint
    grads: tuple[str, ...]
    blocks: dict[Pair, Node]


def _keyed(first: str, second: str) -> str:
    return f"{first} {second}"  # no name has a space


def hessian(dag: Dag, wrt: Sequence[str], *, literal: bool = False, arrays: bool = False) -> Blocks:
    """The Hessian of a program of numbers: in input order, the upper triangle, what is not zero by structure.

    With `arrays` a number may be an array of points, as `optimize` has it.
    """
    dag = smooth_squares(dag, literal)
    orders = ("rows", "columns") if len(dag.nodes) <= LARGEST_TRIED else ("rows",)
    ways = [_guarded(dag, wrt, literal, _hessian_joint, order, arrays) for order in orders]
    return _blocks(min(ways, key=lambda joint: joint.cost), wrt, wrt, wrt)


def jacobian(dag: Dag, wrt: Sequence[str], *, literal: bool = False, way: str = "", arrays: bool = False) -> Blocks:
    """The Jacobian of a program of numbers: for each output and input what is not zero by structure.

    `way` asks for "rows" or for "columns" of all outputs, instead of what is cheaper; `arrays` as `optimize` has it.
    """
    ways = dict.fromkeys((name for name, _ in dag.outputs), way) if way else _ways(dag, wrt, literal)
    joint = _guarded(dag, wrt, literal, _jacobian_joint, ways, arrays)
    return _blocks(joint, (), [name for name, _ in dag.outputs], wrt)


def _blocks(joint: Joint, grads: Sequence[str], first: Sequence[str], second: Sequence[str]) -> Blocks:
    """What a joint graph has by pairs, in the order of the names."""
    rows, columns = ({name: at for at, name in enumerate(names)} for names in (first, second))
    found = {
        (one, other): node
        for key, node in joint.gradients.items()
        for one, space, other in [key.partition(" ")]
        if space and node is not None
    }
    order = sorted(found, key=lambda pair: (rows[pair[0]], columns[pair[1]]))
    return Blocks(joint, tuple(grads), {pair: found[pair] for pair in order})


def _guarded(dag: Dag, wrt: Sequence[str], literal: bool, derive: Derive, way: Any, arrays: bool = False) -> Joint:
    """A joint graph whose branches are safe, as those of a gradient are."""
    branches = any(node.op is where for node in dag.nodes)
    flat = branches and (arrays or is_beyond(dag.nodes, dag.roots) or is_shared(dag.nodes, dag.roots))
    build_flat = flat or arrays
    program = guard_branches(dag, literal) if flat else dag
    joint = _factored(derive(program, wrt, Manner(literal, build_flat, arrays), way), not arrays)
    if not build_flat and _escapes(joint):
        joint = _factored(derive(guard_branches(dag, literal), wrt, Manner(literal, True, False), way), True)
    return joint


class Manner(NamedTuple):
    """How a joint graph is derived: in the textbook's forms, with both sides of branches, of arrays."""

    literal: bool
    flat: bool
    arrays: bool


Derive = Callable[[Dag, Sequence[str], Manner, Any], Joint]


def _start(dag: Dag, manner: Manner) -> tuple[Frugal, Dag]:
    build = Frugal(dag.dims, manner.literal)
    build.flat = manner.flat
    return build, _copied(dag, build, _as_written, {})


def _spare(build: Frugal, program: Dag, manner: Manner) -> Mapping[Node, Node]:
    """The gates of arrays whose slope may be infinite where it is not wanted."""
    return chosen(build, reachable(program.roots), program.roots) if manner.arrays else NOTHING


def _owners(found: Mapping[Node, Node], build: Frugal) -> dict[Node, tuple[Node, bool]]:
    """Of which value of the program each new node is the adjoint or the tangent, or minus that."""
    owners: dict[Node, tuple[Node, bool]] = {}
    for node, moved in found.items():
        bare, minus = _bare(moved, False)
        if node.args and bare.args and bare.id >= build.boundary:
            owners.setdefault(bare, (node, minus))
    return owners


def _hessian_joint(dag: Dag, wrt: Sequence[str], manner: Manner, order: str) -> Joint:
    build, program = _start(dag, manner)
    slopes, adjoints = gradients(program, build, wrt, (), False, arrays=manner.arrays, again=True)
    leaves = {name: program.inputs[name] for name in wrt}
    mine = {leaves[name]: slope for name, slope in slopes.items() if slope is not None}
    wanted = triangle(list(leaves.values()), mine, lower=order == "columns")
    curves = sparse_tangents(build, wanted, again=True, spare=_spare(build, program, manner))
    found = dict(slopes)
    places = {name: at for at, name in enumerate(wrt)}
    by_leaf = {leaf: name for name, leaf in leaves.items()}
    owners: dict[Node, list[str]] = {}
    for leaf, slope in mine.items():
        owners.setdefault(slope, []).append(by_leaf[leaf])
    for (slope, leaf), curve in curves.items():
        for y in owners.get(slope, ()):
            x = by_leaf[leaf]
            if (places[x] <= places[y]) == (order == "rows") or x == y:  # others are parts of what is wanted
                found[_keyed(x, y) if order == "rows" else _keyed(y, x)] = curve
    named = _owners(adjoints, build)
    return Joint(program, build, tuple(program.roots), found, (), _stems(program, build), named, {})


# ---- Jacobians ---------------------------------------------------------------------------------


def _jacobian_joint(dag: Dag, wrt: Sequence[str], manner: Manner, ways: Mapping[str, str]) -> Joint:
    """`ways` says of each output whether its row is a backward pass, or stands in columns."""
    build, program = _start(dag, manner)
    build.boundary = len(build.graph.nodes)
    found: dict[str, Node | None] = {}
    columns = [(name, root) for name, root in program.outputs if ways[name] == "columns"]
    if columns:
        roots = [root for _, root in columns]
        spare = _spare(build, program, manner)
        tangents = sparse_tangents(build, {program.inputs[x]: roots for x in wrt}, spare=spare)
        for name, root in columns:
            found |= {_keyed(name, x): tangents.get((root, program.inputs[x])) for x in wrt}
    for name, root in program.outputs:
        if ways[name] == "rows":
            alone = program._replace(outputs=((name, root),))
            slopes, _ = gradients(alone, build, wrt, (), not manner.arrays, arrays=manner.arrays)
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


# ---- products ----------------------------------------------------------------------------------

# What stands for the tangent of an input, and of an output or a slope, beside its name: no name has a space.
DOT = "dot"


def product(
    dag: Dag,
    wrt: Sequence[str],
    *,
    literal: bool = False,
    second: bool = False,
    arrays: bool = False,
    seeded: bool = False,
    dots: Mapping[str, str] = MappingProxyType({}),
) -> Blocks:
    """The Jacobian of a program times a vector, or with `second` its Hessian, the gradient beside it.

    The tangent of an input is an input, too, called as `dots` says, or else `x dot`; the blocks are by (output or
    input, "dot"). `arrays` and `seeded` as `optimize` has them.
    """
    named = {name: dots.get(name) or _keyed(name, DOT) for name in wrt}
    program = smooth_squares(dag, literal) if second else dag
    joint = _guarded(program, wrt, literal, _product_joint, (second, seeded, named), arrays)
    names = wrt if second else [name for name, _ in dag.outputs]
    return _blocks(joint, wrt if second else (), names, [DOT])


def _product_joint(dag: Dag, wrt: Sequence[str], manner: Manner, way: tuple[bool, bool, Mapping[str, str]]) -> Joint:
    second, seeded, named = way
    build, program = _start(dag, manner)
    dots = {named[name]: build.graph.node(input_, (), named[name], program.inputs[name].shape) for name in wrt}
    seeds = tuple([build.graph.node(adjoint, (), ("seed", i), root.shape) for i, root in enumerate(program.roots)])
    seeds = seeds if seeded else ()
    spare = _spare(build, program, manner)
    build.boundary = len(build.graph.nodes)
    found: dict[str, Node | None] = {}
    adjoints: dict[Node, Node] = {}
    if second:
        slopes, adjoints = gradients(program, build, wrt, seeds, False, arrays=manner.arrays, again=True)
        found |= slopes
    roots = dict(found) if second else dict(program.outputs)
    nodes = reachable([root for root in roots.values() if root is not None])
    along = {program.inputs[name]: dots[named[name]] for name in wrt}
    shared = (
        second or not manner.arrays
    )  # a slope that is a gate of its own has its exponential in common with the value
    moved = pushed(nodes, build, along, again=shared, spare=spare)
    found |= {_keyed(name, DOT): moved.get(root) for name, root in roots.items() if root is not None}
    own = set(program.nodes)
    tangents = _owners({node: dot for node, dot in moved.items() if node in own}, build)
    program = program._replace(inputs={**program.inputs, **dots}, nodes=(*program.nodes, *dots.values(), *seeds))
    stems = _stems(program, build)
    return Joint(program, build, tuple(program.roots), found, seeds, stems, _owners(adjoints, build), {}, tangents)


__all__ = ["DOT", "Blocks", "hessian", "jacobian", "product"]
