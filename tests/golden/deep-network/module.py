"""Forward and backward pass, compiled by gradc.

    A0: [4, 3]; b0: [4]; A1: [2, 4]; b1: [2]; x: [3]; y: [2]
    f1 = sigmoid(A0 @ x + b0)
    f2 = relu(A1 @ f1 + b1)
    L = sum((y - f2)**2)

Inputs: A0: (4, 3), b0: (4,), A1: (2, 4), b1: (2,), x: (3,), y: (2,) (arrays).
Gradient with respect to: A0, b0, A1, b1, x, y.
Operations: forward 15, backward 19; together 2.27 times the forward pass alone.
"""

import numpy as np


def forward(A0, b0, A1, b1, x, y):
    A0 = as_array("A0", A0, 4, 3)
    b0 = as_array("b0", b0, 4)
    A1 = as_array("A1", A1, 2, 4)
    b1 = as_array("b1", b1, 2)
    x = as_array("x", x, 3)
    y = as_array("y", y, 2)
    A0x = A0 @ x  # (1)  A0x: (4,) = (4, 3) @ (3,)
    A0xpb0 = A0x + b0  # (2)  A0xpb0: (4,)
    f1 = sigmoid(A0xpb0)  # (3)  f1: (4,)
    A1f1 = A1 @ f1  # (4)  A1f1: (2,) = (2, 4) @ (4,)
    A1f1pb1 = A1f1 + b1  # (5)  A1f1pb1: (2,)
    f2 = np.maximum(0, A1f1pb1)  # (6)  f2: (2,); the slope at 0 is 0
    ymf2 = y - f2  # (7)  ymf2: (2,)
    ymf2sqr = ymf2**2  # (8)  ymf2sqr: (2,)
    L = np.sum(ymf2sqr)  # (9)
    return L, (A0, A1, x, A0xpb0, f1, A1f1pb1, ymf2)


def backward(cache, df=1.0):
    A0, A1, x, A0xpb0, f1, A1f1pb1, ymf2 = cache
    dL = df
    # L = np.sum(ymf2sqr)  (9)
    dymf2sqr = dL  # dymf2sqr: () for each of (2,)
    # ymf2sqr = ymf2**2  (8)
    dymf2 = 2*ymf2*dymf2sqr  # dymf2: (2,)
    # ymf2 = y - f2  (7)
    dy = dymf2  # dy: (2,)
    df2 = -dymf2  # df2: (2,)
    # f2 = np.maximum(0, A1f1pb1)  (6)
    dA1f1pb1 = np.where(A1f1pb1 > 0, df2, 0.0)  # dA1f1pb1: (2,)
    # A1f1pb1 = A1f1 + b1  (5)
    dA1f1 = dA1f1pb1  # dA1f1: (2,)
    db1 = dA1f1pb1  # db1: (2,)
    # A1f1 = A1 @ f1  (4)
    dA1 = np.outer(dA1f1, f1)  # dA1: (2, 4)
    df1 = A1.T @ dA1f1  # df1: (4,) = (4, 2) @ (2,)
    # f1 = sigmoid(A0xpb0)  (3)
    dA0xpb0 = f1*sigmoid(-A0xpb0)*df1  # dA0xpb0: (4,); sigmoid(-A0xpb0) is 1 - f1, with all its digits
    # A0xpb0 = A0x + b0  (2)
    dA0x = dA0xpb0  # dA0x: (4,)
    db0 = dA0xpb0  # db0: (4,)
    # A0x = A0 @ x  (1)
    dA0 = np.outer(dA0x, x)  # dA0: (4, 3)
    dx = A0.T @ dA0x  # dx: (3,) = (3, 4) @ (4,)
    return {"A0": dA0, "b0": db0, "A1": dA1, "b1": db1, "x": dx, "y": dy}


def value_and_grad(A0, b0, A1, b1, x, y):
    f, cache = forward(A0, b0, A1, b1, x, y)
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
