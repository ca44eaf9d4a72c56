"""Forward mode: a program into the tangents of its nodes.

The same entries serve both directions: partials times tangents, a linear gate of the tangents, or the
entry's own `jvp`. What no input moves has no tangent: it is left out, and never a 0 that is multiplied.

>>> from gradc.ops import scalar as s
>>> build = Builder()
>>> x, x_dot = build.input("x"), build.input("x_dot")
>>> [tangent] = tangents([build.make(s.sin, (x,))], build, {x: x_dot})
>>> tangent.op, [arg.op for arg in tangent.args]
(mul, [cos, input])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gradc.derive import rules
from gradc.derive.reverse import times
from gradc.graph.dag import Node, reachable
from gradc.ops import array, scalar
from gradc.ops.table import Op, statics_of
from gradc.rewrite.rules import attribute, instantiate, run
from gradc.rewrite.simplify import Builder, is_const
from gradc.rewrite.wanted import chosen, spared_where

NOTHING: Mapping[Node, Node] = MappingProxyType({})


def tangents(roots: Sequence[Node], build: Builder, dots: Mapping[Node, Node], again: bool = False) -> list[Node]:
    """The tangent of each root, given those of the inputs (a missing one is 0); in the root's shape.

    `again` says that the tangents are to be differentiated, too.
    """
    nodes = reachable(roots)
    known = pushed(nodes, build, dots, again, chosen(build, nodes, roots))
    zero = build.const(0.0)
    return [known.get(root) or whole(build, zero, root) for root in roots]


def pushed(
    nodes: Sequence[Node],
    build: Builder,
    dots: Mapping[Node, Node],
    again: bool = False,
    spare: Mapping[Node, Node] = NOTHING,
) -> dict[Node, Node]:
    """The tangents of all nodes that the inputs of `dots` move, in their nodes' shapes.

    `spare` are gates whose slope may be infinite where a kink passes others on, with the condition that it does not.
    """
    known: dict[Node, Node] = dict(dots)
    before, build.annihilate = build.annihilate, True
    for node in nodes:
        if node not in known:
            tangent = tangent_of(node, build, known, again, spare)
            if tangent is not None:
                known[node] = tangent
    build.annihilate = before
    return known


def tangent_of(
    node: Node,
    build: Builder,
    known: Mapping[Node, Node],
    again: bool = False,
    spare: Mapping[Node, Node] = NOTHING,
) -> Node | None:
    """The tangent of one node from those of its arguments, in its shape; None where it has none."""
    if node.op.boolean or node.op.integer or node.op in rules.UNMOVED or not any(arg in known for arg in node.args):
        return None
    tangent = _push(build, node, known, again, spare.get(node))
    return None if tangent is None or is_const(tangent, 0) else whole(build, tangent, node)


def whole(build: Builder, tangent: Node, node: Node) -> Node:
    """A tangent in the full shape of its node."""
    if build.dims.resolve(tangent.shape) == build.dims.resolve(node.shape):
        return tangent
    return build.make(array.spread, (tangent,), (node.shape,))


def _push(build: Builder, node: Node, known: Mapping[Node, Node], again: bool, wanted: Node | None) -> Node | None:
    """The tangent of one gate from those of its arguments; `wanted` says where, if it is spared elsewhere."""
    op = node.op
    if op.linear == "all":
        zero = build.const(0)
        return build.make(op, tuple(whole(build, known.get(arg, zero), arg) for arg in node.args), node.attr)
    if op.linear == "each" or (op is scalar.mul and wanted is None):
        return _sum(
            build,
            [
                build.make(op, _replaced(node, i, known[arg]), node.attr)
                for i, arg in enumerate(node.args)
                if arg in known and i not in op.whole
            ],
        )
    args, out = (node.args, node) if wanted is None else spared_where(build, node, wanted)
    names = {**dict(zip(op.params, args, strict=False)), "out": out}
    statics = statics_of(op, node.attr)
    rule = rules.jvp(node, again)
    if rule:
        dots = {f"{name}_dot": known.get(arg) for name, arg in zip(op.params, node.args, strict=False)}
        return _without_zeros(build, rule, {**names, **dots}, statics)
    slopes = rules.partials(node, build.literal, again)
    if not slopes:
        raise ValueError(f"gate '{op.name}' has no derivative")
    if op.steep.outside and op.elementwise and any(arg.op.kink.selects or arg.op.slopes for arg in node.args):
        from gradc.rewrite.steep import dropped  # only what lies above kinks needs it

        names.update(dropped(build, node))
    parts = []
    for arg, slope in zip(node.args, slopes, strict=True):
        if arg in known:
            boundary = len(build.graph.nodes)
            partial = instantiate(build, slope, names, statics)
            parts.append(times(build, partial, known[arg], boundary, zero=0))
    return _sum(build, [part for part in parts if not is_const(part, 0)])


def _replaced(node: Node, at: int, tangent: Node) -> tuple[Node, ...]:
    return tuple(tangent if i == at else arg for i, arg in enumerate(node.args))


def _sum(build: Builder, parts: Sequence[Node]) -> Node | None:
    if not parts:
        return None
    out = parts[0]
    for part in parts[1:]:
        out = build.make(scalar.add, (out, part))
    return out


# ---- rules of which some tangents are missing --------------------------------------------------

# Gates that are linear in one argument: 0 there is 0.
_LINEAR_IN: dict[Op, int] = {scalar.div: 0, array.from_heaviest: 0, array.solve: 1}


def _without_zeros(
    build: Builder, rule: str, names: Mapping[str, Node | None], statics: Mapping[str, object]
) -> Node | None:
    """What a rule stands for where a name may be None, which is 0 in a shape that nobody needs to know."""

    def named(name: str) -> Node | None:
        return names[name] if name in names else build.const(statics[name])  # type: ignore[arg-type]

    def gate(op: Op, taken: tuple[Node | None, ...], given: Any) -> Node | None:
        attr = attribute(op, given, statics)
        return _of_zeros(build, op, taken, attr) if None in taken else build.make(op, taken, attr)  # type: ignore[arg-type]

    return run(rule, named, build.const, gate)


def _of_zeros(build: Builder, op: Op, args: tuple[Node | None, ...], attr: object) -> Node | None:
    """A gate some of whose arguments are 0."""
    if all(arg is None for arg in args if arg is None or not arg.op.boolean):
        return None
    if op in (scalar.add, scalar.sub):
        x, y = args
        return x if y is None or (op is scalar.add and x is not None) else y if op is scalar.add else _minus(build, y)
    if op is scalar.mul or op.linear == "each" or (args[_LINEAR_IN.get(op, 0)] is None and op in _LINEAR_IN):
        return None
    zero = build.const(0.0)
    return build.make(op, tuple(zero if arg is None else arg for arg in args), attr)


def _minus(build: Builder, node: Node) -> Node:
    return build.make(scalar.neg, (node,))
