"""Smart constructors: an operator and its arguments into an equal node that is no worse.

Every gate of a program and of its gradient is made by `Builder.make`, which folds constants,
drops what does nothing, and reads written-out forms as the gate that they are:

>>> from gradc.ops import scalar as s, loss
>>> build = Builder()
>>> x = build.input("x")
>>> build.make(s.mul, (x, build.const(1))) is x
True
>>> one, down = build.const(1), build.make(s.exp, (build.make(s.neg, (x,)),))
>>> build.make(s.div, (one, build.make(s.add, (one, down))))
%5 = sigmoid(%0)

No rewrite costs an operation or a digit. `literal=True` keeps the textbook's forms.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from gradc.base.errors import GradcError
from gradc.graph.dag import Dag, Graph, Lazy, Node, Shape, reachable
from gradc.graph.shapes import Dims, some
from gradc.ops import array as a
from gradc.ops import constant_arrays, linalg, loss
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import Op, infer_shape, statics_of
from gradc.rewrite import written_numbers
from gradc.rewrite.typed import typed
from gradc.rewrite.written_out import FORMS, across

Args = tuple[Node, ...]

# Integers beyond this are not exact as floats, and a longer power is never computed first.
MAX_EXACT_INT = 2**53


class Builder:
    """Makes nodes in one graph. `literal` keeps written-out forms; `annihilate` lets 0*x be 0 (in rules only)."""

    __slots__ = ("annihilate", "dims", "forms", "graph", "literal", "named", "rewrites")

    def __init__(self, dims: Dims | None = None, literal: bool = False, graph: Graph | None = None) -> None:
        self.graph = graph or Graph()
        self.dims = dims or Dims()
        self.literal = literal
        self.annihilate = False
        self.rewrites: dict[Node, str] = {}
        self.named: Mapping[Node, tuple[str, ...]] = {}  # what the user gave a name: it is not folded away
        self.forms: dict[Node, Args] = {}  # of what a form was read as: what it was read from

    def const(self, value: float) -> Node:
        """A number; 1, 1.0 and -0.0 are nodes of their own."""
        return self.graph.node(s.const, (), value if type(value) is int else (value, str(value)))

    def input(self, name: str, shape: Shape = ()) -> Node:
        return self.graph.node(s.input_, (), name, shape)

    def leaf(self, old: Node) -> Node:
        """The constant, input or size that one of another graph is."""
        return self.graph.node(old.op, (), old.attr, old.shape)

    def make(self, op: Op, args: Args, attr: Hashable = None) -> Node:
        """The simplified node of an operator and its arguments; `ShapeError` where they do not fit."""
        rewrite = _REWRITES.get(op)
        node: Node | None = None
        if rewrite is not None:
            node = rewrite(self, *args) if attr is None else rewrite(self, *args, attr)
        elif len(args) == 1 and args[0].op is s.const and op in _FOLDS:
            return self.fold(op, args) or self.intern(op, args, attr)
        if node is None and op in FORMS and not self.literal and not self.annihilate:
            node = FORMS[op](self, *args) if attr is None else FORMS[op](self, *args, attr)
        if node is None:
            return self.intern(op, args, attr)
        if self.named and self.rewrites:
            for each in (node, *node.args):
                if each in self.rewrites:
                    self.forms.setdefault(each, args)
        return node

    def intern(self, op: Op, args: Args, attr: Hashable = None) -> Node:
        """The node as it stands, without looking for a better one."""
        graph = self.graph
        table = graph.table
        key = (op, args, attr)
        found = table.get(key)
        if found is None and op.commutes:
            found = table.get((op, args[::-1], attr))
        if found is not None:
            return found
        shape: Shape = ()
        if op.shape is not None:
            shape = infer_shape(op, self.dims, args, attr)
        else:
            for arg in args:
                if arg.shape:
                    shape = infer_shape(op, self.dims, args, attr)
                    break
        node = table[key] = Node(len(graph.nodes), op, args, attr, shape)
        graph.nodes.append(node)
        return node

    def fold(self, op: Op, args: Args) -> Node | None:
        """The constant that an operator of constants is; None where it has no finite value."""
        value = _folded(op, [number(arg) for arg in args])
        return None if value is None else self.const(typed(op, args, value))

    def read(self, op: Op, args: Args, attr: Hashable = None, why: str = "") -> Node:
        """The gate that a written-out form was recognised as, remembered for the comment on its line."""
        node = self.make(op, args, attr)
        if why or op.say.why:
            self.rewrites.setdefault(node, why or op.say.why)
        return node


def number(node: Node) -> float:
    """The value of a constant."""
    attr: Any = node.attr
    return attr if type(attr) is int else attr[0]


def is_const(node: Node, value: float | None = None) -> bool:
    return node.op is s.const and (value is None or number(node) == value)


def as_number(build: Builder, node: Node) -> Node:
    """A condition as 1.0 or 0.0; a number as it is."""
    return build.make(r.indicator, (node, _leaf_of(node)), (1, 0)) if node.op.boolean else node


def _leaf_of(condition: Node) -> Node:
    """An input that a condition compares: numbers chosen by it come in that input's precision."""
    while condition.args:
        below = next((arg for arg in condition.args if not is_const(arg)), None)
        if below is None:
            break
        condition = below
    return condition


