import numpy as np
a = x @ W
h = np.where(a > 0.1 * a, a, 0.1 * a)
y = h + x
m = np.maximum(x, y)
f = (y * m).sum()

dy = m.copy()
dm = y
dx = dm * (x >= y)
dy += dm * (x < y)
dh = dy
dx += dy
da = dh * np.where(a > 0, 1.0, 0.1)
dW = x.T @ da
dx = da @ W.T
