"""Scalar programs of the fast style: one function for value and gradient, and the two passes of the interface.

>>> from gradc.language import parse
>>> dag = parse("f = x*exp(-x*y)")
>>> print(fused("value_and_grad", optimize(dag, ["x", "y"])).text)
def value_and_grad(x, y):
    expneg = exp(-x*y)
    f = x*expneg
    return f, {"x": expneg - y*f, "y": -x*f}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from gradc.base.files import COMPILED
from gradc.emit.layout import broken, default_of, indent, quoted, unpacked, wrapped
from gradc.emit.lines import Plan, cost_of, line_texts, lines_of, result_texts
from gradc.emit.long_programs import long_text
from gradc.emit.modules import Emitted
from gradc.emit.operand import Printer, helper_costs
from gradc.graph.dag import Dag, Node, reachable
from gradc.ops import scalar
from gradc.ops.helpers import HELPERS, needed
from gradc.ops.table import Op
from gradc.optimize import LARGE, Joint, optimize
from gradc.plan.names import LONGEST, Namer, compose, constant_word, letters, wengert
from gradc.rewrite.sides import Region, covers
from gradc.rewrite.simplify import number

_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*\b")
_CALL = re.compile(r"\bmath\.(\w+)")


@dataclass(frozen=True, slots=True)
class FunctionText:
    """A function: its text, what it calls of `math`, the helpers that it needs, its operations."""

    text: str
    calls: dict[str, None]
    helpers: dict[str, None]
    operations: int


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


# ---- names -------------------------------------------------------------------------------------


def names_of(joint: Joint, words: Words, *plans: Plan) -> dict[Node, str]:
    """A name for every line: the user's, d + that of the value whose adjoint it is, or one made from its parts."""
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
    for node in sorted({node for plan in plans for node in plan.written if node not in same}, key=lambda node: node.id):
        if node in given and given[node] not in used:
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


# ---- text --------------------------------------------------------------------------------------


