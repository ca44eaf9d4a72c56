"""`gradc report`: the figures of the notes' example, exact sizes of what can't be built, and sweeps that end in time.

`python -m tests.test_report` sweeps the logistic map to 50 steps, which takes most of a minute.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest

import gradc
from gradc.api.function import Function
from gradc.base.errors import GradcError
from gradc.emit.count import count
from gradc.evidence.derivative_forms import AT_LEAST, BUILT, COUNTED, CSE, EXPANDED, MISSING, SYMBOLIC, counted_as_tree
from gradc.evidence.growing import FAMILIES, member
from gradc.evidence.measure import measured_module
from gradc.evidence.sweep import Sweep, sweep
from gradc.evidence.symbolic.worker import Worker
from gradc.language import parse
from tests.support import function
from tests.support import gradc as run

NOTES = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
MINUTE = 60.0


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One process of SymPy's for all reports of this file."""
    with Worker() as one:
        yield one


def forms(result: Any) -> dict[str, Any]:
    return {form.name: form for form in result.forms}


# -- the notes' example --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notes(worker: Worker) -> Any:
    return gradc.compile(NOTES).report(worker=worker)


def test_the_notes_example_in_operations(notes: Any) -> None:
    found = forms(notes)
    assert found["staged, fast, literal"].operations <= 28
    assert 60 <= found[SYMBOLIC].operations <= 90
    assert found[EXPANDED].operations > 1200
    assert 28 <= found[CSE].operations <= 32
    assert {form.how for form in notes.forms} == {BUILT}


def test_every_figure_is_there(notes: Any) -> None:
    for form in notes.forms:
        assert min(form.operations, form.statements, form.characters) > 0
        assert 0 < form.seconds < 1
        assert form.built > 0


def test_it_is_said_where_cse_comes_close(notes: Any) -> None:
    assert any(note.startswith("CSE comes close: 30 operations against 2") for note in notes.notes)
    assert "CSE comes close" in notes.render()


def test_it_is_said_where_cse_does_not(worker: Worker) -> None:
    result = gradc.compile(member("logistic", 6)).report(expand=False, worker=worker)
    assert any(note.startswith("CSE needs 3") for note in result.notes)


def test_a_report_is_plain_data(notes: Any) -> None:
    data = json.loads(json.dumps(notes.to_dict()))
    assert [form["name"] for form in data["forms"]] == [form.name for form in notes.forms]
    assert "<table>" in notes._repr_html_()
    assert notes.markdown().startswith("| value and gradient |")
    assert repr(notes) == notes.render()


@pytest.mark.parametrize("target", ["numpy", "math", "torch", "jax", "c"])
@pytest.mark.parametrize("style", ["notes", "fast"])
def test_the_figures_are_those_of_the_module_that_was_asked_for(target: str, style: str) -> None:
    fn = gradc.compile(NOTES, target=target, style=style)
    told = [int(n) for n in re.findall(r"\d+", re.search(r"Operations: ([^;.]*[;.][^;.\n]*)", fn.source)[1])]  # type: ignore[index]
    whole = told[1] if "value and gradient" in fn.source else told[0] + told[1]
    found = forms(fn.report(expand=False, timeout=0.01))
    assert found[f"staged, {style}"].operations == whole
    assert (f"staged, {'notes' if style == 'fast' else 'fast'}" in found) == (
        style == "notes" and target not in ("torch", "jax", "c")
    )


# -- counting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("program", [NOTES, "x*y + sin(x)*x", "x if x > y else y*y"])
def test_staged_figures_are_those_of_the_text(program: str, style: str) -> None:
    source = gradc.compile(program, style=style, target="math").source
    names = ["value_and_grad"] if style == "fast" else ["forward", "backward"]
    conversions = 2 if style == "notes" else 0  # float(x), float(y)
    helpers = {"sigmoid": count(_helper(source))} if "def sigmoid" in source else {}
    bodies = ["\n".join(map(_unparsed, function(source, name).body)) for name in names]
    assert measured_module(source).operations == count("\n".join(bodies), helpers) - conversions


def _unparsed(statement: Any) -> str:
    import ast

    return f"def line():\n    {ast.unparse(statement)}" if isinstance(statement, ast.Return) else ast.unparse(statement)


def _helper(source: str) -> str:
    return "def sigmoid" + source.split("def sigmoid")[1].split("\n\n\n")[0]


def test_printed_sympy_has_the_operations_that_are_counted(worker: Worker) -> None:
    """The sizes that are counted without printing are those of the printed text."""
    from gradc.evidence.symbolic.steps import written

    fn = gradc.compile(NOTES + " + where(x > y, sqrt(x)/y, -x**2.5*atan2(x, y) - max(x, y)/3)")
    job = {"job": "forms", "program": written(fn.dag, {}).plain(), "wrt": ["x", "y"], "outputs": ["f"], "expand": True}
    answers = [answer for answer in worker.ask(job, MINUTE) if "text" in answer]
    assert [answer["form"] for answer in answers] == ["symbolic", "cse", "built"]
    for answer in answers:
        assert (count(answer["text"]), len(answer["text"])) == (answer["ops"], answer["chars"])
        assert answer["text"].count("\n") + 1 == answer["statements"]


@pytest.mark.parametrize("program", [member("logistic", 4), member("chain", 3), "x*y/(1 + x)**2/(2 + y)", "(x + y)**5"])
def test_expanded_forms_are_counted_as_they_are_built(program: str, worker: Worker) -> None:
    built = forms(gradc.compile(program).report(worker=worker))[EXPANDED]
    counted = forms(gradc.compile(program).report(expand=False, worker=worker))[EXPANDED]
    assert (built.how, counted.how) == (BUILT, COUNTED)
    assert built.operations == counted.operations


