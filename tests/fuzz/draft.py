"""A seed -> the pieces that programs are drawn from: inputs with values, statements, gates that hold on them.

Every term is evaluated as it is made. A gate that would leave its domain is given a squashed argument instead, so
that what is drawn is well-conditioned by construction.

>>> draft = Draft(7)
>>> x = draft.fresh(())
>>> term = draft.apply("log", x)
>>> term is not None and bool(np.isfinite(term.value))
True
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .domains import allowed, tame
from .tree import Input, Node, Shape, Statement, const, ref, walk
from .values import Array, value

NAMES = ["x", "y", "z", "w", "a", "b", "c", "u", "v", "p", "q", "r", "s", "t", "g", "h", "k", "x1", "x2", "w_1"]
WORDS = ["alpha", "beta", "theta", "bias", "score", "loss", "rate", "W", "X", "Y", "A", "B", "K", "mu", "eps", "hidden"]
CLASHES = [
    *("dx", "dy", "df", "f", "np", "math", "cache", "out", "dout", "x_dot", "t0", "t1", "v1", "a2", "h2", "forward"),
    *("backward", "value_and_grad", "grads", "e", "E", "xpy", "xy", "sigx", "den", "num", "self", "print", "float"),
    *("_f", "x_", "one", "erf_", "stable_sigmoid", "result", "zeros", "np_", "len", "dW", "numpy", "id", "int"),
]
# What modules call, and what programs call, too, unless it is an input's name.
CALLED = (
    "first_max masked quotients from_heaviest rows others select norm softplus type as_float as_array sum in_blocks "
    "absent failures rest more ieee_div max min both_passes where range abs open eval t1 m1 float64 ndarray poly shape"
).split()
DIMS = ["n", "m", "d", "l", "N", "D"]
PREFIXES = ["np.", "numpy.", "torch.", "jnp."]
ALIASES = {
    "asin": ["arcsin", "np.arcsin"],
    "acos": ["arccos", "np.arccos"],
    "atan": ["arctan", "np.arctan"],
    "atan2": ["arctan2", "np.arctan2", "math.atan2"],
    "abs": ["absolute", "Abs", "np.abs", "np.absolute"],
    "log": ["ln", "math.log"],
    "exp": ["math.exp"],
    "sigmoid": ["logistic", "σ"],
    "sign": ["sgn", "np.sign"],
    "sqrt": ["√", "math.sqrt"],
    "maximum": ["max", "Max", "np.maximum"],
    "minimum": ["min", "Min", "np.minimum"],
    "norm": ["np.linalg.norm"],
    "det": ["np.linalg.det"],
    "inv": ["np.linalg.inv"],
    "solve": ["np.linalg.solve"],
    "max": ["np.max"],
    "min": ["np.min"],
}
NUMPY_HAS = frozenset(
    "exp expm1 log log1p log2 log10 sqrt cbrt square sign sin cos tan sinh cosh tanh hypot maximum minimum where "
    "sum mean prod max min dot matmul trace transpose reshape concatenate stack outer".split()
)
LITERALS: list[tuple[float, str]] = [
    *((number, "") for number in (2, 3, 0.5, 1.5, 2.0, 0.25, 1, 1.0, 0.1, 4, -1.0, -0.5, 0.75, 10)),
    *((2.0, "2."), (0.5, ".5"), (0.1, "1e-1"), (12, "1_2"), (math.pi, "pi"), (math.pi, "np.pi"), (math.e, "math.e")),
]


class Term(NamedTuple):
    """A node and what it is worth at the drawn inputs."""

    node: Node
    value: Array


class Draft:
    """What has been drawn so far."""

    def __init__(self, seed: int | str, wide: bool = False) -> None:
        self.rng, self.wide = random.Random(seed), wide
        self.gone: set[str] = set()  # inputs whose names mean something else by now
        self.numbers = np.random.default_rng(abs(self.rng.getrandbits(63)))
        self.inputs: list[Input] = []
        self.bound: dict[str, Array] = {}
        self.statements: list[Statement] = []
        self.visible: dict[str, Term] = {}  # by the name under which a statement's value can be had
        self.spells = self.rng.random() < 0.5  # other libraries' spellings
        self.odd_names = self.rng.random() < 0.15
        pool = NAMES + WORDS + ([] if not self.odd_names else CLASHES * 3)
        self.rng.shuffle(pool)
        self.pool = list(dict.fromkeys(pool))

    # ------------------------------------------------------------------------------------------ leaves

    def new_name(self) -> str:
        """A name that nothing has yet."""
        return self.pool.pop() if self.pool else f"z{len(self.inputs) + len(self.statements)}_"

    def fresh(self, shape: Shape) -> Term:
        """A new input with values drawn for it."""
        kind = self.rng.choice(["normal", "positive", "small", *["whole", "whole", "tiny"] * self.wide])
        if kind == "tiny":
            square = len(shape) >= 2 and shape[-1] == shape[-2]  # LAPACK divides by a pivot, and overflows
            scale = self.rng.choice([1e-30] if square else [5e-324, 1e-310, 1e-300, 1e-160])
            return self.named(self.new_name(), self.numbers.integers(-3, 4, size=shape) * scale)
        drawn = {
            "whole": lambda: self.numbers.integers(-2, 3, size=shape).astype(float),
            "normal": lambda: self.numbers.normal(size=shape),
            "positive": lambda: self.numbers.uniform(0.3, 2.0, size=shape),
            "small": lambda: self.numbers.uniform(-0.8, 0.8, size=shape),
        }[kind]()
        if len(shape) >= 2 and shape[-1] == shape[-2] and self.rng.random() < 0.6:
            drawn = 0.4 * drawn + 1.5 * np.eye(shape[-1])
        return self.named(self.new_name(), np.round(drawn, 3) + 0.0)

    def whole(self, shape: Shape) -> Term:
        """A new input of small whole numbers, which meet often."""
        return self.named(self.new_name(), self.numbers.integers(-1, 2, size=shape).astype(float))

    def named(self, name: str, drawn: Array) -> Term:
        """A new input of this name and value."""
        array = np.asarray(drawn, dtype=float)
        self.inputs.append(Input(name, array.shape))
        self.bound[name] = array
        return Term(Node("input", shape=array.shape, name=name), array)

    def literal(self) -> Term:
        """A number, spelled somehow."""
        number, spelling = self.rng.choice(LITERALS)
        if "." in spelling and spelling[0].isalpha() and (not self.spells or self.odd_names):
            spelling = ""
        return Term(Node("const", number=number, spelling=spelling), np.array(float(number)))

    def number(self, x: float) -> Term:
        """A given number."""
        return Term(const(x), np.array(float(x)))

    def leaf(self, shape: Shape) -> Term:
        """A statement or input of `shape`, an old one if there is one, most of the time."""
        old = [term for term in self.visible.values() if term.value.shape == shape]
        given = [Term(Node("input", shape=shape, name=item.name), self.bound[item.name])
                 for item in self.inputs if item.shape == shape and item.name not in self.gone]  # fmt: skip
        roll = self.rng.random()
        if old and roll < 0.5:
            return self.rng.choice(old)
        if given and roll < 0.85 - 0.1 * (len(given) < 3):
            return self.rng.choice(given)
        if shape == () and 0.85 < roll < 0.93:
            return self.literal()
        return self.fresh(shape) if len(self.inputs) < 9 or not given else self.rng.choice(given)

    # ------------------------------------------------------------------------------------------ gates

    def spelled(self, op: str) -> str:
        """How to write a function: its own name, or somebody else's."""
        if op == "heaviside":
            return "call Heaviside"
        if not self.spells or self.rng.random() < 0.6:
            return ""
        options = list(ALIASES.get(op, ()))
        if op in NUMPY_HAS:
            options += [prefix + op for prefix in PREFIXES[: 1 if op in ("cbrt", "trace", "norm") else 2]]
        if self.odd_names:  # a variable may be called `np` here
            options = [option for option in options if "." not in option]
        return f"call {self.rng.choice(options)}" if options else ""

    def make(self, op: str, *terms: Term, spelling: str = "", **params: Any) -> Term | None:
        """The gate on these terms, or nothing where it would leave its domain."""
        draft = Node(op, tuple(term.node for term in terms), params=tuple(params.items()), spelling=spelling)
        xs = tuple(term.value for term in terms)
        try:
            with np.errstate(all="ignore"):
                if not allowed(draft, xs):
                    return None
                out = value(draft, *xs)
        except (ValueError, np.linalg.LinAlgError):  # shapes that don't fit
            return None
        if not tame(out):
            return None
        wrapped = self.rng.random() < 0.03
        return Term(replace(draft, shape=out.shape, wrapped=wrapped), out)

    def apply(self, op: str, *terms: Term, spelling: str | None = None, **params: Any) -> Term | None:
        """The gate, its last argument squashed into the domain if need be."""
        written = self.spelled(op) if spelling is None else spelling
        if (made := self.make(op, *terms, spelling=written, **params)) is not None:
            return made
        squashes = list(SQUASHES)
        self.rng.shuffle(squashes)
        for at in range(len(terms) - 1, -1, -1):
            for squash in squashes:
                if (inner := squash(self, terms[at])) is None:
                    continue
                changed = (*terms[:at], inner, *terms[at + 1 :])
                if (made := self.make(op, *changed, spelling=written, **params)) is not None:
                    return made
        return None

    def chain(self, start: Term | None, *steps: Callable[[Term], Term | None]) -> Term | None:
        """One step after the other, as long as each gives something."""
        for step in steps:
            if start is None:
                return None
            start = step(start)
        return start

    def varies(self, node: Node) -> bool:
        """Whether a term hangs on an input, itself or by a statement that it refers to."""
        return any(
            one.op == "input" or (one.op == "ref" and self.varies(self.statements[int(one.number)].node))
            for one in walk(node)
        )

    # ------------------------------------------------------------------------------------------ statements

    def assign(self, term: Term) -> Term:
        """A statement with the value of `term`, under a new name or an old one."""
        if self.visible and self.rng.random() < 0.15:
            name = self.rng.choice(list(self.visible))
        else:
            inputs = {node.name for node in walk(term.node) if node.op == "input"}
            there = [item.name for item in self.inputs if item.name in inputs - self.gone]
            anew = self.wide and there and self.rng.random() < 0.15
            name = self.rng.choice(there) if anew else self.new_name()
            self.gone.add(name)
        self.statements.append(Statement(name, term.node))
        made = Term(ref(len(self.statements) - 1, term.value.shape), term.value)
        self.visible[name] = made
        return made


