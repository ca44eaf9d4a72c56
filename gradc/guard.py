"""Branches in array code: both sides are computed, so the side that is not taken gets safe arguments.

`where(x > 0, log(x), 0)` becomes `where(x > 0, log(safex), 0)` with `safex = where(x > 0, x, 1)`: no NaN, no
inf and no warning, in value or gradient, however branches are nested and composed.

A gate belongs to the innermost side of a branch that all its uses lie in. The regions form a tree:

>>> root = Region(None, None, 0, 0)
>>> child = Region(root, None, 1, 1)
>>> meet(child, root) is root
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradc.dag import Dag, Node, reachable
from gradc.ops.routing import all_of, not_, where
from gradc.ops.scalar import const, input_
from gradc.simplify import Args, Builder, rebuild


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One side of a branch (1: the condition holds, 2: it fails) within the side that the branch lies in."""

    parent: Region | None
    branch: Node | None
    side: int
    depth: int

    @property
    def aligned(self) -> Region:
        """The innermost region around this one whose conditions are all scalars: masks fit arrays of any shape."""
        best: Region = self
        at: Region | None = self
        while at is not None and at.branch is not None:
            if at.branch.args[0].shape:
                best = at.parent  # type: ignore[assignment]  # a side of a branch has a parent
            at = at.parent
        return best


def meet(a: Region, b: Region) -> Region:
    """The innermost region around both."""
    while a is not b:
        if a.depth >= b.depth:
            a = a.parent  # type: ignore[assignment]  # two regions meet at the root at last
        else:
            b = b.parent  # type: ignore[assignment]
    return a


def regions(nodes: Sequence[Node], roots: Sequence[Node], deepest: int = 1 << 30) -> dict[Node, Region]:
    """The region of each node; sides deeper than `deepest` belong to the one around them."""
    root = Region(None, None, 0, 0)
    found: dict[Node, Region] = {node: root for node in roots}
    for node in reversed(nodes):
        here = found.setdefault(node, root)
        sides = [here] * len(node.args)
        if node.op is where and here.depth < deepest:
            sides[1], sides[2] = Region(here, node, 1, here.depth + 1), Region(here, node, 2, here.depth + 1)
        elif here is not root and not node.op.elementwise:
            sides = [here.aligned] * len(node.args)
        for arg, side in zip(node.args, sides, strict=True):
            found[arg] = meet(found[arg], side) if arg in found else side
    return found


def conditions_first(roots: Sequence[Node], found: dict[Node, Region]) -> list[Node]:
    """A topological order in which a condition stands before the sides of its branch."""
    order: list[Node] = []
    state: dict[Node, int] = {}
    stack = list(reversed(roots))
    while stack:
        node = stack[-1]
        if state.get(node) == 2:
            stack.pop()
            continue
        if state.get(node) == 1:
            state[node] = 2
            order.append(node)
            stack.pop()
            continue
        state[node] = 1
        region = found[node]
        first = [region.branch.args[0]] if region.branch is not None else []
        stack += [arg for arg in (*reversed(node.args), *first) if state.get(arg) != 2]
    return order


def guard_branches(dag: Dag, literal: bool) -> Dag:
    """The same program with safe arguments on the sides that are not taken; itself if it has no branch."""
    if not any(node.op is where for node in dag.nodes):
        return dag
    roots = [*dag.roots, *dag.inputs.values()]
    nodes = reachable(roots)
    found = regions(nodes, roots)
    build = Builder(dag.dims, literal)
    new: dict[Node, Node] = {}
    masks: dict[Region, Node] = {}
    roles: dict[Node, str] = {}
    why: dict[Node, str] = {}

    def mask(region: Region) -> Node:
        chain = []
        at = region
        while at not in masks and at.branch is not None:
            chain.append(at)
            at = at.parent  # type: ignore[assignment]  # a side of a branch has a parent
        for inner in reversed(chain):
            own = new[inner.branch.args[0]]  # type: ignore[union-attr]  # in the chain, so it is a side of a branch
            own = own if inner.side == 1 else build.make(not_, (own,))
            outer = masks.get(inner.parent)  # type: ignore[arg-type]
            masks[inner] = own if outer is None else build.make(all_of, (outer, own))
        return masks[region]

    def gate(build: Builder, old: Node, args: Args) -> Node:
        region = found[old]
        if region.branch is None or not old.op.safe or old.op is where:
            return build.intern(old.op, args, old.attr)
        kept = []
        for arg, was, safe in zip(args, old.args, old.op.safe, strict=True):
            if was.op is const or arg in roles or (old.op.tame and (found[was] is region or any(each.op is const for each in args))):
                kept.append(arg)
                continue
            safe_arg = build.make(where, (mask(region), arg, build.const(int(safe))))
            if safe_arg.op is where:
                roles[safe_arg] = "safe" + (str(arg.attr) if arg.op is input_ else "")
                why[safe_arg] = "safe where the branch is not taken"
            kept.append(safe_arg)
        return build.intern(old.op, tuple(kept), old.attr)

    guarded = rebuild(dag, build, gate, conditions_first(roots, found), new)
    guarded.roles.update(roles)
    guarded.rewrites.update(why)
    return guarded
