import numpy as np

class LayerNorm:
    def __init__(self, gamma, beta, eps=1e-5):
        self.gamma = gamma
        self.beta = beta
        self.eps = eps

    def forward(self, x):
        self.mu = np.mean(x, axis=1, keepdims=True)
        self.xc = x - self.mu
        self.v = np.mean(self.xc**2, axis=1, keepdims=True)
        self.rstd = 1.0/np.sqrt(self.v + self.eps)
        self.xhat = self.xc*self.rstd
        return self.gamma*self.xhat + self.beta

    def backward(self, dout):
        D = dout.shape[1]
        self.dbeta = dout
        self.dgamma = np.sum(dout*self.xhat, axis=0)
        dxhat = dout*self.gamma
        drstd = dxhat*self.xc
        dv = -0.5*self.rstd**3*drstd
        dxc = dxhat*self.rstd + 2.0/D*self.xc*dv
        dmu = -np.sum(dxc, axis=1, keepdims=True)
        dx = dxc + dmu/D
        return dx
