"""Elementwise gates: arithmetic, powers, and the functions of one and two numbers.

>>> tanh.slopes, sin.slopes
(('tanh_slope(x)',), ('cos(x)',))
"""

from __future__ import annotations

import math
from math import inf

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dims
from gradc.ops.bounds import ANY, EXP, FROM_0, even, magnitude, product, quotient, rising
from gradc.ops.table import Fast, Kink, Literal, Say, Steep, Test, op, unary


def _leaf(dims: Dims) -> Shape:
    return ()


# Leaves: what a program is made of before any gate. Their attribute is the value or the name.
const = op("const()", doc="a number", shape=_leaf, public=False)
input_ = op("input()", doc="an input of the program", shape=_leaf, public=False)
adjoint = op("adjoint()", doc="the adjoint of a named gate, as a name", shape=_leaf, public=False)
size = op("size()", doc="a product of named dimensions, as a number", shape=_leaf, public=False)

# Powers up to this are products: each of the few roundings on the way is doubled by every later
# square.
LONGEST_CHAIN = 16


def _by_squaring(n: int) -> str:
    """x**n by products, where they keep the digits that a power has.

    >>> _by_squaring(5), _by_squaring(-2), _by_squaring(100)
    ('square(square(x))*x', '1/(square(x))', '')
    """
    if abs(n) > LONGEST_CHAIN or n == 0:
        return ""
    text = "x"
    for bit in bin(abs(n))[3:]:
        text = f"square({text})" + "*x" * int(bit)
    return text if n > 0 else f"1/({text})"


# Where slopes are finite, and what harms nobody elsewhere.
_POLE_AT_0 = Steep(outside=[(0.0, inf)], safe=[1.0], pole=True)
_ROOT = Steep(outside=[(0.0, inf)], safe=[1.0])
_ARC = Steep(outside=[(-1.0, 1.0)], safe=[0.0])
_RISES = Steep(outside=[(-inf, EXP)], safe=[1.0], pole=True)
_GROWS = Steep(outside=[(-EXP, EXP)], safe=[1.0], pole=True)

_POSITIVE = Test(domain=[(0.2, 4.0)])
_UNIT = Test(domain=[(-0.9, 0.9)])

# ---- arithmetic ----------------------------------------------------------------------------------

add = op(
    "add(x, y)",
    doc="sum; distributes the gradient to both",
    slopes=["1", "1"],
    code="{x} + {y}",
    commutes=True,
    bounds=lambda x, y: (x[0] + y[0], x[1] + y[1]),
    say=Say(symbol="+", part="+ distributes", latex="{x} + {y}", stem="{x}p{y}", short="total"),
    test=Test(sympy="x + y"),
)

sub = op(
    "sub(x, y)",
    doc="difference; the gradient goes to x, and negated to y",
    slopes=["1", "-1"],
    code="{x} - {y}",
    bounds=lambda x, y: (x[0] - y[1], x[1] - y[0]),
    aliases="subtract",
    say=Say(
        symbol="-",
        part="- distributes, negated to {y}",
        latex="{x} - {y}",
        stem="{x}m{y}",
        short="diff",
    ),
    test=Test(sympy="x - y"),
)

mul = op(
    "mul(x, y)",
    doc="product; each input gets the other times the gradient",
    slopes=["y", "x"],
    code="{x}*{y}",
    commutes=True,
    bounds=product,
    aliases="multiply",
    say=Say(symbol="*", part="× swaps", latex=r"{x} \cdot {y}", stem="{x}{y}", short="prod"),
    steep=Steep(safe=[1.0, 1.0], tame=True),
    test=Test(sympy="x*y"),
)

div = op(
    "div(x, y)",
    doc="quotient",
    slopes=["1/y", "-out/y"],
    code="{x}/{y}",
    bounds=quotient,
    needs="y != 0",
    aliases="divide true_divide",
    say=Say(
        symbol="/",
        part="÷ scales by 1/{y}, and by -{out}/{y}",
        latex=r"\frac{{{x}}}{{{y}}}",
        stem="{x}o{y}",
        short="quot",
        roles=["num", "den"],
    ),
    steep=Steep(outside=[None, (0.0, inf)], safe=[1.0, 1.0], pole=True),
    test=Test(sympy="x/y", domain=[(-3.0, 3.0), (0.5, 3.0)]),
)

