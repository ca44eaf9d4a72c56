x, y, z, w = 3.0, -4.0, 2.0, -1.0

a = x*y
b = max(z, w)
c = a + b
f = 2*c

df = 1.0
dc = 2*df
da = -dc
db = dc
dx = y*da
dy = x*da
dz = db if z > w else 0.0
dw = db if w >= z else 0.0
