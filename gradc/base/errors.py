"""A message, places in a program and a hint into the text with the caret.

>>> print(GradcError("unknown function 'sigmod'", "x + sigmod(y)", [(4, 10)], "did you mean 'sigmoid'?").render())
gradc: error: unknown function 'sigmod'
  line 1 | x + sigmod(y)
         |     ^^^^^^  did you mean 'sigmoid'?

`str(error)` is the same without `gradc: error: `, as a library's user sees it after the exception's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradc.base.records import NamedTuple

Span = tuple[int, int]

# One run shows so many independent problems; the rest would be noise.
MAX_PROBLEMS = 5
# A source line wider than this is shown as a window around the mark, with `…` where it is cut.
WINDOW = 100
# So much of a cut line stays to the left of the first mark.
LEAD = 30
ELLIPSIS = "…"
# A message or hint has no more characters than this.
MESSAGE = 400
# Controls, invisible formatting, lone surrogates and line separators that are none of ours.
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")

RED, CYAN, PLAIN = "\x1b[1;31m", "\x1b[1;36m", "\x1b[0m"


class Mark(NamedTuple):
    """A place in the program, as code points from its start, and what to write beside the caret."""

    start: int
    end: int
    label: str = ""


class Problem(NamedTuple):
    """One thing that is wrong: what, in which text, where, and what to write instead."""

    message: str
    text: str = ""
    marks: tuple[Mark, ...] = ()
    hint: str = ""

    @property
    def line(self) -> int:
        """The number of the line with the first mark, from 1; 0 where there is no mark."""
        return self.text.count("\n", 0, self.marks[0].start) + 1 if self.marks else 0

    @property
    def column(self) -> int:
        """The code point of its line at which the first mark starts, from 1."""
        return self.marks[0].start - (self.text.rfind("\n", 0, self.marks[0].start) + 1) + 1 if self.marks else 0

    def render(self, prefix: str = "", color: str = "") -> str:
        """The message, and below it the marked lines with the hint beside the last caret."""
        hint = visible(shortened(self.hint))
        lines = [prefix + visible(shortened(self.message))]
        if not self.marks:
            return "\n".join(lines + [f"  {hint}"] * bool(hint))
        groups = _windows(self.text, self.marks)
        for group in groups:
            lines += _marked(self.text, *group, hint=hint if group is groups[-1] else "", color=color)
        return "\n".join(lines)


class Note(NamedTuple):
    """Something accepted that the user should know of, said once on standard error."""

    message: str
    span: Span | None = None
    text: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return self._problem().render()

    def render(self, color: bool = False) -> str:
        return self._problem().render("gradc: note: ", CYAN if color else "")

    def _problem(self) -> Problem:
        return Problem(self.message, self.text, (Mark(*self.span),) if self.span else (), self.hint)


class GradcError(Exception):
    """Why a program does not compile: one problem, or several that are independent of each other."""

    def __init__(
        self,
        message: str,
        text: str = "",
        marks: Iterable[Mark | Sequence[int | str]] = (),
        hint: str = "",
        others: Iterable[Problem] = (),
    ) -> None:
        super().__init__(message)
        first = Problem(message, text, tuple(m if isinstance(m, Mark) else Mark(*m) for m in marks), hint)  # type: ignore[arg-type]  # (start, end[, label])
        self.problems: tuple[Problem, ...] = (first, *others)[:MAX_PROBLEMS]

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> GradcError:
        """One error of several problems, the first of which gives its message."""
        first = problems[0]
        return cls(first.message, first.text, first.marks, first.hint, problems[1:])

    @property
    def message(self) -> str:
        return self.problems[0].message

    @property
    def text(self) -> str:
        return self.problems[0].text

    @property
    def marks(self) -> tuple[Mark, ...]:
        return self.problems[0].marks

    @property
    def hint(self) -> str:
        return self.problems[0].hint

    def at(self, text: str, *spans: Span) -> GradcError:
        """The same error with a place, for one that was raised where no place was known."""
        return self if self.marks else type(self)(self.message, text, spans, self.hint, self.problems[1:])

    def render(self, color: bool = False) -> str:
        """As the command line shows it: every problem with its own `gradc: error:`."""
        return "\n".join(problem.render("gradc: error: ", RED if color else "") for problem in self.problems)

    def __str__(self) -> str:
        return "\n".join(problem.render() for problem in self.problems)

    def to_dict(self) -> dict[str, object]:
        """As plain data, for programs: each problem with its places, in code points from the start of the program."""
        return {
            "ok": False,
            "errors": [
                {
                    "message": visible(problem.message),
                    "hint": visible(problem.hint),
                    "line": problem.line,
                    "column": problem.column,
                    "spans": [{"start": mark.start, "end": mark.end, "label": mark.label} for mark in problem.marks],
                }
                for problem in self.problems
            ],
        }

    def __reduce__(self) -> tuple[type[GradcError], tuple[object, ...]]:
        return type(self), (self.message, self.text, self.marks, self.hint, self.problems[1:])


# ---- layout ------------------------------------------------------------------------------------


def width(text: str) -> int:
    """The columns that a terminal gives to a text.

    >>> width("x"), width("漢"), width("e" + chr(0x301))
    (1, 2, 1)
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    import unicodedata  # a table that few programs need

    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def shortened(text: str) -> str:
    """A message without the middle of what is very long in it: a name may be as long as a program."""
    return text if len(text) <= MESSAGE else text[: MESSAGE // 2] + ELLIPSIS + text[-MESSAGE // 2 :]


def visible(text: str) -> str:
    """The text as typed, but for characters that a terminal would obey or hide: each becomes one `�`."""
    if text.isascii() and text.isprintable():
        return text
    import unicodedata  # a table that few programs need

    return "".join("\ufffd" if c != "\t" and unicodedata.category(c) in UNSEEN else c for c in text)


def _windows(text: str, marks: Sequence[Mark]) -> list[tuple[int, int, list[Mark]]]:
    """Pieces of lines to show, each with its marks: (from, to, marks), in the order of the text."""
    groups: list[tuple[int, int, list[Mark]]] = []
    for mark in sorted(marks, key=lambda m: m.start):
        if groups and mark.start <= groups[-1][1] and mark.end <= max(groups[-1][1], mark.start + 1):
            groups[-1][2].append(mark)
            continue
        start = text.rfind("\n", 0, mark.start) + 1
        end = text.find("\n", mark.start)
        end = len(text) if end < 0 else end
        if end > start and text[end - 1] == "\r":
            end -= 1
        if end - start > WINDOW:
            start = max(start, min(mark.start - LEAD, end - WINDOW))
            end = min(end, start + WINDOW)
        groups.append((start, end, [mark]))
    return groups


def _marked(text: str, start: int, end: int, marks: list[Mark], hint: str, color: str) -> list[str]:
    """A piece of a line and the caret lines below it."""
    source = visible(text[start:end])
    cut_left = start > 0 and text[start - 1] != "\n"
    cut_right = end < len(text) and text[end] not in "\r\n"
    head = f"  line {text.count(chr(10), 0, start) + 1} | "
    gutter = " " * (len(head) - 2) + "| "
    left = ELLIPSIS if cut_left else ""
    carets = _caret_line([_placed(source, mark, start, left) for mark in marks])
    carets += _remark([mark.label for mark in marks if mark.label], hint)
    shown = color + carets + PLAIN if color else carets
    return [head + left + source + (ELLIPSIS if cut_right else ""), gutter + shown]


def _placed(source: str, mark: Mark, start: int, left: str) -> tuple[str, str]:
    """What fills the space before the carets, and the carets."""
    at = max(0, mark.start - start)
    covered = source[at : max(at + 1, mark.end - start)]
    before = "".join("\t" if c == "\t" else " " * width(c) for c in left + source[:at])
    return before, "^" * max(1, width(covered))


def _caret_line(placed: list[tuple[str, str]]) -> str:
    """All carets of a line; one that starts under another's is left out."""
    line = ""
    for before, carets in placed:
        if len(line) <= len(before):
            line = line + before[len(line) :] + carets
    return line


def _remark(labels: list[str], hint: str) -> str:
    """What stands beside the carets: the labels in their order, then the hint.

    >>> _remark(["(4, 3)", "(4,)"], "write W.T @ x")
    '  (4, 3) and (4,); write W.T @ x'
    """
    said = "; ".join(filter(None, [" and ".join(labels), hint]))
    return "  " + said if said else ""
