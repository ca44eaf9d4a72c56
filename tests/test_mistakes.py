"""What people will type, and what gradc answers: a row is a program, words of the answer, the place it marks."""

import itertools
import os
import pty
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import gradc as library
from tests.support import Outcome, environment, gradc, python

# -- reading an answer ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the program as it is shown, with the pieces that stand above the carets."""

    line: int
    text: str
    pieces: list[str]
    hint: str


def width(text: str) -> int:
    """Columns of a terminal.

    >>> width("x + "), width("数"), width("e\\u0301")
    (4, 2, 1)
    """
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pieces(text: str, carets: str) -> list[str]:
    """The parts of a text above the runs of carets."""
    starts = [0, *itertools.accumulate(map(width, text))]
    found = []
    for run in re.finditer(r"\^+", carets):
        assert run.start() in starts, "a caret stands in the middle of a character"
        first = starts.index(run.start())
        last = next((i for i, column in enumerate(starts) if column >= run.end()), len(text))
        found.append(text[first:last] if first < len(text) else "")
    return found


def marks(err: str) -> list[Mark]:
    """Every marked line of an answer, the form of each held to the pattern of the house."""
    found = []
    lines = err.splitlines()
    for line, below in itertools.pairwise([*lines, ""]):
        shown = re.fullmatch(r"(  line (\d+) )\| (.*)", line)
        if not shown:
            continue
        caret = re.fullmatch(r"( +)\| ( *\^[\^ ]*?)(?:  ([^ ^].*))?", below)
        if caret is None:
            continue  # the first of two lines: the second operand is marked below its own
        assert len(caret[1]) == len(shown[1]), "the bars stand in one column"
        found.append(Mark(int(shown[2]), shown[3], pieces(shown[3], caret[2]), caret[3] or ""))
    return found


def marked(err: str) -> list[str]:
    return [piece for mark in marks(err) for piece in mark.pieces]


def messages(err: str, kind: str = "error") -> list[str]:
    """The messages of one kind.

    >>> messages("gradc: error: no\\ngradc: note: yes\\n")
    ['no']
    """
    return re.findall(rf"^gradc: {kind}: (.*)$", err, re.MULTILINE)


def is_plain(outcome: Outcome) -> bool:
    return "Traceback" not in outcome.err and "\x1b" not in outcome.err and 'File "' not in outcome.err


def rejected(*args: str, stdin: str = "") -> str:
    """The standard error of a command that must end with 2, say why, and print nothing else."""
    outcome = gradc(*args, stdin=stdin)
    assert (outcome.code, outcome.out) == (2, ""), outcome
    assert is_plain(outcome)
    found = messages(outcome.err)
    assert found
    assert all(m[0] == m[0].lower() and not m.endswith(".") for m in found), found
    return outcome.err


def accepted(*args: str, stdin: str = "") -> Outcome:
    outcome = gradc(*args, stdin=stdin)
    assert outcome.code == 0, outcome.err
    assert is_plain(outcome)
    return outcome


def has(err: str, *words: str) -> bool:
    """Whether all the words are in a message, whatever its quotes."""
    missing = [word for word in words if word not in err.replace("`", "'")]
    assert not missing, f"{missing} not in:\n{err}"
    return True


# -- the form ------------------------------------------------------------------------------------------------------

FORM = """\
gradc: error: unknown function 'sigmod'
  line 1 | x + sigmod(y)
         |     ^^^^^^  did you mean 'sigmoid'?
"""


def test_the_form_of_an_error() -> None:
    assert rejected("compile", "x + sigmod(y)") == FORM


def test_the_form_of_an_error_from_the_shell() -> None:
    outcome = python("-m", "gradc", "compile", "x + sigmod(y)")
    assert (outcome.code, outcome.out, outcome.err) == (2, "", FORM)


