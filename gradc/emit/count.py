"""Operations, counted on Python text: one rule for emitted modules and for printed SymPy.

One for every arithmetic operator and comparison, call, conditional and `+=`; a call of a function that
the text defines counts as what is in that function's body. Names, constants, a minus on a literal,
indexing and packing are free.

>>> count("f = (x + exp(-y))/2 - -3"), count("dx += t if x > 0 else 0.0")
(5, 3)
>>> count("y = g(x) + 1", {"g": 4})
5
"""

from __future__ import annotations

import ast
from collections.abc import Mapping


def count(text: str, helpers: Mapping[str, int] | None = None) -> int:
    """The number of operations in a piece of Python text; `helpers` gives the cost of a call by name."""
    return count_tree(ast.parse(text), {} if helpers is None else helpers)


def count_tree(tree: ast.AST, helpers: Mapping[str, int]) -> int:
    """The number of operations below a node of a syntax tree."""
    total = 0
    stack = [tree]
    while stack:
        node = stack.pop()
        stack.extend(ast.iter_child_nodes(node))
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in helpers:
                total += helpers[name]
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()) | ast.UnaryOp(op=ast.Not()):
                pass
            case ast.BinOp() | ast.UnaryOp() | ast.Call() | ast.IfExp() | ast.If() | ast.AugAssign():
                total += 1
            case ast.Compare(ops=ops):
                total += len(ops)
    return total
