# ruff: noqa: E501  # programs on a line
"""What Python and NumPy mean by their words: `try`, `global`, defaultdict, what is gone through once, integers."""

import numpy as np
import pytest

import gradc
from tests.as_python import agrees

X = np.arange(6.0).reshape(2, 3) / 3 + 0.1

RIGHT = [
    "try:\n    import absent as nb\n    k = 3\nexcept ImportError:\n    nb = None\n    k = 2\nnp.sum(x**k)",
    "try:\n    from math import exp\nexcept (ImportError, ModuleNotFoundError) as e:\n    raise\nelse:\n    k = 3\nnp.sum(x**k)",
    "for i in range(2):\n    try:\n        import sys\n    except ImportError:\n        pass\n    y = x*i\nnp.sum(y)",
    (
        "def ll(K, y):\n    try:\n        L = np.linalg.cholesky(K)\n    except np.linalg.LinAlgError:\n        return -np.inf\n"
        "    return np.sum(np.log(np.diag(L))) + y @ np.linalg.solve(L, y)\nll(x @ x.T + np.eye(2), x[:, 0])"
    ),
    "G = 9.81\nH = 2\ndef f(t):\n    global G, H\n    return t*G + H\nf(x[0, 0])",
    (
        "from collections import defaultdict\nd = defaultdict(float)\nfor i, k in enumerate(['a', 'b', 'a']):\n"
        "    d[k] += x[0, i]\nd['a']**2 + d['b']"
    ),
    (
        "import collections\nd = collections.defaultdict(list)\nfor i, k in enumerate(['a', 'b', 'a']):\n"
        "    d[k].append(x[0, i])\nsum(sum(v)**2 for v in d.values()) + len(d)"
    ),
    "from collections import defaultdict\nd = defaultdict(lambda: 1.0)\nd['u'] *= x[0, 1]\nd['u'] + d['w']",
    "gen = (i*x[0, i] for i in range(3))\ns = sum(gen)\ns + sum(gen)",
    "z = zip([1, 2], [3, 4])\ns = sum(a*b for a, b in z)\ns*x[0, 1] + sum(a for a, b in z)",
    "m = map(lambda t: t*2, x[0])\ns = sum(m)\ns + sum(m)",
    "pairs = list(zip([1, 2], [3, 4]))\ns = sum(a*b for a, b in pairs)\ns*x[0, 1] + sum(a for a, b in pairs)",
    "r = range(3)\ns = sum(i for i in r) + sum(i for i in r)\ns*x[0, 1]",
    "a = np.array([1, 2, 3], float)\na[1] = x[0, 0]\nnp.sum(a*x)",
    "a = np.array([1, 2, 3], dtype=float)\na[1] = x[0, 0]\nnp.sum(a*x)",
    "a = np.array([1, 2, 3])\na[0], a[2] = a[2], a[0]\na[1] += 4\nnp.sum(a*x)",
    "c = np.zeros(3, dtype=int)\nfor i in [0, 1, 1, 2]:\n    c[i] += 1\nnp.sum(c*x)",
    "a = [1, 2, 3]\na[0] = x[0, 0]\nnp.sum(np.array(a)*x)",
    "def f(v, n=0, buf=np.zeros(3)):\n    buf[n] += v\n    return np.sum(buf)\nf(x[0, 0]) + f(x[0, 1])*2",
    "import bisect\ni = bisect.bisect([0.0, 1.0, 2.0], 1.0) + 10*bisect.bisect_left([0.0, 1.0], 1.0)\nx[0, 1]*i",
    "from bisect import bisect_right\nx[0, 1]**bisect_right([0.0, 1.0, 2.0], 1.5)",
    "a, b = np.gradient(X4, 0.3)\nnp.sum(a*X4) + np.sum(b**2)",
    "a, b = np.gradient(X4, 0.3, 0.5, edge_order=2)\nnp.sum(a*X4) + np.sum(b**2)",
    "np.sum(np.gradient(X4, 0.3, axis=1)*X4)",
    "np.sum(np.gradient(X4[0], edge_order=2)*X4)",
    "np.sum(X4.reshape(6, -1, order='F') @ np.array([1.0, 2.0]))",
    "np.sum(np.reshape(X4, (2, 6), order='F')[1]*np.arange(6)) + np.sum(X4.ravel(order='F')*np.arange(12))",
    "np.sum(X4.reshape((2, 2, 3), order='F')[1]*np.arange(3)) + np.zeros((2, 3), order='F').sum()",
    "np.sum(np.real(x)*x) + np.conj(x).sum()",
]
CUT_OFF = [
    "a = np.array([1, 2, 3])\na[0] = 2.7\nnp.sum(a*x)",
    "a = np.zeros(3, dtype=int)\na[0] = x[0, 0]\nnp.sum(a*x)",
    "a = np.arange(3)\na[1] = 0.5\nnp.sum(a*x)",
    "a = np.full(3, 2)\na[1:] = x[0, 1:]\nnp.sum(a*x)",
]
REFUSED = [
    ("def f(a, b):\n    try:\n        return a/b\n    except ZeroDivisionError:\n        return 0.0\nf(x[0, 0], x[0, 1])", "try"),
    ("G = 9.81\ndef f(t):\n    global G\n    G = 2.0\n    return t*G\nf(x[0, 0]) + G", "global"),
    ("import absent\nnp.sum(x)", "import"),
]  # fmt: skip


@pytest.mark.parametrize("program", RIGHT)
def test_as_python_has_it(program: str) -> None:
    assert agrees(program, {"x": X} if "X4" not in program else {"X4": np.arange(12.0).reshape(3, 4) ** 2 / 30 + 0.1})


def test_sum_is_pythons_in_a_file_that_imports_numpy() -> None:
    with pytest.raises(gradc.GradcError, match="adds up the rows"):
        gradc.compile("import numpy as np\nnp.sum(sum(x)*x)", shapes={"x": (2, 3)})
    for whole in ("sum(x)", "sum(np.abs(x))", "from numpy import *\nsum(x)", "from numpy import sum\nsum(x)"):
        assert gradc.compile(whole, shapes={"x": (2, 3)})(X) == pytest.approx(X.sum())


@pytest.mark.parametrize("program", CUT_OFF)
def test_what_an_array_of_integers_cannot_hold(program: str) -> None:
    with pytest.raises(gradc.GradcError, match="holds integers"):
        gradc.compile(program, shapes={"x": (2, 3)})


@pytest.mark.parametrize(
    ("program", "way_out"),
    [
        ("q, r = np.linalg.qr(x)\nr[0, 0]", "cholesky"),
        ("from scipy.integrate import quad\nquad(lambda t: t*x[0, 1], 0, 2)[0]", "leggauss"),
        (
            "from scipy.integrate import solve_ivp\nsol = solve_ivp(lambda t, y: -y, (0, 1), [x[0, 1]])\nsol.y[0, -1]",
            "Runge",
        ),
    ],
)
def test_refused_with_a_way_out_and_nothing_else(program: str, way_out: str) -> None:
    with pytest.raises(gradc.GradcError, match="unknown function") as caught:
        gradc.compile(program, shapes={"x": (2, 3)})
    assert way_out in str(caught.value)
    assert "elements to go through" not in str(caught.value)
    assert "attribute" not in str(caught.value)


@pytest.mark.parametrize(("program", "word"), REFUSED)
def test_refused_by_name(program: str, word: str) -> None:
    with pytest.raises(gradc.GradcError, match=f"'{word}'.* is not part of the language"):
        gradc.compile(program, shapes={"x": (2, 3)})
