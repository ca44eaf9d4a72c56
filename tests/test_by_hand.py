"""Emitted code is what one writes by hand: a shift falls out, a product that is only summed is never made."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.run.functions import load
from tests.bench.by_hand import ByHand, peak, rows
from tests.support import Passes, both_passes

SHIFTED = {
    "keepdims": "s = x - np.max(x, axis=1, keepdims=True)",
    "new axis": "s = x - np.max(x, axis=1)[:, None]",
    "reshape": "m = np.max(x, axis=1)\ns = x - m.reshape(-1, 1)",
    "of all": "s = x - np.max(x)",
}
ENDS = {
    "softmax": ("e = np.exp(s)\np = e/np.sum(e, axis=1, keepdims=True)", "p = softmax(x, axis=1)"),
    "softmax of sums": ("e = np.exp(s)\np = e/e.sum(axis=1)[:, None]", "p = softmax(x, axis=1)"),
    "log_softmax": ("p = s - np.log(np.sum(np.exp(s), axis=1, keepdims=True))", "p = log_softmax(x, axis=1)"),
    "a gate": ("p = softmax(s, axis=1)", "p = softmax(x, axis=1)"),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("shift", SHIFTED)
def test_the_shift_by_the_largest_falls_out(shift: str, end: str) -> None:
    """Softmax and its logarithm are the same of x less its largest, so no gradient goes through that."""
    written, plain = ENDS[end]
    head, tail = "x: [4, 3]\nG: [4, 3]\n", "\nsum(G*p)"
    fn, want = gradc.compile(head + SHIFTED[shift] + "\n" + written + tail), gradc.compile(head + plain + tail)
    assert "first_max(" not in fn.source.split("def backward")[1].split("\ndef ")[0]
    x, G = np.random.default_rng(0).normal(size=(2, 4, 3))
    x[1] = x[1, 0]  # all of a row are the largest
    for way in (fn.value_and_grad, load(fn.source).value_and_grad):
        value, grads = way(x, G)
        expected, slopes = want.value_and_grad(x, G)
        assert np.isclose(value, expected, rtol=1e-13)
        assert np.allclose(grads["x"], slopes["x"], rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    "program",
    [
        "x: [5]\na = max(x)\na + log(sum(exp(x - a)))",
        "x: [4, 3]\nm = np.max(x, axis=1)\nsum(m + log(sum(exp(x - m[:, None]), axis=1)))",
        "x: [4, 3]\nm = x.max(axis=1, keepdims=True)\nsum(np.log(np.sum(np.exp(x - m), axis=1, keepdims=True)) + m)",
    ],
)
def test_logsumexp_shifts_by_itself(program: str) -> None:
    fn = gradc.compile(program)
    forward = fn.source.split("import numpy")[1].split("def backward")[0]
    assert "logsumexp(x" in forward
    assert "np.max(x" not in forward
    x = np.random.default_rng(0).normal(size=fn.shapes["x"])
    x.flat[0] = 800.0
    value, grads = fn.value_and_grad(x)
    rows = x.reshape(-1, x.shape[-1])
    top = rows.max(axis=1, keepdims=True)
    assert np.isclose(value, np.sum(top[:, 0] + np.log(np.exp(rows - top).sum(axis=1))), rtol=1e-14)
    assert np.allclose(np.sum(grads["x"], axis=-1), 1.0, rtol=1e-14)


def test_another_shift_stays() -> None:
    """The largest along another axis is no shift of a row, and one's own shift has its own gradient."""
    fn = gradc.compile("x: [4, 3]\nsum(softmax(x - np.max(x, axis=0), axis=1)**2)")
    assert "first_max" in fn.source
    fn = gradc.compile("x: [4, 3]\nc: [4, 1]\nsum(softmax(x - c, axis=1)**2)")
    assert "dc" in fn.source
    assert "x - c" in fn.source


def test_one_distance_in_the_gradient_of_an_angle() -> None:
    """atan2's slopes share the distance, and the distance made safe."""
    for program in ("atan2(y, x)", "y: [n]\nx: [n]\nw: [n]\nsum(w*atan2(y, x))"):
        backward = gradc.compile(program).source.split("def backward")[1].split("\ndef ")[0]
        assert backward.count("np.hypot(") == backward.count("np.where(") == 1


def patterns(rank: int) -> list[str]:
    """How arrays of fewer axes are put into `rank` axes: 'ik' into 'i.k'."""
    letters = "ijkl"[:rank]
    return ["".join(mine) for count in range(1, rank + 1) for mine in combinations(letters, count)]


