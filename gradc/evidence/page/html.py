"""A compiled program and a point into one self-contained page: formula, circuit, both passes, check and report.

Everything stands in the page as text, so that it reads without its script, too; the script steps through the lines,
and lights a line, its gate and the piece of the program together. Nothing is loaded from anywhere.
"""

from __future__ import annotations

import io
import itertools
import keyword
import os
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from gradc.base.files import DRAWN, read, write_whole
from gradc.draw.circuit import TooManyGates
from gradc.evidence.check import Check
from gradc.evidence.circuit import Graph, short
from gradc.evidence.derivative_forms import count_text
from gradc.evidence.report import Report
from gradc.evidence.trace import Row, Trace
from gradc.language.latex import formula
from gradc.language.mathml import mathml

_HERE = os.path.dirname(__file__)
# A module, or a pass, of more lines than this is cut on the page.
MOST_LINES = 400
# A program of more characters is shown without its pieces lighting up.
LONGEST_PROGRAM = 20_000


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a pass: its place in the page, the gate that it is about, and its value as it fits on a wire."""

    row: Row
    back: bool
    gate: int | None

    def to_dict(self) -> dict[str, Any]:
        """What the script needs of it."""
        row = self.row
        value = None if row.value is None else short(row.value)
        return {
            "number": row.number,
            "text": row.text,
            "shown": row.shown,
            "part": row.part,
            "back": self.back,
            "gate": self.gate,
            "value": value,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """A page about a program, to look at, to save, or to show in a notebook."""

    title: str
    html: str

    def save(self, path: str | os.PathLike[str], force: bool = False) -> str | os.PathLike[str]:
        """Write the page, whole or not at all."""
        return write_whole(path, self.html, force)

    def to_dict(self) -> dict[str, Any]:
        """The title and the page's text."""
        return {"title": self.title, "html": self.html}

    def __repr__(self) -> str:
        return f"page of {self.title}, {len(self.html)} characters"

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{escape(self.html)}" width="100%" height="700" style="border:0"></iframe>'


def html_page(
    fn: Any,
    trace: Trace,
    graph: Graph | None,
    gates: Mapping[str, int],
    spans: Mapping[int, tuple[int, int]],
    check: Check | None = None,
    report: Report | None = None,
) -> Page:
    """The page of a compiled program.

    `gates` says which gate of the circuit a name of the trace is about (an adjoint's name, the gate that it belongs
    to); `spans` where in the program a forward line comes from. What is None is left out.
    """
    title = " ".join(fn.program.split())
    title = title if len(title) <= 80 else title[:79] + "…"
    steps = [
        *(Step(row, False, gates.get(_assigned(row.text))) for row in trace.forward),
        *(Step(row, True, gates.get(_assigned(row.text))) for row in trace.backward),
    ]
    body = [
        _formula(fn),
        _program(fn.program, spans),
        _circuit(graph, steps, gates, trace),
        _passes(steps, trace),
        _verdict(check),
        _bars(report),
        _source(fn),
    ]
    return Page(title, _document(title, [part for part in body if part]))


def _assigned(text: str) -> str:
    """The name that a line assigns.

    >>> _assigned("num = x + sigy"), _assigned("dx += dnum"), _assigned("dW[0] += t")
    ('num', 'dx', 'dW')
    """
    return text.partition(" ")[0].partition("[")[0]


def _document(title: str, parts: Sequence[str]) -> str:
    css, js = (read(os.path.join(_HERE, name)) for name in ("page.css", "page.js"))
    return "\n".join([
        "<!DOCTYPE html>",
        f"<!-- {DRAWN} -->",
        '<html lang="en">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{escape(title)}</title>",
        f"<style>{css}</style></head>",
        f"<body><main><h1>{escape(title)}</h1>",
        *parts,
        ("<footer>Made by gradc. <span class='keys'><kbd>←</kbd> <kbd>→</kbd> step, <kbd>Home</kbd> "
        "<kbd>End</kbd> begin and end; a line, a gate or a piece of the program lights the others.</span></footer>"),
        f"</main><script>{js}</script></body></html>",
        "",
    ])  # fmt: skip


