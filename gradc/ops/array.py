"""Gates of whole arrays: products of matrices, reductions, views, linear algebra.

Their rules are linear maps of `dout`, written in the language; which one applies can hang on the ranks:

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
from gradc.ops.table import op

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
            raise ShapeError(f"axis {one} is out of range for an array of {rank} axes", args_at_fault=(0,))
    found = sorted({one % rank for one in wanted})
    if len(found) != len(wanted):
        raise ShapeError(f"an axis is named twice in {axis}", args_at_fault=(0,))
    return tuple(found)


def _reduced(dims: Dims, x: Shape, axis: Axis = None, keepdims: bool = False) -> Shape:
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


def _expanded(dims: Dims, x: Shape, axis: Axis = None) -> Shape:
    wanted = axis if isinstance(axis, tuple) else (axis or 0,)
    rank = len(x) + len(wanted)
    new = {one % rank for one in wanted}
    rest = iter(x)
    return tuple(1 if i in new else next(rest) for i in range(rank))


def _matmul(dims: Dims, x: Shape, y: Shape) -> Shape:
    if not x or not y:
        raise ShapeError("'@' needs arrays, not scalars; write '*'", args_at_fault=(0,) if not x else (1,))
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
    if not all(-len(x) <= i < len(x) for i in axes) or sorted(i % len(x) for i in axes) != list(range(len(x))):
        raise ShapeError(f"axes {axes} do not name each of the {len(x)} axes once", args_at_fault=(0,))
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
            raise ShapeError(f"cannot reshape {show(x)}, {have} elements, into {show(shape)}", args_at_fault=(0,))
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
            raise ShapeError(f"shapes {show(first)} and {show(x)} do not join along axis {axis}", args_at_fault=(0, i))
    return (*first[:at], total([x[at] for x in xs]), *first[at + 1 :])


def _stacked(dims: Dims, *xs: Shape, axis: int = 0) -> Shape:
    for i, x in enumerate(xs):
        if not dims.unify_shapes(xs[0], x):
            raise ShapeError(f"shapes {show(xs[0])} and {show(x)} do not stack", args_at_fault=(0, i))
    rank = len(xs[0]) + 1
    (at,) = axes_of(axis, rank)
    return (*xs[0][:at], len(xs), *xs[0][at:])


def _square(dims: Dims, x: Shape) -> Shape:
    if len(x) < 2 or not dims.unify(x[-1], x[-2]):
        raise ShapeError(f"needs a square matrix, not shape {show(dims.resolve(x))}", args_at_fault=(0,))
    return dims.resolve(x)


def _det(dims: Dims, x: Shape) -> Shape:
    return _square(dims, x)[:-2]


def _trace(dims: Dims, x: Shape) -> Shape:
    if len(x) != 2:
        raise ShapeError(f"trace needs a matrix, not shape {show(dims.resolve(x))}", args_at_fault=(0,))
    return ()


def _solved(dims: Dims, x: Shape, y: Shape) -> Shape:
    _square(dims, x)
    at = -2 if len(y) > 1 else -1
    if not y or not dims.unify(x[-1], y[at]):
        raise ShapeError(
            f"shapes {show(dims.resolve(x))} and {show(dims.resolve(y))} do not fit in solve", args_at_fault=(0, 1)
        )
    return dims.resolve(y if len(y) == 1 else dims.broadcast(x[:-2], y[:-2]) + y[-2:])


def _indexed(dims: Dims, x: Shape, index: tuple[Any, ...] = ()) -> Shape:
    """The shape of x[index]: an int takes an axis away, a slice ("slice", start, stop, step) keeps it, None adds one."""
    taken = sum(1 for item in index if item is not None and item != "...")
    if taken > len(x):
        raise ShapeError(f"too many indices: {taken} for an array of shape {show(dims.resolve(x))}", args_at_fault=(0,))
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
                    f"index {item} is outside 0..{dim - 1}" if dim else f"index {item} into an empty axis",
                    args_at_fault=(0,),
                )
        else:
            dims.at_least(rest[0], _taken(*item[1:]))
            out.append(sliced(rest.pop(0), *item[1:]))
    return tuple(out + rest)


def sliced(dim: Dim, start: int | None, stop: int | None, step: int | None) -> Dim:
    """The length of a slice of a dimension.

    >>> sliced(5, 1, None, None), sliced("n", 1, None, None), sliced("n", None, -1, None), sliced("n", 1, 3, None)
    (4, 'n - 1', 'n - 1', 2)
    """
    if isinstance(dim, int) or step not in (None, 1):
        return stepped(dim, start, stop, step)
    lo, lo_n = (start or 0), int((start or 0) < 0)
    hi, hi_n = (0, 1) if stop is None else (stop, int(stop < 0))
    count, times = hi - lo, hi_n - lo_n
    if times < 0:
        return stepped(dim, start, stop, step)
    return total([dim, count]) if times else max(count, 0)


def _taken(start: int | None, stop: int | None, step: int | None) -> int:
    """How long an axis is at least if a slice of it has its full length, whatever the axis is.

    >>> _taken(None, 5, None), _taken(-3, None, None), _taken(1, None, None), _taken(5, 2, None)
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


