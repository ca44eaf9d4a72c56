import numpy as np


class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        N, D = X.shape

        z1 = X.dot(W1) + b1
        a1 = np.maximum(0, z1)
        scores = a1.dot(W2) + b2
        if y is None:
            return scores

        shift = scores - np.max(scores, axis=1).reshape(-1, 1)
        probs = np.exp(shift)/np.sum(np.exp(shift), axis=1).reshape(-1, 1)
        loss = -np.sum(np.log(probs[range(N), list(y)]))
        loss /= N
        loss += 0.5*reg*(np.sum(W1*W1) + np.sum(W2*W2))

        grads = {}
        dscores = probs.copy()
        dscores[range(N), list(y)] -= 1
        dscores /= N
        grads['W2'] = a1.T.dot(dscores) + reg*W2
        grads['b2'] = np.sum(dscores, axis=0)
        da1 = dscores.dot(W2.T)
        dz1 = da1*(z1 > 0)
        grads['W1'] = X.T.dot(dz1) + reg*W1
        grads['b1'] = np.sum(dz1, axis=0)
        return loss, grads
