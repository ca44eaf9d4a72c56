"""What the parser holds beside nodes: groups in brackets, words, slices, and arguments with their places.

>>> Group("list", [Arg(2.0, first=1, last=1)])
list [2.0]
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Node
from gradc.ops import scalar as s
from gradc.ops.table import Op


class Arg:
    """A value with the tokens that it was written with, and its keyword."""

    __slots__ = ("first", "key", "key_at", "last", "value")

    def __init__(self, value: Any, first: int, last: int, key: str = "", key_at: int = 0) -> None:
        self.value, self.first, self.last, self.key, self.key_at = value, first, last, key, key_at

    def __repr__(self) -> str:
        return f"{self.key}={self.value!r}" if self.key else repr(self.value)


class Group:
    """Values in brackets that are no value yet: a list literal or a tuple."""

    __slots__ = ("items", "kind")

    def __init__(self, kind: str, items: list[Arg]) -> None:
        self.kind, self.items = kind, items

    def __repr__(self) -> str:
        return f"{self.kind} {self.items}"


class Word:
    """What may stand in a call or a subscript and is no number."""

    __slots__ = ("text",)
    __match_args__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Slice:
    """start:stop:step, each an Arg or None."""

    __slots__ = ("parts",)
    __match_args__ = ("parts",)

    def __init__(self, parts: tuple[Arg | None, ...]) -> None:
        self.parts = parts


class Callee:
    """What a call calls: an operator (None: unknown) under a spelling, on a receiver if it is a method."""

    __slots__ = ("name", "op", "prefixed", "receiver")

    def __init__(self, name: str, op: Op | None, receiver: Any = None, prefixed: bool = False) -> None:
        self.name, self.op, self.receiver, self.prefixed = name, op, receiver, prefixed


class Args:
    """The arguments of an open bracket: those read so far, the pending keyword, the pending slice."""

    __slots__ = ("at", "base", "given", "key", "key_at", "slice", "slice_at")

    def __init__(self, base: Arg | None = None, at: int = 0) -> None:
        self.base, self.at = base, at  # of a subscript: the array and the token of the bracket
        self.given: list[Arg] = []
        self.key = ""
        self.key_at = 0
        self.slice: list[Arg | None] | None = None
        self.slice_at = 0

    def add(self, value: Any, first: int, last: int) -> None:
        """Take the value that has been read as the next argument; a slice or a keyword ends with it."""
        if self.slice is not None:
            self.slice.append(None if value is EMPTY else Arg(value, first, last))
            value, first, self.slice = Slice(tuple(self.slice)), self.slice_at, None
        self.given.append(Arg(value, first, last, self.key, self.key_at))
        self.key = ""


NONE, ELLIPSIS, EMPTY = Word("None"), Word("..."), Word("")
# What an unknown function returns: a value that no further problem is reported for.
POISON = Node(-1, s.input_, (), "?", ())
