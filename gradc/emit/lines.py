"""Lines of numbers as text: Python's standard library by its bare names, whole numbers as floats.

>>> from gradc.language import parse
>>> from gradc.optimize import optimize
>>> joint = optimize(parse("x*exp(1 - y)"), ["x"])
>>> plan = lines_of(joint.nodes, joint.roots, joint.places())
>>> names = {node: node.attr or "slope" for node in joint.nodes}
>>> line_texts(plan, names, joint.dag, {}), result_texts(plan, names, joint.dag, {})
(['slope = exp(1.0 - y)'], ['x*slope', 'slope'])
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from gradc.emit.modules import Text
from gradc.emit.operand import Printer, form_cost
from gradc.emit.targets import TARGETS
from gradc.graph.dag import Dag, Node
from gradc.ops.routing import not_
from gradc.ops.scalar import neg
from gradc.ops.table import MUL, UNARY, Form, Op, statics_of
from gradc.plan import lines as planner
from gradc.plan.code import If, Module, every, values
from gradc.plan.lines import Plan, Written, scales
from gradc.rewrite.sides import Region, places

_WHOLE = re.compile(r"(?<![\w.*])(\d+)(?![\w.])")


@cache
def _bare(text: str) -> str:
    """A form's own text: functions by their bare names, and floats.

    >>> _bare("1 - math.exp("), _bare("**2")
    ('1.0 - exp(', '**2')
    """
    return _WHOLE.sub(r"\1.0", text.replace("math.", ""))


class Bare(Printer):
    """Values of numbers; `module` says what a function goes by where the user has its name."""

    def __init__(self, module: Mapping[str, str] | None = None) -> None:
        super().__init__({}, "math", module=module)
        self.stepped_aside, self.renamed = self.renamed, True

    def _rename(self, text: str) -> str:
        text = _bare(text)
        return super()._rename(text) if self.stepped_aside else text

    def _fill(self, node: Node, at: Mapping[str, Node], hole: str, least: int) -> str:
        if least == UNARY and hole in at and scales(node) and hole == node.op.params[1]:
            text, precedence = self._write(at[hole])
            return text if precedence >= MUL else f"({text})"
        return super()._fill(node, at, hole, least)


@cache
def _written(op: Op, form: Form) -> Written:
    """How a gate is written, its static parameters aside."""
    holes, before = [], 0
    for text, name, least in form.pieces:
        before += len(_bare(text))
        if name in op.params:
            holes.append((before, op.params.index(name), least))
            before = 0
    order = [at for _, at, _ in holes]
    repeats = frozenset(at for at in order if order.count(at) > 1)
    cost = form_cost(form.text, "math")
    return Written(tuple(holes), before, form.precedence, cost, repeats, op is neg, form.text[0].isdigit())


def how(node: Node) -> Written:
    """How a node is written: shorter where all its static parameters are the usual ones."""
    form = TARGETS["math"].form(node)
    found = _written(node.op, form)
    if not node.op.statics:
        return found
    given = statics_of(node.op, node.attr)
    return found._replace(tail=found.tail + sum(len(str(given[name])) for _, name, _ in form.pieces if name in given))


def lines_of(
    nodes: Sequence[Node],
    results: Sequence[Node],
    placed: Mapping[Node, tuple[Region, ...]],
    keep: Iterable[Node] = (),
) -> Plan:
    """The plan of a graph of numbers, as these are written here."""
    return planner.lines_of(nodes, results, placed, how, keep)


class NumberText(Text):
    """Prints statements of numbers."""

    def printer(self) -> Printer:
        return Bare(self.words)

    def branch(self, stmt: If) -> list[str]:
        """An `if`; one that is all of an `else` is an `elif`."""
        lines = super().branch(stmt)
        if len(stmt.otherwise) == 1 and type(stmt.otherwise[0]) is If:
            at = lines.index("else:")
            lines[at:] = ["el" + lines[at + 1].removeprefix("    "), *(line[4:] for line in lines[at + 2 :])]
        return lines

    def test(self, node: Node) -> str:
        return f"not ({self.text(node.args[0])})" if node.op is not_ else self.text(node)


def line_texts(plan: Plan, names: Mapping[Node, str], dag: Dag, words: Mapping[str, str]) -> list[str]:
    """The lines of a plan of a program; `words` says what functions go by."""
    return _text_of(dag, words).body(plan.statements(names))


def result_texts(plan: Plan, names: Mapping[Node, str], dag: Dag, words: Mapping[str, str]) -> list[str]:
    """Its results, one behind the other."""
    return list(map(_text_of(dag, words).text, plan.returned(names)))


def _text_of(dag: Dag, words: Mapping[str, str]) -> NumberText:
    return NumberText(Module(dag, (), (), words, {}, frozenset()), TARGETS["math"])


def cost_of(plan: Plan) -> int:
    """The operations of a plan: what `count` counts in its text."""
    bare, names = Bare(), _Anything()
    stmts = plan.statements(names)
    for value in [*plan.returned(names), *(value for stmt in every(stmts) for value in values(stmt))]:
        bare.text(value)
    return bare.ops + sum(type(stmt) is If for stmt in every(stmts))


class _Anything(dict[Node, str]):
    """A name for every node, where names do not matter."""

    def __missing__(self, node: Node) -> str:
        return f"v{node.id}"


__all__ = ["Bare", "NumberText", "Plan", "cost_of", "how", "line_texts", "lines_of", "places", "result_texts"]
