"""Steps into values, element by element, over any algebra of elements: numbers or expressions.

A value is one element, or an object array of them. Arrays are put together here, once for both algebras; what is
done to elements is the algebra's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from gradc.evidence.symbolic.formula import formula
from gradc.evidence.symbolic.steps import Step, Written

# A determinant is written out by minors, 2**n of them.
LARGEST_DET = 9

Value = Any  # an element of the algebra, or an object array of them


class Unwritten(Exception):
    """A gate that can't be written out element by element, and why."""


class OutOfSteps(Exception):
    """All steps are taken."""

    def __init__(self, steps: int) -> None:
        super().__init__(f"{steps:,} steps")


class Algebra(Protocol):
    """What can be done to elements."""

    gate: int

    @property
    def words(self) -> Mapping[str, Callable[..., Any]]: ...

    def number(self, value: float) -> Any: ...

    def total(self, parts: Sequence[Any]) -> Any: ...

    def product(self, parts: Sequence[Any]) -> Any: ...

    def extreme(self, parts: Sequence[Any], largest: bool) -> Any: ...


def run(
    program: Written, inputs: Mapping[str, Value], algebra: Algebra, touch: Callable[[Value], Value] | None = None
) -> list[Value]:
    """The outputs at the inputs. `touch` may change what each input and gate comes to."""
    values: list[Value] = []
    for k, step in enumerate(program.steps):
        algebra.gate = k
        if step.formula:
            value = apply(step, values, algebra)
        else:
            value = inputs[step.name] if step.value is None else algebra.number(step.value)
        values.append(touch(value) if touch is not None and step.value is None else value)
    return [values[at] for at in program.outputs]


def apply(step: Step, values: Sequence[Value], algebra: Algebra) -> Value:
    """One gate at the values of earlier steps."""
    names: dict[str, Any] = dict(step.statics)
    for name, at in step.args:
        names[name] = values[at] if isinstance(at, int) else [values[one] for one in at]
    stack: list[Any] = []
    for instruction in formula(step.formula):
        match instruction:
            case ("name", name):
                if name not in names:
                    raise Unwritten(f"{step.formula!r} has no parameter {name!r}")
                stack.append(names[name])
            case ("const", value):
                stack.append(value)
            case ("call", word, count):
                cut = len(stack) - count
                args = stack[cut:]
                del stack[cut:]
                stack.append(_call(word, args, algebra))
    return stack[0]


def _call(word: str, args: list[Any], algebra: Algebra) -> Value:
    if word in WHOLE:
        return WHOLE[word](algebra, *args)
    function = algebra.words.get(word)
    if function is None:
        raise Unwritten(f"no formula for {word!r}")
    elements = [algebra.number(arg) if isinstance(arg, (int, float)) else arg for arg in args]
    return each(function, *elements)


def each(function: Callable[..., Any], *args: Value) -> Value:
    """A function of elements, broadcast over arrays."""
    if not any(isinstance(arg, np.ndarray) for arg in args):
        return function(*args)
    return plain(np.frompyfunc(function, len(args), 1)(*args))


def plain(value: Value) -> Value:
    """An array without axes as its element."""
    return value[()] if isinstance(value, np.ndarray) and not value.ndim else value


def array(elements: Iterable[Any], shape: tuple[int, ...]) -> Value:
    """Elements in a shape, as they are: no library looks inside them."""
    out = np.empty(int(np.prod(shape)), object)
    for k, element in enumerate(elements):
        out[k] = element
    return plain(out.reshape(shape))


# ---- gates of whole arrays ---------------------------------------------------------------------

_Fold = Callable[[Algebra, list[Any]], Any]


def _reduction(fold: _Fold) -> Callable[..., Value]:
    def reduce(algebra: Algebra, x: Value, axis: Any = None, keepdims: bool = False) -> Value:
        x = np.asarray(x, object)
        gone = _axes(axis, x.ndim)
        kept = [a for a in range(x.ndim) if a not in gone]
        sizes = [math.prod(x.shape[a] for a in some) for some in (kept, gone)]
        rows = np.transpose(x, [*kept, *gone]).reshape(sizes)
        shape = tuple(1 if a in gone else n for a, n in enumerate(x.shape) if keepdims or a in kept)
        return array((fold(algebra, list(row)) for row in rows), shape)

    return reduce


