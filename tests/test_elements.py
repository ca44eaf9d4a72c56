"""Elements that are assigned, by numbers, slices, masks and integers: the program beside NumPy running the same lines.

Every program is compiled with its sizes known and with them named, in both styles; slopes by central differences.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gradc
from tests.as_python import differences, run

RNG = np.random.default_rng(5)
S, X, V, U = (RNG.standard_normal(shape) for shape in ((4, 3), (4, 5), 5, 7))
Y, P = np.array([2, 0, 1, 2]), np.array([3, 0, 5])
HEAT = """u = U.copy()
for n in range(2):
    w = u.copy()
    u[1:-1] = w[1:-1] + 0.1*(w[2:] - 2*w[1:-1] + w[:-2])
    u[0] = 0
    u[-1] = u[-2]
np.sum(u**2)"""
EDGES = """A = X.copy()
A[1:-1, 1:-1] = X[1:-1, 2:] - X[:-2, 1:-1]
A[:, 0] = A[:, 1]
A[-1, :] = 0
np.sum(A**3)"""
STATE = """h = np.zeros((N, 2))
c = 0
for t in range(2):
    h[:, t], c = X[:, t] + c, X[:, t + 1]
np.sum(h**2*c[:, None])"""
EVERY: list[tuple[str, dict[str, Any]]] = [
    ("m = np.maximum(0, S - S[np.arange(N), y][:, None] + 1)\nm[np.arange(N), y] = 0\nm.sum()/N", {"S": S, "y": Y}),
    ("d = S.copy()\nd[np.arange(N), y] -= 1\nnp.sum(d**3)", {"S": S, "y": Y}),
    ("d = S**2\nd[range(N), y] = X[:, 0]\nnp.sum(d**3)", {"S": S, "y": Y, "X": X}),
    ("d = V**2\nd[k] = 3.0\nd[k - 1] *= d[k - 2]\nnp.sum(d**2)", {"V": V, "k": 3}),
    ("d = S**2\nd[k, :] = S[0]\nnp.sum(d**2)", {"S": S, "k": 2}),
    ("d = S**2\nd[:, k] = 0\nnp.sum(d**2)", {"S": S, "k": 2}),
    ("d = S**2\nd[y] = 2.0\nnp.sum(d**2)", {"S": S, "y": Y[:2]}),
    ("d = U**2\nd[p] = 0\nnp.sum(d*U)", {"U": U, "p": P}),
    ("z = np.zeros_like(U)\nq = U >= 0\nz[q] = np.exp(-U[q])\nz[~q] = np.exp(U[~q])\nnp.sum(z/(1 + z))", {"U": U}),
    ("z = np.ones_like(U)\nz[U > 0] = U[U > 0]**1.5\nnp.sum(z)", {"U": U}),
    ("z = U**2\nz[U > 0] *= 3\nnp.sum(z)", {"U": U}),
    ("z = np.log(np.abs(U))\nz[U > 0.3] = 0\nnp.sum(z)", {"U": U}),
    ("idx = np.where(U > 0)[0]\nz = U**2\nz[idx] = np.sqrt(U[idx])\nnp.sum(z) + U[idx].mean()", {"U": U}),
    ("X[S[:, 0] > 0].sum(axis=0) @ V", {"X": X, "S": S, "V": V}),
    ("np.sum(X[S[:, 0] > 0].mean(axis=1)**2)", {"X": X, "S": S}),
    ("h = np.zeros((N, 3))\nfor t in range(3):\n    h[:, t] = X[:, t]*X[:, t + 1]\nnp.sum(h**2)", {"X": X}),
    ("h = X.copy()\nfor t in range(1, 5):\n    h[:, t] = 0.5*h[:, t - 1] + h[:, t]\nnp.sum(h**2)", {"X": X}),
    (HEAT, {"U": U}),
    (EDGES, {"X": X}),
    ("u = np.zeros(len(U))\nu[2:] = U[:-2]\nu[:2] = 1\nnp.sum(u**2)", {"U": U}),
    ("u = U**2\nu[:3] += V[:3]\nu[-2:] *= 2\nnp.sum(u**2)", {"U": U, "V": V}),
    (STATE, {"X": X}),
    ("x = V.copy()\nx[0], x[1] = x[1], x[0]*x[2]\n(x[3], x[4]) = (x[4], 2*x[3])\nx[0] + x[1]**2 + x[3]*x[4]", {"V": V}),
    ("for _ in range(2):\n    V[2] += V[0]*0.1\n    V[0] += np.cos(V[2])\nV[0]*V[2]", {"V": V}),
    ("h = {}\nfor t in range(2):\n    h[t] = V*t\n    h[t][1] = V[0]\nnp.sum(h[0]*h[1]) + np.sum(h[1]**2)", {"V": V}),
    ("K = X[:3, :3]*1\nK[np.ix_([0, 2], [1, 2])] = 0.5\nnp.sum(K[np.ix_([2, 0], [0, 1])]**2*K[0, 0])", {"X": X}),
    ("u = U*1\nu[:] = 2*U\nu[...] += 1\nnp.sum(u**2)", {"U": U}),
]  # fmt: skip


def as_python(program: str, given: dict[str, Any]) -> float:
    space: dict[str, Any] = {"np": np, **{k: np.array(v) if np.ndim(v) else v for k, v in given.items()}}
    space["N"] = 4
    *lines, last = program.split("\n")
    exec("\n".join(lines), space)
    return float(eval(last, space))


def slope(program: str, given: dict[str, Any], name: str) -> Any:
    value = np.asarray(given[name], float)
    found = np.zeros(value.shape)
    for at in np.ndindex(value.shape):
        rows = []
        for h in (1e-3, 5e-4):
            ends = []
            for sign in (1, -1):
                moved = value.copy()
                moved[at] += sign * h
                ends.append(as_python(program, {**given, name: moved}))
            rows.append((ends[0] - ends[1]) / (2 * h))
        found[at] = (4 * rows[1] - rows[0]) / 3
    return found


@pytest.mark.parametrize("named", [False, True], ids=["known", "named"])
@pytest.mark.parametrize(("program", "given"), EVERY, ids=[row[0].replace("\n", "; ") for row in EVERY])
def test_beside_numpy(program: str, given: dict[str, Any], named: bool) -> None:
    names = {"S": ("N", 3), "X": ("N", 5), "U": ("u",), "V": (5,), "y": ("m",)}
    if "arange(N)" in program or "range(N)" in program:
        names["y"] = ("N",)
    shapes = {k: names[k] if named and k in names and np.ndim(v) else np.shape(v) for k, v in given.items()}
    if not named:
        program = re.sub(r"\bN\b", "4", program)
    wrt = [name for name, value in given.items() if np.asarray(value).dtype.kind == "f"]
    wanted = as_python(program, given)
    slopes = {name: slope(program, given, name) for name in wrt}
    for style in ("notes", "fast"):
        fn = gradc.compile(program, shapes=shapes, wrt=wrt, style=style)
        space: dict[str, Any] = {}
        exec(fn.source, space)
        for both in (fn.value_and_grad, space["value_and_grad"]):
            value, grads = both(**{name: given[name] for name in fn.inputs})
            np.testing.assert_allclose(value, wanted, rtol=1e-12)
            for name in wrt:
                np.testing.assert_allclose(grads[name], slopes[name], rtol=1e-6, atol=1e-7, err_msg=name)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("x: [4]; u = x*1; v = u[1:]; u[1] = 5; v[0]", "'v' shares its elements with 'u'"),
        ("x: [4]; v = x.reshape(2, 2); x[1] = 5; v[0, 1]", "'v' shares its elements with 'x'"),
        ("x: [4]; v = x[:2]; x += 1; v[0]", "'v' shares its elements with 'x'"),
        ("x: [4]; z: [2]; i: int[2, 2]; u = x*1; u[i] = z; sum(u)", "these places may be named more than once"),
        ("x: [4]; u = x*1; u[x > 0] = u[x < 0]; sum(u)", "what a mask takes is assigned behind the same mask"),
        ("x: [4]; x[x > 0] + x[x > 1]", "these are elements at which different masks hold"),
        ("x: [4]; x[x > 0] + x", "an array beside the elements at which a mask holds"),
        ("x: [4]; cumsum(x[x > 0])", "how many elements the mask picks"),
        ("x: [n]; u = x*1; u[::2] = 0; sum(u)", "the size 'n' has to be known"),
        ("x: [3]; u = x*1; u[5] = 0; sum(u)", "index 5 is outside 0..2"),
        ("x: [3]; y: [2]; u = x*1; u[:] = y; sum(u)", "a value of shape (2,) does not go into a place of shape (3,)"),
    ],
)  # fmt: skip
def test_refused_with_a_reason(program: str, said: str) -> None:
    with pytest.raises(gradc.GradcError) as caught:
        gradc.compile(program)
    assert caught.value.message.startswith(said)


@pytest.mark.parametrize(
    ("program", "given", "wanted"),
    [
        ("x: [4]; v = x[1:].copy(); x[1] = 5; v[0]", [1, 2, 3, 4], 2),
        ("x: [4]; v = x.copy(); x[1] = 5; v[1] + x[1]", [1, 2, 3, 4], 7),
        ("x: [4]; u = x*1; v = u; u[1] = 5; v[1]", [1, 2, 3, 4], 5),
        ("x: [2, 2]; u = x*1\nu[0, 0] = 7\nfor r in u: r[1] = 7\nsum(u)", [[1, 2], [3, 4]], 24),
        ("x: [3]; a = [x[0], x[1]]; f = a[0]; a[0] = 3*x[2]; a[0] + f", [1, 2, 3], 10),
    ],
)
def test_copies_and_views(program: str, given: Any, wanted: float) -> None:
    assert gradc.compile(program)(np.array(given, float)) == wanted


@pytest.mark.parametrize("mode", ["edge", "wrap", "reflect", "symmetric"])
@pytest.mark.parametrize("width", [(1, 2), (2, 0), (0, 3)])
def test_padding_of_named_axes_is_numpys(mode: str, width: tuple[int, int]) -> None:
    fn = gradc.compile(f"x: [n, m]; np.pad(x, ((0, 0), {width}), mode='{mode}')")
    wanted = np.pad(X, ((0, 0), width), mode=mode)  # type: ignore[call-overload]
    value, cache = fn.forward(X)
    np.testing.assert_array_equal(value, wanted)
    df = RNG.standard_normal(wanted.shape)
    places = np.pad(np.arange(X.size).reshape(X.shape), ((0, 0), width), mode=mode)  # type: ignore[call-overload]
    np.testing.assert_allclose(fn.backward(cache, df)["x"].ravel(), np.bincount(places.ravel(), df.ravel(), X.size))


def test_a_module_says_that_it_asks_for_scipy() -> None:
    for style in ("notes", "fast"):
        assert "SciPy is imported, for j0, j1." in gradc.compile("x: [n]; sum(j0(x))", style=style).source
        assert "SciPy" not in gradc.compile("x: [n]; sum(erf(x))", style=style).source.split("import")[0]


PLACES = [
    ("S: [n, 3]; y: int[n]; d = S*S; d[np.arange(n), y] = 0; sum(d**2)", (S, Y)),
    ("S: [n, 3]; k: int; d = S*S; d[k] = 3.0; d[:, k] = 1; sum(d**2)", (S, 1)),
    ("S: [n, 3]; u = S*1; u[1:-1] = u[2:] - u[:-2]; u[0] = 0; sum(u**2)", (S,)),
    ("S: [n, 3]; y: int[n]; z = np.zeros((3, 3)); np.add.at(z, y, S); sum(z**2)", (S, Y)),
]


@pytest.mark.parametrize("target", ["torch", "jax"])
@pytest.mark.parametrize(("program", "given"), PLACES, ids=[row[0] for row in PLACES])
def test_the_modules_of_frameworks_agree(program: str, given: tuple[Any, ...], target: str) -> None:
    framework = pytest.importorskip(target)
    wanted, slopes = gradc.compile(program).value_and_grad(*given)
    space: dict[str, Any] = {"__name__": "module"}
    exec(gradc.compile(program, target=target).source, space)  # type: ignore[call-overload]
    convert = framework.tensor if target == "torch" else framework.numpy.asarray
    arrays = [convert(value) if np.ndim(value) else value for value in given]
    both = next(value for name, value in space.items() if name.endswith("value_and_grad"))
    value, grads = both(*arrays)
    np.testing.assert_allclose(float(value), wanted, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(grads["S"]), slopes["S"], rtol=1e-4, atol=1e-4)


LAST_WINS = {
    "u = x*2\nu[i] = v\nnp.sum(u**3)": {"x": (5,), "v": (4,)},
    "u = x*2\nu[i] += v\nnp.sum(u**3)": {"x": (5,), "v": (4,)},
    "u = x*2\nu[i] = v\nnp.sum(u**3)*np.sum(v)": {"x": (5, 2), "v": (2,)},
    "u = x*2\nu[:, i] = v\nnp.sum(u**3)": {"x": (2, 5), "v": (2, 4)},
    "u = x*2\nu[i, j] = v\nnp.sum(u**3)": {"x": (5, 3), "v": (4,)},
}


@pytest.mark.parametrize("program", LAST_WINS)
@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("places", [[1, 3, 1, 0], [-5, 2, 0, 0], [4, 3, 2, 1]])
def test_of_the_values_that_one_place_is_given_the_last_stays(program: str, style: Any, places: list[int]) -> None:
    rng = np.random.default_rng(5)
    shapes = LAST_WINS[program]
    given = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    whole = {"i": np.array(places), "j": np.array([0, 2, 0, 0])}
    whole = {name: each for name, each in whole.items() if name in program}
    fn = gradc.compile(program, shapes={**shapes, **dict.fromkeys(whole, (4,))}, style=style)
    value, grads = fn.value_and_grad(**given, **whole)
    np.testing.assert_allclose(value, run(program, {**given, **whole}), rtol=1e-12)
    slopes = differences(program, given, whole)
    for name in given:
        np.testing.assert_allclose(grads[name], slopes[name], rtol=1e-6, atol=1e-6)


IN_PLACE = [
    "y = np.zeros(3)\ny[0] = x[1]\ny[1:] = x[:2]\nz = y\nz *= 2\nnp.sum(y**2)",
    "def f(v):\n    v *= 2\n    v[0] = 1\n    return np.sum(v)\ny = x*3\nf(y) + np.sum(y**2)",
    "def f(v):\n    v[0] = 1\n    return v\ny = x*3\nz = f(y)\nz += 1\nnp.sum(z) + np.sum(y**2)",
    "A = np.zeros((2, 3))\nA[0, 1] = x[0]\nr = A[1]\nr += x\nnp.sum(A**3)",
    "y = x - 1\nnp.exp(y, out=y)\ns = y.sum()\nnp.multiply(y, x, out=y)\ns*np.sum(y)",
    "y = np.empty(3)\nz = np.add(x, 1, out=y)\nz *= 2\nnp.sum(y**2)",
    "def f(v):\n    return np.maximum(v, 0, out=v)\ny = x*2\nz = f(y)\nnp.sum(y + z)",
    "acc = np.zeros(3)\nfor i in range(3):\n    np.add(acc, x*x[i], out=acc)\nnp.sum(np.tanh(acc))",
]


@pytest.mark.parametrize("program", IN_PLACE)
def test_what_is_changed_in_place_is_changed_by_all_its_names(program: str) -> None:
    given = {"x": np.array([0.3, -0.7, 1.1])}
    fn = gradc.compile(program, shapes={"x": (3,)})
    value, grads = fn.value_and_grad(**given)
    np.testing.assert_allclose(value, run(program, given), rtol=1e-12)
    np.testing.assert_allclose(grads["x"], differences(program, given)["x"], rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("out", ["x + 1", "3", "y[0]"])
def test_a_place_for_a_result_is_an_array_with_a_name(out: str) -> None:
    with pytest.raises(gradc.GradcError, match="'out' is the name of an array"):
        gradc.compile(f"y = x*2\nnp.exp(x, out={out})\nsum(y)", shapes={"x": (2, 3)})
