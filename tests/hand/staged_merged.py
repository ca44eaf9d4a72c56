from math import exp

def f_and_grad(x, y):
    sigy = 1/(1 + exp(-y))
    sigx = 1/(1 + exp(-x))
    num = x + sigy
    s = x + y
    den = sigx + s**2
    f = num/den

    dnum = 1/den
    dden = -num/den**2
    dx = dnum + dden*(sigx*(1 - sigx) + 2*s)
    dy = dnum*sigy*(1 - sigy) + dden*2*s
    return f, dx, dy
