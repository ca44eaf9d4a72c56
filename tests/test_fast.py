"""The fast style for numbers, and library calls that run it: the same values, types and errors as the general way,
for short programs in one function and for long ones in many, or rolled up into slices.
"""

import math
import warnings
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.api
from gradc.emit.long_programs import long_text
from gradc.language import parse
from gradc.rewrite.long_sums import roll
from tests.support import AGREE, NUMPY_2, Json, corpus, gradient_error, inputs_of, shapes_of, standalone, value_error

NOTES = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
Vector = np.ndarray[Any, np.dtype[np.float64]]


def general(fn: gradc.Function, *args: Any, **inputs: Any) -> tuple[Any, dict[str, Any]]:
    """Value and gradient by the two passes of the module, as NumPy has them."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, cache = fn.forward(*args, **inputs)
        return value, fn.backward(cache)


# -- calls ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("style", ["notes", "fast"])
def test_numbers_give_numbers(style: str, target: str) -> None:
    fn = gradc.compile(NOTES, style=style, target=target)
    value, grads = fn.value_and_grad(3.0, -4.0)
    want, slopes = general(fn, 3.0, -4.0)
    assert type(value) is float
    assert {type(slope) for slope in grads.values()} == {float}
    assert value_error(value, want, rtol=AGREE) is None
    assert gradient_error(grads, slopes, rtol=AGREE) is None
    assert fn.value_and_grad(x=3, y=-4) == fn.value_and_grad(3.0, y=-4.0) == (value, grads)
    assert fn(3, -4) == fn.value(3.0, -4.0) == value


def test_a_call_with_arrays_goes_the_general_way() -> None:
    fn = gradc.compile(NOTES)
    value, grads = fn.value_and_grad(np.array([3.0, 1.0]), -4.0)
    assert value.shape == grads["x"].shape == grads["y"].shape == (2,)
    kind = np.float32 if NUMPY_2 else np.float64  # NumPy 1 makes doubles of single numbers and Python's
    assert fn.value_and_grad(np.float32(3.0), np.float32(-4.0))[0].dtype == kind


@pytest.mark.parametrize(
    ("program", "inputs"),
    [
        ("log(x)/y", (0.0, 1.0)),
        ("log(x)/y", (-1.0, 1.0)),
        ("log(x)/y", (1.0, 0.0)),
        ("exp(x)*y", (1000.0, 0.0)),
        ("x**y", (-8.0, 1 / 3)),
        ("x**y", (0.0, -1.0)),
        ("sin(x)*y", (math.inf, 1.0)),
        ("1/(x - y)", (2.0, 2.0)),
        ("sqrt(x) + y", (-1.0, 1.0)),
        ("x**40*y", (1e300, 1.0)),
        ("max(x, y)", (math.nan, 1.0)),
        ("sign(x)*y", (math.nan, 1.0)),
    ],
)
def test_outside_the_domain_it_is_what_numpy_gives(program: str, inputs: tuple[float, float]) -> None:
    fn = gradc.compile(program)
    want, slopes = general(fn, *inputs)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, grads = fn.value_and_grad(*inputs)
    assert value_error(value, want, rtol=AGREE) is None
    assert gradient_error(grads, slopes, rtol=AGREE) is None


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(("program", "error"), [("log(x)", ValueError), ("1/x", ZeroDivisionError)])
def test_math_raises_where_math_raises(program: str, error: type[Exception], style: str) -> None:
    fn = gradc.compile(program, target="math", style=style)
    with pytest.raises(error):
        fn.value_and_grad(0.0)
    with pytest.raises(error):
        fn(0)


@pytest.mark.parametrize(
    ("args", "inputs", "words"),
    [
        ((), {}, "'x' is missing; 2 inputs"),
        ((1.0,), {}, "'y' is missing; 2 inputs"),
        ((1.0, 2.0, 3.0), {}, "2 inputs .* expected, 3 given"),
        ((1.0, 2.0), {"z": 3.0}, "no input 'z'"),
        ((1.0,), {"x": 1.0}, "x"),
        (("a", 1.0), {}, "x: a real number"),
    ],
)
def test_what_does_not_fit_is_named(args: tuple[Any, ...], inputs: dict[str, Any], words: str) -> None:
    fn = gradc.compile("x*y")
    for call in (fn, fn.value, fn.value_and_grad):
        with pytest.raises(TypeError, match=words):
            call(*args, **inputs)


def test_inputs_may_be_called_anything() -> None:
    names = ["type", "float", "absent", "failures", "otherwise", "rest", "more", "e", "r", "x2", "df", "cache"]
    program = " + ".join(f"sigmoid({name})*{k + 1}" for k, name in enumerate(names))
    points = {name: 0.1 * k for k, name in enumerate(names)}
    for style, target in (("notes", "numpy"), ("fast", "math")):
        fn = gradc.compile(program, style=style, target=target)
        want, slopes = general(gradc.compile(program), **points)
        for value, grads in (fn.value_and_grad(**points), fn.module.value_and_grad(**points)):
            assert value_error(value, want, rtol=AGREE) is None
            assert gradient_error(grads, slopes, rtol=AGREE) is None


def test_several_outputs() -> None:
    fn = gradc.compile("q = x*y; q, q + sin(x)", style="fast", target="math")
    value, grads = fn.value_and_grad(2.0, 3.0, df=(1.0, 1.0))
    assert value == (6.0, 6.0 + math.sin(2.0))
    assert grads == {"x": pytest.approx(6.0 + math.cos(2.0)), "y": pytest.approx(4.0)}
    _, cache = fn.forward(2.0, 3.0)
    assert fn.backward(cache, (0.0, 1.0)) == {"x": pytest.approx(3.0 + math.cos(2.0)), "y": pytest.approx(2.0)}


# -- modules -------------------------------------------------------------------------------------------------------


def test_a_module_needs_the_standard_library_only() -> None:
    fn = gradc.compile(NOTES, style="fast", target="math")
    module = standalone(fn.source, "math")
    assert "numpy" not in fn.source
    assert module.value_and_grad(3.0, -4.0) == fn.value_and_grad(3.0, -4.0)


@pytest.mark.parametrize("names", ["notes", "letters", "wengert"])
def test_names(names: str) -> None:
    fn = gradc.compile("q = x*y; sin(q)*cos(q)*q", style="fast", target="math", names=names)
    value, _ = fn.module.value_and_grad(0.5, 0.25)
    assert value == pytest.approx(math.sin(0.125) * math.cos(0.125) * 0.125)
    assert "q = x*y" in fn.source


def test_the_cache_holds_what_backward_reads() -> None:
    """A value of the branch not taken is None there."""
    fn = gradc.compile("log(x)*y if x > 0 else exp(y)", style="fast", target="math")
    _, taken = fn.forward(2.0, 3.0)
    _, other = fn.forward(-2.0, 3.0)
    assert None in other
    assert fn.backward(taken) == {"x": pytest.approx(1.5), "y": pytest.approx(math.log(2.0))}
    assert fn.backward(other) == {"x": 0.0, "y": pytest.approx(math.exp(3.0))}


def test_whole_numbers_are_read_as_floats() -> None:
    fn = gradc.compile("x*y", style="fast", target="math")
    value, grads = fn.value_and_grad(3, 4)
    assert [type(each) for each in (value, *grads.values())] == [float] * 3
    value, cache = fn.module.forward(3, 4)
    assert [type(each) for each in (value, *fn.module.backward(cache).values())] == [float] * 3


# -- elements of arrays --------------------------------------------------------------------------------------------

ELEMENTS = [
    ("x[0]*x[1]*x[2]", {"x": (3,)}),
    ("x[0]*x[-1] + sin(x[1])*y", {"x": (5,), "y": ()}),
    ("A[0, 2]*A[1, 1] + exp(b[7])", {"A": (2, 3), "b": (20,)}),
    ("x[0]/x[1]", {"x": (2,)}),
    ("max(x[0], x[1])*x[2] if x[3] > 0 else log(x[0])", {"x": (4,)}),
]


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(("program", "shapes"), ELEMENTS)
def test_elements_of_arrays(program: str, shapes: dict[str, tuple[int, ...]], style: str) -> None:
    rng = np.random.default_rng(1)
    inputs = {name: rng.uniform(0.5, 1.5, shape) if shape else 0.75 for name, shape in shapes.items()}
    fn = gradc.compile(program, shapes=shapes, style=style)
    want, slopes = general(fn, **inputs)
    module = standalone(fn.source)
    for value, grads in (fn.value_and_grad(**inputs), module.value_and_grad(**inputs)):
        assert value_error(value, want, rtol=AGREE) is None
        assert gradient_error(grads, slopes, rtol=AGREE) is None
        assert all(np.shape(grads[name]) == shape for name, shape in shapes.items())


def test_elements_outside_the_domain_and_of_other_types() -> None:
    fn = gradc.compile("x[0]/x[1] + log(x[2])", shapes={"x": (3,)}, style="fast")
    point = np.array([1.0, 0.0, -1.0])
    with np.errstate(all="ignore"):
        value, grads = fn.value_and_grad(point)
        assert np.isnan(value)
        assert grads["x"][0] == np.inf
    assert fn.value_and_grad([1, 2, 3])[0] == pytest.approx(0.5 + math.log(3.0))
    assert fn.value_and_grad(np.array([1, 2, 3], dtype=np.float32))[1]["x"].dtype == np.float32
    with pytest.raises(ValueError, match="x"):
        fn.value_and_grad(np.ones(4))
    assert point.tolist() == [1.0, 0.0, -1.0]


# -- long programs -------------------------------------------------------------------------------------------------


def wide(count: int, leaf: str = "x{}") -> str:
    x = leaf.format
    return " + ".join(f"sin({x(i)}*{x(i + 1)})*exp(-{x(i)}**2)" for i in range(count))


def wide_reference(x: Vector) -> tuple[float, Vector]:
    a, b = x[:-1], x[1:]
    sine, cosine, weight = np.sin(a * b), np.cos(a * b), np.exp(-(a**2))
    grads = np.zeros_like(x)
    grads[:-1] += (b * cosine - 2 * a * sine) * weight
    grads[1:] += a * cosine * weight
    return math.fsum(sine * weight), grads


RECORDS = [record for name in ("feynman", "scipy_go", "edge") for record in corpus(name)][::3]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["id"])
def test_many_short_functions(record: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every program as if it were long, three lines a function: the same value and gradient."""
    monkeypatch.setattr(gradc.run.engines, "LONG", 0)
    monkeypatch.setattr("gradc.emit.long_programs.LINES", 3)
    fn = gradc.compile(record["program"], wrt=record["wrt"], shapes=shapes_of(record))
    for point in record["points"]:
        inputs = {name: value for name, value in inputs_of(record, point).items() if name in fn.inputs}
        want, slopes = general(fn, **inputs)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value, grads = fn.value_and_grad(**inputs)
            alone = fn.value(**inputs)
        assert value_error(value, want, rtol=1e-12) is None
        assert value_error(alone, want, rtol=1e-12) is None
        assert gradient_error(grads, slopes, rtol=1e-12) is None