def scaled(draft: Draft, op: str, term: Term, factor: float, gate: str) -> Term | None:
    """`factor` combined by `op` with a gate of `term`."""
    return draft.chain(draft.make(gate, term), lambda u: draft.make(op, draft.number(factor), u))


Squash = Callable[[Draft, Term], Term | None]
SQUASHES: list[Squash] = [
    lambda draft, u: scaled(draft, "add", u, 0.5, "sigmoid"),
    lambda draft, u: scaled(draft, "add", u, 1.0, "square"),
    lambda draft, u: scaled(draft, "add", u, 0.25, "softplus"),
    lambda draft, u: scaled(draft, "add", u, 1.5, "sin"),
    lambda draft, u: scaled(draft, "add", u, 2, "cos"),
    lambda draft, u: scaled(draft, "add", u, 0.5, "abs"),
    lambda draft, u: scaled(draft, "mul", u, 0.8, "tanh"),
    lambda draft, u: scaled(draft, "mul", u, 0.7, "sin"),
    lambda draft, u: scaled(draft, "mul", u, 0.5, "cos"),
    lambda draft, u: scaled(draft, "mul", u, 0.75, "erf"),
    lambda draft, u: scaled(draft, "mul", u, 0.4, "atan"),
    lambda draft, u: scaled(draft, "mul", u, 2.0, "sigmoid"),
    lambda draft, u: draft.chain(draft.make("tanh", u), lambda v: draft.make("exp", v)),
    lambda draft, u: draft.make("add", u, draft.number(round(draft.rng.uniform(0.5, 4), 2))),
    lambda draft, u: draft.make("sub", u, draft.number(round(draft.rng.uniform(0.2, 3), 2))),
    lambda draft, u: draft.make("mul", draft.number(round(draft.rng.uniform(0.1, 0.9), 2)), u),
]
