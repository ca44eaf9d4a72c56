"""NumPy's functions that move, join and cut arrays, and take their diagonals.

Importing this registers them beside those of `gradc.language.array_functions`.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

from gradc.graph.dag import Node
from gradc.graph.shapes import Dim, shared, total
from gradc.language import indexing
from gradc.language.array_functions import Call, function
from gradc.language.values import Arg, Group
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import gather as g
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops import shaping as m
from gradc.rewrite.simplify import is_const

_EVERY = ("slice", None, None, None)
_BACK = ("slice", None, None, -1)


def _flat(call: Call, x: Node) -> Node:
    return call.make(a.reshape, x, shape=(-1,)) if len(x.shape) != 1 else x


def _of_axis(call: Call, x: Node, axis: Any) -> tuple[Node, int]:
    """An array and one of its axes, all elements in a row where none is named."""
    return (_flat(call, x), 0) if axis is None else (x, call.along(x, axis))


def _said(x: Node, axis: int) -> int | None:
    """An axis as it is written: of a vector not at all."""
    return None if len(x.shape) == 1 else axis


def _at(axis: int, item: Any) -> tuple[Any, ...]:
    return (*[_EVERY] * axis, item)


# ---- moved ---------------------------------------------------------------------------------------


@function("flip", "x, axis=None")
def _flip(call: Call) -> Node:
    x, axis = call.array(), call.axis()
    turned = call.placed(lambda: a.axes_of(axis, len(x.shape)))
    return call.index(x, *(_BACK if i in turned else _EVERY for i in range(max(turned) + 1)))


@function("flipud", "x")
def _flipud(call: Call) -> Node:
    return call.index(call.array(), _BACK)


@function("fliplr", "x")
def _fliplr(call: Call) -> Node:
    return call.index(call.array(), _EVERY, _BACK)


@function("roll", "x, shift, axis=None")
def _roll(call: Call) -> Node:
    x, shift, axis = call.array(), call.constant("shift"), call.axis()
    if not all(type(one) is int for one in (shift if isinstance(shift, tuple) else (shift,))):
        raise call.error("'shift' is a whole number, or one for each axis", at="shift")
    if len(x.shape) == 1 and axis in (0, -1):
        axis = None
    return call.make(m.roll, x, shift=shift, axis=axis)


@function("repeat repeat_interleave", "x, repeats, axis=None, c1=None, d1=None, e1=None")
def _repeat(call: Call) -> Any:
    from gradc.language.indexing import made

    if call.callee.name == "repeat" and call.callee.library == "torch":  # which is NumPy's tile
        counts = [arg for arg in call.args if not arg.key][1:]
        if len(counts) > 1:
            call.given["repeats"] = Arg(Group("tuple", counts), counts[0].first, counts[-1].last)
        return _tiled(call, "repeats")
    if len(call.given) > 3:
        raise call.arity(["x", "repeats", "axis"])
    x, repeats = call.value("x"), call.constant("repeats")
    x, axis = _of_axis(call, _row(call, x), call.axis())
    if isinstance(repeats, tuple) and all(type(one) is int and one >= 0 for one in repeats):
        if len(repeats) != call.shape(x)[axis]:
            raise call.error(f"{len(repeats)} numbers of repeats, for an axis of {call.shape(x)[axis]}", at="repeats")
        places = tuple(i for i, count in enumerate(repeats) for _ in range(count))
        at = call.build.make(g.picked, (), (places, (len(places),)))
        return call.placed(lambda: made(call.gates, x, _at(axis, at)))
    if type(repeats) is not int or repeats < 0:
        raise call.error("'repeats' is a whole number, or one for each element", at="repeats")
    return call.make(m.repeat, x, repeats=repeats, axis=axis)


@function("tile", "x, reps")
def _tile(call: Call) -> Node:
    return _tiled(call, "reps")


def _tiled(call: Call, name: str) -> Node:
    x, reps = call.value("x"), call.constant(name)
    reps = reps if isinstance(reps, tuple) else (reps,)
    if not all(type(rep) is int and rep >= 0 for rep in reps):
        raise call.error(f"'{name}' is a whole number, or one for each axis", at=name)
    rank = len(x.shape)
    if not rank:
        return call.filled(x, reps)
    return call.make(m.tile, x, reps=(*[1] * (rank - len(reps)), *reps))


@function("squeeze", "x, axis=None")
def _squeeze(call: Call) -> Node:
    x, axis = call.value("x"), call.axis()
    shape = call.shape(x)
    gone = call.placed(lambda: a.axes_of(axis, len(shape)))
    gone = tuple(i for i in gone if axis is not None or shape[i] == 1)
    if call.callee.library == "torch":
        gone = tuple(i for i in gone if shape[i] == 1)
    if any(shape[i] != 1 for i in gone):
        raise call.error("only an axis of size 1 is squeezed", at="axis")
    if not gone:
        return x
    return call.index(x, *(0 if i in gone else _EVERY for i in range(max(gone) + 1)))


@function("expand_dims unsqueeze", "x, axis")
def _expand_dims(call: Call) -> Node:
    return call.make(a.expand, call.value("x"), axis=call.axis())


@function("atleast_1d", "x")
def _atleast_1d(call: Call) -> Node:
    x = call.value("x")
    return _row(call, x)


@function("atleast_2d", "x")
def _atleast_2d(call: Call) -> Node:
    x = _row(call, call.value("x"))
    return call.make(a.expand, x, axis=0) if len(x.shape) == 1 else x


@function("swapaxes", "x, axis1, axis2")
def _swapaxes(call: Call) -> Node:
    x = call.array()
    i, j = (call.along(x, call.axis(name)) for name in ("axis1", "axis2"))
    order = list(range(len(x.shape)))
    order[i], order[j] = order[j], order[i]
    if {i, j} == {len(order) - 1, len(order) - 2} and len(order) > 2:
        return call.make(a.swap, x)
    return _ordered(call, x, order)


def _ordered(call: Call, x: Node, order: list[int]) -> Node:
    if order == sorted(order):
        return x
    return call.make(a.transpose, x, axes=None if order == [1, 0] else tuple(order))


@function("moveaxis movedim", "x, source, destination")
def _moveaxis(call: Call) -> Node:
    x = call.array()
    ends = []
    for name in ("source", "destination"):
        axes = call.axis(name)
        ends.append([call.along(x, axis) for axis in (axes if isinstance(axes, tuple) else (axes,))])
    source, there = ends
    if len(source) != len(there):
        raise call.error("as many axes go as there are places for them")
    order = [i for i in range(len(x.shape)) if i not in source]
    for place, axis in sorted(zip(there, source, strict=True)):
        order.insert(place, axis)
    return _ordered(call, x, order)


@function("permute permute_dims", "x, axes, b1=None, c1=None, d1=None, e1=None, f1=None, g1=None")
def _permute(call: Call) -> Node:
    x = call.array()
    names = [name for name in ("axes", "b1", "c1", "d1", "e1", "f1", "g1") if name in call]
    axes = call.axis("axes") if len(names) == 1 else tuple(call.axis(name) for name in names)
    return call.make(a.transpose, x, axes=axes if isinstance(axes, tuple) else (axes,))


@function("ravel flatten", "x, order=None, end_dim=-1, start_dim=0")
def _ravel(call: Call) -> Node:
    """All elements in a row; torch's flatten(x, start_dim, end_dim) some of the axes as one."""
    x = _row(call, call.value("x"))
    start = "order" if "order" in call else "start_dim"
    if start not in call and "end_dim" not in call:
        return _flat(call, x)
    first, last = call.along(x, call.axis(start, 0)), call.along(x, call.axis("end_dim", -1))
    shape = call.shape(x)
    if first > last:
        raise call.error("the first axis comes before the last one", at=start)
    return call.make(
        a.reshape, x, shape=(*shape[:first], total([a.product(shape[first : last + 1])]), *shape[last + 1 :])
    )


