import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def neg_sampling_loss_and_gradient(v, o, U, K):
    """Negative sampling loss for one center word vector v."""
    gradCenterVec = np.zeros_like(v)
    gradOutsideVecs = np.zeros_like(U)

    u_o = U[o]
    z = sigmoid(np.dot(u_o, v))
    loss = -np.log(z)
    gradCenterVec += (z - 1.0) * u_o
    gradOutsideVecs[o] += (z - 1.0) * v

    for k in K:
        u_k = U[k]
        z_k = sigmoid(-np.dot(u_k, v))
        loss -= np.log(z_k)
        gradCenterVec += (1.0 - z_k) * u_k
        gradOutsideVecs[k] += (1.0 - z_k) * v
    return loss, gradCenterVec, gradOutsideVecs
