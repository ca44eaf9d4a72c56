"""Forward and backward pass, compiled by gradc.

    y: [n]
    x: [n]
    w: [n]
    angle = atan2(y, x)
    sum(w*angle)

Inputs: y: (n,), x: (n,), w: (n,) (arrays).
Gradient with respect to: y, x, w.
Operations: forward 3, backward 12; together 5.00 times the forward pass alone.
"""

import numpy as np


def forward(y, x, w):
    y = as_array("y", y, "n")
    n = y.shape[0]
    x = as_array("x", x, n)
    w = as_array("w", w, n)
    angle = np.arctan2(y, x)  # (1)  angle: (n,)
    wangle = w*angle  # (2)  wangle: (n,)
    f = np.sum(wangle)  # (3)
    return f, (y, x, w, angle)


def backward(cache, df=1.0):
    y, x, w, angle = cache
    # f = np.sum(wangle)  (3)
    dwangle = df  # dwangle: () for each of (n,)
    # wangle = w*angle  (2)
    dw = angle*dwangle  # dw: (n,)
    dangle = w*dwangle  # dangle: (n,)
    # angle = np.arctan2(y, x)  (1)
    hypxy = np.hypot(x, y)  # hypxy: (n,)
    safehypxy = np.where(hypxy == 0, 1, hypxy)  # safehypxy: (n,)
    dy = x/safehypxy/safehypxy*dangle  # dy: (n,)
    dx = -y/safehypxy/safehypxy*dangle  # dx: (n,)
    return {"y": dy, "x": dx, "w": dw}


def value_and_grad(y, x, w):
    f, cache = forward(y, x, w)
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
