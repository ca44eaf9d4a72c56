"""Programs of arrays for Numba: the notes' passes, in which neighbouring elementwise lines are one compiled loop.

Products of matrices, sums and all else that is no gate of elements stays NumPy's call. What a loop computes on the way,
and nobody else reads, is no array.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gradc.emit.counting import operations
from gradc.emit.layout import broken, indent
from gradc.emit.long_lines import commented
from gradc.emit.modules import Emitted, Text
from gradc.emit.number_lines import Dialect, filled_form
from gradc.emit.targets.branch_free import words_of
from gradc.graph.dag import Node, Shape
from gradc.ops.scalar import const
from gradc.plan.code import NAME, Assign, Def, names_read
from gradc.rewrite.simplify import number

AXES = "ijklpqrs"


class ArraysText(Text):
    """A module for NumPy, with loops in it."""

    dialect: Dialect
    functions: Mapping[str, str]
    head: str

    @abstractmethod
    def imports_of(self, text: str) -> list[str]:
        """The lines that import what a text calls: the target's own."""

    def emit(self) -> Emitted:
        self.loops: list[list[str]] = []
        self.called: dict[str, None] = {}
        self.taken = {name for item in self.code.defs() for stmt in item.body for name in names_read(stmt)}
        self.taken |= {*self.dag.inputs}
        emitted = super().emit()
        if not self.loops:
            return emitted
        used = [name for name in self.functions if name in self.needed()]
        below = "\n\n\n".join(["\n".join(loop) for loop in self.loops] + [self.functions[n].strip("\n") for n in used])
        for name in used:  # NumPy's own helper of the name takes arrays
            if re.search(rf"^def {name}\(", emitted.text, re.MULTILINE):
                below = re.sub(rf"(?<![\w.\"]){name}(?=\()", f"{name}_of_number", below)
        top, _, rest = emitted.text.partition("\n\n\n")
        imports = [line for line in self.imports_of(below + self.head) if line and line not in top.split("\n")]
        text = "\n".join([top, *imports, self.head.rstrip("\n"), "", "", rest.rstrip("\n"), "", "", below, ""])
        return emitted._replace(text=text)

    def needed(self) -> set[str]:
        """The functions that the loops call, and those that these call."""
        found, stack = set(self.called), list(self.called)
        while stack:
            new = [
                name for name in words_of(self.functions[stack.pop()]) if name in self.functions and name not in found
            ]
            found.update(new)
            stack += new
        return found

    # ---- runs of lines -----------------------------------------------------------------------------------------------

    def items(self) -> list[str]:
        params = ", ".join(self.dag.inputs)
        lines = [f"def {self.code.value_name}({params}):", '    """The value."""']
        return [*super().items(), "", "", *lines, f"    return {self.callee('forward')}({params})[0]"]

    def define(self, item: Def) -> list[str]:
        self.own = item.body
        return super().define(item)

    def body(self, stmts: Iterable[Any]) -> list[str]:
        """The lines of statements, those of elements that stand together as one call."""
        body = list(stmts)
        out: list[str] = []
        head: Assign | None = None
        at = 0
        while at < len(body):
            run = self.run(body, at) if body == list(self.own) else []
            for stmt in run or body[at : at + 1]:
                note = getattr(stmt, "note", None)
                if note is not None and note.of is not None and note.of is not head:
                    head = note.of
                    out += commented(f"{self.said(head)}  ({head.note.number})")
            if run:
                out += self.call(run, body[at + len(run) :])
                at += len(run)
            else:
                out += self.statement(body[at])
                at += 1
        return out

    def run(self, body: Sequence[Any], at: int) -> list[Assign]:
        """The elementwise lines of one shape that begin here, if an array of that shape goes into them."""
        found: list[Assign] = []
        shape: Shape = ()
        for stmt in body[at:]:
            if not isinstance(stmt, Assign) or not self.of_elements(stmt):
                break
            own = self.dag.dims.resolve(stmt.value.shape)
            if found and own != shape:
                break
            shape = own
            found.append(stmt)
        mine = {stmt.target for stmt in found}
        whole = [leaf for stmt in found for leaf in _leaves(stmt.value) if leaf.attr not in mine]
        return found if any(self.dag.dims.resolve(leaf.shape) == shape for leaf in whole) else []

    def of_elements(self, stmt: Assign) -> bool:
        """Whether a line is gates of elements, of which each has a form in loops."""
        if not isinstance(stmt.value, Node) or not stmt.value.shape or len(stmt.value.shape) > len(AXES):
            return False
        if stmt.value.op.boolean:
            return False
        stack = [stmt.value]
        while stack:
            node = stack.pop()
            if node.op is NAME:
                if not isinstance(node.attr, str) or "[" in node.attr or getattr(node, "of", None) is None:
                    return False
            elif node.op is not const:
                if not node.op.elementwise or node.op.name not in self.dialect.forms or not node.args:
                    return False
                stack += node.args
        return stmt.value.op is not NAME

    def call(self, run: Sequence[Assign], after: Sequence[Any]) -> list[str]:
        """The line that calls the loop of a run, under what its lines are; the loop is written below."""
        read = {name for stmt in after for name in names_read(stmt)}
        wanted = [name for name in dict.fromkeys(stmt.target for stmt in run) if name in read]
        out = []
        for stmt in run:
            self.values.ops += operations([stmt], self.target, self.code)
            text = self.assignment(stmt, self.quiet)
            if stmt.note.number:
                self.numbered[id(stmt)] = text
                said = "; ".join(map(self.remark, stmt.note.remarks))
                out += commented(f"({stmt.note.number}) {text}" + f"  {said}" * bool(said))
        name = f"loop{len(self.loops) + 1}"
        while name in self.taken:
            name += "_"
        given = self.loop(name, run, wanted)
        return [*out, *broken(f"{', '.join(wanted)} = {name}(", given, ")", closed=False)]

    def loop(self, name: str, run: Sequence[Assign], wanted: Sequence[str]) -> list[str]:
        """Write a loop; the names of what it takes."""
        shape = self.dag.dims.resolve(run[0].value.shape)
        index = ", ".join(AXES[: len(shape)])
        texts: dict[str, str] = {}
        given: dict[str, str] = {}
        whole = ""
        lines = []
        for stmt in run:
            for leaf in _leaves(stmt.value):
                if leaf.attr not in texts:
                    own = str(leaf.attr)
                    param = given[own] = self.dialect.own(own, [*given.values(), *texts.values(), *AXES])
                    shape_of = self.dag.dims.resolve(leaf.shape)
                    texts[own] = f"{param}[{_index(shape_of, shape)}]" if shape_of else param
                    whole = whole or (param if shape_of == shape else "")
            value = self.element(stmt.value, texts)
            local = self.dialect.own(stmt.target, [*given.values(), *AXES])
            lines.append(f"{local} = {value}")
            texts[stmt.target] = local
        out = {each: self.dialect.own(f"{each}_out", [*given.values(), *texts.values()]) for each in wanted}
        inner = [*lines, *(f"{place}[{index}] = {texts[each]}" for each, place in out.items())]
        for axis in reversed(range(len(shape))):
            inner = [f"for {AXES[axis]} in range({whole}.shape[{axis}]):", *indent(inner)]
        made = [f"{place} = np.empty({whole}.shape, {whole}.dtype)" for place in out.values()]
        returned = next(iter(out.values())) if len(out) == 1 else ", ".join(out.values())
        head = broken(f"def {name}(", list(given.values()), "):", closed=False)
        self.loops.append(["@looped", *head, *indent([*made, *inner, f"return {returned}"])])
        return list(given)

    def element(self, value: Node, texts: Mapping[str, str]) -> str:
        """A value of one element."""
        made: dict[int, tuple[str, str]] = {}
        order = []
        stack = [value]
        while stack:
            node = stack.pop()
            order.append(node)
            stack += node.args
        for node in reversed(order):
            if node.op is NAME:
                made[id(node)] = texts[str(node.attr)], "atom"
            elif node.op is const:
                made[id(node)] = self.dialect.number(float(number(node)))
            else:
                text, called = filled_form(self.dialect, node, [made[id(arg)] for arg in node.args])
                made[id(node)] = text
                self.called.update((word, None) for word in called if word in self.functions)
        return made[id(value)][0]


def _leaves(value: Node) -> list[Node]:
    """The names in a value, in order."""
    found: list[Node] = []
    stack = [value]
    while stack:
        node = stack.pop()
        if node.op is NAME:
            found.append(node)
        stack += node.args[::-1]
    return found


def _index(own: Shape, shape: Shape) -> str:
    """Where an element of an array lies that is spread along a shape.

    >>> _index((3,), ("n", 3)), _index(("n", 1), ("n", 3))
    ('j', 'i, 0')
    """
    first = len(shape) - len(own)
    return ", ".join(AXES[first + at] if dim == shape[first + at] else "0" for at, dim in enumerate(own))


__all__ = ["ArraysText"]
