"""Each line of a right way back with a mistake of the kind that people make: the line is found, and the reason.

A few of the mutants are tried here; `python -m tests.grade_mutants 200` tries as many as one likes.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator

import pytest

from gradc.evidence.grade.sandbox import Sandbox
from tests.grade_mutants import mutants, right_files, spread, verdict

COUNT = int(os.environ.get("GRADC_MUTANTS", "6"))
# Of the mutants, so many may be blamed on a neighbour line that would put it right as well.
LINES = 0.9


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One process for all mutants."""
    with Sandbox() as box:
        yield box


def test_mutants_are_texts_in_which_no_line_moves() -> None:
    files = {case["file"] for case in right_files()}
    found = list(mutants())
    assert len(found) > 400
    assert {mutant.file for mutant in found} <= files
    for mutant in found:
        ast.parse(mutant.text)


def test_the_lines_of_mutants(sandbox: Sandbox) -> None:
    said = [(mutant, *verdict(mutant, sandbox)) for mutant in spread(COUNT)]
    missed = [(m.file, m.line, m.mistake, shown) for m, word, shown in said if word in ("line", "missed")]
    assert len(missed) <= (1 - LINES) * len(said), missed
