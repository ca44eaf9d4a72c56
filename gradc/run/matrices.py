"""The derivatives of programs of numbers, called as one function of straight lines.

>>> from gradc.language import parse
>>> kernel = Kernel(parse("x: [3]; y\\nx[0]*x[1]*y"), ["x", "y"], "hessian")
>>> kernel.columns, kernel.rows
([1, 3, 3], [0, 0, 1])
>>> kernel([np.array([1.0, 2.0, 3.0]), 4.0])
(8.0, (8.0, 4.0, 2.0), (4.0, 2.0, 1.0))
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gradc.emit.calls import by_elements
from gradc.emit.matrices import kernel_text
from gradc.graph.dag import Dag
from gradc.optimize.second import DOT, Blocks, hessian, jacobian, product
from gradc.run.functions import FAILURES, load

_DOUBLE = np.dtype(float)
_FLOATS = {float}


class Kernel:
    """A mode of a program of numbers, or of one that takes its arrays element by element.

    Called with the inputs in order (and the tangents of those in `wrt`, for a product), it gives value, gradient and
    entries as tuples of floats; None where something given is no float or array of them, or leaves a function's domain.
    `rows` and `columns` say where the entries stand in the matrix over the flattened inputs (and outputs).
    """

    def __init__(self, dag: Dag, wrt: Sequence[str], mode: str, literal: bool = False) -> None:
        found = by_elements(dag)
        if found is None:
            raise ValueError("a program of whole arrays")
        numbers, elements = found
        self.read = {each.name: each for each in elements}
        self.wrt = [name for name in dag.inputs if name in wrt]
        self.shapes: dict[str, tuple[int, ...]] = {
            name: tuple(int(dim) for dim in dag.dims.resolve(node.shape)) for name, node in dag.inputs.items()
        }
        self.leaves = self._leaves(self.wrt)
        names = [leaf for leaf, _ in self.leaves]
        blocks = _MODES[mode](numbers, names, literal)
        params = [leaf for leaf, _ in self._leaves(list(dag.inputs))]
        if mode in ("jvp", "hvp"):
            params += [f"{leaf} {DOT}" for leaf in names]
        self.given = [*dag.inputs, *(self.wrt if mode in ("jvp", "hvp") else ())]
        self.slots = dict(self.leaves)
        self.found = list(blocks.blocks)
        self._dotted = [name for name, _ in self.found]
        outputs = {name: at for at, (name, _) in enumerate(dag.outputs)}
        first = outputs if mode == "jacobian" else self.slots
        self.rows = [first[one] for one, _ in self.found] if mode in ("jacobian", "hessian") else []
        self.columns = [self.slots[other] for _, other in self.found] if mode in ("jacobian", "hessian") else []
        self.size = sum(prod(self.shapes[name]) for name in self.wrt)
        self.function: Callable[..., Any] = getattr(load(kernel_text(mode, blocks, params)), mode)

    def _leaves(self, names: Sequence[str]) -> list[tuple[str, int]]:
        """The numbers that are read of inputs, each with its place among all elements of these inputs."""
        out, start = [], 0
        for name in names:
            if self.shapes[name]:
                out += [(leaf, start + at) for at, leaf in self.read[name].read]
            else:
                out.append((name, start))
            start += prod(self.shapes[name])
        return out

    def __call__(self, given: Sequence[Any]) -> tuple[Any, tuple[float, ...], tuple[float, ...]] | None:
        if not self.read and {*map(type, given)} == _FLOATS:
            return self.of(given)
        numbers: list[float] = []
        for name, value in zip(self.given, given, strict=True):
            if name in self.read:
                if type(value) is not np.ndarray or value.dtype is not _DOUBLE or value.shape != self.shapes[name]:
                    return None
                flat = value.ravel().tolist()
                numbers += [flat[at] for at, _ in self.read[name].read]
            elif type(value) is float:
                numbers.append(value)
            elif type(value) is int or (isinstance(value, float) and type(value) is np.float64):
                numbers.append(float(value))
            else:
                return None
        return self.of(numbers)

    def of(self, numbers: Sequence[float]) -> tuple[Any, tuple[float, ...], tuple[float, ...]] | None:
        """The same of all numbers in one list."""
        try:
            return self.function(*numbers)  # type: ignore[no-any-return]
        except FAILURES:
            return None

    def by_input(self, values: Mapping[str, float]) -> dict[str, Any]:
        """Numbers by leaf as what they are by input: numbers and arrays."""
        out: dict[str, Any] = {}
        if not self.read:
            return {name: values.get(name, 0.0) for name in self.wrt}
        for name in self.wrt:
            if not self.shapes[name]:
                out[name] = values.get(name, 0.0)
                continue
            flat = np.zeros(prod(self.shapes[name]))
            for at, leaf in self.read[name].read:
                flat[at] = values.get(leaf, 0.0)
            out[name] = flat.reshape(self.shapes[name])
        return out

    def gradient(self, grads: Sequence[float]) -> dict[str, Any]:
        """The gradient by input."""
        if not self.read:
            return dict(zip(self.wrt, grads, strict=True))
        return self.by_input({leaf: value for (leaf, _), value in zip(self.leaves, grads, strict=True)})

    def tangents(self, entries: Sequence[float]) -> dict[str, float]:
        """What a product gives, by output or by number of the inputs."""
        return dict(zip(self._dotted, entries, strict=True))

    def symmetric(self, entries: Sequence[float]) -> Any:
        """A Hessian's entries as the whole matrix."""
        out = np.zeros((self.size, self.size))
        out[self.rows, self.columns] = entries
        out[self.columns, self.rows] = entries
        return out

    def matrix(self, entries: Sequence[float], outputs: int) -> Any:
        """A Jacobian's entries as the whole matrix."""
        out = np.zeros((outputs, self.size))
        out[self.rows, self.columns] = entries
        return out


def packed(numbers: Sequence[float]) -> Any:
    """Many floats as an array, in a fraction of the time that NumPy takes for a tuple of them."""
    return np.frombuffer(array("d", numbers))


def one_number(
    name: str, kernel: Kernel, given_as: Callable[[Any], Any], general: Callable[..., Any]
) -> Callable[..., Any]:
    """A product's function that runs the lines at once on floats, and goes the general way for all else."""
    lines, count, floats = kernel.function, len(kernel.given), {float}

    def direct(*args: Any, **given: Any) -> Any:
        if given or len(args) != count or {*map(type, args)} != floats:
            return general(*args, **given)
        try:
            found = lines(*args)
        except FAILURES:
            return general(*args)
        return given_as(found)

    direct.__name__ = direct.__qualname__ = name
    return direct


def kernel_of(dag: Dag, wrt: Sequence[str], mode: str, literal: bool = False) -> Kernel | None:
    """The kernel of a mode; None for a program of whole arrays."""
    return Kernel(dag, wrt, mode, literal) if by_elements(dag) is not None else None


def _product(second: bool) -> Callable[[Dag, Sequence[str], bool], Blocks]:
    return lambda dag, wrt, literal: product(dag, wrt, literal=literal, second=second)


_MODES: dict[str, Callable[[Dag, Sequence[str], bool], Blocks]] = {
    "jvp": _product(False),
    "hvp": _product(True),
    "jacobian": lambda dag, wrt, literal: jacobian(dag, wrt, literal=literal),
    "hessian": lambda dag, wrt, literal: hessian(dag, wrt, literal=literal),
}