def _section(name: str, heading: str, *lines: str) -> str:
    return "\n".join([
        f'<section aria-labelledby="{name}"><h2 id="{name}">{heading}</h2>', *lines, "</section>"
    ])  # fmt: skip


def _formula(fn: Any) -> str:
    text = formula(fn.dag)
    return "" if text is None else f'<div class="formula" role="math">{mathml(text)}</div>'


# ---- the program -------------------------------------------------------------------------------


def _program(text: str, spans: Mapping[int, tuple[int, int]]) -> str:
    """The program's text, cut where the places of its lines begin and end."""
    if len(text) > LONGEST_PROGRAM:
        return _section("program", "Program", f'<div class="program" tabindex="0">{escape(text)}</div>')
    edges = sorted({0, len(text), *(at for span in spans.values() for at in span if 0 <= at <= len(text))})
    widest = sorted(spans, key=lambda number: spans[number][0] - spans[number][1])
    pieces = []
    for start, end in itertools.pairwise(edges):
        inside = [number for number in widest if spans[number][0] <= start and end <= spans[number][1]]
        lines = " ".join(map(str, inside))
        piece = escape(text[start:end])
        pieces.append(f'<span data-lines="{lines}">{piece}</span>' if inside else piece)
    return _section("program", "Program", f'<div class="program" tabindex="0">{"".join(pieces)}</div>')


# ---- the circuit -------------------------------------------------------------------------------


def _circuit(graph: Graph | None, steps: Sequence[Step], gates: Mapping[str, int], trace: Trace) -> str:
    """The picture, and what one steps through it with."""
    try:
        picture = "" if graph is None else graph.linked
    except TooManyGates as error:
        picture = f"<p>{escape(str(error).partition(';')[0])}.</p>"
    given = [{"gate": gates[name], "value": short(value)} for name, value in trace.inputs.items() if name in gates]
    given += [
        {"gate": gate.id, "value": gate.value}
        for gate in (graph.circuit.gates if graph else ())
        if gate.kind == "input" and gate.value is not None and gate.label not in trace.inputs
    ]
    sent = {step.gate for step in steps if step.back}
    seeds = [
        {"gate": gate.id, "value": gate.gradient}
        for gate in (graph.circuit.gates if graph else ())
        if gate.gradient is not None and gate.id not in sent
    ]
    turn = sum(not step.back for step in steps)
    data = _json({"given": given, "seeds": seeds, "turn": turn, "steps": [step.to_dict() for step in steps]})
    controls = [
        '<div class="steps" role="group" aria-label="steps">',
        '<button id="first" aria-label="to the beginning">|◀</button>',
        '<button id="back" aria-label="one line back">◀</button>',
        '<button id="next" aria-label="one line on">▶</button>',
        '<button id="end" aria-label="to the end">▶|</button>',
        (f'<input id="at" type="range" min="0" max="{len(steps)}" value="{len(steps)}" '
        'aria-label="the line that ran last">'),
        "</div>",
        '<p id="said" class="said" role="status" aria-live="polite"></p>',
    ]  # fmt: skip
    return _section(
        "circuit",
        "Circuit",
        f'<div class="circuit" tabindex="0">{picture}</div>',
        *controls,
        f'<script id="steps" type="application/json">{data}</script>',
    )


def _json(value: Any) -> str:
    """Plain data that may stand inside a script element."""
    import json

    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


# ---- the passes --------------------------------------------------------------------------------


def _passes(steps: Sequence[Step], trace: Trace) -> str:
    rows = [(at, step) for at, step in enumerate(steps)]
    ahead = [_line(at, step) for at, step in rows if not step.back]
    behind = [_line(at, step) for at, step in rows if step.back]
    df = ", ".join(map(str, trace.df))
    return "\n".join([
        '<div class="passes">',
        _section("forward", "Forward", *_table(["", "line", "value"], _cut(ahead), "forward")),
        _section("backward", f"Backward, from df = {escape(df)}",
                 *_table(["", "line", "value", "what the gate does"], _cut(behind), "backward")) if behind else "",
        "</div>",
    ])  # fmt: skip


