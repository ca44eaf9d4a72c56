"""Emitted modules in their users' hands: alone, with arrays of every kind, and nothing of the caller's ever changed."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
from tests.golden_tool import Case, cases, wrong
from tests.support import (
    AGREE,
    both_passes,
    by_numpy_2,
    close,
    flatten,
    freeze,
    gradient_error,
    snapshot,
    standalone,
    unchanged,
    value_error,
)

STYLES = ["notes", "fast"]
NAMES = ["notes", "letters", "wengert"]

# Elementwise programs, right on (0, 2) for each input: every scalar gate, shared values, one to five contributions,
# branches.
ELEMENTWISE = [
    "x", "-x", "x + y", "x - y", "x*y", "x/y", "1/x", "x**2", "x**3", "x**-1", "x**0.5", "x**y", "2**x", "x*x*x*x",
    "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)",
    "x + x", "x*y + x*z + x/w - x", "q = x + y\nq*q + q*x + q", "x + y + z + w + x*y*z*w",
    "s = x + y\ns*x + s*y + s*z + s*w + s",
    "exp(x) + expm1(y) + log(x) + log1p(y) + log2(x) + log10(y)",
    "sqrt(x) + cbrt(y) + square(x) + abs(y) + sign(x)*y",
    "sin(x) + cos(y) + tan(x/2) + asin(x/3) + acos(y/3) + atan(x) + atan2(x, y)",
    "sinh(x) + cosh(y) + tanh(x*y) + sigmoid(x - y) + softplus(x) + relu(x - 1) + erf(x) + erfc(y) + hypot(x, y)",
    "max(x, y) + min(x, z) + maximum(x, w) + minimum(y, z)", "max(x, y, z, w)*min(x, y, z, w)",
    "where(x > y, x*y, x + y)", "x*y if x > 1 else y/x", "where(x > 1, sqrt(x - 1), log(y)) + where(y < 1, acos(y), y)",
    "(x > y)*x + (x <= y)*y**2", "x if x > y and y > 0.5 or not z < 1 else y*z",
    "2*(x*y + max(z, w))", "3.5*x + 0*y", "x + 1", "pi*x + 1/3",
    "log(1 + exp(x)) + log(1 + y) + (exp(x) - 1) + (1 - sigmoid(y)) + sqrt(x**2 + y**2) + 1/(1 + exp(-z))",
    "sin(exp(x*y)) * cos(exp(x*y)) + exp(x*y)",
    "dx*x + np*df + f*cache",
]  # fmt: skip
NO_KINK = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2) + x*y*sin(x)"

CASES = [pytest.param(case, id=case.name) for case in cases()]
PROGRAMS = pytest.mark.parametrize("program", ELEMENTWISE)
STYLED = pytest.mark.parametrize("style", STYLES)


def draw(fn: gradc.Function, *shape: int, seed: int = 7) -> dict[str, Any]:
    """Inputs in (0.1, 1.9), arrays of a shape or floats."""
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(0.1, 1.9, shape) if shape else float(rng.uniform(0.1, 1.9)) for name in fn.inputs}


def at(inputs: dict[str, Any], index: tuple[int, ...]) -> dict[str, Any]:
    return {name: float(value[index]) for name, value in inputs.items()}


# -- every module keeps its word -----------------------------------------------------------------------------------


@pytest.mark.parametrize("names", NAMES)
@STYLED
@pytest.mark.parametrize("case", CASES)
def test_every_golden_program_in_every_style_and_naming(case: Case, style: str, names: str) -> None:
    """The bytes differ, the numbers don't."""
    shapes = {name: tuple(shape) for name, shape in case.options.get("shapes", {}).items()} or None
    fn = gradc.compile(case.program, shapes=shapes, wrt=case.options.get("wrt"), style=style, names=names)
    module = standalone(fn.source)
    for point in case.points:
        assert wrong(module, point) is None


