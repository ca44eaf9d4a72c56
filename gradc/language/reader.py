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

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.graph.shapes import ShapeError, shared, total
from gradc.language import advice, canvas, foreign, mistakes
from gradc.language.atoms import Leaves
from gradc.language.canvas import Canvas
from gradc.language.flow import MAX_TURNS, TAKEN, TEST, TESTED, Flow, Target, Turns
from gradc.language.gates import (
    CONDITIONS,
    Gates,
    choose,
    comparison,
    invert,
    invert_mask,
    logic,
    mask,
    not_same,
    not_within,
    quotient,
    remainder,
    same,
    within,
)
from gradc.language.layout import Param, has_structure, lay_out
from gradc.language.lex import (
    BODY,
    CHOICE,
    COMPREHENSION,
    END,
    GENERATOR,
    LOOKAHEAD,
    MARKS,
    STOP,
    SUITE,
    SUPERSCRIPTS,
    VALUE,
    Source,
    is_name,
    is_number,
    spelled,
)
from gradc.language.lists import store
from gradc.language.scope import SCALARS, Scope, base_name, dimension
from gradc.language.values import (
    ELLIPSIS,
    EMPTY,
    JUMP,
    NONE,
    Arg,
    Args,
    Callee,
    Dict,
    Function,
    Group,
    Slice,
    Star,
    Text,
)
from gradc.ops import array as a
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import Op
from gradc.rewrite.simplify import Builder

# Levels, as Python has them. An operator binds everything above its own level to its left.
ELSE, IF, OR, AND, NOT, COMPARE, BAR, AMP, ADD, MUL, SIGN, POWER = 1, 2, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12

# What may follow a value: (level down to which the stack is closed, operator, level that it opens). A level of 0
# says that more is to be done than to push the operator, and `separate` or the loop itself does it.
_BINARY = [
    ("+", ADD, s.add),
    ("- − –", ADD, s.sub),
    ("* × · ⋅ ∗ ∙", MUL, s.mul),
    ("/ ÷ ∕", MUL, s.div),
    ("@", MUL, a.matmul),
]
_LOGIC = [
    ("&", AMP, mask(r.all_of, "&")),
    ("|", BAR, mask(r.any_of, "|")),
    ("and", AND, logic(r.all_of)),
    ("or", OR, logic(r.any_of)),
]
_COMPARISONS = [("<", r.lt), (">", r.gt), ("<= ≤", r.le), (">= ≥", r.ge), ("==", r.eq), ("!= ≠", r.ne)]
ENDS = (1, END, 0)
FOLLOWS: dict[str, tuple[int, Any, int]] = {
    **{symbol: (level, op, level) for symbols, level, op in _BINARY for symbol in symbols.split()},
    **dict.fromkeys(("**", "^"), (POWER + 1, s.pow_, POWER)),  # to the right first
    **{symbol: (level, join, 0) for symbol, level, join in _LOGIC},
    **{symbol: (COMPARE + 1, op, 0) for symbols, op in _COMPARISONS for symbol in symbols.split()},
    **dict.fromkeys(("in", "not", "is"), (COMPARE + 1, None, 0)),
    "%": (MUL, remainder, 0),
    "//": (MUL, quotient, 0),
    **dict.fromkeys((")", "]", "}", ",", ":", "=", "else"), (1, None, 0)),
    "if": (IF, None, 0),
    **dict.fromkeys((";", END, STOP, BODY, SUITE), ENDS),
}
LIST, INDEX, IF_OPEN, DICT, STORE = "[", "subscript", "if", "{", "element"
SQUARE = (LIST, INDEX, STORE)
# What may stand where a value is expected and opens something: (operator or bracket, level, brackets opened).
OPENS: dict[str, tuple[Any, int, int]] = {
    "(": (None, 0, 1),
    "[": (LIST, 0, 1),
    "{": (DICT, 0, 1),
    **dict.fromkeys(("-", "−", "–"), (s.neg, SIGN, 0)),
    "√": (s.sqrt, SIGN, 0),
    "∛": (s.cbrt, SIGN, 0),
}
AUGMENTED: dict[str, Any] = {
    "+=": s.add, "-=": s.sub, "*=": s.mul, "/=": s.div, "@=": a.matmul, "**=": s.pow_, "^=": s.pow_,
    "%=": remainder, "//=": quotient,
}  # fmt: skip
KNOWN = {*FOLLOWS, *OPENS, *AUGMENTED, "~"} - {"in", "is", "}", *MARKS}


