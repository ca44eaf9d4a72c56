"""A function is an object like any other: it pickles, copies, has a signature, and may be called from many threads."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.ops.table import entries

PROGRAMS = [
    ("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)", {}),
    ("a*exp(-b*x) + c", {"inputs": ["x", "a", "b", "c"], "wrt": ["b", "a"]}),
    ("sum((X @ W + b)**2)", {"shapes": {"X": ("n", 3), "W": (3, 2), "b": (2,)}, "style": "fast"}),
    ("where(x > 0, sqrt(x), 0)*y", {"style": "fast", "target": "math", "names": "letters", "literal": True}),
    ("h = x\n" + "h = sin(h)*y\n" * 4000 + "h", {}),
]


def point(fn: gradc.Function) -> list[Any]:
    sizes = {"n": 4}
    rng = np.random.default_rng(1)
    shapes = [tuple(sizes.get(str(dim), dim) for dim in fn.shapes[name]) for name in fn.inputs]
    return [rng.normal(size=shape) if shape else 0.75 for shape in shapes]


def same(one: Any, two: Any) -> None:
    np.testing.assert_array_equal(one[0], two[0])
    assert list(one[1]) == list(two[1])
    for name in one[1]:
        np.testing.assert_array_equal(one[1][name], two[1][name])


@pytest.mark.parametrize("called", [False, True])
@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda fn: pickle.loads(pickle.dumps(fn))])
@pytest.mark.parametrize(("program", "options"), PROGRAMS)
def test_a_copy_is_the_same_function(program: str, options: dict[str, Any], make: Any, called: bool) -> None:
    fn = gradc.compile(program, **options)
    args = point(fn)
    if called:
        fn.value_and_grad(*args)
    twin = make(fn)
    assert (twin.inputs, twin.wrt, twin.style, twin.target) == (fn.inputs, fn.wrt, fn.style, fn.target)
    same(twin.value_and_grad(*args), fn.value_and_grad(*args))
    assert twin.source == fn.source == gradc.compile(program, **options).source


def test_the_text_does_not_hang_on_what_was_called_before() -> None:
    for program, options in PROGRAMS:
        before, after = gradc.compile(program, **options), gradc.compile(program, **options)
        after.value_and_grad(*point(after))
        assert before.source == after.source


def test_in_other_processes() -> None:
    fn = gradc.compile("x*exp(-y*x)")
    points = [(0.5, 2.0), (1.5, -1.0)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(fn, *zip(*points, strict=True))) == [fn(*each) for each in points]


def test_errors_cross_to_other_processes() -> None:
    with pytest.raises(gradc.GradcError) as caught:
        gradc.compile("x + sigmod(y)")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.render()) == (str(caught.value), caught.value.render())


def test_many_threads_compile_and_call_one_function() -> None:
    for program, options in PROGRAMS[:4]:
        fn = gradc.compile(program, **options)
        args = point(fn)
        with ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(getattr, fn, "value_and_grad") for _ in range(8)]
            found = [each.result() for call in calls for each in [pool.submit(call.result(), *args) for _ in range(4)]]
            texts = {each.result() for each in [pool.submit(getattr, fn, "source") for _ in range(8)]}
        want = gradc.compile(program, **options)
        assert texts == {want.source}
        for each in found:
            same(each, want.value_and_grad(*args))


def test_many_threads_read_their_texts_at_once() -> None:
    """Python's own parser keeps one count of its depth for all threads, and raises where two read at a time."""

    def go(k: int) -> float:
        fn = gradc.compile(f"x*y + exp(x)*{k} + sin(y*{k})")
        fn.value_and_grad(np.ones(10), 2.0)
        return float(fn.jvp(1.0, 2.0, 1.0, 1.0)[1])

    often = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(go, range(64)))
    finally:
        sys.setswitchinterval(often)
    assert found == [go(k) for k in range(64)]


