"""A stiff system, integrated with its Jacobian: Robertson's reactions.

    python examples/stiff_ode.py    (needs SciPy)

Three rates that lie nine orders of magnitude apart. An implicit method asks for the Jacobian of the right-hand side;
without one it takes differences, a call of the right-hand side for each column. gradc's is exact, and as code that one
can read: `gradc compile -f robertson.txt --also jacobian`.
Source: H. H. Robertson, The solution of a set of reaction rate equations, in J. Walsh (ed.), Numerical Analysis: An
Introduction, Academic Press 1966; the solution at t = 40 is that of E. Hairer and G. Wanner, Solving Ordinary
Differential Equations II, Springer 1996, as their test set prints it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import gradc

PROGRAM = """
slow = 0.04*a
fast = 3e7*b**2
back = 1e4*b*c
da = back - slow
db = slow - back - fast
dc = fast
da, db, dc
"""
START, END = (1.0, 0.0, 0.0), 40.0
CERTIFIED = (0.7158270687, 9.185534764e-6, 0.2841637457)

Floats = NDArray[np.float64]


def integrated(method: str, jac: Any) -> tuple[Floats, int]:
    """The solution at the end, and how often the right-hand side was called."""
    rates = gradc.compile(PROGRAM).flat(["a", "b", "c"])
    calls = 0

    def right(t: float, y: Floats) -> Any:
        nonlocal calls
        calls += 1
        return rates.value(y)

    done = solve_ivp(
        right, (0.0, END), START, method, jac=(lambda t, y: rates.jacobian(y)) if jac else None, rtol=1e-9, atol=1e-13
    )
    return done.y[:, -1], calls


def main() -> dict[str, Any]:
    """Per method: the error at the end, and calls with the Jacobian and without."""
    figures = {}
    print("method   worst relative error   calls with Jacobian   without")
    for method in ("BDF", "Radau"):
        y, calls = integrated(method, True)
        _, without = integrated(method, False)
        error = float(np.max(np.abs(y - CERTIFIED) / np.array(CERTIFIED)))
        print(f"{method:7}  {error:20.1e}   {calls:19}   {without:7}")
        figures[method] = {"y": y, "error": error, "calls": calls, "without": without}
    return figures


if __name__ == "__main__":
    main()
