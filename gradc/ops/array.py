"""Gates of whole arrays: products of matrices, reductions, views, linear algebra.

Their rules are linear maps of `dout`, written in the language; which one can hang on the ranks:

>>> matmul.vjps((2, 2), ())
['dout @ y.T', 'x.T @ dout']
>>> matmul.vjps((2, 1), ())
['outer(dout, y)', 'x.T @ dout']
"""

from __future__ import annotations

import math
from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dim, Dims, ShapeError, multiple, shared, show, stepped, total
from gradc.ops import bounds
from gradc.ops.table import Fast, Kink, Say, Steep, Test, op

Axis = int | tuple[int, ...] | None
Ranks = tuple[int, ...]

# ---- shapes ------------------------------------------------------------------------------------


def axes_of(axis: Axis, rank: int) -> tuple[int, ...]:
    """The axes of a reduction, counted from 0, in order; `ShapeError` for one that is not there."""
    if axis is None:
        return tuple(range(rank))
    wanted = axis if isinstance(axis, tuple) else (axis,)
    for one in wanted:
        if not -rank <= one < rank:
            raise ShapeError(
                f"axis {one} is out of range for an array of {rank} axes", args_at_fault=(0,)
            )
    found = sorted({one % rank for one in wanted})
    if len(found) != len(wanted):
        raise ShapeError(f"an axis is named twice in {axis}", args_at_fault=(0,))
    return tuple(found)


def reduced(dims: Dims, x: Shape, axis: Axis = None, keepdims: bool = False) -> Shape:
    gone = axes_of(axis, len(x))
    if keepdims:
        return tuple(1 if i in gone else dim for i, dim in enumerate(x))
    return tuple(dim for i, dim in enumerate(x) if i not in gone)


def _same(dims: Dims, x: Shape, axis: Axis = None) -> Shape:
    axes_of(axis, len(x))
    return x


def _first(dims: Dims, x: Shape, y: Shape, axis: Axis = None) -> Shape:
    axes_of(axis, len(x))
    return x


def _taken_at(dims: Dims, x: Shape, y: Shape, axis: int = -1) -> Shape:
    return y


def _total(dims: Dims, x: Shape, y: Shape, axis: Axis = None) -> Shape:
    return x


def _expanded(dims: Dims, x: Shape, axis: Axis = None) -> Shape:
    wanted = axis if isinstance(axis, tuple) else (axis or 0,)
    rank = len(x) + len(wanted)
    new = {one % rank for one in wanted}
    rest = iter(x)
    return tuple(1 if i in new else next(rest) for i in range(rank))


def _matmul(dims: Dims, x: Shape, y: Shape) -> Shape:
    if not x or not y:
        raise ShapeError(
            "'@' needs arrays, not scalars; write '*'", args_at_fault=(0,) if not x else (1,)
        )
    inner_x, inner_y = x[-1], y[-2] if len(y) > 1 else y[-1]
    if not dims.unify(inner_x, inner_y):
        raise ShapeError(
            f"shapes {show(dims.resolve(x))} and {show(dims.resolve(y))} do not multiply: "
            f"inner sizes {dims.find(inner_x)} and {dims.find(inner_y)} differ",
            args_at_fault=(0, 1),
        )
    batch = dims.broadcast(x[:-2], y[:-2])
    return dims.resolve(batch + x[-2:-1] * (len(x) > 1) + y[-1:] * (len(y) > 1))


def _inner(dims: Dims, x: Shape, y: Shape) -> Shape:
    if not dims.unify_shapes(x, y):
        raise ShapeError(f"shapes {show(x)} and {show(y)} differ", args_at_fault=(0, 1))
    return ()


def _outer(dims: Dims, x: Shape, y: Shape) -> Shape:
    if len(x) != 1 or len(y) != 1:
        raise ShapeError("outer takes two vectors", args_at_fault=(0,) if len(x) != 1 else (1,))
    return x + y


def _transposed(dims: Dims, x: Shape, axes: tuple[int, ...] | None = None) -> Shape:
    if axes is None:
        return x[::-1]
    if not all(-len(x) <= i < len(x) for i in axes) or sorted(i % len(x) for i in axes) != list(
        range(len(x))
    ):
        raise ShapeError(
            f"axes {axes} do not name each of the {len(x)} axes once", args_at_fault=(0,)
        )
    return tuple(x[i] for i in axes)


