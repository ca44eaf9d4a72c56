"""Forward and backward pass, compiled by gradc.

    X: [n, d]; W: [d, h]; b: [h]; Y: [n, h]
    Z = X @ W + b
    H = tanh(Z)
    mean(sum((H - Y)**2, axis=1))

Inputs: X: (n, d), W: (d, h), b: (h,), Y: (n, h) (arrays).
Gradient with respect to: W, b.
Operations: forward 7, backward 13; together 2.86 times the forward pass alone.
"""

import math

import numpy as np


def forward(X, W, b, Y):
    X = as_array("X", X, "n", "d")
    n, d = X.shape
    W = as_array("W", W, d, "h")
    h = W.shape[1]
    b = as_array("b", b, h)
    Y = as_array("Y", Y, n, h)
    XW = X @ W  # (1)  XW: (n, h) = (n, d) @ (d, h)
    Z = XW + b  # (2)  Z: (n, h)
    H = np.tanh(Z)  # (3)  H: (n, h)
    HmY = H - Y  # (4)  HmY: (n, h)
    HmYsqr = HmY**2  # (5)  HmYsqr: (n, h)
    sumHmYsqr = np.sum(HmYsqr, axis=1)  # (6)  sumHmYsqr: (n,)
    f = np.mean(sumHmYsqr)  # (7)  f: ()
    return f, (X, Z, HmY, n)


def backward(cache, df=1.0):
    X, Z, HmY, n = cache
    # f = np.mean(sumHmYsqr)  (7)
    dsumHmYsqr = df/max(n, 1)  # dsumHmYsqr: () for each of (n,)
    # sumHmYsqr = np.sum(HmYsqr, axis=1)  (6)
    dHmYsqr = dsumHmYsqr  # dHmYsqr: () for each of (n, h)
    # HmYsqr = HmY**2  (5)
    dHmY = 2*HmY*dHmYsqr  # dHmY: (n, h)
    # HmY = H - Y  (4)
    dH = dHmY  # dH: (n, h)
    # H = np.tanh(Z)  (3)
    dZ = tanh_slope(Z)*dH  # dZ: (n, h); 1 - H**2, with all its digits
    # Z = XW + b  (2)
    dXW = dZ  # dXW: (n, h)
    db = np.sum(dZ, axis=0)  # db: (h,)
    # XW = X @ W  (1)
    dW = X.T @ dXW  # dW: (d, h) = (d, n) @ (n, h)
    return {"W": dW, "b": db}


def value_and_grad(X, W, b, Y):
    f, cache = forward(X, W, b, Y)
    return f, backward(cache)


def jvp(X, W, b, Y, W_dot, b_dot):
    X = as_array("X", X, "n", "d")
    n, d = X.shape
    W = as_array("W", W, d, "h")
    h = W.shape[1]
    b = as_array("b", b, h)
    Y = as_array("Y", Y, n, h)
    W_dot = as_array("W_dot", W_dot, d, h)
    b_dot = as_array("b_dot", b_dot, h)
    XW = X @ W  # (1)  XW: (n, h) = (n, d) @ (d, h)
    XW_dot = X @ W_dot  # XW_dot: (n, h) = (n, d) @ (d, h)
    Z = XW + b  # (2)  Z: (n, h)
    Z_dot = XW_dot + b_dot  # Z_dot: (n, h)
    H = np.tanh(Z)  # (3)  H: (n, h)
    H_dot = tanh_slope(Z)*Z_dot  # H_dot: (n, h)
    HmY = H - Y  # (4)  HmY: (n, h)
    HmY_dot = H_dot  # HmY_dot: (n, h)
    HmYsqr = HmY**2  # (5)  HmYsqr: (n, h)
    HmYsqr_dot = 2*HmY*HmY_dot  # HmYsqr_dot: (n, h)
    sumHmYsqr = np.sum(HmYsqr, axis=1)  # (6)  sumHmYsqr: (n,)
    sumHmYsqr_dot = np.sum(HmYsqr_dot, axis=1)  # sumHmYsqr_dot: (n,)
    f = np.mean(sumHmYsqr)  # (7)  f: ()
    f_dot = np.mean(sumHmYsqr_dot)  # f_dot: ()
    return f, f_dot


