"""`gradc report`: what the gradient costs, staged and as SymPy has it."""

from __future__ import annotations

import gc
from typing import Any

import click

from gradc.base.errors import GradcError
from gradc.base.streams import as_json, progress
from gradc.cli.answers import deliver, studied, write, written
from gradc.cli.options import (
    as_data,
    command,
    completes,
    has_format,
    has_style,
    option,
    result,
    takes_program,
    writes_file,
)


@command(
    "report",
    """gradc report "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
gradc report --sweep logistic --upto 30 -o growth.svg
gradc report --modes --sweep product""",
)
@takes_program
@has_style
@option(
    "--sweep",
    metavar="FAMILY",
    group="A family",
    complete=completes("sweep"),
    help="Grow a family, or the program composed with itself: --sweep self.",
)
@option(
    "--upto",
    type=click.IntRange(1),
    metavar="N",
    default=20,
    show_default=True,
    group="A family",
    help="The last size of a sweep.",
)
@option("--timeout", type=click.FloatRange(0), metavar="S", help="Seconds that SymPy gets.")
@option("--memory", type=click.IntRange(1), metavar="MB", help="Megabytes that SymPy gets.")
@option("--no-expand", is_flag=True, help="Don't multiply out: what is expanded is counted.")
@option("--modes", is_flag=True, help="Reverse, forward, Hessian: sweeps, operations, kept values.")
@has_format
@result("--csv", is_flag=True, help="Answer in CSV (sweeps).")
@result("--markdown", is_flag=True, help="Answer in Markdown.")
@writes_file
@as_data
def run(
    sweep: str | None, upto: int, no_expand: bool, modes: bool, form: str, output: str | None, force: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Compare the gradient's cost with that of SymPy's forms; FILE takes the table, or the plot of a sweep as SVG."""
    form = _one_of({key: options.pop(key) for key in ("json", "csv", "markdown")}) or form
    asked = {key: value for key in ("timeout", "memory") if (value := options.pop(key)) is not None}
    if sweep is None and form == "csv":
        raise GradcError("--csv needs a sweep", hint="--sweep logistic, for one")
    if sweep is None and modes:
        result = studied(options).report(modes=True)
    elif sweep is None:
        fn = studied(options)
        with progress() as step:
            result = fn.report(expand=not no_expand, progress=step, **asked)
    else:
        result = _swept(sweep, upto, options, asked, modes)
    if output is not None and output != "-" and sweep is not None:
        write(output, result.svg(), force)
        output = None
    deliver(_answer(result, form), output, force)


def _swept(family: str, upto: int, options: dict[str, Any], asked: dict[str, Any], modes: bool) -> Any:
    """A family that has a name, or the one that the given program begins."""
    from gradc.api import Function
    from gradc.evidence.growing import FAMILIES
    from gradc.evidence.sweep import sweep

    given = bool(options["words"]) or options["file"] is not None
    if family != "self" and family not in FAMILIES:
        raise GradcError(f"no family '{family}'", hint=f"there are {', '.join(FAMILIES)}, and self with a program")
    if family != "self" and given:
        raise GradcError(f"the family '{family}' needs no program", hint="--sweep self grows the program")
    grown = studied(options) if family == "self" else family
    gc.enable()
    with progress() as step:
        if modes:
            from gradc.evidence.modes import sweep_modes

            return sweep_modes(grown, upto=upto, progress=step)
        return sweep(grown, Function, upto=upto, progress=step, **asked)


def _one_of(asked: dict[str, bool]) -> str:
    """The one of some flags that was given, or none."""
    given = [name for name, value in asked.items() if value]
    if len(given) > 1:
        raise GradcError(f"--{given[0]} and --{given[1]} are two answers", hint="leave one of them out")
    return given[0] if given else ""


def _answer(result: Any, form: str) -> str:
    match form:
        case "json":
            return as_json(result.to_dict())
        case "csv":
            return str(result.csv())
    return written(result, form)