class Reader(Flow):
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
        self.chosen = chosen  # the function to compile, of several
        self.plain = self.then  # what takes the value of a statement
        self.returning = False
        self.storing = -1
        self.pending: tuple[Target, int] = (Target("name", 0, 0), 0)
        self.before = Arg(None, 0, 0)
        self.equals: dict[int, int] = {}
        self.main: Function | None = None  # the one function that the program is
        self.functions: dict[str, Function] = {}  # those of the program itself, by name
        self.last: tuple[list[str], Arg] | None = None
        self.places: dict[Node, tuple[int, int]] | None = {} if places else None
        self.canvases = self._canvases() if "]" in source.text and _STORES.search(source.text) else None
        if has_structure(source):
            self.layout = lay_out(source)
            source.context = self.context

    def _canvases(self) -> frozenset[str]:
        """The names of arrays that may be written to; "" stands for every name."""
        found = self._written_to()
        params: set[str] = set()
        for i, token in enumerate(self.tokens):
            if token == "def":
                params.update(each for each in self.tokens[i + 2 : self.source.matching(i + 1)] if is_name(each))
        return found | {""} if not found.isdisjoint(params) else found

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

    def _operands(self, left: Any, value: Any, first: int, start: int, i: int) -> list[Arg]:
        """The operands of the operator that is being applied, with their places."""
        right = Arg(value, start, i - 1)
        if left is None:
            return [right]
        if isinstance(left, tuple):
            return [left[1], left[0], right]
        return [Arg(left, first, start - 2), right]

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
            return Text(token[3:-3] if token[:3] in ('"""', "'''") else token[1:-1]), i, top
        raise mistakes.instead_of_value(self.source, KNOWN, token, i, bool(self.stack))

    def _takes_text(self, i: int) -> bool:
        """Whether a string may stand here: as a key, an argument, a value to compare with."""
        before = self.source.before(i)
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
        if top == 0 and self.stack and self._is_type():
            self._careful()
            return NONE, i, top
        if token == "not":
            self._careful()
            self.stack.append((top, invert, None, i))
            return None, i + 1, NOT
        if advice.is_keyword(word):
            if word == "lambda" and i in self.layout.marks:
                return self.make_lambda(self.layout.marks[i], i, top), i, top
            return self._word(word, i), i, top
        if token in TYPES and not self.scope.is_variable(token) and self._in_call("isinstance"):
            self._careful()
            return Text(token), i, top
        if token[-1] == "(":
            self.opens[token] = self._call(token, i), 0, 1
            return None, i, top
        if self.tokens[i + 1] == "=" and self._takes_keywords(top):
            self._keyword(token, i)
            return None, i + 2, top
        self.atoms[token] = value = self.leaves.atom(token, i)
        self.by_name.setdefault(word, []).append(token)
        if not isinstance(value, Node):
            self._careful()
        return value, i, top

    def _in_call(self, name: str) -> bool:
        return any(isinstance(opened, Callee) and opened.name == name for _, opened, _, _ in self.stack[-3:])

    def _word(self, word: str, i: int) -> Any:
        """True, False and None; any other keyword is refused."""
        if word in ("True", "False"):
            self.atoms[word] = self.build.const(int(word == "True"))
            return self.atoms[word]
        if word == "None" and self.tokens[i + 1] in (",", ")", "]", ":", "}", "\n", ";", END, "else", *MARKS):
            self._careful()
            return NONE
        raise mistakes.keyword_as_value(self.source, word, i, FOLLOWS)

    def _call(self, token: str, i: int) -> Callee | Op:
        """What a call opens; the operator itself where it is a gate of one argument and nothing else."""
        name = token[:-1].rstrip()
        if "." not in name and self.scope.is_variable(name) and isinstance(self.scope.peek(name), (Function, Callee)):
            self._careful()
            self.by_name.setdefault(name, []).append(token)
            held = self.scope.read(name, i)
            return held if isinstance(held, Callee) else Callee(name, None, function=held)
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

    def _takes_keywords(self, top: int) -> bool:
        return bool(self.stack) and top == 0 and isinstance(self.stack[-1][1], (Callee, Op))

    def _is_type(self) -> bool:
        """Whether the value that is expected is a precision, as in dtype=float: values have that of the inputs."""
        _, bracket, args, _ = self.stack[-1]
        if not isinstance(bracket, Callee):
            return False
        return bracket.name == "astype" or (isinstance(args, Args) and args.key == "dtype")

    def _keyword(self, token: str, at: int) -> None:
        """Begin a keyword argument of the innermost call."""
        args = self._args()
        args.key, args.key_at = token, at

    def _args(self) -> Args:
        """The arguments of the innermost open bracket."""
        level, bracket, args, first = self.stack[-1]
        if args is None:
            args = Args()
            self.stack[-1] = (level, bracket, args, first)
        return args  # type: ignore[no-any-return]  # a bracket has arguments in this place

    def close(self, bracket: Any, args: Any, value: Any, first: int, start: int, i: int, top: int) -> Any:
        """The value of what a `)` closes, other than a value in parentheses or a call of one argument."""
        if bracket in (IF_OPEN, TEST, TAKEN, TESTED):
            raise mistakes.no_else(self.source, first)
        if bracket in SQUARE or bracket is DICT:
            raise mistakes.mismatch(
                self.source, bracket is not DICT, mistakes.opening_of(self.tokens, bracket, args, first), i
            )
        args = args or Args()
        if args.key and value is EMPTY:
            raise self.source.error("expected a value after '='", i - 1)
        if value is not EMPTY:
            args.add(value, start, i - 1)
        if bracket is None:
            self._careful()
            return Group("tuple", args.given)
        if isinstance(bracket, Op):
            bracket = Callee(self.tokens[first][:-1].rstrip().split(".")[-1], bracket)
        if bracket.function is not None:
            return self.call_function(bracket.function, args.given, first, i, top)
        if bracket.name == "map" and bracket.receiver is None:
            return self.map_function(bracket, args.given, first, i, top)
        return self.gates.call(bracket, args.given, first, i)

    # ---- something follows a value -------------------------------------------------------------

    def postfix(self, token: str, value: Any, start: int, i: int, top: int) -> tuple[Any, int, int, bool]:
        """What belongs to the value before it: a subscript, `.T`, a method, a superscript."""
        if token == "[":
            if isinstance(value, Node) and value.op is s.input_ and value.attr not in self.scope.declared:
                self._function_in_square_brackets(start, i)
            self._careful()
            bracket = STORE if i == self.storing else INDEX
            self.stack.append((top, bracket, Args(Arg(value, start, i - 1), i), start))
            return value, i + 1, 0, True
        if token == "(" and isinstance(value, (Function, Callee)):
            self._careful()
            callee = value if isinstance(value, Callee) else Callee(value.name, None, function=value)
            self.stack.append((top, callee, None, start))
            return value, i + 1, 0, True
        if token == ".T":
            return self.gates.apply(a.transpose, [Arg(value, start, i - 1)], (None,)), i + 1, top, False
        if token[0] == "." and token[-1] == "(":
            callee = self.gates.callee(token[1:-1].rstrip(), i, receiver=Arg(value, start, i - 1))
            self.stack.append((top, callee, None, start))
            return value, i + 1, 0, True
        if token[0] == "." and is_name(token[1:]):
            self._careful()
            return self.leaves.attribute_of(Arg(value, start, i - 1), token[1:], i), i + 1, top, False
        if token[-1] in SUPERSCRIPTS and (token[0] in SUPERSCRIPTS or token[0] == "⁻"):
            power = self.leaves.number("".join(SUPERSCRIPTS.get(char, "") for char in token), i)
            exponent = self.build.const(-power if token[0] == "⁻" else power)
            return self.gates.apply(s.pow_, [Arg(value, start, i - 1), Arg(exponent, i, i)]), i + 1, top, False
        if self.tokens[i - 1] == "\n":
            raise self._unclosed()
        raise mistakes.behind_value(self.source, KNOWN, token, i, start)

    def _function_in_square_brackets(self, start: int, i: int) -> None:
        """Sin[x], as Mathematica writes it."""
        name = self.tokens[start]
        meant = foreign.meant(name) or name.lower()
        if start == i - 1 and name[0].isupper() and mistakes.is_function(meant):
            close = self.layout.close.get(i) or self.source.matching(i)
            argument = self.source.quote(i + 1, max(i + 1, close - 1))
            raise self.source.error("a function is called with '(', not '['", start, i, f"write {meant}({argument})")

    def separate(
        self, token: str, value: Any, start: int, i: int, top: int, depth: int
    ) -> tuple[Any, int, int, int, bool]:
        """A comma, a bracket's end, a keyword or a comparison after a value; whether another value is expected."""
        match token:
            case ",":
                self._comma(value, start, i)
                return value, start, top, depth, True
            case "]":
                return (*self._close_square(value, start, i), depth - 1, False)
            case "}":
                return (*self._close_curly(value, start, i), depth - 1, False)
            case ":":
                found = self.gathers_key(value, start, i)
                if found is not None:
                    return found, start, top, depth, True
                self._colon(value, start, i)
                return value, start, top, depth, True
            case "=":
                self._equals(start, i, top)
                return value, start, top, depth, True
        self._careful()
        if value is EMPTY:
            raise mistakes.instead_of_value(self.source, KNOWN, token, i, bool(self.stack))
        innermost = self.stack[-1][1] if self.stack and not top else None
        match token:
            case "if" if innermost in (TAKEN, TESTED):
                return self.taken(value, start, i), start, top, depth, True
            case "if":
                self.stack.append((top, IF_OPEN, Arg(value, start, i - 1), start))
                return value, start, 0, depth, True
            case "else" if innermost is TEST:
                return self.tested(value, start, i), start, top, depth, True
            case "else":
                return value, start, self._else(value, start, i, top), depth, True
            case "and" | "or" if self.layout.blocks or self.layout.marks:
                found = self.decided(token, value, start, i, top)
                if found is not None:
                    return found, start, top, depth, True
            case "in" | "not" | "is":
                return self._membership(token, value, start, i, top, depth)
        op = FOLLOWS[token][1]
        if type(op) is Op:
            op, start, top = self._comparison(op, value, start, i, top)
            self.stack.append((top, op, value, start))
            return value, start, COMPARE, depth, True
        self.stack.append((top, op, value, start))
        return value, start, FOLLOWS[token][0], depth, True

    def _membership(
        self, token: str, value: Any, start: int, i: int, top: int, depth: int
    ) -> tuple[Any, int, int, int, bool]:
        """`in`, `not in`, `is`, `is not`."""
        following = self.tokens[i + 1]
        if token == "not" and following != "in":
            raise mistakes.behind_value(self.source, KNOWN, token, i, start)
        long = token == "not" or (token == "is" and following == "not")
        op = {"in": within, "not": not_within, "is": not_same if long else same}[token]
        self.stack.append((top, op, value, start))
        return self.jump(i + 1 + long, COMPARE, depth), start, top, depth, True

    def _comma(self, value: Any, start: int, i: int) -> None:
        if not self.stack:
            self._decimal_comma(i)
            self.items.append(Arg(value, start, i - 1))
            return
        if self.stack[-1][1] in (IF_OPEN, TEST, TAKEN, TESTED):
            raise mistakes.no_else(self.source, self.stack[-1][3])
        args = self._args()
        if self.stack[-1][1] is DICT:
            self._entry(args, value, start, i)
            return
        if value is EMPTY and (args.slice is None or args.key):
            raise mistakes.instead_of_value(self.source, KNOWN, ",", i, True)
        args.add(value, start, i - 1)

    def _decimal_comma(self, i: int) -> None:
        """1,5 is not one and a half."""
        before, after = self.tokens[i - 1], self.tokens[i + 1]
        if before.isdecimal() and is_number(after):
            (_, end), (begin, _) = self.source.span(i - 1, i - 1), self.source.span(i + 1, i + 1)
            if begin - end == 1:
                raise self.source.error("a decimal comma?", i - 1, i + 1, f"write {before}.{after}")

    def _close_square(self, value: Any, start: int, i: int) -> tuple[Any, int, int]:
        """The value of what a `]` closes, its first token, and the level outside."""
        if not self.stack:
            raise self.source.error("']' closes nothing", i)
        level, bracket, args, first = self.stack[-1]
        if bracket in (IF_OPEN, TEST, TAKEN, TESTED):
            raise mistakes.no_else(self.source, first)
        if bracket not in SQUARE:
            raise mistakes.mismatch(self.source, False, mistakes.opening_of(self.tokens, bracket, args, first), i)
        self.stack.pop()
        self._careful()
        args = args or Args()
        if value is not EMPTY or args.slice is not None:
            args.add(value, start, i - 1)
        if bracket is STORE:
            return self._located(args.base or Arg(EMPTY, first, i), args.given, i), first, level
        if bracket is INDEX:
            return self.gates.index(args.base or Arg(EMPTY, first, i), args.given, i), first, level
        if len(args.given) == 1 and isinstance(args.given[0].value, Slice):
            raise self.source.error("a slice stands in a subscript only", first, i)
        return Group("list", args.given), first, level

    def _close_curly(self, value: Any, start: int, i: int) -> tuple[Any, int, int]:
        """The value of what a `}` closes, its first token, and the level outside."""
        if not self.stack or self.stack[-1][1] is not DICT:
            raise mistakes.instead_of_value(self.source, KNOWN, "}", i, bool(self.stack))
        level, _, args, first = self.stack.pop()
        self._careful()
        args = args or Args()
        before = self.tokens[first - 1] if first else ""
        if before in ("^", "**") and first > 1 and self.tokens[first - 2][-1] not in "([{,":
            base, power = self.tokens[first - 2], self.source.quote(first + 1, i - 1)
            power = power if power.isalnum() else f"({power})"
            raise self.source.error("'{' is TeX's, and not part of the language", first, i, f"write {base}**{power}")
        if value is not EMPTY:
            self._entry(args, value, start, i)
        table = Dict()
        for arg in args.given:
            table.items[arg.key] = arg
        return table, first, level

    def _entry(self, args: Args, value: Any, start: int, i: int) -> None:
        """`key: value` in `{`, or a dictionary's entries after `**`."""
        if isinstance(value, Star) and isinstance(value.value, Dict):
            for key, item in value.value.items.items():
                args.given.append(Arg(item.value, item.first, item.last, key))
        elif args.key_at == 0:
            raise self.source.error(
                "sets are not part of the language", start, i - 1, "write a list in '[', or a dictionary {'a': x}"
            )
        else:
            args.given.append(Arg(value, start, i - 1, args.key))
        args.key, args.key_at = "", 0

    def _colon(self, value: Any, start: int, i: int) -> None:
        """A `:` in a subscript begins or continues a slice; in a dictionary it ends a key."""
        if self.stack and self.stack[-1][1] is DICT and value is not EMPTY:
            args = self._args()
            args.key, args.key_at = self.gates.key(Arg(value, start, i - 1)), i
            return
        if not self.stack or self.stack[-1][1] not in (INDEX, STORE):
            raise self.source.error(
                "':' stands in declarations and slices only",
                i,
                hint="write x: [n, 3] on a line of its own, or a if c else b",
            )
        args = self._args()
        if args.slice is None:
            args.slice, args.slice_at = [], start
        args.slice.append(None if value is EMPTY else Arg(value, start, i - 1))

    def _equals(self, start: int, i: int, top: int) -> None:
        """A `=` after a value: the keyword of an argument, or a mistake."""
        token = self.tokens[i - 1]
        opener = self.tokens[i - 2] if i > 1 else ""
        if (
            start == i - 1
            and is_name(token)
            and token.isidentifier()
            and self._takes_keywords(top)
            and (opener == "," or opener[-1:] == "(")
        ):
            self._keyword(token, i - 1)
            return
        if self.stack:
            raise self.source.error("'=' stands between a name and its value", i, hint="write == to compare")
        raise self.source.error("only a name can be assigned", start, i - 1, "write name = value; == compares")

    def _comparison(self, op: Op, value: Any, start: int, i: int, top: int) -> tuple[Any, int, int]:
        """The operator to push for a comparison: the next of a chain also holds what came before."""
        if top != COMPARE:
            return comparison(op), start, top
        level, before, left, first = self.stack.pop()
        so_far = self.gates.placed(
            lambda: before(self.gates, left, value), before, self._operands(left, value, first, start, i)
        )
        return comparison(op, so_far), first, level

    def _else(self, value: Any, start: int, i: int, top: int) -> int:
        if not self.stack or top or self.stack[-1][1] is not IF_OPEN:
            raise self.source.error("'else' without 'if'", i, hint="write a if c else b")
        level, _, chosen, first = self.stack.pop()
        self.stack.append((level, choose, (chosen, Arg(value, start, i - 1)), first))
        return ELSE

    # ---- statements ----------------------------------------------------------------------------

    def statement(self, i: int) -> int:
        """The first token of the next statement's value, its targets noted; -1 at the end of the program."""
        tokens = self.tokens
        self.targets, self.augmented, self.items, self.slot = [], None, [], None
        self.then, self.level, self.returning = self.plain, (0, 0), False
        while True:
            token, following = tokens[i], tokens[i + 1]
            if token == "\n" or token == ";":
                if self.targets:
                    raise self.source.error("expected a value after '='", i - 1)
                i += 1
            elif token == END:
                if self.targets:
                    raise self.source.error("expected a value after '='", i - 1)
                return self.ends_program(i)
            elif following == "=" and is_name(token) and token[-1] not in "(])":
                self.targets.append(self._target(token, i))
                i += 2
            elif following in AUGMENTED and is_name(token) and token[-1] not in "(]":
                self.augmented = AUGMENTED[following], self._target(token, i).at
                return i + 2
            elif (
                following == ":" and is_name(token) and token[-1] != "(" and not self.targets and token not in _HEADERS
            ):
                i = self._declaration(i)
            elif token in _STATEMENTS and not self.targets:
                i = _STATEMENTS[token](self, i)
                if self.then is not self.plain or self.returning or i < 0:
                    return i
            elif token[-1] == "(" and i in self.layout.marks and not self.targets:
                i = self._formula(i)
            elif following == "<" and tokens[i + 2] == "-" and not self._is_arrow(i):
                return i
            elif following == "," or token in ("(", "[", "*") or token[-1] == "]" or following == "[":
                equals = self._equals_of(i)
                if equals < 0:
                    return i
                target = self.target(i, equals)
                if target.kind == "element" and not self.targets:
                    return self._locate(target, equals)
                self.targets.append(target)
                i = equals + 1
            elif (
                token[0] in ("'", '"') and following in ("\n", ";", END, SUITE) and not self.targets and self._is_doc(i)
            ):
                i += 1
            else:
                return i

    def _is_arrow(self, i: int) -> bool:
        """Whether a statement begins with R's `y <- `; an error then."""
        (_, end), (sign, _), (_, behind), (value, _) = (self.source.span(at, at) for at in (i + 1, i + 2, i + 2, i + 3))
        if end == sign and behind < value:
            raise self.source.error("'<-' is not part of the language", i + 1, i + 2, f"write {self.tokens[i]} = ...")
        return False

    def _is_doc(self, i: int) -> bool:
        """Whether a string that stands alone is a remark: in a program of more than this line."""
        at = i + 1
        while self.tokens[at] in ("\n", ";"):
            at += 1
        return len(self.tokens[i]) > 1 and (self.tokens[at] != END or self.last is not None)

    def _equals_of(self, i: int) -> int:
        """The `=` (or `+=`) behind the several targets or the element that a statement may begin with, or -1."""
        if i in self.equals:
            return self.equals[i]
        depth, at = 0, i
        while True:
            token = self.tokens[at]
            if token == END or (not depth and token in ("\n", ";", *MARKS)):
                at = -1
                break
            if token in (")", "]", "}"):
                depth -= 1
            elif token[-1] in "([{" and token[0] not in "'\"":
                depth += 1
            elif not depth and (token == "=" or token in AUGMENTED):
                break
            at += 1
        self.equals[i] = at
        return at

    def _target(self, token: str, i: int) -> Target:
        if not token.isidentifier() and base_name(token) != token:
            raise self.source.error(
                "only names and elements can be assigned", i, hint="give the new value a name of its own"
            )
        self.scope.name(token, i)
        return Target("name", i, i)

    # ---- elements that are assigned ----------------------------------------------------------------

    def _locate(self, target: Target, equals: int) -> int:
        """Read which element a statement assigns to; its value is read next."""
        self._careful()
        self.pending = (target, equals)
        token = self.tokens[target.at]
        if target.opener == target.at:
            name, _, inside = token.partition("[")
            base = Arg(self.scope.read(name, target.at), target.at, target.at)
            items = [
                Arg(self.build.const(int(part.replace(" ", ""))), target.at, target.at)
                for part in inside[:-1].split(",")
            ]
            self._located(base, items, target.last)
            return self.at
        self.storing = target.opener
        self.then = self._never
        return target.at

    def _never(self, result: Arg, i: int) -> int:
        raise self.source.error("only a name or an element can be assigned", result.first, result.last)

    def _located(self, base: Arg, items: list[Arg], last: int) -> Any:
        """The element is known: go on with the value that it gets."""
        self.storing = -1
        target, equals = self.pending
        sign = self.tokens[equals]
        self.slot = (base, items, last)
        self.then = self.plain
        if sign in AUGMENTED:
            current = self.gates.index(base, items, last)
            self.before = Arg(current, target.at, last)
            self.augmented = AUGMENTED[sign], -1
        return self.jump(equals + 1)

    def _store(self, result: Arg) -> None:
        assert self.slot is not None
        base, items, last = self.slot
        if isinstance(base.value, Node):
            base = Arg(self._canvas(base, last), base.first, base.last)
        store(self.gates, base, items, result, last)

    def _canvas(self, base: Arg, last: int) -> Canvas:
        """An array that is assigned to for the first time, from now on the value of its name."""
        value, token = base.value, self.tokens[base.first]
        name = base_name(token)
        if not value.shape or base.first != base.last or "." in token or (token != name and token[-1] != "]"):
            what = "a number has no elements" if not value.shape else "only elements of a name are assigned"
            raise self.source.error(what, base.first, last, "write x = np.zeros(n) first")
        made = self._as_canvas(value, spelled(name))
        if self.scope.outer and spelled(name) not in self.scope.values:
            made.alias = "the array outside of the function"
        held = [each for each, other in self.scope.held() if other is value and each != spelled(name)]
        if held and canvas.is_view(value):
            made.alias = f"'{held[0]}'"
        self.scope.values[spelled(name)] = made
        self._forget(name)
        return made

    def _as_canvas(self, value: Node, name: str) -> Canvas:
        return Canvas(value, self.build.dims.resolve(value.shape), name)

    def _written_to(self) -> frozenset[str]:
        """The names of which some statement assigns an element; every name, where a function does so to a parameter."""
        found = set()
        for i, token in enumerate(self.tokens):
            if token == "=" or token in AUGMENTED:
                before = self.source.before(i)
                if before >= 0 and self.tokens[before][-1:] == "]":
                    k = self._opening(before)
                    if k >= 0:
                        found.add(base_name(self.tokens[k]))
        return frozenset(found)

    def _opening(self, i: int) -> int:
        """The name at the start of `x[i][j]`, which ends at a token."""
        tokens, depth = self.tokens, 0
        while i >= 0:
            token = tokens[i]
            if is_name(token) and token[-1] == "]" and not depth:
                return i
            depth += (token == "]") - (token == "[")
            if not depth and i and is_name(tokens[i - 1]) and tokens[i - 1][-1] != "(":
                return i - 1
            if token in ("\n", ";", ""):
                return -1
            i -= 1
        return -1

    # ---- statements with a word of their own -----------------------------------------------------

    def _word_is_name(self, i: int) -> GradcError:
        word = self.tokens[i]
        return self.source.error(f"'{word}' is a keyword of Python and cannot be a name", i, hint=advice.renamed(word))

    def _for(self, i: int) -> int:
        block = self.layout.blocks.get(i)
        if block is None:
            raise self._word_is_name(i)
        self.then = partial(self.begin_loop, block)
        return int(block.expr)

    def _if(self, i: int) -> int:
        block = self.layout.blocks.get(i)
        if block is None:
            raise self._word_is_name(i)
        self._careful()
        if self.tokens[block.expr] == "__name__":  # of a script that is run: no part of the program
            return self.statement_after_test(block)
        if self._only_raises(block) and not self._may_be_known(block.expr, self.source.before(block.body)):
            self.source.note("this check is no part of the module", i, max(i, self.source.before(block.body) - 1))
            return self.statement_after_test(block)
        self.then = partial(self.test, block)
        return int(block.expr)

    def _only_raises(self, block: Any) -> bool:
        """Whether a suite does nothing but raise an error."""
        at = block.body
        while self.tokens[at] in ("\n", ";"):
            at += 1
        return self.tokens[at] in ("raise", "return") and (
            self.tokens[at] == "raise" or self.tokens[at + 1] == "NotImplemented"
        )

    def statement_after_test(self, block: Any) -> int:
        """Where the reader goes on when a test does not hold."""
        following = block.next
        if following is None:
            return int(block.stop) + 1
        if following.kind == "else":
            return int(following.body)
        self.then = partial(self.test, following)
        return int(following.expr)

    def _suite_ends(self, i: int) -> int:
        """The end of a suite: the next turn, behind the `if`, or out of the function."""
        block = self.layout.marks[i]
        if block.kind == "for":
            frame = self.frames[-1]
            assert isinstance(frame, Turns)
            return self.turn(frame)
        if block.kind == "def":
            if not self.in_function:
                raise self.source.error(
                    f"'{self.tokens[block.at + 1][:-1].rstrip()}' returns nothing",
                    block.at,
                    block.at + 1,
                    "end it with return",
                )
            self.returning = True
            self.level = (0, 0)
            return self.returns(Arg(NONE, block.at, block.at), i)
        return self.end_of_chain(block)

    def _def(self, i: int) -> int:
        block = self.layout.blocks.get(i)
        token = self.tokens[i + 1]
        if block is None or token[-1] != "(":
            raise self._word_is_name(i)
        self._careful()
        name = token[:-1].rstrip()

        behind = int(block.stop) + 1

        def done(function: Function) -> int:
            self.bind_name(i + 1, Arg(function, i, i + 1))
            if not self.scope.outer:
                self.functions[name] = function
            return behind if plain else self.statement(behind)

        plain = all(param.default is None for param in block.params)
        return self.define(name, block.params, block.at, block.body, done)

    def _formula(self, i: int) -> int:
        """`f(x, y) = x*y`: note the function, and go to the next line."""
        self._careful()
        found, name = self.layout.marks[i], self.tokens[i][:-1].rstrip()
        function = Function(name, i, found.body, found.params, self.scope.seen(), True)
        self.bind_name(i, Arg(function, i, i))
        if not self.scope.outer:
            self.functions[name] = function
        return int(found.stop) + 1

    def _return(self, i: int) -> int:
        if not self.in_function and self.main is None:
            raise self.source.error(
                "'return' is not part of the language", i, hint="the last line is the output; leave 'return' out"
            )
        following = self.tokens[i + 1]
        self.then = self.returns if self.in_function else self._outputs_are
        if following in ("\n", ";", END, SUITE):
            self.returning = True
            return self.then(Arg(NONE, i, i), i + 1)
        return i + 1

    def _outputs_are(self, result: Arg, i: int) -> int:
        """The `return` of the function that the program is."""
        self.last = [], result
        return -1

    def _pass(self, i: int) -> int:
        return i + 1

    def _leave(self, i: int) -> int:
        return self.leave_loop(self.tokens[i], i)

    def _assert(self, i: int) -> int:
        self._careful()
        end = i + 1
        depth = 0
        while self.tokens[end] != END and (depth or self.tokens[end] not in ("\n", ";", SUITE)):
            token = self.tokens[end]
            depth += (token[-1] in "([{" and token[0] not in "'\"") - (token in (")", "]", "}"))
            end += 1
        if not self._may_be_known(i + 1, end, named=True):
            self.source.note("this check is no part of the module", i, end - 1)
            return end

        def holds(result: Arg, at: int) -> int:
            test = result.value.items[0] if isinstance(result.value, Group) and result.value.items else result
            if not self.known_truth(test, at, "assert"):
                raise self.source.error("this does not hold", test.first, test.last)
            return self.statement(at)

        self.then = holds
        return i + 1

    def _import(self, i: int) -> int:
        return self.leaves.imports(i)

    def _del(self, i: int) -> int:
        """`del x`: the name is free again; nothing of the module hangs on it."""
        if self.tokens[i + 1] == "=" or not is_name(self.tokens[i + 1]):
            raise self._word_is_name(i)
        while self.tokens[i] not in ("\n", ";", END, SUITE):
            i += 1
        return i

    def _dots(self, i: int) -> int:
        """`...` in place of a body."""
        if self.tokens[i + 1] not in ("\n", ";", END, SUITE) or not self.layout.blocks:
            return self._expression_after_all(i)
        return i + 1

    def _expression_after_all(self, i: int) -> int:
        self.returning = True  # what follows is read as a value
        return i

    def _decorator(self, i: int) -> int:
        """A decorator that changes nothing of what a function computes is passed over."""
        name = self.tokens[i + 1].rstrip("( ")
        if not is_name(name):
            return self._expression_after_all(i)
        if name.rpartition(".")[2] not in DECORATORS:
            raise self.source.error(
                f"the decorator '{name}' is not part of the language", i, i + 1, "leave it out, or call what it makes"
            )
        while self.tokens[i] not in ("\n", END):
            i += 1
        return i

    def _refused_statement(self, i: int) -> int:
        word = self.tokens[i]
        if self.tokens[i + 1] in KNOWN and self.tokens[i + 1] not in (END, "\n", "(", "[", ":", "-", "*"):
            raise self._word_is_name(i)
        raise self.source.error(f"'{word}' is not part of the language", i, hint=advice.STATEMENTS.get(word, ""))

    def _declaration(self, i: int) -> int:
        """`W: [5, 10]`: declare, and return the token after it."""
        tokens, name, at = self.tokens, self.tokens[i], i
        if not name.isidentifier() and base_name(name) != name:
            raise self.source.error("only a name has a declaration", i)
        i += 2
        end = self._end_of_annotation(i)
        if self.tokens[end] == "=" and self.tokens[i] not in ("[", "("):
            if not name.isidentifier():
                raise self.source.error("only a name has a declaration", at)
            self.targets.append(self._target(name, at))
            return end + 1
        shape: tuple[int | str, ...] = ()
        kind, bracket, inside = tokens[i].partition("[")
        if kind in SCALARS and (bracket or tokens[i + 1] == "["):
            if kind in ("int", "integer"):
                self.scope.integers[spelled(name)] = None
            i += not bracket
        if kind in SCALARS and bracket:  # int[3, 4] is one token
            shape = tuple(int(size) for size in inside[:-1].split(","))
        elif tokens[i] in ("[", "("):
            shape, i = self.dimensions(i)
        elif tokens[i] not in SCALARS:
            shape = (dimension(self.source, i),)
        i += 1
        if tokens[i] not in ("\n", ";", END) and not (tokens[i] == "," and tokens[i + 2] == ":"):
            raise self.source.error(
                "a declaration stands on a line of its own", i, hint="write x: [n, 3], and the value on the next line"
            )
        self.scope.declare(name, at, shape)
        return i + (tokens[i] == ",")

    def _end_of_annotation(self, i: int) -> int:
        """The token behind `float`, `np.ndarray`, `list[float]`."""
        depth = 0
        while self.tokens[i] != END and (depth or self.tokens[i] not in ("=", "\n", ";", ",", *MARKS)):
            token = self.tokens[i]
            depth += (token[-1] in "([{" and token[0] not in "'\"") - (token in (")", "]", "}"))
            i += 1
        return i

    def dimensions(self, i: int) -> tuple[tuple[int | str, ...], int]:
        """The shape in a declaration's brackets, and the token that closes them."""
        tokens = self.tokens
        close = {"[": "]", "(": ")"}[tokens[i]]
        shape: list[int | str] = []
        i += 1
        while tokens[i] != close:
            if tokens[i] == "\n":
                i += 1
                continue
            size, i = self._dimension(i)
            shape.append(size)
            while tokens[i] == "\n":
                i += 1
            if tokens[i] == ",":
                i += 1
            elif tokens[i] != close:
                raise self.source.error(f"expected '{close}' or ',' after a dimension", i - 1, hint="write x: [n, 3]")
        return tuple(shape), i

    def _dimension(self, i: int) -> tuple[int | str, int]:
        """One dimension: a number, a name, or what is computed of them, as 4*H; and the token behind."""
        if self.tokens[i + 1] not in ("+", "-", "*", "//") and not self._is_known_size(i):
            return dimension(self.source, i), i + 1
        sign, parts = "+", list[int | str]()
        while True:
            size = self._size_at(i)
            i += 1
            while self.tokens[i] in ("*", "//"):
                by = self._size_at(i + 1)
                if self.tokens[i] == "*":
                    size = total([a.product((size, by))])
                else:
                    share = shared(size, by) if by else None
                    if share is None:
                        raise self.source.error("this size is no whole number", i - 1, i + 1)
                    size = share
                i += 2
            parts.append(size if sign == "+" else total([a.product((-1, size))]))
            if self.tokens[i] not in ("+", "-"):
                break
            sign = self.tokens[i]
            i += 1
        found = total(parts)
        if isinstance(found, int) and found < 0:
            raise self.source.error(f"a dimension of {found} elements", i - 1, hint="write x: [n, 3]")
        return found, i

    def _is_known_size(self, i: int) -> bool:
        token = self.tokens[i]
        if not is_name(token) or not token.isidentifier() or advice.is_keyword(token):
            return False
        return spelled(token) in self.scope.values and token not in self.scope.dims

    def _size_at(self, i: int) -> int | str:
        """A size in a declaration: a number, a dimension, or a variable that is a whole number."""
        if self._is_known_size(i):
            value = self.scope.read(self.tokens[i], i)
            if isinstance(value, str):
                return value
            if isinstance(value, Node) and value.op is s.const and type(value.attr) is int:
                return value.attr
            raise self.source.error(f"'{self.tokens[i]}' is no whole number, and no dimension", i)
        return dimension(self.source, i)

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

    def ends_statement(self, result: Arg, i: int) -> int:
        """Assign the value of a statement to its targets, and go to the next one."""
        value = result.value
        if isinstance(value, Group) and value.kind == "tuple":
            result.value = value = self.unstarred(value)
        if self.augmented:
            op, at = self.augmented
            before = self.before if at < 0 else Arg(self.scope.read(self.tokens[at], at), at, at)
            result = Arg(self._augment(op, before, result), before.first, i - 1)
            self.targets = [Target("name", at, at)] if at >= 0 else []
        elif value.__class__ is not Node:
            result.value = self._held(result)
        if self.slot is not None:
            self._store(result)
            return self.statement(i)
        self._place(result)
        if self.last is not None and not self.last[0] and self.last[1].value is not NONE:
            self.source.note("the value of this line is not used", self.last[1].first, self.last[1].last)
        names: list[str] = []
        for target in self.targets:
            if target.kind == "name":
                names.append(self.bind_name(target.at, result))
            else:
                for name, arg in self.bound(target, result):
                    self._assign_part(name, Arg(arg.value, result.first, result.last))
                    names.append(spelled(self.tokens[name.at]))
        if names or result.value is not NONE:
            self.last = names, result
        return self.statement(i)

    def _assign_part(self, target: Target, arg: Arg) -> None:
        if target.kind == "name":
            self.bind_name(target.at, arg)
            return
        token = self.tokens[target.at]
        name, _, inside = token.partition("[")
        texts = inside[:-1].split(",") if inside else self.tokens[target.opener + 1 : target.last]
        items = []
        for text in texts:
            word = text.strip()
            value = (
                self.build.const(int(word.replace(" ", "")))
                if word.lstrip("- ").isdecimal()
                else self.scope.peek(word)
                if is_name(word)
                else None
            )
            if value is None or (not inside and len(texts) != 1):
                raise self.source.error("an element among several targets has a plain index", target.at, target.last)
            items.append(Arg(value, target.at, target.last))
        self.slot = (Arg(self.scope.read(name, target.at), target.at, target.at), items, target.last)
        self._store(arg)
        self.slot = None

    def unstarred(self, group: Group) -> Group:
        """A tuple in which `*rest` may stand."""
        if not any(isinstance(item.value, Star) for item in group.items):
            return group
        args = Args()
        for item in group.items:
            args.add(item.value, item.first, item.last)
        return Group("tuple", args.given)

    def _augment(self, op: Any, before: Arg, result: Arg) -> Any:
        """The new value of `x += value`; a list gets longer for all its names."""
        held = before.value
        if op is s.add and isinstance(held, Group) and held.kind == "list":
            held.items += self.items_of(result)
            return held
        return self.gates.apply(op, [before, result])

    def _held(self, result: Arg) -> Any:
        """What a name holds: an array, or what is known when the program is compiled."""
        value = result.value
        if isinstance(value, (Dict, Function, str, Text, Canvas, Callee)) or value is NONE:
            return value
        if isinstance(value, Group):
            return value
        return self.gates.value(result)

    def _place(self, arg: Arg) -> None:
        if self.places is not None and isinstance(arg.value, Node):
            self.places.setdefault(arg.value, (arg.first, arg.last))

    def bind_name(self, at: int, result: Arg, counter: bool = False) -> str:
        """Give a name to a value, from the next line on; a counter's value keeps the name that it has."""
        token = self.tokens[at]
        if token[-1] == "(":
            token = token[:-1].rstrip()
        if self.canvases is not None and isinstance(result.value, Node) and result.value.shape:
            self._may_be_written_to(token, result)
        scope, value = self.scope, result.value
        name = scope.assign(token, at, value, result.first, result.last, counter)
        self._forget(token)
        if name in scope.env.lent:
            scope.env.lent.discard(name)
            if self.augmented is not None:
                said = f"'{name}' stays as it is outside of the function, where NumPy would change it in place"
                self.source.note(said, at, at)
        if self.augmented is not None and name in scope.env.same:
            for other in scope.env.same[name]:  # changed in place, under all its names
                scope.values[other] = value
                self._forget(other)
        elif scope.env.same or (isinstance(value, Node) and value.shape and result.first == result.last):
            scope.part(name)
            origin = self.tokens[result.first]
            if result.first == result.last and origin.isidentifier() and isinstance(value, Node) and value.shape:
                scope.join(name, spelled(origin))
        return name

    def _forget(self, token: str) -> None:
        """What tokens of a name stand for is no longer known."""
        for known in self.by_name.pop(base_name(token), ()):
            self.atoms.pop(known, None)
            self.opens.pop(known, None)

    def _may_be_written_to(self, token: str, result: Arg) -> None:
        """An array under a name of which elements are assigned is one object, whoever else holds it."""
        assert self.canvases is not None
        if token not in self.canvases and "" not in self.canvases:
            return
        made = self._as_canvas(result.value, spelled(token))
        made.alias = self._shared(result)
        result.value = made

    def _shared(self, result: Arg) -> str:
        """What a value shares its elements with, as it is written; nothing for one of its own."""
        first, last, tokens = result.first, result.last, self.tokens
        if first == last and is_name(tokens[first]):
            return f"'{base_name(tokens[first])}'"
        depth, call = 0, ""
        for i in range(first, min(last, first + LOOKAHEAD) + 1):
            token = tokens[i]
            if not depth and FOLLOWS.get(token, ENDS)[2] and i > first:
                return ""  # an operator makes a new array
            if token[-1] in "([{":
                call = token if not depth else call
                depth += 1
            elif token in (")", "]", "}"):
                depth -= 1
        name = call[:-1].rstrip().rpartition(".")[2] if call[-1:] == "(" else ""
        if name in self.functions or (self.scope.is_variable(name) and isinstance(self.scope.peek(name), Function)):
            same = [each for each, other in self.scope.held() if other is result.value]
            return f"'{same[0]}'" if same else ""
        if name and name not in VIEWS and tokens[last] == ")":
            return ""
        return "the array that it is a part of" if canvas.is_view(result.value) else ""

    def outputs(self) -> list[tuple[str, Node]]:
        """What the last statement gives, by name: its target, the variable that it consists of, or `f`."""
        if self.last is None:
            raise self._nothing()
        names, result = self.last
        if isinstance(result.value, Group) and result.value.kind == "tuple":
            if not result.value.items:
                raise self.source.error("empty brackets have no value", result.first, result.last)
            base = names[0] if names else "f"
            number = len(result.value.items) > 1
            items = [
                (self._own_name(item) or f"{base}{at * number or ''}", item)
                for at, item in enumerate(result.value.items, 1)
            ]
        else:
            items = [(names[0] if names else self._own_name(result) or "f", result)]
        found: dict[str, Node] = {}
        for at, (name, item) in enumerate(items, 1):
            if isinstance(item.value, Node) and item.value.op.boolean:
                self.source.note("the output is a condition: its gradient is 0 everywhere", item.first, item.last)
            item.value = self.gates.value(item)
            self._place(item)
            found[name if name not in found else f"f{at}"] = item.value
        self.scope.finish({*names, *found})
        return list(found.items())

    @property
    def leading(self) -> list[int]:
        """The tokens that the statements of the program's first lines begin at."""
        found, depth, fresh = list[int](), 0, True
        for i, token in enumerate(self.tokens):
            if token == END:
                break
            if not depth and token in ("\n", ";"):
                fresh = True
                continue
            if fresh:
                fresh = False
                if self.tokens[i + 1] == "=":
                    found.append(i)
                elif found or (token[0] not in ("'", '"') and token not in ("import", "from")):
                    break
            depth += (token[-1] in "([{" and token[0] not in ("'", '"')) - (token in (")", "]", "}"))
        return found

    @property
    def is_file_of_functions(self) -> bool:
        """Whether the program is several functions, and no line of it computes anything."""
        return len(self.functions) > 1 and not self.scope.inputs and (self.last is None or bool(self.last[0]))

    def nothing_to_differentiate(self) -> GradcError:
        """The error for a program without inputs."""
        if self.last is None:
            return self._nothing()
        first, last = self.last[1].first, self.last[1].last
        text = self.source.quote(first, last)
        return self.source.error(f"{text} is a constant: there is nothing to differentiate", first, last)

    def _own_name(self, item: Arg) -> str:
        """The assigned name that a value consists of, if it does."""
        name = self.tokens[item.first]
        return spelled(name) if item.first == item.last and spelled(name) in self.scope.values else ""

    # ---- what is missing -------------------------------------------------------------------------

    def _unclosed(self) -> GradcError:
        _, bracket, args, first = self.stack[-1]
        if bracket in (IF_OPEN, TEST, TAKEN, TESTED):
            return mistakes.no_else(self.source, first)
        return mistakes.unclosed(self.source, bracket in SQUARE, mistakes.opening_of(self.tokens, bracket, args, first))

    def _nothing(self) -> GradcError:
        if not self.scope.inputs:
            return GradcError("nothing to compile", hint="write an expression, such as x*y")
        return self.source.error(
            "only declarations: nothing to compile", self.source.end - 1, hint="end with the output"
        )

    # ---- a program that is a function ------------------------------------------------------------

    def ends_program(self, i: int) -> int:
        """Where a program goes on that is nothing but a function, when it was read: in the function's body."""
        function = self._only_function()
        if function is None:
            return -1
        self.main = function
        scope = self.scope
        scope.unread.clear()
        self.enter_names(function.outer)
        scope.only = frozenset(spelled(self.tokens[param.name]) for param in function.params)
        for at, param in enumerate(function.params):
            self._parameter(param, function.defaults.get(at))
        self.last = None
        if function.is_lambda:
            self.then = self._outputs_are
            return function.body
        return self.statement(function.body)

    def _only_function(self) -> Function | None:
        """The function that is to be compiled: the chosen one, or the only one, where no line computes anything."""
        if self.main is not None or self.scope.inputs or (self.last is not None and not self.last[0]):
            only = self.last[1].value if self.last is not None and not self.last[0] else None
            return only if isinstance(only, Function) and self.main is None and not self.scope.inputs else None
        functions = self.functions
        if not functions and self.last is not None and isinstance(self.last[1].value, Function):
            return self.last[1].value  # f = lambda x: ...
        if self.chosen:
            return functions.get(self.chosen)
        return next(iter(functions.values())) if len(functions) == 1 else None

    def _parameter(self, param: Param, default: Any) -> None:
        """An input for a parameter; what is no number stays what its default is."""
        if param.star:
            raise self.source.error("an input has a name of its own", param.name, hint="write the parameters out")
        token = self.tokens[param.name]
        if isinstance(default, (Text, Function, Dict, Callee)) or default is NONE or self._is_flag(param, default):
            self.scope.bind(token, param.name, default)
            return
        shape = self.annotated(param.annotation) if param.annotation is not None else None
        if shape is not None:
            self.scope.declare(token, param.name, shape)
        else:
            self.scope.read(token, param.name)

    def _is_flag(self, param: Param, default: Any) -> bool:
        return param.default is not None and self.tokens[param.default] in ("True", "False")

    def annotated(self, at: int) -> tuple[int | str, ...] | None:
        """The shape that an annotation such as `[n, 3]` gives; None for a type."""
        if self.tokens[at] != "[":
            return None
        return self.dimensions(at)[0]

    # ---- rules -----------------------------------------------------------------------------------

    def _lower(self, text: str, bound: Mapping[str, Node]) -> Node:
        """The gates that an operator is composed of."""
        reader = Reader(Source(text), self.build, {}, bound)
        reader.run()
        return reader.outputs()[0][1]


