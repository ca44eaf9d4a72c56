"""Forward and backward pass, compiled by gradc.

    x: [n]; A: [m, n]
    tanh(A @ x)*2

Inputs: x: (n,), A: (m, n) (arrays).
Gradient with respect to: x.
Operations: forward 3, backward 10; together 4.33 times the forward pass alone.
"""

import numpy as np


def forward(x, A):
    x = as_array("x", x, "n")
    n = x.shape[0]
    A = as_array("A", A, "m", n)
    m = A.shape[0]
    Ax = A @ x  # (1)  Ax: (m,) = (m, n) @ (n,)
    tanhAx = np.tanh(Ax)  # (2)  tanhAx: (m,)
    f = tanhAx*2  # (3)  f: (m,)
    return f, (A, Ax, m)


def backward(cache, df):
    A, Ax, m = cache
    df = as_array("df", df, m)
    # f = tanhAx*2  (3)
    dtanhAx = 2*df  # dtanhAx: (m,)
    # tanhAx = np.tanh(Ax)  (2)
    dAx = tanh_slope(Ax)*dtanhAx  # dAx: (m,); 1 - tanhAx**2, with all its digits
    # Ax = A @ x  (1)
    dx = A.T @ dAx  # dx: (n,) = (n, m) @ (m,)
    return {"x": dx}


def value_and_grad(x, A, df):
    f, cache = forward(x, A)
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


def tanh_slope(x):
    """1 - tanh(x)**2, written so that it keeps its digits in both tails."""
    e = np.exp(-2.0*np.abs(x))
    return 4.0*e/(1.0 + e)**2
