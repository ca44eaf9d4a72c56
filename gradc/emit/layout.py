"""Lines of text: indented, broken where they would be long, wrapped, and quoted.

>>> broken("return {", ['"x": dx', '"y": dy'], "}", closed=False)
['return {"x": dx, "y": dy}']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

# Longer programs are quoted in the docstring by their beginning; longer lists are broken over lines.
LONGEST_QUOTE = 4000
LONGEST_LINE = 110


def quoted(text: str) -> str:
    """A program as it can stand in a docstring: nothing in it can end the quotation.

    >>> quoted('x + y # \\\\"\\"\\" end')
    'x + y # \\\\\\\\\\\\"\\\\"\\\\" end'
    """
    text = text.strip("\n")
    if len(text) > LONGEST_QUOTE:
        text = text[:LONGEST_QUOTE] + f" … ({len(text):,} characters in all)"
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\n")
    return "\n".join(
        "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
        for line in text.split("\n")
    )


def indent(lines: Sequence[str]) -> list[str]:
    return ["    " + line if line else line for line in lines]


def broken(head: str, items: Sequence[str], tail: str, closed: bool = True, parens: bool = False) -> list[str]:
    """A list of items on one line, or broken over several where that would be long."""
    comma = "," if closed and len(items) == 1 else ""
    line = head + ", ".join(items) + comma + tail
    if len(line) <= LONGEST_LINE:
        return [line]
    opening, closing = (head + "(", ")" + tail) if parens else (head, tail)
    return [opening, *("    " + row for row in rows(items)), closing]


def headed(params: Sequence[str], defaults: Mapping[str, str]) -> list[str]:
    """Parameters as a header has them: with their defaults those behind which none is without.

    >>> headed(["x", "k", "y", "eps"], {"k": "2", "eps": "1e-5"})
    ['x', 'k', 'y', 'eps=1e-5']
    """
    last = {*takewhile(defaults.__contains__, reversed(params))}
    return [f"{name}={defaults[name]}" if name in last else name for name in params]


def rows(items: Sequence[str]) -> list[str]:
    rows: list[str] = []
    row: list[str] = []
    width = 0
    for item in items:
        if row and width + len(item) > LONGEST_LINE - 10:
            rows.append(" ".join(row))
            row, width = [], 0
        row.append(item + ",")
        width += len(item) + 2
    return [*rows, " ".join(row)] if row else rows


def unless(checks: Sequence[str]) -> list[str]:
    """The head of a branch for what the lines do not take: one input a line, or more lines for one of many axes."""
    line = f"if not ({' and '.join(checks)}):"
    if len(line) <= 100:
        return [line]
    found: list[str] = []
    for check in checks:
        found += [check] if len(check) < LONGEST_LINE else packed(check.split(" and "), " and ")
    return ["if not (", *(f"    {'and ' * bool(i)}{row}" for i, row in enumerate(found)), "):"]


def packed(parts: Sequence[str], between: str) -> list[str]:
    """Parts in as few rows as hold them.

    >>> [len(row) for row in packed(["a"*50, "b"*40, "c"*50], " and ")]
    [95, 50]
    """
    found: list[str] = []
    for part in parts:
        if found and len(found[-1] + between + part) < LONGEST_LINE - 10:
            found[-1] += between + part
        else:
            found.append(part)
    return found


def silenced(silence: str, ignores: Sequence[str]) -> list[str]:
    """What stands above a function that gives none of these warnings.

    >>> silenced("np.errstate", ["divide", "over"])
    ['@np.errstate(divide="ignore", over="ignore")']
    """
    kinds = ", ".join([f'{kind}="ignore"' for kind in ignores])
    return [f"@{silence}({kinds})"] if silence and kinds else []


def wrapped(text: str, width: int) -> list[str]:
    words, rows, row = text.split(" "), [], ""
    for word in words:
        if row and len(row) + 1 + len(word) > width:
            rows.append(row)
            row = "    " + word
        else:
            row = f"{row} {word}" if row else word
    return [*rows, row]


def floats_of(convert: str, names: Sequence[str]) -> list[str]:
    """The line that reads several inputs as floats."""
    given = [f"{name}={name}" for name in names]
    line = f"{', '.join(names)} = {convert}({', '.join(given)})"
    if len(line) <= LONGEST_LINE:
        return [line]
    return broken("", names, f" = {convert}(\n    " + "\n    ".join(rows(given)) + "\n)", closed=False, parens=True)


def unpacked(cache: Sequence[str], source: str) -> list[str]:
    """The line that brings what a name holds into names."""
    if not cache:
        return []
    if len(cache) == 1:
        return [f"({cache[0]},) = {source}"]
    return broken("", cache, f" = {source}", closed=False, parens=True)


def default_of(outputs: int) -> str:
    """The default of `df`: 1 for one number; several outputs have none, for they are never summed in silence."""
    return "=1.0" if outputs == 1 else ""
