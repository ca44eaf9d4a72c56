import numpy as np

class MLP:
    def __init__(self, W0, W1, W2):
        self.Ws = [W0, W1, W2]

    def forward(self, X):
        self.acts = [X]
        h = X
        for i, W in enumerate(self.Ws):
            a = h @ W
            h = np.tanh(a) if i < len(self.Ws) - 1 else a
            self.acts.append(h)
        return h

    def gradients(self, X, T):
        out = self.forward(X)
        delta = T - out
        grads = [None]*3
        for i in range(2, -1, -1):
            grads[i] = self.acts[i].T @ delta
            if i > 0:
                delta = (delta @ self.Ws[i].T)*(1 - self.acts[i]**2)
        dW0, dW1, dW2 = grads
        return {"W0": dW0, "W1": dW1, "W2": dW2}
