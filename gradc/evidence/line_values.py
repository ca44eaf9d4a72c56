"""A module's text, run at a point, into the value of each of its lines.

What is run is the module itself, with a call after each line that looks at what it assigned.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from gradc.base.tables import number
from gradc.emit.modules import Text, printed
from gradc.emit.targets import TARGETS
from gradc.graph.shapes import show
from gradc.plan.code import CALL, Assign, Def, Do, computes, followed, made, name_of
from gradc.plan.notes import Notes
from gradc.plan.program import Program
from gradc.rewrite.simplify import Builder

Load = Callable[[str], ModuleType]

# An array of so few elements is shown as a whole.
SMALL = 4
# One of so few is kept, for whoever has the room to show it.
KEPT = 24


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
        if self.items is not None and math.prod(self.shape) <= SMALL:
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
    """A line of the module and what it assigned: nothing, where it stands on a branch that was not taken.

    `error` says what it raised instead, and nothing ran after it.
    """

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


class _Watched:
    """A module in which a call of `see` follows every line that computes, with its place and what it assigned."""

    def __init__(self, program: Program, target: str) -> None:
        code = Notes(program, TARGETS[target]).module()
        self.see = "see"
        taken = {*program.params, *program.names.values(), *program.module.values(), *program.sizes.values()}
        taken |= {stmt.target for group in program.backward for stmt in group.stmts}
        while self.see in taken:
            self.see += "_"
        self.number = Builder().const
        printer = Text(code, TARGETS[target])
        self.lines: dict[str, list[str]] = {"forward": [], "backward": []}
        items = []
        for item in code.items:
            if isinstance(item, Def) and item.kind in self.lines:
                item = item._replace(body=followed(item.body, self._seen_by(printer, self.lines[item.kind])))
            items.append(item)
        self.text = printed(code._replace(items=tuple(items)), TARGETS[target]).text

    def _seen_by(self, printer: Text, lines: list[str]) -> Callable[[Any], tuple[Any, ...]]:
        def after(stmt: Any) -> tuple[Any, ...]:
            if not computes(stmt):
                return ()
            lines.append(printer.plain(stmt))
            place, name = self.number(len(lines) - 1), stmt.target if isinstance(stmt, Assign) else stmt.name
            return (Do(made(CALL, place, name_of(name), attr=(self.see,))),)

        return after


def watch(program: Program, target: str, values: Sequence[Any], load: Load, df: Any = None) -> Run:
    """Run both passes at a point, the inputs in order; `load` makes a module of its text.

    The upstream adjoint `df` is 1 for each scalar output and ones for each array, if it is left out. Raises what
    the module raises for inputs that do not fit.
    """
    import warnings

    import numpy as np

    watched = _Watched(program, target)
    text = watched.text
    module = load(text)
    seen: dict[int, Value] = {}
    setattr(module, watched.see, lambda at, value: seen.update({at: summary(value)}))
    inputs = {name: summary(value) for name, value in zip(program.inputs, values, strict=True)}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result, failed = _run(module, "forward", values, text, watched.see)
        forward = _lines(watched.lines["forward"], seen, failed)
        if failed:
            return Run(inputs, forward, (), (), (), {})
        value, cache = result
        upstream = _ones(value, np) if df is None else df
        seen.clear()
        result, failed = _run(module, "backward", (cache, upstream), text, watched.see)
    several = len(program.outputs) > 1
    return Run(
        inputs=inputs,
        forward=forward,
        backward=_lines(watched.lines["backward"], seen, failed),
        outputs=tuple(map(summary, value if several else (value,))),
        df=tuple(map(summary, upstream if several else (upstream,))),
        gradients={name: summary(each) for name, each in (result or {}).items()},
    )


Failure = tuple[int, str]
"""The place of a line, and what it raised."""


def _run(module: ModuleType, function: str, args: Sequence[Any], text: str, see: str) -> tuple[Any, Failure | None]:
    """The result of a pass, or which of its lines failed; what fails before the lines is the caller's affair."""
    try:
        return getattr(module, function)(*args), None
    except Exception as error:
        tb = error.__traceback__
        while tb is not None and tb.tb_frame.f_globals is not module.__dict__:
            tb = tb.tb_next
        match = re.match(rf" *{see}\((\d+), ", text.split("\n")[tb.tb_lineno]) if tb is not None else None
        if match is None:
            raise
        return None, (int(match[1]), f"{type(error).__name__}: {error}".strip())


def _lines(texts: Sequence[str], seen: Mapping[int, Value], failed: Failure | None) -> tuple[Seen, ...]:
    lines = [Seen(text, seen.get(at)) for at, text in enumerate(texts)]
    if failed:
        at, error = failed
        lines[at:] = [Seen(texts[at], None, error)]
    return tuple(lines)


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
    items = array.tolist() if 0 < array.size <= KEPT else None
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