inv = op(
    "reciprocal(x)",
    doc="one over x",
    slopes=["-out**2"],
    code="1/{x}",
    bounds=lambda x: quotient((1.0, 1.0), x),
    needs="x != 0",
    say=Say(symbol="1/x", latex=r"\frac{{1}}{{{x}}}", stem="inv{x}", short="inv"),
    steep=_POLE_AT_0,
    test=Test(sympy="1/x", domain=[(0.5, 3.0)]),
)

neg = op(
    "neg(x)",
    doc="minus x",
    slopes=["-1"],
    code="-{x}",
    bounds=lambda x: (-x[1], -x[0]),
    aliases="negative",
    say=Say(symbol="-x", part="- negates", latex="-{x}", stem="m{x}", short="neg"),
    test=Test(sympy="-x"),
)

# Its value is x, and what it hangs on stays as it is: neither mode has a rule for it (`gradc.derive.rules`).
stop_gradient = op(
    "stop_gradient(x)",
    doc="x, taken as a constant: no gradient goes back to what it is computed from",
    code="+{x}",
    bounds=lambda x: x,
    aliases="detach detach_",
    say=Say(symbol="x", part="no gradient goes back", latex="{x}", stem="{x}held", short="held"),
    test=Test(sympy="x"),
)

pow_ = op(
    "pow(x, y)",
    doc="x to the power y; dx is 0 at y = 0, and dy is 0 at x = 0",
    slopes=["y*x**(nonzero(y) - 1)", "out*log(nonzero(x))"],
    code={"numpy": "{x}**{y}", "math": "math.pow({x}, {y})"},
    needs="x > 0, or whole y",
    aliases="power float_power",
    say=Say(
        symbol="xʸ",
        part="power scales by {y}*{x}**({y} - 1), and by {out}*log({x})",
        latex="{{{x}}}^{{{y}}}",
        stem="{x}pow{y}",
        short="power",
    ),
    steep=Steep(outside=[(0.0, inf), None], safe=[1.0, 1.0], pole=True),
    test=Test(
        sympy="x**y",
        domain=[(0.2, 3.0), (-2.0, 3.0)],
        edges={
            "x=0, y=2": "out=0, dx=0, dy=0",
            "x=0, y=0": "out=1, dx=0",
            "x=-2, y=3": "out=-8, dx=12",
        },
    ),
)

ipow = op(
    "ipow(x; n=2)",
    doc="x to a constant whole power, right for every sign of x",
    slopes=["n*x**(n - 1)"],
    code="{x}**{n}",
    bounds=lambda x, n: FROM_0 if n % 2 == 0 or x[0] >= 0.0 else ANY,
    public=False,
    needs="x != 0 for n < 0",
    say=Say(symbol="x^{n}", latex="{{{x}}}^{{{n}}}", stem="{x}pow{n}", short="power"),
    steep=_POLE_AT_0,
    fast=Fast(value=_by_squaring),
    test=Test(sympy="x**n", domain=[(0.5, 2.0)]),
)

square = op(
    "square(x)",
    doc="x times x",
    slopes=["2*x"],
    code="{x}**2",
    bounds=even,
    say=Say(symbol="x²", latex="{{{x}}}^2", stem="{x}sqr", short="sqr"),
    steep=Steep(safe=[1.0], tame=True),
    test=Test(sympy="x**2", edges={"x=0": "dx=0"}),
)

# ---- functions of one number ---------------------------------------------------------------------

# fmt: off
#            name     slope                     out lies in            sentence
exp   = unary("exp",  "out",                    rising(math.exp),     "Euler's number to the x",
              say=Say(part="exp scales by its own value, {out}", latex="e^{{{x}}}"),
              steep=_RISES)
expm1 = unary("expm1","exp(x)",                 rising(math.expm1),   "exp(x) - 1, precise near 0",
              say=Say(short="expm", why="exp(u) - 1 as expm1(u), which keeps its digits near 0"),
              steep=_RISES,
              test=Test(sympy="exp(x) - 1"))
log   = unary("log",  "1/x",                    rising(math.log, 0),  "natural logarithm",
              aliases="ln",
              needs="x > 0",
              say=Say(latex=r"\log {x}"),
              steep=_POLE_AT_0,
              test=_POSITIVE)
log1p = unary("log1p","1/(1 + x)",              rising(math.log1p, -1),"log(1 + x), precise near 0",
              needs="x > -1",
              say=Say(short="logp", why="log(1 + u) as log1p(u), which keeps its digits near 0"),
              steep=Steep(outside=[(-1.0, inf)], safe=[1.0], pole=True),
              test=Test(sympy="log(1 + x)", domain=[(-0.7, 3.0)]))
