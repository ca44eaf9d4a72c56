"""Slopes that are differentiated again: what each gate sends back where that is not the end of it.

A slope as one writes it for a gradient need not be good for a second derivative. `out*sigmoid(-x)` has all its
digits, but its own slope by the product rule is a difference in which none are left near 0; `x/nonzero(out)`, a
norm's slope, is right at 0, where the slope of it is not. Where a slope is differentiated again it is a gate of its
own, in the table as all gates are, with a slope that keeps its digits:

>>> AGAIN[loss.sigmoid].partials, sigmoid_slope.partials
(('sigmoid_slope(x)',), ('-out*tanh(0.5*x)',))

Gates that only derivatives contain (`others`, `cofactor`, `spread` …) have the rules here that a first derivative does
not ask for. At kinks and branches second derivatives are 0, as first ones are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Any, NamedTuple

from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import multiple, total
from gradc.ops import array, loss, scalar
from gradc.ops.table import Op, op

Vjps = Sequence[str] | Callable[..., Sequence[str]]


class Again(NamedTuple):
    """A gate's rules where they are differentiated again.

    `edges` pins second derivatives, {"x=0": "xx=0"}; where `plain` holds the gate's own rules are as good.
    """

    partials: tuple[str, ...] = ()
    vjps: Vjps = ()
    jvp: str = ""
    plain: Callable[[Node], bool] | None = None
    edges: Mapping[str, str] = MappingProxyType({})


_ANY = [(-3.0, 3.0)]
_POSITIVE = [(0.2, 4.0)]
_UNIT = [(-0.9, 0.9)]

# ---- slopes of elementwise gates ---------------------------------------------------------------

sigmoid_slope = op(
    "sigmoid_slope(x)",
    doc="sigmoid(x)*sigmoid(-x), the slope of sigmoid",
    partials=["-out*tanh(0.5*x)"],
    parts={"e": "exp(where(x >= 0, -x, x))", "r": "1/(1 + e)", "out": "e*r*r"},
    fast="exp(-abs(x))*square(1/(1 + exp(-abs(x))))",
    forms={"numpy": "sigmoid_slope!sigmoid_slope({x})", "math": "sigmoid_slope!sigmoid_slope({x})"},
    stem="slope{x}",
    short="slope",
    sympy="1/(2*cosh(x/2))**2",
    domain=_ANY,
    public=False,
)
# The mixed second derivative of x**y, from either side; 0 at x = 0, where the slope by y is.
_MIXED = "where(x == 0, 0.0, nonzero(x)**(y - 1)*(1 + y*log(nonzero(x))))"
pow_slope = op(
    "pow_slope(x, y)",
    doc="y*x**(y - 1), the slope of a power; 0 at y = 0",
    partials=["y*(y - 1)*x**(where(y*(y - 1) == 0, 2, y) - 2)", _MIXED],
    forms={
        "numpy": "mul|{y:mul}*{x:atom}**(np.where({y:add} == 0, 1, {y}) - 1)",
        "math": "mul|{y:mul}*math.pow({x}, ({y:and} or 1.0) - 1.0)",
    },
    smooth=[(0.0, inf), None],
    pole=True,
    stem="slope{x}",
    short="slope",
    sympy="y*x**(y - 1)",
    domain=[(0.2, 3.0), (-2.0, 3.0)],
    safe=[1.0, 1.0],
    public=False,
)
pow_log = op(
    "pow_log(x, y)",
    doc="x**y*log(x), the slope of a power by its exponent; 0 at x = 0",
    partials=[_MIXED, "out*log(nonzero(x))"],
    forms={
        "numpy": "mul|{x:atom}**{y:unary}*np.log(np.where({x:add} == 0, 1, {x}))",
        "math": "mul|math.pow({x}, {y})*math.log({x:and} or 1.0)",
    },
    smooth=[(0.0, inf), None],
    pole=True,
    stem="slope{x}",
    short="slope",
    sympy="x**y*log(x)",
    domain=[(0.2, 3.0), (-2.0, 3.0)],
    safe=[1.0, 1.0],
    public=False,
)
cbrt_slope = op(
    "cbrt_slope(x)",
    doc="1/(3*cbrt(x)**2), the slope of a cube root; infinite at 0",
    partials=["-2*out/(3*x)"],
    forms={"numpy": "mul|1/(3*np.cbrt({x})**2)", "math": "mul|1/(3*math.cbrt({x})**2)"},
    smooth=[(0.0, inf)],
    pole=True,
    stem="slope{x}",
    short="slope",
    sympy="1/(3*Abs(x)**Rational(2, 3))",
    domain=_POSITIVE,
    safe=[1.0],
    public=False,
)
asin_slope = op(
    "asin_slope(x)",
    doc="1/sqrt(1 - x**2), the slope of asin",
    partials=["x*out**3"],
    forms={
        "numpy": "mul|1/np.sqrt((1 - {x:mul})*(1 + {x:mul}))",
        "math": "mul|1/math.sqrt((1 - {x:mul})*(1 + {x:mul}))",
    },
    smooth=[(-1.0, 1.0)],
    pole=True,
    stem="slope{x}",
    short="slope",
    sympy="1/sqrt(1 - x**2)",
    domain=_UNIT,
    safe=[0.0],
    public=False,
)
_H = "nonzero(hypot(x, y))"
toward = op(
    "toward(x, y)",
    doc="x/hypot(x, y), a slope of hypot; 0 at the origin",
    partials=[f"(y/{_H})*(y/{_H})/{_H}", f"-(x/{_H})*(y/{_H})/{_H}"],
    forms={"numpy": "toward!toward({x}, {y})", "math": "toward!toward({x}, {y})"},
    stem="to{x}",
    short="to",
    sympy="x/sqrt(x**2 + y**2)",
    domain=[(0.2, 3.0), (-3.0, 3.0)],
    edges={"x=0, y=0": "out=0, dx=0, dy=0"},
    public=False,
)
over_square = op(
    "over_square(x, y)",
    doc="x/(x**2 + y**2), a slope of atan2; 0 at the origin",
    partials=[f"((y - x)/{_H})*((y + x)/{_H})/{_H}/{_H}", f"-2*(x/{_H})*(y/{_H})/{_H}/{_H}"],
    forms={"numpy": "over_square!over_square({x}, {y})", "math": "over_square!over_square({x}, {y})"},
    stem="over{x}",
    short="over",
    sympy="x/(x**2 + y**2)",
    domain=[(0.2, 3.0), (-3.0, 3.0)],
    edges={"x=0, y=0": "out=0, dx=0, dy=0", "x=1e200, y=1e200": "out=5e-201"},
    public=False,
)

# ---- slopes of gates of whole arrays -----------------------------------------------------------


def _along(dims: Any, x: Shape, *others: Shape, axis: Any = None) -> Shape:
    array.axes_of(axis, len(x))
    return x


_N = "norm(x, axis=axis, keepdims=True)"
_TURNED = f"where({_N} == 0, 0.0, (SLOPE - out*sum(out*SLOPE, axis=axis, keepdims=True))/nonzero({_N}))"
unit = op(
    "unit(x; axis=None)",
    doc="x by its norm along the axes, the slope of a norm; 0 at 0",
    vjps=[_TURNED.replace("SLOPE", "dout")],
    jvp=_TURNED.replace("SLOPE", "x_dot"),
    forms={"numpy": "unit!unit({x}{*statics})"},
    shape=_along,
    stem="unit{x}",
    short="unit",
    samples=[{"axis": axis} for axis in (None, -1, 0)],
    domain=[(0.2, 3.0)],
    public=False,
)
pairs = op(
    "pairs(x, w; axis=None)",
    doc="for each element, how the product of all the others changes along w",
    forms={"numpy": "pairs!pairs({x}, {w}{*statics})"},
    shape=_along,
    stem="pairs{x}",
    short="pairs",
    public=False,
)
cofactor_slope = op(
    "cofactor_slope(x, w)",
    doc="how the matrix of cofactors changes along w, at singular matrices too",
    forms={"numpy": "cofactor_slope!cofactor_slope({x}, {w})"},
    shape=_along,
    stem="cof{x}",
    short="cof",
    public=False,
)


def _norm_vjp(ranks: Any, shapes: Any, axis: Any = None, keepdims: bool = False) -> list[str]:
    dout = "dout" if keepdims or axis is None else "expand(dout, axis=axis)"
    return [f"unit(x, axis=axis)*{dout}"]


def _spread_vjp(ranks: Any, shapes: tuple[Shape, ...], shape: Shape = ()) -> list[str]:
    """The sum over the axes that were added or stretched."""
    (x,) = shapes
    lead = len(shape) - len(x)
    axes = tuple(i for i, dim in enumerate(shape) if i < lead or (x[i - lead] == 1 and dim != 1))
    if not x:
        return ["sum(dout)"]
    return [f"reshape(sum(dout, axis={axes}, keepdims=True), shape={x!r})" if axes else "dout"]


def _segment_vjp(ranks: Any, shapes: tuple[Shape, ...], axis: int = 0, start: Any = 0, size: Any = 0) -> list[str]:
    """The piece in its place, between zeros."""
    (x,) = shapes
    if isinstance(start, int) and isinstance(size, int):
        index = (*(("slice", None, None, None),) * axis, ("slice", start, start + size, None))
        return [f"scatter(dout, index={index!r}, shape={x!r})"]
    after = total([x[axis], *(multiple(-1, [str(dim)]) for dim in (start, size))])
    zeros = [f"spread(0.0, shape={(*x[:axis], dim, *x[axis + 1 :])!r})" for dim in (start, after)]
    return [f"concatenate({zeros[0]}, dout, {zeros[1]}, axis={axis})"]


AGAIN: dict[Op, Again] = {
    loss.sigmoid: Again(("sigmoid_slope(x)",), edges={"x=1e-9": "xx=-1.25e-10", "x=-800": "xx=0"}),
    scalar.pow_: Again(
        ("pow_slope(x, y)", "pow_log(x, y)"),
        plain=lambda node: node.args[1].op is scalar.const,
        edges={"x=2, y=0": "xx=0, xy=0.5, yy=0.4804530139182014", "x=0, y=2": "xx=2, xy=0, yy=0"},
    ),
    scalar.cbrt: Again(("cbrt_slope(x)",), edges={"x=0": "xx=-inf", "x=-8": "xx=0.006944444444444444"}),
    scalar.asin: Again(("asin_slope(x)",), edges={"x=1e-9": "xx=1e-9"}),
    scalar.acos: Again(("-asin_slope(x)",), edges={"x=1e-9": "xx=-1e-9"}),
    scalar.hypot: Again(
        ("toward(x, y)", "toward(y, x)"),
        edges={"x=0, y=0": "xx=0, xy=0, yy=0", "x=1e8, y=1": "xx=1e-24, xy=-1e-16, yy=1e-8"},
    ),
    scalar.atan2: Again(
        ("over_square(x, y)", "-over_square(y, x)"),
        edges={"y=0, x=0": "yy=0, yx=0, xx=0", "y=1, x=1": "yy=-0.5, yx=0, xx=0.5"},
    ),
    array.norm: Again(
        vjps=_norm_vjp, jvp="sum(unit(x, axis=axis)*x_dot, axis=axis, keepdims=keepdims)", edges={"x=0": "xx=0"}
    ),
    array.others: Again(vjps=("pairs(x, dout, axis=axis)",), jvp="pairs(x, x_dot, axis=axis)"),
    array.quotients: Again(vjps=("pairs(x, dout)",), jvp="pairs(x, x_dot)"),
    array.cofactor: Again(vjps=("cofactor_slope(x, dout)",), jvp="cofactor_slope(x, x_dot)"),
    array.from_heaviest: Again(
        vjps=("dout - where(first_max(y, axis=axis), sum(dout, axis=axis, keepdims=True), 0.0)", ""),
        jvp="from_heaviest(x_dot, y, axis=axis)",
    ),
    array.spread: Again(vjps=_spread_vjp),
    array.segment: Again(vjps=_segment_vjp),
}
