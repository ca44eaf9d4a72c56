"""A compiled program of numbers into machine code: its C file, built by the compiler that is there, and loaded.

The extension is built once and kept under the digest of its text, in the cache folder of the user (`GRADC_CACHE`,
`XDG_CACHE_HOME` or `~/.cache`). It takes numbers, and arrays of float64 as buffers.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

from gradc.base.errors import GradcError
from gradc.run import native_texts
from gradc.run.functions import cache_folder
from gradc.run.given import in_order

# What the functions of the C file are called.
NAME = "gradc_f"
FLAGS = ("-O3", "-std=c99", "-fPIC", "-shared", "-fno-math-errno", "-ffp-contract=off")


class Native:
    """A program as machine code: call it for the value, `value_and_grad` for the gradient too.

    Numbers give numbers; arrays of any shape broadcast, as in `Function.value_and_grad`, and give float64 arrays in
    the shape of the value. `jvp`, `hvp`, `jacobian` and `hessian` are built when they are first asked for.
    """

    def __init__(self, fn: Any, compiler: Sequence[str] | str | None = None) -> None:
        self.inputs, self.wrt = tuple(fn.inputs), tuple(fn.wrt)
        self.outputs = tuple(fn.outputs)
        self._fn, self._compiler = fn, _compiler(compiler)
        self.source: str = self._file()
        count, results = len(self.outputs), len(self.outputs) + len(self.wrt)
        self._seeds = count if count > 1 else 0
        each = "".join(f", out[{at}]" for at in range(count))
        kinds = "d" if count == 1 else f"({'d' * count})"
        text = self._around(
            "value_and_grad", (native_texts.BOTH, native_texts.FILL, native_texts.METHODS_OF_BOTH), self._seeds,
            [1] * results, slopes=len(self.wrt), first=count, packed=f'Py_BuildValue("({kinds}O)"{each}, grads)',
        )  # fmt: skip
        self.path = _built(text, self._compiler)
        self._module = _loaded(self.path)
        self._module.setup(self._otherwise, self.wrt)
        self.value_and_grad: Callable[..., tuple[Any, dict[str, Any]]] = self._module.value_and_grad
        """The value and the gradient by input, at numbers or at every point of arrays; several outputs take `df`."""

    def _file(self, *also: str) -> str:
        """The C file of the program, with further modes."""
        from gradc.emit.targets import TARGETS

        text: str = TARGETS["c"].program(self._fn.dag, self.wrt, self._fn.literal, NAME, also).text
        return text

    def _around(self, mode: str, parts: Sequence[str], more: int, widths: Sequence[int], **holes: Any) -> str:
        """A C file with what Python needs around it; `MODULE` stands for the extension's name.

        The function takes `more` numbers beside the inputs, and fills numbers, and arrays of `widths`.
        """
        inputs, results = len(self.inputs) + more, sum(widths)
        starts = [0, *accumulate(widths[:-1])]
        arrays = inputs + len(widths)
        filled = {
            "text": self.source if mode == "value_and_grad" else self._file(mode),
            "name": NAME, "mode": mode, "module": "MODULE",
            "inputs": inputs, "room": max(inputs, 1), "results": results, "arrays": arrays,
            "widths": ", ".join(map(str, [1] * inputs + [*widths])),
            "call": ", ".join([*(f"given[{at}]" for at in range(inputs)), *(f"&out[{at}]" for at in starts)]),
            "pointers": ", ".join(f"at[{at}]" for at in range(arrays)),
        }  # fmt: skip
        return "".join(part.format(**filled, **holes) for part in (native_texts.HEAD, *parts, native_texts.END))

    # ---- value and gradient ------------------------------------------------------------------------------------------

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """The value."""
        if self._seeds:
            inputs["df"] = (0.0,) * self._seeds
        return self.value_and_grad(*args, **inputs)[0]

    def _otherwise(self, /, *args: Any, **inputs: Any) -> tuple[Any, dict[str, Any]]:
        """What is not numbers by position: words, whole numbers, arrays, adjoints."""
        df: Sequence[Any] = ()
        if self._seeds:
            df = inputs.pop("df", ())
            if not df and len(args) + len(inputs) == len(self.inputs) + self._seeds:
                args, df = args[: -self._seeds], args[-self._seeds :]
        given = [*in_order(self.inputs, args, inputs, defaults=self._fn.dag.defaults), *df]
        if len(df) != self._seeds:
            self._fn.needs_no_df()
        count = len(self.outputs)
        found = over_arrays(self._module.fill, given, [1] * (count + len(self.wrt)))
        if found is None:
            return self.value_and_grad(*map(float, given))
        value = found[0] if count == 1 else tuple(found[:count])
        return value, dict(zip(self.wrt, found[count:], strict=True))

    # ---- further modes -----------------------------------------------------------------------------------------------

    @cached_property
    def jvp(self) -> Callable[..., Any]:
        """jvp(x, y, x_dot, y_dot): the value, and its tangent, as `Function.jvp` gives them."""
        return self._mode("jvp")

    @cached_property
    def hvp(self) -> Callable[..., Any]:
        """hvp(x, y, x_dot, y_dot): value, gradient, and the Hessian times a vector, as `Function.hvp` gives them."""
        return self._mode("hvp")

    @cached_property
    def jacobian(self) -> Callable[..., Any]:
        """jacobian(x, y): a `Jacobian`, as `Function.jacobian` gives it."""
        return self._mode("jacobian")

    @cached_property
    def hessian(self) -> Callable[..., Any]:
        """hessian(x, y): a `Hessian`, as `Function.hessian` gives it."""
        self._fn._has_a_hessian()
        return self._mode("hessian")

    def _mode(self, mode: str) -> Callable[..., Any]:
        from gradc.run.native_modes import mode_of

        def build(parts: Sequence[str], more: int, widths: Sequence[int], rows: int, pattern: str) -> Any:
            return _loaded(_built(self._around(mode, parts, more, widths, rows=rows, pattern=pattern), self._compiler))

        return mode_of(mode, self._fn, build)


def over_arrays(fill: Callable[..., Any], given: Sequence[Any], widths: Sequence[int]) -> list[Any] | None:
    """What an extension fills at every point of arrays, which broadcast; None where all are numbers.

    A result of a width above 1 has an axis of its own behind those of the points.
    """
    import numpy as np

    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in given))
    shape = arrays[0].shape if arrays else ()
    if not shape:
        return None
    out = [np.empty(shape if width == 1 else (*shape, width)) for width in widths]
    fill(*map(np.ascontiguousarray, arrays), *out)
    return out


def native(fn: Any, compiler: Sequence[str] | str | None = None) -> Native:
    """Build a compiled program of numbers as machine code, with the C compiler that is there.

    `compiler` is a command, "cc" by default (`CC` in the environment, or ziglang's where there is no other). Raises
    `GradcError` for a program that is not one of numbers, and where there is no compiler or no header of Python's.
    """
    return Native(fn, compiler)


def _compiler(asked: Sequence[str] | str | None) -> tuple[str, ...]:
    if asked is not None:
        return (asked,) if isinstance(asked, str) else tuple(asked)
    for name in filter(None, (os.environ.get("CC"), "cc", "gcc", "clang")):
        if shutil.which(name.split()[0]):
            return tuple(name.split())
    from importlib.util import find_spec

    if find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang", "cc")
    raise GradcError("there is no C compiler", hint="install one, or gradc[native], which brings one")


def _built(text: str, compiler: Sequence[str]) -> str:
    """The extension of a text: from the cache, or built into it, whole or not at all."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX") or ".so"
    said = "\0".join([text, *compiler, *FLAGS, sys.version, suffix])
    name = "gradc_" + hashlib.sha256(said.encode()).hexdigest()[:24]
    folder = cache_folder()
    path = os.path.join(folder, name + suffix)
    if os.path.exists(path):
        return path
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        source, made = os.path.join(work, "f.c"), os.path.join(work, "f.so")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text.replace("MODULE", name))
        command = [*compiler, *FLAGS, "-I", sysconfig.get_paths()["include"], source, "-o", made, "-lm"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise GradcError(f"cannot run the C compiler {compiler[0]}: {error.strerror}") from None
        if done.returncode:
            hint = "its headers are missing: install Python's development files" if "Python.h" in done.stderr else ""
            raise GradcError(f"the C compiler refuses: {done.stderr.strip()[:300]}", hint=hint)
        os.replace(made, path)
    return path


def _loaded(path: str) -> Any:
    from importlib.machinery import ExtensionFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    name = os.path.basename(path).partition(".")[0]
    loader = ExtensionFileLoader(name, path)
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


__all__ = ["Native", "native", "over_arrays"]
