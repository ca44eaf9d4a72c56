"""What a branch does not take adds nothing, whatever stands in it, above it or below it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import standalone

INF, NAN = np.inf, np.nan

# A program, a point with poison on the sides that are not taken, and the gradients there.
TENSORS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    # below sums, slices, transposes, products and joins
    (
        "x: [2, 2]; c: [2]; sum(where(c > 0, sum(log(x), axis=1), 0))",
        {"x": [[1, 2], [-1, 0]], "c": [1, -1]},
        {"x": [[1, 0.5], [0, 0]], "c": [0, 0]},
    ),
    ("x: [3]; m: [2]; sum(where(m > 0, log(x)[1:], 0))", {"x": [-1, 2, 0], "m": [1, 0]}, {"x": [0, 0.5, 0]}),
    (
        "x: [2, 3]; m: [3, 2]; sum(where(m > 0, log(x).T, 0))",
        {"x": [[1, 0, 2], [-1, 4, NAN]], "m": [[1, 0], [0, 1], [1, 0]]},
        {"x": [[1, 0, 0.5], [0, 0.25, 0]]},
    ),
    (
        "x: [4]; m: [2, 2]; sum(where(m > 0, reshape(log(x), (2, 2)), 0))",
        {"x": [1, 0, -1, 2], "m": [[1, 0], [0, 1]]},
        {"x": [1, 0, 0, 0.5]},
    ),
    ("x: [2]; m: [2, 2]; sum(where(m > 0, log(x)[:, None], 0))", {"x": [2, 0], "m": [[1, 1], [0, 0]]}, {"x": [1, 0]}),
    (
        "x: [2, 2]; w: [2]; m: [2]; sum(where(m > 0, sqrt(x) @ w, 0))",
        {"x": [[1, 4], [-1, INF]], "w": [2, 3], "m": [1, 0]},
        {"x": [[1, 0.75], [0, 0]], "w": [1, 2]},
    ),
    (
        "x: [2, 2]; w: [2, 2]; m: [2]; sum(where(m > 0, w @ log(x), 0))",
        {"x": [[1, -1], [2, 0]], "w": [[1, 1], [1, 1]], "m": [1, 0]},
        {"x": [[2, 0], [1, 0]]},
    ),
    (
        "a: [2]; b: [2]; m: [2, 2]; sum(where(m > 0, outer(log(a), b), 0))",
        {"a": [2, 0], "b": [1, 3], "m": [[1, 1], [0, 0]]},
        {"a": [2, 0]},
    ),
    (
        "x: [2]; y: [1]; m: [3]; sum(where(m > 0, concatenate([log(x), 1/y]), 0))",
        {"x": [2, -1], "y": [0], "m": [1, 0, 0]},
        {"x": [0.5, 0], "y": [0]},
    ),
    (
        "x: [2]; y: [2]; m: [2]; sum(where(m > 0, stack([log(x), sqrt(y)]), 0))",
        {"x": [2, -1], "y": [1, 0], "m": [1, 0]},
        {"x": [0.5, 0], "y": [0.5, 0]},
    ),
    (
        "x: [2, 2]; m: [2]; sum(where(m > 0, prod(x, axis=1), 0))",
        {"x": [[2, 3], [INF, NAN]], "m": [1, 0]},
        {"x": [[3, 2], [0, 0]]},
    ),
    (
        "x: [2, 2]; m: [2]; sum(where(m > 0, norm(x, axis=1), 0))",
        {"x": [[3, 4], [INF, NAN]], "m": [1, 0]},
        {"x": [[0.6, 0.8], [0, 0]]},
    ),
    (
        "x: [2, 2]; m: [2]; sum(where(m > 0, logsumexp(x, axis=1), 0))",
        {"x": [[0, 0], [INF, NAN]], "m": [1, 0]},
        {"x": [[0.5, 0.5], [0, 0]]},
    ),
    (
        "x: [2, 2]; w: [2, 2]; m: [2, 1]; sum(where(m > 0, w*softmax(x), 0))",
        {"x": [[0, 0], [INF, NAN]], "w": [[1, -1], [1, 1]], "m": [[1], [0]]},
        {"x": [[0.5, -0.5], [0, 0]]},
    ),
    ("A: [2, 2]; where(s > 0, sum(inv(A)), 0)", {"A": [[1, 1], [1, 1]], "s": -1.0}, {"A": [[0, 0], [0, 0]]}),
    # gates that have a value everywhere, at what has overflown
    ("x: [2]; u = x*x; sum(where(x < 1, cos(u), 0))", {"x": [1e200, 0.5]}, {"x": [0, -np.sin(0.25)]}),
    ("x: [2]; sum(where(abs(x) < 1, tanh(x)*x, 0))", {"x": [INF, 0]}, {"x": [0, 0]}),
    # missing data
    ("x: [2]; y: [2]; sum(where(y == y, (x - y)**2, 0))", {"x": [1, 2], "y": [NAN, 1]}, {"x": [0, 2]}),
    (
        "X: [2, 2]; w: [2]; y: [2]; sum(where(y == y, (X @ w - y)**2, 0))",
        {"X": [[NAN, 1], [1, 2]], "w": [1, 1], "y": [NAN, 1]},
        {"w": [4, 8]},
    ),
    # pieces of one value, taken in different ways
    (
        "x: [4]; m: [2]; a, b = split(log(x), 2); sum(where(m > 0, a, 0)) + sum(b)",
        {"x": [0, 2, 4, 8], "m": [0, 1]},
        {"x": [0, 0.5, 0.25, 0.125]},
    ),
    ("x: [2]; l = log(x); l[0] + where(s > 0, l[1], 0)", {"x": [2, 0], "s": -1}, {"x": [0.5, 0]}),
    ("x: [2]; c: [2]; sum(where(c > 0, [1/x[0], (1/x)[1]], 0))", {"x": [2, 0], "c": [1, -1]}, {"x": [-0.25, 0]}),
    # what makes a safe number one that is not
    ("x: [3]; sum(where(x < 0, (-x)**2.5*x, x))", {"x": [-1, 1, 40]}, {"x": [3.5, 1, 1]}),
    ("x: [2]; sum(where(x < 0, log(-x) + x, x))", {"x": [-1, 1]}, {"x": [0, 1]}),
    # a number on a side of an array's condition
    ("x: [2]; s: [1]; sum(where(x > 0, log(s[0]), x))", {"x": [-1, -2], "s": [0]}, {"x": [1, 1], "s": [0]}),
]


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(("program", "point", "slopes"), TENSORS, ids=[each[0] for each in TENSORS])
def test_nothing_comes_of_a_side_that_is_not_taken(
    program: str, point: dict[str, Any], slopes: dict[str, Any], style: str
) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    given = {name: np.array(value, dtype=float) if np.ndim(value) else value for name, value in point.items()}
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        value, cache = module.forward(**given)
        for got in (module.value_and_grad(**given)[1], module.backward(cache), fn.value_and_grad(**given)[1]):
            for name, slope in slopes.items():
                np.testing.assert_allclose(got[name], slope, rtol=1e-15)
    assert np.isfinite(value)


# The condition looks at the value itself, or a kink drops what a steep slope sends it: a point, its gradients.
OWN = [
    ("l = log(p); where(l > -100, l, -100)", {"p": 0.0}, {"p": 0.0}),
    ("q = x/y; where(q < 10, q, 0)", {"x": 1.0, "y": 0.0}, {"x": 0.0, "y": 0.0}),
    ("v = exp(x); where(v < 9, v, 0)", {"x": 1e3}, {"x": 0.0}),
    ("v = x*y; where(v == v, v, 0)", {"x": NAN, "y": 2.0}, {"x": 0.0, "y": 0.0}),
    ("where(y > 0, where(x*y > 0, sin(exp(-1000*(x*y))), x*y), 0)", {"x": -5.0, "y": 2.0}, {"x": 2.0, "y": 5.0}),
    ("v = sin(x); where(v < 2, v, 0)", {"x": NAN}, {"x": 0.0}),
    ("sqrt(max(0, x))", {"x": -1.0}, {"x": 0.0}),
    ("acos(clip(x, -1, 1))*y", {"x": 2.0, "y": 3.0}, {"x": 0.0, "y": 0.0}),
    ("where(x > 0, acos(sign(z)), z)", {"x": 1.0, "z": 2.0}, {"x": 0.0, "z": 0.0}),
    ("sqrt(1 - min(x**2, 1)) + x", {"x": 2.0}, {"x": 1.0}),
    ("acos(clip(x, -1, 1))", {"x": -2.0}, {"x": 0.0}),
    ("sqrt(relu(x) + relu(y))", {"x": -1.0, "y": -2.0}, {"x": 0.0, "y": 0.0}),
    ("min(1/x, 3)", {"x": 0.0}, {"x": 0.0}),
    ("clip(log(p), -10, 0)", {"p": 0.0}, {"p": 0.0}),
    ("max(sqrt(x), 1)", {"x": -0.0}, {"x": 0.0}),
    ("t = acos(c); where(t == t, t, 0)", {"c": 1.5}, {"c": 0.0}),
    ("p = x**y; where(p < 100, p, 100)", {"x": 0.0, "y": -2.0}, {"x": 0.0, "y": 0.0}),
    ("where(log(p) > -100, p, 2*p)", {"p": 0.0}, {"p": 2.0}),
    ("s = sin(1/x); where(abs(s) <= 1, s, x)", {"x": 0.0}, {"x": 1.0}),
    ("min(x**2, y)", {"x": 1e200, "y": 1.0}, {"x": 0.0, "y": 1.0}),
]


def passes(module: Any, point: dict[str, Any]) -> Any:
    _, cache = module.forward(**point)
    return module.backward(cache)


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(("program", "point", "slopes"), OWN)
def test_a_condition_on_the_value_itself_and_a_kink_that_drops(
    program: str, point: dict[str, float], slopes: dict[str, float], style: str
) -> None:
    number = gradc.compile(program, style=style, target="math")
    text = standalone(number.source, "math")
    for grads in (number.value_and_grad(**point)[1], text.value_and_grad(**point)[1], passes(text, point)):
        assert {name: abs(grads[name]) for name in slopes} == slopes
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    for given in (point, {name: np.full(3, value) for name, value in point.items()}):
        with np.errstate(all="ignore"):
            _, cache = module.forward(**given)
        with np.errstate(all="raise", under="ignore"):
            grads = [module.backward(cache)]
        with np.errstate(all="ignore"):
            grads += [module.value_and_grad(**given)[1], fn.value_and_grad(**given)[1]]
        for got in grads:
            for name, slope in slopes.items():
                np.testing.assert_array_equal(np.abs(got[name]), np.full(np.shape(given[name]), slope))


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(
    ("program", "shape"),
    [
        ("x: [4]; m: [3]; i: int[3]; sum(where(m > 0, log(x)[i], 0))", (4,)),
        ("x: [4]; m: [3]; i: int[3]; sum(where(m > 0, log(x[i]), 0))", (4,)),
        ("x: [3, 4]; m: [3]; i: int[3]; sum(where(m > 0, log(x)[arange(3), i], 0))", (3, 4)),
    ],
)
def test_what_is_gathered_is_needed_where_it_is_taken(program: str, shape: tuple[int, ...], style: str) -> None:
    fn = gradc.compile(program, wrt=["x"], style=style)
    x = np.broadcast_to([1.0, 0.0, -1.0, 2.0], shape)
    with np.errstate(all="raise"):
        value, grads = fn.value_and_grad(x=x, m=np.array([1.0, 0.0, 0.0]), i=np.array([3, 1, 2]))
    assert value == np.log(2.0)
    assert grads["x"].sum() == grads["x"].reshape(-1)[3] == 0.5


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_a_value_of_many_sides(style: str) -> None:
    fn = gradc.compile("r = log(x); " + " + ".join(f"where(x > {k}, r*{k}, 0)" for k in range(1, 70)), style=style)
    with np.errstate(all="raise"):
        for x, slope in ((np.array([-1.0, 0.0, 3.5]), [0.0, 0.0, 6 / 3.5]), (-1.0, 0.0), (3.5, 6 / 3.5)):
            np.testing.assert_allclose(fn.value_and_grad(x)[1]["x"], slope, rtol=1e-15)


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("sides", [2, 16, 17, 40])
def test_a_number_of_many_sides_is_not_computed_outside_of_them(style: str, sides: int) -> None:
    terms = " + ".join(f"where(x > {k}, r*{k}, {k})" for k in range(1, sides + 1))
    module = standalone(gradc.compile(f"r = sqrt(x); {terms}", style=style, target="math").source, "math")
    assert module.value_and_grad(-1.0) == (sides * (sides + 1) / 2, {"x": 0.0})
    value, grads = module.value_and_grad(2.25)
    assert (value, grads["x"]) == (3 * 1.5 + sides * (sides + 1) / 2 - 3, 1.0)


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("x: [n]; sum(where(x > 0, log(x), 0))", "safex = np.where(x > 0, x, 1.0)"),
        ("x: [n]; sum(where(x < 1, sqrt(1 - x**2), 0))", "safex = np.where(x < 1, x, 0.0)"),
        ("x: [n]; y: [n]; sum(where(y == y, (x - y)**2, 0))", "safe = np.where(y == y, xmy, 1.0)"),
    ],
)
def test_what_enters_is_made_safe_once(program: str, text: str) -> None:
    source = gradc.compile(program).source
    assert text in source
    lines = [line for line in source.splitlines() if "np.where(" in line and not line.strip().startswith("#")]
    assert len(lines) == 3, lines  # what enters, the branch, and its mask on the way back


def test_a_value_that_both_sides_need_has_no_mask() -> None:
    source = gradc.compile("x: [n]; r = exp(x); sum(where(x > 0, r**2, log(r)))").source
    assert "r = np.exp(x)" in source
    assert "np.logical_or" not in source


def test_an_argument_without_elements_needs_nothing_in_particular() -> None:
    fn = gradc.compile(
        "sum(heaviside(concatenate((y, h)), 0.5)*2 + where(concatenate((y, h)) > 1, 1, 2))",
        shapes={"y": (0,), "h": (2,)},
    )
    value, grads = fn.value_and_grad(np.zeros(0), np.array([1.5, -1.0]))
    assert (value, grads["y"].shape) == (5.0, (0,))


def test_a_condition_that_is_a_number_takes_its_side() -> None:
    fn = gradc.compile("sum(where(not 1, exp(z), s))", shapes={"z": (2,), "s": (2,)})
    assert not any("exp(" in line for _, line in fn.stages)
    value, grads = fn.value_and_grad(np.array([1e6, 1.0]), np.array([1.0, 2.0]))
    assert (value, grads["z"].tolist(), grads["s"].tolist()) == (3.0, [0.0, 0.0], [1.0, 1.0])


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_what_a_condition_looks_at_is_computed_in_silence(style: str) -> None:
    fn = gradc.compile("l = log(p); where(l > -100, l, -100)", style=style)
    module = standalone(fn.source)
    with np.errstate(all="raise"):
        for p in (0.0, np.array([0.0, 1.0])):
            for value in (module.value_and_grad(p)[0], module.forward(p)[0], fn(p), fn.value_and_grad(p)[0]):
                assert np.min(value) == -100.0
    assert "@np.errstate" not in gradc.compile("where(p > 0, log(p), -100)", style=style).source


# Tangents and second derivatives at the same points: the value, the tangent, and the Hessian times a vector.
MODES = [
    ("sqrt(max(0, x))", -1.0),
    ("acos(clip(x, -1, 1))", -3.0),
    ("acos(clip(x, -1, 1))", 2.0),
    ("sqrt(1 - min(x**2, 1))", 2.0),
    ("where(x > 0, log(x)*x, 0)", -1.0),
    ("l = log(x); max(l, 0)", 0.0),
]


@pytest.mark.parametrize(("program", "x"), MODES)
def test_tangents_and_second_derivatives_are_spared_too(program: str, x: float) -> None:
    fn = gradc.compile(program)
    with np.errstate(all="raise", under="ignore"):
        assert fn.jvp(x=x, x_dot=1.0)[1] == 0.0
        _, grads, curves = fn.hvp(x=x, x_dot=1.0)
        assert grads["x"] == curves["x"] == 0.0


@pytest.mark.parametrize("kind", [float, np.float32])
def test_nan_to_num_is_numpys(kind: Any) -> None:
    x = np.array([1.0, np.nan, np.inf, -np.inf, 2.0], kind)
    value, grads = gradc.compile("x: [n]; np.nan_to_num(x)").value_and_grad(x, df=np.ones(5, kind))
    np.testing.assert_array_equal(value, np.nan_to_num(x))
    np.testing.assert_array_equal(grads["x"], [1.0, 0.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize("value", ["x/norm(x)", "x*(1/np.sum(x))", "x*log(sum(x))", "x/sum(x)"])
@pytest.mark.parametrize("style", ["notes", "fast"])
def test_an_infinite_number_counts_at_no_element_that_is_left_out(value: str, style: Any) -> None:
    fn = gradc.compile(f"x: [3]; v = {value}; sum(where(v != v, 0, v))", style=style)
    with np.errstate(all="ignore"):
        for call in (fn.value_and_grad, fn.module.value_and_grad):
            _, grads = call(np.zeros(3))
            np.testing.assert_array_equal(grads["x"], 0.0)


def test_a_mask_of_a_square_product_is_not_that_of_its_factors() -> None:
    fn = gradc.compile("x: [2, 2]; A: [2, 2]\nb = x @ A\nsum(where(b < A, 1.0, b @ A))", wrt=["x"])
    A = np.array([[-0.923, -1.363], [0.711, -0.329]])
    grads = fn.value_and_grad(np.array([[1.235, -0.075], [0.149, 1.397]]), A)[1]
    np.testing.assert_allclose(grads["x"], np.array([[0.0, 0.0], A @ A[:, 0]]), rtol=1e-14)


def test_a_condition_that_is_a_side_has_the_precision_of_an_input_of_another_shape() -> None:
    fn = gradc.compile(
        "rate = w[:, 0, :-1]; where(m > 0, z, rate > 0)", shapes={"w": (4, 1, 5), "m": (4, 4), "z": (4, 4)}
    )
    rng = np.random.default_rng(0)
    at = {"w": rng.normal(size=(4, 1, 5)), "m": rng.normal(size=(4, 4)), "z": rng.normal(size=(4, 4))}
    value, grads = fn.value_and_grad(**at, df=np.ones((4, 4)))
    np.testing.assert_array_equal(value, np.where(at["m"] > 0, at["z"], at["w"][:, 0, :-1] > 0))
    np.testing.assert_array_equal(grads["z"], at["m"] > 0)
    assert not grads["w"].any()


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("numbers", ["0, -inf", "inf, 0", "1, nan", "nan, -inf"])
def test_numbers_that_are_not_finite_are_chosen_in_the_module_too(numbers: str, target: str, style: Any) -> None:
    fn = gradc.compile(f"exp(x)*where(x > 0, {numbers})", target=target, style=style)
    for x, chosen in zip((1.0, -1.0), map(float, numbers.split(",")), strict=True):
        want = np.exp(x) * chosen
        value, grads = standalone(fn.source).value_and_grad(x)
        np.testing.assert_array_equal([value, grads["x"]], [want, want])
