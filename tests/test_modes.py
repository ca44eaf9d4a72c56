"""The modes beside the passes: tangents, Hessian products, Jacobians, Hessians, as functions and as text.

Every record of the corpora goes through all four, in each target that takes it: a tangent is the gradient's product
with the direction, a Hessian's product the difference of gradients, and the matrices' products are the modes'.
"""

from __future__ import annotations

import itertools
import math
import re
import warnings
from typing import Any

import numpy as np
import pytest
from mpmath import mp

import gradc
from gradc.emit.targets import TARGETS
from gradc.plan.modes import MODES, PASSES
from gradc.plan.notes import Notes
from gradc.plan.verify import verify
from tests.support import (
    CORPORA,
    Json,
    corpus,
    freeze,
    function,
    inputs_of,
    shapes_of,
    snapshot,
    standalone,
    unchanged,
)
from tests.support import (
    gradc as command,
)

AGREE = 1e-9  # of the largest term: products of the same numbers in another order
DIFFERENCE = 3e-4  # of the largest entry: central differences of the gradient with a step of 1e-5
ALSO = tuple(name for name in MODES if name not in PASSES)
LARGEST = 300  # nodes of a record whose Hessian is taken here
KINKS = ("kink", "tie", "inactive", "zero")  # what a record is called whose points lie on one

NOTES = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
LAYERS = "X: [n, d]; W1: [d, h]; W2: [h]; y: [n]\nH = tanh(X @ W1)\nsum((H @ W2 - y)**2)"
ROSENBROCK = "x: [n]\nsum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"


def records() -> list[Any]:
    return [pytest.param(record, id=record["id"]) for name in CORPORA for record in corpus(name)]


def scale_of(*values: Any) -> float:
    return max((float(np.max(np.abs(value), initial=0.0)) for value in values), default=0.0)


@pytest.mark.parametrize("record", records())
def test_the_modes_of_a_record_agree_with_its_gradient(record: Json) -> None:
    fn = gradc.compile(record["program"], wrt=record["wrt"], shapes=shapes_of(record))
    if len(fn.dag.nodes) > LARGEST:
        return
    rng = np.random.default_rng(3)
    for point in record["points"][:2]:
        inputs = freeze(inputs_of(record, point))
        wrt = record["wrt"]
        dots = freeze({f"{name}_dot": rng.normal(size=np.shape(inputs[name])) for name in wrt})
        before = snapshot([inputs, dots])
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value, tangent = fn.jvp(**inputs, **dots)
            df = {"df": np.ones(np.shape(value))} if np.shape(value) else {}
            _, grads, curves = fn.hvp(**inputs, **dots, **df)
            _, want = fn.value_and_grad(**inputs, **df)
            step = 1e-5 * min(1.0, scale_of(*(inputs[name] for name in wrt)) or 1.0)
            moved = [
                fn.value_and_grad(**{**inputs, **{n: inputs[n] + h * dots[f"{n}_dot"] for n in wrt}}, **df)[1]
                for h in (step, -step, step / 4, -step / 4)
            ]
        assert unchanged(before, [inputs, dots])
        terms = [want[name] * dots[f"{name}_dot"] for name in wrt]
        if all(np.isfinite(term).all() for term in terms):
            total = sum(float(np.sum(term)) for term in terms)
            size = sum(float(np.sum(np.abs(term))) for term in terms) + 1e-300
            assert abs(float(np.sum(tangent)) - total) <= AGREE * size + 1e-16, "jvp is not the gradient's product"
        quotients = {name: (moved[0][name] - moved[1][name]) / (2 * step) for name in wrt}
        finer = {name: (moved[2][name] - moved[3][name]) / (step / 2) for name in wrt}
        unsure = scale_of(*(quotients[name] - finer[name] for name in wrt))
        largest = scale_of(*quotients.values()) + 1e-6 * scale_of(*want.values()) * 1e-5 / step
        for name in wrt:
            np.testing.assert_allclose(grads[name], want[name], rtol=1e-11, atol=1e-13 * scale_of(want[name]))
            assert np.shape(curves[name]) == np.shape(inputs[name])
            if any(word in record["id"] for word in KINKS) or not np.isfinite(quotients[name]).all():
                continue
            assert (
                np.max(np.abs(curves[name] - quotients[name]), initial=0.0) <= DIFFERENCE * largest + 4 * unsure + 1e-12
            ), name


