"""Gates that written-out forms are read as: logarithms of sums of exponentials, and roots.

>>> log1mexp.slopes, root.slopes
(('exp(x)/expm1(x)',), ('0.5/nonzero(out)',))
"""

from __future__ import annotations

import math
from math import inf

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dims
from gradc.ops import bounds
from gradc.ops.array_shapes import Axis, axes_of
from gradc.ops.table import Kink, Say, Steep, Test, op, unary

_LOG_2 = math.log(2.0)

_LOGADDEXP_MATH = '''
def logaddexp(x, y):
    """log(exp(x) + exp(y)), with exp of numbers below 0 only, so that it cannot overflow."""
    if x == y:
        return x + 0.6931471805599453
    return max(x, y) + math.log1p(math.exp(-abs(x - y)))
'''

logaddexp = op(
    "logaddexp(x, y)",
    doc="log(exp(x) + exp(y)), without overflow",
    slopes=["sigmoid(x - y)", "sigmoid(y - x)"],
    code={"math": "logaddexp({x}, {y})"},
    helpers={"math": _LOGADDEXP_MATH},
    bounds=lambda x, y: (max(x[0], y[0]), max(x[1], y[1]) + _LOG_2),
    commutes=True,
    say=Say(
        stem="lae{x}{y}",
        short="lae",
        why="log(exp(a) + exp(b)) as logaddexp(a, b), which cannot overflow",
        part="logaddexp shares by sigmoid({x} - {y})",
    ),
    test=Test(
        sympy="log(exp(x) + exp(y))",
        edges={"x=1000, y=1000": "out=1000.6931471805599, dx=0.5, dy=0.5"},
    ),
)

_LOGADDEXP_OF = '''
def logaddexp_of(x, y, v, w):
    """log(v*exp(x) + w*exp(y)), shifted by the larger exponent that has a weight, so that it cannot overflow."""
    top = np.maximum(np.where(v == 0, -np.inf, x), np.where(w == 0, -np.inf, y))
    top = np.where(np.isfinite(top), top, 0.0)
    total = v*np.exp(np.where(v == 0, 0.0, x - top)) + w*np.exp(np.where(w == 0, 0.0, y - top))
    return top + np.log(total)
'''
_LOGADDEXP_OF_MATH = '''
def logaddexp_of(x, y, v, w):
    """log(v*exp(x) + w*exp(y)), shifted by the larger exponent that has a weight, so that it cannot overflow."""
    if v == 0 or w == 0:
        return x + math.log(v) if w == 0 else y + math.log(w)
    top = max(x, y)
    return top + math.log(v*math.exp(x - top) + w*math.exp(y - top))
'''
_SHARE_OF = '''
def share_of(x, y, v, w):
    """exp(x)/(v*exp(x) + w*exp(y)), with exp of numbers below 0 only, so that it cannot overflow."""
    gap = np.exp(-np.abs(x - y))
    return np.where(x > y, 1.0, gap)/(v*np.where(x > y, 1.0, gap) + w*np.where(x > y, gap, 1.0))
'''
_SHARE_OF_MATH = '''
def share_of(x, y, v, w):
    """exp(x)/(v*exp(x) + w*exp(y)), with exp of numbers below 0 only, so that it cannot overflow."""
    gap = math.exp(-abs(x - y))
    return 1.0/(v + w*gap) if x > y else gap/(v*gap + w)
'''

# Weights of any sign: the logarithm of one by itself may not exist where that of the sum does.
logaddexp_of = op(
    "logaddexp_of(x, y, v, w)",
    doc="log(v*exp(x) + w*exp(y)), without overflow",
    slopes=[
        "v*share_of(x, y, v, w)",
        "w*share_of(y, x, w, v)",
        "share_of(x, y, v, w)",
        "share_of(y, x, w, v)",
    ],
    code="logaddexp_of({x}, {y}, {v}, {w})",
    helpers={"numpy": _LOGADDEXP_OF, "math": _LOGADDEXP_OF_MATH},
    public=False,
    needs="v*exp(x) + w*exp(y) > 0",
    say=Say(
        stem="lae{x}{y}",
        short="lae",
        why="log(v*exp(a) + w*exp(b)) by its larger exponent, which cannot overflow",
    ),
    steep=Steep(safe=[0.0, 0.0, 1.0, 1.0]),
    test=Test(
        sympy="log(v*exp(x) + w*exp(y))",
        domain=[(-2.0, 2.0), (-2.0, 2.0), (0.2, 2.0), (0.2, 2.0)],
        edges={
            "x=800, y=800, v=0.5, w=0.25": "out=799.7123179275482, dx=0.6666666666666666",
            "x=800, y=1, v=0.5, w=0.25": "out=799.3068528194401, dx=1, dy=0, dv=2, dw=0",
        },
    ),
)

