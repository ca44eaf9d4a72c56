"""A text whose gradients are wrong into the one small change that makes them right.

Judging values finds where a name first holds what it should not. Where lines are merged, names tell nothing or a loop
adds up, more than one line could be to blame; so the text itself is changed, as its writer may have meant it, and run.
A line can be the mistaken one only if all that is wrong, and nothing that is right, hangs on what it assigns.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradc.evidence.grade.diagnose import MEAN, MISSING, POINT, SIGN, SLOPE, Reason, factor
from gradc.evidence.grade.edits import edits as edits_of
from gradc.evidence.grade.guess import SECONDS, VAGUE, Verdict
from gradc.evidence.grade.marks import FORWARD, FREE, GIVEN, OTHER, RIGHT, Goal, Marks
from gradc.evidence.grade.match import chance, fits
from gradc.evidence.grade.names import bases
from gradc.evidence.grade.reference import Array, Reference
from gradc.evidence.grade.runs import Event, Run, Runner
from gradc.evidence.grade.text import BACK, ELEMENT, FRONT, Edit, Text

# So many changed texts are run: fewer of a text that takes many steps.
MOST, FEWEST, STEPS = 600, 120, 150_000
# So many go to the process at a time, and so many of those that help are looked at closely.
AT_ONCE, CLOSE = 48, 8
# What speaks against a change: a named value that was right before, a problem that is left; and for it: judged so, too.
WAS_RIGHT, LEFT, JUDGED = 1.2, 0.5, 0.2
# A line against which more speaks is clear of suspicion, at first.
CLEAR = 0.5
# A change that costs so much more than one that helps is not tried.
MARGIN = 0.5
# What is left out is put in where no change of what is there is likelier than this.
LIKELY = 1.9
# What speaks against a line in a loop that is right the first time.
BEGUN = 0.3
# So many problems are looked at where one change does not mend all.
LOOKED_AT = 20
# What speaks for a line that assigns the negative of a part.
NO_PART = 0.2
# What speaks for a line that assigns an adjoint with more elements than what it is of.
SPREAD = 0.4
# What speaks against the test of an `if` of which one branch alone was taken.
BRANCH = 0.3
NEGATIVE, MULTIPLE, NAMELESS = "negative", "multiple", "nameless"
# What hangs on a value changes by more than roundings when that is another.
HANGS = 1e-9


class Bench(NamedTuple):
    """A text at one point: how it runs, what was found, and what is right."""

    runner: Runner
    marks: Marks
    reference: Reference
    loose: float


class Culprit(NamedTuple):
    """A line that may be the mistaken one, with its site and how much speaks against it.

    An `unnamed` value that is right but for its sign or a length tells less of those. With `test` it is the `if` around
    the line, whose other branch would have done what is missing.
    """

    site: int
    line: int
    name: str
    against: float
    unnamed: str = ""
    test: bool = False


class Mended(NamedTuple):
    """The line that is wrong, and why; `marks` are those of the change of it that puts everything right."""

    line: int
    name: str
    reason: Reason
    marks: Marks | None = None


def mended(text: str, benches: Sequence[Bench], judge: Callable[[], Sequence[tuple[int, Reason]]]) -> Mended | None:
    """The change that explains what is wrong at all points; None if no single one does.

    What `judge` finds, with more effort, is asked for only where changes alone do not decide.
    """
    return _Mender(text, benches, judge).find()


def first_of(text: str, benches: Sequence[Bench], verdict: Verdict) -> Edit | None:
    """The likeliest change of a line after which it has, the first time that it runs, what it should."""
    return _Mender(text, benches, list).first_of(verdict)


class _Mender:
    def __init__(self, text: str, benches: Sequence[Bench], judge: Callable[[], Sequence[tuple[int, Reason]]]) -> None:
        self.text, self.benches, self._judge = Text(text), benches, judge
        self.bench = benches[0]
        self._known: dict[str, tuple[dict[str, Array], dict[str, str]]] = {}
        self.marks = self.bench.marks
        self.goals = [bench.marks.goals() for bench in benches]
        steps = max(1, len(self.marks.run.events))
        self.most = max(FEWEST, min(MOST, STEPS // steps))

    def find(self) -> Mended | None:
        goals = self.goals[0]
        if self.marks.run.error is not None:
            return self._past_the_error(self.marks.run.error[0])
        if not goals or all(goal.right for goal in goals.values()):
            return None
        if self.marks.updates and [reason.word for _, reason in self.judged] == [POINT]:
            return None
        culprits = self._culprits(goals)
        if not culprits:
            return None
        found = self._search(culprits, far=False)
        if not found or _cost(found[0]) > LIKELY:
            close = [culprit for culprit in culprits if culprit.against < CLEAR] or culprits
            found = sorted([*found, *self._search(close, far=True)], key=_cost)
            if not found:  # what a name says may be right for another way of staging alone
                rest = [culprit for culprit in culprits if CLEAR <= culprit.against <= WAS_RIGHT]
                found = sorted(self._search(rest, far=True), key=_cost)
        return self._best(found) if found else self._otherwise(culprits)

    @cached_property
    def judged(self) -> Sequence[tuple[int, Reason]]:
        """What is wrong by the values of names."""
        return self._judge()

    # ---- which lines ---------------------------------------------------------------------------

    def _culprits(self, goals: Mapping[str, Goal]) -> list[Culprit]:
        """The lines on which all that is wrong hangs, and nothing that is right."""
        run = self.marks.run
        sites = list(
            dict.fromkeys(e.site for e in run.events if e.where.how not in ("param", "for") and not e.where.given)
        )
        of_line: dict[int, list[int]] = {}  # what one line assigns goes together
        for site in sites:
            of_line.setdefault(run.sites[site].line, []).append(site)
        variants = [{"nudged": of_line[run.sites[site].line]} for site in sites]
        runs = self._run(self.bench, variants, goals)
        found = []
        reached = not self.marks.score()[1]
        for site, other in zip(sites, runs, strict=True):
            where = run.sites[site]
            if other.error is not None and not other.events:
                found.append(Culprit(site, where.line, where.name, 1.0))
                continue
            hangs = {name: not self._same(goal, other) for name, goal in goals.items()}
            if not all(hangs[name] for name, goal in goals.items() if not goal.right):
                if where.line in self._branches and any(hangs[n] for n, goal in goals.items() if not goal.right):
                    found.append(Culprit(site, where.line, where.name, BRANCH, test=True))
                continue
            against = 0.4 * sum(hangs[name] for name, goal in goals.items() if goal.right)
            stands, unnamed = self._stands(site)
            if reached and all(e.index < self.marks.first_output for e in run.events if e.site == site):
                stands = max(stands, 0.5 * WAS_RIGHT)  # the output came out right
            if self._starts_right(site):
                against += BEGUN
            against -= SPREAD * (site == self._spread)
            found.append(Culprit(site, where.line, where.name, against + stands, unnamed))
        return found

    def _starts_right(self, site: int) -> bool:
        """Whether what a loop assigns is right when it begins, before any error can come round."""
        events = [e for e in self.marks.run.events if e.site == site]
        state = self.marks.state[events[0].index]
        return len(events) > 1 and state in (RIGHT, OTHER) and not chance(events[0].value)

    @cached_property
    def _spread(self) -> int:
        """The site that first assigns what its name says to be the adjoint of something with fewer axes or elements."""
        shapes: dict[str, set[tuple[int, ...]]] = {}
        for event in self.marks.run.events:
            if event.index <= self.marks.first_output or event.where.how == "param":
                shapes.setdefault(event.name, set()).add(event.value.shape)
            for base in bases(event.name) if event.where.how == "=" else ():
                known = shapes.get(base, set())
                if known and all(event.value.size > math.prod(shape) for shape in known):
                    return event.site
        return -1

    @cached_property
    def _branches(self) -> set[int]:
        """The lines that stand under an `if`."""
        tests = [s for s in ast.walk(self.text.tree) if isinstance(s, ast.If)]
        return {line for s in tests for line in range(s.lineno, (s.end_lineno or s.lineno) + 1)}

    def _stands(self, site: int) -> tuple[float, str]:
        """What speaks for a line: that it has, each time, what its name says."""
        named = [e for e in self.marks.run.events if e.site == site]
        states = {self.marks.state[e.index] for e in named}
        own = all(self.marks.meanings(e)[0] for e in named)
        if states <= {FORWARD, GIVEN} and not (own and FORWARD in states):
            late = named[0].index > self.marks.first_output >= 0  # a residual is a value, and begins the way back
            return (0.5 * WAS_RIGHT if states == {FORWARD} and not late else 0.0), ""
        if states == {FREE} and all(map(self._is_slope, named)):
            return 0.5 * WAS_RIGHT, ""
        if own and all(any(fits(-e.value, w, self.bench.loose) for w in self._wants(e)) for e in named):
            return 0.0, NEGATIVE  # a sign that the next line may take
        if states == {RIGHT} and all(e.where.how == "=" for e in named):
            return (WAS_RIGHT, "") if own else (0.0, RIGHT)
        if all(map(self._is_negative_part, named)):
            return -NO_PART, ""
        if all(map(self._is_multiple, named)):
            return 0.0, MULTIPLE
        return 0.0, "" if own else NAMELESS

    def _wants(self, event: Event) -> list[Array]:
        return [want for meaning in self.marks.meanings(event)[0] for want in meaning.adjoints()]

    def _is_slope(self, event: Event) -> bool:
        """Whether a value is a gate's local slope."""
        return any(fits(event.value, slope, self.bench.loose) for slope in self._slopes)

    @cached_property
    def _slopes(self) -> list[Array]:
        found = []
        for slot in self.bench.reference.slots:
            for part in (part for variant in slot.variants for part in variant.parts):
                if part.incoming.shape == part.value.shape and np.all(part.incoming):
                    slope = part.value / part.incoming
                    found += [] if chance(slope) else [slope]
        return found

    def _is_negative_part(self, event: Event) -> bool:
        """Whether a value is called a part of an adjoint, and is the negative of one."""
        meanings, piece = self.marks.meanings(event)
        return bool(meanings) and piece and self.marks.matcher.part(-event.value) is not None

    def _is_multiple(self, event: Event) -> bool:
        """Whether a value is an adjoint but for a division by a length, which may come later."""
        if event.value.size < 2 or self.marks.meanings(event)[0]:
            return False
        sizes = {n for value in self.bench.reference.inputs.values() for n in value.shape if n > 1}
        return any(self.marks.matcher.adjoint(event.value / n) for n in sorted(sizes))

    def _same(self, goal: Goal, run: Run) -> bool:
        value = _value_of(goal, run)
        return value is not None and value.shape == goal.event.value.shape and fits(value, goal.event.value, HANGS)

    def _run(self, bench: Bench, variants: Sequence[Mapping[str, Any]], goals: Mapping[str, Goal]) -> list[Run]:
        only = sorted({goal.event.place for goal in goals.values()})
        runs: list[Run] = []
        for k in range(0, len(variants), AT_ONCE):
            runs += bench.runner.several(variants[k : k + AT_ONCE], bench.marks.run, only, SECONDS)
        return runs

    # ---- which change ---------------------------------------------------------------------------

    def _search(self, culprits: Sequence[Culprit], far: bool) -> list[tuple[Edit, Culprit]]:
        edits = self._edits(culprits, far)
        found: list[tuple[Edit, Culprit]] = []
        goals = self.goals[0]
        only = sorted({goal.event.place for goal in goals.values()})
        for k in range(0, min(len(edits), self.most), AT_ONCE):
            some = edits[k : k + AT_ONCE]
            if found and _cost(some[0]) > _cost(found[0]) + MARGIN:
                break
            variants = [edit.variant() for edit, _ in some]
            runs = self.bench.runner.several(variants, self.marks.run, only, SECONDS)
            for each, run in zip(some, runs, strict=True):
                if self._cured(run, goals, self.bench.loose):
                    found.append(each)
        return [each for each in found[: 3 * CLOSE] if self._everywhere(each[0])]

    def first_of(self, verdict: Verdict) -> Edit | None:
        """The likeliest of the changes of a verdict's line after which most of what is wrong is right."""
        wants = {place: [want] for place, want in verdict.right.items()}
        for problem in self.marks.problems[:LOOKED_AT]:
            meanings = problem.segment.meanings
            wants.setdefault(problem.segment.last.place, [w for meaning in meanings for w in meaning.adjoints()])
        at = next((e.site for e in self.marks.run.events if e.place in verdict.right), -1)
        culprits = [Culprit(at, verdict.line, verdict.name, 0.0)]
        best: tuple[int, Edit | None] = 0, None
        for far in (False, True):
            edits = [each for each in self._edits(culprits, far) if each[0].node is not None][: self.most]
            for k in range(0, len(edits), AT_ONCE):
                some = edits[k : k + AT_ONCE]
                variants = [edit.variant() for edit, _ in some]
                runs = self.bench.runner.several(variants, self.marks.run, list(wants), SECONDS)
                for (edit, _), run in zip(some, runs, strict=True):
                    right = sum(self._fits_some(e.value, wants.get(e.place, ())) for e in run.events)
                    if right > best[0]:
                        best = right, edit
            if best[1] is not None:
                break
        return best[1]

    def _fits_some(self, value: Array, wants: Iterable[Array]) -> bool:
        return any(fits(value, want, self.bench.loose) for want in wants)

    def _edits(self, culprits: Sequence[Culprit], far: bool) -> list[tuple[Edit, Culprit]]:
        found: list[tuple[Edit, Culprit]] = []
        done: set[int] = set()
        statements = list(_statements(self.text.tree))
        for culprit in culprits:
            for s in statements:
                tests = isinstance(s, (ast.If, ast.While))
                inside = s.lineno <= culprit.line <= (s.end_lineno or s.lineno)
                if id(s) in done or not inside or (tests and far) or (culprit.test and not tests):
                    continue
                done.add(id(s))
                values, sides = self._at_hand(getattr(self.text.scopes.get(s), "name", ""))
                line = s.lineno if tests or not isinstance(s, ast.Return) else culprit.line
                name = "" if tests else culprit.name
                found += [(edit, culprit) for edit in edits_of(self.text, s, line, name, values, sides, far)]
        if far:
            found += self._after(culprits)
        return sorted(found, key=_cost)

    def _after(self, culprits: Sequence[Culprit]) -> Iterator[tuple[Edit, Culprit]]:
        """What a line of its own would have to do to a value that was changed in place."""
        sizes = sorted({n for value in self.bench.reference.inputs.values() for n in value.shape if n > 2})
        scales = [(-1.0, SIGN), (2.0, factor(2.0)), (0.5, factor(2.0))]
        scales += [(c, MEAN) for n in sizes for c in (1.0 / n, float(n))]
        for culprit in culprits:
            if culprit.site >= 0 and self.marks.run.sites[culprit.site].how != "=":
                for scale, word in scales:
                    told = f"it is {1 / scale:.3g} times what it should be"
                    times = ((culprit.site, scale),)
                    yield Edit(culprit.line, culprit.name, word, told, 2.0, self.text, times=times), culprit

    def _at_hand(self, function: str) -> tuple[dict[str, Array], dict[str, str]]:
        """The values of names in a function, and which of them are adjoints, and which are values of the program."""
        if function in self._known:
            return self._known[function]
        values: dict[str, Array] = {**self.bench.reference.inputs}
        sides: dict[str, str] = {}
        for near in (False, True):
            for event in self.marks.run.events:
                if (event.where.function.rpartition(".")[2] == function) is near and event.name:
                    if event.key >= -1 or event.where.how != "[]=":  # an element of a list is not called as it is
                        values[event.name] = event.value
                    for depth in (1, 2):
                        inside = event.key >= 0 and event.value.ndim >= depth and event.value.size
                        at = (0,) * depth
                        values[ELEMENT * depth + event.name] = np.asarray(event.value[at]) if inside else event.value
                    sides[event.name] = self._side(event)
        self._known[function] = values, sides
        return values, sides

    def _side(self, event: Event) -> str:
        """Whether an event is an adjoint or a value of the program; nothing, if that is not known."""
        state, marks = self.marks.state[event.index], self.marks
        if event.where.how == "param" and marks._is_upstream(event):
            return BACK
        if state in (FORWARD, GIVEN):
            return FRONT
        if self.bench.reference.by_name.get(event.name):
            return ""
        return BACK if state in (RIGHT, OTHER) or marks.meanings(event)[0] else ""

    def _cured(self, run: Run, goals: Mapping[str, Goal], loose: float) -> bool:
        if run.error is not None:
            return False
        for goal in goals.values():
            value = _value_of(goal, run)
            if value is None or not any(_reaches(value, want, goal.event.value, loose) for want in goal.wants):
                return False
        return True

    def _everywhere(self, edit: Edit) -> bool:
        """Whether a change puts all other points right, too."""
        for bench, goals in zip(self.benches[1:], self.goals[1:], strict=True):
            if not goals or bench.marks.run.error is not None:
                continue
            run = self._run(bench, [edit.variant()], goals)[0]
            if not self._cured(run, goals, bench.loose):
                return False
        return True

    def _best(self, found: Sequence[tuple[Edit, Culprit]]) -> Mended:
        """The change that leaves the fewest odd values, and is the smallest."""
        close: dict[tuple[int, str], tuple[Edit, Culprit]] = {}  # the smallest change of each kind on each line
        for each in sorted(found, key=_cost):
            close.setdefault((each[0].line, each[0].word), each)
        ranked = []
        for k, (edit, culprit) in enumerate(list(close.values())[:CLOSE]):
            run = self.bench.runner.other(edit.variant(), SECONDS)
            after = Marks(run, self.bench.reference, self.marks.matcher)
            odd = min(3, len(after.problems)) + 2 * after.score()[1]  # an output that does not come out is odder
            ranked.append((_cost((edit, culprit)) + LEFT * odd, -edit.line, k, edit, after))
        ranked.sort(key=lambda each: each[:3])
        if len(ranked) > 1 and ranked[1][0] < ranked[0][0] + JUDGED:
            lines = {line for line, _ in self.judged}
            ranked.sort(key=lambda each: (each[0] - JUDGED * (-each[1] in lines), *each[1:3]))
        *_, edit, after = ranked[0]
        return Mended(edit.line, edit.name, self._reason(edit), after)

    def _reason(self, edit: Edit) -> Reason:
        """What a change says of the mistake; where that is vague, what the program or the values say."""
        reason = Reason(edit.word, edit.detail)
        if edit.word != SLOPE:
            return reason
        skewed = self._skewed
        if skewed is not None and (skewed.word not in (MISSING, MEAN) or edit.cost > LIKELY):
            return skewed
        known = next((r for line, r in self.judged if line == edit.line), None) if edit.cost >= LIKELY else None
        return known if known is not None and known.rank < VAGUE else reason

    def _otherwise(self, culprits: Sequence[Culprit]) -> Mended | None:
        """No change does it: what is known of the line at least."""
        lines = {culprit.line for culprit in culprits}
        judged = [(line, reason) for line, reason in self.judged if line in lines]
        if judged:
            line, reason = judged[0]
            name = next(c.name for c in culprits if c.line == line)
        else:
            last = min(culprits, key=lambda c: (c.against, -c.line))
            line, name, reason = last.line, last.name, Reason(SLOPE, "no simpler mistake explains it", 8)
        if reason.word == SLOPE and self._skewed is not None:
            reason = self._skewed
        return Mended(line, name, reason)

    # ---- an exception ----------------------------------------------------------------------------

    def _past_the_error(self, line: int) -> Mended | None:
        """The change after which the text runs to its end, and is right."""
        before = dict.fromkeys(e.line for e in reversed(self.marks.run.events) if e.where.how not in ("param", "for"))
        sites = {e.line: e.site for e in self.marks.run.events}
        edits: list[tuple[Edit, Culprit]] = []
        for k, each in enumerate([line, *(other for other in before if other != line)][:6]):
            name = next((site.name for site in self.marks.run.sites if site.line == each and site.how != "param"), "")
            culprit = Culprit(sites.get(each, -1), each, name, 0.4 * (k > 0))
            near = self._edits([culprit], far=False)
            edits += [(e, c) for e, c in near if e.word != SIGN and e.cost < 1.7]
        edits.sort(key=lambda each: each[0].cost + each[1].against)
        edits = edits[: self.most]
        for k in range(0, len(edits), AT_ONCE):
            some = edits[k : k + AT_ONCE]
            runs = self.bench.runner.several([e.variant() for e, _ in some], self.marks.run, (), SECONDS)
            for (edit, _), run in zip(some, runs, strict=True):
                if run.error is None and (after := self._righted(edit)):
                    return Mended(edit.line, edit.name, Reason(edit.word, edit.detail), after)
        return None

    def _righted(self, edit: Edit) -> Marks | None:
        """What a changed text comes to, if it is right at every point."""
        found: list[Marks] = []
        for bench in self.benches:
            run = bench.runner.other(edit.variant(), SECONDS)
            found.append(Marks(run, bench.reference, bench.marks.matcher))
            goals = found[-1].goals()
            if run.error is not None or not goals or not all(goal.right for goal in goals.values()):
                return None
        return found[0]

    # ---- what the program says of it ------------------------------------------------------------

    @cached_property
    def _skewed(self) -> Reason | None:
        """The gate of the program that sends back nothing, its negative or a multiple, if that explains all."""
        sizes = sorted({n for value in self.bench.reference.inputs.values() for n in value.shape if n > 2})
        scales = [0.0, -1.0, 2.0, 0.5, *(float(n) for n in sizes), *(1.0 / n for n in sizes)]
        for each in self.bench.reference.skewed(scales):
            if all(self._is_so(goal, each.grads) for goal in self.goals[0].values()):
                to = f"what {each.gate or 'a gate'} sends back to {each.target}"
                if each.scale == 0.0:
                    return Reason(MISSING, f"{to} is missing")
                if each.scale == -1.0:
                    return Reason(SIGN, f"{to} has the wrong sign")
                if each.scale in (2.0, 0.5):
                    return Reason(factor(each.scale), f"{to} is {each.scale:g} times what it should be")
                shown = f"{each.scale:g}" if each.scale > 1 else f"1/{1 / each.scale:g}"
                return Reason(MEAN, f"{to} is {shown} times what it should be")
        return None

    def _is_so(self, goal: Goal, grads: Mapping[str, Array]) -> bool:
        value = goal.event.value
        want = grads[goal.name]
        if value.size != want.size:
            return False
        return fits(value, want, self.bench.loose) or (
            value.ndim == want.ndim == 2 and value.shape == want.T.shape and fits(value, want.T, self.bench.loose)
        )


