"""A long sum whose terms repeat one pattern, as a sum over slices: what was written out is rolled up again.

>>> from gradc.language import parse, unparse
>>> terms = " + ".join(f"sin(x[{i}]*x[{i + 1}])" for i in range(100))
>>> rolled = roll(parse(f"x: [101]; sqrt({terms})"))
>>> print(unparse(rolled.dag).partition("\\n")[2])
v1 = x[:-1]
v2 = x[1:]
v3 = v1*v2
v4 = sin(v3)
v5 = sum(v4, axis=None, keepdims=False)
sqrt(v5)

Several patterns may take turns, as the terms of people's sums do:

>>> terms = " + ".join(f"100*(x[{i + 1}] - x[{i}]**2)**2 + (1 - x[{i}])**2" for i in range(99))
>>> print(unparse(roll(parse(f"x: [100]; {terms}")).dag).partition("\\n")[2])
v1 = x[1:]
v2 = x[:-1]
v3 = v2**2
v4 = v1 - v3
v5 = v4**2
v6 = 100*v5
v7 = sum(v6, axis=None, keepdims=False)
v8 = 1 - v2
v9 = v8**2
v10 = sum(v9, axis=None, keepdims=False)
v7 + v10

Programs over numbers get one input that holds them all, `x0, x1, … x10` as one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from gradc.base.records import NamedTuple
from gradc.graph.dag import Dag, Lazy, Node, pending
from gradc.ops import array, constant_arrays, scalar
from gradc.ops.table import Op
from gradc.rewrite.simplify import Builder, number

# Fewer terms than this are not worth a sum over slices, and a pattern has no more gates than this.
FEWEST, LARGEST = 32, 64

# So many patterns may take turns; after so many terms that begin none, the rest is left as it is.
PERIOD, TRIES = 12, 16

# A program is rolled up only if no more of it than this is left.
MOST_LEFT = 0.25

_NAME = "x"


class Further(NamedTuple):
    """Numbers, or the positions of elements of an input, which has a name."""

    of: str | None
    values: tuple[Any, ...]


class Rolled(NamedTuple):
    """The short program; `numbers` are the inputs that its one input holds, none if the inputs are as they were.

    `further` are inputs of it behind the others: numbers that are different in each term, or elements of an input.
    """

    dag: Dag
    numbers: tuple[str, ...]
    further: dict[str, Further]


class _Part(NamedTuple):
    """A place in a pattern, in the order of a walk: a gate, an element of a slot, or a value that all terms share."""

    op: Op | None
    attr: object
    arity: int
    shared: Node | None


# What a slot holds positions of: an array, the vector of all inputs; or it holds constants.
Source = Node | Literal["inputs", "constants"]


class _Group(NamedTuple):
    """The terms of one pattern and sign: for each slot what it holds, and that term by term."""

    minus: bool
    pattern: tuple[_Part, ...]
    arrays: tuple[Source, ...]
    slots: tuple[list[Any], ...]


def roll(dag: Dag, literal: bool = False, stay: bool = False) -> Rolled | None:
    """The program with its long sums rolled up; None if it has none, or if much is left.

    Its inputs are one vector where all of them are numbers, unless they are to `stay`: they are stacked then, and
    constants are constants of the program.
    """
    return _Roller(dag, literal, stay).run()


class _Roller:
    def __init__(self, dag: Dag, literal: bool, stay: bool) -> None:
        self.dag, self.stay = dag, stay
        self.gathered = not any(node.shape for node in dag.inputs.values())
        self.build = Builder(dag.dims, literal)
        self.new: dict[Node, Node] = {}
        self.sums: dict[Node, tuple[list[tuple[bool, Node]], list[_Group]]] = {}
        self.given: dict[str, Further] = {}
        self.further: dict[Further, Node] = {}

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The inputs as they stand in the vector of all of them."""
        return tuple(sorted(self.dag.inputs, key=_counted))

    @cached_property
    def place(self) -> dict[Node, int]:
        """Where in the vector each input stands."""
        return {self.dag.inputs[name]: i for i, name in enumerate(self.numbers)} if self.gathered else {}

    def run(self) -> Rolled | None:
        self._find()
        if not self.sums:
            return None
        self._inputs()
        for root in self.dag.roots:
            self._make(root)
        if len(self.build.graph.nodes) - len(self.dag.inputs) * self.stay > MOST_LEFT * len(self.dag.nodes):
            return None
        new, gathered = self.new, self.gathered and not self.stay
        names = {new[old]: given for old, given in self.dag.names.items() if old in new and new[old].args}
        for at, node in enumerate(self.further.values(), 1) if self.stay else ():
            names[node] = (self._free(f"numbers{at if at > 1 else ''}"),)
        if self.gathered and self.stay and (common := _common(self.numbers)) not in self.dag.inputs:
            names[self.whole] = (common,)
        dag = self.dag._replace(
            nodes=tuple(self.build.graph.nodes),
            inputs={
                **({_NAME: self.whole} if gathered else {name: new[node] for name, node in self.dag.inputs.items()}),
                **{str(node.attr): node for node in self.further.values() if not self.stay},
            },
            outputs=tuple((name, new[node]) for name, node in self.dag.outputs),
            names={} if gathered else names,
            spans=Lazy(lambda: {new[node]: span for node, span in self.dag.spans.items() if node in new}),
            rewrites={new[node]: why for node, why in self.dag.rewrites.items() if node in new},
            roles={new[node]: role for node, role in self.dag.roles.items() if node in new},
            declared=True,
            graph=self.build.graph,
        )
        return Rolled(dag, self.numbers if gathered else (), self.given)

    # ---- finding -------------------------------------------------------------------------------

    def _find(self) -> None:
        """The long sums, and the patterns of their terms."""
        inner: set[Node] = set()
        sums = [node for node in self.dag.nodes if node.op is scalar.add or node.op is scalar.sub]
        if len(sums) < FEWEST:
            return
        for head in reversed(sums):
            if head in inner or head.shape:
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
        while len(terms) >= FEWEST and tried < TRIES:
            minus, first = terms[0]
            near = (self._pattern(first, term) for sign, term in terms[1 : 1 + PERIOD] if sign == minus)
            found = next(filter(None, near), None)
            runs, rest = ([], terms) if found is None else self._runs(terms, minus, *found)
            if runs:
                groups += runs
                terms = rest
            else:
                tried += 1 if found is None else TRIES // 2  # a look at all terms is not taken often
                left.append(terms.pop(0))
        left += terms
        found_by_key = [] if self.stay or len(left) < FEWEST else self._by_key(left)
        return left, groups + found_by_key

    def _by_key(self, terms: list[tuple[bool, Node]]) -> list[_Group]:
        """Terms of the same gates, wherever they stand: their elements are gathered. They are taken out of the list."""
        found: dict[tuple[Any, ...], list[tuple[int, list[Any]]]] = {}
        for at, (minus, term) in enumerate(terms):
            walked = self._walked(term)
            if walked is not None:
                key, slots = walked
                found.setdefault((minus, *key), []).append((at, slots))
        groups, taken = [], set[int]()
        for (minus, *key), members in found.items():
            if len(members) >= FEWEST and members[0][1]:
                columns = tuple(map(list, zip(*(slots for _, slots in members), strict=True)))
                leaf = (None, None, 0, None)
                pattern = tuple(_Part(*(part if type(part) is tuple else leaf)) for part in key)
                arrays = tuple(part for part in key if type(part) is not tuple)
                groups.append(_Group(minus, pattern, arrays, columns))
                taken.update(at for at, _ in members)
        terms[:] = [term for at, term in enumerate(terms) if at not in taken]
        return groups

    def _walked(self, term: Node) -> tuple[list[Any], list[Any]] | None:
        """The gates of a term as a key, and the positions and numbers at its leaves; None for a large one."""
        key: list[Any] = []
        slots: list[Any] = []
        place, gathered = self.place, self.gathered
        stack: list[Any] = [term]
        while stack:
            node = stack.pop()
            if len(key) > LARGEST or node.shape:
                return None
            op, args = node.op, node.args
            if op is scalar.input_ and gathered:
                key.append("inputs")
                slots.append(place[node])
            elif op is scalar.input_:
                key.append((None, None, 0, node))
            elif op is scalar.const:
                key.append("constants")
                slots.append(number(node))
            elif op is array.index:
                whole, index = args[0], node.attr[0]
                if whole.op is not scalar.input_ or len(index) != 1 or type(index[0]) is not int:
                    return None
                at, size = index[0], whole.shape[0]
                if at < 0 and not isinstance(size, int):
                    return None  # counted from an end that nobody knows
                key.append(whole)
                slots.append(at + size if at < 0 else at)
            elif op.elementwise and not op.whole and (op is not scalar.pow_ or args[1].op is not scalar.const):
                key.append((op, node.attr, len(args), None))
                stack += reversed(args)
            else:
                return None
        return key, slots

    def _runs(
        self, terms: list[tuple[bool, Node]], minus: bool, pattern: tuple[_Part, ...], arrays: tuple[Source, ...]
    ) -> tuple[list[_Group], list[tuple[bool, Node]]]:
        """The terms of a pattern as far as their positions are evenly spaced, and all others."""
        slots: tuple[list[Any], ...] = tuple([] for _ in arrays)
        follows = [sign == minus and self._follows(term, pattern, arrays, slots) for sign, term in terms]
        runs, alone = [], set[int]()
        positions = [slot for slot, array in zip(slots, arrays, strict=True) if array != "constants"]
        for start, stop in _even(positions, sum(follows)):
            if stop - start >= FEWEST:
                runs.append(_Group(minus, pattern, arrays, tuple(slot[start:stop] for slot in slots)))
            else:
                alone.update(range(start, stop))
        if not runs or len(runs) > TRIES:
            return [], terms
        which = iter(range(len(terms)))
        return runs, [term for term, does in zip(terms, follows, strict=True) if not does or next(which) in alone]

    def _pattern(self, first: Node, second: Node) -> tuple[tuple[_Part, ...], tuple[Source, ...]] | None:
        """What two terms have in common, if that is all but the positions of elements, and numbers."""
        parts: list[_Part] = []
        arrays: list[Source] = []
        stack = [(first, second, True)]
        while stack:
            one, other, free = stack.pop()
            if one is other and one.op is not scalar.const:
                parts.append(_Part(None, None, 0, one))
                continue
            if one.op is not other.op or len(parts) > LARGEST or one.shape:
                return None
            if one.op is scalar.input_:
                if not self.gathered:
                    return None
                parts.append(_Part(None, None, 0, None))
                arrays.append("inputs")
            elif one.op is array.index and one.args[0].op is scalar.input_ and len(one.attr[0]) == 1:  # type: ignore[index]
                if one.args[0] is not other.args[0]:
                    return None
                parts.append(_Part(None, None, 0, None))
                arrays.append(one.args[0])
            elif one.op is scalar.const and free:
                parts.append(_Part(None, None, 0, None))
                arrays.append("constants")
            elif one.attr == other.attr and len(one.args) == len(other.args):
                parts.append(_Part(one.op, one.attr, len(one.args), None))
                # What is raised to numbers that differ is no power with a whole exponent.
                free = one.op.elementwise and not one.op.whole and one.op is not scalar.pow_
                stack += [(*pair, free) for pair in zip(reversed(one.args), reversed(other.args), strict=True)]
            else:
                return None
        return (tuple(parts), tuple(arrays)) if arrays else None

    def _follows(
        self, term: Node, pattern: Sequence[_Part], arrays: Sequence[Source], slots: Sequence[list[Any]]
    ) -> bool:
        """Whether a term follows a pattern; its positions and numbers are then appended to the slots."""
        found: list[Any] = []
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
                if whole == "constants":
                    if node.op is not scalar.const:
                        return False
                    found.append(number(node))
                    continue
                if whole == "inputs":
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
        if not self.gathered or self.stay:
            self.new.update((node, build.input(name, node.shape)) for name, node in inputs.items())
        if self.gathered:
            stacked = tuple(self.new[inputs[name]] for name in self.numbers) if self.stay else ()
            self.whole = build.make(array.stack, stacked, (0,)) if stacked else build.input(_NAME, (len(inputs),))

    def _make(self, root: Node) -> None:
        """The new node of an old one, and of all that it needs."""
        new, build = self.new, self.build
        for node in pending([root], new, self._needs):
            if (found := self.sums.get(node)) is not None:
                new[node] = self._total(*found)
            elif node.args:
                new[node] = build.make(node.op, tuple([new[arg] for arg in node.args]), node.attr)
            elif node in self.place:  # an input that went into the vector
                new[node] = self._element(self.whole, self.place[node])
            else:
                new[node] = build.graph.node(node.op, (), node.attr, node.shape)

    def _needs(self, node: Node) -> Sequence[Node]:
        if node not in self.sums:
            return node.args
        left, groups = self.sums[node]
        shared = [part.shared for group in groups for part in group.pattern if part.shared is not None]
        return [*(term for _, term in left), *shared]

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
        (term,) = stack
        if not term.shape:  # the same in every term
            return self.build.make(scalar.mul, (self.build.const(len(group.slots[0])), term))
        return self.build.make(array.sum_, (term,), (None, False))

    def _leaf(self, part: _Part, slots: Iterator[tuple[Source, list[Any]]]) -> Node:
        if part.shared is not None:
            return self.new[part.shared]
        whole, places = next(slots)
        if whole == "constants":
            return self._numbers(tuple(places))
        source = self.whole if whole == "inputs" else self.new[whole]
        step = places[1] - places[0]
        if any(b - a != step for a, b in pairwise(places)):
            return self._numbers(tuple(places), _NAME if whole == "inputs" else str(whole.attr))
        if not step:
            return self._element(source, places[0])
        size = source.shape[0]
        if step == 1 and len(places) == size:
            return source
        index = ("slice", *_ends(places[0], places[-1], step, size if isinstance(size, int) else None))
        return self.build.make(array.index, (source,), ((index,),))

    def _numbers(self, values: tuple[Any, ...], of: str | None = None) -> Node:
        """A constant, or an array of them: of the program where it stays as it is, else a further input.

        With `of` the values are positions of that input's elements.
        """
        if of is None and len({*map(repr, values)}) == 1:
            return self.build.const(values[0])
        key = Further(of, values)
        found = self.further.get(key)
        if found is None and self.stay:
            found = self.build.make(constant_arrays.literal, (), (values, (len(values),)))
        elif found is None:
            name = self._free(f"{'c' if of is None else 's'}{len(self.given)}")
            self.given[name] = key if of else Further(None, tuple(map(float, values)))
            found = self.build.input(name, (len(values),))
        self.further[key] = found
        return found

    def _free(self, name: str) -> str:
        """The name, or one like it that no input has."""
        while name in self.dag.inputs or name == _NAME:
            name += "_"
        return name


