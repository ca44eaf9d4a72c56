"""Forward and backward pass, compiled by gradc.

    x1 = x
    x2 = r*x1*(1 - x1)
    x3 = r*x2*(1 - x2)
    x4 = r*x3*(1 - x3)
    x5 = r*x4*(1 - x4)
    x6 = r*x5*(1 - x5)
    x6

Inputs: x, r (numbers or arrays, elementwise).
Gradient with respect to: x, r.
Operations: forward 15, backward 34; together 3.27 times the forward pass alone.
"""

import numpy as np


def forward(x, r):
    x, r = as_floats(x=x, r=r)
    rx = r*x  # (1)
    onemx = 1 - x  # (2)
    x2 = rx*onemx  # (3)
    rx2 = r*x2  # (4)
    onemx2 = 1 - x2  # (5)
    x3 = rx2*onemx2  # (6)
    rx3 = r*x3  # (7)
    onemx3 = 1 - x3  # (8)
    x4 = rx3*onemx3  # (9)
    rx4 = r*x4  # (10)
    onemx4 = 1 - x4  # (11)
    x5 = rx4*onemx4  # (12)
    rx5 = r*x5  # (13)
    onemx5 = 1 - x5  # (14)
    x6 = rx5*onemx5  # (15)
    return x6, (x, r, rx, onemx, x2, rx2, onemx2, x3, rx3, onemx3, x4, rx4, onemx4, x5, rx5, onemx5)


def backward(cache, df=1.0):
    x, r, rx, onemx, x2, rx2, onemx2, x3, rx3, onemx3, x4, rx4, onemx4, x5, rx5, onemx5 = cache
    df = as_df("df", df, x, r)
    dx6 = df
    # x6 = rx5*onemx5  (15)
    drx5 = onemx5*dx6
    donemx5 = rx5*dx6
    # onemx5 = 1 - x5  (14)
    dx5 = -donemx5
    # rx5 = r*x5  (13)
    dr = x5*drx5
    dx5 += r*drx5
    # x5 = rx4*onemx4  (12)
    drx4 = onemx4*dx5
    donemx4 = rx4*dx5
    # onemx4 = 1 - x4  (11)
    dx4 = -donemx4
    # rx4 = r*x4  (10)
    dr += x4*drx4
    dx4 += r*drx4
    # x4 = rx3*onemx3  (9)
    drx3 = onemx3*dx4
    donemx3 = rx3*dx4
    # onemx3 = 1 - x3  (8)
    dx3 = -donemx3
    # rx3 = r*x3  (7)
    dr += x3*drx3
    dx3 += r*drx3
    # x3 = rx2*onemx2  (6)
    drx2 = onemx2*dx3
    donemx2 = rx2*dx3
    # onemx2 = 1 - x2  (5)
    dx2 = -donemx2
    # rx2 = r*x2  (4)
    dr += x2*drx2
    dx2 += r*drx2
    # x2 = rx*onemx  (3)
    drx = onemx*dx2
    donemx = rx*dx2
    # onemx = 1 - x  (2)
    dx = -donemx
    # rx = r*x  (1)
    dr += x*drx
    dx += r*drx
    return {"x": dx, "r": dr}


def value_and_grad(x, r):
    f, cache = forward(x, r)
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
