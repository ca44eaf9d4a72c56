import numpy as np

class TwoLayerNet(object):

  def __init__(self, W1, b1, W2, b2):
    self.params = {}
    self.params['W1'] = W1
    self.params['b1'] = b1
    self.params['W2'] = W2
    self.params['b2'] = b2

  def loss(self, X, y, reg=0.0):
    W1, b1 = self.params['W1'], self.params['b1']
    W2, b2 = self.params['W2'], self.params['b2']
    N, D = X.shape

    z1 = X.dot(W1) + b1
    a1 = z1 * (z1 > 0)
    scores = a1.dot(W2) + b2

    shifted = scores - np.max(scores, axis=1, keepdims=True)
    Z = np.sum(np.exp(shifted), axis=1, keepdims=True)
    log_probs = shifted - np.log(Z)
    probs = np.exp(log_probs)
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    loss += reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

    grads = {}
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N
    grads['W2'] = a1.T.dot(dscores) + 2 * reg * W2
    grads['b2'] = np.sum(dscores, axis=0)
    da1 = dscores.dot(W2.T)
    dz1 = da1 * (z1 > 0)
    grads['W1'] = X.T.dot(dz1) + 2 * reg * W1
    grads['b1'] = np.sum(dz1, axis=0)
    return loss, grads
