"""Newton's method on a likelihood: NIST's curves again, this time with the exact Hessian, and errors from it.

    python examples/newton_likelihood.py    (needs SciPy)

The residuals are normal with an unknown deviation s, so that the parameters are those of the curve and log(s), and
`fn.flat` makes one vector of them. Least squares with gradc's Jacobian comes near from NIST's second start; Newton's
steps with its Hessian bring the rest of the digits, and the inverse of the Hessian at the optimum is the covariance of
the estimates. The certified optimum is NIST's: the same parameters, and a residual deviation whose square is
n/(n - p) times that of the likelihood. (NIST's own deviations of the parameters leave the curvature of the model out.)
Data and certified values: NIST/ITL Statistical Reference Datasets, nonlinear regression,
https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml; each file in data/nist names its page.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

import gradc

PROBLEMS = ("Misra1d", "Rat42", "Roszman1", "Eckerle4")
STEPS = 8
SMALLEST = 1e-13  # a step of this part of the parameters changes nothing any more


def fitted(problem: dict[str, Any]) -> dict[str, Any]:
    """Parameters, their deviations from the Hessian, and what it took."""
    data = {name: np.array(values, dtype=float) for name, values in problem["data"].items()}
    names = list(problem["start 2"])
    start = np.array(list(problem["start 2"].values()))
    model, response = problem["model"], problem["response"]

    # Least squares, with the Jacobian as one matrix and without.
    residual = gradc.compile(f"{response} - ({model})").flat(names, **data)
    calls = [0, 0]

    def counted(at: int) -> Any:
        def value(b: Any) -> Any:
            calls[at] += 1
            return residual.value(b)

        return value

    near = least_squares(counted(0), start, residual.jacobian, method="lm", x_scale="jac")
    least_squares(counted(1), start, method="lm", x_scale="jac")

    # Minus the logarithm of the likelihood, and Newton's steps: the Hessian is exact, and small enough to invert.
    likelihood = gradc.compile(program(response, model, {name: len(values) for name, values in data.items()}))
    flat = likelihood.flat([*names, "s"], **data)
    p = np.array([*near.x, 0.5 * math.log(near.fun @ near.fun / len(near.fun))])
    steps = 0
    while steps < STEPS:
        steps += 1
        change = np.linalg.solve(flat.hessian(p), flat.grad(p))
        p = p - change
        if np.max(np.abs(change) / np.maximum(np.abs(p), SMALLEST)) < SMALLEST:
            break
    covariance = np.linalg.inv(flat.hessian(p))
    J = residual.jacobian(p[:-1])
    n, k = J.shape
    gauss = np.sqrt(np.diag(np.linalg.inv(J.T @ J)) * math.exp(2 * p[-1]) * n / (n - k))
    return {
        "parameters": dict(zip(names, p, strict=False)),
        "gauss": dict(zip(names, gauss, strict=True)),
        "deviations": np.sqrt(np.diag(covariance))[:-1] * math.sqrt(n / (n - k)),
        "residual": math.exp(p[-1]) * math.sqrt(n / (n - k)),
        "steps": steps,
        "calls": tuple(calls),
    }


def program(response: str, model: str, sizes: dict[str, int]) -> str:
    """Minus the logarithm of the likelihood of all residuals, but for a constant."""
    (n,) = set(sizes.values())
    declared = "; ".join(f"{name}: [{n}]" for name in sizes)
    return f"{declared}\nr = {response} - ({model})\nsum(r**2)/(2*exp(2*s)) + {n}*s"


def main() -> dict[str, Any]:
    """Per problem: digits of the parameters and of the residual deviation that are NIST's, and what it took."""
    figures = {}
    print("problem   digits: parameters  deviations   Newton steps   calls with Jacobian   without")
    for name in PROBLEMS:
        path = Path(__file__).parent / "data" / "nist" / f"{name}.json"
        problem = json.loads(path.read_text(encoding="utf-8"))
        found = fitted(problem)
        right = [
            digits(found["parameters"], problem["certified"]),
            digits(found["gauss"], problem["standard deviation"]),
        ]
        with_jacobian, without = found["calls"]
        print(f"{name:9} {right[0]:18.1f}  {right[1]:10.1f}   {found['steps']:12}   {with_jacobian:19}   {without:7}")
        figures[name] = {"digits": right, **found}
    return figures


def digits(got: dict[str, float], certified: dict[str, float]) -> float:
    """How many digits of the worst are right, up to the eleven that are certified."""
    error = max(abs(got[name] - value) / abs(value) for name, value in certified.items())
    return 11.0 if error == 0 else min(-math.log10(error), 11.0)


if __name__ == "__main__":
    main()
