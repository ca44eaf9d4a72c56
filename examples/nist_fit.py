"""Curves of NIST's reference datasets, fitted to their certified parameters from both official starts.

    python examples/nist_fit.py            (needs SciPy)

A residual is compiled without any declared array: called with arrays, it gives the residual and its derivative at every
point, and the derivatives side by side are the Jacobian matrix that a least-squares solver asks for.
Data and certified values: NIST/ITL Statistical Reference Datasets, nonlinear regression,
https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml; each file in data/nist names its page.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

import gradc

PROBLEMS = sorted((Path(__file__).parent / "data" / "nist").glob("*.json"))
STARTS = ("start 1", "start 2")  # NIST's two: one far off, one near
CERTIFIED_DIGITS = 11

Floats = NDArray[np.float64]


def fit(problem: dict[str, Any], start: str) -> tuple[dict[str, float], dict[str, float]]:
    """The parameters of the best curve, and their standard deviations."""
    data = {name: np.array(values, dtype=float) for name, values in problem["data"].items()}
    parameters = list(problem[start])
    residual = gradc.compile(f"{problem['response']} - ({problem['model']})", wrt=parameters)

    def value(b: Floats) -> Any:
        return residual(**data, **dict(zip(parameters, b, strict=True)))

    def jacobian(b: Floats) -> Floats:
        _, grad = residual.value_and_grad(**data, **dict(zip(parameters, b, strict=True)))
        return np.stack([grad[name] for name in parameters], axis=1)

    # The solver stops where the sum of squares no longer changes. Near a minimum that is flat, half of the parameters'
    # digits are still to come: a few Gauss-Newton steps, which look at the derivatives alone, bring them.
    b = least_squares(value, list(problem[start].values()), jacobian, method="lm", x_scale="jac").x
    for _ in range(5):
        b = b - np.linalg.lstsq(jacobian(b), value(b), rcond=None)[0]

    r, J = value(b), jacobian(b)
    variance = r @ r / (len(r) - len(b))
    deviations = np.sqrt(variance * np.diag(np.linalg.inv(J.T @ J)))
    return dict(zip(parameters, b, strict=True)), dict(zip(parameters, deviations, strict=True))


def digits(got: dict[str, float], certified: dict[str, float]) -> float:
    """How many digits of the worst parameter are right: NIST's log relative error."""
    error = max(abs(got[name] - value) / abs(value) for name, value in certified.items())
    return CERTIFIED_DIGITS if error == 0 else min(-math.log10(error), CERTIFIED_DIGITS)


def main() -> dict[str, tuple[float, float]]:
    """Per problem and start: the right digits of the parameters, and those of their standard deviations."""
    figures = {}
    print("problem   start    parameters  digits right   of their deviations")
    for path in PROBLEMS:
        problem = json.loads(path.read_text(encoding="utf-8"))
        for start in STARTS:
            found, deviations = fit(problem, start)
            right = digits(found, problem["certified"]), digits(deviations, problem["standard deviation"])
            print(f"{path.stem:9} {start}  {len(found):10}  {right[0]:12.1f}   {right[1]:19.1f}")
            figures[f"{path.stem}, {start}"] = right
    return figures


if __name__ == "__main__":
    main()
