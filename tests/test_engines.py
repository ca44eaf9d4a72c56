"""The engines: which takes what, and that a fault in any one of them alone is found and named."""

import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.base.files import unsigned
from gradc.run import engines
from gradc.run.engine import Engine, Passed, Planned
from gradc.run.engines import ENGINES, NUMBA, alone, fitting
from tests.golden_tool import Case, cases, engine_of
from tests.support import Json, decode_all, inputs_of, point_error, records, shapes_of

NAMES = [engine.name for engine in ENGINES]
LONG = "a = sin(x)*y; b = a*a + x; c = exp(-b)*y; f = c*a + b*x"

# A program for each engine, how it comes to run it, and two pieces of its text that make a fault.
FAULTS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "numba": ("x*exp(y)", {}, "return f, expy, f", "return f, expy, x"),
    "numbers": ("x*sin(y) + y", {}, '"y": ', '"y": 2.0*'),
    "long": (LONG, {"LONG": 2}, "g[0:2] = ", "g[0:2] = 2.0*"),
    "rolled": (
        "x: [40]; " + " + ".join(f"sin(x[{i}]*x[{i + 1}])" for i in range(39)),
        {"ROLLED": 60, "WHOLE": 0},
        "cos(",
        "sin(",
    ),
    "arrays": ("W: [3, 4]; x: [4]; sum(tanh(W @ x)**2)", {}, '"x": ', '"x": 2.0*'),
    "mapped": ("x: [5]; y: [5]; x*exp(y)", {}, "exp(y, ", "exp(x, "),
    "blocks": ("x*exp(y)", {}, "exp(y, ", "exp(x, "),
    "passes": ("x*y + x", {}, "dx = dx + ", "dx = dx - "),
}


def compiled(name: str, monkeypatch: pytest.MonkeyPatch, **options: Any) -> gradc.Function:
    program, thresholds, _, _ = FAULTS[name]
    for threshold, value in thresholds.items():
        monkeypatch.setattr(engines, threshold, value)
    if name == "numba":
        pytest.importorskip("numba")
        monkeypatch.setenv("GRADC_CACHE", os.path.join(os.devnull, "none"))  # nothing is kept of what is planted
        options["engine"] = "numba"
    return gradc.compile(program, **options)


def planted(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[str], str]) -> None:
    """The table with one engine whose text is changed."""

    def faulty(engine: Engine) -> Engine:
        def plan(fn: Any, kind: str) -> Planned:
            sound = engine.plan(fn, kind)
            text = change(sound.text)
            assert text != sound.text, sound.text
            return sound._replace(text=text)

        return engine._replace(plan=plan) if engine.name == name else engine

    monkeypatch.setattr(engines, "ENGINES", tuple(map(faulty, ENGINES)))


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_engine_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = compiled(name, monkeypatch).check(points=1, timeout=1.5)
    assert result.ok
    assert name in result.engines
    assert json.loads(json.dumps(result.to_dict()))["engines"] == list(result.engines)


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_in_one_engine_is_found_and_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, sound, faulty = FAULTS[name]
    planted(monkeypatch, name, lambda text: text.replace(sound, faulty))
    result = compiled(name, monkeypatch).check(points=1, timeout=1.5)
    assert not result.ok
    assert name in {row.engine for row in result.rows if row.verdict == "fail"}
    assert f"'{name}'" in result.render().splitlines()[0]


def test_a_fault_in_the_module_s_own_function_is_found() -> None:
    fn = gradc.compile("W: [3, 4]; x: [4]; sum(tanh(W @ x)**2)", style="fast")
    text = fn.emitted.text
    head, both = text.rsplit("def value_and_grad", 1)
    fn.__dict__["emitted"] = fn.emitted._replace(text=head + "def value_and_grad" + both.replace('"x": ', '"x": 2.0*'))
    result = fn.check(points=1, timeout=1.5)
    assert {row.engine for row in result.rows if row.verdict == "fail"} == {"module"}


# ---- every engine on what is known -----------------------------------------------------------------------------------


