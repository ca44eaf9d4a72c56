"""Code into the text of a module: docstring, imports, the functions, the helpers that they call.

The text is the public face of gradc: one gate a line with its number, and above each group of adjoint lines the forward
line that it belongs to. A target that is not Python, or puts more around the passes, overrides what differs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from gradc.base.files import COMPILED
from gradc.base.records import NamedTuple
from gradc.emit.counting import operations
from gradc.emit.layout import broken, floats_of, headed, indent, quoted, silenced, wrapped
from gradc.emit.long_lines import LONGEST, commented, fitted, opened
from gradc.emit.operand import Printer
from gradc.emit.target import BY_SCIPY, Target
from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import renamed, show
from gradc.ops.helpers import needed
from gradc.ops.routing import all_of, any_of
from gradc.plan.code import (
    AS_FLOATS,
    AS_NUMBERS,
    Alias,
    Assign,
    Def,
    Do,
    Fill,
    If,
    Lines,
    Module,
    Note,
    Remark,
    Require,
    Return,
    Try,
    Unpack,
    Unset,
    Update,
    Value,
    every,
    names_read,
)

# What modules call of Python's own; a user may have a variable of the name, and variables are never called.
BUILTINS = tuple("abs any bool float int len list map max min range slice sum tuple type zip".split())


def own_words(own: Collection[str], taken: Collection[str]) -> dict[str, str]:
    """Python's own functions under names that are not taken, where the user has a variable of theirs.

    >>> own_words(["x", "max"], ["max_"])
    {'max': 'max__'}
    """
    found = {word: word + "_" for word in BUILTINS if word in own}
    for word in found:
        while found[word] in taken or found[word] in own:
            found[word] += "_"
    return found


class Emitted(NamedTuple):
    """A module's text and what was counted while it was written."""

    text: str
    forward_ops: int
    backward_ops: int
    stages: tuple[tuple[int, str], ...]


