"""A program into points at which a hand can be judged: away from coincidences, with every mask and branch in play.

Sizes are those that the hand gives its inputs; where it gives none, all are different, so that what is transposed or
summed over the wrong axis shows. An input that stands for labels is one-hot.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gradc.base.errors import GradcError
from gradc.evidence.grade.reference import Array, Reference, View
from gradc.evidence.points import domains
from gradc.graph.dag import reachable
from gradc.graph.shapes import evaluated, names_in
from gradc.ops.table import statics_of
from gradc.run.engine import Compiled

# Named sizes in turn, tried one row after the other. Two is left out, and four does not come first: factors of
# two would be no news.
SIZES = ((5, 3, 7, 6, 4), (5, 6, 7, 3, 4), (6, 4, 8, 5, 3), (4, 4, 4, 4, 4), (8, 8, 8, 8, 8), (4, 3, 5, 6, 7))
RANGES = ((-1.5, 1.5), (0.3, 1.7), (-0.9, 0.9), (0.05, 0.6), (1.1, 3.0))
ATTEMPTS = 60
# Indices are drawn below one of these, whatever is within range.
INDICES = (3, 4, 3, 2, 6)
SOFTMAX = ("softmax", "log_softmax")
LABELS = re.compile(
    r"(?i)^(y|t|ys|ts|y_?true|y_?one_?hot|y_?hot|one_?hot\w*|labels?|targets?|y_?train|y_?batch|Yh|onehot|truth)$"
)


class Plan:
    """What is drawn: the sizes of the named dimensions, and which inputs are labels."""

    def __init__(self, fn: Compiled, given: Mapping[str, Sequence[int]], labels: Sequence[str]) -> None:
        self.fn, self.labels = fn, list(labels)
        self.sizes: dict[str, int] = {}
        for name, shape in given.items():
            dims = fn.shapes.get(name, ())
            if len(dims) == len(shape):
                self.sizes.update(
                    {d: n for d, n in zip(dims, shape, strict=True) if isinstance(d, str) and d.isidentifier()}
                )
        self.names = list(
            dict.fromkeys(part for name in fn.inputs for dim in fn.shapes[name] for part in names_in(dim))
        )
        self.homes = domains(fn.dag)

    def draw(self, seed: int, attempt: int) -> dict[str, Array]:
        """A random point."""
        rng = np.random.default_rng([seed, attempt])
        row = SIZES[(attempt // len(RANGES)) % len(SIZES) if attempt >= 20 else 0]
        sizes = {name: self.sizes.get(name, row[k % len(row)]) for k, name in enumerate(self.names)}
        out = {}
        for name in self.fn.inputs:
            shape = tuple(evaluated(dim, sizes) for dim in self.fn.shapes[name])
            low, high = RANGES[0] if attempt % 4 < 2 else RANGES[rng.integers(len(RANGES))]
            if name in self.homes and attempt % 2:
                home = self.homes[name]
                low, high = max(low, home[0]), min(high, home[1])
                low, high = (low, high) if low < high else home
            if name in self.fn.dag.integers:
                out[name] = rng.integers(0, INDICES[attempt % len(INDICES)], shape).astype(float)
            elif name in self.labels:
                out[name] = one_hot(shape, rng, class_axis(self.fn, name))
            else:
                out[name] = np.asarray(np.round(rng.uniform(low, high, shape), 4))
        return out


def class_axis(fn: Compiled, name: str) -> int:
    """The axis of the classes of labels: the one that a softmax of such a shape runs over."""
    for node in reachable(fn.dag.roots):
        if node.op.name in SOFTMAX and fn.dag.dims.resolve(node.shape) == fn.shapes[name]:
            axis = statics_of(node.op, node.attr)["axis"]
            return axis if isinstance(axis, int) else -1
    return -1


def one_hot(shape: tuple[int, ...], rng: np.random.Generator, axis: int = -1) -> Array:
    """Rows with a one in a random place; over the axis of the classes, every one in turn before any comes again."""
    if not shape:
        return np.asarray(float(rng.integers(0, 2)))
    if axis not in (-1, len(shape) - 1):
        turned = list(shape)
        turned.append(turned.pop(axis))
        return np.moveaxis(one_hot(tuple(turned), rng), -1, axis)
    out = np.zeros((math.prod(shape[:-1]), shape[-1]))
    order = np.resize(rng.permutation(shape[-1]), len(out))
    out[np.arange(len(out)), order] = 1.0
    return out.reshape(shape)


def points(views: Sequence[View], plan: Plan, count: int, df: bool, drawn: int = 8) -> list[Reference]:
    """Up to `count` points of `drawn` times as many, those first at which most masks are partly open; `df` other than
    1 if asked."""
    found: list[tuple[float, tuple[bool, ...], Reference]] = []
    for attempt in range(ATTEMPTS):
        try:
            inputs = plan.draw(0, attempt)
            reference = Reference(views, inputs, df, attempt)
        except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
            continue
        found.append((_worth(reference), _pattern(reference), reference))
        if len(found) >= drawn * count:
            break
    if not found:
        raise GradcError("found no point where value and gradient are finite", hint="declare the inputs' shapes")
    return list(_chosen(found, count))


def _chosen(found: list[tuple[float, tuple[bool, ...], Reference]], count: int) -> Iterator[Reference]:
    """The best, and such as take other branches."""
    found = sorted(found, key=lambda each: -each[0])
    seen: list[tuple[bool, ...]] = []
    first = found[:1]
    others = sorted(found[1:], key=lambda each: each[1] == found[0][1])
    for _, pattern, reference in [*first, *others]:
        if len(seen) < count:
            seen.append(pattern)
            yield reference


def _worth(reference: Reference) -> float:
    """How many masks are partly open, and how far all is from nothing."""
    total = 0.0
    for slot in reference.slots:
        for variant in slot.variants:
            for part in variant.parts:
                if part.value.size >= 3 and slot.is_input not in reference.inputs:
                    share = float(np.mean(part.value == 0))
                    total += 2.0 if 0.15 <= share <= 0.85 else 0.5 if 0 < share < 1 else 0.0
        for variant in slot.variants:
            size = float(np.max(np.abs(variant.adjoint))) if variant.adjoint.size else 1.0
            total -= 0.5 * (size < 1e-3) + 0.5 * (size > 1e3)
    return total


def _pattern(reference: Reference) -> tuple[bool, ...]:
    return tuple(
        bool(np.any(part.value))
        for slot in reference.slots
        for variant in slot.variants
        for part in variant.parts
        if part.value.size == 1
    )
