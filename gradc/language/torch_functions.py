"""Functions of torch and of `torch.nn.functional` that are gates of the table in other words, and its tensors' methods.

Their formulas are those of torch's manual, defaults included. Where torch means something else by a name of NumPy's
(`var` is unbiased, `split` takes the length of its pieces, `max` along an axis gives two results), a function behind
`torch.` or `F.` is torch's, and so is a method in a program that speaks of torch alone.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [4]; y: [4]\\nF.mse_loss(x, y)")).split("\\n")[-2:])
['v2 = v1**2', 'mean(v2, axis=None, keepdims=False)']
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.graph.shapes import total
from gradc.language.array_functions import DTYPES, Call, _along, _integer, function, kind_of_type, of_kind
from gradc.language.values import Arg, Callee, Group, Text
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import gather as g
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import lookup
from gradc.rewrite.simplify import number

if TYPE_CHECKING:
    from gradc.language.gates import Gates

_EVERY = ("slice", None, None, None)


def gate(call: Call, name: str, *args: Any, **statics: Any) -> Node:
    """A gate by its name in the table, whole or of others; a number stands for itself."""
    op = lookup(name)
    assert op is not None
    nodes = [call.build.const(arg) if isinstance(arg, (int, float)) else arg for arg in args]
    if op.lower:
        placed = [Arg(node, call.first, call.last) for node in nodes]
        found: Node = call.gates.gate(op, placed, {})
        return found
    return call.make(op, *nodes, **statics)


def add(call: Call, x: Any, y: Any) -> Node:
    return gate(call, "add", x, y)


def sub(call: Call, x: Any, y: Any) -> Node:
    return gate(call, "subtract", x, y)


def mul(call: Call, x: Any, y: Any) -> Node:
    return gate(call, "multiply", x, y)


def div(call: Call, x: Any, y: Any) -> Node:
    return gate(call, "divide", x, y)


def is_torch(call: Call) -> bool:
    return call.callee.library == "torch"


# ---- the same array -----------------------------------------------------------------------------------


@function("to", "x, y=None, z=None, non_blocking=None")
def _to(call: Call) -> Any:
    """x.to(device), x.to(torch.long), x.to(device, dtype)."""
    types = [arg for name in "yz" if (arg := call.given.get(name)) and arg.value.__class__ is Text]
    kinds = [call.kind, *map(kind_of_type, types)]
    floating = any(arg.value.text in DTYPES for arg in types)
    return of_kind(call, max(kinds)) if any(kinds) or floating else call.given["x"].value


@function("clone cpu cuda type_as requires_grad_ retain_grad half", "x, y=None, z=None, non_blocking=None")
def _same(call: Call) -> Node:
    return call.value("x")


@function("view", "x, a1, b1=None, c1=None, d1=None, e1=None, f1=None, g1=None")
def _view(call: Call) -> Node:
    sizes = [
        item for name in ("a1", "b1", "c1", "d1", "e1", "f1", "g1") if name in call for item in _each(call.given[name])
    ]
    return call.make(a.reshape, _array(call), shape=tuple(_signed(call, item) for item in sizes))


def _array(call: Call) -> Node:
    """A tensor, which may be a number that was computed: one of no axes."""
    node = call.value("x")
    return call.array() if not node.shape and call.gates.undeclared(node) else node


def _each(arg: Arg) -> list[Arg]:
    return arg.value.items if isinstance(arg.value, Group) else [arg]


def _signed(call: Call, arg: Arg) -> Any:
    """A size, or -1 for the rest."""
    return call.gates._constant(arg)


@function("view_as reshape_as", "x, y")
def _view_as(call: Call) -> Node:
    return call.make(a.reshape, _array(call), shape=call.shape(call.value("y")))


@function("expand", "x, a1, b1=None, c1=None, d1=None, e1=None")
def _expand(call: Call) -> Node:
    """To larger sizes, -1 for those that stay."""
    x = _array(call)
    sizes = [item for name in ("a1", "b1", "c1", "d1", "e1") if name in call for item in _each(call.given[name])]
    wanted = [_signed(call, item) for item in sizes]
    own = (*(1,) * (len(wanted) - len(x.shape)), *call.shape(x))
    shape = tuple(own[i] if size == -1 else size for i, size in enumerate(wanted))
    return x if shape == call.shape(x) else call.make(a.spread, x, shape=shape)


@function("expand_as", "x, y")
def _expand_as(call: Call) -> Node:
    return call.make(a.spread, call.value("x"), shape=call.shape(call.value("y")))


@function("size", "x, axis=None")
def _size(call: Call) -> Any:
    """torch's x.size() is the shape, NumPy's np.size(x) how many elements there are."""
    shape = call.shape(call.value("x"))
    if "axis" in call:
        return call.gates.size(shape[call.along(call.value("x"), call.axis())])
    if call.callee.receiver is None:
        return call.gates.size(total([a.product(shape)]))
    arg = call.given["x"]
    return Group("tuple", [Arg(call.gates.size(dim), arg.first, arg.last) for dim in shape])


@function("numel nelement", "x")
def _numel(call: Call) -> Any:
    return call.gates.size(total([a.product(call.shape(call.value("x")))]))


@function("dim ndimension", "x")
def _dim(call: Call) -> Node:
    return call.build.const(len(call.value("x").shape))


# ---- parts --------------------------------------------------------------------------------------------


@function("masked_fill", "x, mask, value")
def _masked_fill(call: Call) -> Any:
    return call.gates.make(
        r.where, (call.gates.condition(call.given["mask"].value), call.value("value"), call.value("x"))
    )


@function("narrow", "x, axis, start, length")
def _narrow(call: Call) -> Node:
    x = call.array()
    start, length = int(call.number("start")), int(call.number("length"))
    return call.index(x, *(_EVERY,) * call.along(x, call.axis()), ("slice", start, start + length, None))


@function("index_select", "x, axis, indices")
def _index_select(call: Call) -> Any:
    from gradc.language.indexing import made

    x, at = call.array(), _integer(call, "indices")
    return call.placed(lambda: made(call.gates, x, (*(_EVERY,) * call.along(x, call.axis()), at)))


@function("gather", "x, axis, indices")
def _gather(call: Call) -> Any:
    x = call.array()
    return _along(call, x, _integer(call, "indices"), call.along(x, call.axis()))


# ---- products -----------------------------------------------------------------------------------------


@function("mm bmm mv", "x, y")
def _matmul(call: Call) -> Node:
    return call.make(a.matmul, call.array("x"), call.array("y"))


@function("addmm baddbmm addmv", "x, y, z, beta=1, alpha=1")
def _addmm(call: Call) -> Node:
    product = call.make(a.matmul, call.array("y"), call.array("z"))
    product = mul(call, call.value("alpha"), product) if "alpha" in call else product
    x = call.value("x")
    return add(call, mul(call, call.value("beta"), x) if "beta" in call else x, product)


@function("diag_embed", "x")
def _diag_embed(call: Call) -> Any:
    """The last axis on the diagonals of matrices."""
    x = call.array()
    size = call.shape(x)[-1]
    on = call.make(r.gt, call.make(c.eye, n=size, m=size), call.build.const(0))
    return call.gates.make(r.where, (on, call.index(x, "...", None), call.build.const(0)))


@function("with_diagonal", "x, fill_value")
def _with_diagonal(call: Call) -> Any:
    """A matrix with a number on its diagonal, as torch's x.fill_diagonal_(v) leaves it."""
    x = call.array()
    if len(x.shape) != 2:
        raise call.error("fill_diagonal_ takes a matrix")
    n, m = call.shape(x)
    on = call.make(r.gt, call.make(c.eye, n=n, m=m), call.build.const(0))
    return call.gates.make(r.where, (on, call.value("fill_value"), x))


