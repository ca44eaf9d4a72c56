"""Tensor programs of the fast style: one function for value and gradient, over whole arrays.

Nothing is computed twice, a value is written over one that nobody reads any more, transposes are views, and
what is a single number goes through Python's own floats. The lines take float64 arrays of the right shapes and results
that are finite; whatever else is given goes through the two passes one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradc.emit.array_lines import Body, Words, fused
from gradc.emit.layout import headed, indent, silenced, unless
from gradc.emit.modules import Emitted, printed
from gradc.emit.operand import Printer
from gradc.emit.targets import TARGETS
from gradc.graph.dag import Dag, reachable
from gradc.ops.helpers import HELPERS
from gradc.optimize import Joint, optimize
from gradc.plan.code import Def, Lines
from gradc.plan.names import Namer
from gradc.plan.notes import Notes
from gradc.plan.program import Program


def _both(notes: Notes, joint: Joint) -> tuple[Lines, Body]:
    """The function of value and gradient, which leaves to the two passes what its lines do not take; and its lines."""
    df, params = notes.words["df"], notes.program.params
    taken = [*params, *([] if notes.default_df else [df])]
    given, header = ", ".join(taken), ", ".join(headed(taken, notes.program.dag.defaults))
    leave = f"return {notes.free('both_passes')}({given})"
    body = fused(joint, words_of(notes, leave), notes.program.literal)
    lines = [*body.lines, *f"return {body.returned}".split("\n")]
    if body.risky:
        lines = ["try:", *indent(lines), "except (ArithmeticError, ValueError):", f"    {leave}"]
    text = [
        "# NumPy's functions by name, and numbers as it takes them unconverted: both save time in every call.",
        *body.head,
        "",
        "",
        *silenced(f"{notes.words['np']}.errstate", notes.ignored("value_and_grad", fused=True)),
        f"def {notes.function_name('value_and_grad')}({header}):",
        *indent([*unless(body.checks), f"    {leave}", *lines]),
    ]
    return Lines(tuple(text), body.helpers, ("math",) if body.needs_math else ()), body


def words_of(notes: Notes, leave: str, above: Body | None = None) -> Words:
    """What the lines of a module call their surroundings; `above` are those of a function that stands above."""
    module = {word: own for word, own in notes.words.items() if word != own}
    return Words(
        np=notes.words["np"], math=notes.words["math"], df=notes.words["df"], sizes=notes.program.sizes, module=module,
        leave=leave, taken=tuple(notes.words.values()), show=notes.show,
        called=above.called if above else {}, constants=above.constants if above else {},
    )  # fmt: skip


def fits_arrays(dag: Dag) -> bool:
    """Whether a program is of arrays that have elements, and its upstream adjoint one array or none."""
    return (
        dag.declared
        and not dag.integers
        and not any(node.op.integer or node.op.whole for node in dag.nodes)
        and (len(dag.outputs) == 1 or not any(node.shape for node in dag.roots))
        and not any(0 in dag.dims.resolve(node.shape) for node in reachable(dag.roots))
    )


# Gives other lines for the function of a mode, or None.
ModeLines = Callable[[Def], Lines | None]


def emit_arrays(
    program: Program,
    dag: Dag,
    wrt: Sequence[str],
    literal: bool = False,
    function: str = "",
    also: Sequence[str] = (),
    modes: Callable[[Notes, Body], ModeLines] = lambda notes, above: lambda item: None,
) -> Emitted:
    """The module of a tensor program: `program` is what its passes print, `dag` what they were staged from.

    `modes` gives the lines that those of `also` have beside what their notes are.
    """
    seeded = any(node.shape for node in dag.roots)
    joint = optimize(dag, wrt, literal=literal, arrays=True, seeded=seeded)
    notes = Notes(program, TARGETS["numpy"], function, also)
    doc = "The two passes one after the other: for floats of any kind, and results as NumPy has them."
    lines, body = _both(notes, joint)
    return printed(notes.with_fused(doc, lines, modes(notes, body)), TARGETS["numpy"])


# What the text of a call has around its lines.
AROUND = ("absent", "otherwise", "failures", "rest", "more", "np", "math", "df")


def call_arrays(
    name: str, dag: Dag, wrt: Sequence[str], literal: bool = False, most: int = 0
) -> tuple[str, dict[str, str]]:
    """The function of a library call, for `gradc.run.functions`: its text, and what it calls its surroundings.

    Upstream adjoints of more than `most` elements it leaves to others; with no `wrt` it gives the value alone.
    """
    seeded = bool(wrt) and any(node.shape for node in dag.roots)
    joint = optimize(dag, wrt, literal=literal, arrays=True, seeded=seeded)
    return called(name, joint, lambda words: fused(joint, words, literal, alone=not wrt), most)


def called(name: str, joint: Joint, lines_of: Callable[[Words], Body], most: int = 0) -> tuple[str, dict[str, str]]:
    """A function of a joint graph's inputs for a library call, and what it calls its surroundings."""
    dag, seeded = joint.dag, bool(joint.seeds)
    namer = Namer([*dag.inputs, *(each for given in dag.names.values() for each in given)])
    own = {word: namer.fresh(word) for word in (*AROUND, *_sizes(dag), *HELPERS["numpy"])}
    inputs = list(dag.inputs)
    given = f"({', '.join(inputs)}{',' * (len(inputs) == 1)})"
    kept = f"{{**{own['more']}, 'df': {own['df']}}}" if seeded else own["more"]
    leave = f"return {own['otherwise']}({given}, {own['rest']}, {kept})"
    module = {word: mine for word, mine in own.items() if word != mine}
    sizes = {dim: own[dim] for dim in _sizes(dag)}
    words = Words(
        np=own["np"], math=own["math"], df=own["df"], leave=leave, sizes=sizes, module=module, taken=tuple(own.values())
    )
    body = lines_of(words)
    lines = [*body.lines, *f"return {body.returned}".split("\n")]
    if body.risky:
        lines = ["try:", *indent(lines), f"except {own['failures']}:", "    pass"]
    if most:
        lines = [f"if {own['df']}.size > {most}:", f"    {leave}", *lines]
    df = [f"{own['df']}=None"] if seeded else []
    params = [*(f"{each}={own['absent']}" for each in inputs), f"*{own['rest']}", *df, f"**{own['more']}"]
    checks = [*body.checks, f"not ({own['rest']} or {own['more']})"]
    rename = Printer({}, module=module)._rename
    helpers = [rename(HELPERS["numpy"][each].strip("\n")) + "\n" for each in HELPERS["numpy"] if each in body.helpers]
    text = "\n".join([
        f"import math as {own['math']}" if own["math"] != "math" else "import math",
        f"import numpy as {own['np']}",
        *helpers,
        *body.head,
        f"def {name}({', '.join(params)}):",
        f"    if {' and '.join(checks)}:",
        *indent(indent(lines)),
        f"    {leave}",
        "",
    ])  # fmt: skip
    return text, own


def _sizes(dag: Dag) -> list[str]:
    """The named dimensions of the inputs."""
    dims = [dim for node in dag.inputs.values() for dim in dag.dims.resolve(node.shape)]
    return list(dict.fromkeys(dim for dim in dims if isinstance(dim, str) and dim.isidentifier()))


__all__ = ["call_arrays", "called", "emit_arrays", "fits_arrays", "unless", "words_of"]
