"""A text in which places are replaced so that no line moves.

>>> text = Text("a = x*y\\nb = -a\\n")
>>> print(text.put(text.tree.body[0].value, "x + y"), end="")
a = (x + y)
b = -a
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gradc.base.syntax import expression_of, statements_of
from gradc.evidence.grade.reference import Array

Values = Mapping[str, Array]
# A value that is only handed on is seldom the mistaken one.
HANDED = 0.4
# The value of an element of an array stands under its name with this before it.
ELEMENT = "[]"
# Calls that a sum may be drawn through.
DOTS = ("dot", "mm", "matmul", "inner")
_LINEAR = {*DOTS, "sum", "mean", "outer", "reshape", "transpose", "add", "subtract", "concatenate", "hstack", "vstack",
           "stack", "array", "asarray", "copy", "t", "expand_dims", "squeeze", "einsum", "float"}  # fmt: skip


# On which side of the output a name is: a value of the program, or an adjoint.
FRONT, BACK = "front", "back"


class Edit(NamedTuple):
    """A text with one change, `new` in place of a node: what it says of the mistake, and how far-fetched it is."""

    line: int
    name: str
    word: str
    detail: str
    cost: float
    source: Text
    node: ast.AST | None = None
    new: str = ""
    added: tuple[int, ...] = ()
    times: tuple[tuple[int, float], ...] = ()

    @property
    def text(self) -> str:
        return self.source.text if self.node is None else self.source.put(self.node, self.new)

    def variant(self) -> dict[str, Any]:
        """What the process is asked to run."""
        return {"text": self.text, "added": list(self.added), "times": list(self.times)}


class Change(NamedTuple):
    """What stands in place of a node."""

    node: ast.AST
    new: str
    word: str
    detail: str
    cost: float


class Text:
    """A text with its tree, in which places are replaced so that no line moves."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = statements_of(text)
        self.lines = [line.encode() for line in text.splitlines(keepends=True)]
        self.starts = [0, *itertools.accumulate(map(len, self.lines))]
        self.whole = b"".join(self.lines)
        self.functions = {n.name for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef)}
        self.numbers = list(dict.fromkeys(_numbers(self.tree)))[:6]
        self.scopes: dict[ast.AST, ast.AST] = {}
        _scoped(self.tree, self.tree, self.scopes)
        self._atoms: dict[ast.AST, list[str]] = {}

    def span(self, node: ast.AST) -> tuple[int, int]:
        first, last = self.starts[node.lineno - 1], self.starts[node.end_lineno - 1]  # type: ignore[attr-defined]
        return first + node.col_offset, last + node.end_col_offset  # type: ignore[attr-defined]

    def of(self, node: ast.AST) -> str:
        a, b = self.span(node)
        return self.whole[a:b].decode()

    def put(self, node: ast.AST, new: str) -> str:
        a, b = self.span(node)
        if new.startswith("\0"):  # a part of a subscript, which takes no brackets
            return (self.whole[:a] + new[1:].encode() + self.whole[b:]).decode()
        gap = b"\n" * (self.whole[a:b].count(b"\n") - new.count("\n"))
        made = new.encode() if isinstance(node, ast.stmt) else b"(" + new.encode() + gap + b")"
        return (self.whole[:a] + made + self.whole[b:]).decode()

    # ---- names -----------------------------------------------------------------------------------

    def atoms(self, s: ast.AST) -> list[str]:
        """What a statement could have read: names, attributes and elements that stand in its function."""
        scope = self.scopes.get(s, self.tree)
        if scope not in self._atoms:
            found: dict[str, None] = {}
            for node in ast.walk(scope):
                if isinstance(node, ast.arg):
                    found.setdefault(node.arg)
                elif isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and atom_name(node):
                    found.setdefault(self.of(node))
            for node in self._attributes(scope):
                found.setdefault(self.of(node))
            self._atoms[scope] = list(found)
        return self._atoms[scope]

    def _attributes(self, scope: ast.AST) -> Iterator[ast.Attribute]:
        """What a method may read of its object: what any method of the class does."""
        for owner in ast.walk(self.tree):
            if isinstance(owner, ast.ClassDef) and scope in owner.body:
                for node in ast.walk(owner):
                    if isinstance(node, ast.Attribute) and atom_name(node) and ast.unparse(node.value) == "self":
                        yield node


class Statement:
    """A statement with the names that it could have read, and their values."""

    def __init__(self, text: Text, s: ast.stmt, values: Values, sides: Mapping[str, str]) -> None:
        self.text, self.s = text, s
        self.sides: dict[str, str] = {}
        self.roots = roots(s)
        self.values: dict[str, Array] = {}
        for each in text.atoms(s):
            atom = expression_of(each)
            name = atom_name(atom)
            inside = ELEMENT * depth_of(atom) + name
            key = inside if inside in values else name
            if key in values:
                self.values[ast.unparse(atom)] = values[key]
                self.sides[ast.unparse(atom)] = sides.get(name, "")

    def is_back(self, atom: str) -> bool:
        return self.sides.get(atom) == BACK

    def cross(self, one: str, other: str) -> bool:
        """Whether one name is a value of the program, and the other an adjoint."""
        return {self.sides.get(one), self.sides.get(other)} == {FRONT, BACK}

    def hands_on(self, root: ast.expr) -> bool:
        """Whether an expression is a mere name, or a call of a function of the text's own, and is not put into more."""
        if isinstance(self.s, ast.AugAssign) and root is self.s.value:
            return False
        if isinstance(self.s, ast.Assign) and isinstance(self.s.targets[0], ast.Subscript) and root is self.s.value:
            return isinstance(self.s.targets[0].slice, ast.Constant)
        if isinstance(root, ast.Call):
            called = root.func.attr if isinstance(root.func, ast.Attribute) else getattr(root.func, "id", "")
            return called in self.text.functions
        return bool(atom_name(root))

    def sizes(self) -> list[str]:
        """The lengths of what is at hand, as one writes them: a name before an expression, each number once."""
        found: dict[float, str] = {}
        for atom, value in self.values.items():
            if is_size(value):
                found.setdefault(float(value), atom)
        for atom, value in self.values.items():
            for axis in range(value.ndim):
                found.setdefault(value.shape[axis], f"{atom}.shape[{axis}]" if value.ndim > 1 else f"len({atom})")
        return [text for size, text in found.items() if size > 1]


