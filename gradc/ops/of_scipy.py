"""Special functions that are SciPy's alone: Bessel's of the second kind, integrals of exponentials.

>>> kv.slopes, exp1.slopes
(('-0.5*(kv(x, n=n - 1) + kv(x, n=n + 1))',), ('-exp(-x)/x',))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from gradc.ops import special_texts as texts
from gradc.ops.table import Op, Say, Steep, Test, op

_ABOVE_0 = Steep(outside=[(0.0, inf)], safe=[1.0], pole=True)
_NOT_AT_0 = Steep(outside=[(0.0, inf)], safe=[1.0])


def _integral(name: str, slope: str, doc: str, steep: Steep, needs: str, sympy: str) -> Op:
    return op(
        f"{name}(x)",
        doc=doc,
        slopes=[slope],
        code={"numpy": f"{name}({{x}})", "math": "", "scipy": f"special.{name}({{x}})"},
        helpers={"numpy": texts.scipy(name)},
        steep=steep,
        needs=needs,
        test=Test(sympy=sympy, domain=[(0.2, 3.0)]),
    )


def _of_order(
    name: str, slope: str, doc: str, samples: Sequence[Mapping[str, Any]], sympy: str
) -> Op:
    """A function whose first argument, in SciPy's order, is a number that is known when the program is compiled."""
    return op(
        f"{name}(x; n=0)",
        doc=f"{doc} of order n, a number; written {name}(n, x)",
        slopes=[slope],
        code={
            "numpy": f"{name}({{n}}, {{x}})",
            "math": "",
            "scipy": f"special.{name}({{n}}, {{x}})",
        },
        helpers={"numpy": texts.scipy(name, "n, x")},
        public=False,
        needs="x > 0",
        steep=_ABOVE_0,
        say=Say(stem=name + "{x}", short=name),
        test=Test(sympy=sympy, samples=list(samples), domain=[(0.4, 3.0)]),
    )


# ---- Bessel's functions of the second kind ---------------------------------------------------------

_ORDERS = [{"n": 0}, {"n": 2}]
kv = _of_order(
    "kv",
    "-0.5*(kv(x, n=n - 1) + kv(x, n=n + 1))",
    "the modified Bessel function of the second kind",
    _ORDERS,
    "besselk(n, x)",
)
yv = _of_order(
    "yv",
    "0.5*(yv(x, n=n - 1) - yv(x, n=n + 1))",
    "the Bessel function of the second kind",
    _ORDERS,
    "bessely(n, x)",
)

# ---- integrals -------------------------------------------------------------------------------------

exp1 = _integral(
    "exp1",
    "-exp(-x)/x",
    "the exponential integral E1: that of exp(-t)/t from x on",
    _ABOVE_0,
    "x > 0",
    "expint(1, x)",
)
expi = _integral(
    "expi",
    "exp(x)/x",
    "the exponential integral Ei: that of exp(t)/t up to x",
    _NOT_AT_0,
    "x != 0",
    "Ei(x)",
)

# ---- the error function, scaled --------------------------------------------------------------------

