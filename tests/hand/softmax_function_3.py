import numpy as np

def softmax_loss(W, b, X, y, reg):
    n = X.shape[0]
    scores = X @ W + b
    shifted = scores - scores.max(axis=1, keepdims=True)
    logZ = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    logp = shifted - logZ
    loss = -logp[np.arange(n), y].mean() + 0.5*reg*np.sum(W**2)

    p = np.exp(logp)
    onehot = np.zeros_like(p)
    onehot[np.arange(n), y] = 1
    ds = (p - onehot)/n
    grads = {}
    grads['W'] = X.T @ ds + reg*W
    grads['b'] = ds
    return loss, grads
