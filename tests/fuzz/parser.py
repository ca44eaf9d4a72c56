"""Texts that nobody would write -> a result or a `GradcError` that points into the text, and never anything else.

Random bytes, random tokens, corpus programs and random programs with something wrong done to them. Growth is measured
in steps of the interpreter and not in seconds, so that a busy machine can't fail it.

>>> texts = Texts(7, ["x*y"])
>>> all(isinstance(text, str) for text in (texts.bytes_(), texts.tokens(), texts.mutant()))
True
"""

from __future__ import annotations

import argparse
import ast
import json
import multiprocessing
import random
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from .draw import draw
from .tree import text as text_of

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
PATIENCE = 30  # seconds for one text of a few hundred characters: a hang, not a slow machine
CHUNK = 500
TOKENS = (
    "x y z W X b n 0 1 2 3.5 .5 2. 1e-3 1e999 1_000 0x1F 1j 9**9**9 + - * / ** @ // % ~ & | ^ ! ? $ ` \\ << >> -> := "
    "< <= > >= == != = , ; : . ... ( ) [ ] { } ' \" ''' # if else and or not in is for while def class lambda return "
    "import None True False yield await async with as from global del pass exp log sqrt sin max min sum mean dot "
    "where norm det inv solve softmax logsumexp reshape transpose concatenate stack axis=0 axis=-1 axis=(0,1) "
    "keepdims=True .T .sum .dot .shape .real .__class__ np. math. torch. jnp. np.linalg. numpy Max Abs Piecewise "
    "Heaviside sigmoid relu erf pi e E __import__ eval f df dx cache out × · − ² ³ √ π σ λ µ μ 𝑥 x² ∞ ½ １ ａ "
    "x: [3] y: [n, m] [:,0] [None] [::2] [-1] [0] x[i] f(x) 2x 3(x) sin^2(x) e**x x^2"
).split(" ")
BLANKS = ["", "", " ", " ", "\n", ";", "\t", "  ", "\r\n", "\\\n"]
ODD = [
    *("\x00", "\x07", "\x1b[31m", "\u0301", "\u200b", "\u202e", "\u2028", "\ufeff", "\ud800", "\U0001f600"),
    *("\x85", "\xa0"),
    *('"""', "'''", "\\", "#", "\n", "\r", "\t", "\x0c", "²", "√", "−", "×", "µ", "𝑥", "é", "漢", "ﬁ", "İ", "ß"),
]


class Strayed(AssertionError):
    """The compiler answered with something that it must not answer with."""


