"""What check and report say of the modes beside the passes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.evidence.modes import modes_of, sweep_modes
from gradc.language import parse
from tests.support import gradc as command

ALSO = ("jvp", "hvp", "jacobian", "hessian")


@pytest.mark.parametrize("program", [
    "x*y + sin(x)",
    "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)",
    "w: [2]; X: [3, 2]; t: [3]\nsum((tanh(X @ w) - t)**2)",
    "max(x, y)*x",
])  # fmt: skip
def test_check_covers_every_mode(program: str) -> None:
    found = gradc.compile(program, also=ALSO).check(points=1, timeout=60)
    rows = {row.name: row for row in found.rows}
    assert found.verdict == "pass", found.render()
    assert [name for name in rows if name in ALSO] == list(ALSO)
    assert rows["hessian"].against == "SymPy"


class Bent:
    """A function one of whose modes is wrong."""

    def __init__(self, fn: Any, mode: str) -> None:
        self.fn, self.mode = fn, mode

    def __getattr__(self, name: str) -> Any:
        if name != self.mode:
            return getattr(self.fn, name)
        return lambda *args, **given: self._off(getattr(self.fn, name)(*args, **given))

    def _off(self, found: Any) -> Any:
        match self.mode:
            case "jvp":
                return found[0], found[1] * (1 + 1e-3)
            case "hvp":
                return found[0], found[1], {name: each * (1 + 1e-3) for name, each in found[2].items()}
        matrix = found.dense() * (1 + 1e-9)
        found.dense = lambda: matrix
        return found


@pytest.mark.parametrize("mode", ALSO)
def test_check_finds_a_mode_that_is_wrong(mode: str) -> None:
    from gradc.evidence.check import check

    found = check(Bent(gradc.compile("x*y + sin(x)*y**2", also=ALSO), mode), points=1, timeout=60)
    assert found.verdict == "fail"
    assert [row.name for row in found.rows if row.verdict == "fail"][:1] == [mode]


def test_report_counts_the_modes_of_the_notes_example() -> None:
    found = modes_of(parse("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)", literal=True), ["x", "y"], True)
    assert {row.name for row in found.rows} >= {"value", "reverse", "forward, shared", "jacobian", "hvp", "hessian"}
    assert found.row("hessian").operations <= 75
    assert found.nonzeros == (2, 3)
    assert found.to_dict()["chosen"] == found.chosen


def test_forward_mode_wins_where_a_program_is_small_or_sparse_and_loses_where_it_is_not() -> None:
    found = sweep_modes("product", upto=8)
    assert [each.chosen for each in found.members][:3] == ["forward, shared"] * 3
    assert found.members[-1].chosen == "reverse"
    assert "reverse from 4" in found.notes()[0]
    assert found.svg().startswith("<svg")
    assert sweep_modes("rosenbrock", upto=8).members[-1].chosen == "forward, shared"


def test_an_output_has_a_sweep_of_its_own() -> None:
    found = modes_of(parse("x*y, x + z, sin(w)"), ["x", "y", "z", "w"])
    assert found.row("reverse").sweeps == 4
    assert found.row("forward, each alone").sweeps == 4
    assert found.nonzeros == (5, 0)


def test_programs_of_whole_arrays_are_refused() -> None:
    with pytest.raises(gradc.GradcError, match="counted for programs of numbers"):
        gradc.compile("x: [n]\nsum(x**2)").report(modes=True)


def test_the_command_line() -> None:
    assert "Cheapest for the gradient" in command("report", "x*y", "--modes").out
    assert json.loads(command("report", "x*y", "--modes", "--json").out)["outputs"] == 1
    swept = command("report", "--modes", "--sweep", "product", "--upto", "4")
    assert swept.code == 0
    assert "forward, shared" in swept.out
    checked = command("check", "x*y", "--also", "hessian", "--points", "1")
    assert checked.code == 0
    assert "hessian" in checked.out
    assert np.isfinite(json.loads(command("check", "x*y", "--also", "jvp", "--json").out)["rows"][-1]["roundings"])


@pytest.mark.parametrize(("program", "mode", "engine"), [
    ("x*y + sin(x)*y**2", "jacobian", "numbers"),
    ("x*y + sin(x)*y**2", "hessian", "blocks"),
    ("w: [2]; X: [3, 2]\nsum(tanh(X @ w)**2)", "hvp", "arrays"),
    ("w: [2]; X: [3, 2]\nsum(tanh(X @ w)**2)", "jvp", "arrays"),
    ("w: [2]; X: [3, 2]\ntanh(X @ w)", "jacobian", "passes"),
])  # fmt: skip
def test_check_finds_the_engine_whose_mode_is_wrong(
    program: str, mode: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradc.evidence import second

    def alone(fn: Any, row: Any, kind: str) -> Any:
        function = run(fn, row, kind)
        if row.name != engine:
            return function
        return lambda *args: Bent(_Called(function, args), mode)._off(function(*args))

    run = second.alone
    monkeypatch.setattr(second, "alone", alone)
    found = gradc.compile(program, also=(mode,)).check(points=1, timeout=60)
    (row,) = [row for row in found.rows if row.name == mode]
    assert row.verdict == "fail"
    assert f"by the engine '{engine}'" in row.remark


class _Called:
    """A function and what it was called with."""

    def __init__(self, function: Any, args: Any) -> None:
        self.function, self.args = function, args