def _swapped(dims: Dims, x: Shape) -> Shape:
    if len(x) < 2:
        raise ShapeError(f"needs a matrix, not shape {show(x)}", args_at_fault=(0,))
    return (*x[:-2], x[-1], x[-2])


def product(dims: tuple[Dim, ...]) -> Dim:
    """The number of elements, as a number or as an expression of the named sizes.

    >>> product((2, 3)), product(("n", 2)), product(("n - 1", "m*d")), product(("n", 0))
    (6, '2*n', '(n - 1)*m*d', 0)
    """
    count = math.prod(d for d in dims if isinstance(d, int))
    names = [d for d in dims if isinstance(d, str)]
    if not names or not count:
        return count
    return multiple(count, names)


def _reshaped(dims: Dims, x: Shape, shape: Shape = ()) -> Shape:
    x = dims.resolve(x)
    if -1 not in shape:
        have, want = product(x), product(dims.resolve(shape))
        if isinstance(have, int) and isinstance(want, int) and have != want:
            raise ShapeError(
                f"cannot reshape {show(x)}, {have} elements, into {show(shape)}", args_at_fault=(0,)
            )
        return shape
    rest = tuple(d for d in shape if d != -1)
    left = list(x)
    for d in rest:
        if d in left:
            left.remove(d)
            continue
        share = shared(product(tuple(left)), d)
        if share is None:
            raise ShapeError(f"cannot reshape {show(x)} into {show(shape)}", args_at_fault=(0,))
        left = [share]
    return tuple(total([product(tuple(left))]) if d == -1 else d for d in shape)


def _joined(dims: Dims, *xs: Shape, axis: int = 0) -> Shape:
    first = xs[0]
    (at,) = axes_of(axis, len(first)) if first else (None,)
    if at is None:
        raise ShapeError("concatenate takes arrays, not scalars; use stack", args_at_fault=(0,))
    for i, x in enumerate(xs):
        if len(x) != len(first) or not all(
            j == at or dims.unify(p, q) for j, (p, q) in enumerate(zip(first, x, strict=True))
        ):
            raise ShapeError(
                f"shapes {show(first)} and {show(x)} do not join along axis {axis}",
                args_at_fault=(0, i),
            )
    return (*first[:at], total([x[at] for x in xs]), *first[at + 1 :])


def _stacked(dims: Dims, *xs: Shape, axis: int = 0) -> Shape:
    for i, x in enumerate(xs):
        if not dims.unify_shapes(xs[0], x):
            raise ShapeError(
                f"shapes {show(xs[0])} and {show(x)} do not stack", args_at_fault=(0, i)
            )
    rank = len(xs[0]) + 1
    (at,) = axes_of(axis, rank)
    return (*xs[0][:at], len(xs), *xs[0][at:])


def _square(dims: Dims, x: Shape) -> Shape:
    if len(x) < 2 or not dims.unify(x[-1], x[-2]):
        raise ShapeError(
            f"needs a square matrix, not shape {show(dims.resolve(x))}", args_at_fault=(0,)
        )
    return dims.resolve(x)


def _det(dims: Dims, x: Shape) -> Shape:
    return _square(dims, x)[:-2]


def _trace(dims: Dims, x: Shape) -> Shape:
    if len(x) != 2:
        raise ShapeError(
            f"trace needs a matrix, not shape {show(dims.resolve(x))}", args_at_fault=(0,)
        )
    return ()


def _solved(dims: Dims, x: Shape, y: Shape) -> Shape:
    _square(dims, x)
    at = -2 if len(y) > 1 else -1
    if not y or not dims.unify(x[-1], y[at]):
        raise ShapeError(
            f"shapes {show(dims.resolve(x))} and {show(dims.resolve(y))} do not fit in solve",
            args_at_fault=(0, 1),
        )
    return dims.resolve(y if len(y) == 1 else dims.broadcast(x[:-2], y[:-2]) + y[-2:])


