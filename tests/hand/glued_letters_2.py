import math

# forward, one letter each because I did this on paper first
x, y = 3.0, -4.0
a = 1/(1 + math.exp(-y))
n = x + a
b = 1/(1 + math.exp(-x))
c = x + y
e = c*c
m = b + e
r = 1.0/m
f = n*r
print("f =", f)

# backward
gn = r
gr = n
gm = -gr/(m*m)
gb = gm
ge = gm
gc = 2*c*ge
gx, gy = gc, gc
gx += gb*b*(1 - b)
gx += gn
ga = gn
gy = a*(1 - a)*ga
print("df/dx", gx, "df/dy", gy)
