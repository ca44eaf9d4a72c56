"""Programs of arrays beside the value and gradient that a careful person writes for them in NumPy.

Each row is a kind of program in which emitted code once fell behind: numbers among points, a batched product, a loop
over time, masks, weights, contractions. The functions take the inputs and return the value and the derivatives.

>>> work = {each.name: each for each in rows(0.01)}["rows' products"]
>>> value, grads = work.hand(**work.inputs)
>>> sorted(grads)
['A', 'B']
"""

from __future__ import annotations

import gc
import math
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import gradc

Array = Any


@dataclass(frozen=True, slots=True)
class ByHand:
    """A program with inputs, and what is written for it; `most` is what memory and time may be, relative to that."""

    name: str
    program: str
    inputs: dict[str, Any]
    wrt: tuple[str, ...]
    hand: Callable[..., Any]
    literal: bool = False
    most_time: float = 1.1
    most_memory: float = 1.1

    def compiled(self, style: str = "fast") -> gradc.Function:
        """The program, its arrays declared, but for that of numbers and points."""
        elementwise = self.hand is gaussian
        shapes = None if elementwise else {name: np.shape(x) for name, x in self.inputs.items() if np.ndim(x)}
        return gradc.compile(
            self.program, wrt=self.wrt, shapes=shapes, literal=self.literal, inputs=list(self.inputs), style=style
        )  # type: ignore[call-overload,no-any-return]  # a style as text


def peak(call: Callable[[], Any]) -> int:
    """Bytes at the peak of a call, its results included."""
    call()
    gc.collect()
    tracemalloc.start()
    try:
        result = call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        del result


# ---- numbers among points ----------------------------------------------------------------------------------------

GAUSSIAN = """cost2 = cos(t)**2; sint2 = sin(t)**2; sin2t = sin(2*t); xs2 = sx**2; ys2 = sy**2
xd = x - x0; yd = y - y0
a = 0.5*(cost2/xs2 + sint2/ys2)
b = 0.5*(sin2t/xs2 - sin2t/ys2)
c = 0.5*(sint2/xs2 + cost2/ys2)
g = A*exp(-(a*xd**2 + b*xd*yd + c*yd**2))"""


def _shape_of(sx: float, sy: float, t: float) -> tuple[float, ...]:
    ct2, st2, s2t = math.cos(t) ** 2, math.sin(t) ** 2, math.sin(2 * t)
    ix, iy = 1 / sx**2, 1 / sy**2
    return ct2, st2, s2t, ix, iy, 0.5 * (ct2 * ix + st2 * iy), 0.5 * s2t * (ix - iy), 0.5 * (st2 * ix + ct2 * iy)


def gaussian(x: Array, y: Array, A: float, x0: float, y0: float, sx: float, sy: float, t: float) -> Any:
    """Coefficients on numbers first, and their slopes; then one product of arrays for each parameter."""
    ct2, st2, s2t, ix, iy, a, b, c = _shape_of(sx, sy, t)
    xd, yd = x - x0, y - y0
    xd2, xy, yd2 = xd * xd, xd * yd, yd * yd
    e = np.exp(-(a * xd2 + b * xy + c * yd2))
    g = A * e
    da_dt, db_dt = 0.5 * s2t * (iy - ix), math.cos(2 * t) * (ix - iy)
    px, py = ix / sx, iy / sy
    dt = -g * (da_dt * xd2 + db_dt * xy - da_dt * yd2)
    dsx = g * ((ct2 * px) * xd2 + (s2t * px) * xy + (st2 * px) * yd2)
    dsy = g * ((st2 * py) * xd2 - (s2t * py) * xy + (ct2 * py) * yd2)
    dx0, dy0 = g * (2 * a * xd + b * yd), g * (b * xd + 2 * c * yd)
    return g, {"A": e, "x0": dx0, "y0": dy0, "sx": dsx, "sy": dsy, "t": dt}


