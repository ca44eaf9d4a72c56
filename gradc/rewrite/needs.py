"""Where the elements of each value are needed: on which sides of which branches, and in which of their elements.

A side of a branch needs its value where the condition says so. What stands below a sum, a slice, a transpose or a
product there is needed where the elements are that it sends on: the condition is moved the way a gradient goes.

>>> from gradc.language import parse
>>> dag = parse("x: [n, 3]; c: [n]; sum(where(c > 0, sum(log(x), axis=1), 0))")
>>> needs = Needs(dag.dims, dag.nodes, dag.roots)
>>> [(node.op.name, needs.shape(need)) for node, need in needs.of.items() if len(node.args) == 1]
[('sum', ()), ('sum', ('n',)), ('log', ('n', 1))]

A side is a `Region` within the needs of its branch; a `Need` is some of them: a value is needed where any of them is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import Dims
from gradc.ops import array as a
from gradc.ops import borders
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import Op, statics_of
from gradc.rewrite.passages import PIECES, Along, Each, Some, Step, passage
from gradc.rewrite.rules import compiled
from gradc.rewrite.simplify import Builder

# Conditions further out than this are not searched for one that holds already.
FURTHEST = 64


class Cond:
    """A condition: a test of the program (`test`), or another one, or a need, that `steps` have moved."""

    __slots__ = ("need", "of", "shape", "steps", "test")

    def __init__(self, shape: Shape, test: Node | None, of: Cond | None, need: Need, steps: tuple[Step, ...]) -> None:
        self.shape, self.test, self.of, self.need, self.steps = shape, test, of, need, steps

    @property
    def places(self) -> Iterator[Node]:
        """The whole numbers that its steps hang on."""
        return (node for step in self.steps for nodes in step[2:] for node in nodes)


class Region:
    """One side of a condition (1: it holds, 2: it fails), where `parent` is needed; `at` is when it was met."""

    __slots__ = ("at", "cond", "depth", "parent", "side")

    def __init__(self, at: int, parent: Need, cond: Cond | None, side: int, depth: int) -> None:
        self.at, self.parent, self.cond, self.side, self.depth = at, parent, cond, side, depth


Need = tuple[Region, ...]

_BRANCHES: tuple[Op, ...] = (r.where, borders.held, borders.held_else)
_ORDER: tuple[Op, ...] = (r.lt, r.le, r.gt, r.ge)


class Needs:
    """The needs of all nodes of a program, in `of`, and for each gate what it needs of each argument, in `sent`.

    With `slopes_of` they are where something comes back to a value, beside where it is needed: nothing does over a
    condition, and () is nowhere.
    """

    def __init__(
        self, dims: Dims, nodes: Sequence[Node], roots: Sequence[Node], slopes_of: Needs | None = None
    ) -> None:
        self.dims = dims
        self.slopes = slopes_of is not None
        self.known: dict[Any, Region] = slopes_of.known if slopes_of else {}
        self.conds: dict[Any, Cond] = slopes_of.conds if slopes_of else {}
        self.moves: dict[Any, Region] = slopes_of.moves if slopes_of else {}
        self.shapes: dict[Need, Shape] = slopes_of.shapes if slopes_of else {}
        self.places: dict[Node, bool] = {}  # the tests that have been asked whether they are of places
        self.everywhere: Need = slopes_of.everywhere if slopes_of else (Region(0, (), None, 0, 0),)
        self.of: dict[Node, Need] = {}
        self.sent: dict[Node, tuple[Need, ...]] = {}
        waiting: dict[Node, dict[Need, None]] = {root: {self.everywhere: None} for root in roots}
        pieces: dict[Node, list[Node]] = {}  # what is taken of a value, where the needs say of all of it
        for node in reversed(nodes):
            arrived = waiting.pop(node, None)
            if arrived is None or node.op is s.const:  # a number may stand anywhere, at no cost
                here = () if self.slopes else self.everywhere
            else:
                here = self._settled([*arrived, *self._pieces(pieces.pop(node, ()), arrived)])
            self.of[node] = here
            self.sent[node] = sent = self.sent_by(node, here)
            for arg, need in zip(node.args, sent, strict=True):
                if need is here and need and node.op in PIECES and not self.shape(need):
                    pieces.setdefault(arg, []).append(node)
                    waiting.setdefault(arg, {})
                else:
                    waiting.setdefault(arg, {})[need] = None

    def shape(self, need: Need) -> Shape:
        """The shape of the mask of a need: it broadcasts to that of the value."""
        if need not in self.shapes:
            for each in self._inner_first(need):
                found: Shape = ()
                for region in each:
                    if region.cond is not None:
                        found = self.dims.broadcast(found, self.shapes[region.parent])
                        found = self.dims.broadcast(found, region.cond.shape)
                self.shapes[each] = self.dims.resolve(found)
        return self.shapes[need]

    def _inner_first(self, need: Need) -> Iterator[Need]:
        """The needs around one that have no shape yet, the outermost first, then itself."""
        stack = [need]
        while stack:
            top = stack[-1]
            waits = [
                region.parent
                for region in top
                if region.cond is not None and region.parent not in self.shapes and region.parent is not top
            ]
            if top in self.shapes or not waits:
                stack.pop()
                if top not in self.shapes:
                    yield top
            else:
                stack += waits

    def covers(self, outer: Need, inner: Need) -> bool:
        """Whether all that is needed in the inner way is in the outer: as far as one sees without reasoning."""
        if outer is inner or outer == self.everywhere:
            return True
        have, seen = set(outer), dict[Region, bool]()
        least = min((region.depth for region in outer), default=0)
        return all(region in have or self._lies_in(region, have, seen, least) for region in inner)

    # ---- what a gate needs of its arguments --------------------------------------------------

    def where(self, test: Node) -> Need:
        """The need of all elements at which a condition holds."""
        return self._side(self.everywhere, self._cond(test), 1)

    def sent_by(self, node: Node, here: Need) -> tuple[Need, ...]:
        """What a gate that is needed somewhere needs of each argument."""
        if not here or (self.slopes and node.op.boolean):
            return ((),) * len(node.args)
        sent = self._sent(node, here)
        if node.op is not r.where and node.op in _BRANCHES:
            return ((), *sent[1:])  # the tests of its mask are those of branches, which need them, too
        if self.slopes and node.op.slopes:
            return tuple(() if rule == "0" else need for rule, need in zip(node.op.slopes, sent, strict=True))
        return ((), *sent[1:]) if self.slopes and node.op in _BRANCHES else sent

    def _sent(self, node: Node, here: Need) -> tuple[Need, ...]:
        if node.op in _BRANCHES:
            c, x, y = node.args
            test = self._cond(node.args[0])
            other = here if is_clip(node) else self._side(here, test, 2)
            sides = [(c, here), (x, self._side(here, test, 1)), (y, other)]
            return tuple(self._fitting(need, arg.shape) for arg, need in sides)
        if here == self.everywhere:
            return (here,) * len(node.args)
        if node.op is r.indicator:  # of its second argument it takes the precision
            return self._fitting(here, node.args[0].shape), self.everywhere
        if node.op.elementwise:
            return tuple(self._fitting(here, arg.shape) for arg in node.args)
        return tuple(self._below(node, i, here) for i in range(len(node.args)))

    def _pieces(self, taken: Sequence[Node], others: Collection[Need]) -> Iterator[Need]:
        """What pieces of a value need of it: all of it, unless something else is needed of it in another way."""
        if len({self.of[piece] for piece in taken}.union(others)) <= 1:
            yield from dict.fromkeys(self.of[piece] for piece in taken)
            return
        for piece in taken:
            way = passage(self.dims, piece, 0)
            if isinstance(way, Some):  # a mask that is a number is one for all that is taken
                yield self._whole(self.of[piece], len(piece.shape), way.steps[1:])
            else:
                yield self.of[piece]

    def _below(self, node: Node, i: int, here: Need) -> Need:
        """What a gate that is not elementwise needs of an argument."""
        if not self.shape(here):
            return here
        rank, arg = len(node.shape), node.args[i]
        match passage(self.dims, node, i):
            case Each(steps):
                here = self._moved(here, rank, steps) if steps else here
            case Some(steps):
                here = self._whole(here, rank, steps)
            case Along(axes, keep):
                here = self._any(here, axes, rank, keep)
        return self._fitting(here, arg.shape)

    def _fitting(self, need: Need, shape: Shape) -> Need:
        """A need in the shape of an argument that was broadcast: any of the elements that are made of one."""
        have, want = self.shape(need), self.dims.resolve(shape)
        if 0 in want:
            return self.everywhere  # of no elements
        if not have or self.dims.resolve(self.dims.broadcast(have, want)) == want:
            return need
        if self._of_places(need):
            return self.everywhere
        lead = max(len(have) - len(want), 0)
        kept = [at for at in range(lead, len(have)) if have[at] != 1 and want[at - len(have)] == 1]
        if kept:
            need = self._whole(need, len(have), ((borders.some, (tuple(kept), True)),))
        if lead:
            need = self._whole(need, len(have), ((borders.some, (tuple(range(lead)), False)),))
        return need

    def _any(self, need: Need, axes: tuple[int, ...], rank: int, keep: bool = True) -> Need:
        """Needed along whole axes where any element is."""
        have = self.shape(need)
        missing = rank - len(have)
        mine = tuple(at - missing for at in axes if at >= missing and (not keep or have[at - missing] != 1))
        if not mine:
            return need
        if self._of_places(need):
            return self.everywhere
        return self._whole(need, len(have), ((borders.some, (mine, keep)),))

    def _of_places(self, need: Need) -> bool:
        """Whether a need hangs on where an element stands alone, and on no value: a triangle, one label in each row.

        Such a mask leaves no row and no column out, so that what is made of a whole one is needed.
        """
        stack: list[Need | Cond] = [need]
        seen: set[int] = set()
        while stack:
            top = stack.pop()
            if id(top) in seen:
                continue
            seen.add(id(top))
            if isinstance(top, Cond):
                if top.test is not None and not self._is_of_places(top.test):
                    return False
                stack += [each for each in (top.of, top.need) if each]
            else:
                for region in top:
                    if region.cond is not None:
                        stack += [region.cond, region.parent]
        return True

    def _is_of_places(self, test: Node) -> bool:
        """Whether a test reads no input but as an index."""
        if test not in self.places:
            stack, seen = [test], {test}
            while stack and stack[-1].op is not s.input_:
                node = stack.pop()
                new = [arg for i, arg in enumerate(node.args) if i not in node.op.whole and arg not in seen]
                seen.update(new)
                stack += new
            self.places[test] = not stack
        return self.places[test]

    # ---- conditions, regions, needs -----------------------------------------------------------

    def _cond(self, test: Node) -> Cond:
        cond = self.conds.get(test)
        if cond is None:
            cond = self.conds[test] = Cond(self.dims.resolve(test.shape), test, None, (), ())
        return cond

    def _region(self, parent: Need, cond: Cond, side: int) -> Region:
        key = parent, cond, side
        if key not in self.known:
            depth = 1 + max(region.depth for region in parent)
            self.known[key] = Region(1 + len(self.known), parent, cond, side, depth)
        return self.known[key]

    def _side(self, here: Need, cond: Cond, side: int) -> Need:
        """A side of a condition where a branch is needed; the whole of that where the condition is known to hold."""
        at, steps = here, 0
        while len(at) == 1 and at[0].cond is not None and steps < FURTHEST:
            if at[0].cond is cond and at[0].side == side:
                return here
            at, steps = at[0].parent, steps + 1
        return (self._region(here, cond, side),)

    def _steps_shape(self, shape: Shape, steps: tuple[Step, ...]) -> Shape:
        for op, attr, *more in steps:
            others = [node.shape for nodes in more for node in nodes]
            shape = op.shape(self.dims, shape, *others, **statics_of(op, attr)) if op.shape else shape
        return self.dims.resolve(shape)

    def _whole(self, need: Need, rank: int, steps: tuple[Step, ...]) -> Need:
        """A need as one condition, moved: for steps that leave elements out, or take several together."""
        key = need, steps
        if key not in self.conds:
            shape = self._steps_shape(self._ranked_shape(self.shape(need), rank, steps), steps)
            self.conds[key] = Cond(shape, None, None, need, self._ranked(self.shape(need), rank, steps))
        return (self._region(self.everywhere, self.conds[key], 1),)

    def _moved(self, need: Need, rank: int, steps: tuple[Step, ...]) -> Need:
        """A need, each of its conditions moved: for steps that take each element from one other."""
        stack = [need]
        while stack:
            top = stack[-1]
            waits = [
                region.parent for region in top if region.cond is not None and not self._done(region.parent, steps)
            ]
            if waits:
                stack += waits
                continue
            for region in stack.pop():
                if region.cond is None or (region, steps) in self.moves:
                    continue
                parent = self._placed(region.parent, steps)
                cond = self._moved_cond(region.cond, rank, steps)
                self.moves[region, steps] = self._region(parent, cond, region.side)
        return self._placed(need, steps)

    def _done(self, need: Need, steps: tuple[Step, ...]) -> bool:
        return all(region.cond is None or (region, steps) in self.moves for region in need)

    def _placed(self, need: Need, steps: tuple[Step, ...]) -> Need:
        if need == self.everywhere:
            return need
        moved = tuple(self.moves[region, steps] for region in need)
        return moved if len(moved) == 1 else self._settled([moved, moved])

    def _moved_cond(self, cond: Cond, rank: int, steps: tuple[Step, ...]) -> Cond:
        if not cond.shape:
            return cond
        key = cond, rank, steps
        if key not in self.conds:
            shape = self._steps_shape(self._ranked_shape(cond.shape, rank, steps), steps)
            self.conds[key] = Cond(shape, None, cond, (), self._ranked(cond.shape, rank, steps))
        return self.conds[key]

    def _ranked(self, shape: Shape, rank: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """The steps, first one that brings a mask to the full rank, if that is what the steps count axes in."""
        missing = rank - len(shape)
        if steps[0] == (a.spread, (shape,)):
            return steps[1:]
        if missing <= 0 or steps[0][0] is a.spread or steps[0][0] is borders.some:
            return steps
        return ((a.expand, (tuple(range(missing)),)), *steps)

    def _ranked_shape(self, shape: Shape, rank: int, steps: tuple[Step, ...]) -> Shape:
        if steps[0][0] in (a.spread, borders.some):
            return shape
        return (1,) * (rank - len(shape)) + shape

    def _settled(self, arrived: list[Need]) -> Need:
        """Several needs as one: both sides of a condition are the whole of it, and what lies in another is left out."""
        if len(arrived) == 1:
            return arrived[0]
        by_depth: dict[int, dict[Region, None]] = {}
        for need in arrived:
            for region in need:
                by_depth.setdefault(region.depth, {})[region] = None
        have: dict[Region, None] = {}
        depths = [-depth for depth in by_depth]  # a heap: the deepest first
        heapify(depths)
        while depths:
            for region in by_depth.pop(-heappop(depths)):
                if region.cond is None:
                    return self.everywhere
                other = self.known.get((region.parent, region.cond, 3 - region.side))
                if other is not None and other in have:
                    del have[other]
                    for around in region.parent:
                        if around.depth not in by_depth:
                            by_depth[around.depth] = {}
                            heappush(depths, -around.depth)
                        by_depth[around.depth][around] = None
                else:
                    have[region] = None
        outermost = min((region.depth for region in have), default=0)
        seen: dict[Region, bool] = {}
        kept = [region for region in have if not self._lies_in(region, have, seen, outermost)]
        return tuple(sorted(kept, key=lambda region: region.at))

    def _lies_in(self, region: Region, others: Collection[Region], seen: dict[Region, bool], least: int) -> bool:
        """Whether one of the others, none of less than a depth, is around a region. `seen` remembers the way."""
        way, found = [], False
        while len(region.parent) == 1 and region.parent[0].depth >= max(least, 1):
            region = region.parent[0]
            if region in others or region in seen:
                found = region in others or seen[region]
                break
            way.append(region)
        else:
            found = len(region.parent) > 1 and all(around in others for around in region.parent)
        seen.update(dict.fromkeys(way, found))
        return found


class Masks:
    """The masks of needs as nodes of a new graph, each built once, when it is first asked for."""

    def __init__(self, needs: Needs, build: Builder, new: dict[Node, Node]) -> None:
        self.needs, self.build, self.new = needs, build, new
        self.of_need: dict[Need, Node] = {}
        self.of_cond: dict[Cond, Node] = {}

    def mask(self, need: Need) -> Node:
        """The mask of a need, its tests being there."""
        stack: list[Need | Cond] = [need]
        while stack:
            top = stack[-1]
            waits = list(self.waits(top))
            if waits:
                stack += waits
                continue
            stack.pop()
            if isinstance(top, Cond):
                if top not in self.of_cond:
                    self.of_cond[top] = self._of_cond(top)
            elif top not in self.of_need:
                self.of_need[top] = self._of_need(top)
        return self.of_need[need]

    def waits(self, top: Need | Cond) -> Iterator[Need | Cond]:
        """The conditions and needs that one is made of, as far as they have no mask yet."""
        if isinstance(top, Cond):
            if top.of is not None and top.of not in self.of_cond:
                yield top.of
            if top.need and top.need not in self.of_need:
                yield top.need
            return
        have = set(top)
        for region in top:
            if region.cond is not None and region.cond not in self.of_cond:
                yield region.cond
            around = self._around(region, have)
            if around and around[0].cond is not None and around not in self.of_need:
                yield around

    def _of_cond(self, cond: Cond) -> Node:
        if cond.test is not None:
            return self.new[cond.test]
        mask = self.of_cond[cond.of] if cond.of is not None else self.of_need[cond.need]
        for op, attr, *more in cond.steps:
            args = (mask, *(self.new[node] for nodes in more for node in nodes))
            mask = self.build.make(op, args, attr) if attr is not None else self.build.make(op, args)
        return mask

    def _around(self, region: Region, have: set[Region]) -> Need:
        """Where a region lies, less what the others see to: c or (not c and d) is c or d."""
        known, around = self.needs.known, region.parent
        while len(around) == 1 and around[0].cond is not None:
            other = known.get((around[0].parent, around[0].cond, 3 - around[0].side))
            if other not in have:
                break
            around = around[0].parent
        return around

    def _of_need(self, need: Need) -> Node:
        make, either = self.build.make, None
        have = set(need)
        if need == self.needs.everywhere:
            return self.build.const(1)
        for region in need:
            assert region.cond is not None  # else it is everywhere
            own = self.of_cond[region.cond]
            own = own if region.side == 1 else make(r.not_, (own,))
            around = self.of_need.get(self._around(region, have))
            mine = own if around is None else make(r.all_of, (around, own))
            either = mine if either is None else make(r.any_of, (either, mine))
        assert either is not None
        return either


# ---- which gates need nothing safe -------------------------------------------------------------


def is_harmless(gate: Node) -> bool:
    """Whether a gate passes on what it is given, nan and infinities too, and has slopes that hang on none of it."""
    op = gate.op
    if not gate.args or op.boolean or op in _BRANCHES or op is r.indicator:
        return True
    if op is s.mul:
        return any(arg.op is s.const for arg in gate.args)
    if op is s.div:
        return gate.args[1].op is s.const
    if op.slopes and op.elementwise:
        return all(_is_flat(rule) for rule in op.slopes)
    if op.elementwise:
        return False
    return (
        op.linear == "all"
        or (op.linear == "each" and len(gate.args) - len(op.whole) == 1)
        or op.view
        or op.kink.selects
    )


def is_clip(node: Node) -> bool:
    """Whether a branch is a kink written out, `where(v < 0, 0, v)`: nan and all else that is not clipped passes."""
    if node.op is not r.where or node.args[0].op not in _ORDER:
        return False
    test, number, value = node.args
    return number.op is s.const and value in test.args and any(arg.op is s.const for arg in test.args)


def _is_flat(rule: str) -> bool:
    """Whether a slope is a number, or a condition, which masks."""
    program = compiled(rule)
    last = program[-1]
    return (last[0] == "op" and last[1].boolean) or all(part[0] != "arg" for part in program)


def identity(build: Builder, arg: Node) -> Node:
    """The identity in the shape of a matrix, or of each in a stack."""
    if len(arg.shape) > 2:
        arg = build.make(a.index, (arg,), ((0,) * (len(arg.shape) - 2),))
    return build.make(a.eye, (arg,))


__all__ = ["Cond", "Masks", "Need", "Needs", "Region", "identity", "is_clip", "is_harmless"]
