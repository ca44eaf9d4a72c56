"""The operator table into rows for a reader: what a gate computes, its local gradient, and where it is defined.

>>> rows(["sqrt"])[0]["gradient"]
'dx = 0.5/out*dout'
>>> max(map(len, render(rows(), 100).splitlines())) <= 100
True
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from gradc.base.errors import GradcError
from gradc.base.tables import html_page, html_table, latex_table, latex_words, markdown, table
from gradc.ops.table import Op, entries, lookup

HEADER = ("gate", "computes", "local gradient", "defined for", "aliases")
NOTE = "dout is the gradient that comes in, dx the one that x gets, out the gate's own value."
# The least width of a column, in the order of the header, when a narrow terminal makes the cells wrap.
_LEAST = (8, 10, 12, 6, 5)
# Rules that hang on the shapes are shown for matrices.
_MATRIX = ("n", "m")


def rows(names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """An entry a row, as plain data: by group, and by name.

    With `names`, aliases or words of what a gate computes, these only; raises `GradcError` for what is in none.
    """
    wanted = {entry for name in names for entry in _found(name)}
    found = [entry for entry in entries() if entry.public and (not wanted or entry in wanted)]
    return [_row(entry) for entry in sorted(found, key=lambda entry: (GROUPS.index(group_of(entry)), entry.name))]


# What the table is divided into, in its order.
GROUPS = ("of numbers", "of conditions and branches", "made of other gates", "of whole arrays")


def group_of(entry: Op) -> str:
    """
    >>> group_of(lookup("sin")), group_of(lookup("maximum")), group_of(lookup("gelu")), group_of(lookup("matmul"))
    ('of numbers', 'of conditions and branches', 'made of other gates', 'of whole arrays')
    """
    if entry.lower:
        return GROUPS[2]
    if not entry.elementwise:
        return GROUPS[3]
    return GROUPS[int(entry.boolean or entry.kink.selects)]


def _found(name: str) -> list[Op]:
    """The gate of a name or an alias; else those that speak of the word."""
    entry = lookup(name)
    if entry is not None and entry.public:
        return [entry]
    word = name.lower()
    said = [
        each for each in entries() if each.public and word in " ".join((each.name, each.doc, *each.aliases)).lower()
    ]
    if not said or len(word) < 3:
        raise GradcError(f"no gate {name[:40]!r}", hint="'gradc gates' lists them all")
    return said


def render(found: Sequence[dict[str, Any]], width: int = 0, form: str = "text") -> str:
    """The rows as a table, its cells wrapped to a terminal's width if there is one; or as Markdown, LaTeX or HTML."""
    cells = [
        [row["signature"], row["computes"], row["gradient"], row["domain"], ", ".join(row["aliases"])] for row in found
    ]
    match form:
        case "markdown":
            return f"{markdown(HEADER, cells)}\n\n{NOTE}"
        case "latex":
            return f"{latex_table(HEADER, cells)}\n\n{latex_words(NOTE)}"
        case "html":
            return html_page("gradc's gates", f"{html_table(HEADER, cells)}\n<p>{NOTE}</p>")
    wrapped = _wrapped(cells, width) if width else [[row] for row in cells]
    head, rule, *lines = table(HEADER, [line for row in wrapped for line in row]).split("\n")
    out, at, group = [head, rule], 0, ""
    for row, parts in zip(found, wrapped, strict=True):
        if row["group"] != group:
            group = row["group"]
            out += ["", f"{group}:"]
        out += lines[at : at + len(parts)]
        at += len(parts)
    return "\n".join([*out, "", NOTE])


def _row(entry: Op) -> dict[str, Any]:
    return {
        "name": entry.name,
        "group": group_of(entry),
        "signature": entry.signature,
        "symbol": entry.say.symbol or entry.name,
        "computes": entry.doc,
        "gradient": _said(entry),
        "domain": entry.needs,
        "aliases": list(entry.aliases),
    }


def _said(entry: Op) -> str:
    """The local gradient: as formulas, or in words where these need gates that are no part of the language."""
    formulas = _gradient(entry)
    if formulas and all(map(_is_plain, formulas.values())):
        return "; ".join(f"d{name} = {rule}" for name, rule in formulas.items())
    if entry.lower:
        return f"that of {entry.lower}"
    return entry.say.part.replace("{", "").replace("}", "") or "none"


def _gradient(entry: Op) -> dict[str, str]:
    """What each parameter gets, as text of the language."""
    if entry.slopes:
        return {name: _times_dout(rule) for name, rule in zip(entry.params, entry.slopes, strict=True)}
    rules = entry.vjps
    if callable(rules):
        shapes = (_MATRIX,) * len(entry.params)
        given = dict(entry.test.samples[0]) if entry.test.samples else {}
        rules = rules(tuple(map(len, shapes)), shapes, **{**dict(entry.statics), **given})
    return {} if entry.variadic else {name: rule for name, rule in zip(entry.params, rules, strict=False) if rule}


def _times_dout(partial: str) -> str:
    """
    >>> [_times_dout(rule) for rule in ("1", "-1", "0", "y", "1/x", "1 + out**2", "x > 0")]
    ['dout', '-dout', '0', 'y*dout', 'dout/x', '(1 + out**2)*dout', 'dout where x > 0, else 0']
    """
    if partial in ("0", "1", "-1"):
        return partial.replace("1", "dout")
    if any(sign in partial for sign in "<>="):
        return f"dout where {partial}, else 0"
    if partial.startswith("1/"):
        return "dout" + partial[1:]
    return f"({partial})*dout" if " " in _outside_brackets(partial) else f"{partial}*dout"


def _outside_brackets(text: str) -> str:
    depth, out = 0, ""
    for char in text:
        depth += (char == "(") - (char == ")")
        out += char if not depth else ""
    return out


def _is_plain(rule: str) -> bool:
    called = (lookup(name) for name in re.findall(r"(\w+)\(", rule))
    return "'" not in rule and all(entry is not None and entry.public for entry in called)


# ---- narrow terminals --------------------------------------------------------------------------


def _wrapped(cells: list[list[str]], width: int) -> list[list[list[str]]]:
    """Each row as several lines, so that the whole is no wider than `width` if that can be."""
    import textwrap

    sizes = _fitted([max(map(len, column)) for column in zip(HEADER, *cells, strict=True)], width)
    return [
        [
            list(line)
            for line in zip_longest(*[textwrap.wrap(*each) for each in zip(row, sizes, strict=True)], fillvalue="")
        ]
        for row in cells
    ]


def _fitted(sizes: list[int], width: int) -> list[int]:
    """Column widths for a line of a given width: the widest column gives way first."""
    sizes = list(sizes)
    spare = width - 2 * (len(sizes) - 1)
    while sum(sizes) > spare:
        wide = [at for at in range(len(sizes)) if sizes[at] > _LEAST[at]]
        if not wide:
            break
        sizes[max(wide, key=sizes.__getitem__)] -= 1
    return sizes
