"""A long sum whose terms repeat one pattern, as a sum over slices: what was written out is rolled up again.

>>> from gradc.language import parse, unparse
>>> terms = " + ".join(f"sin(x[{i}]*x[{i + 1}])" for i in range(100))
>>> rolled = roll(parse(f"x: [101]; sqrt({terms})"))
>>> print(unparse(rolled.dag).partition("\\n")[2])
v1 = x[0:100]
v2 = x[1:101]
v3 = v1*v2
v4 = sin(v3)
v5 = sum(v4, axis=None, keepdims=False)
sqrt(v5)

Programs over numbers get one input that holds them all, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradc.base.records import NamedTuple
from gradc.graph.dag import Dag, Node
from gradc.ops import array, scalar
from gradc.ops.table import Op
from gradc.rewrite.simplify import Builder

# Fewer terms than this are not worth a sum over slices, and a pattern has no more gates than this.
FEWEST, LARGEST = 32, 64

# A program is rolled up only if no more of it than this is left.
MOST_LEFT = 0.25

_NAME = "x"


class Rolled(NamedTuple):
    """The short program; `numbers` are the inputs that its one input holds, none if the inputs are as they were."""

    dag: Dag
    numbers: tuple[str, ...]


class _Part(NamedTuple):
    """A place in a pattern, in the order of a walk: a gate, an element of a slot, or a value that all terms share."""

    op: Op | None
    attr: object
    arity: int
    shared: Node | None


class _Group(NamedTuple):
    """The terms of one pattern and sign: for each slot the array and the positions, term by term."""

    minus: bool
    pattern: tuple[_Part, ...]
    arrays: tuple[Node | None, ...]
    slots: tuple[list[int], ...]


def roll(dag: Dag, literal: bool = False) -> Rolled | None:
    """The program with its long sums rolled up; None if it has none, or if much is left."""
    return _Roller(dag, literal).run()


class _Roller:
    def __init__(self, dag: Dag, literal: bool) -> None:
        self.dag = dag
        numbers = [name for name, node in dag.inputs.items() if not node.shape]
        self.gathered = len(numbers) == len(dag.inputs)
        self.place = {dag.inputs[name]: i for i, name in enumerate(numbers)} if self.gathered else {}
        self.build = Builder(dag.dims, literal)
        self.new: dict[Node, Node] = {}
        self.sums: dict[Node, tuple[list[tuple[bool, Node]], list[_Group]]] = {}

    def run(self) -> Rolled | None:
        self._find()
        if not self.sums:
            return None
        self._inputs()
        for root in self.dag.roots:
            self._make(root)
        if len(self.build.graph.nodes) > MOST_LEFT * len(self.dag.nodes):
            return None
        dag = self.dag._replace(
            nodes=tuple(self.build.graph.nodes),
            inputs={_NAME: self.whole}
            if self.gathered
            else {name: self.new[node] for name, node in self.dag.inputs.items()},
            outputs=tuple((name, self.new[node]) for name, node in self.dag.outputs),
            names={},
            spans={},
            rewrites={},
            roles={},
            declared=True,
            graph=self.build.graph,
        )
        return Rolled(dag, tuple(self.dag.inputs) if self.gathered else ())

    # ---- finding -------------------------------------------------------------------------------

    def _find(self) -> None:
        """The long sums, and the patterns of their terms."""
        inner: set[Node] = set()
        for head in reversed(self.dag.nodes):
            if head in inner or (head.op is not scalar.add and head.op is not scalar.sub) or head.shape:
                continue
            terms: list[tuple[bool, Node]] = []
            at = head
            while at.op is scalar.add or at.op is scalar.sub:
                terms.append((at.op is scalar.sub, at.args[1]))
                at = at.args[0]
                inner.add(at)
            if len(terms) >= FEWEST:
                terms.append((False, at))
                terms.reverse()
                left, groups = self._grouped(terms)
                if groups:
                    self.sums[head] = left, groups

    def _grouped(self, terms: list[tuple[bool, Node]]) -> tuple[list[tuple[bool, Node]], list[_Group]]:
        """The terms that follow no pattern, and the others by pattern."""
        left: list[tuple[bool, Node]] = []
        groups: list[_Group] = []
        tried = 0
        while len(terms) >= FEWEST and tried < 8:
            tried += 1
            minus, first = terms[0]
            second = next((term for sign, term in terms[1:3] if sign == minus), None)
            found = self._pattern(first, second) if second is not None else None
            if found is None:
                left.append(terms.pop(0))
                continue
            pattern, arrays = found
            slots: tuple[list[int], ...] = tuple([] for _ in arrays)
            rest = [term for term in terms if term[0] != minus or not self._follows(term[1], pattern, arrays, slots)]
            if slots and len(slots[0]) >= FEWEST and all(map(_even, slots)):
                groups.append(_Group(minus, pattern, arrays, slots))
                terms = rest
            else:
                left.append(terms.pop(0))
        return left + terms, groups

    def _pattern(self, first: Node, second: Node) -> tuple[tuple[_Part, ...], tuple[Node | None, ...]] | None:
        """What two terms have in common, if that is all but the positions of elements."""
        parts: list[_Part] = []
        arrays: list[Node | None] = []
        stack = [(first, second)]
        while stack:
            one, other = stack.pop()
            if one is other and one.op is not scalar.const:
                parts.append(_Part(None, None, 0, one))
                continue
            if one.op is not other.op or len(parts) > LARGEST or one.shape:
                return None
            if one.op is scalar.input_:
                if one not in self.place:
                    return None
                parts.append(_Part(None, None, 0, None))
                arrays.append(None)
            elif one.op is array.index and one.args[0].op is scalar.input_ and len(one.attr[0]) == 1:  # type: ignore[index]
                if one.args[0] is not other.args[0]:
                    return None
                parts.append(_Part(None, None, 0, None))
                arrays.append(one.args[0])
            elif one.attr == other.attr and len(one.args) == len(other.args):
                parts.append(_Part(one.op, one.attr, len(one.args), None))
                stack += zip(reversed(one.args), reversed(other.args), strict=True)
            else:
                return None
        return (tuple(parts), tuple(arrays)) if arrays else None

    def _follows(
        self, term: Node, pattern: Sequence[_Part], arrays: Sequence[Node | None], slots: Sequence[list[int]]
    ) -> bool:
        """Whether a term follows a pattern; its positions are then appended to the slots."""
        found: list[int] = []
        stack = [term]
        pop, place = stack.pop, self.place
        for op, attr, count, shared in pattern:
            node = pop()
            if op is not None:
                if node.op is not op or node.attr != attr:
                    return False
                if count == 1:
                    stack.append(node.args[0])
                elif count == 2:
                    x, y = node.args
                    stack.append(y)
                    stack.append(x)
                elif count:
                    stack.extend(reversed(node.args))
            elif shared is not None:
                if node is not shared:
                    return False
            else:
                whole = arrays[len(found)]
                if whole is None:
                    at = place.get(node, -1)
                elif node.op is array.index and node.args[0] is whole:
                    at = node.attr[0][0]  # type: ignore[index]  # (index,)
                    if at < 0 and isinstance(whole.shape[0], int):  # counted from the end
                        at += whole.shape[0]
                else:
                    return False
                if at < 0:
                    return False
                found.append(at)
        for slot, at in zip(slots, found, strict=True):
            slot.append(at)
        return True

    # ---- making --------------------------------------------------------------------------------

    def _inputs(self) -> None:
        build, inputs = self.build, self.dag.inputs
        if not self.gathered:
            self.new.update((node, build.input(name, node.shape)) for name, node in inputs.items())
            return
        self.whole = build.input(_NAME, (len(inputs),))

    def _make(self, root: Node) -> None:
        """The new node of an old one, and of all that it needs."""
        new, build = self.new, self.build
        stack = [root]
        while stack:
            node = stack[-1]
            if node in new:
                stack.pop()
                continue
            found = self.sums.get(node)
            needs = node.args if found is None else self._needs(*found)
            waiting = [need for need in needs if need not in new]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            if found is not None:
                new[node] = self._total(*found)
            elif node.args:
                new[node] = build.make(node.op, tuple([new[arg] for arg in node.args]), node.attr)
            elif node in self.place:
                new[node] = self._element(self.whole, self.place[node])
            else:
                new[node] = build.graph.node(node.op, (), node.attr, node.shape)

    def _needs(self, left: Sequence[tuple[bool, Node]], groups: Sequence[_Group]) -> list[Node]:
        return [
            *(node for _, node in left),
            *(part.shared for group in groups for part in group.pattern if part.shared is not None),
        ]

    def _element(self, whole: Node, at: int) -> Node:
        return self.build.make(array.index, (whole,), ((at,),))

    def _total(self, left: Sequence[tuple[bool, Node]], groups: Sequence[_Group]) -> Node:
        terms = [(group.minus, self._over_slices(group)) for group in groups] + [
            (minus, self.new[node]) for minus, node in left
        ]
        terms.sort(key=lambda term: term[0])
        minus, out = terms[0]
        if minus:
            out = self.build.make(scalar.neg, (out,))
        for minus, term in terms[1:]:
            out = self.build.make(scalar.sub if minus else scalar.add, (out, term))
        return out

    def _over_slices(self, group: _Group) -> Node:
        """The sum of a pattern over the slices that its slots run over."""
        slots = iter(zip(group.arrays, group.slots, strict=True))
        leaves = [self._leaf(part, slots) if part.op is None else None for part in group.pattern]
        stack: list[Node] = []
        for part, leaf in zip(reversed(group.pattern), reversed(leaves), strict=True):
            if leaf is not None:
                stack.append(leaf)
                continue
            assert part.op is not None
            taken = tuple([stack.pop() for _ in range(part.arity)])
            made = (
                self.build.make(part.op, taken, part.attr) if taken else self.build.graph.node(part.op, (), part.attr)
            )
            stack.append(made)
        return self.build.make(array.sum_, (stack[0],), (None, False))

    def _leaf(self, part: _Part, slots: Iterator[tuple[Node | None, list[int]]]) -> Node:
        if part.shared is not None:
            return self.new[part.shared]
        whole, places = next(slots)
        source = self.whole if whole is None else self.new[whole]
        step = places[1] - places[0]
        if not step:
            return self._element(source, places[0])
        stop = places[-1] + (1 if step > 0 else -1)
        index = ("slice", places[0], stop if stop >= 0 else None, None if step == 1 else step)
        return self.build.make(array.index, (source,), ((index,),))


def _even(places: list[int]) -> bool:
    """Whether positions are evenly spaced."""
    step = places[1] - places[0]
    return places == list(range(places[0], places[0] + step * len(places), step)) if step else len(set(places)) == 1


__all__ = ["Rolled", "roll"]
