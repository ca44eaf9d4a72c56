"""Text into tokens, and tokens back into their places.

A token is a string; its place is worked out only when an error or a note asks for it. So that a long
program has few tokens, a name comes with its dots and with the `(` or the constant subscript that follows:

>>> tokens("sin(x[0]) + np.exp(-y.T)")
['sin(', 'x[0]', ')', '+', 'np.exp(', '-', 'y.T', ')']
>>> spelled("λ"), spelled("x₁"), spelled("Δt")
('lam', 'x1', 'Deltat')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from gradc.base.errors import MAX_PROBLEMS, GradcError, Mark, Note, Problem, Span

END = ""
# Behind the end of a program with loops or functions: the value of what was gone into.
VALUE = "<value>"
# Marks among its tokens: an expression ends; a suite ends; what a lambda gives ends; a comprehension, a generator or a
# choice begins.
STOP, SUITE, BODY, COMPREHENSION, GENERATOR, CHOICE = "<stop>", "<end>", "<body>", "<for>", "<generator>", "<if>"
MARKS = frozenset((STOP, SUITE, BODY, COMPREHENSION, GENERATOR, CHOICE))
# A hint quotes no more tokens than this.
LOOKAHEAD = 200

# A superscript is a power and no part of a name, whatever `\w` makes of it.
SUPERSCRIPTS = {char: str(digit) for digit, char in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_RAISED = "".join(SUPERSCRIPTS) + "ⁿⁱᵀᵗ"


@cache
def _token(plain: bool) -> re.Pattern[str]:
    """A group for the token itself; what is before it is space. Most texts are `plain`, ASCII, and ask for less."""
    name = r"[A-Za-z_]\w*" if plain else rf"[^\W\d{_RAISED}][^\W{_RAISED}]*"
    powers = r"²" if plain else rf"⁻?[{''.join(SUPERSCRIPTS)}]+"
    return re.compile(
        rf"""[^\S\n]*(
      (?:if|elif|else|for|and|or|not|in|is|as|lambda|return|assert|import|from|except|True|False|None)\b  # may touch (
    | {name}(?:\.{name})*(?:\ *\(|\[\ *-?[0-9]+\ *(?:,\ *-?[0-9]+\ *)*\])?               # x  np.exp(  x.T  A[0, -1]
    | (?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?                # 1_000  2.  .5  1e-3
    | \*\*?=? | //=? | -> | => | << | >> | <> | && | \|\| | [-+/@%<>=!:^]=?              # operators
    | \.\.\. | \.{name}\(?                                                               # ...  .T  .sum(
    | \#[^\n]* | \\\r?\n                                                                 # what is skipped
    | "{{3}}[\s\S]*?"{{3}} | '{{3}}[\s\S]*?'{{3}} | "[^"\n]*"? | '[^'\n]*'?                       # strings
    | {powers}                                                                           # ²  ⁻¹
    | \S | \n
    )""",
        re.VERBOSE,
    )


_GREEK = """
    α alpha  β beta  γ gamma  δ delta  ε epsilon  ζ zeta  η eta  θ theta  ι iota  κ kappa  λ lam  μ mu  ν nu  ξ xi
    ο omicron  π pi  ρ rho  σ sigma  ς sigma  τ tau  υ upsilon  φ phi  χ chi  ψ psi  ω omega
    Γ Gamma  Δ Delta  Θ Theta  Λ Lambda  Ξ Xi  Π Pi  Σ Sigma  Υ Upsilon  Φ Phi  Ψ Psi  Ω Omega
""".split()
GREEK = dict(zip(_GREEK[::2], _GREEK[1::2], strict=True))


def tokens(text: str) -> list[str]:
    """The tokens of a program, without spaces, comments and continued line ends."""
    found = _token(text.isascii()).findall(text)
    if "#" in text or "\\" in text:
        return [token for token in found if (token[0] != "#" and token[0] != "\\") or token == "\\"]
    return found


def places(text: str) -> list[Span]:
    """Where each of `tokens(text)` stands."""
    spans = [match.span(1) for match in _token(text.isascii()).finditer(text)]
    return [span for span in spans if text[span[0]] != "#" and (text[span[0]] != "\\" or span[1] == span[0] + 1)]


def is_name(token: str) -> bool:
    """Whether a token begins with a name (dots, `(` or a subscript may follow)."""
    return token[:1].isidentifier()


def is_number(token: str) -> bool:
    return token[:1].isdecimal() or (token[:1] == "." and token[1:2].isdecimal())


# Letters of other alphabets that are drawn as Latin ones are.
_TWINS = str.maketrans(
    "асеіјорѕухԁԛԝһАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧοɑıℓǀ",
    "aceijopsyxdqwhABEKMHOPCTYXIJSABEZHIKMNOPTYXoailI",
)


def looks_like(name: str) -> str:
    """A name as the eye reads it.

    >>> looks_like("х") == "x", looks_like("Α") == "A"
    (True, True)
    """
    return name.translate(_TWINS)


def spelled(name: str) -> str:
    """A name as the module has it: in the form that Python reads, Greek letters spelled out."""
    if name.isascii():
        return name
    import unicodedata  # a table that few programs need

    return "".join(GREEK.get(char, char) for char in unicodedata.normalize("NFKC", name))


def code_points(name: str) -> str:
    """A name by its code points, for names that look alike.

    >>> code_points("µ")
    'U+00B5'
    """
    return " ".join(f"U+{ord(char):04X}" for char in name)


class Source:
    """A program's text and tokens, and what was found wrong in it so far. Places are token numbers."""

    __slots__ = ("_origin", "_places", "context", "notes", "problems", "text", "tokens")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [*tokens(text), END, END]
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self._places: list[Span] = []
        self._origin: list[int] = []
        # What is going on when something is wrong: ", in turn i = 3 of the loop in line 2".
        self.context: Callable[[], str] = str

    def mark(self, tokens: list[str], origin: list[int]) -> None:
        """Put tokens with marks among them in place of the tokens; each stands where its origin does."""
        self.tokens[:] = [*tokens, VALUE]
        self._origin = [*origin, origin[-1]]

    def span(self, first: int, last: int) -> Span:
        """The characters from one token to another, both included."""
        if not self._places:
            end = len(self.text.rstrip())
            self._places = [*places(self.text), (end, end), (end, end)]
        if self._origin:
            first, last = self._origin[first], self._origin[max(first, last)]
        return self._places[first][0], self._places[max(first, last)][1]

    def quote(self, first: int, last: int, limit: int = 40) -> str:
        """The text between two tokens, for a hint; `…` where that would be long."""
        start, end = self.span(first, last)
        quoted = " ".join(self.text[start:end].split()) if end - start <= 4 * limit else ""
        return quoted if 0 < len(quoted) <= limit else "…"

    def line(self, at: int) -> int:
        """The number of the line on which a token stands."""
        return self.text.count("\n", 0, self.span(at, at)[0]) + 1

    def line_text(self, at: int) -> str:
        """The text of the statement's line on which a token stands."""
        start = self.span(at, at)[0]
        return self.text[self.text.rfind("\n", 0, start) + 1 :].split("\n", 1)[0].strip()

    def matching(self, at: int) -> int:
        """The token that closes the bracket which token `at` opens; a later one if that is far away."""
        depth = 0
        for i in range(at, min(at + LOOKAHEAD, len(self.tokens) - 2)):
            token = self.tokens[i]
            if not token:
                break
            if token[-1] in "([{":
                depth += 1
            elif token in (")", "]", "}"):
                depth -= 1
                if depth <= 0:
                    return i
        return max(at, min(at + LOOKAHEAD, self.end) - 1)

    @property
    def end(self) -> int:
        """The token behind the last one."""
        return len(self.tokens) - (3 if self._origin else 2)

    def before(self, at: int) -> int:
        """The token before another one, marks left out; -1 for none."""
        at -= 1
        while at >= 0 and self.tokens[at][:1] == "<" and self.tokens[at] in MARKS:
            at -= 1
        return at

    def problem(self, message: str, first: int, last: int, hint: str = "", within: Span | None = None) -> None:
        """Remember a problem and go on: others may be independent of it. `within` are characters of a longer token."""
        self.problems.append(
            Problem(message + self.context(), self.text, (Mark(*(within or self.span(first, last))),), hint)
        )
        if len(self.problems) >= MAX_PROBLEMS:
            raise GradcError.of(self.problems)

    def error(self, message: str, first: int, last: int | None = None, hint: str = "") -> GradcError:
        """The error to raise where nothing more can be read, with the problems before it."""
        return self.error_at(message, [(first, first if last is None else last, "")], hint)

    def error_at(self, message: str, marks: Iterable[tuple[int, int, str]], hint: str = "") -> GradcError:
        """The same with several places, each with a label."""
        self.problems.append(
            Problem(
                message + self.context(), self.text, tuple(Mark(*self.span(a, b), label) for a, b, label in marks), hint
            )
        )
        return GradcError.of(self.problems)

    def note(self, message: str, first: int, last: int, hint: str = "") -> None:
        """Remember what the user should know; the same thing is said once, however often it is so."""
        if all(note.message != message for note in self.notes):
            self.notes.append(Note(message, self.span(first, last), self.text, hint))
