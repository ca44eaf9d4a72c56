"""Expressions into text: the one printer of operands, for every target.

A gate is written by its entry's form. An argument is put in parentheses when it binds less tightly than
the hole it goes into; what has a name is written by its name.

>>> from gradc.ops import scalar as s
>>> from gradc.rewrite.simplify import Builder
>>> build = Builder()
>>> x, y = build.input("x"), build.input("y")
>>> Printer({x: "x", y: "y"}).text(build.make(s.mul, (build.make(s.add, (x, y)), build.make(s.exp, (x,)))))
'(x + y)*np.exp(x)'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from gradc.emit.count import count
from gradc.emit.target import Target, along_one, plain_number
from gradc.emit.targets import TARGETS
from gradc.graph.dag import Node
from gradc.graph.shapes import Dims, operator_of, renamed, total
from gradc.ops.array import stack
from gradc.ops.array_shapes import ends, product
from gradc.ops.helpers import needed
from gradc.ops.routing import maximum, minimum
from gradc.ops.scalar import adjoint, const, input_, neg, size
from gradc.ops.table import ADD, ATOM, MUL, PRECEDENCE, Form, statics_of
from gradc.plan.code import AS_ARRAY, AS_INDEX, FREE, NAME, Leaf
from gradc.rewrite.simplify import number
from gradc.rewrite.typed import Typed

_CALLED = re.compile(r"\b[a-z_]+(?=\()")
_IDENTIFIER = re.compile(r"(?<![.\w])[A-Za-z_]\w*")  # no attribute: np.sign is NumPy's, whoever is called sign


class Printer:
    """Prints nodes for a target. `helpers` collects what the text calls; `ops` counts operations.

    With `typed` a number is what it was written as, 2*np.pi, where the target has a word for pi.
    """

    def __init__(
        self,
        names: Mapping[Node, str],
        target: str | Target = "numpy",
        *,
        literal: bool = False,
        module: Mapping[str, str] | None = None,
        sizes: Mapping[str, str] | None = None,
        dims: Dims | None = None,
        like: str = "",
        typed: bool = False,
    ) -> None:
        self.target: Target = TARGETS[target] if isinstance(target, str) else target
        self.names, self.literal, self.like = names, literal, like
        self.typed = typed and bool(self.target.pi)
        self.module, self.sizes, self.dims = dict(module or {}), sizes or {}, dims or Dims()
        self.renamed = any(key != value for key, value in self.module.items())
        self.helpers: dict[str, None] = {}
        self.ops = 0
        self.used: set[str] = set()
        self.said: dict[str, str] = {}  # words of the forms that go by another name here

    def text(self, node: Node, unnamed: bool = False) -> str:
        """The expression of a node; with `unnamed`, the gate itself even if it has a name."""
        return self._write(node, unnamed)[0]

    def _write(self, node: Node, unnamed: bool = False) -> tuple[str, int]:
        if not unnamed:
            name = self.names.get(node)
            if name is not None:
                self.used.add(name)
                return name, ATOM
        if not node.args:
            return self._leaf(node)
        op = node.op
        form = self.target.form(node, self.literal) if op.params else self._form(node)
        for helper in form.helpers:
            self.need(helper)
        if op not in FREE:
            self.ops += form_cost(form.text, self.target.name)
        at, text = dict(zip(op.params, node.args, strict=False)), ""
        for before, hole, least in form.pieces:
            text += self._rename(before) if self.renamed else before
            if hole:
                text += self._fill(node, at, hole, least)
        if op is neg and text[1:2].isdigit():
            self.ops -= 1  # a minus on a literal is part of it
        return text, form.precedence

    def _fill(self, node: Node, at: Mapping[str, Node], hole: str, least: int) -> str:
        if hole in at and not node.op.variadic:
            text, precedence = self._write(at[hole])
            if not self.target.keeps_whole and node.op in (maximum, minimum) and text.lstrip("-").isdigit():
                text += ".0"
            return f"({text})" if precedence < least else text
        if hole == "*statics":
            given = statics_of(node.op, node.attr)
            return "".join(f", {key}={given[key]}" for key, default in node.op.statics if given[key] != default)
        if hole == "*segment":
            s = statics_of(node.op, node.attr)
            start, end = ends(node.args[0].shape, **s)
            bounds = f"{self.dim(start) if start != 0 else ''}:{self.dim(end) if end is not None else ''}"
            return ":, " * int(s["axis"]) + bounds
        if hole == "*precision":
            return self._precision(node.args)
        if hole == "*dims" and node.op in (AS_ARRAY, AS_INDEX):
            s = statics_of(node.op, node.attr)
            known = zip(s["dims"], s["known"], strict=True)
            return "".join(
                ", " + (self.dim(dim) if is_known or type(dim) is int else f'"{dim}"') for dim, is_known in known
            )
        if hole == "*labelled":
            return ", ".join(f"{arg.attr}={arg.attr}" for arg in node.args)
        if hole in _HOLES:
            return _HOLES[hole](self, node)
        if hole.startswith("*"):
            return ", ".join(self._write(arg)[0] for arg in node.args)
        value = statics_of(node.op, node.attr)[hole]
        if least == PRECEDENCE["subscript"]:
            return subscript(value)
        if least == PRECEDENCE["dims"]:
            return self.shape(value) if isinstance(value, tuple) else self.dim(value)
        if isinstance(value, float) and not isfinite(value):
            return self._rename(str(self.target.number(value)[0]))
        return str(value)

    def subscript(self, index: Iterable[Any]) -> str:
        """What stands between brackets; a node among it as its text."""
        return ", ".join([self._write(item)[0] if isinstance(item, Node) else _item(item) for item in index])

    def _dtype(self, node: Node) -> str:
        """The precision of the program's inputs, for an array that is made of written numbers."""
        like = self._write(node.args[-1])[0] if node.args else self.like
        if like:
            self.used.add(like)
        return f", dtype={like}.dtype{self.target.beside.replace('x.', like + '.')}" if like else ""

    def _floats(self, node: Node) -> str:
        """The same for what NumPy would take for an array of integers."""
        return self._dtype(node) or ", dtype=float"

    def _gather(self, node: Node) -> str:
        """The subscript of a gather: its arguments stand where the index says."""
        index = statics_of(node.op, node.attr)["index"]
        return self.subscript([node.args[item[1]] if _is_argument(item) else item for item in index])

    def _span(self, node: Node) -> str:
        """The arguments of a range: from where, up to where, in which steps."""
        s = statics_of(node.op, node.attr)
        start, size, step = s["start"], s["size"], s["step"]
        stop = total([product((size, step)), start])
        return self.dim(stop) if (start, step) == (0, 1) else f"{start}, {self.dim(stop)}" + f", {step}" * (step != 1)

    def _nested(self, node: Node) -> str:
        """Values in rows, as they are written in brackets."""
        s = statics_of(node.op, node.attr)
        texts = [self._write(arg)[0] for arg in node.args if node.op.params] or [
            constant(value)[0] for value in s["values"]
        ]
        for long in reversed(s["shape"][1:]):
            texts = [f"[{', '.join(texts[at : at + long])}]" for at in range(0, len(texts), long)]
        return f"[{', '.join(texts)}]"

    def _precision(self, args: Iterable[Node]) -> str:
        """The precision of values among which written numbers stand, which NumPy would take for float64."""
        args = list(args)
        if all(arg.op is const and type(number(arg)) is int for arg in args):
            return ", dtype=float"
        values = {arg: None for arg in args if not _is_written(arg)}
        if not values or len(values) == len(set(args)):
            return ""
        values = {self._source(arg): None for arg in values}
        texts = [self._write(arg)[0] for arg in values]
        if len(texts) == 1 and texts[0].isidentifier() and next(iter(values)).shape:  # a number may be Python's own
            return f", dtype={texts[0]}.dtype"
        return (
            f", dtype={self._rename(self.target.common_dtype)}({', '.join(texts)})" if self.target.common_dtype else ""
        )

    def _source(self, value: Node) -> Node:
        """The value that has the precision of another one, which is its sign, a part of it or a view."""
        while value.args and value not in self.names and (value.op is neg or value.op.view):
            value = value.args[0]
        return value

    def _form(self, node: Node) -> Form:
        form = self.target.form(node, self.literal)
        square = node.op.code.get(self.target.name + "_square")
        return square if square is not None and len({*self.dims.resolve(node.shape)}) == 1 else form

    def _leaf(self, node: Node) -> tuple[str, int]:
        if node.op is NAME:
            self.used.add(str(node.attr))
            return str(node.attr), ATOM
        if node.op is const:
            value = number(node)
            if self.typed and isinstance(value, Typed):
                return self._as_typed(value, self.target.pi)
            text, precedence = self.target.number(value)
            return str(text) if isfinite(value) else self._rename(str(text)), int(precedence)
        if node.op is size:
            text = self.dim(str(node.attr))
            return text, {"+": ADD, "//": ADD, "*": MUL, "": ATOM}[operator_of(text)]
        if node.op in (input_, adjoint):
            raise KeyError(f"{node!r} has no name")
        return self._write_nullary(node)

    def _as_typed(self, value: Typed, pi: str) -> tuple[str, int]:
        """A number as it was written: a function of numbers is Python's own, which gives a float of no precision."""
        if value.how is None:
            return self._rename(pi), ATOM
        python, form = TARGETS["math"], TARGETS["numpy"].form(value.how)
        if "(" in form.text:
            form = python.form(value.how)
        pi = python.pi if f"{python.name}." in form.text else pi
        args = dict(zip(value.how.op.params, value.how.args, strict=True))
        text = ""
        for before, hole, least in form.pieces:
            text += self._rename(before)
            if hole:
                inner = number(args[hole])
                written, precedence = (
                    self._as_typed(inner, pi) if isinstance(inner, Typed) else self.target.number(inner)
                )
                text += f"({written})" if precedence < least else written
        return text, form.precedence

    def _write_nullary(self, node: Node) -> tuple[str, int]:
        form = self._form(node)
        self.ops += form_cost(form.text, self.target.name)
        text = ""
        for before, hole, least in form.pieces:
            text += self._rename(before) + (self._fill(node, {}, hole, least) if hole else "")
        return text, form.precedence

    def need(self, helper: str) -> None:
        """Note that the module must carry a helper, and what that helper calls."""
        self.helpers[helper] = None
        for other in needed(self.target.helpers, helper):
            self.helpers[other] = None

    def shape(self, shape: tuple[Any, ...]) -> str:
        """A shape as a tuple of numbers and size names."""
        inner = ", ".join(self.dim(dim) for dim in self.dims.resolve(shape))
        return f"({inner},)" if len(shape) == 1 else f"({inner})"

    def dim(self, dim: int | str) -> str:
        """A dimension as text: a number, a size name, or an expression of size names."""
        return self.size(self.dims.find(dim))

    def size(self, dim: int | str) -> str:
        """The same of a dimension as it is written, whatever it is found to be."""
        text = renamed(dim, self._size)
        return _CALLED.sub(self._word, text) if self.renamed else text

    def _size(self, name: str) -> str:
        if name in self.sizes:
            self.used.add(self.sizes[name])
        return self.sizes.get(name, name)

    def _rename(self, text: str) -> str:
        """A form's own words, under the names that the module gives them."""
        if not self.renamed or not text:
            return text
        return _IDENTIFIER.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        word = match[0]
        own = self.module.get(word, word)
        if own != word:
            self.said[word] = own
        return own


