"""Text into a graph: what each construct reads as, what is refused and where, and that size is no matter.

A reading is shown as the program that it prints as: one gate a line, joined by `; ` here.
"""

import random
from collections.abc import Iterator

import pytest

from gradc.base.errors import GradcError
from gradc.graph.dag import Dag, Node
from gradc.language import lex, parse, unparse
from gradc.language.lex import code_points, spelled, tokens
from gradc.ops import scalar
from gradc.rewrite.simplify import Builder, number
from tests.support import Json, records, shapes_of


def shown(program: str, **shapes: object) -> str:
    """The gates of a program, without its declarations.

    >>> shown("x*y + 1")
    'v1 = x*y; v1 + 1'
    """
    lines = unparse(parse(program, shapes)).split("\n")  # type: ignore[arg-type]
    return "; ".join(line for line in lines if ": [" not in line)


def refused(program: str, **shapes: object) -> GradcError:
    with pytest.raises(GradcError) as raised:
        parse(program, shapes)  # type: ignore[arg-type]
    assert all(problem.text == program for problem in raised.value.problems if problem.marks)
    return raised.value


def attempted(program: str) -> Dag | GradcError:
    """The graph of a program, or why it has none."""
    try:
        return parse(program)
    except GradcError as error:
        return error


def marked(error: GradcError) -> list[str]:
    return [problem.text[mark.start : mark.end] for problem in error.problems for mark in problem.marks]


def gates(dag: Dag) -> list[tuple[object, ...]]:
    """The gates of a graph in their order, each by what it is made of."""
    rank = {node: at for at, node in enumerate(node for node in dag.nodes if node.args)}

    def name(arg: Node) -> object:
        return rank[arg] if arg.args else (arg.op.name, arg.attr)

    return [(node.op.name, tuple(map(name, node.args)), node.attr) for node in rank]


# -- tokens --------------------------------------------------------------------------------------------------------

TOKENS = [
    ("2x", ["2", "x"]),
    ("1_000*.5 + 2.e-3", ["1_000", "*", ".5", "+", "2.e-3"]),
    ("x²⁻¹", ["x", "²", "⁻¹"]),
    ("x if(y>0)else(z)", ["x", "if", "(", "y", ">", "0", ")", "else", "(", "z", ")"]),
    ("np.linalg.norm(x.T[0, -1])", ["np.linalg.norm(", "x.T[0, -1]", ")"]),
    ("(a + b).T.sum()", ["(", "a", "+", "b", ")", ".T", ".sum(", ")"]),
    ("x # y\n+ \\\n z \t", ["x", "\n", "+", "z"]),
    ("a<=b!=c**d**=e", ["a", "<=", "b", "!=", "c", "**", "d", "**=", "e"]),
    ("'a b' \"c", ["'a b'", '"c']),
    ("x\N{NO-BREAK SPACE}+\N{EN SPACE}y", ["x", "+", "y"]),
    ("notx not x", ["notx", "not", "x"]),
]


@pytest.mark.parametrize(("text", "wanted"), TOKENS, ids=lambda v: v if isinstance(v, str) else "")
def test_tokens(text: str, wanted: list[str]) -> None:
    assert tokens(text) == wanted
    assert [text[start:end] for start, end in lex.places(text)] == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("λ", "lam"),
        ("Δt", "Deltat"),
        ("x₁₂", "x12"),
        ("𝑥", "x"),
        ("µ", "mu"),
        ("μ", "mu"),
        ("ϵ", "epsilon"),
        ("数", "数"),
        ("𝛼", "alpha"),
    ],
)
def test_spelling(name: str, wanted: str) -> None:
    assert spelled(name) == wanted


def test_code_points() -> None:
    assert code_points("µ") == "U+00B5"


# -- what a program reads as ---------------------------------------------------------------------------------------

