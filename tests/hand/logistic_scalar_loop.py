import math
x = [0.5, -1.2, 0.3, 2.0, -0.7]
t = [1.0, 0.0, 1.0, 1.0, 0.0]
w, b = 0.1, -0.3

L = 0.0
dw = 0.0
db = 0.0
for xi, ti in zip(x, t):
    z = w*xi + b
    p = 1.0/(1.0 + math.exp(-z))
    L += -ti*math.log(p) - (1 - ti)*math.log(1 - p)
    dz = p - ti
    dw += xi*dz
    db += dz
L /= 5
dw /= 5
db /= 5
