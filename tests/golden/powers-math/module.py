"""Forward and backward pass, compiled by gradc.

    x**3 + x**-2 + x**0.5 + x**y + 2**y + sqrt(x)

Inputs: x, y (numbers).
Gradient with respect to: x, y.
Operations: forward 10, backward 22; together 3.20 times the forward pass alone.
"""

import math


def forward(x, y):
    x = float(x)
    y = float(y)
    xpow = x**3  # (1)
    xpow2 = x**-2  # (2)
    xpowpxpow2 = xpow + xpow2  # (3)
    sqrtx = math.sqrt(x)  # (4)
    total = xpowpxpow2 + sqrtx  # (5)
    xpowy = math.pow(x, y)  # (6)
    total2 = total + xpowy  # (7)
    twopowy = math.pow(2, y)  # (8)
    total3 = total2 + twopowy  # (9)
    f = total3 + sqrtx  # (10)
    return f, (x, y, sqrtx, xpowy, twopowy)


def backward(cache, df=1.0):
    x, y, sqrtx, xpowy, twopowy = cache
    # f = total3 + sqrtx  (10)
    dtotal3 = df
    dsqrtx = df
    # total3 = total2 + twopowy  (9)
    dtotal2 = dtotal3
    dtwopowy = dtotal3
    # twopowy = math.pow(2, y)  (8)
    dy = twopowy*math.log(2)*dtwopowy
    # total2 = total + xpowy  (7)
    dtotal = dtotal2
    dxpowy = dtotal2
    # xpowy = math.pow(x, y)  (6)
    dx = y*math.pow(x, ((y or 1.0)) - 1)*dxpowy
    dy += xpowy*math.log((x or 1.0))*dxpowy
    # total = xpowpxpow2 + sqrtx  (5)
    dxpowpxpow2 = dtotal
    dsqrtx += dtotal
    # sqrtx = math.sqrt(x)  (4)
    dx += 0.5/sqrtx*dsqrtx
    # xpowpxpow2 = xpow + xpow2  (3)
    dxpow = dxpowpxpow2
    dxpow2 = dxpowpxpow2
    # xpow2 = x**-2  (2)
    dx -= 2*x**-3*dxpow2
    # xpow = x**3  (1)
    dx += 3*x**2*dxpow
    return {"x": dx, "y": dy}


def value_and_grad(x, y):
    f, cache = forward(x, y)
    return f, backward(cache)
