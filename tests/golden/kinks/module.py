"""Forward and backward pass, compiled by gradc.

    relu(x) + abs(y) + hypot(x, y) + sign(x)*min(x, y)

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: x, y.
Operations: forward 9, backward 20; together 3.22 times the forward pass alone.
"""

import numpy as np


def forward(x, y):
    x, y = as_floats(x=x, y=y)
    relux = np.maximum(0, x)  # (1)  the slope at 0 is 0
    absy = np.abs(y)  # (2)  the slope at 0 is 0
    reluxpabsy = relux + absy  # (3)
    hypxy = np.hypot(x, y)  # (4)  both slopes at the origin are 0
    total = reluxpabsy + hypxy  # (5)
    sgnx = np.sign(x)  # (6)
    minxy = np.minimum(x, y)  # (7)  at a tie the gradient goes to x
    sgnxminxy = sgnx*minxy  # (8)
    f = total + sgnxminxy  # (9)
    return f, (x, y, hypxy, sgnx, f)


def backward(cache, df=1.0):
    x, y, hypxy, sgnx, f = cache
    df = np.full_like(f, as_df("df", df, f))[()]  # one for each element of the output
    # f = total + sgnxminxy  (9)
    dtotal = df
    dsgnxminxy = df
    # sgnxminxy = sgnx*minxy  (8)
    dminxy = sgnx*dsgnxminxy
    # minxy = np.minimum(x, y)  (7)
    dx = np.where(x <= y, dminxy, 0.0)[()]
    dy = np.where(x > y, dminxy, 0.0)[()]
    # total = reluxpabsy + hypxy  (5)
    dreluxpabsy = dtotal
    dhypxy = dtotal
    # hypxy = np.hypot(x, y)  (4)
    safehypxy = np.where(hypxy == 0, 1, hypxy)
    dx += x/safehypxy*dhypxy
    dy += y/safehypxy*dhypxy
    # reluxpabsy = relux + absy  (3)
    drelux = dreluxpabsy
    dabsy = dreluxpabsy
    # absy = np.abs(y)  (2)
    dy += np.sign(y)*dabsy
    # relux = np.maximum(0, x)  (1)
    dx += np.where(x > 0, drelux, 0.0)
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
