"""Forward and backward pass, compiled by gradc.

    A: [n, n]; b: [n]
    det(A) + trace(inv(A)) + dot(b, solve(A, b)) + norm(A @ b)

Inputs: A: (n, n), b: (n,) (arrays).
Gradient with respect to: A, b.
Operations: forward 23, backward 53; together 3.30 times the forward pass alone.
"""

import numpy as np


def forward(A, b):
    A = as_array("A", A, "n", "n")
    n = A.shape[0]
    b = as_array("b", b, n)
    detA = np.linalg.det(A)  # (1)
    invA = np.linalg.inv(A)  # (2)  invA: (n, n)
    trinvA = np.trace(invA)  # (3)
    total = detA + trinvA  # (4)
    solAb = np.linalg.solve(A, b)  # (5)  solAb: (n,)
    bsolAb = b @ solAb  # (6)
    total2 = total + bsolAb  # (7)
    Ab = A @ b  # (8)  Ab: (n,) = (n, n) @ (n,)
    normAb = norm(Ab)  # (9)  the slope at 0 is 0
    f = total2 + normAb  # (10)
    return f, (A, b, invA, solAb, Ab, normAb)


def backward(cache, df=1.0):
    A, b, invA, solAb, Ab, normAb = cache
    # f = total2 + normAb  (10)
    dtotal2 = df
    dnormAb = df
    # normAb = norm(Ab)  (9)
    dAb = Ab/np.where(normAb == 0, 1, normAb)*dnormAb  # dAb: (n,)
    # Ab = A @ b  (8)
    dA = np.outer(dAb, b)  # dA: (n, n)
    db = A.T @ dAb  # db: (n,) = (n, n) @ (n,)
    # total2 = total + bsolAb  (7)
    dtotal = dtotal2
    dbsolAb = dtotal2
    # bsolAb = b @ solAb  (6)
    db += solAb*dbsolAb  # db: (n,)
    dsolAb = b*dbsolAb  # dsolAb: (n,)
    # solAb = np.linalg.solve(A, b)  (5)
    sol = np.linalg.solve(A.T, dsolAb)  # sol: (n,)
    dA -= np.outer(sol, solAb)  # dA: (n, n)
    db += sol  # db: (n,)
    # total = detA + trinvA  (4)
    ddetA = dtotal
    dtrinvA = dtotal
    # trinvA = np.trace(invA)  (3)
    dinvA = dtrinvA*np.eye(*invA.shape, dtype=invA.dtype)  # dinvA: (n, n)
    # invA = np.linalg.inv(A)  (2)
    dA -= invA.T @ dinvA @ invA.T  # dA: (n, n)
    # detA = np.linalg.det(A)  (1)
    dA += ddetA*cofactor(A)  # dA: (n, n)
    return {"A": dA, "b": db}


def value_and_grad(A, b):
    f, cache = forward(A, b)
    return f, backward(cache)


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)


def norm(x, axis=None, keepdims=False):
    """sqrt(sum(x**2)), scaled by the largest element so that it can neither overflow nor vanish."""
    top = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    scale = np.where((top == 0) | ~np.isfinite(top), 1.0, top)
    out = scale*np.sqrt(np.sum((x/scale)**2, axis=axis, keepdims=True))
    return out if keepdims else np.squeeze(out, axis=axis)[()]


def rows(x, axis):
    """x with the reduced axes flattened into the last one, and the way back."""
    gone = range(x.ndim) if axis is None else sorted(a % x.ndim for a in np.atleast_1d(axis))
    order = [a for a in range(x.ndim) if a not in gone] + list(gone)
    moved = np.transpose(x, order)
    kept = moved.shape[:x.ndim - len(gone)]
    flat = moved.reshape(kept + (int(np.prod(moved.shape[len(kept):])),))
    return flat, lambda y: np.transpose(y.reshape(moved.shape), np.argsort(order))


def others(x, axis=None):
    """For each element the product of all the others along the axes: what is before it times what is after it."""
    flat, back = rows(x, axis)
    out = np.ones_like(flat)
    np.cumprod(flat[..., :-1], axis=-1, out=out[..., 1:])
    out[..., :-1] *= np.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1]
    return back(out)


def cofactor(x):
    """The matrix of cofactors from the singular values: det(x)*inv(x).T where x is regular, and finite where not."""
    u, s, v = np.linalg.svd(x)
    sign = np.linalg.det(u)*np.linalg.det(v)
    return sign[..., None, None]*((u*others(s, -1)[..., None, :]) @ v)
