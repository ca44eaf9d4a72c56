import numpy as np

def linear_forward(A, W, b):
    Z = W.dot(A) + b
    return Z, (A, W, b)

def linear_activation_forward(A_prev, W, b, activation):
    Z, linear_cache = linear_forward(A_prev, W, b)
    if activation == "sigmoid":
        A = 1/(1 + np.exp(-Z))
    else:
        A = np.maximum(0, Z)
    return A, (linear_cache, Z)

def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = 1./m * np.dot(dZ, A_prev.T)
    db = np.sum(dZ, axis=1, keepdims=True)
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db

def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ

def sigmoid_backward(dA, Z):
    s = 1/(1 + np.exp(-Z))
    dZ = dA * s * (1 - s)
    return dZ

parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
caches = []
A1, cache = linear_activation_forward(X, parameters["W1"], parameters["b1"], "relu")
caches.append(cache)
AL, cache = linear_activation_forward(A1, parameters["W2"], parameters["b2"], "sigmoid")
caches.append(cache)
m = Y.shape[1]
cost = -np.sum(Y*np.log(AL) + (1 - Y)*np.log(1 - AL))/m

grads = {}
dAL = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
linear_cache, Z2 = caches[1]
grads["dA1"], grads["dW2"], grads["db2"] = linear_backward(sigmoid_backward(dAL, Z2), linear_cache)
linear_cache, Z1 = caches[0]
grads["dA0"], grads["dW1"], grads["db1"] = linear_backward(relu_backward(grads["dA1"], Z1), linear_cache)
