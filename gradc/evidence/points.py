"""A compiled program into points at which it can be judged: inside its domain, with the staged gradient there.

>>> import gradc
>>> fn = gradc.compile("sqrt(x - 1)*log(y)")
>>> found = Search(fn, seed=1).points(2)
>>> [staged.point for staged in found]
[{'x': 2.36, 'y': 1.681}, {'x': 7.355, 'y': 0.475}]
"""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Dag
from gradc.graph.shapes import evaluated, names_in
from gradc.ops.table import statics_of
from gradc.run.engine import Compiled

Range = tuple[float, float]
Point = dict[str, Any]  # a float or nested lists of floats for each input

# Where inputs are looked for, after the domains of the gates that they go into.
MODERATE: Range = (-3.0, 3.0)
RANGES: tuple[Range, ...] = (MODERATE, (0.2, 3.0), (-0.9, 0.9), (1.0, 5.0), (0.05, 0.5), (3.0, 9.0), (-9.0, -1.0))
# Points are found quickly or, by their range, not at all.
ATTEMPTS = 2000
# Numbers and gates that all attempts together may look at, but for those that are wanted.
LOOKED_AT = 1_000_000
# So many numbers are drawn for all points together.
MOST_NUMBERS = 200_000
# Points are looked for in turn where the gates are at home, in the moderate range, and anywhere.
HOME, MIDDLE, ANYWHERE = "home", "middle", "anywhere"
WAYS = (HOME, MIDDLE, MIDDLE, ANYWHERE)
# Named dimensions, in turn: small, and no two neighbours the same, so that what is transposed shows.
SIZES = ((3, 2, 4), (4, 6, 5), (6, 4, 8), (2, 2, 2), (8, 8, 8))
# So many decimals, that a point is short to write down.
DECIMALS = 3
# An array of more characters is left out of what is said of a point.
SHORT = 40


@dataclass(frozen=True, slots=True)
class Staged:
    """A point, and what the staged program says there: each output and each gradient as a flat list of floats."""

    point: Point
    values: tuple[tuple[float, ...], ...]
    gradients: dict[str, tuple[float, ...]]
    wrong: dict[str, str] = field(default_factory=dict)


