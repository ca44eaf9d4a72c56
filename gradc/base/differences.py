"""The slope of a function of floats by central differences of shrinking steps, extrapolated to none (Ridders).

>>> found, uncertain = slope(lambda t: (1.0 + t)**3)
>>> abs(found - 3.0) < 1e-9, uncertain < 1e-8
(True, True)
"""

from __future__ import annotations

import math
from collections.abc import Callable

# The first step, what each is divided by, and how many there are.
FIRST, SHRINK, STEPS = 0.05, 1.6, 12
# An extrapolation that is so much worse than the best so far ends the search: rounding has taken over.
WORSE = 2.0
EPS = 2.0**-52


def slope(function: Callable[[float], float], first: float = FIRST) -> tuple[float, float]:
    """The derivative at 0 and how uncertain it is; (nan, inf) where the function is not finite around 0."""
    best, uncertain = math.nan, math.inf
    above: list[float] = []
    h = first
    for _ in range(STEPS):
        up, down = function(h), function(-h)
        rounding = EPS * (abs(up) + abs(down)) / h
        row = [(up - down) / (2 * h)]
        factor = SHRINK**2
        for known in above:
            row.append(row[-1] + (row[-1] - known) / (factor - 1))
            factor *= SHRINK**2
        for k in range(1, len(row)):
            change = max(abs(row[k] - row[k - 1]), abs(row[k] - above[k - 1]), rounding)
            if change <= uncertain:
                best, uncertain = row[k], change
        if above and abs(row[-1] - above[-1]) >= WORSE * uncertain and math.isfinite(uncertain):
            break
        above, h = row, h / SHRINK
    return best, uncertain
