import numpy as np

def softmax(z):
    e = np.exp(z - z.max())
    return e/e.sum()

def loss_and_grad(Z, T):
    L, dZ = 0.0, np.zeros_like(Z)
    for i in range(Z.shape[0]):
        p = softmax(Z[i])
        L += 0.5*((p - T[i])**2).sum()
        dp = p - T[i]
        J = np.diag(p*(1 - p))
        dZ[i] = J.dot(dp)
    return L, dZ
