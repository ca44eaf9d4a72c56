"""A staged program into the circuit of the notes: gates as circles, values above the wires, gradients below.

Every gate of the program is one of the picture; what is added, multiplied or raised by a constant is one gate with it
(`*2`, `+1`), and an element of an input (`w[0]`) is an input. With a point, the module is run there (see `watch`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradc.base.files import DRAWN, write_whole
from gradc.base.tables import html_table, number, table
from gradc.draw import Circuit, Gate, Wire, dot, mermaid, png, svg
from gradc.draw.circuit import MOST_GATES, Kind
from gradc.emit import emit
from gradc.emit.operand import subscript
from gradc.evidence.line_values import Load, Run, Value, watch
from gradc.evidence.trace import adjoints
from gradc.graph.dag import Node
from gradc.graph.shapes import show
from gradc.ops import array, scalar
from gradc.ops.table import statics_of
from gradc.plan.program import Program
from gradc.rewrite.simplify import is_const
from gradc.rewrite.simplify import number as value_of

FORMATS = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid", ".png": "png"}

_RAISED = dict(zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))
# Digits on a wire, where there is little room.
DIGITS = 4
# A title longer than this is cut.
TITLE = 200
# An array whose elements take more characters than this is shown by its shape.
ROOM = 16


@dataclass(frozen=True, slots=True, repr=False)
class Graph:
    """A program's circuit, to look at, to save, or to take apart."""

    circuit: Circuit

    @property
    def svg(self) -> str:
        """The picture; `TooManyGates` (a ValueError) says what to do instead if it would be too large to read."""
        head, rest = svg(self.circuit).split(">", 1)
        return f"{head}><!-- {DRAWN} -->{rest}"

    @property
    def linked(self) -> str:
        """The picture with the number of each gate on it, as a part of a page."""
        return svg(self.circuit, linked=True)

    @property
    def dot(self) -> str:
        """The circuit in Graphviz's language."""
        return f"// {DRAWN}\n{dot(self.circuit)}"

    @property
    def mermaid(self) -> str:
        """The circuit as a Mermaid flowchart."""
        return f"%% {DRAWN}\n{mermaid(self.circuit)}"

    @property
    def png(self) -> bytes:
        """The picture as PNG, by the optional package resvg_py."""
        return _signed(png(self.circuit))

    def text(self, format: str) -> str | bytes:
        """The circuit as "svg", "dot", "mermaid" or "png"."""
        if format not in FORMATS.values():
            raise ValueError(f"no format {format!r}; it is one of {', '.join(dict.fromkeys(FORMATS.values()))}")
        drawn: str | bytes = getattr(self, format)
        return drawn

    def save(self, path: str | os.PathLike[str], format: str = "", force: bool = False) -> str | os.PathLike[str]:
        """Write the picture, whole or not at all, in the format that the name ends in unless another is asked for."""
        return write_whole(path, self.text(format or format_of(path)), force)

    def to_dict(self) -> dict[str, Any]:
        """Gates and wires as plain data."""
        gates = [
            {key: getattr(gate, key) for key in ("id", "kind", "label", "name", "value", "gradient", "title")}
            for gate in self.circuit.gates
        ]
        wires = [{"from": wire.source, "to": wire.target, "slot": wire.slot} for wire in self.circuit.wires]
        return {"title": self.circuit.title, "gates": gates, "wires": wires}

    def _rows(self) -> list[list[str]]:
        gates = [gate for gate in self.circuit.gates if gate.kind in ("input", "gate")]
        return [[gate.label, gate.name, gate.value or "", gate.gradient or ""] for gate in gates]

    def __repr__(self) -> str:
        return f"circuit of {self.circuit.title}\n" + table(["gate", "name", "value", "gradient"], self._rows(), "llrr")

    def _repr_svg_(self) -> str | None:
        return self.svg if sum(gate.kind == "gate" for gate in self.circuit.gates) <= self.circuit.most else None

    def _repr_html_(self) -> str:
        return self._repr_svg_() or html_table(["gate", "name", "value", "gradient"], self._rows(), "llrr")


def _signed(picture: bytes) -> bytes:
    """A PNG that says in a comment who drew it, after its first chunk.

    >>> DRAWN.encode() in _signed(bytes(33))
    True
    """
    from zlib import crc32

    text = b"tEXtComment\x00" + DRAWN.encode()
    return picture[:33] + (len(text) - 4).to_bytes(4, "big") + text + crc32(text).to_bytes(4, "big") + picture[33:]


def format_of(path: str | os.PathLike[str]) -> str:
    """The format that a file's name ends in.

    >>> format_of("a/f.svg"), format_of("f.GV")
    ('svg', 'dot')
    """
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if ending not in FORMATS:
        raise ValueError(f"cannot tell the format of {os.fspath(path)!r}: let it end in {', '.join(FORMATS)}")
    return FORMATS[ending]


def graph(
    program: Program, target: str, values: Sequence[Any] | None, load: Load, df: Any = None, most: int = MOST_GATES
) -> Graph:
    """The circuit of a program staged gate by gate; with values and gradients, if the inputs are given."""
    run = None if values is None else watch(program, target, values, load, df)
    return Graph(replace(_Drawn(program, target, run).circuit(), most=most))


