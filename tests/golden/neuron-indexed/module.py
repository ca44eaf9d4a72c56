"""Forward and backward pass, compiled by gradc.

    dot = w[0]*x[0] + w[1]*x[1] + w[2]
    f = 1.0/(1 + exp(-dot))

Inputs: w: (3,), x: (2,) (arrays).
Gradient with respect to: w, x.
Operations: forward 11, backward 21; together 2.91 times the forward pass alone.
"""

import numpy as np


def forward(w, x):
    w = as_array("w", w, 3)
    x = as_array("x", x, 2)
    dot = w[0]*x[0] + w[1]*x[1] + w[2]  # (1)
    f = sigmoid(dot)  # (2)  1/(1 + exp(-u)) as sigmoid(u), which cannot overflow
    return f, (w, x, dot, f)


def backward(cache, df=1.0):
    w, x, dot, f = cache
    # f = sigmoid(dot)  (2)
    ddot = f*sigmoid(-dot)*df  # sigmoid(-dot) is 1 - f, with all its digits
    # dot = w[0]*x[0] + w[1]*x[1] + w[2]  (1)
    dw = np.zeros_like(w)
    dw[0] += x[0]*ddot
    dx = np.zeros_like(x)
    dx[0] += w[0]*ddot
    dw[1] += x[1]*ddot
    dx[1] += w[1]*ddot
    dw[2] += ddot
    return {"w": dw, "x": dx}


def value_and_grad(w, x):
    f, cache = forward(w, x)
    return f, backward(cache)


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)


def sigmoid(x):
    """1/(1 + exp(-x)), with exp of numbers below 0 only, so that it cannot overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e)/(1.0 + e)
