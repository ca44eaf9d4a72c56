"""Written-out forms keep their digits over the whole range, value and slope, against 2,000-bit arithmetic."""

from __future__ import annotations

import warnings
from typing import Any

import mpmath
import numpy as np
import pytest

import gradc
from gradc.language import parse, unparse

DIGITS = 700  # exp(1000) and what is left of 1 beside it
TOL = 4e-13  # a condition number of some thousands of roundings

POINTS: list[tuple[str, list[dict[str, float]]]] = [
    ("L/(1 + exp(-k*(x - c)))", [{"L": 2.0, "k": 3.0, "x": x, "c": 1.0} for x in (5.0, -300.0, 50.0)]),
    ("x/(1 + exp(-x))", [{"x": x} for x in (-40.0, -700.0, 3.0, 800.0)]),
    ("K/(1 + q*exp(-u))", [{"K": 3.0, "q": 0.5, "u": u} for u in (900.0, -700.0, 2.0)]),
    ("1/(1 + exp(-u))**3", [{"u": u} for u in (900.0, -100.0, 40.0, 0.3)]),
    ("exp(-u)/(1 + exp(-u))**2", [{"u": u} for u in (700.0, -700.0, 40.0, 0.3)]),
    ("log(1 - exp(u))", [{"u": u} for u in (-1e-10, -0.5, -0.69, -0.7, -40.0, -700.0)]),
    ("log1p(exp(u))", [{"u": u} for u in (-700.0, -30.0, 0.0, 2.0, 1e3)]),
    ("log1p(-sigmoid(u))", [{"u": u} for u in (-700.0, -30.0, 0.0, 2.0, 1e3)]),
    ("log(exp(a) + exp(b))", [{"a": a, "b": b} for a, b in ((1e3, 999.0), (-1e3, -999.0), (-40.0, 3.0))]),
    ("log(0.3*exp(a) + 0.7*exp(b))", [{"a": 1e3, "b": 990.0}, {"a": -30.0, "b": 3.0}]),
    ("log(1 + exp(a) + exp(b))", [{"a": 1e3, "b": 999.0}, {"a": -40.0, "b": -50.0}]),
    ("exp(a)/(1 + exp(a) + exp(b))", [{"a": 700.0, "b": 0.0}, {"a": 40.0, "b": 1.0}, {"a": -40.0, "b": 50.0}]),
    ("1/(1 + exp(a) + exp(b))", [{"a": 600.0, "b": 0.0}, {"a": 40.0, "b": 1.0}, {"a": -40.0, "b": -50.0}]),
    ("(exp(c) - 1)/(exp(c) + 1)", [{"c": c} for c in (1e-9, 500.0, -50.0)]),
    ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", [{"x": x} for x in (1e-9, 300.0, -50.0)]),
    ("2/(1 + exp(-2*x)) - 1", [{"x": x} for x in (1e-9, 300.0, -50.0)]),
    ("log((exp(x) + exp(-x))/2)", [{"x": x} for x in (1e-8, 1e3, -0.7)]),
    ("log(cosh(x))", [{"x": x} for x in (1e-8, 1e3, -0.7, 1.0)]),
    ("1 - tanh(u)**2", [{"u": 40.0}, {"u": -3.0}]),
    ("sqrt(1 - u**2)", [{"u": 1 - 1e-12}, {"u": 1e-10}, {"u": -0.5}]),
    ("sqrt(1 + u**2)", [{"u": 1e200}, {"u": 1e-10}, {"u": -0.5}]),
    ("log(u + sqrt(u**2 + 1))", [{"u": 1e200}, {"u": 1e-10}, {"u": -1e5}]),
    ("(exp(x) - exp(-x))/2", [{"x": 1e-9}, {"x": 3.0}]),
    ("sqrt(x**2 + y**2 + z**2)", [{"x": 2.0, "y": 1e200, "z": 1e200}, {"x": 1.0, "y": 2.0, "z": 3.0}]),
    ("x*x**0.5", [{"x": 2.0}]),
    ("sqrt(x**4)", [{"x": 2.0}, {"x": -3.0}]),
    ("log(exp(a) - exp(b))", [{"a": 1e3, "b": 999.0}, {"a": -1e3, "b": -1001.0}, {"a": 2.0, "b": 1.0}]),
    ("log(exp(x) - 1)", [{"x": 1e3}, {"x": 1e-10}, {"x": 3.0}]),
    ("log((exp(x) - exp(-x))/2)", [{"x": 1e3}, {"x": 3.0}]),
    ("log((1 + x)/(1 - x))", [{"x": 1e-9}, {"x": -0.999}, {"x": 0.5}]),
    ("log(x + sqrt(x**2 - 1))", [{"x": 1e200}, {"x": 1.5}]),
    ("1/cosh(x)", [{"x": 400.0}, {"x": 1e-8}, {"x": -3.0}]),
    ("3/cosh(x)**2", [{"x": 300.0}, {"x": 1e-8}, {"x": -3.0}]),
    ("x**3/(exp(x) - 1)", [{"x": x} for x in (500.0, 1e-8, 2.0, -40.0)]),
    ("y/(2*(exp(x) - 1))", [{"x": x, "y": 3.0} for x in (500.0, 2.0, -40.0)]),
    ("log(0.5*(1 + erf(x)))", [{"x": x} for x in (-10.0, -30.0, 0.5)]),
    ("0.5*x*(1 + erf(x/1.25))", [{"x": x} for x in (-10.0, -20.0, 0.5, 8.0)]),
    ("log(w*exp(a) + (1 - w)*exp(b))", [{"w": 0.3, "a": a, "b": b} for a, b in ((800.0, 801.0), (-900.0, -901.0))]),
    ("log(v*exp(a) - exp(b)*w/2)", [{"v": 3.0, "w": 0.5, "a": a, "b": b} for a, b in ((900.0, 900.0), (1.0, -800.0))]),
    ("log(w*exp(-a*x**2))", [{"w": 3.0, "a": 2.0, "x": 50.0}, {"w": 1e-3, "a": 1e-5, "x": 3.0}]),
    ("log(exp(a)*exp(b)/y)", [{"a": 800.0, "b": -801.5, "y": 3.0}]),
    ("log(exp(-((x - m)/s)**2/2)/(s*sqrt(2*pi)))", [{"x": 50.0, "m": 1.0, "s": 0.5}]),
    ("log(x/(1 + exp(u)))", [{"x": 2.0, "u": 900.0}, {"x": 2.0, "u": -40.0}]),
    ("log(y*sigmoid(u)/3)", [{"y": 2.0, "u": -900.0}]),
    ("log(1/cosh(x))", [{"x": 900.0}, {"x": -3.0}]),
    ("log(1 - tanh(x)**2)", [{"x": 300.0}, {"x": -3.0}]),
    ("log1p(-tanh(x)**2)", [{"x": 300.0}, {"x": -3.0}]),
    ("log(ndtr(x))", [{"x": x} for x in (-40.0, -200.0, 0.5)]),
    ("log(1 - ndtr(x))", [{"x": x} for x in (30.0, 40.0, -0.5)]),
    ("log1p(-ndtr(x))", [{"x": 40.0}]),
    ("1 - ndtr(x)", [{"x": x} for x in (10.0, 30.0, -0.5)]),
    ("log(y*ndtr(-x)/2)", [{"y": 3.0, "x": 40.0}]),
    ("log(0.5 + 0.5*erf(x))", [{"x": x} for x in (-10.0, -30.0, 0.5)]),
    ("log(abs(gamma(x)))", [{"x": 200.0}, {"x": -1.5}, {"x": 3.2}]),
    ("x/(1 + abs(x))", [{"x": x} for x in (1e8, -1e150, 0.5)]),
    ("sqrt(x**2 + y**2)", [{"x": 3e-310, "y": 4e-310}, {"x": 1e300, "y": -1e300}]),
    ("log(sqrt(x**2 + y**2))", [{"x": 1e200, "y": 2e200}, {"x": 1e-200, "y": -3e-200}]),
    ("log(gamma(x))", [{"x": 200.0}, {"x": 1e-5}, {"x": 3.2}]),
    ("log(y*gamma(x + 1)/gamma(x))", [{"x": 200.0, "y": 3.0}, {"x": 3.2, "y": 3.0}]),
    ("log(beta(x, y))", [{"x": 900.0, "y": 1200.0}, {"x": 0.5, "y": 3.0}]),
    ("sigmoid(x) - 1", [{"x": 50.0}, {"x": -3.0}]),
    ("-1 + erf(x)", [{"x": 8.0}, {"x": -3.0}]),
    ("tanh(x)**2 - 1", [{"x": 300.0}, {"x": 0.5}]),
    ("1 - erfc(x)", [{"x": 1e-9}, {"x": 2.0}]),
    ("0.5 - 0.5*erf(x)", [{"x": 9.0}, {"x": 2.0}]),
    ("1/(1 + 1/exp(x))", [{"x": 600.0}, {"x": -600.0}, {"x": 2.0}]),
    ("sinh(x)/cosh(x)", [{"x": 900.0}, {"x": -0.5}]),
    ("log(abs(sinh(x)))", [{"x": -900.0}, {"x": 1e-9}, {"x": 3.0}]),
]

