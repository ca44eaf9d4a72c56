"""Ten million points through one loop that Numba compiles: value and gradient of the notes' example at each.

    python examples/targets/numba_points.py [points]

The loop is compiled once; results are kept and filled again. NumPy's module, block by block, gives the same numbers.
"""

import sys
import time
from typing import Any

import numpy as np

import gradc

PROGRAM = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"


def main(points: int = 10_000_000) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.2, 2.0, points), rng.uniform(-0.1, 2.0, points)
    loops, blocks = gradc.compile(PROGRAM, engine="numba"), gradc.compile(PROGRAM, style="fast")
    seconds = {}
    found = {}
    for name, fn in (("loops", loops), ("blocks", blocks)):
        found[name] = fn.value_and_grad(x, y)  # compiles, and makes the arrays
        began = time.perf_counter()
        fn.value_and_grad(x, y, out=found[name])
        seconds[name] = time.perf_counter() - began
    difference = max(
        np.max(np.abs(a - b) / np.maximum(np.abs(b), 1.0))
        for a, b in zip(
            (found["loops"][0], *found["loops"][1].values()),
            (found["blocks"][0], *found["blocks"][1].values()),
            strict=True,
        )
    )
    print(f"{points:,} points: {seconds['loops']:.3f} s in one loop, {seconds['blocks']:.3f} s block by block")
    print(f"the engine: {loops.running(x, y).engine}; largest difference {difference:.1e}")
    return {"difference": float(difference), **seconds}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
