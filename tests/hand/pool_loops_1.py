import numpy as np

def max_pool_forward(x, pool=2, stride=2):
    N, C, H, W = x.shape
    out = np.zeros((N, C, H//stride, W//stride))
    for i in range(H//stride):
        for j in range(W//stride):
            win = x[:, :, i*stride:i*stride+pool, j*stride:j*stride+pool]
            out[:, :, i, j] = win.max(axis=(2, 3))
    return out, (x, pool, stride)

def max_pool_backward(dout, cache):
    x, pool, stride = cache
    dx = np.zeros_like(x)
    N, C, H, W = dout.shape
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    r, q = i*stride, j*stride
                    win = x[n, c, r:r+pool, q:q+pool]
                    mask = (win == np.min(win))
                    dx[n, c, r:r+pool, q:q+pool] += mask*dout[n, c, i, j]
    return dx
