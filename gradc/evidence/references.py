"""A compiled program and points into what is known of it there without its staged gradient.

What a process with SymPy finds in its time is noted as it comes; what it can't do, and why, is noted too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from gradc.base.tables import number
from gradc.evidence.points import Search, Staged, said
from gradc.evidence.stopped import without_stops
from gradc.evidence.symbolic.steps import written
from gradc.evidence.symbolic.worker import Stopped, Worker
from gradc.graph.dag import Dag, Shape
from gradc.graph.shapes import evaluated
from gradc.language import parse
from gradc.run.engine import Compiled

# Programs of more gates, or of more numbers at a point, are not written out.
LARGEST = 200_000


Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative along a direction, by differences, and how uncertain it is."""

    direction: list[float]
    along: Decimal
    uncertain: float


@dataclass(slots=True)
class Evidence:
    """What is known of a program at its points; keys are (number of the point among the candidates, input)."""

    search: Search
    staged: list[Staged]
    places: list[str]
    points: list[int] = field(default_factory=list)
    values: dict[int, list[list[Decimal]]] = field(default_factory=dict)
    noise: dict[int, list[float]] = field(default_factory=dict)
    kinks: dict[int, list[str]] = field(default_factory=dict)
    vague: set[int] = field(default_factory=set)
    slopes: dict[tuple[int, str], list[Slope]] = field(default_factory=dict)
    conditions: dict[tuple[int, str], float] = field(default_factory=dict)
    derivatives: dict[tuple[int, str], dict[int, Decimal]] = field(default_factory=dict)
    # second derivatives and their noise by point, by pairs of (input, element)
    second: dict[tuple[Place, Place], tuple[dict[int, Decimal], dict[int, float]]] = field(default_factory=dict)
    largest: int = 0
    stopped: Stopped | None = None

    def take(self, answer: dict[str, Any]) -> None:
        """Note an answer of the worker's."""
        self.largest = max(self.largest, answer.get("size", 0))
        match answer:
            case {"at": k, "values": values, "noise": noise, "kinks": kinks, "vague": vague}:
                self.points.append(k)
                self.vague |= {k} if vague else set()
                self.values[k] = [list(map(_exact, each)) for each in values]
                self.noise[k] = noise
                self.kinks[k] = list(dict.fromkeys(self.places[gate] for gate in kinks))
            case {"at": k, "input": name, "slopes": slopes, "condition": condition}:
                self.slopes[k, name] = [Slope(direction, _exact(along), off) for direction, along, off in slopes]
                self.conditions[k, name] = condition
            case {"pair": [x, i, y, j], "slopes": slopes, "noise": noise}:
                exact = {int(k): _exact(slope) for k, slope in slopes.items() if _exact(slope).is_finite()}
                self.second[(x, i), (y, j)] = exact, {int(k): float(one) for k, one in noise.items()}
            case {"input": name, "element": j, "slopes": slopes, "noise": noise}:
                for k, slope in slopes.items():
                    key, one = (int(k), name), _exact(slope)
                    if one.is_finite():  # a formula can have no slope where the program has one, like sqrt(x**2) at 0
                        self.derivatives.setdefault(key, {})[j] = one
                        self.conditions[key] = max(self.conditions.get(key, 0.0), noise[k])

    def kinks_in_words(self) -> list[str]:
        return [
            f"{place} is at or near its kink at {said(self.staged[k].point)}"
            for k in self.points
            for place in self.kinks.get(k, ())
        ]

    def reason(self) -> str:
        """Why SymPy did not verify everything."""
        if self.stopped is None:
            return ""
        if not self.stopped.limit:
            return self.stopped.why
        reached = f"; the largest formula had {number(float(self.largest))} operations" if self.largest else ""
        return f"limit of {self.stopped.why} reached{reached}"


def _exact(text: str) -> Decimal:
    """A number of the worker's; 0 or inf for one whose exponent has no room in a Decimal.

    >>> _exact("-1.5e-3"), _exact("2e-99999999999999999999999"), _exact("-2e+99999999999999999999999")
    (Decimal('-0.0015'), Decimal('0'), Decimal('-Infinity'))
    """
    try:
        return Decimal(text)
    except InvalidOperation:
        mantissa, _, exponent = text.partition("e")
        beyond = Decimal("-Infinity" if mantissa.startswith("-") else "Infinity")
        return Decimal(0) if exponent.startswith("-") else beyond


def gather(search: Search, staged: list[Staged], points: int, worker: Worker, timeout: float, steps: int) -> Evidence:
    """Ask SymPy's process for all that it finds in so many steps; `timeout` seconds end it at last."""
    evidence = Evidence(search, staged, [])
    try:
        job = _job(search, staged, points, steps, evidence)
        for answer in worker.ask(job, timeout):
            evidence.take(answer)
    except Stopped as stopped:
        evidence.stopped = stopped
    if not evidence.points:
        evidence.points = list(range(min(points, len(staged))))
    return evidence


def _job(search: Search, staged: list[Staged], points: int, steps: int, evidence: Evidence) -> dict[str, Any]:
    dag = as_written(search.fn)
    if len(dag.nodes) > LARGEST:
        raise Stopped(f"size, {len(dag.nodes):,} gates,")
    if search.elements() > LARGEST:
        raise Stopped(f"size, {search.elements():,} numbers,")
    dag, candidates = without_stops(dag, [each.point for each in staged])
    program = written(dag, search.sizes)
    evidence.places = [step.place or step.formula for step in program.steps]
    return {
        "job": "check",
        "program": program.plain(),
        "df": search.upstream([_sized(dag.dims.resolve(node.shape), search.sizes) for node in dag.roots]),
        "candidates": candidates,
        "points": points,
        "wrt": list(search.fn.wrt),
        "whole": list(search.fn.dag.integers),
        "seed": search.seed,
        "steps": steps,
        "second": bool({"hessian", "hvp"} & {*search.fn.also}),
    }


def _sized(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(evaluated(dim, sizes) for dim in shape)


def as_written(fn: Compiled) -> Dag:
    """The program without the forms that are read as gates, so that these readings are checked too."""
    if not fn.program:
        return fn.dag  # a graph that was made by hand stands for itself
    shapes = {name: node.shape for name, node in fn.dag.inputs.items() if node.shape}
    return parse(fn.program, shapes, literal=True, wrt=fn.wrt)
