"""What the parser holds beside nodes: groups in brackets, words, slices, and arguments with their places.

>>> Group("list", [Arg(2.0, first=1, last=1)])
list [2.0]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.base.errors import GradcError
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
    """Values in brackets that are no value yet: a list or a tuple. A list may be changed by every name that it has.

    What `zip` and generators give is a list that can be gone through `once`.
    """

    __slots__ = ("fields", "items", "kind", "name", "once")

    def __init__(self, kind: str, items: list[Arg], name: str = "", fields: tuple[str, ...] = ()) -> None:
        self.kind, self.items, self.name, self.fields = kind, items, name, fields
        self.once = False

    def __repr__(self) -> str:
        return f"{self.kind} {self.items}"


class Word:
    """What may stand in a call or a subscript and is no number."""

    __slots__ = ("text",)
    __match_args__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Text:
    """A string: a key of a dictionary, or what a keyword asks for."""

    __slots__ = ("text",)
    __match_args__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Picked:
    """The elements of an array (or its rows) at which a mask holds: as many as the call has."""

    __slots__ = ("mask", "node")

    def __init__(self, node: Node, mask: Node) -> None:
        self.node, self.mask = node, mask


class Places:
    """The places along one axis where a mask holds, as `np.nonzero(mask)[0]` gives them."""

    __slots__ = ("mask",)

    def __init__(self, mask: Node) -> None:
        self.mask = mask


class Spot:
    """`x.at[items]`, of which `.set(v)` makes an array with other elements."""

    __slots__ = ("base", "items", "last")

    def __init__(self, base: Arg, items: list[Arg], last: int) -> None:
        self.base, self.items, self.last = base, items, last


class Distribution:
    """A distribution of scipy.stats with its parameters given: `stats.norm(m, s)`."""

    __slots__ = ("given", "name")

    def __init__(self, name: str, given: list[Arg]) -> None:
        self.name, self.given = name, given


class TorchDistribution:
    """A distribution of torch.distributions; so many of the last axes are those of one value."""

    __slots__ = ("given", "joined", "name")

    def __init__(self, name: str, given: dict[str, Node], joined: int) -> None:
        self.name, self.given, self.joined = name, given, joined


class Record:
    """An input with entries, `params["W"]` or `self.W`: each is an input of the program by its own name."""

    __slots__ = ("items", "name")
    items: dict[Any, Any]

    def __init__(self, name: str) -> None:
        self.name, self.items = name, {}


class Dict:
    """A dictionary with constant keys, which may be changed by every name that it has; or an object with attributes.

    `missing` makes what a key has that is not there yet.
    """

    __slots__ = ("attributes", "items", "missing")
    items: dict[Any, Arg]

    def __init__(self, missing: Callable[[], Any] | None = None) -> None:
        self.items = {}
        self.attributes = False
        self.missing = missing


class Star:
    """`*values` or `**values` among arguments."""

    __slots__ = ("value", "word")

    def __init__(self, word: str, value: Any) -> None:
        self.word, self.value = word, value


class Function:
    """A function of the program: its parameters, where its body stands, and the names that it sees.

    `code` is the token that it begins at: two closures of one `def` have it in common.
    """

    __slots__ = ("body", "code", "defaults", "is_lambda", "name", "outer", "params")

    def __init__(
        self, name: str, code: int, body: int, params: list[Any], outer: tuple[Any, ...], is_lambda: bool
    ) -> None:
        self.name, self.code, self.body, self.params, self.outer, self.is_lambda = (
            name, code, body, params, outer, is_lambda,
        )  # fmt: skip
        self.defaults: dict[int, Any] = {}


class Bound:
    """A function with its first arguments given, or one that vmap maps along axes."""

    __slots__ = ("axes", "function", "given")

    def __init__(self, function: Any, given: list[Arg], axes: Any = None) -> None:
        self.function, self.given, self.axes = function, given, axes


class Fields:
    """The names that the items of a tuple have."""

    __slots__ = ("names",)

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names


class Slice:
    """start:stop:step, each an Arg or None."""

    __slots__ = ("parts",)
    __match_args__ = ("parts",)

    def __init__(self, parts: tuple[Arg | None, ...]) -> None:
        self.parts = parts


class Callee:
    """What a call calls: an operator (None: unknown) under a spelling, on a receiver if it is a method."""

    __slots__ = ("bound", "function", "in_place", "library", "name", "op", "prefixed", "receiver")

    def __init__(
        self,
        name: str,
        op: Op | None,
        receiver: Any = None,
        prefixed: bool = False,
        function: Function | None = None,
    ) -> None:
        self.name, self.op, self.receiver, self.prefixed, self.function = name, op, receiver, prefixed, function
        self.bound: Bound | None = None
        self.in_place = False  # torch's x.mul_(2), which changes x
        self.library = ""  # whose name it is: "scipy", "torch", or "" for NumPy's and its own


def callee_of(value: Function | Callee | Bound, name: str = "") -> Callee:
    """What a call of a value calls."""
    if isinstance(value, Callee):
        return value
    callee = Callee(name or getattr(value, "name", "partial"), None)
    if isinstance(value, Function):
        callee.function = value
    else:
        callee.bound = value
    return callee


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
        if value.__class__ is Star:
            self.given += spread(value, first, last)
        else:
            self.given.append(Arg(value, first, last, self.key, self.key_at))
        self.key = ""


def spread(star: Star, first: int, last: int) -> list[Arg]:
    """The arguments that `*values` or `**values` stands for."""
    match star.word, star.value:
        case "*", Group(items=items):
            return [Arg(item.value, first, last) for item in items]
        case "**", Dict(items=items) if all(isinstance(key, str) for key in items):
            return [Arg(item.value, first, last, key, first) for key, item in items.items()]
    known = "a dictionary with names as keys" if star.word == "**" else "a list or a tuple"
    raise GradcError(f"'{star.word}' takes {known} apart")


NONE, ELLIPSIS, EMPTY = Word("None"), Word("..."), Word("")
# What an unknown function returns: a value that no further problem is reported for.
POISON = Node(-1, s.input_, (), "?", ())
# What stands for a value where the reader goes on elsewhere.
JUMP = Word("jump")
