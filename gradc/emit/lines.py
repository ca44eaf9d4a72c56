"""A graph of single numbers into lines: which values get one, in which order, in which side of which branch.

A value that is used once is written inside the line of its user, up to a few operators. A branch whose sides
need lines of their own becomes an `if`; any other is a conditional expression.

>>> from gradc.ops import routing as r, scalar as s
>>> from gradc.optimize.constructors import Frugal
>>> build = Frugal()
>>> x, zero = build.input("x"), build.const(0)
>>> slope = build.make(s.div, (build.make(s.log, (x,)), x))
>>> out = build.make(r.where, (build.make(r.gt, (x, zero)), build.make(s.mul, (slope, slope)), zero))
>>> plan = lines_of(build.graph.nodes, [out], places(build.graph.nodes, [out]))
>>> for item in plan.items:
...     print(item.condition.text, [line.text.text for line in item.then], [line.text.text for line in item.otherwise])
%s > 0.0 ['log(%s)/%s', '%s*%s'] ['0.0']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from gradc.emit.operand import form_cost
from gradc.graph.dag import Node
from gradc.ops.routing import where
from gradc.ops.scalar import const, mul
from gradc.ops.table import ATOM, MUL, UNARY, Form, Op, statics_of
from gradc.rewrite.sides import Region, places
from gradc.rewrite.simplify import number


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is written on one line: operators, parentheses within each other, characters."""

    operators: int = 8
    parentheses: int = 2
    width: int = 90


@dataclass(frozen=True, slots=True)
class Text:
    """An expression with `%s` for each of the values that it reads."""

    text: str
    reads: tuple[Node, ...]
    precedence: int = ATOM
    operators: int = 0
    nested: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """target = text."""

    target: Node
    text: Text


@dataclass(frozen=True, slots=True)
class Branch:
    """if condition: then; else: otherwise."""

    condition: Text
    then: tuple[Item, ...]
    otherwise: tuple[Item, ...]


Item = Line | Branch


@dataclass(frozen=True, slots=True)
class Plan:
    """The lines in order, and the text of each result; `written` are the nodes that have a line.

    `same` has inner branches that only choose for an outer one: both go by the outer one's name.
    """

    items: tuple[Item, ...]
    results: tuple[Text, ...]
    written: tuple[Node, ...]
    operators: dict[Op, None]
    same: dict[Node, Node]


# ---- forms -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shape:
    """A gate's form cut at its holes: (text before, argument, least precedence), and the rest."""

    holes: tuple[tuple[str, int, int], ...]
    tail: str
    precedence: int
    cost: int
    repeats: frozenset[int]


@cache
def shape_of(op: Op, form: Form) -> Shape:
    """How a gate is written for single numbers; the functions of `math` go by their bare names."""
    holes, tail = [], ""
    for before, name, least in form.pieces:
        if name in op.params:
            holes.append((_escaped(tail + before), op.params.index(name), least))
            tail = ""
        else:
            tail += before + ("{" + name + "}" if name else "")
    order = [at for _, at, _ in holes]
    repeats = frozenset(at for at in order if order.count(at) > 1)
    return Shape(tuple(holes), _escaped(tail), form.precedence, form_cost(form.text, "math"), repeats)


def form_of(node: Node) -> Shape:
    """How a node is written: shorter where all its static parameters are the usual ones."""
    op = node.op
    if op.statics and "math_plain" in op.code:
        given = statics_of(op, node.attr)
        if all(given[name] == default for name, default in op.statics):
            return shape_of(op, op.code["math_plain"])
    return shape_of(op, op.code["math"])


_WHOLE = re.compile(r"(?<![\w.*])(\d+)(?![\w.])")


def _escaped(text: str) -> str:
    return _WHOLE.sub(r"\1.0", text.replace("math.", "").replace("%", "%%"))


# ---- lines -------------------------------------------------------------------------------------


def lines_of(
    nodes: Sequence[Node],
    results: Sequence[Node],
    placed: Mapping[Node, tuple[Region, ...]],
    keep: Iterable[Node] = (),
    limits: Limits = Limits(),
) -> Plan:
    """The plan of a list of nodes, in topological order. What they take and is not among them has a name already.

    `keep` must get lines; `results` are written out at the end.
    """
    writer = _Writer(nodes, results, placed, frozenset(keep), limits)
    for node in nodes:
        if node.args:
            writer.write(node)
    texts = tuple(writer.operand(node) for node in results)
    items = writer.ordered()
    return Plan(items, texts, tuple(writer.lines), writer.operators, writer.same())


