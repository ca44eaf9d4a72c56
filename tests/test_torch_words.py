"""torch's and JAX's words: each program beside the same one written out, by values and slopes."""

import re
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import standalone

SHAPES = {
    "x": (4, 3), "y": (4, 3), "q": (4, 3), "w": (3,), "v": (6,), "A": (3, 3), "x3": (2, 4, 3), "u": (4,), "mu": (4, 3),
}  # fmt: skip
INTEGERS = {"t": [2, 0, 1, 2], "holes": [2, -100, 1, 255], "b": [1, 0, 0, 1]}


def inputs_of(fn: Any) -> dict[str, Any]:
    """Numbers of which those by the names of probabilities and weights are positive."""
    rng = np.random.default_rng(5)
    drawn: dict[str, Any] = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    drawn |= {name: np.array(value) for name, value in INTEGERS.items()}
    drawn["q"] = np.exp(drawn["q"]) / np.sum(np.exp(drawn["q"]), axis=1, keepdims=True)
    drawn["w"], drawn["s"] = np.exp(drawn["w"]), 0.7
    return {name: drawn[name] for name in fn.inputs}


def compiled(program: str, style: str = "notes") -> Any:
    shapes = {**SHAPES, **dict.fromkeys(INTEGERS, (4,))}
    words = set(re.findall(r"\w+", program))
    used = {name: shape for name, shape in shapes.items() if name in words}
    return gradc.compile(program, shapes=used, style=style)  # type: ignore[arg-type]  # a style


def same(program: str, written: str) -> None:
    wanted = compiled(written)
    given = inputs_of(wanted)
    value = wanted(**given)
    df = {} if np.shape(value) == () else {"df": np.ones(np.shape(value))}
    _, slopes = wanted.value_and_grad(**given, **df)
    for style in ("notes", "fast"):
        fn = compiled(program, style)
        given = inputs_of(fn)
        for both in (fn.value_and_grad, standalone(fn.source).value_and_grad):
            found, grads = both(**given, **df)
            np.testing.assert_allclose(found, value, rtol=1e-12)
            assert set(grads) == set(slopes)
            for name, slope in slopes.items():
                np.testing.assert_allclose(grads[name], slope, rtol=1e-11, atol=1e-13, err_msg=name)


LOSSES = [
    ("F.cross_entropy(x, q, weight=w)", "-mean(sum(w*q*log_softmax(x), axis=1))"),
    ("F.cross_entropy(x, q, label_smoothing=0.3)", "-mean(sum((0.7*q + 0.1)*log_softmax(x), axis=1))"),
    (
        "F.cross_entropy(x, t, weight=w, label_smoothing=0.3)",
        ("L = log_softmax(x)\n"
        "-sum(0.7*w[t]*L[arange(4), t] + 0.3*mean(w*L, axis=1))/sum(w[t])"),
    ),
    (
        "k = torch.where(holes > 0, holes, 1)\nF.cross_entropy(x, k, ignore_index=255)",
        "L = log_softmax(x)\n-(L[0, 2] + L[1, 1] + L[2, 1])/3",
    ),
    (
        "F.cross_entropy(x, torch.clamp(holes, max=2), ignore_index=-100, reduction='sum')",
        "L = log_softmax(x)\n-(L[0, 2] + L[2, 1] + L[3, 2])",
    ),
    ("F.smooth_l1_loss(x, y, beta=0)", "mean(abs(x - y))"),
    ("F.multi_margin_loss(x, t)", "own = x[arange(4), t][:, None]\nmean(sum(relu(1 - own + x), axis=1) - 1)/3"),
    ("F.multilabel_soft_margin_loss(x, q)", "mean(softplus(x) - q*x)"),
    ("nn.CrossEntropyLoss(label_smoothing=0.3)(x, q)", "-mean(sum((0.7*q + 0.1)*log_softmax(x), axis=1))"),
    ("f = nn.MSELoss(reduction='sum')\nf(x, y) + nn.L1Loss()(x, y)", "sum((x - y)**2) + mean(abs(x - y))"),
    ("import torch.nn as nn\nh = nn.ReLU(inplace=True)(x)\nh.sum()", "sum(relu(x))"),
    ("nn.GELU()(x).sum() + nn.gelu(x).sum()", "sum(gelu(x)) + sum(gelu_tanh(x))"),
    ("nn.Flatten()(x3)[1, 5]", "x3[1, 1, 2]"),
    ("nn.functional.relu(x).sum()", "sum(relu(x))"),
]  # fmt: skip

