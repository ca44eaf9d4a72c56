# ruff: noqa: E501  # programs on a line
"""Arrays that several names, lists and dictionaries hold: what NumPy changes for one of them it changes for all."""

import numpy as np
import pytest

import gradc
from tests.as_python import agrees

X = np.arange(6.0).reshape(2, 3) / 3 + 0.1

RIGHT = {
    "a list has an array twice": "z = np.zeros(3)\nrows = [z, z]\nrows[0] += x[0]\nnp.sum(rows[1]*x)",
    "a list is repeated": "rows = [np.zeros(3)]*2\nrows[0] += x[0]\nnp.sum(rows[1]*x)",
    "two arrays of zeros are two": "rows = [np.zeros(3), np.zeros(3)]\nrows[0] += x[0]\nnp.sum(rows[1]*x) + np.sum(rows[0])",
    "an element of an array in a list": "rows = [np.zeros(3), np.zeros(3)]\nrows[0][1] = x[0, 1]\nnp.sum(rows[1]*x) + np.sum(rows[0]*x)",
    "of the name that the list has it from": "z = np.zeros(3)\nrows = [z, z]\nrows[0][1] = x[0, 1]\nnp.sum(z*x)",
    "a dictionary by two names": 'd = {"a": np.zeros(3)}\ne = d\ne["a"] += x[0]\nnp.sum(d["a"]*x)',
    "a name for an entry": 'd = {"a": np.zeros(3)}\nq = d["a"]\nq += x[0]\nnp.sum(d["a"]*x)',
    "an element of an entry": 'd = {"a": np.zeros(3)}\nq = d["a"]\nq[1] = x[0, 2]\nnp.sum(d["a"]*x)',
    "an array that is appended, then changed": (
        "a = x[0]*2\nrows = []\nfor i in range(3):\n    rows.append(a)\n    a += 1\nnp.sum(np.array(rows)*x[1])"
    ),
    "a copy that is appended": (
        "a = x[0]*2\nrows = []\nfor i in range(3):\n    rows.append(a.copy())\n    a += 1\nnp.sum(np.array(rows)*x[1])"
    ),
    "an array in a tuple": "a, b = x*2, x + 1\nt = (a, b)\na += 1\nnp.sum(t[0]*x)",
    "the last of a list": (
        "h = [np.zeros(3)]\nfor i in range(2):\n    c = h[i]\n    c += x[i]\n    h.append(c)\nnp.sum(h[0]*x)"
    ),
    "parameters, one after the other": (
        "W, b = x*2, x + 1\nparams = [W, b]\nfor p, g in zip(params, [x, x**2]):\n    p -= 0.1*g\nnp.sum(W*x) + np.sum(params[1]*x)"
    ),
    "parameters by their names": (
        'W = x*2\nparams = {"W": W, "b": x + 1}\nfor k in params:\n    params[k] -= 0.1*x\nnp.sum(W*x) + np.sum(params["b"]*x)'
    ),
    "a function that changes what a list holds": (
        "def relax(grids):\n    for q in grids:\n        q += 1\ng = [x[0]*1, x[1]*2]\nrelax(g)\nnp.sum(g[0]*x)"
    ),
    "a function that does not": (
        "def relax(grids):\n    for q in grids:\n        q = q + 1\ng = [x[0]*1, x[1]*2]\nrelax(g)\nnp.sum(g[0]*x)"
    ),
    "an array of zeros begun anew": (
        "acc = np.zeros(3)\nrows = []\nfor i in range(2):\n    rows.append(acc)\n    acc = np.zeros(3)\n    acc += x[i]\n"
        "np.sum(np.array(rows)*x)"
    ),
    "rows of an array, where a function writes": (
        "def put(a):\n    a[0] = 0\n    return a\ns = 0\nfor r in x:\n    s += np.sum(r)*r[1]\nt = put(x*1)\ns + np.sum(x**2) + np.sum(t)"
    ),
    "rows in a comprehension, where a function writes": (
        "def put(a):\n    a[0] = 0\n    return a\nrows = [r for r in x]\nt = put(x.copy())\nnp.sum(rows[0]) + np.sum(x**2) + np.sum(t)"
    ),
    "two names at once": "y = z = x[0] + 1\nz *= 2\nnp.sum(y*x)",
    "two names for zeros": "y = z = np.zeros(3)\nz[0] = x[0, 0]\nnp.sum(y*x)",
    "a name among several": "y = x[0] + 1\nz, w = y, y.copy()\nz *= 2\nnp.sum(y*x) + np.sum(w)",
    "a function that writes to a copy": "def put(a):\n    a[0] = 0\n    return a\nt = put(x.copy())\nnp.sum(x**2) + np.sum(t)",
    "a function that writes to what has no name": "def put(a):\n    a[0] = 0\n    return a\ny = x + 1\nt = put(x + 1)\nnp.sum(y**2) + np.sum(t)",
    "a function that writes to a list's array": "def put(a):\n    a[1] = 3.0\n    return a\ng = [x[0]*2, x[1]*2]\nput(g[0])\nnp.sum(g[0]*x)",
}  # fmt: skip

