import numpy as np

def attention(Q, K, V, G):
    Q, K, V, G = (a.astype(np.float32) for a in (Q, K, V, G))
    T, d = Q.shape
    scale = 1 / np.sqrt(d)
    S = (Q @ K.T) * scale
    S = S - S.max(axis=-1, keepdims=True)
    E = np.exp(S)
    A = E / E.sum(axis=-1, keepdims=True)
    O = A @ V
    loss = (O * G).sum()

    dO = G
    dV = A.T @ dO
    dA = dO @ V.T
    dS = A * (dA - (dA * A).sum(axis=-1, keepdims=True))
    dQ = dS @ K * scale
    dK = dS @ Q * scale
    return loss, dQ, dK, dV
