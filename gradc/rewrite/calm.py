"""What a program of numbers looks at to decide has a value everywhere, also where Python raises.

In array code NumPy gives infinities and nan, which come to nothing where they are left out. Python raises, before
anything is decided; so the gates that may be left out are written by forms that do not.

>>> from gradc.language import parse
>>> program = calm(parse("min(1/x, 3) + 1/y"), False)
>>> [node.op.code["math"].text for node in program.nodes if node.op.name == "reciprocal"]
['ieee_div(1.0, {x})', '1/{x}']
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.dag import Dag, Node
from gradc.ops.ieee import CALM, needs_calm
from gradc.ops.routing import where
from gradc.rewrite.needs import Needs
from gradc.rewrite.simplify import Builder, rebuild
from gradc.rewrite.steep import bounds_of


def calm(dag: Dag, literal: bool) -> Dag:
    """The same program, its gates whose values may be left out by forms of `math` that do not raise."""
    loose = _left_out(dag)
    if not loose:
        return dag
    known = bounds_of(dag.nodes)
    raising = {node for node in loose if needs_calm(node.op, [known[arg] for arg in node.args])}
    if not raising:
        return dag

    def gate(build: Builder, old: Node, args: tuple[Node, ...]) -> Node:
        return build.intern(CALM[old.op] if old in raising else old.op, args, old.attr)

    return rebuild(dag, Builder(dag.dims, literal), gate)


def _left_out(dag: Dag) -> list[Node]:
    """The gates that raise, and whose values nothing may come of but a decision."""
    nodes, roots = dag.nodes, dag.roots
    if not any(node.op.boolean or node.op.kink.selects for node in nodes):
        return []
    free, kinked = set(roots), set[Node]()
    for node in reversed(nodes):
        decides = node.op.boolean or (node.op.kink.selects and node.op is not where)
        if node in free and not decides:
            free.update(node.args[1:] if node.op is where else node.args)
        if node in kinked or decides:
            kinked.update(node.args)
    loose = [node for node in nodes if node in kinked and node not in free and node.op in CALM]
    if any(node.op is where for node in nodes):
        known = {*loose}
        loose += [node for node in _elsewhere(dag, nodes, roots) if node not in known]
    return loose


def _elsewhere(dag: Dag, nodes: Sequence[Node], roots: Sequence[Node]) -> list[Node]:
    """The gates whose values are needed on more sides of a branch than something comes back from."""
    values = Needs(dag.dims, nodes, roots)
    slopes = Needs(dag.dims, nodes, roots, slopes_of=values)
    return [node for node in nodes if node.op in CALM and slopes.of[node] not in ((), values.of[node])]


__all__ = ["calm"]
