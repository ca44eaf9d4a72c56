"""A DAG into straight-line statements: what gets a line, in which order, under which name, and who owns what.

Three questions are settled here, for every target:

* Gates. One gate a line. Signs, views, comparisons of names and the products inside a sum of products
  of leaves (`w0*x0 + w1*x1 + w2`) are written inside the line that uses them.
* Ownership. The first contribution to an adjoint may be an alias. The second makes a buffer that the
  adjoint owns, `dx = dx + t`; only then `dx += t`. What is returned shares memory with nothing: a gradient that
  would be df, a value of the cache or another gradient is a copy.
* Cache. What backward refers to of the forward pass, and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gradc.base.records import NamedTuple
from gradc.derive.reverse import Step, reverse, seeds
from gradc.graph.dag import Dag, Node, Shape, reachable, users
from gradc.ops import array, routing, scalar
from gradc.ops.helpers import HELPERS
from gradc.ops.table import statics_of
from gradc.plan.apart import apart
from gradc.plan.names import Namer, compose, constant_word, letters, short_stem, wengert
from gradc.rewrite.sides import Guard, conditions_first, implies, places, settled_guard
from gradc.rewrite.simplify import Builder, is_const, number, rebuild

# Elementwise programs of more inputs have their df brought to the shape of f at once, and no shapes tracked.
MOST_TRACKED = 64

# A sum of products longer than this is split over several lines.
LONGEST_DOT = 8

# Views of views are written inside one line up to this depth, and what is used more often than this has a line.
DEEPEST, MOST_USES = 6, 16


class Stmt(NamedTuple):
    """One line. `kind` is "=" (t = e), "sum" (t = t + e), "+=" (t += e), "zeros" (t = zeros like e),
    "put" (t[index] += e, as often as an element is named where the index `repeats`), "own" (t = a copy of t), "copy"
    (t = a copy of e), "full" (t in the whole shape of e), or "seed" (index[0] in it)."""

    target: str
    kind: str
    expr: Node
    index: tuple[object, ...] = ()  # type: ignore[assignment]  # a tuple's own index() is of no use here
    shape: Shape | None = None
    full: Shape | None = None
    repeats: bool = False


class Line(NamedTuple):
    """A forward gate with its number; `guard` are the conditions under which it is computed, if not in any case."""

    number: int
    gate: Node
    stmt: Stmt
    guard: Guard = ()


class Group(NamedTuple):
    """The adjoint lines of one gate; `line` is None for the outputs' own adjoints."""

    line: Line | None
    stmts: tuple[Stmt, ...]

    @property
    def guard(self) -> Guard:
        """The adjoints of a gate that is not computed are not either."""
        return self.line.guard if self.line is not None else ()


class Program(NamedTuple):
    """What an emitter prints."""

    dag: Dag
    inputs: tuple[str, ...]
    params: tuple[str, ...]
    forward: tuple[Line, ...]
    backward: tuple[Group, ...]
    cache: tuple[str, ...]
    outputs: tuple[Node, ...]
    gradients: dict[str, str | None]
    names: dict[Node, str]
    module: dict[str, str]
    sizes: dict[str, str]
    literal: bool = False
    scheme: str = "notes"


# ---- which gates get a line --------------------------------------------------------------------


