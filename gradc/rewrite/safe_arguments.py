"""Branches in array code: both sides are computed, and what is not taken is spared at the border.

`where(x > 0, log(x), 0)` becomes `where(x > 0, log(safex), 0)` with `safex = where(x > 0, x, 1)`. A value is made safe
where it enters a side, once for all that stands there, at a number at which every gate of the side has a value and a
finite slope. The branch masks what comes back; behind it all is finite, and 0 times that is 0: no nan, no inf and no
warning, in value or gradient, however branches are nested and composed, and nothing below needs a case of its own.

>>> from gradc.language import parse
>>> program = parse("where(x < 1, sqrt(1 - x**2), 0)")
>>> spared = guard_branches(program, literal=False)
>>> [node.args[2] for node in spared.nodes if node.op is held]
[%3 = const() (0.0, '0.0')]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from gradc.base.records import NamedTuple
from gradc.graph.dag import Dag, Node, reachable
from gradc.ops import array, bounds, routing, scalar
from gradc.ops.borders import held, held_else
from gradc.ops.bounds import Bounds
from gradc.ops.routing import not_, where
from gradc.ops.scalar import const, input_, size
from gradc.ops.table import statics_of
from gradc.rewrite.needs import Cond, Masks, Need, Needs, identity, is_harmless
from gradc.rewrite.simplify import FOLDING, Args, Builder, folded, number, rebuild
from gradc.rewrite.steep import leaves_smooth

# The numbers that are tried for what enters a side, after those that its first gates ask for.
TRIED = (1.0, 0.0, 0.5, 2.0, -1.0, 3.0)
# Where one number for all will not do, as in 1/(x - y): a number each.
APART = ((1.0, 0.5), (0.5, 1.0), (2.0, 0.5), (0.25, 0.5))
# What hangs on more values that entered than this, or serves more gates, is not tried at other numbers again.
MOST_LEAVES, MOST_GATES = 16, 64
# A sum has at least one term, and no more than this many, as far as the safe numbers go.
MOST_TERMS = 1e9

EYE = "eye"
# Gates that give whole numbers of whole numbers.
_OF_INTEGERS = frozenset(
    (scalar.add, scalar.sub, scalar.mul, scalar.neg, array.index, routing.maximum, routing.minimum)
)
# What the order of a program is made of: gates, and the conditions that their borders wait for.
Item = Node | Need | Cond


class Border(NamedTuple):
    """A value that is made safe where a need of it begins."""

    value: Node
    need: Need


def guard_branches(dag: Dag, literal: bool) -> Dag:
    """The same program with safe arguments on the sides that are not taken; itself if it has no branch."""
    if not any(node.op is where for node in dag.nodes):
        return dag
    roots = [*dag.roots, *dag.inputs.values()]
    nodes = reachable(roots)
    needs = Needs(dag.dims, nodes, roots)
    build = Builder(dag.dims, literal)
    new: dict[Node, Node] = {}
    masks = Masks(needs, build, new)
    plan = _Plan(needs, nodes, _whole_numbers(dag, nodes))
    order = _conditions_first(roots, plan, masks)
    roles: dict[Node, str] = {}
    why: dict[Node, str] = {}

    def safe(arg: Node, border: Border, at: float | str) -> Node:
        other = identity(build, arg) if isinstance(at, str) else build.const(float(at))
        mask = masks.mask(border.need)
        if mask.op is const:
            return arg if number(mask) else other if other.shape == arg.shape else arg
        if mask.op is not_:
            node = build.intern(held_else, (mask.args[0], other, arg))
        else:
            node = build.intern(held, (mask, arg, other))
        roles.setdefault(node, "safe" + (str(arg.attr) if arg.op is input_ else ""))
        why[node] = "safe where the branch is not taken"
        return node

    def gate(build: Builder, old: Node, args: Args) -> Node:
        borders = plan.borders.get(old)
        if borders:
            args = tuple(
                arg
                if border is None
                else safe(arg, border, plan.at[old, i] if (old, i) in plan.at else plan.safe[border])
                for i, (arg, border) in enumerate(zip(args, borders, strict=True))
            )
        return build.intern(old.op, args, old.attr)

    guarded = rebuild(dag, build, gate, order, new)
    guarded.roles.update(roles)
    guarded.rewrites.update(why)
    return guarded


# ---- what is made safe, and how ----------------------------------------------------------------


def _is_fixed(arg: Node) -> bool:
    """Whether a value is a number, a size, a condition or an index, and so no poison."""
    return arg.op in (const, size) or arg.op.boolean or arg.op.integer


def _whole_numbers(dag: Dag, nodes: Sequence[Node]) -> frozenset[Node]:
    """What is computed from integers alone, and is one: it is no poison, and what it is the index of stays an index."""
    if not dag.integers:
        return frozenset()
    found: set[Node] = set()
    for node in nodes:
        if node.op is input_:
            is_whole = node.attr in dag.integers
        else:
            is_whole = node.op.integer or (
                (node.op in _OF_INTEGERS or node.op.view)
                and any(arg in found for arg in node.args)
                and all(arg in found or _is_whole_number(arg) for arg in node.args)
            )
        if is_whole:
            found.add(node)
    return frozenset(found)


def _is_whole_number(node: Node) -> bool:
    return node.op is const and float(number(node)).is_integer()


class _Plan:
    """For each gate the borders before its arguments, and the numbers that are safe there.

    `at` are the numbers of single arguments, where a gate has none in what its side was made safe with.
    """

    def __init__(self, needs: Needs, nodes: Sequence[Node], whole: frozenset[Node]) -> None:
        self.needs = needs
        self.borders: dict[Node, list[Border | None]] = {}
        self.safe: dict[Border, float | str] = {}
        self.at: dict[tuple[Node, int], float | str] = {}
        self.known: dict[Node, Bounds] = {}  # of values that are made of what is safe
        self.hang: dict[Node, tuple[Border, ...] | None] = {}  # on which borders; None: on too many
        self.gates: dict[Border, list[Node]] = {}
        within = [node for node in nodes if node.args and needs.of[node] != needs.everywhere and node not in whole]
        strict = {node for node in within if not is_harmless(node)}
        for node in within:
            if node in strict:
                self._enter(node)
        for node in within:
            self._settle(node, node in strict)

    def _enter(self, gate: Node) -> None:
        """What a gate takes from outside of its side, and has to be made safe."""
        for i, (arg, need) in enumerate(zip(gate.args, self.needs.sent[gate], strict=True)):
            if i in gate.op.whole or _is_fixed(arg) or self.needs.covers(need, self.needs.of[arg]):
                continue
            if self._is_factor(gate, arg, need):
                continue
            border = Border(arg, need)
            if border not in self.safe:
                wanted = gate.op.steep.safe[i] if i < len(gate.op.steep.safe) else None
                self.safe[border] = EYE if isinstance(wanted, str) else 1.0 if wanted is None else float(wanted)
                self.gates[border] = []

    def _is_factor(self, gate: Node, arg: Node, need: Need) -> bool:
        """Whether a number is a factor of points of which some are left out: it is finite, as no number is missing."""
        of_points = all(region.cond is not None and region.cond.test is None for region in need)
        return gate.op.steep.tame and bool(gate.shape) and not arg.shape and of_points

    def _settle(self, gate: Node, strict: bool) -> None:
        """A gate's borders, and what comes of it; a gate of no safe value gets safe arguments of its own."""
        borders: list[Border | None] = []
        for i, (arg, need) in enumerate(zip(gate.args, self.needs.sent[gate], strict=True)):
            border = Border(arg, need)
            if i in gate.op.whole:
                borders.append(None)
            elif border in self.safe:
                borders.append(border)
            elif strict and not (_is_fixed(arg) or self._is_factor(gate, arg, need) or arg in self.known):
                self.safe[border] = 1.0
                self.gates[border] = []
                borders.append(border)
            else:
                borders.append(None)
        if any(borders):
            self.borders[gate] = borders
        if not strict:
            if all(
                border is not None
                or _is_fixed(arg)
                or (arg in self.known and self.needs.covers(need, self.needs.of[arg]))
                for arg, need, border in zip(gate.args, self.needs.sent[gate], borders, strict=True)
            ):
                self._note(gate, borders)
            return
        self._note(gate, borders)
        if not self._holds(gate) and not self._moved(gate):
            self._own(gate, borders)

    def _args(self, gate: Node) -> list[Bounds]:
        borders = self.borders.get(gate, [None] * len(gate.args))
        return [
            _point(self.at.get((gate, i), self.safe[border])) if border is not None else self._of(arg)
            for i, (arg, border) in enumerate(zip(gate.args, borders, strict=True))
        ]

    def _of(self, arg: Node) -> Bounds:
        if arg.op is const:
            return float(number(arg)), float(number(arg))
        return (0.0, 1.0) if arg.op.boolean else self.known.get(arg, bounds.ANY)

    def _note(self, gate: Node, borders: Sequence[Border | None]) -> None:
        self.known[gate] = result(gate, self._args(gate))
        hang: dict[Border, None] | None = {}
        for arg, border in zip(gate.args, borders, strict=True):
            if hang is None:
                break
            if border is not None:
                hang[border] = None
            elif arg in self.hang:
                mine = self.hang[arg]
                hang = None if mine is None else hang | dict.fromkeys(mine)
        if hang is None or len(hang) > MOST_LEAVES:
            self.hang[gate] = None
            return
        self.hang[gate] = tuple(hang)
        for border in hang:
            if len(self.gates[border]) <= MOST_GATES:
                self.gates[border].append(gate)

    def _holds(self, gate: Node) -> bool:
        return is_sound(gate, self._args(gate))

    def _moved(self, gate: Node) -> bool:
        """Other numbers for what entered the side, so that this gate has a safe value and all before it keep theirs."""
        hang = self.hang[gate]
        if not hang or any(len(self.gates[border]) > MOST_GATES or self.safe[border] == EYE for border in hang):
            return False
        touched = sorted({each for border in hang for each in self.gates[border]}, key=lambda node: node.id)
        before = [self.safe[border] for border in hang]
        for numbers in _choices(len(hang)):
            self.safe.update(zip(hang, numbers, strict=True))
            if self._all_hold(touched):
                return True
        self.safe.update(zip(hang, before, strict=True))
        self._all_hold(touched)
        return False

    def _all_hold(self, touched: Iterable[Node]) -> bool:
        for gate in touched:
            self.known[gate] = result(gate, self._args(gate))
        return all(is_harmless(gate) or self._holds(gate) for gate in touched)

    def _own(self, gate: Node, borders: list[Border | None]) -> None:
        """Safe numbers for the arguments of one gate."""
        for i, (arg, need) in enumerate(zip(gate.args, self.needs.sent[gate], strict=True)):
            if _is_fixed(arg) or i in gate.op.whole:
                continue
            wanted = gate.op.steep.safe[i] if i < len(gate.op.steep.safe) else None
            if wanted is None and gate.op.steep.safe:
                continue
            borders[i] = border = Border(arg, need)
            self.at[gate, i] = EYE if isinstance(wanted, str) else 1.0 if wanted is None else float(wanted)
            self.safe.setdefault(border, 1.0)
            self.gates.setdefault(border, [])
        self.borders[gate] = borders
        self.hang[gate] = ()
        self.known[gate] = result(gate, self._args(gate))

    def needed(self, gate: Node) -> Iterator[Need]:
        for border in self.borders.get(gate, ()):
            if border is not None:
                yield border.need