SCALARS = [
    ("-x**2", "v1 = x**2; -v1"),
    ("2**-x", "v1 = -x; 2**v1"),
    ("x**y**z", "v1 = y**z; x**v1"),
    ("x - y - z", "v1 = x - y; v1 - z"),
    ("x/y*z", "v1 = x/y; v1*z"),
    ("x - -y", "x + y"),
    ("+x*+y", "x*y"),
    ("x if a < b else y if c else z", "v1 = a < b; v2 = c != 0; v3 = where(v2, y, z); where(v1, x, v3)"),
    ("x if (a if b else c) else y", "v1 = b != 0; v2 = where(v1, a, c); v3 = v2 != 0; where(v3, x, y)"),
    ("x if(y>0)else(z)", "v1 = y > 0; where(v1, x, z)"),
    ("x*(a < b < c)", "v1 = a < b; v2 = b < c; v3 = v1 and v2; v4 = where(v3, 1, 0); x*v4"),
    (
        "x if (a > 0) & (b > 0) | ~(c > 0) else y",
        "v1 = a > 0; v2 = b > 0; v3 = v1 and v2; v4 = c > 0; v5 = not v4; v6 = v3 or v5; where(v6, x, y)",
    ),
    ("a ≤ b", "v1 = a <= b; where(v1, 1, 0)"),
    ("np.greater(x, y)*x", "v1 = x > y; v2 = where(v1, 1, 0); v2*x"),
    ("x × y · z ÷ w − v", "v1 = x*y; v2 = v1*z; v3 = v2/w; v3 - v"),
    ("x² + y³ + z⁻¹", "v1 = x**2; v2 = y**3; v3 = v1 + v2; v4 = reciprocal(z); v3 + v4"),
    ("-x²", "v1 = x**2; -v1"),
    ("√x*y", "v1 = sqrt(x); v1*y"),
    ("√(x*y) + ∛z", "v1 = x*y; v2 = sqrt(v1); v3 = cbrt(z); v2 + v3"),
    ("π*σ(y)*σ", "v1 = sigmoid(y); v2 = 3.141592653589793*v1; v2*sigma"),
    ("λ₁*Δt", "lam1*Deltat"),
    ("np.pi*x + math.e*y", "v1 = 3.141592653589793*x; v2 = 2.718281828459045*y; v1 + v2"),
    ("pi = 3; pi*x", "3*x"),
    ("np*math + t0*out", "v1 = np*math; v2 = t0*out; v1 + v2"),
    ("sum*max + np.exp(exp)", "v1 = sum*max; v2 = np.exp(exp); v1 + v2"),
    ("E*I + S", "v1 = E*I; v1 + S"),
    ("1_000*x + .5 + 1E-3*y", "v1 = 1000*x; v2 = v1 + 0.5; v3 = 0.001*y; v2 + v3"),
    ("True*x + False", "(x)"),
    ("sin (x)", "sin(x)"),
    ("x.exp()", "exp(x)"),
    ("x.pow(3)", "x**3"),
    ("np.power(x, 2) + pow(x, 2) + x**2", "v1 = x**2; v2 = v1 + v1; v2 + v1"),
    ("max(x, y, z)", "v1 = maximum(x, y); maximum(v1, z)"),
    ("Max(x, y) + Min(x, y, z)", "v1 = maximum(x, y); v2 = minimum(x, y); v3 = minimum(v2, z); v1 + v3"),
    ("max([x, y])", "maximum(x, y)"),
    ("Max(x)", "(x)"),
    ("dot(x, y)", "x*y"),
    (
        "clip(x, 0, 1) + torch.clamp(y, min=0, max=1)",
        "v1 = maximum(x, 0); v2 = minimum(v1, 1); v3 = maximum(y, 0); v4 = minimum(v3, 1); v2 + v4",
    ),
    ("atan2(x=1, y=z)", "atan2(z, 1)"),
    ("Piecewise((x, x > y), (y, x > 0), (z, True))", "v1 = x > y; v2 = x > 0; v3 = where(v2, y, z); where(v1, x, v3)"),
    ("Piecewise((x, x > y), (y, x <= y))", "v1 = x > y; v2 = x <= y; v3 = where(v2, y, nan); where(v1, x, v3)"),
    ("(x # the first\n + y)", "x + y"),
    ("x + \\\n y", "x + y"),
    ("sum([x, y, z])", "v1 = x + y; v1 + z"),
]


@pytest.mark.parametrize(("program", "reading"), SCALARS)
def test_scalars(program: str, reading: str) -> None:
    assert shown(program) == reading


