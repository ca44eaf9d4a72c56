def p(a, b, c):
    t1 = a + b
    t2 = b + c
    t3 = t2**2
    t4 = t1*t3
    g3 = t1
    g1 = t3
    g2 = 2*t2*g3
    return t4, (g1, g2, g2)
