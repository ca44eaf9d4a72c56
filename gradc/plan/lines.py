"""A graph of single numbers into statements: which values get a line, in which order, in which side of which branch.

A value that is used once is written inside the line of its user, up to a few operators. A branch whose sides need
lines of their own becomes an `if`; any other is a conditional expression. How wide and how tight a gate is written is a
fact of the target (`Written`); nothing else of its text is known here.

>>> from gradc.ops import routing as r, scalar as s
>>> from gradc.optimize.constructors import Frugal
>>> build = Frugal()
>>> x, zero = build.input("x"), build.const(0)
>>> slope = build.make(s.div, (build.make(s.log, (x,)), x))
>>> out = build.make(r.where, (build.make(r.gt, (x, zero)), build.make(s.mul, (slope, slope)), zero))
>>> plan = lines_of(build.graph.nodes, [out], places(build.graph.nodes, [out]), lambda node: AS_A_CALL)
>>> for stmt in plan.statements({x: "x", slope: "slope", out: "f"}):
...     print(stmt.test, [line.target for line in stmt.then], [line.target for line in stmt.otherwise])
%-1 = greater(%0, %1) ['slope', 'f'] ['f']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.base.records import NamedTuple
from gradc.graph.dag import Node
from gradc.ops.routing import not_, where
from gradc.ops.scalar import const, mul
from gradc.ops.table import ATOM, MUL, UNARY, Op
from gradc.plan.code import Assign, Body, If, Value, made, name_of
from gradc.rewrite.sides import Region, places
from gradc.rewrite.simplify import number


class Limits(NamedTuple):
    """How much is written on one line: operators, parentheses within each other, characters."""

    operators: int = 8
    parentheses: int = 2
    width: int = 90


USUAL = Limits()

# How wide a name is taken to be: it is given when the lines are known.
A_NAME = 6


class Written(NamedTuple):
    """How a gate is written for single numbers, as far as lines are concerned.

    For each hole the characters before it, its argument, and the least precedence that goes without parentheses; then
    the characters behind them, the precedence of the whole, its operations, and the arguments that it writes twice.
    `sign` says that it is nothing but a minus before its argument, `digit` that it begins with a number of its own.
    """

    holes: tuple[tuple[int, int, int], ...]
    tail: int
    precedence: int = ATOM
    cost: int = 1
    repeats: frozenset[int] = frozenset()
    sign: bool = False
    digit: bool = False


# A gate that is called by a name as wide as others.
AS_A_CALL = Written(((A_NAME + 1, 0, 0),), 1)


class Measure(NamedTuple):
    """How wide an expression is, how tightly it binds, its operators, parentheses within each other; `digit`, whether
    it begins with one."""

    width: int = A_NAME
    precedence: int = ATOM
    operators: int = 0
    nested: int = 0
    digit: bool = False


class Line(NamedTuple):
    """target = value, both nodes."""

    target: Node
    value: Node


class Branch(NamedTuple):
    """if condition: then; else: otherwise."""

    condition: Node
    then: tuple[Line | Branch, ...]
    otherwise: tuple[Line | Branch, ...]


Item = Line | Branch


class Plan(NamedTuple):
    """The lines in order, and the results; `written` are the nodes that have a line, `inside` all that are computed.

    `same` has inner branches that only choose for an outer one: both go by the outer one's name.
    """

    items: tuple[Item, ...]
    results: tuple[Node, ...]
    written: Mapping[Node, None]
    inside: frozenset[Node]
    operators: dict[Op, None]
    same: dict[Node, Node]

    def value(self, node: Node, names: Mapping[Node, str]) -> Node:
        """A node's value, cut at what has a line or comes from outside; it is as deep as one line is."""
        if node.op is const:
            return node
        if not node.args or node in self.written or node not in self.inside:
            return name_of(names[node], node)
        return self.gate(node, names)

    def gate(self, node: Node, names: Mapping[Node, str]) -> Node:
        """The same of a node that has the line that is written."""
        return Node(-1, node.op, tuple([self.value(arg, names) for arg in node.args]), node.attr, node.shape)

    def statements(self, names: Mapping[Node, str]) -> Body:
        """The lines as Code."""
        return self._body(self.items, names)

    def _body(self, items: Iterable[Item], names: Mapping[Node, str]) -> Body:
        out: list[Assign | If] = []
        for item in items:
            if isinstance(item, Line):
                target = names[item.target]
                whole = item.value is item.target
                value = self.gate(item.value, names) if whole else self.value(item.value, names)
                if whole or value.attr != target or value.args:  # else an inner branch has set it already
                    out.append(Assign(target, value))
                continue
            test = self.value(item.condition, names)
            then, otherwise = self._body(item.then, names), self._body(item.otherwise, names)
            out.append(If(test, then, otherwise) if then else If(made(not_, test), otherwise))
        return tuple(out)

    def returned(self, names: Mapping[Node, str]) -> list[Value]:
        """The results as values."""
        return [self.value(node, names) for node in self.results]


