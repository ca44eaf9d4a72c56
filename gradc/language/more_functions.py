"""The rest of NumPy's functions of arrays: moved, joined, contracted, summed in order, convolved.

Importing this registers them beside those of `gradc.language.array_functions`.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

from gradc.graph.dag import Node
from gradc.graph.shapes import Dim, shared, total
from gradc.language import indexing, lists
from gradc.language.array_functions import Call, function
from gradc.language.values import Arg, Group
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import contractions as e
from gradc.ops import convolution as v
from gradc.ops import gather as g
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops import shaping as m
from gradc.rewrite.simplify import is_const
from gradc.rewrite.typed import PI

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


# ---- in order ------------------------------------------------------------------------------------


@function("cumsum", "x, axis=None")
def _cumsum(call: Call) -> Node:
    x, axis = _of_axis(call, call.array(), call.axis())
    return call.make(m.cumsum, x, axis=_said(x, axis))


@function("cumprod", "x, axis=None")
def _cumprod(call: Call) -> Node:
    x, axis = _of_axis(call, call.array(), call.axis())
    return call.make(m.cumprod, x, axis=_said(x, axis))


@function("diff", "x, n=1, axis=-1, prepend=None, append=None")
def _diff(call: Call) -> Node:
    if "n" in call and call.value("n").op is not s.const:
        from gradc.language.foreign import DIFFERENTIATES

        raise call.error("gradc differentiates by itself", DIFFERENTIATES)
    x = call.array()
    axis = call.along(x, call.axis(default=-1))
    ends = [call.value(name) if name in call else None for name in ("prepend", "append")]
    parts = []
    for end, part in zip((ends[0], None, ends[1]), (ends[0], x, ends[1]), strict=True):
        if part is not None and end is not None and not end.shape:
            shape = call.shape(x)
            part = call.filled(end, (*shape[:axis], 1, *shape[axis + 1 :]))
        parts += [part] if part is not None else []
    x = call.make(a.concatenate, *parts, axis=axis) if len(parts) > 1 else x
    for _ in range(int(call.number("n", 1))):
        after = call.index(x, *_at(axis, ("slice", 1, None, None)))
        x = call.make(s.sub, after, call.index(x, *_at(axis, ("slice", None, -1, None))))
    return x


@function("sort", "x, axis=-1, descending=None, stable=None, kind=None")
def _sort(call: Call) -> Any:
    from gradc.language.array_functions import _along
    from gradc.language.indexing import made

    flat = "axis" in call.given and "axis" not in call  # sort(x, axis=None)
    x, axis = _of_axis(call, call.array(), None if flat else call.axis(default=-1))
    backward = "descending" in call and call.flag("descending")
    order = call.make(g.argsort, x, axis=-1 if axis == len(x.shape) - 1 else axis)
    if backward:
        order = call.index(order, *(_EVERY,) * axis, _BACK)
    found = call.placed(lambda: made(call.gates, x, (order,))) if len(x.shape) == 1 else _along(call, x, order, axis)
    if call.callee.library != "torch":
        return found
    return Group("tuple", [Arg(each, call.first, call.last) for each in (found, order)])


@function("trapezoid trapz", "y, x=None, dx=1.0, axis=-1")
def _trapezoid(call: Call) -> Node:
    y = call.array("y")
    axis = call.along(y, call.axis(default=-1))
    high = call.index(y, *_at(axis, ("slice", 1, None, None)))
    low = call.index(y, *_at(axis, ("slice", None, -1, None)))
    mean = call.make(s.mul, call.build.const(0.5), call.make(s.add, high, low))
    if "x" in call:
        x = call.array("x")
        at = axis if len(x.shape) > 1 else 0
        steps = call.make(
            s.sub,
            call.index(x, *_at(at, ("slice", 1, None, None))),
            call.index(x, *_at(at, ("slice", None, -1, None))),
        )
        if len(x.shape) == 1 and axis != len(y.shape) - 1:
            steps = call.make(a.expand, steps, axis=tuple(range(1, len(y.shape) - axis)))
        mean = call.make(s.mul, steps, mean)
    elif "dx" in call:
        mean = call.make(s.mul, call.value("dx"), mean)
    return call.make(a.sum_, mean, axis=None if len(y.shape) == 1 else axis)


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


# ---- products ------------------------------------------------------------------------------------


@function("inner", "x, y")
def _inner(call: Call) -> Node:
    x, y = call.value("x"), call.value("y")
    if not x.shape or not y.shape:
        return call.make(s.mul, x, y)
    if len(x.shape) == len(y.shape) == 1:
        return call.make(a.matmul, x, y)
    return call.make(e.tensordot, x, y, axes=((len(x.shape) - 1,), (len(y.shape) - 1,)))


@function("vdot", "x, y")
def _vdot(call: Call) -> Node:
    x, y = (_flat(call, call.array(name)) for name in ("x", "y"))
    return call.make(a.matmul, x, y)


@function("kron", "x, y")
def _kron(call: Call) -> Node:
    """Of a vector and a matrix, the vector is a row."""
    x, y = call.array("x"), call.array("y")
    if {len(x.shape), len(y.shape)} == {1, 2}:
        x, y = (call.make(a.expand, each, axis=0) if len(each.shape) == 1 else each for each in (x, y))
    return call.make(e.kron, x, y)


@function("cross", "x, y, axis=-1, dim=None")
def _cross(call: Call) -> Node:
    x, y = call.array("x"), call.array("y")
    axis = call.axis(default=-1)
    if call.shape(x)[-1] == call.shape(y)[-1] == 2 and axis == -1:
        parts = [call.index(z, "...", i) for z in (x, y) for i in (0, 1)]
        return call.make(s.sub, call.make(s.mul, parts[0], parts[3]), call.make(s.mul, parts[1], parts[2]))
    if axis == -1 or call.along(x, axis) == len(x.shape) - 1:
        return call.make(e.cross, x, y)
    at = call.along(x, axis)
    last = [i for i in range(len(x.shape)) if i != at] + [at]
    out = call.make(e.cross, _ordered(call, x, last), _ordered(call, y, last))
    return _ordered(call, out, [last.index(i) for i in range(len(last))])


@function("outer", "x, y")
def _outer(call: Call) -> Node:
    x, y = (_flat(call, _row(call, call.value(name))) for name in ("x", "y"))
    return call.make(a.outer, x, y)


@function("tensordot", "x, y, axes=2")
def _tensordot(call: Call) -> Node:
    x, y = call.array("x"), call.array("y")
    value = call.given["axes"].value if "axes" in call else None
    if isinstance(value, Group):
        pairs = [call.gates._constant(item) for item in value.items]
        pairs = [pair if isinstance(pair, tuple) else (pair,) for pair in pairs]
        if len(pairs) != 2 or len(pairs[0]) != len(pairs[1]):
            raise call.error("'axes' are a number, or as many axes of one array as of the other", at="axes")
    else:
        count = int(call.number("axes", 2))
        if not 0 <= count <= min(len(x.shape), len(y.shape)):
            raise call.error(f"{count} axes are summed, of arrays of {len(x.shape)} and {len(y.shape)}", at="axes")
        pairs = [tuple(range(len(x.shape) - count, len(x.shape))), tuple(range(count))]
    axes = tuple(tuple(call.along(z, axis) for axis in pair) for z, pair in zip((x, y), pairs, strict=True))
    return call.make(e.tensordot, x, y, axes=axes)


@function("einsum", "subscripts, x=None, y=None, z=None, u=None, v=None")
def _einsum(call: Call) -> Node:
    """einsum("ij,jk->ik", A, B), with "..." and repeated names, as NumPy has them."""
    text = call.text("subscripts", "ij,jk->ik").replace(" ", "")
    names = [name for name in ("x", "y", "z", "u", "v") if name in call]
    given, arrow, out = text.partition("->")
    labels = given.split(",")
    if len(names) == 1 and len(labels) > 1 and isinstance(call.given["x"].value, Group):  # torch takes a list, too
        arrays = [arg.value for arg in call.values()]
        names = ["x"] * len(arrays)
    else:
        arrays = [call.value(name) for name in names]
    if not names or len(labels) != len(names):
        raise call.error(f"'{text}' names {len(labels)} arrays, and {len(names)} are given", at="subscripts")
    if "..." in text:
        labels, out = _without_dots(call, labels, out if arrow else None, arrays)
    bad = [each for each in "".join([*labels, out]) if not (each.isalpha() and each.isascii())]
    if bad:
        raise call.error(f"an axis has a letter as its name, and not '{bad[0]}'", at="subscripts")
    if not arrow and "..." not in text:
        whole = "".join(labels)
        out = "".join(sorted(label for label in set(whole) if whole.count(label) == 1))
    if len({*out}) != len(out) or not {*out} <= {*"".join(labels)}:
        raise call.error("the axes of the result stand in the arrays, each once in the result", at="subscripts")
    for at, mine in enumerate(labels):
        if len(mine) != len(arrays[at].shape):
            said = f"'{mine}' names {len(mine)} axes of an array of {len(arrays[at].shape)}"
            raise call.error(said, at=names[at])
        arrays[at], labels[at] = _each_once(call, arrays[at], mine)
    if len(arrays) == 1:  # NumPy's einsum may give a view, which the gates below own up to
        return _of_one(call, arrays[0], labels[0], out)
    return call.make(e.EINSUMS[len(arrays) - 1], *arrays, subs=",".join(labels) + "->" + out)


def _of_one(call: Call, x: Node, labels: str, out: str) -> Node:
    """Sums along the axes that are gone, and the others in their new order."""
    gone = tuple(i for i, label in enumerate(labels) if label not in out)
    if gone:
        x = call.make(a.sum_, x, axis=gone if len(gone) > 1 else gone[0])
        labels = "".join(label for label in labels if label in out)
    order = [labels.index(label) for label in out]
    return x if order == list(range(len(order))) else _ordered(call, x, order)


def _each_once(call: Call, x: Node, labels: str) -> tuple[Node, str]:
    """An axis that is named twice is the diagonal: it comes last."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            order = [k for k in range(len(labels)) if k not in (i, j)]
            x = call.make(m.diagonal, _ordered(call, x, [*order, i, j]), offset=0)
            labels = "".join(labels[k] for k in order) + label
    return x, labels