def gates_of_the_notes(dag: Dag, literal: bool) -> tuple[Dag, Builder]:
    """The program in the gates of the notes: a quotient by a compound value is `num`, `den`, `invden` and a product."""
    build = Builder(dag.dims, literal)
    roles: dict[Node, str] = {}

    def gate(build: Builder, old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is not scalar.div:
            return build.intern(old.op, args, old.attr)
        for role, arg in zip(old.op.say.roles, args, strict=True):
            if arg.args and arg.op is not array.index:
                roles.setdefault(arg, role)
        x, y = args
        if not y.args or x.op is scalar.const or y.op is array.index:
            return build.intern(old.op, args)
        quotient = build.intern(scalar.mul, (x, build.intern(scalar.inv, (y,))))
        if x in roles:
            roles.setdefault(quotient, "quot")
        return quotient

    new = rebuild(dag, build, gate)
    for node in new.nodes:
        if node.op is scalar.inv and node.args[0].args and node.args[0].op is not array.index:
            roles.setdefault(node.args[0], scalar.div.say.roles[1])
    new.roles.update(roles)
    return new, build


def inline_gates(dag: Dag, nodes: Sequence[Node]) -> set[Node]:
    """The gates that are written inside the line of their user."""
    kept = set(dag.names) | set(dag.roots)
    taken = users(nodes)
    inline = {node for node in nodes if not node.args}
    depth: dict[Node, int] = {}
    for node in nodes:
        if node in kept or not node.args:
            continue
        depth[node] = 1 + max(depth.get(arg, 0) for arg in node.args)
        if depth[node] > DEEPEST or (len(taken[node]) > MOST_USES and not node.op.boolean):
            depth[node] = 0
            continue
        atoms = all(not arg.args or (arg not in inline) or arg.op is array.index for arg in node.args)
        tested = node.op.boolean and atoms and not node.op.statics
        of_index = node.op is array.index and node.args[0] in inline and node.args[0].op is array.index
        if node.op is scalar.neg or (node.op.view and atoms) or tested or of_index:
            inline.add(node)
        else:
            depth[node] = 0
    return inline | _inside_dots(nodes, taken, kept)


def _inside_dots(nodes: Sequence[Node], taken: dict[Node, list[Node]], kept: set[Node]) -> set[Node]:
    """The products and partial sums inside a sum of products of leaves."""
    width: dict[Node, tuple[int, int]] = {}  # how many terms, and how many of them products
    kept = set(kept)
    for node in nodes:
        if _is_leaf(node):
            width[node] = (1, 0)
        elif node.op is scalar.mul and not node.shape and all(map(_is_leaf, node.args)):
            width[node] = (1, 1)
        elif node.op in (scalar.add, scalar.sub) and not node.shape and all(arg in width for arg in node.args):
            sides = [width[arg] if _only_here(arg, taken, kept) else (1, 0) for arg in node.args]
            terms, products = (sum(side) for side in zip(*sides, strict=True))
            if terms <= LONGEST_DOT and (sides[1][0] == 1 or node.op is scalar.add):
                width[node] = (terms, products)
            elif sides[1][0] == 1:
                width[node] = (1 + sides[1][0], sides[1][1])
                kept.add(node.args[0])
    inside: set[Node] = set()
    for node in reversed(nodes):
        if node.op in (scalar.add, scalar.sub) and node in width and (node in inside or width[node][1] >= 2):
            inside.update(arg for arg in node.args if arg in width and arg.args and _only_here(arg, taken, kept))
    return inside


def _is_leaf(node: Node) -> bool:
    return not node.args or (node.op is array.index and not node.args[0].args and not node.shape)


def _only_here(node: Node, taken: dict[Node, list[Node]], kept: set[Node]) -> bool:
    return _is_leaf(node) or (len(taken[node]) == 1 and node not in kept)


# ---- names -------------------------------------------------------------------------------------

MODULE_NAMES = (
    "np",
    "math",
    "jax",
    "jnp",
    "torch",
    "special",
    "linalg",
    "forward",
    "backward",
    "value_and_grad",
    "cache",
    "df",
    *"added_at axes_of count_of cube_root expanded fitted picked product_of stack_of".split(),  # of torch and jax
    *dict.fromkeys([*HELPERS["numpy"], *HELPERS["math"]]),
)


def module_names(namer: Namer, used: Iterable[str]) -> dict[str, str]:
    """What the module itself calls its things, the user's names stepping in front."""
    return {name: namer.fresh(name) for name in dict.fromkeys(used)}


def name_gates(dag: Dag, staged: Sequence[Node], inline: set[Node], namer: Namer, scheme: str) -> dict[Node, str]:
    """A name for every input and every gate that has a line."""
    names = {node: name for name, node in dag.inputs.items()}
    source = {"letters": letters, "wengert": wengert}.get(scheme)
    series = iter(source()) if source else None
    outputs = {node: name for name, node in reversed(dag.outputs)}
    given: set[str] = set(dag.inputs)
    known = {*dag.inputs, *(name for own in dag.names.values() for name in own)}

    def part(arg: Node) -> str:
        if arg in names:
            return names[arg]
        if arg.op is scalar.const:
            return constant_word(number(arg))
        return compose(arg, part) if arg.args and arg in inline and len(arg.args) < 3 else ""

    for node in staged:
        mine = dag.names.get(node)
        if mine:
            names[node] = mine[0] if mine[0] not in given else namer.again(mine[0])
            given.add(mine[0])
        elif node in outputs:
            names[node] = namer.fresh(outputs[node])
        elif series is not None:
            names[node] = next(name for name in series if namer.free(name) and namer.free("d" + name))
            namer.fresh(names[node])
        else:
            stem = _stem(node, dag, inline, part)
            if stem[:1] == "d" and stem[1:] in known:  # the name of an adjoint, which it would step in front of
                stem = short_stem(node)
            names[node] = namer.fresh(stem)
        known.add(names[node])
    return names


def _stem(node: Node, dag: Dag, inline: set[Node], part: object) -> str:
    if node in dag.roles:
        return dag.roles[node]
    if node.op in (scalar.add, scalar.sub) and any(arg in inline and arg.op is scalar.mul for arg in node.args):
        return "dot"
    if any(arg in inline and arg.op in (scalar.add, scalar.sub) for arg in node.args):
        return "dot" if node.op in (scalar.add, scalar.sub) else short_stem(node)
    return compose(node, part)  # type: ignore[arg-type]  # part is the closure above


# ---- the backward pass -------------------------------------------------------------------------


class _Adjoint:
    """The state of one adjoint variable while its contributions are written."""

    __slots__ = ("name", "owned", "started", "support")

    def __init__(self, name: str) -> None:
        self.name, self.owned, self.started, self.support = name, False, False, 0


def stage(
    dag: Dag,
    build: Builder,
    wrt: Sequence[str],
    scheme: str = "notes",
    arrays: bool = True,
    every_gate: bool = False,
    again: bool = False,
) -> Program:
    """The statements of both passes. `arrays` says whether a value may be a buffer that somebody shares.

    With `every_gate` nothing is written inside the line of another: a picture has each gate by itself; `again` says
    that the adjoints are to be differentiated, too.
    """
    nodes = reachable([*dag.roots, *dag.inputs.values()])
    inline = {node for node in nodes if not node.args} if every_gate else inline_gates(dag, nodes)
    if not every_gate:
        own, build = apart(dag, build, inline)
        if own is not dag:
            dag = own
            nodes = reachable([*dag.roots, *dag.inputs.values()])
            inline = inline_gates(dag, nodes)
    guards = {} if arrays else _guards(dag, nodes)
    if guards:
        inline -= _between_branches(nodes, inline, guards)
    staged = [node for node in (conditions_first(nodes, guards) if guards else nodes) if node not in inline]
    users_own = [*dag.inputs, *(name for given in dag.names.values() for name in given)]
    sizes = _size_names(dag, users_own)
    namer = Namer([*users_own, *sizes.values()])
    module = module_names(namer, MODULE_NAMES)
    names = name_gates(dag, staged, inline, namer, scheme)
    lines = tuple(Line(k, gate, Stmt(names[gate], "=", gate), guards.get(gate, ())) for k, gate in enumerate(staged, 1))
    targets = [dag.inputs[name] for name in wrt]
    steps = reverse(dag, build, targets, lambda node: node in names, arrays, again=again)
    by_gate = {line.gate: line for line in lines}
    many = arrays and not dag.declared and len(dag.inputs) > MOST_TRACKED
    back = _Backward(dag, build, names, namer.copy(), module, arrays, whole=many)
    groups = back.write(steps, by_gate, inline)
    if arrays and not dag.declared and not many and (back.lacks_shape(wrt) or _masks(groups)):
        back = _Backward(dag, build, names, namer.copy(), module, arrays, whole=True)
        groups = back.write(steps, by_gate, inline)
    gradients = back.finish(wrt, groups)
    cache = _cached(groups, names, dag)
    return Program(
        dag=dag,
        inputs=tuple(dag.inputs),
        params=tuple(dag.inputs),
        forward=lines,
        backward=tuple(groups),
        cache=cache,
        outputs=tuple(dag.roots),
        gradients=gradients,
        names={**names, **back.names},
        module=module,
        sizes=sizes,
        literal=build.literal,
        scheme=scheme,
    )


def _guards(dag: Dag, nodes: Sequence[Node]) -> dict[Node, Guard]:
    """The gates that only a side of a branch needs, with its conditions."""
    if not any(node.op is routing.where for node in nodes):
        return {}
    found = {node: settled_guard(node, regions) for node, regions in places(nodes, dag.roots).items()}
    return {node: guard for node, guard in found.items() if guard and node.args}


def _between_branches(nodes: Sequence[Node], inline: set[Node], guards: Mapping[Node, Guard]) -> set[Node]:
    """The inlined gates that stand under other conditions than a gate that uses them: their adjoints would be split."""
    found: set[Node] = set()
    for node in nodes:
        for arg in node.args:
            if arg in inline and arg.args and not arg.op.boolean and guards.get(arg, ()) != guards.get(node, ()):
                found.add(arg)
    return found


def renamed_words(dag: Dag) -> dict[str, str]:
    """What a caller sees under another name, where the program has taken its own: df, and named sizes."""
    own = [*dag.inputs, *(name for given in dag.names.values() for name in given)]
    sizes = _size_names(dag, own)
    found = {dim: name for dim, name in sizes.items() if dim != name}
    if "df" in own:
        found["df"] = module_names(Namer([*own, *sizes.values()]), MODULE_NAMES)["df"]
    return found


def _size_names(dag: Dag, users_own: Sequence[str]) -> dict[str, str]:
    """The named dimensions of the inputs, and what the module calls each."""
    namer = Namer(users_own)
    dims = [
        dim
        for node in dag.inputs.values()
        for dim in dag.dims.resolve(node.shape)
        if isinstance(dim, str) and dim.isidentifier()
    ]
    return {dim: namer.fresh(dim) for dim in dict.fromkeys(dims)}


class _Backward:
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
        shared = _shared_parts(by_guard, set(self.forward))
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
                for target, sent in step.contributions
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

    def _contribute(self, target: Node, sent: Node, shared: set[Node]) -> list[Stmt]:
        if target not in self.forward:
            return []
        sent = self._here(sent)
        stmts = []
        for part in _parts_to_name(sent, shared, self.names, self.forward):
            self.names[part] = self.namer.fresh(self._stem(part))
            stmts.append(Stmt(self.names[part], "=", part))
        state = self.state[target]
        if sent.op is scalar.adjoint and self.names[sent] == state.name:
            state.started = True  # the output's own adjoint is the parameter df
            state.support = self._supports(sent)
            self.shapes[target] = sent.shape
            return stmts
        return stmts + self._add(target, sent)

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
        stack = [sent]
        while stack:
            node = stack[-1]
            known = node in self.forward and implies(self.guard, self.guards.get(node, ()))
            if known or not node.args or node in self.names:
                new[node] = node
            waiting = [] if node in new else [arg for arg in node.args if arg not in new]
            stack += waiting
            if waiting:
                continue
            if node not in new:
                args = tuple([new[arg] for arg in node.args])
                twin = args != node.args or node in self.forward
                new[node] = Node(node.id, node.op, args, node.attr, node.shape) if twin else node
            stack.pop()
        return new[sent]

    def lacks_shape(self, wrt: Sequence[str]) -> bool:
        """Whether the gradient of an elementwise program may have come out smaller than its output."""
        full = 0
        for root in self.dag.roots:
            full |= self._supports(root)
        states = [self.state.get(self.dag.inputs[name]) for name in wrt]
        return any(state is not None and state.started and full & ~state.support for state in states)

    def finish(self, wrt: Sequence[str], groups: list[Group]) -> dict[str, str | None]:
        """Bring each gradient into its shape; the name it goes by, or None where it is zero everywhere."""
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
        stack = [node]
        while stack:
            top = stack[-1]
            if top in self.support:
                stack.pop()
                continue
            if top.op is scalar.adjoint and isinstance(top.attr, int):
                owner = self.state_by_id.get(top.attr)
                self.support[top] = owner.support if owner else 0
                stack.pop()
                continue
            waiting = [arg for arg in top.args if arg not in self.support]
            if waiting:
                stack += waiting
                continue
            bits = self.bits.get(top, 0)
            for arg in top.args:
                bits |= self.support[arg]
            self.support[top] = bits
            stack.pop()
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


def _shared_parts(steps: Sequence[tuple[Guard, Step]], named: set[Node]) -> set[Node]:
    """Compound parts of the contributions that occur more than once: they get a line of their own.

    What occurs under several guards gets none: under one it may be missing where another needs it.
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
    return {node for node, n in seen.items() if n > 1 and guards[node] is not None and not is_cheap(node)}


def is_cheap(node: Node) -> bool:
    """Gates that cost little more than a name: signs, views, comparisons, a doubled value."""
    return is_repeated(node) or node.op.boolean


def is_repeated(node: Node) -> bool:
    """Cheap gates of one value, which are written wherever they are used, with what they are made of."""
    return node.op in (scalar.neg, scalar.square) or node.op.view or _is_scaled(node)


def _is_scaled(node: Node) -> bool:
    return node.op is scalar.mul and any(is_const(arg) for arg in node.args)


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


def _masks(groups: Sequence[Group]) -> bool:
    """Whether a line selects between df and 0: two plain numbers would decide the precision of what follows."""
    return any(stmt.expr.op is routing.where for group in groups for stmt in group.stmts)


def _cached(groups: Sequence[Group], names: dict[Node, str], dag: Dag) -> tuple[str, ...]:
    """The forward names that the backward lines refer to, in forward order."""
    needed: set[Node] = set()
    stack = [stmt.expr for group in groups for stmt in group.stmts]
    seen: set[Node] = set()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in names:
            needed.add(node)
        else:
            stack += node.args
    return tuple(name for node, name in names.items() if node in needed)