def _choices(count: int) -> Iterator[list[float]]:
    for at in TRIED:
        yield [at] * count
    if count > 1:
        for first, step in APART:
            yield [first + step * k for k in range(count)]


def _point(at: float | str) -> Bounds:
    return (0.0, 1.0) if isinstance(at, str) else (at, at)


def _of_sum(x: Bounds) -> Bounds:
    return min(x[0], x[0] * MOST_TERMS), max(x[1], x[1] * MOST_TERMS)


def _of_power(x: Bounds, n: int) -> Bounds:
    """Of a whole power: of negative ones away from 0 only."""
    if n < 0 and x[0] <= 0.0 <= x[1]:
        return bounds.ANY
    try:
        ends = sorted(end**n for end in x)
    except OverflowError:
        return bounds.ANY
    return (min(ends[0], 0.0) if x[0] < 0.0 < x[1] else ends[0]), ends[1]


def result(gate: Node, args: Sequence[Bounds]) -> Bounds:
    """From where to where a gate's value lies: its arguments are finite, all elements of each in the same bounds."""
    op = gate.op
    if op in (held, held_else, where):
        return bounds.union(*args[1:])
    if op is routing.indicator:
        numbers = statics_of(op, gate.attr)
        return bounds.union(*((float(numbers[each]), float(numbers[each])) for each in ("a", "b")))
    if all(low == high for low, high in args) and (value := folded(op, [low for low, _ in args])) is not None:
        return float(value), float(value)
    if op is scalar.ipow:
        return _of_power(args[0], statics_of(op, gate.attr)["n"])
    if op is array.sum_:
        return _of_sum(args[0])
    if op in (array.matmul, array.inner):
        return _of_sum(bounds.product(*args))
    if op is array.outer:
        return bounds.product(*args)
    if op is array.prod:
        return args[0] if args[0] in ((0.0, 0.0), (1.0, 1.0)) else bounds.ANY
    if op is array.norm:
        low, high = bounds.magnitude(args[0])
        return low, high * math.sqrt(MOST_TERMS)
    if op in (array.stack, array.concatenate):
        return bounds.union(*args)
    if op.bounds is not None:
        return op.bounds(*args, **statics_of(op, gate.attr))
    if op.view and len(args) == 1:
        return args[0]
    return bounds.ANY


