import numpy as np

def bn(x, gamma, beta, dout, eps=1e-5):
    m, d = x.shape
    avg = np.einsum('nd->d', x)/m
    centred = x - avg
    v = np.einsum('nd,nd->d', centred, centred)/m
    s = np.sqrt(v + eps)
    norm = centred/s
    y = gamma*norm + beta

    g_beta = np.einsum('nd->d', dout)
    g_gamma = np.einsum('nd,nd->d', dout, norm)
    g_norm = np.einsum('nd,d->nd', dout, gamma)
    g_s = np.einsum('nd,nd->d', g_norm, -centred)/s**2
    g_v = g_s/(2*v)
    g_centred = g_norm/s + 2*centred*g_v/m
    g_avg = -g_centred.sum(axis=0)
    g_x = g_centred + g_avg/m
    return y, g_x, g_gamma, g_beta
