import numpy as np
T = x.shape[0]
H = Uf.shape[0]
F = np.zeros((T + 1, H))
Bk = np.zeros((T + 1, H))
for t in range(T):
    F[t] = np.tanh(x[t] @ Wf + F[t - 1] @ Uf)
for t in range(T - 1, -1, -1):
    Bk[t] = np.tanh(x[t] @ Wb + Bk[t + 1] @ Ub)
loss = np.sum(F[:T]*Bk[:T])

dWf, dUf, dWb, dUb = np.zeros_like(Wf), np.zeros_like(Uf), np.zeros_like(Wb), np.zeros_like(Ub)
dx = np.zeros_like(x)
carry = np.zeros(H)
for t in range(T - 1, -1, -1):
    da = Bk[t]*(1 - F[t]**2)
    dWf += np.outer(x[t], da)
    dUf += np.outer(F[t - 1], da)
    dx[t] += Wf @ da
    carry = Uf @ da
carry = np.zeros(H)
for t in range(T):
    da = (F[t] + carry)*(1 - Bk[t]**2)
    dWb += np.outer(x[t], da)
    dUb += np.outer(Bk[t + 1], da)
    dx[t] += Wb @ da
    carry = Ub @ da
