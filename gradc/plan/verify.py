"""Code held against what must be true of it, whoever planned it and for whatever target.

* Every name is bound before it is read, on every path: a side of an `if`, the side of a conditional expression that is
  evaluated, the second half of an `and`.
* A name that is read stands for the node that is meant.
* What is written to belongs to nobody else: not to the caller or the cache, and nobody looks into it any more.
* The cache is what backward reads, in its order, and nothing more.
* Returned gradients share memory with nothing: not with each other, df, an input, the cache.

>>> from gradc.emit.targets import TARGETS
>>> from gradc.language import parse
>>> from gradc.plan.notes import Notes
>>> from gradc.plan.program import gates_of_the_notes, stage
>>> dag, build = gates_of_the_notes(parse("x*y + x"), False)
>>> code = Notes(stage(dag, build, ["x", "y"]), TARGETS["numpy"]).module()
>>> verify(code, TARGETS["numpy"])
>>> forward, backward, both = code.defs()
>>> verify(code._replace(items=(forward, backward._replace(body=backward.body[1:]), both)), TARGETS["numpy"])
Traceback (most recent call last):
gradc.plan.verify.Faulty: backward: f is read before it is bound
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from gradc.graph.dag import Node
from gradc.ops import routing
from gradc.plan.code import (
    AS_ARRAY,
    AS_FLOAT,
    AS_INDEX,
    NAME,
    NUMBER_OF,
    Assign,
    Def,
    Facts,
    Fill,
    If,
    Module,
    Require,
    Return,
    Try,
    Unpack,
    Update,
    bound,
    every,
    names_read,
    nodes,
    values,
    written,
)

PASSES = ("forward", "backward", "value_and_grad")

# A condition with how it came out; a path is all of those that hold together.
Path = frozenset[tuple[Hashable, bool]]
# What may give back what it was given.
LENT = (AS_FLOAT, AS_ARRAY, AS_INDEX)

ALWAYS: tuple[Path, ...] = (frozenset(),)

# More conditions than this are not told apart when the ways to a name are put together.
MOST_CONDITIONS = 12


class Faulty(AssertionError):
    """What is wrong with a piece of Code, and in which function."""


def verify(code: Module, facts: Facts) -> None:
    """Raise `Faulty` for the first thing that is not true of the code, as the target prints it."""
    meant = {name: node.id for name, node in code.dag.inputs.items()}
    for item in code.defs():
        if item.kind == "forward":
            for stmt in every(item.body):
                if type(stmt) is Assign and stmt.note.number:
                    meant[stmt.target] = _unwrapped(stmt.value).id
    arrays = {name for name, node in code.dag.inputs.items() if node.shape}
    for item in code.defs():
        own = {
            stmt.target: _unwrapped(stmt.value).id
            for stmt in every(item.body)
            if type(stmt) is Assign and stmt.note.number
        }
        # a mode that has forward lines of its own has a graph of its own, too
        numbered = item.kind not in PASSES or len(meant) > len(code.dag.inputs)
        check = _Check(code, facts, item, (meant if item.kind in PASSES else own) if numbered else None, arrays)
        check.run()
        arrays |= check.arrays if item.kind == "forward" else set()
    _cache(code, facts)


def _unwrapped(value: Node) -> Node:
    return value.args[0] if value.op is NUMBER_OF else value


def _cache(code: Module, facts: Facts) -> None:
    defs = {item.kind: item for item in code.defs()}
    forward, backward = defs.get("forward"), defs.get("backward")
    if forward is None or backward is None:
        return
    kept = [str(node.attr) for node in nodes(forward.body[-1].value[1])]
    head = backward.body[0]
    taken = list(head.names) if type(head) is Unpack else []
    own: set[str] = set()
    read: dict[str, None] = {}
    for stmt in every(backward.body[1:] if taken else backward.body):
        read.update((name, None) for name in names_read(stmt, facts, code) if name not in own)
        own.update(bound(stmt))
    used = set(read).difference(backward.params)
    if kept != taken or used != set(kept):
        raise Faulty(f"the cache holds {kept}, backward unpacks {taken} and reads {sorted(used)}")


# ---- paths -----------------------------------------------------------------------------------------------------------


def key(condition: Node) -> Hashable:
    """A condition by its structure: values are cut, so it is no node of the graph."""
    return condition.op.name, condition.attr, tuple([key(arg) for arg in condition.args])


def both(xs: Iterable[Path], ys: Iterable[Path]) -> tuple[Path, ...]:
    """The ways in which one of some paths and one of others hold together."""
    ys = tuple(ys)
    found = [x | y for x in xs for y in ys if not any((what, not how) in x for what, how in y)]
    return tuple(dict.fromkeys(found))


def ways(test: Node, holds: bool) -> tuple[Path, ...]:
    """The ways in which a condition comes out so."""
    if test.op is routing.not_:
        return ways(test.args[0], not holds)
    if test.op is routing.all_of or test.op is routing.any_of:
        first, second = test.args
        if (test.op is routing.all_of) == holds:
            return both(ways(first, holds), ways(second, holds))
        return tuple(dict.fromkeys([*ways(first, holds), *both(ways(first, not holds), ways(second, holds))]))
    return (frozenset({(key(test), holds)}),)


def covers(places: Iterable[Path], path: Path) -> bool:
    """Whether a name that is bound on these paths is bound wherever a path leads."""
    open_ = [place - path for place in places if not any((what, not how) in path for what, how in place)]
    stack = [(open_, 0)]
    while stack:
        left, depth = stack.pop()
        if any(not place for place in left):
            continue
        if not left or depth > MOST_CONDITIONS:
            return False
        shortest: Path = min(left, key=lambda place: len(place))
        what, _ = next(iter(shortest))
        for how in (True, False):
            rest = [place - {(what, how)} for place in left if (what, not how) not in place]
            stack.append((rest, depth + 1))
    return True


# ---- one function ----------------------------------------------------------------------------------------------------


class _Check:
    """A function walked through in the order in which it runs."""

    def __init__(self, code: Module, facts: Facts, item: Def, meant: dict[str, int] | None, arrays: set[str]) -> None:
        """`meant` are the nodes that names stand for; None where each function has a graph, and names, of its own."""
        self.code, self.facts, self.item = code, facts, item
        self.meant, self.once = (meant, False) if meant is not None else ({}, True)
        self.bound: dict[str, list[Path]] = {name: [frozenset()] for name in item.params}
        self.buffers = {name: at for at, name in enumerate(item.params)}  # which memory a name shows
        self.count = len(self.buffers)
        self.borrowed = set(self.buffers.values())
        self.arrays = set(arrays)  # names known to hold arrays
        self.last = {name: at for at, stmt in enumerate(every(item.body)) for name in self.reads(stmt)}
        self.gone: set[str] = set()  # names whose memory holds something else by now

    def reads(self, stmt: Any) -> list[str]:
        return names_read(stmt, self.facts, self.code)

    def fault(self, text: str) -> Faulty:
        return Faulty(f"{self.item.name}: {text}")

    def run(self) -> None:
        for at, (stmt, known) in enumerate(self.in_order()):
            for value in values(stmt):
                self.value(value, known)
            if type(stmt) is Require:
                missing = [name for name in self.reads(stmt) if name not in self.bound]
                if missing:
                    raise self.fault(f"{missing[0]} is read before it is bound")
            if type(stmt) in (Update, Fill) and self.facts.arrays:
                self.write(stmt, at)
            for name in bound(stmt):
                self.bound.setdefault(name, []).extend(known)
                self.gone.discard(name)
            self.remember(stmt)
            if type(stmt) is Return and self.item.kind == "backward":
                self.gradients(stmt.value)

    def in_order(self) -> Iterator[tuple[Any, tuple[Path, ...]]]:
        """Each statement with the paths that lead to it."""
        stack: list[tuple[Any, tuple[Path, ...]]] = [(stmt, ALWAYS) for stmt in reversed(self.item.body)]
        while stack:
            stmt, known = stack.pop()
            yield stmt, known
            if type(stmt) is If:
                otherwise = [(each, both(known, ways(stmt.test, False))) for each in stmt.otherwise]
                then = [(each, both(known, ways(stmt.test, True))) for each in stmt.then]
                stack += [*then, *otherwise][::-1]
            elif type(stmt) is Try:
                stack += [(each, known) for each in (*stmt.body, *stmt.otherwise)][::-1]

    # ---- reading -----------------------------------------------------------------------------------------------------

    def value(self, value: Any, known: tuple[Path, ...]) -> None:
        """Every name of a value is bound where it is evaluated, and stands for what is meant."""
        stack = [(value, known)]
        while stack:
            top, here = stack.pop()
            if type(top) in (tuple, list):
                stack += [(each, here) for each in top]
            elif type(top) is dict:
                stack += [(each, here) for each in top.values()]
            elif not isinstance(top, Node):
                continue
            elif top.op is NAME:
                self.name(top, here)
            elif top.op is routing.where and self.facts.ifs:
                test, then, otherwise = top.args
                stack.append((test, here))
                stack.append((then, both(here, ways(test, True))))
                stack.append((otherwise, both(here, ways(test, False))))
            elif (top.op is routing.all_of or top.op is routing.any_of) and self.facts.ifs:
                first, second = top.args
                stack += [(first, here), (second, both(here, ways(first, top.op is routing.all_of)))]
            else:
                args = written(top, self.facts.form(top, self.code.literal)) if top.args else ()
                stack += [(arg, here) for arg in args]

    def name(self, leaf: Node, known: tuple[Path, ...]) -> None:
        name = str(leaf.attr)
        places = self.bound.get(name)
        if places is None:
            raise self.fault(f"{name} is read before it is bound")
        if frozenset() not in places and not all(covers(places, path) for path in known):
            raise self.fault(f"{name} may be unbound where it is read")
        if name in self.gone:
            raise self.fault(f"{name} is read after something else was written over it")
        if self.once and leaf.id >= 0:
            self.meant.setdefault(name, leaf.id)
        if leaf.id >= 0 and self.meant.get(name, leaf.id) != leaf.id:
            raise self.fault(f"{name} is read where another value is meant")

    # ---- memory ------------------------------------------------------------------------------------------------------

    def write(self, stmt: Update | Fill, at: int) -> None:
        """What is written to is nobody else's."""
        name = stmt.name if type(stmt) is Update else stmt.into  # type: ignore[union-attr]  # told by the type
        if not self.is_array(name):
            return
        buffer = self.buffers.get(name, -1)
        if buffer in self.borrowed:
            raise self.fault(f"{name} is written to, and is the caller's or the cache's")
        for other, shown in self.buffers.items():
            if other != name and shown == buffer and self.last.get(other, -1) > at:
                if type(stmt) is Update:
                    raise self.fault(f"{name} is written to while {other} looks into it")
                self.gone.add(other)
        if type(stmt) is Fill and stmt.name != stmt.into:
            self.gone.add(stmt.into)

    def is_array(self, name: str) -> bool:
        """Whether a name may hold an array: any in an elementwise program, else what was seen to have axes."""
        return self.code.elementwise or name in self.arrays

    def remember(self, stmt: Any) -> None:
        """Which memory the names of a statement show from now on."""
        if type(stmt) is Fill:
            self.buffers[stmt.name] = self.buffers[stmt.into]
            self.arrays.add(stmt.name)
            return
        for name in bound(stmt):
            self.buffers[name] = self.shown(stmt)
            value = stmt.value if type(stmt) is Assign else None
            if isinstance(value, Node) and value.shape:
                self.arrays.add(name)
            elif value is not None:
                self.arrays.discard(name)

    def shown(self, stmt: Any) -> int:
        value = stmt.value if type(stmt) is Assign else None
        lent = type(stmt) is Unpack
        while isinstance(value, Node) and value.args and (value.op.view or value.op in (NUMBER_OF, *LENT)):
            lent = lent or value.op in LENT
            value = value.args[0]
        if isinstance(value, Node) and value.op is NAME and value.attr in self.buffers:
            return self.buffers[str(value.attr)]
        self.count += 1
        if lent:
            self.borrowed.add(self.count)
        return self.count

    def gradients(self, returned: Any) -> None:
        """Each is an array of its own."""
        if not self.facts.arrays or not self.facts.in_place:
            return
        seen: dict[int, str] = {}
        for key, value in returned.items():
            if value.op is not NAME or not (self.code.elementwise or self.code.dag.inputs[key].shape):
                continue
            buffer = self.buffers[str(value.attr)]
            if buffer in self.borrowed:
                raise self.fault(f"the gradient of {key} is the caller's or the cache's")
            if buffer in seen:
                raise self.fault(f"the gradients of {seen[buffer]} and {key} share memory")
            seen[buffer] = key


__all__ = ["Faulty", "covers", "verify", "ways"]
