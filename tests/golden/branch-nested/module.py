"""Forward and backward pass, compiled by gradc.

    where(x > y, sqrt(x - y), where(y > 2, log(y - 2), x*y))

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: x, y.
Operations: forward 21, backward 17; together 1.81 times the forward pass alone.
"""

import numpy as np


def forward(x, y):
    x, y = as_floats(x=x, y=y)
    xmy = x - y  # (1)
    safe = np.where(x > y, xmy, 1.0)  # (2)  safe where the branch is not taken
    sqrtsafe = np.sqrt(safe)  # (3)
    ym2 = y - 2  # (4)
    notxgty = np.logical_not(x > y)  # (5)
    both = np.logical_and(notxgty, y > 2)  # (6)
    safe2 = np.where(both, ym2, 1.0)  # (7)  safe where the branch is not taken
    logsafe2 = np.log(safe2)  # (8)
    notygt2 = np.logical_not(y > 2)  # (9)
    both2 = np.logical_and(notxgty, notygt2)  # (10)
    safex = np.where(both2, x, 1.0)  # (11)  safe where the branch is not taken
    safey = np.where(both2, y, 1.0)  # (12)  safe where the branch is not taken
    safexsafey = safex*safey  # (13)
    sel = np.where(y > 2, logsafe2, safexsafey)  # (14)
    f = np.where(x > y, sqrtsafe, sel)[()]  # (15)
    return f, (x, y, sqrtsafe, safe2, safex, safey, f)


def backward(cache, df=1.0):
    x, y, sqrtsafe, safe2, safex, safey, f = cache
    df = np.full_like(f, as_df("df", df, f))[()]  # one for each element of the output
    # f = np.where(x > y, sqrtsafe, sel)[()]  (15)
    dsqrtsafe = np.where(x > y, df, 0.0)
    dsel = np.where(x > y, 0.0, df)
    # sel = np.where(y > 2, logsafe2, safexsafey)  (14)
    dlogsafe2 = np.where(y > 2, dsel, 0.0)
    dsafexsafey = np.where(y > 2, 0.0, dsel)
    # safexsafey = safex*safey  (13)
    dsafex = safey*dsafexsafey
    dsafey = safex*dsafexsafey
    # safey = np.where(both2, y, 1.0)  (12)
    dy = dsafey
    # safex = np.where(both2, x, 1.0)  (11)
    dx = dsafex
    # logsafe2 = np.log(safe2)  (8)
    dsafe2 = dlogsafe2/safe2
    # safe2 = np.where(both, ym2, 1.0)  (7)
    dym2 = dsafe2
    # ym2 = y - 2  (4)
    dy = dy + dym2
    # sqrtsafe = np.sqrt(safe)  (3)
    dsafe = 0.5/sqrtsafe*dsqrtsafe
    # safe = np.where(x > y, xmy, 1.0)  (2)
    dxmy = dsafe
    # xmy = x - y  (1)
    dx = dx + dxmy
    dy -= dxmy
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
