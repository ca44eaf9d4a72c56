"""Forward and backward pass, compiled by gradc.

    A: [2, 3]; b: [3]; c: [3]
    sum(reshape(A, (3, 2)) @ A) + sum(concatenate([b, c])[1:5]**2) + sum(stack([b, c]) * A) + sum(A.T @ outer(A[:, 0], c)*2)

Inputs: A: (2, 3), b: (3,), c: (3,) (arrays).
Gradient with respect to: A, b, c.
Operations: forward 16, backward 26; together 2.62 times the forward pass alone.
"""

import numpy as np


def forward(A, b, c):
    A = as_array("A", A, 2, 3)
    b = as_array("b", b, 3)
    c = as_array("c", c, 3)
    ArA = A.reshape(3, 2) @ A  # (1)  ArA: (3, 3) = (3, 2) @ (2, 3)
    sumArA = np.sum(ArA)  # (2)
    cat = np.concatenate([b, c])  # (3)  cat: (6,)
    catsqr = cat[1:5]**2  # (4)  catsqr: (4,)
    sumcatsqr = np.sum(catsqr)  # (5)
    total = sumArA + sumcatsqr  # (6)
    stack = np.stack([b, c])  # (7)  stack: (2, 3)
    stackA = stack*A  # (8)  stackA: (2, 3)
    sumstackA = np.sum(stackA)  # (9)
    total2 = total + sumstackA  # (10)
    outAc = np.outer(A[:, 0], c)  # (11)  outAc: (2, 3)
    AToutAc = A.T @ outAc  # (12)  AToutAc: (3, 3) = (3, 2) @ (2, 3)
    AToutAc2 = AToutAc*2  # (13)  AToutAc2: (3, 3)
    total3 = np.sum(AToutAc2)  # (14)
    f = total2 + total3  # (15)
    return f, (A, c, cat, stack, outAc)


def backward(cache, df=1.0):
    A, c, cat, stack, outAc = cache
    df = A.dtype.type(df)
    # f = total2 + total3  (15)
    dtotal2 = df
    dtotal3 = df
    # total3 = np.sum(AToutAc2)  (14)
    dAToutAc2 = dtotal3  # dAToutAc2: () for each of (3, 3)
    # AToutAc2 = AToutAc*2  (13)
    dAToutAc = 2*dAToutAc2  # dAToutAc: () for each of (3, 3)
    # AToutAc = A.T @ outAc  (12)
    dA = outAc @ np.broadcast_to(dAToutAc, (3, 3))  # dA: (2, 3) = (2, 3) @ (3, 3)
    doutAc = A @ np.broadcast_to(dAToutAc, (3, 3))  # doutAc: (2, 3) = (2, 3) @ (3, 3)
    # outAc = np.outer(A[:, 0], c)  (11)
    dA[:, 0] += doutAc @ c
    dc = A[:, 0] @ doutAc  # dc: (3,) = (2,) @ (2, 3)
    # total2 = total + sumstackA  (10)
    dtotal = dtotal2
    dsumstackA = dtotal2
    # sumstackA = np.sum(stackA)  (9)
    dstackA = dsumstackA  # dstackA: () for each of (2, 3)
    # stackA = stack*A  (8)
    dstack = A*dstackA  # dstack: (2, 3)
    dA += stack*dstackA  # dA: (2, 3)
    # stack = np.stack([b, c])  (7)
    db = dstack[0]  # db: (3,)
    dc += dstack[1]  # dc: (3,)
    # total = sumArA + sumcatsqr  (6)
    dsumArA = dtotal
    dsumcatsqr = dtotal
    # sumcatsqr = np.sum(catsqr)  (5)
    dcatsqr = dsumcatsqr  # dcatsqr: () for each of (4,)
    # catsqr = cat[1:5]**2  (4)
    dcat = np.zeros_like(cat)
    dcat[1:5] += 2*cat[1:5]*dcatsqr
    # cat = np.concatenate([b, c])  (3)
    db = db + dcat[:3]  # db: (3,)
    dc += dcat[3:]  # dc: (3,)
    # sumArA = np.sum(ArA)  (2)
    dArA = dsumArA  # dArA: () for each of (3, 3)
    # ArA = A.reshape(3, 2) @ A  (1)
    dA += (np.broadcast_to(dArA, (3, 3)) @ A.T).reshape(2, 3)  # dA: (2, 3)
    dA += A.reshape(3, 2).T @ np.broadcast_to(dArA, (3, 3))  # dA: (2, 3) = (2, 3) @ (3, 3)
    return {"A": dA, "b": db, "c": dc}


def value_and_grad(A, b, c):
    f, cache = forward(A, b, c)
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
