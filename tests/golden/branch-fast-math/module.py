"""Forward and backward pass, compiled by gradc

    x*log(x) if x > 0 else y*x**2

Inputs: x, y (numbers).
Gradient with respect to: x, y.
Operations: value 6, value and gradient 9; together 1.50 times the value alone.
"""

from math import log


def forward(x, y):
    x, y = float(x), float(y)
    logx = xsqr = None
    if x > 0.0:
        logx = log(x)
        f = x*logx
    else:
        xsqr = x*x
        f = y*xsqr
    return f, (x, logx, y, xsqr)


def backward(cache, df=1.0):
    x, logx, y, xsqr = cache
    return {"x": logx*df + df if x > 0.0 else 2.0*x*(y*df), "y": 0.0 if x > 0.0 else xsqr*df}


def value_and_grad(x, y):
    if x > 0.0:
        logx = log(x)
        f = x*logx
        dy = 0.0
        dx = logx + 1.0
    else:
        xsqr = x*x
        f = y*xsqr
        dy = xsqr
        dx = 2.0*x*y
    return f, {"x": dx, "y": dy}
