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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradc.run.matrices import Entries


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
        self.value, self._made = value, {name: dict(row) for name, row in blocks.items()}
        self._inputs, self._outputs, self._points = inputs, outputs, points
        self._entries: Entries | None = None
        self._numbers: Sequence[float] = ()

    @classmethod
    def of(
        cls,
        value: Any,
        entries: Entries,
        numbers: Sequence[float],
        inputs: Mapping[str, tuple[int, ...]],
        outputs: Mapping[str, tuple[int, ...]],
    ) -> Jacobian:
        """The Jacobian of numbers from its entries."""
        found = cls(value, {}, inputs, outputs)
        found._entries, found._numbers = entries, numbers
        return found

    @property
    def blocks(self) -> dict[str, dict[str, Any]]:
        """The derivatives by output and input."""
        if self._entries is not None and not self._made:
            rows, columns, dense = _places(self._outputs), _places(self._inputs), self.dense()
            there = set(zip(*_owners(rows, columns, self._entries), strict=True))
            self._made = {
                f: {
                    x: _block(dense[rows[f], columns[x]], (*self._outputs[f], *self._inputs[x]))
                    for x in columns
                    if (f, x) in there
                }
                for f in rows
            }
        return self._made

    @property
    def grads(self) -> dict[str, Any]:
        """The gradient of the only output by input; with several outputs those of each are `blocks`."""
        if len(self.blocks) == 1:
            return dict(next(iter(self.blocks.values())))
        raise ValueError("several outputs have a row of blocks each, and no one gradient: take .blocks")

    def dense(self) -> Any:
        """The full matrix: rows are the outputs' elements, columns the flattened inputs' in order."""
        import numpy as np

        if self._entries is not None:
            return self._entries.whole(self._numbers)
        rows, columns = _places(self._outputs), _places(self._inputs)
        kind = _kind(block for row in self.blocks.values() for block in row.values())
        out = np.zeros((*self._points, _end(rows), _end(columns)), kind)
        for f, row in self.blocks.items():
            for x, block in row.items():
                shape = (rows[f].stop - rows[f].start, columns[x].stop - columns[x].start)
                out[..., rows[f], columns[x]] = np.reshape(block, (*self._points, *shape))
        return out

    def sparse(self) -> Any:
        """The same as `scipy.sparse.csr_array`; needs SciPy, and numbers instead of arrays of points."""
        if self._entries is None:
            return _csr(self.dense(), self._points)
        from scipy.sparse import coo_array

        found = self._entries
        return coo_array((found.values(self._numbers), (found.rows, found.columns)), found.shape).tocsr()

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
        self.value, self.grads, self._made = value, dict(grads), dict(blocks)
        self._inputs, self._points = inputs, points
        self._entries: Entries | None = None
        self._numbers: Sequence[float] = ()

    @classmethod
    def of(
        cls,
        value: Any,
        grads: Mapping[str, Any],
        entries: Entries,
        numbers: Sequence[float],
        inputs: Mapping[str, tuple[int, ...]],
    ) -> Hessian:
        """The Hessian of numbers from the entries of its upper triangle."""
        found = cls(value, grads, {}, inputs)
        found._entries, found._numbers = entries, numbers
        return found

    @property
    def blocks(self) -> dict[tuple[str, str], Any]:
        """The second derivatives by pairs of inputs, the upper triangle of them."""
        if self._entries is not None and not self._made:
            places, dense = _places(self._inputs), self.dense()
            there = set(zip(*_owners(places, places, self._entries), strict=True))
            names = list(places)
            self._made = {
                (x, y): _block(dense[places[x], places[y]], (*self._inputs[x], *self._inputs[y]))
                for at, x in enumerate(names)
                for y in names[at:]
                if (x, y) in there
            }
        return self._made

    def dense(self) -> Any:
        """The full matrix over the flattened inputs in order."""
        import numpy as np

        if self._entries is not None:
            return self._entries.whole(self._numbers)
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
        if self._entries is not None:
            upper, lower = np.array(self._entries.rows, int), np.array(self._entries.columns, int)
            values = self._entries.values(self._numbers)
            off = np.not_equal(upper, lower)
            data = np.concatenate([values, values[off]])
            at = np.concatenate([upper, lower[off]]), np.concatenate([lower, upper[off]])
            return coo_array((data, at), shape=(_end(places),) * 2).tocsr()
        for (x, y), block in self.blocks.items():
            shape = (places[x].stop - places[x].start, places[y].stop - places[y].start)
            matrix = np.reshape(block, shape)
            i, j = np.nonzero(matrix) if matrix.size > 1 else (np.zeros(matrix.size, int), np.zeros(matrix.size, int))
            parts.append((matrix[i, j], i + places[x].start, j + places[y].start))
            if x != y:
                parts.append((matrix[i, j], j + places[y].start, i + places[x].start))
        if not parts:
            return coo_array((_end(places),) * 2).tocsr()
        found, rows, columns = (np.concatenate(each) for each in zip(*parts, strict=True))
        return coo_array((found, (rows, columns)), shape=(_end(places),) * 2).tocsr()

    def __repr__(self) -> str:
        size = _end(_places(self._inputs))
        return f"Hessian({size} x {size}, value={self.value!r})"


def symmetric(block: Any) -> Any:
    """A block of one input with itself, the same on both sides of its diagonal to the last bit."""
    import numpy as np

    if not np.ndim(block):
        return block
    side = prod(np.shape(block)[: np.ndim(block) // 2])
    matrix = np.reshape(block, (side, side))
    return (np.triu(matrix) + np.triu(matrix, 1).T).reshape(np.shape(block))


def _owners(rows: Mapping[str, slice], columns: Mapping[str, slice], entries: Entries) -> tuple[list[str], list[str]]:
    """Whose elements the entries stand between."""
    return _names_at(rows, entries.rows), _names_at(columns, entries.columns)


def _names_at(places: Mapping[str, slice], at: Sequence[int]) -> list[str]:
    names = [name for name, place in places.items() for _ in range(place.start, place.stop)]
    return [names[each] for each in at]


def _block(part: Any, shape: tuple[int, ...]) -> Any:
    return part.reshape(shape).copy() if shape else float(part[0, 0])


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


__all__ = ["Hessian", "Jacobian", "symmetric"]
