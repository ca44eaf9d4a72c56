"""A compiled program into evidence: its staged gradient against SymPy's and against differences, in 50 digits.

At random points of the operators' domains the staged gradient is held against two others that share nothing with it
but the program's graph: the derivative that SymPy finds of the program written out as one formula, and differences
of the program itself. An error is judged in units of rounding errors: by how much a float's rounding of the inputs
and of every gate would change the gradient at that point.

>>> import gradc
>>> result = gradc.compile("x*y + sin(x)").check(points=2)
>>> result.verdict, [(row.name, row.verdict) for row in result.rows]
('pass', [('f', 'pass'), ('dx', 'pass'), ('dy', 'pass')])
"""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradc.base.errors import GradcError
from gradc.base.tables import html_table, number, table
from gradc.evidence.by_engine import Run, by_engine
from gradc.evidence.by_target import runner
from gradc.evidence.points import Point, Search, said
from gradc.evidence.references import Evidence, gather
from gradc.evidence.second import mode_errors
from gradc.evidence.symbolic.worker import MEMORY, Worker
from gradc.evidence.verdict import TINY, Error, gradient_errors, worst
from gradc.language import parse
from gradc.run.engine import Compiled
from gradc.run.given import checked_above_0, checked_whole

PASS, FAIL, TOO_LARGE, UNVERIFIED = "pass", "fail", "too large", "not verified"
SAYS = {
    PASS: "pass: the staged gradient is SymPy's",
    FAIL: "FAIL: the staged gradient is wrong",
    TOO_LARGE: "too large to verify symbolically; the staged gradient agrees with differences",
    UNVERIFIED: "not verified symbolically; the staged gradient agrees with differences",
}

UNCOMPARED = "not verified: there is nothing to hold some of the gradient against"

