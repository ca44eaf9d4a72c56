"""Forward and backward pass, compiled by gradc

    x0*x1*x2*x3*x4*x5

Inputs: x0, x1, x2, x3, x4, x5 (numbers).
Gradient with respect to: x0, x1, x2, x3, x4, x5.
Operations: value 5, value and gradient 13; together 2.60 times the value alone.
"""


def forward(x0, x1, x2, x3, x4, x5):
    x0, x1, x2, x3, x4, x5 = float(x0), float(x1), float(x2), float(x3), float(x4), float(x5)
    x0x1 = x0*x1
    x0x1x2 = x0x1*x2
    x0x1x2x3 = x0x1x2*x3
    x0x1x2x3x4 = x0x1x2x3*x4
    return x0x1x2x3x4*x5, (x0, x1, x0x1, x2, x0x1x2, x3, x0x1x2x3, x4, x0x1x2x3x4, x5)


def backward(cache, df=1.0):
    x0, x1, x0x1, x2, x0x1x2, x3, x0x1x2x3, x4, x0x1x2x3x4, x5 = cache
    prod = x5*df
    dx0x1x2x3 = x4*prod
    dx0x1x2 = x3*dx0x1x2x3
    dx0x1 = x2*dx0x1x2
    return {
        "x0": x1*dx0x1, "x1": x0*dx0x1, "x2": x0x1*dx0x1x2, "x3": x0x1x2*dx0x1x2x3, "x4": x0x1x2x3*prod,
        "x5": x0x1x2x3x4*df,
    }


def value_and_grad(x0, x1, x2, x3, x4, x5):
    x0x1 = x0*x1
    x0x1x2 = x0x1*x2
    x0x1x2x3 = x0x1x2*x3
    x0x1x2x3x4 = x0x1x2x3*x4
    dx0x1x2x3 = x4*x5
    dx0x1x2 = x3*dx0x1x2x3
    dx0x1 = x2*dx0x1x2
    return x0x1x2x3x4*x5, {
        "x0": x1*dx0x1, "x1": x0*dx0x1, "x2": x0x1*dx0x1x2, "x3": x0x1x2*dx0x1x2x3, "x4": x0x1x2x3*x5,
        "x5": x0x1x2x3x4,
    }
