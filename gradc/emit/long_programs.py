"""Long programs of numbers: straight lines in many short functions, written as fast as they can be.

Python compiles a function of some hundred lines in half the time per line that one of many thousands takes, and
there is no graph of the gradient here: each gate writes what it sends back as text, into the line that needs it.

>>> from gradc.language import parse
>>> long = long_text(parse("sin(x)*y"), ["x", "y"])
>>> print(long.parts[0].replace("    ", " "))
def part0(x, g):
 x0, x1, = x[0:2]
 v0 = sin(x0)
 v1 = v0*x1
 g[0:2] = x1*cos(x0), v0
 return (v1,)
<BLANKLINE>
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from gradc.base.records import NamedTuple
from gradc.derive.reverse import active_nodes
from gradc.emit.operand import Printer, constant
from gradc.graph.dag import Dag, Node
from gradc.ops import borders, routing, scalar
from gradc.ops.table import ADD, ATOM, MUL, UNARY, Op
from gradc.optimize.backward import partials_of
from gradc.optimize.constructors import Frugal
from gradc.rewrite.safe_arguments import guard_branches
from gradc.rewrite.simplify import is_const, number
from gradc.rewrite.steep import Sparing

# Lines of a function, and operators of a line.
LINES, OPERATORS = 250, 24

# Contributions to an adjoint that wait for each other before they are added up, and derivatives that do for one line.
WAITING, TOGETHER = 6, 12


# An expression, the names that it reads, how tightly it binds, and its operators: a bare tuple, there are many.
Text = tuple[str, tuple[str, ...], int, int]

# What came back to a value so far: whether with a minus, and what.
Arrived = list[tuple[bool, Text]]

ONE: Text = ("1.0", (), ATOM, 0)


@dataclass(frozen=True, slots=True)
class LongText:
    """Functions, and the lines that call them in order with x (all inputs) and g (the gradient, filled in).

    `result` is the value after the first `ahead` calls; `carried` is what the calls after those take from them.
    """

    parts: list[str]
    calls: list[str]
    ahead: int
    result: str
    unpacked: list[str]
    carried: list[str]
    functions: dict[str, None]
    helpers: dict[str, None]
    operators: tuple[int, int]


# ---- what a gate is written as -----------------------------------------------------------------

# A gate's own value among its arguments.
OUT = -1

_MARK = re.compile("<(-?\\d+)>")
_CALL = re.compile(r"\bmath\.(\w+)")
_WHOLE = re.compile(r"(?<![\w.*])(\d+)(?![\w.])")


class Form(NamedTuple):
    """An expression of a gate's arguments: `%s` for each of `uses`, which bind at least as tightly as `least`."""

    text: str
    uses: tuple[int, ...]
    least: tuple[int, ...]
    precedence: int
    operators: int
    repeats: bool


class Slope(NamedTuple):
    """What a gate sends back: dout ("pass"), dout*form ("times"), dout/form ("over"), or by choice ("if", "unless")."""

    kind: str
    minus: bool
    form: Form


class Gate(NamedTuple):
    """All that is written of an operator."""

    value: Form
    slopes: tuple[Slope | None, ...]
    functions: tuple[str, ...]
    helpers: tuple[str, ...]


@cache
def gate_of(op: Op, attr: Hashable, literal: bool) -> Gate:
    """The texts of an operator with these static parameters."""
    build = Frugal(literal=literal)
    leaves = tuple(build.input(f"<{i}>") for i in range(len(op.params)))
    node = build.graph.node(op, leaves, attr)
    build.boundary, build.annihilate = 0, True
    writer = _FormWriter({**{leaf: f"<{i}>" for i, leaf in enumerate(leaves)}, node: f"<{OUT}>"}, literal)
    value = writer.form(build.make(op, leaves, attr), True)
    if op is routing.where:
        slopes = [None, Slope("if", False, writer.form(leaves[0])), Slope("unless", False, writer.form(leaves[0]))]
    elif op in borders.PASSES_ON:
        slopes = [Slope("pass", False, NOTHING) if rule else None for rule in borders.PASSES_ON[op]]
    elif op.boolean or not op.slopes:
        slopes = [None] * len(leaves)
    else:
        slopes = [writer.slope(partial and partial(build, leaves, node, attr)) for partial in partials_of(op, literal)]
    return Gate(value, tuple(slopes), tuple(writer.functions), tuple(writer.helpers))


