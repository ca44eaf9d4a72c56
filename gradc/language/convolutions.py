"""Convolutions and pooling as torch has them, forward and transposed, by windows that slide over the last axes.

An image has the shape [N, C, H, W], a signal [N, C, L]; what is said of one axis is said of each.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [1, 2, 4, 4]; F.unfold(x, 3).sum()")).split("\\n")[1])
v1 = windows(x, size=(3, 3), stride=(1, 1))
"""

from __future__ import annotations

from math import inf
from typing import Any

from gradc.graph.dag import Node
from gradc.graph.shapes import Dim, total
from gradc.language.array_functions import Call, function
from gradc.language.values import Text
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import contractions as e
from gradc.ops import convolution as v
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops import shaping as m

_EVERY = ("slice", None, None, None)


# ---- what is said of the axes ------------------------------------------------------------------------


def _each(call: Call, name: str, usual: int, axes: int, least: int = 0) -> tuple[int, ...]:
    """A whole number for each axis that windows slide over; one number is said of all."""
    value = call.constant(name, usual)
    value = usual if value is None else value
    found = (value,) * axes if type(value) is int else value
    if isinstance(found, tuple) and len(found) == 1:
        found *= axes
    if not (isinstance(found, tuple) and len(found) == axes and all(type(one) is int for one in found)):
        wanted = "a whole number" if axes == 1 else f"a whole number, or {axes} of them"
        raise call.error(f"'{name}' is {wanted}", at=name)
    if min(found) < least:
        raise call.error(f"'{name}' is at least {least}", at=name)
    return found


def _images(call: Call, axes: int) -> Node:
    x = call.array("x")
    if len(x.shape) != axes + 2:
        what = "signals of shape [N, C, L]" if axes == 1 else "images of shape [N, C, H, W]"
        raise call.error(f"'{call.callee.name}' takes {what}", at="x")
    return x


def _filters(call: Call, axes: int, shape: str) -> tuple[Node, tuple[int, ...]]:
    """The filters, and how long they are along each axis."""
    w = call.array("w" if "w" in call else "weight")
    size = call.shape(w)[2:]
    if len(size) != axes or not all(isinstance(one, int) for one in size):
        last = "h and w numbers" if axes == 2 else "l a number"
        raise call.error(f"the filters have the shape [{shape}, {'h, w' if axes == 2 else 'l'}], {last}", at="w")
    return w, tuple(int(one) for one in size)


def _around(call: Call, x: Node, rims: list[tuple[int, int]], fill: float = 0.0) -> Node:
    """Zeros (or another number) around the last axes."""
    if not any(map(any, rims)):
        return x
    width = ((0, 0),) * (len(x.shape) - len(rims)) + tuple(rims)
    padded = call.make(m.pad, x, width=width)
    if not fill:
        return padded
    inside = call.make(m.pad, call.make(c.ones, shape=call.shape(x)), width=width)
    return call.make(r.where, call.make(r.gt, inside, call.build.const(0)), padded, call.build.const(fill))


def _windows(call: Call, x: Node, size: tuple[int, ...], stride: tuple[int, ...], gaps: tuple[int, ...]) -> Node:
    """The windows of a size over the last axes, their own axes last; with gaps, some elements of longer ones."""
    wide = tuple(gap * (one - 1) + 1 for gap, one in zip(gaps, size, strict=True))
    slid = call.make(v.windows, x, size=wide, stride=stride)
    if max(gaps) == 1:
        return slid
    lead = (_EVERY,) * len(x.shape)
    return call.index(slid, *lead, *(("slice", None, None, gap if gap > 1 else None) for gap in gaps))


def _in_order(call: Call, x: Node, axes: tuple[int, ...]) -> Node:
    return call.make(a.transpose, x, axes=axes)


def _biased(call: Call, out: Node, axes: int) -> Node:
    if "bias" not in call:
        return out
    return call.make(s.add, out, call.index(call.array("bias"), _EVERY, *(None,) * axes))


# ---- convolutions ------------------------------------------------------------------------------------

_CONVOLUTION = "x, w, bias=None, stride=1, padding=0, dilation=1, groups=1, weight=None"


@function("conv2d", _CONVOLUTION)
def _conv2d(call: Call) -> Node:
    return _convolved(call, 2)


@function("conv1d", _CONVOLUTION)
def _conv1d(call: Call) -> Node:
    return _convolved(call, 1)


