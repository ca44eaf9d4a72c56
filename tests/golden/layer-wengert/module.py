"""Forward and backward pass, compiled by gradc.

    X: [n, d]; W: [d, h]; b: [h]
    sum(relu(X @ W + b))

Inputs: X: (n, d), W: (d, h), b: (h,) (arrays).
Gradient with respect to: W, b.
Operations: forward 4, backward 4; together 2.00 times the forward pass alone.
"""

import numpy as np


def forward(X, W, b):
    X = as_array("X", X, "n", "d")
    d = X.shape[1]
    W = as_array("W", W, d, "h")
    h = W.shape[1]
    b = as_array("b", b, h)
    v1 = X @ W  # (1)  v1: (n, h) = (n, d) @ (d, h)
    v2 = v1 + b  # (2)  v2: (n, h)
    v3 = np.maximum(0, v2)  # (3)  v3: (n, h); the slope at 0 is 0
    f = np.sum(v3)  # (4)
    return f, (X, v2)


def backward(cache, df=1.0):
    X, v2 = cache
    df = X.dtype.type(df)
    # f = np.sum(v3)  (4)
    dv3 = df  # dv3: () for each of (n, h)
    # v3 = np.maximum(0, v2)  (3)
    dv2 = np.where(v2 > 0, dv3, 0.0)  # dv2: (n, h)
    # v2 = v1 + b  (2)
    dv1 = dv2  # dv1: (n, h)
    db = np.sum(dv2, axis=0)  # db: (h,)
    # v1 = X @ W  (1)
    dW = X.T @ dv1  # dW: (d, h) = (d, n) @ (n, h)
    return {"W": dW, "b": db}


def value_and_grad(X, W, b):
    f, cache = forward(X, W, b)
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
