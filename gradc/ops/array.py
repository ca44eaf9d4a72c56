"""Gates of whole arrays: products of matrices, reductions, views, linear algebra.

Their rules are linear maps of `dout`, written in the language; which one can hang on the ranks:

>>> matmul.vjps((2, 2), ())
['dout @ y.T', 'x.T @ dout']
>>> matmul.vjps((2, 1), ())
['outer(dout, y)', 'x.T @ dout']
"""

from __future__ import annotations

from gradc.ops import array_rules as rules
from gradc.ops import array_shapes as shapes
from gradc.ops import bounds
from gradc.ops.array_rules import (
    swaps as swaps,  # what others ask of shapes, by the name of this page
)
from gradc.ops.array_shapes import axes_of as axes_of
from gradc.ops.array_shapes import product as product
from gradc.ops.array_shapes import reduced as reduced
from gradc.ops.array_shapes import sliced as sliced
from gradc.ops.array_shapes import taken as taken
from gradc.ops.table import Fast, Kink, Say, Steep, Test, op

_AXES = [
    {"axis": axis, "keepdims": keep}
    for axis in (None, 0, -1, (0, 1), (-1, 0))
    for keep in (False, True)
]
_ALONG = [{"axis": axis} for axis in (-1, 0, None, (0, 1))]
_FROM_1 = ("slice", 1, None, None)

sum_ = op(
    "sum(x; axis=None, keepdims=False)",
    doc="sum over the axes; every element gets the gradient",
    linear=rules.sum_vjp,
    code="np.sum({x}{*statics})",
    shape=shapes.reduced,
    lazy=True,
    bounds=lambda x, **statics: bounds.one_sided(x),
    say=Say(symbol="Σ", part="sum distributes to every element", latex=r"\sum {x}", short="total"),
    fast=Fast(reduce="add"),
    test=Test(samples=_AXES),
)

mean = op(
    "mean(x; axis=None, keepdims=False)",
    doc="mean over the axes; every element gets its share",
    linear=rules.mean_vjp,
    code="np.mean({x}{*statics})",
    shape=shapes.reduced,
    lazy=True,
    bounds=lambda x, **statics: x,
    say=Say(part="mean distributes an equal share to every element"),
    test=Test(sympy="sum(x, axis, keepdims)/count(x, axis)", samples=_AXES),
)

_LOGSUMEXP_OVER = '''
def logsumexp_over(x, axis=None, keepdims=False):
    """log(sum(exp(x))) over several axes."""
    out = logsumexp(rows(x, axis)[0])
    return out.reshape(np.sum(x, axis=axis, keepdims=keepdims).shape)[()]
'''
# The largest weight is known to be 1: of a sum that is little more, the digits are in the others.
_LOGSUMEXP = '''
def logsumexp(x, axis=-1, keepdims=False):
    """log(sum(exp(x))): the largest, and log1p of the others beside it, which can't overflow and keeps its digits."""
    if x.size == 0:
        return np.sum(x, axis=axis, keepdims=keepdims) - np.inf
    at = np.argmax(x, axis=axis, keepdims=True)
    top = np.take_along_axis(x, at, axis)
    e = np.exp(x - np.where(np.isfinite(top), top, 0.0))
    np.put_along_axis(e, at, 0.0, axis)
    out = top + np.log1p(np.sum(e, axis=axis, keepdims=True))
    return out if keepdims else np.squeeze(out, axis=axis)[()]
'''

