"""A case -> what its value and gradients must be, and how far off an honest rounding error may be.

The gradient of an input is tested along a direction: `<dout, J v>` from dual numbers against `<v, J^T dout>` from the
compiled program. For a scalar the direction is 1, so that the number itself is compared.

>>> from .draw import draw
>>> case = draw(1, "scalar")
>>> want = Reference(case)
>>> want.judge_value(tuple(np.asarray(x) for x in want.outs)) is None
True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .condition import Scales, scales_of
from .generate import Case
from .hazard import pointwise
from .interpret import derivative
from .values import Array

BOUND = 1e-9  # of an error relative to its scale
LOST = 1e-200  # what an oracle may lose of a product where one factor underflows and another is large
QUICK = 1e-13  # an error this small relative to the result itself needs no scale


class Reference:
    """The oracles' answers for one case, computed once."""

    def __init__(self, case: Case, inputs: Mapping[str, Array] | None = None) -> None:
        self.case = case
        self.inputs = dict(case.inputs if inputs is None else inputs)
        self.elementwise = case.program.elementwise
        self.program = pointwise(Case(case.program, self.inputs, case.seed, case.mode))
        numbers = np.random.default_rng([case.seed, 23])
        self.direction = {
            name: np.ones(x.shape) if self.elementwise or x.shape == () else np.asarray(numbers.normal(size=x.shape))
            for name, x in self.inputs.items()
        }
        with np.errstate(all="ignore"):
            runs = {name: derivative(self.program, self.inputs, {name: self.direction[name]}) for name in self.inputs}
        self.outs = next(iter(runs.values()))[0]
        self.slopes = {name: slopes for name, (_, slopes) in runs.items()}
        self.dout = tuple(
            np.ones(out.shape) if self.elementwise or out.shape == () else np.asarray(numbers.normal(size=out.shape))
            for out in self.outs
        )
        self.scales: dict[str, Scales] = {}
        self.worst = 0.0
        self.checks = 0

    def scale(self, name: str) -> Scales:
        """The scales along one input's direction."""
        if name not in self.scales:
            direction = {name: self.direction[name]}
            self.scales[name] = scales_of(self.program, self.inputs, direction, self.case.seed)
        return self.scales[name]

    def near(self, got: Array, want: Array, scale: Any) -> bool:
        """Whether `got` is as near as rounding allows; `scale` is asked for only if it isn't obvious."""
        self.checks += 1
        with np.errstate(all="ignore"):
            error = np.maximum(np.abs(got - want) - LOST, 0.0)
            rough = error / (np.abs(want) + 1e-300)
            if got.size == 0 or bool(np.all(rough <= QUICK)):
                self.worst = max(self.worst, float(np.max(rough, initial=0.0)))
                return True
            ratio = error / scale()
        worst = float(np.max(ratio))
        if worst <= BOUND:
            self.worst = max(self.worst, worst)
        return worst <= BOUND

    def judge_value(self, got: tuple[Array, ...]) -> str | None:
        """What is wrong with the outputs, if anything."""
        first = next(iter(self.inputs))
        if len(got) != len(self.outs):
            return f"{len(got)} outputs, expected {len(self.outs)}"
        for at, (one, want) in enumerate(zip(got, self.outs, strict=True)):
            if one.shape != want.shape:
                return f"value has shape {one.shape}, expected {want.shape}"
            if not self.near(one, want, lambda at=at: self.scale(first).value[at]):
                return f"value {one.tolist()}, expected {want.tolist()}"
        return None

    def expected(self, name: str) -> tuple[Array, Array]:
        """Of one input: what `<v, gradient>` must be, and the size of what it is summed from."""
        parts = [dout * slope for dout, slope in zip(self.dout, self.slopes[name], strict=True)]
        if self.elementwise:
            return np.asarray(sum(parts)), np.asarray(sum(np.abs(part) for part in parts))
        total = np.array(sum(float(np.sum(part)) for part in parts))
        return total, np.array(sum(float(np.sum(np.abs(part))) for part in parts))

    def slope_scale(self, name: str) -> Array:
        """The scale of `expected`."""
        parts = [np.abs(dout) * one for dout, one in zip(self.dout, self.scale(name).slope, strict=True)]
        return np.asarray(sum(parts)) if self.elementwise else np.array(sum(float(np.sum(part)) for part in parts))

    def judge_gradient(self, name: str, got: Any) -> str | None:
        """What is wrong with one gradient, if anything."""
        gradient = np.asarray(got)
        shape = self.outs[0].shape if self.elementwise else self.inputs[name].shape
        if gradient.shape != shape:
            return f"d{name} has shape {gradient.shape}, expected {shape}"
        want, size = self.expected(name)
        with np.errstate(all="ignore"):
            along = gradient if self.elementwise else np.sum(gradient * self.direction[name])
            terms = 0.0 if self.elementwise else float(np.sum(np.abs(gradient * self.direction[name])))
        if self.near(np.asarray(along), want, lambda: np.fmax(self.slope_scale(name), np.fmax(size, terms))):
            return None
        if gradient.shape == () or self.elementwise:
            return f"d{name} {gradient.tolist()}, expected {want.tolist()}"
        return f"<d{name}, v> {float(along)!r}, expected {float(want)!r}; d{name} {gradient.tolist()}"
