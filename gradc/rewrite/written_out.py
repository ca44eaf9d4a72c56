r"""Written-out forms: sums and quotients of exponentials, and roots, read as the gates that they are.

A sum of exponentials is looked at as its terms, each a factor above 0 and an exponent: `1 + 2*exp(u)` is 1*exp(0) and
2*exp(u). A quotient by such a sum is a sigmoid of one exponent less the logarithm of the sum of the others:

>>> from gradc.language import parse
>>> from gradc.language.unparse import unparse
>>> def read(text):
...     return unparse(parse(text)).split("\n")[-1]
>>> read("L/(1 + exp(-x))"), read("exp(a)/(1 + exp(b) + exp(a))"), read("(exp(c) - 1)/(exp(c) + 1)")
('L*v1', 'sigmoid(v2)', 'tanh(v1)')
>>> read("log(exp(a) + exp(b))"), read("sqrt(x**2 + 4)")
('logaddexp(a, b)', 'hypot(2, x)')

Each is read where a program has it, never where a derivative does, and not where the textbook's forms are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.graph.op import Op
from gradc.ops import array as a
from gradc.ops import forms as f
from gradc.ops import loss
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.contractions import EINSUMS, std, var
from gradc.ops.table import static
from gradc.rewrite import hyperbolic
from gradc.rewrite.hyperbolic import is_number, value_of
from gradc.rewrite.logarithms import (
    MOST_TERMS,
    Term,
    exponentials,
    log1p,
    log_of_sum,
    logarithm,
    moved,
    shifted,
    under_moves,
)

if TYPE_CHECKING:
    from gradc.rewrite.simplify import Builder


def _less(build: Builder, x: Node, y: Node) -> Node:
    return build.make(s.sub, (x, y))


# ---- quotients ---------------------------------------------------------------------------------

_WHY_SIGMOID = "a share of exponentials as a sigmoid, which cannot overflow"
_WHY_TANH = "a quotient of exponentials as tanh(u), which cannot overflow"


def _quotient(build: Builder, x: Node, y: Node) -> Node | None:
    if x.op is s.neg and y.op in (s.add, s.square, s.ipow, s.pow_):
        found = _quotient(build, x.args[0], y)
        return None if found is None else build.make(s.neg, (found,))
    value = value_of(y)
    if value is not None:
        return _half(build, x) if value == 2.0 else None
    if y.op in (s.square, s.ipow, s.pow_):
        return _by_power(build, x, y) or hyperbolic.quotient(build, x, y)
    terms = exponentials(build, y)
    if terms is None:
        return hyperbolic.quotient(build, x, y) or _by_weighted(build, x, y) or _element_share(build, x, y)
    return _tangent(build, x, terms) or _share(build, x, terms)


def _share(build: Builder, x: Node, terms: list[Term]) -> Node | None:
    """K*exp(a)/(exp(a) + …) as K*sigmoid(a - log(…)), and x/(1 + …) as x*sigmoid(-log(…))."""
    mine, rest = _taken_out(x, terms)
    if mine is None:
        mine, rest = next((term for term in terms if term.exponent is None), None), x
        if mine is None or mine.factor != math.fsum(t.factor for t in terms if t.exponent is None):
            return None
    others = [term for term in terms if term is not mine]
    at = _less(build, shifted(build, mine), log_of_sum(build, others))
    share = build.read(loss.sigmoid, (at,), why=_WHY_SIGMOID)
    if mine.factor != 1.0:
        share = build.make(s.div, (share, build.const(mine.factor)))
    return share if rest is None else build.make(s.mul, (rest, share))


def _taken_out(x: Node, terms: list[Term]) -> tuple[Term | None, Node | None]:
    """The term whose exponential is a factor of x, and what else x is a product of."""
    if x.op is s.exp:
        return next((term for term in terms if term.exponent is x.args[0]), None), None
    if x.op is s.mul:
        for e, rest in (x.args, x.args[::-1]):
            if e.op is s.exp:
                mine = next((term for term in terms if term.exponent is e.args[0]), None)
                if mine is not None:
                    return mine, rest
    return None, None


def _tangent(build: Builder, x: Node, terms: list[Term]) -> Node | None:
    """(exp(c) - 1)/(exp(c) + 1) and (exp(a) - exp(b))/(exp(a) + exp(b)) as tanh of half the difference."""
    if len(terms) != 2 or any(term.factor != 1.0 for term in terms):
        return None
    first, last = (term.exponent for term in terms)
    if first is not None and last is not None:
        if x.op is not s.sub or any(arg.op is not s.exp for arg in x.args):
            return None
        up, down = (arg.args[0] for arg in x.args)
        if {up, down} != {first, last}:
            return None
        at = up if down.op is s.neg and down.args[0] is up else _halved(build, _less(build, up, down))
        return build.read(s.tanh, (at,), why=_WHY_TANH)
    one = first if last is None else last
    if x.op is s.expm1 and x.args[0] is one:
        return build.read(s.tanh, (_halved(build, x.args[0]),), why=_WHY_TANH)
    return None


def _halved(build: Builder, x: Node) -> Node:
    """x/2: of 2*u, u."""
    if x.op is s.neg:
        return build.make(s.neg, (_halved(build, x.args[0]),))
    if x.op is s.mul and x.args[0].op is s.const:
        return build.make(s.mul, (build.const((value_of(x.args[0]) or 0.0) * 0.5), x.args[1]))
    return build.make(s.mul, (build.const(0.5), x))


def _by_power(build: Builder, x: Node, y: Node) -> Node | None:
    """x/(1 + exp(u))**p as a product of x and shares."""
    base = y.args[0]
    terms = exponentials(build, base)
    if terms is None:
        return None
    first = _share(build, x, terms)
    if first is None:
        return None
    if y.op is s.square:
        return _share(build, first, terms)
    one = _share(build, build.const(1), terms)
    if one is None:
        return None
    if y.op is s.ipow:
        n = static(y, "n")
        return build.make(s.mul, (x, build.make(s.pow_, (one, build.const(n))))) if n > 0 else None
    return build.make(s.mul, (x, build.make(s.pow_, (one, y.args[1]))))


def _by_weighted(build: Builder, x: Node, y: Node) -> Node | None:
    """x/(c + A*exp(u)) with any A: both sides times sigmoid(-u), so that nothing overflows."""
    if y.op is not s.add:
        return None
    for one, product in (y.args, y.args[::-1]):
        c = value_of(one)
        if c is None or not c or product.op is not s.mul:
            continue
        for e, weight in (product.args, product.args[::-1]):
            if e.op is s.exp and not e.shape and weight.op is not s.exp:
                up, down = (build.make(loss.sigmoid, (u,)) for u in (e.args[0], build.make(s.neg, e.args)))
                below = build.make(s.add, (build.make(s.mul, (one, down)), build.make(s.mul, (weight, up))))
                out = build.make(s.div, (build.make(s.mul, (x, down)), below))
                build.rewrites.setdefault(out, "both sides of the quotient by 1 + exp(u), so that nothing overflows")
                return out
    return None


def _element_share(build: Builder, x: Node, y: Node) -> Node | None:
    """exp(v[k])/sum(exp(v)) and exp(v)[k]/sum(exp(v)) as softmax(v)[k]."""
    if y.op is not a.sum_ or y.shape or y.args[0].op is not s.exp or len(y.args[0].shape) != 1:
        return None
    (v,) = y.args[0].args
    moved = x.args[0] if x.op is s.exp else x
    if moved.op is not a.index or moved.args[0] is not (v if x.op is s.exp else y.args[0]):
        return None
    why = "a share of exponentials as an element of softmax(v), which cannot overflow"
    return build.make(a.index, (build.read(a.softmax, (v,), (-1,), why=why),), moved.attr)


def _half(build: Builder, x: Node) -> Node | None:
    """(exp(u) - exp(-u))/2 as sinh(u), and (exp(u) + exp(-u))/2 as cosh(u)."""
    if x.op not in (s.add, s.sub) or any(arg.op is not s.exp for arg in x.args):
        return None
    up, down = (arg.args[0] for arg in x.args)
    if down.op is s.neg and down.args[0] is up:
        why = "written out with exp, which loses digits near 0" if x.op is s.sub else "written out with exp"
        return build.read(s.sinh if x.op is s.sub else s.cosh, (up,), why=why)
    return None


def _product(build: Builder, x: Node, y: Node) -> Node | None:
    """0.5*(exp(u) - exp(-u)); and x*x**0.5, whose slope at 0 is no product of 0 and infinity."""
    for k, rest in ((x, y), (y, x)):
        if is_number(k, 0.5):
            return _half(build, rest)
        base, n = _powers(k)
        other, p = _powers(rest)
        if base is other and p != int(p) and n == int(n) and n > 0 and n + p > 0:
            return build.read(s.pow_, (base, build.const(n + p)), why="one power: its slope at 0 is finite")
    return None


def _powers(x: Node) -> tuple[Node, float]:
    """What x is a constant power of."""
    if x.op is s.square:
        return x.args[0], 2.0
    if x.op is s.sqrt:
        return x.args[0], 0.5
    if x.op is s.ipow:
        return x.args[0], float(static(x, "n"))
    if x.op is s.pow_ and (p := value_of(x.args[1])) is not None:
        return x.args[0], p
    return x, 1.0


# ---- differences -------------------------------------------------------------------------------


def _difference(build: Builder, x: Node, y: Node) -> Node | None:
    if is_number(x, 1.0) and y.op.name == "ndtr":
        why = "1 - ndtr(u) as ndtr(-u), which does not vanish"
        return build.read(y.op, (build.make(s.neg, y.args),), why=why)
    if is_number(x, 1.0) and y.op is s.square and y.args[0].op is s.tanh:
        return build.read(s.tanh_slope, y.args[0].args, why="1 - tanh(u)**2, with all its digits")
    if is_number(y, 1.0) and x.op is s.mul and is_number(x.args[0], 2.0) and x.args[1].op is loss.sigmoid:
        at = _halved(build, x.args[1].args[0])
        return build.read(s.tanh, (at,), why="2*sigmoid(2*u) - 1 as tanh(u), which keeps its digits near 0")
    if is_number(x, 1.0) and y.op is s.mul and is_number(y.args[0], 2.0) and y.args[1].op is loss.sigmoid:
        at = build.make(s.neg, (_halved(build, y.args[1].args[0]),))
        return build.read(s.tanh, (at,), why="1 - 2*sigmoid(-2*u) as tanh(u), which keeps its digits near 0")
    if is_number(x, 1.0) and y.op is s.erfc:
        return build.read(s.erf, y.args, why="1 - erfc(u) as erf(u), which keeps its digits near 0")
    if is_number(y, 1.0) and x.op in _COMPLEMENTS:
        return _less_one(build, x)
    if y.op is s.mul and y.args[1].op in _COMPLEMENTS and x is y.args[0] and value_of(x) is not None:
        rest = _less_one(build, y.args[1])
        return None if rest is None else build.make(s.mul, (x, build.make(s.neg, (rest,))))
    return _log_share(build, x, y)


# What 1 may be subtracted from: 1 less each of them is a gate that keeps its digits.
_COMPLEMENTS: tuple[Op, ...] = (loss.sigmoid, s.erf, s.erfc, s.square)


def _less_one(build: Builder, x: Node) -> Node | None:
    """u - 1 as -(1 - u), where that is read as something else."""
    rest = build.make(s.sub, (build.const(1), x))
    return None if rest.op is s.sub else build.make(s.neg, (rest,))


def _log_share(build: Builder, x: Node, y: Node) -> Node | None:
    """v - logsumexp(v), v[k] - logsumexp(v), and the same with the other sign, by log_softmax(v)."""
    for part, total, sign in ((x, y, 1), (y, x, -1)):
        if total.op is not a.logsumexp:
            continue
        (v,) = total.args
        axis, keepdims = static(total, "axis"), static(total, "keepdims")
        whole = axis is None or len(v.shape) == 1
        if part is v and (keepdims or len(v.shape) == 1):
            out = build.read(a.log_softmax, (v,), (axis,), why=_WHY_LOG_SHARE)
        elif part.op is a.index and part.args[0] is v and not part.shape and whole:
            out = build.make(a.index, (build.read(a.log_softmax, (v,), (axis,), why=_WHY_LOG_SHARE),), part.attr)
        else:
            continue
        return out if sign == 1 else build.make(s.neg, (out,))
    return None


_WHY_LOG_SHARE = "v - logsumexp(v) as log_softmax(v), which keeps its digits"


# ---- sums --------------------------------------------------------------------------------------


def _sum(build: Builder, x: Node, y: Node) -> Node | None:
    """1 + erf(u) as erfc(-u), k + k*erf(u) as k times it, and sums of a maximum and what was shifted by it."""
    for k, at in ((x, y), (y, x)):
        rest = at.args[1] if at.op is s.mul else at
        if k.op is not s.const or rest.op is not s.erf:
            continue
        weight = at.args[0] if at.op is s.mul else build.const(1)
        if value_of(k) == value_of(weight):
            why = "1 + erf(u) as erfc(-u), which keeps its digits"
            tail = build.read(s.erfc, (build.make(s.neg, rest.args),), why=why)
            return build.make(s.mul, (weight, tail))
    for one, rest in ((x, y), (y, x)):
        if is_number(one, -1.0) and rest.op in _COMPLEMENTS:
            return _less_one(build, rest)
    return _shifted_back(build, x, y)


def _shifted_back(build: Builder, x: Node, y: Node) -> Node | None:
    """max(v) + logsumexp(v - max(v)), with the axes of either as one writes them, as logsumexp(v)."""
    for top, total in ((x, y), (y, x)):
        if total.op is not a.logsumexp or (v := unshifted(build, total.args[0], static(total, "axis"))) is None:
            continue
        found = (*top.args, static(top, "axis")) if top.op is a.amax else across(build, top, a.amax)
        axes = a.axes_of(static(total, "axis"), len(v.shape))
        same = found is not None and found[0] is v and a.axes_of(found[1], len(v.shape)) == axes
        if same and build.dims.resolve(top.shape) == build.dims.resolve(total.shape):
            return build.read(a.logsumexp, (v,), total.attr)
    return None


def across(build: Builder, x: Node, op: Op) -> tuple[Node, Any] | None:
    """The array and the axes of a reduction that broadcasts against its array, however its axes of 1 are written."""
    inner = x.args[0] if x.op in (a.index, a.reshape, a.expand) else x
    if inner.op is not op:
        return None
    (v,), axis = inner.args, static(inner, "axis")
    if x.op is a.index and any(item not in (None, _EVERY) for item in static(x, "index")):
        return None
    gone = a.axes_of(axis, len(v.shape))
    kept = tuple(1 if at in gone else dim for at, dim in enumerate(v.shape))
    have, kept = build.dims.resolve(x.shape), build.dims.resolve(kept)
    lead = len(kept) - len(have)
    return (v, axis) if not have or (kept[lead:] == have and all(dim == 1 for dim in kept[:lead])) else None


_EVERY = ("slice", None, None, None)


def unshifted(build: Builder, x: Node, axis: Any) -> Node | None:
    """v of v - max(v), where the largest is that along the axes: a shift that softmax and its kin make themselves."""
    if x.op is not s.sub:
        return None
    v, top = x.args
    found = across(build, top, a.amax)
    if found is None or found[0] is not v or len(x.shape) != len(v.shape):
        return None
    rank = len(v.shape)
    return v if set(a.axes_of(axis, rank)) <= set(a.axes_of(found[1], rank)) else None


def _shift_left_out(op: Op) -> Callable[..., Node | None]:
    """What is the same of v - max(v) as of v, of v: no gradient goes through the shift."""

    def rewrite(build: Builder, x: Node, attr: Any) -> Node | None:
        v = unshifted(build, x, attr[0])
        return None if v is None else build.intern(op, (v,), attr)

    return rewrite


def _weighted(build: Builder, x: Node, attr: Any) -> Node | None:
    """logsumexp(log(w) + v) by its weights, and logsumexp(log(w)) as log(sum(w))."""
    weight: Node | None = None
    rest: Node | None = None
    for term, minus in _terms(x):
        whole, moves = under_moves(term)
        if whole.op is s.log and not minus:
            own = moved(build, whole.args[0], moves)
            weight = own if weight is None else build.make(s.mul, (weight, own))
        elif rest is None:
            rest = build.make(s.neg, (term,)) if minus else term
        else:
            rest = build.make(s.sub if minus else s.add, (rest, term))
    if weight is None:
        return None
    if rest is None:
        return build.make(s.log, (build.make(a.sum_, (weight,), attr),))
    return build.read(f.logsumexp_of, (rest, weight), attr)


def _terms(x: Node) -> list[tuple[Node, bool]]:
    """What a sum or a difference is made of, in order, and what of it is subtracted."""
    found: list[tuple[Node, bool]] = []
    stack = [(x, False)]
    while stack:
        top, minus = stack.pop()
        if top.op in (s.add, s.sub) and len(found) + len(stack) < MOST_TERMS:
            stack += [(top.args[1], minus != (top.op is s.sub)), (top.args[0], minus)]
        elif top.op is s.neg:
            stack.append((top.args[0], not minus))
        else:
            found.append((top, minus))
    return found


# ---- roots -------------------------------------------------------------------------------------


def _sqrt(build: Builder, x: Node) -> Node | None:
    if x.op is s.ipow and (n := static(x, "n")) > 0 and n % 2 == 0:
        half = n // 2
        base = x.args[0] if half % 2 == 0 else build.make(s.abs_, x.args)
        why = "the root of an even power, whose slope at 0 is finite"
        return build.read(s.pow_, (base, build.const(half)), why=why)
    if x.op is s.sub and is_number(x.args[0], 1.0) and x.args[1].op is s.square:
        return build.read(f.complement, x.args[1].args)
    if x.op is s.add:
        for k, square in (x.args, x.args[::-1]):
            value = value_of(k)
            if value is not None and value > 0.0 and square.op is s.square and math.sqrt(value) ** 2 == value:
                side = math.sqrt(value)
                one = build.const(int(side) if side.is_integer() else side)
                return build.read(s.hypot, (one, square.args[0]), why="sqrt(1 + u**2), which could overflow")
        parts = _squares(x)
        if parts is not None:
            out = parts[0]
            for part in parts[1:]:
                out = build.read(s.hypot, (out, part))
            return out
    if x.op in (a.matmul, a.inner) and x.args[0] is x.args[1] and len(x.args[0].shape) == 1:
        why = "sqrt(v @ v) as norm(v), whose slope at 0 is 0"
        return build.read(a.norm, x.args[:1], (None, False), why=why)
    if x.op in EINSUMS:
        return hyperbolic.root(build, x)
    if x.op is var:
        return build.read(std, x.args, x.attr, why="the root of a variance as std(v), whose slope at 0 is 0")
    return build.read(f.root, (x,)) if _is_of_squares(x) else None


def _squares(x: Node) -> list[Node] | None:
    """The sides of a sum of plain squares of numbers."""
    found: list[Node] = []
    stack = [x]
    while stack:
        top = stack.pop()
        if top.op is s.add:
            stack += reversed(top.args)
        elif top.op is s.square and len(found) < MOST_TERMS:
            found.append(top.args[0])
        else:
            return None
    return found


# What a sum of squares stays through: it is 0 only where all of them are, and then has slope 0.
_KEEPS: tuple[Op, ...] = (a.sum_, a.mean, a.index, a.reshape, a.expand, a.transpose, r.where)


def _is_of_squares(x: Node) -> bool:
    """Whether a value is a sum of squares, weighted or not: with all of them at 0 its slope is 0."""
    stack, seen = [x], 0
    while stack:
        top, seen = stack.pop(), seen + 1
        if seen > MOST_TERMS:
            return False
        if _is_square(top):
            continue
        if top.op is s.add or (top.op in _KEEPS and len(top.args) == 1):
            stack += top.args
        elif top.op is s.mul:
            factors = _factors(top)
            if len(set(factors)) == len(factors) and not any(map(_is_square, factors)):
                squares = [arg for arg in factors if arg.op in _SUMS]
                if not squares:
                    return False
                stack += squares[:1]
        elif top.op is s.div:
            stack += top.args[:1]
        elif top.op in (a.matmul, a.inner):
            if not _is_form(top):
                squares = [arg for arg in top.args if arg.op in _SUMS or _is_square(arg)]
                if not squares:
                    return False
                stack += squares[:1]
        else:
            return False
    return True


# What may be a sum of squares itself, as a factor of a product.
_SUMS: tuple[Op, ...] = (*_KEEPS, s.add, s.div)


def _is_square(x: Node) -> bool:
    return x.op in (s.square, var) or (x.op is s.ipow and static(x, "n") > 0 and static(x, "n") % 2 == 0)


def _factors(x: Node) -> list[Node]:
    """What a product is made of, in all; x by itself where it is none."""
    found: list[Node] = []
    stack = [x]
    while stack and len(found) < MOST_TERMS:
        top = stack.pop()
        if top.op is s.mul:
            stack += top.args
        else:
            found.append(top)
    return found


def _is_form(x: Node) -> bool:
    """v @ v, v @ A @ v, and (w*v) @ v."""
    left, right = x.args
    if left.op is a.matmul and right in left.args:
        return True
    return bool(set(_factors(left)) & set(_factors(right)))


FORMS: dict[Op, Callable[..., Node | None]] = {
    s.div: _quotient,
    s.inv: lambda build, y: _quotient(build, build.const(1), y),
    s.mul: _product,
    s.sub: _difference,
    s.pow_: hyperbolic.power,
    s.log: logarithm,
    s.log1p: log1p,
    s.sqrt: _sqrt,
    s.add: _sum,
    a.logsumexp: _weighted,
    a.softmax: _shift_left_out(a.softmax),
    a.log_softmax: _shift_left_out(a.log_softmax),
}

__all__ = ["FORMS", "across", "exponentials"]
