"""Logistic regression over a Dask array, chunk by chunk: what NumPy gives that holds all of it.

    python examples/targets/dask_regression.py

The rows are made where they are needed, and nobody holds more than a few chunks of them. Newton's steps would need the
Hessian; L-BFGS-B needs value and gradient alone, each of which is one pass over the chunks.
"""

from typing import Any

import numpy as np
from scipy.optimize import minimize

import gradc
from gradc.dask import value_and_grad

LOSS = """
X: [n, d]; w: [d]; t: [n]
-mean(log_sigmoid(t*(X @ w))) + 1e-3*sum(w**2)
"""
ROWS, CHUNK = 200_000, 20_000


def data() -> tuple[Any, Any]:
    """The rows and their labels, lazily."""
    import dask.array as da

    X = da.random.default_rng(0).normal(size=(ROWS, 4), chunks=(CHUNK, 4))
    return X, da.where(X @ np.array([1.0, -2.0, 0.5, 0.0]) + da.sin(7 * X[:, 0] * X[:, 1]) > 0, 1.0, -1.0)


def fitted(both: Any) -> Any:
    """The weights at which the loss is least."""
    found = minimize(both, np.zeros(4), jac=True, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-9})
    return found.x


def main() -> dict[str, Any]:
    fn = gradc.compile(LOSS, wrt=["w"])
    X, t = data()

    def lazily(w: Any) -> Any:
        value, grads = value_and_grad(fn, X=X, t=t, w=w)
        return value, grads["w"]

    whole = {"X": X.compute(), "t": t.compute()}

    def at_once(w: Any) -> Any:
        value, grads = fn.value_and_grad(w=w, **whole)
        return value, grads["w"]

    w = np.array([0.3, -0.2, 0.1, 0.4])
    (a, da), (b, db) = lazily(w), at_once(w)
    apart = max(abs(a - b) / abs(b), np.max(np.abs(da - db)) / np.max(np.abs(db)))
    chunked, held = fitted(lazily), fitted(at_once)
    print(f"{ROWS:,} rows in {X.npartitions} chunks: value and gradient within {apart:.1e} of NumPy's")
    print("weights:", *(f"{each:.6f}" for each in chunked))
    return {"apart": float(apart), "chunked": chunked, "held": held}


if __name__ == "__main__":
    main()