ARRAYS = [
    ("W @ x", {"W": (3, 4), "x": (4,)}, "W @ x"),
    ("W.dot(x) + np.dot(W, x)", {"W": (3, 4), "x": (4,)}, "v1 = W @ x; v1 + v1"),
    ("dot(2, x)", {"x": (4,)}, "2*x"),
    ("x.T @ x", {"x": (4,)}, "x @ x"),
    ("W.T[0]", {"W": (3, 4)}, "v1 = W.T; v1[0]"),
    ("(W @ x).T.sum()", {"W": (3, 4), "x": (4,)}, "v1 = W @ x; sum(v1, axis=None, keepdims=False)"),
    (
        "np.sum(W, 0) + W.sum(axis=0) + torch.sum(W, dim=0)",
        {"W": (3, 4)},
        "v1 = sum(W, axis=0, keepdims=False); v2 = v1 + v1; v2 + v1",
    ),
    ("W.mean((0, 1), keepdim=True)", {"W": (3, 4)}, "mean(W, axis=(0, 1), keepdims=True)"),
    ("max(x)", {"x": (4,)}, "max(x, axis=None, keepdims=False)"),
    ("max(x, 0)", {"x": (4,)}, "maximum(x, 0)"),
    ("np.max(x, 0) + x.max(0)", {"x": (4,)}, "v1 = max(x, axis=0, keepdims=False); v1 + v1"),
    ("max([x, y])", {"x": (4,), "y": (4,)}, "v1 = stack(x, y, axis=0); max(v1, axis=None, keepdims=False)"),
    ("norm(x, 2) + np.linalg.norm(x, ord=2)", {"x": (4,)}, "v1 = norm(x, axis=None, keepdims=False); v1 + v1"),
    (
        "W.reshape(2, 6) + W.reshape((2, -1))",
        {"W": (3, 4)},
        "v1 = reshape(W, shape=(2, 6)); v2 = reshape(W, shape=(2, -1)); v1 + v2",
    ),
    ("W.reshape(-1)", {"W": (3, 4)}, "reshape(W, shape=(-1,))"),
    ("reshape(X, (d, n))", {"X": ("n", "d")}, "reshape(X, shape=(d, n))"),
    ("W.transpose(1, 0) + transpose(W)", {"W": (3, 3)}, "v1 = transpose(W, axes=(1, 0)); v2 = W.T; v1 + v2"),
    ("concatenate([x, y])", {"x": (4,), "y": (2,)}, "concatenate(x, y, axis=0)"),
    ("np.concatenate((x, y), 0)", {"x": (4,), "y": (2,)}, "concatenate(x, y, axis=0)"),
    ("stack([x, x], axis=1)", {"x": (4,)}, "stack(x, x, axis=1)"),
    (
        "[[a, 1], [1, a]] @ x",
        {"x": (2,)},
        "v1 = array(a, 1, 1, a, shape=(2, 2)); v1 @ x",
    ),
    ("x[0]*x[-1]", {"x": (4,)}, "v1 = x[0]; v2 = x[-1]; v1*v2"),
    ("W[0, 2] + W[0][2] + W [ 0 , 2 ]", {"W": (3, 4)}, "v1 = W[0, 2]; v2 = W[0]; v3 = v2[2]; v4 = v1 + v3; v4 + v1"),
    (
        "(x[1:] - x[:-1])*x[::2][0]",
        {"x": (4,)},
        "v1 = x[1:]; v2 = x[:-1]; v3 = v1 - v2; v4 = x[::2]; v5 = v4[0]; v3*v5",
    ),
    (
        "W[:, 0] + W[..., 1] + W[1:, 0][0]",
        {"W": (3, 4)},
        "v1 = W[:, 0]; v2 = W[..., 1]; v3 = v1 + v2; v4 = W[1:, 0]; v5 = v4[0]; v3 + v5",
    ),
    ("x[:, None] + x[np.newaxis]", {"x": (4,)}, "v1 = x[:, None]; v2 = x[None]; v1 + v2"),
    ("x[:] + x[...]", {"x": (4,)}, "x + x"),
    ("i = 1; x[i] + x[2 - 1]", {"x": (4,)}, "v1 = x[1]; v1 + v1"),
    ("sum(x,\n  axis=0,\n)", {"x": (4,)}, "sum(x, axis=0, keepdims=False)"),
    ("softmax(x, -1)", {"x": (4,)}, "softmax(x, axis=-1)"),
    ("sum(s)*x[0]", {"x": (4,), "s": ()}, "v1 = x[0]; s*v1"),
]


@pytest.mark.parametrize(("program", "shapes", "reading"), ARRAYS, ids=lambda v: v if isinstance(v, str) else "")
def test_arrays(program: str, shapes: dict[str, tuple[int | str, ...]], reading: str) -> None:
    assert shown(program, **shapes) == reading


# -- precedence, held against Python's own -------------------------------------------------------------------------


def expressions(seed: int) -> Iterator[str]:
    """Random expressions of small numbers, without brackets where Python needs none."""
    draw = random.Random(seed)

    def arithmetic(depth: int) -> str:
        kind = draw.randrange(7) if depth else 0
        if kind == 0:
            return str(draw.randint(1, 4))
        if kind == 1:
            return f"({expression(depth - 1)})"
        if kind == 2:
            return f"-{arithmetic(depth - 1)}"
        return f"{arithmetic(depth - 1)} {draw.choice(['+', '-', '*', '/', '**'])} {arithmetic(depth - 1)}"

    def condition(depth: int) -> str:
        kind = draw.randrange(4) if depth else 0
        if kind == 0:
            signs = [draw.choice(["<", ">", "<=", ">=", "==", "!="]) for _ in range(draw.choice([1, 1, 2]))]
            return arithmetic(1) + "".join(f" {sign} {arithmetic(1)}" for sign in signs)
        if kind == 1:
            return f"not {condition(depth - 1)}"
        return f"{condition(depth - 1)} {draw.choice(['and', 'or'])} {condition(depth - 1)}"

    def expression(depth: int) -> str:
        if depth and draw.random() < 0.3:
            return f"{arithmetic(depth - 1)} if {condition(2)} else {expression(depth - 1)}"
        return arithmetic(depth)

    while True:
        yield expression(4)


def test_precedence_is_pythons() -> None:
    """Constants are folded as they are read, so the reading of one is its value."""
    compared = 0
    for text in expressions(20):
        try:
            want = eval(text)
        except (ArithmeticError, ValueError):
            continue
        if isinstance(want, complex) or abs(want) > 1e6:
            continue
        dag = attempted(f"atan2(x, {text})")
        if isinstance(dag, GradcError):  # a power on the way to a small number may be too large a constant
            assert "too large" in str(dag)
            continue
        found = dag.nodes[-1].args[1]
        if found.op is scalar.const:
            assert number(found) == pytest.approx(want, rel=1e-12), text
            compared += 1
        if compared == 400:
            break


# -- statements and names ------------------------------------------------------------------------------------------


def outputs(program: str, **shapes: object) -> list[str]:
    return [name for name, _ in parse(program, shapes).outputs]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("x*y", ["f"]),
        ("g = x*y", ["g"]),
        ("g = x*y; g", ["g"]),
        ("g = x*y; x", ["f"]),
        ("x*y, x + y", ["f1", "f2"]),
        ("(x*y, x + y)", ["f1", "f2"]),
        ("a = x*y; a, x", ["a", "f2"]),
        ("g = x*y, x", ["g1", "g2"]),
        ("x*y,", ["f"]),
        ("a = b = x*y", ["a"]),
        ("x += y", ["x"]),
        ("λ = x*y", ["lam"]),
    ],
)
def test_outputs(program: str, names: list[str]) -> None:
    assert outputs(program) == names