share_of = op(
    "share_of(x, y, v, w)",
    doc="exp(x)/(v*exp(x) + w*exp(y)), without overflow",
    slopes=[
        "out*w*share_of(y, x, w, v)",
        "-out*w*share_of(y, x, w, v)",
        "-out**2",
        "-out*share_of(y, x, w, v)",
    ],
    code="share_of({x}, {y}, {v}, {w})",
    helpers={"numpy": _SHARE_OF, "math": _SHARE_OF_MATH},
    public=False,
    say=Say(stem="share{x}", short="share"),
    test=Test(
        sympy="exp(x)/(v*exp(x) + w*exp(y))",
        domain=[(-2.0, 2.0), (-2.0, 2.0), (0.2, 2.0), (0.2, 2.0)],
    ),
)

_LOG1MEXP = '''
def log1mexp(x):
    """log(1 - exp(x)) for x below 0: by expm1 near 0, by log1p far from it, so that no digit is lost."""
    near = np.log(-np.expm1(np.maximum(x, -1.0)))
    return np.where(x > -0.6931471805599453, near, np.log1p(-np.exp(np.minimum(x, -0.5))))
'''
_LOG1MEXP_MATH = '''
def log1mexp(x):
    """log(1 - exp(x)) for x below 0: by expm1 near 0, by log1p far from it, so that no digit is lost."""
    return math.log(-math.expm1(x)) if x > -0.6931471805599453 else math.log1p(-math.exp(x))
'''

log1mexp = op(
    "log1mexp(x)",
    doc="log(1 - exp(x)), with all digits on both sides of -log(2)",
    slopes=["exp(x)/expm1(x)"],
    code="log1mexp({x})",
    helpers={"numpy": _LOG1MEXP, "math": _LOG1MEXP_MATH},
    bounds=lambda x: (-inf, 0.0),
    needs="x < 0",
    say=Say(
        stem="lme{x}", short="lme", why="log(1 - exp(u)) as log1mexp(u), which keeps its digits"
    ),
    steep=Steep(outside=[(-inf, 0.0)], safe=[-1.0], pole=True),
    test=Test(
        sympy="log(1 - exp(x))",
        domain=[(-3.0, -0.1)],
        edges={"x=-40": "out=-4.248354255291589e-18, dx=-4.248354255291589e-18"},
    ),
)

_LOGCOSH = '''
def logcosh(x):
    """log(cosh(x)): by log1p of cosh(x) - 1 near 0, which keeps its digits, and without overflow elsewhere."""
    x = np.abs(x)
    near = np.log1p(2.0*np.sinh(0.5*np.minimum(x, 1.0))**2)
    return np.where(x < 1.0, near, x + np.log1p(np.exp(-2.0*x)) - 0.6931471805599453)
'''
_LOGCOSH_MATH = '''
def logcosh(x):
    """log(cosh(x)): by log1p of cosh(x) - 1 near 0, which keeps its digits, and without overflow elsewhere."""
    x = abs(x)
    if x < 1.0:
        return math.log1p(2.0*math.sinh(0.5*x)**2)
    return x + math.log1p(math.exp(-2.0*x)) - 0.6931471805599453
'''

logcosh = unary(
    "logcosh",
    "tanh(x)",
    bounds.FROM_0,
    "log(cosh(x)), without overflow, and with all digits near 0",
    code="logcosh({x})",
    helpers={"numpy": _LOGCOSH, "math": _LOGCOSH_MATH},
    say=Say(short="lcosh", why="log(cosh(u)) as logcosh(u), which cannot overflow"),
    test=Test(
        sympy="log(cosh(x))",
        edges={"x=1e-8": "out=5e-17, dx=1e-8", "x=1000": "out=999.3068528194401, dx=1"},
    ),
)

