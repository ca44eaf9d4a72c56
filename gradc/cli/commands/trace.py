"""`gradc trace`: every line with its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.base.streams import as_json
from gradc.cli.answers import as_usage, deliver, studied, upstream, written
from gradc.cli.options import as_data, command, has_format, takes_point, takes_program, writes_file


@command("trace", 'gradc trace "(x + y)*z" --at x=-2 y=5 z=-4')
@takes_program
@takes_point
@has_format
@writes_file
@as_data
def run(
    at: Sequence[str], df: str | None, form: str, output: str | None, force: bool, json: bool, **options: Any
) -> None:
    """Show every line of both passes with its value at a point."""
    from gradc.run.arguments import points

    fn = studied(options)
    with as_usage(fn):
        traced = fn.trace(**points(at), **upstream(df))
    deliver(as_json(traced.to_dict()) if json else written(traced, form), output, force)
