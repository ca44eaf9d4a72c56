"""Gates into the passes that NumPy has for them: every node one ufunc or one selection over whole arrays.

A gate without a ufunc of its own has its fast form in its entry, as text of the language; parts that
several gates have in common (a sigmoid, its slope and its mirror image) become one node.

>>> from gradc.ops import loss, scalar as s
>>> build = Builder()
>>> x = build.input("x")
>>> up, down = (build.intern(loss.sigmoid, (u,)) for u in (x, build.intern(s.neg, (x,))))
>>> slope = build.intern(s.mul, (up, down))
>>> [node.op.name for node in reachable([lower_all([slope])[slope]]) if node.args]
['abs', 'neg', 'exp', 'add', 'div', 'mul', 'mul']
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence

from gradc.graph.dag import Node, reachable
from gradc.ops import routing, scalar
from gradc.ops.table import Op, statics_of
from gradc.rewrite.rules import run
from gradc.rewrite.simplify import Builder, is_const, number

Args = tuple[Node, ...]


def lower_all(
    roots: Sequence[Node], literal: bool = False, guards: dict[Node, float] | None = None
) -> dict[Node, Node]:
    """For each node that the roots are computed from its lowered twin.

    With `guards`, to be filled, gates take the forms that are good up to a limit of their argument.
    """
    build = Builder(literal=literal)
    made: dict[Node, Node] = {}
    nodes = reachable(roots)
    bases = bases_of(nodes) if guards is not None else {}
    for node in nodes:
        if node in made:
            continue
        if not node.args:
            made[node] = build.graph.node(node.op, (), node.attr, node.shape)
        elif guards is not None and is_quick(node.op, literal):
            base = bases.get(node.args[0], node.args[0])
            if base not in made:  # -x, which comes after the first gate of x
                made[base] = _lower(build, base, tuple([made[arg] for arg in base.args]))
            made[node] = _run(build, quick_form(node, base), {node.op.params[0]: made[base]})
            guards[made[base]] = node.op.fast.quick.below
        else:
            made[node] = _lower(build, node, tuple([made[arg] for arg in node.args]))
    return made


def is_quick(op: Op, literal: bool) -> bool:
    """Whether a gate has a form that is good up to a limit, and need not keep the textbook's."""
    return bool(op.fast.quick.value) and not (literal and op.literal.value)


def quick_form(node: Node, base: Node) -> str:
    """The form of a gate that is good up to a limit, by its argument or by minus that."""
    return str(node.op.fast.quick.value if base is node.args[0] else node.op.fast.quick.mirrored)


def bases_of(nodes: Sequence[Node]) -> dict[Node, Node]:
    """Of x and -x, both arguments of gates with a quick form, the one that all of these gates can do with."""
    found: dict[Node, list[Node]] = {}
    for node in nodes:
        if node.op.fast.quick.value:
            found.setdefault(node.args[0], []).append(node)
    bases: dict[Node, Node] = {}
    for arg, mine in found.items():
        if arg.op is scalar.neg and (bare := arg.args[0]) in found:
            if all(node.op.fast.quick.mirrored for node in mine):
                bases[arg] = bare
            elif all(node.op.fast.quick.mirrored for node in found[bare]):
                bases[bare] = arg
    return bases


def _lower(build: Builder, node: Node, args: Args) -> Node:
    op = node.op
    statics = statics_of(op, node.attr)
    fast = op.computed(build.literal)
    text = fast(**statics) if callable(fast) else fast
    if op.fast.mirrored and not build.literal and args[0].op is scalar.neg:
        text, args = op.fast.mirrored, args[0].args
    if not text:
        return _make(build, op, args, node.attr)
    given = dict(zip(op.params, args, strict=True))
    return _run(build, text, {**{name: build.const(value) for name, value in statics.items()}, **given})


def _run(build: Builder, text: str, args: Mapping[str, Node]) -> Node:
    """The node that a fast form stands for."""
    return run(text, args.__getitem__, build.const, lambda op, taken, _: _make(build, op, taken))


def _make(build: Builder, op: Op, args: Args, attr: Hashable = None) -> Node:
    """A gate, by fewer or cheaper passes where there are any."""
    rewrite = _REWRITES.get(op)
    found = rewrite(build, *args) if rewrite is not None else None
    return found or build.intern(op, args, attr)


def _neg(build: Builder, x: Node) -> Node | None:
    if x.op is scalar.const:
        return build.const(-number(x))
    return x.args[0] if x.op is scalar.neg else None


def _abs(build: Builder, x: Node) -> Node | None:
    return build.intern(scalar.abs_, x.args) if x.op is scalar.neg else None


def _inv(build: Builder, x: Node) -> Node | None:
    """1/x: NumPy divides with vector instructions, and takes reciprocals without."""
    return build.intern(scalar.div, (build.const(1.0), x))


def _div(build: Builder, x: Node, y: Node) -> Node | None:
    """A product takes half the time of a quotient, and is the same where the divisor is a power of 2."""
    if y.op is scalar.const and math.frexp(number(y))[0] in (0.5, -0.5):
        return _make(build, scalar.mul, (x, build.const(1 / number(y))))
    return None


def _mul(build: Builder, x: Node, y: Node) -> Node | None:
    for one, other in ((x, y), (y, x)):
        if is_const(one, -1):
            return _make(build, scalar.neg, (other,))
        if one.op is routing.where and other.op is routing.where and _is_mirror(one, other):
            return build.intern(scalar.mul, one.args[1:])
        if one.op is routing.where and other.op is scalar.mul:
            for p, q in (other.args, other.args[::-1]):
                if p.op is routing.where and _is_mirror(one, p):
                    return build.intern(scalar.mul, (build.intern(scalar.mul, one.args[1:]), q))
    return None


def _is_mirror(x: Node, y: Node) -> bool:
    """Whether one is where(c, a, b) and the other where(c, b, a): their product is a*b everywhere."""
    return x.args[0] is y.args[0] and x.args[1] is y.args[2] and x.args[2] is y.args[1]


_REWRITES: dict[Op, Callable[..., Node | None]] = {
    scalar.neg: _neg,
    scalar.abs_: _abs,
    scalar.inv: _inv,
    scalar.div: _div,
    scalar.mul: _mul,
}
