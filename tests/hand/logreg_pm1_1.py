import numpy as np

def objective(w, b, X, y, lam):
    n, d = X.shape
    J = 0.
    for i in range(n):
        margin = y[i]*(np.dot(w, X[i]) + b)
        J += np.log1p(np.exp(-margin))/n
    return J + lam/2*np.dot(w, w)

def gradient(w, b, X, y, lam):
    n, d = X.shape
    grad_w = lam*w
    grad_b = 0.0
    for i in range(n):
        margin = y[i]*(np.dot(w, X[i]) + b)
        r = y[i]/(1 + np.exp(margin))
        grad_w = grad_w + r*X[i]/n
        grad_b = grad_b + r/n
    return grad_w, grad_b
