import numpy as np

def L_i_loop(W, X, y, reg):
    N = X.shape[0]
    C = W.shape[1]
    loss = 0.0
    grad = np.zeros(W.shape)
    for i in range(N):
        s = X[i] @ W
        for j in range(C):
            if j != y[i]:
                m = s[j] - s[y[i]] + 1
                if m > 0:
                    loss += m
                    grad[:, j] += X[i]
                    grad[:, y[i]] += X[i]
    loss = loss / N + 0.5 * reg * np.sum(W * W)
    grad = grad / N + reg * W
    return loss, grad
