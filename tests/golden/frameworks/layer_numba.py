"""Forward and backward pass, compiled by gradc 8ff790418520.

    X: [n, d]; W: [d, h]; b: [h]; Y: [n, h]
    H = tanh(X @ W + b)
    mean(sum((H - Y)**2, axis=1))

Inputs: X: (n, d), W: (d, h), b: (h,), Y: (n, h) (arrays).
Gradient with respect to: X, W, b, Y.
Operations: forward 7, backward 15; together 3.14 times the forward pass alone.
"""

import numpy as np
from llvmlite.ir import DoubleType, FunctionType, IntType
from numba import float64, int64, njit
from numba.extending import intrinsic

try:
    KEPT = bool(__file__)  # what Numba has compiled is kept beside the file
except NameError:
    KEPT = False
compiled = njit(error_model="numpy", cache=KEPT, forceinline=True)
looped = njit(error_model="numpy", cache=KEPT, nogil=True)


def loss_forward(X, W, b, Y):
    X = as_array("X", X, "n", "d")
    n, d = X.shape
    W = as_array("W", W, d, "h")
    h = W.shape[1]
    b = as_array("b", b, h)
    Y = as_array("Y", Y, n, h)
    XW = X @ W  # (1)  XW: (n, h) = (n, d) @ (d, h)
    # (2) XWpb = XW + b  XWpb: (n, h)
    # (3) H = np.tanh(XWpb)  H: (n, h)
    # (4) HmY = H - Y  HmY: (n, h)
    # (5) HmYsqr = HmY**2  HmYsqr: (n, h)
    XWpb, HmY, HmYsqr = loop1(XW, b, Y)
    sumHmYsqr = np.sum(HmYsqr, axis=1)  # (6)  sumHmYsqr: (n,)
    f = np.mean(sumHmYsqr)  # (7)
    return f, (X, W, XWpb, HmY, n)


def loss_backward(cache, df=1.0):
    X, W, XWpb, HmY, n = cache
    # f = np.mean(sumHmYsqr)  (7)
    dsumHmYsqr = df/max(n, 1)  # dsumHmYsqr: () for each of (n,)
    # sumHmYsqr = np.sum(HmYsqr, axis=1)  (6)
    dHmYsqr = dsumHmYsqr  # dHmYsqr: () for each of (n, h)
    # HmYsqr = HmY**2  (5)
    dHmY = loop2(HmY, dHmYsqr)
    # HmY = H - Y  (4)
    dH = dHmY  # dH: (n, h)
    # H = np.tanh(XWpb)  (3)
    dY, dXWpb = loop3(dHmY, XWpb, dH)
    # XWpb = XW + b  (2)
    dXW = dXWpb  # dXW: (n, h)
    db = np.sum(dXWpb, axis=0)  # db: (h,)
    # XW = X @ W  (1)
    dX = dXW @ W.T  # dX: (n, d) = (n, h) @ (h, d)
    dW = X.T @ dXW  # dW: (d, h) = (d, n) @ (n, h)
    return {"X": dX, "W": dW, "b": db, "Y": dY}


def loss_value_and_grad(X, W, b, Y):
    f, cache = loss_forward(X, W, b, Y)
    return f, loss_backward(cache)


def loss(X, W, b, Y):
    """The value."""
    return loss_forward(X, W, b, Y)[0]


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)


@looped
def loop1(XW, b, Y):
    XWpb_out = np.empty(XW.shape, XW.dtype)
    HmY_out = np.empty(XW.shape, XW.dtype)
    HmYsqr_out = np.empty(XW.shape, XW.dtype)
    for i in range(XW.shape[0]):
        for j in range(XW.shape[1]):
            XWpb = XW[i, j] + b[j]
            H = tanh(XWpb)
            HmY = H - Y[i, j]
            HmYsqr = HmY*HmY
            XWpb_out[i, j] = XWpb
            HmY_out[i, j] = HmY
            HmYsqr_out[i, j] = HmYsqr
    return XWpb_out, HmY_out, HmYsqr_out


@looped
def loop2(HmY, dHmYsqr):
    dHmY_out = np.empty(HmY.shape, HmY.dtype)
    for i in range(HmY.shape[0]):
        for j in range(HmY.shape[1]):
            dHmY = 2.0*HmY[i, j]*dHmYsqr
            dHmY_out[i, j] = dHmY
    return dHmY_out


