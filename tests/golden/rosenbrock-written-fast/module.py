"""Forward and backward pass, compiled by gradc.

    100*(x[1] - x[0]**2)**2 + (1 - x[0])**2 + 100*(x[2] - x[1]**2)**2 + (1 - x[1])**2 + 100*(x[3] - x[2]**2)**2 + (1 - x[2])**2 + 100*(x[4] - x[3]**2)**2 + (1 - x[3])**2 + 100*(x[5] - x[4]**2)**2 + (1 - x[4])**2 + 100*(x[6] - x[5]**2)**2 + (1 - x[5])**2 + 100*(x[7] - x[6]**2)**2 + (1 - x[6])**2 + 100*(x[8] - x[7]**2)**2 + (1 - x[7])**2 + 100*(x[9] - x[8]**2)**2 + (1 - x[8])**2 + 100*(x[10] - x[9]**2)**2 + (1 - x[9])**2 + 100*(x[11] - x[10]**2)**2 + (1 - x[10])**2 + 100*(x[12] - x[11]**2)**2 + (1 - x[11])**2 + 100*(x[13] - x[12]**2)**2 + (1 - x[12])**2 + 100*(x[14] - x[13]**2)**2 + (1 - x[13])**2 + 100*(x[15] - x[14]**2)**2 + (1 - x[14])**2 + 100*(x[16] - x[15]**2)**2 + (1 - x[15])**2 + 100*(x[17] - x[16]**2)**2 + (1 - x[16])**2 + 100*(x[18] - x[17]**2)**2 + (1 - x[17])**2 + 100*(x[19] - x[18]**2)**2 + (1 - x[18])**2 + 100*(x[20] - x[19]**2)**2 + (1 - x[19])**2 + 100*(x[21] - x[20]**2)**2 + (1 - x[20])**2 + 100*(x[22] - x[21]**2)**2 + (1 - x[21])**2 + 100*(x[23] - x[22]**2)**2 + (1 - x[22])**2 + 100*(x[24] - x[23]**2)**2 + (1 - x[23])**2 + 100*(x[25] - x[24]**2)**2 + (1 - x[24])**2 + 100*(x[26] - x[25]**2)**2 + (1 - x[25])**2 + 100*(x[27] - x[26]**2)**2 + (1 - x[26])**2 + 100*(x[28] - x[27]**2)**2 + (1 - x[27])**2 + 100*(x[29] - x[28]**2)**2 + (1 - x[28])**2 + 100*(x[30] - x[29]**2)**2 + (1 - x[29])**2 + 100*(x[31] - x[30]**2)**2 + (1 - x[30])**2 + 100*(x[32] - x[31]**2)**2 + (1 - x[31])**2 + 100*(x[33] - x[32]**2)**2 + (1 - x[32])**2 + 100*(x[34] - x[33]**2)**2 + (1 - x[33])**2 + 100*(x[35] - x[34]**2)**2 + (1 - x[34])**2 + 100*(x[36] - x[35]**2)**2 + (1 - x[35])**2 + 100*(x[37] - x[36]**2)**2 + (1 - x[36])**2 + 100*(x[38] - x[37]**2)**2 + (1 - x[37])**2 + 100*(x[39] - x[38]**2)**2 + (1 - x[38])**2 + 100*(x[40] - x[39]**2)**2 + (1 - x[39])**2 + 100*(x[41] - x[40]**2)**2 + (1 - x[40])**2 + 100*(x[42] - x[41]**2)**2 + (1 - x[41])**2 + 100*(x[43] - x[42]**2)**2 + (1 - x[42])**2 + 100*(x[44] - x[43]**2)**2 + (1 - x[43])**2 + 100*(x[45] - x[44]**2)**2 + (1 - x[44])**2 + 100*(x[46] - x[45]**2)**2 + (1 - x[45])**2 + 100*(x[47] - x[46]**2)**2 + (1 - x[46])**2 + 100*(x[48] - x[47]**2)**2 + (1 - x[47])**2 + 100*(x[49] - x[48]**2)**2 + (1 - x[48])**2 + 100*(x[50] - x[49]**2)**2 + (1 - x[49])**2 + 100*(x[51] - x[50]**2)**2 + (1 - x[50])**2 + 100*(x[52] - x[51]**2)**2 + (1 - x[51])**2 + 100*(x[53] - x[52]**2)**2 + (1 - x[52])**2 + 100*(x[54] - x[53]**2)**2 + (1 - x[53])**2 + 100*(x[55] - x[54]**2)**2 + (1 - x[54])**2 + 100*(x[56] - x[55]**2)**2 + (1 - x[55])**2 + 100*(x[57] - x[56]**2)**2 + (1 - x[56])**2 + 100*(x[58] - x[57]**2)**2 + (1 - x[57])**2 + 100*(x[59] - x[58]**2)**2 + (1 - x[58])**2 + 100*(x[60] - x[59]**2)**2 + (1 - x[59])**2 + 100*(x[61] - x[60]**2)**2 + (1 - x[60])**2

Inputs: x: (62,) (arrays).
Gradient with respect to: x.
Operations: forward 9, backward 12; together 2.33 times the forward pass alone.
"""

