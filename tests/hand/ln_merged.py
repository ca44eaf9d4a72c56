import numpy as np

def forward(x, g, b):
    mu = x.mean(1, keepdims=True)
    xc = x - mu
    r = 1.0 / np.sqrt((xc ** 2).mean(1, keepdims=True) + 1e-5)
    n = xc * r
    return n * g + b, (n, r, g)

def backward(dout, cache):
    n, r, g = cache
    dg, db, dn = (dout * n).sum(0), dout.sum(0), dout * g
    dx = r * (dn - dn.mean(1, keepdims=True) - n * (dn * n).mean(1, keepdims=True))
    return dx, dg, db
