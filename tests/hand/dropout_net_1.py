import numpy as np

def train_step(X, W1, b1, U, W2, y):
    # U is the inverted dropout mask, already divided by p
    N = X.shape[0]
    H1 = np.maximum(0, np.dot(X, W1) + b1)
    H2 = H1.copy()
    H2 *= U
    s = H2.dot(W2)
    s = s - np.max(s, axis=1, keepdims=True)
    p = np.exp(s)
    p /= np.sum(p, axis=1, keepdims=True)
    loss = -np.sum(np.log(p[np.arange(N), y]))/N

    ds = p
    ds[np.arange(N), y] -= 1
    ds /= N
    dW2 = H2.T.dot(ds)
    dH2 = ds.dot(W2.T)
    dH1 = dH2
    dH1[H1 <= 0] = 0
    dW1 = X.T.dot(dH1)
    db1 = np.sum(dH1, axis=0)
    return loss, dW1, db1, dW2
