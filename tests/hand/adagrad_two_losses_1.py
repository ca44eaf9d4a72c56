import numpy as np

def objective(w, X, t, lam):
    u = X @ w
    p = np.tanh(u)
    loss = np.mean((p - t)**2) + lam*np.abs(w).sum()
    # gradient
    n = t.size
    dp = 2*(p - t)
    du = dp*(1 - p**2)
    dw = X.T @ du
    dw += lam*np.sign(w)
    dt = -dp
    dX = np.outer(du, w)
    dlam = np.abs(w).sum()
    return loss, dict(w=dw, X=dX, t=dt, lam=dlam)

def train(w, X, t, lam, steps=3, lr=0.1):
    G = np.zeros_like(w)
    for _ in range(steps):
        loss, g = objective(w, X, t, lam)
        G += g["w"]**2
        w = w - lr*g["w"]/(np.sqrt(G) + 1e-8)
    return w