@function("broadcast_to", "x, shape")
def _broadcast_to(call: Call) -> Node:
    x, shape = call.value("x"), call.sizes("shape")
    call.placed(lambda: call.build.dims.broadcast(x.shape, shape))
    return x if call.shape(x) == shape else call.make(a.spread, x, shape=shape)


@function("pad", "x, pad_width, mode=None, constant_values=0, value=None")
def _pad(call: Call) -> Any:
    """NumPy's pad: zeros or another number around, or (of axes of known size) elements again."""
    from gradc.language.indexing import made

    x, mode = call.array(), call.text("mode", "constant")
    torch = call.callee.library == "torch"
    if torch:
        mode = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    width = _widths_from_the_last(call, len(x.shape)) if torch else _widths(call, len(x.shape))
    if mode == "constant":
        padded = call.make(m.pad, x, width=width)
        named = "value" if "value" in call else "constant_values"
        fill = call.value(named) if named in call else call.build.const(0)
        if is_const(fill, 0):
            return padded
        rim = call.make(m.pad, call.make(c.ones, shape=call.shape(x)), width=width)
        return call.make(r.where, call.make(r.gt, rim, call.build.const(0)), padded, fill)
    if mode not in ("edge", "wrap", "reflect", "symmetric"):
        raise call.error(f"no mode '{mode}'", "constant, edge, reflect, symmetric and wrap are", "mode")
    for axis, (before, after) in enumerate(width):
        size = call.shape(x)[axis]
        if (before, after) == (0, 0):
            continue
        if size == 0:
            raise call.error(f"an axis without elements is not padded by '{mode}'")
        if not isinstance(size, int):
            x = _padded(call, x, axis, mode, before, after)
            continue
        places = tuple(_outside(mode, i, size) for i in range(-before, size + after))
        at = call.build.make(g.picked, (), (places, (len(places),)))
        x = call.placed(partial(made, call.gates, x, _at(axis, at)))
    return x


