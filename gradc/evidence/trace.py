"""A staged program and a point into the worked example: every line of both passes with its value.

What it shows is what the module does, for the module's own lines are run (see `watch`). Beside an adjoint stands the
gate's part in it, in the words of its entry: "+ distributes", "× swaps", "max routes to z".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gradc.base.errors import CYAN, Mark, Problem
from gradc.base.tables import html_table, table
from gradc.emit.operand import Printer
from gradc.evidence.line_values import Load, Run, Seen, Value, point, watch
from gradc.graph.dag import Node, Span
from gradc.ops.scalar import adjoint
from gradc.ops.table import Op, statics_of
from gradc.plan.program import Line, Program, Stmt

# What is said of lines that no gate has a part in.
_KINDS = {
    "zeros": "starts from zero",
    "own": "a copy of its own, to add to",
    "full": "one for each element",
}
# A point that takes more columns than this is written one input a line.
WIDTH = 80
_SHARED = "shared by the lines below"


@dataclass(frozen=True, slots=True)
class Row:
    """A line with its value. `number` is that of its gate, `part` what the gate does to the gradient.

    `error` says what the line raised, which ends the trace.
    """

    number: int
    text: str
    value: Value | None
    part: str = ""
    error: str = ""

    @property
    def shown(self) -> str:
        """The value as text."""
        return self.error or "not taken" if self.value is None else str(self.value)

    def to_dict(self) -> dict[str, Any]:
        value = None if self.value is None else self.value.to_dict()
        said = {key: text for key, text in (("part", self.part), ("error", self.error)) if text}
        return {"number": self.number, "line": self.text, "value": value, **said}


@dataclass(frozen=True, slots=True)
class Suspect:
    """The first line that goes non-finite, or fails, and where in the program it comes from."""

    row: Row
    backward: bool
    span: Span | None


@dataclass(frozen=True, slots=True, repr=False)
class Trace:
    """The worked example of a program at a point."""

    program: str
    inputs: dict[str, Value]
    forward: tuple[Row, ...]
    backward: tuple[Row, ...]
    df: tuple[Value, ...]
    outputs: dict[str, Value]
    gradients: dict[str, Value]
    suspect: Suspect | None = None

    def render(self, color: bool = False) -> str:
        """As the command line shows it."""
        lines = [*self.program.strip().splitlines(), *self._point(), "", "forward"]
        lines += _indented(table((), [_cells(row)[:3] for row in self.forward], "r"))
        if self.df:
            lines += ["", f"backward, from df = {', '.join(map(str, self.df))}"]
            lines += _indented(table((), map(_cells, self.backward), "r"))
        remark = self._remark(color)
        return "\n".join([*lines, *([""] if remark else []), *remark])

    def _point(self) -> list[str]:
        """The inputs with their values, on one line if that is short."""
        line = "at " + point(self.inputs)
        if len(line) <= WIDTH:
            return [line]
        return ["at", *_indented(table((), [[name, "=", str(value)] for name, value in self.inputs.items()]))]

    def _remark(self, color: bool = False) -> list[str]:
        if self.suspect is None:
            return []
        row, span = self.suspect.row, self.suspect.span
        line = "the adjoint line" if self.suspect.backward else "line"
        what = f"raises {row.error}" if row.error else "is the first that is not finite"
        said = f"{line} ({row.number}) {row.text} {what}" if row.number else f"{line} {row.text} {what}"
        problem = Problem(said + ("; it comes from" if span else ""), self.program, (Mark(*span),) if span else ())
        return problem.render(color=CYAN if color else "").splitlines()

    def markdown(self) -> str:
        """The derivation with the numbers put in, as a page of Markdown."""
        from gradc.evidence.blackboard import to_markdown

        return to_markdown(self, self._remark())

    def latex(self) -> str:
        """The same as aligned equations; matrices of up to 24 elements are written out."""
        from gradc.evidence.blackboard import to_latex

        return to_latex(self, self._remark())

    def html(self) -> str:
        """The same as a page of its own."""
        from gradc.evidence.blackboard import to_html

        return to_html(self, self._remark())

    def __repr__(self) -> str:
        return self.render()

    def to_dict(self) -> dict[str, Any]:
        """Plain data; a number that is not finite becomes one of the words "nan", "inf" and "-inf"."""
        return {
            "program": self.program,
            "inputs": _dicts(self.inputs),
            "forward": [row.to_dict() for row in self.forward],
            "df": [value.to_dict() for value in self.df],
            "backward": [row.to_dict() for row in self.backward],
            "outputs": _dicts(self.outputs),
            "gradients": _dicts(self.gradients),
            "first_not_finite": self._suspected(),
        }

    def _suspected(self) -> dict[str, Any] | None:
        if self.suspect is None:
            return None
        span = self.suspect.span
        place = {"span": list(span), "source": self.program[span[0] : span[1]]} if span else {}
        row = self.suspect.row
        which = "backward" if self.suspect.backward else "forward"
        return {"pass": which, "number": row.number, "line": row.text, **place}

    def _repr_html_(self) -> str:
        rows = [*map(_cells, self.forward), ["", "backward", "", ""], *map(_cells, self.backward)]
        remark = html_table((), [[line] for line in self._remark()])
        return html_table(["", "forward", "value", ""], rows, "rlrl") + remark


def trace(program: Program, target: str, values: Sequence[Any], load: Load, df: Any = None) -> Trace:
    """Run both passes at a point and say what every line gives and why; arguments as of `watch`."""
    run = watch(program, target, values, load, df)
    forward = tuple(
        Row(line.number, seen.text, seen.value, "", seen.error)
        for line, seen in zip(program.forward, run.forward, strict=False)
    )
    backward = tuple(_backward(program, target, run))
    return Trace(
        program=program.dag.text,
        inputs=run.inputs,
        forward=forward,
        backward=backward,
        df=run.df,
        outputs=dict(zip((name for name, _ in program.dag.outputs), run.outputs, strict=False)),
        gradients=run.gradients,
        suspect=_suspect(program, forward, backward),
    )


def _backward(program: Program, target: str, run: Run) -> Iterator[Row]:
    words = _Words(program, target)
    seen = iter(run.backward)
    last: dict[str, Value | None] = {program.module["df"]: run.df[0] if len(run.df) == 1 else None}
    for group in program.backward:
        shown = [(stmt, each) for stmt, each in zip(group.stmts, seen, strict=False)]
        moved = [words.target(stmt) for stmt, each in shown if _moved(stmt, each, last)]
        for stmt, each in shown:
            ran = each.value is not None
            part = words.of(group.line, stmt, [node for node in moved if node is not None]) if ran else ""
            yield Row(group.line.number if group.line else 0, each.text, each.value, part, each.error)


def _moved(stmt: Stmt, seen: Seen, last: dict[str, Value | None]) -> bool:
    """Whether a line gave its adjoint anything but zero."""
    before = last.get(stmt.target) if stmt.kind in ("sum", "+=") else None
    last[stmt.target] = seen.value
    return seen.value is not None and seen.value.items != (before.items if before else 0)


# ---- words -------------------------------------------------------------------------------------


class _Words:
    """What to say of the lines of a program's backward pass."""

    def __init__(self, program: Program, target: str) -> None:
        self.program = program
        module, sizes = program.module, program.sizes
        self.printer = Printer(program.names, target, literal=program.literal, module=module, sizes=sizes, typed=True)
        self.targets = adjoints(program)

    def target(self, stmt: Stmt) -> Node | None:
        """The forward value whose adjoint a line is about."""
        return self.targets.get(stmt.target)

    def of(self, line: Line | None, stmt: Stmt, moved: Sequence[Node]) -> str:
        """The gate's part in a line, in words; `moved` are the values to which the gate sent something."""
        if stmt.kind in _KINDS:
            return _KINDS[stmt.kind]
        target = self.target(stmt)
        if line is None:
            return "the output's own adjoint"
        if target is None:
            return _SHARED
        path = self._path(line.gate, target, stmt)
        said = ", ".join(dict.fromkeys(filter(None, (self._part(gate, moved) for gate in path))))
        return f"{said}; adds to the other path's" if stmt.kind in ("sum", "+=") else said

    def _path(self, gate: Node, target: Node, stmt: Stmt) -> list[Node]:
        """The gates written inside one line, from the line's own down to the one that takes the target."""
        above: dict[Node, Node | None] = {gate: None}
        queue = [gate]
        for node in queue:  # grows while it is read
            if target in node.args and (stmt.kind != "put" or _is_at(node, stmt.index)):
                path: list[Node] = []
                at: Node | None = node
                while at is not None:
                    path.append(at)
                    at = above[at]
                return path[::-1]
            for arg in node.args:
                if arg.args and arg not in above and arg not in self.program.names:
                    above[arg] = node
                    queue.append(arg)
        return [gate]

    def _part(self, gate: Node, moved: Sequence[Node]) -> str:
        text = gate.op.say.part or _default(gate.op)
        known = {name: self._name(arg) for name, arg in zip(gate.op.params, gate.args, strict=False)}
        known.update({name: str(value) for name, value in statics_of(gate.op, gate.attr).items()})
        known["out"] = self._name(gate)
        if "{to}" in text:
            known["to"] = self._receiver(gate, moved)
        for name, word in known.items():
            text = text.replace("{" + name + "}", word)
        return text

    def _receiver(self, gate: Node, moved: Sequence[Node]) -> str:
        """Which of its arguments a routing gate sent the gradient to."""
        if gate.shape:
            return "one of them, element by element"
        chosen = [arg for arg in gate.args if arg in moved]
        if chosen:
            return " and ".join(map(self._name, chosen))
        passive = [arg for arg in gate.args if arg not in self.targets.values() and not arg.op.boolean]
        return self._name(passive[0]) if len(passive) == 1 else "one of them"

    def _name(self, node: Node) -> str:
        """A value as the line has it, if that is short."""
        text = self.printer.text(node)
        return text if len(text) <= 20 else "it"


