"""Statements that would be long lines, as one lays them out by hand: what is said of them above, and brackets opened.

>>> text = "d = np.concatenate([" + "first*second*third, "*9 + "last], axis=1)"
>>> print("\\n".join(fitted(text, "(7)", ["d: (n,)"])))
d = np.concatenate(
    [
        first*second*third, first*second*third, first*second*third, first*second*third,
        first*second*third, first*second*third, first*second*third, first*second*third,
        first*second*third, last,
    ],
    axis=1,
)  # (7)  d: (n,)
>>> print("\\n".join(fitted("y = f(x)", "(1)", ["y: (n,)", "why one would want this, at length" + " and more"*8])))
# why one would want this, at length and more and more and more and more and more and more and more and more
y = f(x)  # (1)  y: (n,)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradc.emit.layout import indent, wrapped

# A line of a function, its indentation aside: with that of a `try`, too, it has at most 120 characters.
LONGEST = 112
_CLOSING = {"(": ")", "[": "]", "{": "}"}
# Where an expression is taken apart, the loosest first: in front of these.
_BREAKS = ((" if ", " else "), (" or ",), (" and ",), (" + ", " - "))


def fitted(text: str, number: str = "", said: Sequence[str] = ()) -> list[str]:
    """A statement with its number and what is said of it, which stands above where there is no room beside it."""
    lines, beside, above = opened(text, LONGEST - len(_comment(number, []))), list(said), list[str]()
    while beside and len(lines[-1] + _comment(number, beside)) > LONGEST:
        above.insert(0, beside.pop())
    rows = [f"# {row.strip()}" for row in wrapped("; ".join(above), LONGEST - 2)] if above else []
    return [*rows, *lines[:-1], lines[-1] + _comment(number, beside)]


def commented(text: str) -> list[str]:
    """A comment of its own."""
    return [f"# {row}" for row in wrapped(text, LONGEST - 2)]


def opened(text: str, width: int = LONGEST) -> list[str]:
    """A statement or an expression on one line, or with the brackets opened that hold the most of it."""
    if len(text) <= width:
        return [text]
    start = _value_of(text)
    for signs in _BREAKS:
        parts = _parts(text, start, signs)
        if len(parts) > 1:
            rows = [row for part in parts for row in opened(part, width - 4)]
            bare = start == 0  # within brackets already
            return rows if bare else [f"{text[:start]}(", *indent(rows), ")"]
    groups = list(_groups(text, start))
    if not groups:
        return [text]
    begin, end = max(groups, key=lambda group: group[1] - group[0])
    inner = text[begin + 1 : end]
    while inner and inner[0] in _CLOSING and list(_groups(inner, 0)) == [(0, len(inner) - 1)]:
        begin, end, inner = begin + 1, end - 1, inner[1:-1]
    items = _items(inner)
    if end - begin < 2 or not items:
        return [text]
    rows = _rows(items, width - 4) if len(items) > 1 or inner.endswith(",") else opened(inner, width - 4)
    return [text[: begin + 1], *indent(rows), text[end:]]


def _comment(number: str, said: Sequence[str]) -> str:
    parts = [number] * bool(number) + ["; ".join(said)] * bool(said)
    return f"  # {'  '.join(parts)}" if parts else ""


def _rows(items: Sequence[str], width: int) -> list[str]:
    """Items with a comma behind each, as many in a row as fit; one that does not fit is opened."""
    rows: list[str] = []
    full = True
    for item in items:
        if len(item) + 1 > width:
            rows += opened(item, width - 1)
            rows[-1] += ","
            full = True
        elif full or len(rows[-1]) + len(item) + 2 > width:
            rows.append(f"{item},")
            full = False
        else:
            rows[-1] += f" {item},"
    return rows


def _flat(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The places of a text that are no string, with how many brackets they are in."""
    depth, quote, at = 0, "", start
    while at < len(text):
        letter = text[at]
        if quote:
            at += letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        else:
            depth -= letter in ")]}"
            yield at, depth
            depth += letter in "([{"
        at += 1


def _value_of(text: str) -> int:
    """Where the value of a statement begins; 0 for an expression."""
    for at, depth in _flat(text, 0):
        if depth == 0 and text[at : at + 2] == "= " and text[at - 1] in " +-*/@":
            return at + 2
    return len("return ") if text.startswith("return ") else 0


def _groups(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where the outermost brackets open and close."""
    begin = start
    for at, depth in _flat(text, start):
        if depth == 0 and text[at] in _CLOSING:
            begin = at
        elif depth == 0 and text[at] in ")]}":
            yield begin, at


def _parts(text: str, start: int, signs: Sequence[str]) -> list[str]:
    """A value split in front of signs outside of all brackets."""
    cuts = [at + 1 for at, depth in _flat(text, start) if depth == 0 and text.startswith(tuple(signs), at)]
    ends = [*cuts, len(text) + 1]
    return [text[begin : end - 1] for begin, end in zip([start, *cuts], ends, strict=True)]


def _items(text: str) -> list[str]:
    """What stands between brackets, by its commas."""
    cuts = [at for at, depth in _flat(text, 0) if depth == 0 and text[at] == ","]
    parts = [text[begin:end].strip() for begin, end in zip([0, *(at + 1 for at in cuts)], [*cuts, None], strict=True)]
    return [part for part in parts if part]


__all__ = ["LONGEST", "commented", "fitted", "opened"]
