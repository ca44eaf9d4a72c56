import numpy as np

alpha = 0.1

def model(X, W, v):
    global Z, A
    Z = X @ W
    A = np.where(Z > 0, Z, alpha*Z)
    return A @ v

def cost(p, t):
    return np.sum((p - t)**2)/(2*len(t))

def gradients(X, W, v, t):
    p = model(X, W, v)
    E = cost(p, t)
    e = 2*(p - t)/len(t)
    dv = A.T @ e
    dA = e[:, None]*v[None, :]
    slope = np.ones_like(Z)
    slope[Z <= 0] = alpha
    dZ = dA*slope
    dW = X.T @ dZ
    dX = dZ @ W.T
    return E, dX, dW, dv
