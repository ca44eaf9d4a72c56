import numpy as np

class LayerNorm:
    def __init__(self, g, b, eps=1e-5):
        self.g, self.b, self.eps = g, b, eps
        self.cache = {}

    def __call__(self, x):
        m = x.mean(-1, keepdims=True)
        v = ((x - m)**2).mean(-1, keepdims=True)
        rstd = 1/np.sqrt(v + self.eps)
        xn = (x - m)*rstd
        self.cache.update(xn=xn, rstd=rstd)
        return self.g*xn + self.b

    def backward(self, dy):
        xn, rstd = self.cache["xn"], self.cache["rstd"]
        self.db = dy.sum((0, 1))
        self.dg = (dy*xn).sum((0, 1))
        dxn = dy*self.g
        c1 = dxn.mean(-1, keepdims=True)
        c2 = (dxn*xn).mean(-1, keepdims=True)
        dx = rstd*(dxn - c1)
        return dx
