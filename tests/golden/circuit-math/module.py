"""Forward and backward pass, compiled by gradc.

    2*(x*y + max(z, w))

Inputs: x, y, z, w (numbers).
Gradient with respect to: x, y, z, w.
Operations: forward 6, backward 7; together 2.17 times the forward pass alone.
"""

import math


def forward(x, y, z, w):
    x = float(x)
    y = float(y)
    z = float(z)
    w = float(w)
    xy = x*y  # (1)
    maxzw = z if z >= w or z != z else w  # (2)  at a tie the gradient goes to z
    total = xy + maxzw  # (3)
    f = 2*total  # (4)
    return f, (x, y, z, w)


def backward(cache, df=1.0):
    x, y, z, w = cache
    # f = 2*total  (4)
    dtotal = 2*df
    # total = xy + maxzw  (3)
    dxy = dtotal
    dmaxzw = dtotal
    # maxzw = z if z >= w or z != z else w  (2)
    dz = dmaxzw if z >= w else 0.0
    dw = dmaxzw if z < w else 0.0
    # xy = x*y  (1)
    dx = y*dxy
    dy = x*dxy
    return {"x": dx, "y": dy, "z": dz, "w": dw}


def value_and_grad(x, y, z, w):
    f, cache = forward(x, y, z, w)
    return f, backward(cache)