def gaussian_fit(x: Array, y: Array, z: Array, A: float, x0: float, y0: float, sx: float, sy: float, t: float) -> Any:
    """Under a sum, the sums over the points first, then the part of the numbers once."""
    ct2, st2, s2t, ix, iy, a, b, c = _shape_of(sx, sy, t)
    xd, yd = x - x0, y - y0
    xd2, xy, yd2 = xd * xd, xd * yd, yd * yd
    e = a * xd2
    e += b * xy
    e += c * yd2
    np.negative(e, e)
    np.exp(e, e)
    r = A * e
    r -= z
    f = float(r @ r)
    r *= e
    r *= 2
    dA = float(r.sum())
    r *= -A
    da, db, dc, rx, ry = (float(r @ each) for each in (xd2, xy, yd2, xd, yd))
    dix, diy = 0.5 * (ct2 * da + s2t * db + st2 * dc), 0.5 * (st2 * da - s2t * db + ct2 * dc)
    dt = 0.5 * s2t * (iy - ix) * (da - dc) + math.cos(2 * t) * (ix - iy) * db
    dx0, dy0 = -(2 * a * rx + b * ry), -(b * rx + 2 * c * ry)
    return f, {"A": dA, "x0": dx0, "y0": dy0, "sx": -2 * ix / sx * dix, "sy": -2 * iy / sy * diy, "t": dt}


REGRESSION = """s = exp(ls); lam = exp(ll); n = len(y)
r = y - X @ w
0.5*sum(r**2)/s**2 + n*log(s) + lam*sum(w**2)/(1 + lam**2) + ll**2 + sin(ls)*cos(ll)"""


def regression(X: Array, y: Array, w: Array, ls: float, ll: float) -> Any:
    s, lam, n = math.exp(ls), math.exp(ll), len(y)
    r = y - X @ w
    rr, ww, q = float(r @ r), float(w @ w), 1 + lam * lam
    f = 0.5 * rr / s**2 + n * math.log(s) + lam * ww / q + ll**2 + math.sin(ls) * math.cos(ll)
    r *= -1 / s**2
    dw = r @ X
    dw += (2 * lam / q) * w
    dls = -rr / s**2 + n + math.cos(ls) * math.cos(ll)
    dlam = ww / q - lam * ww / q**2 * 2 * lam
    return f, {"w": dw, "ls": dls, "ll": dlam * lam + 2 * ll - math.sin(ls) * math.sin(ll)}


def angle(y: Array, x: Array, w: Array) -> Any:
    """One distance for both slopes."""
    f = float(np.arctan2(y, x) @ w)
    h = np.hypot(x, y)
    wh = w / h
    dy = x / h
    dy *= wh
    dx = y / h
    dx *= wh
    np.negative(dx, dx)
    return f, {"y": dy, "x": dx}


# ---- products and loops ------------------------------------------------------------------------------------------


def batched(x: Array, W: Array, Y: Array) -> Any:
    D = x @ W
    D -= Y
    f = float(D.ravel() @ D.ravel())
    D *= 2
    return f, {"x": D @ W.T, "W": x.reshape(-1, x.shape[-1]).T @ D.reshape(-1, D.shape[-1])}


RNN = """h = h0
for t in range(40):
    h = tanh(X[t] @ Wx + h @ Wh + b)
sum((h - Y)**2)"""


def rnn(X: Array, Wx: Array, Wh: Array, b: Array, h0: Array, Y: Array) -> Any:
    """An array for each state, and each adjoint where it is added."""
    h, states = h0, [h0]
    for x in X:
        a = x @ Wx
        a += h @ Wh
        a += b
        h = np.tanh(a, a)
        states.append(h)
    dh = h - Y
    f = float(dh.ravel() @ dh.ravel())
    dh *= 2
    dWx, dWh, db, dX = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b), np.empty_like(X)
    for t in reversed(range(len(X))):
        da = states[t + 1]
        da *= da
        np.subtract(1, da, da)
        da *= dh
        dWx += X[t].T @ da
        dWh += states[t].T @ da
        db += da.sum(axis=0)
        dX[t] = da @ Wx.T
        dh = da @ Wh.T
    return f, {"X": dX, "Wx": dWx, "Wh": dWh, "b": db, "h0": dh}


KALMAN = """x = x0; P = P0
for t in range(7):
    x = F @ x
    P = F @ P @ F.T + Q
sum(x**2) + trace(P)"""


def kalman(F: Array, x0: Array, P0: Array, Q: Array) -> Any:
    x, P, xs, Ps, halves = x0, P0, [], [], []
    for _ in range(7):
        xs.append(x)
        Ps.append(P)
        x, half = F @ x, F @ P
        halves.append(half)
        P = half @ F.T
        P += Q
    f = float(x @ x) + float(np.trace(P))
    dx, dP, dF, dQ = 2 * x, np.eye(len(F)), np.zeros_like(F), np.zeros_like(Q)
    for t in reversed(range(7)):
        dQ += dP
        dF += dP.T @ halves[t]
        dhalf = dP @ F
        dF += dhalf @ Ps[t].T
        dP = F.T @ dhalf
        dF += np.outer(dx, xs[t])
        dx = F.T @ dx
    return f, {"F": dF, "x0": dx, "P0": dP, "Q": dQ}