# Decorators that change nothing of what a function computes.
DECORATORS = frozenset("jit njit staticmethod cache lru_cache no_grad compile function partial".split())
# Types that isinstance asks for.
TYPES = frozenset("int float complex bool str list tuple dict".split())
# Functions and methods whose results may share elements with what they are of.
VIEWS = frozenset(
    "reshape ravel transpose squeeze swapaxes moveaxis broadcast_to asarray diagonal diag split hsplit vsplit view "
    "expand_dims flip array_split real imag".split()
)
# A subscript that is assigned to.
_STORES = re.compile(r"\]\s*(?:[-+*/%@^]|\*\*|//)?=(?!=)")


def _starred(word: str, gates: Gates, value: Any) -> Star:
    return Star(word, value)


_HEADERS = frozenset(("else", "try", "finally"))
_STATEMENTS: dict[str, Any] = {
    "for": Reader._for, "if": Reader._if, "def": Reader._def, "return": Reader._return, "pass": Reader._pass,
    "break": Reader._leave, "continue": Reader._leave, "assert": Reader._assert, "import": Reader._import,
    "from": Reader._import, SUITE: Reader._suite_ends,
    "del": Reader._del, "...": Reader._dots, "@": Reader._decorator,
    **dict.fromkeys("while class with try global nonlocal raise async".split(), Reader._refused_statement),
}  # fmt: skip
