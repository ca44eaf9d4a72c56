"""A walk through the layers of the course: each backward pass as one writes it by hand, beside the emitted one.

    python examples/layers.py

The forward passes are what the assignments ask for; the passes by hand are written for this page. Both are run on the
same numbers, and agree to rounding.
Source: https://cs231n.github.io/ (notes and assignments 1 to 3)
"""

import inspect
import re
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import gradc

Floats = NDArray[np.float64]
Grads = dict[str, Floats]


class Layer(NamedTuple):
    """The forward pass as a program, and the backward pass by hand, which takes the inputs by name and `dout`."""

    name: str
    program: str
    by_hand: Callable[..., Grads]
    shapes: dict[str, tuple[int, ...]]  # of the numbers that both are run on; none for labels


AFFINE = """
def affine(x: [N, D], w: [D, M], b: [M]):
    return x @ w + b
"""


def affine(x: Floats, w: Floats, b: Floats, dout: Floats) -> Grads:
    dx = dout @ w.T
    dw = x.T @ dout
    db = dout.sum(axis=0)
    return {"x": dx, "w": dw, "b": db}


RELU = """
def relu_layer(x: [N, D]):
    return np.maximum(0, x)
"""


def relu(x: Floats, dout: Floats) -> Grads:
    dx = dout * (x > 0)
    return {"x": dx}


SOFTMAX = """
def softmax_loss(x: [N, C], y: [N]):
    N = x.shape[0]
    shifted = x - np.max(x, axis=1, keepdims=True)
    logp = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.sum(logp[np.arange(N), y])/N
"""


def softmax(x: Floats, y: NDArray[np.int64], dout: float) -> Grads:
    N = x.shape[0]
    p = np.exp(x - np.max(x, axis=1, keepdims=True))
    p /= np.sum(p, axis=1, keepdims=True)
    dx = p.copy()
    dx[np.arange(N), y] -= 1
    dx *= dout / N
    return {"x": dx}


BATCH_NORM = """
def batch_norm(x: [N, D], gamma: [D], beta: [D]):
    mu = np.mean(x, axis=0)
    xmu = x - mu
    var = np.mean(xmu**2, axis=0)
    std = np.sqrt(var + 1e-5)
    xhat = xmu/std
    return gamma*xhat + beta
"""


def batch_norm(x: Floats, gamma: Floats, beta: Floats, dout: Floats) -> Grads:
    N = x.shape[0]
    xmu = x - x.mean(axis=0)
    std = np.sqrt((xmu**2).mean(axis=0) + 1e-5)
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * xmu / std, axis=0)
    dxhat = dout * gamma
    dstd = -np.sum(dxhat * xmu, axis=0) / std**2
    dvar = 0.5 / std * dstd
    dxmu = dxhat / std + 2 * xmu * dvar / N
    dmu = -dxmu.sum(axis=0)
    dx = dxmu + dmu / N
    return {"x": dx, "gamma": dgamma, "beta": dbeta}


CONVOLUTION = """
def conv_layer(x: [N, C, H, W], w: [F, C, 3, 3], b: [F]):
    return F.conv2d(x, w, b, padding=1)
"""


def convolution(x: Floats, w: Floats, b: Floats, dout: Floats) -> Grads:
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            seen = padded[:, :, i : i + 3, j : j + 3]
            dw += np.tensordot(dout[:, :, i, j].T, seen, axes=1)
            dpadded[:, :, i : i + 3, j : j + 3] += np.tensordot(dout[:, :, i, j], w, axes=1)
    db = dout.sum(axis=(0, 2, 3))
    dx = dpadded[:, :, 1:-1, 1:-1]
    return {"x": dx, "w": dw, "b": db}


RNN = """
def rnn_step(x: [N, D], prev_h: [N, H], Wx: [D, H], Wh: [H, H], b: [H]):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h
"""


def rnn(x: Floats, prev_h: Floats, Wx: Floats, Wh: Floats, b: Floats, dout: Floats) -> Grads:
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    da = (1 - next_h**2) * dout
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(axis=0)
    return {"x": dx, "prev_h": dprev_h, "Wx": dWx, "Wh": dWh, "b": db}


LSTM = """
def lstm_step(x: [N, D], prev_h: [N, H], prev_c: [N, H], Wx: [D, 4*H], Wh: [H, 4*H], b: [4*H]):
    a = x @ Wx + prev_h @ Wh + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i = sigmoid(ai)
    f = sigmoid(af)
    o = sigmoid(ao)
    g = np.tanh(ag)
    next_c = f*prev_c + i*g
    next_h = o*np.tanh(next_c)
    return next_h
"""


def lstm(x: Floats, prev_h: Floats, prev_c: Floats, Wx: Floats, Wh: Floats, b: Floats, dout: Floats) -> Grads:
    ai, af, ao, ag = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-each)) for each in (ai, af, ao))
    g = np.tanh(ag)
    t = np.tanh(f * prev_c + i * g)
    do = t * dout
    dc = (1 - t**2) * o * dout
    di, dg = g * dc, i * dc
    df = prev_c * dc
    dprev_c = f * dc
    da = np.hstack([i * (1 - i) * di, f * (1 - f) * df, o * (1 - o) * do, (1 - g**2) * dg])
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(axis=0)
    return {"x": dx, "prev_h": dprev_h, "prev_c": dprev_c, "Wx": dWx, "Wh": dWh, "b": db}