def _indexed(dims: Dims, x: Shape, index: tuple[Any, ...] = ()) -> Shape:
    """The shape of x[index].

    An int takes an axis away, a slice ("slice", start, stop, step) keeps it, None adds one.
    """
    used = sum(1 for item in index if item is not None and item != "...")
    if used > len(x):
        raise ShapeError(
            f"too many indices: {used} for an array of shape {show(dims.resolve(x))}",
            args_at_fault=(0,),
        )
    out: list[Dim] = []
    rest = list(dims.resolve(x))
    for at, item in enumerate(index):
        if item is None:
            out.append(1)
        elif item == "...":
            after = sum(1 for later in index[at + 1 :] if later is not None)
            keep = len(rest) - after
            out += rest[:keep]
            rest = rest[keep:]
        elif isinstance(item, int):
            dim = rest.pop(0)
            if isinstance(dim, int) and not -dim <= item < dim:
                raise ShapeError(
                    f"index {item} is outside 0..{dim - 1}"
                    if dim
                    else f"index {item} into an empty axis",
                    args_at_fault=(0,),
                )
        else:
            dims.at_least(rest[0], taken(*item[1:]))
            out.append(sliced(rest.pop(0), *item[1:]))
    return tuple(out + rest)


def sliced(dim: Dim, start: int | None, stop: int | None, step: int | None) -> Dim:
    """The length of a slice of a dimension.

    >>> sliced(5, 1, None, None), sliced("n", 1, None, None), sliced("n", 1, 3, None)
    (4, 'n - 1', 2)
    """
    if isinstance(dim, int) or step not in (None, 1):
        return stepped(dim, start, stop, step)
    lo, lo_n = (start or 0), int((start or 0) < 0)
    hi, hi_n = (0, 1) if stop is None else (stop, int(stop < 0))
    count, times = hi - lo, hi_n - lo_n
    if times < 0:
        return stepped(dim, start, stop, step)
    return total([dim, count]) if times else max(count, 0)


def taken(start: int | None, stop: int | None, step: int | None) -> int:
    """How long an axis is at least if a slice of it has its full length, whatever the axis is.

    >>> taken(None, 5, None), taken(-3, None, None), taken(1, None, None), taken(5, 2, None)
    (5, 3, 0, 0)
    """
    if step not in (None, 1) or (stop is None or stop < 0) != ((start or 0) < 0):
        return 0
    low, high = start or 0, stop or 0
    return 0 if high <= low else max(high, -low)


def _given(dims: Dims, x: Shape, index: Any = (), shape: Shape = ()) -> Shape:
    if dims.resolve(_indexed(dims, shape, index)) != dims.resolve(x):
        raise ShapeError(f"a value of shape {show(x)} does not fit there", args_at_fault=(0,))
    return shape


def _to(dims: Dims, x: Shape, shape: Shape = ()) -> Shape:
    return shape


def _segmented(dims: Dims, x: Shape, axis: int = 0, start: Dim = 0, size: Dim = 0) -> Shape:
    return (*x[:axis], size, *x[axis + 1 :])


def _scalar(dims: Dims, x: Shape, axis: Axis = None) -> Shape:
    return ()


# ---- rules that hang on shapes -----------------------------------------------------------------


def _sum_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False
) -> list[str]:
    return ["dout"] if keepdims or axis is None else ["expand(dout, axis=axis)"]


def _mean_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False
) -> list[str]:
    return (
        ["dout/count(x, axis=axis)"]
        if keepdims or axis is None
        else ["expand(dout/count(x, axis=axis), axis=axis)"]
    )


def _masked_vjp(mask: str) -> Any:
    """dout, given back its axes, times what each element counts for."""

    def rule(
        ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False
    ) -> list[str]:
        spread = "dout" if keepdims or axis is None else "expand(dout, axis=axis)"
        return [mask.replace("DOUT", spread)]

    return rule


def _norm_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False
) -> list[str]:
    if keepdims or axis is None:
        return ["x/nonzero(out)*dout"]
    return ["x/nonzero(expand(out, axis=axis))*expand(dout, axis=axis)"]


