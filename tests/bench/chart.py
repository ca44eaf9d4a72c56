"""Rows of the table as bars: one SVG for the README, gradc and its peers beside what the row is a ratio to.

>>> picture = bars({"Calls": [Row("logistic 10", "× hand", 1.25, None, {"JAX": 12.0, "Numba": 0.5})]})
>>> picture.count("<rect"), "logistic 10" in picture, ">12.0 ×<" in picture
(4, True, True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

from tests.bench.table import Row, show

# Rows with so many peers or more are drawn, and so many of a section.
PEERS, ROWS = 2, 3
# Widths and heights in units of the picture.
LABEL, WIDE, HIGH, GAP, SPAN = 150, 760, 15, 12, 440

_STYLE = """
.gradc-bars{font:12px system-ui,-apple-system,"Segoe UI",Arial,sans-serif}
.gradc-bars .paper{fill:#fff}.gradc-bars text{fill:#1f2328}.gradc-bars .head{font-weight:600}
.gradc-bars .who{fill:#656d76;text-anchor:end}.gradc-bars .peer{fill:#afb8c1}.gradc-bars .own{fill:#0969da}
.gradc-bars .one{stroke:#57606a;stroke-dasharray:3 3}
@media (prefers-color-scheme:dark){.gradc-bars .paper{fill:#0d1117}.gradc-bars text{fill:#e6edf3}
.gradc-bars .who{fill:#9198a1}.gradc-bars .peer{fill:#484f58}.gradc-bars .own{fill:#58a6ff}}
"""


def chosen(sections: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Rows that stand beside several peers, the first of each section."""
    found = []
    for rows in sections.values():
        many = [row for row in rows if isinstance(row.gradc, float) and len(_numbers(row)) > PEERS]
        found += many[:ROWS]
    return found


def _numbers(row: Row) -> dict[str, float]:
    """What the bars show: gradc first, its peers from the fastest on."""
    peers = {name: float(cell) for name, cell in row.peers.items() if isinstance(cell, (int, float)) and cell > 0}
    return {"gradc": float(row.gradc), **dict(sorted(peers.items(), key=lambda pair: pair[1]))}


def bars(sections: Mapping[str, Sequence[Row]]) -> str:
    """The picture; lengths are logarithms, and the dashed line is 1."""
    rows = chosen(sections)
    every = [value for row in rows for value in _numbers(row).values()] or [1.0]
    low, high = min(0.5, *every), max(2.0, *every)

    def length(value: float) -> float:
        return round(SPAN * (log10(value) - log10(low) + 0.05) / (log10(high) - log10(low) + 0.05), 1)

    y, out = GAP, []
    for row in rows:
        out.append(f'<text class="head" x="{GAP}" y="{y + HIGH - 3}">{escape(row.what)} ({escape(row.unit)})</text>')
        y += HIGH + 3
        top = y
        for name, value in _numbers(row).items():
            kind = "own" if name == "gradc" else "peer"
            out += [
                f'<text class="who" x="{LABEL - 6}" y="{y + HIGH - 4}">{escape(name)}</text>',
                f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{length(value)}" height="{HIGH - 3}" rx="2"/>',
                f'<text x="{LABEL + length(value) + 6}" y="{y + HIGH - 4}">{show(value)} ×</text>',
            ]
            y += HIGH
        at = LABEL + length(1.0)
        out.append(f'<path class="one" d="M{at} {top - 2}V{y}"/>')
        y += GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gradc-bars" role="img" viewBox="0 0 {WIDE} {y}" '
        f'width="{WIDE}" height="{y}">'
    )
    about = "<title>gradc beside its peers: shorter is faster, on a logarithmic scale</title>"
    note = f'<text x="{WIDE - GAP}" y="{y - 4}" text-anchor="end">shorter is faster; logarithmic</text>' if rows else ""
    paper = f'<rect class="paper" width="{WIDE}" height="{y}" rx="8"/>'
    lines = [head, about, f"<style>{_STYLE}</style>", paper, *out, note, "</svg>", ""]
    return "\n".join(lines)


__all__ = ["bars", "chosen"]
