"""A scalar program at a point -> its value and gradient from SymPy's derivative, in 50 digits.

The branches are decided at the point first, so that what is differentiated is one smooth formula.

>>> from .tree import Input, Node, Program
>>> x = Node("input", name="x")
>>> gradient(Program((Input("x", ()),), (), (Node("log", (x,)),)), {"x": 4.0})[1]
{'x': 0.25}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .interpret import Arithmetic, evaluate
from .tree import Node, Program
from .values import value

DIGITS = 50
LARGEST = 60  # operations; SymPy's derivative of more takes too long to be worth it

Symbolic = tuple[Any, float]  # the formula, and the number that decides branches


def number(x: float) -> Any:
    """A float as it is, to the last bit, but not as a fraction, whose powers have no end."""
    import sympy

    return sympy.Integer(int(x)) if x == int(x) and abs(x) < 1e9 else sympy.Float(x, DIGITS + 10)


def formulas() -> dict[str, Callable[..., Any]]:
    """Each gate in SymPy's words, from its definition."""
    import sympy as sp

    return {
        "neg": lambda x: -x,
        "exp": sp.exp,
        "expm1": lambda x: sp.exp(x) - 1,
        "log": sp.log,
        "log1p": lambda x: sp.log(1 + x),
        "log2": lambda x: sp.log(x) / sp.log(2),
        "log10": lambda x: sp.log(x) / sp.log(10),
        "sqrt": sp.sqrt,
        "square": lambda x: x**2,
        "sin": sp.sin,
        "cos": sp.cos,
        "tan": sp.tan,
        "asin": sp.asin,
        "acos": sp.acos,
        "atan": sp.atan,
        "sinh": sp.sinh,
        "cosh": sp.cosh,
        "tanh": lambda x: sp.tanh(x),
        "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
        "softplus": lambda x: sp.log(1 + sp.exp(x)),
        "erf": sp.erf,
        "erfc": sp.erfc,
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "pow": lambda x, y: x**y,
        "atan2": sp.atan2,
        "hypot": lambda x, y: sp.sqrt(x**2 + y**2),
    }


def gate(node: Node, args: tuple[Symbolic, ...], table: dict[str, Callable[..., Any]]) -> Symbolic:
    """A gate on formulas; kinked ones become the piece that the point lies on."""
    near = value(node, *(np.array(x) for _, x in args)).item()
    forms = [form for form, _ in args]
    if node.op in table:
        return table[node.op](*forms), near
    if node.op == "cbrt":
        import sympy as sp

        side = 1 if args[0][1] > 0 else -1
        return side * (side * forms[0]) ** sp.Rational(1, 3), near
    if node.op in ("abs", "relu"):
        return (forms[0] if args[0][1] > 0 else -forms[0] if node.op == "abs" else number(0.0)), near
    if node.op in ("maximum", "minimum"):
        return next(form for form, x in args if x == near), near
    return number(near), near  # a step


def formula(program: Program, inputs: Mapping[str, float]) -> Any:
    """The output as one formula of the inputs."""
    import sympy

    table = formulas()
    symbolic: Arithmetic[Symbolic] = Arithmetic(
        read=lambda name: (sympy.Symbol(name, real=True), inputs[name]),
        literal=lambda x: (number(x), float(x)),
        apply=lambda node, args: gate(node, args, table),
        holds=lambda pair: pair[1] != 0,
    )
    return evaluate(program, symbolic)[0][0]


def gradient(program: Program, inputs: Mapping[str, float]) -> tuple[float, dict[str, float]]:
    """Value and gradient at `inputs`, rounded to float at the very end."""
    import mpmath
    import sympy

    form = formula(program, inputs)
    symbols = [sympy.Symbol(item.name, real=True) for item in program.inputs]
    slopes = [sympy.diff(form, symbol) for symbol in symbols]

    def shared(forms: Any) -> Any:  # SymPy before 1.13 gives common parts the names of inputs
        return sympy.cse(forms, symbols=sympy.numbered_symbols("common_"), list=False)

    run = sympy.lambdify(symbols, [form, *slopes], modules="mpmath", cse=shared)
    with mpmath.workdps(DIGITS):
        out = run(*(mpmath.mpf(inputs[item.name]) for item in program.inputs))
        first, *rest = (float(mpmath.re(x)) for x in out)
    return first, dict(zip((item.name for item in program.inputs), rest, strict=True))
