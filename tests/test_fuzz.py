"""Random programs, in every style, against oracles that share no code with the compiler; FUZZ_N says how many.

A failure names the one command that repeats it and shrinks it.
"""

import os

import pytest

from tests.fuzz.check import check_program

N = int(os.environ.get("FUZZ_N", "1000"))
FIRST = int(os.environ.get("FUZZ_SEED", "0"))
PIECES = 20  # so that processes can share the work


@pytest.mark.parametrize("piece", range(PIECES))
def test_random_programs(piece: int) -> None:
    for seed in range(FIRST + piece, FIRST + N, PIECES):
        wrong = check_program(seed)
        assert wrong is None, f"python -m tests.fuzz 1 --seed {seed}\n{wrong}"
