import numpy as np
sig = lambda a: 1/(1 + np.exp(-a))

def gru_forward(x, h, Wz, Uz, Wr, Ur, Wn, Un):
    z = sig(x @ Wz + h @ Uz)
    r = sig(x @ Wr + h @ Ur)
    rh = r*h
    n = np.tanh(x @ Wn + rh @ Un)
    hn = (1 - z)*n + z*h
    return hn, (x, h, Wz, Uz, Wr, Ur, Wn, Un, z, r, rh, n)

def gru_backward(dhn, cache):
    x, h, Wz, Uz, Wr, Ur, Wn, Un, z, r, rh, n = cache
    dz = dhn*(h - n)
    dn = dhn*(1 - z)
    dh = dhn*z
    dan = dn*(1 - n**2)
    dWn = x.T @ dan
    dUn = rh.T @ dan
    dx = dan @ Wn.T
    drh = dan @ Un.T
    dr = drh*h
    dh = dh + drh*r
    daz = dz*z*(1 - z)
    dar = dr*r*(1 - r)
    dWz, dUz = x.T @ daz, h.T @ daz
    dWr, dUr = x.T @ dar, h.T @ dar
    dx = dx + daz @ Wz.T + dar @ Wr.T
    dh = dh + daz @ Uz.T + dar @ Ur.T
    return dx, dh, dWz, dUz, dWr, dUr, dWn, dUn