logsumexp = op(
    "logsumexp(x; axis=None, keepdims=False)",
    doc="log(sum(exp(x))), without overflow",
    vjps=rules.masked_vjp("DOUT*softmax(x, axis=axis)"),
    jvp="sum(softmax(x, axis=axis)*x_dot, axis=axis, keepdims=keepdims)",
    code={"numpy": "logsumexp_over({x}{*statics})", "numpy_along": "logsumexp({x}{*along})"},
    helpers={"numpy": [_LOGSUMEXP, _LOGSUMEXP_OVER]},
    shape=shapes.reduced,
    lazy=True,
    aliases="lse",
    say=Say(
        symbol="lse",
        part="logsumexp distributes by softmax({x})",
        stem="lse{x}",
        why="log(sum(exp(v))) as logsumexp(v), which cannot overflow",
    ),
    test=Test(sympy="log(sum(exp(x), axis, keepdims))", samples=_AXES),
)

# The mean is taken from the element of the largest share, so that next to a share of all but 1 the
# rest keeps its digits.
_GAP = "from_heaviest(SLOPE, out, axis=axis)"
_CENTRED = f"out*({_GAP} - sum(out*{_GAP}, axis=axis, keepdims=True))"

_SOFTMAX_OVER = '''
def softmax_over(x, axis=None):
    """exp(x)/sum(exp(x)) over several axes."""
    flat, back = rows(x, axis)
    return back(softmax(flat))
'''
_SOFTMAX = '''
def softmax(x, axis=-1):
    """exp(x)/sum(exp(x)), shifted by the largest element so that it cannot overflow."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    e = np.exp(x - np.where(np.isfinite(top), top, 0.0))
    total = np.sum(e, axis=axis, keepdims=True)
    return e/np.where(total == 0, 1.0, total)
'''

softmax = op(
    "softmax(x; axis=-1)",
    doc="exp(x)/sum(exp(x)) along the axes, without overflow",
    vjps=[_CENTRED.replace("SLOPE", "dout")],
    jvp=_CENTRED.replace("SLOPE", "x_dot"),
    code={"numpy": "softmax_over({x}{*statics})", "numpy_along": "softmax({x}{*along})"},
    helpers={"numpy": [_SOFTMAX, _SOFTMAX_OVER]},
    shape=shapes.same,
    bounds=lambda x, **statics: (0.0, 1.0),
    say=Say(
        part="softmax scales by {out}, less the mean",
        short="softm",
        why="exp(v)/sum(exp(v)) as softmax(v), which cannot overflow",
    ),
    test=Test(sympy="exp(x)/sum(exp(x), axis, True)", samples=_ALONG),
)

_LOG_SOFTMAX_OVER = '''
def log_softmax_over(x, axis=None):
    """x - log(sum(exp(x))) over several axes."""
    flat, back = rows(x, axis)
    return back(log_softmax(flat))
'''
_LOG_SOFTMAX = '''
def log_softmax(x, axis=-1):
    """x - log(sum(exp(x))), measured from the largest element, so that it can't overflow and keeps its digits."""
    if x.size == 0:
        return x.copy()
    at = np.argmax(x, axis=axis, keepdims=True)
    top = np.take_along_axis(x, at, axis)
    finite = np.isfinite(top)
    z = x - np.where(finite, top, 0.0)
    e = np.exp(z)
    np.put_along_axis(e, at, 0.0, axis)
    return z - np.where(finite, np.log1p(np.sum(e, axis=axis, keepdims=True)), top)
'''

_LOG_TOTAL = '''
def log_total(total, e, axis=-1):
    """log(total), the sum of weights whose largest is 1; of little more than that, the digits are in the others."""
    near = total < 1.5
    if near is False or not np.any(near):
        return np.log(total)
    rest = e.copy()
    np.put_along_axis(rest, np.argmax(e, axis=axis, keepdims=True), 0.0, axis)
    return np.where(near, np.log1p(np.sum(rest, axis=axis, keepdims=np.ndim(total) > 0)), np.log(total))
'''

log_total = op(
    "log_total(x, y; axis=-1)",
    doc="log(x), where x is the sum of y, whose largest is 1",
    code={"numpy": "log_total({x}, {y}{*statics})"},
    helpers={"numpy": _LOG_TOTAL},
    shape=shapes.weighted,
    public=False,
    say=Say(stem="log{x}", short="log"),
)

