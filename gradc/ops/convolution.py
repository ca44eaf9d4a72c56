"""Convolutions: of vectors by NumPy's own, of images by windows that slide over them.

>>> convolve.vjps((1, 1), (("n",), ("m",)), mode="full")
['correlate(dout, y, mode="valid")', 'correlate(dout, x, mode="valid")']
>>> windows.shape(Dims(), ("n", 3, 8, 8), size=(3, 3), stride=(2, 2))
('n', 3, 3, 3, 3, 3)
"""

from __future__ import annotations

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dim, Dims, ShapeError, show, stepped, total
from gradc.ops.array_shapes import product
from gradc.ops.table import Say, Test, op

Ranks = tuple[int, ...]


# ---- shapes ------------------------------------------------------------------------------------


def _vectors(dims: Dims, x: Shape, y: Shape, mode: str = "full") -> Shape:
    for at, shape in enumerate((x, y)):
        if len(shape) != 1:
            raise ShapeError(
                f"a convolution is of two vectors, not of shape {show(shape)}", args_at_fault=(at,)
            )
    n, m = dims.resolve((x[0], y[0]))
    if 0 in (n, m):
        raise ShapeError("a convolution is of vectors with elements", args_at_fault=(0, 1))
    if mode == "full":
        return (total([n, m, -1]),)
    size = total([n, product((-1, m)), 1])
    if isinstance(size, int) and size < 1:
        raise ShapeError(
            "the second vector of a valid convolution is no longer than the first",
            args_at_fault=(0, 1),
        )
    return (size,)


def _windows(
    dims: Dims, x: Shape, size: tuple[int, ...] = (), stride: tuple[int, ...] = ()
) -> Shape:
    lead = len(x) - len(size)
    if lead < 0:
        raise ShapeError(
            f"windows of {len(size)} axes over an array of shape {show(x)}", args_at_fault=(0,)
        )
    places: list[Dim] = []
    for dim, width, step in zip(dims.resolve(x)[lead:], size, stride, strict=True):
        count = total([dim, 1 - width])
        if isinstance(count, int) and count < 1:
            raise ShapeError(
                f"a window of {width} does not fit into an axis of {dim}", args_at_fault=(0,)
            )
        dims.at_least(dim, width)
        places.append(stepped(count, None, None, step))
    return (*x[:lead], *places, *size)


def _folded(
    dims: Dims,
    x: Shape,
    shape: Shape = (),
    size: tuple[int, ...] = (),
    stride: tuple[int, ...] = (),
) -> Shape:
    if not dims.unify_shapes(_windows(dims, shape, size, stride), x):
        raise ShapeError(f"windows of shape {show(x)} do not fit there", args_at_fault=(0,))
    return shape


# ---- rules -------------------------------------------------------------------------------------


def _convolve_vjp(ranks: Ranks, shapes: tuple[Shape, ...], mode: str = "full") -> list[str]:
    if mode == "full":
        return ['correlate(dout, y, mode="valid")', 'correlate(dout, x, mode="valid")']
    return [
        'correlate(dout, y, mode="full")',
        'index(correlate(x, dout, mode="valid"), index=(("slice", None, None, -1),))',
    ]


def _correlate_vjp(ranks: Ranks, shapes: tuple[Shape, ...], mode: str = "full") -> list[str]:
    if mode == "full":
        turned = 'index(correlate(dout, x, mode="valid"), index=(("slice", None, None, -1),))'
        return ['convolve(dout, y, mode="valid")', turned]
    return ['convolve(dout, y, mode="full")', 'correlate(x, dout, mode="valid")']


def _windows_vjp(
    ranks: Ranks,
    shapes: tuple[Shape, ...],
    size: tuple[int, ...] = (),
    stride: tuple[int, ...] = (),
) -> list[str]:
    return [f"folded(dout, shape={shapes[0]!r}, size=size, stride=stride)"]


# ---- the entries -------------------------------------------------------------------------------

_WINDOWS = '''
def windows(x, size, stride):
    """The windows of a size that slide over the last axes of x in steps: a view, their own axes last."""
    last = tuple(range(-len(size), 0))
    steps = tuple(slice(None, None, step) for step in stride)
    inner = (slice(None),)*len(size)
    return np.lib.stride_tricks.sliding_window_view(x, size, last)[(..., *steps, *inner)]
'''

_FOLDED = '''
def folded(x, shape, size, stride):
    """Zeros of a shape, with windows added where they were taken: one addition for each place in a window."""
    out = np.zeros(shape, x.dtype)
    count = x.shape[x.ndim - 2*len(size):x.ndim - len(size)]
    for at in np.ndindex(*size):
        place = [slice(i, i + step*n, step) for i, step, n in zip(at, stride, count)]
        out[(..., *place)] += x[(..., *at)]
    return out
'''

convolve = op(
    "convolve(x, y; mode=None)",
    doc="sums of products of one vector with the other turned around",
    linear=_convolve_vjp,
    code='np.convolve({x}, {y}, "{mode}")',
    shape=_vectors,
    public=False,
    say=Say(symbol="∗", stem="conv{x}{y}", short="conv", part="convolve correlates"),
    test=Test(samples=[{"mode": "full"}, {"mode": "valid"}]),
)
correlate = op(
    "correlate(x, y; mode=None)",
    doc="sums of products of one vector with the other moved along it",
    linear=_correlate_vjp,
    code='np.correlate({x}, {y}, "{mode}")',
    shape=_vectors,
    public=False,
    say=Say(symbol="⋆", stem="cor{x}{y}", short="cor", part="correlate convolves with the other"),
    test=Test(samples=[{"mode": "full"}, {"mode": "valid"}]),
)
windows = op(
    "windows(x; size=None, stride=None)",
    doc="the windows that slide over the last axes; a view",
    linear=_windows_vjp,
    code="windows({x}, {size}, {stride})",
    helpers={"numpy": _WINDOWS},
    shape=_windows,
    view=True,
    bounds=lambda x, **statics: x,
    public=False,
    say=Say(stem="win{x}", short="win", part="windows are added back into place"),
    test=Test(
        samples=[
            {"size": (2,), "stride": (1,)},
            {"size": (2, 2), "stride": (1, 2)},
            {"size": (1,), "stride": (2,)},
        ]
    ),
)
folded = op(
    "folded(x; shape=None, size=None, stride=None)",
    doc="windows added back into place",
    linear=["windows(dout, size=size, stride=stride)"],
    code="folded({x}, {shape:dims}, {size}, {stride})",
    helpers={"numpy": _FOLDED},
    shape=_folded,
    public=False,
    say=Say(stem="{x}in", short="into"),
    test=Test(
        samples=[
            {"shape": (4,), "size": (3,), "stride": (1,)},
            {"shape": (3,), "size": (1,), "stride": (2,)},
        ]
    ),
)
