"""A problem into the value before it that, put right, makes it none: one whose name says nothing of what it is."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradc.evidence.grade.diagnose import Reason, explanations
from gradc.evidence.grade.guess import SECONDS, VAGUE, Guess, of_forward, wrong_of
from gradc.evidence.grade.marks import FORWARD, FREE, OTHER, PART, RIGHT, Goal, Marks, Problem
from gradc.evidence.grade.match import Key, chance, fits, key_of, squeezed
from gradc.evidence.grade.reference import Array, Part, Slot
from gradc.evidence.grade.runs import Event, Place, corrected

if TYPE_CHECKING:
    from gradc.evidence.grade.judge import Judge

# So many values are put right at most, so many of them to see what comes of it where none helps, and so many at a time.
MOST, SOME, AT_ONCE = 120, 40, 40
# Runs that are left for what comes later.
SPARED = 60
# So many times that one line ran are looked at.
TIMES = 24
Want = tuple[Array, Slot, list[Reason]]
Suspects = Sequence[tuple[Event, list[Want]]]


class Hidden:
    """Looks for such values, for a judge."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._told: dict[tuple[Key, int, float], list[Reason]] = {}

    def guess(self, marks: Marks, problem: Problem | None) -> Guess | None:
        """A value before a problem that, put right, makes it right."""
        until = problem.segment.last.index if problem is not None else len(marks.run.events)
        before = marks.score()
        if problem is None and not before[0] and not before[1]:
            return None
        tries = list(itertools.islice(self._tries(marks, until), MOST))
        for at in self._promising(marks, problem, tries):
            event, guess = tries[at]
            if self.judge.runner.left <= SPARED:
                return None
            if self._cures(marks, self.judge.marks(guess.right), event, problem, before):
                return guess
        best: tuple[int, Guess | None] = (1, None)
        for _, guess in tries[:SOME] if before[0] else ():  # there may be more than one mistake
            if self.judge.runner.left <= SPARED:
                return None
            after = self.judge.marks(guess.right)
            if wrong_of(after) <= wrong_of(marks) and (after.run.error is None or marks.run.error is not None):
                gain = after.matched() - marks.matched() - len(guess.right)
                if gain > best[0]:
                    best = gain, guess
        return best[1]

    def _tries(self, marks: Marks, until: int) -> Iterator[tuple[Event, Guess]]:
        """Values put right, those first that a simple mistake explains."""
        suspects = [(event, wants) for event, wants in self._suspects(marks, until) if wants]
        if self.judge.hints:  # what was found at another point comes first
            suspects = [each for each in suspects if each[0].line in self.judge.hints]
        for vague in (False, True):
            for event, wants in suspects:
                if vague and (marks.state[event.index] != FREE or event.index < marks.first_output):
                    continue
                for want, slot, reasons in wants:
                    if (reasons[0].rank >= VAGUE) == vague:
                        right = {event.place: want, **self._again(marks, event, reasons[0], suspects)}
                        yield event, Guess(event.line, event.name, right, reasons, slot)

    def _promising(self, marks: Marks, problem: Problem | None, tries: Sequence[tuple[Event, Guess]]) -> Iterator[int]:
        """The tries after which the problem is none, or a gradient more is right; all run in one go."""
        judge = self.judge
        goals = marks.goals()
        places = {goal.event.place for goal in goals.values()}
        if problem is not None:
            places.add(problem.segment.last.place)
        for k in range(0, len(tries), AT_ONCE):
            some = tries[k : k + AT_ONCE]
            variants = [
                {"right": corrected({**judge.right, **guess.right}), "bypass": judge.bypass} for _, guess in some
            ]
            for at, run in enumerate(judge.runner.several(variants, marks.run, sorted(places), SECONDS)):
                values = {event.place: event.value for event in run.events}
                if problem is not None:
                    helps = self.is_right(problem, values.get(problem.segment.last.place))
                else:
                    helps = any(self._reaches(goal, values) for goal in goals.values() if not goal.right)
                if helps:
                    yield k + at

    def _reaches(self, goal: Goal, values: Mapping[Place, Array]) -> bool:
        value = values.get(goal.event.place)
        return value is not None and any(fits(value, want, self.judge.loose) for want in goal.wants)

    def is_right(self, problem: Problem, value: Array | None) -> bool:
        """Whether a value is what a problem's should be, or some of it."""
        if value is None:
            return False
        loose = self.judge.loose
        if problem.kind == "forward":
            slots = self.judge.reference.by_name[problem.segment.last.name]
            return any(fits(value, slot.value, loose) for slot in slots) or bool(self.judge.matcher.forward(value))
        meanings = problem.segment.meanings
        return any(fits(value, want, loose) for meaning in meanings for want in meaning.adjoints()) or bool(
            self.judge.matcher.adjoint(value)
        )

    def _again(self, marks: Marks, event: Event, reason: Reason, suspects: Suspects) -> dict[Place, Array]:
        """The same mistake at the other times that a line ran."""
        found: dict[Place, Array] = {}
        for other, wants in suspects:
            if other.site == event.site and other.place != event.place:
                for want, _, reasons in wants:
                    if reasons[0].word == reason.word and reasons[0].rank < VAGUE:
                        found[other.place] = want
                        break
        return found

    def _cures(
        self, marks: Marks, after: Marks, event: Event, problem: Problem | None, before: tuple[int, int, int]
    ) -> bool:
        """Whether a problem is none, once an event before it has another value."""
        score = after.score()
        if (after.run.error is not None and marks.run.error is None) or score >= before or score[0] > before[0]:
            return False
        last = problem.segment.last.place if problem is not None else None
        return last is None or (last != event.place and after.is_right_at(last))

    def _suspects(self, marks: Marks, until: int) -> Iterator[tuple[Event, list[Want]]]:
        """Values whose names say nothing, with what they could have been meant to be."""
        filled = {
            event.place
            for segment in marks.segments
            if segment.states[-1] in (FORWARD, RIGHT)
            for event in segment.events[:-1]
        }
        lengths = sorted({float(slot.value.shape[0]) for slot in self.judge.reference.slots if slot.value.ndim})
        looked: Counter[int] = Counter()
        for event in marks.run.events[:until]:
            state = marks.state[event.index]
            idle = event.where.how in ("[]=", "*=", "call") and state in (RIGHT, OTHER) and self._is_idle(marks, event)
            plain = (chance(event.value) and event.value.size < 3) or not np.any(event.value)
            silent = state in (FREE, PART, RIGHT) and event.where.how != "param" and not marks.meanings(event)[0]
            if event.place in self.judge.right or plain or not (silent or idle) or event.place in filled:
                continue
            if looked[event.site] >= TIMES:
                continue
            looked[event.site] += 1
            wants: list[Want] = []
            forward = marks.first_output < 0 or event.index <= marks.first_output
            for slot in self.judge.reference.slots:
                rights = [(v.adjoint, v.parts) for v in slot.variants]
                if slot.value.size > 1:
                    rights += [(p.value, (p,)) for v in slot.variants if len(v.parts) > 1 for p in v.parts]
                if forward and state == FREE and id(slot) not in marks.reached and not slot.is_input:
                    rights = [(slot.value, ()), *rights]
                for want, some in rights:
                    if not np.any(want) or fits(want, event.value, self.judge.loose):
                        continue
                    told = self._explained(event.value, want, some)
                    if told[0].rank < VAGUE or squeezed(want.shape) == squeezed(event.value.shape):
                        wants.append((want, slot, of_forward(told) if want is slot.value else told))
                    if state == FREE and told[0].rank >= VAGUE and squeezed(want.shape) == squeezed(event.value.shape):
                        for n in lengths if want.size > 2 else ():  # before it is divided by their number
                            told = self._explained(event.value, want, (), n)
                            if told[0].rank < VAGUE:
                                wants.append((n * want, slot, told))
            wants.sort(
                key=lambda each: (
                    each[2][0].rank,
                    each[2][0].rank >= VAGUE and -_likeness(event.value, each[0]),
                    event.name not in each[1].names,
                )
            )
            each: dict[object, Want] = {}
            for one in wants:
                each.setdefault(key_of(one[0]), one)
            yield event, list(each.values())[: 40 if self.judge.hints else 12]

    def _explained(self, value: Array, want: Array, parts: Sequence[Part], times: float = 1.0) -> list[Reason]:
        """The mistakes that make a value of what it should be, `times` as much, looked for once."""
        key = key_of(value), id(want), times
        if key not in self._told:
            sizes = self.judge.sizes if times == 1.0 else ()
            self._told[key] = explanations(value, times * want, parts, sizes, self.judge.loose)
        return self._told[key]

    def _is_idle(self, marks: Marks, event: Event) -> bool:
        """Whether a line in place changed nothing: a mask that masks nothing."""
        before = [e for e in marks.run.events[: event.index] if e.key == event.key and e.name == event.name]
        return bool(before) and fits(before[-1].value, event.value, self.judge.loose)


def _likeness(value: Array, want: Array) -> float:
    """How much two arrays point the same way."""
    a, b = value.ravel(), want.ravel()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return abs(float(a @ b)) / size if a.size == b.size and size else 0.0
