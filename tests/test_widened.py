"""A few random programs written in ways that must change nothing; `python -m tests.fuzz.widened N` tries more."""

import pytest

from tests.fuzz.draw import draw
from tests.fuzz.widened import difference


@pytest.mark.parametrize("seed", range(9000, 9006))
def test_what_must_change_nothing_changes_nothing(seed: int) -> None:
    assert difference(draw(seed), seed) is None
