"""Integers as indices: what is taken, what goes back into place, and what is refused."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import gradc
from gradc import GradcError

RNG = np.random.default_rng(7)

# A subscript as it is written, with the indices that stand in it; x has shape (4, 5, 3).
SUBSCRIPTS = [
    "i", "j, k", "j, k, l", ":, j", ":, :, l", "j, :, l", "j, None, k", "None, j", "..., l", "j, ...", "1, j",
    "j, :, 2", "j, 1:4, l", "0, :, l", ":, 1:, l", "j, None, :, l", "j[:, None], k", "j[:, None], :, l",
    "i, :, i", "i, j, i", "i, None, :, l", "..., i, None", "j, ::2", "[0, 2, 2]", ":, [4, -1]", "j + 1, k", "-1 - j, k",
    "np.arange(2), k", "np.arange(2)[:, None], k", "np.arange(4)[1:3], k", "j, None, 1:3, None, 0", ":, j, k",
    ":, np.arange(2), np.arange(2)", "m, j", "m, :, l", "j*j - 1, k", "np.maximum(j, k), 0", "abs(j - k)",
    "[0, 2], [1, 1]", "1:3, j, ::-1",
]  # fmt: skip
INDICES: dict[str, Any] = {
    "i": 1,
    "j": np.array([2, 0]),
    "k": np.array([2, 2]),
    "l": np.array([0, 1]),
    "m": np.array([[0, 3], [3, 3], [1, 0]]),
}
SHAPES = {"x": (4, 5, 3), "j": (2,), "k": (2,), "l": (2,), "m": (3, 2)}


def compiled(subscript: str, style: str = "notes") -> gradc.Function:
    names = {"x", *re.findall(r"\w+", subscript)}
    shapes = {name: shape for name, shape in SHAPES.items() if name in names}
    return gradc.compile(f"f = x[{subscript}]", shapes=shapes, style=style)


def given(fn: gradc.Function) -> dict[str, Any]:
    return {name: INDICES[name] for name in fn.inputs if name != "x"}


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("subscript", SUBSCRIPTS)
def test_a_subscript_is_numpys_and_its_gradient_adds_into_place(subscript: str, style: str) -> None:
    fn = compiled(subscript, style)
    x = RNG.normal(size=SHAPES["x"])
    want = eval(f"x[{subscript}]", {"np": np, "x": x, **INDICES})
    assert fn.shapes["f"] == np.shape(want)
    df = RNG.normal(size=np.shape(want))
    value, grads = fn.value_and_grad(x=x, **given(fn), df=df)
    np.testing.assert_array_equal(value, want)
    slope = np.zeros_like(x)
    index = eval(f"np.s_[{subscript}]", {"np": np, **INDICES})
    np.add.at(slope, index, df)
    np.testing.assert_allclose(grads["x"], slope, rtol=1e-15)
    assert list(grads) == ["x"]
    module: dict[str, Any] = {}
    exec(fn.source, module)
    again, (slopes) = module["value_and_grad"](**({"x": x} | given(fn) | ({"df": df} if np.shape(want) else {})))
    np.testing.assert_array_equal(again, want)
    if np.shape(want):
        np.testing.assert_array_equal(slopes["x"], grads["x"])


@pytest.mark.parametrize("subscript", SUBSCRIPTS)
def test_float32_stays_float32(subscript: str) -> None:
    fn = compiled(subscript)
    x = RNG.normal(size=SHAPES["x"]).astype(np.float32)
    value, cache = fn.forward(x=x, **given(fn))
    grads = fn.backward(cache, np.ones(np.shape(value), np.float32))
    assert value.dtype == grads["x"].dtype == np.float32


def test_where_no_index_repeats_the_gradient_is_added_in_one_line() -> None:
    source = gradc.compile("S: [n, c]; y: [n]; sum(S[np.arange(n), y])").source
    assert "dS[np.arange(n), y] += " in source
    assert "np.add.at" not in source
    assert "np.add.at(dW, x, dWx)" in gradc.compile("W: [v, d]; x: [n]; G: [n, d]; sum(W[x]*G)").source


@pytest.mark.parametrize(
    ("subscript", "once"),
    [("np.arange(2), k", True), ("k, np.arange(2)", True), ("np.arange(2)[:, None], m[:2]", False), ("j, k", False),
     ("np.arange(4)[:, None], np.arange(5)", True), ("[0, 2]", True), ("[0, 0]", False), ("[0, -4]", False),
     ("i", True), ("i, j", False),
     ("np.arange(2) + 1, k", True), ("np.arange(4)[::-1]", True), ("np.arange(2), k, l", True)],
)  # fmt: skip
def test_what_may_repeat_is_added_as_often_as_it_is_there(subscript: str, once: bool) -> None:
    assert ("add.at" not in compiled(subscript).source) is once


def test_whatever_an_index_is_computed_from_is_an_integer() -> None:
    fn = gradc.compile("feats: [3, 4]; tags: [3]; cuts: [5]; y: [2]; sum(cuts[y + 1]*y) + feats[t][tags[t]]")
    assert set(fn.wrt) == {"cuts", "feats"}
    assert set(fn.dag.integers) == {"tags", "y", "t"}
    point = {"feats": RNG.normal(size=(3, 4)), "tags": [0, 3, 1], "cuts": RNG.normal(size=5), "y": [3, 1], "t": 1}
    value, grads = fn.value_and_grad(**point)
    cuts, feats = point["cuts"], point["feats"]
    assert value == pytest.approx(3 * cuts[4] + cuts[2] + feats[1, 3])
    np.testing.assert_array_equal(grads["cuts"], [0, 0, 1, 0, 3])


def test_a_position_is_an_integer_and_has_no_gradient() -> None:
    fn = gradc.compile("q: [4]; W: [4, 3]; sum(W[argmax(q)]) + q[argmin(q)]*argmax(q)")
    q, w = np.array([1.0, 3.0, -2.0, 0.5]), RNG.normal(size=(4, 3))
    value, grads = fn.value_and_grad(q, w)
    assert value == pytest.approx(w[1].sum() - 2.0)
    np.testing.assert_array_equal(grads["q"], [0, 0, 1, 0])


def test_a_declared_integer_is_an_input_without_gradient() -> None:
    fn = gradc.compile("y: int[n]; x: [n]; z: int[2, 3]; sum(x*y) + sum(z)")
    assert fn.wrt == ("x",)
    value, grads = fn.value_and_grad(x=[1.0, 2.0], y=[3, 4], z=np.ones((2, 3)))
    assert value == 17.0
    np.testing.assert_array_equal(grads["x"], [3, 4])


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, np.float64, np.float32, int, list])
def test_any_whole_numbers_are_taken(kind: Any) -> None:
    fn = gradc.compile("x: [n]; y: [2]; sum(x[y - 1])")
    y: Any = [0, 2] if kind is list else np.array([0, 2], kind)
    assert fn([1.0, 2.0, 4.0], y) == 4.0 + 2.0  # -1 counts from the end, in unsigned numbers too


@pytest.mark.parametrize("wrong", [[0, 1.5], [0.0, np.nan], [np.inf, 0]])
def test_other_floats_are_refused_by_name_and_place(wrong: Any) -> None:
    fn = gradc.compile("x: [n]; y: [2]; sum(x[y])")
    bad = next(at for at, value in enumerate(wrong) if value not in (0, 1))
    module: dict[str, Any] = {}
    exec(fn.source, module)
    for call in (fn, module["forward"], module["value_and_grad"]):
        with pytest.raises(ValueError, match=f"y: integers are expected, and it has {wrong[bad]} at {bad}"):
            call(np.ones(3), np.array(wrong))


def test_an_index_out_of_range_is_an_error_that_names_it() -> None:
    fn = gradc.compile("S: [n, c]; y: [n]; sum(S[np.arange(n), y])")
    module: dict[str, Any] = {}
    exec(fn.source, module)
    for call in (fn, fn.value_and_grad, module["forward"]):
        with pytest.raises(IndexError, match="index 3 is out of bounds for axis 1 with size 3"):
            call(np.ones((2, 3)), [0, 3])
    with pytest.raises(IndexError, match=r"^y: index -4 is out of bounds for axis 1 with size 3, in sum"):
        fn(np.ones((2, 3)), [0, -4])


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(
    ("program", "given", "said"),
    [
        ("W: [5]; sum(W[i])", (np.ones(5), 9), "i: index 9"),
        ("W: [5, 3]; sum(take(W, i, axis=0))", (np.ones((5, 3)), 7), "i: index 7"),
        ("c: [4]; y: int[2]; sum(c[y + 1]**2)", (np.ones(4), [0, 3]), "y: index 4"),
        ("p: [4]; a: int[2]; b: int[2]; sum(p[a] - p[b])", (np.ones(4), [0, 1], [0, -9]), "b: index -9"),
        ("A: [n]; A[3]", (np.ones(2),), "A: index 3"),
        ("A: [n]; B: [m]; sum(A) + sum(B.reshape(2, 3))", (np.ones(2), np.ones(5)), "B: cannot reshape"),
        ("A: [n]; max(A)", (np.ones(0),), "A: zero-size array"),
    ],
)
def test_what_does_not_fit_is_an_error_that_names_the_input(style: Any, program: str, given: Any, said: str) -> None:
    fn = gradc.compile(program, style=style)
    for call in (fn, fn.value_and_grad):
        with pytest.raises((IndexError, ValueError), match=f"^{said}.*, in "):
            call(*given)
    with pytest.raises((IndexError, ValueError), match=f"^{said}.*, in "):
        gradc.compile(program, style=style).forward(*given)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("x: [3]; y: [2]; sum(x[y/2])", "whole numbers"),
        ("x: [3]; y: [2]; sum(x[y + 0.5])", "not 0.5"),
        ("x: [3]; y: [2]; sum(x[y, 0])", "too many indices"),
        ("x: [3, 3]; y: [2]; z: [3]; sum(x[y, z])", "indices of shapes"),
        ("x: [3]; y: [2]; sum(x[y > 0])", r"shapes \(2,\) and \(3,\)"),
        ("x[i]", "'x' is a scalar"),
        ("x: [3]; x[sin(i)]", "'sin' gives none"),
    ],
)
def test_what_is_no_index_is_refused(program: str, said: str) -> None:
    with pytest.raises(GradcError, match=said):
        gradc.compile(program)


def test_an_index_in_wrt_is_refused() -> None:
    with pytest.raises(GradcError, match="'y' is an index"):
        gradc.compile("x: [3]; y: [2]; sum(x[y])", wrt=["x", "y"])


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("size", [1, 2])
def test_take_and_take_along_axis_are_numpys(axis: int, size: int) -> None:
    x = RNG.normal(size=(4, 5))
    fn = gradc.compile(f"x: [4, 5]; y: [{size}]; f = take(x, y, axis={axis})")
    y = np.array([1, 3])[:size]
    np.testing.assert_array_equal(fn(x, y), np.take(x, y, axis=axis))
    shape = [4, 5]
    shape[axis] = size
    z = RNG.integers(0, 4, shape)
    fn = gradc.compile(f"x: [4, 5]; z: {shape}; f = np.take_along_axis(x, z, {axis})")
    df = RNG.normal(size=shape)
    value, grads = fn.value_and_grad(x, z, df=df)
    np.testing.assert_array_equal(value, np.take_along_axis(x, z, axis))
    want = np.zeros_like(x)
    places = np.indices(shape)
    places[axis] = z
    np.add.at(want, tuple(places), df)
    np.testing.assert_allclose(grads["x"], want)
    assert ("add.at" in fn.source) is (size > 1)


def test_take_of_all_elements_counts_through_them() -> None:
    fn = gradc.compile("x: [2, 3]; y: [2]; sum(x.take(y)*np.arange(1, 3))")
    value, grads = fn.value_and_grad(np.arange(6.0).reshape(2, 3), [4, 4])
    assert value == 12.0
    np.testing.assert_array_equal(grads["x"], [[0, 0, 0], [0, 3, 0]])


def test_axes_without_elements_are_taken_of() -> None:
    fn = gradc.compile("x: [n, d]; y: [m]; sum(x[y])")
    value, grads = fn.value_and_grad(np.ones((3, 0)), np.array([0, 2]))
    assert value == 0.0
    assert grads["x"].shape == (3, 0)
    value, grads = fn.value_and_grad(np.ones((3, 2)), np.zeros(0, int))
    assert value == 0.0
    assert not grads["x"].any()


def test_check_holds_a_gather_against_sympy() -> None:
    result = gradc.compile("S: [n, c]; y: [n]; -mean(log_softmax(S)[arange(n), y])").check()
    assert "the staged gradient is SymPy's" in str(result)


CONSTANTS = [
    "np.eye(3)", "np.eye(2, 3)", "np.eye(3, k=1)", "np.identity(3)", "np.zeros(3)", "np.zeros((2, 3))",
    "np.ones((2, 1))",
    "np.full((2, 3), 7)", "np.full(3, 0.5)", "np.arange(3)", "np.arange(1, 4)", "np.arange(6, 0, -2)",
    "np.arange(0, 1.5, 0.5)", "np.arange(3.0)", "np.linspace(0, 1, 3)", "np.linspace(0, 1, 3, endpoint=False)",
    "np.linspace(-2, 2, num=3)", "np.array([1, 2, 3])", "np.array([[1, 2, 3], [4, 5, 6.5]])", "np.zeros_like(x)",
    "np.ones_like(x)", "np.full_like(x, 2)", "np.zeros(3, dtype=float)", "np.array([0.1, 0.2, 0.3], dtype=np.float64)",
    "np.array([[[1, 2, 3]], [[4, 5, 6]]])",
]  # fmt: skip


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("constant", CONSTANTS)
def test_constant_arrays_are_numpys_in_the_precision_of_the_inputs(constant: str, kind: Any, style: str) -> None:
    fn = gradc.compile(f"x: [3]; f = x*{constant}", style=style)
    x = np.array([0.5, 2.0, -3.0], kind)
    want = x * eval(constant, {"np": np, "x": x}).astype(kind)
    module: dict[str, Any] = {}
    exec(fn.source, module)
    for call in (fn, lambda x: module["forward"](x)[0]):
        value = call(x)
        assert value.dtype == kind
        np.testing.assert_array_equal(value, want)


def test_sizes_of_constants_are_declared_dimensions() -> None:
    fn = gradc.compile("x: [n]; A: [n, m]; sum(np.eye(n) @ A @ np.ones(m) * np.arange(n) * x)")
    x, a = np.array([1.0, 2.0, 3.0]), np.arange(6.0).reshape(3, 2)
    assert fn(x=x, A=a) == np.sum(np.eye(3) @ a @ np.ones(2) * np.arange(3) * x)


def test_rows_of_values_are_one_array() -> None:
    fn = gradc.compile("x: [2]; sum(np.array([[c, -s], [s, c]]) @ x)")
    assert "np.array([[c, -s], [s, c]]" in fn.source
    value, grads = fn.value_and_grad(x=[1.0, 2.0], c=0.6, s=0.8)
    assert value == pytest.approx(0.6 - 1.6 + 0.8 + 1.2)
    assert grads["c"] == pytest.approx(3.0)
    assert grads["s"] == pytest.approx(-1.0)


def test_a_mask_that_is_written_out_is_one() -> None:
    fn = gradc.compile("x: [2, 3]; where([[1, 0, 0], [1, 1, 0]], x, -1)")
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(fn(x), np.where([[1, 0, 0], [1, 1, 0]], x, -1))


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(
    "gate", ["lgamma(y + 1)", "digamma(y)", "ndtr(y)", "log_ndtr(-y)", "erf(y)", "erfc(y)", "betaln(y, 2)", "erfcx(y)"]
)
def test_special_functions_of_integers_are_floats(gate: str, style: Any) -> None:
    """A module's own functions give floats, as SciPy's do, where their argument is an array of integers."""
    x, y = np.array([0.5, 0.7, 0.9]), np.array([3, 1, 2])
    of_ints = gradc.compile(f"x: [3]; y: int[3]; sum(x*{gate})", style=style)
    of_floats = gradc.compile(f"x: [3]; y: [3]; sum(x*{gate})", style=style)
    assert of_ints(x=x, y=y) == pytest.approx(of_floats(x=x, y=y.astype(float)), rel=1e-14)


def test_special_functions_of_written_integers_are_floats() -> None:
    source = gradc.compile("x: [3]; sum(x)*lgamma(25) + sum(x)*lgamma(len(x))").source
    space: dict[str, Any] = {}
    exec(source, space)
    value, _ = space["value_and_grad"](np.ones(3))
    assert value == pytest.approx(3 * (math.lgamma(25) + math.lgamma(3)), rel=1e-14)
