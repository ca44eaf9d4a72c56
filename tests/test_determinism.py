"""The same program and options give the same bytes: under any hash seed, in any order, and however often."""

import hashlib

import pytest

from tests.golden_tool import cases
from tests.support import python

SEEDS = ["0", "1", "2", "31337", "random"]
OPTIONS = [
    {"style": style, "names": names, "literal": literal}
    for style in ("notes", "fast") for names in ("notes", "letters", "wengert") for literal in (False, True)
]  # fmt: skip

# Compiles every golden program with every option, last case first if asked, and prints a digest of each module.
SCRIPT = """
import hashlib, sys
from tests.golden_tool import cases
from tests.test_determinism import OPTIONS
import gradc
for case in sorted(cases(), key=lambda case: case.name, reverse=sys.argv[1] == "backwards"):
    shapes = {name: tuple(shape) for name, shape in case.options.get("shapes", {}).items()} or None
    for i, options in enumerate(OPTIONS):
        fn = gradc.compile(case.program, shapes=shapes, wrt=case.options.get("wrt"), **options)
        print(case.name, i, hashlib.sha256(fn.source.encode()).hexdigest())
"""


def digests(seed: str, order: str = "forwards") -> list[str]:
    done = python("-c", SCRIPT, order, PYTHONHASHSEED=seed)
    assert done.code == 0, done.err
    return sorted(done.out.splitlines())


@pytest.fixture(scope="module")
def expected() -> list[str]:
    return digests("0")


@pytest.mark.parametrize("seed", SEEDS[1:])
def test_hash_seeds(seed: str, expected: list[str]) -> None:
    assert len(expected) == len(cases()) * len(OPTIONS)
    assert digests(seed) == expected


def test_order_of_compilation(expected: list[str]) -> None:
    assert digests("0", "backwards") == expected


def test_compiled_again() -> None:
    for case in cases():
        first, second = (hashlib.sha256(case.compiled().source.encode()).hexdigest() for _ in range(2))
        assert first == second, case.name
