import numpy as np
N, D = 4, 6
x = np.random.randn(N, D)
g = np.random.rand(D)
b = np.zeros(D)

mu = x.mean(axis=1)[:, None]
c = x - mu
v = (c**2).mean(axis=1)[:, None]
s = np.sqrt(v + 1e-5)
z = c/s
y = g*z + b
L = (y**2).sum()

dy = 2*y
db = dy.sum(axis=0)
dg = (dy*z).sum(axis=0)
dz = dy*g
dc = dz/s
ds = (dz*c).sum(axis=1)[:, None]/s**2
dv = 0.5*ds/s
dc = dc + 2*c*dv/D
dx = dc - dc.mean(axis=1)[:, None]
