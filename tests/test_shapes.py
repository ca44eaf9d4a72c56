"""Named sizes: what a program makes of them, at compile time and with arrays of any length."""

from __future__ import annotations

import gc
import linecache
import re
import warnings

import numpy as np
import pytest

import gradc
from gradc.graph.shapes import Dims, polynomial, total

STYLES = ("notes", "fast")


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    numbers = np.random.default_rng(7)
    return [numbers.uniform(0.5, 2.0, shape) for shape in shapes]


# A program whose sizes are named, and shapes of its inputs in the order in which it names them.
NAMED = [
    ("x: [n]; sum(x[1:][:-1]*x[2:])", [(5,)]),
    ("x: [n]; sum(concatenate([x[1:], x[:1]])*x**2)", [(4,)]),
    ("x: [n]; sum((x[2:] - 2*x[1:-1] + x[:-2])**2)", [(6,)]),
    ("x: [n]; sum(x[::-1]*x**2)", [(4,)]),
    ("x: [n]; mean(x[::2]**2)*mean(x[1::2]) + mean(x[::3][::2])", [(7,)]),
    ("x: [n]; mean(x[-3:2]**2)", [(4,)]),
    ("x: [n]; y: [m]; sum(concatenate([x, y])*concatenate([y, x])**2)", [(3,), (4,)]),
    ("x: [n]; sum((reshape(x, (-1, 1)) @ reshape(x**2, (1, -1)))**2)", [(3,)]),
    ("X: [n, m]; w: [k]; sum(reshape(X, (-1,))*w) + sum(X.T.reshape(-1)*w**2)", [(2, 3), (6,)]),
    ("X: [n, m]; w: [k]; sum(X[::2].reshape(-1)*w) + mean(w)", [(5, 3), (9,)]),
    ("y: [m]; x: [n]; sum(x[1:]*y) + mean(y)", [(3,), (4,)]),
    ("y: [m]; x: [n]; sum(x[::2]*y) + mean(y) + sum(reshape(y**2, (m, 1)))", [(3,), (5,)]),
    ("x: [n]; y: [m]; z: [k]; sum(x[1:]*y)*sum(y[1:]*z) + sum(concatenate([z, z]).reshape(2*k))", [(5,), (4,), (3,)]),
    ("x: [n]; y: [m]; sum(x[::2]*y) + 2*sum(reshape(concatenate([y, y, x]), (2*m + n,)))", [(5,), (3,)]),
    ("x: [n]; y: [m]; sum(x[1:]*y) + sum(reshape(y**2, (n - 1, 1)))", [(5,), (4,)]),
    ("X: [m, n]; v: [n]; sum((X @ v)**2*v[1:])", [(3, 4), (4,)]),
    ("x: [n]; y: [4]; sum(x[1:]*y**2)", [(5,), (4,)]),
    ("x: [n]; y: [m]; z: [5]; sum(x[1:]*y)*sum(x*z) + mean(y)", [(5,), (4,), (5,)]),
    ("X: [d, m]; a: [n, m]; sum(X[1::2, 1:] - sum(a**2, axis=1))*sum(sum(a, axis=1) @ a)", [(4, 3), (2, 3)]),
    ("x: [len]; y: [range]; z: [max]; sum(x[1:])*mean(y[::2])*sum(z*reshape(z, (max, 1))[:, 0])", [(3,), (4,), (2,)]),
    # Two names of one size: the length of a slice is n itself from the product on.
    ("b: [m, n]; rate: [n, n, 1]; b[::2, -1] @ rate.max(axis=(0, -1))", [(5, 3), (3, 3, 1)]),
    ("Z: [m, 3]; X: [d, m]; Y: [k, 3, 3]; sum(X.reshape(-1, 3, 3)*Y) + sum(inv(Z) @ X.T)", [(3, 3), (6, 3), (2, 3, 3)]),
    ("x: [ν]; mean(x)*sum(reshape(x**2, (ν, 1)))", [(4,)]),
    ("x: [n]; w: [3]; sum(w*x[:3]**2) + 3*sum(x[2:]) + mean(x[::2])", [(5,), (3,)]),
]  # fmt: skip


