"""Rows into a table of aligned text, and numbers into their useful digits.

>>> print(table(["form", "operations"], [["staged", 28], ["expanded", 1284.0]], "lr"))
form      operations
--------  ----------
staged            28
expanded        1284
>>> number(2.0595697955724), number(3.0), number(1e18), number(float("nan")), number(0.018, 2)
('2.05957', '3', '1e18', 'nan', '0.018')
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from gradc.base.errors import visible, width
from gradc.base.records import NamedTuple

# Digits that a reader can use; what needs them all is in the JSON.
DIGITS = 6


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], align: str = "") -> str:
    """A table in columns two blanks apart; `align` is one letter a column, `l` or `r`, and `l` where it is left out.

    An empty header leaves the head out.
    """
    cells = [[cell(each) for each in row] for row in rows]
    head = [[cell(each) for each in header]] if any(header) else []
    columns = max(map(len, [*head, *cells]), default=0)
    filled = [[*row, *[""] * (columns - len(row))] for row in [*head, *cells]]
    widths = [max(map(width, column)) for column in zip(*filled, strict=True)]
    lines = [_line(row, widths, align) for row in filled]
    if head:
        lines.insert(1, "  ".join("-" * size for size in widths))
    return "\n".join(lines)


def markdown(header: Sequence[str], rows: Iterable[Sequence[Any]], align: str = "") -> str:
    """The same table in Markdown.

    >>> print(markdown(["gate", "n"], [["a|b", 2]], "lr"))
    | gate | n |
    |:---|---:|
    | a\\|b | 2 |
    """
    sides = align.ljust(len(header), "l")
    lines = [_row(header), "|" + "|".join("---:" if side == "r" else ":---" for side in sides[: len(header)]) + "|"]
    return "\n".join([*lines, *map(_row, rows)])


def html_table(header: Sequence[str], rows: Iterable[Sequence[Any]], align: str = "") -> str:
    """The same table as HTML, for a notebook; every cell is escaped.

    >>> html_table((), [["a<b"]])
    '<table><tr><td style="text-align:left">a&lt;b</td></tr></table>'
    """
    from html import escape

    def line(row: Sequence[Any], tag: str) -> str:
        cells = ""
        for at, each in enumerate(row):
            side = "right" if align[at : at + 1] == "r" else "left"
            cells += f'<{tag} style="text-align:{side}">{escape(cell(each))}</{tag}>'
        return f"<tr>{cells}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table>{line(header, 'th') if any(header) else ''}{body}</table>" if body else ""


def latex_table(header: Sequence[str], rows: Iterable[Sequence[Any]], align: str = "") -> str:
    r"""The same table for LaTeX.

    >>> print(latex_table(["gate", "n"], [["a_b", 2]], "lr"))
    \begin{tabular}{lr}
    gate & n \\
    \hline
    a\_b & 2 \\
    \end{tabular}
    """
    columns = align.ljust(len(header), "l")[: len(header)]
    lines = [" & ".join(latex_words(cell(each)) for each in row) + " \\\\" for row in rows]
    head = " & ".join(map(latex_words, header)) + " \\\\"
    return "\n".join([f"\\begin{{tabular}}{{{columns}}}", head, "\\hline", *lines, "\\end{tabular}"])


_LATEX = {c: "\\" + c for c in "_&%$#{}"} | {"\\": "\\textbackslash{}", "^": "\\^{}", "~": "\\~{}"}


def latex_words(text: str) -> str:
    """Text as LaTeX sets it, whatever stands in it."""
    return "".join(_LATEX.get(c, c) for c in text)


_STYLE = """body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
pre, code, td { font-family: ui-monospace, monospace; font-size: .9em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { padding: .2em .8em; border-bottom: 1px solid #8884; }
@media (prefers-color-scheme: dark) { body { background: #16181d; color: #dde; } }"""


def html_page(title: str, body: str) -> str:
    """A page of its own, with nothing to load; `title` is text, `body` is HTML."""
    from html import escape

    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!DOCTYPE html>\n<html lang="en">{head}\n<style>\n{_STYLE}\n</style>\n<body>\n{body}\n</body></html>'


class Table(NamedTuple):
    """A table with the sentences under it."""

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    align: str
    notes: Sequence[str] = ()


class Tabled:
    """A result that is a table: in a terminal, a notebook, Markdown, LaTeX and on a page. Its `_table` says which."""

    __slots__ = ()
    _title = ""

    @abstractmethod
    def _table(self) -> Table:
        """The table itself, which each result has of its own."""

    def render(self) -> str:
        """As the command line shows it."""
        shown = self._table()
        return "\n".join([table(*shown[:3]), "", *shown.notes])

    def markdown(self) -> str:
        """The table in Markdown."""
        shown = self._table()
        return "\n".join([markdown(*shown[:3]), "", *shown.notes])

    def latex(self) -> str:
        """The table for LaTeX."""
        shown = self._table()
        return "\n".join([latex_table(*shown[:3]), "", *(latex_words(note) + "\\\\" for note in shown.notes)])

    def html(self) -> str:
        """The table as a page of its own."""
        return html_page(self._title, self._repr_html_())

    def __repr__(self) -> str:
        return self.render()

    def _repr_html_(self) -> str:
        shown = self._table()
        return html_table(*shown[:3]) + html_table((), [[note] for note in shown.notes])


def number(value: Any, digits: int = DIGITS) -> str:
    """A number to its useful digits: exact where it is whole and short, else `digits` significant ones.

    >>> number(123456789), number(-0.0), number(1/3, 3), number(1.5e-12), number(True)
    ('123456789', '0', '0.333', '1.5e-12', 'True')
    """
    if isinstance(value, bool | int):
        return str(value)
    value = float(value)
    if value == 0:
        return "0"
    text = f"{value:.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def cell(value: Any) -> str:
    """Anything as the text of a cell: numbers to their useful digits, nothing as a blank."""
    if value is None:
        return ""
    return number(value) if isinstance(value, int | float) else visible(str(value))


def _line(row: Sequence[str], widths: Sequence[int], align: str) -> str:
    padded = []
    for at, (text, size) in enumerate(zip(row, widths, strict=True)):
        blank = " " * (size - width(text))
        padded.append(blank + text if align[at : at + 1] == "r" else text + blank)
    return "  ".join(padded).rstrip()


def _row(row: Sequence[Any]) -> str:
    return "| " + " | ".join(cell(each).replace("|", "\\|") for each in row) + " |"
