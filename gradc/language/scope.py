"""Names into what they stand for at the line that is being read.

A name is an input from its first use on, unless a line above assigned it; an input has the shape that a
declaration gave it, or none. One name has one spelling, and is a variable or a function, not both.

>>> scope = Scope(Source("x + λ"), Builder(), {"x": (3,)}, {})
>>> scope.read("x", 0), scope.read("λ", 2), list(scope.inputs)
(%0 = input() 'x', %1 = input() 'lam', ['x', 'lam'])
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import computed, names_in, show
from gradc.language import advice, dialects
from gradc.language.lex import END, Source, code_points, is_name, looks_like, spelled
from gradc.language.values import Group, Record, Word
from gradc.rewrite.simplify import Builder
from gradc.rewrite.typed import PI

GivenShapes = Mapping[str, Sequence[int | str] | int | str]

CONSTANTS = {
    "pi": PI,
    **dict.fromkeys(("inf", "oo", "Inf", "Infinity"), math.inf),
    **dict.fromkeys(("nan", "NaN"), math.nan),
}
# So many names are noted as never used; the rest are counted.
MAX_NOTES = 5
# More digits than any size has.
MAX_DIGITS = 19
# What arrays and libraries have behind a point; any other word is an entry of an object.
OF_ARRAYS = frozenset("T mT H shape size ndim dtype real imag flat values indices at data grad device".split())
# NumPy's own limit; a shape is copied for every gate.
MAX_AXES = 64
# A declaration may say that an input is a number.
SCALARS = ("float", "int", "scalar", "real", "double", "number")


class Env:
    """The names of a function, or of the program: their values, and those that have not been read yet."""

    __slots__ = ("lent", "same", "stale", "unread", "values", "views")

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.lent: set[str] = set()  # parameters that are arrays with names outside of the function
        self.same: dict[str, list[str]] = {}  # names of one array, which `+=` changes for all of them
        self.unread: dict[str, int] = {}  # assigned and not read since: the token of the name
        self.views: dict[str, Any] = {}  # what a name shares its elements with, where these may be assigned
        self.stale: dict[str, str] = {}  # arrays that have changed since by another name, with that name


class Scope:
    """The names of a program. `bound` are names with a value from outside, as the parameters of a rule."""

    def __init__(self, source: Source, build: Builder, shapes: GivenShapes, bound: Mapping[str, Node]) -> None:
        self.source, self.build = source, build
        self.inputs: dict[str, Node] = {}
        self.env = Env(dict(bound))
        self.values, self.unread = self.env.values, self.env.unread
        self.outer: tuple[Env, ...] = ()  # around the function that is being read, the nearest first
        self.lasting: dict[str, Any] = self.values  # of the program itself
        self.local: set[Node] = set()  # whose names are those of functions only
        self.read_at: set[int] = set()  # the tokens that assigned what was read later
        self.aliases: dict[str, list[str]] = {}  # what imports call a library or one of its functions
        self.inferred: dict[str, tuple[int, ...]] = {}  # the shapes that constant indices give undeclared names
        self.defaults: dict[str, str] = {}  # the numbers, as text, of inputs that a call may leave out
        self.only: frozenset[str] | None = None  # the parameters of the one function that the program is
        self.names: dict[Node, tuple[str, ...]] = {}
        self.first: dict[str, int] = {}  # the token of each name's first appearance
        self.typed: dict[str, str] = {}  # how each name was spelled there
        self.unused: list[int] = []  # assigned anew before any use: the tokens of the names
        self.looks: dict[str, str] | None = None  # names by how they look, once one has a letter beyond ASCII
        self.functions: dict[str, int] = {}  # called, or a prefix: the token of the first call
        self.given = {self._given_name(name): given_shape(name, shape) for name, shape in shapes.items()}
        self.declared: set[str] = set(self.given)
        self.integers: dict[str, None] = {}  # inputs that are indices, or were declared as integers
        self._dialect: str | None = None
        self._with_entries: frozenset[str] | None = None
        self.records: dict[str, Record] = {}  # inputs that have entries
        self.entries: dict[str, str] = {}  # the inputs that entries are, and how they were written first
        self.dims = self._given_dims()

    @property
    def dialect(self) -> str:
        """Whose methods are meant."""
        if self._dialect is None:
            self._dialect = dialects.spoken(self.source.tokens)
        return self._dialect

    # ---- reading a name ------------------------------------------------------------------------

    def name(self, token: str, at: int) -> str:
        """A plain name as the module will have it. Raises for a keyword or a name that can be none."""
        name = spelled(token)
        if self.typed.get(name) != token:
            self._check(name, token, at)
            self.typed[name] = token
            self.first.setdefault(name, at)
        return name

    def _check(self, name: str, token: str, at: int) -> None:
        if advice.is_keyword(name):
            raise self.source.error(
                f"'{token}' is a keyword of Python and cannot be a name", at, hint=advice.renamed(name)
            )
        if not name.isidentifier():
            bad = next((char for char in token if not ("_" + char).isidentifier()), token[0])
            raise self.source.error(f"'{bad}' ({code_points(bad)}) is not part of the language", at)
        if name.startswith("__"):
            raise self.source.error(
                f"'{token}' is not part of the language", at, hint="names do not start with two underscores"
            )
        if self.looks is not None or not name.isascii():
            self._check_twin(name, token, at)
        if name in self.typed:
            other = self.typed[name]
            raise self.source.error_at(
                f"'{other}' ({code_points(other)}) and '{token}' ({code_points(token)}) would be one name, '{name}'",
                [(self.first[name], self.first[name], ""), (at, at, "")],
                "rename one of them",
            )

    def _check_twin(self, name: str, token: str, at: int) -> None:
        """Raise for a name that looks like another one in other letters: nobody could tell the two apart."""
        if self.looks is None:
            self.looks = {looks_like(other): other for other in self.typed}
        twin = self.looks.setdefault(looks_like(name), name)
        if twin != name:
            mine, theirs = next((a, b) for a, b in zip(name, twin, strict=True) if a != b)
            raise self.source.error_at(
                f"'{self.typed[twin]}' ({code_points(theirs)}) and '{token}' ({code_points(mine)}) look alike",
                [(self.first[twin], self.first[twin], ""), (at, at, "")],
                "rename one of them",
            )

    def take(self, name: str) -> None:
        """Make a name an input before the text uses it."""
        if name not in self.inputs:
            self.typed.setdefault(name, name)
            self.first.setdefault(name, 0)
            self.declared.add(name)
            self.inputs[name] = self.build.input(name, self.given.get(name, ()))

    def infer(self, name: str, index: tuple[int, ...]) -> None:
        """Note that an undeclared name has an element at some index."""
        known = self.inferred.get(name, ())
        if len(known) not in (0, len(index)):
            return
        self.inferred[name] = tuple(
            max(size, at + 1) for size, at in zip(known or (0,) * len(index), index, strict=True)
        )

    def is_variable(self, token: str) -> bool:
        name = spelled(token)
        return name in self.values or name in self.inputs or name in self.given or self._from_outside(name) is not None

    def _from_outside(self, name: str) -> Env | None:
        """The names around the function that is being read, if this one is among them."""
        for env in self.outer:
            if name in env.values:
                return env
        return None

    def peek(self, token: str) -> Any:
        """The value of a variable, without a note that it is read."""
        name = spelled(token)
        env = self.env if name in self.values else self._from_outside(name)
        return self.inputs.get(name) if env is None else env.values[name]

    def holder(self, token: str) -> Env:
        """Whose name this is: of the function that is being read, of one around it, or of the program."""
        name = spelled(token)
        if name in self.values:
            return self.env
        return self._from_outside(name) or (self.outer[-1] if self.outer else self.env)

    def held(self) -> list[tuple[str, Any]]:
        """Every name with its value, of the function that is being read, those around it, and the inputs."""
        found = [pair for env in self.seen() for pair in env.values.items()]
        return [*found, *self.inputs.items()]

    def seen(self) -> tuple[Env, ...]:
        """What a function that is made here sees."""
        return (self.env, *self.outer)

    def enter(self, outer: tuple[Env, ...]) -> tuple[Env, tuple[Env, ...]]:
        """Read on with names of one's own; what to `leave` for."""
        before = (self.env, self.outer)
        self._use(Env({}), outer)
        return before

    def leave(self, before: tuple[Env, tuple[Env, ...]]) -> None:
        self._use(*before)

    def _use(self, env: Env, outer: tuple[Env, ...]) -> None:
        self.env, self.outer = env, outer
        self.values, self.unread = env.values, env.unread

    def read(self, token: str, at: int) -> Any:
        """The value of a name; a new input if no line above assigned it."""
        name = self.name(token, at)
        if name in self.values:
            if name in self.unread:
                self.read_at.add(self.unread.pop(name))
            self._refuse_stale(self.env, name, at)
            return self.values[name]
        if self.outer and (env := self._from_outside(name)) is not None:
            if name in env.unread:
                self.read_at.add(env.unread.pop(name))
            self._refuse_stale(env, name, at)
            return env.values[name]
        if name in self.inputs:
            self._refuse_stale(self.env, name, at)
            if name in self.entries:
                said = f"'{name}' is {self.entries[name]} here, and a name of its own"
                raise self.source.error(said, at, hint="rename one of them")
            return self.inputs[name]
        if name in self.records:
            return self.records[name]
        if name not in self.given and name not in self.declared and self._has_entries(name, token):
            self.records[name] = Record(name)
            return self.records[name]
        if name in CONSTANTS and name not in self.given:
            return self.build.const(CONSTANTS[name])
        if name in self.dims and name not in self.given:
            found = self.build.dims.find(name)
            return self.build.const(found) if isinstance(found, int) else found
        return self._new_input(name, at, self.given.get(name, ()))

    def _refuse_stale(self, env: Env, name: str, at: int) -> None:
        """Raise GradcError for an array that NumPy has changed by another name."""
        if env.stale and name in env.stale:
            owner = env.stale[name]
            said = f"'{name}' shares its elements with {owner}, of which some have been assigned since"
            raise self.source.error(said, at, hint="write a copy first: y = x.copy()")

    def _has_entries(self, name: str, token: str) -> bool:
        """Whether an input is a dictionary or an object: it stands before a string in brackets, or has attributes."""
        if self._with_entries is None:
            self._with_entries = self._find_entries()
        return token in self._with_entries

    def _find_entries(self) -> frozenset[str]:
        tokens = self.source.tokens
        found: set[str] = set()
        attributes: dict[str, set[str]] = {}
        parameters: set[str] = set()
        for i, token in enumerate(tokens):
            if token == "def":
                parameters.update(each for each in tokens[i + 2 : self.source.matching(i + 1)] if is_name(each))
            if not is_name(token):
                continue
            path = token.partition("[")[0].split(".")
            at = i + 2
            if tokens[i + 1] == "[" and at < len(tokens):
                quoted = tokens[at][:1] in ("'", '"')
                prefixed = tokens[at] in ("f", "F") and tokens[at + 1][:1] in ("'", '"')
                if (quoted or prefixed) and len(path) == 1:
                    found.add(path[0])
            if len(path) > 1 and path[1].rstrip("( ") not in OF_ARRAYS and token[-1] != "(":
                attributes.setdefault(path[0], set()).add(path[1])
        for name, own in attributes.items():
            if len(own) > 1 or name in parameters or name == "self":
                found.add(name)
        return frozenset(found)

    def entry(self, record: Record, key: Any, at: int, nested: bool) -> Any:
        """An entry of an input, `params["W"]` or `self.W`: an input by its own name, or again one with entries."""
        if key in record.items:
            found = record.items[key]
            if isinstance(found, Record) is nested:
                return found
            raise self.source.error(f"'{record.name}' has one entry {key!r}, and this is another kind of it", at)
        if nested:
            record.items[key] = Record(f"{record.name}.{key}")
            return record.items[key]
        name = "".join(char if char.isalnum() or char == "_" else "_" for char in spelled(str(key)))
        if not name.isidentifier() or advice.is_keyword(name):
            name = f"{record.name}_{name}".replace(".", "_")
        if name in self.inputs or name in self.functions:
            name = f"{record.name}_{name}".replace(".", "_")
            if name in self.inputs:
                raise self.source.error(f"the entry {key!r} of '{record.name}' has the name of another input", at)
        node = self.build.input(name, self.given.get(name, ()))
        self.inputs[name] = record.items[key] = node
        self.typed.setdefault(name, name)
        self.first[name] = at
        self.entries[name] = f"{record.name}[{key!r}]"
        whose = f"entries of '{record.name}' are inputs by their own names"
        self.source.note(whose, at, at)
        return node

    def _new_input(self, name: str, at: int, shape: Shape) -> Node:
        self._not_a_function(name, at)
        if self.only is not None and name not in self.only:
            self.source.note(f"'{name}' is an input, too: no parameter has this name", at, at)
        if name not in self.declared:
            self._note_function(name, at)
        self.inputs[name] = self.build.input(name, shape)
        self.first[name] = at
        return self.inputs[name]

    def _note_function(self, name: str, at: int) -> None:
        """Say that an input has the name of a function, or of one with its argument."""
        source = self.source
        if name in advice.ELEMENTARY and name not in self.functions:
            behind = source.tokens[at + 2] if source.tokens[at + 1] in ("^", "**") else ""
            if is_name(behind) or behind == "(":
                operand = source.quote(at + 2, source.matching(at + 2) if source.tokens[at + 2][-1:] == "(" else at + 2)
                call = f"{name}{operand}" if operand.startswith("(") else f"{name}({operand})"
                raise source.error(f"'{name}' is a function, and has no power", at, at + 1, f"write {call}")
            source.note(f"'{name}' is an input here, and no function", at, at, f"write {name}(x) for the function")
        elif call := advice.run_together(name):
            source.note(f"'{name}' is an input here", at, at, f"write {call} for the function of it")

    def _not_a_function(self, name: str, at: int) -> None:
        if name in self.functions:
            self.source.problem(
                f"'{name}' is used both as a function and as a variable",
                at,
                at,
                f"rename the variable, or call np.{name}(...)",
            )

    # ---- declarations and assignments ----------------------------------------------------------

    def declare(self, token: str, at: int, shape: Shape) -> None:
        """The shape of an input, from a line such as `W: [5, 10]`."""
        name = self.name(token, at)
        if len(shape) > MAX_AXES:
            raise self.source.error(f"an array has at most {MAX_AXES} axes, and '{name}' {len(shape)}", at)
        if name in self.values:
            raise self.source.error(f"'{name}' is assigned above, and only an input has a declaration", at)
        known = self.inputs[name].shape if name in self.inputs else self.given.get(name)
        if known is not None and not (name in self.declared and self.build.dims.unify_shapes(known, shape)):
            if name not in self.declared:
                raise self.source.error(
                    f"'{name}' is used above its declaration", at, hint="declare it above its first use"
                )
            raise self.source.error(f"'{name}' has shape {show(known)} already, not {show(shape)}", at)
        self.declared.add(name)
        self.dims.update(name for dim in shape for name in names_in(dim))
        if name not in self.inputs:
            self._new_input(name, at, known or shape)

    def assign(self, token: str, at: int, value: Any, first: int, last: int, counter: bool = False) -> str:
        """Bind a name to the value of the tokens from `first` to `last`, from the next line on."""
        name = self.name(token, at)
        if name in self.values:
            if name in self.unread:
                self.unused.append(self.unread[name])
        elif self.outer:
            pass  # a function has names of its own
        elif (name in self.inputs or name in self.given) and value is not self.inputs.get(name):
            self._shadow(name, at, first, last)
        else:
            self._not_a_function(name, at)
            self.first[name] = at
        self.values[name] = value
        if counter:
            return name
        self.unread[name] = at
        if isinstance(value, Node):
            self.call_it(value, name)
        elif isinstance(value, Group) and not value.name:
            value.name = name
        return name

    def join(self, name: str, other: str) -> None:
        """Note that two names are one array: `b = a`."""
        group = self.env.same.setdefault(other, [other])
        group.append(name)
        self.env.same[name] = group

    def part(self, name: str) -> None:
        """A name stands for something else from now on."""
        group = self.env.same.pop(name, None)
        if group is not None:
            group.remove(name)

    def bind(self, token: str, at: int, value: Any) -> None:
        """Give a name to a parameter or a counter: its value keeps the name that it has."""
        self.values[self.name(token, at)] = value

    def call_it(self, node: Node, name: str) -> None:
        """Note what the user calls a value. The program's own names come before those of its functions."""
        given = self.names.get(node, ())
        if name in given:
            return
        if not given:
            self.names[node] = (name,)
            if self.outer:
                self.local.add(node)
        elif node in self.local and not self.outer:
            self.names[node] = (name, *given)
            self.local.discard(node)
        else:
            self.names[node] = (*given, name)

    def _shadow(self, name: str, at: int, first: int, last: int) -> None:
        """An input may be updated (`x = x/10`); one that turns out to be assigned below its use is a mistake."""
        tokens = self.source.tokens
        behind = takewhile(
            lambda token: token not in ("\n", ";", END), tokens[at + 1 :]
        )  # in `a, x = x, a` it is a's value
        if any(spelled(base_name(token)) == name for token in (*tokens[first : last + 1], *behind) if is_name(token)):
            return
        if name not in self.declared:
            used, line = self.first[name], self.source.line(at)
            self.source.problem(
                f"'{name}' is used above the line that assigns it, line {line}",
                used,
                used,
                f"line {line}: {self.source.line_text(at)[:60]}",
            )
        elif name not in self.inputs:
            self.source.problem(
                f"'{name}' has the shape of an input and is assigned here", at, at, "rename one of them"
            )

    def finish(self, outputs: Iterable[str]) -> None:
        """Note the names that were assigned for nothing."""
        for name in outputs:
            self.unread.pop(name, None)
        unused = [at for at in dict.fromkeys([*self.unused, *self.unread.values()]) if at not in self.read_at]
        unused = [at for at in unused if self.source.tokens[at].strip("_")]
        others = f" and {len(unused) - MAX_NOTES} others are" if len(unused) > MAX_NOTES else " is"
        for rank, at in enumerate(unused[:MAX_NOTES], 1):
            verb = others if rank == MAX_NOTES else " is"
            self.source.note(f"'{self.source.tokens[at]}'{verb} never used", at, at)

    def _given_dims(self) -> set[str]:
        """The sizes that the given shapes name, of inputs that the program has."""
        if not any(isinstance(dim, str) for shape in self.given.values() for dim in shape):
            return set()
        used = {spelled(base_name(token)) for token in self.source.tokens if is_name(token)}
        return {size for name, shape in self.given.items() if name in used for dim in shape for size in names_in(dim)}

    def _given_name(self, name: str) -> str:
        out = spelled(name)
        if not out.isidentifier() or advice.is_keyword(out):
            raise GradcError(f"shapes are given for '{name}', which cannot be a name")
        return out


