"""Sizes of axes as values: in arithmetic, slices, shapes and declarations."""

from typing import Any

import numpy as np
import pytest

import gradc
from tests.as_python import agrees
from tests.support import standalone

rng = np.random.default_rng(5)
X = {"X": rng.normal(size=(4, 3))}
U = {"x": rng.normal(size=6)}

PROGRAMS = [
    ("N, D = X.shape\nnp.sum(X)/N + D", X, {"X": ("n", "d")}),
    ("np.sum(X**2)/X.shape[0] + X.shape[-1]*X.ndim + X.size", X, {"X": ("n", "d")}),
    ("np.sum(X)/len(X)", X, {"X": ("n", 3)}),
    ("n = len(x)\nnp.sum(x[:n-1]*x[1:n])/n", U, {"x": ("n",)}),
    ("n = x.size\nnp.sum(x[n-2:]) + x[n-1]**2 + np.sum(x[:n])", U, {"x": ("n",)}),
    ("H = X.shape[1]//3\nnp.sum(X[:, H:2*H] * X[:, -H:])", X, {"X": (4, 3)}),
    ("N = X.shape[0]\nD = X.shape[1]\nnp.sum(X.reshape(N*D)**2) + np.sum(X.reshape((D, -1))[0])", X, {"X": ("n", "d")}),
    ("s = 0.0\nfor i in range(len(X)):\n    for j in range(len(X[0])): s += X[i, j]**(i + j)\ns", X, {"X": (4, 3)}),
    ("n = len(x)\nx[0]*x[1] if n > 3 and n % 2 == 0 else q", U, {"x": (6,)}),
    ("np.sum(x)*x.shape[0]**2 + np.sqrt(x.shape[0])", U, {"x": ("n",)}),
    ("N = x.shape[0]\nhalf = N // 2\nnp.sum(x[:half]*x[half:])", U, {"x": (6,)}),
    ("(X @ X.T).shape[0]*np.sum(X) + X.T.shape[0]", X, {"X": ("n", "d")}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "inputs", "shapes"), PROGRAMS, ids=[row[0].replace("\n", "; ")[:60] for row in PROGRAMS]
)
def test_as_python(program: str, inputs: dict[str, object], shapes: dict[str, object]) -> None:
    assert agrees(program, inputs, shapes)


W = {"a": rng.normal(size=(2, 12)), "h": rng.normal(size=(2, 3))}
NAMED = {"a": ("N", "4*H"), "h": ("N", "H")}

# Slices between sizes that are only known at the call; the shapes hold at the inputs, whatever NumPy would cut off.
BETWEEN = [
    ("np.sum(a[:, H:2*H]*h) + np.sum(a[:, 3*H:]**2)", NAMED),
    ("np.sum(np.tanh(a[:, :H])*a[:, 3*H:4*H])", NAMED),
    (
        "H = h.shape[1]\ni, f = a[:, :H], a[:, H:2*H]\no, g = a[:, 2*H:3*H], a[:, 3*H:]\nnp.sum(o*np.tanh(f + i*g))",
        NAMED,
    ),
    ("np.sum(a[0, :H]*h[1]) + np.sum(a[..., H:3*H][:, ::2])", NAMED),
    ("np.sum(a[:, None, 1:H]*h[:, None, :-1])", NAMED),
    ("np.sum(a[[1, 0], :H]*h) + np.sum(a[:, H:])", {**NAMED, "a": (2, "4*H"), "h": (2, "H")}),
    ("n = a.shape[1]\nnp.sum(a[:, :n//2]**3)*np.sum(a[:, n//2:]) + np.sum(a[:, n//3:-1])", {"a": ("N", "n")}),
    ("T = h.shape[1]\nnp.sum(a[:, :T]*h) + np.sum(a[:, T:]**2)", {"a": ("N", "block"), "h": ("N", "T")}),
]  # fmt: skip


@pytest.mark.parametrize(("program", "shapes"), BETWEEN, ids=[row[0].replace("\n", "; ")[:60] for row in BETWEEN])
def test_a_slice_between_sizes_is_a_piece_of_the_axis(program: str, shapes: dict[str, object]) -> None:
    inputs = {name: value for name, value in W.items() if name in shapes}
    sizes = "H = h.shape[1]\n" if "H" in program and "H =" not in program else ""
    assert agrees(sizes + program, inputs, shapes)


def test_pieces_that_make_up_an_axis_come_back_joined() -> None:
    program = "a: [n, 3*h]\np = a[:, :h]\nq = a[:, h:2*h]\nr = a[:, 2*h:]\nsum(tanh(p)*q*sigmoid(r))"
    assert "    da = np.concatenate([dp, dq, dr], axis=1)" in gradc.compile(program).source


def test_an_axis_that_is_shorter_than_a_slice_of_it_is_refused_at_the_call() -> None:
    fn = gradc.compile("a: [block]; x: [t]; sum(a[:t]*x)")
    assert fn(np.arange(3.0), np.ones(2)) == 1
    for style in ("notes", "fast"):
        with pytest.raises(ValueError, match="block - t: at least 0 is expected, not -1"):
            gradc.compile(fn.program, style=style)(np.ones(2), np.ones(3))
    assert "at least" not in gradc.compile("a: [2*n]; sum(a[n:])").source


