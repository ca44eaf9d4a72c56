import numpy as np
sig = lambda a: 1/(1 + np.exp(-a))

def cell(x, h, c, P):
    f = sig(x @ P['Wf'] + h @ P['Uf'])
    i = sig(x @ P['Wi'] + h @ P['Ui'])
    o = sig(x @ P['Wo'] + h @ P['Uo'])
    g = np.tanh(x @ P['Wg'] + h @ P['Ug'])
    c1 = f*c + i*g
    tc = np.tanh(c1)
    h1 = o*tc
    return h1, (x, h, c, f, i, o, g, tc)

def cell_back(dh1, P, cache):
    x, h, c, f, i, o, g, tc = cache
    G = {}
    do = dh1*tc
    dc1 = dh1*o*(1 - tc**2)
    df_, dc, di, dg = dc1*c, dc1*f, dc1*i, dc1*g
    zf, zi, zo = df_*f*(1 - f), di*i*(1 - i), do*o*(1 - o)
    zg = dg*(1 - g**2)
    dx, dh = 0, 0
    for k, z in zip('fiog', (zf, zi, zo, zg)):
        G['W' + k] = x.T @ z
        G['U' + k] = h.T @ z
        dx = dx + z @ P['W' + k].T
        dh = dh + z @ P['U' + k].T
    return dx, dh, dc, G

def step(x, h, c, Wf, Wi, Wo, Wg, Uf, Ui, Uo, Ug):
    P = dict(Wf=Wf, Wi=Wi, Wo=Wo, Wg=Wg, Uf=Uf, Ui=Ui, Uo=Uo, Ug=Ug)
    h1, cache = cell(x, h, c, P)
    L = (h1**2).sum()
    return (L,) + cell_back(2*h1, P, cache)