# ---- constants ---------------------------------------------------------------------------------

_FOLDS: dict[Op, Callable[..., float]] = {
    s.add: operator.add, s.sub: operator.sub, s.mul: operator.mul, s.div: operator.truediv, s.neg: operator.neg,
    s.pow_: operator.pow, s.inv: lambda x: 1 / x, s.square: lambda x: x * x, s.exp: math.exp, s.expm1: math.expm1,
    s.log: math.log, s.log1p: math.log1p, s.log2: math.log2, s.log10: math.log10, s.sqrt: math.sqrt,
    s.cbrt: math.cbrt, s.abs_: abs, s.sin: math.sin, s.cos: math.cos, s.tan: math.tan, s.asin: math.asin,
    s.acos: math.acos, s.atan: math.atan, s.atan2: math.atan2, s.sinh: math.sinh, s.cosh: math.cosh,
    s.tanh: math.tanh, s.hypot: math.hypot, s.erf: math.erf, s.erfc: math.erfc, r.maximum: max, r.minimum: min,
    r.nonzero: lambda x: x or 1, r.relu: lambda x: max(0, x), s.sign: lambda x: (x > 0) - (x < 0),
    loss.softplus: lambda x: max(x, 0) + math.log1p(math.exp(-abs(x))),
    loss.sigmoid: lambda x: 1 / (1 + math.exp(-x)),
}  # fmt: skip


FOLDING = frozenset(_FOLDS)


def folded(op: Op, values: list[float]) -> float | None:
    """The value of an operator at numbers; None where it has no finite one, or is not worked out here."""
    value = _folded(op, values) if op in _FOLDS else None
    return value if value is not None and math.isfinite(value) else None


def _folded(op: Op, values: list[float]) -> float | None:
    if op is s.pow_ and _power_bits(*values) > 1100:
        raise GradcError("constant too large: the power has more than 1e300 as its value")
    try:
        value = _FOLDS[op](*values)
    except (ArithmeticError, ValueError):
        return _beyond(op, values)
    if isinstance(value, complex):
        return _beyond(op, values)
    if not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > MAX_EXACT_INT:
        return float(value)
    return value


def _beyond(op: Op, values: list[float]) -> float | None:
    """What IEEE has where Python's own operators raise: quotients by 0, and powers that are no real numbers.

    >>> _beyond(s.div, [-1, 0]), _beyond(s.div, [0, 0]), _beyond(s.pow_, [0, -1]), _beyond(s.log, [0])
    (-inf, nan, inf, None)
    """
    if op is s.div and values[1] == 0 and values[0] == values[0] != 0:
        return math.copysign(math.inf, values[0]) * math.copysign(1.0, values[1])
    if op is s.inv:
        return math.copysign(math.inf, values[0])
    if op is s.pow_ and values[0] == 0:
        return math.copysign(math.inf, values[0]) if values[1] % 2 == 1 else math.inf
    return math.nan if op in (s.div, s.pow_) else None


