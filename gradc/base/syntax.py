"""Text of Python as a syntax tree, read by one thread at a time.

Python 3.11 and 3.12 count how deep they are in a tree that they build for all threads together, and raise a SystemError
where another one builds its own meanwhile.

>>> ast.unparse(expression_of("f(x)+ 1")), len(statements_of("a = 1\\nb = 2").body)
('f(x) + 1', 2)
"""

from __future__ import annotations

import ast
from threading import RLock

_ONE_AT_A_TIME = RLock()


def expression_of(text: str) -> ast.expr:
    """The tree of an expression; SyntaxError for anything else."""
    with _ONE_AT_A_TIME:
        return ast.parse(text, mode="eval").body


def statements_of(text: str) -> ast.Module:
    """The tree of a module's text."""
    with _ONE_AT_A_TIME:
        return ast.parse(text)


__all__ = ["expression_of", "statements_of"]
