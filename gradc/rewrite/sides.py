"""Where each value of a scalar program is computed: in the innermost side of a branch that needs it.

A region is one side of a condition inside another region; branches with one condition share their regions.
A value that several regions need is computed around them all if that is always harmless, and otherwise in each:

>>> from gradc.ops import routing as r, scalar as s
>>> from gradc.rewrite.simplify import Builder
>>> build = Builder()
>>> x, zero = build.input("x"), build.const(0)
>>> root = build.intern(r.where, (build.intern(r.gt, (x, zero)), build.intern(s.log, (x,)), zero))
>>> [(str(node.op), region.depth) for node, (region,) in places(build.graph.nodes, [root]).items() if node.args]
[('greater', 0), ('log', 1), ('where', 0)]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gradc.graph.dag import Node
from gradc.ops.routing import where

# Branches inside of each other are blocks up to this depth, and a value is computed in no more places than these. In a
# program that goes beyond, both sides of all branches are computed, with safe arguments.
DEEPEST, MOST_PLACES = 32, 16


class Region:
    """One side (1: it holds, 2: it fails) of a condition, within the region that the condition lies in."""

    __slots__ = ("condition", "depth", "inner", "parent", "side")

    def __init__(self, parent: Region | None, condition: Node | None, side: int, depth: int) -> None:
        self.parent, self.condition, self.side, self.depth = parent, condition, side, depth
        self.inner: dict[tuple[Node, int], Region] = {}

    def side_of(self, condition: Node, side: int) -> Region:
        """The region of a side of a condition in here; this one itself where that is known or too deep."""
        at: Region | None = self
        while at is not None:
            if at.condition is condition and at.side == side:
                return self
            at = at.parent
        if self.depth >= DEEPEST:
            return self
        key = condition, side
        if key not in self.inner:
            self.inner[key] = Region(self, condition, side, self.depth + 1)
        return self.inner[key]


def meet(a: Region, b: Region) -> Region:
    """The innermost region around both."""
    while a is not b:
        if a.depth >= b.depth:
            a = a.parent  # type: ignore[assignment]  # two regions meet at the root at last
        else:
            b = b.parent  # type: ignore[assignment]
    return a


def places(nodes: Sequence[Node], roots: Iterable[Node]) -> dict[Node, tuple[Region, ...]]:
    """The regions in which each node is computed; `nodes` in topological order. Roots are computed in any case."""
    found = {node: regions for node, _, regions in _settling(nodes, roots)}
    return dict(reversed(found.items()))


def _settling(nodes: Sequence[Node], roots: Iterable[Node]) -> Iterator[tuple[Node, list[Region], tuple[Region, ...]]]:
    """Each node with the regions that need it (none of what is harmless), and where it is computed; the last first."""
    outermost = Region(None, None, 0, 0)
    needed: dict[Node, dict[Region, None]] = {node: {outermost: None} for node in roots}
    calm: set[Node] = set()  # harmless, and made of what is
    for node in nodes:
        if is_harmless(node) and all(arg in calm for arg in node.args):
            calm.add(node)
    for node in reversed(nodes):
        if node not in needed:
            continue
        wanting = list(needed.pop(node))
        regions = _settled(node in calm, wanting)
        for region in regions:
            for i, arg in enumerate(node.args):
                at = region.side_of(node.args[0], i) if i and node.op is where else region
                needed.setdefault(arg, {})[at] = None
        yield node, [] if node in calm else wanting, regions


def everywhere(nodes: Iterable[Node]) -> dict[Node, tuple[Region, ...]]:
    """The same for a program that computes all of its values in any case."""
    outermost = (Region(None, None, 0, 0),)
    return dict.fromkeys(nodes, outermost)


def is_beyond(nodes: Sequence[Node], roots: Iterable[Node]) -> bool:
    """Whether branches lie too deep inside of each other, or too many share a value, to become blocks of their own."""
    return any(
        any(region.depth >= DEEPEST for region in regions)
        or (len(wanting) > MOST_PLACES and not any(region in wanting for region in regions))
        for _, wanting, regions in _settling(nodes, roots)
    )


def is_shared(nodes: Sequence[Node], roots: Iterable[Node]) -> bool:
    """Whether sides of several conditions need a value that is not always harmless: no one side has its adjoint."""
    return any(len(regions) > 1 for regions in places(nodes, roots).values())


Guard = tuple[tuple[tuple[Node, int], ...], ...]


def guard_of(regions: Iterable[Region]) -> Guard:
    """The conditions under which something is computed: for each region the sides around it; () for in any case."""
    paths = []
    for region in regions:
        path = []
        at = region
        while at.parent is not None and at.condition is not None:
            path.append((at.condition, at.side))
            at = at.parent
        if not path:
            return ()
        paths.append(tuple(reversed(path)))
    return tuple(sorted(paths, key=len))


def implies(inner: Guard, outer: Guard) -> bool:
    """Whether all that is computed under one guard is also under the other."""
    if not outer:
        return True
    return bool(inner) and all(any(path[: len(each)] == each for each in outer) for path in inner)


def covers(outer: Iterable[Region], inner: Iterable[Region]) -> bool:
    """Whether what is computed in the outer regions is there wherever the inner ones are entered."""
    have = [_sides(region) for region in outer]
    return all(any(sides <= _sides(region) for sides in have) for region in inner)


def _sides(region: Region) -> set[tuple[Node, int]]:
    found: set[tuple[Node, int]] = set()
    at = region
    while at.parent is not None and at.condition is not None:
        found.add((at.condition, at.side))
        at = at.parent
    return found


def conditions_first(nodes: Sequence[Node], guards: Mapping[Node, Guard]) -> list[Node]:
    """The nodes in a topological order in which the conditions of a node stand before it."""
    order: dict[Node, None] = {}
    busy: set[Node] = set()  # waits for others: a condition among these hangs on the node itself
    for start in nodes:
        stack = [start]
        while stack:
            node = stack[-1]
            busy.add(node)
            conditions = [c for path in guards.get(node, ()) for c, _ in path if c not in order and c not in busy]
            waiting = conditions or [arg for arg in reversed(node.args) if arg not in order and arg not in busy]
            if waiting and node not in order:
                stack += waiting
            else:
                order[stack.pop()] = None
    return list(order)


def hangs_on(root: Node, node: Node) -> bool:
    """Whether a value is computed from another."""
    stack, seen = [root], {root}
    while stack:
        at = stack.pop()
        if at is node:
            return True
        new = [arg for arg in at.args if arg.id >= node.id and arg not in seen]
        seen.update(new)
        stack += new
    return False


def settled_guard(node: Node, regions: Sequence[Region]) -> Guard:
    """The conditions under which a node is computed once for all of its regions; none that hangs on the node itself."""
    guard = guard_of(regions)
    if len(regions) > 1 and any(hangs_on(condition, node) for path in guard for condition, _ in path):
        around = regions[0]
        for region in regions[1:]:
            around = meet(around, region)
        return guard_of([around])
    return guard


def _settled(is_calm: bool, regions: list[Region]) -> tuple[Region, ...]:
    """The regions to compute a node in, of those that need it."""
    if len(regions) == 1:
        return (regions[0],)
    if is_calm or len(regions) > MOST_PLACES:
        out = regions[0]
        for region in regions[1:]:
            out = meet(out, region)
        return (out,)
    kept = dict.fromkeys(regions)
    changed = True
    while changed:
        changed = False
        for region in list(kept):
            other = region.parent and region.parent.inner.get((region.condition, 3 - region.side))  # type: ignore[arg-type]
            if region in kept and other in kept:  # both sides of a condition: in any case
                del kept[region], kept[other]
                kept[region.parent] = None  # type: ignore[index]
                changed = True
        for region in list(kept):
            if any(meet(region, around) is around for around in kept if around is not region):
                del kept[region]
                changed = True
    return tuple(kept)


def is_harmless(node: Node) -> bool:
    """Whether a gate is cheap and has a value wherever its arguments are: arithmetic that neither raises nor calls."""
    op = node.op
    if not node.args or op.steep.tame:
        return True
    form = op.code.get("math")
    return form is not None and "(" not in form.text and not op.steep.safe and op is not where
