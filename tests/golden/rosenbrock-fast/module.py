"""Forward and backward pass, compiled by gradc

    100*(x1 - x0**2)**2 + (1 - x0)**2 + 100*(x2 - x1**2)**2 + (1 - x1)**2

Inputs: x1, x0, x2 (numbers).
Gradient with respect to: x1, x0, x2.
Operations: value 15, value and gradient 24; together 1.60 times the value alone.
"""


def forward(x1, x0, x2):
    x1, x0, x2 = float(x1), float(x0), float(x2)
    diff = x1 - x0*x0
    onemx0 = 1.0 - x0
    diff2 = x2 - x1*x1
    total = 100.0*diff*diff + onemx0*onemx0 + 100.0*diff2*diff2
    onemx1 = 1.0 - x1
    return total + onemx1*onemx1, (x1, x0, diff, onemx0, diff2, onemx1)


def backward(cache, df=1.0):
    x1, x0, diff, onemx0, diff2, onemx1 = cache
    dx2 = 200.0*diff2*df
    ddiff = 200.0*diff*df
    return {"x1": ddiff - 2.0*(onemx1*df + x1*dx2), "x0": -2.0*(onemx0*df + x0*ddiff), "x2": dx2}


def value_and_grad(x1, x0, x2):
    diff = x1 - x0*x0
    onemx0 = 1.0 - x0
    diff2 = x2 - x1*x1
    total = 100.0*diff*diff + onemx0*onemx0 + 100.0*diff2*diff2
    onemx1 = 1.0 - x1
    dx2 = 200.0*diff2
    ddiff = 200.0*diff
    return total + onemx1*onemx1, {"x1": ddiff - 2.0*(onemx1 + x1*dx2), "x0": -2.0*(onemx0 + x0*ddiff), "x2": dx2}