def _is_at(node: Node, index: tuple[object, ...]) -> bool:
    return bool(statics_of(node.op, node.attr).get("index") == index)


def _default(op: Op) -> str:
    """A gate of one argument scales by its slope, which its rule says.

    >>> from gradc.ops.scalar import sin
    >>> _default(sin)
    'sin scales by cos({x})'
    """
    import re

    name = op.say.symbol or op.name
    if len(op.partials()) != 1:
        return name
    words = "|".join((*op.params, *(key for key, _ in op.statics), "out"))
    return f"{name} scales by " + re.sub(rf"\b({words})\b", r"{\1}", op.partials()[0])


def adjoints(program: Program) -> dict[str, Node]:
    """The forward value behind each adjoint's name."""
    by_id = {node.id: node for node in program.names if node.op is not adjoint}
    found = {
        name: by_id[node.attr]
        for node, name in program.names.items()
        if node.op is adjoint and isinstance(node.attr, int) and node.attr in by_id
    }
    inputs = program.dag.inputs
    return {**found, **{name: inputs[key] for key, name in program.gradients.items() if name is not None}}


# ---- what went wrong ---------------------------------------------------------------------------


def _suspect(program: Program, forward: Iterable[Row], backward: Iterable[Row]) -> Suspect | None:
    """The first line that goes non-finite, or that fails."""
    gates = {line.number: line.gate for line in program.forward}
    for rows, back in ((forward, False), (backward, True)):
        for row in rows:
            if row.error or (row.value is not None and row.value.nonfinite):
                gate = gates.get(row.number)
                return Suspect(row, back, program.dag.spans.get(gate) if gate is not None else None)
    return None


def _cells(row: Row) -> list[str]:
    return [f"({row.number})" if row.number else "", row.text, row.shown, row.part]


def _indented(text: str) -> list[str]:
    return ["  " + line for line in text.splitlines()]


def _dicts(values: dict[str, Value]) -> dict[str, Any]:
    return {name: value.to_dict() for name, value in values.items()}
