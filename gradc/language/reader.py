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

from collections.abc import Mapping
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.graph.shapes import ShapeError
from gradc.language import advice, mistakes
from gradc.language.atoms import Leaves
from gradc.language.gates import CONDITIONS, Gates, choose, comparison, invert, invert_mask, logic, mask
from gradc.language.lex import END, SUPERSCRIPTS, Source, is_name, is_number, spelled
from gradc.language.scope import SCALARS, Scope, base_name, dimension
from gradc.language.values import ELLIPSIS, EMPTY, NONE, Arg, Args, Callee, Group, Slice
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
STOP = (1, END, 0)
FOLLOWS: dict[str, tuple[int, Any, int]] = {
    **{symbol: (level, op, level) for symbols, level, op in _BINARY for symbol in symbols.split()},
    **dict.fromkeys(("**", "^"), (POWER + 1, s.pow_, POWER)),  # to the right first
    **{symbol: (level, join, 0) for symbol, level, join in _LOGIC},
    **{symbol: (COMPARE + 1, op, 0) for symbols, op in _COMPARISONS for symbol in symbols.split()},
    **dict.fromkeys((")", "]", ",", ":", "=", "else"), (1, None, 0)),
    "if": (IF, None, 0),
    ";": STOP,
    END: STOP,
}
LIST, INDEX, IF_OPEN = "[", "subscript", "if"
# What may stand where a value is expected and opens something: (operator or bracket, level, brackets opened).
OPENS: dict[str, tuple[Any, int, int]] = {
    "(": (None, 0, 1),
    "[": (LIST, 0, 1),
    **dict.fromkeys(("-", "−", "–"), (s.neg, SIGN, 0)),
    "√": (s.sqrt, SIGN, 0),
    "∛": (s.cbrt, SIGN, 0),
}
AUGMENTED = {"+=": s.add, "-=": s.sub, "*=": s.mul, "/=": s.div, "@=": a.matmul, "**=": s.pow_, "^=": s.pow_}
KNOWN = {*FOLLOWS, *OPENS, *AUGMENTED, "~"}


