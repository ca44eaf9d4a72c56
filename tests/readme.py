"""The README's fenced blocks, run: commands against the output below them, Python as it is, make targets by name.

console   lines that start with `$ ` are commands; what follows is their output, where `...` stands for anything
python    runs, all blocks in one namespace; with `>>>` it is compared like a doctest
sh        make targets, which must exist
gradc     a program, which must compile
"""

import contextlib
import doctest
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support import ROOT, environment

README = ROOT / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    language: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    """A line of a console block, with the output that the README shows."""

    line: str
    output: str


def blocks(text: str) -> list[Block]:
    """
    >>> blocks("a\\n```sh\\nmake\\n```\\n")
    [Block(language='sh', text='make\\n', line=2)]
    """
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def commands(block: Block) -> list[Command]:
    """
    >>> commands(Block("console", "$ a\\n1\\n$ b\\n", 1))
    [Command(line='a', output='1\\n'), Command(line='b', output='')]
    """
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    assert parts[0] == "", f"line {block.line}: a console block starts with a command"
    return [Command(line, output) for line, output in zip(parts[1::2], parts[2::2], strict=True)]


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A folder for one reader: the README's files are written there, and `gradc` and `python` are these."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        for tool, arguments in [("gradc", "-m gradc"), ("python", "")]:
            script = folder / "bin" / tool
            script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n', encoding="utf-8")
            script.chmod(0o755)
        (folder / "files").mkdir()
        yield folder / "files"


def run_command(command: str, folder: Path) -> str:
    """What a command prints, errors included, in the order of the streams."""
    variables = environment(NO_COLOR="1", COLUMNS="100")
    variables["PATH"] = f"{folder.parent / 'bin'}:{variables['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=variables,
        check=False,
    )
    return done.stdout.decode("utf-8")


def matches(shown: str, got: str) -> bool:
    """Whether output is as shown; a `...` matches anything."""
    return doctest.OutputChecker().check_output(shown, got, doctest.ELLIPSIS)


def run_python(block: Block, names: dict[str, object], folder: Path) -> str | None:
    """Runs a Python block in the namespace of the ones before; what is wrong, or None."""
    with contextlib.chdir(folder), _importable(folder):
        if ">>>" not in block.text:
            exec(compile("\n" * block.line + block.text, str(README), "exec"), names)
            return None
        test = doctest.DocTestParser().get_doctest(block.text, names, "README.md", str(README), block.line)
        report = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=SAME)
        runner.run(test, out=report.write, clear_globs=False)
        names.update(test.globs)
        return report.getvalue() or None


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """What a block saved can be imported by the next line, as in a session in that folder."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def refreshed() -> str:
    """The README with the output of its commands as it is now; output shown in part (`...`) stays as it is."""
    text = README.read_text(encoding="utf-8")
    with workplace() as folder:
        for block in blocks(text):
            if block.language != "console":
                continue
            now = ""
            for command in commands(block):
                got = run_command(command.line, folder)
                now += f"$ {command.line}\n{command.output if matches(command.output, got) else got}"
            text = text.replace(f"```console\n{block.text}```", f"```console\n{now}```", 1)
    return text
