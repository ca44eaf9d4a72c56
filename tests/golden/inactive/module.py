"""Forward and backward pass, compiled by gradc.

    x*y + sin(z)*0 + w - w

Inputs: x, y, z, w (numbers or arrays, elementwise).
Gradient with respect to: x, y, z, w.
Operations: forward 6, backward 6; together 2.00 times the forward pass alone.
"""

import numpy as np


def forward(x, y, z, w):
    x, y, z, w = as_floats(x=x, y=y, z=z, w=w)
    xy = x*y  # (1)
    sinz = np.sin(z)  # (2)
    sinz0 = sinz*0  # (3)
    xypsinz0 = xy + sinz0  # (4)
    total = xypsinz0 + w  # (5)
    f = total - w  # (6)
    return f, (x, y, f)


def backward(cache, df=1.0):
    x, y, f = cache
    df = np.full_like(f, as_df("df", df, f))[()]  # one for each element of the output
    # f = total - w  (6)
    dtotal = df
    dw = -df
    # total = xypsinz0 + w  (5)
    dxypsinz0 = dtotal
    dw += dtotal
    # xypsinz0 = xy + sinz0  (4)
    dxy = dxypsinz0
    dsinz0 = dxypsinz0
    # xy = x*y  (1)
    dx = y*dxy
    dy = x*dxy
    dz = np.zeros_like(f)[()]
    return {"x": dx, "y": dy, "z": dz, "w": dw}


def value_and_grad(x, y, z, w):
    f, cache = forward(x, y, z, w)
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
