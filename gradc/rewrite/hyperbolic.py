"""Written-out hyperbolic functions and their inverses, differences of exponentials, and roots of sums of powers.

>>> from gradc.language import parse
>>> from gradc.language.unparse import unparse
>>> def read(text):
...     return unparse(parse(text)).split("\\n")
>>> read("log((1 + x)/(1 - x))"), read("log(x + sqrt(x**2 - 1))"), read("1/cosh(x)")
(['v1 = atanh(x)', '2*v1'], ['acosh(x)'], ['sech(x)'])
>>> read("x/(exp(x) - 1)"), read("log(exp(u) - 1)")
(['v1 = by_expm1(x)', 'x*v1'], ['v1 = -u', 'v2 = log1mexp(v1)', 'u + v2'])
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.ops import array as a
from gradc.ops import forms as f
from gradc.ops import scalar as s
from gradc.ops.contractions import EINSUMS
from gradc.ops.table import lookup, static

if TYPE_CHECKING:
    from gradc.rewrite.simplify import Builder


def value_of(node: Node) -> float | None:
    """The value of a constant."""
    if node.op is not s.const:
        return None
    attr: Any = node.attr
    return float(attr if type(attr) is int else attr[0])


def is_number(node: Node, value: float) -> bool:
    return node.op is s.const and value_of(node) == value


# ---- quotients ---------------------------------------------------------------------------------


def quotient(build: Builder, x: Node, y: Node) -> Node | None:
    """x/cosh(u), x/cosh(u)**2, sinh(u)/cosh(u), x/(exp(u) - 1), also where more is below, and x/(1 + abs(x))."""
    if y.op is s.cosh and x.op is s.sinh and x.args == y.args:
        return build.read(s.tanh, y.args, why="sinh(u)/cosh(u) as tanh(u), which cannot overflow")
    if y.op is s.cosh:
        found = build.read(f.sech, y.args)
    elif y.op is s.square and y.args[0].op is s.cosh:
        found = build.read(s.tanh_slope, y.args[0].args, why="1/cosh(u)**2 as 1 - tanh(u)**2, which cannot overflow")
    elif y.op is s.expm1:
        found = build.read(f.by_expm1, y.args)
    elif y.op is s.add and (of := _one_and(y)) is not None and of.op is s.abs_ and x is of.args[0]:
        return build.read(f.softsign, (x,))
    elif y.op is s.mul:
        for small, rest in (y.args, y.args[::-1]):
            if small.op in (s.cosh, s.expm1):
                inner = quotient(build, build.const(1), small)
                assert inner is not None
                return build.make(s.mul, (build.make(s.div, (x, rest)), inner))
        return None
    else:
        return None
    return found if is_number(x, 1.0) else build.make(s.mul, (x, found))


# ---- logarithms --------------------------------------------------------------------------------


def logarithm(build: Builder, x: Node) -> Node | None:
    """log((1 + u)/(1 - u)), log(u + sqrt(u**2 - 1)), log(sinh(u)), log(exp(u) - 1) and log(exp(u) - exp(v))."""
    if x.op is s.expm1:
        return _log_difference(build, x.args[0], build.make(s.neg, x.args))
    if x.op is s.abs_ and x.args[0].op is s.sinh:
        return logarithm(build, build.make(s.sinh, (build.make(s.abs_, x.args[0].args),)))
    if x.op is s.sinh:
        twice = build.make(s.mul, (build.const(-2), *x.args))
        return build.make(s.add, (_log_difference(build, x.args[0], twice), build.const(-math.log(2.0))))
    if x.op is s.sub and all(arg.op is s.exp for arg in x.args):
        up, down = (arg.args[0] for arg in x.args)
        return _log_difference(build, up, build.make(s.sub, (down, up)))
    if x.op is s.div:
        above, below = x.args
        at = _one_and(above)
        inverse = lookup("atanh")
        if at is not None and inverse is not None and below.op is s.sub:
            why = "log((1 + u)/(1 - u)) as 2*atanh(u), which keeps its digits near 0"
            one, other = below.args
            if is_number(one, 1.0) and other is at:
                return build.make(s.mul, (build.const(2), build.read(inverse, (at,), why=why)))
    if x.op is s.add:
        inverse = lookup("acosh")
        for u, other in (x.args, x.args[::-1]):
            if other.op is s.sqrt and inverse is not None and _is_square_less_1(other.args[0], u):
                why = "log(u + sqrt(u**2 - 1)) as acosh(u), which cannot overflow"
                return build.read(inverse, (u,), why=why)
    return None


def _log_difference(build: Builder, up: Node, between: Node) -> Node:
    """The logarithm of exp(up)*(1 - exp(between))."""
    why = "the logarithm of a difference of exponentials by log1mexp, which cannot overflow"
    return build.make(s.add, (up, build.read(f.log1mexp, (between,), why=why)))


def _one_and(x: Node) -> Node | None:
    if x.op is s.add:
        for one, u in (x.args, x.args[::-1]):
            if is_number(one, 1.0):
                return u
    return None


def _is_square_less_1(x: Node, u: Node) -> bool:
    if x.op is not s.sub and x.op is not s.add:
        return False
    square, one = x.args
    return square.op is s.square and square.args[0] is u and is_number(one, 1.0 if x.op is s.sub else -1.0)


# ---- powers ------------------------------------------------------------------------------------


def power(build: Builder, x: Node, y: Node) -> Node | None:
    """The root of a sum of powers of at least its degree: a norm, whose slope at 0 is 0."""
    n = value_of(y)
    if n is None or not 0.0 < n < 1.0:
        return None
    inner = x
    while inner.op in (a.sum_, a.mean) or (inner.op is s.mul and value_of(inner.args[0]) is not None):
        inner = inner.args[-1]
    degree = _degree(inner)
    if degree is None or degree <= 1.0 or degree * n < 1.0 - 1e-9 or inner is x:
        return None
    return build.read(f.root_of, (x, y))


def _degree(x: Node) -> float | None:
    """The exponent of a constant power of what is 0 where it has its least value."""
    if x.op is s.ipow:
        n = float(static(x, "n"))
        return n if n % 2 == 0 or x.args[0].op is s.abs_ else None
    if x.op is s.square:
        return 2.0
    return value_of(x.args[1]) if x.op is s.pow_ else None


def root(build: Builder, x: Node) -> Node | None:
    """The root of a contraction of an array with itself as its norm."""
    if x.op is not EINSUMS[1] or x.args[0] is not x.args[1]:
        return None
    given, _, out = static(x, "subs").partition("->")
    mine, other = given.split(",")
    kept = [label for label in mine if label in out]
    if mine != other or kept != list(out):
        return None
    axes = tuple(at for at, label in enumerate(mine) if label not in out)
    if not axes:
        return None
    why = "the root of sums of squares as a norm, whose slope at 0 is 0"
    axis = None if len(axes) == len(mine) else axes[0] if len(axes) == 1 else axes
    return build.read(a.norm, x.args[:1], (axis, False), why=why)


__all__ = ["is_number", "logarithm", "power", "quotient", "root", "value_of"]
