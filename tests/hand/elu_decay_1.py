import numpy as np

def elu(a):
    return np.where(a > 0, a, np.exp(a) - 1)

def elu_prime(a):
    return np.where(a > 0, 1.0, np.exp(a) - 1)

def cost_and_grads(W1, W2, X, y, lam):
    n = X.shape[0]
    a = X @ W1
    h = elu(a)
    p = h @ W2
    err = p - y
    J = np.mean(err**2) + lam*(np.sum(W1**2) + np.sum(W2**2))
    dp = 2*err/n
    dW2 = h.T @ dp + lam*W2
    dh = dp @ W2.T
    da = dh*elu_prime(a)
    dW1 = X.T @ da + 2*lam*W1
    return J, {'W1': dW1, 'W2': dW2}
