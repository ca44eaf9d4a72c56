"""Forward and backward pass, compiled by gradc.

    x: [n]; y: [n]
    s = x + y
    s*x + s*y + s

Inputs: x: (n,), y: (n,) (arrays).
Gradient with respect to: x, y.
Operations: forward 5, backward 8; together 2.60 times the forward pass alone.
"""

import numpy as np


def forward(x, y):
    x = as_array("x", x, "n")
    n = x.shape[0]
    y = as_array("y", y, n)
    s = x + y  # (1)  s: (n,)
    sx = s*x  # (2)  sx: (n,)
    sy = s*y  # (3)  sy: (n,)
    total = sx + sy  # (4)  total: (n,)
    f = total + s  # (5)  f: (n,)
    return f, (x, y, s, n)


def backward(cache, df):
    x, y, s, n = cache
    df = as_array("df", df, n)
    # f = total + s  (5)
    dtotal = df  # dtotal: (n,)
    ds = df  # ds: (n,)
    # total = sx + sy  (4)
    dsx = dtotal  # dsx: (n,)
    dsy = dtotal  # dsy: (n,)
    # sy = s*y  (3)
    ds = ds + y*dsy  # ds: (n,)
    dy = s*dsy  # dy: (n,)
    # sx = s*x  (2)
    ds += x*dsx  # ds: (n,)
    dx = s*dsx  # dx: (n,)
    # s = x + y  (1)
    dx += ds  # dx: (n,)
    dy += ds  # dy: (n,)
    return {"x": dx, "y": dy}


def value_and_grad(x, y, df):
    f, cache = forward(x, y)
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
