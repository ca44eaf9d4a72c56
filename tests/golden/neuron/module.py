"""Forward and backward pass, compiled by gradc.

    1/(1 + exp(-(w0*x0 + w1*x1 + w2)))

Inputs: w0, x0, w1, x1, w2 (numbers or arrays, elementwise).
Gradient with respect to: w0, x0, w1, x1, w2.
Operations: forward 11, backward 14; together 2.27 times the forward pass alone.
"""

import numpy as np


def forward(w0, x0, w1, x1, w2):
    w0, x0, w1, x1, w2 = as_floats(w0=w0, x0=x0, w1=w1, x1=x1, w2=w2)
    dot = w0*x0 + w1*x1 + w2  # (1)
    f = sigmoid(dot)  # (2)  1/(1 + exp(-u)) as sigmoid(u), which cannot overflow
    return f, (w0, x0, w1, x1, dot, f)


def backward(cache, df=1.0):
    w0, x0, w1, x1, dot, f = cache
    df = as_df("df", df, f)
    # f = sigmoid(dot)  (2)
    ddot = f*sigmoid(-dot)*df  # sigmoid(-dot) is 1 - f, with all its digits
    # dot = w0*x0 + w1*x1 + w2  (1)
    dw0 = x0*ddot
    dx0 = w0*ddot
    dw1 = x1*ddot
    dx1 = w1*ddot
    dw2 = ddot
    return {"w0": dw0, "x0": dx0, "w1": dw1, "x1": dx1, "w2": dw2}


def value_and_grad(w0, x0, w1, x1, w2):
    f, cache = forward(w0, x0, w1, x1, w2)
    return f, backward(cache)


def as_float(name, x):
    """The input as it is if it holds floats, else as float64."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: a real number or an array of them is expected, not {type(given)} of {x.dtype}")
    return x[()] if x.dtype.kind == "f" else x.astype(float)[()]


def as_floats(**given):
    """The inputs as floats, if their shapes broadcast; Python's own numbers take the precision of the others."""
    floats = [as_float(name, x) for name, x in given.items()]
    for axis in range(1, 1 + max(x.ndim for x in floats)):
        if len(set(x.shape[-axis] for x in floats if x.ndim >= axis and x.shape[-axis] != 1)) > 1:
            shown = ", ".join(f"{name} {x.shape}" for name, x in zip(given, floats) if x.ndim)
            raise ValueError(f"{shown}: shapes that broadcast are expected")
    weak = [type(x) in (int, float, bool) for x in given.values()]
    if any(weak) and not all(weak):
        kind = np.result_type(*(x for x, own in zip(floats, weak) if not own)).type
        floats = [kind(x) if own else x for x, own in zip(floats, weak)]
    return floats


def as_df(name, df, *like):
    """The adjoint in the precision of the output: a number, or an array of its shape."""
    df = as_float(name, df).astype(np.result_type(*like), copy=False)
    if df.ndim and df.shape != np.broadcast_shapes(*(x.shape for x in like)):
        shape = np.broadcast_shapes(*(x.shape for x in like))
        raise ValueError(f"{name}: a number or an array of shape {shape} is expected, not of {df.shape}")
    return df


def sigmoid(x):
    """1/(1 + exp(-x)), with exp of numbers below 0 only, so that it cannot overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e)/(1.0 + e)
