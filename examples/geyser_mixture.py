"""Two kinds of eruption: a mixture of Gaussians fitted to Old Faithful by its gradient.

    python examples/geyser_mixture.py      (needs SciPy)

Short eruptions are followed by short waits, long ones by long waits. The likelihood of a mixture is a sum of
exponentials under a logarithm, and `logsumexp` keeps its digits where the exponentials would all be 0. The weights go
through a softmax and the scales through exp, so that any numbers are valid parameters and no constraint is needed.
Data: W. Haerdle, Smoothing Techniques with Implementation in S (1991); 272 eruptions, minutes.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import gradc

GEYSER = Path(__file__).parent / "data" / "faithful.csv"

Floats = NDArray[np.float64]

# The eruptions are e, the waits w; each of the k components has a weight, a center and the inverse of a triangular
# matrix, [[exp(p), 0], [q, exp(r)]], which makes the deviations from the center independent and of size 1.
PROGRAM = """
e: [n]; w: [n]; weight: [k]; e0: [k]; w0: [k]; p: [k]; q: [k]; r: [k]
de = e[:, None] - e0
dw = w[:, None] - w0
z1 = exp(p)*de
z2 = q*de + exp(r)*dw
density = log_softmax(weight) + p + r - log(2*pi) - (z1**2 + z2**2)/2  # its logarithm, [n, k]
loglik = sum(logsumexp(density, axis=1))
"""
PARAMETERS = ("weight", "e0", "w0", "p", "q", "r")

# Where to begin: one center left of the cloud and one right of it, independent unit spreads.
START = {"weight": [0, 0], "e0": [2, 4], "w0": [60, 80], "p": [0, 0], "q": [0, 0], "r": [-2, -2]}


def fit(e: Floats, w: Floats) -> tuple[float, dict[str, Floats]]:
    """The highest likelihood that quasi-Newton steps reach, and the parameters there."""
    loglik = gradc.compile(PROGRAM, wrt=PARAMETERS)

    def downhill(flat: Floats) -> tuple[float, Floats]:
        """What the minimiser asks for: the value and the gradient, turned over, as one vector."""
        value, grad = loglik.value_and_grad(e=e, w=w, **dict(zip(PARAMETERS, flat.reshape(6, -1), strict=True)))
        return -value, -np.concatenate([grad[name] for name in PARAMETERS])

    start = np.concatenate([np.array(START[name], dtype=float) for name in PARAMETERS])
    found = minimize(downhill, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-6})
    return -float(found.fun), dict(zip(PARAMETERS, found.x.reshape(6, -1), strict=True))


def covariance(p: float, q: float, r: float) -> Floats:
    """The covariance matrix of a component: its inverse is L.T @ L."""
    L = np.array([[np.exp(p), 0.0], [q, np.exp(r)]])
    return np.asarray(np.linalg.inv(L.T @ L))


def main() -> dict[str, Any]:
    e, w = np.loadtxt(GEYSER, delimiter=",").T
    loglik, found = fit(e, w)
    weights = np.exp(found["weight"]) / np.exp(found["weight"]).sum()
    centers = np.stack([found["e0"], found["w0"]], axis=1)
    covariances = np.stack([covariance(*pqr) for pqr in zip(found["p"], found["q"], found["r"], strict=True)])

    print(f"log-likelihood {loglik:.6f}")
    for share, (eruption, wait), spread in zip(weights, centers, covariances, strict=True):
        se, sw = np.sqrt(np.diag(spread))
        print(f"{share:.1%}: {eruption:.3f} ± {se:.3f} minutes of eruption, {wait:.2f} ± {sw:.2f} minutes of waiting")
    return {"loglik": loglik, "weights": weights, "centers": centers, "covariances": covariances}


if __name__ == "__main__":
    main()
