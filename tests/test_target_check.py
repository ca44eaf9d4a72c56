"""`check` runs the module of a framework's target, where the framework is, and says where it is not."""

import importlib.util
import shutil
from typing import Any

import pytest

import gradc
from gradc.evidence import by_target
from tests.support import gradc as shell

BRANCH = "where(x > 0, log(x + 1)*y, y**2)"
LAYER = "X: [n, 3]; w: [3]\ntanh(X @ w)"


@pytest.mark.parametrize("target", ["torch", "jax", "numba"])
def test_the_module_is_run(target: str) -> None:
    pytest.importorskip(target)
    assert gradc.compile(BRANCH, target=target).check(points=2).engines[0] == target


@pytest.mark.parametrize("target", ["torch", "jax"])
def test_arrays_take_an_adjoint(target: str) -> None:
    pytest.importorskip(target)
    assert gradc.compile(LAYER, target=target).check(points=1).engines[0] == target


def test_a_file_in_c(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("no C compiler on this machine")
    monkeypatch.setenv("GRADC_CACHE", str(tmp_path))
    assert gradc.compile(BRANCH, target="c", function_name="loss").check(points=1).engines[0] == "c"


def test_loops_are_run_over_arrays_too() -> None:
    pytest.importorskip("numba")
    assert "numba over arrays" in gradc.compile(BRANCH, target="numba").check(points=2).engines


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(by_target, "find_spec", lambda name: None if name == "torch" else find(name))
    result = gradc.compile(BRANCH, target="torch").check(points=1)
    assert result.ok
    assert "torch" not in result.engines
    assert "note: the module of the target 'torch' was not run: torch is not installed" in result.render()


def test_a_wrong_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(fn: Any) -> Any:
        return lambda x, y: (x * y, {"x": y, "y": 1.001 * x})

    monkeypatch.setitem(by_target._ADAPTERS, "jax", wrong)
    monkeypatch.setattr(by_target, "find_spec", lambda name: name)
    result = gradc.compile("x*y", target="jax").check(points=1)
    assert not result.ok
    assert [row.name for row in result.rows if row.verdict == "fail"] == ["dy by jax"]


def test_the_command_line() -> None:
    said = shell("check", "x*y", "--target", "c", "--at", "x=2", "--at", "y=3")
    assert said.code == 0
    assert "--target c" in said.out
