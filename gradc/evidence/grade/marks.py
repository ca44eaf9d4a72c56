"""The events of a run into what each is: right, a part, not compared, or wrong.

A forward value is known by its numbers; a backward name by the name that it is made of. What is wrong is a `Problem`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from gradc.evidence.grade.diagnose import is_sum_of_some
from gradc.evidence.grade.match import Matcher, Meaning, chance, fits, squeezed
from gradc.evidence.grade.names import GRADIENT, HOLDERS, OWN, UPSTREAM, bases, piece_of
from gradc.evidence.grade.reference import Array, Reference, Slot
from gradc.evidence.grade.runs import Event, Run

FORWARD, RIGHT, PART, OTHER, FREE, WRONG, GIVEN = "forward", "right", "part", "other", "free", "wrong", "given"


class Segment:
    """The events of one name from a fresh assignment to the next; what counts is the last."""

    __slots__ = ("events", "meanings", "piece", "states")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.states: list[str] = []
        self.meanings: list[Meaning] = []
        self.piece = False

    @property
    def last(self) -> Event:
        return self.events[-1]


class Problem(NamedTuple):
    """A value that is not what its name says. `kind` is "adjoint" or "forward"; `final` that nothing comes after it."""

    segment: Segment
    kind: str
    final: bool
    earlier: tuple[Segment, ...] = ()


class Goal(NamedTuple):
    """The last value of an input's gradient, and what it may be."""

    name: str
    event: Event
    wants: tuple[Array, ...]
    right: bool


