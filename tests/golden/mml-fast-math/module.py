"""Forward and backward pass, compiled by gradc

    sqrt(x**2 + exp(x**2)) + cos(x**2 + exp(x**2))

Inputs: x (numbers).
Gradient with respect to: x.
Operations: value 6, value and gradient 13; together 2.17 times the value alone.
"""

from math import cos, exp, sin, sqrt


def forward(x):
    x = float(x)
    xsqr = x*x
    expxsqr = exp(xsqr)
    total = xsqr + expxsqr
    sqrttotal = sqrt(total)
    return sqrttotal + cos(total), (x, expxsqr, total, sqrttotal)


def backward(cache, df=1.0):
    x, expxsqr, total, sqrttotal = cache
    dtotal = (0.5/sqrttotal - sin(total))*df
    return {"x": 2.0*x*(dtotal + expxsqr*dtotal)}


def value_and_grad(x):
    xsqr = x*x
    expxsqr = exp(xsqr)
    total = xsqr + expxsqr
    sqrttotal = sqrt(total)
    dtotal = 0.5/sqrttotal - sin(total)
    return sqrttotal + cos(total), {"x": 2.0*x*(dtotal + expxsqr*dtotal)}
