from math import log

def cost(x0, u, a, b, c, d, z, s):
    x = a*x0 + b*u
    y = c*x + d*u
    r = z - y
    J = 0.5*r*r/s + 0.5*log(s)
    return J, (x, r)

def cost_backward(x0, u, a, b, c, d, z, s, x, r):
    dr = r/s
    ds = -0.5*r*r/s**2 + 0.5/s
    dz = dr
    dy = -dr
    dc = dy*x
    dx = dy*c
    dd = dy*u
    du = dy*d
    da = dx*x0
    dx0 = dx*a
    db = dx*u
    return dx0, du, da, db, dc, dd, dz, ds
