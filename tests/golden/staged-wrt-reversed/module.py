"""Forward and backward pass, compiled by gradc.

    (x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: y, x.
Operations: forward 20, backward 30; together 2.50 times the forward pass alone.
"""

import numpy as np


def forward(x, y):
    x, y = as_floats(x=x, y=y)
    sigy = sigmoid(y)  # (1)
    num = x + sigy  # (2)
    sigx = sigmoid(x)  # (3)
    xpy = x + y  # (4)
    xpysqr = xpy**2  # (5)
    den = sigx + xpysqr  # (6)
    invden = 1/den  # (7)
    f = num*invden  # (8)
    return f, (x, y, sigy, num, sigx, xpy, invden)


def backward(cache, df=1.0):
    x, y, sigy, num, sigx, xpy, invden = cache
    df = as_df("df", df, x, y)
    # f = num*invden  (8)
    dnum = invden*df
    dinvden = num*df
    # invden = 1/den  (7)
    dden = -invden**2*dinvden
    # den = sigx + xpysqr  (6)
    dsigx = dden
    dxpysqr = dden
    # xpysqr = xpy**2  (5)
    dxpy = 2*xpy*dxpysqr
    # xpy = x + y  (4)
    dx = dxpy
    dy = dxpy
    # sigx = sigmoid(x)  (3)
    dx = dx + sigx*sigmoid(-x)*dsigx  # sigmoid(-x) is 1 - sigx, with all its digits
    # num = x + sigy  (2)
    dx += dnum
    dsigy = dnum
    # sigy = sigmoid(y)  (1)
    dy = dy + sigy*sigmoid(-y)*dsigy  # sigmoid(-y) is 1 - sigy, with all its digits
    return {"y": dy, "x": dx}


def value_and_grad(x, y):
    f, cache = forward(x, y)
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
