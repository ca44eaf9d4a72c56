import numpy as np

class MaxPool:
    def forward(self, x):
        self.x = x
        N, D = x.shape
        out = np.zeros((N, D//2))
        for i in range(N):
            for j in range(D//2):
                out[i, j] = x[i, 2*j:2*j + 2].max()
        self.out = out
        return out

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        N, D = self.x.shape
        for i in range(N):
            for j in range(D//2):
                k = np.argmax(self.x[i, 2*j:2*j + 2])
                dx[i, 2*j + k] = dout[i, j]
        return dx
