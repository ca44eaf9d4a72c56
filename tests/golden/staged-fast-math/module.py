"""Forward and backward pass, compiled by gradc

    (x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)

Inputs: x, y (numbers).
Gradient with respect to: x, y.
Operations: value 23, value and gradient 33; together 1.43 times the value alone.
"""

from math import exp


def forward(x, y):
    x, y = float(x), float(y)
    e = exp(-y if y >= 0.0 else y)
    r = 1.0/(1.0 + e)
    e2 = exp(-x if x >= 0.0 else x)
    r2 = 1.0/(1.0 + e2)
    xpy = x + y
    den = (r2 if x >= 0.0 else e2*r2) + xpy*xpy
    f = (x + (r if y >= 0.0 else e*r))/den
    return f, (e, r, e2, r2, xpy, den, f)


def backward(cache, df=1.0):
    e, r, e2, r2, xpy, den, f = cache
    dnum = df/den
    mdden = f*dnum
    mdxpy = 2.0*xpy*mdden
    return {"x": dnum - mdxpy - e2*r2*r2*mdden, "y": e*r*r*dnum - mdxpy}


def value_and_grad(x, y):
    e = exp(-y if y >= 0.0 else y)
    r = 1.0/(1.0 + e)
    er = e*r
    e2 = exp(-x if x >= 0.0 else x)
    r2 = 1.0/(1.0 + e2)
    e2r2 = e2*r2
    xpy = x + y
    den = (r2 if x >= 0.0 else e2r2) + xpy*xpy
    f = (x + (r if y >= 0.0 else er))/den
    prod = 2.0*xpy*f
    return f, {"x": (1.0 - prod - e2r2*r2*f)/den, "y": (er*r - prod)/den}
