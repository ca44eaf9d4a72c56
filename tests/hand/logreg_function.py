import numpy as np

def sigmoid(t):
    return 1/(1 + np.exp(-t))

def cost_and_gradient(w, b, X, y):
    m = len(y)
    z = X.dot(w) + b
    h = sigmoid(z)
    J = -(1/m)*np.sum(y*np.log(h) + (1 - y)*np.log(1 - h))
    dz = (h - y)/m
    dw = X.T.dot(dz)
    db = np.sum(dz)
    return J, dw, db