def hvp(X, W, b, Y, W_dot, b_dot, df=1.0):
    X = as_array("X", X, "n", "d")
    n, d = X.shape
    W = as_array("W", W, d, "h")
    h = W.shape[1]
    b = as_array("b", b, h)
    Y = as_array("Y", Y, n, h)
    W_dot = as_array("W_dot", W_dot, d, h)
    b_dot = as_array("b_dot", b_dot, h)
    XW = X @ W  # (1)  XW: (n, h) = (n, d) @ (d, h)
    XW_dot = X @ W_dot  # XW_dot: (n, h) = (n, d) @ (d, h)
    Z = XW + b  # (2)  Z: (n, h)
    Z_dot = XW_dot + b_dot  # Z_dot: (n, h)
    H = np.tanh(Z)  # (3)  H: (n, h)
    slope = tanh_slope(Z)  # slope: (n, h)
    H_dot = slope*Z_dot  # H_dot: (n, h)
    HmY = H - Y  # (4)  HmY: (n, h)
    HmY_dot = H_dot  # HmY_dot: (n, h)
    HmYsqr = HmY**2  # (5)  HmYsqr: (n, h)
    sumHmYsqr = np.sum(HmYsqr, axis=1)  # (6)  sumHmYsqr: (n,)
    f = np.mean(sumHmYsqr)  # (7)  f: ()
    # f = np.mean(sumHmYsqr)  (7)
    dsumHmYsqr = df/max(n, 1)  # dsumHmYsqr: () for each of (n,)
    # sumHmYsqr = np.sum(HmYsqr, axis=1)  (6)
    dHmYsqr = dsumHmYsqr  # dHmYsqr: () for each of (n, h)
    # HmYsqr = HmY**2  (5)
    dHmY = 2*HmY*dHmYsqr  # dHmY: (n, h)
    dHmY_dot = 2*HmY_dot*dHmYsqr  # dHmY_dot: (n, h)
    # HmY = H - Y  (4)
    dH = dHmY  # dH: (n, h)
    dH_dot = dHmY_dot  # dH_dot: (n, h)
    # H = np.tanh(Z)  (3)
    dZ = slope*dH  # dZ: (n, h); 1 - H**2, with all its digits
    dZ_dot = -2*H*slope*Z_dot*dH + slope*dH_dot  # dZ_dot: (n, h)
    # Z = XW + b  (2)
    dXW = dZ  # dXW: (n, h)
    dXW_dot = dZ_dot  # dXW_dot: (n, h)
    db = np.sum(dZ, axis=0)  # db: (h,)
    db_dot = np.sum(dZ_dot, axis=0)  # db_dot: (h,)
    # XW = X @ W  (1)
    dW = X.T @ dXW  # dW: (d, h) = (d, n) @ (n, h)
    dW_dot = X.T @ dXW_dot  # dW_dot: (d, h) = (d, n) @ (n, h)
    return f, {"W": dW, "b": db}, {"W": dW_dot, "b": db_dot}


def jacobian(X, W, b, Y):
    return jacobian_by(jvp, forward, backward, {"W": 1, "b": 2}, {"f": ("W", "b")}, X, W, b, Y)


def hessian(X, W, b, Y):
    return hessian_by(hvp, {"W": 1, "b": 2}, (), X, W, b, Y)


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)


def room(what, shape, dtype, way_out):
    """A block of zeros, unless it is too large for memory."""
    size = math.prod(shape)*np.dtype(dtype).itemsize
    if size > 4*2**30:
        raise ValueError(f"the block of {what} has shape {shape}, {size/2**30:,.1f} GiB; use {way_out} instead")
    return np.zeros(shape, dtype)


def hessian_by(hvp, places, zero, *inputs):
    """Value, gradient and the blocks of the Hessian that are not zero: a row is its product with a unit vector."""
    x = {name: np.asarray(inputs[at]) for name, at in places.items()}
    x = {name: each if each.dtype.kind == "f" else each.astype(float) for name, each in x.items()}
    kind = np.result_type(*x.values()) if x else float
    order = list(x)
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i:] if (a, b) not in zero]
    blocks = {(a, b): room(f"{a} and {b}", x[a].shape + x[b].shape, kind, "hvp") for a, b in pairs}
    zeros = {name: np.zeros_like(each) for name, each in x.items()}
    value, grads, _ = hvp(*inputs, *(each[()] for each in zeros.values()))
    for a in dict.fromkeys(a for a, _ in pairs):
        for at in np.ndindex(x[a].shape):
            along = zeros[a].copy()
            along[at] = 1.0
            rows = hvp(*inputs, *((along if name == a else each)[()] for name, each in zeros.items()))[2]
            for b in [b for first, b in pairs if first == a]:
                blocks[a, b][at] = rows[b]
        if (a, a) in blocks:
            flat = blocks[a, a].reshape(x[a].size, x[a].size)
            flat[...] = np.triu(flat) + np.triu(flat, 1).T
    return value, grads, {pair: block[()] for pair, block in blocks.items()}


def jacobian_by(jvp, forward, backward, places, rows, *inputs):
    """The value, and the blocks of its derivatives: a column is a tangent, a row a backward pass; the fewer are run."""
    x = {name: np.asarray(inputs[at]) for name, at in places.items()}
    x = {name: each if each.dtype.kind == "f" else each.astype(float) for name, each in x.items()}
    value, cache = forward(*inputs)
    values = dict(zip(rows, value if len(rows) > 1 else (value,)))
    kind = np.result_type(*x.values()) if x else float
    blocks = {f: {a: room(f"{f} by {a}", np.shape(values[f]) + x[a].shape, kind, "jvp") for a in rows[f]} for f in rows}
    if sum(map(np.size, values.values())) < sum(map(np.size, x.values())):
        zeros = {f: np.zeros(np.shape(each), kind) for f, each in values.items()}
        for f in rows:
            for at in np.ndindex(np.shape(values[f])):
                along = zeros[f].copy()
                along[at] = 1.0
                df = [(along if name == f else each)[()] for name, each in zeros.items()]
                grads = backward(cache, tuple(df) if len(rows) > 1 else df[0])
                for a in rows[f]:
                    blocks[f][a][at] = grads[a]
    else:
        zeros = {name: np.zeros_like(each) for name, each in x.items()}
        for a in x:
            for at in np.ndindex(x[a].shape):
                along = zeros[a].copy()
                along[at] = 1.0
                dots = jvp(*inputs, *((along if name == a else each)[()] for name, each in zeros.items()))[1]
                for f, dot in zip(rows, dots if len(rows) > 1 else (dots,)):
                    if a in rows[f]:
                        blocks[f][a][(..., *at)] = dot
    return value, {f: {a: block[()] for a, block in row.items()} for f, row in blocks.items()}


def tanh_slope(x):
    """1 - tanh(x)**2, written so that it keeps its digits in both tails."""
    e = np.exp(-2.0*np.abs(x))
    return 4.0*e/(1.0 + e)**2