def _without_dots(call: Call, labels: list[str], out: str | None, arrays: list[Node]) -> tuple[list[str], str]:
    """The axes that "..." stands for by names of their own."""
    free = [chr(code) for code in range(ord("A"), ord("Z") + 1) if chr(code) not in "".join([*labels, out or ""])]
    counts = [
        len(x.shape) - len(mine.replace("...", "")) if "..." in mine else 0
        for mine, x in zip(labels, arrays, strict=True)
    ]
    most = max(counts)
    if min(counts) < 0 or most > len(free):
        raise call.error("'...' stands for no axes here", at="subscripts")
    names = "".join(free[:most])
    found = [mine.replace("...", names[most - count :]) for mine, count in zip(labels, counts, strict=True)]
    if out is not None:
        return found, out.replace("...", names)
    whole = "".join(mine.replace("...", "") for mine in labels)
    return found, names + "".join(sorted(label for label in set(whole) if whole.count(label) == 1))


@function("multi_dot", "x")
def _multi_dot(call: Call) -> Node:
    out, *rest = (call.gates.value(part) for part in call.values())
    for part in rest:
        out = call.make(a.matmul, out, part)
    return out


@function("matrix_power", "x, n")
def _matrix_power(call: Call) -> Node:
    x, n = call.array(), int(call.number("n"))
    if abs(n) > 64:
        raise call.error("a power of a matrix is at most 64", at="n")
    if n == 0:
        size = call.shape(x)[-1]
        return call.make(c.eye, n=size, m=size)
    x = call.make(a.inv, x) if n < 0 else x
    out: Node | None = None
    for bit in f"{abs(n):b}":  # by squaring, as NumPy does
        out = call.make(a.matmul, out, out) if out is not None else None
        if bit == "1":
            out = x if out is None else call.make(a.matmul, out, x)
    assert out is not None
    return out


