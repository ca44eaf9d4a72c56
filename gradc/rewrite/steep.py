"""Slopes where nothing comes back, or nothing that comes is used: taken at safe numbers, as 0 times infinity is nan.

`max(sqrt(x), 1)` needs sqrt(x) to compare it, so that no branch can leave it out; but at x = 0, where the other side is
taken, what comes back is 0, and the slope of sqrt is infinite. The same holds where a branch's own condition looks at
a value, `where(log(x) > -5, log(x), -5)`. And in `sqrt(max(0, x))` the infinite slope at 0 goes to a kink that drops
it. Kinks expose the gates that may be steep, as far as bounds of their arguments tell: the square root of `v**2 + 1` is
none of them. A branch exposes every gate that it can leave out, for there the value may be nan.

>>> from gradc.language import parse
>>> def spared(text):
...     dag = parse(text)
...     active = {node for node in dag.nodes if node.op is not scalar.const}
...     return [gate.op.name for gate in Sparing(dag.dims, dag.nodes, dag.roots, active).gates]
>>> spared("max(sqrt(x), sqrt(x**2 + 1)) + log(x)"), spared("l = x*y; where(l > 0, l, 0)"), spared("acos(max(x, -1))")
(['sqrt'], ['mul'], ['acos'])
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import inf

from gradc.graph.dag import Dag, Node, reachable
from gradc.graph.shapes import Dims
from gradc.ops import bounds, routing, scalar
from gradc.ops.borders import PASSES_ON, held
from gradc.ops.bounds import ANY, Bounds
from gradc.ops.table import statics_of
from gradc.rewrite.needs import Masks, Needs, identity, is_clip, is_harmless
from gradc.rewrite.rules import instantiate
from gradc.rewrite.simplify import Builder, number

# Kinks further below than so many gates are taken to drop nothing.
FARTHEST = 64


class Sparing:
    """Which gates of a program take their slopes at safe numbers, and where."""

    def __init__(self, dims: Dims, nodes: Sequence[Node], roots: Sequence[Node], active: Collection[Node]) -> None:
        self.gates: dict[Node, None] = {}
        self.behind: set[Node] = set()  # of the gates those to which nothing may come back
        self.drops: set[Node] = set()
        # Conditions in place of "something comes back": what is 0 by chance may change, and is differentiated again.
        self.wanted: Mapping[Node, Node] = {}
        self.active = active
        if not any(node.op.kink.selects for node in nodes):
            return
        known: dict[Node, Bounds] = {}
        kinks = any(_is_kink(node) for node in nodes)
        self.behind = _exposed(dims, nodes, roots)
        if kinks:
            known = bounds_of(nodes)
            self.behind.update(gate for gate in _behind_kinks(nodes, roots) if _is_steep(gate, known))
        self.drops = _dropping(nodes, active)
        for gate in nodes:
            if gate in self.behind:
                self.gates[gate] = None
            elif gate.op.elementwise and not gate.op.kink.selects and any(arg in self.drops for arg in gate.args):
                known = known or bounds_of(nodes)
                if not is_harmless(gate) and leaves_smooth(gate, known):
                    self.gates[gate] = None

    def masks(self, build: Builder, gate: Node, dout: Node) -> tuple[Node | None, list[Node | None]]:
        """Where the slopes of a gate count: for its value, and for each of its arguments. None for everywhere."""
        out: Node | None = None
        if gate in self.behind:
            out = self.wanted.get(gate) or build.make(routing.ne, (dout, build.const(0)))
        args: list[Node | None] = [out] * len(gate.args)
        if gate.op.elementwise:
            passed = self.passed(build, gate)
            if passed is not None:
                out = passed if out is None else build.make(routing.all_of, (passed, out))
                args = [out] * len(gate.args)
        if out is None or (gate.op.elementwise and all(arg.shape == gate.shape == out.shape for arg in gate.args)):
            return out, args
        needs = Needs(build.dims, (), ())
        sent = needs.sent_by(gate, needs.where(out))
        masks = Masks(needs, build, {out: out})
        found = [None if need == needs.everywhere else masks.mask(need) for need in sent]
        if not gate.op.elementwise:  # an element of softmax(v) counts for what its neighbours send back, too
            own = next((mask for arg, mask in zip(gate.args, found, strict=True) if arg.shape == gate.shape), out)
            return own, found
        if out.shape == gate.shape:  # what is infinite counts at no element that sends nothing
            found = [
                out if arg.op.steep.pole and not arg.shape else mask for arg, mask in zip(gate.args, found, strict=True)
            ]
        return out, found

    def passed(self, build: Builder, gate: Node) -> Node | None:
        """Where what a gate sends back is not dropped by a kink below it; None for everywhere."""
        found: dict[Node, Node | None] = {}
        stack = [gate]
        while stack:
            node = stack[-1]
            args = [arg for arg in _valued(node) if arg in self.active]
            waits = [arg for arg in args if arg in self.drops and arg not in found]
            if node in found or not waits:
                stack.pop()
                found.setdefault(node, self._used_by(build, node, args, found))
            elif len(found) + len(stack) > FARTHEST:
                found[node] = None
            else:
                stack += waits
        mask = found[gate]
        if mask is None or any(build.dims.broadcast(mask.shape, arg.shape) != arg.shape for arg in gate.args):
            return None
        return mask

    def _used_by(self, build: Builder, node: Node, args: list[Node], found: Mapping[Node, Node | None]) -> Node | None:
        """Where something that a node gets back goes on, from where it does at its arguments; None for everywhere."""
        if node.op.kink.selects:
            ways = []
            for arg, way in self._ways(build, node):
                further = found.get(arg)
                ways.append(way if further is None else build.make(routing.all_of, (way, further)))
        else:
            below = [found.get(arg) for arg in args]
            ways = [way for way in below if way is not None]
            if not ways or len(ways) < len(below):
                return None
        either: Node | None = None
        for way in dict.fromkeys(ways):
            either = way if either is None else build.make(routing.any_of, (either, way))
        return either

    def _ways(self, build: Builder, kink: Node) -> list[tuple[Node, Node]]:
        """The arguments of a kink that have an adjoint, and where it takes each."""
        op = kink.op
        if op is routing.where:
            c, x, y = kink.args
            ways = [(x, c), (y, build.make(routing.not_, (c,)))]
        else:
            names = {**dict(zip(op.params, kink.args, strict=True)), "out": kink}
            rules = zip(kink.args, op.slopes or (), strict=True)
            ways = [(arg, instantiate(build, rule, names)) for arg, rule in rules]
        return [(arg, way) for arg, way in ways if arg in self.active]

    def spared(self, build: Builder, gate: Node, dout: Node) -> tuple[tuple[Node, ...], Node]:
        """The gate's arguments and its value, for its slopes: safe numbers in place of them where nothing counts."""
        out, masks = self.masks(build, gate, dout)

        def safe(x: Node, mask: Node | None, at: float) -> Node:
            return x if mask is None or x.op is scalar.const else build.make(held, (mask, x, build.const(at)))

        args = []
        for i, (arg, mask) in enumerate(zip(gate.args, masks, strict=True)):
            if i in gate.op.whole:
                args.append(arg)
                continue
            wanted = gate.op.steep.safe[i] if i < len(gate.op.steep.safe) else None
            if isinstance(wanted, str):
                args.append(arg if mask is None else build.make(held, (mask, arg, identity(build, arg))))
            else:
                args.append(safe(arg, mask, 1.0 if wanted is None else float(wanted)))
        return tuple(args), safe(gate, out, 1.0)


