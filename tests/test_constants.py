"""Texts, counts and choices that are known when a program is compiled, beside Python running the same lines."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from tests.as_python import agrees

W, A = np.array([0.3, -0.7, 1.1, 0.4]), np.array([[0.2, 0.5], [-0.3, 0.8]])
AS_PYTHON = [
    ("p = {f'w{i}': w[i] for i in range(4)}\nsum(p[f'w{i}']**2*i for i in range(4))", {"w": W}),
    ("p = {f'w{i + 1}_{i:02d}': w[i] for i in range(4)}\np['w1_00']*p['w4_03']", {"w": W}),
    ("p = {'W' + str(i): w[i] for i in range(4)}\nsum(np.exp(p['W%d' % i]) for i in range(4))", {"w": W}),
    ("p = {'W{}{}'.format('a', i): w[i] for i in range(4)}\np['Wa1']*p['W%s%d' % ('a', 2)]", {"w": W}),
    ("p = {'_'.join(['w', str(i)]): w[i] for i in range(4)}\np['w_1']*p['w_3']", {"w": W}),
    ("import math\nsum(x**k/math.factorial(k) for k in range(6))", {"x": 0.7}),
    ("from math import comb\nsum(comb(3, k)*t**k*(1 - t)**(3 - k)*w[k] for k in range(4))", {"t": 0.3, "w": W}),
    ("import math\nx*math.gcd(12, 18) + x**2*math.perm(5, 2) + math.lcm(4, 6)", {"x": 0.7}),
    ("import itertools\nsum(w[i]*w[j]*(j - i) for i, j in itertools.combinations(range(4), 2))", {"w": W}),
    ("import itertools as it\nsum(w[i]*w[j]**2 for i, j in it.permutations(range(3), 2))", {"w": W}),
    ("from itertools import product\nsum(A[i, j]*(i + 2*j) for i, j in product(range(2), repeat=2))", {"A": A}),
    ("from itertools import product\nsum(a*b for a, b in product(w[:2], w[2:]))", {"w": W}),
    ("from itertools import pairwise\nsum((b - a)**2 for a, b in pairwise(w))", {"w": W}),
    ("from itertools import chain\nsum(k*v for k, v in enumerate(chain([x], w, [x**2])))", {"x": 0.7, "w": W}),
    ("from itertools import accumulate\nsum(v**2 for v in accumulate(w))", {"w": W}),
    ("from functools import reduce\nreduce(lambda a, c: a*x + c, w, 0.5)", {"x": 0.7, "w": W}),
    ("from functools import reduce\nreduce(np.dot, [A, A, A])[0, 1]", {"A": A}),
    ("from functools import reduce\ndef f(a, b):\n    return np.tanh(a) + b\nreduce(f, [x, x**2, 3])", {"x": 0.7}),
    ("(t := np.tanh(x)) + t**2", {"x": 0.7}),
    ("def f(x):\n    return np.exp(-(u := x - 1)*u)*u\nf(x)", {"x": 0.7}),
    ("H = np.zeros((3, 3))\nfor i in range(2):\n    H[i, i + 1] = H[i + 1, i] = x**i\nnp.sum(H @ H)", {"x": 0.7}),
    ("v = np.zeros(3)\nv[0] = v[2] = x**2\nnp.sum(v*v) + v[0]", {"x": 0.7}),
]  # fmt: skip


@pytest.mark.parametrize(("program", "inputs"), AS_PYTHON)
def test_as_python(program: str, inputs: dict[str, object]) -> None:
    agrees(program, inputs)


def test_a_factorial_of_a_value_is_gamma() -> None:
    assert gradc.compile("x*factorial(y)")(2.0, 3.0) == 12.0


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("factorial(171)*x", "up to 170"),
        ("factorial(-1)*x", "factorial"),
        ("math.comb(x, 2)", "whole numbers that are known"),
        ("perm(100000, 99999)*x", "perm"),
        ("x*str(3)", "strings are not part"),
        ("'a'*3", "strings are not part"),
        ("d = {}\nd['a'*10**9] = 1\nx", "strings are not part|a text"),
        ("d = {}\nd[f'{x}'] = 1\nx", "'x' is no constant"),
        ("d = {}\nd[f'{x.real}'] = 1\nx", "is not read"),
        ("d = {}\nd['{0.__class__}'.format(1)] = 1\nx", "no value"),
        ("d = {}\nd['%999999999d' % 1] = 1\nx", "not all of the values"),
        ("sum(w for w in permutations(range(20)))*x", "permutations has"),
        ("reduce(lambda a, b: a + b, [])*x", "of nothing"),
        ("reduce(x, [1, 2])", "a function is wanted"),
        ("t := x*2; t", "':='"),
    ],
)
def test_what_is_refused(program: str, message: str) -> None:
    with pytest.raises(gradc.GradcError, match=message):
        gradc.compile(program)


def test_a_long_chain_of_elements_needs_no_stack() -> None:
    """As `v[0] = v[1] = … = x`."""
    count = 3000
    chain = " = ".join(f"v[{i}]" for i in range(count))
    assert gradc.compile(f"v = np.zeros({count})\n{chain} = x\nnp.sum(v)")(2.0) == 2.0 * count