def _matmul_vjp(ranks: Ranks, shapes: tuple[Shape, ...]) -> list[str]:
    match ranks:
        case (1, 1):
            return ["y*dout", "x*dout"]
        case (2, 1):
            return ["outer(dout, y)", "x.T @ dout"]
        case (1, 2):
            return ["dout @ y.T", "outer(x, dout)"]
        case (2, 2):
            return ["dout @ y.T", "x.T @ dout"]
        case (_, 1):
            flat = f"reshape(x, shape={(-1, shapes[1][0])!r})"
            return ["expand(dout, axis=-1)*y", f"reshape(dout, shape=(-1,)) @ {flat}"]
        case (_, 2):  # one product of matrices, whose rows are those of all batches
            wide, high = (
                f"reshape({each}, shape={(-1, dim)!r})"
                for each, dim in zip(("x", "dout"), shapes[1], strict=True)
            )
            return ["dout @ y.T", f"{wide}.T @ {high}"]
        case (1, _):
            return [
                "sum(y*expand(dout, axis=-2), axis=-1)",
                "expand(x, axis=-1)*expand(dout, axis=-2)",
            ]
    return ["dout @ swap(y)", "swap(x) @ dout"]


def _solve_vjp(ranks: Ranks, shapes: tuple[Shape, ...]) -> list[str]:
    if ranks[1] == 1:
        return ["-outer(solve(swap(x), dout), out)", "solve(swap(x), dout)"]
    return ["-solve(swap(x), dout) @ swap(out)", "solve(swap(x), dout)"]


def _transpose_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], axes: tuple[int, ...] | None = None
) -> list[str]:
    if axes is None:
        return ["dout.T"]
    rank = len(axes)
    back = tuple(sorted(range(rank), key=lambda i: axes[i] % rank))
    return [f"transpose(dout, axes={back})"]


def swaps(rank: int, attr: Any) -> bool:
    """Whether a transposition with this attribute changes the last two axes, and these alone.

    >>> swaps(2, (None,)), swaps(3, (None,)), swaps(3, ((0, -1, 1),))
    (True, False, True)
    """
    axes = attr[0] or range(-1, -rank - 1, -1)
    return [axis % rank for axis in axes] == [*range(rank - 2), rank - 1, rank - 2]


# A whole axis, and a whole axis from its end.
_EVERY = ("slice", None, None, None)
_BACK = ("slice", None, None, -1)


def _index_vjp(ranks: Ranks, shapes: tuple[Shape, ...], index: tuple[Any, ...] = ()) -> list[str]:
    if all(item is None or item == _EVERY or item == "..." for item in index):
        return [f"reshape(dout, shape={shapes[0]!r})"]
    if all(item in (_EVERY, _BACK) or item == "..." for item in index):
        return [f"index(dout, index={index!r})"]
    return [f"scatter(dout, index=index, shape={shapes[0]!r})"]


def _joined_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: int = 0) -> list[str]:
    at = axis % ranks[0]
    starts: list[Dim] = [0]
    for shape in shapes[:-1]:
        starts.append(total([starts[-1], shape[at]]))
    return [
        f"segment(dout, axis={at}, start={start!r}, size={shape[at]!r})"
        for start, shape in zip(starts, shapes, strict=True)
    ]


def _stacked_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: int = 0) -> list[str]:
    lead = (("slice", None, None, None),) * (axis % (ranks[0] + 1))
    return [f"index(dout, index={(*lead, i)!r})" for i in range(len(shapes))]


def _to_shape(name: str) -> Any:
    def rule(ranks: Ranks, shapes: tuple[Shape, ...], **statics: Any) -> list[str]:
        return [f"{name}(dout, shape={shapes[0]!r})"]

    return rule


# ---- the entries -------------------------------------------------------------------------------

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
    linear=_sum_vjp,
    code="np.sum({x}{*statics})",
    shape=reduced,
    lazy=True,
    bounds=lambda x, **statics: bounds.one_sided(x),
    say=Say(symbol="Σ", part="sum distributes to every element", latex=r"\sum {x}", short="total"),
    fast=Fast(reduce="add"),
    test=Test(samples=_AXES),
)