def _padded(call: Call, x: Node, axis: int, mode: str, before: int, after: int) -> Node:
    """The same along an axis whose size is known at the call only: the parts that are there again, around it."""
    lead = (_EVERY,) * axis
    first, last = ("slice", None, 1, None), ("slice", -1, None, None)
    back = (*lead, _BACK)
    parts = [x]
    if mode == "edge":
        ends = [(call.index(x, *lead, first), before), (call.index(x, *lead, last), after)]
        sides = [[end] * count for end, count in ends]
    elif mode == "wrap":
        sides = [
            [call.index(x, *lead, ("slice", -before, None, None))] if before else [],
            [call.index(x, *lead, ("slice", None, after, None))] if after else [],
        ]
    else:
        skip = int(mode == "reflect")  # the end itself comes once
        near = call.index(x, *lead, ("slice", skip or None, before + skip, None)) if before else None
        far = call.index(x, *lead, ("slice", -after - skip, -skip or None, None)) if after else None
        sides = [[call.index(side, *back)] if side is not None else [] for side in (near, far)]
    return call.make(a.concatenate, *sides[0], *parts, *sides[1], axis=axis)


def _widths_from_the_last(call: Call, rank: int) -> tuple[tuple[int, int], ...]:
    """torch's widths: before and after the last axis, then the one before it."""
    given = call.constant("pad_width")
    given = given if isinstance(given, tuple) else (given,)
    if len(given) % 2 or len(given) > 2 * rank or not all(type(one) is int and one >= 0 for one in given):
        raise call.error("the widths are (left, right, top, bottom, ...)", at="pad_width")
    pairs = [(given[i], given[i + 1]) for i in range(0, len(given), 2)]
    return (*((0, 0),) * (rank - len(pairs)), *reversed(pairs))


def _widths(call: Call, rank: int) -> tuple[tuple[int, int], ...]:
    """How much is added before and after each axis: 1, (1, 2), ((1, 2), (0, 0))."""
    value = call.given["pad_width"].value
    items = value.items if isinstance(value, Group) else None
    nested = items is not None and any(isinstance(item.value, Group) for item in items)
    if nested and items is not None:
        pairs = [call.gates._constant(item) for item in items]
        pairs = [(pair, pair) if type(pair) is int else pair * 2 if len(pair) == 1 else pair for pair in pairs]
        pairs = pairs * rank if len(pairs) == 1 else pairs
    else:
        given = call.constant("pad_width")
        pair = (given, given) if type(given) is int else given * 2 if len(given) == 1 else given
        pairs = [pair] * rank
    if len(pairs) != rank or not all(
        isinstance(pair, tuple) and len(pair) == 2 and all(type(one) is int and one >= 0 for one in pair)
        for pair in pairs
    ):
        raise call.error("a width is a number, (before, after), or such a pair for each axis", at="pad_width")
    return tuple(pairs)


