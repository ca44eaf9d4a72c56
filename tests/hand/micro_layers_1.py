import numpy as np


class Linear:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def __call__(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.gW = self.x.T @ grad
        self.gb = grad.sum(0)
        return grad @ self.W.T


class Sigmoid:
    def __call__(self, x):
        self.out = 1/(1 + np.exp(-x))
        return self.out

    def backward(self, grad):
        return grad*self.out*(1 - self.out)


class MSE:
    def __call__(self, pred, target):
        self.diff = pred - target
        return (self.diff**2).mean()

    def backward(self):
        return 2*self.diff/len(self.diff)


class Net:
    def __init__(self, W1, b1, W2, b2):
        self.l1, self.act, self.l2, self.crit = Linear(W1, b1), Sigmoid(), Linear(W2, b2), MSE()

    def forward(self, x, y):
        return self.crit(self.l2(self.act(self.l1(x))), y)

    def backward(self):
        g = self.crit.backward()
        g = self.l2.backward(g)
        g = self.act.backward(g)
        return self.l1.backward(g)
