"""A hand-written forward and backward pass, marked line by line against the program that it is of.

>>> import gradc
>>> marked = gradc.grade("q = x + y\\nf = q*z\\ndq = z\\ndz = -q\\ndx = dq\\ndy = dq", "(x + y)*z")
>>> marked.ok, [(each.line, each.name, each.reason) for each in marked.wrong]
(False, [(4, 'dz', 'the sign')])

The text is somebody's code: it runs in a process of its own, see `gradc.evidence.grade.sandbox`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradc.base.errors import GradcError
from gradc.evidence.grade.calls import File, Shapes, glance, plans
from gradc.evidence.grade.diagnose import POINT, SLOPE, Reason
from gradc.evidence.grade.guess import VAGUE
from gradc.evidence.grade.judge import FIRST, Judge, Judged, Verdict, first_look
from gradc.evidence.grade.marks import RIGHT, Marks
from gradc.evidence.grade.match import Matcher
from gradc.evidence.grade.mend import Bench, Mended, mended
from gradc.evidence.grade.names import UPSTREAM, bases
from gradc.evidence.grade.point import LABELS, Plan, class_axis, points
from gradc.evidence.grade.reference import LARGEST, Reference, View
from gradc.evidence.grade.report import Grade, Wrong
from gradc.evidence.grade.runs import Run, Runner
from gradc.evidence.grade.sandbox import SECONDS, Sandbox
from gradc.evidence.grade.settings import settings
from gradc.evidence.grade.several import one_after_the_other
from gradc.rewrite.textbook import can_be
from gradc.run.engine import Compiled
from gradc.run.hand import encoded
from gradc.run.instrument import given_sites

# float64 may differ by another order of sums, or by an epsilon that somebody adds; float32 by its roundings.
LOOSE, LOOSE_SINGLE = 1e-5, 1e-3
POINTS = 3
# So many ways to call a file's functions are tried.
WAYS = 40
# So many mistakes are looked at one by one.
SEVERAL = 3
# The verdicts at all points, by line and name.
Verdicts = dict[tuple[int, str], list[Verdict]]


def grade(
    fn: Compiled, literal: Compiled, text: str, sandbox: Sandbox | None = None, seconds: float = SECONDS
) -> Grade:
    """Mark a text against a program, compiled as it is and with `literal`.

    Raises GradcError for a text that is no Python, or nothing of which belongs to the program.
    """
    if len(fn.dag.nodes) > LARGEST:
        raise GradcError(f"the program has {len(fn.dag.nodes):,} gates; nobody stages so many by hand")
    try:
        file = glance(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0) or 0
        raise GradcError(f"the hand-written pass is no Python: line {line}: {getattr(error, 'msg', error)}") from None
    with np.errstate(all="ignore"), Sandbox(seconds) if sandbox is None else _kept(sandbox) as box:
        return _Grading(fn, literal, text, file, box).grade()


class _kept:
    """A sandbox that somebody else closes."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def __enter__(self) -> Sandbox:
        return self.box

    def __exit__(self, *error: object) -> None:
        pass


