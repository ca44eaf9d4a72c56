"""Functions of SciPy's that are no gates of the table: a formula each, or a recurrence whose order is known.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("special.eval_legendre(2, x)")).split("\\n")[-1])
v3/2
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gradc.graph.dag import Node
from gradc.language.array_functions import Call, function
from gradc.language.values import Arg, Group
from gradc.ops import array as a
from gradc.ops import scalar as s
from gradc.ops import special, spectral
from gradc.ops.table import lookup
from gradc.rewrite.simplify import is_const, number

# A polynomial of a higher degree is a loop to be written.
_HIGHEST = 64

# What SciPy's names stand for: the parameters, and the formula.
FORMULAS: dict[str, tuple[str, str]] = {
    "binom": ("n, k", "exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1))"),
    "boxcox1p": ("x, lmbda", "where(lmbda == 0, log1p(x), expm1(lmbda*log1p(x))/lmbda)"),
    "cosm1": ("x", "-2*sin(x/2)**2"),
    "exprel": ("x", "where(x == 0, 1 + x/2, expm1(x)/x)"),
    "inv_boxcox": ("y, lmbda", "where(lmbda == 0, exp(y), exp(log1p(lmbda*y)/lmbda))"),
    "inv_boxcox1p": ("y, lmbda", "where(lmbda == 0, expm1(y), expm1(log1p(lmbda*y)/lmbda))"),
    "poch": ("z, m", "exp(lgamma(z + m) - lgamma(z))"),
    "pseudo_huber": ("delta, r", "delta**2*(sqrt(1 + (r/delta)**2) - 1)"),
    "rgamma": ("z", "1/gamma(z)"),
}


def _by_formula(names: str, rule: str) -> Callable[[Call], Any]:
    params = [name.strip() for name in names.split(",")]

    def made(call: Call) -> Any:
        return call.gates.lower(rule, {name: call.value(name) for name in params})

    return made


for _name, (_names, _rule) in FORMULAS.items():
    function(_name, _names)(_by_formula(_names, _rule))


@function("multigammaln", "a, d")
def _multigammaln(call: Call) -> Any:
    """The logarithm of the gamma function of matrices of `d` rows."""
    rows = call.constant("d")
    if type(rows) is not int or rows < 1:
        raise call.error("'d' is a whole number", at="d")
    total = call.build.const(rows * (rows - 1) / 4 * math.log(math.pi))
    for j in range(rows):
        term = call.gates.lower("lgamma(a - h)", {"a": call.value("a"), "h": call.build.const(j / 2)})
        total = call.make(s.add, total, term)
    return total


# Bessel's functions by the names of their orders 0 and 1, and of whole orders.
_OF_ORDER = {"k0": ("kv", 0), "k1": ("kv", 1), "y0": ("yv", 0), "y1": ("yv", 1)}
_WHOLE = {"jn": "jv", "kn": "kv", "yn": "yv"}
# The scaled modified function keeps its digits up to this order.
_HIGHEST_SCALED = 4


def _bessel(call: Call, name: str, order: float) -> Any:
    op = lookup(name)
    assert op is not None
    return call.make(op, call.value("x"), n=order)


@function("iv jv kv yv jn kn yn ive", "v, x")
def _of_given_order(call: Call) -> Any:
    """A function of Bessel's whose order is known."""
    name, order = _WHOLE.get(call.callee.name, call.callee.name), call.number("v")
    if name != "ive":
        return _bessel(call, name, order)
    if order not in range(_HIGHEST_SCALED + 1):
        raise call.error(f"the order of ive is a whole number up to {_HIGHEST_SCALED}", at="v")
    if order in (0, 1):
        return call.gates.lower(f"i{order:g}e(x)", {"x": call.value("x")})
    return call.make(special.ive_slope, call.value("x"), n=int(order), k=0)


@function(" ".join(_OF_ORDER), "x")
def _of_low_order(call: Call) -> Any:
    return _bessel(call, *_OF_ORDER[call.callee.name])


