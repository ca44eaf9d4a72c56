"""A value of somebody's into the value of the program that it is, whatever it is called and however it lies.

A value may lie transposed, flattened, with axes of one more or less, or be a row, a column or an element.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from gradc.evidence.grade.reference import Array, Part, Reference, Slot, Variant, noise, same

Layout = Callable[[Array], Array]
T = TypeVar("T")

# Arrays with more elements are not taken apart.
TAKEN_APART = 600
# An axis that is longer is not taken apart.
LONGEST = 64


class Meaning(NamedTuple):
    """A value of the program, and how the hand lays it out."""

    slot: Slot
    layout: Layout
    shape: tuple[int, ...]

    def adjoints(self) -> list[Array]:
        return [self.layout(variant.adjoint) for variant in self.slot.variants]

    def variants(self) -> Iterator[Variant]:
        """The adjoints with their contributions, all laid out as the hand does."""
        for variant in self.slot.variants:
            parts = tuple(
                part._replace(value=self.layout(part.value), terms=tuple(map(self.layout, part.terms)))
                for part in variant.parts
            )
            yield Variant(self.layout(variant.adjoint), parts)


def fits(value: Array, want: Array, loose: float = 1e-5) -> bool:
    """The same numbers in the same shape, but for axes of length one."""
    if value.size != want.size:
        return False
    if value.shape != want.shape:
        if squeezed(value.shape) != squeezed(want.shape):
            return False
        value = value.reshape(want.shape)
    return same(value, want, loose)


def squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


class Index(Generic[T]):
    """Arrays by their size and the sum of their squares, which no layout changes."""

    def __init__(self, entries: Sequence[tuple[Array, T]], loose: float) -> None:
        self.entries, self.loose = entries, loose
        self.sizes = np.array([array.size for array, _ in entries], int)
        self.squares = np.array([_squares(array) for array, _ in entries], float)

    def near(self, value: Array) -> Iterator[tuple[Array, T]]:
        """What may be a value, in order."""
        if not self.entries:
            return
        squares = _squares(value)
        close = np.abs(self.squares - squares) <= 10 * self.loose * squares + value.size * noise(self.loose) ** 2
        for k in np.nonzero(close & (self.sizes == value.size))[0]:
            yield self.entries[int(k)]


def _squares(array: Array) -> float:
    flat = array.ravel()
    return float(flat @ flat)


Key = tuple[tuple[int, ...], bytes]


def key_of(value: Array) -> Key:
    """An array as a key."""
    return value.shape, value.tobytes()


class Matcher:
    """Looks values up in what is right at a point."""

    def __init__(self, reference: Reference, loose: float) -> None:
        self.reference, self.loose = reference, loose
        self.slots = list(reference.slots)
        self._known: dict[Key, list[Meaning]] = {}
        self._known_adjoints: dict[Key, list[tuple[Slot, Array]]] = {}
        self._known_parts: dict[Key, tuple[Slot, Part] | None] = {}
        self._kept: list[Meaning] = []
        self._known_sums: dict[tuple[Key, int, int], bool] = {}

    @cached_property
    def _values(self) -> tuple[Index[Slot], Index[Slot]]:
        return tuple(Index([(s.value, s) for s in some], self.loose) for some in (self.slots, self.pieces))  # type: ignore[return-value]

    @cached_property
    def _adjoints(self) -> tuple[Index[Slot], Index[Slot]]:
        return tuple(  # type: ignore[return-value]
            Index([(v.adjoint, s) for s in some for v in s.variants], self.loose) for some in (self.slots, self.pieces)
        )

    @cached_property
    def _parts(self) -> tuple[Index[tuple[Slot, Part]], Index[tuple[Slot, Part]]]:
        return tuple(  # type: ignore[return-value]
            Index(
                [(a, (s, p)) for s in some for v in s.variants for p in v.parts for a in (p.value, *p.terms)],
                self.loose,
            )
            for some in (self.slots, self.pieces)
        )

    def forward(self, value: Array) -> list[Meaning]:
        """The program's values that a value is."""
        key = key_of(value)
        if key not in self._known:
            self._known[key] = self._forward(value)
        return self._known[key]

    def _forward(self, value: Array) -> list[Meaning]:
        if not value.size or not np.all(np.isfinite(value)):
            return []
        whole, pieces = self._values
        found = [
            Meaning(slot, how, value.shape) for want, slot in whole.near(value) if (how := self._layout(value, want))
        ]
        if not found and not chance(value):
            found = [
                Meaning(slot, how, value.shape)
                for want, slot in pieces.near(value)
                if (how := self._layout(value, want))
            ]
        return sorted(found, key=lambda m: (m.slot.value.shape != value.shape, not m.slot.is_input))

    def _layout(self, value: Array, want: Array) -> Layout | None:
        """How a value lies, None if it is another."""
        if value.size != want.size:
            return None
        if value.shape == want.shape:
            if same(value, want, self.loose):
                return lambda a: a
        elif same(value.ravel(), want.ravel(), self.loose):
            shape = value.shape
            return lambda a: a.reshape(shape)
        if want.ndim >= 2 and not chance(value):
            for axes in itertools.permutations(range(want.ndim)):
                turned = want.transpose(axes)
                if want.ndim <= 4 and turned.shape == value.shape and same(value, turned, self.loose):
                    return lambda a, axes=axes: a.transpose(axes)  # type: ignore[misc]
            turned = want.T
            if squeezed(turned.shape) == squeezed(value.shape) and same(value.ravel(), turned.ravel(), self.loose):
                shape = value.shape
                return lambda a: a.T.reshape(shape)
        return None

    @cached_property
    def pieces(self) -> list[Slot]:
        """Rows, columns and elements of the program's arrays, with their adjoints."""
        return [
            piece
            for slot in self.reference.slots
            if 1 < slot.value.size <= TAKEN_APART and slot.value.ndim
            for piece in _taken_apart(slot)
        ]

    def adjoint(self, value: Array) -> list[tuple[Slot, Array]]:
        """The adjoints that a value is, laid out as it is."""
        key = key_of(value)
        if key not in self._known_adjoints:
            self._known_adjoints[key] = self._adjoint(value)
        return self._known_adjoints[key]

    def _adjoint(self, value: Array) -> list[tuple[Slot, Array]]:
        whole, pieces = self._adjoints
        found = [(slot, how(want)) for want, slot in whole.near(value) if (how := self._layout(value, want))]
        if not found and not chance(value):
            found = [(slot, want) for want, slot in pieces.near(value) if self._layout(value, want)]
        return found

    def part(self, value: Array) -> tuple[Slot, Part] | None:
        """A contribution that a value is."""
        key = key_of(value)
        if key not in self._known_parts:
            self._known_parts[key] = self._part(value)
        return self._known_parts[key]

    def is_sum(self, value: Array, meaning: Meaning, summed: Callable[[Array, Sequence[Part], float], bool]) -> bool:
        """Whether a value is a sum of contributions to a meaning, as `summed` finds."""
        key = key_of(value), id(meaning.slot), id(meaning.layout)
        if key not in self._known_sums:
            self._kept.append(meaning)
            self._known_sums[key] = any(summed(value, variant.parts, self.loose) for variant in meaning.variants())
        return self._known_sums[key]

    def _part(self, value: Array) -> tuple[Slot, Part] | None:
        for index in self._parts[: 1 if chance(value) else 2]:
            for want, found in index.near(value):
                if self._layout(value, want):
                    return found
        return None


