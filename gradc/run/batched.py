"""A loss over batches: `chunk` for some rows, `add` for what two of them give, `finish` for the value and the gradient.

The same three functions serve minibatches, processes, MPI and Dask: what `chunk` gives is a dict of small arrays that
pickles, `add` may be called in any order, and `finish` divides by the number of all rows where there is a mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradc.optimize.batches import Batches, split

State = dict[str, Any]


class Batched:
    """The three functions of a loss over the dimension `dim`; made by `Function.batches`."""

    def __init__(self, fn: Any, dim: str) -> None:
        self.fn, self.dim = fn, dim
        found: Batches = split(fn.dag, dim, fn.wrt, fn.literal)
        make = type(fn)
        rest = (fn.style, fn.names, "numpy", fn.literal)
        self.rows, self.totals, self.counts = found.rows, found.totals, found.counts
        self.inner = make(found.inner, tuple(name for name in fn.wrt if name in found.inner.inputs), *rest)
        shared = tuple(name for name in found.finish.inputs if name in self.totals or name in fn.wrt)
        self.outer = make(found.finish, shared, *rest)
        self._shape = {name: fn.dag.inputs[name].shape for name in found.rows}

    def chunk(self, /, **inputs: Any) -> State:
        """What some rows give: their number, the sums, and the gradient of each sum."""
        import numpy as np

        given = {name: inputs[name] for name in self.inner.inputs}
        values, cache = self.inner.forward(**given)
        values = values if isinstance(values, tuple) else (values,)
        grads = []
        for at in range(len(values)):
            unit = tuple(float(at == k) for k in range(len(values)))
            grads.append(self.inner.backward(cache, unit if len(unit) > 1 else 1.0))
        name = self.rows[0]
        count = np.shape(inputs[name])[self._shape[name].index(self.dim)]
        return {"count": count, "sums": list(values), "grads": grads}

    def add(self, a: State, b: State) -> State:
        """What both of two give."""
        return {
            "count": a["count"] + b["count"],
            "sums": [x + y for x, y in zip(a["sums"], b["sums"], strict=True)],
            "grads": [
                {name: slope + other[name] for name, slope in each.items()}
                for each, other in zip(a["grads"], b["grads"], strict=True)
            ],
        }

    def finish(self, state: State, /, **inputs: Any) -> tuple[Any, dict[str, Any]]:
        """The loss and its gradient, from what all rows gave and the inputs that they share."""
        given = {name: inputs[name] for name in self.outer.inputs if name in inputs}
        given |= dict(zip(self.totals, state["sums"], strict=True))
        if self.counts:
            given[self.dim] = float(state["count"])
        value, slopes = self.outer.value_and_grad(**given)
        grads: dict[str, Any] = {}
        for name in self.fn.wrt:
            parts = [slopes[name]] if name in slopes else []
            parts += [
                slopes[total] * grad[name]
                for total, grad in zip(self.totals, state["grads"], strict=True)
                if name in grad
            ]
            grads[name] = sum(parts[1:], parts[0]) if parts else 0.0
        return value, grads

    def value_and_grad(self, batches: Any, /, **shared: Any) -> tuple[Any, dict[str, Any]]:
        """The whole, from an iterable of batches, each a mapping of the inputs that come in rows."""
        state: State | None = None
        for batch in batches:
            if not isinstance(batch, Mapping):
                raise TypeError("a batch is a mapping from the names of inputs to their rows")
            each = self.chunk(**shared, **batch)
            state = each if state is None else self.add(state, each)
        if state is None:
            raise ValueError("there is no batch")
        return self.finish(state, **shared)


__all__ = ["Batched"]
