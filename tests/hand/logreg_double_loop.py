import math

def hypothesis(theta, row):
    z = sum(theta[j]*row[j] for j in range(len(theta)))
    return 1.0/(1.0 + math.exp(-z))

def cost_and_gradient(theta, X, y, lam):
    m, n = len(X), len(theta)
    J = 0.0
    grad = [0.0]*n
    for i in range(m):
        h = hypothesis(theta, X[i])
        J -= y[i]*math.log(h) + (1 - y[i])*math.log(1 - h)
        for j in range(n):
            grad[j] += (h - y[i])*X[i][j]
    J = J/m
    for j in range(n):
        grad[j] = grad[j]/m + lam/m*theta[j]
        J += lam/(2*m)*theta[j]**2
    return J, grad