# ---- moments -------------------------------------------------------------------------------------


@function("var", "x, axis=None, dtype=None, out=None, ddof=0, keepdims=False, correction=None, unbiased=None")
def _var(call: Call) -> Node:
    return _moment(call, e.var)


@function("std", "x, axis=None, dtype=None, out=None, ddof=0, keepdims=False, correction=None, unbiased=None")
def _std(call: Call) -> Node:
    return _moment(call, e.std)


def _moment(call: Call, op: Any) -> Node:
    """NumPy divides by how many there are, torch by one less."""
    torch = call.callee.library == "torch"
    if torch:
        _in_torchs_order(call)
    ddof = int(call.number("correction" if "correction" in call else "ddof", int(torch)))
    ddof = int(call.flag("unbiased")) if "unbiased" in call else ddof
    return call.make(op, call.array(), axis=call.axis(), ddof=ddof, keepdims=call.flag("keepdims"))


def _in_torchs_order(call: Call) -> None:
    """torch's std(x, dim, unbiased, keepdim) and std(x, unbiased), by their names."""
    given = call.given
    if "axis" in given and call.gates.source.tokens[given["axis"].first] in ("True", "False"):
        given["unbiased"] = given.pop("axis")
    for numpys, torchs in (("dtype", "unbiased"), ("out", "keepdims")):
        if numpys in given:
            given[torchs] = given.pop(numpys)


