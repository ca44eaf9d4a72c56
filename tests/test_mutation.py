"""A sample of broken rules, each noticed by a law; `make mutation` breaks them all."""

from __future__ import annotations

import random

import pytest

from gradc.ops import entries
from tests.mutation import ELSEWHERE, EQUIVALENT, Mutant, judge, mutants

ALL = [
    mutant
    for entry in entries()
    if not entry.name.startswith(ELSEWHERE)
    for mutant in mutants(entry)
    if (mutant.entry, mutant.what) not in EQUIVALENT
]


@pytest.mark.parametrize("mutant", random.Random(3).sample(ALL, 40), ids=lambda m: f"{m.entry}: {m.what}")
def test_a_broken_rule_is_noticed(mutant: Mutant) -> None:
    assert judge(mutant).killed_by, f"{mutant.what} in {mutant.entry} goes unnoticed"


def test_an_entry_as_it_stands_passes() -> None:
    sound = next(m for m in ALL if m.entry == "tanh")
    assert not judge(Mutant("tanh", "nothing", sound.field, ("tanh_slope(x)",))).killed_by