@pytest.mark.parametrize("record", records())
def test_the_matrices_of_a_record_are_its_products(record: Json) -> None:
    fn = gradc.compile(record["program"], wrt=record["wrt"], shapes=shapes_of(record))
    if len(fn.dag.nodes) > LARGEST or sum(math.prod(s) for s in shapes_of(record).values()) > 200:
        return
    rng = np.random.default_rng(4)
    inputs = freeze(inputs_of(record, record["points"][0]))
    wrt = record["wrt"]
    dots = {f"{name}_dot": rng.normal(size=np.shape(inputs[name])) for name in wrt}
    order = [name for name in fn.inputs if name in wrt]
    flat = np.concatenate([np.ravel(dots[f"{name}_dot"]) for name in order])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, tangent = fn.jvp(**inputs, **dots)
        jacobian = fn.jacobian(**inputs)
        matrix = jacobian.dense()
        np.testing.assert_allclose(jacobian.value, value, rtol=1e-13)
        if np.isfinite(matrix).all():
            size = np.abs(matrix) @ np.abs(flat) + 1e-300
            assert np.all(np.abs(matrix @ flat - np.ravel(tangent)) <= AGREE * size)
        if np.shape(value):
            return
        hessian = fn.hessian(**inputs)
        matrix = hessian.dense()
        _, grads, curves = fn.hvp(**inputs, **dots)
    assert np.array_equal(matrix, matrix.T, equal_nan=True)
    want = np.concatenate([np.ravel(curves[name]) for name in order])
    if np.isfinite(matrix).all() and np.isfinite(want).all():
        size = np.abs(matrix) @ np.abs(flat)
        assert np.all(np.abs(matrix @ flat - want) <= AGREE * (size + scale_of(want)) + 1e-15)
    for name in wrt:
        np.testing.assert_allclose(hessian.grads[name], grads[name], rtol=1e-11, atol=1e-13 * scale_of(grads[name]))


@pytest.mark.parametrize("record", records())
@pytest.mark.parametrize("target", ["numpy", "math"])
def test_the_code_of_all_modes_is_sound(record: Json, target: str) -> None:
    fn = gradc.compile(record["program"], wrt=record["wrt"], shapes=shapes_of(record))
    if len(fn.dag.nodes) > LARGEST or (target == "math" and any(node.shape for node in fn.dag.nodes)):
        return
    fn = gradc.compile(record["program"], wrt=record["wrt"], shapes=shapes_of(record), target=target)
    one = len(fn.outputs) == 1 and not fn.shapes[fn.outputs[0]]
    also = ALSO if one else tuple(name for name in ALSO if name != "hessian")
    verify(Notes(fn.staged, TARGETS[target], also=also).module(), TARGETS[target])
    again = gradc.compile(record["program"], wrt=record["wrt"], shapes=shapes_of(record), target=target, also=also)
    module = standalone(again.source, target)
    if target == "math":
        point = inputs_of(record, record["points"][0])
        dots = {f"{name}_dot": 0.5 for name in record["wrt"]}
        arguments = {name: float(value) for name, value in point.items()}
        try:
            got = module.jvp(**arguments, **dots), module.hvp(**arguments, **dots), module.hessian(**arguments)
        except (ValueError, ZeroDivisionError, OverflowError):
            return
        with np.errstate(all="ignore"):
            want = fn_of_arrays(record).hvp(**arguments, **dots)
        for name in record["wrt"]:
            if np.isfinite(want[2][name]):
                assert got[1][2][name] == pytest.approx(float(want[2][name]), rel=1e-8, abs=1e-10)


def fn_of_arrays(record: Json) -> Any:
    return gradc.compile(record["program"], wrt=record["wrt"], shapes=shapes_of(record))


# ---- text --------------------------------------------------------------------------------------


def lines_of(source: str, name: str) -> list[str]:
    text = source[source.index(f"def {name}(") :].split("\n\n\n")[0].rstrip()
    return [line.strip() for line in text.split("\n")[1:]]


