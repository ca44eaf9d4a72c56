"""In which order the steps over whole arrays are taken, and into which array each writes: the fewest are made.

A step writes over an argument that nobody reads after it, or into an array of its shape that is dead altogether; only
what finds neither makes one. Of the steps that could be next, that is taken after which the least memory is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush

from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import Dims
from gradc.ops import array, routing, scalar

# Of so many steps that could be next the best is chosen.
CHOICE = 64
# Up to this many steps their order is chosen so that most can write over what is dead.
LONGEST_SEARCH = 2000
# What a named size counts for when arrays are compared.
USUAL_SIZE = 64.0


class Buffer:
    """An array of our own, and the values that are written into it one after the other."""

    __slots__ = ("kept", "reads", "values")

    def __init__(self) -> None:
        self.values: list[Node] = []
        self.reads = 0
        self.kept = False


class Reuse:
    """The order of the steps, and their arrays: `onto` has the value that a step writes over.

    `reads` are the named values that each step reads, `inline` what has no line of its own, `given` the leaves.
    """

    def __init__(
        self, reads: Mapping[Node, Sequence[Node]], inline: set[Node], given: Iterable[Node], dims: Dims
    ) -> None:
        self.reads, self.inline, self.given, self.dims = reads, inline, frozenset(given), dims
        self.buffers: dict[Node, Buffer] = {}
        self.onto: dict[Node, Node] = {}
        self.dead: dict[Shape, list[Buffer]] = {}
        self.sizes: dict[Shape, float] = {}
        self.lasting: set[Node] = set()
        self.no_floats: dict[Node, bool] = {}

    def order(self, roots: Iterable[Node], bases: Callable[[Node], Sequence[Node]]) -> list[Node]:
        """The steps in the order in which they are taken; `bases` are the named values that an inlined root shows."""
        for node in self.reads:
            for arg in self.reads[node]:
                self.buffer_of(arg).reads += 1
        for root in roots:
            for shown in bases(root) if root in self.inline else [root]:
                self.buffer_of(shown).kept = True
                self.lasting.add(shown)
        for node in reversed(list(self.reads)):  # a sum that a result is made by adding to is that result's array
            if node in self.lasting and node.op in (scalar.add, scalar.sub):
                self.lasting.update(arg for arg in self.reads[node] if self._same(arg.shape, node.shape))
        if len(self.reads) <= LONGEST_SEARCH:
            return self._views_late(self._by_greed())
        for node in self.reads:
            self._place(node)
        return self._views_late(list(self.reads))

    def buffer_of(self, node: Node) -> Buffer:
        """The buffer that a value is in or looks into. Inputs have one that is never free."""
        if node not in self.buffers:
            self.buffers[node] = Buffer()
            self.buffers[node].kept = node in self.given
        return self.buffers[node]

    def grown(self, node: Node) -> Node | None:
        """The argument that a step writes over; None where it takes an array of its own, or a dead one."""
        target = self.onto.get(node)
        return target if target is not None and self.buffers[target] is self.buffers[node] else None

    # ---- order ---------------------------------------------------------------------------------

    def _by_greed(self) -> list[Node]:
        waiting = {node: sum(arg in self.reads for arg in mine) for node, mine in self.reads.items()}
        readers: dict[Node, list[Node]] = {}
        for node, mine in self.reads.items():
            for arg in mine:
                readers.setdefault(arg, []).append(node)
        ready = [(node.id, node) for node in self.reads if waiting[node] == 0]  # a heap: ids rise
        near: list[Node] = []  # the oldest few of them, among which the next is chosen

        def gone_with(node: Node) -> float:
            """What is free again after the next step, if that makes a number of a value that nobody else reads."""
            mine = readers.get(node, ())
            last = len(mine) == 1 and not mine[0].shape and waiting[mine[0]] == 1 and node not in self.lasting
            return self._size(node) if last and node.shape else 0.0

        def rank(node: Node) -> tuple[float, float, int]:
            gone = gone_with(node)
            return self._cost(node) - gone, -gone, node.id

        order: list[Node] = []
        while ready or near:
            while ready and len(near) < CHOICE:
                near.append(heappop(ready)[1])
            node = min(near, key=rank)
            near.remove(node)
            order.append(node)
            self._place(node)
            for reader in readers.get(node, []):
                waiting[reader] -= 1
                if waiting[reader] == 0:
                    heappush(ready, (reader.id, reader))
        return order

    def _cost(self, node: Node) -> float:
        """How much more memory is held after a step than before it."""
        if not node.shape or node.op.view or self.is_spared(node):
            return float("-inf")
        target = self._target(node)
        cost = 0.0
        if target is None and self._unused(node) is None:
            cost = 0.0 if node in self.lasting else self._size(node)  # what lasts is taken in any case
        for arg in self.reads[node]:
            buffer = self.buffers[arg]
            if arg is not target and buffer.values and not buffer.kept and buffer.reads == self._times(node, buffer):
                cost -= self._size(buffer.values[-1])
        return cost

    def _size(self, node: Node) -> float:
        if node.shape not in self.sizes:
            found = 1.0
            for dim in self.dims.resolve(node.shape):
                found *= dim if isinstance(dim, int) else USUAL_SIZE
            self.sizes[node.shape] = found
        return self.sizes[node.shape]

    def _views_late(self, order: Sequence[Node]) -> list[Node]:
        """The same steps with each view right above the first that reads it: what it shows is not written to before."""
        place = {node: at for at, node in enumerate(order)}
        held: dict[Node, None] = {}
        found: list[Node] = []
        for node in [*order, None]:
            if node is not None and node.op.view:
                held[node] = None
                continue
            todo = [arg for arg in self.reads[node] if arg in held] if node is not None else list(held)
            needed: list[Node] = []
            while todo:
                view = todo.pop()
                if view in held:
                    del held[view]
                    needed.append(view)
                    todo += self.reads[view]
            found += sorted(needed, key=place.__getitem__)
            found += [node] if node is not None else []
        return found

    # ---- buffers -------------------------------------------------------------------------------

    def _place(self, node: Node) -> None:
        """The buffer of a step's value; what it reads has one reader less."""
        target = self._target(node)
        unused = self._unused(node) if target is None else None
        for arg in self.reads[node]:
            self.buffers[arg].reads -= 1
        was = self.buffers.get(node)
        if target is not None:
            self.onto[node] = target
            buffer = self.buffers[target]
            buffer.values.append(node)
        elif node.op.view or self.is_spared(node):
            shown = self._base(node.args[1]) if self.is_spared(node) else next(iter(self.reads[node]), None)
            buffer = self.buffer_of(shown) if shown is not None else Buffer()
        else:
            buffer = Buffer()
            if unused is not None:
                self.onto[node] = unused.values[-1]
                self.dead[self.dims.resolve(node.shape)].remove(unused)
            if node.shape and not self._has_no_floats(node):
                buffer.values.append(node)
        if was is not None and was is not buffer:
            buffer.reads += was.reads
            buffer.kept = buffer.kept or was.kept
        self.buffers[node] = buffer
        for free in dict.fromkeys(self.buffers[arg] for arg in self.reads[node]):
            if free.values and not free.reads and not free.kept:
                self.dead.setdefault(self.dims.resolve(free.values[-1].shape), []).append(free)

    def is_spared(self, node: Node) -> bool:
        """Whether a step puts a number in some rows of what is given, if there are such rows: else it shows that."""
        if node.op is not routing.where or node in self.lasting:
            return False
        test, x, other = node.args
        smaller = bool(test.shape) and self._size(test) < self._size(node) and test.op.boolean
        return smaller and other.op is scalar.const and self._same(x.shape, node.shape) and self._base(x) in self.given

    def _base(self, x: Node) -> Node:
        """The array that a view is of."""
        while x.op.view and x in self.inline:
            x = x.args[0]
        return x

    def _has_no_floats(self, node: Node) -> bool:
        """Whether a value is a mask or whole numbers, or such moved: no array to write floats into."""
        chain: list[Node] = []
        while node not in self.no_floats:
            op = node.op
            if op.boolean or op.integer or op.elementwise or not node.args:
                self.no_floats[node] = op.boolean or op.integer
                break
            chain.append(node)
            node = node.args[0]
        found = self.no_floats[node]
        self.no_floats.update(dict.fromkeys(chain, found))
        return found

    def _target(self, node: Node) -> Node | None:
        """The argument that a step may write over: ours, whole, of its shape, and read by nobody after."""
        for arg in self._overwritable(node):
            buffer = self.buffers.get(arg)
            if buffer is None or buffer.kept or buffer.values[-1:] != [arg] or not self._same(arg.shape, node.shape):
                continue
            if buffer.reads == self._times(node, buffer) and not (
                (node.op is routing.where or into_place(node, self.inline)) and self._reads_again(node, arg, buffer)
            ):
                return arg
        return None

    def _unused(self, node: Node) -> Buffer | None:
        """A dead array of the shape of a step that can write into one."""
        if not node.shape or node.op.boolean or not self._takes_an_array(node):
            return None
        found = self.dead.get(self.dims.resolve(node.shape))
        return found[-1] if found else None

    def _takes_an_array(self, node: Node) -> bool:
        if node.op is routing.where:
            return self._same(node.args[0].shape, node.shape)
        if node.op is array.matmul:
            return all(len(arg.shape) > 1 for arg in node.args)
        return bool(node.op.ufunc) and not into_place(node, self.inline)

    def _times(self, node: Node, buffer: Buffer) -> int:
        """How many of the values that a step reads are in a buffer."""
        return sum(self.buffers.get(each) is buffer for each in self.reads[node])

    def _reads_again(self, node: Node, target: Node, buffer: Buffer) -> bool:
        """Whether a step of several lines looks into its target by another argument, when some of it is overwritten."""
        todo = [arg for arg in node.args if arg is not target and not arg.op.boolean]
        while todo:
            arg = todo.pop()
            if arg in self.inline:
                todo += arg.args
            elif self.buffers.get(arg) is buffer:
                return True
        return False

    def _overwritable(self, node: Node) -> Sequence[Node]:
        if node.op.boolean or not node.shape:
            return ()
        if node.op is routing.where:
            test, *sides = node.args
            whole = self._same(test.shape, node.shape) or any(not side.shape for side in sides)
            return [arg for arg in sides if arg not in self.inline] if whole else ()
        if node.op.ufunc:
            plain = [arg for arg in node.args if arg not in self.inline]
            return plain if not into_place(node, self.inline) else [x for x in plain if x.op is not array.scatter]
        return ()

    def _same(self, x: Shape, y: Shape) -> bool:
        return self.dims.resolve(x) == self.dims.resolve(y)


def into_place(node: Node, inline: Iterable[Node]) -> bool:
    """Whether a step is a sum with something that goes into one place of an array."""
    return node.op in (scalar.add, scalar.sub) and any(arg.op is array.scatter and arg in inline for arg in node.args)


__all__ = ["Buffer", "Reuse", "into_place"]
