import numpy as np

def fwd(v, g, x):
    q = np.linalg.norm(v)
    w = g*v/q
    return w @ x, (v, g, x, q, w)

def bwd(dout, c):
    v, g, x, q, w = c
    dw = dout*x
    dx = dout*w
    dg = dw*v/q
    dq = -np.sum(dw*g*v)/q**2
    dv = dw*g/q + dq*v/q
    return dv, dg, dx