class Marks:
    """What is known of a run."""

    def __init__(self, run: Run, reference: Reference, matcher: Matcher) -> None:
        self.run, self.reference, self.matcher = run, reference, matcher
        self.loose = matcher.loose
        self.bound: dict[tuple[int, str], list[Meaning]] = {}
        self.anywhere: dict[str, list[Meaning]] = {}
        self.objects: dict[int, set[str]] = {}  # the names that are values, by the object that has them
        self.state: list[str] = []
        self.segments: list[Segment] = []
        self.open: dict[tuple[int, str], Segment] = {}
        self.of_name: dict[tuple[int, str], list[Segment]] = {}
        self.moved: set[str] = set()
        self.updates: list[int] = []
        self.held: dict[tuple[int, str], str] = {}
        self.exact: dict[tuple[int, str], Array] = {}
        self.reached: set[int] = set()
        self.first_output = -1
        self.last_used = 0
        self._meant: dict[object, tuple[list[Meaning], bool]] = {}  # by names, until more is bound to one
        self.reshaped: list[tuple[Segment, Array]] = []  # what lies otherwise than what it is, for now
        self.each: dict[int, int] = {}  # the adjoints that are still to be divided by a number of examples
        self.outputs = [slot for _, slot in reference.outputs]
        self._read()
        self.by_place = self._by_place()
        self.problems = sorted(self._problems(), key=lambda p: p.segment.last.index)

    # ---- reading -------------------------------------------------------------------------------

    def _read(self) -> None:
        ran: set[int] = set()
        for event in self.run.events:
            if self.moved and event.site in ran and not self._restores(event):
                self.state.append(GIVEN)  # a later step from another point
                continue
            ran.add(event.site)
            self.last_used = event.index
            self.state.append(self._event(event))
        self._check_reshaped()

    def _check_reshaped(self) -> None:
        """What lies otherwise than the gradient that it is, and does not come to lie like it, is none."""
        for segment, want in self.reshaped:
            later = (e.value for e in self.run.events[segment.last.index + 1 :] if e.value.shape == want.shape)
            final = segment.meanings[0].slot.is_input
            if final and not any(fits(value, want, self.loose) for value in later):
                self.state[segment.last.index] = segment.states[-1] = OTHER

    def _restores(self, event: Event) -> bool:
        name = self.held.get((event.key, event.name), "")
        return name in self.moved and self._is_exact((event.key, event.name), event.value)

    def _is_exact(self, key: tuple[int, str], value: Array) -> bool:
        """Whether a variable has, to the last digit, the value that it had at the point: a small step moves it, too."""
        return key in self.exact and np.array_equal(self.exact[key], value)

    def _event(self, event: Event) -> str:
        meanings = self.matcher.forward(event.value)
        self._inputs(event, meanings)
        if event.where.how in ("param", "for"):
            if meanings and not self._is_upstream(event):
                self._bind(event, meanings)
            return GIVEN
        if event.where.how == "return" and self._is_known(event):
            return GIVEN
        wanted, piece = ([], False) if self._is_on_the_way(event, meanings) else self.meanings(event)
        segment = self._segment(event, wanted, piece)
        state = self._state(event, meanings, wanted, segment)
        segment.events.append(event)
        segment.states.append(state)
        if state == FORWARD:
            self._bind(event, meanings)
            for meaning in meanings:
                self.reached.add(id(meaning.slot))
                if meaning.slot in self.outputs and self.first_output < 0 and not meaning.slot.is_input:
                    self.first_output = event.index
        return state

    def _is_on_the_way(self, event: Event, meanings: list[Meaning]) -> bool:
        """Whether a value of the program comes before its output: `C_bar` is then no adjoint of C."""
        return self.first_output < 0 and bool(meanings) and not chance(event.value)

    def _is_known(self, event: Event) -> bool:
        """Whether a value that is returned was looked at before, under its name."""
        segment = self.open.get((event.key, event.name)) if event.name else None
        return segment is not None and fits(event.value, segment.last.value, self.loose)

    def _is_upstream(self, event: Event) -> bool:
        return bool(UPSTREAM.match(event.name)) and event.name not in self.reference.by_name

    def _inputs(self, event: Event, meanings: list[Meaning]) -> None:
        """Which variable holds which input, and which inputs were moved away from the point."""
        key = (event.key, event.name)
        held = next((m.slot.is_input for m in meanings if m.slot.is_input), "")
        before = self.held.get(key, "")
        stepped = before and event.where.how in ("+=", "-=", "own") and self.first_output >= 0
        if stepped and held == before and not self._is_exact(key, event.value):
            self.moved.add(before)
            self.updates.append(event.site)
            return
        if held and (not before or before == held):
            self.held[key] = held
            self.exact.setdefault(key, event.value)
            self.moved.discard(held)
        elif before and not held:
            how = event.where.how
            changed = how in ("+=", "-=", "[]=", "[]-=", "[]+=", "own", "call") and self.first_output >= 0
            if changed and not meanings and not (how == "own" and self._is_forward_name(event)):
                self.moved.add(before)
                if how in ("+=", "-=", "own"):
                    self.updates.append(event.site)
                return
            self.held.pop(key, None)

    def _is_forward_name(self, event: Event) -> bool:
        """Whether a name that held an input goes on as another value, `x = relu(x)`."""
        held = self.reference.inputs.get(self.held.get((event.key, event.name), ""))
        return held is not None and bool(event.value.shape != held.shape)

    def _bind(self, event: Event, meanings: list[Meaning]) -> None:
        if event.key < -1 and event.name not in self.objects.setdefault(event.key, set()):
            self.objects[event.key].add(event.name)
            self._meant.clear()
        for known in (self.bound.setdefault((event.key, event.name), []), self.anywhere.setdefault(event.name, [])):
            for meaning in reversed(meanings):  # the likeliest last: it is read from the end
                if all(meaning.slot is not each.slot for each in known):
                    known.append(meaning)
                    self._meant.clear()

    def meanings(self, event: Event) -> tuple[list[Meaning], bool]:
        """The values whose adjoint an event is by its name, the likeliest first; and whether it is but a part."""
        key = event.name, event.where.holder, event.where.how, event.key, event.scope, event.value.shape
        if key not in self._meant:
            self._meant[key] = self._meanings(event)
        return self._meant[key]

    def _meanings(self, event: Event) -> tuple[list[Meaning], bool]:
        name, holder = event.name, event.where.holder
        if not name:
            return [], False
        if name in self.reference.own and not HOLDERS.match(holder):
            return [], False  # the program itself has a value of this name
        wanted = bases(name)
        if holder and (HOLDERS.match(holder) or event.where.how == "item"):
            wanted = [name, *wanted] if HOLDERS.match(holder) else wanted
        found = self._known(event, wanted)
        if not found and OWN.match(name) and len(held := self.objects.get(event.key, ())) == 1:
            own = {id(meaning.slot) for base in held for meaning in self.bound.get((event.key, base), ())}
            found = self._known(event, held)
            found = [meaning for meaning in found if id(meaning.slot) in own] or found
        if found:
            return found, False
        piece = piece_of(name)
        return (self._known(event, bases(piece)), True) if piece else ([], False)

    def _known(self, event: Event, wanted: Iterable[str]) -> list[Meaning]:
        for base in wanted:
            found = self._of(event, base)
            if found:  # of several that are called so, such as the function itself reads, and such as lie like it
                near = {
                    id(meaning.slot) for key in (event.key, event.scope) for meaning in self.bound.get((key, base), ())
                }
                lies = squeezed(event.value.shape)
                return sorted(found, key=lambda m: (id(m.slot) not in near, squeezed(m.shape) != lies))
        return []

    def _of(self, event: Event, base: str) -> list[Meaning]:
        found: list[Meaning] = []
        near = [*self.bound.get((event.key, base), []), *self.bound.get((event.scope, base), [])]
        own = event.key == 0 and base in self.reference.input_slots  # outside of functions, x is the program's
        far = [] if own else self.anywhere.get(base, [])
        here = [Meaning(slot, lambda a: a, slot.value.shape) for slot in self.reference.by_name.get(base, [])]
        spelled = [] if near or far or here else self._spelled(base)
        for meaning in [*reversed(near), *reversed(far), *here, *spelled]:
            if meaning.slot.variants and all(meaning.slot is not each.slot for each in found):
                found.append(meaning)
        return found

    def _spelled(self, base: str) -> list[Meaning]:
        """The one name that a base is short for: `hidden` of `hidden_layer`, `w` of `W`."""
        folded = base.lower()
        for names in (
            [name for name in self.anywhere if name.lower() == folded],
            [name for name in self.anywhere if len(folded) > 2 and name.lower().startswith(folded)],
        ):
            if len(names) == 1:
                return self.anywhere[names[0]]
        return []

    def _segment(self, event: Event, wanted: list[Meaning], piece: bool) -> Segment:
        key = (event.key, event.name or f"line {event.site}")
        segment = self.open.get(key)
        fresh = event.where.how in ("=", "item") or segment is None
        if event.where.how == "return":
            fresh = not event.name or segment is None
        if fresh or segment is None:
            segment = Segment()
            self.open[key] = segment
            self.segments.append(segment)
            self.of_name.setdefault(key, []).append(segment)
        segment.meanings, segment.piece = wanted, piece
        return segment

    def _state(self, event: Event, meanings: list[Meaning], wanted: list[Meaning], segment: Segment) -> str:
        value = event.value
        if wanted:
            if any(fits(value, want, self.loose) for meaning in wanted for want in meaning.adjoints()):
                return RIGHT
            for want in (w for meaning in wanted for w in meaning.adjoints() if w.size == value.size > 1):
                if len(squeezed(value.shape)) > 1 and fits(value.ravel(), want.ravel(), self.loose):
                    self.reshaped.append((segment, want))
                    return RIGHT
            self._note_examples(event, wanted)
            if any(self.matcher.is_sum(value, meaning, is_sum_of_some) for meaning in wanted if _sized(meaning, value)):
                return PART
            if not np.any(value):
                return PART
            if segment.piece and self.matcher.part(value):
                return PART
            return OTHER if self.matcher.adjoint(value) and not chance(value) else WRONG
        if meanings:
            return FORWARD
        if self.matcher.adjoint(value):
            return RIGHT
        if not np.any(value) or self.matcher.part(value):
            return PART
        return FREE

    def _note_examples(self, event: Event, wanted: list[Meaning]) -> None:
        """Whether an adjoint is as many times what it should be as it has examples: people divide where they sum."""
        for n in {n for n in event.value.shape if n > 1}:
            if any(fits(event.value, n * want, self.loose) for meaning in wanted for want in meaning.adjoints()):
                self.each[event.index] = n

    # ---- what is wrong ---------------------------------------------------------------------------

    def _problems(self) -> Iterator[Problem]:
        last_of: dict[int, int] = {}
        for segment in self.segments:
            for meaning in segment.meanings[:1]:
                last_of[id(meaning.slot)] = max(last_of.get(id(meaning.slot), -1), segment.last.index)
        for segments in self.of_name.values():
            for i, segment in enumerate(segments):
                state = segment.states[-1]
                event = segment.last
                if not segment.meanings:
                    if self._is_wrong_forward(segment):
                        yield Problem(segment, "forward", False)
                    continue
                if state == RIGHT or segment.piece:
                    continue
                slots = [meaning.slot for meaning in segment.meanings]
                last = all(last_of.get(id(slot), -1) <= event.index for slot in slots[:1])
                if state == PART and not last:
                    continue
                if state == OTHER and i + 1 < len(segments):
                    continue
                final = last and bool(slots[0].is_input)
                yield Problem(segment, "adjoint", final, tuple(segments[:i]))
        for segment in self.by_place.values():
            if segment.states[-1] != RIGHT:
                yield Problem(segment, "adjoint", True)

    def _is_wrong_forward(self, segment: Segment) -> bool:
        event = segment.last
        if segment.states[-1] != FREE or event.where.holder or event.where.how in ("return", "for"):
            return False
        slots = self.reference.by_name.get(event.name, [])
        return any(not slot.is_input for slot in slots) and not any(slot.is_input for slot in slots)

    def _by_place(self) -> dict[str, Segment]:
        """What stands for an input's adjoint by its place in what a function returns, where no name says it."""
        named = {m.slot.is_input for segment in self.segments for m in segment.meanings[:1] if not segment.piece}
        inputs = [name for name, slot in self.reference.input_slots.items() if slot.variants]
        groups: dict[tuple[int, int], list[Event]] = {}
        for event in self.run.events:
            if event.where.how == "return":
                groups.setdefault((event.scope, event.line), []).append(event)
        if named & set(inputs) or not inputs:
            return self._between(inputs, groups.values()) or self._beside(inputs, groups.values())
        for events in reversed(list(groups.values())):
            shapes = [self.reference.inputs[name].shape for name in inputs]
            while events and len(events) > len(inputs) and self.state[events[0].index] in (FORWARD, GIVEN):
                events = events[1:]
            if [event.value.shape for event in events] != shapes or any(map(self._is_an_input, events)):
                continue
            if any(self._is_adjoint_of(event, name) for event, name in zip(events, inputs, strict=True)):
                return {name: self._placed(event, name) for event, name in zip(events, inputs, strict=True)}
        return self._by_shape(inputs, list(groups.values()))

    def _between(self, inputs: list[str], groups: Iterable[list[Event]]) -> dict[str, Segment]:
        """What is returned without a name between adjoints that have one, in the order of the inputs."""
        for events in groups:
            if all(event.name for event in events) or len(events) > len(inputs):
                continue
            known = [self._input_of(event) for event in events]
            order = inputs[: len(events)]
            named = any(known) and all(name in ("", at) for name, at in zip(known, order, strict=True))
            fit = all(
                event.value.shape == self.reference.inputs[at].shape for event, at in zip(events, order, strict=True)
            )
            if named and fit:
                pairs = zip(events, order, known, strict=True)
                return {at: self._placed(event, at) for event, at, name in pairs if not name}
        return {}

    def _beside(self, inputs: list[str], groups: Iterable[list[Event]]) -> dict[str, Segment]:
        """What is returned beside adjoints under a name that says nothing, in a shape that one input alone has."""
        shapes = [self.reference.inputs[name].shape for name in inputs]
        for events in groups:
            known = [self._input_of(event) for event in events]
            odd = [e for e, name in zip(events, known, strict=True) if not name and self.state[e.index] != FORWARD]
            odd = [e for e in odd if e.index > self.first_output >= 0 and self._is_new(e)]
            if not any(known) or any(e.value.ndim < 1 or shapes.count(e.value.shape) != 1 for e in odd):
                continue
            names = [inputs[shapes.index(event.value.shape)] for event in odd]
            if len(set(names)) == len(names) and not set(names) & set(known):
                return {name: self._placed(event, name) for name, event in zip(names, odd, strict=True)}
        return {}

    def _is_new(self, event: Event) -> bool:
        """Whether a value is none of the program's."""
        return not self.matcher.forward(event.value)

    def _input_of(self, event: Event) -> str:
        """The input whose adjoint a returned value is by its name."""
        wanted = self.meanings(event)[0] if event.name else []
        return wanted[0].slot.is_input if wanted else ""

    def _by_shape(self, inputs: list[str], groups: list[list[Event]]) -> dict[str, Segment]:
        """What is returned, or called a gradient, in a shape that one input alone has, once the output was there."""
        if self.first_output < 0:
            return {}
        called = [e for e in self.run.events if GRADIENT.match(e.name) and e.index > self.first_output]
        found: dict[str, Segment] = {}
        shapes = [self.reference.inputs[name].shape for name in inputs]
        for name, shape in zip(inputs, shapes, strict=True):
            if not shape or shapes.count(shape) > 1:
                continue
            for events in [*reversed(groups), called[-1:]]:
                some = [e for e in events if e.value.shape == shape and not self.matcher.forward(e.value)]
                if len(some) == 1:
                    found[name] = self._placed(some[0], name)
                    break
        return found

    def _is_an_input(self, event: Event) -> bool:
        """Whether a value is handed on as it came, in a cache."""
        return any(meaning.slot.is_input for meaning in self.matcher.forward(event.value)) and not chance(event.value)

    def _is_adjoint_of(self, event: Event, name: str) -> bool:
        variants = self.reference.input_slots[name].variants
        return any(fits(event.value, variant.adjoint, self.loose) for variant in variants)

    def _placed(self, event: Event, name: str) -> Segment:
        slot = self.reference.input_slots[name]
        segment = Segment()
        segment.events.append(event)
        segment.states.append(RIGHT if self._is_adjoint_of(event, name) else WRONG)
        segment.meanings = [Meaning(slot, lambda a: a, slot.value.shape)]
        return segment

    # ---- what it comes to ------------------------------------------------------------------------

    def finals(self) -> dict[str, bool]:
        """Whether the last adjoint of each input that the text works out is right."""
        return {name: goal.right for name, goal in self._goals.items()}

    def goals(self) -> dict[str, Goal]:
        """Where each input's gradient stands at last, and what it should be."""
        return {name: goal._replace(event=self._handed_on(goal.event)) for name, goal in self._goals.items()}

    @cached_property
    def _goals(self) -> dict[str, Goal]:
        found: dict[str, Segment] = {}
        for segment in self.segments:
            for name in (meaning.slot.is_input for meaning in segment.meanings[:1] if not segment.piece):
                if name and (name not in found or segment.last.index >= found[name].last.index):
                    found[name] = segment
        segments = {**self.by_place, **found}
        some = any(each.states[-1] == RIGHT and each.last.value.size > 1 for each in segments.values())
        return {name: self._goal(name, segment, some) for name, segment in segments.items()}

    def _goal(self, name: str, segment: Segment, some: bool) -> Goal:
        """What a gradient may be: of data, where `some` other is right, that of each example by itself, too."""
        last, wants = segment.last, tuple(segment.meanings[0].adjoints())
        n, right = self.each.get(last.index), segment.states[-1] == RIGHT
        begun = n is not None and any(
            self.each.get(each.last.index) == n for each in self.segments if each.last.index < last.index
        )
        if begun or (n is None and not right):
            wants += tuple(m * want for want in wants for m in {m for m in last.value.shape if m > 1})
        return Goal(name, last, wants, right or (begun and some))

    def _handed_on(self, event: Event) -> Event:
        """Where a value stands at last under its name: what a function gives back, its caller may assign."""
        for later in reversed(self.run.events[event.index + 1 :]):
            if later.name == event.name and later.where.how == "=" and np.array_equal(later.value, event.value):
                return later
        return event

    def matched(self) -> int:
        """How many values are known for what they are."""
        return sum(state in (RIGHT, PART, FORWARD, OTHER) for state in self.state)

    def score(self) -> tuple[int, int, int]:
        """The less, the better: wrong gradients, an output that is not reached, problems; an exception is worst."""
        if self.run.error is not None and not self.run.events:
            return 99, 99, 99
        wrong = sum(not right for right in self.finals().values())
        missed = sum(id(slot) not in self.reached for slot in self.outputs)
        return wrong, missed, len(self.problems)

    def is_right_at(self, place: tuple[int, int]) -> bool:
        """Whether nothing is wrong with an event any more."""
        return all(problem.segment.last.place != place for problem in self.problems) and any(
            event.place == place for event in self.run.events
        )


def _sized(meaning: Meaning, value: Array) -> bool:
    return value.size == meaning.slot.value.size


__all__ = ["FORWARD", "FREE", "GIVEN", "OTHER", "PART", "RIGHT", "WRONG", "Marks", "Problem", "Segment", "Slot"]
