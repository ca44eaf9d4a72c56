"""Subscripts in which sizes stand that are only known at the call: `x[:n - 1]`, `a[:, H:2*H]`, `x[:n//2]`.

What can be counted from the end of its axis is; any other slice is a piece of the axis between two sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.graph.shapes import Dim, less, names_in, total
from gradc.language import lists
from gradc.language.values import Arg
from gradc.ops import array as a

if TYPE_CHECKING:
    from gradc.language.gates import Gates

Index = tuple[Any, ...]

_ALL = ("slice", None, None, None)
_STOP = 1  # the place of the end of a slice among its bounds


class _NotCounted(Exception):
    """A size that is no number of elements from the end of its axis."""


def by_sizes(gates: Gates, array: Node, index: Index, base: Arg, last: int, pieces: bool = True) -> tuple[Node, Index]:
    """An index in which sizes stand, counted from the end of their axes, and the array that it is of then.

    What can't be counted, and is a slice, is cut out of the array before, unless whole arrays are wanted (`pieces`).
    """
    out = [*index]
    for place, axis in _axes_of(index, len(array.shape)):
        part = index[place]
        if not _has_size(part):
            continue
        dim = gates.build.dims.find(array.shape[axis] if axis < len(array.shape) else 1)
        try:
            out[place] = _from_end(gates, dim, part)
        except _NotCounted as error:
            cut = pieces and isinstance(part, tuple) and axis < len(array.shape)
            piece = _piece(gates, array, axis, dim, *part[1:]) if cut else None
            if piece is None:
                size = next(iter(names_in(str(error))))
                raise lists.needs_size(gates, Arg(base.value, base.first, last), size) from None
            array, out[place] = piece, _ALL
    return array, tuple(out)


def _axes_of(index: Index, rank: int) -> Iterator[tuple[int, int]]:
    """The places of an index that take an axis, each with the axis; "..." takes those that nothing else does."""
    taken = sum(part is not None and part != "..." for part in index)
    axis = 0
    for place, part in enumerate(index):
        if part == "...":
            axis += rank - taken
        elif part is not None:
            yield place, axis
            axis += 1


def _has_size(part: Any) -> bool:
    """Whether a part of an index hangs on a size that is only known at the call."""
    if isinstance(part, tuple):
        return any(isinstance(end, str) for end in part[1:])
    return isinstance(part, str) and part != "..."


def _from_end(gates: Gates, dim: Dim, part: Any) -> Any:
    """An index of an axis of size `dim`, or a slice of it, with its sizes counted from the end of the axis."""

    def place(end: Any, at: int) -> Any:
        if not isinstance(end, str):
            return end
        gap = less(gates.build.dims.find(end), dim)
        if isinstance(gap, int) and (gap < 0 or (gap == 0 and at == _STOP)):
            return gap or None
        raise _NotCounted(end)

    if isinstance(part, tuple):
        return ("slice", *(place(end, at) for at, end in enumerate(part[1:])))
    return place(part, -1)


def _piece(gates: Gates, array: Node, axis: int, dim: Dim, start: Any, stop: Any, step: Any) -> Node | None:
    """The piece of an axis between two sizes; None for a step in it, and where it can't be that long.

    An axis that turns out to be shorter, of which NumPy would give what there is, is refused at the call.
    """
    dims = gates.build.dims
    if step not in (None, 1):
        return None

    def place(bound: Any) -> Dim:
        return total([dim, bound]) if type(bound) is int and bound < 0 else dims.find(bound)

    first, last = 0 if start is None else place(start), dim if stop is None else place(stop)
    if not (dims.fits(0, first) and dims.fits(first, last) and dims.fits(last, dim)):
        return None
    return gates.build.make(a.segment, (array,), (axis, first, less(last, first)))