class Search:
    """Looks for points of a program: where, with which sizes of its named dimensions and which upstream adjoints."""

    def __init__(self, fn: Compiled, seed: int = 0, ranges: Mapping[str, Sequence[float]] | None = None) -> None:
        self.fn, self.seed, self.rng = fn, seed, random.Random(seed)
        self.ranges = {name: _range(fn, name, each) for name, each in (ranges or {}).items()}
        self.domains = domains(fn.dag)
        self.sizes: dict[str, int] = {}
        self.whole: dict[str, Any] = {}  # integers that fit: the same at every point

    def points(self, count: int) -> list[Staged]:
        """Up to `count` random points at which value and gradient are finite. GradcError if there is none."""
        self.sizes = self._sizes_that_fit()
        count = min(count, max(1, MOST_NUMBERS // max(self.elements(), 1)))
        most = LOOKED_AT // (self.elements() + len(self.fn.dag.nodes))
        found: list[Staged] = []
        for attempt in range(ATTEMPTS):
            staged = self.at(self._draw(WAYS[attempt % len(WAYS)]))
            if staged is not None:
                found.append(staged)
                self.whole = {name: staged.point[name] for name in self.fn.dag.integers}
            if len(found) == count or attempt >= max(most, count):
                break
        if not found:
            raise GradcError("found no point where value and gradient are finite", hint="say where: --range x=1,2")
        return found

    def given(self, at: Mapping[str, Any]) -> Staged:
        """The one point that the user gave."""
        import numpy as np

        inputs = self.fn.inputs
        missing, surplus = [n for n in inputs if n not in at], [n for n in at if n not in inputs]
        if missing or surplus:
            wrong = f"no value for '{missing[0]}'" if missing else f"no input '{surplus[0]}'"
            raise GradcError(f"{wrong} in the point", hint=f"inputs are {', '.join(inputs)}")
        point = {name: np.asarray(at[name], float).tolist() for name in inputs}
        self.sizes = sizes_of(self.fn, point)
        staged = self.at(point)
        if staged is None:
            raise GradcError("value or gradient is not finite at this point", hint="'gradc trace' shows where")
        return staged

    def at(self, point: Point) -> Staged | None:
        """The staged value and gradient at a point, None where they are not finite."""
        import numpy as np

        fn, given = self.fn, as_arrays(self.fn.dag, point)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                value, cache = fn.forward(**given)
                values = list(value) if len(fn.outputs) > 1 else [value]
                df = self.adjoints([np.shape(each) for each in values])
                grads = fn.backward(cache, tuple(df) if len(df) > 1 else df[0])
        except FAILURES:
            return None
        gradients = {name: flat(grads.get(name, ())) for name in fn.wrt}
        wrong = {}
        for name in fn.wrt:
            expected = np.shape(given[name])
            if name not in grads:
                wrong[name] = "is missing"
            elif np.shape(grads[name]) != expected:
                wrong[name] = f"has shape {np.shape(grads[name])}, not {expected}"
        numbers = tuple(map(flat, values))
        finite = all(math.isfinite(one) for each in (*numbers, *gradients.values()) for one in each)
        return Staged(point, numbers, gradients, wrong) if finite else None

    def upstream(self, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
        """df for each output: 1 for a lone number, else eighths of either sign, in nested lists."""
        if list(shapes) == [()]:
            return [1.0]
        rng = random.Random(self.seed)
        return [nested([rng.choice((-1, 1)) * rng.randint(4, 12) / 8 for _ in range(math.prod(s))], s) for s in shapes]

    def adjoints(self, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
        """The same as a call takes them, in arrays."""
        import numpy as np

        return [
            np.reshape(each, shape) if shape else each
            for each, shape in zip(self.upstream(shapes), shapes, strict=True)
        ]

    def elements(self) -> int:
        """How many numbers a point has."""
        return sum(math.prod(self._shape(name)) for name in self.fn.inputs)

    def _shape(self, name: str) -> tuple[int, ...]:
        return tuple(evaluated(dim, self.sizes) for dim in self.fn.shapes[name])

    def _draw(self, way: str) -> Point:
        """A random point."""
        out = {}
        for name in self.fn.inputs:
            if name in self.fn.dag.integers:
                out[name] = self.whole.get(name) or self._integers(name)
                continue
            home = self.domains.get(name, MODERATE)
            where = {HOME: home, MIDDLE: MODERATE}.get(way) or self.rng.choice([home, *RANGES])
            low, high = self.ranges.get(name) or where
            shape = self._shape(name)
            out[name] = nested([_short(self.rng.uniform(low, high), low, high) for _ in range(math.prod(shape))], shape)
        return out

    def _integers(self, name: str) -> Any:
        """Indices that may fit: below the sizes of the axes that they count along."""
        shape = self._shape(name)
        low, high = self.ranges.get(name, (0.0, 0.0))
        if name not in self.ranges:
            sizes = [evaluated(dim, self.sizes) for dim in _counted_along(self.fn.dag, name)]
            high = self.rng.randint(1, max(min(sizes, default=3), 1)) - 1
        return nested([float(self.rng.randint(int(low), int(high))) for _ in range(math.prod(shape))], shape)

    def _sizes_that_fit(self) -> dict[str, int]:
        """Sizes of the named dimensions that the program takes."""
        fn = self.fn
        names = list(dict.fromkeys(part for name in fn.inputs for dim in fn.shapes[name] for part in names_in(dim)))
        if not names:
            return {}
        problem: Exception | None = None
        for sizes in SIZES:
            self.sizes = dict(zip(names, itertools.cycle(sizes), strict=False))
            for name, sign, size in fn.dag.dims.demands():
                if name in self.sizes and sign == ">=":
                    self.sizes[name] += size
            try:
                _run_forward(fn, self._draw(HOME))
            except FAILURES as error:
                problem = problem or error
            else:
                return self.sizes
        raise GradcError(f"found no sizes that fit: {problem}", hint="give a point: --at 'X=[[1, 2], [3, 4]]'")


def _counted_along(dag: Dag, name: str) -> list[int | str]:
    """The sizes of the axes along which an integer input, or what is computed from it, is an index."""
    hangs = {dag.inputs[name]}
    found: list[int | str] = []
    for node in dag.nodes:
        if not any(arg in hangs for arg in node.args):
            continue
        if not node.op.whole:
            hangs.add(node)
            continue
        axis, index = 0, statics_of(node.op, node.attr)["index"]
        for place, item in enumerate(index):
            if item == "...":
                axis = len(node.args[0].shape) - sum(1 for later in index[place + 1 :] if later is not None)
            elif item is not None:
                if item[0] == "at" and node.args[item[1]] in hangs if isinstance(item, tuple) else False:
                    found.append(dag.dims.resolve(node.args[0].shape)[axis])
                axis += 1
        if node.args[0] in hangs:
            hangs.add(node)
    return found


def _short(value: float, low: float, high: float) -> float:
    short = round(value, DECIMALS)
    return short if low <= short <= high and short else value


def _range(fn: Compiled, name: str, given: Sequence[float]) -> Range:
    if name not in fn.inputs:
        raise GradcError(f"no input '{name}' to give a range to", hint=f"inputs are {', '.join(fn.inputs)}")
    low, high = map(float, given)
    if not low <= high:
        raise GradcError(f"the range of '{name}' is empty: {low:g} to {high:g}")
    return low, high


def nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    """Numbers in a shape, as nested lists.

    >>> nested([1, 2, 3, 4], (2, 2)), nested([5], ())
    ([[1, 2], [3, 4]], 5)
    """
    for size in reversed(shape[1:]):
        flat = [flat[k : k + size] for k in range(0, len(flat), size)] if size else [[] for _ in range(shape[0])]
    return flat if shape else flat[0]


def said(point: Mapping[str, Any]) -> str:
    """A point in words, arrays only if they are small.

    >>> said({"x": 3.0, "y": 0.25, "W": [[1.0, 2.0], [3.0, 4.0]]})
    'x=3, y=0.25, W=[[1.0, 2.0], [3.0, 4.0]]'
    """
    parts = []
    for name, value in point.items():
        text = f"{value:.15g}" if isinstance(value, float) else str(value)
        parts.append(f"{name}={text if len(text) <= SHORT else '...'}")
    return ", ".join(parts)


def domains(dag: Dag) -> dict[str, Range]:
    """For each input the range on which every gate that takes it directly is meant to be tested."""
    names = {node: name for name, node in dag.inputs.items()}
    found: dict[str, Range] = {}
    for node in dag.nodes:
        for arg, (low, high) in zip(node.args, node.op.domain, strict=False):
            if arg in names and not node.op.boolean and not node.op.kink.tie:  # those are tested on one side only
                was = found.get(names[arg], (-math.inf, math.inf))
                found[names[arg]] = max(low, was[0]), min(high, was[1])
    return {name: (low, high) if low < high else MODERATE for name, (low, high) in found.items()}


# What NumPy and `math` raise outside a domain, and for shapes that do not fit.
FAILURES = (ArithmeticError, ValueError, IndexError)


def _run_forward(fn: Compiled, point: Point) -> None:
    """Run the forward pass for its shapes; a number outside a domain is no matter."""
    import numpy as np

    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.suppress(np.linalg.LinAlgError):
        warnings.simplefilter("ignore")
        fn.forward(**as_arrays(fn.dag, point))


def as_arrays(dag: Dag, point: Mapping[str, Any]) -> dict[str, Any]:
    """Nested lists as arrays; one that is empty, whose lists do not say all of its shape, as it is declared."""
    import numpy as np

    found = {name: np.array(value, float) if isinstance(value, list) else value for name, value in point.items()}
    declared = {name: dag.dims.resolve(dag.inputs[name].shape) for name in point}
    sizes = {
        dim: size for name, dims in declared.items() for dim, size in zip(dims, np.shape(found[name]), strict=False)
    }
    for name, dims in declared.items():
        if np.size(found[name]) == 0 and np.ndim(found[name]) < len(dims):
            found[name] = np.zeros([dim if isinstance(dim, int) else sizes.get(dim, 0) for dim in dims])
    return found


def flat(value: Any) -> tuple[float, ...]:
    import numpy as np

    return tuple(float(one) for one in np.ravel(value))


def sizes_of(fn: Compiled, point: Mapping[str, Any]) -> dict[str, int]:
    """The named dimensions as the arrays of a point have them."""
    import numpy as np

    found = {}
    for name in fn.inputs:
        found.update(dict(zip(fn.shapes[name], np.shape(point[name]), strict=False)))
    return {dim: size for dim, size in found.items() if isinstance(dim, str)}