class Reader:
    """Reads one program into a builder. With `places`, every node's first tokens are kept as well."""

    def __init__(
        self, source: Source, build: Builder, shapes: Any, bound: Mapping[str, Node], places: bool = False
    ) -> None:
        self.source, self.build = source, build
        self.tokens = source.tokens
        self.scope = Scope(source, build, shapes, bound)
        self.gates = Gates(source, build, self.scope, self._lower)
        self.leaves = Leaves(source, build, self.scope, self.gates)
        self.make: Any = self.gates.make if bound else build.make
        self.atoms: dict[str, Any] = {}  # tokens that are values, until their name is assigned anew
        self.opens: dict[str, tuple[Any, int, int]] = dict(OPENS)  # tokens that open something; calls are added
        self.by_name: dict[str, list[str]] = {}  # the tokens above that hang on a name
        self.stack: list[tuple[int, Any, Any, int]] = []
        self.items: list[Arg] = []  # what stood before a comma outside all brackets
        self.targets: list[int] = []
        self.augmented: tuple[Op, int] | None = None
        self.last: tuple[list[str], Arg] | None = None
        self.places: dict[Node, tuple[int, int]] | None = {} if places else None

    # ---- the loop ------------------------------------------------------------------------------

    def run(self) -> None:
        """Read the whole program."""
        tokens, atoms, opens, follows, places = self.tokens, self.atoms, self.opens, FOLLOWS, self.places
        stack = self.stack
        push, pop = stack.append, stack.pop
        make = self.make
        i = self.statement(0)
        start = first = i
        op: Any = None
        value: Any = None
        left: Any = None
        depth = top = 0
        try:
            while i >= 0:
                depth = top = 0
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
                        value, i, top = self.learn(token, i, top)
                        make = self.make
                        if value is None:
                            continue
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
                            follow = STOP
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
                                value = self.close(op, left, value, first, start, i)
                                make = self.make
                            start = first
                            if places is not None and value.__class__ is Node:
                                places.setdefault(value, (first, i))
                            i += 1
                            continue
                        if follow is STOP:
                            break
                        value, start, top, depth, expects = self.separate(token, value, start, i, top, depth)
                        make = self.make
                        i += 1
                        if expects:
                            break
                    if follow is STOP:
                        break
                i = self.finish(value, start, i)
                make = self.make
        except ShapeError as error:
            raise self.gates.misfit(error, op, self._operands(left, value, first, start, i)) from None
        except GradcError as error:
            if error.marks:
                raise
            raise self.source.error(error.message, min(first, start), i - 1, error.hint) from None

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

    def learn(self, token: str, i: int, top: int) -> tuple[Any, int, int]:
        """The value of a token that is seen for the first time, or None when it is now known how to go on."""
        if is_name(token):
            return self._learn_name(token, i, top)
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
        if token == "..." and bracket is INDEX:
            self._careful()
            return ELLIPSIS, i, top
        if self._may_be_empty(token, bracket):
            self._careful()
            return EMPTY, i, top
        raise mistakes.instead_of_value(self.source, KNOWN, token, i, bool(self.stack))

    def _may_be_empty(self, token: str, bracket: Any) -> bool:
        """Whether nothing may stand before this token: `f(x,)`, `[]`, `x[1:]`, `x[:, 0]`, `x,`."""
        match token:
            case ")":
                return bracket is not IF_OPEN and bracket not in (LIST, INDEX)
            case "]":
                return bracket in (LIST, INDEX)
            case ":":
                return bracket is INDEX
            case ",":
                return bracket is INDEX and self.stack[-1][2].slice is not None
            case "\n" | ";" | "":
                return bool(self.items) and not self.stack
        return False

    def _learn_name(self, token: str, i: int, top: int) -> tuple[Any, int, int]:
        word = base_name(token)
        if token == "not":
            self._careful()
            self.stack.append((top, invert, None, i))
            return None, i + 1, NOT
        if advice.is_keyword(word):
            return self._word(word, i), i, top
        if token[-1] == "(":
            self.opens[token] = self._call(token, i), 0, 1
            return None, i, top
        if self.tokens[i + 1] == "=" and self._takes_keywords(top):
            self._keyword(token, i)
            return None, i + 2, top
        if self._is_dimension(spelled(token)):
            self._careful()
            return spelled(token), i, top
        self.atoms[token] = value = self.leaves.atom(token, i)
        self.by_name.setdefault(word, []).append(token)
        if not isinstance(value, Node):
            self._careful()
        return value, i, top

    def _word(self, word: str, i: int) -> Any:
        """True, False and None; any other keyword is refused."""
        if word in ("True", "False"):
            self.atoms[word] = self.build.const(int(word == "True"))
            return self.atoms[word]
        if word == "None" and self.stack and self.tokens[i + 1] in (",", ")", "]", ":"):
            self._careful()
            return NONE
        raise mistakes.keyword_as_value(self.source, word, i, FOLLOWS)

    def _is_dimension(self, name: str) -> bool:
        """Whether a name is a declared size, in the shape of a reshape."""
        if name not in self.scope.dims or self.scope.is_variable(name):
            return False
        calls = [bracket for _, bracket, _, _ in self.stack[-3:] if isinstance(bracket, Callee)]
        return bool(calls) and calls[-1].op is a.reshape

    def _call(self, token: str, i: int) -> Callee | Op:
        """What a call opens; the operator itself where it is a gate of one argument and nothing else."""
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

    def close(self, bracket: Any, args: Any, value: Any, first: int, start: int, i: int) -> Any:
        """The value of what a `)` closes, other than a value in parentheses or a call of one argument."""
        if bracket is IF_OPEN:
            raise mistakes.no_else(self.source, first)
        if bracket in (LIST, INDEX):
            raise mistakes.mismatch(self.source, True, mistakes.opening_of(self.tokens, bracket, args, first), i)
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
        return self.gates.call(bracket, args.given, first, i)

    # ---- something follows a value -------------------------------------------------------------

    def postfix(self, token: str, value: Any, start: int, i: int, top: int) -> tuple[Any, int, int, bool]:
        """What belongs to the value before it: a subscript, `.T`, a method, a superscript."""
        if token == "[":
            self._careful()
            self.stack.append((top, INDEX, Args(Arg(value, start, i - 1), i), start))
            return value, i + 1, 0, True
        if token == ".T":
            return self.gates.apply(a.transpose, [Arg(value, start, i - 1)], (None,)), i + 1, top, False
        if token[0] == "." and token[-1] == "(":
            callee = self.gates.callee(token[1:-1].rstrip(), i, receiver=Arg(value, start, i - 1))
            self.stack.append((top, callee, None, start))
            return value, i + 1, 0, True
        if token[0] == "." and is_name(token[1:]):
            raise self.leaves.attribute(token[1:], i)
        if token[-1] in SUPERSCRIPTS and (token[0] in SUPERSCRIPTS or token[0] == "⁻"):
            power = self.leaves.number("".join(SUPERSCRIPTS.get(char, "") for char in token), i)
            exponent = self.build.const(-power if token[0] == "⁻" else power)
            return self.gates.apply(s.pow_, [Arg(value, start, i - 1), Arg(exponent, i, i)]), i + 1, top, False
        if self.tokens[i - 1] == "\n":
            raise self._unclosed()
        raise mistakes.behind_value(self.source, KNOWN, token, i, start)

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
            case ":":
                self._colon(value, start, i)
                return value, start, top, depth, True
            case "=":
                self._equals(start, i, top)
                return value, start, top, depth, True
        self._careful()
        if value is EMPTY:
            raise mistakes.instead_of_value(self.source, KNOWN, token, i, bool(self.stack))
        match token:
            case "if":
                self.stack.append((top, IF_OPEN, Arg(value, start, i - 1), start))
                return value, start, 0, depth, True
            case "else":
                return value, start, self._else(value, start, i, top), depth, True
        op = FOLLOWS[token][1]
        if type(op) is Op:
            op, start, top = self._comparison(op, value, start, i, top)
            self.stack.append((top, op, value, start))
            return value, start, COMPARE, depth, True
        self.stack.append((top, op, value, start))
        return value, start, FOLLOWS[token][0], depth, True

    def _comma(self, value: Any, start: int, i: int) -> None:
        if not self.stack:
            self._decimal_comma(i)
            self.items.append(Arg(value, start, i - 1))
            return
        if self.stack[-1][1] is IF_OPEN:
            raise mistakes.no_else(self.source, self.stack[-1][3])
        args = self._args()
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
        if bracket is IF_OPEN:
            raise mistakes.no_else(self.source, first)
        if bracket not in (LIST, INDEX):
            raise mistakes.mismatch(self.source, False, mistakes.opening_of(self.tokens, bracket, args, first), i)
        self.stack.pop()
        self._careful()
        args = args or Args()
        if value is not EMPTY or args.slice is not None:
            args.add(value, start, i - 1)
        if bracket is INDEX:
            return self.gates.index(args.base or Arg(EMPTY, first, i), args.given, i), first, level
        if len(args.given) == 1 and isinstance(args.given[0].value, Slice):
            raise self.source.error("a slice stands in a subscript only", first, i)
        return Group("list", args.given), first, level

    def _colon(self, value: Any, start: int, i: int) -> None:
        """A `:` in a subscript begins or continues a slice."""
        if not self.stack or self.stack[-1][1] is not INDEX:
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
        self.targets, self.augmented, self.items = [], None, []
        while True:
            token, following = tokens[i], tokens[i + 1]
            if token == "\n" or token == ";":
                if self.targets:
                    raise self.source.error("expected a value after '='", i - 1)
                i += 1
            elif token == END:
                if self.targets:
                    raise self.source.error("expected a value after '='", i - 1)
                return -1
            elif following == "=" and is_name(token) and token[-1] != "(":
                self.targets.append(self._target(token, i))
                i += 2
            elif following in AUGMENTED and is_name(token) and token[-1] != "(":
                self.augmented = AUGMENTED[following], self._target(token, i)
                return i + 2
            elif following == ":" and is_name(token) and token[-1] != "(" and not self.targets:
                i = self._declaration(i)
            else:
                return i

    def _target(self, token: str, i: int) -> int:
        if not token.isidentifier() and base_name(token) != token:
            raise self.source.error(
                "only a whole name can be assigned",
                i,
                hint=f"give the new value a name of its own, as {base_name(token)}2 = ...",
            )
        self.scope.name(token, i)
        return i

    def _declaration(self, i: int) -> int:
        """`W: [5, 10]`: declare, and return the token after it."""
        tokens, name, at = self.tokens, self.tokens[i], i
        if not name.isidentifier() and base_name(name) != name:
            raise self.source.error("only a name has a declaration", i)
        i += 2
        close = {"[": "]", "(": ")"}.get(tokens[i], "")
        shape: list[int | str] = []
        if close:
            i += 1
            while tokens[i] != close:
                if tokens[i] == "\n":
                    i += 1
                    continue
                shape.append(dimension(self.source, i))
                i += 1
                while tokens[i] == "\n":
                    i += 1
                if tokens[i] == ",":
                    i += 1
                elif tokens[i] != close:
                    raise self.source.error(
                        f"expected '{close}' or ',' after a dimension", i - 1, hint="write x: [n, 3]"
                    )
        elif tokens[i] not in SCALARS:
            shape.append(dimension(self.source, i))
        i += 1
        if tokens[i] not in ("\n", ";", END) and not (tokens[i] == "," and tokens[i + 2] == ":"):
            raise self.source.error(
                "a declaration stands on a line of its own", i, hint="write x: [n, 3], and the value on the next line"
            )
        self.scope.declare(name, at, tuple(shape))
        return i + (tokens[i] == ",")

    def finish(self, value: Any, start: int, i: int) -> int:
        """Take the value of a statement, and go to the next one."""
        if self.stack:
            raise self._unclosed()
        first = self.items[0].first if self.items else start
        if self.items:
            items = self.items if value is EMPTY else [*self.items, Arg(value, start, i - 1)]
            self._careful()
            value = Group("tuple", items)
        result = Arg(value, first, i - 1)
        if self.augmented:
            op, at = self.augmented
            before = Arg(self.scope.read(self.tokens[at], at), at, at)
            result = Arg(self.gates.apply(op, [before, result]), at, i - 1)
            self.targets = [at]
        elif not (isinstance(value, Group) and value.kind == "tuple"):
            result.value = value if isinstance(value, Node) else self.gates.value(result)
        self._place(result)
        if self.last is not None and not self.last[0]:
            self.source.note("the value of this line is not used", self.last[1].first, self.last[1].last)
        names = [self._assign(at, result) for at in self.targets]
        self.last = names, result
        return self.statement(i)

    def _place(self, arg: Arg) -> None:
        if self.places is not None and isinstance(arg.value, Node):
            self.places.setdefault(arg.value, (arg.first, arg.last))

    def _assign(self, at: int, result: Arg) -> str:
        name = self.scope.assign(self.tokens[at], at, result.value, result.first, result.last)
        for token in self.by_name.pop(base_name(self.tokens[at]), ()):
            self.atoms.pop(token, None)
            self.opens.pop(token, None)
        return name

    def outputs(self) -> list[tuple[str, Node]]:
        """What the last statement gives, by name: its target, the variable that it consists of, or `f`."""
        if self.last is None:
            raise self._nothing()
        names, result = self.last
        if isinstance(result.value, Group):
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
            item.value = self.gates.value(item)
            self._place(item)
            found[name if name not in found else f"f{at}"] = item.value
        self.scope.finish({*names, *found})
        return list(found.items())

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
        if bracket is IF_OPEN:
            return mistakes.no_else(self.source, first)
        return mistakes.unclosed(
            self.source, bracket in (LIST, INDEX), mistakes.opening_of(self.tokens, bracket, args, first)
        )

    def _nothing(self) -> GradcError:
        if not self.scope.inputs:
            return GradcError("nothing to compile", hint="write an expression, such as x*y")
        return self.source.error(
            "only declarations: nothing to compile", len(self.tokens) - 3, hint="end with the output"
        )

    # ---- rules -----------------------------------------------------------------------------------

    def _lower(self, text: str, bound: Mapping[str, Node]) -> Node:
        """The gates that an operator is composed of."""
        reader = Reader(Source(text), self.build, {}, bound)
        reader.run()
        return reader.outputs()[0][1]
