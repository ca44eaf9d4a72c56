"""The same three functions in three settings: processes, minibatches, and one array after another.

    python examples/targets/batches.py

`chunk` is what some rows give, `add` adds it up, `finish` divides by the number of all rows. Several processes give
what one call over all rows gives; minibatches are the same functions on a few rows at a time.
"""

import functools
import multiprocessing
from typing import Any

import numpy as np

import gradc

LOSS = """
X: [n, d]; w: [d]; b; t: [n]
-mean(log_sigmoid(t*(X @ w + b))) + 1e-3*sum(w**2)
"""
WORKERS, ROWS = 2, 4_000


@functools.cache
def batched() -> Any:
    """The three functions, compiled once in each process."""
    return gradc.compile(LOSS, wrt=["w", "b"]).batches("n")


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 5))
    return X, np.where(X @ [1.0, -2.0, 0.5, 0.0, 3.0] + rng.logistic(size=ROWS) > 0.2, 1.0, -1.0)


def worker(task: dict[str, Any]) -> Any:
    return batched().chunk(**task)


def in_processes(X: Any, t: Any, w: Any, b: float) -> Any:
    """Value and gradient over all rows, each process with its share of them."""
    rows = np.array_split(np.arange(len(X)), 4 * WORKERS)
    tasks = [{"X": X[at], "t": t[at], "w": w, "b": b} for at in rows]
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        state = functools.reduce(batched().add, pool.imap_unordered(worker, tasks))
    return batched().finish(state, w=w)


def by_minibatches(X: Any, t: Any, epochs: int = 30, size: int = 100) -> Any:
    """Stochastic gradient descent: each step by the rows of one batch."""
    rng, three = np.random.default_rng(1), batched()
    w, b = np.zeros(X.shape[1]), 0.0
    for epoch in range(epochs):
        order = rng.permutation(len(X))
        for at in range(0, len(X), size):
            rows = order[at : at + size]
            _, grads = three.finish(three.chunk(X=X[rows], t=t[rows], w=w, b=b), w=w)
            rate = 0.5 / (1 + 0.3 * epoch)
            w, b = w - rate * grads["w"], b - rate * float(grads["b"])
    return w, b


def main() -> dict[str, Any]:
    X, t = data()
    w, b = by_minibatches(X, t)
    value, grads = in_processes(X, t, w, b)
    whole, slopes = gradc.compile(LOSS, wrt=["w", "b"]).value_and_grad(X=X, w=w, b=b, t=t)
    apart = max(abs(value - whole), np.max(np.abs(grads["w"] - slopes["w"])), abs(grads["b"] - slopes["b"]))
    print(f"after minibatches: loss {value:.6f}, largest slope {np.max(np.abs(slopes['w'])):.1e}")
    print(f"{WORKERS} processes differ from one call over all rows by {apart:.1e}")
    return {"value": float(value), "apart": float(apart), "slope": float(np.max(np.abs(slopes["w"])))}


if __name__ == "__main__":
    main()