def _power_bits(base: float, exponent: float) -> float:
    """About how many bits a constant power has: known before it is computed."""
    return math.log2(abs(base)) * exponent if 1 < abs(base) < math.inf and 0 < exponent < math.inf else 0.0


# ---- arithmetic --------------------------------------------------------------------------------


def _fold_two(build: Builder, op: Op, x: Node, y: Node) -> Node | None:
    return build.fold(op, (x, y)) if x.op is s.const and y.op is s.const else None


def _add(build: Builder, x: Node, y: Node) -> Node | None:
    if x.op is s.const:
        if y.op is s.const:
            return build.fold(s.add, (x, y))
        value = number(x)
        if value == 0:
            return y
        if value == -1 and y.op is s.exp and not build.literal:
            return build.read(s.expm1, y.args)
    elif y.op is s.const:
        value = number(y)
        if value == 0:
            return x
        if value == -1 and x.op is s.exp and not build.literal:
            return build.read(s.expm1, x.args)
    if y.op is s.neg and y not in build.named:
        return build.make(s.sub, (x, y.args[0]))
    if x.op is s.neg and x.args[0].op is not s.const and x not in build.named:
        return build.make(s.sub, (y, x.args[0]))
    return None


def _sub(build: Builder, x: Node, y: Node) -> Node | None:
    if y.op is s.const:
        if x.op is s.const:
            return build.fold(s.sub, (x, y))
        if number(y) == 0:
            return x
        if number(y) == 1 and x.op is s.exp and not build.literal:
            return build.read(s.expm1, x.args)
    elif x.op is s.const:
        if number(x) == 0:
            return build.make(s.neg, (y,))
        if number(x) == 1 and not build.literal:
            if y.op is loss.sigmoid:
                return build.read(
                    loss.sigmoid,
                    (build.make(s.neg, y.args),),
                    why="1 - sigmoid(u) as sigmoid(-u), which keeps its digits",
                )
            if y.op is s.erf:
                return build.read(s.erfc, y.args)
            if y.op is s.exp:
                return build.make(s.neg, (build.read(s.expm1, y.args),))
    if y.op is s.neg and y not in build.named:
        return build.make(s.add, (x, y.args[0]))
    return _centred(build, x, y) if y.op is a.mean and y.args[0] is x else None


def _centred(build: Builder, x: Node, mean: Node) -> Node | None:
    """The deviations from a mean with axes of size 1, where the program has them by a mean of another shape."""
    table, given, rank = build.graph.table, statics_of(a.mean, mean.attr), len(x.shape)
    axis = given["axis"]
    if not given["keepdims"] or type(axis) is not int or (s.sub, (x, mean), None) in table:
        return None
    at = axis % rank
    inserted = ((("slice", None, None, None),) * at + (None,),)
    for spelled in (at, at - rank):
        flat = table.get((a.mean, (x,), (spelled, False)))
        found = [table.get((a.mean, (x,), (spelled, True)))] + [flat] * (at == 0)
        if flat is not None:
            ways = ((a.expand, (at,)), (a.expand, (at - rank,)), (a.index, inserted))
            found += [table.get((op, (flat,), attr)) for op, attr in ways]
        off = (table.get((s.sub, (x, each), None)) for each in found if each is not None)
        if (same := next(filter(None, off), None)) is not None:
            return same
    return None


def _mul(build: Builder, x: Node, y: Node) -> Node | None:
    if x.op is s.const or y.op is s.const:
        if x.op is s.const and y.op is s.const:
            return build.fold(s.mul, (x, y))
        k, v = (x, y) if x.op is s.const else (y, x)
        value = number(k)
        if value == 1:
            return v
        if value == -1:
            return build.make(s.neg, (v,))
        if value == 0 and build.annihilate:
            return build.const(0)
    if x is y:
        return build.make(s.square, (x,))
    if x.op is s.neg and x not in build.named:
        return build.make(s.neg, (build.make(s.mul, (x.args[0], y)),))
    if y.op is s.neg and y not in build.named:
        return build.make(s.neg, (build.make(s.mul, (x, y.args[0])),))
    return None


