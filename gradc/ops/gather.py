"""Integers, and what is taken of an array by them: gather and its transpose, arg-gates, ranges.

An index that is no constant is an argument of the gate; its place in the subscript is `("at", k)`, the argument k
of the gate. A gather of arrays reads as NumPy has it: the axes of the indices stand where the
first of them is, or in front where something else stands between them.

>>> dims = Dims()
>>> gathered(dims, ("n", "c"), (("at", 1), ("at", 2)), [("n",), ("n",)])
('n',)
>>> gathered(dims, (5, 4, 3), (("at", 1), ("slice", None, None, None), 2), [(7,)])
(7, 4)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dim, Dims, ShapeError, show
from gradc.ops.array_shapes import Axis, axes_of, reduced, sliced, taken
from gradc.ops.table import Op, Say, Test, op

Index = tuple[Any, ...]

# So many arrays of integers may stand in one subscript.
MOST_INDICES = 6


# ---- shapes ------------------------------------------------------------------------------------


def gathered(dims: Dims, x: Shape, index: Index, at: Sequence[Shape]) -> Shape:
    """The shape of x[index], the indices in it having the shapes `at`."""
    x = dims.resolve(x)
    used = sum(1 for item in index if item is not None and item != "...")
    if used > len(x):
        raise ShapeError(
            f"too many indices: {used} for an array of shape {show(x)}", args_at_fault=(0,)
        )
    arrays = any(at)
    common = _common(dims, at) if arrays else ()
    out: list[Dim] = []
    places: list[int] = []  # of what is an array or, beside one, a number
    where = 0  # the axes of the indices go here
    rest = list(x)
    for place, item in enumerate(index):
        if item is None:
            out.append(1)
        elif item == "...":
            after = sum(1 for later in index[place + 1 :] if later is not None)
            keep = len(rest) - after
            out += rest[:keep]
            rest = rest[keep:]
        elif isinstance(item, tuple) and item[0] == "slice":
            dims.at_least(rest[0], taken(*item[1:]))
            out.append(sliced(rest.pop(0), *item[1:]))
        else:
            dim = rest.pop(0)
            if isinstance(item, int) and isinstance(dim, int) and not -dim <= item < dim:
                raise ShapeError(
                    f"index {item} is outside 0..{dim - 1}"
                    if dim
                    else f"index {item} into an empty axis",
                    args_at_fault=(0,),
                )
            where = where if places else len(out)
            places.append(place)
    if places != list(range(places[0], places[-1] + 1)):
        where = 0
    return (*out[:where], *common, *out[where:], *rest) if arrays else tuple(out + rest)


def _common(dims: Dims, at: Sequence[Shape]) -> Shape:
    """The shape that the indices broadcast to."""
    try:
        return dims.broadcast(*at)
    except ShapeError as error:
        raise ShapeError(f"indices of {error.message}", error.hint, (0,)) from None


def _gathered(dims: Dims, x: Shape, *at: Shape, index: Any = (), once: bool = False) -> Shape:
    return gathered(dims, x, index or (), at)


def _put(
    dims: Dims, x: Shape, *at: Shape, index: Any = (), shape: Shape = (), once: bool = False
) -> Shape:
    return shape


def _positions(dims: Dims, x: Shape, axis: Axis = None, keepdims: bool = False) -> Shape:
    if isinstance(axis, tuple):
        raise ShapeError("the position of an extreme is along one axis", "write axis=0", (0,))
    return reduced(dims, x, axis, keepdims)


def _ordered(dims: Dims, x: Shape, axis: int = -1) -> Shape:
    axes_of(axis, len(x))
    return x


def _count(dims: Dims, size: Dim = 0, start: int = 0, step: int = 1) -> Shape:
    return (size,)


def _nested(dims: Dims, values: Any = (), shape: Shape = ()) -> Shape:
    return shape


# ---- rules -------------------------------------------------------------------------------------

NAMES = "ijklmn"

_ADDED_AT = '''
def added_at(x, index, shape):
    """Zeros of a shape, with x added at an index, as often as a place is in it."""
    out = np.zeros(shape, np.asarray(x).dtype)
    np.add.at(out, index, x)
    return out
'''


def _gather_vjp(
    ranks: tuple[int, ...], shapes: tuple[Shape, ...], index: Index = (), once: bool = False
) -> list[str]:
    names = ", ".join(NAMES[: len(ranks) - 1])
    name = "added" if len(ranks) == 2 else f"added{len(ranks) - 1}"
    return [
        f"{name}(dout, {names}, index=index, shape={shapes[0]!r}, once=once)",
        *[""] * (len(ranks) - 1),
    ]


def _pick_vjp(
    ranks: tuple[int, ...], shapes: tuple[Shape, ...], index: Index = (), once: bool = True
) -> list[str]:
    return _gather_vjp(ranks, shapes, index, once)


def _put_vjp(name: str) -> Any:
    def rule(ranks: tuple[int, ...], shapes: tuple[Shape, ...], **statics: Any) -> list[str]:
        names = ", ".join(NAMES[: len(ranks) - 1])
        return [f"{name}(dout, {names}, index=index, once=once)", *[""] * (len(ranks) - 1)]

    return rule


def _family(count: int) -> tuple[Op, Op, Op]:
    """The gates with so many indices: gather by arrays, by numbers alone, and what adds back into place."""
    number = str(count) if count > 1 else ""
    names = list(NAMES[:count])
    params = ", ".join(["x", *names])
    stem = "{x}" + "".join("{" + name + "}" for name in names)
    at = tuple(range(1, count + 1))
    gather = op(
        f"gather{number}({params}; index=None, once=False)",
        doc="elements by arrays of integers; the gradient is added into place",
        linear=_gather_vjp,
        whole=at,
        code="{x}[{*gather:subscript}]",
        shape=_gathered,
        public=False,
        say=Say(symbol="[ ]", part="[ ] adds into its place", stem=stem, short="taken"),
    )
    pick = op(
        f"pick{number}({params}; index=None, once=True)",
        doc="an element or a row by integers; the gradient is added into place; a view",
        linear=_pick_vjp,
        whole=at,
        view=True,
        code="{x}[{*gather:subscript}]",
        shape=_gathered,
        public=False,
        say=Say(symbol="[ ]", part="[ ] adds into its place", stem=stem, short="at"),
    )
    put = op(
        f"added{number}({params}; index=None, shape=None, once=False)",
        doc="zeros of a shape, with x added where a gather took it",
        linear=_put_vjp(gather.name),
        whole=at,
        code="added_at({x}, np.s_[{*gather:subscript}], {shape:dims})",
        helpers={"numpy": _ADDED_AT},
        shape=_put,
        say=Say(stem="{x}in", short="into"),
        public=False,
    )
    return gather, pick, put


# ---- the entries -------------------------------------------------------------------------------

_FAMILIES = [_family(count) for count in range(1, MOST_INDICES + 1)]
GATHERS, PICKS, PUTS = (tuple(family) for family in zip(*_FAMILIES, strict=True))

_EACH = [{"axis": axis, "keepdims": keep} for axis in (None, 0, -1) for keep in (False, True)]

argmax = op(
    "argmax(x; axis=None, keepdims=False)",
    test=Test(samples=_EACH),
    integer=True,
    doc="where the largest element is, the first of several: an integer",
    code="np.argmax({x}{*statics})",
    shape=_positions,
    say=Say(stem="argmax{x}", short="at"),
)
argmin = op(
    "argmin(x; axis=None, keepdims=False)",
    test=Test(samples=_EACH),
    integer=True,
    doc="where the smallest element is, the first of several: an integer",
    code="np.argmin({x}{*statics})",
    shape=_positions,
    say=Say(stem="argmin{x}", short="at"),
)
argsort = op(
    "argsort(x; axis=-1)",
    integer=True,
    doc="where the elements in ascending order are: integers",
    test=Test(samples=[{"axis": -1}, {"axis": 0}]),
    code='np.argsort({x}{*statics}, kind="stable")',
    shape=_ordered,
    say=Say(stem="order{x}", short="order"),
)
iota = op(
    "iota(; size=0, start=0, step=1)",
    integer=True,
    doc="integers in even steps",
    shape=_count,
    public=False,
    code="np.arange({*span})",
    say=Say(symbol="0, 1, …", stem="at", short="at"),
)
chosen = op(
    "chosen(c, x, y)",
    integer=True,
    doc="the integer x where the condition holds, else y",
    public=False,
    code={"numpy": "np.where({c}, {x}, {y})", "math": "{x} if {c} else {y}"},
    say=Say(stem="at", short="at"),
    test=Test(sympy="Piecewise((x, c), (y, True))"),
)
picked = op(
    "picked(; values=None, shape=None)",
    integer=True,
    doc="integers as they were written",
    shape=_nested,
    public=False,
    code="{*nested}",
    say=Say(symbol="[…]", stem="at", short="at"),
)