FUNCTIONS: dict[str, Any] = {
    **{
        name: getattr(mpmath, name)
        for name in ("exp", "log", "sqrt", "tanh", "cosh", "sinh", "erf", "erfc", "gamma", "beta")
    },
    "pi": mpmath.pi,
    "ndtr": lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "log1p": lambda x: mpmath.log(1 + x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
}


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(("program", "points"), POINTS, ids=[each[0] for each in POINTS])
def test_every_digit_is_kept(program: str, points: list[dict[str, float]], style: str, target: str) -> None:
    fn = gradc.compile(program, style=style, target=target)
    with mpmath.workdps(DIGITS), warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        for point in points:
            exact = {name: mpmath.mpf(x) for name, x in point.items()}
            value, grads = fn.value_and_grad(**point)
            assert float(value) == pytest.approx(float(formula(program, exact)), rel=TOL, abs=1e-300)
            for name in point:
                assert float(grads[name]) == pytest.approx(float(slope(program, exact, name)), rel=TOL, abs=1e-300)


def formula(program: str, point: dict[str, Any]) -> Any:
    return eval(program, {**FUNCTIONS, **point})


def slope(program: str, point: dict[str, Any], name: str) -> Any:
    """The central difference at so small a step that nothing of it is left in a float."""
    step = mpmath.mpf(10) ** (-DIGITS // 3) * (abs(point[name]) or 1)
    up, down = (formula(program, {**point, name: point[name] + each}) for each in (step, -step))
    return mpmath.re(up - down) / (2 * step)


# Norms in disguise at the origin, and products of 0 and an infinite slope whose function has a finite one.
AT_ZERO = [
    ("sqrt(x**2 + y**2 + z**2)", {"x": 0.0, "y": 0.0, "z": 0.0}),
    ("x: [3]; sqrt(x @ x)", {"x": np.zeros(3)}),
    ("x: [3]; sqrt(mean(x**2))", {"x": np.zeros(3)}),
    ("x: [3]; w: [3]; sqrt(sum(w*x**2))", {"x": np.zeros(3), "w": np.ones(3)}),
    ("x: [3]; sqrt(mean((x - mean(x))**2))", {"x": np.ones(3)}),
    ("x: [2]; A: [2, 2]; sqrt(x @ A @ x)", {"x": np.zeros(2), "A": np.eye(2)}),
    ("x: [3]; w: [3]; sqrt(sum(w*x*x))", {"x": np.zeros(3), "w": np.ones(3)}),
    ("x: [3]; w: [3]; sqrt(dot(w*x, x))", {"x": np.zeros(3), "w": np.ones(3)}),
    ("sqrt(2*x**2 + 3*y**2)", {"x": 0.0, "y": 0.0}),
    ("x*x**0.5", {"x": 0.0}),
    ("sqrt(x**4)", {"x": 0.0}),
    ("x: [3]; sqrt(einsum('i,i->', x, x))", {"x": np.zeros(3)}),
    ("x: [2, 3]; sum(sqrt(einsum('ij,ij->j', x, x)))", {"x": np.zeros((2, 3))}),
    ("x: [3]; sum(abs(x)**3)**(1/3)", {"x": np.zeros(3)}),
    ("x: [3]; mean(abs(x)**1.5)**(1/1.5)", {"x": np.zeros(3)}),
    ("x: [3]; sqrt(var(x))", {"x": np.ones(3)}),
    ("x: [3]; y: [3]; sqrt(var(x) + var(y)/2)", {"x": np.ones(3), "y": np.ones(3)}),
]


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(("program", "point"), AT_ZERO)
def test_the_slope_at_the_origin_is_0(program: str, point: dict[str, Any], style: str) -> None:
    fn = gradc.compile(program, style=style)
    with np.errstate(all="raise"):
        value, grads = fn.value_and_grad(**point)
    assert value == 0
    for slope in grads.values():
        np.testing.assert_array_equal(slope, np.zeros(np.shape(slope)))


@pytest.mark.parametrize(("program", "_points"), POINTS, ids=[each[0] for each in POINTS])
def test_a_comment_names_the_rewrite_and_literal_gives_it_up(program: str, _points: Any) -> None:
    words = ("overflow", "digits", "norm", "finite", "written out", "as logcosh", "as asinh")
    assert any(word in gradc.compile(program).source for word in words)
    literal = gradc.compile(program, literal=True)
    assert literal.dag.rewrites == {} or "sigmoid" in program or program.startswith("1/")


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_the_heaviest_entry_keeps_the_digits_of_1_less_its_share(style: str) -> None:
    z = np.array([50.0, 0.0, 1.0])
    for program in ("z: [3]; -log_softmax(z)[0]", "z: [3]; logsumexp(z) - z[0]"):
        value, grads = gradc.compile(program, style=style).value_and_grad(z)
        rest = np.exp(-50.0) + np.exp(-49.0)
        assert value == pytest.approx(rest, rel=1e-13)
        np.testing.assert_allclose(grads["z"], [-rest, np.exp(-50.0), np.exp(-49.0)], rtol=1e-13)


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(
    "program",
    [
        "logsumexp(log(w) - (x - m)**2)",
        "logsumexp(-(x - m)**2 + 1 + log(w) - 1)",
        "logsumexp(-((x - m)**2 - log(w)))",
        "sum(logsumexp(log(w)[None, :] - (array([x, x])[:, None] - m[None, :])**2, axis=1))/2",
    ],
)
def test_a_weight_of_0_among_any_terms(program: str, style: str) -> None:
    fn = gradc.compile(f"w: [2]; m: [2]; {program}", style=style, inputs=["w", "x", "m"])
    with np.errstate(all="raise"):
        value, grads = fn.value_and_grad(np.array([0.0, 1.0]), 1.0, np.array([0.0, 1.0]))
    assert (value, grads["x"]) == (0.0, 0.0)
    np.testing.assert_allclose(grads["w"], [np.exp(-1.0), 1.0], rtol=1e-15)
    assert gradc.compile("w: [2]; logsumexp(log(w))", style=style).value_and_grad(np.array([0.0, 2.0]))[1][
        "w"
    ].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_a_weight_of_0_in_a_logsumexp_has_the_slope_of_the_sum(style: str) -> None:
    fn = gradc.compile("w: [3]; v: [3]; logsumexp(log(w) + v)", style=style)
    w, v = np.array([0.0, 0.5, 2.0]), np.array([5.0, 1.0, 2.0])
    with np.errstate(all="raise"):
        value, grads = fn.value_and_grad(w, v)
    total = np.sum(w * np.exp(v))
    assert value == pytest.approx(np.log(total), rel=1e-15)
    np.testing.assert_allclose(grads["w"], np.exp(v) / total, rtol=1e-14)
    np.testing.assert_allclose(grads["v"], w * np.exp(v) / total, rtol=1e-14)


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_ties_go_to_the_first_in_memory_however_axes_are_written(style: str) -> None:
    for axis in ((0, 1), (1, 0), (-1, 0)):
        fn = gradc.compile(f"A: [2, 2]; max(A, axis={axis})", style=style)
        np.testing.assert_array_equal(fn.value_and_grad(np.ones((2, 2)))[1]["A"], [[1, 0], [0, 0]])


@pytest.mark.parametrize(("program", "slope"), [("abs(x)", np.nan), ("sign(x)", 0.0), ("heaviside(x, 0.5)", 0.0)])
@pytest.mark.parametrize("style", ["notes", "fast"])
def test_nan_gives_nan_everywhere(program: str, slope: float, style: str) -> None:
    for target, x in (("numpy", np.nan), ("math", float("nan")), ("numpy", np.array([np.nan]))):
        value, grads = gradc.compile(program, style=style, target=target).value_and_grad(x)
        assert np.all(np.isnan(value))
        np.testing.assert_array_equal(grads["x"], np.full(np.shape(x), slope))


def test_a_name_that_the_program_assigns_is_a_line() -> None:
    source = gradc.compile("k = -b*x; m = -k; a - k + abs(m)").source
    for line in ("k = -bx", "m = -k", "a - k"):
        assert line in source


def test_the_names_that_a_form_takes_in_are_said() -> None:
    fn = gradc.compile("p = x**2; q = y**2; sqrt(p + q)")
    assert "it takes in p and q" in fn.source
    assert [note.message for note in fn.notes] == ["'p' and 'q' have no lines of their own: hypot takes them in"]
    literal = gradc.compile("p = x**2; q = y**2; sqrt(p + q)", literal=True)
    assert "p = x**2" in literal.source
    assert not literal.notes


@pytest.mark.parametrize("axis", ["", ", axis=1", ", axis=0, keepdims=True"])
def test_a_weighted_logsumexp_prints_as_what_is_read_as_one(axis: str) -> None:
    dag = parse(f"x: [3, 2]; w: [3, 2]\nsum(logsumexp(log(w) + x{axis}))")
    assert any(node.op.name == "logsumexp_of" for node in dag.nodes)
    assert unparse(parse(unparse(dag))) == unparse(dag)
