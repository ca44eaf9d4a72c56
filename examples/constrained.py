"""A constrained optimum with the exact Hessian of the Lagrangian: problem 71 of Hock and Schittkowski.

    python examples/constrained.py    (needs SciPy)

`trust-constr` wants the Hessian of the objective, and of the constraints the sum of their Hessians, each times its
multiplier. That sum is one more program, whose multipliers are data that change from call to call.
Source: W. Hock and K. Schittkowski, Test Examples for Nonlinear Programming Codes, Springer 1981, problem 71, which
gives the optimum.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import BFGS, Bounds, NonlinearConstraint, minimize

import gradc

OBJECTIVE = "a*d*(a + b + c) + c"
CONSTRAINTS = "a*b*c*d, a**2 + b**2 + c**2 + d**2"
WEIGHTED = "m1*(a*b*c*d) + m2*(a**2 + b**2 + c**2 + d**2)"
NAMES = ["a", "b", "c", "d"]
LEAST, MOST = [25.0, 40.0], [np.inf, 40.0]
START = [1.0, 5.0, 5.0, 1.0]
OPTIMUM, VALUE = (1.0, 4.7429994, 3.8211503, 1.3794082), 17.0140173

Floats = NDArray[np.float64]


def solved(exact: bool) -> Any:
    """The optimum, with exact second derivatives or with BFGS's."""
    objective, constraints = gradc.compile(OBJECTIVE).flat(NAMES), gradc.compile(CONSTRAINTS).flat(NAMES)
    weighted = gradc.compile(WEIGHTED).flat(NAMES, m1=0.0, m2=0.0)

    def curvature(x: Floats, v: Floats) -> Floats:
        return weighted.hessian(x, m1=float(v[0]), m2=float(v[1]))

    held = NonlinearConstraint(
        constraints.value, LEAST, MOST, jac=constraints.jacobian, hess=curvature if exact else BFGS()
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BFGS warns where a step changes no gradient
        return minimize(
            objective.value_and_grad,
            START,
            jac=True,
            hess=objective.hessian if exact else BFGS(),
            method="trust-constr",
            bounds=Bounds([1.0] * 4, [5.0] * 4),
            constraints=[held],
            options={"gtol": 1e-8, "xtol": 1e-10, "maxiter": 2000},
        )


def main() -> dict[str, Any]:
    """The optimum, and how many iterations it takes with exact Hessians and with BFGS's."""
    exact, estimated = solved(True), solved(False)
    error = float(np.max(np.abs(exact.x - OPTIMUM)))
    print(f"optimum {np.round(exact.x, 7)}, value {exact.fun:.7f}; worst error {error:.1e}")
    print(f"iterations: {exact.nit} with the Hessian of the Lagrangian, {estimated.nit} with BFGS's estimate")
    print(f"calls of the objective: {exact.nfev} and {estimated.nfev}")
    return {"x": exact.x, "value": exact.fun, "error": error, "iterations": (exact.nit, estimated.nit)}


if __name__ == "__main__":
    main()