class _FormWriter:
    def __init__(self, names: dict[Node, str], literal: bool) -> None:
        self.names, self.literal = names, literal
        self.functions: dict[str, None] = {}
        self.helpers: dict[str, None] = {}

    def form(self, node: Node, unnamed: bool = False) -> Form:
        printer = Printer(self.names, "math", literal=self.literal)
        text, precedence = printer._write(node, unnamed)
        self.functions.update(dict.fromkeys(_CALL.findall(text)))
        self.helpers.update(printer.helpers)
        uses = tuple(int(mark) for mark in _MARK.findall(text))
        written = printer._form(node).pieces if unnamed and node.args else ()
        least = [bound for _, name, bound in written if name in node.op.params]
        if len(least) != len(uses):
            least = [ATOM] * len(uses)
        text = _WHOLE.sub(r"\1.0", _MARK.sub("\0", text.replace("math.", "").replace("%", "%%"))).replace("\0", "%s")
        return Form(text, uses, tuple(least), precedence, printer.ops, len(set(uses)) < len(uses))

    def slope(self, partial: Node | None) -> Slope | None:
        if partial is None:
            return Slope("pass", False, NOTHING)
        if is_const(partial, 0):
            return None
        minus = partial.op is scalar.neg
        if minus:
            partial = partial.args[0]
        if is_const(partial) and number(partial) < 0:
            minus, partial = not minus, Frugal().const(-number(partial))
        if is_const(partial, 1):
            return Slope("pass", minus, NOTHING)
        if partial.op.boolean:
            return Slope("if", minus, self.form(partial))
        if partial.op is scalar.inv and partial not in self.names:
            return Slope("over", minus, self.form(partial.args[0]))
        return Slope("times", minus, self.form(partial))


NOTHING = Form("", (), (), ATOM, 0, False)


# ---- the lines ---------------------------------------------------------------------------------


class _Parts:
    """Lines in functions, and what one hands over to another."""

    def __init__(self) -> None:
        self.home: dict[str, int] = {}
        self.lines: list[list[str]] = []
        self.given: list[dict[int, dict[str, None]]] = []
        self.inputs: list[dict[int, None]] = []
        self.start()

    def start(self) -> None:
        """Begin a function."""
        self.part = len(self.lines)
        self.mine: list[str] = []
        self.taken: set[str] = set()
        self.lines.append(self.mine)
        self.given.append({})
        self.inputs.append({})

    def put(self, line: str, reads: tuple[str, ...]) -> None:
        """Append a line that reads names."""
        if len(self.mine) >= LINES:
            self.start()
        taken = self.taken
        for name in reads:
            if name not in taken:
                taken.add(name)
                if name[0] == "x":
                    self.inputs[self.part][int(name[1:])] = None
                elif (home := self.home[name]) != self.part:
                    self.given[home].setdefault(self.part, {})[name] = None
        self.mine.append(line)

    def name(self, name: str, text: str, reads: tuple[str, ...]) -> None:
        """Append a line that gives a name to an expression."""
        self.put(f"{name} = {text}", reads)
        self.home[name] = self.part


