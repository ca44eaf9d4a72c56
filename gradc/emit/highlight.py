"""A module's text as HTML for a notebook: highlighted, in a block that folds away.

>>> highlighted("x = 1.5  # one")
'x = <span style="color:#0550ae">1.5</span>  <span style="color:#6e7781"># one</span>'
"""

from __future__ import annotations

import io
import keyword
import tokenize
from html import escape

# Colours that are legible on light and on dark ground.
_COMMENT, _STRING, _WORD, _NUMBER, _NAME = "#6e7781", "#0a7d33", "#cf222e", "#0550ae", "#8250df"
# Longer texts are shown as they are, and folded.
LONGEST = 200_000
OPEN = 4_000


def folded(title: str, text: str) -> str:
    """A block with a title that opens and closes; a long one is closed at first."""
    style = "font-family:ui-monospace,monospace;white-space:pre;overflow-x:auto;line-height:1.4"
    is_open = " open" if len(text) <= OPEN else ""
    inner = highlighted(text) if len(text) <= LONGEST else escape(text)
    return f'<details{is_open}><summary>{escape(title)}</summary><pre style="{style}">{inner}</pre></details>'


def highlighted(text: str) -> str:
    """The text, escaped, its comments, strings, keywords, numbers and functions in colours."""
    out: list[str] = []
    lines = text.splitlines(keepends=True)
    row, column, before = 1, 0, ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            out.append(escape(_between(lines, (row, column), token.start)))
            color = _color(token, before)
            shown = escape(token.string)
            out.append(f'<span style="color:{color}">{shown}</span>' if color and token.string else shown)
            (row, column), before = token.end, token.string
    except (tokenize.TokenError, SyntaxError):
        return escape(text)
    return "".join(out).rstrip("\n") if not text.endswith("\n") else "".join(out)


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """What stands between two tokens: blanks."""
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]] if start[0] <= len(lines) else ""
    first = lines[start[0] - 1][start[1] :] if start[0] <= len(lines) else ""
    last = lines[end[0] - 1][: end[1]] if end[0] <= len(lines) else ""
    return first + "".join(lines[start[0] : end[0] - 1]) + last


def _color(token: tokenize.TokenInfo, before: str) -> str:
    match token.type:
        case tokenize.COMMENT:
            return _COMMENT
        case tokenize.STRING:
            return _STRING
        case tokenize.NUMBER:
            return _NUMBER
        case tokenize.NAME:
            return _WORD if keyword.iskeyword(token.string) else _NAME if before == "def" else ""
    return ""