# dout - p*sum(dout), with 1 - p of the heaviest entry as it is, and not from a p that has rounded to 1.
_KEEPS_1_LESS_P = "-dout*expm1(out) - exp(out)*(sum(dout, axis=axis, keepdims=True) - dout)"

# What is taken off is a mean by weights, which may round to 1: measured from the heaviest, as softmax has it.
_LESS_ITS_MEAN = (
    "from_heaviest(x_dot, out, axis=axis)"
    " - sum(exp(out)*from_heaviest(x_dot, out, axis=axis), axis=axis, keepdims=True)"
)

log_softmax = op(
    "log_softmax(x; axis=-1)",
    doc="x - logsumexp(x) along the axes",
    vjps=[_KEEPS_1_LESS_P],
    jvp=_LESS_ITS_MEAN,
    code={"numpy": "log_softmax_over({x}{*statics})", "numpy_along": "log_softmax({x}{*along})"},
    helpers={"numpy": [_LOG_SOFTMAX, _LOG_SOFTMAX_OVER]},
    shape=shapes.same,
    say=Say(
        part="log_softmax takes its softmax off",
        stem="logsm{x}",
        short="logsm",
        why="log(softmax(v)) as log_softmax(v), which keeps its digits",
    ),
    test=Test(sympy="x - log(sum(exp(x), axis, True))", samples=_ALONG),
)

_NORM = '''
def norm(x, axis=None, keepdims=False):
    """sqrt(sum(x**2)), scaled by the largest element so that it can neither overflow nor vanish."""
    top = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    scale = np.where((top == 0) | ~np.isfinite(top), 1.0, top)
    out = scale*np.sqrt(np.sum((x/scale)**2, axis=axis, keepdims=True))
    return out if keepdims else np.squeeze(out, axis=axis)[()]
'''

norm = op(
    "norm(x; axis=None, keepdims=False)",
    doc="square root of the sum of squares; the slope at 0 is 0",
    vjps=rules.norm_vjp,
    jvp="sum(x*x_dot, axis=axis, keepdims=keepdims)/nonzero(out)",
    code="norm({x}{*statics})",
    helpers={"numpy": _NORM},
    shape=shapes.reduced,
    lazy=True,
    bounds=lambda x, **statics: bounds.FROM_0,
    say=Say(
        symbol="‖x‖",
        part="norm points along {x}",
        latex=r"\|{x}\|",
        short="nrm",
        why="sqrt(sum(v**2)) as norm(v), whose slope at 0 is 0",
    ),
    kink=Kink(tie="the slope at 0 is 0"),
    test=Test(sympy="sqrt(sum(x**2, axis, keepdims))", domain=[(0.2, 3.0)], samples=_AXES),
)

prod = op(
    "prod(x; axis=None, keepdims=False)",
    doc="product over the axes; right with zeros among the factors",
    vjps=rules.masked_vjp("DOUT*others(x, axis=axis)"),
    jvp="sum(others(x, axis=axis)*x_dot, axis=axis, keepdims=keepdims)",
    code="np.prod({x}{*statics})",
    shape=shapes.reduced,
    lazy=True,
    say=Say(symbol="Π", part="prod gives each factor the product of the others"),
    fast=Fast(reduce="multiply"),
    test=Test(samples=_AXES),
)

_ROWS = '''
def rows(x, axis):
    """x with the reduced axes flattened into the last one, and the way back."""
    gone = range(x.ndim) if axis is None else sorted(a % x.ndim for a in np.atleast_1d(axis))
    order = [a for a in range(x.ndim) if a not in gone] + list(gone)
    moved = np.transpose(x, order)
    kept = moved.shape[:x.ndim - len(gone)]
    flat = moved.reshape(kept + (int(np.prod(moved.shape[len(kept):])),))
    return flat, lambda y: np.transpose(y.reshape(moved.shape), np.argsort(order))
'''

