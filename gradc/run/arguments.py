"""The words of options into what the library takes: programs, shapes, points, ranges, and files of them.

>>> points(["x=3", "y=-4,z=[1, 2]"])
{'x': 3, 'y': -4, 'z': [1.0, 2.0]}
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gradc.base.errors import GradcError
from gradc.base.files import decoded, limited, read, reason
from gradc.base.streams import tell
from gradc.graph.shapes import computed
from gradc.language.lex import spelled

# Whole numbers up to here are floats too.
EXACT = 2**53


def program(words: Sequence[str], file: str | None, limit: int) -> str:
    """The program's text: the one argument, standard input, or a file."""
    if file is not None:
        if words:
            raise GradcError("the program is given twice, in quotes and as -f FILE", hint="leave one of them out")
        return read(file, limit)
    if not words:
        raise GradcError("no program is given", hint='write it in quotes, as "x*y"; - for standard input, or -f FILE')
    if len(words) > 1:
        hint = f"quote the program: {quoted(words)}"
        raise GradcError(f"got {len(words)} arguments, and a program is one", hint=hint)
    if words[0] == "-":
        return _standard_input(limit)
    if words[0].isascii():
        return words[0]
    return decoded(os.fsencode(words[0]), "the program")  # the bytes that were typed, whatever the locale made of them


def quoted(words: Sequence[str]) -> str:
    """Words of a shell as one; another program in place of one that the shell would read in its own way.

    >>> quoted(["x", "+", "y"])
    '"x + y"'
    """
    text = " ".join(words)
    return f'"{text}"' if len(text) <= 60 and text.isprintable() and not set(text) & set('"$`\\!') else '"x + y"'


def _standard_input(limit: int) -> str:
    if sys.stdin is None:
        raise GradcError("standard input is closed")
    if sys.stdin.isatty():
        tell("gradc: note: the program is read from the terminal; end it with Ctrl-D")
    try:
        return decoded(limited(sys.stdin.buffer, limit, "standard input"), "standard input")
    except OSError as error:
        raise GradcError(f"cannot read standard input: {reason(error)}") from None


def names(given: Sequence[str], option: str = "--wrt") -> list[str] | None:
    """The names of `--wrt x,y`; None if it was not given."""
    found = [spelled(name.strip()) for one in given for name in one.split(",") if name.strip()]
    if given and not found:
        raise GradcError(f"{option} names no input", hint=f"write it as {option} x,y")
    return found or None


def shapes(given: Iterable[str]) -> dict[str, tuple[int | str, ...]]:
    """Declarations of a command line.

    >>> shapes(["W=5,10", "X=[n, d]", "s="])
    {'W': (5, 10), 'X': ('n', 'd'), 's': ()}
    >>> shapes(["Wx=d,4*h"])
    {'Wx': ('d', '4*h')}
    """
    found: dict[str, tuple[int | str, ...]] = {}
    for one in given:
        name, equals, dims = one.partition("=")
        whole = dims.strip()
        bare = whole[1:-1] if whole[:1] + whole[-1:] in ("()", "[]") else whole
        parts = [part.strip() for part in bare.split(",") if part.strip()]
        wrong = [part for part in parts if not (part.isidentifier() or computed(part) is not None)]
        if not equals or not name.strip().isidentifier() or wrong:
            raise GradcError(f"cannot read the shape {one!r}", hint="write it as --shape W=5,10 or --shape X=n,d")
        found[spelled(name.strip())] = tuple(int(part) if part.isdecimal() else part for part in parts)
    return found


def points(given: Iterable[str]) -> dict[str, Any]:
    """The values of a command line: numbers, JSON arrays, and files of them after an `@`."""
    found: dict[str, Any] = {}
    for one in given:
        for name, value in _assignments(one):
            if name in found:
                raise GradcError(f"'{name}' is given twice", hint="one --at for each input")
            found[name] = value
    return found


def _assignments(text: str) -> Iterator[tuple[str, Any]]:
    if text.startswith("@"):
        yield from _whole_point(text[1:])
        return
    starts = list(re.finditer(r"(?:^|,)\s*([^\W\d]\w*)\s*=(?!=)", text))
    if not starts or starts[0].start():
        raise GradcError(f"cannot read the point {text!r}", hint="write it as --at x=3 or --at 'W=[[1, 2], [3, 4]]'")
    ends = [*(match.start() for match in starts[1:]), len(text)]
    for match, end in zip(starts, ends, strict=True):
        yield spelled(match[1]), value(match[1], text[match.end() : end].strip())


