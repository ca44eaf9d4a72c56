"""Losses over batches: what adds up gives the whole to rounding, and what mixes rows is refused by name."""

import itertools
import multiprocessing
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.base.errors import GradcError
from tests.support import gradc as shell
from tests.support import standalone

RNG = np.random.default_rng(0)
N, D, K = 23, 3, 4
VALUES: dict[str, Any] = {
    "X": RNG.normal(size=(N, D)), "Y": RNG.normal(size=(N, K)), "W": RNG.normal(size=(D, K)), "w": RNG.normal(size=D),
    "V": RNG.normal(size=(K, 2)), "b": RNG.normal(size=K), "t": RNG.normal(size=N), "c": RNG.normal(size=K),
    "y": RNG.integers(0, K, size=N), "m": RNG.normal(size=(2, D)), "s": 0.7, "lam": 0.3,
}  # fmt: skip

SHAPES = {"X": "[n, 3]", "Y": "[n, 4]", "W": "[3, 4]", "w": "[3]", "V": "[4, 2]", "b": "[4]", "t": "[n]", "m": "[2, 3]"}
SHAPES |= {"y": "int[n]", "c": "[4]"}


def declared(program: str) -> str:
    """The program with the shapes of the names that it uses."""
    used = set(re.findall(r"\b[A-Za-z]\b", program))
    return "; ".join(f"{name}: {shape}" for name, shape in SHAPES.items() if name in used) + "\n" + program


# Each with why one pass is enough.
ONE_PASS = {
    "a sum of rows": "sum((X @ w - t)**2)",
    "a mean divides by all rows": "mean((X @ w - t)**2)",
    "what is shared is counted once": "mean((X @ w - t)**2) + lam*sum(w**2)",
    "a shared factor": "exp(s)*sum(abs(X @ w - t)) - sum(w)",
    "a function of a sum": "log(sum((X @ w - t)**2))",
    "a quotient of two sums": "sum((X @ w)*t)/sqrt(sum((X @ w)**2)*sum(t**2))",
    "softmax along the other axis": "-sum(Y*log_softmax(X @ W, axis=1))",
    "labels pick from their own row": "logp = log_softmax(X @ W + b)\n-mean(logp[arange(n), y])",
    "two layers": "sum((tanh(X @ W + b) @ V)**2)",
    "a branch in each row": "sum(where(t > 0, X @ w, (X @ w)**2))",
    "a hinge": "mean(maximum(0, 1 - t*(X @ w)))",
    "a norm along the other axis": "sum(norm(X - w, axis=1))",
    "a broadcast pair of axes": "d = X[:, None, :] - m[None, :, :]\nsum(exp(-sum(d**2, axis=2)))",
    "a mixture": "d = X[:, None, :] - m[None, :, :]\nsum(logsumexp(-sum(d**2, axis=2), axis=1))",
    "the size itself": "sum((X @ w - t)**2)/n + n*s",
    "a column": "sum(X[:, 0]*w[0] + X[:, 1])",
    "a mean of rows and columns": "mean((X @ W + b)**2)",
    "a sum of what is given alone": "sum(w**2)*mean(t)",
}
# Each with how many passes there are, and why.
SEVERAL = {
    # the mean of all rows is a number: with its slope from the same pass, one pass more
    "a statistic comes first": (2, "Z = X @ w\nmu = mean(Z)\nsum((Z - mu)**2)"),
    # one number after another
    "two statistics": (3, "Z = X @ w\nz = Z - mean(Z)\ns2 = mean(z**2)\nmean(log(1 + z**2/(s2 + s**2)))"),
    # column sums are an array, and how the loss hangs on it is known when all of it is: a pass back
    "column sums": (2, "sum(sum(X @ W, axis=0)**2)"),
    "a product of matrices over the rows": (2, "sum((X.T @ (X @ w))**2)"),
    "means of columns": (2, "sum((mean(X @ W, axis=0) - c)**2) + s*lam"),
    # a statistic of what is given needs no way back
    "centred data": (2, "Z = X - mean(X, axis=0)\nmean((Z @ w - t)**2)"),
    "standardised data": (3, "Z = (X - mean(X, axis=0))/sqrt(var(X, axis=0) + 0.1)\nmean((Z @ w - t)**2)"),
    # batch norm of a layer: mean, variance, loss, and both ways back
    "batch norm": (5, "Z = X @ W\nH = (Z - mean(Z, axis=0))/sqrt(var(Z, axis=0) + 0.1)*c + b\nmean(tanh(H)**2)"),
    # how many rows there are is known after the first pass
    "the size in every row": (2, "sum(exp(X @ w/n))"),
    "a covariance": (2, "Z = X - mean(X, axis=0)\nsum((Z.T @ Z)**2*m[0, 0]) + sum(w)"),
}
REFUSED = {
    "softmax along the rows": ("sum(softmax(X @ w)*t)", "mixes the rows"),
    "a kernel matrix": ("K = X @ X.T\nsum(exp(K))*s", "meets every other"),
    "neighbours": ("Z = X @ w\nsum((Z[1:] - Z[:-1])**2)*s", "neighbours"),
    "a norm over the rows": ("norm(X @ w)", "more than a sum"),
    "a largest row": ("max(X @ w)*s", "more than a sum"),
    "a product of rows": ("prod(X @ w)", "more than a sum"),
    "a value a row": ("X @ w", "one number"),
    "the gradient of rows": ("sum(X @ w)", "does not add up"),
    "no such dimension": ("sum(w)*s", "no input has"),
    "rows in another order": ("sum(X[::-1] @ w*t)", "mixes the rows"),
    "where a row stands": ("sum(arange(n)*(X @ w))", "where a row stands"),
    "one row for all": ("sum((X @ w - t[0])**2)", "more than a sum"),
    "running sums": ("sum(cumsum(X @ w)*t)", "mixes the rows"),
}  # fmt: skip


