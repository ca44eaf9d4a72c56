"""Gates that route: maxima, branches, comparisons and their logic.

>>> relu.slopes, where.vjps
(('x > 0',), ('', 'where(c, dout, 0.0)', 'where(c, 0.0, dout)'))
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dims
from gradc.ops import bounds
from gradc.ops.table import Fast, Kink, Say, Test, op


def _of_the_condition(dims: Dims, c: Shape, x: Shape, **numbers: Any) -> Shape:
    return c


_APART = [(0.2, 1.4), (1.6, 3.0)]

maximum = op(
    "maximum(x, y)",
    doc="routes the whole gradient to the larger input; ties go to x",
    slopes=["x >= y", "x < y"],
    code={"math": "{x} if {x} >= {y} or {x} != {x} else {y}"},
    bounds=lambda x, y: (max(x[0], y[0]), max(x[1], y[1])),
    aliases="Max",
    say=Say(symbol="max", part="max routes to {to}", stem="max{x}{y}", short="larger"),
    kink=Kink(selects=True, tie="at a tie the gradient goes to {x}"),
    test=Test(
        sympy="Max(x, y)",
        domain=_APART,
        edges={"x=1, y=1": "dx=1, dy=0", "x=2, y=1": "dx=1, dy=0", "x=1, y=2": "dx=0, dy=1"},
    ),
)
minimum = op(
    "minimum(x, y)",
    doc="routes the whole gradient to the smaller input; ties go to x",
    slopes=["x <= y", "x > y"],
    code={"math": "{x} if {x} <= {y} or {x} != {x} else {y}"},
    bounds=lambda x, y: (min(x[0], y[0]), min(x[1], y[1])),
    aliases="Min",
    say=Say(symbol="min", part="min routes to {to}", stem="min{x}{y}", short="smaller"),
    kink=Kink(selects=True, tie="at a tie the gradient goes to {x}"),
    test=Test(
        sympy="Min(x, y)",
        domain=_APART,
        edges={"x=1, y=1": "dx=1, dy=0", "x=2, y=1": "dx=0, dy=1", "x=1, y=2": "dx=1, dy=0"},
    ),
)
relu = op(
    "relu(x)",
    doc="max(0, x); the slope at 0 is 0",
    slopes=["x > 0"],
    code={"numpy": "np.maximum(0, {x})", "math": "0.0 if {x} <= 0.0 else {x}"},
    bounds=lambda x: (max(x[0], 0.0), max(x[1], 0.0)),
    say=Say(part="relu lets through where {x} > 0"),
    kink=Kink(selects=True, tie="the slope at 0 is 0"),
    fast=Fast(value="maximum(x, 0)"),
    test=Test(
        sympy="Max(0, x)",
        domain=[(0.2, 3.0)],
        edges={"x=0": "out=0, dx=0", "x=-1": "out=0, dx=0", "x=2": "dx=1"},
    ),
)
where = op(
    "where(c, x, y)",
    doc="x where the condition holds, else y; the branch not taken gets nothing",
    vjps=["", "where(c, dout, 0.0)", "where(c, 0.0, dout)"],
    jvp="where(c, x_dot, y_dot)",
    code={"math": "{x} if {c} else {y}"},
    bounds=lambda c, x, y: bounds.union(x, y),
    say=Say(
        part="where routes to {to}",
        latex=r"\begin{{cases}} {x} & {c} \\ {y} & \text{{otherwise}} \end{{cases}}",
        stem="sel{x}{y}",
        short="sel",
    ),
    kink=Kink(selects=True),
    test=Test(sympy="Piecewise((x, c), (y, True))", domain=[(0.2, 3.0), (-3.0, 3.0), (-3.0, 3.0)]),
)
nonzero = op(
    "nonzero(x)",
    doc="x, or 1 where x is 0: a denominator that is safe",
    slopes=["x != 0"],
    code={"numpy": "np.where({x} == 0, 1, {x})", "math": "({x} or 1.0)"},
    public=False,
    say=Say(symbol="≠0", part="passes on", stem="safe{x}", short="safe"),
    fast=Fast(value="where(x == 0, 1, x)"),
    test=Test(sympy="x", domain=[(0.2, 3.0)], edges={"x=0": "out=1, dx=0"}),
)
indicator = op(
    "indicator(c, x; a=1, b=0)",
    doc="one number where the condition holds, else another, in the precision of x",
    slopes=["0", "0"],
    code={
        "numpy": "np.where({c}, {a}, {b}).astype({x}.dtype)",
        "numpy_plain": "({c}).astype({x}.dtype)",
        "math": "{a} if {c} else {b}",
        "math_plain": "1.0 if {c} else 0.0",
    },
    shape=_of_the_condition,
    pointwise=True,
    public=False,
    say=Say(symbol="0/1", stem="is{c}", short="is"),
    fast=Fast(value="where(c, a, b)", parts={"out": "where(c, a, b)"}),
    test=Test(sympy="Piecewise((a, c), (b, True))"),
)
gt = op(
    "greater(x, y)",
    doc="whether x > y; 1.0 or 0.0 where a number is wanted",
    code="{x} > {y}",
    boolean=True,
    say=Say(symbol=">", latex="{x} > {y}", stem="{x}gt{y}", short="gt"),
    test=Test(sympy="x > y", domain=_APART),
)
ge = op(
    "greater_equal(x, y)",
    doc="whether x >= y",
    code="{x} >= {y}",
    boolean=True,
    say=Say(symbol="≥", latex=r"{x} \ge {y}", stem="{x}ge{y}", short="ge"),
    test=Test(sympy="x >= y", domain=_APART),
)
lt = op(
    "less(x, y)",
    doc="whether x < y",
    code="{x} < {y}",
    boolean=True,
    say=Say(symbol="<", latex="{x} < {y}", stem="{x}lt{y}", short="lt"),
    test=Test(sympy="x < y", domain=_APART),
)
le = op(
    "less_equal(x, y)",
    doc="whether x <= y",
    code="{x} <= {y}",
    boolean=True,
    say=Say(symbol="≤", latex=r"{x} \le {y}", stem="{x}le{y}", short="le"),
    test=Test(sympy="x <= y", domain=_APART),
)
eq = op(
    "equal(x, y)",
    doc="whether x == y",
    code="{x} == {y}",
    boolean=True,
    say=Say(symbol="=", latex="{x} = {y}", stem="{x}eq{y}", short="eq"),
    test=Test(sympy="Eq(x, y)", domain=_APART),
)
ne = op(
    "not_equal(x, y)",
    doc="whether x != y",
    code="{x} != {y}",
    boolean=True,
    say=Say(symbol="≠", latex=r"{x} \ne {y}", stem="{x}ne{y}", short="ne"),
    test=Test(sympy="Ne(x, y)", domain=_APART),
)
all_of = op(
    "logical_and(c, d)",
    doc="whether both conditions hold",
    code={"numpy": "np.logical_and({c}, {d})", "math": "{c} and {d}"},
    boolean=True,
    say=Say(symbol="and", latex=r"{c} \land {d}", stem="{c}and{d}", short="both"),
    test=Test(sympy="And(c, d)", domain=_APART),
)
any_of = op(
    "logical_or(c, d)",
    doc="whether either condition holds",
    code={"numpy": "np.logical_or({c}, {d})", "math": "{c} or {d}"},
    boolean=True,
    say=Say(symbol="or", latex=r"{c} \lor {d}", stem="{c}or{d}", short="either"),
    test=Test(sympy="Or(c, d)", domain=_APART),
)
not_ = op(
    "logical_not(c)",
    doc="whether the condition fails",
    code={"numpy": "np.logical_not({c})", "math": "not {c}"},
    boolean=True,
    say=Say(symbol="not", latex=r"\lnot {c}", stem="not{c}", short="not"),
    test=Test(sympy="Not(c)"),
)
clip = op(
    "clip(x, lo, hi)",
    doc="x held between lo and hi; at a bound the gradient goes to x",
    lower="minimum(maximum(x, lo), hi)",
    needs="lo <= hi",
    aliases="clamp",
    test=Test(domain=[(-3.0, 3.0), (-2.0, -1.0), (1.0, 2.0)]),
)
heaviside = op(
    "heaviside(x, y)",
    doc="0 below 0, y at 0, 1 above; nan of nan",
    lower="where(x > 0, 1, where(x < 0, 0, where(x == 0, y, 0*x)))",
    aliases="Heaviside",
)
