"""One measurement in a process of its own, as JSON: what a warm process would hide.

`memory WHO NAME N [KEEP]`: megabytes above inputs and libraries at the peak of one call; `compile WHO FAMILY N`:
seconds of processor time from a text (for CasADi: from its own symbols) to the first result of its function.

>>> seconds, value, slopes = timed_gradc("sin(x0*x1)*exp(-x0**2)", [0.5, 0.25])
>>> seconds > 0, round(value, 4), round(slopes, 4)
(True, 0.0971, 0.4824)
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
REFERENCES = Path("/proc/self/clear_refs")


# ---- memory ------------------------------------------------------------------------------------------------------


def kilobytes(key: str) -> int:
    """A line of the process's status."""
    line = next(line for line in STATUS.read_text("ascii").splitlines() if line.startswith(key))
    return int(line.split()[1])


def extra_memory(who: str, name: str, n: int, keep: bool) -> float:
    """Megabytes at the peak of a call, its results included, unless it fills the arrays of an earlier one."""
    from tests.bench import peers
    from tests.bench.programs import elementwise

    work = elementwise(n)[name]
    if who.startswith("gradc"):
        run = peers.gradc_(work, literal=who == "gradc literal")
        if keep:
            run = peers.gradc_(work, literal=who == "gradc literal", out=run.call())
    else:
        run = peers.hand(work) if who == "hand" else peers.PEERS[who](work)
    run.call()
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what is free goes back to the system, and counts when it is taken again
    REFERENCES.write_text("5", "ascii")  # the peak starts again from here
    before = kilobytes("VmRSS")
    result = run.call()
    peak = kilobytes("VmHWM")
    del result
    return (peak - before) / 1024


# ---- compiling ---------------------------------------------------------------------------------------------------


def inputs_of(family: str, n: int) -> list[float]:
    """Values in the order of the inputs."""
    import random

    draw = random.Random(0).uniform
    return [0.7] if family == "deep" else [draw(0.1, 1.0) for _ in range(n + 1)]


Timed = tuple[float, float, float]  # seconds to the first result, its value, the sum of its derivatives


def timed_gradc(text: str, values: Sequence[float], target: str = "numpy") -> Timed:
    """From the text, with parsing, to a call with all arguments by name."""
    import numpy as np

    import gradc

    gradc.compile("x*y").value_and_grad(np.ones(2), 2.0)  # the library itself is warm
    start = time.process_time()
    fn = gradc.compile(text, target=target)
    value, grads = fn.value_and_grad(**dict(zip(sorted(fn.inputs, key=_number), values, strict=True)))
    return time.process_time() - start, value, sum(grads.values())


def _number(name: str) -> int:
    """Which of x0, x1, … an input is."""
    return int(name[1:] or 0)


def timed_casadi(family: str, values: Sequence[float], n: int) -> Timed:
    """From its own symbols, without parsing, which CasADi does not do."""
    import casadi as ca

    warm = ca.SX.sym("x")
    ca.Function("F", [warm], [ca.gradient(ca.sin(warm), warm)])(1.0)
    start = time.process_time()
    x = ca.SX.sym("x", len(values))
    made = {"wide": casadi_wide, "math": casadi_wide, "distinct": casadi_distinct, "deep": casadi_deep}
    f = made[family](ca, x, n)
    compiled = ca.Function("F", [x], [f, ca.gradient(f, x)])
    value, grads = compiled(values)
    return time.process_time() - start, float(value), float(ca.sum1(grads))


def casadi_wide(ca: Any, x: Any, n: int) -> Any:
    x = ca.vertsplit(x)
    f = ca.sin(x[0] * x[1]) * ca.exp(-(x[0] ** 2))
    for i in range(1, n):
        f = f + ca.sin(x[i] * x[i + 1]) * ca.exp(-(x[i] ** 2))
    return f


def casadi_distinct(ca: Any, x: Any, n: int) -> Any:
    from tests.bench.programs import SHAPES, distinct_terms

    terms: tuple[Callable[..., Any], ...] = (
        lambda c, d, e, f, g, x, y: c * f(d * x * y) * g(-e * x**2),
        lambda c, d, e, f, g, x, y: f(x + c) * y**2,
        lambda c, d, e, f, g, x, y: (f(c * x) - d * y) ** 2,
        lambda c, d, e, f, g, x, y: c * x / (1.0 + d * y**2),
        lambda c, d, e, f, g, x, y: f(c * x + d * y),
        lambda c, d, e, f, g, x, y: c * x * f(d * y) * x,
    )
    made = dict(zip(SHAPES, terms, strict=True))
    x = ca.vertsplit(x)
    total = 0.0
    for shape, at in distinct_terms(n):
        i = at["i"]
        total = total + made[shape](*at["numbers"], getattr(ca, at["f"]), getattr(ca, at["g"]), x[i], x[i + 1])
    return total


def casadi_deep(ca: Any, x: Any, n: int) -> Any:
    gates: list[Callable[[Any], Any]] = [ca.sin, ca.tanh, lambda u: 1.1 * u]
    for i in reversed(range(n)):
        x = gates[i % 3](x)
    return x


def compiling(who: str, family: str, n: int) -> Timed:
    """A program of some family, compiled."""
    from tests.bench import programs

    values = inputs_of(family, n)
    if who == "CasADi":
        return timed_casadi(family, values, n)
    texts = {"wide": programs.wide, "math": programs.wide, "distinct": programs.distinct, "deep": programs.deep}
    text = texts[family](n)
    names = {*re.findall(r"\bx\d*\b", text)}
    return timed_gradc(text, values[: len(names)], "math" if family == "math" else "numpy")


# ---- the process -------------------------------------------------------------------------------------------------


def alone(*arguments: object) -> Any:
    """The measurement, from a process of its own; None if it failed there."""
    command = [sys.executable, "-m", "tests.bench.alone", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{' '.join(map(str, arguments))}: {(done.stderr.strip().splitlines() or ['?'])[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments: Sequence[str]) -> Any:
    match arguments:
        case ["memory", who, name, n, *keep]:
            return extra_memory(who, name, int(n), bool(keep))
        case ["compile", who, family, n]:
            return compiling(who, family, int(n))
    raise SystemExit(f"not a measurement: {arguments}")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
