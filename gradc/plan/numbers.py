"""Programs of numbers in the fast style as Code: one function for value and gradient, and the two passes.

>>> from gradc.language import parse
>>> from gradc.optimize import optimize
>>> from gradc.plan.lines import AS_A_CALL
>>> joint = optimize(parse("f = x*exp(-x*y)"), ["x", "y"])
>>> both = fused("value_and_grad", joint, words_of(joint.dag, "notes", ["exp"]), lambda node: AS_A_CALL)
>>> [stmt.target for stmt in both.body[:-1]], list(both.body[-1].value[1])
(['expneg', 'f'], ['x', 'y'])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.graph.dag import Dag, Node, reachable
from gradc.ops import scalar
from gradc.optimize import Joint
from gradc.plan.code import AS_FLOAT, Assign, Def, Return, Unpack, Unset, Value, made, name_of
from gradc.plan.lines import Plan, Written, lines_of
from gradc.plan.names import LONGEST, Namer, compose, constant_word, letters, wengert
from gradc.rewrite.sides import Region, covers
from gradc.rewrite.simplify import Builder, number

# The slope of what nothing hangs on.
ZERO = Builder().const(0.0)
# More inputs than this are read as floats one a line.
MOST_AT_ONCE = 8

How = Callable[[Node], Written]


@dataclass(frozen=True, slots=True)
class Words:
    """The names that are free, what had to step aside for the user's names, and what inputs and adjoints go by."""

    namer: Namer
    renamed: dict[str, str]
    scheme: str = "notes"
    inputs: Mapping[str, str] = field(default_factory=dict)
    upstream: tuple[str, ...] = ()

    def call(self, function: str) -> str:
        return self.renamed.get(function, function)


def words_of(dag: Dag, scheme: str, functions: Sequence[str]) -> Words:
    """The names that a program leaves free."""
    namer = Namer([*dag.inputs, *(name for given in dag.names.values() for name in given)])
    renamed = {}
    for function in [*functions, "math", "df", "cache"]:
        name = namer.fresh(function)
        if name != function:
            renamed[function] = name
    df, count = renamed.get("df", "df"), len(dag.outputs)
    upstream = (df,) if count == 1 else tuple(namer.fresh(f"{df}{i + 1}") for i in range(count))
    return Words(namer, renamed, scheme, upstream=upstream)


def names_of(joint: Joint, words: Words, *plans: Plan, within: Iterable[Node] = ()) -> dict[Node, str]:
    """A name for every line: the user's, d + that of the value whose adjoint it is, or one made from its parts.

    What stands `within` the lines of others has no line; its name is a part of theirs, and nobody's to keep.
    """
    names = {node: words.inputs.get(name, name) for name, node in joint.dag.inputs.items()}
    outputs = {node: name for name, node in reversed(joint.dag.outputs)}
    ahead = set(reachable(joint.outputs))
    slopes = {node: "d" + words.inputs.get(name, name) for name, node in joint.gradients.items() if node is not None}
    given = {node: own[0] for node, own in joint.dag.names.items()}
    roles = _roles(joint)
    namer = words.namer.copy()
    source = {"letters": letters, "wengert": wengert}.get(words.scheme)
    series = iter(source()) if source else None
    used = {*joint.dag.inputs}  # an input that the program assigns anew is x2 from there on

    def part(node: Node) -> str:
        if node in names:
            return names[node]
        if node.op is scalar.const:
            return constant_word(number(node))
        if node in roles:
            return roles[node]
        return compose(node, lambda arg: names.get(arg, "")) if len(node.args) == 1 else ""

    def value_stem(node: Node) -> str:
        if node in roles or node in joint.stems:
            return roles.get(node) or joint.stems[node]
        if node in joint.gates:
            return compose(joint.gates[node], part)
        if len(node.args) == 2 and node.args[0] is node.args[1] and node.op is scalar.mul:
            return compose(node, lambda arg: "").replace(node.op.say.short, "") or scalar.square.stem.replace(
                "{x}", part(node.args[0])
            )
        return compose(node, part)

    def stem(node: Node) -> str:
        if node in outputs:
            return outputs[node]
        if node in ahead:
            return value_stem(node)
        if node in slopes:
            return slopes[node]
        of, minus = joint.adjoints.get(node, (None, False))
        if of is not None and node.op is not scalar.inv:
            name = names.get(of) or outputs.get(of) or value_stem(of)
            if len(name) < LONGEST:
                return "md" * minus + "d" * (not minus) + name
        of, minus = joint.tangents.get(node, (None, False))
        if of is not None and not minus and of in names and len(names[of]) < LONGEST:
            return names[of] + "_dot"
        return value_stem(node)

    same = {inner: outer for plan in plans for inner, outer in plan.same.items()}
    parts = set(within)
    written = parts.union(*(plan.written for plan in plans)).difference(same)
    for node in sorted(written, key=lambda node: node.id):
        if node in parts:
            names[node] = stem(node)
        elif node in given and given[node] not in used:
            names[node] = given[node]
            used.add(given[node])
        elif node in given and series is None:
            names[node] = namer.again(given[node])
        elif series is not None:
            names[node] = next(name for name in series if namer.free(name))
            namer.fresh(names[node])
        else:
            names[node] = namer.fresh(stem(node))
    names.update((inner, names[outer]) for inner, outer in same.items())
    return names