def test_a_long_program_of_numbers() -> None:
    count = 600
    x = np.random.default_rng(0).uniform(0.1, 1.0, count + 1)
    want, slopes = wide_reference(x)
    for target in ("numpy", "math"):
        fn = gradc.compile(wide(count), target=target)
        value, grads = fn.value_and_grad(*x.tolist())
        assert value == pytest.approx(want, rel=1e-13)
        assert np.allclose(list(grads.values()), slopes, rtol=1e-13, atol=0)
        assert type(value) is float
        with pytest.raises(TypeError, match=f"{count + 1} inputs"):
            fn.value_and_grad(1.0)


def test_a_long_program_of_elements() -> None:
    count = 600
    x = np.random.default_rng(0).uniform(0.1, 1.0, count + 1)
    want, slopes = wide_reference(x)
    fn = gradc.compile(wide(count, "x[{}]"), shapes={"x": (count + 1,)})
    value, grads = fn.value_and_grad(x)
    assert value == pytest.approx(want, rel=1e-13)
    assert np.allclose(grads["x"], slopes, rtol=1e-13, atol=0)


def test_a_long_chain() -> None:
    depth = 4000
    program = "sin(1.1*" * depth + "x" + ")" * depth
    value, slope = 0.3, 1.0
    for _ in range(depth):
        slope *= 1.1 * math.cos(1.1 * value)
        value = math.sin(1.1 * value)
    for fn in (gradc.compile(program), gradc.compile(program, target="math")):
        got, grads = fn.value_and_grad(0.3)
        assert got == pytest.approx(value, rel=1e-13)
        assert grads["x"] == pytest.approx(slope, rel=1e-9)


