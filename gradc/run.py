"""Emitted text into functions: modules, verified before anything runs, and the functions of library calls.

>>> module = load("def forward(x):\\n    return x, (x,)\\n")
>>> module.forward(3)
(3, (3,))
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradc.emit.calls import CallText

_numbers = itertools.count(1)


class collector_paused:
    """No cyclic garbage collection meanwhile: a growing graph would be walked again and again, and holds no garbage."""

    def __enter__(self) -> None:
        self.was = gc.isenabled()
        gc.disable()

    def __exit__(self, *error: object) -> None:
        if self.was:
            gc.enable()


def load(source: str, name: str = "") -> ModuleType:
    """An emitted text as a module: verified, compiled, and known to `linecache` for tracebacks and debuggers."""
    module = ModuleType("gradc_emitted")
    _run(source, module.__dict__, name or f"<gradc {next(_numbers)}>")
    return module


def _run(source: str, namespace: dict[str, Any], filename: str) -> None:
    import builtins
    import linecache

    from gradc.emit.allow import verify

    verify(source)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(builtins.compile(source, filename, "exec", dont_inherit=True), namespace)


class _Absent:
    """What stands for an input that was not given."""

    def __repr__(self) -> str:
        return "<not given>"


ABSENT = _Absent()

# What leaves a function's domain as Python has it, where NumPy has inf and nan.
FAILURES = (ValueError, OverflowError, ZeroDivisionError)


def direct(name: str, call: CallText, inputs: Sequence[str], general: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a call's text; `general` is the way for what does not fit."""
    namespace = {call.words.get(word, word): value for word, value in _things(call).items()}
    namespace[call.words["otherwise"]] = _otherwise(namespace, name, inputs, general)
    _run(call.text, namespace, f"<gradc {name} {next(_numbers)}>")
    function: Callable[..., Any] = namespace[name]
    return function


def direct_arrays(
    name: str,
    text: str,
    words: Mapping[str, str],
    inputs: Sequence[str],
    general: Callable[..., Any],
    mapped: Callable[..., Any] | None = None,
) -> Callable[..., Any]:
    """The function of a call's text over whole arrays, which brings its own imports; `mapped` takes large ones."""
    namespace: dict[str, Any] = {words["absent"]: ABSENT, words["failures"]: FAILURES, words["mapped"]: mapped}
    namespace[words["otherwise"]] = _otherwise(namespace, name, inputs, general)
    _run(text, namespace, f"<gradc {name} {next(_numbers)}>")
    function: Callable[..., Any] = namespace[name]
    return function


def _things(call: CallText) -> dict[str, Any]:
    import math

    things: dict[str, Any] = {word: getattr(math, word) for word in call.words if hasattr(math, word)}
    things |= {"absent": ABSENT, "failures": FAILURES, "type": type, "float": float}
    if call.helpers:
        from gradc.ops.helpers import HELPERS

        space: dict[str, Any] = {"math": math}
        for helper in call.helpers:
            _run(HELPERS["math"][helper], space, f"<gradc {helper}>")
        things |= {helper: space[helper] for helper in call.helpers}
    if call.arrays:
        import numpy as np

        things |= {"float64": np.dtype(np.float64), "ndarray": np.ndarray, "array_of": np.array, "zeros_of": np.zeros}
    return things


def _otherwise(
    namespace: Mapping[str, Any], name: str, inputs: Sequence[str], general: Callable[..., Any]
) -> Callable[..., Any]:
    def otherwise(given: tuple[Any, ...], rest: tuple[Any, ...], more: dict[str, Any]) -> Any:
        if rest:
            return general(*given, *rest, **more)
        kinds = {*map(type, given)}
        if not more and int in kinds and kinds <= {int, float}:
            try:
                numbers = [float(value) for value in given]
            except OverflowError:
                return general(*given)
            return namespace[name](*numbers)
        known = {each: value for each, value in zip(inputs, given, strict=True) if value is not ABSENT}
        return general(**known, **more)

    return otherwise
