from math import exp, sin, cos

k, x, a, b, w = 2.0, 0.7, 0.1, 0.5, 3.0

u = x - a
pot = k*u**2/2
damp = exp(-b*x)
osc = cos(w*x)
E = pot + damp*osc

dE = 1.0
dpot = dE
ddamp = osc*dE
dosc = damp*dE
dk = u**2/2*dpot
du = k*u*dpot
dx = du
da = -du
dx += -b*damp*ddamp
db = -x*damp*ddamp
dx += -w*sin(w*x)*dosc
dw = -x*sin(w*x)*dosc