# Errors up to so many rounding errors pass. Sound code stays below ten or so; a wrong rule is off by 1e12 and more.
TOLERANCE = 100.0
# Where a float holds no digit of the value, roundings are only guessed: one fails there by so many times more.
VAGUE = 1e4
# The textbook's forms lose digits where the default's do not: `(1 - s)*s` has half of them at x = 18.
LITERAL = 1e6
POINTS = 3
# What SymPy's process may do, see `gradc.evidence.symbolic.check_job`, and the seconds after which it is ended.
STEPS, SECONDS = 2_000_000, 120.0
# So many elements that agree with SymPy verify the gradient of an input that agrees with differences as a whole.
ENOUGH = 4
# So many points are offered for each one wanted, for some may lie at kinks.
OFFERED = 4
# Fewer rounding errors than this are the references' own.
NOTHING = 1e-6
# A wider point is called by its number, and written out below: the table has its place in a terminal of 80 columns.
WIDEST = 16
# A point of more characters is not written into a command.
LONGEST_POINT = 120
# Nor a longer program.
LONGEST_PROGRAM = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """An output's value or an input's gradient at its worst point.

    `error` is relative to the largest element, `condition` what a relative change of inputs and gates is multiplied by
    in it, `roundings` the error in units of the rounding errors that must be expected. `got` and `want` are the
    elements that differ most. SymPy verified `verified` of `elements` elements; `against` says what else there is.
    A row of the staged passes has no `engine`; an engine has rows of its own for what it alone gets wrong.
    """

    name: str
    input: str
    verdict: str
    error: float
    condition: float
    roundings: float
    got: float
    want: float
    elements: int
    verified: int
    against: str
    point: int
    remark: str = ""
    engine: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data; a number that is not finite becomes one of the words "nan", "inf" and "-inf"."""
        found = {key: getattr(self, key) for key in self.__slots__}
        return {key: str(v) if isinstance(v, float) and not math.isfinite(v) else v for key, v in found.items()}


@dataclass(frozen=True, slots=True, repr=False)
class Check:
    """The outcome: `verdict` is "pass", "fail", "too large" or "not verified"; `ok` whether nothing is wrong."""

    program: str
    verdict: str
    rows: tuple[Row, ...]
    points: tuple[Any, ...]
    kinks: tuple[str, ...]
    reason: str
    tolerance: float
    seed: int
    seconds: float
    command: str
    engines: tuple[str, ...] = ()
    not_run: str = ""

    @property
    def ok(self) -> bool:
        return self.verdict != FAIL

    def __bool__(self) -> bool:
        return self.ok

    def render(self) -> str:
        """As the command line shows it."""
        lines = [f"{self._said()} ({self.reason})" if self.reason else self._said(), ""]
        lines.append(table(_HEADER, map(self._cells, self.rows), _ALIGN))
        lines += ["", *self._wide_points(), *([f"note: {self.not_run}"] if self.not_run else [])]
        lines += [*(f"kink: {kink}" for kink in self.kinks), f"run the worst point again: {self.command}"]
        return "\n".join(lines)

    def _said(self) -> str:
        blind = any(row.input and row.verdict == UNVERIFIED and math.isnan(row.roundings) for row in self.rows)
        wrong = list(dict.fromkeys(row.engine for row in self.rows if row.verdict == FAIL))
        if wrong and "" not in wrong:
            return f"FAIL: what the engine {' and '.join(map(repr, wrong))} runs is wrong; the staged gradient is right"
        if self.verdict == PASS and any(row.verified < row.elements for row in self.rows):
            verified, elements = (
                sum(getattr(row, of) for row in self.rows if row.input) for of in ("verified", "elements")
            )
            return f"{SAYS[PASS]} in {verified:,} of {elements:,} elements, and differences' in all"
        return UNCOMPARED if blind and self.ok else SAYS[self.verdict]

    def _wide_points(self) -> list[str]:
        """The points that the table calls by their numbers; those of large arrays are left to the command."""
        wide = {row.point: said(self.points[row.point]) for row in self.rows}
        return [f"point {k + 1}: {at}" for k, at in sorted(wide.items()) if WIDEST < len(at) <= LONGEST_POINT]

    def _cells(self, row: Row) -> list[Any]:
        verdict = f"{row.verdict}: {row.remark}" if row.remark else row.verdict
        at = said(self.points[row.point])
        figures = [number(each, 2) if math.isfinite(each) else "" for each in (row.error, row.condition, row.roundings)]
        return [row.name, verdict, *figures, row.against, at if len(at) <= WIDEST else f"point {row.point + 1}"]

    def __repr__(self) -> str:
        return self.render()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "program": self.program,
            "ok": self.ok,
            "verdict": self.verdict,
            "reason": self.reason,
            "rows": [row.to_dict() for row in self.rows],
            "points": list(self.points),
            "kinks": list(self.kinks),
            "tolerance": self.tolerance,
            "seed": self.seed,
            "seconds": self.seconds,
            "command": self.command,
            "engines": list(self.engines),
            "not_run": self.not_run,
        }

    def _repr_html_(self) -> str:
        verdict = html_table((), [[f"{self._said()} {self.reason}"], *([kink] for kink in self.kinks)])
        return verdict + html_table(_HEADER, map(self._cells, self.rows), _ALIGN)


_HEADER = ["", "verdict", "error", "condition", "roundings", "held against", "at"]
_ALIGN = "llrrrll"


def check(
    fn: Compiled,
    points: int = POINTS,
    seed: int = 0,
    ranges: Mapping[str, Sequence[float]] | None = None,
    at: Mapping[str, Any] | None = None,
    tolerance: float | None = None,
    timeout: float = SECONDS,
    memory: int = MEMORY,
    steps: int = STEPS,
    worker: Worker | None = None,
    module: Any = None,
) -> Check:
    """Hold the staged gradient against SymPy's and against differences, in 50-digit arithmetic.

    `points` random points of `seed` are tried, or the one that `at` gives; `ranges` says where to look for an input,
    {"x": (1, 2)}; `tolerance` is in rounding errors. SymPy gets `steps` operations, `timeout` seconds and `memory`
    megabytes, in a process of its own: `worker`, if several checks are to share one. `module` is the program compiled
    for a framework, which is run at the same points where that is installed. Raises `GradcError` if no point is found.
    """
    began = time.monotonic()
    points, seed = checked_whole("points", points), checked_whole("seed", seed, 0)
    timeout, steps = checked_above_0("timeout", timeout), checked_whole("steps", steps)
    tolerance = None if tolerance is None else checked_above_0("tolerance", tolerance)
    search = Search(fn, seed, ranges)
    staged = [search.given(at)] if at is not None else search.points(points * OFFERED)
    with Worker(memory) as own:
        evidence = gather(search, staged, min(points, len(staged)), worker or own, timeout, steps)
    limit = tolerance if tolerance is not None else TOLERANCE * (LITERAL if fn.literal else 1.0)
    rows = _rows(evidence, limit)
    run, missing = runner(module) if module is not None else (None, "")
    engines, wrong = _engines(evidence, rows, limit, None if run is None else (module.target, run))
    rows += wrong
    rows += [_mode_row(evidence, mode, limit) for mode in fn.also]
    verdicts = {row.verdict for row in rows}
    verdict = next((each for each in (FAIL, TOO_LARGE, UNVERIFIED) if each in verdicts), PASS)
    last = max(rows, key=lambda row: (row.verdict == FAIL, row.roundings))
    return Check(
        program=fn.program,
        verdict=verdict,
        rows=tuple(rows),
        points=tuple(staged[k].point for k in evidence.points),
        kinks=tuple(evidence.kinks_in_words()),
        reason=evidence.reason() if verdict in (TOO_LARGE, UNVERIFIED) else "",
        tolerance=limit,
        seed=seed,
        seconds=time.monotonic() - began,
        engines=engines,
        not_run=f"the module of the target '{module.target}' was not run: {missing}" if missing else "",
        command=command(module or fn, staged[evidence.points[last.point]].point, seed, points),
    )


# ---- rows --------------------------------------------------------------------------------------


def _rows(evidence: Evidence, limit: float) -> list[Row]:
    return [*_value_rows(evidence, limit), *(_gradient_row(evidence, name, limit) for name in evidence.search.fn.wrt)]


def _engines(
    evidence: Evidence, rows: Sequence[Row], limit: float, module: tuple[str, Run] | None = None
) -> tuple[tuple[str, ...], list[Row]]:
    """The engines that took the points, and rows for what they get wrong where the staged passes are right.

    A wrong rule shows in all of them, in other inputs too: then the passes say where it is.
    """
    sound = all(row.verdict != FAIL for row in rows)
    names: list[str] = []
    wrong: list[Row] = []
    for name, found in by_engine(evidence.search, evidence.staged, evidence.points, module):
        if not found:
            continue
        names.append(name)
        staged = [found.get(k, one) for k, one in enumerate(evidence.staged)]
        if not sound or all(staged[k] == evidence.staged[k] for k in evidence.points):
            continue
        bad = [row for row in _rows(replace(evidence, staged=staged), limit) if row.verdict == FAIL]
        wrong += [replace(row, name=f"{row.name} by {name}", engine=name) for row in bad]
    return tuple(names), wrong


def _value_rows(evidence: Evidence, tolerance: float) -> list[Row]:
    """A row for each output."""
    rows = []
    for o, name in enumerate(evidence.search.fn.outputs):
        errors = {}
        for k in evidence.points:
            if k in evidence.values:
                pairs = list(zip(evidence.staged[k].values[o], evidence.values[k][o], strict=True))
                errors[k] = worst(pairs, evidence.noise[k][o])
        count = len(evidence.staged[0].values[o])
        against = "50 digits" if errors else ""
        rows.append(_row(evidence, errors, name, "", tolerance, count, count if errors else 0, against))
    return rows


def _gradient_row(evidence: Evidence, name: str, tolerance: float) -> Row:
    """An input's row."""
    staged = [evidence.staged[k] for k in evidence.points]
    elements = len(staged[0].gradients[name])
    wrong = next((each.wrong[name] for each in staged if name in each.wrong), "")
    if wrong:
        return Row(f"d{name}", name, FAIL, math.inf, 1.0, math.inf, math.nan, math.nan, elements, 0, "", 0, wrong)
    verified = min(len(evidence.derivatives.get((k, name), ())) for k in evidence.points)
    sources = ["SymPy" + f" ({verified} of {elements})" * (verified != elements)] if verified else []
    differences = any((k, name) in evidence.slopes for k in evidence.points)
    sources += ["differences"] if differences else [] if verified else ["differences of floats"]
    errors = gradient_errors(evidence, name)
    row = _row(evidence, errors, f"d{name}", name, tolerance, elements, verified, ", ".join(sources))
    sampled = differences and verified >= ENOUGH and row.verdict in (TOO_LARGE, UNVERIFIED)
    return replace(row, verdict=PASS) if sampled and math.isfinite(row.roundings) else row


