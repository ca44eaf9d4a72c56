"""A node, its value, its arguments' values and tangents -> its tangent: forward mode, with rules of its own.

A branch is chosen by the value and never by a product with 0, so that what is not chosen adds nothing.

>>> from .tree import Node
>>> x, t = np.array(3.0), np.array(1.0)
>>> float(tangent(Node("square"), x * x, (x,), (t,)))
6.0
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .tree import Node
from .values import Array, folded, kept, reduced_axes, sigmoid, unfolded, value

SLOPE: dict[str, Callable[[Array, Array], Array]] = {
    "neg": lambda x, out: np.full_like(x, -1.0),
    "exp": lambda x, out: out,
    "expm1": lambda x, out: np.exp(x),
    "log": lambda x, out: 1.0 / x,
    "log1p": lambda x, out: 1.0 / (1.0 + x),
    "log2": lambda x, out: 1.0 / (x * math.log(2.0)),
    "log10": lambda x, out: 1.0 / (x * math.log(10.0)),
    "sqrt": lambda x, out: 0.5 / out,
    "cbrt": lambda x, out: 1.0 / (3.0 * out * out),
    "square": lambda x, out: 2.0 * x,
    "abs": lambda x, out: np.sign(x),
    "sin": lambda x, out: np.cos(x),
    "cos": lambda x, out: -np.sin(x),
    "tan": lambda x, out: 1.0 / np.square(np.cos(x)),
    "asin": lambda x, out: 1.0 / np.sqrt((1.0 - x) * (1.0 + x)),
    "acos": lambda x, out: -1.0 / np.sqrt((1.0 - x) * (1.0 + x)),
    "atan": lambda x, out: 1.0 / (1.0 + x * x),
    "sinh": lambda x, out: np.cosh(x),
    "cosh": lambda x, out: np.sinh(x),
    "tanh": lambda x, out: np.square(2.0 * np.exp(-np.abs(x)) / (1.0 + np.exp(-2.0 * np.abs(x)))),
    "sigmoid": lambda x, out: sigmoid(x) * sigmoid(-x),
    "softplus": lambda x, out: sigmoid(x),
    "erf": lambda x, out: 2.0 / math.sqrt(math.pi) * np.exp(-x * x),
    "erfc": lambda x, out: -2.0 / math.sqrt(math.pi) * np.exp(-x * x),
}
STEPS = frozenset({"sign", "heaviside", "not", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "between", "vector"})
LINEAR = frozenset({"transpose", "reshape", "index", "concatenate", "stack", "trace"})
BILINEAR = frozenset({"mul", "matmul", "dot", "outer"})


def power(x: Array, y: Array, out: Array, dx: Array, dy: Array) -> Array:
    """`y*x**(y - 1)*dx + out*log(x)*dy`, where a part that isn't there isn't computed."""
    x, y, out, dx, dy = np.broadcast_arrays(x, y, out, dx, dy)
    total = np.zeros(x.shape)
    first, second = (dx != 0) & (y != 0), (dy != 0) & (x > 0)
    total[first] += y[first] * np.power(x[first], y[first] - 1.0) * dx[first]
    total[second] += out[second] * np.log(x[second]) * dy[second]
    return total


def product(x: Array, dx: Array) -> Array:
    """Of the last axis: each factor's change times the others."""
    total = np.zeros(x.shape[:-1])
    for one in range(x.shape[-1]):
        rest = np.delete(x, one, axis=-1)
        total = total + dx[..., one] * np.prod(rest, axis=-1)
    return total


def determinant(a: Array, da: Array) -> Array:
    """Row by row, which is right for a singular matrix too."""
    total = np.zeros(a.shape[:-2])
    for row in range(a.shape[-1]):
        mixed = a.copy()
        mixed[..., row, :] = da[..., row, :]
        total = total + np.linalg.det(mixed)
    return total


def chosen(x: Array, dx: Array, largest: bool) -> Array:
    """The change of the first extreme entry of the last axis."""
    at = np.argmax(x, axis=-1) if largest else np.argmin(x, axis=-1)
    return np.asarray(np.take_along_axis(dx, at[..., None], axis=-1)[..., 0])


def reduction(node: Node, out: Array, x: Array, dx: Array) -> Array:
    """Sums, means, products, extremes and norms."""
    axes, op = reduced_axes(node, x.ndim), node.op
    flat, change = folded(x, axes), folded(dx, axes)
    plain = out.reshape(flat.shape[:-1])
    if op == "sum":
        got = np.sum(change, axis=-1)
    elif op == "mean":
        got = np.sum(change, axis=-1) / change.shape[-1]
    elif op == "prod":
        got = product(flat, change)
    elif op in ("max", "min"):
        got = chosen(flat, change, op == "max")
    elif op == "logsumexp":
        got = np.sum(np.exp(flat - plain[..., None]) * change, axis=-1)
    else:
        length = np.where(plain == 0, 1.0, plain)
        got = np.where(plain == 0, 0.0, np.sum(flat * change, axis=-1) / length)
    return kept(np.asarray(got), node, x.ndim)


