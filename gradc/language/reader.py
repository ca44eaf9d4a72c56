"""Tokens into nodes: a precedence parser with an explicit stack, so that depth costs memory and nothing else.

    program     = statement { (newline | ";") statement }
    statement   = name ":" "[" dimensions "]" | { name "=" } values | name ("+=" | "-=" | ...) value
    values      = value { "," value }
    value       = condition [ "if" condition "else" value ]
    condition   = or > and > not > comparison > "|" > "&" > sum > product > sign > power > postfix
    postfix     = leaf { subscript | ".T" | "." method arguments | superscript }
    leaf        = number | name | function arguments | "(" values ")" | "[" values "]"

The value that was read last, the token it starts at and the level of the innermost open operator are local
variables; the stack holds (level outside, operator or bracket, left operand or arguments, first token).
Level 0 is an open bracket. Nodes are made in the order in which a reader evaluates the program.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.graph.shapes import ShapeError
from gradc.language import advice, lists, mistakes
from gradc.language.assignments import NO_GRAD, STORES
from gradc.language.atoms import Leaves
from gradc.language.canvas import Canvas
from gradc.language.flow import MAX_TURNS, Target
from gradc.language.following import Following
from gradc.language.gates import (
    CONDITIONS,
    Gates,
    invert,
    invert_mask,
)
from gradc.language.layout import has_structure, lay_out
from gradc.language.lex import (
    CHOICE,
    COMPREHENSION,
    END,
    GENERATOR,
    MARKS,
    VALUE,
    Source,
    is_name,
    is_number,
)
from gradc.language.scope import Scope, base_name
from gradc.language.signs import DICT, ELSE, ENDS, FOLLOWS, IF_OPEN, INDEX, KNOWN, LIST, NOT, OPENS, SIGN, SQUARE, STORE
from gradc.language.values import (
    ELLIPSIS,
    EMPTY,
    JUMP,
    NONE,
    Arg,
    Args,
    Bound,
    Callee,
    Function,
    Group,
    Star,
    Text,
    callee_of,
)
from gradc.ops.table import Op
from gradc.rewrite.simplify import Builder


class Reader(Following):
    """Reads one program into a builder. With `places`, every node's first tokens are kept as well."""

    def __init__(
        self,
        source: Source,
        build: Builder,
        shapes: Any,
        bound: Mapping[str, Node],
        places: bool = False,
        max_turns: int = MAX_TURNS,
        chosen: str = "",
        fixed: frozenset[str] = frozenset(),
        wrt: Collection[str] | None = None,
        objects: bool = False,
    ) -> None:
        super().__init__()
        self.source, self.build = source, build
        self.tokens = source.tokens
        self.scope = Scope(source, build, shapes, bound)
        self.gates = Gates(source, build, self.scope, self._lower)
        self.leaves = Leaves(source, build, self.scope, self.gates)
        self.make: Any = self.gates.make if bound else build.make
        self.max_turns = self.gates.max_turns = max_turns
        self.fresh_caches()
        self.chosen, self.fixed, self.wrt = chosen, fixed, wrt
        self.plain = self.then  # what takes the value of a statement
        self.returning = False
        self.storing = -1
        self.pending: tuple[Target, int] = (Target("name", 0, 0), 0)
        self.before = Arg(None, 0, 0)
        self.parts = None
        self.mapped = []
        self.assumed = []
        self.nested = set()
        self.without_gradients = []
        self.equals: dict[int, int] = {}
        self.main: Function | None = None  # the one function that the program is
        self.functions: dict[str, Function] = {}  # those of the program itself, by name
        self.last: tuple[list[str], Arg] | None = None
        self.places: dict[Node, tuple[int, int]] | None = {} if places else None
        self.objects, self.wants_objects = objects, False
        self.canvases = self.written_names() if objects or STORES.search(source.text) else None
        self.shares = self.canvases is not None or any(sign in source.text for sign in ("+=", "-=", "*=", "/="))
        if has_structure(source):
            self.layout = lay_out(source)
            source.context = self.context
            self.without_gradients = [
                (block.body, block.stop)
                for at, block in self.layout.blocks.items()
                if block.kind == "with" and self.tokens[at + 1][:-1].rstrip() in NO_GRAD
            ]

    def fresh_caches(self) -> None:
        """Forget what tokens stand for, where names are others."""
        self.atoms, self.opens, self.by_name = {}, dict(OPENS), {}

    # ---- the loop ------------------------------------------------------------------------------

    def run(self, begin: int = 0) -> None:
        """Read the program from a token on."""
        tokens, follows, places = self.tokens, FOLLOWS, self.places
        i = self.statement(begin)
        start = first = i
        op: Any = None
        value: Any = None
        left: Any = None
        depth = top = 0
        try:
            while i >= 0:
                stack, atoms, opens, make = self.stack, self.atoms, self.opens, self.make
                push, pop = stack.append, stack.pop
                top, depth = self.level
                self.level = (0, 0)
                while True:
                    # A value is expected.
                    token = tokens[i]
                    value = atoms.get(token)
                    if value is None:
                        opened = opens.get(token)
                        if opened is not None:
                            push((top, opened[0], None, i))
                            top = opened[1]
                            depth += opened[2]
                            i += 1
                            continue
                        if token == "\n" and depth:
                            i += 1
                            continue
                        self.depth = depth
                        value, start, i, top = self.learn(token, i, top)
                        make = self.make
                        if value is None:
                            continue
                        if value is JUMP:
                            break
                    else:
                        start = i
                    if value is not EMPTY:
                        i += 1
                        if places is not None and value.__class__ is Node:
                            places.setdefault(value, (start, start))
                    # What follows the value: everything that binds tighter is closed first.
                    while True:
                        token = tokens[i]
                        follow = follows.get(token)
                        if follow is None:
                            if token != "\n":
                                self.depth = depth
                                value, i, top, opened_now = self.postfix(token, value, start, i, top)
                                make = self.make
                                if places is not None and value.__class__ is Node:
                                    places.setdefault(value, (start, i - 1))
                                if opened_now:
                                    depth += 1
                                    break
                                continue
                            if depth:
                                i += 1
                                continue
                            follow = ENDS
                        while top >= follow[0]:
                            top, op, left, first = pop()
                            value = make(op, (value,) if left is None else (left, value))
                            start = first
                            if places is not None:
                                places.setdefault(value, (first, i - 1))
                        if follow[2]:
                            push((top, follow[1], value, start))
                            top = follow[2]
                            i += 1
                            break
                        if token == ")":
                            if not depth:
                                raise self.source.error("')' closes nothing", i)
                            top, op, left, first = pop()
                            depth -= 1
                            if op.__class__ is Op and left is None and value is not EMPTY:
                                value = make(op, (value,))
                            elif op is not None or left is not None or value is EMPTY:
                                self.depth = depth
                                value = self.close(op, left, value, first, start, i, top)
                                make = self.make
                                if value is JUMP:
                                    follow = ENDS
                                    break
                            start = first
                            if places is not None and value.__class__ is Node:
                                places.setdefault(value, (first, i))
                            i += 1
                            continue
                        if follow is ENDS:
                            break
                        self.depth = depth
                        value, start, top, depth, expects = self.separate(token, value, start, i, top, depth)
                        make = self.make
                        if value is JUMP:
                            follow = ENDS
                            break
                        i += 1
                        if expects:
                            break
                    if follow is ENDS:
                        break
                i = self.at if value is JUMP else self.finish(value, start, i)
        except ShapeError as error:
            raise self.gates.misfit(error, op, self._operands(left, value, first, start, i)) from None
        except GradcError as error:
            if error.marks:
                raise
            raise self.source.error(error.message, min(first, start, i - 1), i - 1, error.hint) from None

    def _careful(self) -> None:
        """From here on there are values that are no plain numbers, and every gate looks at its arguments."""
        self.make = self.gates.make

    # ---- a value is expected -------------------------------------------------------------------

    def learn(self, token: str, i: int, top: int) -> tuple[Any, int, int, int]:
        """The value of a token that is seen for the first time, or None when it is now known how to go on.

        With it come the tokens that the value begins and ends at.
        """
        if token == VALUE:
            value, start, last = self.resumed
            return value, start, last, top
        if is_name(token):
            value, last, top = self._learn_name(token, i, top)
            return value, i, last, top
        value, last, top = self._learn(token, i, top)
        return value, i, last, top

    def _learn(self, token: str, i: int, top: int) -> tuple[Any, int, int]:
        if is_number(token):
            self.atoms[token] = value = self.build.const(self.leaves.number(token, i))
            return value, i, top
        if token == "+":
            return None, i + 1, top
        if token == "~":
            self._careful()
            self.stack.append((top, invert_mask, None, i))
            return None, i + 1, SIGN
        bracket = self.stack[-1][1] if self.stack and top == 0 else IF_OPEN
        if token == "..." and bracket in (INDEX, STORE):
            self._careful()
            return ELLIPSIS, i, top
        if self._may_be_empty(token, bracket):
            self._careful()
            return EMPTY, i, top
        if token in MARKS:
            return self._learn_mark(token, i, top)
        if token in ("*", "**") and (bracket in (None, LIST, DICT) or isinstance(bracket, (Callee, Op))):
            self._careful()
            self._args()
            self.stack.append((top, partial(_starred, token), None, i))
            return None, i + 1, ELSE
        if token[:1] in ("'", '"') and len(token) > 1 and token[-1] == token[0] and self._takes_text(i):
            self._careful()
            return Text(_unquoted(token)), i, top
        raise mistakes.instead_of_value(self.source, KNOWN, token, i, bool(self.stack))

    def _interpolated(self, i: int) -> Text:
        """An f-string: a key of a dictionary in which constants stand."""
        from gradc.language import constants

        self._careful()
        try:
            return constants.interpolated(_unquoted(self.tokens[i]), self.scope.peek)
        except GradcError as error:
            raise self.source.error(error.message, i - 1, i, error.hint) from None

    def _takes_text(self, i: int) -> bool:
        """Whether a string may stand here: as a key, an argument, a value to compare with."""
        before = self.source.before(i)
        while before >= 0 and self.tokens[before] == "\n" and self.stack:  # on a line of its own in brackets
            before = self.source.before(before)
        return before >= 0 and self.tokens[before] not in ("\n", ";")

    def _learn_mark(self, token: str, i: int, top: int) -> tuple[Any, int, int]:
        """What begins at a mark: a comprehension, or a choice whose test may be known."""
        owner: Any = self.layout.marks.get(i)
        if token in (COMPREHENSION, GENERATOR) and owner.clauses and owner.close >= 0:
            return self.begin_comprehension(owner, i, top), i, top
        if token == CHOICE:
            return self.begin_choice(owner, i, top), i + 1, top
        if token in (COMPREHENSION, GENERATOR):
            at = owner.close if owner.close >= 0 else i
            raise self.source.error("this comprehension is not complete", i, at, "write [f(i) for i in range(3)]")
        raise mistakes.instead_of_value(self.source, KNOWN, self._behind_marks(i), i, bool(self.stack))

    def _behind_marks(self, i: int) -> str:
        while self.tokens[i] in MARKS:
            i += 1
        return self.tokens[i]

    def _may_be_empty(self, token: str, bracket: Any) -> bool:
        """Whether nothing may stand before this token: `f(x,)`, `[]`, `x[1:]`, `x[:, 0]`, `x,`."""
        match token:
            case ")":
                return bracket is not IF_OPEN and bracket not in (*SQUARE, DICT)
            case "]":
                return bracket in SQUARE
            case "}":
                return bracket is DICT
            case ":":
                return bracket in (INDEX, STORE)
            case ",":
                return bracket in (INDEX, STORE) and self.stack[-1][2].slice is not None
            case "\n" | ";" | "" | "<stop>" | "<end>":
                return (bool(self.items) or self.returning) and not self.stack
        return False

    def _learn_name(self, token: str, i: int, top: int) -> tuple[Any, int, int]:
        word = base_name(token)
        if top == 0 and self.stack and token[-1] != "(" and self._is_type(token):
            self._careful()
            return Text(token.rpartition(".")[2]), i, top
        if token == "not":
            self._careful()
            self.stack.append((top, invert, None, i))
            return None, i + 1, NOT
        if token in ("f", "F") and self.tokens[i + 1][:1] in ("'", '"') and self._takes_text(i):
            return self._interpolated(i + 1), i + 1, top
        if advice.is_keyword(word):
            if word == "lambda" and i in self.layout.marks:
                return self.make_lambda(self.layout.marks[i], i, top), i, top
            return self._word(word, i), i, top
        if token in TYPES and not self.scope.is_variable(token) and self._in_call("isinstance", "defaultdict"):
            self._careful()
            return Text(token), i, top
        if token[-1] == "(":
            self.opens[token] = self._call(token, i), 0, 1
            return None, i, top
        if self.tokens[i + 1] == ":=" and self.stack and top == 0:
            self._careful()
            self.stack.append((top, partial(self._named, i), None, i))
            return None, i + 2, ELSE
        if self.tokens[i + 1] == "=" and self._takes_keywords(top):
            self._keyword(token, i)
            return None, i + 2, top
        value = self.leaves.atom(token, i)
        held = self.scope.peek(word)
        if isinstance(value, Group) and value.once:
            value, held.items = Group(value.kind, value.items), []
        elif token == word or held is None or isinstance(held, Node):  # an element of a list may be another one later
            self.atoms[token] = value
            self.by_name.setdefault(word, []).append(token)
        if not isinstance(value, Node):
            self._careful()
        return value, i, top

    def _named(self, at: int, gates: Gates, value: Any) -> Any:
        """`(t := value)`: the value, by a name from here on."""
        result = Arg(value, at, at)
        self.bind_name(at, Arg(self._held(result), at, at))
        return self.scope.peek(self.tokens[at])

    def _in_call(self, *names: str) -> bool:
        return any(isinstance(opened, Callee) and opened.name in names for _, opened, _, _ in self.stack[-3:])

    def _word(self, word: str, i: int) -> Any:
        """True, False and None; any other keyword is refused."""
        if word in ("True", "False"):
            self.atoms[word] = self.build.const(int(word == "True"))
            return self.atoms[word]
        if word == "None" and self.tokens[i + 1] in (",", ")", "]", ":", "}", "\n", ";", END, *_BEHIND_NONE, *MARKS):
            self._careful()
            return NONE
        raise mistakes.keyword_as_value(self.source, word, i, FOLLOWS)

    def _call(self, token: str, i: int) -> Callee | Op:
        """What a call opens; the operator itself where it is a gate of one argument and nothing else."""
        name = token[:-1].rstrip()
        known = self.scope.peek(name) if "." not in name and self.scope.is_variable(name) else None
        if isinstance(known, (Function, Callee, Bound)):
            self._careful()
            self.by_name.setdefault(name, []).append(token)
            return callee_of(self.scope.read(name, i), name)
        callee = self.leaves.callee(token, i)
        op = callee.op
        if callee.receiver is not None:
            self.by_name.setdefault(base_name(token), []).append(token)
        elif (
            op is not None
            and not op.boolean
            and len(op.params) == 1
            and not (op.statics or op.variadic or op.lower or op in CONDITIONS)
        ):
            return op
        if op is None or op.boolean:
            self._careful()
        return callee

    # ---- calls ---------------------------------------------------------------------------------

    def _is_type(self, token: str) -> bool:
        """Whether the value that is expected is a precision, as in dtype=float: values have that of the inputs."""
        _, bracket, args, _ = self.stack[-1]
        if not isinstance(bracket, Callee):
            return False
        if bracket.name in ("array", "asarray") and token.rpartition(".")[2] in _TYPES and isinstance(args, Args):
            return len(args.given) == 1 and not self.scope.is_variable(token)
        return bracket.name in ("astype", "type", "finfo", "iinfo") or (isinstance(args, Args) and args.key == "dtype")

    # ---- something follows a value -------------------------------------------------------------

    def finish(self, value: Any, start: int, i: int) -> int:
        """Take the value of an expression outside all brackets, and go on."""
        if self.stack:
            raise self._unclosed()
        first = start
        if self.items:
            first = self.items[0].first
            items = self.items if value is EMPTY else [*self.items, Arg(value, start, i - 1)]
            self._careful()
            value = Group("tuple", items)
            self.items = []
        return self.then(Arg(value, first, i - 1), i)

    # ---- rules -----------------------------------------------------------------------------------

    def _lower(self, text: str, bound: Mapping[str, Node]) -> Node:
        """The gates that an operator is composed of."""
        reader = Reader(Source(text), self.build, {}, bound)
        reader.run()
        return reader.outputs()[0][1]


# Words and signs that stand behind None.
_BEHIND_NONE = ("else", "and", "or", "if", "is", "not", "in", "==", "!=")
# Types that an array is asked to have.
_TYPES = ("float", "int", "float64", "float32", "int64", "int32")
# Types that isinstance asks for.
TYPES = frozenset("int float complex bool str list tuple dict".split())


def _unquoted(token: str) -> str:
    """The text of a string."""
    return token[3:-3] if token[:3] in ('"""', "'''") else token[1:-1]


def _starred(word: str, gates: Gates, value: Any) -> Star:
    if word == "*" and ((isinstance(value, Node) and value.shape) or isinstance(value, Canvas)):
        value = Group(
            "tuple", lists.contents(gates, Arg(value, 0, 0))
        )  # the elements of a vector, the rows of a matrix
    return Star(word, value)
