"""Traces, reports and gates as Markdown, LaTeX and HTML; what a notebook shows; the magic."""

from __future__ import annotations

import ast
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

import gradc
from gradc.cli.magic import arguments
from gradc.emit.highlight import folded, highlighted
from gradc.evidence.blackboard import put_in, tex
from tests.support import corpus, decode_all, shapes_of
from tests.support import gradc as cli

STAGED = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"


def test_the_numbers_are_put_in() -> None:
    said = gradc.compile(STAGED).trace(x=3, y=-4).markdown()
    assert "| (6) | `den = sigx + xpysqr` | `0.9526 + 1` | `1.953` |" in said
    assert "| (4) | `xpy = x + y` | `3 + (-4)` | `-1` |" in said
    assert "`sigmoid(-4)`" in said
    assert "**Backward, from df = 1**" in said


def test_what_is_put_in_gives_what_is_shown() -> None:
    """Each line with its numbers, read as arithmetic, comes to the value beside it."""
    said = gradc.compile("q = x*y - z/w; r = q**2 + q; f = r*x").trace(x=2, y=-3, z=5, w=4).markdown()
    rows = [line.split("|") for line in said.splitlines() if line.startswith("| (")]
    checked = 0
    for _, _, line, numbers, value, *_ in rows:
        text = numbers.strip().strip("`")
        if text and "+=" not in line:
            assert arithmetic(text) == pytest.approx(float(value.strip().strip("`")), rel=2e-3)
            checked += 1
    assert checked >= 8


def arithmetic(text: str) -> float:
    """The value of an expression of numbers."""
    done: list[Any] = [ast.parse(text, mode="eval").body]

    def value(node: Any) -> float:
        match node:
            case ast.Constant(value=number):
                return float(number)
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return -value(x)
            case ast.BinOp(left=x, op=op, right=y):
                a, b = value(x), value(y)
                return {
                    "Add": a + b,
                    "Sub": a - b,
                    "Mult": a * b,
                    "Div": a / (b or 1),
                    "Pow": abs(a) ** b if b != 2 else a * a,
                }[type(op).__name__]
        raise AssertionError(ast.dump(node))

    return value(done[0])


def test_matrices_are_written_out_up_to_24_elements() -> None:
    fn = gradc.compile("W: [n, m]; sum(W*W)")
    small = fn.trace(W=[[1.0] * 6] * 4).latex()
    assert small.count(r"\begin{bmatrix}") >= 2
    large = fn.trace(W=[[1.0] * 5] * 5).latex()
    assert r"\begin{bmatrix}" not in large
    assert "(5, 5) from" in large


def test_equations_are_aligned_and_numbered() -> None:
    said = gradc.compile(STAGED).trace(x=3, y=-4).latex()
    assert r"\mathit{xpy} &= x + y = 3 + \left(-4\right) = -1 && \text{(4)} \\" in said
    assert (
        r"\mathrm{d}x &\mathrel{+}= \mathrm{d}\mathit{num} = 0.5121 \;\Rightarrow\; \mathrm{d}x = 2.06 && \text{(2)}"
        in said
    )
    assert said.count(r"\begin{align*}") == said.count(r"\end{align*}") == 2


@pytest.mark.parametrize("name", ["notes", "tensor"])
def test_what_is_written_is_balanced(name: str) -> None:
    records = corpus(name)["cases"] if name == "notes" else corpus(name)
    for record in records[:40]:
        fn = gradc.compile(record["program"], shapes=record.get("shapes") if name == "notes" else shapes_of(record))
        point = record.get("inputs") or record["points"][0]["inputs"]
        traced = fn.trace(
            **decode_all(point), **({"df": decode_all({"df": record["df"]})["df"]} if "df" in record else {})
        )
        latex = re.sub(r"\\[{}]", "", traced.latex())
        assert latex.count("{") == latex.count("}"), record["id"]
        assert latex.count(r"\left") == latex.count(r"\right"), record["id"]
        Balanced().feed(traced.html())
        assert traced.markdown()


class Balanced(HTMLParser):
    """Every tag that is opened is closed, in order."""

    VOID = ("meta", "br", "link")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_line_as_a_formula() -> None:
    names = {"x", "y"}
    assert tex("x/(x + y)**2", names) == r"\frac{x}{\left(x + y\right)^{2}}"
    assert tex("np.sqrt(x) - (y - 1)", names) == r"\sqrt{x} - \left(y - 1\right)"
    assert tex("x.T @ dy", names) == r"x^{\top} \, \mathrm{d}y"
    assert tex("x if x > y else 0", names).startswith(r"\begin{cases} x & x > y")
    assert tex("[x for x in y]", names) == r"\texttt{[x for x in y]}"
    assert put_in("f(x)*x + y.T", {"x": -2.0, "f": 1.0, "y": 3.0}) == "f(-2)*(-2) + y.T"


@pytest.mark.parametrize("form", ["markdown", "latex", "html"])
@pytest.mark.parametrize("command", [("trace", "x*y", "--at", "x=1,y=2"), ("gates", "sigmoid"), ("report", "x*y")])
def test_the_command_line_writes_them(command: tuple[str, ...], form: str) -> None:
    done = cli(*command, "--format", form)
    assert done.code == 0
    marks = {"markdown": "|:---", "latex": r"\begin{", "html": "<!DOCTYPE html>"}
    assert marks[form] in done.out


def test_a_page_needs_nothing_else() -> None:
    page = gradc.compile("x*y").trace(x=1, y=2).html()
    assert not re.search(r"https?://|<script|<link", page)


# ---- notebooks -------------------------------------------------------------------------------------


def test_highlighting_changes_no_character() -> None:
    for program in (STAGED, "X: [n, d]; W: [d, c]; sum(softmax(X @ W)**2)"):
        source = gradc.compile(program).source
        assert unescape(re.sub(r"</?span[^>]*>", "", highlighted(source))) == source


def test_a_module_folds_away() -> None:
    shown = gradc.compile(STAGED)._repr_html_()
    assert "<details open><summary>module: forward" in shown
    assert "<details><summary>" in folded("long", "x = 1\n" * 2000)
    Balanced().feed(shown)


class Shell:
    """What a notebook offers to a magic."""

    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {}
        self.magics: dict[str, Any] = {}

    def register_magic_function(self, function: Any, kind: str, name: str) -> None:
        self.magics[kind, name] = function


def test_the_magic_compiles_a_cell(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell()
    gradc.load_ipython_extension(shell)
    magic = shell.magics["cell", "gradc"]
    fn = magic("loss --wrt x", "q = x*y\nq + 1\n")
    assert shell.user_ns["loss"] is fn
    assert fn.wrt == ("x",)
    assert magic("", "x +") is None
    assert "gradc: error" in capsys.readouterr().err
    assert arguments("") == ("fn", {})
    with pytest.raises(gradc.GradcError, match="no option '--fast'"):
        arguments("--fast")
