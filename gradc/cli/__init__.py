"""The words of a command line into what the library does; its answers to standard output, all else to standard error.

>>> list(main.commands)
['compile', 'check', 'trace', 'graph', 'page', 'report', 'grade', 'gates', 'completion', 'help']
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gradc import __version__
from gradc.base.errors import GradcError
from gradc.base.streams import as_json, coloured, progress, say, tell
from gradc.cli.shell import FAILED, Command, Option, Program, Shell

if TYPE_CHECKING:
    from gradc.api import Function

Action = TypeVar("Action", bound=Callable[..., Any])

# ---- what the options say ----------------------------------------------------------------------


def compiled(options: dict[str, Any], quiet: bool = False) -> Function:
    """The program of a command line, compiled; its notes are told, unless `quiet`."""
    from gradc.api import compile
    from gradc.run.arguments import names, program, shapes

    text = program(options.pop("words"), options.pop("file"), options["max_source"])
    given = {key: options.pop(key) for key in _COMPILING if key in options}
    given["shapes"] = shapes(given.pop("shape"))
    given["wrt"], given["inputs"] = names(given["wrt"]), names(given["inputs"], "--inputs")
    given["also"] = [mode for each in options.pop("also", ()) for mode in each.replace(",", " ").split()]
    try:
        fn = compile(text, **given)
    except GradcError as error:
        raise _meant_a_file(text) or error from None
    for note in () if quiet else fn.notes:
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
    if not hasattr(fn, "stages"):
        raise GradcError("the program has several functions", hint=f"choose one: --function {next(iter(fn))}")  # type: ignore[call-overload]  # a mapping by name
    gc.enable()
    return fn


_COMPILING = (
    "wrt",
    "inputs",
    "shape",
    "style",
    "names",
    "target",
    "literal",
    "function_name",
    "function",
    "double",
    "max_source",
    "max_turns",
    "roll",
    "batch",
    "self_check",
)


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
    if path == "-":
        say(text)
        return
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
    "-V", "--version", callback=_show(lambda ctx: f"gradc {__version__}"), help="Show the version and exit.", **_ends
)


@click.group(cls=Shell, invoke_without_command=True, add_help_option=False)
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


def _command(
    name: str, example: str = "", cls: type[Command] = Program
) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of the shell, with our own `--help`."""

    def add(action: Callable[..., Any]) -> click.Command:
        return main.command(name, cls=cls, example=example, add_help_option=False)(shows_help(action))

    return add


def _options(*options: Callable[[Action], Action]) -> Callable[[Action], Action]:
    def add(command: Action) -> Action:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _choice(*words: str) -> click.Choice[str]:
    return click.Choice(words)


def _from(which: str) -> Any:
    """What a shell may complete a value to, found when it asks."""

    def complete(ctx: click.Context, incomplete: str) -> list[Any]:
        from gradc.cli import completion

        return completion.items(which, ctx, incomplete)

    return complete


_option = partial(click.option, cls=Option)
_module = partial(_option, group="The module")
_place = partial(_option, group="The point")
_result = partial(_option, group="The answer")

