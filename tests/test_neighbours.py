"""What people pass to a function and pass a function to: pandas, xarray, joblib."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
from gradc.run.functions import load

PROGRAM = "w*exp(-x) + b"
X = np.array([0.1, 0.2, 0.4, 0.8])


@pytest.fixture(scope="module")
def right() -> tuple[Any, dict[str, Any]]:
    value, grads = gradc.compile(PROGRAM).value_and_grad(w=2.0, x=X, b=0.5)
    return value, grads


def same(found: tuple[Any, dict[str, Any]], right: tuple[Any, dict[str, Any]]) -> None:
    np.testing.assert_allclose(found[0], right[0], rtol=1e-14)
    assert list(found[1]) == list(right[1])
    for name in right[1]:
        np.testing.assert_allclose(found[1][name], right[1][name], rtol=1e-14)


def test_columns_of_a_data_frame(right: tuple[Any, dict[str, Any]]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": X, "other": 1.0})
    fn = gradc.compile(PROGRAM)
    same(fn.value_and_grad(w=2.0, x=frame["x"], b=0.5), right)
    same(load(fn.source).value_and_grad(2.0, frame["x"], 0.5), right)
    frame["slope"] = fn.value_and_grad(w=2.0, x=frame["x"], b=0.5)[1]["x"]
    np.testing.assert_allclose(frame["slope"], right[1]["x"])


def test_a_frame_as_a_matrix() -> None:
    pandas = pytest.importorskip("pandas")
    fn = gradc.compile("X: [n, d]; w: [d]\nsum((X @ w)**2)")
    table = np.arange(6.0).reshape(3, 2)
    frame = pandas.DataFrame(table, columns=["a", "b"])
    weights = pandas.Series([0.5, -1.0], index=["a", "b"])
    same(fn.value_and_grad(frame, weights), fn.value_and_grad(table, np.array([0.5, -1.0])))


def test_a_data_array(right: tuple[Any, dict[str, Any]]) -> None:
    xarray = pytest.importorskip("xarray")
    x = xarray.DataArray(X, dims=["time"], coords={"time": [0, 1, 2, 3]})
    fn = gradc.compile(PROGRAM)
    same(fn.value_and_grad(w=2.0, x=x, b=0.5), right)
    slopes = xarray.apply_ufunc(lambda values: fn.value_and_grad(2.0, values, 0.5)[1]["x"], x)
    np.testing.assert_allclose(slopes.values, right[1]["x"])
    assert slopes.dims == ("time",)


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.filterwarnings("ignore")  # what joblib says of its own workers
def test_joblib(backend: str, right: tuple[Any, dict[str, Any]]) -> None:
    joblib = pytest.importorskip("joblib")
    fn = gradc.compile(PROGRAM)
    found = joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(fn.value_and_grad)(2.0, x, 0.5) for x in X)
    np.testing.assert_allclose([value for value, _ in found], right[0], rtol=1e-14)
    np.testing.assert_allclose([grads["x"] for _, grads in found], right[1]["x"], rtol=1e-14)


def test_joblib_remembers(tmp_path: Any) -> None:
    joblib = pytest.importorskip("joblib")
    fn = gradc.compile(PROGRAM)
    remembered = joblib.Memory(tmp_path, verbose=0).cache(fn.value_and_grad)
    np.testing.assert_array_equal(remembered(2.0, X, 0.5)[0], remembered(2.0, X, 0.5)[0])
