"""Forward and backward pass, compiled by gradc.

    log(1 + exp(u)) + log(1 + v) + (exp(v) - 1) + (1 - sigmoid(u)) + sqrt(u**2 + v**2)

Inputs: u, v (numbers).
Gradient with respect to: u, v.
Operations: forward 24, backward 24; together 2.00 times the forward pass alone.
"""

import math


def forward(u, v):
    u = float(u)
    v = float(v)
    spu = softplus(u)  # (1)  log(1 + exp(u)) as softplus(u), which cannot overflow
    log1pv = math.log1p(v)  # (2)  log(1 + u) as log1p(u), which keeps its digits near 0
    spuplog1pv = spu + log1pv  # (3)
    expm1v = math.expm1(v)  # (4)  exp(u) - 1 as expm1(u), which keeps its digits near 0
    total = spuplog1pv + expm1v  # (5)
    sigmu = sigmoid(-u)  # (6)  1 - sigmoid(u) as sigmoid(-u), which keeps its digits
    total2 = total + sigmu  # (7)
    hypuv = math.hypot(u, v)  # (8)  sqrt(a**2 + b**2), which could overflow; both slopes at the origin are 0
    f = total2 + hypuv  # (9)
    return f, (u, v, sigmu, hypuv)


def backward(cache, df=1.0):
    u, v, sigmu, hypuv = cache
    # f = total2 + hypuv  (9)
    dtotal2 = df
    dhypuv = df
    # hypuv = math.hypot(u, v)  (8)
    safehypuv = (hypuv or 1.0)
    du = u/safehypuv*dhypuv
    dv = v/safehypuv*dhypuv
    # total2 = total + sigmu  (7)
    dtotal = dtotal2
    dsigmu = dtotal2
    # sigmu = sigmoid(-u)  (6)
    sigu = sigmoid(u)  # sigmoid(u) is 1 - sigmu, with all its digits
    du -= sigmu*sigu*dsigmu
    # total = spuplog1pv + expm1v  (5)
    dspuplog1pv = dtotal
    dexpm1v = dtotal
    # expm1v = math.expm1(v)  (4)
    dv += math.exp(v)*dexpm1v
    # spuplog1pv = spu + log1pv  (3)
    dspu = dspuplog1pv
    dlog1pv = dspuplog1pv
    # log1pv = math.log1p(v)  (2)
    dv += dlog1pv/(1 + v)
    # spu = softplus(u)  (1)
    du += sigu*dspu
    return {"u": du, "v": dv}


def value_and_grad(u, v):
    f, cache = forward(u, v)
    return f, backward(cache)


def sigmoid(x):
    """1/(1 + exp(-x)), with exp of numbers below 0 only, so that it cannot overflow."""
    if x >= 0.0:
        return 1.0/(1.0 + math.exp(-x))
    e = math.exp(x)
    return e/(1.0 + e)


def softplus(x):
    """log(1 + exp(x)), with exp of numbers below 0 only, so that it cannot overflow."""
    return (x if x > 0.0 else 0.0) + math.log1p(math.exp(-abs(x)))