def _mode_row(evidence: Evidence, mode: str, tolerance: float) -> Row:
    """The row of a mode beside the passes."""
    errors, elements, verified, against, engine = mode_errors(evidence, mode)
    row = _row(evidence, errors, mode, "", tolerance, elements, verified, against)
    by_engine = row.verdict == FAIL and engine != mode
    return replace(row, remark=f"{row.remark} by the engine '{engine}'", engine=engine) if by_engine else row


def _row(
    evidence: Evidence,
    errors: Mapping[int, Error],
    name: str,
    of: str,
    tolerance: float,
    elements: int,
    verified: int,
    against: str,
) -> Row:
    """A row from the errors at each point."""
    nan = math.nan
    k = _worst_point(evidence, errors, tolerance)
    if k is None:
        lost = all(each in evidence.vague for each in evidence.points)
        remark = "ill-conditioned: floats hold no digits of the value" if lost else "nothing to compare with"
        remark = "every point lies at a kink" if errors else remark
        return Row(name, of, UNVERIFIED, nan, nan, nan, nan, nan, elements, 0, against, 0, remark)
    error = errors[k]
    if error.roundings > tolerance * (VAGUE if k in evidence.vague else 1.0):
        verdict = FAIL
    elif verified == elements:
        verdict = PASS
    else:
        verdict = TOO_LARGE if evidence.stopped is not None and evidence.stopped.limit else UNVERIFIED
    scale = error.scale or max(error.noise, TINY)
    return Row(
        name=name,
        input=of,
        verdict=verdict,
        error=error.error / scale if error.roundings > NOTHING else 0.0,
        condition=max(error.noise, scale) / scale,
        roundings=error.roundings if error.roundings > NOTHING else 0.0,
        got=error.got,
        want=error.want,
        elements=elements,
        verified=verified,
        against=against,
        point=evidence.points.index(k),
        remark=f"{number(error.got)}, not {number(error.want)}" if verdict == FAIL else "",
    )


