"""`gradc completion`: a shell's own."""

from __future__ import annotations

import click

from gradc.base.streams import say
from gradc.cli.options import choice, command
from gradc.cli.shell import Command


@command("completion", "gradc completion bash >> ~/.bashrc", Command)
@click.argument("shell", type=choice("bash", "zsh", "fish"))
@click.pass_context
def run(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete gradc's commands, options and values.

    bash: append it to ~/.bashrc; zsh: to ~/.zshrc; fish: write it to ~/.config/fish/completions/gradc.fish.
    """
    from gradc.cli.completion import script

    main = ctx.find_root().command
    assert isinstance(main, click.Group)
    say(script(shell, main))
