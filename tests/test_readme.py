"""The README does what it shows, every block of it, in order."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gradc
from tests.readme import README, Block, blocks, commands, matches, run_command, run_python, workplace
from tests.support import ROOT

TEXT = README.read_text(encoding="utf-8")
BLOCKS = blocks(TEXT)
Reader = tuple[Path, dict[str, object]]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One folder and one namespace for the whole page."""
    with workplace() as folder:
        yield folder, {"__name__": "readme"}


def check_console(block: Block, reader: Reader) -> None:
    folder, _ = reader
    for command in commands(block):
        got = run_command(command.line, folder)
        assert matches(command.output, got), f"$ {command.line}\n{got}"


def check_python(block: Block, reader: Reader) -> None:
    folder, names = reader
    assert run_python(block, names, folder) is None


def check_targets(block: Block, reader: Reader) -> None:
    for line in block.text.splitlines():
        target = line.partition("#")[0].split()
        assert target[0] == "make", line
        done = subprocess.run(["make", "--dry-run", *target[1:]], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, line


def check_program(block: Block, reader: Reader) -> None:
    assert gradc.compile(block.text).source


CHECKS: dict[str, Callable[[Block, Reader], None]] = {
    "console": check_console,
    "python": check_python,
    "sh": check_targets,
    "gradc": check_program,
}


@pytest.mark.xdist_group("readme")
@pytest.mark.parametrize("number", range(len(BLOCKS)), ids=lambda n: f"line-{BLOCKS[n].line}")
def test_block(number: int, reader: Reader) -> None:
    """One after the other: a block may use what the ones before it made."""
    block = BLOCKS[number]
    assert block.language in CHECKS, f"line {block.line}: a block that nothing runs"
    CHECKS[block.language](block, reader)


def test_the_first_two_commands_do_it_all() -> None:
    first = next(block for block in BLOCKS)
    assert first.language == "sh"
    assert [line.split()[:2] for line in first.text.splitlines()] == [["make", "run"], ["make", "test"]]


def test_files_that_are_named_exist() -> None:
    for name in re.findall(r"\]\((?!https?:|#)([^)]+)\)", TEXT):
        assert (ROOT / name).exists(), name
