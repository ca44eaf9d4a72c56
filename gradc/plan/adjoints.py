"""The backward pass as statements: what is named, in which order, and who owns what.

The first contribution to an adjoint may be an alias. The second makes a buffer that the adjoint owns, `dx = dx + t`;
only then `dx += t`. What is returned shares memory with nothing: a gradient that would be df, a value of the cache or
another gradient is a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gradc.derive.reverse import Step, seeds
from gradc.graph.dag import Dag, Node, pending, reachable
from gradc.ops import array, routing, scalar
from gradc.ops.table import statics_of
from gradc.plan.dead_arrays import into_dead_arrays
from gradc.plan.gates import is_cheap, is_repeated
from gradc.plan.names import Namer, compose
from gradc.plan.statements import Group, Line, Stmt
from gradc.rewrite.sides import Guard, implies
from gradc.rewrite.simplify import Builder

# Elementwise programs of more inputs have their df brought to the shape of f at once, and no shapes tracked.
MOST_TRACKED = 64
# Calls of gates of arrays inside of each other in one line; what is further inside has a line.
MOST_NESTED = 2

# Gates of whole arrays that are written with operators and subscripts, on either side of a line.
_OPERATORS = frozenset((array.matmul, array.index, array.swap, array.scatter))


class _Adjoint:
    """The state of one adjoint variable while its contributions are written."""

    __slots__ = ("name", "owned", "started", "support")

    def __init__(self, name: str) -> None:
        self.name, self.owned, self.started, self.support = name, False, False, 0


class Backward:
    """Writes contributions as statements."""

    def __init__(
        self,
        dag: Dag,
        build: Builder,
        names: dict[Node, str],
        namer: Namer,
        module: dict[str, str],
        arrays: bool,
        whole: bool,
    ) -> None:
        self.dag, self.build, self.forward, self.namer, self.module, self.arrays = (
            dag,
            build,
            names,
            namer,
            module,
            arrays,
        )
        self.names: dict[Node, str] = {}
        self.state: dict[Node, _Adjoint] = {}
        self.state_by_id: dict[int, _Adjoint] = {}
        self.bits = {node: 1 << i for i, node in enumerate(dag.inputs.values()) if i < MOST_TRACKED}
        self.support: dict[Node, int] = {}
        self.whole = whole
        self.guard: Guard = ()
        self.guards: dict[Node, Guard] = {}
        self.zeros: list[Stmt] = []
        self.loose: set[Node] = set()
        self.again: set[Node] = set()  # what is written out wherever it occurs
        self.branched = False
        if whole:
            many = len(dag.inputs) > MOST_TRACKED
            for seed, root in zip(seeds(build, dag), dag.roots, strict=True):
                self.support[seed] = -1 if many else self._supports(root)

    def write(self, steps: Sequence[Step], lines: dict[Node, Line], inline: set[Node]) -> list[Group]:
        """The groups of adjoint lines, in the order of the backward pass."""
        self._name_adjoints(steps)
        clusters = list(_clusters(steps, lines, inline))
        self.guards = {gate: line.guard for gate, line in lines.items()}
        by_guard = [(self._guard_of(owner), step) for owner, cluster in clusters for step in cluster]
        self.loose = _loose(by_guard)
        self.branched = any(self.guards.values())
        shared, self.again = _repeated_parts(by_guard, set(self.forward))
        groups = (
            [Group(None, (Stmt(self.module["df"], "full", self.dag.roots[0]),))]
            if self.whole and len(self.dag.roots) == 1
            else []
        )
        run = 0  # where the groups under the guard of the last one begin
        for owner, cluster in clusters:
            if self._guard_of(owner) != self.guard:
                self.guard, run = self._guard_of(owner), len(groups)
            stmts = [
                stmt
                for step in cluster
                for target, sent in self._sharing_quotient(step)
                for stmt in self._contribute(target, sent, shared)
            ]
            if stmts:
                groups.append(Group(lines.get(owner) if owner is not None else None, tuple(stmts)))
            if self.zeros:
                groups.insert(run, Group(None, tuple(self.zeros)))
                self.zeros, run = [], run + 1
        return groups

    def _guard_of(self, owner: Node | None) -> Guard:
        return self.guards.get(owner, ()) if owner is not None else ()

    def _sharing_quotient(self, step: Step) -> Iterable[tuple[Node, Node]]:
        """What a gate sends; to a divisor by way of what the dividend has got: dy = -q*dx, where dx = dq/y is new."""
        gate, sent = step.gate, list(step.contributions)
        if gate is None or gate.op is not scalar.div or len(sent) != 2:
            return sent
        (x, dx), (y, dy) = sent
        state = self.state.get(x)
        by = dx.args[1] if dx.op is scalar.div else None
        if state is None or state.started or x is y or by is not gate.args[1] or x in self.loose or self.branched:
            return sent
        mine = self.build.graph.node(scalar.adjoint, (), x.id, x.shape)
        self.names[mine], self.state_by_id[x.id] = state.name, state
        new = _by_the_dividend(dy, gate, dx.args[0], mine)
        return [(x, dx), (y, dy if new is None else new)]

    def _contribute(self, target: Node, sent: Node, shared: set[Node]) -> list[Stmt]:
        if target not in self.forward:
            return []
        sent = self._here(sent)
        stmts = []
        for part in _parts_to_name(sent, shared | self._nested(sent), self.names, self.forward):
            self.names[part] = self.namer.fresh(self._stem(part))
            stmts.append(Stmt(self.names[part], "=", part))
        state = self.state[target]
        if sent.op is scalar.adjoint and self.names[sent] == state.name:
            state.started = True  # the output's own adjoint is the parameter df
            state.support = self._supports(sent)
            self.shapes[target] = sent.shape
            return stmts
        return stmts + self._add(target, sent)

    def _nested(self, sent: Node) -> set[Node]:
        """What is called inside of calls inside of calls: it gets a line of its own, if it is written only here."""
        depth: dict[Node, int] = {}
        found: set[Node] = set()
        stack = [sent]
        while stack:
            node = stack[-1]
            waiting = [arg for arg in node.args if arg not in depth]
            if node in self.names or node in self.forward or not node.args:
                depth[node] = 0
            elif waiting:
                stack += waiting
                continue
            else:
                below = max(depth[arg] for arg in node.args)
                depth[node] = below + _is_call(node)
                if depth[node] > MOST_NESTED:
                    found.update(arg for arg in node.args if depth[arg] == below)
                    depth[node] = 1
            stack.pop()
        return found - self.again

    def _stem(self, part: Node) -> str:
        from gradc.rewrite.steep import is_spared

        def named(arg: Node) -> str:
            return self.names.get(arg) or self.forward.get(arg, "")

        if is_spared(part):
            return "safe" + (str(part.args[1].attr) if part.args[1].op is scalar.input_ else "")
        return compose(part, named)

    def _is_alias(self, sent: Node) -> bool:
        """Whether an expression may be somebody else's buffer: what has a name of its own, or a view of it."""
        while sent.op.view and sent not in self.names and sent not in self.forward:
            sent = sent.args[0]
        return not sent.args or sent in self.names or sent in self.forward

    def _here(self, sent: Node) -> Node:
        """The contribution without the values of a branch that may not be taken here: those are written out again."""
        if not self.branched:
            return sent
        new: dict[Node, Node] = {}

        def written(node: Node) -> tuple[Node, ...]:
            known = node in self.forward and implies(self.guard, self.guards.get(node, ()))
            return () if known or node in self.names else node.args

        for node in pending([sent], new, written):
            args = tuple([new[arg] for arg in written(node)])
            twin = bool(args) and (args != node.args or node in self.forward)
            new[node] = Node(node.id, node.op, args, node.attr, node.shape) if twin else node
        return new[sent]

    def lacks_shape(self, wrt: Sequence[str]) -> bool:
        """Whether the gradient of an elementwise program may have come out smaller than its output."""
        full = 0
        for root in self.dag.roots:
            full |= self._supports(root)
        states = [self.state.get(self.dag.inputs[name]) for name in wrt]
        return any(state is not None and state.started and full & ~state.support for state in states)

    def finish(self, wrt: Sequence[str], groups: list[Group], again: bool) -> dict[str, str | None]:
        """Bring each gradient into its shape; the name it goes by, or None where it is zero everywhere.

        Lines that are differentiated `again` leave every array as it is for the tangent under them.
        """
        out: dict[str, str | None] = {}
        last: list[Stmt] = []
        for name in wrt:
            node = self.dag.inputs[name]
            state = self.state.get(node)
            out[name] = state.name if state is not None and state.started else None
            if out[name] is None and self.arrays:
                out[name] = self.namer.fresh("d" + name)
                last.append(Stmt(str(out[name]), "zeros", node if self.dag.declared else self._output_like(node)))
            elif state is not None and self.dag.declared and self.shapes[node] != self.build.dims.resolve(node.shape):
                last.append(Stmt(state.name, "full", node))
        if last:
            groups.append(Group(None, tuple(last)))
        if self.arrays and self.dag.declared and not self.branched and not again:
            returned = {adjoint for adjoint in out.values() if adjoint is not None}
            groups[:] = into_dead_arrays(groups, self._known, self.build.dims.resolve, returned)
        if self.arrays:
            self._copy_what_is_shared(out, groups)
        return out

    def _output_like(self, node: Node) -> Node:
        """What a gradient of zeros has its shape from: the first output that hangs on an input, else the input."""
        hanging = (root for root in self.dag.roots if any(leaf.op is scalar.input_ for leaf in reachable([root])))
        return next(hanging, node)

    def _copy_what_is_shared(self, gradients: Mapping[str, str | None], groups: list[Group]) -> None:
        """Gradients that are arrays of somebody else's, or of each other, become copies in the line that makes them."""
        returned = {name: self.dag.inputs[each] for each, name in gradients.items() if name is not None}
        at: dict[str, tuple[int, int]] = {}  # the line that last gave each name its array
        buffer: dict[str, str] = {self.module["df"]: ""}  # whose array a name is; "" for one that is not ours
        for i, group in enumerate(groups):
            for j, stmt in enumerate(group.stmts):
                if stmt.kind in ("put", "+="):
                    continue
                shown = self._shown(stmt) if stmt.kind == "=" else None
                at[stmt.target] = i, j
                buffer[stmt.target] = stmt.target if shown is None else buffer.get(shown, "")
        taken, copied = {""}, set[tuple[int, int]]()
        for name, leaf in sorted(returned.items(), key=lambda each: at[each[0]]):
            if buffer[name] in taken and (leaf.shape or not self.dag.declared):
                copied.add(at[name])
            taken.add(buffer[name])
        for i in dict.fromkeys(i for i, _ in sorted(copied)):
            stmts = [s._replace(kind="copy") if (i, j) in copied else s for j, s in enumerate(groups[i].stmts)]
            groups[i] = groups[i]._replace(stmts=tuple(stmts))

    def _shown(self, stmt: Stmt) -> str | None:
        """The name of the array that a line's value is, or is a view of; None for one of its own."""
        sent, name = stmt.expr, self._known(stmt.expr)
        while sent.op.view and name in (None, stmt.target):
            sent = sent.args[0]
            name = self._known(sent)
        return name if name != stmt.target else None

    def _known(self, node: Node) -> str | None:
        return self.names.get(node, self.forward.get(node))

    def _name_adjoints(self, steps: Sequence[Step]) -> None:
        """d + the forward name; the seeds are df, or parts of it."""
        self.shapes: dict[Node, tuple[int | str, ...]] = {}
        seeds = [sent for _, sent in steps[0].contributions] if steps else []
        by_id = {node.id: node for node in self.forward}
        for step in steps:
            for target, _ in step.contributions:
                if target in self.forward and target not in self.state:
                    name = self.forward[target]
                    mine = self.module["df"] if self._is_the_output(target, name) else self.namer.fresh("d" + name)
                    self.state[target] = self.state_by_id[target.id] = _Adjoint(mine)
        for node in self.build.graph.nodes:
            if node.op is scalar.adjoint:
                if node in seeds or not isinstance(node.attr, int):
                    at = node.attr[1]  # type: ignore[index]  # a seed's attribute is ("seed", position)
                    self.names[node] = self.module["df"] if len(self.dag.outputs) == 1 else f"{self.module['df']}[{at}]"
                elif by_id[node.attr] in self.state:
                    self.names[node] = self.state[by_id[node.attr]].name

    def _is_the_output(self, target: Node, name: str) -> bool:
        """Whether the adjoint is the parameter df itself: that of an output without a name of its own, or named f."""
        mine = target not in self.dag.names or "d" + name == self.module["df"]
        return len(self.dag.outputs) == 1 and target is self.dag.outputs[0][1] and mine and bool(target.args)

    def _supports(self, node: Node) -> int:
        """Which inputs' shapes an expression carries (elementwise programs), as a bit set."""
        for top in pending([node], self.support):
            if top.op is scalar.adjoint and isinstance(top.attr, int):
                owner = self.state_by_id.get(top.attr)
                self.support[top] = owner.support if owner else 0
                continue
            bits = self.bits.get(top, 0)
            for arg in top.args:
                bits |= self.support[arg]
            self.support[top] = bits
        return self.support[node]

    def _add(self, target: Node, sent: Node) -> list[Stmt]:
        """The lines that add one contribution to an adjoint."""
        state = self.state[target]
        name = state.name
        shape = self.build.dims.resolve(target.shape)
        if sent.op is array.scatter or (sent.op.whole and "shape" in dict(sent.op.statics)):
            index, repeats = _place(sent)
            before = []
            if not state.started:
                before = [Stmt(name, "zeros", target)]
            elif not state.owned or self.shapes[target] != shape:
                before = [Stmt(name, "full" if self.shapes[target] != shape else "own", target)]
            state.started = state.owned = True
            state.support, self.shapes[target] = -1, shape
            value = sent.args[0]
            value = value.args[0] if value.op is array.spread else value
            return [*before, Stmt(name, "put", value, index, repeats=repeats)]
        support = self._supports(sent)
        seed = sent.op is scalar.adjoint and not isinstance(sent.attr, int)
        if seed and self.whole and len(self.dag.outputs) > 1 and not state.started:
            state.started = state.owned = True
            state.support, self.shapes[target] = support, shape
            return [Stmt(name, "seed", target, (self.names[sent],))]
        if not state.started and (target in self.loose or not implies(self.guards.get(target, ()), self.guard)):
            self.zeros.append(Stmt(name, "zeros", target))  # the branch of this contribution may not be taken
            state.started, self.shapes[target] = True, shape
        if not state.started:
            state.started = True
            state.owned = not self._is_alias(sent)
            state.support = support
            self.shapes[target] = self.build.dims.resolve(sent.shape)
            line = Stmt(name, "=", sent, full=shape)
            if not _is_spread(sent):
                return [line]
            state.owned = True
            return [line, Stmt(name, "own", target)]
        have = self.build.dims.resolve(sent.shape)
        fits = self.shapes[target] == shape and (self.dag.declared or not support & ~state.support)
        if not self.arrays or (state.owned and fits):
            return [Stmt(name, "+=", sent, shape=shape)]
        state.owned = True
        state.support |= support
        if self.shapes[target] != shape:
            self.shapes[target] = self.build.dims.resolve(self.build.dims.broadcast(self.shapes[target], have))
        return [Stmt(name, "sum", sent, shape=self.shapes[target], full=shape)]


