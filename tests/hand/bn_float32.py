import numpy as np

f32 = np.float32

def forward(x, gamma, beta):
    x = x.astype(f32); gamma = gamma.astype(f32); beta = beta.astype(f32)
    n = f32(x.shape[0])
    mu = x.sum(axis=0)/n
    xc = x - mu
    var = (xc*xc).sum(axis=0)/n
    sd = np.sqrt(var + f32(1e-5))
    inv = f32(1)/sd
    xhat = xc*inv
    out = xhat*gamma + beta
    return out, (xc, inv, sd, xhat, gamma, n)

def backward(dout, cache):
    xc, inv, sd, xhat, gamma, n = cache
    dbeta = dout.sum(axis=0)
    dgamma = (xhat*dout).sum(axis=0)
    dxhat = dout*gamma
    dinv = (dxhat*xc).sum(axis=0)
    dsd = -dinv*inv**2
    dvar = dsd*f32(0.5)*inv
    dxc = dxhat*inv + f32(2)/n*xc*dvar
    dmu = -dxc.sum(axis=0)
    dx = dxc + dmu/n
    return dx, dgamma, dbeta
