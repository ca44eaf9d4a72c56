"""Programs that are no text: Python functions, whose source is read, and SymPy expressions."""

import math
from math import exp as e_to_the

import numpy as np
import numpy as xp
import pytest
import sympy

import gradc

SCALE = 2.5
WEIGHTS = [1.0, 3.0]


def helper(t):  # type: ignore[no-untyped-def]
    return SCALE * e_to_the(t)


def loss(x, y, power=2):  # type: ignore[no-untyped-def]
    """The loss of a point."""
    # a comment
    return helper(x) * xp.sin(y) ** power + WEIGHTS[1]


def wrong(x):  # type: ignore[no-untyped-def]
    y = 2 * x
    return sigmod(y)  # type: ignore[name-defined]  # noqa: F821


def never_called(x):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(3):
        total += np.tanh(x) ** i
    return total


def test_a_function_is_read() -> None:
    fn = gradc.compile(loss)
    assert fn.inputs == ("x", "y", "power")
    assert fn(1.0, 2.0, 2.0) == pytest.approx(loss(1.0, 2.0), rel=1e-14)
    assert fn.program.startswith("def loss(x, y, power=2):")
    assert gradc.compile(fn.program, function="loss").source == fn.source


def test_what_it_closes_over_is_a_constant() -> None:
    def scaled(k):  # type: ignore[no-untyped-def]
        def inner(v):  # type: ignore[no-untyped-def]
            return k * v

        return inner

    assert gradc.compile(scaled(3.5))(2.0) == 7


def test_lambdas_are_told_apart() -> None:
    first, second = gradc.compile(lambda a: a + 1), gradc.compile(lambda a: a * 2)
    assert (first(3), second(3)) == (4, 6)
    assert gradc.compile(lambda a, b: a - b).inputs == ("a", "b")


def test_a_loop_of_a_function() -> None:
    assert gradc.compile(never_called)(0.7) == pytest.approx(never_called(0.7), rel=1e-15)


def test_an_error_is_in_the_function_s_own_lines() -> None:
    with pytest.raises(gradc.GradcError) as raised:
        gradc.compile(wrong)
    assert raised.value.problems[0].line == 3
    assert "return sigmod(y)" in str(raised.value)


@pytest.mark.parametrize("given", [np.sin, math.sin, len, eval("lambda q: q")], ids=["ufunc", "c", "builtin", "prompt"])
def test_without_source_it_is_refused_by_name(given: object) -> None:
    with pytest.raises(gradc.GradcError, match=r"the source of '.*' can't be read"):
        gradc.compile(given)


def test_what_is_no_program() -> None:
    with pytest.raises(gradc.GradcError, match="and no int"):
        gradc.compile(3)
    array = object()

    def uses(x):  # type: ignore[no-untyped-def]
        return x * array

    with pytest.raises(gradc.GradcError, match="'uses' closes over 'array', no number"):
        gradc.compile(uses)


x, y, beta = sympy.symbols("x y beta")
EXPRESSIONS = [
    sympy.exp(x) * y + sympy.E**2 * sympy.Float("0.1"),
    sympy.Piecewise((x, sympy.And(x > 0, y < 1)), (y / 10, sympy.Or(sympy.Ne(x, 2), sympy.Not(y > 3))), (beta, True)),
    sympy.Max(x, y, 1) * sympy.Abs(beta) + sympy.Min(x, 2),
    sympy.Rational(1, 3) * x + sympy.pi,
    sympy.Piecewise((x, sympy.Eq(y, 1)), (x**2, True)),
    sympy.sqrt(x**2 + 1) * sympy.Heaviside(y),
    sympy.Piecewise((1, sympy.ITE(x > 0, y > 2, y < 1)), (x, True)),
    sympy.Float("3.141592653589793") * x + sympy.log(y) / sympy.GoldenRatio,
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_a_sympy_expression_is_read_in_its_printed_form(expression: sympy.Expr) -> None:
    fn = gradc.compile(expression)
    point = {"x": 0.7, "y": 1.9, "beta": -0.4}
    given = {name: point[name] for name in fn.inputs}
    assert set(fn.inputs) == {str(symbol) for symbol in expression.free_symbols}
    assert fn(**given) == pytest.approx(float(expression.evalf(17, subs=given)), rel=1e-14)


def test_complex_expressions_are_refused() -> None:
    with pytest.raises(gradc.GradcError, match="complex numbers"):
        gradc.compile(sympy.I * x)
