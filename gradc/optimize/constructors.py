"""Smart constructors of the fast style: nodes of the joint graph with as few operations as can be.

Signs and constant factors stand outermost, where sums and further constants absorb them, and a mask stands
outside of what it masks, so that the branch not taken is not computed:

>>> from gradc.ops import routing as r, scalar as s
>>> build = Frugal()
>>> x, y = build.input("x"), build.input("y")
>>> build.boundary = 2
>>> twice = build.make(s.mul, (build.const(2), build.make(s.neg, (x,))))
>>> total = build.make(s.add, (y, build.make(s.mul, (twice, build.const(3)))))
>>> total.op, total.args[1].op, total.args[1].args[0].attr[0]
(sub, mul, 6.0)
>>> side = mask(build, build.make(r.gt, (x, y)), x, 1)
>>> build.make(s.mul, (y, side)).op
where

Nodes below `boundary` are the program's own values, computed as they are written; factors are taken out of
what is made after them only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from gradc.graph.dag import Graph, Node
from gradc.graph.shapes import Dims
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import Op
from gradc.rewrite.sides import DEEPEST
from gradc.rewrite.simplify import Args, Builder, is_const, number

# Constants are merged and moved past other factors within these sizes only: no product on the way can then
# overflow or vanish where the written one does not, but for values at the very ends of the range of floats.
SMALLEST, LARGEST = 2.0**-40, 2.0**40

# What has grown beyond these sizes stays where it is, so that no chain of constants is moved again and again.
LIGHTEST, HEAVIEST = 2.0**-20, 2.0**20

# Powers up to this are multiplications; beyond, a call of pow is as fast, and more accurate.
LONGEST_POWER = 16

NO_BOUNDARY = 1 << 60


class Frugal(Builder):
    """A builder for the joint graph."""

    __slots__ = ("boundary", "flat", "masks", "stems")

    def __init__(self, dims: Dims | None = None, literal: bool = False, graph: Graph | None = None) -> None:
        super().__init__(dims, literal, graph)
        self.boundary = NO_BOUNDARY
        self.flat = False  # whether both sides of branches are computed
        self.masks: dict[Node, int] = {}  # adjoints that are 0 where a branch is not taken, and how many masks deep
        self.stems: dict[Node, str] = {}  # what a part of a gate is called in its entry

    def const(self, value: float) -> Node:
        """A number, always a float."""
        value = float(value)
        return self.graph.node(s.const, (), (value, str(value)))

    def leaf(self, old: Node) -> Node:
        """The same of another graph; a constant is a float here."""
        return self.const(number(old)) if old.op is s.const else super().leaf(old)

    def make(self, op: Op, args: Args, attr: Hashable = None) -> Node:
        """The node of an operator and its arguments, or a cheaper one of the same value."""
        rule = _RULES.get(op)
        if rule is None:
            return super().make(op, args, attr)
        node = rule(self, *args) if attr is None else rule(self, *args, attr)
        return self.intern(op, args, attr) if node is None else node


def _value(node: Node) -> float:
    return node.attr[0]  # type: ignore[index,no-any-return]  # a constant's attribute is (value, text)


def moderate(value: float) -> bool:
    return SMALLEST < value < LARGEST or SMALLEST < -value < LARGEST


def coefficient(build: Frugal, node: Node) -> tuple[float, Node]:
    """A node as a constant times a rest, signs included: what a product can take out of it."""
    sign = 1.0
    if node.op is s.neg:
        sign, node = -1.0, node.args[0]
    if node.id >= build.boundary:
        if node.op is s.mul:
            k = node.args[0]
            if k.op is s.const and LIGHTEST < abs(_value(k)) < HEAVIEST:
                return sign * _value(k), node.args[1]
        elif node.op is s.div:
            k = node.args[0]
            if k.op is s.const and _value(k) != 1.0 and LIGHTEST < abs(_value(k)) < HEAVIEST:
                return sign * _value(k), build.intern(s.inv, (node.args[1],))
    return sign, node


def scaled(build: Frugal, k: float, rest: Node) -> Node:
    """k*rest, its sign outermost."""
    if k == 1.0:
        return rest
    if k < 0.0:
        return build.make(s.neg, (scaled(build, -k, rest),))
    if k == 0.0 and build.annihilate:
        return build.const(0.0)
    if rest.op is s.inv and rest.id >= build.boundary:
        return build.intern(s.div, (build.const(k), rest.args[0]))
    if rest.op is r.where and rest in build.masks:
        inner = _mask_out(build, rest, lambda each: _times_constant(build, build.const(k), each))
        if inner is not None:
            return inner
    return build.intern(s.mul, (build.const(k), rest))


# ---- products ----------------------------------------------------------------------------------


def _mul(build: Frugal, x: Node, y: Node) -> Node | None:
    xo, yo = x.op, y.op
    if xo is s.const or yo is s.const:
        return _times_constant(build, x, y) if xo is s.const else _times_constant(build, y, x)
    if xo in _SCALED or yo in _SCALED:
        k, p = coefficient(build, x)
        m, q = coefficient(build, y)
        k *= m
        if (p is not x or q is not y) and moderate(k):
            return scaled(build, k, build.make(s.mul, (p, q)))
    if yo is r.where and y in build.masks:
        return _mask_out(build, y, lambda each: build.make(s.mul, (x, each)))
    if xo is r.where and x in build.masks:
        return _mask_out(build, x, lambda each: build.make(s.mul, (each, y)))
    return None


def _times_constant(build: Frugal, k: Node, x: Node) -> Node:
    value = _value(k)
    if x.op is s.const:
        return build.fold(s.mul, (k, x)) or build.intern(s.mul, (k, x))
    if value == 1.0:
        return x
    if value == -1.0:
        return build.make(s.neg, (x,))
    if value == 0.0:
        return build.const(0.0) if build.annihilate else build.intern(s.mul, (k, x))
    if x.op is s.neg:
        return build.make(s.neg, (_times_constant(build, k, x.args[0]),))
    if x.op is s.mul and x.args[0].op is s.const and moderate(value) and moderate(_value(x.args[0])):
        product = value * _value(x.args[0])
        if moderate(product):
            return scaled(build, product, x.args[1])
    if x.op is s.div and x.id >= build.boundary and x.args[0].op is s.const and moderate(value * _value(x.args[0])):
        return scaled(build, value * _value(x.args[0]), build.intern(s.inv, (x.args[1],)))
    if x.op is r.where and x in build.masks:
        inner = _mask_out(build, x, lambda each: _times_constant(build, k, each))
        if inner is not None:
            return inner
    if value < 0.0 and build.annihilate:
        return build.make(s.neg, (_times_constant(build, build.const(-value), x),))
    if x.op is s.inv and x.id >= build.boundary:
        return build.intern(s.div, (k, x.args[0]))
    return build.intern(s.mul, (k, x))


def _div(build: Frugal, x: Node, y: Node) -> Node | None:
    xo, yo = x.op, y.op
    if yo is s.const:
        if xo is s.const:
            return build.fold(s.div, (x, y))
        value = _value(y)
        if value == 1.0:
            return x
        if value == -1.0:
            return build.make(s.neg, (x,))
        if build.annihilate and moderate(value):
            return build.make(s.mul, (build.const(1.0 / value), x))
        return None
    if build.annihilate and (rest := _cancelled(build, x, y)) is not None:
        return rest
    if xo is s.neg:
        return build.make(s.neg, (build.make(s.div, (x.args[0], y)),))
    if yo is s.neg:
        return build.make(s.neg, (build.make(s.div, (x, y.args[0])),))
    if xo is s.const:
        value = _value(x)
        if value == 1.0:
            return build.make(s.inv, (y,))
        if value == 0.0 and build.annihilate:
            return build.const(0.0)
        if value < 0.0:
            return build.make(s.neg, (build.make(s.div, (build.const(-value), y)),))
        return None
    if xo in _SCALED and x.id >= build.boundary:
        k, p = coefficient(build, x)
        if k != 1.0:
            return scaled(build, k, build.make(s.div, (p, y)))
    if xo is r.where and x in build.masks:
        return _mask_out(build, x, lambda each: build.make(s.div, (each, y)))
    return None


def _cancelled(build: Frugal, x: Node, y: Node) -> Node | None:
    """What is left of x/y if y is a factor of x: the gate whose slope divides by y has no value at 0 either."""
    if build.dims.broadcast(x.shape, y.shape) != x.shape:
        return None
    if x is y:
        return None if x.shape else build.const(1.0)
    if x.op is s.square and x.args[0] is y:
        return y
    if x.op is s.mul and y in x.args:
        rest = x.args[1] if x.args[0] is y else x.args[0]
        return rest if rest.shape == x.shape else None
    return None


def _inv(build: Frugal, x: Node) -> Node | None:
    if x.op is s.const:
        return build.fold(s.inv, (x,))
    return build.make(s.neg, (build.make(s.inv, x.args),)) if x.op is s.neg else None


def power(build: Frugal, x: Node, n: int) -> Node:
    """x**n by multiplications: the squares x, x**2, x**4 … are shared by all powers of x."""
    out: Node | None = None
    square = x
    while True:
        if n & 1:
            out = square if out is None else build.make(s.mul, (out, square))
        n >>= 1
        if not n:
            return out or build.const(1.0)
        square = build.make(s.mul, (square, square))


def _square(build: Frugal, x: Node) -> Node | None:
    return build.make(s.mul, (x, x))


def _ipow(build: Frugal, x: Node, attr: Any) -> Node | None:
    n = attr[0]
    if n == 0 and (x.shape or not build.annihilate):
        return None  # ones in the shape of x
    if 0 <= n <= LONGEST_POWER:
        return power(build, x, n)
    return build.make(s.inv, (power(build, x, -n),)) if -LONGEST_POWER <= n < 0 else None


def _pow(build: Frugal, x: Node, y: Node) -> Node | None:
    if y.op is not s.const or x.op is s.const:
        return build.fold(s.pow_, (x, y)) if y.op is s.const else None
    n = _value(y)
    if n == 0.5:
        return build.make(s.sqrt, (x,))
    if n == -0.5:
        return build.make(s.inv, (build.make(s.sqrt, (x,)),))
    if n.is_integer() and abs(n) <= LONGEST_POWER:
        return _ipow(build, x, (int(n),))
    return None


# ---- sums --------------------------------------------------------------------------------------


def _add(build: Frugal, x: Node, y: Node) -> Node | None:
    xo, yo = x.op, y.op
    if xo is s.const:
        if yo is s.const:
            return build.fold(s.add, (x, y))
        if _value(x) == 0.0:
            return y
        if _value(x) < 0.0:
            return build.make(s.sub, (y, build.const(-_value(x))))
    elif yo is s.const:
        if _value(y) == 0.0:
            return x
        if _value(y) < 0.0:
            return build.intern(s.sub, (x, build.const(-_value(y))))
    if yo is s.neg:
        return build.make(s.sub, (x, y.args[0]))
    if xo is s.neg:
        return build.make(s.sub, (y, x.args[0]))
    if xo is r.where and yo is r.where and _sent_back(build, x) and _sent_back(build, y):
        return _joined(build, x, y)
    return None


def _sub(build: Frugal, x: Node, y: Node) -> Node | None:
    xo, yo = x.op, y.op
    if yo is s.const:
        if xo is s.const:
            return build.fold(s.sub, (x, y))
        if _value(y) == 0.0:
            return x
        if _value(y) < 0.0:
            return build.make(s.add, (x, build.const(-_value(y))))
    elif xo is s.const and _value(x) == 0.0:
        return build.make(s.neg, (y,))
    if yo is s.neg:
        return build.make(s.add, (x, y.args[0]))
    if xo is s.neg:
        return build.make(s.neg, (build.make(s.add, (x.args[0], y)),))
    if x is y and build.annihilate:
        return build.const(0.0)
    if xo is r.where and yo is r.where and _sent_back(build, x) and _sent_back(build, y):
        return _joined(build, x, y, s.sub)
    return None


def _neg(build: Frugal, x: Node) -> Node | None:
    if x.op is s.const:
        return build.const(-_value(x))
    if x.op is s.neg:
        return x.args[0]
    if x.op is s.sub and x.id >= build.boundary:
        return build.make(s.sub, x.args[::-1])
    if x.op is r.where and x.id >= build.boundary and (x.args[1].op is s.neg or x.args[2].op is s.neg):
        c, a, b = x.args
        return masking(build, c, build.make(s.neg, (a,)), build.make(s.neg, (b,)))
    return None


# ---- branches ----------------------------------------------------------------------------------


def _where(build: Frugal, c: Node, x: Node, y: Node) -> Node | None:
    if x is y and build.dims.broadcast(c.shape, x.shape) == x.shape:
        return x
    if c.op is s.const:
        chosen = x if _value(c) else y
        return chosen if chosen.shape == build.dims.broadcast(x.shape, y.shape) else None
    if c.op is r.not_:
        return build.make(r.where, (c.args[0], y, x))
    if x.op is r.where and x.args[0] is c:
        return build.make(r.where, (c, x.args[1], y))
    if y.op is r.where and y.args[0] is c:
        return build.make(r.where, (c, x, y.args[2]))
    return None


def mask(build: Frugal, c: Node, x: Node, side: int) -> Node:
    """What a side of a branch gets of an adjoint, whose own mask is that of a branch around and stays outermost."""
    inner = _mask_out(build, x, lambda each: mask(build, c, each, side))
    if inner is not None:
        return inner
    zero = build.const(0.0)
    return masking(build, c, x, zero) if side == 1 else masking(build, c, zero, x)


def masking(build: Frugal, c: Node, x: Node, y: Node) -> Node:
    """where(c, x, y), known as a mask if nothing comes back down some side."""
    node = build.make(r.where, (c, x, y))
    sides = [0 if is_const(side, 0) else build.masks.get(side, -1) for side in (x, y)]
    if max(sides) >= 0 and node.op is r.where and not build.flat:
        build.masks[node] = 1 + max(sides)
    return node


def _mask_out(build: Frugal, x: Node, linear: Callable[[Node], Node]) -> Node | None:
    """A linear gate of a masked value, with the mask outside. None if x is no mask that the gradient made."""
    if build.masks.get(x, DEEPEST) >= DEEPEST:
        return None
    zero = build.const(0.0)
    c, a, b = x.args
    return masking(build, c, zero if a is zero else linear(a), zero if b is zero else linear(b))


def _joined(build: Frugal, x: Node, y: Node, op: Op = s.add) -> Node | None:
    """The sum (or difference) of what two sides of one branch send back, as one branch."""
    c, a, b = x.args
    d, p, q = y.args
    if c is not d:
        return None
    return masking(build, c, build.make(op, (a, p)), build.make(op, (b, q)))


def _sent_back(build: Frugal, x: Node) -> bool:
    """Whether a branch is the gradient's own, or a value of the program that serves as one of its masks."""
    return x.id >= build.boundary or x in build.masks


def _nonzero(build: Frugal, x: Node) -> Node | None:
    return build.const(_value(x) or 1.0) if x.op is s.const else None


_SCALED = frozenset((s.neg, s.mul, s.div))

# fmt: off
_RULES: dict[Op, Callable[..., Node | None]] = {
    s.mul: _mul, s.div: _div, s.inv: _inv, s.square: _square, s.ipow: _ipow, s.pow_: _pow,
    s.add: _add, s.sub: _sub, s.neg: _neg, r.where: _where, r.nonzero: _nonzero,
}
# fmt: on

__all__ = ["Frugal", "coefficient", "mask", "masking", "moderate", "power", "scaled"]