def _div(build: Builder, x: Node, y: Node) -> Node | None:
    if y.op is s.const:
        if x.op is s.const:
            return build.fold(s.div, (x, y))
        if number(y) == 1:
            return x
        if number(y) == -1:
            return build.make(s.neg, (x,))
    if x.op is s.const:
        if number(x) == 1:
            return _sigmoid_written_out(build, y) or build.make(s.inv, (y,))
        if number(x) == 0 and build.annihilate:
            return build.const(0)
        if number(x) == -1:
            return build.make(s.neg, (build.make(s.inv, (y,)),))
    if x.op is s.exp and not build.literal:
        return _normalised_exp(build, x, y)
    if x.op is s.neg and x not in build.named:
        return build.make(s.neg, (build.make(s.div, (x.args[0], y)),))
    return None


def _sigmoid_written_out(build: Builder, y: Node) -> Node | None:
    """1/(1 + exp(-u)). The literal style keeps the formula, which is what its sigmoid prints."""
    u = _one_plus(y, s.exp)
    if u is None or (build.literal and u.args[0].op is not s.neg):
        return None
    return build.read(loss.sigmoid, (build.make(s.neg, u.args),))


def _one_plus(node: Node, op: Op | None = None) -> Node | None:
    """u of 1 + u or u + 1 (and -u of 1 - u), with u by the operator asked for."""
    if node.op is s.add:
        x, y = node.args
        for one, u in ((x, y), (y, x)):
            if is_const(one, 1) and (op is None or u.op is op):
                return u
    return None


def _normalised_exp(build: Builder, x: Node, y: Node) -> Node | None:
    """exp(u)/(1 + exp(u)) and exp(v)/sum(exp(v))."""
    if _one_plus(y, s.exp) is x:
        return build.read(loss.sigmoid, x.args, why="exp(u)/(1 + exp(u)) as sigmoid(u), which cannot overflow")
    if (found := across(build, y, a.sum_)) is not None and found[0] is x:
        return build.read(a.softmax, x.args, (found[1],))
    return None


def _neg(build: Builder, x: Node) -> Node | None:
    if x.op is s.const:
        return build.const(-number(x))
    if x.op is s.neg and x not in build.named:
        return x.args[0]
    if x.op is s.sub and build.annihilate:
        return build.make(s.sub, x.args[::-1])
    return _without_minus(build, x) if build.annihilate and x.op is s.mul else None


def _without_minus(build: Builder, x: Node) -> Node | None:
    """The product without the sign of the number that it begins with, if it has one: of -2*y*z, 2*y*z."""
    rest: list[Node] = []
    while x.op is s.mul and x not in build.named and len(rest) < 3:
        rest.append(x.args[1])
        x = x.args[0]
    if x.op is not s.const or not number(x) < 0:
        return None
    out = build.const(-number(x))
    for part in reversed(rest):
        out = build.make(s.mul, (out, part))
    return out


def _even(op: Op) -> Callable[..., Node | None]:
    """What is the same of -x as of x."""

    def rewrite(build: Builder, x: Node) -> Node | None:
        return build.make(op, x.args) if x.op is s.neg and x not in build.named else None

    return rewrite


def _pow(build: Builder, x: Node, y: Node) -> Node | None:
    if y.op is not s.const:
        return None
    if x.op is s.const:
        return build.fold(s.pow_, (x, y))
    n = number(y)
    if n == 1:
        return x
    if n == 0 and build.annihilate and not x.shape:
        return build.const(1.0)
    if n == 2:
        return build.make(s.square, (x,))
    if n == 0.5:
        return build.make(s.sqrt, (x,))
    if n == -1:
        return build.make(s.div, (build.const(1), x))
    if float(n).is_integer() and abs(n) < MAX_EXACT_INT:
        return build.make(s.ipow, (x,), (int(n),))
    return None


