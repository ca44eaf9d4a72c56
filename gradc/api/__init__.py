"""The library's face: a program and options into a compiled function.

>>> fn = compile("(x + y)*z")
>>> fn.inputs, fn.stages
(('x', 'y', 'z'), ((1, 'xpy = x + y'), (2, 'f = xpy*z')))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from gradc.api.function import STYLES, Asked, Function, Names, Style
from gradc.api.options import (
    check_function_name,
    check_target,
    in_order,
    modes_of,
    names_of,
    rolled_up,
    shapes_of,
    wanted_of,
)
from gradc.base.errors import GradcError
from gradc.emit import TARGETS
from gradc.graph.dag import Node
from gradc.language import MAX_SOURCE, MAX_TURNS, called_only, functions_of, parse
from gradc.ops import table
from gradc.ops.table import Op, op
from gradc.plan.modes import order_of
from gradc.plan.names import SCHEMES
from gradc.run.engines import NUMBA, OF_ARRAYS, OF_NUMBERS
from gradc.run.functions import collector_paused, load
from gradc.run.given import plain_text

if TYPE_CHECKING:
    from gradc.evidence.grade import Grade


def compile(
    program: str | Callable[..., Any] | Any,
    wrt: Sequence[str] | str | None = None,
    shapes: Mapping[str, Sequence[int | str]] | None = None,
    style: Style = "notes",
    names: Names = "notes",
    target: str = "numpy",
    literal: bool = False,
    function_name: str = "",
    also: Sequence[str] | str = (),
    double: bool = False,
    inputs: Sequence[str] | str | None = None,
    function: str = "",
    max_source: int = MAX_SOURCE,
    max_turns: int = MAX_TURNS,
    roll: bool = False,
    engine: Asked = "",
    batch: str = "",
    self_check: bool = False,
) -> Function:
    """Compile a program into the functions of its forward and backward pass.

    `program` is text of the language, a Python function (its source is read, and it is never called; numbers that it
    closes over are constants), or a SymPy expression.
    `wrt` names the inputs to differentiate with respect to (all if left out); `shapes` declares arrays,
    {"W": (5, 10), "X": ("n", "d")}, as `W: [5, 10]` in the program does; `inputs` states the order of the inputs,
    that of their first appearance if it is left out; `style` is "notes" or "fast",
    `names` "notes", "letters" or "wengert", `target` a key of `gradc.emit.targets.TARGETS`; `literal` keeps the
    textbook's forms where the default is stable over the whole float range; `also` are modes that the module has
    beside its passes: "jvp", "hvp", "jacobian", "hessian". `double` makes the class of a torch module one that can
    be differentiated again (and mapped), at the price of a second forward pass; `max_source` and `max_turns` bound
    the characters of a program and the turns of its loops. `roll` writes a long sum whose terms repeat one pattern,
    or several in turn, as a sum over slices. `engine="numba"` has calls of the library run in loops that Numba compiles
    when they are first called, where the program can be one (`Function.running` says so). `batch` names a dimension of
    which a loss is a sum, or made of sums: the module then has `chunk`, `add` and `finish`, too.
    `self_check` ends the module with a function of that name, which holds the gradient against central differences and
    runs when the file is run. Raises `GradcError` for what is wrong with the program, ValueError for an unknown option,
    and TypeError for what is no program at all.
    """
    for what, value, known in (("style", style, STYLES), ("names", names, SCHEMES), ("target", target, tuple(TARGETS))):
        if value not in known:
            raise ValueError(f"no {what} {value!r}; it is one of {', '.join(map(repr, known))}")
    if engine not in ("", NUMBA):
        raise ValueError(f"no engine {engine!r} to ask for; it is 'numba', or left out")
    if engine:
        from gradc.run.loops import refuse_without_numba

        refuse_without_numba()
    modes = modes_of(also)
    check_function_name(plain_text("function_name", function_name))
    options: dict[str, Any] = {
        "wrt": names_of("wrt", wrt),
        "shapes": shapes_of(shapes),
        "style": style,
        "names": names,
        "target": target,
        "literal": literal,
        "function_name": function_name,
        "also": modes,
        "double": double,
        "inputs": names_of("inputs", inputs),
        "max_source": max_source,
        "max_turns": max_turns,
        "roll": roll,
        "self_check": self_check,
        "function": function,
        "engine": engine,
        "batch": batch,
    }
    if not isinstance(program, str):
        from gradc.language.sources import text_of

        program, options["function"] = text_of(program)
    with collector_paused():
        text, given, function = plain_text("the program", program), options["shapes"], options["function"]
        if not function and text.count("def ") + text.count(") =") > 1:
            several = functions_of(text, max_turns)
            if len(several) > 1 and not function_name:
                return cast("Function", _several(text, several, options))  # by name
        dag = parse(
            text, given, literal=literal, max_source=max_source, max_turns=max_turns, function=function,
            wrt=options["wrt"],
        )  # fmt: skip
    dag = in_order(dag, options["inputs"])
    dag = rolled_up(dag, literal) if roll else dag
    wanted = wanted_of(dag, options["wrt"])
    check_target(dag, TARGETS[target], order_of(*modes))
    if target in OF_NUMBERS:
        from gradc.rewrite.calm import calm

        dag = calm(dag, literal)
    fn = Function(dag, wanted, style, names, target, literal, function_name, modes, double, engine, batch)
    if batch and target not in OF_ARRAYS:
        raise GradcError(f"the modules of the target '{target}' have no batches", hint="leave the target at 'numpy'")
    if batch:
        _ = fn.emitted  # what can't be taken apart says so here
    if "hessian" in modes:
        fn._has_a_hessian()
    fn._given, fn.self_check = (program, options), self_check
    return fn


def grade(text: str, program: str, shapes: Mapping[str, Sequence[int | str]] | None = None, **options: Any) -> Grade:
    """Mark a hand-written forward and backward pass line by line against the program that it is of.

    `text` is a script, functions or a class in Python; it is somebody's code, and runs in a process of its own under
    limits of time (`seconds=`) and memory. Raises `GradcError` if the text is no Python or has nothing of the program.
    See `gradc.evidence.grade`.
    """
    from gradc.evidence.grade import grade as graded

    fn = compile(program, shapes=shapes)
    return graded(fn, compile(program, shapes=shapes, literal=True), text, **options)


def _compiled(program: str, options: Mapping[str, Any]) -> Function:
    """The function of a program again: what a pickle and a copy of one are."""
    return compile(program, **options)


def _several(program: str, names: Sequence[str], options: dict[str, Any]) -> Any:
    """A file of functions: each that can be compiled by itself; the others serve these."""
    from gradc.run.several import Functions

    wanted, shapes = options["wrt"], options["shapes"]
    again = _compiled, (program, dict(options))
    options = {
        key: value for key, value in options.items() if key not in ("function", "wrt", "shapes", "function_name")
    }
    found: dict[str, Function] = {}
    first: GradcError | None = None
    for name in names:
        try:
            fn = compile(program, None, shapes, function=name, **options)
            if wanted is not None:
                fn = compile(program, [each for each in wanted if each in fn.inputs], shapes, function=name, **options)
        except GradcError as error:
            first = first or error
            continue
        found[name] = fn
    if first is not None and not (found and called_only(program, [name for name in names if name not in found])):
        raise first
    missing = [each for each in wanted or () if all(each not in fn.inputs for fn in found.values())]
    if missing:
        raise GradcError(f"no input '{missing[0]}' to differentiate with respect to")

    def text_of(name: str) -> str:
        fn = compile(program, found[name].wrt, shapes, function=name, function_name=f"{name}__", **options)
        return fn.source

    return Functions(program, found, text_of, again)


def _inspect(entry: Op) -> None:
    from gradc.evidence.entries import inspect

    inspect(entry)


# Our own entries are looked at by a test, and nobody's start-up pays for it.
table.inspector = _inspect

__all__ = ["Function", "Node", "compile", "grade", "load", "op"]