def is_sound(gate: Node, args: Sequence[Bounds]) -> bool:
    """Whether a gate has a finite value and finite slopes for all arguments within finite bounds."""
    op = gate.op
    points = all(low == high for low, high in args)
    if points and op.elementwise and op in FOLDING and folded(op, [low for low, _ in args]) is None:
        return False
    if op is scalar.pow_ and args[0][0] <= 0.0 and not points:
        return False
    if leaves_smooth(gate, dict(zip(gate.args, args, strict=True))):
        return False
    if op.steep.safe and not op.steep.tame and not op.steep.outside:
        return all(wanted is None or _point_of(wanted) == arg for wanted, arg in zip(op.steep.safe, args, strict=True))
    return True


def _point_of(wanted: float | str) -> Bounds:
    return _point(wanted if isinstance(wanted, str) else float(wanted))


# ---- the order ---------------------------------------------------------------------------------


def _conditions_first(roots: Sequence[Node], plan: _Plan, masks: Masks) -> list[Node]:
    """A topological order in which a condition stands before the gates that need safe arguments on its sides.

    A gate that its own conditions wait for, by way of other gates' conditions, has no border.
    """
    while True:
        order, tied = _ordered(roots, plan, masks)
        if tied is None:
            return order
        del plan.borders[tied]