def index(pattern: str, rank: int) -> str:
    items = [":" if letter in pattern else "None" for letter in "ijkl"[:rank]]
    return "" if "None" not in items else f"[{', '.join(items)}]"


SIZES = dict(zip("ijkl", (4, 3, 5, 2), strict=True))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_product_that_is_summed_is_never_made(rank: int) -> None:
    """Of any two arrays that broadcast against each other, along any axes: the same by either style."""
    rng = np.random.default_rng(rank)
    for one in patterns(rank):
        for other in patterns(rank):
            if len({*one, *other}) < rank:
                continue
            for axis in [None, *range(rank), *combinations(range(rank), 2)]:
                for keep in (False, True):
                    inner = f"sum(x{index(one, rank)}*y{index(other, rank)}, axis={axis}, keepdims={keep})"
                    shapes = {"x": tuple(SIZES[i] for i in one), "y": tuple(SIZES[i] for i in other)}
                    program = f"s = {inner}\nsum(s*s*s)"
                    fast = gradc.compile(program, shapes=shapes, style="fast")
                    notes = gradc.compile(program, shapes=shapes)
                    point = {name: rng.normal(size=shape) for name, shape in shapes.items()}
                    same(load(fast.source).value_and_grad(**point), both_passes(load(notes.source), point), program)


def same(got: Any, want: Passes, program: str) -> None:
    assert np.allclose(got[0], want.value, rtol=1e-11), program
    for name, slope in want.grads.items():
        assert np.allclose(got[1][name], slope, rtol=1e-10, atol=1e-10), (program, name)
        assert np.shape(got[1][name]) == np.shape(slope), (program, name)


@pytest.mark.parametrize(
    ("program", "shapes", "wanted"),
    [
        ("C = sum(A[:, :, None]*B[None, :, :], axis=1)\nsum(C*C)", {"A": (4, 3), "B": (3, 5)}, "A @ B"),
        ("s = sum(A*B, axis=1)\nsum(s*s)", {"A": ("n", "d"), "B": ("n", "d")}, '"ij,ij->i"'),
        ("s = sum(A*v, axis=1)\nsum(s*s)", {"A": ("n", "d"), "v": ("d",)}, "dot(A, v)"),
        ("D = sum((x[:, None, :] - x[None, :, :])**2, axis=2)\nsum(exp(-D))", {"x": ("n", 3)}, '"ijk,ijk->ij"'),
        ("s = sum(A[:, :, None]*W, axis=1)\nsum(s*s*s)", {"A": ("b", "n"), "W": ("b", "n", "d")}, "A[:, None] @ W"),
        ("s = sum(A[:, None]*W, axis=2)\nsum(s*s*s)", {"A": ("b", "d"), "W": ("b", "n", "d")}, "W @ A[:, :, None]"),
        ("s = sum(A[:, :, None]*W, axis=1)\nsum(s*s*s)", {"A": (9, 3), "W": (9, 3, 3)}, '"ij,ijk->ik"'),
        ("sum(eye(4)*(A @ B))", {"A": (4, 3), "B": (3, 4)}, ", A @ B)"),
        ("sum((s*x + t*y)*exp(x*y))", {"x": ("n",), "y": ("n",), "s": (), "t": ()}, "f = s*ds + t*dt"),
        (
            "c = x - mean(x, axis=1, keepdims=True)\nsum(exp(c/sqrt(mean(c**2, axis=1, keepdims=True) + 1)))",
            {"x": ("n", "d")},
            "    c /= ",
        ),
        ("sum(where(c > 0, 1.0, x[:, None] - x)**3)", {"x": ("n",), "c": ("n", 1)}, "copyto(diff, 1.0, where="),
        ("sum(x*log(x/s))", {"x": ("n",), "s": ()}, "ds = -sumxos"),
        ("0.5*y @ solve(K, y) + 0.5*log(det(K))", {"K": ("n", "n"), "y": ("n",)}, "dot(invK, y)"),
    ],
)
def test_the_contraction_that_one_writes(program: str, shapes: dict[str, Any], wanted: str) -> None:
    fused = gradc.compile(program, shapes=shapes, style="fast").source.split("def value_and_grad")[1]
    assert wanted in fused


PEAKED = [[0.0, -40.0, -41.0], [800.0, 0.0, -3.0], [0.3, 0.1, -0.2], [-1e4, -1e4, -1e4]]


