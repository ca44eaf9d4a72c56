"""Tokens of a program with loops, functions and comprehensions into tokens with marks, and a table of what they mean.

The reader goes through tokens from left to right, and jumps: back to the body of a loop, into a function, over the
side that is not taken. Where it jumps from and to is worked out once, in one walk over the tokens, and marked:

>>> source = Source("for i in range(3): s += x[i]")
>>> table = lay_out(source)
>>> [token for token in source.tokens if token not in (END, STOP)]
['for', 'i', 'in', 'range(', '3', ')', ':', 's', '+=', 'x', '[', 'i', ']', '<end>', '<value>']

A mark is a token that no text has; every token keeps its place in the user's text.
"""

from __future__ import annotations

import re
from typing import Any

from gradc.language.lex import BODY, CHOICE, COMPREHENSION, END, GENERATOR, STOP, SUITE, Source, is_name

# A program with one of these has more than lines and expressions.
STRUCTURE = frozenset(
    "for def lambda return import from while class try with if elif else pass break continue assert global nonlocal "
    "del print( raise async yield in".split()
)
_AUGMENTED = frozenset("= += -= *= /= //= %= @= **= ^= &= |= :=".split())
_OPENING, _CLOSING = "([{", (")", "]", "}")
_TAB = 8


# What begins what stands behind a name, if that is none of the words below.
_BEHIND_NAMES = tuple("=+-*/.,)]<>&|")
# What begins a line with a suite below it; some only to be refused by name.
HEADERS = frozenset("for if elif else def while with class try except finally".split())


class Block:
    """A header with its suite: `for`, `if`, `elif`, `else`, `def`. Places are tokens."""

    __slots__ = (
        "at",
        "body",
        "column",
        "end",
        "expr",
        "inner",
        "kind",
        "line",
        "next",
        "outer",
        "params",
        "stop",
        "targets",
    )

    def __init__(self, kind: str, at: Any, column: int, line: bool = False) -> None:
        self.kind, self.at, self.column, self.line = kind, at, column, line
        self.expr = self.targets = self.body = self.stop = self.end = at
        self.inner = -1  # the column of the suite's lines
        self.next: Block | None = None  # the `elif` or `else` behind
        self.outer: Block | None = None
        self.params: list[Param] = []


class Param:
    """A parameter: its name, its annotation, where its default stands; `*` before a name takes the rest."""

    __slots__ = ("annotation", "default", "name", "star")

    def __init__(self, name: Any, star: str) -> None:
        self.name, self.star = name, star
        self.annotation: Any = None
        self.default: Any = None


class Lambda:
    """`lambda params: body`, up to a mark."""

    __slots__ = ("at", "body", "open", "params", "stop")

    def __init__(self, at: Any) -> None:
        self.at = self.body = self.stop = at
        self.params: list[Param] = []
        self.open = True  # its colon is still to come


class Clause:
    """One `for targets in expr` or `if expr` of a comprehension."""

    __slots__ = ("expr", "kind", "targets")

    def __init__(self, kind: str, targets: Any, expr: Any) -> None:
        self.kind, self.targets, self.expr = kind, targets, expr


class Comprehension:
    """`[element for … in … if …]`: where each part begins, and the bracket that ends it."""

    __slots__ = ("clauses", "close", "element", "opener")

    def __init__(self, opener: Any, element: Any) -> None:
        self.opener, self.element, self.close = opener, element, opener
        self.clauses: list[Clause] = []


class Choice:
    """`a if test else b`: where the three begin, and where the last ends."""

    __slots__ = ("end", "otherwise", "start", "test")

    def __init__(self, start: Any, test: Any) -> None:
        self.start, self.test = start, test
        self.otherwise: Any = None
        self.end: Any = None


class Layout:
    """What the marks and headers mean, by token; `only` is the one function that the program is."""

    __slots__ = ("blocks", "close", "marks")

    def __init__(self) -> None:
        self.marks: dict[int, Any] = {}
        self.blocks: dict[int, Block] = {}
        self.close: dict[int, int] = {}


