import numpy as np

rng = np.random.RandomState(1)
x = rng.randn(9)
mu, logs = 0.3, -0.2

sigma = np.exp(logs)
r = (x - mu)/sigma
nll = np.sum(0.5*r**2 + logs)

# gradients
dr = r
dmu = -dr/sigma
dsigma = np.sum(-dr*(x - mu)/sigma**2)
dlogs = dsigma + len(x)
dx = dr/sigma