def _sum_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False) -> list[str]:
    return ["dout"] if keepdims or axis is None else ["expand(dout, axis=axis)"]


def _mean_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False) -> list[str]:
    return ["dout/count(x, axis=axis)"] if keepdims or axis is None else ["expand(dout/count(x, axis=axis), axis=axis)"]


def _masked_vjp(mask: str) -> Any:
    """dout, given back its axes, times what each element counts for."""

    def rule(ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False) -> list[str]:
        spread = "dout" if keepdims or axis is None else "expand(dout, axis=axis)"
        return [mask.replace("DOUT", spread)]

    return rule


def _norm_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False) -> list[str]:
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
            return ["expand(dout, axis=-1)*y", "x*expand(dout, axis=-1)"]
        case (1, _):
            return ["sum(y*expand(dout, axis=-2), axis=-1)", "expand(x, axis=-1)*expand(dout, axis=-2)"]
    return ["dout @ swap(y)", "swap(x) @ dout"]


def _solve_vjp(ranks: Ranks, shapes: tuple[Shape, ...]) -> list[str]:
    if ranks[1] == 1:
        return ["-outer(solve(swap(x), dout), out)", "solve(swap(x), dout)"]
    return ["-solve(swap(x), dout) @ swap(out)", "solve(swap(x), dout)"]


def _transpose_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axes: tuple[int, ...] | None = None) -> list[str]:
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


def _index_vjp(ranks: Ranks, shapes: tuple[Shape, ...], index: tuple[Any, ...] = ()) -> list[str]:
    if all(item is None or item == ("slice", None, None, None) or item == "..." for item in index):
        return [f"reshape(dout, shape={shapes[0]!r})"]
    return [f"scatter(dout, index=index, shape={shapes[0]!r})"]


def _joined_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: int = 0) -> list[str]:
    at = axis % ranks[0]
    starts: list[Dim] = [total([shape[at] for shape in shapes[:i]]) for i in range(len(shapes))]
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

_AXES = [{"axis": axis, "keepdims": keep} for axis in (None, 0, -1, (0, 1), (-1, 0)) for keep in (False, True)]
_ALONG = [{"axis": axis} for axis in (-1, 0, None, (0, 1))]
_SLICE = "slice"

# fmt: off
sum_ = op("sum(x; axis=None, keepdims=False)", reduce="add", samples=_AXES, doc="sum over the axes; every element gets the gradient", bounds=lambda x, **statics: bounds.one_sided(x), vjps=_sum_vjp, linear="each", lazy=True,
          forms={"numpy": "np.sum({x}{*statics})"}, shape=_reduced, stem="sum{x}", short="total", domain=[(-3.0, 3.0)],
          symbol="Σ", part="sum distributes to every element", latex="\\sum {x}")
mean = op("mean(x; axis=None, keepdims=False)", samples=_AXES, doc="mean over the axes; every element gets its share", bounds=lambda x, **statics: x, vjps=_mean_vjp, linear="each", lazy=True,
          forms={"numpy": "np.mean({x}{*statics})"}, shape=_reduced, stem="mean{x}", sympy="sum(x, axis, keepdims)/count(x, axis)", domain=[(-3.0, 3.0)],
          part="mean distributes an equal share to every element")
prod = op("prod(x; axis=None, keepdims=False)", reduce="multiply", samples=_AXES, doc="product over the axes; right with zeros among the factors", lazy=True,
          vjps=_masked_vjp("DOUT*others(x, axis=axis)"), jvp="sum(others(x, axis=axis)*x_dot, axis=axis, keepdims=keepdims)",
          forms={"numpy": "np.prod({x}{*statics})"}, shape=_reduced, stem="prod{x}", domain=[(-3.0, 3.0)],
          symbol="Π", part="prod gives each factor the product of the others")
others = op("others(x; axis=None)", doc="for each element, the product of all the others", shape=_same, public=False,
            forms={"numpy": "others!others({x}{*statics})"}, stem="others{x}", short="rest", domain=[(-3.0, 3.0)])
