import numpy as np

def groupnorm_forward(x, gamma, beta, G=2, eps=1e-5):
    N, C, L = x.shape
    xg = x.reshape(N, G, -1)
    mean = xg.mean(axis=2, keepdims=True)
    var = xg.var(axis=2, keepdims=True)
    istd = 1 / np.sqrt(var + eps)
    xhat = ((xg - mean) * istd).reshape(N, C, L)
    out = gamma[None, :, None] * xhat + beta[None, :, None]
    cache = (G, xhat, istd, gamma)
    return out, cache

def groupnorm_backward(dout, cache):
    G, xhat, istd, gamma = cache
    N, C, L = dout.shape
    dbeta = dout.sum(axis=(0, 2))
    dgamma = (dout * xhat).sum(axis=(0, 2))
    dxhat = (dout * gamma[None, :, None]).reshape(N, G, -1)
    xh = xhat.reshape(N, G, -1)
    M = xh.shape[2]
    dx = istd / M * (M * dxhat - dxhat.sum(axis=2, keepdims=True) - (dxhat * xh).sum(axis=2, keepdims=True))
    return dx.reshape(N, C, L), dgamma, dbeta
