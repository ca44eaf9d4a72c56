"""The size of an expression when it is multiplied out, without multiplying it out.

Expansion makes a polynomial over what can't be expanded: symbols, functions, denominators, each expanded inside. Which
of its terms are there is found by adding exponents, modulo a large prime for the coefficients, while the terms are few;
beyond that only how many there are at least. Of products of A and B terms whose exponents span d dimensions, at least
A + d*B - d*(d + 1)/2 are different (Ruzsa's inequality, with A >= B), unless some cancel.

>>> from sympy.abc import x, y
>>> expanded_size([(x + y)**3/(x + 1) + x])
Size(ops=20, how='counted')
>>> deep = x
>>> for _ in range(50):
...     deep = y*deep*(1 - deep)
>>> size = expanded_size([deep])
>>> size.how, size.ops > 10**18
('at least', True)
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from gradc.evidence.symbolic.expressions import Expr, parts

# Coefficients that are 0 modulo this prime are taken to be 0, and those that are 1 or -1 to cost nothing.
PRIME = 2**61 - 1
# So many terms are multiplied and added in all; what would take more is only bounded.
LARGEST = 2_000_000
# What it takes to size a term, beside what it takes to multiply one.
PRICE = 8
# Bits for the exponent of each factor of a monomial.
BITS = 40
MASK = (1 << BITS) - 1

Terms = dict[int, int]  # a coefficient for each monomial, its exponents packed into one number


COUNTED, ABOUT, AT_LEAST = "counted", "about", "at least"


@dataclass(frozen=True, slots=True)
class Size:
    """How many operations a text has: counted, or about so many, or at least."""

    ops: int
    how: str


@dataclass(frozen=True, slots=True)
class _Sum:
    """An expanded expression: its terms, or how many there are at least and how many dimensions they span.

    `least` is the size of its largest part, which is no larger than the whole.
    """

    terms: Terms | None
    count: int
    dimensions: int
    least: int = 0


def _exponents(monomial: int) -> list[tuple[int, int]]:
    """The factors of a monomial that are there, with their exponents.

    >>> _exponents((2 << BITS) + (1 << 3*BITS))
    [(1, 2), (3, 1)]
    """
    found, at = [], 0
    while monomial:
        skip = ((monomial & -monomial).bit_length() - 1) // BITS
        at, monomial = at + skip, monomial >> (BITS * skip)
        found.append((at, monomial & MASK))
        at, monomial = at + 1, monomial >> BITS
    return found


class _Expansion:
    """Expands expressions over a growing list of factors that don't expand."""

    def __init__(self) -> None:
        self.factors: dict[Hashable, int] = {}
        self.costs: list[int] = []
        self.below: dict[int, _Sum] = {}
        self.divisors: dict[tuple[tuple[int, int], ...], int] = {}
        self.merges = self.bounded = False
        self.known: dict[int, tuple[Expr, _Sum]] = {}
        self.left = LARGEST

    def of(self, expression: Expr) -> _Sum:
        for node in parts([expression]):
            if id(node) not in self.known:
                self.known[id(node)] = (node, self._node(node))
        return self.known[id(expression)][1]

    def _get(self, node: Expr) -> _Sum:
        return self.known[id(node)][1]

    def _node(self, node: Expr) -> _Sum:
        if node.is_Rational:
            value = int(node.p) * pow(int(node.q), -1, PRIME) % PRIME
            return self._sum({0: value} if value else {})
        if node.is_Add:
            return self._total([self._get(arg) for arg in node.args])
        if node.is_Mul:
            out = self._sum({0: 1})
            for arg in node.args:
                out = self._product(out, self._get(arg))
            return out
        if node.is_Pow and node.exp.is_Integer:
            base, exponent = self._get(node.base), int(node.exp.p)
            return self._power(base, exponent) if exponent > 0 else self._divisor(node.base, base, -exponent)
        inside = [self._get(arg) for arg in node.args]
        if type(node).__name__ == "exp" and inside[0].terms is not None:
            return self._exponential(inside[0].terms)
        return self._factor(node, sum(self.ops(each) for each in inside) + bool(node.args))

    def _factor(self, key: Hashable, cost: int, exponent: int = 1) -> _Sum:
        """Something that does not expand, as a power of itself; what is inside was expanded before."""
        if key not in self.factors:
            self.factors[key] = len(self.factors)
            self.costs.append(cost)
        return self._sum({exponent << (BITS * self.factors[key]): 1})

    def _divisor(self, key: Hashable, base: _Sum, exponent: int) -> _Sum:
        """One over a power: all that divides a term is multiplied out under one line."""
        out = self._factor(("over", key), 0, exponent)
        self.below[self.factors["over", key]] = base
        return out

    def _exponential(self, terms: Terms) -> _Sum:
        """The exponential of a sum is a product of exponentials, some of which SymPy merges again."""
        self.merges = True
        out = self._sum({0: 1})
        for monomial, coefficient in terms.items():
            cost = 1 + self._cost(monomial, coefficient) + (coefficient == PRIME - 1)
            out = self._product(out, self._factor(("exp", monomial, coefficient), cost))
        return out

    def _sum(self, terms: Terms) -> _Sum:
        return _Sum(terms, len(terms), 0)

    def _total(self, sums: Iterable[_Sum]) -> _Sum:
        sums = list(sums)
        known = [each.terms for each in sums if each.terms is not None]
        if len(known) < len(sums) or not self._affords(sum(map(len, known))):
            spans = [self._dimensions(each) for each in sums]
            return self._unknown(max(each.count for each in sums), max(spans), sums)
        out: Terms = {}
        for terms in known:
            for monomial, coefficient in terms.items():
                out[monomial] = (out.get(monomial, 0) + coefficient) % PRIME
        return self._sum({monomial: coefficient for monomial, coefficient in out.items() if coefficient})

    def _product(self, a: _Sum, b: _Sum) -> _Sum:
        if a.terms is None or b.terms is None or not self._affords(len(a.terms) * len(b.terms)):
            return self._bound(a, b)
        out: Terms = {}
        for p, c in a.terms.items():
            for q, d in b.terms.items():
                out[p + q] = (out.get(p + q, 0) + c * d) % PRIME
        return self._sum({monomial: coefficient for monomial, coefficient in out.items() if coefficient})

    def _affords(self, work: int) -> bool:
        """Whether there is time left for so much; if so, it is spent."""
        enough = work <= self.left
        self.left -= work if enough else 0
        return enough

    def _bound(self, a: _Sum, b: _Sum) -> _Sum:
        few, many = sorted((a, b), key=lambda each: each.count)
        if few.count <= 1:
            return many if few.count else few
        d = max(self._dimensions(a), self._dimensions(b))
        least = many.count + min(d, few.count) * few.count - d * (d + 1) // 2
        return self._unknown(max(least, many.count), d, [a, b])

    def _unknown(self, count: int, dimensions: int, inside: Sequence[_Sum]) -> _Sum:
        """A sum of which only the least number of terms is known."""
        self.bounded = True
        return _Sum(None, count, dimensions, max(map(self.ops, inside)))

    def _power(self, base: _Sum, exponent: int) -> _Sum:
        out = self._sum({0: 1})
        for bit in f"{exponent:b}":
            out = self._product(out, out)
            if bit == "1":
                out = self._product(out, base)
        return out

    def _dimensions(self, each: _Sum) -> int:
        """How many dimensions the exponents of a sum span."""
        if each.terms is None:
            return each.dimensions
        import numpy as np

        rows = np.zeros((min(len(each.terms), 1000), len(self.factors)))
        for row, monomial in zip(rows, each.terms, strict=False):
            for k, exponent in _exponents(monomial):
                row[k] = exponent
        return int(np.linalg.matrix_rank(rows - rows[:1])) if len(rows) > 1 else 0

    def ops(self, each: _Sum) -> int:
        """The operations of the terms and between them, at least if there are too many terms."""
        if each.terms is None or not self._affords(PRICE * each.count):
            self.bounded = True
            return max(2 * each.count - len(self.factors) - 2, each.least)
        ops = sum(self._cost(monomial, coefficient) for monomial, coefficient in each.terms.items())
        return ops + max(each.count - 1, 0)

    def _cost(self, monomial: int, coefficient: int) -> int:
        """One term: its factors, their powers, what is between them, and what divides them."""
        exponents = _exponents(monomial)
        above = [(k, exponent) for k, exponent in exponents if k not in self.below]
        below = tuple((k, exponent) for k, exponent in exponents if k in self.below)
        pieces = len(above) + (coefficient not in (1, PRIME - 1) or not above)
        ops = sum(self.costs[k] + (exponent > 1) for k, exponent in above) + pieces - 1
        return ops + 1 + self._under(below) if below else ops

    def _under(self, below: tuple[tuple[int, int], ...]) -> int:
        """The operations of a product of denominators that was multiplied out."""
        if below not in self.divisors:
            out = self._sum({0: 1})
            for k, exponent in below:
                out = self._product(out, self._power(self.below[k], exponent))
            self.divisors[below] = self.ops(out)
        return self.divisors[below]


def expanded_size(expressions: Iterable[Expr]) -> Size:
    """The operations of expressions when they are multiplied out and like terms are collected."""
    expansion = _Expansion()
    sums = [expansion.of(expression) for expression in expressions]
    ops = sum(map(expansion.ops, sums))
    return Size(ops, AT_LEAST if expansion.bounded else ABOUT if expansion.merges else COUNTED)
