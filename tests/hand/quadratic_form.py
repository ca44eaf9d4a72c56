import numpy as np

def forward(A, x):
    q = A @ x
    f = x @ q
    return f, (A, x, q)

def backward(cache, df=1.0):
    A, x, q = cache
    dx = q*df
    dq = x*df
    dA = np.outer(dq, x)
    dx = dx + A.T @ dq
    return dA, dx