_OTHERS = '''
def others(x, axis=None):
    """For each element the product of all the others along the axes: what is before it times what is after it."""
    flat, back = rows(x, axis)
    out = np.ones_like(flat)
    np.cumprod(flat[..., :-1], axis=-1, out=out[..., 1:])
    out[..., :-1] *= np.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1]
    return back(out)
'''

others = op(
    "others(x; axis=None)",
    doc="for each element, the product of all the others",
    code="others({x}{*statics})",
    helpers={"numpy": [_ROWS, _OTHERS]},
    shape=shapes.same,
    public=False,
    say=Say(short="rest"),
)

_QUOTIENTS = '''
def quotients(x):
    """For each element of a vector the product of all the others: the whole product by it, where that loses nothing."""
    try:
        with np.errstate(under="raise", over="ignore", invalid="ignore"):
            whole = np.multiply.reduce(x)
    except FloatingPointError:
        return others(x)
    return whole/x if 0.0 < abs(whole) < np.inf else others(x)
'''

quotients = op(
    "quotients(x)",
    doc="for each element of a vector, the product of all the others",
    code="quotients({x})",
    helpers={"numpy": _QUOTIENTS},
    shape=shapes.same,
    public=False,
    say=Say(stem="others{x}", short="rest"),
)

_FROM_HEAVIEST_OVER = '''
def from_heaviest_over(x, weights, axis=None):
    """x less its element where the weight over several axes is largest."""
    flat, back = rows(x, axis)
    return back(from_heaviest(flat, rows(weights, axis)[0]))
'''
_FROM_HEAVIEST = '''
def from_heaviest(x, weights, axis=-1):
    """x less its element where the weight is largest: next to one weight of all but 1 the others keep their digits."""
    if x.size == 0:
        return x.copy()
    x = x if x.dtype.kind == "f" else x.astype(weights.dtype)
    return x - np.take_along_axis(x, np.argmax(weights, axis=axis, keepdims=True), axis)
'''

from_heaviest = op(
    "from_heaviest(x, y; axis=-1)",
    doc="x less its element where y is largest",
    code={
        "numpy": "from_heaviest_over({x}, {y}{*statics})",
        "numpy_along": "from_heaviest({x}, {y}{*along})",
    },
    helpers={"numpy": [_FROM_HEAVIEST, _FROM_HEAVIEST_OVER]},
    shape=shapes.first,
    public=False,
    say=Say(stem="{x}gap", short="gap"),
)

heaviest = op(
    "heaviest(x; axis=-1)",
    doc="where along an axis the first largest element is",
    code={"numpy": "np.argmax({x}, axis={axis}, keepdims=True)"},
    shape=lambda dims, x, axis=-1: shapes.reduced(dims, x, axis, True),
    integer=True,
    public=False,
    say=Say(stem="at{x}", short="at"),
)

taken_at = op(
    "taken_at(x, y; axis=-1)",
    doc="the elements along an axis at the places that y says",
    code={"numpy": "np.take_along_axis({x}, {y}, {axis})"},
    shape=shapes.taken_at,
    whole=(1,),
    public=False,
    say=Say(stem="top{x}", short="top"),
)

_PLACED_AT = '''
def placed_at(x, at, shape, axis):
    """Zeros of a shape, with x along an axis at the places that `at` says."""
    out = np.zeros(shape)
    np.put_along_axis(out, at, x, axis)
    return out
'''

placed_at = op(
    "placed_at(x, y; shape=None, axis=-1)",
    doc="zeros of a shape, with x at the places along an axis that y says",
    code={"numpy": "placed_at({x}, {y}, {shape:dims}, {axis})"},
    helpers={"numpy": _PLACED_AT},
    shape=lambda dims, x, y, shape=(), axis=-1: shape,
    whole=(1,),
    public=False,
    say=Say(stem="{x}at", short="put"),
)

