import numpy as np

def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e/e.sum(-1, keepdims=True)

def attention(Q, K, V, M):
    scale = Q.shape[-1]**-0.5
    A = softmax(scale*(Q @ K.T) + M)
    return A @ V, (Q, K, V, A, scale)

def attention_backward(dO, cache):
    Q, K, V, A, scale = cache
    dV = A.T @ dO
    dA = dO @ V.T
    dS = A*(dA - (A*dA).sum(0, keepdims=True))
    dQ = scale*(dS @ K)
    dK = scale*(dS.T @ Q)
    return dQ, dK, dV
