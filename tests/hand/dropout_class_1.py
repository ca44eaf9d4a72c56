import numpy as np

class Dropout:
    def __init__(self, p):
        self.p = p

    def forward(self, x, m):
        self.m = m/(1 - self.p)
        return x*self.m

    def backward(self, dout):
        return dout

class Linear:
    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T

drop, lin = Dropout(0.5), Linear(W)
out = lin.forward(drop.forward(x, m))
dx = drop.backward(lin.backward(dout))
dW = lin.dW
