"""A compiled program into figures: staged against SymPy's forms of the same value and gradient.

>>> import gradc
>>> result = gradc.compile("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)").report()
>>> sizes = {form.name: form.operations for form in result.forms}
>>> sizes["staged, fast, literal"] <= 28, sizes["expanded"] > 1200
(True, True)
"""

from __future__ import annotations

import itertools
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
DEFAULT_STYLE, DEFAULT_TARGET = "notes", "numpy"
# Modules of these targets are run, the others are looked at.
RUN = ("numpy", "math")
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


_HEADER = ["value and gradient", "operations", "statements", "characters", "s a call", "s to make"]
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
    runs = fn.target in RUN
    search = Search(fn if runs else variant(fn, target=DEFAULT_TARGET), seed)
    point = _any_point(search)
    forms: list[Form] = []
    for name, changes in _variants(fn):
        made = variant(fn, **changes)
        form = staged_form(made, name)
        plain = made.target == DEFAULT_TARGET and _is_plain(fn)  # where the library's own calls on numbers go
        call = _call(variant(fn, **{**changes, "target": "math"}) if plain else made, search, point)
        forms.append(replace(form, call=call))
        _tell(progress, len(forms))
    forms = [a for a, b in itertools.zip_longest(forms, forms[1:]) if b is None or _size(a) != _size(b)]
    with Worker(memory) as own:
        for form in symbolic_forms(search, point, worker or own, timeout, expand):
            forms.append(form)
            _tell(progress, len(forms))
    seconds = seconds_a_call([form.call for form in forms])
    forms = [replace(form, seconds=each, call=None) for form, each in zip(forms, seconds, strict=True)]
    return Report(fn.program, tuple(forms), tuple(_notes(fn, search, forms)), time.monotonic() - began)


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
    """The staged forms to show: of the style and target that were asked for, or, by default, of both styles.

    By default the fast forms of a program of numbers are in plain Python: SymPy's forms are run so too.
    """
    if fn.style != DEFAULT_STYLE:
        styles = [(fn.style, fn.target)]
    else:
        plain = fn.target == DEFAULT_TARGET and _is_plain(fn)
        styles = [("fast", "math" if plain else fn.target), (DEFAULT_STYLE, fn.target)]
    all_of = [(f"staged, {style}", {"style": style, "target": target}) for style, target in styles]
    if fn.literal:
        return [(f"{name}, literal", changes) for name, changes in all_of]
    name, changes = all_of[0]
    return [(f"{name}, literal", {**changes, "literal": True}), *all_of]


def _size(form: Form) -> tuple[int | None, ...]:
    """What tells forms apart: a program may have nothing that a textbook has otherwise, a target but one style."""
    return form.operations, form.statements, form.characters


def _is_plain(fn: Any) -> bool:
    """Whether a program is one of numbers that plain Python computes."""
    return all(not node.shape and (not node.args or has_form(node.op, "math")) for node in fn.dag.nodes)


def _call(made: Any, search: Search, point: Point | None) -> Callable[[], Any] | None:
    """A call of the fused function at a point; none of a module that takes something else than NumPy's numbers."""
    import numpy as np

    if point is None or made.target not in RUN:
        return None
    given = [np.array(value, float) if isinstance(value, list) else value for value in point.values()]
    shapes = [made.dag.dims.resolve(node.shape) for node in made.dag.roots]
    if any(shapes) or len(shapes) > 1:
        ones = tuple(np.ones([search.sizes.get(dim, dim) for dim in shape])[()] for shape in shapes)
        given.append(ones if len(ones) > 1 else ones[0])
    function = made.module.value_and_grad
    return lambda: function(*given)


# ---- what the figures say ----------------------------------------------------------------------


def _notes(fn: Any, search: Search, forms: Sequence[Form]) -> list[str]:
    """Sentences under the table: how CSE compares, what was counted and why."""
    named = {form.name: form for form in forms}
    notes = []
    if forms[0].name.endswith(", literal") and not fn.literal:
        notes.append("literal: the textbook's forms, as SymPy has them; the default keeps its digits in both tails.")
    modules = {target for _, changes in _variants(fn) if (target := changes["target"]) != fn.target}
    notes += [f"fast: the module of --target {target}, as SymPy's forms are run." for target in sorted(modules)]
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
