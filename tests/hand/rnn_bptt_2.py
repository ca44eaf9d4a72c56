import numpy as np

def rnn(X, h0, Wx, Wh, b):
    T = X.shape[0]
    hs = {-1: h0}
    loss = 0
    for t in range(T):
        hs[t] = np.tanh(X[t] @ Wx + hs[t-1] @ Wh + b)
        loss += np.sum(hs[t]**2)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dX = np.zeros_like(X)
    dhnext = np.zeros_like(h0)
    for t in reversed(range(T)):
        dh = 2*hs[t] + dhnext
        draw = (1 - hs[t]**2) * dh
        db += draw
        dWx += np.outer(X[t], draw)
        dWh += np.outer(hs[t-1], draw)
        dX[t] = Wx @ draw
        dhnext = Wh.T @ draw
    dh0 = dhnext
    return loss, dX, dh0, dWx, dWh, db