def compiled(program: str, wrt: list[str] | None = None) -> gradc.Function:
    text = declared(program)
    rows = {"X", "Y", "t", "y"}
    return gradc.compile(text, wrt=wrt or [name for name in gradc.compile(text).inputs if name not in rows])


def test_the_verdicts_are_more_than_thirty() -> None:
    assert len(ONE_PASS) + len(SEVERAL) + len(REFUSED) > 30


PROGRAMS = {name: (1, program) for name, program in ONE_PASS.items()} | SEVERAL


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("sizes", [[23], [1, 22], [7, 7, 9], [5, 0, 18]])
def test_batches_are_the_whole(name: str, sizes: list[int]) -> None:
    passes, program = PROGRAMS[name]
    fn = compiled(program)
    given = {each: VALUES[each] for each in fn.inputs}
    value, grads = fn.value_and_grad(**given)
    batched = fn.batches("n")
    assert batched.passes == passes
    starts = np.cumsum([0, *sizes])
    parts = [{each: given[each][a:b] for each in batched.rows} for a, b in itertools.pairwise(starts)]
    shared = {each: given[each] for each in fn.inputs if each not in batched.rows}
    got, slopes = batched.value_and_grad(parts, **shared)
    assert got == pytest.approx(value, rel=1e-13)
    assert list(slopes) == list(grads)
    for each, slope in grads.items():
        assert np.shape(slopes[each]) == np.shape(slope)
        scale = np.max(np.abs(slope)) + 1e-300
        assert np.max(np.abs(slopes[each] - slope)) <= 1e-13 * scale


