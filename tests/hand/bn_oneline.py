import numpy as np

EPS = 1e-5

def bn_forward(x, gamma, beta):
    mu = x.mean(0)
    v = x.var(0)
    istd = (v + EPS)**-0.5
    h = (x - mu)*istd
    return gamma*h + beta, (h, gamma, istd)

def bn_backward(dout, cache):
    h, gamma, istd = cache
    N = h.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout*h, axis=0)
    dx = (gamma*istd/N)*(N*dout - dbeta - h*dgamma)
    return dx, dgamma, dbeta