def depth_of(atom: ast.AST) -> int:
    """How many numbers say which element a name is: 1 of `x[i]`, 2 of `x[i, j]`."""
    if not isinstance(atom, ast.Subscript) or isinstance(atom.slice, ast.Constant):
        return 0
    return len(atom.slice.elts) if isinstance(atom.slice, ast.Tuple) else 1


def atom_name(node: ast.AST) -> str:
    """What a mere name is called, as events call it: x of `self.x`, `c['x']`, `x[t - 1]`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        if node.attr in ("T", "shape", "size", "ndim", "dtype"):
            return ""
        return node.attr if isinstance(node.value, (ast.Name, ast.Attribute)) else ""
    if isinstance(node, ast.Subscript):
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return node.slice.value
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        numbers = all(isinstance(part, (ast.Name, ast.BinOp, ast.UnaryOp)) for part in parts)
        if numbers and isinstance(node.value, ast.Name):
            return node.value.id
    return ""


def _scoped(node: ast.AST, scope: ast.AST, out: dict[ast.AST, ast.AST]) -> None:
    todo = [(node, scope)]
    while todo:
        node, scope = todo.pop()
        inner = node if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else scope
        for child in ast.iter_child_nodes(node):
            out[child] = inner
            todo.append((child, inner))


def _numbers(tree: ast.AST) -> Iterator[float]:
    """The numbers of a text that are no whole ones."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and not node.value.is_integer():
            yield node.value


def is_length(node: ast.AST) -> bool:
    """Whether an expression is a length: `x.shape[0]`, `len(x)`, `x.size`."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "len"
    return isinstance(node, ast.Attribute) and node.attr == "size"


def roots(s: ast.stmt) -> list[ast.expr]:
    """The expressions of a statement that are values of their own."""
    if isinstance(s, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)) and s.value is not None:
        value = s.value
        if isinstance(value, (ast.Tuple, ast.List)) and value.elts:
            return [value, *value.elts]
        return [value]
    if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call):
        return [*s.value.args]
    if isinstance(s, (ast.If, ast.While)):
        return [s.test]
    return []


class Walked(NamedTuple):
    """A node with the one above it; whether the value is linear in it, and whether it stands inside a factor."""

    node: ast.AST
    above: ast.AST | None
    linear: bool
    deep: bool


def walked(root: ast.AST) -> Iterator[Walked]:
    """Every node; not into functions and formats."""
    todo = [Walked(root, None, True, False)]
    while todo:
        at = todo.pop()
        yield at
        product = isinstance(at.node, ast.BinOp) and isinstance(at.node.op, (ast.Mult, ast.Div, ast.MatMult))
        todo += [
            Walked(child, at.node, at.linear and _is_linear(at.node, child), at.deep or product)
            for child in ast.iter_child_nodes(at.node)
            if not isinstance(child, (ast.Lambda, ast.JoinedStr, ast.expr_context, ast.operator))
        ]


def _is_linear(node: ast.AST, child: ast.AST) -> bool:
    """Whether the negative of a part is the negative of the whole, but for other terms."""
    if isinstance(node, ast.BinOp):
        return not isinstance(node.op, ast.Pow)
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return called in _LINEAR
    if isinstance(node, ast.Subscript):
        return child is node.value
    return not isinstance(node, (ast.Compare, ast.BoolOp, ast.IfExp))


def terms(root: ast.expr) -> list[ast.expr]:
    """A sum and what it is the sum of."""
    found, todo = [root], [root]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            for side in (node.left, node.right):
                found.append(side)
                todo.append(side)
    return found[:8]


def factored(term: ast.expr) -> Iterator[ast.expr]:
    todo = [term]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            todo += [node.right, node.left]
        else:
            yield node


def tight(node: ast.AST) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.UnaryOp))


def short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:37] + "..."


def is_size(value: Array) -> bool:
    """Whether a value may be a length."""
    return not value.ndim and float(value).is_integer() and float(value) > 1


def reads_size(node: ast.AST) -> bool:
    return any(
        (isinstance(n, ast.Attribute) and n.attr in ("shape", "size")) or (isinstance(n, ast.Name) and n.id == "len")
        for n in ast.walk(node)
    )


def alike(a: Array, b: Array) -> bool:
    return (tuple(n for n in a.shape if n != 1) == tuple(n for n in b.shape if n != 1) and a.ndim > 0) or (
        not a.ndim and not b.ndim and is_size(a) == is_size(b)
    )