def _by_the_dividend(sent: Node, quotient: Node, dout: Node, mine: Node) -> Node | None:
    """`-sum(q/y*dout)` as `-sum(q*dx)`; None where it has no such factor."""
    if sent.op is scalar.mul and sent.args[1] is dout and sent.args[0].op is scalar.div:
        return (
            Node(sent.id, scalar.mul, (quotient, mine), None, sent.shape) if sent.args[0].args[0] is quotient else None
        )
    if sent.op not in (scalar.neg, array.sum_):
        return None
    inner = _by_the_dividend(sent.args[0], quotient, dout, mine)
    return None if inner is None else Node(sent.id, sent.op, (inner,), sent.attr, sent.shape)


def _is_call(node: Node) -> bool:
    """Whether a gate of whole arrays, or a mask, is written as a call."""
    if node.op.elementwise:
        return node.op in (routing.where, routing.all_of, routing.any_of)
    if node.op.view and [dim for dim in node.shape if dim != 1] == [dim for dim in node.args[0].shape if dim != 1]:
        return False  # new axes of size 1 are written in brackets
    return node.op not in _OPERATORS and not node.op.whole


def _place(sent: Node) -> tuple[tuple[object, ...], bool]:
    """Where something is added in an array, and whether an element may be named there more than once."""
    statics = statics_of(sent.op, sent.attr)
    index = statics["index"]
    if not sent.op.whole:
        return index, False
    at = tuple([sent.args[item[1]] if isinstance(item, tuple) and item[0] == "at" else item for item in index])
    return at, not statics["once"]


