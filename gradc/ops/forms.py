"""Gates that written-out forms are read as: logarithms of sums of exponentials, and roots.

>>> log1mexp.slopes, root.slopes
(('exp(x)/expm1(x)',), ('0.5/nonzero(out)',))
"""

from __future__ import annotations

import math
from math import inf

from gradc.ops import bounds
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
complement = unary(
    "complement",
    "-x/out",
    (0.0, 1.0),
    "sqrt(1 - x**2), with all digits near 1",
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

root = unary(
    "root",
    "0.5/nonzero(out)",
    bounds.rising(math.sqrt, 0.0),
    "square root of a sum of squares; its slope at 0 is 0, as that of any norm",
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