def test_passes_want_batches_that_begin_again() -> None:
    batched = compiled(SEVERAL["a statistic comes first"][1]).batches("n")
    with pytest.raises(TypeError, match="2 passes"):
        batched.value_and_grad(iter([{"X": VALUES["X"]}]), w=VALUES["w"])


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_the_module_has_the_three_functions(style: Any) -> None:
    text = declared("mean((X @ w - t)**2) + lam*sum(w**2)")
    fn = gradc.compile(text, wrt=["w", "lam"], batch="n", style=style, function_name="loss")
    module = standalone(fn.source)
    rows = [{name: VALUES[name][a:b] for name in ("X", "t")} for a, b in ((0, 9), (9, 23))]
    state = module.add(*(module.chunk(**each, w=VALUES["w"]) for each in rows))
    value, grads = module.finish(state, VALUES["w"], VALUES["lam"])
    want, slopes = gradc.compile(text, wrt=["w", "lam"]).value_and_grad(**{name: VALUES[name] for name in fn.inputs})
    assert value == pytest.approx(want, rel=1e-14)
    assert grads["lam"] == pytest.approx(slopes["lam"], rel=1e-14)
    np.testing.assert_allclose(grads["w"], slopes["w"], rtol=1e-13)
    assert "`chunk`, `add` and `finish` are the same over batches of rows of 'n'." in fn.source


def test_names_of_the_three_functions_step_aside() -> None:
    program = "X: [n, 3]; known: [3]; state; sums1; every; mean((X @ known - state)**2)*sums1 + every"
    fn = gradc.compile(program, wrt=["known", "state", "sums1", "every"])
    given = {"X": VALUES["X"], "known": VALUES["w"], "state": 0.3, "sums1": 2.0, "every": 1.0}
    got, slopes = fn.batches("n").value_and_grad([{"X": VALUES["X"][:5]}, {"X": VALUES["X"][5:]}], **{
        name: each for name, each in given.items() if name != "X"
    })  # fmt: skip
    value, grads = fn.value_and_grad(**given)
    assert got == pytest.approx(value, rel=1e-14)
    for name, grad in grads.items():
        np.testing.assert_allclose(slopes[name], grad, rtol=1e-13)


def test_on_the_command_line() -> None:
    said = shell("compile", "X: [n, 3]; w: [3]; sum(tanh(X @ w))", "--wrt", "w", "--batch", "n")
    assert said.code == 0
    assert "def finish(state):" in said.out
    said = shell("compile", "X: [n, 3]; w: [3]; max(X @ w)", "--wrt", "w", "--batch", "n")
    assert said.code == 2
    assert "more than a sum over 'n'" in said.err


@pytest.mark.parametrize("name", REFUSED)
def test_what_mixes_rows_is_refused_with_the_reason(name: str) -> None:
    program, why = REFUSED[name]
    wrt = ["X"] if "gradient of rows" in name else None
    with pytest.raises(GradcError, match=why):
        compiled(program, wrt).batches("n")


def _square(task: tuple[str, dict[str, Any]]) -> Any:
    program, given = task
    return compiled(program).batches("n").chunk(**given)


def test_processes_give_the_same_sums() -> None:
    program = "mean((X @ w - t)**2)"
    fn = compiled(program)
    batched = fn.batches("n")
    tasks = [(program, {"X": VALUES["X"][a:b], "t": VALUES["t"][a:b], "w": VALUES["w"]}) for a, b in ((0, 9), (9, 23))]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        first, second = pool.map(_square, tasks)
    value, grads = batched.finish(batched.add(first, second), w=VALUES["w"])
    want, slopes = fn.value_and_grad(X=VALUES["X"], w=VALUES["w"], t=VALUES["t"])
    assert value == pytest.approx(want, rel=1e-14)
    assert grads["w"] == pytest.approx(slopes["w"], rel=1e-13)


# -- Dask --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def da() -> Any:
    return pytest.importorskip("dask.array")


def test_elementwise_is_lazy_and_equal_to_the_bit(da: Any) -> None:
    from gradc.dask import value_and_grad

    fn = gradc.compile("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)")
    x, y = RNG.normal(size=1001), RNG.normal(size=1001)
    value, grads = value_and_grad(fn, x=da.from_array(x, chunks=300), y=da.from_array(y, chunks=450))
    want, slopes = fn.value_and_grad(x, y)
    assert value.chunks == grads["x"].chunks
    assert np.array_equal(value.compute(), want)
    assert all(np.array_equal(grads[name].compute(), slopes[name]) for name in slopes)


