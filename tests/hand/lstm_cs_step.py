import numpy as np

def sigmoid(z):
    return 1/(1 + np.exp(-z))

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2*H]), sigmoid(a[:, 2*H:3*H])
    g = np.tanh(a[:, 3*H:])
    next_c = f*prev_c + i*g
    tanh_c = np.tanh(next_c)
    next_h = o*tanh_c
    cache = {'x': x, 'prev_h': prev_h, 'prev_c': prev_c, 'Wx': Wx, 'Wh': Wh,
             'i': i, 'f': f, 'o': o, 'g': g, 'tanh_c': tanh_c}
    return next_h, next_c, cache

def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g, tanh_c = (cache[k] for k in ('i', 'f', 'o', 'g', 'tanh_c'))
    dc = dnext_c + dnext_h*o*(1 - tanh_c**2)
    do = dnext_h*tanh_c
    dprev_c = dc*f
    da = np.hstack([dc*g*i*(1 - i), dc*cache['prev_c']*f*(1 - f), do*o*(1 - o), dc*i*(1 - g**2)])
    dx = da.dot(cache['Wx'].T)
    dprev_h = da.dot(cache['Wh'].T)
    dWx = cache['x'].T.dot(da)
    dWh = cache['prev_h'].T.dot(da)
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db