def test_the_library_raises_the_same_words() -> None:
    with pytest.raises(library.GradcError) as raised:
        library.compile("x + sigmod(y)")
    assert has(str(raised.value), "unknown function 'sigmod'", "did you mean 'sigmoid'?")


def test_the_line_and_its_number() -> None:
    err = rejected("compile", "a = x + y\n\n  b = a*sigmod(a)\nb + 1")
    assert marks(err) == [Mark(3, "  b = a*sigmod(a)", ["sigmod"], "did you mean 'sigmoid'?")]


def test_carets_are_padded_by_display_width() -> None:
    err = rejected("compile", "数 + sigmod(y)")
    assert marked(err) == ["sigmod"]


def test_independent_errors_are_shown_together() -> None:
    err = rejected("compile", "sigmod(x) + tg(y)")
    assert len(messages(err)) == 2
    assert marked(err) == ["sigmod", "tg"]


def test_at_most_five_errors_are_shown() -> None:
    err = rejected("compile", " + ".join(f"nofunction{i}(x)" for i in range(7)))
    assert len([m for m in messages(err) if m.startswith("unknown function")]) == 5


def on_a_terminal(*args: str, **changes: str) -> str:
    """What a command writes to a terminal as its standard error."""
    master, slave = pty.openpty()
    variables = {**environment(TERM="xterm-256color", **changes)}
    if "NO_COLOR" not in changes:
        variables.pop("NO_COLOR", None)
    with subprocess.Popen(
        [sys.executable, "-m", "gradc", *args],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave, env=variables,
    ) as process:  # fmt: skip
        os.close(slave)
        chunks = []
        while True:
            try:
                chunk = os.read(master, 4096)
            except OSError:  # Linux says so when the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
        process.wait()
    os.close(master)
    return b"".join(chunks).decode().replace("\r\n", "\n")


def test_colour_is_on_the_caret_line_only() -> None:
    coloured = [line for line in on_a_terminal("compile", "x + sigmod(y)").splitlines() if "\x1b" in line]
    assert len(coloured) == 1
    assert "^^^^^^" in coloured[0]


def test_no_color_is_respected() -> None:
    assert on_a_terminal("compile", "x + sigmod(y)", NO_COLOR="1") == FORM


# -- the rows: rejected --------------------------------------------------------------------------------------------

