"""The words of a command line into what the library does; its answers to standard output, all else to standard error.

Exit 0: done; 1: a check failed; 2: the input or the usage is wrong; 130: interrupted.

>>> sorted(main.commands)
['check', 'compile', 'gates', 'graph', 'report', 'trace']
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gradc import __version__
from gradc.base.errors import GradcError
from gradc.base.streams import as_json, coloured, progress, say, tell

if TYPE_CHECKING:
    from gradc.api import Function

WRONG, FAILED, INTERRUPTED = 2, 1, 130

Command = TypeVar("Command", bound=Callable[..., Any])

# `--word` is an option, known or not; `-x**2`, `-x` and `--x` are programs unless a command knows them as options.
_LONG_OPTION = re.compile(r"--[a-z][a-z-]+(=.*)?", re.DOTALL)


class Program(click.Command):
    """A command that takes a program, which may begin with a minus."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self.options_first(ctx, args))

    def options_first(self, ctx: click.Context, args: Iterable[str]) -> list[str]:
        """The options with their values, `--`, and whatever is none of these."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        known = {name: option for option in options for name in option.opts}
        first: list[str] = []
        rest: list[str] = []
        words = iter(args)
        for word in words:
            if word == "--":
                rest += words
            elif word in known:
                first += [word] if known[word].is_flag else [word, _value_of(word, words, ctx)]
            elif _LONG_OPTION.fullmatch(word):
                first.append(word)
            else:
                rest.append(word)
        return [*first, "--", *rest]


def _value_of(option: str, words: Iterator[str], ctx: click.Context) -> str:
    value = next(words, None)
    if value is None:
        raise click.UsageError(f"{option} needs a value", ctx)
    return value


class Shell(click.Group):
    """The command `gradc`: whatever goes wrong below is said in one form, and never with a traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        extra.update(prog_name="gradc", standalone_mode=False)
        collects = gc.isenabled()
        gc.disable()  # from text to text nothing is left in circles, and looking for them takes a tenth of the time
        try:
            code = super().main(*args, **extra)
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        except GradcError as error:
            code = _refuse(error)
        except click.UsageError as error:
            code = _refuse(_usage(error))
        except MemoryError:
            code = _refuse(GradcError("out of memory", hint="the program is too large for this machine"))
        except Exception as error:
            if os.environ.get("GRADC_DEBUG"):
                raise
            code = _refuse(_internal(error))
        finally:
            (gc.enable if collects else gc.disable)()
        sys.exit(code or 0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command by its name; what is none may be a program whose command was forgotten."""
        name = args[0]
        if name in self.commands or _LONG_OPTION.fullmatch(name):
            return super().resolve_command(ctx, args)
        from gradc.run.arguments import quoted

        hint = _nearest(name, self.commands) or f"for a program, write gradc compile {quoted(args)}"
        raise GradcError(f"no command {name[:40]!r}", hint=hint)


def _refuse(error: GradcError) -> int:
    tell(error.render(color=coloured()))
    return WRONG


def _usage(error: click.UsageError) -> GradcError:
    """What click says of a command line, in our form."""
    command = error.ctx.command_path if error.ctx else "gradc"
    help = f"'{command} --help' lists what there is"
    if isinstance(error, click.NoSuchOption):
        params = error.ctx.command.get_params(error.ctx) if error.ctx else []
        near = _nearest(error.option_name, (name for param in params for name in param.opts))
        return GradcError(f"no option '{error.option_name}'", hint=near or help)
    message = error.format_message().rstrip(".")
    return GradcError(message[:1].lower() + message[1:], hint=help)


def _nearest(word: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f"did you mean '{near[0]}'?" if near else ""


def _internal(error: Exception) -> GradcError:
    said = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    return GradcError(f"internal error, {said}", hint="please report it; GRADC_DEBUG=1 shows where it happened")


# ---- what the options say ----------------------------------------------------------------------


def compiled(options: dict[str, Any]) -> Function:
    """The program of a command line, compiled; its notes are told."""
    from gradc.api import compile
    from gradc.run.arguments import names, program, shapes

    text = program(options.pop("words"), options.pop("file"), options["max_source"])
    given = {key: options.pop(key) for key in _COMPILING if key in options}
    given["shapes"] = shapes(given.pop("shape"))
    given["wrt"] = names(given["wrt"])
    try:
        fn = compile(text, **given)
    except GradcError as error:
        raise _meant_a_file(text) or error from None
    for note in fn.notes:
        tell(note.render(color=coloured()))
    for name in given["shapes"]:
        if name not in fn.inputs:
            raise GradcError(f"no input '{name}' to give a shape to", hint=f"inputs are {', '.join(fn.inputs)}")
    return fn


def _meant_a_file(text: str) -> GradcError | None:
    """What to say of a program that is none, but the name of a file."""
    if len(text) > 1000 or not text.isprintable() or not os.path.isfile(text):
        return None
    return GradcError(f"{text} is a file, and no program", hint=f"read it with -f {text}")


def studied(options: dict[str, Any]) -> Function:
    """The same for commands that go on to run it: from here on there may be garbage."""
    fn = compiled(options)
    gc.enable()
    return fn


_COMPILING = ("wrt", "shape", "style", "names", "target", "literal", "function_name", "max_source")


@contextmanager
def _as_usage(fn: Function | None = None) -> Iterator[None]:
    """What the library says of a wrong call, as it is said on a command line."""
    try:
        yield
    except (TypeError, ValueError, ImportError) as error:
        said = str(error).split("\n", 1)[0]
        raise GradcError(said, hint=_wanted(fn) if fn is not None and "missing" in said else "") from None


def write(path: str, text: str | bytes, force: bool) -> None:
    """Write a file whole or not at all; what is wrong with its place is said by name."""
    from gradc.base.files import reason, write_whole

    if not path:
        raise GradcError("-o names no file")
    try:
        write_whole(path, text, force)
    except FileExistsError as error:
        raise GradcError(str(error), hint="--force writes over it") from None
    except OSError as error:
        folder = os.path.dirname(path)
        missing = folder and not os.path.isdir(folder)
        why = f"there is no folder {folder}" if missing and not os.path.exists(folder) else reason(error)
        raise GradcError(f"cannot write {path}: {why}") from None


# ---- the commands ------------------------------------------------------------------------------


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
    "--version", callback=_show(lambda ctx: f"gradc {__version__}"), help="Show the version and exit.", **_ends
)


@click.group(cls=Shell, invoke_without_command=True, add_help_option=False)
@shows_version
@shows_help
@click.pass_context
def main(ctx: click.Context) -> None:
    """Compile a formula into its forward and backward pass, one gate a line.

    Results go to standard output, everything else to standard error. Exit code 0: done; 1: a check failed;
    2: the input or the usage is wrong.
    """
    if ctx.invoked_subcommand is None:
        say(ctx.get_help() + "\n")


def _command(name: str, cls: type[click.Command] = Program) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of the shell, with our own `--help`."""

    def add(action: Callable[..., Any]) -> click.Command:
        return main.command(name, cls=cls, add_help_option=False)(shows_help(action))

    return add


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _choice(*words: str) -> click.Choice[str]:
    return click.Choice(words)


takes_program = _options(
    click.argument("words", nargs=-1, metavar="EXPR"),
    click.option("-f", "--file", metavar="FILE", help="Read the program from a file (EXPR - is standard input)."),
    click.option("--wrt", multiple=True, metavar="x,y", help="Differentiate with respect to these inputs [all]."),
    click.option("--shape", multiple=True, metavar="W=5,10", help="Declare an array; a size is a number or a name."),
    click.option("--literal", is_flag=True, help="Keep the textbook's forms where others are more stable."),
    click.option("--names", type=_choice("notes", "letters", "wengert"), default="notes", help="How lines are named."),
    click.option("--target", type=_choice("numpy", "math"), default="numpy", help="What the module stands on."),
    click.option("--max-source", type=click.IntRange(1), default=32_000_000, help="The most characters of a program."),
)
has_style = click.option(
    "--style", type=_choice("notes", "fast"), default="notes", help="One gate a line, or made for speed."
)
as_data = click.option("--json", "json", is_flag=True, help="Answer in JSON.")
takes_point = _options(
    click.option("--at", multiple=True, metavar="x=3", help="The value of an input: a number, [1, 2] or @file.npy."),
    click.option("--df", metavar="VALUE", help="The upstream adjoint [1, or ones for an array]."),
)
writes_file = _options(
    click.option("-o", "--output", metavar="FILE", help="Write a file instead of standard output."),
    click.option("--force", is_flag=True, help="Write over a file that gradc did not write."),
)


@_command("compile")
@takes_program
@has_style
@click.option("--function-name", default="", metavar="NAME", help="Call them NAME, NAME_forward, NAME_backward.")
@click.option("--show", type=_choice("dag", "program"), help="Show a stage on the way instead of the module.")
@writes_file
@as_data
def compile_command(output: str | None, force: bool, show: str | None, json: bool, **options: Any) -> None:
    """Print the module of a program, or write it to a file."""
    with _as_usage():
        fn = compiled(options)
    text = fn.source if show is None else _stage(fn, show)
    if output is not None:
        write(output, text, force)
    if json:
        say(as_json(fn.to_dict()))
    elif output is None:
        say(text)


def _stage(fn: Function, which: str) -> str:
    from gradc.evidence.stations import show_dag, show_program

    return show_dag(fn.dag) if which == "dag" else show_program(fn.staged, fn.target)


@_command("gates", click.Command)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@as_data
def gates_command(names: Sequence[str], json: bool) -> None:
    """List the gates, or those of some names: what each computes, its local gradient, where it is defined."""
    from gradc.evidence.gates import render, rows

    found = rows(names)
    say(as_json(found) if json else render(found, _columns()) + "\n")


def _columns() -> int:
    """The width of the terminal; 0 for none, where a line may be as long as it needs to be."""
    if sys.stdout is None or not sys.stdout.isatty():
        return 0
    import shutil

    return shutil.get_terminal_size().columns


@_command("trace")
@takes_program
@takes_point
@as_data
def trace_command(at: Sequence[str], df: str | None, json: bool, **options: Any) -> None:
    """Show every line of both passes with its value at a point."""
    from gradc.run.arguments import points

    fn = studied(options)
    with _as_usage(fn):
        traced = fn.trace(**points(at), **_upstream(df))
    say(as_json(traced.to_dict()) if json else traced.render() + "\n")


@_command("graph")
@takes_program
@takes_point
@click.option("--format", type=_choice("svg", "dot", "mermaid", "png"), help="What to draw [by FILE's ending, or svg].")
@writes_file
@as_data
def graph_command(
    at: Sequence[str], df: str | None, format: str | None, output: str | None, force: bool, json: bool, **options: Any
) -> None:
    """Draw the circuit, with values in green and gradients in red if a point is given."""
    from gradc.evidence.circuit import format_of
    from gradc.run.arguments import points

    fn = studied(options)
    with _as_usage(fn):
        circuit = fn.graph(**points(at), **_upstream(df))
    if json:
        say(as_json(circuit.to_dict()))
        if output is None:
            return
    with _as_usage():
        drawn = circuit.text(format or (format_of(output) if output else "svg"))
    if output is not None:
        write(output, drawn, force)
    elif isinstance(drawn, bytes) and sys.stdout is not None and sys.stdout.isatty():
        raise GradcError("a PNG is nothing for a terminal", hint="name a file: -o circuit.png")
    else:
        say(drawn)


@_command("check")
@takes_program
@has_style
@click.option("--points", type=click.IntRange(1), default=3, help="How many random points are tried.")
@click.option("--seed", type=int, default=0, help="Which random points.")
@click.option("--range", "within", multiple=True, metavar="x=1,2", help="Where to look for an input [its domain].")
@click.option("--at", multiple=True, metavar="x=3", help="Try this point, and no random ones.")
@click.option("--tolerance", type=click.FloatRange(0), help="The most roundings that an error may be [100].")
@click.option("--timeout", type=click.FloatRange(0), default=6.0, help="Seconds that SymPy gets.")
@click.option("--memory", type=click.IntRange(1), help="Megabytes that SymPy gets.")
@as_data
def check_command(at: Sequence[str], within: Sequence[str], memory: int | None, json: bool, **options: Any) -> int:
    """Hold the gradient against SymPy's in 50 digits, and against differences; exit 1 if it is wrong."""
    from gradc.run.arguments import points, ranges

    asked = {key: options.pop(key) for key in ("points", "seed", "tolerance", "timeout")}
    asked.update({"memory": memory} if memory else {}, at=points(at) or None, ranges=ranges(within) or None)
    fn = studied(options)
    result = fn.check(**asked)
    say(as_json(result.to_dict()) if json else result.render() + "\n")
    return 0 if result.ok else FAILED


@_command("report")
@takes_program
@has_style
@click.option("--sweep", metavar="FAMILY", help="Grow a family, or the program composed with itself: --sweep self.")
@click.option("--upto", type=click.IntRange(1), default=20, help="The last size of a sweep.")
@click.option("--timeout", type=click.FloatRange(0), help="Seconds that SymPy gets.")
@click.option("--memory", type=click.IntRange(1), help="Megabytes that SymPy gets.")
@click.option("--no-expand", is_flag=True, help="Don't multiply out: what is expanded is counted.")
@click.option("--csv", is_flag=True, help="Answer in CSV (sweeps).")
@click.option("--markdown", is_flag=True, help="Answer in Markdown.")
@writes_file
@as_data
def report_command(
    sweep: str | None, upto: int, no_expand: bool, output: str | None, force: bool, **options: Any
) -> None:
    """Compare the gradient's cost with that of SymPy's forms; FILE takes the plot of a sweep, as SVG."""
    form = _one_of({key: options.pop(key) for key in ("json", "csv", "markdown")})
    asked = {key: value for key in ("timeout", "memory") if (value := options.pop(key)) is not None}
    if sweep is None and (form == "csv" or output is not None):
        raise GradcError(f"{'--csv' if form == 'csv' else '-o'} needs a sweep", hint="--sweep logistic, for one")
    if sweep is None:
        fn = studied(options)
        with progress() as step:
            result = fn.report(expand=not no_expand, progress=step, **asked)
    else:
        result = _swept(sweep, upto, options, asked)
    if output is not None:
        write(output, result.svg(), force)
    say(_answer(result, form))


def _swept(family: str, upto: int, options: dict[str, Any], asked: dict[str, Any]) -> Any:
    """A family that has a name, or the one that the given program begins."""
    from gradc.api import Function
    from gradc.evidence.growing import FAMILIES
    from gradc.evidence.sweep import sweep

    given = bool(options["words"]) or options["file"] is not None
    if family != "self" and family not in FAMILIES:
        raise GradcError(f"no family '{family}'", hint=f"there are {', '.join(FAMILIES)}, and self with a program")
    if family != "self" and given:
        raise GradcError(f"the family '{family}' needs no program", hint="--sweep self grows the program")
    grown = studied(options) if family == "self" else family
    gc.enable()
    with progress() as step:
        return sweep(grown, Function, upto=upto, progress=step, **asked)


def _one_of(asked: dict[str, bool]) -> str:
    """The one of some flags that was given, or none."""
    given = [name for name, value in asked.items() if value]
    if len(given) > 1:
        raise GradcError(f"--{given[0]} and --{given[1]} are two answers", hint="leave one of them out")
    return given[0] if given else ""


def _answer(result: Any, form: str) -> str:
    match form:
        case "json":
            return as_json(result.to_dict())
        case "csv":
            return str(result.csv())
        case "markdown":
            return f"{result.markdown()}\n"
    return f"{result.render()}\n"


def _upstream(df: str | None) -> dict[str, Any]:
    from gradc.run.arguments import value

    return {} if df is None else {"df": value("df", df)}


def _wanted(fn: Function) -> str:
    missing = " ".join(f"--at {name}=…" for name in fn.inputs)
    return f"give every input a value: {missing}" if len(missing) <= 80 else "give every input a value with --at"