@function("frac", "x")
def _frac(call: Call) -> Node:
    return sub(call, call.value("x"), gate(call, "trunc", call.value("x")))


@function("t adjoint mT", "x")
def _t(call: Call) -> Node:
    x = call.array()
    rank = len(x.shape)
    if rank < 2:
        return x
    return call.make(a.transpose, x, axes=(*range(rank - 2), rank - 1, rank - 2))


@function("inverse", "x")
def _inverse(call: Call) -> Node:
    return call.make(a.inv, call.array())


@function("ger", "x, y")
def _ger(call: Call) -> Node:
    return call.make(a.outer, call.array("x"), call.array("y"))


def _norm(call: Call, x: Node, axis: Any, keep: bool = False) -> Node:
    """The norm along an axis; of another order than 2 where the call has p=."""
    p = call.number("p", 2) if "p" in call else 2
    if p == 2:
        return call.make(a.norm, x, axis=axis, keepdims=keep)
    size = call.make(s.abs_, x)
    if abs(p) == math.inf:
        return call.make(a.amax if p > 0 else a.amin, size, axis=axis, keepdims=keep)
    if p < 1:
        raise call.error("the order of a norm is 1 or larger", at="p")
    total_ = call.make(a.sum_, size if p == 1 else gate(call, "power", size, p), axis=axis, keepdims=keep)
    return total_ if p == 1 else gate(call, "power", total_, 1 / p)