ROWS: list[tuple[int, str, list[str], list[str] | None]] = [
    # row, program, words of the answer, what is marked (None: any one place)
    (2, "2x", ["missing operator", "2*x"], None),
    (2, "3(x + y)", ["missing operator", "3*(x + y)"], None),
    (2, "1 + 2x", ["missing operator", "2*x"], None),
    (3, "x(y + 1)", ["'x' is a variable, not a function", "x*(y + 1)"], None),
    (3, "x y", ["x*y"], None),
    (4, "sigmod(y)", ["unknown function 'sigmod'", "sigmoid"], ["sigmod"]),
    (4, "tg(x)", ["unknown function 'tg'", "tan"], ["tg"]),
    (4, "avg(x)", ["unknown function 'avg'", "mean"], ["avg"]),
    (6, "sin x", ["needs parentheses", "sin(x)"], None),
    (7, "sin^2(x)", ["power", "sin(x)**2"], None),
    (8, "(x + y", ["'('", "never closed"], ["("]),
    (8, "x*((y + 1)", ["'('", "never closed"], ["("]),
    (8, "x + y)", ["')'", "closes nothing"], [")"]),
    (9, "x +", ["expected a value after '+'"], None),
    (9, "x */ y", ["expected a value after '*'"], None),
    (11, "\N{MICRO SIGN} + \N{GREEK SMALL LETTER MU}", ["U+00B5", "U+03BC"], None),
    (11, "\N{MATHEMATICAL ITALIC SMALL X} + x", ["U+1D465", "U+0078"], None),
    (13, "lambda*x", ["keyword", "lam"], ["lambda"]),
    (13, "class + x", ["keyword", "class_"], ["class"]),
    (13, "None*x", ["keyword"], ["None"]),
    (14, "exp*exp(x)", ["exp", "variable", "function"], None),
    (15, "W: [4, 3]; x: [4]\nW @ x", ["3 and 4", "(4, 3)", "(4,)", "W.T @ x"], ["W", "x"]),
    (15, "W: [4, 3]; x: [5]\nW @ x", ["3 and 5", "(4, 3)", "(5,)"], ["W", "x"]),
    (16, "A: [n, d]; b: [n]\nA + b", ["(n, d)", "(n,)", "b[:, None]", "(d,)"], ["A", "b"]),
    (17, "mean(x)", ["'x' is a scalar", "x: [n]", "--shape x=n"], ["x"]),
    (19, "x = 3", ["3", "constant", "nothing to differentiate"], None),
    (19, "a = q + x\nq = x*y\na*q", ["'q'", "line 2"], ["q"]),
    (20, "1,5*x", ["decimal", "1.5"], None),
    (20, "1e999*x", ["not a finite number"], ["1e999"]),
    (20, "9**9**9*x", ["too large"], None),
    (20, "10**400*x", ["too large"], None),
    (21, "atan2(x)", ["atan2", "2 arguments", "(y, x)", "got 1"], None),
    (21, "sin()", ["sin", "1 argument", "got 0"], None),
    (21, "sin(x, y)", ["sin", "1 argument", "got 2"], None),
    (21, "x: [n]\nsum(x, axes=0)", ["unknown keyword 'axes'", "axis"], ["axes"]),
    (23, "'text' + x", ["string", "not part of the language"], None),
    (23, '"""text""" + x', ["string", "not part of the language"], None),
    (23, "x.real + 1", ["attribute", "real"], None),
    (23, "__import__('os')", ["__import__"], None),
    (23, "class A: x", ["class", "not part of the language"], None),
    (23, "while x > 0: x = x - 1", ["while", "not part of the language"], None),
    (23, "try: x\nexcept: y", ["try", "not part of the language"], None),
    (23, "print(x)", ["print", "not part of the language"], None),
    (23, "x := y + 1", [":="], None),
    (23, "{x: y}", ["key", "constant"], None),
    (23, "import os", ["import", "os"], ["import os"]),
    (23, "with x: y", ["with", "not part of the language"], ["with"]),
    (23, "yield x", ["yield", "not part of the language"], None),
    (24, "x: [3]\nx[5]", ["index 5", "0..2"], None),
    (29, "x^{2}", ["TeX", "write x**2"], ["{2}"]),
    (29, r"\frac{x}{y}", ["'\\frac'", "write (x)/(y)"], None),
    (29, r"x \cdot y", ["'\\cdot'", "write *"], None),
    (29, r"\sqrt{x}", ["'\\sqrt'", "write sqrt(x)"], None),
    (29, r"\sum_i x_i", ["'\\sum_i'", "write sum(x)"], None),
    (29, r"\sin(x)", ["'\\sin'", "write sin(x)"], None),
    (29, "x_{1}*y", ["TeX", "write x_1"], ["{1}"]),
    (30, "Sin[x]", ["'('", "write sin(x)"], None),
    (30, "Sqrt[x + y]", ["'('", "write sqrt(x + y)"], None),
    (30, "a.*b", ["'.*'", "elementwise"], None),
    (30, "x.^2", ["'.^'", "write x**2"], None),
    (30, "A\\b", ["write solve(A, b)"], None),
    (30, "A'*b", ["write A.T @ b"], None),
    (30, "A^T*b", ["'^T'", "write A.T"], ["A^T"]),
    (30, "A: [3, 3]\nA^-1", ["'^-1'", "write inv(A)"], ["A^-1"]),
    (31, "d/dx x^2", ["differentiates by itself", "--wrt"], ["d/dx"]),
    (31, "grad(f)", ["unknown function 'grad'", "differentiates by itself", "--wrt"], ["grad"]),
    (31, "\N{PARTIAL DIFFERENTIAL}f/\N{PARTIAL DIFFERENTIAL}x", ["differentiates by itself"], None),
    (32, "y <- x*2", ["'<-'", "write y = ..."], ["<-"]),
    (33, "exp^x", ["'exp' is a function", "write exp(x)"], ["exp^"]),
    (33, "x\N{MODIFIER LETTER CAPITAL T}y", ["write x.T @ y"], None),
    (33, "inf", ["constant", "nothing to differentiate"], ["inf"]),
    (34, "3!", ["factorial", "gamma(n + 1)", "lgamma"], ["!"]),
    (34, "||x||", ["write norm(x)"], ["||"]),
    (34, "\N{DOUBLE VERTICAL LINE}x\N{DOUBLE VERTICAL LINE}", ["write norm(x)"], None),
    (34, "|x|", ["write abs(x)"], None),
    (34, "sin\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT ONE}(x)", ["write asin(x)"], None),
    (34, "tan^-1(x)", ["write atan(x)"], None),
    (34, "x\N{SUPERSCRIPT LATIN SMALL LETTER N}", ["write x**n"], None),
    (34, "f()", ["'f' is called with nothing"], ["f()"]),
    (34, "x mod 2", ["'mod'", "write x % 2"], ["mod"]),
    (34, "let x = 3", ["'let'", "write x = 3"], ["let"]),
    (34, "width height", ["missing operator"], None),
    (35, "median(x)", ["unknown function 'median'", "no gate"], ["median"]),
    (35, "eigh(A)", ["unknown function 'eigh'", "no gate"], ["eigh"]),
    (35, "np.linalg.svd(A)", ["unknown function 'svd'"], ["svd"]),
    (35, "interp(x, y)", ["unknown function 'interp'", "no interpolation"], ["interp"]),
    (35, "Math.sqrt(x)", ["'Math.' is no prefix here", "write sqrt(x)"], None),
    (35, "tf.reduce_sum(x)", ["unknown function 'reduce_sum'", "did you mean 'sum'?"], ["reduce_sum"]),
    (36, "if x > 0:\n    y = 1\ny", ["hangs on a value", "where(x > 0, a, b)"], ["x > 0"]),
    (36, "while x > 0:\n    x = x - 1", ["'while'", "for i in range"], ["while"]),
    (36, "def f(t): return f(t - 1)\nf(x)", ["calls itself", "recursion"], ["f(t - 1)"]),
    (36, "x: [n]\nfor v in x: y = v\ny", ["the size 'n'", "--shape x=3"], ["x"]),
    (36, "for i in range(n): y = x", ["'n' is an input", "write n = 3 above"], ["n"]),
    (37, "(x > 0) and y", ["'and' joins conditions", "write y if x > 0 else 0"], None),
    (37, "x or y", ["'or' joins conditions"], ["x or y"]),
    (42, "'x*y'", ["leave the quotes out"], None),
    (42, "y = x*2\ty + 1", ["two statements", "put ; between them"], ["2\ty"]),
    (42, "y = x*2\tz = y + 1\nz", ["two statements", "put ; between them"], ["2\tz"]),
    (24, "x: [3]\nx[-4]", ["index -4"], None),
    (24, "x: [3]\nx[1.5]", ["an index is a constant, a whole number"], None),
    (38, "x: [3]\nx[exp(i)]", ["an index is made of whole numbers", "exp"], None),
    (38, "x: [3]\nx[x > 0]", ["how many elements the mask picks", "where"], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "program", "words", "places"), ROWS, ids=lambda v: str(v) if isinstance(v, (int, str)) else ""
)
def test_rejected(row: int, program: str, words: list[str], places: list[str] | None) -> None:
    err = rejected("compile", program)
    assert has(err, *words)
    shown = marks(err)
    assert shown, f"row {row}: no place is marked"
    lines = program.split("\n")
    assert all(mark.text == lines[mark.line - 1] for mark in shown), "the text stands exactly as it was typed"
    if places is not None:
        assert marked(err) == places