def _is_argument(item: Any) -> bool:
    """Whether a part of a subscript stands for an argument of its gate."""
    return isinstance(item, tuple) and item[0] == "at"


def _diagonal(printer: Printer, node: Node) -> str:
    k = statics_of(node.op, node.attr)["k"]
    return f", k={k}" if k else ""


def _endpoint(printer: Printer, node: Node) -> str:
    return "" if statics_of(node.op, node.attr)["endpoint"] else ", endpoint=False"


def _axis(printer: Printer, node: Node) -> str:
    axis = statics_of(node.op, node.attr)["axis"]
    return "" if axis is None else f", axis={axis}"


def _along(printer: Printer, node: Node) -> str:
    """The one axis that a gate goes along, where it is not that of a vector, nor the usual one."""
    axis, rank = along_one(node), len(node.args[0].shape)
    said = rank > 1 and axis != dict(node.op.statics)["axis"]
    keepdims = statics_of(node.op, node.attr).get("keepdims", False)
    return f", axis={axis}" * said + ", keepdims=True" * bool(keepdims)


def _offset(printer: Printer, node: Node) -> str:
    offset = statics_of(node.op, node.attr)["offset"]
    return f", {offset}" if offset else ""


def _new(printer: Printer, node: Node) -> str:
    """New axes as they stand in a subscript: `[:, None]`."""
    axis, rank = statics_of(node.op, node.attr)["axis"], len(node.shape)
    new = {each % rank for each in (axis if isinstance(axis, tuple) else (axis,))}
    if new == {rank - 1} and rank > 3:
        return "..., None"
    return ", ".join("None" if at in new else ":" for at in range(max(new) + 1))