def _is_spread(sent: Node) -> bool:
    """Whether an expression is a view that cannot be written to."""
    while sent.op.view:
        if sent.op is array.spread:
            return True
        sent = sent.args[0]
    return False


def _loose(steps: Iterable[tuple[Guard, Step]]) -> set[Node]:
    """The targets whose first contribution comes under a condition that a later one does not wait for."""
    first: dict[Node, Guard] = {}
    found: set[Node] = set()
    for guard, step in steps:
        for target, _ in step.contributions:
            if not implies(guard, first.setdefault(target, guard)):
                found.add(target)
    return found


def _repeated_parts(steps: Sequence[tuple[Guard, Step]], named: set[Node]) -> tuple[set[Node], set[Node]]:
    """Compound parts of the contributions that occur more than once: those with a line of their own, and those without.

    What is cheap gets none, nor what occurs under several guards: under one it may be missing where another needs it.
    """
    seen: dict[Node, int] = {}
    guards: dict[Node, Guard | None] = {}
    for guard, step in steps:
        for target, sent in step.contributions:
            if target not in named:
                continue
            stack = [sent]
            while stack:
                node = stack.pop()
                if node in named or not node.args:
                    continue
                seen[node] = seen.get(node, 0) + 1
                known = guards.setdefault(node, guard)
                if seen[node] == 1 or (known is not None and known != guard) or is_repeated(node):
                    guards[node] = known if known == guard else None
                    stack += node.args * (1 + (node.op is routing.nonzero))  # whose form says its argument twice
    repeated = {node for node, n in seen.items() if n > 1}
    shared = {node for node in repeated if guards[node] is not None and not is_cheap(node)}
    return shared, repeated - shared