def base_name(token: str) -> str:
    """The plain name that a token begins with.

    >>> base_name("x.T.dot("), base_name("A[0, 1]"), base_name("sin(")
    ('x', 'A', 'sin')
    """
    return token.split(".", 1)[0].split("[", 1)[0].split("(", 1)[0].rstrip()


def given_shape(name: str, shape: Any) -> Shape:
    """A shape from the library's side as a tuple of sizes and names; `GradcError` for anything else.

    >>> given_shape("x", 3), given_shape("X", ["n", 5])
    ((3,), ('n', 5))
    >>> given_shape("W", ("d", "4 * h"))
    ('d', '4*h')
    """
    ordered = not isinstance(shape, bytes | set | frozenset | Mapping)
    whole = (shape,) if isinstance(shape, str) or not hasattr(shape, "__iter__") else tuple(shape)
    out: list[int | str] = []
    for dim in whole if ordered else (shape,):
        if isinstance(dim, str) and spelled(dim).isidentifier() and not advice.is_keyword(dim):
            out.append(spelled(dim))
        elif hasattr(dim, "__index__") and not isinstance(dim, bool) and dim.__index__() >= 0:
            out.append(dim.__index__())
        elif isinstance(dim, str) and (size := _size(dim)) is not None:
            out.append(size)
        else:
            raise GradcError(
                f"the shape of '{name}' is {shape!r}",
                hint="a dimension is a number, a name or made of these, as in (5, 10), ('n', 'd') or ('d', '4*h')",
            )
    if len(out) > MAX_AXES:
        raise GradcError(f"an array has at most {MAX_AXES} axes, and '{name}' {len(out)}")
    return tuple(out)


def _size(text: str) -> int | str | None:
    """A size that is computed from names; None if that is none."""
    found = computed(spelled(text))
    return None if any(advice.is_keyword(name) for name in names_in(found or 0)) else found


def dimension(source: Source, at: int) -> int | str:
    """One dimension of a declaration."""
    token = source.tokens[at]
    if token.isdecimal() and len(token) < MAX_DIGITS:
        return int(token)
    if is_name(token) and spelled(token).isidentifier() and not advice.is_keyword(token):
        return spelled(token)
    raise source.error("a dimension is a number or a name", at, hint="write it as in x: [n, 3]")


def word_of(value: Any) -> str:
    """How a value that is no number is called in an error."""
    return f"'{value.text}'" if isinstance(value, Word) else "this"
