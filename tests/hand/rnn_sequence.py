import numpy as np

def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    prev = h0
    for t in range(T):
        prev = np.tanh(x[:, t, :] @ Wx + prev @ Wh + b)
        h[:, t, :] = prev
    return h, (x, h0, Wx, Wh, b, h)

def rnn_backward(dh, cache):
    x, h0, Wx, Wh, b, h = cache
    N, T, D = x.shape
    dx = np.zeros_like(x)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dprev = np.zeros_like(h0)
    for t in reversed(range(T)):
        dcur = dh[:, t, :] + dprev
        da = dcur*(1 - h[:, t, :]**2)
        before = h[:, t - 1, :] if t > 0 else h0
        dx[:, t, :] = da @ Wx.T
        dWx += x[:, t, :].T @ da
        dWh += before.T @ da
        db += da.sum(axis=0)
        dprev = da @ Wh.T
    dh0 = dprev
    return dx, dh0, dWx, dWh, db
