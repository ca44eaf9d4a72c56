"""Entries of the table as typed records: what is misspelt, malformed or out of place is found before it runs."""

from __future__ import annotations

import ast
import builtins
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.evidence.entries import inspect
from gradc.evidence.gates import rows
from gradc.graph.forms import PRECEDENCE, Form
from gradc.ops import entries
from gradc.ops.helpers import HELPERS
from gradc.ops.table import Say, Test, op, unregister
from tests import test_ops
from tests.support import ROOT

WIDTH = 100
TABLE = sorted((ROOT / "gradc" / "ops").glob("*.py"))


def typed(tmp_path: Path, text: str) -> str:
    """What the strict type checker says of a file."""
    pytest.importorskip("mypy")
    file = tmp_path / "planted.py"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300).stdout


def test_a_misspelt_fact_fails_the_type_check(tmp_path: Path) -> None:
    said = typed(
        tmp_path,
        "from gradc.graph.dag import Node\n"
        "from gradc.ops.table import Say, op\n"
        "def planted(gate: Node) -> object:\n"
        "    return gate.op.lazy, gate.op.lasy, gate.op.say.steem, gate.op.steep.sofe\n"
        "Say(stemm='x')\n"
        "op('f(x)', doc='f', slope=['1'])\n",
    )
    found = [line.split(": error: ")[1] for line in said.splitlines() if ": error: " in line]
    assert [word for word in ("lasy", "steem", "sofe", "stemm", "slope") if any(f'"{word}"' in e for e in found)] == [
        "lasy", "steem", "sofe", "stemm", "slope",
    ]  # fmt: skip
    assert len(found) == 5, found


def test_a_record_is_frozen_and_knows_its_facts() -> None:
    say = Say(stem="sig{x}")
    with pytest.raises(AttributeError, match="frozen"):
        say.stem = "other"  # type: ignore[misc]
    with pytest.raises(TypeError, match="Say has no 'stemm'"):
        Say(stemm="sig{x}")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="smooth"):
        op("f(x)", doc="f", smooth=[None])  # type: ignore[call-arg]


@pytest.mark.parametrize("file", TABLE, ids=lambda path: path.stem)
def test_an_entry_is_read_as_a_page(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("op", "unary"):
            assert all(len(line) <= WIDTH for line in lines[node.lineno - 1 : node.end_lineno]), node.lineno


@pytest.mark.parametrize(
    ("text", "precedence", "least"),
    [
        ("{x} + {y}", "add", {"x": "add", "y": "mul"}),
        ("{x}*{y}", "mul", {"x": "mul", "y": "unary"}),
        ("{x} @ {y}", "mul", {"x": "mul", "y": "unary"}),
        ("-{x}", "mul", {"x": "mul"}),
        ("{x}**{y}", "pow", {"x": "atom", "y": "unary"}),
        ("1/(1 + np.exp(-{x}))", "mul", {"x": "mul"}),
        ("{x} if {c} else {y}", "cond", {"x": "or", "c": "or", "y": "cond"}),
        ("{c} and {d}", "and", {"c": "and", "d": "not"}),
        ("not {c}", "not", {"c": "not"}),
        ("{x} >= {y}", "compare", {"x": "add", "y": "add"}),
        ("({c}).astype({x}.dtype)", "atom", {"c": "any", "x": "atom"}),
        ("np.stack([{*xs}]{*statics}{*precision})", "atom", {"*xs": "any"}),
        ("{x}[{index:subscript}]", "atom", {"x": "atom", "index": "subscript"}),
        ("{x}.T", "atom", {"x": "atom"}),
    ],
)
def test_precedence_follows_from_the_text(text: str, precedence: str, least: dict[str, str]) -> None:
    form = Form(text)
    assert form.precedence == PRECEDENCE[precedence]
    found = {name: bound for _, name, bound in form.pieces if name in least}
    assert found == {name: PRECEDENCE[kind] for name, kind in least.items()}
    assert "".join(before for before, _, _ in form.pieces) == "".join(
        piece.partition("}")[2] if at else piece for at, piece in enumerate(text.split("{"))
    )


def test_every_form_of_the_table_can_be_read() -> None:
    for entry in entries():
        for form in (*entry.code.values(), *entry.literal.forms.values()):
            assert form.precedence in PRECEDENCE.values(), entry.name
            assert form.pieces, entry.name


# ---- gates of users ------------------------------------------------------------------------------

BUMP = '''
def bump(x):
    """exp(-1/(1 - x**2)) between -1 and 1, 0 elsewhere."""
    inside = np.abs(x) < 1
    return np.where(inside, np.exp(-1.0/np.where(inside, 1.0 - x*x, 1.0)), 0.0)
'''
BUMP_MATH = '''
def bump(x):
    """exp(-1/(1 - x**2)) between -1 and 1, 0 elsewhere."""
    return math.exp(-1.0/(1.0 - x*x)) if abs(x) < 1.0 else 0.0
'''
MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("is not an expression", {"slopes": ["2*"]}),
    ("calls 'foo', which is not in the table", {"slopes": ["foo(x)"]}),
    ("names 'z', which is no parameter", {"slopes": ["2*z"]}),
    ("names 'dout', which is no parameter", {"slopes": ["2*dout"]}),
    ("has a hole 'y', which is no parameter", {"code": "{x} + {y}"}),
    ("is not an expression", {"code": "{x} +"}),
    ("calls 'halve', and no helper has that name", {"code": "halve({x})"}),
    ("for the target 'math' says 'np.fix', a word of another one", {"code": {"math": "np.fix({x})"}}),
    ("may not stand in an emitted module", {
        "code": "halve({x})", "helpers": {"numpy": "def halve(x):\n    import os\n    return 0.5*x\n"}}),
    ("is not Python", {"code": "halve({x})", "helpers": {"numpy": "def halve(x):\n    return 0.5*\n"}}),
    ("a helper is a function as text", {"helpers": {"numpy": "x = 3"}}),
    ("another helper is called 'sigmoid'", {"helpers": {"numpy": "def sigmoid(x):\n    return 0.5*x\n"}}),
    ("makes no name", {"say": Say(stem="{x}-")}),
    ("at x=2 out is 1.0, not 3.0", {"test": Test(edges={"x=2": "out=3"})}),
    ("names what is no parameter", {"test": Test(edges={"y=2": "out=3"})}),
    ("is not written as", {"test": Test(edges={"at 2": "out=3"})}),
    ("2 rules", {"slopes": ["0.5", "1"]}),
]  # fmt: skip


