"""Products of a tensor program's Jacobian and Hessian in the fast style: one function, over whole arrays.

Value, gradient and tangents are one joint graph, so that what forward, backward and their tangents have in common is
computed once. The lines take what `value_and_grad` takes; all else goes through the plain function behind them.

>>> from gradc.language import parse
>>> text, *_ = call_products("jvp", parse("x: [n]\\nsum(x**2)"), ["x"])
>>> print("\\n".join(text.split("\\n")[-6:-2]))
        f = dot(x, x)
        xx_dot = float(dot(x, x_dot))
        f_dot = 2.0*xx_dot
        return f, f_dot
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gradc.emit.array_lines import Body, Fused, Words
from gradc.emit.arrays import ModeLines, called, fits_arrays, words_of
from gradc.emit.layout import broken, indent, silenced, unless
from gradc.graph.dag import Dag, Node
from gradc.optimize.array_steps import whole
from gradc.optimize.second import DOT, Blocks, product
from gradc.plan.code import Def, Lines
from gradc.plan.names import Namer
from gradc.plan.notes import Notes

PRODUCTS = ("jvp", "hvp")


class _Products(Fused):
    """A product's steps into lines: what is returned is the value, the gradient of an HVP, and the tangents."""

    def __init__(self, blocks: Blocks, words: Words, literal: bool) -> None:
        super().__init__(blocks.joint, whole(blocks.joint, literal), words)
        self.blocks = blocks
        self.outputs_of = dict(self.dag.outputs)

    def _slope_stem(self, name: str) -> str:
        of, space, _ = name.partition(" ")
        if not space:
            return super()._slope_stem(name)
        return f"{'d' * bool(self.blocks.grads)}{of}_dot"

    def _returned(self, alone: bool) -> str:
        value = [self._result(node, first=True) for node in self.steps.outputs]
        seen: set[Node] = set(self.steps.outputs)

        def result(name: str, like: Node) -> str:
            slope = self.steps.gradients.get(name)
            text = self._gradient(like, slope, slope in seen)
            seen.update([slope] if slope is not None else [])
            return text

        inputs, packed = self.dag.inputs, value[0] if len(value) == 1 else f"({', '.join(value)})"
        if not self.blocks.grads:
            dots = [result(f"{name} {DOT}", self.outputs_of[name]) for name in self.outputs_of]
            return f"{packed}, {dots[0] if len(dots) == 1 else '(' + ', '.join(dots) + ')'}"
        grads = [f'"{name}": {result(name, inputs[name])}' for name in self.blocks.grads]
        dots = [f'"{name}": {result(f"{name} {DOT}", inputs[name])}' for name in self.blocks.grads]
        first = broken(f"{packed}, {{", grads, "}, {", closed=False)
        last = broken(first[-1], dots, "}", closed=False)
        return "\n".join([*first[:-1], *last])


def fits_products(dag: Dag, mode: str) -> bool:
    """Whether a product has lines of whole arrays: an HVP is that of one output."""
    return mode in PRODUCTS and fits_arrays(dag) and (mode == "jvp" or len(dag.outputs) == 1)


def _blocks(mode: str, dag: Dag, wrt: Sequence[str], literal: bool, dots: Mapping[str, str], seeded: bool) -> Blocks:
    return product(dag, wrt, literal=literal, second=mode == "hvp", arrays=True, seeded=seeded, dots=dots)


def call_products(
    mode: str, dag: Dag, wrt: Sequence[str], literal: bool = False
) -> tuple[str, dict[str, str], list[str]]:
    """The function of a library call: its text, what it calls its surroundings, and its parameters."""
    namer = Namer([*dag.inputs, *(each for given in dag.names.values() for each in given)])
    dots = {name: namer.fresh(f"{name}_dot") for name in dag.inputs if name in wrt}
    blocks = _blocks(mode, dag, [*dots], literal, dots, False)
    text, words = called(mode, blocks.joint, lambda words: _Products(blocks, words, literal).body(False))
    return text, words, list(blocks.joint.dag.inputs)


def mode_lines(dag: Dag, wrt: Sequence[str]) -> Callable[[Notes, Body], ModeLines]:
    """For a module: the functions of products, which leave to the plain ones what they do not take."""

    def start(notes: Notes, above: Body) -> ModeLines:
        last = above

        def of(plain: Def) -> Lines | None:
            nonlocal last
            if not fits_products(dag, plain.kind) or "df" in dag.inputs:
                return None
            lines, last = _function(notes, dag, wrt, plain, last)
            return lines

        return of

    return start


def _function(notes: Notes, dag: Dag, wrt: Sequence[str], plain: Def, above: Body) -> tuple[Lines, Body]:
    """A product's function, and its lines for those that follow."""
    literal, df, mode = notes.program.literal, notes.words["df"], plain.kind
    order = [name for name in dag.inputs if name in wrt]
    dots = dict(zip(order, plain.params[len(notes.program.params) :], strict=False))
    seeded = mode == "hvp" and any(node.shape for node in dag.roots)
    blocks = _blocks(mode, dag, order, literal, dots, seeded)
    leave = f"return {notes.plain(mode)}({', '.join(plain.params)})"
    body = _Products(blocks, words_of(notes, leave, above), literal).body(False)
    lines = [*body.lines, *f"return {body.returned}".split("\n")]
    if body.risky:
        lines = ["try:", *indent(lines), "except (ArithmeticError, ValueError):", f"    {leave}"]
    checks, params = list(body.checks), list(plain.params)
    if mode == "hvp" and not seeded:
        params[-1] = f"{df}=1.0"
        checks.append(f"type({df}) is float and {df} == 1.0")
    text = [
        *body.head,
        *["", ""] * bool(body.head),
        *silenced(f"{notes.words['np']}.errstate", notes.ignored(mode)),
        f"def {notes.function_name(mode)}({', '.join(params)}):",
        *indent([*unless(checks), f"    {leave}", *lines]),
    ]
    return Lines(tuple(text), body.helpers, ("math",) if body.needs_math else ()), body


__all__ = ["PRODUCTS", "call_products", "fits_products", "mode_lines"]
