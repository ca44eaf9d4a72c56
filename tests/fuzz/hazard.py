"""A seed -> a program whose branches not taken lie outside their domains, with points on every side.

`where(x > 0, log(x), 0)` has a value and a derivative at -1, and whoever computes the logarithm there has to hide what
comes of it. The oracle takes one branch per point and never looks at the other. A point is kept only if
the branch taken is clean there: so any NaN, infinity or warning of the compiled program is its own.

>>> case = hazard(2)
>>> len({x.shape for x in case.inputs.values()}), case.mode
(1, 'hazard')
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .draft import NAMES, WORDS
from .generate import Case, lift, reaches_input
from .interpret import derivative
from .tree import CONDITIONS, Input, Layout, Node, Program, Statement, const, nodes, pruned, rebuilt, ref
from .values import Array

POINTS = 60  # drawn
KEPT = 9  # at most
SPECIAL = [0.0, 0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 40.0, -40.0]
HUGE = 1e100  # a result beyond it is thrown away

Guarded = tuple[Node, Node]  # a test, and what is safe where it holds


def n(op: str, *args: Node | float, spelling: str = "") -> Node:
    """A scalar gate."""
    return Node(op, tuple(const(arg) if isinstance(arg, (int, float)) else arg for arg in args), spelling=spelling)


HAZARDS: list[Callable[[Node, Node], Guarded]] = [
    lambda u, v: (n("gt", u, 0), n("log", u)),
    lambda u, v: (n("gt", u, 0), n("mul", u, n("log", u))),
    lambda u, v: (n("gt", u, 0), n("log2", u)),
    lambda u, v: (n("gt", u, 0), n("pow", n("log10", u), 2)),
    lambda u, v: (n("gt", u, 0), n("sqrt", u)),
    lambda u, v: (n("gt", u, 0), n("pow", u, 1.5)),
    lambda u, v: (n("gt", u, 0), n("pow", u, 0.5)),
    lambda u, v: (n("gt", u, 0), n("pow", u, -0.5)),
    lambda u, v: (n("gt", u, 0), n("pow", u, 0.3)),
    lambda u, v: (n("gt", u, 0), n("pow", u, v)),
    lambda u, v: (n("gt", u, 0), n("div", n("log", u), u)),
    lambda u, v: (n("gt", u, 0), n("exp", n("mul", -1000, u))),
    lambda u, v: (n("gt", u, 0), n("expm1", n("mul", -800.0, u))),
    lambda u, v: (n("gt", u, 0.5), n("sqrt", n("sub", u, 0.25))),
    lambda u, v: (n("gt", u, 1), n("log", n("log", u))),
    lambda u, v: (n("ge", u, 0.1), n("div", v, u)),
    lambda u, v: (n("gt", u, -1), n("log1p", u)),
    lambda u, v: (n("gt", u, -1), n("log", n("add", 1, u))),
    lambda u, v: (n("lt", u, 0), n("log", n("neg", u))),
    lambda u, v: (n("lt", u, 0), n("pow", n("neg", u), 2.5)),
    lambda u, v: (n("lt", u, 1), n("log", n("sub", 1, u))),
    lambda u, v: (n("lt", u, 1), n("sqrt", n("sub", 1, u))),
    lambda u, v: (n("lt", u, 3), n("exp", n("mul", 30, u))),
    lambda u, v: (n("lt", u, 1), n("exp", n("exp", n("mul", 2, u)))),
    lambda u, v: (n("lt", n("abs", u), 3), n("cosh", n("mul", 20.0, u))),
    lambda u, v: (n("lt", n("abs", u), 3), n("sinh", n("mul", 20.0, u))),
    lambda u, v: (n("lt", n("abs", u), 3), n("pow", n("mul", 1e30, u), 6)),
    lambda u, v: (n("ne", u, 0), n("div", 1, u)),
    lambda u, v: (n("ne", u, 0), n("div", v, u)),
    lambda u, v: (n("ne", u, 0), n("div", n("sin", u), u)),
    lambda u, v: (n("ne", u, 0), n("div", n("expm1", u), u)),
    lambda u, v: (n("ne", u, 0), n("pow", u, -1)),
    lambda u, v: (n("ne", u, 0), n("pow", u, -2.0)),
    lambda u, v: (n("ne", u, 0), n("cbrt", u)),
    lambda u, v: (n("ne", u, 0), n("log", n("abs", u))),
    lambda u, v: (n("ne", u, 0), n("log", n("pow", u, 2))),
    lambda u, v: (n("ne", u, v), n("div", n("sub", n("exp", u), n("exp", v)), n("sub", u, v))),
    lambda u, v: (n("lt", n("abs", u), 1), n("asin", u)),
    lambda u, v: (n("lt", n("abs", u), 1), n("acos", u)),
    lambda u, v: (n("between", -1, u, 1), n("sqrt", n("sub", 1, n("pow", u, 2)))),
    lambda u, v: (n("lt", n("abs", u), 1), n("log", n("sub", 1, n("mul", u, u)))),
    lambda u, v: (n("lt", n("square", u), 1), n("div", 1, n("sub", 1, n("square", u)))),
    lambda u, v: (n("gt", n("add", n("abs", u), n("abs", v)), 0), n("atan2", u, n("abs", v))),
    lambda u, v: (n("gt", n("add", n("square", u), n("square", v)), 0),
                  n("sqrt", n("add", n("square", u), n("square", v)))),
    lambda u, v: (n("and", n("gt", u, 0), n("gt", v, 0)), n("mul", n("log", u), n("sqrt", v))),
    lambda u, v: (n("and", n("gt", u, 0), n("ne", v, 0)), n("div", n("sqrt", u), v)),
    lambda u, v: (n("gt", u, 0), n("where", n("gt", v, 0), n("div", n("log", u), v), n("sqrt", u))),
    lambda u, v: (n("gt", u, 0), n("where", n("lt", u, 1), n("acos", u), n("log", u))),
    lambda u, v: (n("ge", 1, 0), n("log", n("where", n("gt", u, 0), u, 1.0))),
    lambda u, v: (n("ge", 1, 0), n("div", v, n("where", n("ne", u, 0), u, 2.0))),
]  # fmt: skip

# Kinks over gates that have a value where their slope is infinite.
KINKS: list[Callable[[Node, Node], Node]] = [
    lambda u, v: n("maximum", n("sqrt", n("abs", u)), 0.5),
    lambda u, v: n("maximum", n("tanh", v), n("sqrt", n("relu", u))),
    lambda u, v: n("relu", n("sub", n("pow", n("abs", u), 0.3), 1)),
    lambda u, v: n("relu", n("sub", n("mul", v, n("sqrt", n("square", n("mul", u, v)))), 1)),
    lambda u, v: n("relu", n("sub", n("cbrt", u), n("square", v))),
    lambda u, v: n("minimum", n("maximum", n("pow", n("relu", u), 0.5), 0.25), n("square", v)),
    lambda u, v: n("maximum", n("sqrt", n("abs", n("sub", u, v))), n("sigmoid", v)),
]  # fmt: skip

OPPOSITE = {"gt": "le", "ge": "lt", "lt": "ge", "le": "gt", "ne": "eq", "eq": "ne"}


class Hazards:
    """Draws the pieces."""

    def __init__(self, key: str) -> None:
        self.rng = random.Random(key)
        names = NAMES + WORDS
        self.rng.shuffle(names)
        self.inputs = [n("input") for _ in range(self.rng.choice([1, 2, 2, 3]))]
        self.inputs = [replace(node, name=names.pop()) for node in self.inputs]
        self.free = names
        self.statements: list[Statement] = []

    def assign(self, node: Node) -> Node:
        """A statement of its own, sometimes."""
        if self.rng.random() < 0.7:
            return node
        self.statements.append(Statement(self.free.pop(), node))
        return ref(len(self.statements) - 1)

    def argument(self) -> Node:
        """Something to have a domain trouble with."""
        x, y = self.rng.choice(self.inputs), self.rng.choice(self.inputs)
        return self.rng.choice([
            x, x, x, x, n("mul", x, y), n("sub", x, 1), n("add", n("mul", 2, x), y), n("sub", n("pow", x, 2), y),
            n("sub", x, y), n("neg", x), n("mul", x, n("tanh", y)), n("sin", x), n("sub", n("abs", x), 1),
        ])  # fmt: skip

    def harmless(self) -> Node:
        """Something that is defined everywhere."""
        x = self.rng.choice(self.inputs)
        if self.rng.random() < 0.2:
            return self.assign(self.rng.choice(KINKS)(self.argument(), x))
        return self.rng.choice([
            const(0), const(0.0), const(1.0), n("neg", const(2)), x, n("neg", x), n("pow", x, 2), n("tanh", x),
            n("sin", x), n("mul", 3, x), n("relu", x), n("sigmoid", x), n("atan", x), n("sub", x, 1),
        ])  # fmt: skip

    def around(self, inside: Node) -> Node:
        """A gate on top of what is guarded."""
        other = self.rng.choice(self.inputs)
        return self.rng.choice([
            inside, inside, inside, n("mul", 2, inside), n("tanh", inside), n("add", inside, other),
            n("mul", inside, other), n("neg", inside), n("sin", inside), n("pow", inside, 2), n("sub", 1, inside),
            n("atan", n("mul", inside, inside)), n("sigmoid", inside),
        ])  # fmt: skip

    def two(self) -> tuple[Node, Node]:
        """Arguments of a kink."""
        return self.argument(), self.rng.choice(self.inputs)

    def otherwise(self, depth: int) -> Node:
        """The branch for where the test fails."""
        return self.guarded(depth - 1) if depth > 0 and self.rng.random() < 0.5 else self.harmless()

    def select(self, test: Node, inside: Node, other: Node) -> Node:
        """One of the ways to write a conditional."""
        op = self.rng.choice(["where", "where", "where", "ifelse"])
        spelling = "Piecewise" if op == "ifelse" and self.rng.random() < 0.2 else ""
        if op == "where" and self.rng.random() < 0.15:
            spelling = "call np.where"
        if test.op in OPPOSITE and self.rng.random() < 0.25:
            return n(op, replace(test, op=OPPOSITE[test.op]), other, inside, spelling=spelling)
        if self.rng.random() < 0.1:
            return n(op, n("not", test), other, inside, spelling=spelling)
        return n(op, test, inside, other, spelling=spelling)

    def guarded(self, depth: int) -> Node:
        """A conditional around something that is not defined everywhere."""
        u, v = self.assign(self.argument()), self.rng.choice(self.inputs)
        test, inside = self.rng.choice(HAZARDS)(u, v)
        if self.rng.random() < 0.3:
            inside = self.assign(inside)
        made = self.select(test, self.around(inside), self.otherwise(depth))
        if self.rng.random() < 0.15:  # the same trouble in a second place
            made = n(self.rng.choice(["add", "mul"]), made, self.select(test, self.around(inside), self.harmless()))
        return self.assign(made)

    def program(self) -> Program:
        """The whole."""
        out = self.guarded(self.rng.choice([0, 1, 1, 2]))
        if self.rng.random() < 0.4:
            out = n(self.rng.choice(["add", "mul", "sub"]), out, self.guarded(1))
        if self.rng.random() < 0.3:
            out = n("add", out, n("mul", self.rng.choice(self.inputs), self.rng.choice(KINKS)(*self.two())))
        if self.rng.random() < 0.3:
            out = self.around(out)
        layout = Layout(separator=self.rng.choice(["\n", "\n", "; "]), declare=self.rng.choice(["text", "shapes"]))
        inputs = tuple(Input(node.name, ()) for node in self.inputs)
        return pruned(Program(inputs, tuple(self.statements), (out,), layout))


def clean(program: Program, point: dict[str, Array]) -> bool:
    """Whether the branches taken at a point are without a warning, and the derivative along all inputs finite."""
    ones = {name: np.ones(()) for name in point}
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            outs, slopes = derivative(program, point, ones)
    except FloatingPointError:
        return False
    return all(bool(np.isfinite(x)) and abs(float(x)) < HUGE for x in (*outs, *slopes))


def points(program: Program, numbers: np.random.Generator) -> dict[str, Array] | None:
    """Points of every kind where the program is clean."""
    names = [item.name for item in program.inputs]
    good: list[list[float]] = []
    for _ in range(POINTS):
        point = [
            float(numbers.choice(SPECIAL)) if numbers.random() < 0.3 else round(float(numbers.normal() * 2), 2)
            for _ in names
        ]
        if clean(program, {name: np.array(x) for name, x in zip(names, point, strict=True)}):
            good.append(point)
        if len(good) == KEPT:
            break
    return {name: np.array([point[at] for point in good]) for at, name in enumerate(names)} if len(good) > 3 else None


def pointwise(case: Case) -> Program:
    """The program on all points at once, for the oracles: what broadcasting makes of an elementwise program."""
    if not case.program.elementwise:
        return case.program
    return lift(case.program, {name: x.shape for name, x in case.inputs.items()})


def as_arrays(node: Node) -> Node:
    """Conditionals as a program on arrays has them."""
    if node.op == "ifelse" and node.args[0].shape != ():
        return replace(node, op="where", spelling="")
    return node


def declared(case: Case, rng: random.Random) -> Case:
    """The same with declared vectors: the values, or their weighted sum."""
    program = rebuilt(pointwise(case), as_arrays)
    out = program.outputs[0]
    if out.shape != () and rng.random() < 0.5:
        out = Node("sum", (out,))
    return replace(case, program=replace(program, outputs=(out,)))


def hazard(seed: int) -> Case:
    """The program of a seed."""
    for number in range(1000):
        hazards = Hazards(f"hazard {seed} {number}")
        program = hazards.program()
        if not reaches_input(program) or any(node.op in CONDITIONS for node in program.outputs):
            continue
        if not any(node.op in ("where", "ifelse") for node in nodes(program)):
            continue
        inputs = points(program, np.random.default_rng([seed, number]))
        if inputs is not None:
            case = Case(program, inputs, seed, "hazard")
            return declared(case, hazards.rng) if hazards.rng.random() < 0.5 else case
    raise RuntimeError(f"no program for seed {seed}")
