"""JAX's `x.at[i].set(v)`: the array with other elements, which leaves the array itself as it is.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [3]\\ny = x.at[0].add(2)\\nsum(y*x)")).split("\\n")[1:3])
['v1 = x[0]', 'v2 = v1 + 2']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.language import canvas
from gradc.language.values import Arg, Group, Spot
from gradc.ops import array as a
from gradc.ops import routing as r
from gradc.ops import scalar as s

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# What a method makes of the elements and the value; None: the value alone.
_MADE: dict[str, Any] = {
    "set": None, "add": s.add, "subtract": s.sub, "multiply": s.mul, "mul": s.mul, "divide": s.div, "power": s.pow_,
    "min": r.minimum, "max": r.maximum,
}  # fmt: skip


def method(name: str) -> Any:
    """A method of x.at[i], or None."""
    if name == "get":
        return _get
    return _updated(name) if name in _MADE else None


def _get(gates: Gates, held: Spot, args: list[Arg], first: int, last: int) -> Any:
    return gates.index(held.base, held.items, held.last)


def _updated(name: str) -> Any:
    def call(gates: Gates, held: Spot, args: list[Arg], first: int, last: int) -> Node:
        plain = [arg for arg in args if arg.key not in _IDLE]
        if len(plain) != 1 or not held.items:
            raise gates.source.error(f"{name} takes one value, behind x.at[i]", first, last)
        node, value = gates.value(held.base), gates.value(plain[0])
        made = canvas.Canvas(node, gates.build.dims.resolve(node.shape))
        items, given = held.items, [held.base, *held.items]
        if len(items) == 1 and isinstance(items[0].value, Group) and items[0].value.kind == "tuple":
            items = items[0].value.items
        op = _MADE[name]

        def put() -> None:
            named = op in (s.add, s.sub) and any(_may_repeat(item.value) for item in items)
            if named:
                canvas.add_at(gates, made, items, value, 1 if op is s.add else -1, last)
                return
            current = value if op is None else gates.make(op, (gates.index(held.base, items, last), value))
            canvas.put(gates, made, items, current, last)

        gates.placed(put, a.index, given)
        return canvas.as_node(gates, made)

    return call


def _may_repeat(value: Any) -> bool:
    """Whether an item of a subscript names places, one of which may come twice."""
    if isinstance(value, Group):
        return True
    return isinstance(value, Node) and value.op is not s.const and not value.op.boolean


# Keywords that say how a compiler may go about it.
_IDLE = ("mode", "indices_are_sorted", "unique_indices", "fill_value")