# ---- lines -------------------------------------------------------------------------------------


def lines_of(
    nodes: Sequence[Node],
    results: Sequence[Node],
    placed: Mapping[Node, tuple[Region, ...]],
    how: Callable[[Node], Written],
    keep: Iterable[Node] = (),
    limits: Limits = USUAL,
) -> Plan:
    """The plan of a list of nodes, in topological order. What they take and is not among them has a name already.

    `how` says how a gate is written; `keep` must get lines; `results` are written out at the end.
    """
    writer = _Writer(nodes, results, placed, how, frozenset(keep), limits)
    for node in nodes:
        if node.args:
            writer.write(node)
    items = writer.ordered()
    return Plan(items, tuple(results), writer.lines, writer.inside, writer.operators, writer.same())


class _Writer:
    """Measures of the nodes so far, and which of them have become lines."""

    def __init__(
        self,
        nodes: Sequence[Node],
        results: Sequence[Node],
        placed: Mapping[Node, tuple[Region, ...]],
        how: Callable[[Node], Written],
        keep: frozenset[Node],
        limits: Limits,
    ) -> None:
        self.placed, self.how, self.limits = placed, how, limits
        self.uses: dict[Node, int] = {}
        self.conditions: dict[Node, int] = {}
        for node in nodes:
            if node.op is where:
                self.conditions[node.args[0]] = self.conditions.get(node.args[0], 0) + 1
            for arg in node.args:
                self.uses[arg] = self.uses.get(arg, 0) + 1
        for node in results:
            self.uses[node] = self.uses.get(node, 0) + 1
        self.keep, self.inside = keep, frozenset(nodes)
        self.open: dict[Node, Measure] = {}
        self.lines: dict[Node, None] = {}
        self.sides: dict[Node, None] = {}  # branches that are an `if`
        self.busy: set[Region] = set()
        self.operators: dict[Op, None] = {}

    def write(self, node: Node) -> None:
        """Measure a node, in which what is used once stands written out."""
        op = node.op
        self.operators[op] = None
        if op is where and any(
            region.side_of(node.args[0], side) in self.busy for region in self.placed[node] for side in (1, 2)
        ):
            self.branch(node)
            return
        form = self.how(node)
        taken = [self.operand(arg) for arg in node.args]
        whole = self.filled(node, form, taken)
        if op is where and not self.fits(whole):
            self.branch(node)
            return
        if not self.fits(whole):
            for at in sorted(range(len(taken)), key=lambda at: -taken[at].operators):
                if taken[at].operators:
                    self.line(node.args[at])
                    taken[at] = self.operand(node.args[at])
                    whole = self.filled(node, form, taken)
                    if self.fits(whole):
                        break
        self.open[node] = whole
        if node in self.keep or (self.uses.get(node, 0) > 1 and not self.is_repeated(node)):
            self.line(node)

    def is_repeated(self, node: Node) -> bool:
        """Whether a node is written out wherever it is used: a comparison of names, in conditions."""
        if not node.op.boolean or any(arg in self.open for arg in node.args):
            return False
        return self.uses[node] - max(self.conditions.get(node, 0) - 1, 0) <= 2

    def operand(self, node: Node) -> Measure:
        """A node as a part of another."""
        found = self.open.get(node)
        if found is not None:
            return found
        if node.op is const:
            value = repr(number(node))
            width = len(value) + len('float("")') * (value[-1] in "fn")
            return Measure(width, UNARY if value[0] == "-" else ATOM, digit=value[0].isdigit())
        return Measure()

    def filled(self, node: Node, form: Written, taken: list[Measure]) -> Measure:
        """A gate with its arguments in place."""
        width, operators, nested, digit = form.tail, form.cost, 0, form.digit
        for number_, (before, at, least) in enumerate(form.holes):
            if at in form.repeats and taken[at].operators:
                self.line(node.args[at])
                taken[at] = self.operand(node.args[at])
            arg = taken[at]
            if arg.precedence < least and not (at and least == UNARY and arg.precedence == MUL and scales(node)):
                nested = max(nested, arg.nested + 1)
                width += 2
            else:
                nested = max(nested, arg.nested)
                if number_ == 0:
                    digit = form.digit or (arg.digit and not before)
                    operators -= form.sign and arg.digit  # a minus on a literal
            width += before + arg.width
            operators += arg.operators
        return Measure(width, form.precedence, operators, nested, digit)

    def fits(self, whole: Measure) -> bool:
        limits = self.limits
        return (
            whole.operators <= limits.operators and whole.nested <= limits.parentheses and whole.width <= limits.width
        )

    def line(self, node: Node) -> None:
        """Give a node a line of its own."""
        if self.open.pop(node, None) is not None:
            self.lines[node] = None
            self.mark(node)

    def mark(self, node: Node) -> None:
        for region in self.placed[node]:
            at: Region | None = region
            while at is not None and at not in self.busy:
                self.busy.add(at)
                at = at.parent

    def branch(self, node: Node) -> None:
        """A `where` as an `if`: each side is a line in its block."""
        self.sides[node] = self.lines[node] = None
        self.mark(node)

    def same(self) -> dict[Node, Node]:
        """Branches that are nothing but a side of another one, outermost last."""
        found: dict[Node, Node] = {}
        for node in sorted(self.sides, key=lambda node: -node.id):
            for arg in node.args[1:]:
                if arg in self.sides and self.uses[arg] == 1 and arg not in self.keep:
                    found[arg] = found.get(node, node)
        return found

    def read(self, node: Node) -> tuple[Node, ...]:
        """The lines that a value is made of."""
        out: dict[Node, None] = {}
        stack = [node]
        while stack:
            top = stack.pop()
            if top in self.lines:
                out[top] = None
            elif top in self.inside:
                stack += top.args[::-1]
        return tuple(out)

    # ---- order ---------------------------------------------------------------------------------

    def ordered(self) -> tuple[Item, ...]:
        """The items of the outermost region."""
        if not self.sides and not any(node.op is where for node in self.lines):
            return tuple([Line(node, node) for node in sorted(self.lines, key=lambda node: node.id)])
        return _Order(self).items()


