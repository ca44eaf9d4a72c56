import numpy as np

def huber(x, y, delta=1.0):
    r = x - y
    small = np.abs(r) <= delta
    loss = np.where(small, 0.5*r**2, delta*(np.abs(r) - 0.5*delta)).sum()
    dr = np.where(small, r, delta*np.sign(r))
    return loss, dr, -dr
