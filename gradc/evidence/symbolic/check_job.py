"""The job of `gradc check`: a program's value, slopes, condition and derivatives at points, in 50 digits.

Answers, in this order: the points that are fit, with the values there; for each point and input the slopes along some
directions, by differences; for each number of each input, or a sample of them, SymPy's derivative at every point.

What is done is limited in steps, so that every machine finds the same: one is an operation on numbers of 50 digits.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from gradc.evidence.symbolic.digits import DISTURBANCE, Decision, Program, flat
from gradc.evidence.symbolic.elements import OutOfSteps, Value, array, run
from gradc.evidence.symbolic.expressions import Derivatives, Expr, Expressions, Numbers, Values
from gradc.evidence.symbolic.python import Sized
from gradc.evidence.symbolic.steps import Written

Job = Mapping[str, Any]
Answers = Iterator[dict[str, Any]]
Points = dict[int, dict[str, Value]]  # by the number of the candidate

# Digits of an answer: as many as differences have, and enough to judge a float's last bit.
SAID = 32
# An input of more elements than this is differenced along so many random directions instead of one by one.
ELEMENTS, DIRECTIONS = 6, 2
# How often the program is disturbed to see its condition.
DISTURBED = 3
# A value of which a float holds fewer than some six digits says little of its gradient.
VAGUE = 1e-10
# The part of all steps that numbers may take, and that of them which the search for points may take.
NUMERIC, SEARCH = 0.4, 0.3
# So often the program is evaluated to see whether a point is fit.
TRIED = 3 + DISTURBED
# What takes longer, in steps: a gate that becomes SymPy's, a part of an expression that is differentiated.
BUILD, DERIVE = 50, 20
# Of an input with more elements so many are differentiated, drawn by chance.
SAMPLE = 32
LARGEST_SIZE = 10**300


def verify(job: Job) -> Answers:
    """Everything that is known of the gradient without the staged program."""
    written = Written.of(job["program"])
    work = evaluated(written)
    if TRIED * work > SEARCH * job["steps"]:
        raise OutOfSteps(job["steps"])
    program = Program(written, job["df"], work)
    points: Points = {}
    for one in _fit_points(job, program):
        points[one.number] = one.point
        values = [[_said(program, number) for number in flat(out)] for out in one.outputs]
        noise = list(map(float, one.noise))
        yield {"at": one.number, "values": values, "noise": noise, "kinks": one.kinks, "vague": one.vague}
    yield from _all_differences(job, program, points)
    yield from _derivatives(job, program, list(points), BUILD * work)


def evaluated(program: Written) -> int:
    """The steps of one evaluation: the elements of every gate, each as often as it is multiplied in a contraction."""
    return sum(step.work for step in program.steps)


@dataclass(frozen=True, slots=True)
class _Found:
    """A candidate at which the value is a number; `vague` if a float holds few digits of it."""

    number: int
    point: dict[str, Value]
    outputs: list[Value]
    noise: list[Any]
    kinks: list[int]
    vague: bool
    decisions: tuple[Decision, ...]

    @property
    def unfit(self) -> bool:
        return bool(self.kinks) or self.vague


def _fit_points(job: Job, program: Program) -> Iterator[_Found]:
    """As many points as are wanted, fit ones first, and before all those at which branches go another way."""
    found: list[_Found] = []
    most = SEARCH * NUMERIC * job["steps"]
    for k, candidate in enumerate(job["candidates"]):
        one = _tried(program, k, program.point(candidate), job["seed"])
        found += [one] if one is not None else []
        if found and program.steps > most:
            break
    seen: set[tuple[Decision, ...]] = set()
    new: list[_Found] = []
    known: list[_Found] = []
    for one in sorted(found, key=lambda each: (each.unfit, each.number)):
        (known if one.unfit or one.decisions in seen else new).append(one)
        seen.add(one.decisions)
    yield from [*new, *sorted(known, key=lambda each: (each.unfit, each.number))][: job["points"]]


def _tried(program: Program, k: int, point: dict[str, Value], seed: int) -> _Found | None:
    outputs = program.outputs(point)
    decisions = tuple(program.digits.trail)
    if any(one != one for out in outputs for one in flat(out)):
        return None
    kinks = program.kinks(point, seed)
    noise = [max(each) for each in zip(*(program.noise(point, outputs, s) for s in range(DISTURBED)), strict=True)]
    vague = any(n * VAGUE > max(map(abs, flat(out)), default=0) for n, out in zip(noise, outputs, strict=True))
    return _Found(k, point, outputs, noise, kinks, vague, decisions)


def _said(program: Program, number: Any) -> str:
    return str(program.digits.mp.nstr(number, SAID, strip_zeros=False))


# ---- differences -------------------------------------------------------------------------------


def _all_differences(job: Job, program: Program, points: Points) -> Answers:
    """Point by point, until their share of the steps is taken. For the first input it may be all of them."""
    done = False
    for k, point in points.items():
        here = program.contracted(point)
        for name in job["wrt"]:
            directions = list(_directions(program, point[name], random.Random(f"{k} {name}")))
            taken = 2 * len(directions) + DISTURBED * (1 + len(directions))
            if program.steps + taken * program.work > (NUMERIC if done else 1.0) * job["steps"]:
                return
            yield from _differences(program, k, point, here, name, directions)
            done = True


def _differences(
    program: Program, k: int, point: dict[str, Value], here: Any, name: str, directions: Sequence[Value]
) -> Answers:
    slopes = [program.slope(point, here, name, direction) for direction in directions]
    condition = program.digits.mp.zero
    for seed in range(DISTURBED if directions else 0):
        changed = program.changes(point, [(name, direction) for direction in directions], seed)
        for (slope, _), other, direction in zip(slopes, changed, directions, strict=True):
            condition = max(condition, abs(other - slope) / DISTURBANCE / max(map(abs, flat(direction))))
    said = [
        [[float(one) for one in flat(direction)], _said(program, slope), float(uncertain)]
        for direction, (slope, uncertain) in zip(directions, slopes, strict=True)
    ]
    yield {"at": k, "input": name, "slopes": said, "condition": float(condition)}


def _directions(program: Program, value: Value, rng: random.Random) -> Iterator[Value]:
    """One for each element of a small input, in its own size; random ones for a large input."""
    sizes = [abs(float(one)) or 1.0 for one in flat(value)]
    if len(sizes) <= ELEMENTS:
        lines = [[size * (j == k) for j, size in enumerate(sizes)] for k in range(len(sizes))]
    else:
        lines = [[size * rng.choice((-1, 1)) * rng.uniform(0.5, 1.5) for size in sizes] for _ in range(DIRECTIONS)]
    for line in lines:
        yield program.value(np.reshape(line, np.shape(value)))


# ---- derivatives -------------------------------------------------------------------------------


def _derivatives(job: Job, program: Program, points: Sequence[int], built: int) -> Answers:
    """SymPy's derivatives, one number of each input in turn, until the steps are taken."""
    left = job["steps"] - program.steps - built
    if left < 0:
        raise OutOfSteps(job["steps"])
    algebra = Expressions()
    symbols = algebra.inputs(program.program)
    integers = {
        name: array(map(algebra.number, np.ravel(value).tolist()), np.shape(value)) for name, value in _whole(job)
    }
    symbols |= integers
    outputs = run(program.program, symbols, algebra)
    weights = [algebra.number(df) for df in np.concatenate([np.ravel(df) for df in job["df"]])]
    whole = algebra.total([w * e for w, e in zip(weights, [e for out in outputs for e in flat(out)], strict=True)])
    sized = Sized()
    yield {"size": _size(sized, whole)}
    free = {name: value for name, value in symbols.items() if name not in integers}
    given = [_bound(free, job["candidates"][k]) for k in points]
    nearby = [_disturbed(point, random.Random(seed)) for seed, point in enumerate(given)]
    values = Values(algebra, [*given, *nearby])
    wanted = [[(name, j, symbol) for j, symbol in _sample(name, flat(symbols[name]))] for name in job["wrt"]]
    derivatives = Derivatives(whole, [symbol for line in wanted for _, _, symbol in line])
    for name, j, symbol in (each for turn in zip_longest(*wanted) for each in turn if each is not None):
        if DERIVE * derivatives.steps + values.steps > left:
            raise OutOfSteps(job["steps"])
        slope = derivatives.of(symbol)
        here = values.of(slope)
        said = [_said(program, one) for one in here[: len(points)]]
        noise = [float(abs(a - b) / DISTURBANCE) for a, b in zip(here, here[len(points) :], strict=False)]
        answer = {"slopes": dict(zip(points, said, strict=True)), "noise": dict(zip(points, noise, strict=True))}
        yield {"input": name, "element": j, "size": _size(sized, slope), **answer}
    if job.get("second"):
        yield from _second(program, points, values, derivatives, [each for line in wanted for each in line])


