"""The words of a command line into what the library does; its answers to standard output, all else to standard error.

Exit 0: done; 1: a check failed; 2: the input or the usage is wrong; 130: interrupted.

>>> sorted(main.commands)
['check', 'compile', 'gates', 'graph', 'report', 'trace']
>>> points(["x=3", "y=-4,z=[1, 2]"])
{'x': 3, 'y': -4, 'z': [1, 2]}
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gradc import __version__
from gradc.errors import GradcError

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
        hint = _nearest(name, self.commands) or f"for a program, write gradc compile {_quoted(args)}"
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


# ---- both streams ------------------------------------------------------------------------------


def say(text: str | bytes) -> None:
    """An answer, to standard output, as UTF-8 whatever the locale says."""
    out = sys.stdout
    if out is None:
        raise GradcError("cannot write: standard output is closed")
    data = text if isinstance(text, bytes) else text.encode("utf-8", errors="backslashreplace")
    rest = memoryview(data)
    try:
        out.flush()
        while rest:  # an unbuffered stream takes a part at a time
            rest = rest[out.buffer.write(rest) :]
        out.buffer.flush()
    except OSError as error:
        _forget(out)
        raise GradcError(f"cannot write to standard output: {_reason(error)}") from None


def _forget(stream: Any) -> None:
    """Let what a broken stream still holds go nowhere, or Python would try again at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def tell(text: str) -> None:
    """Anything but an answer, to standard error; if that is closed, to nobody."""
    err = sys.stderr
    if err is not None:
        with suppress(OSError, ValueError):
            code = err.encoding or "utf-8"
            print(text.encode(code, "backslashreplace").decode(code), file=err, flush=True)


def coloured() -> bool:
    """Whether the caret lines have a colour: on a terminal that knows colours, unless NO_COLOR is set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stderr is not None and sys.stderr.isatty()


def as_json(answer: Any) -> str:
    """Plain data as JSON that any reader accepts."""
    import json

    return json.dumps(answer, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _reason(error: OSError) -> str:
    from gradc.files import reason

    return reason(error)


# ---- what the options say ----------------------------------------------------------------------


def compiled(options: dict[str, Any]) -> Function:
    """The program of a command line, compiled; its notes are told."""
    from gradc.api import compile

    text = program(options.pop("words"), options.pop("file"), options["max_source"])
    given = {key: options.pop(key) for key in _COMPILING if key in options}
    given["shapes"] = shapes(given.pop("shape"))
    given["wrt"] = _names(given["wrt"])
    fn = compile(text, **given)
    for note in fn.notes:
        tell(note.render(color=coloured()))
    for name in given["shapes"]:
        if name not in fn.inputs:
            raise GradcError(f"no input '{name}' to give a shape to", hint=f"inputs are {', '.join(fn.inputs)}")
    return fn


def studied(options: dict[str, Any]) -> Function:
    """The same for commands that go on to run it: from here on there may be garbage."""
    fn = compiled(options)
    gc.enable()
    return fn


def _names(given: Sequence[str]) -> list[str] | None:
    """The names of `--wrt x,y`; None if it was not given."""
    from gradc.parse.lex import spelled

    found = [spelled(name.strip()) for one in given for name in one.split(",") if name.strip()]
    if given and not found:
        raise GradcError("--wrt names no input", hint="write it as --wrt x,y")
    return found or None


_COMPILING = ("wrt", "shape", "style", "names", "target", "literal", "function_name", "max_source")


def program(words: Sequence[str], file: str | None, limit: int) -> str:
    """The program's text: the one argument, standard input, or a file."""
    if file is not None:
        if words:
            raise GradcError("the program is given twice, in quotes and as -f FILE", hint="leave one of them out")
        from gradc.files import read

        return read(file, limit)
    if not words:
        raise GradcError("no program is given", hint='write it in quotes, as "x*y"; - for standard input, or -f FILE')
    if len(words) > 1:
        hint = f"quote the program: {_quoted(words)}"
        raise GradcError(f"got {len(words)} arguments, and a program is one", hint=hint)
    if words[0] == "-":
        return _standard_input(limit)
    if words[0].isascii():
        return words[0]
    from gradc.files import decoded

    return decoded(os.fsencode(words[0]), "the program")  # the bytes that were typed, whatever the locale made of them


