"""Gates that move elements and add them up in order: cumsum, roll, repeat, tile, pad, diagonals and triangles.

Each is linear, and its transpose one or two calls of NumPy, as one writes it:

>>> cumsum.vjps((1,), ((3,),), axis=None)
["index(cumsum(index(dout, index=(('slice', None, None, -1),)), axis=None), index=(('slice', None, None, -1),))"]
>>> roll.vjps((1,), ((3,),), shift=1, axis=None)
['roll(dout, shift=-1, axis=None)']
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dim, Dims, ShapeError, show, total
from gradc.ops import bounds
from gradc.ops.array_shapes import axes_of, product
from gradc.ops.table import Say, Test, op

Ranks = tuple[int, ...]
Widths = tuple[tuple[int, int], ...]

_BACK = ("slice", None, None, -1)
_EVERY = ("slice", None, None, None)


# ---- shapes ------------------------------------------------------------------------------------


def _along(dims: Dims, x: Shape, axis: int | None = None) -> Shape:
    if axis is None and len(x) != 1:
        raise ShapeError("this goes along one axis", "write axis=0", args_at_fault=(0,))
    axes_of(axis, len(x))
    return x


def _rolled(dims: Dims, x: Shape, shift: Any = 0, axis: Any = None) -> Shape:
    axes_of(axis, len(x))
    return x


def _repeated(dims: Dims, x: Shape, repeats: int = 1, axis: int = 0) -> Shape:
    (at,) = axes_of(axis, len(x))
    return (*x[:at], product((repeats, x[at])), *x[at + 1 :])


def _tiled(dims: Dims, x: Shape, reps: tuple[int, ...] = ()) -> Shape:
    lead = len(reps) - len(x)
    if lead < 0:
        raise ShapeError(
            f"{len(reps)} repetitions for an array of {len(x)} axes", args_at_fault=(0,)
        )
    return (*reps[:lead], *(product((rep, dim)) for rep, dim in zip(reps[lead:], x, strict=True)))


def _padded(dims: Dims, x: Shape, width: Widths = ()) -> Shape:
    if len(width) != len(x):
        raise ShapeError(f"{len(width)} widths for an array of {len(x)} axes", args_at_fault=(0,))
    return tuple(
        total([dim, before + after]) for dim, (before, after) in zip(x, width, strict=True)
    )


def _on_diagonal(dims: Dims, x: Shape, k: int = 0) -> Shape:
    if len(x) != 1:
        raise ShapeError(f"a diagonal is a vector, not of shape {show(x)}", args_at_fault=(0,))
    size = total([x[0], abs(k)])
    return (size, size)


def _diagonal(dims: Dims, x: Shape, offset: int = 0) -> Shape:
    if len(x) < 2:
        raise ShapeError(f"needs a matrix, not shape {show(dims.resolve(x))}", args_at_fault=(0,))
    *lead, n, m = dims.resolve(x)
    if n == m:
        size = total([n, -abs(offset)])
    elif isinstance(n, int) and isinstance(m, int):
        size = max(min(n + min(offset, 0), m - max(offset, 0)), 0)
    else:
        raise ShapeError(
            f"how long the diagonal of shape {show(dims.resolve(x))} is, is not known",
            args_at_fault=(0,),
        )
    return (*lead, size)


def _given(dims: Dims, x: Shape, offset: int = 0, shape: Shape = ()) -> Shape:
    if not dims.unify_shapes(_diagonal(dims, shape, offset), x):
        raise ShapeError(f"a diagonal of shape {show(x)} does not fit there", args_at_fault=(0,))
    return shape


def _matrix(dims: Dims, x: Shape, k: int = 0) -> Shape:
    if len(x) < 2:
        raise ShapeError(f"needs a matrix, not shape {show(dims.resolve(x))}", args_at_fault=(0,))
    return x


# ---- rules -------------------------------------------------------------------------------------


def _cumsum_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: int | None = None) -> list[str]:
    back = backwards(ranks[0], axis)
    return [f"index(cumsum(index(dout, index={back!r}), axis={axis}), index={back!r})"]


def backwards(rank: int, axis: int | None) -> tuple[Any, ...]:
    """The index that turns an axis around."""
    return (*[_EVERY] * ((axis or 0) % rank), _BACK)


def _roll_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], shift: Any = 0, axis: Any = None
) -> list[str]:
    back = tuple(-each for each in shift) if isinstance(shift, tuple) else -shift
    return [f"roll(dout, shift={back}, axis={axis})"]


def _repeat_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], repeats: int = 1, axis: int = 0
) -> list[str]:
    x, at = shapes[0], axis % ranks[0]
    apart = (*x[: at + 1], repeats, *x[at + 1 :])
    return [f"sum(reshape(dout, shape={apart!r}), axis={at + 1})"]


def _tile_vjp(ranks: Ranks, shapes: tuple[Shape, ...], reps: tuple[int, ...] = ()) -> list[str]:
    x, lead = shapes[0], len(reps) - ranks[0]
    apart: list[Dim] = list(reps[:lead])
    gone = list(range(lead))
    for rep, dim in zip(reps[lead:], x, strict=True):
        if rep != 1:
            gone.append(len(apart))
            apart.append(rep)
        apart.append(dim)
    axis = gone[0] if len(gone) == 1 else tuple(gone)
    return [f"sum(reshape(dout, shape={tuple(apart)!r}), axis={axis})" if gone else "dout"]


def _pad_vjp(ranks: Ranks, shapes: tuple[Shape, ...], width: Widths = ()) -> list[str]:
    index = tuple(("slice", before or None, -after or None, None) for before, after in width)
    return [f"index(dout, index={index!r})"]


def _diagonal_vjp(ranks: Ranks, shapes: tuple[Shape, ...], offset: int = 0) -> list[str]:
    if ranks[0] == 2 and shapes[0][0] == shapes[0][1]:
        return [f"diag(dout, k={offset})"]
    return [f"embedded(dout, offset={offset}, shape={shapes[0]!r})"]


# The rest of a product is what is before an element times what is after it; with a zero among the factors it is only
# the first that gets anything of what comes after.
_AFTER = "index(cumsum(index(WHAT, index=BACK), axis=axis), index=BACK)"
_NO_ZERO = "where(first_zero(x, axis=axis), 1, x)"
_OF_ZERO = "where(first_zero(x, axis=axis), x_dot, 0.0)"


def _cumprod_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: int | None = None) -> list[str]:
    back = repr(backwards(ranks[0], axis))
    after = _AFTER.replace("BACK", back)
    plain = after.replace("WHAT", "dout*out") + "/nonzero(x)"
    first = after.replace("WHAT", f"dout*cumprod({_NO_ZERO}, axis=axis)")
    return [f"{plain} + where(first_zero(x, axis=axis), {first}, 0.0)"]


# ---- the entries -------------------------------------------------------------------------------

_FIRST_ZERO = '''
def first_zero(x, axis=None):
    """True at the first zero along an axis, False elsewhere."""
    zero = x == 0
    return zero & (np.cumsum(zero, axis=axis) == 1)
'''

_EMBEDDED = '''
def embedded(x, offset, shape):
    """Zeros of a shape, with x on a diagonal of its last two axes."""
    out = np.zeros(shape, x.dtype)
    at = np.arange(x.shape[-1])
    out[..., at + max(-offset, 0), at + max(offset, 0)] = x
    return out
'''

_ONE_AXIS: list[dict[str, Any]] = [{"axis": None}, {"axis": 0}, {"axis": -1}]

cumsum = op(
    "cumsum(x; axis=None)",
    doc="sums of all elements up to each, along an axis",
    linear=_cumsum_vjp,
    code="np.cumsum({x}{*statics})",
    shape=_along,
    say=Say(stem="cum{x}", short="cum", part="cumsum sends back the sums from the end"),
    test=Test(samples=_ONE_AXIS),
)
cumprod = op(
    "cumprod(x; axis=None)",
    doc="products of all elements up to each, along an axis; right with zeros among the factors",
    vjps=_cumprod_vjp,
    jvp="out*cumsum(x_dot/nonzero(x), axis=axis)"
    f" + cumprod({_NO_ZERO}, axis=axis)*cumsum({_OF_ZERO}, axis=axis)",
    code="np.cumprod({x}{*statics})",
    shape=_along,
    say=Say(stem="cum{x}", short="cum"),
    test=Test(samples=_ONE_AXIS, domain=[(0.2, 3.0)]),
)
first_zero = op(
    "first_zero(x; axis=None)",
    doc="where the first zero along an axis is",
    boolean=True,
    code="first_zero({x}{*statics})",
    helpers={"numpy": _FIRST_ZERO},
    shape=_along,
    public=False,
    say=Say(stem="zero{x}", short="zero"),
)
roll = op(
    "roll(x; shift=0, axis=None)",
    doc="elements moved along an axis, round its end",
    linear=_roll_vjp,
    code="np.roll({x}, {shift}{*axis})",
    shape=_rolled,
    bounds=lambda x, **statics: x,
    say=Say(stem="roll{x}", short="roll", part="roll rolls back"),
    test=Test(samples=[{"shift": 1}, {"shift": -2, "axis": 0}, {"shift": (1, 2), "axis": (0, -1)}]),
)
repeat = op(
    "repeat(x; repeats=1, axis=0)",
    doc="each element so many times in a row, along an axis",
    linear=_repeat_vjp,
    code="np.repeat({x}, {repeats}, axis={axis})",
    shape=_repeated,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="rep{x}", short="rep", part="repeat adds up what was repeated"),
    test=Test(
        samples=[{"repeats": 3, "axis": 0}, {"repeats": 2, "axis": -1}, {"repeats": 0, "axis": 0}]
    ),
)
tile = op(
    "tile(x; reps=None)",
    doc="an array so many times beside itself",
    linear=_tile_vjp,
    code="np.tile({x}, {reps})",
    shape=_tiled,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="tile{x}", short="tile", part="tile adds up its copies"),
    test=Test(
        samples=[
            {"reps": (2,)},
            {"reps": (2, 1)},
            {"reps": (1, 3)},
            {"reps": (2, 1, 2)},
            {"reps": (2, 3, 1, 1)},
        ]
    ),
)
pad = op(
    "pad(x; width=None)",
    doc="zeros around an array",
    linear=_pad_vjp,
    code="np.pad({x}, {width})",
    shape=_padded,
    public=False,
    say=Say(stem="pad{x}", short="pad", part="pad takes its rim off"),
    test=Test(
        samples=[
            {"width": ((1, 2),)},
            {"width": ((0, 1), (2, 0))},
            {"width": ((0, 0), (1, 1), (0, 2))},
        ]
    ),
)
diag = op(
    "diag(x; k=0)",
    doc="a matrix with a vector as its diagonal",
    linear=["diagonal(dout, offset=k)"],
    code="np.diag({x}{*statics})",
    shape=_on_diagonal,
    public=False,
    say=Say(stem="diag{x}", short="diag", part="diag gives back its diagonal"),
    test=Test(samples=[{}, {"k": 1}, {"k": -2}]),
)
diagonal = op(
    "diagonal(x; offset=0)",
    doc="the diagonal of a matrix, or of each of several; a view",
    linear=_diagonal_vjp,
    code={
        "numpy": "np.diagonal({x}, {offset}, -2, -1)",
        "numpy_plain": "np.diagonal({x}, 0, -2, -1)",
        "numpy_matrix": "np.diag({x}{*offset})",
    },
    shape=_diagonal,
    view=True,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="diag{x}", short="diag", part="the diagonal goes back into place"),
    test=Test(samples=[{}, {"offset": 1}, {"offset": -1}]),
)
embedded = op(
    "embedded(x; offset=0, shape=None)",
    doc="zeros of a shape, with a diagonal",
    linear=["diagonal(dout, offset=offset)"],
    code="embedded({x}, {offset}, {shape:dims})",
    helpers={"numpy": _EMBEDDED},
    shape=_given,
    public=False,
    say=Say(stem="{x}in", short="into"),
    test=Test(samples=[{"shape": (4, 4)}, {"shape": (4, 5)}, {"shape": (5, 5), "offset": -1}]),
)
tril = op(
    "tril(x; k=0)",
    doc="the lower triangle of a matrix, zeros above",
    linear=["tril(dout, k=k)"],
    code="np.tril({x}{*statics})",
    shape=_matrix,
    bounds=lambda x, **statics: bounds.union(x, (0.0, 0.0)),
    say=Say(stem="low{x}", short="low", part="tril passes the lower triangle"),
    test=Test(samples=[{}, {"k": -1}, {"k": 1}]),
)
triu = op(
    "triu(x; k=0)",
    doc="the upper triangle of a matrix, zeros below",
    linear=["triu(dout, k=k)"],
    code="np.triu({x}{*statics})",
    shape=_matrix,
    bounds=lambda x, **statics: bounds.union(x, (0.0, 0.0)),
    say=Say(stem="up{x}", short="up", part="triu passes the upper triangle"),
    test=Test(samples=[{}, {"k": -1}, {"k": 1}]),
)
