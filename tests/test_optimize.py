"""The fast style's graph: as few operations as promised, the values of the notes, and nothing computed for a branch
that is not taken.
"""

import math
from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mp

import gradc
import gradc.optimize as optimizer
from gradc.emit.count import count
from gradc.emit.operand import helper_costs
from gradc.graph.dag import Dag
from gradc.language import parse
from gradc.optimize import optimize
from tests.oracle import reference
from tests.support import AGREE, Json, corpus, gradient_error, inputs_of, is_finite, value_error

NOTES = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
MML = "sqrt(x**2 + exp(x**2)) + cos(x**2 + exp(x**2))"


def logistic(n: int) -> str:
    """The logistic map's n-th value: n - 1 iterations."""
    return "\n".join(["v1 = x", *(f"v{i + 1} = 4.0*v{i}*(1.0 - v{i})" for i in range(1, n)), f"v{n}"])


def product(n: int) -> str:
    return "*".join(f"x{i}" for i in range(n))


def rosenbrock(n: int) -> str:
    return " + ".join(f"100.0*(x{i + 1} - x{i}**2)**2 + (1.0 - x{i})**2" for i in range(n - 1))


def helmholtz(n: int) -> tuple[str, list[str]]:
    """Helmholtz's free energy written out, over x; b and A are data."""
    span = range(n)
    lines = ["bx = " + " + ".join(f"b{i}*x{i}" for i in span)]
    lines.append("mix = " + " + ".join(f"x{i}*log(x{i}/(1.0 - bx))" for i in span))
    lines += [f"Ax{i} = " + " + ".join(f"a{i}_{k}*x{k}" for k in span) for i in span]
    lines.append("q = " + " + ".join(f"x{i}*Ax{i}" for i in span))
    ends = "log((1.0 + 2.414213562373095*bx)/(1.0 - 0.41421356237309515*bx))"
    return "\n".join([*lines, f"mix - q/(2.8284271247461903*bx)*{ends}"]), [f"x{i}" for i in span]


def operations(program: str, wrt: list[str] | None = None, literal: bool = True) -> int:
    """The operations of value and gradient, counted on the emitted text."""
    source = gradc.compile(program, wrt=wrt, style="fast", target="math", literal=literal).source
    return count(source[source.index("def value_and_grad") :], helper_costs("math"))


@pytest.mark.parametrize(
    ("program", "wrt", "most"),
    [
        (NOTES, None, 26),
        (MML, None, 14),
        *[(logistic(n), None, 6 * (n - 1) - 1) for n in (2, 5, 10, 50)],
        *[(product(n), None, 3 * n - 5) for n in (2, 3, 10, 100, 1000)],
        (rosenbrock(1000), None, 13_985),
        (*helmholtz(100), 42_017),
    ],
)
def test_operations(program: str, wrt: list[str] | None, most: int) -> None:
    assert operations(program, wrt) <= most


@pytest.mark.parametrize(
    ("program", "lines"),
    [
        ("x**2", ['return x*x, {"x": 2.0*x}']),
        ("x**8", ["xsqrsqr = xsqr*xsqr", "xsqrsqr*xsqrsqr"]),
        ("x**-2", ["1.0/xsqr", "-2.0/(xsqr*x)"]),
        ("2*sin(3*x*y)", ['"x": 6.0*y*cos']),
        ("x/y", ["f = x/y", "dx = 1.0/y", "-f*dx"]),
        ("x*1 + 0", ['return x, {"x": 1.0}']),
        ("a*sin(d) + b*cos(d)", ["sind = sin(d)", "cosd = cos(d)", '"d": cosd*a - sind*b']),
        ("a*b - a*c", ['"a": b - c, "b": a, "c": -a']),
        ("x**0.5", ["f = sqrt(x)", "0.5/f"]),
    ],
)
def test_forms(program: str, lines: list[str]) -> None:
    """Powers are products, constants one constant, quotients divisions, and nothing is multiplied by 1."""
    source = gradc.compile(program, style="fast", target="math").source
    text = source[source.index("def value_and_grad") :]
    assert all(line in text for line in lines), text
    assert "**" not in text
    assert "1.0*" not in text


def test_a_dead_adjoint_is_not_there() -> None:
    graph = optimize(parse("q = sin(y); x*q"), ["x"])
    assert [str(node.op) for node in graph.nodes if node.args] == ["sin", "mul"]
    assert graph.gradients["x"] is graph.outputs[0].args[1]


# -- the values of the notes ---------------------------------------------------------------------------------------

SCALARS = [
    record
    for name in ("feynman", "nist", "mgh", "scipy_go", "edge")
    for record in corpus(name)
    if all(each["shape"] == "scalar" for each in record["vars"].values())
]


