"""A gate and its arguments' values -> whether the gate is smooth and well-conditioned there, with a margin.

>>> from .tree import Node
>>> allowed(Node("log"), (np.array(0.5),)), allowed(Node("log"), (np.array(1e-9),))
(True, False)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .interpret import Arithmetic, Arrays, evaluate
from .tree import Node, Program, walk
from .values import Array, folded, reduced_axes, value

KINK = 0.01  # no argument is nearer than this to a kink, so that no disturbance moves it across
LARGEST = 200.0  # no value is larger
EXACT = frozenset("input const neg add sub mul abs index transpose reshape concatenate stack maximum minimum".split())
CONDITION = 30.0  # of a matrix that is inverted


def is_exact(node: Node) -> bool:
    """Whether a gate's arguments are made without a rounding, of whole numbers: they meet where they are said to."""
    return all(one.op in EXACT for arg in node.args for one in walk(arg))


def at_kink(node: Node, xs: tuple[Array, ...]) -> bool:
    """Whether a gate's arguments meet, as they may where they meet exactly: a difference sees both sides of it.

    >>> at_kink(Node("abs"), (np.array([1.0, 0.0]),)), at_kink(Node("max"), (np.array([1.0, 2.0]),))
    (True, False)
    """
    return node.op in KINKED and not TESTS[node.op](replace(node, args=(Node("exp"),)), *xs)


def apart(node: Node, *xs: Array) -> bool:
    """Whether no two of several arguments come near each other, element by element, unless they meet exactly."""
    exact = is_exact(node)
    pairs = ((x, y) for i, x in enumerate(xs) for y in xs[i + 1 :])
    return all(bool(np.all((np.abs(x - y) > KINK) | (exact & (x == y)))) for x, y in pairs)


def between(node: Node, low: Array, x: Array, high: Array) -> bool:
    """The same of the two comparisons of a chain."""
    return apart(node, low, x) and apart(node, x, high)


def off_zero(node: Node, x: Array) -> bool:
    """The same of one argument and 0."""
    return bool(np.all((np.abs(x) > KINK) | (is_exact(node) & (x == 0))))


def clear_extreme(node: Node, x: Array) -> bool:
    """Whether the extreme entry stands out, wherever there is one."""
    flat = folded(x, reduced_axes(node, x.ndim))
    if flat.shape[-1] == 0:
        return False
    ordered = np.sort(flat if node.op == "max" else -flat, axis=-1)
    gaps = ordered[..., -1:] - ordered[..., :-1]
    return flat.shape[-1] == 1 or bool(np.all((gaps > KINK) | (is_exact(node) & (gaps == 0))))


def some(node: Node, x: Array) -> bool:
    """Whether a reduction has something to reduce."""
    return bool(folded(x, reduced_axes(node, x.ndim)).shape[-1] > 0)


def power(node: Node, x: Array, y: Array) -> bool:
    """A whole number written out has no trouble with the sign of `x`; anything else needs `x > 0`."""
    whole = (not node.args or node.args[1].op == "const") and y.shape == () and bool(y == np.round(y))
    if not bool(np.all(np.abs(y) <= 4)):
        return False
    if whole and bool(y >= 0):
        return True
    return bool(np.all((np.abs(x) if whole else x) > 0.1))


def regular(a: Array) -> bool:
    """Whether a matrix, or each of a stack, is far from singular."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2] or a.shape[-1] == 0:
        return False
    return bool(np.all(np.linalg.cond(a) < CONDITION))


def everywhere(test: Callable[[Array], Any]) -> Callable[..., bool]:
    """A test of each element of the first argument as one of the whole."""
    return lambda node, *xs: bool(np.all(test(xs[0])))


TESTS: dict[str, Callable[..., bool]] = {
    **dict.fromkeys(("exp", "expm1", "sinh", "cosh", "erf", "erfc"), everywhere(lambda x: np.abs(x) < 4)),
    **dict.fromkeys(("log", "log2", "log10", "sqrt"), everywhere(lambda x: x > 0.05)),
    **dict.fromkeys(("abs", "sign", "relu", "heaviside"), off_zero),
    **dict.fromkeys(("asin", "acos"), everywhere(lambda x: np.abs(x) < 0.9)),
    **dict.fromkeys(("sigmoid", "softplus"), everywhere(lambda x: np.abs(x) < 12)),
    "tanh": everywhere(lambda x: np.abs(x) < 6),  # where `1 - tanh(x)**2` still has digits, for the textbook's form
    **dict.fromkeys(("mean", "logsumexp", "softmax", "log_softmax"), some),
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne", "maximum", "minimum"), apart),
    **dict.fromkeys(("max", "min"), clear_extreme),
    "between": between,
    "log1p": everywhere(lambda x: x > -0.9),
    "cbrt": everywhere(lambda x: np.abs(x) > 0.05),
    "tan": everywhere(lambda x: np.abs(np.cos(x)) > 0.25),
    "div": lambda node, x, y: bool(np.all(np.abs(y) > 0.1)),
    "pow": power,
    "hypot": lambda node, x, y: bool(np.all(np.hypot(x, y) > 0.05)),
    "atan2": lambda node, y, x: bool(np.all((np.hypot(x, y) > 0.1) & ((x > 0) | (np.abs(y) > 0.05)))),
    "norm": lambda node, x: some(node, x) and bool(np.all(np.sum(x * x, axis=reduced_axes(node, x.ndim)) > 0.01)),
    "det": lambda node, a: a.ndim >= 2 and a.shape[-1] == a.shape[-2] > 0,
    "inv": lambda node, a: regular(a),
    "solve": lambda node, a, b: regular(a),
}


KINKED = frozenset(op for op, test in TESTS.items() if test in (apart, between, off_zero, clear_extreme))


def allowed(node: Node, xs: tuple[Array, ...]) -> bool:
    """Whether `node` may be applied to arguments of these values."""
    test = TESTS.get(node.op)
    return test is None or bool(test(node, *xs))


def tame(x: Array) -> bool:
    """Whether a result is finite and not large."""
    return bool(np.all(np.isfinite(x))) and bool(np.all(np.abs(x) <= LARGEST))


def in_domain(program: Program, inputs: Arrays, kinks: bool = True) -> bool:
    """Whether every gate of `program` is applied inside its domain at `inputs`, and, unless `kinks`, off its kinks."""

    def gate(node: Node, xs: tuple[Array, ...]) -> Array:
        if not allowed(node, xs) or (not kinks and at_kink(node, xs)):
            raise OutOfDomainError
        out = value(node, *xs)
        if not tame(out):
            raise OutOfDomainError
        return out

    checked: Arithmetic[Array] = Arithmetic(
        read=lambda name: inputs[name],
        literal=lambda number: np.array(float(number)),
        apply=gate,
        holds=lambda x: bool(x != 0),
    )
    try:
        with np.errstate(all="ignore"):
            evaluate(program, checked, eager=True)
    except (OutOfDomainError, np.linalg.LinAlgError):
        return False
    return True


class OutOfDomainError(Exception):
    """A gate was given what it may not be given."""
