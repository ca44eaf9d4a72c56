"""Any text into one line that can be printed, no longer than there is room for, and its width on paper.

>>> plain("a\\n<b>\\x00"), clip("a_rather_long_name", 9), width("mm", 10.0) > width("ii", 10.0)
('a <b>�', 'a_rather…', True)
"""

from __future__ import annotations

import unicodedata
from math import fsum

# Advances in hundredths of the font size, rounded up. They are DejaVu Sans's, which is as wide as Verdana and wider
# than the other system fonts: a label that is set in a narrower one has a little more room, never less.
_ADVANCES = {
    29: "IJijl", 35: " ,./:;\\|f", 42: "!()[]rt-", 50: '"*_`', 55: "?Lcsz", 60: "FPkvxy", 75: "HNU", 79: "&DGOQ",
    65: "0123456789$EKSTYabdeghnopqu{}", 69: "ABCRVXZ", 83: "#+<=>^~w", 87: "M", 100: "%@Wm…",
}  # fmt: skip
_ADVANCE = {ord(char): advance / 100 for advance, chars in _ADVANCES.items() for char in chars}
_OTHER, _WIDE, _MARK = 0.9, 1.3, 0.0


def plain(text: str) -> str:
    """One line without control, format and unassigned characters, which XML forbids or which turn text around."""
    line = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(char).startswith("C") else char for char in line)


def clip(text: str, limit: int) -> str:
    """The text on one line; one that is longer than `limit` ends in an ellipsis."""
    line = plain(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def width(text: str, size: float) -> float:
    """The width of a text set in a sans-serif font of this size, estimated from above."""
    return fsum(_advance(char) for char in text) * size


def _advance(char: str) -> float:
    known = _ADVANCE.get(ord(char))
    if known is not None:
        return known
    if unicodedata.combining(char):
        return _MARK
    return _WIDE if unicodedata.east_asian_width(char) in "WF" else _OTHER
