"""Distributions of `scipy.stats` that are no gates of the table: their densities are written out.

A rule is that of SciPy's manual for z = (x - loc)/scale; what hangs on the scale alone is added to it. A distribution
may be frozen first, `stats.norm(m, s).logpdf(x)`.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("stats.rayleigh.logpdf(x, scale=s)")).split("\\n")[-3])
v7 = where(v2, (-inf), v6)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.language.densities import DENSITIES, MASSES, OTHERS, QUANTILES
from gradc.language.values import Arg, Callee, Distribution
from gradc.ops import array as a
from gradc.ops import linalg
from gradc.ops import scalar as s
from gradc.ops.table import lookup

if TYPE_CHECKING:
    from gradc.language.gates import Gates

_OF_VECTORS = ("multivariate_normal", "dirichlet")
# Densities whose logarithm is a gate, or a rule above.
_PLAIN = {"pdf": "logpdf", "pmf": "logpmf"}
NAMES = frozenset(
    (*DENSITIES, *MASSES, *_OF_VECTORS, *(key.partition(".")[0] for key in (*OTHERS, *QUANTILES)))
) | frozenset("norm t gamma beta laplace poisson binom bernoulli".split())


# What follows from another function of the same distribution.
_FOLLOWS = {
    "logcdf": ("log(v)", "cdf"),
    "logsf": ("log(v)", "sf"),
    "sf": ("1 - v", "cdf"),
    "cdf": ("1 - v", "sf"),
}


def _is_written(name: str, function: str) -> bool:
    return lookup(f"{name}.{function}") is not None or f"{name}.{function}" in OTHERS


def _follows(name: str, function: str) -> tuple[str, str] | None:
    """How a function follows from one that is written, and which."""
    rule, other = _FOLLOWS.get(function, ("", ""))
    return (rule, other) if rule and _is_written(name, other) else None


def knows(name: str, function: str) -> bool:
    """Whether `name.function` is read."""
    if _follows(name, function) is not None:
        return True
    if _is_written(name, function) or f"{name}.{function}" in QUANTILES:
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
    if key not in OTHERS and (following := _follows(name, function)) is not None:
        found = call(gates, Callee(f"{name}.{following[1]}", None), args, first, last)
        return gates.lower(following[0], {"v": found})
    if key in QUANTILES:
        shapes, rule = QUANTILES[key]
        bound = _bound(gates, key, f"q, {shapes}", args, first, last)
        rule = f"scale*({rule})" if "scale" in bound else rule
        return gates.lower(f"loc + {rule}" if "loc" in bound else rule, bound)
    if name in MASSES:
        shapes, rule, outside = MASSES[name]
        bound = _bound(gates, key, f"k, {shapes}", args, first, last)
        if "loc" in bound:
            bound["k"] = gates.lower("k - loc", bound)
        return gates.lower(f"where({outside}, -inf, {rule})" if outside else rule, bound)
    shapes, rule, outside = (*OTHERS[key], "") if key in OTHERS else DENSITIES[name]
    bound = _bound(gates, key, f"x, {shapes}", args, first, last)
    shifted = "(x - loc)" if "loc" in bound else "x"
    bound["z"] = gates.lower(f"{shifted}/scale" if "scale" in bound else shifted, bound)
    if outside:
        rule = f"where({outside}, -inf, {rule})"  # nan stays nan
    if "scale" in bound and key not in OTHERS:
        rule = f"{rule} - log(scale)"
    try:
        return gates.lower(rule, bound)
    except GradcError as error:  # in the rule's text
        raise gates.source.error(error.message, first, last, error.hint) from None


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
