"""Elements of elements, of slices and of written numbers, as elements of what these are taken of.

>>> from gradc.language import parse
>>> from gradc.rewrite.simplify import Builder
>>> dag = parse("p: [3, 4]; p[1][2] + p[0][1:][2]")
>>> build = Builder(dag.dims, graph=dag.graph)
>>> [node.attr for node in dag.nodes if node.op is a.index and node.args[0].op is a.index]
[((2,),), ((('slice', 1, None, None),),), ((2,),)]
>>> [element(build, *node.args, node.attr[0]) for node in dag.nodes if node.op is a.index and node.shape == ()]
[%9 = index(%0) ((1, 2),), %10 = index(%4) ((3,),)]
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Node
from gradc.ops import array as a
from gradc.ops.constant_arrays import literal
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import Builder

_WHOLE = ("slice", None, None, None)


def element(build: Builder, x: Node, index: tuple[Any, ...]) -> Node | None:
    """x[index] without the x between, where x is a part of another array or numbers as they were written."""
    if x.op is literal:
        return _number(build, x, index)
    if x.op is not a.index:
        return None
    taken = through(x.attr[0], index)  # type: ignore[index]  # the attribute of an index is (index,)
    return None if taken is None else build.intern(a.index, x.args, (taken,))


def through(inner: tuple[Any, ...], outer: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The index that takes from x what `x[inner][outer]` is; None where it is not seen.

    >>> through((0,), (2,)), through((("slice", 1, None, None), 3), (4,)), through((("slice", 4, None, -1),), (1,))
    ((0, 2), (5, 3), (3,))
    """
    found: list[Any] = []
    left = list(outer)
    for item in inner:
        if isinstance(item, tuple) and left:
            at = _place(item, left.pop(0))
            if at is None:
                return None
            found.append(at)
        elif type(item) is int or isinstance(item, tuple):
            found.append(item)
        else:
            return None
    return (*found, *left)


def _place(item: tuple[Any, ...], at: Any) -> Any:
    """Where an element of a slice is in the whole; a slice of all of it is that slice."""
    if item == _WHOLE or at == _WHOLE:
        return at if item == _WHOLE and (type(at) is int or isinstance(at, tuple)) else item if at == _WHOLE else None
    _, start, _, step = item
    if type(at) is not int or at < 0 or not isinstance(step, int | None) or not isinstance(start, int | None):
        return None
    step = 1 if step is None else step
    if (start is None and step < 0) or (start is not None and start < 0):
        return None
    place = (start or 0) + at * step
    return place if place >= 0 else None


def _number(build: Builder, x: Node, index: tuple[Any, ...]) -> Node | None:
    s = statics_of(x.op, x.attr)
    shape = s["shape"]
    if len(index) != len(shape) or not all(type(at) is int for at in index):
        return None
    place = 0
    for at, long in zip(index, shape, strict=True):
        place = place * long + at % long
    return build.const(s["values"][place])


__all__ = ["element", "through"]
