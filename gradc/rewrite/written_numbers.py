"""Parts of arrays of written numbers, as written numbers.

>>> from gradc.language import parse
>>> from gradc.rewrite.simplify import number
>>> [number(node) for node in parse("w = np.array([[0.1, 0.2], [0.3, 0.4]]); x*w[1, 0]").nodes if node.op is s.const]
[0.3]
>>> [node.attr for node in parse("x: [2]; np.array([[0.1, 0.2], [0.3, 0.4]])[:, 1]*x").nodes if not node.args][1:]
[((0.2, 0.4), (2,))]
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.ops import constant_arrays as c
from gradc.ops import gather as g
from gradc.ops import scalar as s
from gradc.ops.table import statics_of

if TYPE_CHECKING:
    from gradc.rewrite.simplify import Builder

# An expression of more constants than this keeps its gates.
_MOST = 16


def part(build: Builder, x: Node, index: tuple[Any, ...]) -> Node | None:
    """x[index] of written numbers; None where x hangs on more than these, or is of a size that is not known."""
    if x.op in (c.literal, g.picked):
        return _of_rows(build, x, index)
    if x.op in (c.arange, g.iota):
        return _of_steps(build, x, index)
    if not x.op.elementwise or not x.args or not _is_written(x):
        return None
    args = []
    for arg in x.args:
        taken = part(build, arg, index) if arg.shape else arg
        if taken is None or (arg.shape and arg.shape != x.shape):
            return None
        args.append(taken)
    return build.make(x.op, tuple(args), x.attr)


def _is_written(x: Node) -> bool:
    """Whether an expression is of a few constants and nothing else."""
    seen, todo = {x}, [x]
    while todo:
        node = todo.pop()
        if node.args and not node.op.elementwise:
            return False
        if not node.args and node.op not in (s.const, c.literal, c.arange):
            return False
        todo += [arg for arg in node.args if arg not in seen]
        seen.update(node.args)
        if len(seen) > _MOST:
            return False
    return True


def _of_steps(build: Builder, x: Node, index: tuple[Any, ...]) -> Node | None:
    """One number of an even range."""
    steps = statics_of(x.op, x.attr)
    size, at = steps["size"], index[0]
    if len(index) != 1 or type(at) is not int or type(size) is not int or not -size <= at < size:
        return None
    return build.const(steps["start"] + at % size * steps["step"])


def _of_rows(build: Builder, x: Node, index: tuple[Any, ...]) -> Node | None:
    """The numbers that an index takes."""
    written = statics_of(x.op, x.attr)
    values, shape = written["values"], written["shape"]
    places = _places(index, shape)
    if places is None:
        return None
    taken, left = places
    strides = [prod(shape[at + 1 :]) for at in range(len(shape))]
    found = tuple(values[sum(at * by for at, by in zip(place, strides, strict=True))] for place in product(*taken))
    return build.make(x.op, (), (found, left)) if left else build.const(found[0])


def _places(index: tuple[Any, ...], shape: tuple[Any, ...]) -> tuple[list[list[int]], tuple[int, ...]] | None:
    """Which places of each axis an index takes, and the shape of what it gives; None for what is not known."""
    named = sum(item is not None and item != "..." for item in index)
    if named > len(shape) or not all(type(size) is int for size in shape):
        return None
    whole = ("slice", None, None, None)
    around = index.index("...") if "..." in index else len(index)
    items = [*index[:around], *[whole] * (len(shape) - named), *index[around + 1 :]]
    taken: list[list[int]] = []
    left: list[int] = []
    for item in items:
        if item is None:
            left.append(1)
            continue
        size = shape[len(taken)]
        if type(item) is int and -size <= item < size:
            taken.append([item % size])
        elif isinstance(item, tuple) and all(end is None or type(end) is int for end in item[1:]):
            taken.append(list(range(size))[slice(*item[1:])])
            left.append(len(taken[-1]))
        else:
            return None
    return (taken, tuple(left)) if 0 not in left else None
