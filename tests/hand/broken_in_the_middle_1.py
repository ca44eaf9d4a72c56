import numpy as np
x = np.random.randn(4, 3)
w = np.random.randn(3, 2)
b = np.random.randn(2)
h = x @ w + b
loss = 0.5*np.sum(h**2)
dh = h
dw = -x.T @ dh
db = dh.sum(axis=0)
check = undefined_name + 1
dx = dh @ w.T
