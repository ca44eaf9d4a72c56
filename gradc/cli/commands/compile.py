"""`gradc compile`: the module of a program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.base.streams import as_json, say, tell
from gradc.cli.answers import as_usage, compiled, write
from gradc.cli.options import (
    as_data,
    choice,
    command,
    has_modes,
    has_style,
    module,
    result,
    takes_program,
    writes_file,
)
from gradc.cli.shell import FAILED

if TYPE_CHECKING:
    from gradc.api import Function


@command(
    "compile",
    """gradc compile "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)" -o staged.py
gradc compile -f loss.txt --shape X=n,d --wrt W --style fast""",
)
@takes_program
@has_style
@module("--function-name", default="", metavar="NAME", help="Call them NAME, NAME_forward, NAME_backward.")
@has_modes
@module("--double", is_flag=True, help="A torch class that can be differentiated again.")
@module("--batch", default="", metavar="n", help="Add chunk, add and finish: the loss over batches of rows of n.")
@module("--roll", is_flag=True, help="Write long sums of one pattern as sums over slices.")
@module("--self-check", is_flag=True, help="End with a test against differences, run with the file.")
@result("--show", type=choice("dag", "program"), help="Show a stage on the way instead of the module.")
@writes_file
@result("--check", is_flag=True, help="Write nothing; exit 1 if FILE is not what would be written.")
@result("--diff", is_flag=True, help="Write nothing; show how FILE differs from what would be written.")
@as_data
def run(output: str | None, force: bool, show: str | None, check: bool, diff: bool, json: bool, **options: Any) -> int:
    """Print the module of a program, or write it to a file."""
    from gradc.run.functions import compiles

    if (check or diff) and (output is None or output == "-"):
        raise GradcError(f"--{'check' if check else 'diff'} needs a file to look at", hint="name it: -o FILE")
    with as_usage():
        fn = compiled(options)
    if show is not None and not hasattr(fn, "stages"):
        raise GradcError("the program has several functions", hint="choose one with --function")
    text = compiles(fn.source) if show is None else _stage(fn, show)
    if check or diff:
        return _compared(str(output), text, diff)
    if output is not None:
        write(output, text, force)
    if json:
        say(as_json(fn.to_dict()))
    elif output is None:
        say(text)
    return 0


def _compared(path: str, text: str, diff: bool) -> int:
    """0 if the file holds the text, else 1; with `diff` the lines that are different are shown."""
    from gradc.base.files import read

    have = read(path) if os.path.exists(path) else ""
    if have == text:
        return 0
    if diff:
        from difflib import unified_diff

        lines = unified_diff(have.splitlines(True), text.splitlines(True), path, f"{path}, as it would be written")
        say("".join(lines))
    else:
        why = "is not what would be written" if os.path.exists(path) else "does not exist"
        tell(f"gradc: {path} {why}; --diff shows the difference, and without --check it is written")
    return FAILED


def _stage(fn: Function, which: str) -> str:
    from gradc.evidence.stations import show_dag, show_program

    return show_dag(fn.dag) if which == "dag" else show_program(fn.staged, fn.target)
