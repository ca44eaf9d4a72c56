"""A sum over a product as one contraction, which never makes the product: a matrix product where it is one.

>>> from gradc.rewrite.simplify import Builder
>>> build = Builder()
>>> x, y = build.input("x", ("n", "k")), build.input("y", ("k", "m"))
>>> left = build.make(array.index, (x,), ((("slice", None, None, None), ("slice", None, None, None), None),))
>>> contracted(build, left, y, 1, False)
%3 = matmul(%0, %1)
>>> contracted(build, x, x, 1, True).args[0]
%4 = einsum2(%0, %0) ('ij,ij->i',)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.ops import array, contractions
from gradc.ops.table import static

if TYPE_CHECKING:
    from gradc.rewrite.simplify import Builder

# Products of a matrix and a vector for each of many are matrix products, unless the matrices are smaller than this.
FEWEST_IN_A_MATRIX = 64

_EVERY = ("slice", None, None, None)
_LETTERS = "ijklmnopqrstuvwxyzabcdefgh"


def contracted(build: Builder, x: Node, y: Node, axis: Any, keepdims: bool) -> Node | None:
    """sum(x*y, axis, keepdims) without x*y; None where no axis that both have is summed."""
    full = build.dims.resolve(build.dims.broadcast(x.shape, y.shape))
    gone = array.axes_of(axis, len(full))
    out = [at for at in range(len(full)) if at not in gone]
    (x, of_x), (y, of_y) = (_apart(build, each, full) for each in (x, y))
    x, of_x = _summed(build, x, of_x, [at for at in of_x if at not in of_y and at in gone])
    y, of_y = _summed(build, y, of_y, [at for at in of_y if at not in of_x and at in gone])
    if not any(at in of_y and at in gone for at in of_x) or sorted({*of_x, *of_y} - set(gone)) != out:
        return None
    if keepdims and not out:
        return None
    made = _product(build, x, of_x, y, of_y, out)
    kept = _index(None if at in gone else _EVERY for at in range(len(full)))
    return build.make(array.index, (made,), (kept,)) if keepdims else made


def _apart(build: Builder, x: Node, full: tuple[Any, ...]) -> tuple[Node, list[int]]:
    """A factor without the axes along which it is only broadcast, and which axes of the product the others are."""
    lead = len(full) - len(x.shape)
    shape = build.dims.resolve(x.shape)
    mine = [at + lead for at, dim in enumerate(shape) if dim != 1 or full[at + lead] == 1]
    if len(mine) == len(shape):
        return x, mine
    items, at = [], 0
    for item in _items(x):
        kept = isinstance(item, int) or at + lead in mine
        items += [item] if kept else []
        if not kept and item is not None:
            break
        at += not isinstance(item, int)
    else:
        if _items(x):
            index = _index(items)
            base = x.args[0]
            return (build.make(array.index, (base,), (index,)) if index else base), mine
    return build.make(
        array.index, (x,), (_index(0 if at + lead not in mine else _EVERY for at in range(len(shape))),)
    ), mine


def _index(items: Iterable[Any]) -> tuple[Any, ...]:
    """What stands between brackets: all of an axis goes without saying at the end."""
    index = tuple(items)
    while index and index[-1] == _EVERY:
        index = index[:-1]
    return index


def _items(x: Node) -> list[Any]:
    """What stands between the brackets of an index, or of what expands an array; nothing for any other value."""
    if x.op is array.index:
        found = list(static(x, "index"))
        if "..." in found:
            return []
        return found + [_EVERY] * (len(x.shape) - sum(not isinstance(item, int) for item in found))
    if x.op is not array.expand:
        return []
    new = array.axes_of(static(x, "axis"), len(x.shape))
    return [None if at in new else _EVERY for at in range(len(x.shape))]


def _summed(build: Builder, x: Node, have: list[int], gone: list[int]) -> tuple[Node, list[int]]:
    """A factor summed over axes that the other does not have."""
    if not gone:
        return x, have
    axis = tuple(have.index(at) for at in gone)
    return build.make(array.sum_, (x,), (axis if len(axis) > 1 else axis[0], False)), [
        at for at in have if at not in gone
    ]


def _product(build: Builder, x: Node, of_x: list[int], y: Node, of_y: list[int], out: list[int]) -> Node:
    """The contraction of two arrays whose axes go by numbers, the result's in the order of `out`."""
    both = [at for at in of_x if at in of_y]
    batch, inner = [at for at in both if at in out], [at for at in both if at not in out]
    free_x, free_y = [at for at in of_x if at not in both], [at for at in of_y if at not in both]
    if free_x and free_y and out == batch + free_y + free_x:
        x, of_x, free_x, y, of_y, free_y = y, of_y, free_y, x, of_x, free_x
    one = len(inner) == 1 and len(free_x) < 2 and len(free_y) < 2
    if one and (bool(free_x and free_y) if batch else bool(free_x or free_y)):
        left = _turned(build, x, of_x, batch + free_x + inner)
        right = _turned(build, y, of_y, batch + inner + free_y)
        return _turned(build, build.make(array.matmul, (left, right)), batch + free_x + free_y, out)
    if one and batch:
        for u, of_u, free, v, of_v in ((x, of_x, free_x, y, of_y), (y, of_y, free_y, x, of_x)):
            if free and _is_large(build, u, [of_u.index(at) for at in inner + free]):
                return _turned(build, _rows_times(build, u, of_u, v, of_v, batch, inner + free), batch + free, out)
    if not batch and (free_x or free_y):
        axes = tuple(of_x.index(at) for at in inner), tuple(of_y.index(at) for at in inner)
        return _turned(build, build.make(contractions.tensordot, (x, y), (axes,)), free_x + free_y, out)
    if not out and of_x == of_y:
        return build.make(array.matmul if len(of_x) == 1 else array.inner, (x, y))
    letters = dict(zip(sorted({*of_x, *of_y}), _LETTERS, strict=False))
    subs = ",".join("".join(letters[at] for at in each) for each in (of_x, of_y))
    return build.make(contractions.EINSUMS[1], (x, y), (f"{subs}->{''.join(letters[at] for at in out)}",))


def _is_large(build: Builder, x: Node, axes: list[int]) -> bool:
    """Whether a matrix within an array has some elements, as far as its sizes are numbers."""
    shape = build.dims.resolve(x.shape)
    size = array.product(tuple([shape[at] for at in axes]))
    return not isinstance(size, int) or size >= FEWEST_IN_A_MATRIX


def _rows_times(
    build: Builder, x: Node, of_x: list[int], y: Node, of_y: list[int], batch: list[int], matrix: list[int]
) -> Node:
    """The vectors in y times the matrices in x, each with its own: as rows of one line, or as columns."""
    lead = (_EVERY,) * len(batch)
    vectors = _turned(build, y, of_y, batch + matrix[:1])
    if of_x == batch + matrix[::-1]:
        columns = build.make(array.index, (vectors,), ((*lead, _EVERY, None),))
        return build.make(array.index, (build.make(array.matmul, (x, columns)),), ((*lead, _EVERY, 0),))
    rows = build.make(array.index, (vectors,), ((*lead, None),))
    product = build.make(array.matmul, (rows, _turned(build, x, of_x, batch + matrix)))
    return build.make(array.index, (product,), ((*lead, 0),))


def _turned(build: Builder, x: Node, have: list[int], want: list[int]) -> Node:
    """An array with its axes in another order."""
    if have == want:
        return x
    order = tuple(have.index(at) for at in want)
    reverse = order == tuple(reversed(range(len(order))))
    return build.make(array.transpose, (x,), (None if reverse else order,))


__all__ = ["contracted"]