def test_signature_name_and_doc() -> None:
    fn = gradc.compile("a*exp(-b*x)", inputs=["x", "a", "b"])
    assert str(inspect.signature(fn)) == "(x, a, b)"
    assert fn.__name__ == "value"
    assert gradc.compile("x*y", function_name="loss").__name__ == "loss"
    assert fn.__doc__ == "value(x, a, b): the value of a*exp(-b*x)"
    assert "value_and_grad" in str(gradc.Function.__doc__)
    assert inspect.signature(gradc.compile).parameters["style"].default == "notes"


def test_curve_fit_takes_it() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    fn = gradc.compile("a*exp(-b*x) + c", inputs=["x", "a", "b", "c"])
    x = np.linspace(0.0, 4.0, 50)
    found, _ = optimize.curve_fit(fn, x, fn(x, 2.5, 1.3, 0.5))
    np.testing.assert_allclose(found, [2.5, 1.3, 0.5], rtol=1e-6)


def test_the_order_of_inputs() -> None:
    fn = gradc.compile("a*b + x", inputs=["x", "b", "a"])
    assert fn.inputs == ("x", "b", "a")
    assert fn.wrt == ("x", "b", "a")
    assert fn(1.0, 2.0, 3.0) == 7.0
    assert "def forward(x, b, a):" in fn.source
    for wrong, said in [
        (["x", "b"], "'a' is missing"),
        (["x", "b", "a", "a"], "'a' stands twice"),
        (["q"], "no input 'q'"),
    ]:
        with pytest.raises(gradc.GradcError, match=said):
            gradc.compile("a*b + x", inputs=wrong)


class Liar(str):
    """Reads differently each time."""

    def __str__(self) -> str:
        return "y"


@pytest.mark.parametrize(
    ("program", "options", "said"),
    [
        (Liar("x*x"), {}, "the program is expected as a str, not as a Liar"),
        (3, {}, "a program is text, a Python function or a SymPy expression, and no int"),
        (None, {}, "and no NoneType"),
        (b"x*y", {}, "and no bytes"),
        ("x*y", {"wrt": 3}, "wrt: names of inputs are expected, not 3"),
        ("x*y", {"wrt": [3]}, "a name in wrt is expected as a str, not as 3"),
        ("x*y", {"wrt": [Liar("x")]}, "a name in wrt is expected as a str"),
        ("x*y", {"inputs": [Liar("x"), "y"]}, "a name in inputs is expected as a str"),
        ("sum(x)", {"shapes": [1]}, "shapes: a mapping of names to shapes is expected, not a list"),
        ("sum(x)", {"shapes": {Liar("x"): (3,)}}, "a name in shapes is expected as a str"),
        ("sum(x)", {"shapes": {"x": (Liar("n"),)}}, "a dimension in shapes is expected as a str"),
        ("x*y", {"function_name": Liar("f")}, "function_name is expected as a str"),
        ("x*y", {"foo": 1}, "unexpected keyword argument 'foo'"),
    ],
)
def test_what_is_no_program_or_no_option_is_said_by_name(program: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, gradc.GradcError), match=said):
        gradc.compile(program, **options)


def test_an_operator_is_looked_up_by_name() -> None:
    for entry in entries():
        assert copy.deepcopy(entry) is entry
        assert pickle.loads(pickle.dumps(entry)) is entry


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda fns: pickle.loads(pickle.dumps(fns))])
def test_several_functions_are_copied_together(make: Any) -> None:
    fns = gradc.compile("def double(x): return 2*x\ndef square(x): return x**2")
    other = make(fns)
    assert other.source == fns.source
    assert other.square.value_and_grad(3.0) == (9.0, {"x": 6.0})


def test_joblib_takes_functions_along() -> None:
    joblib = pytest.importorskip("joblib")
    fn = gradc.compile("x*sigmoid(y)", style="fast")
    texts = joblib.Parallel(n_jobs=2)(joblib.delayed(lambda fn, x: (fn.source, fn(x, 2.0)))(fn, x) for x in (1.0, 2.0))
    assert texts == [(fn.source, fn(1.0, 2.0)), (fn.source, fn(2.0, 2.0))]
