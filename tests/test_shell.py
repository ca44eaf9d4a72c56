"""The manners of the command line: what is typed is taken as it is meant, and what is shown fits where it is shown."""

import json
import os
import pty
import select
import shutil
import sys
import time
from pathlib import Path

import pytest

from gradc.cli import main
from tests.support import ROOT, environment, gradc, python

STAGED = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"


@pytest.mark.parametrize("words", [["-V"], ["--version"]])
def test_its_version(words: list[str]) -> None:
    import gradc as library

    assert gradc(*words).out == f"gradc {library.__version__}\n"


@pytest.mark.parametrize("command", main.commands)
def test_help_fits_in_80_columns_and_cuts_no_line(command: str) -> None:
    shown = gradc("help", command)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == gradc(command, "--help").out
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "..." not in shown.out.replace("[NAME]...", "")


def test_help_begins_with_what_one_wants_first() -> None:
    shown = gradc("help").out
    assert shown == gradc().out == gradc("--help").out
    assert shown.index("\n  compile ") < shown.index("\n  check ") < shown.index("\n  trace ")
    assert "..." not in shown.replace("[ARGS]...", "")
    assert gradc("help", "compil").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["--at", "x=3", "y=4"],
        ["--at", "x=3,y=4"],
        ["--at", "x=6/2", "--at", "y=2**2"],
        ["--at", "x=sqrt(9)", "y=+4.0"],
    ],
)
def test_points_as_one_types_them(words: list[str]) -> None:
    assert "f = x*y  12" in gradc("trace", "x*y", *words).out
    assert "f = x*y  12" in gradc("trace", *words, "x*y").out


@pytest.mark.parametrize(
    "value", ["9**9**9", "__import__('os')", "x", "1/0", "[1, 2", "1j", "True", "'1'", "(" * 500, "lambda: 1", "abs(1)"]
)
def test_what_is_no_value_is_refused(value: str) -> None:
    outcome = gradc("trace", "x*y", "--at", f"x={value}", "--at", "y=1")
    assert (outcome.code, outcome.out) == (2, "")
    assert "the value of 'x' is no number" in outcome.err


def test_a_program_behind_a_point_is_a_program() -> None:
    assert "f = 2*x" in gradc("trace", "--at", "x=3", "f = 2*x").out


@pytest.mark.parametrize(
    "words",
    [
        ["compile", "x*y"],
        ["trace", "x*y", "--at", "x=1,y=2"],
        ["gates", "sin"],
        ["report", "x*y"],
        ["check", "x*y", "--at", "x=1,y=2"],
    ],
)
def test_every_answer_goes_to_a_file_too(words: list[str], tmp_path: Path) -> None:
    said = gradc(*words)
    path = tmp_path / "answer.txt"
    written = gradc(*words, "-o", str(path))
    assert (written.code, written.out, written.err) == (said.code, "", "")
    if words[0] not in ("report", "check"):  # these have seconds in them
        assert path.read_text(encoding="utf-8") == said.out
        assert gradc(*words, "-o", "-").out == said.out
    assert path.stat().st_size > 0


