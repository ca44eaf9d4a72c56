"""Nodes into names: `sigy`, `num`, `xpysqr`, `invden`, in the way of the CS231n notes.

One rule settles every clash: the user's names win; a generated name that the user has taken gets a
trailing underscore, and the second of a kind gets a number.

>>> names = Namer(["dx"])
>>> names.fresh("dx"), names.fresh("xpy"), names.fresh("xpy"), names.fresh("lambda")
('dx_', 'xpy', 'xpy2', 'lambda_')
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable, Iterable
from itertools import count

from gradc.graph.dag import Node
from gradc.ops.scalar import const
from gradc.ops.table import PRECEDENCE, statics_of
from gradc.rewrite.simplify import number

# A composed name longer than this becomes a short one with a number, and so does one of more parts.
LONGEST, MOST_PARTS = 10, 3

SCHEMES = ("notes", "letters", "wengert")

_WORDS = {
    0: "zero",
    1: "one",
    2: "two",
    3: "three",
    4: "four",
    5: "five",
    6: "six",
    7: "seven",
    8: "eight",
    9: "nine",
    10: "ten",
    0.5: "half",
}
_KEYWORDS = frozenset(keyword.kwlist) | frozenset(dir(builtins))


class Namer:
    """The names in use, and the next free one for a stem."""

    __slots__ = ("_fixed", "_next", "_taken")

    def __init__(self, users: Iterable[str]) -> None:
        self._fixed = frozenset(users) | _KEYWORDS
        self._taken: set[str] = set(self._fixed)
        self._next: dict[str, int] = {}

    def fresh(self, stem: str) -> str:
        """A name that is not in use, as near to the stem as can be."""
        name = stem
        while name in self._fixed:
            name += "_"
        if name in self._taken:
            for k in count(self._next.get(name, 2)):
                if f"{name}{k}" not in self._taken:
                    self._next[name] = k + 1
                    name = f"{name}{k}"
                    break
        self._taken.add(name)
        return name

    def again(self, name: str) -> str:
        """A further name for what the user called `name` before: h, h2, h3."""
        for k in count(self._next.get(name, 2)):
            if f"{name}{k}" not in self._taken:
                self._next[name] = k + 1
                self._taken.add(f"{name}{k}")
                return f"{name}{k}"
        raise AssertionError("count() does not end")

    def copy(self) -> Namer:
        """An independent namer in the same state."""
        twin = Namer(())
        twin._fixed, twin._taken, twin._next = self._fixed, set(self._taken), dict(self._next)
        return twin

    def free(self, name: str) -> bool:
        return name not in self._taken


def constant_word(value: float) -> str:
    """A number as a part of a name.

    >>> constant_word(2), constant_word(0.5), constant_word(0.37), constant_word(-1)
    ('two', 'half', 'c', 'm1')
    """
    if value < 0:
        return "m" + (str(-value) if float(value).is_integer() and value > -10 else "c")
    return _WORDS.get(value, "c")


def compose(node: Node, part: Callable[[Node], str], parts_of: Callable[[Node], int] = lambda arg: 1) -> str:
    """A gate's name from the names of its arguments; a short one if that would be long, or of many parts."""
    op = node.op
    parts = {name: part(arg) for name, arg in zip(op.params, node.args, strict=False)}
    if len(op.params) == len(node.args) == 2 and node.args[1].op is const:
        value = number(node.args[1])
        if float(value).is_integer() and 0 <= value < 1000:
            parts[op.params[1]] = str(int(value))
    if op.statics:
        parts.update({key: _place(value) if key == "index" else "" for key, value in statics_of(op, node.attr).items()})
    stem: str = op.stem
    for name, text in parts.items():
        stem = stem.replace("{" + name + "}", text)
    many = sum(parts_of(arg) for name, arg in zip(op.params, node.args, strict=False) if f"{{{name}}}" in op.stem)
    if (
        len(stem) > LONGEST
        or many > MOST_PARTS
        or not stem.isidentifier()
        or "" in [parts[p] for p in op.params if p in parts]
    ):
        return short_stem(node)
    return stem


def _place(index: object) -> str:
    """The numbers of one element as a part of a name: w0 of w[0], A12 of A[1, 2].

    >>> _place((0,)), _place((1, 2)), _place((slice(None), 1)), _place(True)
    ('0', '12', '', '')
    """
    if not isinstance(index, tuple) or not all(type(i) is int and i >= 0 for i in index):
        return ""
    return "".join(map(str, index)) if len(index) == 1 or max(index) < 10 else ""


def short_stem(node: Node) -> str:
    """The name of a gate by its kind alone."""
    return str(node.op.say.short or node.op.stem.split("{")[0] or node.op.name)


def letters() -> Iterable[str]:
    """a, b, c, …, z without f (the output's), then a1, b1, …"""
    alphabet = [c for c in "abcdefghijklmnopqrstuvwxyz" if c != "f"]
    yield from alphabet
    for k in count(1):
        yield from (f"{c}{k}" for c in alphabet)


def wengert() -> Iterable[str]:
    """v1, v2, v3, …"""
    return (f"v{k}" for k in count(1))


ATOM = PRECEDENCE["atom"]
