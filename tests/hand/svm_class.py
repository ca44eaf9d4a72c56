import numpy as np

class LinearSVM:
    def __init__(self, W):
        self.W = W

    def loss(self, X, y, lam):
        n = X.shape[0]
        scores = X.dot(self.W.T)
        correct = scores[range(n), y].reshape(n, 1)
        margin = np.maximum(0, scores - correct + 1)
        margin[range(n), y] = 0
        data_loss = margin.sum()/n
        reg_loss = lam*np.sum(self.W*self.W)
        binary = (margin > 0).astype(float)
        binary[range(n), y] = -binary.sum(axis=1)
        dW = binary.T.dot(X)/n
        dW += 2*lam*self.W
        return data_loss + reg_loss, dW
