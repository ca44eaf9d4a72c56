"""Elementwise programs that make lists of their inputs, over arrays: a list has axes of its own at every point.

What reduces a list reduces it and not the points, so the passes run at each point by itself; the axes of a list come
before those of the points in what is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradc.base.records import NamedTuple


class Cache(NamedTuple):
    """What `backward` needs of every point, in order; the shape of the points, and the precision of the result."""

    shape: tuple[int, ...]
    kind: Any
    points: tuple[Any, ...]


class OverPoints:
    """The passes of such a program, made of those of its module, which take numbers."""

    def __init__(
        self,
        forward: Callable[..., tuple[Any, Any]],
        backward: Callable[..., dict[str, Any]],
        shapes: Sequence[tuple[int, ...]],
        wrt: Sequence[str],
    ) -> None:
        self.one_forward, self.one_backward, self.shapes, self.wrt = forward, backward, tuple(shapes), tuple(wrt)

    def forward(self, *inputs: Any) -> tuple[Any, Cache]:
        """The value at each point, and what backward needs."""
        import numpy as np

        arrays = list(map(np.asarray, inputs))
        arrays = [each if each.dtype.kind == "f" else each.astype(float) for each in arrays]
        weak = [type(given) in (int, float, bool) for given in inputs]
        kind = np.result_type(*(each for each, own in zip(arrays, weak, strict=True) if not own))
        arrays = [each.astype(kind) if own else each for each, own in zip(arrays, weak, strict=True)]
        shape = np.broadcast_shapes(*(each.shape for each in arrays))
        flat = [np.broadcast_to(each, shape).reshape(-1) for each in arrays]
        results = [self.one_forward(*(each[at] for each in flat)) for at in range(flat[0].size)]
        values = [value if len(self.shapes) > 1 else (value,) for value, _ in results]
        out = []
        for which, own in enumerate(self.shapes):
            rows = [value[which] for value in values]
            joined = np.stack(rows, axis=-1) if rows else np.empty((*own, 0), kind)
            out.append(joined.astype(kind, copy=False).reshape(own + shape))
        return tuple(out) if len(out) > 1 else out[0], Cache(shape, kind, tuple(cache for _, cache in results))

    def backward(self, cache: Cache, df: Any) -> dict[str, Any]:
        """The gradient at each point, contracted with df, which is a number or has the shape of the value."""
        import numpy as np

        given = df if len(self.shapes) > 1 else (df,)
        given = [np.asarray(each, cache.kind) for each in given]
        flat = [
            np.broadcast_to(each, own + cache.shape).reshape((*own, len(cache.points)))
            for each, own in zip(given, self.shapes, strict=True)
        ]
        rows = []
        for at, point in enumerate(cache.points):
            here = tuple([each[..., at] for each in flat])
            rows.append(self.one_backward(point, here if len(here) > 1 else here[0]))
        return {name: _joined([row[name] for row in rows], cache.shape) for name in self.wrt}


def _joined(numbers: Sequence[Any], shape: tuple[int, ...]) -> Any:
    import numpy as np

    return np.array(numbers, dtype=None if numbers else float).reshape(shape)


__all__ = ["Cache", "OverPoints"]
