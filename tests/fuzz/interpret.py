"""A program and its inputs -> values, tangents, complex values: one walk over the tree, several arithmetics.

Statements are evaluated when they are first needed. A conditional whose result is one number evaluates the branch
that it takes and no other; one on arrays evaluates both with NumPy's warnings off, and selects.

>>> from .tree import Input, Node, Program
>>> x = Node("input", name="x")
>>> cube = Program((Input("x", ()),), (), (Node("mul", (x, Node("square", (x,)))),))
>>> two, one = {"x": np.array(2.0)}, {"x": np.array(1.0)}
>>> values(cube, two)[0].item(), derivative(cube, two, one)[1][0].item(), complex_step(cube, two, one)[1][0].item()
(8.0, 12.0, 12.0)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from . import complexstep, tangents
from .tree import CONDITIONS, Node, Program
from .values import Array, value

T = TypeVar("T")
Arrays = Mapping[str, Array]
Pair = tuple[Array, Array]
ZERO = np.array(0.0)
KINKS = ("maximum", "minimum", "relu")


@dataclass(frozen=True, slots=True)
class Arithmetic(Generic[T]):
    """How leaves are read, gates applied and tests decided."""

    read: Callable[[str], T]
    literal: Callable[[float], T]
    apply: Callable[[Node, tuple[T, ...]], T]
    holds: Callable[[T], bool]


def evaluate(program: Program, arithmetic: Arithmetic[T], eager: bool = False) -> tuple[T, ...]:
    """The outputs of `program`; `eager` looks at every branch of every conditional."""
    done: dict[int, T] = {}

    def visit(node: Node) -> T:
        op = node.op
        if op == "ref":
            index = int(node.number)
            if index not in done:
                done[index] = visit(program.statements[index].node)
            return done[index]
        if op == "input":
            return arithmetic.read(node.name)
        if op == "const":
            return arithmetic.literal(node.number)
        if op in ("where", "ifelse"):
            if node.shape == () and not eager:
                return visit(node.args[1] if arithmetic.holds(visit(node.args[0])) else node.args[2])
            with np.errstate(all="ignore"):
                return arithmetic.apply(node, tuple(visit(arg) for arg in node.args))
        if op in KINKS:  # a side that is not taken may have an infinite slope
            with np.errstate(all="ignore"):
                return arithmetic.apply(node, tuple(visit(arg) for arg in node.args))
        return arithmetic.apply(node, tuple(visit(arg) for arg in node.args))

    return tuple(visit(node) for node in program.outputs)


def values(program: Program, inputs: Arrays) -> tuple[Array, ...]:
    """The outputs' values."""
    plain: Arithmetic[Array] = Arithmetic(
        read=lambda name: inputs[name],
        literal=lambda number: np.array(float(number)),
        apply=lambda node, xs: value(node, *xs),
        holds=lambda x: bool(x != 0),
    )
    return evaluate(program, plain)


def dual_gate(node: Node, args: tuple[Pair, ...]) -> Pair:
    """Value and tangent of one gate."""
    xs, dxs = tuple(x for x, _ in args), tuple(dx for _, dx in args)
    out = value(node, *xs)
    dout = tangents.tangent(node, out, xs, dxs)
    return out, dout if dout.shape == out.shape else np.broadcast_to(dout, out.shape)


def derivative(
    program: Program,
    inputs: Arrays,
    direction: Arrays,
    noise: Callable[[Array], Array] | None = None,
    decided: list[Any] | None = None,
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """The outputs' values and their derivatives along `direction`; `noise` disturbs whatever a gate takes.

    What the conditions say without it goes into `decided`, and with it comes from there: no noise takes other branches.
    """
    said = iter(decided or ())

    def settled(found: Any) -> Any:
        if decided is None:
            return found
        if noise is not None:
            return next(said)
        decided.append(found)
        return found

    def gate(node: Node, args: tuple[Pair, ...]) -> Pair:
        if node.op in CONDITIONS:
            return settled(dual_gate(node, args))  # type: ignore[no-any-return]  # as it was put in
        if node.op in tangents.CHOOSE:
            way = settled(tangents.way(node, tuple(x for x, _ in args)))
            return tangents.taken(node, way, tuple(x for x, _ in args), tuple(dx for _, dx in args))
        if noise is None or node.op in tangents.STEPS:
            return dual_gate(node, args)
        still = node.op == "pow" and args[1][0].shape == () and args[1][0] == np.round(args[1][0])
        return dual_gate(node, tuple(
            pair if still and at == 1 else (noise(pair[0]), noise(pair[1])) for at, pair in enumerate(args)
        ))  # fmt: skip

    dual: Arithmetic[Pair] = Arithmetic(
        read=lambda name: (inputs[name], direction.get(name, np.zeros(inputs[name].shape))),
        literal=lambda number: (np.array(float(number)), ZERO),
        apply=gate,
        holds=lambda pair: settled(bool(pair[0] != 0)),
    )
    pairs = evaluate(program, dual)
    return tuple(out for out, _ in pairs), tuple(dout for _, dout in pairs)


def complex_step(program: Program, inputs: Arrays, direction: Arrays) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """The same by NumPy's complex arithmetic."""
    moved = {name: x + 1j * complexstep.STEP * direction.get(name, np.zeros(x.shape)) for name, x in inputs.items()}
    stepped: Arithmetic[Array] = Arithmetic(
        read=lambda name: np.asarray(moved[name]),
        literal=lambda number: np.array(complex(number)),
        apply=lambda node, zs: complexstep.stepped(node, *zs),
        holds=lambda z: bool(z.real != 0),
    )
    outs = evaluate(program, stepped)
    return tuple(z.real for z in outs), tuple(z.imag / complexstep.STEP for z in outs)


def difference(program: Program, inputs: Arrays, direction: Arrays, width: float = 1e-4) -> tuple[Array, ...]:
    """The same by central differences of fourth order: few digits, but no rule at all."""

    def at(step: float) -> tuple[Array, ...]:
        return values(program, {name: x + step * direction.get(name, 0.0) for name, x in inputs.items()})

    rows = zip(at(width), at(-width), at(2 * width), at(-2 * width), strict=True)
    return tuple(np.asarray((8 * (a - b) - (c - d)) / (12 * width)) for a, b, c, d in rows)
