"""Rules of reverse mode that hang on ranks and shapes, in the language: each a linear map of `dout`.

>>> matmul_vjp((2, 1), ())
['outer(dout, y)', 'x.T @ dout']
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dim, total
from gradc.ops.array_shapes import Axis, product

Ranks = tuple[int, ...]


def _given_back(text: str, rank: int, axis: Axis, keepdims: bool) -> str:
    """What comes back with the axes that a reduction took; broadcasting gives back the first ones by itself.

    >>> _given_back("dout", 2, 1, False), _given_back("dout", 2, 0, False)
    ('expand(dout, axis=axis)', 'dout')
    """
    if keepdims or axis is None:
        return text
    gone = {each % rank for each in (axis if isinstance(axis, tuple) else (axis,))}
    return text if gone == set(range(len(gone))) else f"expand({text}, axis=axis)"


def sum_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False
) -> list[str]:
    return [_given_back("dout", ranks[0], axis, keepdims)]


def mean_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False
) -> list[str]:
    return [_given_back("dout/count(x, axis=axis)", ranks[0], axis, keepdims)]


def masked_vjp(mask: str) -> Any:
    """dout, given back its axes, times what each element counts for."""

    def rule(
        ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False
    ) -> list[str]:
        spread = "dout" if keepdims or axis is None else "expand(dout, axis=axis)"
        return [mask.replace("DOUT", spread)]

    return rule


def norm_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], axis: Axis = None, keepdims: bool = False
) -> list[str]:
    if keepdims or axis is None:
        return ["x/nonzero(out)*dout"]
    return ["x/nonzero(expand(out, axis=axis))*expand(dout, axis=axis)"]


def _rows_of(x: Shape, y: Shape) -> Dim:
    """How many rows all batches have together; -1 says the same where there are elements to find it from."""
    known = all(isinstance(dim, int) and dim != 0 for dim in y)
    return -1 if known else product(x[:-1])


def matmul_vjp(ranks: Ranks, shapes: tuple[Shape, ...]) -> list[str]:
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
            flat = f"reshape(x, shape={(_rows_of(*shapes), shapes[1][0])!r})"
            return ["expand(dout, axis=-1)*y", f"reshape(dout, shape=(-1,)) @ {flat}"]
        case (_, 2):  # one product of matrices, whose rows are those of all batches
            wide, high = (
                f"reshape({each}, shape={(_rows_of(*shapes), dim)!r})"
                for each, dim in zip(("x", "dout"), shapes[1], strict=True)
            )
            return ["dout @ y.T", f"{wide}.T @ {high}"]
        case (1, _):
            return [
                "sum(y*expand(dout, axis=-2), axis=-1)",
                "expand(x, axis=-1)*expand(dout, axis=-2)",
            ]
    return ["dout @ swap(y)", "swap(x) @ dout"]


def solve_vjp(ranks: Ranks, shapes: tuple[Shape, ...]) -> list[str]:
    if ranks[1] == 1:
        return ["-outer(solve(swap(x), dout), out)", "solve(swap(x), dout)"]
    return ["-solve(swap(x), dout) @ swap(out)", "solve(swap(x), dout)"]


def transpose_vjp(
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
EVERY = ("slice", None, None, None)
BACK = ("slice", None, None, -1)


def index_vjp(ranks: Ranks, shapes: tuple[Shape, ...], index: tuple[Any, ...] = ()) -> list[str]:
    if all(item is None or item == EVERY or item == "..." for item in index):
        return [f"reshape(dout, shape={shapes[0]!r})"]
    if all(item in (EVERY, BACK) or item == "..." for item in index):
        return [f"index(dout, index={index!r})"]
    return [f"scatter(dout, index=index, shape={shapes[0]!r})"]


def joined_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: int = 0) -> list[str]:
    at = axis % ranks[0]
    starts: list[Dim] = [0]
    for shape in shapes[:-1]:
        starts.append(total([starts[-1], shape[at]]))
    return [
        f"segment(dout, axis={at}, start={start!r}, size={shape[at]!r})"
        for start, shape in zip(starts, shapes, strict=True)
    ]


def stacked_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axis: int = 0) -> list[str]:
    lead = (("slice", None, None, None),) * (axis % (ranks[0] + 1))
    return [f"index(dout, index={(*lead, i)!r})" for i in range(len(shapes))]


def to_shape(name: str) -> Any:
    def rule(ranks: Ranks, shapes: tuple[Shape, ...], **statics: Any) -> list[str]:
        return [f"{name}(dout, shape={shapes[0]!r})"]

    return rule
