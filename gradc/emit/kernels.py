"""Kernels of the fast style: nodes into straight lines, every one a ufunc that writes into a buffer.

A buffer is used again as soon as nobody reads what is in it (`gradc.plan.buffers`); a kernel knows nothing of the
blocks that it is called with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from gradc.emit.operand import Printer, constant, helper_costs
from gradc.graph.dag import Node
from gradc.ops import routing, scalar
from gradc.plan.buffers import Plan
from gradc.plan.names import Namer
from gradc.rewrite.simplify import is_const, number

# Beyond this exp leaves single precision; half precision has no room for it at all.
_LIMIT = 80.0


# NumPy takes the buffer of these by name only.
_BY_NAME = (routing.maximum, routing.minimum)


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel: its lines, what it calls, and how much scratch it needs."""

    name: str
    params: tuple[str, ...]
    lines: tuple[str, ...]
    targets: tuple[str, ...]
    floats: int
    masks: int
    ops: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a module: its own things, its functions from NumPy as they come up, its values."""

    namer: Namer
    module: dict[str, str]
    called: dict[str, str]
    helpers: dict[str, None]
    python: dict[str, str]  # what Python's own functions go by, where the user has a variable of their name
    said: dict[str, None]  # those of them that are called

    def call(self, function: str) -> str:
        if function not in self.called:
            self.called[function] = self.namer.fresh(function)
        return self.called[function]

    def text(self, words: str) -> str:
        """A name of the module's own, as it goes here."""
        return self.module.get(words, words)

    def own(self, word: str) -> str:
        """A function of Python's, as it goes here."""
        if word in self.python:
            self.said[word] = None
        return self.python.get(word, word)


class KernelLines:
    """Nodes into lines of a kernel."""

    def __init__(
        self, names: Names, plan: Plan, leaves: Mapping[Node, str], floats: Sequence[str], masks: Sequence[str]
    ) -> None:
        self.names, self.plan, self.leaves, self.floats, self.masks = names, plan, leaves, floats, masks
        self.ops = 0

    def operand(self, node: Node) -> str:
        if node.op is scalar.const:
            value = float(number(node))
            return constant(value)[0] if isfinite(value) else f'{self.names.own("float")}("{value}")'
        if not node.args:
            return self.leaves[node]
        return (self.masks if node.op.boolean else self.floats)[self.plan.place[node]]

    def guard(self, nodes: Sequence[Node], leave: str, result: str) -> list[str]:
        """What is beyond exp, or not a number, or in half precision, is left to the careful kernel."""
        if not nodes:
            return []
        self.ops += 2 * len(nodes)
        tests = " and ".join(f"{self.operand(node)}.max() <= {_LIMIT}" for node in nodes)
        test = f"not {tests}" if len(nodes) == 1 else f"not ({tests})"
        return [f"if {test} or {result}.itemsize < 4:", f"    {leave}"]

    def of(self, node: Node) -> list[str]:
        """The lines that fill a node's buffer."""
        target = self.operand(node)
        args = [self.operand(arg) for arg in node.args]
        if node.op is routing.where:
            lines = self._selected(node, target, *args)
        elif node.op.fast.into:
            temps = [self.floats[number] for number in self.plan.temps[node]]
            lines = [self._helped(node.op.fast.into, *args, target, *temps)]
        elif node.op.ufunc:
            out = f"out={target}" if node.op in _BY_NAME else target
            lines = [f"{self.names.call(node.op.ufunc)}({', '.join([*args, out])})"]
        else:
            printer = Printer(dict(zip(node.args, args, strict=True)), module=self.names.module)
            lines = [f"{target}[...] = {printer.text(node, unnamed=True)}"]
            self.names.helpers.update(printer.helpers)
        self.ops += len(lines)
        return lines

    def _selected(self, node: Node, target: str, condition: str, x: str, y: str) -> list[str]:
        """Where the condition holds x, else y."""
        if node.args[1] is node.args[2]:
            return [f"{self.names.text('np')}.copyto({target}, {x})"] if x != target else []
        if is_const(node.args[1], 1) and is_const(node.args[2], 0):
            return [f"{self.names.text('np')}.copyto({target}, {condition})"]
        if is_const(node.args[2], 0):
            return [self._helped("masked", x, condition, target)]
        if is_const(node.args[1], 0):
            return [self._helped("masked", y, condition, target, "False")]
        return [self._helped("select", condition, x, y, target)]

    def _helped(self, helper: str, *arguments: str) -> str:
        self.names.helpers[helper] = None
        self.ops += helper_costs("numpy")[helper] - 1
        return f"{self.names.text(helper)}({', '.join(arguments)})"


__all__ = ["Kernel"]
