"""A failing case -> a smaller one that fails in the same way.

Three moves, each kept if what is left still fails: make an inner node the output; put an input with the node's value
in a node's place; put an argument of the same shape in a node's place. Values stay what they are, so that every gate
stays in its domain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from .domains import in_domain
from .generate import Case
from .hazard import pointwise
from .interpret import derivative, values
from .tree import Input, Layout, Node, Program, nodes, pruned, rebuilt, size, walk

Fails = Callable[[Case], bool]
LEAVES = frozenset({"input", "const", "ref", "vector"})
SECONDS = 20.0


def weight(case: Case) -> int:
    """What is made smaller."""
    program = case.program
    numbers = sum(x.size for x in case.inputs.values())
    return 100 * size(program) + 20 * len(program.statements) + 10 * len(program.inputs) + numbers


def inlined(program: Program) -> Program:
    """References to references, and to statements that are leaves, replaced by what they stand for."""

    def change(node: Node) -> Node:
        while node.op == "ref" and program.statements[int(node.number)].node.op in LEAVES:
            node = program.statements[int(node.number)].node
        return replace(node, wrapped=False)

    return rebuilt(program, change)


def tidied(case: Case, program: Program, inputs: dict[str, np.ndarray]) -> Case:
    """A case of `program` with the inputs that it still uses."""
    slim = pruned(inlined(program))
    kept = {item.name: inputs[item.name] for item in slim.inputs}
    return replace(case, program=slim, inputs=kept)


def new_outputs(case: Case) -> Iterator[Case]:
    """Each node as the output; the smallest first."""
    program = case.program
    found = [node for node in nodes(program) if node.op not in LEAVES]
    for node in sorted(found, key=lambda node: sum(1 for _ in walk(node))):
        yield tidied(case, replace(program, outputs=(node,)), case.inputs)


def replacements(case: Case) -> Iterator[Case]:
    """Each node replaced by an input of its value, or by one of its arguments."""
    program = case.program
    for node in {id(one): one for one in nodes(program)}.values():
        if node.op in LEAVES and node.op != "ref":
            continue
        for arg in node.args:
            if arg.shape == node.shape:
                yield tidied(case, substituted(program, node, arg), case.inputs)
        name = f"z{len(program.inputs)}"
        taken = {item.name for item in program.inputs} | {item.name for item in program.statements}
        while name in taken:
            name += "z"
        with np.errstate(all="ignore"):
            held = values(pointwise(replace(case, program=replace(program, outputs=(node,)))), case.inputs)[0]
        if not np.all(np.isfinite(held)) or (held.shape != node.shape and not program.elementwise):
            continue
        if program.elementwise and held.shape != next(iter(case.inputs.values())).shape:
            continue
        fresh = Node("input", shape=node.shape, name=name)
        wider = replace(program, inputs=(*program.inputs, Input(name, node.shape)))
        yield tidied(case, substituted(wider, node, fresh), {**case.inputs, name: held})


def substituted(program: Program, old: Node, new: Node) -> Program:
    """`program` with one node replaced wherever it stands."""
    wanted = id(old)

    def visit(node: Node) -> Node:
        if id(node) == wanted:
            return new
        args = tuple(visit(arg) for arg in node.args)
        return node if all(a is b for a, b in zip(args, node.args, strict=True)) else replace(node, args=args)

    return replace(
        program,
        statements=tuple(replace(item, node=visit(item.node)) for item in program.statements),
        outputs=tuple(visit(node) for node in program.outputs),
    )


def fewer_points(case: Case) -> Iterator[Case]:
    """An elementwise case at one of its points."""
    shapes = {x.shape for x in case.inputs.values()}
    if case.program.elementwise and shapes != {()}:
        for at in range(next(iter(case.inputs.values())).size):
            yield replace(case, inputs={name: x[at : at + 1] for name, x in case.inputs.items()})


def plain_layout(case: Case) -> Iterator[Case]:
    """No comments, one statement a line, no named dimensions."""
    layout = case.program.layout
    simple = Layout()
    if layout != simple:
        yield replace(case, program=replace(case.program, layout=simple))


def shrunk(case: Case, fails: Fails, seconds: float = SECONDS) -> Case:
    """The smallest failing case found in the time."""
    end = time.monotonic() + seconds
    best, improved = case, True
    while improved and time.monotonic() < end:
        improved = False
        for moves in (plain_layout, fewer_points, new_outputs, replacements):
            for smaller in moves(best):
                if time.monotonic() > end:
                    break
                if (weight(smaller) < weight(best) or moves is plain_layout) and still_fails(smaller, fails):
                    best, improved = smaller, True
                    break
    return best


def usable(case: Case) -> bool:
    """Whether the oracles still have something to say."""
    if not case.program.inputs or (case.mode != "hazard" and not in_domain(case.program, case.inputs)):
        return False
    with np.errstate(all="ignore"):
        ones = {name: np.ones(x.shape) for name, x in case.inputs.items()}
        outs, slopes = derivative(pointwise(case), case.inputs, ones)
    return all(bool(np.all(np.isfinite(x))) for x in (*outs, *slopes))


def still_fails(case: Case, fails: Fails) -> bool:
    """Whether it fails where it should not; a case that leaves its domain or can't be evaluated does not count."""
    try:
        return usable(case) and fails(case)
    except Exception:
        return False
