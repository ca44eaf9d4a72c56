"""A wrong adjoint and the right one into the single mistakes that explain it, the likeliest first.

>>> [reason.word for reason in explanations(np.array([-2.0, 3.0]), np.array([2.0, -3.0]))][0]
'the sign'
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gradc.evidence.grade.match import fits, squeezed
from gradc.evidence.grade.reference import Array, Part, same

SIGN, TRANSPOSED = "the sign", "transposed"
SUM_MISSING, SUM_TOO_MANY, SUM_WRONG = (
    "a sum over an axis is missing",
    "a sum over an axis too many",
    "a sum over the wrong axis",
)
MISSING, TWICE = "a contribution is missing", "a contribution is counted twice"
MEAN, MASK, SLOPE = "the mean", "a mask", "the local slope"
POINT, UPSTREAM, VALUE = "a value from the wrong point", "the upstream gradient is missing", "the value"

# So many contributions are tried in every combination.
COMBINED = 8
# A number by which something is off is a fraction of small numbers, or the number of elements along an axis.
_FRACTIONS = sorted(
    {a / b for a in range(1, 17) for b in range(1, 17)}
    | {1 / k for k in range(17, 33)}
    | set(map(float, range(17, 33)))
)


class Reason(NamedTuple):
    """A mistake: the word for it, and what it is here; the higher `rank`, the less it says."""

    word: str
    detail: str
    rank: int = 0


def factor(word_of: float) -> str:
    """
    >>> factor(2.0), factor(0.5), factor(-3.0)
    ('a factor of 2', 'a factor of 2', 'a factor of -3')
    """
    size = abs(word_of)
    shown = size if size >= 1 else 1 / size
    text = f"{shown:g}" if abs(shown - round(shown)) < 1e-6 else _fraction(shown)
    return f"a factor of {'-' if word_of < 0 else ''}{text}"


def _fraction(size: float) -> str:
    for b in range(1, 17):
        a = round(size * b)
        if a and abs(size - a / b) < 1e-6 * size:
            return f"{a}/{b}"
    return f"{size:.4g}"


def explanations(
    value: Array, want: Array, parts: Sequence[Part] = (), sizes: Sequence[int] = (), loose: float = 1e-5
) -> list[Reason]:
    """All single mistakes that turn `want`, a sum of `parts`, into `value`; `sizes` are lengths of axes."""
    if not np.all(np.isfinite(value)):
        return [Reason(SLOPE, "it is not finite", 9)]
    if squeezed(value.shape) != squeezed(want.shape):
        return _of_shapes(value, want, parts, loose)
    value = value.reshape(want.shape)
    return list(dict.fromkeys(_of_numbers(value, want, parts, sizes, loose)))


def _of_shapes(value: Array, want: Array, parts: Sequence[Part], loose: float) -> list[Reason]:
    told = f"shape {value.shape} instead of {want.shape}"
    found: list[Reason] = []
    if value.ndim == want.ndim >= 2 and fits(value.T, want, loose):
        found.append(Reason(TRANSPOSED, told))
    found += [
        Reason(SUM_MISSING, f"{told}: the sum over axis {_axes(axes)} (the value was broadcast on the way forward)")
        for axes in _some_axes(value)
        if _near(value.sum(axis=axes), want, value, loose)
    ]
    found += [
        Reason(SUM_TOO_MANY, f"{told}: it is summed over axis {_axes(axes)}")
        for axes in _some_axes(want)
        if _near(want.sum(axis=axes), value, want, loose)
    ]
    if not found:
        found += [
            Reason(MEAN, f"{told}: the mean over axis {_axes(axes)} was broadcast")
            for axes in _some_axes(value)
            if fits(value.mean(axis=axes), want, loose)
        ]
    if not found and parts and any(_products(value, part, loose) for part in parts):
        found.append(Reason(TRANSPOSED, told))
    for part in parts:
        full = part.incoming
        if not found and full.size > want.size and value.ndim:
            found += [
                Reason(SUM_WRONG, f"{told}: it is summed over axis {_axes(axes)}")
                for axes in _some_axes(full)
                if fits(full.sum(axis=axes), value, loose)
                or (squeezed(np.delete(full.shape, axes).tolist()) == squeezed(value.shape) and want.ndim <= value.ndim)
            ]
    if found:
        return found
    if value.ndim == want.ndim >= 2 and value.T.shape == want.shape and value.shape != want.shape:
        return [Reason(TRANSPOSED, told, 4)]
    if _broadcasts(want, value):
        return [Reason(SUM_MISSING, told, 5)]
    if _broadcasts(value, want):
        return [Reason(SUM_TOO_MANY, told, 5)]
    return [Reason(SLOPE, told, 8)]


def _near(value: Array, want: Array, scale: Array, loose: float) -> bool:
    """The same, but for roundings of a sum that cancels."""
    if fits(value, want, loose):
        return True
    if squeezed(value.shape) != squeezed(want.shape):
        return False
    return bool(np.max(np.abs(value.ravel() - want.ravel()), initial=0) <= 1e-7 * loose * np.sum(np.abs(scale)))


def _broadcasts(small: Array, large: Array) -> bool:
    try:
        return bool(np.broadcast_shapes(small.shape, large.shape) == large.shape)
    except ValueError:
        return False


def _products(value: Array, part: Part, loose: float) -> bool:
    """Whether a value is the product of what a matrix product's adjoint is made of, with one of them turned."""
    if part.rule not in ("matmul", "dot", "inner", "outer", "vdot"):
        return False
    up = part.incoming
    for other in part.taken:
        for a, b in itertools.permutations((up, other)):
            for x, y in itertools.product((a, a.T), (b, b.T)):
                if (
                    x.ndim
                    and y.ndim
                    and x.ndim + y.ndim > 2
                    and x.shape[-1] == (y.shape[-2] if y.ndim > 1 else y.shape[0])
                ):
                    made = x @ y
                    if fits(made, value, loose) or (made.ndim == 2 and fits(made.T, value, loose)):
                        return True
    return False


