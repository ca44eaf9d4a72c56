"""A program at a point -> how large its rounding errors may honestly be.

The program is evaluated again with everything that a gate takes, value and tangent, disturbed by a relative 1e-10 at
each use; what the result moves, divided by 1e-10, is the scale that an error is measured by. A result that is the small
difference of large numbers has a large scale; a well-behaved one has its own size as its scale.

>>> from .tree import Input, Node, Program, const
>>> x = Node("input", name="x")
>>> gap = Program((Input("x", ()),), (), (Node("sub", (Node("add", (x, const(1e6))), const(1e6))),))
>>> 1e4 < float(scales_of(gap, {"x": np.array(1.0)}, {"x": np.array(1.0)}, 0).value[0]) < 1e7
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .interpret import Arrays, derivative
from .tree import Program
from .values import Array

NOISE = 1e-10
ROUNDS = 8
FLOOR = 1e-290  # results smaller than this are all alike


@dataclass(frozen=True, slots=True)
class Scales:
    """Of each output, element by element: the scale of its value and of its derivative."""

    value: tuple[Array, ...]
    slope: tuple[Array, ...]


def scales_of(program: Program, inputs: Arrays, direction: Arrays, seed: int) -> Scales:
    """The scales along `direction`."""
    numbers = np.random.default_rng([seed, 5])  # no two disturbances the same, or they might cancel

    def noise(x: Array) -> Array:
        return np.asarray(x * (1.0 + NOISE * numbers.uniform(-1.0, 1.0, size=x.shape)))

    with np.errstate(all="ignore"):
        decided: list[Any] = []
        outs, slopes = derivative(program, inputs, direction, decided=decided)
        value, slope = [np.abs(x) + FLOOR for x in outs], [np.abs(x) + FLOOR for x in slopes]
        for _ in range(ROUNDS):
            for at, (out, dout) in enumerate(zip(*derivative(program, inputs, direction, noise, decided), strict=True)):
                value[at] = np.fmax(value[at], np.abs(out - outs[at]) / NOISE)
                slope[at] = np.fmax(slope[at], np.abs(dout - slopes[at]) / NOISE)
    return Scales(tuple(value), tuple(slope))