def test_each_tangent_stands_right_under_its_line() -> None:
    lines = lines_of(gradc.compile(NOTES, also="jvp").source, "jvp")
    at = lines.index("num = x + sigy  # (2)")
    assert lines[at + 1] == "num_dot = x_dot + sigy_dot"
    assert lines[-3:-1] == ["f = num*invden  # (8)", "f_dot = num_dot*invden + num*invden_dot"]


def test_each_second_adjoint_stands_right_under_its_adjoint() -> None:
    lines = lines_of(gradc.compile(NOTES, also=["hvp"]).source, "hvp")
    at = lines.index("dnum = invden*df")
    assert lines[at - 1 : at + 2] == ["# f = num*invden  (8)", "dnum = invden*df", "dnum_dot = invden_dot*df"]
    assert lines[-1] == 'return f, {"x": dx, "y": dy}, {"x": dx_dot, "y": dy_dot}'


def test_shapes_and_their_proofs_hold_for_tangents() -> None:
    source = gradc.compile(LAYERS, also="hvp").source
    assert "dW1_dot = X_dot.T @ dXW1 + X.T @ dXW1_dot  # dW1_dot: (d, h)" in source


def test_what_is_zero_by_structure_is_left_out() -> None:
    source = gradc.compile("x*y + z**2 + w", also="hessian,jacobian").source
    assert "HESSIAN_PATTERN = ((0, 1), (2, 2))" in source
    hessian = gradc.compile("x*y + z**2 + w").hessian(1.0, 2.0, 3.0, 4.0)
    assert list(hessian.blocks) == [("x", "y"), ("z", "z")]
    jacobian = gradc.compile("a = x*y\nb = sin(z)\na, b").jacobian(1.0, 2.0, 3.0)
    assert [list(row) for row in jacobian.blocks.values()] == [["x", "y"], ["z"]]


def test_blocks_of_arrays_have_the_outputs_shape_and_the_inputs() -> None:
    fn = gradc.compile("A: [m, n]; x: [n]; b: [m]\nA @ x + b")
    found = fn.jacobian(np.arange(6.0).reshape(2, 3), np.ones(3), np.ones(2))
    assert {x: block.shape for x, block in found.blocks["f"].items()} == {"A": (2, 2, 3), "x": (2, 3), "b": (2, 2)}
    assert np.array_equal(found.blocks["f"]["x"], np.arange(6.0).reshape(2, 3))
    assert found.dense().shape == (2, 11)


def test_elementwise_programs_have_them_at_every_point() -> None:
    x = np.linspace(0.5, 2.0, 5)
    fn = gradc.compile("x*log(y)")
    found = fn.hessian(x, x[:, None])
    assert found.dense().shape == (5, 5, 2, 2)
    assert {block.shape for block in found.blocks.values()} == {(5, 5)}
    np.testing.assert_allclose(found.blocks["y", "y"], -x / x[:, None] ** 2)
    assert fn.jacobian(x, 2.0).blocks["f"]["y"].shape == (5,)


def test_a_block_too_large_is_refused_with_its_size_and_the_way_out() -> None:
    fn = gradc.compile("W: [n, m]\nsum(tanh(W)**2)")
    with pytest.raises(ValueError, match=r"\(400, 400, 400, 400\), 190\.7 GiB; use hvp"):
        fn.hessian(np.ones((400, 400)))


def test_a_hessian_is_that_of_one_number() -> None:
    with pytest.raises(gradc.GradcError, match="a Hessian is that of one number"):
        gradc.compile("x: [n]\nsin(x)", also="hessian")
    with pytest.raises(gradc.GradcError, match="a Hessian is that of one number"):
        gradc.compile("x*y, x").hessian(1.0, 2.0)


@pytest.mark.parametrize("target", [name for name in TARGETS if TARGETS[name].arrays])
def test_a_target_that_puts_no_blocks_together_says_so(target: str) -> None:
    program = "x: [n]\nsum(exp(x))"
    try:
        said = gradc.compile(program, target=target, also="hessian").source
    except gradc.GradcError as error:
        said = str(error)
    assert "def hessian(x):" in said or "puts no blocks of arrays together" in said
    assert "def hvp(x, x_dot" in gradc.compile(program, target=target, also="hvp").source


