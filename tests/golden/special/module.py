"""Forward and backward pass, compiled by gradc.

    erf(x)*erfc(y) + expm1(x)*log1p(y) + cbrt(x) + log2(y)*log10(y)

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: x, y.
Operations: forward 117, backward 34; together 1.29 times the forward pass alone.
"""

import math

import numpy as np


def forward(x, y):
    x, y = as_floats(x=x, y=y)
    erfx = erf(x)  # (1)
    erfcy = erfc(y)  # (2)
    erfxerfcy = erfx*erfcy  # (3)
    expm1x = np.expm1(x)  # (4)
    log1py = np.log1p(y)  # (5)
    prod = expm1x*log1py  # (6)
    total = erfxerfcy + prod  # (7)
    cbrtx = np.cbrt(x)  # (8)
    total2 = total + cbrtx  # (9)
    log2y = np.log2(y)  # (10)
    log10y = np.log10(y)  # (11)
    prod2 = log2y*log10y  # (12)
    f = total2 + prod2  # (13)
    return f, (x, y, erfx, erfcy, expm1x, log1py, cbrtx, log2y, log10y)


def backward(cache, df=1.0):
    x, y, erfx, erfcy, expm1x, log1py, cbrtx, log2y, log10y = cache
    df = as_df("df", df, x, y)
    # f = total2 + prod2  (13)
    dtotal2 = df
    dprod2 = df
    # prod2 = log2y*log10y  (12)
    dlog2y = log10y*dprod2
    dlog10y = log2y*dprod2
    # log10y = np.log10(y)  (11)
    dy = 0.4342944819032518/y*dlog10y
    # log2y = np.log2(y)  (10)
    dy += 1/math.log(2)/y*dlog2y
    # total2 = total + cbrtx  (9)
    dtotal = dtotal2
    dcbrtx = dtotal2
    # cbrtx = np.cbrt(x)  (8)
    dx = dcbrtx/(3*cbrtx**2)
    # total = erfxerfcy + prod  (7)
    derfxerfcy = dtotal
    dprod = dtotal
    # prod = expm1x*log1py  (6)
    dexpm1x = log1py*dprod
    dlog1py = expm1x*dprod
    # log1py = np.log1p(y)  (5)
    dy = dy + dlog1py/(1 + y)
    # expm1x = np.expm1(x)  (4)
    dx = dx + np.exp(x)*dexpm1x
    # erfxerfcy = erfx*erfcy  (3)
    derfx = erfcy*derfxerfcy
    derfcy = erfx*derfxerfcy
    # erfcy = erfc(y)  (2)
    dy -= 2/math.sqrt(math.pi)*bell(y)*derfcy  # bell(u) is exp(-u**2)
    # erfx = erf(x)  (1)
    dx += 2/math.sqrt(math.pi)*bell(x)*derfx  # bell(u) is exp(-u**2)
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


def as_real(x):
    """A value as an array of floats: of integers doubles, of which a function has no integers."""
    x = np.asarray(x)
    return x.astype(float) if x.dtype.kind in "iub" else x


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


def bell(x):
    """exp(-x**2), which is 0 from 40 on: there the square stops, so that it cannot overflow."""
    return np.exp(-np.clip(x, -40.0, 40.0)**2)


_ERF = np.array([math.erf(k/64) for k in range(-384, 385)])


def erf(x):
    """The error function: a table, and from its nearest point the Taylor series of exp(-s**2), integrated."""
    x = as_real(x)
    out = np.empty(x.shape)
    flat, into = np.clip(x.ravel(), -6.0, 6.0).astype(float), out.reshape(-1)  # erf(6) is 1.0
    for at in range(0, flat.size, 8192):  # slices that stay in cache
        u = flat[at:at + 8192]
        t = u*64.0 + 6755399441055744.0  # 1.5*2**52 rounds, and leaves the table's index in the low bits
        near = _ERF.take(t.view(np.int64) - (0x4338000000000000 - 384), mode="clip")
        t = (t - 6755399441055744.0)*0.015625
        d, m = u - t, (u + t)**2
        dd = d*d
        c = 1.0 + dd*((m - 2.0)*(1/24) + dd*((m - 12.0)*m + 12.0)*(1/1920))
        into[at:at + 8192] = near + c*np.exp(-0.25*m)*d*1.1283791670955126
    return out.astype(x.dtype, copy=False)[()]


_AT = np.arange(-1536, 6977)/256
_ERFC = np.array([math.erfc(k) for k in _AT.tolist()])
_SLOPE = np.array([1.1283791670955126*math.exp(-k*k) for k in _AT.tolist()])


def erfc(x):
    """1 - erf(x), to full precision for large x: a table, and the Taylor series from its nearest point, integrated."""
    x = as_real(x)
    out = np.empty(x.shape)
    flat, into = np.clip(x.ravel(), -6.0, 27.25).astype(float), out.reshape(-1)
    for at in range(0, flat.size, 8192):  # slices that stay in cache
        u = flat[at:at + 8192]
        t = u*256.0 + 6755399441055744.0  # 1.5*2**52 rounds, and leaves the table's index in the low bits
        i = t.view(np.int64) - (0x4338000000000000 - 1536)
        t = (t - 6755399441055744.0)*0.00390625
        d, m = u - t, (u + t)**2
        dd = d*d
        c = (m - 12.0)*m + 12.0 + dd*((m - 30.0)*m + 180.0)*m*(1/168)
        c = 1.0 + dd*(1/24)*(m - 2.0 + dd*(1/80)*c)
        into[at:at + 8192] = _ERFC.take(i, mode="clip") - c*np.exp((t + 0.25*d)*-d)*d*_SLOPE.take(i, mode="clip")
    return out.astype(x.dtype, copy=False)[()]