def _axes(axes: tuple[int, ...]) -> str:
    return " and ".join(map(str, axes))


def _some_axes(value: Array) -> list[tuple[int, ...]]:
    return [axes for r in range(1, value.ndim + 1) for axes in itertools.combinations(range(value.ndim), r)]


def _of_numbers(
    value: Array, want: Array, parts: Sequence[Part], sizes: Sequence[int], loose: float
) -> Iterator[Reason]:
    if same(-value, want, loose):
        yield Reason(SIGN, "it has the wrong sign")
    if value.ndim == 2 and value.shape[0] == value.shape[1] > 1 and same(value.T, want, loose):
        yield Reason(TRANSPOSED, "it is transposed")
    for part in parts:
        if _products(value - (want - part.value), part, loose):
            yield Reason(TRANSPOSED, f"a factor of what {_title(part)} sends back is transposed")
    whole = list(_scaled(value, want, sizes, "it is {c} times what it should be", loose))
    yield from whole
    exact = bool(whole)
    for kind, some in (("", [p.value for p in parts]), ("term", [t for p in parts for t in p.terms])):
        titles = [_title(p) for p in parts] if not kind else ["a term" for p in parts for t in p.terms]
        if len(some) < 2:
            continue
        for reason in _of_contributions(value, want, some, titles, sizes, loose):
            exact = True
            yield reason
    masks = list(_masked(value, want, parts, loose))
    yield from masks
    for part in parts:
        up = part.incoming
        if up.size and squeezed(up.shape) == squeezed(want.shape) and len(parts) == 1 and not exact:
            up = up.reshape(want.shape)
            if same(value * up, want, loose):
                yield Reason(UPSTREAM, f"it is the local slope alone, without d{part.gate}")
            if same(value, up, loose):
                yield Reason(SLOPE, f"it is d{part.gate} as it comes: the local slope is missing")
    if want.ndim and not exact and not masks:
        for axes in _some_axes(want):
            if same(value, np.broadcast_to(want.sum(axis=axes, keepdims=True), want.shape), loose):
                yield Reason(SUM_TOO_MANY, f"it is summed over axis {_axes(axes)}")
            if same(np.broadcast_to(value.sum(axis=axes, keepdims=True), want.shape), want, loose):
                yield Reason(SUM_MISSING, f"the sum over axis {_axes(axes)} is missing")
            if same(np.broadcast_to(value.mean(axis=axes, keepdims=True), want.shape), want, loose):
                yield Reason(MEAN, f"the mean over axis {_axes(axes)} is missing")
    yield Reason(SLOPE, "no simpler mistake explains it", 8)


def _title(part: Part) -> str:
    return f"({part.number}) {part.gate}" if part.number else part.gate or "a gate"


