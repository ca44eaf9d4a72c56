"""Gates that route: maxima, branches, comparisons and their logic.

>>> relu.partials, where.vjps
(('x > 0',), ('', 'where(c, dout, 0.0)', 'where(c, 0.0, dout)'))
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dims
from gradc.ops import bounds
from gradc.ops.table import op


def _of_the_condition(dims: Dims, c: Shape, x: Shape, **numbers: Any) -> Shape:
    return c


def _compare(symbol: str) -> dict[str, str]:
    text = "compare|{x:add} " + symbol + " {y:add}"
    return {"numpy": text, "math": text}


_ANY = [(-3.0, 3.0)]
_APART = [(0.2, 1.4), (1.6, 3.0)]

# fmt: off
maximum = op("maximum(x, y)", doc="routes the whole gradient to the larger input; ties go to x", selects=True, bounds=lambda x, y: (max(x[0], y[0]), max(x[1], y[1])), partials=["x >= y", "x < y"], tie="at a tie the gradient goes to {x}",
             aliases=["Max", "fmax"], forms={"math": "cond|{x:or} if {x:add} >= {y:add} or {x:add} != {x:add} else {y:cond}"},
             stem="max{x}{y}", short="larger", sympy="Max(x, y)", domain=_APART, edges={"x=1, y=1": "dx=1, dy=0", "x=2, y=1": "dx=1, dy=0", "x=1, y=2": "dx=0, dy=1"},
             symbol="max", part="max routes to {to}")
minimum = op("minimum(x, y)", doc="routes the whole gradient to the smaller input; ties go to x", selects=True, bounds=lambda x, y: (min(x[0], y[0]), min(x[1], y[1])), partials=["x <= y", "x > y"], tie="at a tie the gradient goes to {x}",
             aliases=["Min", "fmin"], forms={"math": "cond|{x:or} if {x:add} <= {y:add} or {x:add} != {x:add} else {y:cond}"},
             stem="min{x}{y}", short="smaller", sympy="Min(x, y)", domain=_APART, edges={"x=1, y=1": "dx=1, dy=0", "x=2, y=1": "dx=0, dy=1", "x=1, y=2": "dx=1, dy=0"},
             symbol="min", part="min routes to {to}")
relu = op("relu(x)", fast="maximum(x, 0)", doc="max(0, x); the slope at 0 is 0", selects=True, bounds=lambda x: (max(x[0], 0.0), max(x[1], 0.0)), partials=["x > 0"], tie="the slope at 0 is 0",
          forms={"numpy": "np.maximum(0, {x})", "math": "cond|0.0 if {x:add} <= 0.0 else {x:cond}"},
          stem="relu{x}", sympy="Max(0, x)", domain=[(0.2, 3.0)], edges={"x=0": "out=0, dx=0", "x=-1": "out=0, dx=0", "x=2": "dx=1"},
          part="relu lets through where {x} > 0")
where = op("where(c, x, y)", doc="x where the condition holds, else y; the branch not taken gets nothing", selects=True, bounds=lambda c, x, y: bounds.union(x, y),
           vjps=["", "where(c, dout, 0.0)", "where(c, 0.0, dout)"], jvp="where(c, x_dot, y_dot)",
           forms={"math": "cond|{x:or} if {c:or} else {y:cond}"}, stem="sel{x}{y}", short="sel", sympy="Piecewise((x, c), (y, True))", domain=[(0.2, 3.0), *_ANY*2],
           part="where routes to {to}",
           latex="\\begin{{cases}} {x} & {c} \\\\ {y} & \\text{{otherwise}} \\end{{cases}}")
nonzero = op("nonzero(x)", fast="where(x == 0, 1, x)", doc="x, or 1 where x is 0: a denominator that is safe", partials=["x != 0"],
             forms={"numpy": "np.where({x:add} == 0, 1, {x})", "math": "or|({x:and} or 1.0)"}, stem="safe{x}", short="safe",
             sympy="x", domain=[(0.2, 3.0)], edges={"x=0": "out=1, dx=0"}, public=False,
             symbol="≠0", part="passes on")
indicator = op("indicator(c, x; a=1, b=0)", shape=_of_the_condition, pointwise=True, fast="where(c, a, b)", parts={"out": "where(c, a, b)"}, doc="one number where the condition holds, else another, in the precision of x", partials=["0", "0"],
               forms={"numpy": "np.where({c}, {a}, {b}).astype({x:atom}.dtype)", "numpy_plain": "({c}).astype({x:atom}.dtype)",
                      "math": "cond|{a} if {c:or} else {b}", "math_plain": "cond|1.0 if {c:or} else 0.0"},
               stem="is{c}", short="is", sympy="Piecewise((a, c), (b, True))", public=False, symbol="0/1")



gt = op("greater(x, y)", ufunc="greater", doc="whether x > y; 1.0 or 0.0 where a number is wanted", boolean=True, forms=_compare(">"), stem="{x}gt{y}", short="gt", sympy="x > y", domain=_APART,
        symbol=">", latex="{x} > {y}")
ge = op("greater_equal(x, y)", ufunc="greater_equal", doc="whether x >= y", boolean=True, forms=_compare(">="), stem="{x}ge{y}", short="ge", sympy="x >= y", domain=_APART,
        symbol="≥", latex="{x} \\ge {y}")
lt = op("less(x, y)", ufunc="less", doc="whether x < y", boolean=True, forms=_compare("<"), stem="{x}lt{y}", short="lt", sympy="x < y", domain=_APART,
        symbol="<", latex="{x} < {y}")
le = op("less_equal(x, y)", ufunc="less_equal", doc="whether x <= y", boolean=True, forms=_compare("<="), stem="{x}le{y}", short="le", sympy="x <= y", domain=_APART,
        symbol="≤", latex="{x} \\le {y}")
eq = op("equal(x, y)", ufunc="equal", doc="whether x == y", boolean=True, forms=_compare("=="), stem="{x}eq{y}", short="eq", sympy="Eq(x, y)", domain=_APART,
        symbol="=", latex="{x} = {y}")
ne = op("not_equal(x, y)", ufunc="not_equal", doc="whether x != y", boolean=True, forms=_compare("!="), stem="{x}ne{y}", short="ne", sympy="Ne(x, y)", domain=_APART,
        symbol="≠", latex="{x} \\ne {y}")
all_of = op("logical_and(c, d)", ufunc="logical_and", doc="whether both conditions hold", boolean=True,
            forms={"numpy": "np.logical_and({c}, {d})", "math": "and|{c:and} and {d:not}"}, stem="{c}and{d}", short="both", sympy="And(c, d)", domain=_APART,
            symbol="and", latex="{c} \\land {d}")
any_of = op("logical_or(c, d)", ufunc="logical_or", doc="whether either condition holds", boolean=True,
            forms={"numpy": "np.logical_or({c}, {d})", "math": "or|{c:or} or {d:and}"}, stem="{c}or{d}", short="either", sympy="Or(c, d)", domain=_APART,
            symbol="or", latex="{c} \\lor {d}")
not_ = op("logical_not(c)", ufunc="logical_not", doc="whether the condition fails", boolean=True,
          forms={"numpy": "np.logical_not({c})", "math": "not|not {c:not}"}, stem="not{c}", short="not", sympy="Not(c)", domain=_ANY,
          symbol="not", latex="\\lnot {c}")
clip = op("clip(x, lo, hi)", doc="x held between lo and hi; at a bound the gradient goes to x", lower="minimum(maximum(x, lo), hi)",
          aliases=["clamp"], domain=[(-3.0, 3.0), (-2.0, -1.0), (1.0, 2.0)],
          needs="lo <= hi")
heaviside = op("heaviside(x, y)", doc="0 below 0, y at 0, 1 above", lower="where(x > 0, 1, where(x < 0, 0, y))", aliases=["Heaviside"], domain=_ANY*2)
# fmt: on