PATTERNS = {
    "x: [3]\nsum(x**3)": [(0, 0), (1, 1), (2, 2)],
    "x: [3]; y: [3]\nsum(exp(x)*y)": [(0, 0), (0, 3), (1, 1), (1, 4), (2, 2), (2, 5)],
    "x: [4]\nsum(100*(x[1:] - x[:-1]**2)**2)": [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3)],
    "A: [2, 2]; x: [2]\nx @ A @ x": [(0, 4), (1, 4), (1, 5), (2, 4), (2, 5), (3, 5), (4, 4), (4, 5), (5, 5)],
    "x: [2]; s\ns*sum(sin(x))": [(0, 0), (0, 2), (1, 1), (1, 2)],
    "x: [2, 2]\ndet(x)": [(i, j) for i in range(4) for j in range(i, 4)],  # by products: each counts
    "x: [3]\nsum(x)": [],
    "x: [n]\nsum(x**2)": None,
    "x: [40]\nsum(x)**2": None,
}


@pytest.mark.parametrize("program", PATTERNS)
def test_the_pattern_of_arrays_has_all_that_is_not_zero(program: str) -> None:
    fn = gradc.compile(program, also="hessian")
    pattern = getattr(fn.module, "HESSIAN_PATTERN", None)
    assert pattern == (None if PATTERNS[program] is None else tuple(PATTERNS[program]))
    if pattern is not None:
        rng = np.random.default_rng(3)
        given = [rng.normal(size=fn.shapes[name]) if fn.shapes[name] else 0.3 for name in fn.inputs]
        there = np.argwhere(np.triu(fn.hessian(*given).dense())).tolist()
        assert {*map(tuple, there)} <= {*pattern}


@pytest.mark.parametrize(
    "program", ["x: [2]\nnorm(x)**2", "x: [2]\nsqrt(sum(x**2))**2", "x: [2]\nhypot(x[0], x[1])**2"]
)
def test_the_square_of_a_norm_is_smooth_at_0(program: str) -> None:
    fn = gradc.compile(program)
    for x in (np.zeros(2), np.array([3.0, -4.0])):
        np.testing.assert_allclose(fn.hessian(x).dense(), 2.0 * np.eye(2), atol=1e-15)
        np.testing.assert_allclose(fn.hvp(x, np.array([1.0, 2.0]))[2]["x"], [2.0, 4.0], atol=1e-15)
    assert gradc.compile("abs(x)**2*y").hessian(0.0, 3.0).blocks["x", "x"] == 6.0
    assert gradc.compile("x: [2]\nnorm(x)**4").hessian(np.array([1.0, 0.0])).dense().tolist() == [
        [12.0, 0.0],
        [0.0, 4.0],
    ]


def test_a_tangent_that_is_the_same_everywhere_is_whole_before_something_is_put_into_it() -> None:
    fn = gradc.compile("s: [3]; t\nsum(s[1:]**2)*t + sum(s*t)")
    s, t = np.array([0.5, -1.0, 2.0]), 3.0
    want = [[0, 0, 0, 1], [0, 6, 0, -1], [0, 0, 6, 5], [1, -1, 5, 0]]
    assert fn.hessian(s, t).dense().tolist() == want


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="no mode 'jhp' beside the passes; there are 'jvp'"):
        gradc.compile("x", also="jhp")
    assert command("compile", "x", "--also", "jhp").code == 2
    assert "def hvp(x, x_dot, df=1.0):" in command("compile", "sin(x)", "--also", "jvp,hvp").out


def test_names_of_the_users_step_in_front() -> None:
    fn = gradc.compile("x_dot*x + x**2", also=("jvp", "hvp", "hessian"))
    assert function(fn.source, "jvp").args.args[2].arg == "x_dot_dot"
    got = fn.jvp(2.0, 3.0, 1.0, 0.5)
    assert got == (15.0, 1.0 * 3.0 + 2.0 * 0.5 + 2 * 3.0 * 0.5)


