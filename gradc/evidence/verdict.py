"""What is known of a program into errors of its staged gradient, in units of the roundings to be expected."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal

import numpy as np

from gradc.base.differences import FIRST, slope
from gradc.evidence.points import Staged
from gradc.evidence.references import Evidence, Slope
from gradc.evidence.stopped import is_stopped

EPS = 2.0**-52
# Below this a float64 has no digits left to compare.
TINY = 1e-290
# Differences of floats are trusted to so many times their own estimate, and to this part of the gradient.
DOUBT, TRUST = 10.0, 1e-6
# They are taken again from a finer first step: where they settle on nothing there, to this part, nothing is known.
FINER, CHAOS = 5e-6, 0.1
_DECIMAL = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Error:
    """How far off something is at a point, absolutely; `scale` is its size, `noise` what roundings change it by."""

    error: float
    scale: float
    noise: float
    got: float
    want: float

    @property
    def strict(self) -> float:
        """The error in roundings of the result alone."""
        return replace(self, noise=0.0).roundings

    @property
    def roundings(self) -> float:
        """The error in units of the roundings to be expected."""
        if self.error <= TINY:
            return 0.0
        expected = EPS * max(self.scale, self.noise)
        return self.error / expected if expected > 0 else math.inf


def worst(pairs: Sequence[tuple[float, Decimal]], noise: float) -> Error:
    """The error of numbers against what they should be."""
    off = [(abs(_DECIMAL.subtract(Decimal(got), want)), got, want) for got, want in pairs]
    error, got, want = max(off, key=lambda each: each[0], default=(Decimal(0), 0.0, Decimal(0)))
    scale = max((abs(float(want)) for _, want in pairs), default=0.0)
    return Error(float(error), scale, noise, got, float(want))


def gradient_errors(evidence: Evidence, name: str) -> dict[int, Error]:
    """By point, the worst of what SymPy and differences say of a gradient.

    Where neither had the time, differences of floats are asked at the first point where floats hold the value.
    """
    found = {k: _gradient_error(evidence, k, name) for k in evidence.points}
    known = {k: error for k, error in found.items() if error is not None}
    first = next((k for k in evidence.points if k not in evidence.vague), None)
    if not known and first is not None:
        known = {k: error for k, error in [(first, _by_floats(evidence, first, name))] if error is not None}
    return known


def _gradient_error(evidence: Evidence, k: int, name: str) -> Error | None:
    got, noise = evidence.staged[k].gradients[name], evidence.conditions.get((k, name), 0.0)
    derivatives = evidence.derivatives.get((k, name), {})
    found = [worst([(got[j], want) for j, want in derivatives.items()], noise)] if derivatives else []
    slopes = evidence.slopes.get((k, name), ())
    found += [_along(got, each, noise) for each in slopes if math.isfinite(each.uncertain)]
    return max(found, key=lambda each: each.roundings, default=None)


def _along(got: Sequence[float], want: Slope, noise: float) -> Error:
    """The error along a direction, for a unit of it, as far as differences can tell."""
    unit = max(map(abs, want.direction))
    total = Decimal(0)
    for one, part in zip(got, want.direction, strict=True):
        total = _DECIMAL.fma(Decimal(one), Decimal(part), total)
    off = float(abs(_DECIMAL.subtract(total, want.along)))
    scale = max(map(abs, got))
    return Error(max(0.0, off - want.uncertain) / unit, scale, noise, float(total) / unit, float(want.along) / unit)


def _by_floats(evidence: Evidence, k: int, name: str) -> Error | None:
    """The error against differences of the emitted forward pass in float64, along one direction."""
    search, staged = evidence.search, evidence.staged[k]
    if is_stopped(search.fn.dag):
        return None
    got = staged.gradients[name]
    value = np.array(staged.point[name], float)
    rng = random.Random(f"{k} {name}")
    direction = np.array([(abs(one) or 1.0) * rng.choice((-1.0, 1.0)) for one in value.flat]).reshape(value.shape)

    def along(t: float) -> float:
        there = value + t * direction
        moved = search.at({**staged.point, name: there if there.ndim else float(there)})
        return _contracted(evidence, moved) if moved is not None else math.nan

    ladders = [slope(along, first) for first in (FIRST, FINER)]
    total = math.fsum(a * b for a, b in zip(got, direction.flat, strict=True))
    large = math.fsum(abs(a * b) for a, b in zip(got, direction.flat, strict=True))
    finer, doubt = ladders[-1]
    floor = TRUST * abs(_contracted(evidence, staged))  # what is less is the rounding of the values
    if not all(math.isfinite(found) for found, _ in ladders) or doubt > CHAOS * max(abs(finer), floor):
        return None
    found, uncertain = min(ladders, key=lambda each: abs(total - each[0]) / (each[1] + TRUST * large + TINY))
    size = max(large, abs(found))
    return Error(abs(total - found), size, max(DOUBT * uncertain, TRUST * size) / EPS, total, found)


def _contracted(evidence: Evidence, staged: Staged) -> float:
    """The number whose gradient the staged program gives."""
    shapes = [(len(each),) for each in staged.values]
    upstream = [1.0] if shapes == [(1,)] else evidence.search.upstream(shapes)
    flat = zip(np.concatenate(staged.values), np.concatenate([np.ravel(df) for df in upstream]), strict=True)
    return math.fsum(float(value) * float(df) for value, df in flat)
