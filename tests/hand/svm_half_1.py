import numpy as np

class SVM:
    def __init__(self, W, lam):
        self.W = W
        self.lam = lam

    def loss(self, X, y):
        n = X.shape[0]
        rows = np.arange(n)
        S = X.dot(self.W.T)
        right = S[rows, y].reshape(n, 1)
        margins = np.maximum(0, S - right + 1.0)
        margins[rows, y] = 0
        self.hit = (margins > 0).astype(float)
        L = margins.sum() / n
        L += self.lam * (self.W**2).sum()
        self.X, self.y = X, y
        return L

    def grad(self):
        n = self.X.shape[0]
        coef = self.hit
        coef[np.arange(n), self.y] = coef.sum(axis=1)
        dW = coef.T @ self.X
        dW /= n
        dW += 2*self.lam*self.W
        return dW
