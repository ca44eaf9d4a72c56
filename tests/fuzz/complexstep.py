"""A node and its arguments' complex values -> its complex value, the branch chosen by the real part.

Carrying `x + i*h*v` through a program leaves `h` times the directional derivative in the imaginary part, without
a difference: NumPy's own complex arithmetic is the differentiator.

>>> from .tree import Node
>>> z = stepped(Node("square"), np.array(3.0 + 1j * STEP))
>>> float(z.imag / STEP)
6.0
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from .tree import Node
from .values import ALONG, MOVES, Array, folded, kept, log_sum_exp, reduced_axes, reduction, unfolded

STEP = 1e-200  # its square is 0 exactly, so that no branch is decided by it
SEEN = 1e-90  # a derivative much smaller than this leaves nothing in the imaginary part


def sigmoid(z: Array) -> Array:
    left = np.exp(np.where(z.real < 0, z, 0))
    right = np.exp(np.where(z.real < 0, 0, -z))
    return np.asarray(np.where(z.real < 0, left / (1 + left), 1 / (1 + right)))


def error(z: Array) -> Array:
    """`erf` to first order: h squared is nothing."""
    return np.asarray(special.erf(z.real) + 1j * z.imag * (2 / math.sqrt(math.pi)) * np.exp(-z.real * z.real))


def complement(z: Array) -> Array:
    """`erfc` to first order, with all digits of a small value."""
    return np.asarray(special.erfc(z.real) - 1j * z.imag * (2 / math.sqrt(math.pi)) * np.exp(-z.real * z.real))


def cube_root(z: Array) -> Array:
    side = np.sign(z.real)
    return np.asarray(side * np.exp(np.log(side * z) / 3))


def power(z: Array, w: Array) -> Array:
    """By repeated multiplication for a small whole exponent, by `exp(w*log(z))` otherwise."""
    z, w = np.broadcast_arrays(z, w)
    out = np.empty(z.shape, dtype=complex)
    for at in np.ndindex(z.shape):
        exponent = w[at]
        if exponent.imag == 0 and exponent.real == int(exponent.real) and abs(exponent.real) <= 64:
            whole: Any = np.complex128(1)
            for _ in range(abs(int(exponent.real))):
                whole = whole * z[at]
            out[at] = whole if exponent.real >= 0 else 1 / whole
        else:
            out[at] = np.exp(exponent * np.log(z[at]))
    return out


def angle(y: Array, x: Array) -> Array:
    """`atan2` by the quotient that is at most 1, plus what the quadrant adds."""
    flat = np.abs(x.real) >= np.abs(y.real)
    near = np.arctan(np.where(flat, y, x) / np.where(flat, x, y))
    whole = np.arctan2(y.real, x.real)
    moved = np.where(flat, near, -near)
    return np.asarray(moved + (whole - moved.real))


UNARY: dict[str, Callable[[Array], Array]] = {
    "neg": np.negative,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": lambda z: np.log(1 + z),
    "log2": lambda z: np.log(z) / math.log(2),
    "log10": lambda z: np.log(z) / math.log(10),
    "sqrt": np.sqrt,
    "cbrt": cube_root,
    "square": lambda z: z * z,
    "abs": lambda z: np.sign(z.real) * z,
    "sign": lambda z: np.sign(z.real) + 0j,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": lambda z: np.arctan(z / np.sqrt(1 - z * z)),
    "acos": lambda z: math.pi / 2 - np.arctan(z / np.sqrt(1 - z * z)),
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softplus": lambda z: np.where(z.real > 0, z, 0) + np.log(1 + np.exp(np.where(z.real > 0, -z, z))),
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "erf": error,
    "erfc": complement,
    "heaviside": lambda z: np.heaviside(z.real, 0.5) + 0j,
    "not": lambda z: np.where(z.real != 0, 0.0, 1.0) + 0j,
}

BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": power,
    "atan2": angle,
    "hypot": lambda z, w: np.sqrt(z * z + w * w),
    "lt": lambda z, w: (z.real < w.real) + 0j,
    "le": lambda z, w: (z.real <= w.real) + 0j,
    "gt": lambda z, w: (z.real > w.real) + 0j,
    "ge": lambda z, w: (z.real >= w.real) + 0j,
    "eq": lambda z, w: (z.real == w.real) + 0j,
    "ne": lambda z, w: (z.real != w.real) + 0j,
    "and": lambda z, w: (z.real != 0) * (w.real != 0) + 0j,
    "or": lambda z, w: ((z.real != 0) | (w.real != 0)) + 0j,
    "matmul": np.matmul,
    "dot": np.dot,
    "outer": np.outer,
    "solve": np.linalg.solve,
    "maximum": lambda z, w: np.where(z.real >= w.real, z, w),
    "minimum": lambda z, w: np.where(z.real <= w.real, z, w),
}


def extreme(z: Array, largest: bool) -> Array:
    """The first extreme entry of the last axis, by the real part."""
    at = np.argmax(z.real, axis=-1) if largest else np.argmin(z.real, axis=-1)
    return np.asarray(np.take_along_axis(z, at[..., None], axis=-1)[..., 0])


REDUCTIONS: dict[str, Callable[[Array], Array]] = {
    "sum": lambda z: np.sum(z, axis=-1),
    "mean": lambda z: np.sum(z, axis=-1) / z.shape[-1],
    "prod": lambda z: np.prod(z, axis=-1),
    "max": lambda z: extreme(z, True),
    "min": lambda z: extreme(z, False),
    "logsumexp": log_sum_exp,
}


def norm(node: Node, z: Array) -> Array:
    """The root of a sum of squares, 0 at the origin."""
    squares = np.sum(np.square(folded(z, reduced_axes(node, z.ndim))), axis=-1)
    return kept(np.where(squares == 0, 0, np.sqrt(squares)), node, z.ndim)


def stepped(node: Node, *zs: Array) -> Array:
    """The complex value of `node`."""
    op = node.op
    if op in UNARY:
        return np.asarray(UNARY[op](zs[0]))
    if op in BINARY:
        out = BINARY[op](zs[0], zs[1])
        for z in zs[2:]:
            out = BINARY[op](out, z)
        return np.asarray(out)
    if op in REDUCTIONS:
        return reduction(node, zs[0], REDUCTIONS[op])
    if op in ALONG:
        axes = reduced_axes(node, zs[0].ndim)
        return unfolded(ALONG[op](folded(zs[0], axes)), zs[0].shape, axes)
    if op in MOVES:
        return np.asarray(MOVES[op](node, *zs))
    if op in ("where", "ifelse"):
        return np.asarray(np.where(zs[0].real != 0, zs[1], zs[2]))
    if op == "between":
        return np.asarray((zs[0].real < zs[1].real) & (zs[1].real < zs[2].real)) + 0j
    if op == "vector":
        return np.array(node.param("values"), dtype=complex)
    if op == "norm":
        return norm(node, zs[0])
    if op == "det":
        return np.asarray(np.linalg.det(zs[0]))
    if op == "inv":
        return np.asarray(np.linalg.inv(zs[0]))
    raise KeyError(op)
