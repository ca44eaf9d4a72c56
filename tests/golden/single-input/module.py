"""Forward and backward pass, compiled by gradc.

    x

Inputs: x (numbers or arrays, elementwise).
Gradient with respect to: x.
Operations: forward 0, backward 1; together 1.00 times the forward pass alone.
"""

import numpy as np


def forward(x):
    x = as_float("x", x)
    return x, (x,)


def backward(cache, df=1.0):
    (x,) = cache
    df = np.full_like(x, df)[()]  # one for each element of the output
    dx = df
    return {"x": dx}


def value_and_grad(x):
    f, cache = forward(x)
    return f, backward(cache)


def as_float(name, x):
    """The input as it is if it holds floats, else as float64."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: a real number or an array of them is expected, not {type(given)} of {x.dtype}")
    return x[()] if x.dtype.kind == "f" else x.astype(float)[()]