def test_shapes_are_made_of_sizes_where_they_are_given_too() -> None:
    assert gradc.compile("x @ W", shapes={"x": ("n", "d"), "W": ("d", "4 * H")}).shapes["W"] == ("d", "4*H")
    for wrong in ("4**H", "-H", "f(H)", "lambda", "4*for", "H//0", "", "H.T"):
        with pytest.raises(gradc.GradcError):
            gradc.compile("sum(W)", shapes={"W": ("d", wrong)})


def test_a_declared_dimension_is_the_size() -> None:
    fn = gradc.compile("X: [n, d]\nsum(X)/n")
    assert fn.inputs == ("X",)
    assert fn(np.ones((4, 3))) == 3


def test_from_an_assignment_on_the_name_is_that_value() -> None:
    fn = gradc.compile("X: [n, d]\ny = sum(X)/n\nn = y*d\nn")
    assert fn(np.ones((4, 3))) == 9
    assert fn.shapes["X"] == ("n", "d")


def test_an_input_may_be_called_as_a_dimension() -> None:
    fn = gradc.compile("n: float\nx: [n]\nn*sum(x)")
    assert fn.inputs == ("n", "x")
    assert fn(2.0, np.ones(3)) == 6


def test_sizes_are_computed_in_declarations() -> None:
    fn = gradc.compile("D = 3; H = 2\nx: [n, D]; W: [D, 4*H]; b: [2*H + 4]; m: [n + 1]\nsum(x @ W + b) + sum(m[:n])")
    assert fn.shapes["W"] == (3, 8)
    assert fn.shapes["b"] == (8,)
    assert fn.shapes["m"] == ("n + 1",)


REFUSED = [
    ("x: [n]\nfor i in range(n): y = x[i]\ny", "the size 'n' has to be known when the program is compiled"),
    ("x: [n]\nfor v in x: y = v\ny", "the size 'n' has to be known when the program is compiled"),
    ("x: [n]\nif n > 3: y = sum(x)\ny", "this 'if' hangs on a value"),
    ("a: [4*H]\nsum(a[H:2*H:2])", "the size 'H' has to be known when the program is compiled"),
    ("a: [4*H]\na[H:2*H] = 0\nsum(a)", "the size 'H' has to be known when the program is compiled"),
    ("len(x)*x", "'x' is a scalar, and has no length"),
    ("x: [3]; k = 2*x[0]\ny: [k]\ny", "'k' is no whole number, and no dimension"),
    ("x: [3 - 5]\nx", "a dimension of -2 elements"),
]


@pytest.mark.parametrize(("program", "message"), REFUSED, ids=[row[0].replace("\n", "; ") for row in REFUSED])
def test_refused(program: str, message: str) -> None:
    with pytest.raises(gradc.GradcError) as raised:
        gradc.compile(program)
    assert raised.value.message.startswith(message)


def test_an_error_says_how_a_size_is_given() -> None:
    with pytest.raises(gradc.GradcError) as raised:
        gradc.compile("W: [n, d]\nfor row in W: s = row\nsum(s)")
    assert raised.value.hint == "declare it as a number: W: [3, d], or give it: --shape W=3,d"
    assert gradc.compile("W: [n, d]\nfor row in W: s = row\nsum(s)", shapes={"W": (2, "d")}).outputs == ("f",)


def test_indices_give_the_shape_of_an_undeclared_name() -> None:
    fn = gradc.compile("w[0]*x[0] + w[1]*x[1] + w[2]")
    assert fn.shapes == {"w": (3,), "x": (2,), "f": ()}
    assert [note.message for note in fn.notes] == [
        "'w' has the shape (3,), as its indices say",
        "'x' has the shape (2,), as its indices say",
    ]
    assert gradc.compile("s = 0\nfor i in range(2):\n    s += A[i, 2*i]\ns").shapes["A"] == (2, 3)
    with pytest.raises(gradc.GradcError, match="'w' is a scalar"):
        gradc.compile("w[0] + w[-1]")


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize(
    "program",
    [
        "z: [m, n]; max: [m]; sum(mean(z, axis=-1)*max)",
        "z: [n]; sum(z[1:7:3])*len*range*slice + var(z)*max",
        "z: [n]; A: [1, 1]; len: [1]; sum((A @ z[-2::2])*len)",
    ],
)
def test_sizes_are_computed_where_an_input_has_the_functions_name(program: str, style: str) -> None:
    fn = gradc.compile(program, style=style, also=["hvp"])
    rng = np.random.default_rng(4)
    sizes = {1: 1, "m": 2, "n": 5}
    given = {each: rng.uniform(1.0, 2.0, [sizes[dim] for dim in fn.shapes[each]]) for each in fn.inputs}
    module = standalone(fn.source)
    value, grads = module.value_and_grad(**given)
    again, cache = module.forward(**given)
    along = {f"{name}_dot": x for name, x in given.items()}
    for found in (module.backward(cache), fn.value_and_grad(**given)[1], module.hvp(**given, **along)[1]):
        assert value == again
        for name, grad in grads.items():
            np.testing.assert_allclose(found[name], grad, rtol=1e-14)


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_two_halves_are_of_one_length_where_the_whole_is_even(style: Any) -> None:
    fn = gradc.compile("x: [n]\nh = n//2\nsum(x[:h]*x[h:])", style=style)
    assert fn(np.array([1.0, 2.0, 3.0, 4.0])) == 11.0
    for call in (fn, fn.value_and_grad, fn.forward):
        with pytest.raises(ValueError, match=r"n - 2\*\(n//2\): 0 is expected, not 1"):
            call(np.array([1.0, 2.0, 3.0]))
