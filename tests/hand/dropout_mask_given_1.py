import numpy as np
p = 0.8
def step(x, M, W):
    h = x*M/p
    out = h @ W
    L = (out**2).sum()
    dout = 2*out
    dW = h.T @ dout
    dh = dout @ W.T
    dx = dh*M
    return L, {'x': dx, 'W': dW}
