"""The statements: which one begins at a token, and what its words do."""

from __future__ import annotations

from functools import partial
from typing import Any

from gradc.base.errors import GradcError
from gradc.language import advice
from gradc.language.assignments import NO_GRAD
from gradc.language.flow import Turns, While
from gradc.language.lex import END, SUITE, is_name
from gradc.language.scope import base_name
from gradc.language.signs import AUGMENTED, KNOWN
from gradc.language.values import NONE, Arg, Bound, Function, Group
from gradc.language.whole import Whole

# Decorators that change nothing of what a function computes.
DECORATORS = frozenset("jit njit staticmethod cache lru_cache compile function partial".split())

# Calls for people, and for what is drawn at random elsewhere.
QUIET = ("np.seterr(", "np.set_printoptions(", "np.random.seed(", "random.seed(", "torch.manual_seed(")
SHOWN = ("plt.", "warnings.", "logging.", "logger.")
# What a `with` may be about: warnings, and how numbers are printed.
CONTEXTS = frozenset(
    "np.errstate numpy.errstate np.printoptions numpy.printoptions warnings.catch_warnings suppress".split()
)


class Statements(Whole):
    """The part of the reader that goes from statement to statement."""

    mapped: list[Any]  # what the decorators of the next function map it along

    # ---- where a statement begins ---------------------------------------------------------------

    def statement(self, i: int) -> int:
        """The first token of the next statement's value, its targets noted; -1 at the end of the program."""
        tokens = self.tokens
        self.targets, self.augmented, self.items, self.slots = [], None, [], ()
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
            elif self._is_for_people(token) and not self.targets and self._passes_over(i):
                i = self.source.matching(i) + 1
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
                if tokens[equals] != "=" and self.targets:
                    raise self.source.error(f"'{tokens[equals]}' stands in a statement of its own", i, equals)
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

    def _is_for_people(self, token: str) -> bool:
        """Whether a statement may be a call that prints, draws, warns or seeds, and computes nothing."""
        if token[-1] != "(" or (token != "print(" and token not in QUIET and not token.startswith(SHOWN)):
            return False
        return not self.scope.is_variable(base_name(token))

    def _passes_over(self, i: int) -> bool:
        """Whether such a call is left out: it stands alone, and it is not all that the program does."""
        close = self.source.matching(i)
        behind = close + 1
        if self.tokens[close] != ")" or self.tokens[behind] not in ("\n", ";", END, SUITE):
            return False
        while self.tokens[behind] in ("\n", ";"):
            behind += 1
        if self.last is None and not self.in_function and self.main is None and self.tokens[behind] == END:
            return False
        self.source.note("what is printed is no part of the module", i, close)
        return True

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

    # ---- statements with a word of their own ----------------------------------------------------

    def _word_is_name(self, i: int) -> GradcError:
        word = self.tokens[i]
        return self.source.error(f"'{word}' is a keyword of Python and cannot be a name", i, hint=advice.renamed(word))

    def _for(self, i: int) -> int:
        block = self.layout.blocks.get(i)
        if block is None:
            raise self._word_is_name(i)
        self.then = partial(self.begin_loop, block)
        return int(block.expr)

    def _while(self, i: int) -> int:
        block = self.layout.blocks.get(i)
        if block is None:
            raise self._word_is_name(i)
        self._careful()
        return self.begin_while(block)

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

    def _with(self, i: int) -> int:
        """`with np.errstate(...):` and its like change nothing of what is computed; torch.no_grad() stops gradients."""
        block, name = self.layout.blocks.get(i), self.tokens[i + 1][:-1].rstrip()
        if block is None or name not in (*CONTEXTS, *NO_GRAD):
            return self._refused_statement(i)
        return int(block.body)

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
            return self.chain_ends(block)
        if following.kind == "else":
            return int(following.body)
        self.then = partial(self.test, following)
        return int(following.expr)

    def _suite_ends(self, i: int) -> int:
        """The end of a suite: the next turn, behind the `if`, or out of the function."""
        block = self.layout.marks[i]
        if block.kind == "for":
            self.turn_ends()
            frame = self.frames[-1]
            assert isinstance(frame, Turns)
            return self.turn(frame)
        if block.kind == "while":
            self.turn_ends()
            whiles = self.frames[-1]
            assert isinstance(whiles, While)
            return self.test_again(whiles)
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
        if block.kind == "try" and _chain(block)[-1].kind == "else":
            return int(_chain(block)[-1].body)
        return self.chain_ends(block)

    def _def(self, i: int) -> int:
        block = self.layout.blocks.get(i)
        token = self.tokens[i + 1]
        if block is None or token[-1] != "(":
            raise self._word_is_name(i)
        self._careful()
        name = token[:-1].rstrip()

        behind = int(block.stop) + 1

        def done(function: Function) -> int:
            made: Function | Bound = function
            while self.mapped:
                made = Bound(made, [], self.mapped.pop())
            self.bind_name(i + 1, Arg(made, i, i + 1))
            if made is function and not self.scope.outer:
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
        if self.gradients_stop(i):
            back = self.then
            self.then = lambda result, at: back(Arg(self.stopped(result), result.first, result.last), at)
        if following in ("\n", ";", END, SUITE):
            self.returning = True
            return self.then(Arg(NONE, i, i), i + 1)
        return i + 1

    def _global(self, i: int) -> int:
        """`global g`, where the function does no more than read it."""
        end = i + 1
        while self.tokens[end] not in ("\n", ";", END, SUITE):
            end += 1
        if not is_name(self.tokens[i + 1]):
            raise self._word_is_name(i)
        names = set(self.tokens[i + 1 : end : 2])
        body = self._around(i, "def")
        for at in range(end, int(body.stop) if body is not None else end):
            if self.tokens[at] in names and (self.tokens[at + 1] == "=" or self.tokens[at + 1] in AUGMENTED):
                return self._refused_statement(i)
        return end

    def _around(self, i: int, kind: str) -> Any:
        """The innermost suite of a kind that a token stands in."""
        around = [each for each in self.layout.blocks.values() if each.kind == kind and each.body <= i < each.stop]
        return max(around, key=lambda block: int(block.body), default=None)

    def _try(self, i: int) -> int:
        """What is raised when the program is run is raised by the module, too: `try` is its body, or its imports'."""
        block = self.layout.blocks.get(i)
        if block is None:
            raise self._word_is_name(i)
        self._careful()
        for each in _chain(block)[1:]:
            caught = {token.rpartition(".")[2] for token in self.tokens[each.at + 1 : each.body] if is_name(token)}
            imports = self.tokens[block.body + (self.tokens[block.body] == "\n")] in ("import", "from")
            if each.kind == "except" and not imports and not caught & _RAISED:
                return self._refused_statement(i)
        return int(block.body)

    def _handler(self, i: int) -> int:
        """The suite for an import of what is not there; -1 where no `try` is around it."""
        around = (
            block for block in self.layout.blocks.values() if block.kind == "try" and block.body <= i < block.stop
        )
        block = max(around, key=lambda block: block.body, default=None)
        return -1 if block is None or block.next is None else int(block.next.body)

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
        before = len(self.source.problems)
        try:
            return self.leaves.imports(i)
        except GradcError:
            handler = self._handler(i)
            if handler < 0:
                raise
            del self.source.problems[before:]
            return handler

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
        """A decorator that changes nothing of what a function computes is passed over; vmap maps the function."""
        name = self.tokens[i + 1].rstrip("( ")
        if not is_name(name):
            return self._expression_after_all(i)
        inner = name.rpartition(".")[2]
        if inner == "partial":
            name = self.tokens[i + 2]
            inner = name.rpartition(".")[2]
        if inner == "vmap":
            self.mapped.append(self._axes_of_decorator(i))
        elif inner not in DECORATORS:
            raise self.source.error(
                f"the decorator '{name}' is not part of the language", i, i + 1, "leave it out, or call what it makes"
            )
        while self.tokens[i] not in ("\n", END):
            i += 1
        return i

    def _axes_of_decorator(self, i: int) -> Any:
        """What `@partial(jax.vmap, in_axes=(None, 0))` goes along."""
        end = i
        while self.tokens[end] not in ("\n", END):
            end += 1
        written = self.tokens[i:end]
        if "=" not in written:
            return 0, 0
        at = written.index("=")
        axes = [word for word in written[at + 1 :] if word not in ("(", ")", ",")]
        if written[at - 1] not in ("in_axes", "in_dims") or not all(
            word == "None" or word.isdecimal() for word in axes
        ):
            raise self.source.error("vmap as a decorator has in_axes, of whole numbers", i, end - 1)
        found = tuple(None if word == "None" else int(word) for word in axes)
        return found if written[at + 1] == "(" else found[0], 0

    def _refused_statement(self, i: int) -> int:
        word = self.tokens[i]
        if self.tokens[i + 1] in KNOWN and self.tokens[i + 1] not in (END, "\n", "(", "[", ":", "-", "*"):
            raise self._word_is_name(i)
        raise self.source.error(f"'{word}' is not part of the language", i, hint=advice.STATEMENTS.get(word, ""))


def _chain(block: Any) -> list[Any]:
    """A `try` with its `except`s and its `else`."""
    found = [block]
    while found[-1].next is not None:
        found.append(found[-1].next)
    return found


# What a module raises as the program does.
_RAISED = frozenset("ImportError ModuleNotFoundError LinAlgError KeyError IndexError NameError AttributeError".split())
_HEADERS = frozenset(("else", "try", "finally"))
_STATEMENTS: dict[str, Any] = {
    "for": Statements._for,
    "while": Statements._while,
    "if": Statements._if,
    "with": Statements._with,
    "def": Statements._def,
    "return": Statements._return,
    "pass": Statements._pass,
    **dict.fromkeys(("break", "continue"), Statements._leave),
    "assert": Statements._assert,
    **dict.fromkeys(("import", "from"), Statements._import),
    SUITE: Statements._suite_ends,
    "del": Statements._del,
    "...": Statements._dots,
    "@": Statements._decorator,
    "try": Statements._try,
    "global": Statements._global,
    **dict.fromkeys("class nonlocal raise async".split(), Statements._refused_statement),
}
