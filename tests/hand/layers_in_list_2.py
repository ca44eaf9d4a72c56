import numpy as np

class Dense:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, inp):
        self.inp = inp
        return np.dot(inp, self.W) + self.b

    def backward(self, grad_output):
        grad_input = np.dot(grad_output, self.W.T)
        self.dW = np.dot(self.inp.T, grad_output)
        self.db = grad_output.sum(axis=0, keepdims=True)
        return grad_input

class Sigmoid:
    def forward(self, inp):
        self.out = 1/(1 + np.exp(-inp))
        return self.out

    def backward(self, grad_output):
        return grad_output * self.out * (1 - self.out)

def softmax_crossentropy(logits, ref):
    logits_for_answers = logits[np.arange(len(logits)), ref]
    return (-logits_for_answers + np.log(np.sum(np.exp(logits), axis=-1))).mean()

def grad_softmax_crossentropy(logits, ref):
    ones_for_answers = np.zeros_like(logits)
    ones_for_answers[np.arange(len(logits)), ref] = 1
    softmax = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return (-ones_for_answers + softmax) / logits.shape[1]

network = [Dense(W1, b1), Sigmoid(), Dense(W2, b2)]
activations = []
inp = X
for layer in network:
    activations.append(layer.forward(inp))
    inp = activations[-1]
logits = activations[-1]
loss = softmax_crossentropy(logits, y)
grad = grad_softmax_crossentropy(logits, y)
for layer in network[::-1]:
    grad = layer.backward(grad)
dX = grad
