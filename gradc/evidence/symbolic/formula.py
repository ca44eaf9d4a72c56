"""The `sympy` facts of the table: each gate's independent formula, from text into postfix instructions.

A formula is written over the entry's parameters and static parameters. Its words are those of SymPy for numbers
(`exp`, `Max`, `Piecewise`, `Rational`) and NumPy's for arrays (`sum(x, axis, keepdims)`, `@`, `det`); where an entry
has no fact, its formula is its own name, called with all of its parameters.

>>> formula("1/(1 + exp(-x))")
(('const', 1), ('const', 1), ('name', 'x'), ('call', 'neg', 1), ('call', 'exp', 1), ('call', '+', 2), ('call', '/', 2))
>>> from gradc.ops import lookup
>>> fact(lookup("hypot")), fact(lookup("sum"))
('sqrt(x**2 + y**2)', 'sum(x, axis, keepdims)')
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Any

from gradc.base.syntax import expression_of
from gradc.ops.table import Op

# One instruction: ("name", parameter), ("const", value), or ("call", word, argument count).
Instruction = tuple[Any, ...]

_SYMBOLS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@",
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


def fact(entry: Op) -> str:
    """The formula of an entry: its own fact, or its name called with its parameters."""
    return entry.test.sympy or f"{entry.name}({', '.join([*entry.params, *(key for key, _ in entry.statics)])})"


@lru_cache(maxsize=4096)
def formula(text: str) -> tuple[Instruction, ...]:
    """A formula's text as instructions in postfix order. Raises ValueError for what is not a formula."""
    out: list[Instruction] = []
    todo: list[ast.expr] = [_expression(text)]
    while todo:  # parents are written before their arguments, and the whole is reversed at the end
        node = todo.pop()
        match node:
            case ast.Constant(value=value):
                out.append(("const", value))
            case ast.Name(id="pi"):
                out.append(("call", "acos", 1))
                todo.append(ast.Constant(-1))
            case ast.Name(id=name):
                out.append(("name", name))
            case ast.UnaryOp(op=ast.USub(), operand=x):
                out.append(("call", "neg", 1))
                todo.append(x)
            case ast.BinOp(left=x, op=kind, right=y) | ast.Compare(left=x, ops=[kind], comparators=[y]):
                if type(kind) not in _SYMBOLS:
                    raise ValueError(f"{text!r} is not a formula")
                out.append(("call", _SYMBOLS[type(kind)], 2))
                todo += [x, y]
            case ast.Call(func=ast.Name(id=word), args=args, keywords=[]):
                flat = [part for arg in args for part in (arg.elts if isinstance(arg, ast.Tuple) else [arg])]
                out.append(("call", word, len(flat)))
                todo += flat
            case _:
                raise ValueError(f"{text!r} is not a formula")
    return tuple(reversed(out))


def _expression(text: str) -> ast.expr:
    try:
        return expression_of(text)
    except SyntaxError:
        raise ValueError(f"{text!r} is not a formula") from None