asinh = unary(
    "asinh",
    "1/hypot(1, x)",
    None,
    "inverse of sinh",
    code={"numpy": "np.arcsinh({x})"},
    aliases="arcsinh",
    say=Say(why="log(u + sqrt(u**2 + 1)) as asinh(u), which keeps its digits"),
)

# The textbook's form of what lies opposite x on the unit circle has lost its digits near 1.
complement = op(
    "complement(x)",
    doc="sqrt(1 - x**2), with all digits near 1",
    slopes=["-x/out"],
    bounds=(0.0, 1.0),
    public=False,
    code={
        "numpy": "np.sqrt((1 - {x})*(1 + {x}))",
        "math": "math.sqrt((1 - {x})*(1 + {x}))",
    },
    needs="-1 <= x <= 1",
    say=Say(
        stem="sqrt",
        short="sqrt",
        why="sqrt(1 - u**2) as sqrt((1 - u)*(1 + u)), which keeps its digits",
    ),
    steep=Steep(outside=[(-1.0, 1.0)], safe=[0.0]),
    test=Test(sympy="sqrt(1 - x**2)", domain=[(-0.9, 0.9)]),
)

_LOGSUMEXP_OF = '''
def logsumexp_of(x, w, axis=None, keepdims=False):
    """log(sum(w*exp(x))) for weights of at least 0, shifted by the largest exponent that has one."""
    x, w = np.broadcast_arrays(x, np.where(w < 0, np.nan, w))
    top = np.max(np.where(w == 0, -np.inf, x), axis=axis, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0.0)
    total = np.sum(w*np.exp(np.where(w == 0, 0.0, x - shift)), axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):
        out = shift + np.log(total)
    return out if keepdims else np.squeeze(out, axis=axis)[()]
'''


def _of_both(dims: Dims, x: Shape, w: Shape, axis: Axis = None, keepdims: bool = False) -> Shape:
    full = dims.broadcast(x, w)
    gone = axes_of(axis, len(full))
    if keepdims:
        return tuple(1 if i in gone else dim for i, dim in enumerate(full))
    return tuple(dim for i, dim in enumerate(full) if i not in gone)


def _weighted_vjp(
    ranks: tuple[int, ...], shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False
) -> list[str]:
    whole = keepdims or axis is None
    dout, out = (
        ("dout", "out") if whole else (f"expand({each}, axis=axis)" for each in ("dout", "out"))
    )
    return [f"{dout}*w*exp(where(w == 0, 0.0, x - {out}))", f"{dout}*exp(x - {out})"]


_KEPT = "logsumexp_of(x, w, axis=axis, keepdims=True)"
# Of log(w) + x the slope by w would be 0 times infinity at w = 0, where that of the sum is finite.
logsumexp_of = op(
    "logsumexp_of(x, w; axis=None, keepdims=False)",
    doc="log(sum(w*exp(x))), without overflow, for weights of at least 0",
    vjps=_weighted_vjp,
    jvp=f"sum(w*exp(where(w == 0, 0.0, x - {_KEPT}))*x_dot + exp(x - {_KEPT})*w_dot, "
    "axis=axis, keepdims=keepdims)",
    code="logsumexp_of({x}, {w}{*statics})",
    helpers={"numpy": _LOGSUMEXP_OF},
    shape=_of_both,
    public=False,
    say=Say(
        stem="lse{x}",
        short="lse",
        why="logsumexp(log(w) + v) by its weights, whose slopes at 0 are finite",
    ),
    test=Test(
        sympy="log(sum(w*exp(x), axis, keepdims))",
        domain=[(-3.0, 3.0), (0.2, 3.0)],
        samples=[
            {"axis": axis, "keepdims": keep} for axis in (None, 0, -1) for keep in (False, True)
        ],
    ),
)

