"""One parameter vector: what a solver hands in and takes out, and SciPy's solvers on top of it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import gradc

LOSS = "a: [2]; X: [n, 2]; y: [n]\nsum((X @ a + b - y)**2)"
ROSENBROCK = "x: [n]\nsum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
X, Y = np.array([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0]]), np.array([1.0, 2.0, 3.0])


def test_packing_and_unpacking_are_inverse() -> None:
    flat = gradc.compile(LOSS).flat(["b", "a"], X=X, y=Y)
    p = flat.pack({"a": [1.0, 2.0]}, b=3.0)
    assert p.tolist() == [3.0, 1.0, 2.0]  # in the order of wrt
    assert flat.unpack(p)["b"] == 3.0
    assert flat.pack(flat.unpack(p)).tolist() == p.tolist()
    with pytest.raises(ValueError, match=r"a: shape \(2,\) is expected, not \(3,\)"):
        flat.pack(a=[1.0, 2.0, 3.0], b=0.0)
    with pytest.raises(TypeError, match="parameter 'b' is missing; b, a expected"):
        flat.pack(a=[1.0, 2.0])
    with pytest.raises(TypeError, match="no parameter 'c'"):
        flat.pack(a=[1.0, 2.0], b=0.0, c=1.0)
    with pytest.raises(ValueError, match=r"a vector of 3 parameters \(b, a\(2,\)\) is expected"):
        flat.value([1.0])


def test_the_functions_of_a_vector_are_those_of_the_names() -> None:
    fn = gradc.compile(LOSS)
    flat = fn.flat(["a", "b"], X=X, y=Y)
    p, v = np.array([0.3, -0.2, 0.7]), np.array([1.0, -1.0, 0.5])
    value, grads = fn.value_and_grad(a=p[:2], b=0.7, X=X, y=Y)
    got, gradient = flat.value_and_grad(p)
    assert isinstance(got, float)
    assert got == pytest.approx(float(value), rel=1e-15)
    assert got == flat.value(p) == flat(p)
    np.testing.assert_allclose(gradient, [*grads["a"], grads["b"]], rtol=1e-14)
    np.testing.assert_allclose(flat.grad(p), gradient)
    hessian = flat.hessian(p)
    assert np.array_equal(hessian, hessian.T)
    np.testing.assert_allclose(flat.hvp(p, v), hessian @ v, rtol=1e-13)
    np.testing.assert_allclose(flat.jacobian(p), [gradient], rtol=1e-13)
    design = np.column_stack([X, np.ones(3)])
    np.testing.assert_allclose(hessian, 2 * design.T @ design, rtol=1e-13)


def test_sizes_come_from_the_data_or_from_an_array_like_it() -> None:
    fn = gradc.compile(ROSENBROCK)
    with pytest.raises(gradc.GradcError, match="the size 'n' of 'x'"):
        fn.flat()
    assert fn.flat(like={"x": np.zeros(4)}).size == 4
    layer = gradc.compile("W: [k, d]; x: [d]; t: [k]\nsum((tanh(W @ x) - t)**2)")
    assert layer.flat("W", x=np.ones(3), t=np.ones(2)).shapes == {"W": (2, 3)}


def test_names_that_do_not_fit_are_refused() -> None:
    fn = gradc.compile("x*y")
    with pytest.raises(gradc.GradcError, match="no input 'z'"):
        fn.flat(["z"])
    with pytest.raises(gradc.GradcError, match="'x' is in wrt, and given as data"):
        fn.flat(["x"], x=1.0)
    with pytest.raises(TypeError, match="input 'y' is missing: it is neither in wrt nor given as data"):
        fn.flat(["x"]).value([1.0])
    assert fn.flat(["x"]).value([2.0], y=4.0) == 8.0


def test_what_is_no_number_has_a_jacobian_and_no_gradient() -> None:
    flat = gradc.compile("b1*(1 - exp(-b2*x)) - y").flat(["b1", "b2"], x=np.linspace(1, 2, 4), y=np.ones(4))
    assert flat.value([1.0, 2.0]).shape == (4,)
    assert flat.jacobian([1.0, 2.0]).shape == (4, 2)
    with pytest.raises(gradc.GradcError, match="it has no gradient"):
        flat.grad([1.0, 2.0])
    two = gradc.compile("x*y, x + y, sin(x)").flat()
    assert two.value([1.0, 2.0]).tolist() == [2.0, 3.0, np.sin(1.0)]
    assert two.jacobian([1.0, 2.0]).tolist() == [[2.0, 1.0], [1.0, 1.0], [np.cos(1.0), 0.0]]
    with pytest.raises(gradc.GradcError, match="is not one number"):
        two.hessian([1.0, 2.0])


def test_a_vector_is_neither_kept_nor_written_to() -> None:
    flat = gradc.compile(ROSENBROCK).flat(like={"x": np.zeros(5)})
    p = np.linspace(-1.0, 1.0, 5)
    p.flags.writeable = False
    one = flat.grad(p)
    two = flat.grad(p)
    assert not np.shares_memory(one, two)
    assert not np.shares_memory(flat.unpack(p)["x"], p)


# ---- SciPy -------------------------------------------------------------------------------------


@pytest.fixture
def optimize() -> Any:
    return pytest.importorskip("scipy.optimize")


@pytest.mark.parametrize("method", ["BFGS", "Newton-CG", "trust-ncg", "trust-krylov", "trust-exact"])
def test_minimize(optimize: Any, method: str) -> None:
    flat = gradc.compile(ROSENBROCK).flat(like={"x": np.zeros(6)})
    more = {} if method == "BFGS" else {"hess": flat.hessian} if method == "trust-exact" else {"hessp": flat.hvp}
    found = optimize.minimize(flat.value_and_grad, np.full(6, -0.5), jac=True, method=method, **more)
    np.testing.assert_allclose(found.x, 1.0, atol=1e-4)


def test_least_squares_and_curve_fit(optimize: Any) -> None:
    x = np.linspace(0.0, 4.0, 30)
    y = 2.5 * np.exp(-1.3 * x) + 0.5
    flat = gradc.compile("a*exp(-b*x) + c - y").flat(["a", "b", "c"], x=x, y=y)
    found = optimize.least_squares(flat.value, [1.0, 1.0, 0.0], jac=flat.jacobian)
    np.testing.assert_allclose(found.x, [2.5, 1.3, 0.5], rtol=1e-8)
    model = gradc.compile("exp(-x)**b*a + c")
    assert model.inputs == ("x", "b", "a", "c")
    rows = model.flat(["b", "a", "c"], x=x)
    best, _ = optimize.curve_fit(model, x, y, p0=[1.0, 1.0, 0.0], jac=lambda _, *p: rows.jacobian(p))
    np.testing.assert_allclose(best, [1.3, 2.5, 0.5], rtol=1e-8)


def test_root(optimize: Any) -> None:
    flat = gradc.compile("x + 0.5*(x - y)**3 - 1, 0.5*(y - x)**3 + y").flat()
    found = optimize.root(flat.value, [0.0, 0.0], jac=flat.jacobian)
    np.testing.assert_allclose(found.x, [0.8411639, 0.1588361], rtol=1e-6)


def test_solve_ivp() -> None:
    integrate = pytest.importorskip("scipy.integrate")
    robertson = "-0.04*a + 1e4*b*c, 0.04*a - 1e4*b*c - 3e7*b**2, 3e7*b**2"
    flat = gradc.compile(robertson).flat(["a", "b", "c"])
    found = integrate.solve_ivp(
        lambda t, y: flat.value(y), (0, 40), [1, 0, 0], "BDF", jac=lambda t, y: flat.jacobian(y), rtol=1e-8, atol=1e-10
    )
    np.testing.assert_allclose(found.y[:, -1], [0.7158, 9.185e-6, 0.2842], rtol=1e-3)


@pytest.mark.parametrize("n", [2, 5, 9])
@pytest.mark.parametrize("target", ["numpy", "math"])
def test_numbers_come_from_the_vector_and_go_into_one(n: int, target: str) -> None:
    """In one function of their own, which leaves to the others what is no vector of doubles of the right size."""
    names = [f"a{i}" for i in range(n)]
    fn = gradc.compile(" + ".join(f"{x}*sin({y})" for x, y in itertools.pairwise([*names, "p", *names])), target=target)
    order = [*reversed(names), "p"]
    flat = fn.flat(order)
    at = np.linspace(0.3, 1.7, n + 1)
    value, grads = fn.value_and_grad(**dict(zip(order, at.tolist(), strict=True)))
    for given in (at, at.tolist(), np.repeat(at, 2)[::2]):
        found = flat.value_and_grad(given)
        assert type(found[0]) is float
        assert found[0] == pytest.approx(value, rel=1e-14)
        assert found[1].tolist() == pytest.approx([grads[name] for name in order], rel=1e-13)
    assert flat.value_and_grad(at)[1] is not flat.value_and_grad(at)[1]
    assert flat.value_and_grad(at.astype(np.float32))[1].dtype == np.float64
    whole = flat.value_and_grad(np.arange(n + 1))
    assert whole[1].tolist() == pytest.approx(flat.grad([float(i) for i in range(n + 1)]).tolist())
    for bad in (at[1:], np.append(at, 1.0), at[None], at[:, None], 1.0, at[:0]):
        with pytest.raises(ValueError, match="a vector of"):
            flat.value_and_grad(bad)


def test_what_raises_in_math_is_numpys_in_a_vector_too() -> None:
    flat = gradc.compile("log(x) + y").flat(["x", "y"])
    with np.errstate(all="ignore"):
        value, grad = flat.value_and_grad(np.array([0.0, 1.0]))
    assert value == -math.inf
    assert grad.tolist() == [math.inf, 1.0]
    with pytest.raises((ValueError, ZeroDivisionError)):
        gradc.compile("log(x) + y", target="math").flat(["x", "y"]).value_and_grad(np.array([0.0, 1.0]))
