"""Forward and backward pass, compiled by gradc.

    x*log(x) if x > 0 else y*x**2

Inputs: x, y (numbers).
Gradient with respect to: x, y.
Operations: forward 8, backward 17; together 3.12 times the forward pass alone.
"""

import math


def forward(x, y):
    x = float(x)
    y = float(y)
    if x > 0:
        logx = math.log(x)  # (1)
        xlogx = x*logx  # (2)
        xsqr = None
    else:
        xsqr = x**2  # (3)
        yxsqr = y*xsqr  # (4)
        logx = None
    f = xlogx if x > 0 else yxsqr  # (5)
    return f, (x, y, logx, xsqr)


def backward(cache, df=1.0):
    x, y, logx, xsqr = cache
    # f = xlogx if x > 0 else yxsqr  (5)
    dxlogx = df if x > 0 else 0.0
    dyxsqr = 0.0 if x > 0 else df
    dy = 0.0
    dx = 0.0
    if not x > 0:
        # yxsqr = y*xsqr  (4)
        dy += xsqr*dyxsqr
        dxsqr = y*dyxsqr
        # xsqr = x**2  (3)
        dx += 2*x*dxsqr
    else:
        # xlogx = x*logx  (2)
        dx += logx*dxlogx
        dlogx = x*dxlogx
        # logx = math.log(x)  (1)
        dx += dlogx/x
    return {"x": dx, "y": dy}


def value_and_grad(x, y):
    f, cache = forward(x, y)
    return f, backward(cache)
