"""Functions of torch and JAX beside what torch 2.14 and JAX 0.10 give for them, their slopes beside differences."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from tests.support import shapes_in

X, W, V = np.arange(6.0).reshape(3, 2) / 3 - 0.9, np.array([1.0, -2.0]), np.array([0.5, 1.5, -1.0])
GIVEN = {"X": X, "W": W, "V": V}
# Central differences of this step, and what they are worth.
STEP, TOLERANCE = 1e-5, 1e-6

TORCH = [
    ("(X.view(1, 3, 2).flatten(1) @ torch.arange(6.)).sum()", 4.833333333333333),
    ("(torch.flatten(X.view(3, 1, 2), start_dim=1) @ W).sum()", -1.3000000000000003),
    ("(X.view(1, 3, 2).flatten(0, 1) @ W).prod()", 0.11122222222222221),
    ("F.conv2d(X.view(1, 2, 1, 3), X.view(2, 1, 1, 3)[..., :2], padding=1, groups=2).pow(2).sum()", 2.1839753086419758),
    ("F.pairwise_distance(X, 2*X, p=1).sum()", 3.0),
    ("torch.zeros(2).add_(W).mul_(2).exp().sum()", 7.407371737819385),
    ("F.triplet_margin_loss(X, 2*X, X+1, swap=True)", 0.639052231047904),
    ("torch.cdist(X, X+1, p=1).sum()", 19.333333333333332),
    ("F.normalize(X, p=1, dim=1)[0].sum()", -1.0),
    ("W[0].view(1, -1).sum()", 1.0),
    ("W[0].view(1).sum()", 1.0),
    ("W.sum().expand(3).sum()", -3.0),
    ("W[0].view(1,-1).expand(1, 3).sum()", 3.0),
    ("torch.cat([W[0].view(1), W]).sum()", 0.0),
    ("torch.einsum('i,i->', [W, W])", 5.0),
    ("torch.eye(2, dtype=torch.bool).logical_not().sum()*W[0]", 2.0),
    ("X.triu(diagonal=1).sum() + torch.tril(X, diagonal=-1).sum()", 0.3999999999999999),
    ("torch.diag(X@X.T, diagonal=1).sum()", 0.12888888888888894),
    ("torch.diagonal(X@X.T, offset=1).sum()", 0.12888888888888894),
    ("X.to(W.device).sum()", -0.40000000000000013),
    ("X.masked_select(X > 0).sum()", 1.2999999999999998),
    ("X.amax(dim=1).sum()", 0.30000000000000004),
    ("X.max(dim=1)[0].sum()", 0.30000000000000004),
    ("X.argmax(dim=1).sum()*W[0]", 3.0),
    ("torch.zeros_like(X).scatter_(1, torch.tensor([[0],[1],[0]]), 1.0).mul(X).sum()", -0.3666666666666668),
    ("torch.zeros(3, 2).scatter_add(0, torch.tensor([[0, 0],[2, 1],[0, 0]]), X).pow(2).sum()", 0.3222222222222224),
    ("torch.zeros(3).index_add(0, torch.tensor([0, 0, 2]), X[:, 0]).pow(2).sum()", 1.4722222222222219),
    ("X.unbind(1)[0].sum()", -0.7000000000000001),
    ("torch.unbind(X)[1].sum()", -0.13333333333333341),
    ("X.movedim(0, 1)[0].sum()", -0.7000000000000001),
    ("torch.addcmul(X, X, X, value=0.5).sum()", 0.5855555555555554),
    ("torch.addcdiv(X, X, X + 3, value=0.5).sum()", -0.5918870052698991),
    ("torch.cdist(X, X).sum()", 7.542472332656507),
    ("torch.dist(W, 2*W)", 2.23606797749979),
    ("F.softplus(X, beta=2).sum()", 2.3316707652417588),
    ("F.interpolate(X.view(1, 1, 3, 2), scale_factor=2, mode='nearest').sum()", -1.6000000000000005),
    ("F.adaptive_avg_pool2d(X.view(1, 1, 3, 2), 1).sum()", -0.0666666666666667),
    ("F.pixel_shuffle(torch.arange(8.).view(1, 4, 1, 2)*X[0,0], 2).sum()", -25.200000000000003),
    ("torch.baddbmm(X[None], X[None], torch.eye(2)[None]).sum()", -0.8000000000000003),
    ("torch.std_mean(X)[0]", 0.6236095644623236),
    ("torch.var_mean(X, dim=0)[1].sum()", -0.13333333333333336),
    ("torch.cholesky_solve(W[:, None], torch.linalg.cholesky(X.T@X)).sum()", -1.2375000000000007),
    ("torch.topk(X.flatten(), 2).values.sum()", 1.2),
    ("torch.triu_indices(3, 3, 1)[0].sum()*W[0]", 1.0),
    ("torch.bincount(torch.tensor([0,1,1]), weights=X[:, 0]).pow(2).sum()", 0.85),
    ("y = X*2\ny.mul_(3).add_(W)\n(y*X).sum()", 10.526666666666667),
    ("y = X*2\nz = y\nz.clamp_(min=0)\n(y*X).sum()", 1.5711111111111111),
    ("def f(a):\n    return a.exp().add_(1).log_()\nf(X).sum()", 4.19957367941964),
    ("gx, gy = torch.meshgrid(torch.arange(3), torch.arange(2))\n(gx*X + gy*X**2).sum()", 3.1855555555555553),
]
JAX = [
    (
        (
            "k = lambda x, y: jnp.exp(-jnp.sum((x - y)**2))\n"
            "K = jax.vmap(jax.vmap(k, (None, 0)), (0, None))(X, 2*X)\n"
            "K[0,1]*K[2,1]+K.sum()"
        ),
        2.71011557394324,
    ),
    ("f = lambda a, b: a*b\njnp.sum(jax.vmap(f, in_axes=1)(X, X)[1]*V)", -0.4122222222222223),
    ("f = lambda a, b: a*b\n(jax.vmap(f, in_axes=(0, None), out_axes=1)(X, W)@V).sum()", 0.5666666666666669),
    (
        "def f(p, x):\n    return p['w']@x + p['b']\np = {'w': W, 'b': V[0]}\njax.vmap(f, (None, 0))(p, X).sum()",
        0.19999999999999984,
    ),
    ("def f(p):\n    return p[0]*p[1].sum()\njax.vmap(f)((V, X)).sum()", -2.1333333333333337),
    (
        (
            "def s(c, x):\n"
            "    c = 0.5*c + x\n"
            "    return c, c*x\n"
            "c, ys = lax.scan(s, 0.0, V, reverse=True)\n"
            "c + ys[0]*ys[2]"
        ),
        1.5,
    ),
    (
        "def s(c, x):\n    a, b = x\n    return c + a*b.sum(), c\nc, ys = lax.scan(s, 0.0, (V, X))\nc + ys.sum()",
        -3.8000000000000007,
    ),
    ("lax.cond(V[0] > 0, lambda x: x**2, lambda x: -x, V[1])", 2.25),
    ("lax.cond(V[0] < 0, lambda x: x**2, lambda x: -x, V[1])", -1.5),
    (
        (
            "A = jnp.zeros((3, 3))\n"
            "A = A.at[0, 1].set(V[0])\n"
            "A = A.at[jnp.arange(3), jnp.arange(3)].add(V)\n"
            "A = A.at[1].multiply(2.0).at[:, 2].add(W[0])\n"
            "A = A.at[jnp.array([0, 0]), jnp.array([1, 1])].add(W)\n"
            "(A**2).sum()+A[0,1]"
        ),
        11.0,
    ),
    ("i = jnp.array([0,2])\nV.at[i].set(W).at[1:].max(0.2).sum()", 2.7),
    ("lax.select(V > 0, V, 2*V).sum()", 0.0),
]


@pytest.mark.parametrize(("program", "wanted"), TORCH + JAX, ids=[row[0].replace("\n", "; ") for row in TORCH + JAX])
def test_as_its_library_has_it(program: str, wanted: float) -> None:
    for style in ("notes", "fast"):
        fn = gradc.compile(program, shapes=shapes_in(program, GIVEN), style=style)
        given = {name: GIVEN[name] for name in fn.inputs}
        value, grads = fn.value_and_grad(**given)
        assert value == pytest.approx(wanted, rel=1e-13, abs=1e-15)
        for name, grad in grads.items():
            step = np.random.default_rng(1).normal(size=given[name].shape)
            ends = [fn(**{**given, name: given[name] + h * step}) for h in (STEP, -STEP)]
            assert np.sum(grad * step) == pytest.approx((ends[0] - ends[1]) / (2 * STEP), rel=TOLERANCE, abs=TOLERANCE)
