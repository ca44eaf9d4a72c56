import numpy as np

def sigmoid(v):
    return 1 / (1 + np.exp(-v))

def run(x, h0, c0, Wx, Wh, b):
    T, D = x.shape
    H = h0.shape[0]
    hs, cs = {-1: h0}, {-1: c0}
    gates = {}
    for t in range(T):
        z = x[t] @ Wx + hs[t-1] @ Wh + b
        i = sigmoid(z[:H])
        f = sigmoid(z[H:2*H])
        o = sigmoid(z[2*H:3*H])
        g = np.tanh(z[3*H:])
        cs[t] = f * cs[t-1] + i * g
        hs[t] = o * np.tanh(cs[t])
        gates[t] = (i, f, o, g)
    loss = np.sum(hs[T-1] ** 2)

    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros_like(b)
    dh = 2 * hs[T-1]
    dc = np.zeros(H)
    for t in range(T-1, -1, -1):
        i, f, o, g = gates[t]
        tc = np.tanh(cs[t])
        do = dh * tc
        dc = dc + dh * o * (1 - tc ** 2)
        df = dc * cs[t-1]
        di = dc * g
        dg = dc * i
        dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g) * g])
        dx[t] = dz @ Wx.T
        dWx += np.outer(x[t], dz)
        dWh += np.outer(hs[t-1], dz)
        db = dz
        dh = dz @ Wh.T
        dc = dc * f
    return loss, dx, dh, dc, dWx, dWh, db