@pytest.mark.parametrize("literal", [False, True], ids=["stable", "literal"])
@pytest.mark.parametrize("record", SCALARS, ids=lambda record: record["id"])
def test_the_values_of_the_notes(record: Json, literal: bool) -> None:
    notes = gradc.compile(record["program"], wrt=record["wrt"], literal=literal)
    fast = gradc.compile(record["program"], wrt=record["wrt"], literal=literal, style="fast", target="math")
    for point in record["points"]:
        inputs = {name: float(value) for name, value in inputs_of(record, point).items() if name in notes.inputs}
        with np.errstate(all="ignore"):
            value, cache = notes.forward(**inputs)
            grads = notes.backward(cache)
        if not is_finite({**grads, "value": value}) or (literal and "softplus" in record["program"]):
            continue
        for got, slopes in (fast.value_and_grad(**inputs), _both_passes(fast, inputs)):
            assert value_error(got, value, rtol=1e-12) is None
            assert gradient_error(slopes, grads, rtol=1e-12) is None


def _both_passes(fn: Any, inputs: dict[str, float]) -> tuple[float, dict[str, float]]:
    value, cache = fn.forward(**inputs)
    return value, fn.backward(cache)


def test_the_upstream_adjoint_scales() -> None:
    fn = gradc.compile(NOTES, style="fast", target="math")
    _, cache = fn.forward(3.0, -4.0)
    once, thrice = fn.backward(cache), fn.backward(cache, 3.0)
    assert gradient_error(thrice, {name: 3.0 * slope for name, slope in once.items()}, rtol=AGREE) is None


@pytest.mark.parametrize("zeros", [(), (1,), (0, 3), (0, 1, 2, 3)])
def test_zeros_among_the_factors(zeros: tuple[int, ...]) -> None:
    x = [0.0 if i in zeros else i + 1.5 for i in range(4)]
    fn = gradc.compile(product(4), style="fast", target="math")
    value, grads = fn.value_and_grad(*x)
    assert value == math.prod(x)
    assert grads == {f"x{i}": pytest.approx(math.prod(x[:i] + x[i + 1 :]), rel=1e-15) for i in range(4)}


TAILS: dict[str, tuple[Any, Any]] = {
    "sigmoid(x)": (lambda x: 1 / (1 + mp.exp(-x)), lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2),
    "1/(1 + exp(-x))": (lambda x: 1 / (1 + mp.exp(-x)), lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2),
    "softplus(x)": (lambda x: mp.log(1 + mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x))),
    "log(1 + exp(x))": (lambda x: mp.log(1 + mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x))),
    "tanh(x)": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "expm1(x)": (mp.expm1, mp.exp),
    "sqrt(x**2 + 1)": (lambda x: mp.sqrt(x**2 + 1), lambda x: x / mp.sqrt(x**2 + 1)),
    "abs(x)": (mp.fabs, mp.sign),
}


@pytest.mark.parametrize("x", [-700.0, -40.0, -1e-9, 0.25, 40.0, 300.0])
@pytest.mark.parametrize("program", TAILS)
def test_both_tails(program: str, x: float) -> None:
    """No overflow, and every digit, in value and gradient: the fast style is as stable as the notes'."""
    value, grads = gradc.compile(program, style="fast", target="math").value_and_grad(x)
    with mpmath.workdps(700):
        want, slope = (float(exact(mpmath.mpf(x))) for exact in TAILS[program])
    assert value == pytest.approx(want, rel=2e-15, abs=0)
    assert grads["x"] == pytest.approx(slope, rel=2e-15, abs=0)


@pytest.mark.parametrize(
    ("program", "at"),
    [
        ("4*v*(1 - v)", 0.5 + 1e-9),
        ("(v - 1)*3 + (v - 1)*5", 1.0 + 1e-9),
        ("x*y - x*z", 0.3),
        ("3.7*v*(1 - v) + v", 1 - 1e-12),
    ],
)
def test_merged_sums_keep_their_digits(program: str, at: float) -> None:
    inputs = dict.fromkeys(parse(program).inputs, at)
    value, grads = gradc.compile(program, style="fast", target="math").value_and_grad(**inputs)
    notes, slopes = gradc.compile(program, target="math").module.value_and_grad(**inputs)
    want, exact = reference(program, inputs)
    for name in inputs:
        written = abs(slopes[name] - exact[name])
        assert abs(grads[name] - exact[name]) <= 4 * written + 4e-16 * max(1.0, abs(exact[name]))
    assert abs(value - want) <= 4 * abs(notes - want) + 4e-16


# -- branches ------------------------------------------------------------------------------------------------------

