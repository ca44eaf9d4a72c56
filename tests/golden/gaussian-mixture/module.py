"""Forward and backward pass, compiled by gradc.

    x: [n]; m: [k]; s: [k]; w: [k]
    z = (x[:, None] - m)/s
    sum(logsumexp(log_softmax(w) - log(s) - 0.5*z**2, axis=1))

Inputs: x: (n,), m: (k,), s: (k,), w: (k,) (arrays).
Gradient with respect to: m, s, w.
Operations: forward 38, backward 32; together 1.84 times the forward pass alone.
"""

import numpy as np


def forward(x, m, s, w):
    x = as_array("x", x, "n")
    m = as_array("m", m, "k")
    k = m.shape[0]
    s = as_array("s", s, k)
    w = as_array("w", w, k)
    num = x[:, None] - m  # (1)  num: (n, k)
    z = num/s  # (2)  z: (n, k)
    logsmw = log_softmax(w)  # (3)  logsmw: (k,)
    logs = np.log(s)  # (4)  logs: (k,)
    diff = logsmw - logs  # (5)  diff: (k,)
    zsqr = z**2  # (6)  zsqr: (n, k)
    halfzsqr = 0.5*zsqr  # (7)  halfzsqr: (n, k)
    diff2 = diff - halfzsqr  # (8)  diff2: (n, k)
    lsediff2 = logsumexp(diff2, axis=1)  # (9)  lsediff2: (n,)
    f = np.sum(lsediff2)  # (10)
    return f, (s, z, logsmw, diff2)


def backward(cache, df=1.0):
    s, z, logsmw, diff2 = cache
    # f = np.sum(lsediff2)  (10)
    dlsediff2 = df  # dlsediff2: () for each of (n,)
    # lsediff2 = logsumexp(diff2, axis=1)  (9)
    ddiff2 = dlsediff2*softmax(diff2, axis=1)  # ddiff2: (n, k)
    # diff2 = diff - halfzsqr  (8)
    ddiff = np.sum(ddiff2, axis=0)  # ddiff: (k,)
    dhalfzsqr = -ddiff2  # dhalfzsqr: (n, k)
    # halfzsqr = 0.5*zsqr  (7)
    dzsqr = 0.5*dhalfzsqr  # dzsqr: (n, k)
    # zsqr = z**2  (6)
    dz = 2*z*dzsqr  # dz: (n, k)
    # diff = logsmw - logs  (5)
    dlogsmw = ddiff  # dlogsmw: (k,)
    dlogs = -ddiff  # dlogs: (k,)
    # logs = np.log(s)  (4)
    ds = dlogs/s  # ds: (k,)
    # logsmw = log_softmax(w)  (3)
    dw = -dlogsmw*np.expm1(logsmw) - np.exp(logsmw)*(np.sum(dlogsmw, axis=-1, keepdims=True) - dlogsmw)  # dw: (k,)
    # z = num/s  (2)
    dnum = dz/s  # dnum: (n, k)
    ds -= np.sum(z*dnum, axis=0)  # ds: (k,)
    # num = x[:, None] - m  (1)
    dm = -np.sum(dnum, axis=0)  # dm: (k,)
    return {"m": dm, "s": ds, "w": dw}


def value_and_grad(x, m, s, w):
    f, cache = forward(x, m, s, w)
    return f, backward(cache)


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)


def logsumexp(x, axis=-1, keepdims=False):
    """log(sum(exp(x))): the largest, and log1p of the others beside it, which can't overflow and keeps its digits."""
    if x.size == 0:
        return np.sum(x, axis=axis, keepdims=keepdims) - np.inf
    at = np.argmax(x, axis=axis, keepdims=True)
    top = np.take_along_axis(x, at, axis)
    e = np.exp(x - np.where(np.isfinite(top), top, 0.0))
    np.put_along_axis(e, at, 0.0, axis)
    out = top + np.log1p(np.sum(e, axis=axis, keepdims=True))
    return out if keepdims else np.squeeze(out, axis=axis)[()]


def softmax(x, axis=-1):
    """exp(x)/sum(exp(x)), shifted by the largest element so that it cannot overflow."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    e = np.exp(x - np.where(np.isfinite(top), top, 0.0))
    total = np.sum(e, axis=axis, keepdims=True)
    return e/np.where(total == 0, 1.0, total)


def log_softmax(x, axis=-1):
    """x - log(sum(exp(x))), measured from the largest element, so that it can't overflow and keeps its digits."""
    if x.size == 0:
        return x.copy()
    at = np.argmax(x, axis=axis, keepdims=True)
    top = np.take_along_axis(x, at, axis)
    finite = np.isfinite(top)
    z = x - np.where(finite, top, 0.0)
    e = np.exp(z)
    np.put_along_axis(e, at, 0.0, axis)
    return z - np.where(finite, np.log1p(np.sum(e, axis=axis, keepdims=True)), top)
