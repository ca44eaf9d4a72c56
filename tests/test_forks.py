"""`if` on integers of the program: as Python has it, in both styles; on other values it is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
from tests.as_python import differences, run
from tests.support import shapes_in

INTEGERS = {"y": np.array([0, 1, 2, 1, 0])}
GIVEN: dict[str, Any] = {
    "x": np.array([0.3, -0.7, 1.1, 0.4, -0.2]),
    "c": np.array([-0.6, 0.9, 0.2]),
    "X": np.arange(20.0).reshape(5, 4) / 9 - 1,
    "W": np.arange(12.0).reshape(4, 3) / 7 - 0.8,
}
EVERY = {**GIVEN, **INTEGERS}

ORDERED = """lp = 0.0
for n in range(5):
    eta = x[n]*0.5
    if y[n] == 0:
        lp += np.log(sigmoid(c[0] - eta))
    elif y[n] == 2:
        lp += np.log(sigmoid(eta - c[1]))
    else:
        lp += np.log(sigmoid(c[y[n]] - eta) - sigmoid(c[y[n] - 1] - eta))
lp"""
SVM = """loss = 0.0
for i in range(5):
    scores = X[i].dot(W)
    correct = scores[y[i]]
    for j in range(3):
        if j == y[i]:
            continue
        loss += np.maximum(scores[j] - correct + 1, 0)
loss/5"""
WRITTEN = """s = np.zeros(3)
k = 0
for i in range(5):
    if y[i] != 1:
        s[y[i]] += x[i]**2
        k += 1
np.sum(s**2)*k"""
LISTS = """out = [0.0]*5
terms = {'a': 0.0, 'b': 1.0}
for i in range(5):
    if y[i] == 2:
        out[i] = x[i]**2
        terms['a'] += 1
    elif i > 2:
        out[i] = c[y[i]]*x[i]
    else:
        if y[i] == 1:
            terms['b'] *= 2*x[i]
        else:
            out[i] = x[i]
sum(out)*terms['a'] + terms['b']"""
TURNS = """acc = 0.0
for i in range(5):
    if y[i] == 1:
        acc += x[i]
    else:
        acc *= 2
        continue
    if i > 2: continue
    acc += c[y[i]]
acc"""
OUT_OF_RANGE = """s = 0.0
for i in range(5):
    if y[i] < 2: s += c[y[i] + 1]*np.log(x[i]**2)
    else: s += c[y[i] - 2]
s"""
ONCE = "if y[1] == 1: z = x[0]\nelse: z = x[1]\nz*c[y[1]]"


@pytest.mark.parametrize("program", [ORDERED, SVM, WRITTEN, LISTS, TURNS, OUT_OF_RANGE, ONCE])
@pytest.mark.parametrize("style", ["notes", "fast"])
def test_as_python_has_it(program: str, style: str) -> None:
    fn = gradc.compile(program, shapes=shapes_in(program, EVERY), style=style)  # type: ignore[arg-type]  # one of two
    given = {name: EVERY[name] for name in fn.inputs}
    floats = {name: value for name, value in given.items() if name in GIVEN}
    space: dict[str, Any] = {}
    exec(fn.source, space)
    slopes = differences(program, floats, INTEGERS)
    for both in (fn.value_and_grad, space["value_and_grad"]):
        value, grads = both(**given)
        np.testing.assert_allclose(value, run(program, EVERY), rtol=1e-13)
        assert list(grads) == list(floats)
        for name, grad in grads.items():
            np.testing.assert_allclose(grad, slopes[name], rtol=1e-7, atol=1e-7, err_msg=name)


@pytest.mark.parametrize(
    "program",
    [
        "if x > 0: y = 2\nelse: y = 3\ny*x",
        "s = 0\nfor i in range(3):\n    if y[i] == 1: break\n    s += c[y[i]]\ns",
        "out = []\nfor i in range(3):\n    if y[i] == 1: out.append(c[y[i]])\nsum(out)",
        "def f(k):\n    for j in range(2):\n        if k == j: return c[k]\n    return 0.0\nf(y[0])",
        "def f(k):\n    if k > 0:\n        if k == 1: return c[k]\n    return 0.0\nf(y[0])",
        "def f(k):\n    if k == 1: return c[k], 1.0\n    return 0.0\nf(y[0])",
        "if y[0] == 1: z = c[0]\nelse: z = c[1]\nz",
    ],
)
def test_refused(program: str) -> None:
    """A test of a value; what leaves a loop or a function in the middle; lists of two lengths; y that is no index."""
    shapes = {"y": (5,), "c": (3,)} if "[" in program else None
    with pytest.raises(gradc.GradcError, match="hangs on a value"):
        gradc.compile(program, shapes=shapes)


RANKED = """loss = 0.0
for i in range(3):
    for j in range(3):
        if rel[i] > rel[j]:
            loss += np.log(1 + np.exp(s[j] - s[i]))*abs(rel[i] - rel[j])
