import numpy as np

lr = 1e-2
N, D, H, K = 6, 4, 5, 3
rng = np.random.default_rng(0)
X = rng.normal(size=(N, D))
Y = rng.normal(size=(N, K))
W1 = rng.normal(size=(D, H))*0.1
W2 = rng.normal(size=(H, K))*0.1

for it in range(3):
    H1 = np.tanh(X @ W1)
    P = H1 @ W2
    diff = P - Y
    loss = 0.5*np.sum(diff**2)
    if it % 100 == 0:
        print(it, loss)
    gW2 = H1.T @ diff
    gH1 = diff @ W2.T
    gW1 = X.T @ (gH1*(1 + H1*H1))
    W2 -= lr*gW2
    W1 -= lr*gW1
