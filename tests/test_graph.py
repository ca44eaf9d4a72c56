"""The circuit of a program: its gates, values and gradients, in every format."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.base.files import signed, unsigned
from tests.support import Json, corpus, decode, decode_all
from tests.support import gradc as command

CIRCUIT = "2*(x*y + max(z, w))"
STAGED = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
AT = [word for pair in (("--at", "x=3"), ("--at", "y=-4"), ("--at", "z=2"), ("--at", "w=-1")) for word in pair]
CASES: list[Json] = corpus("notes")["cases"]


def gates(graph: Any, kind: str = "gate") -> dict[str, Any]:
    """The gates of a kind by their name, or their label where they have none."""
    return {gate.name or gate.label: gate for gate in graph.circuit.gates if gate.kind == kind}


def test_the_circuit_of_the_notes() -> None:
    graph = gradc.compile(CIRCUIT).graph(3, -4, 2, -1)
    inputs = gates(graph, "input")
    assert {name: gate.value for name, gate in inputs.items()} == {"x": "3", "y": "-4", "z": "2", "w": "-1"}
    assert {name: gate.gradient for name, gate in inputs.items()} == {"x": "-8", "y": "6", "z": "2", "w": "0"}
    inner = [(gate.label, gate.value, gate.gradient) for gate in graph.circuit.gates if gate.kind == "gate"]
    assert inner == [("*", "-12", "2"), ("max", "2", "2"), ("+", "-10", "2"), ("*2", "-20", "1")]


def test_the_staged_example() -> None:
    found = gates(gradc.compile(STAGED).graph(3, -4))
    assert [gate.label for gate in found.values()] == ["σ", "+", "σ", "+", "x²", "+", "1/x", "*"]
    assert (found["invden"].value, found["invden"].gradient) == ("0.5121", "3.018")


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_gradients_of_the_inputs(case: Json) -> None:
    fn = gradc.compile(case["program"], shapes={k: tuple(v) for k, v in case.get("shapes", {}).items()} or None)
    graph = fn.graph(**decode_all(case["inputs"]), **({"df": decode(case["df"])} if "df" in case else {}))
    inputs = gates(graph, "input")
    for name, want in decode_all(case["grads"]).items():
        if np.ndim(want) == 0:
            assert float(inputs[name].gradient) == pytest.approx(float(want), rel=1e-3, abs=1e-12)
    assert ET.fromstring(graph.svg).tag.endswith("svg")


def test_without_a_point_there_are_no_values() -> None:
    graph = gradc.compile(CIRCUIT).graph()
    assert {(gate.value, gate.gradient) for gate in graph.circuit.gates} == {(None, None)}


def test_every_gate_stands_by_itself() -> None:
    """A line may hold a sum of products; a picture shows each."""
    fn = gradc.compile("w[0]*x[0] + w[1]*x[1] + w[2]", shapes={"w": (3,), "x": (2,)})
    graph = fn.graph([2, -3, -3], [-1, -2])
    assert [gate.label for gate in graph.circuit.gates if gate.kind == "gate"] == ["*", "*", "+", "+"]
    assert {name: gate.gradient for name, gate in gates(graph, "input").items()} == {
        "w[0]": "-1", "x[0]": "2", "w[1]": "-2", "x[1]": "-3", "w[2]": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("program", "labels"),
    [
        ("x + 1", ["+1"]),
        ("1 - x", ["1-"]),
        ("x/2", ["/2"]),
        ("x**3", ["x³"]),
        ("x**-12", ["x⁻¹²"]),
        ("sqrt(x)", ["√"]),
        ("-x", ["*-1"]),
        ("x @ y", ["@"]),
        ("sum(x)", ["Σ"]),
        ("where(x[0] > y[0], x[1], 0.5)", [">", "where"]),
    ],
)
def test_what_stands_in_a_gate(program: str, labels: list[str]) -> None:
    arrays = {name: (3,) for name in "xy" if program.count("[") or "@" in program or "sum" in program}
    arrays = {name: shape for name, shape in arrays.items() if re.search(rf"\b{name}\b", program)}
    graph = gradc.compile(program, shapes=arrays or None).graph()
    assert [gate.label for gate in graph.circuit.gates if gate.kind == "gate"] == labels


def test_constants_stand_beside_their_users() -> None:
    constants = gates(gradc.compile("max(x, 0.5) + 2**y").graph(), "constant")
    assert set(constants) == {"0.5", "2"}


def test_arrays_are_shown_by_shape() -> None:
    fn = gradc.compile("X: [n, d]; W: [d, h]\nsum(tanh(X @ W))")
    found = gates(fn.graph(np.ones((4, 3)), np.zeros((3, 2))), "input")
    assert (found["X"].value, found["X"].gradient) == ("(4, 3)", "(4, 3)")
    assert "mean 1" in found["X"].title


def test_several_outputs() -> None:
    graph = gradc.compile("a = x*y; b = x + y; a, b").graph(2, 3)
    assert list(gates(graph, "output")) == ["a", "b"]
    assert {name: gate.gradient for name, gate in gates(graph, "input").items()} == {"x": "4", "y": "3"}


def test_an_input_alone() -> None:
    graph = gradc.compile("x").graph(2)
    assert [gate.kind for gate in graph.circuit.gates] == ["input", "output"]
    assert graph.circuit.gates[0].gradient == "1"


# -- formats -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["svg", "dot", "mermaid"])
def test_formats(format: str, tmp_path: Path) -> None:
    graph = gradc.compile(CIRCUIT).graph(3, -4, 2, -1)
    text = graph.text(format)
    outcome = command("graph", CIRCUIT, *AT, "--format", format)
    assert (outcome.code, outcome.err) == (0, "")
    assert text in (outcome.out, unsigned(outcome.out))
    file = tmp_path / f"circuit.{'mmd' if format == 'mermaid' else format}"
    assert command("graph", CIRCUIT, *AT, "-o", str(file)).out == ""
    assert file.read_text(encoding="utf-8") == signed(text)
    assert command("graph", "x*y", "-o", str(file)).code == 0  # gradc wrote this one


def test_a_picture_of_somebody_else_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "mine.svg"
    file.write_text("<svg/>", encoding="utf-8")
    outcome = command("graph", "x*y", "-o", str(file))
    assert outcome.code == 2
    assert "--force" in outcome.err
    assert file.read_text(encoding="utf-8") == "<svg/>"
    assert command("graph", "x*y", "-o", str(file), "--force").code == 0


def test_an_ending_that_says_nothing(tmp_path: Path) -> None:
    outcome = command("graph", "x*y", "-o", str(tmp_path / "circuit.txt"))
    assert outcome.code == 2
    assert ".svg" in outcome.err
    assert command("graph", "x*y", "-o", str(tmp_path / "circuit.txt"), "--format", "dot").code == 0


def test_json() -> None:
    answer = json.loads(command("graph", CIRCUIT, *AT, "--json").out)
    assert answer == gradc.compile(CIRCUIT).graph(3, -4, 2, -1).to_dict()
    assert [wire for wire in answer["wires"] if wire["to"] == 4] == [
        {"from": 0, "to": 4, "slot": 0},
        {"from": 1, "to": 4, "slot": 1},
    ]


def test_names_are_escaped() -> None:
    program = "x*y # <script>alert(1)</script> & \"'"
    graph = gradc.compile(program).graph()
    assert "<script>" not in graph.svg + graph.mermaid
    assert ET.fromstring(graph.svg) is not None


def test_a_circuit_that_is_too_large() -> None:
    program = " + ".join(f"sin(x*{i})" for i in range(2, 90))
    outcome = command("graph", program)
    assert (outcome.code, outcome.out) == (2, "")
    assert "at most 150" in outcome.err
    assert "--format dot" in outcome.err
    assert command("graph", program, "--format", "dot").code == 0
    graph = gradc.compile(program).graph()
    assert graph._repr_svg_() is None
    assert "<table>" in graph._repr_html_()


def test_how_it_shows() -> None:
    graph = gradc.compile("x*y").graph(2, 3)
    assert repr(graph).splitlines() == [
        "circuit of x*y",
        "gate  name  value  gradient",
        "----  ----  -----  --------",
        "x               2         3",
        "y               3         2",
        "*     f         6         1",
    ]
    assert graph._repr_svg_() == graph.svg


def test_drawn_twice_the_same() -> None:
    first, second = (gradc.compile(STAGED).graph(3, -4) for _ in range(2))
    assert first.svg == second.svg


def test_the_circuit_of_the_notes_as_drawn() -> None:
    fn = gradc.compile("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", literal=True)
    drawn = fn.graph(w0=2, x0=-1, w1=-3, x1=-2, w2=-3).circuit
    gates = [(gate.label, gate.value, gate.gradient) for gate in drawn.gates if gate.kind == "gate"]
    assert [label for label, _, _ in gates] == ["*", "*", "+", "+", "*-1", "exp", "+1", "1/x"]
    assert [value for _, value, _ in gates] == ["-2", "6", "4", "1", "-1", "0.3679", "1.368", "0.7311"]
    assert [slope for _, _, slope in gates[4:]] == ["-0.1966", "-0.5344", "-0.5344", "1"]


def test_without_literal_the_sigmoid_is_one_gate() -> None:
    drawn = gradc.compile("1/(1 + exp(-x))").graph().circuit
    assert [gate.label for gate in drawn.gates if gate.kind == "gate"] == ["σ"]


def test_more_gates_than_usual() -> None:
    fn = gradc.compile(" + ".join(f"x{i}*y{i}" for i in range(100)))
    with pytest.raises(ValueError, match=r"199 gates are too many .* \(at most 150\)"):
        fn.graph().svg  # noqa: B018
    assert fn.graph(max_gates=400).svg.startswith("<svg")
    text = " + ".join(f"x{i}*y{i}" for i in range(100))
    assert command("graph", text).code == 2
    assert command("graph", text, "--max-gates", "400").out.startswith("<svg")


def test_an_input_of_that_name_is_an_input() -> None:
    assert "4" in repr(gradc.compile("max_gates*x").graph(max_gates=2, x=2))