def kept() -> tuple[list[str], dict[str, list[str]]]:
    return [entry.name for entry in entries()], {target: list(texts) for target, texts in HELPERS.items()}


@pytest.mark.parametrize(("said", "facts"), MALFORMED, ids=[said for said, _ in MALFORMED])
def test_a_malformed_entry_is_refused_and_leaves_nothing_behind(said: str, facts: dict[str, Any]) -> None:
    before = kept()
    usual: dict[str, Any] = {"doc": "half of x", "slopes": ["0.5"], "code": "0.5*{x}"}
    with pytest.raises(ValueError, match=re.escape(said)):
        gradc.op("half_(x)", **{**usual, **facts})
    assert kept() == before


def test_every_entry_of_ours_would_be_taken() -> None:
    for entry in entries():
        inspect(entry)


def test_a_users_gate_with_helper_domain_and_edges_passes_every_law() -> None:
    entry = gradc.op(
        "bump(x)",
        doc="exp(-1/(1 - x**2)) between -1 and 1, 0 elsewhere",
        slopes=["where(abs(x) < 1, -2*x*out/square(nonzero(1 - x**2)), 0.0)"],
        code="bump({x})",
        helpers={"numpy": BUMP, "math": BUMP_MATH},
        bounds=(0.0, 0.37),
        needs="any x",
        test=Test(
            sympy="exp(-1/(1 - x**2))",
            domain=[(-0.8, 0.8)],
            edges={"x=0": "out=0.36787944117144233, dx=0", "x=2": "out=0, dx=0"},
        ),
    )
    try:
        rng = np.random.default_rng(1)
        test_ops.test_value_and_partials_are_those_of_the_independent_formula(entry, rng)
        test_ops.test_targets_agree(entry, rng)
        test_ops.test_reverse_is_the_transpose_of_forward_on_every_shape(entry, rng)
        test_ops.test_tangents_are_difference_quotients(entry, rng)
        test_ops.test_printing_then_parsing_gives_the_same_node(entry)
        for point, pinned in entry.test.edges.items():
            for target in ("numpy", "math"):
                test_ops.test_edges_hold(entry, point, pinned, target)
        for style in ("notes", "fast"):
            fn = gradc.compile("bump(x)*y", style=style)
            assert fn.check()
            assert "def bump(x):" in fn.source
            x = np.array([0.5, 2.0], np.float32)
            value, grads = fn.value_and_grad(x, np.float32(3.0))
            assert value == pytest.approx([3 * math.exp(-4 / 3), 0.0], rel=1e-6)
            assert grads["x"].dtype == np.float32
        assert [row["name"] for row in rows(["bump"])] == ["bump"]
    finally:
        unregister("bump")
    assert "bump" not in HELPERS["numpy"]


# -- what a module of one gate says ----------------------------------------------------------------------------------


def unbound(text: str) -> set[str]:
    """The names that a module reads and binds nowhere.

    >>> unbound("import math\\ndef f(x):\\n    return math.exp(x) + np.pi"), unbound("def f(x): return max(x, 0)")
    ({'np'}, set())
    """
    tree = ast.parse(text)
    read, bound = set(), {*dir(builtins), "__file__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(each.asname or each.name).partition(".")[0] for each in node.names}
    return read - bound


@pytest.mark.parametrize("target", ["numpy", "math", "scipy", "torch", "jax", "numba"])
def test_a_module_of_a_gate_binds_what_it_reads(target: str) -> None:
    taken = 0
    for entry in entries():
        if not entry.elementwise:
            continue
        try:
            text = gradc.compile(f"{entry.name}({', '.join(entry.params)})", target=target).source
        except gradc.GradcError:
            continue  # one of the core, which nobody types, or one that the target has no form for
        assert unbound(text) == set(), entry.name
        assert target not in {"torch", "jax"} or "np." not in text.replace("jnp.", ""), entry.name
        taken += 1
    assert taken > 60
