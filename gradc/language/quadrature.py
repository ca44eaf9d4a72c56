"""Nodes and weights of Gauss's rules, as written numbers: `np.polynomial.legendre.leggauss(n)` and its kin.

A node is a zero of a polynomial, found by Newton's method from a good guess, in the order in which NumPy has them.

>>> hermite(2)
([-0.7071067811865476, 0.7071067811865476], [0.8862269254527579, 0.8862269254527579])
>>> nodes, weights = legendre(3)
>>> nodes[2]**2, sum(weights)
(0.6000000000000001, 2.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable

from gradc.language.array_functions import Call, function
from gradc.language.values import Arg, Group
from gradc.ops import constant_arrays as c

Rule = tuple[list[float], list[float]]

# More nodes than this are a table to be given as an input.
_MOST = 128


def _zero(x: float, values: Callable[[float], tuple[float, float]]) -> float:
    """The zero of a polynomial next to x; `values` gives it and its slope."""
    for _ in range(100):
        value, slope = values(x)
        step = value / slope
        x -= step
        if abs(step) <= 1e-15 * abs(x) or not step:
            break
    return x


def _both_sides(right: list[tuple[float, float]], middle: list[tuple[float, float]], total: float) -> Rule:
    """A rule that is even, out of its positive half in falling order and what lies at 0; its weights have a sum."""
    pairs = [*((-x, w) for x, w in right), *middle, *reversed(right)]
    scale = total / math.fsum(w for _, w in pairs)
    return [x for x, _ in pairs], [scale * w for _, w in pairs]


def legendre(n: int) -> Rule:
    """Gauss's rule on [-1, 1]."""

    def values(x: float) -> tuple[float, float]:
        before, now = 1.0, x
        for k in range(1, n):
            before, now = now, ((2 * k + 1) * x * now - k * before) / (k + 1)
        return now, n * (before - x * now) / (1 - x * x)

    def pair(x: float) -> tuple[float, float]:
        return x, 2 / ((1 - x * x) * values(x)[1] ** 2)

    right = [pair(_zero(math.cos(math.pi * (k + 0.75) / (n + 0.5)), values)) for k in range(n // 2)]
    return _both_sides(right, [pair(0.0)] if n % 2 else [], 2.0)


def hermite(n: int) -> Rule:
    """Gauss's rule for the weight exp(-x**2); polynomials of norm 1, which do not overflow."""

    def both(x: float) -> tuple[float, float]:
        before, now = 0.0, math.pi**-0.25
        for k in range(n):
            before, now = now, x * math.sqrt(2 / (k + 1)) * now - math.sqrt(k / (k + 1)) * before
        return now, before

    def values(x: float) -> tuple[float, float]:
        now, before = both(x)
        return now, math.sqrt(2 * n) * before

    right: list[tuple[float, float]] = []
    for k in range(n // 2):  # guesses of Numerical Recipes, from the largest on
        if k == 0:
            guess = math.sqrt(2 * n + 1) - 1.85575 * (2 * n + 1) ** (-1 / 6)
        elif k == 1:
            guess = right[0][0] - 1.14 * n**0.426 / right[0][0]
        elif k == 2:
            guess = 1.86 * right[1][0] - 0.86 * right[0][0]
        elif k == 3:
            guess = 1.91 * right[2][0] - 0.91 * right[1][0]
        else:
            guess = 2 * right[k - 1][0] - right[k - 2][0]
        x = _zero(guess, values)
        right.append((x, 2 / values(x)[1] ** 2))
    return _both_sides(right, [(0.0, 2 / values(0.0)[1] ** 2)] if n % 2 else [], math.sqrt(math.pi))


def chebyshev(n: int) -> Rule:
    """Gauss's rule for the weight 1/sqrt(1 - x**2)."""
    return [math.cos(math.pi * (2 * k + 1) / (2 * n)) for k in range(n)], [math.pi / n] * n


RULES = {
    "leggauss": legendre,
    "roots_legendre": legendre,
    "hermgauss": hermite,
    "roots_hermite": hermite,
    "chebgauss": chebyshev,
}


@function(" ".join(RULES), "n")
def _gauss(call: Call) -> Group:
    """The nodes and the weights, as written numbers."""
    count = call.constant("n")
    if type(count) is not int or not 1 <= count <= _MOST:
        raise call.error(f"the number of nodes is known, and at most {_MOST}", at="n")
    rows = RULES[call.callee.name](count)
    found = [call.make(c.literal, values=tuple(row), shape=(count,)) for row in rows]
    return Group("tuple", [Arg(each, call.first, call.last) for each in found])
