"""`gradc graph`: the circuit as a picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from gradc.base.errors import GradcError
from gradc.base.streams import as_json, say
from gradc.cli.answers import as_usage, studied, upstream, write
from gradc.cli.options import (
    as_data,
    choice,
    command,
    result,
    takes_point,
    takes_program,
    writes_file,
)


@command("graph", 'gradc graph "(x + y)*z" --at x=-2 y=5 z=-4 -o circuit.svg')
@takes_program
@takes_point
@result(
    "--format", type=choice("svg", "dot", "mermaid", "png"), help="What to draw.  [default: by FILE's ending, or svg]"
)
@result(
    "--max-gates",
    type=click.IntRange(1),
    metavar="N",
    default=150,
    show_default=True,
    help="The most gates of a picture.",
)
@writes_file
@as_data
def run(
    at: Sequence[str], df: str | None, format: str | None, max_gates: int, output: str | None, force: bool, json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Draw the circuit, with values in green and gradients in red if a point is given."""
    from gradc.evidence.circuit import format_of
    from gradc.run.arguments import points

    fn = studied(options)
    with as_usage(fn):
        most = {} if "max_gates" in fn.inputs else {"max_gates": max_gates}
        circuit = fn.graph(**points(at), **upstream(df), **most)
    if json:
        say(as_json(circuit.to_dict()))
        if output is None:
            return
    with as_usage():
        drawn = circuit.text(format or (format_of(output) if output and output != "-" else "svg"))
    if output is not None and output != "-":
        write(output, drawn, force)
    elif isinstance(drawn, bytes) and sys.stdout is not None and sys.stdout.isatty():
        raise GradcError("a PNG is nothing for a terminal", hint="name a file: -o circuit.png")
    else:
        say(drawn)
