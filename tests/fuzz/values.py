"""A node and its arguments' values -> its value, in NumPy arrays of float64: the plain meaning of the language.

>>> from .tree import Node
>>> value(Node("sum", params=(("axis", 0),)), np.ones((2, 3))).tolist()
[2.0, 2.0, 2.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .tree import Node, Shape

Array = NDArray[Any]


def sigmoid(x: Array) -> Array:
    """The logistic function from an exponential that can't overflow."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, small) / (1.0 + small))


def softplus(x: Array) -> Array:
    """`log(1 + exp(x))` without overflow."""
    return np.asarray(np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))


UNARY: dict[str, Callable[[Array], Array]] = {
    "neg": np.negative,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "cbrt": np.cbrt,
    "square": np.square,
    "abs": np.abs,
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": lambda x: np.maximum(x, 0.0),
    "erf": special.erf,
    "erfc": special.erfc,
    "heaviside": lambda x: np.heaviside(x, 0.5),
    "not": lambda x: np.where(x != 0, 0.0, 1.0),
}

BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "lt": lambda x, y: np.where(x < y, 1.0, 0.0),
    "le": lambda x, y: np.where(x <= y, 1.0, 0.0),
    "gt": lambda x, y: np.where(x > y, 1.0, 0.0),
    "ge": lambda x, y: np.where(x >= y, 1.0, 0.0),
    "eq": lambda x, y: np.where(x == y, 1.0, 0.0),
    "ne": lambda x, y: np.where(x != y, 1.0, 0.0),
    "and": lambda x, y: np.where((x != 0) & (y != 0), 1.0, 0.0),
    "or": lambda x, y: np.where((x != 0) | (y != 0), 1.0, 0.0),
    "matmul": np.matmul,
    "dot": np.dot,
    "outer": np.outer,
    "solve": lambda a, b: solve(a, b),
}


def solve(a: Array, b: Array) -> Array:
    """NumPy's `solve`, where a right side of one dimension is a vector."""
    return np.asarray(np.linalg.solve(a, b))


# --------------------------------------------------------------------------------------------------- axes


def reduced_axes(node: Node, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction removes, each in `0..ndim-1`."""
    axis = node.param("axis")
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(one % ndim for one in (axis if isinstance(axis, tuple) else (axis,))))


def folded(x: Array, axes: tuple[int, ...]) -> Array:
    """`x` with `axes` moved behind the others and joined into one."""
    rest = tuple(one for one in range(x.ndim) if one not in axes)
    joined = math.prod(x.shape[one] for one in axes)
    return np.transpose(x, rest + axes).reshape(*(x.shape[one] for one in rest), joined)


def unfolded(x: Array, shape: Shape, axes: tuple[int, ...]) -> Array:
    """The inverse of `folded` for an array of `shape`."""
    rest = tuple(one for one in range(len(shape)) if one not in axes)
    order = rest + axes
    return np.transpose(x.reshape([shape[one] for one in order]), np.argsort(order))


def kept(out: Array, node: Node, ndim: int) -> Array:
    """The result of a reduction, with the reduced axes as ones if `keepdims` says so."""
    return np.expand_dims(out, reduced_axes(node, ndim)) if node.param("keepdims") else out


def reduction(node: Node, x: Array, last: Callable[[Array], Array]) -> Array:
    """`last`, which reduces the last axis, over the axes of `node`."""
    return kept(np.asarray(last(folded(x, reduced_axes(node, x.ndim)))), node, x.ndim)


def over_largest(x: Array) -> tuple[Array, Array]:
    """The largest over the last axis, and log(sum(exp(x))) less that: of what the others add to 1."""
    at = np.argmax(np.real(x), axis=-1)[..., None]
    top = np.take_along_axis(x, at, -1)
    up = np.exp(x - top)
    np.put_along_axis(up, at, 0.0, -1)
    return top, np.log1p(np.sum(up, axis=-1, keepdims=True))


def log_sum_exp(x: Array) -> Array:
    """Over the last axis."""
    top, rest = over_largest(x)
    return np.asarray((top + rest)[..., 0])


def softmax(x: Array) -> Array:
    """Over the last axis, shifted by the largest."""
    up = np.exp(x - np.max(np.real(x), axis=-1, keepdims=True))
    return np.asarray(up / np.sum(up, axis=-1, keepdims=True))


def log_softmax(x: Array) -> Array:
    """Over the last axis."""
    top, rest = over_largest(x)
    return np.asarray(x - top - rest)


REDUCTIONS: dict[str, Callable[[Array], Array]] = {
    "sum": lambda x: np.sum(x, axis=-1),
    "mean": lambda x: np.mean(x, axis=-1),
    "prod": lambda x: np.prod(x, axis=-1),
    "max": lambda x: np.max(x, axis=-1),
    "min": lambda x: np.min(x, axis=-1),
    "logsumexp": log_sum_exp,
    "norm": lambda x: np.sqrt(np.sum(x * x, axis=-1)),
}
ALONG: dict[str, Callable[[Array], Array]] = {"softmax": softmax, "log_softmax": log_softmax}


def along(node: Node, x: Array, last: Callable[[Array], Array]) -> Array:
    """`last`, which maps the last axis, along the axes of `node`."""
    axes = reduced_axes(node, x.ndim)
    return unfolded(last(folded(x, axes)), x.shape, axes)


# --------------------------------------------------------------------------------------------------- the rest


def indexed(node: Node, x: Array) -> Array:
    """Integers, slices and new axes."""
    items = tuple(
        ... if item == "..." else slice(*item) if isinstance(item, tuple) else item for item in node.param("items")
    )
    return np.asarray(x[items])


MOVES: dict[str, Callable[..., Array]] = {
    "transpose": lambda node, x: np.transpose(x, node.param("order")),
    "reshape": lambda node, x: np.reshape(x, node.param("dims")),
    "index": indexed,
    "concatenate": lambda node, *xs: np.concatenate(xs, axis=node.param("axis", 0)),
    "stack": lambda node, *xs: np.stack(xs, axis=node.param("axis", 0)),
    "trace": lambda node, x: np.asarray(np.trace(x)),
}


def extreme(op: str, xs: tuple[Array, ...]) -> Array:
    """The largest or smallest of several arguments."""
    out = xs[0]
    for x in xs[1:]:
        out = np.maximum(out, x) if op == "maximum" else np.minimum(out, x)
    return np.asarray(out)


def value(node: Node, *xs: Array) -> Array:
    """The value of `node` from those of its arguments."""
    op = node.op
    if op in UNARY:
        return np.asarray(UNARY[op](*xs))
    if op in BINARY:
        return np.asarray(BINARY[op](*xs))
    if op in REDUCTIONS:
        return reduction(node, xs[0], REDUCTIONS[op])
    if op in ALONG:
        return along(node, xs[0], ALONG[op])
    if op in MOVES:
        return np.asarray(MOVES[op](node, *xs))
    if op in ("maximum", "minimum"):
        return extreme(op, xs)
    if op in ("where", "ifelse"):
        return np.asarray(np.where(xs[0] != 0, xs[1], xs[2]))
    if op == "between":
        return np.asarray(np.where((xs[0] < xs[1]) & (xs[1] < xs[2]), 1.0, 0.0))
    if op == "vector":
        return np.array(node.param("values"), dtype=float)
    if op == "det":
        return np.asarray(np.linalg.det(xs[0]))
    if op == "inv":
        return np.asarray(np.linalg.inv(xs[0]))
    raise KeyError(op)