takes_program = _options(
    click.argument("words", nargs=-1, metavar="EXPR"),
    _option(
        "-f", "--file", metavar="FILE", complete=_from("file"), group="The program",
        help="Read the program from a file (EXPR - is standard input).",
    ),
    _option(
        "--shape", multiple=True, metavar="W=5,10", group="The program", more=True, complete=_from("shape"),
        help="Declare an array; a size is a number or a name.",
    ),
    _option("--max-source", type=click.IntRange(1), metavar="N", default=32_000_000, show_default=True,
            group="The program", help="The most characters of a program."),
    _option("--function", metavar="NAME", default="", group="The program", help="Compile this function of several."),
    _option("--max-turns", type=click.IntRange(1), metavar="N", default=1_000_000, show_default=True,
            group="The program", help="The most turns of all its loops, and calls of its functions."),
    _module(
        "--wrt", multiple=True, metavar="x,y", complete=_from("wrt"),
        help="Differentiate with respect to these inputs.  [default: all]",
    ),
    _module(
        "--inputs", multiple=True, metavar="x,y", complete=_from("inputs"),
        help="The order of the inputs.  [default: as they first appear]",
    ),
    _module("--literal", is_flag=True, help="Keep the textbook's forms where others are more stable."),
    _module("--names", type=_choice("notes", "letters", "wengert"), default="notes", show_default=True,
            help="How lines are named."),
    _module("--target", type=_choice("numpy", "math", "scipy", "torch", "jax", "numba", "c"),
            default="numpy", show_default=True,
            help="What the module stands on."),
)  # fmt: skip
has_style = _module(
    "--style", type=_choice("notes", "fast"), default="notes", show_default=True,
    help="One gate a line, or made for speed.",
)  # fmt: skip
has_modes = _module(
    "--also",
    multiple=True,
    metavar="jvp,hvp,jacobian,hessian",
    help="Further functions: tangents, Hessians, …",
)
as_data = _result("--json", "json", is_flag=True, help="Answer in JSON; errors, too.")
takes_point = _options(
    _place(
        "--at", multiple=True, metavar="x=3", more=True, complete=_from("at"),
        help="The value of an input: a number, 1/3, [1, 2] or @file.npy; x=3,y=-4 gives two.",
    ),
    _place("--df", metavar="VALUE", help="The upstream adjoint.  [default: 1, or ones for an array]"),
)  # fmt: skip
writes_file = _options(
    _result("-o", "--output", metavar="FILE", complete=_from("file"), help="Write a file; - is standard output."),
    _result("--force", is_flag=True, help="Write over a file that gradc did not write."),
)


has_format = _result(
    "--format", "form", type=_choice("text", "markdown", "latex", "html"), default="text", show_default=True,
    help="How the answer is written.",
)  # fmt: skip


def _written(answer: Any, form: str) -> str:
    """An answer in one of its forms."""
    write_out = getattr(answer, "render" if form == "text" else form, None)
    if write_out is None:
        raise GradcError(f"there is no {form} of this answer", hint="--format text shows it")
    return f"{write_out()}\n"


def _deliver(text: str | bytes, output: str | None, force: bool) -> None:
    """An answer to standard output, or to the file that was named."""
    if output is None:
        say(text)
    else:
        write(output, text, force)


@_command(
    "compile",
    """gradc compile "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)" -o staged.py
gradc compile -f loss.txt --shape X=n,d --wrt W --style fast""",
)
@takes_program
@has_style
@_module("--function-name", default="", metavar="NAME", help="Call them NAME, NAME_forward, NAME_backward.")
@has_modes
@_module("--double", is_flag=True, help="A torch class that can be differentiated again.")
@_module("--batch", default="", metavar="n", help="Add chunk, add and finish: the loss over batches of rows of n.")
@_module("--roll", is_flag=True, help="Write long sums of one pattern as sums over slices.")
@_module("--self-check", is_flag=True, help="End with a test against differences, run with the file.")
@_result("--show", type=_choice("dag", "program"), help="Show a stage on the way instead of the module.")
@writes_file
@_result("--check", is_flag=True, help="Write nothing; exit 1 if FILE is not what would be written.")
@_result("--diff", is_flag=True, help="Write nothing; show how FILE differs from what would be written.")
@as_data
def compile_command(
    output: str | None, force: bool, show: str | None, check: bool, diff: bool, json: bool, **options: Any
) -> int:
    """Print the module of a program, or write it to a file."""
    from gradc.run.functions import compiles

    if (check or diff) and (output is None or output == "-"):
        raise GradcError(f"--{'check' if check else 'diff'} needs a file to look at", hint="name it: -o FILE")
    with _as_usage():
        fn = compiled(options)
    if show is not None and not hasattr(fn, "stages"):
        raise GradcError("the program has several functions", hint="choose one with --function")
    text = compiles(fn.source) if show is None else _stage(fn, show)
    if check or diff:
        return _compared(str(output), text, diff)
    if output is not None:
        write(output, text, force)
    if json:
        say(as_json(fn.to_dict()))
    elif output is None:
        say(text)
    return 0


