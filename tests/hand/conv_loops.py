import numpy as np

class Conv:
    def __init__(self, w, b, stride):
        self.w, self.b, self.s = w, b, stride

    def forward(self, x):
        self.x = x
        n, c, H, W = x.shape
        f, _, kh, kw = self.w.shape
        oh, ow = (H - kh)//self.s + 1, (W - kw)//self.s + 1
        y = np.empty((n, f, oh, ow))
        for r in range(oh):
            for q in range(ow):
                patch = x[:, :, r*self.s:r*self.s+kh, q*self.s:q*self.s+kw]
                y[:, :, r, q] = np.tensordot(patch, self.w, axes=([1, 2, 3], [1, 2, 3])) + self.b
        return y

    def backward(self, dy):
        f, _, kh, kw = self.w.shape
        self.dw = np.zeros_like(self.w)
        self.db = dy.sum((0, 2, 3))
        dx = np.zeros_like(self.x)
        for r in range(dy.shape[2]):
            for q in range(dy.shape[3]):
                rows, cols = slice(r*self.s, r*self.s+kh), slice(q*self.s, q*self.s+kw)
                g = dy[:, :, r, q]
                self.dw += np.tensordot(g, self.x[:, :, rows, cols], axes=(0, 0))
                dx[:, :, rows, cols] += np.tensordot(g, self.w, axes=(1, 0))
        return dx


def run(x, w, b, dout):
    layer = Conv(w, b, 2)
    out = layer.forward(x)
    dx = layer.backward(dout)
    return out, dx, layer.dw, layer.db
