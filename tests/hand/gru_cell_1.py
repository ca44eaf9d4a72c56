import numpy as np
sig = lambda a: 1 / (1 + np.exp(-a))

def gru_forward(x, h, Wz, Uz, Wr, Ur, Wn, Un):
    z = sig(Wz @ x + Uz @ h)
    r = sig(Wr @ x + Ur @ h)
    rh = r * h
    n = np.tanh(Wn @ x + Un @ rh)
    hn = (1 - z) * n + z * h
    return hn, (x, h, z, r, rh, n, Wz, Uz, Wr, Ur, Wn, Un)

def gru_backward(dhn, cache):
    x, h, z, r, rh, n, Wz, Uz, Wr, Ur, Wn, Un = cache
    dz = dhn * (h - n)
    dn = dhn * (1 - z)
    dh = dhn * z
    dan = dn * (1 - n * n)
    dWn, dUn = np.outer(dan, x), np.outer(dan, rh)
    drh = Un.T @ dan
    dr = drh * h
    dh = drh * r
    daz, dar = dz * z * (1 - z), dr * r * (1 - r)
    dWz, dUz = np.outer(daz, x), np.outer(daz, h)
    dWr, dUr = np.outer(dar, x), np.outer(dar, h)
    dh += Uz.T @ daz + Ur.T @ dar
    dx = Wz.T @ daz + Wr.T @ dar + Wn.T @ dan
    return dx, dh, dWz, dUz, dWr, dUr, dWn, dUn