METHODS = [
    ("x.exp().var(0).sum()", "sum(var(exp(x), axis=0, ddof=1))"),
    ("x.view(2, -1).std(1).sum()", "sum(std(reshape(x, (2, 6)), axis=1, ddof=1))"),
    ("torch.std(x, 1, False).sum() + x.var(False)", "sum(std(x, axis=1)) + var(x)"),
    ("x.unsqueeze(0).max(1)[0].sum()", "sum(max(x, axis=0))"),
    ("x.exp().transpose(0, 1)[0].sum()", "sum(exp(x)[:, 0])"),
    ("x.exp().repeat(2, 1)[5].sum()", "sum(exp(x)[1])"),
    ("x.unsqueeze(0).repeat(2, 1, 1)[1, 2].sum()", "sum(x[2])"),
    ("jnp.sum(x.std(0))", "sum(std(x, axis=0))"),
    ("torch.squeeze(x, 1).sum()", "sum(x)"),
    ("np.sort(x, axis=None)[1]", "sort(ravel(x))[1]"),
    ("z = x\nz += 1\njnp.sum(x*z)", "sum(x*(x + 1))"),
    ("def f(a):\n    a -= jnp.max(a)\n    return a\njnp.sum(f(x)*x)", "sum((x - max(x))*x)"),
    ("z = u\nz += 1\nnp.sum(u*z)", "sum((u + 1)**2)"),
    ("torch.log_softmax(x, 1)[torch.arange(4), t.long()].sum()", "sum(log_softmax(x)[arange(4), t])"),
    ("x.gather(1, t.to(torch.int64).unsqueeze(1)).sum()", "sum(x[arange(4), t])"),
    ("(x*(3*x).long()).sum()", "sum(x*trunc(3*x))"),
    ("(x*(x > 0).int()).sum() + (x*(x > 0).type(torch.float64)).sum()", "2*sum(where(x > 0, x, 0))"),
    ("F.embedding(t, x, padding_idx=2).sum()", "sum(x[[0, 1]]) + 2*sum(stop_gradient(x)[2])"),
    ("F.rms_norm(x, (3,), w, eps=1e-6).sum()", "sum(x/sqrt(mean(x**2, axis=1, keepdims=True) + 1e-6)*w)"),
    ("torch.norm(x, p=1, dim=1).sum() + torch.norm(x, 1)", "2*sum(abs(x))"),
    ("np.linalg.norm(x, np.inf, axis=1).sum() + np.linalg.norm(v, ord=1)", "sum(max(abs(x), axis=1)) + sum(abs(v))"),
    ("np.linalg.norm(A, 1)", "max(sum(abs(A), axis=0))"),
    ("torch.linalg.norm(A, float('inf'))", "max(sum(abs(A), axis=1))"),
    ("torch.linalg.vector_norm(A)", "norm(A)"),
    ("torch.diag_embed(u)[1].sum()", "u[1]"),
    ("torch.div(v, 0.3, rounding_mode='floor').sum()*v[0]", "sum(floor(v/0.3))*v[0]"),
    ("torch.logit(q, eps=0.2).sum()", "sum(logit(clip(q, 0.2, 0.8)))"),
    ("torch.zeros(3).scatter_reduce(0, t, u, reduce='sum')[2]", "u[0] + u[3]"),
]  # fmt: skip