def _compared(path: str, text: str, diff: bool) -> int:
    """0 if the file holds the text, else 1; with `diff` the lines that are different are shown."""
    from gradc.base.files import read

    have = read(path) if os.path.exists(path) else ""
    if have == text:
        return 0
    if diff:
        from difflib import unified_diff

        lines = unified_diff(have.splitlines(True), text.splitlines(True), path, f"{path}, as it would be written")
        say("".join(lines))
    else:
        why = "is not what would be written" if os.path.exists(path) else "does not exist"
        tell(f"gradc: {path} {why}; --diff shows the difference, and without --check it is written")
    return FAILED


def _stage(fn: Function, which: str) -> str:
    from gradc.evidence.stations import show_dag, show_program

    return show_dag(fn.dag) if which == "dag" else show_program(fn.staged, fn.target)


def _columns() -> int:
    """The width of the terminal; 0 for none, where a line may be as long as it needs to be."""
    if sys.stdout is None or not sys.stdout.isatty():
        return 0
    import shutil

    return shutil.get_terminal_size().columns


@_command("check", 'gradc check "log(1 + exp(x))" --range x=-700,700')
@takes_program
@has_style
@has_modes
@_place(
    "--points",
    type=click.IntRange(1),
    metavar="N",
    default=3,
    show_default=True,
    help="How many random points are tried.",
)
@_place("--seed", type=int, metavar="N", default=0, show_default=True, help="Which random points.")
@_place("--range", "within", multiple=True, metavar="x=1,2", help="Where to look for an input.  [default: its domain]")
@_place(
    "--at", multiple=True, metavar="x=3", more=True, complete=_from("at"), help="Try this point, and no random ones."
)
@_option("--tolerance", type=click.FloatRange(0), metavar="N", help="The most roundings off.  [default: 100]")
@_option(
    "--timeout", type=click.FloatRange(0), metavar="S", default=6.0, show_default=True, help="Seconds that SymPy gets."
)
@_option("--memory", type=click.IntRange(1), metavar="MB", help="Megabytes that SymPy gets.")
@writes_file
@as_data
def check_command(
    at: Sequence[str], within: Sequence[str], memory: int | None, output: str | None, force: bool, json: bool,
    **options: Any,
) -> int:  # fmt: skip
    """Hold the gradient against SymPy's in 50 digits, and against differences; exit 1 if it is wrong."""
    from gradc.run.arguments import points, ranges

    asked = {key: options.pop(key) for key in ("points", "seed", "tolerance", "timeout")}
    asked.update({"memory": memory} if memory else {}, at=points(at) or None, ranges=ranges(within) or None)
    fn = studied(options)
    result = fn.check(**asked)
    _deliver(as_json(result.to_dict()) if json else result.render() + "\n", output, force)
    return 0 if result.ok else FAILED


@_command("trace", 'gradc trace "(x + y)*z" --at x=-2 y=5 z=-4')
@takes_program
@takes_point
@has_format
@writes_file
@as_data
def trace_command(
    at: Sequence[str], df: str | None, form: str, output: str | None, force: bool, json: bool, **options: Any
) -> None:
    """Show every line of both passes with its value at a point."""
    from gradc.run.arguments import points

    fn = studied(options)
    with _as_usage(fn):
        traced = fn.trace(**points(at), **_upstream(df))
    _deliver(as_json(traced.to_dict()) if json else _written(traced, form), output, force)