def along(node: Node, out: Array, x: Array, dx: Array) -> Array:
    """Softmax and its logarithm."""
    axes = reduced_axes(node, x.ndim)
    plain, change = folded(out, axes), folded(dx, axes)
    share = plain if node.op == "softmax" else np.exp(plain)
    if node.op == "softmax":  # differences first, so that a share of all but 1 hides nothing
        gaps = change[..., :, None] - change[..., None, :]
        return unfolded(share * np.sum(share[..., None, :] * gaps, axis=-1), x.shape, axes)
    return unfolded(change - np.sum(share * change, axis=-1, keepdims=True), x.shape, axes)


def extreme(op: str, xs: tuple[Array, ...], dxs: tuple[Array, ...]) -> Array:
    """Of several arguments; ties go to the first."""
    best, change = xs[0], dxs[0]
    for x, dx in zip(xs[1:], dxs[1:], strict=True):
        first = best >= x if op == "maximum" else best <= x
        best, change = np.where(first, best, x), np.where(first, change, dx)
    return np.asarray(change)


# Gates that take one of several numbers, or one of their signs.
CHOOSE = frozenset({"maximum", "minimum", "max", "min", "relu", "abs"})


def way(node: Node, xs: tuple[Array, ...]) -> Any:
    """Which of their numbers a gate takes: the first at a tie."""
    if node.op in ("maximum", "minimum"):
        stacked = np.stack(np.broadcast_arrays(*xs))
        return np.argmax(stacked, axis=0) if node.op == "maximum" else np.argmin(stacked, axis=0)
    if node.op in ("max", "min"):
        flat = folded(xs[0], reduced_axes(node, xs[0].ndim))
        return np.argmax(flat, axis=-1) if node.op == "max" else np.argmin(flat, axis=-1)
    return np.where(xs[0] > 0, 1.0, 0.0) if node.op == "relu" else np.sign(xs[0])


def taken(node: Node, at: Any, xs: tuple[Array, ...], dxs: tuple[Array, ...]) -> tuple[Array, Array]:
    """The value and the tangent of what was taken."""
    if node.op in ("maximum", "minimum"):
        both = (
            np.stack(np.broadcast_arrays(*each)) for each in (xs, [d + 0 * x for d, x in zip(dxs, xs, strict=True)])
        )
        out, dout = (np.take_along_axis(each, at[None], axis=0)[0] for each in both)
        return np.asarray(out), np.asarray(dout)
    if node.op in ("max", "min"):
        axes = reduced_axes(node, xs[0].ndim)
        parts = (folded(each, axes) for each in (xs[0], np.broadcast_to(dxs[0], xs[0].shape)))
        out, dout = (np.take_along_axis(each, at[..., None], axis=-1)[..., 0] for each in parts)
        return kept(np.asarray(out), node, xs[0].ndim), kept(np.asarray(dout), node, xs[0].ndim)
    return np.asarray(np.where(at == 0, 0.0, at * xs[0])), np.asarray(np.where(at == 0, 0.0, at * dxs[0]))


def tangent(node: Node, out: Array, xs: tuple[Array, ...], dxs: tuple[Array, ...]) -> Array:
    """The tangent of `node`."""
    op = node.op
    if op in SLOPE:
        return np.asarray(SLOPE[op](xs[0], out) * dxs[0])
    if op in STEPS:
        return np.zeros(out.shape)
    if op == "relu":
        return np.asarray(np.where(xs[0] > 0, dxs[0], 0.0))
    if op in LINEAR:
        return value(node, *dxs)
    if op in BILINEAR:
        return np.asarray(value(node, dxs[0], xs[1]) + value(node, xs[0], dxs[1]))
    if op == "add":
        return np.asarray(dxs[0] + dxs[1])
    if op == "sub":
        return np.asarray(dxs[0] - dxs[1])
    if op == "div":
        return np.asarray((dxs[0] - out * dxs[1]) / xs[1])
    if op == "pow":
        return power(xs[0], xs[1], out, dxs[0], dxs[1])
    if op == "hypot":
        length = np.where(out == 0, 1.0, out)
        return np.where(out == 0, 0.0, (xs[0] / length) * dxs[0] + (xs[1] / length) * dxs[1])
    if op == "atan2":
        length = np.hypot(xs[0], xs[1])
        return np.asarray((xs[1] / length * dxs[0] - xs[0] / length * dxs[1]) / length)
    if op in ("maximum", "minimum"):
        return extreme(op, xs, dxs)
    if op in ("where", "ifelse"):
        return np.asarray(np.where(xs[0] != 0, dxs[1], dxs[2]))
    if op == "det":
        return np.asarray(determinant(xs[0], dxs[0]))
    if op == "inv":
        return np.asarray(-(out @ dxs[0] @ out))
    if op == "solve":
        return np.asarray(np.linalg.solve(xs[0], dxs[1] - dxs[0] @ out))
    return reduction(node, out, xs[0], dxs[0]) if op not in ("softmax", "log_softmax") else along(node, out, *xs, *dxs)
