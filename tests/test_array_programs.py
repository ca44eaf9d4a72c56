"""Programs of one page, as their authors write them: value and gradient are those of NumPy running the same lines.

Retyped after CS231n, makemore, llm.c, textbook filters, bundle adjustment, molecular mechanics, finance, statistics.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

import gradc

RNG = np.random.default_rng(5)


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape)


def positive(*shape: int) -> Any:
    return RNG.uniform(0.5, 2, size=shape)


def whole(high: int, *shape: int) -> Any:
    return RNG.integers(0, high, size=shape)


PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "svm2": (
        """N = len(y)
s = X @ W
m = np.maximum(0, s - s[range(N), y][:, np.newaxis] + 1.0)
loss = (np.sum(m) - N) / N + 0.5*reg*np.sum(W**2)
loss""",
        {"X": normal(5, 4), "W": normal(4, 3), "y": whole(3, 5), "reg": 0.3},
    ),
    "softmax_naive": (
        """loss = 0.0
for i in range(4):
    f = X[i].dot(W)
    f -= np.max(f)
    p = np.exp(f) / np.sum(np.exp(f))
    loss += -np.log(p[y[i]])
loss /= 4
loss += reg * np.sum(W * W)
loss""",
        {"X": normal(4, 3), "W": normal(3, 5), "y": whole(5, 4), "reg": 0.1},
    ),
    "layernorm_t": (
        """xt = x.T
mu = xt.mean(axis=0)
var = xt.var(axis=0) + 1e-5
xhat = ((xt - mu)/np.sqrt(var)).T
out = gamma*xhat + beta
np.sum(out*G)""",
        {"x": normal(3, 4), "gamma": normal(4), "beta": normal(4), "G": normal(3, 4)},
    ),
    "conv_naive_pad": (
        """N, C, H, W_ = x.shape
F, _, HH, WW = w.shape
stride, pad = 1, 1
xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
Ho = 1 + (H + 2*pad - HH)//stride
Wo = 1 + (W_ + 2*pad - WW)//stride
rows = []
for n in range(N):
    for f in range(F):
        for i in range(Ho):
            for j in range(Wo):
                rows.append(np.sum(xp[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW]*w[f]) + b[f])
out = np.array(rows).reshape(N, F, Ho, Wo)
np.sum(out*out)""",
        {"x": normal(1, 2, 3, 3), "w": normal(2, 2, 3, 3), "b": normal(2)},
    ),
    "maxpool_naive": (
        """N, C, H, W = x.shape
