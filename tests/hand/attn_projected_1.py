import numpy as np

def forward(x, Wq, Wk, Wv, Wo, M):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    preatt = q @ k.T / np.sqrt(k.shape[-1]) + M
    att = np.exp(preatt - preatt.max(-1, keepdims=True))
    att /= att.sum(-1, keepdims=True)
    y = att @ v
    return y @ Wo, (x, q, k, v, att, y, Wq, Wk, Wv, Wo)

def backward(dout, cache):
    x, q, k, v, att, y, Wq, Wk, Wv, Wo = cache
    hs = k.shape[-1]
    dWo = y.T @ dout
    dy = dout @ Wo.T
    datt = dy @ v.T
    dv = att.T @ dy
    dpreatt = att * (datt - np.sum(datt*att, axis=-1, keepdims=True))
    dpreatt = dpreatt / np.sqrt(hs)
    dq = dpreatt @ k
    dk = dpreatt.T @ q
    dx = dq @ Wq.T
    dx += dk @ Wk.T
    dx += dv @ Wv.T
    return dx, x.T @ dq, x.T @ dv, x.T @ dk, dWo
