"""The support vector machine of the CS231n notes: a loss with corners, minimised.

    python examples/svm.py

A flower's own species must score higher than each other one by a margin of 1; what is missing is the loss.
Where nothing is missing the gradient is exactly 0: the emitted code masks it.
Source: https://cs231n.github.io/linear-classify/; data: Fisher's irises (1936).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import gradc

IRIS = Path(__file__).parent / "data" / "iris.csv"

Floats = NDArray[np.float64]

PROGRAM = """
X: [n, d]; W: [d, c]; Y: [n, c]
S = X @ W                                                        # the scores of each flower
M = maximum(0, S - sum(S*Y, axis=1, keepdims=True) + 1)*(1 - Y)  # the margins that are missing
L = mean(sum(M, axis=1)) + reg/2*sum(W**2)
"""

REG, STEPS = 0.1, 4000


def load() -> tuple[Floats, Floats]:
    """The lengths, scaled, with a column of ones (the notes' bias trick), and a one in the column of the species."""
    table = np.loadtxt(IRIS, delimiter=",")
    lengths, species = table[:, :4], table[:, 4].astype(int)
    scaled = (lengths - lengths.mean(axis=0)) / lengths.std(axis=0)
    return np.column_stack([scaled, np.ones(len(scaled))]), np.eye(3)[species]


def gradient_error(loss: gradc.Function, X: Floats, Y: Floats, W: Floats, h: float = 1e-6) -> float:
    """The notes' gradient check: the relative error against centered differences, worst entry of W."""
    _, grad = loss.value_and_grad(X=X, W=W, Y=Y, reg=REG)
    worst = 0.0
    for at in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[at] = h
        numeric = (loss(X=X, W=W + step, Y=Y, reg=REG) - loss(X=X, W=W - step, Y=Y, reg=REG)) / (2 * h)
        exact = grad["W"][at]
        worst = max(worst, abs(numeric - exact) / max(abs(numeric), abs(exact)))
    return float(worst)


def minimise(loss: gradc.Function, X: Floats, Y: Floats) -> Floats:
    """Subgradient descent with steps 1/(reg*t), and the mean of the last half of the way: corners make W jitter."""
    W, mean = np.zeros((X.shape[1], Y.shape[1])), np.zeros((X.shape[1], Y.shape[1]))
    for t in range(1, STEPS + 1):
        _, grad = loss.value_and_grad(X=X, W=W, Y=Y, reg=REG)
        W = W - grad["W"] / (REG * t)
        if t > STEPS // 2:
            mean += W / (STEPS - STEPS // 2)
    return mean


def main() -> dict[str, float]:
    X, Y = load()
    loss = gradc.compile(PROGRAM, wrt="W")
    print(loss.source)

    error = gradient_error(loss, X, Y, np.random.default_rng(0).standard_normal((5, 3)))
    print(f"gradient check at a random W: relative error {error:.1e} (the notes: below 1e-7 is good)")

    W = minimise(loss, X, Y)
    before, after = float(loss(X=X, W=np.zeros_like(W), Y=Y, reg=REG)), float(loss(X=X, W=W, Y=Y, reg=REG))
    right = int(np.sum((X @ W).argmax(axis=1) == Y.argmax(axis=1)))
    print(f"loss {before:.3f} at W = 0, {after:.5f} after {STEPS} steps; {right} of 150 flowers right")
    return {"error": error, "before": before, "loss": after, "right": right}


if __name__ == "__main__":
    main()