@STYLED
@PROGRAMS
def test_arrays_are_mapped_over(program: str, style: str) -> None:
    """An elementwise program at arrays is the scalar program at each element."""
    fn = gradc.compile(program, style=style)
    module, scalar = standalone(fn.source), standalone(gradc.compile(program, target="math").source, "math")
    inputs = draw(fn, 3, 4)
    df = np.random.default_rng(1).uniform(-1, 1, (3, 4))
    passes = both_passes(module, inputs, df)
    assert np.shape(passes.value) == (3, 4)
    for index in np.ndindex(3, 4):
        want = both_passes(scalar, at(inputs, index), float(df[index]))
        assert value_error(passes.value[index], want.value, rtol=1e-13) is None
        here = {name: np.broadcast_to(g, (3, 4))[index] for name, g in passes.grads.items()}
        assert gradient_error(here, want.grads, rtol=1e-12) is None


@STYLED
@PROGRAMS
def test_gradients_have_the_shape_of_the_output(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    for shape in [(), (5,), (2, 3), (0,), (3, 0), (1,), (1, 1)]:
        value, grads = module.value_and_grad(**freeze(draw(fn, *shape)))
        assert np.shape(value) == shape
        assert {np.shape(g) for g in grads.values()} == {shape}


@STYLED
@PROGRAMS
def test_the_fused_function_is_both_passes(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    for shape in [(), (5,)]:
        inputs = freeze(draw(fn, *shape))
        before = snapshot(inputs)
        passes = both_passes(module, inputs)
        value, grads = module.value_and_grad(**inputs)
        assert unchanged(before, inputs)
        assert value_error(value, passes.value, rtol=AGREE) is None
        assert gradient_error(grads, passes.grads, rtol=AGREE) is None


@STYLED
@PROGRAMS
def test_float32_stays_float32(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    exact = draw(fn, 4)
    single = {name: value.astype(np.float32) for name, value in exact.items()}
    passes = both_passes(module, single, np.ones(4, dtype=np.float32))
    assert passes.value.dtype == np.float32
    assert {g.dtype for g in map(np.asarray, passes.grads.values())} == {np.dtype(np.float32)}
    want = both_passes(module, {name: value.astype(np.float64) for name, value in single.items()})
    assert value_error(passes.value, want.value, rtol=1e-4, atol=1e-5) is None
    assert gradient_error(passes.grads, want.grads, rtol=1e-3, atol=1e-4) is None


@STYLED
@PROGRAMS
def test_integers_are_read_as_float64(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    whole = {name: np.array([1, 1, 2]) for name in fn.inputs}
    real = {name: value.astype(np.float64) for name, value in whole.items()}
    with np.errstate(all="ignore"):  # 1 and 2 lie on some domains' ends
        got, want = both_passes(module, whole), both_passes(module, real)
        one = both_passes(module, dict.fromkeys(fn.inputs, 1))
    assert np.asarray(got.value).dtype == np.float64
    assert {np.asarray(g).dtype for g in got.grads.values()} == {np.dtype(np.float64)}
    assert value_error(got.value, want.value) is None
    assert gradient_error(got.grads, want.grads) is None
    assert np.asarray(one.value).dtype == np.float64


@STYLED
@PROGRAMS
def test_any_layout_of_memory(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    plain = draw(fn, 4, 6)
    want = both_passes(module, plain)
    layouts: dict[str, Callable[[Any], Any]] = {
        "transposed": lambda a: np.asfortranarray(a),
        "strided": lambda a: np.repeat(np.repeat(a, 2, 0), 3, 1)[::2, ::3],
        "reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    }
    for layout in layouts.values():
        got = both_passes(module, {name: layout(value) for name, value in plain.items()})
        assert value_error(got.value, want.value, rtol=AGREE) is None
        assert gradient_error(got.grads, want.grads, rtol=AGREE) is None


# -- broadcasting between the inputs of an elementwise program -----------------------------------------------------


@STYLED
@pytest.mark.parametrize(
    ("x", "y", "f"),
    [
        ((3,), (), (3,)),
        ((), (4,), (4,)),
        ((3, 1), (4,), (3, 4)),
        ((2, 1, 3), (4, 1), (2, 4, 3)),
        ((1,), (5,), (5,)),
        ((0,), (1,), (0,)),
    ],
)
def test_inputs_are_broadcast(x: tuple[int, ...], y: tuple[int, ...], f: tuple[int, ...], style: str) -> None:
    """The derivative at every point: each gradient in the shape of the output."""
    fn = gradc.compile(NO_KINK, style=style)
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0.1, 1.9, x), rng.uniform(0.1, 1.9, y)
    value, grads = fn.value_and_grad(a, b)
    wide = dict(zip("xy", np.broadcast_arrays(a, b), strict=True))
    want, wanted = fn.value_and_grad(**{name: np.array(v) for name, v in wide.items()})
    assert value_error(value, want, rtol=AGREE) is None
    assert gradient_error(grads, wanted, rtol=AGREE) is None
    assert {np.shape(g) for g in grads.values()} == {f}


def test_shapes_that_do_not_broadcast_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"\(3,\).*\(4,\)"):
        gradc.compile("x*y").value_and_grad(np.ones(3), np.ones(4))


# -- ownership: nobody's array is written to -----------------------------------------------------------------------

SHARED = [
    "x: [n]; y: [n]\nx + y",
    "x: [n]; y: [n]\ns = x + y\ns*x + s*y + s",
    "x: [n]\nx + x + x + x",
    "x: [n]\nsum(x) + sum(x) + sum(x*x) + sum(x)",
    "X: [n, d]\nsum(X) + sum(X.T @ X) + sum(X[0]) + sum(X[0]*X[1]) + sum(X)",
    "x: [n]\nx[1:] + x[:-1] + x[1:]*x[:-1]",
    "x: [n]; y: [n]\nq = x\nq + y + q + y + q",
    "X: [n, d]; W: [d, d]\nH = X @ W\nH = relu(H) + H\nH @ W + X",
    "x: [n]\nreshape(x, (2, 2)) + reshape(x, (2, 2)).T + reshape(x, (2, 2))",
]
SIZES = {"x": (4,), "y": (4,), "X": (3, 3), "W": (3, 3)}


@STYLED
@pytest.mark.parametrize("program", SHARED)
def test_ownership(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    rng = np.random.default_rng(5)
    inputs = {name: rng.uniform(-1, 1, SIZES[name]) for name in fn.inputs}
    value, _ = module.forward(**inputs)
    df = rng.uniform(-1, 1, np.shape(value)) if np.ndim(value) else None
    passes = both_passes(module, inputs, df)
    # ⟨df, J v⟩ by a central difference: low degrees only, so that it is exact to rounding
    step, ones = 1e-6, 1.0 if df is None else df
    direction = {name: rng.uniform(-1, 1, v.shape) for name, v in inputs.items()}
    ahead, _ = module.forward(**{name: v + step * direction[name] for name, v in inputs.items()})
    behind, _ = module.forward(**{name: v - step * direction[name] for name, v in inputs.items()})
    slope = np.sum(ones * (ahead - behind)) / (2 * step)
    assert sum(np.sum(g * direction[name]) for name, g in passes.grads.items()) == pytest.approx(
        slope, rel=1e-7, abs=1e-7
    )


@STYLED
@pytest.mark.parametrize("program", [*SHARED, "x: [n]; y: [n]\nsum(x*y)", "x: [n]; y: [n]\ndot(x, y)"])
def test_gradients_share_no_memory_with_inputs_or_cache(program: str, style: str) -> None:
    """A caller who updates a gradient in place must not move an input, nor what the next backward pass reads."""
    module = standalone(gradc.compile(program, style=style).source)
    rng = np.random.default_rng(5)
    inputs = {name: rng.uniform(-1, 1, SIZES[name]) for name in gradc.compile(program).inputs}
    value, cache = module.forward(**inputs)
    df = [rng.uniform(-1, 1, np.shape(value))] if np.ndim(value) else []
    held = [*inputs.values(), *(leaf for leaf in flatten(cache) if isinstance(leaf, np.ndarray))]
    for grads in [module.backward(cache, *df), module.value_and_grad(**inputs, **({"df": df[0]} if df else {}))[1]]:
        for name, g in grads.items():
            written = isinstance(g, np.ndarray) and g.flags.writeable
            assert not written or not any(np.shares_memory(g, array) for array in held), name


def test_the_cache_survives_the_callers_changes_of_the_value() -> None:
    fn = gradc.compile("x: [n]\nexp(x)")
    value, cache = fn.forward(np.zeros(3))
    before = fn.backward(cache, np.ones(3))["x"].copy()
    assert np.array_equal(before, np.ones(3))
    assert np.array_equal(value, np.ones(3))


# -- branches: what is not taken adds nothing, and says nothing ----------------------------------------------------


BRANCHES = [
    ("where(x > 0, sqrt(x), 0)", [-1.0, 0.0, 4.0], [0.0, 0.0, 0.25]),
    ("where(x > 0, log(x), x)", [-1.0, 0.0, 4.0], [1.0, 1.0, 0.25]),
    ("sqrt(x) if x > 0 else x**2", [-1.0, 0.0, 4.0], [-2.0, 0.0, 0.25]),
    ("where(x > 1, 1/(x - 1), 2*x)", [1.0, 0.5, 3.0], [2.0, 2.0, -0.25]),
    ("where(x < 1000, exp(x), 0*x)", [1e4, 0.0, 2e3], [0.0, 1.0, 0.0]),
    ("where(x > 0, where(x > 1, log(x - 1), x**2), x)", [-1.0, 0.5, 3.0], [1.0, 1.0, 0.5]),
    ("where(x > 0, x**0.5*log(x), -x)", [-1.0, 0.0, 1.0], [-1.0, -1.0, 1.0]),
    ("exp(where(x > 0, sqrt(x), 0))", [-1.0, 0.0], [0.0, 0.0]),
    ("Piecewise((asin(x), x < 1), (x, True))", [2.0, 0.0], [1.0, 1.0]),
    ("relu(x)", [-1.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
    ("abs(x)", [-1.0, 0.0, 2.0], [-1.0, 0.0, 1.0]),
    ("max(x, 0)", [-1.0, 0.0, 2.0], [0.0, 1.0, 1.0]),
    ("hypot(x, 0*x)", [0.0, 3.0], [0.0, 1.0]),
]


@STYLED
@pytest.mark.parametrize(("program", "points", "slopes"), BRANCHES)
def test_branches(program: str, points: list[float], slopes: list[float], style: str) -> None:
    """In array code by masks and safe arguments, in scalar code by real conditionals: no NaN, no inf, no warning."""
    array = standalone(gradc.compile(program, style=style).source)
    scalar = standalone(gradc.compile(program, style=style, target="math").source, "math")
    with np.errstate(all="raise", under="ignore"):
        passes = both_passes(array, {"x": np.array(points)})
        assert close(passes.grads["x"], slopes, 1e-14)
        for x, slope in zip(points, slopes, strict=True):
            assert close(both_passes(array, {"x": x}).grads["x"], slope, 1e-14)
            assert close(both_passes(scalar, {"x": x}).grads["x"], slope, 1e-14)


# -- numbers at the ends of the range ------------------------------------------------------------------------------

ENDS = [
    ("sigmoid(x)", 40.0, 4.2483542552915889e-18),
    ("sigmoid(x)", -800.0, 0.0),
    ("1/(1 + exp(-x))", 40.0, 4.2483542552915889e-18),
    ("1 - sigmoid(x)", 40.0, -4.2483542552915889e-18),
    ("softplus(x)", 800.0, 1.0),
    ("softplus(x)", -40.0, 4.2483542552915889e-18),
    ("log(1 + exp(x))", 800.0, 1.0),
    ("tanh(x)", 20.0, 1.6993417021166355e-17),
    ("tanh(x)", 400.0, 0.0),
    ("expm1(x)", 1e-20, 1.0),
    ("log(1 + x)", 1e-20, 1.0),
    ("hypot(x, 1e200)", 1e200, 0.7071067811865476),
    ("sqrt(x**2 + 1)", 3.0, 0.9486832980505138),
    ("erfc(x)", 10.0, -4.197656231354417e-44),
    ("x**0.0", 0.0, 0.0),
    ("x**3", -2.0, 12.0),
    ("x**2", 0.0, 0.0),
]


@STYLED
@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize(("program", "x", "slope"), ENDS)
def test_slopes_keep_their_digits(program: str, x: float, slope: float, target: str, style: str) -> None:
    module = standalone(gradc.compile(program, target=target, style=style).source, target)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert both_passes(module, {"x": x}).grads["x"] == pytest.approx(slope, rel=1e-14, abs=0)


@pytest.mark.parametrize("target", ["numpy", "math"])
def test_literal_keeps_the_textbooks_form(target: str) -> None:
    """At moderate numbers the two agree; the textbook's has no digit left at 40."""
    stable, literal = (gradc.compile("1/(1 + exp(-x))", target=target, literal=flag) for flag in (False, True))
    assert value_error(literal(0.5), stable(0.5), rtol=1e-15) is None
    assert literal.value_and_grad(40.0)[1]["x"] != pytest.approx(4.2483542552915889e-18, rel=1e-3, abs=0)


def test_the_math_target_raises_where_math_raises() -> None:
    fn = gradc.compile("log(x)", target="math")
    with pytest.raises(ValueError, match=r"."):
        fn(-1.0)


def test_the_numpy_target_gives_ieee_results() -> None:
    fn = gradc.compile("log(x)")
    with np.errstate(all="ignore"):
        assert np.isnan(fn(-1.0))
        assert fn(0.0) == -np.inf


# -- the library's calls -------------------------------------------------------------------------------------------


def test_inputs_by_position_or_by_name() -> None:
    fn = gradc.compile("x - 2*y")
    assert fn(3, -4) == fn(x=3, y=-4) == fn(3, y=-4) == 11
    value, grads = fn.value_and_grad(y=-4, x=3)
    assert (value, grads) == (11, {"x": 1, "y": -2})
    value, cache = fn.forward(3, -4)
    assert fn.backward(cache) == {"x": 1, "y": -2}
    assert fn.backward(cache, df=2.0) == {"x": 2, "y": -4}


@pytest.mark.parametrize(
    ("args", "kwargs", "words"),
    [
        ((1,), {}, r"y"),
        ((), {"x": 1}, r"y"),
        ((1, 2, 3), {}, r"3"),
        ((1, 2), {"z": 3}, r"z"),
        ((1, 2), {"x": 3}, r"x"),
        (("one", 2), {}, r"x"),
        ((None, 2), {}, r"x"),
        ((1j, 2), {}, r"x"),
        (([1.0], object()), {}, r"y"),
    ],
)
def test_wrong_inputs_are_named(args: tuple[Any, ...], kwargs: dict[str, Any], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        gradc.compile("x - 2*y").value_and_grad(*args, **kwargs)


@pytest.mark.parametrize(
    ("X", "w", "words"),
    [
        ((3, 4), (5,), r"w.*\(d,\)|w.*5"),
        ((3,), (3,), r"X.*\(n, d\)"),
        ((), (3,), r"X"),
    ],
)
def test_misshapen_inputs_are_named(X: tuple[int, ...], w: tuple[int, ...], words: str) -> None:
    fn = gradc.compile("X: [n, d]; w: [d]\nsum((X @ w)**2)")
    with pytest.raises((TypeError, ValueError), match=words):
        fn.value_and_grad(np.ones(X), np.ones(w))


def test_the_interface_is_told() -> None:
    fn = gradc.compile("X: [n, d]; w: [d]\np = X @ w\ns = sum(p**2)", wrt=["w"])
    assert list(fn.inputs) == ["X", "w"]
    assert list(fn.outputs) == ["s"]
    assert {name: fn.shapes[name] for name in fn.inputs} == {"X": ("n", "d"), "w": ("d",)}
    value, grads = fn.value_and_grad(np.ones((2, 3)), np.ones(3))
    assert value == 18
    assert list(grads) == ["w"]


def test_saved_text_is_the_source(tmp_path: Any) -> None:
    fn = gradc.compile("x*y")
    path = tmp_path / "product.py"
    fn.save(path)
    assert path.read_text(encoding="utf-8") == fn.source
    assert [p.name for p in tmp_path.iterdir()] == ["product.py"]


def test_tracebacks_show_the_emitted_lines() -> None:
    import traceback

    fn = gradc.compile("q = log(x)\nq*y", target="math")
    with pytest.raises(ValueError, match=r".") as raised:
        fn(-1.0, 2.0)
    assert "log(x)" in "".join(traceback.format_exception(raised.value))


# -- tensors at sizes of nought and one ----------------------------------------------------------------------------


@STYLED
@pytest.mark.parametrize(("n", "d"), [(0, 3), (1, 1), (3, 1), (1, 3), (0, 0)])
def test_sizes_of_nought_and_one(n: int, d: int, style: str) -> None:
    fn = gradc.compile("X: [n, d]; w: [d]; y: [n]\nsum((X @ w - y)**2) + sum(X) + sum(exp(w))", style=style)
    rng = np.random.default_rng(0)
    inputs = {"X": rng.uniform(-1, 1, (n, d)), "w": rng.uniform(-1, 1, d), "y": rng.uniform(-1, 1, n)}
    passes = both_passes(standalone(fn.source), inputs)
    r = inputs["X"] @ inputs["w"] - inputs["y"]
    want = {"X": 2 * np.outer(r, inputs["w"]) + 1, "w": 2 * inputs["X"].T @ r + np.exp(inputs["w"]), "y": -2 * r}
    assert gradient_error(passes.grads, want, rtol=1e-12) is None


@by_numpy_2
def test_tensor_programs_keep_float32() -> None:
    fn = gradc.compile("X: [n, d]; w: [d]\nmean(tanh(X @ w + b)**2) + 0.5*sum(w**2)")
    rng = np.random.default_rng(0)
    inputs = {name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in [("X", (4, 3)), ("w", (3,))]}
    value, grads = fn.value_and_grad(**inputs, b=np.float32(0.5))
    assert np.asarray(value).dtype == np.float32
    assert {np.asarray(g).dtype for g in grads.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "numbers", ["[a, a, 1.5]", "[a, a*b, 1]", "[[a, 1, 2], [0, 1, b]]", "[[1, 2, 3], [b, a, 0.5]]"]
)
def test_numbers_among_values_keep_single_precision(numbers: str) -> None:
    function = gradc.compile(f"sum(w*{numbers})", shapes={"w": (3,)})
    inputs = {"w": np.ones(3, np.float32), "a": np.float32(2.0), "b": np.float32(3.0)}
    value, grads = function.value_and_grad(**{name: inputs[name] for name in function.inputs})
    assert value.dtype == np.float32
    assert {np.asarray(grad).dtype for grad in grads.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "program", ["sum(x.T)", "sum(reshape(x, (6,)))", "sum(reshape(sum(x.T, axis=0, keepdims=True), (2,)))"]
)
def test_gradients_can_be_written_to(program: str) -> None:
    function = gradc.compile(program, shapes={"x": (2, 3)})
    _, cache = function.forward(x=np.ones((2, 3)))
    dx = function.backward(cache)["x"]
    dx *= 2.0
    assert np.array_equal(dx, np.full((2, 3), 2.0))


@pytest.mark.parametrize("style", STYLES)
def test_a_dead_input_has_no_say_in_the_shape(style: str) -> None:
    function = gradc.compile("w = asin(a*a)\nsoftplus(r) + 0.5", style=style)
    inputs = {"a": np.full((4, 3), 0.2), "r": np.full((4, 1), 0.3)}
    value, grads = function.value_and_grad(**inputs)
    assert function(**inputs).shape == function.forward(**inputs)[0].shape == value.shape == (4, 1)
    assert {name: grad.shape for name, grad in grads.items()} == {"a": (4, 1), "r": (4, 1)}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("program", ["min(r, 0, s)", "max(r, -3)", "relu(r)", "clip(r, 0, 1)", "1 if r < 0 else 2"])
def test_results_of_math_are_floats(style: str, program: str) -> None:
    function = gradc.compile(program, style=style, target="math")
    for r in (-5.0, 0.5, 5.0, -5, 5):
        inputs = dict.fromkeys(function.inputs, r)
        value, grads = function.value_and_grad(**inputs)
        assert {type(value), type(function(**inputs)), *map(type, grads.values())} == {float}


# Conditions that hang on each other, one under the condition that the other one makes.
TIED = """
mu = where(q, sigmoid(2*tanh(log(0.75))), cosh(q)*q)
rate = tanh(u*mu)
Y = tanh(q)*u
-mu**(pi - u) if where(not z <= 0, expm1(rate), z) >= 1 else where(u < max(0.5, Y, rate), hypot(q, z), log1p(mu))
"""


SIDES = """(
    (tanh(expm1(s*tanh(s))/(s*tanh(s))) if s*tanh(s) != 0 else sigmoid(s))
    * where(s*tanh(s) == 0, 3*s, expm1(s*tanh(s))/(s*tanh(s))*s)
    * (s if s > 0 else where(s <= 0, sigmoid(s), 1))
)"""


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize(
    ("program", "inputs"),
    [
        (TIED, {"q": 0.468, "u": 0.555, "z": 1.139}),
        # One block's condition is a side of a condition of the block before, and not its opposite.
        (
            SIDES,
            {"s": -3.0},
        ),
        # The slope of (-m)**2.5 has no value at 2, where no branch asks for it.
        ("where(m < 0, (-m)**2.5, 0) + where(m < 0, ((-m)**2.5)**2, v)", {"m": 2.0, "v": 0.8}),
        ("where(m < 0, (-m)**2.5, 0) - where(m < 0, 3*((-m)**2.5)**2, v)", {"m": 2.0, "v": 0.8}),
    ],
)
def test_branches_that_are_not_taken_are_not_computed(
    style: str, target: str, program: str, inputs: dict[str, float]
) -> None:
    function = gradc.compile(program, style=style, target=target)
    with np.errstate(all="raise"):
        value, grads = function.value_and_grad(**inputs)
    step = 1e-6
    for name, grad in grads.items():
        up, down = (function(**{**inputs, name: inputs[name] + sign * step}) for sign in (1, -1))
        assert abs(grad - (up - down) / (2 * step)) <= 1e-7 * (1 + abs(grad)), name
    assert np.isfinite(value)
    _, cache = function.forward(**inputs)
    for name, grad in function.backward(cache).items():
        assert abs(grad - grads[name]) <= 1e-14 * abs(grad), name


@pytest.mark.parametrize(
    "program", ["sum(where(-k != 0, 3*k, 0)*A + hypot(-k, k)*A)", "u = sin(-k)\nw = k*A\nsum(u + w + A*hypot(-k, k))"]
)
def test_a_part_that_is_sent_twice_is_not_added_to(program: str) -> None:
    """hypot(-k, k) sends the same product to both of its arguments: the first adjoint must not grow in its place."""
    inputs = {"k": np.array([0.5, -1.5, 2.0]), "A": np.array([1.0, 2.0, 3.0])}
    function = gradc.compile(f"k: [3]\nA: [3]\n{program}")
    assert function.inputs == ("k", "A")
    _, cache = function.forward(**inputs)
    grads = function.backward(cache)
    step = 1e-6
    for name, grad in grads.items():
        for i in range(3):
            up, down = ({**inputs, name: inputs[name] + sign * step * np.eye(3)[i]} for sign in (1, -1))
            assert abs(grad[i] - (function(**up) - function(**down)) / (2 * step)) < 1e-7


@pytest.mark.parametrize("style", STYLES)
def test_a_second_value_of_a_builtins_name(style: str) -> None:
    """The values of `float` and the function that stands aside for them have three names."""
    function = gradc.compile("float = 10 + x\nfloat = min(v, float, 0.25)*float\nfloat", style=style)
    inputs = {"x": np.full(3, -9.0), "v": np.full(3, 0.125)}
    _, cache = function.forward(**inputs)
    for df in (2.0, np.full(3, 2.0)):
        grads = function.backward(cache, df=df)
        assert np.array_equal(grads["x"], np.full(3, 0.25))
        assert np.array_equal(grads["v"], np.full(3, 2.0))


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("style", STYLES)
def test_infinity_beside_a_value_called_float(style: str, target: str) -> None:
    """Infinity is written as a call of Python's float, which steps aside for the user's."""
    function = gradc.compile("float = 2*x\nwhere(float > 0, log(float), inf)", style=style, target=target)
    module = standalone(function.source, target)
    assert module.value_and_grad(0.5) == function.value_and_grad(0.5) == (0.0, {"x": 2.0})
    assert module.value_and_grad(-0.5) == function.value_and_grad(-0.5) == (math.inf, {"x": 0.0})


def test_an_input_called_float_of_a_long_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in many short functions reads its inputs by Python's float, whatever they are called."""
    monkeypatch.setattr("gradc.emit.fast_scalar.LARGE", 10)
    text = " + ".join(f"sin({n}*float)" for n in range(1, 9))
    module = standalone(gradc.compile(text, target="math", style="fast").source, "math")
    assert "float_ = float" in gradc.compile(text, target="math", style="fast").source
    assert module.value_and_grad(0.0) == (0.0, {"float": 36.0})
