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


# What the loops are held to, at so many points: × heyoka, × NumPy's blocks (the fast style), × NumPy by hand.
LOOPS = {
    ("notes' example", False): {"heyoka": 0.8},
    ("Black-Scholes", False): {"heyoka": 0.8},
    ("notes' example", True): {"heyoka": 1.6, "blocks": 0.35},
    ("Black-Scholes", True): {"heyoka": 1.0, "hand": 0.25},
}


def loops(rounds: int, points: int, say: Callable[[str], None], left_out: Collection[str] = ()) -> list[Row]:
    """The target numba, its results kept: a few points, and many; and what compiling takes when nothing is kept."""
    import time
    import types

    import gradc

    found = []
    try:
        peers.library("numba")
    except Absent as error:
        say(f"  {error}")
        return found
    for size in (1_000, points):
        for name, work in programs.elementwise(size).items():
            say(f"  {name}, {size:,} points, by the target numba")
            given = list(work.inputs.values())
            options: dict[str, Any] = {"wrt": list(work.wrt), "inputs": list(work.inputs)}
            module = types.ModuleType("loops")
            exec(compile(gradc.compile(work.program, target="numba", **options).source, "loops", "exec"), vars(module))
            began = time.process_time()
            kept = module.value_and_grad(*given)
            took = time.process_time() - began
            fast = gradc.compile(work.program, style="fast", **options)
            blocks = fast.value_and_grad(*given)
            calls: dict[str, Callable[[], Any]] = {
                "gradc": peers.closed(module.value_and_grad, [*given, kept]),
                "blocks": lambda fast=fast, given=given, blocks=blocks: fast.value_and_grad(*given, out=blocks),
                "hand": peers.hand(work).call,
            }
            if "heyoka" not in left_out:
                try:
                    calls["heyoka"] = peers.heyoka(work).call
                except Absent as error:
                    say(f"  heyoka left out: {error}")
            seconds = interleaved(calls, rounds)
            what = f"{name}, {size:,} points, target numba (compiled in {took:.1f} s)"
            for other, most in LOOPS[name, size > 1_000].items():
                if other in seconds:
                    said = {"blocks": "NumPy in blocks", "hand": "NumPy by hand"}.get(other, other)
                    found.append(Row(what, f"× {said}", seconds["gradc"] / seconds[other], most))
    return found


__all__ = ["cases", "loops", "rows"]
