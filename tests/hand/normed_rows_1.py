import numpy as np

class L2NormLinear:
    def __init__(self, W, eps=1e-8):
        self.W = W
        self.eps = eps

    def forward(self, X):
        self.norm = np.sqrt((X*X).sum(axis=1, keepdims=True) + self.eps)
        self.U = X/self.norm
        return self.U.dot(self.W)

    def backward(self, dY):
        self.dW = self.U.T.dot(dY)
        dU = dY.dot(self.W.T)
        radial = (dU*self.U).sum(axis=1, keepdims=True)
        dX = (dU + self.U*radial)/self.norm
        return dX, self.dW
