import numpy as np

x = np.array([0.3, -1.2, 0.5, 2.0, -0.7, 1.1, 0.4])
k = np.array([0.2, -0.5, 0.9])
n = len(x) - len(k) + 1

y = np.zeros(n)
for i in range(n):
    for j in range(len(k)):
        y[i] += x[i + j] * k[j]
L = 0.5 * (y * y).sum()

dy = 0.5*y
dk = np.zeros_like(k)
dx = np.zeros_like(x)
for i in range(n):
    for j in range(len(k)):
        dk[j] += dy[i] * x[i + j]
        dx[i + j] += dy[i] * k[j]
