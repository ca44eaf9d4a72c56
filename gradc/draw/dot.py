"""A circuit into Graphviz's DOT: values and gradients are labels on the edges, and a wire branches at a point.

>>> from gradc.draw.circuit import Circuit, Gate, Wire
>>> x, q = Gate(0, "x", "input", value="3.0", gradient="1.0"), Gate(1, "+", "gate", "q", title='say "q"')
>>> print(dot(Circuit((x, q), (Wire(0, 1, 0),), "q")), end="")
digraph {
  graph [rankdir=LR, label="q", labelloc=t, fontname="Helvetica"];
  node [fontname="Helvetica", fontsize=13, margin=0.03, height=0.4, width=0.4];
  edge [fontname="Helvetica", fontsize=11, arrowsize=0.6];
  g0 [shape=plaintext, label=<x>, tooltip="x"];
  g1 [label=<+<br/><font point-size="9" color="#656d76">q</font>>, tooltip="say \\"q\\"", ordering=in];
  g0 -> g1 [label=<<font color="#116329">3.0</font><br/><font color="#b3151c">1.0</font>>];
}
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gradc.draw.circuit import Circuit, Gate, branched
from gradc.draw.text import plain

_GREEN, _RED, _GREY = "#116329", "#b3151c", "#656d76"
_HEAD = """\
  node [fontname="Helvetica", fontsize=13, margin=0.03, height=0.4, width=0.4];
  edge [fontname="Helvetica", fontsize=11, arrowsize=0.6];"""


def dot(circuit: Circuit) -> str:
    """The circuit as a directed graph, of any size."""
    lines = [f'  graph [rankdir=LR, label={_quote(circuit.title)}, labelloc=t, fontname="Helvetica"];', _HEAD]
    lines += [f"  g{gate.id} [{_looks(gate)}];" for gate in circuit.gates]
    lines += [f"  {line}" for line in _edges(circuit)]
    return "\n".join(["digraph {", *lines, "}", ""])


def _looks(gate: Gate) -> str:
    label, tooltip = _escape(gate.label), _quote(gate.title or gate.label)
    if gate.kind != "gate":
        return f"shape=plaintext, label=<{label}>, tooltip={tooltip}"
    name = f'<br/><font point-size="9" color="{_GREY}">{_escape(gate.name)}</font>' if gate.name else ""
    return f"label=<{label}{name}>, tooltip={tooltip}" + (", ordering=in" if gate.ordered else "")


def _edges(circuit: Circuit) -> Iterator[str]:
    joints, wires = branched(circuit, _label)
    for id, label in joints.items():
        yield f"j{id} [shape=point, width=0.05, height=0.05];"
        yield f"g{id} -> j{id} [arrowhead=none, label={label}];"
    for source, target, label in wires:
        yield f"{source} -> {target}" + (f" [label={label}];" if label else ";")


def _label(gate: Gate) -> str:
    """Value over gradient, in their colours; empty if there is neither."""
    lines = [
        f'<font color="{colour}">{_escape(text)}</font>'
        for colour, text in ((_GREEN, gate.value), (_RED, gate.gradient))
        if text is not None
    ]
    return f"<{'<br/>'.join(lines)}>" if lines else ""


def _escape(text: str) -> str:
    """Text in a label: in Graphviz's subset of HTML, where nothing may be empty and a backslash still escapes."""
    return escape(plain(text)).replace("\\", "&#92;&#92;") or "&#160;"


def _quote(text: str) -> str:
    """A DOT string; Graphviz reads backslash sequences and HTML entities inside of it."""
    return '"' + plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") + '"'
