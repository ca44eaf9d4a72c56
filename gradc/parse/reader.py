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

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

from gradc.dag import Node
from gradc.errors import GradcError, Mark, Problem
from gradc.ops import array as a
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import Op, lookup
from gradc.parse import advice
from gradc.parse.gates import CONDITIONS, LIBRARIES, PARTS, SPECIAL, Gates, choose, comparison, invert, logic, mask
from gradc.parse.lex import END, SUPERSCRIPTS, Source, code_points, is_name, is_number, spelled
from gradc.parse.scope import SCALARS, Scope, base_name, dimension
from gradc.parse.values import ELLIPSIS, EMPTY, NONE, Arg, Args, Callee, Group, Slice
from gradc.shapes import ShapeError
from gradc.simplify import MAX_EXACT_INT, Builder

# Levels, as Python has them. An operator binds everything above its own level to its left.
ELSE, IF, OR, AND, NOT, COMPARE, BAR, AMP, ADD, MUL, SIGN, POWER = 1, 2, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12

# What may follow a value: (level down to which the stack is closed, operator, level that it opens; 0 for what the table does not settle).
FOLLOWS: dict[str, tuple[int, Any, int]] = {
    "+": (ADD, s.add, ADD), "-": (ADD, s.sub, ADD), "−": (ADD, s.sub, ADD), "–": (ADD, s.sub, ADD),
    "*": (MUL, s.mul, MUL), "×": (MUL, s.mul, MUL), "·": (MUL, s.mul, MUL), "⋅": (MUL, s.mul, MUL), "∗": (MUL, s.mul, MUL),
    "∙": (MUL, s.mul, MUL), "/": (MUL, s.div, MUL), "÷": (MUL, s.div, MUL), "∕": (MUL, s.div, MUL), "@": (MUL, a.matmul, MUL),
    "**": (POWER + 1, s.pow_, POWER), "^": (POWER + 1, s.pow_, POWER),
    "&": (AMP, mask(r.all_of, "&"), 0), "|": (BAR, mask(r.any_of, "|"), 0), "and": (AND, logic(r.all_of), 0), "or": (OR, logic(r.any_of), 0),
    ")": (1, None, 0), ",": (1, None, 0), "]": (1, None, 0), ":": (1, None, 0), "=": (1, None, 0), "if": (IF, None, 0), "else": (1, None, 0),
}  # fmt: skip
COMPARISONS = {
    "<": r.lt, ">": r.gt, "<=": r.le, ">=": r.ge, "==": r.eq, "!=": r.ne, "≤": r.le, "≥": r.ge, "≠": r.ne,
}  # fmt: skip
FOLLOWS |= {symbol: (COMPARE + 1, op, 0) for symbol, op in COMPARISONS.items()}
STOP = (1, END, 0)
FOLLOWS |= {";": STOP, END: STOP}
LIST, INDEX, IF_OPEN = "[", "subscript", "if"
# What may stand where a value is expected and opens something: (operator or bracket, level, brackets opened).
OPENS: dict[str, tuple[Any, int, int]] = {
    "(": (None, 0, 1), "[": (LIST, 0, 1), "-": (s.neg, SIGN, 0), "−": (s.neg, SIGN, 0), "–": (s.neg, SIGN, 0), "√": (s.sqrt, SIGN, 0), "∛": (s.cbrt, SIGN, 0),
}  # fmt: skip
AUGMENTED = {"+=": s.add, "-=": s.sub, "*=": s.mul, "/=": s.div, "@=": a.matmul, "**=": s.pow_, "^=": s.pow_}
# Numbers of more digits are floats at once; Python itself refuses to read very long ones as integers.
MAX_INT_DIGITS = 16


