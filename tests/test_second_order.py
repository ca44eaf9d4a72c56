"""The law of second derivatives over the operator table: every gate, differentiated twice in three ways.

Forward over reverse, reverse over reverse and reverse over forward take different rules of a gate's entry; what they
give is held against each other, against SymPy's second derivative of the entry's independent formula in 40 digits,
and, for gates of arrays, against difference quotients of the gradient. A gate stands alone and inside `sin(out)**2`.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import sympy

from gradc.derive.forward import tangents, whole
from gradc.derive.reverse import gradients, seeds
from gradc.graph.dag import Dag, Node
from gradc.ops import scalar
from gradc.ops.again import AGAIN
from gradc.ops.table import Op, bind_statics
from gradc.rewrite.rules import instantiate
from gradc.rewrite.simplify import Builder
from tests.interpreter import evaluate
from tests.test_ops import DIFFERENTIABLE, ELEMENTWISE, cases, draw, exact, needs_elements

CURVE_TOL = 1e-12  # a rule of some ten roundings, relative to the terms that are added up
WAYS_TOL = 1e-11  # the same sums in another order, of gates of arrays
QUOTIENT_TOL = 1e-7  # Richardson's extrapolation of the gradient with a step of 1e-4

MOST_CASES = 60  # of shapes and static parameters of one gate

# What takes its argument as symmetric is held to its laws in test_linalg, at symmetric matrices.
PUBLIC = [entry for entry in DIFFERENTIABLE if entry.public and entry.name not in ("cholesky", "eigvalsh")]
AROUND = {"alone": "out", "inside": "sin(out)**2"}
WAYS = ("forward over reverse", "reverse over reverse", "reverse over forward")

Numbers = Mapping[str, Any]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


class Twice:
    """A gate of arguments of given shapes, and its second derivatives along a direction, contracted with `dout`."""

    def __init__(self, entry: Op, shapes: Sequence[tuple[int, ...]], attr: Any, around: str = "out") -> None:
        self.build = build = Builder()
        self.names = [f"x{i}" for i in range(len(shapes))]
        self.args = tuple(build.input(name, shape) for name, shape in zip(self.names, shapes, strict=True))
        self.gate = build.make(entry, self.args, attr)
        self.node = node = instantiate(build, around, {"out": self.gate})
        self.dag = self._program([node])
        self.moved = [name for name, slope in gradients(self.dag, build, self.names).items() if slope is not None]
        self.dots = {
            arg: build.input(name + "_dot", arg.shape)
            for name, arg in zip(self.names, self.args, strict=True)
            if name in self.moved
        }
        self.leaves: dict[Node, str] = dict(zip(self.args, self.names, strict=True))
        self.leaves |= {dot: str(dot.attr) for dot in self.dots.values()}
        self.leaves[seeds(build, self.dag)[0]] = "dout"

    def _program(self, roots: Sequence[Node]) -> Dag:
        nodes, inputs = tuple(self.build.graph.nodes), dict(zip(self.names, self.args, strict=True))
        outputs = tuple((f"f{i}", root) for i, root in enumerate(roots))
        return Dag("", nodes, inputs, outputs, {}, {}, {}, self.build.dims, {}, True)

    def slopes(self) -> list[Node]:
        """The gradient, each in the full shape of its argument."""
        found = gradients(self.dag, self.build, self.moved, again=True)
        return [self._full(found[name], name) for name in self.moved]

    def _full(self, slope: Node | None, name: str) -> Node:
        arg = self.args[self.names.index(name)]
        return whole(self.build, self.build.const(0.0) if slope is None else slope, arg)

    def curves(self, way: str) -> list[Node]:
        """How the gradient changes along the direction, in one of three ways."""
        build = self.build
        if way == "forward over reverse":
            return tangents(self.slopes(), build, self.dots)
        if way == "reverse over reverse":
            again = self._program(self.slopes())
            self.leaves |= dict(zip(seeds(build, again, 1), (f"{name}_dot" for name in self.moved), strict=True))
            found = gradients(again, build, self.moved, level=1)
        else:
            ahead = self._program(tangents([self.node], build, self.dots, again=True))
            found = gradients(ahead, build, self.moved)
        return [self._full(found[name], name) for name in self.moved]

    def at(self, nodes: Sequence[Node], values: Numbers) -> list[Any]:
        return evaluate(
            nodes, {leaf: values[name] for leaf, name in self.leaves.items() if name in values}, self.build.dims
        )


def point_of(twice: Twice, entry: Op, shapes: Sequence[tuple[int, ...]], rng: np.random.Generator) -> dict[str, Any]:
    values = dict(zip(twice.names, draw(entry, shapes, rng), strict=True))
    values |= {f"{name}_dot": rng.normal(size=shape) for name, shape in zip(twice.names, shapes, strict=True)}
    return values | {"dout": rng.normal(size=twice.build.dims.resolve(twice.node.shape))}


def _some(found: Sequence[Any]) -> list[Any]:
    """Some cases of many: the first, and every so many on, with an odd step that meets all shapes."""
    return list(found[:: max(len(found) // MOST_CASES, 1) | 1])


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("entry", PUBLIC, ids=lambda e: e.name)
def test_three_ways_to_a_second_derivative_agree_with_each_other_and_with_differences(
    entry: Op, around: str, rng: np.random.Generator
) -> None:
    tried = 0
    for shapes, attr in _some(cases(entry)):
        if needs_elements(entry) and 0 in sum(shapes, ()):
            continue
        twice = Twice(entry, shapes, attr, AROUND[around])
        if not twice.moved:
            continue
        values = point_of(twice, entry, shapes, rng)
        with np.errstate(all="ignore"):
            (out,) = twice.at([twice.node], values)
        if not np.isfinite(out).all():  # the logarithm of an empty sum
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ways = [twice.at(twice.curves(way), values) for way in WAYS]

        def slope(h: float, twice: Twice = twice, values: Numbers = values) -> list[Any]:
            moved = {name: values[name] + h * values[name + "_dot"] for name in twice.moved}
            return [np.asarray(g) for g in twice.at(twice.slopes(), {**values, **moved})]

        condition = 1.0 + np.max(np.abs(twice.at([twice.gate], values)[0]), initial=0.0)  # that of the sine
        h = 1e-4 / condition
        steps = [slope(step) for step in (h, -h, 2 * h, -2 * h)]
        scale = 1.0 + max((np.max(np.abs(g), initial=0.0) for g in steps[0]), default=0.0)
        scale += max((np.max(np.abs(c), initial=0.0) for c in ways[0]), default=0.0)
        scale *= condition
        for name, *curves, a, b, c, d in zip(twice.moved, *ways, *steps, strict=True):
            quotient = (8 * (a - b) - (c - d)) / (12 * h)
            for way, curve in zip(WAYS, curves, strict=True):
                assert np.shape(curve) == np.shape(values[name]), (entry.name, shapes, attr, way, name)
                assert np.max(np.abs(curve - curves[0]), initial=0.0) <= WAYS_TOL * scale, (shapes, attr, way, name)
                off = np.max(np.abs(curve - quotient), initial=0.0)
                assert off <= QUOTIENT_TOL * scale, (entry.name, shapes, attr, way, name, off)
        tried += 1
    assert tried or all(rule == "0" for rule in entry.partials()), f"no shape fits {entry.name}"


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("entry", [e for e in ELEMENTWISE if e in PUBLIC], ids=lambda e: e.name)
def test_second_derivatives_are_those_of_the_independent_formula(
    entry: Op, around: str, rng: np.random.Generator
) -> None:
    symbols = sympy.symbols(entry.params, real=True)
    symbols = symbols if isinstance(symbols, tuple) else (symbols,)
    formula = sympy.sympify(
        entry.test.sympy or entry.signature, {**dict(zip(entry.params, symbols, strict=True)), "abs": sympy.Abs}
    )
    twice = Twice(entry, [()] * len(symbols), None, AROUND[around])
    ways = [twice.curves(way) for way in WAYS]
    bent = formula if around == "alone" else sympy.sin(formula) ** 2
    wanted = [[sympy.sympify(sympy.diff(bent, x, y)) for y in symbols] for x in symbols]
    for _ in range(4):
        point = [float(x) for x in draw(entry, [()] * len(symbols), rng)]
        at = {symbol: sympy.Float(x, 40) for symbol, x in zip(symbols, point, strict=True)}
        values = dict(zip(twice.names, point, strict=True)) | {"dout": 1.0}
        slopes = [exact(sympy.sympify(sympy.diff(formula, symbol)), at) for symbol in symbols]
        condition = 1.0 if around == "alone" else 1.0 + abs(exact(formula, at))  # that of the sine
        for j, along in enumerate(twice.moved):
            values |= {f"{name}_dot": float(name == along) for name in twice.names}
            for way, curves in zip(WAYS, ways, strict=True):
                for name, got in zip(twice.moved, twice.at(curves, values), strict=True):
                    i, j = twice.names.index(name), twice.names.index(along)
                    want = exact(wanted[i][j], at)
                    terms = abs(want) if around == "alone" else abs(want) + 2 * abs(slopes[i] * slopes[j])
                    assert abs(float(got) - want) <= CURVE_TOL * condition * terms + 1e-300, (
                        entry.name,
                        point,
                        way,
                        name,
                        along,
                    )


EDGES = [(entry, point, pinned) for entry, again in AGAIN.items() for point, pinned in again.edges.items()]


@pytest.mark.parametrize(("entry", "point", "pinned"), EDGES, ids=[f"{e.name}({p})" for e, p, _ in EDGES])
def test_second_derivatives_at_edges(entry: Op, point: str, pinned: str) -> None:
    twice = Twice(entry, [()] * len(entry.params), bind_statics(entry, {}))
    at = {k: np.float64(v) for k, v in (item.split("=") for item in point.split(", "))}
    values = {f"x{i}": at[name] for i, name in enumerate(entry.params)} | {"dout": np.float64(1.0)}
    for item, way in itertools.product(pinned.split(", "), WAYS):
        which, _, want = item.partition("=")
        values |= {f"x{i}_dot": np.float64(name == which[1]) for i, name in enumerate(entry.params)}
        with np.errstate(all="ignore"):
            got = twice.at(twice.curves(way), values)[entry.params.index(which[0])]
        assert float(got) == pytest.approx(float(want), rel=1e-12, abs=0.0), (entry.name, point, item, way)


POINTS = [(entry, point) for entry in PUBLIC for point in entry.test.edges]


@pytest.mark.parametrize(("entry", "point"), POINTS, ids=[f"{e.name}({p})" for e, p in POINTS])
def test_the_ways_agree_where_a_gate_has_an_edge(entry: Op, point: str) -> None:
    """Kinks and branches of second order add nothing, and no way makes a NaN of what is finite."""
    twice = Twice(entry, [()] * len(entry.params), bind_statics(entry, {}))
    at = {k: np.float64(v) for k, v in (item.split("=") for item in point.split(", "))}
    values = {f"x{i}": at[name] for i, name in enumerate(entry.params)} | {"dout": np.float64(1.0)}
    with np.errstate(all="ignore"):  # to a negative base a power has no slope in its exponent
        slopes = dict(zip(twice.moved, twice.at(twice.slopes(), values), strict=True))
    twice.moved = [name for name, slope in slopes.items() if np.isfinite(slope)]
    twice.dots = {arg: dot for arg, dot in twice.dots.items() if arg.attr in twice.moved}
    if not twice.moved:
        return
    hessians = []
    for way in WAYS:
        rows = []
        for along in twice.moved:
            values |= {f"{name}_dot": np.float64(name == along) for name in twice.names}
            with np.errstate(all="ignore"):
                rows.append([float(curve) for curve in twice.at(twice.curves(way), values)])
        hessians.append(np.array(rows))
        if not np.isfinite(hessians[0]).all():
            return  # beyond the range of floats
        assert not np.isnan(hessians[-1]).any(), (entry.name, point, way)
        np.testing.assert_allclose(hessians[-1], hessians[-1].T, rtol=1e-12)
        np.testing.assert_allclose(hessians[-1], hessians[0], rtol=1e-12)


def test_what_a_first_derivative_contains_has_a_derivative() -> None:
    """No gate that a second derivative meets is without rules: all are found by building them."""
    for entry in PUBLIC:
        shapes, attr = cases(entry)[0]
        twice = Twice(entry, shapes, attr)
        if twice.moved:
            assert all(curve.op is not scalar.adjoint or curve for curve in twice.curves(WAYS[0]))
