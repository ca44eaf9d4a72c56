"""Elementwise gates: arithmetic, powers, and the functions of one and two numbers.

>>> tanh.partials, sin.partials
(('tanh_slope(x)',), ('cos(x)',))
"""

from __future__ import annotations

import math
from math import inf

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dims
from gradc.ops import bounds
from gradc.ops.table import op


def _leaf(dims: Dims) -> Shape:
    return ()


# Leaves: what a program is made of before any gate. Their attribute is the value or the name.
const = op("const()", doc="a number", shape=_leaf, public=False)
input_ = op("input()", doc="an input of the program", shape=_leaf, public=False)
adjoint = op("adjoint()", doc="the adjoint of a named gate, as a name", shape=_leaf, public=False)
size = op("size()", doc="a product of named dimensions, as a number", shape=_leaf, public=False)

# Powers up to this are products: each of the few roundings on the way is doubled by every later square.
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


_ANY = [(-3.0, 3.0)]
_POSITIVE = [(0.2, 4.0)]
_UNIT = [(-0.9, 0.9)]


def _same(text: str) -> dict[str, str]:
    """One form for every target."""
    return {"numpy": text, "math": text}


# fmt: off
add = op("add(x, y)", ufunc="add", doc="sum; distributes the gradient to both", bounds=lambda x, y: (x[0] + y[0], x[1] + y[1]), partials=["1", "1"], commutes=True,
         forms=_same("add|{x:add} + {y:mul}"), stem="{x}p{y}", short="total", sympy="x + y", latex="{x} + {y}", domain=_ANY*2,
         symbol="+", part="+ distributes")
sub = op("sub(x, y)", ufunc="subtract", doc="difference; the gradient goes to x, and negated to y", bounds=lambda x, y: (x[0] - y[1], x[1] - y[0]), partials=["1", "-1"], aliases=["subtract"],
         forms=_same("add|{x:add} - {y:mul}"), stem="{x}m{y}", short="diff", sympy="x - y", latex="{x} - {y}", domain=_ANY*2,
         symbol="-", part="- distributes, negated to {y}")
mul = op("mul(x, y)", ufunc="multiply", doc="product; each input gets the other times the gradient", bounds=bounds.product, partials=["y", "x"], aliases=["multiply"], commutes=True,
         forms=_same("mul|{x:mul}*{y:unary}"), stem="{x}{y}", short="prod", sympy="x*y", latex="{x} \\cdot {y}", domain=_ANY*2, safe=[1.0, 1.0], tame=True,
         symbol="*", part="× swaps")
div = op("div(x, y)", ufunc="divide", doc="quotient", bounds=bounds.quotient, smooth=[None, (0.0, inf)], pole=True, partials=["1/y", "-out/y"], aliases=["divide", "true_divide"], roles=["num", "den"],
         forms=_same("mul|{x:mul}/{y:unary}"), stem="{x}o{y}", short="quot", sympy="x/y", latex="\\frac{{{x}}}{{{y}}}",
         domain=[(-3.0, 3.0), (0.5, 3.0)], safe=[1.0, 1.0],
         symbol="/", part="÷ scales by 1/{y}, and by -{out}/{y}", needs="y != 0")
inv = op("reciprocal(x)", ufunc="reciprocal", doc="one over x", bounds=lambda x: bounds.quotient((1.0, 1.0), x), smooth=[(0.0, inf)], pole=True, partials=["-out**2"],
         forms=_same("mul|1/{x:unary}"), stem="inv{x}", short="inv", sympy="1/x", latex="\\frac{{1}}{{{x}}}",
         domain=[(0.5, 3.0)], safe=[1.0],
         symbol="1/x", needs="x != 0")
neg = op("neg(x)", ufunc="negative", doc="minus x", bounds=lambda x: (-x[1], -x[0]), partials=["-1"], aliases=["negative"],
         forms=_same("mul|-{x:mul}"), stem="m{x}", short="neg", sympy="-x", latex="-{x}", domain=_ANY,
         symbol="-x", part="- negates")
pow_ = op("pow(x, y)", ufunc="power", doc="x to the power y; dx is 0 at y = 0, and dy is 0 at x = 0", smooth=[(0.0, inf), None], pole=True,
          partials=["y*x**(nonzero(y) - 1)", "out*log(nonzero(x))"], aliases=["power", "float_power"],
          forms={"numpy": "pow|{x:atom}**{y:unary}", "math": "math.pow({x}, {y})"},
          stem="{x}pow{y}", short="power", sympy="x**y", latex="{{{x}}}^{{{y}}}", domain=[(0.2, 3.0), (-2.0, 3.0)], safe=[1.0, 1.0],
          edges={"x=0, y=2": "out=0, dx=0, dy=0", "x=0, y=0": "out=1, dx=0", "x=-2, y=3": "out=-8, dx=12"},
          symbol="xʸ", part="power scales by {y}*{x}**({y} - 1), and by {out}*log({x})", needs="x > 0, or whole y")
