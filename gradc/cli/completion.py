"""What a shell may complete the values of options to, and the text that teaches it to ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

# Options that take names with commas between them.
_LISTS = ("wrt", "inputs")


def script(shell: str, command: click.Command) -> str:
    """The lines for a shell's start-up file."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    return kind(command, {}, "gradc", "_GRADC_COMPLETE").source()


def items(which: str, ctx: click.Context, incomplete: str) -> list[Any]:
    """The same as click wants them."""
    from click.shell_completion import CompletionItem

    if which == "file":
        return [CompletionItem(incomplete, type="file")]  # the shell's own list of files
    return [CompletionItem(word) for word in words(which, ctx, incomplete)]


def words(which: str, ctx: click.Context, incomplete: str) -> Sequence[str]:
    """The values that an option may have here: families, or names of the program's inputs."""
    if which == "sweep":
        from gradc.evidence.growing import FAMILIES

        return [name for name in [*FAMILIES, "self"] if name.startswith(incomplete)]
    done, comma, last = incomplete.rpartition(",") if which in _LISTS else ("", "", incomplete)
    sign = "" if which in _LISTS else "="
    return [f"{done}{comma}{name}{sign}" for name in _inputs(ctx.params) if name.startswith(last)]


def _inputs(params: dict[str, Any]) -> Sequence[str]:
    """The inputs of the program that has been typed so far; none if there is no program yet."""
    from gradc.base.errors import GradcError
    from gradc.language import parse
    from gradc.run.arguments import program

    given, file = params.get("words") or (), params.get("file")
    if list(given) == ["-"] or not (given or file):
        return ()
    try:
        return list(parse(program(given, file, 1_000_000)).inputs)
    except GradcError:
        return ()