@pytest.mark.parametrize(
    ("program", "inputs"),
    [
        ("y*x", ["y", "x"]),
        ("x: [3]; y: [3]; y*x", ["x", "y"]),
        ("dx = x*2\ndy = dx + y\ndy*x + dx", ["x", "y"]),
        ("y**0 + x", ["y", "x"]),
        ("λ*𝑥", ["lam", "x"]),
    ],
)
def test_inputs_are_in_the_order_of_their_appearance(program: str, inputs: list[str]) -> None:
    assert list(parse(program).inputs) == inputs


def test_names_are_kept() -> None:
    dag = parse("q = x + y; h = q*x; h = sin(h); p = q; h + p")
    named = {node.op.name: names for node, names in dag.names.items()}
    assert named == {"add": ("q", "p"), "mul": ("h",), "sin": ("h",)}


def test_a_name_assigned_again_means_the_new_value() -> None:
    assert shown("h = x*y; h = sin(h); h*x") == "h = x*y; v1 = sin(h); v1*x"
    assert shown("w = x[0]; x = y; w*x[0]", x=(3,), y=(3,)) == "w = x[0]; v1 = y[0]; w*v1"
    again = shown("a = W.dot(x); W = 2*W; a + W.dot(x)", W=(3, 3), x=(3,))
    assert again == "a = W @ x; v1 = 2*W; v2 = v1 @ x; a + v2"


@pytest.mark.parametrize(
    ("program", "same"),
    [
        ("x += y; x", "x2 = x + y; x2"),
        ("a = x; a -= y; a *= 2; a /= y; a **= 3; a", "b = x - y; c = b*2; d = c/y; a = d**3; a"),
        ("x = x/10; x*y", "z = x/10; z*y"),
    ],
)
def test_updates(program: str, same: str) -> None:
    assert gates(parse(program)) == gates(parse(same))


def test_nodes_come_in_the_order_of_evaluation() -> None:
    dag = parse("sin(x*y) + cos(z)*(w - 1)")
    assert [node.op.name for node in dag.nodes if node.args] == ["mul", "sin", "cos", "sub", "mul", "add"]


def test_dead_code_is_dropped() -> None:
    dag = parse("q = exp(x); r = sin(q); x*y")
    assert [node.op.name for node in dag.nodes] == ["input", "input", "mul"]


def test_declarations() -> None:
    dag = parse(
        "W: [5, 10], X: (n, d)\nb: [d]; s: []; t: float\nu: [\n  3,  # three\n]\nsum(W) + sum(X + b)*s*t + sum(u)"
    )
    shapes = {name: node.shape for name, node in dag.inputs.items()}
    assert shapes == {"W": (5, 10), "X": ("n", "d"), "b": ("d",), "s": (), "t": (), "u": (3,)}
    assert dag.declared
    assert not parse("x*y").declared


def test_shapes_from_the_caller() -> None:
    dag = parse("sum(X) + s + λ", {"X": ["n", 5], "s": 3, "λ": ()})
    assert {name: node.shape for name, node in dag.inputs.items()} == {"X": ("n", 5), "s": (3,), "lam": ()}


def test_spans_lie_in_the_text() -> None:
    text = "q = x + y\nsin(q)*exp(-q**2)"
    dag = parse(text)
    read = {text[start:end] for start, end in (dag.spans[node] for node in dag.nodes)}
    assert {"x + y", "sin(q)", "exp(-q**2)", "-q**2", "q**2", "sin(q)*exp(-q**2)", "x", "y"} <= read


def test_nodes_go_into_the_given_builder() -> None:
    builder = Builder()
    first, second = parse("x + y", builder=builder), parse("sin(x + y)", builder=builder)
    assert second.nodes[-1].args[0] is first.nodes[-1]


def test_written_out_forms_stay_with_literal() -> None:
    assert shown("1/(1 + exp(-x))") == "sigmoid(x)"
    assert parse("log(1 + exp(x))", literal=True).nodes[-1].op.name == "log"


# -- notes ---------------------------------------------------------------------------------------------------------

NOTES = [
    ("x^2 + y^3", ["'^' is read as a power, and emitted as '**'"]),
    ("x # ^", []),
    ("e**x + e**y", ["'e' is an input here"]),
    ("E^(x*y)", ["'^' is read as a power, and emitted as '**'", "'E' is an input here"]),
    ("e = 2; e**x", []),
    ("e*x", []),
    ("q = x; r = q; x*y", ["'r' is never used"]),
    ("h = x; h = y; h", ["'h' is never used"]),
    ("x + y\nx*y", ["the value of this line is not used"]),
    ("X: [n, d]; sum(X)/n", []),
]


@pytest.mark.parametrize(("program", "notes"), NOTES)
def test_notes(program: str, notes: list[str]) -> None:
    assert [note.message for note in parse(program).notes] == notes