class _Drawn:
    """The gates and wires of one program, as they are found."""

    def __init__(self, program: Program, target: str, run: Run | None) -> None:
        self.program = program
        stages = emit(program, target).stages
        self.lines = {line.gate: text for line, (_, text) in zip(program.forward, stages, strict=True)}
        self.values, self.slopes = _figures(program, run)
        self.gates: list[Gate] = []
        self.wires: list[Wire] = []
        self.places: dict[Node, int] = {}

    def circuit(self) -> Circuit:
        """The whole, inputs first, outputs last."""
        program = self.program
        whole = {arg for line in program.forward if not _is_element(line.gate) for arg in line.gate.args}
        parts = {line.gate.args[0] for line in program.forward if _is_element(line.gate)}
        for name, node in program.dag.inputs.items():
            if node in whole or node not in parts or node in program.outputs:
                self._add(node, name, "input")
        for line in program.forward:
            self._gate(line.gate)
        for name, node in program.dag.outputs:
            self.wires.append(Wire(self._source(node), len(self.gates), 0))
            self.gates.append(Gate(len(self.gates), name, "output"))
        title = " ".join(program.dag.text.split())
        return Circuit(tuple(self.gates), tuple(self.wires), title if len(title) <= TITLE else title[: TITLE - 1] + "…")

    def _gate(self, gate: Node) -> None:
        title = self.lines[gate]
        if _is_element(gate):
            self._add(gate, self.program.names[gate.args[0]] + _subscript(gate), "input")
            return
        label, args = _label(gate)
        sources = [self._source(arg) for arg in args]
        at = self._add(gate, label, "gate", self.program.names[gate], title)
        self.wires += [Wire(source, at, slot) for slot, source in enumerate(sources)]

    def _source(self, node: Node) -> int:
        """The gate whose wire carries a value; a constant is drawn beside each of its users."""
        if node in self.places:
            return self.places[node]
        self.gates.append(Gate(len(self.gates), _constant(node), "constant"))
        return len(self.gates) - 1

    def _add(self, node: Node, label: str, kind: Kind, name: str = "", title: str = "") -> int:
        found = {"value": self.values.get(node), "gradient": self.slopes.get(node)}
        known = {what: value for what, value in found.items() if value is not None}
        said = "; ".join([title or label, *(f"{what} {value}" for what, value in known.items())])
        on_wire = {what: short(value) for what, value in known.items()}
        self.places[node] = at = len(self.gates)
        self.gates.append(Gate(at, label, kind, name, title=said, ordered=not node.op.commutes, **on_wire))
        return at


def _figures(program: Program, run: Run | None) -> tuple[dict[Node, Value], dict[Node, Value]]:
    """The value of every node, and the gradient that came back to it, as far as the run got."""
    if run is None:
        return {}, {}
    values = {program.dag.inputs[name]: value for name, value in run.inputs.items()}
    values |= {line.gate: seen.value for line, seen in zip(program.forward, run.forward, strict=False) if seen.value}
    by_name = adjoints(program)
    slopes = dict(zip(program.outputs, run.df, strict=False))
    stmts = (stmt for group in program.backward for stmt in group.stmts)
    for stmt, seen in zip(stmts, run.backward, strict=False):
        if seen.value is not None and stmt.target in by_name:
            slopes[by_name[stmt.target]] = seen.value
    return values, slopes


def _is_element(gate: Node) -> bool:
    """Whether a gate is a part of an input, `w[0]`, which is drawn as an input."""
    return gate.op is array.index and not gate.args[0].args


def _label(gate: Node) -> tuple[str, tuple[Node, ...]]:
    """What stands in a gate, and the arguments that reach it by wires."""
    text = gate.op.say.symbol or gate.op.name
    for name, value in statics_of(gate.op, gate.attr).items():
        text = text.replace("{" + name + "}", str(value))
    if gate.op is array.index:
        return _subscript(gate), gate.args
    if gate.op is scalar.neg:
        return "*-1", gate.args
    if gate.op is scalar.ipow:
        return "x" + "".join(_RAISED.get(char, char) for char in text[2:]), gate.args
    if len(gate.args) != 2 or len(text) > 1 or gate.op.boolean:
        return text, gate.args
    x, y = gate.args
    if is_const(y):
        return text + _constant(y), (x,)
    if is_const(x):
        return (text + _constant(x) if gate.op.commutes else _constant(x) + text), (y,)
    return text, gate.args


def _subscript(gate: Node) -> str:
    return f"[{subscript(statics_of(gate.op, gate.attr)['index'])}]"


def _constant(node: Node) -> str:
    """A leaf that is no input: a number, a size, an identity matrix."""
    if is_const(node):
        return number(value_of(node), DIGITS)
    if node.op.say.symbol:
        return node.op.say.symbol
    return node.op.name if node.attr is None or node.op.statics else str(node.attr)


def short(value: Value) -> str:
    """A value as it fits on a wire.

    >>> from gradc.evidence.line_values import summary
    >>> short(summary(0.0179862)), short(summary([1.25, 2])), short(summary([[0.0] * 9]))
    ('0.01799', '[1.25, 2]', '(1, 9)')
    """
    if not value.shape:
        return number(value.items, DIGITS)
    text = str(value) if value.items is not None else ""
    return text if 0 < len(text) <= ROOM else show(value.shape)