BRANCHES = [
    ("log(x) if x > 0 else x**2", -1.0, 1.0, -2.0),
    ("log(x)*sin(x) + x if x > 0 else exp(x)*x", -1.0, -math.exp(-1), 0.0),
    ("3*log(x) if x > 1 else 2*log(x)**2 if x > 0 else 5*x", -2.0, -10.0, 5.0),
    ("where(x > 0, log(x), 0) + where(x > 0, log(x)**2, 1)", -1.0, 1.0, 0.0),
    ("where(x > 0, where(x > 1, log(x - 1), x**2), x)", 0.5, 0.25, 1.0),
    ("q = where(x > 0, sqrt(x)*log(x), 2*x); sqrt(q**2 + 1)*q", -0.5, -math.sqrt(2), 6 / math.sqrt(2)),
    ("exp(x) if x < 700 else x", 1e6, 1e6, 1.0),
    ("1/x if x != 0 else 0*x", 0.0, 0.0, 0.0),
]


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(("program", "x", "value", "slope"), BRANCHES)
def test_what_is_not_taken_is_not_computed(program: str, x: float, value: float, slope: float, style: str) -> None:
    """With `math`, whose functions raise outside their domains."""
    fn = gradc.compile(program, style=style, target="math")
    module = fn.module
    for got, grads in (fn.value_and_grad(x), module.value_and_grad(x), _both_passes(fn, {"x": x})):
        assert got == pytest.approx(value, rel=1e-15)
        assert grads["x"] == pytest.approx(slope, rel=1e-14)


@pytest.mark.parametrize("depth", [3, 31, 32, 40, 200])
def test_branches_inside_of_each_other(depth: int) -> None:
    program = "0.5*x"
    for k in range(depth):
        program = (
            f"log(x - {k}) + ({program}) if x > {k} else {k}*x" if k % 2 else f"sqrt(x - {k}) if x > {k} else {program}"
        )
    points = [-1.0, 0.25, 1.5, depth - 0.5, depth + 2.0]
    array = gradc.compile(program)
    value, grads = array.value_and_grad(np.array(points))
    for style in ("notes", "fast"):
        scalar = gradc.compile(program, style=style, target="math")
        for i, x in enumerate(points):
            got, slopes = scalar.value_and_grad(x)
            assert got == pytest.approx(value[i], rel=1e-13)
            assert slopes["x"] == pytest.approx(grads["x"][i], rel=1e-13)


def test_a_branch_is_a_block() -> None:
    source = gradc.compile("log(x)*sin(x*y) + y if x > 0 else exp(y)*y", style="fast", target="math").source
    text = source[source.index("def value_and_grad") :]
    assert text.count("if x > 0.0:") == 1
    assert "\n    else:\n" in text


def test_a_factor_cancels_its_reciprocal() -> None:
    """As one writes the slope of an entropy: log(x) + 1, and not log(x) + x/x."""
    source = gradc.compile("x*log(x)", style="fast", target="math").source
    assert '{"x": logx + 1.0}' in source
    source = gradc.compile("x**2*log(x)", style="fast", target="math").source
    assert "/x" not in source.partition("def value_and_grad")[2]


def test_a_number_leaves_a_matrix_product_where_it_meets_its_like() -> None:
    """(A + A.T) @ x*k has one product with k, as one writes it by hand."""
    program = "x: [4]\nA: [4, 4]\nq = dot(x, A @ x)\nsin(q)*log(q)"
    function = gradc.compile(program, wrt=["x"], style="fast")
    lines = function.source.partition("def value_and_grad")[2]
    assert lines.count("dot(") == 3
    assert lines.count("multiply(") == 1
    assert "*=" not in lines
    rng = np.random.default_rng(2)
    x, A = rng.uniform(0.5, 1.5, 4), rng.uniform(0.5, 1.5, (4, 4))
    _, grads = function.value_and_grad(x, A)
    q = x @ A @ x
    assert np.allclose(grads["x"], (np.cos(q) * np.log(q) + np.sin(q) / q) * ((A + A.T) @ x), rtol=1e-13)


# ---- made once -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "target"),
    [
        ("x*sin(y) + y", "math"),
        ("x*sin(y) + y", "numpy"),
        ("x: [n]; y: [n]; sum(tanh(x)*y)", "numpy"),
        ("x: [3]; x[0]*x[1]", "numpy"),
    ],
)
def test_a_joint_graph_is_made_once(program: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whichever style, engine or call it is asked for."""
    made: list[tuple[object, ...]] = []
    make = optimizer._made_joint

    def counted(dag: Dag, wrt: Sequence[str], *options: object) -> object:
        made.append((dag.graph, *wrt, *map(str, options)))
        return make(dag, wrt, *options)

    monkeypatch.setattr(optimizer, "_made_joint", counted)
    fn = gradc.compile(program, style="fast", target=target)
    assert fn.source
    numbers = 0.5 if not fn.dag.declared else np.linspace(0.5, 1.0, 3)
    given = dict.fromkeys(fn.inputs, numbers)
    fn.value_and_grad(**given)
    fn(**given)
    if target == "numpy":
        many = dict.fromkeys(fn.inputs, np.linspace(0.5, 1.0, 3))
        fn.value_and_grad(**many)
        fn.value_and_grad(**many, df=None if fn.dag.declared else np.ones(3))
    assert len(made) == len(set(made)) > 0
