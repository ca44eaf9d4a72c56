import numpy as np

def info_nce(A, B, tau=0.5):
    n = A.shape[0]
    sim = A @ B.T / tau
    sim_max = sim.max(axis=1, keepdims=True)
    logz = sim_max + np.log(np.exp(sim - sim_max).sum(axis=1, keepdims=True))
    loss = -np.mean(np.diag(sim - logz))
    prob = np.exp(sim - logz)
    gsim = (prob - np.eye(n)) / n
    gA = gsim @ B / tau
    gB = gsim.T @ A / tau
    return loss, gA, gB