@pytest.mark.parametrize("program", ["", "   ", "\n\n", "# only a comment", ";"])
def test_nothing_to_compile(program: str) -> None:
    assert has(rejected("compile", program), "nothing to compile")


def test_wrt_names_an_input() -> None:
    assert has(rejected("compile", "x*y", "--wrt", "z"), "no input 'z'", "'x'", "'y'")


def test_unquoted_program() -> None:
    assert has(rejected("compile", "x", "+", "y"), "got 3 arguments", "quote")


def test_the_gradient_of_a_matrix_needs_df() -> None:
    fn = library.compile("X: [n, d]; W: [d, c]; X @ W")
    with pytest.raises((TypeError, ValueError)) as raised:
        fn.value_and_grad(np.ones((2, 3)), np.ones((3, 4)))
    assert has(str(raised.value), "df", "sum(")


def test_constants_are_bounded_before_they_are_computed() -> None:
    """`9**9**9` has 369 million digits."""
    outcome = python("-m", "gradc", "compile", "x + 9**9**9", timeout=20.0)
    assert (outcome.code, outcome.out) == (2, "")


# -- the rows: accepted --------------------------------------------------------------------------------------------

NOTES = [
    (1, "x^2", ["power", "'**'"]),
    (12, "e**x", ["'e' is an input", "exp(x)"]),
    (12, "E**(x*y)", ["'E' is an input", "exp("]),
    (19, "q = x*y\nx + y", ["'q'", "never used"]),
    (32, "x == y", ["the output is a condition", "gradient is 0"]),
    (32, "not x", ["the output is a condition", "gradient is 0"]),
    (33, "sinx + y", ["'sinx' is an input here", "sin(x)"]),
    (33, "sin*x", ["'sin' is an input here", "sin(x)"]),
    (24, "w[0]*x + w[1]", ["'w' has the shape (2,)"]),
]


