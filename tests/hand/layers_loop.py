import numpy as np

def nonlin(x, deriv=False):
    if deriv:
        return x*(1 - x)
    return 1/(1 + np.exp(-x))

weights = [w0, w1, w2]
layers = [X]
for w in weights:
    layers.append(nonlin(layers[-1] @ w))
E = 0.5*np.sum((T - layers[-1])**2)

error = layers[-1] - T
grads = [None]*len(weights)
for k in range(len(weights) - 1, -1, -1):
    delta = error*nonlin(layers[k + 1], deriv=True)
    grads[k] = layers[k].T @ delta
    error = delta @ weights[k].T
dw0, dw1, dw2 = grads
