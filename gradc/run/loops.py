"""Calls of a program's loops that Numba compiles: numbers, arrays, kept results, threads, an upstream adjoint."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from gradc.base.errors import GradcError
from gradc.run.engine import Compiled
from gradc.run.given import checked_df, checked_dfs, checked_out, checked_threads, filled


def refuse_without_numba() -> None:
    """Raise `GradcError` where Numba is not installed."""
    from importlib.util import find_spec

    if find_spec("numba") is None:
        raise GradcError("the engine 'numba' needs Numba, which is not installed", hint="pip install gradc[numba]")


def direct_loops(kind: str, module: ModuleType, fn: Compiled) -> Callable[..., Any]:
    """The function of a kind of call, by the three functions of the module."""
    import numpy as np

    both: Callable[..., Any] = module.value_and_grad
    count, several = len(fn.inputs), len(fn.outputs) > 1 and bool(fn.wrt)
    options = {"df", "out", "threads"}.difference(fn.inputs)
    plain = {float, np.ndarray}

    def value(*args: Any, **inputs: Any) -> Any:
        return module.forward(*fn.bound(args, inputs))[0]

    def value_and_grad(*args: Any, **inputs: Any) -> tuple[Any, dict[str, Any]]:
        if not inputs and not several and len(args) == count and plain.issuperset(map(type, args)):
            found: tuple[Any, dict[str, Any]] = both(*args)
            return found
        given = {name: inputs.pop(name, None) if name in inputs else None for name in options}
        bound = fn.bound(args, inputs)
        threads = checked_threads(given.get("threads"))
        out = checked_out(given.get("out"), fn.outputs, fn.wrt)
        df = given.get("df")
        if df is None:
            if several:
                fn.needs_no_df()
            return both(*bound, out, threads)  # type: ignore[no-any-return]  # a module's function
        value, cache = module.forward(*bound)
        df = checked_dfs(df, value) if len(fn.outputs) > 1 else checked_df(df, value)
        return filled(out, value, module.backward(cache, df))

    return value if kind == "value" else value_and_grad


__all__ = ["direct_loops", "refuse_without_numba"]
