"""Numbers of 50 digits as elements, and the program's value, slopes and condition in them.

What lies outside a function's domain becomes nan, which a branch that is not taken leaves behind. Every decision of a
branch is written down in `trail`, so that a kink nearby shows: a decision that is a tie, or that changes when the
program is disturbed a little.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradc.evidence.symbolic.elements import Value, array, each, run
from gradc.evidence.symbolic.steps import Written

# Computed with, so that 50 are right.
DIGITS = 70
# A step of the central differences, relative to the input. Truncation leaves 44 digits, and rounding all but so many.
STEP, LOST = 1e-22, 1e-46
# A function whose slope changes by more than this within a step is not a line there, and its slope not known.
BENT = 0.01
# What inputs and gates are disturbed by, relatively, to see how much the gradient changes: a few roundings.
DISTURBANCE = 1e-15
# A kink is near if so small a relative change leads across.
NEAR = 1e-7
# exp of more than this is no number of any float, and would take as many digits to compute.
LARGEST_EXPONENT = 1e6

Decision = tuple[int, str, int]  # gate, word, which way: -1, 0 (a tie), 1


class Digits:
    """The algebra of real numbers with 50 digits."""

    def __init__(self, digits: int = DIGITS) -> None:
        import mpmath

        self.mp = mpmath.mp.clone()
        self.mp.dps = digits
        self.nan = self.mp.nan
        self.gate = 0
        self.trail: list[Decision] = []
        self.words = self._words()

    def number(self, value: Any) -> Any:
        """A float, exactly; a string of digits; a fraction of whole numbers."""
        return self.mp.mpf(value)

    def total(self, parts: Sequence[Any]) -> Any:
        return self.mp.fsum(parts)

    def product(self, parts: Sequence[Any]) -> Any:
        return self.mp.fprod(parts)

    def extreme(self, parts: Sequence[Any], largest: bool) -> Any:
        """The largest or smallest of the elements; which one it is, is a decision."""
        if any(part != part for part in parts):
            return self.nan
        best = max(parts) if largest else min(parts)
        at = [k for k, part in enumerate(parts) if part == best]
        self.trail.append((self.gate, "max" if largest else "min", 0 if len(at) > 1 else at[0] + 1))
        return best

    def _words(self) -> dict[str, Callable[..., Any]]:
        mp = self.mp
        plain = "log sqrt sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf erfc erfinv "
        plain += "gamma loggamma digamma besseli besselj besselk bessely expint"
        words: dict[str, Callable[..., Any]] = {word: self._real(getattr(mp, word)) for word in plain.split()}
        arithmetic = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
        words |= {word: self._real(function) for word, function in arithmetic.items()}
        words |= {"neg": operator.neg, "**": self._real(self._power), "exp": self._real(self._exp)}
        words |= {"Ei": self._real(mp.ei), "beta": self._real(mp.beta)}
        words |= {"lowergamma": self._real(lambda a, x: mp.gammainc(a, 0, x)), "uppergamma": self._real(mp.gammainc)}
        words |= {"betainc_regularized": self._real(lambda *args: mp.betainc(*args, regularized=True))}
        words |= {"polygamma": self._real(lambda n, x: mp.psi(int(n), x))}
        words |= {"floor": self._step("floor", mp.floor), "ceiling": self._step("ceiling", mp.ceil)}
        words |= {"Rational": self._real(operator.truediv), "Abs": self._abs, "sign": self._sign}
        words |= {"Max": self._larger, "Min": self._smaller, "Piecewise": self._piecewise}
        words |= {word: self._comparison(word, holds) for word, holds in COMPARISONS.items()}
        words |= {"Eq": words["=="], "Ne": words["!="]}
        words |= {"And": lambda c, d: bool(c) and bool(d), "Or": lambda c, d: bool(c) or bool(d), "Not": operator.not_}
        return words

    def _real(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that is nan outside its real domain."""

        def real(*args: Any) -> Any:
            try:
                out = function(*args)
            except (ArithmeticError, ValueError):
                return self.nan
            return self.nan if isinstance(out, self.mp.mpc) else out

        return real

    def _exp(self, x: Any) -> Any:
        if abs(x) > LARGEST_EXPONENT:
            return self.mp.inf if x > 0 else self.mp.zero
        return self.mp.exp(x)

    def _power(self, x: Any, y: Any) -> Any:
        if y == 0:
            return self.mp.one
        if x > 0 and abs(y * self.mp.log(x)) > LARGEST_EXPONENT:
            return self._exp(y * self.mp.log(x))
        return x**y

    def _step(self, word: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A function of whole steps: on which one it is, is a decision, and none of them a tie."""

        def step(x: Any) -> Any:
            if not self.mp.isfinite(x):
                return x
            out = function(x)
            self.trail.append((self.gate, word, 2 * int(out) + 1))
            return out

        return step

    def _decided(self, word: str, difference: Any) -> int:
        way = int(difference > 0) - int(difference < 0)
        if difference == difference:
            self.trail.append((self.gate, word, way))
        return way

    def _abs(self, x: Any) -> Any:
        return -x if self._decided("abs", x) < 0 else x

    def _sign(self, x: Any) -> Any:
        return self.number(self._decided("sign", x)) if x == x else x

    def _larger(self, x: Any, y: Any) -> Any:
        return self.nan if x != x or y != y else x if self._decided("max", x - y) >= 0 else y

    def _smaller(self, x: Any, y: Any) -> Any:
        return self.nan if x != x or y != y else x if self._decided("min", x - y) <= 0 else y

    def _piecewise(self, x: Any, c: Any, y: Any, otherwise: Any) -> Any:
        return x if c else y

    def _comparison(self, word: str, holds: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
        def compare(x: Any, y: Any) -> bool:
            self._decided(word, x - y)
            return bool(holds(x, y))

        return compare


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip

Point = Mapping[str, Value]


def flat(value: Value) -> list[Any]:
    """The elements of a value."""
    return list(value.flat) if isinstance(value, np.ndarray) else [value]


def _largest_change(a: Value, b: Value) -> Any:
    return max((abs(p - q) for p, q in zip(flat(a), flat(b), strict=True)), default=0.0)


def _noted(touch: Callable[[Value], Value], into: list[Value]) -> Callable[[Value], Value]:
    """A change that is written down."""

    def change(value: Value) -> Value:
        into.append(touch(value))
        return into[-1]

    return change


class Program:
    """A written program as a function of 50-digit numbers: the sum of its outputs, weighted by df."""

    def __init__(self, program: Written, df: Sequence[Any], work: int = 1) -> None:
        self.digits = Digits()
        self.program = program
        self.work, self.steps = work, 0  # of one evaluation, and of all
        self.df = [self.value(one) for one in df]

    def value(self, given: Any) -> Value:
        """Nested lists of floats as elements."""
        floats = np.asarray(given, float)
        return array((self.digits.number(float(one)) for one in floats.ravel()), floats.shape)

    def point(self, given: Mapping[str, Any]) -> dict[str, Value]:
        return {name: self.value(each) for name, each in given.items()}

    def outputs(self, point: Point, touch: Callable[[Value], Value] | None = None) -> list[Value]:
        self.digits.trail = []
        self.steps += self.work
        return run(self.program, point, self.digits, touch)

    def contracted(self, point: Point, touch: Callable[[Value], Value] | None = None) -> Any:
        """The number whose gradient the staged program gives."""
        times = self.digits.words["*"]
        parts = [each(times, out, df) for out, df in zip(self.outputs(point, touch), self.df, strict=True)]
        return self.digits.total([part for one in parts for part in flat(one)])

    def kinks(self, point: Point, seed: int) -> list[int]:
        """Gates whose decisions at the point are ties, or change when inputs and gates are disturbed."""
        self.outputs(point)
        here = self.digits.trail
        self.outputs(point, self.disturbance(random.Random(seed), NEAR))
        there = self.digits.trail
        pairs = zip(here, there, strict=False)
        return list(dict.fromkeys(gate for (gate, _, way), (_, _, other) in pairs if way == 0 or other != way))

    def noise(self, point: Point, here: Sequence[Value], seed: int) -> list[Any]:
        """How much each output changes, relatively to the disturbance, when inputs and gates are disturbed."""
        there = self.outputs(point, self.disturbance(random.Random(seed)))
        return [_largest_change(out, other) / DISTURBANCE for out, other in zip(here, there, strict=True)]

    def slope(self, point: Point, here: Any, name: str, direction: Value) -> tuple[Any, Any]:
        """The derivative along a direction by central differences, and how uncertain these are.

        `here` is the value at the point: where the function bends within a step, or jumps, the slope is not known.
        """
        h = self.digits.number(STEP)
        up, down = (self.contracted({**point, name: point[name] + sign * h * direction}) for sign in (1, -1))
        slope, bend, rounding = (up - down) / (2 * h), abs(up + down - 2 * here) / (2 * h), (abs(up) + abs(down)) * LOST
        known = bend <= max(BENT * abs(slope), rounding)
        return slope, bend + rounding if known else self.digits.mp.inf

    def changes(self, point: Point, directions: Sequence[tuple[str, Value]], seed: int) -> list[Any]:
        """The slopes of the program with every value disturbed, and every gate's own slope too, each by its own little.

        What a gate adds on the way from the point to the next is disturbed apart from where it starts, or a program
        whose slopes cancel, like sin(x)/x near 0, would only be disturbed as a whole.
        """
        h = self.digits.number(STEP)
        before: list[Value] = []
        base = self.contracted(point, _noted(self.disturbance(random.Random(seed)), before))
        slopes = []
        for name, direction in directions:
            moved = {**point, name: point[name] + h * direction}
            slopes.append((self.contracted(moved, self._on_the_way(before, seed)) - base) / h)
        return slopes

    def _on_the_way(self, before: Sequence[Value], seed: int) -> Callable[[Value], Value]:
        """A disturbance of values, and of how far each is from what it was before."""
        values, ways = self.disturbance(random.Random(seed)), self.disturbance(random.Random(f"{seed} ways"))
        known = iter(before)

        def touch(value: Value) -> Value:
            start = next(known)
            return start + ways(values(value) - start)

        return touch

    def disturbance(self, rng: random.Random, size: float = DISTURBANCE) -> Callable[[Value], Value]:
        """A change of each element by a part of itself, up or down by chance, so that no two need cancel."""
        factors = [1 + self.digits.number(size) * part / 4 for part in (-6, -5, -4, -3, -2, 2, 3, 4, 5, 6)]

        def disturbed(one: Any) -> Any:
            return one if isinstance(one, bool) else one * rng.choice(factors)

        return lambda value: each(disturbed, value)
