"""Determinants by their logarithm, triangular factors, the pseudoinverse: values, gradients, and those of gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.base.errors import GradcError

RNG = np.random.default_rng(3)
N = 4


def regular(*lead: int) -> np.ndarray:
    return RNG.normal(size=(*lead, N, N)) + 3.0 * np.eye(N)


def positive(*lead: int) -> np.ndarray:
    x = RNG.normal(size=(*lead, N, N))
    return x @ np.swapaxes(x, -1, -2) + N * np.eye(N)


def slopes(function: Callable[[np.ndarray], float], x: np.ndarray, h: float = 1e-3) -> np.ndarray:
    """Richardson's extrapolation of difference quotients, element by element."""
    out = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        unit = np.zeros(x.shape)
        unit[at] = h
        near, far = (function(x + k * unit) - function(x - k * unit) for k in (1, 2))
        out[at] = (8 * near - far) / (12 * h)
    return out


W = RNG.normal(size=(N, N))
PROGRAMS: list[tuple[str, Any]] = [
    ("A: [4, 4]\nlogdet(A)", regular()),
    ("A: [4, 4]\nlog(det(A))", regular()),
    ("A: [4, 4]\nlog(abs(det(A)))", -regular()),
    ("A: [4, 4]\nsign, ld = np.linalg.slogdet(A)\nsign*ld", regular()),
    ("A: [2, 4, 4]\nsum(logdet(A)*logdet(A))", regular(2)),
    ("A: [4, 4]\nsum(sin(pinv(A)))", regular()),
    ("A: [5, 3]\nsum(sin(pinv(A)))", RNG.normal(size=(5, 3))),
    ("A: [3, 5]\nsum(sin(np.linalg.pinv(A)))", RNG.normal(size=(3, 5))),
    ("A: [4, 4]\nsum(solve_triangular(A, [1.0, 2.0, 3.0, 4.0])**2)", regular()),
    ("A: [4, 4]\nsum(scipy.linalg.solve_triangular(A, A.T @ A, lower=True)**2)", regular()),
    ("A: [2, 4, 4]\nsum(solve_triangular(A, A**2, lower=True)**2)", regular(2)),
    ("A: [4, 4]\nsum(sin(cholesky(A @ A.T + 4*eye(4))))", regular()),
    ("A: [2, 4, 4]\nsum(sin(np.linalg.cholesky(A @ transpose(A, (0, 2, 1)) + 9*eye(4))))", regular(2)),
    ("A: [4, 4]\nsum(sin(scipy.linalg.expm(A)))", RNG.normal(size=(N, N))),
    ("A: [2, 4, 4]\nsum(sin(scipy.linalg.expm(4*A)/30))", RNG.normal(size=(2, N, N))),
    ("A: [4, 4]\nsum(sin(np.linalg.eigvalsh(A + A.T)))", regular()),
    ("A: [2, 4, 4]\nw, V = np.linalg.eigh(A + A.swapaxes(1, 2))\nsum(sin(V*w[:, None])*V[:, ::-1]**2)", regular(2)),
    ("A: [1, 1]\nlogdet(A) + sum(cholesky(A*A)) + sum(pinv(A))", np.array([[1.5]])),
]


@pytest.mark.parametrize(("program", "x"), PROGRAMS, ids=[program for program, _ in PROGRAMS])
@pytest.mark.parametrize("style", ["notes", "fast"])
def test_gradients_are_difference_quotients(program: str, x: np.ndarray, style: str) -> None:
    fn = gradc.compile(program, style=style)
    value, grads = fn.value_and_grad(x)
    assert float(value) == pytest.approx(float(fn(x)), rel=1e-12)
    want = slopes(lambda moved: float(fn(moved)), x)
    np.testing.assert_allclose(grads["A"], want, rtol=1e-6, atol=1e-7 * np.max(np.abs(want)))


@pytest.mark.parametrize(
    ("program", "x"), PROGRAMS[:1] + PROGRAMS[5:17], ids=[p for p, _ in PROGRAMS[:1] + PROGRAMS[5:17]]
)
def test_products_with_the_hessian_are_difference_quotients_of_gradients(program: str, x: np.ndarray) -> None:
    fn = gradc.compile(program)
    along = np.random.default_rng(4).normal(size=x.shape)
    _, _, dots = fn.hvp(x, along)
    h = 1e-4
    grads = [fn.value_and_grad(x + k * h * along)[1]["A"] for k in (1, -1, 2, -2)]
    want = (8 * (grads[0] - grads[1]) - (grads[2] - grads[3])) / (12 * h)
    np.testing.assert_allclose(dots["A"], want, rtol=2e-6, atol=1e-6 * np.max(np.abs(want)))


