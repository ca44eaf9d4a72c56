"""Numbers stand in the module as they were typed, and come to what they were folded to."""

from __future__ import annotations

import ast

import numpy as np
import pytest

import gradc
from gradc.emit.count import count
from gradc.language import parse
from gradc.rewrite.simplify import number

# A program, the number in it as the module has it, and that number as the text of one.
TYPED = [
    ("2*pi*x", "2*np.pi", "2*pi"),
    ("x/sqrt(2*pi)", "math.sqrt(2*math.pi)", "sqrt(2*pi)"),
    ("x + 0.5*log(2*np.pi)", "0.5*math.log(2*math.pi)", "0.5*log(2*pi)"),
    ("x*(1 + np.sqrt(2))", "(1 + math.sqrt(2))", "1 + sqrt(2)"),
    ("x**(1/3)", "(1/3)", "1/3"),
    ("-log(2*pi)*x", "-math.log(2*math.pi)", "-log(2*pi)"),
]


@pytest.mark.parametrize(("program", "written", "alone"), TYPED)
@pytest.mark.parametrize("target", ["numpy", "math"])
def test_a_number_is_what_was_typed(program: str, written: str, alone: str, target: str) -> None:
    source = gradc.compile(program, target=target).source  # type: ignore[call-overload]
    assert written.replace("np.pi", "math.pi" if target == "math" else "np.pi") in source
    value = number(parse(alone + " + 0*x").roots[0].args[0])
    names = {"np": np, "math": __import__("math")}
    assert eval(compile(ast.parse(written, mode="eval"), "", "eval"), names) == float(value)


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("erf(x)", "dx = 2/math.sqrt(math.pi)*bell(x)*df"),
        ("norm.cdf(x)", "dx = normal_pdf(x)*df"),
        ("erfc(-x)", "dx = 2/math.sqrt(math.pi)*bell(x)*df"),
        ("exp2(x)", "dx = math.log(2)*f*df"),
    ],
)
def test_slopes_have_their_constants_as_one_knows_them(program: str, line: str) -> None:
    assert line in gradc.compile(program).source


@pytest.mark.parametrize("program", ["x*0.25", "x/4", "2*3*x", "1e-5*x", "x*(10 - 3)"])
def test_a_short_number_is_its_digits(program: str) -> None:
    source = gradc.compile(program).source
    assert "math." not in source
    assert "10 - 3" not in source.split("def forward")[1]


def test_float32_stays() -> None:
    fn = gradc.compile("x: [n]; sum(x*sqrt(2*pi) + log(2*pi))")
    value, grads = fn.value_and_grad(np.ones(3, np.float32))
    assert np.asarray(value).dtype == grads["x"].dtype == np.float32


def test_a_number_costs_nothing_as_it_was_typed() -> None:
    assert count("f = x/math.sqrt(2*math.pi) - 0.5*math.log(2*math.pi)") == count("f = x/2.5 - 0.9") == 2


def test_names_that_the_user_has_taken_step_aside() -> None:
    fn = gradc.compile("math + log(2*pi)*np")
    assert fn(1.0, 2.0) == 1.0 + np.log(2 * np.pi) * 2.0
    assert "math_.log(2*math_.pi)" in fn.source
