"""Names of lines: the user's own, those of the outputs, and for the rest what a gate and its arguments make.

>>> from gradc.language import parse
>>> dag = parse("sigmoid(y)*x")
>>> list(name_gates(dag, [node for node in dag.nodes if node.args], set(), Namer(dag.inputs), "notes").values())
['y', 'x', 'sigy', 'f']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gradc.graph.dag import Dag, Node
from gradc.ops import scalar
from gradc.ops.helpers import HELPERS
from gradc.ops.table import brought_by
from gradc.plan.names import Namer, compose, constant_word, letters, short_stem, wengert
from gradc.rewrite.simplify import number

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
_KNOWN = frozenset(MODULE_NAMES)


def words_of(dag: Dag) -> tuple[str, ...]:
    """What a module may call things of its own: with the helpers of users' gates, where the program has such gates."""
    if all(helper in _KNOWN for op in dict.fromkeys(node.op for node in dag.nodes) for helper in brought_by(op)):
        return MODULE_NAMES
    return tuple(dict.fromkeys([*MODULE_NAMES, *HELPERS["numpy"], *HELPERS["math"]]))


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
        return compose(arg, part, parts_of) if arg.args and arg in inline and len(arg.args) < 3 else ""

    parts: dict[Node, int] = {}  # of how many names those of gates are made

    def parts_of(arg: Node) -> int:
        if arg in names or not arg.args:
            return parts.get(arg, int(arg.op is not scalar.const))
        return sum(map(parts_of, arg.args)) if arg in inline else 1

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
            stem = _stem(node, dag, inline, part, parts_of)
            parts[node] = 1 if stem == short_stem(node) or node in dag.roles else sum(map(parts_of, node.args))
            if stem[:1] == "d" and stem[1:] in known:  # the name of an adjoint, which it would step in front of
                stem = short_stem(node)
            names[node] = namer.fresh(stem)
        known.add(names[node])
    return names


def _stem(node: Node, dag: Dag, inline: set[Node], part: Callable[[Node], str], parts_of: Callable[[Node], int]) -> str:
    if node in dag.roles:
        return dag.roles[node]
    if node.op in (scalar.add, scalar.sub) and any(arg in inline and arg.op is scalar.mul for arg in node.args):
        return "dot"
    if any(arg in inline and arg.op in (scalar.add, scalar.sub) for arg in node.args):
        return "dot" if node.op in (scalar.add, scalar.sub) else short_stem(node)
    return compose(node, part, parts_of)


def renamed_words(dag: Dag) -> dict[str, str]:
    """What a caller sees under another name, where the program has taken its own: df, and named sizes."""
    own = [*dag.inputs, *(name for given in dag.names.values() for name in given)]
    sizes = size_names(dag, own)
    found = {dim: name for dim, name in sizes.items() if dim != name}
    if "df" in own:
        found["df"] = module_names(Namer([*own, *sizes.values()]), MODULE_NAMES)["df"]
    return found


def size_names(dag: Dag, users_own: Sequence[str]) -> dict[str, str]:
    """The named dimensions of the inputs, and what the module calls each."""
    namer = Namer(users_own)
    dims = [
        dim
        for node in dag.inputs.values()
        for dim in dag.dims.resolve(node.shape)
        if isinstance(dim, str) and dim.isidentifier()
    ]
    return {dim: namer.fresh(dim) for dim in dict.fromkeys(dims)}
