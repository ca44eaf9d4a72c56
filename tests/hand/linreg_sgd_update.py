import numpy as np

class LinearRegression:
    def __init__(self, lr=0.1):
        self.lr = lr

    def fit_step(self, X, y, w, b):
        m = X.shape[0]
        y_pred = np.dot(X, w) + b
        error = y_pred - y
        cost = (1 / (2 * m)) * np.sum(error ** 2)
        dw = (1 / m) * np.dot(X.T, error)
        db = (1 / m) * np.sum(error)
        w = w - self.lr * dw
        b = b - self.lr * db
        return cost, dw, db
