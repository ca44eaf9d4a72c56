"""Forward and backward pass, compiled by gradc.

    h = x*y
    h = sin(h) + h
    h = h**2 + x
    h*y

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: x, y.
Operations: forward 6, backward 11; together 2.83 times the forward pass alone.
"""

import numpy as np


def forward(x, y):
    x, y = as_floats(x=x, y=y)
    h = x*y  # (1)
    sinh = np.sin(h)  # (2)
    h2 = sinh + h  # (3)
    h2sqr = h2**2  # (4)
    h3 = h2sqr + x  # (5)
    f = h3*y  # (6)
    return f, (x, y, h, h2, h3)


def backward(cache, df=1.0):
    x, y, h, h2, h3 = cache
    df = as_df("df", df, x, y)
    # f = h3*y  (6)
    dh3 = y*df
    dy = h3*df
    # h3 = h2sqr + x  (5)
    dh2sqr = dh3
    dx = dh3
    # h2sqr = h2**2  (4)
    dh2 = 2*h2*dh2sqr
    # h2 = sinh + h  (3)
    dsinh = dh2
    dh = dh2
    # sinh = np.sin(h)  (2)
    dh = dh + np.cos(h)*dsinh
    # h = x*y  (1)
    dx = dx + y*dh
    dy += x*dh
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
