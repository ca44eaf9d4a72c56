"""Modules that end with a test of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gradc
from gradc.base.errors import GradcError
from gradc.run.functions import load
from tests.support import gradc as cli

CLASSIFIER = "X: [n, d]\nW: [d, k]\ny: int[n]\nS = X @ W\nmean(logsumexp(S, axis=1) - S[arange(n), y])"
PROGRAMS = [
    ("x*sin(y)", {}),
    ("x*sin(y), y", {"target": "math"}),
    ("max(x, y)*relu(x)", {"function_name": "g"}),
    ("sum(x*A, axis=0), sum(A)", {"shapes": {"A": (3, 2)}}),
    (CLASSIFIER, {}),
    (CLASSIFIER, {"style": "fast"}),
    ("erf(x)*y", {"target": "scipy"}),
    ("log(x)*sqrt(y)", {"style": "fast"}),
]


@pytest.mark.parametrize(("program", "options"), PROGRAMS)
def test_it_agrees(program: str, options: dict[str, object]) -> None:
    fn = gradc.compile(program, self_check=True, **options)  # type: ignore[arg-type]
    module = load(fn.source)
    name = f"{options['function_name']}_self_check" if "function_name" in options else "self_check"
    assert getattr(module, name)() < 1e-6


def test_a_wrong_gradient_is_found() -> None:
    source = gradc.compile("x*sin(y)", self_check=True).source
    line = next(line for line in source.splitlines() if line.strip().startswith("dx = "))
    module = load(source.replace(line, line.replace("dx = ", "dx = -")))
    with pytest.raises(ValueError, match=r"^dx\[0\] is .*, and differences give "):
        module.self_check()


def test_it_runs_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    assert cli("compile", "x*sin(y)", "--self-check", "-o", str(path)).code == 0
    ran = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("the gradient agrees with differences to ")


def test_the_same_text_every_time() -> None:
    texts = {gradc.compile(CLASSIFIER, self_check=True).source for _ in range(2)}
    assert len(texts) == 1


def test_other_targets_say_so() -> None:
    with pytest.raises(GradcError, match="have no self-check"):
        gradc.compile("x*y", target="jax", self_check=True).source  # noqa: B018
