"""A program of numbers and points: what hangs on numbers alone once, and what is left for every point.

At the border stand the values that hang on numbers alone and that points read. The derivative by a number is then
what comes back to each of them, at every point, times its own slope by that number, which is a number again.

>>> from gradc.language import parse
>>> parts = staged(parse("a = sin(t)**2; b = a*t; exp(-a*x**2 - b*x)"), ["t"], ["t"])
>>> [name for name, _ in parts.numbers.outputs], list(parts.points.inputs)
(['a', 'b', 'da_dt', 'db_dt'], ['x', 'a', 'b', 'da_dt', 'db_dt'])
>>> parts.chain
{'t': [('a', 'da_dt'), ('b', 'db_dt')]}
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from gradc.derive.blocks import sparse_tangents
from gradc.graph.dag import Dag, Node, pending, reachable
from gradc.ops import scalar
from gradc.plan.names import Namer, short_stem
from gradc.rewrite.simplify import Builder, is_const
from gradc.rewrite.wanted import chosen


class Staged(NamedTuple):
    """The two programs, and for each number the values of the border with their slopes by it ("" for a slope of 1)."""

    numbers: Dag
    points: Dag
    chain: dict[str, list[tuple[str, str]]]


def staged(dag: Dag, numbers: Collection[str], wrt: Sequence[str]) -> Staged | None:
    """The parts of a program of one output, whose `numbers` are no arrays; None where all hangs on the points."""
    nodes = reachable(dag.roots)
    leaves = {dag.inputs[name]: name for name in numbers}
    alone: set[Node] = set()  # what hangs on numbers alone
    for node in nodes:
        if node in leaves or node.op is scalar.const or (node.args and all(arg in alone for arg in node.args)):
            alone.add(node)
    for node in reversed(nodes):  # a condition of the points stays with them, and only its numbers do not
        if node not in alone:
            alone.difference_update([arg for arg in node.args if arg.op.boolean])
    if any(root in alone for root in dag.roots):
        return None
    read = [arg for node in nodes if node not in alone for arg in node.args if arg in alone]
    border = sorted({arg for arg in read if arg.op is not scalar.const}, key=lambda node: node.id)
    if not any(node.args for node in border):
        return None
    build = Builder(dag.dims, literal=True)
    new: dict[Node, Node] = {}
    for node in nodes:
        if node in alone:
            args = tuple([new[arg] for arg in node.args])
            new[node] = build.intern(node.op, args, node.attr) if args else build.graph.node(node.op, (), node.attr)
    mine = {name: new[node] for node, name in leaves.items() if node in new}
    roots = [new[node] for node in border]
    spare = chosen(build, tuple(build.graph.nodes), roots)
    slopes = sparse_tangents(build, {mine[name]: roots for name in wrt if name in mine}, spare=spare)
    namer = Namer([*dag.inputs, *(name for given in dag.names.values() for name in given)])
    called = {node: _named(dag, node, namer) for node in border}
    outputs = [(called[node], new[node]) for node in border]
    chain: dict[str, list[tuple[str, str]]] = {}
    for name in [each for each in wrt if each in numbers]:
        chain[name] = []
        for node in border:
            slope = slopes.get((new[node], mine[name])) if name in mine else None
            if slope is None:
                continue
            word = "" if is_const(slope, 1) else namer.fresh(f"d{called[node]}_d{name}")
            chain[name].append((called[node], word))
            outputs += [(word, slope)] if word else []
    return Staged(_numbers(dag, build, mine, outputs), _points(dag, leaves, called, outputs), chain)


def _named(dag: Dag, node: Node, namer: Namer) -> str:
    """What a value of the border is called: as the program calls it."""
    if not node.args:
        return str(node.attr)
    given = dag.names.get(node)
    return given[0] if given and given[0] not in dag.inputs else namer.fresh(short_stem(node))


def _numbers(dag: Dag, build: Builder, inputs: dict[str, Node], outputs: Sequence[tuple[str, Node]]) -> Dag:
    nodes = tuple(reachable([node for _, node in outputs]))
    return dag.carried(build.graph, {}, nodes=nodes, inputs=inputs, outputs=tuple(outputs))


def _points(dag: Dag, leaves: dict[Node, str], called: dict[Node, str], outputs: Sequence[tuple[str, Node]]) -> Dag:
    """What is left for the points: the border and its slopes are inputs."""
    build = Builder(dag.dims, literal=True)
    new: dict[Node, Node] = {}
    inputs: dict[str, Node] = {}
    for name, node in dag.inputs.items():
        if node not in leaves:
            inputs[name] = new[node] = build.input(name)
    for node, name in called.items():
        inputs[name] = new[node] = build.input(name)
    for name, _ in outputs:
        if name not in inputs:
            inputs[name] = build.input(name)
    for node in pending(dag.roots, new):
        args = tuple([new[arg] for arg in node.args])
        new[node] = build.intern(node.op, args, node.attr) if args else build.graph.node(node.op, (), node.attr)
    return dag.carried(build.graph, new, inputs=inputs)


__all__ = ["Staged", "staged"]
