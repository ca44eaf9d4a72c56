"""Print forms: how a gate is written, as plain text whose precedences follow from the text itself.

>>> form = Form("{x} + {y}")
>>> form.precedence == ADD, form.pieces
(True, (('', 'x', 9), (' + ', 'y', 10), ('', '', 0)))
>>> Form("erf({x})").helpers, Form("np.exp({x})").helpers, Form("abs({x})").helpers
(('erf',), (), ())
"""

from __future__ import annotations

import ast
import builtins
import re
from functools import cache

from gradc.base.syntax import expression_of

# Python's own precedences, lowest to highest, as the operand printer compares them.
PRECEDENCE = {
    "any": 0, "cond": 1, "or": 2, "and": 3, "not": 4, "compare": 5, "add": 9, "mul": 10, "unary": 11, "pow": 12,
    "atom": 14, "subscript": -1, "dims": -2,
}  # fmt: skip

# The ones that printers compare most.
ADD, MUL, UNARY, ATOM = (PRECEDENCE[kind] for kind in ("add", "mul", "unary", "atom"))

# (text before, what goes into the hole, the least precedence that it takes without parentheses)
Piece = tuple[str, str, int]

# What stands for further arguments of a call, each after a comma, and is nothing where there are none.
MORE = ("*statics", "*precision", "*dims", "*dtype", "*floats", "*diagonal", "*endpoint", "*axis", "*along")


class Form:
    """How a gate is written in a target: text with a hole `{x}` for each parameter.

    A static parameter may say in which way it is written: `{index:subscript}`, `{shape:dims}`.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Form({self.text!r})"

    @property
    def precedence(self) -> int:
        """How tightly the whole binds."""
        return _read(self.text)[0]

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The holes with the text before each, and a last literal."""
        return _read(self.text)[1]

    @property
    def helpers(self) -> tuple[str, ...]:
        """The helpers that it calls: what is neither a function of a module nor Python's own."""
        return _read(self.text)[2]


_HOLE = re.compile(r"\{(\*?\w+)(?::(\w+))?\}")
_BUILTIN = frozenset(dir(builtins))


@cache
def _read(text: str) -> tuple[int, tuple[Piece, ...], tuple[str, ...]]:
    holes = list(_HOLE.finditer(text))
    plain, at = "", 0
    for number, hole in enumerate(holes):
        plain += text[at : hole.start()] + ("" if hole[1] in MORE else f"hole_{number}_")
        at = hole.end()
    try:
        precedence, least, called = _bindings(plain + text[at:])
    except SyntaxError:
        precedence, least, called = _as_atoms(plain + text[at:])
    pieces, at = [], 0
    for number, hole in enumerate(holes):
        enclosed = text[hole.start() - 1 : hole.start()] == "(" and text[hole.end() : hole.end() + 1] == ")"
        kind = hole[2] or ("any" if enclosed else least.get(f"hole_{number}_", "any"))
        pieces.append((text[at : hole.start()], hole[1], PRECEDENCE[kind]))
        at = hole.end()
    return PRECEDENCE[precedence], (*pieces, (text[at:], "", 0)), tuple(called)


_BINARY: dict[type[ast.operator], tuple[str, str, str]] = {
    # the whole, its left operand, its right operand
    ast.Add: ("add", "add", "mul"), ast.Sub: ("add", "add", "mul"), ast.Mult: ("mul", "mul", "unary"),
    ast.Div: ("mul", "mul", "unary"), ast.MatMult: ("mul", "mul", "unary"), ast.Pow: ("pow", "atom", "unary"),
    ast.Mod: ("mul", "mul", "unary"), ast.FloorDiv: ("mul", "mul", "unary"),
}  # fmt: skip


def _bindings(text: str) -> tuple[str, dict[str, str], dict[str, None]]:
    """The precedence of an expression, of each name in it what its place asks for, and the helpers that it calls.

    Minus is as loose as a product, whose sign it is: `-x*y` needs no parentheses.
    """
    tree = expression_of(text)
    least: dict[str, str] = {}
    called: dict[str, None] = {}
    todo: list[tuple[ast.AST, str]] = [(tree, "any")]
    while todo:
        node, wanted = todo.pop()
        match node:
            case ast.Name(id=name):
                least[name] = wanted
            case ast.BinOp(left=x, op=kind, right=y):
                _, left, right = _BINARY[type(kind)]
                todo += [(x, left), (y, right)]
            case ast.UnaryOp(op=ast.Not(), operand=x):
                todo.append((x, "not"))
            case ast.UnaryOp(operand=x):
                todo.append((x, "mul"))
            case ast.Compare(left=x, comparators=others):
                todo += [(each, "add") for each in (x, *others)]
            case ast.BoolOp(op=ast.Or(), values=[x, *others]):
                todo += [(x, "or"), *((each, "and") for each in others)]
            case ast.BoolOp(values=[x, *others]):
                todo += [(x, "and"), *((each, "not") for each in others)]
            case ast.IfExp(test=c, body=x, orelse=y):
                todo += [(x, "or"), (c, "or"), (y, "cond")]
            case ast.Attribute(value=x):
                todo.append((x, "atom"))
            case ast.Subscript(value=x, slice=index):
                todo += [(x, "atom"), (index, "any")]
            case ast.Call(func=ast.Name(id=name)) if name not in _BUILTIN and not name.startswith("hole_"):
                called[name] = None
                todo += [(each, "any") for each in (*node.args, *(keyword.value for keyword in node.keywords))]
            case _:
                todo += [(each, "any") for each in ast.iter_child_nodes(node)]
    return _kind(tree), least, called


def _as_atoms(text: str) -> tuple[str, dict[str, str], dict[str, None]]:
    """The same of a text that is not Python's: nothing in it binds looser than a name, and all of it looser than any.

    >>> Form("({c} ? {x} : {y})").pieces[1], Form("{x} ? 1 : f({y})").helpers
    ((' ? ', 'x', 14), ('f',))
    """
    whole = text.startswith("(") and text.endswith(")")
    return (
        "atom" if whole else "any",
        dict.fromkeys(re.findall(r"hole_\d+_", text), "atom"),
        dict.fromkeys(re.findall(r"(?<![\w.])([A-Za-z_]\w*)(?=\()", text)),
    )


def _kind(node: ast.expr) -> str:
    match node:
        case ast.BinOp(op=kind):
            return _BINARY[type(kind)][0]
        case ast.UnaryOp(op=ast.Not()):
            return "not"
        case ast.UnaryOp():
            return "mul"
        case ast.Compare():
            return "compare"
        case ast.BoolOp(op=ast.Or()):
            return "or"
        case ast.BoolOp():
            return "and"
        case ast.IfExp():
            return "cond"
    return "atom"