class _Writer:
    """Texts of the nodes so far, and which of them have become lines."""

    def __init__(
        self,
        nodes: Sequence[Node],
        results: Sequence[Node],
        placed: Mapping[Node, tuple[Region, ...]],
        keep: frozenset[Node],
        limits: Limits,
    ) -> None:
        self.placed, self.limits = placed, limits
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
        self.open: dict[Node, Text] = {}
        self.lines: dict[Node, Text] = {}
        self.sides: dict[Node, tuple[Text, Text, Text]] = {}
        self.busy: set[Region] = set()
        self.operators: dict[Op, None] = {}

    def write(self, node: Node) -> None:
        """Make the text of a node, in which what is used once stands written out."""
        op = node.op
        self.operators[op] = None
        if op is where and any(
            region.side_of(node.args[0], side) in self.busy for region in self.placed[node] for side in (1, 2)
        ):
            self.branch(node)
            return
        form = form_of(node)
        taken = [self.operand(arg) for arg in node.args]
        text = self.filled(node, form, taken)
        if op is where and not self.fits(text):
            self.branch(node)
            return
        if not self.fits(text):
            for at in sorted(range(len(taken)), key=lambda at: -taken[at].operators):
                if taken[at].operators:
                    self.line(node.args[at])
                    taken[at] = self.operand(node.args[at])
                    text = self.filled(node, form, taken)
                    if self.fits(text):
                        break
        self.open[node] = text
        if node in self.keep or (self.uses.get(node, 0) > 1 and not self.is_repeated(node)):
            self.line(node)

    def is_repeated(self, node: Node) -> bool:
        """Whether a node is written out wherever it is used: a comparison of names, in conditions."""
        if not node.op.boolean or any(arg in self.open for arg in node.args):
            return False
        return self.uses[node] - max(self.conditions.get(node, 0) - 1, 0) <= 2

    def operand(self, node: Node) -> Text:
        """A node as a part of another text."""
        text = self.open.get(node)
        if text is not None:
            return text
        if node.op is const:
            value = repr(number(node))
            if value[-1] in "fn":
                value = f'float("{value}")'
            return Text(value, (), UNARY if value[0] == "-" else ATOM)
        return Text("%s", (node,))

    def filled(self, node: Node, form: Shape, taken: list[Text]) -> Text:
        """A form with its arguments in place."""
        text, operators, nested = "", form.cost, 0
        reads: tuple[Node, ...] = ()
        for before, at, least in form.holes:
            if at in form.repeats and taken[at].operators:
                self.line(node.args[at])
                taken[at] = self.operand(node.args[at])
            arg = taken[at]
            inner = arg.text
            if arg.precedence < least and not (at and least == UNARY and arg.precedence == MUL and _scales(node)):
                inner = f"({inner})"
                nested = max(nested, arg.nested + 1)
            else:
                nested = max(nested, arg.nested)
            if before == "-" and inner[0].isdigit() and not text:
                operators -= 1  # a minus on a literal
            text += before + inner
            reads += arg.reads
            operators += arg.operators
        text += form.tail
        if node.op.statics:
            for key, value in statics_of(node.op, node.attr).items():
                text = text.replace("{" + key + "}", str(value))
        return Text(text, reads, form.precedence, operators, nested)

    def fits(self, text: Text) -> bool:
        limits = self.limits
        return (
            text.operators <= limits.operators
            and text.nested <= limits.parentheses
            and len(text.text) + 4 * len(text.reads) <= limits.width
        )

    def line(self, node: Node) -> None:
        """Give a node a line of its own."""
        if node in self.open:
            self.lines[node] = self.open.pop(node)
            self.mark(node)

    def mark(self, node: Node) -> None:
        for region in self.placed[node]:
            at: Region | None = region
            while at is not None and at not in self.busy:
                self.busy.add(at)
                at = at.parent

    def branch(self, node: Node) -> None:
        """A `where` as an `if`: each side is a line in its block."""
        c, x, y = (self.operand(arg) for arg in node.args)
        self.sides[node] = (c, x, y)
        self.lines[node] = Text("", c.reads)
        self.mark(node)

    def same(self) -> dict[Node, Node]:
        """Branches that are nothing but a side of another one, outermost last."""
        found: dict[Node, Node] = {}
        for node in sorted(self.sides, key=lambda node: -node.id):
            for text in self.sides[node][1:]:
                if (
                    text.text == "%s"
                    and text.reads[0] in self.sides
                    and self.uses[text.reads[0]] == 1
                    and text.reads[0] not in self.keep
                ):
                    found[text.reads[0]] = found.get(node, node)
        return found

    # ---- order ---------------------------------------------------------------------------------

    def ordered(self) -> tuple[Item, ...]:
        """The items of the outermost region."""
        if not self.sides and not any(node.op is where for node in self.lines):
            return tuple([Line(node, text) for node, text in sorted(self.lines.items(), key=lambda item: item[0].id)])
        return _Order(self).items()


