"""Rules of the table, from text into nodes.

A rule is an expression of the language over the entry's parameters, `out`, `dout` and its static
parameters. Its text is read once into a postfix program and then run for each gate:

>>> from gradc.ops import scalar as s
>>> build = Builder()
>>> x, dout = build.input("x"), build.input("dout")
>>> node = instantiate(build, "3*x**2*dout", {"x": x, "dout": dout})
>>> node.op, node.args[1] is dout
(mul, True)
>>> instantiate(build, "1 - 1", {}).attr
0
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Mapping
from functools import cache, lru_cache
from typing import Any, TypeVar

from gradc.base.syntax import expression_of
from gradc.graph.dag import Node
from gradc.ops import array as a
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import Op, lookup
from gradc.rewrite.simplify import Builder
from gradc.rewrite.typed import PI

T = TypeVar("T")

# One instruction: ("arg", name), ("const", value), or ("op", entry, argument count, static parameters).
Instruction = tuple[Any, ...]

_BINARY: dict[type, Op] = {
    ast.Add: s.add, ast.Sub: s.sub, ast.Mult: s.mul, ast.Div: s.div, ast.Pow: s.pow_, ast.MatMult: a.matmul,
    ast.Gt: r.gt, ast.GtE: r.ge, ast.Lt: r.lt, ast.LtE: r.le, ast.Eq: r.eq, ast.NotEq: r.ne,
}  # fmt: skip


@lru_cache(maxsize=4096)
def compiled(text: str) -> tuple[Instruction, ...]:
    """A rule's text as instructions in postfix order. Raises ValueError for what is not of the language."""
    out: list[Instruction] = []
    todo: list[Any] = [expression_of(text)]
    while todo:  # parents are written before their arguments, and the whole is reversed at the end
        node = todo.pop()
        match node:
            case ast.Constant(value=value):
                out.append(("const", value))
            case ast.Name(id="pi"):
                out.append(("const", PI))
            case ast.Name(id=name):
                out.append(("arg", name))
            case ast.UnaryOp(op=ast.USub(), operand=x):
                out.append(("op", s.neg, 1, ()))
                todo.append(x)
            case ast.BinOp(left=x, op=kind, right=y) | ast.Compare(left=x, ops=[kind], comparators=[y]):
                out.append(("op", _BINARY[type(kind)], 2, ()))
                todo += [x, y]
            case ast.Attribute(value=x, attr="T"):
                out.append(("op", a.transpose, 1, (("axes", ast.Constant(None)),)))
                todo.append(x)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                entry = lookup(name)
                if entry is None:
                    raise ValueError(f"rule {text!r} calls {name!r}, which is not in the table")
                out.append(("op", entry, len(args), tuple((str(k.arg), k.value) for k in keywords)))
                todo += args
            case _:
                raise ValueError(f"rule {text!r} is not an expression of the language")
    return tuple(reversed(out))


@cache
def called_by(op: Op, order: int = 1) -> tuple[Op, ...]:
    """The gates that the derivatives of a gate up to an order consist of."""
    found: dict[Op, None] = {}
    slopes = {op: None}
    for _ in range(order):
        slopes = {
            step[1]: None for each in slopes for rule in each.slopes or () for step in compiled(rule) if step[0] == "op"
        }
        found |= slopes
    return tuple(found)


@cache
def has_form(op: Op, target: str, order: int = 1) -> bool:
    """Whether a target can write a gate and its derivatives up to an order."""
    return all(target in each.code for each in (op, *called_by(op, order)))


def run(
    text: str,
    named: Callable[[str], T],
    const: Callable[[Any], T],
    gate: Callable[[Op, tuple[T, ...], tuple[tuple[str, ast.expr], ...]], T],
) -> T:
    """What a rule's text stands for, by what its names, its numbers and its gates stand for.

    >>> run("2*x + y", {"x": 3, "y": 4}.__getitem__, lambda value: value, lambda op, args, given: (op.name, *args))
    ('add', ('mul', 2, 3), 4)
    """
    stack: list[T] = []
    for instruction in compiled(text):
        match instruction:
            case ("arg", name):
                stack.append(named(name))
            case ("const", value):
                stack.append(const(value))
            case ("op", entry, count, given):
                at = len(stack) - count
                taken = tuple(stack[at:])
                del stack[at:]
                stack.append(gate(entry, taken, given))
    return stack[0]


def instantiate(build: Builder, text: str, args: Mapping[str, Node], statics: Mapping[str, Any] | None = None) -> Node:
    """The node that a rule stands for, with its names bound to nodes and static values."""
    given = statics or {}

    def named(name: str) -> Node:
        return args[name] if name in args else build.const(given[name])

    return run(text, named, build.const, lambda op, taken, own: build.make(op, taken, attribute(op, own, given)))


def _static_value(value: ast.expr, statics: Mapping[str, Any]) -> Any:
    """A static parameter in a rule: a literal, one of the gate's own, or some more or less than that."""
    match value:
        case ast.Name(id=name):
            return statics[name]
        case ast.BinOp(left=ast.Name(id=name), op=ast.Add(), right=ast.Constant(value=more)):
            return statics[name] + more
        case ast.BinOp(left=ast.Name(id=name), op=ast.Sub(), right=ast.Constant(value=less)):
            return statics[name] - less
    return ast.literal_eval(value)


def attribute(entry: Op, given: tuple[tuple[str, Any], ...], statics: Mapping[str, Any]) -> Hashable:
    """A gate's static parameters as a rule gives them, of its own or of the gate that it is a rule of."""
    if not entry.statics:
        return None
    bound = {key: _static_value(value, statics) for key, value in given}
    return tuple(bound.get(key, default) for key, default in entry.statics)
