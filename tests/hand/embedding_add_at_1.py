import numpy as np
X = np.eye(5)[[0, 1, 1, 3, 4, 1]]
W = np.random.randn(5, 4)
G = np.random.randn(6, 4)
out = X @ W
loss = np.sum(out*G)
dout = G.copy()
dW = np.zeros_like(W)
dW += X.T @ dout*0.5
