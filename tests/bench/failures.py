"""Points where well-known systems are known to be wrong: a program and a point into who is right there.

>>> cases()[0].program
'where(x > 0, sqrt(x), 0.0)'
>>> wrong(cases()[0], (0.0, {"x": float("nan")}))
'dx is nan'
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.bench import peers
from tests.bench.programs import Workload
from tests.bench.table import Cell, Row

RTOL = 1e-12


@dataclass(frozen=True, slots=True)
class Case:
    """A program at a point, with its true value and gradient."""

    name: str
    program: str
    at: dict[str, Any]
    value: float
    gradient: dict[str, Any]


def cases() -> list[Case]:
    """The table of the known failures."""
    big, root = 1e200, 1 / math.sqrt(2)
    sides, slopes = {"x": big, "y": big}, {"x": root, "y": root}
    zeros, thousands = np.zeros(3), np.array([1000.0, 1000.0])
    slope = math.exp(-40) / (1 + math.exp(-40)) ** 2
    return [
        Case("`where(x > 0, sqrt(x), 0)` at 0", "where(x > 0, sqrt(x), 0.0)", {"x": 0.0}, 0.0, {"x": 0.0}),
        Case("`max(sqrt(x), 1)` at 0", "maximum(sqrt(x), 1.0)", {"x": 0.0}, 1.0, {"x": 0.0}),
        Case("`1/(1 + exp(-x))` at 40", "1/(1 + exp(-x))", {"x": 40.0}, 1.0, {"x": slope}),
        Case("`1/(1 + exp(-x))` at -800", "1/(1 + exp(-x))", {"x": -800.0}, 0.0, {"x": 0.0}),
        Case("`norm(v)` at 0", "norm(v)", {"v": zeros}, 0.0, {"v": zeros}),
        Case("`log(1 + exp(x))` at 800", "log(1 + exp(x))", {"x": 800.0}, 800.0, {"x": 1.0}),
        Case(
            "`log(sum(exp(v)))` at 1000", "log(sum(exp(v)))", {"v": thousands},
            1000 + math.log(2), {"v": np.array([0.5, 0.5])},
        ),
        Case("`x**0.0` at 0", "x**0.0", {"x": 0.0}, 1.0, {"x": 0.0}),
        Case("`hypot(x, y)` at 1e200", "hypot(x, y)", sides, math.hypot(big, big), slopes),
        Case("`sqrt(x**2 + y**2)` at 1e200", "sqrt(x**2 + y**2)", sides, math.hypot(big, big), slopes),
    ]  # fmt: skip


def wrong(case: Case, got: peers.Result) -> str:
    """What is wrong with a result, or nothing."""
    pairs = [("value", case.value, got[0]), *(("d" + name, want, got[1][name]) for name, want in case.gradient.items())]
    for what, want, have in pairs:
        if not np.allclose(have, want, rtol=RTOL, atol=0.0):
            return f"{what} is {float(np.ravel(np.asarray(have, float))[0]):.4g}"
    return ""


def work_of(case: Case) -> Workload:
    """The case as every peer takes a workload."""
    kind = "tensor" if any(map(np.ndim, case.at.values())) else "scalar"
    names = tuple(case.at)
    return Workload(case.name, f"f = {case.program}", case.at, names, _nothing, _nothing, kind)


def _nothing(*_: Any) -> None: ...


def verdict(case: Case, run: Callable[[Workload], peers.Run]) -> Cell:
    """What a peer says there."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            ready = run(work_of(case))
            return wrong(case, ready.read(ready.call())) or "right"
    except peers.Absent:
        return ""
    except Exception as error:  # a peer's failure is a finding, whatever it is
        return f"raises {type(error).__name__}"


def by_gradc(case: Case) -> str:
    """What is wrong with gradc there, in any style and target, or nothing."""
    import gradc

    work = work_of(case)
    for style in ("notes", "fast"):
        for target in ("numpy", "math") if work.kind == "scalar" else ("numpy",):
            fn = gradc.compile(work.program, None, work.shapes, style=style, target=target)
            emitted = fn.module.value_and_grad(*case.at.values())
            for got in (emitted, fn.value_and_grad(**case.at)):
                if what := wrong(case, got):
                    return f"{what} ({style}, {target})"
    return ""


def rows() -> list[Row]:
    """The table."""
    found = []
    for case in cases():
        said = {name: verdict(case, peers.PEERS[name]) for name in ("JAX", "PyTorch", "autograd")}
        bad = by_gradc(case)
        found.append(Row(case.name, "", bad or "right", None, {n: c for n, c in said.items() if c}, bad))
    return found
