"""Calls of an elementwise program in which some inputs are numbers, the same for all points.

What hangs on the numbers alone is computed once, where that leaves clearly less to do at every point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gradc.base.records import NamedTuple
from gradc.graph.dag import reachable
from gradc.run.engine import Compiled
from gradc.run.functions import (
    load,
)

if TYPE_CHECKING:
    pass


# Calls of numbers with arrays of so many elements are staged, if that leaves at most this share of the operations.
WORTH_STAGING, LESS_WORK = 2048, 0.9


class Parts(NamedTuple):
    """A program's kernels for calls in which some inputs are numbers, which are the same for all points."""

    text: str
    run: Callable[..., Any]
    of_numbers: Callable[..., Sequence[Any]]
    at: tuple[bool, ...]  # which inputs are numbers
    needed: tuple[int, ...]  # and which of them the values that the points read hang on

    def given(self, bound: Sequence[Any]) -> tuple[list[Any], Sequence[Any]]:
        """The points, and what the kernels take of the numbers."""
        import numpy as np

        points = [x for x, number in zip(bound, self.at, strict=True) if not number]
        with np.errstate(all="ignore"):
            made = self.of_numbers(*[np.float64(bound[at]) for at in self.needed])
        return points, made


Apart = dict[tuple[tuple[bool, ...], bool], "Parts | None"]


def apart_of(fn: Compiled, wrt: Sequence[str], bound: Sequence[Any], apart: Apart, upstream: bool) -> Parts | None:
    """The kernels for such a call, if it is large and they have clearly less to do at every point."""
    import numpy as np

    at = tuple([type(x) is float for x in bound])
    arrays = [x for x, number in zip(bound, at, strict=True) if not number]
    if not any(at) or not all(type(x) is np.ndarray and x.dtype == np.float64 and x.ndim for x in arrays):
        return None
    if max((x.size for x in arrays), default=0) < WORTH_STAGING or len(fn.dag.outputs) > 1 or fn.shadows:
        return None
    if (at, upstream) not in apart:
        apart[at, upstream] = _staged(fn, wrt, at, upstream)
    return apart[at, upstream]


def _staged(fn: Compiled, wrt: Sequence[str], at: tuple[bool, ...], upstream: bool) -> Parts | None:
    from gradc.emit.blocks import emit_staged
    from gradc.optimize import optimize
    from gradc.plan.staged import staged

    numbers = [name for name, number in zip(fn.inputs, at, strict=True) if number]
    parts = staged(fn.dag, numbers, wrt)
    if parts is None or {"out", "threads", "df"}.intersection(parts.points.inputs):
        return None
    live = {*reachable(fn.dag.roots)}
    if not all(fn.dag.inputs[name] in live for name in fn.inputs if name not in numbers):
        return None
    costs = [
        optimize(dag, wrt, literal=fn.literal, arrays=True, chain=chain).cost
        for dag, chain in ((parts.points, parts.chain), (fn.dag, {}))
    ]
    if costs[0] > LESS_WORK * costs[1]:
        return None
    text = emit_staged(parts, wrt, fn.literal, upstream)
    module = load(text)
    order = list(fn.inputs)
    needed = tuple([order.index(name) for name in parts.numbers.inputs])
    return Parts(text, module.value_and_grad, module.of_numbers, at, needed)
