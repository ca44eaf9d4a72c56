import numpy as np


class Staged:
    """The running example as an object."""

    def forward(self, x, y):
        self.x, self.y = x, y
        self.sig_y = 1.0/(1.0 + np.exp(-y))
        self.numer = x + self.sig_y
        self.sig_x = 1.0/(1.0 + np.exp(-x))
        self.total = x + y
        self.denom = self.sig_x + self.total**2
        return self.numer/self.denom

    def backward(self, dout):
        dnumer = dout/self.denom
        ddenom = -dout*self.numer/self.denom**2
        dsig_x = ddenom
        dtotal = ddenom*2*self.total
        dsig_y = dnumer
        dx = dtotal + dnumer + dsig_x*self.sig_x*(1 - self.sig_x)
        dy = dtotal + dsig_y*self.sig_y*(1 - self.sig_y)
        return dx, dy