@cache
def _called(op: Op) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The functions of `math` that a gate calls, and its helpers."""
    form = op.code["math"]
    return tuple(_CALL.findall(form.text)), form.helpers


def calls_of(plan: Plan) -> tuple[dict[str, None], dict[str, None]]:
    calls: dict[str, None] = {}
    helpers: dict[str, None] = {}
    for op in plan.operators:
        functions, called = _called(op)
        calls.update(dict.fromkeys(functions))
        for helper in called:
            helpers.update(dict.fromkeys([helper, *needed(HELPERS["math"], helper)]))
    return calls, helpers


# ---- functions ---------------------------------------------------------------------------------


def fused(name: str, joint: Joint, scheme: str = "notes", words: Words | None = None) -> FunctionText:
    """Value and gradient in one function, which takes the upstream adjoints too if the graph has seeds."""
    nodes, roots = joint.nodes, joint.roots
    plan = lines_of(nodes, roots, joint.places())
    words = words or words_of(joint.dag, scheme, list(calls_of(plan)[0]))
    names = names_of(joint, words, plan)
    df = words.call("df")
    upstream = words.upstream if joint.seeds else ()
    names.update(zip(joint.seeds, upstream, strict=True))
    texts = iter(result_texts(plan, names, words.renamed))
    value = _packed([next(texts) for _ in joint.outputs])
    pairs = [f'"{name}": {"0.0" if node is None else next(texts)}' for name, node in joint.gradients.items()]
    body = [*seed_lines(upstream, df), *line_texts(plan, names, words.renamed)]
    body += broken(f"return {value}, {{", pairs, "}", closed=False)
    return function_text(name, [*joint.dag.inputs, *([df] if upstream else [])], body, plan)


def seed_lines(upstream: Sequence[str], df: str) -> list[str]:
    """The line that takes the upstream adjoints of several outputs apart."""
    return unpacked(list(upstream), df) if len(upstream) > 1 else []


def _packed(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def function_text(name: str, params: Iterable[str], body: Sequence[str], *plans: Plan) -> FunctionText:
    calls: dict[str, None] = {}
    helpers: dict[str, None] = {}
    for plan in plans:
        more, needed = calls_of(plan)
        calls.update(more)
        helpers.update(needed)
    cost = sum(map(cost_of, plans))
    return FunctionText("\n".join([f"def {name}({', '.join(params)}):", *indent(body)]), calls, helpers, cost)


# ---- the two passes ----------------------------------------------------------------------------


def passes(
    joint: Joint, forward: str, backward: str, words: Words, df: str, cache: str
) -> tuple[FunctionText, FunctionText]:
    """forward and backward of a graph with upstream adjoints; the cache holds what backward reads, and nothing more."""
    nodes = joint.nodes
    placed = joint.places()
    ahead = reachable(joint.outputs)
    forward_nodes = set(ahead)
    behind = [node for node in nodes if node not in forward_nodes]
    gradients = [node for node in joint.gradients.values() if node is not None]
    again = _computed_again([*(arg for node in behind for arg in node.args), *gradients], forward_nodes)
    inside = {*behind, *again}
    placed_ahead = joint.places(joint.outputs)
    while True:
        read = {arg for node in inside for arg in node.args} | set(gradients)
        kept_back = {node for node in read if node in forward_nodes and node not in inside and node.args}
        missed = {node for node in kept_back if not covers(placed_ahead[node], placed[node])}
        if not missed:
            break
        inside |= missed  # where backward needs it, forward may not have computed it: computed again
    behind = sorted(inside, key=lambda node: node.id)
    cached = sorted(
        (node for node in read if node in forward_nodes and node not in inside and node.op is not scalar.const),
        key=lambda node: node.id,
    )
    first = lines_of(ahead, joint.outputs, placed_ahead, keep=[node for node in cached if node.args])
    second = lines_of(behind, gradients, placed)
    upstream = words.upstream
    names = names_of(joint, words, first, second)
    names.update(zip(joint.seeds, upstream, strict=True))
    kept = [names[node] for node in cached]
    value = _packed(result_texts(first, names, words.renamed))
    params = [names[node] for node in joint.dag.inputs.values()]
    body = [
        *_floats(params),
        *_nothing_yet([node for node in cached if node.args], placed_ahead, names),
        *line_texts(first, names, words.renamed),
        *broken(f"return {value}, (", kept, ")"),
    ]
    ahead_text = function_text(forward, joint.dag.inputs, body, first)
    texts = iter(result_texts(second, names, words.renamed))
    pairs = [f'"{name}": {"0.0" if node is None else next(texts)}' for name, node in joint.gradients.items()]
    body = [
        *unpacked(kept, cache),
        *seed_lines(upstream, df),
        *line_texts(second, names, words.renamed),
        *broken("return {", pairs, "}", closed=False),
    ]
    return ahead_text, function_text(backward, [cache, f"{df}{default_of(len(upstream))}"], body, second)


def _floats(names: Sequence[str]) -> list[str]:
    """Whole numbers are read as floats."""
    if len(names) > 8:
        return [f"{name} = float({name})" for name in names]
    return [f"{', '.join(names)} = {', '.join(f'float({name})' for name in names)}"] if names else []


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


def _nothing_yet(
    cached: Iterable[Node], placed: Mapping[Node, tuple[Region, ...]], names: Mapping[Node, str]
) -> list[str]:
    """What the cache holds of a branch that may not be taken."""
    inner = [names[node] for node in cached if all(region.depth for region in placed[node])]
    return [" = ".join([*inner, "None"])] if inner else []


# ---- the module --------------------------------------------------------------------------------


def emit_scalar(
    dag: Dag,
    wrt: Sequence[str],
    scheme: str = "notes",
    literal: bool = False,
    function: str = "",
    modes: Mapping[str, tuple[Joint, Callable[[Words], FunctionText]]] = MappingProxyType({}),
) -> Emitted:
    """The module of a scalar program for the target `math`, in the fast style.

    `modes` has a graph and the function of it for each further function by its name.
    """
    names = _function_names(function)
    if len(dag.nodes) > LARGE:
        return _emit_long(dag, wrt, literal, names)
    joint = optimize(dag, wrt, literal=literal)
    seeded = optimize(dag, wrt, literal=literal, seeded=True)
    graphs = [joint, seeded, *(graph for graph, _ in modes.values())]
    functions = dict.fromkeys(name for each in graphs for node in each.nodes for name in _called_by(node))
    words = words_of(dag, scheme, list(functions))
    for name in (*names, *modes):
        words.namer.fresh(name)
    whole = fused(names[2], joint if len(dag.outputs) == 1 else seeded, words=words)
    ahead, behind = passes(seeded, names[0], names[1], words, words.call("df"), words.call("cache"))
    parts = [ahead, behind, whole, *(make(words) for _, make in modes.values())]
    calls = sorted({name for part in parts for name in part.calls})
    helpers = {name for part in parts for name in part.helpers}
    text = [
        *_docstring(dag, wrt, ahead.operations, whole.operations - ahead.operations),
        *_imports(calls, bool(helpers), words),
        "\n\n\n".join(part.text for part in parts),
        *_helpers(helpers, words),
    ]
    return Emitted("\n".join(text) + "\n", ahead.operations, whole.operations - ahead.operations, ())


def _function_names(function: str) -> tuple[str, str, str]:
    if function:
        return function + "_forward", function + "_backward", function
    return "forward", "backward", "value_and_grad"


def _emit_long(dag: Dag, wrt: Sequence[str], literal: bool, names: tuple[str, str, str]) -> Emitted:
    """The same for a program too long for one function: its lines stand in many, which the passes call in order."""
    long = long_text(dag, wrt, literal=literal, seeded=True)
    words = words_of(dag, "notes", [*names, *long.functions])
    params, seeds = list(dag.inputs), len(dag.outputs)
    fresh = words.namer.copy().fresh
    x, g, cache, df = fresh("x"), fresh("g"), words.call("cache"), words.call("df")
    order = {name: i for i, name in enumerate(params)}
    carried = [x, *long.carried]
    local = {"x": x, "g": g}
    forward = [
        *broken(f"{x} = [", [f"float({name})" for name in params], "]", closed=False),
        f"{g} = []",
        *(_IDENTIFIER.sub(lambda word: local.get(word[0], word[0]), call) for call in long.calls[: long.ahead]),
        *long.unpacked,
        *broken(f"return {_IDENTIFIER.sub(lambda word: local.get(word[0], word[0]), long.result)}, (", carried, ")"),
    ]
    backward = [
        *unpacked(carried, cache),
        f"{x} = [*{x}, {df}]" if seeds == 1 else f"{x} = [*{x}, *{df}]",
        f"{g} = [0.0]*{len(params)}",
        *(_IDENTIFIER.sub(lambda word: local.get(word[0], word[0]), call) for call in long.calls[long.ahead :]),
        *broken("return {", [f'"{name}": {g}[{order[name]}]' for name in wrt], "}", closed=False),
    ]
    given = ", ".join(params)
    both = f", {df}" * (seeds > 1)
    text = [
        *_docstring(dag, wrt, *long.operators),
        *_imports(sorted(long.functions), bool(long.helpers), Words(words.namer, {})),
        *(f"{part}\n" for part in long.parts),
        "\n".join([f"def {names[0]}({given}):", *indent(forward)]) + "\n\n",
        "\n".join([f"def {names[1]}({cache}, {df}{default_of(seeds)}):", *indent(backward)]) + "\n\n",
        f"def {names[2]}({given}{both}):",
        f"    f, {cache} = {names[0]}({given})\n    return f, {names[1]}({cache}{both})",
        *_helpers(long.helpers),
    ]
    return Emitted("\n".join(text) + "\n", *long.operators, ())


def _called_by(node: Node) -> tuple[str, ...]:
    if not node.args:
        return ()
    functions, helpers = _called(node.op)
    return (*functions, *helpers, *(name for helper in helpers for name in needed(HELPERS["math"], helper)))


def _imports(calls: Sequence[str], helpers: bool, words: Words) -> list[str]:
    lines = ["import math"] if helpers else []
    if calls:
        lines.append(
            "from math import "
            + ", ".join(name if words.call(name) == name else f"{name} as {words.call(name)}" for name in calls)
        )
    return [*lines, "", ""] if lines else [""]


def _helpers(used: Iterable[str], words: Words | None = None) -> list[str]:
    wanted = set(used)
    texts = [text.strip("\n") for name, text in HELPERS["math"].items() if name in wanted]
    own = {name: words.call(name) for name in HELPERS["math"]} if words is not None else {}
    rename = Printer({}, "math", module=own)._rename
    return [line for text in texts for line in ("", "", rename(text))]


def _docstring(dag: Dag, wrt: Sequence[str], forward: int, backward: int) -> list[str]:
    whole = forward + backward
    times = f"{whole / max(forward, 1):.2f} times the value alone"
    return [
        f'"""Forward and backward pass, {COMPILED}',
        "",
        *("    " + line for line in quoted(dag.text).split("\n")),
        "",
        *wrapped(f"Inputs: {', '.join(dag.inputs) or 'none'} (numbers).", 100),
        *wrapped(f"Gradient with respect to: {', '.join(wrt) or 'nothing'}.", 100),
        f"Operations: value {forward}, value and gradient {whole}; together {times}.",
        '"""',
        "",
    ]


__all__ = [
    "FunctionText", "Words", "calls_of", "emit_scalar", "function_text", "fused", "helper_costs",
    "names_of", "passes", "seed_lines", "words_of",
]  # fmt: skip