def _axes(axis: Any, rank: int) -> list[int]:
    if axis is None:
        return list(range(rank))
    return sorted(one % rank for one in (axis if isinstance(axis, tuple) else (axis,)))


def _count(algebra: Algebra, x: Value, axis: Any = None) -> Any:
    shape = np.shape(x)
    return algebra.number(int(np.prod([shape[a] for a in _axes(axis, len(shape))])))


def _matmul(algebra: Algebra, x: Value, y: Value) -> Value:
    """The products of elements, row by column, and their totals."""
    vector_x, vector_y = x.ndim == 1, y.ndim == 1
    x, y = x[None, :] if vector_x else x, y[:, None] if vector_y else y
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x, y = np.broadcast_to(x, batch + x.shape[-2:]), np.broadcast_to(y, batch + y.shape[-2:])
    out = np.empty((*batch, x.shape[-2], y.shape[-1]), object)
    times = algebra.words["*"]
    for at in np.ndindex(out.shape):
        row, column = x[(*at[:-1], slice(None))], y[(*at[:-2], slice(None), at[-1])]
        out[at] = algebra.total([times(p, q) for p, q in zip(row, column, strict=True)])
    return plain(out.reshape(batch + out.shape[-2 : -1 if not vector_x else -2] + out.shape[-1:] * (not vector_y)))


def _outer(algebra: Algebra, x: Value, y: Value) -> Value:
    return each(algebra.words["*"], x[:, None], y[None, :])


def _trace(algebra: Algebra, x: Value) -> Value:
    return algebra.total([x[i, i] for i in range(len(x))])


def _det(algebra: Algebra, x: Value) -> Value:
    return _over_matrices(x, lambda matrix: _minor(algebra, matrix), ())


def _inv(algebra: Algebra, x: Value) -> Value:
    return _over_matrices(x, lambda matrix: _inverse(algebra, matrix), x.shape[-2:])


def _cofactor(algebra: Algebra, x: Value) -> Value:
    return _over_matrices(x, lambda matrix: _cofactors(algebra, matrix), x.shape[-2:])


def _over_matrices(x: Value, function: Callable[[Value], Any], shape: tuple[int, ...]) -> Value:
    out = np.empty(x.shape[:-2] + shape, object)
    for at in np.ndindex(x.shape[:-2]):
        out[at] = function(x[at])
    return plain(out)


def _minor(algebra: Algebra, x: Value) -> Any:
    """The determinant by Laplace's rule, each minor of the last rows computed once."""
    n = len(x)
    if n > LARGEST_DET:
        raise Unwritten(f"a determinant of {n} rows is too large to write out")
    times, neg = algebra.words["*"], algebra.words["neg"]
    known: dict[tuple[int, ...], Any] = {(): algebra.number(1)}
    for size in range(1, n + 1):
        row = x[n - size]
        for columns in itertools.combinations(range(n), size):
            parts = []
            for k, column in enumerate(columns):
                part = times(row[column], known[columns[:k] + columns[k + 1 :]])
                parts.append(neg(part) if k % 2 else part)
            known[columns] = algebra.total(parts)
    return known[tuple(range(n))]


def _cofactors(algebra: Algebra, x: Value) -> Value:
    n = len(x)
    out = np.empty((n, n), object)
    for i, j in np.ndindex(n, n):
        minor = _minor(algebra, np.delete(np.delete(x, i, 0), j, 1))
        out[i, j] = algebra.words["neg"](minor) if (i + j) % 2 else minor
    return out


def _inverse(algebra: Algebra, x: Value) -> Value:
    """Cramer's rule: the cofactors, turned over, over the determinant."""
    cofactors = _cofactors(algebra, x)
    times = algebra.words["*"]
    det = algebra.total([times(p, q) for p, q in zip(x[0], cofactors[0], strict=True)])
    return each(algebra.words["/"], cofactors.T, det)


def _index(algebra: Algebra, x: Value, index: tuple[Any, ...]) -> Value:
    return plain(np.asarray(x, object)[_items(index)])


def _scatter(algebra: Algebra, x: Value, index: tuple[Any, ...], shape: tuple[int, ...]) -> Value:
    out = np.full(shape, algebra.number(0), object)
    out[_items(index)] = x
    return out