@pytest.mark.parametrize(
    "program", ["logdet(A)", "sum(W*cholesky(A))", "sum(W*solve_triangular(A, W, lower=True))", "sum(W*pinv(A))"]
)
def test_reverse_is_the_transpose_of_forward(program: str) -> None:
    fn = gradc.compile(f"A: [4, 4]\nW: [4, 4]\n{program}", wrt=["A"])
    x = positive()
    along = RNG.normal(size=x.shape)
    _, dot = fn.jvp(x, W, along)
    grads = fn.value_and_grad(x, W)[1]
    assert float(dot) == pytest.approx(float(np.sum(grads["A"] * along)), rel=1e-11)


def test_the_gradient_of_cholesky_is_symmetric() -> None:
    fn = gradc.compile("A: [4, 4]\nW: [4, 4]\nsum(W*cholesky(A))", wrt=["A"])
    x = positive()
    grad = fn.value_and_grad(x, W)[1]["A"]
    np.testing.assert_array_equal(grad, grad.T)
    along = RNG.normal(size=x.shape)
    along = along + along.T
    h = 1e-5
    quotient = (float(fn(x + h * along, W)) - float(fn(x - h * along, W))) / (2 * h)
    assert float(np.sum(grad * along)) == pytest.approx(quotient, rel=1e-7)


def test_logdet_neither_overflows_nor_vanishes() -> None:
    fn = gradc.compile("A: [n, n]\nlog(det(A))")
    for size in (1e-3, 1e3):
        value, grads = fn.value_and_grad(size * np.eye(300))
        assert float(value) == pytest.approx(300 * np.log(size), rel=1e-14)
        np.testing.assert_allclose(grads["A"], np.eye(300) / size, rtol=1e-14)
    assert "logdet(A), which neither overflows nor vanishes" in fn.source
    assert "np.linalg.det(A)" in gradc.compile("A: [n, n]\nlog(det(A))", literal=True).source


def test_only_one_triangle_is_looked_at() -> None:
    fn = gradc.compile("A: [3, 3]\nb: [3]\nsum(solve_triangular(A, b)*b)")
    x, b = RNG.normal(size=(3, 3)) + 3 * np.eye(3), np.array([1.0, -2.0, 0.5])
    value, grads = fn.value_and_grad(x, b)
    assert float(value) == pytest.approx(float(np.linalg.solve(np.triu(x), b) @ b), rel=1e-13)
    np.testing.assert_array_equal(np.tril(grads["A"], -1), np.zeros((3, 3)))


def test_scipys_own_triangular_solver_is_used_where_it_is_asked_for() -> None:
    fn = gradc.compile("A: [3, 3]\nb: [3]\nsum(solve_triangular(A, b, lower=True)*b)", target="scipy")
    assert "linalg.solve_triangular(A, b, lower=True)" in fn.source
    x, b = RNG.normal(size=(3, 3)) + 3 * np.eye(3), np.array([1.0, -2.0, 0.5])
    plain = gradc.compile("A: [3, 3]\nb: [3]\nsum(solve_triangular(A, b, lower=True)*b)")
    assert float(fn(x, b)) == pytest.approx(float(plain(x, b)), rel=1e-13)


def test_the_norm_of_a_matrix_is_never_another_one_in_silence() -> None:
    for call in ("np.linalg.norm(A, 2)", "norm(A, ord=2)"):
        with pytest.raises(GradcError, match="the spectral norm of a matrix is no gate"):
            gradc.compile(f"A: [4, 4]\n{call}")
    x = regular()
    assert float(gradc.compile("A: [4, 4]\nnp.linalg.norm(A, 'fro')")(x)) == pytest.approx(np.linalg.norm(x))
    rows = gradc.compile("A: [4, 4]\nsum(np.linalg.norm(A, 2, axis=1))")
    assert float(rows(x)) == pytest.approx(float(np.sum(np.linalg.norm(x, 2, axis=1))))
    assert float(gradc.compile("v: [4]\nnorm(v, 2)")(x[0])) == pytest.approx(np.linalg.norm(x[0]))


GAUSSIAN_PROCESS = """
K: [n, n]
y: [n]
0.5*y @ solve(K, y) + 0.5*logdet(K)
"""


def test_a_gaussian_process_shares_its_inverse_in_the_fast_style() -> None:
    fast, notes = (gradc.compile(GAUSSIAN_PROCESS, style=style) for style in ("fast", "notes"))
    fused = fast.source[fast.source.index("def value_and_grad") :]
    assert fused.count("np.linalg.inv(") == 1
    assert "np.linalg.solve(" not in fused
    k, y = positive(), RNG.normal(size=N)
    value, grads = fast.value_and_grad(k, y)
    again, others = notes.value_and_grad(k, y)
    assert float(value) == pytest.approx(float(again), rel=1e-13)
    for name in ("K", "y"):
        np.testing.assert_allclose(grads[name], others[name], rtol=1e-11, atol=1e-13)
