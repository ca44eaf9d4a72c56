"""The workloads: a program, its inputs, and the hand-written code for it.

>>> sorted(scalars())
['MML', 'logistic 10', "notes' example"]
>>> written_rosenbrock(3)
'100.0*(x1 - x0**2)**2 + (1.0 - x0)**2 + 100.0*(x2 - x1**2)**2 + (1.0 - x1)**2'
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.bench import hand

NOTES = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
MML = "sqrt(x**2 + exp(x**2)) + cos(x**2 + exp(x**2))"
BLACK_SCHOLES = """sq = sqrt(T)
d1 = (log(S/K) + (r + 0.5*v**2)*T)/(v*sq)
d2 = d1 - v*sq
N1 = 0.5*(1.0 + erf(d1/1.4142135623730951))
N2 = 0.5*(1.0 + erf(d2/1.4142135623730951))
f = S*N1 - K*exp(-r*T)*N2"""
ROSENBROCK = "f = sum(100.0*(x[1:] - x[:-1]**2)**2 + (1.0 - x[:-1])**2)"
HELMHOLTZ = """bx = dot(b, x)
mix = sum(x*log(x/(1.0 - bx)))
q = dot(x, A @ x)
f = mix - q/(2.8284271247461903*bx)*log((1.0 + 2.414213562373095*bx)/(1.0 - 0.41421356237309515*bx))"""
REGRESSION = "m = t*(X @ w + b)\nf = mean(log(1.0 + exp(-m)))"
MLP = "H = relu(X @ W1 + b1)\nY = H @ W2 + b2\nf = mean((Y - T)**2)"


@dataclass(frozen=True, slots=True)
class Workload:
    """A program with inputs in its order, and what a careful person writes for it."""

    name: str
    program: str
    inputs: dict[str, Any]
    wrt: tuple[str, ...]
    hand: Callable[..., Any]
    value: Callable[..., Any]
    kind: str  # "scalar", "elementwise" or "tensor"
    loop: Callable[..., Any] | None = None

    @property
    def shapes(self) -> dict[str, tuple[int, ...]] | None:
        """What is declared."""
        return {name: np.shape(value) for name, value in self.inputs.items()} if self.kind == "tensor" else None


# ---- timed -------------------------------------------------------------------------------------------------------


def logistic_program(steps: int) -> str:
    """
    >>> logistic_program(2)
    'v1 = 4.0*x*(1.0 - x)\\nv2 = 4.0*v1*(1.0 - v1)\\nf = v2'
    """
    before = ["x", *(f"v{i}" for i in range(1, steps))]
    lines = [f"v{i} = 4.0*{v}*(1.0 - {v})" for i, v in enumerate(before, 1)]
    return "\n".join([*lines, f"f = v{steps}"])


def scalars() -> dict[str, Workload]:
    """Programs of a few numbers."""
    notes = Workload(
        "notes' example", f"f = {NOTES}", {"x": 3.0, "y": -4.0}, ("x", "y"), hand.notes, hand.notes_value, "scalar"
    )
    steps, program = (hand.logistic(10), hand.logistic_value(10)), logistic_program(10)
    logistic = Workload("logistic 10", program, {"x": 0.37}, ("x",), *steps, "scalar")
    mml = Workload("MML", f"f = {MML}", {"x": 0.8}, ("x",), hand.mml, hand.mml_value, "scalar")
    return {each.name: each for each in (notes, logistic, mml)}


def products() -> dict[str, Workload]:
    """Products of the elements of a vector, written out and as one gate."""
    found = {}
    for n in (10, 100, 1000):
        written = n < 1000
        name = f"product of {n}{', written out' * written}"
        program = f"f = {'*'.join(f'x[{i}]' for i in range(n)) if written else 'prod(x)'}"
        x = np.random.default_rng(0).uniform(0.95, 1.05, n)
        value = hand.product_value(n) if written else np.multiply.reduce
        found[name] = Workload(name, program, {"x": x}, ("x",), hand.product, value, "tensor")
    return found


def elementwise(n: int) -> dict[str, Workload]:
    """Programs of numbers, at many points at once."""
    draw = np.random.default_rng(0).uniform
    pair = {"x": draw(0.2, 2.0, n), "y": draw(-0.1, 2.0, n)}
    market = {
        "S": draw(80, 120, n), "K": draw(80, 120, n), "T": draw(0.2, 2.0, n), "v": draw(0.1, 0.5, n), "r": 0.03,
    }  # fmt: skip
    found = [
        Workload(
            "notes' example", f"f = {NOTES}", pair, ("x", "y"),
            hand.notes_array, hand.notes_array_value, "elementwise", hand.notes_loop,
        ),
        Workload(
            "Black-Scholes", BLACK_SCHOLES, market, ("S", "T", "v", "r"),
            hand.black_scholes, hand.black_scholes_value, "elementwise", hand.black_scholes_loop,
        ),
    ]  # fmt: skip
    return {each.name: each for each in found}


def rosenbrock(n: int) -> Workload:
    x = np.random.default_rng(0).uniform(-1.5, 1.5, n)
    return Workload(f"Rosenbrock {n}", ROSENBROCK, {"x": x}, ("x",), hand.rosenbrock, hand.rosenbrock_value, "tensor")


def helmholtz(n: int) -> Workload:
    draw = np.random.default_rng(0).uniform
    A = draw(0.0, 1.0, (n, n))
    inputs = {"x": draw(0.2, 0.8, n) / n, "b": draw(0.5, 1.0, n), "A": 0.5 * (A + A.T)}
    return Workload(f"Helmholtz {n}", HELMHOLTZ, inputs, ("x",), hand.helmholtz, hand.helmholtz_value, "tensor")


def regression(n: int, d: int) -> Workload:
    normal = np.random.default_rng(0).standard_normal
    inputs = {"X": normal((n, d)), "t": np.sign(normal(n)), "w": 0.3 * normal(d), "b": 0.1}
    return Workload(
        f"logistic regression {n}×{d}", REGRESSION, inputs, ("w", "b"), hand.regression, hand.regression_value, "tensor"
    )


def mlp(batch: int, wide: int, hidden: int, out: int) -> Workload:
    normal = np.random.default_rng(0).standard_normal
    inputs = {
        "X": normal((batch, wide)), "W1": normal((wide, hidden)) / wide**0.5, "b1": 0.1 * normal(hidden),
        "W2": normal((hidden, out)) / hidden**0.5, "b2": 0.1 * normal(out), "T": normal((batch, out)),
    }  # fmt: skip
    wrt = ("W1", "b1", "W2", "b2")
    return Workload(f"MLP {batch}, {wide}-{hidden}-{out}", MLP, inputs, wrt, hand.mlp, hand.mlp_value, "tensor")


def vectors() -> dict[str, Workload]:
    """Programs of vectors and matrices."""
    found = [
        *(rosenbrock(n) for n in (10, 100, 1000)),
        *(helmholtz(n) for n in (10, 30, 100)),
        regression(1000, 20),
        mlp(64, 128, 256, 64),
        mlp(256, 128, 256, 64),
        mlp(64, 256, 128, 10),
    ]
    return {each.name: each for each in found}


# ---- counted and compiled, not timed -----------------------------------------------------------------------------


def written_rosenbrock(n: int) -> str:
    """Rosenbrock's function, term by term."""
    return " + ".join(f"100.0*(x{i + 1} - x{i}**2)**2 + (1.0 - x{i})**2" for i in range(n - 1))


