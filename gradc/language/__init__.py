"""Text into a Dag with spans, and a Dag back into text of the language.

>>> dag = parse("q = x + y; sin(q)*x")
>>> list(dag.inputs), [name for name, _ in dag.outputs], dag.nodes[-1]
(['x', 'y'], ['f'], %4 = mul(%3, %0))
>>> dag.spans[dag.nodes[3]]
(11, 17)
>>> print(unparse(dag))
q = x + y
v1 = sin(q)
v1*x
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import compress
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Dag, Lazy, Node, Span
from gradc.language.flow import MAX_TURNS
from gradc.language.lex import Source
from gradc.language.reader import Reader
from gradc.language.reading import Reading, called_only, functions_of
from gradc.language.scope import GivenShapes
from gradc.language.unparse import unparse
from gradc.ops import OF_ARRAYS
from gradc.rewrite.simplify import Builder

__all__ = ["MAX_SOURCE", "MAX_TURNS", "called_only", "functions_of", "parse", "unparse"]

# Characters of a program, unless the caller allows more: a program of this size takes some GB of memory.
MAX_SOURCE = 32_000_000
# A remark on a line that is longer than this says less of why a form was read as a gate.
LONGEST_REMARK = 72


def parse(
    text: str,
    shapes: GivenShapes | None = None,
    *,
    literal: bool = False,
    builder: Builder | None = None,
    max_source: int = MAX_SOURCE,
    max_turns: int = MAX_TURNS,
    function: str = "",
    known: Mapping[str, Any] | None = None,
    wrt: Collection[str] | None = None,
) -> Dag:
    """The graph of a program, simplified as it is built. Raises `GradcError` with the place, for whatever is wrong.

    `shapes` says what declarations say; `literal` keeps written-out forms; nodes go into `builder` if one is given.
    `max_turns` bounds the turns of all loops, the elements of comprehensions and the calls of functions together.
    `function` is the one to compile of several, `known` are names with a value from outside the text. Inputs that
    are not among `wrt`, where that is said, are data: an `if` may look at them.
    """
    if len(text) > max_source:
        raise GradcError(
            f"the program has {len(text)} characters, more than {max_source}",
            hint=f"allow more with --max-source {len(text)} or max_source={len(text)}",
        )
    reading = Reading(text, shapes or {}, literal, max_turns, function, known or {}, wrt)
    reader = reading.read(builder)
    build, source = reader.build, reader.source
    inputs = reader.scope.inputs
    if not function:
        _refuse_shapes_of_nothing(reader)
    _note_habits(source, inputs)
    nodes = _needed(build, [*inputs.values(), *(node for _, node in reading.outputs)])
    _say_what_forms_take_in(build, nodes, reader)
    build.named = {}
    return Dag(
        text=text,
        nodes=nodes,
        inputs=inputs,
        outputs=tuple(reading.outputs),
        names=reader.scope.names,
        spans=Lazy(lambda: _spans(reading, reader)),
        rewrites=build.rewrites,
        dims=build.dims,
        roles={},
        declared=any(node.shape for node in inputs.values()) or bool(reader.scope.integers) or _is_of_arrays(nodes),
        notes=tuple(source.notes),
        graph=build.graph,
        integers=tuple(name for name in inputs if name in reader.scope.integers),
        example=reading.example,
        defaults={name: text for name, text in reader.scope.defaults.items() if name in inputs},
    )


def _refuse_shapes_of_nothing(reader: Reader) -> None:
    """Raise GradcError for axes that were given to a name that is no input; of a number the shape says nothing."""
    inputs = reader.scope.inputs
    for name, shape in reader.scope.given.items():
        if shape and name not in inputs:
            known = ", ".join(f"'{each}'" for each in inputs) or "none"
            raise GradcError(f"no input '{name}' to have a shape", hint=f"inputs are {known}")


def _is_of_arrays(nodes: Iterable[Node]) -> bool:
    """Whether a program has gates that count the axes of their arrays: its numbers are numbers and no arrays."""
    return any(node.op in OF_ARRAYS for node in nodes)


def _needed(build: Builder, roots: list[Node]) -> tuple[Node, ...]:
    """The nodes that the roots hang on, in the order in which they were made."""
    nodes = build.graph.nodes
    alive = bytearray(len(nodes))
    for node in roots:
        alive[node.id] = 1
    for node in reversed(nodes):
        if alive[node.id]:
            for arg in node.args:
                alive[arg.id] = 1
    return tuple(compress(nodes, alive))


def _say_what_forms_take_in(build: Builder, nodes: tuple[Node, ...], reader: Reader) -> None:
    """The names that have no line of their own, because a written-out form was read as one gate across them."""
    if not build.forms:
        return
    alive = set(nodes)
    for gate, sources in list(build.forms.items()):
        if gate not in alive:
            continue
        taken: dict[str, None] = {}
        stack, seen = list(sources), set[Node]()
        while stack:
            node = stack.pop()
            if node in alive or node in seen:
                continue
            seen.add(node)
            taken.update(dict.fromkeys(build.named.get(node, ())))
            stack += node.args
        names = sorted(taken, key=lambda name: reader.scope.first.get(name, 0))
        if names:
            quoted = [f"'{name}'" for name in names]
            text = f"{', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else quoted[0]
            why, taken_in = build.rewrites[gate], f"; it takes in {text.replace(chr(39), '')}"
            if len(why + taken_in) > LONGEST_REMARK:
                why = why.partition(", which ")[0]
            build.rewrites[gate] = why + taken_in
            at = reader.scope.first.get(names[0])
            if at is not None:
                many = len(names) > 1
                verb, them = ("have no lines of their own", "them") if many else ("has no line of its own", "it")
                hint = "literal=True, or --literal, keeps every line"
                reader.source.note(f"{text} {verb}: {gate.op.name} takes {them} in", at, at, hint)


def _note_habits(source: Source, inputs: Mapping[str, Node]) -> None:
    """Say once what is read in another way than some would expect."""
    tokens = source.tokens
    if "^" in source.text and "^" in tokens:
        at = tokens.index("^")
        _refuse_transposes(source, inputs)
        source.note("'^' is read as a power, and emitted as '**'", at, at)
    for name in ("e", "E"):
        if name in inputs:
            at = next((i for i, token in enumerate(tokens) if token == name and tokens[i + 1] in ("**", "^")), -1)
            if at >= 0:
                exponent = source.quote(at + 2, source.matching(at + 2) if tokens[at + 2][-1:] == "(" else at + 2)
                call = f"exp{exponent}" if exponent.startswith("(") else f"exp({exponent})"
                source.note(f"'{name}' is an input here", at, at, f"write {call} for Euler's number")


def _refuse_transposes(source: Source, inputs: Mapping[str, Node]) -> None:
    """A^T and A^-1 of what looks like a matrix: never a power of another meaning."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        base = tokens[at - 1] if at else ""
        if token != "^" or base not in inputs:
            continue
        matrix = len(inputs[base].shape) == 2 or (not inputs[base].shape and len(base) == 1 and base.isupper())
        if matrix and tokens[at + 1] == "T" and "T" in inputs and not inputs["T"].shape and tokens.count("T") == 1:
            raise source.error("'^T' is not part of the language", at - 1, at + 1, f"write {base}.T, or {base}**T")
        if matrix and tokens[at + 1] == "-" and tokens[at + 2] == "1":
            raise source.error("'^-1' is not part of the language", at - 1, at + 2, f"write inv({base}), or 1/{base}")


def _spans(reading: Reading, before: Reader) -> dict[Node, Span]:
    """Where each node was written first, found by reading the program again into the same graph."""
    build = before.build
    reader = reading.again(Builder(build.dims, build.literal, build.graph))
    source = reader.source
    places = reader.places or {}
    for name, node in reader.scope.inputs.items():
        places.setdefault(node, (reader.scope.first[name],) * 2)
    found = {node: source.span(first, last) for node, (first, last) in places.items()}
    for node in reversed(build.graph.nodes):
        if node in found:
            for arg in node.args:
                found.setdefault(arg, found[node])
    return found
