"""The worked example: every line with its value, in the words of the notes."""

import json
import math
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.evidence.line_values import summary
from tests.support import Json, corpus, decode, decode_all
from tests.support import gradc as command

STAGED = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
CIRCUIT = "2*(x*y + max(z, w))"
# The notes at (3, -4), to the digits that they print.
NOTED = {
    "sigy": 0.018, "num": 3.018, "sigx": 0.9526, "xpy": -1, "xpysqr": 1, "den": 1.9526, "invden": 0.5121, "f": 1.5456,
    "dx": 2.0596, "dy": 1.5922,
}  # fmt: skip
CASES: list[Json] = corpus("notes")["cases"]


def lines(trace: Any) -> dict[str, Any]:
    """The last value of each name."""
    rows = (*trace.forward, *trace.backward)
    return {row.text.replace("+=", "=").split(" = ")[0].split("[")[0]: row.value for row in rows}


def parts(trace: Any) -> dict[str, str]:
    return {row.text.split(" = ")[0]: row.part for row in trace.backward}


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("literal", [False, True])
def test_the_numbers_of_the_notes(target: str, literal: bool) -> None:
    found = lines(gradc.compile(STAGED, target=target, literal=literal).trace(x=3, y=-4))
    assert {name: pytest.approx(found[name].items, abs=5e-5) for name in NOTED} == NOTED


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_gradients_are_those_of_the_module(case: Json) -> None:
    fn = gradc.compile(case["program"], shapes={k: tuple(v) for k, v in case.get("shapes", {}).items()} or None)
    inputs = decode_all(case["inputs"])
    df = {"df": decode(case["df"])} if "df" in case else {}
    trace = fn.trace(**inputs, **df)
    for name, want in decode_all(case["grads"]).items():
        if trace.gradients[name].items is not None:
            assert np.allclose(trace.gradients[name].items, want, rtol=1e-9, atol=1e-12)
        else:
            assert trace.gradients[name].mean == pytest.approx(np.mean(want), rel=1e-9, abs=1e-12)
    assert trace.suspect is None
    assert [row.number for row in trace.forward] == [number for number, _ in fn.stages]
    assert [row.text for row in trace.forward] == [text for _, text in fn.stages]
    assert all(row.part for row in trace.backward)


def test_the_words() -> None:
    found = parts(gradc.compile(CIRCUIT, target="math").trace(3, -4, 2, -1))
    assert found["dxy"] == "+ distributes"
    assert found["dx"] == found["dy"] == "× swaps"
    assert found["dz"] == found["dw"] == "max routes to z"


@pytest.mark.parametrize(
    ("program", "point", "said"),
    [
        ("max(x, y)", {"x": 1, "y": 2}, "max routes to y"),
        ("max(x, y)", {"x": 2, "y": 2}, "max routes to x"),
        ("min(x, 1)", {"x": 3}, "min routes to 1"),
        ("x if x > y else 3*y", {"x": 1, "y": 2}, "where routes to threey"),
        ("x - y", {"x": 1, "y": 2}, "- distributes, negated to y"),
        ("sin(x)", {"x": 1}, "sin scales by cos(x)"),
        ("exp(x)", {"x": 1}, "exp scales by its own value, f"),
        ("1/(x + y)", {"x": 1, "y": 2}, "1/x scales by -f**2"),
        ("x*y + x*z + x", {"x": 1, "y": 2, "z": 3}, "+ distributes, × swaps"),
    ],
)
def test_the_words_of_a_gate(program: str, point: Json, said: str) -> None:
    assert said in {row.part.split(";")[0] for row in gradc.compile(program, target="math").trace(**point).backward}


def test_paths_meet() -> None:
    rows = gradc.compile("x*x*x + x", target="math").trace(2).backward
    assert any(row.part.endswith("; adds to the other path's") for row in rows)


def test_every_public_gate_has_words() -> None:
    """None falls back to its bare name but those without a gradient and those written in other gates."""
    from gradc.ops import entries

    for entry in entries():
        if entry.public and not entry.boolean and not entry.lower:
            assert entry.say.part or entry.slopes is None or len(entry.slopes) == 1, entry.name


# -- what is not finite ------------------------------------------------------------------------------------------------


def test_the_first_line_that_is_not_finite_is_marked() -> None:
    trace = gradc.compile("a = log(x) + y\na*2").trace(0, 1)
    assert trace.suspect is not None
    assert (trace.suspect.row.number, trace.suspect.backward) == (1, False)
    assert trace.program[slice(*trace.suspect.span)] == "log(x)"
    shown = trace.render().splitlines()[-3:]
    assert shown == [
        "line (1) logx = np.log(x) is the first that is not finite; it comes from",
        "  line 1 | a = log(x) + y",
        "         |     ^^^^^^",
    ]


def test_an_adjoint_may_be_the_first() -> None:
    trace = gradc.compile("1 + sqrt(x*y)").trace(0, 1)
    assert trace.suspect.backward
    assert trace.program[slice(*trace.suspect.span)] == "sqrt(x*y)"


