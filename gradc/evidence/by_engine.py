"""A program's points, run by each of the engines that can run it: what `gradc check` judges beside the staged passes.

An engine is given a point as a caller would: as it is, or, where it takes arrays of numbers only, all points at once.

>>> import gradc
>>> from gradc.evidence.points import Search
>>> fn = gradc.compile("x*exp(y)")
>>> search = Search(fn)
>>> [(name, sorted(found)) for name, found in by_engine(search, search.points(2), [0, 1])]
[('numbers', [0, 1]), ('blocks', [0, 1]), ('passes', [0, 1])]
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gradc.evidence.points import FAILURES, Search, Staged, as_arrays, flat
from gradc.run.engine import Passed
from gradc.run.engines import NUMBA, OF_ARRAYS, alone, fitting

Run = Callable[..., Any]
Found = dict[int, Staged]


def by_engine(
    search: Search, staged: Sequence[Staged], points: Sequence[int], module: tuple[str, Run] | None = None
) -> Iterator[tuple[str, Found]]:
    """Each engine's name, and what it says at those of the points that it takes; a framework's module by its target's.

    An elementwise program in loops goes over arrays of all points, too: these are other functions of the module.
    """
    fn: Any = search.fn
    if module is not None:
        name, run = module
        yield name, _at_points(search, staged, points, run)
        if name == NUMBA and not fn.dag.declared:
            yield f"{name} over arrays", _all_at_once(search, run, staged, points)
    if not hasattr(fn, "memo"):
        return  # made by hand, and run by its passes alone
    kind = "value_and_grad" if fn.wrt else "value"
    for engine in fitting(fn, kind):
        run = alone(fn, engine, kind)
        yield engine.name, _at_points(search, staged, points, run)
        if engine.name == NUMBA:
            yield f"{engine.name} over arrays", _all_at_once(search, run, staged, points)
    if fn.style == "fast" and fn.wrt:
        yield "module", _at_points(search, staged, points, _of_the_module(fn))


def _of_the_module(fn: Any) -> Run:
    """The module's own function of value and gradient, as one calls it who has the module alone."""
    both = getattr(fn.module, fn.function_name or "value_and_grad")

    def call(df: Any = None, **given: Any) -> Any:
        bound = [given[name] for name in fn.inputs]
        return both(*bound) if df is None else both(*bound, df)

    return call


def _at_points(search: Search, staged: Sequence[Staged], points: Sequence[int], run: Run) -> Found:
    found = {}
    for k in points:
        said = _said(search, run, staged[k])
        if said is not None:
            found[k] = said
    if not found and not search.fn.dag.declared and search.fn.target in OF_ARRAYS:
        found = _all_at_once(search, run, staged, points)
    return found


def _said(search: Search, run: Run, at: Staged) -> Staged | None:
    """Value and gradient at a point; None where the engine does not take it."""
    import numpy as np

    fn, given = search.fn, as_arrays(search.fn.dag, at.point)
    shapes = [np.shape(one) for one in _outputs(fn, fn.forward(**given)[0])]
    df = search.adjoints(shapes)
    extra: dict[str, Any] = {}
    if fn.wrt and (len(df) > 1 or shapes != [()]):
        if "df" in fn.inputs:
            return None
        extra["df"] = tuple(df) if len(df) > 1 else df[0]
    found = _called(run, {**given, **extra})
    if found is None:
        return None
    value, grads = found if fn.wrt else (found, {})
    wrong = {
        name: f"has shape {np.shape(grads.get(name))}, not {np.shape(given[name])}"
        for name in fn.wrt
        if name not in grads or np.shape(grads[name]) != np.shape(given[name])
    }
    gradients = {name: flat(grads.get(name, ())) for name in fn.wrt}
    return Staged(at.point, tuple(flat(one) for one in _outputs(fn, value)), gradients, wrong)


def _all_at_once(search: Search, run: Run, staged: Sequence[Staged], points: Sequence[int]) -> Found:
    """An elementwise program at arrays of all points: their derivatives are those of each point."""
    import numpy as np

    fn = search.fn
    given = {name: np.array([staged[k].point[name] for k in points], float) for name in fn.inputs}
    found = _called(run, given) if given and len(fn.outputs) == 1 else None
    if found is None:
        return {}
    value, grads = found if fn.wrt else (found, {})
    rows = [np.broadcast_to(each, (len(points),)) for each in (value, *(grads[name] for name in fn.wrt))]
    out = {}
    for at, k in enumerate(points):
        numbers = [float(row[at]) for row in rows]
        out[k] = Staged(staged[k].point, ((numbers[0],),), {n: (x,) for n, x in zip(fn.wrt, numbers[1:], strict=True)})
    return out


def _called(run: Run, given: dict[str, Any]) -> Any:
    import numpy as np

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return run(**given)
    except (Passed, *FAILURES):
        return None


def _outputs(fn: Any, value: Any) -> Sequence[Any]:
    return value if len(fn.outputs) > 1 else [value]