ATTENTION = """
def attention(Q: [T, D], K: [S, D], V: [S, E]):
    D = Q.shape[1]
    scores = Q @ K.T / np.sqrt(D)
    A = softmax(scores, axis=1)
    return A @ V
"""


def attention(Q: Floats, K: Floats, V: Floats, dout: Floats) -> Grads:
    scale = 1 / np.sqrt(Q.shape[1])
    A = np.exp(Q @ K.T * scale)
    A /= A.sum(axis=1, keepdims=True)
    dA = dout @ V.T
    dV = A.T @ dout
    dscores = A * (dA - np.sum(A * dA, axis=1, keepdims=True))
    dK = dscores.T @ Q * scale
    dQ = dscores @ K * scale
    return {"Q": dQ, "K": dK, "V": dV}


LAYERS = (
    Layer("affine", AFFINE, affine, {"x": (4, 5), "w": (5, 3), "b": (3,)}),
    Layer("relu", RELU, relu, {"x": (4, 5)}),
    Layer("softmax loss", SOFTMAX, softmax, {"x": (4, 3)}),
    Layer("batch norm", BATCH_NORM, batch_norm, {"x": (6, 3), "gamma": (3,), "beta": (3,)}),
    Layer("convolution", CONVOLUTION, convolution, {"x": (2, 3, 5, 4), "w": (2, 3, 3, 3), "b": (2,)}),
    Layer("a step of an RNN", RNN, rnn, {"x": (3, 4), "prev_h": (3, 5), "Wx": (4, 5), "Wh": (5, 5), "b": (5,)}),
    Layer(
        "a step of an LSTM",
        LSTM,
        lstm,
        {"x": (3, 4), "prev_h": (3, 5), "prev_c": (3, 5), "Wx": (4, 20), "Wh": (5, 20), "b": (20,)},
    ),
    Layer("attention", ATTENTION, attention, {"Q": (4, 3), "K": (5, 3), "V": (5, 2)}),
)
LABELS = {"y": np.array([2, 0, 1, 1])}


def compiled(layer: Layer) -> gradc.Function:
    return gradc.compile(layer.program)


def steps(function: str) -> list[str]:
    """What a backward pass computes, line by line: no conversion, packing, or comment."""
    lines = [line.split("  # ")[0] for line in inspect.cleandoc(function.partition("\n")[2]).split("\n")]
    return [line for line in lines if not re.match(r"# |.* = cache$|df = as_array|return |$", line)]


def emitted(layer: Layer) -> list[str]:
    """The lines of the emitted backward pass."""
    return steps(compiled(layer).source.partition("def backward")[2].partition("\n\n\n")[0])


def written(layer: Layer) -> list[str]:
    """The lines by hand."""
    return steps(inspect.getsource(layer.by_hand))


def disagreement(layer: Layer) -> float:
    """The largest difference of a gradient by hand and the emitted one, on random numbers."""
    fn, rng = compiled(layer), np.random.default_rng(0)
    given: dict[str, Any] = {name: rng.normal(size=shape) for name, shape in layer.shapes.items()}
    given |= {name: labels for name, labels in LABELS.items() if name in fn.inputs}
    module = types.ModuleType("layer")
    exec(fn.source, module.__dict__)
    value, cache = module.forward(**given)
    dout = rng.normal(size=np.shape(value))
    got, wanted = module.backward(cache, dout), layer.by_hand(**given, dout=dout)
    return max(float(np.max(np.abs(got[name] - wanted[name]))) for name in wanted)


def page() -> str:
    """The walk as Markdown: by hand on the left, emitted on the right."""
    parts = []
    for layer in LAYERS:
        columns = "".join(
            f"<td>\n\n```python\n{chr(10).join(lines)}\n```\n\n</td>" for lines in (written(layer), emitted(layer))
        )
        table = f"<table>\n<tr><th>by hand</th><th>emitted</th></tr>\n<tr>{columns}</tr>\n</table>"
        parts.append(
            f"### {layer.name[0].upper()}{layer.name[1:]}\n\n```python\n{layer.program.strip()}\n```\n\n{table}"
        )
    return "\n\n".join(parts)


def main() -> dict[str, float]:
    """Each layer: both passes, and how far they are apart."""
    found = {}
    for layer in LAYERS:
        found[layer.name] = disagreement(layer)
        print(f"-- {layer.name}, {found[layer.name]:.1e} apart\n{layer.program.strip()}\n\nby hand:")
        print(
            *(f"    {line}" for line in written(layer)),
            "emitted:",
            *(f"    {line}" for line in emitted(layer)),
            sep="\n",
        )
        print()
    return found


if __name__ == "__main__":
    main()