# Beside 0 below, where the two terms are of one sign; above, the gap of Mills's ratio, by which they do not cancel.
_AT_0, _TURNED = "1.1283791670955126", "minimum(-1.4142135623730951*x, 0)"
_ERFCX_SLOPE = (
    f"where(x < 0, 2*x*out - {_AT_0}, -{_AT_0}*mills_gap({_TURNED})/log_ndtr_slope({_TURNED}))"
)
_ERFCX = '''
def erfcx(x):
    """exp(x**2)*erfc(x), by Mills's ratio; below 0 by the value at -x, and x**2 in two parts, neither rounded."""
    x = as_real(x)
    u = x.astype(float)
    t = np.minimum(np.maximum(u, -30.0), 0.0)
    h = t.astype(np.float32).astype(float)
    out = 2.0*mills(1.4142135623730951*np.abs(u))
    with np.errstate(over="ignore"):
        below = 2.0*np.exp(h*h)*np.exp((t - h)*(t + h)) - out
    return np.where(u < 0.0, below, out).astype(x.dtype, copy=False)[()]
'''
_ERFCX_MATH = '''
def erfcx(x):
    """exp(x**2)*erfc(x), by Mills's ratio; below 0 by the value at -x, and x**2 in two parts, neither rounded."""
    if x != x or x < -27.0:
        return x*x*float("inf")
    out = 2.0*mills(1.4142135623730951*abs(x))
    if x >= 0.0:
        return out
    h = 134217729.0*x
    h -= h - x
    try:
        return 2.0*math.exp(h*h)*math.exp((x - h)*(x + h)) - out
    except OverflowError:
        return float("inf")
'''
erfcx = op(
    "erfcx(x)",
    doc="exp(x**2)*erfc(x), without overflow where x is positive",
    slopes=[_ERFCX_SLOPE],
    code={"numpy": "erfcx({x})", "math": "erfcx({x})", "scipy": "special.erfcx({x})"},
    helpers={"numpy": [texts.MILLS, _ERFCX], "math": [texts.POLY, texts.MILLS, _ERFCX_MATH]},
    test=Test(sympy="exp(x**2)*erfc(x)", edges={"x=1e8": "out=5.641895835477563e-09"}),
)

# ---- distribution functions, of shapes that are known ----------------------------------------------


def _incomplete(
    name: str,
    shapes: str,
    slope: str,
    doc: str,
    sympy: str,
    samples: list[dict[str, float]],
    top: float,
) -> Op:
    """A function of x whose first arguments, in SciPy's order, are numbers that are known."""
    given = ", ".join(f"{{{shape}}}" for shape in shapes.split())
    return op(
        f"{name}(x; {', '.join(f'{shape}=1' for shape in shapes.split())})",
        doc=f"{doc}; written {name}({shapes.replace(' ', ', ')}, x), the first ones numbers",
        slopes=[slope],
        code={
            "numpy": f"{name}({given}, {{x}})",
            "math": "",
            "scipy": f"special.{name}({given}, {{x}})",
        },
        helpers={"numpy": texts.scipy(name, f"{shapes.replace(' ', ', ')}, x")},
        public=False,
        bounds=(0.0, 1.0),
        say=Say(stem=name[:5] + "{x}", short=name[:5]),
        test=Test(sympy=sympy, samples=samples, domain=[(0.1, top)]),
    )


_OF_GAMMA = "exp(xlogy(a - 1, x) - x - lgamma(a))"
gammainc = _incomplete(
    "gammainc",
    "a",
    _OF_GAMMA,
    "the share of gamma(a) that lies below x",
    "lowergamma(a, x)/gamma(a)",
    [{"a": 1}, {"a": 2.5}],
    4.0,
)
gammaincc = _incomplete(
    "gammaincc",
    "a",
    f"-{_OF_GAMMA}",
    "the share of gamma(a) that lies above x",
    "uppergamma(a, x)/gamma(a)",
    [{"a": 1}, {"a": 2.5}],
    4.0,
)
betainc = _incomplete(
    "betainc",
    "a b",
    "exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))",
    "the share of beta(a, b) that lies below x",
    "betainc_regularized(a, b, 0, x)",
    [{"a": 1, "b": 2}, {"a": 2.5, "b": 1.5}],
    0.9,
)
stdtr = _incomplete(
    "stdtr",
    "df",
    "exp(-0.5*(df + 1)*log1p(x**2/df) - 0.5*log(df) - betaln(0.5, 0.5*df))",
    "Student's distribution function",
    "1/2 + sign(x)/2*betainc_regularized(1/2, df/2, 0, x**2/(df + x**2))",
    [{"df": 1}, {"df": 4.5}],
    3.0,
)
