"""The answer of a run into its events, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gradc.evidence.grade.reference import Array
from gradc.evidence.grade.sandbox import Sandbox
from gradc.run.hand import Site, decoded, encoded

# So many runs in one go, of which little is looked at, take as long as one.
IN_ONE = 8


class Event(NamedTuple):
    """A value that a line assigned: the `at`-th time that its site ran, in the scope or object `key`."""

    index: int  # type: ignore[assignment]  # a tuple's own index() is of no use here
    site: int
    at: int
    key: int
    scope: int
    value: Array
    where: Site
    single: bool

    @property
    def name(self) -> str:
        return self.where.name

    @property
    def line(self) -> int:
        return self.where.line

    @property
    def place(self) -> tuple[int, int]:
        return self.site, self.at


class Run(NamedTuple):
    """What one run gave."""

    events: list[Event]
    sites: list[Site]
    scopes: list[tuple[str, int]]
    shapes: dict[str, Any]
    error: tuple[int, str] | None

    @property
    def single(self) -> bool:
        return any(event.single for event in self.events)


Place = tuple[int, int]


class Runner:
    """Runs a text at a point, with corrections; `right` are those of every run."""

    def __init__(
        self, sandbox: Sandbox, job: Mapping[str, Any], budget: int = 400, right: Mapping[Place, Array] | None = None
    ) -> None:
        self.sandbox, self.job, self.right = sandbox, {**job, "right": corrected(right or {})}, dict(right or {})
        self.left = budget
        self.limit: int | None = None

    def run(
        self,
        right: Mapping[Place, Array] | None = None,
        scales: Iterable[tuple[int, float]] = (),
        frozen: Sequence[int] = (),
        bypass: Sequence[int] = (),
        added: Sequence[int] = (),
    ) -> Run:
        """One run: values put `right`, steps of sites scaled, updates `frozen`, lines left out, `=` read as `+=`."""
        self.left -= 1
        job = {
            **self.job,
            "right": corrected({**self.right, **(right or {})}),
            "scales": list(scales),
            "frozen": list(frozen),
            "bypass": list(bypass),
        }
        job["added"] = list(added)
        if self.limit is not None:
            job["limit"] = self.limit
        return _run(self.sandbox.run(job))

    def other(self, variant: Mapping[str, Any], seconds: float) -> Run:
        """A run of another text, or with other options."""
        answers = self.sandbox.run({**self.job, "variants": [{"seconds": seconds, **variant}]}).get("answers")
        return _run(answers[0]) if answers else Run([], [], [], {}, (0, "it did not end"))

    def several(
        self, variants: Sequence[Mapping[str, Any]], like: Run, only: Iterable[Place], seconds: float
    ) -> list[Run]:
        """Many runs in one go, of other texts whose sites are those of `like`: the events at some places, and the last
        at their sites."""
        self.left -= max(1, len(variants) // IN_ONE)
        job = {**self.job, "only": list(only), "variants": [{"seconds": seconds, **each} for each in variants]}
        job["known"] = [k for k, site in enumerate(like.sites) if site.given]
        if self.limit is not None:
            job["limit"] = self.limit
        answers = self.sandbox.run(job).get("answers")
        if answers is None:
            return [Run([], [], [], {}, (0, "it did not end")) for _ in variants]
        return [_run(each, like.sites) for each in answers]


def corrected(right: Mapping[Place, Array]) -> list[list[Any]]:
    """Values put right, as a job has them."""
    return [[site, at, encoded(value)] for (site, at), value in right.items()]


def _run(answer: Mapping[str, Any], known: list[Site] | None = None) -> Run:
    sites = [Site(*each) for each in answer["sites"]] if known is None else known
    events = [
        Event(index, site, at, key, scope, decoded(value), sites[site], single)
        for index, (site, at, key, scope, value, single) in enumerate(answer["events"])
    ]
    error = answer["error"]
    scopes = [(name, caller) for name, caller in answer["scopes"]]
    return Run(events, sites, scopes, dict(answer["shapes"]), (int(error[0]), str(error[1])) if error else None)
