"""What stands between a command line and the library: the program it says, and where the answer goes."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.base.streams import coloured, say, tell

if TYPE_CHECKING:
    from gradc.api import Function


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
def as_usage(fn: Function | None = None) -> Iterator[None]:
    """What the library says of a wrong call, as it is said on a command line."""
    try:
        yield
    except (TypeError, ValueError, ImportError) as error:
        said = str(error).split("\n", 1)[0]
        raise GradcError(said, hint=wanted(fn) if fn is not None and "missing" in said else "") from None


def wanted(fn: Function) -> str:
    missing = " ".join(f"--at {name}=…" for name in fn.inputs)
    return f"give every input a value: {missing}" if len(missing) <= 80 else "give every input a value with --at"


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


def written(answer: Any, form: str) -> str:
    """An answer in one of its forms."""
    write_out = getattr(answer, "render" if form == "text" else form, None)
    if write_out is None:
        raise GradcError(f"there is no {form} of this answer", hint="--format text shows it")
    return f"{write_out()}\n"


def deliver(text: str | bytes, output: str | None, force: bool) -> None:
    """An answer to standard output, or to the file that was named."""
    if output is None:
        say(text)
    else:
        write(output, text, force)


def upstream(df: str | None) -> dict[str, Any]:
    from gradc.run.arguments import value

    return {} if df is None else {"df": value("df", df)}