def test_elementwise_broadcasts(da: Any) -> None:
    from gradc.dask import value_and_grad

    fn = gradc.compile("x*y + sin(k)")
    x, y = RNG.normal(size=(40, 1)), RNG.normal(size=30)
    value, grads = value_and_grad(fn, x=da.from_array(x, chunks=(15, 1)), y=da.from_array(y, chunks=8), k=0.5)
    want, slopes = fn.value_and_grad(x, y, 0.5)
    assert np.array_equal(value.compute(), want)
    assert np.array_equal(grads["k"].compute(), np.broadcast_to(slopes["k"], (40, 30)))


OVER_CHUNKS = ["a mean divides by all rows", "two layers", "a mixture", "labels pick from their own row", "batch norm"]
# What people fit to more rows than a machine holds.
FITTED = {
    "logistic regression": "m = t*(X @ w + s)\n-mean(log_sigmoid(m)) + lam*sum(w**2)",
    "an MLP": "H = tanh(X @ W + b)\nmean(sum((H @ V)**2, axis=1) - t)",
    "a Gaussian mixture": "d = X[:, None, :] - m[None, :, :]\n-mean(logsumexp(-0.5*sum(d**2, axis=2)/s**2, axis=1))",
}


@pytest.mark.parametrize("name", [*OVER_CHUNKS, *FITTED])
def test_losses_over_chunks(da: Any, name: str) -> None:
    from gradc.dask import value_and_grad

    fn = compiled(FITTED[name] if name in FITTED else PROGRAMS[name][1])
    given = {each: VALUES[each] for each in fn.inputs}
    rows = fn.batches("n").rows
    lazy = {each: da.from_array(v, chunks=(5, *v.shape[1:])) if each in rows else v for each, v in given.items()}
    value, grads = value_and_grad(fn, **lazy)
    want, slopes = fn.value_and_grad(**given)
    assert value == pytest.approx(want, rel=1e-13)
    for each, slope in slopes.items():
        assert np.max(np.abs(grads[each] - slope)) <= 1e-13 * np.max(np.abs(slope))


def rows_once_lost(folder: str, k: int) -> np.ndarray:
    """Some rows; the process that first asks for the third dies."""
    flag = Path(folder) / "lost"
    if k == 2 and not flag.exists():
        flag.touch()
        os._exit(1)
    return np.random.default_rng(k).normal(size=(50, 3))


def test_a_worker_that_dies_loses_nothing(da: Any, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    import dask

    from gradc.dask import value_and_grad

    fn = gradc.compile("X: [n, 3]; w: [3]\nmean(log(1 + exp(X @ w)))", wrt=["w"])
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    )
    with warnings.catch_warnings(), cluster, distributed.Client(cluster):
        warnings.simplefilter("ignore")
        parts = [dask.delayed(rows_once_lost)(str(tmp_path), k) for k in range(6)]
        X = da.concatenate([da.from_delayed(part, (50, 3), float) for part in parts])
        value, grads = value_and_grad(fn, X=X, w=VALUES["w"])
    assert (tmp_path / "lost").exists()
    want, slopes = fn.value_and_grad(np.concatenate([rows_once_lost(str(tmp_path), k) for k in range(6)]), VALUES["w"])
    assert value == pytest.approx(want, rel=1e-14)
    np.testing.assert_allclose(grads["w"], slopes["w"], rtol=1e-13)


def refusals(function: Callable[..., Any], *args: Any, **given: Any) -> str:
    with pytest.raises((TypeError, ValueError)) as caught:
        function(*args, **given)
    return str(caught.value)


def test_what_dask_lacks_is_named(da: Any) -> None:
    from gradc.dask import value_and_grad

    fn = compiled("mean((X @ w - t)**2)")
    X = da.from_array(VALUES["X"], chunks=(5, 3))
    assert "'t' has rows of 'n'" in refusals(value_and_grad, fn, X=X, t=VALUES["t"], w=VALUES["w"])
