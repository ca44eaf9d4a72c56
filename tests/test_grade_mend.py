"""A wrong line is found by the one small change that makes everything right, whatever the style of the text."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

import numpy as np
import pytest

import gradc
from gradc.evidence.grade.edits import edits
from gradc.evidence.grade.sandbox import Sandbox
from gradc.evidence.grade.text import Text
from gradc.run.hand import encoded
from gradc.run.serve import Answers


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One process for all texts."""
    with Sandbox() as box:
        yield box


STAGED = """\
s = w*x + b
neg = -s
e = np.exp(neg)
den = 1 + e
f = 1/den
dden = -1/den**2
de = dden
dneg = e*de
ds = -dneg
dw = x*ds
dx = w*ds
db = ds
"""

MERGED = """\
def forward(x, g, b):
    mu = x.mean(1, keepdims=True)
    xc = x - mu
    r = 1.0/np.sqrt((xc**2).mean(1, keepdims=True) + 1e-5)
    n = xc*r
    return n*g + b, (n, r, g)

def backward(dout, cache):
    n, r, g = cache
    dg, db, dn = (dout*n).sum(0), dout.sum(0), dout*g
    dx = r*(dn - dn.mean(1, keepdims=True) - n*(dn*n).mean(1, keepdims=True))
    return dx, dg, db
"""

LAYER_NORM = """
x: [N, D]
g: [D]
b: [D]
mu = mean(x, axis=1, keepdims=True)
xc = x - mu
v = mean(xc**2, axis=1, keepdims=True)
r = 1/sqrt(v + 1e-5)
n = xc*r
out = n*g + b
"""

SOFTMAX = """\
def loss_naive(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    for i in range(len(X)):
        scores = X[i].dot(W)
        p = np.exp(scores - scores.max())
        p /= p.sum()
        loss -= np.log(p[y[i]])
        for j in range(W.shape[1]):
            dW[:, j] += p[j]*X[i]
        dW[:, y[i]] -= X[i]
    loss = loss/len(X) + reg*np.sum(W*W)
    dW = dW/len(X)
    dW += 2*reg*W
    return loss, dW
"""

CLASSIFIER = """
W: [D, C]
X: [N, D]
y: int[N]
P = softmax(X @ W, axis=1)
loss = -mean(log(P[arange(N), y])) + reg*sum(W*W)
"""

CASES = [
    (STAGED, "1/(1 + exp(-(w*x + b)))", "ds = -dneg", "ds = dneg", 9, "the sign"),
    (STAGED, "1/(1 + exp(-(w*x + b)))", "dneg = e*de", "dneg = neg*de", 8, "the local slope"),
    (MERGED, LAYER_NORM, " - n*(dn*n).mean(1, keepdims=True)", "", 11, "a contribution is missing"),
    (MERGED, LAYER_NORM, "(dout*n).sum(0)", "(dout*n).sum(1)", 10, "a sum over the wrong axis"),
    (SOFTMAX, CLASSIFIER, "dW[:, y[i]] -= X[i]", "dW[:, y[i]] += X[i]", 11, "the sign"),
    (SOFTMAX, CLASSIFIER, "dW[:, j] += p[j]", "dW[:, j] += scores[j]", 10, "the local slope"),
    (SOFTMAX, CLASSIFIER, "dW = dW/len(X)", "dW = dW/W.shape[1]", 13, "the mean"),
    (SOFTMAX, CLASSIFIER, "dW += 2*reg*W", "dW = 2*reg*W", 14, "a contribution is missing"),
]


@pytest.mark.parametrize(("text", "program", "right", "wrong", "line", "reason"), CASES)
def test_the_line_and_the_reason(
    text: str, program: str, right: str, wrong: str, line: int, reason: str, sandbox: Sandbox
) -> None:
    assert right in text
    found = gradc.grade(text.replace(right, wrong), program, sandbox=sandbox)
    assert [(each.line, each.reason) for each in found.wrong] == [(line, reason)]


@pytest.mark.parametrize(("text", "program"), [(STAGED, CASES[0][1]), (MERGED, LAYER_NORM), (SOFTMAX, CLASSIFIER)])
def test_what_is_right_is_right(text: str, program: str, sandbox: Sandbox) -> None:
    assert gradc.grade(text, program, sandbox=sandbox).ok


def test_a_line_that_raises_is_mended(sandbox: Sandbox) -> None:
    text = "h = X @ W\nf = (h**2).sum()\ndh = 2*h\ndW = X @ dh\ndX = dh @ W.T\n"
    found = gradc.grade(text, "X: [n, d]\nW: [d, k]\nsum((X @ W)**2)", sandbox=sandbox)
    assert [(each.line, each.reason) for each in found.wrong] == [(4, "transposed")]


@pytest.mark.parametrize("text", [STAGED, MERGED, SOFTMAX])
def test_no_change_moves_a_line(text: str) -> None:
    whole = Text(text)
    count = 0
    for s in ast.walk(whole.tree):
        if isinstance(s, (ast.Assign, ast.AugAssign, ast.Return)):
            for far in (False, True):
                for edit in edits(whole, s, s.lineno, "", {}, {}, far):
                    assert edit.text.count("\n") == text.count("\n")
                    count += 1
    assert count > 50


def test_a_version_is_read_again_in_one_statement_alone() -> None:
    """What a version in one statement comes to is what its whole text comes to."""
    wide = MERGED + "def f(x, g, b, dout):\n    out, cache = forward(x, g, b)\n    return backward(dout, cache)\n"
    whole = Text(wide)
    shapes = {"x": (4, 3), "g": (3,), "b": (3,), "dout": (4, 3)}
    inputs = {name: encoded(np.cos(1.0 + np.arange(math.prod(shape))).reshape(shape)) for name, shape in shapes.items()}
    call = {"name": "f", "args": [["input", name] for name in shapes]}
    job = {"text": wide, "inputs": inputs, "main": False, "calls": [call], "only": [[k, 0] for k in range(40)]}
    job["known"] = []
    texts = [
        edit.text
        for s in ast.walk(whole.tree)
        if isinstance(s, (ast.Assign, ast.Return))
        for edit in edits(whole, s, s.lineno, "", {}, {})
    ]
    answers = Answers()
    for text, fast in zip(texts, answers.of({**job, "variants": [{"text": t} for t in texts]})["answers"], strict=True):
        assert fast == answers.of({**job, "variants": [{"text": text, "bypass": [999]}]})["answers"][0]
    others = [{"nudged": [k]} for k in range(3, 20)] + [{"times": [[9, 2.0]]}, {"added": [4]}]
    for other, fast in zip(others, answers.of({**job, "variants": others})["answers"], strict=True):
        assert fast == answers.of({**job, "variants": [{**other, "bypass": [999]}]})["answers"][0]