def test_a_logistic_map_of_fifty_steps_is_sized(worker: Worker) -> None:
    found = forms(gradc.compile(member("logistic", 50)).report(expand=False, worker=worker, timeout=10 * MINUTE))
    assert (found[SYMBOLIC].how, 1e18 < found[SYMBOLIC].operations < 1e19) == (COUNTED, True)
    assert (found[EXPANDED].how, found[EXPANDED].operations > 1e18) == (AT_LEAST, True)
    assert found["staged, fast"].operations < 500


def test_without_sympy_the_graph_is_counted() -> None:
    found = forms(gradc.compile(member("logistic", 30)).report(timeout=0.01))
    assert (found[SYMBOLIC].how, found[EXPANDED].how, found[CSE].how) == (COUNTED, MISSING, MISSING)
    assert found[SYMBOLIC].operations > 1e11
    assert "limit of time" in found[CSE].remark


def test_counting_over_the_graph_is_linear() -> None:
    dag = parse(member("logistic", 2000))
    began = time.monotonic()
    assert counted_as_tree(dag, ["x"]).bit_length() > 2000
    assert time.monotonic() - began < MINUTE


def test_memory_is_a_limit() -> None:
    program = "(a + b + c + d + e2 + g + h)**40"
    found = forms(gradc.compile(program).report(memory=60, timeout=MINUTE))
    assert found[EXPANDED].how in (AT_LEAST, COUNTED)
    assert found[EXPANDED].operations > 1e6


# -- programs of every kind ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        "X: [n, d]; w: [d]; sum(sigmoid(X @ w))",
        "x: [3]; x*2",
        "x + y, x*y",
        "log(x) if x > 0 else y",
        "np*math + dx*f",
        "0*x + 3",
    ],
)
def test_every_program_has_a_report(program: str, worker: Worker) -> None:
    found = forms(gradc.compile(program).report(worker=worker))
    assert all(form.how == BUILT for form in found.values())
    assert all(form.seconds is not None for form in found.values())


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    gradc.compile("x*y").report(progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] <= told[-1][1]


# -- sweeps --------------------------------------------------------------------------------------------------------


def operations(result: Sweep, name: str) -> list[tuple[int, int]]:
    found = [(each.size, form) for each in result.members for form in each.forms if form.name == name]
    return [(size, form.operations) for size, form in found if form.operations is not None]


@pytest.mark.parametrize("family", FAMILIES)
def test_families_grow(family: str, worker: Worker) -> None:
    result = sweep(family, Function, upto=4, worker=worker)
    assert [each.size for each in result.members] == [1, 2, 3, 4]
    for name in ("staged", SYMBOLIC, EXPANDED, CSE):
        sizes = [ops for _, ops in operations(result, name)]
        assert sizes == sorted(sizes)


def test_the_logistic_sweep(worker: Worker) -> None:
    check_logistic(sweep("logistic", Function, upto=11, worker=worker), 11)


def check_logistic(result: Sweep, upto: int) -> None:
    """Staged linear, after CSE quadratic, the others exponential."""
    staged, cse = operations(result, "staged"), operations(result, CSE)
    assert staged == [(n, 9 * n - 3) for n, _ in staged]
    assert (staged[-1][0], cse[-1][0]) == (upto, upto)
    assert all(3 * n * n < ops < 8 * n * n for n, ops in cse if n > 2)
    for name in (SYMBOLIC, EXPANDED):
        assert operations(result, name)[-1][1] > 2.0**upto


def test_a_program_composed_with_itself(worker: Worker) -> None:
    mine = sweep(gradc.compile("r*x*(1 - x)"), Function, upto=4, worker=worker)
    theirs = sweep("logistic", Function, upto=4, worker=worker)
    assert mine.family == "composed r*x*(1 - x)"
    for name in ("staged", SYMBOLIC, CSE):
        assert operations(mine, name) == operations(theirs, name)


def test_a_sweep_is_data_and_a_picture(worker: Worker) -> None:
    result = sweep("chain", Function, upto=3, worker=worker)
    data = json.loads(json.dumps(result.to_dict()))
    rows = list(csv.DictReader(io.StringIO(result.csv())))
    assert [int(row["operations"]) for row in rows] == [f["operations"] for m in data["members"] for f in m["forms"]]
    assert result.render().splitlines()[0].split()[:2] == ["chain", "gates"]
    assert result.markdown().startswith("| chain |")
    picture = ET.fromstring(result._repr_svg_())
    names = {element.text for element in picture.iter() if element.tag.endswith("text")}
    assert {"staged", SYMBOLIC, EXPANDED, CSE, "size"} <= names
    assert result.svg() == result.svg()


def test_a_family_that_is_not_there_is_named() -> None:
    with pytest.raises(GradcError, match="no family 'fibonacci'"):
        sweep("fibonacci", Function)


def test_the_shell_reports() -> None:
    outcome = run("report", NOTES, "--json")
    assert outcome.code == 0
    assert forms_of_json(outcome.out)["staged, fast, literal"] <= 28


def forms_of_json(text: str) -> dict[str, int]:
    return {form["name"]: form["operations"] for form in json.loads(text)["forms"]}


def main() -> int:
    """The sweep that the project's claims stand on, in its time."""
    result = sweep("logistic", Function, upto=50)
    print(result.render())
    print(f"{result.seconds:.0f} s")
    check_logistic(result, 50)
    return int(result.seconds > MINUTE)


if __name__ == "__main__":
    sys.exit(main())
