"""A program that is one `def`: a parameter with a default may be left out of a call, and counts where it has to."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import gradc

NORM = """def rms_norm(x, weight, scale=2, eps=1e-5):
    return np.sum(scale*x/np.sqrt(np.mean(x**2) + eps)*weight)"""
X, W = np.array([0.3, -1.2, 0.7]), np.array([1.0, 0.5, 2.0])
SHAPES = {"x": (3,), "weight": (3,)}


def rms_norm(x: Any, weight: Any, scale: float = 2, eps: float = 1e-5) -> Any:
    return np.sum(scale * x / np.sqrt(np.mean(x**2) + eps) * weight)


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_what_is_left_out_takes_its_default_in_the_library_and_in_the_text(style: Any) -> None:
    fn = gradc.compile(NORM, shapes=SHAPES, style=style)
    space: dict[str, Any] = {}
    exec(fn.source, space)
    for given in ({}, {"eps": 0.1}, {"scale": 3.0}):
        wanted = rms_norm(X, W, **given)
        whole = {"scale": 2.0, "eps": 1e-5, **given}
        for both in (fn.value_and_grad, space["value_and_grad"]):
            value, grads = both(X, W, **given)
            np.testing.assert_allclose(value, wanted, rtol=1e-14)
            for name, grad in fn.value_and_grad(X, W, **whole)[1].items():
                np.testing.assert_allclose(grads[name], grad, rtol=1e-13)
        np.testing.assert_allclose(fn(x=X, weight=W, **given), wanted, rtol=1e-14)
        np.testing.assert_allclose(fn.forward(X, W, **given)[0], wanted, rtol=1e-14)


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("target", ["numpy", "math", "scipy", "numba", "torch", "jax"])
def test_headers_have_the_numbers_as_they_were_typed(target: str, style: Any) -> None:
    fn = gradc.compile("def f(x, k=2, eps=1e-5):\n    return k*x*sqrt(x + eps)", target=target, style=style)
    assert "forward(x, k=2, eps=1e-5)" in fn.source
    assert "value_and_grad(x, k=2, eps=1e-5" in fn.source
    assert fn.dag.defaults == {"k": "2", "eps": "1e-5"}


def test_only_the_last_ones_stand_in_headers() -> None:
    fn = gradc.compile("def f(x, k=2.0, eps=0.5):\n    return k*x + eps", inputs=["k", "x", "eps"])
    assert "forward(k, x, eps=0.5)" in fn.source
    assert str(inspect.signature(fn)) == "(k, x, eps=0.5)"
    assert fn(x=3.0) == 6.5
    with pytest.raises(TypeError, match="input 'x' is missing"):
        fn(k=1.0)


def test_an_array_output_takes_its_adjoint_behind_all_inputs() -> None:
    fn = gradc.compile("def f(x, k=2.0):\n    return k*x", shapes={"x": (2,)})
    value, grads = fn.value_and_grad(X[:2], df=np.ones(2))
    np.testing.assert_allclose(value, 2 * X[:2])
    np.testing.assert_allclose(grads["k"], X[:2].sum())


def test_further_modes_and_vectors_of_parameters_take_them_too() -> None:
    fn = gradc.compile("def f(x, y, k=2.0):\n    return k*x*y**2")
    assert fn.jacobian(3.0, 4.0).blocks["f"]["k"] == 48.0
    assert fn.hessian(x=3.0, y=4.0).blocks["x", "y"] == 16.0
    assert fn.flat(wrt=["x", "y"]).value([3.0, 4.0]) == 96.0


GROUPS = """def group_norm(x, gamma, groups=2, axis=-1, eps=1e-5):
    g = x.reshape(groups, -1)
    mean, var = g.mean(axis=axis, keepdims=True), g.var(axis=axis, keepdims=True)
    return np.sum(((g - mean)/np.sqrt(var + eps)).reshape(-1)**3*gamma)"""


def test_what_counts_or_names_an_axis_is_the_constant_of_its_default() -> None:
    fn = gradc.compile(GROUPS, shapes={"x": (6,), "gamma": (6,)})
    assert fn.inputs == ("x", "gamma", "eps")
    assert [note.message for note in fn.notes] == [
        "'axis' is the constant -1 here, and no input",
        "'groups' is the constant 2 here, and no input",
    ]
    x, gamma = np.arange(6.0) ** 2, np.linspace(1, 2, 6)
    g = x.reshape(2, -1)
    z = (g - g.mean(-1, keepdims=True)) / np.sqrt(g.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(fn(x, gamma), np.sum(z.reshape(-1) ** 3 * gamma))


def test_what_decides_is_the_constant_of_its_default() -> None:
    fn = gradc.compile("def f(x, reg=0.1, rate=0.0):\n    if rate > 0:\n        x = x*rate\n    return x*reg")
    assert fn.inputs == ("x", "reg")


def test_the_error_behind_such_a_constant_is_the_one_that_is_shown() -> None:
    with pytest.raises(gradc.GradcError, match="unknown function 'sigmod'"):
        gradc.compile("def f(x, groups=2):\n    return sigmod(x.reshape(groups, -1))", shapes={"x": (4,)})


def test_a_default_that_is_no_number_is_left_where_a_shape_is_given() -> None:
    program = "def f(x, mask=None):\n    if mask is not None:\n        x = x*mask\n    return sum(x)"
    assert gradc.compile(program, shapes={"x": (2,)}).inputs == ("x",)
    fn = gradc.compile(program, shapes={"x": (2,), "mask": (2,)})
    assert fn(np.array([3.0, 4.0]), np.array([1.0, 0.0])) == 3.0


def test_a_list_is_the_constant_that_it_is() -> None:
    fn = gradc.compile("def f(x, w=[1.0, 2.0]):\n    return sum(x*w)", shapes={"x": (2,)})
    assert fn.inputs == ("x",)
    assert fn(np.array([3.0, 4.0])) == 11.0
