"""Length and depth are bounded by memory: many thousand terms, and as many nested calls, compiled, run and right.

GRADC_SCALE=100000 asks for more.
"""

import math
import os
import sys
from types import FrameType
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import gradient_error, standalone, value_error

COUNT = int(os.environ.get("GRADC_SCALE", "10000"))
# Ten times the terms with about ten times the work: this leaves room for sorting, and none for a square.
LINEAR = 14.0


def wide(count: int) -> str:
    """A sum of terms over two variables a term, each shared with the next."""
    return " + ".join(f"sin(x{i}*x{i + 1})*exp(-x{i}**2)" for i in range(count))


def wide_reference(x: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, dict[str, float]]:
    a, b = x[:-1], x[1:]
    sine, cosine, weight = np.sin(a * b), np.cos(a * b), np.exp(-(a**2))
    grads = np.zeros_like(x)
    grads[:-1] += (b * cosine - 2 * a * sine) * weight
    grads[1:] += a * cosine * weight
    return math.fsum(sine * weight), {f"x{i}": float(g) for i, g in enumerate(grads)}


def deep_reference(x: float, depth: int) -> tuple[float, float]:
    slope = 1.0
    for _ in range(depth):
        slope *= math.cos(x)
        x = math.sin(x)
    return x, slope


@pytest.mark.parametrize(("style", "target"), [("notes", "math"), ("fast", "math"), ("notes", "numpy")])
def test_many_terms(style: str, target: str) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, COUNT + 1)
    inputs = {f"x{i}": float(v) for i, v in enumerate(x)}
    module = standalone(gradc.compile(wide(COUNT), style=style, target=target).source, target)
    value, grads = module.value_and_grad(**inputs)
    want, wanted = wide_reference(x)
    assert value_error(value, want, rtol=1e-9) is None
    assert gradient_error(grads, wanted, rtol=1e-9) is None


@pytest.mark.parametrize("target", ["math", "numpy"])
def test_many_terms_of_two_variables(target: str) -> None:
    """The same term again and again is one node, and the sum of its copies still right."""
    fn = gradc.compile(" + ".join(["sin(x0*x1)*exp(-x0**2)"] * COUNT), target=target)
    value, grads = fn.value_and_grad(0.5, -0.25)
    want, slopes = wide_reference(np.array([0.5, -0.25]))
    assert value_error(value, COUNT * want, rtol=1e-9) is None
    assert gradient_error(grads, {name: COUNT * g for name, g in slopes.items()}, rtol=1e-9) is None


@pytest.mark.parametrize(("style", "target"), [("notes", "math"), ("fast", "math"), ("notes", "numpy")])
def test_great_depth(style: str, target: str) -> None:
    module = standalone(gradc.compile("sin(" * COUNT + "x" + ")" * COUNT, style=style, target=target).source, target)
    value, grads = module.value_and_grad(0.7)
    want, slope = deep_reference(0.7, COUNT)
    assert value_error(value, want, rtol=1e-9) is None
    assert gradient_error(grads, {"x": slope}, rtol=1e-9) is None


NESTS = [
    ("parentheses", "(" * COUNT + "x" + ")" * COUNT, 1.0),
    ("signs", "-" * (2 * COUNT) + "x", 1.0),
    ("conditionals", "x*2 if x > 1 else " * COUNT + "x", 1.0),
    ("sums to the right", "x + (" * COUNT + "x" + ")" * COUNT, COUNT + 1.0),
    ("differences", "x" + " - x" * COUNT, 1.0 - COUNT),
    ("powers", "x" + "**1" * COUNT, 1.0),
    ("maxima", "max(x, " * COUNT + "x" + ")" * COUNT, 1.0),
    ("statements", "a0 = x\n" + "\n".join(f"a{i + 1} = a{i} + x" for i in range(COUNT)), COUNT + 1.0),
    ("reassignments", "h = x\n" + "h = h + x\n" * COUNT + "h", COUNT + 1.0),
]


@pytest.mark.parametrize(("program", "slope"), [pytest.param(p, s, id=name) for name, p, s in NESTS])
def test_every_kind_of_nesting(program: str, slope: float) -> None:
    fn = gradc.compile(program, target="math")
    assert fn.value_and_grad(0.5)[1]["x"] == pytest.approx(slope, rel=1e-12)


def test_work_is_linear_in_the_terms() -> None:
    """Counted in functions that are entered: seconds would hang on what else the machine does."""

    def steps(count: int) -> int:
        program, point, found = wide(count), {f"x{i}": 0.5 for i in range(count + 1)}, 0

        def tick(frame: FrameType, event: str, argument: Any) -> None:
            nonlocal found
            found += event in ("call", "c_call")

        sys.setprofile(tick)
        try:
            gradc.compile(program, target="math").value_and_grad(**point)
        finally:
            sys.setprofile(None)
        return found

    steps(100)  # what is done once is done
    few, many = steps(COUNT // 10), steps(COUNT)
    assert many <= LINEAR * few, (few, many)
