"""`if` on integers and data of the program: both sides are read, and what they leave otherwise is chosen by `where`.

>>> from gradc.language import parse, unparse
>>> text = "x: [3]; y: int[2]\\ns = 0\\nfor i in range(2):\\n    if y[i] == 1: s += x[y[i]]\\n    else: s -= x[0]\\ns"
>>> print(unparse(parse(text)).split("\\n")[-1])
s = where(v8, v11, v12)
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.graph.shapes import ShapeError
from gradc.language import canvas
from gradc.language.canvas import Canvas
from gradc.language.flow import Call as FunctionCall
from gradc.language.flow import Flow, Gathering, Turns, While
from gradc.language.layout import Block
from gradc.language.lists import truth
from gradc.language.scope import Env
from gradc.language.values import Arg, Dict, Group
from gradc.ops import routing as r
from gradc.ops import scalar as s


class State:
    """What names stand for, and what the lists, dictionaries and written arrays among them hold."""

    __slots__ = ("envs", "held")

    def __init__(self, flow: Flow) -> None:
        envs = list(flow.scope.seen())
        for frame in flow.frames:
            if isinstance(frame, (FunctionCall, Gathering)) and frame.env is not None:
                envs += [frame.env[0], *frame.env[1]]
        self.envs: dict[Env, dict[str, Any]] = {env: dict(env.values) for env in envs}
        self.held = _held_by([value for values in self.envs.values() for value in values.values()])

    def restore(self) -> None:
        """Everything as it was."""
        for env, values in self.envs.items():
            env.values.clear()
            env.values.update(values)
        for each, held in self.held.items():
            if isinstance(each, Canvas):
                node, rows, axis = held
                each.node, each.rows, each.axis = node, None if rows is None else list(rows), axis
            else:
                each.items = held.copy()


def _held_by(todo: list[Any]) -> dict[Any, Any]:
    """The lists, dictionaries and written arrays that values consist of, and what each of them holds."""
    held: dict[Any, Any] = {}
    while todo:
        each = todo.pop()
        if isinstance(each, Canvas) and each not in held:
            held[each] = each.node, None if each.rows is None else list(each.rows), each.axis
            todo += each.rows or ()
        elif isinstance(each, Group) and each not in held:
            held[each] = list(each.items)
            todo += [item.value for item in each.items]
        elif isinstance(each, Dict) and each not in held:
            held[each] = dict(each.items)
            todo += [item.value for item in each.items.values()]
    return held


class Fork:
    """An `if` on integers, one of whose sides is being read.

    A side may be left before it ends: `open` where one has gone on to the next turn, `returned` what one has returned.
    """

    __slots__ = ("before", "block", "chain", "error", "no", "open", "returned", "test", "yes")

    def __init__(self, block: Block, test: Node, before: State, error: GradcError) -> None:
        self.block, self.test, self.before, self.error = block, test, before, error
        self.chain: list[Block] = []
        following: Block | None = block
        while following is not None:
            self.chain.append(following)
            following = following.next
        self.yes: State | None = None
        self.no: State | None = None
        self.open = False
        self.returned: Any = None

    @property
    def left(self) -> bool:
        """Whether one of the sides does not go on to where the `if` ends."""
        return self.open or self.returned is not None


class Forks(Flow):
    """The part of the reader that reads both sides of an `if`."""

    assumed: list[
        tuple[frozenset[str], GradcError]
    ]  # inputs that have to turn out to be integers, and what is said else
    wrt: Collection[str] | None  # what is differentiated, where that is known

    def test(self, block: Block, result: Arg, i: int) -> int:
        """The suite that `if` and `elif` choose; both, where that hangs on integers of the program."""
        names = _integers_of(result.value) if truth(result.value) is None else None
        if names is None:
            holds = self.known_truth(result, i, "if")
            if holds:
                return self.statement(block.body)
            following = block.next
            if following is None:
                return self.statement(self.chain_ends(block))
            return self._side(following)
        said = self._refusal(result, i)
        self.assumed.append((names, said))
        test = self.gates.condition(result.value)
        self.frames.append(Fork(block, test, State(self), said))
        self.gates.integers.within.append(test)
        return self.statement(block.body)

    def _refusal(self, result: Arg, i: int) -> GradcError:
        """What is said where both sides cannot be read."""
        before = len(self.source.problems)
        try:
            self.known_truth(result, i, "if")
        except GradcError as error:
            del self.source.problems[before:]
            return error
        raise AssertionError("its outcome is known")

    def _side(self, following: Block) -> int:
        """What an `elif` or `else` begins with."""
        if following.kind == "else":
            return self.statement(following.body)
        self.level = (0, 0)
        self.then = lambda result, i: self.test(following, result, i)
        return int(following.expr)

    def unmet(self) -> GradcError | None:
        """The error for an `if` on what is differentiated, and has not turned out to be an integer."""
        known, wrt = self.scope.integers, self.scope.inputs if self.wrt is None else self.wrt
        moved = (error for names, error in self.assumed if any(name in wrt and name not in known for name in names))
        return next(moved, None)

    # ---- where sides end -------------------------------------------------------------------------

    def chain_ends(self, block: Block) -> int:
        """Behind an `if` of which a side ends; or where its other side begins."""
        while self.frames and isinstance(self.frames[-1], Fork):
            fork = self.frames[-1]
            if fork.left or block not in fork.chain:
                around = next((frame for frame in reversed(self.frames) if not getattr(frame, "left", False)), None)
                if isinstance(around, Fork) and around is not fork and block in around.chain:
                    raise fork.error  # a side of this one has gone on to the next turn
                break
            if fork.yes is None:
                fork.yes = State(self)
                return self._other_side(fork)
            self._meet(fork, fork.yes)
        return self.end_of_chain(block)

    def _go_on_with(self, fork: Fork, state: State, test: Node) -> None:
        state.restore()
        self.fresh_caches()
        self.gates.integers.within[-1] = test

    def _other_side(self, fork: Fork) -> int:
        self._go_on_with(fork, fork.before, self.gates.make(r.not_, (fork.test,)))
        following = fork.block.next
        return self.chain_ends(fork.block) if following is None else self._side(following)

    def loop_of(self, word: str, i: int) -> Any:
        """The loop that `break` or `continue` is in; None where a side of a fork ends: it goes on at `at`."""
        found = (frame for frame in reversed(self.frames) if not isinstance(frame, Fork))
        loop: Any = next(found, None)
        if not isinstance(loop, (Turns, While)):
            raise self.source.error(f"'{word}' stands in a loop only", i)
        fork = self.frames[-1]
        if fork is loop:
            return fork
        under = self.frames[-2]
        if word == "break" or (not fork.open and isinstance(under, Fork) and not under.open):
            raise fork.error
        if not fork.open:
            self.at = self._leaves_side(fork)
            return None
        self.turn_ends()
        return loop

    def _leaves_side(self, fork: Fork) -> int:
        """Leave a side for the next turn."""
        fork.open = True
        if fork.yes is None:
            fork.yes = State(self)
            return self._other_side(fork)
        fork.no = State(self)
        self._go_on_with(fork, fork.yes, fork.test)
        fork.yes = None
        return self.end_of_chain(fork.block)

    # ---- sides that return -----------------------------------------------------------------------

    def returns(self, result: Arg, i: int) -> int:
        """The value of a function that is going on, back to where it was called."""
        found = self.returned(result)
        return found if isinstance(found, int) else super().returns(found, i)

    def returned(self, result: Arg) -> Arg | int:
        """What a function returns on either side of its `if`s; where the other side is still to be read, its token."""
        while (fork := self._left_by_return()) is not None:
            if fork.returned is None:
                return self._returns_first(fork, result)
            result = self._returns_either(fork, result)
        return result

    def _left_by_return(self) -> Fork | None:
        """The innermost fork of a function; the loops in its side end, and there may be none around it."""
        at = len(self.frames) - 1
        while at >= 0 and isinstance(self.frames[at], (Turns, While)):
            at -= 1
        fork = self.frames[at] if at >= 0 else None
        if not isinstance(fork, Fork):
            return None
        for frame in reversed(self.frames[:at]):
            if isinstance(frame, FunctionCall):
                break
            if isinstance(frame, (Turns, While)):
                raise fork.error
        if fork.open:
            raise fork.error
        del self.frames[at + 1 :]
        return fork

    def _returns_first(self, fork: Fork, result: Arg) -> int:
        """One side returns; the other one goes on, to the end of the function."""
        fork.returned = result
        if fork.yes is not None:
            fork.no = State(self)
            self._go_on_with(fork, fork.yes, fork.test)
            fork.yes = None
            return self.statement(self.end_of_chain(fork.block))
        fork.yes = State(self)
        self._go_on_with(fork, fork.before, self.gates.make(r.not_, (fork.test,)))
        following = fork.block.next
        return self.statement(self.chain_ends(fork.block)) if following is None else self._side(following)

    def _returns_either(self, fork: Fork, result: Arg) -> Arg:
        """Both sides return: what is returned, and what others see of what each has changed, is chosen by the test."""
        self.frames.pop()
        self.gates.integers.within.pop()
        here = State(self)
        first, second = fork.yes or here, fork.no or here
        taken, other = fork.returned.value, result.value
        if fork.yes is None:
            taken, other = other, taken
        outside = [value for env in here.envs if env is not self.scope.env for value in env.values.values()]
        seen = _held_by([*outside, taken, other])
        for each in fork.before.held:
            if each in seen:
                self._held_either(fork, each, first, second)
        self.fresh_caches()
        try:
            return Arg(self._either(fork, taken, other, ""), result.first, result.last)
        except ShapeError:
            raise fork.error from None

    def turn_ends(self) -> None:
        """The sides that went on to the next turn, and the one that did not, meet."""
        while self.frames and isinstance(self.frames[-1], Fork):
            fork = self.frames[-1]
            if not fork.open:
                raise fork.error
            self._meet(fork, fork.yes, fork.no)

    def _meet(self, fork: Fork, yes: State | None, no: State | None = None) -> None:
        """One state out of two, of which one is the present."""
        self.frames.pop()
        self.gates.integers.within.pop()
        here = State(self)
        first, second = yes or here, no or here
        if second is not here:
            first, second = here, second
        for env in fork.before.envs:
            mine, others = first.envs[env], second.envs[env]
            for name in {**mine, **others}:
                if name in mine and name in others:
                    env.values[name] = self._either(fork, mine[name], others[name], name)
                else:
                    env.values[name] = mine.get(name, others.get(name))
        for each in fork.before.held:
            self._held_either(fork, each, first, second)
        self.fresh_caches()

    def _held_either(self, fork: Fork, each: Any, first: State, second: State) -> None:
        mine, others = first.held.get(each), second.held.get(each)
        if mine is None or others is None or mine == others:
            return
        if isinstance(each, Canvas):
            nodes = []
            for node, rows, axis in (mine, others):
                each.node, each.rows, each.axis = node, rows, axis
                nodes.append(canvas.as_node(self.gates, each))
            each.node, each.rows = self._either(fork, nodes[0], nodes[1], each.name), None
        elif len(mine) != len(others) or (isinstance(each, Dict) and list(mine) != list(others)):
            raise fork.error
        elif isinstance(each, Dict):
            each.items = {key: self._either_arg(fork, mine[key], others[key]) for key in mine}
        else:
            each.items = [self._either_arg(fork, one, other) for one, other in zip(mine, others, strict=True)]

    def _either_arg(self, fork: Fork, x: Arg, y: Arg) -> Arg:
        return x if x.value is y.value else Arg(self._either(fork, x.value, y.value, ""), x.first, x.last)

    def _either(self, fork: Fork, x: Any, y: Any, name: str) -> Any:
        """A value that hangs on the side that is taken."""
        if x is y:
            return x
        nodes = [canvas.as_node(self.gates, each) if isinstance(each, Canvas) else each for each in (x, y)]
        if all(isinstance(each, Node) for each in nodes):
            node = self.gates.make(r.where, (fork.test, *nodes))
            if name:
                self.scope.call_it(node, name)
            return node
        if isinstance(x, Group) and isinstance(y, Group) and len(x.items) == len(y.items):
            return Group(
                x.kind, [self._either_arg(fork, one, other) for one, other in zip(x.items, y.items, strict=True)]
            )
        raise fork.error


def _integers_of(value: Any) -> frozenset[str] | None:
    """The inputs that a condition hangs on; None for what is no condition of one number."""
    if not isinstance(value, Node) or value.shape:
        return None
    names: set[str] = set()
    seen, todo = {value}, [value]
    while todo:
        node = todo.pop()
        if node.op is s.input_:
            names.add(str(node.attr))
        elif node.op is s.size:
            return None
        if not node.op.integer:
            todo += [arg for arg in node.args if arg not in seen]
            seen.update(node.args)
    return frozenset(names)
