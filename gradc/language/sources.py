"""What else a program may be given as: a Python function, whose source is read and which is never called, and a SymPy
expression, which is read in the form that it prints itself in.

>>> import math
>>> scale = 2.5
>>> def loss(x, y): return scale*math.exp(x)*y
>>> print(text_of_function(loss).text)
def loss(x, y): return scale*math.exp(x)*y
scale = 2.5
"""

from __future__ import annotations

import ast
import inspect
import math
import sys
import textwrap
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from gradc.base.errors import GradcError
from gradc.base.records import NamedTuple
from gradc.base.syntax import statements_of

# A list or an array that a function closes over has no more numbers than this.
LARGEST = 1000
# Decorators that change nothing of what a function computes.
HARMLESS = ("jit", "njit", "jax.jit", "numba.jit", "numba.njit", "staticmethod", "lru_cache", "cache")


class Text(NamedTuple):
    """A program as text, and which of its functions it is."""

    text: str
    function: str = ""


def text_of(program: Any) -> Text:
    """The text of whatever `gradc.compile` takes. Raises `GradcError`, by name, for what can't be read."""
    if isinstance(program, str):
        return Text(program)
    if type(program).__module__.partition(".")[0] == "sympy":
        return Text(text_of_sympy(program))
    if callable(program):
        return text_of_function(program)
    raise GradcError(
        f"a program is text, a Python function or a SymPy expression, and no {type(program).__name__}",
        hint="write the formula as text: gradc.compile('x*y')",
    )


# ---- Python functions ------------------------------------------------------------------------------


def text_of_function(function: Callable[..., Any]) -> Text:
    """A function's own source, with what it closes over below it: numbers, lists of numbers, other functions."""
    plain = inspect.unwrap(getattr(function, "py_func", function))
    name = getattr(plain, "__name__", type(plain).__name__)
    if isinstance(plain, MethodType):
        raise GradcError(f"'{name}' is a method", hint="write a function of the arrays and numbers that it takes")
    if not isinstance(plain, FunctionType):
        raise _without_source(name)
    lines: list[str] = []
    found: dict[str, object] = {}
    todo: list[tuple[str, FunctionType]] = [(name, plain)]
    known = {name: plain}
    while todo:
        called, one = todo.pop(0)
        lines.append(_source(called, one))
        for word, value in _outside(one).items():
            if found.get(word, value) is not value:
                raise GradcError(f"'{word}' is one thing in '{name}' and another in '{called}'", hint="rename one")
            if word in found or known.get(word) is value:
                continue
            found[word] = value
            if isinstance(value, FunctionType) and not _of_library(value):
                known[word] = value
                todo.append((word, value))
            else:
                lines.append(_line(word, value, called))
    text = "\n".join(filter(None, lines))
    return Text(text, name if name.isidentifier() else "lambda_")


def _without_source(name: str) -> GradcError:
    return GradcError(
        f"the source of '{name}' can't be read",
        hint="write the function in a file or a notebook, or give the program as text",
    )


def _source(name: str, function: FunctionType) -> str:
    """The text of a function as a `def` (or an assignment of a lambda) of that name."""
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError, IndexError, SyntaxError):
        raise _without_source(name) from None
    text = textwrap.dedent("".join(lines)).rstrip()
    if function.__name__ == "<lambda>":
        return f"{name if name.isidentifier() else 'lambda_'} = {_lambda(text, lines, first, function)}"
    try:
        tree = statements_of(text)
    except (SyntaxError, ValueError, RecursionError):
        return text
    node = tree.body[0]
    if not isinstance(node, ast.FunctionDef):
        what = "a coroutine" if isinstance(node, ast.AsyncFunctionDef) else "no function"
        raise GradcError(f"'{name}' is {what}", hint="give the program as a function or as text")
    for each in node.decorator_list:
        said = ast.unparse(each.func if isinstance(each, ast.Call) else each)
        if said not in HARMLESS:
            raise GradcError(
                f"'{name}' has the decorator '{said}', which is not read", hint="compile what it decorates"
            )
    text = "\n".join(text.split("\n")[node.lineno - 1 :])
    return text if node.name == name else f"{text}\n{name} = {node.name}"


def _lambda(text: str, lines: list[str], first: int, function: FunctionType) -> str:
    """The lambda in the lines in which a function was written, the first of which has the number `first`."""
    code = function.__code__
    wanted = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    cut, shift, nodes = _lambdas(text)
    found = [node for node in nodes if _parameters(node) == wanted]
    if len(found) > 1:
        indent = len(lines[0]) - len(lines[0].lstrip()) + shift
        places = [(row - first + 1, col - indent) for row, _, col, _ in code.co_positions() if row and col is not None]
        counts = [sum(_holds(node.body, place) for place in places) for node in found]
        found = [node for node, count in zip(found, counts, strict=True) if count == max(counts)]
    texts = {" ".join((ast.get_source_segment(cut, node) or "").split()) for node in found}
    if len(texts) != 1:
        raise _without_source("lambda")
    return texts.pop()


