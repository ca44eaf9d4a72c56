"""Returned gradients share memory with nothing: not with each other, df, an input or the cache, in any engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import standalone

ELEMENTWISE = [
    "x",
    "x + y",
    "(x + y)*z",
    "x - y + z",
    "x + x",
    "x*1 + y",
    "max(x, y) + z",
    "where(x > 0, x, y)",
    "p = x + y; q = p + z; q",
]
TENSORS = [
    "X: [2, 3]; W: [2, 3]; X + W",
    "X: [2, 3]; W: [3, 2]; X + W.T",
    "X: [2, 3]; W: [2, 3]; b: [3]; h = X + W; h + b",
    "X: [2, 3]; W: [6]; X + reshape(W, (2, 3))",
    "X: [2, 3]; X.T",
    "X: [2, 3]; X[::-1]",
    "X: [2, 3]; X",
    "X: [2, 3]; W: [2, 3]; concatenate([X, W])",
    "X: [2, 3]; W: [2, 3]; stack([X, W])",
    "X: [2, 3]; W: [2, 3]; a = X + W; sum(a*a)",
    "X: [2, 3]; W: [2, 3]; sum(X) + sum(W)",
    "X: [2, 3]; W: [2, 3]; sum(X*W)",
    "X: [2, 3]; W: [2, 3]; where(X > 0, X, W)",
    "X: [2, 3]; b: [3]; X[0] + b",
    "X: [2, 3]; b: [3]; X[:, :2] + b[:2]",
]
SEVERAL = ["x, y", "x, x", "s = x + y; s, s", "x + y, x - y", "X: [2, 3]; X, X.T", "X: [2, 3]; W: [2, 3]; X + W, W, X"]


def arrays(value: Any) -> Iterator[np.ndarray]:
    """The arrays in tuples, dicts and lists of them."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from arrays(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from arrays(each)


def share_nothing(grads: dict[str, Any], *others: Any) -> None:
    mine = list(grads.items())
    for i, (name, grad) in enumerate(mine):
        for theirs in [*(each for _, each in mine[i + 1 :]), *arrays(list(others))]:
            assert not np.shares_memory(grad, theirs), name


def given(fn: gradc.Function, dtype: type) -> list[Any]:
    rng = np.random.default_rng(3)
    shapes = [fn.shapes[name] or (() if fn.dag.declared else (4,)) for name in fn.inputs]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def adjoint(fn: gradc.Function, value: Any) -> Any:
    return tuple(np.ones_like(each) for each in value) if len(fn.outputs) > 1 else np.ones_like(value)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("program", [*ELEMENTWISE, *TENSORS, *SEVERAL])