quotients = op("quotients(x)", doc="for each element of a vector, the product of all the others", shape=_same, public=False,
               forms={"numpy": "quotients!quotients({x})"}, stem="others{x}", short="rest", domain=[(-3.0, 3.0)])
amax = op("max(x; axis=None, keepdims=False)", reduce="maximum", samples=_AXES, tie="at a tie the gradient goes to the first", doc="largest element; routes the whole gradient to the first of them", selects=True, bounds=lambda x, **statics: x, lazy=True, aliases=["amax"],
          vjps=_masked_vjp("where(first_max(x, axis=axis), DOUT, 0.0)"), jvp="sum(where(first_max(x, axis=axis), x_dot, 0), axis=axis, keepdims=keepdims)",
          forms={"numpy": "np.max({x}{*statics})"}, shape=_reduced, stem="max{x}", short="top", domain=[(-3.0, 3.0)],
          part="max routes to the largest")
amin = op("min(x; axis=None, keepdims=False)", reduce="minimum", samples=_AXES, tie="at a tie the gradient goes to the first", doc="smallest element; routes the whole gradient to the first of them", selects=True, bounds=lambda x, **statics: x, lazy=True, aliases=["amin"],
          vjps=_masked_vjp("where(first_min(x, axis=axis), DOUT, 0.0)"), jvp="sum(where(first_min(x, axis=axis), x_dot, 0), axis=axis, keepdims=keepdims)",
          forms={"numpy": "np.min({x}{*statics})"}, shape=_reduced, stem="min{x}", short="low", domain=[(-3.0, 3.0)],
          part="min routes to the smallest")
first_max = op("first_max(x; axis=None)", doc="where the first largest element is", shape=_same, boolean=True, public=False,
               forms={"numpy": "first_max!first_max({x}{*statics})"}, stem="first{x}", short="first")
first_min = op("first_min(x; axis=None)", doc="where the first smallest element is", shape=_same, boolean=True, public=False,
               forms={"numpy": "first_max!first_max(-{x:mul}{*statics})"}, stem="first{x}", short="first")
logsumexp = op("logsumexp(x; axis=None, keepdims=False)", samples=_AXES, doc="log(sum(exp(x))), without overflow", lazy=True, aliases=["lse"],
               vjps=_masked_vjp("DOUT*softmax(x, axis=axis)"), jvp="sum(softmax(x, axis=axis)*x_dot, axis=axis, keepdims=keepdims)",
               forms={"numpy": "logsumexp!logsumexp({x}{*statics})"}, shape=_reduced, stem="lse{x}", sympy="log(sum(exp(x), axis, keepdims))", domain=[(-3.0, 3.0)],
               why="log(sum(exp(v))) as logsumexp(v), which cannot overflow",
               symbol="lse", part="logsumexp distributes by softmax({x})")
from_heaviest = op("from_heaviest(x, y; axis=-1)", doc="x less its element where y is largest", shape=_first, public=False,
                   forms={"numpy": "from_heaviest!from_heaviest({x}, {y}{*statics})"}, stem="{x}gap", short="gap")
# The mean is taken from the element of the largest share, so that next to a share of all but 1 the rest keeps its digits.
_GAP = "from_heaviest(SLOPE, out, axis=axis)"
_CENTRED = f"out*({_GAP} - sum(out*{_GAP}, axis=axis, keepdims=True))"
softmax = op("softmax(x; axis=-1)", samples=_ALONG, doc="exp(x)/sum(exp(x)) along the axes, without overflow", bounds=lambda x, **statics: (0.0, 1.0), vjps=[_CENTRED.replace("SLOPE", "dout")],
             jvp=_CENTRED.replace("SLOPE", "x_dot"), forms={"numpy": "softmax!softmax({x}{*statics})"}, shape=_same,
             stem="softmax{x}", short="softm", sympy="exp(x)/sum(exp(x), axis, True)", domain=[(-3.0, 3.0)], why="exp(v)/sum(exp(v)) as softmax(v), which cannot overflow",
             part="softmax scales by {out}, less the mean")
log_softmax = op("log_softmax(x; axis=-1)", samples=_ALONG, doc="x - logsumexp(x) along the axes", vjps=["dout - exp(out)*sum(dout, axis=axis, keepdims=True)"],
                 jvp="x_dot - sum(exp(out)*x_dot, axis=axis, keepdims=True)", forms={"numpy": "log_softmax!log_softmax({x}{*statics})"},
                 shape=_same, stem="logsm{x}", short="logsm", sympy="x - log(sum(exp(x), axis, True))", domain=[(-3.0, 3.0)], why="log(softmax(v)) as log_softmax(v), which keeps its digits",
                 part="log_softmax takes its softmax off")