def _into(printer: Printer, node: Node) -> str:
    """The sizes of a new shape."""
    return ", ".join(map(printer.dim, printer.dims.resolve(statics_of(node.op, node.attr)["shape"]))) or "()"


def _order(printer: Printer, node: Node) -> str:
    return ", ".join(map(str, statics_of(node.op, node.attr)["axes"]))


# Holes that several static parameters, or the surroundings, fill.
_HOLES: dict[str, Callable[[Printer, Node], str]] = {
    "*dtype": Printer._dtype,
    "*floats": Printer._floats,
    "*gather": Printer._gather,
    "*span": Printer._span,
    "*nested": Printer._nested,
    "*diagonal": _diagonal,
    "*endpoint": _endpoint,
    "*axis": _axis,
    "*offset": _offset,
    "*new": _new,
    "*into": _into,
    "*order": _order,
    "*along": _along,
}


def _is_written(node: Node) -> bool:
    """Whether a value is a number, or a list of them: at most as deep as an array has axes."""
    known = node.of if isinstance(node, Leaf) and node.of is not None else node
    return known.op in (const, size) or (known.op is stack and all(map(_is_written, known.args)))


constant = plain_number


def subscript(index: tuple[Any, ...]) -> str:
    """An index as it is written between brackets.

    >>> subscript((0, ("slice", 1, None, None), None, "..."))
    '0, 1:, None, ...'
    """
    return ", ".join(_item(item) for item in index)


