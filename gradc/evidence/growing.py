"""Families of programs that grow: the member of each size, and a user's program composed with itself.

>>> member("logistic", 2)
'x = r*x*(1 - x)\\nx = r*x*(1 - x)'
>>> member("product", 3), member("rosenbrock", 2)
('x1*x2*x3', '100*(x2 - x1**2)**2 + (1 - x1)**2')
"""

from __future__ import annotations

from collections.abc import Callable

from gradc.base.errors import GradcError
from gradc.graph.dag import Dag, Node, reachable
from gradc.rewrite.simplify import Builder


def _logistic(n: int) -> str:
    """The logistic map, iterated."""
    return "\n".join(["x = r*x*(1 - x)"] * n)


def _product(n: int) -> str:
    """Speelpenning's product."""
    return "*".join(f"x{k}" for k in range(1, n + 1))


def _nested_sigmoid(n: int) -> str:
    """A sigmoid of a sigmoid of a sigmoid."""
    return "\n".join(["x = sigmoid(w*x + b)"] * n)


def _chain(n: int) -> str:
    """A chain of functions, in each of which the last value is used twice."""
    return "\n".join(["x = x*sin(x)"] * n)


def _rosenbrock(n: int) -> str:
    """The Rosenbrock function in n dimensions."""
    return " + ".join(f"100*(x{k + 1} - x{k}**2)**2 + (1 - x{k})**2" for k in range(1, max(n, 2)))


FAMILIES: dict[str, Callable[[int], str]] = {
    "logistic": _logistic,
    "product": _product,
    "nested-sigmoid": _nested_sigmoid,
    "chain": _chain,
    "rosenbrock": _rosenbrock,
}


def member(family: str, n: int) -> str:
    """The program of a family at a size; GradcError for a family that is not there."""
    if family not in FAMILIES:
        raise GradcError(f"no family '{family}'", hint=f"there are {', '.join(FAMILIES)}")
    return FAMILIES[family](n)


def composed(dag: Dag, n: int) -> Dag:
    """A program of numbers composed with itself: its output, n - 1 times, in place of x (or of its first input).

    >>> from gradc.language import parse
    >>> once = parse("r*x*(1 - x)")
    >>> len(composed(once, 1).nodes), len(composed(once, 3).nodes)
    (6, 12)
    """
    if not dag.inputs or len(dag.outputs) != 1 or dag.declared:
        raise GradcError("only a program of numbers with one output can be composed with itself", dag.text)
    into = "x" if "x" in dag.inputs else next(iter(dag.inputs))
    build = Builder(dag.dims, literal=True)
    inputs = {name: build.input(name) for name in dag.inputs}
    value = inputs[into]
    for _ in range(n):
        value = _once(dag, build, {dag.inputs[name]: inputs[name] for name in inputs} | {dag.inputs[into]: value})
    return Dag(
        text="",  # the graph stands for itself
        nodes=tuple(reachable([value, *inputs.values()])),
        inputs=inputs,
        outputs=((dag.outputs[0][0], value),),
        names={},
        spans={},
        rewrites={},
        dims=dag.dims,
        roles={},
        graph=build.graph,
    )


def _once(dag: Dag, build: Builder, known: dict[Node, Node]) -> Node:
    """The program's output with its inputs replaced."""
    for node in dag.nodes:
        if node not in known:
            args = tuple(known[arg] for arg in node.args)
            known[node] = build.intern(node.op, args, node.attr) if args else build.graph.node(node.op, (), node.attr)
    return known[dag.roots[0]]
