"""The options that several commands share, each with the heading under which the help lists it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from gradc import __version__
from gradc.base.streams import say
from gradc.cli.shell import Command, Option, Program

Action = TypeVar("Action", bound=Callable[..., Any])


def _show(answer: Callable[[click.Context], str]) -> Callable[[click.Context, click.Parameter, bool], None]:
    """What an option does that shows something and ends."""

    def show(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
        if asked and not ctx.resilient_parsing:
            say(answer(ctx) + "\n")
            ctx.exit()

    return show


# These and not click's own, which go past `say`, and look for translations at every start.
_ends: dict[str, Any] = {"is_flag": True, "is_eager": True, "expose_value": False}
shows_help = click.option(
    "-h", "--help", callback=_show(lambda ctx: ctx.get_help()), help="Show this and exit.", **_ends
)
shows_version = click.option(
    "-V", "--version", callback=_show(lambda ctx: f"gradc {__version__}"), help="Show the version and exit.", **_ends
)


def command(
    name: str, example: str = "", cls: type[Command] = Program
) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of the shell, with our own `--help`."""

    def add(action: Callable[..., Any]) -> click.Command:
        return click.command(name, cls=cls, example=example, add_help_option=False)(shows_help(action))

    return add


def options(*options: Callable[[Action], Action]) -> Callable[[Action], Action]:
    def add(command: Action) -> Action:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def choice(*words: str) -> click.Choice[str]:
    return click.Choice(words)


def completes(which: str) -> Any:
    """What a shell may complete a value to, found when it asks."""

    def complete(ctx: click.Context, incomplete: str) -> list[Any]:
        from gradc.cli import completion

        return completion.items(which, ctx, incomplete)

    return complete


option = partial(click.option, cls=Option)
module = partial(option, group="The module")
place = partial(option, group="The point")
result = partial(option, group="The answer")

takes_program = options(
    click.argument("words", nargs=-1, metavar="EXPR"),
    option(
        "-f", "--file", metavar="FILE", complete=completes("file"), group="The program",
        help="Read the program from a file (EXPR - is standard input).",
    ),
    option(
        "--shape", multiple=True, metavar="W=5,10", group="The program", more=True, complete=completes("shape"),
        help="Declare an array; a size is a number or a name.",
    ),
    option("--max-source", type=click.IntRange(1), metavar="N", default=32_000_000, show_default=True,
            group="The program", help="The most characters of a program."),
    option("--function", metavar="NAME", default="", group="The program", help="Compile this function of several."),
    option("--max-turns", type=click.IntRange(1), metavar="N", default=1_000_000, show_default=True,
            group="The program", help="The most turns of all its loops, and calls of its functions."),
    module(
        "--wrt", multiple=True, metavar="x,y", complete=completes("wrt"),
        help="Differentiate with respect to these inputs.  [default: all]",
    ),
    module(
        "--inputs", multiple=True, metavar="x,y", complete=completes("inputs"),
        help="The order of the inputs.  [default: as they first appear]",
    ),
    module("--literal", is_flag=True, help="Keep the textbook's forms where others are more stable."),
    module("--names", type=choice("notes", "letters", "wengert"), default="notes", show_default=True,
            help="How lines are named."),
    module("--target", type=choice("numpy", "math", "scipy", "torch", "jax", "numba", "c"),
            default="numpy", show_default=True,
            help="What the module stands on."),
)  # fmt: skip
has_style = module(
    "--style", type=choice("notes", "fast"), default="notes", show_default=True,
    help="One gate a line, or made for speed.",
)  # fmt: skip
has_modes = module(
    "--also",
    multiple=True,
    metavar="jvp,hvp,jacobian,hessian",
    help="Further functions: tangents, Hessians, …",
)
as_data = result("--json", "json", is_flag=True, help="Answer in JSON; errors, too.")
takes_point = options(
    place(
        "--at", multiple=True, metavar="x=3", more=True, complete=completes("at"),
        help="The value of an input: a number, 1/3, [1, 2] or @file.npy; x=3,y=-4 gives two.",
    ),
    place("--df", metavar="VALUE", help="The upstream adjoint.  [default: 1, or ones for an array]"),
)  # fmt: skip
writes_file = options(
    result("-o", "--output", metavar="FILE", complete=completes("file"), help="Write a file; - is standard output."),
    result("--force", is_flag=True, help="Write over a file that gradc did not write."),
)


has_format = result(
    "--format", "form", type=choice("text", "markdown", "latex", "html"), default="text", show_default=True,
    help="How the answer is written.",
)  # fmt: skip
