"""Functions that are handed on, loops by `while`, inputs with entries, and torch's meanings beside torch's manual."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc

AS_PYTHON: list[tuple[str, dict[str, Any], float]] = [
    ("i = 0\ns = 0\nwhile i < 4:\n    i += 1\n    if i == 2: continue\n    s += x**i\ns", {"x": 2.0}, 26.0),
    ("i = 0\nwhile True:\n    i += 1\n    x = x*y\n    if i == 3: break\nx", {"x": 2.0, "y": 3.0}, 54.0),
    ("f = partial(lambda a, b: a - b, y)\nf(x)*f(2*x)", {"y": 3.0, "x": 2.0}, -1.0),
    ("jax.lax.fori_loop(0, 3, lambda i, v: v*x + i, 1.0)", {"x": 2.0}, 12.0),
    ("f = jax.jit(lambda v: v**2)\nf(x)", {"x": 3.0}, 9.0),
    ("np.vectorize(lambda v: 2*v)(x)", {"x": 3.0}, 6.0),
    ("W1, b1 = params['W1'], params['b1']\nW1*x + b1*params['W1']", {"W1": 2.0, "b1": 3.0, "x": 5.0}, 16.0),
    ("def loss(self, x):\n    return self.k*x + self.m**2", {"x": 2.0, "k": 3.0, "m": 4.0}, 22.0),
    ("W*params['W']", {"W": 2.0, "params_W": 3.0}, 6.0),
    ("sum(params[f'w{i}']*params['b' + str(i)] for i in range(2))", {"w0": 1.0, "b0": 2.0, "w1": 3.0, "b1": 4.0}, 14.0),
]


@pytest.mark.parametrize(
    ("program", "given", "wanted"), AS_PYTHON, ids=[row[0].replace("\n", "; ") for row in AS_PYTHON]
)
def test_as_python_has_it(program: str, given: dict[str, Any], wanted: float) -> None:
    fn = gradc.compile(program)
    assert fn.inputs == tuple(given) or sorted(fn.inputs) == sorted(given)
    assert fn(**given) == pytest.approx(wanted, rel=1e-15)


X, W = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]), np.array([1.0, -1.0])
OF_ARRAYS: list[tuple[str, dict[str, Any], float]] = [
    ("def f(a, w): return a @ w\nsum(vmap(f, in_axes=(0, None))(X, W)**2)", {"X": X, "W": W}, 6.0),
    ("def f(a): return a.sum(), a**2\ns, q = jax.vmap(f)(X)\ns @ q[:, 0]", {"X": X}, 3.0 + 63.0 + 300.0),
    ("def step(c, v):\n    c = c*v\n    return c, c + 1\nc, ys = lax.scan(step, 2.0, W)\nc + ys.sum()", {"W": W}, 0.0),
    ("f = lambda v, k=1: v*k\nsum(map(f, W)) + reduce(lambda a, b: a*b, W, 3)", {"W": W}, -3.0),
    ("torch.var(X) + X.var(0, unbiased=False).sum()", {"X": X}, X.var(ddof=1) + X.var(0).sum()),
    ("v, i = torch.max(X, dim=1)\nv.sum() + X[0, i[0]]", {"X": X}, 2.0 + 4 + 7 + 2),
    ("sum(p.sum()*k for k, p in enumerate(torch.split(X, 2), 1))", {"X": X}, 10.0 + 24.0),
    ("F.pad(X, (1, 0))[1] @ torch.tensor([5.0, 1.0, 2.0])", {"X": X}, 11.0),
    ("X.transpose(0, 1)[1] @ torch.ones(3)", {"X": X}, 13.0),
    ("np.sort(W)[0]*torch.sort(W).values[1]", {"W": W}, -1.0),
    ("from scipy.linalg import cholesky\nU = cholesky(X.T @ X)\nU[1, 0] + U[0, 1]*0", {"X": X}, 0.0),
    ("np.linalg.cholesky(X.T @ X)[0, 1]", {"X": X}, 0.0),
    ("m = X[:, 0] > 1\nX[1:][m[1:]].sum()", {"X": X}, 19.0),
    ("m = np.zeros(3, dtype=bool)\nm[1] = True\nX[m].sum() + X[~m].sum()*0", {"X": X}, 7.0),
    ("np.array([W[0], 3.0])[(X[:, 0] > 1).astype(int)].sum()", {"X": X, "W": W}, 7.0),
    ("sum((X/2).astype(int)*W)", {"X": X, "W": W}, (0 - 1) + (1 - 2) + (2 - 3)),
    ("D = X.T @ X\nnp.fill_diagonal(D, 0)\nD.sum()", {"X": X}, 98.0),
    ("z = W*1\nnp.add.at(z, [0, 0, 1], 2.0)\nz[0]*10 + z[1]", {"W": W}, 51.0),
    ("F.hardswish(W).sum() + F.hardsigmoid(W)[0]", {"W": W}, 1.0),
    ("np.subtract.outer(W, W)[0, 1] + np.add.reduce(X)[0]", {"X": X, "W": W}, 11.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "given", "wanted"), OF_ARRAYS, ids=[row[0].replace("\n", "; ") for row in OF_ARRAYS]
)
def test_of_arrays(program: str, given: dict[str, Any], wanted: float) -> None:
    for style in ("notes", "fast"):
        fn = gradc.compile(program, shapes={name: np.shape(value) for name, value in given.items()}, style=style)
        value, grads = fn.value_and_grad(**{name: given[name] for name in fn.inputs})
        assert value == pytest.approx(wanted, abs=1e-12)
        for name in fn.wrt:
            along = np.ones_like(given[name])
            ends = [
                fn(**{k: given[k] + sign * 1e-6 * along if k == name else given[k] for k in fn.inputs})
                for sign in (1, -1)
            ]
            if "astype(int)" not in program:
                assert np.sum(grads[name]) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-6)


LOSSES = [
    "F.cross_entropy(x, t)",
    "F.cross_entropy(x, t, reduction='sum')",
    "F.cross_entropy(x, t, label_smoothing=0.1)",
    "F.cross_entropy(x, t, weight=w)",
    "F.cross_entropy(x, t, ignore_index=1)",
    "F.cross_entropy(x, p)",
    "F.nll_loss(F.log_softmax(x, dim=1), t)",
    "F.binary_cross_entropy(torch.sigmoid(x), b)",
    "F.binary_cross_entropy_with_logits(x, b, pos_weight=w)",
    "F.mse_loss(x, b, reduction='sum') + F.l1_loss(x, b)",
    "F.smooth_l1_loss(x, b, beta=0.5) + F.huber_loss(x, b, delta=0.7)",
    "F.kl_div(F.log_softmax(x, dim=1), p, reduction='batchmean')",
    "F.cosine_similarity(x, b).sum() + F.normalize(x, dim=1)[0, 1]",
    "F.layer_norm(x, (3,), w, w)[1, 2] + F.group_norm(x, 3).sum()",
    "F.pairwise_distance(x, b).sum() + F.triplet_margin_loss(x, b, -b)",
    "F.gelu(x).sum() + F.silu(x).sum() + F.celu(x, 1.0).sum()",
    "F.softshrink(x).sum() + F.tanhshrink(x).sum() + F.glu(x[:, :2]).sum()",
    "x.std() + x.var(1).sum() + torch.norm(x) + x.logsumexp(1).sum()",
    "x.gather(1, t[:, None]).sum() + x.index_select(0, t[:2]).sum() + x.narrow(1, 1, 2).sum()",
    "x.masked_fill(b > 0, 0.5).sum() + x.clamp_min(0.1).sum() + torch.rsqrt(x**2 + 1).sum()",
    "torch.addmm(w, x, x.t() @ x).sum() + x.view(-1).max() + x.unsqueeze(1).expand(4, 2, 3).sum()",
    "F.scaled_dot_product_attention(x, x, b, is_causal=True).sum()",
    "torch.cdist(x, b).sum() + F.embedding(t, x.t() @ x).sum()",
    "F.one_hot(t, 3).float().mul(x).sum()",
]


@pytest.mark.parametrize("program", LOSSES)
def test_torch_beside_torch(program: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    given: dict[str, Any] = {
        "x": rng.standard_normal((4, 3)),
        "b": rng.integers(0, 2, (4, 3)) + 0.0,
        "p": rng.dirichlet(np.ones(3), 4),
        "w": rng.uniform(0.5, 2, 3),
        "t": np.array([2, 0, 1, 1]),
    }
    fn = gradc.compile(program, shapes={name: np.shape(value) for name, value in given.items()}, wrt=["x"])
    tensors = {name: torch.tensor(value) for name, value in given.items()}
    tensors["x"].requires_grad_(True)
    wanted = eval(program, {"torch": torch, "F": torch.nn.functional}, tensors)
    wanted.backward()
    value, grads = fn.value_and_grad(**{name: given[name] for name in fn.inputs})
    assert value == pytest.approx(wanted.item(), rel=1e-12)
    np.testing.assert_allclose(grads["x"], tensors["x"].grad.numpy(), rtol=1e-9, atol=1e-12)