class _Long:
    """One pass over the gates for the value, one back for the gradient."""

    def __init__(self, dag: Dag, wrt: Sequence[str], place: Mapping[str, int], literal: bool) -> None:
        self.nodes, self.roots, self.literal = dag.nodes, dag.roots, literal
        self.place = {node: place[name] for name, node in dag.inputs.items()}
        self.targets = {dag.inputs[name]: place[name] for name in wrt}
        self.active = active_nodes(self.nodes, self.targets)
        self.behind = Sparing(dag.dims, self.nodes, self.roots, self.active).behind
        self.parts = _Parts()
        self.texts: dict[Node, Text] = {}
        self.gates: dict[tuple[Op, Hashable], Gate] = {}
        self.count = self.operators = 0
        self.found: list[tuple[int, str, tuple[str, ...]]] = []

    def named(self, text: Text, stem: str = "v") -> Text:
        """A line for a text, which goes by a name from then on."""
        name = f"{stem}{self.count}"
        self.count += 1
        self.operators += text[3]
        self.parts.name(name, text[0], text[1])
        return name, (name,), ATOM, 0

    # ---- forward -------------------------------------------------------------------------------

    def forward(self) -> None:
        """The lines of the value; what the gradient reads has a name afterwards."""
        named, plenty = self._to_name()
        texts, place, gates = self.texts, self.place, self.gates
        for node in self.nodes:
            if not node.args:
                texts[node] = (f"x{place[node]}", (f"x{place[node]}",), ATOM, 0) if node in place else _constant(node)
                continue
            text = self._filled(gates[node.op, node.attr].value, node.args)
            if node in named and (text[3] > 3 or node not in plenty):
                text = self.named(text)
            texts[node] = text
        for node in self.roots:
            if texts[node][3]:
                texts[node] = self.named(texts[node])

    def _to_name(self) -> tuple[set[Node], set[Node]]:
        """The values that are used several times or that the gradient reads, and those that are conditions."""
        seen: set[Node] = set(self.roots)
        named: set[Node] = set()
        conditions: set[Node] = set()
        active, gates, literal = self.active, self.gates, self.literal
        for node in self.nodes:
            args = node.args
            if not args:
                continue
            for arg in args:
                if arg in seen:
                    named.add(arg)
                else:
                    seen.add(arg)
            key = node.op, node.attr
            gate = gates.get(key)
            if gate is None:
                gate = gates[key] = gate_of(node.op, node.attr, literal)
            if node in active:
                for arg, slope in zip(args, gate.slopes, strict=True):
                    if slope is not None and arg in active:
                        for at in slope.form.uses:
                            named.add(node if at == OUT else args[at])
            elif node.op.boolean:
                conditions.add(node)
        return named, conditions

    def _filled(self, form: Form, args: tuple[Node, ...]) -> Text:
        """A form with the texts of its arguments; what is long, or bound too loosely, gets a name first."""
        texts = self.texts
        given, total = [], form.operators
        read: tuple[str, ...] = ()
        for at, least in zip(form.uses, form.least, strict=True):
            text, reads, precedence, operators = texts[args[at]]
            if operators and (precedence < least or form.repeats or total + operators > OPERATORS):
                text, reads, precedence, operators = texts[args[at]] = self.named(texts[args[at]])
            given.append(text if precedence >= least else f"({text})")
            read += reads
            total += operators
        return form.text % tuple(given), read, form.precedence, total

    # ---- backward ------------------------------------------------------------------------------

    def backward(self, seeds: Sequence[Text]) -> None:
        """The lines of the gradient: each gate's adjoint is added up where the gate's turn comes."""
        waiting: dict[Node, Arrived] = {}
        left, active, targets, gates = self._left(), self.active, self.targets, self.gates
        for node, seed in zip(self.roots, seeds, strict=True):
            if node in active:
                self._send(waiting, node, False, seed)
        for node in targets:
            if node in waiting and not left[node]:
                self._write_gradient(node, waiting.pop(node))
        for node in reversed(self.nodes):
            args = node.args
            if not args or node not in active:
                continue
            arrived = waiting.pop(node, None)
            if arrived is not None:
                self._step(node, gates[node.op, node.attr], arrived, waiting)
            for arg in args:
                if arg in targets:
                    left[arg] -= 1
                    if not left[arg] and arg in waiting:
                        self._write_gradient(arg, waiting.pop(arg))
        self._flush()

    def _left(self) -> dict[Node, int]:
        """How many uses each input still waits for."""
        left = dict.fromkeys(self.targets, 0)
        for node in self.nodes:
            if node in self.active:
                for arg in node.args:
                    if arg in left:
                        left[arg] += 1
        return left

    def _step(self, node: Node, gate: Gate, arrived: Arrived, waiting: dict[Node, Arrived]) -> None:
        """One gate: its adjoint, and what it sends back."""
        minus, dout = arrived[0] if len(arrived) == 1 else self._total(arrived)
        args, active, slopes = node.args, self.active, gate.slopes
        if len(args) == 2:
            x, y = args
            sent = [(x, slopes[0])] if slopes[0] is not None and x in active else []
            if slopes[1] is not None and y in active:
                sent.append((y, slopes[1]))
        elif len(args) > 1:
            sent = [
                (arg, slope) for arg, slope in zip(args, slopes, strict=True) if slope is not None and arg in active
            ]
        else:
            sent = [(args[0], slopes[0])] if slopes[0] is not None else []
        if dout[3] and (len(sent) > 1 or dout[2] < MUL or dout[3] >= OPERATORS - 1):
            dout = self.named(dout, "d")
        may_be_none = node in self.behind and dout is not ONE
        if may_be_none and dout[3]:
            dout = self.named(dout, "d")
        for arg, slope in sent:
            assert slope is not None
            part = dout if slope.kind == "pass" else self._contribution(dout, slope, node)
            if may_be_none and slope.kind in ("times", "over"):
                part = self.named((f"{part[0]} if {dout[0]} else 0.0", part[1], 0, part[3] + 1), "d")
            if arg in waiting:
                self._send(waiting, arg, minus is not slope.minus, part)
            else:
                waiting[arg] = [(minus is not slope.minus, part)]

    def _contribution(self, dout: Text, slope: Slope, node: Node) -> Text:
        """One contribution as text, without its sign."""
        kind, _, form = slope
        given, read = [], dout[1]
        for at in form.uses:
            text, reads, precedence, _ = self.texts[node if at == OUT else node.args[at]]
            given.append(text if precedence == ATOM else f"({text})")
            read += reads
        factor = form.text % tuple(given)
        operators = dout[3] + form.operators + 1
        if kind == "times":
            if dout is ONE:
                return factor, read, form.precedence, form.operators
            return f"{dout[0]}*{factor}" if form.precedence >= MUL else f"{dout[0]}*({factor})", read, MUL, operators
        if kind == "over":
            return f"{dout[0]}/{factor}" if form.precedence > UNARY else f"{dout[0]}/({factor})", read, MUL, operators
        choice = f"{dout[0]} if {factor} else 0.0" if kind == "if" else f"0.0 if {factor} else {dout[0]}"
        return self.named((choice, read, 0, operators), "d")

    def _send(self, waiting: dict[Node, Arrived], node: Node, minus: bool, text: Text) -> None:
        have = waiting.setdefault(node, [])
        have.append((minus, text))
        if len(have) >= WAITING:
            sign, total = self._total(have)
            waiting[node] = [(sign, self.named(total, "d"))]

    def _total(self, parts: Arrived) -> tuple[bool, Text]:
        """The sum of contributions, and whether its sign is still to come."""
        if len(parts) == 1:
            return parts[0]
        parts = sorted(parts, key=lambda part: part[0])
        all_minus = parts[0][0]
        out, total = "", len(parts) - 1
        read: tuple[str, ...] = ()
        for minus, part in parts:
            text, reads, precedence, operators = part if part[2] >= ADD else self.named(part, "d")
            sign = "" if not out else " - " if minus is not all_minus else " + "
            out += f"{sign}({text})" if sign == " - " and precedence < MUL else sign + text
            read += reads
            total += operators
        return all_minus, (out, read, ADD, total)

    def _write_gradient(self, node: Node, arrived: Arrived) -> None:
        minus, (text, reads, precedence, operators) = self._total(arrived)
        if minus:
            text = f"-{text}" if precedence >= MUL else f"-({text})"
        self.operators += operators + minus
        self.found.append((self.targets[node], text, reads))
        if len(self.found) >= TOGETHER or len(self.parts.mine) > LINES - TOGETHER:
            self._flush()

    def _flush(self) -> None:
        """Derivatives that are next to each other go into the gradient in one line."""
        found, self.found = sorted(self.found), []
        start = 0
        for k in range(1, len(found) + 1):
            if k < len(found) and found[k][0] == found[k - 1][0] + 1:
                continue
            low, high = found[start][0], found[k - 1][0] + 1
            place = f"g[{low}]" if high - low == 1 else f"g[{low}:{high}]"
            reads = (
                found[start][2] if high - low == 1 else tuple(chain.from_iterable(each[2] for each in found[start:k]))
            )
            self.parts.put(f"{place} = {', '.join([each[1] for each in found[start:k]])}", reads)
            start = k

    # ---- functions -----------------------------------------------------------------------------

    def finish(self, ahead: int, operators: int, stem: str) -> LongText:
        """The texts of the functions, and of their calls."""
        texts = [self.texts[node] for node in self.roots]
        parts = self.parts
        last = len(parts.lines)
        for text in texts:
            for name in text[1]:
                if name[0] == "v":
                    parts.given[parts.home[name]].setdefault(last, {})[name] = None
        came: list[list[int]] = [[] for _ in range(last + 1)]
        for a, given in enumerate(parts.given):
            for b in given:
                came[b].append(a)
        out, calls = [], []
        for k, lines in enumerate(parts.lines):
            params = "".join(f", p{a}_{k}" for a in came[k])
            head = _inputs(parts.inputs[k]) + [f"{_list(parts.given[a][k])} = p{a}_{k}" for a in came[k]]
            back = [f"({_list(names)})" for names in parts.given[k].values()]
            tail = [f"return {', '.join(back)}"] if back else []
            out.append("\n    ".join([f"def {stem}{k}(x, g{params}):", *head, *lines, *tail]) + "\n")
            targets = ", ".join(f"p{k}_{b}" for b in parts.given[k])
            calls.append(f"{targets} = {stem}{k}(x, g{params})" if targets else f"{stem}{k}(x, g{params})")
        unpacked = [f"{_list(parts.given[a][last])} = p{a}_{last}" for a in came[last]]
        value = ", ".join(f"x[{text[0][1:]}]" if text[0][0] == "x" else text[0] for text in texts)
        carried = [f"p{a}_{b}" for b in range(ahead, last) for a in came[b] if a < ahead]
        functions = dict.fromkeys(name for gate in self.gates.values() for name in gate.functions)
        helpers = dict.fromkeys(name for gate in self.gates.values() for name in gate.helpers)
        counts = operators, self.operators - operators
        return LongText(
            out, calls, ahead, value if len(texts) == 1 else f"({value})", unpacked, carried, functions, helpers, counts
        )