class Reader:
    """Reads one program into a builder. With `places`, every node's first tokens are kept as well."""

    def __init__(self, source: Source, build: Builder, shapes: Any, bound: Mapping[str, Node], places: bool = False) -> None:
        self.source, self.build = source, build
        self.tokens = source.tokens
        self.scope = Scope(source, build, shapes, bound)
        self.gates = Gates(source, build, self.scope, self._lower)
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
                            if left is None and op.__class__ is Op:
                                value = make(op, (value,))
                            elif left is not None or op is not None or value is EMPTY:
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
            self.atoms[token] = value = self.build.const(self._number(token, i))
            return value, i, top
        if token == "+":
            return None, i + 1, top
        if token == "~":
            self._careful()
            self.stack.append((top, invert, None, i))
            return None, i + 1, SIGN
        bracket = self.stack[-1][1] if self.stack and top == 0 else IF_OPEN
        if token == "..." and bracket is INDEX:
            self._careful()
            return ELLIPSIS, i, top
        if self._may_be_empty(token, bracket):
            self._careful()
            return EMPTY, i, top
        raise self._expected_a_value(token, i)

    def _may_be_empty(self, token: str, bracket: Any) -> bool:
        """Whether nothing may stand before this token: `f(x,)`, `[]`, `x[1:]`, `x[:, 0]`."""
        match token:
            case ")":
                return bracket is not IF_OPEN and bracket not in (LIST, INDEX)
            case "]":
                return bracket in (LIST, INDEX)
            case ":":
                return bracket is INDEX
            case ",":
                return bracket is INDEX and self.stack[-1][2].slice is not None
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
            self.opens[token] = self._callee(token, i)
            return None, i, top
        if self.tokens[i + 1] == "=" and self._takes_keywords(top):
            self._keyword(token, i)
            return None, i + 2, top
        value = self._atom(token, i)
        if not isinstance(value, Node):
            self._careful()
        if not isinstance(value, str):
            self.atoms[token] = value
            self.by_name.setdefault(word, []).append(token)
        return value, i, top

    def _word(self, word: str, i: int) -> Any:
        """True, False and None; any other keyword is refused."""
        if word in ("True", "False"):
            self.atoms[word] = self.build.const(int(word == "True"))
            return self.atoms[word]
        following = self.tokens[i + 1]
        if word == "None" and self.stack and following in (",", ")", "]", ":"):
            self._careful()
            return NONE
        if word == "lambda" and (following == ":" or is_name(following)):
            raise self.source.error("'lambda' functions are not part of the language", i, hint="write the body as a line: name = expression")
        if word in advice.STATEMENTS and following not in FOLLOWS:
            raise self.source.error(f"'{word}' is not part of the language", i, hint=advice.STATEMENTS[word])
        if following in (END, "\n") and word in advice.STATEMENTS:
            raise self.source.error(f"'{word}' is not part of the language", i, hint=advice.STATEMENTS[word])
        raise self.source.error(f"'{word}' is a keyword of Python and cannot be a name", i, hint=advice.renamed(word))

    def _number(self, token: str, at: int) -> float:
        """The value of a literal."""
        try:
            if token.isdecimal() and len(token) <= MAX_INT_DIGITS:
                return int(token)
            value = float(token)
        except ValueError:
            raise self.source.error(f"'{token[:40]}' is not a number", at) from None
        if not math.isfinite(value):
            shown = token if len(token) < MAX_INT_DIGITS else token[:MAX_INT_DIGITS] + "…"
            raise self.source.error(f"{shown} is not a finite number", at, hint="the largest is about 1.8e308")
        return int(value) if token.replace("_", "").isdecimal() and value <= MAX_EXACT_INT else value

    def _atom(self, token: str, i: int) -> Any:
        """The value of `x`, `x.T`, `A[0, 1]`, `np.pi`."""
        path, bracket, inside = token.partition("[")
        value = self._path(path.split("."), i)
        if not bracket:
            return value
        items = [Arg(self.build.const(int(number)), i, i) for number in inside[:-1].split(",")]
        return self.gates.index(Arg(value, i, i), items, i)

    def _path(self, path: list[str], i: int) -> Any:
        """The value of a dotted name: a library's constant, or a variable and its transposes."""
        if len(path) > 1 and self._is_library(path):
            return self._library_constant(path, i)
        if self._is_dimension(path):
            return path[0]
        value = self.scope.read(path[0], i)
        for attribute in path[1:]:
            if attribute != "T":
                raise self._attribute(attribute, i)
            value = self.gates.apply(a.transpose, [Arg(value, i, i)], (None,))
        return value

    def _is_library(self, path: list[str]) -> bool:
        if path[0] not in LIBRARIES or self.scope.is_variable(path[0]):
            return False
        return all(part in PARTS for part in path[1:-1])

    def _library_constant(self, path: list[str], i: int) -> Any:
        name = path[-1]
        if name in ("pi", "e"):
            return self.build.const(getattr(math, name))
        if name == "newaxis":
            return NONE
        if name in ("inf", "nan", "infty", "Inf", "NaN"):
            raise self.source.error(f"'{name}' is not a finite number", i)
        if lookup(name):
            raise self.source.error(f"'{name}' needs parentheses", i, hint=f"write {'.'.join(path)}(x)")
        raise self.source.error(f"'{'.'.join(path)}' is not part of the language", i, hint=f"{path[0]} has pi and e here, and the functions that 'gradc gates' lists")

    def _is_dimension(self, path: list[str]) -> bool:
        """Whether a name is a size that was declared, in the shape of a reshape."""
        name = path[0]
        if len(path) > 1 or name not in self.scope.dims or self.scope.is_variable(name):
            return False
        for _, bracket, _, _ in reversed(self.stack[-3:]):
            if isinstance(bracket, Callee):
                return bracket.op is a.reshape
        return False

    def _attribute(self, name: str, i: int) -> GradcError:
        hint = "sizes are not values here; mean(x) divides by the size" if name in ("shape", "size", "ndim") else "'.T' and methods such as '.sum()' are"
        return self.source.error(f"the attribute '.{name}' is not part of the language", i, hint=hint)

    # ---- calls ---------------------------------------------------------------------------------

    def _callee(self, token: str, i: int) -> tuple[Any, int, int]:
        """What a token such as `np.exp(`, `w.dot(` or `atan2(` opens."""
        path = token[:-1].rstrip().split(".")
        name = path[-1]
        if len(path) == 1:
            self._not_a_variable(name, i)
            callee = self.gates.callee(name, i)
        elif self._is_library(path):
            self.scope.functions.setdefault(path[0], i)
            callee = self.gates.callee(name, i, prefixed=True)
        else:
            callee = self.gates.callee(name, i, receiver=Arg(self._path(path[:-1], i), i, i))
            self.by_name.setdefault(path[0], []).append(token)
        if callee.op is None and name not in SPECIAL:
            self._careful()
        op = callee.op
        if op is None or callee.receiver is not None or len(op.params) != 1 or op.statics or op.variadic or op.lower or op in CONDITIONS:
            return callee, 0, 1
        return op, 0, 1

    def _not_a_variable(self, name: str, i: int) -> None:
        known = lookup(name) is not None or name in SPECIAL
        if not self.scope.is_variable(name) and (known or not advice.looks_like_variable(name)):
            return
        if known:
            raise self.source.error(f"'{name}' is used both as a variable and as a function", i, hint=f"rename the variable, or call np.{name}(...)")
        close = self.source.matching(i)
        if self.tokens[close + 1] == "=" and not self.stack:
            raise self.source.error(f"'{self.source.quote(i, close)} =' defines a function", i, close, f"write {name} = ..., with the inputs by their names")
        start = self.source.span(i, i)[0]
        argument = self.source.quote(i, close)[len(name) :].lstrip()
        raise GradcError.of(
            [*self.source.problems, Problem(f"'{name}' is a variable, not a function", self.source.text, (Mark(start, start + len(name)),), f"write {name}*{argument}")]
        )

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
            raise self._no_else(first)
        if bracket in (LIST, INDEX):
            raise self._mismatch(bracket, args, first, i)
        args = args or Args()
        if args.key and value is EMPTY:
            raise self.source.error("expected a value after '='", i - 1)
        if value is not EMPTY:
            args.add(value, start, i - 1)
        if bracket is None:
            if not args.given:
                raise self.source.error("nothing stands in '()'", first, i)
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
            raise self._attribute(token[1:], i)
        if token[0] in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹":
            power = self.build.const(int("".join(SUPERSCRIPTS.get(char, "-") for char in token)))
            return self.gates.apply(s.pow_, [Arg(value, start, i - 1), Arg(power, i, i)]), i + 1, top, False
        raise self._unexpected(token, value, start, i)

    def separate(self, token: str, value: Any, start: int, i: int, top: int, depth: int) -> tuple[Any, int, int, int, bool]:
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
            raise self._expected_a_value(token, i)
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
            raise self._no_else(self.stack[-1][3])
        args = self._args()
        if value is EMPTY and (args.slice is None or args.key):
            raise self._expected_a_value(",", i)
        args.add(value, start, i - 1)

    def _decimal_comma(self, i: int) -> None:
        """1,5 is not one and a half."""
        before, after = self.tokens[i - 1], self.tokens[i + 1]
        if before.isdecimal() and is_number(after) and self.source.span(i - 1, i + 1) == (self.source.span(i - 1, i - 1)[0], self.source.span(i + 1, i + 1)[1]):
            (_, end), (begin, _) = self.source.span(i - 1, i - 1), self.source.span(i + 1, i + 1)
            if begin - end == 1:
                raise self.source.error("a decimal comma?", i - 1, i + 1, f"write {before}.{after}")

    def _close_square(self, value: Any, start: int, i: int) -> tuple[Any, int, int]:
        """The value of what a `]` closes, its first token, and the level outside."""
        if not self.stack:
            raise self.source.error("']' closes nothing", i)
        level, bracket, args, first = self.stack[-1]
        if bracket is IF_OPEN:
            raise self._no_else(first)
        if bracket not in (LIST, INDEX):
            raise self._mismatch(bracket, args, first, i)
        self.stack.pop()
        self._careful()
        args = args or Args()
        if value is not EMPTY or args.slice is not None:
            args.add(value, start, i - 1)
        if bracket is INDEX:
            return self.gates.index(args.base, args.given, i), first, level
        if len(args.given) == 1 and isinstance(args.given[0].value, Slice):
            raise self.source.error("a slice stands in a subscript only", first, i)
        return Group("list", args.given), first, level

    def _colon(self, value: Any, start: int, i: int) -> None:
        """A `:` in a subscript begins or continues a slice."""
        if not self.stack or self.stack[-1][1] is not INDEX:
            raise self.source.error("':' stands in declarations and slices only", i, hint="write x: [n, 3] on a line of its own, or a if c else b")
        args = self._args()
        args.slice = [*(args.slice or ()), None if value is EMPTY else Arg(value, start, i - 1)]

    def _equals(self, start: int, i: int, top: int) -> None:
        """A `=` after a value: the keyword of an argument, or a mistake."""
        token = self.tokens[i - 1]
        opener = self.tokens[i - 2] if i > 1 else ""
        if start == i - 1 and is_name(token) and token.isidentifier() and self._takes_keywords(top) and (opener == "," or opener[-1:] == "("):
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
        so_far = self.gates.placed(lambda: before(self.gates, left, value), before, self._operands(left, value, first, start, i))
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
            raise self.source.error("only a whole name can be assigned", i, hint=f"give the new value a name of its own, as {base_name(token)}2 = ...")
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
                    raise self.source.error(f"expected '{close}' or ',' after a dimension", i - 1, hint="write x: [n, 3]")
        elif tokens[i] not in SCALARS:
            shape.append(dimension(self.source, i))
        i += 1
        if tokens[i] not in ("\n", ";", END) and not (tokens[i] == "," and tokens[i + 2] == ":"):
            raise self.source.error("a declaration stands on a line of its own", i, hint="write x: [n, 3], and the value on the next line")
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
            result.value = self.gates.apply(op, [Arg(self.scope.read(self.tokens[at], at), at, at), result])
            self.targets = [at]
        elif not (isinstance(value, Group) and value.kind == "tuple"):
            result.value = value if isinstance(value, Node) else self.gates.value(result)
        if self.last is not None and not self.last[0]:
            self.source.note("the value of this line is not used", self.last[1].first, self.last[1].last)
        names = [self._assign(at, result) for at in self.targets]
        self.last = names, result
        return self.statement(i)

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
            base = names[0] if names else "f"
            items = [(self._own_name(item) or f"{base}{at}", item) for at, item in enumerate(result.value.items, 1)]
        else:
            items = [(names[0] if names else self._own_name(result) or "f", result)]
        found: dict[str, Node] = {}
        for at, (name, item) in enumerate(items, 1):
            found[name if name not in found else f"f{at}"] = self.gates.value(item)
        self.scope.finish({*names, *found})
        return list(found.items())

    def _own_name(self, item: Arg) -> str:
        """The assigned name that a value consists of, if it does."""
        name = self.tokens[item.first]
        return spelled(name) if item.first == item.last and spelled(name) in self.scope.values else ""

    # ---- what is wrong ---------------------------------------------------------------------------

    def _nothing(self) -> GradcError:
        end = len(self.tokens) - 3
        if not self.scope.inputs:
            return GradcError("nothing to compile", hint="write an expression, such as x*y")
        return self.source.error("only declarations: nothing to compile", max(end, 0), hint="end with the output")

    def _refused(self, token: str, i: int) -> GradcError | None:
        """The error for a token that the language does not have at all."""
        if token[0] in "'\"":
            hint = "write x.T for the transpose" if token[0] == "'" and i and self.tokens[i - 1][-1] in ")]" else ""
            return self.source.error("strings are not part of the language", i, hint=hint)
        if token in advice.SYMBOLS:
            what, instead = advice.SYMBOLS[token]
            return self.source.error(f"{what} is not part of the language", i, hint=instead)
        if token in FOLLOWS or token in OPENS or token in AUGMENTED or token in ("~", "\n") or token[0] == "." and len(token) > 1:
            return None
        if is_name(token) or is_number(token) or token[0] in SUPERSCRIPTS or token[0] == "⁻":
            return None
        plain = unicodedata.normalize("NFKC", token[0])
        hint = f"write {plain}" if plain != token[0] and plain in FOLLOWS | OPENS else ""
        shown = token[0] if token[0].isprintable() else "this character"
        return self.source.error(f"'{shown}' ({code_points(token[0])}) is not part of the language", i, hint=hint)

    def _expected_a_value(self, token: str, i: int) -> GradcError:
        """The error where an operator, a bracket or the end stands in place of a value."""
        refused = self._refused(token, i) if token else None
        if refused:
            return refused
        before = i - 1
        while before >= 0 and self.tokens[before] == "\n":
            before -= 1
        if before < 0 or (not self.stack and self.tokens[before] == ";") or (not self.stack and before < i - 1):
            what = "closes nothing" if token in (")", "]") else "has no value before it"
            return self.source.error(f"'{token}' {what}", i)
        shown = self.tokens[before]
        if shown[-1] == "(":
            shown = "("
        return self.source.error(f"expected a value after '{shown}'", before)

    def _unexpected(self, token: str, value: Any, start: int, i: int) -> GradcError:
        """The error where a value stands behind a value, without an operator between them."""
        refused = self._refused(token, i)
        if refused:
            return refused
        word = base_name(token)
        if advice.is_keyword(word):
            return self._unexpected_word(word, i)
        before, source = self.tokens[i - 1], self.source
        if before.isidentifier() and self._is_function(before) and before not in self.scope.values:
            return source.error(f"'{before}' needs parentheses", i - 1, hint=f"write {before}({self._quoted(i)})")
        power = self._power_of_function(i)
        if power:
            return power
        if before == "0" and token[0] in "xXbBoO":
            return source.error("only decimal numbers are part of the language", i - 1, i)
        left = before if start == i - 1 or is_name(before) or is_number(before) else f"({source.quote(start, i - 1)})"
        if before == ")":
            left = source.quote(start, i - 1)
        right = self._quoted(i)
        if token in AUGMENTED:
            return source.error(f"'{token}' stands behind a name at the start of a line", i)
        if token in OPENS and token not in ("(", "√", "∛") or token == "~":
            return source.error(f"'{token}' is not expected here", i)
        if before.isidentifier() and token == "(":
            return source.error(f"'{before}' is a variable, not a function", i - 1, hint=f"write {left}*{right}")
        return source.error(f"missing operator between '{left}' and '{token.rstrip('(').rstrip() or '('}'", i - 1, i, f"write {left}*{right}")

    def _is_function(self, name: str) -> bool:
        return lookup(name) is not None or name in SPECIAL

    def _quoted(self, i: int) -> str:
        """The text of the operand that starts at a token."""
        return self.source.quote(i, self.source.matching(i) if self.tokens[i][-1] == "(" else i)

    def _power_of_function(self, i: int) -> GradcError | None:
        """sin^2(x) and sin²(x)."""
        at = i - 2 if self.tokens[i - 1][0] in SUPERSCRIPTS else i - 3
        if at < 0 or not self._is_function(self.tokens[at]) or at == i - 3 and self.tokens[i - 2] not in ("**", "^"):
            return None
        power = "".join(SUPERSCRIPTS.get(char, char) for char in self.tokens[i - 1])
        argument = self._quoted(i)
        call = self.tokens[at] + (argument if argument.startswith("(") else f"({argument})")
        return self.source.error("a function has no power", at, i - 1, f"write {call}**{power}")

    def _unexpected_word(self, word: str, i: int) -> GradcError:
        if word == "for" and self.stack:
            return self.source.error("a comprehension is not part of the language", i, hint="write the elements out, or use whole arrays")
        hint = {"not": "write != for 'is not'", "is": "write == to compare"}.get(word) or advice.STATEMENTS.get(word, "")
        return self.source.error(f"'{word}' is not part of the language here", i, hint=hint)

    def _no_else(self, first: int) -> GradcError:
        at = next((i for i in range(first, len(self.tokens)) if self.tokens[i] == "if"), first)
        return self.source.error("this 'if' has no 'else'", at, hint="write a if c else b")

    def _mismatch(self, bracket: Any, args: Any, first: int, i: int) -> GradcError:
        opening = "[" if bracket in (LIST, INDEX) else "("
        at = args.at if bracket is INDEX else first
        end = self.source.span(at, at)[1]
        marks = (Mark(end - 1, end), Mark(*self.source.span(i, i)))
        return GradcError.of([*self.source.problems, Problem(f"'{opening}' is closed by '{self.tokens[i]}'", self.source.text, marks)])

    def _unclosed(self) -> GradcError:
        level, bracket, args, first = self.stack[-1]
        if bracket is IF_OPEN:
            return self._no_else(first)
        opening = "[" if bracket in (LIST, INDEX) else "("
        at = args.at if bracket is INDEX else self._call_token(first) if isinstance(bracket, Callee) else first
        end = self.source.span(at, at)[1]
        problem = Problem(f"'{opening}' is never closed", self.source.text, (Mark(end - 1, end),))
        return GradcError.of([*self.source.problems, problem])

    def _call_token(self, first: int) -> int:
        """The token of a call that starts with its receiver at a token: `(x + y).sum(`."""
        if self.tokens[first][-1] == "(" and self.tokens[first] != "(":
            return first
        depth = 0
        for i in range(first, len(self.tokens)):
            token = self.tokens[i]
            depth += (token[-1:] in ("(", "[")) - (token in (")", "]"))
            if depth == 1 and token[0:1] == "." and token[-1] == "(":
                return i
        return first

    # ---- rules -----------------------------------------------------------------------------------

    def _lower(self, text: str, bound: Mapping[str, Node]) -> Node:
        """The gates that an operator is composed of."""
        reader = Reader(Source(text), self.build, {}, bound)
        reader.run()
        return reader.outputs()[0][1]
