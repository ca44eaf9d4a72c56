"""Golden modules: compared byte for byte, and executed against references that are not gradc's."""

import ast
import json
import sys
from pathlib import Path

import pytest

from gradc.base.files import unsigned
from tests.golden_tool import GOLDEN, Case, Mistake, as_json, cases, mistakes, wrong
from tests.support import (
    ALLOWED,
    python,
    standalone,
)

CASES = [pytest.param(case, id=case.name) for case in cases()]
MISTAKES = [pytest.param(mistake, id=mistake.name) for mistake in mistakes()]


@pytest.mark.parametrize("case", CASES)
def test_the_text(case: Case) -> None:
    assert unsigned(case.compiled().source) == case.module()


@pytest.mark.parametrize("case", CASES)
def test_the_values(case: Case) -> None:
    """And no warning on the way: in the tests, one is an error."""
    module = standalone(case.module(), case.target)
    for point in case.points:
        assert wrong(module, point) is None


@pytest.mark.parametrize("case", CASES)
def test_the_text_is_straight_line(case: Case) -> None:
    """No loop, no class, no import but the target's, and no statement on a line of another."""
    tree = ast.parse(case.module())
    for node in ast.walk(tree):
        assert not isinstance(node, (ast.While, ast.ClassDef, ast.AsyncFunctionDef, ast.Try, ast.Global))
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert {name.partition(".")[0] for name in names} <= ALLOWED[case.target]
    passes = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name in ("forward", "backward", "value_and_grad")
    ]
    assert [node.name for node in passes] == ["forward", "backward", "value_and_grad"]
    if case.options.get("style") != "fast":
        assert not any(isinstance(node, (ast.For, ast.comprehension)) for one in passes for node in ast.walk(one))


@pytest.mark.parametrize("case", CASES)
def test_the_text_is_tidy(case: Case) -> None:
    text = case.module()
    assert text.isprintable() or set(text) - {c for c in text if c.isprintable()} == {"\n"}
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    lines = text.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line for line in lines if len(line) > 120 and line.strip() not in case.program] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_errors(mistake: Mistake) -> None:
    assert mistake.said() == mistake.text() != ""


def test_a_module_runs_where_gradc_is_not(tmp_path: Path) -> None:
    """All of them, by a Python that has no way to gradc and takes every warning for an error."""
    found = cases()
    for case in found:
        (tmp_path / f"{case.name.replace('-', '_')}.py").write_text(case.module(), encoding="utf-8")
    script = (
        "import importlib, sys\n"
        "sys.modules['gradc'] = None\n"
        "for name in sys.argv[1:]:\n"
        "    module = importlib.import_module(name)\n"
        "    assert all(callable(getattr(module, f)) for f in ('forward', 'backward', 'value_and_grad'))\n"
        "print(len(sys.argv) - 1)\n"
    )
    names = [case.name.replace("-", "_") for case in found]
    done = python("-W", "error", "-c", script, *names, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert (done.code, done.out.strip(), done.err) == (0, str(len(found)), "")


def test_every_case_is_complete() -> None:
    """A case is a folder of three files; `make golden` writes what is missing."""
    for folder in GOLDEN.iterdir():
        if folder.name not in ("errors", "frameworks"):
            assert {path.name for path in folder.iterdir()} == {"program.txt", "case.json", "module.py"}, folder.name
            text = (folder / "case.json").read_text(encoding="utf-8")
            assert as_json(json.loads(text)) == text, folder.name


def test_the_cases_cover_the_options() -> None:
    seen = [case.options for case in cases()]
    assert {o.get("style", "notes") for o in seen} == {"notes", "fast"}
    assert {o.get("target", "numpy") for o in seen} >= {"numpy", "math"}
    assert {o.get("names", "notes") for o in seen} == {"notes", "letters", "wengert"}
    assert {o.get("literal", False) for o in seen} == {False, True}
    assert sys.version_info >= (3, 11)
