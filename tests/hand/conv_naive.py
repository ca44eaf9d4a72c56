import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride = conv_param['stride']
    Ho, Wo = 1 + (H - HH)//stride, 1 + (W - WW)//stride
    out = np.zeros((N, F, Ho, Wo))
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    window = x[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW]
                    out[n, f, i, j] = np.sum(window*w[f]) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride = conv_param['stride']
    N, F, Ho, Wo = dout.shape
    _, C, HH, WW = w.shape
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            db[f] += dout[n, f].sum()
            for i in range(Ho):
                for j in range(Wo):
                    hs, ws = i*stride, j*stride
                    dw[f] += x[n, :, hs:hs+HH, ws:ws+WW]*dout[n, f, i, j]
                    dx[n, :, hs:hs+HH, ws:ws+WW] += w[f]*dout[n, f, i, j]
    return dx, dw, db