def has_structure(source: Source) -> bool:
    """Whether a program is more than lines, expressions and declarations."""
    tokens = source.tokens
    if not STRUCTURE.isdisjoint(tokens) or tokens[0][:1] in ("'", '"'):
        return True
    return re.search(r"\)\s*=(?!=)", source.text) is not None  # f(x) = x**2


def lay_out(source: Source) -> Layout:
    """Mark the tokens of a program, in place."""
    return _Walk(source).run()


class _Level:
    """An open bracket, or the line outside all brackets, and what is open in it."""

    __slots__ = ("clauses", "default", "expr", "for_", "inside", "opener", "param", "params", "targets_at")

    def __init__(self, opener: int, params: list[Param] | None = None) -> None:
        self.opener = opener
        self.expr = opener + 1  # where the expression that is being read begins
        self.for_: Comprehension | None = None
        self.targets_at: int | None = None  # a `for` whose `in` is to come
        self.inside: list[Lambda | Choice] = []
        self.params = params  # of a def
        self.default = False


class _Walk:
    """One walk over the tokens. A place is (token, marks before it that belong to what ends there)."""

    def __init__(self, source: Source) -> None:
        self.source, self.tokens = source, source.tokens
        self.closing: dict[int, list[tuple[str, Any]]] = {}
        self.opening: dict[int, list[tuple[str, Any]]] = {}
        self.levels: list[_Level] = [_Level(-1)]
        self.suites: list[Block] = []
        self.blocks: list[Block] = []
        self.header: Block | None = None  # whose colon is to come
        self.closes: dict[int, int] = {}
        self.lambdas: list[Lambda] = []
        self.last: dict[int, Block] = {}  # by column: the suite of an `if` that ended last there
        self.base = -1

    # ---- the walk ------------------------------------------------------------------------------

    def run(self) -> Layout:
        tokens, fresh, bracketed = self.tokens, True, 0
        line_start = True
        for t in range(len(tokens) - 1):
            token = tokens[t]
            level = self.levels[-1]
            if token == END or ((token == "\n" or token == ";") and len(self.levels) == 1):
                self._ends(level, t)
                self._end_statement(t)
                if token != ";":
                    self._end_line(t)
                    line_start = True
                if token == END:
                    break
                fresh, level.expr = True, t + 1
                continue
            if token == "\n":
                if level.expr == t:
                    level.expr = t + 1
                continue
            if fresh and len(self.levels) == 1:
                if line_start:
                    self._begin_line(t)
                line_start = False
                level.expr = t
                fresh = False
                if self._begin_statement(token, t):
                    continue
            if token[-1] in _OPENING and token[0] not in "'\"#":
                params = self.header.params if self._opens_params(t) else None  # type: ignore[union-attr]
                self.levels.append(_Level(t, params))
                bracketed += 1
            elif token in _CLOSING:
                self._ends(level, t)
                if len(self.levels) > 1:
                    self.levels.pop()
                    self.closes[level.opener] = t
                    if level.for_:
                        level.for_.close = t
            elif token == ",":
                self._comma(level, t)
            elif token == ":":
                fresh = self._colon(level, t)
                if fresh:
                    level.expr = t + 1
                    line_start = False
            elif token in _AUGMENTED:
                self._default(level, t)
                level.expr = t + 1
            elif token == "for":
                self._for(level, t)
            elif token == "in":
                self._in(level, t)
            elif token == "if":
                self._if(level, t)
            elif token == "else":
                self._else(level, t)
            elif token == "lambda":
                self._lambda(level, t)
            else:
                self._parameter(level, token, t)
        while self.suites:
            self._close_suite(len(tokens) - 2)
        return self._written()

    def _place(self, t: int) -> tuple[int, int]:
        """Behind the marks that stand before a token now."""
        return t, len(self.closing.get(t, ()))

    def _mark(self, t: int, name: str, owner: Any = None) -> None:
        self.closing.setdefault(t, []).append((name, owner))

    # ---- lines and suites ----------------------------------------------------------------------

    def _column(self, t: int) -> int:
        text, start = self.source.text, self.source.span(t, t)[0]
        return len(text[text.rfind("\n", 0, start) + 1 : start].expandtabs(_TAB))

    def _begin_line(self, t: int) -> None:
        """Close the suites that a line is outside of; its indentation must be that of the lines around it."""
        column = self._column(t)
        while self.suites and (self.suites[-1].line or column <= self.suites[-1].column):
            self._close_suite(t)
        suite = self.suites[-1] if self.suites else None
        if suite is None:
            if self.base < 0:
                self.base = column
            if column != self.base:
                raise self.source.error(
                    "this line is indented, and no line above begins a block", t, hint="let it begin as the others do"
                )
        elif suite.inner < 0:
            suite.inner = column
        elif suite.inner != column:
            raise self.source.error("this line is indented as no line above", t, hint="let it begin as the others do")

    def _end_statement(self, t: int) -> None:
        if self.header is not None:
            word = self.tokens[self.header.at]
            raise self.source.error(f"'{word}' needs a ':' at its end", self.header.at, max(self.header.at, t - 1))

    def _end_line(self, t: int) -> None:
        while self.suites and self.suites[-1].line:
            self._close_suite(t)

    def _close_suite(self, t: int) -> None:
        suite = self.suites.pop()
        suite.end = suite.stop = self._place(t)
        if suite.kind in ("if", "elif", "try", "except"):
            self.last[suite.column] = suite
        if suite.inner < 0 and not suite.line:
            word = self.tokens[suite.at]
            raise self.source.error(
                f"'{word}' has no lines of its own", suite.at, hint="indent the lines that belong to it, or write pass"
            )
        self._mark(t, SUITE, suite)

    def _begin_statement(self, token: str, t: int) -> bool:
        """Note a header; whether the statement's first word is done with."""
        following = self.tokens[t + 1]
        if token in ("return", "assert"):
            self.levels[-1].expr = t + 1
            return True
        if token[-1] == "(" and token[:-1].rstrip().isidentifier():
            self._begin_formula(t)
            return False
        tested = token in ("if", "elif", "while") and following in ("-", "+")  # if -1 < x
        if token not in HEADERS or (following[:1] in _BEHIND_NAMES and not tested) or following in ("", "\n"):
            return False
        column = self.suites[-1].inner if self.suites and self.suites[-1].line else self._column(t)
        block = Block(token, t, column)
        if token in ("elif", "else", "except"):
            before = self.last.pop(column, None)
            wrong = before is not None and (before.kind in ("try", "except")) < (token == "except")
            if before is None or wrong or any(self.tokens[k] != "\n" for k in range(before.end[0], t)):
                if token == "except":
                    raise self.source.error("'except' without 'try'", t)
                raise self.source.error(f"'{token}' without 'if'", t, hint="write a if c else b")
            before.next = block
        elif self.suites and self.suites[-1].line:
            raise self.source.error(f"'{token}' begins a line of its own", t)
        self.header = block
        self.blocks.append(block)
        self.levels[-1].expr = t + 1
        if token == "for":
            block.targets = (t + 1, 0)
        elif token in ("if", "elif", "while"):
            block.expr = (t + 1, 0)
        return True

    def _begin_formula(self, t: int) -> None:
        """`f(x, y) = x*y`: the function as a lambda with a name, up to the end of its line."""
        tokens = self.tokens
        close = self.source.matching(t)
        inside = tokens[t + 1 : close]
        names = inside[::2]
        if tokens[close] != ")" or tokens[close + 1] != "=" or inside[1::2] != [","] * (len(names) - 1) or not names:
            return
        if all(is_name(name) and name.isidentifier() for name in names):
            found = Lambda(t)
            found.open, found.body = False, (close + 2, 0)
            found.params = [Param(t + 1 + 2 * k, "") for k in range(len(names))]
            self.levels[-1].inside.append(found)
            self.lambdas.append(found)

    def _suite(self, t: int) -> None:
        """The colon that ends a header, at token t."""
        block = self.header
        assert block is not None
        if block.kind in ("for", "if", "elif", "while"):
            if block.kind == "for" and block.expr == block.at:
                raise self.source.error("this 'for' has no 'in'", block.at, hint="write for i in range(3):")
            self._mark(t, STOP)
        self.header = None
        block.body = (t + 1, 0)
        block.line = self.tokens[t + 1] not in ("\n", END)
        if not block.line:
            block.column = self._column(block.at)
        self.suites.append(block)

    # ---- what is open in a bracket -----------------------------------------------------------------

    def _ends(self, level: _Level, t: int) -> None:
        """An expression of this bracket ends before a token."""
        while level.inside:
            inner = level.inside.pop()
            if isinstance(inner, Choice):
                inner.end = self._place(t)
            elif not inner.open:
                inner.stop = self._place(t)
                self._mark(t, BODY, inner)
        if level.default:
            level.default = False
            self._mark(t, STOP)
        if level.for_ is not None:
            self._mark(t, STOP)

    def _comma(self, level: _Level, t: int) -> None:
        pending = self._pending(level)
        if pending is not None:
            self._ends_default(level, t)
        elif level.for_ is None or level.targets_at is None:
            self._ends(level, t)
        level.expr = t + 1

    def _ends_default(self, level: _Level, t: int) -> None:
        if level.default:
            level.default = False
            self._mark(t, STOP)

    def _pending(self, level: _Level) -> Lambda | None:
        """The lambda whose parameters are being read."""
        inner = level.inside[-1] if level.inside else None
        return inner if isinstance(inner, Lambda) and inner.open else None

    def _colon(self, level: _Level, t: int) -> bool:
        """Whether the colon begins a suite."""
        pending = self._pending(level)
        if pending is not None:
            self._ends_default(level, t)
            pending.open, pending.body = False, (t + 1, 0)
        elif level.params is not None:
            if level.params:
                level.params[-1].annotation = t + 1
        elif self.header is not None and len(self.levels) == 1:
            self._ends(level, t)
            self._suite(t)
            level.expr = t + 1
            return True
        else:
            self._ends(level, t)
        level.expr = t + 1
        return False

    def _opens_params(self, t: int) -> bool:
        return self.header is not None and self.header.kind == "def" and t == self.header.at + 1

    def _params(self, level: _Level) -> list[Param] | None:
        pending = self._pending(level)
        return pending.params if pending is not None else level.params

    def _parameter(self, level: _Level, token: str, t: int) -> None:
        params = self._params(level)
        if params is None or t != level.expr or level.default or (params and params[-1].annotation == t):
            return
        if token in ("*", "**", "/"):
            if token == "*" and not is_name(self.tokens[t + 1]):
                return
            if token != "/":
                params.append(Param(t + 1, token))
        elif is_name(token):
            params.append(Param(t, ""))

    def _default(self, level: _Level, t: int) -> None:
        params = self._params(level)
        if params and self.tokens[t] == "=" and not level.default:
            params[-1].default = (t + 1, 0)
            level.default = True

    def _lambda(self, level: _Level, t: int) -> None:
        following = self.tokens[t + 1]
        if following == ":" or is_name(following) or following in ("*", "**"):
            found = Lambda(t)
            level.inside.append(found)
            self.lambdas.append(found)
            level.expr = t + 1

    def _for(self, level: _Level, t: int) -> None:
        if len(self.levels) == 1:
            return
        if level.for_ is None:
            opener = self.tokens[level.opener]
            found = Comprehension((level.opener, 0), (level.opener + 1, 0))
            if opener in ("[", "(", "{"):
                self.opening.setdefault(level.opener, []).append((COMPREHENSION, found))
            else:
                self._mark(level.opener + 1, GENERATOR, found)
            self._ends(level, t)
            level.for_ = found
            self._mark(t, STOP)
        else:
            self._ends(level, t)
        level.targets_at = t

    def _in(self, level: _Level, t: int) -> None:
        if len(self.levels) == 1 and self.header is not None and self.header.kind == "for":
            if self.header.expr == self.header.at:
                self.header.expr = (t + 1, 0)
                level.expr = t + 1
        elif level.targets_at is not None and level.for_ is not None:
            level.for_.clauses.append(Clause("for", (level.targets_at + 1, 0), (t + 1, 0)))
            level.targets_at = None
            level.expr = t + 1

    def _if(self, level: _Level, t: int) -> None:
        if level.for_ is not None and not any(isinstance(inner, Lambda) for inner in level.inside):
            self._ends(level, t)
            level.for_.clauses.append(Clause("if", None, (t + 1, 0)))
            level.expr = t + 1
            return
        found = Choice((level.expr, 0), (t + 1, 0))
        self.opening.setdefault(level.expr, []).insert(0, (CHOICE, found))
        level.inside.append(found)
        level.expr = t + 1

    def _else(self, level: _Level, t: int) -> None:
        for inner in reversed(level.inside):
            if isinstance(inner, Choice) and inner.otherwise is None:
                inner.otherwise = (t + 1, 0)
                break
        level.expr = t + 1

    # ---- the marked tokens -----------------------------------------------------------------------

    def _written(self) -> Layout:
        """Put the marks among the tokens, and the places where they are then."""
        out: list[str] = []
        origin: list[int] = []
        base: list[int] = []
        layout = Layout()
        for t, text in enumerate(self.tokens):
            base.append(len(out))
            for name, owner in (*self.closing.get(t, ()), *self.opening.get(t, ())):
                if isinstance(owner, Choice) and name == CHOICE and owner.end is None:
                    continue
                if owner is not None:
                    layout.marks[len(out)] = owner
                out.append(name)
                origin.append(t)
            out.append(text)
            origin.append(t)

        def start(place: Any) -> Any:
            """Where what begins at a token begins: behind all that ends there."""
            return None if place is None else base[place[0]] + len(self.closing.get(place[0], ()))

        def end(place: Any) -> Any:
            return None if place is None else base[place[0]] + place[1]

        def token(t: int) -> int:
            return base[t] + len(self.closing.get(t, ())) + len(self.opening.get(t, ()))

        for block in self.blocks:
            block.at = token(block.at)
            if type(block.expr) is tuple:
                block.expr = start(block.expr)
            if type(block.targets) is tuple:
                block.targets = start(block.targets)
            block.body, block.stop = start(block.body), end(block.stop)
            self._moved(block.params, token, start)
            layout.blocks[block.at] = block
        for found in self.lambdas:
            found.at = token(found.at)
            if type(found.body) is tuple and type(found.stop) is tuple:
                found.body, found.stop = start(found.body), end(found.stop)
                layout.marks[found.at] = found
            self._moved(found.params, token, start)
        for owner in dict.fromkeys(layout.marks.values()):
            if isinstance(owner, Comprehension):
                owner.opener, owner.element = token(owner.opener[0]), start(owner.element)
                owner.close = token(owner.close) if type(owner.close) is int else -1
                for clause in owner.clauses:
                    clause.targets, clause.expr = start(clause.targets), start(clause.expr)
            elif isinstance(owner, Choice):
                owner.start, owner.test = start(owner.start), start(owner.test)
                owner.otherwise, owner.end = start(owner.otherwise), end(owner.end)
        layout.close = {token(a): token(b) for a, b in self.closes.items()}
        self.source.mark(out, origin)
        return layout

    @staticmethod
    def _moved(params: list[Param], token: Any, start: Any) -> None:
        for param in params:
            param.name = token(param.name)
            param.annotation = None if param.annotation is None else token(param.annotation)
            param.default = start(param.default)