log2  = unary("log2", "1/log(2)/x",             rising(math.log2, 0), "logarithm to base 2",
              needs="x > 0",
              say=Say(short="logb"),
              steep=_POLE_AT_0,
              test=Test(sympy="log(x)/log(2)", domain=[(0.2, 4.0)]))
log10 = unary("log10","0.4342944819032518/x",   rising(math.log10, 0),"logarithm to base 10",
              needs="x > 0",
              say=Say(short="logd"),
              steep=_POLE_AT_0,
              test=Test(sympy="log(x)/log(10)", domain=[(0.2, 4.0)]))
sqrt  = unary("sqrt", "0.5/out",                rising(math.sqrt, 0), "square root; steep at 0",
              needs="x >= 0",
              say=Say(symbol="√", latex=r"\sqrt{{{x}}}"),
              steep=_ROOT,
              test=_POSITIVE)
cbrt  = unary("cbrt", "1/(3*out**2)",           rising(math.cbrt),    "cube root of any number",
              steep=_ROOT,
              test=Test(sympy="sign(x)*Abs(x)**Rational(1, 3)", domain=[(0.2, 4.0)]))
sin   = unary("sin",  "cos(x)",                 (-1, 1),              "sine of radians",
              say=Say(latex=r"\sin {x}"))
cos   = unary("cos",  "-sin(x)",                (-1, 1),              "cosine of radians",
              say=Say(latex=r"\cos {x}"))
tan   = unary("tan",  "1 + out**2",             None,                 "tangent of radians",
              say=Say(latex=r"\tan {x}"),
              test=Test(domain=[(-1.2, 1.2)]))
asin  = unary("asin", "1/sqrt((1 - x)*(1 + x))",None,                 "arc sine; steep at -1, 1",
              code={"numpy": "np.arcsin({x})"},
              aliases="arcsin",
              needs="-1 <= x <= 1",
              steep=_ARC,
              test=_UNIT)
acos  = unary("acos", "-1/sqrt((1 - x)*(1 + x))", None,                "arc cosine; steep at -1, 1",
              code={"numpy": "np.arccos({x})"},
              aliases="arccos",
              needs="-1 <= x <= 1",
              steep=_ARC,
              test=_UNIT)
atan  = unary("atan", "(1/hypot(1, x))**2",     None,                 "arc tangent",
              code={"numpy": "np.arctan({x})"},
              literal=Literal(slopes=["1/(1 + x**2)"]),
              say=Say(slope="1/(1 + {x}**2), whose square could overflow"),
              aliases="arctan")
sinh  = unary("sinh", "cosh(x)",                None,                 "hyperbolic sine",
              steep=_GROWS)
cosh  = unary("cosh", "sinh(x)",                (1, inf),             "hyperbolic cosine",
              steep=_GROWS)
# fmt: on

abs_ = op(
    "abs(x)",
    doc="absolute value; the slope at 0 is 0",
    slopes=["sign(x)"],
    code={"math": "abs({x})"},
    bounds=magnitude,
    aliases="absolute fabs Abs",
    say=Say(symbol="|x|", latex="|{x}|", short="mag"),
    kink=Kink(tie="the slope at 0 is 0"),
    fast=Fast(parts={"dx": "where(x > 0, 1, where(x < 0, -1, x))"}),
    test=Test(sympy="Abs(x)", domain=[(0.2, 3.0)], edges={"x=0": "dx=0", "x=-2": "dx=-1"}),
)

_SIGN_MATH = '''
def sign(x):
    """-1.0, 0.0 or 1.0, and nan of nan."""
    return x if x == 0.0 or x != x else math.copysign(1.0, x)
'''

sign = op(
    "sign(x)",
    doc="-1, 0 or 1; its slope is 0 everywhere",
    slopes=["0"],
    code={"math": "sign({x})"},
    helpers={"math": _SIGN_MATH},
    aliases="sgn",
    say=Say(symbol="sgn", stem="sgn{x}"),
    fast=Fast(parts={"out": "where(x > 0, 1, where(x < 0, -1, x))"}),
    test=Test(sympy="sign(x)", domain=[(0.2, 3.0)], edges={"x=0": "out=0, dx=0"}),
)

