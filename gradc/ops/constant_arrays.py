"""Arrays that hang on nothing but sizes and written numbers: made in the precision of the program's inputs.

>>> from gradc.graph.shapes import Dims
>>> eye.shape(Dims(), n="n", m="n", k=0), arange.shape(Dims(), size=5, start=0, step=1)
(('n', 'n'), (5,))
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dim, Dims, ShapeError
from gradc.ops import bounds
from gradc.ops.array_shapes import product
from gradc.ops.table import Say, Test, op


def _given(dims: Dims, shape: Shape = (), **statics: Any) -> Shape:
    return shape


def _long(dims: Dims, size: Dim = 0, **statics: Any) -> Shape:
    return (size,)


def _rows(dims: Dims, n: Dim = 0, m: Dim = 0, k: int = 0) -> Shape:
    return (n, m)


def _laid_out(dims: Dims, *xs: Shape, shape: Shape = ()) -> Shape:
    for at, x in enumerate(xs):
        if x:
            raise ShapeError(
                "rows of arrays and of numbers do not fit together", args_at_fault=(at,)
            )
    assert product(shape) == len(xs)
    return shape


def _laid_out_vjp(ranks: tuple[int, ...], shapes: tuple[Shape, ...], shape: Any = ()) -> list[str]:
    found = [()]
    for size in shape:
        found = [(*at, i) for at in found for i in range(size)]  # type: ignore[misc]  # grown axis by axis
    return [f"index(dout, index={at!r})" for at in found]


zeros = op(
    "zeros(; shape=None)",
    doc="an array of zeros",
    shape=_given,
    public=False,
    bounds=(0.0, 0.0),
    code="np.zeros({shape:dims}{*dtype})",
    say=Say(symbol="0", stem="zeros"),
)
ones = op(
    "ones(; shape=None)",
    doc="an array of ones",
    shape=_given,
    public=False,
    bounds=(1.0, 1.0),
    code="np.ones({shape:dims}{*dtype})",
    say=Say(symbol="1", stem="ones"),
)
full = op(
    "full(; shape=None, value=0)",
    doc="an array of one number",
    shape=_given,
    public=False,
    bounds=lambda value=0, **statics: (float(value), float(value)),
    code="np.full({shape:dims}, {value}{*floats})",
    say=Say(symbol="…", stem="full"),
)
eye = op(
    "identity(; n=0, m=0, k=0)",
    doc="ones on a diagonal, zeros elsewhere",
    shape=_rows,
    public=False,
    bounds=(0.0, 1.0),
    code={
        "numpy": "np.eye({n:dims}, {m:dims}{*diagonal}{*dtype})",
        "numpy_square": "np.eye({n:dims}{*diagonal}{*dtype})",
    },
    say=Say(symbol="I", stem="eye"),
)
arange = op(
    "arange(; size=0, start=0, step=1)",
    doc="numbers in even steps",
    shape=_long,
    public=False,
    code="np.arange({*span}{*floats})",
    say=Say(symbol="0, 1, …", stem="steps"),
)
linspace = op(
    "linspace(; start=0, stop=1, size=50, endpoint=True)",
    doc="so many numbers in even steps from one to another",
    shape=_long,
    public=False,
    code="np.linspace({start}, {stop}, {size:dims}{*endpoint}{*dtype})",
    say=Say(symbol="…", stem="grid"),
)
literal = op(
    "literal(; values=None, shape=None)",
    doc="numbers as they were written",
    shape=_given,
    public=False,
    code="np.array({*nested}{*floats})",
    say=Say(symbol="[…]", stem="values"),
)
array = op(
    "array(*xs; shape=None)",
    test=Test(samples=[{"shape": (3,)}, {"shape": (1, 3)}]),
    doc="values in rows",
    shape=_laid_out,
    linear=_laid_out_vjp,
    public=False,
    bounds=lambda *xs, **statics: bounds.union(*xs),
    code="np.array({*nested}{*precision})",
    say=Say(stem="array", short="rows", part="the array's elements go back to their values"),
)
