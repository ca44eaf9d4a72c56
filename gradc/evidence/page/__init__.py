"""A compiled program at a point into one page: what is run, drawn and held against others there, put together.

>>> import gradc
>>> made = gradc.compile("(x + y)*z").page(-2, 5, -4, check=False, report=False)
>>> made.title, "f = xpy*z" in made.html
('(x + y)*z', True)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.base.errors import GradcError
from gradc.evidence.circuit import graph
from gradc.evidence.line_values import Load
from gradc.evidence.page.html import Page, html_page
from gradc.evidence.points import Search
from gradc.evidence.trace import adjoints, trace
from gradc.graph.dag import Node
from gradc.plan.program import Program

# The steps that SymPy gets for the check of a page, and the seconds for the report.
STEPS, SECONDS = 1_000_000, 4.0


def page(
    fn: Any, program: Program, values: Sequence[Any] | None, load: Load, df: Any, check: bool, report: bool
) -> Page:
    """The page of a program staged gate by gate, at the inputs' values or at a random point of its domain."""
    if values is None:
        point = Search(fn).points(1)[0].point
        values = [point[name] for name in fn.inputs]
    traced = trace(program, fn.target, values, load, df)
    drawn = graph(program, fn.target, values, load, df)
    gates = _gates(program, {gate.name or gate.label: gate.id for gate in drawn.circuit.gates if gate.kind != "output"})
    spans = {line.number: program.dag.spans[line.gate] for line in program.forward if line.gate in program.dag.spans}
    return html_page(
        fn,
        traced,
        drawn,
        gates,
        spans,
        _or_nothing(lambda: fn.check(steps=STEPS)) if check else None,
        _or_nothing(lambda: fn.report(timeout=SECONDS)) if report else None,
    )


def _gates(program: Program, drawn: dict[str, int]) -> dict[str, int]:
    """The gate of the picture that each name of the two passes is about: a value's own, an adjoint's value's."""
    names: dict[Node, str] = {node: name for node, name in program.names.items() if name in drawn}
    names |= {node: name for name, node in program.dag.inputs.items() if name in drawn}
    about = {name: drawn[name] for name in names.values()}
    return about | {name: drawn[names[node]] for name, node in adjoints(program).items() if node in names}


def _or_nothing(evidence: Any) -> Any:
    """Evidence that may not be had: a program of no random point is shown without it."""
    try:
        return evidence()
    except (GradcError, ArithmeticError):
        return None


__all__ = ["Page", "page"]
