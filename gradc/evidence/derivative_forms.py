"""The forms of a compiled program's value and gradient: staged, and SymPy's, counted where they can't be built."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gradc.derive.forward import tangents
from gradc.emit.operand import form_cost
from gradc.evidence.measure import measured_module, runnable
from gradc.evidence.points import Point, Search
from gradc.evidence.references import as_written
from gradc.evidence.stopped import is_stopped
from gradc.evidence.symbolic.steps import written
from gradc.evidence.symbolic.worker import Answer, Stopped, Worker
from gradc.graph.dag import Dag, Node, reachable
from gradc.rewrite.simplify import Builder
from gradc.run.functions import load

# How a figure was come by.
BUILT, COUNTED, ABOUT, AT_LEAST, MISSING = "built", "counted", "about", "at least", "missing"
SYMBOLIC, EXPANDED, CSE = "symbolic", "expanded", "after CSE"
# A text of more characters is not run: Python would take longer to compile it than anyone waits.
_HOW = {
    COUNTED: "its terms were counted",
    ABOUT: "its terms were counted, before exponentials are merged",
    AT_LEAST: "it has at least so many terms",
}
LONGEST_RUN = 400_000
# More gates, or more numbers at a point, are not written out for SymPy.
LARGEST = 20_000

Call = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Form:
    """A form of value and gradient together.

    `how` is "built", "counted", "about", "at least" or "missing"; `remark` says why where it is not "built". `seconds`
    is the time of one call, `built` that of making the form, `call` makes a call of it.
    """

    name: str
    operations: int | None
    how: str = BUILT
    statements: int | None = None
    characters: int | None = None
    seconds: float | None = None
    built: float | None = None
    remark: str = ""
    call: Call | None = None

    def to_dict(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in self.__slots__ if key != "call"}


def big(value: int | None) -> str | None:
    """A count as a person reads it.

    >>> big(1418), big(4027766179241132000)
    ('1418', '4.0e18')
    """
    if value is None or value < 10**9:
        return None if value is None else str(value)
    digits = str(value)
    return f"{digits[0]}.{digits[1]}e{len(digits) - 1}"


def count_text(form: Form) -> str:
    """A form's operations, marked where they were counted and not built."""
    if form.operations is None:
        return "not built"
    return f"{big(form.operations)}{'' if form.how == BUILT else f' {form.how}'}"


def staged_form(made: Any, name: str) -> Form:
    """A compiled program's figures; its operations are those that the module says it has."""
    began = time.perf_counter()
    source = made.source
    built = time.perf_counter() - began
    try:
        figures = measured_module(source)
    except SyntaxError:  # a module that is no Python
        return Form(name, _told(source), BUILT, built=built)
    return Form(name, _told(source), BUILT, figures.statements, figures.characters, built=built)


def _told(source: str) -> int | None:
    """The operations of value and gradient, as a module's own text tells them.

    >>> _told("Operations: forward 20, backward 30; together 2.50 times …"), _told("value 13, value and gradient 25;")
    (50, 25)
    """
    both = re.search(r"value and gradient (\d+)", source)
    if both:
        return int(both[1])
    passes = re.search(r"forward (\d+), backward (\d+)", source)
    return int(passes[1]) + int(passes[2]) if passes else None


# ---- SymPy's --------------------------------------------------------------------------------------


def symbolic_forms(search: Search, point: Point | None, worker: Worker, timeout: float, expand: bool) -> Iterator[Form]:
    """The symbolic form, the expanded one, and the symbolic one after CSE."""
    answers: dict[str, Answer] = {}
    why = ""
    try:
        for answer in worker.ask(_job(search, expand), timeout):
            answers[answer["form"]] = answer
    except Stopped as stopped:
        why = f"limit of {stopped.why} reached" if stopped.limit else stopped.why
    yield _symbolic(search, point, answers, why)
    yield _expanded(search, point, answers, why)
    yield _after_cse(search, point, answers, why)