def _cost(each: tuple[Edit, Culprit]) -> float:
    edit, culprit = each
    unnamed = 0.0
    if culprit.unnamed == RIGHT:  # of z or of -z, or of one step of a loop
        unnamed = 0.15 * WAS_RIGHT if edit.word in (SIGN, MISSING) else 0.5 * WAS_RIGHT
    elif culprit.unnamed == NEGATIVE:
        unnamed = 0.0 if edit.word == SIGN else 0.5 * WAS_RIGHT
    elif culprit.unnamed == NAMELESS:  # nothing says that it is not meant so
        unnamed = 0.15 * WAS_RIGHT if edit.new.startswith("-(") and edit.word == SIGN else 0.0
    elif culprit.unnamed and edit.word == MEAN:  # the division may come later
        unnamed = 0.25 * WAS_RIGHT
    return edit.cost + culprit.against + unnamed


def _reaches(value: Array, want: Array, before: Array, loose: float) -> bool:
    """Whether a value is what it should be; what lies otherwise may be turned later on, as it was `before`."""
    turned = value.shape == before.shape != want.shape and value.size == want.size
    return fits(value, want, loose) or (turned and fits(value.ravel(), want.ravel(), loose))


def _value_of(goal: Goal, run: Run) -> Array | None:
    """A gradient in another run: where it stood, or where it stands at last."""
    last: Array | None = None
    for event in run.events:
        if event.place == goal.event.place:
            return event.value
        if event.site == goal.event.site:
            last = event.value
    return last


def _statements(tree: ast.AST) -> Iterable[ast.stmt]:
    kinds = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr, ast.If)
    for node in ast.walk(tree):
        if isinstance(node, kinds):
            yield node


__all__ = ["Bench", "Mended", "mended"]
