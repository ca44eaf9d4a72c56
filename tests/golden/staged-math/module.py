"""Forward and backward pass, compiled by gradc.

    (x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)

Inputs: x, y (numbers).
Gradient with respect to: x, y.
Operations: forward 24, backward 34; together 2.42 times the forward pass alone.
"""

import math


def forward(x, y):
    x = float(x)
    y = float(y)
    sigy = sigmoid(y)  # (1)
    num = x + sigy  # (2)
    sigx = sigmoid(x)  # (3)
    xpy = x + y  # (4)
    xpysqr = xpy**2  # (5)
    den = sigx + xpysqr  # (6)
    invden = 1/den  # (7)
    f = num*invden  # (8)
    return f, (x, y, sigy, num, sigx, xpy, invden)


def backward(cache, df=1.0):
    x, y, sigy, num, sigx, xpy, invden = cache
    # f = num*invden  (8)
    dnum = invden*df
    dinvden = num*df
    # invden = 1/den  (7)
    dden = -invden**2*dinvden
    # den = sigx + xpysqr  (6)
    dsigx = dden
    dxpysqr = dden
    # xpysqr = xpy**2  (5)
    dxpy = 2*xpy*dxpysqr
    # xpy = x + y  (4)
    dx = dxpy
    dy = dxpy
    # sigx = sigmoid(x)  (3)
    dx += sigx*sigmoid(-x)*dsigx  # sigmoid(-x) is 1 - sigx, with all its digits
    # num = x + sigy  (2)
    dx += dnum
    dsigy = dnum
    # sigy = sigmoid(y)  (1)
    dy += sigy*sigmoid(-y)*dsigy  # sigmoid(-y) is 1 - sigy, with all its digits
    return {"x": dx, "y": dy}


def value_and_grad(x, y):
    f, cache = forward(x, y)
    return f, backward(cache)


def sigmoid(x):
    """1/(1 + exp(-x)), with exp of numbers below 0 only, so that it cannot overflow."""
    if x >= 0.0:
        return 1.0/(1.0 + math.exp(-x))
    e = math.exp(x)
    return e/(1.0 + e)
