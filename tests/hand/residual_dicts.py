import numpy as np

P = {'W1': W1, 'b1': b1, 'W2': W2, 'b2': b2}
G = {}
N = len(x)
pre = x @ P['W1'] + P['b1']
h = pre*(pre > 0)
y = x + h @ P['W2'] + P['b2']
loss = ((y - t)**2).sum()/(2*N)
gy = (y - t)/N
G['b2'] = gy.sum(0)
G['W2'] = h.T @ gy
gh = gy @ P['W2'].T
gpre = gh*(pre > 0)
G['b1'] = gpre.sum(0)
G['W1'] = x.T @ gpre
gx = gy + gpre @ P['W1'].T
