"""The derivatives of programs of numbers, called as one function of straight lines.

>>> from gradc.language import parse
>>> kernel = Kernel(parse("x: [3]; y\\nx[0]*x[1]*y"), ["x", "y"], "hessian")
>>> kernel([np.array([1.0, 2.0, 3.0]), 4.0])
(8.0, (8.0, 4.0, 2.0), (4.0, 2.0, 1.0))
>>> kernel.entries.columns, kernel.entries.rows
([1, 3, 3], [0, 0, 1])
>>> kernel.entries.whole((4.0, 2.0, 1.0))[1]
array([4., 0., 0., 1.])
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from gradc.emit.calls import by_elements
from gradc.emit.matrices import kernel_text
from gradc.graph.dag import Dag, Node
from gradc.ops.scalar import const
from gradc.optimize.second import DOT, Blocks, Pair, hessian, jacobian, product
from gradc.plan.modes import order_of
from gradc.rewrite.simplify import number
from gradc.run.functions import FAILURES, load

_DOUBLE = np.dtype(float)
_FLOATS = {float}


class Entries:
    """The non-zeros of a matrix, by the numbers that a call computes: each of these once, and no constant.

    `rows` and `columns` say where they stand; of a symmetric matrix they are those of the upper triangle.
    """

    def __init__(
        self,
        places: Sequence[tuple[int, int]],
        nodes: Sequence[Node],
        shape: tuple[int, int],
        symmetric: bool = False,
    ) -> None:
        self.rows, self.columns = [row for row, _ in places], [column for _, column in places]
        self.shape, self.symmetric = shape, symmetric
        slot: dict[Node, int] = {}
        for node in nodes:
            if node.op is not const:
                slot.setdefault(node, len(slot))
        self.source = [slot.get(node, -1) for node in nodes]  # -1: a constant
        self.constants = [number(node) if node.op is const else 0.0 for node in nodes]
        self.pack = struct.Struct(f"{len(slot)}d").pack

    def reordered(self, own: Sequence[int]) -> Entries:
        """The same where the inputs' elements stand elsewhere: the one at `i` at `own[i]`."""
        out = copy(self)
        out.columns = [own[at] for at in self.columns]
        out.rows = [own[at] for at in self.rows] if self.symmetric else self.rows
        out.__dict__.pop("_flat", None)
        return out

    @cached_property
    def _flat(self) -> tuple[Any, Any, Any, Any]:
        """Where the computed entries stand in the flattened matrix, which numbers these are, and the constant ones."""
        at = np.array(self.rows, int) * self.shape[1] + np.array(self.columns, int)
        source, constants = np.array(self.source, int), np.array(self.constants)
        if self.symmetric:
            off = np.not_equal(self.rows, self.columns)
            lower = np.array(self.columns, int) * self.shape[1] + np.array(self.rows, int)
            at = np.concatenate([at, lower[off]])
            source, constants = (np.concatenate([each, each[off]]) for each in (source, constants))
        live = source >= 0
        taken = None if np.array_equal(source[live], np.arange(live.sum())) else source[live]
        fixed = (at[~live], constants[~live]) if not live.all() else None
        return at[live], taken, fixed, self.shape[0] * self.shape[1]

    def whole(self, numbers: Sequence[float]) -> Any:
        """The matrix of these numbers."""
        at, taken, fixed, size = self._flat
        out = np.zeros(size)
        values = np.frombuffer(self.pack(*numbers))
        out[at] = values if taken is None else values[taken]
        if fixed is not None:
            out[fixed[0]] = fixed[1]
        return out.reshape(self.shape)

    def values(self, numbers: Sequence[float]) -> Any:
        """The entries, in the order of `rows` and `columns`."""
        computed = np.array([*numbers, 0.0])[self.source]
        return np.where(np.less(self.source, 0), self.constants, computed)


class Kernel:
    """A mode of a program of numbers, or of one that takes its arrays element by element.

    Called with the inputs in order (and the tangents of those in `wrt`, for a product), it gives value, gradient and
    entries as tuples of floats; None where something given is no float or array of them, or leaves a function's domain.
    `entries` says what the last of them are in a matrix over the flattened inputs (and outputs). With `alone` the
    entries are all that is computed: value and gradient are no part of what is given.
    """

    def __init__(self, dag: Dag, wrt: Sequence[str], mode: str, literal: bool = False, alone: bool = False) -> None:
        found = by_elements(dag, order_of(mode))
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
        self.size = sum(prod(self.shapes[name]) for name in self.wrt)
        self.inputs = {name: self.shapes[name] for name in self.wrt}
        self.outputs: dict[str, tuple[int, ...]] = {name: () for name, _ in dag.outputs}
        if mode in ("jacobian", "hessian"):
            first = {name: at for at, (name, _) in enumerate(dag.outputs)} if mode == "jacobian" else self.slots
            places = [(first[one], self.slots[other]) for one, other in self.found]
            shape = (len(first) if mode == "jacobian" else self.size, self.size)
            self.entries = Entries(places, list(blocks.blocks.values()), shape, mode == "hessian")
            blocks = _each_once(blocks)
        self.text = kernel_text(mode, _alone(blocks) if alone else blocks, params)
        self.function: Callable[..., Any] = getattr(load(self.text), mode)

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


def _each_once(blocks: Blocks) -> Blocks:
    """Blocks without constants and without those that another one is."""
    pairs: dict[Node, Pair] = {}
    for pair, node in blocks.blocks.items():
        if node.op is not const:
            pairs.setdefault(node, pair)
    return _of(blocks, blocks.grads, {pair: node for node, pair in pairs.items()})


def _alone(blocks: Blocks) -> Blocks:
    """Blocks without the value and the gradient beside them."""
    bare = _of(blocks, (), blocks.blocks)
    return bare._replace(joint=replace(bare.joint, outputs=()))


def _of(blocks: Blocks, grads: tuple[str, ...], chosen: dict[Pair, Node]) -> Blocks:
    """Some of the gradient and of the blocks."""
    keys = {*grads, *(f"{one} {other}" for one, other in chosen)}
    kept = {key: node for key, node in blocks.joint.gradients.items() if key in keys}
    return Blocks(replace(blocks.joint, gradients=kept), grads, chosen)


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


def kernel_of(dag: Dag, wrt: Sequence[str], mode: str, literal: bool = False, alone: bool = False) -> Kernel | None:
    """The kernel of a mode; None for a program of whole arrays."""
    return Kernel(dag, wrt, mode, literal, alone) if by_elements(dag, order_of(mode)) is not None else None


def _product(second: bool) -> Callable[[Dag, Sequence[str], bool], Blocks]:
    return lambda dag, wrt, literal: product(dag, wrt, literal=literal, second=second)


_MODES: dict[str, Callable[[Dag, Sequence[str], bool], Blocks]] = {
    "jvp": _product(False),
    "hvp": _product(True),
    "jacobian": lambda dag, wrt, literal: jacobian(dag, wrt, literal=literal),
    "hessian": lambda dag, wrt, literal: hessian(dag, wrt, literal=literal),
}
