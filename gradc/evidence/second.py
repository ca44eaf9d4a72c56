"""The modes beside the passes as evidence: a row of `check` for each that a function has.

A Hessian is held against SymPy's second derivatives in 50 digits, a tangent against differences of the forward pass,
a Hessian's product against differences of the gradient, a Jacobian against the gradient and differences of the
forward pass; each by every engine that can run it.

>>> import gradc
>>> result = gradc.compile("x*y + sin(x)", also=("jvp", "hessian")).check(points=1)
>>> [(row.name, row.verdict, row.against) for row in result.rows][-2:]
[('jvp', 'pass', 'differences of floats'), ('hessian', 'pass', 'SymPy')]
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np

from gradc.base.differences import slope
from gradc.evidence.points import Staged, as_arrays
from gradc.evidence.references import Evidence
from gradc.evidence.stopped import is_stopped
from gradc.evidence.verdict import DOUBT, EPS, TRUST, Error, worst
from gradc.run.engine import Passed
from gradc.run.engines import alone, fitting

# So many points are tried for a mode.
POINTS = 2
# What differences of the gradient are trusted to.
TRUST_OF_SLOPES = 1e-7


Run = Callable[..., Any]
Judged = tuple[Error | None, int, int, str]


def mode_errors(evidence: Evidence, mode: str) -> tuple[dict[int, Error], int, int, str, str]:
    """Of a mode: the errors by point, how many elements it has, how many SymPy verified, and what else there is.

    Every engine that can run the mode is held to it; the last is the name of the one that is furthest off.
    """
    judge = {"jvp": _jvp, "hvp": _hvp, "jacobian": _jacobian, "hessian": _hessian}[mode]
    errors: dict[int, Error] = {}
    elements, verified, against, worst_of = 0, 0, "", ""
    clear = [k for k in evidence.points if k not in evidence.vague and not evidence.kinks.get(k)]
    for k in (clear or evidence.points)[:POINTS]:
        for name, run in _ways(evidence.search.fn, mode):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    error, elements, verified, against = judge(evidence, k, run)
                except Passed:
                    continue
            if error is not None and (k not in errors or error.roundings > errors[k].roundings):
                errors[k], worst_of = error, name
    return errors, elements, verified, against, worst_of


def _ways(fn: Any, mode: str) -> Iterator[tuple[str, Run]]:
    """A mode as it is called, and by each engine that fits, as functions that give tangents, curves or a matrix."""

    def shown(found: Any, at: Callable[[Any], Any]) -> Any:
        if mode == "jvp":
            return tuple(map(at, found[1])) if isinstance(found[1], tuple) else at(found[1])
        return {name: at(each) for name, each in found[2].items()} if mode == "hvp" else at(found.dense())

    def run(function: Run, *args: Any) -> Any:
        try:
            return shown(function(*args), lambda x: x)
        except Passed:
            if fn.dag.declared:
                raise
            pairs = [np.array([x, x]) if np.ndim(x) == 0 and not isinstance(x, tuple) else x for x in args]
            return shown(function(*pairs), lambda x: np.asarray(x)[0] if np.ndim(x) else x)

    yield mode, partial(run, getattr(fn, mode))
    if hasattr(fn, "memo"):
        for engine in fitting(fn, mode):
            yield engine.name, partial(run, alone(fn, engine, mode))


def _point(evidence: Evidence, k: int) -> tuple[list[Any], list[str], dict[str, Any], Any]:
    """The inputs at a point, those that are differentiated by in order, a direction, and the upstream adjoint."""
    search, staged = evidence.search, evidence.staged[k]
    fn = search.fn
    given = as_arrays(fn.dag, staged.point)
    wrt = [name for name in fn.inputs if name in fn.wrt]
    rng = random.Random(f"{k} modes")
    along = {}
    for name in wrt:
        size = np.maximum(np.abs(given[name]), 0.25)
        signs = np.array([rng.choice((-1.0, 1.0)) * rng.uniform(0.5, 1.0) for _ in range(np.size(size))])
        along[name] = (size * signs.reshape(np.shape(size)))[()]
    shapes = [np.shape(each) for each in _outputs(evidence, staged)]
    df = search.adjoints(shapes)
    return [given[name] for name in fn.inputs], wrt, along, df[0] if len(df) == 1 else tuple(df)


def _outputs(evidence: Evidence, staged: Staged) -> list[Any]:
    fn: Any = evidence.search.fn
    value = fn.forward(**as_arrays(fn.dag, staged.point))[0]
    return list(value) if len(fn.outputs) > 1 else [value]


def _contracted(parts: Any, df: Any, several: bool) -> float:
    pairs = zip(parts, df, strict=True) if several else [(parts, df)]
    return math.fsum(float(x) for part, weight in pairs for x in np.ravel(np.asarray(part) * weight))


def _moved(evidence: Evidence, given: list[Any], along: dict[str, Any], t: float) -> list[Any]:
    names = evidence.search.fn.inputs
    return [x + t * along[name] if name in along else x for name, x in zip(names, given, strict=True)]


def _held(got: float, found: float, uncertain: float, size: float, trust: float = TRUST) -> Error | None:
    """A number against a difference quotient of floats, as far as that can tell."""
    if not math.isfinite(found):
        return None
    size = max(size, abs(found))
    return Error(abs(got - found), size, max(DOUBT * uncertain, trust * size) / EPS, got, found)


def _jvp(evidence: Evidence, k: int, run: Run) -> Judged:
    fn: Any = evidence.search.fn
    given, wrt, along, df = _point(evidence, k)
    several = len(fn.outputs) > 1
    tangent = run(*given, *(along[name] for name in wrt))
    got = _contracted(tangent, df, several)
    count = sum(np.size(each) for each in (tangent if several else [tangent]))
    return _against_floats(evidence, k, got), count, count, "differences of floats"


def _against_floats(evidence: Evidence, k: int, got: float) -> Error | None:
    """How the outputs, weighted, change along the direction, against differences of the forward pass."""
    fn: Any = evidence.search.fn
    given, _, along, df = _point(evidence, k)
    if is_stopped(fn.dag):
        return None

    def value(t: float) -> float:
        try:
            return _contracted(fn.forward(*_moved(evidence, given, along, t))[0], df, len(fn.outputs) > 1)
        except (ArithmeticError, ValueError):
            return math.nan

    return _held(got, *slope(value), abs(value(0.0)))


def _hvp(evidence: Evidence, k: int, run: Run) -> Judged:
    fn: Any = evidence.search.fn
    given, wrt, along, df = _point(evidence, k)
    more = [] if len(fn.outputs) == 1 and not np.shape(df) else [df]
    curves = run(*given, *(along[name] for name in wrt), *more)

    def sloped(t: float) -> float:
        try:
            there = _moved(evidence, given, along, t)
            grads = fn.backward(fn.forward(*there)[1], df)
        except (ArithmeticError, ValueError):
            return math.nan
        return math.fsum(float(x) for name in wrt for x in np.ravel(np.asarray(grads[name]) * along[name]))

    got = math.fsum(float(x) for name in wrt for x in np.ravel(np.asarray(curves[name]) * along[name]))
    count = sum(np.size(curves[name]) for name in wrt)
    error = None if is_stopped(fn.dag) else _held(got, *slope(sloped), abs(sloped(0.0)), TRUST_OF_SLOPES)
    return error, count, count, "differences of the gradient"


def _jacobian(evidence: Evidence, k: int, run: Run) -> Judged:
    fn: Any = evidence.search.fn
    given, wrt, along, df = _point(evidence, k)
    matrix = run(*given)
    weights = np.concatenate([np.ravel(each) for each in (df if len(fn.outputs) > 1 else [df])])
    flat = np.concatenate([np.ravel(along[name]) for name in wrt]) if wrt else np.zeros(0)
    error = _against_floats(evidence, k, float(weights @ matrix @ flat))
    staged = evidence.staged[k].gradients
    row = (weights @ matrix).tolist()
    pairs = [(got, Decimal(want)) for got, want in zip(row, (one for name in wrt for one in staged[name]), strict=True)]
    other = worst(pairs, float(np.max(np.abs(weights) @ np.abs(matrix), initial=0.0)) * max(len(weights), 1))
    found = max((each for each in (error, other) if each is not None), key=lambda each: each.roundings)
    return found, matrix.size, matrix.size, "differences of floats and the gradient"


def _hessian(evidence: Evidence, k: int, run: Run) -> Judged:
    given, wrt, _, _ = _point(evidence, k)
    matrix = run(*given)
    known = {pair: (slopes[k], noise.get(k, 0.0)) for pair, (slopes, noise) in evidence.second.items() if k in slopes}
    places = list(_places(evidence, k, wrt))
    triangle = [(at, to) for at in range(len(places)) for to in range(at, len(places))]
    pairs, most = [], 0.0
    for at, to in triangle:
        found = known.get((places[at], places[to])) or known.get((places[to], places[at]))
        if found is not None:
            pairs.append((float(matrix[at, to]), found[0]))
            most = max(most, found[1])
    error = worst(pairs, most) if pairs else None
    against = "SymPy" + f" ({len(pairs)} of {len(triangle)})" * (len(pairs) != len(triangle)) if pairs else ""
    fn: Any = evidence.search.fn
    held = _hvp(evidence, k, lambda *args: fn.hvp(*args)[2]) if len(pairs) != len(triangle) else None
    if held is not None and held[0] is not None:
        _, wrt, along, _ = _point(evidence, k)
        flat = np.concatenate([np.ravel(along[name]) for name in wrt])
        want = held[0].want
        got = float(flat @ matrix @ flat)
        other = _held(got, want, 0.0, float(np.abs(flat) @ np.abs(matrix) @ np.abs(flat)), TRUST_OF_SLOPES)
        error = max((each for each in (error, other) if each), key=lambda each: each.roundings)
        against = ", ".join(filter(None, [against, "differences of the gradient"]))
    return error, len(triangle), len(pairs), against


def _places(evidence: Evidence, k: int, wrt: list[str]) -> Iterator[tuple[str, int]]:
    """Each number of the inputs, in their order."""
    for name in wrt:
        for at in range(np.size(evidence.staged[k].point[name])):
            yield name, at


__all__ = ["mode_errors"]
