"""What may follow a value: a subscript, a method, a comma, a bracket that closes, a comparison, a keyword."""

from __future__ import annotations

from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.language import canvas, foreign, mistakes
from gradc.language.canvas import Canvas
from gradc.language.flow import TAKEN, TEST, TESTED
from gradc.language.gates import choose, comparison, not_same, not_within, same, within
from gradc.language.higher import TAKE_FUNCTIONS
from gradc.language.lex import SUPERSCRIPTS, is_name, is_number, spelled
from gradc.language.lists import truth
from gradc.language.scope import base_name
from gradc.language.signs import COMPARE, DICT, ELSE, FOLLOWS, IF_OPEN, INDEX, KNOWN, SQUARE, STORE
from gradc.language.statements import Statements
from gradc.language.values import (
    EMPTY,
    NONE,
    Arg,
    Args,
    Bound,
    Callee,
    Dict,
    Function,
    Group,
    Slice,
    Star,
    callee_of,
)
from gradc.ops import array as a
from gradc.ops import scalar as s
from gradc.ops.table import Op

# Functions that change their first argument.
IN_PLACE = ("fill_diagonal", "add.at", "subtract.at")


class Following(Statements):
    """The part of the reader that goes on behind a value."""

    def postfix(self, token: str, value: Any, start: int, i: int, top: int) -> tuple[Any, int, int, bool]:
        """What belongs to the value before it: a subscript, `.T`, a method, a superscript."""
        if token == "[":
            if isinstance(value, Node) and value.op is s.input_ and value.attr not in self.scope.declared:
                self._function_in_square_brackets(start, i)
            self._careful()
            bracket = STORE if i == self.storing else INDEX
            self.stack.append((top, bracket, Args(Arg(value, start, i - 1), i), start))
            return value, i + 1, 0, True
        if token == "(" and isinstance(value, (Function, Callee, Bound)):
            self._careful()
            callee = callee_of(value)
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

    def _in_place(self, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        """np.fill_diagonal(A, v), np.add.at(x, i, v): they change an array, and give nothing."""
        base = args[0]
        held = base.value if isinstance(base.value, Canvas) else None
        if held is None:
            if not isinstance(base.value, Node):
                raise self.source.error(f"'{callee.name}' changes an array", first, last)
            held = self._canvas(base, base.last)
        values = [self.gates.value(arg) for arg in args[-1:]]
        if callee.name == "fill_diagonal" and len(args) == 2:
            self.gates.placed(lambda: canvas.fill_diagonal(self.gates, held, values[0]), a.index, [base])
        elif callee.name != "fill_diagonal" and len(args) == 3:
            index = args[1].value
            items = index.items if isinstance(index, Group) and index.kind == "tuple" else [args[1]]
            sign = -1 if callee.name.startswith("sub") else 1
            self.gates.placed(
                lambda: canvas.add_at(self.gates, held, items, values[0], sign, last), a.index, [base, *args[1:]]
            )
        else:
            raise self.source.error(f"'{callee.name}' does not take this", first, last)
        self._changed(held, self.tokens[base.first])
        return NONE

    # ---- brackets that close --------------------------------------------------------------------

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
            bracket = self.leaves.callee(self.tokens[first], first)
        if bracket.function is not None:
            return self.call_function(bracket.function, args.given, first, i, top)
        if bracket.bound is not None:
            return self.call_bound(bracket.bound, args.given, first, i, top)
        if bracket.name in IN_PLACE and args.given:
            return self._in_place(bracket, args.given, first, i)
        if bracket.name in TAKE_FUNCTIONS and bracket.receiver is None:
            return self.of_function(bracket, args.given, first, i, top)
        if any(arg.key in ("out", "inplace") for arg in args.given):
            return self._into_place(bracket, args.given, first, i)
        if self.objects and bracket.receiver is not None and isinstance(bracket.receiver.value, (Group, Dict)):
            self.as_objects(Group("tuple", args.given))
        value = self.gates.call(bracket, args.given, first, i)
        return self._changed_by(bracket, value, first, i) if bracket.in_place else value

    def _into_place(self, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        """A call with `out=y`, or torch's `inplace=True`: the array that the value goes into, if there is one."""
        plain = [arg for arg in args if arg.key not in ("out", "inplace")]
        asked = next(arg for arg in args if arg.key in ("out", "inplace"))
        if asked.key == "inplace" and truth(asked.value) and plain and isinstance(plain[0].value, Canvas):
            asked = plain[0]
        elif asked.key == "inplace" or asked.value is NONE:
            return self.gates.call(callee, plain, first, last)
        return self._into(callee, plain, asked, first, last)

    def _into(self, callee: Callee, args: list[Arg], out: Arg, first: int, last: int) -> Any:
        """np.exp(x, out=y): the value of a call, which the array y has from here on, too."""
        value = self.gates.value(Arg(self.gates.call(callee, args, first, last), first, last))
        base, token = out, self.tokens[out.first]
        if isinstance(base.value, Node):
            if out.first != out.last or not token.isidentifier():
                raise self.source.error("'out' is the name of an array", out.first, out.last, "write y = f(x)")
            base = Arg(self._canvas(base, last), out.first, out.last)
        elif not isinstance(base.value, Canvas):
            raise self.source.error("'out' is the name of an array", out.first, out.last, "write y = f(x)")
        self.written_over(base.value, value, base)
        return base.value

    def _changed_by(self, callee: Callee, value: Any, first: int, last: int) -> Any:
        """The value of `x.mul_(2)`, by the name of x from here on, and by all its other names."""
        token, depth = self.tokens[first], 0
        for at in range(first, last):
            word = self.tokens[at]
            if not depth and word[-1] == "(" and not word[:-1].rstrip().endswith("_"):
                return value  # of what another call gave: it has no name
            depth += (word[-1] in "([{" and word[0] not in "'\"") - (word in (")", "]", "}"))
        name = base_name(token)
        held = self.scope.peek(name)
        if isinstance(held, Canvas) and token.count(".") == 1:
            self.written_over(held, self.gates.value(Arg(value, first, last)), Arg(held, first, first))
            return held
        if token.count(".") != 1:
            raise self.source.error("elements of an array are not changed by this", first, last, "write x = x*2")
        names = self.scope.env.same.get(spelled(name), [spelled(name)])
        self.scope.assign(name, first, value, first, last)
        for each in names:
            self.scope.values[each] = value
            self._forget(each)
        return value

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

    # ---- arguments ------------------------------------------------------------------------------

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

    def _operands(self, left: Any, value: Any, first: int, start: int, i: int) -> list[Arg]:
        """The operands of the operator that is being applied, with their places."""
        right = Arg(value, start, i - 1)
        if left is None:
            return [right]
        if isinstance(left, tuple):
            return [left[1], left[0], right]
        return [Arg(left, first, start - 2), right]

    def _unclosed(self) -> GradcError:
        _, bracket, args, first = self.stack[-1]
        if bracket in (IF_OPEN, TEST, TAKEN, TESTED):
            return mistakes.no_else(self.source, first)
        return mistakes.unclosed(self.source, bracket in SQUARE, mistakes.opening_of(self.tokens, bracket, args, first))
