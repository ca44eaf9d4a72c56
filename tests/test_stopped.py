"""A value that is taken as a constant: `stop_gradient`, `x.detach()`, `x.data`. No gradient goes back from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc

X, W = np.array([0.33, -0.72, 1.16]), np.array([1.0, 0.5, -2.0])
# A program, and its gradient with respect to x.
PROGRAMS = {
    "xs = x/0.1\nq = xs + (torch.round(xs) - xs).detach()\n(q*w).sum()": W / 0.1,
    "q = x + lax.stop_gradient(jnp.round(x) - x)\njnp.sum(q**2)": 2 * np.round(X),
    "t = torch.softmax(x, -1).data\n(t*x).sum()": np.exp(X) / np.exp(X).sum(),
    "m = lax.stop_gradient(jnp.max(x))\njnp.sum(jnp.exp(x - m)) + m*x[0]": np.exp(X - 1.16) + np.array([1.16, 0, 0]),
    "torch.detach(x) @ w + (x.detach()*x).sum()": X,
    "with torch.no_grad():\n    t = x*w\n    m, s = t.mean(), t.std()\n((x - m)/s).sum() + (t*x).sum()": X * W
    + 1 / (X * W).std(ddof=1),
    "def f(v):\n    with torch.no_grad():\n        return v*v\n(f(x)*x).sum()": X**2,
    "def f(v):\n    q = v*v\n    return q\nwith torch.no_grad():\n    t = f(x)\n(f(x)*t).sum()": 2 * X**3,
    "y = x*w\n(y*stop_gradient(y)*stop_gradient(y*y)).sum()": (X * W) ** 3 * W,
}  # fmt: skip


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_no_gradient_goes_back(program: str, style: Any) -> None:
    given = {"x": X, "w": W} if "w" in program.replace("with", "") else {"x": X}
    fn = gradc.compile(program, wrt=["x"], shapes=dict.fromkeys(given, (3,)), style=style)
    space: dict[str, Any] = {}
    exec(fn.source, space)
    for both in (fn.value_and_grad, space["value_and_grad"]):
        np.testing.assert_allclose(both(**given)[1]["x"], PROGRAMS[program], rtol=1e-12)


@pytest.mark.parametrize("target", ["numpy", "math", "scipy", "torch", "jax", "numba", "c"])
def test_every_target_has_it(target: str) -> None:
    assert "held = +" in gradc.compile("x*stop_gradient(sin(x)*y)", target=target).source


def test_numbers_in_further_modes() -> None:
    fn = gradc.compile("x*stop_gradient(x**2)*y")
    assert fn.value_and_grad(3.0, 2.0) == (54.0, {"x": 18.0, "y": 27.0})
    assert fn.jvp(3.0, 2.0, 1.0, 0.0) == (54.0, 18.0)
    assert fn.hessian(3.0, 2.0).dense().tolist() == [[0.0, 9.0], [9.0, 0.0]]


def test_a_check_holds_it_where_it_is() -> None:
    fn = gradc.compile("x: [3]\nq = x*stop_gradient(exp(x)/3)\nsum(q*stop_gradient(q)) + x[0]**2", also=("jvp", "hvp"))
    found = {row.name: (row.verdict, row.against) for row in fn.check(points=2).rows}
    assert found["f"] == ("pass", "50 digits")
    assert found["dx"] == ("pass", "SymPy, differences")
    assert found["jvp"][0] == found["hvp"][0] == "not verified"


def test_what_sees_values_alone_says_so() -> None:
    with pytest.raises(gradc.GradcError, match="differences do not see where a gradient is stopped"):
        _ = gradc.compile("x*stop_gradient(x)", self_check=True).source
    assert "a gradient that is stopped is not SymPy's" in str(gradc.compile("x*stop_gradient(x)").report())


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("with torch.no_grad():\n    x -= 0.1*x\nsum(x)", "an update where gradients are stopped is not read"),
        ("@torch.no_grad()\ndef f(v): return v\nf(x)", "the decorator 'torch.no_grad' is not part of the language"),
    ],
)
def test_refused_with_a_reason(program: str, said: str) -> None:
    with pytest.raises(gradc.GradcError, match=said):
        gradc.compile(program, shapes={"x": (3,)})
