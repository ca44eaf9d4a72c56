import numpy as np

def nll_and_score(beta, X, y, alpha):
    eta = X @ beta
    mu = np.exp(eta)
    nll = np.sum(mu - y*eta) + alpha*np.abs(beta).sum()
    score = np.zeros_like(beta)
    for i in range(len(y)):
        score += (mu[i] - y[i])*X[i]
    score += alpha*np.sign(beta)
    dalpha = np.abs(beta).sum()
    return nll, score, dalpha