matmul = op("matmul(x, y)", doc="matrix product, of vectors, matrices and batches of them", bounds=lambda x, y: bounds.one_sided(bounds.product(x, y)), vjps=_matmul_vjp, linear="each",
            forms={"numpy": "mul|{x:mul} @ {y:unary}"}, shape=_matmul, stem="{x}{y}", short="prod", latex="{x} {y}", domain=[(-3.0, 3.0)]*2,
            symbol="@", part="@ swaps, transposed")
inner = op("inner(x, y)", doc="sum of the products of elements, of two arrays of one shape", bounds=lambda x, y: bounds.one_sided(bounds.product(x, y)), shape=_inner, linear="each", vjps=["y*dout", "x*dout"], public=False,
           forms={"numpy": "np.vdot({x}, {y})"}, stem="{x}{y}", short="inner", sympy="sum(x*y)", domain=[(-3.0, 3.0)]*2)
outer = op("outer(x, y)", doc="products of each element of x with each of y", vjps=["dout @ y", "x @ dout"], linear="each", shape=_outer,
           stem="out{x}{y}", short="outer", domain=[(-3.0, 3.0)]*2,
           part="outer swaps")
trace = op("trace(x)", doc="sum of the diagonal of a matrix", vjps=["dout*eye(x)"], linear="each", shape=_trace,
           stem="tr{x}", short="tr", domain=[(-3.0, 3.0)],
           symbol="tr", part="trace distributes along the diagonal")
norm = op("norm(x; axis=None, keepdims=False)", samples=_AXES, tie="the slope at 0 is 0", doc="square root of the sum of squares; the slope at 0 is 0", bounds=lambda x, **statics: bounds.FROM_0, vjps=_norm_vjp, lazy=True,
          jvp="sum(x*x_dot, axis=axis, keepdims=keepdims)/nonzero(out)", forms={"numpy": "norm!norm({x}{*statics})"}, shape=_reduced,
          why="sqrt(sum(v**2)) as norm(v), whose slope at 0 is 0", stem="norm{x}", short="nrm", sympy="sqrt(sum(x**2, axis, keepdims))", domain=[(0.2, 3.0)], latex="\\|{x}\\|",
          symbol="‖x‖", part="norm points along {x}")
det = op("det(x)", doc="determinant; its gradient is the matrix of cofactors, at singular matrices too", jvp="sum(cofactor(x)*x_dot, axis=(-2, -1))",
         vjps=lambda ranks, shapes: ["dout*cofactor(x)" if ranks[0] == 2 else "expand(dout, axis=(-2, -1))*cofactor(x)"],
         forms={"numpy": "np.linalg.det({x})"}, shape=_det, stem="det{x}", domain=[(-3.0, 3.0)],
         part="det scales by the cofactors")
cofactor = op("cofactor(x)", doc="the matrix of cofactors", shape=_square, forms={"numpy": "cofactor!cofactor({x})"}, stem="cof{x}", short="cof", public=False)
inv = op("inv(x)", doc="inverse of a square matrix", vjps=["-swap(out) @ dout @ swap(out)"], jvp="-out @ x_dot @ out",
         forms={"numpy": "np.linalg.inv({x})"}, shape=_square, stem="inv{x}", short="inv", domain=[(-3.0, 3.0)],
         safe=["eye"], symbol="x⁻¹", part="inv: minus {out}.T on either side", needs="x not singular", latex="{{{x}}}^{{-1}}")
solve = op("solve(x, y)", doc="the solution z of x @ z = y", vjps=_solve_vjp, jvp="solve(x, y_dot - x_dot @ out)",
           forms={"numpy": "np.linalg.solve({x}, {y})"}, shape=_solved, stem="sol{x}{y}", short="sol", sympy="inv(x) @ y", domain=[(-3.0, 3.0)]*2,
           safe=["eye", None], part="solve solves with the transpose", needs="x not singular")

transpose = op("transpose(x; axes=None)", samples=[{}, {"axes": (1, 0)}, {"axes": (2, 0, 1)}, {"axes": (0, 2, 1)}], doc="the axes in reverse, or in the order given; a view", bounds=lambda x, **statics: x, vjps=_transpose_vjp, linear="each", view=True,
               forms={"numpy": "np.transpose({x}{*statics})", "numpy_plain": "{x:atom}.T"}, shape=_transposed, stem="{x}T", short="tr", domain=[(-3.0, 3.0)],
               symbol=".T", part=".T transposes back", latex="{{{x}}}^{{\\mathsf{{T}}}}")
