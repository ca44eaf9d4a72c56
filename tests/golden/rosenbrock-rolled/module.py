"""Forward and backward pass, compiled by gradc.

    f = 100*(x[1] - x[0]**2)**2 + (1 - x[0])**2 + 100*(x[2] - x[1]**2)**2 + (1 - x[1])**2 + 100*(x[3] - x[2]**2)**2 + (1 - x[2])**2 + 100*(x[4] - x[3]**2)**2 + (1 - x[3])**2 + 100*(x[5] - x[4]**2)**2 + (1 - x[4])**2 + 100*(x[6] - x[5]**2)**2 + (1 - x[5])**2 + 100*(x[7] - x[6]**2)**2 + (1 - x[6])**2 + 100*(x[8] - x[7]**2)**2 + (1 - x[7])**2 + 100*(x[9] - x[8]**2)**2 + (1 - x[8])**2 + 100*(x[10] - x[9]**2)**2 + (1 - x[9])**2 + 100*(x[11] - x[10]**2)**2 + (1 - x[10])**2 + 100*(x[12] - x[11]**2)**2 + (1 - x[11])**2 + 100*(x[13] - x[12]**2)**2 + (1 - x[12])**2 + 100*(x[14] - x[13]**2)**2 + (1 - x[13])**2 + 100*(x[15] - x[14]**2)**2 + (1 - x[14])**2 + 100*(x[16] - x[15]**2)**2 + (1 - x[15])**2 + 100*(x[17] - x[16]**2)**2 + (1 - x[16])**2 + 100*(x[18] - x[17]**2)**2 + (1 - x[17])**2 + 100*(x[19] - x[18]**2)**2 + (1 - x[18])**2 + 100*(x[20] - x[19]**2)**2 + (1 - x[19])**2 + 100*(x[21] - x[20]**2)**2 + (1 - x[20])**2 + 100*(x[22] - x[21]**2)**2 + (1 - x[21])**2 + 100*(x[23] - x[22]**2)**2 + (1 - x[22])**2 + 100*(x[24] - x[23]**2)**2 + (1 - x[23])**2 + 100*(x[25] - x[24]**2)**2 + (1 - x[24])**2 + 100*(x[26] - x[25]**2)**2 + (1 - x[25])**2 + 100*(x[27] - x[26]**2)**2 + (1 - x[26])**2 + 100*(x[28] - x[27]**2)**2 + (1 - x[27])**2 + 100*(x[29] - x[28]**2)**2 + (1 - x[28])**2 + 100*(x[30] - x[29]**2)**2 + (1 - x[29])**2 + 100*(x[31] - x[30]**2)**2 + (1 - x[30])**2 + 100*(x[32] - x[31]**2)**2 + (1 - x[31])**2 + 100*(x[33] - x[32]**2)**2 + (1 - x[32])**2

Inputs: x: (34,) (arrays).
Gradient with respect to: x.
Operations: forward 9, backward 12; together 2.33 times the forward pass alone.
"""

import numpy as np


def forward(x):
    x = as_array("x", x, 34)
    xsqr = x[:-1]**2  # (1)  xsqr: (33,)
    xmxsqr = x[1:] - xsqr  # (2)  xmxsqr: (33,)
    xmxsqrsqr = xmxsqr**2  # (3)  xmxsqrsqr: (33,)
    cxmxsqrsqr = 100*xmxsqrsqr  # (4)  cxmxsqrsqr: (33,)
    total = np.sum(cxmxsqrsqr)  # (5)
    onemx = 1 - x[:-1]  # (6)  onemx: (33,)
    onemxsqr = onemx**2  # (7)  onemxsqr: (33,)
    total2 = np.sum(onemxsqr)  # (8)
    f = total + total2  # (9)
    return f, (x, xmxsqr, onemx)


def backward(cache, df=1.0):
    x, xmxsqr, onemx = cache
    # f = total + total2  (9)
    dtotal = df
    dtotal2 = df
    # total2 = np.sum(onemxsqr)  (8)
    donemxsqr = dtotal2  # donemxsqr: () for each of (33,)
    # onemxsqr = onemx**2  (7)
    donemx = 2*onemx*donemxsqr  # donemx: (33,)
    # onemx = 1 - x[:-1]  (6)
    dx = np.zeros_like(x)
    dx[:-1] -= donemx
    # total = np.sum(cxmxsqrsqr)  (5)
    dcxmxsqrsqr = dtotal  # dcxmxsqrsqr: () for each of (33,)
    # cxmxsqrsqr = 100*xmxsqrsqr  (4)
    dxmxsqrsqr = 100*dcxmxsqrsqr  # dxmxsqrsqr: () for each of (33,)
    # xmxsqrsqr = xmxsqr**2  (3)
    dxmxsqr = 2*xmxsqr*dxmxsqrsqr  # dxmxsqr: (33,)
    # xmxsqr = x[1:] - xsqr  (2)
    dx[1:] += dxmxsqr
    dxsqr = -dxmxsqr  # dxsqr: (33,)
    # xsqr = x[:-1]**2  (1)
    dx[:-1] += 2*x[:-1]*dxsqr
    return {"x": dx}


def value_and_grad(x):
    f, cache = forward(x)
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
