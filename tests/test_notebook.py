"""What a notebook shows: formulas, modules, traces, circuits, all escaped."""

import re

import pytest

import gradc
from gradc.language import parse
from gradc.language.latex import formula
from tests.support import corpus

FORMULAS = [
    ("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)", r"f = \frac{x + \sigma(y)}{\sigma(x) + {\left(x + y\right)}^2}"),
    ("-(x - y)*z", r"f = -\left(x - y\right) \cdot z"),
    ("x - (y - z)", r"f = x - \left(y - z\right)"),
    ("log(x)**2", r"f = {\log \left(x\right)}^2"),
    ("(x/y)**3", r"f = {\left(\frac{x}{y}\right)}^{3}"),
    ("x**y**z", r"f = {x}^{{y}^{z}}"),
    ("alpha*x_1 + w10", r"f = \alpha \cdot x_{1} + w_{10}"),
    ("x if x > y else 1.5e-7", r"f = \begin{cases} x & x > y \\ 1.5 \cdot 10^{-7} & \text{otherwise} \end{cases}"),
    ("q = x*y; q + sin(q)", r"\begin{aligned} q &= x \cdot y \\ f &= q + \sin \left(q\right) \end{aligned}"),
    ("W: [2, 3]; x: [3]; sum(W @ x)", r"f = \sum \left(W x\right)"),
    ("X: [2, 3]; sum(X, axis=1)", r"f = \operatorname{sum}_{\mathrm{axis}=1}\left(X\right)"),
]


@pytest.mark.parametrize(("program", "latex"), FORMULAS)
def test_formulas(program: str, latex: str) -> None:
    assert formula(parse(program)) == latex
    assert gradc.compile(program)._repr_latex_() == f"$\\displaystyle {latex}$"


@pytest.mark.parametrize("name", ["feynman", "scipy_go", "mgh", "tensor", "edge"])
def test_formulas_of_the_corpora_are_balanced(name: str) -> None:
    for record in corpus(name):
        shapes = {v: () if s["shape"] == "scalar" else tuple(s["shape"]) for v, s in record["vars"].items()}
        text = formula(parse(record["program"], shapes))
        if text is not None:
            assert text.count("{") == text.count("}")
            assert text.count(r"\left(") == text.count(r"\right)")


def test_a_formula_that_would_be_long_is_none() -> None:
    """A value used twice and not named is written out twice, which must not be tried for long."""
    program = "x"
    for _ in range(100):
        program = f"sin({program})"
    assert formula(parse(program)) is not None
    dag = parse("\n".join(["h0 = x", *(f"h{i + 1} = sin(h{i}*2)*h{i}" for i in range(200)), "h200"]))
    assert formula(dag) is None


def test_html_is_escaped() -> None:
    fn = gradc.compile("x*y # <script>")
    for shown in (fn._repr_html_(), fn.trace(1, 2)._repr_html_(), fn.graph(1, 2)._repr_html_()):
        assert "<script>" not in shown
        assert not re.search(r"&(?!amp;|lt;|gt;|quot;|#x27;)", shown)


def test_a_module_is_shown_below_its_formula() -> None:
    shown = gradc.compile("x/y")._repr_html_()
    assert shown.startswith(r"<div>$\displaystyle f = \frac{x}{y}$</div><details")
    assert "def forward(x, y):" in re.sub(r"</?span[^>]*>", "", shown)