def written_helmholtz(n: int) -> str:
    """Helmholtz energy, term by term, with the constants as numbers."""
    inputs = helmholtz(n).inputs
    names = [f"x{i}" for i in range(n)]

    def dot(numbers: Any) -> str:
        return " + ".join(f"{float(c)!r}*{x}" for c, x in zip(numbers, names, strict=True))

    return "\n".join(
        [
            f"bx = {dot(inputs['b'])}",
            "om = 1.0 - bx",
            f"mix = {' + '.join(f'{x}*log({x}/om)' for x in names)}",
            *(f"a{i} = {dot(row)}" for i, row in enumerate(inputs["A"])),
            f"q = {' + '.join(f'{x}*a{i}' for i, x in enumerate(names))}",
            HELMHOLTZ.splitlines()[-1],
        ]
    )


def wide(n: int) -> str:
    """
    >>> wide(2)
    'sin(x0*x1)*exp(-x0**2) + sin(x1*x2)*exp(-x1**2)'
    """
    return " + ".join(f"sin(x{i}*x{i + 1})*exp(-x{i}**2)" for i in range(n))


# What a term of `distinct` may be: shapes with holes for the numbers, the inputs and two functions.
SHAPES = (
    "{0}*{f}({1}*{x}*{y})*{g}(-{2}*{x}**2)",
    "{f}({x} + {0})*{y}**2",
    "({f}({0}*{x}) - {1}*{y})**2",
    "{0}*{x}/(1.0 + {1}*{y}**2)",
    "{f}({0}*{x} + {1}*{y})",
    "{0}*{x}*{f}({1}*{y})*{x}",
)
FUNCTIONS = ("sin", "cos", "exp", "tanh", "atan")


def distinct_terms(n: int) -> list[tuple[str, dict[str, Any]]]:
    """Terms that are unlike each other: a shape, its functions and its numbers are drawn for each."""
    draw = random.Random(0)
    found = []
    for i in range(n):
        numbers = [round(draw.uniform(0.5, 1.5), 3) for _ in range(3)]
        shape = draw.choice(SHAPES)
        found.append((shape, {"numbers": numbers, "f": draw.choice(FUNCTIONS), "g": draw.choice(FUNCTIONS), "i": i}))
    return found


def distinct(n: int) -> str:
    """A sum of terms that are unlike each other."""
    return " + ".join(
        shape.format(*at["numbers"], f=at["f"], g=at["g"], x=f"x{at['i']}", y=f"x{at['i'] + 1}")
        for shape, at in distinct_terms(n)
    )


def by_elements(text: str) -> str:
    """A program of x0, x1, … as one of the elements of x.

    >>> by_elements(written_rosenbrock(2))
    '100.0*(x[1] - x[0]**2)**2 + (1.0 - x[0])**2'
    """
    return re.sub(r"\bx(\d+)\b", r"x[\1]", text)


def deep(n: int) -> str:
    """
    >>> deep(4)
    'sin(tanh(1.1*(sin(x))))'
    """
    return "".join(("sin(", "tanh(", "1.1*(")[i % 3] for i in range(n)) + "x" + ")" * n
