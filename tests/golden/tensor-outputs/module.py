"""Forward and backward pass, compiled by gradc.

    X: [n, d]; w: [d]
    p = X @ w
    s = sum(p**2)
    s, p

Inputs: X: (n, d), w: (d,) (arrays).
Gradient with respect to: X, w.
Operations: forward 3, backward 5; together 2.67 times the forward pass alone.
"""

import numpy as np


def forward(X, w):
    X = as_array("X", X, "n", "d")
    n, d = X.shape
    w = as_array("w", w, d)
    p = X @ w  # (1)  p: (n,) = (n, d) @ (d,)
    psqr = p**2  # (2)  psqr: (n,)
    s = np.sum(psqr)  # (3)
    return (s, p), (X, w, p, n)


def backward(cache, df):
    X, w, p, n = cache
    df = (as_number("df[0]", df[0], X), as_array("df[1]", df[1], n))
    ds = df[0]
    dp = df[1]  # dp: (n,)
    # s = np.sum(psqr)  (3)
    dpsqr = ds  # dpsqr: () for each of (n,)
    # psqr = p**2  (2)
    dp = dp + 2*p*dpsqr  # dp: (n,)
    # p = X @ w  (1)
    dX = np.outer(dp, w)  # dX: (n, d)
    dw = X.T @ dp  # dw: (d,) = (d, n) @ (n,)
    return {"X": dX, "w": dw}


def value_and_grad(X, w, df):
    f, cache = forward(X, w)
    return f, backward(cache, df)


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)


def as_number(name, x, *others):
    """The input as a number; one of Python's own takes the precision of the arrays."""
    return np.result_type(*others).type(x) if type(x) in (int, float, bool) else as_array(name, x)[()]