def test_a_line_that_raises_ends_the_trace() -> None:
    trace = gradc.compile("y + log(x)", target="math").trace(y=1, x=-1)
    assert trace.forward[0].error == "ValueError: math domain error"
    assert trace.backward == ()
    assert "raises ValueError: math domain error; it comes from" in trace.render()
    assert json.dumps(trace.to_dict(), allow_nan=False)


def test_no_warning_is_let_through() -> None:
    """The tests turn warnings into errors."""
    trace = gradc.compile("log(x)/x + exp(y)").trace([0.0, -1.0], 1e4)
    assert trace.outputs["f"].nonfinite == 2


# -- arrays ------------------------------------------------------------------------------------------------------------


def test_arrays_are_summarised() -> None:
    fn = gradc.compile("X: [n, d]; W: [d, h]\nH = tanh(X @ W)\nL = sum(H**2)")
    trace = fn.trace(np.arange(12.0).reshape(4, 3), np.ones((3, 2)))
    assert str(trace.inputs["X"]) == "(4, 3) from 0 to 11, mean 5.5"
    told = trace.to_dict()["inputs"]["X"]
    assert told.pop("values")[1] == [3.0, 4.0, 5.0]
    assert told == {"shape": [4, 3], "min": 0.0, "max": 11.0, "mean": 5.5, "nonfinite": 0}
    assert trace.gradients["W"].shape == (3, 2)


def test_small_arrays_are_shown_as_they_are() -> None:
    assert str(summary([1.0, math.nan])) == "[1, nan]"
    assert summary([1.0, math.nan]).to_dict()["values"] == [1.0, "nan"]
    assert str(summary(np.zeros((0, 3)))) == "(0, 3), empty"
    assert str(summary([1.0, math.inf] * 3)) == "(6,) from 1 to inf, mean inf, 3 not finite"


def test_an_array_output_starts_from_ones() -> None:
    fn = gradc.compile("x: [3]\nx*x")
    assert fn.trace([1.0, 2.0, 3.0]).gradients["x"].items == [2.0, 4.0, 6.0]
    assert fn.trace([1.0, 2.0, 3.0], df=[1.0, 0.0, 0.0]).gradients["x"].items == [2.0, 0.0, 0.0]


def test_several_outputs() -> None:
    trace = gradc.compile("x*y, x + y").trace(2, 3)
    assert [value.items for value in trace.outputs.values()] == [6.0, 5.0]
    assert {name: value.items for name, value in trace.gradients.items()} == {"x": 4.0, "y": 3.0}


def test_the_inputs_are_left_alone() -> None:
    x = np.arange(3.0)
    x.flags.writeable = False
    gradc.compile("x: [3]\nsum(x[0]*x + x)").trace(x)


def test_wrong_inputs_are_the_librarys_errors() -> None:
    fn = gradc.compile("x: [3]\nsum(x)*y")
    with pytest.raises(TypeError, match="input 'y' is missing"):
        fn.trace([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="x"):
        fn.trace([1.0, 2.0], 1)


# -- how it shows ------------------------------------------------------------------------------------------------------

SHOWN = """\
(x + y)*z
at x = -2, y = 5, z = -4

forward
  (1)  xpy = x + y  3
  (2)  f = xpy*z    -12

backward, from df = 1
  (2)  dxpy = z*df  -4  × swaps
  (2)  dz = xpy*df  3   × swaps
  (1)  dx = dxpy    -4  + distributes
  (1)  dy = dxpy    -4  + distributes
"""
AT = [word for pair in (("--at", "x=3"), ("--at", "y=-4"), ("--at", "z=2"), ("--at", "w=-1")) for word in pair]


def test_the_whole_of_it() -> None:
    outcome = command("trace", "(x + y)*z", "--at", "x=-2", "--at", "y=5,z=-4", "--target", "math")
    assert (outcome.code, outcome.out, outcome.err) == (0, SHOWN, "")
    assert repr(gradc.compile("(x + y)*z", target="math").trace(-2, 5, -4)) == SHOWN.rstrip("\n")


def test_json() -> None:
    outcome = command("trace", CIRCUIT, *AT, "--json")
    answer = json.loads(outcome.out)
    assert answer == gradc.compile(CIRCUIT).trace(3, -4, 2, -1).to_dict()
    assert answer["gradients"] == {"x": -8.0, "y": 6.0, "z": 2.0, "w": 0.0}
    assert answer["first_not_finite"] is None


def test_html_is_escaped() -> None:
    shown = gradc.compile("x if x < y else log(x) # <b>").trace(1, 0.5)._repr_html_()
    assert "<b>" not in shown
    assert shown.count("<tr>") == shown.count("</tr>") > 3


def test_a_name_of_the_watchers() -> None:
    """Nothing of a program is mistaken for what watches it."""
    assert gradc.compile("see*see_ + see__").trace(2, 3, 4).outputs["f"].items == 10


def test_a_long_program_is_traced_in_its_time() -> None:
    program = " + ".join(f"sin(x*{i}.5)" for i in range(1, 5001))
    assert len(gradc.compile(program).trace(1.0).forward) > 5000
