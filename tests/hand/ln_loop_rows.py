import numpy as np

def layernorm_forward(x, w, b):
    N, D = x.shape
    out = np.zeros((N, D))
    mean = np.zeros(N)
    rstd = np.zeros(N)
    for n in range(N):
        m = x[n].sum() / D
        xshift = x[n] - m
        v = (xshift ** 2).sum() / D
        s = 1.0 / np.sqrt(v + 1e-5)
        out[n] = s * xshift * w + b
        mean[n] = m
        rstd[n] = s
    return out, (x, w, mean, rstd)


def layernorm_backward(dout, cache):
    x, w, mean, rstd = cache
    N, D = x.shape
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros_like(w)
    for n in range(N):
        norm = (x[n] - mean[n]) * rstd[n]
        dnorm = w * dout[n]
        dnorm_mean = dnorm.mean()
        dnorm_norm_mean = (dnorm * norm).mean()
        db += dout[n]
        dw += norm * dout[n]
        dval = dnorm - dnorm_mean - norm * dnorm_norm_mean
        dx[n] = dval * rstd[n]
    return dx, dw, db
