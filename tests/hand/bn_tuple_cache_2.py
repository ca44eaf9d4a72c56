import numpy as np

def batchnorm_forward(x, gamma, beta, eps=1e-5):
    sample_mean = np.mean(x, axis=0)
    sample_var = np.var(x, axis=0)
    std = np.sqrt(sample_var + eps)
    x_norm = (x - sample_mean) / std
    out = gamma * x_norm + beta
    cache = (x, x_norm, sample_mean, sample_var, std, gamma)
    return out, cache

def batchnorm_backward(dout, cache):
    x, x_norm, sample_mean, sample_var, std, gamma = cache
    N = x.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_norm, axis=0)
    dx_norm = dout * gamma
    dvar = np.sum(dx_norm * (x - sample_mean) * -0.5 * std**-3, axis=0)
    dmean = np.sum(-dx_norm / std, axis=0) + dvar * np.mean(-2 * (x - sample_mean), axis=0)
    dx = dx_norm / std + dvar * (x - sample_mean) / N + dmean / N
    return dx, dgamma, dbeta
