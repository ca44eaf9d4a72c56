"""Rows into one Markdown table: what was measured for gradc, what it should be at most, and the peers beside it.

>>> print(markdown({"Calls": [Row("logistic 10", "× hand", 1.3, 1.25, {"JAX": 12.0})]}, "one machine"))
Measured on one machine. Interleaved samples, lower quartiles, processor time of one thread; bold is above its target.
<BLANKLINE>
| | in | gradc | at most | JAX |
|---|---|---:|---:|---:|
| **Calls** | | | | |
| logistic 10 | × hand | **1.30** | 1.25 | 12.0 |
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MARK = "<!-- bench -->"
HOW = "Interleaved samples, lower quartiles, processor time of one thread; bold is above its target."
Cell = float | str


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; `wrong` says what gradc got wrong in it."""

    what: str
    unit: str
    gradc: Cell
    most: float | None = None
    peers: Mapping[str, Cell] = field(default_factory=dict)
    wrong: str = ""

    @property
    def missed(self) -> bool:
        """Whether gradc is above what it should be at most."""
        return self.most is not None and not (isinstance(self.gradc, (int, float)) and self.gradc <= self.most)


def show(cell: Cell | None) -> str:
    """
    >>> show(0.5), show(123.4), show(13985), show("nan"), show(None)
    ('0.50', '123', '13,985', 'nan', '')
    """
    match cell:
        case None:
            return ""
        case str():
            return cell
        case int():
            return f"{cell:,}"
    digits = 0 if abs(cell) >= 100 else 1 if abs(cell) >= 10 else 2
    return f"{cell:,.{digits}f}"


def line(row: Row, peers: Sequence[str]) -> str:
    """A row of the table; what missed is bold."""
    measured = f"**{show(row.gradc)}**" if row.missed or row.wrong else show(row.gradc)
    most = "" if row.most is None else f"{row.most:,g}"
    return f"| {' | '.join([row.what, row.unit, measured, most, *(show(row.peers.get(peer)) for peer in peers)])} |"


def markdown(sections: Mapping[str, Sequence[Row]], where: str) -> str:
    """The table, with the peers that any row has."""
    found = dict.fromkeys(peer for rows in sections.values() for row in rows for peer in row.peers)
    peers = list(found)
    heads = ["", "in", "gradc", "at most", *peers]
    lines = [f"Measured on {where}. {HOW}", "", f"|{' |'.join(f' {head}'.rstrip() for head in heads)} |"]
    lines += [f"|---|---|{'---:|' * (2 + len(peers))}"]
    for title, rows in sections.items():
        lines += [f"| **{title}** |{' |' * (3 + len(peers))}", *(line(row, peers) for row in rows)]
    return "\n".join(lines)


def machine() -> str:
    """The machine's name: processor, cores, Python and NumPy."""
    import numpy

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {numpy.__version__}"


def into(text: str, table: str) -> str:
    """A page with the block between its two marks replaced.

    >>> into("a\\n<!-- bench -->\\nold\\n<!-- bench -->\\nb\\n", "new")
    'a\\n<!-- bench -->\\nnew\\n<!-- bench -->\\nb\\n'
    """
    parts = text.split(MARK)
    if len(parts) != 3:
        raise ValueError(f"the page needs two lines {MARK}; it has {len(parts) - 1}")
    return f"{parts[0]}{MARK}\n{table}\n{MARK}{parts[2]}"
