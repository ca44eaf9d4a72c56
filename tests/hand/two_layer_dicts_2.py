import numpy as np

def fwd(p, X, T):
    c = {}
    c["A"] = X @ p["W1"] + p["b1"]
    c["Hd"] = 1/(1 + np.exp(-c["A"]))
    c["Yh"] = c["Hd"] @ p["W2"] + p["b2"]
    c["L"] = ((c["Yh"] - T)**2).mean()
    return c

def bwd(p, c, X, T):
    g = {}
    g["Yh"] = 2*(c["Yh"] - T)/T.size
    g["b2"] = g["Yh"].sum(0)
    g["W2"] = np.einsum("nh,no->ho", c["Hd"], g["Yh"])
    g["Hd"] = np.einsum("no,ho->nh", g["Yh"], p["W2"])
    g["A"] = g["Hd"]*c["A"]*(1 - c["A"])
    g["W1"] = np.einsum("nd,nh->dh", X, g["A"])
    g["b1"] = np.einsum("nh->h", g["A"])
    return g

def train_step(X, T, W1, b1, W2, b2):
    p = dict(W1=W1, b1=b1, W2=W2, b2=b2)
    c = fwd(p, X, T)
    return c["L"], bwd(p, c, X, T)