def _of_known_shapes(names: str) -> Callable[[Call], Any]:
    """A distribution function: its shapes are numbers, since its slopes by them have no closed form."""
    shapes = [name.strip() for name in names.split(",")][:-1]

    def made(call: Call) -> Any:
        op = lookup(call.callee.name)
        assert op is not None
        known = {}
        for name in shapes:
            node = call.value(name)
            if node.op is not s.const:
                hint = "write the number; its slope by this one has no closed form"
                raise call.error(f"'{name}' is a number that is known here", hint, at=name)
            known[name] = number(node)
        return call.make(op, call.value("x"), **known)

    return made


for _name, _names in {"gammainc": "a, x", "gammaincc": "a, x", "betainc": "a, b, x", "stdtr": "df, x"}.items():
    function(_name, _names)(_of_known_shapes(_names))


@function("lfilter", "b, a, x")
def _lfilter(call: Call) -> Node:
    """A filter of a signal of known length, from rest, by its recursion."""
    parts = [call.values(name) for name in ("b", "a", "x")]
    (front, back, signal) = [[arg.value for arg in part] for part in parts]
    if any(value.shape for value in signal) or not back or not front:
        raise call.error("lfilter takes the coefficients of a filter, and a signal of one axis", at="x")
    bound = {f"b{k}": value for k, value in enumerate(front)} | {f"a{k}": value for k, value in enumerate(back)}
    out: list[Node] = []
    for n in range(len(signal)):
        terms = [f"b{k}*x{k}" for k in range(min(len(front), n + 1))]
        rule = " + ".join(terms) + "".join(f" - a{k}*y{k}" for k in range(1, min(len(back), n + 1)))
        now = {f"x{k}": signal[n - k] for k in range(n + 1)} | {f"y{k}": out[n - k] for k in range(1, n + 1)}
        scaled = f"({rule})/a0" if not is_const(back[0], 1) else rule
        out.append(call.gates.lower(scaled, {**bound, **now}))
    return call.make(a.stack, *out, axis=0)


@function("polyder", "p, m=1")
def _polyder(call: Call) -> Node:
    """The coefficients of a polynomial's derivative, the highest power first."""
    terms = [arg.value for arg in call.values("p")]
    for _ in range(int(call.number("m", 1))):
        powers = range(len(terms) - 1, 0, -1)
        terms = [call.make(s.mul, call.build.const(k), term) for k, term in zip(powers, terms, strict=False)]
    return call.make(a.stack, *(terms or [call.build.const(0.0)]), axis=0)


@function("eigh", "x, UPLO=None")
def _eigh(call: Call) -> Group:
    """The eigenvalues of a symmetric matrix, and its eigenvectors in columns."""
    x = call.array()
    found = [call.make(op, x) for op in (spectral.eigvalsh, spectral.eigvecs)]
    return Group("tuple", [Arg(each, call.first, call.last) for each in found])


# The polynomials of order 1, and of order n + 1 out of p, of order n, and of q, of order n - 1.
_POLYNOMIALS = {
    "eval_legendre": ("x", "((2*n + 1)*x*p - n*q)/(n + 1)"),
    "eval_chebyt": ("x", "2*x*p - q"),
    "eval_chebyu": ("2*x", "2*x*p - q"),
    "eval_hermite": ("2*x", "2*x*p - 2*n*q"),
    "eval_hermitenorm": ("x", "x*p - n*q"),
    "eval_laguerre": ("1 - x", "((2*n + 1 - x)*p - n*q)/(n + 1)"),
}


@function(" ".join(_POLYNOMIALS), "n, x")
def _polynomial(call: Call) -> Node:
    """A polynomial of a degree that is known, by its recurrence."""
    degree = call.constant("n")
    if type(degree) is not int or not 0 <= degree <= _HIGHEST:
        raise call.error(f"the degree is a whole number up to {_HIGHEST}", at="n")
    first, rule = _POLYNOMIALS[call.callee.name]
    x = call.value("x")
    before, now = call.filled(call.build.const(1.0), call.shape(x)), call.gates.lower(first, {"x": x})
    for n in range(1, degree):
        bound = {"x": x, "p": now, "q": before, "n": call.build.const(n)}
        before, now = now, call.gates.lower(rule, bound)
    return now if degree else before
