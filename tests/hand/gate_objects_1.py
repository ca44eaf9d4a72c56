class Value:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0

class Mul:
    def forward(self, u, v):
        self.u, self.v = u, v
        return Value(u.data*v.data)
    def backward(self, out):
        self.u.grad = self.v.data*out.grad
        self.v.grad += self.u.data*out.grad

class Add:
    def forward(self, u, v):
        self.u, self.v = u, v
        return Value(u.data + v.data)
    def backward(self, out):
        self.u.grad += out.grad
        self.v.grad += out.grad

class Max:
    def forward(self, u, v):
        self.u, self.v = u, v
        return Value(max(u.data, v.data))
    def backward(self, out):
        if self.u.data >= self.v.data:
            self.u.grad += out.grad
        else:
            self.v.grad += out.grad

def run(a, b, c, d):
    va, vb, vc, vd = Value(a), Value(b), Value(c), Value(d)
    m1, ad, mx, m2 = Mul(), Add(), Max(), Mul()
    p = m1.forward(va, vb)
    q = ad.forward(p, vc)
    m = mx.forward(vd, va)
    f = m2.forward(q, m)
    f.grad = 1.0
    m2.backward(f)
    mx.backward(m)
    ad.backward(q)
    m1.backward(p)
    da, db, dc, dd = va.grad, vb.grad, vc.grad, vd.grad
    return f.data, da, db, dc, dd
