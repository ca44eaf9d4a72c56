"""Forward and backward pass, compiled by gradc.

    X: [n, d]
    W: [d, c]
    Y: [n, c]
    S = X @ W
    M = maximum(0, S - sum(S*Y, axis=1, keepdims=True) + 1) * (1 - Y)
    L = mean(sum(M, axis=1))

Inputs: X: (n, d), W: (d, c), Y: (n, c) (arrays).
Gradient with respect to: W.
Operations: forward 10, backward 9; together 1.90 times the forward pass alone.
"""

import numpy as np


def forward(X, W, Y):
    X = as_array("X", X, "n", "d")
    n, d = X.shape
    W = as_array("W", W, d, "c")
    c = W.shape[1]
    Y = as_array("Y", Y, n, c)
    S = X @ W  # (1)  S: (n, c) = (n, d) @ (d, c)
    SY = S*Y  # (2)  SY: (n, c)
    sumSY = np.sum(SY, axis=1, keepdims=True)  # (3)  sumSY: (n, 1)
    SmsumSY = S - sumSY  # (4)  SmsumSY: (n, c)
    SmsumSYp1 = SmsumSY + 1  # (5)  SmsumSYp1: (n, c)
    relu = np.maximum(0, SmsumSYp1)  # (6)  relu: (n, c); the slope at 0 is 0
    onemY = 1 - Y  # (7)  onemY: (n, c)
    M = relu*onemY  # (8)  M: (n, c)
    sumM = np.sum(M, axis=1)  # (9)  sumM: (n,)
    L = np.mean(sumM)  # (10)
    return L, (X, Y, SmsumSYp1, onemY, n)


def backward(cache, df=1.0):
    X, Y, SmsumSYp1, onemY, n = cache
    dL = df
    # L = np.mean(sumM)  (10)
    dsumM = dL/max(n, 1)  # dsumM: () for each of (n,)
    # sumM = np.sum(M, axis=1)  (9)
    dM = dsumM  # dM: () for each of (n, c)
    # M = relu*onemY  (8)
    drelu = onemY*dM  # drelu: (n, c)
    # relu = np.maximum(0, SmsumSYp1)  (6)
    dSmsumSYp1 = np.where(SmsumSYp1 > 0, drelu, 0.0)  # dSmsumSYp1: (n, c)
    # SmsumSYp1 = SmsumSY + 1  (5)
    dSmsumSY = dSmsumSYp1  # dSmsumSY: (n, c)
    # SmsumSY = S - sumSY  (4)
    dS = dSmsumSY  # dS: (n, c)
    dsumSY = -np.sum(dSmsumSY, axis=1, keepdims=True)  # dsumSY: (n, 1)
    # sumSY = np.sum(SY, axis=1, keepdims=True)  (3)
    dSY = dsumSY  # dSY: (n, 1) for each of (n, c)
    # SY = S*Y  (2)
    dS += Y*dSY  # dS: (n, c)
    # S = X @ W  (1)
    dW = X.T @ dS  # dW: (d, c) = (d, n) @ (n, c)
    return {"W": dW}


def value_and_grad(X, W, Y):
    f, cache = forward(X, W, Y)
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