class Text:
    """Prints one module for one target."""

    def __init__(self, code: Module, target: Target) -> None:
        self.code, self.target, self.dag = code, target, code.dag
        self.words = {**code.words, **self.builtins()}
        self.values = self.printer()
        self.quiet = self.printer()  # for what stands in comments: it calls no helper
        self.operations: dict[str, int] = {}  # by the kind of function, counted while it is written
        self.numbered: dict[int, str] = {}  # the lines with a number as they were written, by their statement's id

    def printer(self) -> Printer:
        """Values as text, under the names that the module gives its own things."""
        code = self.code
        return Printer(
            {}, self.target, literal=code.literal, module=self.words, sizes=code.sizes, dims=self.dag.dims, typed=True
        )

    def builtins(self) -> dict[str, str]:
        """Python's own functions under other names, where the user has a variable of theirs."""
        if self.code.own.isdisjoint(BUILTINS):
            return {}
        known = {name for item in self.code.defs() for stmt in every(item.body) for name in names_read(stmt)}
        return own_words(self.code.own, known.union(self.code.words.values(), self.code.sizes.values()))

    # ---- the module ----------------------------------------------------------------------------------------------

    def emit(self) -> Emitted:
        """The whole module, its counts, and the forward lines by number."""
        defs = {item.kind: item for item in self.code.defs()}
        body = self.items()
        forward, backward = self.costs(defs)
        text = self.assembled(body, self.docstring(forward, backward))
        return Emitted(text, forward, backward, self.stages(defs["forward"]))

    def assembled(self, body: Sequence[str], docstring: Sequence[str] = ()) -> str:
        """The functions between what they import and the helpers that they call."""
        used = self.used_helpers()
        imports = self.imports(used, body)
        lines = [*docstring, *imports, *[""] * bool(docstring or imports), *body, *self.helpers(used)]
        return "\n".join(lines) + "\n"

    def costs(self, defs: Mapping[str, Def]) -> tuple[int, int]:
        """The operations of the two passes."""
        return self.cost(defs["forward"]), self.cost(defs["backward"])

    def cost(self, item: Def) -> int:
        """The operations of a function, as they were counted while it was written."""
        if item.kind in self.operations:
            return self.operations[item.kind]
        return operations(item.body, self.target, self.code)

    def stages(self, forward: Def) -> tuple[tuple[int, str], ...]:
        """The forward lines with their numbers."""
        lines = [stmt for stmt in every(forward.body) if type(stmt) is Assign and stmt.note.number]
        lines.sort(key=lambda stmt: stmt.note.number)
        return tuple([(stmt.note.number, self.said(stmt)) for stmt in lines])

    def said(self, stmt: Assign) -> str:
        """A forward line in another place."""
        text = self.numbered.get(id(stmt))
        return self.assignment(stmt, self.quiet) if text is None else text

    def items(self) -> list[str]:
        """The functions, two blank lines between them."""
        out: list[str] = []
        before: Any = None
        for item in self.code.items:
            if before is not None and not (type(item) is type(before) is Alias):
                out += ["", ""]
            out += self.item(item)
            before = item
        return out

    def item(self, item: Any) -> list[str]:
        """A function, an alias, or lines that are text already."""
        if isinstance(item, Alias):
            return [f"{item.name} = {item.other}"]
        if isinstance(item, Lines):
            text = aside("\n".join(item.lines), self.builtins())
            self.values.said.update(
                {word: own for word, own in self.builtins().items() if re.search(rf"\b{own}\b", text)}
            )
            return text.split("\n")
        return self.define(item)

    def docstring(self, forward: int, backward: int) -> list[str]:
        """What was compiled, what goes in, what is differentiated, and what it costs."""
        code = self.code
        cost = f"together {(forward + backward) / max(forward, 1):.2f} times the forward pass alone."
        given = self.dag.inputs.items()
        inputs = [f"{name}: {self.show(node.shape)}" if node.shape else name for name, node in given]
        kind = "the others are numbers" if any(not node.shape for _, node in given) else "arrays"
        kind = "numbers or arrays, elementwise" if code.elementwise else kind
        kind = kind if self.target.arrays else "numbers"
        return [
            f'"""Forward and backward pass, {COMPILED}.',
            "",
            *(("    " + line).rstrip() for line in quoted(self.dag.text).split("\n")),
            "",
            *wrapped(f"Inputs: {', '.join(inputs) or 'none'} ({kind}).", 100),
            *wrapped(f"Gradient with respect to: {', '.join(code.wrt) or 'nothing'}.", 100),
            f"Operations: forward {forward}, backward {backward}; {cost}",
            *self.needs_scipy(),
            '"""',
            "",
        ]

    def needs_scipy(self) -> list[str]:
        """Which functions of the module are SciPy's, where it is asked for when one of them is called."""
        helpers = self.target.helpers
        found = [name for name in self.used_helpers() if f"{BY_SCIPY}(" in helpers[name] and name != BY_SCIPY]
        return wrapped(f"SciPy is imported, for {', '.join(found)}.", 100) if found else []

    def imports(self, used: Iterable[str], body: Iterable[str] = ()) -> list[str]:
        """The target's imports, and those that a helper or a line asks for; Python's own where they step aside."""
        lines, written = [], "\n".join(body)
        texts = [self.target.helpers[name] for name in used]
        texts += [f"{word}." for item in self.code.items if isinstance(item, Lines) for word in item.imports]
        for each in self.target.imports:
            name = self.words.get(each.word, each.word)
            if (
                each.always
                or any(re.search(rf"\b{each.word}\.", text) for text in texts)
                or re.search(rf"(?<![\w.]){name}\.", written)
            ):
                lines.append(each.line if name == each.word else each.renamed.format(name=name))
        aside = [f"{own} = {word}" for word, own in self.values.said.items() if word in BUILTINS]
        lines += [""] * bool(aside) + sorted(aside)
        return [*"\n".join(lines).split("\n"), ""]

    def used_helpers(self) -> list[str]:
        """The helpers that the functions call, and those that these call, in the target's order."""
        found = dict(self.values.helpers)
        found.update((name, None) for item in self.code.items if isinstance(item, Lines) for name in item.helpers)
        for name in list(found):
            found.update(dict.fromkeys(needed(self.target.helpers, name)))
        return [name for name in self.target.helpers if name in found]

    def helpers(self, used: Iterable[str]) -> list[str]:
        """Their texts, below the functions."""
        rename = Printer({}, self.target, module=self.code.words)._rename
        texts = [rename(self.target.helpers[name].strip("\n")) for name in used]
        texts += [text for item in self.code.items if isinstance(item, Lines) for text in item.below]
        return [line for text in texts for line in ("", "", text)]

    def word(self, word: str) -> str:
        """A word of the target's, as the module has it."""
        return self.words.get(word, word)

    def free(self, name: str) -> str:
        """A name that no input has."""
        while name in self.dag.inputs:
            name += "_"
        return name

    def callee(self, kind: str) -> str:
        """The name by which a function with the inputs as parameters calls that of a mode."""
        name = next(item.name for item in self.code.defs() if item.kind == kind)
        other = [item.name for item in self.code.items if isinstance(item, Alias) and item.other == name]
        return other[0] if other and name in self.dag.inputs else name

    # ---- functions and statements ------------------------------------------------------------------------------------

    def define(self, item: Def) -> list[str]:
        """A function."""
        before = self.values.ops
        params = headed(item.params, {**self.dag.defaults, **item.defaults})
        doc = [f'"""{item.doc}"""'] if item.doc else []
        lines = [f"def {item.name}({', '.join(params)}):", *indent([*doc, *self.body(item.body)])]
        lines = [*silenced(self.values._rename(self.target.silence), item.ignores), *lines]
        self.operations[item.kind] = self.values.ops - before
        return lines

    def body(self, stmts: Iterable[Any]) -> list[str]:
        """The lines of statements; a comment heads those that belong to one forward line."""
        out: list[str] = []
        head: Assign | None = None
        for stmt in stmts:
            note = getattr(stmt, "note", None)
            if note is not None and note.of is not None and note.of is not head:
                head = note.of
                out += commented(f"{self.said(head)}  ({head.note.number})")
            out += self.statement(stmt)
        return out

    def statement(self, stmt: Any) -> list[str]:
        """The lines of one statement."""
        kind = type(stmt)
        if kind is Assign:
            if type(stmt.value) is tuple:
                return broken(f"{stmt.target} = (", [self.text(value) for value in stmt.value], ")")
            text, note = self.plain(stmt), stmt.note
            if note.number:
                self.numbered[id(stmt)] = text
            return self.noted(text, note)
        if kind is Update:
            self.values.ops += bool(stmt.op)
            return self.noted(self.plain(stmt), stmt.note)
        if kind is Unpack:
            if type(stmt.value) is tuple:
                return [f"{', '.join(stmt.names)} = {', '.join(map(self.text, stmt.value))}"]
            if stmt.value.op in (AS_FLOATS, AS_NUMBERS) and len(stmt.names) > 1:
                return floats_of(self.text(stmt.value).partition("(")[0], stmt.names)
            if len(stmt.names) == 1:
                return [f"({stmt.names[0]},) = {self.text(stmt.value)}"]
            return broken("", stmt.names, f" = {self.text(stmt.value)}", closed=False, parens=True)
        if kind is Do:
            return [self.text(stmt.value)]
        if kind is Unset:
            return [" = ".join([*stmt.names, "None"])]
        if kind is If:
            return self.branch(stmt)
        if kind is Require:
            return self.require(stmt)
        if kind is Return:
            return self.returned(stmt.value)
        if kind is Try:
            body, otherwise = self.body(stmt.body), self.body(stmt.otherwise)
            return ["try:", *indent(body), f"except {stmt.failures}:", *indent(otherwise)]
        return self.fill(stmt)

    def plain(self, stmt: Assign | Update) -> str:
        """A line without its note."""
        if isinstance(stmt, Assign):
            return self.assignment(stmt, self.values)
        if stmt.repeats:
            return self.added_at(stmt)
        place = "" if stmt.place is None else f"[{self.values.subscript(stmt.place)}]"
        return f"{stmt.name}{place} {stmt.op}= {self.text(stmt.value)}"

    def assignment(self, stmt: Assign, printer: Printer) -> str:
        """target = value, without its note."""
        return f"{stmt.target} = {printer.text(stmt.value)}"

    def added_at(self, stmt: Update) -> str:
        """name[place] += value, as often as an element is named."""
        items = stmt.place or ()
        place = self.values.subscript(items)
        plus, minus, index = map(self.values._rename, self.target.add_at)
        if any(isinstance(item, (tuple, str)) for item in items):
            place = f"{index}[{place}]"
        elif len(items) > 1:
            place = f"({place})"
        function = plus if stmt.op == "+" else minus
        return f"{function}({stmt.name}, {place}, {self.text(stmt.value)})"

    def fill(self, stmt: Fill) -> list[str]:
        """An array filled by its gate's own function."""
        given = [*(self.text(arg) for arg in stmt.value.args), stmt.into, *stmt.scratch]
        call = f"{stmt.value.op.fast.into or stmt.value.op.ufunc}({', '.join(given)})"
        return self.noted(call if stmt.name == stmt.into else f"{stmt.name} = {call}", stmt.note)

    def branch(self, stmt: If) -> list[str]:
        self.values.ops += 1
        lines = [f"if {self.test(stmt.test)}:", *indent(self.body(stmt.then))]
        return [*lines, "else:", *indent(self.body(stmt.otherwise))] if stmt.otherwise else lines

    def test(self, node: Node) -> str:
        """A condition; (a and b) or c in parentheses, for its reader."""
        if node.op is any_of and self.target.ifs:
            return " or ".join(f"({self.text(arg)})" if arg.op is all_of else self.test(arg) for arg in node.args)
        return self.text(node)

    def require(self, stmt: Require) -> list[str]:
        said, text = renamed(stmt.size, lambda name: self.code.sizes.get(name, name)), self.values.size(stmt.size)
        wanted = f"{'at least ' * (stmt.sign == '>=')}{stmt.number}"
        return [
            f"if {text} {'<' if stmt.sign == '>=' else '!='} {stmt.number}:",
            f'    raise ValueError(f"{said}: {wanted} is expected, not {{{text}}}")',
        ]

    def returned(self, value: Value) -> list[str]:
        """A return: what is last of a tuple is broken over lines where it would be long."""
        if type(value) is dict:
            return self.packed("return ", value)
        if type(value) is tuple:
            lines = ["return "]
            for at, each in enumerate(value):
                comma = ", " if at < len(value) - 1 else ""
                if type(each) is dict or (type(each) is tuple and not comma):
                    *above, head = lines
                    lines = [*above, *self.packed(head, each, comma)]
                else:
                    lines[-1] += self.text(each) + comma
            return lines
        return [f"return {self.text(value)}"]

    def packed(self, head: str, value: Value, behind: str = "") -> list[str]:
        """What is packed behind the head of a line; what follows on the last line is taken to begin with a brace."""
        if type(value) is dict:
            pairs = [f"{self.key(key)}: {self.text(each)}" for key, each in value.items()]
            lines = broken(head + "{", pairs, "}" + (behind + "{") * bool(behind), closed=False)
            return [*lines[:-1], lines[-1].removesuffix("{")] if behind else lines
        return broken(head + "(", [self.text(each) for each in value], ")")

    def key(self, key: Any) -> str:
        """A key of what is returned: an input's name, or a pair of them."""
        return f"({', '.join(map(self.key, key))})" if type(key) is tuple else f'"{key}"'

    def text(self, value: Value) -> str:
        """A value in one line."""
        if type(value) is dict:
            return "{" + ", ".join(f"{self.key(key)}: {self.text(each)}" for key, each in value.items()) + "}"
        if type(value) is tuple:
            return f"({', '.join(map(self.text, value))}{',' * (len(value) == 1)})"
        return self.values.text(value)

    def noted(self, text: str, note: Note) -> list[str]:
        """A statement with its number and what is said of it."""
        if not note.number and not note.remarks:
            return [text] if len(text) <= LONGEST else opened(text)
        return fitted(text, f"({note.number})" if note.number else "", list(map(self.remark, note.remarks)))

    def remark(self, parts: Remark) -> str:
        return "".join(part if type(part) is str else self.quiet.text(part) for part in parts)  # type: ignore[arg-type]

    def show(self, shape: Shape) -> str:
        """A shape, its sizes by the names that the module gives them."""
        sizes = self.code.sizes
        return show(tuple(renamed(dim, lambda name: sizes.get(name, name)) for dim in self.dag.dims.resolve(shape)))


def aside(text: str, taken: Mapping[str, str]) -> str:
    """Lines with Python's own functions under these other names."""
    whole, real = taken.get("int", "int"), taken.get("float", "float")
    for word, own in taken.items():
        places = rf"(?<![.\w]){word}(?=\()|(?<=\bis ){word}\b"
        places += (
            rf"|(?<= in \(int, ){word}(?=\))|(?<= in \({whole}, ){word}(?=\))|(?<= in \(){word}(?=, (?:float|{real})\))"
        )
        text = re.sub(places, own, text)
    return text


def printed(code: Module, target: Target) -> Emitted:
    """The module's text."""
    return (target.text or Text)(code, target).emit()


__all__ = ["BUILTINS", "Emitted", "Text", "own_words", "printed"]