def of_numbers(program: str, shapes: list[tuple[int, ...]]) -> str:
    """The program with a number for each named size."""
    declared = re.findall(r"\w+: \[([^\]]*)\]", program)
    sizes = {
        name: str(size)
        for text, shape in zip(declared, shapes, strict=True)
        for name, size in zip(text.split(", "), shape, strict=True)
    }
    return re.sub(r"\w+(?!:)\b(?!\()", lambda word: sizes.get(word[0], word[0]), program)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("program", "shapes"), NAMED)
def test_named_sizes_are_what_their_numbers_are(program: str, shapes: list[tuple[int, ...]], style: str) -> None:
    numbers = of_numbers(program, shapes)
    assert numbers != program
    named, numbered = (gradc.compile(text, style=style) for text in (program, numbers))
    inputs = arrays(*shapes)
    for _ in range(2):  # the first call may build a function of its own
        value, slopes = named.value_and_grad(*inputs)
        again, same = numbered.value_and_grad(*inputs)
        np.testing.assert_allclose(value, again, rtol=1e-13)
        for name, shape in zip(named.inputs, shapes, strict=True):
            assert np.shape(slopes[name]) == shape
            np.testing.assert_allclose(slopes[name], same[name], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("program", "shapes"), NAMED[::4])
def test_a_check_finds_sizes_that_follow_from_others(program: str, shapes: list[tuple[int, ...]]) -> None:
    assert gradc.compile(program).check(points=1).ok


def test_a_check_finds_sizes_that_slices_leave_possible() -> None:
    assert gradc.compile("x: [n]; mean(x[1:][:9]**2)").check(points=1).ok


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("program", "shapes", "message"),
    [
        ("x: [n]; y: [m]; sum(x[1:]*y)", [(4,), (4,)], r"y: shape \(3\) is expected, not \(4,\)"),
        ("y: [m]; x: [n]; sum(x[1:]*y)", [(4,), (4,)], r"y: shape \(3\) is expected, not \(4,\)"),
        ("x: [n]; y: [4]; sum(x[1:]*y)", [(2,), (4,)], r"x: shape \(5\) is expected, not \(2,\)"),
        ("X: [m, n]; v: [n]; sum((X @ v)*v[1:])", [(4, 4), (4,)], r"X: shape \(3, 4\) is expected, not \(4, 4\)"),
        ("x: [n]; mean(x[:5])", [(3,)], "n: at least 5 is expected, not 3"),
        ("x: [n]; mean(x[-3:])", [(2,)], "n: at least 3 is expected, not 2"),
        ("x: [n]; mean(x[1:][1:4])", [(4,)], "n: at least 5 is expected, not 4"),
    ],
)
def test_arrays_that_are_too_short_are_refused(
    program: str, shapes: list[tuple[int, ...]], message: str, style: str
) -> None:
    fn = gradc.compile(program, style=style)
    with pytest.raises(ValueError, match=message):
        fn.value_and_grad(*arrays(*shapes))


@pytest.mark.parametrize(
    "program", ["x: [n]; x[1:]*x", "x: [n]; x[::2]*x[1::2]", "x: [n]; y: [m]; x + y", "x: [n]; w: [3]; x[:5]*w"]
)
def test_lengths_that_differ_for_some_size_do_not_broadcast(program: str) -> None:
    with pytest.raises(gradc.GradcError, match="do not broadcast"):
        gradc.compile(program)


def test_a_size_is_no_number_that_a_slice_rules_out() -> None:
    with pytest.raises(gradc.GradcError, match="do not broadcast"):
        gradc.compile("x: [n]; w: [3]; sum(x[:5])*sum(x*w)")


def test_an_expression_is_as_long_as_the_size_it_is_solved_for() -> None:
    dims = Dims()
    assert dims.unify("n - 1", 4)
    assert dims.find("n") == 5
    assert dims.find("2*n + m - 1") == "m + 9"
    assert dims.find("(n + 1)//2") == 3
    assert not dims.unify("2*m", 7)
    assert not dims.unify("m + 3", 2)


@pytest.mark.parametrize("text", ["2*n + m - 1", "m*n - m", "2*((n + 1)//2) + n", "n//3", "max(m*n, 1)", "n"])
def test_a_size_is_written_in_one_way(text: str) -> None:
    written = total([text])
    assert total([written]) == written
    assert polynomial(written) == polynomial(text)


def test_many_slices_in_steps_are_read_in_time_that_grows_with_their_number() -> None:
    fn = gradc.compile("x: [n]; sum(x" + "[::2]" * 150 + ")")
    assert fn.value_and_grad(np.arange(1.0, 6.0))[1]["x"].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]


