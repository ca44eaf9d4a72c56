"""Random programs -> the oracles held against each other, with no compiler in sight.

Python reads the text as the tree means it; dual numbers, the complex step, differences and SymPy's derivative in 50
digits give one answer. `python -m tests.fuzz selftest N` runs it for long.

>>> worst = selftest(20, seed=1)
>>> worst["dual and complex step"] < 1e-9
True
"""

from __future__ import annotations

import numpy as np

from . import asnumpy, exact, interpret
from .complexstep import SEEN
from .condition import scales_of
from .domains import in_domain
from .draw import draw
from .generate import Case
from .hazard import pointwise
from .tree import size, text
from .values import Array

Arrays = tuple[Array, ...]

WIDTH = 2e-5
DIFFERENCE = 1e-3  # a quotient has few digits near the edge of a domain; what it shows is a wrong rule
TINY = 1e-150  # what a complex step leaves of the square of its step, times whatever large
ORACLES = 1e-9  # what the others must agree to


class OraclesDisagree(AssertionError):
    """Two oracles say different things about one program."""


SMALL = 1e-90  # where a step of 1e-200 is far from small


def directions(case: Case) -> dict[str, Array]:
    """A random direction."""
    numbers = np.random.default_rng([case.seed, 17])
    return {name: np.asarray(numbers.normal(size=x.shape)) for name, x in case.inputs.items()}


def compare(case: Case, name: str, got: Arrays, want: Arrays, scales: Arrays, bound: float) -> float:
    """The worst difference relative to `scales`; too much of it is an error."""
    worst, where = 0.0, f"seed {case.seed}, mode {case.mode}\n{text(case.program)}"
    for one, other, scale in zip(got, want, scales, strict=True):
        if one.shape != other.shape:
            raise OraclesDisagree(f"{name}: shapes {one.shape} and {other.shape}\n{where}")
        if one.size:
            worst = max(worst, float(np.max(np.maximum(np.abs(one - other) - TINY, 0.0) / scale)))
    if not worst <= bound:
        raise OraclesDisagree(f"{name}: {got} and {want}\n{where}")
    return worst


def by_python(case: Case) -> Arrays:
    """The outputs as Python reads the text; an elementwise program at one point after the other."""
    if not (case.mode == "hazard" and case.program.elementwise):
        return asnumpy.run(case.program, case.inputs)
    count = len(next(iter(case.inputs.values())))
    rows = [asnumpy.run(case.program, {name: x[at] for name, x in case.inputs.items()}) for at in range(count)]
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def check_oracles(case: Case) -> dict[str, float]:
    """The worst disagreements for one program."""
    program, inputs = pointwise(case), case.inputs
    direction, worst = directions(case), {}
    with np.errstate(all="ignore"):
        outs, slopes = interpret.derivative(program, inputs, direction)
        scales = scales_of(program, inputs, direction, case.seed)
        worst["Python and the tree"] = compare(case, "text", by_python(case), outs, scales.value, ORACLES)
        if any(np.any((x != 0) & ((np.abs(x) < SMALL) | (np.abs(x) > 1.0 / SMALL))) for x in inputs.values()):
            return worst  # the step would be as large as they are
        same, stepped = interpret.complex_step(program, inputs, direction)
        worst["dual and complex values"] = compare(case, "complex value", same, outs, scales.value, ORACLES)
        visible = tuple(scale + SEEN for scale in scales.slope)
        worst["dual and complex step"] = compare(case, "complex step", stepped, slopes, visible, ORACLES)
        # The points of two modes may lie on the border between two branches, and whole numbers meet in any.
        if case.mode not in ("hazard", "wide") and in_domain(program, inputs, kinks=False):
            quotient = interpret.difference(program, inputs, direction, WIDTH)
            pairs = zip(scales.value, scales.slope, strict=True)
            both = tuple(slope + value / WIDTH * 1e-6 + WIDTH**3 for value, slope in pairs)
            worst["dual and differences"] = compare(case, "difference", quotient, slopes, both, DIFFERENCE)
    if case.mode == "scalar" and len(program.outputs) == 1 and size(program) <= exact.LARGEST:
        first, gradient = exact.gradient(program, {name: float(x) for name, x in inputs.items()})
        along = sum(gradient[name] * float(direction[name]) for name in gradient)
        got = (np.array(first), np.array(along))
        worst["dual and 50 digits"] = compare(
            case, "SymPy", got, (outs[0], slopes[0]), (scales.value[0], scales.slope[0]), ORACLES
        )
    return worst


def selftest(count: int, seed: int = 0) -> dict[str, float]:
    """The worst disagreements over `count` programs."""
    worst: dict[str, float] = {}
    for number in range(seed, seed + count):
        for name, error in check_oracles(draw(number)).items():
            worst[name] = max(worst.get(name, 0.0), error)
    return worst