def test_a_long_program_leaves_the_domain() -> None:
    program = " + ".join(f"log(x{i})*x{i}" for i in range(1200))
    fn = gradc.compile(program)
    x = [1.0] * 1199 + [0.0]
    with np.errstate(all="ignore"):
        value, grads = fn.value_and_grad(*x)
    assert np.isnan(value)
    assert grads["x0"] == 1.0
    with pytest.raises(ValueError, match="domain"):
        gradc.compile(program, target="math").value_and_grad(*x)


def test_the_module_of_a_long_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradc.emit.fast_scalar.LARGE", 100)
    count = 60
    x = np.random.default_rng(0).uniform(0.1, 1.0, count + 1)
    want, slopes = wide_reference(x)
    fn = gradc.compile(wide(count), style="fast", target="math")
    module = standalone(fn.source, "math")
    value, cache = module.forward(*x.tolist())
    assert value == pytest.approx(want, rel=1e-13)
    for grads in (module.value_and_grad(*x.tolist())[1], module.backward(cache)):
        assert np.allclose(list(grads.values()), slopes, rtol=1e-13, atol=0)
    assert np.allclose(list(module.backward(cache, 2.0).values()), 2.0 * slopes, rtol=1e-13, atol=0)


def test_functions_stay_short() -> None:
    long = long_text(parse(wide(3000)), [f"x{i}" for i in range(3001)])
    assert len(long.parts) > 50
    assert max(part.count("\n") for part in long.parts) < 300