root = op(
    "root(x)",
    doc="square root of a sum of squares; its slope at 0 is 0, as that of any norm",
    slopes=["0.5/nonzero(out)"],
    bounds=bounds.rising(math.sqrt, 0.0),
    public=False,
    code={"numpy": "np.sqrt({x})", "math": "math.sqrt({x})"},
    needs="x >= 0",
    say=Say(
        stem="sqrt{x}",
        latex=r"\sqrt{{{x}}}",
        symbol="√",
        why="the root of squares is a norm: its slope at 0 is 0",
    ),
    steep=Steep(safe=[1.0]),
    kink=Kink(tie="the slope at 0 is 0"),
    test=Test(sympy="sqrt(x)", domain=[(0.2, 4.0)]),
)

root_of = op(
    "root_of(x, y)",
    doc="x**y of a sum of powers that vanishes faster than the root rises; its slope at 0 is 0",
    slopes=["y*out/nonzero(x)", "out*log(nonzero(x))"],
    public=False,
    code={"numpy": "{x}**{y}", "math": "{x}**{y}"},
    needs="x >= 0",
    say=Say(
        stem="root{x}",
        latex=r"{x}^{{{y}}}",
        symbol="√",
        why="the root of a sum of powers is a norm: its slope at 0 is 0",
    ),
    steep=Steep(safe=[1.0, None]),
    kink=Kink(tie="the slope at 0 is 0"),
    test=Test(sympy="x**y", domain=[(0.2, 4.0), (0.3, 0.6)]),
)

_SECH = '''
def sech(x):
    """1/cosh(x), with exp of numbers below 0 only, so that it cannot overflow."""
    e = np.exp(-np.abs(x))
    return 2.0*e/(1.0 + e*e)
'''
_SECH_MATH = '''
def sech(x):
    """1/cosh(x), with exp of numbers below 0 only, so that it cannot overflow."""
    e = math.exp(-abs(x))
    return 2.0*e/(1.0 + e*e)
'''

sech = unary(
    "sech",
    "-out*tanh(x)",
    (0.0, 1.0),
    "1/cosh(x), without overflow",
    code="sech({x})",
    helpers={"numpy": _SECH, "math": _SECH_MATH},
    say=Say(why="1/cosh(u) as sech(u), which cannot overflow"),
    test=Test(sympy="1/cosh(x)", edges={"x=800": "out=0, dx=0"}),
)

_BY_EXPM1 = '''
def by_expm1(x):
    """1/(exp(x) - 1), with exp of numbers below 0 only, so that it cannot overflow."""
    return np.where(x > 0, -np.exp(-np.abs(x)), 1.0)/np.expm1(-np.abs(x))
'''
_BY_EXPM1_MATH = '''
def by_expm1(x):
    """1/(exp(x) - 1), with exp of numbers below 0 only, so that it cannot overflow."""
    return (-math.exp(-x) if x > 0 else 1.0)/math.expm1(-abs(x))
'''

by_expm1 = unary(
    "by_expm1",
    "out*by_expm1(-x)",
    None,
    "1/(exp(x) - 1), without overflow",
    code="by_expm1({x})",
    helpers={"numpy": _BY_EXPM1, "math": _BY_EXPM1_MATH},
    needs="x not 0",
    say=Say(
        stem="bose{x}",
        short="bose",
        why="1/(exp(u) - 1) by exp(-u), which cannot overflow",
    ),
    steep=Steep(outside=[(0.0, inf)], safe=[1.0], pole=True),
    test=Test(
        sympy="1/(exp(x) - 1)",
        domain=[(0.2, 3.0)],
        edges={"x=800": "out=0, dx=0", "x=-40": "out=-1, dx=-4.248354255291589e-18"},
    ),
)

# The textbook's slope of the quotient is a difference of two that nearly cancel, where x is large.
softsign = unary(
    "softsign",
    "(1/(1 + abs(x)))**2",
    (-1.0, 1.0),
    "x/(1 + abs(x))",
    code={"numpy": "{x}/(1 + np.abs({x}))", "math": "{x}/(1 + abs({x}))"},
    aliases="soft_sign",
    say=Say(
        stem="soft{x}",
        short="soft",
        why="x/(1 + abs(x)) as softsign(x), whose slope keeps its digits",
    ),
    kink=Kink(tie="the slope is 1 on both sides of 0"),
    test=Test(
        sympy="x/(1 + Abs(x))",
        edges={"x=1e8": "out=0.99999999000000011, dx=9.9999998000000033e-17", "x=0": "out=0, dx=1"},
    ),
)
