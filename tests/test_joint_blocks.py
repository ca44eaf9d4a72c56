"""Value, gradient and Hessian of numbers as one optimised graph: what it costs, and that it is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
from gradc.graph.dag import Node
from gradc.language import parse
from gradc.optimize.second import Blocks, hessian, jacobian
from tests.interpreter import evaluate

ROSENBROCK = " + ".join(f"100*(x{i + 1} - x{i}**2)**2 + (1 - x{i})**2" for i in range(9))
NOTES = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
PRODUCT = "*".join(f"x{i}" for i in range(10))
# Helmholtz energy of a mixture (Griewank's example), its constants inputs that are not differentiated by.
_B = " + ".join(f"b{i}*x{i}" for i in range(10))
_Q = " + ".join(f"a{min(i, j)}_{max(i, j)}*x{i}*x{j}" for i in range(10) for j in range(10))
HELMHOLTZ = (
    f"s = {_B}\nq = {_Q}\n"
    + " + ".join(f"x{i}*log(x{i}/(1 - s))" for i in range(10))
    + " - q/(2.8284271247461903*s)*log((1 + 2.414213562373095*s)/(1 - 0.41421356237309515*s))"
)
# What the best of CasADi and SymPy with `cse` need for value, gradient and Hessian.
MOST = {
    "Rosenbrock": (ROSENBROCK, False, 172),
    "the notes' example": (NOTES, True, 75),
    "product": (PRODUCT, False, 95),
    "Helmholtz": (HELMHOLTZ, False, 3711),
}


def cost(blocks: Blocks) -> int:
    """Operations of the text that the graph is printed as."""
    from gradc.emit.lines import cost_of, lines_of

    joint = blocks.joint
    plan = lines_of(joint.nodes, joint.roots, joint.places())
    return cost_of(plan)


def wrt_of(text: str) -> list[str]:
    return [name for name in parse(text).inputs if name[0] in "xy"]


@pytest.mark.parametrize("name", MOST)
def test_value_gradient_and_hessian_take_no_more_operations_than_the_best(name: str) -> None:
    text, literal, most = MOST[name]
    assert cost(hessian(parse(text, literal=literal), wrt_of(text), literal=literal)) <= most


@pytest.mark.parametrize("name", MOST)
def test_the_optimised_graph_has_the_hessian_of_the_notes(name: str) -> None:
    text, literal, _ = MOST[name]
    rng = np.random.default_rng(5)
    found = hessian(parse(text, literal=literal), wrt_of(text), literal=literal)
    point = {each: float(rng.uniform(0.02, 0.05)) for each in found.joint.dag.inputs}
    want = gradc.compile(text, wrt=wrt_of(text), literal=literal).hessian(**point)
    got = values(found, point, list(found.blocks.values()))
    scale = np.max(np.abs(want.dense()))
    assert found.blocks.keys() == want.blocks.keys()
    for pair, value in zip(found.blocks, got, strict=True):
        assert abs(value - want.blocks[pair]) <= 1e-12 * scale


def values(blocks: Blocks, point: dict[str, float], nodes: list[Node]) -> list[Any]:
    joint = blocks.joint
    leaves = {joint.dag.inputs[name]: np.float64(value) for name, value in point.items()}
    return evaluate(nodes, leaves, joint.build.dims)


PROGRAMS = (
    "a = x*y\nb = sin(z)*w\na*b, a + b, w**2",
    "a = exp(x)\nb = a*y\nc = z\na, b, c*z",
    "x if x > y else y**2*z, x*z",
    "a = sqrt(x*x + y*y)\na*z, atan2(y, x)",
)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_jacobian_by_rows_or_columns_is_that_of_the_notes(program: str) -> None:
    dag = parse(program)
    found = jacobian(dag, list(dag.inputs))
    rng = np.random.default_rng(6)
    point = {name: float(rng.uniform(0.5, 2.0)) for name in dag.inputs}
    want = gradc.compile(program).jacobian(**point)
    pairs = {(f, x) for f, row in want.blocks.items() for x in row}
    assert found.blocks.keys() == pairs
    for (f, x), value in zip(found.blocks, values(found, point, list(found.blocks.values())), strict=True):
        assert value == pytest.approx(want.blocks[f][x], rel=1e-13)
