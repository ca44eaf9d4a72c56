"""Masks of which everything is written: `~np.eye(n, dtype=bool)`, `R != 0` of a matrix in figures. Where they hold is
known when the program is compiled, and so is the shape of what they pick.

>>> from gradc.language import parse, unparse
>>> unparse(parse("x: [2, 2]; x[~np.eye(2, dtype=bool)]")).count("picked")
2
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node, pending
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import gather as g
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops import shaping as m
from gradc.ops.table import lookup, statics_of
from gradc.rewrite.simplify import number

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# A mask of more elements is not written out.
MOST = 1024


def _named(names: str) -> dict[Any, str]:
    """Gates that have NumPy's names, as far as they are no others in other words."""
    return {op: name for name in names.split() if (op := lookup(name)) is not None}


_ALIKE = {
    s.add: "add", s.sub: "subtract", s.mul: "multiply", s.div: "divide", s.neg: "negative", s.abs_: "abs",
    r.eq: "equal", r.ne: "not_equal", r.lt: "less", r.le: "less_equal", r.gt: "greater", r.ge: "greater_equal",
    r.not_: "logical_not", r.all_of: "logical_and", r.any_of: "logical_or", r.where: "where",
    r.maximum: "maximum", r.minimum: "minimum", **_named("mod floor trunc sign"),
}  # fmt: skip
_RULES: dict[Any, Callable[..., Any]] = {
    c.zeros: lambda np, shape: np.zeros(shape),
    c.ones: lambda np, shape: np.ones(shape),
    c.full: lambda np, shape, value: np.full(shape, value),
    c.eye: lambda np, n, m, k: np.eye(n, m, k),
    c.arange: lambda np, size, start, step: start + step * np.arange(size),
    g.iota: lambda np, size, start, step: start + step * np.arange(size),
    c.array: lambda np, *xs, shape: np.array(xs).reshape(shape),
    c.literal: lambda np, values, shape: np.array(values).reshape(shape),
    g.picked: lambda np, values, shape: np.array(values).reshape(shape),
    a.index: lambda np, x, index: x[tuple(_item(each) for each in index)],
    a.expand: lambda np, x, axis: np.expand_dims(x, axis),
    a.spread: lambda np, x, shape: np.broadcast_to(x, shape),
    a.reshape: lambda np, x, shape: x.reshape(shape),
    a.transpose: lambda np, x, axes: np.transpose(x, axes),
    a.stack: lambda np, *xs, axis: np.stack(xs, axis),
    a.concatenate: lambda np, *xs, axis: np.concatenate(xs, axis),
    m.tile: lambda np, x, reps: np.tile(x, reps),
    m.repeat: lambda np, x, repeats, axis: np.repeat(x, repeats, axis),
    m.tril: lambda np, x, k: np.tril(x, k),
    m.triu: lambda np, x, k: np.triu(x, k),
    **{op: lambda np, x, *at, index, **_: x[tuple(_item(each, at) for each in index)] for op in g.GATHERS},
    **{op: lambda np, x, *at, index, shape, once: _put(np, x, at, index, shape) for op in g.PUTS},
    **{op: lambda np, *xs, name=name: getattr(np, name)(*xs) for op, name in _ALIKE.items()},
    s.stop_gradient: lambda np, x: x,
    r.indicator: lambda np, x, _, a, b: np.where(x, a, b),
}


def _item(item: Any, at: tuple[Any, ...] = ()) -> Any:
    if type(item) is not tuple:
        return Ellipsis if item == "..." else item
    return at[item[1] - 1] if item[0] == "at" else slice(*item[1:])


def _put(np: Any, x: Any, at: tuple[Any, ...], index: tuple[Any, ...], shape: Any) -> Any:
    out = np.zeros(shape)
    np.add.at(out, tuple(_item(each, at) for each in index), x)
    return out


def places(gates: Gates, mask: Any) -> tuple[Node, ...] | None:
    """Where a mask holds, integers for each of its axes; None where that is only known at the call."""
    if not isinstance(mask, Node) or not mask.op.boolean or not mask.shape:
        return None
    found = _value(gates, mask)
    if found is None:
        return None
    rows = [tuple(map(int, row)) for row in found.nonzero()]
    return tuple(gates.picked(list(row)) for row in rows)


def _value(gates: Gates, root: Node) -> Any:
    """The elements of a mask; None where it hangs on an input, or on what is not read here."""
    import numpy as np

    known: dict[Node, Any] = {}
    for node in pending([root], known):
        shape = gates.build.dims.resolve(node.shape)
        size = a.product(shape)
        if not isinstance(size, int) or size > MOST or (node.op is not s.const and node.op not in _RULES):
            return None
        if node.op is s.const:
            known[node] = np.array(number(node))
            continue
        facts = statics_of(node.op, node.attr)
        facts = {key: shape if key == "shape" else value for key, value in facts.items()}
        known[node] = _RULES[node.op](np, *[known[arg] for arg in node.args], **facts)
    return known[root]
