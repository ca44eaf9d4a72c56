import numpy as np

def loss(X, h0, U, V, c, o):
    hs = [h0]
    for x in X:
        hs.append(np.tanh(np.dot(U, x) + np.dot(V, hs[-1]) + c))
    s = o @ hs[-1]
    return 0.5*s**2, (hs, s)

def grads(X, U, V, c, o, cache):
    hs, s = cache
    dU, dV, dc = np.zeros_like(U), np.zeros_like(V), np.zeros_like(c)
    do = s*hs[-1]
    dh = s*o
    for t in range(len(X) - 1, -1, -1):
        dz = dh*(1 - hs[t + 1]**2)
        dU += np.outer(dz, X[t])
        dV += np.outer(dz, hs[t + 1])
        dc += dz
        dh = V.T @ dz
    return dU, dV, dc, do, dh

def main(X, h0, U, V, c, o):
    L, cache = loss(X, h0, U, V, c, o)
    dU, dV, dc, do, dh0 = grads(X, U, V, c, o, cache)
    return L, dict(h0=dh0, U=dU, V=dV, c=dc, o=do)
