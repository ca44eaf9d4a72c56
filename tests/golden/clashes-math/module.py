"""Forward and backward pass, compiled by gradc.

    math*exp(x) + dx*value*grads*out

Inputs: math, x, dx, value, grads, out (numbers).
Gradient with respect to: math, x, dx, value, grads, out.
Operations: forward 6, backward 9; together 2.50 times the forward pass alone.
"""

import math as math_


def forward(math, x, dx, value, grads, out):
    math = float(math)
    x = float(x)
    dx = float(dx)
    value = float(value)
    grads = float(grads)
    out = float(out)
    expx = math_.exp(x)  # (1)
    mathexpx = math*expx  # (2)
    dxvalue = dx*value  # (3)
    prod = dxvalue*grads  # (4)
    prodout = prod*out  # (5)
    f = mathexpx + prodout  # (6)
    return f, (math, dx, value, grads, out, expx, dxvalue, prod)


def backward(cache, df=1.0):
    math, dx, value, grads, out, expx, dxvalue, prod = cache
    # f = mathexpx + prodout  (6)
    dmathexpx = df
    dprodout = df
    # prodout = prod*out  (5)
    dprod = out*dprodout
    dout = prod*dprodout
    # prod = dxvalue*grads  (4)
    ddxvalue = grads*dprod
    dgrads = dxvalue*dprod
    # dxvalue = dx*value  (3)
    ddx = value*ddxvalue
    dvalue = dx*ddxvalue
    # mathexpx = math*expx  (2)
    dmath = expx*dmathexpx
    dexpx = math*dmathexpx
    # expx = math_.exp(x)  (1)
    dx_ = expx*dexpx
    return {"math": dmath, "x": dx_, "dx": ddx, "value": dvalue, "grads": dgrads, "out": dout}


def value_and_grad(math, x, dx, value, grads, out):
    f, cache = forward(math, x, dx, value, grads, out)
    return f, backward(cache)
