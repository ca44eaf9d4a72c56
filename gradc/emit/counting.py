"""Operations of Code: what `count` counts in its text, found by a walk and without the text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradc.emit.operand import form_cost
from gradc.emit.target import Target
from gradc.graph.dag import Node
from gradc.ops.scalar import const, neg
from gradc.plan.code import FREE, Assign, If, Module, Update, Value, every, nodes, values
from gradc.rewrite.simplify import number


def cost(value: Value, target: Target, literal: bool = False) -> int:
    """The operations of a value; an argument that its form writes twice counts twice."""
    total = 0
    for node in nodes(value, target, literal):
        if node.op not in FREE:
            total += form_cost(target.form(node, literal).text, target.name)
            total -= node.op is neg and _begins_with_a_number(node.args[0], target, literal)
    return total


def _begins_with_a_number(value: Node, target: Target, literal: bool) -> bool:
    """Whether the text of a value does, so that a minus before it is the literal's: -2*x."""
    while value.args:
        form = target.form(value, literal)
        before, hole, least = form.pieces[0]
        if before or hole not in value.op.params:
            return before[:1].isdigit()
        at = value.op.params.index(hole)
        value = value.args[at]
        if value.args and target.form(value, literal).precedence < least:
            return False
    return value.op is const and number(value) >= 0


def operations(body: Iterable[Any], target: Target, code: Module) -> int:
    """The operations of statements and of all inside them."""
    total = 0
    for stmt in every(body):
        kind = type(stmt)
        if kind is Update:
            total += bool(stmt.op) + cost(stmt.value, target, code.literal)
        elif kind is Assign or kind is If:
            total += (kind is If) + sum(cost(value, target, code.literal) for value in values(stmt))
    return total
