import numpy as np
z = np.array([0.1, 0.2, -0.4, 1.0])
c = np.array([1.0, -1.0, 0.5, 2.0])
e = np.exp(z - z.max())
p = e/e.sum()
L = c @ p
dL_dp = c
J = np.diag(p) - np.outer(p, p)
dL_dz = -J.T @ dL_dp
dL_dc = p
