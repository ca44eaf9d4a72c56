"""A compiled program into figures: staged against SymPy's forms of the same value and gradient.

>>> import gradc
>>> result = gradc.compile("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)").report()
>>> sizes = {form.name: form.operations for form in result.forms}
>>> sizes["staged, fast, literal"] <= 28, sizes["expanded"] > 1200
(True, True)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradc.base.errors import GradcError
from gradc.base.tables import Table, Tabled, number
from gradc.evidence.derivative_forms import BUILT, CSE, Form, big, count_text, staged_form, symbolic_forms
from gradc.evidence.measure import seconds_a_call
from gradc.evidence.points import Point, Search
from gradc.evidence.references import as_written
from gradc.evidence.symbolic.worker import MEMORY, Worker
from gradc.rewrite.rules import has_form
from gradc.run.given import checked_above_0, checked_whole

# Seconds for SymPy's process.
SECONDS = 20.0
# CSE comes close if it needs no more than this many times the operations.
CLOSE = 1.25
STAGED_LITERAL = "staged, fast, literal"
ALL_FORMS = 6
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, repr=False)
class Report(Tabled):
    """The forms of a program, smallest staged form first."""

    program: str
    forms: tuple[Form, ...]
    notes: tuple[str, ...]
    seconds: float

    _title = "Staged against symbolic"

    def _table(self) -> Table:
        return Table(_HEADER, [_cells(form) for form in self.forms], _ALIGN, self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        forms = [form.to_dict() for form in self.forms]
        return {"program": self.program, "forms": forms, "notes": list(self.notes), "seconds": self.seconds}


_HEADER = ["value and gradient", "operations", "statements", "characters", "seconds a call", "seconds to make"]
_ALIGN = "lrrrrr"


def _cells(form: Form) -> list[Any]:
    seconds = [None if each is None else number(each, 2) for each in (form.seconds, form.built)]
    return [form.name, count_text(form), form.statements, big(form.characters), *seconds]


def report(
    fn: Any,
    timeout: float = SECONDS,
    memory: int = MEMORY,
    expand: bool = True,
    seed: int = 0,
    worker: Worker | None = None,
    progress: Progress | None = None,
) -> Report:
    """What each form of value and gradient takes: staged, symbolic, multiplied out, and symbolic after CSE.

    SymPy gets `timeout` seconds and `memory` megabytes in a process of its own; what it can't build in these, or is
    not to `expand`, is counted. `progress` is called with the number of forms that are done, and of all.
    """
    began = time.monotonic()
    seed, timeout = checked_whole("seed", seed, 0), checked_above_0("timeout", timeout)
    search = Search(fn, seed)
    point = _any_point(search)
    forms: list[Form] = []
    for name, changes in _variants(fn):
        forms.append(staged_form(variant(fn, **changes), name, search, point))
        _tell(progress, len(forms))
    if forms[0].characters == forms[1].characters:
        forms = forms[1:]  # there is nothing that a textbook has otherwise
    with Worker(memory) as own:
        for form in symbolic_forms(search, point, worker or own, timeout, expand):
            forms.append(form)
            _tell(progress, len(forms))
    seconds = seconds_a_call([form.call for form in forms])
    forms = [replace(form, seconds=each, call=None) for form, each in zip(forms, seconds, strict=True)]
    return Report(fn.program, tuple(forms), tuple(_notes(search, forms)), time.monotonic() - began)


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress(min(done, ALL_FORMS), ALL_FORMS)


def _any_point(search: Search) -> Point | None:
    """A point to run the forms at, if there is one."""
    try:
        return search.points(1)[0].point
    except GradcError:
        return None


# ---- staged ------------------------------------------------------------------------------------


def variant(fn: Any, **changes: Any) -> Any:
    """The same program compiled with other options."""
    options = {"style": fn.style, "names": fn.names, "target": fn.target, "literal": fn.literal, **changes}
    dag = as_written(fn) if options["literal"] and not fn.literal else fn.dag
    return type(fn)(dag, fn.wrt, **options)


def _variants(fn: Any) -> list[tuple[str, dict[str, Any]]]:
    """The staged forms to show, in plain Python if the program is one of numbers: SymPy's forms are run so too."""
    plain = all(not node.shape and (not node.args or has_form(node.op, "math")) for node in fn.dag.nodes)
    target = "math" if plain else "numpy"
    both = [(f"staged, {style}", {"style": style, "target": target}) for style in ("fast", "notes")]
    if fn.literal:
        return [(f"{name}, literal", changes) for name, changes in both]
    return [(STAGED_LITERAL, {"style": "fast", "target": target, "literal": True}), *both]


# ---- what the figures say ----------------------------------------------------------------------


def _notes(search: Search, forms: Sequence[Form]) -> list[str]:
    """Sentences under the table: how CSE compares, what was counted and why."""
    named = {form.name: form for form in forms}
    notes = []
    if any(form.name == STAGED_LITERAL for form in forms):
        notes.append("literal: the textbook's forms, as SymPy has them; the default keeps its digits in both tails.")
    tensor = any(search.fn.shapes.values())
    notes += [] if tensor else _on_cse(forms[0], named[CSE])
    notes += [f"{form.name}: {form.remark}." for form in forms if form.how != BUILT]
    if tensor:
        sizes = ", ".join(f"{name} = {size}" for name, size in search.sizes.items())
        at = f" at {sizes}" if sizes else ""
        notes.append(f"The staged operations are those of whole arrays; SymPy's are of their elements{at}.")
    return notes


def _on_cse(staged: Form, cse: Form) -> list[str]:
    if staged.operations is None or cse.operations is None:
        return []
    times = cse.operations / max(staged.operations, 1)
    if times < 1:
        return [f"CSE does with fewer operations than the staged form: {cse.operations} against {staged.operations}."]
    if times <= CLOSE:
        return [f"CSE comes close: {cse.operations} operations against {staged.operations} staged."]
    return [f"CSE needs {number(times, 3)} times the operations of the staged form."]
