"""Arrays whose elements are assigned: `x = np.zeros(3)`, then `x[0] = v`. They come apart where they are written to.

An array is held as a whole until an element is assigned, then as what it has along one axis, and a part likewise. Long
arrays, and axes whose size is only known at the call, stay whole: a slice that is assigned is joined with what stays
before and behind it, and the places that masks and integers of the program name are chosen by `where`. It is one object
under all its names, as in NumPy; where that would not be so (a view, another name of an array that is held as a value)
the assignment is refused.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("u = stack([x, y]) + 1\\nu[0] = x*y\\nsum(u)")).split("\\n")[-2:])
['u = array(v3, v4, shape=(2,))', 'sum(u, axis=None, keepdims=False)']
>>> print(unparse(parse("x: [n]\\nu = x*x\\nu[1:] = u[:-1]\\nsum(u)")).split("\\n")[-2:])
['u = concatenate(v3, v2, axis=0)', 'sum(u, axis=None, keepdims=False)']
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import ShapeError, show
from gradc.language import indexing, lists, slices
from gradc.language.values import Arg, Slice
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import gather as g
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops import shaping as m
from gradc.ops.array import sliced
from gradc.ops.table import bind_statics, lookup, statics_of
from gradc.rewrite.simplify import number

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# An array of more rows is not taken apart.
LONGEST = 100_000
# A slice of an axis of more elements is assigned as a whole, and so is a written index of one that is no constant.
MOST_APART = 16
_FILLED = {"zeros": 0.0, "ones": 1.0}
# What adds into the place that a gather takes of.
BACK = dict(zip((*g.GATHERS, *g.PICKS), (*g.PUTS, *g.PUTS), strict=True))
_ALL = ("slice", None, None, None)


class Canvas:
    """An array that may be written to: a node, or its parts along an axis (nodes and canvases).

    `alias` says what it shares its elements with; `place` is the canvas and the row that it has been taken of; `whole`
    is an array of integers, in NumPy as well.
    """

    __slots__ = ("alias", "axis", "boolean", "name", "node", "place", "rows", "shape", "whole")

    def __init__(self, node: Node, shape: Shape, name: str = "", alias: str = "") -> None:
        self.node: Node | None = node
        self.shape, self.name, self.alias = shape, name, alias
        self.axis = 0
        self.boolean = node.op.boolean  # a mask stays one
        self.rows: list[Any] | None = None
        self.place: tuple[Canvas, int] | None = None
        self.whole = False

    def without(self, axis: int) -> Shape:
        """The shape of a part along an axis."""
        return self.shape[:axis] + self.shape[axis + 1 :]


def as_node(gates: Gates, canvas: Canvas) -> Node:
    """The array as it is now."""
    node = _numbers(gates, canvas)
    return gates.condition(node) if canvas.boolean else node


def _numbers(gates: Gates, canvas: Canvas) -> Node:
    """The same; of a mask as it is held."""
    if canvas.rows is None:
        assert canvas.node is not None
        return canvas.node
    todo: list[tuple[Canvas, list[Node]]] = [(canvas, [])]
    while True:
        here, done = todo[-1]
        assert here.rows is not None
        if len(done) < len(here.rows):
            row = here.rows[len(done)]
            if isinstance(row, Canvas) and row.rows is not None:
                todo.append((row, []))
            else:
                done.append(row.node if isinstance(row, Canvas) else row)  # type: ignore[arg-type]  # held whole
            continue
        todo.pop()
        node = _joined(gates, here.shape, done, here.axis)
        if here.name:
            gates.scope.call_it(node, here.name)
        if not todo:
            return node
        todo[-1][1].append(node)


def _hold(gates: Gates, canvas: Canvas, node: Node) -> None:
    """The array is another one now, as a whole."""
    canvas.node, canvas.rows = node, None
    if canvas.name and not canvas.boolean:
        gates.scope.call_it(node, canvas.name)


def _joined(gates: Gates, shape: Shape, rows: list[Node], axis: int) -> Node:
    """Rows as an array: of numbers in one bracket, of such arrays in brackets of brackets."""
    written = lookup("array")
    if written is not None and written.variadic and rows and not axis:
        if not any(row.shape for row in rows):
            return gates.build.make(written, tuple(rows), (shape,))
        if all(row.op is written for row in rows):
            parts = tuple(part for row in rows for part in row.args)
            return gates.build.make(written, parts, (shape,))
    return gates.build.make(a.stack, tuple(rows), (axis,))


def _apart(gates: Gates, canvas: Canvas, axis: int = 0) -> list[Any]:
    """The rows of an array along an axis, from now on what it is."""
    if canvas.rows is not None and canvas.axis != axis:
        canvas.node, canvas.rows = as_node(gates, canvas), None
    if canvas.rows is None:
        node, count = canvas.node, canvas.shape[axis]
        assert node is not None
        assert isinstance(count, int)
        if count > LONGEST:
            raise GradcError(f"an array of {count} rows is not written to in parts", hint="compute it whole")
        rest = canvas.without(axis)
        filled = _filled_with(node)
        if filled is not None and not rest:
            canvas.rows = [gates.build.const(filled)] * count
        elif filled is not None:
            statics = {**statics_of(node.op, node.attr), "shape": rest}
            part = gates.build.make(node.op, (), bind_statics(node.op, statics))
            canvas.rows = [Canvas(part, rest) for _ in range(count)]
        else:
            canvas.rows = [_part(gates, canvas, axis, at) for at in range(count)]
        canvas.node, canvas.axis = None, axis
    return canvas.rows


def _filled_with(node: Node) -> float | None:
    """The number that a constant array is full of."""
    if node.op.name == "full":
        return float(statics_of(node.op, node.attr)["value"])
    return _FILLED.get(node.op.name)


def _part(gates: Gates, canvas: Canvas, axis: int, at: int) -> Any:
    held = gates.number(canvas.node)
    node = gates.build.make(a.index, (held,), ((*(_ALL,) * axis, at),))
    return Canvas(node, canvas.without(axis)) if len(canvas.shape) > 1 else node


def row(gates: Gates, canvas: Canvas, at: int) -> Any:
    """One row, without taking the array apart: a canvas of its own where there are several axes."""
    if canvas.rows is not None and canvas.axis == 0:
        return canvas.rows[at]
    if canvas.rows is not None:
        return _apart(gates, canvas)[at]
    part = _part(gates, canvas, 0, at)
    if isinstance(part, Canvas):
        part.place = canvas, at
    return part


def element(gates: Gates, canvas: Canvas, items: list[Arg]) -> Any:
    """What is at some whole numbers; UNKNOWN for other indices, which take the array as it is."""
    if canvas.rows is None or len(items) > len(canvas.shape):
        return lists.UNKNOWN
    found: Any = canvas
    while items:
        if not isinstance(found, Canvas) or found.rows is None or found.axis >= len(items):
            return found if all(map(_takes_all, items)) else lists.UNKNOWN
        at = lists.known(items[found.axis].value)
        if type(at) is not int or not -len(found.rows) <= at < len(found.rows):
            return lists.UNKNOWN
        items = items[: found.axis] + items[found.axis + 1 :]
        found = found.rows[at]
    return found


def _takes_all(item: Arg) -> bool:
    return isinstance(item.value, Slice) and all(part is None for part in item.value.parts)


# ---- what is assigned --------------------------------------------------------------------------------


def put(gates: Gates, canvas: Canvas, items: list[Arg], value: Node, last: int) -> None:
    """canvas[items] = value, which is broadcast to the place."""
    _is_written_to(gates, canvas, value)
    mask = items[0].value
    if len(items) == 1 and isinstance(mask, Node) and mask.op.boolean:
        _put_where(gates, canvas, mask, value)
        return
    index = _index(gates, canvas, items, last)
    if any(isinstance(item, Node) for item in index):
        _put_at(gates, canvas, index, items, value)
        return
    shape = tuple(_long(size, item) for size, item in zip(canvas.shape, index, strict=True) if type(item) is tuple)
    if value.shape and gates.build.dims.resolve(value.shape) != shape:
        value = _spread(gates, value, shape)
    written = all(item.first == item.last for item in items)  # u[0] = v, with the index in figures
    todo: list[tuple[Canvas, tuple[Any, ...], Node]] = [(canvas, index, value)]
    while todo:
        here, index, value = todo.pop()
        axis = _axis(here, index, written)
        if axis < 0:
            _hold(gates, here, _replaced(gates, as_node(gates, here), here.shape, index, value))
            continue
        rows, item = _apart(gates, here, axis), index[axis]
        rest = index[:axis] + index[axis + 1 :]
        ahead = sum(type(each) is tuple for each in index[:axis])
        for k, at in enumerate(range(len(rows))[slice(*item[1:])] if type(item) is tuple else (item,)):
            part = value
            if type(item) is tuple and value.shape:
                part = gates.build.make(a.index, (value,), ((*(_ALL,) * ahead, k),))
            if all(each == _ALL for each in rest):
                rows[at] = _whole(gates, part, here.without(axis))
            else:
                if not isinstance(rows[at], Canvas):
                    rows[at] = Canvas(rows[at], here.without(axis))
                todo.append((rows[at], rest, part))


def put_all(gates: Gates, canvas: Canvas, value: Node) -> None:
    """canvas[...] = value."""
    _is_written_to(gates, canvas, value)
    _hold(gates, canvas, _spread(gates, value, canvas.shape))


def _is_written_to(gates: Gates, canvas: Canvas, value: Node) -> None:
    """An array of its own, or a row that stands in another array from now on. GradcError for what is neither."""
    if canvas.whole and not _is_whole(gates, value):
        said = "this array holds integers: NumPy would cut off what is assigned"
        raise GradcError(said, hint="begin with np.zeros(n), np.array([1.0, 2.0]), or dtype=float")
    if canvas.alias:
        raise GradcError(f"this array shares its elements with {canvas.alias}", hint="write a copy first: y = x.copy()")
    if canvas.place is None:
        return
    owner, at = canvas.place
    canvas.place = None
    rows = _apart(gates, owner)
    if not isinstance(rows[at], Canvas) or rows[at].node is not canvas.node:
        raise GradcError("the array that this is a part of has changed since", hint="assign to the array itself")
    rows[at] = canvas


def _index(gates: Gates, canvas: Canvas, items: list[Arg], last: int) -> tuple[Any, ...]:
    """One item for each axis: a whole number, a slice, or integers of the program."""
    place = Arg(as_node(gates, canvas), items[0].first, last)
    _, found = slices.by_sizes(gates, gates.value(place), gates.index_of(items), place, last, pieces=False)
    taken = sum(item != "..." for item in found)
    if None in found:
        raise GradcError("where elements are assigned, a subscript adds no axes")
    if taken > len(canvas.shape):
        raise GradcError(f"{taken} indices for an array of {len(canvas.shape)} axes")
    at = found.index("...") if "..." in found else len(found)
    full = (*found[:at], *(_ALL,) * (len(canvas.shape) - taken), *found[at + 1 :])
    for item, size in zip(full, canvas.shape, strict=True):
        if type(item) is int and isinstance(size, int) and not -size <= item < size:
            marked = next((arg for arg in items if lists.known(arg.value) == item), items[0])
            raise gates.source.error(f"index {item} is outside 0..{size - 1}", marked.first, marked.last)
    return full


def _long(size: Any, item: Any) -> Any:
    return sliced(size, *item[1:])


def _axis(canvas: Canvas, index: tuple[Any, ...], written: bool) -> int:
    """The axis along which an array comes apart for an assignment; -1 where it stays whole."""
    sizes = canvas.shape
    if canvas.rows is not None and index[canvas.axis] != _ALL:
        return canvas.axis
    filled = canvas.node is not None and _filled_with(canvas.node) is not None
    short = canvas.rows is not None or filled or not written
    for axis, (item, size) in enumerate(zip(index, sizes, strict=True)):
        if type(item) is int and isinstance(size, int) and (short or size <= MOST_APART):
            return axis
    parts = [(axis, item) for axis, item in enumerate(index) if item != _ALL]
    for axis, item in parts:
        size = sizes[axis]
        if isinstance(size, int) and (size <= MOST_APART or (type(item) is tuple and item[3] not in (None, 1))):
            return axis
    return canvas.axis if canvas.rows is not None and not parts else -1


def _replaced(gates: Gates, node: Node, shape: Shape, index: tuple[Any, ...], value: Node) -> Node:
    """An array with a value at an index, along one axis after the other: what is before, the value, what is behind."""
    todo = [(axis, item) for axis, item in enumerate(index) if item != _ALL]
    pieces: list[tuple[Node, int, Any, Any]] = []
    make = gates.build.make
    here = node
    for axis, item in todo:
        start, stop, step = item[1:] if type(item) is tuple else (item, item + 1 if item != -1 else None, None)
        if step not in (None, 1):
            size = str(shape[axis])
            raise GradcError(
                f"the size '{size}' has to be known when the program is compiled",
                hint="declare it as a number, or write where(condition, a, b)",
            )
        pieces.append((here, axis, start, stop))
        here = make(a.index, (here,), ((*(_ALL,) * axis, ("slice", start, stop, None)),))
    added = tuple(None if type(item) is int else _ALL for item in index)
    if value.shape and None in added:
        value = make(a.index, (value,), (added,))
    value = _spread(gates, value, gates.build.dims.resolve(here.shape))
    for whole, axis, start, stop in reversed(pieces):
        lead = (_ALL,) * axis
        parts = [value]
        if start not in (None, 0):
            parts.insert(0, make(a.index, (whole,), ((*lead, ("slice", None, start, None)),)))
        if stop is not None:
            behind = make(a.index, (whole,), ((*lead, ("slice", stop, None, None)),))
            if 0 not in behind.shape:
                parts.append(behind)
        value = make(a.concatenate, tuple(parts), (axis,)) if len(parts) > 1 else value
    return value


def _put_at(gates: Gates, canvas: Canvas, index: tuple[Any, ...], items: list[Arg], value: Node) -> None:
    """canvas[index] = value, with integers of the program in the index: the places that they name are chosen."""
    node = as_node(gates, canvas)
    while index and index[-1] == _ALL:
        index = index[:-1]
    place = Arg(node, items[0].first, items[-1].last)
    whole = tuple(gates.integers.of(part, place) if isinstance(part, Node) else part for part in index)
    put_there(gates, canvas, node, indexing.made(gates, node, whole), value)


def put_there(gates: Gates, canvas: Canvas, node: Node, taken: Node, value: Node) -> None:
    """The array is `node`, with a value at the places that `taken`, which is gathered of it, is from."""
    template, once = statics_of(taken.op, taken.attr)["index"], statics_of(taken.op, taken.attr)["once"]
    back = BACK[taken.op]
    attr = template, canvas.shape, once
    there = gates.build.dims.resolve(taken.shape)

    def added(given: Node) -> Node:
        return gates.build.make(back, (given, *taken.args[1:]), attr)

    named = gates.build.make(r.gt, (added(gates.build.const(1)), gates.build.const(0)))
    if value.shape:
        value = _spread(gates, value, there)
        value = added(value if once else _of_last(gates, canvas.shape, taken, value))
    _hold(gates, canvas, gates.make(r.where, (named, value, node)))


def _of_last(gates: Gates, shape: Shape, taken: Node, value: Node) -> Node:
    """A value for each place, without those of places that are named again further on: the last one stays."""
    template, nodes = statics_of(taken.op, taken.attr)["index"], taken.args[1:]
    at = [axis for axis, item in enumerate(template) if type(item) is tuple and item[0] == "at"]
    lengths = {gates.build.dims.resolve(node.shape) for node in nodes}
    if len(lengths) > 1 or len(nodes[0].shape) != 1 or at != [*range(at[0], at[-1] + 1)] or int in map(type, template):
        raise GradcError(
            "these places may be named more than once, and each would have several values",
            hint="write np.add.at(x, i, v) to add them all, or the places as np.arange(n)",
        )
    make, build, zero = gates.make, gates.build.make, gates.build.const(0)
    pairs = []
    for axis, node in zip(at, nodes, strict=True):
        size = gates.build.const(dim) if isinstance(dim := shape[axis], int) else gates.number(dim)
        place = make(r.where, (make(r.lt, (node, zero)), make(s.add, (node, size)), node))
        column, row = (build(a.index, (place,), (items,)) for items in ((_ALL, None), (None, _ALL)))
        pairs.append(make(r.eq, (column, row)))
    same = pairs[0] if len(pairs) == 1 else make(r.all_of, tuple(pairs))
    later = build(a.sum_, (build(m.triu, (gates.number(same),), (1,)),), (1, False))
    behind = len(value.shape) - at[0] - 1
    stays = make(r.eq, (build(a.index, (later,), ((_ALL, *(None,) * behind),)) if behind else later, zero))
    return build(r.where, (stays, value, zero))


def add_at(gates: Gates, canvas: Canvas, items: list[Arg], value: Node, sign: int, last: int) -> None:
    """np.add.at(canvas, items, value): as often as a place is named."""
    node = as_node(gates, canvas)
    index = _index(gates, canvas, items, last)
    while index and index[-1] == _ALL:
        index = index[:-1]
    place = Arg(node, items[0].first, items[-1].last)
    whole = tuple(gates.integers.of(part, place) if isinstance(part, Node) else part for part in index)
    if not any(isinstance(part, Node) for part in whole):
        raise GradcError("places that are written are added to by x[i] += v")
    taken = indexing.made(gates, node, whole)
    facts = statics_of(taken.op, taken.attr)
    spread = _spread(gates, value, gates.build.dims.resolve(taken.shape))
    attr = facts["index"], canvas.shape, facts["once"]
    added = gates.build.make(BACK[taken.op], (spread, *taken.args[1:]), attr)
    _hold(gates, canvas, gates.make(s.add if sign > 0 else s.sub, (node, added)))


def fill_diagonal(gates: Gates, canvas: Canvas, value: Node) -> None:
    """np.fill_diagonal(canvas, value)."""
    if len(canvas.shape) != 2:
        raise GradcError("fill_diagonal takes a matrix")
    n, m = canvas.shape
    on = gates.make(r.gt, (gates.build.make(c.eye, (), (n, m, 0)), gates.build.const(0)))
    _hold(gates, canvas, gates.make(r.where, (on, value, as_node(gates, canvas))))


def _put_where(gates: Gates, canvas: Canvas, mask: Node, value: Node) -> None:
    """canvas[mask] = value: a number, or what fits behind the axes of the mask."""
    shape = gates.build.dims.resolve(mask.shape)
    if canvas.shape[: len(shape)] != shape:
        raise GradcError(f"a mask of shape {show(shape)} for an array of shape {show(canvas.shape)}")
    if len(value.shape) > len(canvas.shape) - len(shape):
        raise GradcError(
            "behind a mask a number is assigned, or what the same mask takes", hint="write where(condition, a, b)"
        )
    if len(shape) < len(canvas.shape):
        item = (*(_ALL,) * len(shape), *(None,) * (len(canvas.shape) - len(shape)))
        mask = gates.build.make(a.index, (mask,), (item,))
    _hold(gates, canvas, gates.make(r.where, (mask, value, as_node(gates, canvas))))


def put_masked(gates: Gates, canvas: Canvas, mask: Node, value: Node) -> None:
    """canvas[mask] = what the same mask takes of another array of that shape."""
    _is_written_to(gates, canvas, value)
    _hold(gates, canvas, gates.make(r.where, (mask, value, as_node(gates, canvas))))


def _whole(gates: Gates, value: Node, shape: Shape) -> Any:
    if not shape:
        return value
    return Canvas(value if value.shape else _spread(gates, value, shape), shape)


def _spread(gates: Gates, value: Node, shape: Shape) -> Node:
    if gates.build.dims.resolve(value.shape) == shape:
        return value
    while len(value.shape) > len(shape) and value.shape[0] == 1:  # of shape (1, 3) into (3,), as NumPy takes it
        value = gates.build.make(a.index, (value,), ((0,),))
    try:
        fits = gates.build.dims.broadcast(value.shape, shape) == shape
    except ShapeError:
        fits = False
    if not fits:
        raise GradcError(f"a value of shape {show(value.shape)} does not go into a place of shape {show(shape)}")
    if value.op is s.const and math.isfinite(number(value)):  # in the precision of the inputs
        return gates.build.make(c.full, (), bind_statics(c.full, {"shape": shape, "value": number(value)}))
    return gates.build.make(a.spread, (value,), (shape,))


def holds_integers(node: Node) -> bool:
    """Whether an array, as it is written, has integers in NumPy, too."""
    facts = statics_of(node.op, node.attr)
    given = [facts["value"]] if node.op.name == "full" else list(facts.get("values", ()))
    if node.op.name == "arange":
        given = [facts["start"], facts["step"]]
    return bool(given) and all(type(each) is int for each in given)


# What is made of integers is an integer.
_OF_INTEGERS = (s.add, s.sub, s.mul, s.neg, r.where, r.maximum, r.minimum, a.index, a.stack, a.reshape, a.sum_)


def _is_whole(gates: Gates, value: Node) -> bool:
    """Whether all of a value's elements are integers."""
    seen, todo = {value}, [value]
    while todo:
        node = todo.pop()
        if node.op is s.const:
            if not float(number(node)).is_integer():
                return False
        elif node.op in _OF_INTEGERS or node.op is lookup("array"):
            fresh = [arg for arg in node.args if arg not in seen]
            todo += fresh[1:] if node.op is r.where and node.args[0] in fresh else fresh
            seen.update(fresh)
        elif not (node.op.boolean or node.op.integer or node.op is s.size or node.op.name in ("picked", "iota")):
            declared = node.op is s.input_ and node.attr in gates.scope.integers
            if not declared and node.op.name not in _FILLED and not holds_integers(node):
                return False
    return True


def is_view(node: Node) -> bool:
    """Whether a value may share its elements with another."""
    return node.op is s.input_ or node.op.view or node.op in (a.index, a.transpose, a.reshape)
