"""Entries of the table as typed records: what is misspelt, malformed or out of place is found before it runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from gradc.graph.forms import PRECEDENCE, Form
from gradc.ops import entries
from gradc.ops.table import Say, op
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
