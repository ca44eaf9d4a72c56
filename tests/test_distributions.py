"""The densities of `scipy.stats` that are written out, and its functions of one number, beside SciPy's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.language.densities import DENSITIES, MASSES, OTHERS

stats = pytest.importorskip("scipy.stats")

SHAPES = {"c": 0.7, "a": 1.3, "b": 2.1, "d": 0.8, "df": 3.3, "s": 0.6, "K": 1.4, "dfn": 2.5, "dfd": 4.5, "beta": 1.7,
          "kappa": 1.6, "nu": 1.2, "mu": 0.9, "n": 3.0, "p": 0.4, "lambda_": 0.7, "M": 20.0, "N": 7.0}  # fmt: skip
OWN = {
    "truncnorm": {"a": -0.5, "b": 1.5},
    "hypergeom": {"n": 9.0},
    "triang": {"c": 0.4},
    "loguniform": {"a": 0.2, "b": 3.0},
    "reciprocal": {"a": 0.2, "b": 3.0},
}
SHIFTED = {"loc": 0.05, "scale": 1.2}
# Whose shapes are written numbers: slopes by them have no closed form.
WRITTEN = ("beta.cdf", "chi2.cdf", "chi2.sf", "gamma.cdf", "gamma.sf", "t.cdf", "t.sf")
COUNTED = ("n", "M", "N")  # whole numbers, which SciPy's have no slope in


def shapes_of(name: str, params: str) -> dict[str, float]:
    named = [each.strip() for each in params.split(",") if each.strip()]
    return {each: {**SHAPES, **OWN.get(name, {})}[each] for each in named}


def agrees(function: str, at: dict[str, float], flat: tuple[str, ...] = ()) -> None:
    theirs: Callable[..., Any] = stats
    for part in function.split("."):
        theirs = getattr(theirs, part)

    def value(**given: float) -> float:
        return float(theirs(given.pop("x"), **given))

    named = [name for name in at if function not in WRITTEN or name in ("x", *SHIFTED)]
    given = [f"{name}={name if name in named else at[name]}" for name in at if name != "x"]
    found, grads = gradc.compile(f"stats.{function}(x, {', '.join(given)})").value_and_grad(**{n: at[n] for n in named})
    assert found == pytest.approx(value(**at), rel=1e-10)
    for name in named:
        if name not in flat and np.isfinite(found):
            ends = {h: value(**{**at, name: at[name] + h}) for h in (-2e-4, -1e-4, 1e-4, 2e-4)}
            slope = (8 * (ends[1e-4] - ends[-1e-4]) - (ends[2e-4] - ends[-2e-4])) / 12e-4
            assert grads[name] == pytest.approx(slope, rel=1e-6, abs=1e-7), name


@pytest.mark.parametrize("x", [-0.6, 0.35, 0.8])
@pytest.mark.parametrize("name", DENSITIES)
def test_a_density_is_scipys(name: str, x: float) -> None:
    shapes = shapes_of(name, DENSITIES[name][0])
    agrees(f"{name}.logpdf", {"x": x, **shapes, **SHIFTED})


@pytest.mark.parametrize("shifted", [{}, SHIFTED])
@pytest.mark.parametrize(
    "function",
    [*(f"{name}.logpdf" for name in DENSITIES), *OTHERS, "gamma.logpdf", "gamma.pdf", "beta.logpdf", "expon.logpdf"],
)
def test_outside_of_the_support_and_at_its_ends(function: str, shifted: dict[str, float]) -> None:
    name, _, last = function.partition(".")
    rule = DENSITIES.get(name) if last == "logpdf" else OTHERS.get(function)
    given = {**shapes_of(name, rule[0] if rule else {"gamma": "a", "beta": "a, b"}.get(name, "")), **shifted}
    x = np.array([-3.0, -0.5, 0.0, 0.3, 1.0, 1.5, 5.0, np.nan])
    fn = gradc.compile(f"stats.{function}({', '.join(['x', *(f'{key}={value}' for key, value in given.items())])})")
    with np.errstate(all="ignore"):
        wanted = getattr(getattr(stats, name), last)(x, **given)
        np.testing.assert_allclose(fn(x), wanted, rtol=1e-9, atol=1e-14)
        slopes = fn.value_and_grad(x)[1]["x"]
    assert not np.isnan(slopes[~np.isnan(x)]).any()


KNOWN = [name for name in MASSES if hasattr(stats, name)]  # to the oldest SciPy, too


@pytest.mark.parametrize("name", [*KNOWN, "bernoulli"])
def test_a_mass_of_what_cannot_be_is_0(name: str) -> None:
    given = shapes_of(name, MASSES[name][0] if name in MASSES else "p")
    k = np.array([-3.0, -1.0, 0.0, 1.0, 2.0, 3.0, 8.0])
    fn = gradc.compile(f"stats.{name}.logpmf({', '.join(['k', *(f'{key}={value}' for key, value in given.items())])})")
    np.testing.assert_allclose(fn(k), getattr(stats, name).logpmf(k, **given), rtol=1e-9)


@pytest.mark.parametrize("name", KNOWN)
def test_a_mass_is_scipys(name: str) -> None:
    agrees(f"{name}.logpmf", {"x": 2, **shapes_of(name, MASSES[name][0])}, ("x", *COUNTED))


@pytest.mark.parametrize("x", [0.35, 1.9])
@pytest.mark.parametrize("function", [*OTHERS, "maxwell.sf", "genpareto.cdf", "t.pdf", "gamma.pdf"])
def test_other_functions_are_scipys(function: str, x: float) -> None:
    name = function.partition(".")[0]
    params = OTHERS.get(function, ({"genpareto": "c", "t": "df", "gamma": "a"}.get(name, ""), ""))[0]
    agrees(function, {"x": x, **shapes_of(name, params), **SHIFTED})


@pytest.mark.parametrize("function", ["genpareto.logpdf", "genextreme.logpdf", "genpareto.sf"])
def test_where_a_shape_is_0_the_limit_is_taken(function: str) -> None:
    agrees(function, {"x": 0.8, "c": 0.0, **SHIFTED})


def test_logarithms_of_what_is_written_follow() -> None:
    agrees("pareto.logcdf", {"x": 1.9, "b": 2.1, **SHIFTED})


@pytest.mark.parametrize("function", "logpdf pdf cdf sf logsf".split())
def test_an_exponential_is_nothing_below_its_loc(function: str) -> None:
    agrees(f"expon.{function}", {"x": -0.4, **SHIFTED})


def test_a_shape_without_a_slope_is_a_number() -> None:
    with pytest.raises(gradc.GradcError, match="'df' is a number that is known here"):
        gradc.compile("stats.t.cdf(x, n)")
