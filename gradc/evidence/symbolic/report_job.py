"""The job of `gradc report`: value and gradient as SymPy has them, each form with its text or only its size.

Answers: the symbolic form; the size of the expanded form; the symbolic form after `sympy.cse`; and, if it can be built,
the expanded form itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradc.evidence.symbolic.digits import flat
from gradc.evidence.symbolic.elements import run
from gradc.evidence.symbolic.expanded import expanded_size
from gradc.evidence.symbolic.expressions import Derivatives, Expr, Expressions, parts
from gradc.evidence.symbolic.python import Piece, Sized
from gradc.evidence.symbolic.steps import Written

Answers = Iterator[dict[str, Any]]

# Expressions of more operations are not tried: expanding one takes longer than anyone waits.
EXPANDABLE = 200_000
# The exponents of more factors than this are not counted with.
COUNTABLE = 500
# Numbers in an answer end here, where JSON's readers do.
LARGEST = 10**4000
# A longer text is not sent.
LONGEST = 2_000_000


def forms(job: Mapping[str, Any]) -> Answers:
    """Every form, in the order in which they grow difficult."""
    began = time.perf_counter()
    algebra = Expressions()
    program = Written.of(job["program"])
    symbols = algebra.inputs(program)
    named, lines = _value_and_gradient(algebra, program, symbols, job["wrt"], job["outputs"])
    pieces = _sized(lines)
    inputs = [symbol.name for name in symbols for symbol in flat(symbols[name])]
    answer = _answer(named, pieces, time.perf_counter() - began)
    yield {"form": "symbolic", "inputs": inputs, "outputs": named, **answer}
    if sum(not node.is_Add and not node.is_Mul for node in parts(lines)) <= COUNTABLE:
        size = expanded_size(lines)
        yield {"form": "expanded", "ops": min(size.ops, LARGEST), "how": size.how}
    began = time.perf_counter()
    replaced, rest = _cse(lines)
    steps = [symbol.name for symbol, _ in replaced]
    both = [*(expression for _, expression in replaced), *rest]
    yield {"form": "cse", **_answer([*steps, *named], _sized(both), time.perf_counter() - began)}
    if job["expand"] and sum(piece.ops for piece in pieces) <= EXPANDABLE:
        began = time.perf_counter()
        expanded = [algebra.sympy.expand(line) for line in lines]
        yield {"form": "built", **_answer(named, _sized(expanded), time.perf_counter() - began)}


def _value_and_gradient(
    algebra: Expressions, program: Written, symbols: Mapping[str, Any], wrt: Sequence[str], outputs: Sequence[str]
) -> tuple[list[str], list[Expr]]:
    """Each number of the outputs and of the gradient, and what it is called."""
    taken = {symbol.name for name in symbols for symbol in flat(symbols[name])}
    numbers = _numbers(outputs, run(program, symbols, algebra))
    values = {_free(f"{name}_{k}" if several else name, taken): value for name, k, several, value in numbers}
    whole = algebra.total(list(values.values()))  # upstream adjoints of 1
    wanted = [symbol for name in wrt for symbol in flat(symbols[name])]
    derivatives = Derivatives(whole, wanted)
    gradient = {_free(f"d{symbol.name}", taken): derivatives.of(symbol) for symbol in wanted}
    named = {**values, **gradient}
    return list(named), list(named.values())


def _free(name: str, taken: set[str]) -> str:
    """A name that nothing else has."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _numbers(outputs: Sequence[str], values: Sequence[Any]) -> Iterator[tuple[str, int, bool, Expr]]:
    for name, value in zip(outputs, values, strict=True):
        numbers = flat(value)
        for k, number in enumerate(numbers):
            yield name, k, len(numbers) > 1, number


def _cse(lines: Sequence[Expr]) -> tuple[list[tuple[Expr, Expr]], list[Expr]]:
    """SymPy's common subexpressions. Its order only sorts what is printed, in a time that grows with the tree."""
    import sympy

    taken = {node.name for node in parts(lines) if node.is_Symbol}
    names = (symbol for symbol in sympy.numbered_symbols("t") if symbol.name not in taken)
    found: tuple[list[tuple[Expr, Expr]], list[Expr]] = sympy.cse(lines, symbols=names, order="none")
    return found


def _sized(lines: Sequence[Expr]) -> list[Piece]:
    sized = Sized()
    return [sized.of(line) for line in lines]


def _answer(names: Sequence[str], pieces: Sequence[Piece], seconds: float) -> dict[str, Any]:
    """A form as lines of Python, `name = expression`, and their size."""
    chars = sum(piece.chars + len(name) + 4 for name, piece in zip(names, pieces, strict=True)) - 1
    lines = [f"{name} = {piece.text}" for name, piece in zip(names, pieces, strict=True) if piece.text is not None]
    return {
        "ops": min(sum(piece.ops for piece in pieces), LARGEST),
        "chars": min(chars, LARGEST),
        "statements": len(names),
        "seconds": seconds,
        "text": "\n".join(lines) if len(lines) == len(pieces) and chars <= LONGEST else None,
    }
