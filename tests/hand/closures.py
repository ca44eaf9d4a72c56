import numpy as np

def sigmoid(t):
    s = 1.0/(1.0 + np.exp(-t))
    def pull(ds):
        return ds*s*(1.0 - s)
    return s, pull

def divide(p, q):
    def pull(g):
        return g/q, -g*p/q**2
    return p/q, pull

def square(t):
    return t**2, lambda g: 2.0*t*g

def value_and_grad(x, y):
    sy, pull_sy = sigmoid(y)
    sx, pull_sx = sigmoid(x)
    top = x + sy
    both = x + y
    sq, pull_sq = square(both)
    bottom = sx + sq
    out, pull_div = divide(top, bottom)

    dtop, dbottom = pull_div(1.0)
    dboth = pull_sq(dbottom)
    dx = dtop + pull_sx(dbottom) + dboth
    dy = pull_sy(dtop) + dboth
    return out, dx, dy