def _log(build: Builder, x: Node) -> Node | None:
    if x.op is s.const:
        return build.fold(s.log, (x,))
    if build.literal:
        return None
    inside = x.args[0] if x.op is s.abs_ else x
    if inside.op is a.det:
        return build.read(linalg.logdet, inside.args)
    u = _one_plus(x)
    if u is not None:
        return build.read(loss.softplus, u.args) if u.op is s.exp else build.read(s.log1p, (u,))
    if x.op is s.sub and is_const(x.args[0], 1):
        return build.read(s.log1p, (build.make(s.neg, (x.args[1],)),))
    if x.op is loss.sigmoid:
        return build.make(
            s.neg,
            (
                build.read(
                    loss.softplus,
                    (build.make(s.neg, x.args),),
                    why="log(sigmoid(u)) as -softplus(-u), which keeps its digits",
                ),
            ),
        )
    if x.op is a.sum_ and x.args[0].op is s.exp:
        return build.read(a.logsumexp, x.args[0].args, x.attr)
    if x.op is a.softmax:
        return build.read(a.log_softmax, x.args, x.attr)
    return None


def _sqrt(build: Builder, x: Node) -> Node | None:
    if x.op is s.const:
        return build.fold(s.sqrt, (x,))
    if build.literal:
        return None
    if x.op is s.square:
        return build.make(s.abs_, x.args)
    if x.op is s.add and x.args[0].op is s.square and x.args[1].op is s.square:
        return build.read(s.hypot, (x.args[0].args[0], x.args[1].args[0]))
    if x.op is a.sum_ and x.args[0].op is s.square:
        return build.read(a.norm, x.args[0].args, x.attr)
    return None


def _abs(build: Builder, x: Node) -> Node | None:
    if x.op is s.const:
        return build.fold(s.abs_, (x,))
    if x.op in (s.abs_, s.square):
        return x
    return build.make(s.abs_, x.args) if x.op is s.neg and x not in build.named else None


def _indicator(build: Builder, c: Node, x: Node, attr: Any) -> Node | None:
    if c.op is r.not_:
        return build.make(r.indicator, (c.args[0], x), (float(attr[1]), float(attr[0])))
    return build.const(attr[0] if number(c) else attr[1]) if c.op is s.const else None


def _where(build: Builder, c: Node, x: Node, y: Node) -> Node | None:
    if x is y and build.annihilate:
        return x
    if build.annihilate and is_const(y, 0) and x.op is s.neg:
        return build.make(s.neg, (build.make(r.where, (c, x.args[0], y)),))
    if c.op is s.const:
        chosen, other = (x, y) if number(c) else (y, x)
        if build.annihilate or chosen.shape:
            return chosen if chosen.shape == build.dims.broadcast(x.shape, y.shape) else None
        if not other.shape:
            return _beside(build, chosen, other)
    if c.op is r.not_:
        return build.make(r.where, (c.args[0], y, x))
    if type(x.attr) is int and x.op is s.const:
        return build.make(r.where, (c, build.const(float(x.attr)), y))
    if type(y.attr) is int and y.op is s.const:
        return build.make(r.where, (c, x, build.const(float(y.attr))))
    if x.op is s.const and y.op is s.const:
        return build.make(
            r.indicator,
            (c, _leaf_of(c)),
            (float(number(x)), float(number(y))) if (number(x), number(y)) != (1, 0) else (1, 0),
        )
    return None


def _beside(build: Builder, chosen: Node, other: Node) -> Node:
    """A number in the shape that the inputs of another, which is never taken, may give it at a call."""
    seen = set(reachable([chosen]))
    for node in reachable([other]):
        if node.op is s.input_ and not node.shape and node not in seen:
            chosen = build.intern(r.where, (build.const(0), node, chosen))
    return chosen


def _known(op: Op) -> Callable[..., Node | None]:
    """A comparison of two numbers, or a condition that is always so."""

    def rewrite(build: Builder, *args: Node) -> Node | None:
        if all(arg.op is s.const for arg in args):
            return build.const(int(_CONDITIONS[op](*map(number, args))))
        return None

    return rewrite


def _not(build: Builder, c: Node) -> Node | None:
    return c.args[0] if c.op is r.not_ else _known(r.not_)(build, c)


# Orders that never hold together.
_APART = frozenset(
    ((r.lt, r.ge), (r.lt, r.gt), (r.lt, r.eq), (r.le, r.gt), (r.gt, r.le), (r.gt, r.lt), (r.gt, r.eq), (r.ge, r.lt))
)


