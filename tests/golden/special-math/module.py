"""Forward and backward pass, compiled by gradc.

    erf(x)*erfc(y) + expm1(x)*log1p(y) + cbrt(x) + log2(y)*log10(y)

Inputs: x, y (numbers).
Gradient with respect to: x, y.
Operations: forward 13, backward 32; together 3.46 times the forward pass alone.
"""

import math


def forward(x, y):
    x = float(x)
    y = float(y)
    erfx = math.erf(x)  # (1)
    erfcy = math.erfc(y)  # (2)
    erfxerfcy = erfx*erfcy  # (3)
    expm1x = math.expm1(x)  # (4)
    log1py = math.log1p(y)  # (5)
    prod = expm1x*log1py  # (6)
    total = erfxerfcy + prod  # (7)
    cbrtx = math.cbrt(x)  # (8)
    total2 = total + cbrtx  # (9)
    log2y = math.log2(y)  # (10)
    log10y = math.log10(y)  # (11)
    prod2 = log2y*log10y  # (12)
    f = total2 + prod2  # (13)
    return f, (x, y, erfx, erfcy, expm1x, log1py, cbrtx, log2y, log10y)


def backward(cache, df=1.0):
    x, y, erfx, erfcy, expm1x, log1py, cbrtx, log2y, log10y = cache
    # f = total2 + prod2  (13)
    dtotal2 = df
    dprod2 = df
    # prod2 = log2y*log10y  (12)
    dlog2y = log10y*dprod2
    dlog10y = log2y*dprod2
    # log10y = math.log10(y)  (11)
    dy = 0.4342944819032518/y*dlog10y
    # log2y = math.log2(y)  (10)
    dy += 1/math.log(2)/y*dlog2y
    # total2 = total + cbrtx  (9)
    dtotal = dtotal2
    dcbrtx = dtotal2
    # cbrtx = math.cbrt(x)  (8)
    dx = dcbrtx/(3*cbrtx**2)
    # total = erfxerfcy + prod  (7)
    derfxerfcy = dtotal
    dprod = dtotal
    # prod = expm1x*log1py  (6)
    dexpm1x = log1py*dprod
    dlog1py = expm1x*dprod
    # log1py = math.log1p(y)  (5)
    dy += dlog1py/(1 + y)
    # expm1x = math.expm1(x)  (4)
    dx += math.exp(x)*dexpm1x
    # erfxerfcy = erfx*erfcy  (3)
    derfx = erfcy*derfxerfcy
    derfcy = erfx*derfxerfcy
    # erfcy = math.erfc(y)  (2)
    dy -= 2/math.sqrt(math.pi)*bell(y)*derfcy  # bell(u) is exp(-u**2)
    # erfx = math.erf(x)  (1)
    dx += 2/math.sqrt(math.pi)*bell(x)*derfx  # bell(u) is exp(-u**2)
    return {"x": dx, "y": dy}


def value_and_grad(x, y):
    f, cache = forward(x, y)
    return f, backward(cache)


def bell(x):
    """exp(-x**2); a product of floats is inf where a power would raise."""
    return math.exp(-(x*x))
