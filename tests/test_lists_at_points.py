"""A list in an elementwise program has axes of its own at every point, and what reduces it reduces those alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import standalone

PROGRAMS = [
    "det([[a, b], [c, d]])",
    "dot([x, y], [1, 2])",
    "sum([1, 2, 3]*x)",
    "mean([x, y])",
    "norm([x, y, 2])",
    "logsumexp([x, y])*x",
    "softmax([x, y, 1])[0]",
    "prod([x, y, 2])",
    "max([x, y, 0.5])",
    "[x, y] @ [y, x]",
    "sum([[x, y], [y, 1]], axis=0)[1]",
    "inv([[x, y], [1, 3]])[0, 1]",
    "trace([[x, y], [y, x*y]])",
]


def at_each(fn: gradc.Function, arrays: list[np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The number version, point by point."""
    arrays = [np.asarray(each) for each in np.broadcast_arrays(*arrays)]
    found = [fn.value_and_grad(*map(float, at)) for at in zip(*(each.ravel() for each in arrays), strict=True)]
    shape = arrays[0].shape
    grads = {name: np.array([grad[name] for _, grad in found]).reshape(shape) for name in fn.wrt}
    return np.array([value for value, _ in found]).reshape(shape), grads


def same(found: tuple[Any, Any], wanted: tuple[Any, Any]) -> None:
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-13)
    for name, grad in wanted[1].items():
        np.testing.assert_allclose(found[1][name], grad, rtol=1e-13)


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_reductions_are_over_the_list(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    rng = np.random.default_rng(2)
    for shapes in ([(2,)] * 4, [(3, 2)] * 4, [(2,), (3, 1), (), (1,)], [(4,), (), (4,), ()]):
        arrays = [rng.uniform(0.5, 2.0, size=shape) for shape in shapes[: len(fn.inputs)]]
        wanted = at_each(fn, arrays)
        same(fn.value_and_grad(*arrays), wanted)
        np.testing.assert_allclose(fn(*arrays), wanted[0], rtol=1e-13)
        value, cache = fn.forward(*arrays)
        same((value, fn.backward(cache)), wanted)
        doubled = fn.value_and_grad(*arrays, df=np.full(np.shape(value), 2.0))[1]
        same((value, {name: grad / 2 for name, grad in doubled.items()}), wanted)


def test_the_axes_of_a_list_come_first() -> None:
    fn = gradc.compile("[x, x*y, 1]")
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(fn(x, y), [x, x * y, [1.0, 1.0]])
    _, grads = fn.value_and_grad(x, y, df=np.array([[1.0, 1.0], [10.0, 20.0], [0.0, 0.0]]))
    np.testing.assert_array_equal(grads["x"], 1.0 + np.array([10.0, 20.0]) * y)
    np.testing.assert_array_equal(grads["y"], np.array([10.0, 20.0]) * x)


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_a_module_takes_numbers_and_says_so(style: str) -> None:
    for program in ("sum([1, 2]*x)", "dot([x, y], [1, 2])"):
        fn = gradc.compile(program, style=style)
        module = standalone(fn.source)
        same(module.value_and_grad(*[2.0] * len(fn.inputs)), fn.value_and_grad(*[2.0] * len(fn.inputs)))
        with pytest.raises(ValueError, match=r"^x: .* is expected"):
            module.forward(*[np.ones(2)] * len(fn.inputs))


def test_no_points_and_half_precision() -> None:
    fn = gradc.compile("dot([x, y], [1, 2])")
    value, grads = fn.value_and_grad(np.ones((0, 2)), np.ones((0, 2)))
    assert value.shape == grads["x"].shape == (0, 2)
    value, grads = fn.value_and_grad(np.ones(2, np.float32), 1.0)
    assert value.dtype == grads["x"].dtype == np.float32