def dropped(build: Builder, gate: Node) -> dict[str, Node]:
    """The names of a gate's rules that a tangent takes at safe numbers: where a kink below sends none, steep or not."""
    near: dict[Node, None] = {}
    stack = list(gate.args)
    while stack:
        node = stack.pop()
        if node.op is scalar.const or node in near or len(near) > FARTHEST:
            continue
        near[node] = None
        if node.args and node.op.elementwise:
            stack += _valued(node)
    if not any(node.op.kink.selects for node in near) or not leaves_smooth(gate, bounds_of(reachable([gate]))):
        return {}
    sparing = Sparing(build.dims, (), (), near)
    sparing.drops = _dropping(sorted(near, key=lambda node: node.id), near)
    args, out = sparing.spared(build, gate, gate)
    return {**dict(zip(gate.op.params, args, strict=True)), "out": out}


def warned_of(dag: Dag) -> tuple[str, ...]:
    """What NumPy may say of values that a program computes to decide, and that may then come to nothing."""
    roots = [*dag.roots, *dag.inputs.values()]
    nodes = reachable(roots)
    if any(gate.op.elementwise for gate in _exposed(dag.dims, nodes, roots)):
        return "divide", "over", "invalid"
    steep = _behind_kinks(nodes, dag.roots)
    if steep:
        known = bounds_of(nodes)
        if any(_is_steep(gate, known) for gate in steep):
            return "divide", "over"
    return ()


