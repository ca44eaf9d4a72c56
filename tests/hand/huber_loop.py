import numpy as np

def huber(w, X, t, lam, delta=1.0):
    r = X @ w - t
    loss = 0
    g = np.zeros_like(w)
    for i in range(len(t)):
        if abs(r[i]) <= delta:
            loss += 0.5 * r[i] ** 2
            g += r[i] * X[i]
        else:
            loss += delta * (abs(r[i]) - 0.5 * delta)
            g += delta * np.sign(r[i]) * X[i]
    loss += lam * np.abs(w).sum()
    g += lam * np.sign(w)
    return loss, g
