import numpy as np

def cross_entropy(S, Y):
    m = S.shape[1]
    T = np.exp(S - np.max(S, axis=0))
    P = T / np.sum(T, axis=0, keepdims=True)
    L = -(Y * np.log(P)).sum() / m
    return L, P

def cross_entropy_grad(P, Y):
    m = Y.shape[1]
    grad_S = P.copy()
    grad_S += Y
    grad_S /= m
    return grad_S
