import numpy as np

def sigmoid(x):
    return 1/(1 + np.exp(-x))

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H:2*H])
    o = sigmoid(a[:, 2*H:3*H])
    g = np.tanh(a[:, 3*H:])
    next_c = f*prev_c + i*g
    tc = np.tanh(next_c)
    next_h = o*tc
    cache = (x, prev_h, prev_c, Wx, Wh, b, i, f, o, g, tc)
    return next_h, next_c, cache

def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, b, i, f, o, g, tc = cache
    do = dnext_h*tc
    dc = dnext_c + dnext_h*o*(1 - tc**2)
    df = dc*prev_c
    di = dc*g
    dg = dc*i
    dprev_c = dc*f
    dai = di*i*(1 - i)
    daf = df*f*(1 - f)
    dao = do*o*(1 - o)
    dag = dg*(1 - g**2)
    da = np.hstack((dai, daf, dao, dag))
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db