# -- rolling up ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "size"),
    [
        ("sum", " + ".join(f"sin(x[{i}]*x[{i + 1}])" for i in range(50))),
        ("differences", " - ".join(f"x[{i}]**2*a" for i in range(60))),
        ("steps", " + ".join(f"exp(x[{2 * i}])/x[{2 * i + 1}]" for i in range(40))),
        ("backwards", " + ".join(f"x[{90 - i}]*log(x[{i}])" for i in range(80))),
        ("mixed", " + ".join(f"x[{i}]*a" for i in range(50)) + " + a**3 + x[3]*x[7]"),
        ("inside", "sqrt(1 + " + " + ".join(f"(x[{i}] - x[{i + 1}])**2" for i in range(70)) + ")*a"),
        ("branches", " + ".join(f"max(x[{i}], a)*x[{i + 1}]" for i in range(70))),
    ],
    ids=lambda value: value if " " not in str(value) else "",
)
def test_long_sums_are_rolled_up(program: str, size: str) -> None:
    x, a = np.random.default_rng(2).uniform(0.2, 1.8, 100), 0.75
    text = f"x: [100]; {size}"
    rolled = roll(parse(text))
    assert rolled is not None
    assert len(rolled.dag.nodes) < 40
    want, slopes = general(gradc.compile(text), **{name: {"x": x, "a": a}[name] for name in parse(text).inputs})
    short = gradc.Function(rolled.dag, tuple(rolled.dag.inputs), "notes", "notes", "numpy", False)
    value, grads = short.value_and_grad(**{name: {"x": x, "a": a}[name] for name in short.inputs})
    assert value_error(value, want, rtol=1e-12) is None
    assert gradient_error(grads, slopes, rtol=1e-12) is None


@pytest.mark.parametrize(
    "program",
    [
        "*".join(f"x[{i}]" for i in range(60)),
        " + ".join(f"x[{i}]" for i in range(10)),
    ],
)
def test_what_follows_no_pattern_is_left(program: str) -> None:
    assert roll(parse(f"x: [100]; {program}")) is None


def test_numbers_are_gathered() -> None:
    rolled = roll(parse(wide(100)))
    assert rolled is not None
    assert rolled.numbers == tuple(f"x{i}" for i in range(101))
    assert list(rolled.dag.inputs) == ["x"]


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize(
    ("program", "value", "slope"),
    [
        ("x = sin(x); x**2", math.sin(1.5) ** 2, 2 * math.sin(1.5) * math.cos(1.5)),
        ("x = exp(x); max(x, x - 1)", math.exp(1.5), math.exp(1.5)),
        ("x = x*x; x = x*x; sin(x)", math.sin(1.5**4), math.cos(1.5**4) * 4 * 1.5**3),
    ],
)
def test_an_input_that_is_assigned_anew_means_the_new_value_everywhere(
    program: str, value: float, slope: float, style: str, target: str
) -> None:
    fn = gradc.compile(program, style=style, target=target)
    f, cache = fn.module.forward(1.5)
    for got, grads in (fn.value_and_grad(1.5), fn.module.value_and_grad(1.5), (f, fn.module.backward(cache))):
        assert got == pytest.approx(value, rel=1e-14)
        assert grads["x"] == pytest.approx(slope, rel=1e-13)


@pytest.mark.parametrize("program", ["softplus(math)*x", "min(x, math, square(x))", "erf(math)**x"])
def test_helpers_find_the_library_when_an_input_has_its_name(program: str) -> None:
    fn = gradc.compile(program, style="fast", target="math")
    module = standalone(fn.source, "math")
    value, cache = module.forward(1.5, 0.5)
    assert (value, module.backward(cache)) == module.value_and_grad(1.5, 0.5) == fn.value_and_grad(1.5, 0.5)