def _item(item: Any) -> str:
    if not isinstance(item, tuple):
        return str(item)
    start, stop, step = ("" if part is None else str(part) for part in item[1:])
    return f"{start}:{stop}" + (f":{step}" if step else "")


_COSTS: dict[tuple[str, str], int] = {}


def form_cost(text: str, target: str) -> int:
    """Operations that a form adds to those of its arguments; a helper counts as its body."""
    key = (text, target)
    if key not in _COSTS:
        plain = re.sub(
            r"\{\*(?:statics|precision|dtype|floats|diagonal|endpoint|axis|along|offset|into|order)\}", "", text
        )
        plain = re.sub(r"\{\*?\w+(?::\w+)?\}", "x", plain)
        _COSTS[key] = count(plain, helper_costs(target))
    return _COSTS[key]


class _HelperCosts(dict[str, int]):
    """What a call of each helper costs, counted when it is first asked: few programs call more than one or two."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__()
        self.texts = texts

    def __contains__(self, name: object) -> bool:
        return name in self.texts

    def __missing__(self, name: str) -> int:
        self[name] = 1  # for one that calls itself
        self[name] = cost = count(self.texts[name], self)
        return cost


_HELPER_COSTS: dict[str, _HelperCosts] = {}


def helper_costs(target: str) -> Mapping[str, int]:
    """What a call of each helper of a target costs: what is in its body."""
    if target not in _HELPER_COSTS:
        _HELPER_COSTS[target] = _HelperCosts(TARGETS[target].helpers)
    return _HELPER_COSTS[target]
