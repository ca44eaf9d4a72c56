"""The ways in which a text may be meant, tried one after the other: as it stands, with shapes that its indices give,
with its first lines as example values.

>>> reading = Reading("x = -2; y = 5\\nq = x + y")
>>> list(reading.read().scope.inputs), reading.example
(['x', 'y'], {'x': -2, 'y': 5})
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.graph.shapes import show
from gradc.language import examples, lists
from gradc.language.flow import MAX_TURNS
from gradc.language.lex import Source
from gradc.language.reader import Reader
from gradc.rewrite.simplify import Builder

# A value that an example shows has no more characters than this in the note.
LONGEST = 12


class Reading:
    """How a text is read: what is given with it, and what was found out."""

    __slots__ = (
        "begin",
        "example",
        "fixed",
        "function",
        "known",
        "literal",
        "max_turns",
        "objects",
        "outputs",
        "shapes",
        "text",
        "wrt",
    )

    def __init__(
        self,
        text: str,
        shapes: Mapping[str, Any] | None = None,
        literal: bool = False,
        max_turns: int = MAX_TURNS,
        function: str = "",
        known: Mapping[str, Any] | None = None,
        wrt: Collection[str] | None = None,
    ) -> None:
        self.text, self.shapes, self.literal, self.max_turns = text, dict(shapes or {}), literal, max_turns
        self.function, self.known, self.wrt = function, known or {}, wrt
        self.begin = 0  # the token behind the lines that are an example
        self.example: dict[str, Any] | None = None
        self.fixed: frozenset[str] = frozenset()  # parameters that are the constants that their defaults are
        self.objects = False  # whether lists hold arrays that are changed in place
        self.outputs: list[tuple[str, Node]] = []

    def read(self, builder: Builder | None = None) -> Reader:
        """Read the program. Raises `GradcError` for whatever is wrong with it."""
        reader, error = self._attempt(builder)
        if error is not None and reader.scope.defaults and builder is None:
            reader, error = self._with_constants(list(reader.scope.defaults))
        if error is None and reader.scope.inputs:
            return reader
        found = examples.leading(reader.source, reader.leading) if builder is None else None
        if found is not None:
            meant = self._with_example(found)
            if meant is not None:
                return meant
        raise error if error is not None else reader.nothing_to_differentiate()

    def again(self, build: Builder) -> Reader:
        """Read the program once more, in the way that was found, with the places of all nodes."""
        reader = self._reader(build, places=True)
        reader.run(self.begin)
        reader.outputs()
        return reader

    def _reader(self, build: Builder, places: bool = False) -> Reader:
        reader = Reader(
            Source(self.text), build, self.shapes, {}, places=places, max_turns=self.max_turns, chosen=self.function,
            fixed=self.fixed, wrt=self.wrt, objects=self.objects,
        )  # fmt: skip
        for name, value in self.known.items():
            reader.scope.values[name] = build.const(value)
        for name in self.example or ():
            reader.scope.take(name)
        return reader

    def _with_constants(self, names: list[str]) -> tuple[Reader, GradcError | None]:
        """The program with as few of these parameters as need be for the constants that their defaults are.

        What counts, names an axis or decides what is computed has to be known: `def f(x, groups=2, axis=-1)`.
        """
        self.fixed = frozenset(names)
        if self._attempt(None)[1] is None:
            for name in names:
                self.fixed -= {name}
                if self._attempt(None)[1] is not None:
                    self.fixed |= {name}
        reader, error = self._attempt(None)
        for name in sorted(self.fixed) if error is None else ():
            at = reader.scope.first[name]
            said = f"'{name}' is the constant {lists.shown(reader.scope.values[name])} here, and no input"
            reader.source.note(said, at, at)
        return reader, error

    def _attempt(self, builder: Builder | None) -> tuple[Reader, GradcError | None]:
        """Read the program; once more where its indices give shapes that nothing else gives."""
        reader, error = self._once(builder)
        inferred = reader.scope.inferred
        if not inferred or builder is not None:
            return reader, error
        given = self.shapes
        self.shapes = {**given, **inferred}
        again, trouble = self._once(None)
        if trouble is None:
            for name, shape in inferred.items():
                at = again.scope.first.get(name, 0)
                again.source.note(f"'{name}' has the shape {show(shape)}, as its indices say", at, at)
            return again, None
        self.shapes = given
        return again, trouble

    def _once(self, builder: Builder | None) -> tuple[Reader, GradcError | None]:
        """Read the program; once more, with every array as an object, where it changes one that a list holds."""
        reader, error = self._plainly(builder)
        if reader.wants_objects and builder is None:
            self.objects = True
            return self._plainly(None)
        return reader, error

    def _plainly(self, builder: Builder | None) -> tuple[Reader, GradcError | None]:
        reader = self._reader(builder or Builder(literal=self.literal))
        reader.build.named = reader.scope.names
        try:
            reader.run(self.begin)
            self.outputs = reader.outputs()
            problems = reader.source.problems
            if problems:
                raise GradcError.of(sorted(problems, key=lambda problem: problem.marks[0].start))
        except GradcError as error:
            return reader, reader.unmet() or error
        if (unmet := reader.unmet()) is not None:
            return reader, unmet
        return reader, None

    def _with_example(self, found: examples.Leading) -> Reader | None:
        """The program with the values of its first lines as an example; None where it has other inputs, too."""
        given = self.shapes
        self.shapes = {**found.shapes, **given}
        self.begin, self.example = found.end, found.values
        reader, error = self._attempt(None)
        if error is None and list(reader.scope.inputs) == list(found.values):
            for name in found.values:
                reader.scope.inputs[name]
            said = " and ".join(_listed([f"{name} = {_short(value)}" for name, value in found.values.items()]))
            reader.source.note(f"inputs, with example values: {said}", found.first, found.last)
            return reader
        self.shapes, self.begin, self.example = given, 0, None
        return None


def _listed(parts: list[str]) -> list[str]:
    return parts if len(parts) < 2 else [", ".join(parts[:-1]), parts[-1]]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"an array of shape {show(examples.shape_of(value))}"


def functions_of(text: str, max_turns: int = MAX_TURNS) -> list[str]:
    """The functions that a program consists of; none where a line of it computes something.

    >>> functions_of("def f(x): return x\\ndef g(y):\\n    return f(y)"), functions_of("x*y")
    (['f', 'g'], [])
    """
    reader = Reader(Source(text), Builder(), {}, {}, max_turns=max_turns, chosen="")
    try:
        reader.run()
    except GradcError:
        return []
    return list(reader.functions) if reader.is_file_of_functions else []


def called_only(text: str, names: list[str]) -> bool:
    """Whether all of these functions are called, or handed on, by others of the text.

    >>> called_only("def f(g, x): return g(x)\\ndef h(y):\\n    return f(lambda t: t, y)", ["f"])
    True
    """
    tokens = Source(text).tokens
    uses = [token.rstrip("( ") for at, token in enumerate(tokens) if at and tokens[at - 1] != "def"]
    return all(name in uses for name in names)
