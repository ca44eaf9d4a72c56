"""Forward and backward pass, compiled by gradc.

    x: [n, d]
    gamma: [d]
    beta: [d]
    mu = mean(x, axis=1, keepdims=True)
    xc = x - mu
    v = mean(xc**2, axis=1, keepdims=True)
    xn = xc/sqrt(v + 1e-5)
    gamma*xn + beta

Inputs: x: (n, d), gamma: (d,), beta: (d,) (arrays).
Gradient with respect to: x, gamma, beta.
Operations: forward 10, backward 20; together 3.00 times the forward pass alone.
"""

import numpy as np


def forward(x, gamma, beta):
    x = as_array("x", x, "n", "d")
    n, d = x.shape
    gamma = as_array("gamma", gamma, d)
    beta = as_array("beta", beta, d)
    mu = np.mean(x, axis=1, keepdims=True)  # (1)  mu: (n, 1)
    xc = x - mu  # (2)  xc: (n, d)
    xcsqr = xc**2  # (3)  xcsqr: (n, d)
    v = np.mean(xcsqr, axis=1, keepdims=True)  # (4)  v: (n, 1)
    vpc = v + 1e-5  # (5)  vpc: (n, 1)
    den = np.sqrt(vpc)  # (6)  den: (n, 1)
    invden = 1/den  # (7)  invden: (n, 1)
    xn = xc*invden  # (8)  xn: (n, d)
    gammaxn = gamma*xn  # (9)  gammaxn: (n, d)
    f = gammaxn + beta  # (10)  f: (n, d)
    return f, (gamma, xc, den, invden, xn, n, d)


def backward(cache, df):
    gamma, xc, den, invden, xn, n, d = cache
    df = as_array("df", df, n, d)
    # f = gammaxn + beta  (10)
    dgammaxn = df  # dgammaxn: (n, d)
    dbeta = np.sum(df, axis=0)  # dbeta: (d,)
    # gammaxn = gamma*xn  (9)
    dgamma = np.sum(xn*dgammaxn, axis=0)  # dgamma: (d,)
    dxn = gamma*dgammaxn  # dxn: (n, d)
    # xn = xc*invden  (8)
    dxc = invden*dxn  # dxc: (n, d)
    dinvden = np.sum(xc*dxn, axis=1, keepdims=True)  # dinvden: (n, 1)
    # invden = 1/den  (7)
    dden = -invden**2*dinvden  # dden: (n, 1)
    # den = np.sqrt(vpc)  (6)
    dvpc = 0.5/den*dden  # dvpc: (n, 1)
    # vpc = v + 1e-5  (5)
    dv = dvpc  # dv: (n, 1)
    # v = np.mean(xcsqr, axis=1, keepdims=True)  (4)
    dxcsqr = dv/max(d, 1)  # dxcsqr: (n, 1) for each of (n, d)
    # xcsqr = xc**2  (3)
    dxc += 2*xc*dxcsqr  # dxc: (n, d)
    # xc = x - mu  (2)
    dx = dxc  # dx: (n, d)
    dmu = -np.sum(dxc, axis=1, keepdims=True)  # dmu: (n, 1)
    # mu = np.mean(x, axis=1, keepdims=True)  (1)
    dx += dmu/max(d, 1)  # dx: (n, d)
    return {"x": dx, "gamma": dgamma, "beta": dbeta}


def both_passes(x, gamma, beta, df):
    """The two passes one after the other: for floats of any kind, and results as NumPy has them."""
    f, cache = forward(x, gamma, beta)
    return f, backward(cache, df)


# NumPy's functions by name, and numbers as it takes them unconverted: both save time in every call.
add_reduce = np.add.reduce
divide = np.divide
sqrt = np.sqrt
negative = np.negative
add = np.add
ndarray = np.ndarray
float64 = np.dtype(float)
c = np.array(1e-5)


def value_and_grad(x, gamma, beta, df):
    if not (
        type(x) is ndarray and x.dtype is float64 and x.ndim == 2
        and type(gamma) is ndarray and gamma.dtype is float64 and gamma.shape == (x.shape[1],)
        and type(beta) is ndarray and beta.dtype is float64 and beta.shape == (x.shape[1],)
        and type(df) is ndarray and df.dtype is float64 and df.shape == (x.shape[0], x.shape[1])
        and x.shape[1] > 0
    ):
        return both_passes(x, gamma, beta, df)
    d = x.shape[1]
    dbeta = add_reduce(df, 0)  # dbeta: (d,)
    mu = add_reduce(x, 1, keepdims=True)  # mu: (n, 1)
    mu /= d
    xc = x - mu  # xc: (n, d)
    xcxc = np.einsum("ij,ij->i", xc, xc)  # xcxc: (n,)
    v = divide(xcxc[:, None], d, mu)  # v: (n, 1)
    v += c
    sqrt(v, v)
    xn = divide(xc, v, xc)  # xn: (n, d)
    f = gamma*xn  # f: (n, d)
    f += beta
    dgamma = np.einsum("ij,ij->j", xn, df)  # dgamma: (d,)
    dxn = gamma*df  # dxn: (n, d)
    dxn /= v
    xndxn = np.einsum("ij,ij->i", xn, dxn)  # xndxn: (n,)
    quot = divide(xndxn[:, None], d, v)  # quot: (n, 1)
    xn *= quot
    dxn -= xn
    dmu = add_reduce(dxn, 1, keepdims=True)  # dmu: (n, 1)
    negative(dmu, dmu)
    dmu /= d
    dx = add(dxn, dmu, dxn)  # dx: (n, d)
    return f, {"x": dx, "gamma": dgamma, "beta": dbeta}


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)
