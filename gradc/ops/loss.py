"""Gates of statistics and learning, in forms that keep their digits in both tails.

>>> sigmoid.partials, sigmoid.literal["partials"]
(('out*sigmoid(-x)',), ('(1 - out)*out',))
"""

from __future__ import annotations

from gradc.ops import bounds
from gradc.ops.table import op

_ANY = [(-3.0, 3.0)]

# Below this neither exp(x) nor its reciprocal leaves the range in which floats have all their digits.
_EXP = 700.0
# sigmoid(abs(x)) and sigmoid(-abs(x)) over whole arrays: one exp, which cannot overflow, for both and for their product, the slope.
_UPPER = "1/(1 + exp(-abs(x)))"
_LOWER = f"exp(-abs(x))*({_UPPER})"

# What the forms for single numbers share: exp of a number below 0, and 1 over 1 + that.
_SIDES = {"e": "exp(where(x >= 0, -x, x))", "r": "1/(1 + e)"}

# fmt: off
sigmoid = op("sigmoid(x)", doc="1/(1 + exp(-x)), without overflow", bounds=lambda x: (0.0, 1.0), partials=["out*sigmoid(-x)"], slope_why="sigmoid(-{x}) is 1 - {out}, with all its digits", aliases=["logistic", "expit", "σ"],
             forms={"numpy": "sigmoid!sigmoid({x})", "math": "sigmoid!sigmoid({x})"},
             literal={"numpy": "mul|1/(1 + np.exp(-{x:mul}))", "math": "mul|1/(1 + math.exp(-{x:mul}))", "partials": ["(1 - out)*out"], "fast": "1/(1 + exp(-x))", "parts": {"out": "1/(1 + exp(-x))"}},
             parts={**_SIDES, "out": "where(x >= 0, r, e*r)", "dx": "e*r*r"},
             fast=f"where(x >= 0, {_UPPER}, {_LOWER})", mirrored=f"where(x >= 0, {_LOWER}, {_UPPER})",
             quick="exp(x)*(1/(1 + exp(x)))", quick_mirrored="1/(1 + exp(x))", below=_EXP,
             stem="sig{x}", sympy="1/(1 + exp(-x))", domain=_ANY, latex="\\sigma({x})",
             edges={"x=40": "dx=4.248354255291589e-18", "x=-1000": "out=0, dx=0", "x=1000": "out=1, dx=0"},
             why="1/(1 + exp(-u)) as sigmoid(u), which cannot overflow",
             symbol="σ", part="σ scales by {out}*(1 - {out})")
softplus = op("softplus(x)", quick="log1p(exp(x))", below=_EXP, parts={**_SIDES, "out": "where(x >= 0, x, 0) + log1p(e)", "dx": "where(x >= 0, r, e*r)"}, fast="maximum(x, 0) + log1p(exp(-abs(x)))", doc="log(1 + exp(x)), without overflow", bounds=lambda x: bounds.FROM_0, partials=["sigmoid(x)"], aliases=["log1pexp"],
              forms={"numpy": "np.logaddexp(0, {x})", "math": "softplus!softplus({x})"}, stem="sp{x}", short="softp", sympy="log(1 + exp(x))", domain=_ANY,
              edges={"x=1000": "out=1000, dx=1", "x=-1000": "out=0, dx=0"}, why="log(1 + exp(u)) as softplus(u), which cannot overflow")
# fmt: on
