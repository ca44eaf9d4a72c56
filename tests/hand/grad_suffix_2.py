import numpy as np
rs = np.random.RandomState(3)
a = rs.rand(5, 4)
b = rs.rand(4)
c = a*b
d = c.sum(axis=1)
e = (d**2).mean()

d_grad = 2*d/d.shape[0]
c_grad = np.repeat(d_grad[:, None], 4, axis=1)
a_grad = c_grad*b
b_grad = (c_grad*a).sum(axis=1)
