"""Long sums of one pattern, or of several in turn, as sums over slices: the same function, in every form of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.language import parse
from gradc.rewrite import long_sums
from gradc.rewrite.long_sums import roll
from gradc.run import engines
from tests.bench.programs import distinct, written_rosenbrock
from tests.fuzz.long_sums import hold, leaves, points, same, scattered, written
from tests.support import NUMPY_2


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rolled up however few the terms are."""
    for threshold in ("ROLLED", "GATHERED", "WHOLE"):
        monkeypatch.setattr(engines, threshold, 0)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("vector", [True, False], ids=["vector", "names"])
def test_sums_of_patterns_in_turn_are_the_written_ones(seed: int, vector: bool) -> None:
    rng = random.Random(seed)
    text = written(rng, vector)
    fn, wide = gradc.compile(text), gradc.compile(text, roll=True)
    fast = gradc.compile(text, style="fast", roll=True)
    assert fn.rolled is not None
    assert any("slices" in note.message for note in wide.notes)
    assert wide.inputs == fn.inputs == fast.inputs
    for at in points(rng, 93):
        given = dict.fromkeys(fn.inputs, 0.75)
        given |= {"x": np.array(at)} if vector else {name: at[int(name[1:])] for name in fn.inputs if name != "a"}
        args = [given[name] for name in fn.inputs]
        with np.errstate(all="ignore"):
            want = fn.module.value_and_grad(*args)
            same(want, fn.value_and_grad(*args))
            same((want[0], {}), (fn(*args), {}))
            for other in (wide, fast):
                same(want, other.module.value_and_grad(*args))
                same(want, other.value_and_grad(*args))


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("vector", [True, False], ids=["vector", "names"])
def test_terms_of_the_same_gates_are_gathered(seed: int, vector: bool) -> None:
    rng = random.Random(seed)
    text = scattered(rng, vector)
    for wrt in (None, ["x"] if vector else ["x7", "x2"]):
        fn = gradc.compile(text, wrt)
        assert fn.rolled is not None
        assert any(each.of for each in fn.rolled[2].values())
        for at in points(random.Random(seed), 93)[:3]:
            hold(text, at, wrt)


@pytest.mark.usefixtures("always")
def test_distinct_terms_are_rolled_up_by_their_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_sums, "FEWEST", 4)
    fn = gradc.compile(distinct(500))
    rolled = fn.rolled
    assert rolled is not None
    assert len(rolled[0].dag.nodes) < 0.2 * len(fn.dag.nodes)
    at = [0.2 + 0.0001 * i for i in range(501)]
    assert fn.running(*at).engine == "rolled"
    plain = gradc.compile(distinct(500), target="math", style="fast").module.value_and_grad(*at)
    same(plain, fn.value_and_grad(*at))


@pytest.mark.usefixtures("always")
@pytest.mark.skipif(not NUMPY_2, reason="NumPy 1 makes doubles of single numbers beside Python's")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("write", [written, scattered])
def test_single_precision_stays(seed: int, write: Callable[[random.Random, bool], str]) -> None:
    rng = random.Random(seed)
    text = write(rng, True)
    fn, wide = gradc.compile(text), gradc.compile(text, roll=True)
    at = np.array(points(rng, 93)[0], np.float32)
    given = [at if name == "x" else 0.75 for name in fn.inputs]
    want = fn.module.value_and_grad(*given)
    assert leaves(want)[-1].dtype == np.float32
    same(want, fn.value_and_grad(*given), 1e-3)
    same(want, wide.module.value_and_grad(*given), 1e-3)


def general(text: str, given: Sequence[Any]) -> Any:
    return gradc.compile(text).module.value_and_grad(*given)


def test_a_pattern_that_takes_turns_is_found_from_its_second_turn_on() -> None:
    rolled = roll(parse(written_rosenbrock(200)))
    assert rolled is not None
    assert len(rolled.dag.nodes) < 20
    assert rolled.numbers == tuple(f"x{i}" for i in range(200))  # and not x1 first, as the program has it


def test_runs_of_even_steps_are_rolled_up_one_by_one() -> None:
    text = " + ".join(f"(x[{i}] - x[{j}])**2" for i in range(3) for j in range(i + 1, 60))
    rolled = roll(parse(f"x: [60]; {text}"))
    assert rolled is not None
    assert len(rolled.dag.nodes) < 30


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_the_text_is_one_to_read(style: str) -> None:
    text = "x: [80]; " + " + ".join(f"100*(x[{i + 1}] - x[{i}]**2)**2 + (1 - x[{i}])**2" for i in range(79))
    source = gradc.compile(text, style=style, roll=True).source
    assert "x[1:]" in source
    assert "x[:-1]" in source
    assert source.count("\n") < 100
    assert "100*(x[1] - x[0]**2)**2" in source  # the program, as it was written


