"""What a caller gives is looked at, and what is wrong with it is said by the input's name."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import by_numpy_2, standalone

STYLES = ["notes", "fast"]
PROGRAMS = ["x*x", "x: [3]; sum(x*x)", "x: [3]; x[0]*x[1]", "x: [n]; x*2"]


class Tensor:
    """What a tensor with a tape is to NumPy."""

    requires_grad = True


class Tracer:
    """What a tracer of JAX is to NumPy."""

    def __array__(self, *_: Any) -> Any:
        raise TypeError("TracerArrayConversionError")


class Lazy:
    """What a Dask array is to NumPy."""

    dask = ()

    def compute(self) -> Any:
        raise AssertionError

    def __array__(self, *_: Any) -> Any:
        raise AssertionError


MASKED = np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0])


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (MASKED, TypeError, r"x: a masked array .*; pass x\.filled"),
        (np.array([1j, 2.0, 3.0]), TypeError, r"x: real numbers are expected, not complex"),
        (1j, TypeError, r"x: real numbers are expected, not complex"),
        (Tensor(), TypeError, r"x: a tensor that requires a gradient .*x\.detach\(\), or compile with target='torch'"),
        (Tracer(), TypeError, r"x: a tracer of JAX .*target='jax'"),
        (Lazy(), TypeError, r"x: a Dask array .*gradc\.dask"),
        ([[1, 2], [3]], ValueError, r"x: rows of one length"),
        ([1, "a", 3], TypeError, r"^x: "),
        ([1, None, 3], TypeError, r"x: .* None is among them"),
        (object(), TypeError, r"x: .* not an object$"),
        (None, TypeError, r"x: .* not None"),
        ("1.5", TypeError, r"x: .* not '1\.5'"),
        ({}, TypeError, r"x: .* not a dict"),
    ],
)
def test_what_is_no_number_is_refused_by_name(value: Any, error: type[Exception], said: str, program: str) -> None:
    fn = gradc.compile(program)
    seeded = {"df": np.ones(3)} if "*2" in program else {}
    for call in (fn, fn.forward, lambda x: fn.value_and_grad(x, **seeded)):
        with pytest.raises(error, match=said) as caught:
            call(value)
        assert "0x" not in str(caught.value)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("program", PROGRAMS[:3])
@pytest.mark.parametrize("value", [MASKED, np.array([1j, 2.0, 3.0]), None, "1.5", object()])
def test_the_module_refuses_too(value: Any, program: str, style: str) -> None:
    module = standalone(gradc.compile(program, style=style).source)
    for call in (module.forward, module.value_and_grad):
        with pytest.raises(TypeError, match=r"^x: ") as caught:
            call(value)
        assert "0x" not in str(caught.value)


@pytest.mark.parametrize("style", STYLES)
def test_shapes_that_do_not_broadcast_are_named(style: str) -> None:
    fn = gradc.compile("x*y + z", style=style)
    module = standalone(fn.source)
    said = re.escape("x (3,), y (4,): shapes that broadcast are expected")
    for call in (fn, fn.forward, fn.value_and_grad, module.forward, module.value_and_grad):
        with pytest.raises(ValueError, match=said):
            call(np.ones(3), np.ones(4), 2.0)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("program", ["A: [n, n]; sum(A*A)", "A: [n, n]; trace(A)", "A: [n, n]; B: [n]; sum(A @ B)"])
def test_a_size_that_stands_twice_is_checked(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    more = [np.ones(2)] * (len(fn.inputs) - 1)
    for call in (fn, fn.value_and_grad, fn.forward, module.forward, module.value_and_grad):
        with pytest.raises(ValueError, match=r"A: shape \(.*\) is expected, not \(2, 3\)"):
            call(np.ones((2, 3)), *more)
        call(np.ones((2, 2)), *more)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"q": (2,)}, "no input 'q' to have a shape"),
        ({"x": {2}}, r"the shape of 'x' is \{2\}"),
        ({"x": b"ab"}, "the shape of 'x' is b'ab'"),
        ({"x": {2: 3}}, r"the shape of 'x' is \{2: 3\}"),
        ({"x": ("if",)}, r"the shape of 'x' is \('if',\)"),
        ({"x": (True,)}, r"the shape of 'x' is \(True,\)"),
    ],
)
@pytest.mark.parametrize("program", ["sum(x*x)", "def f(x):\n    q = x*x\n    return sum(q)"])
def test_shapes_of_nothing_and_of_no_order_are_refused(shape: dict[str, Any], said: str, program: str) -> None:
    with pytest.raises(gradc.GradcError, match=said):
        gradc.compile(program, shapes={"x": (3,)} | shape)


@pytest.mark.parametrize(
    "options",
    [
        {"points": 0},
        {"points": 2.5},
        {"seed": "a"},
        {"seed": -1},
        {"tolerance": 0},
        {"tolerance": float("nan")},
        {"timeout": "a"},
    ],
)
def test_options_of_a_check_are_looked_at_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^{next(iter(options))}: .* is expected, not"):
        gradc.compile("x*y").check(**options)


def test_a_mode_that_there_is_not_is_named() -> None:
    with pytest.raises(ValueError, match=r"^mode: one of .*'hessian' is expected, not 'grad'"):
        gradc.compile("x*y").running(1.0, 2.0, mode="grad")  # type: ignore[arg-type]  # what is tested


F32 = [
    "x*2.5 + np.pi",
    "where(x > 1, x, 0.5)",
    "max(x, 1.5)",
    "x**2.5/3",
    "erf(x)*sigmoid(x)",
    "x*y",
    "x + y*2 - 1/3",
    "where(y > 0, x, 1)*y",
    "clip(x, 0.0, y)",
    "x: [3]; sum(x)*y + 1",
    "x: [3]; sum(x*y) + y",
    "x: [3]; a: []; sum(x*y)/a",
    "x: [3]; sum(log_softmax(x)*y)",
]


@by_numpy_2
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("program", F32)
def test_pythons_numbers_take_the_precision_of_what_stands_beside_them(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    x = np.array([0.5, 1.25, 2.0], np.float32)
    given = {name: x if name == "x" else 1.5 for name in fn.inputs}
    for passes in (fn, module):
        value, cache = passes.forward(**given)
        both = passes.value_and_grad(**given)
        for found, grads in ((value, passes.backward(cache)), both):
            assert np.asarray(found).dtype == np.float32
            assert {name: np.asarray(grad).dtype.name for name, grad in grads.items()} == dict.fromkeys(
                given, "float32"
            )


@by_numpy_2
def test_arrays_and_numbers_of_numpy_are_strong() -> None:
    fn = gradc.compile("x*y")
    x = np.ones(3, np.float32)
    assert fn(x, np.float64(2)).dtype == fn(x, np.ones(3)).dtype == np.float64
    assert fn(x, np.float32(2)).dtype == fn(x, 2).dtype == fn(x, True).dtype == np.float32


def test_df_of_a_wrong_shape_or_kind() -> None:
    fn = gradc.compile("x*y")
    x = np.ones(3)
    for df, error, said in [
        (np.ones(4), ValueError, r"df: a number or an array of shape \(3,\) is expected, not an array of shape \(4,\)"),
        (np.ones((2, 3)), ValueError, "df: a number or an array of shape"),
        (1j, TypeError, "df: real numbers"),
        ("a", TypeError, "df: a real number"),
    ]:
        with pytest.raises(error, match=said):
            fn.value_and_grad(x, x, df=df)
    with pytest.raises(ValueError, match="df: a number is expected"):
        fn.value_and_grad(1.0, 2.0, df=x)
    with pytest.raises(TypeError, match="df: "):
        fn.backward(fn.forward(x, x)[1], "a")
    both = gradc.compile("x*y, x")
    with pytest.raises(ValueError, match=r"df\[1\]: a number or an array of shape \(3,\)"):
        both.value_and_grad(x, x, df=(1.0, np.ones(2)))


@pytest.mark.parametrize(
    "df", [np.ones(3), np.float64(2.0), 2, [1.0, 2.0, 3.0], np.ones(3, int), np.ones(3, np.float16)]
)
@pytest.mark.parametrize("program", ["x*y + exp(x)", "dot([x, y], [y, 1])"])
@pytest.mark.parametrize("style", ["notes", "fast"])
def test_df_comes_in_the_precision_of_the_output(df: Any, program: str, style: str) -> None:
    """Whichever path is taken: a double df does not make gradients double."""
    fn = gradc.compile(program, style=style)
    x, y = np.ones(3, np.float32), np.full(3, 2.0, np.float32)
    ways = [fn.value_and_grad(x, y, df=df)[1], fn.backward(fn.forward(x, y)[1], df)]
    if "[" not in program:
        module = standalone(fn.source)
        ways.append(module.backward(module.forward(x, y)[1], df))
    for grads in ways:
        for name, grad in grads.items():
            assert grad.dtype == np.float32
            np.testing.assert_allclose(grad, ways[0][name], rtol=1e-6)


@pytest.mark.parametrize("threads", [0, -2, "a", 1.5, True, [1]])
def test_threads_are_counted(threads: Any) -> None:
    for fn in (gradc.compile("x*y"), standalone(gradc.compile("x*y", style="fast").source)):
        with pytest.raises(ValueError, match="threads: a whole number of at least 1 is expected, not "):
            fn.value_and_grad(np.ones(3), np.ones(3), threads=threads)


def test_out_and_threads_are_honoured_or_refused() -> None:
    x, df = np.ones(3), np.full(3, 2.0)
    for program, seeded in [
        ("x*y", {}),
        ("x*y", {"df": df}),
        ("x: [3]; y: [3]; sum(x*y)", {}),
        ("x*y, x", {"df": (df, 1.0)}),
    ]:
        fn = gradc.compile(program)
        value, grads = fn.value_and_grad(x, 3 * x, **seeded)
        copies = tuple(map(np.array, value)) if isinstance(value, tuple) else np.array(value)
        out = copies, {name: np.zeros(3) for name in grads}
        again, theirs = fn.value_and_grad(x, 3 * x, out=out, **seeded)
        np.testing.assert_array_equal(again, value)
        assert all(theirs[name] is out[1][name] for name in grads)
        np.testing.assert_array_equal(list(theirs.values()), list(grads.values()))
    fn = gradc.compile("x*y")
    one, two = np.ones(3), np.ones(3)
    for out, error, said in [
        (3, TypeError, "out: an earlier result is expected"),
        ((1, 2), TypeError, "out: an earlier result is expected"),
        ((one, {"x": two}), ValueError, "out: the gradient of 'y' has no array"),
        ((one, {"x": two, "y": two}), ValueError, "out: the arrays of dx and dy overlap"),
        ((one, {"x": two, "y": 1.0}), TypeError, "out: an array that may be written to is expected for dy"),
        ((one, {"x": two, "y": np.ones(4)}), ValueError, "out: "),
    ]:
        with pytest.raises(error, match=said):
            fn.value_and_grad(x, x, out=out)
    with pytest.raises(ValueError, match="out: the inputs are numbers"):
        fn.value_and_grad(1.0, 2.0, out=(one, {"x": two, "y": np.ones(3)}))
    with pytest.raises(ValueError, match="threads: "):
        gradc.compile("x: [3]; sum(x)").value_and_grad(x, threads=2)
    for options in ({"out": np.zeros(3)}, {"threads": 0}, {"df": 2.0}):  # a value alone has none of them
        with pytest.raises(TypeError, match=f"no input '{next(iter(options))}'"):
            fn(x, x, **options)
    with pytest.raises(ValueError, match="out: two of its arrays overlap"):
        standalone(gradc.compile("x*y", style="fast").source).value_and_grad(x, x, out=(one, {"x": two, "y": two}))


def test_softmax_by_scipys_name_is_of_all_elements() -> None:
    X = np.arange(6.0).reshape(2, 3) / 3
    for prefix, axis in [("", -1), ("F.", -1), ("jax.nn.", -1), ("scipy.special.", None)]:
        for gate, form in (("softmax", lambda p: p), ("log_softmax", np.log)):
            total = np.exp(X).sum(axis=axis, keepdims=True)
            fn = gradc.compile(f"X: [2, 3]; {prefix}{gate}(X)")
            np.testing.assert_allclose(fn(X), form(np.exp(X) / total))
    fn = gradc.compile("X: [2, 3]; scipy.special.softmax(X, axis=0)")
    np.testing.assert_allclose(fn(X), np.exp(X) / np.exp(X).sum(axis=0))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("(x > 0) and y", "'and' joins conditions"),
        ("x or y", "'or' joins conditions"),
        ("where(x and y > 0, 1, x)", "'and' joins conditions"),
        ("A: [2, 2]; np.linalg.norm(A, 2)", "spectral norm"),
        ("A: [2, 2]; norm(A, ord=2)", "spectral norm"),
        ("x*х", "look alike"),
        ("A*Α", "look alike"),
        ("х*x", "look alike"),
        ("оne = 2*x; one*оne", "look alike"),
    ],
)
def test_what_has_another_meaning_is_refused(program: str, said: str) -> None:
    with pytest.raises(gradc.GradcError, match=said):
        gradc.compile(program)


@pytest.mark.parametrize("program", ["x*α", "α*a*ν*v", "β + b", "цена*количество"])
def test_letters_of_other_alphabets_are_letters(program: str) -> None:
    assert gradc.compile(program).inputs


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "program", ["sin(x)", "x*y + 1", "3*x", "hypot(x, y)", "where(x > y, x, 2)", "relu(x)", "exp(x)*y"]
)
def test_the_module_looks_at_df(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style)
    module = standalone(fn.source)
    for shape in ((3,), ()):
        value, cache = module.forward(*[np.full(shape, 2.0)[()]] * len(fn.inputs))
        for wrong in ((3, 1), (1, 3), (2, 3), (2,), (1,)):
            with pytest.raises(ValueError, match=r"^df: a number or an array of shape .* is expected, not of "):
                module.backward(cache, np.ones(wrong))
        for odd in (None, 1j, "1", MASKED, np.ones(3, complex)):
            with pytest.raises(TypeError, match=r"^df: a real number or an array of them is expected"):
                module.backward(cache, odd)
        whole = module.backward(cache, np.full(shape, 2.0))
        for df in (2, 2.0, np.float64(2.0), np.array(2.0)):
            np.testing.assert_equal(module.backward(cache, df), whole)
        assert {np.shape(grad) for grad in whole.values()} == {shape}
        assert np.shape(value) == shape


def test_the_module_looks_at_each_df_of_several_outputs() -> None:
    module = standalone(gradc.compile("x*y, x + 2").source)
    _, cache = module.forward(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"^df\[1\]: a number or an array of shape \(3,\) is expected, not of \(2,\)"):
        module.backward(cache, (1.0, np.ones(2)))