# ---- arrays without elements -------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("program", "shapes", "value"),
    [
        ("X: [n, d]; mean(X**2)", [(0, 3)], np.nan),
        ("X: [n, d]; y: [n]; w: [d]; mean((X @ w - y)**2)", [(0, 3), (0,), (3,)], np.nan),
        ("X: [n, d]; sum(mean(X, axis=1)**2)", [(0, 3)], 0.0),
        ("x: [0]; mean(x) + 1", [(0,)], np.nan),
        ("x: [n]; sum(x**2)*3", [(0,)], 0.0),
        ("x: [n]; mean(x[1:]**2)", [(1,)], np.nan),
    ],
)
def test_arrays_without_elements_have_numpys_value_and_gradients_of_their_shape(
    program: str, shapes: list[tuple[int, ...]], value: float, style: str
) -> None:
    fn = gradc.compile(program, style=style)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy says that the mean of nothing is nan
        got, slopes = fn.value_and_grad(*(np.ones(shape) for shape in shapes))
        np.testing.assert_equal(fn.value(*(np.ones(shape) for shape in shapes)), value)
    np.testing.assert_equal(got, value)
    for name, shape in zip(fn.inputs, shapes, strict=True):
        np.testing.assert_array_equal(slopes[name], np.zeros(shape))


# ---- the rest ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program", ["y if 0 > 1 and x > y else 3", "y if 1 > 0 or x > y else 3", "where((x > y) & (0 > 1), 2, 3)"]
)
@pytest.mark.parametrize("style", STYLES)
def test_a_condition_that_is_decided_keeps_the_points_of_the_others(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    given = {"x": np.ones((2, 3)), "y": np.ones(3)}
    value, slopes = fn.value_and_grad(**{name: given[name] for name in fn.inputs})
    assert np.shape(value) == (2, 3)
    assert {np.shape(slope) for slope in slopes.values()} == {(2, 3)}


@pytest.mark.parametrize(
    "program", ["where(1 < 0, log(x), y)", "2*where(0 > 1, where(x > 0, acos(x), 1 - x), y)", "where(1 > 0, 3*y, x*y)"]
)
@pytest.mark.parametrize("style", STYLES)
def test_a_side_that_is_never_taken_gives_its_shape_and_no_line(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    given = {"x": np.full((9, 1), 2.0), "y": np.ones(3)}
    value, cache = fn.forward(**{name: given[name] for name in fn.inputs})
    assert value.shape == (9, 3)
    assert {np.shape(slope) for slope in fn.backward(cache, np.ones((9, 3))).values()} == {(9, 3)}
    assert not re.search(r"\b(log|arccos)\(", fn.source.split('"""')[2])


def test_terms_are_spread_by_numpy_where_they_are_added_into_place() -> None:
    source = gradc.compile("x: [n]; w: [3]; sum(w*x[:3]**2) + 3*sum(x[2:]) + mean(x[::2])", style="fast").source
    assert "broadcast_to" not in source.split("both_passes(x, w):")[1]
    assert "\n    dx[2:] += 3.0" in source


def test_the_text_of_a_function_goes_with_it() -> None:
    gc.collect()
    before = {name for name in linecache.cache if name.startswith("<gradc")}
    fn = gradc.compile("x*y + 1")
    forward = fn.forward
    fn.value_and_grad(1.0, 2.0)
    assert {name for name in linecache.cache if name.startswith("<gradc")} > before
    del fn, forward
    gc.collect()
    assert {name for name in linecache.cache if name.startswith("<gradc")} <= before


@pytest.mark.parametrize("name", ["abs", "float", "len", "max", "sum", "type", "zip"])
def test_an_array_called_like_a_function_of_pythons_is_still_worked_on_fast(name: str) -> None:
    source = gradc.compile(f"{name}: [n]; x: [n]; {name} @ x", style="fast").source
    checks = source.split("def value_and_grad")[1]
    assert re.search(rf"\w+\({name}\) is ndarray", checks)


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("X: [n, d]; W: [k, d]; sum(tanh(X @ W.T))", "dW = dXWT.T @ X  # dW: (k, d) = (k, n) @ (n, d)"),
        ("X: [d, n]; W: [d, k]; sum(tanh(X.T @ W))", "dX = W @ dXTW.T  # dX: (d, n) = (d, k) @ (k, n)"),
        (
            "A: [b, n, k]; B: [b, m, k]; C = A @ transpose(B, (0, 2, 1)); sum(tanh(C))",
            "dB = dC.swapaxes(-1, -2) @ A  # dB: (b, m, k) = (b, m, n) @ (b, n, k)",
        ),
        (
            "X: [n, d]; Y: [k, d]; D = X[:, None, :] - Y[None, :, :]; sum(tanh(D))",
            "dY = -np.sum(dD, axis=0)  # dY: (k, d)",
        ),
        ("A: [n, n]; S = A.T @ A; sum(tanh(S))", "dA = A @ dS.T  # dA: (n, n) = (n, n) @ (n, n)"),
    ],
)
def test_what_a_transposed_or_spread_array_gets_is_written_plainly(program: str, line: str) -> None:
    fn = gradc.compile(program)
    assert f"\n    {line}\n" in fn.source
    assert fn.check(points=1).ok


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [1, 3, 40_000])
@pytest.mark.parametrize("program", ["u, u*u", "--u, u*u", "u + 0, u**2", "u, v*u"])
def test_an_input_may_be_one_of_several_outputs(program: str, size: int, style: str) -> None:
    fn = gradc.compile(program, style=style)
    given = arrays(*[(size,) for _ in fn.inputs])
    value, cache = fn.forward(*given)
    slopes = fn.backward(cache, df=(2.0, 3.0))
    np.testing.assert_array_equal(value[0], given[0])
    np.testing.assert_allclose(slopes["u"], 2.0 + (3.0 * given[1] if "v" in fn.inputs else 6.0 * given[0]))
    np.testing.assert_array_equal(fn.value_and_grad(*given, df=(2.0, 3.0))[0][0], given[0])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("declared", ["a: [1]", "a"])
