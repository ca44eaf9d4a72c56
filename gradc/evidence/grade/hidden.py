"""A problem into the value before it that, put right, makes it none: one whose name says nothing of what it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradc.evidence.grade.diagnose import Reason, explanations
from gradc.evidence.grade.guess import VAGUE, Guess, of_forward, wrong_of
from gradc.evidence.grade.marks import FORWARD, FREE, OTHER, PART, RIGHT, Marks, Problem
from gradc.evidence.grade.match import chance, fits, key_of, squeezed
from gradc.evidence.grade.reference import Array, Slot
from gradc.evidence.grade.runs import Event, Place

if TYPE_CHECKING:
    from gradc.evidence.grade.judge import Judge

Want = tuple[Array, Slot, list[Reason]]
Suspects = Sequence[tuple[Event, list[Want]]]


class Hidden:
    """Looks for such values, for a judge."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def guess(self, marks: Marks, problem: Problem | None) -> Guess | None:
        """A value before a problem that, put right, makes it right."""
        until = problem.segment.last.index if problem is not None else len(marks.run.events)
        before = marks.score()
        if problem is None and not before[0] and not before[1]:
            return None
        tried = 0
        best: tuple[int, Guess | None] = (1, None)
        suspects = [(event, wants) for event, wants in self._suspects(marks, until) if wants]
        if self.judge.hints:  # what was found at another point comes first
            suspects = [each for each in suspects if each[0].line in self.judge.hints]
        for vague in (False, True):
            for event, wants in suspects:
                for want, slot, reasons in wants:
                    if (reasons[0].rank >= VAGUE) != vague:
                        continue
                    if vague and (marks.state[event.index] != FREE or event.index < marks.first_output):
                        continue
                    if self.judge.runner.left <= 60 or tried >= 100:
                        return None
                    tried += 1
                    right = {event.place: want, **self._again(marks, event, reasons[0], suspects)}
                    after = self.judge.marks(right)
                    if self._cures(marks, after, event, problem, before):
                        return Guess(event.line, event.name, right, reasons, slot)
                    if wrong_of(after) <= wrong_of(marks) and (after.run.error is None or marks.run.error is not None):
                        gain = after.matched() - marks.matched() - len(right)
                        if gain > best[0] and before[0]:
                            best = gain, Guess(event.line, event.name, right, reasons, slot)
        return best[1]

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
        for event in marks.run.events[:until]:
            state = marks.state[event.index]
            idle = event.where.how in ("[]=", "*=", "call") and state in (RIGHT, OTHER) and self._is_idle(marks, event)
            plain = (chance(event.value) and event.value.size < 3) or not np.any(event.value)
            silent = state in (FREE, PART, RIGHT) and event.where.how != "param" and not marks.meanings(event)[0]
            if event.place in self.judge.right or plain or not (silent or idle) or event.place in filled:
                continue
            wants: list[Want] = []
            forward = marks.first_output < 0 or event.index <= marks.first_output
            for slot in self.judge.reference.slots:
                rights = [(v.adjoint, v.parts) for v in slot.variants]
                if slot.value.size > 1:
                    rights += [(p.value, (p,)) for v in slot.variants if len(v.parts) > 1 for p in v.parts]
                if forward and state == FREE and id(slot) not in marks.reached and not slot.is_input:
                    rights = [(slot.value, ()), *rights]
                for want, some in rights:
                    if not want.size or fits(want, event.value, self.judge.loose):
                        continue
                    told = explanations(event.value, want, some, self.judge.sizes, self.judge.loose)
                    if told[0].rank < VAGUE or squeezed(want.shape) == squeezed(event.value.shape):
                        wants.append((want, slot, of_forward(told) if want is slot.value else told))
                    if state == FREE and told[0].rank >= VAGUE and squeezed(want.shape) == squeezed(event.value.shape):
                        for n in lengths if want.size > 2 else ():  # before it is divided by their number
                            told = explanations(event.value, n * want, [], (), self.judge.loose)
                            if told[0].rank < VAGUE:
                                wants.append((n * want, slot, told))
            wants.sort(
                key=lambda each: (each[2][0].rank, each[2][0].rank >= VAGUE and -_likeness(event.value, each[0]))
            )
            each: dict[object, Want] = {}
            for one in wants:
                each.setdefault(key_of(one[0]), one)
            yield event, list(each.values())[: 40 if self.judge.hints else 12]

    def _is_idle(self, marks: Marks, event: Event) -> bool:
        """Whether a line in place changed nothing: a mask that masks nothing."""
        before = [e for e in marks.run.events[: event.index] if e.key == event.key and e.name == event.name]
        return bool(before) and fits(before[-1].value, event.value, self.judge.loose)


def _likeness(value: Array, want: Array) -> float:
    """How much two arrays point the same way."""
    a, b = value.ravel(), want.ravel()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return abs(float(a @ b)) / size if a.size == b.size and size else 0.0
