"""Several mistakes into one change for each: the first wrong line is mended by itself, and what is left after that."""

from __future__ import annotations

from collections.abc import Sequence

from gradc.evidence.grade.diagnose import SLOPE, Reason
from gradc.evidence.grade.guess import VAGUE, Verdict
from gradc.evidence.grade.judge import Judge, first_look
from gradc.evidence.grade.mend import Bench, Mended, first_of, mended
from gradc.evidence.grade.runs import Runner

# So many mistakes are mended one after the other.
MOST = 3


def one_after_the_other(text: str, benches: Sequence[Bench], verdicts: Sequence[Verdict]) -> list[Mended]:
    """The changes that together put everything right; none, if those are not found."""
    found: list[Mended] = []
    while verdicts and len(found) < MOST - 1 and all(bench.marks.run.error is None for bench in benches):
        first = verdicts[0]
        edit = first_of(text, benches, first)
        if edit is None:
            return []
        reason = Reason(edit.word, edit.detail)
        known = first.reasons[0] if first.line == edit.line else reason
        found.append(Mended(edit.line, edit.name, known if edit.word == SLOPE and known.rank < VAGUE else reason))
        text = edit.text
        benches = [_changed(bench, text) for bench in benches]
        verdicts = _judged(benches[0])
        told = [(verdict.line, min(verdict.reasons, key=lambda r: r.rank)) for verdict in verdicts]
        rest = mended(text, benches, lambda told=told: told)  # type: ignore[misc]
        if rest is not None and rest.marks is not None:
            return [*found, rest]
    return []


def _changed(bench: Bench, text: str) -> Bench:
    runner = Runner(bench.runner.sandbox, {**bench.runner.job, "text": text})
    return bench._replace(runner=runner, marks=first_look(runner, bench.reference, bench.loose))


def _judged(bench: Bench) -> list[Verdict]:
    runner = Runner(bench.runner.sandbox, bench.runner.job)
    runner.limit = bench.runner.limit
    return Judge(runner, bench.reference, bench.loose).judge(bench.marks).verdicts