def test_the_fast_module_of_elements_has_slices_without_being_asked() -> None:
    def of(n: int) -> str:
        text = f"x: [{n}]; " + " + ".join(f"sin(x[{i}])*x[{i + 1}]**2" for i in range(n - 1))
        return gradc.compile(text, style="fast", function_name="loss").source

    assert "x[1:]" in of(200)
    assert "def loss_forward(x):" in of(200)
    assert "x[1:]" not in of(20)


def test_names_stay_where_what_they_name_stays() -> None:
    text = "x: [50]\nq = " + " + ".join(f"x[{i}]**2" for i in range(50)) + "\nr = cos(q)\nsin(r)*q"
    fn = gradc.compile(text, roll=True)
    assert [line for _, line in fn.stages][:3] == ["xsqr = x**2", "q = np.sum(xsqr)", "r = np.cos(q)"]


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("vector", [True, False], ids=["vector", "names"])
def test_numbers_that_are_different_in_each_term_are_arrays(vector: bool) -> None:
    rng = random.Random(3)
    data = [(round(0.1 * i, 1), round(rng.uniform(0, 2), 3)) for i in range(50)]
    a, b = ("p[0]", "p[1]") if vector else ("a", "b")
    text = "x: [2]\n".replace("x", "p") * vector + " + ".join(f"({y} - {a}*exp(-{b}*{x}))**2" for x, y in data)
    fn, wide = gradc.compile(text), gradc.compile(text, roll=True)
    assert fn.rolled is not None
    assert len(fn.rolled[0].dag.nodes) < 20
    args = [np.array([1.2, 0.4])] if vector else [1.2, 0.4]
    want = fn.module.value_and_grad(*args)
    assert fn.running(*args).engine == "rolled"
    for got in (fn.value_and_grad(*args), wide.module.value_and_grad(*args), wide.value_and_grad(*args)):
        same(want, got)
    assert "1.9, 2.0, 2.1" in " ".join(wide.source.split())
    if vector:
        small = [np.array([1.2, 0.4], np.float32)]
        same(fn.module.value_and_grad(*small), fn.value_and_grad(*small), 1e-4)
        same(fn.module.value_and_grad(*small), wide.module.value_and_grad(*small), 1e-4)
        for one in (fn, wide):
            assert one.value_and_grad(p=args[0])[0] == pytest.approx(want[0], rel=1e-12)


@pytest.mark.parametrize("target", ["numpy", "math"])
def test_exponents_are_no_such_numbers(target: str) -> None:
    fn = gradc.compile(" + ".join(f"x{i}**{i % 7}" for i in range(200)), target=target)
    assert fn.rolled is None or all(not constants for constants in fn.rolled[2:])


@pytest.mark.usefixtures("always")
def test_in_math_what_raises_raises() -> None:
    text = " + ".join(f"log(x{i})/exp(x{i + 1})" for i in range(60))
    fn, plain = gradc.compile(text, target="math"), gradc.compile(text)
    at = [0.5 + 0.125 * (i % 5) for i in range(61)]
    same(plain.module.value_and_grad(*at), fn.value_and_grad(*at))
    assert fn.running(*at).engine == "rolled"
    for bad in (-1.0, 0.0, 1e4, -1e4):
        with pytest.raises((ValueError, OverflowError, ZeroDivisionError)) as raised:
            fn.module.value_and_grad(*at[:7], bad, *at[8:])
        with pytest.raises(raised.type):
            fn.value_and_grad(*at[:7], bad, *at[8:])


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("vector", [True, False], ids=["vector", "names"])
@pytest.mark.parametrize("write", [written, scattered])
def test_upstream_adjoints_and_calls_by_name_are_as_elsewhere(
    vector: bool, write: Callable[[random.Random, bool], str]
) -> None:
    fn = gradc.compile(write(random.Random(1), vector))
    at = points(random.Random(1), 93)[0]
    given = dict.fromkeys(fn.inputs, 0.75)
    given |= {"x": np.array(at)} if vector else {name: at[int(name[1:])] for name in fn.inputs if name != "a"}
    value, grads = fn.module.value_and_grad(**given)
    for df in (None, 2.0):
        found = fn.value_and_grad(**given, df=df)
        same((value, {name: (df or 1.0) * slope for name, slope in grads.items()}), found)
        same(found, fn.value_and_grad(*given.values(), df=df) if list(given) == list(fn.inputs) else found)
    for wrong in ({**given, "q": 1.0}, dict(list(given.items())[1:])):
        with pytest.raises(TypeError):
            fn.value_and_grad(**wrong)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("size", ["n", "60"])
