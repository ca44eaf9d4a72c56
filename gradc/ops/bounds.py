"""Bounds of what gates are, from bounds of their arguments: pairs of floats, the lower one first.

>>> product((0.0, inf), (-2.0, 3.0)), quotient((1.0, 1.0), (0.5, 2.0))
((-inf, inf), (0.5, 2.0))
>>> even((-3.0, 2.0)), union((0.0, 1.0), (4.0, 5.0))
((0.0, 9.0), (0.0, 5.0))
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

Bounds = tuple[float, float]

ANY: Bounds = (-inf, inf)
FROM_0: Bounds = (0.0, inf)
# Below this exp does not overflow.
EXP = 709.0


def union(*xs: Bounds) -> Bounds:
    return min(low for low, _ in xs), max(high for _, high in xs)


def product(x: Bounds, y: Bounds) -> Bounds:
    corners = [p * q if p and q else 0.0 for p in x for q in y]
    return min(corners), max(corners)


def quotient(x: Bounds, y: Bounds) -> Bounds:
    if y[0] > 0.0:
        return product(x, (1.0 / y[1], 1.0 / y[0]))
    return FROM_0 if x[0] >= 0.0 and y[0] >= 0.0 else ANY


def even(x: Bounds) -> Bounds:
    """Of a square."""
    low, high = magnitude(x)
    return low * low, high * high


def magnitude(x: Bounds) -> Bounds:
    low, high = x
    return max(low, -high, 0.0), max(-low, high)


def one_sided(*xs: Bounds) -> Bounds:
    """Of a sum of any number of such terms: its sign is all that is known."""
    low, high = union(*xs)
    return (0.0 if low >= 0.0 else -inf), (0.0 if high <= 0.0 else inf)


def rising(function: Callable[[float], float], start: float = -inf) -> Callable[[Bounds], Bounds]:
    """Of a function that grows, from where it starts.

    >>> import math
    >>> rising(math.sqrt, 0.0)((-1.0, 4.0)), rising(math.exp)((-inf, 800.0))
    ((0.0, 2.0), (0.0, inf))
    """

    def bound(x: Bounds) -> Bounds:
        low, high = (max(each, start) for each in x)
        return _at(function, low, -inf), _at(function, high, inf)

    return bound


def _at(function: Callable[[float], float], x: float, otherwise: float) -> float:
    try:
        return function(x)
    except (OverflowError, ValueError):
        return otherwise
