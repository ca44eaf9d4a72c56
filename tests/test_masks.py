"""Elements at which a mask holds, `x[x > 0]`, beside NumPy; and reductions with `where=`."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gradc
from tests.as_python import agrees

X = np.array([0.7, -0.4, 1.3, -0.2, 0.9])
Y = np.array([0.1, 0.5, -0.3, 0.8, 0.2])
A = np.array([[0.2, 0.5, -0.4], [-0.3, 0.8, 0.6]])
AS_NUMPY = [
    ("np.sum(x[x > 0])", {"x": X}),
    ("np.sum(np.log(x[x > 0]))", {"x": X}),
    ("x[x > 0].mean()*np.sum(x[~(x > 0)]**2)", {"x": X}),
    ("m = x > 0\nnp.sum(np.exp(x[m])*y[m] + 2) - np.sum(x[m]/3)", {"x": X, "y": Y}),
    ("np.prod(x[x > 0]) + np.max(x[x > 0]) - x[x < 0].min()", {"x": X}),
    ("m = x > 0\nn = len(x[m])\nnp.sum(x[m])/n + x[m].size*np.sum(x)", {"x": X}),
    ("m = x > 0\nx[m].var() + x[m].std()*np.linalg.norm(x[m])", {"x": X}),
    ("m = x > 0\nx[m] @ y[m]", {"x": X, "y": Y}),
    ("np.sum(A[A > 0]**2)", {"A": A}),
    ("m = A[:, 0] > 0\nnp.sum(np.sin(A[m]))", {"A": A}),
    ("m = A[:, 0] > 0\nnp.sum(A[m].mean(axis=0)**2)", {"A": A}),
    ("m = A[:, 0] > 0\nnp.mean(A[m].sum(axis=1)**2)", {"A": A}),
    ("m = A[:, 0] > 0\nnp.sum(np.tanh(A[m] @ w) - 1)", {"A": A, "w": X[:3]}),
    ("m = A[:, 0] > 0\nnp.sum((A[m] - w)**2*w)", {"A": A, "w": X[:3]}),
    ("m = A[:, 0] > 0\nA[m].mean()", {"A": A}),
    ("np.sum(x, where=x > 0)", {"x": X}),
    ("np.sum(np.mean(A, axis=1, where=A > -0.35)**2)", {"A": A}),
    ("np.prod(x, where=x > 0, initial=2.0) + np.max(x, where=x < 0.8, initial=-5.0)", {"x": X}),
    ("sum(x[k]*np.sum(A[A > 0]) for k in range(3))", {"x": X, "A": A}),
]


@pytest.mark.parametrize(("program", "inputs"), AS_NUMPY)
def test_as_numpy(program: str, inputs: dict[str, object]) -> None:
    agrees(program, inputs)


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_what_is_left_out_sends_nothing_back(style: str) -> None:
    """No nan, and no warning, of the elements that the mask leaves out."""
    fn = gradc.compile("x: [n]; np.sum(np.sqrt(np.log(x[x > 1])))", style=style)  # type: ignore[call-overload]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, grads = fn.value_and_grad(np.array([-1.0, 0.0, np.e]))
    assert value == pytest.approx(1.0, rel=1e-15)
    assert grads["x"] == pytest.approx([0.0, 0.0, 0.5 / np.e])


@pytest.mark.parametrize(
    "program",
    [
        "x: [5]; x[x > 0]",
        "x: [5]; y: [5]; np.sum(x[x > 0]*y)",
        "x: [5]; np.sum(x[x > 0]*x[x < 0])",
        "x: [5]; np.sum(np.cumsum(x[x > 0]))",
        "x: [5]; np.sum(np.sort(x[x > 0]))",
        "x: [5]; y: [3]; np.sum(x[y > 0])",
        "x: [5]; np.max(x, where=x > 0)",
        "x: [5]; y: [3]; np.sum(x, where=y > 0)",
        "x: [5]; x[x > 0][0]",
    ],
)
def test_what_is_refused_with_a_place(program: str) -> None:
    with pytest.raises(gradc.GradcError) as caught:
        gradc.compile(program)
    assert caught.value.problems[0].marks
