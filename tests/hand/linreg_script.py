import numpy as np
X = np.random.randn(20, 3)
y = np.random.randn(20)
w = np.zeros(3)
b = 0.0
lr = 0.1
for epoch in range(50):
    y_hat = X @ w + b
    error = y_hat - y
    loss = np.mean(error**2)
    dw = 2*X.T @ error/len(y)
    db = 2*error.mean()
    w -= lr*dw
    b -= lr*db