def _outside(mode: str, i: int, size: int) -> int:
    """Which element stands at a place outside of an axis.

    >>> [_outside("reflect", i, 3) for i in range(-3, 6)], [_outside("symmetric", i, 3) for i in range(-3, 6)]
    ([1, 2, 1, 0, 1, 2, 1, 0, 1], [2, 1, 0, 0, 1, 2, 2, 1, 0])
    """
    if mode == "edge":
        return min(max(i, 0), size - 1)
    if mode == "wrap":
        return i % size
    if mode == "symmetric":
        i %= 2 * size
        return min(i, 2 * size - 1 - i)
    period = max(2 * size - 2, 1)
    i %= period
    return min(i, period - i)


# ---- joined and cut ------------------------------------------------------------------------------


@function("hstack", "x")
def _hstack(call: Call) -> Node:
    parts = [_row(call, part.value) for part in call.values()]
    return _joined(call, parts, 0 if all(len(part.shape) == 1 for part in parts) else 1)


@function("vstack row_stack", "x")
def _vstack(call: Call) -> Node:
    parts = [_row(call, part.value) for part in call.values()]
    if all(len(part.shape) == 1 for part in parts):
        return call.make(a.stack, *parts, axis=0)
    return _joined(call, [part if len(part.shape) > 1 else call.make(a.expand, part, axis=0) for part in parts], 0)


@function("column_stack", "x")
def _column_stack(call: Call) -> Node:
    parts = [_row(call, part.value) for part in call.values()]
    if all(len(part.shape) == 1 for part in parts):
        return call.make(a.stack, *parts, axis=1)
    return _joined(call, [part if len(part.shape) > 1 else call.make(a.expand, part, axis=1) for part in parts], 1)


@function("dstack", "x")
def _dstack(call: Call) -> Node:
    parts = []
    for each in call.values():
        part = _row(call, each.value)
        part = call.make(a.expand, part, axis=0) if len(part.shape) == 1 else part
        parts.append(call.make(a.expand, part, axis=-1) if len(part.shape) == 2 else part)
    return _joined(call, parts, 2)


def _row(call: Call, x: Node) -> Node:
    """A number as a vector of one element."""
    if x.shape:
        return x
    return call.filled(x, (1,)) if x.op is s.const else call.make(a.stack, x, axis=0)


def _joined(call: Call, parts: list[Node], axis: int) -> Node:
    return parts[0] if len(parts) == 1 else call.make(a.concatenate, *parts, axis=axis)


@function("cat", "x, axis=0")
def _cat(call: Call) -> Node:
    parts = [part.value for part in call.values()]
    return _joined(call, parts, call.axis(default=0))


@function("ix_", "x, y=None, z=None")
def _ix(call: Call) -> Group:
    """An index of rows and columns: each along an axis of its own."""
    names = [name for name in ("x", "y", "z") if name in call]
    parts = []
    for at, name in enumerate(names):
        given = call.given[name]
        node = call.gates._index_list(given.value, given) if isinstance(given.value, Group) else call.value(name)
        rest = len(names) - at - 1
        items = (*[None] * at, _EVERY, *[None] * rest)
        part = node
        if len(names) > 1:
            part = indexing.spread_out(call.gates, node, items) or call.index(node, *items)
        parts.append(Arg(part, given.first, given.last))
    return Group("tuple", parts)


@function("append", "x, values, axis=None")
def _append(call: Call) -> Node:
    x, more, axis = call.value("x"), call.value("values"), call.axis()
    if axis is None:
        return _joined(call, [_flat(call, _row(call, x)), _flat(call, _row(call, more))], 0)
    return _joined(call, [x, more], call.along(x, axis))