atan2 = op(
    "atan2(y, x)",
    doc="angle of the point (x, y); both slopes at the origin are 0",
    slopes=[
        "x/nonzero(hypot(x, y))/nonzero(hypot(x, y))",
        "-y/nonzero(hypot(x, y))/nonzero(hypot(x, y))",
    ],
    code={"numpy": "np.arctan2({y}, {x})"},
    aliases="arctan2",
    say=Say(
        part="atan2 turns: {x} and -{y}, over the squared distance", stem="atan{y}{x}", short="atan"
    ),
    test=Test(
        domain=[(0.2, 3.0), (0.2, 3.0)],
        edges={"y=0, x=0": "dy=0, dx=0", "y=1e200, x=1e200": "dy=5e-201, dx=-5e-201"},
    ),
)

tanh = op(
    "tanh(x)",
    doc="hyperbolic tangent",
    slopes=["tanh_slope(x)"],
    literal=Literal(slopes=["1 - out**2"]),
    bounds=(-1.0, 1.0),
    say=Say(
        part="tanh scales by 1 - {out}**2",
        latex=r"\tanh {x}",
        slope="1 - {out}**2, with all its digits",
    ),
    fast=Fast(parts={"e": "exp(where(x >= 0, -2*x, 2*x))", "r": "1/(1 + e)", "dx": "4*e*r*r"}),
    test=Test(edges={"x=40": "dx=7.219405551381661e-35"}),
)

_TANH_SLOPE = '''
def tanh_slope(x):
    """1 - tanh(x)**2, written so that it keeps its digits in both tails."""
    e = np.exp(-2.0*np.abs(x))
    return 4.0*e/(1.0 + e)**2
'''
_TANH_SLOPE_MATH = '''
def tanh_slope(x):
    """1 - tanh(x)**2, written so that it keeps its digits in both tails."""
    e = math.exp(-2.0*abs(x))
    return 4.0*e/(1.0 + e)**2
'''

tanh_slope = op(
    "tanh_slope(x)",
    doc="1 - tanh(x)**2, to full precision in both tails",
    slopes=["-2*tanh(x)*out"],
    code="tanh_slope({x})",
    helpers={"numpy": _TANH_SLOPE, "math": _TANH_SLOPE_MATH},
    public=False,
    say=Say(stem="slope{x}", short="slope"),
    fast=Fast(value="exp(-2*abs(x))*square(2/(1 + exp(-2*abs(x))))"),
    test=Test(sympy="1/cosh(x)**2"),
)

hypot = op(
    "hypot(x, y)",
    doc="sqrt(x**2 + y**2), without overflow; both slopes at the origin are 0",
    slopes=["x/nonzero(out)", "y/nonzero(out)"],
    bounds=FROM_0,
    say=Say(
        part="hypot points along ({x}, {y})",
        stem="hyp{x}{y}",
        short="hyp",
        why="sqrt(a**2 + b**2), which could overflow",
    ),
    kink=Kink(tie="both slopes at the origin are 0"),
    test=Test(
        sympy="sqrt(x**2 + y**2)",
        domain=[(0.2, 3.0), (-3.0, 3.0)],
        edges={
            "x=0, y=0": "out=0, dx=0, dy=0",
            "x=1e200, y=1e200": "dx=0.7071067811865475, dy=0.7071067811865475",
        },
    ),
)

_ERF = '''
_ERF = np.array([math.erf(k/64) for k in range(-384, 385)])


def erf(x):
    """The error function: a table, and from its nearest point the Taylor series of exp(-s**2), integrated."""
    x = as_real(x)
    out = np.empty(x.shape)
    flat, into = np.clip(x.ravel(), -6.0, 6.0).astype(float), out.reshape(-1)  # erf(6) is 1.0
    for at in range(0, flat.size, 8192):  # slices that stay in cache
        u = flat[at:at + 8192]
        t = u*64.0 + 6755399441055744.0  # 1.5*2**52 rounds, and leaves the table's index in the low bits
        near = _ERF.take(t.view(np.int64) - (0x4338000000000000 - 384), mode="clip")
        t = (t - 6755399441055744.0)*0.015625
        d, m = u - t, (u + t)**2
        dd = d*d
        c = 1.0 + dd*((m - 2.0)*(1/24) + dd*((m - 12.0)*m + 12.0)*(1/1920))
        into[at:at + 8192] = near + c*np.exp(-0.25*m)*d*1.1283791670955126
    return out.astype(x.dtype, copy=False)[()]
'''

_BELL = '''
def bell(x):
    """exp(-x**2), which is 0 from 40 on: there the square stops, so that it cannot overflow."""
    return np.exp(-np.clip(x, -40.0, 40.0)**2)
'''
_BELL_MATH = '''
def bell(x):
    """exp(-x**2); a product of floats is inf where a power would raise."""
    return math.exp(-(x*x))
'''