def test_a_note_says_what_to_write() -> None:
    (note,) = parse("E**(x*y)").notes
    assert (
        note.render()
        == "gradc: note: 'E' is an input here\n  line 1 | E**(x*y)\n         | ^  write exp(x*y) for Euler's number"
    )


def test_many_unused_names_are_counted() -> None:
    program = "\n".join(f"q{i} = x*{i}" for i in range(1000)) + "\nx*y"
    notes = [note.message for note in parse(program).notes]
    assert notes[0] == "'q0' is never used"
    assert notes[-1] == "'q4' and 995 others are never used"
    assert len(notes) == 5


# -- what is refused, and where ------------------------------------------------------------------------------------

MATRICES: dict[str, object] = {"W": (4, 3), "x": (4,), "A": (2, 3), "v": (3,)}
REFUSED: list[tuple[str, str, str, list[str]]] = [
    # program, message, hint, marked
    ("1 + 2x", "missing operator between '2' and 'x'", "write 2*x", ["2x"]),
    ("3(p + q)", "missing operator between '3' and '('", "write 3*(p + q)", ["3("]),
    ("(p)(q)", "missing operator between '(p)' and '('", "write (p)*(q)", [")("]),
    ("2 sin(p)", "missing operator between '2' and 'sin'", "write 2*sin(p)", ["2 sin("]),
    ("p q", "missing operator between 'p' and 'q'", "write p*q", ["p q"]),
    ("1 000*p", "'1' and '000' are two numbers", "write 1000, or 1*000", ["1 000"]),
    ("p(q + 1)", "'p' is a variable, not a function", "write p*(q + 1)", ["p"]),
    ("width = q; width(q + 1)", "'width' is a variable, not a function", "write width*(q + 1)", ["width"]),
    (
        "f(p + 1) = p**2",
        "'f(p + 1) =' defines a function",
        "write f = ..., with the inputs by their names",
        ["f(p + 1)"],
    ),
    ("sigmod(p)", "unknown function 'sigmod'", "did you mean 'sigmoid'?", ["sigmod"]),
    ("np.linalg.nrom(v)", "unknown function 'nrom'", "did you mean 'norm'?", ["nrom"]),
    ("v.summ()", "unknown method 'summ'", "did you mean 'sum'?", ["summ"]),
    ("tg(p)", "unknown function 'tg'", "did you mean 'tan'?", ["tg"]),
    ("ctg(p)", "unknown function 'ctg'", "write 1/tan(x)", ["ctg"]),
    ("frobnicate(p)", "unknown function 'frobnicate'", "'gradc gates' lists the functions", ["frobnicate"]),
    ("indicator(p)", "unknown function 'indicator'", "'gradc gates' lists the functions", ["indicator"]),
    ("sin p", "'sin' needs parentheses", "write sin(p)", ["sin"]),
    ("np.sin*p", "'np.sin' needs parentheses", "write np.sin(x)", ["np.sin"]),
    ("v.sum*p", "the method '.sum' needs parentheses", "write .sum()", ["v.sum"]),
    ("sin^2(p)", "a function has no power", "write sin(p)**2", ["sin^2"]),
    ("sin²(p)", "a function has no power", "write sin(p)**2", ["sin²"]),
    ("(p + q", "'(' is never closed", "", ["("]),
    ("p*sin(q", "'(' is never closed", "", ["("]),
    ("v[0", "'[' is never closed", "", ["["]),
    ("sqrt(p\nq", "'(' is never closed", "", ["("]),
    ("(v).sum(0\nq", "'(' is never closed", "", ["("]),
    ("p + q)", "')' closes nothing", "", [")"]),
    ("p]", "']' closes nothing", "", ["]"]),
    ("[p, q)", "'[' is closed by ')'", "", ["[", ")"]),
    ("max(p, q]", "'(' is closed by ']'", "", ["(", "]"]),
    ("v[0)", "'[' is closed by ')'", "", ["[", ")"]),
    ("p +", "expected a value after '+'", "", ["+"]),
    ("p +\nq", "expected a value after '+'", "", ["+"]),
    ("p */ q", "expected a value after '*'", "", ["*"]),
    ("* p", "'*' has no value before it", "", ["*"]),
    ("sin(*p)", "'*' takes a list or a tuple apart", "", ["sin(*p"]),
    ("max(p, , q)", "expected a value after ','", "", [","]),
    ("p and", "expected a value after 'and'", "", ["and"]),
    ("a =\nb", "expected a value after '='", "", ["="]),
    ("sum(v, axis=)", "expected a value after '='", "", ["="]),
    ("()", "empty brackets have no value", "", ["()"]),
    ("p*[]", "empty brackets have no value", "", ["p*[]"]),
    ("p*(q, r)", "several values stand where one is wanted", "", ["q, r"]),
    ("|p|", "'|' has no value before it", "write abs(x)", ["|"]),
    ("µ + μ", "'µ' (U+00B5) and 'μ' (U+03BC) would be one name, 'mu'", "rename one of them", ["µ", "μ"]),
    ("𝑥*x", "'𝑥' (U+1D465) and 'x' (U+0078) would be one name, 'x'", "rename one of them", ["𝑥", "x"]),
    ("½*p", "'½' (U+00BD) is not part of the language", "", ["½"]),
    ("p ＋ q", "'＋' (U+FF0B) is not part of the language", "write +", ["＋"]),
    ("p\u200b", "the character U+200B is not part of the language", "", ["\u200b"]),
    ("__p*q", "'__p' is not part of the language", "names do not start with two underscores", ["__p"]),
    ("lambda*p", "'lambda' is a keyword of Python and cannot be a name", "write lam or lambda_", ["lambda"]),
    ("p + class*q", "'class' is a keyword of Python and cannot be a name", "write class_", ["class"]),
    ("None*p", "'None' is a keyword of Python and cannot be a name", "write none_", ["None"]),
    ("if = p", "'if' is a keyword of Python and cannot be a name", "write if_", ["if"]),
    (
        "exp*exp(p)",
        "'exp' is used both as a variable and as a function",
        "rename the variable, or call np.exp(...)",
        ["exp("],
    ),
    (
        "exp(p)*exp",
        "'exp' is used both as a function and as a variable",
        "rename the variable, or call np.exp(...)",
        ["exp"],
    ),
    ("W @ x", "shapes (4, 3) and (4,) do not multiply: inner sizes 3 and 4 differ", "write W.T @ x", ["W", "x"]),
    (
        "(W + 1) @ (x*x)",
        "shapes (4, 3) and (4,) do not multiply: inner sizes 3 and 4 differ",
        "write (W + 1).T @ (x*x)",
        ["(W + 1)", "(x*x)"],
    ),
    ("A @ A", "shapes (2, 3) and (2, 3) do not multiply: inner sizes 3 and 2 differ", "write A.T @ A", ["A", "A"]),
    (
        "W + x",
        "shapes (4, 3) and (4,) do not broadcast: axis 1 has sizes 3 and 4",
        "write x[:, None], or declare x as (3,)",
        ["W", "x"],
    ),
    (
        "where(W > 0, x, 0)",
        "shapes (4, 3) and (4,) do not broadcast: axis 1 has sizes 3 and 4",
        "write x[:, None], or declare x as (3,)",
        ["W > 0", "x"],
    ),
    (
        "p @ q",
        "'p' is a scalar, and '@' takes arrays",
        "declare its shape: p: [n], or --shape p=n, or write * for a product of scalars",
        ["p"],
    ),
    ("mean(p)", "'p' is a scalar, and 'mean' takes an array", "declare its shape: p: [n], or --shape p=n", ["p"]),
    ("sum(p*q)", "'p' is a scalar, and 'sum' takes an array", "declare its shape: p: [n], or --shape p=n", ["p*q"]),
    ("p.max()", "'p' is a scalar, and 'max' takes an array", "declare its shape: p: [n], or --shape p=n", ["p.max("]),
    ("p[:]", "'p' is a scalar, and a subscript takes an array", "declare its shape: p: [n], or --shape p=n", ["p"]),
    ("p = 3", "3 is a constant: there is nothing to differentiate", "", ["3"]),
    ("a = q + p\nq = p*r\na*q", "'q' is used above the line that assigns it, line 2", "line 2: q = p*r", ["q"]),
    ("1,5*p", "a decimal comma?", "write 1.5", ["1,5"]),
    ("1e999*p", "1e999 is not a finite number", "the largest is about 1.8e308", ["1e999"]),
    ("1__0*p", "'1__0' is not a number", "", ["1__0"]),
    ("0x1F*p", "only decimal numbers are part of the language", "", ["0x1F"]),
    ("atan2(p)", "atan2 takes 2 arguments (y, x), got 1", "", ["atan2(p)"]),
    ("sin()", "sin takes 1 argument (x), got 0", "", ["sin()"]),
    ("sin(p, q)", "sin takes 1 argument (x), got 2", "", ["sin(p, q)"]),
    ("log(p, 2)", "log takes 1 argument (x), got 2", "write log2(x), log10(x) or log(x)/log(b)", ["log(p, 2)"]),
    ("sum(v, axes=0)", "unknown keyword 'axes'", "did you mean 'axis'?", ["axes"]),
    ("sin(z=p)", "unknown keyword 'z'", "it takes x", ["z"]),
    ("sum(v, axis=p)", "this argument is a constant: whole numbers, as in axis=0 or axis=(0, 1)", "", ["p"]),
    ("sum(v, axis=3)", "axis 3 is out of range for an array of 1 axes", "", ["v"]),
    ("norm(v, 0.5)", "the order of a norm is 1 or larger", "", ["0.5"]),
    ("reshape(v)", "reshape needs a shape", "write reshape(x, (2, -1))", ["reshape(v)"]),
    ("reshape(v, (-1, -1))", "a shape has sizes, and one -1 at most for the rest", "", ["(-1, -1)"]),
    ("Piecewise()", "Piecewise takes pairs: (value, condition)", "", ["Piecewise()"]),
    ("'text' + p", "strings are not part of the language", "", ["'text'"]),
    ("f'{p}'", "strings are not part of the language", "", ["'{p}'"]),
    ("(A)'", "strings are not part of the language", "write .T for the transpose", ["'"]),
    (
        "p.real + 1",
        "the attribute '.real' is not part of the language",
        "'.T', '.shape' and methods such as '.sum()' are",
        ["p.real"],
    ),
    ("__import__('os')", "'__import__' is not part of the language", "", ["__import__("]),
    (
        "[a for a in p]",
        "'p' is a scalar, and has no elements to go through",
        "declare its shape: p: [3], or --shape p=3",
        ["p"],
    ),
    ("lambda p: p(2)", "'p' is a variable, not a function", "write p*(2)", ["p"]),
    ("p := q", "':=' is not part of the language", "write = on a line of its own", [":="]),
    (
        "import os",
        "'import' of 'os' is not part of the language",
        "np., math., scipy. and torch. prefixes need no import, and others are not read",
        ["import os"],
    ),
    (
        "if p > 0: q",
        "this 'if' hangs on a value",
        "write y = where(p > 0, a, b), or y = a if p > 0 else b",
        ["p > 0"],
    ),
    (
        "for i in p: i",
        "'p' is a scalar, and has no elements to go through",
        "declare its shape: p: [3], or --shape p=3",
        ["p"],
    ),
    ("def f(p): p", "'f' returns nothing", "end it with return", ["def f("]),
    (
        "return p*q",
        "'return' is not part of the language",
        "the last line is the output; leave 'return' out",
        ["return"],
    ),
    ("p is q", "'is' compares with None only", "write == to compare", ["p is q"]),
    ("{p: q}", "the key of a dictionary is a constant", "", ["p"]),
    ("p ? q : r", "'?' is not part of the language", "write a if c else b", ["?"]),
    ("p && q", "'&&' is not part of the language", "write and", ["&&"]),
    ("p & q", "'&' is for conditions", "put each comparison in brackets: (x > 0) & ~(y > 0)", ["p & q"]),
    ("p if q", "this 'if' has no 'else'", "write a if c else b", ["if"]),
    ("(p if q)*r", "this 'if' has no 'else'", "write a if c else b", ["if"]),
    ("p else q", "'else' without 'if'", "write a if c else b", ["else"]),
    ("v[5]", "index 5 is outside 0..2", "", ["v[5]"]),
    ("v[1.5]", "an index is a constant, a whole number", "", ["1.5"]),
    (
        "v[v > 0]",
        "how many elements the mask picks is only known at the call",
        "sum, mean, prod, max and min take them; for what keeps them write where(condition, x, 0)",
        ["v[v > 0]"],
    ),
    ("v[::0]", "the step of a slice cannot be 0", "", ["::0"]),
    ("v[1:2:3:4]", "a slice has at most three parts", "", ["1:2:3:4"]),
    ("v[..., ...]", "a subscript has one '...' at most", "", ["..., ..."]),
    ("v[0.5] = p; v", "an index is a constant, a whole number", "", ["0.5"]),
    ("p, q + 1 = q, p", "only a name can be assigned", "write name = value; == compares", ["+"]),
    ("p: [3]", "only declarations: nothing to compile", "end with the output", ["]"]),
    ("p*q; p: [3]; p", "'p' is used above its declaration", "declare it above its first use", ["p"]),
    ("p: [3]; p: [4]; p", "'p' has shape (3,) already, not (4,)", "", ["p"]),
    ("p: [-1]; p", "a dimension is a number or a name", "write it as in x: [n, 3]", ["-"]),
    (
        "p: [3] = q",
        "a declaration stands on a line of its own",
        "write x: [n, 3], and the value on the next line",
        ["="],
    ),
    ("9**9**9*p", "constant too large", "", ["9**9**9"]),
]


