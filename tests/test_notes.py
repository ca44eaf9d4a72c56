"""The worked examples that gradc stands on: values, gradients, and the very names of the lines."""

import re
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import (
    Json,
    assigned,
    both_passes,
    corpus,
    decode,
    decode_all,
    gradient_error,
    is_subsequence,
    standalone,
    value_error,
    watched,
)

CASES: list[Json] = corpus("notes")["cases"]
# Programs that the notes stage line for line: these names and no others. The rest of the cases name
# the lines that the program itself names, between which the emitted module has gates of its own.
LINE_FOR_LINE = {
    "compound", "sigmoid", "neuron-scalars", "neuron", "staged", "staged-written-out",
    "matmul", "matmul-layer", "mml", "two-paths",
}  # fmt: skip


def having(*keys: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in CASES if all(key in case for key in keys)]


def compiled(case: Json, **options: Any) -> gradc.Function:
    shapes = {name: tuple(shape) for name, shape in case.get("shapes", {}).items()}
    return gradc.compile(case["program"], shapes=shapes or None, names=case.get("names", "notes"), **options)


def upstream(case: Json) -> Any:
    """The adjoint of the output: as given, or ones in its shape."""
    if "df" in case:
        return decode(case["df"])
    value = decode(case["value"])
    return np.ones_like(value) if np.ndim(value) else None


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("case", having())
def test_value_and_gradient(case: Json, style: str) -> None:
    module = standalone(compiled(case, style=style).source)
    passes = both_passes(module, decode_all(case["inputs"]), upstream(case))
    assert value_error(passes.value, decode(case["value"])) is None
    assert gradient_error(passes.grads, decode_all(case["grads"])) is None
    assert list(passes.grads) == list(case["grads"])


@pytest.mark.parametrize("case", having("rounded"))
def test_rounded_as_printed(case: Json) -> None:
    """The notes print two digits."""
    value, grads = compiled(case).value_and_grad(**decode_all(case["inputs"]))
    got = {"value": value, **grads}
    assert {name: round(float(got[name]), 2) for name in case["rounded"]} == case["rounded"]


@pytest.mark.parametrize("case", having("forward_names"))
def test_forward_names(case: Json) -> None:
    lines = assigned(compiled(case).source, "forward")
    if case["id"] in LINE_FOR_LINE:
        assert lines == case["forward_names"]
    else:
        assert is_subsequence(case["forward_names"], lines), lines


@pytest.mark.parametrize("case", having("adjoint_names"))
def test_adjoint_names(case: Json) -> None:
    lines = assigned(compiled(case).source, "backward")
    assert set(case["adjoint_names"]) <= set(lines)
    if case["id"] in LINE_FOR_LINE:
        assert set(lines) <= {*case["adjoint_names"], *(f"d{name}" for name in case["forward_names"])}


@pytest.mark.parametrize("case", having("intermediates"))
def test_intermediates(case: Json) -> None:
    module = standalone(compiled(case).source)
    with watched(module.forward, module.backward) as seen:
        _, cache = module.forward(**decode_all(case["inputs"]))
        module.backward(cache)
    assert {name: seen[name] for name in case["intermediates"]} == case["intermediates"]


STAGED = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"


def test_the_order_of_the_backward_lines() -> None:
    """Both of (8), then (7), (6), (5), `dx, dy` (4), `dx +=` (3), `dx +=, dsigy` (2), `dy +=` (1)."""
    names = ["dnum", "dinvden", "dden", "dsigx", "dxpysqr", "dxpy", "dx", "dy", "dx", "dx", "dsigy", "dy"]
    assert assigned(gradc.compile(STAGED, target="math").source, "backward") == names


def test_literal_lines_read_as_the_notes_have_them() -> None:
    forward = (
        gradc.compile(STAGED, target="math", literal=True)
        .source.partition("def forward")[2]
        .partition("def backward")[0]
    )
    lines = [line.partition("#")[0].strip().replace("math.", "") for line in forward.splitlines()]
    want = [
        "sigy = 1/(1 + exp(-y))",
        "num = x + sigy",
        "sigx = 1/(1 + exp(-x))",
        "xpy = x + y",
        "xpysqr = xpy**2",
        "den = sigx + xpysqr",
        "invden = 1/den",
        "f = num*invden",
    ]
    assert is_subsequence(want, lines), lines


def test_the_default_lines_call_the_stable_sigmoid() -> None:
    source = gradc.compile(STAGED).source
    assert "sigy = sigmoid(y)" in source
    assert "sigx = sigmoid(x)" in source
    assert "def sigmoid(" in source


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("sigmoid(y) + 1", ["sigy", "f"]),
        ("sin(x + y)", ["xpy", "f"]),
        ("sin(x - y)", ["xmy", "f"]),
        ("sin(x*y)", ["xy", "f"]),
        ("sin(x**2)", ["xsqr", "f"]),
        ("sin(exp(x))", ["expx", "f"]),
        ("sin(1/x)", ["invx", "f"]),
        ("(x + y)/(x - y)", ["num", "den", "invden", "f"]),
    ],
)
def test_how_names_arise(program: str, names: list[str]) -> None:
    assert assigned(gradc.compile(program).source, "forward") == names


def test_letters_and_wengert() -> None:
    program = "sin(x*y) + x"
    assert assigned(gradc.compile(program, names="letters").source, "forward")[:2] == ["a", "b"]
    assert assigned(gradc.compile(program, names="wengert").source, "forward")[:2] == ["v1", "v2"]


def test_a_long_name_becomes_a_short_one_with_a_number() -> None:
    program = "sin(cos(exp(log(tanh(alpha_long*beta_long + gamma_long*delta_long - epsilon_long)))))"
    names = assigned(gradc.compile(program).source, "forward")
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 24


def test_a_matrix_product_is_proved_in_a_comment() -> None:
    source = gradc.compile("X: [n, d]; W: [d, h]; D = X @ W").source
    assert "# dW: (d, h) = (d, n) @ (n, h)" in source
    assert "dW = X.T @ dD" in source
    assert "dX = dD @ W.T" in source


def test_the_docstring_says_what_and_what_it_costs() -> None:
    doc = standalone(gradc.compile(STAGED, wrt=["x"]).source).__doc__ or ""
    assert STAGED in doc
    assert "x, y" in doc
    assert "respect to: x." in doc
    assert re.search(r"Operations: forward \d+, backward \d+; together \d\.\d\d times the forward pass", doc)
