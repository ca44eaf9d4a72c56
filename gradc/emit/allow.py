"""An emitted module held against what a module may consist of, before anyone runs it or writes it.

>>> verify("import numpy as np\\n\\ndef forward(x):\\n    return np.sin(x), (x,)\\n")
>>> verify("import os\\n")
Traceback (most recent call last):
    ...
ValueError: line 1 of the module: 'import os' may not stand in an emitted module
"""

from __future__ import annotations

import ast
import re

# What straight-line passes and the helpers above them are made of, and nothing else.
_ALLOWED = frozenset({
    "Module", "FunctionDef", "arguments", "arg", "Return", "Assign", "AugAssign", "Expr", "If", "For", "With", "withitem", "Raise", "Try",
    "ExceptHandler", "Pass", "Continue", "Break", "Lambda", "BinOp", "UnaryOp", "Compare", "BoolOp", "IfExp", "Call", "keyword", "Attribute", "Subscript",
    "Slice", "Name", "Constant", "Tuple", "List", "Dict", "ListComp", "GeneratorExp", "comprehension", "JoinedStr", "FormattedValue", "Starred",
    "Load", "Store", "Del", "Delete", "Add", "Sub", "Mult", "Div", "FloorDiv", "Mod", "Pow", "MatMult", "USub", "UAdd", "Not", "Invert", "Gt", "GtE", "Lt",
    "LtE", "Eq", "NotEq", "Is", "IsNot", "In", "NotIn", "And", "Or", "BitOr", "BitAnd", "Import", "alias", "ImportFrom", "While",
})  # fmt: skip

_MODULES = frozenset({"numpy", "math", "concurrent.futures", "threading", "os"} - {"os"})

# Beyond this size the lines of the passes are read as tokens instead of as a tree: same grammar, linear in C.
LARGE = 400_000

_TOKENS = re.compile(
    r"""(?:[A-Za-z_]\w*|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|[-+*/@%<>=!(),.:\[\]{}|&~ \n]|"[^"\\\n]*"|\#[^\n]*)*""", re.ASCII
)
_NAMES = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_FORBIDDEN = frozenset({"eval", "exec", "compile", "open", "getattr", "setattr", "globals", "locals", "vars", "breakpoint", "input", "class", "yield",
                        "async", "await", "global", "nonlocal", "while"})  # fmt: skip


def verify(text: str) -> None:
    """Raise ValueError, naming the line, if the module holds anything that an emitted module has no use for."""
    if len(text) > LARGE:
        _verify_tokens(text)
        return
    tree = ast.parse(text)
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if type(node).__name__ not in _ALLOWED:
            raise _refused(text, node)
        match node:
            case ast.Import(names=names):
                if any(alias.name not in _MODULES for alias in names):
                    raise _refused(text, node)
            case ast.ImportFrom(module=module):
                if module not in _MODULES:
                    raise _refused(text, node)
            case ast.Attribute(attr=word) | ast.Name(id=word):
                if word in _FORBIDDEN or (word.startswith("__") and word.endswith("__")):
                    raise _refused(text, node)
        stack.extend(ast.iter_child_nodes(node))


def _refused(text: str, node: ast.AST) -> ValueError:
    at = getattr(node, "lineno", 1)
    return ValueError(f"line {at} of the module: {text.split(chr(10))[at - 1].strip()!r} may not stand in an emitted module")


def _verify_tokens(text: str) -> None:
    """The same for a long module: the head as a tree, the straight lines as tokens."""
    body = text[_end_of_docstring(text) :]
    end = _TOKENS.match(body)
    if end is None or end.end() != len(body):
        at = body.count("\n", 0, end.end() if end else 0)
        raise ValueError(f"line {at + text.count(chr(10), 0, len(text) - len(body)) + 1} of the module may not stand in an emitted module")
    words = set(_NAMES.findall(body))
    bad = sorted(word for word in words if word in _FORBIDDEN or (word.startswith("__") and word.endswith("__")))
    if bad:
        raise ValueError(f"{bad[0]!r} may not stand in an emitted module")


def _end_of_docstring(text: str) -> int:
    at = text.find('\n"""\n', 3)
    return at + 5 if text.startswith('"""') and at >= 0 else 0
