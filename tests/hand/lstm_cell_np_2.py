import numpy as np

def sigm(z):
    return 1.0/(1.0 + np.exp(-z))

def lstm_forward(x, h, c, W, b):
    H = h.shape[1]
    X = np.concatenate([x, h], axis=1)
    A = X.dot(W) + b
    ai, af, ao, ag = A[:, :H], A[:, H:2*H], A[:, 2*H:3*H], A[:, 3*H:]
    gi, gf, go, gg = sigm(ai), sigm(af), sigm(ao), np.tanh(ag)
    cn = gf*c + gi*gg
    tc = np.tanh(cn)
    hn = go*tc
    return hn, cn, (X, W, c, gi, gf, go, gg, tc, x.shape[1])

def lstm_backward(dhn, dcn, cache):
    X, W, c, gi, gf, go, gg, tc, D = cache
    dgo = dhn*tc
    dcn = dhn*go*(1 - tc**2)
    dgf = dcn*c
    dc = dcn*gf
    dgi = dcn*gg
    dgg = dcn*gi
    dA = np.hstack((dgi*gi*(1 - gi), dgf*gf*(1 - gf), dgo*go*(1 - go), dgg*(1 - gg**2)))
    dW = X.T.dot(dA)
    db = dA.sum(axis=0)
    dX = dA.dot(W.T)
    dx, dh = dX[:, :D], dX[:, D:]
    return dx, dh, dc, dW, db

def run(x, h, c, W, b):
    hn, cn, cache = lstm_forward(x, h, c, W, b)
    L = np.sum(hn**2) + np.sum(cn)
    return L, lstm_backward(2*hn, np.ones_like(cn), cache)
