"""Any text at all: a module, or an error that points into the text; and work that grows as the text does.

FUZZ_N says how many, here as for the random programs: four texts for each of those.
"""

import os

import pytest

from tests.fuzz.parser import FAMILIES, answer, corpus_programs, growth, run_seed

TEXTS = 4 * int(os.environ.get("FUZZ_N", "1000"))
FIRST = int(os.environ.get("FUZZ_SEED", "0"))
PIECES = 8  # so that processes can share the work
LINEAR = 1.5  # four times the text may take six times the steps: sorting and growing tables are not exactly linear


@pytest.mark.parametrize("piece", range(PIECES))
def test_every_text_gets_an_answer(piece: int) -> None:
    corpus = corpus_programs()
    for seed in range(FIRST + piece, FIRST + TEXTS, PIECES):
        text, got = run_seed(seed, corpus)
        assert got.kind != "stray", f"python -m tests.fuzz parser 1 --seed {seed}\n{text!r}\n{got.detail}"


@pytest.mark.parametrize("family", FAMILIES)
def test_work_grows_as_the_text_does(family: str) -> None:
    assert growth(family) < LINEAR


# What random texts found once, made smaller.
FOUND = [
    "cash=(1)+[c]\nsum(f/(1)*for t in enumerate(cash,start=1))",
    "from scipy.special import l as gamfcn\ndef n():()/gamfcn(",
    "from scipy.special import foo as gam\ngam(x)",
    "m(()).logpdf",
    "for;class\t:\\",
]


@pytest.mark.parametrize("text", FOUND)
def test_texts_that_were_found(text: str) -> None:
    assert answer(text).kind != "stray"
