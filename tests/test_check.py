"""`gradc check`: sound programs pass, every broken rule is noticed and named, limits are told apart from both.

`python -m tests.test_check` checks every core record of the corpora and every example of the notes, and prints what
does not pass or takes long; the tests take each tenth record.
"""

from __future__ import annotations

import json
import random
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import gradc
from gradc.api.function import Function
from gradc.base.errors import GradcError
from gradc.evidence.check import FAIL, PASS, TOO_LARGE, UNVERIFIED
from gradc.evidence.points import Search
from gradc.evidence.references import gather
from gradc.evidence.symbolic.worker import Worker
from gradc.evidence.verdict import gradient_errors
from gradc.graph.dag import Dag, reachable
from gradc.ops import entries, lookup, routing
from gradc.ops.table import Op
from gradc.rewrite.simplify import Builder
from tests.mutation import ELSEWHERE as NOT_ALONE
from tests.mutation import Mutant, broken, mutants
from tests.support import Json, corpus, records, shapes_of
from tests.support import gradc as run
from tests.test_ops import cases

# Gates of integers have programs of their own (test_gather).
ELSEWHERE = (*NOT_ALONE, "gather", "pick", "added")
NOTES = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
# Sound code has been seen at 13 roundings; the limit is at 100.
SOUND = 50.0


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One process of SymPy's for all checks of this file."""
    with Worker() as one:
        yield one


def row(result: Any, name: str) -> Any:
    return next(each for each in result.rows if each.name == name)


# -- sound programs ------------------------------------------------------------------------------------------------


