"""Arrays whose elements are assigned: `x = np.zeros(3)`, then `x[0] = v`. They come apart where they are written to.

An array is held as a whole until an element is assigned, then as its rows, and a row likewise. It is one object under
all its names, as in NumPy; where that would not be so (a view, another name of an array that is held as a value) the
assignment is refused.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("u = stack([x, y]) + 1\\nu[0] = x*y\\nsum(u)")).split("\\n")[-2:])
['u = array(v3, v4, shape=(2,))', 'sum(u, axis=None, keepdims=False)']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import show
from gradc.language import lists
from gradc.language.values import Arg, Slice
from gradc.ops import array as a
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import bind_statics, lookup, statics_of

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# An array of more rows is not taken apart.
LONGEST = 100_000
_FILLED = {"zeros": 0.0, "ones": 1.0}


class Canvas:
    """An array that may be written to: a node, or its rows (nodes and canvases); `alias` says what it is a view of."""

    __slots__ = ("alias", "name", "node", "rows", "shape")

    def __init__(self, node: Node, shape: Shape, name: str = "", alias: str = "") -> None:
        self.node: Node | None = node
        self.shape, self.name, self.alias = shape, name, alias
        self.rows: list[Any] | None = None


def as_node(gates: Gates, canvas: Canvas) -> Node:
    """The array as it is now."""
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
        node = _joined(gates, here.shape, done)
        if here.name:
            gates.scope.call_it(node, here.name)
        if not todo:
            return node
        todo[-1][1].append(node)


def _joined(gates: Gates, shape: Shape, rows: list[Node]) -> Node:
    """Rows as an array: of numbers in one bracket, of such arrays in brackets of brackets."""
    written = lookup("array")
    if written is not None and written.variadic and rows:
        if not any(row.shape for row in rows):
            return gates.build.make(written, tuple(rows), (shape,))
        if all(row.op is written for row in rows):
            parts = tuple(part for row in rows for part in row.args)
            return gates.build.make(written, parts, (shape,))
    return gates.build.make(a.stack, tuple(rows), (0,))


def _apart(gates: Gates, canvas: Canvas) -> list[Any]:
    """The rows of an array, from now on what it is."""
    if canvas.rows is None:
        node, count = canvas.node, canvas.shape[0]
        assert node is not None
        assert isinstance(count, int)
        if count > LONGEST:
            raise GradcError(f"an array of {count} rows is not written to in parts", hint="compute it whole")
        rest = canvas.shape[1:]
        filled = _FILLED.get(node.op.name)
        if node.op.name == "full":
            filled = float(statics_of(node.op, node.attr)["value"])
        if filled is not None and not rest:
            canvas.rows = [gates.build.const(filled)] * count
        elif filled is not None:
            statics = {**statics_of(node.op, node.attr), "shape": rest}
            part = gates.build.make(node.op, (), bind_statics(node.op, statics))
            canvas.rows = [Canvas(part, rest) for _ in range(count)]
        else:
            canvas.rows = [row(gates, canvas, at) for at in range(count)]
        canvas.node = None
    return canvas.rows


def row(gates: Gates, canvas: Canvas, at: int) -> Any:
    """One row, without taking the array apart: a canvas of its own where there are several axes."""
    if canvas.rows is not None:
        return canvas.rows[at]
    node = gates.build.make(a.index, (canvas.node,), ((at,),))  # type: ignore[arg-type]  # held whole
    return Canvas(node, canvas.shape[1:]) if len(canvas.shape) > 1 else node


def element(gates: Gates, canvas: Canvas, items: list[Arg]) -> Any:
    """What is at some whole numbers; UNKNOWN for other indices, which take the array as it is."""
    if canvas.rows is None or len(items) > len(canvas.shape):
        return lists.UNKNOWN
    found: Any = canvas
    for item in items:
        at = lists.known(item.value)
        if type(at) is not int or not isinstance(found, Canvas) or found.rows is None:
            return lists.UNKNOWN
        if not -len(found.rows) <= at < len(found.rows):
            return lists.UNKNOWN
        found = found.rows[at]
    return found


def put(gates: Gates, canvas: Canvas, items: list[Arg], value: Node) -> None:
    """canvas[items] = value, which is broadcast to the place."""
    if canvas.alias:
        raise GradcError(
            f"this array shares its elements with {canvas.alias}",
            hint="write a copy first: y = x.copy()",
        )
    mask = items[0].value
    if len(items) == 1 and isinstance(mask, Node) and mask.op.boolean:
        _put_where(gates, canvas, mask, value)
        return
    places = _places(gates, canvas, items)
    shape = (*(len(place) for place in places if isinstance(place, range)), *canvas.shape[len(items) :])
    if value.shape and gates.build.dims.resolve(value.shape) != shape:
        value = _spread(gates, value, shape)
    todo: list[tuple[Canvas, int, Node]] = [(canvas, 0, value)]
    while todo:
        here, axis, given = todo.pop()
        rows = _apart(gates, here)
        place = places[axis]
        last = axis + 1 == len(places)
        for k, at in enumerate(place if isinstance(place, range) else (place,)):
            part = given
            if isinstance(place, range) and given.shape:
                part = gates.build.make(a.index, (given,), ((k,),))
            if last:
                rows[at] = _whole(gates, part, here.shape[1:])
            else:
                if not isinstance(rows[at], Canvas):
                    rows[at] = Canvas(rows[at], here.shape[1:])
                todo.append((rows[at], axis + 1, part))


def _put_where(gates: Gates, canvas: Canvas, mask: Node, value: Node) -> None:
    """canvas[mask] = number."""
    if value.shape or gates.build.dims.resolve(mask.shape) != canvas.shape:
        raise GradcError("behind a mask of the array's shape a number is assigned", hint="write where(condition, a, b)")
    canvas.node, canvas.rows = gates.make(r.where, (mask, value, as_node(gates, canvas))), None


def _whole(gates: Gates, value: Node, shape: Shape) -> Any:
    if not shape:
        return value
    return Canvas(value if value.shape else _spread(gates, value, shape), shape)


def _spread(gates: Gates, value: Node, shape: Shape) -> Node:
    fits = gates.build.dims.broadcast(value.shape, shape)
    if fits != shape:
        raise GradcError(f"a value of shape {show(value.shape)} does not go into a place of shape {show(shape)}")
    return gates.build.make(a.spread, (value,), (shape,))


def _places(gates: Gates, canvas: Canvas, items: list[Arg]) -> list[int | range]:
    """For each index a row, or the rows of a slice."""
    if len(items) > len(canvas.shape):
        raise GradcError(f"{len(items)} indices for an array of {len(canvas.shape)} axes")
    out: list[int | range] = []
    for item, size in zip(items, canvas.shape, strict=False):
        if not isinstance(size, int):
            raise lists.needs_size(gates, item, str(size))
        if isinstance(item.value, Slice):
            out.append(range(*lists.bounds_of(gates, item.value, size).indices(size)))
            continue
        at = lists.known(item.value)
        if type(at) is not int:
            raise gates.source.error(
                "where an element is assigned, an index is a number that is known",
                item.first,
                item.last,
                "write where(condition, a, b), or compute the array whole",
            )
        if not -size <= at < size:
            raise gates.source.error(f"index {at} is outside 0..{size - 1}", item.first, item.last)
        out.append(at % size)
    return out


def is_view(node: Node) -> bool:
    """Whether a value may share its elements with another."""
    return node.op is s.input_ or node.op.view or node.op in (a.index, a.transpose, a.reshape)