@pytest.mark.parametrize(("row", "program", "words"), NOTES, ids=lambda v: str(v) if isinstance(v, (int, str)) else "")
def test_noted(row: int, program: str, words: list[str]) -> None:
    outcome = accepted("compile", program)
    assert has(outcome.err, *words)
    assert len(messages(outcome.err, "note")) == 1, f"row {row}: a note is said once"
    assert "note" not in outcome.out
    assert outcome.out == library.compile(program).source


def test_a_note_is_said_once_for_many_places() -> None:
    outcome = accepted("compile", "x^2 + y^2 + (x*y)^3")
    assert len(messages(outcome.err, "note")) == 1


ACCEPTED = [
    # row, program, value at x = 0.5, y = 0.25
    (5, "ln(x)", np.log(0.5)),
    (5, "arcsin(x)", np.arcsin(0.5)),
    (5, "logistic(x)", 1/(1 + np.exp(-0.5))),
    (5, "pow(x, y)", 0.5**0.25),
    (5, "sgn(x)*y", 0.25),
    (5, "np.exp(x)", np.exp(0.5)),
    (5, "numpy.exp(x) + math.sin(y)", np.exp(0.5) + np.sin(0.25)),
    (5, "torch.relu(x) + jnp.tanh(y)", 0.5 + np.tanh(0.25)),
    (5, "Max(x, y)", 0.5),
    (5, "Min(x, y)", 0.25),
    (5, "absolute(x)", 0.5),
    (5, "Abs(x) + Heaviside(y)", 1.5),
    (5, "Piecewise((x, x > y), (y, True))", 0.5),
    (10, "x \N{MINUS SIGN} y", 0.25),
    (10, "x \N{MULTIPLICATION SIGN} y", 0.125),
    (10, "x\N{MIDDLE DOT}y", 0.125),
    (10, "x\N{SUPERSCRIPT TWO}", 0.25),
    (10, "x\N{SUPERSCRIPT THREE}", 0.125),
    (10, "\N{SQUARE ROOT}y", 0.5),
    (10, "\N{SQUARE ROOT}(x*y*2)", 0.5),
    (10, "\N{GREEK SMALL LETTER SIGMA}(y)", 1/(1 + np.exp(-0.25))),
    (10, "\N{GREEK SMALL LETTER PI}*x", np.pi*0.5),
    (20, "1_000*x", 500.0),
    (20, ".5*x + 2.*y + 1e-3", 0.751),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "program", "value"), ACCEPTED, ids=lambda v: str(v) if isinstance(v, (int, str)) else ""
)
def test_accepted(row: int, program: str, value: float) -> None:
    assert accepted("compile", program).err == "", f"row {row}: accepted without a note"
    fn = library.compile(program)
    point = {"x": 0.5, "y": 0.25}
    assert set(fn.inputs) <= set(point)
    assert fn(**{name: point[name] for name in fn.inputs}) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("alias", ["ln", "arcsin", "logistic", "pow", "sgn", "Max", "absolute"])
