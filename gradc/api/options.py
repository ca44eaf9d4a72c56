"""The options of `gradc.compile`, looked at: what they ask of a program, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError, Note
from gradc.emit import TARGETS
from gradc.emit.target import Target
from gradc.graph.dag import Dag
from gradc.plan.modes import MODES, PASSES
from gradc.rewrite.rules import called_by
from gradc.run.given import (
    kind_of,
    plain_text,
)

if TYPE_CHECKING:
    pass


def modes_of(also: Sequence[str] | str) -> tuple[str, ...]:
    """The modes that a module has beside the passes, as they are asked for; ValueError for what is none."""
    wanted = tuple(dict.fromkeys(also.replace(",", " ").split() if isinstance(also, str) else also))
    for name in wanted:
        if name not in MODES or name in PASSES:
            known = ", ".join(repr(each) for each in MODES if each not in PASSES)
            raise ValueError(f"no mode {name!r} beside the passes; there are {known}")
    return wanted


def names_of(what: str, names: Sequence[str] | str | None) -> list[str] | None:
    """Names as plain texts, in a list of their own."""
    if names is None:
        return None
    if isinstance(names, str):
        return [plain_text(what, names)]
    if not isinstance(names, Iterable):
        raise TypeError(f"{what}: names of inputs are expected, not {kind_of(names)}")
    return [plain_text(f"a name in {what}", name) for name in names]


def shapes_of(shapes: Mapping[str, Sequence[int | str]] | None) -> dict[str, Any] | None:
    """Shapes by plain names; what a shape itself may be is the reader's to say."""
    if shapes is None:
        return None
    if not isinstance(shapes, Mapping):
        raise TypeError(f"shapes: a mapping of names to shapes is expected, not {kind_of(shapes)}")
    for name, shape in shapes.items():
        plain_text("a name in shapes", name)
        for dim in shape if isinstance(shape, tuple | list) else ():
            if isinstance(dim, str):
                plain_text("a dimension in shapes", dim)
    return dict(shapes)


def in_order(dag: Dag, inputs: Sequence[str] | None) -> Dag:
    """The program with its inputs in the order that was stated, which names each of them once."""
    if inputs is None:
        return dag
    known = ", ".join(f"'{name}'" for name in dag.inputs)
    for at, name in enumerate(inputs):
        if name not in dag.inputs:
            raise GradcError(f"no input '{name}' to put in order", hint=f"inputs are {known}")
        if name in inputs[:at]:
            raise GradcError(f"input '{name}' stands twice in the order of the inputs")
    missing = next((name for name in dag.inputs if name not in inputs), None)
    if missing is not None:
        raise GradcError(f"input '{missing}' is missing in the order of the inputs", hint=f"inputs are {known}")
    return dag._replace(inputs={name: dag.inputs[name] for name in inputs})


def rolled_up(dag: Dag, literal: bool) -> Dag:
    """The program with its long sums over slices, and a note of it."""
    from gradc.rewrite.long_sums import FEWEST, PERIOD, roll

    rolled = roll(dag, literal, stay=True)
    if rolled is None:
        hint = f"a pattern has {FEWEST} terms or more, of {PERIOD} that take turns at most"
        return dag._replace(notes=(*dag.notes, Note("no long sum repeats a pattern", hint=hint)))
    numbers = "" if dag.declared else "; inputs are numbers, and no arrays"
    return rolled.dag._replace(notes=(*dag.notes, Note(f"long sums are written as sums over slices{numbers}")))


def check_function_name(name: str) -> None:
    """Raise ValueError for what cannot be, or is already, the name of something in a module."""
    import builtins
    from keyword import iskeyword

    if not name:
        return
    if not name.isidentifier() or not name.isascii() or iskeyword(name):
        raise ValueError(f"{name!r} cannot be the name of a function")
    words = {each.word for target in TARGETS.values() for each in target.imports}
    if name in words or any(name in target.helpers for target in TARGETS.values()):
        raise ValueError(f"the module has a {name!r} of its own; choose another name for the function")
    if hasattr(builtins, name):
        raise ValueError(f"Python has a {name!r} of its own; choose another name for the function")


def wanted_of(dag: Dag, wrt: Sequence[str] | str | None) -> tuple[str, ...]:
    if wrt is None:
        return tuple(name for name in dag.inputs if name not in dag.integers)
    wanted = tuple(dict.fromkeys([wrt] if isinstance(wrt, str) else wrt))
    for name in wanted:
        if name not in dag.inputs:
            known = ", ".join(f"'{each}'" for each in dag.inputs)
            raise GradcError(
                f"no input '{name}' to differentiate with respect to",
                hint=f"inputs are {known}" if known else "the program has no inputs",
            )
        if name in dag.integers:
            raise GradcError(
                f"'{name}' is an index: it is made of integers and has no gradient",
                hint="leave it out of wrt; the others are differentiated where wrt is left out",
            )
    return wanted


def check_target(dag: Dag, target: Target, order: int = 1) -> None:
    """Raise `GradcError`, showing the place, for what a target has no words for, up to an order."""
    if target.name == "numpy" or target.program is not None:
        return
    for node in dag.nodes:
        if node.shape and not target.arrays:
            said = f"the target '{target.name}' takes scalar programs only"
        elif target.takes(node) and all(map(target.has, called_by(node.op, order))):
            continue
        elif target.arrays or node.op.elementwise:
            said = f"the target '{target.name}' has no form for '{node.op.name}'"
        else:
            said = f"the target '{target.name}' takes scalar programs only"
        span = dag.spans.get(node)
        raise GradcError(said, dag.text, [span] if span else [], "leave the target at 'numpy'")
