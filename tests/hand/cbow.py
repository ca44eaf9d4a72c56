import numpy as np

def cbow(E, U, c, t):
    h = E[c].mean(axis=0)
    s = h @ U
    p = np.exp(s - s.max())
    p /= p.sum()
    loss = -np.log(p[t[0]])

    ds = p.copy()
    ds[t[0]] -= 1
    dU = np.outer(h, ds)
    dh = U @ ds
    dE = np.zeros_like(E)
    for idx in c:
        dE[idx] += dh / len(c)
    return loss, dE, dU
