"""Value and gradient written by hand, the way a careful person does: what the emitted code is measured against.

Every function takes the inputs of its program and returns the value and a tuple of derivatives.

>>> value, (dx, dy) = notes(3.0, -4.0)
>>> round(value, 3), round(dx, 3), round(dy, 3)
(1.546, 2.06, 1.592)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import cos, exp, log, sin, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# ---- numbers -----------------------------------------------------------------------------------------------------


def notes_value(x: float, y: float) -> float:
    sigy, sigx, xpy = 1.0 / (1.0 + exp(-y)), 1.0 / (1.0 + exp(-x)), x + y
    return (x + sigy) / (sigx + xpy * xpy)


def notes(x: float, y: float) -> tuple[float, tuple[float, float]]:
    sigy = 1.0 / (1.0 + exp(-y))
    num = x + sigy
    sigx = 1.0 / (1.0 + exp(-x))
    xpy = x + y
    den = sigx + xpy * xpy
    invden = 1.0 / den
    f = num * invden
    dden = -f * invden
    dxpy = 2.0 * xpy * dden
    return f, (dxpy + (1.0 - sigx) * sigx * dden + invden, dxpy + (1.0 - sigy) * sigy * invden)


def mml_value(x: float) -> float:
    a = x * x
    c = a + exp(a)
    return sqrt(c) + cos(c)


def mml(x: float) -> tuple[float, tuple[float]]:
    a = x * x
    b = exp(a)
    c = a + b
    d = sqrt(c)
    dc = 0.5 / d - sin(c)
    return d + cos(c), (2 * x * (dc + dc * b),)


def _written(text: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(text, names)
    function: Callable[..., Any] = names["f"]
    return function


def logistic_value(steps: int) -> Callable[..., Any]:
    lines = [f"    v{i + 1} = 4.0*v{i}*(1.0 - v{i})" for i in range(steps)]
    return _written("\n".join(["def f(v0):", *lines, f"    return v{steps}"]))


def logistic(steps: int) -> Callable[..., Any]:
    lines = [f"    v{i + 1} = 4.0*v{i}*(1.0 - v{i})" for i in range(steps)]
    lines += [f"    d = 4.0 - 8.0*v{steps - 1}", *(f"    d *= 4.0 - 8.0*v{i}" for i in reversed(range(steps - 1)))]
    return _written("\n".join(["def f(v0):", *lines, f"    return v{steps}, (d,)"]))


# ---- arrays, elementwise -----------------------------------------------------------------------------------------


def notes_array_value(x: Array, y: Array) -> Array:
    sigy, sigx = 1.0 / (1.0 + np.exp(-y)), 1.0 / (1.0 + np.exp(-x))
    return (x + sigy) / (sigx + (x + y) ** 2)


def notes_array(x: Array, y: Array) -> tuple[Array, tuple[Array, Array]]:
    sigy = 1.0 / (1.0 + np.exp(-y))
    num = x + sigy
    sigx = 1.0 / (1.0 + np.exp(-x))
    xpy = x + y
    xpysqr = xpy**2
    den = sigx + xpysqr
    invden = 1.0 / den
    f = num * invden
    dnum = invden
    dden = -f * invden
    dxpy = (2 * xpy) * dden
    dx = dxpy + dnum
    dy = dxpy + ((1 - sigy) * sigy) * dnum
    dx += ((1 - sigx) * sigx) * dden
    return f, (dx, dy)


HALF, DENSITY = 1 / math.sqrt(2.0), 1 / math.sqrt(2 * math.pi)


def black_scholes_value(S: Array, K: Array, T: Array, v: Array, r: float) -> Any:
    from scipy.special import erf

    vs = v * np.sqrt(T)
    d1 = (np.log(S / K) + (r + 0.5 * v**2) * T) / vs
    d2 = d1 - vs
    return S * (0.5 * (1.0 + erf(d1 * HALF))) - K * np.exp(-r * T) * (0.5 * (1.0 + erf(d2 * HALF)))


def black_scholes(S: Array, K: Array, T: Array, v: Array, r: float) -> Any:
    """Every named value used again, and no theorem of finance."""
    from scipy.special import erf

    sq = np.sqrt(T)
    vs = v * sq
    a = r + 0.5 * v * v
    d1 = (np.log(S / K) + a * T) / vs
    d2 = d1 - vs
    N1 = 0.5 * (1.0 + erf(d1 * HALF))
    N2 = 0.5 * (1.0 + erf(d2 * HALF))
    KD = K * np.exp(-r * T)
    f = S * N1 - KD * N2
    dd1 = S * (DENSITY * np.exp(-0.5 * d1 * d1))
    dd2 = -KD * (DENSITY * np.exp(-0.5 * d2 * d2))
    dnum = (dd1 + dd2) / vs
    dvs = -d1 * dnum - dd2
    KDN = KD * N2
    dS = N1 + dnum / S
    dT = dnum * a + KDN * r + dvs * v * 0.5 / sq
    dv = dnum * T * v + dvs * sq
    dr = dnum * T + KDN * T
    return f, (dS, dT, dv, dr)


def notes_loop(x: Array, y: Array) -> tuple[Array, tuple[Array, Array]]:
    """The loop that a compiler of loops takes."""
    f, dx, dy = np.empty(x.size), np.empty(x.size), np.empty(x.size)
    for i in range(x.size):
        sigy, sigx, xpy = 1.0 / (1.0 + math.exp(-y[i])), 1.0 / (1.0 + math.exp(-x[i])), x[i] + y[i]
        invden = 1.0 / (sigx + xpy * xpy)
        value = (x[i] + sigy) * invden
        dden = -value * invden
        dxpy = 2.0 * xpy * dden
        f[i] = value
        dx[i] = dxpy + invden + (1.0 - sigx) * sigx * dden
        dy[i] = dxpy + (1.0 - sigy) * sigy * invden
    return f, (dx, dy)


def black_scholes_loop(S: Array, K: Array, T: Array, v: Array, r: float) -> Any:
    """The loop that a compiler of loops takes."""
    n = S.size
    f, dS, dT, dv, dr = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        sq = math.sqrt(T[i])
        vs = v[i] * sq
        a = r + 0.5 * v[i] * v[i]
        d1 = (math.log(S[i] / K[i]) + a * T[i]) / vs
        d2 = d1 - vs
        N1, N2 = 0.5 * (1.0 + math.erf(d1 * HALF)), 0.5 * (1.0 + math.erf(d2 * HALF))
        KD = K[i] * math.exp(-r * T[i])
        dd2 = -KD * DENSITY * math.exp(-0.5 * d2 * d2)
        dnum = (S[i] * DENSITY * math.exp(-0.5 * d1 * d1) + dd2) / vs
        dvs = -d1 * dnum - dd2
        f[i] = S[i] * N1 - KD * N2
        dS[i] = N1 + dnum / S[i]
        dT[i] = dnum * a + KD * N2 * r + dvs * v[i] * 0.5 / sq
        dv[i] = dnum * T[i] * v[i] + dvs * sq
        dr[i] = (dnum + KD * N2) * T[i]
    return f, (dS, dT, dv, dr)


# ---- vectors and matrices ----------------------------------------------------------------------------------------


def product_value(n: int) -> Callable[..., Any]:
    names = [f"x{i}" for i in range(n)]
    return _written(f"def f(x):\n    {', '.join(names)} = x.tolist()\n    return {'*'.join(names)}")


def product(x: Array) -> Any:
    """The products of what stands before times those of what stands behind."""
    g = np.empty_like(x)
    g[0] = 1.0
    np.multiply.accumulate(x[:-1], out=g[1:])
    f = g[-1] * x[-1]
    g[:-1] *= np.multiply.accumulate(x[:0:-1])[::-1]
    return f, (g,)


def rosenbrock_value(x: Array) -> Any:
    a = x[:-1]
    r, s = x[1:] - a * a, 1.0 - a
    return 100.0 * np.dot(r, r) + np.dot(s, s)


def rosenbrock(x: Array) -> Any:
    a, b = x[:-1], x[1:]
    r = b - a * a
    s = 1.0 - a
    f = 100.0 * np.dot(r, r) + np.dot(s, s)
    r *= 200.0
    g = np.empty_like(x)
    g[0] = 0.0
    g[1:] = r
    r *= a
    r += s
    r *= 2.0
    g[:-1] -= r
    return f, (g,)


S2, C1, C2 = 2.8284271247461903, 2.414213562373095, 0.41421356237309515


def helmholtz_value(x: Array, b: Array, A: Array) -> float:
    bx = float(b @ x)
    mix, q = float(x @ np.log(x / (1.0 - bx))), float(x @ (A @ x))
    return mix - q / (S2 * bx) * log((1.0 + C1 * bx) / (1.0 - C2 * bx))


def helmholtz(x: Array, b: Array, A: Array) -> tuple[float, tuple[Array]]:
    bx = float(b @ x)
    om = 1.0 - bx
    lx = np.log(x / om)
    mix = float(x @ lx)
    Ax = A @ x
    q = float(x @ Ax)
    p, m = 1.0 + C1 * bx, 1.0 - C2 * bx
    L = log(p / m)
    c = 1.0 / (S2 * bx)
    f = mix - q * c * L
    dq = -c * L
    dbx = q * c * L / bx - q * c * (C1 / p + C2 / m) + float(x.sum()) / om
    g = lx
    g += 1.0
    g += dbx * b
    Ax += x @ A  # that A is symmetric is not assumed
    Ax *= dq
    g += Ax
    return f, (g,)


def regression_value(X: Array, t: Array, w: Array, b: float) -> Any:
    m = t * (X @ w + b)
    return np.log(1.0 + np.exp(-m)).mean()


def regression(X: Array, t: Array, w: Array, b: float) -> Any:
    m = t * (X @ w + b)
    e = np.exp(-m)
    o = 1.0 + e
    f = np.log(o).mean()
    dm = e / o
    dm *= t
    dm *= -1.0 / len(t)
    return f, (dm @ X, dm.sum())


def mlp_value(X: Array, W1: Array, b1: Array, W2: Array, b2: Array, T: Array) -> Any:
    H = np.maximum(X @ W1 + b1, 0.0)
    D = H @ W2 + b2 - T
    return (D * D).mean()


def mlp(X: Array, W1: Array, b1: Array, W2: Array, b2: Array, T: Array) -> Any:
    A = X @ W1
    A += b1
    H = np.maximum(A, 0.0)
    D = H @ W2
    D += b2
    D -= T
    f = np.dot(D.ravel(), D.ravel()) / D.size
    D *= 2.0 / D.size
    dH = D @ W2.T
    dH *= A > 0
    return f, (X.T @ dH, dH.sum(axis=0), H.T @ D, D.sum(axis=0))
