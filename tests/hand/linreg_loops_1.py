def loss_and_grad(w, b, X, t):
    n = len(X)
    d = len(w)
    loss = 0.0
    dw = [0.0] * d
    db = 0.0
    for i in range(n):
        pred = b
        for j in range(d):
            pred += w[j] * X[i][j]
        err = t[i] - pred
        loss += err ** 2
        for j in range(d):
            dw[j] += err * X[i][j]
        db += err
    loss /= 2 * n
    for j in range(d):
        dw[j] /= n
    db /= n
    return loss, dw, db
