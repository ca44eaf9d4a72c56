"""The size of an expression when it is multiplied out, without multiplying it out.

Expansion makes a polynomial over what can't be expanded: symbols, functions, denominators (which SymPy multiplies with
each other, so that of a program with these only a least size is known). Which of its terms are there
is found by adding exponents, modulo a large prime for the coefficients, while the terms are few; beyond that only how many
there are at least. Of products of A and B terms whose exponents span d dimensions, at least A + d*B - d*(d + 1)/2 are
different (Ruzsa's inequality, with A >= B), unless some cancel.

>>> from sympy.abc import x, y
>>> expanded_size([(x + y)**3 + x])
Size(ops=12, exact=True)
>>> deep = x
>>> for _ in range(50):
...     deep = y*deep*(1 - deep)
>>> size = expanded_size([deep])
>>> size.exact, size.ops > 10**18
(False, True)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gradc.symbolic.expressions import Expr, parts

# Coefficients that are 0 modulo this prime are taken to be 0, and those that are 1 or -1 to cost nothing.
PRIME = 2**61 - 1
# So many terms are multiplied and added in all; what would take more is only bounded.
LARGEST = 3_000_000
# Bits for the exponent of each factor of a monomial.
BITS = 40

Terms = dict[int, int]  # a coefficient for each monomial, its exponents packed into one number


@dataclass(frozen=True, slots=True)
class Size:
    """How many operations a text has, exactly or at least."""

    ops: int
    exact: bool


@dataclass(frozen=True, slots=True)
class _Sum:
    """An expanded expression: its terms, or how many there are at least and how many dimensions they span."""

    terms: Terms | None
    count: int
    dimensions: int


class _Expansion:
    """Expands expressions over a growing list of factors that don't expand."""

    def __init__(self) -> None:
        self.factors: dict[Expr, int] = {}
        self.costs: list[int] = []
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
        if node.is_Pow and node.exp.is_Integer and node.exp.p > 0:
            return self._power(self._get(node.base), int(node.exp.p))
        return self._factor(node)

    def _factor(self, node: Expr) -> _Sum:
        """A symbol, function or denominator as a polynomial of itself; its arguments are expanded inside it."""
        if node not in self.factors:
            self.factors[node] = len(self.factors)
            inside = [self.size(self._get(arg)).ops for arg in node.args]
            self.costs.append(sum(inside) + bool(node.args))
        return self._sum({1 << (BITS * self.factors[node]): 1})

    def _sum(self, terms: Terms) -> _Sum:
        return _Sum(terms, len(terms), 0)

    def _total(self, sums: Iterable[_Sum]) -> _Sum:
        sums = list(sums)
        known = [each.terms for each in sums if each.terms is not None]
        if len(known) < len(sums) or not self._affords(sum(map(len, known))):
            spans = [self._dimensions(each) for each in sums]
            return _Sum(None, max(each.count for each in sums), max(spans))
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
        return _Sum(None, max(least, many.count), d)

    def _power(self, base: _Sum, exponent: int) -> _Sum:
        out = self._sum({0: 1})
        for bit in bin(exponent)[2:]:
            out = self._product(out, out)
            if bit == "1":
                out = self._product(out, base)
        return out

    def _dimensions(self, each: _Sum) -> int:
        """How many dimensions the exponents of a sum span."""
        if each.terms is None:
            return each.dimensions
        import numpy as np

        rows = np.array([self._exponents(monomial) for monomial in list(each.terms)[:1000]], float)
        return int(np.linalg.matrix_rank(rows - rows[:1])) if len(rows) > 1 else 0

    def _exponents(self, monomial: int) -> list[int]:
        mask = (1 << BITS) - 1
        return [monomial >> (BITS * k) & mask for k in range(len(self.factors))]

    def size(self, each: _Sum) -> Size:
        """The operations of the terms and between them."""
        if each.terms is None:
            return Size(max(2 * each.count - len(self.factors) - 2, 0), exact=False)
        ops = sum(self._cost(monomial, coefficient) for monomial, coefficient in each.terms.items())
        return Size(ops + max(each.count - 1, 0), exact=True)

    def _cost(self, monomial: int, coefficient: int) -> int:
        """One term: its factors, their powers, and what is between them."""
        exponents = [(k, exponent) for k, exponent in enumerate(self._exponents(monomial)) if exponent]
        pieces = len(exponents) + (coefficient not in (1, PRIME - 1) or not exponents)
        return sum(self.costs[k] + (exponent > 1) for k, exponent in exponents) + pieces - 1


def expanded_size(expressions: Iterable[Expr]) -> Size:
    """The operations of expressions when they are multiplied out and like terms are collected."""
    expansion = _Expansion()
    sizes = [expansion.size(expansion.of(expression)) for expression in expressions]
    polynomial = all(factor.is_Symbol for factor in expansion.factors)
    return Size(sum(size.ops for size in sizes), polynomial and all(size.exact for size in sizes))
