import numpy as np

class SquaredHinge:
    """L2-SVM, labels are -1 and 1."""
    def __init__(self, w, lam):
        self.w, self.lam = w, lam

    def forward(self, X, y):
        self.X, self.y = X, y
        self.h = np.maximum(0., 1. - y*X.dot(self.w))
        return (self.h**2).mean() + .5*self.lam*self.w.dot(self.w)

    def backward(self):
        n = len(self.y)
        dh = 2.*self.h/n
        dm = dh
        self.dw = self.X.T.dot(dm*self.y) + self.lam*self.w
        return self.dw
