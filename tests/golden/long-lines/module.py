"""Forward and backward pass, compiled by gradc.

    a = sin(x)*y
    b = a*a + x
    c = exp(-b)*y
    c*a + b*x

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: x, y.
Operations: forward 10, backward 18; together 2.80 times the forward pass alone.
"""

import numpy as np


def forward(x, y):
    x, y = as_floats(x=x, y=y)
    sinx = np.sin(x)  # (1)
    a = sinx*y  # (2)
    asqr = a**2  # (3)
    b = asqr + x  # (4)
    expmb = np.exp(-b)  # (5)
    c = expmb*y  # (6)
    ca = c*a  # (7)
    bx = b*x  # (8)
    f = ca + bx  # (9)
    return f, (x, y, sinx, a, b, expmb, c)


def backward(cache, df=1.0):
    x, y, sinx, a, b, expmb, c = cache
    df = as_df("df", df, x, y)
    # f = ca + bx  (9)
    dca = df
    dbx = df
    # bx = b*x  (8)
    db = x*dbx
    dx = b*dbx
    # ca = c*a  (7)
    dc = a*dca
    da = c*dca
    # c = expmb*y  (6)
    dexpmb = y*dc
    dy = expmb*dc
    # expmb = np.exp(-b)  (5)
    db = db - expmb*dexpmb
    # b = asqr + x  (4)
    dasqr = db
    dx += db
    # asqr = a**2  (3)
    da += 2*a*dasqr
    # a = sinx*y  (2)
    dsinx = y*da
    dy += sinx*da
    # sinx = np.sin(x)  (1)
    dx += np.cos(x)*dsinx
    return {"x": dx, "y": dy}


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