def test_wrt_leaves_the_other_tangents_out() -> None:
    fn = gradc.compile("x*y**2", wrt="y")
    assert fn.jvp(2.0, 3.0, 1.0) == (18.0, 12.0)
    assert fn.hvp(2.0, 3.0, y_dot=1.0)[2] == {"y": 4.0}
    assert fn.hessian(2.0, 3.0).dense().tolist() == [[4.0]]


def test_what_is_returned_shares_memory_with_nothing() -> None:
    x, y = np.arange(1.0, 4.0), np.ones(3)
    for program in ("x + y", "x*y", "x: [n]; y: [n]\nx*y + x", "x: [n]; y: [n]\nx"):
        fn = gradc.compile(program)
        dots = fn.jvp(x, y, y, x)[1]
        df = {} if not fn.dag.declared else {"df": np.ones(3)}
        grads, curves = fn.hvp(x, y, y, x, **df)[1:]
        arrays = [dots, *grads.values(), *curves.values(), *fn.jacobian(x, y).blocks["f"].values()]
        for at, one in enumerate(arrays):
            assert one.shape[:1] == (3,)
            for other in (x, y, *arrays[:at]):
                assert not np.shares_memory(one, other), program


def test_missing_and_surplus_arguments_are_named() -> None:
    fn = gradc.compile("x*y")
    with pytest.raises(TypeError, match="argument 'y_dot' is missing; 4 arguments"):
        fn.jvp(1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="no argument 'z'"):
        fn.hvp(1.0, 2.0, z=3.0)


def test_hessians_of_rosenbrock_are_scipys() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    fn = gradc.compile(ROSENBROCK)
    rng = np.random.default_rng(1)
    for n in (2, 5, 30):
        x, v = rng.normal(size=n), rng.normal(size=n)
        want = optimize.rosen_hess(x)
        np.testing.assert_allclose(fn.hessian(x).dense(), want, rtol=1e-13, atol=1e-12 * scale_of(want))
        np.testing.assert_allclose(fn.hvp(x, v)[2]["x"], optimize.rosen_hess_prod(x, v), rtol=1e-11, atol=1e-10)


def test_the_same_bytes_again() -> None:
    one, two = (gradc.compile(LAYERS, also=ALSO).source for _ in range(2))
    assert one == two
    assert not re.search(r"0x[0-9a-f]{6}", one)


def test_float32_stays_float32() -> None:
    x = np.linspace(0.1, 1.0, 4, dtype=np.float32)
    for program in ("x: [n]\nsum(exp(x)*x)", "x*exp(x)", "x: [4]\nx[0]*x[1] + sin(x[3])"):
        fn = gradc.compile(program)
        assert fn.jvp(x, x)[1].dtype == np.float32
        assert fn.hvp(x, x)[2]["x"].dtype == np.float32
        assert all(block.dtype == np.float32 for block in fn.hessian(x).blocks.values()), program


@pytest.mark.parametrize("names", ["notes", "letters", "wengert"])
def test_every_scheme_of_names_takes_every_mode(names: str) -> None:
    fn = gradc.compile(NOTES, names=names, also=ALSO)  # type: ignore[arg-type]
    module = standalone(fn.source)
    assert module.hessian(3.0, -4.0)[2].keys() == {("x", "x"), ("x", "y"), ("y", "y")}


@pytest.mark.parametrize("target", ["torch", "jax"])
@pytest.mark.parametrize(("mode", "way_out"), [("hessian", "hvp"), ("jacobian", "jvp")])
def test_elements_of_arrays_that_a_target_puts_nowhere(target: str, mode: str, way_out: str) -> None:
    """The program takes elements alone, so that no block is a product with unit vectors."""
    with pytest.raises(gradc.GradcError, match="puts no blocks of arrays together") as caught:
        gradc.compile("A: [3]; A[0]*A[1]", target=target, also=(mode,)).source  # noqa: B018  # made when it is asked
    assert f"take {way_out}" in str(caught.value.hint)


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_second_derivatives_that_only_scipy_has(style: str) -> None:
    """The slope of digamma is written out with numbers; the slope of that is not."""
    fn = gradc.compile("digamma(x)", style=style, also=["hvp", "hessian"])
    curve = float(mp.psi(2, 1.5))
    assert fn.hvp(1.5, 1.0)[2]["x"] == pytest.approx(curve, rel=1e-14)
    assert fn.hessian(1.5).dense() == pytest.approx(curve, rel=1e-14)
    assert standalone(fn.source, "scipy").hvp(1.5, 1.0)[2]["x"] == pytest.approx(curve, rel=1e-14)