def _ends(first: int, last: int, step: int, size: int | None) -> tuple[int | None, int | None, int | None]:
    """A slice as one writes it: an end that it runs to is left out, and one near the array's end counts from there.

    >>> _ends(0, 8, 1, 10), _ends(1, 9, 1, 10), _ends(9, 0, -1, 10), _ends(2, 4, 2, 10)
    ((None, -1, None), (1, None, None), (None, None, -1), (2, 5, 2))
    """
    if step < 0:
        return None if size is not None and first == size - 1 else first, last - 1 if last else None, step
    stop: int | None = last + 1
    if size is not None and last + step >= size:
        stop = None
    elif size is not None and 2 * last > size:
        stop = last + 1 - size
    return first or None, stop, None if step == 1 else step


def _even(slots: Sequence[list[int]], size: int) -> list[tuple[int, int]]:
    """From where to where the positions of all slots are evenly spaced, greedily from the first.

    >>> _even([[3, 4, 5, 7, 9, 11], [1, 1, 1, 1, 1, 1]], 6)
    [(0, 3), (3, 6)]
    """
    cuts, start = [0], 0
    steps = [[b - a for a, b in pairwise(slot)] for slot in slots]
    turns = sorted({i for step in steps for i, (a, b) in enumerate(pairwise(step), 2) if a != b})
    for turn in turns:  # the position that leaves the run
        if turn >= start + 2:
            cuts.append(turn)
            start = turn
    return [*pairwise([*cuts, size])]


def _common(names: Sequence[str]) -> str:
    """What numbers are called together: what they have in common, or just that.

    >>> _common(["x0", "x1", "x10"]), _common(["x0", "y0"])
    ('x', 'numbers')
    """
    stems = {name.rstrip("0123456789").rstrip("_") for name in names}
    return stems.pop() or "numbers" if len(stems) == 1 else "numbers"


def _counted(name: str) -> tuple[tuple[str, int], ...]:
    """A name in the order in which one counts.

    >>> sorted(["x10", "x9", "a", "x1_2", "x1_10"], key=_counted)
    ['a', 'x1_2', 'x1_10', 'x9', 'x10']
    """
    parts = re.split(r"([0-9]+)", name)
    return tuple((text, int(number or -1)) for text, number in zip(parts[::2], [*parts[1::2], ""], strict=True))


__all__ = ["Rolled", "roll"]
