"""Kinks over gates that are steep: where a side is not taken, nothing comes of its slope, infinite or not."""

from __future__ import annotations

import itertools
import warnings
from math import inf
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.derive.reverse import active_nodes
from gradc.graph.dag import reachable
from gradc.language import parse
from gradc.ops import entries, lookup
from gradc.ops.table import Op, statics_of
from gradc.rewrite.steep import Sparing, bounds_of
from tests.support import standalone

STYLES = ["notes", "fast"]

# A program, a point where its kinks do not take a side with an infinite slope, and that point's gradient.
SCALARS = [
    ("max(sqrt(x), 1)", {"x": 0.0}, {"x": 0.0}),
    ("relu(sqrt(x) - 1)", {"x": 0.0}, {"x": 0.0}),
    ("clip(sqrt(x), 1, 2)", {"x": 0.0}, {"x": 0.0}),
    ("min(cbrt(x), -1)", {"x": 0.0}, {"x": 0.0}),
    ("max(min(sqrt(x), 2), 1)", {"x": 0.0}, {"x": 0.0}),
    ("relu(asin(x) - 2)", {"x": 1.0}, {"x": 0.0}),
    ("max(x**y, 2)", {"x": 0.0, "y": 0.5}, {"x": 0.0, "y": 0.0}),
    ("max(sqrt(x), sqrt(x) - 1, 3)", {"x": 0.0}, {"x": 0.0}),
    ("relu(sqrt(x) - 1)*y + sqrt(y)", {"x": 0.0, "y": 4.0}, {"x": 0.0, "y": 0.25}),
    ("max(sqrt(x), 1)*sqrt(x + 4)", {"x": 0.0}, {"x": 0.25}),
    ("hypot(relu(sqrt(x) - 1), y)", {"x": 0.0, "y": 2.0}, {"x": 0.0, "y": 1.0}),
    ("where(x >= 0, relu(sqrt(x) - 1), x)", {"x": 0.0}, {"x": 0.0}),
    ("s = sqrt(x); where(x > 0, s, 0) + relu(s - 1)", {"x": 0.0}, {"x": 0.0}),
]
# The same where the side that is not taken is infinite itself, of which NumPy may warn.
INFINITE = [
    ("min(1/x, 3)", {"x": 0.0}, {"x": 0.0}),
    ("min(y/x, 3)", {"x": 0.0, "y": 2.0}, {"x": 0.0, "y": 0.0}),
    ("max(log(x), -5)", {"x": 0.0}, {"x": 0.0}),
    ("min(exp(x), 3)", {"x": 1000.0}, {"x": 0.0}),
    ("relu(1 - y*exp(x))", {"x": 1000.0, "y": 1.0}, {"x": 0.0, "y": 0.0}),
    ("-(y*max(log(p), -100) + (1 - y)*max(log(1 - p), -100))", {"p": 0.0, "y": 1.0}, {"p": 0.0, "y": 100.0}),
]
TENSORS = [
    ("x: [n]; max(sqrt(x))", [0.0, 4.0], [0.0, 0.25]),
    ("x: [n]; min(-sqrt(x))", [0.0, 4.0], [0.0, -0.25]),
    ("x: [n]; sum(max(reshape(sqrt(x), (-1, 2)), axis=1))", [0.0, 4.0, 0.0, 0.25], [0.0, 0.25, 0.0, 1.0]),
    ("x: [n]; sum(relu(sqrt(x) - 1)**2)", [0.0, 4.0], [0.0, 0.5]),
    ("x: [n]; relu(sum(sqrt(x)) - 9)", [0.0, 4.0], [0.0, 0.0]),
    ("x: [n]; norm(relu(sqrt(x) - 1))", [0.0, 4.0], [0.0, 0.25]),
    ("x: [n]; sum(maximum(x**0.5, 1)) + sum(x)", [0.0, 4.0], [1.0, 1.25]),
]


