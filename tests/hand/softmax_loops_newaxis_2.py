import numpy as np

def softmax_rows(Z):
    Z = Z - Z.max(axis=1)[:, np.newaxis]
    E = np.exp(Z)
    return E / E.sum(axis=1)[:, np.newaxis]

def loss_and_grads(X, W, b, y, reg):
    """Cross entropy of a linear classifier."""
    N = len(X)
    Z = X @ W + b[np.newaxis, :]
    probs = softmax_rows(Z)
    loss = 0.0
    gW = np.zeros_like(W)
    gb = np.zeros_like(b)
    for k in range(N):
        loss -= np.log(probs[k, y[k]])
        err = probs[k].copy()
        err[y[k]] -= 1.0
        gW += X[k][:, np.newaxis] * err[np.newaxis, :]
        gb += err
    loss = loss/N + reg*np.sum(W*W)
    gW = gW/N + 2*reg*W
    gb = gb
    return loss, {"W": gW, "b": gb}
