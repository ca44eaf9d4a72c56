"""A program into points at which a hand can be judged: away from coincidences, with every mask and branch in play.

Sizes are those that the hand gives its inputs; where it gives none, all are different, so that what is transposed or
summed over the wrong axis shows. An input that stands for labels is one-hot.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gradc.base.errors import GradcError
from gradc.evidence.grade.reference import Array, Found, Reference, View
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
    drawn *= count
    found: list[Drawn] = []
    for attempt in range(ATTEMPTS):
        try:
            inputs = plan.draw(0, attempt)
            at = views[0].at(inputs, df, attempt)
        except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
            continue
        found.append(Drawn(_worth(at), _pattern(at), inputs, attempt))
        if len(found) >= drawn:
            break
    chosen: list[Reference] = []
    for each in _in_order(found):
        try:
            chosen.append(Reference(views, each.inputs, df, each.attempt))
        except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
            continue  # staged another way it is not finite
        if len(chosen) == count:
            break
    if not chosen:
        raise GradcError("found no point where value and gradient are finite", hint="declare the inputs' shapes")
    return chosen


class Drawn(NamedTuple):
    """A point, how much it shows, and which branches it takes."""

    worth: float
    pattern: tuple[bool, ...]
    inputs: dict[str, Array]
    attempt: int


def _in_order(found: Sequence[Drawn]) -> list[Drawn]:
    """The best, and then such as take other branches."""
    best = sorted(found, key=lambda each: -each.worth)
    return [*best[:1], *sorted(best[1:], key=lambda each: each.pattern == best[0].pattern)]


def _worth(found: Found) -> float:
    """How many masks are partly open, and how far all is from nothing."""
    total = 0.0
    for node, parts in found.parts.items():
        for part in parts:
            if part.value.size >= 3 and node.args:
                share = float(np.mean(part.value == 0))
                total += 2.0 if 0.15 <= share <= 0.85 else 0.5 if 0 < share < 1 else 0.0
        adjoint = sum(part.value for part in parts)
        size = float(np.max(np.abs(adjoint))) if np.size(adjoint) else 1.0
        total -= 0.5 * (size < 1e-3) + 0.5 * (size > 1e3)
    return total


def _pattern(found: Found) -> tuple[bool, ...]:
    return tuple(bool(np.any(part.value)) for parts in found.parts.values() for part in parts if part.value.size == 1)
