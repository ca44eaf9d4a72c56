import numpy as np

def linear_backward(dZ, cache, lambd):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m + lambd / m * W
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db

def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[dA <= 0] = 0
    return dZ

def model(X, Y, parameters, lambd):
    caches = []
    A = X
    W1, b1, W2, b2 = (parameters[k] for k in ('W1', 'b1', 'W2', 'b2'))
    Z1 = W1 @ A + b1
    caches.append((A, W1, b1))
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    caches.append((A1, W2, b2))
    AL = 1 / (1 + np.exp(-Z2))
    m = Y.shape[1]
    cost = -np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / m
    cost = cost + lambd / (2 * m) * (np.sum(W1 ** 2) + np.sum(W2 ** 2))

    grads = {}
    dAL = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    dZ2 = dAL * AL * (1 - AL)
    dA1, grads['dW2'], grads['db2'] = linear_backward(dZ2, caches[1], lambd)
    dZ1 = relu_backward(dA1, Z1)
    _, grads['dW1'], grads['db1'] = linear_backward(dZ1, caches[0], lambd)
    return cost, grads

def run(X, W1, b1, W2, b2, Y, lambd):
    return model(X, Y, {'W1': W1, 'b1': b1, 'W2': W2, 'b2': b2}, lambd)
