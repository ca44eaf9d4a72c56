import numpy as np

def hinge(W, b, X, y, reg):
    N = X.shape[0]
    idx = np.arange(N)
    S = np.matmul(X, W) + b
    H = S - S[idx, y][:, None] + 1.0
    H = np.where(H > 0, H, 0.0)
    loss = (H.sum() - N) / N + 0.5 * reg * np.sum(np.square(W))

    active = np.where(H > 0, 1.0, 0.0)
    active[idx, y] = 0.0
    dS = active / N
    dS[idx, y] -= active.sum(axis=1) / N
    dW = np.matmul(X.T, dS) + reg * W
    db = np.mean(dS, axis=0)
    dX = np.matmul(dS, W.T)
    return loss, {'W': dW, 'b': db, 'X': dX}
