"""The fast style's graph: a program and its gradient as one graph, with as few operations as can be.

>>> from gradc.parse import parse
>>> both = optimize(parse("x*y + x"), ["x", "y"])
>>> both.outputs, both.gradients["y"]
((%3 = add(%2, %0),), %0 = input() 'x')

What stands in `Joint` is all that an emitter of the fast style needs: no pass after this one looks at
the program for a rule or a rewrite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradc.dag import Dag, Node, reachable
from gradc.ops import scalar
from gradc.reverse import _send_back, active_nodes, total
from gradc.simplify import Args, Builder, rebuild


@dataclass(frozen=True, slots=True)
class Joint:
    """A value and its gradient as one graph.

    `dag` is the program in this graph (inputs, names, dims, declared); `build` makes further nodes of it.
    `seeds` are the upstream adjoints of the outputs, as leaves; empty where they are the constant 1.
    A gradient is None where it is zero everywhere, and may be smaller than its input where it only has to
    be broadcast. `stems` are names to start from: the user's, a gate's parts, d + the name of a forward node.
    """

    dag: Dag
    build: Builder
    outputs: tuple[Node, ...]
    gradients: dict[str, Node | None]
    seeds: tuple[Node, ...]
    stems: dict[Node, str]

    @property
    def roots(self) -> list[Node]:
        """The outputs, then the gradients that are not zero."""
        return [*self.outputs, *(node for node in self.gradients.values() if node is not None)]

    @property
    def nodes(self) -> list[Node]:
        """Everything that value and gradient are computed from, in topological order."""
        return reachable(self.roots)


def optimize(dag: Dag, wrt: Sequence[str], *, literal: bool = False, arrays: bool = False, seeded: bool = False) -> Joint:
    """The joint graph of a program and its gradient.

    `arrays` says that a value may be an array: both sides of a branch are then computed, and gates are written
    in the parts that cost least there. With `seeded` the gradient is contracted with the upstream adjoints.
    """
    build = Builder(dag.dims, literal)
    new: dict[Node, Node] = {}
    program = rebuild(dag, build, _as_written, new=new)
    leaves = tuple(build.graph.node(scalar.adjoint, (), ("seed", i), node.shape) for i, node in enumerate(program.roots)) if seeded else ()
    gradients = _gradients(program, build, wrt, leaves)
    return Joint(program, build, tuple(program.roots), gradients, leaves, {node: names[0] for node, names in program.names.items()})


def _as_written(build: Builder, old: Node, args: Args) -> Node:
    return build.intern(old.op, args, old.attr)


def _gradients(program: Dag, build: Builder, wrt: Sequence[str], seeds: tuple[Node, ...]) -> dict[str, Node | None]:
    targets = {name: program.inputs[name] for name in wrt}
    nodes = reachable(program.roots)
    active = active_nodes(nodes, targets.values())
    boundary = len(build.graph.nodes)
    build.annihilate = True
    arrived: dict[Node, list[Node]] = {}
    for i, root in enumerate(program.roots):
        arrived.setdefault(root, []).append(seeds[i] if seeds else build.const(1.0))
    for gate in reversed(nodes):
        if gate.args and gate in arrived:
            dout = total(build, arrived.pop(gate))
            for target, sent in _send_back(build, gate, dout, active, boundary):
                arrived.setdefault(target, []).append(sent)
    found = {name: total(build, arrived[node]) if node in arrived else None for name, node in targets.items()}
    build.annihilate = False
    return found