def _both(build: Builder, c: Node, d: Node) -> Node | None:
    """What is decided is not always left out: the other condition may have more points to decide for."""
    for known, other in ((c, d), (d, c)):
        if known.op is s.const and number(known) and (other.op.boolean or other.op is s.const):
            return other
        if known.op is r.not_ and (known.args[0].op, other.op) in _APART and known.args[0].args == other.args:
            return other  # x >= 0 says that x < 0 is not so
    return c if c is d or (is_const(c, 0) and d.op is s.const) else None


def _either(build: Builder, c: Node, d: Node) -> Node | None:
    for known, other in ((c, d), (d, c)):
        if is_const(known, 0) and (other.op.boolean or other.op is s.const):
            return other
    if c.op is d.op is s.const:
        return build.const(1)
    return c if c is d else None


def _maximum(build: Builder, x: Node, y: Node) -> Node | None:
    if is_const(x, 0) and y.op is not s.const:
        return build.make(r.relu, (y,))
    return x if x is y else _fold_two(build, r.maximum, x, y)


def _minimum(build: Builder, x: Node, y: Node) -> Node | None:
    return x if x is y else _fold_two(build, r.minimum, x, y)


def _transpose(build: Builder, x: Node, attr: Any) -> Node | None:
    if len(x.shape) < 2:
        return x
    if x.op is a.transpose and attr == (None,) and x.attr == (None,):
        return x.args[0]
    return _spread_last(build, a.transpose, x, attr) or _sign_out(a.transpose)(build, x, attr)


def _swap(build: Builder, x: Node) -> Node | None:
    """The last two axes of a matrix are all its axes; swapped twice they are where they were."""
    if len(x.shape) == 2:
        return build.make(a.transpose, (x,), (None,))
    if x.op is a.swap or (x.op is a.transpose and a.swaps(len(x.shape), x.attr)):
        return x.args[0]
    return _sign_out(a.swap)(build, x)


def _spread_last(build: Builder, op: Op, x: Node, attr: Any) -> Node | None:
    """A number broadcast to one shape and turned into another is broadcast to that."""
    if x.op is not a.spread or x.args[0].shape:
        return None
    return build.make(a.spread, x.args, (infer_shape(op, build.dims, (x,), attr),))


def _index(build: Builder, x: Node, attr: Any) -> Node | None:
    """A part of written numbers is written; an element of a number that is broadcast is the number (in rules)."""
    written = written_numbers.part(build, x, attr[0])
    if written is not None:
        return written
    if build.annihilate and x.op is a.spread and not x.args[0].shape:
        shape = infer_shape(a.index, build.dims, (x,), attr)
        return build.make(a.spread, x.args, (shape,)) if shape else x.args[0]
    return _sign_out(a.index)(build, x, attr)


def _expand(build: Builder, x: Node, attr: Any) -> Node | None:
    """A scalar adjoint broadcasts by itself."""
    return x if not x.shape else None


def _sum(build: Builder, x: Node, attr: Any) -> Node | None:
    """The sum of a scalar is the scalar; in rules a sign moves out, and a sum over a diagonal is the trace."""
    if build.annihilate and x.op is s.mul and len(x.shape) == 2 and attr == (None, False):
        for one, other in (x.args, x.args[::-1]):
            if one.op is constant_arrays.eye and one.attr == (*x.shape, 0) and other.shape == x.shape:
                return build.make(a.trace, (other,))
    return x if not x.shape else _sign_out(a.sum_)(build, x, attr)


def _sign_out(op: Op) -> Callable[..., Node | None]:
    """A linear gate of -x is minus the gate of x (in rules, where nobody wrote it otherwise)."""

    def rewrite(build: Builder, x: Node, *rest: Any) -> Node | None:
        if x.op is s.neg and build.annihilate:
            return build.make(s.neg, (build.make(op, x.args, *rest),))
        return None

    return rewrite


def _matmul(build: Builder, x: Node, y: Node) -> Node | None:
    for mine, args in ((x, lambda u: (u, y)), (y, lambda u: (x, u))):
        if mine.op is s.neg and build.annihilate:
            return build.make(s.neg, (build.make(a.matmul, args(mine.args[0])),))
    return None


