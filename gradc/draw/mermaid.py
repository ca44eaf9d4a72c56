"""A circuit into a Mermaid flowchart, as GitHub and many notebooks draw it; a wire branches at a point.

>>> from gradc.draw.circuit import Circuit, Gate, Wire
>>> x, q = Gate(0, "x", "input", value="3.0", gradient="1.0"), Gate(1, "+", "gate", "q")
>>> print(mermaid(Circuit((x, q), (Wire(0, 1, 0),), "q")), end="")
flowchart LR
  g0["x"]:::bare
  g1(("#43;<br/>q"))
  g0 -- "3.0<br/>∇ 1.0" --> g1
  classDef bare fill:none,stroke:none
"""

from __future__ import annotations

from collections.abc import Iterator

from gradc.draw.circuit import Circuit, Gate, branched
from gradc.draw.text import plain


def mermaid(circuit: Circuit) -> str:
    """The circuit as a flowchart, of any size."""
    lines = [_node(gate) for gate in circuit.gates]
    lines += _edges(circuit)
    return "\n".join(["flowchart LR", *(f"  {line}" for line in lines), "  classDef bare fill:none,stroke:none", ""])


def _node(gate: Gate) -> str:
    label = _escape(gate.label)
    if gate.kind != "gate":
        return f'g{gate.id}["{label}"]:::bare'
    return f'g{gate.id}(("{label}<br/>{_escape(gate.name)}"))' if gate.name else f'g{gate.id}(("{label}"))'


def _edges(circuit: Circuit) -> Iterator[str]:
    joints, wires = branched(circuit, _label)
    for id, label in joints.items():
        yield f'j{id}[" "]:::bare'
        yield f'g{id} -- "{label}" --- j{id}'
    for source, target, label in wires:
        yield f"{source} " + (f'-- "{label}" --> ' if label else "--> ") + target


def _label(gate: Gate) -> str:
    value = [] if gate.value is None else [_escape(gate.value)]
    gradient = [] if gate.gradient is None else [f"∇ {_escape(gate.gradient)}"]
    return "<br/>".join(value + gradient)


def _escape(text: str) -> str:
    """Text between quotes: what Mermaid, Markdown or HTML might read as theirs becomes a number.

    A lone `+` or a `1.` would be a list, a backtick a string in Markdown; a point in front of a digit, and a minus
    that begins a number, can be nothing else and stay readable.
    """
    line = plain(text) or " "
    return "".join(char if _is_plain(line, at) else f"#{ord(char)};" for at, char in enumerate(line))


def _is_plain(line: str, at: int) -> bool:
    char, following = line[at], line[at + 1 : at + 2]
    return char.isalnum() or char in " _" or (char in "-." and following.isdigit())
