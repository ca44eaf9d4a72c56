"""A Dag into a program of the language that reads as the same graph: one gate a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradc.graph.dag import Dag, Node, Shape
from gradc.graph.shapes import show
from gradc.ops import array as a
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.constant_arrays import literal
from gradc.ops.forms import complement, logsumexp_of, root
from gradc.ops.table import Op, lookup, static, statics_of
from gradc.rewrite.simplify import number

INFIX = {
    s.add: "{} + {}", s.sub: "{} - {}", s.mul: "{}*{}", s.div: "{}/{}", s.pow_: "{}**{}", a.matmul: "{} @ {}",
    s.square: "{}**2", s.neg: "-{}", r.not_: "not {}", r.all_of: "{} and {}", r.any_of: "{} or {}",
    r.gt: "{} > {}", r.ge: "{} >= {}", r.lt: "{} < {}", r.le: "{} <= {}", r.eq: "{} == {}", r.ne: "{} != {}",
}  # fmt: skip
# A gate whose name the program has for a variable is called with the first of these that it has not.
PREFIXES = ("np", "numpy", "math", "torch", "jnp", "scipy")


def unparse(dag: Dag) -> str:
    """The program's text; `parse` makes the same nodes of it, in the same order."""
    texts = _Texts(dag)
    gates = [node for node in dag.nodes if node.args]
    single = dag.outputs[0][1] if len(dag.outputs) == 1 else None
    lines = []
    for gate in gates:
        if gate is single and gate is gates[-1]:
            name = dag.outputs[0][0]
            lines.append(f"{name} = {texts.gate(gate)}" if name in _given(dag, gate) else texts.gate(gate))
        else:
            line = texts.gate(gate)
            texts.names[gate] = texts.fresh(dag.names.get(gate, ()))
            lines.append(f"{texts.names[gate]} = {line}")
    if single is None or single in texts.names or single.op is s.const:
        lines += texts.outputs(dag)
    return "\n".join(_declarations(dag, gates) + lines)


class _Texts:
    """What each node is called, and the names that are taken."""

    def __init__(self, dag: Dag) -> None:
        self.names: dict[Node, str] = {node: name for name, node in dag.inputs.items()}
        self.taken = {
            *dag.inputs,
            *(name for given in dag.names.values() for name in given),
            *(name for name, _ in dag.outputs),
        }
        self.free = set(self.taken) - set(dag.inputs)
        self.count = 0
        self.prefix = next((prefix for prefix in PREFIXES if prefix not in self.taken), "special")

    def fresh(self, wanted: Iterable[str]) -> str:
        """The first name that the user gave and that is no gate's; else a number."""
        for name in wanted:
            if name in self.free and lookup(name) is None and name not in PREFIXES:
                self.free.discard(name)
                return name
        while True:
            self.count += 1
            name = f"v{self.count}"
            if name not in self.taken:
                return name

    def operand(self, node: Node) -> str:
        if node.op is s.const:
            text = repr(number(node))
            return f"({text})" if text.startswith("-") else text
        if node.op is literal:
            return _nested(list(static(node, "values")), node.shape)
        if not node.args and node not in self.names:
            return self.gate(node)  # an array that hangs on sizes alone
        return self.names[node]

    def outputs(self, dag: Dag) -> list[str]:
        """The last line, and before it what gives an output the name that the user gave it."""
        lines, last = [], []
        for name, node in dag.outputs:
            text = self.operand(node)
            if name in _given(dag, node) and (text != name or not node.args):
                lines.append(f"{name} = {text}")
                text = name
            last.append(text if text == name else f"({text})")
        return lines if len(last) == 1 and lines else [*lines, ", ".join(last)]

    def gate(self, node: Node) -> str:
        """The right side of a gate's line."""
        op, args = node.op, [self.operand(arg) for arg in node.args]
        if op in INFIX:
            return INFIX[op].format(*args)
        if op is complement:
            return f"sqrt(1 - {args[0]}**2)"  # which reads as the gate again
        if op is logsumexp_of:  # so does this
            op, args = a.logsumexp, [f"{self._function(s.log)}({args[1]}) + {args[0]}"]
        if op is r.indicator:
            return f"where({args[0]}, {static(node, 'a')!r}, {static(node, 'b')!r})"
        if op is s.ipow:
            power = static(node, "n")
            return f"{args[0]}**{power}" if power >= 0 else f"{args[0]}**({power})"
        if op is a.index:
            return f"{args[0]}[{', '.join(map(_item, static(node, 'index')))}]"
        if op is a.transpose and node.attr == (None,):
            return f"{args[0]}.T"
        statics = [f"{key}={_static(value)}" for key, value in statics_of(op, node.attr).items()]
        return f"{self._function(op)}({', '.join(args + statics)})"

    def _function(self, op: Op) -> str:
        name = "sqrt" if op is root else op.name  # a norm in disguise, which reads as one again
        return f"{self.prefix}.{name}" if name in self.taken else name


def _nested(values: list[Any], shape: Shape) -> str:
    """Numbers as the lists that they were written in.

    >>> _nested([1, 2.5, 3, 4], (2, 2))
    '[[1, 2.5], [3, 4]]'
    """
    parts = [repr(value) for value in values]
    for size in reversed([int(dim) for dim in shape]):
        parts = ["[" + ", ".join(parts[at : at + size]) + "]" for at in range(0, len(parts), max(size, 1))]
    return parts[0] if len(parts) == 1 else "[]"


def _given(dag: Dag, node: Node) -> tuple[str, ...]:
    """The user's names of an output; a condition that is asked for as a number has those of the condition."""
    given = dag.names.get(node, ())
    return given + dag.names.get(node.args[0], ()) if node.op is r.indicator else given


def _item(item: Any) -> str:
    """One part of a subscript.

    >>> _item(("slice", 1, None, 2)), _item(None), _item(-1)
    ('1::2', 'None', '-1')
    """
    if not isinstance(item, tuple):
        return str(item)
    start, stop, step = ("" if part is None else str(part) for part in item[1:])
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _static(value: Any) -> str:
    """A static parameter; a dimension stands as its name."""
    return show(value) if isinstance(value, tuple) else str(value)


def _declarations(dag: Dag, gates: list[Node]) -> list[str]:
    """A line for each array; for every input where their order, or a scalar reduced or updated, hangs on it."""
    seen: dict[Node, None] = {}
    for node in [*(arg for gate in gates for arg in gate.args), *dag.roots]:
        if node.op is s.input_:
            seen.setdefault(node)
    wanted = list(dag.inputs.values())
    arrays = [node for node in wanted if node.shape]
    reduced = any("axis" in dict(gate.op.statics) and not gate.args[0].shape for gate in gates if not gate.op.variadic)
    updated = any(name in dag.inputs and any(name in given for given in dag.names.values()) for name, _ in dag.outputs)
    natural = not reduced and not updated and arrays + [node for node in seen if not node.shape] == wanted
    return [
        f"{name}: [{', '.join(map(str, node.shape))}]" for name, node in dag.inputs.items() if node.shape or not natural
    ]