def _convolved(call: Call, axes: int) -> Node:
    """x of shape [N, C, …], w of shape [F, C/groups, …]."""
    x, (w, size) = _images(call, axes), _filters(call, axes, "F, C")
    stride, gaps = _each(call, "stride", 1, axes, 1), _each(call, "dilation", 1, axes, 1)
    slid = _windows(call, _around(call, x, _rims(call, size, gaps)), size, stride, gaps)
    groups = int(call.number("groups", 1))
    if groups == 1:
        return _biased(call, _filtered(call, slid, w, axes), axes)
    parts = [
        _filtered(call, call.index(slid, _EVERY, mine), call.index(w, own), axes)
        for mine, own in _groups(call, call.shape(slid)[1], call.shape(w)[0], groups)
    ]
    return _biased(call, call.make(a.concatenate, *parts, axis=1), axes)


def _rims(call: Call, size: tuple[int, ...], gaps: tuple[int, ...]) -> list[tuple[int, int]]:
    """How much is put before and behind each axis; "same" keeps its length."""
    if "padding" in call and isinstance(call.given["padding"].value, Text):
        mode = call.text("padding", "valid")
        if mode not in ("valid", "same"):
            raise call.error("'padding' is a number, 'valid' or 'same'", at="padding")
        more = [gap * (one - 1) * (mode == "same") for gap, one in zip(gaps, size, strict=True)]
        return [(each // 2, each - each // 2) for each in more]
    return [(one, one) for one in _each(call, "padding", 0, len(size))]


def _filtered(call: Call, slid: Node, w: Node, axes: int) -> Node:
    """What filters make of windows: channels and the windows' own axes are summed over."""
    own = range(2 + axes, 2 + 2 * axes)
    out = call.make(e.tensordot, slid, w, axes=((1, *own), (1, *range(2, 2 + axes))))
    return _in_order(call, out, (0, axes + 1, *range(1, axes + 1)))


def _groups(call: Call, channels: Dim, filters: Dim, groups: int) -> list[tuple[Any, Any]]:
    """The channels and the filters of each group, as slices."""
    if not isinstance(channels, int) or not isinstance(filters, int) or channels % groups or filters % groups:
        raise call.error("the channels and the filters are no multiple of groups", at="groups")
    parts = [[each // groups * k for k in range(groups + 1)] for each in (channels, filters)]
    return [
        (("slice", parts[0][k], parts[0][k + 1], None), ("slice", parts[1][k], parts[1][k + 1], None))
        for k in range(groups)
    ]


_TRANSPOSED = "x, w, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1, weight=None"


@function("conv_transpose2d", _TRANSPOSED)
def _conv_transpose2d(call: Call) -> Node:
    return _transposed(call, 2)


@function("conv_transpose1d", _TRANSPOSED)
def _conv_transpose1d(call: Call) -> Node:
    return _transposed(call, 1)


def _transposed(call: Call, axes: int) -> Node:
    """What sends gradients back through a convolution: each element of x adds a multiple of the filters."""
    x, (w, size) = _images(call, axes), _filters(call, axes, "C, F")
    stride, rim = _each(call, "stride", 1, axes, 1), _each(call, "padding", 0, axes)
    if call.number("groups", 1) != 1 or max(_each(call, "dilation", 1, axes, 1)) != 1:
        raise call.error(f"'{call.callee.name}' has groups=1 and dilation=1 here")
    more = _each(call, "output_padding", 0, axes)
    if any(each >= step for each, step in zip(more, stride, strict=True)):
        raise call.error("'output_padding' is less than 'stride'", at="output_padding")
    lengths = call.shape(x)[2:]
    whole = tuple(
        total([a.product((step, length)), wide - step + each])
        for length, wide, step, each in zip(lengths, size, stride, more, strict=True)
    )
    spread = call.make(e.tensordot, x, w, axes=((1,), (0,)))  # [N, …, F, …]: a multiple of each filter at each place
    spread = _in_order(call, spread, (0, axes + 1, *range(1, axes + 1), *range(axes + 2, 2 * axes + 2)))
    shape = (call.shape(x)[0], call.shape(w)[1], *whole)
    out = call.make(v.folded, spread, shape=shape, size=size, stride=stride)
    return _biased(call, _without_rim(call, out, rim), axes)


def _without_rim(call: Call, x: Node, rim: tuple[int, ...]) -> Node:
    """The last axes without so many elements at either end."""
    if not any(rim):
        return x
    lead = (_EVERY,) * (len(x.shape) - len(rim))
    return call.index(x, *lead, *(("slice", one or None, -one or None, None) for one in rim))


# ---- windows in columns ------------------------------------------------------------------------------


@function("unfold", "x, kernel_size, dilation=None, padding=0, stride=1")
def _unfold(call: Call) -> Node:
    """F.unfold: the windows of images in columns, [N, C*h*w, L]; x.unfold(axis, size, step): those along one axis."""
    if call.callee.receiver is not None:
        return _along_an_axis(call)
    x, size = _images(call, 2), _each(call, "kernel_size", 1, 2, 1)
    stride, rim, gaps = _each(call, "stride", 1, 2, 1), _each(call, "padding", 0, 2), _each(call, "dilation", 1, 2, 1)
    slid = _windows(call, _around(call, x, [(one, one) for one in rim]), size, stride, gaps)
    n, channels, *places = call.shape(slid)[:4]
    columns = (n, a.product((channels, *size)), a.product(tuple(places)))
    return call.make(a.reshape, _in_order(call, slid, (0, 1, 4, 5, 2, 3)), shape=columns)


def _along_an_axis(call: Call) -> Node:
    """Windows along one axis, their own axis last."""
    x = call.array()
    rank, axis = len(x.shape), call.along(x, call.constant("kernel_size"))
    size, step = (int(call.number(name, 1)) for name in ("dilation", "padding"))
    last = _in_order(call, x, (*(k for k in range(rank) if k != axis), axis))
    slid = call.make(v.windows, last, size=(size,), stride=(step,))
    return _in_order(call, slid, (*range(axis), rank - 1, *range(axis, rank - 1), rank))


@function("fold", "x, output_size, kernel_size, dilation=1, padding=0, stride=1")
def _fold(call: Call) -> Node:
    """Columns of windows, [N, C*h*w, L], added up where they were taken."""
    x, size, rim = call.array(), _each(call, "kernel_size", 1, 2, 1), _each(call, "padding", 0, 2)
    high, stride = _each(call, "output_size", 1, 2, 1), _each(call, "stride", 1, 2, 1)
    if max(_each(call, "dilation", 1, 2, 1)) != 1:
        raise call.error("the windows have no gaps here", "write dilation=1", "dilation")
    n, rows, _ = call.shape(x)
    if not isinstance(rows, int) or rows % (size[0] * size[1]):
        raise call.error("the rows are no multiple of the windows' elements", at="x")
    whole = tuple(length + 2 * one for length, one in zip(high, rim, strict=True))
    places = tuple((length - wide) // step + 1 for length, wide, step in zip(whole, size, stride, strict=True))
    channels = rows // (size[0] * size[1])
    apart = call.make(a.reshape, x, shape=(n, channels, *size, *places))
    out = call.make(
        v.folded, _in_order(call, apart, (0, 1, 4, 5, 2, 3)), shape=(n, channels, *whole), size=size, stride=stride
    )
    return _without_rim(call, out, rim)


@function("sliding_window_view", "x, size, axis=None")
def _sliding(call: Call) -> Node:
    x, size = call.array(), call.constant("size")
    size = size if isinstance(size, tuple) else (size,)
    axis = call.axis()
    if axis is not None and call.along(x, axis) != len(x.shape) - 1:
        raise call.error("windows slide over the last axes here", at="axis")
    return call.make(v.windows, x, size=size, stride=(1,) * len(size))


# ---- pooling -----------------------------------------------------------------------------------------

_POOLING = "x, size=None, stride=None, padding=0, kernel_size=None"


def _pooled(call: Call, axes: int, fill: float = 0.0) -> Node:
    """The windows of a pooling, their own axes last: side by side, if nothing else is said."""
    x, size = _images(call, axes), _each(call, "size" if "size" in call else "kernel_size", 2, axes, 1)
    stride, rim = _each(call, "stride", 0, axes), _each(call, "padding", 0, axes)
    x = _around(call, x, [(one, one) for one in rim], fill)
    return call.make(v.windows, x, size=size, stride=stride if min(stride) else size)


@function("max_pool2d", _POOLING)
def _max_pool2d(call: Call) -> Node:
    return call.make(a.amax, _pooled(call, 2, -inf), axis=(-2, -1))


@function("avg_pool2d", _POOLING)
def _avg_pool2d(call: Call) -> Node:
    return call.make(a.mean, _pooled(call, 2), axis=(-2, -1))


@function("max_pool1d", _POOLING)
def _max_pool1d(call: Call) -> Node:
    return call.make(a.amax, _pooled(call, 1, -inf), axis=-1)


@function("avg_pool1d", _POOLING)
def _avg_pool1d(call: Call) -> Node:
    return call.make(a.mean, _pooled(call, 1), axis=-1)