@function("average", "x, axis=None, weights=None, returned=None, keepdims=False")
def _average(call: Call) -> Node:
    x, axis, keep = call.array(), call.axis(), call.flag("keepdims")
    if "weights" not in call:
        return call.make(a.mean, x, axis=axis, keepdims=keep)
    weights = call.array("weights")
    if len(weights.shape) < len(x.shape):
        at = call.along(x, axis if axis is not None else 0)
        lead, rest = at, len(x.shape) - at - 1
        items = (*[None] * lead, _EVERY, *[None] * rest)
        weights = call.index(weights, *items) if lead or rest else weights
    sums = [
        call.make(a.sum_, call.make(s.mul, x, weights), axis=axis, keepdims=keep),
        call.make(a.sum_, weights, axis=axis, keepdims=keep),
    ]
    return call.make(s.div, *sums)


@function("ptp", "x, axis=None, keepdims=False")
def _ptp(call: Call) -> Node:
    x, axis, keep = call.array(), call.axis(), call.flag("keepdims")
    ends = [call.make(op, x, axis=axis, keepdims=keep) for op in (a.amax, a.amin)]
    return call.make(s.sub, *ends)


@function("cov", "x, y=None, rowvar=True, bias=False, ddof=None")
def _cov(call: Call) -> Node:
    """Covariances of the rows of a matrix (of the columns with rowvar=False), or of two vectors."""
    x = call.array()
    if "y" in call:
        if len(x.shape) != 1:
            raise call.error("cov takes one matrix, or two vectors", "stack the two: cov(vstack([x, y]))", "y")
        x = call.make(a.stack, x, call.array("y"), axis=0)
    if len(x.shape) == 1:
        return call.make(e.var, x, ddof=0 if call.flag("bias") else int(call.number("ddof", 1)))
    x = x if call.flag("rowvar", True) else call.make(a.transpose, x, axes=None)
    off = call.make(s.sub, x, call.make(a.mean, x, axis=1, keepdims=True))
    count = call.shape(x)[1]
    ddof = int(call.number("ddof", 0 if call.flag("bias") else 1))
    size = total([count, -ddof])
    divisor = call.build.const(size) if isinstance(size, int) else call.build.graph.node(s.size, (), size)
    return call.make(s.div, call.make(a.matmul, off, call.make(a.transpose, off, axes=None)), divisor)


@function("corrcoef", "x, y=None, rowvar=True")
def _corrcoef(call: Call) -> Node:
    """Covariances by the standard deviations."""
    both = _cov(call)
    if not both.shape:
        return call.make(s.div, both, both)
    root = call.make(s.sqrt, call.make(m.diagonal, both, offset=0))
    by_rows = call.make(s.div, both, call.index(root, _EVERY, None))
    return call.make(s.div, by_rows, root)


# ---- convolutions --------------------------------------------------------------------------------