@function("block", "x")
def _block(call: Call) -> Node:
    """Rows of blocks, as in block([[A, B], [C, D]])."""
    value = call.given["x"].value
    if not isinstance(value, Group):
        return call.value("x")
    rows = []
    for row in value.items:
        if not isinstance(row.value, Group):
            parts = [call.gates.value(item) for item in value.items]
            return _joined(call, [_row(call, part) for part in parts], max(len(part.shape) for part in parts) - 1)
        parts = [_matrix(call, call.gates.value(item)) for item in row.value.items]
        rows.append(_joined(call, parts, 1))
    return _joined(call, rows, 0)


def _matrix(call: Call, x: Node) -> Node:
    x = _row(call, x)
    return call.make(a.expand, x, axis=0) if len(x.shape) == 1 else x


@function("split array_split tensor_split chunk", "x, sections, axis=0")
def _split(call: Call) -> Group:
    """NumPy's split takes the number of pieces or where to cut, torch's, and every method, how long they are."""
    torch = call.callee.library == "torch" or call.callee.receiver is not None
    if torch and call.callee.name == "split":
        return _pieces_of_size(call, call.array(), call.axis(default=0))
    return _pieces(call, call.array(), call.axis(default=0))


def _pieces_of_size(call: Call, x: Node, axis: int) -> Group:
    at = call.along(x, axis)
    size, given = call.shape(x)[at], call.given["sections"]
    if isinstance(given.value, Group):
        sizes = [call.size(item) for item in given.value.items]
    else:
        each = call.size(given)
        share = shared(size, each) if each != 0 else None
        if isinstance(size, int) and isinstance(each, int) and each > 0:
            sizes = [min(each, size - i) for i in range(0, size, each)]
        elif isinstance(share, int):
            sizes = [each] * share
        else:
            raise call.error(f"how many pieces of {each} an axis of {size} has is not known", at="sections")
    starts = [total(sizes[:i]) for i in range(len(sizes))]
    pieces = [
        call.make(a.segment, x, axis=at, start=start, size=length) for start, length in zip(starts, sizes, strict=True)
    ]
    arg = call.given["x"]
    return Group("tuple", [Arg(piece, arg.first, arg.last) for piece in pieces])


@function("hsplit", "x, sections")
def _hsplit(call: Call) -> Group:
    x = call.array()
    return _pieces(call, x, 0 if len(x.shape) == 1 else 1)


@function("vsplit", "x, sections")
def _vsplit(call: Call) -> Group:
    return _pieces(call, call.array(), 0)


def _cut(at: int, size: int) -> int:
    """Where an axis is cut, as a slice counts."""
    return min(max(at + size if at < 0 else at, 0), size)


