"""A program into the settings of its layers, by the names that people's parameters and dictionaries have for them.

>>> import gradc
>>> found = settings(gradc.compile("x: [1, 2, 6, 6]; w: [3, 2, 3, 3]; conv2d(x, w, padding=1)").dag)
>>> found.told["pad"], found.told["stride"], found.usual["momentum"]
(1, 1, 0.9)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from gradc.graph.dag import Dag, reachable
from gradc.ops import convolution, scalar, shaping
from gradc.rewrite.simplify import number

# An epsilon is no larger.
SMALL = 1e-2


class Settings(NamedTuple):
    """What the program tells, and what is usual where it tells nothing."""

    told: Mapping[str, Any]
    usual: Mapping[str, Any]

    def all(self) -> dict[str, Any]:
        """Both, as a dictionary of parameters."""
        return {**self.usual, **self.told}


def settings(dag: Dag) -> Settings:
    """The settings of a program's layers."""
    told: dict[str, Any] = {"mode": "train"}
    nodes = reachable(dag.roots)
    small = {n for node in nodes if node.op is scalar.const and 0 < (n := number(node)) <= SMALL}
    told["eps"] = told["epsilon"] = small.pop() if len(small) == 1 else 1e-5
    for node in nodes:
        if node.op is convolution.windows:
            size, stride = cast("tuple[tuple[int, ...], tuple[int, ...]]", node.attr)
            told.update(dict.fromkeys(("stride", "s"), stride[0]))
            told.update(dict.fromkeys(("pool", "pool_size", "kernel_size", "kernel", "size", "pool_height"), size[0]))
            told.update(pool_width=size[-1])
            told.setdefault("pad", 0)
        if node.op is shaping.pad:
            told["pad"] = cast("tuple[tuple[tuple[int, int], ...]]", node.attr)[0][-1][0]
    if "pad" in told:
        told["padding"] = told["p"] = told["pad"]
    return Settings(told, {"momentum": 0.9, "stride": 1, "pad": 0, "p": 1.0})