class _Grading:
    def __init__(self, fn: Compiled, literal: Compiled, text: str, file: File, box: Sandbox) -> None:
        self.fn, self.text, self.file, self.box = fn, text, file, box
        self.views = [View(fn), View(literal)]
        if can_be(literal.staged.dag):
            self.views.append(View(literal, steps=True))
        self.given, self.labels = self._names()

    def _names(self) -> tuple[dict[str, str], list[str]]:
        """What the text calls each input, and which inputs are labels."""
        names, file = list(self.fn.inputs), self.file
        given = {name: name for name in names if name in file.names}
        for name in names:
            folded = [n for n in sorted(file.names) if n.lower() == name.lower() and n not in names]
            if name not in given and folded:
                given[folded[0]] = name
        labels = []
        classes = bool(re.search(r"soft|log|exp|max|where|relu|clip", self.fn.program))
        for name in names:
            if name in self.fn.dag.integers:
                continue
            shape = self.fn.shapes[name]
            called = [n for n, of in given.items() if of == name] or [name]
            indexed = any(n in file.indices for n in called)
            asked = any(n in file.names for t in called for n in (f"d{t}", f"d_{t}", f"grad_{t}"))
            if (
                LABELS.match(name)
                and not asked
                and shape
                and (indexed or (classes and len(shape) > 1 and 1 not in shape))
            ):
                labels.append(name)
        for name in labels:
            for theirs in [n for n, of in given.items() if of == name]:
                if theirs in file.indices:
                    given[theirs] = f"labels:{name}"
            if not any(of.endswith(name) for of in given.values()):
                index = next((n for n in sorted(file.indices) if LABELS.match(n)), "")
                if index:
                    given[index] = f"labels:{name}"
        heard = set(given.values())
        self.spare = tuple(
            name for name in names if self.fn.shapes[name] and name not in heard and f"labels:{name}" not in heard
        )
        params = {a.arg for a in ast.walk(file.tree) if isinstance(a, ast.arg)}
        self.assigned = tuple(n for of in self.fn.dag.names.values() for n in of if n not in self.fn.outputs)
        for name in sorted(file.names - params):
            inner = [b for b in bases(name) if b in self.assigned]
            if name in given or not (UPSTREAM.match(name) or inner):
                continue
            if UPSTREAM.match(name) and self.spare and not inner:
                given[name] = f"up:{self.spare[0]}"
            elif inner and (self.spare or name in names):
                given[name] = f"adj:{inner[0]}"
        for name in sorted(file.names - _containers(file.tree)):
            base = [b for b in bases(name) if b in self.fn.outputs]
            if name not in given and (UPSTREAM.match(name) or base) and name not in self.fn.inputs:
                at = self.fn.outputs.index(base[0]) if base else 0
                given[name] = f"df:{at}"
        return given, labels

    # ---- what runs -------------------------------------------------------------------------------

    def grade(self) -> Grade:
        shapes = self._observed()
        plan = Plan(self.fn, shapes, self.labels)
        way, has_df = self._way(plan)
        benches = self._benches(way, points(self.views, plan, POINTS, has_df))
        judged: list[Judged] = []
        mend = self._mended(benches, judged)
        if mend is None or mend.marks is None:
            self._judge(benches, judged, POINTS)
        return self._graded(judged, mend, benches)

    def _benches(self, way: Mapping[str, Any], references: Sequence[Reference]) -> list[Bench]:
        """The text at each point, those first at which a gradient is wrong."""
        benches: list[Bench] = []
        loose = LOOSE
        for reference in references:
            runner = Runner(self.box, self._job(way, reference))
            marks = first_look(runner, reference, loose)
            if marks.run.single and loose == LOOSE:
                loose = LOOSE_SINGLE
                marks = first_look(runner, reference, loose)
            benches.append(Bench(runner, marks, reference, loose))
        return sorted(benches, key=lambda bench: bench.marks.run.error is None and all(bench.marks.finals().values()))

    def _judge(self, benches: Sequence[Bench], judged: list[Judged], count: int) -> list[Judged]:
        """What is wrong by the values of names at so many of the points."""
        for bench in benches[len(judged) : count]:
            if len(judged) > 1 and {v.line for v in judged[0].verdicts} == {v.line for v in judged[1].verdicts}:
                break  # they agree
            hints = [verdict.line for verdict in judged[0].verdicts] if judged else []
            runner = Runner(self.box, bench.runner.job)
            runner.limit = bench.runner.limit
            judged.append(Judge(runner, bench.reference, bench.loose, hints).judge(bench.marks))
        return judged

    def _mended(self, benches: Sequence[Bench], judged: list[Judged]) -> Mended | None:
        """The one change of the text that puts everything right."""
        start = benches[0].marks
        if start.run.error is None and all(start.finals().values()) and not any(b.marks.problems for b in benches):
            return None

        def judge() -> list[tuple[int, Reason]]:
            verdicts = self._judge(benches, judged, 1)[0].verdicts
            return [(v.line, min(v.reasons, key=lambda r: r.rank)) for v in verdicts]

        return mended(self.text, benches, judge)

    def _observed(self) -> dict[str, list[int]]:
        """The shapes that a script gives its inputs."""
        if not self.file.works:
            return {}
        draft = points(self.views, Plan(self.fn, {}, self.labels), 1, df=True, drawn=1)[0]
        job = {**self._job({"main": True, "calls": []}, draft), "observe": True, "limit": 500}
        found = Runner(self.box, job).run().shapes
        return {name: shape for name, (shape, _, _) in found.items() if name in self.fn.inputs}

    def _way(self, plan: Plan) -> tuple[dict[str, Any], bool]:
        """The way to run the text that reaches most of the program; whether it takes an upstream adjoint."""
        known = Shapes(
            self.fn.shapes, self.fn.outputs, {n: of for n, of in self.given.items() if of.startswith("labels:")}
        )
        known = known._replace(
            inputs={name: self.fn.shapes[name] for name in self.fn.inputs}, assigned=self.assigned, spare=self.spare
        )
        best: tuple[tuple[int, ...], dict[str, Any], bool] | None = None
        cached: dict[bool, Reference] = {}
        for k, way in enumerate(plans(self.file, known, settings(self.fn.dag))):
            if k >= WAYS:
                break
            has_df = self._has_df(way)
            if has_df not in cached:
                cached[has_df] = points(self.views, plan, 1, has_df, drawn=2)[0]
            reference = cached[has_df]
            runner = Runner(self.box, self._job(way, reference))
            runner.limit = FIRST
            run = runner.run()
            marks = Marks(run, reference, Matcher(reference, LOOSE_SINGLE if run.single else LOOSE))
            outputs = sum(id(slot) in marks.reached for _, slot in reference.outputs)
            finals = marks.finals()
            worth = (outputs, len(finals), sum(finals.values()), len(marks.reached), -(run.error is not None), -k)
            if best is None or worth > best[0]:
                best = worth, way, has_df
            if (
                outputs == len(reference.outputs)
                and finals
                and (run.error is None or not any(finals.values()) or way["main"])
            ):
                break
        if best is None:
            raise GradcError("there is nothing to run in the hand-written pass")
        return best[1], best[2]

    def _has_df(self, way: Mapping[str, Any]) -> bool:
        if not way["main"]:
            return "'df:" in str(way["calls"])
        return any(of.startswith("df:") for of in self.given.values()) and self._reads_df()

    def _reads_df(self) -> bool:
        """Whether a script assigns an upstream adjoint, and reads it."""
        names = {n for n, of in self.given.items() if of.startswith("df:")}
        stored = {n.id for n in ast.walk(self.file.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        read = {n.id for n in ast.walk(self.file.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        sites = given_sites(self.file.tree, self.given)
        fixed = {
            t.id
            for s in ast.walk(self.file.tree)
            if id(s) in sites and isinstance(s, ast.Assign)
            for t in s.targets
            if isinstance(t, ast.Name) and not _is_zero(s.value)
        }
        params = {a.arg for a in ast.walk(self.file.tree) if isinstance(a, ast.arg)}
        return bool(names & (stored - params) & read & fixed) or bool(names & read - stored - params)

    def _job(self, way: Mapping[str, Any], reference: Reference) -> dict[str, Any]:
        inputs = {name: encoded(value) for name, value in reference.inputs.items()}
        for name in self.labels:
            inputs[f"labels:{name}"] = encoded(
                reference.inputs[name].argmax(axis=class_axis(self.fn, name)).astype(float)
            )
        for name in self.assigned:
            adjoints = [v.adjoint for slot in reference.by_name.get(name, ()) for v in slot.variants]
            if adjoints:
                inputs[f"adj:{name}"] = encoded(adjoints[-1])
        for name in self.spare:
            inputs[f"up:{name}"] = inputs[name]
        for k, df in enumerate(reference.df):
            inputs[f"df:{k}"] = encoded(df)
        supplied = {name: ["input", of] for name, of in self.given.items() if of in inputs} if way["main"] else {}
        single = "float32" in self.text and "float64" not in self.text
        torch = bool(re.search(r"\btorch\b", self.text)) and not re.search(r"\bnumpy\b", self.text)
        return {
            "text": self.text,
            "inputs": inputs,
            "given": self.given,
            "supplied": supplied,
            "integers": list(self.fn.dag.integers),
            "kind": ("torch" if torch else "numpy", "float32" if single else "float64"),
            **way,
        }

    # ---- what it comes to ------------------------------------------------------------------------

    def _graded(self, judged: Sequence[Judged], mend: Mended | None, benches: Sequence[Bench]) -> Grade:
        found: Verdicts = {}
        for each in judged:
            for verdict in each.verdicts:
                found.setdefault((verdict.line, verdict.name), []).append(verdict)
        found = _confirmed(found, sum(bool(each.verdicts) for each in judged))
        if (mend is None or mend.marks is None) and len(found) > 1:
            found = self._several(found, benches, judged)
        lines = self.text.splitlines()
        wrong = []
        vague = all(r.word == SLOPE and r.rank >= VAGUE for v in found.values() for r in v[0].reasons[:1])
        if mend is not None and (mend.marks or (vague and _comes_before(mend, found))):
            at_line = (s for s in benches[0].marks.segments if s.last.line == mend.line and s.meanings)
            slot = next((s.meanings[0].slot.title for s in at_line), "")
            found = {(mend.line, mend.name): [Verdict(mend.line, mend.name, (mend.reason,), slot)]}
        for (line, name), verdicts in sorted(found.items()):
            reason = _common([verdict.reasons for verdict in verdicts])
            source = lines[line - 1].strip() if 0 < line <= len(lines) else ""
            ours = tuple(self._ours(name, verdicts[0].slot))
            wrong.append(Wrong(line, name, reason.word, reason.detail, source, ours))
        marks = judged[0].marks if judged else benches[0].marks
        marks = mend.marks if mend is not None and mend.marks is not None else marks
        named = sum(s.states[-1] == RIGHT for s in [*marks.segments, *marks.by_place.values()])
        free = len({(s.last.line, s.last.name) for s in marks.segments if s.states[-1] == "free"})
        reached = any(id(slot) in marks.reached for slot in marks.outputs)
        error = benches[0].marks.run.error
        if not wrong and not reached and not marks.finals():
            why = f": line {error[0]}: {error[1]}" if error else ""
            raise GradcError(
                f"nothing in the hand-written pass belongs to the program{why}",
                hint=f"the program's inputs are {', '.join(self.fn.inputs)}",
            )
        return Grade(self.fn.program, not wrong, tuple(wrong), named, free, error)

    def _several(self, found: Verdicts, benches: Sequence[Bench], judged: Sequence[Judged]) -> Verdicts:
        """Several mistakes, each by the change that mends it, where that is found."""
        first = next((each.verdicts for each in judged if each.verdicts), [])
        mends = one_after_the_other(self.text, benches, first)
        if mends:
            slots = {verdict.line: verdict.slot for verdict in first}
            return {(m.line, m.name): [Verdict(m.line, m.name, (m.reason,), slots.get(m.line, ""))] for m in mends}
        return self._one_by_one(found, benches, judged) if len(found) <= SEVERAL else found

    def _one_by_one(self, found: Verdicts, benches: Sequence[Bench], judged: Sequence[Judged]) -> Verdicts:
        """Each of several mistakes as the one change that is left when all others are put right."""
        each: Verdicts = {}
        for place, verdicts in found.items():
            mend = None if verdicts[0].reasons[0].word == POINT else self._alone(place[0], benches, judged)
            if mend is None or mend.marks is None:
                each.setdefault(place, verdicts)
            else:
                alone = Verdict(mend.line, mend.name, (mend.reason,), verdicts[0].slot)
                each.setdefault((mend.line, mend.name), [alone])
        return each

    def _alone(self, line: int, benches: Sequence[Bench], judged: Sequence[Judged]) -> Mended | None:
        """What is wrong in a line, once all other lines are put right."""
        alone: list[Bench] = []
        for bench, found in zip(benches, judged, strict=False):
            right = {at: value for v in found.verdicts if v.line != line for at, value in v.right.items()}
            runner = Runner(self.box, bench.runner.job, right=right)
            runner.limit = bench.runner.limit
            marks = Marks(runner.run(), bench.reference, bench.marks.matcher)
            alone.append(bench._replace(runner=runner, marks=marks))
        reasons = [(v.line, v.reasons[0]) for v in judged[0].verdicts if v.line == line]
        return mended(self.text, alone, lambda: reasons)

    def _ours(self, name: str, slot: str) -> Iterator[str]:
        view = self.views[0]
        for base in [slot, *bases(name)]:
            if f"d{base}" in view.back and (name != slot):
                yield from view.back[f"d{base}"]
                return
        for node, line in view.lines.items():
            if slot in view.names_of(node):
                yield line
                return


def _comes_before(mend: Mended, found: Verdicts) -> bool:
    """Whether a line on which all that is wrong hangs is the one that was found, or comes before all that were."""
    if len(found) == 1:
        return (mend.line, mend.name) in found
    return all(mend.line < line for line, _ in found)


def _is_zero(value: Any) -> bool:
    return "zeros" in ast.unparse(value) or (isinstance(value, ast.Constant) and not value.value)


def _containers(tree: ast.AST) -> set[str]:
    """The names of dictionaries and lists: `G = {}` holds gradients, and is none."""
    kinds = (ast.Dict, ast.List, ast.DictComp, ast.ListComp)
    return {
        target.id
        for s in ast.walk(tree)
        if isinstance(s, ast.Assign) and isinstance(s.value, kinds)
        for target in s.targets
        if isinstance(target, ast.Name)
    }


def _confirmed(found: dict[tuple[int, str], list[Verdict]], points: int) -> dict[tuple[int, str], list[Verdict]]:
    """Without what nothing explains, and only a minority of the points shows, beside what all show."""
    if not any(len(verdicts) == points for verdicts in found.values()):
        return found
    return {
        place: verdicts
        for place, verdicts in found.items()
        if 2 * len(verdicts) >= points or any(v.reasons[0].word != SLOPE for v in verdicts)
    }


def _common(each: Sequence[Sequence[Reason]]) -> Reason:
    """The first reason that holds at all points; at one of them, if there is none."""
    for reason in sorted(each[0], key=lambda r: r.rank):
        if all(any(reason.word == other.word for other in others) for others in each[1:]):
            return reason
    return min((reason for some in each for reason in some), key=lambda r: r.rank)


__all__ = ["SECONDS", "Grade", "Run", "Wrong", "grade"]