mean = op(
    "mean(x; axis=None, keepdims=False)",
    doc="mean over the axes; every element gets its share",
    linear=_mean_vjp,
    code="np.mean({x}{*statics})",
    shape=reduced,
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
    vjps=_masked_vjp("DOUT*softmax(x, axis=axis)"),
    jvp="sum(softmax(x, axis=axis)*x_dot, axis=axis, keepdims=keepdims)",
    code={"numpy": "logsumexp_over({x}{*statics})", "numpy_along": "logsumexp({x}{*along})"},
    helpers={"numpy": [_LOGSUMEXP, _LOGSUMEXP_OVER]},
    shape=reduced,
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
    shape=_same,
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
    if not np.any(near):
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
    shape=_total,
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
    shape=_same,
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
    vjps=_norm_vjp,
    jvp="sum(x*x_dot, axis=axis, keepdims=keepdims)/nonzero(out)",
    code="norm({x}{*statics})",
    helpers={"numpy": _NORM},
    shape=reduced,
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
    vjps=_masked_vjp("DOUT*others(x, axis=axis)"),
    jvp="sum(others(x, axis=axis)*x_dot, axis=axis, keepdims=keepdims)",
    code="np.prod({x}{*statics})",
    shape=reduced,
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
    shape=_same,
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
    shape=_same,
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
    shape=_first,
    public=False,
    say=Say(stem="{x}gap", short="gap"),
)

heaviest = op(
    "heaviest(x; axis=-1)",
    doc="where along an axis the first largest element is",
    code={"numpy": "np.argmax({x}, axis={axis}, keepdims=True)"},
    shape=lambda dims, x, axis=-1: reduced(dims, x, axis, True),
    integer=True,
    public=False,
    say=Say(stem="at{x}", short="at"),
)

taken_at = op(
    "taken_at(x, y; axis=-1)",
    doc="the elements along an axis at the places that y says",
    code={"numpy": "np.take_along_axis({x}, {y}, {axis})"},
    shape=_taken_at,
    whole=(1,),
    public=False,
    say=Say(stem="top{x}", short="top"),
)

amax = op(
    "max(x; axis=None, keepdims=False)",
    doc="largest element; routes the whole gradient to the first of them",
    vjps=_masked_vjp("where(first_max(x, axis=axis), DOUT, 0.0)"),
    jvp="sum(where(first_max(x, axis=axis), x_dot, 0), axis=axis, keepdims=keepdims)",
    code="np.max({x}{*statics})",
    shape=reduced,
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
    vjps=_masked_vjp("where(first_min(x, axis=axis), DOUT, 0.0)"),
    jvp="sum(where(first_min(x, axis=axis), x_dot, 0), axis=axis, keepdims=keepdims)",
    code="np.min({x}{*statics})",
    shape=reduced,
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
    shape=_same,
    boolean=True,
    public=False,
    say=Say(stem="first{x}", short="first"),
)

first_min = op(
    "first_min(x; axis=None)",
    doc="where the first smallest element is",
    code={"numpy": "first_max_over(-{x}{*statics})", "numpy_along": "first_max(-{x}{*along})"},
    shape=_same,
    boolean=True,
    public=False,
    say=Say(stem="first{x}", short="first"),
)

matmul = op(
    "matmul(x, y)",
    doc="matrix product, of vectors, matrices and batches of them",
    linear=_matmul_vjp,
    code="{x} @ {y}",
    shape=_matmul,
    bounds=lambda x, y: bounds.one_sided(bounds.product(x, y)),
    say=Say(symbol="@", part="@ swaps, transposed", latex="{x} {y}", stem="{x}{y}", short="prod"),
)

inner = op(
    "inner(x, y)",
    doc="sum of the products of elements, of two arrays of one shape",
    linear=["y*dout", "x*dout"],
    code="np.vdot({x}, {y})",
    shape=_inner,
    bounds=lambda x, y: bounds.one_sided(bounds.product(x, y)),
    public=False,
    say=Say(stem="{x}{y}", short="inner"),
    test=Test(sympy="sum(x*y)"),
)

outer = op(
    "outer(x, y)",
    doc="products of each element of x with each of y",
    linear=["dout @ y", "x @ dout"],
    shape=_outer,
    say=Say(part="outer swaps", stem="out{x}{y}", short="outer"),
)

