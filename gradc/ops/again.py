"""Slopes that are differentiated again: what each gate sends back where that is not the end of it.

A slope as one writes it for a gradient need not be good for a second derivative. `out*sigmoid(-x)` has all its
digits, but its own slope by the product rule is a difference in which none are left near 0; `x/nonzero(out)`, a
norm's slope, is right at 0, where the slope of it is not. Where a slope is differentiated again it is a gate of its
own, in the table as all gates are, with a slope that keeps its digits:

>>> AGAIN[loss.sigmoid].slopes, sigmoid_slope.slopes
(('sigmoid_slope(x)',), ('-out*tanh(0.5*x)',))

Gates that only derivatives contain (`others`, `cofactor`, `spread` …) have the rules here that a first derivative does
not ask for. At kinks and branches second derivatives are 0, as first ones are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Any

from gradc.base.records import NamedTuple
from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import ShapeError, multiple, show, total
from gradc.ops import array, loss, scalar, shaping, special
from gradc.ops.table import Fast, Op, Say, Steep, Test, op

Vjps = Sequence[str] | Callable[..., Sequence[str]]


class Again(NamedTuple):
    """A gate's rules where they are differentiated again.

    `edges` pins second derivatives, {"x=0": "xx=0"}; where `plain` holds the gate's own rules are as good.
    """

    slopes: tuple[str, ...] = ()
    vjps: Vjps = ()
    jvp: str = ""
    plain: Callable[[Node], bool] | None = None
    edges: Mapping[str, str] = MappingProxyType({})


_POSITIVE = [(0.2, 4.0)]
_INSIDE = [(-0.9, 0.9)]

# ---- slopes of elementwise gates ---------------------------------------------------------------

_SIGMOID_SLOPE = '''
def sigmoid_slope(x):
    """sigmoid(x)*sigmoid(-x), with exp of numbers below 0 only, so that it keeps its digits in both tails."""
    e = np.exp(-np.abs(x))
    return e/(1.0 + e)**2
'''
_SIGMOID_SLOPE_MATH = '''
def sigmoid_slope(x):
    """sigmoid(x)*sigmoid(-x), with exp of numbers below 0 only, so that it keeps its digits in both tails."""
    e = math.exp(-abs(x))
    return e/(1.0 + e)**2
'''
sigmoid_slope = op(
    "sigmoid_slope(x)",
    doc="sigmoid(x)*sigmoid(-x), the slope of sigmoid",
    slopes=["-out*tanh(0.5*x)"],
    code="sigmoid_slope({x})",
    helpers={"numpy": _SIGMOID_SLOPE, "math": _SIGMOID_SLOPE_MATH},
    public=False,
    say=Say(stem="slope{x}", short="slope"),
    fast=Fast(
        value="exp(-abs(x))*square(1/(1 + exp(-abs(x))))",
        parts={"e": "exp(where(x >= 0, -x, x))", "r": "1/(1 + e)", "out": "e*r*r"},
    ),
    test=Test(sympy="1/(2*cosh(x/2))**2"),
)
# The mixed second derivative of x**y, from either side; 0 at x = 0, where the slope by y is.
_MIXED = "where(x == 0, 0.0, nonzero(x)**(y - 1)*(1 + y*log(nonzero(x))))"
pow_slope = op(
    "pow_slope(x, y)",
    doc="y*x**(y - 1), the slope of a power; 0 at y = 0",
    slopes=["y*(y - 1)*x**(where(y*(y - 1) == 0, 2, y) - 2)", _MIXED],
    code={
        "numpy": "{y}*{x}**(np.where({y} == 0, 1, {y}) - 1)",
        "math": "{y}*math.pow({x}, ({y} or 1.0) - 1.0)",
    },
    public=False,
    say=Say(stem="slope{x}", short="slope"),
    steep=Steep(outside=[(0.0, inf), None], safe=[1.0, 1.0], pole=True),
    test=Test(sympy="y*x**(y - 1)", domain=[(0.2, 3.0), (-2.0, 3.0)]),
)
pow_log = op(
    "pow_log(x, y)",
    doc="x**y*log(x), the slope of a power by its exponent; 0 at x = 0",
    slopes=[_MIXED, "out*log(nonzero(x))"],
    code={
        "numpy": "{x}**{y}*np.log(np.where({x} == 0, 1, {x}))",
        "math": "math.pow({x}, {y})*math.log({x} or 1.0)",
    },
    public=False,
    say=Say(stem="slope{x}", short="slope"),
    steep=Steep(outside=[(0.0, inf), None], safe=[1.0, 1.0], pole=True),
    test=Test(sympy="x**y*log(x)", domain=[(0.2, 3.0), (-2.0, 3.0)]),
)
cbrt_slope = op(
    "cbrt_slope(x)",
    doc="1/(3*cbrt(x)**2), the slope of a cube root; infinite at 0",
    slopes=["-2*out/(3*x)"],
    code={"numpy": "1/(3*np.cbrt({x})**2)", "math": "1/(3*math.cbrt({x})**2)"},
    public=False,
    say=Say(stem="slope{x}", short="slope"),
    steep=Steep(outside=[(0.0, inf)], safe=[1.0], pole=True),
    test=Test(sympy="1/(3*Abs(x)**Rational(2, 3))", domain=_POSITIVE),
)
asin_slope = op(
    "asin_slope(x)",
    doc="1/sqrt(1 - x**2), the slope of asin",
    slopes=["x*out**3"],
    code={"numpy": "1/np.sqrt((1 - {x})*(1 + {x}))", "math": "1/math.sqrt((1 - {x})*(1 + {x}))"},
    public=False,
    say=Say(stem="slope{x}", short="slope"),
    steep=Steep(outside=[(-1.0, 1.0)], safe=[0.0], pole=True),
    test=Test(sympy="1/sqrt(1 - x**2)", domain=_INSIDE),
)
atanh_slope = op(
    "atanh_slope(x)",
    doc="1/(1 - x**2), the slope of atanh",
    slopes=["2*x*out**2"],
    code="1/((1 - {x})*(1 + {x}))",
    public=False,
    say=Say(stem="slope{x}", short="slope"),
    steep=Steep(outside=[(-1.0, 1.0)], safe=[0.0], pole=True),
    test=Test(sympy="1/(1 - x**2)", domain=_INSIDE),
)
_H = "nonzero(hypot(x, y))"
_TOWARD = '''
def toward(x, y):
    """x/hypot(x, y), the slope of hypot; 0 at the origin."""
    h = np.hypot(x, y)
    return x/np.where(h == 0, 1.0, h)
'''
_TOWARD_MATH = '''
def toward(x, y):
    """x/hypot(x, y), the slope of hypot; 0 at the origin."""
    return x/(math.hypot(x, y) or 1.0)
'''
toward = op(
    "toward(x, y)",
    doc="x/hypot(x, y), a slope of hypot; 0 at the origin",
    slopes=[f"(y/{_H})*(y/{_H})/{_H}", f"-(x/{_H})*(y/{_H})/{_H}"],
    code="toward({x}, {y})",
    helpers={"numpy": _TOWARD, "math": _TOWARD_MATH},
    public=False,
    say=Say(stem="to{x}", short="to"),
    test=Test(
        sympy="x/sqrt(x**2 + y**2)",
        domain=[(0.2, 3.0), (-3.0, 3.0)],
        edges={"x=0, y=0": "out=0, dx=0, dy=0"},
    ),
)
_OVER_SQUARE = '''
def over_square(x, y):
    """x/(x**2 + y**2), without overflow; 0 at the origin."""
    h = np.hypot(x, y)
    h = np.where(h == 0, 1.0, h)
    return x/h/h
'''
_OVER_SQUARE_MATH = '''
def over_square(x, y):
    """x/(x**2 + y**2), without overflow; 0 at the origin."""
    h = math.hypot(x, y) or 1.0
    return x/h/h
'''
over_square = op(
    "over_square(x, y)",
    doc="x/(x**2 + y**2), a slope of atan2; 0 at the origin",
    slopes=[f"((y - x)/{_H})*((y + x)/{_H})/{_H}/{_H}", f"-2*(x/{_H})*(y/{_H})/{_H}/{_H}"],
    code="over_square({x}, {y})",
    helpers={"numpy": _OVER_SQUARE, "math": _OVER_SQUARE_MATH},
    public=False,
    say=Say(stem="over{x}", short="over"),
    test=Test(
        sympy="x/(x**2 + y**2)",
        domain=[(0.2, 3.0), (-3.0, 3.0)],
        edges={"x=0, y=0": "out=0, dx=0, dy=0", "x=1e200, y=1e200": "out=5e-201"},
    ),
)

# ---- slopes of gates of whole arrays -----------------------------------------------------------


def _along(dims: Any, x: Shape, *others: Shape, axis: Any = None) -> Shape:
    array.axes_of(axis, len(x))
    if dims.resolve(dims.broadcast(x, *others)) != dims.resolve(x):
        raise ShapeError(f"{show(x)} is wanted, and what broadcasts to it")
    return x


_N = "norm(x, axis=axis, keepdims=True)"
_TURNED = (
    f"where({_N} == 0, 0.0, (SLOPE - out*sum(out*SLOPE, axis=axis, keepdims=True))/nonzero({_N}))"
)
_UNIT = '''
def unit(x, axis=None):
    """x by its norm, the slope of a norm; 0 at 0."""
    n = norm(x, axis, True)
    return x/np.where(n == 0, 1.0, n)
'''
unit = op(
    "unit(x; axis=None)",
    doc="x by its norm along the axes, the slope of a norm; 0 at 0",
    vjps=[_TURNED.replace("SLOPE", "dout")],
    jvp=_TURNED.replace("SLOPE", "x_dot"),
    code="unit({x}{*statics})",
    helpers={"numpy": _UNIT},
    shape=_along,
    public=False,
    say=Say(short="unit"),
    test=Test(domain=[(0.2, 3.0)], samples=[{"axis": axis} for axis in (None, -1, 0)]),
)
_PAIRS = '''
def pairs(x, w, axis=None):
    """How the product of all others of an element changes along w: w in place of each factor in turn."""
    flat, back = rows(x, axis)
    along = rows(np.broadcast_to(w, x.shape), axis)[0]
    n, kept, dtype = flat.shape[-1], flat.shape[:-1], np.result_type(flat, along)
    out, change = np.empty(flat.shape, dtype), np.empty(flat.shape, dtype)
    product, slope = np.ones(kept, dtype), np.zeros(kept, dtype)
    for i in range(n):  # what is before an element, and how that changes
        out[..., i], change[..., i] = product, slope
        product, slope = product*flat[..., i], slope*flat[..., i] + product*along[..., i]
    product, slope = np.ones(kept, dtype), np.zeros(kept, dtype)
    for i in range(n - 1, -1, -1):  # times what is after it
        out[..., i] = change[..., i]*product + out[..., i]*slope
        product, slope = product*flat[..., i], slope*flat[..., i] + product*along[..., i]
    return back(out)
'''
pairs = op(
    "pairs(x, w; axis=None)",
    doc="for each element, how the product of all the others changes along w",
    code="pairs({x}, {w}{*statics})",
    helpers={"numpy": _PAIRS},
    shape=_along,
    public=False,
    say=Say(stem="pairs{x}", short="pairs"),
)
_CUMPROD_BACK = '''
def cumprod_back(x, g, axis=None):
    """What cumprod sends back of g, without a quotient: what is before an element times what comes of it."""
    flat, back = rows(x, axis)
    g = rows(np.broadcast_to(g, x.shape), axis)[0]
    out = np.ones(flat.shape, np.result_type(flat, g))
    np.cumprod(flat[..., :-1], axis=-1, out=out[..., 1:])
    sent = np.zeros(flat.shape[:-1], out.dtype)
    for i in range(flat.shape[-1] - 1, -1, -1):
        sent = sent + g[..., i]
        out[..., i] *= sent
        sent = sent*flat[..., i]
    return back(out)
'''
cumprod_back = op(
    "cumprod_back(x, g; axis=None)",
    doc="what cumprod sends back of g, without a quotient",
    vjps=["cumprod_pairs(x, dout, g, axis=axis)", "cumprod_along(x, dout, axis=axis)"],
    jvp="cumprod_pairs(x, x_dot, g, axis=axis) + cumprod_back(x, g_dot, axis=axis)",
    code="cumprod_back({x}, {g}{*statics})",
    helpers={"numpy": _CUMPROD_BACK},
    shape=_along,
    public=False,
    say=Say(short="back"),
    test=Test(samples=[{"axis": axis} for axis in (-1, 0)]),
)
_CUMPROD_PAIRS = '''
def cumprod_pairs(x, w, g, axis=None):
    """How what cumprod sends back of g changes along w."""
    flat, back = rows(x, axis)
    along = rows(np.broadcast_to(w, x.shape), axis)[0]
    g = rows(np.broadcast_to(g, x.shape), axis)[0]
    kept, dtype = flat.shape[:-1], np.result_type(flat, along, g)
    out, change = np.empty(flat.shape, dtype), np.empty(flat.shape, dtype)
    product, slope = np.ones(kept, dtype), np.zeros(kept, dtype)
    for i in range(flat.shape[-1]):  # what is before an element, and how that changes
        out[..., i], change[..., i] = product, slope
        product, slope = product*flat[..., i], slope*flat[..., i] + product*along[..., i]
    sent, slope = np.zeros(kept, dtype), np.zeros(kept, dtype)
    for i in range(flat.shape[-1] - 1, -1, -1):  # times what comes of it
        sent = sent + g[..., i]
        out[..., i] = change[..., i]*sent + out[..., i]*slope
        sent, slope = sent*flat[..., i], slope*flat[..., i] + sent*along[..., i]
    return back(out)
'''
cumprod_pairs = op(
    "cumprod_pairs(x, w, g; axis=None)",
    doc="how what cumprod sends back of g changes along w",
    code="cumprod_pairs({x}, {w}, {g}{*statics})",
    helpers={"numpy": _CUMPROD_PAIRS},
    shape=_along,
    public=False,
    say=Say(short="pairs"),
)
_CUMPROD_ALONG = '''
def cumprod_along(x, w, axis=None):
    """How cumprod changes along w, without a quotient."""
    flat, _ = rows(x, axis)
    along, back = rows(np.broadcast_to(w, x.shape), axis)
    out = np.empty(flat.shape, np.result_type(flat, along))
    product, slope = np.ones(flat.shape[:-1], out.dtype), np.zeros(flat.shape[:-1], out.dtype)
    for i in range(flat.shape[-1]):
        out[..., i] = slope = slope*flat[..., i] + product*along[..., i]
        product = product*flat[..., i]
    return back(out)
'''
cumprod_along = op(
    "cumprod_along(x, w; axis=None)",
    doc="how cumprod changes along w, without a quotient",
    code="cumprod_along({x}, {w}{*statics})",
    helpers={"numpy": _CUMPROD_ALONG},
    shape=_along,
    public=False,
    say=Say(short="along"),
)
_COFACTOR_SLOPE = '''
def cofactor_slope(x, w):
    """How the matrix of cofactors changes along w, from the singular values: finite at singular matrices, too."""
    u, s, v = np.linalg.svd(x)
    sign = np.linalg.det(u)*np.linalg.det(v)
    n = s.shape[-1]
    rest = np.zeros((*s.shape, n), s.dtype)  # the product of all singular values but two
    for i in range(n):
        keep = [k for k in range(n) if k != i]
        rest[..., i, keep] = others(s[..., keep], -1)
    turned = np.swapaxes(u, -1, -2) @ w @ np.swapaxes(v, -1, -2)
    out = -np.swapaxes(turned, -1, -2)*rest
    out += np.eye(n, dtype=s.dtype)*(rest @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None])
    return sign[..., None, None]*(u @ out @ v)
'''
cofactor_slope = op(
    "cofactor_slope(x, w)",
    doc="how the matrix of cofactors changes along w, at singular matrices too",
    code="cofactor_slope({x}, {w})",
    helpers={"numpy": _COFACTOR_SLOPE},
    shape=_along,
    public=False,
    say=Say(stem="cof{x}", short="cof"),
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


def _segment_vjp(
    ranks: Any, shapes: tuple[Shape, ...], axis: int = 0, start: Any = 0, size: Any = 0
) -> list[str]:
    """The piece in its place, between zeros."""
    (x,) = shapes
    if isinstance(start, int) and isinstance(size, int):
        index = (*(("slice", None, None, None),) * axis, ("slice", start, start + size, None))
        return [f"scatter(dout, index={index!r}, shape={x!r})"]
    after = total([x[axis], *(multiple(-1, [str(dim)]) for dim in (start, size))])
    zeros = [f"spread(0.0, shape={(*x[:axis], dim, *x[axis + 1 :])!r})" for dim in (start, after)]
    return [f"concatenate({zeros[0]}, dout, {zeros[1]}, axis={axis})"]


# The slope of x*log(y) by y: x/y, and 0 where both are 0.
_BY_LOG = (
    "where(logical_and(x == 0, {y} == 0), 0.0, x/where(logical_and(x == 0, {y} == 0), 1.0, {y}))"
)

AGAIN: dict[Op, Again] = {
    loss.sigmoid: Again(("sigmoid_slope(x)",), edges={"x=1e-9": "xx=-1.25e-10", "x=-800": "xx=0"}),
    scalar.pow_: Again(
        ("pow_slope(x, y)", "pow_log(x, y)"),
        plain=lambda node: node.args[1].op is scalar.const,
        edges={"x=2, y=0": "xx=0, xy=0.5, yy=0.4804530139182014", "x=0, y=2": "xx=2, xy=0, yy=0"},
    ),
    scalar.cbrt: Again(
        ("cbrt_slope(x)",), edges={"x=0": "xx=-inf", "x=-8": "xx=0.006944444444444444"}
    ),
    scalar.asin: Again(("asin_slope(x)",), edges={"x=1e-9": "xx=1e-9"}),
    scalar.acos: Again(("-asin_slope(x)",), edges={"x=1e-9": "xx=-1e-9"}),
    special.atanh: Again(("atanh_slope(x)",), edges={"x=1e-30": "xx=2e-30", "x=0": "xx=0"}),
    special.xlogy: Again(
        ("log(y)", _BY_LOG.format(y="y")),
        edges={"x=0, y=0.5": "xy=2, yx=2, yy=0", "x=2, y=0.5": "xy=2, yy=-8"},
    ),
    special.xlog1py: Again(
        ("log1p(y)", _BY_LOG.format(y="(1 + y)")),
        edges={"x=0, y=1": "xy=0.5, yx=0.5, yy=0", "x=2, y=1": "xy=0.5, yy=-0.5"},
    ),
    special.i1: Again(
        ("0.5*(i0(x) + iv(x, n=2))",), edges={"x=0": "xx=0", "x=1e-30": "xx=3.75e-31"}
    ),
    special.j1: Again(
        ("0.5*(j0(x) - jv(x, n=2))",), edges={"x=0": "xx=0", "x=1e-30": "xx=-3.75e-31"}
    ),
    scalar.hypot: Again(
        ("toward(x, y)", "toward(y, x)"),
        edges={"x=0, y=0": "xx=0, xy=0, yy=0", "x=1e8, y=1": "xx=1e-24, xy=-1e-16, yy=1e-8"},
    ),
    scalar.atan2: Again(
        ("over_square(x, y)", "-over_square(y, x)"),
        edges={"y=0, x=0": "yy=0, yx=0, xx=0", "y=1, x=1": "yy=-0.5, yx=0, xx=0.5"},
    ),
    array.norm: Again(
        vjps=_norm_vjp,
        jvp="sum(unit(x, axis=axis)*x_dot, axis=axis, keepdims=keepdims)",
        edges={"x=0": "xx=0"},
    ),
    array.others: Again(vjps=("pairs(x, dout, axis=axis)",), jvp="pairs(x, x_dot, axis=axis)"),
    shaping.cumprod: Again(vjps=("cumprod_back(x, dout, axis=axis)",)),
    array.quotients: Again(vjps=("pairs(x, dout)",), jvp="pairs(x, x_dot)"),
    array.cofactor: Again(vjps=("cofactor_slope(x, dout)",), jvp="cofactor_slope(x, x_dot)"),
    array.from_heaviest: Again(
        vjps=(
            "dout - where(first_max(y, axis=axis), sum(dout, axis=axis, keepdims=True), 0.0)",
            "",
        ),
        jvp="from_heaviest(x_dot, y, axis=axis)",
    ),
    array.spread: Again(vjps=_spread_vjp),
    array.segment: Again(vjps=_segment_vjp),
}