def _worst_point(evidence: Evidence, errors: Mapping[int, Error], tolerance: float) -> int | None:
    """The point that a row is judged by: one that fails, or the worst of those that say something.

    At a kink there is more than one right answer, and where a float holds no digit of the value there is none.
    """
    clear = {k: e.roundings for k, e in errors.items() if k not in evidence.vague and not evidence.kinks.get(k)}
    clear |= {k: e.strict for k, e in errors.items() if evidence.kinks.get(k) and e.strict <= tolerance}
    vague = {k: e.roundings for k, e in errors.items() if k in evidence.vague and not evidence.kinks.get(k)}
    wrong = {k: roundings for k, roundings in vague.items() if roundings > tolerance * VAGUE}
    judged = wrong or clear or vague
    return max(judged, key=lambda k: judged[k]) if judged else None


# ---- a point as a command ----------------------------------------------------------------------


def command(fn: Compiled, point: Point, seed: int, points: int) -> str:
    """The command line that checks the program again: at the point if that is short, else at the same points."""
    program = fn.program.strip()
    line = program if "#" in program else "; ".join(program.splitlines())
    words = ["gradc", "check", *([line] if len(line) <= LONGEST_PROGRAM else ["-f", "FILE"])]
    if fn.wrt != fn.inputs:
        words += ["--wrt", ",".join(fn.wrt)]
    shapes = {name: node.shape for name, node in fn.dag.inputs.items() if node.shape}
    if shapes and not _declares_shapes(fn):
        words += [word for name, shape in shapes.items() for word in ("--shape", f"{name}={','.join(map(str, shape))}")]
    for option, value, default in (("style", fn.style, "notes"), ("target", fn.target, "numpy")):
        words += [f"--{option}", value] * (value != default)
    words += ["--literal"] * fn.literal + ["--also", ",".join(fn.also)] * bool(fn.also)
    given = [f"{name}={value}" for name, value in point.items()]
    if sum(map(len, given)) <= LONGEST_POINT:
        words += [word for each in given for word in ("--at", each)]
        return shlex.join(words + ["--seed", str(seed)] * (seed != 0))
    return shlex.join([*words, "--seed", str(seed), "--points", str(points)])


def _declares_shapes(fn: Compiled) -> bool:
    """Whether the program's text says all that there is to know of shapes."""
    try:
        dag = parse(fn.program)
    except GradcError:
        return False
    return {name: dag.dims.resolve(node.shape) for name, node in dag.inputs.items()}.items() <= fn.shapes.items()
