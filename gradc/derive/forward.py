"""Forward mode: a program into the tangents of its nodes.

The same entries serve both directions: partials times tangents, a linear gate of the tangents, or the
entry's own `jvp`.

>>> from gradc.ops import scalar as s
>>> build = Builder()
>>> x, x_dot = build.input("x"), build.input("x_dot")
>>> [tangent] = tangents([build.make(s.sin, (x,))], build, {x: x_dot})
>>> tangent.op, [arg.op for arg in tangent.args]
(mul, [cos, input])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.graph.dag import Node, reachable
from gradc.ops import array, routing, scalar
from gradc.ops.table import statics_of
from gradc.rewrite.rules import instantiate
from gradc.rewrite.simplify import Builder, is_const


def tangents(roots: Sequence[Node], build: Builder, dots: Mapping[Node, Node]) -> list[Node]:
    """The tangent of each root, given those of the inputs (a missing one is 0); in the root's shape."""
    known: dict[Node, Node] = dict(dots)
    build.annihilate = True
    for node in reachable(roots):
        if node not in known and any(arg in known for arg in node.args) and not node.op.boolean:
            tangent = _push(build, node, known)
            if not is_const(tangent, 0):
                known[node] = whole(build, tangent, node)
    build.annihilate = False
    zero = build.const(0.0)
    return [known.get(root) or whole(build, zero, root) for root in roots]


def whole(build: Builder, tangent: Node, node: Node) -> Node:
    """A tangent in the full shape of its node."""
    if build.dims.resolve(tangent.shape) == build.dims.resolve(node.shape):
        return tangent
    return build.make(array.spread, (tangent,), (node.shape,))


def _push(build: Builder, node: Node, known: Mapping[Node, Node]) -> Node:
    """The tangent of one gate from those of its arguments."""
    op = node.op
    zero = build.const(0)
    if op.linear == "all":
        return build.make(op, tuple(whole(build, known.get(arg, zero), arg) for arg in node.args), node.attr)
    if op.linear == "each":
        return _sum(
            build,
            [
                build.make(op, _replaced(node, i, known[arg]), node.attr)
                for i, arg in enumerate(node.args)
                if arg in known
            ],
        )
    names = {**dict(zip(op.params, node.args, strict=False)), "out": node}
    statics = statics_of(op, node.attr)
    if op.jvp:
        names |= {f"{name}_dot": known.get(arg, zero) for name, arg in zip(op.params, node.args, strict=False)}
        return instantiate(build, op.jvp, names, statics)
    if not op.partials:
        raise ValueError(f"gate '{op.name}' has no derivative")
    parts = []
    for arg, rule in zip(node.args, op.partials, strict=True):
        if arg in known:
            partial = instantiate(build, rule, names, statics)
            masked = (
                build.make(routing.where, (partial, known[arg], zero))
                if partial.op.boolean
                else build.make(scalar.mul, (partial, known[arg]))
            )
            parts.append(masked)
    return _sum(build, parts)


def _replaced(node: Node, at: int, tangent: Node) -> tuple[Node, ...]:
    return tuple(tangent if i == at else arg for i, arg in enumerate(node.args))


def _sum(build: Builder, parts: Sequence[Node]) -> Node:
    out = parts[0]
    for part in parts[1:]:
        out = build.make(scalar.add, (out, part))
    return out
