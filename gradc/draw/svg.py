"""A circuit into SVG: one text, no script, no outside file; every letter of a name is escaped.

The picture brings its own paper and follows the reader's colour scheme, so that it reads on any page. A gate, its wires
and their values are one group: resting the mouse there shows the gate's title and lifts its wires out of the others.

>>> from gradc.draw.circuit import Circuit, Gate
>>> text = svg(Circuit((Gate(0, "<x>", "input", value="3.0"),), (), "a & b"))
>>> text.startswith("<svg "), "<title>a &amp; b</title>" in text, ">&lt;x&gt;</text>" in text
(True, True, True)
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gradc.draw.circuit import Circuit, small_enough
from gradc.draw.layout import LONGEST, NAME, VALUE, WORD, Drawing, Net, Point, Spot, font_size, lay_out
from gradc.draw.text import clip, plain

# The rules are confined to the class, as a picture inside a page shares the page's names.
_STYLE = """
.gradc-circuit{font-family:system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
.gradc-circuit .paper{fill:#fff}
.gradc-circuit .wire{fill:none;stroke:#57606a;stroke-width:1.3;stroke-linecap:round;stroke-linejoin:round}
.gradc-circuit .dot{fill:#57606a}
.gradc-circuit .gate{fill:#f6f8fa;stroke:#24292f;stroke-width:1.4}
.gradc-circuit text{fill:#1f2328;text-anchor:middle}
.gradc-circuit .input{text-anchor:end}
.gradc-circuit .output{text-anchor:start}
.gradc-circuit .name{fill:#656d76}
.gradc-circuit .value{fill:#116329}
.gradc-circuit .gradient{fill:#b3151c}
.gradc-circuit g:hover .wire{stroke:#0969da;stroke-width:2.4}
@media (prefers-color-scheme:dark){
.gradc-circuit .paper{fill:#0d1117}
.gradc-circuit .wire{stroke:#9198a1}
.gradc-circuit .dot{fill:#9198a1}
.gradc-circuit .gate{fill:#161b22;stroke:#d1d7e0}
.gradc-circuit text{fill:#e6edf3}
.gradc-circuit .name{fill:#9198a1}
.gradc-circuit .value{fill:#4ac26b}
.gradc-circuit .gradient{fill:#ff8182}
.gradc-circuit g:hover .wire{stroke:#58a6ff}
}
"""
_MINUS = "−"  # a hyphen is too short for a gate
_ROUNDED = 8.0  # corners of a box
_DOT = 2.4
_BASELINE = 0.36  # of the font size: how far a line's baseline is below its middle
_ABOVE, _BELOW = -5.0, 14.0  # from a wire to the baselines of its value and its gradient
_NAME_DROP = 12.0  # from a gate's lower edge to the baseline of its name


def svg(circuit: Circuit, linked: bool = False) -> str:
    """The circuit's picture; `TooManyGates` if it would be too large to read.

    `linked` says on each group which gate it is, for a page that has more to tell of it.
    """
    drawing = lay_out(small_enough(circuit))
    return "\n".join([*_head(circuit, drawing), *_groups(drawing, linked), "</svg>", ""])


def _head(circuit: Circuit, drawing: Drawing) -> Iterator[str]:
    size = f"{_number(drawing.width)} {_number(drawing.height)}"
    wide, tall = size.split()
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gradc-circuit" role="img" viewBox="0 0 {size}" '
        f'width="{wide}" height="{tall}">'
    )
    yield f"<title>{_escape(circuit.title or 'circuit')}</title>"
    yield f"<desc>{_escape(_description(circuit))}</desc>"
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="paper" width="{wide}" height="{tall}" rx="{_number(_ROUNDED)}"/>'


def _description(circuit: Circuit) -> str:
    """The picture in words, for those who don't see it: the inputs and what came back to each."""
    gates = sum(gate.kind == "gate" for gate in circuit.gates)
    inputs = [
        gate.label
        + (f" = {gate.value}" if gate.value is not None else "")
        + (f" (gradient {gate.gradient})" if gate.gradient is not None else "")
        for gate in circuit.gates
        if gate.kind == "input"
    ]
    shown = any(gate.value is not None or gate.gradient is not None for gate in circuit.gates)
    return (
        f"A circuit of {gates} gate{'' if gates == 1 else 's'} from left to right"
        + ("; values are green, above the wires, and gradients red, below them" if shown else "")
        + (f". Inputs: {', '.join(inputs)}." if inputs else ".")
    )


def _groups(drawing: Drawing, linked: bool) -> Iterator[str]:
    for spot, net in zip(drawing.spots, drawing.nets, strict=True):
        title = spot.gate.title or spot.gate.label
        key = f' data-gate="{spot.gate.id}"' if linked else ""
        yield f"<g{key}><title>{_escape(title)}</title>"
        if net.pieces:
            yield f'<path class="wire" d="{_path(net)}"/>'
        yield from (f'<circle class="dot" cx="{_number(x)}" cy="{_number(y)}" r="{_DOT}"/>' for x, y in net.dots)
        yield from _shape(spot)
        yield from _values(spot)
        yield "</g>"


def _shape(spot: Spot) -> Iterator[str]:
    if spot.shape == "circle":
        yield f'<circle class="gate" cx="{_number(spot.x)}" cy="{_number(spot.y)}" r="{_number(spot.half)}"/>'
    elif spot.shape == "box":
        left, top = _number(spot.x - spot.half), _number(spot.y - spot.tall)
        wide, tall = _number(2 * spot.half), _number(2 * spot.tall)
        yield f'<rect class="gate" x="{left}" y="{top}" width="{wide}" height="{tall}" rx="{_number(_ROUNDED)}"/>'
    if spot.shape == "text":  # set from the wire's end, so that it stays there in a narrower font
        side, role = (-1, "output") if spot.gate.kind == "output" else (1, "input")
        yield _text(role, spot.label, (spot.x + side * spot.half, spot.y + _BASELINE * WORD), WORD)
        return
    size = font_size(spot.label)
    yield _text("label", _MINUS if spot.label == "-" else spot.label, (spot.x, spot.y + _BASELINE * size), size)
    if spot.name:
        yield _text("name", spot.name, (spot.x, spot.y + spot.tall + _NAME_DROP), NAME)


def _values(spot: Spot) -> Iterator[str]:
    if spot.gate.value is not None:
        yield _text("value", clip(spot.gate.value, LONGEST), (spot.value_x, spot.y + _ABOVE), VALUE)
    if spot.gate.gradient is not None:
        yield _text("gradient", clip(spot.gate.gradient, LONGEST), (spot.value_x, spot.y + _BELOW), VALUE)


def _text(role: str, text: str, at: Point, size: float) -> str:
    x, y = map(_number, at)
    return f'<text class="{role}" x="{x}" y="{y}" font-size="{_number(size)}">{_escape(text)}</text>'


def _path(net: Net) -> str:
    """The pieces as one path; the pen is lifted only where a piece doesn't begin where the last one ended."""
    steps, pen = [], None
    for start, end in net.pieces:
        if start != pen:
            steps.append(f"M{_number(start[0])} {_number(start[1])}")
        if _number(start[1]) == _number(end[1]):
            steps.append(f"H{_number(end[0])}")
        else:
            half = _number((start[0] + end[0]) / 2)
            steps.append(f"C{half} {_number(start[1])} {half} {_number(end[1])} {_number(end[0])} {_number(end[1])}")
        pen = end
    return "".join(steps)


def _escape(text: str) -> str:
    return escape(plain(text))


def _number(value: float) -> str:
    """To a tenth of a unit, without a needless point or a minus before zero."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")
