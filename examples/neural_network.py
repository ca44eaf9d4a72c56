"""The network of the CS231n notes: three spirals that no straight line can part, and the irises.

    python examples/neural_network.py

A linear classifier gets half of the spirals' points right; with a hidden layer in between, nearly all of them.
Both losses are compiled by gradc, and both learn by the same few lines of gradient descent.
Source: https://cs231n.github.io/neural-networks-case-study/
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gradc

IRIS = Path(__file__).parent / "data" / "iris.csv"

Floats = NDArray[np.float64]

LINEAR = """
X: [n, d]; W: [d, c]; b: [c]
scores = X @ W + b
"""
LINEAR_LOSS = """
Y: [n, c]
loss = -mean(sum(Y*log_softmax(scores, axis=1), axis=1)) + reg/2*sum(W**2)
"""
NETWORK = """
X: [n, d]; W: [d, h]; b: [h]; W2: [h, c]; b2: [c]
hidden = relu(X @ W + b)
scores = hidden @ W2 + b2
"""
NETWORK_LOSS = """
Y: [n, c]
loss = -mean(sum(Y*log_softmax(scores, axis=1), axis=1)) + reg/2*(sum(W**2) + sum(W2**2))
"""

REG = 1e-3  # the notes' regularization strength


def spirals(rng: np.random.Generator, points: int = 100, arms: int = 3) -> tuple[Floats, Floats]:
    """The notes' data: on each arm the radius grows from 0 to 1 while the angle turns by 4, with some noise."""
    X, Y = [], []
    for arm in range(arms):
        radius = np.linspace(0, 1, points)
        angle = np.linspace(4 * arm, 4 * (arm + 1), points) + 0.2 * rng.standard_normal(points)
        X.append(np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1))
        Y.append(np.tile(np.eye(arms)[arm], (points, 1)))
    return np.concatenate(X), np.concatenate(Y)


def irises() -> tuple[Floats, Floats]:
    """Fisher's flowers: four lengths, scaled to mean 0 and deviation 1, and a one in the column of the species."""
    table = np.loadtxt(IRIS, delimiter=",")
    lengths, species = table[:, :4], table[:, 4].astype(int)
    return (lengths - lengths.mean(axis=0)) / lengths.std(axis=0), np.eye(3)[species]


def weights(rng: np.random.Generator, *sizes: int) -> dict[str, Floats]:
    """Small random matrices from each layer to the next, and zeros for the biases: W, b, W2, b2, …"""
    params = {}
    for layer, (rows, columns) in enumerate(pairwise(sizes), start=1):
        number = "" if layer == 1 else str(layer)
        params["W" + number] = 0.01 * rng.standard_normal((rows, columns))
        params["b" + number] = np.zeros(columns)
    return params


def descend(loss: gradc.Function, params: dict[str, Floats], data: dict[str, Any], steps: int) -> dict[str, Floats]:
    """Plain gradient descent, with the notes' step size of 1."""
    for _ in range(steps):
        _, grad = loss.value_and_grad(**data, **params)
        params = {name: param - grad[name] for name, param in params.items()}
    return params


def accuracy(scores: gradc.Function, params: dict[str, Floats], X: Floats, Y: Floats) -> float:
    """The part of the points whose own class has the highest score."""
    return float(np.mean(scores(X=X, **params).argmax(axis=1) == Y.argmax(axis=1)))


def main() -> dict[str, float]:
    rng = np.random.default_rng(0)
    linear, network = gradc.compile(LINEAR), gradc.compile(NETWORK)
    # `wrt` names what is learned; nothing is computed for X and Y. The fast style is made for loops such as `descend`.
    linear_loss = gradc.compile(LINEAR + LINEAR_LOSS, wrt=["W", "b"], style="fast")
    network_loss = gradc.compile(NETWORK + NETWORK_LOSS, wrt=["W", "b", "W2", "b2"], style="fast")

    X, Y = spirals(rng)
    data = {"X": X, "Y": Y, "reg": REG}
    straight = accuracy(linear, descend(linear_loss, weights(rng, 2, 3), data, 200), X, Y)
    curved = accuracy(network, descend(network_loss, weights(rng, 2, 100, 3), data, 4000), X, Y)
    print(f"spirals: {straight:.0%} with a linear classifier, {curved:.0%} with a hidden layer (the notes: 49%, 98%)")

    # The same emitted code on other sizes: learn from two flowers of three, and test on the third.
    X, Y = irises()
    tested = np.arange(len(X)) % 3 == 0
    data = {"X": X[~tested], "Y": Y[~tested], "reg": REG}
    params = descend(network_loss, weights(rng, 4, 10, 3), data, 500)
    learned, unseen = accuracy(network, params, X[~tested], Y[~tested]), accuracy(network, params, X[tested], Y[tested])
    print(f"irises: {learned:.0%} of the flowers it learned from, {unseen:.0%} of the fifty that it never saw")
    return {"linear": straight, "network": curved, "iris": learned, "iris unseen": unseen}


if __name__ == "__main__":
    main()