@function("convolve", "x, y, mode=None")
def _convolve(call: Call) -> Node:
    x, y, mode = call.array("x"), call.array("y"), call.text("mode", "full")
    n, k = call.shape(x)[0], call.shape(y)[0]
    if mode not in ("full", "valid", "same"):
        raise call.error(f"no mode '{mode}'", "full, valid and same are", "mode")
    if mode == "full":
        return call.make(v.convolve, x, y, mode="full")
    if isinstance(n, int) and isinstance(k, int) and k > n:
        x, y, n, k = y, x, k, n
    if mode == "valid":
        return call.make(v.convolve, x, y, mode="valid")
    if not isinstance(k, int):
        raise call.error("the size of what is convolved with in mode 'same' is a known number", at="y")
    whole = call.make(v.convolve, x, y, mode="full")
    before = (k - 1) // 2
    return call.index(whole, ("slice", before or None, -(k - 1 - before) or None, None)) if k > 1 else whole


@function("correlate", "x, y, mode=None")
def _correlate(call: Call) -> Node:
    x, y, mode = call.array("x"), call.array("y"), call.text("mode", "valid")
    n, k = call.shape(x)[0], call.shape(y)[0]
    if mode == "same" and isinstance(n, int) and isinstance(k, int) and k <= n:
        whole = call.make(v.correlate, x, y, mode="full")
        before = k // 2
        return call.index(whole, ("slice", before or None, before + n, None))
    if mode not in ("full", "valid"):
        raise call.error(f"no mode '{mode}' of correlate", "full and valid are", "mode")
    if mode == "valid" and isinstance(n, int) and isinstance(k, int) and k > n:
        return call.index(call.make(v.correlate, y, x, mode=mode), _BACK)
    return call.make(v.correlate, x, y, mode=mode)


# ---- elements ------------------------------------------------------------------------------------


@function("radians deg2rad", "x")
def _radians(call: Call) -> Node:
    return call.make(s.mul, call.value("x"), call.make(s.div, call.build.const(PI), call.build.const(180)))


@function("degrees rad2deg", "x")
def _degrees(call: Call) -> Node:
    return call.make(s.mul, call.value("x"), call.make(s.div, call.build.const(180), call.build.const(PI)))


@function("clip clamp", "x, a_min=None, a_max=None, min=None, max=None")
def _clip(call: Call) -> Node:
    """clip with either bound, both or neither."""
    x = call.value("x")
    for names, op in ((("a_min", "min"), r.maximum), (("a_max", "max"), r.minimum)):
        given = [name for name in names if name in call]
        x = call.make(op, x, call.value(given[0])) if given else x
    return x


@function("polyval", "p, x")
def _polyval(call: Call) -> Node:
    """Horner's rule, the highest power first."""
    value = call.given["p"].value
    items = [call.gates.value(item) for item in value.items] if isinstance(value, Group) else None
    if items is None:
        p = call.array("p")
        count = call.shape(p)[0]
        if not isinstance(count, int):
            raise call.error("the number of coefficients is known", at="p")
        items = [call.index(p, i) for i in range(count)]
    x = call.value("x")
    out = items[0] if items else call.build.const(0.0)
    for item in items[1:]:
        out = call.make(s.add, call.make(s.mul, out, x), item)
    return out


@function("vander", "x, n=None, increasing=False")
def _vander(call: Call) -> Node:
    x = call.array()
    count = call.size(call.given["n"]) if "n" in call else call.shape(x)[0]
    if not isinstance(count, int) or count < 1:
        raise call.error("the number of powers is known", at="n")
    powers = range(count) if call.flag("increasing") else range(count - 1, -1, -1)
    columns = [
        call.make(c.ones, shape=call.shape(x)) if n == 0 else call.make(s.pow_, x, call.build.const(n)) for n in powers
    ]
    return call.make(a.stack, *columns, axis=1)


