import numpy as np
w = np.array([0.5, -0.25, 1.0])
b = 0.3
X = np.random.randn(6, 3)
y = np.array([0., 1., 1., 0., 1., 0.])
n = X.shape[0]
z = X @ w + b
loss = np.mean(np.logaddexp(0, z) - y*z)
# d loss / d z
delta = (1/(1 + np.exp(z)) - y)/n
grad_w = X.T @ delta
grad_b = delta.sum()
