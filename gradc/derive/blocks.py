"""Jacobians and Hessians as graphs of their non-zeros: what is zero by structure is not derived at all.

>>> from gradc.ops import scalar as s
>>> build = Builder()
>>> x, y, z = (build.input(name) for name in "xyz")
>>> product = build.make(s.mul, (x, y))
>>> found = sparse_tangents(build, {x: [product], z: [product]})
>>> [(node.op, leaf.attr) for node, leaf in found]
[(input, 'x'), (mul, 'x')]
>>> found[product, x] is y
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.derive.forward import NOTHING, tangent_of
from gradc.derive.reverse import reverse, total
from gradc.graph.dag import Dag, Node, reachable, users
from gradc.rewrite.simplify import Builder, is_const


def sparse_tangents(
    build: Builder,
    wanted: Mapping[Node, Sequence[Node]],
    again: bool = False,
    spare: Mapping[Node, Node] = NOTHING,
) -> dict[tuple[Node, Node], Node]:
    """For each leaf the tangents of the roots that are wanted along it, and of what these are made from: those of the
    nodes that the leaf moves, and of no others; by (node, leaf), gate by gate. What is 0 everywhere is left out. With
    `again` slopes are the gates that a second derivative shares; `spare` as `pushed` has it."""
    nodes = reachable(root for roots in wanted.values() for root in roots)
    above = users(nodes)
    asked: dict[Node, list[Node]] = {}  # the leaves along which each node's tangent is needed
    for leaf, roots in wanted.items():
        for node in _between(leaf, roots, above):
            asked.setdefault(node, []).append(leaf)
    one = build.const(1.0)
    known: dict[Node, dict[Node, Node]] = {}  # by leaf
    found: dict[tuple[Node, Node], Node] = {}
    before, build.annihilate = build.annihilate, True
    for node in sorted(asked, key=lambda node: node.id):
        for leaf in asked[node]:
            mine = known.setdefault(leaf, {})
            tangent = one if node is leaf else tangent_of(node, build, mine, again, spare)
            if tangent is not None and not is_const(tangent, 0):
                mine[node] = found[node, leaf] = tangent
    build.annihilate = before
    return found


def _between(leaf: Node, roots: Sequence[Node], above: Mapping[Node, Sequence[Node]]) -> set[Node]:
    """The nodes that a leaf moves, and that a root is made from."""
    moved, stack = {leaf}, [leaf]
    while stack:
        for user in above.get(stack.pop(), ()):
            if user not in moved and not user.op.boolean:
                moved.add(user)
                stack.append(user)
    found: set[Node] = set()
    stack = [root for root in roots if root in moved]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [arg for arg in node.args if arg in moved]
    return found


def adjoints(dag: Dag, build: Builder, leaves: Sequence[Node], again: bool = False) -> dict[Node, Node]:
    """The adjoint of every node on the way from the leaves to the outputs, whose own adjoints are 1."""
    arrived: dict[Node, list[Node]] = {}
    for step in reverse(dag, build, leaves, lambda node: False, again=again, ones=True):
        for target, sent in step.contributions:
            arrived.setdefault(target, []).append(sent)
    build.annihilate = True
    found = {target: total(build, sent) for target, sent in arrived.items()}
    build.annihilate = False
    return {target: adjoint for target, adjoint in found.items() if not is_const(adjoint, 0)}


def triangle(leaves: Sequence[Node], slopes: Mapping[Node, Node], lower: bool = False) -> dict[Node, list[Node]]:
    """Which slopes to differentiate along each leaf, so that one triangle of a Hessian is found and no more."""
    return {
        leaf: [slopes[other] for other in (leaves[: at + 1] if lower else leaves[at:]) if other in slopes]
        for at, leaf in enumerate(leaves)
    }


def parts_of(dag: Dag, leaves: Sequence[Node]) -> list[tuple[str, ...]]:
    """The outputs in groups that share a leaf, directly or through others."""
    mine = set(leaves)
    owner: dict[Node, str] = {}
    group = {name: name for name, _ in dag.outputs}

    def head(name: str) -> str:
        while group[name] != name:
            group[name] = name = group[group[name]]
        return name

    for name, root in dag.outputs:
        for node in reachable([root]):
            if node in mine:
                group[head(name)] = head(owner.setdefault(node, name))
    found: dict[str, list[str]] = {}
    for name, _ in dag.outputs:
        found.setdefault(head(name), []).append(name)
    return [tuple(names) for names in found.values()]


__all__ = ["adjoints", "parts_of", "sparse_tangents", "triangle"]