def test_a_module_is_held_against_its_file(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    words = ["compile", "x*y", "-o", str(path)]
    assert gradc(*words, "--check").code == 1
    assert not path.exists()
    assert gradc(*words).code == 0
    assert gradc(*words, "--check") == gradc(*words, "--diff")
    assert gradc(*words, "--check").code == 0
    path.write_text(path.read_text(encoding="utf-8").replace("x*y\n", "x*y*y\n"), encoding="utf-8")
    checked, shown = gradc(*words, "--check"), gradc(*words, "--diff")
    assert (checked.code, checked.out) == (1, "")
    assert "--diff" in checked.err
    assert shown.code == 1
    assert any(line.startswith("-") and "x*y*y" in line for line in shown.out.splitlines())
    assert gradc("compile", "x*y", "--check").code == 2


def test_errors_as_data() -> None:
    outcome = gradc("compile", "x + sigmod(y)", "--json")
    (error,) = json.loads(outcome.out)["errors"]
    assert outcome.code == 2
    assert error["message"] == "unknown function 'sigmod'"
    assert (error["line"], error["column"]) == (1, 5)
    assert error["spans"] == [{"start": 4, "end": 10, "label": ""}]
    assert "sigmoid" in error["hint"]


def in_folder(folder: Path, *words: str) -> tuple[int, str, str]:
    done = python("-m", "gradc", *words, cwd=folder)
    return done.code, done.out, done.err


def test_defaults_of_a_project(tmp_path: Path) -> None:
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[tool.gradc]\nnames = "wengert"\n\n[tool.gradc.check]\npoints = 1\n', encoding="utf-8")
    code, out, err = in_folder(tmp_path, "compile", STAGED)
    assert (code, err) == (0, "")
    assert "v1 = " in out
    assert (
        in_folder(tmp_path, "compile", STAGED, "--names", "letters")[1]
        == gradc("compile", STAGED, "--names", "letters").out
    )
    settings.write_text('[tool.gradc]\nnmaes = "wengert"\n', encoding="utf-8")
    code, out, err = in_folder(tmp_path, "compile", STAGED)
    assert (code, out) == (2, "")
    assert "'nmaes', which is no option" in err
    assert "names" in err


def completed(line: str) -> list[str]:
    """What bash would be offered at the end of a line."""
    words = line.split(" ")
    variables = {"_GRADC_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = python("-m", "gradc", **variables)
    assert (done.code, done.err) == (0, "")
    return [each.partition(",")[2] for each in done.out.splitlines() if each]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gradc co", ["compile", "completion"]),
        ("gradc compile --style ", ["notes", "fast"]),
        ("gradc compile x*y --wrt ", ["x", "y"]),
        ("gradc compile x*y --wrt x,", ["x,x", "x,y"]),
        ("gradc trace x*y --at ", ["x=", "y="]),
        ("gradc report --sweep log", ["logistic"]),
        ("gradc gates sigm", ["sigmoid"]),
        ("gradc compile x*( --wrt ", []),
        ("gradc completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_values_are_completed(line: str, offered: list[str]) -> None:
    assert completed(line) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_text_for_each_shell(shell: str) -> None:
    assert "_GRADC_COMPLETE" in gradc("completion", shell).out


@pytest.mark.parametrize(
    ("shell", "start"),
    [
        ("bash", ["bash", "--norc", "--noprofile", "-i"]),
        ("zsh", ["zsh", "-f", "-i"]),
        ("fish", ["fish", "--no-config", "-i"]),
    ],
)
def test_completion_in_a_real_terminal(shell: str, start: list[str], tmp_path: Path) -> None:
    if shutil.which(start[0]) is None:
        pytest.skip(f"there is no {shell} here")
    command = tmp_path / "gradc"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m gradc "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "script").write_text(gradc("completion", shell).out, encoding="utf-8")
    variables = {**environment(), "PATH": f"{tmp_path}:{os.environ['PATH']}", "TERM": "dumb", "PYTHONPATH": str(ROOT)}
    variables |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(start[0], start, variables)
    try:
        before = "autoload -Uz compinit; compinit -u -D; " if shell == "zsh" else ""
        os.write(terminal, f"{before}source {tmp_path}/script; echo rea''dy\n".encode())
        assert "ready" in until(terminal, "ready")
        os.write(terminal, b"gradc compile 'x*y' --sty\t")
        assert "--style" in until(terminal, "--style")
        os.write(terminal, b"fa\t")
        seen = until(terminal, "fast")
        assert "fast" in seen
        assert "Error" not in seen
        assert "Traceback" not in seen
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def until(terminal: int, wanted: str, seconds: float = 30.0) -> str:
    """What a terminal shows until a text appears, or for so long."""
    seen, end = "", time.monotonic() + seconds
    while wanted not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 65536).decode("utf-8", "replace")
            except OSError:
                break
    return seen


def test_the_library_shows_few_names() -> None:
    import gradc as library

    shown = [name for name in dir(library) if not name.startswith("_")]
    assert len(shown) <= 16
    assert {"compile", "Function", "GradcError", "op"} <= set(shown)
    assert not {path.name for path in (ROOT / "gradc").iterdir() if path.is_dir()} & set(shown)
