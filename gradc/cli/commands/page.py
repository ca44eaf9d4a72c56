"""`gradc page`: one page to look at and to step through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.cli.answers import as_usage, deliver, studied, upstream
from gradc.cli.options import command, result, takes_point, takes_program, writes_file


@command("page", 'gradc page "(x + y)*z" --at x=-2 y=5 z=-4 -o page.html')
@takes_program
@takes_point
@result("--no-check", is_flag=True, help="Leave out what needs SymPy: the check and the report.")
@writes_file
def run(at: Sequence[str], df: str | None, no_check: bool, output: str | None, force: bool, **options: Any) -> None:
    """Write one self-contained page: the formula, the circuit to step through, both passes, check and report."""
    from gradc.run.arguments import points

    fn = studied(options)
    with as_usage(fn):
        made = fn.page(**points(at), **upstream(df), check=not no_check, report=not no_check)
    deliver(made.html, output, force)