def _ordered(roots: Sequence[Node], plan: _Plan, masks: Masks) -> tuple[list[Node], Node | None]:
    """The order, or a gate whose conditions wait for itself."""
    order: list[Node] = []
    done: set[Item] = set()
    path: dict[Item, None] = {}
    stack: list[Item] = list(reversed(roots))
    while stack:
        item = stack[-1]
        if item in done:
            stack.pop()
            continue
        if item in path:
            stack.pop()
            del path[item]
            done.add(item)
            if isinstance(item, Node):
                order.append(item)
            continue
        path[item] = None
        waits = [each for each in _before(item, plan, masks) if each not in done]
        met = next((each for each in waits if each in path), None)
        if met is not None:
            ring = [*path][[*path].index(met) :]
            after = [*ring[1:], met]
            return order, next(
                node
                for node, next_ in zip(ring, after, strict=True)
                if isinstance(node, Node) and not isinstance(next_, Node)
            )
        stack += waits
    return order, None


def _before(item: Item, plan: _Plan, masks: Masks) -> Iterator[Item]:
    if isinstance(item, Node):
        yield from reversed(item.args)
        yield from plan.needed(item)
    else:
        yield from masks.waits(item)
        if isinstance(item, Cond):
            yield from item.places
            if item.test is not None:
                yield item.test
