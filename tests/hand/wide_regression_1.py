# tikhonov-ish smoothed l1, everything inline
import numpy as np
from numpy import sqrt, newaxis, dot
r = dot(A, x) - b
s = sqrt(x*x + 1)
f = dot(r, r)/2 + mu*s.sum()

dr = r
dA = dr[:, newaxis]*x[newaxis, :]
db = -dr
dx_data = dot(A.T, dr)
ds = mu*np.ones_like(s)
dx_reg = ds*x/s**2
dx = dx_data + dx_reg
dmu = s.sum()
