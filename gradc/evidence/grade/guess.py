"""What is thought to be wrong at a point, and why: a guess, and the verdict that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gradc.evidence.grade.diagnose import SLOPE, Reason
from gradc.evidence.grade.marks import Marks
from gradc.evidence.grade.reference import Array, Slot
from gradc.evidence.grade.runs import Place

# What a guess that explains nothing costs.
VAGUE = 5
# So long one of many runs may take.
SECONDS = 3.0


class Verdict(NamedTuple):
    """A line that is wrong, with all that explains it, and what was put right."""

    line: int
    name: str
    reasons: tuple[Reason, ...]
    slot: str
    right: Mapping[Place, Array] = {}


class Guess(NamedTuple):
    """A value in place of a wrong one, the line to blame, and why."""

    line: int
    name: str
    right: dict[Place, Array]
    reasons: list[Reason]
    slot: Slot


class Judged(NamedTuple):
    """The verdicts at one point, and what was compared once all was put right."""

    verdicts: list[Verdict]
    marks: Marks


def wrong_of(marks: Marks) -> set[str]:
    """The inputs whose gradients are wrong."""
    return {name for name, right in marks.finals().items() if not right}


def of_forward(reasons: list[Reason]) -> list[Reason]:
    """Reasons for a forward value: there is no slope."""
    return [r._replace(word="the value", detail="not the value of its gate") if r.word == SLOPE else r for r in reasons]
