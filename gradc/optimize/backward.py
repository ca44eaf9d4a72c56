"""The gradient as expressions of the joint graph: what each gate sends back, added up where it arrives.

>>> from gradc.ops import scalar as s
>>> build = Frugal()
>>> x, y = build.input("x"), build.input("y")
>>> out = build.intern(s.div, (x, y))
>>> build.boundary = 3
>>> slope = partials_of(s.div, False)[1](build, (x, y), out, None)
>>> slope.op, slope.args[0].op, slope.args[0].args == (out, y)
(neg, div, True)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache
from typing import Any

from gradc.derive.reverse import _send_back, active_nodes, unbroadcast
from gradc.derive.rules import partials
from gradc.graph.dag import Dag, Node, reachable
from gradc.ops import routing, scalar
from gradc.ops.table import Op, statics_of
from gradc.optimize.constructors import Frugal, mask, masking
from gradc.rewrite.rules import attribute, compiled
from gradc.rewrite.steep import Sparing
from gradc.rewrite.wanted import chosen

Args = tuple[Node, ...]
Partial = Callable[[Frugal, Args, Node, Hashable], Node]


def gradients(
    program: Dag,
    build: Frugal,
    wrt: Sequence[str],
    seeds: Sequence[Node],
    parts: bool,
    late: bool = False,
    arrays: bool = False,
    again: bool = False,
) -> tuple[dict[str, Node | None], dict[Node, Node]]:
    """Each input's gradient, None where it is zero everywhere, and the adjoint of each gate.

    `parts` says that gates are to be written in the parts that are cheapest for single numbers. With `late` the
    output is a quotient, and its divisor divides each gradient last: (dx - f*dy)/y. `again` says that the gradient
    is to be differentiated, too.
    """
    targets = {name: program.inputs[name] for name in wrt}
    nodes = reachable(program.roots)
    active = active_nodes(nodes, targets.values())
    make = build.make
    sparing = Sparing(program.dims, nodes, program.roots, active)
    if again:
        sparing.wanted = chosen(build, nodes, program.roots)
    one, zero = build.const(1.0), build.const(0.0)
    build.boundary = len(build.graph.nodes)
    build.annihilate = True
    adjoints: dict[Node, Node] = {}
    for root, seed in zip(program.roots, seeds or [one] * len(program.roots), strict=True):
        adjoints[root] = make(scalar.add, (adjoints[root], seed)) if root in adjoints else seed
    divisor = None
    if late:
        root = program.roots[0]
        over, divisor = root.args
        seed = adjoints.pop(root)
        adjoints[divisor] = make(scalar.neg, (make(scalar.mul, (root, seed)),))
        adjoints[over] = make(scalar.add, (adjoints[over], seed)) if over in adjoints else seed
    for gate in reversed(nodes):
        dout = adjoints.get(gate)
        if dout is None or not gate.args:
            continue
        op, args = gate.op, gate.args
        if op is routing.where:
            c, x, y = args
            sent = [(arg, mask(build, c, dout, side)) for side, arg in ((1, x), (2, y)) if arg in active]
            sent = [
                (
                    arg,
                    part if part.shape == arg.shape == gate.shape else unbroadcast(build, part, arg.shape, gate.shape),
                )
                for arg, part in sent
            ]
        elif op.slopes and op.elementwise:
            sent = []
            safe, out = sparing.spared(build, gate, dout) if arrays and gate in sparing.gates else (args, gate)
            comes = None
            if gate in sparing.gates and not arrays and (dout not in build.masks or sparing.drops.intersection(args)):
                comes, _ = sparing.masks(build, gate, dout)
            for arg, partial in zip(args, slopes_of(gate, build.literal, parts, again), strict=True):
                if arg in active:
                    part = dout if partial is None else times(build, partial(build, safe, out, gate.attr), dout)
                    if part is zero:
                        continue
                    part = part if comes is None else masking(build, comes, part, zero)
                    sent.append(
                        (
                            arg,
                            part
                            if part.shape == arg.shape == gate.shape
                            else unbroadcast(build, part, arg.shape, gate.shape),
                        )
                    )
        else:
            spare = sparing if gate in sparing.gates else None
            sent = list(_send_back(build, gate, dout, active, build.boundary, spare, arrays, again))
        for arg, part in sent:
            have = adjoints.get(arg)
            adjoints[arg] = part if have is None else make(scalar.add, (have, part))
    found = {name: adjoints.get(node) if node in active else None for name, node in targets.items()}
    if divisor is not None:
        found = {name: None if node is None else make(scalar.div, (node, divisor)) for name, node in found.items()}
        adjoints = {}
    build.annihilate = False
    return found, adjoints


def times(build: Frugal, partial: Node, dout: Node) -> Node:
    """partial*dout: a condition masks, and a new quotient divides the adjoint, which its other arguments then share."""
    op = partial.op
    if op.boolean:
        return mask(build, partial, dout, 1)
    if partial.id >= build.boundary:
        if op is scalar.inv:
            return build.make(scalar.div, (dout, partial.args[0]))
        if op is scalar.neg:
            return build.make(scalar.neg, (times(build, partial.args[0], dout),))
        if op is scalar.div and not _is_share(partial):
            x, y = partial.args
            return build.make(scalar.mul, (x, build.make(scalar.div, (dout, y))))
    return build.make(scalar.mul, (partial, dout))


def _is_share(quotient: Node) -> bool:
    """Whether a quotient is a side by its norm: at most 1, where the adjoint by the norm may be too large or small."""
    side, norm = quotient.args
    return norm.op is routing.nonzero and side.op is not scalar.const


def slopes_of(gate: Node, literal: bool, parts: bool, again: bool) -> tuple[Partial | None, ...]:
    """The slopes of a gate; where they are differentiated again, as gates of their own."""
    if again:
        texts = tuple(partials(gate, literal, again))
        if texts != gate.op.partials(literal):
            return tuple([None if text == "1" else _compiled(gate.op, text, {}) for text in texts])
        return partials_of(gate.op, literal)
    return partials_of(gate.op, literal, parts)


@cache
def partials_of(op: Op, literal: bool, parts: bool = False) -> tuple[Partial | None, ...]:
    """A gate's partial derivatives as functions that make them; None for 1."""
    texts = op.partials(literal)
    named = _parts(op, literal) if parts else {}
    return tuple(
        None if named.get("d" + param, text) == "1" else _compiled(op, named.get("d" + param, text), named)
        for param, text in zip(op.params, texts, strict=True)
    )