def _constant(node: Node) -> Text:
    text, precedence = constant(float(number(node)))
    return text, (), precedence, 0


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) + ","


def _inputs(places: Iterable[int]) -> list[str]:
    """Lines that bring inputs into names: a slice where they lie close together."""
    order = sorted(places)
    if not order:
        return []
    low, high = order[0], order[-1] + 1
    if high - low < 2 * len(order):
        return [f"{_list(f'x{i}' for i in range(low, high))} = x[{low}:{high}]"]
    return [f"x{i} = x[{i}]" for i in order]


def long_text(
    dag: Dag, wrt: Sequence[str], place: Mapping[str, int] | None = None, literal: bool = False, seeded: bool = False
) -> LongText:
    """The functions of a program of numbers. `place` says where in x (and in g, the gradient) each input stands.

    With `seeded` the upstream adjoints of the outputs follow the inputs in x, and no function is part of both passes.
    """
    if any(node.op is routing.where for node in dag.nodes):
        dag = guard_branches(dag, literal)
    place = place or {name: i for i, name in enumerate(dag.inputs)}
    long = _Long(dag, wrt, place, literal)
    long.forward()
    ahead, operators = len(long.parts.lines), long.operators
    if seeded:
        long.parts.start()
        names = [f"x{len(place) + i}" for i in range(len(dag.outputs))]
        long.backward([(name, (name,), ATOM, 0) for name in names])
    else:
        long.backward([ONE] * len(dag.outputs))
    stem = "part"
    while any(name.startswith(stem) for name in dag.inputs):  # the caller's own names hide functions
        stem += "_"
    return long.finish(ahead, operators, stem)