def _parts_to_name(sent: Node, shared: set[Node], named: dict[Node, str], forward: dict[Node, str]) -> list[Node]:
    """The shared parts of an expression that have no name yet, innermost first."""
    found: list[Node] = []
    stack = [sent]
    while stack:
        node = stack.pop()
        if node in named or node in forward or not node.args:
            continue
        if node in shared and node not in found:
            found.append(node)
        stack += node.args
    return sorted(found, key=lambda node: node.id)


def _clusters(
    steps: Sequence[Step], lines: dict[Node, Line], inline: set[Node]
) -> Iterable[tuple[Node | None, list[Step]]]:
    """The steps of each line: the gate's own and those of the gates written inside it, in the order of evaluation."""
    home: dict[Node, Node] = {}  # an inlined gate stands with the first line that it is written in
    for gate in lines:
        stack = [arg for arg in gate.args if arg in inline]
        while stack:
            node = stack.pop()
            if node not in home:
                home[node] = gate
                stack += [arg for arg in node.args if arg in inline]
    clusters: dict[Node | None, list[Step]] = {}
    order: list[Node | None] = [None]
    for step in steps:
        written = step.gate
        owner = home.get(written) if written is not None and written not in lines else written
        clusters.setdefault(owner, []).append(step)
    by_age = {gate.id: gate for gate in clusters if gate is not None}
    order += [by_age[id] for id in sorted(by_age, reverse=True)]
    for owner in order:
        if owner in clusters:
            yield owner, clusters[owner][::-1]
