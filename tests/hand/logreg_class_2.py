import numpy as np

class LogisticRegression:
    def __init__(self, lam):
        self.lam = lam

    def sigmoid(self, z):
        return 1.0 / (1.0 + np.exp(-z))

    def cost(self, theta, X, y):
        m = y.size
        h = self.sigmoid(X.dot(theta))
        J = (-1/m) * (y.dot(np.log(h)) + (1 - y).dot(np.log(1 - h)))
        J += self.lam / (2*m) * np.sum(theta**2)
        return J

    def gradient(self, theta, X, y):
        m = len(y)
        h = self.sigmoid(X @ theta)
        error = h - y
        grad = X.T @ error
        grad = grad + (self.lam/m) * theta
        return grad

def run(X, theta, y, lam):
    model = LogisticRegression(lam)
    J = model.cost(theta, X, y)
    dtheta = model.gradient(theta, X, y)
    return J, dtheta