def _job(search: Search, expand: bool) -> dict[str, Any]:
    fn = search.fn
    dag = as_written(fn)
    if is_stopped(dag):
        raise Stopped("a gradient that is stopped is not SymPy's of the value", limit=False)
    if len(dag.nodes) > LARGEST:
        raise Stopped(f"size, {len(dag.nodes):,} gates,")
    if search.elements() > LARGEST:
        raise Stopped(f"size, {search.elements():,} numbers,")
    program = written(dag, search.sizes).plain()
    return {"job": "forms", "program": program, "wrt": list(fn.wrt), "outputs": list(fn.outputs), "expand": expand}


def _symbolic(search: Search, point: Point | None, answers: dict[str, Answer], why: str) -> Form:
    answer = answers.get("symbolic")
    if answer is None:
        dag = as_written(search.fn)
        if dag.declared:
            return Form(SYMBOLIC, None, MISSING, remark=why)
        operations = counted_as_tree(dag, search.fn.wrt)
        return Form(SYMBOLIC, operations, COUNTED, remark=f"{why}; counted over the graph as if it were a tree")
    if answer["text"] is None:
        counted = "too long to print; counted over the shared parts as if they were a tree"
        return Form(SYMBOLIC, answer["ops"], COUNTED, answer["statements"], answer["chars"], remark=counted)
    return _built(SYMBOLIC, answer, answers["symbolic"], point)


def _expanded(search: Search, point: Point | None, answers: dict[str, Answer], why: str) -> Form:
    if "built" in answers:
        return _built(EXPANDED, answers["built"], answers["symbolic"], point)
    answer = answers.get("expanded")
    if answer is None:
        return Form(EXPANDED, None, MISSING, remark=why or "too large to multiply out")
    remark = f"{why or 'too large to multiply out'}; {_HOW[answer['how']]}"
    return Form(EXPANDED, answer["ops"], answer["how"], remark=remark)


def _after_cse(search: Search, point: Point | None, answers: dict[str, Answer], why: str) -> Form:
    if "cse" not in answers:
        return Form(CSE, None, MISSING, remark=why)
    return _built(CSE, answers["cse"], answers["symbolic"], point)


def _built(name: str, answer: Answer, first: Answer, point: Point | None) -> Form:
    call = _call_of_text(answer, first, point) if point is not None and answer["text"] is not None else None
    figures = answer["ops"], BUILT, answer["statements"], answer["chars"]
    return Form(name, *figures, built=answer["seconds"], call=call)


def _call_of_text(answer: Answer, first: Answer, point: Point) -> Call | None:
    """A call of printed SymPy at a point; None if Python can't compile the text."""
    import numpy as np

    if answer["chars"] > LONGEST_RUN:
        return None
    try:
        function = load(runnable(answer["text"], first["inputs"], first["outputs"])).value_and_grad
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    given = [float(number) for value in point.values() for number in np.ravel(value)]
    return lambda: function(*given)


# ---- counting over the graph -------------------------------------------------------------------


def counted_as_tree(dag: Dag, wrt: Sequence[str]) -> int:
    """The operations of value and derivatives of a program of numbers, nothing shared: exact, in whole numbers.

    >>> from gradc.language import parse
    >>> logistic = "; ".join(["x = r*x*(1 - x)"] * 50)
    >>> f"{float(counted_as_tree(parse(logistic), ['r', 'x'])):.0e}"
    '4e+17'
    """
    build = Builder(dag.dims, literal=True, graph=dag.graph)
    found = list(dag.roots)
    for name in wrt:
        found += tangents(dag.roots, build, {dag.inputs[name]: build.const(1)})
    sizes: dict[Node, int] = {}
    for node in reachable(found):
        own = form_cost(node.op.code["numpy"].text, "numpy") if node.args else 0
        sizes[node] = own + sum(sizes[arg] for arg in node.args)
    return sum(sizes[node] for node in found)