ipow = op("ipow(x; n=2)", fast=_by_squaring, doc="x to a constant whole power, right for every sign of x", bounds=lambda x, n: bounds.FROM_0 if n % 2 == 0 or x[0] >= 0.0 else bounds.ANY, smooth=[(0.0, inf)], pole=True, partials=["n*x**(n - 1)"],
          forms=_same("pow|{x:atom}**{n}"), stem="{x}pow{n}", short="power", sympy="x**n", domain=[(0.5, 2.0)], safe=[1.0], public=False,
          symbol="x^{n}", needs="x != 0 for n < 0", latex="{{{x}}}^{{{n}}}")
square = op("square(x)", ufunc="square", doc="x times x", bounds=bounds.even, partials=["2*x"],
            forms=_same("pow|{x:atom}**2"), stem="{x}sqr", short="sqr", sympy="x**2", latex="{{{x}}}^2", domain=_ANY, safe=[1.0], tame=True, edges={"x=0": "dx=0"},
            symbol="x²")

exp = op("exp(x)", doc="Euler's number to the power x", bounds=bounds.rising(math.exp), smooth=[(-inf, bounds.EXP)], pole=True, partials=["out"], stem="exp{x}", domain=_ANY, safe=[1.0], latex="e^{{{x}}}",
         part="exp scales by its own value, {out}")
expm1 = op("expm1(x)", doc="exp(x) - 1, to full precision near 0", bounds=bounds.rising(math.expm1), smooth=[(-inf, bounds.EXP)], pole=True, partials=["exp(x)"], stem="expm1{x}", short="expm", sympy="exp(x) - 1",
           domain=_ANY, safe=[1.0], why="exp(u) - 1 as expm1(u), which keeps its digits near 0")
log = op("log(x)", doc="natural logarithm", bounds=bounds.rising(math.log, 0.0), smooth=[(0.0, inf)], pole=True, partials=["1/x"], aliases=["ln"], stem="log{x}", domain=_POSITIVE, safe=[1.0], latex="\\log {x}",
         needs="x > 0")
log1p = op("log1p(x)", doc="log(1 + x), to full precision near 0", bounds=bounds.rising(math.log1p, -1.0), smooth=[(-1.0, inf)], pole=True, partials=["1/(1 + x)"], stem="log1p{x}", short="logp", sympy="log(1 + x)",
           domain=[(-0.7, 3.0)], safe=[1.0], why="log(1 + u) as log1p(u), which keeps its digits near 0",
           needs="x > -1")
log2 = op("log2(x)", doc="logarithm to base 2", bounds=bounds.rising(math.log2, 0.0), smooth=[(0.0, inf)], pole=True, partials=["1.4426950408889634/x"], stem="log2{x}", short="logb", sympy="log(x)/log(2)",
          domain=_POSITIVE, safe=[1.0],
          needs="x > 0")
log10 = op("log10(x)", doc="logarithm to base 10", bounds=bounds.rising(math.log10, 0.0), smooth=[(0.0, inf)], pole=True, partials=["0.4342944819032518/x"], stem="log10{x}", short="logd", sympy="log(x)/log(10)",
           domain=_POSITIVE, safe=[1.0],
           needs="x > 0")
sqrt = op("sqrt(x)", doc="square root; the slope at 0 is infinite", bounds=bounds.rising(math.sqrt, 0.0), smooth=[(0.0, inf)], partials=["0.5/out"], stem="sqrt{x}", domain=_POSITIVE, safe=[1.0],
          latex="\\sqrt{{{x}}}",
          symbol="√", needs="x >= 0")
cbrt = op("cbrt(x)", doc="cube root, of numbers of either sign", bounds=bounds.rising(math.cbrt), smooth=[(0.0, inf)], partials=["1/(3*out**2)"], stem="cbrt{x}", sympy="sign(x)*Abs(x)**Rational(1, 3)",
          forms={"math": "math.cbrt({x})"}, domain=_POSITIVE, safe=[1.0])
abs_ = op("abs(x)", ufunc="absolute", parts={"dx": "where(x > 0, 1, where(x < 0, -1, 0))"}, doc="absolute value; the slope at 0 is 0", bounds=bounds.magnitude, partials=["sign(x)"], tie="the slope at 0 is 0", aliases=["absolute", "fabs", "Abs"], forms={"math": "abs({x})"},
          stem="abs{x}", short="mag", sympy="Abs(x)", domain=[(0.2, 3.0)], edges={"x=0": "dx=0", "x=-2": "dx=-1"}, latex="|{x}|",
          symbol="|x|")
sign = op("sign(x)", parts={"out": "where(x > 0, 1, where(x < 0, -1, x))"}, doc="-1, 0 or 1; its slope is 0 everywhere", partials=["0"], aliases=["sgn"],
          forms={"math": "sign!sign({x})"}, stem="sgn{x}", sympy="sign(x)", domain=[(0.2, 3.0)], edges={"x=0": "out=0, dx=0"},
          symbol="sgn")