loss"""


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_data_may_decide_where_wrt_leaves_it_out(style: Any) -> None:
    given = {"s": np.array([0.3, -0.7, 1.1]), "rel": np.array([2.0, 0.5, 0.5])}
    shapes = {"s": (3,), "rel": (3,)}
    slopes = differences(RANKED, {"s": given["s"]}, {"rel": given["rel"]})["s"]
    fn = gradc.compile(RANKED, wrt=["s"], shapes=shapes, style=style)
    value, grads = fn.value_and_grad(**given)
    np.testing.assert_allclose(value, run(RANKED, given), rtol=1e-13)
    np.testing.assert_allclose(grads["s"], slopes, rtol=1e-6, atol=1e-8)
    assert fn.check(points=1).ok
    with pytest.raises(gradc.GradcError, match="hangs on a value"):
        gradc.compile(RANKED, shapes=shapes)


def test_a_choice_among_integers_is_an_index() -> None:
    fn = gradc.compile("x[np.where(y[0] == 0, 1, y[0] - 1)]*x[y[1] if y[1] < 3 else 0]", shapes={"x": (3,), "y": (2,)})
    assert fn(x=np.array([1.0, 2.0, 4.0]), y=np.array([0, 4])) == 2.0
    assert fn(x=np.array([1.0, 2.0, 4.0]), y=np.array([3, 2])) == 16.0


RETURNS = {
    "one side": "def f(k, x):\n    if k > 2:\n        return x**2\n    y = x*3\n    return y + k",
    "each of many sides": (
        "def f(k, x):\n    if k > 2:\n        return x**2\n    elif k > 1:\n        return x**3\n    elif k < 0:\n"
        "        return np.sin(x)\n    z = 2*x\n    return z"
    ),
    "the first and the last": (
        "def f(k, x):\n    if k > 2:\n        return x**2\n    elif k > 1:\n        x = x*2\n    else:\n"
        "        return 5*x\n    return x + 1"
    ),
    "a side that has its own": (
        "def f(k, x):\n    if k > 2:\n        y = 2*x\n        if k > 3:\n            return y\n        else:\n"
        "            return y*x\n    return x"
    ),
    "before a loop": (
        "def f(k, x):\n    if k > 2:\n        x = x + 1\n    else:\n        return x\n    for i in range(3):\n"
        "        x = x*2\n    return x"
    ),
    "behind a loop": (
        "def f(k, x):\n    total = 0.0\n    for j in range(3):\n        if k > j:\n            total += x**j\n"
        "            continue\n        total -= x\n    if k > 2:\n        return total\n    return -total"
    ),
    "what is not defined elsewhere": (
        "def f(k, x):\n    if k > 2:\n        return np.log(k - 2)*x\n    return np.sqrt(3 - k)*x"
    ),
    "an array that is written to": (
        "def f(k, x):\n    s = np.zeros(2)\n    if k > 2:\n        s[0] = x\n        return np.sum(s)\n"
        "    s[1] = x**2\n"
        "    return np.sum(s*np.array([1.0, 3.0]))"
    ),
    "one that calls another": (
        "def g(k, x):\n    if k > 1:\n        return x\n    return x**2\n"
        "def f(k, x):\n    if k > 2:\n        return g(k, x)\n    return g(k, 2*x)*3"
    ),
}
CHANGES = """out = []
def f(k, x):
    if k > 2:
        out.append(x)
        return x, x**2
    out.append(2*x)
    return 3*x, x
a, b = f(k, x)
a*b + out[0]"""


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("program", [*RETURNS.values(), CHANGES])
def test_a_function_may_return_on_one_side(program: str, alone: bool) -> None:
    if alone and program.count("def") > 1:
        return
    text = program if alone or program is CHANGES else f"{program}\nf(k, x)"
    for style in ("notes", "fast"):
        fn = gradc.compile(text, wrt=["x"], style=style)  # type: ignore[arg-type]  # one of two
        for k in (-1.0, 0.5, 1.5, 2.0, 2.5, 4.0):
            value, grads = fn.value_and_grad(k=k, x=0.7)
            np.testing.assert_allclose(value, run(text, {"k": k, "x": 0.7}), rtol=1e-13)
            slope = differences(text, {"x": 0.7}, {"k": k})["x"]
            np.testing.assert_allclose(grads["x"], slope, rtol=1e-7, atol=1e-8)
