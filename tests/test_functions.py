"""Functions of a program: inlined where they are called, or the program itself."""

import numpy as np
import pytest

import gradc
from tests.as_python import agrees

X = {"x": np.array([0.7, -1.2, 0.4])}
XY = {"x": 0.7, "y": 1.3}

PROGRAMS = [
    ("def f(a, b=2):\n    c = a*b\n    return c + 1\nf(x)*f(y, b=3) + f(b=x, a=y)", XY),
    ("def f(a, *rest, k=1, **more):\n    return a*len(rest) + sum(rest)*k + more['w']\nf(x, y, 2.0, k=3, w=y)", XY),
    ("f = lambda t: t**2 + 1\nf(x)*f(f(y))", XY),
    ("f = lambda: x\nf()*y", XY),
    ("k = 2\ndef f(t): return k*t\nk = 3\nf(x)*y", XY),
    ("def f(t, k=2):\n    x = t*k\n    return x + y\nf(x)*x", XY),
    ("def outer(a):\n    def inner(b):\n        return a*b\n    return inner(a + 1)\nouter(x)*y", XY),
    ("def scaled(k):\n    return lambda t: k*t\nscaled(3)(x) + scaled(y)(2.0)", XY),
    ("fs = [lambda t, i=i: t**i for i in range(3)]\nfs[1](x) + fs[2](y)", XY),
    ("def pair(a): return a, a**2\nu, v = pair(x)\nu*v + pair(y)[1]", XY),
    ("def relu(t): return t if 1 > 2 else 3*t\nrelu(x)*y", XY),
    ("def apply(g, t): return g(t)\napply(lambda s: s*y, x) + apply(lambda s: s**2, x)*y", XY),
    ("def f(n, t):\n    if n > 1:\n        return t**n\n    return t\nf(3, x) + f(1, y)", XY),
    ("def f(t):\n    for i in range(5):\n        if i == 2:\n            return t*i\n    return t\nf(x)*y", XY),
    ("def f(t):\n    s = 0\n    for i in range(3):\n        s += t**i\n    return s\nsum(f(v) for v in [x, y])", XY),
    ("def step(h, t): return np.tanh(h + t)\nh = 0.0\nfor v in x:\n    h = step(h, v)\nh", X),
    ("np.sum(np.stack([v*w for v, w in zip(map(lambda t: t**2, x), list(x))]))", X),
    ("def fill(r, t):\n    r.append(t)\nr = []\nfill(r, x)\nfill(r, y)\nr[0]*r[1]", XY),
    ("def f(t, w=None):\n    if w is None: w = 2*t\n    return t*w\nf(x) + f(x, y)", XY),
    ("def f(a, b): return a - 2*b\nargs = (x, y)\nf(*args)*f(**{'a': y, 'b': x})", XY),
    ("def f(t):\n    '''Squares.'''\n    # a comment\n    return t**2  # another\n\nf(x) + f(y)", XY),
    ("def f(x: float, y: 'a number' = 3.0) -> float:\n    '''doc'''\n    z: float = x*y\n    return np.sin(z) + x", XY),
    ("import numpy as np\nfrom math import pi as PI, exp\nK = 2.5\ndef h(t):\n    return K*exp(t)\nh(x)*PI + h(y)", XY),
]  # fmt: skip


@pytest.mark.parametrize(("program", "inputs"), PROGRAMS, ids=[row[0].replace("\n", "; ")[:60] for row in PROGRAMS])
def test_as_python(program: str, inputs: dict[str, object]) -> None:
    from math import exp

    from tests import as_python

    as_python.NAMES.setdefault("exp", exp)
    assert agrees(program, inputs)


def test_a_formula_is_a_function() -> None:
    assert gradc.compile("f(a, b) = a*b + 1\ng(t) = f(t, t)**2\ng(x)*f(x, y)")(2, 3) == 25 * 7


def test_the_header_gives_the_order_of_the_inputs() -> None:
    for program in (
        "def f(b, a, c):\n    return a*c + b",
        "f(b, a, c) = a*c + b",
        "lambda b, a, c: a*c + b",
        "f = lambda b, a, c: a*c + b",
        "import numpy as np\n'''A module.'''\nK = 1\ndef f(b, a, c):\n    '''doc'''\n    return a*c + b*K",
    ):
        fn = gradc.compile(program)
        assert fn.inputs == ("b", "a", "c")
        assert fn(1, 2, 3) == 7


def test_the_return_gives_the_outputs() -> None:
    fn = gradc.compile("def f(x, y):\n    s = x + y\n    return s, x*y")
    assert fn.outputs == ("s", "f2")
    assert fn(2, 3) == (5, 6)


def test_an_annotation_declares_a_shape() -> None:
    fn = gradc.compile("def f(W: [3, n], x: [n], k: float):\n    return k*np.sum(W @ x)")
    assert fn.shapes == {"W": (3, "n"), "x": ("n",), "k": (), "f": ()}


def test_what_makes_a_script_of_it_is_passed_over() -> None:
    fn = gradc.compile(
        "import jax\n@jax.jit\ndef f(x, y):\n    return x*y\nif __name__ == '__main__':\n    print(f(1, 2))"
    )
    assert fn.inputs == ("x", "y")
    with pytest.raises(gradc.GradcError, match="the decorator 'property' is not part of the language"):
        gradc.compile("@property\ndef f(x): return x")