@function("meshgrid", "x, y=None, z=None, indexing=None, sparse=None")
def _meshgrid(call: Call) -> Group:
    """Each vector along an axis of its own: the first two of them change places unless indexing="ij"."""
    vectors = [_flat(call, _row(call, call.value(name))) for name in ("x", "y", "z") if name in call]
    order = list(range(len(vectors)))
    usual = "ij" if call.callee.library == "torch" else "xy"
    if call.text("indexing", usual) == "xy" and len(order) > 1:
        order[:2] = 1, 0
    return _grid(call, vectors, order, spread=not call.flag("sparse"))


def _grid(call: Call, vectors: list[Node], order: list[int], spread: bool = True) -> Group:
    """Vectors along axes: the k-th along the axis at which `order` has k."""
    shape = tuple(call.shape(vectors[k])[0] for k in order)
    grids = [call.index(each, *[_EVERY if at == k else None for at in order]) for k, each in enumerate(vectors)]
    if spread:
        grids = [call.make(a.spread, each, shape=shape) for each in grids]
    return Group("list", [Arg(each, call.first, call.last) for each in grids])


@function("indices", "shape, sparse=None")
def _indices(call: Call) -> Any:
    """The places of a grid, one array an axis."""
    vectors = [call.make(c.arange, size=size) for size in call.sizes("shape")]
    return _grid(call, vectors, list(range(len(vectors))), spread=not call.flag("sparse"))


@function("gradient", "f, dx=1, dy=None, dz=None, axis=None, edge_order=None")
def _gradient(call: Call) -> Any:
    """Central differences inside of an array, one-sided ones at its ends; along several axes, one array each."""
    f = call.array("f")
    axes = call.axis()
    axes = range(len(f.shape)) if axes is None else axes if isinstance(axes, tuple) else (axes,)
    steps = [call.value(name) for name in ("dx", "dy", "dz") if name in call] or [call.build.const(1)]
    if any(step.shape for step in steps):
        raise call.error("the steps of 'gradient' are numbers", at="dx")
    steps = steps * len(axes) if len(steps) == 1 else steps
    if len(steps) != len(axes) or not axes:
        raise call.error("gradient takes one step, or one for each axis", at="f")
    found = [_along(call, f, call.along(f, axis), dx) for axis, dx in zip(axes, steps, strict=True)]
    return found[0] if len(found) == 1 else Group("list", [Arg(each, call.first, call.last) for each in found])


def _along(call: Call, f: Node, axis: int, dx: Node) -> Node:
    """The differences along one axis; of edge_order 2, those of a parabola at the ends."""

    def part(start: Any, stop: Any) -> Node:
        return call.index(f, *[_EVERY] * axis, ("slice", start, stop, None))

    def slope(rise: Node, steps: int) -> Node:
        run = call.make(s.mul, call.build.const(steps), dx)
        return rise if is_const(run, 1) else call.make(s.div, rise, run)

    def end(at: Node, near: Node, far: Node, sign: int) -> Node:
        ahead = call.make(s.sub, call.make(s.mul, call.build.const(4), near), far)
        rise = call.make(s.sub, ahead, call.make(s.mul, call.build.const(3), at))
        return slope(rise if sign > 0 else call.make(s.neg, rise), 2)

    inner = slope(call.make(s.sub, part(2, None), part(None, -2)), 2)
    if call.number("edge_order", 1) == 2:
        first = end(part(None, 1), part(1, 2), part(2, 3), 1)
        last = end(part(-1, None), part(-2, -1), part(-3, -2), -1)
    else:
        first = slope(call.make(s.sub, part(1, 2), part(None, 1)), 1)
        last = slope(call.make(s.sub, part(-1, None), part(-2, -1)), 1)
    return call.make(a.concatenate, first, inner, last, axis=axis)


@function("one_hot", "x, num_classes")
def _one_hot(call: Call) -> Any:
    """Rows of the identity."""
    from gradc.language.indexing import made

    at = call.gates.integers.of(call.value("x"), call.given["x"])
    size = call.size(call.given["num_classes"])
    return call.placed(lambda: made(call.gates, call.make(c.eye, n=size, m=size), (at,)))