@pytest.mark.parametrize("axis", ["0", "1", "-1", "None", "(0, 1)", "(1, 0)"])
@pytest.mark.parametrize("gate", ["softmax", "log_softmax", "logsumexp"])
def test_weights_by_one_axis_and_by_several(gate: str, axis: str) -> None:
    """Every form keeps the digits of rows whose weight is nearly all in one place, and takes what is not finite."""
    program = f"x: [4, 3]\nG: [4, 3]\nt = {gate}(x, axis={axis})\nsum(G*t)"
    if gate == "logsumexp":
        program = f"x: [4, 3]\nt = {gate}(x, axis={axis}, keepdims=True)\nsum(t*t)"
    fast, notes = gradc.compile(program, style="fast"), gradc.compile(program)
    x, G = np.array(PEAKED), np.random.default_rng(0).normal(size=(4, 3))
    for point in (x, -x, x.T.reshape(4, 3), np.where(x == 800.0, np.inf, x), np.where(x == -40.0, np.nan, x)):
        given = {"x": point, "G": G} if "G" in fast.inputs else {"x": point}
        with np.errstate(all="ignore"):
            want = both_passes(load(notes.source), given)
            for way in (load(fast.source).value_and_grad, fast.value_and_grad):
                value, grads = way(**given)
                assert np.allclose(value, want.value, rtol=1e-13, atol=0, equal_nan=True)
                assert np.allclose(grads["x"], want.grads["x"], rtol=1e-11, atol=1e-300, equal_nan=True)


def test_weights_of_no_elements() -> None:
    """Nothing has the logarithm -inf, and its slopes have its shape."""
    for gate, value in (("logsumexp", -np.inf), ("sum(softmax", 0.0), ("sum(log_softmax", 0.0)):
        program = f"x: [n, d]\nt = {gate}(x, axis=1)" + (")" if "(" in gate else "") + "\nsum(t)"
        for style in ("notes", "fast"):
            got, grads = gradc.compile(program, style=style).value_and_grad(np.zeros((1, 0)))  # type: ignore[arg-type]
            assert got == value
            assert np.shape(grads["x"]) == (1, 0)


@pytest.mark.parametrize("axis", [0, 1, -2, None, (0, 2), (2, 0)])
def test_the_first_of_several_largest(axis: Any) -> None:
    """The gradient of a maximum goes to one element, over one axis by index and over several in memory order."""
    x = np.random.default_rng(0).integers(0, 3, size=(4, 3, 5)).astype(float)
    for gate in ("max", "min"):
        _, grads = gradc.compile(f"x: [4, 3, 5]\nsum({gate}(x, axis={axis})**2)").value_and_grad(x)
        rest = tuple(at for at in range(3) if axis is not None and at not in {a % 3 for a in np.atleast_1d(axis)})
        order = np.transpose(x, (*rest, *(at for at in range(3) if at not in rest)))
        rows = order.reshape(*(x.shape[at] for at in rest), -1)
        at = np.argmax(rows, axis=-1) if gate == "max" else np.argmin(rows, axis=-1)
        wanted = np.zeros_like(rows)
        best = np.take_along_axis(rows, at[..., None], -1)
        np.put_along_axis(wanted, at[..., None], 2 * best, -1)
        inverse = np.argsort((*rest, *(at for at in range(3) if at not in rest)))
        assert np.array_equal(grads["x"], np.transpose(wanted.reshape(order.shape), inverse))


POINTS = 3000
OF_NUMBERS_AND_POINTS = [
    "a = sin(t)**2; b = a*t; exp(-a*x**2 - b*x)",
    "A*exp(-(x - m)**2/(2*s**2)) + c",
    "k = exp(-e/t)\nr = k*x**n/(1 + k*x**n)\nr*where(t > 1, log(t), t - 1)",
    "u = max(p, q)\nw = sqrt(u*u + p)\natan2(w*x, y + u)",
    "c1 = 1/(p*p + 1); c2 = c1*q; c3 = c2*c1; c1*x + c2*x**2 + c3*y*x",
    "r = sqrt(p); where(x > r, x*log(1 + p), y/(1 + r))",
    "(x + sigmoid(p))/(sigmoid(q) + (x + p*q)**2)",
]


