"""What `fn.jacobian` and `fn.hessian` give: values, gradient, and blocks of derivatives that make one matrix.

>>> import numpy as np
>>> found = Hessian(5.0, {"x": 4.0, "y": 1.0}, {("x", "x"): 2.0, ("x", "y"): 3.0}, {"x": (), "y": ()})
>>> found.dense()
array([[2., 3.],
       [3., 0.]])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any


class Jacobian:
    """`value`, `blocks` by output and input, {"f": {"x": …}}, and the whole matrix of them.

    A block has the shape output.shape + input.shape; one that is zero by structure is left out. The derivatives of an
    elementwise program are at every point, and `dense()` has the points' axes first.
    """

    def __init__(
        self,
        value: Any,
        blocks: Mapping[str, Mapping[str, Any]],
        inputs: Mapping[str, tuple[int, ...]],
        outputs: Mapping[str, tuple[int, ...]],
        points: tuple[int, ...] = (),
    ) -> None:
        self.value, self.blocks = value, {name: dict(row) for name, row in blocks.items()}
        self._inputs, self._outputs, self._points = inputs, outputs, points

    @property
    def grads(self) -> dict[str, Any]:
        """The gradient of the only output by input; with several outputs those of each are `blocks`."""
        if len(self.blocks) == 1:
            return dict(next(iter(self.blocks.values())))
        raise ValueError("several outputs have a row of blocks each, and no one gradient: take .blocks")

    def dense(self) -> Any:
        """The full matrix: rows are the outputs' elements, columns the flattened inputs' in order."""
        import numpy as np

        rows, columns = _places(self._outputs), _places(self._inputs)
        out = np.zeros(
            (*self._points, _end(rows), _end(columns)), _kind(x for row in self.blocks.values() for x in row.values())
        )
        for f, row in self.blocks.items():
            for x, block in row.items():
                shape = (rows[f].stop - rows[f].start, columns[x].stop - columns[x].start)
                out[..., rows[f], columns[x]] = np.reshape(block, (*self._points, *shape))
        return out

    def sparse(self) -> Any:
        """The same as `scipy.sparse.csr_array`; needs SciPy, and numbers instead of arrays of points."""
        return _csr(self.dense(), self._points)

    def __repr__(self) -> str:
        return f"Jacobian({_end(_places(self._outputs))} x {_end(_places(self._inputs))}, value={self.value!r})"


class Hessian:
    """`value`, `grads`, `blocks` by pairs of inputs in their order, {("x", "y"): …}, and the whole symmetric matrix."""

    def __init__(
        self,
        value: Any,
        grads: Mapping[str, Any],
        blocks: Mapping[tuple[str, str], Any],
        inputs: Mapping[str, tuple[int, ...]],
        points: tuple[int, ...] = (),
    ) -> None:
        self.value, self.grads, self.blocks = value, dict(grads), dict(blocks)
        self._inputs, self._points = inputs, points

    def dense(self) -> Any:
        """The full matrix over the flattened inputs in order."""
        import numpy as np

        places = _places(self._inputs)
        size = _end(places)
        out = np.zeros((*self._points, size, size), _kind(self.blocks.values()))
        for (x, y), block in self.blocks.items():
            shape = (places[x].stop - places[x].start, places[y].stop - places[y].start)
            matrix = np.reshape(block, (*self._points, *shape))
            out[..., places[x], places[y]] = matrix
            if x != y:
                out[..., places[y], places[x]] = np.swapaxes(matrix, -1, -2)
        return out

    def sparse(self) -> Any:
        """The same as `scipy.sparse.csr_array`; needs SciPy, and numbers instead of arrays of points."""
        if self._points:
            raise ValueError("a sparse matrix is that of one point; dense() has those of all")
        import numpy as np
        from scipy.sparse import coo_array

        places, parts = _places(self._inputs), []
        for (x, y), block in self.blocks.items():
            shape = (places[x].stop - places[x].start, places[y].stop - places[y].start)
            matrix = np.reshape(block, shape)
            i, j = np.nonzero(matrix) if matrix.size > 1 else (np.zeros(matrix.size, int), np.zeros(matrix.size, int))
            parts.append((matrix[i, j], i + places[x].start, j + places[y].start))
            if x != y:
                parts.append((matrix[i, j], j + places[y].start, i + places[x].start))
        data, rows, columns = (np.concatenate(each) for each in zip(*parts, strict=True)) if parts else ([], [], [])
        return coo_array((data, (rows, columns)), shape=(_end(places),) * 2).tocsr()

    def __repr__(self) -> str:
        size = _end(_places(self._inputs))
        return f"Hessian({size} x {size}, value={self.value!r})"


def _places(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, slice]:
    """Where each array lies among the elements of all."""
    out, at = {}, 0
    for name, shape in shapes.items():
        out[name] = slice(at, at + prod(shape))
        at += prod(shape)
    return out


def _end(places: Mapping[str, slice]) -> int:
    return max((place.stop for place in places.values()), default=0)


def _kind(blocks: Iterable[Any]) -> Any:
    """The precision that holds all blocks."""
    import numpy as np

    found = [np.asarray(block).dtype for block in blocks]
    return np.result_type(*found) if found else np.dtype(float)


def _csr(dense: Any, points: tuple[int, ...]) -> Any:
    if points:
        raise ValueError("a sparse matrix is that of one point; dense() has those of all")
    from scipy.sparse import csr_array

    return csr_array(dense)


def bound(
    names: Sequence[str], args: tuple[Any, ...], given: Mapping[str, Any], optional: Sequence[str] = ()
) -> list[Any]:
    """Arguments in order, by position or by name; TypeError names what is missing or surplus."""
    wanted = ", ".join(names)
    if len(args) > len(names):
        raise TypeError(f"{len(names)} arguments ({wanted}) expected, {len(args)} given")
    found = dict(zip(names, args, strict=False))
    for name, value in given.items():
        if name not in names:
            raise TypeError(f"no argument '{name}'; {wanted} expected")
        if name in found:
            raise TypeError(f"argument '{name}' given twice, by position and by name")
        found[name] = value
    for name in names:
        if name not in found and name not in optional:
            raise TypeError(f"argument '{name}' is missing; {wanted} expected")
    return [found[name] for name in names if name in found]


__all__ = ["Hessian", "Jacobian", "bound"]