@function("vector_norm", "x, p=2, axis=None, keepdims=False")
def _vector_norm(call: Call) -> Node:
    return _norm(call, call.array(), call.axis(), call.flag("keepdims"))


def norm(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """norm(x, order, axis) of another order than 2; None for the Euclidean norm.

    Of a matrix an order is that of an operator's norm; torch.norm's is that of all its elements in a row.
    """
    named = [Arg(arg.value, arg.first, arg.last, "p" if arg.key == "ord" else arg.key, arg.key_at) for arg in args]
    call = Call(gates, callee, named, first, last)
    call.bind("x, p=None, axis=None, keepdims=False")
    if "p" not in call or isinstance(call.given["p"].value, Text):
        return None
    x, axis = call.array(), call.axis()
    in_a_row = is_torch(call) and "linalg" not in gates.source.tokens[first]
    if len(x.shape) == 1 or in_a_row or type(axis) is int:
        return _norm(call, x, axis, call.flag("keepdims"))
    p = call.number("p")
    if len(x.shape) != 2 or axis is not None or abs(p) not in (1, math.inf):
        return None
    sums = call.make(a.sum_, call.make(s.abs_, x), axis=0 if abs(p) == 1 else 1)
    return call.make(a.amax if p > 0 else a.amin, sums)


@function("cdist", "x, y, p=2, metric=2")
def _cdist(call: Call) -> Node:
    """The distances of all rows; SciPy names them by a text."""
    x, y = call.array("x"), call.array("y")
    call.given = {"p" if name == "metric" else name: arg for name, arg in call.given.items()}
    metric = call.given["p"].value if "p" in call else None
    if isinstance(metric, Text):
        orders = {"euclidean": 2, "sqeuclidean": 2, "cityblock": 1, "chebyshev": math.inf}
        if metric.text not in orders:
            raise call.error(f"the distances here are {', '.join(orders)}", at="p")
        call.given["p"] = Arg(call.build.const(orders[metric.text]), call.first, call.last)
    gap = sub(call, call.index(x, "...", None, _EVERY), call.index(y, "...", None, _EVERY, _EVERY))
    if isinstance(metric, Text) and metric.text == "sqeuclidean":
        return call.make(a.sum_, call.make(s.square, gap), axis=-1)
    return _norm(call, gap, -1)


@function("clamp_min", "x, min")
def _clamp_min(call: Call) -> Node:
    return call.make(r.maximum, call.value("x"), call.value("min"))


@function("clamp_max", "x, max")
def _clamp_max(call: Call) -> Node:
    return call.make(r.minimum, call.value("x"), call.value("max"))


@function("rsqrt", "x")
def _rsqrt(call: Call) -> Node:
    return div(call, 1, call.make(s.sqrt, call.value("x")))


@function("lerp", "x, y, weight")
def _lerp(call: Call) -> Node:
    x, y = call.value("x"), call.value("y")
    return add(call, x, mul(call, call.value("weight"), sub(call, y, x)))


@function("hardsigmoid", "x, inplace=None")
def _hardsigmoid(call: Call) -> Node:
    up = add(call, div(call, call.value("x"), 6), 0.5)
    return call.make(r.minimum, call.make(r.maximum, up, call.build.const(0)), call.build.const(1))


@function("hardswish", "x, inplace=None")
def _hardswish(call: Call) -> Node:
    return mul(call, call.value("x"), _hardsigmoid(call))


@function("celu", "x, alpha=1.0, inplace=None")
def _celu(call: Call) -> Node:
    x, alpha = call.value("x"), call.value("alpha") if "alpha" in call else call.build.const(1)
    low = call.make(r.minimum, x, call.build.const(0))
    return add(call, call.make(r.relu, x), mul(call, alpha, call.make(s.expm1, div(call, low, alpha))))


@function("glu", "x, axis=-1")
def _glu(call: Call) -> Node:
    x = call.array()
    axis = call.along(x, call.axis(default=-1))
    size = call.shape(x)[axis]
    if not isinstance(size, int):
        raise call.error("glu takes an axis of known length", "declare it as a number")
    lead = (_EVERY,) * axis
    first = call.index(x, *lead, ("slice", None, size // 2, None))
    return mul(call, first, gate(call, "sigmoid", call.index(x, *lead, ("slice", size // 2, None, None))))


@function("softmin", "x, axis=-1")
def _softmin(call: Call) -> Node:
    return call.make(a.softmax, call.make(s.neg, call.array()), axis=call.axis(default=-1))


@function("tanhshrink", "x")
def _tanhshrink(call: Call) -> Node:
    x = call.value("x")
    return sub(call, x, call.make(s.tanh, x))


@function("softshrink", "x, lambd=0.5")
def _softshrink(call: Call) -> Node:
    x, width = call.value("x"), call.value("lambd") if "lambd" in call else call.build.const(0.5)
    up = call.make(r.relu, sub(call, x, width))
    return sub(call, up, call.make(r.relu, sub(call, call.make(s.neg, x), width)))


@function("hardshrink", "x, lambd=0.5")
def _hardshrink(call: Call) -> Any:
    x, width = call.value("x"), call.value("lambd") if "lambd" in call else call.build.const(0.5)
    return call.gates.make(r.where, (call.make(r.gt, call.make(s.abs_, x), width), x, call.build.const(0)))


@function("prelu", "x, weight")
def _prelu(call: Call) -> Any:
    x, weight = call.value("x"), call.value("weight")
    if len(weight.shape) == 1 and call.shape(weight)[0] != 1 and len(x.shape) > 2:
        weight = call.index(weight, _EVERY, *(None,) * (len(x.shape) - 2))  # one for each channel
    return call.gates.make(r.where, (call.make(r.gt, x, call.build.const(0)), x, mul(call, weight, x)))


@function("threshold", "x, threshold, value, inplace=None")
def _threshold(call: Call) -> Any:
    x = call.value("x")
    return call.gates.make(r.where, (call.make(r.gt, x, call.value("threshold")), x, call.value("value")))


# ---- layers -------------------------------------------------------------------------------------------


@function("linear", "x, weight, bias=None")
def _linear(call: Call) -> Node:
    out = call.make(a.matmul, call.array(), call.make(a.transpose, call.array("weight"), axes=None))
    return add(call, out, call.value("bias")) if "bias" in call else out


@function("bilinear", "x, y, weight, bias=None")
def _bilinear(call: Call) -> Node:
    left = call.make(a.matmul, call.index(call.array("x"), "...", None, None, _EVERY), call.array("weight"))
    both = mul(call, call.index(left, "...", 0, _EVERY), call.index(call.array("y"), "...", None, _EVERY))
    out = call.make(a.sum_, both, axis=-1)
    return add(call, out, call.value("bias")) if "bias" in call else out


@function("embedding", "indices, weight, padding_idx=None")
def _embedding(call: Call) -> Any:
    """Rows by their numbers; the row of padding_idx has no gradient."""
    from gradc.language.indexing import made

    weight, at = call.array("weight"), _integer(call, "indices")
    if "padding_idx" in call:
        rows = call.make(c.arange, size=call.shape(weight)[0])
        padded = call.make(r.eq, call.index(rows, _EVERY, None), call.value("padding_idx"))
        weight = call.gates.make(r.where, (padded, call.make(s.stop_gradient, weight), weight))
    return call.placed(lambda: made(call.gates, weight, (at,)))


def _standard(call: Call, x: Node, axes: tuple[int, ...], eps: Node) -> Node:
    mean = call.make(a.mean, x, axis=axes, keepdims=True)
    gap = sub(call, x, mean)
    var = call.make(a.mean, call.make(s.square, gap), axis=axes, keepdims=True)
    return div(call, gap, call.make(s.sqrt, add(call, var, eps)))


def _eps(call: Call, default: float) -> Node:
    return call.value("eps") if "eps" in call else call.build.const(default)


def _scaled(call: Call, x: Node, lead: int) -> Node:
    """x*weight + bias, along the last axes or, with `lead`, along the axis 1 with so many behind it."""
    for name, op in (("weight", mul), ("bias", add)):
        if name in call:
            value = call.value(name)
            x = op(call, x, call.index(value, _EVERY, *(None,) * lead) if lead else value)
    return x


@function("layer_norm", "x, normalized_shape, weight=None, bias=None, eps=1e-5")
def _layer_norm(call: Call) -> Node:
    x = call.array()
    count = len(_each(call.given["normalized_shape"]))
    axes = tuple(range(len(x.shape) - count, len(x.shape)))
    return _scaled(call, _standard(call, x, axes, _eps(call, 1e-5)), 0)


@function("batch_norm", "x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5")
def _batch_norm(call: Call) -> Node:
    x = call.array()
    behind = len(x.shape) - 2
    if call.flag("training"):
        axes = (0, *range(2, len(x.shape)))
        return _scaled(call, _standard(call, x, axes, _eps(call, 1e-5)), behind)
    mean, var = (
        call.index(call.value(name), _EVERY, *(None,) * behind) if behind else call.value(name)
        for name in ("running_mean", "running_var")
    )
    out = div(call, sub(call, x, mean), call.make(s.sqrt, add(call, var, _eps(call, 1e-5))))
    return _scaled(call, out, behind)


@function("group_norm", "x, num_groups, weight=None, bias=None, eps=1e-5")
def _group_norm(call: Call) -> Node:
    x, groups = call.array(), int(call.number("num_groups"))
    n, channels, *rest = call.shape(x)
    if not isinstance(channels, int) or channels % groups:
        raise call.error("the number of channels is known, and a multiple of the groups")
    parts = call.make(a.reshape, x, shape=(n, groups, channels // groups, *rest))
    out = _standard(call, parts, tuple(range(2, len(parts.shape))), _eps(call, 1e-5))
    return _scaled(call, call.make(a.reshape, out, shape=(n, channels, *rest)), len(rest))


@function("instance_norm", "x, running_mean=None, running_var=None, weight=None, bias=None, eps=1e-5")
def _instance_norm(call: Call) -> Node:
    x = call.array()
    out = _standard(call, x, tuple(range(2, len(x.shape))), _eps(call, 1e-5))
    return _scaled(call, out, len(x.shape) - 2)


@function("rms_norm", "x, normalized_shape, weight=None, eps=None")
def _rms_norm(call: Call) -> Node:
    x = call.array()
    count = len(_each(call.given["normalized_shape"]))
    axes = tuple(range(len(x.shape) - count, len(x.shape)))
    mean = call.make(a.mean, call.make(s.square, x), axis=axes, keepdims=True)
    eps = _eps(call, 2.0**-52)
    return _scaled(call, div(call, x, call.make(s.sqrt, add(call, mean, eps))), 0)


@function("dropout", "x, p=0.5, training=True, inplace=None")
def _dropout(call: Call) -> Node:
    if call.flag("training", True) and call.number("p", 0.5) != 0:
        raise call.error("nothing is drawn at random here", "make the mask an input: x*mask, or write training=False")
    return call.value("x")


@function("scaled_dot_product_attention", "q, k, v, attn_mask=None, dropout_p=0, is_causal=False, scale=None")
def _attention(call: Call) -> Node:
    q, k, v = (call.array(name) for name in "qkv")
    if call.number("dropout_p"):
        raise call.error("nothing is drawn at random here", "write dropout_p=0.0")
    rank = len(k.shape)
    turned = call.make(a.transpose, k, axes=(*range(rank - 2), rank - 1, rank - 2))
    if "scale" in call:
        scores = mul(call, call.make(a.matmul, q, turned), call.value("scale"))
    else:
        size = call.gates.number(call.gates.size(call.shape(q)[-1]))
        scores = div(call, call.make(a.matmul, q, turned), call.make(s.sqrt, size))
    if call.flag("is_causal"):
        length, other = call.shape(q)[-2], call.shape(k)[-2]
        below = call.make(c.ones, shape=(length, other))
        tril = lookup("tril")
        assert tril is not None
        seen = call.make(r.gt, call.make(tril, below), call.build.const(0))
        scores = call.gates.make(r.where, (seen, scores, call.build.const(float("-inf"))))
    if "attn_mask" in call:
        mask = call.given["attn_mask"].value
        if isinstance(mask, Node) and mask.op.boolean:
            scores = call.gates.make(r.where, (mask, scores, call.build.const(float("-inf"))))
        else:
            scores = add(call, scores, call.value("attn_mask"))
    return call.make(a.matmul, call.make(a.softmax, scores, axis=-1), v)


def softplus(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """softplus(x, beta=1, threshold=20): above the threshold it is x, to rounding."""
    call = Call(gates, callee, args, first, last)
    call.bind("x, beta=1, threshold=20")
    beta = call.value("beta") if "beta" in call else call.build.const(1)
    return div(call, gate(call, "softplus", mul(call, beta, call.value("x"))), beta)


# ---- what torch calls as NumPy does, and means otherwise ------------------------------------------------


def best(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """torch's max(x, dim): the largest along an axis, and where they are; None for another max."""
    if len(args) < 2 or any(arg.key == "axis" for arg in args) or not _is_whole(args[1].value):
        return None
    call = Call(gates, callee, args, first, last)
    call.bind("x, axis, keepdims=False")
    x, axis, keep = call.array(), call.axis(), call.flag("keepdims")
    if not x.shape:
        return None
    op, at = (a.amax, g.argmax) if callee.op is a.amax else (a.amin, g.argmin)
    both = [call.make(each, x, axis=axis, keepdims=keep) for each in (op, at)]
    return Group("tuple", [Arg(each, first, last) for each in both])


def _is_whole(value: Any) -> bool:
    return isinstance(value, Node) and value.op is s.const and type(number(value)) is int


def turned(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """torch's transpose(x, 0, 1) changes two axes for one another; NumPy's is None here."""
    if len(args) != 3 or any(arg.key not in ("", "dim0", "dim1") or not _is_whole(arg.value) for arg in args[1:]):
        return None
    x = gates.value(args[0])
    if len(x.shape) < 2 or (len(x.shape) == 2 and callee.library != "torch"):
        return None
    call = Call(gates, callee, args, first, last)
    call.bind("x, dim0, dim1")
    axes = list(range(len(x.shape)))
    i, k = (call.along(x, int(call.number(name))) for name in ("dim0", "dim1"))
    axes[i], axes[k] = axes[k], axes[i]
    return call.make(a.transpose, x, axes=tuple(axes))