swap = op("swap(x)", doc="the last two axes exchanged; a view", bounds=lambda x, **statics: x, vjps=["swap(dout)"], linear="each", view=True,
          forms={"numpy": "np.swapaxes({x}, -1, -2)"}, shape=_swapped, stem="{x}T", short="tr", public=False, domain=[(-3.0, 3.0)])
reshape = op("reshape(x; shape=None)", samples=[{"shape": (-1,)}, {"shape": (3, 2)}, {"shape": (1, -1)}], doc="the same elements in another shape; a view", bounds=lambda x, **statics: x, vjps=_to_shape("reshape"), linear="each", view=True,
             forms={"numpy": "np.reshape({x}, {shape:dims})"}, shape=_reshaped, stem="{x}r", short="resh", domain=[(-3.0, 3.0)],
             part="reshape goes back into shape")
expand = op("expand(x; axis=None)", samples=[{"axis": 0}, {"axis": -1}, {"axis": (0, 1)}], doc="new axes of size 1", bounds=lambda x, **statics: x, linear="each", view=True, vjps=_to_shape("reshape"), public=False,
            forms={"numpy": "np.expand_dims({x}, {axis})"}, shape=_expanded, stem="{x}e", short="exp", domain=[(-3.0, 3.0)])
spread = op("spread(x; shape=None)", doc="the value in a larger shape; a read-only view", bounds=lambda x, **statics: x, linear="each", view=True, public=False,
            forms={"numpy": "np.broadcast_to({x}, {shape:dims})"}, shape=_to, stem="{x}s", short="full", domain=[(-3.0, 3.0)])
index = op("index(x; index=None)", samples=[{"index": i} for i in ((0,), (-1,), (0, 1), ((_SLICE, 1, None, None),), ((_SLICE, None, None, 2),), ((_SLICE, None, None, -1), None), ("...", 0), (None, 0))], doc="elements by constant indices and slices; the gradient is added into place", bounds=lambda x, **statics: x, vjps=_index_vjp, linear="each", view=True,
           forms={"numpy": "{x:atom}[{index:subscript}]"}, shape=_indexed, stem="{x}{index}", short="at", domain=[(-3.0, 3.0)],
           part="[ ] adds into its place", latex="{{{x}}}_{{{index}}}")
scatter = op("scatter(x; index=None, shape=None)", samples=[{"index": ((_SLICE, 1, None, None),), "shape": (5,)}], doc="zeros of a shape, with x added at an index", vjps=["index(dout, index=index)"], linear="each",
             forms={"numpy": "scatter!scatter({x}, np.s_[{index:subscript}], {shape:dims})"}, shape=_given, stem="{x}in", short="into", public=False)
segment = op("segment(x; axis=0, start=0, size=0)", doc="a piece of an axis; a view", bounds=lambda x, **statics: x, linear="each", view=True, shape=_segmented, public=False,
             forms={"numpy": "{x:atom}[{*segment:subscript}]"}, stem="{x}part", short="part")
concatenate = op("concatenate(*xs; axis=0)", samples=[{"axis": 0}, {"axis": -1}], doc="arrays joined along an axis", bounds=lambda *xs, **statics: bounds.union(*xs), vjps=_joined_vjp, linear="all", aliases=["concat"],
                 forms={"numpy": "np.concatenate([{*xs}]{*statics})"}, shape=_joined, stem="cat", short="cat", domain=[(-3.0, 3.0)]*2,
                 symbol="cat", part="concatenate splits")
stack = op("stack(*xs; axis=0)", samples=[{"axis": 0}, {"axis": -1}, {"axis": 1}], doc="values or arrays along a new axis", bounds=lambda *xs, **statics: bounds.union(*xs), vjps=_stacked_vjp, linear="all",
           forms={"numpy": "np.stack([{*xs}]{*statics}{*precision})"}, shape=_stacked, stem="stack", short="stack", domain=[(-3.0, 3.0)]*2,
           part="stack splits")
eye = op("eye(x)", doc="ones on the diagonal, zeros elsewhere, in the shape of x", shape=_same, forms={"numpy": "np.eye(*{x:atom}.shape, dtype={x:atom}.dtype)"}, stem="eye", public=False)
count = op("count(x; axis=None)", doc="how many elements a reduction takes together", shape=_scalar, public=False, forms={"numpy": "np.size({x}{*statics})"}, stem="count")
# fmt: on
