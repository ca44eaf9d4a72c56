"""Where the values of a kernel live: an order of its lines, and as few buffers as that order can do with.

A buffer is free again after the last line that reads it, and the line itself may then write into it. The
arrays that a kernel fills are buffers too until their own value is written.

>>> from gradc.ops import scalar as s
>>> from gradc.rewrite.simplify import Builder
>>> build = Builder()
>>> x = build.input("x")
>>> e = build.make(s.exp, (x,))
>>> f, dx = build.make(s.add, (e, build.make(s.sin, (x,)))), build.make(s.mul, (e, x))
>>> plan = arrange([f, dx])
>>> [(node.op.name, plan.place[node]) for node in plan.order], plan.floats
([('exp', 1), ('sin', 0), ('add', 0), ('mul', 1)], 2)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from gradc.graph.dag import Node, reachable, users

# Up to this many lines several orders are tried.
LONGEST_SEARCH = 2000


@dataclass(frozen=True, slots=True)
class Plan:
    """The lines in order, and the buffer of each value: numbers and masks are counted apart.

    The first buffers of numbers are the arrays to fill, in their order; `copies` are those whose value lives
    elsewhere (an input, a constant, the value of another). `temps` is what a line needs beside its operands.
    """

    order: tuple[Node, ...]
    place: dict[Node, int]
    temps: dict[Node, tuple[int, ...]]
    copies: tuple[tuple[int, Node], ...]
    floats: int
    masks: int


def arrange(targets: Sequence[Node]) -> Plan:
    """The plan with the fewest buffers among a few good orders."""
    nodes = [node for node in reachable(targets) if node.args]
    if len(nodes) > LONGEST_SEARCH:
        return allocate(nodes, targets)
    orders = (nodes, _depth_first(targets), _from_the_end(nodes, targets))
    return min([allocate(order, targets) for order in orders], key=lambda plan: 8 * plan.floats + plan.masks)


# ---- orders ------------------------------------------------------------------------------------


def _depth_first(targets: Sequence[Node]) -> list[Node]:
    """Each target in turn; of two arguments the one that needs more buffers first."""
    need: dict[Node, int] = {}
    for node in reachable(targets):
        wants = sorted((need[arg] for arg in node.args), reverse=True)
        need[node] = max([min(len(node.args), 1), *(want + i for i, want in enumerate(wants))])
    order: dict[Node, None] = {}
    stack = [(target, False) for target in reversed(targets)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order[node] = None
        elif node not in order and node.args:
            stack.append((node, True))
            stack += [(arg, False) for arg in sorted(node.args, key=lambda arg: need[arg])]
    return list(order)


def _from_the_end(nodes: Sequence[Node], targets: Sequence[Node]) -> list[Node]:
    """Backwards: always the line next that asks for the fewest values that are not asked for yet."""
    waiting = {node: len(set(readers)) for node, readers in users(nodes).items()}
    asked = {node for node in targets if node.args}
    ready: list[tuple[int, int, Node]] = []

    def push(node: Node) -> None:
        new = len({arg for arg in node.args if arg.args and arg not in asked})
        heappush(ready, (new, -node.id, node))

    for node in nodes:
        if waiting[node] == 0:
            push(node)
    order: list[Node] = []
    done: set[Node] = set()
    while ready:
        new, _, node = heappop(ready)
        if node in done:
            continue
        if new != len({arg for arg in node.args if arg.args and arg not in asked}):
            push(node)  # it has become cheaper since
            continue
        done.add(node)
        order.append(node)
        asked.update(arg for arg in node.args if arg.args)
        for one in dict.fromkeys(node.args):
            waiting[one] -= 1
            if waiting[one] == 0 and one.args:
                push(one)
    return order[::-1]


# ---- buffers -----------------------------------------------------------------------------------


class _Pool:
    """Buffers of one kind: the free one with the smallest number, or a new one. All are in use to begin with."""

    __slots__ = ("count", "free")

    def __init__(self, count: int) -> None:
        self.count = count
        self.free: list[int] = []

    def take(self) -> int:
        if self.free:
            return heappop(self.free)
        self.count += 1
        return self.count - 1

    def give(self, number: int) -> None:
        heappush(self.free, number)


def allocate(order: Sequence[Node], targets: Sequence[Node]) -> Plan:
    """The buffers of an order, found from its end: a value's buffer is taken where it is read last."""
    floats, masks = _Pool(len(targets)), _Pool(0)
    place: dict[Node, int] = {}
    temps: dict[Node, tuple[int, ...]] = {}
    copies = []
    for number, node in enumerate(targets):
        if not node.args or node in place:
            copies.append((number, node))
        else:
            place[node] = number
    for node in reversed(order):
        pool = masks if node.op.boolean else floats
        last = [arg for arg in dict.fromkeys(node.args) if arg.args and arg not in place]
        heir = next((arg for arg in _may_share(node) if arg in last), None)
        if heir is not None:
            place[heir] = place[node]
        elif not node.op.fast.into:  # a helper's result is no place for its arguments
            pool.give(place[node])
        for arg in last:
            if arg is not heir:
                place[arg] = (masks if arg.op.boolean else floats).take()
        temps[node] = tuple(floats.take() for _ in range(node.op.fast.temps))
        for number in temps[node]:
            floats.give(number)
        if node.op.fast.into:
            pool.give(place[node])
    return Plan(tuple(order), place, temps, tuple(copies), floats.count, masks.count)


def _may_share(node: Node) -> tuple[Node, ...]:
    """The operands whose buffer the result may be written into, the best first."""
    if node.op.fast.into:
        return ()
    return tuple(arg for arg in node.args if arg.op.boolean == node.op.boolean)
