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
    df = np.full_like(x, as_df("df", df, x))[()]  # one for each element of the output
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


def as_df(name, df, *like):
    """The adjoint in the precision of the output: a number, or an array of its shape."""
    df = as_float(name, df).astype(np.result_type(*like), copy=False)
    if df.ndim and df.shape != np.broadcast_shapes(*(x.shape for x in like)):
        shape = np.broadcast_shapes(*(x.shape for x in like))
        raise ValueError(f"{name}: a number or an array of shape {shape} is expected, not of {df.shape}")
    return df
