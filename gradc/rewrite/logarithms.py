r"""Sums of exponentials, and logarithms of what an exponential is a factor of, that neither overflow nor vanish.

A sum of exponentials is looked at as its terms, each a factor above 0 and an exponent: `1 + 2*exp(u)` is 1*exp(0) and
2*exp(u). The logarithm of a product is read where one of its factors has a logarithm that is a gate:

>>> from gradc.language import parse
>>> from gradc.language.unparse import unparse
>>> def read(text):
...     return unparse(parse(text)).split("\n")[-1]
>>> read("log(exp(a) + exp(b))"), read("log(w*exp(u))"), read("log(ndtr(x))")
('logaddexp(a, b)', 'v1 + u', 'log_ndtr(x)')
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradc.base.records import NamedTuple
from gradc.graph.dag import Node
from gradc.graph.op import Op
from gradc.ops import array as a
from gradc.ops import forms as f
from gradc.ops import loss
from gradc.ops import scalar as s
from gradc.ops.gather import GATHERS, PICKS
from gradc.ops.table import lookup
from gradc.rewrite import hyperbolic
from gradc.rewrite.hyperbolic import is_number, value_of

if TYPE_CHECKING:
    from gradc.rewrite.simplify import Builder

# Sums of more exponentials are left as they are written.
MOST_TERMS = 32


class Term(NamedTuple):
    """A factor above 0 times exp of a node; of 0 where there is none."""

    factor: float
    exponent: Node | None


def exponentials(build: Builder, node: Node) -> list[Term] | None:
    """The terms of a sum of at least two, one of them an exponential; None for anything else."""
    if node.op is not s.add:
        return None
    terms: list[Term] = []
    stack = [node]
    while stack:
        top = stack.pop()
        if top.op is s.add:
            stack += reversed(top.args)
            continue
        term = _term(build, top)
        if term is None or len(terms) >= MOST_TERMS:
            return None
        terms.append(term)
    return terms if any(term.exponent is not None for term in terms) else None


def _term(build: Builder, node: Node) -> Term | None:
    if node.op is s.exp and not node.shape:
        return Term(1.0, node.args[0])
    if node.op is s.inv and node.args[0].op is s.exp and not node.shape:
        return Term(1.0, build.make(s.neg, node.args[0].args))
    value = value_of(node)
    if value is not None:
        return Term(value, None) if 0.0 < value < math.inf else None
    if node.op is s.mul:
        for k, e in (node.args, node.args[::-1]):
            value = value_of(k)
            if value is not None and 0.0 < value < math.inf and e.op is s.exp and not e.shape:
                return Term(value, e.args[0])
    return None


def shifted(build: Builder, term: Term) -> Node:
    """The logarithm of a term."""
    log = math.log(term.factor)
    if term.exponent is None:
        return build.const(log)
    return term.exponent if log == 0.0 else build.make(s.add, (term.exponent, build.const(log)))


def log_of_sum(build: Builder, terms: Sequence[Term]) -> Node:
    """The logarithm of a sum of terms."""
    numbers = math.fsum(term.factor for term in terms if term.exponent is None)
    parts = [shifted(build, term) for term in terms if term.exponent is not None]
    if not parts:
        return build.const(math.log(numbers))
    out = parts[0]
    if numbers == 1.0:
        out = build.make(loss.softplus, (out,))
    for part in parts[1:]:
        out = build.make(f.logaddexp, (out, part))
    if numbers and numbers != 1.0:
        out = build.make(f.logaddexp, (out, build.const(math.log(numbers))))
    return out


# ---- logarithms ---------------------------------------------------------------------------------


def logarithm(build: Builder, x: Node) -> Node | None:
    """The logarithm of a value as another gate, or as a sum of them."""
    if x.op is s.neg and x.args[0].op is s.expm1:
        return build.read(f.log1mexp, x.args[0].args)
    if x.op is s.abs_ and x.args[0].op.name == "gamma" and (lgamma := lookup("lgamma")) is not None:
        return build.read(lgamma, x.args[0].args, why="log(abs(gamma(u))) as lgamma(u), which does not overflow")
    found = hyperbolic.logarithm(build, x)
    if found is not None:
        return found
    if x.op in _MOVES:
        return _log_of_elements(build, x)
    if x.op is s.add:
        for u, other in (x.args, x.args[::-1]):
            if other.op is s.hypot and is_number(other.args[0], 1.0) and other.args[1] is u:
                return build.read(f.asinh, (u,))
    return _log_of_product(build, x) or _log_of_weighted(build, x)


# What takes elements from an array, or moves them; it does the same to their logarithms.
_MOVES: frozenset[Op] = frozenset((a.index, a.reshape, a.expand, a.transpose, *GATHERS, *PICKS))
MOST_MOVES = 8


def under_moves(x: Node) -> tuple[Node, list[Node]]:
    """What elements are taken from, or moved, and the gates that do it, the last one first."""
    moves: list[Node] = []
    while x.op in _MOVES and len(moves) < MOST_MOVES:
        moves.append(x)
        x = x.args[0]
    return x, moves


def moved(build: Builder, x: Node, moves: Sequence[Node]) -> Node:
    """The same elements of another array."""
    for move in reversed(moves):
        x = build.make(move.op, (x, *move.args[1:]), move.attr)
    return x


def _log_of_elements(build: Builder, x: Node) -> Node | None:
    """The logarithm of elements of a softmax as those of log_softmax."""
    whole, moves = under_moves(x)
    if whole.op is not a.softmax:
        return None
    why = "the logarithm of elements of softmax(v) by log_softmax(v), which does not vanish"
    return moved(build, build.read(a.log_softmax, whole.args, whole.attr, why=why), moves)


def _log_of_weighted(build: Builder, x: Node) -> Node | None:
    """log(v*exp(a) + w*exp(b)) and log(v*exp(a) - w*exp(b)) of any weights by the larger exponent."""
    if x.op not in (s.add, s.sub) or x.shape:
        return None
    first, last = (_weighted_exponential(build, arg) for arg in x.args)
    if first is None or last is None:
        return None
    weight = last[0] if x.op is s.add else build.make(s.neg, last[:1])
    return build.read(f.logaddexp_of, (first[1], last[1], first[0], weight))


def _weighted_exponential(build: Builder, x: Node) -> tuple[Node, Node] | None:
    """The factors of the one exponential in a product or a quotient, as one, and its exponent."""
    factors = _factors(build, x)
    exponents = [part.args[0] for part, above in factors if above and part.op is s.exp]
    if len(exponents) != 1:
        return None
    return _product(build, [each for each in factors if not each[1] or each[0].op is not s.exp]), exponents[0]


def _factors(build: Builder, x: Node) -> list[tuple[Node, bool]]:
    """What a product or a quotient is made of, and whether it stands above; x itself where it is neither."""
    found: list[tuple[Node, bool]] = []
    stack = [(x, True)]
    while stack:
        top, above = stack.pop()
        if len(found) + len(stack) >= MOST_TERMS:
            found.append((top, above))
        elif top.op is s.mul:
            stack += [(arg, above) for arg in reversed(top.args)]
        elif top.op is s.div:
            stack += [(top.args[1], not above), (top.args[0], above)]
        elif top.op is s.inv:
            stack.append((top.args[0], not above))
        elif top.op is s.neg:
            stack.append((top.args[0], above))
            found.append((build.const(-1), True))
        else:
            found.append((top, above))
    return found


def _pair(terms: list[Term]) -> Term | None:
    """The first of two terms, exp(u) and exp(-u) times one factor."""
    if len(terms) == 2 and terms[0].factor == terms[1].factor:
        first, last = (term.exponent for term in terms)
        if first is not None and last is not None:
            if last.op is s.neg and last.args[0] is first:
                return terms[0]
            if first.op is s.neg and first.args[0] is last:
                return terms[1]
    return None


def _log_of_product(build: Builder, x: Node) -> Node | None:
    """The logarithm of w*exp(u), or of anything else that may vanish or overflow in a product, as log(w) + u."""
    if x.op is s.exp:
        return None  # what it is the logarithm of, a name, would be gone without a trace
    out: Node | None = None
    weights: list[tuple[Node, bool]] = []
    for part, above in _factors(build, x):
        found = _log_of_factor(build, part)
        if found is None:
            weights.append((part, above))
            continue
        weights += [(build.const(found.factor), above)] if found.factor != 1.0 else []
        assert found.exponent is not None
        out = build.make(s.add if above else s.sub, (build.const(0) if out is None else out, found.exponent))
    if out is None:
        return None
    weight = _product(build, weights)
    value = value_of(weight)
    if value is not None and not 0.0 < value < math.inf:
        return None
    if value is None:
        out = build.make(s.add, (build.make(s.log, (weight,)), out))
    elif value != 1.0:
        out = build.make(s.add, (out, build.const(math.log(value))))
    if out.args:
        build.rewrites.setdefault(out, "log(w*exp(u)) as log(w) + u, which cannot overflow")
    return out


# What overflows or vanishes, and has a gate for its logarithm.
_LOGARITHMS = {"gamma": "lgamma", "beta": "betaln"}


def _log_of_factor(build: Builder, x: Node) -> Term | None:
    """What is above 0, and may vanish or overflow, as a number times the exponential of something that does neither."""
    if x.op is s.exp:
        return Term(1.0, x.args[0])
    if x.op is s.cosh:
        return Term(1.0, build.read(f.logcosh, x.args))
    if x.op is f.sech:
        return Term(1.0, build.make(s.neg, (build.read(f.logcosh, x.args),)))
    if x.op is s.tanh_slope:
        return Term(1.0, build.make(s.mul, (build.const(-2), build.read(f.logcosh, x.args))))
    if x.op is loss.sigmoid:
        return Term(1.0, build.make(s.log, (x,)))
    if x.op is s.erfc and (tail := lookup("log_ndtr")) is not None:
        at = build.make(s.mul, (build.const(-math.sqrt(2.0)), *x.args))
        return Term(2.0, build.read(tail, (at,), why="log(0.5*erfc(u)) as log_ndtr(-sqrt(2)*u), which does not vanish"))
    if x.op.name in _LOGARITHMS and (found := lookup(_LOGARITHMS[x.op.name])) is not None:
        why = f"log({x.op.name}(u)) as {found.name}(u), which does not overflow"
        return Term(1.0, build.read(found, x.args, why=why))
    if x.op.name == "ndtr" and (tail := lookup("log_ndtr")) is not None:
        return Term(1.0, build.read(tail, x.args, why="log(ndtr(u)) as log_ndtr(u), which does not vanish"))
    terms = exponentials(build, x)
    if terms is None:
        return None
    pair = _pair(terms)
    if pair is not None:
        assert pair.exponent is not None
        why = "log((exp(u) + exp(-u))/2) as logcosh(u)"
        return Term(2.0 * pair.factor, build.read(f.logcosh, (pair.exponent,), why=why))
    out = log_of_sum(build, terms)
    build.rewrites.setdefault(out, f.logaddexp.say.why)
    return Term(1.0, out)


def _product(build: Builder, factors: Sequence[tuple[Node, bool]]) -> Node:
    """One value of factors, those above first."""
    out = build.const(1)
    for part, above in sorted(factors, key=lambda each: not each[1]):
        out = build.make(s.mul if above else s.div, (out, part))
    return out


def log1p(build: Builder, x: Node) -> Node | None:
    """log1p(exp(u)), log1p(-sigmoid(u)) and what else 1 + x is read as."""
    if x.op is s.exp:
        return build.read(loss.softplus, x.args, why="log1p(exp(u)) as softplus(u), which cannot overflow")
    if x.op is s.neg:
        rest = build.make(s.sub, (build.const(1), *x.args))
        if rest.op is not s.sub:  # 1 - u is read as something that keeps its digits
            return build.make(s.log, (rest,))
    terms = exponentials(build, x)
    if terms is None and (term := _term(build, x)) is not None and term.exponent is not None:
        terms = [term]
    if terms is None:
        return None
    out = log_of_sum(build, [Term(1.0, None), *terms])
    build.rewrites.setdefault(out, f.logaddexp.say.why)
    return out


__all__ = ["MOST_TERMS", "Term", "exponentials", "log1p", "log_of_sum", "logarithm", "moved", "shifted", "under_moves"]
