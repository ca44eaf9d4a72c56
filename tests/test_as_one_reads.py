"""Lines of modules as one writes them by hand: no guard, axis, quotient or nesting that a reader stumbles on."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from tests.as_python import agrees

SVM = """X: [n, d]
W: [d, c]
y: int[n]
scores = X @ W
margins = scores - scores[np.arange(n), y][:, None] + 1.0
margins[margins < 0] = 0
margins[np.arange(n), y] = 0
loss = np.sum(margins)/n + reg*np.sum(W*W)"""
CAUSAL = """X: [t, d]
Q: [d, k]
R: [d, k]
S = (X @ Q) @ (X @ R).T/np.sqrt(k)
S = np.where(np.tril(np.ones((t, t))) == 1, S, -np.inf)
np.sum(softmax(S, axis=-1)**2)"""
LOGS = "y: [n]; lam: [n]; np.sum(np.where(y == 0, np.log(p + (1 - p)*np.exp(-lam)), -lam))"
BATCH_NORM = "x: [n, d]; xc = x - x.mean(axis=0); v = np.mean(xc**2, axis=0); np.sum((xc/np.sqrt(v + 1e-5))**3)"

# A program, lines of its module, and what is nowhere in it.
READ = [
    (SVM, ["scores = X @ W", "dX = dscores @ W.T", "dW += X.T @ dscores"], ["np.any(", "safe"]),
    (CAUSAL, ["XQ = X @ Q", "den = np.sqrt(k)"], ["np.any(", "safe"]),
    (LOGS, ["prod = onemp*expsafe"], ["np.any("]),
    (BATCH_NORM, ["dxcsqr = dv/max(n, 1)", "dx += dmeanx/max(n, 1)"], ["expand_dims"]),
    ("x: [n]; np.sum((x/s)**2)", ["dx = dxos/s", "ds = -np.sum(xos*dx)"], []),
    ("x + exp(-2*x) + erfc(x)", ["dx -= 2*dm2x"], ["+= -"]),
    ("x/y", ["dx = df/y", "dy = -f*dx"], []),
    ("x: [n, d]; np.sum(np.sum(x**2, axis=1)**3)", ["dxsqr = dsumxsqr[:, None]"], ["expand_dims"]),
    ("K: [n, n]; np.sum(np.log(np.diag(K)))", ["logdiagK = np.log(np.diag(K))"], ["np.diagonal("]),
    (
        "x: [n, c, 6, 6]; w: [k, c, 3, 3]; b: [k]; np.sum(conv2d(x, w, b, padding=1)**2)",
        ["db = np.sum(dtotal, axis=(0, 2, 3))", "dw = prod.transpose(3, 0, 1, 2)"],
        [],
    ),
    (
        "p: [2, 3]; p[0][0]*np.exp(-(p[0][1] - 2)**2) + p[1][1:][0]**2",
        ["dp[0, 0] += exp*dp00exp", "dp[1, 1] += 2*p[1, 1]*dp11sqr"],
        ["scatter(", "][", "np.s_"],
    ),
    (
        "x: [n]; c = np.radians(x); np.sum(c*np.array([1.5, 4.0])[1])",
        ["c = x*(np.pi/180)", "dx = np.pi/180*dc"],
        ["np.array", "0.0174"],
    ),
    (
        "x: [3]; t, w = roots_legendre(5)\nv = np.array([1.0, 2.0, 3.0])\nw @ np.exp(x[0]*t) + sum(v*x) + sum(v*x*x)",
        ["x0t = x[0]*t", "vx = v*x", "dx += v*dvx"],
        ["*np.array("],
    ),
    ("x: [2]; s = np.stack([x[0], x[1]**2]); np.sum(s)", ["dx1sqr = ds"], ["broadcast_to"]),
    (
        "x: [n]; z = np.zeros_like(x); p = x >= 0; m = x < 0\nz[p] = np.exp(-x[p]); z[m] = np.exp(x[m]); np.sum(z)",
        [],
        ["logical_"],
    ),
    ("a: [n]; b: [n]; c: [n]; d: [n]; np.sum((a*b + c*d + a)**2)", ["total = ab + cd", "totalpa = total + a"], []),
]


@pytest.mark.parametrize(("program", "lines", "nowhere"), READ)
def test_lines_as_by_hand(program: str, lines: list[str], nowhere: list[str]) -> None:
    source = gradc.compile(program).source
    passes = source[source.index("def forward") : source.index("def value_and_grad")]
    written = [line.split("  #")[0].strip() for line in passes.split("\n")]
    assert [line for line in lines if line not in written] == []
    assert [text for text in nowhere if text in passes] == []
    assert max(len(line) for line in written) <= 120


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_what_no_guard_is_needed_for(style: str) -> None:
    """Of what is masked by places or by itself the gradient is that of the rest."""
    rng = np.random.default_rng(1)
    X, W, y = rng.normal(size=(4, 3)), rng.normal(size=(3, 3)), np.array([0, 2, 1, 1])
    fn = gradc.compile(SVM, style=style)  # type: ignore[call-overload]
    value, grads = fn.value_and_grad(X, W, y, 0.1)
    scores = X @ W
    margins = np.maximum(0, scores - scores[np.arange(4), y][:, None] + 1)
    margins[np.arange(4), y] = 0
    d = (margins > 0) / 4
    d[np.arange(4), y] = -d.sum(axis=1)
    assert value == pytest.approx(margins.sum() / 4 + 0.1 * np.sum(W * W))
    assert grads["W"] == pytest.approx(X.T @ d + 0.2 * W)
    assert grads["X"] == pytest.approx(d @ W.T)


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_what_is_clipped_by_hand_is_still_spared(style: str) -> None:
    """The slope of log at 0, where the floor is taken."""
    program = "p: [n]; l = log(p); l = where(l < -100, -100, l); sum(l)"
    value, grads = gradc.compile(program, style=style).value_and_grad(np.array([0.0, 0.5]))  # type: ignore[call-overload]
    assert value == pytest.approx(np.log(0.5) - 100)
    assert grads["p"].tolist() == [0.0, 2.0]


def test_an_array_of_one_into_no_axes() -> None:
    fn = gradc.compile("x: [1, 1]; y = x.reshape(()); y**2")
    assert fn.value_and_grad(np.array([[3.0]]))[1]["x"].tolist() == [[6.0]]


def test_causal_attention() -> None:
    rng = np.random.default_rng(2)
    program = CAUSAL.split("\n", 3)[3].replace("/np.sqrt(k)", "/2").replace("(t, t)", "(4, 4)")
    agrees(program.replace("softmax(S, axis=-1)", "np.exp(S)"), {
        "X": rng.normal(size=(4, 3)), "Q": rng.normal(size=(3, 2)), "R": rng.normal(size=(3, 2))
    })  # fmt: skip


def test_a_number_that_none_of_the_points_takes_is_still_spared() -> None:
    """log(1 - p) of no point: its slope at p = 1 is infinite."""
    fn = gradc.compile("y: [n]; np.sum(np.where(y > 0, np.log(1 - p)*y, p))")
    value, grads = fn.value_and_grad(np.zeros(3), 1.0)
    assert (value, grads["p"]) == (3.0, 3.0)


def test_what_was_broadcast_is_not_written_to() -> None:
    fn = gradc.compile("x: [3, 2]; s: [2]\nsum(where(s, 2, reshape(x - x, (3, 2))))")
    _, grads = fn.module.value_and_grad(np.ones((3, 2)), np.array([0.0, 1.0]))
    np.testing.assert_array_equal(grads["x"], np.zeros((3, 2)))
