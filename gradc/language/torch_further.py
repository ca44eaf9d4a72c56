"""More of torch: places that are scattered to, several results at once, images made larger.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [2, 3]; a, b = torch.unbind(x); a @ b")).split("\\n")[-1])
a @ b
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Node
from gradc.graph.shapes import total
from gradc.language import indexing
from gradc.language.array_functions import Call, _along, _integer, function
from gradc.language.combined import _moment
from gradc.language.data_functions import kept
from gradc.language.rearranged import _of_axis
from gradc.language.torch_functions import _norm, add, div, mul, sub
from gradc.language.values import Arg, Group
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import contractions as e
from gradc.ops import gather as g
from gradc.ops import linalg
from gradc.ops.table import statics_of

_EVERY = ("slice", None, None, None)


def _tuple(call: Call, *nodes: Any) -> Group:
    return Group("tuple", [Arg(node, call.first, call.last) for node in nodes])


# ---- places -------------------------------------------------------------------------------------------


def _added(call: Call, x: Node, taken: Node, value: Node, sign: int = 1) -> Node:
    """x with a value added at the places that `taken`, an array gathered of x, is from."""
    from gradc.language.canvas import BACK

    facts = statics_of(taken.op, taken.attr)
    shape = call.shape(taken)
    value = value if call.shape(value) == shape else call.make(a.spread, value, shape=shape)
    back = call.build.make(BACK[taken.op], (value, *taken.args[1:]), (facts["index"], call.shape(x), facts["once"]))
    return add(call, x, back) if sign > 0 else sub(call, x, back)


def _places(call: Call) -> tuple[Node, Node]:
    """The array, and what an index of the same axes names along one of them."""
    x = call.array()
    return x, _along(call, x, _integer(call, "indices"), call.along(x, call.axis()))


@function("scatter_add", "x, axis, indices, src")
def _scatter_add(call: Call) -> Node:
    x, taken = _places(call)
    return _added(call, x, taken, call.value("src"))


@function("scatter", "x, axis, indices, src, reduce=None")
def _scatter(call: Call) -> Any:
    """A value at the places that are named; one number, or one for each where no place is named twice."""
    from gradc.language.canvas import Canvas, as_node, put_there

    x, taken = _places(call)
    if "reduce" in call:
        raise call.error("scatter with reduce= is not read", "write x.scatter_add(dim, index, src)", "reduce")
    made = Canvas(x, call.shape(x))
    call.placed(lambda: put_there(call.gates, made, x, taken, call.value("src")))
    return as_node(call.gates, made)


@function("scatter_reduce", "x, axis, indices, src, reduce, include_self=True")
def _scatter_reduce(call: Call) -> Node:
    if call.text("reduce", "sum") != "sum" or not call.flag("include_self", True):
        raise call.error("scatter_reduce is read with reduce='sum'", "divide by the counts for a mean", "reduce")
    x, taken = _places(call)
    return _added(call, x, taken, call.value("src"))


@function("index_add", "x, axis, indices, src, alpha=1")
def _index_add(call: Call) -> Node:
    x, at = call.array(), _integer(call, "indices")
    taken = call.placed(lambda: indexing.made(call.gates, x, (*(_EVERY,) * call.along(x, call.axis()), at)))
    value = call.value("src")
    return _added(call, x, taken, mul(call, call.value("alpha"), value) if "alpha" in call else value)


@function("bincount", "x, weights=None, minlength=0")
def _bincount(call: Call) -> Node:
    """How often each integer comes, or the sum of its weights, of as many as minlength says."""
    at, size = _integer(call, "x"), int(call.number("minlength"))
    if at.op in (g.picked, g.iota):  # written integers
        facts = statics_of(at.op, at.attr)
        size = max(size, 1 + max(facts["values"])) if "values" in facts else size
    if not size:
        raise call.error("how many integers there are is only known at the call", "give minlength=", "x")
    empty = call.make(c.zeros, shape=(size,))
    taken = call.placed(lambda: indexing.made(call.gates, empty, (at,)))
    return _added(call, empty, taken, call.value("weights") if "weights" in call else call.build.const(1.0))


@function("masked_select", "x, mask")
def _masked_select(call: Call) -> Any:
    return kept(call, "mask")


# ---- several results ----------------------------------------------------------------------------------


@function("unbind unstack", "x, axis=0")
def _unbind(call: Call) -> Group:
    """The slices along an axis."""
    x = call.array()
    axis = call.along(x, call.axis(default=0))
    size = call.shape(x)[axis]
    if not isinstance(size, int):
        raise call.error(f"the number of slices, {size}, is not known", "declare it as a number", "x")
    return _tuple(call, *[call.index(x, *(_EVERY,) * axis, k) for k in range(size)])


@function("topk top_k", "x, k, axis=-1, largest=True, sorted=True")
def _topk(call: Call) -> Group:
    """The k largest along an axis, the largest first, and where they are."""
    x, axis = _of_axis(call, call.array(), call.axis(default=-1))
    k = int(call.number("k"))
    order = call.make(g.argsort, x, axis=-1 if axis == len(x.shape) - 1 else axis)
    part = ("slice", -1, -k - 1, -1) if call.flag("largest", True) else ("slice", None, k, None)
    order = call.index(order, *(_EVERY,) * axis, part)
    if len(x.shape) == 1:
        return _tuple(call, call.placed(lambda: indexing.made(call.gates, x, (order,))), order)
    return _tuple(call, _along(call, x, order, axis), order)


@function("std_mean", "x, axis=None, ddof=None, keepdims=False, unbiased=None, correction=None")
def _std_mean(call: Call) -> Group:
    return _tuple(call, _moment(call, e.std), _mean(call))


@function("var_mean", "x, axis=None, ddof=None, keepdims=False, unbiased=None, correction=None")
def _var_mean(call: Call) -> Group:
    return _tuple(call, _moment(call, e.var), _mean(call))


def _mean(call: Call) -> Node:
    return call.make(a.mean, call.array(), axis=call.axis(), keepdims=call.flag("keepdims"))


# ---- sums of products ---------------------------------------------------------------------------------


@function("addcmul", "x, y, z, fill_value=1")
def _addcmul(call: Call) -> Node:
    return _with(call, mul(call, call.value("y"), call.value("z")))


@function("addcdiv", "x, y, z, fill_value=1")
def _addcdiv(call: Call) -> Node:
    return _with(call, div(call, call.value("y"), call.value("z")))


def _with(call: Call, term: Node) -> Node:
    term = mul(call, call.value("fill_value"), term) if "fill_value" in call else term
    return add(call, call.value("x"), term)


@function("dist", "x, y, p=2")
def _dist(call: Call) -> Node:
    gap = sub(call, call.value("x"), call.value("y"))
    return _norm(call, call.make(a.reshape, gap, shape=(-1,)), 0)


@function("cholesky_solve", "y, x, upper=False")
def _cholesky_solve(call: Call) -> Node:
    """The solution of L @ L.T @ z = y."""
    x = call.array()
    turned = call.make(a.transpose, x)
    low, high = (turned, x) if call.flag("upper") else (x, turned)
    first = call.make(linalg.solve_triangular, low, call.array("y"), lower=True)
    return call.make(linalg.solve_triangular, high, first, lower=False)


# ---- images -------------------------------------------------------------------------------------------


@function("adaptive_avg_pool2d adaptive_max_pool2d", "x, size")
def _adaptive(call: Call) -> Node:
    """A mean (or the largest) of each of equal parts of the last two axes."""
    x, sizes = call.array(), call.sizes("size")
    *lead, high, wide = call.shape(x)
    rows, columns = sizes if len(sizes) == 2 else sizes * 2
    if not isinstance(high, int) or not isinstance(wide, int) or high % int(rows) or wide % int(columns):
        raise call.error("the parts are not of one size", "write avg_pool2d(x, size)", "x")
    parts = (*lead, rows, high // int(rows), columns, wide // int(columns))
    op = a.mean if "avg" in call.callee.name else a.amax
    rank = len(parts)
    return call.make(op, call.make(a.reshape, x, shape=parts), axis=(rank - 3, rank - 1))


@function("interpolate upsample", "x, size=None, scale_factor=None, mode=None, align_corners=None")
def _interpolate(call: Call) -> Node:
    """Each element of the last two axes as often as scale_factor says."""
    from gradc.ops import shaping as m

    x = call.array()
    if call.text("mode", "nearest") != "nearest" or "scale_factor" not in call:
        raise call.error("interpolate has mode='nearest' and a scale_factor here")
    factor = int(call.number("scale_factor"))
    rank = len(x.shape)
    for axis in (rank - 2, rank - 1):
        x = call.make(m.repeat, x, repeats=factor, axis=axis)
    return x


@function("pixel_shuffle", "x, factor")
def _pixel_shuffle(call: Call) -> Node:
    x, factor = call.array(), int(call.number("factor"))
    *lead, count, high, wide = call.shape(x)
    if not isinstance(count, int) or count % factor**2:
        raise call.error("the number of channels is no multiple of the square of the factor", at="x")
    rank, channels = len(lead), count // factor**2
    apart = call.make(a.reshape, x, shape=(*lead, channels, factor, factor, high, wide))
    order = (*range(rank), rank, rank + 3, rank + 1, rank + 4, rank + 2)
    shape = (*lead, channels, total([a.product((high, factor))]), total([a.product((wide, factor))]))
    return call.make(a.reshape, call.make(a.transpose, apart, axes=order), shape=shape)
