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
from typing import Any

from gradc.base.errors import GradcError
from gradc.run.functions import cache_folder

FLAGS = ("-O3", "-std=c99", "-fPIC", "-shared", "-fno-math-errno", "-ffp-contract=off")

_WRAPPER = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
{text}
static PyObject *names[{room}], *otherwise;

static PyObject *value_and_grad(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *words)
{{
    double given[{room}], out[{results}];
    PyObject *grads, *each, *both;
    (void)self;
    if (words != NULL || count != {inputs}) return PyObject_Vectorcall(otherwise, args, (size_t)count, words);
    for (Py_ssize_t i = 0; i < count; i++) {{
        if (!PyFloat_CheckExact(args[i])) return PyObject_Vectorcall(otherwise, args, (size_t)count, words);
        given[i] = PyFloat_AS_DOUBLE(args[i]);
    }}
    (void)given;
    {name}_value_and_grad({call});
    grads = PyDict_New();
    for (int i = 0; grads != NULL && i < {slopes}; i++) {{
        each = PyFloat_FromDouble(out[{first} + i]);
        if (each == NULL || PyDict_SetItem(grads, names[i], each)) Py_CLEAR(grads);
        Py_XDECREF(each);
    }}
    if (grads == NULL) return NULL;
    both = {packed};
    Py_DECREF(grads);
    return both;
}}

static PyObject *setup(PyObject *self, PyObject *args)
{{
    PyObject *keys;
    (void)self;
    if (!PyArg_ParseTuple(args, "OO!", &otherwise, &PyTuple_Type, &keys)) return NULL;
    Py_INCREF(otherwise);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keys) && i < {room}; i++) {{
        names[i] = PyTuple_GET_ITEM(keys, i);
        Py_INCREF(names[i]);
    }}
    Py_RETURN_NONE;
}}

static PyObject *fill(PyObject *self, PyObject *const *args, Py_ssize_t count)
{{
    Py_buffer held[{arrays}];
    double *at[{arrays}];
    Py_ssize_t n = -1, taken = 0;
    PyObject *result = NULL;
    (void)self;
    if (count != {arrays}) {{
        PyErr_SetString(PyExc_TypeError, "{arrays} arrays are expected");
        return NULL;
    }}
    for (; taken < count; taken++) {{
        if (PyObject_GetBuffer(args[taken], &held[taken], taken < {inputs} ? PyBUF_SIMPLE : PyBUF_WRITABLE)) goto done;
        at[taken] = held[taken].buf;
        if (n >= 0 && held[taken].len != n) {{
            PyErr_SetString(PyExc_ValueError, "arrays of one size are expected");
            taken++;
            goto done;
        }}
        n = held[taken].len;
    }}
    Py_BEGIN_ALLOW_THREADS
    {name}_value_and_grad_n((size_t)n/sizeof(double), {pointers});
    Py_END_ALLOW_THREADS
    Py_INCREF(Py_None);
    result = Py_None;
done:
    while (taken > 0) PyBuffer_Release(&held[--taken]);
    return result;
}}

static PyMethodDef methods[] = {{
    {{"value_and_grad", (PyCFunction)(void (*)(void))value_and_grad, METH_FASTCALL | METH_KEYWORDS, NULL}},
    {{"setup", setup, METH_VARARGS, NULL}},
    {{"fill", (PyCFunction)(void (*)(void))fill, METH_FASTCALL, NULL}},
    {{NULL, NULL, 0, NULL}},
}};
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "{module}", NULL, -1, methods, NULL, NULL, NULL, NULL}};
PyMODINIT_FUNC PyInit_{module}(void) {{ return PyModule_Create(&module); }}
"""


class Native:
    """A program as machine code: call it for the value, `value_and_grad` for the gradient too.

    Numbers give numbers; arrays of any shape broadcast, as in `Function.value_and_grad`, and give float64 arrays in
    the shape of the value.
    """

    def __init__(self, fn: Any, compiler: Sequence[str] | str | None = None) -> None:
        from gradc.emit.targets import TARGETS

        self.inputs, self.wrt = tuple(fn.inputs), tuple(fn.wrt)
        self.outputs = tuple(fn.outputs)
        self.source: str = TARGETS["c"].program(fn.dag, fn.wrt, fn.literal, "gradc_f").text
        self.path = _built(self.wrapped(), _compiler(compiler))
        self._module = _loaded(self.path)
        self._module.setup(self._otherwise, self.wrt)
        self.value_and_grad: Callable[..., tuple[Any, dict[str, Any]]] = self._module.value_and_grad
        """The value and the gradient by input, at numbers or at every point of arrays."""

    def wrapped(self) -> str:
        """The C file with what Python needs around it; `MODULE` stands for the extension's name."""
        inputs, results = len(self.inputs), len(self.outputs) + len(self.wrt)
        call = [*(f"given[{i}]" for i in range(inputs)), *(f"&out[{i}]" for i in range(results))]
        first = len(self.outputs)
        each = "".join(f", out[{i}]" for i in range(first))
        kinds = "d" if first == 1 else f"({'d' * first})"
        packed = f'Py_BuildValue("({kinds}O)"{each}, grads)'
        return _WRAPPER.format(
            text=self.source, name="gradc_f", inputs=inputs, room=max(inputs, 1), results=results,
            arrays=inputs + results, call=", ".join(call), slopes=len(self.wrt), first=first,
            packed=packed, module="MODULE",
            pointers=", ".join(f"at[{i}]" for i in range(inputs + results)),
        )  # fmt: skip

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """The value."""
        return self.value_and_grad(*args, **inputs)[0]

    def _otherwise(self, /, *args: Any, **inputs: Any) -> tuple[Any, dict[str, Any]]:
        """What is not numbers by position: words, whole numbers, arrays."""
        given = self._bound(args, inputs)
        if all(type(value) is float for value in given):
            return self.value_and_grad(*given)
        return self._over_arrays(given)

    def _bound(self, args: Sequence[Any], given: dict[str, Any]) -> list[Any]:
        bound = {**dict(zip(self.inputs, args, strict=False)), **given}
        if len(args) > len(self.inputs) or set(bound) != set(self.inputs) or len(args) + len(given) != len(bound):
            raise TypeError(f"{len(self.inputs)} inputs ({', '.join(self.inputs)}) are expected, once each")
        return [bound[name] for name in self.inputs]

    def _over_arrays(self, given: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
        import numpy as np

        arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in given))
        shape = arrays[0].shape if arrays else ()
        if not shape:
            return self.value_and_grad(*(float(value) for value in given))
        flat = [np.ascontiguousarray(each) for each in arrays]
        out = [np.empty(shape) for _ in range(len(self.outputs) + len(self.wrt))]
        self._module.fill(*flat, *out)
        values = tuple(out[: len(self.outputs)])
        grads = dict(zip(self.wrt, out[len(self.outputs) :], strict=True))
        return (values[0] if len(values) == 1 else values), grads


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
    raise GradcError("there is no C compiler", hint="install one, or the package ziglang, which brings one")


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


__all__ = ["Native", "native"]
