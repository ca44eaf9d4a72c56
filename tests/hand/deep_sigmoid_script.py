import numpy as np

def nonlin(x, deriv=False):
    if deriv:
        return x*(1-x)
    return 1/(1+np.exp(-x))

np.random.seed(1)
X = np.random.randn(5, 3)
y = np.random.rand(5, 1)
syn0 = 2*np.random.random((3, 4)) - 1
syn1 = 2*np.random.random((4, 1)) - 1
W0, W1 = syn0, syn1

l0 = X
l1 = nonlin(np.dot(l0, W0))
l2 = nonlin(np.dot(l1, W1))
E = 0.5*np.sum((y - l2)**2)

l2_error = l2 - y
l2_delta = l2_error*nonlin(l2, deriv=True)
l1_error = l2_delta.dot(W1.T)
l1_delta = l1_error * nonlin(l1, deriv=True)
dW1 = l1.T.dot(l2_delta)
dW0 = l0.T.dot(l1_delta)