def _quoted(words: Sequence[str]) -> str:
    """Words of a shell as one; another program in place of one that the shell would read in its own way.

    >>> _quoted(["x", "+", "y"])
    '"x + y"'
    """
    text = " ".join(words)
    return f'"{text}"' if len(text) <= 60 and text.isprintable() and not set(text) & set('"$`\\!') else '"x + y"'


def _standard_input(limit: int) -> str:
    from gradc.files import decoded, limited

    if sys.stdin is None:
        raise GradcError("standard input is closed")
    if sys.stdin.isatty():
        tell("gradc: note: the program is read from the terminal; end it with Ctrl-D")
    try:
        return decoded(limited(sys.stdin.buffer, limit, "standard input"), "standard input")
    except OSError as error:
        raise GradcError(f"cannot read standard input: {_reason(error)}") from None


def shapes(given: Iterable[str]) -> dict[str, tuple[int | str, ...]]:
    """Declarations of a command line.

    >>> shapes(["W=5,10", "X=[n, d]", "s="])
    {'W': (5, 10), 'X': ('n', 'd'), 's': ()}
    """
    from gradc.parse.lex import spelled

    found: dict[str, tuple[int | str, ...]] = {}
    for one in given:
        name, equals, dims = one.partition("=")
        parts = [part.strip() for part in dims.strip("()[] ").split(",") if part.strip()]
        wrong = [part for part in parts if not (part.isdecimal() or part.isidentifier())]
        if not equals or not name.strip().isidentifier() or wrong:
            raise GradcError(f"cannot read the shape {one!r}", hint="write it as --shape W=5,10 or --shape X=n,d")
        found[spelled(name.strip())] = tuple(int(part) if part.isdecimal() else part for part in parts)
    return found


def points(given: Iterable[str]) -> dict[str, Any]:
    """The values of a command line: numbers, JSON arrays, and files of them after an `@`."""
    found: dict[str, Any] = {}
    for one in given:
        for name, value in _assignments(one):
            if name in found:
                raise GradcError(f"'{name}' is given twice", hint="one --at for each input")
            found[name] = value
    return found


def _assignments(text: str) -> Iterator[tuple[str, Any]]:
    from gradc.parse.lex import spelled

    if text.startswith("@"):
        yield from _whole_point(text[1:])
        return
    starts = list(re.finditer(r"(?:^|,)\s*([^\W\d]\w*)\s*=(?!=)", text))
    if not starts or starts[0].start():
        raise GradcError(f"cannot read the point {text!r}", hint="write it as --at x=3 or --at 'W=[[1, 2], [3, 4]]'")
    ends = [*(match.start() for match in starts[1:]), len(text)]
    for match, end in zip(starts, ends, strict=True):
        yield spelled(match[1]), _value(match[1], text[match.end() : end].strip())


def _value(name: str, text: str) -> Any:
    """A number, an array, or what is in a file."""
    if text.startswith("@"):
        return _array(name, _loaded(text[1:]))
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        pass
    import json

    try:
        return _array(name, json.loads(text)) if text.startswith("[") else _refused_value(name, text)
    except (ValueError, RecursionError):
        return _refused_value(name, text)


def _refused_value(name: str, text: str) -> Any:
    shown = text if len(text) <= 40 else text[:39] + "…"
    hint = f"write --at {name}=3, --at '{name}=[1, 2]' or --at {name}=@file.npy"
    raise GradcError(f"the value of '{name}' is no number: {shown!r}", hint=hint)


def _array(name: str, value: Any) -> Any:
    """Nested lists as they are, if they are a box of numbers."""
    import numpy as np

    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise GradcError(f"the value of '{name}' is no array of numbers with rows of equal length") from None
    return value if isinstance(value, list) else array