def _reshape(build: Builder, x: Node, attr: Any) -> Node | None:
    if x.op is a.sum_ and build.annihilate:  # axes that are summed and then left out
        axis: Any = x.attr[0]  # type: ignore[index]  # a sum's attribute is (axis, keepdims)
        inner: Any = x.args[0]
        if inner.op is a.sum_ and inner.attr[1]:  # of a sum that keeps its axes: one over the axes of both
            rank = len(inner.shape)
            axis = tuple(sorted({*a.axes_of(axis, rank), *a.axes_of(inner.attr[0], rank)}))
            x = inner
        plain = build.make(a.sum_, x.args, (axis, False))
        if build.dims.resolve(plain.shape) == build.dims.resolve(attr[0]):
            return plain
    return _spread_last(build, a.reshape, x, attr) or _sign_out(a.reshape)(build, x, attr)


def _count(build: Builder, x: Node, attr: Any) -> Node:
    """How many elements a reduction takes together, or 1 if none: a number, or a product of named sizes."""
    shape = build.dims.resolve(x.shape)
    count = a.product(tuple(shape[i] for i in a.axes_of(attr[0], len(shape))))
    count = count if build.dims.is_some(count) else some(count)
    return build.const(count) if isinstance(count, int) else build.graph.node(s.size, (), count)


_CONDITIONS: dict[Op, Callable[..., Any]] = {
    r.gt: operator.gt, r.ge: operator.ge, r.lt: operator.lt, r.le: operator.le, r.eq: operator.eq, r.ne: operator.ne,
    r.not_: operator.not_,
}  # fmt: skip

_REWRITES: dict[Op, Callable[..., Node | None]] = {
    s.add: _add, s.sub: _sub, s.mul: _mul, s.div: _div, s.neg: _neg, s.pow_: _pow, s.log: _log, s.sqrt: _sqrt,
    s.abs_: _abs, s.bell: _even(s.bell), s.normal_pdf: _even(s.normal_pdf),
    **{op: _known(op) for op in _CONDITIONS}, r.not_: _not, r.all_of: _both, r.any_of: _either,
    r.where: _where, r.maximum: _maximum, r.minimum: _minimum, r.indicator: _indicator, a.transpose: _transpose,
    a.expand: _expand, a.sum_: _sum, a.count: _count, a.spread: _sign_out(a.spread), a.reshape: _reshape,
    a.swap: _swap, a.index: _index, a.matmul: _matmul, s.atan2: lambda build, y,
    x: _fold_two(build, s.atan2, y, x), s.hypot: lambda build, x, y: _fold_two(build, s.hypot, x, y),
}  # fmt: skip


# ---- rebuilding --------------------------------------------------------------------------------


AnyBuilder = TypeVar("AnyBuilder", bound=Builder)


def rebuild(
    dag: Dag,
    build: AnyBuilder,
    gate: Callable[[AnyBuilder, Node, Args], Node],
    order: Iterable[Node] = (),
    new: dict[Node, Node] | None = None,
) -> Dag:
    """The same program with every gate made anew by `gate(build, old, new_args)`; names and spans carried over.

    `order` is another topological order than the program's own; `new`, filled on the way, maps old nodes to new.
    """
    new = {} if new is None else new
    for node in order or dag.nodes:
        if node.args:
            new[node] = gate(build, node, tuple([new[arg] for arg in node.args]))
        else:
            new[node] = build.leaf(node)
    names: dict[Node, tuple[str, ...]] = {}
    for old, given in dag.names.items():
        if old in new:
            names[new[old]] = names.get(new[old], ()) + given
    return dag._replace(
        nodes=tuple(build.graph.nodes),
        inputs={name: new[node] for name, node in dag.inputs.items()},
        outputs=tuple((name, new[node]) for name, node in dag.outputs),
        names=names,
        spans=Lazy(lambda: {new[node]: span for node, span in reversed(list(dag.spans.items())) if node in new}),
        rewrites={**{new[node]: why for node, why in dag.rewrites.items() if node in new}, **build.rewrites},
        roles={new[node]: role for node, role in dag.roles.items() if node in new},
        graph=build.graph,
    )
