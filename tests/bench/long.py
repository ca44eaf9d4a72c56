"""Long programs: what compiling them costs, and what calls of them do, beside CasADi and heyoka.

>>> FAMILIES["deep"][0].format(1000)
'1,000 calls, nested'
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.bench import programs
from tests.bench.alone import alone
from tests.bench.clock import interleaved, lower_quartile
from tests.bench.peers import library
from tests.bench.table import Row

AGREE = 1e-8

# What the lines of a family are called, and what its compilation may take beside CasADi's.
FAMILIES = {
    "wide": ("{:,} terms of one pattern", 1.0),
    "math": ("{:,} terms of one pattern, `math`", 1.0),
    "distinct": ("{:,} distinct terms", 1.0),
    "deep": ("{:,} calls, nested", 1.3),
}


def compilation(sizes: dict[str, tuple[int, ...]], processes: int, say: Callable[[str], None]) -> list[Row]:
    """From text to the first value and gradient with all arguments by name, beside CasADi from its own symbols."""
    rows = []
    for family, counts in sizes.items():
        for n in counts:
            say(f"  {family} {n}")
            turns = [[alone("compile", who, family, n) for who in ("gradc", "CasADi")] for _ in range(processes)]
            ours, theirs = ([turn[k] for turn in turns if turn[k]] for k in (0, 1))
            what, most = FAMILIES[family][0].format(n), FAMILIES[family][1]
            own = lower_quartile([seconds for seconds, *_ in ours])
            if not theirs:
                rows.append(Row(f"compiling {what}", "s", own))
                continue
            if not np.allclose(ours[0][1:], theirs[0][1:], rtol=AGREE, atol=0.0):
                raise AssertionError(f"{what}: {ours[0][1:]} here and {theirs[0][1:]} there")
            base = lower_quartile([seconds for seconds, *_ in theirs])
            rows.append(Row(f"compiling {what}: {own:.2g} s, CasADi {base:.2g} s", "× CasADi", own / base, most))
    return rows


def written(n: int, rounds: int, say: Callable[[str], None]) -> list[Row]:
    """Rosenbrock's function term by term, by elements of a vector and by names, beside its vector form."""
    import gradc

    work = programs.rosenbrock(n)
    x = work.inputs["x"]
    listed = x.tolist()
    text = programs.written_rosenbrock(n)
    vector = gradc.compile(work.program, shapes=work.shapes, style="fast")
    start = time.process_time()
    elements = gradc.compile(programs.by_elements(text), shapes=work.shapes, style="fast")
    elements.value_and_grad(x)
    built = time.process_time() - start
    names = gradc.compile(text)
    order = [int(name[1:]) for name in names.inputs]
    numbers = [listed[i] for i in order]
    calls: dict[str, Callable[[], Any]] = {
        "vector": lambda: vector.value_and_grad(x),
        "elements": lambda: elements.value_and_grad(x),
        "names": lambda: names.value_and_grad(*numbers),
    }
    theirs = None
    try:
        theirs, calls["heyoka"] = heyoka(n, x)
    except Exception as error:  # a peer's failure leaves its cell empty, whatever it is
        say(f"  heyoka left out: {type(error).__name__}: {str(error)[:100]}")
    if not np.allclose(elements.value_and_grad(x)[1]["x"], vector.value_and_grad(x)[1]["x"], rtol=AGREE):
        raise AssertionError("the written-out form differs from the vector's")
    seconds = interleaved(calls, rounds)
    base = seconds["vector"]
    peer = {"heyoka": seconds["heyoka"] / base} if "heyoka" in seconds else {}
    what = f"Rosenbrock {n}, written out"
    rows = [
        Row(f"{what}, elements of one vector", "× vector form", seconds["elements"] / base, 1.1, peer),
        Row(f"{what}, {n:,} numbers as arguments", "× vector form", seconds["names"] / base, 3.0),
    ]
    if theirs is not None:
        said = f"{what}, to the first result: {built:.2g} s, heyoka {theirs:.2g} s"
        rows.append(Row(said, "× heyoka", built / theirs, 0.01))
    return rows


def heyoka(n: int, x: Any) -> tuple[float, Callable[[], Any]]:
    """Seconds of processor time to the first result, and the call."""
    hy = library("heyoka")
    start = time.process_time()
    v = np.array(hy.make_vars(*[f"x{i}" for i in range(n)]))
    f = hy.sum(list(100.0 * (v[1:] - v[:-1] ** 2) ** 2 + (1.0 - v[:-1]) ** 2))
    compiled = hy.cfunc([f, *hy.diff_tensors([f], diff_args=list(v), diff_order=1).gradient], vars=list(v))
    compiled(x)
    return time.process_time() - start, lambda: compiled(x)


def flat(rounds: int) -> list[Row]:
    """One parameter vector for solvers, beside the call on numbers."""
    import gradc

    fn = gradc.compile(programs.NOTES)
    vector, p = fn.flat().value_and_grad, np.array([3.0, -4.0])
    seconds = interleaved({"call": lambda: fn.value_and_grad(3.0, -4.0), "flat": lambda: vector(p)}, rounds)
    return [Row("notes' example, `fn.flat`", "× `fn.value_and_grad`", seconds["flat"] / seconds["call"], 1.5)]


def texts(n: int) -> list[Row]:
    """The text of the notes, a gate a line."""
    import gradc

    start = time.process_time()
    lines = gradc.compile(programs.wide(n)).source.count("\n")
    seconds = time.process_time() - start
    return [Row(f"notes of {n:,} terms: {lines:,} lines, {1e6 * seconds / lines:.0f} µs each", "s", seconds)]


__all__ = ["FAMILIES", "compilation", "flat", "texts", "written"]