import numpy as np


def forward(x):
    x = as_array("x", x, 62)
    xsqr = x[:-1]**2  # (1)  xsqr: (61,)
    xmxsqr = x[1:] - xsqr  # (2)  xmxsqr: (61,)
    xmxsqrsqr = xmxsqr**2  # (3)  xmxsqrsqr: (61,)
    cxmxsqrsqr = 100*xmxsqrsqr  # (4)  cxmxsqrsqr: (61,)
    total = np.sum(cxmxsqrsqr)  # (5)
    onemx = 1 - x[:-1]  # (6)  onemx: (61,)
    onemxsqr = onemx**2  # (7)  onemxsqr: (61,)
    total2 = np.sum(onemxsqr)  # (8)
    f = total + total2  # (9)
    return f, (x, xmxsqr, onemx)


def backward(cache, df=1.0):
    x, xmxsqr, onemx = cache
    # f = total + total2  (9)
    dtotal = df
    dtotal2 = df
    # total2 = np.sum(onemxsqr)  (8)
    donemxsqr = dtotal2  # donemxsqr: () for each of (61,)
    # onemxsqr = onemx**2  (7)
    donemx = 2*onemx*donemxsqr  # donemx: (61,)
    # onemx = 1 - x[:-1]  (6)
    dx = np.zeros_like(x)
    dx[:-1] -= donemx
    # total = np.sum(cxmxsqrsqr)  (5)
    dcxmxsqrsqr = dtotal  # dcxmxsqrsqr: () for each of (61,)
    # cxmxsqrsqr = 100*xmxsqrsqr  (4)
    dxmxsqrsqr = 100*dcxmxsqrsqr  # dxmxsqrsqr: () for each of (61,)
    # xmxsqrsqr = xmxsqr**2  (3)
    dxmxsqr = 2*xmxsqr*dxmxsqrsqr  # dxmxsqr: (61,)
    # xmxsqr = x[1:] - xsqr  (2)
    dx[1:] += dxmxsqr
    dxsqr = -dxmxsqr  # dxsqr: (61,)
    # xsqr = x[:-1]**2  (1)
    dx[:-1] += 2*x[:-1]*dxsqr
    return {"x": dx}


def both_passes(x):
    """The two passes one after the other: for floats of any kind, and results as NumPy has them."""
    f, cache = forward(x)
    return f, backward(cache)


# NumPy's functions by name, and numbers as it takes them unconverted: both save time in every call.
subtract, dot, ndarray, float64 = np.subtract, np.dot, np.ndarray, np.dtype(float)
c200, c1, c = np.array(200.0), np.array(1.0), np.array(-2.0)


def value_and_grad(x):
    if not (type(x) is ndarray and x.dtype is float64 and x.shape == (62,)):
        return both_passes(x)
    x_ = x[:-1]  # x_: (61,)
    x_x_ = x_*x_  # x_x_: (61,)
    subtract(x[1:], x_x_, x_x_)
    x_x_x_x_ = float(dot(x_x_, x_x_))
    x_x_ *= c200
    onemx_ = c1 - x_  # onemx_: (61,)
    prod = float(dot(onemx_, onemx_))
    f = 100.0*x_x_x_x_ + prod
    x_x_x_ = x_*x_x_  # x_x_x_: (61,)
    onemx_ += x_x_x_
    onemx_ *= c
    dx = np.zeros((62,))
    dx[:-1] = onemx_
    dx[1:] += x_x_  # dx: (62,)
    return f, {"x": dx}


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)
