"""Forward and backward pass, compiled by gradc

    x**2 + x**3 + x**4 + x**7 + x**-3

Inputs: x (numbers).
Gradient with respect to: x.
Operations: value 9, value and gradient 18; together 2.00 times the value alone.
"""


def forward(x):
    x = float(x)
    xsqr = x*x
    xxsqr = x*xsqr
    xsqrsqr = xsqr*xsqr
    return xsqr + xxsqr + xsqrsqr + xxsqr*xsqrsqr + 1.0/xxsqr, (x, xsqr, xsqrsqr)


def backward(cache, df=1.0):
    x, xsqr, xsqrsqr = cache
    diff = (7.0*xsqrsqr + 4.0*x + 3.0)*xsqr - 3.0/xsqrsqr
    return {"x": (diff + 2.0*x)*df}


def value_and_grad(x):
    xsqr = x*x
    xxsqr = x*xsqr
    xsqrsqr = xsqr*xsqr
    diff = (7.0*xsqrsqr + 4.0*x + 3.0)*xsqr - 3.0/xsqrsqr
    return xsqr + xxsqr + xsqrsqr + xxsqr*xsqrsqr + 1.0/xxsqr, {"x": diff + 2.0*x}
