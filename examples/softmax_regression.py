"""Softmax regression: three species of iris told apart by four lengths.

    python examples/softmax_regression.py

The program is the loss as one would write it on paper: the cross-entropy between the species and the softmax of the
scores, and a penalty that keeps the weights small. It has one minimum, and gradient descent from zero finds it.
Data: R. A. Fisher, The use of multiple measurements in taxonomic problems (1936); 150 flowers.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import gradc

IRIS = Path(__file__).parent / "data" / "iris.csv"

# A row of X is a flower, a row of Y has a one in the column of its species. The sizes n, d and c are bound at the call.
SCORES = """
X: [n, d]; W: [d, c]; b: [c]
scores = X @ W + b
"""
LOSS = """
Y: [n, c]
loss = -mean(sum(Y*log_softmax(scores, axis=1), axis=1)) + reg/2*sum(W**2)
"""

REG, RATE, STEPS = 0.01, 1.0, 1000


def load() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The lengths, each scaled to mean 0 and deviation 1, and the species by number."""
    table = np.loadtxt(IRIS, delimiter=",")
    lengths, species = table[:, :4], table[:, 4].astype(int)
    return (lengths - lengths.mean(axis=0)) / lengths.std(axis=0), species


def main() -> dict[str, float]:
    X, species = load()
    Y = np.eye(3)[species]
    scores = gradc.compile(SCORES)
    loss = gradc.compile(SCORES + LOSS, wrt=["W", "b"])
    print(loss.source)

    W, b = np.zeros((4, 3)), np.zeros(3)
    value, grad = loss.value_and_grad(X=X, Y=Y, W=W, b=b, reg=REG)
    print(f"before: loss {value:.6f}, which is log(3): every species is as likely as the others")
    first = value
    for _ in range(STEPS):
        W = W - RATE * grad["W"]
        b = b - RATE * grad["b"]
        value, grad = loss.value_and_grad(X=X, Y=Y, W=W, b=b, reg=REG)

    steepest = max(np.abs(slope).max() for slope in grad.values())
    right = int(np.sum(scores(X=X, W=W, b=b).argmax(axis=1) == species))
    print(f"after {STEPS} steps: loss {value:.6f}, steepest slope {steepest:.1e}, {right} of 150 flowers right")
    return {"first loss": first, "loss": value, "slope": steepest, "right": right}


if __name__ == "__main__":
    main()
