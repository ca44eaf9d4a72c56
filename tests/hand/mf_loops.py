import numpy as np

def mf_loss_grad(P, Q, u, i, r, lam):
    dP = np.zeros_like(P)
    dQ = np.zeros_like(Q)
    loss = 0.0
    for k in range(len(r)):
        a, c = u[k], i[k]
        err = r[k] - P[a] @ Q[c]
        loss += err ** 2
        dP[a] += -2 * err * Q[c]
        dQ[c] += -2 * err * P[a]
    loss += lam * ((P ** 2).sum() + (Q ** 2).sum())
    dP += 2 * lam * P
    dQ += 2 * lam * Q
    return loss, dP, dQ
