"""Blocks of arrays are written as one writes them by hand, where their structure is known: they are what products with
unit vectors give, float32 stays float32, and what is too large for memory is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.derive.structured import block_of
from gradc.plan import blocks as plan
from gradc.run.functions import load
from tests.support import NUMPY_2

RNG = np.random.default_rng(5)
X, W, A = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=(3, 3))
x, y, w = RNG.normal(size=3), RNG.normal(size=3), RNG.normal(size=4)

JACOBIANS: dict[str, tuple[str, dict[str, Any]]] = {
    "elementwise": ("x: [n]\nexp(x)*x", {"x": x}),
    "elementwise of a matrix": ("X: [n, d]\ntanh(X)**2", {"X": X}),
    "affine": ("A: [n, n]; x: [n]\nA @ x + 3*x", {"A": A, "x": x}),
    "rows scaled": ("X: [n, d]; x: [d]; b\nsigmoid(X @ x + b)", {"X": X, "x": x, "b": 0.5}),
    "columns scaled": ("X: [n, d]; x: [d]\nX @ exp(x)", {"X": X, "x": x}),
    "vector times matrix": ("A: [n, m]; x: [n]\nsin(x @ A)", {"A": A, "x": x}),
    "matrix product": ("X: [n, d]; W: [d, c]\nX @ W", {"X": X, "W": W}),
    "transposed product": ("X: [n, d]; W: [c, d]\nX @ W.T", {"X": X, "W": W.T.copy()}),
    "sum over an axis": ("X: [n, d]; x: [d]\nsum(X*x*exp(x), axis=1)", {"X": X, "x": x}),
    "sum kept": ("X: [n, d]; x: [n]\nsum(X**2, axis=1, keepdims=True)*x[:, None]", {"X": X, "x": w}),
    "mean": ("X: [n, d]; x: [n]\nmean(X*x[:, None], axis=0)", {"X": X, "x": w}),
    "normalised": ("x: [n]\nx/sqrt(sum(x**2) + 1)", {"x": x}),
    "differences": ("x: [n]\nx[1:] - x[:-1]**2", {"x": x}),
    "elements": ("x: [n]\nx[::2]*x[0]", {"x": x}),
    "negative slice": ("x: [n]\nx[-2:]**3", {"x": x}),
    "outer": ("x: [n]; y: [m]\nouter(x, y**2)", {"x": x, "y": w}),
    "branch": ("x: [n]; y: [n]\nwhere(x > 0, sqrt(x)*y, x**2)", {"x": x, "y": y}),
    "relu": ("A: [n, n]; x: [n]\nrelu(A @ x)", {"A": A, "x": x}),
    "numbers": ("x: [n]; a; b\na*x + b**2", {"x": x, "a": 2.0, "b": 0.5}),
    "several": ("x: [n]; A: [n, n]\nA @ x, sum(x**2), x", {"x": x, "A": A}),
    "an input twice": ("x: [n]\nx*x[::-1]", {"x": x}),
    "einsum": ("X: [n, d]; x: [d]\neinsum('ij,j->i', X, x)**2", {"X": X, "x": x}),
    "stencil": ("x: [n]\nx[2:] - 2*x[1:-1] + x[:-2]", {"x": w}),
}
HESSIANS: dict[str, tuple[str, dict[str, Any]]] = {
    "elementwise": ("x: [n]\nsum(exp(x)*x)", {"x": x}),
    "quadratic": ("x: [n]; A: [n, n]\nx @ A @ x", {"x": x, "A": A}),
    "regression": (
        "X: [n, d]; y: [n]; w: [d]; b\nsum((X @ w + b - y)**2) + 3*sum(w**2)",
        {"X": X, "y": w, "w": x, "b": 1.0},
    ),
    "logistic": ("X: [n, d]; y: [n]; w: [d]\nsum(log(1 + exp(X @ w)) - y*(X @ w))", {"X": X, "y": w, "w": x}),
    "Rosenbrock": ("x: [n]\nsum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", {"x": w}),
    "two vectors": ("x: [n]; y: [n]\nsum(relu(x*y)) + x @ y", {"x": x, "y": y}),
    "norm": ("x: [n]\nnorm(x)*sum(x)", {"x": x}),
    "moments": ("x: [n]\nmean((x - mean(x))**2)", {"x": x}),
    "layer": ("X: [n, d]; w: [d]; v: [n]\nsum(v*tanh(X @ w))", {"X": X, "w": x, "v": w}),
    "matrices": ("W: [d, 2]\nsum(sin(array([[1., 2., 0.5], [0., 1., 3.]]) @ W))", {"W": W}),
    "branches": ("x: [n]\nsum(where(x > 0, x**3, exp(x)))", {"x": x}),
    "nothing": ("x: [n]; y: [n]\nsum(x) + 2*sum(y)", {"x": x, "y": y}),
    "number times": ("x: [n]; a\na*sum(x**2) + a**3", {"x": x, "a": 2.0}),
}


def as_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "block_of", lambda build, tangent, leaf: None)


def module_of(program: str, mode: str, **options: Any) -> Any:
    fn = gradc.compile(program, also=(mode,), **options)
    return load(fn.source), fn


def dense(blocks: Any, key: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(blocks.get(key, 0.0), shape)


@pytest.mark.parametrize("name", JACOBIANS)
def test_a_jacobian_is_that_of_the_products(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program, point = JACOBIANS[name]
    module, fn = module_of(program, "jacobian")
    assert "jacobian_by" not in fn.source
    given = [np.array(point[each]) if np.ndim(point[each]) else point[each] for each in fn.inputs]
    value, blocks = module.jacobian(*given)
    as_products(monkeypatch)
    products, other = module_of(program, "jacobian")
    assert "jacobian_by" in other.source
    _, want = products.jacobian(*given)
    values = value if len(fn.outputs) > 1 else (value,)
    for f, one in zip(fn.outputs, values, strict=True):
        for each, array in zip(fn.inputs, given, strict=True):
            shape = (*np.shape(one), *np.shape(array))
            got, wanted = dense(blocks[f], each, shape), dense(want[f], each, shape)
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-13)
            if each in blocks[f]:
                assert np.shape(blocks[f][each]) == shape
    owned([block for row in blocks.values() for block in row.values()], given)


@pytest.mark.parametrize("name", HESSIANS)
def test_a_hessian_is_that_of_the_products(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program, point = HESSIANS[name]
    module, fn = module_of(program, "hessian")
    assert "hessian_by" not in fn.source
    given = [np.array(point[each]) if np.ndim(point[each]) else point[each] for each in fn.inputs]
    value, grads, blocks = module.hessian(*given)
    as_products(monkeypatch)
    products, _ = module_of(program, "hessian")
    want_value, want_grads, want = products.hessian(*given)
    np.testing.assert_allclose(value, want_value, rtol=1e-12)
    for i, one in enumerate(fn.inputs):
        np.testing.assert_allclose(grads[one], want_grads[one], rtol=1e-11, atol=1e-13)
        for other in fn.inputs[i:]:
            shape = (*np.shape(point[one]), *np.shape(point[other]))
            got, wanted = dense(blocks, (one, other), shape), dense(want, (one, other), shape)
            np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)
            if (one, other) in blocks:
                assert np.shape(blocks[one, other]) == shape
    owned([*grads.values(), *blocks.values()], given)


def owned(results: list[Any], given: list[Any]) -> None:
    arrays = [each for each in results if isinstance(each, np.ndarray) and each.ndim]
    for at, one in enumerate(arrays):
        assert one.flags.writeable
        for other in [*arrays[:at], *(each for each in given if isinstance(each, np.ndarray))]:
            assert not np.shares_memory(one, other)


# NumPy 1 makes a double of a single number of single precision and a number of Python's.
SINGLE = [name for name in (*JACOBIANS, *HESSIANS) if NUMPY_2 or name != "numbers"]


@pytest.mark.parametrize("name", SINGLE)
def test_single_precision_stays_so(name: str) -> None:
    mode = "jacobian" if name in JACOBIANS else "hessian"
    program, point = (JACOBIANS if name in JACOBIANS else HESSIANS)[name]
    module, fn = module_of(program, mode)
    given = [np.float32(point[each]) if np.ndim(point[each]) else point[each] for each in fn.inputs]
    found = getattr(module, mode)(*given)
    blocks = found[-1].values() if mode == "hessian" else [b for row in found[-1].values() for b in row.values()]
    assert all(block.dtype == np.float32 for block in blocks if np.ndim(block))


def test_a_number_among_zeros_has_the_precision_of_the_inputs() -> None:
    module, _ = module_of("x: [n]\nx[0]*x[1]*x[-1] + x[0]", "jacobian")
    found = module.jacobian(np.float32([1.0, 2.0, 3.0]))[1]["f"]["x"]
    assert found.dtype == np.float32
    assert found.tolist() == [7.0, 3.0, 2.0]


def test_the_library_gives_the_same_matrices():
    for cases, mode in ((JACOBIANS, "jacobian"), (HESSIANS, "hessian")):
        for program, point in cases.values():
            fn = gradc.compile(program)
            found = getattr(fn, mode)(**point).dense()
            dots = {f"{each}_dot": RNG.normal(size=np.shape(point[each])) for each in fn.inputs}
            flat = np.concatenate([np.ravel(dots[f"{each}_dot"]) for each in fn.inputs])
            if mode == "jacobian":
                tangent = fn.jvp(**point, **dots)[1]
                parts = tangent if len(fn.outputs) > 1 else (tangent,)
            else:
                curves = fn.hvp(**point, **dots)[2]
                parts = tuple(curves[each] for each in fn.inputs)
                assert np.allclose(found, found.T, rtol=1e-12, atol=1e-12)
            want = np.concatenate([np.ravel(part) for part in parts])
            np.testing.assert_allclose(found @ flat, want, rtol=1e-9, atol=1e-11)


def test_lines_are_those_of_a_hand():
    text = gradc.compile("X: [n, d]; y: [n]; w: [d]\nsum((sigmoid(X @ w) - y)**2)", wrt="w", also="hessian").source
    assert re.search(r"dw_w = X\.T @ \(.*\[:, None\]\*X\)", text)
    rosenbrock = "x: [n]\nsum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
    text = gradc.compile(rosenbrock, also="hessian").source
    assert "dx_x = np.diag(diagonal) + np.diag(-400.0*x[:-1], k=1) + np.diag(-400.0*x[:-1], k=-1)" in text
    text = gradc.compile("A: [m, n]; x: [n]\nA @ x", wrt="x", also="jacobian").source
    assert '{"f": {"x": A.copy()}}' in text


def test_missing_data_behind_a_branch_stays_there():
    fn = gradc.compile("X: [n, d]; w: [d]; c: [n]\nsum(where(c > 0, (X @ w)**2, 0.0))", wrt="w")
    data = np.array([[1.0, 2.0], [np.nan, np.inf]])
    with np.errstate(all="ignore"):
        found = fn.hessian(data, np.ones(2), np.array([1.0, -1.0])).dense()
    np.testing.assert_allclose(found, [[2.0, 4.0], [4.0, 8.0]])


def test_a_block_too_large_for_memory_is_refused_with_the_way_out():
    fn = gradc.compile("x: [n]\nsum(exp(x)*x)")
    with pytest.raises(
        ValueError, match=r"the block of x and x has shape \(100000, 100000\), 74\.5 GiB; use hvp instead"
    ):
        fn.hessian(np.ones(100_000))
    with pytest.raises(ValueError, match="use jvp instead"):
        gradc.compile("x: [n]\nexp(x)").jacobian(np.ones(100_000))


def test_what_has_no_direct_form_is_left_to_products():
    for program in ("x: [n]\nsum(cumsum(x)**2)", "x: [n]\nprod(x)"):
        assert "hessian_by" in gradc.compile(program, also="hessian").source
    assert block_of.__doc__


def test_tangents_of_programs_with_constant_arrays_stay_in_single_precision():
    module, fn = module_of("x: [n]\nnp.eye(len(x)) @ x + np.linspace(0, 1, 3)*x", "jvp")
    value, tangent = module.jvp(np.float32(x), np.float32(y))
    assert value.dtype == tangent.dtype == np.float32
    assert "np.eye(3, dtype=x.dtype)" in fn.source


@pytest.mark.parametrize("target", ["torch", "jax"])
def test_frameworks_have_the_same_blocks(target: str) -> None:
    module_of_framework = pytest.importorskip(target)
    if target == "jax":
        module_of_framework.config.update("jax_enable_x64", True)
    taken = 0
    for mode, cases in (("jacobian", JACOBIANS), ("hessian", HESSIANS)):
        for program, point in cases.values():
            try:
                module, fn = module_of(program, mode, target=target)
            except gradc.GradcError:
                continue  # a target that puts no blocks of products together
            plain, _ = module_of(program, mode)
            given = [np.asarray(point[each], float) for each in fn.inputs]
            array = module_of_framework.tensor if target == "torch" else module_of_framework.numpy.array
            found = getattr(module, mode)(*map(array, given))[-1]
            want = getattr(plain, mode)(*(x if x.shape else float(x) for x in given))[-1]
            if mode == "jacobian":
                found, want = ({(f, x): b for f, row in each.items() for x, b in row.items()} for each in (found, want))
            assert found.keys() == want.keys(), program
            for key, block in want.items():
                np.testing.assert_allclose(np.asarray(found[key]), block, rtol=1e-9, atol=1e-11, err_msg=program)
            taken += 1
    assert taken > len(JACOBIANS)