sin = op("sin(x)", doc="sine of radians", bounds=lambda x: (-1.0, 1.0), partials=["cos(x)"], stem="sin{x}", domain=_ANY, latex="\\sin {x}")
cos = op("cos(x)", doc="cosine of radians", bounds=lambda x: (-1.0, 1.0), partials=["-sin(x)"], stem="cos{x}", domain=_ANY, latex="\\cos {x}")
tan = op("tan(x)", doc="tangent of radians", partials=["1 + out**2"], stem="tan{x}", domain=[(-1.2, 1.2)], latex="\\tan {x}")
asin = op("asin(x)", doc="arc sine; the slope at -1 and 1 is infinite", smooth=[(-1.0, 1.0)], partials=["1/sqrt((1 - x)*(1 + x))"], aliases=["arcsin"],
          forms={"numpy": "np.arcsin({x})"}, stem="asin{x}", domain=_UNIT, safe=[0.0],
          needs="-1 <= x <= 1")
acos = op("acos(x)", doc="arc cosine; the slope at -1 and 1 is infinite", smooth=[(-1.0, 1.0)], partials=["-1/sqrt((1 - x)*(1 + x))"], aliases=["arccos"],
          forms={"numpy": "np.arccos({x})"}, stem="acos{x}", domain=_UNIT, safe=[0.0],
          needs="-1 <= x <= 1")
atan = op("atan(x)", doc="arc tangent", partials=["1/(1 + x**2)"], aliases=["arctan"], forms={"numpy": "np.arctan({x})"}, stem="atan{x}", domain=_ANY)
atan2 = op("atan2(y, x)", doc="angle of the point (x, y); both slopes at the origin are 0", aliases=["arctan2"],
           partials=["x/nonzero(hypot(x, y))/nonzero(hypot(x, y))", "-y/nonzero(hypot(x, y))/nonzero(hypot(x, y))"],
           forms={"numpy": "np.arctan2({y}, {x})"}, stem="atan{y}{x}", short="atan", domain=[(0.2, 3.0), (0.2, 3.0)],
           edges={"y=0, x=0": "dy=0, dx=0", "y=1e200, x=1e200": "dy=5e-201, dx=-5e-201"},
           part="atan2 turns: {x} and -{y}, over the squared distance")
sinh = op("sinh(x)", doc="hyperbolic sine", smooth=[(-bounds.EXP, bounds.EXP)], pole=True, partials=["cosh(x)"], stem="sinh{x}", domain=_ANY, safe=[1.0])
cosh = op("cosh(x)", doc="hyperbolic cosine", bounds=lambda x: (1.0, inf), smooth=[(-bounds.EXP, bounds.EXP)], pole=True, partials=["sinh(x)"], stem="cosh{x}", domain=_ANY, safe=[1.0])
tanh = op("tanh(x)", doc="hyperbolic tangent", bounds=lambda x: (-1.0, 1.0), partials=["tanh_slope(x)"], slope_why="1 - {out}**2, with all its digits", literal={"partials": ["1 - out**2"]}, parts={"e": "exp(where(x >= 0, -2*x, 2*x))", "r": "1/(1 + e)", "dx": "4*e*r*r"}, stem="tanh{x}", domain=_ANY,
          edges={"x=40": "dx=7.219405551381661e-35"}, latex="\\tanh {x}",
          part="tanh scales by 1 - {out}**2")
tanh_slope = op("tanh_slope(x)", fast="exp(-2*abs(x))*square(2/(1 + exp(-2*abs(x))))", doc="1 - tanh(x)**2, to full precision in both tails", partials=["-2*tanh(x)*out"],
                forms={"numpy": "tanh_slope!tanh_slope({x})", "math": "tanh_slope!tanh_slope({x})"}, stem="slope{x}", short="slope",
                sympy="1/cosh(x)**2", domain=_ANY, public=False)
hypot = op("hypot(x, y)", doc="sqrt(x**2 + y**2), without overflow; both slopes at the origin are 0", bounds=lambda x, y: bounds.FROM_0, partials=["x/nonzero(out)", "y/nonzero(out)"], tie="both slopes at the origin are 0",
           stem="hyp{x}{y}", short="hyp", sympy="sqrt(x**2 + y**2)", domain=[(0.2, 3.0), (-3.0, 3.0)], why="sqrt(a**2 + b**2), which could overflow",
           edges={"x=0, y=0": "out=0, dx=0, dy=0", "x=1e200, y=1e200": "dx=0.7071067811865475, dy=0.7071067811865475"},
           part="hypot points along ({x}, {y})")
erf = op("erf(x)", into="erf_into", temps=4, doc="error function", bounds=lambda x: (-1.0, 1.0), partials=["1.1283791670955126*exp(-x**2)"], forms={"numpy": "erf!erf({x})"}, stem="erf{x}", domain=_ANY)
erfc = op("erfc(x)", into="erfc_into", temps=5, doc="1 - erf(x), to full precision for large x", bounds=lambda x: (0.0, 2.0), partials=["-1.1283791670955126*exp(-x**2)"], forms={"numpy": "erfc!erfc({x})"},
          stem="erfc{x}", domain=_ANY, edges={"x=10": "out=2.088487583762545e-45"}, why="1 - erf(u) as erfc(u), which keeps its digits")
# fmt: on
