"""The words of a command line into what the library does; its answers to standard output, all else to standard error.

>>> list(main.commands)
['compile', 'check', 'trace', 'graph', 'page', 'report', 'grade', 'gates', 'completion', 'help']
"""

from __future__ import annotations

import os

import click

from gradc.base.streams import say
from gradc.cli.options import shows_help, shows_version
from gradc.cli.shell import Commands, Shell

# A command is read when it is named: its options alone cost a tenth of the start. The one that one wants comes first.
_COMMANDS = "compile check trace graph page report grade gates completion help".split()


@click.group(cls=Shell, invoke_without_command=True, commands=Commands(_COMMANDS), add_help_option=False)
@shows_version
@shows_help
@click.pass_context
def main(ctx: click.Context) -> None:
    """Compile a formula into its forward and backward pass, one gate a line.

    Results go to standard output, everything else to standard error. Exit code 0: done; 1: a check failed;
    2: the input or the usage is wrong. Defaults of options may stand in pyproject.toml, under [tool.gradc].
    """
    if ctx.invoked_subcommand is None:
        say(ctx.get_help() + "\n")
    elif os.path.exists("pyproject.toml"):
        with open("pyproject.toml", "rb") as file:
            asked = b"[tool.gradc" in file.read()
        if asked:
            from gradc.cli.defaults import defaults

            ctx.default_map = defaults("pyproject.toml", main.commands)
