"""Shapes of what gates of whole arrays give, and errors where arguments do not go together.

>>> from gradc.graph.shapes import Dims
>>> matmul(Dims(), (2, "n"), ("n", 3)), reduced(Dims(), (2, "n"), axis=-1)
((2, 3), (2,))
"""

from __future__ import annotations

import math
from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dim, Dims, ShapeError, multiple, shared, show, stepped, total

Axis = int | tuple[int, ...] | None


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


def same(dims: Dims, x: Shape, axis: Axis = None) -> Shape:
    axes_of(axis, len(x))
    return x


def first(dims: Dims, x: Shape, y: Shape, axis: Axis = None) -> Shape:
    axes_of(axis, len(x))
    return x


def taken_at(dims: Dims, x: Shape, y: Shape, axis: int = -1) -> Shape:
    return y


def weighted(dims: Dims, x: Shape, y: Shape, axis: Axis = None) -> Shape:
    return x


def expanded(dims: Dims, x: Shape, axis: Axis = None) -> Shape:
    wanted = axis if isinstance(axis, tuple) else (axis or 0,)
    rank = len(x) + len(wanted)
    new = {one % rank for one in wanted}
    rest = iter(x)
    return tuple(1 if i in new else next(rest) for i in range(rank))


def matmul(dims: Dims, x: Shape, y: Shape) -> Shape:
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


def inner(dims: Dims, x: Shape, y: Shape) -> Shape:
    if not dims.unify_shapes(x, y):
        raise ShapeError(f"shapes {show(x)} and {show(y)} differ", args_at_fault=(0, 1))
    return ()


def outer(dims: Dims, x: Shape, y: Shape) -> Shape:
    if len(x) != 1 or len(y) != 1:
        raise ShapeError("outer takes two vectors", args_at_fault=(0,) if len(x) != 1 else (1,))
    return x + y


def transposed(dims: Dims, x: Shape, axes: tuple[int, ...] | None = None) -> Shape:
    if axes is None:
        return x[::-1]
    if not all(-len(x) <= i < len(x) for i in axes) or sorted(i % len(x) for i in axes) != list(
        range(len(x))
    ):
        raise ShapeError(
            f"axes {axes} do not name each of the {len(x)} axes once", args_at_fault=(0,)
        )
    return tuple(x[i] for i in axes)


def swapped(dims: Dims, x: Shape) -> Shape:
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


def reshaped(dims: Dims, x: Shape, shape: Shape = ()) -> Shape:
    x = dims.resolve(x)
    if -1 not in shape:
        have, want = product(x), product(dims.resolve(shape))
        if isinstance(have, int) and isinstance(want, int) and have != want:
            raise ShapeError(
                f"cannot reshape {show(x)}, {have} elements, into {show(shape)}", args_at_fault=(0,)
            )
        return shape
    rest = dims.resolve(tuple(d for d in shape if d != -1))
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


def joined(dims: Dims, *xs: Shape, axis: int = 0) -> Shape:
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


def stacked(dims: Dims, *xs: Shape, axis: int = 0) -> Shape:
    for i, x in enumerate(xs):
        if not dims.unify_shapes(xs[0], x):
            raise ShapeError(
                f"shapes {show(xs[0])} and {show(x)} do not stack", args_at_fault=(0, i)
            )
    rank = len(xs[0]) + 1
    (at,) = axes_of(axis, rank)
    return (*xs[0][:at], len(xs), *xs[0][at:])


def square(dims: Dims, x: Shape) -> Shape:
    if len(x) < 2 or not dims.unify(x[-1], x[-2]):
        raise ShapeError(
            f"needs a square matrix, not shape {show(dims.resolve(x))}", args_at_fault=(0,)
        )
    return dims.resolve(x)


def det(dims: Dims, x: Shape) -> Shape:
    return square(dims, x)[:-2]


def trace(dims: Dims, x: Shape) -> Shape:
    if len(x) != 2:
        raise ShapeError(
            f"trace needs a matrix, not shape {show(dims.resolve(x))}", args_at_fault=(0,)
        )
    return ()


def solved(dims: Dims, x: Shape, y: Shape) -> Shape:
    square(dims, x)
    at = -2 if len(y) > 1 else -1
    if not y or not dims.unify(x[-1], y[at]):
        raise ShapeError(
            f"shapes {show(dims.resolve(x))} and {show(dims.resolve(y))} do not fit in solve",
            args_at_fault=(0, 1),
        )
    return dims.resolve(y if len(y) == 1 else dims.broadcast(x[:-2], y[:-2]) + y[-2:])


def indexed(dims: Dims, x: Shape, index: tuple[Any, ...] = ()) -> Shape:
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
            dims.has_some(dim)
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


def given(dims: Dims, x: Shape, index: Any = (), shape: Shape = ()) -> Shape:
    if dims.resolve(indexed(dims, shape, index)) != dims.resolve(x):
        raise ShapeError(f"a value of shape {show(x)} does not fit there", args_at_fault=(0,))
    return shape


def to(dims: Dims, x: Shape, shape: Shape = ()) -> Shape:
    return shape


def segmented(dims: Dims, x: Shape, axis: int = 0, start: Dim = 0, size: Dim = 0) -> Shape:
    return (*x[:axis], size, *x[axis + 1 :])


def ends(x: Shape, axis: int = 0, start: Dim = 0, size: Dim = 0) -> tuple[Dim, Dim | None]:
    """Where a segment begins and ends on its axis; None where the axis ends, too.

    >>> ends(("n", "4*h"), 1, "h", "h"), ends(("n", "4*h"), 1, "3*h", "h")
    (('h', '2*h'), ('3*h', None))
    """
    end = total([start, size])
    return start, None if end == x[axis] else end


def scalar(dims: Dims, x: Shape, axis: Axis = None) -> Shape:
    return ()
