"""Forward and backward pass, compiled by gradc.

    sin(x)*cos(y) + tan(x) + asin(x)*acos(y) + atan(x) + atan2(x, y) + sinh(x)*cosh(y)*tanh(x)

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: x, y.
Operations: forward 19, backward 60; together 4.16 times the forward pass alone.
"""

import numpy as np


def forward(x, y):
    x, y = as_floats(x=x, y=y)
    sinx = np.sin(x)  # (1)
    cosy = np.cos(y)  # (2)
    sinxcosy = sinx*cosy  # (3)
    tanx = np.tan(x)  # (4)
    total = sinxcosy + tanx  # (5)
    asinx = np.arcsin(x)  # (6)
    acosy = np.arccos(y)  # (7)
    asinxacosy = asinx*acosy  # (8)
    total2 = total + asinxacosy  # (9)
    atanx = np.arctan(x)  # (10)
    total3 = total2 + atanx  # (11)
    atanxy = np.arctan2(x, y)  # (12)
    total4 = total3 + atanxy  # (13)
    sinhx = np.sinh(x)  # (14)
    coshy = np.cosh(y)  # (15)
    sinhxcoshy = sinhx*coshy  # (16)
    tanhx = np.tanh(x)  # (17)
    prod = sinhxcoshy*tanhx  # (18)
    f = total4 + prod  # (19)
    return f, (x, y, sinx, cosy, tanx, asinx, acosy, sinhx, coshy, sinhxcoshy, tanhx)


def backward(cache, df=1.0):
    x, y, sinx, cosy, tanx, asinx, acosy, sinhx, coshy, sinhxcoshy, tanhx = cache
    df = as_df("df", df, x, y)
    # f = total4 + prod  (19)
    dtotal4 = df
    dprod = df
    # prod = sinhxcoshy*tanhx  (18)
    dsinhxcoshy = tanhx*dprod
    dtanhx = sinhxcoshy*dprod
    # tanhx = np.tanh(x)  (17)
    dx = tanh_slope(x)*dtanhx  # 1 - tanhx**2, with all its digits
    # sinhxcoshy = sinhx*coshy  (16)
    dsinhx = coshy*dsinhxcoshy
    dcoshy = sinhx*dsinhxcoshy
    # coshy = np.cosh(y)  (15)
    dy = np.sinh(y)*dcoshy
    # sinhx = np.sinh(x)  (14)
    dx += np.cosh(x)*dsinhx
    # total4 = total3 + atanxy  (13)
    dtotal3 = dtotal4
    datanxy = dtotal4
    # atanxy = np.arctan2(x, y)  (12)
    hypyx = np.hypot(y, x)
    safehypyx = np.where(hypyx == 0, 1, hypyx)
    dx += y/safehypyx/safehypyx*datanxy
    dy -= x/safehypyx/safehypyx*datanxy
    # total3 = total2 + atanx  (11)
    dtotal2 = dtotal3
    datanx = dtotal3
    # atanx = np.arctan(x)  (10)
    dx += (1/np.hypot(1, x))**2*datanx  # 1/(1 + x**2), whose square could overflow
    # total2 = total + asinxacosy  (9)
    dtotal = dtotal2
    dasinxacosy = dtotal2
    # asinxacosy = asinx*acosy  (8)
    dasinx = acosy*dasinxacosy
    dacosy = asinx*dasinxacosy
    # acosy = np.arccos(y)  (7)
    dy -= 1/np.sqrt((1 - y)*(1 + y))*dacosy
    # asinx = np.arcsin(x)  (6)
    dx += dasinx/np.sqrt((1 - x)*(1 + x))
    # total = sinxcosy + tanx  (5)
    dsinxcosy = dtotal
    dtanx = dtotal
    # tanx = np.tan(x)  (4)
    dx += (1 + tanx**2)*dtanx
    # sinxcosy = sinx*cosy  (3)
    dsinx = cosy*dsinxcosy
    dcosy = sinx*dsinxcosy
    # cosy = np.cos(y)  (2)
    dy -= np.sin(y)*dcosy
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


def tanh_slope(x):
    """1 - tanh(x)**2, written so that it keeps its digits in both tails."""
    e = np.exp(-2.0*np.abs(x))
    return 4.0*e/(1.0 + e)**2