def _parts(op: Op, literal: bool) -> Mapping[str, str]:
    if literal:
        return {"out": op.literal.value} if op.literal.value else {}
    return op.fast.parts


@cache
def value_of(op: Op, literal: bool) -> Partial | None:
    """A gate's value written in its parts; None if it stays as it is."""
    named = _parts(op, literal)
    return _compiled(op, named["out"], named) if "out" in named else None


def _compiled(op: Op, text: str, parts: Mapping[str, str]) -> Partial:
    """A rule as nested functions, so that a large program pays no interpreter for it."""
    stack: list[Partial] = []
    for instruction in compiled(text):
        match instruction:
            case ("arg", name):
                stack.append(_argument(op, name, parts))
            case ("const", value):
                stack.append(_constant(value))
            case ("op", entry, count, given):
                at = len(stack) - count
                taken = tuple(stack[at:])
                del stack[at:]
                stack.append(_gate_of_kind(op, entry, taken, given) if entry.statics else _gate(entry, taken))
    return stack[0]


def _argument(op: Op, name: str, parts: Mapping[str, str]) -> Partial:
    if name in op.params:
        at = op.params.index(name)
        return lambda build, args, out, attr: args[at]
    if name == "out":
        return lambda build, args, out, attr: out
    if name in parts:
        return _named(_compiled(op, parts[name], parts), name)
    return lambda build, args, out, attr: build.const(statics_of(op, attr)[name])


def _named(part: Partial, name: str) -> Partial:
    def made(build: Frugal, args: Args, out: Node, attr: Hashable) -> Node:
        node = part(build, args, out, attr)
        if node.args:
            build.stems.setdefault(node, name)
        return node

    return made


def _constant(value: float) -> Partial:
    return lambda build, args, out, attr: build.const(value)


def _gate_of_kind(op: Op, entry: Op, taken: tuple[Partial, ...], given: tuple[tuple[str, Any], ...]) -> Partial:
    """A gate with static parameters, which the rule states or takes from the gate that it is a rule of."""

    def made(build: Frugal, args: Args, out: Node, attr: Hashable) -> Node:
        own = attribute(entry, given, statics_of(op, attr))
        return build.make(entry, tuple([each(build, args, out, attr) for each in taken]), own)

    return made


def _gate(entry: Op, taken: tuple[Partial, ...]) -> Partial:
    match taken:
        case (one,):
            return lambda build, args, out, attr: build.make(entry, (one(build, args, out, attr),))
        case (one, two):
            return lambda build, args, out, attr: build.make(
                entry, (one(build, args, out, attr), two(build, args, out, attr))
            )
    return lambda build, args, out, attr: build.make(entry, tuple([each(build, args, out, attr) for each in taken]))


__all__ = ["gradients", "partials_of", "times", "value_of"]
