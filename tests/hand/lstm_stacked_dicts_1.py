import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def dsigmoid(y):
    return y * (1 - y)

def dtanh(y):
    return 1 - y * y

def forward(z, C_prev, Wf, bf, Wi, bi, Wc, bc, Wo, bo):
    f = sigmoid(np.dot(Wf, z) + bf)
    i = sigmoid(np.dot(Wi, z) + bi)
    C_bar = np.tanh(np.dot(Wc, z) + bc)
    C = f * C_prev + i * C_bar
    o = sigmoid(np.dot(Wo, z) + bo)
    h = o * np.tanh(C)
    return f, i, C_bar, C, o, h

def lossfun(x, h0, C0, Wf, bf, Wi, bi, Wc, bc, Wo, bo):
    x_s, z_s, f_s, i_s, C_bar_s, C_s, o_s, h_s = {}, {}, {}, {}, {}, {}, {}, {}
    h_s[-1] = np.copy(h0)
    C_s[-1] = np.copy(C0)
    loss = 0
    for t in range(len(x)):
        x_s[t] = x[t].reshape(-1, 1)
        z_s[t] = np.row_stack((h_s[t-1], x_s[t])) if hasattr(np, "row_stack") else np.vstack((h_s[t-1], x_s[t]))
        f_s[t], i_s[t], C_bar_s[t], C_s[t], o_s[t], h_s[t] = forward(z_s[t], C_s[t-1], Wf, bf, Wi, bi, Wc, bc, Wo, bo)
        loss += 0.5*np.sum(h_s[t]**2)
    dWf, dWi, dWc, dWo = (np.zeros_like(W) for W in (Wf, Wi, Wc, Wo))
    dbf, dbi, dbc, dbo = (np.zeros_like(b) for b in (bf, bi, bc, bo))
    dh_next = np.zeros_like(h0)
    dC_next = np.zeros_like(C0)
    H = h0.shape[0]
    for t in reversed(range(len(x))):
        dh = h_s[t]
        do = dh * np.tanh(C_s[t])
        do = dsigmoid(o_s[t]) * do
        dWo += np.dot(do, z_s[t].T)
        dbo += do
        dC = np.copy(dC_next)
        dC += dh * o_s[t] * dtanh(np.tanh(C_s[t]))
        dC_bar = dC * i_s[t]
        dC_bar = dtanh(C_bar_s[t]) * dC_bar
        dWc += np.dot(dC_bar, z_s[t].T)
        dbc += dC_bar
        di = dC * C_bar_s[t]
        di = dsigmoid(i_s[t]) * di
        dWi += np.dot(di, z_s[t].T)
        dbi += di
        df = dC * C_s[t-1]
        df = dsigmoid(f_s[t]) * df
        dWf += np.dot(df, z_s[t].T)
        dbf += df
        dz = (np.dot(Wf.T, df) + np.dot(Wi.T, di) + np.dot(Wc.T, dC_bar) + np.dot(Wo.T, do))
        dh_next = dz[:H, :]
        dC_next = f_s[t] * dC
    return loss, dWf, dWi, dWc, dWo, dbf, dbi, dbc, dbo
