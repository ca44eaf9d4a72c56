import numpy as np


class Layer(object):
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)*0.1
        self.b = np.zeros(n_out)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        self.z = x.dot(self.W) + self.b
        return np.maximum(self.z, 0)

    def backward(self, da):
        dz = da.copy()
        dz[self.z < 0] = 0
        self.dW += self.x.T.dot(dz)
        self.db += dz.sum(axis=0)
        return dz.dot(self.W.T)


if __name__ == "__main__":
    x = np.random.randn(5, 3)
    layer = Layer(3, 4)
    a = layer.forward(x)
    L = a.sum()
    dx = layer.backward(np.ones_like(a))
    print(L, layer.dW)
