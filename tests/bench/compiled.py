"""The targets that are compiled, each beside what else makes machine code of the same formula.

>>> "notes' example" in {name for name, _ in cases()}
True
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from tests.bench import peers, programs
from tests.bench.clock import interleaved
from tests.bench.peers import Absent, Run
from tests.bench.programs import Workload
from tests.bench.table import Row

BESIDE = ("Numba", "heyoka", "CasADi, C code", "SymEngine", "symforce")


def cases() -> list[tuple[str, Workload]]:
    return [(name, programs.scalars()[name]) for name in ("notes' example", "logistic 10")]


def native(work: Workload) -> Run:
    """The extension that the C file of the target c is built into."""
    import gradc

    fn = gradc.compile(work.program, work.wrt, target="c")
    try:
        made = gradc.native(fn)
    except gradc.GradcError as error:
        raise Absent(str(error)) from None
    return Run(peers.closed(made.value_and_grad, list(work.inputs.values())), lambda result: result)


def rows(rounds: int, say: Callable[[str], None], left_out: Collection[str] = ()) -> list[Row]:
    """Calls on numbers: × the hand-written Python."""
    found = []
    for name, work in cases():
        say(f"  {name}")
        base = peers.hand(work)
        ways: dict[str, Callable[[Workload], Run]] = {"gradc": native, **{each: peers.PEERS[each] for each in BESIDE}}
        calls: dict[str, Callable[[], Any]] = {"hand": base.call}
        want = base.read(base.call())
        for way, make in ways.items():
            if way in left_out:
                continue
            say(f"    {way}")
            try:
                run = make(work)
                got = run.read(run.call())
            except Exception as error:  # a peer's failure leaves its cell empty, whatever it is
                say(f"  {way} left out of {name}: {type(error).__name__}: {str(error)[:100]}")
                continue
            if np.allclose(float(got[0]), float(want[0]), rtol=1e-8):
                calls[way] = run.call
        seconds = interleaved(calls, rounds)
        if "gradc" not in seconds:
            continue
        ratio = {way: taken / seconds["hand"] for way, taken in seconds.items()}
        others = {way: value for way, value in ratio.items() if way not in ("gradc", "hand")}
        found.append(Row(f"{name}, `gradc.native`", "× hand", ratio["gradc"], 1.0, others))
    return found


__all__ = ["cases", "rows"]
