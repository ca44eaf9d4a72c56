import numpy as np
from collections import OrderedDict

class Affine:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [None, None]

    def forward(self, x):
        W, b = self.params
        self.x = x
        return np.matmul(x, W) + b

    def backward(self, dout):
        W, b = self.params
        self.grads[0] = np.matmul(self.x.T, dout)
        self.grads[1] = np.sum(dout, axis=0)
        return np.matmul(dout, W.T)

class Relu:
    def forward(self, x):
        self.mask = (x <= 0)
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dx = dout.copy()
        dx[~self.mask] = 0
        return dx

class SoftmaxWithLoss:
    def forward(self, x, t):
        self.t = t
        c = x - x.max(axis=1, keepdims=True)
        self.y = np.exp(c)/np.exp(c).sum(axis=1, keepdims=True)
        n = x.shape[0]
        return -np.sum(np.log(self.y[np.arange(n), t] + 1e-12))/n

    def backward(self, dout=1):
        n = self.t.shape[0]
        dx = self.y.copy()
        dx[np.arange(n), self.t] -= 1
        dx = dx*dout/n
        return dx

class Net:
    def __init__(self, W1, b1, W2, b2):
        self.layers = OrderedDict()
        self.layers["fc1"] = Affine(W1, b1)
        self.layers["act"] = Relu()
        self.layers["fc2"] = Affine(W2, b2)
        self.last = SoftmaxWithLoss()

    def loss(self, x, t):
        for layer in self.layers.values():
            x = layer.forward(x)
        return self.last.forward(x, t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last.backward(1)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        grads = {}
        grads["W1"], grads["b1"] = self.layers["fc1"].grads
        grads["W2"], grads["b2"] = self.layers["fc2"].grads
        return grads