def _whole_point(path: str) -> Iterator[tuple[str, Any]]:
    """A file that holds a value for each input: a JSON object, or an .npz."""
    data = _loaded(path)
    if not hasattr(data, "items"):
        raise GradcError(f"{path} holds no values by name", hint="write --at x=@FILE for the value of one input")
    for name, value in data.items():
        yield name, _array(name, value)


def _loaded(path: str) -> Any:
    from gradc.files import read

    if not path.endswith((".npy", ".npz")):
        import json

        try:
            return json.loads(read(path))
        except (ValueError, RecursionError) as error:
            raise GradcError(f"{path} is not JSON: {str(error)[:60]}") from None
    import numpy as np

    try:
        loaded = np.load(path, allow_pickle=False)
        return dict(loaded) if path.endswith(".npz") else loaded
    except OSError as error:
        raise GradcError(f"cannot read {path}: {_reason(error)}") from None
    except ValueError:
        raise GradcError(f"{path} is no file of numbers") from None


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
    from gradc.files import write_whole

    if not path:
        raise GradcError("-o names no file")
    try:
        write_whole(path, text, force)
    except FileExistsError as error:
        raise GradcError(str(error), hint="--force writes over it") from None
    except OSError as error:
        folder = os.path.dirname(path)
        missing = folder and not os.path.isdir(folder)
        why = f"there is no folder {folder}" if missing and not os.path.exists(folder) else _reason(error)
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
    from gradc.show import show_dag, show_program

    return show_dag(fn.dag) if which == "dag" else show_program(fn.staged, fn.target)


@_command("gates", click.Command)
@as_data
def gates_command(json: bool) -> None:
    """List the gates: what each computes, its local gradient, where it is defined."""
    from gradc.gates import render, rows

    if json:
        say(as_json(rows()))
    else:
        say(render(_columns()) + "\n")


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
    fn = studied(options)
    with _as_usage(fn):
        traced = fn.trace(**points(at), **_upstream(fn, df))
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
    from gradc.circuit import format_of

    fn = studied(options)
    with _as_usage(fn):
        circuit = fn.graph(**points(at), **_upstream(fn, df))
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
@click.option("--range", "ranges", multiple=True, metavar="x=1,2", help="Where to look for an input [its domain].")
@click.option("--at", multiple=True, metavar="x=3", help="Try this point, and no random ones.")
@click.option("--tolerance", type=click.FloatRange(0), help="The most roundings that an error may be [100].")
@click.option("--timeout", type=click.FloatRange(0), default=6.0, help="Seconds that SymPy gets.")
@click.option("--memory", type=click.IntRange(1), help="Megabytes that SymPy gets.")
@as_data
def check_command(at: Sequence[str], ranges: Sequence[str], memory: int | None, json: bool, **options: Any) -> int:
    """Hold the gradient against SymPy's in 50 digits, and against differences; exit 1 if it is wrong."""
    asked = {key: options.pop(key) for key in ("points", "seed", "tolerance", "timeout")}
    asked.update({"memory": memory} if memory else {}, at=points(at) or None, ranges=_ranges(ranges) or None)
    fn = studied(options)
    result = fn.check(**asked)
    say(as_json(result.to_dict()) if json else result.render() + "\n")
    return 0 if result.ok else FAILED


def _ranges(given: Iterable[str]) -> dict[str, tuple[float, float]]:
    """
    >>> _ranges(["x=1,2"])
    {'x': (1.0, 2.0)}
    """
    found = {}
    for one in given:
        match = re.fullmatch(r"\s*([^\W\d]\w*)\s*=\s*([^,]+),([^,]+)", one)
        try:
            found[match[1]] = (float(match[2]), float(match[3]))  # type: ignore[index]  # caught below
        except (TypeError, ValueError):
            raise GradcError(f"cannot read the range {one!r}", hint="write it as --range x=1,2") from None
    return found


def _upstream(fn: Function, df: str | None) -> dict[str, Any]:
    return {} if df is None else {"df": _value("df", df)}


def _wanted(fn: Function) -> str:
    missing = " ".join(f"--at {name}=…" for name in fn.inputs)
    return f"give every input a value: {missing}" if len(missing) <= 80 else "give every input a value with --at"
