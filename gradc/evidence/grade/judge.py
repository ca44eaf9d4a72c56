"""A text and what is right at a point into the lines that are wrong, one mistake at a time.

The first wrong value is explained and put right, and the text runs again, so that no error is carried forward. A value
is wrong only if it matters: where putting it right makes nothing else right, and the gradients are right without, the
text has another way of staging, and stands.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from gradc.evidence.grade.diagnose import (
    MASK,
    MEAN,
    MISSING,
    POINT,
    SIGN,
    SLOPE,
    SUM_MISSING,
    TRANSPOSED,
    Reason,
    explanations,
    factor,
    is_sum_of_some,
)
from gradc.evidence.grade.guess import SECONDS, VAGUE, Guess, Judged, Verdict, of_forward, wrong_of
from gradc.evidence.grade.hidden import Hidden
from gradc.evidence.grade.marks import FORWARD, FREE, GIVEN, OTHER, PART, RIGHT, WRONG, Marks, Problem, Segment
from gradc.evidence.grade.match import Matcher, Meaning, fits, squeezed
from gradc.evidence.grade.reference import Array, Reference, Variant
from gradc.evidence.grade.runs import Event, Place, Runner, corrected

# So many mistakes are put right in one text.
MOST = 12
# So many events are looked at first: most texts have fewer, and a training loop has far more.
FIRST = 600
# So many adjoints are tried as those of what their gates take.
UNMASKED = 40


def first_look(runner: Runner, reference: Reference, loose: float) -> Marks:
    """A text as it is at a point; what comes after the step of a training loop is not looked at again."""
    matcher = Matcher(reference, loose)
    runner.limit = FIRST
    marks = Marks(runner.run(), reference, matcher)
    runner.limit = None
    if len(marks.run.events) >= FIRST and not marks.moved:
        marks = Marks(runner.run(), reference, matcher)
    if marks.moved:
        runner.limit = marks.last_used + 2
    return marks


class Judge:
    """Judges one text at one point."""

    def __init__(self, runner: Runner, reference: Reference, loose: float, hints: Sequence[int] = ()) -> None:
        self.runner, self.reference, self.hints = runner, reference, list(hints)
        self.matcher = Matcher(reference, loose)
        self.loose = loose
        self.right: dict[Place, Array] = {}
        self.bypass: list[int] = []
        self.dismissed: set[Place] = set()
        self.verdicts: list[Verdict] = []
        self.hidden = Hidden(self)
        self.sizes = sorted({n for slot in reference.slots for n in _lengths(slot.value.shape)})

    def marks(self, right: dict[Place, Array] | None = None, **more: Sequence[object]) -> Marks:
        run = self.runner.run({**self.right, **(right or {})}, bypass=self.bypass, **more)  # type: ignore[arg-type]
        return Marks(run, self.reference, self.matcher)

    def judge(self, start: Marks) -> Judged:
        marks = self._unmoved(start)
        for _ in range(3 * MOST):
            if len(self.verdicts) >= MOST or self.runner.left <= 0:
                break
            wrong, _, _ = marks.score()
            settled = not wrong and bool(marks.finals()) and marks.run.error is None
            if settled and not any(p.kind == "forward" for p in marks.problems):
                break
            open_ = [p for p in marks.problems if p.segment.last.place not in self.dismissed]
            problem = next((p for p in open_ if p.kind == "forward" or not settled), None)
            if settled and problem is None:
                break
            guess = self._guess(marks, problem)
            if guess is not None:
                self._accept(guess)
                marks = self.marks()
                continue
            if problem is not None:
                self.dismissed.add(problem.segment.last.place)
                continue
            if not self._past_the_error(marks):
                break
            marks = self.marks()
        return Judged(self.verdicts, marks)

    def _unmoved(self, marks: Marks) -> Marks:
        """Values that read what was updated before: right in a run without the updates."""
        for _ in range(4):
            wrong, _, problems = marks.score()
            if not marks.updates or not (wrong or problems):
                return marks
            updates = sorted(set(marks.updates))
            frozen = self.marks(frozen=updates)
            if frozen.score() >= marks.score():
                return marks
            steady = {event.place: event for event in frozen.run.events}
            for event in marks.run.events[: marks.last_used + 1]:
                other = steady.get(event.place)
                if other is None or event.site in updates or marks.state[event.index] == GIVEN:
                    continue
                if event.value.shape == other.value.shape and not fits(event.value, other.value, self.loose):
                    slot = next(iter(m.slot for m in marks.meanings(event)[0]), None) or self.reference.slots[0]
                    told = [Reason(POINT, "it reads a value that was changed before")]
                    self._accept(Guess(event.line, event.name, {event.place: other.value}, told, slot))
                    break
            else:
                return marks
            marks = self.marks()
        return marks

    def _accept(self, guess: Guess) -> None:
        self.right.update(guess.right)
        for k, known in enumerate(self.verdicts):
            if (known.line, known.name) == (guess.line, guess.name):
                self.verdicts[k] = known._replace(right={**known.right, **guess.right})
                return
        self.verdicts.append(Verdict(guess.line, guess.name, tuple(guess.reasons), guess.slot.title, guess.right))

    # ---- which line, and why ---------------------------------------------------------------------

    def _guess(self, marks: Marks, problem: Problem | None) -> Guess | None:
        """What explains the first problem best: an unnamed value before it, or itself."""
        hidden = self.hidden.guess(marks, problem)
        if hidden is not None or problem is None:
            return hidden
        guesses = list(self._named(marks, problem))
        if not guesses:
            return None
        before, wrong = marks.score(), wrong_of(marks)
        best: tuple[tuple[int, ...], Guess] | None = None
        for k, guess in enumerate(guesses[:8]):
            after = self.marks(guess.right)
            score = after.score()
            worth = (
                score[0] - before[0] if wrong_of(after) <= wrong else len(wrong_of(after) - wrong),
                score[1] - before[1],
                guess.reasons[0].rank,
                score[2] - before[2],
                k,
            )
            if best is None or worth < best[0]:
                best = worth, guess
        assert best is not None
        (finals, reached, rank, problems, _), guess = best
        gains = finals < 0 or reached < 0 or (problems < -1 and bool(before[0]))
        if not before[0] and marks.finals() and marks.run.error is None and reached >= 0:
            return None
        loses = finals > 0 or reached > 0 or problems > 0
        alone = not marks.finals() or marks.run.error is not None
        if problem.kind == "forward" and FORWARD in problem.segment.states and not gains:
            return None  # the value was there, and was made into another
        if problem.final or gains:
            return self._why(marks, problem, guess)
        if loses or (rank >= VAGUE and not alone):
            return None
        if problem.kind == "forward" and rank >= VAGUE and marks.run.error is None:
            return None
        return guess if before[0] or alone else None

    def _named(self, marks: Marks, problem: Problem) -> Iterator[Guess]:
        """What the value should be by its name, with the reasons for each way to read that."""
        segment = problem.segment
        event = segment.last
        if problem.kind == "forward":
            outputs = [slot for _, slot in self.reference.outputs]
            for slot in sorted(self.reference.by_name[event.name], key=lambda slot: slot not in outputs):
                reasons = explanations(event.value, slot.value, (), self.sizes, self.loose)
                yield Guess(event.line, event.name, {event.place: slot.value}, of_forward(reasons), slot)
            return
        found: list[tuple[int, int, Meaning, Variant, list[Reason]]] = []
        for k, meaning in enumerate(segment.meanings):
            for variant in meaning.variants():
                reasons = explanations(event.value, variant.adjoint, variant.parts, self.sizes, self.loose)
                late = sum(s.last.index > event.index for s in marks.segments if s.meanings[:1] == [meaning])
                found.append((reasons[0].rank, 10 * late + k, meaning, variant, reasons))
        alike = [each for each in found if squeezed(each[2].shape) == squeezed(event.value.shape)]
        found = sorted(alike or found, key=lambda each: each[:2])
        for _, _, meaning, variant, reasons in found[:4]:
            blamed, told = self._blame(marks, problem, variant, reasons)
            right = {event.place: variant.adjoint, **self._others(marks, problem)}
            if segment.states[-1] == OTHER and reasons[0].rank >= VAGUE and not problem.final:
                told = [Reason(SLOPE, "it is the adjoint of another value", 2), *told]
            if blamed.line != event.line and fits(blamed.value, event.value, self.loose):
                right[blamed.place] = variant.adjoint.reshape(blamed.value.shape)
            yield Guess(blamed.line, blamed.name or event.name, right, told, meaning.slot)
        if problem.final:
            return
        for _, _, meaning, variant, _ in found[:1]:  # it may be divided by the number of examples later on
            for n in sorted({float(n) for shape in self._shapes() for n in shape if n > 1})[:6]:
                parts = [part._replace(value=n * part.value, incoming=n * part.incoming) for part in variant.parts]
                reasons = explanations(event.value, n * variant.adjoint, parts, (), self.loose)
                if not fits(event.value, n * variant.adjoint, self.loose):
                    yield Guess(event.line, event.name, {event.place: n * variant.adjoint}, reasons, meaning.slot)

    def _others(self, marks: Marks, problem: Problem) -> dict[Place, Array]:
        """What stands on one line in each other's place."""
        if problem.segment.states[-1] != OTHER:
            return {}
        return {
            each.segment.last.place: each.segment.meanings[0].adjoints()[0]
            for each in marks.problems
            if each.segment.states[-1] == OTHER and each.segment.last.line == problem.segment.last.line
        }

    def _shapes(self) -> list[tuple[int, ...]]:
        return [value.shape for value in self.reference.inputs.values()]

    def _blame(
        self, marks: Marks, problem: Problem, variant: Variant, reasons: list[Reason]
    ) -> tuple[Event, list[Reason]]:
        """The line among those of a name that is the wrong one."""
        segment = problem.segment
        want, events = variant.adjoint, segment.events
        event = segment.last
        if segment.states[-1] == PART and np.any(event.value):
            reasons = [r for r in reasons if r.word == MISSING] or [Reason(MISSING, "not all that comes back is there")]
            overwrites = any(np.any(s.last.value) and s.states[-1] in (PART, WRONG) for s in problem.earlier)
            return self._earliest(marks, events[0] if overwrites else event), reasons
        if len(events) == 1:
            return self._earliest(marks, event, reasons[0].word == SIGN), reasons
        for test in (self._idle, self._added, self._scaled):
            found = test(marks, segment, want)
            if found is not None:
                return found
        for i, (each, state) in enumerate(zip(events, segment.states, strict=True)):
            if state in (WRONG, FREE):
                if each.place == event.place:
                    break
                if each.value.shape == want.shape == event.value.shape:
                    before = events[i - 1].value if i and each.where.how != "=" else np.zeros(want.shape)
                    step = each.value - before
                    told = explanations(step, step + want - event.value, variant.parts, self.sizes, self.loose)
                    if told[0].rank < VAGUE:
                        return each, told
        odd = list(self._odd(segment, variant))
        if len(odd) == 1:
            each, step = odd[0]
            right = step + want - event.value
            return each, explanations(step, right, variant.parts, self.sizes, self.loose)
        previous = events[-2].value
        if event.where.how in ("+=", "-=", "own", "[]+=", "[]-=") and previous.shape == event.value.shape == want.shape:
            told = explanations(event.value - previous, want - previous, variant.parts, self.sizes, self.loose)
            if told[0].rank < reasons[0].rank:
                return event, told
        return event, reasons

    def _idle(self, marks: Marks, segment: Segment, want: Array) -> tuple[Event, list[Reason]] | None:
        """A line that changes nothing, and would have to."""
        for before, event in itertools.pairwise(segment.events):
            if event.where.how in ("*=", "/=", "[]=", "own") and fits(event.value, before.value, self.loose):
                reasons = explanations(segment.last.value, want, (), self.sizes, self.loose)
                if reasons[0].rank < VAGUE or event.where.how in ("*=", "/="):
                    told = reasons if reasons[0].rank < VAGUE else [Reason(MEAN, "this line changes nothing")]
                    return event, [r._replace(detail=f"this line changes nothing; {r.detail}") for r in told]
        return None

    def _added(self, marks: Marks, segment: Segment, want: Array) -> tuple[Event, list[Reason]] | None:
        """The line whose `=` has only to be `+=`."""
        for event in {
            e.line: e for e in segment.events if e.where.how in ("=", "[]=") and e is not segment.events[0]
        }.values():
            run = self.runner.run(self.right, bypass=self.bypass, added=[event.line])
            value = next((e.value for e in run.events if e.place == segment.last.place), None)
            if value is not None and fits(value, want, self.loose):
                return event, [Reason(MISSING, "what was there before is written over: '=' for '+='?")]
        return None

    def _odd(self, segment: Segment, variant: Variant) -> Iterator[tuple[Event, Array]]:
        """The steps of a sum that are no contribution, nor some of them."""
        before = np.zeros(variant.adjoint.shape)
        for event in segment.events:
            if event.value.shape != before.shape:
                return
            step = event.value - (0.0 if event.where.how == "=" else before)
            if np.any(step) and not is_sum_of_some(step, variant.parts, self.loose):
                yield event, step
            before = event.value

    def _scaled(self, marks: Marks, segment: Segment, want: Array) -> tuple[Event, list[Reason]] | None:
        """The site whose steps have only to be scaled for the sum to be right."""
        sites = list(dict.fromkeys(event.site for event in segment.events if np.any(event.value)))
        last = segment.last
        scales = [-1.0, 2.0, 0.5, *(c for n in self.sizes if n > 2 for c in (1 / n, float(n)))]
        for site in sites[:6]:
            if self.runner.left <= 40 or last.value.shape != want.shape:
                return None
            run = self.runner.run(self.right, scales=[(site, 2.0)], bypass=self.bypass)
            value = next((e.value for e in run.events if e.place == last.place), None)
            if value is None or value.shape != want.shape:
                continue
            share = value - last.value  # what its steps come to: a sum is linear in each
            for scale in scales:
                if np.any(share) and fits(last.value + (scale - 1) * share, want, self.loose):
                    event = next(e for e in segment.events if e.site == site)
                    return event, [_scale(scale)]
        return None

    def _earliest(self, marks: Marks, event: Event, sign: bool = False) -> Event:
        """The first line that had this wrong value: later ones hand it on. A value without a telling name may pass for
        the adjoint of a negative, where the `sign` is wrong."""
        for other in marks.run.events:
            if other.index >= event.index:
                break
            if other.where.how in ("param", "for") or not np.any(other.value) or not other.name:
                continue
            if marks.state[other.index] in (WRONG, PART, FREE) and fits(other.value, event.value, self.loose):
                mine, theirs = marks.meanings(event), marks.meanings(other)
                if theirs[0] and not theirs[1] and theirs[0][0].slot is mine[0][0].slot:
                    return other
            negative = sign and marks.state[other.index] == RIGHT and not marks.meanings(other)[0]
            if negative and event.value.size > 1 and np.array_equal(other.value.ravel(), event.value.ravel()):
                return other
        return event

    def _why(self, marks: Marks, problem: Problem, guess: Guess) -> Guess:
        """Better reasons for a wrong value that nothing simple explains."""
        event = problem.segment.last
        if marks.updates:
            frozen = self.marks(frozen=sorted(set(marks.updates)))
            if frozen.is_right_at(event.place):
                told = Reason(POINT, "it reads a value that was changed before")
                return guess._replace(reasons=[told, *guess.reasons])
        if guess.reasons[0].rank < VAGUE or problem.kind == "forward":
            return guess
        tries = list(itertools.islice(self._unmasked(marks, event), UNMASKED))
        variants = [{"right": corrected({**self.right, e.place: want}), "bypass": self.bypass} for e, want in tries]
        runs = self.runner.several(variants, marks.run, [event.place], SECONDS)
        for (other, want), run in zip(tries, runs, strict=True):
            value = next((e.value for e in run.events if e.place == event.place), None)
            if self.hidden.is_right(problem, value):
                reasons = explanations(other.value, want, (), self.sizes, self.loose)
                return guess._replace(
                    reasons=[
                        reasons[0]._replace(detail=f"of d{other.name or other.line}: {reasons[0].detail}"),
                        *guess.reasons,
                    ]
                )
        return guess

    def _unmasked(self, marks: Marks, event: Event) -> Iterator[tuple[Event, Array]]:
        """Right adjoints before an event, with those of what their gates take: is a step left out?"""
        seen = [e for e in marks.run.events if e.index < event.index and marks.state[e.index] in (RIGHT, OTHER)]
        for other in reversed(seen):
            for slot, _ in self.matcher.adjoint(other.value):
                for arg in slot.args:
                    for variant in arg.variants:
                        if squeezed(variant.adjoint.shape) == squeezed(other.value.shape):
                            yield other, variant.adjoint.reshape(other.value.shape)

    # ---- exceptions ------------------------------------------------------------------------------

    def _past_the_error(self, marks: Marks) -> bool:
        """Give a line that raised its right value, if its name says which."""
        error = marks.run.error
        if error is None or error[0] in self.bypass or not error[0]:
            return False
        sites = [k for k, site in enumerate(marks.run.sites) if site.line == error[0] and site.how != "param"]
        if len(sites) != 1:
            return False
        site = sites[0]
        where = marks.run.sites[site]
        scope = marks.run.events[-1].scope if marks.run.events else 0
        asked = Event(len(marks.run.events), site, 0, scope, scope, np.zeros(()), where, False)
        wanted, _ = marks.meanings(asked)
        if not wanted or not any(word in error[1] for word in ("ValueError", "RuntimeError", "IndexError")):
            return False
        self.bypass.append(error[0])
        meaning = wanted[0]
        want = next(meaning.variants()).adjoint
        at = sum(event.site == site for event in marks.run.events)
        product = any(word in error[1] for word in ("matmul", "shapes", "aligned", "mat1", "size mismatch"))
        broadcast = "broadcast" in error[1]
        word = SUM_MISSING if broadcast and not product else TRANSPOSED if product or not broadcast else SLOPE
        reasons = [Reason(word, f"it raises {error[1]}")]
        self._accept(Guess(error[0], where.name, {(site, at): want}, reasons, meaning.slot))
        return True


def _scale(scale: float) -> Reason:
    """
    >>> _scale(-1.0).word, _scale(0.5).word
    ('the sign', 'a factor of 2')
    """
    if scale == -1.0:
        return Reason(SIGN, "what this line adds has the wrong sign")
    if scale in (2.0, 0.5):
        return Reason(
            factor(1 / scale), f"what this line adds is {'half' if scale == 2 else 'twice'} what it should be"
        )
    n = round(scale if scale > 1 else 1 / scale)
    return Reason(MEAN, f"what this line adds is {'1/' if scale > 1 else ''}{n} times what it should be")


def _lengths(shape: tuple[int, ...]) -> set[int]:
    """Over how many elements one may take a mean: along some of the axes."""
    some = itertools.chain.from_iterable(itertools.combinations(shape, r) for r in range(1, min(len(shape), 4) + 1))
    return {math.prod(each) for each in some}


__all__ = ["FORWARD", "GIVEN", "MASK", "Judge", "Judged", "Verdict"]
