"""Distributions of `scipy.stats` that are no gates of the table: their densities are written out.

A rule is that of SciPy's manual for z = (x - loc)/scale; what hangs on the scale alone is added to it. A distribution
may be frozen first, `stats.norm(m, s).logpdf(x)`.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("stats.rayleigh.logpdf(x, scale=s)")).split("\\n")[-1])
v5 - v6
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.language.values import Arg, Callee, Distribution
from gradc.ops import array as a
from gradc.ops import linalg
from gradc.ops import scalar as s
from gradc.ops.table import lookup

if TYPE_CHECKING:
    from gradc.language.gates import Gates

_LOG_ROOT = "0.9189385332046727"  # the logarithm of sqrt(2*pi)
# The shapes of each distribution, the logarithm of its density, and where that is not -inf.
DENSITIES: dict[str, tuple[str, str, str]] = {
    "lognorm": ("s", f"-0.5*(log(z)/s)**2 - log(z) - log(s) - {_LOG_ROOT}", ""),
    "weibull_min": ("c", "log(c) + xlogy(c - 1, z) - z**c", ""),
    "pareto": ("b", "log(b) - (b + 1)*log(z)", "z >= 1"),
    "chi2": ("df", "xlogy(0.5*df - 1, z) - 0.5*z - lgamma(0.5*df) - 0.5*df*log(2)", ""),
    "invgamma": ("a", "-(a + 1)*log(z) - lgamma(a) - 1/z", ""),
    "invgauss": ("mu", f"-1.5*log(z) - 0.5*(z/mu - 1)**2/z - {_LOG_ROOT}", ""),
    "halfnorm": ("", "0.5*log(2/pi) - 0.5*z**2", "z >= 0"),
    "halfcauchy": ("", "log(2/pi) - log1p(z**2)", "z >= 0"),
    "gumbel_r": ("", "-z - exp(-z)", ""),
    "gumbel_l": ("", "z - exp(z)", ""),
    "rayleigh": ("", "log(z) - 0.5*z**2", ""),
    "uniform": ("", "0*z", "0 <= z <= 1"),
    "vonmises": ("kappa", "kappa*(cos(z) - 1) - log(2*pi*i0e(kappa))", ""),
    "skewnorm": ("a", f"log(2) + log_ndtr(a*z) - 0.5*z**2 - {_LOG_ROOT}", ""),
    "truncnorm": ("a, b", f"-0.5*z**2 - {_LOG_ROOT} - log(ndtr(b) - ndtr(a))", "a <= z <= b"),
}
# Of whole numbers k, shifted by loc: the logarithms of their probabilities.
MASSES: dict[str, tuple[str, str]] = {
    "nbinom": ("n, p", "lgamma(k + n) - lgamma(k + 1) - lgamma(n) + n*log(p) + xlog1py(k, -p)"),
    "geom": ("p", "log(p) + xlog1py(k - 1, -p)"),
}
# Other functions of z, and functions of a probability q that give one.
OTHERS: dict[str, tuple[str, str]] = {
    "expon.cdf": ("", "-expm1(-z)"), "expon.sf": ("", "exp(-z)"), "expon.logcdf": ("", "log(1 - exp(-z))"),
    "weibull_min.cdf": ("c", "-expm1(-z**c)"), "weibull_min.sf": ("c", "exp(-z**c)"),
    "weibull_min.logsf": ("c", "-z**c"), "lognorm.cdf": ("s", "ndtr(log(z)/s)"), "lognorm.sf": ("s", "ndtr(-log(z)/s)"),
    "lognorm.logcdf": ("s", "log_ndtr(log(z)/s)"), "lognorm.logsf": ("s", "log_ndtr(-log(z)/s)"),
    "logistic.sf": ("", "sigmoid(-z)"), "logistic.logsf": ("", "-softplus(z)"), "cauchy.cdf": ("", "0.5 + atan(z)/pi"),
    "gumbel_r.cdf": ("", "exp(-exp(-z))"), "gumbel_r.logcdf": ("", "-exp(-z)"), "uniform.cdf": ("", "clip(z, 0, 1)"),
    "pareto.sf": ("b", "z**(-b)"), "rayleigh.cdf": ("", "-expm1(-0.5*z**2)"), "rayleigh.sf": ("", "exp(-0.5*z**2)"),
}  # fmt: skip
_QUANTILES: dict[str, tuple[str, str]] = {
    "norm.isf": ("", "-ndtri(q)"), "expon.ppf": ("", "-log1p(-q)"), "logistic.ppf": ("", "logit(q)"),
    "lognorm.ppf": ("s", "exp(s*ndtri(q))"), "cauchy.ppf": ("", "tan(pi*(q - 0.5))"),
    "weibull_min.ppf": ("c", "(-log1p(-q))**(1/c)"), "uniform.ppf": ("", "q"),
    "gumbel_r.ppf": ("", "-log(-log(q))"),
}  # fmt: skip
_OF_VECTORS = ("multivariate_normal", "dirichlet")
# Densities whose logarithm is a gate, or a rule above.
_PLAIN = {"pdf": "logpdf", "pmf": "logpmf"}
NAMES = frozenset(
    (*DENSITIES, *MASSES, *_OF_VECTORS, *(key.partition(".")[0] for key in (*OTHERS, *_QUANTILES)))
) | frozenset("norm t gamma beta laplace poisson binom bernoulli".split())


def knows(name: str, function: str) -> bool:
    """Whether `name.function` is read."""
    if lookup(f"{name}.{function}") is not None or f"{name}.{function}" in OTHERS or f"{name}.{function}" in _QUANTILES:
        return True
    log = _PLAIN.get(function, function)
    if name in _OF_VECTORS or name in DENSITIES:
        return log == "logpdf"
    return (name in MASSES and log == "logpmf") or (log != function and lookup(f"{name}.{log}") is not None)


def call(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """`stats.rayleigh.logpdf(x, loc, scale)`; a distribution itself is frozen with its arguments."""
    name, _, function = callee.name.rpartition(".")
    if not name:
        return Distribution(function, args)
    entry = lookup(callee.name)
    if entry is not None:
        return gates.call(Callee(callee.name, entry), args, first, last)
    if function in _PLAIN:
        log = call(gates, Callee(f"{name}.{_PLAIN[function]}", None), args, first, last)
        return gates.apply(s.exp, [Arg(log, first, last)])
    if name in _OF_VECTORS:
        return _of_vectors(gates, name, args, first, last)
    key = f"{name}.{function}"
    if key in _QUANTILES:
        shapes, rule = _QUANTILES[key]
        bound = _bound(gates, key, f"q, {shapes}", args, first, last)
        rule = f"scale*({rule})" if "scale" in bound else rule
        return gates.lower(f"loc + {rule}" if "loc" in bound else rule, bound)
    if name in MASSES:
        shapes, rule = MASSES[name]
        bound = _bound(gates, key, f"k, {shapes}", args, first, last)
        if "loc" in bound:
            bound["k"] = gates.lower("k - loc", bound)
        return gates.lower(rule, bound)
    shapes, rule, support = (*OTHERS[key], "") if key in OTHERS else DENSITIES[name]
    bound = _bound(gates, key, f"x, {shapes}", args, first, last)
    shifted = "(x - loc)" if "loc" in bound else "x"
    bound["z"] = gates.lower(f"{shifted}/scale" if "scale" in bound else shifted, bound)
    if "scale" in bound and key not in OTHERS:
        rule = f"{rule} - log(scale)"
    found = gates.lower(rule, bound)
    if support:
        test = gates.lower(support, bound)
        found = gates.lower("where(t, v, -inf)", {"t": test, "v": found})
    return found


def _bound(gates: Gates, said: str, text: str, args: list[Arg], first: int, last: int) -> dict[str, Node]:
    """The arguments by their names; loc and scale where they are given."""
    names = [each.strip() for each in text.split(",") if each.strip()]
    found: dict[str, Node] = {}
    free = [*names, "loc", "scale"]
    for arg in args:
        key = arg.key or (free[0] if free else "")
        if key not in free:
            raise gates.source.error(f"{said} takes {', '.join([*names, 'loc', 'scale'])}", arg.first, arg.last)
        free.remove(key)
        found[key] = gates.value(arg)
    if not set(names) <= set(found):
        raise gates.source.error(f"{said} takes {', '.join([*names, 'loc', 'scale'])}", first, last)
    return found


def _of_vectors(gates: Gates, name: str, args: list[Arg], first: int, last: int) -> Any:
    """The normal density of a vector, or of the rows of a matrix; Dirichlet's of a vector."""
    names = ["x", "mean", "cov"] if name == "multivariate_normal" else ["x", "alpha"]
    given = dict(zip(names, [arg for arg in args if not arg.key], strict=False))
    given.update({arg.key: arg for arg in args if arg.key in names})
    if "x" not in given or len(given) < len(args) or (name == "dirichlet" and "alpha" not in given):
        raise gates.source.error(f"{name}.logpdf takes {', '.join(names)}", first, last)
    bound = {key: gates.value(arg) for key, arg in given.items()}
    if name == "dirichlet":
        return gates.lower("lgamma(sum(alpha)) - sum(lgamma(alpha)) + sum(xlogy(alpha - 1, x))", bound)
    bound["gap"] = gates.lower("x - mean", bound) if "mean" in bound else bound["x"]
    rank, size = len(bound["gap"].shape), bound["gap"].shape[-1] if bound["gap"].shape else 1
    bound["n"] = gates.number(gates.size(size))
    cov = bound.get("cov")
    if cov is None or len(cov.shape) != 2 or rank not in (1, 2):
        raise gates.source.error("the covariance is a matrix, and x a vector or has vectors as rows", first, last)
    bound["logdet"] = gates.build.make(linalg.logdet, (cov,))
    if rank == 1:
        return gates.lower("-0.5*(gap @ solve(cov, gap) + logdet + n*log(2*pi))", bound)
    solved = gates.build.make(a.transpose, (gates.lower("solve(cov, gap.T)", bound),), (None,))
    return gates.lower("-0.5*(sum(gap*z, axis=1) + logdet + n*log(2*pi))", {**bound, "z": solved})


def method(name: str) -> Any:
    """A function of a frozen distribution."""

    def frozen(gates: Gates, held: Distribution, args: list[Arg], first: int, last: int) -> Any:
        if not knows(held.name, name):
            raise gates.source.error(f"'{held.name}.{name}' is no gate", first, last, "write the density out")
        return call(gates, Callee(f"{held.name}.{name}", None), [*args, *held.given], first, last)

    return frozen
