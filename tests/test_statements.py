"""Loops, lists, dictionaries, constant tests and assignments: read as Python reads them."""

import numpy as np
import pytest

import gradc
from gradc.language import parse, unparse
from tests.as_python import agrees

X = {"x": np.array([0.7, -1.2, 0.4])}
A = {"A": np.array([[0.7, -1.2], [0.4, 0.9], [1.3, -0.2]])}
XY = {"x": 0.7, "y": 1.3}

NAMED = """from collections import namedtuple
S = namedtuple('S', ['a', 'b'])
st = S(x, b=2*y)
for _ in range(2):
    st = S(st.a + st.b, st.b*x)
    st = st._replace(a=st.a*2)
u, v = st
u*v + st[1] + len(st)"""
PROGRAMS = [
    ("s = 0.0\nfor i in range(3):\n    s += x*y**i\ns", XY),
    ("s = 0.0\nfor i in range(3): s = s*x + y; s *= 2\ns", XY),
    ("s = 1.0\nfor i in reversed(range(1, 6, 2)):\n    s = s*x + i\ns", {"x": 0.7}),
    ("s = 0.0\nfor i, v in enumerate(x, start=1):\n    s += v**i\ns", X),
    ("s = 0.0\nfor k, (a, b) in enumerate(zip(x, x[::-1])):\n    s += k*a*np.sin(b)\ns", X),
    ("s = 0.0\nfor row in A:\n    for v in row:\n        s = s*v + 1\ns", A),
    ("s = 0.0\nfor i in range(3):\n    for j in range(i):\n        s += np.exp(A[i, 0]*A[j, 1])\ns", A),
    ("s = 0.0\nfor (i, j), w in zip([(0, 1), (2, 0)], [2.0, 0.5]):\n    s += w*A[i, j]**2\ns", A),
    ("s = x\nfor f in (2, 4):\n    if f > 3: s = s*f\n    elif f == 2:\n        s += y\n    else: s = q\ns", XY),
    ("s = 0.0\nfor t in range(4):\n    if t == 1: continue\n    if t == 3: break\n    s += x**t\ns", {"x": 0.7}),
    ("s = 0.0\nfor i in range(5):\n    s += x**min(i, 2) + (i % 2)*x - (i // 2)\ns", {"x": 0.7}),
    ("r = []\nfor i in range(3):\n    r.append(x*i)\nr[1] + r[-1]*y", XY),
    ("r = [0]*3\nfor i in range(3):\n    r[i] = x**(i + 1)\nr[0] += y\nsum(r)", XY),
    ("r = [x, y] + [x*y]\nr += [1.5]\nr[1:3] = [x, x, x]\nr[::-1][0]*len(r) + sum(r)", XY),
    ("r = [[x, y], [y, 2.0]]\nr[0][1] = x*y\nr[0][1]*r[1][0]", XY),
    ("a = b = [x]\na.append(y)\nb[1]*b[0] + len(a)", XY),
    ("r = [i*x for i in range(6) if i % 2 if i > 1]\nr[0]*r[1]", {"x": 0.7}),
    ("r = [a*b for a in x for b in x if True]\nsum(r)", X),
    ("r = [[A[i, j]*j for j in range(2)] for i in range(3)]\nnp.sum(np.stack([np.stack(row) for row in r])**2)", A),
    ("sum(v**2 for v in x)", X),
    ("sum(w*v for w, v in zip([1, 2, 3], x)) + max(v for v in [1, 5, 2])", X),
    ("d = {'a': x, 2: y}\nd['a', 0] = x*y\nd['a']*d[2] + d['a', 0]", XY),
    ("d = {k: k*x for k in range(3)}\nd[2] + d.get(7, y)", XY),
    ("d = {'a': x, 'b': y}\ns = 0\nfor k, v in d.items():\n    s += v*len(k)\nfor v in d.values():\n    s *= v\ns", XY),
    ("d = dict(a=x)\nd['a'] if 'a' in d and 'b' not in d else q", {"x": 0.7}),
    ("w = None\nif w is None:\n    w = x\nw*y", XY),
    ("a, b = x, y\na, b = b, a*b\na - b**2", XY),
    ("(a, (b, c)), *d = (x, (y, 2.0)), x*y, 3\na*b + c*d[0] + len(d)", XY),
    ("a, b, c = x\na*b + c", X),
    ("u, v = A[0]\nu*v", A),
    ("mode = 'train'\nx*y if mode == 'train' else x", XY),
    ("i = 0\nx*y if i == 0 else x[i + 7]", XY),
    ("ext = [0]\nx*y if len(ext) > 1 and ext[5] else x + y", XY),
    ("n = 3\ns = x\nfor _ in range(n):\n    pass\n    s = np.sin(s)\ns", {"x": 0.7}),
    ("x += 1\nx **= 2\nx", {"x": 0.7}),
    ("p = [(x, 2), (y, 3)]\nsum(v**k for v, k in p[:-1]) + p[-1][0]", XY),
    ("'''a remark'''\nz = x*y  # another\nz", XY),
    ("z: float = x*y\nz + 1", XY),
    ("assert 1 < 2, 'never'\nx*y", XY),
    ("m = [1, 0, 1]\nnp.sum(np.where(m, x, -2*x))", X),
    ("u = np.zeros(3)\nu[0] = x[1]\nfor i in range(1, 3):\n    u[i] = u[i - 1]*x[i]\n    u[i] += 1\nnp.sum(u**2)", X),
    ("B = np.zeros((3, 2))\nB[0] = A[1]\nB[:, 1] = A[:, 0]**2\nB[1:, 0] *= 3\nB[2, 0] = 5\nnp.sum(B*A)", A),
    ("u = x.copy()\nu[u < 0] = 0\nu[1:] = u[:2] + x[1:]\nnp.sum(u*x)", X),
    ("def fill(v, t):\n    v[0] = t\n    v[1] = v[0]*t\nu = np.ones(3)\nfill(u, x[0])\nw = u\nw[2] = x[1]\nsum(u)", X),
    ("k = 'c'\nif k == 'a':\n    y = x\nelif k in ('b', 'd'):\n    y = 2*x\nelif k == 'c':\n    y = 3*x\nnp.sum(y)", X),
    ("d = {'b': x, 'a': y}\ns = 0\nfor k, v in sorted(d.items()):\n    s = s*2 + v\ns", XY),
    ("p = x*y\ndel p\ndef f(t):\n    ...\n    return t\nf(x)*y", XY),
    ("a = 2*x\nb = a\na += 1\nc = b\nb = b*x\nc -= x\nnp.sum(a*b*c)", X),
    ("a = x[0]\nb = a\na += 1\na*b", X),
    ("acts = [np.tanh, np.sin, lambda t: t**2]\nsum(f(v) for f, v in zip(acts, x))", X),
    ("if np.any(np.isnan(x)):\n    raise ValueError('no')\nnp.sum(x)", X),
    ("s = 0\nfor i in range(3):\n    if -1 < i - 1:\n        s += i*x\n    elif +i == 0:\n        s += y\ns", XY),
    ("w = np.array([0.2, 0.3, 0.5])\ns = 0\nfor i in range(3):\n    s += (2*w - 1)[i]*x[-1 - i]\ns*w[::2].sum()", X),
    (NAMED, XY),
    ("from types import SimpleNamespace\np = SimpleNamespace(k=x, m=2.0)\np.k*y**p.m", XY),
    ("i, j = slice(1, 3), slice(None, None, 2)\nu = 1*x\nu[i] += x[i]**2\nu[j] += 1\nsum(u)*sum(x[slice(2)])", X),
    ("np.seterr(all='ignore')\nnp.random.seed(0)\nz = x*y\nnp.set_printoptions(precision=3)\nz + 1", XY),
    ("lo, hi = 0, None\ny if lo is None and hi is None else x if hi is None or lo == 1 else x*y", XY),
    ("L = np.zeros((2, 2))\nL[np.tril_indices(2)] = x\nnp.sum(L @ L.T)", X),
    ("m = A.tolist()\nrest = m[:1] + m[2:]\nsum(v*k for row in rest for k, v in enumerate(row, 1))*len(rest)", A),
    ("with np.errstate(divide='ignore'), np.printoptions(precision=3):\n    z = x/y\n    w = z*z\nw + z", XY),
    ("0.5 < x < 1 and not y < 1 or 3", {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "inputs"), PROGRAMS[:-1], ids=[row[0].replace("\n", "; ")[:60] for row in PROGRAMS[:-1]]
)
def test_as_python(program: str, inputs: dict[str, object]) -> None:
    assert agrees(program, inputs)


# One array under several names, in a function and out of it: it is written to under all of them.
WRITTEN = [
    ("u = x\nu[0] = 3\nnp.sum(u*u)", 29.0),
    ("u = 2*x\nv = u\nv[0] = 3\nnp.sum(u*u)", 89.0),
    ("def f(u):\n    u[0] = 3\n    return u\nv = f(x)\nnp.sum(v*x)", 29.0),
    ("def f(u):\n    u[0] = 3\nw = 2*x\nf(w)\nnp.sum(w*w)", 89.0),
    ("def f():\n    x[0] = 3\nf()\nnp.sum(x)", 9.0),
    ("p = x\nfor i in range(2):\n    q = p.copy()\n    p[1:] = q[:-1]*2\nnp.sum(p*p) + np.sum(x)", 28.0),
    ("u = 2*x\nu[0] = s = t = 3 + x[1]\nu.sum()*s + t", 90.0),
    ("u = 2*x\nu[0] = u[1] = s = 3\nu.sum()*s", 42.0),
]


@pytest.mark.parametrize(("program", "wanted"), WRITTEN, ids=[row[0].replace("\n", "; ") for row in WRITTEN])
def test_one_array_under_several_names(program: str, wanted: float) -> None:
    fn = gradc.compile(program, shapes={"x": (3,)})
    given = np.array([1.0, 2.0, 4.0])
    assert fn(given) == wanted
    np.testing.assert_array_equal(given, [1.0, 2.0, 4.0])  # the caller's own stays as it is
    assert fn.check()


REFUSED = [
    ("x: [3]\nu = x[1:]\nu[0] = 1\nu", "this array shares its elements with the array that it is a part of"),
    (
        "x: [3]\ndef f(v):\n    w = v\n    w[0] = 1\n    return v\nf(2*x)\ny = 3*x\nf(y)",
        "this array shares its elements with 'y', in the call of 'f' of line 8",
    ),
    ("x: [3]\nu = 2*x\nu[3] = 1\nu", "index 3 is outside 0..2"),
    ("x = y*2\nx[0] = 1\nx", "a number has no elements"),
    ("for i in [0]: x[:i]", "'x' is a scalar, and a subscript takes an array, in turn i = 0 of the loop in line 1"),
    (
        "x: [3]; s = 0\nfor i in range(4):\n  s += x[i]\ns",
        "index 3 is outside 0..2, in turn i = 3 of the loop in line 2",
    ),
    ("x: [n]\nfor v in x: y = v\ny", "the size 'n' has to be known when the program is compiled"),
    ("for i in range(n): s = x", "'n' is an input, and this has to be known when the program is compiled"),
    ("if x > 0: y = 2\ny*x", "this 'if' hangs on a value"),
    ("for x in 3: y", "a number has no elements to go through"),
    ("a, b = 1, 2, 3\na*x", "3 values for 2 names"),
    ("r = [x]\nr[1]", "index 1 is outside 0..0"),
    ("r = [x]\nr[1] = x\nx", "index 1 is outside 0..0"),
    ("d = {'a': x}\nd['b']", "the dictionary has no key 'b'"),
    ("for i in range(3) x*i", "'for' needs a ':' at its end"),
    ("for i range(3): x*i", "this 'for' has no 'in'"),
    ("for i in range(3):\nx*i", "'for' has no lines of its own"),
    ("for i in range(3):\n    y = x*i\n  y", "this line is indented as no line above"),
    ("for i in range(2): y = x\n  y", "this line is indented, and no line above begins a block"),
    ("else: x", "'else' without 'if'"),
    ("break", "'break' stands in a loop only"),
    ("[x for i in 3]", "a number has no elements to go through"),
    ("{x for i in range(3)}", "sets are not part of the language"),
    ("s = [x] + (y, 2)\ns", "a list and a tuple are not joined"),
    ("while x > 0: x = x - 1", "'while' is not part of the language"),
    ("assert 1 > 2\nx", "this does not hold"),
    ("f = {'a': x}\nf*2", "a dictionary is no number"),
    ("range(0, 3, 0)", "the step of a range cannot be 0"),
]


@pytest.mark.parametrize(("program", "message"), REFUSED, ids=[row[0].replace("\n", "; ") for row in REFUSED])
def test_refused(program: str, message: str) -> None:
    with pytest.raises(gradc.GradcError) as raised:
        gradc.compile(program)
    assert raised.value.message == message
    assert raised.value.marks


def test_the_names_of_unrolled_lines_count_on() -> None:
    fn = gradc.compile("h = x\nfor t in range(3):\n    h = tanh(h*w)\nh")
    assert [line.split(" = ")[0] for _, line in fn.stages if "tanh" in line] == ["h", "h2", "h3"]


def test_elements_of_written_numbers_are_numbers() -> None:
    source = gradc.compile(
        "w = np.array([0.2, 0.5])\ns = 0\nfor i in range(2): s += w[i]*x[i]\ns", shapes={"x": (2,)}
    ).source
    assert "0.2*x[0]" in source
    assert source.count("np.array(") == 1  # in the text of the program


def test_a_limit_of_turns_names_its_option() -> None:
    program = "s = x\nfor i in range(20):\n    for j in range(20):\n        s = sin(s)\ns"
    with pytest.raises(gradc.GradcError, match="more than 100 turns") as raised:
        parse(program, max_turns=100)
    assert "max_turns=" in raised.value.hint
    assert "--max-turns" in raised.value.hint
    assert "whole arrays" in raised.value.hint
    assert parse(program, max_turns=1000).outputs


def test_ten_thousand_turns() -> None:
    dag = parse("s = x\nfor i in range(10000):\n    s = s*x + i\ns")
    assert len(dag.nodes) > 20_000


def test_many_loops_one_in_the_other() -> None:
    depth = 500
    program = (
        "s = x\n" + "".join(" " * k + f"for i{k} in range(1):\n" for k in range(depth)) + " " * depth + "s = s*y\ns"
    )
    assert unparse(parse(program)) == "s = x*y"


def test_spans_point_into_the_text() -> None:
    program = "s = 0.0\nfor i in range(2):\n    s += sin(x*i)\ns"
    dag = parse(program)
    assert {program[a:b] for node, (a, b) in dag.spans.items() if node.op.name == "sin"} == {"sin(x*i)"}


@pytest.mark.parametrize("mask", ["[1, 0, 1]", "[1, 0, 1] == 1", "[0, 5, 0] < 2", "1 == [1, 0, 1]", "array([1, 0, 1])"])
def test_a_list_that_selects_is_an_array(mask: str) -> None:
    """And no test of whether it has items, as `if` would take it."""
    fn = gradc.compile(f"x: [3]\nsum(where({mask}, x, 0.0)*x)")
    value, grads = fn.value_and_grad([1.0, 2.0, 3.0])
    assert value == 10.0
    assert grads["x"].tolist() == [2.0, 0.0, 6.0]
