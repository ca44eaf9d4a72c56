# WildML-style: deltas counted from the top
import numpy as np
x = np.random.randn(5, 3)
W1 = np.random.randn(3, 4)
W2 = np.random.randn(4, 2)
t = np.random.randn(5, 2)

z1 = x.dot(W1)
a1 = np.tanh(z1)
z2 = a1.dot(W2)

delta3 = z2 - t
dW2 = (a1.T).dot(delta3)
delta2 = delta3.dot(W2.T) * (1 - np.power(z1, 2))
dW1 = np.dot(x.T, delta2)