PROGRAMS = [
    NOTES,
    "2*(x*y + max(z, w))",
    "X: [n, d]; w: [d]; y: [n]; sum((X @ w - y)**2)",
    "x: [5]; logsumexp(x) + norm(x)*prod(x)",
    "A: [n, n]; b: [n]; b @ solve(A, b) + log(abs(det(A)))",
    "where(x > 0, x*log(x), where(x < -1, sqrt(-x - 1), 0))",
    "x: [4]; softmax(2*x)",
    "x + y, x*y",
    "x**y + y**3 + x**0.3",
    "A: [2, 3]; concatenate((A[:, 0], A[1])) @ stack([x, y, 1, x, y]) + sum(reshape(A[:, ::2], 4))",
    "0*x + 3",
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_sound_programs_pass(program: str, worker: Worker) -> None:
    fn = gradc.compile(program)
    result = fn.check(worker=worker)
    assert result.verdict == PASS, result
    assert [each.name for each in result.rows] == [*fn.outputs, *(f"d{name}" for name in fn.inputs)]
    assert max(each.roundings for each in result.rows) < SOUND
    assert all(each.verified == each.elements for each in result.rows)


@pytest.mark.parametrize("options", [{"style": "fast"}, {"target": "math"}, {"literal": True}, {"wrt": "y"}])
def test_every_form_of_the_module_is_checked(options: dict[str, Any], worker: Worker) -> None:
    assert gradc.compile(NOTES, **options).check(worker=worker).verdict == PASS


def test_the_textbook_form_is_the_reference(worker: Worker) -> None:
    """A form that is read as a gate is held against the form that was written."""
    result = gradc.compile("log(sum(exp(v))) + 1/(1 + exp(-v[0]))", shapes={"v": (3,)}).check(worker=worker)
    assert result.verdict == PASS


def test_a_point_can_be_given(worker: Worker) -> None:
    result = gradc.compile("x*y").check(at={"x": 3, "y": -4}, worker=worker)
    assert (result.verdict, result.points) == (PASS, ({"x": 3.0, "y": -4.0},))


def test_points_come_from_the_ranges(worker: Worker) -> None:
    result = gradc.compile("log(x - 40)").check(points=5, ranges={"x": (41, 42)}, worker=worker)
    assert len(result.points) == 5
    assert all(41 <= point["x"] <= 42 for point in result.points)


def test_the_same_seed_gives_the_same_points(worker: Worker) -> None:
    fn = gradc.compile(NOTES)
    first, second, other = (fn.check(seed=seed, worker=worker).points for seed in (1, 1, 2))
    assert first == second != other


# -- broken rules --------------------------------------------------------------------------------------------------

# Conditions carry no gradient, so that no rule of theirs is ever asked.
CONDITIONS = {"c", "d"}


def program_of(entry: Op) -> Function:
    """A small program of one entry, as if a user had written it."""
    sizes = {2, 3, 4} if not entry.elementwise and not entry.variadic else {2, 3, 4, ()}
    fits = [case for case in cases(entry) if all(s in sizes or ({*s} and {*s} <= sizes) for s in case[0])]
    shapes, attr = min(fits, key=lambda case: sum(map(len, case[0])))
    names = [f"{entry.params[0]}{k}" for k in range(len(shapes))] if entry.variadic else list(entry.params)
    build = Builder()
    inputs = {name: build.input(name, shape) for name, shape in zip(names, shapes, strict=True)}
    args = [build.make(routing.gt, (x, build.const(1))) if x.attr in CONDITIONS else x for x in inputs.values()]
    node = build.intern(entry, tuple(args), attr)
    nodes = tuple(reachable([node, *inputs.values()]))
    dag = Dag("", nodes, inputs, (("f", node),), {}, {}, {}, build.dims, roles={}, declared=any(shapes))
    return Function(dag, tuple(names), "notes", "notes", "numpy", False)


def rule_breakers() -> Iterator[Mutant]:
    """Every rule with its sign turned, with a factor too many, and with a contribution dropped."""
    for entry in entries():
        if entry is routing.indicator or entry.name.startswith(ELSEWHERE):
            continue
        for mutant in mutants(entry):
            how, _, what = mutant.what.partition(" ")
            asked = what.removeprefix("of ")[1:] not in CONDITIONS and not entry.boolean
            if mutant.field in ("slopes", "vjps") and how in ("sign", "factor", "no") and asked:
                yield replace(mutant, value=_turned(mutant.value))


def _turned(rules: Any) -> Any:
    """NumPy has no minus for a condition; a number can be turned instead."""
    if callable(rules):
        return rules
    return tuple(f"where{r[1:-1]}, -1, 0)" if r[:2] == "-(" and set(r) & set("<>!") else r for r in rules)


BROKEN = list(rule_breakers())


def test_every_entry_with_a_rule_is_broken() -> None:
    named = [e for e in entries() if not e.name.startswith(ELSEWHERE) and e is not routing.indicator]
    ruled = {e.name for e in named if callable(e.vjps) or {*e.partials(), *e.vjps} - {"0", ""}}
    flat = {e.name for e in named if e.partials() and {*e.partials()} == {"0"}}
    assert ruled <= {mutant.entry for mutant in BROKEN} <= ruled | flat


@pytest.mark.parametrize("mutant", BROKEN, ids=lambda m: f"{m.entry}, {m.what}")
def test_a_broken_rule_fails_and_names_the_input(mutant: Mutant, worker: Worker) -> None:
    with broken(mutant) as entry:
        result = program_of(entry).check(points=3, worker=worker)
    assert result.verdict == FAIL, result
    assert not result.ok
    name = f"{entry.params[0]}{mutant.value.at}" if entry.variadic else mutant.what.split()[-1].removeprefix("d")
    assert [each.input for each in result.rows if each.verdict == FAIL] == [name], result
    assert f"d{name}" in result.render()


def test_entries_pass_when_nothing_is_broken(worker: Worker) -> None:
    symmetric = ("cholesky", "eigvalsh", "eigvecs")  # what they take a random matrix for, which it is not
    for entry in {mutant.entry: None for mutant in BROKEN if mutant.entry not in symmetric}:
        mine = next(e for e in entries() if e.name == entry)
        result = program_of(mine).check(worker=worker)
        assert result.verdict == PASS or (result.ok and "no formula" in result.reason), (entry, result)


# -- limits --------------------------------------------------------------------------------------------------------


def test_too_large_is_a_verdict_of_its_own() -> None:
    """Nested quotients share nothing that SymPy would keep; the map contracts, so differences decide."""
    deep = "\n".join(["a = x*y + 1", *["a = (a*x + y)/(9 + x*x + a*a) + sin(a*y)/9"] * 400, "a"])
    result = gradc.compile(deep).check(steps=50_000)
    assert (result.verdict, result.ok) == (TOO_LARGE, True)
    assert "limit of 50,000 steps" in result.reason
    assert "too large to verify symbolically" in result.render()
    assert all(each.verified == 0 for each in result.rows if each.input)


def test_too_large_can_still_be_wrong() -> None:
    deep = "\n".join(["a = x*y + 1", *["a = (a*x + y)/(a + x*a*a) + sin(a*y)"] * 60, "a"])
    (mutant,) = (each for each in BROKEN if (each.entry, each.what) == ("sin", "sign of dx"))
    with broken(mutant):
        result = gradc.compile(deep).check(steps=200_000)
    assert result.verdict == FAIL


def test_without_a_process_differences_of_floats_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    result = gradc.compile("x*y").check()
    assert (result.verdict, result.ok) == (UNVERIFIED, True)
    assert "does not start" in result.reason


def test_what_can_not_be_written_out_is_judged_by_differences_of_floats(worker: Worker) -> None:
    result = gradc.compile("det(A)", shapes={"A": (12, 12)}).check(worker=worker)
    assert (result.verdict, result.ok) == (UNVERIFIED, True)
    assert "too large to write out" in result.reason
    assert row(result, "dA").against == "differences of floats"


# -- kinks and domains ---------------------------------------------------------------------------------------------


def test_a_kink_is_named(worker: Worker) -> None:
    result = gradc.compile("x + max(2*y, z)").check(at={"x": 1, "y": 2, "z": 4}, worker=worker)
    assert result.kinks == ("max(2*y, z) is at or near its kink at x=1, y=2, z=4",)
    assert result.verdict == PASS


def test_another_choice_at_a_kink_is_not_judged(worker: Worker) -> None:
    (mutant,) = (each for each in mutants(lookup("maximum")) if each.what == "tie of dx")
    with broken(replace(mutant, value=("x > y", "x <= y"))):
        fn = gradc.compile("x + max(2*y, z)")
        result = fn.check(at={"x": 1, "y": 2, "z": 4}, worker=worker)
        assert fn.check(worker=worker).verdict == PASS
    assert [each.verdict for each in result.rows] == [PASS, PASS, UNVERIFIED, UNVERIFIED]
    assert row(result, "dz").remark == "every point lies at a kink"
    assert result.ok


def test_a_formula_without_a_slope_leaves_it_to_differences(worker: Worker) -> None:
    result = gradc.compile("sqrt(x**2)").check(at={"x": 0}, worker=worker)
    assert (result.verdict, row(result, "dx").verified) == (UNVERIFIED, 0)


def test_random_points_keep_away_from_kinks(worker: Worker) -> None:
    result = gradc.compile("abs(x)*relu(y)").check(points=8, worker=worker)
    assert (result.verdict, result.kinks) == (PASS, ())


def test_both_sides_of_a_branch_are_tried(worker: Worker) -> None:
    points = gradc.compile("x*y if x > 0 else exp(y)").check(points=2, worker=worker).points
    assert {point["x"] > 0 for point in points} == {True, False}


def test_a_program_without_a_point_says_where_to_look() -> None:
    with pytest.raises(GradcError, match="found no point") as error:
        gradc.compile("log(-1 - x**2)").check()
    assert "--range" in error.value.hint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at": {"x": 1}}, "no value for 'y'"),
        ({"at": {"x": 1, "y": 2, "z": 3}}, "no input 'z'"),
        ({"at": {"x": 0, "y": 0}}, "not finite"),
        ({"ranges": {"z": (0, 1)}}, "no input 'z'"),
        ({"ranges": {"x": (2, 1)}}, "range of 'x' is empty"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(GradcError, match=message):
        gradc.compile("x/y").check(**options)


# -- what a result says --------------------------------------------------------------------------------------------


def test_the_command_runs_the_worst_point_again(worker: Worker) -> None:
    program = "x: [2]\nsum(x*y)  # it's a sum"
    result = gradc.compile(program, wrt="y", style="fast").check(seed=5, worker=worker)
    words = shlex.split(result.command)
    assert words[:5] == ["gradc", "check", program, "--wrt", "y"]
    assert (words[5:7], words[-2:]) == (["--style", "fast"], ["--seed", "5"])
    assert [word.partition("=")[0] for word in words[8:-2:2]] == ["x", "y"]


def test_a_large_point_is_called_by_its_seed(worker: Worker) -> None:
    command = gradc.compile("X: [20, 3]\nsum(X*X)").check(points=1, worker=worker).command
    assert command == "gradc check 'X: [20, 3]; sum(X*X)' --seed 0 --points 1"


def test_a_result_is_plain_data(worker: Worker) -> None:
    result = gradc.compile("x*y").check(worker=worker)
    data = json.loads(json.dumps(result.to_dict()))
    assert (data["ok"], data["verdict"], [each["name"] for each in data["rows"]]) == (True, PASS, ["f", "dx", "dy"])
    assert "<table>" in result._repr_html_()
    assert repr(result) == result.render()


def test_the_shell_says_by_its_exit_code_what_was_found() -> None:
    passed = run("check", "x*y + sin(x)", "--points", "2", "--json")
    assert (passed.code, json.loads(passed.out)["verdict"]) == (0, PASS)
    (mutant,) = (each for each in BROKEN if (each.entry, each.what) == ("mul", "sign of dx"))
    with broken(mutant):
        failed = run("check", "x*y")
    assert failed.code == 1
    assert "dx  fail" in failed.out


# -- the corpora ---------------------------------------------------------------------------------------------------


def examples() -> list[Json]:
    """Every core record of the corpora and every example of the notes: id, program, shapes, inputs to differentiate."""
    core = [r for r in records() if r["level"] == "core"]
    notes = corpus("notes")["cases"]
    return [
        *({"id": r["id"], "program": r["program"], "shapes": shapes_of(r), "wrt": r["wrt"]} for r in core),
        *({"id": r["id"], "program": r["program"], "shapes": r.get("shapes"), "wrt": None} for r in notes),
    ]


EXAMPLES = examples()


def checked(example: Json, worker: Worker, **options: Any) -> tuple[Any, float]:
    """The result, and the seconds that it took."""
    began = time.monotonic()
    fn = gradc.compile(example["program"], shapes=example["shapes"], wrt=example["wrt"], **options)
    return fn.check(worker=worker), time.monotonic() - began


@pytest.mark.parametrize("example", EXAMPLES[::10] + EXAMPLES[-30:], ids=lambda each: each["id"])
def test_examples_pass(example: Json, worker: Worker) -> None:
    result, _ = checked(example, worker)
    assert result.verdict in (PASS, TOO_LARGE), result
    assert max(each.roundings for each in result.rows) < SOUND


def main() -> int:
    """Check every example in every style; print what does not pass, and how long the slowest took."""
    found: dict[str, int] = {}
    slowest, worst = 0.0, 0.0
    with Worker() as worker:
        for style in ("notes", "fast"):
            for example in EXAMPLES:
                result, seconds = checked(example, worker, style=style)
                slowest, worst = max(slowest, seconds), max(worst, *(each.roundings for each in result.rows))
                found[result.verdict] = found.get(result.verdict, 0) + 1
                if result.verdict != PASS:
                    print(f"{example['id']}, {style}: {result.verdict} {result.reason}", flush=True)
    print(f"{found}; at most {worst:.3g} roundings and {slowest:.1f} s")
    return int(FAIL in found or UNVERIFIED in found)


if __name__ == "__main__":
    sys.exit(main())


def test_a_chaotic_program_is_not_called_wrong() -> None:
    """Two trajectories of the logistic map part within 400 steps: no difference says anything of its slopes."""
    lines = ["x0 = x", *(f"x{i + 1} = 3.9*x{i}*(1 - x{i})" for i in range(400)), "x400"]
    fn = gradc.compile("\n".join(lines))
    for limit, remark in (({"timeout": 10.0}, "ill-conditioned"), ({"steps": 20_000}, "nothing to compare with")):
        result = fn.check(at={"x": 0.3}, **limit)
        (row,) = [row for row in result.rows if row.input == "x"]
        assert (result.ok, row.verdict) == (True, "not verified")
        assert remark in row.remark


@pytest.mark.parametrize("turns", [12, 20, 30, 44])
def test_nor_where_differences_of_floats_are_all_that_there_is_time_for(turns: int, worker: Worker) -> None:
    result = gradc.compile(f"for i in range({turns}):\n    x = 3.9*x*(1 - x)\nx").check(steps=10, worker=worker)
    assert result.ok, result.render()


def test_differences_of_floats_find_what_is_wrong(worker: Worker) -> None:
    fn = gradc.compile("exp(x)*y**3")
    search = Search(fn, seed=1)
    staged = search.points(1)
    broken = replace(staged[0], gradients={"x": (0.0,), "y": tuple(2 * each for each in staged[0].gradients["y"])})
    evidence = gather(search, [broken], 1, worker, 20.0, 10)
    assert all(error.roundings > 1e4 for name in "xy" for error in gradient_errors(evidence, name).values())


# -- large programs, and how much is done ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    ["h: [2, 2, 2]; k: [2, 0, 2]; sum(h) + sum(k)", "k: [0, 3]; k**2", "k: [3, 0]; v: [0]; sum(k @ v) + x"],
)
def test_an_empty_array_has_all_of_its_shape(program: str, worker: Worker) -> None:
    assert gradc.compile(program).check(points=2, worker=worker).verdict == PASS


def test_a_large_input_is_verified_by_a_sample(worker: Worker) -> None:
    result = gradc.compile("X: [8, 10]; w: [10]; sum(tanh(X @ w))").check(points=1, worker=worker)
    assert (result.verdict, result.reason) == ("pass", "")
    counts = {row.input: (row.verified, row.elements) for row in result.rows if row.input}
    assert counts == {"X": (32, 80), "w": (10, 10)}
    assert "pass: the staged gradient is SymPy's in 42 of 90 elements, and differences' in all" in result.render()


def test_a_sample_alone_passes_nothing(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong element that no sample holds shows in the differences of the whole."""
    right = Function.backward
    other = next(k for k in range(80) if k not in random.Random("X").sample(range(80), 32))

    def wrong(self: Function, *args: Any, **given: Any) -> Any:
        grads = right(self, *args, **given)
        grads["X"].flat[other] += 0.01
        return grads

    monkeypatch.setattr(Function, "backward", wrong)
    result = gradc.compile("X: [8, 10]; w: [10]; sum(tanh(X @ w))").check(points=1, worker=worker)
    assert row(result, "dX").verdict == FAIL


@pytest.mark.parametrize("steps", [100, 5_000])
def test_the_limit_is_a_number_of_steps(steps: int) -> None:
    fn = gradc.compile("X: [8, 10]; w: [10]; sum(tanh(X @ w))")
    first, again = (fn.check(points=1, steps=steps) for _ in range(2))
    assert first.reason == f"limit of {steps:,} steps reached"
    assert [row.to_dict() for row in first.rows] == [row.to_dict() for row in again.rows]


def test_the_table_has_its_place_in_80_columns(worker: Worker) -> None:
    shown = gradc.compile("(x + sigmoid(y))/(sigmoid(x) + (x + y)**2)*z").check(worker=worker).render()
    assert max(map(len, shown.splitlines()[:-1])) <= 80
    assert "point 1: x=2.067, y=1.548, z=-0.477" in shown