bell = op(
    "bell(x)",
    doc="exp(-x**2), over the whole float range",
    slopes=["-2*x*out"],
    code="bell({x})",
    helpers={"numpy": _BELL, "math": _BELL_MATH},
    bounds=(0.0, 1.0),
    public=False,
    say=Say(stem="bell{x}", short="bell"),
    fast=Fast(value="exp(-square(minimum(abs(x), 40)))", parts={"out": "exp(-(x*x))"}),
    test=Test(sympy="exp(-x**2)", edges={"x=1e200": "out=0"}),
)

_NORMAL_PDF = '''
def normal_pdf(x):
    """exp(-x**2/2)/sqrt(2*pi), which is 0 from 40 on: there the square stops, so that it cannot overflow."""
    return np.exp(-0.5*np.clip(x, -40.0, 40.0)**2)/math.sqrt(2*math.pi)
'''
_NORMAL_PDF_MATH = '''
def normal_pdf(x):
    """exp(-x**2/2)/sqrt(2*pi); a product of floats is inf where a power would raise."""
    return math.exp(-0.5*(x*x))/math.sqrt(2*math.pi)
'''

normal_pdf = op(
    "normal_pdf(x)",
    doc="exp(-x**2/2)/sqrt(2*pi), over the whole float range",
    slopes=["-x*out"],
    code="normal_pdf({x})",
    helpers={"numpy": _NORMAL_PDF, "math": _NORMAL_PDF_MATH},
    bounds=(0.0, 0.4),
    public=False,
    say=Say(stem="pdf{x}", short="pdf"),
    fast=Fast(
        value="0.3989422804014327*exp(-0.5*square(minimum(abs(x), 40)))",
        parts={"out": "0.3989422804014327*exp(-0.5*(x*x))"},
    ),
    test=Test(sympy="exp(-x**2/2)/sqrt(2*pi)", edges={"x=1e200": "out=0"}),
)

erf = op(
    "erf(x)",
    doc="error function",
    slopes=["2/sqrt(pi)*bell(x)"],
    literal=Literal(slopes=["2/sqrt(pi)*exp(-x**2)"]),
    code={"numpy": "erf({x})", "scipy": "special.erf({x})"},
    helpers={"numpy": _ERF},
    bounds=(-1.0, 1.0),
    say=Say(slope="bell(u) is exp(-u**2)"),
    fast=Fast(into="erf_into", temps=4),
)

_ERFC = '''
_AT = np.arange(-1536, 6977)/256
_ERFC = np.array([math.erfc(k) for k in _AT.tolist()])
_SLOPE = np.array([1.1283791670955126*math.exp(-k*k) for k in _AT.tolist()])


def erfc(x):
    """1 - erf(x), to full precision for large x: a table, and the Taylor series from its nearest point, integrated."""
    x = as_real(x)
    out = np.empty(x.shape)
    flat, into = np.clip(x.ravel(), -6.0, 27.25).astype(float), out.reshape(-1)
    for at in range(0, flat.size, 8192):  # slices that stay in cache
        u = flat[at:at + 8192]
        t = u*256.0 + 6755399441055744.0  # 1.5*2**52 rounds, and leaves the table's index in the low bits
        i = t.view(np.int64) - (0x4338000000000000 - 1536)
        t = (t - 6755399441055744.0)*0.00390625
        d, m = u - t, (u + t)**2
        dd = d*d
        c = (m - 12.0)*m + 12.0 + dd*((m - 30.0)*m + 180.0)*m*(1/168)
        c = 1.0 + dd*(1/24)*(m - 2.0 + dd*(1/80)*c)
        into[at:at + 8192] = _ERFC.take(i, mode="clip") - c*np.exp((t + 0.25*d)*-d)*d*_SLOPE.take(i, mode="clip")
    return out.astype(x.dtype, copy=False)[()]
'''

erfc = op(
    "erfc(x)",
    doc="1 - erf(x), to full precision for large x",
    slopes=["-2/sqrt(pi)*bell(x)"],
    literal=Literal(slopes=["-2/sqrt(pi)*exp(-x**2)"]),
    code={"numpy": "erfc({x})", "scipy": "special.erfc({x})"},
    helpers={"numpy": _ERFC},
    bounds=(0.0, 2.0),
    say=Say(why="1 - erf(u) as erfc(u), which keeps its digits", slope="bell(u) is exp(-u**2)"),
    fast=Fast(into="erfc_into", temps=5),
    test=Test(edges={"x=10": "out=2.088487583762545e-45"}),
)
