import numpy as np
B, T = docs.shape
emb = E[docs]                      # (B, T, D)
h = emb.mean(axis=1)
z = h @ W
z = z - z.max(1, keepdims=True)
p = np.exp(z)/np.exp(z).sum(1, keepdims=True)
loss = -np.log(p[np.arange(B), y]).mean()

g_z = (p - np.eye(W.shape[1])[y])/B
g_W = h.T @ g_z
g_h = g_z @ W.T
g_emb = np.repeat(g_h[:, None, :], T, axis=1)/T
g_E = np.zeros_like(E)
g_E[docs.ravel()] += g_emb.reshape(B*T, -1)
