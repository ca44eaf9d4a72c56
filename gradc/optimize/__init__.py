"""The fast style's graph: a program and its gradient as one graph, with as few operations as can be.

>>> from gradc.language import parse
>>> both = optimize(parse("x*y + x"), ["x", "y"])
>>> both.outputs, both.gradients["y"]
((%3 = add(%2, %0),), %0 = input() 'x')

What stands in `Joint` is all that an emitter of the fast style needs: no pass after this one looks at
the program for a rule or a rewrite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.graph.dag import Dag, Node, reachable
from gradc.graph.op import NOTHING
from gradc.ops import scalar as s
from gradc.ops.array import spread
from gradc.ops.borders import held, held_else
from gradc.ops.routing import where
from gradc.optimize.backward import gradients, value_of
from gradc.optimize.constructors import Frugal, masking
from gradc.optimize.factor import SUMS, Factoring
from gradc.rewrite.safe_arguments import guard_branches
from gradc.rewrite.sides import Region, everywhere, is_beyond, is_harmless, is_shared, places
from gradc.rewrite.simplify import Args, rebuild

# Beyond this many gates sums are not searched for common factors, and gates are called as they are, not in parts.
LARGE = 30_000


@dataclass(frozen=True, slots=True)
class Joint:
    """A value and its gradient as one graph.

    `dag` is the program in this graph (inputs, names, dims, declared); `build` makes further nodes of it.
    `seeds` are the upstream adjoints of the outputs, as leaves; empty where they are the constant 1.
    A gradient is None where it is zero everywhere, and may be smaller than its input where it only has to
    be broadcast. For names: `stems` has the user's, and those of a gate's parts; `adjoints` says of which value of
    the program a node is the adjoint, or minus it, `tangents` the same of tangents; `gates` which gate a node is the
    value of, if it is in parts.
    """

    dag: Dag
    build: Frugal
    outputs: tuple[Node, ...]
    gradients: dict[str, Node | None]
    seeds: tuple[Node, ...]
    stems: dict[Node, str]
    adjoints: dict[Node, tuple[Node, bool]]
    gates: dict[Node, Node]
    tangents: dict[Node, tuple[Node, bool]] = field(default_factory=dict)

    @property
    def roots(self) -> list[Node]:
        """The outputs, then the gradients that are not zero."""
        return [*self.outputs, *(node for node in self.gradients.values() if node is not None)]

    def places(self, roots: Sequence[Node] = ()) -> dict[Node, tuple[Region, ...]]:
        """Where each node is computed that the roots (all if left out) need: in any case, or in sides of branches."""
        roots = roots or self.roots
        nodes = reachable(roots)
        if self.build.flat or not any(node.op is where for node in nodes):
            return everywhere(nodes)
        return places(nodes, roots)

    @property
    def cost(self) -> int:
        """How many operations there are, about: a minus before a constant is none."""
        gates = [node for node in self.nodes if node.args and not node.op.view]
        return sum(1 for node in gates if node.op is not s.neg or node.args[0].op is not s.mul)

    @property
    def nodes(self) -> list[Node]:
        """Everything that value and gradient are computed from, in topological order."""
        return reachable(self.roots)


# For a number that is no input: the inputs that hang on it, each with the input that is its slope ("" for one of 1).
Chain = Mapping[str, Sequence[tuple[str, str]]]


def optimize(
    dag: Dag,
    wrt: Sequence[str],
    *,
    literal: bool = False,
    arrays: bool = False,
    seeded: bool = False,
    chain: Chain = NOTHING,
) -> Joint:
    """The joint graph of a program and its gradient.

    `arrays` says that a value may be an array: both sides of a branch are then computed, with safe arguments, and
    gates stay whole; otherwise they are written in the parts that cost least for single numbers. With `seeded` the
    gradient is contracted with the upstream adjoints of the outputs. What is in `chain` is differentiated by the chain
    rule, through the inputs that it names. It is made once for a program, whoever asks.
    """
    if chain:
        return _made_joint(dag, wrt, literal, arrays, seeded, chain)
    known, key = dag.graph.known if dag.graph is not None else {}, ("joint", *wrt, literal, arrays, seeded)
    of, found = known.get(key, (None, None))
    if of is not dag or found is None:
        _, found = known[key] = dag, _made_joint(dag, wrt, literal, arrays, seeded, chain)
    joint: Joint = found
    return joint


def _made_joint(dag: Dag, wrt: Sequence[str], literal: bool, arrays: bool, seeded: bool, chain: Chain) -> Joint:
    flat = any(node.op is where for node in dag.nodes) and (
        arrays or is_beyond(dag.nodes, dag.roots) or is_shared(dag.nodes, dag.roots)
    )
    if flat:
        dag = guard_branches(dag, literal)
    joint = _optimized(dag, wrt, literal, arrays, seeded, flat, chain)
    if not flat and _escapes(joint):
        return _optimized(guard_branches(dag, literal), wrt, literal, arrays, seeded, True, chain)
    return joint


def _escapes(joint: Joint) -> bool:
    """Whether the gradient reads, in any case, what the program computes on one side of a branch only."""
    if not any(node.op is where for node in joint.nodes):
        return False
    before = places(reachable(joint.outputs), joint.outputs)
    after = places(joint.nodes, joint.roots)
    return any(
        all(region.depth for region in regions) and not all(region.depth for region in after[node])
        for node, regions in before.items()
        if node.args and not is_harmless(node)
    )


def _optimized(
    dag: Dag, wrt: Sequence[str], literal: bool, arrays: bool, seeded: bool, flat: bool, chain: Chain
) -> Joint:
    if len(dag.nodes) > LARGE:
        return _joint(dag, wrt, literal, arrays, seeded, flat and not arrays, chain)
    joint = _factored(_joint(dag, wrt, literal, arrays, seeded, flat and not arrays, chain), not arrays)
    if len(dag.outputs) == 1 and dag.roots[0].op is s.div and not dag.declared:
        late = _factored(_joint(dag, wrt, literal, arrays, seeded, flat and not arrays, chain, True), not arrays)
        return late if late.cost < joint.cost else joint
    return joint


def _joint(
    dag: Dag,
    wrt: Sequence[str],
    literal: bool,
    arrays: bool,
    seeded: bool,
    flat: bool,
    chain: Chain,
    late: bool = False,
) -> Joint:
    large = len(dag.nodes) > LARGE
    build = Frugal(dag.dims, literal)
    build.flat = flat or arrays
    program = _copied(dag, build, _made if large else _as_written, {})
    seeds = (
        tuple(build.graph.node(s.adjoint, (), ("seed", i), node.shape) for i, node in enumerate(program.roots))
        if seeded
        else ()
    )
    through = dict.fromkeys(
        name for each in wrt for name in ([key for key, _ in chain[each]] if each in chain else [each])
    )
    found, adjoints = gradients(program, build, tuple(through), seeds, not arrays and not large, late, arrays)
    if chain:
        found = {name: _chained(program, build, found, chain[name]) if name in chain else found[name] for name in wrt}
    owners: dict[Node, tuple[Node, bool]] = {}
    if not large:
        for node, adjoint in adjoints.items():
            bare, minus = _bare(adjoint, False)
            if node.args and bare.id >= build.boundary:
                owners.setdefault(bare, (node, minus))
    return Joint(program, build, tuple(program.roots), found, seeds, _stems(program, build), owners, {})


def _chained(
    program: Dag, build: Frugal, found: Mapping[str, Node | None], parts: Sequence[tuple[str, str]]
) -> Node | None:
    """The derivative by a number, through the inputs that hang on it."""
    out: Node | None = None
    for name, slope in parts:
        part = found[name]
        if part is None:
            continue
        sent = build.make(s.mul, (program.inputs[slope], part)) if slope else part
        out = sent if out is None else build.make(s.add, (out, sent))
    return out


def _bare(node: Node, minus: bool) -> tuple[Node, bool]:
    """A node without its sign, and whether it has one."""
    return (node.args[0], not minus) if node.op is s.neg else (node, minus)


def _stems(program: Dag, build: Frugal) -> dict[Node, str]:
    return {**build.stems, **{node: names[0] for node, names in program.names.items()}}


def _copied(dag: Dag, build: Frugal, gate: Callable[[Frugal, Node, Args], Node], new: dict[Node, Node]) -> Dag:
    """The program in the graph of `build`, its constants floats. `new` is filled with the new node of each old one."""
    return rebuild(dag, build, gate, new=new)._replace(spans={}, rewrites={})


def _as_written(build: Frugal, old: Node, args: Args) -> Node:
    if old.op is where and args[1] is args[2] and args[1].shape == old.shape:
        return args[1]  # both sides agree
    return build.intern(old.op, args, old.attr)


def _made(build: Frugal, old: Node, args: Args) -> Node:
    return build.make(old.op, args, old.attr)


def _factored(joint: Joint, parts: bool) -> Joint:
    """The same graph with gates in their parts and the sums of the gradient factored."""
    old = joint.build
    build = Frugal(old.dims, old.literal)
    build.flat = old.flat
    nodes = reachable([*joint.roots, *joint.dag.inputs.values(), *joint.seeds])
    uses = Counter(arg for node in nodes for arg in node.args) + Counter(joint.roots)
    made: dict[Node, Node] = {}
    gates: dict[Node, Node] = {}
    program = _copied(joint.dag, build, lambda build, node, args: _in_parts(build, node, args, parts, gates), made)
    build.boundary = len(build.graph.nodes)
    build.annihilate = True
    factoring = Factoring(build, made, uses, old.boundary)
    absorbed = {
        arg for node in nodes if node.op in SUMS and node.id >= old.boundary for arg in factoring.absorbed(node)
    }
    for node in nodes:
        if node in made or node in absorbed:
            continue
        if not node.args:
            made[node] = build.graph.node(node.op, (), node.attr, node.shape)
        elif node.op in SUMS:
            made[node] = factoring.sum(node)
        elif node.op is s.mul and node.id >= old.boundary and (again := factoring.product_again(node)) is not None:
            made[node] = again
        elif node in old.masks:
            made[node] = masking(build, *[made[arg] for arg in node.args])
        else:
            made[node] = _in_parts(build, node, tuple([made[arg] for arg in node.args]), parts, gates)
        if made[node].shape != node.shape and build.dims.resolve(made[node].shape) != build.dims.resolve(node.shape):
            made[node] = build.intern(spread, (made[node],), (node.shape,))  # what is left where terms cancel
    build.annihilate = False
    return Joint(
        dag=program,
        build=build,
        outputs=tuple(made[node] for node in joint.outputs),
        gradients={name: None if node is None else made[node] for name, node in joint.gradients.items()},
        seeds=tuple(made[node] for node in joint.seeds),
        stems=_stems(program, build),
        adjoints=_carried(joint.adjoints, made),
        gates=gates,
        tangents=_carried(joint.tangents, made),
    )


def _carried(owners: Mapping[Node, tuple[Node, bool]], made: Mapping[Node, Node]) -> dict[Node, tuple[Node, bool]]:
    """Whose adjoints or tangents nodes are, of the graph that was made of another."""
    return {
        bare: (made[owner], sign)
        for node, (owner, minus) in owners.items()
        if node in made and owner in made
        for bare, sign in [_bare(made[node], minus)]
    }


def _in_parts(build: Frugal, old: Node, args: Args, parts: bool, gates: dict[Node, Node]) -> Node:
    if old.op in (held, held_else):
        return build.make(where, args)  # the gradient, for which they differ from a branch, is made
    value = value_of(old.op, build.literal) if parts else None
    if value is None:
        return build.make(old.op, args, old.attr)
    node = value(build, args, old, old.attr)
    gates.setdefault(node, build.intern(old.op, args, old.attr))
    return node


__all__ = ["LARGE", "Joint", "optimize"]
