"""A program's text -> its value as Python itself reads it, with NumPy's functions.

The language is a subset of Python's expressions, give or take a few signs; so Python's parser can be held against the
printer in `tree`, and a program's text is known to mean what its tree means.

>>> from .generate import generate
>>> from .interpret import values as by_tree
>>> case = generate(5, "tensor")
>>> bool(np.allclose(run(case.program, case.inputs)[0], by_tree(case.program, case.inputs)[0]))
True
"""

from __future__ import annotations

import ast
import math
import re
import types
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import special

from . import values
from .tree import Program, text
from .values import Array


def largest(*args: Any, **options: Any) -> Any:
    """`max` of one array, or of several arguments element by element."""
    return np.max(*args, **options) if len(args) == 1 else joint(args, np.maximum)


def smallest(*args: Any, **options: Any) -> Any:
    """`min`, likewise."""
    return np.min(*args, **options) if len(args) == 1 else joint(args, np.minimum)


def joint(args: tuple[Any, ...], gate: Any) -> Any:
    out = args[0]
    for one in args[1:]:
        out = gate(out, one)
    return out


def power(x: Any, y: Any) -> Any:
    """`x**y` of floats, as NumPy has no negative powers of integers."""
    return np.power(np.asarray(x, dtype=float), y)


def along(gate: Any, x: Array, axis: int | None = None) -> Array:
    """Softmax along one axis or all."""
    if axis is None:
        return np.asarray(gate(x.reshape(-1)).reshape(x.shape))
    return np.moveaxis(gate(np.moveaxis(x, axis, -1)), -1, axis)


def log_sum_exp(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)


def piecewise(*pieces: tuple[Any, Any]) -> Any:
    return next(out for out, test in pieces if test)


FUNCTIONS: dict[str, Any] = {
    **{name: getattr(np, name) for name in (
        "exp expm1 log log1p log2 log10 sqrt cbrt square abs sign sin cos tan sinh cosh tanh hypot maximum minimum "
        "where sum mean prod dot matmul trace transpose reshape concatenate stack outer absolute arcsin arccos arctan "
        "arctan2 array").split()},
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "ln": np.log, "sgn": np.sign,
    "sigmoid": values.sigmoid, "logistic": values.sigmoid, "softplus": values.softplus, "Abs": np.abs,
    "relu": lambda x: np.maximum(x, 0), "erf": special.erf, "erfc": special.erfc, "pow": power, "power": power,
    "max": largest, "min": smallest, "Max": largest, "Min": smallest, "logsumexp": log_sum_exp,
    "softmax": lambda x, axis=None: along(values.softmax, x, axis),
    "log_softmax": lambda x, axis=None: along(values.log_softmax, x, axis),
    "det": np.linalg.det, "inv": np.linalg.inv, "solve": np.linalg.solve, "norm": np.linalg.norm,
    "Heaviside": lambda x: np.heaviside(x, 0.5), "Piecewise": piecewise, "pi": math.pi,
}  # fmt: skip
FUNCTIONS["norm"] = lambda x, axis=None, keepdims=False: np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))


def namespace() -> dict[str, Any]:
    """What a program may call."""
    space = types.SimpleNamespace(**FUNCTIONS, e=math.e, linalg=types.SimpleNamespace(**FUNCTIONS))
    return {**FUNCTIONS, **dict.fromkeys(("np", "numpy", "torch", "jnp", "math"), space)}


class AsArrays(ast.NodeTransformer):
    """Tests that work element by element, and lists that are arrays."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        gate = "both_" if isinstance(node.op, ast.And) else "either_"
        out = node.values[0]
        for one in node.values[1:]:
            out = ast.Call(ast.Name(gate, ast.Load()), [out, one], [])
        return out

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):  # NumPy has no negative powers of integers
            return ast.Call(ast.Name("power_", ast.Load()), [node.left, node.right], [])
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(ast.Name("not_", ast.Load()), [node.operand], []) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        pairs = [
            ast.Compare(left, [op], [right]) for left, op, right in zip(sides[:-1], node.ops, sides[1:], strict=True)
        ]
        out: ast.expr = pairs[0]
        for one in pairs[1:]:
            out = ast.Call(ast.Name("both_", ast.Load()), [out, one], [])
        return out


def python(source: str) -> str:
    """The few signs that Python doesn't have, in its own words."""
    source = source.replace("×", "*").replace("−", "-").replace("√", "sqrt").replace("σ", "sigmoid")
    return re.sub("²", "**2", source)


def run(program: Program, inputs: Mapping[str, Array]) -> tuple[Array, ...]:
    """The outputs, by Python's own reading of the text."""
    bare = re.sub(r"#.*", "", python(text(program)))
    lines = [line.strip() for line in re.split(r"[;\n]", bare)]
    lines = [line for line in lines if line and not re.match(r"\w+: \[", line)]
    tests = {"both_": np.logical_and, "either_": np.logical_or, "not_": np.logical_not}
    scope: dict[str, Any] = {**namespace(), **tests, "power_": power, **inputs}
    out: Any = None
    for line in lines:
        tree = ast.fix_missing_locations(AsArrays().visit(ast.parse(line)))
        statement = tree.body[0]
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]
            assert isinstance(target, ast.Name)
            out = evaluate(statement.value, scope)
            scope[target.id] = out
        else:
            assert isinstance(statement, ast.Expr)
            out = evaluate(statement.value, scope)
    outs = out if isinstance(out, tuple) else (out,)
    return tuple(np.asarray(one, dtype=float) for one in outs)


def evaluate(node: ast.expr, scope: dict[str, Any]) -> Any:
    """One expression, with conditionals by their test."""
    with np.errstate(all="ignore"):
        return eval(compile(ast.Expression(node), "<program>", "eval"), scope)  # our own text, in a test
