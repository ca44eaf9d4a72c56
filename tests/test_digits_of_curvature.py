"""Second derivatives keep their digits where the products and differences of textbook rules lose them."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import gradc
from gradc.run.engine import Passed
from gradc.run.engines import alone, fitting

mpmath.mp.dps = 60
TOL = 2e-13


def curve(function: Any, *at: float) -> float:
    """The second derivative of a function of mpmath by its last argument, in sixty digits."""
    *fixed, x = map(mpmath.mpf, at)
    return float(mpmath.diff(lambda t: function(*fixed, t), x, 2, h=abs(x) * mpmath.mpf(10) ** -18))


def log_ndtr(x: Any) -> Any:
    return mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2)


def betaln(x: Any, y: Any) -> Any:
    return mpmath.loggamma(x) + mpmath.loggamma(y) - mpmath.loggamma(x + y)


CASES = [
    ("atanh(x)", mpmath.atanh, (1e-9,)),
    ("atanh(x)", mpmath.atanh, (-1e-5,)),
    *(("log_ndtr(x)", log_ndtr, (x,)) for x in (-5.0, -7.0, -40.0, -700.0, -1e4)),
    *(("i1(x)", lambda t: mpmath.besseli(1, t), (x,)) for x in (1e-9, 1e-3, 2.0, 30.0)),
    *(("j1(x)", lambda t: mpmath.besselj(1, t), (x,)) for x in (1e-9, 1e-3, 2.0)),
    *(("i0e(x)", lambda t: mpmath.exp(-t) * mpmath.besseli(0, t), (x,)) for x in (0.1, 5.0, 25.0, 300.0, 1e4)),
    *(("i1e(x)", lambda t: mpmath.exp(-t) * mpmath.besseli(1, t), (x,)) for x in (0.1, 5.0, 25.0, 300.0, 1e4)),
    *(("betaln(x, y)", betaln, at) for at in ((1e-3, 100.0), (0.5, 1e4), (1e-6, 3.0), (2.5, 1.5))),
]


@pytest.mark.parametrize(("program", "function", "at"), CASES, ids=[f"{p} at {a}" for p, _, a in CASES])
def test_a_special_function_bends_as_in_sixty_digits(program: str, function: Any, at: tuple[float, ...]) -> None:
    pytest.importorskip("scipy")
    fn = gradc.compile(program)
    got = fn.hessian(*at).dense()[-1, -1]
    assert got == pytest.approx(curve(function, *at), rel=TOL)


def test_slopes_of_scaled_bessel_functions_keep_their_digits_for_large_arguments() -> None:
    pytest.importorskip("scipy")
    for x in (50.0, 1e4, 1e8):
        for order in (0, 1):
            slope = gradc.compile(f"i{order}e(x)").value_and_grad(x)[1]["x"]
            t, scaled = mpmath.mpf(x), [mpmath.exp(-mpmath.mpf(x)) * mpmath.besseli(n, x) for n in range(2)]
            want = scaled[1] - scaled[0] if order == 0 else scaled[0] - scaled[1] * (1 + 1 / t)
            with mpmath.workdps(80):
                assert slope == pytest.approx(float(want), rel=1e-12), (order, x)


def test_the_gap_of_digamma_keeps_its_digits_for_a_small_step() -> None:
    fn = gradc.compile("betaln(x, y)")
    for x, y in ((100.0, 1e-9), (9.0, 1e-6), (0.1, 1e-12)):
        want = mpmath.digamma(x) - mpmath.digamma(mpmath.mpf(x) + mpmath.mpf(y))
        assert fn.value_and_grad(x, y)[1]["x"] == pytest.approx(float(want), rel=1e-13)


def softmax_curves(z: list[float]) -> list[list[Any]]:
    weights = [mpmath.exp(mpmath.mpf(x) - mpmath.mpf(max(z))) for x in z]
    p = [w / sum(weights) for w in weights]
    rest = [sum(p[:i] + p[i + 1 :]) for i in range(len(p))]
    return [[p[i] * rest[i] if i == j else -p[i] * p[j] for j in range(len(p))] for i in range(len(p))]


@pytest.mark.parametrize("z", [[30.0, -30.0, 2.0], [500.0, 0.0, -500.0], [0.0, 0.0, 0.0], [36.0, 37.0, -1.0]])
@pytest.mark.parametrize(
    "program",
    [
        "z: [3]\nlogsumexp(z) - z[1]",
        "z: [3]\nlog(sum(exp(z)))",
        "z: [3]\n-log_softmax(z)[1]",
        "a; b; c\nlog(exp(a) + exp(b) + exp(c)) - b",
    ],
)
def test_every_path_to_the_hessian_of_a_confident_softmax_keeps_its_digits(program: str, z: list[float]) -> None:
    fn, want = gradc.compile(program), softmax_curves(z)
    arrays = fn.dag.declared
    point = [np.array(z)] if arrays else z
    for mode in ("hessian", "hvp"):
        for engine in fitting(fn, mode):
            function = alone(fn, engine, mode)
            try:
                if mode == "hessian":
                    found = function(*point).dense()
                else:
                    units = [np.eye(3)[k] for k in range(3)]
                    rows = [function(*point, *([v] if arrays else v.tolist()))[2] for v in units]
                    found = [row["z"] if arrays else [row[name] for name in "abc"] for row in rows]
            except Passed:
                continue
            for i in range(3):
                for j in range(3):
                    assert float(found[i][j]) == pytest.approx(float(want[i][j]), rel=1e-13, abs=1e-300), engine.name
