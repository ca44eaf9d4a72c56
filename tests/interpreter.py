"""Graphs, evaluated gate by gate through the text of their entries: derivatives of any order without an emitter.

>>> from gradc.ops import scalar as s
>>> from gradc.rewrite.simplify import Builder
>>> build = Builder()
>>> x = build.input("x")
>>> evaluate([build.make(s.mul, (x, build.make(s.exp, (x,))))], {x: 0.0}, build.dims)
[np.float64(0.0)]
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

from gradc.emit.operand import Printer
from gradc.graph.dag import Node, reachable
from gradc.graph.shapes import Dims
from gradc.ops import scalar
from gradc.ops.helpers import HELPERS
from gradc.rewrite.simplify import number


def _space(target: str) -> dict[str, Any]:
    return _filled(target, tuple(HELPERS[target].values()))  # a user's gate may have brought one


@cache
def _filled(target: str, helpers: tuple[str, ...]) -> dict[str, Any]:
    space: dict[str, Any] = {"np": np, "math": math}
    for text in helpers:
        exec(text, space)
    return space


@cache
def _code(text: str) -> CodeType:
    return compile(text, "<gate>", "eval")


def evaluate(nodes: Sequence[Node], leaves: Mapping[Node, Any], dims: Dims, target: str = "numpy") -> list[Any]:
    """The values of nodes, given those of the leaves that they need; the sizes of all shapes are numbers."""
    known: dict[Node, Any] = dict(leaves)
    space = _space(target)
    for node in reachable(nodes):
        if node in known:
            continue
        if node.op is scalar.const:
            known[node] = number(node)
            continue
        names = {arg: f"a{i}" for i, arg in enumerate(node.args)}
        text = Printer(names, target, dims=dims).text(node, unnamed=True)
        known[node] = eval(_code(text), space, {name: known[arg] for arg, name in names.items()})
    return [known[node] for node in nodes]
