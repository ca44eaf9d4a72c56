"""Sums of the gradient with what their terms have in common taken out: a*d + b*d into (a + b)*d.

Only what the gradient itself made is taken apart, and only where nobody else needs the parts:

>>> from gradc.ops import scalar as s
>>> build = Frugal()
>>> a, b, d = (build.input(name) for name in "abd")
>>> build.boundary, build.annihilate = 3, True
>>> both = build.make(s.add, (build.make(s.mul, (a, d)), build.make(s.mul, (b, d))))
>>> product = Factoring(build, {node: node for node in build.graph.nodes}, {}, 3).sum(both)
>>> product.op, product.args[0].op, product.args[1] is d
(mul, add, True)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gradc.graph.dag import Node
from gradc.ops import scalar as s
from gradc.ops.array import matmul
from gradc.optimize.constructors import Frugal, moderate
from gradc.rewrite.simplify import is_const, number

# A product is taken apart into no more factors than this, and a sum is searched no more often: linear in all.
MOST_FACTORS = 8
MOST_ROUNDS = 8

# How much larger the terms of a merged sum may be than those of the written one: rounding grows by no more.
LARGEST_GROWTH = 4.0

SUMS = frozenset((s.add, s.sub, s.neg))
_PRODUCTS = frozenset((s.mul, s.div, s.inv))

# A factor: a node, and whether it divides.
Factor = tuple[Node, bool]


@dataclass(frozen=True, slots=True)
class Term:
    """k times the factors; `whole` is the same product with its sign, as it stands already."""

    k: float
    factors: tuple[Factor, ...]
    whole: tuple[float, Node] | None = None


@dataclass(frozen=True, slots=True)
class Factoring:
    """Rewrites the sums of an old graph into `build`. `made` has the new node of each old one; `uses` counts users."""

    build: Frugal
    made: Mapping[Node, Node]
    uses: Mapping[Node, int]
    boundary: int

    def sum(self, node: Node) -> Node:
        """The new node of an old sum."""
        return self.add_up(self.grouped([self.term(sign, part) for sign, part in self.parts(node)]))

    def own(self, node: Node) -> bool:
        """Whether the gradient made a node, for one user."""
        return node.id >= self.boundary and self.uses.get(node, 0) <= 1

    # ---- taking apart --------------------------------------------------------------------------

    def absorbed(self, node: Node) -> Iterator[Node]:
        """The partial sums that are taken apart with a sum."""
        return (arg for arg in node.args if arg.op in SUMS and self.own(arg))

    def parts(self, node: Node) -> list[tuple[float, Node]]:
        """The terms of a sum with their signs, in order."""
        out: list[tuple[float, Node]] = []
        stack = [(1.0, node)]
        while stack:
            sign, at = stack.pop()
            if at is not node and not (at.op in SUMS and self.own(at)):
                out.append((sign, at))
            elif at.op is s.neg:
                stack.append((-sign, at.args[0]))
            else:
                stack += [(-sign if at.op is s.sub else sign, at.args[1]), (sign, at.args[0])]
        return out

    def term(self, sign: float, node: Node) -> Term:
        """A term as a constant and factors of the new graph."""
        whole = sign, self.made[node]
        k, factors = self.factors(node) if self.own(node) else (1.0, ((whole[1], False),))
        return Term(sign * k, factors, whole) if moderate(k) else Term(sign, ((whole[1], False),), whole)

    def factors(self, node: Node) -> tuple[float, tuple[Factor, ...]]:
        """The constant and the factors of a product that the gradient made."""
        k, found, stack = 1.0, list[Factor](), [(node, False)]
        while stack:
            at, below = stack.pop()
            if at.op is s.const and not below and moderate(number(at)):
                k *= number(at)
            elif at.op in _PRODUCTS and (at is node or self.own(at)) and len(found) + len(stack) < MOST_FACTORS:
                stack.append((at.args[-1], below if at.op is s.mul else not below))
                if at.op is not s.inv:
                    stack.append((at.args[0], below))
            elif at.op is matmul and (at is node or self.own(at)) and (split := self._scaled(at)) is not None:
                found += [(split[0], below), (split[1], below)]
            else:
                found.append((self.made[at], below))
        return k, tuple(found)

    def _scaled(self, product: Node) -> tuple[Node, Node] | None:
        """(k*x) @ y as the number k and x @ y."""
        for at, arg in enumerate(product.args):
            if arg.op is s.mul and self.own(arg) and arg.shape and arg.shape == product.shape:
                for k, x in (arg.args, arg.args[::-1]):
                    if not k.shape and x.shape == arg.shape and k.op is not s.const:
                        old = [x if i == at else other for i, other in enumerate(product.args)]
                        new = [self.made[each] for each in old]
                        if any(each.shape != was.shape for each, was in zip(new, old, strict=True)):
                            return None  # a number that stands for all elements
                        return self.made[k], self.build.make(matmul, (new[0], new[1]))
        return None

    # ---- grouping ------------------------------------------------------------------------------

    def grouped(self, terms: Sequence[Term]) -> Sequence[Term]:
        """The terms with common factors taken out of those that have any."""
        for _ in range(MOST_ROUNDS):
            common, members = _best_group(terms)
            if not members:
                break
            rest = [_without(terms[i], common) for i in members]
            terms = _replaced(terms, members, Term(1.0, ((self.add_up(self.grouped(rest)), False), *common)))
        terms = _merged(terms)
        return self._alike(terms)

    def _alike(self, terms: Sequence[Term]) -> Sequence[Term]:
        """2*a + 2*b as 2*(a + b)."""
        sizes: dict[float, list[int]] = {}
        for i, term in enumerate(terms):
            if term.factors and abs(term.k) != 1.0:
                sizes.setdefault(abs(term.k), []).append(i)
        for size, members in sizes.items():
            if len(members) > 1:
                inner = self.add_up([Term(terms[i].k / size, terms[i].factors) for i in members])
                return _replaced(terms, members, Term(size, ((inner, False),)))
        return self._scaled_already(terms, sizes) if len(sizes) > 1 else terms

    def _scaled_already(self, terms: Sequence[Term], sizes: Mapping[float, list[int]]) -> Sequence[Term]:
        """400*(x*r) + 2*s as 2*(x*(200*r) + s), where there is a 200*r."""
        least = min(sizes)
        scaled = {
            i: self._with_scaled(terms[i], least) for size, members in sizes.items() if size != least for i in members
        }
        found = {i: term for i, term in scaled.items() if term is not None}
        if not found:
            return terms
        members = sorted([*sizes[least], *found])
        inner = self.add_up([found.get(i) or Term(terms[i].k / least, terms[i].factors) for i in members])
        return _replaced(terms, members, Term(least, ((inner, False),)))

    def _with_scaled(self, term: Term, by: float) -> Term | None:
        """A term divided by a number, its constant and a factor as a product that there is; None if there is none."""
        k = abs(term.k) / by
        if k * by != abs(term.k) or len(term.factors) < 2:
            return None
        constant = self.build.const(k)
        for factor in term.factors:
            node, below = factor
            made = None if below else self.build.graph.table.get((s.mul, (constant, node), None))
            if made is not None:
                rest = self.product(Term(1.0, tuple(each for each in term.factors if each is not factor)))
                sign = 1.0 if term.k > 0 else -1.0
                return Term(sign, (), (sign, self.build.intern(s.mul, (rest, made))))
        return None

    def product_again(self, node: Node) -> Node | None:
        """A product of several factors by one of two that the program has computed; None if there is none."""
        constant, taken = self.factors(node)
        factors = [each for each, below in taken if not below]
        table, boundary = self.build.graph.table, self.build.boundary
        if len(factors) < 3 or not moderate(constant):
            return None
        for i, x in enumerate(factors):
            for j in range(i + 1, len(factors)):
                made = table.get((s.mul, (x, factors[j]), None)) or table.get((s.mul, (factors[j], x), None))
                if made is not None and made.id < boundary:
                    rest = [each for k, each in enumerate(factors) if k not in (i, j)]
                    over = [(each, False) for each in [made, *rest]]
                    return self.product(Term(constant, (*over, *(each for each in taken if each[1]))))
        return None

    # ---- putting together ----------------------------------------------------------------------

    def product(self, term: Term) -> Node:
        """The node of a term, as it stood where nothing was taken out of it."""
        if term.whole is not None:
            sign, out = term.whole
            return out if sign > 0 else self.build.make(s.neg, (out,))
        out = self.build.const(1.0)
        for node, below in sorted(term.factors, key=lambda factor: factor[1]):
            out = self.build.make(s.div if below else s.mul, (out, node))
        return self.build.make(s.mul, (self.build.const(term.k), out))

    def add_up(self, terms: Sequence[Term]) -> Node:
        """The sum, beginning with a term that is not negative if there is one."""
        nodes = [self.product(term) for term in terms]
        start = next((i for i, node in enumerate(nodes) if not _is_negative(node)), 0)
        out = nodes.pop(start)
        for node in nodes:
            out = self.build.make(s.add, (out, node))
        return out


def _is_negative(node: Node) -> bool:
    return node.op is s.neg or (is_const(node) and number(node) < 0)


def _replaced(terms: Sequence[Term], members: Sequence[int], term: Term) -> list[Term]:
    """One term in the place of the first of several."""
    gone = set(members)
    return [term if i == members[0] else each for i, each in enumerate(terms) if i == members[0] or i not in gone]


def _best_group(terms: Sequence[Term]) -> tuple[tuple[Factor, ...], list[int]]:
    """The common factors, and the terms that have them, that save the most multiplications; no terms if none does."""
    having: dict[Factor, list[int]] = {}
    for i, term in enumerate(terms):
        for factor in dict.fromkeys(term.factors):
            having.setdefault(factor, []).append(i)
    best: tuple[tuple[Factor, ...], list[int]] = (), []
    most = 0
    for members in having.values():
        if len(members) < 2 or len(members) - 1 < most / MOST_FACTORS:
            continue
        common = list(terms[members[0]].factors)
        for i in members[1:]:
            common = _shared(common, terms[i].factors)
        if all(below for _, below in common) and len(common) > 1:
            continue
        saved = sum(
            len(common) - (len(common) == len(terms[i].factors) and abs(terms[i].k) == 1.0) for i in members
        ) - len(common)
        if saved > most:
            best, most = (tuple(common), members), saved
    return best


def _shared(some: Sequence[Factor], others: Sequence[Factor]) -> list[Factor]:
    left = list(others)
    out = []
    for factor in some:
        if factor in left:
            left.remove(factor)
            out.append(factor)
    return out


def _without(term: Term, common: Sequence[Factor]) -> Term:
    left = list(term.factors)
    for factor in common:
        left.remove(factor)
    return Term(term.k, tuple(left))


# ---- sums of multiples of one value ------------------------------------------------------------


def _merged(terms: Sequence[Term]) -> Sequence[Term]:
    """Terms that are linear in one value as one multiple of it and a constant: 4*(1 - v) - 4*v as 4 - 8*v."""
    by_base: dict[Node, list[tuple[int, float, float]]] = {}
    for i, term in enumerate(terms):
        if len(term.factors) == 1 and not term.factors[0][1]:
            base, slope, start = _linear(term.factors[0][0])
            by_base.setdefault(base, []).append((i, term.k * slope, term.k * start))
    new: dict[int, Term] = {}
    gone: set[int] = set()
    constant = 0.0
    for base, found in by_base.items():
        slope, start = sum(each[1] for each in found), sum(each[2] for each in found)
        before = len(found) - 1 + sum(abs(terms[i].k) != 1.0 for i, _, _ in found)
        if (
            len(found) < 2
            or not slope
            or (abs(slope) != 1.0) + (start != 0.0) > before
            or not _is_as_accurate(found, slope, start)
        ):
            continue
        gone.update(i for i, _, _ in found)
        new[found[0][0]] = Term(slope, ((base, False),))
        constant += start
    if not new:
        return terms
    kept = [new.get(i, term) for i, term in enumerate(terms) if i in new or i not in gone]
    return [Term(constant, ()), *kept] if constant else kept


def _linear(node: Node) -> tuple[Node, float, float]:
    """A node as slope*base + start."""
    slope, start = 1.0, 0.0
    for _ in range(3):
        args = node.args
        if node.op is s.mul and is_const(args[0]):
            slope, node = slope * number(args[0]), args[1]
        elif node.op is s.neg:
            slope, node = -slope, args[0]
        elif node.op in (s.add, s.sub) and is_const(args[0]):
            start += slope * number(args[0])
            slope, node = -slope if node.op is s.sub else slope, args[1]
        elif node.op in (s.add, s.sub) and is_const(args[1]):
            start += slope * number(args[1]) * (-1.0 if node.op is s.sub else 1.0)
            node = args[0]
        else:
            break
    return node, slope, start


def _is_as_accurate(found: Sequence[tuple[int, float, float]], slope: float, start: float) -> bool:
    """Whether no value makes the terms of the merged sum much larger than those of the written one.

    Both sizes are piecewise linear in the value, so the worst is where a written term is 0, or far out.
    """
    if not moderate(slope) or (start and not moderate(start)):
        return False
    if abs(slope) > LARGEST_GROWTH * sum(abs(a) for _, a, _ in found):
        return False
    return all(
        abs(start) + abs(slope * at) <= LARGEST_GROWTH * sum(abs(a * at + b) for _, a, b in found)
        for at in (0.0, *(-b / a for _, a, b in found if a))
    )


__all__ = ["SUMS", "Factoring"]