@pytest.mark.parametrize(
    ("program", "message", "hint", "places"), REFUSED, ids=[row[0].replace("\n", "; ") for row in REFUSED]
)
def test_refused(program: str, message: str, hint: str, places: list[str]) -> None:
    error = refused(program, **MATRICES)
    assert error.message.startswith(message)
    assert error.hint == hint
    assert marked(error) == places


@pytest.mark.parametrize("program", ["", "  \t ", "\n\n", "# only a comment", ";", "\ufeff".strip("\ufeff")])
def test_nothing_to_compile(program: str) -> None:
    assert refused(program).message == "nothing to compile"


def test_independent_problems_come_together() -> None:
    error = refused("sigmod(x) + tg(y)\nexp*2 + frob(x)\nexp(x)")
    assert marked(error) == ["sigmod", "tg", "frob", "exp("]


def test_at_most_five_problems() -> None:
    error = refused(" + ".join(f"nofunction{i}(x)" for i in range(7)))
    assert len(error.problems) == 5


def test_an_unknown_function_brings_no_second_problem() -> None:
    assert len(refused("W @ sigmod(x) + mean(sigmod(x))[0]", W=(3, 3)).problems) == 1


def test_operands_carry_their_shapes() -> None:
    assert str(refused("W @ x", W=(4, 3), x=(4,))).endswith("\n         | ^   ^  (4, 3) and (4,); write W.T @ x")


