"""A DAG into straight-line statements of both passes, for every target: which gates get a line (`gradc.plan.gates`),
under which name (`line_names`), in which order and who owns what (`adjoints`), and what is kept between the passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.derive.reverse import reverse
from gradc.graph.dag import Dag, Node, reachable
from gradc.ops import routing
from gradc.plan.adjoints import MOST_TRACKED, Backward
from gradc.plan.apart import apart
from gradc.plan.gates import gates_of_the_notes, inline_gates
from gradc.plan.line_names import module_names, name_gates, renamed_words, size_names, words_of
from gradc.plan.names import Namer
from gradc.plan.statements import Group, Line, Program, Stmt
from gradc.rewrite.sides import Guard, conditions_first, places, settled_guard
from gradc.rewrite.simplify import Builder


def stage(
    dag: Dag,
    build: Builder,
    wrt: Sequence[str],
    scheme: str = "notes",
    arrays: bool = True,
    every_gate: bool = False,
    again: bool = False,
    together: bool = False,
) -> Program:
    """The statements of both passes. `arrays` says whether a value may be a buffer that somebody shares.

    With `every_gate` nothing is written inside the line of another: a picture has each gate by itself; `again` says
    that the adjoints are to be differentiated, too; `together` that each element of an array is one node.
    """
    nodes = reachable([*dag.roots, *dag.inputs.values()])
    inline = {node for node in nodes if not node.args} if every_gate else inline_gates(dag, nodes)
    if not every_gate:
        own, build = apart(dag, build, inline, together)
        if own is not dag:
            dag = own
            nodes = reachable([*dag.roots, *dag.inputs.values()])
            inline = inline_gates(dag, nodes)
    guards = {} if arrays else _guards(dag, nodes)
    if guards:
        inline -= _between_branches(nodes, inline, guards)
    staged = [node for node in (conditions_first(nodes, guards) if guards else nodes) if node not in inline]
    users_own = [*dag.inputs, *(name for given in dag.names.values() for name in given)]
    sizes = size_names(dag, users_own)
    namer = Namer([*users_own, *sizes.values()])
    module = module_names(namer, words_of(dag))
    names = name_gates(dag, staged, inline, namer, scheme)
    lines = tuple(Line(k, gate, Stmt(names[gate], "=", gate), guards.get(gate, ())) for k, gate in enumerate(staged, 1))
    targets = [dag.inputs[name] for name in wrt]
    steps = reverse(dag, build, targets, lambda node: node in names, arrays, again=again)
    by_gate = {line.gate: line for line in lines}
    many = arrays and not dag.declared and len(dag.inputs) > MOST_TRACKED
    back = Backward(dag, build, names, namer.copy(), module, arrays, whole=many)
    groups = back.write(steps, by_gate, inline)
    if arrays and not dag.declared and not many and (back.lacks_shape(wrt) or _masks(groups)):
        back = Backward(dag, build, names, namer.copy(), module, arrays, whole=True)
        groups = back.write(steps, by_gate, inline)
    gradients = back.finish(wrt, groups, again)
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


__all__ = ["Group", "Line", "Program", "Stmt", "gates_of_the_notes", "module_names", "renamed_words", "stage"]
