import numpy as np

def attention(Q, K, V):
    d = Q.shape[-1]
    S = Q @ K.T/np.sqrt(d)
    E = np.exp(S - S.max(-1, keepdims=True))
    P = E/E.sum(-1, keepdims=True)
    return P @ V, (Q, K, V, P)

def attention_grad(dO, saved):
    Q, K, V, P = saved
    scale = 1/np.sqrt(Q.shape[-1])
    dV = P.T @ dO
    dP = dO @ V.T
    dS = P*(dP - (dP*P).sum(-1, keepdims=True))
    dQ = dS @ K*scale
    dK = dS.T @ Q*scale
    return dQ, dK, dV