def _of_contributions(
    value: Array, want: Array, some: Sequence[Array], titles: Sequence[str], sizes: Sequence[int], loose: float
) -> Iterator[Reason]:
    count = len(some)
    for r in range(1, count) if count <= COMBINED else (1, count - 1):
        for left in itertools.combinations(range(count), r):
            if same(value, want - sum(some[i] for i in left), loose) and any(np.any(some[i]) for i in left):
                told = " and ".join(titles[i] for i in left)
                only = "; is it '=' for '+='?" if r == count - 1 else ""
                yield Reason(MISSING, f"what {told} sends back is missing{only}")
    for i, part in enumerate(some):
        if not np.any(part):
            continue
        rest = value - (want - part)
        if same(-rest, part, loose):
            yield Reason(SIGN, f"what {titles[i]} sends back has the wrong sign")
        elif same(rest, 2 * part, loose):
            yield Reason(factor(2.0), f"what {titles[i]} sends back is counted twice")
        else:
            yield from _scaled(
                rest, part, sizes, f"what {titles[i]} sends back is {{c}} times what it should be", loose
            )


def _scaled(value: Array, want: Array, sizes: Sequence[int], told: str, loose: float) -> Iterator[Reason]:
    """A number by which all is off."""
    b = want.ravel()
    norm = float(b @ b)
    if not norm:
        return
    c = float(value.ravel() @ b) / norm
    if not np.isfinite(c) or abs(c) < 1e-9 or abs(abs(c) - 1) < 1e-4 or not same(c * want, value, loose):
        return
    size = abs(c)
    lengths = [n for n in sizes if n > 1 and min(abs(size - n), abs(size * n - 1)) < 1e-4 * max(size, 1)]
    tiny = not any(abs(size - f) < 1e-4 * f for f in _FRACTIONS)
    if lengths and abs(size - 2) > 1e-4 and abs(size - 0.5) > 1e-4:
        shown = f"{lengths[0]}" if size > 1 else f"1/{lengths[0]}"
        sign = "-" if c < 0 else ""
        yield Reason(MEAN, told.format(c=sign + shown) + f" ({lengths[0]} elements along an axis)")
    elif not tiny:
        yield Reason(factor(c), told.format(c=("-" if c < 0 else "") + _fraction(size)))
    elif want.size > 2:
        yield Reason(f"a factor of {c:.4g}", told.format(c=f"{c:.4g}"), 6)


def _masked(value: Array, want: Array, parts: Sequence[Part], loose: float) -> Iterator[Reason]:
    if want.size < 2:
        if want.size == 1 and not np.any(want) and np.any(value) and parts:
            yield Reason(MASK, "it has to be 0 here", 1)
        elif want.size == 1 and not np.any(value) and np.any(want) and parts:
            yield Reason(MASK, "it is 0 here, and should not be", 1)
        return
    scale = float(np.max(np.abs(want)))
    off = np.abs(value - want) > loose * np.abs(want) + loose * 1e-2 * scale
    count = int(off.sum())
    crossed = bool(np.all((value[off] == 0) != (want[off] == 0)))
    if not count or (count == want.size and np.any(want) and not crossed):
        return
    zero_want, zero_value = not np.any(want[off]), not np.any(value[off])
    where = f"{count} of {want.size} elements"
    if zero_want and np.any(value) and np.any(want):
        yield Reason(MASK, f"{where} have to be 0: the mask is missing, or too weak")
    elif zero_value and np.any(value):
        yield Reason(MASK, f"{where} are 0, and should not be: another mask")
    elif (zero_want or zero_value) and count < want.size:
        yield Reason(MASK, f"{where} are masked wrongly", 3)
    elif crossed:
        yield Reason(MASK, f"{where} are masked the other way round")
    elif np.allclose(value[off], -want[off], rtol=loose):
        yield Reason(SIGN, f"{where} have the wrong sign")


def is_sum_of_some(value: Array, parts: Sequence[Part], loose: float) -> bool:
    """Whether a value is a sum of some contributions, or of the terms of some."""
    for some in ([p.value for p in parts], [t for p in parts for t in (p.terms or (p.value,))]):
        count = len(some)
        if count > COMBINED:
            total = np.zeros(some[0].shape)
            for each in (*some, *some[::-1]):
                if fits(value, each, loose):
                    return True
            for run in (some, some[::-1]):
                total = np.zeros(some[0].shape)
                for each in run:
                    total = total + each
                    if fits(value, total, loose):
                        return True
            continue
        for r in range(1, count + 1):
            for chosen in itertools.combinations(some, r):
                if fits(value, np.asarray(sum(chosen)), loose):
                    return True
    return False