def test_the_order_of_the_inputs_may_be_stated() -> None:
    fn = gradc.compile("x*y - z", inputs=["z", "x", "y"])
    assert fn.inputs == ("z", "x", "y")
    assert fn(1, 2, 3) == 5
    assert fn.value_and_grad(1, 2, 3)[1] == {"z": -1, "x": 3, "y": 2}
    with pytest.raises(gradc.GradcError, match="no input 'q' to put in order"):
        gradc.compile("x*y", inputs=["q"])


@pytest.mark.parametrize(
    "program",
    [
        "x: [3]\ndef f(v):\n    v -= 1\n    return sum(v)\nf(x)*f(2*x)",
        "x: [3]\ndef g(v):\n    v -= 1\n    return v\ndef f(x):\n    y = g(x)\n    return sum(y*x)\nf(x)",
        "x: [2, 3]\ny = x[0]\ny += 1\nsum(x)",
        "x: [2, 3]\ny = x*2\nz = y[0]\nz *= 3\nsum(y)",
        "x: [2, 3]\nfor row in x:\n    row /= 2\nsum(x)",
        "x: [2, 3]\ny = x.T\nz = x[1]\ny -= 1\nsum(z)",
    ],
)
def test_what_numpy_changes_by_another_name_is_not_read_any_more(program: str) -> None:
    with pytest.raises(gradc.GradcError, match="of which some have been assigned since"):
        gradc.compile(program)


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("x: [3]\ndef f(v):\n    v = v - 1\n    v *= 2\n    return sum(v)\nf(x)*sum(x)", 36.0),
        ("x: [3]\ndef f(v):\n    v -= 1\n    return v\nx = f(x)\nsum(x)", 3.0),
        ("x: [3]\ny = x\ny += 1\nsum(x)", 9.0),
        ("x: [3]\ny = x[1:].copy()\ny += 1\nsum(x)*sum(y)", 42.0),
        ("X: [2, 3]\nt = 0\nfor row in X:\n    row -= row.mean()\n    t += sum(row**2)\nt", 4.0),
    ],
)
def test_what_is_changed_in_place_is_read_by_its_own_name(program: str, value: float) -> None:
    fn = gradc.compile(program)
    given = np.array([1.0, 2.0, 3.0]) if "X" not in program else np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert fn(given) == value


def test_an_unused_parameter_is_an_input() -> None:
    fn = gradc.compile("def f(x, unused):\n    return x**2")
    assert fn.value_and_grad(3, 4) == (9, {"x": 6, "unused": 0})


def test_a_name_that_no_parameter_has_is_noted() -> None:
    fn = gradc.compile("f(x) = a*x")
    assert fn.inputs == ("x", "a")
    assert [note.message for note in fn.notes] == ["'a' is an input, too: no parameter has this name"]


def test_the_caller_s_name_comes_first() -> None:
    fn = gradc.compile("def layer(t):\n    out = tanh(t)\n    return out\nh = layer(x)\ng = layer(2*h)\ng")
    assert [text.split(" = ")[0] for _, text in fn.stages if "tanh" in text] == ["h", "g"]


REFUSED = [
    ("def f(t): return f(t - 1)\nf(x)", "'f' calls itself, in the call of 'f' of line 2"),
    ("def f(t): return g(t)\ndef g(t): return f(t)\nf(x)", "'f' calls itself, in the call of 'g' of line 1"),
    ("def f(a, b): return a\nf(x)", "f takes 2 arguments (a, b), got 1"),
    ("def f(a): return a\nf(x, y)", "f takes 1 argument (a), got 2"),
    ("def f(a): return a\nf(x, a=y)", "'a' is given twice"),
    ("def f(a): return a\nf(b=x)", "unknown keyword 'b'"),
    ("def f(a): return a\nf*x", "'f' is a function, and no number"),
    ("f = lambda a: a\nf + x", "a lambda is no number"),
    ("def f(a): a\nf(x)*2", "this is None, and no number"),
    ("def f(a):\n    return sigmod(a)\nf(x)", "unknown function 'sigmod', in the call of 'f' of line 3"),
    ("def f(x): x", "'f' returns nothing"),
    ("return x", "'return' is not part of the language"),
    ("def f(class): return 1", "'class' is a keyword of Python and cannot be a name"),
    ("def f(*a): return sum(a)", "an input has a name of its own"),
]


@pytest.mark.parametrize(("program", "message"), REFUSED, ids=[row[0].replace("\n", "; ") for row in REFUSED])
def test_refused(program: str, message: str) -> None:
    with pytest.raises(gradc.GradcError) as raised:
        gradc.compile(program)
    assert raised.value.message == message


def test_many_functions_one_calls_the_other() -> None:
    depth = 3000
    chain = "\n".join(f"def f{k}(t): return f{k - 1}(t) + 1" for k in range(1, depth))
    assert gradc.compile(f"def f0(t): return t*y\n{chain}\nf{depth - 1}(x)")(2, 3) == 6 + depth - 1


@pytest.mark.parametrize(("given", "value"), [("2", 2.0), ("(2, 3)", 3.0)])
def test_what_kind_a_value_is_of_chooses_between_tuples(given: str, value: float) -> None:
    program = f"def f(pad):\n    p = (pad, pad) if isinstance(pad, int) else pad\n    return x*p[1]\nf({given})"
    assert gradc.compile(program)(1.0) == value


def test_an_unknown_method_is_the_only_thing_that_is_wrong() -> None:
    with pytest.raises(gradc.GradcError) as caught:
        gradc.compile("h = F.foo(x)\n(h**2).mean()")
    assert "unknown function 'foo'" in str(caught.value)
    assert "?" not in str(caught.value)
