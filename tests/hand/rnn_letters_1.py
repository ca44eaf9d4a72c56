import numpy as np
def f(x, h, A, B, c):
    T = x.shape[0]
    p = {-1: h}
    for t in range(T):
        p[t] = np.tanh(A.dot(p[t-1]) + B.dot(x[t]) + c)
    L = p[T-1].sum()
    dA, dB, dc = np.zeros(A.shape), np.zeros(B.shape), np.zeros(c.shape)
    dx = np.zeros(x.shape)
    g = np.ones_like(h)
    for t in reversed(range(T)):
        k = g*(1 - p[t]*p[t])
        dc += k
        dA += k[:, None]*p[t][None, :]
        dB += k[:, None]*x[t][None, :]
        dx[t] = B.T.dot(k)
        g = A.T.dot(k)
    dh = g
    return L, dx, dh, dA, dB, dc