@pytest.mark.parametrize("program", OF_NUMBERS_AND_POINTS)
def test_what_hangs_on_numbers_is_computed_on_numbers(program: str) -> None:
    """Numbers with arrays give what the numbers spread over the points give, whichever inputs they are."""
    fn = gradc.compile(program)
    rng = np.random.default_rng(0)
    arrays = {name: rng.uniform(0.5, 2.0, POINTS) for name in fn.inputs}
    names = list(fn.inputs)
    staged = 0
    for mask in range(1, 2 ** len(names) - 1):
        point = {name: float(arrays[name][0]) if mask >> at & 1 else arrays[name] for at, name in enumerate(names)}
        spread = {name: np.full(POINTS, x) if isinstance(x, float) else x for name, x in point.items()}
        value, grads = fn.value_and_grad(**point)
        want, slopes = fn.value_and_grad(**spread)
        staged += "of_numbers" in fn.running(**point).text
        assert np.allclose(value, want, rtol=1e-12)
        df = rng.normal(size=POINTS)
        _, seeded = fn.value_and_grad(**point, df=df)
        for name in names:
            size = np.max(np.abs(slopes[name]))
            assert np.allclose(grads[name], slopes[name], rtol=1e-10, atol=1e-12 * size), (mask, name)
            assert np.allclose(seeded[name], slopes[name] * df, rtol=1e-10, atol=1e-11 * size), (mask, name)
            assert grads[name].shape == (POINTS,)
    assert staged


def test_numbers_that_are_not_finite_go_with_the_points() -> None:
    fn = gradc.compile("a = log(p)**2; b = a/p; a*x + b*x**2")
    x = np.linspace(0.0, 1.0, POINTS)
    with np.errstate(all="ignore"):
        for p in (0.0, -1.0, np.inf, np.nan):
            value, grads = fn.value_and_grad(x=x, p=float(p))
            want, slopes = fn.value_and_grad(x=x, p=np.full(POINTS, p))
            assert np.array_equal(value, want, equal_nan=True)
            assert all(np.array_equal(grads[name], slopes[name], equal_nan=True) for name in fn.inputs)


ROWS = rows(0.02)


@pytest.mark.parametrize("work", ROWS, ids=lambda work: work.name)
def test_the_hand_written_code_agrees(work: ByHand) -> None:
    """By the library and by the modules of both styles."""
    value, slopes = work.hand(**work.inputs)
    for style in ("notes", "fast"):
        fn = work.compiled(style)
        for call in (fn.value_and_grad, load(fn.source).value_and_grad):
            got, grads = call(**work.inputs)
            assert np.allclose(got, value, rtol=1e-9)
            for name in work.wrt:
                size = np.max(np.abs(slopes[name]))
                assert np.allclose(grads[name], slopes[name], rtol=1e-7, atol=1e-10 * size), name


SLACK = 30_000  # bytes of small things beside the arrays


@pytest.mark.parametrize("masked", [(), (1,), (0, 2)])
def test_rows_without_a_place_that_counts_are_spared(masked: tuple[int, ...]) -> None:
    """Where there are such rows a number stands in them; where there are none the input itself is read."""
    program = "S = where(M > 0, Q @ K.T, -1e9)\nsum(G*softmax(S, axis=1))"
    shapes = {"M": ("n", "m"), "Q": ("n", "d"), "K": ("m", "d"), "G": ("n", "m")}
    fast, notes = (gradc.compile(program, shapes=shapes, wrt=["Q", "K"], style=s) for s in ("fast", "notes"))  # type: ignore[call-overload]
    rng = np.random.default_rng(0)
    given = {
        "M": np.ones((3, 4)),
        "Q": rng.normal(size=(3, 2)),
        "K": rng.normal(size=(4, 2)),
        "G": rng.normal(size=(3, 4)),
    }
    for row in masked:
        given["M"][row], given["Q"][row] = 0.0, np.inf
    before = {name: x.copy() for name, x in given.items()}
    assert "spared(" in fast.source.split("def value_and_grad")[1].split("\ndef ")[0]
    for way in (fast.value_and_grad, load(fast.source).value_and_grad):
        same(way(**given), both_passes(load(notes.source), given), program)
    assert all(np.array_equal(x, given[name]) for name, x in before.items())


@pytest.mark.parametrize("work", rows(), ids=lambda work: work.name)
def test_the_memory_is_that_of_the_hand_written_code(work: ByHand) -> None:
    fn = work.compiled()
    mine, theirs = (peak(lambda call=call: call(**work.inputs)) for call in (fn.value_and_grad, work.hand))  # type: ignore[misc]
    assert mine <= work.most_memory * theirs + SLACK


def test_a_test_of_one_number_lets_the_whole_of_an_array_be() -> None:
    """A condition that is no array is turned round as Python turns it round: ~True would hold."""
    fn = gradc.compile("x: [4, 3]\nr = x[0] - x[1]\nd = r @ r\nwhere(d < 4, d**2, 0)", style="fast")
    for size in (0.5, 3.0):
        x = np.array([[size, 0, 0], [0, 0, 0], [1, 2, 3], [4, 5, 6.0]])
        slope = 4 * size**3 if size < 2 else 0.0
        assert np.array_equal(fn.value_and_grad(x)[1]["x"][:2, 0], [slope, -slope])