trace = op(
    "trace(x)",
    doc="sum of the diagonal of a matrix",
    linear=["dout*eye(x)"],
    shape=_trace,
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
    shape=_det,
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
    shape=_square,
    public=False,
    say=Say(stem="cof{x}", short="cof"),
)

inv = op(
    "inv(x)",
    doc="inverse of a square matrix",
    vjps=["-swap(out) @ dout @ swap(out)"],
    jvp="-out @ x_dot @ out",
    code="np.linalg.inv({x})",
    shape=_square,
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
    vjps=_solve_vjp,
    jvp="solve(x, y_dot - x_dot @ out)",
    code="np.linalg.solve({x}, {y})",
    shape=_solved,
    needs="x not singular",
    say=Say(part="solve solves with the transpose", stem="sol{x}{y}", short="sol"),
    steep=Steep(safe=["eye", None]),
    test=Test(sympy="inv(x) @ y"),
)

transpose = op(
    "transpose(x; axes=None)",
    doc="the axes in reverse, or in the order given; a view",
    linear=_transpose_vjp,
    code={"numpy": "np.transpose({x}{*statics})", "numpy_plain": "{x}.T"},
    shape=_transposed,
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
    code="np.swapaxes({x}, -1, -2)",
    shape=_swapped,
    view=True,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="{x}T", short="tr"),
)

reshape = op(
    "reshape(x; shape=None)",
    doc="the same elements in another shape; a view",
    linear=_to_shape("reshape"),
    code="np.reshape({x}, {shape:dims})",
    shape=_reshaped,
    view=True,
    bounds=lambda x, **statics: x,
    say=Say(part="reshape goes back into shape", stem="{x}r", short="resh"),
    test=Test(samples=[{"shape": (-1,)}, {"shape": (3, 2)}, {"shape": (1, -1)}]),
)

expand = op(
    "expand(x; axis=None)",
    doc="new axes of size 1",
    linear=_to_shape("reshape"),
    code="np.expand_dims({x}, {axis})",
    shape=_expanded,
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
    shape=_to,
    view=True,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="{x}s", short="full"),
)

index = op(
    "index(x; index=None)",
    doc="elements by constant indices and slices; the gradient is added into place",
    linear=_index_vjp,
    code="{x}[{index:subscript}]",
    shape=_indexed,
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
    shape=_given,
    public=False,
    say=Say(stem="{x}in", short="into"),
    test=Test(samples=[{"index": (_FROM_1,), "shape": (5,)}]),
)

segment = op(
    "segment(x; axis=0, start=0, size=0)",
    doc="a piece of an axis; a view",
    linear=True,
    code="{x}[{*segment:subscript}]",
    shape=_segmented,
    view=True,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="{x}part", short="part"),
)

concatenate = op(
    "concatenate(*xs; axis=0)",
    doc="arrays joined along an axis",
    linear=_joined_vjp,
    code="np.concatenate([{*xs}]{*statics})",
    shape=_joined,
    bounds=lambda *xs, **statics: bounds.union(*xs),
    aliases="concat",
    say=Say(symbol="cat", part="concatenate splits", stem="cat", short="cat"),
    test=Test(samples=[{"axis": 0}, {"axis": -1}]),
)

stack = op(
    "stack(*xs; axis=0)",
    doc="values or arrays along a new axis",
    linear=_stacked_vjp,
    code="np.stack([{*xs}]{*statics}{*precision})",
    shape=_stacked,
    bounds=lambda *xs, **statics: bounds.union(*xs),
    say=Say(part="stack splits", stem="stack", short="stack"),
    test=Test(samples=[{"axis": 0}, {"axis": -1}, {"axis": 1}]),
)

eye = op(
    "eye(x)",
    doc="ones on the diagonal, zeros elsewhere, in the shape of x",
    code="np.eye(*{x}.shape, dtype={x}.dtype)",
    shape=_same,
    public=False,
    say=Say(stem="eye"),
)

count = op(
    "count(x; axis=None)",
    doc="how many elements a reduction takes together",
    code="np.size({x}{*statics})",
    shape=_scalar,
    public=False,
    say=Say(stem="count"),
)