def test_what_cancels_is_as_large_as_before(declared: str, style: str) -> None:
    fn = gradc.compile(f"p: [2]; {declared}; p/(p/a)".replace("; a;", ";"), style=style)
    p, a = np.array([2.0, 3.0]), np.full(fn.shapes["a"], 5.0)
    given = {"p": p, "a": a if a.shape else 5.0}
    for value in (fn(**given), fn.value_and_grad(**given, df=np.ones(2))[0]):
        np.testing.assert_allclose(value, [5.0, 5.0])


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("program", ["x, x", "t = 2*x; t, t", "x*2, x*2, 3*x", "f = x**2; f - 1, x"])
def test_every_output_sends_its_adjoint_back(program: str, style: str, target: str) -> None:
    fn = gradc.compile(program, style=style, target=target)
    single = [gradc.compile(re.sub(r"[^;]*$", part, program, count=1)) for part in program.split(";")[-1].split(",")]
    df = [2.0, 3.0, 5.0][: len(single)]
    for x in [1.5, np.array([1.5, -2.0])][: 1 if target == "math" else 2]:
        value, cache = fn.forward(x)
        slopes = [part.value_and_grad(x) for part in single]
        want = sum(each * slope["x"] for each, (_, slope) in zip(df, slopes, strict=True))
        np.testing.assert_allclose(fn.backward(cache, df=tuple(df))["x"], want)
        np.testing.assert_allclose(fn.value_and_grad(x, df=tuple(df))[1]["x"], want)
        np.testing.assert_allclose(value, [part for part, _ in slopes])


@pytest.mark.parametrize("style", STYLES)
def test_the_adjoint_of_a_gate_called_f_is_none_of_the_outputs(style: str) -> None:
    fn = gradc.compile("f = max(a/a, a + 0.75); w = x*f; f - 1 - w, min(exp(x) - 1, x)", style=style, target="math")
    _, cache = fn.forward(a=0.71, x=-1.214)
    slopes = fn.backward(cache, df=(1.0, 1.0))
    np.testing.assert_allclose([slopes["a"], slopes["x"]], [1 + 1.214, 1 - 1.46])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("program", "slope"), [("logsumexp(stack([12]))*Y", 12.0), ("softmax([0, 0])[0]*Y", 0.5)])
def test_whole_numbers_in_a_list_are_floats(program: str, slope: float, style: str) -> None:
    assert gradc.compile(program, style=style).value_and_grad(2.0)[1]["Y"] == slope
