"""Numbers that remember how they were written: `2*pi` is folded to a float, and printed as it was typed.

>>> from gradc.rewrite.simplify import Builder, number
>>> from gradc.ops import scalar as s
>>> build = Builder()
>>> turn = number(build.make(s.mul, (build.const(2), build.const(PI))))
>>> turn, turn.how, (-turn).how
(6.283185307179586, %-1 = mul(%0, %1), %-1 = mul(%-1, %1))
>>> typed(s.mul, (build.const(0.5), build.const(0.25)), 0.125)
0.125
"""

from __future__ import annotations

import math
from typing import Any

from gradc.graph.dag import Node
from gradc.ops import scalar as s
from gradc.ops.table import Op

# What is no longer than this as a number reads better as a number: 0.25 for 1/4.
SHORTEST = 12
# Of more operators than this nobody knows any longer what they come to.
MOST = 4

# What is written with operators and functions that everybody has at hand.
_SPELLED = frozenset((s.add, s.sub, s.mul, s.div, s.neg, s.pow_, s.sqrt, s.log, s.exp, s.sin, s.cos, s.tan))


class Typed(float):
    """A number as what it was written as: an operator at numbers; None for pi itself."""

    __slots__ = ("how",)
    how: Node | None

    def __neg__(self) -> float:
        """A product's or a quotient's sign is that of its first number; minus a minus is what it was of."""
        how = self.how
        if how is not None and how.op is s.neg:
            return value_of(how.args[0])
        if how is not None and how.op in (s.mul, s.div):
            return typed(how.op, (of(-value_of(how.args[0])), *how.args[1:]), -float(self))
        return typed(s.neg, (of(self),), -float(self))


def of(value: float) -> Node:
    """A number as a leaf."""
    return Node(-1, s.const, (), value if type(value) is int else (value, str(value)), ())


def value_of(leaf: Node) -> float:
    """The number of such a leaf."""
    attr: Any = leaf.attr
    return attr if type(attr) is int else attr[0]


def typed(op: Op, args: tuple[Node, ...], value: float) -> float:
    """The value of an operator at numbers, with how it was written where that says more than its digits."""
    if type(value) is int or op not in _SPELLED or len(repr(value)) <= SHORTEST or not math.isfinite(value):
        return value
    how = Node(-1, op, args, None, ())
    if _operators(how) > MOST:
        return value
    found = Typed(value)
    found.how = how
    return found


def _operators(how: Node) -> int:
    count, stack = 0, [how]
    while stack and count <= MOST:
        node = stack.pop()
        value: Any = node.attr
        if node.op is not s.const:
            count += 1
            stack += node.args
        elif type(value) is tuple and isinstance(value[0], Typed) and value[0].how is not None:
            stack.append(value[0].how)
    return count


PI = Typed(math.pi)
PI.how = None

__all__ = ["MOST", "PI", "Typed", "of", "typed"]