def _lambdas(text: str) -> tuple[str, int, list[ast.Lambda]]:
    """The lambdas in some lines; where these end within a statement, in their longest part that is whole.

    With them come that part, and how many characters of the first line are before it.
    """
    start = text.find("lambda")
    cuts = [(text, 0), *((text[start:end], start) for end in range(len(text), start, -1))] if start >= 0 else []
    for cut, shift in cuts:
        try:
            tree = statements_of(cut)
        except (SyntaxError, ValueError, RecursionError):
            continue
        return cut, shift, [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    return text, 0, []


def _parameters(node: ast.Lambda) -> tuple[str, ...]:
    return tuple(arg.arg for arg in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])


def _holds(node: ast.expr, place: tuple[int, int]) -> bool:
    """Whether a line and column are in an expression."""
    end = (node.end_lineno or 0, node.end_col_offset or 0)
    return (node.lineno, node.col_offset) <= place <= end


def _outside(function: FunctionType) -> dict[str, Any]:
    """What a function takes from around it, builtins and unknown names left out."""
    found = inspect.getclosurevars(function)
    inner = dict(found.nonlocals)
    for word, value in found.globals.items():
        inner.setdefault(word, value)
    todo = [const for const in function.__code__.co_consts if inspect.iscode(const)]
    while todo:  # functions and comprehensions within
        code = todo.pop()
        todo += [const for const in code.co_consts if inspect.iscode(const)]
        for word in code.co_names:
            if word in function.__globals__:
                inner.setdefault(word, function.__globals__[word])
    return inner


def _of_library(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).partition(".")[0] in ("numpy", "scipy", "math", "jax", "torch")


def _line(word: str, value: Any, function: str) -> str:
    """What a name around a function stands for, as a line of the program; nothing for what the language has."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {word}" if value.__name__ != word else ""
    if isinstance(value, (BuiltinFunctionType, FunctionType)) or type(value).__name__ in (
        "ufunc",
        "_ArrayFunctionDispatcher",
    ):
        module, name = str(getattr(value, "__module__", None) or "numpy"), str(getattr(value, "__name__", word))
        return f"from {module.partition('._')[0]} import {name} as {word}" if name != word else ""
    text = _constant(value)
    if text is None:
        raise GradcError(
            f"'{function}' closes over '{word}', no number and no list of numbers but a {type(value).__name__}",
            hint=f"make '{word}' a parameter",
        )
    return f"{word} = {text}"


def _constant(value: Any) -> str | None:
    """A number, a string, None, or a list of such, as text; None for anything else."""
    if value is None or isinstance(value, (bool, str)):
        return repr(value)
    if hasattr(value, "tolist"):
        if getattr(value, "size", LARGEST + 1) > LARGEST:
            return None
        listed = _constant(value.tolist())
        return f"np.array({listed})" if listed is not None and listed.startswith("[") else listed
    if isinstance(value, int):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
    if isinstance(value, (list, tuple)) and len(value) <= LARGEST:
        parts = [_constant(each) for each in value]
        if any(part is None for part in parts):
            return None
        inner = ", ".join(map(str, parts))
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)" if len(parts) == 1 else f"({inner})"
    if isinstance(value, dict) and len(value) <= LARGEST:
        pairs = [(_constant(key), _constant(each)) for key, each in value.items()]
        if any(part is None for pair in pairs for part in pair):
            return None
        return "{" + ", ".join(f"{key}: {each}" for key, each in pairs) + "}"
    return None


# ---- SymPy expressions ------------------------------------------------------------------------------


def text_of_sympy(expression: Any) -> str:
    """A SymPy expression in the form that it prints itself in, floats in all their digits."""
    printing: Any = sys.modules["sympy.printing.str"]  # loaded: the expression comes from there

    class Printer(printing.StrPrinter):  # type: ignore[misc]  # SymPy has no types
        def _print_Float(self, expr: Any) -> str:
            return repr(float(expr))

        def _print_Exp1(self, expr: Any) -> str:
            return "np.e"

        def _print_EulerGamma(self, expr: Any) -> str:
            return "np.euler_gamma"

        def _print_GoldenRatio(self, expr: Any) -> str:
            return repr((1 + math.sqrt(5)) / 2)

        def _print_NegativeInfinity(self, expr: Any) -> str:
            return "-inf"

        def _print_ImaginaryUnit(self, expr: Any) -> str:
            raise GradcError("complex numbers are not part of the language", hint="take real and imaginary parts apart")

        def _print_BooleanTrue(self, expr: Any) -> str:
            return "True"

        def _print_BooleanFalse(self, expr: Any) -> str:
            return "False"

        def _print_MatrixBase(self, expr: Any) -> str:
            return "[" + ", ".join(self._print(list(row)) for row in expr.tolist()) + "]"

        _print_ImmutableDenseMatrix = _print_MutableDenseMatrix = _print_DenseMatrix = _print_MatrixBase

    for symbol in getattr(expression, "free_symbols", ()):
        if not str(symbol).isidentifier():
            raise GradcError(f"the symbol '{symbol}' has no name that a program could have", hint="rename it")
    return str(Printer().doprint(expression))