DISTRIBUTIONS = [
    (
        "from torch.distributions import Normal\nd = Normal(mu, s)\nd.log_prob(x).sum() + d.entropy().sum()",
        "sum(norm.logpdf(x, mu, s)) + 12*(0.5 + 0.5*log(2*pi) + log(s))",
    ),
    (
        "d = torch.distributions.Categorical(logits=x)\n(d.log_prob(t) + d.entropy()).sum()",
        "L = log_softmax(x)\nsum(L[arange(4), t]) - sum(exp(L)*L)",
    ),
    ("Categorical(q).log_prob(t).sum()", "Q = q/sum(q, axis=1, keepdims=True)\nsum(log(Q[arange(4), t]))"),
    ("torch.distributions.Bernoulli(logits=u).log_prob(b).sum()", "sum(b*u - softplus(u))"),
    (
        "import torch.distributions as D\nD.Independent(D.Normal(mu, s), 1).log_prob(x).pow(2).sum()",
        "sum(sum(norm.logpdf(x, mu, s), axis=1)**2)",
    ),
    (
        ("p1 = torch.distributions.Normal(mu, s)\np2 = torch.distributions.Normal(0, 1)\n"
        "torch.distributions.kl_divergence(p1, p2).sum() + p1.mean.sum()"),
        "sum(-log(s) + 0.5*(s**2 + mu**2 - 1)) + sum(mu)",
    ),
]  # fmt: skip


HELD = [
    ("h = torch.exp(u).sum()\nh.item()*h + float(h)", "h = sum(exp(u))\nstop_gradient(h)*h + stop_gradient(h)"),
    ("torch.exp(u).sum().item()", "sum(exp(u))"),
    ("def f(u):\n    h = torch.exp(u).sum()\n    return h.item()", "sum(exp(u))"),
    ("u.float().exp().sum() + torch.exp(u).mean().float()", "sum(exp(u)) + mean(exp(u))"),
    ("m = torch.zeros(4)\nm[0] = 1.0\nm.fill_(2.0)\n(u*m).sum()", "2*sum(u)"),
    ("m = torch.ones(3, 3)\nm.fill_diagonal_(0)\n(A*m).sum()", "sum(A) - trace(A)"),
]

