"""The benchmark's functions: hand-written code that is right, rows that are rows, and no time held against anything."""

import os
from pathlib import Path

import numpy as np
import pytest

import gradc
from tests.bench import __main__ as command
from tests.bench import failures, peers, programs, sections
from tests.bench.chart import bars
from tests.bench.clock import interleaved
from tests.bench.table import MARK, Row, into, markdown

WORKLOADS = [
    *programs.scalars().values(),
    *programs.products().values(),
    *programs.elementwise(7).values(),
    programs.rosenbrock(10),
    programs.helmholtz(10),
    programs.regression(20, 3),
    programs.mlp(4, 3, 5, 2),
]


@pytest.mark.parametrize("work", WORKLOADS, ids=lambda work: f"{work.kind} {work.name}")
@pytest.mark.parametrize("way", list(sections.OWN))
def test_gradc_and_the_hand_written_code_agree(work: programs.Workload, way: str) -> None:
    base = peers.hand(work)
    run = sections.OWN[way](work)
    assert sections.difference(base.read(base.call()), run.read(run.call())) == 0
    assert np.allclose(work.value(*work.inputs.values()), base.read(base.call())[0])


@pytest.mark.parametrize("work", [each for each in WORKLOADS if each.loop], ids=lambda work: work.name)
def test_the_loops_agree(work: programs.Workload) -> None:
    base = peers.hand(work)
    assert work.loop is not None
    assert sections.difference(base.read(base.call()), peers.by_name(work.wrt)(work.loop(*work.inputs.values()))) == 0


def test_a_wrong_result_is_seen() -> None:
    base = peers.hand(WORKLOADS[0])
    value, grads = base.read(base.call())
    assert sections.difference((value, grads), (value, {**grads, "x": grads["x"] * 1.001})) > 1e-4
    assert sections.difference((value, grads), (np.nan, grads)) != 0


def test_a_peer_that_is_not_installed_is_absent() -> None:
    with pytest.raises(peers.Absent, match="no_such_peer is not installed"):
        peers.library("no_such_peer")


def test_operations() -> None:
    rows = sections.operations(sections.Scale.quick())
    assert not [row for row in rows if row.missed]


@pytest.mark.parametrize("case", failures.cases(), ids=lambda case: case.name)
def test_the_peers_known_failures(case: failures.Case) -> None:
    assert failures.by_gradc(case) == ""


def test_every_call_gets_its_time() -> None:
    seconds = interleaved({"a": lambda: None, "b": lambda: sum(range(1000))}, rounds=3)
    assert 0 < seconds["a"] < seconds["b"]


def test_the_table() -> None:
    fast, slow = Row("fast", "× hand", 0.5, 1.0, {"JAX": 2.0}), Row("slow", "× hand", 1.5, 1.0)
    rows = [fast, slow, Row("edge", "", "dx is nan", wrong="x")]
    text = markdown({"Calls": rows}, "a machine")
    assert "| fast | × hand | 0.50 | 1 | 2.00 |" in text
    assert "| slow | × hand | **1.50** | 1 |  |" in text
    assert "| edge |  | **dx is nan** |  |  |" in text
    assert len({line.count("|") for line in text.splitlines()[2:]}) == 1


def test_a_page_without_the_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match="two lines"):
        into(f"{MARK}\nonly one", "table")


def test_a_section_that_ends_or_hangs_is_said_and_the_others_go_on(capfd: pytest.CaptureFixture[str]) -> None:
    chosen = command.arguments(["operations", "--quick"])
    (row,) = command.section("operations", chosen, patience=0.01)
    assert row.gradc == "not measured"
    assert "0.01 s" in row.wrong
    assert len(command.section("operations", chosen)) > 5
    assert capfd.readouterr().out == ""


def test_openblas_is_as_it_comes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [each for each in os.environ if each.endswith("_NUM_THREADS")]:
        monkeypatch.setenv(name, os.environ[name])  # what is set below is taken back
    with monkeypatch.context() as within:
        within.setattr(os, "environ", {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_VERBOSE": "2", "HOME": "x"})
        command.settle(str(tmp_path))
        assert [name for name in os.environ if name.startswith("OPENBLAS_")] == ["OPENBLAS_NUM_THREADS"]


def test_bars_stand_beside_their_peers() -> None:
    rows = [Row("<slow>", "× hand", 1.5, 1.0, {"JAX": 30.0, "Numba": 0.5, "CasADi": "nan"}), Row("alone", "s", 2.0)]
    picture = bars({"Calls": rows})
    assert picture.count("<rect") == 1 + 3  # the paper, gradc, and two numbers
    assert "&lt;slow&gt;" in picture
    assert "alone" not in picture
    assert bars({}).startswith("<svg ")


@pytest.mark.parametrize("n", [3, 40])
def test_terms_that_are_unlike_are(n: int) -> None:
    terms = programs.distinct(n).split(" + ")
    fn = gradc.compile(programs.distinct(n))
    assert len(fn.inputs) == n + 1
    assert len(set(terms)) == len(terms)


def test_the_command_takes_sections(tmp_path: Path) -> None:
    assert tuple(sections.SECTIONS) == command.NAMES
    command.write(str(tmp_path / "deep" / "bench.md"), "table")
    assert (tmp_path / "deep" / "bench.md").read_text("utf-8") == "table\n"
    with pytest.raises(SystemExit):
        command.arguments(["no such section"])