def _sample(name: str, symbols: Sequence[Expr]) -> list[tuple[int, Expr]]:
    """The elements of an input that are differentiated, with their places."""
    chosen = list(enumerate(symbols))
    return chosen if len(chosen) <= SAMPLE else random.Random(name).sample(chosen, SAMPLE)


def _second(
    program: Program,
    points: Sequence[int],
    values: Values,
    derivatives: Derivatives,
    wanted: Sequence[tuple[str, int, Expr]],
) -> Answers:
    """SymPy's second derivatives by each pair of numbers."""
    symbols = [symbol for _, _, symbol in wanted]
    slopes = [derivatives.of(symbol) for symbol in symbols]  # all before the first is differentiated again
    for at, (name, j, _) in enumerate(wanted):
        again = Derivatives(slopes[at], symbols[at:])
        for other, i, along in wanted[at:]:
            here = values.of(again.of(along))
            said = [_said(program, one) for one in here[: len(points)]]
            noise = [float(abs(a - b) / DISTURBANCE) for a, b in zip(here, here[len(points) :], strict=False)]
            answer = {"slopes": dict(zip(points, said, strict=True)), "noise": dict(zip(points, noise, strict=True))}
            yield {"pair": [name, j, other, i], **answer}


def _whole(job: Job) -> Iterator[tuple[str, Any]]:
    """The inputs that are integers: the same at every point, as formulas hang on which elements they name."""
    for name in job.get("whole", ()):
        yield name, np.asarray(job["candidates"][0][name], int)


def _size(sized: Sized, expression: Expr) -> int:
    return min(sized.of(expression).ops, LARGEST_SIZE)


def _bound(symbols: Mapping[str, Value], candidate: Mapping[str, Any]) -> Numbers:
    """The symbols with their numbers at a point."""
    return {
        symbol: (float(number), 1.0)
        for name, value in symbols.items()
        for symbol, number in zip(flat(value), np.ravel(candidate[name]), strict=True)
    }


def _disturbed(point: Numbers, rng: random.Random) -> Numbers:
    """A point whose numbers are off by a few roundings."""
    factors = [1.0 + DISTURBANCE * part for part in (-1.5, -1.0, -0.5, 0.5, 1.0, 1.5)]
    return {symbol: (number, rng.choice(factors)) for symbol, (number, _) in point.items()}
