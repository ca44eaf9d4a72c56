import math

x1, x2, t = 0.5, -1.5, 1.0
w1, w2, b = 0.1, -0.2, 0.05

z = w1 * x1 + w2 * x2 + b
p = 1 / (1 + math.exp(-z))
L = (p - t) ** 2

dL_dp = 2 * (p - t)
dp_dz = p * (1 - p)
dL_dz = dp_dz
dL_dw1 = dL_dz * x1
dL_dw2 = dL_dz * x2
dL_db = dL_dz