def _line(at: int, step: Step) -> str:
    row = step.row
    number = f"({row.number})" if row.number else ""
    cells = [("number", number), ("code", row.text), ("value", row.shown), *([("part", row.part)] if step.back else [])]
    inside = "".join(f'<td class="{name}">{escape(text)}</td>' for name, text in cells)
    return f'<tr data-step="{at}" tabindex="0">{inside}</tr>'


def _table(header: Sequence[str], rows: Sequence[str], name: str) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in header)
    yield f'<div class="wide"><table class="{name}"><thead><tr>{heads}</tr></thead><tbody>'
    yield from rows
    yield "</tbody></table></div>"


def _cut(rows: list[str]) -> list[str]:
    if len(rows) <= MOST_LINES:
        return rows
    left = f'<tr><td></td><td colspan="3">… and {len(rows) - MOST_LINES} lines more</td></tr>'
    return [*rows[:MOST_LINES], left]


# ---- evidence ----------------------------------------------------------------------------------


def _verdict(check: Check | None) -> str:
    if check is None:
        return ""
    return _section("check", "Check", f'<div class="wide verdict">{check._repr_html_()}</div>')


def _bars(report: Report | None) -> str:
    """The operations of each form as bars, on a logarithmic scale."""
    import math

    forms = [form for form in report.forms if form.operations is not None] if report is not None else []
    if not forms:
        return ""
    most = max(math.log(1 + (form.operations or 0)) for form in forms) or 1.0
    lines = [('<table class="bars"><thead><tr><th scope="col">value and gradient</th><th scope="col">operations</th>'
             '<th scope="col"><span aria-hidden="true"></span></th></tr></thead><tbody>')]  # fmt: skip
    for form in forms:
        share = 100 * math.log(1 + (form.operations or 0)) / most
        lines.append(
            f'<tr><td>{escape(form.name)}</td><td class="number">{escape(str(count_text(form)))}</td>'
            f'<td class="bar" aria-hidden="true"><div style="width:{share:.1f}%"></div></td></tr>'
        )
    return _section("report", "Staged against symbolic", *lines, "</tbody></table>")


def _source(fn: Any) -> str:
    lines = fn.source.splitlines(keepends=True)
    text = "".join(lines[:MOST_LINES])
    left = f"<p>… and {len(lines) - MOST_LINES} lines more</p>" if len(lines) > MOST_LINES else ""
    return _section("module", "Module", f'<div class="source"><pre tabindex="0">{highlighted(text)}</pre></div>', left)


def highlighted(source: str) -> str:
    """Python text as HTML: keywords, numbers, strings and comments in spans of a class each.

    >>> highlighted("return 2*x  # twice")
    '<span class="k">return</span> <span class="n">2</span>*x  <span class="c"># twice</span>'
    """
    lines = source.splitlines(keepends=True)
    out, at = [], (1, 0)

    def between(start: tuple[int, int], end: tuple[int, int]) -> str:
        if start[0] == end[0]:
            return lines[start[0] - 1][start[1] : end[1]] if start[0] <= len(lines) else ""
        first, last = lines[start[0] - 1][start[1] :], lines[end[0] - 1][: end[1]] if end[0] <= len(lines) else ""
        return "".join([first, *lines[start[0] : end[0] - 1], last])

    kinds = {tokenize.NUMBER: "n", tokenize.STRING: "s", tokenize.COMMENT: "c"}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = kinds.get(token.type, "k" if token.type == tokenize.NAME and keyword.iskeyword(token.string) else "")
            if kind:
                out.append(escape(between(at, token.start)))
                out.append(f'<span class="{kind}">{escape(token.string)}</span>')
                at = token.end
    except (tokenize.TokenError, IndentationError):
        pass  # what was cut in the middle is shown as it is
    return "".join(out) + escape(between(at, (len(lines) + 1, 0)))


__all__ = ["Page", "highlighted", "html_page"]