def every_way(fn: Any, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The gradients of the emitted module, by both its ways, and of the library call."""
    module = standalone(fn.source, fn.target)
    _, cache = module.forward(**given)
    return [module.value_and_grad(**given)[1], module.backward(cache), fn.value_and_grad(**given)[1]]


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("program", "point", "slopes"), SCALARS)
def test_a_side_that_is_not_taken_sends_nothing_back(
    program: str, point: dict[str, float], slopes: dict[str, float], style: str, target: str
) -> None:
    fn = gradc.compile(program, style=style, target=target)
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        for got in every_way(fn, point):
            assert {name: float(slope) for name, slope in got.items()} == slopes


@pytest.mark.parametrize("size", [2, 50_000])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("program", "point", "slopes"), SCALARS)
def test_nor_does_one_of_arrays(
    program: str, point: dict[str, float], slopes: dict[str, float], style: str, size: int
) -> None:
    fn = gradc.compile(program, style=style)
    given = {name: np.full(size, value) for name, value in point.items()}
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        for got in every_way(fn, given):
            for name, slope in slopes.items():
                np.testing.assert_array_equal(got[name], np.full(size, slope))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("program", "point", "slopes"), INFINITE)
def test_nor_does_one_that_is_infinite(
    program: str, point: dict[str, float], slopes: dict[str, float], style: str
) -> None:
    fn = gradc.compile(program, style=style)
    with np.errstate(all="ignore"):
        for given in (point, {name: np.full(3, value) for name, value in point.items()}):
            for got in every_way(fn, given):
                for name, slope in slopes.items():
                    np.testing.assert_array_equal(np.abs(got[name]), np.full(np.shape(given[name]), slope))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("program", "x", "slope"), TENSORS)
def test_nor_does_one_of_a_tensor_program(program: str, x: list[float], slope: list[float], style: str) -> None:
    fn = gradc.compile(program, style=style)
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        for got in every_way(fn, {"x": np.array(x)}):
            np.testing.assert_allclose(got["x"], slope, rtol=1e-15)


@pytest.mark.parametrize(
    "program",
    [
        "max(sqrt(x**2 + 1), 2)",
        "max(log(1 + exp(x)), 2) + relu(1/(1 + x**2) - y)",
        "max(exp(-x**2), 0.1)",
        "relu(x**3 - 1) + max(x*y, x + y) + sqrt(x)",
        "where(x > 0, sqrt(x), 0)",
        "X: [n, d]; v = mean((X - mean(X, axis=0))**2, axis=0); sum(relu((X - mean(X, axis=0))/sqrt(v + 1e-5)))",
    ],
)
def test_gates_that_are_not_steep_are_written_as_ever(program: str) -> None:
    dag = parse(program)
    assert not Sparing(dag.dims, dag.nodes, dag.roots, active_nodes(dag.nodes, dag.inputs.values())).gates
    assert "!= 0" not in gradc.compile(program).source


# Gates by name, and those that an expression comes to.
AS_WRITTEN = {"reciprocal", "ipow", "neg", "where", "held", "held_else", "root", "complement"}
BOUNDED = [e for e in entries() if e.bounds and e.elementwise and (e.public or e.name in AS_WRITTEN)]

WIDE = [-inf, -800.0, -2.5, -1.0, 0.0, 0.5, 1.0, 3.0, 800.0, inf]


@pytest.mark.parametrize("entry", BOUNDED, ids=str)
def test_bounds_hold(entry: Op) -> None:
    """What a gate is lies where its bounds say, for arguments within theirs."""
    form = entry.signature.split(";")[0]
    call = f"{entry.name}({', '.join(entry.params)})" if entry.public else ""
    text = {
        "reciprocal": "1/x",
        "ipow": "x**3",
        "neg": "-x",
        "where": "where(c > 0, x, y)",
        "root": "sqrt(x)",
        "complement": "sqrt(1 - x**2)",
        "held": "where(c > 0, x, y)",
        "held_else": "where(c > 0, x, y)",
    }.get(entry.name, call)
    fn = gradc.compile(text or form, literal=True)
    numbers = np.random.default_rng(3)
    pairs = list(itertools.combinations(WIDE, 2))
    for _ in range(60):
        spans = {name: pairs[numbers.integers(len(pairs))] for name in fn.inputs}
        points = {
            name: np.concatenate([numbers.uniform(max(low, -1e3), min(high, 1e3), 40), np.clip([low, high], -1e3, 1e3)])
            for name, (low, high) in spans.items()
        }
        with np.errstate(all="ignore"):
            values = np.asarray(fn(**points))
        nodes = reachable(fn.dag.roots)
        known = dict[Any, tuple[float, float]]()
        for node in nodes:
            name = next((name for name, leaf in fn.dag.inputs.items() if leaf is node), None)
            known[node] = spans[name] if name else bounds_of_gate(node, known)
        low, high = known[fn.dag.roots[0]]
        values = values[~np.isnan(values)]
        assert np.all(values >= low - 1e-9 * abs(low))
        assert np.all(values <= high + 1e-9 * abs(high))


def bounds_of_gate(node: Any, known: dict[Any, tuple[float, float]]) -> tuple[float, float]:
    if not node.args:
        return bounds_of([node])[node]
    if node.op.bounds is None:
        return -inf, inf
    out: tuple[float, float] = node.op.bounds(*(known[arg] for arg in node.args), **statics_of(node.op, node.attr))
    return out


def test_the_gates_that_select_are_those_whose_rules_are_conditions() -> None:
    selecting = {entry.name for entry in entries() if entry.kink.selects}
    assert selecting == {"maximum", "minimum", "fmax", "fmin", "relu", "where", "max", "min"}
    assert lookup("relu") is not None


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("inner", ["y/x", "x/y", "x**y", "y**x", "sqrt(x) - y", "log(x*y)", "atan2(y, x)"])
@pytest.mark.parametrize("kink", ["min({}, x)", "max({}, y)", "relu({})", "clip({}, y, 2)"])
def test_a_kink_of_no_elements(kink: str, inner: str, style: str) -> None:
    """Beside a number: the gradient of what is empty is empty, and that of the number is 0."""
    fn = gradc.compile(f"x: [0]; sum({kink.format(inner)}) + y", style=style)
    value, grads = fn.value_and_grad(x=np.zeros(0), y=1.5)
    assert (value, grads["y"], grads["x"].shape) == (1.5, 1.0, (0,))
