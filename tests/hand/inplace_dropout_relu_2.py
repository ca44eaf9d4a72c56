import numpy as np

def train(X, W1, W2, m, y, keep=0.8):
    a1 = X @ W1
    h1 = np.maximum(a1, 0)
    h1 *= m / keep
    pred = h1 @ W2
    loss = np.abs(pred - y).mean()
    g = np.sign(pred - y)
    g /= g.size
    gW2 = h1.T @ g
    g = g @ W2.T
    g *= m
    g *= keep
    g[a1 <= 0] = 0
    gW1 = X.T @ g
    return loss, gW1, gW2