xr = x.reshape(N, C, H//2, 2, W//2, 2)
out = xr.max(axis=3).max(axis=4)
np.sum(out**2)""",
        {"x": normal(1, 2, 4, 4)},
    ),
    "im2col_style": (
        """out = np.zeros((2, 2))
k = np.array([[1., 0., -1.], [2., 0., -2.], [1., 0., -1.]])
rows = [np.sum(img[i:i+3, j:j+3]*k) for i in range(2) for j in range(2)]
np.sum(np.array(rows)**2)""",
        {"img": normal(4, 4)},
    ),
    "rnn_lm": (
        """N, T = captions.shape
cap_in = captions[:, :-1]
cap_out = captions[:, 1:]
h = feats @ Wp + bp
emb = We[cap_in]
loss = 0.0
for t in range(2):
    h = np.tanh(emb[:, t] @ Wx + h @ Wh + b)
    s = h @ Wv + bv
    s = s - s.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    loss += -np.sum(logp[np.arange(N), cap_out[:, t]])
loss / N""",
        {
            "captions": whole(6, 2, 3),
            "feats": normal(2, 3),
            "Wp": normal(3, 4),
            "bp": normal(4),
            "We": normal(6, 5),
            "Wx": normal(5, 4),
            "Wh": normal(4, 4),
            "b": normal(4),
            "Wv": normal(4, 6),
            "bv": normal(6),
        },
    ),
    "makemore_bigram": (
        """logits = W[xs]
counts = np.exp(logits)
probs = counts / counts.sum(1, keepdims=True)
loss = -np.log(probs[np.arange(len(xs)), ys]).mean() + 0.01*(W**2).mean()
loss""",
        {"W": normal(5, 5), "xs": whole(5, 7), "ys": whole(5, 7)},
    ),
    "makemore_mlp": (
        """emb = C[Xb]
embcat = emb.reshape(emb.shape[0], -1)
hprebn = embcat @ W1 + b1
bnmeani = hprebn.mean(0, keepdims=True)
bnstdi = hprebn.std(0, keepdims=True)
hpreact = bngain * (hprebn - bnmeani) / bnstdi + bnbias
h = np.tanh(hpreact)
logits = h @ W2 + b2
logit_maxes = logits.max(1, keepdims=True)
norm_logits = logits - logit_maxes
counts = np.exp(norm_logits)
probs = counts / counts.sum(1, keepdims=True)
logprobs = np.log(probs)
loss = -logprobs[range(4), Yb].mean()
loss""",
        {
            "C": normal(6, 2),
            "Xb": whole(6, 4, 3),
            "W1": normal(6, 5),
            "b1": normal(5),
            "bngain": normal(1, 5),
            "bnbias": normal(1, 5),
            "W2": normal(5, 6),
            "b2": normal(6),
            "Yb": whole(6, 4),
        },
    ),
    "gpt_block": (
        """B, T, C = x.shape
mu = x.mean(-1, keepdims=True)
xn = (x - mu)/np.sqrt(x.var(-1, keepdims=True) + 1e-5)
qkv = xn @ Wqkv
q, k, v = np.split(qkv, 3, axis=-1)
nh = 2
q = q.reshape(B, T, nh, C//nh).transpose(0, 2, 1, 3)
k = k.reshape(B, T, nh, C//nh).transpose(0, 2, 1, 3)
v = v.reshape(B, T, nh, C//nh).transpose(0, 2, 1, 3)
att = q @ np.swapaxes(k, -2, -1)/np.sqrt(C//nh)
mask = np.triu(np.ones((T, T)), k=1)
att = att - 1e9*mask
att = np.exp(att - att.max(-1, keepdims=True))
att = att/att.sum(-1, keepdims=True)
y = (att @ v).transpose(0, 2, 1, 3).reshape(B, T, C)
np.sum((x + y @ Wo)**2)""",
        {"x": normal(1, 3, 4), "Wqkv": normal(4, 12), "Wo": normal(4, 4)},
    ),
    "sinusoid_pe": (
        """pos = np.arange(4)[:, None]
i = np.arange(3)[None, :]
angle = pos/np.power(100.0, 2*i/6)
pe = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
np.sum((x + pe)**2)""",
        {"x": normal(4, 6)},
    ),
    "hmm": (
        """logA = np.log(A/A.sum(axis=1, keepdims=True))
logpi = np.log(pi_/pi_.sum())
alpha = logpi + logB[:, obs[0]]
for t in range(1, 4):
    m = alpha[:, None] + logA
    mx = m.max(axis=0)
    alpha = mx + np.log(np.sum(np.exp(m - mx), axis=0)) + logB[:, obs[t]]
np.log(np.sum(np.exp(alpha)))""",
        {"A": positive(3, 3), "pi_": positive(3), "logB": normal(3, 5), "obs": whole(5, 4)},
    ),
    "kalman": (
        """x = x0
P = P0
ll = 0.0
for k in range(3):
    x = F @ x
    P = F @ P @ F.T + Q
    y = z[k] - H @ x
    S = H @ P @ H.T + Rn
    K = P @ H.T @ np.linalg.inv(S)
    x = x + K @ y
    P = (np.eye(2) - K @ H) @ P
    ll += -0.5*(y @ np.linalg.solve(S, y) + np.log(np.linalg.det(2*np.pi*S)))
ll""",
        {
            "x0": normal(2),
            "P0": np.eye(2) * 2,
            "F": normal(2, 2),
            "Q": np.eye(2) * 0.3,
            "H": normal(1, 2),
            "Rn": np.eye(1) * 0.5,
            "z": normal(3, 1),
        },
    ),
    "quaternion": (
        """w, x, y, z = q / np.linalg.norm(q)
Rm = np.array([[1 - 2*(y*y + z*z), 2*(x*y - z*w), 2*(x*z + y*w)],
    [2*(x*y + z*w), 1 - 2*(x*x + z*z), 2*(y*z - x*w)],
    [2*(x*z - y*w), 2*(y*z + x*w), 1 - 2*(x*x + y*y)]])
np.sum((Rm @ p - t)**2)""",
        {"q": normal(4), "p": normal(3), "t": normal(3)},
    ),
    "rodrigues": (
        """theta = np.linalg.norm(r)
k = r/theta
K = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
Rm = np.eye(3) + np.sin(theta)*K + (1 - np.cos(theta))*np.dot(K, K)
np.sum((X @ Rm.T - Y)**2)""",
        {"r": normal(3), "X": normal(4, 3), "Y": normal(4, 3)},
    ),
    "cross_rot": (
        """c = np.cross(w, X)
Xr = X*np.cos(th) + c*np.sin(th) + w*np.sum(w*X, axis=1)[:, None]*(1 - np.cos(th))
np.sum(Xr[:, 2]**2)""",
        {"w": normal(3), "X": normal(4, 3), "th": 0.4},
    ),
    "ba_reproj": (
        """d = pts[pidx] - cams[cidx, :3]
uv = d[:, :2]/d[:, 2:3]
r2 = np.sum(uv**2, axis=1)
scale = cams[cidx, 3]*(1 + cams[cidx, 4]*r2)
res = scale[:, None]*uv - obs
np.sum(res**2)""",
        {"pts": normal(5, 3) + 5, "cams": normal(2, 5), "cidx": whole(2, 6), "pidx": whole(5, 6), "obs": normal(6, 2)},
    ),
    "portfolio": (
        """mu = returns.mean(axis=0)
Sigma = np.cov(returns, rowvar=False)
w = np.exp(theta)/np.sum(np.exp(theta))
ret = w @ mu
vol = np.sqrt(w @ Sigma @ w)
-ret/vol""",
        {"returns": normal(6, 3), "theta": normal(3)},
    ),
    "drawdown": (
        """logp = np.cumsum(r)
path = np.exp(np.concatenate([[0.0], logp]))
np.mean(path) - np.std(path[1:]) + np.sum(np.diff(path)**2)""",
        {"r": normal(5) * 0.1},
    ),
    "binomial_tree": (
        """dt = T/3
u = np.exp(sigma*np.sqrt(dt))
d = 1/u
p = (np.exp(r*dt) - d)/(u - d)
S = S0 * u**np.arange(3, -4, -2)
V = np.maximum(S - K, 0)
for i in range(3):
    V = np.exp(-r*dt)*(p*V[:-1] + (1 - p)*V[1:])
V[0]""",
        {"S0": 1.0, "K": 0.97, "r": 0.05, "sigma": 0.2, "T": 1.0},
    ),
    "heat_tri": (
        """A = np.diag(np.full(4, 1 + 2*k)) + np.diag(np.full(3, -k), 1) + np.diag(np.full(3, -k), -1)
u = u0
for t in range(2):
    u = np.linalg.solve(A, u)
np.sum((u - obs)**2)""",
        {"k": 0.3, "u0": normal(4), "obs": normal(4)},
    ),
    "wave2d": (
        """lap = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, axis=1) - 4*u
un = 2*u - up + c**2*lap
np.sum(un**2)""",
        {"u": normal(3, 3), "up": normal(3, 3), "c": 0.4},
    ),
    "lotka": (
        """def f(z):
    x, y = z
    return np.array([a*x - b*x*y, -c*y + d*x*y])
z = np.array([x0, y0])
traj = []
for i in range(4):
    k1 = f(z)
    k2 = f(z + .05*k1)
    z = z + .1*k2
    traj.append(z)
traj = np.array(traj)
np.sum((traj - obs)**2)""",
        {"a": 1.0, "b": 0.4, "c": 0.6, "d": 0.3, "x0": 1.0, "y0": 0.7, "obs": normal(4, 2)},
    ),
    "nbody": (
        """acc = []
for i in range(3):
    a = np.zeros(2)
    for j in range(3):
        if i != j:
            d = pos[j] - pos[i]
            a = a + m[j]*d/np.sum(d**2)**1.5
    acc.append(a)
acc = np.array(acc)
np.sum(acc*acc)""",
        {"pos": normal(3, 2), "m": positive(3)},
    ),
    "pairwise_lj": (
        """d = pos[:, None, :] - pos[None, :, :]
r2 = np.sum(d**2, axis=-1) + np.eye(4)
inv6 = 1/r2**3
e = 4*(inv6**2 - inv6)
np.sum(np.triu(e, 1))""",
        {"pos": normal(4, 3)},
    ),
    "angles_gather": (
        """b1 = xyz[idx[:, 0]] - xyz[idx[:, 1]]
b2 = xyz[idx[:, 2]] - xyz[idx[:, 1]]
cosang = np.sum(b1*b2, axis=1)/(np.linalg.norm(b1, axis=1)*np.linalg.norm(b2, axis=1))
np.sum((np.arccos(np.clip(cosang, -1, 1)) - th0)**2)""",
        {"xyz": normal(5, 3), "idx": np.array([[0, 1, 2], [1, 2, 3], [2, 3, 4]]), "th0": positive(3)},
    ),
    "hier_reg": (
        """eta = alpha[county] + beta*x
alpha_res = alpha - mu_a
-0.5*np.sum((y - eta)**2)/sigma**2 - len(y)*np.log(sigma) - 0.5*np.sum(alpha_res**2)/tau**2 - 3*np.log(tau)""",
        {
            "alpha": normal(3),
            "county": whole(3, 6),
            "beta": 0.3,
            "x": normal(6),
            "y": normal(6),
            "sigma": 0.8,
            "tau": 0.7,
            "mu_a": 0.2,
        },
    ),
    "irt": (
        """logit = a[item]*(theta[person] - b[item])
np.sum(y*logit - np.log1p(np.exp(logit)))""",
        {
            "a": positive(3),
            "b": normal(3),
            "theta": normal(4),
            "item": whole(3, 7),
            "person": whole(4, 7),
            "y": whole(2, 7) * 1.0,
        },
    ),
    "matfact": (
        """pred = np.sum(U[u]*V[i], axis=1) + bu[u] + bi[i] + mu
np.mean((r - pred)**2) + .1*(np.sum(U**2) + np.sum(V**2))""",
        {
            "U": normal(3, 2),
            "V": normal(4, 2),
            "u": whole(3, 6),
            "i": whole(4, 6),
            "bu": normal(3),
            "bi": normal(4),
            "mu": 0.5,
            "r": normal(6),
        },
    ),
    "word2vec": (
        """h = Win[center]
pos = np.sum(Wout[ctx]*h, axis=1)
neg = np.einsum('nd,nkd->nk', h, Wout[negs])
-np.sum(np.log(1/(1 + np.exp(-pos)))) - np.sum(np.log(1/(1 + np.exp(neg))))""",
        {"Win": normal(5, 3), "Wout": normal(5, 3), "center": whole(5, 4), "ctx": whole(5, 4), "negs": whole(5, 4, 2)},
    ),
    "gcn": (
        """msg = H[src] @ W
deg = np.sum(A, axis=1)
Ah = A/np.sqrt(np.outer(deg, deg))
np.sum(np.maximum(Ah @ H @ W, 0)**2) + np.sum(msg**2)""",
        {"H": normal(4, 3), "src": whole(4, 6), "W": normal(3, 2), "A": positive(4, 4)},
    ),
    "polyfit": (
        """V = np.vander(t, 3)
np.sum((V @ c - y)**2) + np.sum((np.polyval(c, t) - y)**2)""",
        {"t": normal(5), "c": normal(3), "y": normal(5)},
    ),
    "gauss_sum": (
        """model = np.zeros_like(x)
for k in range(2):
    model += amp[k]*np.exp(-(x - cen[k])**2/(2*wid[k]**2))
np.sum((model - y)**2)""",
        {"x": np.linspace(0, 1, 6), "amp": normal(2), "cen": positive(2), "wid": positive(2), "y": normal(6)},
    ),
    "dct_like": (
        """N = len(x)
n = np.arange(N)
k = n[:, None]
M = np.cos(np.pi*(2*n + 1)*k/(2*N))
np.sum((M @ x)[:2]**2)""",
        {"x": normal(4)},
    ),
    "fir": (
        """y = np.convolve(x, h, mode='same')
np.sum((y - d)**2)""",
        {"x": normal(6), "h": normal(3), "d": normal(6)},
    ),
    "ar2": (
        """resid = y[2:] - phi[0]*y[1:-1] - phi[1]*y[:-2] - c
n = len(resid)
-0.5*n*np.log(2*np.pi*s**2) - np.sum(resid**2)/(2*s**2)""",
        {"y": normal(8), "phi": normal(2), "c": 0.1, "s": 0.9},
    ),
    "ordinal": (
        """cuts = np.cumsum(np.append(th[0], np.exp(th[1:])))
cuts = np.concatenate(([-10.0], cuts, [10.0]))
eta = X @ b
p = 1/(1 + np.exp(-(cuts[y + 1] - eta))) - 1/(1 + np.exp(-(cuts[y] - eta)))
-np.sum(np.log(p))""",
        {"th": normal(3), "X": normal(6, 2), "b": normal(2), "y": whole(4, 6)},
    ),
    "viterbi_crf": (
        """score = 0.0
for t in range(1, 4):
    score += feats[t][tags[t]] + trans[tags[t - 1], tags[t]]
score + feats[0, tags[0]]""",
        {"feats": normal(4, 3), "trans": normal(3, 3), "tags": whole(3, 4)},
    ),
    "tv_denoise": (
        """gx = np.diff(u, axis=0)
gy = np.diff(u, axis=1)
np.sum((u - f)**2) + lam*(np.sum(np.sqrt(gx**2 + 1e-3)) + np.sum(np.sqrt(gy**2 + 1e-3)))""",
        {"u": normal(3, 4), "f": normal(3, 4), "lam": 0.2},
    ),
    "triplet": (
        """d = np.sum((E[a] - E[p])**2, axis=1) - np.sum((E[a] - E[n])**2, axis=1)
np.mean(np.maximum(d + 1.0, 0))""",
        {"E": normal(5, 3), "a": whole(5, 4), "p": whole(5, 4), "n": whole(5, 4)},
    ),
    "label_smooth": (
        """K = logits.shape[1]
t = np.eye(K)[y]*(1 - eps) + eps/K
logp = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
-np.sum(t*logp)/len(y)""",
        {"logits": normal(4, 3), "y": whole(3, 4), "eps": 0.1},
    ),
    "bilinear": (
        """np.einsum('bi,oij,bj->bo', x, W, y).sum() + np.einsum('...ij,...j->...i', M, x[:, :2]).sum()""",
        {"x": normal(3, 2), "W": normal(4, 2, 3), "y": normal(3, 3), "M": normal(3, 2, 2)},
    ),
    "gmm_diag": (
        """x2 = X[:, None, :]
logp = -0.5*np.sum((x2 - mu)**2/np.exp(ls) + ls, axis=-1) + np.log(w/np.sum(w))
m = np.max(logp, axis=1, keepdims=True)
np.sum(m[:, 0] + np.log(np.sum(np.exp(logp - m), axis=1)))""",
        {"X": normal(4, 2), "mu": normal(3, 2), "ls": normal(3, 2), "w": positive(3)},
    ),
    "survival_cox": (
        """eta = X @ b
order = np.argsort(-T)
e = eta[order]
logcum = np.log(np.cumsum(np.exp(e)))
np.sum(d[order]*(e - logcum))""",
        {"X": normal(5, 2), "b": normal(2), "T": positive(5), "d": whole(2, 5) * 1.0},
    ),
    "spring_net": (
        """dx = p[e[:, 0]] - p[e[:, 1]]
L = np.sqrt(np.sum(dx**2, axis=1))
0.5*np.sum(k*(L - L0)**2)""",
        {"p": normal(4, 2), "e": np.array([[0, 1], [1, 2], [2, 3], [3, 0]]), "k": positive(4), "L0": positive(4)},
    ),
    "truss_node": (
        """n1, n2 = conn[:, 0], conn[:, 1]
L = np.hypot(x[n2] - x[n1], y[n2] - y[n1])
np.sum(A*L)""",
        {"conn": np.array([[0, 1], [1, 2], [0, 2]]), "x": normal(3), "y": normal(3), "A": positive(3)},
    ),
    "phase_lattice": (
        """np.sum(J*(1 - np.cos(phi[n1] - phi[n2])))""",
        {"phi": normal(5), "n1": whole(5, 6), "n2": whole(5, 6), "J": positive(6)},
    ),
    "triu_indices": (
        """np.sum(M[np.triu_indices(3)]**2) + np.sum(M[np.tril_indices(3, -1)])""",
        {"M": normal(3, 3)},
    ),
    "stack_rows": (
        """A = np.vstack([np.hstack([Rm, t.reshape(3, 1)]), np.array([0, 0, 0, 1])])
np.sum((A @ np.append(p, 1.0))**2)""",
        {"Rm": normal(3, 3), "t": normal(3), "p": normal(3)},
    ),
    "fancy_mean": (
        """np.mean(X[mask_idx], axis=0) @ np.mean(X, axis=0)""",
        {"X": normal(5, 3), "mask_idx": whole(5, 3)},
    ),
    "weighted_avg": (
        """np.average(X, axis=0, weights=w) @ b + np.average(b, weights=b**2)""",
        {"X": normal(4, 3), "w": positive(4), "b": positive(3)},
    ),
    "cumprod_disc": (
        """disc = np.cumprod(1/(1 + r))
np.sum(cf*disc)""",
        {"r": positive(4) * 0.1, "cf": normal(4)},
    ),
    "flatten_dense": (
        """h = x.reshape(x.shape[0], -1)
h = np.maximum(h @ W1 + b1, 0)
np.sum(h.flatten()**2)""",
        {"x": normal(2, 3, 2), "W1": normal(6, 3), "b1": normal(3)},
    ),
    "logsumexp_ax": (
        """m = a.max(axis=1)
np.sum(m + np.log(np.exp(a - m[:, None]).sum(axis=1)))""",
        {"a": normal(3, 4)},
    ),
    "where_nested": (
        """np.sum(np.where(x > 0, np.where(x > 1, x, x**2), -x))""",
        {"x": normal(5)},
    ),
    "select": (
        """np.sum(np.select([x < 0, x < 1], [x**2, x], 2*x - 1))""",
        {"x": normal(5)},
    ),
    "linspace_quad": (
        """t = np.linspace(a, b, 5)
np.trapezoid(np.exp(-t**2), t)""",
        {"a": -0.4, "b": 1.1},
    ),
    "meshgrid": (
        """xx, yy = np.meshgrid(x, y)
np.sum(np.sin(xx)*np.cos(yy))""",
        {"x": normal(3), "y": normal(4)},
    ),
}


def by_numpy(program: str, values: dict[str, Any]) -> float:
    """What the lines give, the last one's value."""
    tree = ast.parse(program)
    names = {"np": np, **{name: np.array(value) if np.ndim(value) else value for name, value in values.items()}}
    last = tree.body[-1]
    assert isinstance(last, ast.Expr)
    exec(compile(ast.Module(tree.body[:-1], []), "program", "exec"), names)
    return float(eval(compile(ast.Expression(last.value), "program", "eval"), names))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_what_numpy_makes_of_it(name: str) -> None:
    program, values = PROGRAMS[name]
    shapes = {each: np.shape(value) for each, value in values.items()}
    fn = gradc.compile(program, shapes=shapes)
    value, grads = fn.value_and_grad(**values)
    want = by_numpy(program, values)
    assert value == pytest.approx(want, rel=1e-10)
    for each in fn.wrt:
        x, h = np.asarray(values[each], float), 1e-5
        along = RNG.normal(size=x.shape)
        ends = [by_numpy(program, {**values, each: (x + sign * h * along)[()]}) for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * h)
        assert np.sum(grads[each] * along) == pytest.approx(slope, rel=1e-5, abs=1e-6 * (1 + abs(want))), each
    module: dict[str, Any] = {}
    exec(gradc.compile(program, shapes=shapes, style="fast").source, module)
    again, slopes = module["value_and_grad"](**values)
    assert again == pytest.approx(want, rel=1e-10)
    for each in fn.wrt:
        np.testing.assert_allclose(slopes[each], grads[each], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_what_an_early_line_writes_out_gets_no_name_in_a_later_one(style: str) -> None:
    program = "h: [2,2,2]; k: [2,0,2]; x: [2,2]; s: [0,2,2]; sum(concatenate([h, transpose(k), dot(x, s)], axis=1))"
    module: dict[str, Any] = {}
    exec(gradc.compile(program, style=style).source, module)
    shapes = {"h": (2, 2, 2), "k": (2, 0, 2), "x": (2, 2), "s": (0, 2, 2)}
    _, grads = module["value_and_grad"](**{name: np.ones(shape) for name, shape in shapes.items()})
    assert {name: each.shape for name, each in grads.items()} == shapes
    assert (grads["h"] == 1).all()
    assert (grads["x"] == 0).all()


@pytest.mark.parametrize(
    ("mean", "off"),
    [
        ("x.mean(axis=0)", "x - mu"),
        ("x.mean(0, keepdims=True)", "x - mu"),
        ("np.mean(x, axis=1)", "x - mu[:, None]"),
        ("np.mean(x, axis=-1)", "x - np.expand_dims(mu, -1)"),
        ("np.mean(x, axis=-1, keepdims=True)", "x - mu"),
    ],
)
def test_a_variance_takes_the_deviations_that_the_program_has(mean: str, off: str) -> None:
    axis = 0 if "0" in mean else 1
    program = f"mu = {mean}\nnum = {off}\nvar = x.var(axis={axis})\nnp.sum(num*g) + np.sum(var**2)"
    fn = gradc.compile(program, shapes={"x": ("n", "d"), "g": ("n", "d")})
    assert "2*num*" in fn.source
    x, g = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
    moved = x - x.mean(axis=axis, keepdims=True)
    want = g - g.mean(axis=axis, keepdims=True) + 4 * moved * x.var(axis=axis, keepdims=True) / x.shape[axis]
    np.testing.assert_allclose(fn.value_and_grad(x, g)[1]["x"], want, rtol=1e-12)
