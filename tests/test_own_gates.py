"""A gate that a user registers, with helper, domain and edges, obeys every law that the table's own gates obey."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.ops.helpers import HELPERS
from gradc.ops.table import Op, Test, unregister
from tests import test_branch_law, test_ops, test_second_order

BUMP = '''
def bump(x):
    """exp(-1/(1 - x**2)) between -1 and 1, 0 elsewhere."""
    inside = np.abs(x) < 1
    x = np.where(inside, x, 0.0)
    return np.where(inside, np.exp(-1.0/(1.0 - x*x)), 0.0)
'''
BUMP_MATH = '''
def bump(x):
    """exp(-1/(1 - x**2)) between -1 and 1, 0 elsewhere."""
    return math.exp(-1.0/(1.0 - x*x)) if abs(x) < 1.0 else 0.0
'''


@pytest.fixture
def bump() -> Iterator[Op]:
    yield gradc.op(
        "bump(x)",
        doc="exp(-1/(1 - x**2)) between -1 and 1, 0 elsewhere",
        slopes=["-2*x*out/square(nonzero(1 - minimum(abs(x), 1)**2))"],
        code="bump({x})",
        helpers={"numpy": BUMP, "math": BUMP_MATH},
        bounds=(0.0, 0.37),
        needs="any x",
        test=Test(
            sympy="exp(-1/(1 - x**2))",
            domain=[(-0.8, 0.8)],
            edges={"x=0": "out=0.36787944117144233, dx=0", "x=2": "out=0, dx=0"},
        ),
    )
    unregister("bump")
    assert "bump" not in HELPERS["numpy"]


# What else than the entry a law is given; one that asks for something new is not told here, and fails.
ASKED: dict[str, Callable[[Op], list[Any]]] = {
    "rng": lambda entry: [np.random.default_rng(1)],
    "around": lambda entry: list(test_second_order.AROUND),
    "target": lambda entry: ["numpy", "math"],
    "condition": lambda entry: ["c > 0", "c > 0 and c < 9", "not c <= 0", "own", "own nan"],
    "poison": lambda entry: test_branch_law.POISON[::2],
    "edge": lambda entry: [{"point": point, "pinned": pinned} for point, pinned in entry.test.edges.items()],
}
# Laws of gates that are written in others, and of those whose second derivatives have edges of their own.
OF_OTHERS = ("test_a_composite_is_what_numpy_computes", "test_second_derivatives_at_edges")
LAWS = [
    (name, law)
    for module in (test_ops, test_second_order, test_branch_law)
    for name, law in vars(module).items()
    if name.startswith("test_") and {"entry", "gate"} & {*inspect.signature(law).parameters} and name not in OF_OTHERS
]


@pytest.mark.parametrize(("name", "law"), LAWS, ids=[name for name, _ in LAWS])
def test_it_obeys(name: str, law: Callable[..., None], bump: Op) -> None:
    asked = [param for param in inspect.signature(law).parameters if param not in ("entry", "gate", "point", "pinned")]
    edges = [{}] if "point" not in inspect.signature(law).parameters else ASKED["edge"](bump)
    gate = "entry" if "entry" in inspect.signature(law).parameters else "gate"
    for edge, *given in itertools.product(edges, *(ASKED[param](bump) for param in asked)):
        known = {key: value for key, value in edge.items() if key in inspect.signature(law).parameters}
        law(**{gate: bump}, **known, **dict(zip(asked, given, strict=True)))


def test_all_laws_are_met() -> None:
    assert len(LAWS) >= 9


# ---- reports ---------------------------------------------------------------------------------------------------------

# SymPy's formula of a gate of users, whose derivatives Python's standard library has no functions for; at what points.
FORMULAS = {
    "LambertW(x)": ("exp(-out)/(1 + out)", (0.1, 5.0)),
    "besselj(0, x)": ("-sin(x)", (0.1, 5.0)),
    "expint(1, x)": ("-exp(-x)/x", (0.1, 5.0)),
    "zeta(x)": ("-exp(-x)", (2.0, 5.0)),
    "no_such_function(x)": ("exp(-x)", (0.1, 5.0)),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_report_of_a_gate_whose_slope_sympy_has_and_math_has_not(formula: str) -> None:
    slope, domain = FORMULAS[formula]
    gradc.op("own(x)", doc="a function of one's own", slopes=[slope], code="np.tanh({x})",
             test=Test(sympy=formula, domain=[domain]))  # fmt: skip
    try:
        report = gradc.compile("own(x)*y").report()
        staged = {form.name: form.operations for form in report.forms}
        assert staged["staged, notes"], report.render()
        assert "symbolic" in staged
        assert report.to_dict()["forms"]
    finally:
        unregister("own")


def test_a_form_in_numpys_words_is_numpys_alone() -> None:
    gradc.op("own(x)", doc="a function of one's own", slopes=["1 - out**2"], code="np.tanh({x})",
             test=Test(sympy="tanh(x)"))  # fmt: skip
    try:
        fn = gradc.compile("own(x)*y")
        assert fn.value_and_grad(0.5, 2.0) == fn.value_and_grad(np.float64(0.5), np.float64(2.0))
        assert fn.check()
        with pytest.raises(gradc.GradcError, match="'math' has no form for 'own'"):
            gradc.compile("own(x)*y", target="math").source  # noqa: B018  # made when it is asked for
    finally:
        unregister("own")