@_command("graph", 'gradc graph "(x + y)*z" --at x=-2 y=5 z=-4 -o circuit.svg')
@takes_program
@takes_point
@_result(
    "--format", type=_choice("svg", "dot", "mermaid", "png"), help="What to draw.  [default: by FILE's ending, or svg]"
)
@_result(
    "--max-gates",
    type=click.IntRange(1),
    metavar="N",
    default=150,
    show_default=True,
    help="The most gates of a picture.",
)
@writes_file
@as_data
def graph_command(
    at: Sequence[str], df: str | None, format: str | None, max_gates: int, output: str | None, force: bool, json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Draw the circuit, with values in green and gradients in red if a point is given."""
    from gradc.evidence.circuit import format_of
    from gradc.run.arguments import points

    fn = studied(options)
    with _as_usage(fn):
        most = {} if "max_gates" in fn.inputs else {"max_gates": max_gates}
        circuit = fn.graph(**points(at), **_upstream(df), **most)
    if json:
        say(as_json(circuit.to_dict()))
        if output is None:
            return
    with _as_usage():
        drawn = circuit.text(format or (format_of(output) if output and output != "-" else "svg"))
    if output is not None and output != "-":
        write(output, drawn, force)
    elif isinstance(drawn, bytes) and sys.stdout is not None and sys.stdout.isatty():
        raise GradcError("a PNG is nothing for a terminal", hint="name a file: -o circuit.png")
    else:
        say(drawn)


@_command("page", 'gradc page "(x + y)*z" --at x=-2 y=5 z=-4 -o page.html')
@takes_program
@takes_point
@_result("--no-check", is_flag=True, help="Leave out what needs SymPy: the check and the report.")
@writes_file
def page_command(
    at: Sequence[str], df: str | None, no_check: bool, output: str | None, force: bool, **options: Any
) -> None:
    """Write one self-contained page: the formula, the circuit to step through, both passes, check and report."""
    from gradc.run.arguments import points

    fn = studied(options)
    with _as_usage(fn):
        made = fn.page(**points(at), **_upstream(df), check=not no_check, report=not no_check)
    _deliver(made.html, output, force)


@_command(
    "report",
    """gradc report "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
gradc report --sweep logistic --upto 30 -o growth.svg
gradc report --modes --sweep product""",
)
@takes_program
@has_style
@_option(
    "--sweep",
    metavar="FAMILY",
    group="A family",
    complete=_from("sweep"),
    help="Grow a family, or the program composed with itself: --sweep self.",
)
@_option(
    "--upto",
    type=click.IntRange(1),
    metavar="N",
    default=20,
    show_default=True,
    group="A family",
    help="The last size of a sweep.",
)
@_option("--timeout", type=click.FloatRange(0), metavar="S", help="Seconds that SymPy gets.")
@_option("--memory", type=click.IntRange(1), metavar="MB", help="Megabytes that SymPy gets.")
@_option("--no-expand", is_flag=True, help="Don't multiply out: what is expanded is counted.")
@_option("--modes", is_flag=True, help="Reverse, forward, Hessian: sweeps, operations, kept values.")
@has_format
@_result("--csv", is_flag=True, help="Answer in CSV (sweeps).")
@_result("--markdown", is_flag=True, help="Answer in Markdown.")
@writes_file
@as_data
def report_command(
    sweep: str | None, upto: int, no_expand: bool, modes: bool, form: str, output: str | None, force: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Compare the gradient's cost with that of SymPy's forms; FILE takes the table, or the plot of a sweep as SVG."""
    form = _one_of({key: options.pop(key) for key in ("json", "csv", "markdown")}) or form
    asked = {key: value for key in ("timeout", "memory") if (value := options.pop(key)) is not None}
    if sweep is None and form == "csv":
        raise GradcError("--csv needs a sweep", hint="--sweep logistic, for one")
    if sweep is None and modes:
        result = studied(options).report(modes=True)
    elif sweep is None:
        fn = studied(options)
        with progress() as step:
            result = fn.report(expand=not no_expand, progress=step, **asked)
    else:
        result = _swept(sweep, upto, options, asked, modes)
    if output is not None and output != "-" and sweep is not None:
        write(output, result.svg(), force)
        output = None
    _deliver(_answer(result, form), output, force)


def _swept(family: str, upto: int, options: dict[str, Any], asked: dict[str, Any], modes: bool) -> Any:
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
        if modes:
            from gradc.evidence.modes import sweep_modes

            return sweep_modes(grown, upto=upto, progress=step)
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
    return _written(result, form)


def _upstream(df: str | None) -> dict[str, Any]:
    from gradc.run.arguments import value

    return {} if df is None else {"df": value("df", df)}


def _wanted(fn: Function) -> str:
    missing = " ".join(f"--at {name}=…" for name in fn.inputs)
    return f"give every input a value: {missing}" if len(missing) <= 80 else "give every input a value with --at"


@_command(
    "grade",
    """gradc grade hand.py "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
gradc grade layer.py -f layer.txt --shape X=n,d --shape W=d,c""",
)
@takes_program
@_option("--timeout", type=click.FloatRange(0), metavar="S", help="Seconds for a run of HAND.py.  [default: 20]")
@writes_file
@as_data
def grade_command(
    words: Sequence[str], timeout: float | None, output: str | None, force: bool, json: bool, **options: Any
) -> int:
    """Mark a hand-written pass, HAND.py, line by line against a program; exit 1 if a line is wrong.

    HAND.py is somebody's code: it is run, in a process of its own with limits of time and memory.
    """
    from gradc.base.files import read
    from gradc.evidence.grade import SECONDS, grade

    if not words:
        raise GradcError("no file to grade", hint='gradc grade hand.py "x*y"')
    text = read(words[0], options["max_source"])
    given = {**options, "words": words[1:], "literal": False}
    fn, literal = studied(dict(given)), compiled({**given, "literal": True}, quiet=True)
    graded = grade(fn, literal, text, seconds=timeout or SECONDS)
    _deliver(as_json(graded.to_dict()) if json else graded.render(words[0]) + "\n", output, force)
    return 0 if graded.ok else FAILED


@_command("gates", "gradc gates sigmoid tanh", Command)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=lambda ctx, param, text: _gates(text))
@has_format
@writes_file
@as_data
def gates_command(names: Sequence[str], form: str, output: str | None, force: bool, json: bool) -> None:
    """List the gates, or those of some names or words: what each computes, its local gradient, where it is defined."""
    from gradc.evidence.gates import render, rows

    found = rows(names)
    _deliver(as_json(found) if json else render(found, _columns(), form) + "\n", output, force)


def _gates(incomplete: str) -> list[str]:
    from gradc.ops import spellings

    return [name for name in spellings() if name.startswith(incomplete)]


@_command("completion", "gradc completion bash >> ~/.bashrc", Command)
@click.argument("shell", type=_choice("bash", "zsh", "fish"))
def completion_command(shell: str) -> None:
    """Print what makes a shell complete gradc's commands, options and values.

    bash: append it to ~/.bashrc; zsh: to ~/.zshrc; fish: write it to ~/.config/fish/completions/gradc.fish.
    """
    from gradc.cli.completion import script

    say(script(shell, main))


@_command("help", "gradc help compile", Command)
@click.argument("command", required=False)
@click.pass_context
def help_command(ctx: click.Context, command: str | None) -> None:
    """Show what gradc can do, or one command."""
    assert ctx.parent is not None
    if command is None:
        say(ctx.parent.get_help() + "\n")
        return
    found = main.resolve_command(ctx.parent, [command])[1]
    assert found is not None
    say(found.get_help(click.Context(found, parent=ctx.parent, info_name=found.name)) + "\n")