def _pieces(call: Call, x: Node, axis: int) -> Group:
    """The pieces of an axis: so many of one size, or cut at given places."""
    at = call.along(x, axis)
    size = call.shape(x)[at]
    place = call.given["sections"]
    if isinstance(place.value, Group):
        cuts: list[Dim] = [call.size(item) for item in place.value.items]
        if all(isinstance(cut, int) for cut in cuts) and isinstance(size, int):
            cuts = [_cut(int(cut), size) for cut in cuts]
        ends: list[Dim] = [0, *cuts, size]
        sizes = [total([end, a.product((-1, start))]) for start, end in pairwise(ends)]
        starts = ends[:-1]
    else:
        count = call.size(place)
        if not isinstance(count, int) or count < 1:
            raise call.error("the number of pieces is a whole number", at="sections")
        share = shared(size, count) if size != 0 else 0
        if share is None or (isinstance(size, int) and size % count):
            if call.callee.name == "split" or not isinstance(size, int):
                raise call.error(f"an axis of {size} does not fall into {count} equal pieces", at="sections")
            step = -(-size // count) if call.callee.name == "chunk" else 0
            sizes = (
                [min(step, size - i) for i in range(0, size, step)]
                if step
                else [size // count + (i < size % count) for i in range(count)]
            )
            starts = [sum(sizes[:i]) for i in range(len(sizes))]  # type: ignore[arg-type]  # numbers
        else:
            sizes = [share] * count
            starts = [a.product((i, share)) for i in range(count)]
    arg = call.given["x"]
    pieces = [
        call.make(a.segment, x, axis=at, start=start, size=length) for start, length in zip(starts, sizes, strict=True)
    ]
    return Group("list", [Arg(piece, arg.first, arg.last) for piece in pieces])


# ---- diagonals and triangles ---------------------------------------------------------------------


@function("diag", "x, k=0")
def _diag(call: Call) -> Node:
    x, k = call.array(), int(call.number("k"))
    if len(x.shape) > 2:
        raise call.error("diag takes a vector or a matrix", "diagonal(x, 0, 1, 2) has axes", "x")
    return call.make(m.diag, x, k=k) if len(x.shape) == 1 else call.make(m.diagonal, x, offset=k)


@function("diagflat", "x, k=0")
def _diagflat(call: Call) -> Node:
    return call.make(m.diag, _flat(call, call.array()), k=int(call.number("k")))


@function("diagonal", "x, offset=0, axis1=0, axis2=1, dim1=None, dim2=None")
def _diagonal(call: Call) -> Node:
    x = call.array()
    names = [torchs if torchs in call else numpys for numpys, torchs in (("axis1", "dim1"), ("axis2", "dim2"))]
    axes = [call.along(x, call.axis(name, default)) for default, name in enumerate(names)]
    order = [i for i in range(len(x.shape)) if i not in axes] + axes
    return call.make(m.diagonal, _ordered(call, x, order), offset=int(call.number("offset")))


@function("tri", "n, m=None, k=0")
def _tri(call: Call) -> Node:
    n = call.size(call.given["n"])
    ones = call.make(c.ones, shape=(n, call.size(call.given["m"]) if "m" in call else n))
    return call.make(m.tril, ones, k=int(call.number("k")))


@function("trace", "x, offset=0")
def _trace(call: Call) -> Node:
    x, offset = call.array(), int(call.number("offset"))
    if offset == 0 or len(x.shape) != 2:
        return call.make(a.trace, x)
    return call.make(a.sum_, call.make(m.diagonal, x, offset=offset))


@function("triu_indices", "n, k=0, m=None")
def _triu_indices(call: Call) -> Group:
    return _triangle(call, upper=True)


@function("tril_indices", "n, k=0, m=None")
def _tril_indices(call: Call) -> Group:
    return _triangle(call, upper=False)


def _triangle(call: Call, upper: bool) -> Group:
    """The places of a triangle: rows and columns. torch has the number of columns before the diagonal's."""
    if call.callee.library == "torch" and all(not arg.key for arg in call.args[1:2]):
        swapped = {"k": "m", "m": "k"}
        call.given = {swapped.get(name, name): arg for name, arg in call.given.items()}
    n, k = call.size(call.given["n"]), int(call.number("k"))
    width = call.size(call.given["m"]) if "m" in call else n
    if not isinstance(n, int) or not isinstance(width, int):
        raise call.error("the size of a triangle is a known number", "write triu(x), which has zeros below", "n")
    places = [(i, j) for i in range(n) for j in range(width) if (j - i >= k if upper else j - i <= k)]
    nodes = [call.build.make(g.picked, (), (tuple(place[axis] for place in places), (len(places),))) for axis in (0, 1)]
    return Group("tuple", [Arg(node, call.first, call.last) for node in nodes])


@function("select", "conditions, values, default=0")
def _select(call: Call) -> Node:
    """The value of the first condition that holds; select(c, a, b) of one is JAX's."""
    test = call.given["conditions"].value
    if isinstance(test, Node) and "default" in call:
        return call.make(r.where, call.gates.condition(test), call.value("values"), call.value("default"))
    pairs = [call.given[name].value for name in ("conditions", "values")]
    if not all(isinstance(each, Group) for each in pairs) or len({len(each.items) for each in pairs}) != 1:
        raise call.error("select takes as many conditions as values, in lists")
    out = call.value("default") if "default" in call else call.build.const(0)
    for test, value in zip(*(reversed(each.items) for each in pairs), strict=True):
        out = call.make(r.where, call.gates.condition(test.value), call.gates.value(value), out)
    return out
