import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    mean = x.mean(axis=0)
    var = x.var(axis=0)
    std = np.sqrt(var + eps)
    x_norm = (x - mean)/std
    out = gamma*x_norm + beta
    cache = {'x': x, 'mean': mean, 'std': std, 'x_norm': x_norm, 'gamma': gamma}
    return out, cache

def batchnorm_backward(dout, cache):
    x, mean, std, x_norm, gamma = (cache[k] for k in ('x', 'mean', 'std', 'x_norm', 'gamma'))
    m = x.shape[0]
    dgamma = (dout*x_norm).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_norm = dout*gamma
    dx = (m*dx_norm - dx_norm.sum(axis=0) - x_norm*(dx_norm*x_norm).sum(axis=0))/(m*std)
    return dx, dgamma, dbeta
