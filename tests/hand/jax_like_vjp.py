import numpy as np

def rmsnorm(x, g):
    ms = np.mean(x**2, -1, keepdims=True)
    r = (ms + 1e-6)**-0.5
    def vjp(ct):
        xhat = x*r
        ct_g = np.sum(ct*xhat, axis=0)
        t = ct*g
        ct_x = r*(t - xhat*np.mean(t*xhat, -1, keepdims=True))
        return ct_x, ct_g
    return x*r*g, vjp

def rmsnorm_grad(x, g, dout):
    y, vjp = rmsnorm(x, g)
    dx, dg = vjp(dout)
    return dx, dg