def value(name: str, text: str) -> Any:
    """A number, an array, or what is in a file."""
    if text.startswith("@"):
        return _array(name, _loaded(text[1:]))
    try:
        number = float(text)
        return int(text) if text.lstrip("+-").isdecimal() and abs(number) <= EXACT else number
    except ValueError:
        pass
    try:
        return _array(name, _constant(text))
    except (ArithmeticError, SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        return _refused_value(name, text)


_FUNCTIONS = ("sqrt", "exp", "log", "sin", "cos", "tan")
_LONGEST_VALUE = 1_000_000


def _constant(text: str) -> Any:
    """Arithmetic of numbers, and lists of it; TypeError for what is neither.

    >>> _constant("1/4"), _constant("[[2*pi/pi, -1], [sqrt(9), 1e3]]")
    (0.25, [[2.0, -1.0], [3.0, 1000.0]])
    """
    import ast
    import math
    import operator

    from gradc.base.syntax import expression_of

    binary: dict[type, Any] = {
        ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
        ast.Pow: operator.pow,
    }  # fmt: skip

    def of(node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return float(number)
            case ast.Name(id="pi" | "inf" | "nan" as name):
                return getattr(math, name)
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return -of(x)
            case ast.UnaryOp(op=ast.UAdd(), operand=x):
                return +of(x)
            case ast.BinOp(left=x, op=kind, right=y) if type(kind) in binary:
                return binary[type(kind)](of(x), of(y))
            case ast.Call(func=ast.Name(id=name), args=[x], keywords=[]) if name in _FUNCTIONS:
                return getattr(math, name)(of(x))
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [of(item) for item in items]
        raise TypeError("neither a number nor a list")

    if len(text) > _LONGEST_VALUE:
        raise ValueError("too long for a value on a command line")
    return of(expression_of(text))


def _refused_value(name: str, text: str) -> Any:
    shown = text if len(text) <= 40 else text[:39] + "…"
    hint = f"write --at {name}=3, --at '{name}=[1, 2]' or --at {name}=@file.npy"
    raise GradcError(f"the value of '{name}' is no number: {shown!r}", hint=hint)


def _array(name: str, value: Any) -> Any:
    """Nested lists as they are, if they are a box of numbers."""
    import numpy as np

    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise GradcError(f"the value of '{name}' is no array of numbers with rows of equal length") from None
    return value if isinstance(value, list) else array


def _whole_point(path: str) -> Iterator[tuple[str, Any]]:
    """A file that holds a value for each input: a JSON object, or an .npz."""
    data = _loaded(path)
    if not hasattr(data, "items"):
        raise GradcError(f"{path} holds no values by name", hint="write --at x=@FILE for the value of one input")
    for name, value in data.items():
        yield name, _array(name, value)


def _loaded(path: str) -> Any:
    if not path.endswith((".npy", ".npz")):
        import json

        try:
            return json.loads(read(path))
        except (ValueError, RecursionError) as error:
            raise GradcError(f"{path} is not JSON: {str(error)[:60]}") from None
    import numpy as np

    try:
        loaded = np.load(path, allow_pickle=False)
        return dict(loaded) if path.endswith(".npz") else loaded
    except OSError as error:
        raise GradcError(f"cannot read {path}: {reason(error)}") from None
    except ValueError:
        raise GradcError(f"{path} is no file of numbers") from None


def ranges(given: Iterable[str]) -> dict[str, tuple[float, float]]:
    """
    >>> ranges(["x=1,2"])
    {'x': (1.0, 2.0)}
    """
    found = {}
    for one in given:
        match = re.fullmatch(r"\s*([^\W\d]\w*)\s*=\s*([^,]+),([^,]+)", one)
        try:
            found[match[1]] = (float(match[2]), float(match[3]))  # type: ignore[index]  # caught below
        except (TypeError, ValueError):
            raise GradcError(f"cannot read the range {one!r}", hint="write it as --range x=1,2") from None
    return found