class Texts:
    """Draws texts."""

    def __init__(self, seed: int | str, corpus: Sequence[str]) -> None:
        self.rng = random.Random(f"text {seed}")
        self.corpus = corpus

    def draw(self) -> str:
        """A text of any kind."""
        return self.rng.choice([self.bytes_, self.tokens, self.mutant, self.mutant, self.mutant, self.nested])()

    def bytes_(self) -> str:
        """Bytes, read in one of three ways."""
        raw = self.rng.randbytes(self.rng.choice([1, 3, 10, 40, 200]))
        way = self.rng.randrange(3)
        if way == 0:
            return raw.decode("latin-1")
        return raw.decode("utf-8", "replace" if way == 1 else "surrogateescape")

    def tokens(self) -> str:
        """Tokens in no order."""
        count = self.rng.choice([1, 2, 3, 5, 8, 20, 60])
        return "".join(self.rng.choice(TOKENS) + self.rng.choice(BLANKS) for _ in range(count))

    def nested(self) -> str:
        """Brackets, signs and calls in each other, closed or not."""
        depth = self.rng.choice([1, 5, 50, 300])
        opening, closing = self.rng.choice([
            ("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("exp(", ")"), ("x[", "]"), ("x if y else ", ""),
            ("x**", ""), ("x + (", ")"), ("max(x, ", ")"), ("where(x > 0, ", ", 0)"), ("", ".T"), ("", "²"), ("√", ""),
            ("{", "}"), ("f(", ""), ("x < ", ""), ("x and ", ""), ("2", "x"), ("(x", " y)"), ("lambda: ", ""),
        ])  # fmt: skip
        middle = self.rng.choice(["x", "", "1", "x y", "+", self.rng.choice(TOKENS)])
        return opening * depth + middle + closing * (depth + self.rng.choice([0, 0, 0, 1, -1]))

    def program(self) -> str:
        """A program with nothing wrong."""
        if self.corpus and self.rng.random() < 0.6:
            return self.rng.choice(self.corpus)
        return text_of(draw(self.rng.randrange(10**6)).program)

    def mutant(self) -> str:
        """A program with something wrong."""
        out = self.program()
        for _ in range(self.rng.choice([1, 1, 1, 2, 3, 8])):
            out = self.rng.choice(MUTATIONS)(self, out)
        return out[:5000]

    def place(self, text: str) -> int:
        """Somewhere in a text."""
        return self.rng.randint(0, len(text))

    def piece(self, text: str) -> tuple[int, int]:
        """A short stretch of a text."""
        start = self.place(text)
        return start, min(len(text), start + self.rng.choice([1, 1, 1, 2, 3, 10, 40]))


def without(texts: Texts, text: str) -> str:
    start, end = texts.piece(text)
    return text[:start] + text[end:]


def doubled(texts: Texts, text: str) -> str:
    start, end = texts.piece(text)
    return text[:end] + text[start:end] + text[end:]


def with_token(texts: Texts, text: str) -> str:
    at = texts.place(text)
    return text[:at] + texts.rng.choice(TOKENS) + text[at:]


def with_odd(texts: Texts, text: str) -> str:
    at = texts.place(text)
    return text[:at] + texts.rng.choice(ODD) + text[at:]


def replaced(texts: Texts, text: str) -> str:
    start, end = texts.piece(text)
    return text[:start] + texts.rng.choice(TOKENS) + text[end:]


def exchanged(texts: Texts, text: str) -> str:
    start, end = texts.piece(text)
    other, stop = texts.piece(text)
    return text[:start] + text[other:stop] + text[end:]


def cut(texts: Texts, text: str) -> str:
    return text[: texts.place(text)]


def spliced(texts: Texts, text: str) -> str:
    other = texts.program()
    return text[: texts.place(text)] + other[texts.place(other) :]


def turned(texts: Texts, text: str) -> str:
    """One character into its neighbour."""
    if not text:
        return text
    at = texts.rng.randrange(len(text))
    return text[:at] + chr(max(0, ord(text[at]) + texts.rng.choice([-1, 1, 32, -32]))) + text[at + 1 :]


MUTATIONS: list[Callable[[Texts, str], str]] = [
    without, without, doubled, with_token, with_token, with_odd, replaced, replaced, exchanged, cut, spliced, turned
]  # fmt: skip


# ------------------------------------------------------------------------------------------------- one text


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a text."""

    kind: str  # "module", "error" or "stray"
    detail: str = ""


def answer(text: str, **options: Any) -> Answer:
    """What the compiler says to a text; "stray" if that breaks the promise."""
    import gradc

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fn = gradc.compile(text, **options)
            ast.parse(fn.source)
            for note in getattr(fn, "notes", ()):
                str(note)
    except gradc.GradcError as error:
        return Answer("stray", wrong) if (wrong := misplaced(error, text)) else Answer("error", str(error))
    except (Exception, SystemExit) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return Answer("stray", f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"[:600])
    return Answer("module")


def misplaced(error: Any, text: str) -> str | None:
    """What is wrong with an error's places and words, if anything."""
    if not error.problems:
        return "an error without a problem"
    for problem in error.problems:
        if not problem.message.strip():
            return "an error without words"
        for mark in problem.marks:
            if problem.text != text:
                return f"marks {problem.text!r}, which is not the text"
            if not 0 <= mark.start <= mark.end <= len(text):
                return f"span {mark.start}..{mark.end} of a text of {len(text)} characters: {problem.message}"
    if not str(error).strip() or not error.render().strip():
        return "an error that renders as nothing"
    return None


class Hung(BaseException):
    """A text took longer than anybody waits."""


def guarded(text: str) -> Answer:
    """`answer`, with an end to patience, in seconds of the processor: a busy machine is no fault of a text."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hung

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        return answer(text)
    except Hung:
        return Answer("stray", f"no answer within {PATIENCE} s")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def smaller(text: str, seconds: float = 10.0) -> str:
    """A shorter text that strays, too."""
    end, step = time.monotonic() + seconds, max(1, len(text) // 2)
    while step and time.monotonic() < end:
        at = 0
        while at < len(text) and time.monotonic() < end:
            shorter = text[:at] + text[at + step :]
            if guarded(shorter).kind == "stray":
                text = shorter
            else:
                at += step
        step //= 2
    return text


# ------------------------------------------------------------------------------------------------- growth


FAMILIES: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "(" * n + "x" + ")" * n,
    "open parentheses": lambda n: "(" * n,
    "closed parentheses": lambda n: "x" + ")" * n,
    "brackets": lambda n: "x[" * n + "0" + "]" * n,
    "a sum": lambda n: "+".join(["x"] * n),
    "a sum of many": lambda n: "+".join(f"x{i}" for i in range(n)),
    "a product of sums": lambda n: "*".join(["(x + y)"] * n),
    "powers": lambda n: "x" + "**x" * n,
    "signs": lambda n: "-" * n + "x",
    "nots": lambda n: "not " * n + "x",
    "calls": lambda n: "exp(" * n + "x" + ")" * n,
    "unknown calls": lambda n: "foo(x) + " * n + "x",
    "conditionals": lambda n: "x if y else " * n + "z",
    "comparisons": lambda n: "x" + " < x" * n,
    "statements": lambda n: "".join(f"y{i} = x*{i}\n" for i in range(n)) + "+".join(f"y{i}" for i in range(n)),
    "reassignments": lambda n: "y = x\n" + "y = y*x + 1\n" * n + "y",
    "unused statements": lambda n: "".join(f"y{i} = x*{i}\n" for i in range(n)) + "x",
    "unknown signs": lambda n: "$ " * n,
    "missing operators": lambda n: "2x + " * n + "x",
    "a long name": lambda n: "x" * n + "*2",
    "a long number": lambda n: "1" * n + "*x",
    "a long comment": lambda n: "x #" + "y" * n,
    "an open string": lambda n: "'" + "y" * n,
    "empty lines": lambda n: "\n" * n + "x",
    "semicolons": lambda n: ";" * n + "x",
    "commas": lambda n: ",".join(["x"] * n),
    "arguments": lambda n: "max(" + ", ".join(f"x{i}" for i in range(n)) + ")",
    "transpositions": lambda n: "x: [3]\nsum(x" + ".T" * n + ")",
    "squares": lambda n: "x" + "²" * n,
    "odd signs": lambda n: "\u0301" * n,
}


def steps(text: str) -> int:
    """How many functions the interpreter enters to answer a text."""
    count = 0

    def tick(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tick)
    try:
        answer(text)
    finally:
        sys.setprofile(None)
    return count


def growth(family: str, small: int = 400, factor: int = 4) -> float:
    """How much faster than its length the work for a text grows: 1 is linear."""
    make = FAMILIES[family]
    answer(make(3))  # what is done once is done
    less, more = steps(make(small)), steps(make(factor * small))
    return more / max(less, 1) / factor


# ------------------------------------------------------------------------------------------------- the command


def corpus_programs(path: Path = CORPUS) -> list[str]:
    """The programs of the corpora in a folder, or in one file."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    found = []
    for file in files:
        held = json.loads(file.read_text(encoding="utf-8"))
        found += [
            record["program"] for record in (held.get("cases", held.get("records")) if isinstance(held, dict) else held)
        ]
    return found


def run_seed(seed: int, corpus: Sequence[str]) -> tuple[str, Answer]:
    """One seed's text and answer."""
    text = Texts(seed, corpus).draw()
    return text, guarded(text)


_corpus: list[str] = []


def start(corpus: list[str]) -> None:
    """What a process needs to know."""
    _corpus[:] = corpus


def run_job(seed: int) -> tuple[int, str, Answer]:
    """One seed, in a process of its own."""
    return (seed, *run_seed(seed, _corpus))


def outcomes(options: argparse.Namespace, corpus: list[str]) -> Iterator[tuple[int, str, Answer]]:
    """Every seed's outcome."""
    seeds = range(options.seed, options.seed + options.count)
    if options.jobs < 2 or options.count < 2 * CHUNK:
        start(corpus)
        yield from map(run_job, seeds)
        return
    with multiprocessing.Pool(options.jobs, start, (corpus,)) as pool:
        yield from pool.imap_unordered(run_job, seeds, chunksize=CHUNK)


def main(argv: Sequence[str]) -> int:
    """`python -m tests.fuzz parser N`."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz parser", description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="a folder of corpora, or one file")
    parser.add_argument("--every", type=int, default=20_000, help="texts between two lines of progress")
    parser.add_argument("--show", type=int, default=10)
    parser.add_argument("--growth", action="store_true", help="measure how the work grows with the text, too")
    options = parser.parse_args(argv)
    corpus, counts, begun = corpus_programs(options.corpus), {"module": 0, "error": 0, "stray": 0}, time.monotonic()
    seen: dict[str, int] = {}
    for number, (seed, text, got) in enumerate(outcomes(options, corpus), 1):
        counts[got.kind] += 1
        if got.kind == "stray":
            place = got.detail.rsplit("(", 1)[-1]
            seen[place] = seen.get(place, 0) + 1
            if seen[place] == 1 and len(seen) <= options.show:
                print(f"FAILED: python -m tests.fuzz parser 1 --seed {seed}\n{got.detail}")
                print(f"smaller: {smaller(text)!r}", flush=True)
        if number % options.every == 0:
            print(f"{number} of {options.count} texts, {counts['stray']} strays", file=sys.stderr, flush=True)
    steep = {name: growth(name) for name in FAMILIES} if options.growth else {}
    for name, rate in steep.items():
        print(f"{name:<20} {rate:.2f} times linear")
    for place, count in seen.items():
        print(f"{count} strays at {place}")
    rate = options.count / (time.monotonic() - begun)
    kinds = ", ".join(f"{count} {kind}s" for kind, count in counts.items())
    print(f"{options.count} texts: {kinds}, {rate:.0f} a second")
    return 1 if counts["stray"] else 0