def logdet(K: Array, y: Array) -> Any:
    inverse, f = np.linalg.inv(K), np.linalg.slogdet(K)[1]
    a = inverse @ y
    return 0.5 * float(y @ a) + 0.5 * f, {"K": 0.5 * (inverse.T - np.outer(a, a)), "y": a}


def contraction(A: Array, B: Array, G: Array) -> Any:
    return float((A @ B).ravel() @ G.ravel()), {"A": G @ B.T, "B": A.T @ G}


def products(A: Array, B: Array, c: Array) -> Any:
    s = np.einsum("ij,ij->i", A, B)
    ds = (2 * c * s)[:, None]
    return float((c * s) @ s), {"A": ds * B, "B": ds * A}


# ---- weights and masks -------------------------------------------------------------------------------------------

SOFTMAX = """s = x - x.max(axis=1, keepdims=True)
e = exp(s)
p = e/e.sum(axis=1, keepdims=True)
sum(G*p)"""
LOG_SOFTMAX = """s = x - np.max(x, axis=1, keepdims=True)
logp = s - np.log(np.sum(np.exp(s), axis=1, keepdims=True))
-sum(y*logp)/1000"""


def softmax(x: Array, G: Array) -> Any:
    """The shift falls out."""
    p = x - x.max(axis=1, keepdims=True)
    np.exp(p, p)
    p /= p.sum(axis=1, keepdims=True)
    dx = G - np.einsum("ij,ij->i", G, p)[:, None]
    dx *= p
    return float(p.ravel() @ G.ravel()), {"x": dx}


def log_softmax(x: Array, y: Array) -> Any:
    s = x - x.max(axis=1, keepdims=True)
    e = np.exp(s)
    total = e.sum(axis=1, keepdims=True)
    s -= np.log(total)
    f = -float(s.ravel() @ y.ravel()) / 1000
    e /= total
    e *= y.sum(axis=1, keepdims=True)
    e -= y
    e /= 1000
    return f, {"x": e}


def logsumexp(x: Array) -> Any:
    top = float(x.max())
    e = np.exp(x - top)
    total = float(e.sum())
    e /= total
    return top + math.log(total), {"x": e}


ATTENTION = """S = Q @ K.T/sqrt(64)
S = where(M > 0, S, -1e9)
P = softmax(S, axis=1)
sum(G*(P @ V))"""


def attention(Q: Array, K: Array, V: Array, M: Array, G: Array) -> Any:
    """One mask each way."""
    S = Q @ K.T
    S /= 8.0
    m = M > 0
    S[~m] = -1e9
    S -= S.max(axis=1, keepdims=True)
    np.exp(S, S)
    S /= S.sum(axis=1, keepdims=True)
    f = float((S @ V).ravel() @ G.ravel())
    dV = S.T @ G
    dS = G @ V.T
    dS -= np.einsum("ij,ij->i", dS, S)[:, None]
    dS *= S
    dS *= m
    dS /= 8.0
    return f, {"Q": dS @ K, "K": dS.T @ Q, "V": dV}


LENNARD_JONES = """D2 = sum((X[:, None, :] - X[None, :, :])**2, axis=2)
s6 = where(I > 0, 0, 1/D2**3)
2*sum(s6**2 - s6)"""


def lennard_jones(X: Array, I: Array) -> Any:  # noqa: E741 - the program's own name
    d = X[:, None, :] - X[None, :, :]
    r2 = np.einsum("ijk,ijk->ij", d, d)
    m = I > 0
    r2[m] = 1.0
    inverse = 1 / r2
    s = inverse**3
    s[m] = 0
    f = 2 * float(s.ravel() @ s.ravel() - s.sum())
    g = 2 * s
    g -= 1
    g *= s
    g *= inverse
    g *= -12
    g = g + g.T
    return f, {"X": np.einsum("ij,ijk->ik", g, d)}