def test_gradients_share_memory_with_nothing(program: str, style: str, dtype: type) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    for passes in (fn, module):
        args = given(fn, dtype)
        value, cache = passes.forward(*args)
        df = adjoint(fn, value)
        grads = passes.backward(cache, df)
        share_nothing(grads, df, cache, args)
        share_nothing(passes.backward(cache, df), grads)
        assert all(np.shape(grads[name]) == np.shape(each) for name, each in zip(fn.inputs, args, strict=True))
    seeded = len(fn.outputs) > 1 or any(fn.shapes[name] for name in fn.outputs)
    value, grads = fn.value_and_grad(*args, **({"df": df} if seeded else {}))
    share_nothing(grads, value, args, df)
    takes_df = [df] if seeded else []
    value, grads = module.value_and_grad(*args, *takes_df)
    share_nothing(grads, value, args, df)


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("target", ["numpy", "math"])
def test_several_outputs_are_never_summed_in_silence(style: str, target: str) -> None:
    fn = gradc.compile("a = x*y; a + x, sin(a)", style=style, target=target)
    module = standalone(fn.source, target)
    with pytest.raises(ValueError, match=r"2 outputs \(f1, f2\).*df=\(1\.0, 0\.0\)"):
        fn.value_and_grad(2.0, 3.0)
    _, cache = fn.forward(2.0, 3.0)
    with pytest.raises(ValueError, match="one upstream adjoint for each"):
        fn.backward(cache)
    with pytest.raises(TypeError, match="a tuple of 2 adjoints"):
        fn.backward(cache, 1.0)
    with pytest.raises(TypeError):
        module.backward(cache)
    with pytest.raises(TypeError):
        module.value_and_grad(2.0, 3.0)
    for passes in (fn, module):
        assert passes.value_and_grad(2.0, 3.0, df=(1.0, 0.0))[1] == {"x": 4.0, "y": 2.0}


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("program", ["x*y", "X: [2]; sum(X)*y", "X: [2]; X*y", "X: [2]; X[0]*y", "x, y"])
def test_the_gradient_with_respect_to_nothing(program: str, style: str, target: str) -> None:
    if "X" in program and target == "math":
        return
    fn = gradc.compile(program, wrt=[], style=style, target=target)
    args = [2.0 if not fn.shapes[name] else np.array([2.0, 3.0]) for name in fn.inputs]
    seeded = len(fn.outputs) > 1 or any(fn.shapes[name] for name in fn.outputs)
    value, grads = fn.value_and_grad(*args)
    assert grads == {}
    np.testing.assert_array_equal(value, fn(*args))
    module = standalone(fn.source, target)
    value, grads = module.value_and_grad(*args, *([(1.0, 1.0) if "," in program else np.ones(2)] if seeded else []))
    assert grads == {}
    np.testing.assert_array_equal(value, fn(*args))


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(("x", "y"), [(2.0, 3.0), (np.ones(3), np.ones(3))])
def test_an_output_that_hangs_on_no_input_has_a_gradient_of_floats(x: Any, y: Any, style: str) -> None:
    for program in ("q = p*2; 0, y", "0*p + 7, y"):
        fn = gradc.compile(program, style=style)
        _, grads = fn.value_and_grad(x, y, df=(1.0, 1.0))
        assert np.asarray(grads["p"]).dtype == float
        assert np.shape(grads["p"]) == np.shape(y)


CENTRED = "x: [n, d]\nxc = x - mean(x, axis=1, keepdims=True)\n"
DEAD = [
    (CENTRED + "sum(xc**3)", ["dx += dmeanx/max(d, 1)"]),  # dxc is read for the last time above
    (CENTRED + "xc", ["dx = dx + dmeanx/max(d, 1)"]),  # dxc is df
    ("x: [n]\ny: [n]\nz = x*y\nw = z + sin(z)\nsum(w**3)", ["dz += np.cos(z)*dsinz"]),
    ("x: [n]\ny: [n]\nx2 = exp(y)\nz = x2 + x\nsum(z**3) + sum(sin(y) + z)", ["dx = dz", "dy += "]),
    ("x: [n, n]\nz = x.T\nw = z + z*z\nsum(w**3)", ["dz += 2*z*dzsqr"]),
    ("x: [n]\ny: [n]\nz = x + y\nw = z**3 + 2*y\nsum(w*w)*sum(x)", ["dx", "dy"]),
    ("S: [n, c]\ny: int[n]\nD = S - S[arange(n), y][:, None]\nsum(D**3)", ["dS = dD"]),
]


@pytest.mark.parametrize(("program", "lines"), DEAD)
def test_a_sum_goes_into_an_array_that_is_dead(program: str, lines: list[str]) -> None:
    """What another name still shows, or is returned, is left as it is; the slopes are those of the fast style."""
    fn, fast = gradc.compile(program), gradc.compile(program, style="fast")
    assert all(f"    {line}" in fn.source for line in lines)
    assert "np.array(d" not in fn.source
    rng = np.random.default_rng(0)
    given = {
        name: np.array([2, 0, 1]) if "int" in program and name == "y" else rng.normal(size=(3, 3)) for name in fn.inputs
    }
    given = {name: x if len(fn.shapes[name]) == x.ndim else x[0] for name, x in given.items()}
    df = rng.normal(size=(3, 3)) if np.ndim(fn(**given)) else 1.0
    before = np.array(df)
    module = standalone(fn.source)
    _, cache = module.forward(**given)
    held = [np.array(each) for each in arrays(cache)]
    got = module.backward(cache, df)
    assert np.array_equal(df, before)
    assert all(np.array_equal(x, y) for x, y in zip(held, arrays(cache), strict=True))
    share_nothing(got, df, given, cache)
    for name, slope in fast.value_and_grad(**given, **({} if np.ndim(df) == 0 else {"df": df}))[1].items():
        assert np.allclose(got[name], slope, rtol=1e-12)
