"""Where the blocks of a Hessian are not zero by structure: HESSIAN_PATTERN of a program of arrays of known sizes.

A block that is written directly says so itself: a diagonal, a row of zeros, a product with either. What is put together
from products with unit vectors counts as full.

>>> from gradc.graph.shapes import Dims
>>> from gradc.rewrite.simplify import Builder
>>> build = Builder(Dims())
>>> x = build.input("x", (3,))
>>> np.argwhere(mask(build.make(shaping.diag, (x,), (1,)), (4, 4))).tolist()
[[0, 1], [1, 2], [2, 3]]
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from gradc.graph.dag import Node, Shape, reachable
from gradc.ops import array, constant_arrays, scalar, shaping
from gradc.plan.notes import Notes
from gradc.rewrite.simplify import is_const

# A pattern of more places than these is nothing that one reads in a module.
MOST_PLACES = 400


def pattern_of_arrays(notes: Notes) -> list[tuple[int, int]] | None:
    """The places, (row, column) among the flattened inputs, of the upper triangle; None where sizes are not known, or
    there are more places than one lists."""
    from gradc.plan.blocks import blocks_of_hessian, curves_of_arrays

    notes = notes.fresh
    resolve = notes.dag.dims.resolve
    shapes = {name: resolve(notes.dag.inputs[name].shape) for name in notes.wrt}
    if not all(isinstance(dim, int) for shape in shapes.values() for dim in shape):
        return None
    direct = curves_of_arrays(notes)
    blocks: Mapping[tuple[str, str], Node | None]
    blocks = direct[1] if direct else dict.fromkeys(blocks_of_hessian(notes.dag, notes.wrt, notes.program.literal))
    sizes = {name: prod(map(int, shape)) for name, shape in shapes.items()}
    starts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    found = []
    for (x, y), block in blocks.items():
        if sizes[x] * sizes[y] > MOST_PLACES**2:
            return None
        shape = (*shapes[x], *shapes[y])
        there = np.ones(shape, bool) if block is None else mask(block, shape)
        for row, column in np.argwhere(there.reshape(sizes[x], sizes[y])).tolist():
            if x != y or row <= column:
                found.append((starts[x] + row, starts[y] + column))
        if len(found) > MOST_PLACES:
            return None
    return sorted(found)


def mask(block: Node, shape: Shape) -> Any:
    """Which elements of a block, of a shape of numbers, are not zero by structure."""
    known: dict[Node, Any] = {}
    for node in reachable([block]):
        op, args = node.op, [known[arg] for arg in node.args]
        if op is scalar.mul:
            known[node] = np.logical_and(*args)
        elif op in (scalar.add, scalar.sub):
            known[node] = np.logical_or(*args)
        elif op in (scalar.neg, scalar.div, array.spread):
            known[node] = args[0]
        elif op is shaping.diag and len(node.args[0].shape) == 1:
            rows, columns = map(int, node.shape)
            known[node] = np.eye(rows, columns, node.attr[0], dtype=bool)  # type: ignore[index]  # (k,)
        elif op is constant_arrays.eye:
            known[node] = np.eye(*node.attr, dtype=bool)  # type: ignore[misc]  # (n, m, k)
        elif op is array.transpose and np.ndim(args[0]) == len(node.shape):
            known[node] = np.transpose(args[0], node.attr[0])  # type: ignore[index]  # (axes,)
        elif op is array.index and np.ndim(args[0]) == len(node.args[0].shape):
            at = node.attr[0]  # type: ignore[index]  # (places,)
            plain = all(each is None or each == ("slice", None, None, None) for each in at)
            known[node] = args[0][tuple(slice(None) if each else None for each in at)] if plain else np.True_
        else:
            known[node] = np.bool_(not is_const(node, 0))
    return np.broadcast_to(known[block], shape)  # type: ignore[arg-type]  # a shape of numbers
