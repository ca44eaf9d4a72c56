"""One parameter vector for solvers that want one: `fn.flat(...)`.

>>> import gradc, numpy as np
>>> loss = gradc.compile("a: [2]; X: [n, 2]; y: [n]\\nsum((X @ a + b - y)**2)")
>>> flat = loss.flat(["a", "b"], X=[[1.0, 2.0], [3.0, 4.0]], y=[1.0, 2.0])
>>> flat.size, flat.pack(a=[1.0, 2.0], b=3.0)
(3, array([1., 2., 3.]))
>>> flat.value(np.array([0.0, 0.5, 0.0])), flat.hessian(np.zeros(3)).shape
(0.0, (3, 3))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from gradc.base.errors import GradcError
from gradc.graph.dag import Shape
from gradc.graph.shapes import Dim, evaluated, names_in, show
from gradc.run.engines import of_vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gradc.run.matrices import Kernel

    Vector = NDArray[np.float64]


_DOUBLE = np.dtype(float)
_BOTH = "value_and_grad"


class Flat:
    """A function of one vector: the inputs in `wrt`, flattened one after the other; the others are held at their data.

    `value(p)` is a float, or the flattened outputs where these are no single number; `jacobian(p)` has a row for each
    of them. `grad`, `value_and_grad`, `hvp(p, v)` and `hessian(p)` are for one number. Every method takes further
    data by name, which counts for that call: `value(p, t=0.5)`.
    """

    def __init__(self, fn: Any, wrt: Sequence[str], like: Mapping[str, ArrayLike], data: Mapping[str, Any]) -> None:
        self.fn = fn
        self.wrt = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        self._names_are_inputs(like, data)
        usual = {name: float(text) for name, text in fn.dag.defaults.items() if name not in self.wrt}
        self.data = {**usual, **{name: _as_given(value) for name, value in data.items()}}
        self.shapes = self._shapes(like)
        self.places: dict[str, slice] = {}
        at = 0
        for name in self.wrt:
            self.places[name] = slice(at, at + prod(self.shapes[name]))
            at = self.places[name].stop
        self.size = at
        self._in_order = [name for name in fn.inputs if name in self.places]
        self._order = [fn.inputs.index(name) for name in self.wrt]
        self._base = [self.data.get(name) for name in fn.inputs]
        self._incomplete = any(name not in self.places and name not in self.data for name in fn.inputs)
        self._numbers = not any(self.shapes.values())
        self._whole = self._numbers and self._order == [*range(len(fn.inputs))]
        self._rows = len(fn.outputs)
        self._one = len(fn.outputs) == 1 and not fn.shapes[fn.outputs[0]]

    def _names_are_inputs(self, like: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        known = ", ".join(f"'{name}'" for name in self.fn.inputs)
        for name in (*self.wrt, *like, *data):
            if name not in self.fn.inputs:
                raise GradcError(f"no input '{name}'", hint=f"inputs are {known}")
        for name in self.wrt:
            if name in data:
                raise GradcError(f"'{name}' is in wrt, and given as data", hint="leave it out of one of them")

    def _shapes(self, like: Mapping[str, ArrayLike]) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter: as declared, its named sizes from the data, or from an array like it."""
        declared = self.fn.shapes
        given = {**{name: np.shape(value) for name, value in self.data.items()}}
        given |= {name: np.shape(value) for name, value in like.items()}
        if not self.fn.dag.declared:
            return {name: tuple(given.get(name, ())) for name in self.wrt}
        sizes: dict[str, int] = {}
        for name, shape in given.items():
            sizes |= {
                dim: size
                for dim, size in zip(declared[name], shape, strict=False)
                if isinstance(dim, str) and dim.isidentifier()
            }
        return {
            name: tuple(self._size(dim, sizes, name, declared[name]) for dim in declared[name]) for name in self.wrt
        }

    def _size(self, dim: Dim, sizes: Mapping[str, int], name: str, shape: Shape) -> int:
        missing = [each for each in names_in(dim) if each not in sizes]
        if missing:
            raise GradcError(
                f"the size '{missing[0]}' of '{name}' of shape {show(shape)} is not known from the data",
                hint=f"give an array like it: like={{'{name}': ...}}",
            )
        return evaluated(dim, sizes)

    # ---- vectors and inputs --------------------------------------------------------------------

    def pack(self, values: Mapping[str, ArrayLike] | None = None, /, **more: ArrayLike) -> Vector:
        """The vector of parameters, given by name."""
        given = {**(values or {}), **more}
        out = np.empty(self.size)
        for name, place in self.places.items():
            if name not in given:
                raise TypeError(f"parameter '{name}' is missing; {', '.join(self.wrt)} expected")
            value = np.asarray(given.pop(name), dtype=float)
            if value.shape != self.shapes[name]:
                raise ValueError(f"{name}: shape {show(self.shapes[name])} is expected, not {value.shape}")
            out[place] = value.ravel()
        for name in given:
            raise TypeError(f"no parameter '{name}'; {', '.join(self.wrt)} expected")
        return out

    def unpack(self, p: ArrayLike) -> dict[str, Any]:
        """The parameters by name: floats, and arrays of their own."""
        vector = self._vector(p)
        return {
            name: vector[place].reshape(self.shapes[name]).copy() if self.shapes[name] else float(vector[place.start])
            for name, place in self.places.items()
        }

    def _vector(self, p: Any) -> Any:
        if type(p) is not np.ndarray or p.dtype is not _DOUBLE or p.shape != (self.size,):
            p = np.asarray(p, dtype=float)
            if p.shape != (self.size,):
                raise ValueError(
                    f"a vector of {self.size} parameters ({self._listed()}) is expected, not shape {p.shape}"
                )
        return p

    def _listed(self) -> str:
        return ", ".join(f"{name}{show(shape)}" if shape else name for name, shape in self.shapes.items())

    def _arguments(self, p: Any, data: Mapping[str, Any]) -> list[Any]:
        """All inputs of the function, in its order."""
        p = self._vector(p)
        out = self._base.copy()
        if self._numbers:
            for at, number in zip(self._order, p.tolist(), strict=True):
                out[at] = number
        else:
            for at, (name, place) in zip(self._order, self.places.items(), strict=True):
                shape = self.shapes[name]
                out[at] = p[place].reshape(shape) if shape else float(p[place.start])
        for name, value in data.items():
            if name not in self.fn.inputs or name in self.places:
                raise TypeError(f"no data '{name}'")
            out[self.fn.inputs.index(name)] = value
        if self._incomplete and any(each is None for each in out):
            missing = next(name for name, each in zip(self.fn.inputs, out, strict=True) if each is None)
            raise TypeError(f"input '{missing}' is missing: it is neither in wrt nor given as data")
        return out

    def _packed(self, grads: Mapping[str, Any]) -> Vector:
        """A gradient by name as a vector."""
        if self._numbers:
            return np.array([grads[name] for name in self.wrt], dtype=float)
        out = np.empty(self.size)
        for name, place in self.places.items():
            out[place] = np.ravel(grads[name])
        return out

    # ---- functions of the vector ---------------------------------------------------------------

    def __call__(self, p: ArrayLike, **data: Any) -> Any:
        """The value."""
        return self.value(p, **data)

    def value(self, p: ArrayLike, **data: Any) -> Any:
        """The value: a float; or the outputs, flattened one after the other."""
        return self._flattened(self.fn(*self._arguments(p, data)))

    def _flattened(self, value: Any) -> Any:
        if len(self.fn.outputs) > 1:
            return np.concatenate([np.ravel(each) for each in value])
        return np.ravel(value) if np.ndim(value) else float(value)

    def grad(self, p: ArrayLike, **data: Any) -> Vector:
        """The gradient of the value."""
        both: tuple[float, Vector] = self.value_and_grad(p, **data)
        return both[1]

    @cached_property
    def value_and_grad(self) -> Callable[..., tuple[float, Vector]]:
        """value_and_grad(p): the value and its gradient, as `scipy.optimize.minimize(…, jac=True)` takes them."""
        general, call = self._value_and_grad, self.fn.value_and_grad
        at, size = self._order, self.size
        if not self._one or self._incomplete or not at or self.fn.wrt != self.wrt:
            return general
        if self._numbers and len(at) == len(self.fn.inputs) and (lines := of_vector(self.fn, _BOTH, self.wrt, general)):
            return lines
        in_a_row = at == [*range(at[0], at[0] + len(at))]
        before, after, shape = self._base[: at[0]], self._base[at[-1] + 1 :], (size,)
        vector, double = np.ndarray, np.dtype(float)
        if self._numbers and in_a_row:

            def of_numbers(p: ArrayLike, **data: Any) -> tuple[float, Vector]:
                if data or type(p) is not vector or p.dtype is not double or p.shape != shape:
                    return general(p, **data)
                value, grads = call(*before, *p.tolist(), *after)
                if type(value) is not float:
                    return general(p)
                return value, np.fromiter(grads.values(), double, size)

            return of_numbers
        if len(self.wrt) == 1 and len(self.shapes[self.wrt[0]]) == 1:
            (name,) = self.wrt

            def of_one_vector(p: ArrayLike, **data: Any) -> tuple[float, Vector]:
                if data or type(p) is not vector or p.dtype is not double or p.shape != shape:
                    return general(p, **data)
                value, grads = call(*before, p, *after)
                return float(value), grads[name]

            return of_one_vector
        base = self._base
        places = [(i, name, self.places[name], self.shapes[name]) for i, name in zip(at, self.wrt, strict=True)]

        def of_arrays(p: ArrayLike, **data: Any) -> tuple[float, Vector]:
            if data or type(p) is not vector or p.dtype is not double or p.shape != shape:
                return general(p, **data)
            given = base.copy()
            for i, _, place, dims in places:
                given[i] = p[place].reshape(dims) if dims else float(p[place.start])
            value, grads = call(*given)
            out = np.empty(size)
            for _, name, place, dims in places:
                out[place] = grads[name].ravel() if dims else grads[name]
            return float(value), out

        return of_arrays

    def _value_and_grad(self, p: ArrayLike, **data: Any) -> tuple[float, Vector]:
        if not self._one:
            raise self._no_number()
        value, grads = self.fn.value_and_grad(*self._arguments(p, data))
        if getattr(value, "shape", ()):
            raise self._no_number(value.shape)
        return float(value), self._packed(grads)

    def hvp(self, p: ArrayLike, v: ArrayLike, **data: Any) -> Vector:
        """The Hessian at p times v."""
        if not self._one:
            raise self._no_number()
        along = self._vector(v)
        lines = self._lines("hvp")
        if lines is not None:
            kernel, at = lines
            if self._whole and not data:
                found = kernel.of([*self._vector(p).tolist(), *along.tolist()])
            else:
                found = kernel([*self._arguments(p, data), *self._dots(along)])
            if found is not None:
                out = np.zeros(self.size)
                out[at] = found[2]
                return out
        value, _, curves = self.fn.hvp(*self._arguments(p, data), *self._dots(along))
        if getattr(value, "shape", ()):
            raise self._no_number(value.shape)
        return self._packed(curves)

    def _dots(self, along: Any) -> list[Any]:
        """A direction as the tangents of the inputs, in the order of the inputs."""
        dots: list[Any] = []
        for name in self._in_order:
            part, shape = along[self.places[name]], self.shapes[name]
            dots.append(part.reshape(shape) if shape else float(part[0]))
        return dots

    def hessian(self, p: ArrayLike, **data: Any) -> NDArray[np.float64]:
        """The Hessian, a symmetric matrix."""
        if not self._one:
            raise self._no_number()
        lines = self._lines("hessian")
        if lines is not None and (numbers := self._by_lines(lines[0], p, data)) is not None:
            return lines[1].whole(numbers[2])  # type: ignore[no-any-return]
        found = self.fn.hessian(*self._arguments(p, data))
        if getattr(found.value, "shape", ()):
            raise self._no_number(found.value.shape)
        out = np.zeros((self.size, self.size))
        for (x, y), block in found.blocks.items():
            one, other = self.places[x], self.places[y]
            matrix = np.reshape(block, (one.stop - one.start, other.stop - other.start))
            out[one, other] = matrix
            if x != y:
                out[other, one] = matrix.T
        return out

    def jacobian(self, p: ArrayLike, **data: Any) -> NDArray[np.float64]:
        """The derivatives of the flattened outputs, a row each, by the parameters."""
        lines = self._lines("jacobian")
        if lines is not None and (numbers := self._by_lines(lines[0], p, data)) is not None:
            return lines[1].whole(numbers[2])  # type: ignore[no-any-return]
        found = self.fn.jacobian(*self._arguments(p, data))
        values = found.value if len(self.fn.outputs) > 1 else (found.value,)
        rows = []
        for value, blocks in zip(values, found.blocks.values(), strict=True):
            part = np.zeros((np.size(value), self.size))
            for name, block in blocks.items():
                place = self.places[name]
                part[:, place] = np.reshape(block, (np.size(value), place.stop - place.start))
            rows.append(part)
        return np.concatenate(rows)

    def _lines(self, mode: str) -> tuple[Kernel, Any] | None:
        """A mode's straight lines without value and gradient, and where what they give stands among the parameters."""
        if mode not in self._made:
            kernel = self.fn.kernel(mode, alone=True)
            self._made[mode] = None
            if kernel is not None:
                own = [at for x in kernel.wrt for at in range(self.places[x].start, self.places[x].stop)]
                if mode == "hvp":
                    self._made[mode] = kernel, [own[kernel.slots[leaf]] for leaf, _ in kernel.found]
                else:
                    self._made[mode] = kernel, kernel.entries.reordered(own)
        return self._made[mode]

    def _by_lines(self, kernel: Kernel, p: ArrayLike, data: Mapping[str, Any]) -> Any:
        """What straight lines give at a vector; None where they do not take it."""
        if self._whole and not data:
            return kernel.of(self._vector(p).tolist())
        return kernel(self._arguments(p, data))

    @cached_property
    def _made(self) -> dict[str, tuple[Kernel, Any] | None]:
        return {}

    def _no_number(self, shape: Sequence[int] = ()) -> Exception:
        names = ", ".join(self.fn.outputs)
        what = f"has shape {show(tuple(shape))}" if shape else "is not one number"
        return GradcError(
            f"the value ({names}) {what}: it has no gradient",
            hint="take its jacobian, as least_squares and root do, or compile its sum",
        )

    def __repr__(self) -> str:
        return f"Flat({self._listed()}; {self.size} in all)"


def _as_given(value: Any) -> Any:
    """Data as arrays once, and not at each call."""
    return value if isinstance(value, (int, float, np.ndarray, np.generic)) else np.asarray(value)


__all__ = ["Flat"]
