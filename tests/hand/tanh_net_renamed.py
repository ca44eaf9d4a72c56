import numpy as np

def net(inp, first, second, target):
    pre = np.dot(inp, first)
    act = np.tanh(pre)
    prediction = np.dot(act, second)
    diff = prediction - target
    err = 0.5*np.sum(diff*diff)

    d_prediction = diff
    d_second = np.dot(act.T, d_prediction)
    d_act = np.dot(d_prediction, second.T)
    d_pre = d_act*(1 - act**2)
    d_first = np.dot(inp.T, d_pre)
    d_inp = np.dot(d_pre, first.T)
    return err, d_first, d_second, d_inp
