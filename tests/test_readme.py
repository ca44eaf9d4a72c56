"""The README does what it shows, every block of it, in order."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import gradc
from tests.readme import README, Block, blocks, commands, matches, run_command, run_python, workplace
from tests.support import ROOT

TEXT = README.read_text(encoding="utf-8")
BLOCKS = blocks(TEXT)
Names = dict[str, object]  # what the Python blocks so far have defined


def check_console(block: Block, folder: Path, _: Names) -> str | None:
    for command in commands(block):
        got = run_command(command.line, folder)
        if not matches(command.output, got):
            return f"$ {command.line}\n{got}"
    return None


def check_python(block: Block, folder: Path, names: Names) -> str | None:
    return run_python(block, names, folder)


def check_targets(block: Block, _folder: Path, _names: Names) -> str | None:
    for line in block.text.splitlines():
        make, *targets = line.partition("#")[0].split()
        done = subprocess.run(["make", "--dry-run", *targets], cwd=ROOT, capture_output=True, check=False)
        if make != "make" or done.returncode:
            return f"no make target: {line}"
    return None


def check_program(block: Block, _folder: Path, _names: Names) -> str | None:
    return None if gradc.compile(block.text).source else "no module"


CHECKS: dict[str, Callable[[Block, Path, Names], str | None]] = {
    "console": check_console,
    "python": check_python,
    "sh": check_targets,
    "gradc": check_program,
}


def test_every_block_runs() -> None:
    """One after the other, in one folder and one namespace: a block may use what the ones before it made."""
    with workplace() as folder:
        names: Names = {"__name__": "readme"}
        wrong = {block.line: CHECKS[block.language](block, folder, names) for block in BLOCKS}
    assert {line: said for line, said in wrong.items() if said} == {}


def test_the_first_two_commands_do_it_all() -> None:
    first = BLOCKS[0]
    assert first.language == "sh"
    assert [line.split()[:2] for line in first.text.splitlines()] == [["make", "run"], ["make", "test"]]


def test_files_that_are_named_exist() -> None:
    for name in re.findall(r"\]\((?!https?:|#)([^)]+)\)", TEXT):
        assert (ROOT / name).exists(), name


def test_it_is_no_longer_than_one_reads() -> None:
    assert len(TEXT.splitlines()) <= 200