def test_aliases_are_listed(alias: str) -> None:
    assert re.search(rf"\b{alias}\b", accepted("gates").out)


def test_a_near_spelling_with_another_meaning_is_never_suggested() -> None:
    from gradc.language.advice import unknown_function

    for name in ("sort", "cross", "means", "median", "mode", "rand", "real", "sing", "rot", "cov", "fix", "seed"):
        assert "did you mean" not in unknown_function(name), name
    for name, gate in (
        ("sigmod", "sigmoid"),
        ("nrom", "norm"),
        ("sotfmax", "softmax"),
        ("Tanh", "tanh"),
        ("tg", "tan"),
    ):
        assert unknown_function(name) == f"did you mean '{gate}'?"


def test_what_is_written_for_a_foreign_name_is_of_the_language() -> None:
    from gradc.language.foreign import FOREIGN
    from gradc.language.gates import SPECIAL
    from gradc.ops.table import spellings

    known = {*spellings(), *SPECIAL, *"x asinh acosh atanh log_sigmoid".split()}
    said = {word for word in FOREIGN.values() if not word.startswith("no: ")}
    assert len(FOREIGN) > 350
    for text in said:
        assert text in known or not text.isidentifier(), text


def test_greek_names_are_spelled_out() -> None:
    program = "\N{GREEK SMALL LETTER LAMDA}*x + \N{GREEK SMALL LETTER ALPHA}"
    fn = library.compile(program)
    assert list(fn.inputs) == ["lam", "x", "alpha"]
    assert fn(2, 3, 1) == 7
    assert program in fn.source


CLASHES = [
    "x + dx",
    "x*df",
    "np*x",
    "f*x",
    "cache + x",
    "sum*x",
    "x*dx*ddx",
    "forward*backward",
    "math*x + exp(x)",
    "df*np*f*cache*dx*x",
]


@pytest.mark.parametrize("program", CLASHES)
@pytest.mark.parametrize("target", ["numpy", "math"])
def test_the_users_names_win(program: str, target: str) -> None:
    accepted("compile", program, "--target", target)
    fn = library.compile(program, target=target)
    names = re.findall(r"\b(?!exp\b)[a-z]+\b", program)
    assert list(fn.inputs) == list(dict.fromkeys(names))
    point = {name: 1.5 + i / 4 for i, name in enumerate(fn.inputs)}
    value, grads = fn.value_and_grad(**point)
    assert value == pytest.approx(eval(program, {"exp": np.exp}, point), rel=1e-14)
    assert list(grads) == list(fn.inputs)


def test_a_program_may_start_with_a_minus() -> None:
    assert accepted("compile", "-x**2").out == library.compile("-x**2").source
    assert accepted("compile", "-(x + y)").code == 0
    assert accepted("compile", "-x", "--target", "math").code == 0


