"""A message, places and a hint, as the text with the caret: the form, the padding, the windows, the colours."""

import pickle

import numpy as np
import pytest

import gradc
from gradc.base.errors import MAX_PROBLEMS, WINDOW, GradcError, Mark, Note, Problem, width

FORM = """\
gradc: error: unknown function 'sigmod'
  line 1 | x + sigmod(y)
         |     ^^^^^^  did you mean 'sigmoid'?"""


def caret_line(error: GradcError) -> str:
    return error.render().splitlines()[-1].partition("| ")[2]


def test_the_form() -> None:
    error = GradcError("unknown function 'sigmod'", "x + sigmod(y)", [(4, 10)], "did you mean 'sigmoid'?")
    assert error.render() == FORM


def test_str_starts_with_the_message() -> None:
    error = GradcError("unknown function 'sigmod'", "x + sigmod(y)", [(4, 10)], "did you mean 'sigmoid'?")
    assert str(error) == FORM.removeprefix("gradc: error: ")


def test_without_a_place() -> None:
    assert str(GradcError("nothing to compile", hint="write x*y")) == "nothing to compile\n  write x*y"
    assert str(GradcError("nothing to compile")) == "nothing to compile"


def test_the_line_is_numbered() -> None:
    error = GradcError("no", "a = 1\nb = 2\r\n  c = foo", [(19, 22)])
    assert str(error) == "no\n  line 3 |   c = foo\n         |       ^^^"
    assert (error.problems[0].line, error.problems[0].column) == (3, 7)


def test_a_place_at_the_end_has_a_caret() -> None:
    assert caret_line(GradcError("no", "x +", [(3, 3)])) == "   ^"


def test_operands_are_marked_with_their_labels() -> None:
    error = GradcError("inner sizes differ", "W @ x", [(0, 1, "(4, 3)"), (4, 5, "(4,)")], "write W.T @ x")
    assert caret_line(error) == "^   ^  (4, 3) and (4,); write W.T @ x"


def test_operands_on_different_lines() -> None:
    error = GradcError("no", "(W\n@ x)", [(1, 2, "(4, 3)"), (5, 6, "(4,)")], "hint")
    assert str(error).splitlines()[1:] == [
        "  line 1 | (W",
        "         |  ^  (4, 3)",
        "  line 2 | @ x)",
        "         |   ^  (4,); hint",
    ]


@pytest.mark.parametrize(
    ("before", "columns"),
    [("x + ", 4), ("数 + ", 5), ("e\u0301 + ", 4), ("ｘ + ", 5), ("λ + ", 4)],
)
def test_carets_are_padded_by_display_width(before: str, columns: int) -> None:
    assert width(before) == columns
    assert caret_line(GradcError("no", before + "foo", [(len(before), len(before) + 3)])) == " " * columns + "^^^"


def test_tabs_stay_tabs() -> None:
    assert caret_line(GradcError("no", "\tx +\tfoo", [(5, 8)])) == "\t   \t^^^"


@pytest.mark.parametrize("char", ["\x1b", "\x00", "\x07", "\u202e", "\u200b", "\u2028", "\x85", "\udc80", "\r"])
def test_nothing_that_a_terminal_obeys_is_printed(char: str) -> None:
    text = f"x{char}y + foo {char} z"
    shown = GradcError(f"no {char}", text, [(5, 8)], f"hint {char}").render()
    assert char not in shown
    assert "\ufffd" in shown
    shown.encode()


def test_a_long_line_is_windowed() -> None:
    text = "x + " * 1000 + "foo" + " + x" * 1000
    shown = GradcError("no", text, [(4000, 4003)]).render().splitlines()
    source, caret = (line.partition("| ")[2] for line in shown[1:])
    assert source[0] == source[-1] == "…"
    assert len(source) <= WINDOW + 2
    assert source[caret.index("^") :].startswith("foo")
    assert caret.count("^") == 3


def test_a_long_mark_is_cut() -> None:
    shown = GradcError("no", "x" * 1000, [(0, 1000)]).render().splitlines()
    assert shown[2].count("^") == WINDOW


def test_marks_far_apart_have_a_window_each() -> None:
    text = "W" + " " * 500 + "@ x"
    shown = str(GradcError("no", text, [(0, 1, "(4, 3)"), (503, 504, "(4,)")]))
    assert [line.count("^") for line in shown.splitlines()] == [0, 0, 1, 0, 1]


def test_colour_is_on_the_caret_line_only() -> None:
    error = GradcError("no", "x + foo", [(4, 7)], "hint")
    coloured = [line for line in error.render(color=True).splitlines() if "\x1b" in line]
    assert len(coloured) == 1
    assert "^^^  hint" in coloured[0]
    assert "\x1b" not in error.render()


def test_several_problems() -> None:
    error = GradcError.of([Problem(f"no {i}", "a + b", (Mark(i, i + 1),)) for i in range(9)])
    assert len(error.problems) == MAX_PROBLEMS
    assert str(error).count("no ") == MAX_PROBLEMS
    assert error.render().count("gradc: error: ") == MAX_PROBLEMS
    assert error.message == "no 0"


def test_an_error_gets_its_place_once() -> None:
    error = GradcError("constant too large", hint="less").at("9**9**9", (0, 7))
    assert (error.text, error.marks, error.hint) == ("9**9**9", (Mark(0, 7),), "less")
    assert error.at("other", (1, 2)) is error


def test_errors_can_be_pickled() -> None:
    error = GradcError("no", "a + b", [(0, 1, "label")], "hint", [Problem("and", "a + b")])
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert again.problems == error.problems


def test_notes_have_the_same_form() -> None:
    note = Note("'e' is an input here", (0, 1), "e**x", "write exp(x)")
    assert note.render() == "gradc: note: 'e' is an input here\n  line 1 | e**x\n         | ^  write exp(x)"
    assert str(note) == note.render().removeprefix("gradc: note: ")
    assert Note("plain").render() == "gradc: note: plain"


def test_an_axis_is_no_slice_of_itself() -> None:
    """n - 1 elements are never n, whatever n is; those of another axis may be."""
    with pytest.raises(GradcError, match=r"shapes \(n - 1,\) and \(n,\) do not broadcast"):
        gradc.compile("x: [n]; sum(x[1:]*x)")
    with pytest.raises(GradcError, match="do not multiply"):
        gradc.compile("x: [n]; dot(x[::2], x)")
    function = gradc.compile("x: [n]; y: [m]; a: [2, k]; sum(x[1:]*y) + dot(y[:1], a[1, :-1])")
    value, grads = function.value_and_grad(x=np.ones(3), y=np.ones(2), a=np.ones((2, 2)))
    assert value == 3.0
    assert np.array_equal(grads["a"], [[0.0, 0.0], [1.0, 0.0]])
