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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradc.graph.dag import Dag, Node, reachable
from gradc.ops.array import eye
from gradc.ops.routing import all_of, any_of, not_, where
from gradc.ops.scalar import const, input_
from gradc.rewrite.simplify import Args, Builder, rebuild


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One side of a branch (1: the condition holds, 2: it fails) within the side that the branch lies in.

    `within` are the sides on which the branch itself is needed, if those are several; `parent` is then around them all.
    """

    parent: Region | None
    branch: Node | None
    side: int
    depth: int
    within: frozenset[Region] = frozenset()

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
    found: dict[Node, Region] = dict.fromkeys(roots, root)
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


Needs = frozenset[Region]

# A value that more sides than this use counts as used by the innermost side around them all.
MOST_SIDES = 32


def needs(nodes: Sequence[Node], roots: Sequence[Node]) -> dict[Node, Needs]:
    """The sides of branches on which each node is needed: a node is needed where one of its users is.

    No side of the set lies within another; the root alone means everywhere.
    """
    root = Region(None, None, 0, 0)
    everywhere = frozenset([root])
    found: dict[Node, Needs] = dict.fromkeys(roots, everywhere)
    for node in reversed(nodes):
        here = found.setdefault(node, everywhere)
        sides = [here] * len(node.args)
        if node.op is where:
            parent, within = _around(here), here if len(here) > 1 else frozenset()
            sides[1], sides[2] = (frozenset([Region(parent, node, side, parent.depth + 1, within)]) for side in (1, 2))
        elif here is not everywhere and not node.op.elementwise:
            sides = [_outermost(frozenset(region.aligned for region in here))] * len(node.args)
        for arg, side in zip(node.args, sides, strict=True):
            before = found.get(arg)
            found[arg] = side if before is None or before is side else _outermost(before | side)
    return found


def _around(here: Needs) -> Region:
    """The innermost region around a set of sides."""
    first, *others = here
    for other in others:
        first = meet(first, other)
    return first


def _outermost(sides: Needs) -> Needs:
    """The sides that lie in no other of the set."""
    if len(sides) > MOST_SIDES:
        return frozenset([_around(sides)])
    return frozenset(side for side in sides if not any(_within(side.parent, other) for other in sides))


def _within(side: Region | None, other: Region) -> bool:
    while side is not None and side.depth >= other.depth:
        if side is other:
            return True
        side = side.parent
    return False


def conditions_first(roots: Sequence[Node], found: dict[Node, Needs]) -> list[Node]:
    """A topological order in which a condition stands before the gates that need safe arguments on its sides.

    A gate that stands before such a condition all the same, by way of other gates' conditions, is needed everywhere.
    """
    while True:
        order, tied = _ordered(roots, {node: sides for node, sides in found.items() if node.op.steep.safe})
        if tied is None:
            return order
        found[tied] = frozenset([Region(None, None, 0, 0)])


def _ordered(roots: Sequence[Node], found: Mapping[Node, Needs]) -> tuple[list[Node], Node | None]:
    """The order, or a gate whose conditions wait for itself."""
    order: list[Node] = []
    state: dict[Node, int] = {}
    met: set[Region] = set()
    path: dict[Node, Sequence[Node]] = {}  # what is waiting, and for which conditions
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
            del path[node]
            continue
        state[node] = 1
        first = _conditions(found[node], met) if node in found else []
        path[node] = first
        waits = [arg for arg in (*reversed(node.args), *first) if state.get(arg) != 2]
        if any(arg in path for arg in waits):
            return order, _tied([*path], path, next(arg for arg in waits if arg in path))
        stack += waits
    return order, None


def _tied(waiting: Sequence[Node], conditions: Mapping[Node, Sequence[Node]], start: Node) -> Node:
    """Of a ring of gates that wait for each other, one that waits for a condition."""
    ring = waiting[waiting.index(start) :]
    return next(
        node
        for node, after in zip(ring, [*ring[1:], start], strict=True)
        if after in conditions[node] and after not in node.args
    )


def _settled(node: Node, sides: Needs) -> Needs:
    """The sides whose conditions do not themselves hang on the node; in place of one that does, what is around it."""
    while len(sides) > 1 and node.op.steep.safe:
        tied = [
            side
            for side in sides
            if any(_hangs_on(condition, node) for condition in _conditions(frozenset([side]), set()))
        ]
        if not tied:
            break
        around = [each for side in tied for each in side.within or ([side.parent] if side.parent is not None else [])]
        sides = _outermost(frozenset([*(side for side in sides if side not in tied), *around]))
    return sides


def _hangs_on(root: Node, node: Node) -> bool:
    stack, seen = [root], {root}
    while stack:
        at = stack.pop()
        if at is node:
            return True
        new = [arg for arg in at.args if arg.id >= node.id and arg not in seen]
        seen.update(new)
        stack += new
    return False


def _conditions(sides: Needs, met: set[Region]) -> list[Node]:
    """The conditions of some sides and of all around them that have not been met, innermost first."""
    todo, found = list(sides), []
    while todo:
        side = todo.pop()
        if side.branch is not None and side not in met:
            met.add(side)
            found.append(side)
            todo += side.within or ([side.parent] if side.parent is not None else [])
    return [
        side.branch.args[0]
        for side in sorted(found, key=lambda side: (-side.depth, _age(side)))
        if side.branch is not None
    ]


def _age(side: Region) -> tuple[int, int]:
    return (side.branch.id if side.branch is not None else -1, side.side)


def guard_branches(dag: Dag, literal: bool, blocks: Mapping[Node, Region] | None = None) -> Dag:
    """The same program with safe arguments on the sides that are not taken; itself if it has no branch.

    `blocks` are the regions of code with real branches: there only those gates need safe arguments that
    several sides share, and that stand before the branches for it.
    """
    if not any(node.op is where for node in dag.nodes):
        return dag
    roots = [*dag.roots, *dag.inputs.values()]
    nodes = reachable(roots)
    found = {node: _settled(node, sides) for node, sides in needs(nodes, roots).items()}
    build = Builder(dag.dims, literal)
    new: dict[Node, Node] = {}
    masks: dict[Region, Node] = {}
    roles: dict[Node, str] = {}
    why: dict[Node, str] = {}

    def mask_of(region: Region) -> Node:
        todo = [region]
        while todo:
            inner = todo[-1]
            around = sorted(inner.within, key=_age) or ([inner.parent] if inner.parent is not None else [])
            outer = [side for side in around if side.branch is not None]
            waiting = [side for side in outer if side not in masks]
            if waiting or inner in masks:
                todo = [*todo, *waiting] if waiting else todo[:-1]
                continue
            own = new[inner.branch.args[0]]  # type: ignore[union-attr]  # never the root, so a side of a branch
            own = own if inner.side == 1 else build.make(not_, (own,))
            masks[inner] = build.make(all_of, (either([masks[side] for side in outer]), own)) if outer else own
        return masks[region]

    def either(each: Sequence[Node]) -> Node:
        first, *others = dict.fromkeys(each)
        for other in others:
            first = build.make(any_of, (first, other))
        return first

    def mask(sides: Needs) -> Node:
        return either([mask_of(side) for side in sorted(sides, key=_age)])

    def gate(build: Builder, old: Node, args: Args) -> Node:
        sides = found[old]
        if old.op.steep.safe and not old.op.elementwise:
            sides = _outermost(frozenset(side.aligned for side in sides))
        if (
            not old.op.steep.safe
            or old.op is where
            or any(side.branch is None or side.branch.args[0] not in new for side in sides)
        ):
            return build.intern(old.op, args, old.attr)
        if blocks is not None and len(sides) == 1 and _same_block(blocks[old], *sides):
            return build.intern(old.op, args, old.attr)
        needed = mask(sides)
        if len(sides) > 1 and build.dims.broadcast(needed.shape, old.shape) != old.shape:
            return build.intern(old.op, args, old.attr)  # a number of which some elements of an array have need
        kept = []
        for arg, was, safe in zip(args, old.args, old.op.steep.safe, strict=True):
            if (
                safe is None
                or (safe == "eye" and len(arg.shape) != 2)
                or was.op is const
                or arg in roles
                or (old.op.steep.tame and (found[was] == sides or any(each.op is const for each in args)))
            ):
                kept.append(arg)
                continue
            other = build.make(eye, (arg,)) if isinstance(safe, str) else build.const(int(safe))
            safe_arg = build.make(where, (needed, arg, other))
            if safe_arg.op is where:
                roles[safe_arg] = "safe" + (str(arg.attr) if arg.op is input_ else "")
                why[safe_arg] = "safe where the branch is not taken"
            kept.append(safe_arg)
        return build.intern(old.op, tuple(kept), old.attr)

    guarded = rebuild(dag, build, gate, conditions_first(roots, found), new)
    guarded.roles.update(roles)
    guarded.rewrites.update(why)
    return guarded


def _same_block(block: Region, side: Region) -> bool:
    """Whether a gate stands in the very block on which it is needed."""
    return block.branch is side.branch and block.side == side.side
