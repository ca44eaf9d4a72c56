"""Gates of statistics and learning, in forms that keep their digits in both tails.

>>> sigmoid.slopes, sigmoid.literal.slopes
(('out*sigmoid(-x)',), ('(1 - out)*out',))
"""

from __future__ import annotations

from gradc.ops import bounds
from gradc.ops.table import Fast, Literal, Quick, Say, Test, op

# Below this neither exp(x) nor its reciprocal leaves the range of floats with all their digits.
_EXP = 700.0
# sigmoid(abs(x)) and sigmoid(-abs(x)) over whole arrays: one exp, which cannot overflow, for both
# and for their product, the slope.
_UPPER = "1/(1 + exp(-abs(x)))"
_LOWER = f"exp(-abs(x))*({_UPPER})"

# What the forms for single numbers share: exp of a number below 0, and 1 over 1 + that.
_SIDES = {"e": "exp(where(x >= 0, -x, x))", "r": "1/(1 + e)"}

_SIGMOID = '''
def sigmoid(x):
    """1/(1 + exp(-x)), with exp of numbers below 0 only, so that it cannot overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e)/(1.0 + e)
'''
_SIGMOID_MATH = '''
def sigmoid(x):
    """1/(1 + exp(-x)), with exp of numbers below 0 only, so that it cannot overflow."""
    if x >= 0.0:
        return 1.0/(1.0 + math.exp(-x))
    e = math.exp(x)
    return e/(1.0 + e)
'''

sigmoid = op(
    "sigmoid(x)",
    doc="1/(1 + exp(-x)), without overflow",
    slopes=["out*sigmoid(-x)"],
    literal=Literal(value="1/(1 + exp(-x))", slopes=["(1 - out)*out"]),
    code={"numpy": "sigmoid({x})", "math": "sigmoid({x})", "scipy": "special.expit({x})"},
    helpers={"numpy": _SIGMOID, "math": _SIGMOID_MATH},
    bounds=lambda x: (0.0, 1.0),
    aliases="logistic expit σ",
    say=Say(
        symbol="σ",
        part="σ scales by {out}*(1 - {out})",
        latex=r"\sigma({x})",
        stem="sig{x}",
        why="1/(1 + exp(-u)) as sigmoid(u), which cannot overflow",
        slope="sigmoid(-{x}) is 1 - {out}, with all its digits",
    ),
    fast=Fast(
        value=f"where(x >= 0, {_UPPER}, {_LOWER})",
        mirrored=f"where(x >= 0, {_LOWER}, {_UPPER})",
        quick=Quick(value="exp(x)*(1/(1 + exp(x)))", mirrored="1/(1 + exp(x))", below=_EXP),
        parts={**_SIDES, "out": "where(x >= 0, r, e*r)", "dx": "e*r*r"},
    ),
    test=Test(
        sympy="1/(1 + exp(-x))",
        edges={
            "x=40": "dx=4.248354255291589e-18",
            "x=-1000": "out=0, dx=0",
            "x=1000": "out=1, dx=0",
        },
    ),
)
_SOFTPLUS_MATH = '''
def softplus(x):
    """log(1 + exp(x)), with exp of numbers below 0 only, so that it cannot overflow."""
    return (x if x > 0.0 else 0.0) + math.log1p(math.exp(-abs(x)))
'''

softplus = op(
    "softplus(x)",
    doc="log(1 + exp(x)), without overflow",
    slopes=["sigmoid(x)"],
    code={"numpy": "np.logaddexp(0, {x})", "math": "softplus({x})"},
    helpers={"math": _SOFTPLUS_MATH},
    bounds=lambda x: bounds.FROM_0,
    aliases="log1pexp",
    say=Say(
        stem="sp{x}", short="softp", why="log(1 + exp(u)) as softplus(u), which cannot overflow"
    ),
    fast=Fast(
        value="maximum(x, 0) + log1p(exp(-abs(x)))",
        quick=Quick(value="log1p(exp(x))", below=_EXP),
        parts={**_SIDES, "out": "where(x >= 0, x, 0) + log1p(e)", "dx": "where(x >= 0, r, e*r)"},
    ),
    test=Test(
        sympy="log(1 + exp(x))", edges={"x=1000": "out=1000, dx=1", "x=-1000": "out=0, dx=0"}
    ),
)