amax = op(
    "max(x; axis=None, keepdims=False)",
    doc="largest element; routes the whole gradient to the first of them",
    vjps=rules.masked_vjp("where(first_max(x, axis=axis), DOUT, 0.0)"),
    jvp="sum(where(first_max(x, axis=axis), x_dot, 0), axis=axis, keepdims=keepdims)",
    code="np.max({x}{*statics})",
    shape=shapes.reduced,
    lazy=True,
    bounds=lambda x, **statics: x,
    aliases="amax",
    say=Say(part="max routes to the largest", short="top"),
    kink=Kink(selects=True, tie="at a tie the gradient goes to the first"),
    fast=Fast(reduce="maximum"),
    test=Test(samples=_AXES),
)

amin = op(
    "min(x; axis=None, keepdims=False)",
    doc="smallest element; routes the whole gradient to the first of them",
    vjps=rules.masked_vjp("where(first_min(x, axis=axis), DOUT, 0.0)"),
    jvp="sum(where(first_min(x, axis=axis), x_dot, 0), axis=axis, keepdims=keepdims)",
    code="np.min({x}{*statics})",
    shape=shapes.reduced,
    lazy=True,
    bounds=lambda x, **statics: x,
    aliases="amin",
    say=Say(part="min routes to the smallest", short="low"),
    kink=Kink(selects=True, tie="at a tie the gradient goes to the first"),
    fast=Fast(reduce="minimum"),
    test=Test(samples=_AXES),
)

_FIRST_MAX_OVER = '''
def first_max_over(x, axis=None):
    """True at the first largest element over several axes, False elsewhere."""
    flat, back = rows(x, axis)
    return back(first_max(flat))
'''
_FIRST_MAX = '''
def first_max(x, axis=-1):
    """True at the first largest element along the axis, False elsewhere."""
    first = np.zeros(x.shape, bool)
    if x.size:
        np.put_along_axis(first, np.argmax(x, axis=axis, keepdims=True), True, axis)
    return first
'''

first_max = op(
    "first_max(x; axis=None)",
    doc="where the first largest element is",
    code={"numpy": "first_max_over({x}{*statics})", "numpy_along": "first_max({x}{*along})"},
    helpers={"numpy": [_FIRST_MAX, _FIRST_MAX_OVER]},
    shape=shapes.same,
    boolean=True,
    public=False,
    say=Say(stem="first{x}", short="first"),
)

first_min = op(
    "first_min(x; axis=None)",
    doc="where the first smallest element is",
    code={"numpy": "first_max_over(-{x}{*statics})", "numpy_along": "first_max(-{x}{*along})"},
    shape=shapes.same,
    boolean=True,
    public=False,
    say=Say(stem="first{x}", short="first"),
)

matmul = op(
    "matmul(x, y)",
    doc="matrix product, of vectors, matrices and batches of them",
    linear=rules.matmul_vjp,
    code="{x} @ {y}",
    shape=shapes.matmul,
    bounds=lambda x, y: bounds.one_sided(bounds.product(x, y)),
    say=Say(symbol="@", part="@ swaps, transposed", latex="{x} {y}", stem="{x}{y}", short="prod"),
)

inner = op(
    "inner(x, y)",
    doc="sum of the products of elements, of two arrays of one shape",
    linear=["y*dout", "x*dout"],
    code="np.vdot({x}, {y})",
    shape=shapes.inner,
    bounds=lambda x, y: bounds.one_sided(bounds.product(x, y)),
    public=False,
    say=Say(stem="{x}{y}", short="inner"),
    test=Test(sympy="sum(x*y)"),
)

outer = op(
    "outer(x, y)",
    doc="products of each element of x with each of y",
    linear=["dout @ y", "x @ dout"],
    shape=shapes.outer,
    say=Say(part="outer swaps", stem="out{x}{y}", short="outer"),
)

