"""Every derivative of programs of arrays: tangents, products with the Hessian, Jacobians; traces and checks of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc

RNG = np.random.default_rng(11)

PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "gather": (
        "W: [5, 4]; x: [3]; sum(tanh(W[x])**2) + W[x[0], 2]**3",
        {"W": RNG.normal(size=(5, 4)), "x": [1, 3, 1]},
    ),
    "labels": (
        "S: [n, c]; y: [n]; -mean(log_softmax(S)[np.arange(n), y])",
        {"S": RNG.normal(size=(3, 4)), "y": [1, 3, 0]},
    ),
    "cumsum": ("x: [n]; sum(cumsum(x**2)**2)", {"x": RNG.normal(size=4)}),
    "cumprod": ("x: [n]; sum(cumprod(x)**2)", {"x": RNG.normal(size=4)}),
    "roll": ("x: [n]; sum((np.roll(x, 1) - x)**4)", {"x": RNG.normal(size=4)}),
    "einsum": (
        "A: [n, m]; B: [m, k]; sum(np.einsum('ij,jk->ik', A, B)**2)",
        {"A": RNG.normal(size=(2, 3)), "B": RNG.normal(size=(3, 2))},
    ),
    "split": ("a: [2, 6]\np, q, r = np.split(a, 3, axis=1)\nsum(p*q*sin(r))", {"a": RNG.normal(size=(2, 6))}),
    "moments": ("x: [n]; std(x)**2*var(x, ddof=1)", {"x": RNG.normal(size=4)}),
    "conv2d": (
        "X: [1, 2, 5, 5]; W: [2, 2, 3, 3]; b: [2]; sum(tanh(conv2d(X, W, b, stride=2, padding=1))**2)",
        {"X": RNG.normal(size=(1, 2, 5, 5)), "W": RNG.normal(size=(2, 2, 3, 3)), "b": RNG.normal(size=2)},
    ),
    "pool": ("X: [1, 2, 4, 4]; sum(max_pool2d(X, 2)**2)", {"X": RNG.normal(size=(1, 2, 4, 4))}),
    "kron": ("x: [n]; y: [m]; sum(np.kron(x, y)**3)", {"x": RNG.normal(size=3), "y": RNG.normal(size=2)}),
    "cross": ("x: [3]; y: [3]; sum(np.cross(x, y)**3)", {"x": RNG.normal(size=3), "y": RNG.normal(size=3)}),
    "convolve": ("x: [n]; y: [m]; sum(np.convolve(x, y)**3)", {"x": RNG.normal(size=4), "y": RNG.normal(size=2)}),
    "diag": (
        "M: [n, n]; v: [n]; sum((M @ np.diag(v))**2) + sum(np.diag(M)**3) + sum(np.tril(M)**2)",
        {"M": RNG.normal(size=(3, 3)), "v": RNG.normal(size=3)},
    ),
    "sort": ("x: [n]; sum(np.sort(x)**2*np.arange(n))", {"x": RNG.normal(size=4)}),
    "repeated": (
        "x: [n]; sum(np.tile(x, 2)**2*np.arange(2*n)) + sum(np.repeat(x, 2)**3) + sum(np.pad(x, 1)**2)",
        {"x": RNG.normal(size=3)},
    ),
    "tensordot": (
        "A: [n, m]; B: [m, k]; sum(np.tensordot(A, B, 1)**2)",
        {"A": RNG.normal(size=(2, 3)), "B": RNG.normal(size=(3, 2))},
    ),
    "rotation": (
        "x: [2]; sum((np.array([[cos(t), -sin(t)], [sin(t), cos(t)]]) @ x)**3)",
        {"x": RNG.normal(size=2), "t": 0.4},
    ),
}


def moved(fn: gradc.Function, point: dict[str, Any], step: float, along: dict[str, Any]) -> Any:
    """The gradient at a point that is moved, in a row."""
    _, grads = fn.value_and_grad(**{k: v + step * along[k] if k in along else v for k, v in point.items()})
    return np.concatenate([np.ravel(grads[name]) for name in fn.wrt])


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives_of_every_kind_agree(name: str) -> None:
    text, point = PROGRAMS[name]
    fn = gradc.compile(text)
    along = {name: RNG.normal(size=np.shape(point[name]))[()] for name in fn.wrt}
    dots = {f"{name}_dot": each for name, each in along.items()}
    gradient, h = moved(fn, point, 0.0, along), 1e-5
    second = (moved(fn, point, h, along) - moved(fn, point, -h, along)) / (2 * h)
    way = np.concatenate([np.ravel(along[name]) for name in fn.wrt])
    _, tangent = fn.jvp(**point, **dots)
    assert tangent == pytest.approx(gradient @ way, rel=1e-11)
    _, grads, grads_dot = fn.hvp(**point, **dots)
    np.testing.assert_allclose(np.concatenate([np.ravel(grads[each]) for each in fn.wrt]), gradient, rtol=1e-11)
    found = np.concatenate([np.ravel(grads_dot[each]) for each in fn.wrt])
    np.testing.assert_allclose(found, second, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fn.hessian(**point).dense() @ way, second, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.ravel(fn.jacobian(**point).dense()), gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_gradient_is_sympys(name: str) -> None:
    text, _ = PROGRAMS[name]
    said = str(gradc.compile(text).check(points=1)).splitlines()[0]
    # Of many elements SymPy takes a sample, and the headline says how many.
    assert said.startswith("pass: the staged gradient is SymPy's") or (
        name == "sort" and "agrees with differences" in said
    )


def test_a_trace_has_the_lines_of_the_module() -> None:
    text, point = PROGRAMS["labels"]
    fn = gradc.compile(text)
    trace = fn.trace(**point)
    assert [row.text for row in trace.forward] == [line for _, line in fn.stages]
    assert any("+=" in row.text and "np.arange" in row.text for row in trace.backward)


def test_what_comes_back_to_the_pieces_of_an_array_is_joined_in_one_line() -> None:
    source = gradc.compile("a: [n, 4*H]\ni, f, o, g = np.split(a, 4, axis=1)\nsum(i*f*o*tanh(g))").source
    assert "da = np.concatenate([di, df_, do, dg], axis=1)" in source.replace("df2", "df_")
    part = gradc.compile("a: [6]\np, q = np.split(a, [2])\nsum(q**2)").source
    assert "da[2:6] += " in part


@pytest.mark.parametrize("program", ["x: [b, t, d]; w: [d]\nsum((x @ w)**2)", "x: [2, 3, 0]; w: [0]\nsum((x @ w)**2)"])
def test_batched_products_over_an_axis_without_elements(program: str) -> None:
    fn = gradc.compile(program)
    x, w = np.ones((2, 3, 0)), np.ones(0)
    value, grads = fn.value_and_grad(x, w)
    assert value == 0.0
    assert (grads["x"].shape, grads["w"].shape) == (x.shape, w.shape)
    assert fn.hvp(x, w, x, w)[2]["w"].shape == (0,)


def test_an_input_called_like_a_tangent_of_another_s_adjoint_has_a_name_of_its_own() -> None:
    fn = gradc.compile("x: [n]; x_dot: [n]; dx_x: [n]\nsum(x*x_dot*dx_x)", also=("hvp",))
    x, y, z = (RNG.normal(size=3) for _ in range(3))
    u, v, w = (RNG.normal(size=3) for _ in range(3))
    want = {"x": v * z + y * w, "x_dot": u * z + x * w, "dx_x": u * y + x * v}
    space: dict[str, Any] = {}
    exec(compile(fn.source, "<emitted>", "exec"), space)  # the compiler's text, in a test
    for function in (fn.hvp, space["hvp"]):
        curves = function(x, y, z, u, v, w)[2]
        for name, each in want.items():
            np.testing.assert_allclose(curves[name], each, rtol=1e-12)


def test_a_tangent_of_an_adjoint_that_is_still_smaller_than_its_value() -> None:
    fn = gradc.compile("w: [2, 3]; y: [1]; a = cbrt(w) + w/y; sum(a)", also="hvp")
    w, y, w_dot, y_dot = np.arange(1.0, 7.0).reshape(2, 3), np.array([1.5]), np.ones((2, 3)), np.array([0.5])
    _, _, dots = fn.hvp(w, y, w_dot, y_dot)
    np.testing.assert_allclose(dots["w"], -2 / 9 * w ** (-5 / 3) - 0.5 / y**2, rtol=1e-14)
    np.testing.assert_allclose(dots["y"], np.sum(-w_dot / y**2 + 2 * w / y**3 * y_dot, keepdims=True)[0], rtol=1e-14)
