"""A graph into plain steps, one a node, that a process without the table can follow.

>>> from gradc.language import parse
>>> [step.say() for step in written(parse("x: [n]; sum(x)*2"), {"n": 3}).steps]
['x: [3]', 'sum(x, axis, keepdims)', '2', 'x*y']
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradc.evidence.symbolic.formula import fact
from gradc.graph.dag import Dag, Node, reachable
from gradc.graph.shapes import evaluated
from gradc.ops.scalar import const, input_, size
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import number

Sizes = Mapping[str, int]
_CONTRACTIONS, _TWO_ARGUMENTS = {"matmul", "dot", "tensordot", "einsum", "outer", "inner"}, 3


@dataclass(frozen=True, slots=True)
class Step:
    """An input (`name`, `shape`), a number (`value`), or a gate: a formula over earlier steps.

    `args` has each parameter's name and the step it stands for (several, for the one of a variadic gate); `place` is
    the gate in the program's text, `work` the elements that it computes.
    """

    name: str = ""
    shape: tuple[int, ...] = ()
    value: float | None = None
    formula: str = ""
    args: tuple[tuple[str, int | tuple[int, ...]], ...] = ()
    statics: tuple[tuple[str, Any], ...] = ()
    place: str = ""
    work: int = 0

    def say(self) -> str:
        """The step in words."""
        if self.formula:
            return self.formula
        return str(self.value) if self.value is not None else f"{self.name}: {list(self.shape)}"

    def plain(self) -> list[Any]:
        """What JSON can hold of it."""
        return [self.name, self.shape, self.value, self.formula, self.args, self.statics, self.place, self.work]

    @classmethod
    def of(cls, plain: list[Any]) -> Step:
        name, shape, value, formula, args, statics, place, work = plain
        return cls(name, tuple(shape), value, formula, _frozen(args), _frozen(statics), place, work)


@dataclass(frozen=True, slots=True)
class Written:
    """A program as steps; `inputs` and `outputs` say which."""

    steps: tuple[Step, ...]
    inputs: dict[str, int]
    outputs: tuple[int, ...]

    def plain(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return {"steps": [step.plain() for step in self.steps], "inputs": self.inputs, "outputs": self.outputs}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Written:
        return cls(tuple(map(Step.of, plain["steps"])), dict(plain["inputs"]), tuple(plain["outputs"]))


def written(dag: Dag, sizes: Sizes) -> Written:
    """The steps of a graph, with each named dimension at its size. KeyError for a name that has none."""
    nodes = reachable([*dag.roots, *dag.inputs.values()])
    at = {node: k for k, node in enumerate(nodes)}
    steps = tuple(_step(dag, node, at, sizes) for node in nodes)
    return Written(steps, {name: at[node] for name, node in dag.inputs.items()}, tuple(at[node] for node in dag.roots))


def _step(dag: Dag, node: Node, at: Mapping[Node, int], sizes: Sizes) -> Step:
    if node.op is const:
        return Step(value=number(node))
    if node.op is size:
        return Step(value=evaluated(dag.dims.find(str(node.attr)), sizes))
    if node.op is input_:
        return Step(name=str(node.attr), shape=tuple(evaluated(dim, sizes) for dim in dag.dims.resolve(node.shape)))
    found = [at[arg] for arg in node.args]
    pairs = [(node.op.params[0], tuple(found))] if node.op.variadic else zip(node.op.params, found, strict=True)
    statics = tuple((key, _sized(dag, key, value, sizes)) for key, value in statics_of(node.op, node.attr).items())
    start, end = dag.spans.get(node, (0, 0))
    work = _work(dag, node, sizes)
    return Step(formula=fact(node.op), args=tuple(pairs), statics=statics, place=dag.text[start:end], work=work)


def _work(dag: Dag, node: Node, sizes: Sizes) -> int:
    """The elements that a gate computes, or sums; those that a contraction multiplies.

    A contraction of A and B elements to C multiplies sqrt(A*B*C), where no axis is in all three.
    """
    counts = [math.prod(evaluated(dim, sizes) for dim in dag.dims.resolve(one.shape)) for one in (node, *node.args)]
    if node.op.name in _CONTRACTIONS and len(counts) == _TWO_ARGUMENTS:
        return max(*counts, math.isqrt(math.prod(counts)))
    return max(counts)


def _sized(dag: Dag, key: str, value: Any, sizes: Sizes) -> Any:
    """A static parameter with its named sizes as numbers."""
    if key == "shape":
        return tuple(evaluated(dag.dims.find(dim), sizes) for dim in value)
    return (
        evaluated(dag.dims.find(value), sizes)
        if isinstance(value, (int, str)) and key in ("n", "m", "start", "size")
        else value
    )


def _frozen(value: Any) -> Any:
    """Lists as the tuples that they were before JSON."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
