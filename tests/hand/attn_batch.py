import numpy as np

class Attention:
    def forward(self, Q, K, V):
        self.q, self.k, self.v = Q, K, V
        self.inv = 1.0/np.sqrt(Q.shape[-1])
        s = np.einsum('btd,bsd->bts', Q, K)*self.inv
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        self.p = e/e.sum(axis=-1, keepdims=True)
        return np.einsum('bts,bse->bte', self.p, V)

    def backward(self, dO):
        dV = np.einsum('bts,bte->bse', self.p, dO)
        dP = np.einsum('bte,bse->bts', dO, self.v)
        dS = self.p*(dP - np.sum(dP*self.p, axis=-1, keepdims=True))
        dS = dS*self.inv
        dQ = np.einsum('bts,bsd->btd', dS, self.k)
        dK = np.einsum('bts,btd->bsd', dS, self.q)
        return dQ, dK, dV