trace = op(
    "trace(x)",
    doc="sum of the diagonal of a matrix",
    linear=["dout*eye(x)"],
    shape=shapes.trace,
    say=Say(symbol="tr", part="trace distributes along the diagonal", stem="tr{x}", short="tr"),
)

det = op(
    "det(x)",
    doc="determinant; its gradient is the matrix of cofactors, at singular matrices too",
    vjps=lambda ranks, shapes: [
        "dout*cofactor(x)" if ranks[0] == 2 else "expand(dout, axis=(-2, -1))*cofactor(x)"
    ],
    jvp="sum(cofactor(x)*x_dot, axis=(-2, -1))",
    code="np.linalg.det({x})",
    shape=shapes.det,
    say=Say(part="det scales by the cofactors"),
)

_COFACTOR = '''
def cofactor(x):
    """The matrix of cofactors from the singular values: det(x)*inv(x).T where x is regular, and finite where not."""
    u, s, v = np.linalg.svd(x)
    sign = np.linalg.det(u)*np.linalg.det(v)
    return sign[..., None, None]*((u*others(s, -1)[..., None, :]) @ v)
'''

cofactor = op(
    "cofactor(x)",
    doc="the matrix of cofactors",
    code="cofactor({x})",
    helpers={"numpy": _COFACTOR},
    shape=shapes.square,
    public=False,
    say=Say(stem="cof{x}", short="cof"),
)

inv = op(
    "inv(x)",
    doc="inverse of a square matrix",
    vjps=["-swap(out) @ dout @ swap(out)"],
    jvp="-out @ x_dot @ out",
    code="np.linalg.inv({x})",
    shape=shapes.square,
    needs="x not singular",
    say=Say(
        symbol="x⁻¹",
        part="inv: minus {out}.T on either side",
        latex="{{{x}}}^{{-1}}",
        short="inv",
    ),
    steep=Steep(safe=["eye"]),
)

solve = op(
    "solve(x, y)",
    doc="the solution z of x @ z = y",
    vjps=rules.solve_vjp,
    jvp="solve(x, y_dot - x_dot @ out)",
    code="np.linalg.solve({x}, {y})",
    shape=shapes.solved,
    needs="x not singular",
    say=Say(part="solve solves with the transpose", stem="sol{x}{y}", short="sol"),
    steep=Steep(safe=["eye", None]),
    test=Test(sympy="inv(x) @ y"),
)

transpose = op(
    "transpose(x; axes=None)",
    doc="the axes in reverse, or in the order given; a view",
    linear=rules.transpose_vjp,
    code={
        "numpy": "np.transpose({x}{*statics})",
        "numpy_array": "{x}.transpose({*order})",
        "numpy_plain": "{x}.T",
    },
    shape=shapes.transposed,
    view=True,
    bounds=lambda x, **statics: x,
    say=Say(
        symbol=".T",
        part=".T transposes back",
        latex=r"{{{x}}}^{{\mathsf{{T}}}}",
        stem="{x}T",
        short="tr",
    ),
    test=Test(samples=[{}, {"axes": (1, 0)}, {"axes": (2, 0, 1)}, {"axes": (0, 2, 1)}]),
)

swap = op(
    "swap(x)",
    doc="the last two axes exchanged; a view",
    linear=["swap(dout)"],
    code={"numpy": "np.swapaxes({x}, -1, -2)", "numpy_array": "{x}.swapaxes(-1, -2)"},
    shape=shapes.swapped,
    view=True,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="{x}T", short="tr"),
)

reshape = op(
    "reshape(x; shape=None)",
    doc="the same elements in another shape; a view",
    linear=rules.to_shape("reshape"),
    code={"numpy": "np.reshape({x}, {shape:dims})", "numpy_array": "{x}.reshape({*into})"},
    shape=shapes.reshaped,
    view=True,
    bounds=lambda x, **statics: x,
    say=Say(part="reshape goes back into shape", stem="{x}r", short="resh"),
    test=Test(samples=[{"shape": (-1,)}, {"shape": (3, 2)}, {"shape": (1, -1)}]),
)

