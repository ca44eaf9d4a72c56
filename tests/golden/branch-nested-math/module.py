"""Forward and backward pass, compiled by gradc.

    where(x > y, sqrt(x - y), where(y > 2, log(y - 2), x*y))

Inputs: x, y (numbers).
Gradient with respect to: x, y.
Operations: forward 19, backward 28; together 2.47 times the forward pass alone.
"""

import math


def forward(x, y):
    x = float(x)
    y = float(y)
    if x > y:
        xmy = x - y  # (1)
        sqrtxmy = math.sqrt(xmy)  # (2)
    else:
        sqrtxmy = None
    if not x > y and y > 2:
        ym2 = y - 2  # (3)
        logym2 = math.log(ym2)  # (4)
    else:
        ym2 = None
    if not x > y and not y > 2:
        xy = x*y  # (5)
    if not x > y:
        sel = logym2 if y > 2 else xy  # (6)
    f = sqrtxmy if x > y else sel  # (7)
    return f, (x, y, sqrtxmy, ym2)


def backward(cache, df=1.0):
    x, y, sqrtxmy, ym2 = cache
    # f = sqrtxmy if x > y else sel  (7)
    dsqrtxmy = df if x > y else 0.0
    dsel = 0.0 if x > y else df
    if not x > y:
        # sel = logym2 if y > 2 else xy  (6)
        dlogym2 = dsel if y > 2 else 0.0
        dxy = 0.0 if y > 2 else dsel
    dx = 0.0
    dy = 0.0
    if not x > y and not y > 2:
        # xy = x*y  (5)
        dx += y*dxy
        dy += x*dxy
    if not x > y and y > 2:
        # logym2 = math.log(ym2)  (4)
        dym2 = dlogym2/ym2
        # ym2 = y - 2  (3)
        dy += dym2
    if x > y:
        # sqrtxmy = math.sqrt(xmy)  (2)
        dxmy = 0.5/sqrtxmy*dsqrtxmy
        # xmy = x - y  (1)
        dx += dxmy
        dy -= dxmy
    return {"x": dx, "y": dy}


def value_and_grad(x, y):
    f, cache = forward(x, y)
    return f, backward(cache)
