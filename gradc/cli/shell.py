"""The words of a shell into commands: a program may begin with a minus, and whatever goes wrong is said in one form.

Exit 0: done; 1: a check failed; 2: the input or the usage is wrong; 130: interrupted.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from gradc.base.errors import GradcError
from gradc.base.streams import as_json, coloured, say, tell

WRONG, FAILED, INTERRUPTED = 2, 1, 130

# `--word` is an option, known or not; `-x**2`, `-x` and `--x` are programs unless a command knows them as options.
_LONG_OPTION = re.compile(r"--[a-z][a-z-]+(=.*)?", re.DOTALL)

# A further value of an option that takes `name=value`: `--at x=3 y=4`. What follows is a number, a list or a file.
_ANOTHER = re.compile(r"[^\W\d]\w*\s*=\s*(?:@.+|(?:[-+*/.,()\[\]\s\d_]|[eE](?=[-+\d])|\b(?:pi|inf|nan)\b)+)")


class Option(click.Option):
    """An option that knows under which heading the help lists it, and where its values come from.

    `more` says that words behind its value are values, too, as long as they read `name=number`.
    """

    def __init__(self, *args: Any, group: str = "", more: bool = False, complete: Any = None, **facts: Any) -> None:
        super().__init__(*args, **facts)
        self.group, self.more, self.complete = group, more, complete

    def get_help_extra(self, ctx: click.Context) -> Any:
        """What stands in brackets behind the help: the default, and not the range of a number."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        if self.complete is not None:
            return [*self.complete(ctx, incomplete)]
        return super().shell_complete(ctx, incomplete)


class Command(click.Command):
    """A command whose help stands in groups and ends with an example.

    Written here and not left to click: the same at every version of it, and no line beyond the terminal's width.
    """

    def __init__(self, *args: Any, example: str = "", **facts: Any) -> None:
        super().__init__(*args, **facts)
        self.example = example

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                groups.setdefault(getattr(param, "group", ""), []).append(record)
        for heading in sorted(groups, key=lambda name: name == ""):
            with formatter.section(heading or "Options"):
                formatter.write_dl(groups[heading])
        if self.example:
            with formatter.section("Examples" if "\n" in self.example else "Example"):
                for line in self.example.split("\n"):
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class Program(Command):
    """A command that takes a program, which may begin with a minus."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing and args and args[-1].startswith("-"):
            args = args[:-1]  # the shell asks for what its value could be
        return super().parse_args(ctx, self.options_first(ctx, args))

    def options_first(self, ctx: click.Context, args: Iterable[str]) -> list[str]:
        """The options with their values, `--`, and whatever is none of these."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        known = {name: option for option in options for name in option.opts}
        first: list[str] = []
        rest: list[str] = []
        open_option = ""  # one that takes more words of the form name=value
        words = iter(args)
        for word in words:
            if word == "--":
                rest += words
            elif word in known:
                option = known[word]
                first += [word] if option.is_flag else [word, _value_of(word, words, ctx)]
                open_option = word if getattr(option, "more", False) else ""
            elif _LONG_OPTION.fullmatch(word):
                first.append(word)
            elif open_option and _ANOTHER.fullmatch(word):
                first += [open_option, word]
            else:
                rest.append(word)
        return [*first, "--", *rest]


def _value_of(option: str, words: Iterator[str], ctx: click.Context) -> str:
    value = next(words, None)
    if value is None:
        raise click.UsageError(f"{option} needs a value", ctx)
    return value


class Commands(MutableMapping[str, click.Command]):
    """The commands by their names, in order; the module of one is read when the command is asked for."""

    def __init__(self, names: Iterable[str]) -> None:
        self._read: dict[str, click.Command | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> click.Command:
        found = self._read[name]
        if found is None:
            found = self._read[name] = import_module(f"gradc.cli.commands.{name}").run
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._read[name] = command

    def __delitem__(self, name: str) -> None:
        del self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._read

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


class Shell(click.Group):
    """The command `gradc`: whatever goes wrong below is said in one form, and never with a traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        if "_GRADC_COMPLETE" in os.environ:  # the shell asks what could come next; click's own protocol answers
            return super().main(*args, **{**extra, "prog_name": "gradc"})
        extra.update(prog_name="gradc", standalone_mode=False)
        words = extra.get("args", args[0] if args else None)
        words = sys.argv[1:] if words is None else words
        collects = gc.isenabled()
        gc.disable()  # from text to text nothing is left in circles, and looking for them takes a tenth of the time
        try:
            code = super().main(*args, **extra)
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        except GradcError as error:
            code = refuse(error, words)
        except click.UsageError as error:
            code = refuse(_usage(error), words)
        except MemoryError:
            code = refuse(GradcError("out of memory", hint="the program is too large for this machine"), words)
        except Exception as error:
            if os.environ.get("GRADC_DEBUG"):
                raise
            code = refuse(_internal(error), words)
        finally:
            (gc.enable if collects else gc.disable)()
        sys.exit(code or 0)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(1000)) for name, each in self.commands.items()])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which one wants them."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command by its name; what is none may be a program whose command was forgotten."""
        name = args[0]
        if name in self.commands or _LONG_OPTION.fullmatch(name) or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from gradc.run.arguments import quoted

        hint = nearest(name, self.commands) or f"for a program, write gradc compile {quoted(args)}"
        raise GradcError(f"no command {name[:40]!r}", hint=hint)


def refuse(error: GradcError, words: Iterable[str] = ()) -> int:
    """Say an error on standard error, and as data on standard output where the answer was to be JSON."""
    tell(error.render(color=coloured()))
    if "--json" in words:
        with suppress(GradcError):  # there may be nobody to read it
            say(as_json(error.to_dict()))
    return WRONG


def _usage(error: click.UsageError) -> GradcError:
    """What click says of a command line, in our form."""
    command = error.ctx.command_path if error.ctx else "gradc"
    help = f"'{command} --help' lists what there is"
    if isinstance(error, click.NoSuchOption):
        params = error.ctx.command.get_params(error.ctx) if error.ctx else []
        near = nearest(error.option_name, (name for param in params for name in param.opts))
        return GradcError(f"no option '{error.option_name}'", hint=near or help)
    message = error.format_message().rstrip(".")
    return GradcError(message[:1].lower() + message[1:], hint=help)


def nearest(word: str, known: Iterable[str]) -> str:
    """What was meant by a misspelt word, as a question; "" if nothing is near."""
    import difflib

    near = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f"did you mean '{near[0]}'?" if near else ""


def _internal(error: Exception) -> GradcError:
    said = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    return GradcError(f"internal error, {said}", hint="please report it; GRADC_DEBUG=1 shows where it happened")


__all__ = ["FAILED", "INTERRUPTED", "WRONG", "Command", "Commands", "Option", "Program", "Shell", "nearest", "refuse"]
