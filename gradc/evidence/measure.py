"""Emitted modules and printed formulas into figures: operations, statements, characters, seconds a call.

>>> import gradc
>>> measured_module(gradc.compile("x*y + 1", target="math", style="fast").source)
Figures(operations=2, statements=1, characters=34)
"""

from __future__ import annotations

import ast
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gradc.base.syntax import statements_of
from gradc.emit.count import count_tree

Call = Callable[[], Any]

# Lines that look at the types of inputs, bring them into shape or take the cache apart are no part of the passes.
_CONVERSIONS = {"float", "as_float", "as_floats", "as_array", "as_number", "as_index", "as_df"}
NEWLINE = ord("\n")
# Seconds that one timing may take, and how many there are.
SHARE, REPEATS = 0.02, 5


@dataclass(frozen=True, slots=True)
class Figures:
    """The size of straight-line text."""

    operations: int
    statements: int
    characters: int


def measured_module(source: str) -> Figures:
    """The passes of an emitted module: its fused function if it has one, else forward and backward."""
    tree = statements_of(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    fused = functions["value_and_grad"]
    passes = {"forward", "backward"}
    if any(isinstance(node, ast.Name) and node.id == "forward" for node in ast.walk(fused)):
        fused_body = [statement for name in sorted(passes, reverse=True) for statement in functions[name].body]
    else:
        fused_body = fused.body
    helpers: dict[str, int] = {}
    for name, function in functions.items():
        if name not in {*passes, "value_and_grad"}:
            helpers[name] = sum(count_tree(statement, helpers) for statement in function.body)
    inside = [part for each in fused_body for part in (each.body if isinstance(each, ast.Try) else [each])]
    kept = [statement for statement in inside if not _is_frame(statement)]
    operations = sum(count_tree(statement, helpers) for statement in kept)
    return Figures(operations, len(kept), _characters(source, kept))


def _characters(source: str, statements: Sequence[ast.stmt]) -> int:
    """The characters of statements, without what stands around them. The parser counts in bytes."""
    data = source.encode()
    starts = [0, *(at + 1 for at, byte in enumerate(data) if byte == NEWLINE)]
    total = max(len(statements) - 1, 0)
    for each in statements:
        start = starts[each.lineno - 1] + each.col_offset
        end = starts[(each.end_lineno or each.lineno) - 1] + (each.end_col_offset or 0)
        total += len(data[start:end].decode())
    return total


def _is_frame(statement: ast.stmt) -> bool:
    """Whether a statement only converts inputs, or takes the cache apart."""
    match statement:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=test):
            return any(isinstance(node, ast.Name) and node.id == "type" for node in ast.walk(test))
        case ast.Assign(value=ast.Name()):
            return isinstance(statement.targets[0], ast.Tuple)
        case ast.Assign(value=ast.Tuple(elts=elements)):
            return all(map(_converts, elements))
        case ast.Assign(value=value):
            return _converts(value)
    return False


def _converts(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in _CONVERSIONS


def seconds_a_call(calls: Sequence[Call | None]) -> list[float | None]:
    """The least time that each call takes, measured in turns; None for one that fails.

    `math` fails outside a function's domain, and SymPy's forms where they name a function that it lacks.

    >>> seconds_a_call([None, lambda: 1/0])
    [None, None]
    """
    once = [None if call is None else _timed(call, 1) for call in calls]
    best = list(once)
    for _ in range(REPEATS):
        for k, (call, seconds) in enumerate(zip(calls, once, strict=True)):
            if call is not None and seconds is not None and seconds < SHARE:
                again = _timed(call, max(1, int(SHARE / REPEATS / max(seconds, 1e-9))))
                best[k] = min(best[k] or math.inf, again or math.inf)
    return best


def _timed(call: Call, times: int) -> float | None:
    try:
        began = time.perf_counter()
        for _ in range(times):
            call()
    except (ArithmeticError, AttributeError, ValueError, TypeError, RecursionError):
        return None
    return (time.perf_counter() - began) / times


def runnable(text: str, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """Lines of SymPy's as a module with a function of their own."""
    body = "".join(f"    {line}\n" for line in text.split("\n"))
    return f"import math\n\n\ndef value_and_grad({', '.join(inputs)}):\n{body}    return {', '.join(outputs)},\n"
