"""Forward and backward pass, compiled by gradc.

    3*x + 2*y/4 - -x + 1/3 + pi*0.1*x + x*1e-300*1e300

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: x, y.
Operations: forward 11, backward 10; together 1.91 times the forward pass alone.
"""

import numpy as np


def forward(x, y):
    x, y = as_floats(x=x, y=y)
    threex = 3*x  # (1)
    num = 2*y  # (2)
    numo4 = num/4  # (3)
    total = threex + numo4  # (4)
    totalpx = total + x  # (5)
    totalpxpc = totalpx + 1/3  # (6)
    cx = np.pi*0.1*x  # (7)
    total2 = totalpxpc + cx  # (8)
    xc = x*1e-300  # (9)
    xcc = xc*1e300  # (10)
    f = total2 + xcc  # (11)
    return f, (f,)


def backward(cache, df=1.0):
    (f,) = cache
    df = np.full_like(f, as_df("df", df, f))[()]  # one for each element of the output
    # f = total2 + xcc  (11)
    dtotal2 = df
    dxcc = df
    # xcc = xc*1e300  (10)
    dxc = 1e300*dxcc
    # xc = x*1e-300  (9)
    dx = 1e-300*dxc
    # total2 = totalpxpc + cx  (8)
    dtotalpxpc = dtotal2
    dcx = dtotal2
    # cx = np.pi*0.1*x  (7)
    dx += np.pi*0.1*dcx
    # totalpxpc = totalpx + 1/3  (6)
    dtotalpx = dtotalpxpc
    # totalpx = total + x  (5)
    dtotal = dtotalpx
    dx += dtotalpx
    # total = threex + numo4  (4)
    dthreex = dtotal
    dnumo4 = dtotal
    # numo4 = num/4  (3)
    dnum = 0.25*dnumo4
    # num = 2*y  (2)
    dy = 2*dnum
    # threex = 3*x  (1)
    dx += 3*dthreex
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
