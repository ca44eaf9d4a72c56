"""What is measured: each section into the rows of the table.

>>> [row.what for row in operations(Scale.quick()) if row.missed]
[]
"""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tests.bench import by_hand as written
from tests.bench import compiled, failures, long, modes, peers, programs
from tests.bench.alone import alone
from tests.bench.clock import interleaved, lower_quartile
from tests.bench.peers import Absent, Run
from tests.bench.programs import Workload
from tests.bench.table import Row

AGREE = 1e-8  # relative to the largest entry: far above rounding, far below any mistake
PATIENCE = 30  # seconds for a peer to get ready: some grow a program exponentially
EVERYWHERE = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done: rounds of samples, points of an array, terms of a long program, processes for each time."""

    rounds: int = 40
    points: int = 1_000_000
    terms: tuple[int, ...] = (10_000, 100_000)
    depth: int = 100_000
    processes: int = 3
    starts: int = 25
    written: int = 1000

    @staticmethod
    def quick() -> Scale:
        """Enough to see that everything runs."""
        return Scale(rounds=5, points=100_000, terms=(1_000,), depth=1_000, processes=1, starts=3, written=100)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ---- operations --------------------------------------------------------------------------------------------------


def counted(program: str) -> int:
    """Operations of value and gradient, on the text that was emitted."""
    import gradc
    from gradc.emit.count import count_tree

    text = gradc.compile(program, style="fast", target="math", literal=True).source
    functions = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    helpers = {name: count_tree(node, {}) for name, node in functions.items()}
    return count_tree(functions["value_and_grad"], helpers)


def operations(scale: Scale) -> list[Row]:
    """Value and gradient, literal."""
    logistic = [(f"logistic {n}", programs.logistic_program(n - 1), 6 * (n - 1) - 1) for n in (10, 50)]
    product = [(f"product of {n}", "*".join(f"x{i}" for i in range(n)), 3 * n - 5) for n in (10, 100)]
    return [
        Row(name, "operations", counted(program), most)
        for name, program, most in [
            ("notes' example", programs.NOTES, 26),
            ("MML", programs.MML, 14),
            *logistic,
            *product,
            ("Rosenbrock 1000, written out", programs.written_rosenbrock(1000), 13_985),
            ("Helmholtz 100, written out", programs.written_helmholtz(100), 42_017),
        ]
    ]


# ---- runs --------------------------------------------------------------------------------------------------------


def ready(work: Workload, ways: Mapping[str, Callable[[Workload], Run]], want: peers.Result) -> dict[str, Run]:
    """Those of the ways that can run a workload, each held against the hand-written result."""
    found = {}
    for name, way in ways.items():
        if name in LEFT_OUT:
            continue
        say(f"    {name}")
        try:
            with at_most(PATIENCE):
                run = way(work)
                got = run.read(run.call())
        except Absent as error:
            say(f"  {name} left out of {work.name}: {error}")
            continue
        except Exception as error:  # a peer's failure leaves its cell empty, whatever it is
            if name in OWN:
                raise
            say(f"  {name} left out of {work.name}: {type(error).__name__}: {str(error)[:100]}")
            continue
        if off := difference(want, got):
            if name in OWN:
                raise AssertionError(f"{work.name}: {name} differs from the hand-written code by {off:.1e}")
            say(f"  {name} left out of {work.name}: its result differs by {off:.1e}")
            continue
        found[name] = run
    return found


# Peers that ended the process when they were asked before.
LEFT_OUT: set[str] = set()


class _Late(BaseException):
    """What a library that catches every Exception lets through."""


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """TimeoutError for what takes longer, where the system has such a clock."""

    def stop(*_: object) -> None:
        raise _Late

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    except _Late:
        raise TimeoutError(f"not ready in {seconds} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def difference(want: peers.Result, got: peers.Result) -> float:
    """The largest difference relative to the largest entry, or 0 if it is rounding."""
    found = [0.0]
    for a, b in [(want[0], got[0]), *((want[1][name], got[1][name]) for name in got[1])]:
        a, b = np.asarray(a, float), np.asarray(b, float)
        a = a.sum() if a.ndim and not b.ndim else a  # a derivative that the peer summed over the points
        found.append(float(np.max(np.abs(a - b.reshape(a.shape)))) / (float(np.max(np.abs(a))) + 1e-300))
    worst = float(np.max(found))
    return 0.0 if worst <= AGREE else worst


OWN: dict[str, Callable[[Workload], Run]] = {
    "literal": lambda work: peers.gradc_(work, literal=True),
    "stable": lambda work: peers.gradc_(work),
    "library": lambda work: peers.gradc_(work, way="library"),
    "method": lambda work: peers.gradc_(work, literal=True, way="library"),
    "value": lambda work: peers.gradc_(work, literal=True, way="value"),
}


def by_hand(work: Workload) -> Run:
    """The value alone, by hand."""
    return Run(peers.closed(work.value, list(work.inputs.values())), lambda value: (np.asarray(value), {}))


def timed(work: Workload, own: Iterable[str], others: Iterable[str], scale: Scale) -> dict[str, float]:
    """Seconds for each way, with "hand" and "hand value" among them."""
    say(f"  {work.name}")
    base = peers.hand(work)
    ways = {name: OWN[name] for name in own} | {name: peers.PEERS[name] for name in others}
    runs = {"hand": base, "hand value": by_hand(work), **ready(work, ways, base.read(base.call()))}
    return interleaved({name: run.call for name, run in runs.items()}, scale.rounds)


def over(seconds: Mapping[str, float], base: str, names: Iterable[str]) -> dict[str, float]:
    """Ratios to one of them, for those that ran."""
    return {name: seconds[name] / seconds[base] for name in names if name in seconds}


# ---- numbers -----------------------------------------------------------------------------------------------------


def scalars(scale: Scale) -> list[Row]:
    """Calls on numbers."""
    rows = []
    for name in ("notes' example", "logistic 10"):
        seconds = timed(programs.scalars()[name], ("literal", "stable", "library"), peers.PEERS, scale)
        ratio = over(seconds, "hand", seconds)
        rows += [
            Row(f"{name}, emitted, literal", "× hand", ratio["literal"], 1.05),
            Row(f"{name}, emitted", "× hand", ratio["stable"], 1.25),
            Row(f"{name}, `fn.value_and_grad`", "× hand", ratio["library"], 2.0, over(seconds, "hand", peers.PEERS)),
        ]
    return rows


def gradients(scale: Scale) -> list[Row]:
    """Value and gradient against the value alone, both as methods; beside it, both as plain functions."""
    rows = []
    arrays = [*programs.elementwise(scale.points).values(), programs.rosenbrock(1000), programs.helmholtz(100)]
    for work in [*programs.scalars().values(), *programs.products().values(), *arrays]:
        seconds = timed(work, ("literal", "method", "value"), (), scale)
        most = 3.9 if work.name.startswith("product") else 2.1 if work.name.startswith("Helmholtz") else 2.2
        size = f", {scale.points:,} points" if work.kind == "elementwise" else ""
        plain = over(seconds, "hand value", ("literal", "hand"))
        what = f"{work.name}{size} (× value by hand: {plain['literal']:.2f}, all by hand: {plain['hand']:.2f})"
        rows.append(Row(what, "× `fn.value`", seconds["method"] / seconds["value"], most))
    return rows


# ---- arrays ------------------------------------------------------------------------------------------------------

FOR_ARRAYS = ("JAX", "PyTorch", "autograd", "SymEngine", "SymPy", "Numba", "PyTensor", "heyoka", "torch.compile")
FOR_TENSORS = ("JAX", "PyTorch", "autograd", "CasADi", "PyTensor", "CasADi, C code", "heyoka", "torch.compile")


def elementwise(scale: Scale) -> list[Row]:
    """Many points at once: time, memory, threads."""
    rows = []
    for name, work in programs.elementwise(scale.points).items():
        seconds = timed(work, ("literal", "stable"), FOR_ARRAYS, scale)
        rows += [
            Row(f"{name}, literal", "× NumPy by hand", seconds["literal"] / seconds["hand"], 0.6),
            Row(name, "× NumPy by hand", seconds["stable"] / seconds["hand"], 0.8, over(seconds, "hand", FOR_ARRAYS)),
        ]
        if "JAX" in seconds:
            rows.append(Row(f"{name}, literal", "× JAX", seconds["literal"] / seconds["JAX"], 1.0))
        rows += [*memory(name, work, scale), threads(name, work, scale)]
    return rows


def memory(name: str, work: Workload, scale: Scale) -> list[Row]:
    """Megabytes at the peak above the inputs, each in a process of its own."""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        say("  memory left out: this system does not tell the peak of one call")
        return []
    others = {peer: alone("memory", peer, name, scale.points) for peer in FOR_ARRAYS[:3]}
    cells = {peer: used for peer, used in others.items() if used is not None}
    by_hand = alone("memory", "hand", name, scale.points)
    results = 8e-6 * scale.points * (1 + len(work.wrt))
    total, kept = (alone("memory", "gradc", name, scale.points, *keep) for keep in ([], ["keep"]))
    what = f"{name}, peak memory, results of {results:.0f} MB included (NumPy by hand: {by_hand:.0f})"
    return [
        Row(what, "MB", total, None, cells),
        Row(f"{name}, peak memory beside the results", "MB", kept, 30),
    ]


def threads(name: str, work: Workload, scale: Scale) -> Row:
    """Two threads against one, by the wall clock: the best sample of each, when both cores were free."""
    before = os.sched_getaffinity(0) if EVERYWHERE else None
    if EVERYWHERE:
        os.sched_setaffinity(0, EVERYWHERE)
    try:
        runs = {str(n): peers.gradc_(work, threads=n).call for n in (1, 2)}
        free = {f"free {n}": partial(in_threads, n) for n in (1, 2)}
        seconds = interleaved({**runs, **free}, 2 * scale.rounds, time.perf_counter, min)
    finally:
        if before:
            os.sched_setaffinity(0, before)
    ideal = seconds["free 2"] / seconds["free 1"]
    what = f"{name}, two threads (work that shares nothing: {ideal:.2f})"
    return Row(what, "× one thread", seconds["2"] / seconds["1"], 0.7)


def in_threads(n: int) -> None:
    """Work that stays in cache, in n threads: how far two cores are there for this process."""
    x = np.linspace(0.0, 1.0, 8192)
    shares = [x.copy() for _ in range(n)]

    def share(out: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        for _ in range(400 // n):
            np.exp(x, out=out)

    with ThreadPoolExecutor(n) as pool:
        list(pool.map(share, shares))


def tensors(scale: Scale) -> list[Row]:
    """Vectors and matrices."""
    rows = []
    for name, work in programs.vectors().items():
        seconds = timed(work, ("literal", "stable"), FOR_TENSORS, scale)
        rows.append(
            Row(name, "× NumPy by hand", seconds["literal"] / seconds["hand"], 1.05, over(seconds, "hand", FOR_TENSORS))
        )
        if "exp" in work.program:
            rows.append(Row(f"{name}, stable form", "× NumPy by hand", seconds["stable"] / seconds["hand"]))
    return rows


def careful(scale: Scale) -> list[Row]:
    """Kinds of programs in which emitted code once fell behind, by calls of the library: time and peak memory."""
    found = []
    for work in written.rows():
        say(f"  {work.name}")
        fn = work.compiled()
        calls = {"gradc": partial(fn.value_and_grad, **work.inputs), "hand": partial(work.hand, **work.inputs)}
        seconds = interleaved(calls, scale.rounds)
        bytes_ = {name: written.peak(call) for name, call in calls.items()}
        found += [
            Row(work.name, "× NumPy by hand", seconds["gradc"] / seconds["hand"], work.most_time),
            Row(f"{work.name}, peak memory", "× NumPy by hand", bytes_["gradc"] / bytes_["hand"], work.most_memory),
        ]
    return found


# ---- processes of their own --------------------------------------------------------------------------------------


def compilation(scale: Scale) -> list[Row]:
    """Long programs: from text to the first result, and calls of sums that were written out."""
    sizes = {"wide": scale.terms, "math": scale.terms, "distinct": scale.terms, "deep": (scale.depth,)}
    rows = long.compilation(sizes, scale.processes, say)
    rows += long.written(scale.written, scale.rounds, say)
    return [*rows, *long.flat(scale.rounds), *long.texts(scale.terms[0])]


def processor_time(command: list[str], environment: Mapping[str, str]) -> float:
    """Seconds that a command's process computes."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def startup(scale: Scale) -> list[Row]:
    """The command, beside the import of the library that its command line stands on."""
    script = os.path.join(os.path.dirname(sys.executable), "gradc")
    ours = [script] if os.path.exists(script) else [sys.executable, "-m", "gradc"]
    commands = {"gradc": [*ours, "compile", "x*y"], "click": [sys.executable, "-c", "import click"]}
    samples: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as compiled:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = compiled  # both find their modules compiled, as they are once installed
        for turn in range(1 + scale.starts):
            for name, command in commands.items():
                seconds = processor_time(command, environment)
                samples[name] += [seconds] if turn else []
    own, base = (lower_quartile(taken) for taken in samples.values())
    return [Row(f'`gradc compile "x*y"`: {1000 * own:.0f} ms', "× `import click`", own / base, 1.4)]