REFUSED = {
    "a row of an input": "for r in x:\n    r[0] = 0\nnp.sum(x)",
    "a row of an array": "y = x*2\nfor r in y:\n    r[0] = 0\nnp.sum(y)*np.sum(x)",
    "rows with their numbers": "y = x*2\nfor i, r in enumerate(y):\n    r[:] = x[i]\n    r += 5\nnp.sum(y)*np.sum(x)",
    "rows of two arrays": "z = np.zeros((2, 3))\nfor r, q in zip(z, x):\n    r[1:] = q[:2]\nnp.sum(z*x)",
    "rows in a list": "rows = [r for r in x]\nrows[0] += 1\nnp.sum(x)*np.sum(rows[0])",
    "what is no copy": "u = np.array([x[0, 0], x[0, 1]])\nv = np.asarray(u)\nv[0] = 9\nnp.sum(u)",
    "what is no copy, updated": "y = x + 1\nz = np.asarray(y)\nz += 1\nnp.sum(y*x)",
    "all elements": "y = x + 1\nz = y[:]\nz += 1\nnp.sum(y*x)",
    "as many axes as it has": "y = x + 1\nz = np.atleast_2d(y)\nz *= 2\nnp.sum(y*x)",
    "in a function, what is no copy": "def f(a, b):\n    a = np.asarray(a, dtype=float)\n    a += b\n    return a\ny = x + 1\nt = f(y, x)\nnp.sum(y**2) + np.sum(t)",
    "in a function, an outer name": "y = x + 1\ndef f():\n    a = y\n    a += 1\n    return np.sum(a)\nr = f()\nr + np.sum(y*x)",
    "in a function, another name of an argument": "y = x + 1\ndef f(q):\n    a = q\n    a += 1\n    return np.sum(a)\nr = f(y)\nr + np.sum(y*x)",
    "a function's transpose": "def put(a):\n    a[0] = 0\n    return a\ny = x + 1\nt = put(y.T)\nnp.sum(y**2) + np.sum(t)",
    "rows that change places": "A = x*2\nA[0], A[1] = A[1], A[0]\nnp.sum(A*x)",
    "columns that change places": "A = x*2\nA[:, 0], A[:, 1] = A[:, 1], A[:, 0]\nnp.sum(A*x)",
}


@pytest.mark.parametrize("name", RIGHT)
def test_all_who_hold_it_see_it_changed(name: str) -> None:
    assert agrees(RIGHT[name], {"x": X})


@pytest.mark.parametrize("name", REFUSED)
def test_what_shares_elements_is_refused(name: str) -> None:
    with pytest.raises(gradc.GradcError, match=r"shares its elements|of which another part is assigned"):
        gradc.compile(REFUSED[name], shapes={"x": (2, 3)})
