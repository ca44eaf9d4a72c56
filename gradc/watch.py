"""A module's text, run at a point, into the value of each of its lines.

What is run is the module itself, with a call between its lines that looks at what the last one assigned.

>>> module = ["def forward(x):", "    x = float(x)", "    y = x + 1  # (1)", "    return y, ()"]
>>> watched(module, "forward", ["y"], "see")[1:-1]
['    x = float(x)', '    see(None)', '    y = x + 1  # (1)', '    see(y)']
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from gradc.emit import emit
from gradc.program import Program
from gradc.shapes import show
from gradc.tables import number

Load = Callable[[str], ModuleType]

# An array of so few elements is shown as a whole.
SMALL = 4


@dataclass(frozen=True, slots=True)
class Value:
    """A number, or an array by its shape and summary; `items` is the number, or the elements of a small array."""

    shape: tuple[int, ...]
    items: Any
    least: float = math.nan
    most: float = math.nan
    mean: float = math.nan
    nonfinite: int = 0

    def __str__(self) -> str:
        if self.items is not None:
            return _nested(self.items)
        if 0 in self.shape:
            return f"{show(self.shape)}, empty"
        bad = f", {self.nonfinite} not finite" if self.nonfinite else ""
        return f"{show(self.shape)} from {number(self.least)} to {number(self.most)}, mean {number(self.mean)}{bad}"

    def to_dict(self) -> Any:
        """Plain data: a number as it is, an array by shape, summary and, if it is small, elements."""
        if not self.shape:
            return plain(self.items)
        summary = {"min": plain(self.least), "max": plain(self.most), "mean": plain(self.mean)}
        items = {} if self.items is None else {"values": plain(self.items)}
        return {"shape": list(self.shape), **summary, "nonfinite": self.nonfinite, **items}


@dataclass(frozen=True, slots=True)
class Seen:
    """A line of the module and what it assigned; `error` says what it raised instead, and nothing ran after it."""

    text: str
    value: Value | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Both passes at a point, the lines in the order of `Program.forward` and of `Program.backward`'s statements."""

    inputs: dict[str, Value]
    forward: tuple[Seen, ...]
    backward: tuple[Seen, ...]
    outputs: tuple[Value, ...]
    df: tuple[Value, ...]
    gradients: dict[str, Value]


def watch(program: Program, target: str, values: Sequence[Any], load: Load, df: Any = None) -> Run:
    """Run both passes at a point, the inputs in order; `load` makes a module of its text.

    The upstream adjoint `df` is 1 for each scalar output and ones for each array, if it is left out. Raises what
    the module raises for inputs that do not fit.
    """
    import warnings

    import numpy as np

    targets = {
        "forward": [line.stmt.target for line in program.forward],
        "backward": [stmt.target for group in program.backward for stmt in group.stmts],
    }
    see = _unused("see", {*program.params, *program.names.values(), *targets["backward"], *program.module.values()})
    lines = emit(program, target).text.split("\n")
    texts = {name: _texts(lines, name, len(mine)) for name, mine in targets.items()}
    for name, mine in targets.items():
        lines = watched(lines, name, mine, see)
    module = load("\n".join(lines))
    seen: list[Value | None] = []
    setattr(module, see, lambda value: seen.append(None if value is None else summary(value)))
    inputs = {name: summary(value) for name, value in zip(program.inputs, values, strict=True)}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result, error = _run(lambda: module.forward(*values), seen)
        forward = _pairs(texts["forward"], seen, error)
        if error:
            return Run(inputs, forward, (), (), (), {})
        value, cache = result
        upstream = _ones(value, np) if df is None else df
        seen.clear()
        result, error = _run(lambda: module.backward(cache, upstream), seen)
    several = len(program.outputs) > 1
    return Run(
        inputs=inputs,
        forward=forward,
        backward=_pairs(texts["backward"], seen, error),
        outputs=tuple(map(summary, value if several else (value,))),
        df=tuple(map(summary, upstream if several else (upstream,))),
        gradients={name: summary(each) for name, each in (result or {}).items()},
    )


