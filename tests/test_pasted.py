"""The notes' own code blocks, pasted whole: first lines that assign numbers are inputs with example values."""

import json
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import ROOT
from tests.support import gradc as command

CASES = json.loads((ROOT / "tests" / "corpus" / "pasted.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_pasted(case: dict[str, Any]) -> None:
    fn = gradc.compile(case["program"])
    assert list(fn.inputs) == case["inputs"]
    assert len(fn.notes) == 1
    assert "example values" in fn.notes[0].message
    for name, shape in case.get("shapes", {}).items():
        assert fn.shapes[name] == tuple(shape)
    assert list(fn.example) == case["inputs"]
    if "value" in case:
        value, grads = fn.value_and_grad(**fn.example)
        assert value == pytest.approx(case["value"], rel=1e-15)
        for name, grad in case["grads"].items():
            np.testing.assert_allclose(grads[name], grad, rtol=1e-14)
    assert fn.trace().to_dict()["inputs"].keys() == set(case["inputs"])
    assert fn.graph().text("svg")
    assert fn.check().ok


def test_the_example_is_the_point_of_the_command_line() -> None:
    outcome = command("trace", "x = -2; y = 5; z = -4\nq = x + y\nf = q*z")
    assert outcome.code == 0
    assert "x = -2, y = 5, z = -4" in outcome.out
    assert "-12" in outcome.out
    assert "x = 7" in command("trace", "x = -2; y = 5\nx*y", "--at", "x=7").out


def test_random_examples_are_the_same_on_every_run() -> None:
    program = "W = np.random.randn(2, 3)\nx = np.ones(3)\nW @ x"
    first, second = gradc.compile(program).example, gradc.compile(program).example
    assert np.array_equal(first["W"], second["W"])
    assert first["W"].shape == (2, 3)
    assert np.array_equal(first["x"], np.ones(3))


@pytest.mark.parametrize(
    ("program", "inputs"),
    [
        ("a = 2\nb = 3\nq*a + b", ["q"]),  # another input: these are constants
        ("x = 2\ny = x + 1\nx*y", ["x"]),
        ("x = [1, 2]\ny = [[1, 0], [2, 3]]\nnp.sum(np.stack([x[0]*y[1][0], x[1]]))", ["x", "y"]),
        ("import numpy as np\nx = 3.0 # example\nnp.exp(x)", ["x"]),
        ("x = -1.5e1\nk = 2\ns = 0\nfor i in range(3): s += x*i\ns", ["x", "k", "s"]),
    ],
)  # fmt: skip
def test_which_lines_are_the_inputs(program: str, inputs: list[str]) -> None:
    assert list(gradc.compile(program).inputs) == inputs


@pytest.mark.parametrize("program", ["x = 3", "x = 3; y = 4", "x = 3\nfor i in range(x): y = i\ny"])
def test_constants_alone_stay_an_error(program: str) -> None:
    with pytest.raises(gradc.GradcError, match="is a constant: there is nothing to differentiate"):
        gradc.compile(program)