def edges(scale: Scale) -> list[Row]:
    """The peers' known failures."""
    return failures.rows()


SECTIONS: dict[str, tuple[str, Callable[[Scale], list[Row]]]] = {
    "operations": ("Operations of value and gradient", operations),
    "scalars": ("Calls on numbers", scalars),
    "gradients": ("Value and gradient against the value alone", gradients),
    "elementwise": ("Arrays, elementwise", elementwise),
    "tensors": ("Vectors and matrices", tensors),
    "careful": ("As a careful person writes it", careful),
    "jacobian": ("Jacobian", lambda scale: modes.jacobian_rows(scale.rounds, say)),
    "hessian": ("Hessian", lambda scale: modes.hessian_rows(scale.rounds)),
    "compiled": (
        "compiled targets",
        lambda scale: [
            *compiled.rows(scale.rounds, say, LEFT_OUT),
            *compiled.loops(scale.rounds, scale.points, say, LEFT_OUT),
        ],
    ),
    "compilation": ("Long programs", compilation),
    "startup": ("Starting", startup),
    "edges": ("Known failures", edges),
}


def measured(section: str, scale: Scale) -> list[Row]:
    """The rows of a section, or one that says why there are none: the other sections are measured all the same."""
    try:
        return SECTIONS[section][1](scale)
    except Exception as error:
        say(f"{section}: {type(error).__name__}: {error}")
        return [Row(section, "", "not measured", None, {}, f"{type(error).__name__}: {error}")]