@looped
def loop3(dHmY, XWpb, dH):
    dY_out = np.empty(dHmY.shape, dHmY.dtype)
    dXWpb_out = np.empty(dHmY.shape, dHmY.dtype)
    for i in range(dHmY.shape[0]):
        for j in range(dHmY.shape[1]):
            dY = -dHmY[i, j]
            dXWpb = tanh_slope(XWpb[i, j])*dH[i, j]
            dY_out[i, j] = dY
            dXWpb_out[i, j] = dXWpb
    return dY_out, dXWpb_out


@intrinsic
def fma(context, x, y, z):
    """x*y + z, rounded once."""
    return float64(float64, float64, float64), lambda context, builder, signature, args: builder.fma(*args)


@intrinsic
def bits(context, x):
    """The bits of a number as an integer."""
    return int64(float64), lambda context, builder, signature, args: builder.bitcast(args[0], IntType(64))


@intrinsic
def from_bits(context, n):
    """The number of these bits."""
    return float64(int64), lambda context, builder, signature, args: builder.bitcast(args[0], DoubleType())


@intrinsic
def signed(context, x, y):
    """x with the sign of y."""
    kind = FunctionType(DoubleType(), [DoubleType(), DoubleType()])
    return float64(float64, float64), lambda context, builder, signature, args: builder.call(
        builder.module.declare_intrinsic("llvm.copysign", [DoubleType()], kind), args)


@compiled
def scaled(x, n):
    """x*2**k, where the last bits of n are k: in two steps, each with a power that is no subnormal number."""
    half = (n << 51) & -0x10000000000000
    rest = ((n + 1) << 51) & -0x10000000000000
    return x*from_bits(half + 0x3ff0000000000000)*from_bits(rest + 0x3ff0000000000000)


@compiled
def exp_rest(r, low):
    """exp(r) - 1 - r for an r between -ln(2)/2 and ln(2)/2, with low added."""
    r2 = r*r
    r4 = r2*r2
    a = fma(r2, fma(r, 0.008333333333496194, 0.04166666666653039), fma(r, 0.1666666666666641, 0.5000000000000011))
    b = fma(r2, fma(r, 2.7557589400622235e-06, 2.4801493135998638e-05),
            fma(r, 0.00019841269502971057, 0.001388888894358296))
    return fma(r2, fma(r4, fma(r4, fma(r, 2.499916971291272e-08, 2.763023837417672e-07), b), a), low)


@compiled
def exp(x):
    """exp(x)"""
    c = -746.0 if x < -746.0 else x
    c = 710.0 if c > 710.0 else c
    t = fma(c, 1.4426950408889634, 6755399441055744.0)  # 1.5*2**52 rounds, and leaves what is whole in the last bits
    k = t - 6755399441055744.0
    r = fma(k, -5.497923018708371e-14, fma(k, -0.6931471805598903, c))  # ln 2 in two parts
    return scaled(1.0 + exp_rest(r, r), bits(t))


@compiled
def expm1_parts(x):
    """exp(x) - 1 as a number and what it lacks, halved so that neither overflows; x lies between -60 and 710."""
    n = fma(x, 1.4426950408889634, 6755399441055744.0)
    k = n - 6755399441055744.0
    t = fma(k, -0.6931471805598903, x)
    r = fma(k, -5.497923018708371e-14, t)
    c = exp_rest(r, fma(k, -5.497923018708371e-14, t - r))
    s = scaled(0.5, bits(n))
    m, n = s - 0.5, s*r
    p = m + n
    q = (m - (p - (p - m))) + (n - (p - m)) + s*c
    return p + q, p - (p + q) + q


@compiled
def tanh(x):
    """(1 - exp(-2*x))/(1 + exp(-2*x))"""
    a = abs(x)
    p, q = expm1_parts(-40.0 if a > 20.0 else -2.0*a)
    d = 1.0 + p
    low = 1.0 - d + p + q
    inverse = 1.0/d
    y = -p*inverse
    y = fma(fma(-y, d, -p) - fma(y, low, q), inverse, y)
    return x if a < 1e-9 else signed(y, x)


@compiled
def tanh_slope(x):
    """1 - tanh(x)**2, with its digits in both tails."""
    e = exp(-2.0*abs(x))
    return 4.0*e/((1.0 + e)*(1.0 + e))