def _items(index: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(slice(*item[1:]) if isinstance(item, tuple) else Ellipsis if item == "..." else item for item in index)


def _gather(algebra: Algebra, x: Value, *rest: Any) -> Value:
    """x at integers: the arguments, the index that they stand in, and whether a place comes once."""
    return plain(np.asarray(x, object)[_placed(rest[:-2], rest[-2])])


def _added(algebra: Algebra, x: Value, *rest: Any) -> Value:
    at, index, shape = rest[:-3], rest[-3], rest[-2]
    out = np.full(shape, algebra.number(0), object)
    np.add.at(out, _placed(at, index), x)
    return out


def _placed(at: Sequence[Value], index: tuple[Any, ...]) -> tuple[Any, ...]:
    filled = [at[item[1] - 1] if isinstance(item, tuple) and item[0] == "at" else None for item in index]
    items = [0 if each is not None else item for item, each in zip(index, filled, strict=True)]
    return tuple(
        item if each is None else _integers(each) for item, each in zip(_items(tuple(items)), filled, strict=True)
    )


def _integers(value: Value) -> Any:
    """Elements as the integers that they are, to a rounding."""
    try:
        whole = np.vectorize(lambda one: round(float(one)), otypes=[int])(value) if np.size(value) else np.zeros(0, int)
    except TypeError:
        raise Unwritten("which elements are taken hangs on the point") from None
    return whole.reshape(np.shape(value))[()]


def _by_value(function: Callable[..., Any]) -> Callable[..., Value]:
    """Where elements stand in their order, which hangs on numbers."""

    def find(algebra: Algebra, x: Value, *statics: Any) -> Value:
        try:
            floats = np.asarray(x, float)
        except TypeError:
            raise Unwritten("an order of elements hangs on the point") from None
        found = np.asarray(function(floats, *statics))
        return array((algebra.number(int(one)) for one in found.ravel()), found.shape)

    return find


def _numbers(algebra: Algebra, values: Any, shape: Any) -> Value:
    return array((algebra.number(one) for one in np.ravel(values).tolist()), tuple(shape))


def _numpys(function: Callable[..., Any]) -> Callable[..., Value]:
    """A function of NumPy that moves elements, adds and multiplies them: it takes those of any kind."""

    def call(algebra: Algebra, *args: Any) -> Value:
        found = np.asarray(function(*(np.asarray(x, object) if isinstance(x, np.ndarray) else x for x in args)), object)
        zero = algebra.number(0)
        return array((zero if type(one) is int and one == 0 else one for one in found.ravel()), found.shape)

    return call


def _moment(algebra: Algebra, x: Value, axis: Any, ddof: int, keepdims: bool) -> Value:
    """The mean square of the deviations from the mean."""
    by, times, minus = algebra.words["/"], algebra.words["*"], algebra.words["neg"]
    add = _reduction(lambda algebra, parts: algebra.total(parts))
    count = int(np.prod([x.shape[a] for a in _axes(axis, x.ndim)]))
    mean = each(lambda one: by(one, algebra.number(count)), add(algebra, x, axis, True))
    off = each(lambda one, middle: algebra.words["+"](one, minus(middle)), x, np.asarray(mean, object))
    squares = each(lambda one: times(one, one), off)
    return each(lambda one: by(one, algebra.number(count - ddof)), add(algebra, squares, axis, keepdims))


def _slid(x: Value, size: Any, stride: Any) -> Value:
    last = tuple(range(-len(size), 0))
    steps = tuple(slice(None, None, step) for step in stride)
    index: tuple[Any, ...] = (..., *steps, *(slice(None),) * len(size))
    return np.lib.stride_tricks.sliding_window_view(x, size, last)[index]


def _range(algebra: Algebra, size: int, start: int, step: int) -> Value:
    return _numbers(algebra, [start + i * step for i in range(size)], (size,))


def _linspace(algebra: Algebra, start: float, stop: float, size: int, endpoint: bool) -> Value:
    """start + i*(stop - start)/n by the algebra's own division."""
    steps = max(size - 1, 1) if endpoint else size
    plus, times, by = (algebra.words[word] for word in "+*/")
    gap = by(
        algebra.words["+"](algebra.number(stop), algebra.words["neg"](algebra.number(start))), algebra.number(steps)
    )
    return array((plus(algebra.number(start), times(algebra.number(i), gap)) for i in range(size)), (size,))


def _others(algebra: Algebra, x: Value, axis: Any = None) -> Value:
    out = np.empty(x.shape, object)
    for at in np.ndindex(x.shape):
        kept = x.copy()
        kept[at] = algebra.number(1)
        line = tuple(slice(None) if a in _axes(axis, x.ndim) else k for a, k in enumerate(at))
        out[at] = algebra.product(list(np.ravel(kept[line])))
    return out


def _segment(algebra: Algebra, x: Value, axis: int, start: int, size: int) -> Value:
    return x[(slice(None),) * axis + (slice(start, start + size),)]


WHOLE: dict[str, Callable[..., Value]] = {
    "sum": _reduction(lambda algebra, parts: algebra.total(parts)),
    "prod": _reduction(lambda algebra, parts: algebra.product(parts)),
    "max": _reduction(lambda algebra, parts: algebra.extreme(parts, largest=True)),
    "min": _reduction(lambda algebra, parts: algebra.extreme(parts, largest=False)),
    "count": _count,
    "@": _matmul,
    "matmul": _matmul,
    "outer": _outer,
    "trace": _trace,
    "det": _det,
    "inv": _inv,
    "cofactor": _cofactor,
    "others": _others,
    "transpose": lambda algebra, x, axes=None: np.transpose(x, axes),
    "swap": lambda algebra, x: np.swapaxes(x, -1, -2),
    "reshape": lambda algebra, x, shape: plain(np.reshape(np.asarray(x, object), shape)),
    "expand": lambda algebra, x, axis: np.expand_dims(np.asarray(x, object), axis),
    "spread": lambda algebra, x, shape: np.broadcast_to(np.asarray(x, object), shape),
    "index": _index,
    "scatter": _scatter,
    "segment": _segment,
    "concatenate": lambda algebra, xs, axis: np.concatenate(xs, axis),
    "stack": lambda algebra, xs, axis: np.stack([np.asarray(x, object) for x in xs], axis),
    **{f"gather{n}": _gather for n in ("", *range(2, 7))},
    **{f"pick{n}": _gather for n in ("", *range(2, 7))},
    **{f"added{n}": _added for n in ("", *range(2, 7))},
    "argmax": _by_value(lambda x, axis, keepdims: np.argmax(x, axis, keepdims=keepdims)),
    "argmin": _by_value(lambda x, axis, keepdims: np.argmin(x, axis, keepdims=keepdims)),
    "argsort": _by_value(lambda x, axis: np.argsort(x, axis, kind="stable")),
    "cumsum": _numpys(np.cumsum),
    "cumprod": _numpys(np.cumprod),
    "roll": _numpys(np.roll),
    "repeat": _numpys(np.repeat),
    "tile": _numpys(np.tile),
    "pad": _numpys(np.pad),
    "diag": _numpys(np.diag),
    "diagonal": _numpys(lambda x, offset: np.diagonal(x, offset, -2, -1)),
    "tril": _numpys(np.tril),
    "triu": _numpys(np.triu),
    **{
        f"einsum{n}": _numpys(lambda *args: np.einsum(args[-1], *args[:-1], optimize=False)) for n in ("", *range(2, 6))
    },
    "tensordot": _numpys(lambda x, y, axes: np.tensordot(x, y, axes)),
    "kron": _numpys(np.kron),
    "cross": _numpys(np.cross),
    "convolve": _numpys(np.convolve),
    "correlate": _numpys(np.correlate),
    "windows": _numpys(_slid),
    "var": _moment,
    "std": lambda algebra, *args: each(algebra.words["sqrt"], _moment(algebra, *args)),
    "iota": _range,
    "arange": _range,
    "linspace": _linspace,
    "picked": _numbers,
    "literal": _numbers,
    "zeros": lambda algebra, shape: _numbers(algebra, np.zeros(shape), shape),
    "ones": lambda algebra, shape: _numbers(algebra, np.ones(shape), shape),
    "full": lambda algebra, shape, value: _numbers(algebra, np.full(shape, value), shape),
    "identity": lambda algebra, n, m, k: _numbers(algebra, np.eye(n, m, k), (n, m)),
    "array": lambda algebra, xs, shape: array(xs, shape),
    "eye": lambda algebra, n: array((algebra.number(int(i == j)) for i in range(n) for j in range(n)), (n, n)),
}
