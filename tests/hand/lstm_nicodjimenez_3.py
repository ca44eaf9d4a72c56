import numpy as np

def sigmoid(x):
    return 1. / (1 + np.exp(-x))

def lstm_node(x, h_prev, s_prev, Wg, Wi, Wf, Wo, bg, bi, bf, bo, y):
    xc = np.hstack((x, h_prev))
    g = np.tanh(np.dot(Wg, xc) + bg)
    i = sigmoid(np.dot(Wi, xc) + bi)
    f = sigmoid(np.dot(Wf, xc) + bf)
    o = sigmoid(np.dot(Wo, xc) + bo)
    s = g * i + s_prev * f
    h = s * o
    loss = ((h - y) ** 2).sum()

    top_diff_h = 2 * (h - y)
    ds = o * top_diff_h
    do = s * top_diff_h
    di = g * ds
    dg = i * ds
    df = s_prev * ds

    di_input = (1. - i) * i * di
    df_input = (1. - f) * f * df
    do_input = (1. - o) * o * do
    dg_input = (1. - g) * g * dg

    wi_diff = np.outer(di_input, xc)
    wf_diff = np.outer(df_input, xc)
    wo_diff = np.outer(do_input, xc)
    wg_diff = np.outer(dg_input, xc)

    dxc = np.zeros_like(xc)
    dxc += np.dot(Wi.T, di_input)
    dxc += np.dot(Wf.T, df_input)
    dxc += np.dot(Wo.T, do_input)
    dxc += np.dot(Wg.T, dg_input)
    D = x.shape[0]
    dx = dxc[:D]
    dh_prev = dxc[D:]
    ds_prev = ds * i
    return loss, dx, dh_prev, ds_prev, wg_diff, wi_diff, wf_diff, wo_diff, dg_input, di_input, df_input, do_input
