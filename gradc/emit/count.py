"""Operations, counted on Python text: one rule for emitted modules and for printed SymPy.

One for every arithmetic operator and comparison, call, conditional and `+=`; a call of a function that
the text defines counts as what is in that function's body. Names, constants (as they were written: `2*np.pi`,
`math.log(2)`), a minus on a literal, indexing and packing are free.

>>> count("f = (x + exp(-y))/2 - -3"), count("dx += t if x > 0 else 0.0")
(5, 3)
>>> count("y = g(x) + 1", {"g": 4}), count("y = x/math.sqrt(2*math.pi)")
(5, 1)
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from gradc.base.syntax import statements_of

# A number that is written with more levels than this is counted as what it is: so a walk stays linear.
DEEPEST = 8


def count(text: str, helpers: Mapping[str, int] | None = None) -> int:
    """The number of operations in a piece of Python text; `helpers` gives the cost of a call by name."""
    return count_tree(statements_of(text), {} if helpers is None else helpers)


def is_number(tree: ast.AST, depth: int = DEEPEST) -> bool:
    """Whether a tree is a number as it was written: literals and pi, with operators and functions of `math`."""
    if depth == 0:
        return False
    match tree:
        case ast.Constant():
            return True
        case ast.Attribute(value=ast.Name(), attr="pi"):
            return True
        case ast.UnaryOp(op=ast.USub(), operand=x):
            return is_number(x, depth - 1)
        case ast.BinOp(left=x, right=y):
            return is_number(y, depth - 1) and is_number(x, depth - 1)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="math")), args=args):
            return bool(args) and all(is_number(x, depth - 1) for x in args)
    return False


def count_tree(tree: ast.AST, helpers: Mapping[str, int]) -> int:
    """The number of operations below a node of a syntax tree."""
    total = 0
    stack = [tree]
    while stack:
        node = stack.pop()
        if is_number(node):
            continue
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
