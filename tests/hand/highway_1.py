import numpy as np

class Highway(object):
    def __init__(self, Wt, bt, Wh, bh):
        self.params = [Wt, bt, Wh, bh]
        self.cache = None

    def forward(self, x):
        Wt, bt, Wh, bh = self.params
        t = 1.0/(1.0 + np.exp(-(x.dot(Wt) + bt)))
        h = np.maximum(0, x.dot(Wh) + bh)
        y = t*h + (1 - t)*x
        self.cache = (x, t, h, y)
        return 0.5*np.sum(y*y)

    def backward(self):
        Wt, bt, Wh, bh = self.params
        x, t, h, y = self.cache
        dy = y
        dt = dy*h
        dh = dy*t
        dzt = dt*t*(1 - t)
        dzh = dh*(h > 0)
        dWt, dbt = x.T.dot(dzt), dzt.sum(0)
        dWh, dbh = x.T.dot(dzh), dzh.sum(0)
        dx = dzt.dot(Wt.T) + dzh.dot(Wh.T) + dy*(1 - t)
        return dx, dWt, dbt, dWh, dbh