expand = op(
    "expand(x; axis=None)",
    doc="new axes of size 1",
    linear=rules.to_shape("reshape"),
    code={"numpy": "np.expand_dims({x}, {axis})", "numpy_array": "{x}[{*new}]"},
    shape=shapes.expanded,
    view=True,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="{x}e", short="exp"),
    test=Test(samples=[{"axis": 0}, {"axis": -1}, {"axis": (0, 1)}]),
)

spread = op(
    "spread(x; shape=None)",
    doc="the value in a larger shape; a read-only view",
    linear=True,
    code="np.broadcast_to({x}, {shape:dims})",
    shape=shapes.to,
    view=True,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="{x}s", short="full"),
)

index = op(
    "index(x; index=None)",
    doc="elements by constant indices and slices; the gradient is added into place",
    linear=rules.index_vjp,
    code="{x}[{index:subscript}]",
    shape=shapes.indexed,
    view=True,
    bounds=lambda x, **statics: x,
    say=Say(
        part="[ ] adds into its place", latex="{{{x}}}_{{{index}}}", stem="{x}{index}", short="at"
    ),
    test=Test(
        samples=[
            {"index": i}
            for i in (
                (0,),
                (-1,),
                (0, 1),
                (_FROM_1,),
                (("slice", None, None, 2),),
                (("slice", None, None, -1), None),
                ("...", 0),
                (None, 0),
            )
        ]
    ),
)

_SCATTER = '''
def scatter(x, index, shape):
    """Zeros of a shape, with x added at an index."""
    out = np.zeros(shape, np.asarray(x).dtype)
    out[index] += x
    return out
'''

scatter = op(
    "scatter(x; index=None, shape=None)",
    doc="zeros of a shape, with x added at an index",
    linear=["index(dout, index=index)"],
    code="scatter({x}, np.s_[{index:subscript}], {shape:dims})",
    helpers={"numpy": _SCATTER},
    shape=shapes.given,
    public=False,
    say=Say(stem="{x}in", short="into"),
    test=Test(samples=[{"index": (_FROM_1,), "shape": (5,)}]),
)

segment = op(
    "segment(x; axis=0, start=0, size=0)",
    doc="a piece of an axis; a view",
    linear=True,
    code="{x}[{*segment:subscript}]",
    shape=shapes.segmented,
    view=True,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="{x}part", short="part"),
)

concatenate = op(
    "concatenate(*xs; axis=0)",
    doc="arrays joined along an axis",
    linear=rules.joined_vjp,
    code="np.concatenate([{*xs}]{*statics})",
    shape=shapes.joined,
    bounds=lambda *xs, **statics: bounds.union(*xs),
    aliases="concat",
    say=Say(symbol="cat", part="concatenate splits", stem="cat", short="cat"),
    test=Test(samples=[{"axis": 0}, {"axis": -1}]),
)

stack = op(
    "stack(*xs; axis=0)",
    doc="values or arrays along a new axis",
    linear=rules.stacked_vjp,
    code="np.stack([{*xs}]{*statics}{*precision})",
    shape=shapes.stacked,
    bounds=lambda *xs, **statics: bounds.union(*xs),
    say=Say(part="stack splits", stem="stack", short="stack"),
    test=Test(samples=[{"axis": 0}, {"axis": -1}, {"axis": 1}]),
)

eye = op(
    "eye(x)",
    doc="ones on the diagonal, zeros elsewhere, in the shape of x",
    code="np.eye(*{x}.shape, dtype={x}.dtype)",
    shape=shapes.same,
    public=False,
    say=Say(stem="eye"),
)

count = op(
    "count(x; axis=None)",
    doc="how many elements a reduction takes together",
    code="np.size({x}{*statics})",
    shape=shapes.scalar,
    public=False,
    say=Say(stem="count"),
)
