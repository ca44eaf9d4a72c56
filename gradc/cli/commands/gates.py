"""`gradc gates`: what there is to write with."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from gradc.base.streams import as_json
from gradc.cli.answers import deliver
from gradc.cli.options import as_data, command, has_format, writes_file
from gradc.cli.shell import Command


def _columns() -> int:
    """The width of the terminal; 0 for none, where a line may be as long as it needs to be."""
    if sys.stdout is None or not sys.stdout.isatty():
        return 0
    import shutil

    return shutil.get_terminal_size().columns


@command("gates", "gradc gates sigmoid tanh", Command)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=lambda ctx, param, text: _gates(text))
@has_format
@writes_file
@as_data
def run(names: Sequence[str], form: str, output: str | None, force: bool, json: bool) -> None:
    """List the gates, or those of some names or words: what each computes, its local gradient, where it is defined."""
    from gradc.evidence.gates import render, rows

    found = rows(names)
    deliver(as_json(found) if json else render(found, _columns(), form) + "\n", output, force)


def _gates(incomplete: str) -> list[str]:
    from gradc.ops import spellings

    return [name for name in spellings() if name.startswith(incomplete)]
