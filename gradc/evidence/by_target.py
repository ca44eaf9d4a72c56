"""A module of a framework's, run at points as NumPy has them: what `gradc check --target` judges beside the passes.

Each target has an adapter: how its text becomes a function of NumPy's arrays. Where the framework, or the compiler, is
not installed, there is nothing to run, and `check` says so.

>>> import gradc
>>> function, missing = runner(gradc.compile("x*y", target="numpy"))
>>> function is None, missing
(True, "the target 'numpy' has no module to run beside the passes")
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from gradc.base.errors import GradcError
from gradc.run.functions import load

Run = Callable[..., Any]


def runner(fn: Any) -> tuple[Run | None, str]:
    """The function of value and gradient that a module is, of NumPy's arrays; or None, and what is missing."""
    adapter = _ADAPTERS.get(fn.target)
    if adapter is None:
        return None, f"the target '{fn.target}' has no module to run beside the passes"
    if adapter is not _of_c and find_spec(fn.target) is None:
        return None, f"{fn.target} is not installed"
    try:
        return adapter(fn), ""
    except GradcError as error:
        return None, error.message


def _staged(fn: Any, enter: Callable[[str, Any], Any], leave: Callable[[Any], Any]) -> Run:
    """The passes of a module, with what goes in and what comes out as the framework and NumPy have it."""
    module = load(fn.source)
    stem = f"{fn.function_name}_" if fn.function_name else ""
    forward, backward = getattr(module, f"{stem}forward"), getattr(module, f"{stem}backward")

    def call(df: Any = None, **given: Any) -> Any:
        value, cache = forward(**{name: enter(name, each) for name, each in given.items()})
        if df is None:
            grads = backward(cache)
        else:
            df = tuple(enter("", each) for each in df) if isinstance(df, tuple) else enter("", df)
            grads = backward(cache, df)
        values = tuple(map(leave, value)) if isinstance(value, tuple) else leave(value)
        return values, {name: leave(each) for name, each in grads.items()}

    return call


def _of_torch(fn: Any) -> Run:
    import numpy as np

    torch = import_module("torch")

    def enter(name: str, value: Any) -> Any:
        return torch.tensor(np.asarray(value, np.int64 if name in fn.dag.integers else np.float64))

    return _staged(fn, enter, lambda tensor: tensor.detach().numpy() if hasattr(tensor, "detach") else tensor)


def _of_jax(fn: Any) -> Run:
    import numpy as np

    config = import_module("jax").config
    run = _staged(fn, lambda name, value: value, np.asarray)

    def call(**given: Any) -> Any:
        before = config.jax_enable_x64
        config.update("jax_enable_x64", True)
        try:
            return run(**given)
        finally:
            config.update("jax_enable_x64", before)

    return call


def _of_numba(fn: Any) -> Run:
    return _staged(fn, lambda name, value: value, lambda value: value)


def _of_c(fn: Any) -> Run:
    from gradc.run.native import native

    built = native(fn)

    def call(df: Any = None, **given: Any) -> Any:
        if df is not None:
            raise ValueError("a function in C takes no adjoint")
        return built.value_and_grad(**{name: float(each) for name, each in given.items()})

    return call


_ADAPTERS: dict[str, Callable[[Any], Run]] = {"torch": _of_torch, "jax": _of_jax, "numba": _of_numba, "c": _of_c}

__all__ = ["runner"]