def _scales(node: Node) -> bool:
    """Whether a gate is a constant times something: k*(a*b) is written k*a*b."""
    return node.op is mul and node.args[0].op is const


# ---- blocks ------------------------------------------------------------------------------------

Levels = tuple[int, ...]


@dataclass(slots=True)
class _Block:
    """The lines and inner blocks of one side; `place` sorts them, values before the branches that read them."""

    lines: list[tuple[int, int, Line]] = field(default_factory=list)
    inner: dict[tuple[Node, int], tuple[Text, _Block, _Block]] = field(default_factory=dict)

    def items(self) -> tuple[Item, ...]:
        found: list[tuple[int, int, int, Item]] = [(level, 1, id, line) for level, id, line in self.lines]
        for (condition, level), (text, then, otherwise) in self.inner.items():
            found.append((level, 0, condition.id, Branch(text, then.items(), otherwise.items())))
        return tuple(item for *_, item in sorted(found, key=lambda each: each[:3]))


class _Order:
    """Levels: a branch that needs the outcome of another one comes a level later; the rest is in order of creation.

    A line at level n may read what the branches of level n and below assign. The branches of one condition
    and level are one `if`.
    """

    def __init__(self, writer: _Writer) -> None:
        self.w = writer
        self.lines = sorted(writer.lines, key=lambda node: node.id)
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
                for node in members:
                    if node not in w.sides:
                        w.sides[node] = self._taken_apart(node)

    def _taken_apart(self, node: Node) -> tuple[Text, Text, Text]:
        """The texts of the arguments of a `where` that was written as a conditional expression."""
        again = _Again(self.w)
        return again.text(node.args[0]), again.text(node.args[1]), again.text(node.args[2])

    def _reads(self, node: Node, region: Region) -> list[tuple[Node, Region]]:
        """The lines that a line needs, each where this one sees it."""
        w = self.w
        if node not in w.sides:
            return [found for read in w.lines[node].reads if (found := self._seen(read, region)) is not None]
        out = []
        for side, text in enumerate(w.sides[node]):
            at = region.side_of(node.args[0], side) if side else region
            out += [found for read in text.reads if (found := self._seen(read, at)) is not None]
        return out

    def _seen(self, read: Node, region: Region) -> tuple[Node, Region] | None:
        if read not in self.w.lines:
            return None
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
            block.lines.append((own, node.id, Line(node, self.w.lines[node])))
            return
        for side, text in zip(self._side(block, node.args[0], own), self.w.sides[node][1:], strict=True):
            side.lines.append((1 << 30, node.id, Line(node, text)))

    def _side(self, block: _Block, condition: Node, level: int) -> tuple[_Block, _Block]:
        key = condition, level
        if key not in block.inner:
            block.inner[key] = _Again(self.w).text(condition), _Block(), _Block()
        return block.inner[key][1:]


class _Again:
    """Texts of nodes that were written inside another line, made once more."""

    def __init__(self, writer: _Writer) -> None:
        self.writer = writer

    def text(self, node: Node) -> Text:
        w = self.writer
        if not node.args or node in w.lines or node not in w.inside:
            return w.operand(node) if node not in w.lines else Text("%s", (node,))
        taken = [self.text(arg) for arg in node.args]  # as deep as one line is
        return w.filled(node, form_of(node), taken)


__all__ = ["Branch", "Item", "Limits", "Line", "Plan", "Text", "lines_of", "places"]