ZERO_INFLATED = """mu = exp(X @ beta)
w = sigmoid(g)
llp = -mu + y*log(mu) - lgy
sum(where(y == 0, log(w + (1 - w)*exp(llp)), log(1 - w) + llp))"""


def zero_inflated(X: Array, beta: Array, y: Array, lgy: Array, g: float) -> Any:
    eta, w = X @ beta, 1 / (1 + math.exp(-g))
    mu = np.exp(eta)
    llp = y * eta
    llp -= mu
    llp -= lgy
    z = y == 0
    e = np.exp(llp)
    e *= 1 - w
    q = w + e
    f = float(np.where(z, np.log(q), math.log1p(-w) + llp).sum())
    dllp = np.where(z, e / q, 1.0)
    dw = float(np.where(z, (1 - e / (1 - w)) / q, -1 / (1 - w)).sum())
    return f, {"beta": (dllp * (y - mu)) @ X, "g": dw * w * (1 - w)}


def pooled(x: Array, G: Array) -> Any:
    n, c, h, w = x.shape
    shape = (n, c, h // 2, 2, w // 2, 2)
    rows = x.reshape(shape).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    at = rows.argmax(axis=-1)[..., None]
    f = float(np.take_along_axis(rows, at, -1).ravel() @ G.ravel())
    d = np.zeros_like(rows)
    np.put_along_axis(d, at, G[..., None], -1)
    return f, {"x": d.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h, w)}


LAYER_NORM = """mu = mean(x, axis=1, keepdims=True)
xc = x - mu
v = mean(xc**2, axis=1, keepdims=True)
xn = xc/sqrt(v + 1e-5)
sum(G*(gamma*xn + beta))"""


def layer_norm(x: Array, gamma: Array, beta: Array, G: Array) -> Any:
    D = x.shape[1]
    xn = x - x.mean(axis=1, keepdims=True)
    inverse = 1 / np.sqrt(np.einsum("ij,ij->i", xn, xn)[:, None] / D + 1e-5)
    xn *= inverse
    out = gamma * xn
    out += beta
    f = float(out.ravel() @ G.ravel())
    dgamma = np.einsum("ij,ij->j", G, xn)
    dx = np.multiply(G, gamma, out)
    xn *= np.einsum("ij,ij->i", dx, xn)[:, None] / D
    mean = dx.mean(axis=1, keepdims=True)
    dx -= mean
    dx -= xn
    dx *= inverse
    return f, {"x": dx, "gamma": dgamma, "beta": G.sum(axis=0)}


GATES = "i, f, o, g = split(a, 4, axis=1)\nsum(G*(sigmoid(i)*tanh(g) + sigmoid(f)*sigmoid(o)))"


def gates(a: Array, G: Array) -> Any:
    """A gradient put together of its parts in place."""
    H = G.shape[1]
    s, g = 1 / (1 + np.exp(-a[:, : 3 * H])), np.tanh(a[:, 3 * H :])
    i, f, o = s[:, :H], s[:, H : 2 * H], s[:, 2 * H :]
    out = i * g
    out += f * o
    da = np.empty_like(a)
    np.multiply(s, 1 - s, da[:, : 3 * H])
    np.multiply(g, g, da[:, 3 * H :])
    np.subtract(1, da[:, 3 * H :], da[:, 3 * H :])
    for at, other in enumerate((g, o, f, i)):
        da[:, at * H : (at + 1) * H] *= other
        da[:, at * H : (at + 1) * H] *= G
    return float(np.einsum("ij,ij", out, G)), {"a": da}


# ---- the rows ----------------------------------------------------------------------------------------------------


