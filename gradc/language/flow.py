"""Where the reader goes on: into the body of a loop again, into a function, over a side that is not taken.

Nothing is copied and nothing calls itself: a loop's body is read again for each turn, with its names bound anew, and a
call puts what was being read aside until the function returns. So every place is one in the user's text, and depth is
a list's length. What is going on is said in errors:

>>> from gradc.language import parse
>>> parse("x: [3]; s = 0\\nfor i in range(4): s += x[i]\\ns")
Traceback (most recent call last):
    ...
gradc.base.errors.GradcError: index 3 is outside 0..2, in turn i = 3 of the loop in line 2
  line 2 | for i in range(4): s += x[i]
         |                         ^^^^  (3,)
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.language import advice
from gradc.language.atoms import Leaves
from gradc.language.gates import Gates, choose
from gradc.language.layout import Block, Choice, Clause, Comprehension, Lambda, Layout, Param
from gradc.language.lex import Source, is_name
from gradc.language.lists import contents, shown, truth
from gradc.language.scope import Env, Scope, base_name
from gradc.language.values import JUMP, POISON, Arg, Dict, Function, Group
from gradc.rewrite.simplify import Builder

# Turns of loops, elements of comprehensions and calls of functions, unless the caller allows more.
MAX_TURNS = 1_000_000
# A test of more tokens than this is read where it stands.
LONGEST_TEST = 64
# Brackets of the stack: the test of a choice, its side that is taken, and a side behind a test that is known no sooner.
TEST, TAKEN, TESTED = "test", "taken", "tested"
# Functions that may stand in a test whose outcome is known when the program is compiled.
_KNOWN_CALLS = frozenset("len( range( abs( min( max( int( float( bool( isinstance( any( all( sum( round( str(".split())
_CONNECTIVES = frozenset("not and or in is".split())
_KNOWN_WORDS = frozenset((*_CONNECTIVES, "True", "False", "None"))

Then = Callable[[Arg, int], int]
Outside = tuple[Env, tuple[Env, ...]]


Slot = tuple[Arg, list[Arg], int]  # an element that is assigned: of what, where, and its last token


class Aside:
    """What was being read when the reader went elsewhere."""

    __slots__ = ("augmented", "depth", "first", "items", "slots", "stack", "targets", "then", "top")

    def __init__(self, flow: Flow, top: int, depth: int, first: int) -> None:
        self.stack, self.items, self.targets = flow.stack, flow.items, flow.targets
        self.augmented, self.then, self.slots = flow.augmented, flow.then, flow.slots
        self.top, self.depth, self.first = top, depth, first


class Turns:
    """A `for` of which some turns are done."""

    __slots__ = ("at", "block", "items")

    def __init__(self, block: Block, items: list[Arg]) -> None:
        self.block, self.items, self.at = block, items, -1


class While:
    """A `while` whose test has held so far."""

    __slots__ = ("block",)

    def __init__(self, block: Block) -> None:
        self.block = block


class Call:
    """A function that has not returned yet."""

    __slots__ = ("aside", "atoms", "end", "env", "function", "gather")

    def __init__(self, function: Function, aside: Aside | None, end: int) -> None:
        self.function, self.aside, self.end = function, aside, end
        self.env: Any = None  # the names outside, and what their tokens stand for
        self.atoms: Any = None
        self.gather: Callable[[Arg], int] | None = None  # what takes the value, where no text is waiting for it


class Gathering:
    """A comprehension that is not complete: the elements so far, and the loops that are going on."""

    __slots__ = ("aside", "atoms", "comprehension", "env", "found", "key", "last", "loops", "table")

    def __init__(self, comprehension: Comprehension, aside: Aside, env: Outside) -> None:
        self.comprehension, self.aside, self.env = comprehension, aside, env
        self.found: list[Arg] = []
        self.loops: list[tuple[int, list[Arg], int]] = []  # (clause, items, turns done)
        self.key: Any = None
        self.table: Dict | None = None
        self.last = 0
        self.atoms: Any = None


class Target:
    """What is assigned to: a name, an element, or several in brackets, one of which may take the rest."""

    __slots__ = ("at", "kind", "last", "opener", "parts")

    def __init__(self, kind: str, at: int, last: int, opener: int = -1, parts: list[Target] | None = None) -> None:
        self.kind, self.at, self.last, self.opener, self.parts = kind, at, last, opener, parts or []


class Flow:
    """The part of the reader that jumps. `at` is where a jump leads, `level` how deep in brackets one is there."""

    source: Source
    build: Builder
    scope: Scope
    gates: Gates
    leaves: Leaves
    tokens: list[str]

    def __init__(self) -> None:
        self.layout = Layout()
        self.atoms: dict[str, Any] = {}  # tokens that are values, until their name is assigned anew
        self.opens: dict[str, tuple[Any, int, int]] = {}  # tokens that open something; calls are added
        self.by_name: dict[str, list[str]] = {}  # the tokens above that hang on a name
        self.stack: list[tuple[int, Any, Any, int]] = []
        self.items: list[Arg] = []  # what stood before a comma outside all brackets
        self.targets: list[Target] = []
        self.augmented: tuple[Any, int] | None = None
        self.slots: tuple[Slot, ...] = ()  # the elements that are assigned
        self.then: Then = self.ends_statement
        self.depth = 0
        self.at = 0
        self.level = (0, 0)
        self.resumed: tuple[Any, int, int] = (None, 0, 0)
        self.frames: list[Any] = []  # Turns, While, Call, Gathering and Fork
        self.going_on: set[int] = set()  # the functions that have not returned
        self.turns = 0
        self.max_turns = MAX_TURNS
        self.targets_of: dict[int, Target] = {}

    # What the classes that inherit this one do: the jumps below call it.

    @abstractmethod
    def statement(self, i: int) -> int:
        """The first token of the next statement's value."""

    @abstractmethod
    def ends_statement(self, result: Arg, i: int) -> int:
        """Assign the value of a statement to its targets."""

    @abstractmethod
    def fresh_caches(self) -> None:
        """Forget what tokens stand for, where names are others."""

    @abstractmethod
    def _careful(self) -> None:
        """From here on there are values that are no plain numbers."""

    @abstractmethod
    def bind_name(self, at: int, result: Arg) -> str:
        """Give a name to a value, from the next line on."""

    @abstractmethod
    def argument(self, token: str, arg: Arg) -> Any:
        """What a parameter stands for."""

    @abstractmethod
    def loop_of(self, word: str, i: int) -> Any:
        """The loop that `break` or `continue` is in."""

    # ---- jumps -----------------------------------------------------------------------------------

    def jump(self, i: int, top: int = 0, depth: int = 0) -> Any:
        """Go on reading at a token."""
        self.at, self.level = i, (top, depth)
        return JUMP

    def set_aside(self, top: int, depth: int, first: int) -> Aside:
        """Put away what is being read, and begin afresh."""
        aside = Aside(self, top, depth, first)
        self.stack, self.items, self.targets, self.augmented, self.slots = [], [], [], None, ()
        return aside

    def resume(self, aside: Aside, value: Any, last: int) -> int:
        """Take up what was put away, with a value that ends at token `last`; the token to go on at."""
        self.stack, self.items, self.targets = aside.stack, aside.items, aside.targets
        self.augmented, self.then, self.slots = aside.augmented, aside.then, aside.slots
        self.level = (aside.top, aside.depth)
        self.resumed = (value, aside.first, last)
        return len(self.tokens) - 1

    def count_turn(self, at: int) -> None:
        """One more turn, element or call; an error beyond the limit."""
        self.turns += 1
        if self.turns > self.max_turns:
            raise self.source.error(
                f"the program takes more than {self.max_turns} turns",
                at,
                hint=f"write it with whole arrays, or allow more with --max-turns {10 * self.max_turns} "
                f"or max_turns={10 * self.max_turns}",
            )

    def context(self) -> str:
        """What is going on, for errors: the innermost loop and the function that it is in."""
        said = ""
        for frame in reversed(self.frames):
            if isinstance(frame, Turns):
                if not said and frame.at >= 0:
                    said += f", in turn {self._turn_text(frame)} of the loop in line {self.source.line(frame.block.at)}"
            elif isinstance(frame, Call):
                line = f" of line {self.source.line(frame.end)}" if frame.end else ""
                name = "a lambda" if frame.function.name == "lambda" else f"'{frame.function.name}'"
                return f"{said}, in the call of {name}{line}"
        return said

    def _turn_text(self, frame: Turns) -> str:
        target, item = self.targets_of.get(frame.block.targets), frame.items[frame.at].value
        if target is None:
            return str(frame.at + 1)
        while target.kind == "several" and isinstance(item, Group) and len(item.items) == len(target.parts):
            at = next((k for k, part in enumerate(item.items) if shown(part.value)), 0)
            target, item = target.parts[at], item.items[at].value
        text = shown(item)
        return f"{self.tokens[target.at]} = {text}" if text and target.kind == "name" else f"{frame.at + 1}"

    # ---- names -----------------------------------------------------------------------------------

    def enter_names(self, outer: tuple[Env, ...]) -> tuple[Outside, tuple[Any, ...]]:
        """Names of their own for a function or comprehension; what is to be given back."""
        before = self.scope.enter(outer)
        caches = (self.atoms, self.opens, self.by_name)
        self.fresh_caches()
        return before, caches

    def leave_names(self, env: Outside, caches: tuple[Any, ...]) -> None:
        self.scope.leave(env)
        self.atoms, self.opens, self.by_name = caches

    # ---- targets ---------------------------------------------------------------------------------

    def target(self, first: int, end: int) -> Target:
        """What the tokens before `end` assign to."""
        found = self.targets_of.get(first)
        if found is None:
            found = self.targets_of[first] = self._read_target(first, end)
        return found

    def _read_target(self, first: int, end: int) -> Target:
        tokens = self.tokens
        open_: list[tuple[int, list[Target], bool]] = [(first, [], False)]
        i = first
        while i < end:
            token = tokens[i]
            if token == "\n":
                i += 1
            elif token == ",":
                at, parts, _ = open_[-1]
                open_[-1] = (at, parts, True)
                i += 1
            elif token in ("(", "[") and (i == first or tokens[i - 1] in ("(", "[", ",", "*", "\n")):
                open_.append((i, [], token == "["))
                i += 1
            elif token in (")", "]"):
                if len(open_) == 1:
                    break
                at, parts, several = open_.pop()
                if several or len(parts) != 1:
                    parts = [Target("several", at, i, parts=parts)]
                open_[-1][1].extend(parts)
                i += 1
            elif token == "*":
                open_[-1][1].append(Target("star", i + 1, i + 1))
                self._check_name(i + 1)
                i += 2
            elif is_name(token) and token[-1] != "(":
                part, i = self._element(i, end)
                open_[-1][1].append(part)
            else:
                raise self.source.error("only a name can be assigned", i, hint="write name = value; == compares")
        _, parts, several = open_[0]
        if not parts:
            raise self.source.error("only a name can be assigned", first, hint="write name = value; == compares")
        return parts[0] if len(parts) == 1 and not several else Target("several", first, end - 1, parts=parts)

    def _element(self, i: int, end: int) -> tuple[Target, int]:
        """A name, or an element of what it stands for, and the token behind."""
        token, last, opener = self.tokens[i], i, -1
        if token[-1] == "]":
            opener = i
        k = i + 1
        while k < end and self.tokens[k] == "[":
            opener = k
            last = self.layout.close.get(k, 0) or self.source.matching(k)
            k = last + 1
        if (k < end and self.tokens[k][:1] == ".") or "." in token:
            raise self.source.error(
                "only names and elements can be assigned", i, k if k < end else last, "give the value a name of its own"
            )
        if opener >= 0:
            return Target("element", i, last, opener), k
        self._check_name(i)
        return Target("name", i, i), k

    def _check_name(self, at: int) -> None:
        token = self.tokens[at]
        if not is_name(token) or advice.is_keyword(token):
            raise self.source.error(
                f"'{token}' is a keyword of Python and cannot be a name" if token else "only a name can be assigned",
                at,
                hint=advice.renamed(token) if token else "",
            )
        self.scope.name(token, at)

    def bind(self, target: Target, value: Arg) -> None:
        """Assign to names; elements are refused here."""
        for name, arg in self.bound(target, value):
            if name.kind == "element":
                raise self.source.error("only a name can be assigned here", name.at, name.last)
            self.bind_name(name.at, arg)

    def bound(self, target: Target, value: Arg) -> list[tuple[Target, Arg]]:
        """The names and elements of a target, each with its part of the value."""
        out: list[tuple[Target, Arg]] = []
        todo = [(target, value)]
        while todo:
            target, value = todo.pop()
            if target.kind != "several":
                out.append((target, value))
                continue
            parts = target.parts
            items = [value] * len(parts) if value.value is POISON else self.items_of(value)
            star = next((at for at, part in enumerate(parts) if part.kind == "star"), -1)
            fits = len(items) >= len(parts) - 1 if star >= 0 else len(items) == len(parts)
            if not fits:
                raise self.source.error(
                    f"{len(items)} value{'s' * (len(items) != 1)} for {len(parts)} names", target.at, target.last
                )
            if star >= 0:
                rest = len(items) - len(parts) + 1
                group = Group("list", items[star : star + rest])
                items = [*items[:star], Arg(group, value.first, value.last), *items[star + rest :]]
                parts = [Target("name", part.at, part.last) if part.kind == "star" else part for part in parts]
            todo += reversed(list(zip(parts, items, strict=True)))
        return out

    def items_of(self, value: Arg) -> list[Arg]:
        """What a loop or several names take from a value: its elements, or the rows of an array."""
        return contents(self.gates, value)

    # ---- loops -----------------------------------------------------------------------------------

    def begin_loop(self, block: Block, result: Arg, i: int) -> int:
        """The turns of `for … in result`."""
        self._careful()
        frame = Turns(block, self.items_of(result))
        self.frames.append(frame)
        return self.statement(self.turn(frame))

    def turn(self, frame: Turns) -> int:
        """Where the next turn of a loop begins, its names bound; behind the loop after the last one."""
        frame.at += 1
        if frame.at >= len(frame.items):
            self.frames.pop()
            return int(frame.block.stop) + 1
        self.count_turn(frame.block.at)
        target = self.target(frame.block.targets, frame.block.expr - 1)
        if target.kind == "name":
            self.bind_name(target.at, frame.items[frame.at], counter=True)  # type: ignore[call-arg]  # the reader's own
        else:
            for name, arg in self.bound(target, frame.items[frame.at]):
                if name.kind == "element":
                    raise self.source.error("only a name can be assigned here", name.at, name.last)
                self.bind_name(name.at, arg, counter=True)  # type: ignore[call-arg]
        return int(frame.block.body)

    def begin_while(self, block: Block) -> int:
        """The test of `while`, before the first turn."""
        frame = While(block)
        self.frames.append(frame)
        return self.test_again(frame)

    def test_again(self, frame: While) -> int:
        """The test of `while`, before a turn."""
        self.level = (0, 0)
        self.then = partial(self._turn_or_leave, frame)
        return int(frame.block.expr)

    def _turn_or_leave(self, frame: While, result: Arg, i: int) -> int:
        holds = truth(result.value)
        if holds is None:
            raise self.source.error(
                "'while' is not part of the language",
                frame.block.at,
                hint=advice.STATEMENTS["while"],
            )
        if holds:
            self.count_turn(frame.block.at)
            return self.statement(frame.block.body)
        self.frames.pop()
        return self.statement(int(frame.block.stop) + 1)

    def leave_loop(self, word: str, i: int) -> int:
        """`break` and `continue`."""
        frame = self.loop_of(word, i)
        if frame is None:
            return self.at
        if isinstance(frame, While):
            if word == "continue":
                return self.test_again(frame)
            self.frames.pop()
            return int(frame.block.stop) + 1
        if word == "continue":
            return self.turn(frame)
        self.frames.pop()
        return int(frame.block.stop) + 1

    # ---- tests -----------------------------------------------------------------------------------

    def known_truth(self, result: Arg, i: int, word: str) -> bool:
        """Whether a test holds; an error if that hangs on a value."""
        holds = truth(result.value)
        if holds is None:
            text = self.source.quote(result.first, result.last)
            said = text if text != "…" else "c"
            what = "a size that is not known" if isinstance(result.value, str) else "a value"
            hint = (
                "declare the size as a number, or give it with --shape or shapes="
                if isinstance(result.value, str)
                else f"write y = where({said}, a, b), or y = a if {said} else b"
            )
            raise self.source.error(f"this '{word}' hangs on {what}", result.first, result.last, hint)
        return holds

    def end_of_chain(self, block: Block) -> int:
        """Behind the last of an `if`, its `elif`s and its `else`."""
        while block.next is not None:
            block = block.next
        return int(block.stop) + 1

    def begin_choice(self, choice: Choice, i: int, top: int) -> Any:
        """`a if test else b`: the test first, if its outcome may be known; None to read as it stands."""
        if choice.otherwise is None or choice.end is None or not self._may_be_known(choice.test, choice.otherwise - 1):
            return None
        self._careful()
        self.stack.append((top, TEST, choice, i))
        return self.jump(choice.test, 0, self.depth)

    def _may_be_known(self, first: int, end: int, named: bool = False) -> bool:
        """Whether all names of a test have values that are known, and it has some: numbers alone are read as ever."""
        if end - first > LONGEST_TEST:
            return False
        i = first - 1
        while (i := i + 1) < end:
            token = self.tokens[i]
            named = named or (is_name(token) and token not in _CONNECTIVES)
            if token == "isinstance(":  # what kind a value is of is known of all
                i = self.source.matching(i)
            elif is_name(token) and token not in _KNOWN_WORDS and token not in _KNOWN_CALLS:
                name = base_name(token)
                if token[len(name) :].startswith((".shape", ".ndim", ".size")):
                    continue
                if not self.scope.is_variable(name):
                    if name not in self.scope.dims:
                        return False
                    continue
                value = self.scope.peek(name)
                if isinstance(value, Node) and truth(value) is None:
                    return False
        return named

    def tested(self, value: Any, start: int, i: int) -> Any:
        """The `else` behind a test."""
        level, _, choice, first = self.stack.pop()
        holds = truth(value)
        if holds is None:
            self.stack.append((level, TESTED, (choice, Arg(value, start, i - 1)), first))
            return self.jump(choice.start + 1, 0, self.depth)
        if holds:
            self.stack.append((level, TAKEN, choice, first))
            return self.jump(choice.start + 1, 0, self.depth)
        return self.jump(choice.otherwise, level, self.depth)

    def taken(self, value: Any, start: int, i: int) -> Any:
        """The `if` behind the value that a choice has, or may have."""
        level, kind, choice, first = self.stack.pop()
        if kind == TAKEN:
            self.resumed = (value, start, choice.end - 1)
            return self.jump(len(self.tokens) - 1, level, self.depth)
        choice, condition = choice
        self.stack.append((level, choose, (Arg(value, start, i - 1), condition), first))
        return self.jump(choice.otherwise, 1, self.depth)

    def decided(self, word: str, value: Any, start: int, i: int, top: int) -> Any:
        """`and`, `or` behind a value that is known: the other one alone, or nothing of it; None where it is not."""
        holds = truth(value)
        if holds is None or not self._may_be_known(start, i):
            return None
        if holds is (word == "and"):
            return self.jump(i + 1, top, self.depth)
        self.resumed = (value, start, self._end_of_operand(word, i) - 1)
        return self.jump(len(self.tokens) - 1, top, self.depth)

    def _end_of_operand(self, word: str, i: int) -> int:
        ends = {"or", "if", "else", ",", ":", ";", "=", "for", "", ")", "]", "}", "<stop>", "<end>", "<body>"}
        if word == "and":
            ends.add("and")
        i += 1
        depth = 0
        while True:
            token = self.tokens[i]
            if not depth and (token in ends or token == "\n") and not (token == "\n" and self.depth):
                return i
            if token == "":
                return i
            if token in (")", "]", "}"):
                depth -= 1
            elif token[-1] in "([{" and token[0] not in "'\"":
                depth += 1
            i += 1

    # ---- functions -------------------------------------------------------------------------------

    def define(self, name: str, params: list[Param], code: int, body: int, done: Callable[[Function], int]) -> int:
        """Make a function; its defaults are read first, where it stands. The token to go on at."""
        function = Function(name, code, body, params, self.scope.seen(), name == "lambda")
        wanted = [at for at, param in enumerate(params) if param.default is not None]
        for param in params:
            self._check_name(param.name)
        return self._default(function, wanted, 0, done)

    def _default(self, function: Function, wanted: list[int], k: int, done: Callable[[Function], int]) -> int:
        if k == len(wanted):
            return done(function)

        def take(result: Arg, i: int) -> int:
            token = self.tokens[function.params[wanted[k]].name]
            function.defaults[wanted[k]] = self.argument(token, result)  # one object for all calls
            return self._default(function, wanted, k + 1, done)

        self.then = take
        return int(function.params[wanted[k]].default)

    def make_lambda(self, found: Lambda, i: int, top: int) -> Any:
        """The value of a lambda; JUMP where its defaults are read first."""
        self._careful()
        aside = self.set_aside(top, self.depth, i)
        made: list[Function] = []

        def done(function: Function) -> int:
            made.append(function)
            return self.resume(aside, function, int(found.stop))

        at = self.define("lambda", found.params, found.at, int(found.body), done)
        self.at = at
        if not made:
            self.level = (0, 0)
        return JUMP

    def call_function(self, function: Function, args: list[Arg], first: int, last: int, top: int) -> Any:
        """Go into a function; its value comes back to where the call ends."""
        aside = self.set_aside(top, self.depth, first)
        self.at = self.enter(Call(function, aside, last), args, first, last)
        return JUMP

    def enter(self, frame: Call, args: list[Arg], first: int, last: int) -> int:
        """Bind the parameters of a function, and the token at which its body begins."""
        function = frame.function
        self.count_turn(first)
        if function.code in self.going_on:
            name = "a lambda" if function.name == "lambda" else f"'{function.name}'"
            raise self.source.error(
                f"{name} calls itself", first, last, "recursion is not part of the language; write a loop"
            )
        values = self._arguments(function, args, first, last)
        frame.env, frame.atoms = self.enter_names(function.outer)
        self.frames.append(frame)
        self.going_on.add(function.code)
        for param, arg in zip(function.params, values, strict=True):
            self.scope.bind(self.tokens[param.name], param.name, self.argument(self.tokens[param.name], arg))
            if (
                isinstance(arg.value, Node)
                and arg.value.shape
                and arg.first == arg.last
                and is_name(self.tokens[arg.first])
            ):
                self.scope.env.lent.add(self.scope.name(self.tokens[param.name], param.name))
        self.level = (0, 0)
        if function.is_lambda:
            self.then = self.returns
            return function.body
        return self.statement(function.body)

    def _arguments(self, function: Function, args: list[Arg], first: int, last: int) -> list[Arg]:
        """The arguments of a call in the order of the parameters."""
        params = function.params
        names = [self.tokens[param.name] for param in params]
        found: dict[int, Arg] = {}
        plain = [arg for arg in args if not arg.key]
        positions = []
        for at, param in enumerate(params):
            if param.star:
                break
            positions.append(at)
        rest = next((at for at, param in enumerate(params) if param.star == "*"), None)
        more = next((at for at, param in enumerate(params) if param.star == "**"), None)
        if len(plain) > len(positions) and rest is None:
            raise self._wrong_arity(function, names, len(args), first, last)
        found.update(zip(positions, plain, strict=False))
        if rest is not None:
            found[rest] = Arg(Group("tuple", plain[len(positions) :]), first, last)
        surplus = Dict()
        for arg in args:
            if not arg.key:
                continue
            if arg.key in names and not params[names.index(arg.key)].star:
                at = names.index(arg.key)
                if at in found:
                    raise self.source.error(f"'{arg.key}' is given twice", arg.key_at)
                found[at] = arg
            elif more is not None:
                surplus.items[arg.key] = arg
            else:
                raise self.source.error(
                    f"unknown keyword '{arg.key}'", arg.key_at, hint=advice.unknown_keyword(arg.key, names)
                )
        if more is not None:
            found[more] = Arg(surplus, first, last)
        for at, value in function.defaults.items():
            if at not in found:
                found[at] = Arg(value, first, last)
        if len(found) != len(params):
            raise self._wrong_arity(function, names, len(args), first, last)
        return [found[at] for at in range(len(params))]

    def _wrong_arity(self, function: Function, names: list[str], got: int, first: int, last: int) -> GradcError:
        name = "the lambda" if function.name == "lambda" else function.name
        count = len(names)
        return self.source.error(
            f"{name} takes {count} argument{'s' * (count != 1)} ({', '.join(names)}), got {got}", first, last
        )

    def returns(self, result: Arg, i: int) -> int:
        """The value of the innermost function that is going on, back to where it was called."""
        while True:
            frame = self.frames.pop()
            if isinstance(frame, Call):
                break
            if (error := getattr(frame, "error", None)) is not None:  # of a fork
                raise error
        self.going_on.discard(frame.function.code)
        self.leave_names(frame.env, frame.atoms)
        value = result.value
        if frame.gather is not None:
            return frame.gather(Arg(value, result.first, result.last))
        assert frame.aside is not None
        return self.resume(frame.aside, value, frame.end)

    @property
    def in_function(self) -> bool:
        return any(isinstance(frame, Call) for frame in self.frames)

    # ---- comprehensions --------------------------------------------------------------------------

    def begin_comprehension(self, found: Comprehension, i: int, top: int) -> Any:
        """Read the clauses of a comprehension, and its element in every turn."""
        self._careful()
        opener = self.tokens[found.opener]
        first = found.opener if opener in ("[", "(", "{") else i
        aside = self.set_aside(top, self.depth, first)
        env, caches = self.enter_names(self.scope.seen())
        frame = Gathering(found, aside, env)
        frame.atoms = caches
        frame.last = found.close if opener in ("[", "(", "{") else found.close - 1
        if opener == "{":
            frame.table = Dict()
        self.frames.append(frame)
        self.at = self._clause(frame, 0)
        return JUMP

    def _clause(self, frame: Gathering, k: int) -> int:
        """Where the next part of a comprehension is read: a clause, or the element."""
        self.level = (0, 0)
        clauses = frame.comprehension.clauses
        if k == len(clauses):
            self.count_turn(frame.comprehension.opener)
            self.then = partial(self._gathered, frame)
            return self._behind_breaks(frame.comprehension.element)
        self.then = partial(self._loops if clauses[k].kind == "for" else self._filters, frame, k)
        return self._behind_breaks(clauses[k].expr)

    def _behind_breaks(self, i: int) -> int:
        """The first token of a part that may stand on lines of its own."""
        at = int(i)
        while self.tokens[at] == "\n":
            at += 1
        return at

    def _loops(self, frame: Gathering, k: int, result: Arg, i: int) -> int:
        frame.loops.append((k, self.items_of(result), 0))
        return self._next(frame)

    def _filters(self, frame: Gathering, k: int, result: Arg, i: int) -> int:
        return self._clause(frame, k + 1) if self.known_truth(result, i, "if") else self._next(frame)

    def _gathered(self, frame: Gathering, result: Arg, i: int) -> int:
        if frame.table is not None:
            if frame.key is None:
                raise self.source.error("sets are not part of the language", result.first, result.last, "write a list")
            frame.table.items[frame.key[0]] = result
            frame.key = None
        else:
            frame.found.append(result)
        return self._next(frame)

    def _next(self, frame: Gathering) -> int:
        """The next turn of the innermost loop of a comprehension that has one left."""
        while frame.loops:
            k, items, done = frame.loops.pop()
            if done == len(items):
                continue
            frame.loops.append((k, items, done + 1))
            clause: Clause = frame.comprehension.clauses[k]
            self.bind(self.target(clause.targets, clause.expr - 1), items[done])
            return self._clause(frame, k + 1)
        self.frames.pop()
        self.leave_names(frame.env, frame.atoms)
        value = frame.table if frame.table is not None else Group("list", frame.found)
        return self.resume(frame.aside, value, frame.last)

    def gathers_key(self, value: Any, start: int, i: int) -> Any:
        """The key before the colon of a comprehension in `{`; None where there is no such."""
        frame = self.frames[-1] if self.frames else None
        if not isinstance(frame, Gathering) or frame.table is None or self.stack:
            return None
        frame.key = (self.gates.key(Arg(value, start, i - 1)),)
        return self.jump(i + 1)
