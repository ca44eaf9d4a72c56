"""The examples of targets: each runs where its framework is, and its figures are somebody else's, too."""

import runpy
import shutil
from typing import Any

import numpy as np
import pytest

from tests.support import ROOT

FOLDER = ROOT / "examples" / "targets"
NEEDS = {
    "torch_training": "torch",
    "jax_custom_vjp": "jax",
    "numba_points": "numba",
    "dask_regression": "dask.array",
    "c_program": "",
    "batches": "",
}


def figures(name: str, *args: Any) -> dict[str, Any]:
    if NEEDS[name]:
        pytest.importorskip(NEEDS[name])
    found: dict[str, Any] = runpy.run_path(str(FOLDER / f"{name}.py"))["main"](*args)
    return found


def test_every_example_is_held_to_something() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == sorted(NEEDS)


def test_a_loss_in_torchs_training_loop() -> None:
    found = figures("torch_training")
    np.testing.assert_allclose(found["ours"], found["theirs"], rtol=1e-10)
    np.testing.assert_allclose(found["ours"][:3], [1.0, -2.0, 0.5], atol=0.1)


def test_greeks_in_jax() -> None:
    found = figures("jax_custom_vjp")
    np.testing.assert_allclose(found["delta"], found["exact"], rtol=1e-12)
    np.testing.assert_allclose(found["gamma"], found["curve"], rtol=1e-10)


def test_many_points_in_one_loop(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADC_CACHE", str(tmp_path))
    assert figures("numba_points", 100_000)["difference"] < 1e-13


@pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C compiler on this machine")
def test_a_plain_program_in_c() -> None:
    found = figures("c_program")
    assert (found["x"], found["y"]) == pytest.approx((1.0, 1.0), abs=1e-6)


def test_batches_in_processes_and_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util
    import sys

    spec = importlib.util.spec_from_file_location("batches", FOLDER / "batches.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "batches", module)  # what processes import again
    monkeypatch.syspath_prepend(str(FOLDER))
    spec.loader.exec_module(module)
    found = module.main()
    assert found["apart"] < 1e-13
    assert found["slope"] < 1e-2


def test_logistic_regression_over_dask() -> None:
    found = figures("dask_regression")
    assert found["apart"] < 1e-13
    np.testing.assert_allclose(found["chunked"], found["held"], rtol=1e-6)