def rows(scale: float = 1.0) -> list[ByHand]:
    """The programs with inputs; `scale` makes them smaller, for those who only want to see that all is right."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal

    def many(n: int) -> int:
        return max(int(n * scale), 5)

    n, t = many(200_000), many(300)
    points = {"x": normal(n), "y": normal(n)}
    parameters = {"A": 2.0, "x0": 0.1, "y0": -0.2, "sx": 1.3, "sy": 0.7, "t": 0.4}
    steps = {
        "X": normal((40, 64, 32)), "Wx": 0.2 * normal((32, 64)), "Wh": 0.1 * normal((64, 64)),
        "b": 0.1 * normal(64), "h0": normal((64, 64)), "Y": normal((64, 64)),
    }  # fmt: skip
    B = normal((many(200), many(200)))
    K = B @ B.T + len(B) * np.eye(len(B))
    counts = rng.poisson(1.0, many(50_000)) * 1.0
    zip_ = {
        "X": normal((len(counts), 5)), "beta": 0.3 * normal(5), "y": counts, "lgy": rng.uniform(size=len(counts)),
        "g": -0.5,
    }  # fmt: skip
    heads = {"Q": normal((t, 64)), "K": normal((t, 64)), "V": normal((t, 64)), "M": np.tril(np.ones((t, t)))}
    kalmans = {"F": 0.5 * normal((4, 4)), "x0": normal(4), "P0": np.eye(4), "Q": np.eye(4)}
    layer = {"x": normal((many(2000), 64)), "gamma": normal(64), "beta": normal(64), "G": normal((many(2000), 64))}
    wide, high = many(1000), 20
    found = [
        ("Gaussian, numbers and points", GAUSSIAN, points | parameters, gaussian, tuple(parameters)),
        ("Gaussian, sum of squares", GAUSSIAN + "\nsum((g - z)**2)", points | {"z": normal(n)} | parameters,
         gaussian_fit, tuple(parameters)),
        ("numbers of a regression", REGRESSION, {"X": normal((200, 5)), "y": normal(200), "w": normal(5), "ls": 0.3,
         "ll": -0.2}, regression, ("w", "ls", "ll")),
        ("angles", "sum(w*atan2(y, x))", {"y": normal(n), "x": normal(n), "w": normal(n)}, angle, ("y", "x")),
        ("a batched product", "sum((x @ W - Y)**2)", {"x": normal((many(64), 50, 64)), "W": normal((64, 48)),
         "Y": normal((many(64), 50, 48))}, batched, ("x", "W")),
        ("RNN of 40 steps", RNN, steps, rnn, ("X", "Wx", "Wh", "b", "h0")),
        ("Kalman's covariance", KALMAN, kalmans, kalman, ("F", "x0", "P0", "Q")),
        ("log(det(K)) and a solution", "0.5*y @ solve(K, y) + 0.5*log(det(K))", {"K": K, "y": normal(len(K))}, logdet,
         ("K",)),
        ("a contraction", "sum(G*sum(A[:, :, None]*B[None, :, :], axis=1))", {"A": normal((80, 60)),
         "B": normal((60, 70)), "G": normal((80, 70))}, contraction, ("A", "B")),
        ("rows' products", "sum(c*sum(A*B, axis=1)**2)", {"A": normal((many(5000), 60)), "B": normal((many(5000), 60)),
         "c": normal(many(5000))}, products, ("A", "B")),
        ("softmax with its shift", SOFTMAX, {"x": normal((wide, high)), "G": normal((wide, high))}, softmax, ("x",)),
        ("log-softmax with its shift", LOG_SOFTMAX, {"x": normal((wide, high)), "y": rng.uniform(size=(wide, high))},
         log_softmax, ("x",)),
        ("logsumexp of a vector", "logsumexp(x)", {"x": normal(many(5000))}, logsumexp, ("x",)),
        ("masked attention", ATTENTION, heads | {"G": normal((t, 64))}, attention, ("Q", "K", "V")),
        ("masked Lennard-Jones", LENNARD_JONES, {"X": rng.uniform(0, 8, (t, 3)), "I": np.eye(t)},
         lennard_jones, ("X",)),
        ("zero-inflated Poisson", ZERO_INFLATED, zip_, zero_inflated, ("beta", "g")),
        ("max pool", "sum(G*x.reshape(8, 4, 16, 2, 16, 2).max(axis=(3, 5)))", {"x": normal((8, 4, 32, 32)),
         "G": normal((8, 4, 16, 16))}, pooled, ("x",)),
        ("layer norm", LAYER_NORM, layer, layer_norm, ("x", "gamma", "beta")),
        ("gates of a split", GATES, {"a": normal((500, 256)), "G": normal((500, 64))}, gates, ("a",)),
    ]  # fmt: skip
    literal = {"RNN of 40 steps"}  # the stable slope of tanh keeps an array more a step
    # Where more is given for more digits, or for what the branch that is not taken may hold: time, memory.
    most = {
        "Kalman's covariance": (1.1, 1.3),
        "log-softmax with its shift": (1.8, 1.55),
    }
    return [
        ByHand(name, text, given, wrt, by, name in literal, *most.get(name, (1.1, 1.1)))
        for name, text, given, by, wrt in found
    ]