@function("delete", "x, obj, axis=None")
def _delete(call: Call) -> Any:
    """What is left without some places of an axis."""
    x = call.array()
    axis = call.axis()
    x, axis = (_flat(call, x), 0) if axis is None else (x, call.along(x, axis))
    size, places = call.shape(x)[axis], call.constant("obj")
    places = places if isinstance(places, tuple) else (places,)
    if not all(type(at) is int for at in places):
        raise call.error("the places are whole numbers", at="obj")
    if not isinstance(size, int):
        if len(places) != 1:
            raise call.error(f"the size '{size}' has to be known", "declare it as a number")
        (at,) = places
        behind = ("slice", at + 1, None, None) if at != -1 else None
        parts = [call.index(x, *(_EVERY,) * axis, ("slice", None, at, None))] if at != 0 else []
        parts += [call.index(x, *(_EVERY,) * axis, behind)] if behind is not None else []
        return call.make(a.concatenate, *parts, axis=axis) if len(parts) > 1 else parts[0]
    if any(not -size <= at < size for at in places):
        raise call.error(f"a place is outside 0..{size - 1}", at="obj")
    gone = {at % size for at in places}
    return _picked(call, x, axis, [i for i in range(size) if i not in gone])


def _picked(call: Call, x: Node, axis: int, kept: list[int]) -> Any:
    """Some places of an axis: one slice where they stand side by side."""
    from gradc.language.indexing import made

    if kept and kept == list(range(kept[0], kept[-1] + 1)):
        return call.index(x, *(_EVERY,) * axis, ("slice", kept[0] or None, kept[-1] + 1, None))
    at = call.build.make(g.picked, (), (tuple(kept), (len(kept),)))
    return call.placed(partial(made, call.gates, x, (*(_EVERY,) * axis, at)))


@function("insert", "x, obj, values, axis=None")
def _insert(call: Call) -> Any:
    """Values before a place of an axis."""
    x, axis, at = call.array(), call.axis(), call.constant("obj")
    x, axis = (_flat(call, x), 0) if axis is None else (x, call.along(x, axis))
    if type(at) is not int:
        raise call.error("the place is a whole number", at="obj")
    shape = call.shape(x)
    value = call.value("values")
    own = (*shape[:axis], 1, *shape[axis + 1 :])
    if len(value.shape) < len(shape) and value.shape and len(shape) > 1:
        value = call.make(a.expand, value, axis=axis)
    elif len(value.shape) == len(shape):
        own = (*shape[:axis], call.shape(value)[axis], *shape[axis + 1 :])
    parts = [value if call.shape(value) == own else call.filled(value, own)]
    if at != 0:
        parts.insert(0, call.index(x, *(_EVERY,) * axis, ("slice", None, at, None)))
    if not (isinstance(shape[axis], int) and at == shape[axis]):
        parts.append(call.index(x, *(_EVERY,) * axis, ("slice", at, None, None)))
    return call.make(a.concatenate, *parts, axis=axis)


@function("tolist", "x")
def _tolist(call: Call) -> Any:
    """An array as the list of its elements, of a matrix of its rows."""
    x, given = call.value("x"), call.given["x"]
    if not x.shape or not all(isinstance(size, int) for size in call.shape(x)):
        return x
    rows = lists.contents(call.gates, Arg(x, given.first, given.last))
    todo = [rows] if len(x.shape) > 1 else []
    while todo:
        for item in todo.pop():
            group = Group("list", lists.contents(call.gates, item))
            if len(item.value.shape) > 1:
                todo.append(group.items)
            item.value = group
    return Group("list", rows)


@function("item numpy contiguous", "x")
def _item(call: Call) -> Node:
    x = call.value("x")
    if call.callee.name != "item":
        return x
    if x.shape and all(size == 1 for size in call.shape(x)):
        x = call.make(a.reshape, x, shape=())
    return call.gates.number_alone(x, call.first, call.last)


@function("logspace", "start, stop, num=50, endpoint=True, base=10.0")
def _logspace(call: Call) -> Node:
    size = call.size(call.given["num"]) if "num" in call else 50
    start, stop, base = call.number("start"), call.number("stop"), call.number("base", 10.0)
    steps = call.make(c.linspace, start=start, stop=stop, size=size, endpoint=call.flag("endpoint", True))
    return call.make(s.pow_, call.build.const(float(base)), steps)