# ---- to which gates nothing may come back ------------------------------------------------------


def _exposed(dims: Dims, nodes: Sequence[Node], roots: Sequence[Node]) -> set[Node]:
    """The gates whose values are needed where no branch takes them, by its own condition for one."""
    if not any(node.op is routing.where for node in nodes):
        return set()
    values = Needs(dims, nodes, roots)
    slopes = Needs(dims, nodes, roots, slopes_of=values)
    return {
        node
        for node in nodes
        if slopes.of[node] not in ((), slopes.everywhere, values.of[node]) and node.args and not is_harmless(node)
    }


def _behind_kinks(nodes: Sequence[Node], roots: Sequence[Node]) -> list[Node]:
    """The gates all of whose ways to the outputs lead over gates that select, some over others than branches."""
    free, kinked = set(roots), set[Node]()
    for gate in reversed(nodes):
        if gate.op.boolean:
            continue  # nothing goes back over a condition
        if gate in free and not gate.op.kink.selects:
            free.update(gate.args)
        if gate in kinked or _is_kink(gate):
            kinked.update(gate.args)
    return [
        gate for gate in nodes if gate in kinked and gate not in free and gate.op.steep.safe and gate.op.elementwise
    ]


def _is_kink(gate: Node) -> bool:
    return gate.op.kink.selects and (gate.op is not routing.where or is_clip(gate))


def _dropping(nodes: Sequence[Node], active: Collection[Node]) -> set[Node]:
    """The values whose adjoints a kink may drop: an argument that it can take instead has none."""
    found: set[Node] = set()
    for node in nodes:
        if not node.args or node not in active or not node.op.elementwise or node.op in PASSES_ON:
            continue
        mine = [arg for arg in _valued(node) if arg in active]
        if len(mine) < max(len(_valued(node)), 2) if node.op.kink.selects else mine and found.issuperset(mine):
            found.add(node)
    return found


def _valued(gate: Node) -> tuple[Node, ...]:
    return gate.args[1:] if gate.op is routing.where else gate.args


# ---- which gates may be steep ------------------------------------------------------------------


def bounds_of(nodes: Sequence[Node]) -> dict[Node, Bounds]:
    """From where to where each value lies, as far as its gates say."""
    known: dict[Node, Bounds] = {}
    for node in nodes:
        if node.op is scalar.const:
            known[node] = (float(number(node)), float(number(node)))
        elif node.op.bounds is None:
            known[node] = bounds.FROM_0 if node.op is scalar.size else ANY
        else:
            known[node] = node.op.bounds(*(known[arg] for arg in node.args), **statics_of(node.op, node.attr))
    return known


def _is_steep(gate: Node, known: Mapping[Node, Bounds]) -> bool:
    """Whether a slope of the gate may be infinite: the gate's own, or that of a product with something infinite."""
    if gate.op.steep.tame:
        return any(leaves_smooth(arg, known) for arg in gate.args if arg.op.steep.pole)
    return leaves_smooth(gate, known) or any(leaves_smooth(arg, known) for arg in gate.args if arg.op.steep.pole)


def leaves_smooth(gate: Node, known: Mapping[Node, Bounds]) -> bool:
    """Whether an argument may leave the open interval on which the gate's slopes are finite."""
    if gate.op in (scalar.ipow, scalar.pow_) and _exponent(gate) >= 1.0:
        return False
    for arg, smooth in zip(gate.args, gate.op.steep.outside, strict=False):
        low, high = known[arg]
        if smooth and not ((low > smooth[0] or smooth[0] == -inf) and (high < smooth[1] or smooth[1] == inf)):
            return True
    return False


def _exponent(gate: Node) -> float:
    if gate.op is scalar.ipow:
        return float(statics_of(gate.op, gate.attr)["n"])
    return float(number(gate.args[1])) if gate.args[1].op is scalar.const else -inf


def is_spared(node: Node) -> bool:
    """Whether a node is one of the safe numbers that `Sparing` makes."""
    return node.op is held


__all__ = ["Sparing", "bounds_of", "dropped", "is_spared", "leaves_smooth", "warned_of"]
