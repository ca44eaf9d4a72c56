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
    f = np.mean(sumHmYsqr)  # (7)
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
    f = np.mean(sumHmYsqr)  # (7)
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
    f = np.mean(sumHmYsqr)  # (7)
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
    f = np.mean(sumHmYsqr)  # (7)
    # sumHmYsqr = np.sum(HmYsqr, axis=1)  (6)
    df_dsumHmYsqr = 1/max(n, 1)
    # HmY = H - Y  (4)
    df_dHmY = 2*HmY*df_dsumHmYsqr  # df_dHmY: (n, h)
    # Z = XW + b  (2)
    df_dZ = tanh_slope(Z)*df_dHmY  # df_dZ: (n, h)
    df_db = np.sum(df_dZ, axis=0)  # df_db: (h,)
    df_dW = X.T @ df_dZ  # df_dW: (d, h) = (d, n) @ (n, h)
    return f, {"f": {"W": df_dW, "b": df_db}}


def hessian(X, W, b, Y):
    X = as_array("X", X, "n", "d")
    n, d = X.shape
    W = as_array("W", W, d, "h")
    h = W.shape[1]
    b = as_array("b", b, h)
    Y = as_array("Y", Y, n, h)
    has_room("W and W", (d, h, d, h), X.dtype, "hvp")
    XW = X @ W  # (1)  XW: (n, h) = (n, d) @ (d, h)
    Z = XW + b  # (2)  Z: (n, h)
    H = np.tanh(Z)  # (3)  H: (n, h)
    HmY = H - Y  # (4)  HmY: (n, h)
    HmYsqr = HmY**2  # (5)  HmYsqr: (n, h)
    sumHmYsqr = np.sum(HmYsqr, axis=1)  # (6)  sumHmYsqr: (n,)
    f = np.mean(sumHmYsqr)  # (7)
    slope = tanh_slope(Z)  # slope: (n, h)
    # sumHmYsqr = np.sum(HmYsqr, axis=1)  (6)
    dsumHmYsqr = 1/max(n, 1)
    # HmY = H - Y  (4)
    dHmY = 2*HmY*dsumHmYsqr  # dHmY: (n, h)
    # Z = XW + b  (2)
    dZ = slope*dHmY  # dZ: (n, h)
    db = np.sum(dZ, axis=0)  # db: (h,)
    dW = X.T @ dZ  # dW: (d, h) = (d, n) @ (n, h)
    total = dHmY*(-2*H*slope) + 2.0*(slope*(dsumHmYsqr*slope))  # total: (n, h)
    ein = np.einsum("ljk,li->ijk", total[:, :, None]*X[:, None], X)  # ein: (d, h, d)
    dW_W = ein[:, :, :, None]*np.eye(h, dtype=X.dtype)[:, None]  # dW_W: (d, h, d, h)
    dW_b = (X.T @ total)[:, :, None]*np.eye(h, dtype=X.dtype)  # dW_b: (d, h, h)
    diagonal = np.sum(total, axis=0)  # diagonal: (h,)
    db_b = np.diag(diagonal)  # db_b: (h, h)
    return f, {"W": dW, "b": db}, {("W", "W"): dW_W, ("W", "b"): dW_b, ("b", "b"): db_b}


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)


def has_room(what, shape, dtype, way_out):
    """Nothing, unless a block is too large for memory."""
    size = math.prod(shape)*np.dtype(dtype).itemsize
    if size > 4*2**30:
        raise ValueError(f"the block of {what} has shape {shape}, {size/2**30:,.1f} GiB; use {way_out} instead")


def tanh_slope(x):
    """1 - tanh(x)**2, written so that it keeps its digits in both tails."""
    e = np.exp(-2.0*np.abs(x))
    return 4.0*e/(1.0 + e)**2