@pytest.mark.parametrize("order", [range(-50, 0), range(-1, -51, -1), range(50), [*range(0, 50, 3), *range(-40, 0)]])
def test_positions_from_the_end(size: str, order: Sequence[int]) -> None:
    fn = gradc.compile(f"x: [{size}]; " + " + ".join(f"{0.5 + k % 7}*sin(x[{i}])" for k, i in enumerate(order)))
    x = np.linspace(0.1, 1.9, 60)
    same(fn.module.value_and_grad(x), fn.value_and_grad(x))
    same((fn.module.forward(x)[0], {}), (fn(x), {}))


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("wrong", [np.ones(59), np.ones(61), np.ones((60, 1)), 1.0, [1.0, 2.0]])
def test_what_does_not_fit_is_refused_by_name(wrong: Any) -> None:
    fn = gradc.compile("x: [60]; " + " + ".join(f"x[{i}]*x[{7 * i % 60}]" for i in range(60)))
    for call in (fn, fn.value_and_grad):
        with pytest.raises(ValueError, match="x: shape"):
            call(wrong)


def test_sums_that_leave_many_arrays_are_lines_of_numbers() -> None:
    """As long as these are soon written."""
    small = ["sin({0})", "{0}*{1}", "{0}**2", "cos({0})*{1}", "exp(-{0})", "{0}/{1}", "tanh({0})"]
    rng = random.Random(0)
    terms = [
        pattern.format(f"x[{rng.randrange(93)}]", f"x[{rng.randrange(93)}]") for pattern in small for _ in range(35)
    ]
    few = gradc.compile(f"x: [93]; {' + '.join(terms)}")
    assert few.rolled is not None
    assert few.running(np.ones(93)).engine == "numbers"
    text = " + ".join(f"(x[{i}] - x[{i + 1}])**2" for i in range(120))
    assert gradc.compile(text).running(np.ones(121)).engine == "rolled"


def test_what_repeats_nothing_says_so() -> None:
    fn = gradc.compile("x*y + sin(x)", roll=True)
    assert [note.message for note in fn.notes] == ["no long sum repeats a pattern"]
    assert fn.source == gradc.compile("x*y + sin(x)").source


@pytest.mark.usefixtures("always")
def test_numbers_of_every_kind() -> None:
    text = " + ".join(f"x{i}*x{i + 1}**2" for i in range(60))
    fn = gradc.compile(text)
    at = [0.25 * (i % 7) - 0.5 for i in range(61)]
    want = general(text, at)
    assert fn.running(*at).engine == "rolled"
    same(want, fn.value_and_grad(*at))
    same(want, fn.value_and_grad(**dict(zip(fn.inputs, at, strict=True))))
    value, grads = fn.value_and_grad(*np.array(at))
    assert type(value) is np.float64 and {*map(type, grads.values())} == {np.float64}  # noqa: PT018
    value, grads = fn.value_and_grad(*at)
    assert type(value) is float and {*map(type, grads.values())} == {float}  # noqa: PT018
    whole = [i % 3 for i in range(61)]
    same(general(text, [float(i) for i in whole]), fn.value_and_grad(*whole))
    with pytest.raises((OverflowError, TypeError, ValueError)):
        fn(*[10**400, *at[1:]])
    assert fn(*map(np.array, [[a, a] for a in at])).shape == (2,)
    with pytest.raises(TypeError, match="x3"):
        fn(*at[:3], Fraction(1, 3), *at[4:])
    with pytest.raises(TypeError):
        fn(*at[1:])
    with pytest.raises(TypeError):
        fn(*at, y=1.0)


@pytest.mark.usefixtures("always")
def test_a_sum_that_overflows_in_another_order_is_added_as_it_was_written() -> None:
    text = "x: [80]\n" + " ".join(f"+ x[{i}]*1e307 - x[{i}]*1e307*x[{i + 1}]" for i in range(79))
    fn = gradc.compile(text)
    x = np.ones(80)
    with np.errstate(all="ignore"):
        want = fn.module.value_and_grad(x)
        assert np.isfinite(want[0])
        same(want, fn.value_and_grad(x))


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("term", ["1", "y", "sin(x)*y", "2*x", "x/3"])
@pytest.mark.parametrize("sign", ["+", "-"])
def test_terms_that_are_all_the_same_count_as_often_as_they_stand(term: str, sign: str) -> None:
    fn = gradc.compile("x*y" + f" {sign} {term}" * 40)
    few = gradc.compile(f"x*y {sign} 40*({term})")
    assert fn.rolled is not None
    value, grads = fn.value_and_grad(0.75, -1.5)
    want, slopes = few.value_and_grad(0.75, -1.5)
    assert value == pytest.approx(want, rel=1e-14)
    assert grads == pytest.approx(slopes, rel=1e-13)