WHOLE = [
    ("u[torch.argsort(u, descending=True)][0]", "max(u)"),
    ("x3.mT[0, 2, 1]", "x3[0, 1, 2]"),
    ("x3.diagonal(dim1=-2, dim2=-1)[1, 2]", "x3[1, 2, 2]"),
    (
        ("m = torch.tensor([[True, False, True], [True, True, False], [False, True, True]])\n"
        "F.scaled_dot_product_attention(A, A, A, attn_mask=m)[0, 1]"),
        "s = where(array([[1, 0, 1], [1, 1, 0], [0, 1, 1]]) > 0, A @ A.T/sqrt(3), -inf)\n(softmax(s) @ A)[0, 1]",
    ),
    ("torch.arange(start=1, end=4).double() @ w", "w[0] + 2*w[1] + 3*w[2]"),
    ("np.ones(np.prod(x.shape)) @ x.ravel()", "sum(x)"),
    (
        ("k = torch.full((4,), 1, dtype=torch.int64)\nk[torch.tensor([1, 0])] = torch.tensor([2, 0])\n"
        "x[torch.arange(4), k].sum()"),
        "x[0, 0] + x[1, 2] + x[2, 1] + x[3, 1]",
    ),
    ("@jax.vmap\ndef f(r):\n    return jnp.max(r)\njnp.sum(f(x))", "sum(max(x, axis=1))"),
    (
        "@partial(jax.vmap, in_axes=(None, 0))\ndef f(m, r):\n    return jnp.sum(m @ r)\njnp.sum(f(A, x)**2)",
        "sum(sum(x @ A.T, axis=1)**2)",
    ),
    (
        ("T = {'k': u, 'a': [x, v]}\njax.tree_util.tree_reduce(lambda s, p: s + jnp.sum(p**2), T, 0.0)"
        " + jax.tree_util.tree_leaves(T)[2][0]"),
        "sum(u**2) + sum(x**2) + sum(v**2) + u[0]",
    ),
    ("T = jax.tree.map(lambda p, o: p*o, {'a': u}, {'a': 2.0})\njnp.sum(T['a'])", "2*sum(u)"),
    ("g, h = [\n    each.view(3, -1)\n    for each in (x, y)\n]\n(g*h).sum()", "sum(x*y)"),
    (
        "off = ~torch.eye(3, dtype=torch.bool)\n(A[off].view(3, 2)[:, 0]**2).sum()",
        "A[0, 1]**2 + A[1, 0]**2 + A[2, 0]**2",
    ),
    (
        "R = np.array([[2, 0, 1], [0, 0, 3], [0, 0, 0]])\ni, j = R.nonzero()\nsum(A[i, j])",
        "A[0, 0] + A[0, 2] + A[1, 2]",
    ),
    ("even = np.arange(4) % 2 == 0\nu[even][1]*x[:, np.arange(3) > 1].sum()", "u[2]*sum(x[:, 2])"),
    ("m = np.ones((3, 3), dtype=bool)\nm[np.arange(3), [0, 2, 1]] = False\nnp.sum(A[~m][1])", "A[1, 2]"),
    (
        "top, at = x.topk(2, dim=1)\n(torch.zeros_like(x).scatter(1, at, top)*y).sum()",
        "k = argsort(-x, axis=1)[:, :2]\nsum(take_along_axis(x*y, k, 1))",
    ),
    ("torch.eq(torch.arange(4), 2).float() @ u + u.gt(0).sum()*u[0]", "u[2] + sum(where(u > 0, 1, 0))*u[0]"),
    ("jax.ops.segment_sum(u, t, num_segments=3)[2]", "u[0] + u[3]"),
    ("jax.nn.squareplus(u).sum() + jax.nn.hard_swish(u).sum()", "sum((u + sqrt(u**2 + 4))/2) + sum(u*relu6(u + 3)/6)"),
    (
        "jnp.sum(jax.nn.standardize(x)*y)",
        "sum((x - mean(x, axis=1, keepdims=True))/sqrt(var(x, axis=1, keepdims=True) + 1e-5)*y)",
    ),
    (
        ("def f(p, k):\n    k = k.reshape(4)\n    p[0] = 1.0\n    g = p.copy()\n"
        "    g[np.arange(4), k] -= 1\n    return np.sum(g*g)\nf(x*1, t)"),
        "g = concatenate([ones((1, 3)), x[1:]])\nh = g - eye(3)[t]\nsum(h*h)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("program", "written"), [*HELD, *WHOLE, *LOSSES, *METHODS, *DISTRIBUTIONS])
def test_the_same_as_written_out(program: str, written: str) -> None:
    same(program, written)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("torch.exp(x).sum() + np.array([1.0]).sum()*x.std()", "this program speaks of both"),
        ("torch.tensor(np.eye(3)) @ x.repeat(2, 1).T", "this program speaks of both"),
        ("torch.distributions.Normal(mu, s).rsample()", "nothing is drawn at random"),
        ("nn.Linear(3, 4)(x)", "would have parameters of its own"),
        ("x.scatter_reduce(0, t, y, reduce='mean')", "scatter_reduce is read with reduce='sum'"),
        ("d = Normal(mu, s)\nd + 1", "is a distribution, and no number"),
    ],
)
def test_refused_with_a_way_out(program: str, said: str) -> None:
    with pytest.raises(gradc.GradcError, match=said) as caught:
        compiled(program)
    assert all(problem.hint for problem in caught.value.problems)


def test_the_functions_of_math_are_no_methods_of_tensors() -> None:
    fn = gradc.compile("np.sum(x.min(axis=-1)) + math.exp(y) + special.expit(y)", shapes={"x": (3, 2)})
    assert fn(np.arange(6.0).reshape(3, 2), 0.0) == 7.5


def test_a_whole_number_is_not_rounded_where_it_is_an_index() -> None:
    source = gradc.compile("torch.sum(emb[users.long()])", shapes={"emb": (3, 2), "users": (4,)}).source
    assert "emb[users]" in source
    assert "trunc" not in source