def scales(node: Node) -> bool:
    """Whether a gate is a constant times something: k*(a*b) is written k*a*b."""
    return node.op is mul and node.args[0].op is const


# ---- blocks ------------------------------------------------------------------------------------

Levels = tuple[int, ...]


@dataclass(slots=True)
class _Block:
    """The lines and inner blocks of one side; `place` sorts them, values before the branches that read them."""

    lines: list[tuple[int, int, Line]] = field(default_factory=list)
    inner: dict[tuple[Node, int], tuple[_Block, _Block]] = field(default_factory=dict)

    def items(self) -> tuple[Item, ...]:
        found: list[tuple[int, int, int, Item]] = [(level, 1, id, line) for level, id, line in self.lines]
        for (condition, level), (then, otherwise) in self.inner.items():
            found.append((level, 0, condition.id, Branch(condition, then.items(), otherwise.items())))
        return tuple(item for *_, item in sorted(found, key=lambda each: each[:3]))


class _Order:
    """Levels: a branch that needs the outcome of another one comes a level later; the rest is in order of creation.

    A line at level n may read what the branches of level n and below assign. The branches of one condition
    and level are one `if`.
    """

    def __init__(self, writer: _Writer) -> None:
        self.w = writer
        self.lines = sorted(writer.lines, key=lambda node: node.id)
        self.read: dict[Node, list[tuple[Node, ...]]] = {}  # of each argument the lines that it reads
        self.levels: dict[tuple[Node, Region], Levels] = {}
        self.homes: dict[tuple[Node, Region], tuple[tuple[Node, int], ...]] = {}

    def items(self) -> tuple[Item, ...]:
        self._pair_up()
        for node in self.lines:
            for region in self.w.placed[node]:
                self.levels[node, region] = self._level(node, region)
        for node in reversed(self.lines):
            for region in self.w.placed[node]:
                self._send_home(node, region)
        top = _Block()
        for node in self.lines:
            for region in self.w.placed[node]:
                self._put(top, node, region)
        return top.items()

    def _pair_up(self) -> None:
        """Conditional expressions with lines of their own join an `if` of the same condition, or make one."""
        w = self.w
        by_condition: dict[tuple[Region, Node], list[Node]] = {}
        for node in self.lines:
            if node.op is where:
                for region in w.placed[node]:
                    by_condition.setdefault((region, node.args[0]), []).append(node)
        for members in by_condition.values():
            if len(members) > 1 or members[0] in w.sides:
                w.sides.update(dict.fromkeys(members))

    def _reads(self, node: Node, region: Region) -> list[tuple[Node, Region]]:
        """The lines that a line needs, each where this one sees it."""
        if node not in self.read:
            self.read[node] = [self.w.read(arg) for arg in node.args]
        out = []
        for side, reads in enumerate(self.read[node]):
            at = region.side_of(node.args[0], side) if side and node in self.w.sides else region
            out += [self._seen(read, at) for read in reads]
        return out

    def _seen(self, read: Node, region: Region) -> tuple[Node, Region]:
        places = self.w.placed[read]
        at: Region | None = region
        while at is not None:
            if at in places:
                return read, at
            at = at.parent
        return read, places[0]

    def _level(self, node: Node, region: Region) -> Levels:
        depth = region.depth
        level = [0] * (depth + 1)
        for read in self._reads(node, region):
            for k, each in enumerate(self.levels[read][: depth + 1]):
                if each > level[k]:
                    level[k] = each
        if node in self.w.sides:
            level[depth] += 1
        return tuple(level)

    def _send_home(self, node: Node, region: Region) -> None:
        """Tell what a line reads in which block it is needed first."""
        home = self.homes.setdefault((node, region), self._default_home(node, region))
        for read, at in self._reads(node, region):
            inner = home
            if at.depth > region.depth:
                inner = (*home, (node.args[0], self.levels[node, region][region.depth]))
            inner = inner[: at.depth]
            have = self.homes.get((read, at))
            if have is None or [level for _, level in inner] < [level for _, level in have]:
                self.homes[read, at] = inner

    def _default_home(self, node: Node, region: Region) -> tuple[tuple[Node, int], ...]:
        """For a line that nothing in its region reads: as early as its own level allows."""
        path = []
        level = self.levels[node, region]
        at = region
        while at.parent is not None:
            path.append((at.condition, level[at.depth - 1] + 1))
            at = at.parent
        return tuple(reversed(path))  # type: ignore[arg-type]  # only the outermost region has no condition

    def _put(self, top: _Block, node: Node, region: Region) -> None:
        block = top
        path = []
        at: Region | None = region
        while at is not None and at.parent is not None:
            path.append(at)
            at = at.parent
        for inside, (condition, level) in zip(reversed(path), self.homes[node, region], strict=True):
            block = self._side(block, condition, level)[inside.side - 1]
        own = self.levels[node, region][region.depth]
        if node not in self.w.sides:
            block.lines.append((own, node.id, Line(node, node)))
            return
        for side, value in zip(self._side(block, node.args[0], own), node.args[1:], strict=True):
            side.lines.append((1 << 30, node.id, Line(node, value)))

    def _side(self, block: _Block, condition: Node, level: int) -> tuple[_Block, _Block]:
        key = condition, level
        if key not in block.inner:
            block.inner[key] = _Block(), _Block()
        return block.inner[key]


__all__ = ["Branch", "Item", "Limits", "Line", "Measure", "Plan", "Written", "lines_of", "places", "scales"]