def watched(lines: Sequence[str], function: str, targets: Sequence[str], see: str) -> list[str]:
    """A module's lines with a call of `see` before the statements of a pass and after each of them."""
    start, end = _body(lines, function)
    spots = _statements(lines, start, end, len(targets))
    calls = dict(zip(spots, targets, strict=True))
    out = list(lines[: spots[0] if spots else end])
    if spots:
        out.append(f"    {see}(None)")
        for at in range(spots[0], end):
            out.append(lines[at])
            if at in calls:
                out.append(f"    {see}({calls[at]})")
    return [*out, *lines[end:]]


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _body(lines: Sequence[str], function: str) -> tuple[int, int]:
    """Where a function begins, and its return."""
    start = next(at for at, line in enumerate(lines) if line.startswith(f"def {function}("))
    return start, next(at for at in range(start, len(lines)) if lines[at].startswith("    return "))


def _statements(lines: Sequence[str], start: int, end: int, count: int) -> list[int]:
    """The last `count` lines before the return that are no comments: one statement a line."""
    found = [at for at in range(start + 1, end) if not lines[at].lstrip().startswith("#")]
    return found[len(found) - count :]


def _texts(lines: Sequence[str], function: str, count: int) -> list[str]:
    start, end = _body(lines, function)
    return [lines[at].partition("  #")[0].strip() for at in _statements(lines, start, end, count)]


def _run(action: Callable[[], Any], seen: Sequence[Value | None]) -> tuple[Any, str]:
    """The result of a pass, or what one of its lines raised; what it raised before its lines is the caller's affair."""
    try:
        return action(), ""
    except Exception as error:
        if not seen:
            raise
        return None, f"{type(error).__name__}: {error}"


def _pairs(texts: Sequence[str], seen: Sequence[Value | None], error: str) -> tuple[Seen, ...]:
    values = list(seen[1:])
    rows = [Seen(text, value) for text, value in zip(texts, values, strict=False)]
    if error:
        rows.append(Seen(texts[len(rows)], None, error))
    return tuple(rows)


def _ones(value: Any, np: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_ones(each, np) for each in value)
    return np.ones_like(value) if np.ndim(value) else 1.0


# ---- values ------------------------------------------------------------------------------------


def summary(value: Any) -> Value:
    """Anything that a module computes with, as it is shown.

    >>> summary(2), str(summary([[1, 2.5]]))
    (Value(shape=(), items=2.0, least=nan, most=nan, mean=nan, nonfinite=0), '[[1, 2.5]]')
    """
    if isinstance(value, float | int) and not isinstance(value, bool):
        return Value((), float(value), nonfinite=int(not math.isfinite(value)))
    import numpy as np

    array = np.asarray(value)
    if not array.shape:
        item = array.item()
        return Value((), item, nonfinite=int(isinstance(item, float) and not math.isfinite(item)))
    items = array.tolist() if 0 < array.size <= SMALL else None
    if not array.size:
        return Value(array.shape, items)
    with np.errstate(all="ignore"):
        bad = int(np.count_nonzero(~np.isfinite(array)))
        return Value(array.shape, items, float(array.min()), float(array.max()), float(array.mean()), bad)


def plain(value: Any) -> Any:
    """Numbers and lists of them as JSON can hold them: what is not finite becomes "nan", "inf" or "-inf".

    >>> plain([1.5, float("inf")])
    [1.5, 'inf']
    """
    if isinstance(value, list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_nested, value)) + "]"
    return number(value)


def point(inputs: Mapping[str, Value]) -> str:
    """
    >>> point({"x": summary(3), "y": summary(-4)})
    'x = 3, y = -4'
    """
    return ", ".join(f"{name} = {value}" for name, value in inputs.items())
