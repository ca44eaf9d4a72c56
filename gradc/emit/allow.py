"""An emitted module held against what a module may consist of, before anyone runs it or writes it.

>>> verify("import numpy as np\\n\\ndef forward(x):\\n    return np.sin(x), (x,)\\n")
>>> verify("import os\\n")
Traceback (most recent call last):
    ...
ValueError: line 1 of the module: 'import os' may not stand in an emitted module
"""

from __future__ import annotations

import ast
import keyword
import re

# What straight-line passes and the helpers below them are made of, and nothing else.
_ALLOWED = frozenset({
    "Module", "FunctionDef", "arguments", "arg", "Return", "Assign", "AugAssign", "Expr", "If", "For", "With",
    "withitem", "Raise", "Try", "ExceptHandler", "Pass", "Continue", "Break", "Lambda", "BinOp", "UnaryOp", "Compare",
    "BoolOp", "IfExp", "Call", "keyword", "Attribute", "Subscript", "Slice", "Name", "Constant", "Tuple", "List",
    "Dict", "DictComp", "ListComp", "GeneratorExp", "comprehension", "JoinedStr", "FormattedValue", "Starred",
    "Load", "Store",
    "Add", "Sub", "Mult", "Div", "FloorDiv", "Mod", "Pow", "MatMult", "USub", "UAdd", "Not", "Invert", "Gt", "GtE",
    "Lt", "LtE", "Eq", "NotEq", "Is", "IsNot", "In", "NotIn", "And", "Or", "BitOr", "BitAnd", "Import", "alias",
    "ImportFrom", "ClassDef",
})  # fmt: skip

_MODULES = frozenset(
    "numpy math scipy concurrent.futures threading jax jax.numpy jax.scipy torch torch.autograd.function".split()
)

# A function beyond this size is read as tokens instead of as a tree: straight lines, linear and in C.
LARGE = 200_000

# From this size on the tokens are tried first: what they pass is never read as a tree.
LONG = 20_000

# Patterns, compiled when a long function needs them.
_TOKENS = (
    r"""(?:[A-Za-z_]\w*|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|[-+*/@%<>=!(),.:\[\]{}|&~ \n]"""
    r"""|"[^"\\\n]*"|\#[^\n]*)*"""
)
_STRAIGHT = frozenset("def if else elif return and or not None True False is in try except pass".split())
_CALLS = frozenset(
    "eval exec compile open getattr setattr delattr globals locals vars breakpoint input __import__".split()
)
_CALLED = r"(?<![.\w])(?:" + "|".join(sorted(_CALLS)) + r")\s*\("
_WORDS = r"[^\W\d]\w*"


def verify(text: str) -> None:
    """Raise ValueError, naming the line, if the module holds anything that an emitted module has no use for."""
    at = 0
    for part in re.split(r"\n\n\n(?=def |@|class )", text):
        long = len(part) > LONG and part.startswith("def ")
        if long and len(part) > LARGE:
            verify_lines(part, at)
        elif not long or _is_more_than_lines(part):
            _verify_tree(part, at)
        at += part.count("\n") + 3


def _verify_tree(text: str, before: int) -> None:
    stack: list[ast.AST] = [ast.parse(text)]
    while stack:
        node = stack.pop()
        if type(node).__name__ not in _ALLOWED:
            raise _refused(text, getattr(node, "lineno", 1), before)
        match node:
            case ast.Import(names=names) if any(alias.name not in _MODULES for alias in names):
                raise _refused(text, node.lineno, before)
            case ast.ImportFrom(module=module) if module not in _MODULES:
                raise _refused(text, node.lineno, before)
            case ast.Attribute(attr=word) if word.startswith("__"):
                raise _refused(text, node.lineno, before)
            case ast.Call(func=ast.Name(id=word)) if word in _CALLS:
                raise _refused(text, node.lineno, before)
        stack.extend(ast.iter_child_nodes(node))


def _refused(text: str, line: int, before: int) -> ValueError:
    shown = text.split("\n")[line - 1].strip()
    return ValueError(f"line {line + before} of the module: {shown!r} may not stand in an emitted module")


def verify_lines(text: str, before: int = 0) -> None:
    """The same for a long function: nothing but assignments of names, numbers, operators and calls."""
    if set(text) <= _PLAIN and not any(word in text for word in _SUSPECT):
        return
    found = re.match(_TOKENS, text)
    end = found.end() if found else 0
    words = set(re.findall(_WORDS, text))
    bad = None
    if not words.isdisjoint(_CALLS) or "__" in text:
        bad = re.search(_CALLED, text) or re.search(r"\.\s*__", text)
    if end == len(text) and not bad:
        if not words.isdisjoint(_KEYWORDS):
            words = set(re.findall(_WORDS, re.sub(_COMMENT, "", text)))
        words &= _KEYWORDS
        if not words:
            return
        end = next(match.start() for match in re.finditer(_WORDS, text) if match[0] in words)
    raise _refused(text, text.count("\n", 0, bad.start() if bad else end) + 1, before)


def _is_more_than_lines(text: str) -> bool:
    try:
        verify_lines(text)
    except ValueError:
        return True
    return False


_COMMENT = r"\#[^\n]*"
_KEYWORDS = frozenset(keyword.kwlist) - _STRAIGHT

# Text of these characters without any of these strings is names, numbers, operators and calls: read at C's speed.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ \n-+*/%<>=!(),.:[]{}|&~")
_SUSPECT = ("__", *sorted(_KEYWORDS | _CALLS))
