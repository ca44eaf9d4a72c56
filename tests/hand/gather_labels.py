import numpy as np

def loss_and_grad(X, W, y):
    scores = X.dot(W)
    scores -= scores.max(axis=1, keepdims=True)
    p = np.exp(scores)
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    dscores = p.copy()
    dscores[np.arange(len(y)), y] -= 1
    dscores /= len(y)
    dW = X.T.dot(dscores)
    dX = dscores.dot(W.T)
    return loss, dW, dX
