"""Operations of Code: what `count` counts in its text, found by a walk and without the text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradc.emit.operand import form_cost
from gradc.emit.target import Target
from gradc.plan.code import FREE, Assign, If, Module, Update, Value, every, nodes, values


def cost(value: Value, target: Target, literal: bool = False) -> int:
    """The operations of a value; an argument that its form writes twice counts twice."""
    total = 0
    for node in nodes(value, target, literal):
        if node.op not in FREE:
            total += form_cost(target.form(node, literal).text, target.name)
    return total


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