def chance(value: Array) -> bool:
    """Whether a value is one that many things have: whole numbers alone."""
    return bool(np.all(value == np.round(value)))


def _taken_apart(slot: Slot) -> list[Slot]:
    found: list[Slot] = []
    value = slot.value
    cuts: list[tuple[Any, ...]] = []
    for axis in range(value.ndim):
        if value.shape[axis] <= LONGEST:
            cuts += [(slice(None),) * axis + (i,) for i in range(value.shape[axis])]
    if value.ndim == 2 and value.size <= TAKEN_APART // 2:
        cuts += [(i, j) for i in range(value.shape[0]) for j in range(value.shape[1])]
    if value.ndim == 3:
        for first, second in ((0, 1), (0, 2), (1, 2)):
            if value.shape[first] * value.shape[second] <= LONGEST:
                for i, j in itertools.product(range(value.shape[first]), range(value.shape[second])):
                    part: list[Any] = [slice(None)] * 3
                    part[first], part[second] = i, j
                    cuts.append(tuple(part))
    for cut in cuts:
        piece = Slot(np.asarray(value[cut]), slot.line, slot.number, (slot, cut))
        piece.names = [f"{slot.title}[{', '.join(':' if isinstance(c, slice) else str(c) for c in cut)}]"]
        for variant in slot.variants:
            parts = tuple(
                each._replace(
                    value=np.asarray(each.value[cut]),
                    terms=tuple(np.asarray(term[cut]) for term in each.terms),
                    incoming=np.asarray(each.incoming[cut])
                    if each.incoming.shape == value.shape
                    else np.asarray(each.incoming),
                )
                for each in variant.parts
            )
            piece.variants.append(Variant(np.asarray(variant.adjoint[cut]), parts))
        piece.args = slot.args
        found.append(piece)
    return found