def test_a_target_that_lacks_a_second_derivative_says_so() -> None:
    fn = gradc.compile("digamma(x)", target="math")
    assert fn.value_and_grad(1.5)[0] == pytest.approx(float(mp.psi(0, 1.5)), rel=1e-14)
    for refused in (lambda: fn.hvp, lambda: gradc.compile("digamma(x)", target="math", also=["hessian"])):
        with pytest.raises(gradc.GradcError, match="the target 'math' has no form for 'digamma'"):
            refused()


def test_a_tangent_at_a_safe_number_that_is_no_whole_one() -> None:
    fn = gradc.compile("a: [2]; l = logit(a); sum(where(a < 1, where(l < 2, exp(l), 3), 0))")
    with np.errstate(all="raise"):
        assert fn.jvp(np.array([np.inf, 0.25]), np.ones(2))[1] == pytest.approx(16 / 9, rel=1e-15)


@pytest.mark.parametrize(
    ("program", "at", "curve"),
    [
        ("std(x)**2", 1.0, [[0.5, -0.5], [-0.5, 0.5]]),
        ("sqrt(mean((x - mean(x))**2))**2", 1.0, [[0.5, -0.5], [-0.5, 0.5]]),
        ("sqrt(mean(x**2))**2", 0.0, [[1.0, 0.0], [0.0, 1.0]]),
        ("s = sqrt(sum(3*x**2)); s*s/2", 0.0, [[3.0, 0.0], [0.0, 3.0]]),
        ("std(x)**4", 1.0, [[0.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_the_square_of_a_root_of_squares_is_smooth(program: str, at: float, curve: list[list[float]]) -> None:
    fn = gradc.compile(f"x: [2]; {program}", also=["hvp", "hessian"])
    x, along = np.full(2, at), np.array([1.0, 2.0])
    np.testing.assert_allclose(fn.hessian(x).dense(), curve, rtol=1e-15)
    np.testing.assert_allclose(fn.hvp(x, along)[2]["x"], curve @ along, rtol=1e-15)
    np.testing.assert_allclose(standalone(fn.source).hvp(x, along)[2]["x"], curve @ along, rtol=1e-15)


@pytest.mark.parametrize("axis", [0, 1])
def test_products_up_to_each_curve_at_zeros(axis: int) -> None:
    """The Hessian of a sum of products of distinct factors: that of each product is written out."""
    rng = np.random.default_rng(3)
    for zeros in (0, 1, 2, 3):
        x, w, along = rng.uniform(0.5, 2.0, (4, 4)), rng.uniform(0.5, 2.0, (4, 4)), rng.uniform(-1.0, 1.0, (4, 4))
        x[rng.permutation(4)[:zeros]] = 0.0
        x[:, rng.permutation(4)[:zeros]] = 0.0
        lines = [x[:, k] if axis == 0 else x[k] for k in range(4)]
        fn = gradc.compile(f"x: [4, 4]; w: [4, 4]; sum(w*cumprod(x, axis={axis}))", wrt=["x"], also=["hvp", "hessian"])
        expected = np.zeros((4, 4))
        for k, line in enumerate(lines):
            weights, ways = (w[:, k], along[:, k]) if axis == 0 else (w[k], along[k])
            for i, j in itertools.permutations(range(4), 2):
                curve = sum(weights[m] * np.prod(np.delete(line[: m + 1], [i, j])) for m in range(max(i, j), 4))
                expected[(i, k) if axis == 0 else (k, i)] += curve * ways[j]
        module = standalone(fn.source)
        for hvp in (fn.hvp, module.hvp):
            np.testing.assert_allclose(hvp(x, w, along)[2]["x"], expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(fn.hessian(x, w).dense() @ along.ravel(), expected.ravel(), rtol=1e-12, atol=1e-14)
