"""Forward and backward pass, compiled by gradc.

    relu(x) + abs(y) + hypot(x, y) + sign(x)*min(x, y)

Inputs: x, y (numbers).
Gradient with respect to: x, y.
Operations: forward 15, backward 20; together 2.33 times the forward pass alone.
"""

import math


def forward(x, y):
    x = float(x)
    y = float(y)
    relux = 0.0 if x <= 0.0 else x  # (1)  the slope at 0 is 0
    absy = abs(y)  # (2)  the slope at 0 is 0
    reluxpabsy = relux + absy  # (3)
    hypxy = math.hypot(x, y)  # (4)  both slopes at the origin are 0
    total = reluxpabsy + hypxy  # (5)
    sgnx = sign(x)  # (6)
    minxy = x if x <= y or x != x else y  # (7)  at a tie the gradient goes to x
    sgnxminxy = sgnx*minxy  # (8)
    f = total + sgnxminxy  # (9)
    return f, (x, y, hypxy, sgnx)


def backward(cache, df=1.0):
    x, y, hypxy, sgnx = cache
    # f = total + sgnxminxy  (9)
    dtotal = df
    dsgnxminxy = df
    # sgnxminxy = sgnx*minxy  (8)
    dminxy = sgnx*dsgnxminxy
    # minxy = x if x <= y or x != x else y  (7)
    dx = dminxy if x <= y else 0.0
    dy = dminxy if x > y else 0.0
    # total = reluxpabsy + hypxy  (5)
    dreluxpabsy = dtotal
    dhypxy = dtotal
    # hypxy = math.hypot(x, y)  (4)
    safehypxy = (hypxy or 1.0)
    dx += x/safehypxy*dhypxy
    dy += y/safehypxy*dhypxy
    # reluxpabsy = relux + absy  (3)
    drelux = dreluxpabsy
    dabsy = dreluxpabsy
    # absy = abs(y)  (2)
    dy += sign(y)*dabsy
    # relux = 0.0 if x <= 0.0 else x  (1)
    dx += drelux if x > 0 else 0.0
    return {"x": dx, "y": dy}


def value_and_grad(x, y):
    f, cache = forward(x, y)
    return f, backward(cache)


def sign(x):
    """-1.0, 0.0 or 1.0, and nan of nan."""
    return x if x == 0.0 or x != x else math.copysign(1.0, x)
