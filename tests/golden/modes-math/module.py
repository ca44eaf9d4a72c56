"""Forward and backward pass, compiled by gradc.

    (x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)

Inputs: x, y (numbers).
Gradient with respect to: x, y.
Operations: forward 14, backward 16; together 2.14 times the forward pass alone.
"""

import math


def forward(x, y):
    x = float(x)
    y = float(y)
    sigy = 1/(1 + math.exp(-y))  # (1)
    num = x + sigy  # (2)
    sigx = 1/(1 + math.exp(-x))  # (3)
    xpy = x + y  # (4)
    xpysqr = xpy**2  # (5)
    den = sigx + xpysqr  # (6)
    invden = 1/den  # (7)
    f = num*invden  # (8)
    return f, (sigy, num, sigx, xpy, invden)


def backward(cache, df=1.0):
    sigy, num, sigx, xpy, invden = cache
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
    # sigx = 1/(1 + math.exp(-x))  (3)
    dx += (1 - sigx)*sigx*dsigx
    # num = x + sigy  (2)
    dx += dnum
    dsigy = dnum
    # sigy = 1/(1 + math.exp(-y))  (1)
    dy += (1 - sigy)*sigy*dsigy
    return {"x": dx, "y": dy}


def value_and_grad(x, y):
    f, cache = forward(x, y)
    return f, backward(cache)


def jvp(x, y, x_dot, y_dot):
    x = float(x)
    y = float(y)
    x_dot = float(x_dot)
    y_dot = float(y_dot)
    sigy = 1/(1 + math.exp(-y))  # (1)
    sigy_dot = (1 - sigy)*sigy*y_dot
    num = x + sigy  # (2)
    num_dot = x_dot + sigy_dot
    sigx = 1/(1 + math.exp(-x))  # (3)
    sigx_dot = (1 - sigx)*sigx*x_dot
    xpy = x + y  # (4)
    xpy_dot = x_dot + y_dot
    xpysqr = xpy**2  # (5)
    xpysqr_dot = 2*xpy*xpy_dot
    den = sigx + xpysqr  # (6)
    den_dot = sigx_dot + xpysqr_dot
    invden = 1/den  # (7)
    invden_dot = -invden**2*den_dot
    f = num*invden  # (8)
    f_dot = num_dot*invden + num*invden_dot
    return f, f_dot


def hvp(x, y, x_dot, y_dot, df=1.0):
    x = float(x)
    y = float(y)
    x_dot = float(x_dot)
    y_dot = float(y_dot)
    sigy = 1/(1 + math.exp(-y))  # (1)
    diff = 1 - sigy
    prod = diff*sigy
    sigy_dot = prod*y_dot
    num = x + sigy  # (2)
    num_dot = x_dot + sigy_dot
    sigx = 1/(1 + math.exp(-x))  # (3)
    diff2 = 1 - sigx
    prod2 = diff2*sigx
    sigx_dot = prod2*x_dot
    xpy = x + y  # (4)
    xpy_dot = x_dot + y_dot
    xpysqr = xpy**2  # (5)
    xpysqr_dot = 2*xpy*xpy_dot
    den = sigx + xpysqr  # (6)
    den_dot = sigx_dot + xpysqr_dot
    invden = 1/den  # (7)
    invden_dot = -invden**2*den_dot
    f = num*invden  # (8)
    # f = num*invden  (8)
    dnum = invden*df
    dnum_dot = invden_dot*df
    dinvden = num*df
    dinvden_dot = num_dot*df
    # invden = 1/den  (7)
    dden = -invden**2*dinvden
    dden_dot = -(2*invden*invden_dot*dinvden + invden**2*dinvden_dot)
    # den = sigx + xpysqr  (6)
    dsigx = dden
    dsigx_dot = dden_dot
    dxpysqr = dden
    dxpysqr_dot = dden_dot
    # xpysqr = xpy**2  (5)
    dxpy = 2*xpy*dxpysqr
    dxpy_dot = 2*xpy_dot*dxpysqr + 2*xpy*dxpysqr_dot
    # xpy = x + y  (4)
    dx = dxpy
    dx_dot = dxpy_dot
    dy = dxpy
    dy_dot = dxpy_dot
    # sigx = 1/(1 + math.exp(-x))  (3)
    dx += prod2*dsigx
    dx_dot += (diff2*sigx_dot - sigx_dot*sigx)*dsigx + prod2*dsigx_dot
    # num = x + sigy  (2)
    dx += dnum
    dx_dot += dnum_dot
    dsigy = dnum
    dsigy_dot = dnum_dot
    # sigy = 1/(1 + math.exp(-y))  (1)
    dy += prod*dsigy
    dy_dot += (diff*sigy_dot - sigy_dot*sigy)*dsigy + prod*dsigy_dot
    return f, {"x": dx, "y": dy}, {"x": dx_dot, "y": dy_dot}


