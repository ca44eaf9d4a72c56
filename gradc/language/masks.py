"""The elements at which a mask holds, `x[x > 0]`: how many there are is only known at the call, so that what is made of
them keeps the whole array until it is summed up.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [n]; np.sum(np.log(x[x > 0]))")))
x: [n]
v1 = x > 0
v2 = log(x)
v3 = where(v1, v2, 0.0)
sum(v3, axis=None, keepdims=False)
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.graph.shapes import ShapeError
from gradc.language.values import Arg, Callee, Group, Picked
from gradc.ops import array as a
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import Op
from gradc.rewrite.simplify import number

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# Reductions, and what stands for an element that is left out.
NEUTRAL: dict[Op, float] = {a.sum_: 0, a.prod: 1, a.amax: -inf, a.amin: inf, a.norm: 0, a.logsumexp: -inf}
_COUNTS = ("len", "size")
_SPREADS = ("var", "std")
# What reductions are called with several arguments, too: then they are elementwise.
_SEVERAL = {r.maximum: a.amax, r.minimum: a.amin}
HINT = "sum, mean, prod, max and min take them; for what keeps them write where(condition, x, 0)"


def picked(gates: Gates, base: Node, mask: Node) -> Picked:
    """x[mask], of an array or of its rows."""
    dims = gates.build.dims
    shape, want = dims.resolve(mask.shape), dims.resolve(base.shape)
    if not shape:
        raise GradcError("a number that is a condition is no index", hint="write where(condition, x, 0)")
    if len(shape) > len(want):
        raise GradcError(f"a mask of {len(shape)} axes for an array of {len(want)}")
    if dims.broadcast(shape, want[: len(shape)]) != want[: len(shape)]:
        raise GradcError(f"a mask of shape {_said(shape)} for an array of shape {_said(want)}")
    return Picked(base, mask)


def _said(shape: Any) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def common(gates: Gates, values: Any) -> Picked:
    """The first of the values that were picked; all of them by the same mask, and what is none small enough."""
    held = next(value for value in values if isinstance(value, Picked))
    rest = len(held.node.shape) - len(held.mask.shape)
    for value in values:
        if isinstance(value, Picked):
            if value.mask is not held.mask:
                raise GradcError("these are elements at which different masks hold", hint=HINT)
        elif len(gates.number(value).shape) > rest:
            raise GradcError(
                "an array beside the elements at which a mask holds", hint="take its elements, too: y[mask]"
            )
    return held


def whole(value: Any) -> Any:
    """The array of which the elements are."""
    return value.node if isinstance(value, Picked) else value


def made(gates: Gates, op: Op, args: tuple[Any, ...], attr: Any) -> Any:
    """A gate of elements at which a mask holds."""
    held = common(gates, args) if op is not a.matmul else next(each for each in args if isinstance(each, Picked))
    if op.elementwise:
        return Picked(gates.make(op, tuple(map(whole, args)), attr), held.mask)
    if op is a.matmul:
        x, y = args
        if isinstance(x, Picked) and isinstance(y, Picked):
            common(gates, args)
            if len(x.node.shape) == len(y.node.shape) == len(held.mask.shape):
                return reduced(gates, a.sum_, gates.make(s.mul, (x.node, y.node)), held.mask)
        elif held is x and len(held.mask.shape) == 1 and len(held.node.shape) == 2:  # each row for itself
            return Picked(gates.make(op, (held.node, y), attr), held.mask)
    raise GradcError("how many elements the mask picks is only known at the call", hint=HINT)


def called(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """A function of elements at which a mask holds."""
    held, op, name = args[0].value, callee.op, callee.name
    if isinstance(held, Picked) and len(args) == 1 and name in _COUNTS:
        return _count(gates, held) if name == "len" else attribute(gates, held, name)
    plain = [arg for arg in args if not arg.key]
    if isinstance(held, Picked) and len(plain) == 1:
        axis, keepdims = _axis(gates, held, args[1:], first, last)
        if name in _SPREADS:
            return _spread(gates, held, axis, keepdims, name)
        op = _SEVERAL.get(op, op) if op is not None else op
        if op is a.mean or op in NEUTRAL:
            return _over(gates, op, held, axis, keepdims)
    common(gates, [arg.value for arg in plain])
    if op is not None and (op.elementwise or op.lower or op in _SEVERAL.values()):
        mask = next(arg.value.mask for arg in args if isinstance(arg.value, Picked))
        shape = gates.build.dims.resolve(next(arg.value.node.shape for arg in args if isinstance(arg.value, Picked)))
        bare = [Arg(whole(arg.value), arg.first, arg.last, arg.key, arg.key_at) for arg in args]
        node = gates.call(Callee(name, op, None, callee.prefixed), bare, first, last)
        if isinstance(node, Node) and gates.build.dims.resolve(node.shape) == shape:
            return Picked(node, mask)
    raise gates.source.error("how many elements the mask picks is only known at the call", first, last, HINT)


def _axis(gates: Gates, held: Picked, args: list[Arg], first: int, last: int) -> tuple[int | None, bool]:
    """The axis of the picked elements that is meant, from 0 on; None for all."""
    axis: int | None = None
    keepdims = False
    rank = 1 + len(held.node.shape) - len(held.mask.shape)
    for arg in args:
        value = number(arg.value) if isinstance(arg.value, Node) and arg.value.op is s.const else None
        if arg.key == "keepdims" and value is not None:
            keepdims = bool(value)
        elif arg.key == "axis" and type(value) is int and -rank <= value < rank:
            axis = value % rank
        elif arg.key not in ("axis", "dtype") or type(value) is int:
            raise gates.source.error("how many elements the mask picks is only known at the call", first, last, HINT)
    return axis, keepdims


def _over(gates: Gates, op: Op, held: Picked, axis: int | None, keepdims: bool) -> Any:
    lead = len(held.mask.shape)
    if axis:
        attr = (axis + lead - 1, keepdims)
        return Picked(gates.make(op, (held.node,), attr), held.mask)
    return reduced(gates, op, held.node, held.mask, None if axis is None else tuple(range(lead)), keepdims)


def reduced(gates: Gates, op: Op, node: Node, mask: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """A reduction of the elements at which a mask holds; of others what makes no difference stands in their place."""
    make, const = gates.build.make, gates.build.const
    missing = len(node.shape) - len(mask.shape)
    if missing > 0:
        mask = make(a.expand, (mask,), (tuple(range(len(mask.shape), len(node.shape))),))
    if op is a.mean:
        total = reduced(gates, a.sum_, node, mask, axis, keepdims)
        shape = gates.build.dims.resolve(node.shape)
        ones = make(r.where, (mask, const(1), const(0)))
        count = make(a.spread, (ones,), (shape,)) if gates.build.dims.resolve(ones.shape) != shape else ones
        return make(s.div, (total, make(a.sum_, (count,), (axis, keepdims))))
    return make(op, (make(r.where, (mask, node, const(NEUTRAL[op]))),), (axis, keepdims))


def attribute(gates: Gates, held: Picked, name: str) -> Any:
    """x[mask].size, .shape and .ndim."""
    rest = gates.build.dims.resolve(held.node.shape)[len(held.mask.shape) :]
    if name == "ndim":
        return gates.build.const(1 + len(rest))
    sizes = [_count(gates, held), *map(gates.size, rest)]
    if name == "shape":
        return Group("tuple", [Arg(size, 0, 0) for size in sizes])
    out = sizes[0]
    for size in sizes[1:]:
        out = gates.make(s.mul, (out, gates.number(size)))
    return out


def _count(gates: Gates, held: Picked) -> Node:
    make, const = gates.build.make, gates.build.const
    return make(a.sum_, (make(r.where, (held.mask, const(1), const(0))),), (None, False))


def _spread(gates: Gates, held: Picked, axis: int | None, keepdims: bool, name: str) -> Any:
    mean = _over(gates, a.mean, held, axis, True)
    gap = gates.build.make(s.sub, (held.node, whole(mean)))
    variance = _over(gates, a.mean, Picked(gates.build.make(s.square, (gap,)), held.mask), axis, keepdims)
    return gates.make(s.sqrt, (variance,)) if name == "std" else variance


def with_where(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """`np.sum(x, axis=0, where=mask)`."""
    mask = gates.condition(next(arg for arg in args if arg.key == "where").value)
    op = _SEVERAL.get(callee.op, callee.op) if callee.op is not None else a.sum_
    others = [arg for arg in args if arg.key not in ("where", "initial")]
    values, statics = gates.bind(callee, op, others, first, last)
    start = next((gates.value(arg) for arg in args if arg.key == "initial"), None)
    if op in (a.amax, a.amin) and start is None:
        raise gates.source.error(f"{callee.name} with where= needs initial=", first, last, "write initial=-inf")
    node = gates.value(values[0])
    try:
        fits = gates.build.dims.broadcast(mask.shape, node.shape) == gates.build.dims.resolve(node.shape)
    except ShapeError:
        fits = False
    if not fits:
        raise gates.source.error("the mask has another shape than the array", first, last)
    found = reduced(gates, op, node, mask, statics.get("axis"), statics.get("keepdims", False))
    if start is None:
        return found
    joined = {a.sum_: s.add, a.prod: s.mul, a.amax: r.maximum, a.amin: r.minimum}.get(op)
    if joined is None:
        raise gates.source.error(f"{callee.name} has no initial=", first, last)
    return gates.build.make(joined, (found, start))


__all__ = ["attribute", "called", "made", "picked", "with_where"]
