"""`gradc help`."""

from __future__ import annotations

import click

from gradc.base.streams import say
from gradc.cli.options import command
from gradc.cli.shell import Command


@command("help", "gradc help compile", Command)
@click.argument("command", required=False)
@click.pass_context
def run(ctx: click.Context, command: str | None) -> None:
    """Show what gradc can do, or one command."""
    assert ctx.parent is not None
    if command is None:
        say(ctx.parent.get_help() + "\n")
        return
    main = ctx.parent.command
    assert isinstance(main, click.Group)
    found = main.resolve_command(ctx.parent, [command])[1]
    assert found is not None
    say(found.get_help(click.Context(found, parent=ctx.parent, info_name=found.name)) + "\n")
