"""Subscripts that hold values: integers in the place of an axis, and the inputs that they are made of.

Whatever an index is computed from is whole numbers: its inputs are integers, and have no gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node, pending
from gradc.graph.shapes import total
from gradc.language.values import Arg
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import gather as g
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops import shaping as m
from gradc.ops.table import Op, statics_of
from gradc.rewrite.simplify import number

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# Gates of whole numbers that give whole numbers.
_WHOLE: frozenset[Op] = frozenset([
    s.add, s.sub, s.mul, s.neg, s.square, s.abs_, s.sign, s.stop_gradient, r.maximum, r.minimum, r.relu, r.where,
    a.sum_, a.prod, a.amax, a.amin, a.reshape, a.transpose, a.swap, a.expand, a.spread, a.index, a.stack, a.concatenate,
    a.segment, m.cumsum, m.roll, m.repeat, m.tile, m.pad, m.diagonal, m.tril, m.triu,
    a.outer, a.inner, a.matmul, a.trace, c.array, *g.GATHERS, *g.PICKS, *g.PUTS,
])  # fmt: skip
# Gates that round, which leaves a whole number as it is; and those that give whole numbers of whole numbers.
_ROUNDS = frozenset("floor ceil round rint trunc".split())
_WHOLE_BY_NAME = frozenset("mod remainder fmod floor_divide".split()) | _ROUNDS
_ALIKE = {c.arange: g.iota, c.literal: g.picked}


class Integers:
    """Values as indices. `known` holds what has been found already, so that shared values are walked once."""

    def __init__(self, gates: Gates) -> None:
        self.gates, self.build = gates, gates.build
        self.known: dict[Node, Node] = {}
        self.within: list[Node] = []  # the conditions under which what is being read counts

    def of(self, root: Node, place: Arg) -> Node:
        """A value as whole numbers; every input that it is made of is an integer from now on."""
        known = self.known
        for node in pending([root], known, lambda node: self._parts(node, place)):
            known[node] = self._rebuilt(node, {part: known[part] for part in self._parts(node, place)}, place)
        return self._where_it_counts(known[root]) if self.within else known[root]

    def _where_it_counts(self, node: Node) -> Node:
        """An index that is some place, the first one, on a side that is not taken."""
        if not node.args and node.op is not s.input_:  # written integers, and the steps of an axis
            return node
        for condition in self.within:
            node = self.build.make(g.chosen, (condition, node, self.build.const(0)))
        return node

    def _parts(self, node: Node, place: Arg) -> tuple[Node, ...]:
        """The arguments that must be whole numbers for a value to be one."""
        op = node.op
        if not node.args or op.integer:
            return ()
        if op.boolean:
            raise self._refused("a mask is no index", place, "write where(condition, x, 0)")
        if op is r.indicator:
            return ()
        if op not in _WHOLE and op.name not in _WHOLE_BY_NAME:
            what = f"'{op.name}' gives none" if op.public else "this is none"
            raise self._refused(f"an index is made of whole numbers, and {what}", place)
        return node.args[1:] if op is r.where else tuple(arg for at, arg in enumerate(node.args) if at not in op.whole)

    def _rebuilt(self, node: Node, new: dict[Node, Node], place: Arg) -> Node:
        op = node.op
        if op is s.input_:
            self._is_integer(str(node.attr), place)
            return node
        if op is s.const:
            if not float(number(node)).is_integer():
                raise self._refused(f"an index is a whole number, not {number(node)!r}", place)
            return self.build.const(int(number(node)))
        if op is s.size or op.integer:
            return node
        if op.name in _ROUNDS and len(node.args) == 1:
            return new[node.args[0]]
        if op in (c.zeros, c.ones, c.full):
            value = statics_of(op, node.attr)["value"] if op is c.full else int(op is c.ones)
            if float(value).is_integer():
                return self.build.make(a.spread, (self.build.const(int(value)),), (node.shape,))
        if op in _ALIKE and all(type(value) is int for value in _numbers(node)):
            return self.build.make(_ALIKE[op], (), node.attr)
        if op is r.indicator:
            statics = statics_of(op, node.attr)
            ends = [statics[key] for key in ("a", "b")]
            whole = [self.build.const(int(end) if end == int(end) else end) for end in ends]
            full = self.build.dims.resolve(node.shape)
            values = [self.build.make(a.spread, (end,), (full,)) for end in whole] if full else whole
            return self.build.make(g.chosen, (node.args[0], *values))
        if not node.args:
            raise self._refused("an index is made of whole numbers", place)
        if op is a.index and (found := spread_out(self.gates, new[node.args[0]], node.attr[0])) is not None:  # type: ignore[index]
            return found
        if op is r.where:  # of whole numbers, where a written one is a float otherwise
            return self.build.make(g.chosen, (node.args[0], *map(new.__getitem__, node.args[1:])))
        kept = [arg if at in op.whole else new[arg] for at, arg in enumerate(node.args)]
        return self.build.make(op, tuple(kept), node.attr)

    def _is_integer(self, name: str, place: Arg) -> None:
        scope = self.gates.scope
        if name not in scope.integers:
            scope.integers[name] = None
            if name not in scope.declared:
                said = f"'{name}' is an integer input here, an index; it has no gradient"
                self.gates.source.note(said, place.first, place.last)

    def _refused(self, message: str, place: Arg, hint: str = "") -> GradcError:
        return self.gates.source.error(message, place.first, place.last, hint)


def spread_out(gates: Gates, node: Node, items: tuple[Any, ...]) -> Node | None:
    """Written integers with further axes: they are written in rows; None for what is no such vector."""
    if node.op is not g.picked or len(node.shape) != 1 or sum(item is not None for item in items) != 1:
        return None
    if any(item not in (None, ("slice", None, None, None)) for item in items):
        return None
    values = _numbers(node)
    return gates.build.make(g.picked, (), (values, tuple(1 if item is None else len(values) for item in items)))


def _numbers(node: Node) -> tuple[Any, ...]:
    statics = statics_of(node.op, node.attr)
    return tuple(statics["values"]) if "values" in statics else (statics["start"], statics["step"])


def made(gates: Gates, base: Node, index: tuple[Any, ...]) -> Node:
    """base[index], in which integers stand as nodes."""
    nodes = [item for item in index if isinstance(item, Node)]
    if len(nodes) > g.MOST_INDICES:
        raise GradcError(f"a subscript has at most {g.MOST_INDICES} arrays of integers, and this one {len(nodes)}")
    places = iter(range(1, len(nodes) + 1))  # the gate's arguments, after the array
    template = tuple(("at", next(places)) if isinstance(item, Node) else item for item in index)
    family = g.GATHERS if any(node.shape for node in nodes) else g.PICKS
    return gates.build.make(family[len(nodes) - 1], (base, *nodes), (template, once(gates, nodes)))


def once(gates: Gates, nodes: list[Node]) -> bool:
    """Whether no place is named twice: along every axis of the indices one of them has other numbers at each step.

    >>> from gradc.language.atoms import leaves_of
    >>> gates = leaves_of("").gates
    >>> build = gates.build
    >>> rows, y = build.make(g.iota, (), ("n", 0, 1)), build.input("y", ("n",))
    >>> once(gates, [rows, y]), once(gates, [y, y])
    (True, False)
    """
    if _name_apart(nodes):
        return True
    dims = gates.build.dims
    shapes = [dims.resolve(node.shape) for node in nodes]
    rank = max(map(len, shapes), default=0)
    for back in range(1, rank + 1):
        if all(shape[-back] == 1 for shape in shapes if len(shape) >= back):
            continue
        if not any(back in _steps(node) and len(node.shape) >= back for node in nodes):
            return False
    return True


def _steps(node: Node) -> frozenset[int]:
    """The axes, counted from the end from 1, along which no integer of an array comes twice, whatever the others."""
    lead: list[Node] = []
    while node.op in (a.index, a.reshape, a.expand, a.spread) or _shifted(node) is not None:
        lead.append(node)
        node = _shifted(node) or node.args[0]
    if node.op is g.argsort and len(node.shape) > 1:
        axis = statics_of(node.op, node.attr)["axis"]
        kept = all(each.op is a.index and len(each.shape) == len(node.shape) for each in lead)
        return frozenset([len(node.shape) - axis % len(node.shape)]) if kept else frozenset()
    if len(node.shape) != 1 or node.op not in (g.iota, g.argsort, g.picked):
        return frozenset()
    if node.op is g.picked and not _are_apart(_numbers(node)):
        return frozenset()
    axes = frozenset([1])
    for outer in reversed(lead):
        axes = _moved(outer, axes)
    return axes


def _name_apart(nodes: list[Node]) -> bool:
    """Whether written integers, one array for each axis, name different places together, as np.tril_indices(n) does."""
    if len({node.shape for node in nodes}) != 1 or any(node.op is not g.picked for node in nodes):
        return False
    rows = [_numbers(node) for node in nodes]
    places = list(zip(*rows, strict=True))
    return all(min(row, default=0) >= 0 for row in rows) and len({*places}) == len(places)


def _are_apart(values: tuple[int, ...]) -> bool:
    """Whether integers name different places, however long the axis is."""
    return len({*values}) == len(values) and (min(values, default=0) >= 0 or max(values) < 0)


def _shifted(node: Node) -> Node | None:
    """What a constant is added to or taken from, if that is all."""
    if node.op in (s.add, s.sub) and any(arg.op is s.const for arg in node.args):
        return next((arg for arg in node.args if arg.op is not s.const), None)
    return node.args[0] if node.op is s.neg else None


def _moved(outer: Node, axes: frozenset[int]) -> frozenset[int]:
    """The same axes after a gate that adds axes of size 1, or keeps all as they are."""
    (inner,) = [arg for arg in outer.args if arg.op is not s.const][:1]
    if outer.shape == inner.shape:
        return axes if outer.op is not a.spread else frozenset()
    if len(inner.shape) != 1 or outer.op is a.spread:
        return frozenset()
    sizes = [dim for dim in outer.shape if dim != 1]
    if sizes == list(inner.shape):
        return frozenset([len(outer.shape) - outer.shape.index(sizes[0])])
    if outer.op is a.index and len(outer.shape) == 1:
        return axes
    return frozenset()


def integers(gates: Gates, size: Any, start: int = 0, step: int = 1) -> Node:
    """start, start + step, ...: so many integers."""
    return gates.build.make(g.iota, (), (total([size]), start, step))
