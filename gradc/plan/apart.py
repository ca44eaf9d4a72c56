"""What is written inside the lines that use it, once for each of them, so that what comes back stays with its line.

`x[1:]` that two lines read is one value; but what the one line sends back to it and what the other sends are two terms,
and each stands under the line that it comes from. As one node they would be added up before they reach x.

>>> from gradc.language import parse
>>> from gradc.plan.program import gates_of_the_notes, inline_gates
>>> dag, build = gates_of_the_notes(parse("x: [3]; sum(x[1:]**2 + sin(x[1:]))"), False)
>>> new, _ = apart(dag, build, inline_gates(dag, dag.nodes))
>>> sum(node.op.name == "index" for node in dag.nodes), sum(node.op.name == "index" for node in new.nodes)
(1, 2)
"""

from __future__ import annotations

from collections.abc import Collection

from gradc.graph.dag import Dag, Node
from gradc.ops import array
from gradc.plan.gates import of_numbers
from gradc.rewrite.simplify import Builder, rebuild


def apart(dag: Dag, build: Builder, inline: Collection[Node], together: bool = False) -> tuple[Dag, Builder]:
    """The program with a node of its own for each line that a gate without one is written in, and its builder.

    With `together` an element of an array stays one node in a program of numbers: a leaf to differentiate by.
    """
    used: set[Node] = set()
    again = False
    numbers = together and of_numbers(dag)

    def sends_back(node: Node) -> bool:
        """Whether terms come back to it."""
        if not node.args or node.op.boolean or node.op.integer:
            return False
        return node.op is not array.index or not numbers

    for node in dag.nodes:
        if node not in inline:
            mine = {arg for arg in node.args if arg in inline and sends_back(arg)}
            again = again or not used.isdisjoint(mine)
            used |= mine
    if not again:
        return dag, build
    build = Builder(build.dims, build.literal)
    graph = build.graph
    taken: set[Node] = set()

    def twin(node: Node) -> Node:
        """Another node that is the same, with what stands inside it."""
        args = tuple([twin(arg) if arg in inside else arg for arg in node.args])
        made = Node(len(graph.nodes), node.op, args, node.attr, node.shape)
        graph.nodes.append(made)
        inside.add(made)
        return made

    inside: set[Node] = set()  # of the new nodes those that have no line

    def gate(build: Builder, old: Node, args: tuple[Node, ...]) -> Node:
        if old in inline:
            made = build.intern(old.op, args, old.attr)
            if sends_back(old):
                inside.add(made)
            return made
        own = dict(zip(old.args, args, strict=True))
        for arg in own:
            if own[arg] in inside:
                if own[arg] in taken:
                    own[arg] = twin(own[arg])
                taken.add(own[arg])
        return build.intern(old.op, tuple([own[arg] for arg in old.args]), old.attr)

    return rebuild(dag, build, gate), build