def jacobian(x, y):
    x = float(x)
    y = float(y)
    sigy = 1/(1 + math.exp(-y))  # (1)
    num = x + sigy  # (2)
    sigx = 1/(1 + math.exp(-x))  # (3)
    xpy = x + y  # (4)
    xpysqr = xpy**2  # (5)
    den = sigx + xpysqr  # (6)
    invden = 1/den  # (7)
    f = num*invden  # (8)
    # xpysqr = xpy**2  (5)
    xpysqr_x = 2*xpy
    # sigx = 1/(1 + math.exp(-x))  (3)
    sigx_x = (1 - sigx)*sigx
    # sigy = 1/(1 + math.exp(-y))  (1)
    sigy_y = (1 - sigy)*sigy
    # den = sigx + xpysqr  (6)
    den_x = sigx_x + xpysqr_x
    # invden = 1/den  (7)
    minvden_x = invden**2*den_x
    minvden_y = invden**2*xpysqr_x
    # f = num*invden  (8)
    f_x = invden - num*minvden_x
    f_y = sigy_y*invden - num*minvden_y
    return f, {"f": {"x": f_x, "y": f_y}}


HESSIAN_PATTERN = ((0, 0), (0, 1), (1, 1))


def hessian(x, y):
    x = float(x)
    y = float(y)
    sigy = 1/(1 + math.exp(-y))  # (1)
    num = x + sigy  # (2)
    sigx = 1/(1 + math.exp(-x))  # (3)
    xpy = x + y  # (4)
    xpysqr = xpy**2  # (5)
    den = sigx + xpysqr  # (6)
    invden = 1/den  # (7)
    f = num*invden  # (8)
    # xpysqr = xpy**2  (5)
    xpysqr_x = 2*xpy
    diff = 1 - sigx
    # sigx = 1/(1 + math.exp(-x))  (3)
    sigx_x = diff*sigx
    diff2 = 1 - sigy
    # sigy = 1/(1 + math.exp(-y))  (1)
    sigy_y = diff2*sigy
    # den = sigx + xpysqr  (6)
    mdden = invden**2*num
    # xpy = x + y  (4)
    mdxpy = xpysqr_x*mdden
    dx = -mdxpy - sigx_x*mdden + invden
    dy = sigy_y*invden - mdxpy
    # den = sigx + xpysqr  (6)
    den_x = sigx_x + xpysqr_x
    # num = x + sigy  (2)
    mdnum_x = invden**2*den_x
    mdnum_y = invden**2*xpysqr_x
    msqr_x = 2*invden*mdnum_x
    msqr_y = 2*invden*mdnum_y
    prod_x = diff*sigx_x - sigx_x*sigx
    prod_y = diff2*sigy_y - sigy_y*sigy
    prod_x2 = invden**2 - msqr_x*num
    prod_y2 = invden**2*sigy_y - msqr_y*num
    prod_x3 = 2.0*mdden + xpysqr_x*prod_x2
    prod_y3 = 2.0*mdden + xpysqr_x*prod_y2
    prod_x4 = prod_x*mdden + sigx_x*prod_x2
    mprod_x = sigy_y*mdnum_x
    prod_y4 = prod_y*invden - sigy_y*mdnum_y
    diff_x = -prod_x3 - prod_x4
    dx_x = diff_x - mdnum_x
    dy_x = -mprod_x - prod_x3
    dy_y = prod_y4 - prod_y3
    return f, {"x": dx, "y": dy}, {("x", "x"): dx_x, ("x", "y"): dy_x, ("y", "y"): dy_y}