@pytest.mark.parametrize(
    "shapes", [{"x": (-1,)}, {"x": (1.5,)}, {"x": ("n**2",)}, {"x": (True,)}, {"class": (3,)}, {"a b": ()}]
)
def test_shapes_that_are_none(shapes: dict[str, object]) -> None:
    assert "shape" in refused("x", **shapes).message


def test_the_limit_of_the_source_names_its_option() -> None:
    with pytest.raises(GradcError, match="--max-source") as raised:
        parse("x" + " + x" * 10, max_source=20)
    assert "max_source=41" in str(raised.value)
    assert parse("x" + " + x" * 10, max_source=41).outputs


# -- size is no matter ---------------------------------------------------------------------------------------------

DEEP = 100_000


@pytest.mark.parametrize(
    "program",
    [
        "(" * 1_000_000 + "x" + ")" * 1_000_000,
        "-" * 1_000_000 + "x",
        "sin(" * DEEP + "x" + ")" * DEEP,
        "max(" * DEEP + "x" + ", y)" * DEEP,
        "x**" * DEEP + "y",
        "x if y > 0 else " * DEEP + "x",
        "not " * DEEP + "x",
        " < ".join("xyz" * (DEEP // 3)),
        " + ".join(f"x{i}" for i in range(DEEP)),
        " + ".join(["sin(x*y)*exp(-x**2)"] * DEEP),
        "\n".join(f"v{i + 1} = v{i}*x + y" for i in range(DEEP)),
        "x; " * DEEP + "x",
        ", ".join("xy" * DEEP),
        "x\n.exp()".replace("\n", "") + ".sin()" * DEEP,
        "x" + "²" * 9,
        "x" * DEEP,
        "(x +\n" * DEEP + "y" + ")" * DEEP,
    ],
    ids=lambda v: f"{v[:8]!r}",
)
def test_large(program: str) -> None:
    assert parse(program).outputs


@pytest.mark.parametrize(
    "program",
    [
        "(" * DEEP,
        "[" * DEEP,
        "sin(" * DEEP,
        "x[" * DEEP,
        "x if " * DEEP,
        "[" * DEEP + "x" + "]" * DEEP,
        "(x " * DEEP,
        "foo(" * DEEP,
        "x y " * DEEP,
        "1" * DEEP + "x",
        "1e" * DEEP,
        "=x" * DEEP,
        "x=" * DEEP,
        "x." * DEEP,
        "x.T" * DEEP,
        "'" * DEEP,
    ],
    ids=lambda v: f"{v[:8]!r}",
)
def test_large_and_wrong(program: str) -> None:
    assert len(str(refused(program))) < 2000


def test_a_long_program_prints_and_reads_back() -> None:
    dag = parse(" + ".join(f"sin(x{i}*x{i + 1})" for i in range(DEEP // 4)))
    assert gates(parse(unparse(dag))) == gates(dag)


# -- printing then parsing gives the same node ---------------------------------------------------------------------


@pytest.mark.parametrize("record", [pytest.param(record, id=record["id"]) for record in records()])
@pytest.mark.parametrize("literal", [False, True])
def test_print_then_parse(record: Json, literal: bool) -> None:
    dag = parse(record["program"], shapes_of(record), literal=literal)
    again = parse(unparse(dag), literal=literal)
    assert gates(again) == gates(dag)
    assert list(again.inputs) == list(dag.inputs)
    assert [name for name, _ in again.outputs] == [name for name, _ in dag.outputs]


@pytest.mark.parametrize(
    "program",
    [
        "sigmoid*1/(1 + exp(-x))",
        "np*sigmoid/(1 + exp(-x))",
        "x > y",
        "c = x > y; c",
        "not x",
        "x, y",
        "x, 3.0",
        "q = x; q, y",
        "x = x*2",
        "x: [n]; y: []; max(y) + x",
        "v1*v2 + sin(v1)",
        "h = x*y; h = h + 1; h = sin(h); h, x",
        "f = x*y; f + 1",
        "x*-2.5 + y**-3 + 1e300*x",
    ],
)
def test_print_then_parse_of(program: str) -> None:
    dag = parse(program)
    again = parse(unparse(dag))
    assert unparse(again) == unparse(dag)
    assert gates(again) == gates(dag)
    assert [name for name, _ in again.outputs] == [name for name, _ in dag.outputs]


# -- garbage -------------------------------------------------------------------------------------------------------

PIECES = [
    *"x y W v + - * / ** @ ( ( ( ) ) ) [ ] , ; : = == < > 1 2 0.5 1e999 sin( exp( max( sum( np.exp( .T .sum(".split(),
    *"W.dot( v[0] v[5] axis=0 True None ... if else and not lambda for in 'a' # \\ ² √ π σ( σ λ µ × ^ & | ~ %".split(),
    *"+= reshape( foo( x( [n,d] [2,3] () [] a= 9**9**9 x.real 0x1F 1__0 .. 1e ½ Ⅷ 数 W: v: \x00 \u200b".split(),
    *["\udc80", "stack(", "Piecewise(", "where(", "norm(", "dot(", "\n", " ", "W: [3, 3]\n"],
]


@pytest.mark.parametrize("seed", range(20))
def test_garbage_is_refused_in_words(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(200):
        program = draw.choice(["", " "]).join(draw.choices(PIECES, k=draw.randint(1, 15)))
        dag = attempted(program)
        if isinstance(dag, GradcError):
            places = [(mark.start, mark.end) for problem in dag.problems for mark in problem.marks]
            dag.render(color=True).encode()
        else:
            places = list(dag.spans.values())
            assert gates(parse(unparse(dag))) == gates(dag)
        assert all(0 <= start <= end <= len(program) for start, end in places)
