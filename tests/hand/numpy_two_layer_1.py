import numpy as np
N, D_in, H, D_out = 7, 5, 4, 3
x = np.random.randn(N, D_in).astype(np.float32)
y = np.random.randn(N, D_out).astype(np.float32)
w1 = np.random.randn(D_in, H).astype(np.float32)
w2 = np.random.randn(H, D_out).astype(np.float32)
lr = np.float32(1e-6)

h = x.dot(w1)
h_relu = np.maximum(h, 0)
y_pred = h_relu.dot(w2)
loss = np.square(y_pred - y).sum()

grad_y_pred = np.float32(2.0) * (y_pred - y)
grad_w2 = h.T.dot(grad_y_pred)
grad_h_relu = grad_y_pred.dot(w2.T)
grad_h = grad_h_relu.copy()
grad_h[h < 0] = 0
grad_w1 = x.T.dot(grad_h)
