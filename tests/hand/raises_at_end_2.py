import numpy as np

def rmse(X, w, y):
    r = np.dot(X, w) - y
    ms = np.mean(r**2)
    L = np.sqrt(ms)
    # back
    dms = 0.5/L
    dr = 2*r*dms/len(r)
    dw = np.dot(X.T, dr)
    dX = np.outer(dr, w)
    dy = dr
    assert np.allclose(numeric_gradient(rmse, w), dw)
    return L, dX, dw, dy