def by_every_engine(fn: gradc.Function, inputs: dict[str, Any]) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Value and gradient by each engine that takes the inputs as they are, or as arrays of one element."""
    ways = [inputs]
    if not fn.dag.declared:
        ways.append({name: np.array([value], float) for name, value in inputs.items()})
    found = {}
    for engine in fitting(fn, "value_and_grad"):
        for given in ways:
            try:
                value, grads = alone(fn, engine, "value_and_grad")(**given)
            except Passed:
                continue
            if given is not inputs:
                value, grads = np.ravel(value)[0], {name: np.ravel(grad)[0] for name, grad in grads.items()}
            found[engine.name] = value, grads
            break
    return found


@pytest.mark.parametrize("record", [pytest.param(record, id=record["id"]) for record in records()])
def test_corpora_by_every_engine(record: Json) -> None:
    fn = gradc.compile(record["program"], shapes=shapes_of(record), wrt=list(record["wrt"]))
    if any(node.shape for node in fn.dag.roots) or len(fn.outputs) > 1:
        return  # these take df, which the corpora's own test gives
    for point in record["points"]:
        with np.errstate(all="ignore"):
            for engine, (value, grads) in by_every_engine(fn, inputs_of(record, point)).items():
                assert point_error(value, grads, record, point) is None, engine


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_goldens_by_every_engine(case: Case) -> None:
    fn = case.compiled()
    if any(node.shape for node in fn.dag.roots) or len(fn.outputs) > 1:
        return
    for point in case.points:
        inputs = decode_all(point["inputs"])
        want, slopes = fn.forward(**inputs), None
        slopes = fn.backward(want[1])
        for engine, (value, grads) in by_every_engine(fn, inputs).items():
            assert np.allclose(value, want[0], rtol=1e-12, atol=0), engine
            for name, slope in slopes.items():
                assert np.allclose(grads[name], slope, rtol=1e-10, atol=1e-300), (engine, name)


# ---- which takes what ------------------------------------------------------------------------------------------------


def test_what_runs_is_said() -> None:
    fn = gradc.compile("x*exp(y)")
    assert fn.running(1.0, 2.0).engine == "numbers"
    assert fn.running(np.ones(3), 2.0).engine == "blocks"
    assert fn.running(np.float32(1.0), 2.0).engine == "passes"
    with np.errstate(over="ignore"):
        assert fn.running(1.0, 1000.0).engine == "passes"  # beyond the range of a float, as NumPy has it
    assert "def value_and_grad(x=absent, y=absent" in fn.running(x=1.0, y=2.0).text
    assert fn.running(np.float32(1.0), 2.0).text == unsigned(fn.source)
    with pytest.raises(TypeError, match="input 'y' is missing"):
        fn.running(1.0)


def test_declared_arrays() -> None:
    fn = gradc.compile("W: [3, 4]; x: [4]; sum(W @ x)")
    assert fn.running(np.ones((3, 4)), np.ones(4)).engine == "arrays"
    assert fn.running(np.ones((3, 4), np.float32), np.ones(4)).engine == "passes"
    assert gradc.compile("x: [2]; x[0]*x[1]").running(np.ones(2)).engine == "numbers"


def test_large_arrays_go_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "LARGE_ARRAY", 100)
    fn = gradc.compile("x: [n]; k; k*x*exp(x)")
    for size, engine in ((90, "arrays"), (110, "mapped")):
        x = np.linspace(0.0, 1.0, size)
        assert fn.running(x, 2.0, df=np.ones(size)).engine == engine
        value, grads = fn.value_and_grad(x, 2.0, df=np.ones(size))
        assert np.allclose(value, 2.0 * x * np.exp(x), rtol=1e-14)
        assert np.allclose(grads["x"], 2.0 * (1 + x) * np.exp(x), rtol=1e-14)
        assert np.isclose(grads["k"], np.sum(x * np.exp(x)), rtol=1e-13)


def test_a_style_that_falls_back_says_so() -> None:
    fn = gradc.compile("x: [3]; a = sum(x); b = x*2; a, b", style="fast")
    assert [note.message for note in fn.notes] == [
        "the fast style has no module of this program: it is printed in the style of the notes"
    ]
    assert gradc.compile("x*y", style="fast").notes == ()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_a_golden_says_which_engine_takes_it(case: Case) -> None:
    assert engine_of(case) == case.engine


def test_each_engine_is_taken_by_a_golden() -> None:
    """A row of the table is a case of tests/golden that `make golden` has written its name into."""
    assert {case.engine for case in cases()} == set(NAMES) - {NUMBA}  # which runs on request, and has its own tests


def test_each_module_engine_is_taken_by_a_golden() -> None:
    taken = set()
    for case in cases():
        fn = case.compiled()
        if fn.style == "fast":
            taken |= {next(e.name for e in ENGINES if e.module is not None and e.module(fn) is not None)}
    assert taken == {engine.name for engine in ENGINES if engine.module is not None}


def test_each_engine_has_a_planted_fault() -> None:
    assert sorted(FAULTS) == sorted(NAMES)