# -- files ---------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert has(rejected("compile", "-f", str(tmp_path / "missing.txt")), "missing.txt")


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "program.txt").write_bytes(b"x + \xff\xfe")
    assert has(rejected("compile", "-f", str(tmp_path / "program.txt")), "program.txt", "UTF-8")


def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    assert has(rejected("compile", "-f", str(tmp_path)), str(tmp_path), "a directory")


def test_a_program_from_a_file_and_from_standard_input(tmp_path: Path) -> None:
    (tmp_path / "program.txt").write_text("x*y\n", encoding="utf-8")
    from_file = accepted("compile", "-f", str(tmp_path / "program.txt")).out
    assert from_file == accepted("compile", "-", stdin="x*y\n").out


def test_standard_input_that_is_not_utf8() -> None:
    outcome = gradc("compile", "-", stdin=b"x + \xff")
    assert outcome.code == 2
    assert has(outcome.err, "UTF-8")


def test_an_output_folder_that_is_not_there(tmp_path: Path) -> None:
    assert has(rejected("compile", "x*y", "-o", str(tmp_path / "no" / "out.py")), "no")
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("a file", encoding="utf-8")
    assert has(rejected("compile", "x*y", "-o", str(tmp_path / "plain" / "out.py")), "plain")
    assert has(rejected("compile", "x*y", "-o", str(tmp_path)), str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    out = tmp_path / "staged.py"
    outcome = accepted("compile", "x*y", "-o", str(out))
    assert outcome.out == ""
    assert out.read_text(encoding="utf-8") == library.compile("x*y").source
    assert list(tmp_path.iterdir()) == [out]


def test_nothing_is_written_of_a_wrong_program(tmp_path: Path) -> None:
    out = tmp_path / "staged.py"
    rejected("compile", "x*", "-o", str(out))
    assert not out.exists()


def test_a_file_of_somebody_else_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "mine.py"
    out.write_text("print('mine')\n", encoding="utf-8")
    assert has(rejected("compile", "x*y", "-o", str(out)), "mine.py", "--force")
    assert out.read_text(encoding="utf-8") == "print('mine')\n"
    accepted("compile", "x*y", "-o", str(out), "--force")
    accepted("compile", "x + y", "-o", str(out))  # gradc wrote this one
    assert out.read_text(encoding="utf-8") == library.compile("x + y").source


# -- the large ones ------------------------------------------------------------------------------------------------


def compiles_or_names_a_limit(outcome: Outcome) -> bool:
    assert "Traceback" not in outcome.err
    if outcome.code == 0:
        return bool(outcome.out)
    return outcome.code == 2 and "--max-" in outcome.err


@pytest.mark.parametrize("depth", [1_000, 1_000_000])
@pytest.mark.parametrize("opening", ["(", "-", "sin(", "not "])
def test_depth_is_no_limit_of_the_stack(depth: int, opening: str, tmp_path: Path) -> None:
    program = tmp_path / "program.txt"
    count = depth // {"(": 1, "sin(": 50}.get(opening, 10)
    program.write_text(opening * count + "x" + ")" * (opening.count("(") * count), encoding="utf-8")
    assert compiles_or_names_a_limit(python("-m", "gradc", "compile", "-f", str(program)))


def test_ten_megabytes_of_program(tmp_path: Path) -> None:
    program = tmp_path / "program.txt"
    name = "a_name_of_many_letters_" * 20
    program.write_text(" + ".join([f"x*{name}"] * 22_000), encoding="utf-8")
    assert program.stat().st_size > 10_000_000
    assert compiles_or_names_a_limit(python("-m", "gradc", "compile", "-f", str(program)))


def test_unclosed_parentheses_in_great_number(tmp_path: Path) -> None:
    program = tmp_path / "program.txt"
    program.write_text("(" * 100_000 + "x", encoding="utf-8")
    outcome = python("-m", "gradc", "compile", "-f", str(program))
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert len(outcome.err) < 10_000, "a long line is shown in part"
