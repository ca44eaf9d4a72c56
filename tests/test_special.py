"""Special functions keep their digits over their whole range, value and slope, in every target.

The oracle is mpmath in 60 digits. Where the input is badly conditioned, half an ulp of it may be lost; next to a zero,
an ulp of the larger of the terms that cancel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import gradc
from gradc.base.errors import GradcError
from tests.support import python

ULPS = 4  # what a value may lose
SLOPE_ULPS = 12  # a slope is a product of two or three such values
POINTS = 60

mp.mp.dps = 60


def normal(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def log_normal(x: Any) -> Any:
    return mp.log1p(-normal(-x)) if x > 0 else mp.log(normal(x))


def uniform(low: float, high: float) -> np.ndarray:
    return np.random.default_rng(5).uniform(low, high, POINTS)


def scales(low: float, high: float) -> np.ndarray:
    return np.exp(np.random.default_rng(6).uniform(math.log(low), math.log(high), POINTS))


# What a gate is, its slope, and where it is tried.
Row = tuple[str, Callable[[Any], Any], Callable[[Any], Any], list[np.ndarray]]
FUNCTIONS: list[Row] = [
    ("lgamma", lambda x: mp.log(abs(mp.gamma(x))), mp.digamma,
     [scales(1e-300, 0.5), uniform(0.5, 2.5), uniform(2.5, 9), uniform(9, 160), uniform(-0.49, -0.01)]),
    ("lgamma", mp.loggamma, mp.digamma, [scales(1e2, 1e300)]),
    ("digamma", mp.digamma, lambda x: mp.psi(1, x),
     [scales(1e-150, 0.5), uniform(0.5, 3), uniform(3, 9), scales(9, 1e150), uniform(-0.4, -0.1)]),
    ("gamma", mp.gamma, lambda x: mp.gamma(x) * mp.digamma(x),
     [scales(1e-150, 0.5), uniform(1.6, 9), uniform(9, 171), uniform(-1.9, -1.6), uniform(-20.4, -20.1)]),
    ("ndtr", normal, lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
     [uniform(-37, -5), uniform(-5, 5), scales(1e-10, 8)]),
    ("log_ndtr", log_normal, lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi) / normal(x),
     [uniform(-45, -5), uniform(-5, 5), uniform(5, 8)]),
    ("logit", lambda x: mp.log(x / (1 - x)), lambda x: 1 / (x * (1 - x)),
     [scales(1e-300, 0.2), uniform(0.2, 0.8), 1 - scales(1e-15, 0.2)]),
    ("sinc", lambda x: mp.sin(mp.pi * x) / (mp.pi * x),
     lambda x: mp.cos(mp.pi * x) / x - mp.sin(mp.pi * x) / (mp.pi * x * x),
     [scales(1e-9, 0.2), uniform(0.2, 0.8), uniform(-0.9, -0.1)]),
    ("asinh", mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), [scales(1e-300, 1), scales(1, 1e300)]),
    ("acosh", mp.acosh, lambda x: 1 / mp.sqrt((x - 1) * (x + 1)), [1 + scales(1e-10, 1), scales(2, 1e300)]),
    ("atanh", mp.atanh, lambda x: 1 / ((1 - x) * (1 + x)), [scales(1e-300, 0.5), uniform(-0.999, 0.999)]),
    ("exp2", lambda x: 2**x, lambda x: mp.log(2) * 2**x, [uniform(-1000, 1000), scales(1e-300, 1)]),
    ("log_sigmoid", lambda x: -mp.log1p(mp.exp(-x)), lambda x: 1 / (1 + mp.exp(x)),
     [uniform(-700, -1), uniform(-1, 30), uniform(30, 700)]),
    ("erfinv", mp.erfinv, lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(x) ** 2), [uniform(-0.99, 0.99)]),
    ("i0", lambda x: mp.besseli(0, x), lambda x: mp.besseli(1, x), [uniform(0.1, 600)]),
    ("i1", lambda x: mp.besseli(1, x), lambda x: mp.besseli(0, x) - mp.besseli(1, x) / x, [uniform(0.1, 600)]),
    ("erfcx", lambda x: mp.exp(x * x) * mp.erfc(x), lambda x: 2 * x * mp.exp(x * x) * mp.erfc(x) - 2 / mp.sqrt(mp.pi),
     [uniform(-20, -1), uniform(-1, 5), scales(5, 1e10)]),
    ("exp1", mp.e1, lambda x: -mp.exp(-x) / x, [uniform(0.01, 1), uniform(1, 300)]),
    ("expi", mp.ei, lambda x: mp.exp(x) / x, [uniform(0.5, 300), uniform(-300, -0.5)]),
    ("silu", lambda x: x / (1 + mp.exp(-x)), lambda x: (1 + x / (1 + mp.exp(x))) / (1 + mp.exp(-x)),
     [uniform(-700, -2), uniform(-1, 30)]),
    ("gelu", lambda x: x * normal(x), lambda x: normal(x) + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
     [uniform(-36, -2), uniform(-0.5, 8)]),
]  # fmt: skip


def lost(got: float, want: Any, slope: Any, x: float) -> float:
    """Ulps between a number and what it should be, less what half an ulp of x changes."""
    exact = float(want)
    if exact == 0.0 or math.isinf(exact) or abs(exact) < 1e-300:
        return 0.0
    given = abs(slope) * math.ulp(x) / 2
    return float(max(abs(mp.mpf(got) - want) - given, 0) / mp.mpf(math.ulp(exact)))


@pytest.mark.parametrize(("name", "value", "slope", "points"), FUNCTIONS, ids=[row[0] for row in FUNCTIONS])
@pytest.mark.parametrize("path", ["arrays", "numbers", "math", "scipy"])
def test_digits_over_the_whole_range(name: str, value: Any, slope: Any, points: list[np.ndarray], path: str) -> None:
    try:
        fn = gradc.compile(f"{name}(x)", target=path if path in ("math", "scipy") else "numpy")
    except GradcError:
        assert path == "math"
        return
    if path == "scipy" or name in ("exp1", "expi") or (path in ("math", "numbers") and name in ("lgamma", "gamma")):
        ulps, slope_ulps = 64, 512  # the standard library's and SciPy's own
    else:
        ulps, slope_ulps = ULPS, 128 if name == "erfcx" else SLOPE_ULPS  # its slope's terms cancel up to x = 4
    for xs in points:
        if path in ("arrays", "scipy"):
            values, grads = fn.value_and_grad(xs)
            got = list(zip(xs.tolist(), values.tolist(), grads["x"].tolist(), strict=True))
        else:
            got = [(x, *_pair(fn.value_and_grad(x))) for x in xs.tolist()]
        for x, f, dx in got:
            at = mp.mpf(x)
            assert lost(f, value(at), slope(at), x) <= ulps, (name, x, f)
            assert lost(dx, slope(at), _bend(slope, at), x) <= slope_ulps, (name, x, dx)


def _pair(found: Any) -> tuple[float, float]:
    return float(found[0]), float(found[1]["x"])


def _bend(slope: Any, at: Any) -> Any:
    h = abs(at) * mp.mpf(10) ** -25
    return (slope(at + h) - slope(at - h)) / (2 * h)


@pytest.mark.parametrize(
    ("x", "y"), [(1e8, 1.0), (1.0, 1e8), (0.3, 0.7), (30.0, 40.0), (7.9, 8.1), (1e-9, 5.0), (500.0, 1e6)]
)
def test_betaln_and_its_slope_do_not_cancel(x: float, y: float) -> None:
    value, grads = gradc.compile("betaln(x, y)").value_and_grad(np.array(x), np.array(y))
    number = gradc.compile("betaln(x, y)", target="math").value_and_grad(x, y)
    p, q = mp.mpf(x), mp.mpf(y)
    want = mp.loggamma(p) + mp.loggamma(q) - mp.loggamma(p + q)
    slopes = {"x": mp.digamma(p) - mp.digamma(p + q), "y": mp.digamma(q) - mp.digamma(p + q)}
    for f, found in ((value, grads), number):
        assert float(f) == pytest.approx(float(want), rel=2e-15)
        assert {k: float(v) for k, v in found.items()} == pytest.approx(
            {k: float(v) for k, v in slopes.items()}, rel=4e-15
        )


@pytest.mark.parametrize(
    ("spelling", "gate"),
    [
        ("gammaln(x)", "lgamma(x)"), ("np.arcsinh(x)", "asinh(x)"), ("special.psi(x)", "digamma(x)"),
        ("scipy.special.expit(x)", "sigmoid(x)"),
        ("special.loggamma(x)", "lgamma(x)"), ("F.logsigmoid(x)", "log_sigmoid(x)"),
        ("torch.special.gammaln(x)", "lgamma(x)"), ("jax.nn.swish(x)", "silu(x)"), ("norm.cdf(x)", "ndtr(x)"),
        ("scipy.stats.norm.logcdf(x, 0, 1)", "log_ndtr(x)"),
        ("stats.norm.logpdf(x, scale=2.0)", "norm_logpdf(x, 0, 2)"),
        ("special.polygamma(1, x)", "trigamma(x)"), ("polygamma(0, x)", "digamma(x)"), ("x % 2", "mod(x, 2)"),
        ("F.leaky_relu(x)", "leaky_relu(x, negative_slope=0.01)"), ("F.elu(x, alpha=2.0)", "elu(x, 2)"),
        ("jax.nn.gelu(x)", "gelu_tanh(x)"), ("normal_lpdf(x, 0, 1)", "norm.logpdf(x)"),
        ("scipy.stats.poisson.logpmf(2, x)", "poisson_lpmf(2, x)"),
    ],
)  # fmt: skip
def test_a_spelling_is_its_gate(spelling: str, gate: str) -> None:
    a, b = gradc.compile(spelling), gradc.compile(gate)
    for x in (0.3, 1.7):
        assert a.value_and_grad(x)[0] == pytest.approx(b.value_and_grad(x)[0], rel=1e-15)
        assert a.value_and_grad(x)[1] == pytest.approx(b.value_and_grad(x)[1], rel=1e-15)


def test_the_name_of_a_gate_may_be_an_input() -> None:
    fn = gradc.compile("alpha*beta + gamma*norm + mod/floor")
    assert fn.inputs == ("alpha", "beta", "gamma", "norm", "mod", "floor")
    mixed = gradc.compile("gamma*lgamma(beta) + betaln(gamma, 2.0)", style="fast")
    value, grads = mixed.value_and_grad(np.array([2.0, 3.0]), np.array([1.5, 2.5]))
    assert value == pytest.approx([2 * math.lgamma(1.5) - math.log(6), 3 * math.lgamma(2.5) - math.log(12)])
    assert set(grads) == {"gamma", "beta"}


def test_stans_densities_are_sums_over_the_elements_of_arrays() -> None:
    fn = gradc.compile("y: [n]\nnormal_lpdf(y, mu, sigma)")
    y = np.array([0.5, -1.0, 2.0])
    value, grads = fn.value_and_grad(y, 0.25, 2.0)
    z = (y - 0.25) / 2
    assert value == pytest.approx(float(np.sum(-0.5 * z**2 - math.log(2) - 0.5 * math.log(2 * math.pi))))
    assert grads["mu"] == pytest.approx(float(np.sum(z / 2)))
    assert grads["sigma"] == pytest.approx(float(np.sum((z**2 - 1) / 2)))


KEPT = ["lgamma", "digamma", "gamma", "ndtr", "log_ndtr", "silu", "elu", "erf", "logit", "trigamma"]
BESIDE = ["polygamma(2, x)", "betaln(0.5, x)", "beta(x, 2.5)", "t_logpdf(x, 3, 0, 1)", "log(0.5*exp(x) + x*exp(2))"]


@pytest.mark.parametrize("call", [*(f"{gate}(x)" for gate in KEPT), *BESIDE])
@pytest.mark.parametrize("style", ["notes", "fast"])
def test_precision_and_shape_are_kept(call: str, style: str) -> None:
    fn = gradc.compile(call, style=style)
    for shape in ((0,), (1,), (2, 0), (3, 1)):
        x = np.full(shape, 0.25, np.float32)
        value, grads = fn.value_and_grad(x)
        assert value.dtype == grads["x"].dtype == np.float32
        assert value.shape == grads["x"].shape == shape


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("lgamma(x)", [math.inf, math.inf, math.nan]),
        ("ndtr(x)", [1.0, 0.5, math.nan]),
        ("gamma(x)", [math.inf, math.inf, math.nan]),
        ("log_ndtr(x)", [0.0, math.log(0.5), math.nan]),
        ("fmax(x, 1)", [math.inf, 1.0, 1.0]), ("fmin(x, 1)", [1.0, 0.0, 1.0]),
        ("floor(x)", [math.inf, 0.0, math.nan]), ("xlogy(0, x)", [0.0, 0.0, math.nan]),
    ],
)  # fmt: skip
def test_infinities_and_nan_follow_numpy(call: str, value: list[float]) -> None:
    with np.errstate(all="ignore"):
        got = gradc.compile(call)(np.array([math.inf, 0.0, math.nan]))
    np.testing.assert_allclose(got, value, rtol=1e-15)


def test_a_module_says_what_to_install_where_scipy_is_missing() -> None:
    code = (
        "import sys, gradc\n"
        "sys.modules['scipy'] = None\n"
        "try: gradc.compile('i0(x) + x')(1.0)\n"
        "except ImportError as error: print(error)"
    )
    done = python("-c", code)
    assert done.out.strip() == "i0 is computed by SciPy, which is not there: pip install 'gradc[scipy]'"


def test_the_target_scipy_is_short_and_says_scipy() -> None:
    text = gradc.compile("log_ndtr(x) + lgamma(y) + i0(x)", target="scipy").source
    assert "from scipy import special\n" in text
    assert "special.log_ndtr(x)" in text
    assert "def lgamma" not in text
    assert "special" not in gradc.compile("x*y", target="scipy").source
    assert "special_.gammaln(special)" in gradc.compile("lgamma(special)", target="scipy").source


def test_math_says_what_it_lacks() -> None:
    with pytest.raises(GradcError, match="the target 'math' has no form for 'erfinv'"):
        gradc.compile("erfinv(x)", target="math")


@pytest.mark.parametrize("program", ["erfinv(x)*x", "i0(x)", "lgamma(x)", "digamma(x)*y", "floor(x)*x", "betaln(x, y)"])
def test_a_report_leaves_out_the_time_of_what_math_lacks(program: str) -> None:
    result = gradc.compile(program).report()
    forms = {form.name: form for form in result.forms}
    assert forms["staged, notes"].seconds is not None
    assert forms["symbolic"].operations
    assert forms["symbolic"].seconds is None or "floor" in program
    assert str(result)