def _roles(joint: Joint) -> dict[Node, str]:
    roles: dict[Node, str] = {}
    for node in joint.dag.nodes:
        for role, arg in zip(node.op.say.roles, node.args, strict=False):
            if arg.args:
                roles.setdefault(arg, role)
    return roles


def _computed_again(read: Iterable[Node], ahead: set[Node]) -> list[Node]:
    """Conditions and signs that backward computes again rather than take them from the cache."""
    out: dict[Node, None] = {}
    stack = list(read)
    while stack:
        node = stack.pop()
        if node in ahead and node not in out and node.args and (node.op.boolean or node.op is scalar.neg):
            out[node] = None
            stack += node.args
    return list(out)


def fused(name: str, joint: Joint, words: Words, how: How) -> Def:
    """Value and gradient in one function, which takes the upstream adjoints too if the graph has seeds."""
    plan = lines_of(joint.nodes, joint.roots, joint.places(), how)
    names = names_of(joint, words, plan)
    df = words.call("df")
    upstream = words.upstream if joint.seeds else ()
    names.update(zip(joint.seeds, upstream, strict=True))
    values, slopes = results_of(joint, plan, names)
    body = (*apart(upstream, df), *plan.statements(names), Return((values, slopes)))
    return Def(name, (*joint.dag.inputs, *([df] if upstream else [])), body, "value_and_grad")


def results_of(joint: Joint, plan: Plan, names: Mapping[Node, str]) -> tuple[Value, dict[str, Node]]:
    """The value, a tuple of several, and the slopes by their key."""
    results = iter(plan.returned(names))
    values = tuple([next(results) for _ in joint.outputs])
    slopes = {key: ZERO if node is None else next(results) for key, node in joint.gradients.items()}
    return values[0] if len(values) == 1 else values, slopes


def apart(upstream: Sequence[str], df: str) -> list[Unpack]:
    """The line that takes the upstream adjoints of several outputs apart."""
    return [Unpack(tuple(upstream), name_of(df))] if len(upstream) > 1 else []


def passes(joint: Joint, forward: str, backward: str, words: Words, how: How) -> tuple[Def, Def]:
    """forward and backward of a graph with upstream adjoints; the cache holds what backward reads, and nothing more."""
    placed, placed_ahead = joint.places(), joint.places(joint.outputs)
    ahead = reachable(joint.outputs)
    gradients = [node for node in joint.gradients.values() if node is not None]
    behind, cached = _cut(joint, ahead, gradients, placed, placed_ahead)
    kept = [node for node in cached if node.args]
    first = lines_of(ahead, joint.outputs, placed_ahead, how, keep=kept)
    second = lines_of(behind, gradients, placed, how)
    names = names_of(joint, words, first, second)
    names.update(zip(joint.seeds, words.upstream, strict=True))
    df, cache = words.call("df"), words.call("cache")
    values = first.returned(names)
    held = tuple([name_of(names[node], node) for node in cached])
    missing = tuple([names[node] for node in kept if all(region.depth for region in placed_ahead[node])])
    ahead_of = (
        *_as_floats([names[node] for node in joint.dag.inputs.values()]),
        *([Unset(missing)] if missing else []),  # what the cache holds of a branch that may not be taken
        *first.statements(names),
        Return((values[0] if len(values) == 1 else tuple(values), held)),
    )
    results = iter(second.returned(names))
    slopes = {key: ZERO if node is None else next(results) for key, node in joint.gradients.items()}
    back = (
        *([Unpack(tuple([names[node] for node in cached]), name_of(cache))] if cached else []),
        *apart(words.upstream, df),
        *second.statements(names),
        Return(slopes),
    )
    defaults = {df: "1.0"} if len(words.upstream) == 1 else {}
    return Def(forward, tuple(joint.dag.inputs), ahead_of, "forward"), Def(
        backward, (cache, df), back, "backward", defaults
    )


def _cut(
    joint: Joint,
    ahead: Sequence[Node],
    gradients: Sequence[Node],
    placed: Mapping[Node, tuple[Region, ...]],
    placed_ahead: Mapping[Node, tuple[Region, ...]],
) -> tuple[list[Node], list[Node]]:
    """What backward computes, and what it takes from forward."""
    forward = set(ahead)
    behind = [node for node in joint.nodes if node not in forward]
    again = _computed_again([*(arg for node in behind for arg in node.args), *gradients], forward)
    inside = {*behind, *again}
    while True:
        read = {arg for node in inside for arg in node.args} | set(gradients)
        kept = {node for node in read if node in forward and node not in inside and node.args}
        missed = {node for node in kept if not covers(placed_ahead[node], placed[node])}
        if not missed:
            break
        inside |= missed  # where backward needs it, forward may not have computed it: computed again
    cached = [node for node in read if node in forward and node not in inside and node.op is not scalar.const]
    return sorted(inside, key=lambda node: node.id), sorted(cached, key=lambda node: node.id)


def _as_floats(names: Sequence[str]) -> list[Assign | Unpack]:
    """Whole numbers are read as floats."""
    floats = [made(AS_FLOAT, name_of(name), attr=(name,)) for name in names]
    if 1 < len(names) <= MOST_AT_ONCE:
        return [Unpack(tuple(names), tuple(floats))]
    return [Assign(name, value) for name, value in zip(names, floats, strict=True)]
