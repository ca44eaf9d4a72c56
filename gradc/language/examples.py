"""The first lines of pasted notes, `x = -2; w = [2, -3]; X = np.random.randn(10, 3)`: what they say of the inputs.

>>> found = leading(Source("w = [2, -3] # weights\\nX = np.zeros((2, 3))\\nX @ w"), [0, 9])
>>> found.shapes, found.values["w"], found.values["X"]
({'w': (2,), 'X': (2, 3)}, [2, -3], zeros(2, 3))
"""

from __future__ import annotations

from typing import Any

from gradc.base.records import NamedTuple
from gradc.language.lex import END, Source, is_number, spelled

# Arrays that NumPy makes of a shape: of random numbers (their arguments are the shape), and of one number.
_RANDOM = ("randn", "rand", "random", "standard_normal", "normal", "uniform", "random_sample")
_FILLED = {"zeros": 0.0, "ones": 1.0, "empty": 0.0}
# The largest array that is an example.
LARGEST = 10_000_000


class Made(NamedTuple):
    """An array that an example makes: of random numbers, or of one number. `array()` is always the same."""

    kind: str
    shape: tuple[int, ...]

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(str, self.shape))})"

    def array(self) -> Any:
        """The values; the random ones of a seed that hangs on the shape."""
        import numpy as np

        if self.kind in _FILLED:
            return np.full(self.shape, _FILLED[self.kind])
        draw = np.random.default_rng(sum(self.shape))
        return (
            draw.random(self.shape) if self.kind in ("rand", "random", "uniform") else draw.standard_normal(self.shape)
        )


class Leading(NamedTuple):
    """What the first lines of a program assign, and the token behind them."""

    values: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]
    first: int
    last: int
    end: int


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an example's value.

    >>> shape_of(3), shape_of([[1, 2, 3], [4, 5, 6]]), shape_of(Made("randn", (5, 2)))
    ((), (2, 3), (5, 2))
    """
    if isinstance(value, Made):
        return value.shape
    out: tuple[int, ...] = ()
    while isinstance(value, list):
        out = (*out, len(value))
        value = value[0] if value else 0.0
    return out


def leading(source: Source, starts: list[int]) -> Leading | None:
    """The unbroken run of leading lines that assign a value of their own; None for none, or nothing else."""
    tokens = source.tokens
    values: dict[str, Any] = {}
    end = last = first = -1
    for i in starts:
        if not (tokens[i].isidentifier() and tokens[i + 1] == "="):
            break
        read = _value(tokens, i + 2)
        if read is None or tokens[read[1]] not in ("\n", ";", END) or spelled(tokens[i]) in values:
            break
        first = i if first < 0 else first
        values[spelled(tokens[i])], end = read
        last = end - 1
    while end >= 0 and tokens[end] in ("\n", ";"):
        end += 1
    if not values or tokens[end] == END:
        return None
    shapes = {name: shape_of(value) for name, value in values.items()}
    return Leading(values, {name: shape for name, shape in shapes.items() if shape}, first, last, end)


def _value(tokens: list[str], i: int) -> tuple[Any, int] | None:
    """The number, list or made array that begins at a token, and the token behind it."""
    sign = 1
    while tokens[i] in ("-", "+", "−"):
        sign = -sign if tokens[i] != "+" else sign
        i += 1
    token = tokens[i]
    if is_number(token):
        try:
            number = int(token) if token.isdecimal() else float(token)
        except ValueError:
            return None
        return sign * number, i + 1
    if sign < 0:
        return None
    if token in ("[", "("):
        return _list(tokens, i) if token == "[" else None
    return _made(tokens, i) if token[-1:] == "(" else None


def _list(tokens: list[str], i: int) -> tuple[Any, int] | None:
    """A list of numbers, or of such lists, all of one shape."""
    open_: list[list[Any]] = []
    while True:
        token = tokens[i]
        if token == "[":
            open_.append([])
            i += 1
        elif token == "]":
            done = open_.pop()
            i += 1
            if not done or len({shape_of(item) for item in done}) > 1:
                return None
            if not open_:
                return done, i
            open_[-1].append(done)
        elif token == "," or token == "\n":
            i += 1
        else:
            read = _value(tokens, i) if token not in ("(", END) and token[-1:] != "(" else None
            if read is None:
                return None
            open_[-1].append(read[0])
            i = read[1]


def _made(tokens: list[str], i: int) -> tuple[Any, int] | None:
    """`np.array([1, 2])`, `np.random.randn(5, 10)`, `np.zeros((3, 4))`, `np.random.rand()`."""
    path = tokens[i][:-1].rstrip().split(".")
    name = path[-1]
    if name in ("array", "asarray", "float64", "float") and len(path) <= 2:
        read = _value(tokens, i + 1)
        if read is None:
            return None
        value, i = read
        while tokens[i] not in (")", END, "\n"):  # dtype=...
            i += 1
        return (value, i + 1) if tokens[i] == ")" else None
    random = name in _RANDOM and (len(path) > 1 or name == "randn")
    if not random and (name not in _FILLED or path[0] not in ("np", "numpy", "torch", "jnp")):
        return None
    sizes: list[int] = []
    i += 1
    if random and name in ("normal", "uniform"):  # their first two arguments are no sizes
        while tokens[i] not in (")", END, "\n") and tokens[i] != "size":
            i += 1
    while tokens[i] != ")":
        if tokens[i].isdecimal():
            sizes.append(int(tokens[i]))
        elif tokens[i] not in ("(", "[", "]", ",", "size", "="):
            break
        i += 1
        if tokens[i] == ")" and tokens[i + 1] in (")", ","):
            i += 1
    while tokens[i] not in (")", END, "\n"):
        i += 1
    if tokens[i] != ")":
        return None
    count = 1
    for size in sizes:
        count *= size
    if count > LARGEST:
        return None
    return Made(name, tuple(sizes)), i + 1
