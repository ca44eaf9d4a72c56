"""A family of growing programs into the growth of each form of its value and gradient.

>>> sizes_up_to(50)
(1, 2, 3, 4, 6, 8, 11, 15, 21, 29, 41, 50)
"""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradc.base.errors import GradcError
from gradc.base.tables import Table, Tabled
from gradc.draw.plot import Series, logarithm, plot
from gradc.evidence.derivative_forms import AT_LEAST, BUILT, Form, count_text, staged_form, symbolic_forms
from gradc.evidence.growing import composed, member
from gradc.evidence.points import Search
from gradc.evidence.symbolic.worker import MEMORY, Worker
from gradc.language import parse

# Seconds for SymPy's process for each program, and those that multiplying one out may take of them.
SECONDS, EXPANDING = 30.0, 4.0
UPTO = 20
# Sizes are about this many times apart, once they are past the first few.
APART = 1.4
STAGED = "staged"
# What grows faster than this power of the size is said to grow by a factor.
STEEPEST = 5.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """A program of the family, its number of gates, and its forms."""

    size: int
    gates: int
    forms: tuple[Form, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"size": self.size, "gates": self.gates, "forms": [form.to_dict() for form in self.forms]}


@dataclass(frozen=True, slots=True, repr=False)
class Sweep(Tabled):
    """The growth of each form over the members of a family."""

    family: str
    members: tuple[Member, ...]
    seconds: float

    _title = "Growth"

    def csv(self) -> str:
        """Exact figures, for a spreadsheet: a line for each form of each member."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["size", "gates", "form", "operations", "how", "statements", "characters", "seconds to make"])
        for each in self.members:
            for form in each.forms:
                figures = [form.operations, form.how, form.statements, form.characters, form.built]
                writer.writerow([each.size, each.gates, form.name, *figures])
        return out.getvalue()

    def svg(self) -> str:
        """The operations of each form on a logarithmic scale."""
        series = []
        for name in self._names():
            forms = [(each.size, form) for each in self.members for form in each.forms if form.name == name]
            points = [(size, form.operations, form.how == BUILT) for size, form in forms if form.operations is not None]
            series.append(Series(name, tuple(points)))
        return plot(f"operations of value and gradient: {self.family}", "size", series)

    def notes(self) -> list[str]:
        """Sentences under the table: how each form grows."""
        growth = [f"{name} {law}" for name in self._names() if (law := self._law(name))]
        marks = {form.how for each in self.members for form in each.forms} - {BUILT}
        counted = ["Marked figures were counted: those forms are too large to build."] if marks else []
        return [f"Growth at the end: {', '.join(growth)}."] * bool(growth) + counted

    def _law(self, name: str) -> str:
        """How the operations grow between the last two members that are known."""
        known = [(each.size, form) for each in self.members for form in each.forms if form.name == name]
        points = [(size, form.operations, form.how) for size, form in known if form.operations]
        if len(points) < 2:
            return ""
        (n, a, _), (m, b, how) = points[-2:]
        ratio = logarithm(b) - logarithm(a)
        power = ratio / (math.log10(m) - math.log10(n))
        law = f"as n^{power:.1f}" if power < STEEPEST else f"{10 ** (ratio / (m - n)):.2g} times a step"
        return f"{how} {law}" if how == AT_LEAST else law

    def _names(self) -> list[str]:
        return list(dict.fromkeys(form.name for each in self.members for form in each.forms))

    def _table(self) -> Table:
        rows = []
        for each in self.members:
            named = {form.name: form for form in each.forms}
            rows.append([each.size, each.gates, *(count_text(named[name]) for name in self._names())])
        return Table([self.family, "gates", *self._names()], rows, "rrrrrr", self.notes())

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        members = [each.to_dict() for each in self.members]
        return {"family": self.family, "members": members, "notes": self.notes(), "seconds": self.seconds}

    def _repr_svg_(self) -> str:
        return self.svg()


def sizes_up_to(upto: int) -> tuple[int, ...]:
    """The sizes of a sweep: the first few, then ever further apart, and the last."""
    sizes = [1]
    while sizes[-1] < upto:
        sizes.append(min(upto, max(sizes[-1] + 1, round(sizes[-1] * APART))))
    return tuple(sizes)


def sweep(
    family: Any,
    make: Callable[..., Any],
    upto: int = UPTO,
    timeout: float = SECONDS,
    memory: int = MEMORY,
    worker: Worker | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Grow a family, by its name, or a compiled program, by composing it with itself, up to a size.

    `make` compiles a graph. For each program SymPy gets `timeout` seconds and `memory` megabytes; what it can't build
    in these is counted. `progress` is called with the number of programs that are done, and of all.
    """
    if upto < 1:
        raise GradcError(f"a sweep goes up to 1 or more, not {upto}")
    began = time.monotonic()
    sizes = sizes_up_to(upto)
    members: list[Member] = []
    expand = True
    with Worker(memory) as own:
        for size in sizes:
            found = _member(family, make, size, worker or own, timeout, expand)
            members.append(found)
            expand = expand and found.forms[2].how == BUILT
            if progress is not None:
                progress(len(members), len(sizes))
    name = family if isinstance(family, str) else f"composed {family.program.strip().splitlines()[-1]}"
    return Sweep(name, tuple(members), time.monotonic() - began)


def _member(family: Any, make: Callable[..., Any], size: int, worker: Worker, timeout: float, expand: bool) -> Member:
    """A program of the family and its forms; multiplying out is tried until it once takes too long."""
    if isinstance(family, str):
        dag = parse(member(family, size))
        fn = make(dag, tuple(dag.inputs), "fast", "notes", "math", False)
    else:
        fn = make(composed(family.dag, size), family.wrt, "fast", "notes", "math", family.literal)
    search = Search(fn)
    seconds = min(timeout, EXPANDING) if expand else timeout
    forms = [staged_form(fn, STAGED), *symbolic_forms(search, None, worker, seconds, expand)]
    return Member(size, sum(bool(node.args) for node in fn.dag.nodes), tuple(forms))
