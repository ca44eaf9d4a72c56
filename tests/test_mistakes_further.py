"""Further mistakes of the kinds of test_mistakes: what is typed, and words of the answer."""

import pytest

import gradc

ROWS = [
    ("x**", "expected a value after '**'"),
    ("(x+1)(x-1)", "write (x+1)*(x-1)"),
    ("5 sin(x)", "write 5*sin(x)"),
    ("cos²(x)", "write cos(x)**2"),
    ("log_2(x)", "'log2'"),
    ("sec(x)", "write 1/cos(x)"),
    ("cot(x)", "write 1/tan(x)"),
    ("softmx(x)", "'softmax'"),
    ("argmx(x)", "'argmax'"),
    ("x = y = ", "expected a value after '='"),
    ("def f(x) return x", "needs a ':'"),
    ("def f(x):\n  return x\n\nf(2, 3)", "f takes 1 argument (x), got 2"),
    ("x(1)", "write x*(1)"),
    ("t(x + 1)", "write t*(x + 1)"),
    ("[1 2; 3 4]*x", "[[1, 2], [3, 4]]"),
    ("x'", "write .T"),
    ("x.length", "attribute '.length'"),
    ("np.array([1,2],[3,4])*x", "array takes one list"),
    ("x++ ", "expected a value after '+'"),
    ("if (x > 0) { y = x } else { y = -x }", "'if' needs a ':'"),
    ("x > 0 ? x : -x", "write a if c else b"),
    ("x && y", "write and"),
    ("!x", "write not"),
    ("x <> y", "write !="),
    ("|x|", "write abs(x)"),
    ("⌊x⌋", "write floor(x)"),
    ("⌈x⌉", "write ceil(x)"),
    ("∑ x_i", "write sum(x)"),
    ("∫ x dx", "is not part of the language"),
    ("2πr", "write 2*πr"),
    ("∇f", "gradc differentiates by itself"),
    ("diff(f, x)", "gradc differentiates by itself"),
    ("50% * x", "expected a value after '%'"),
    ("math.sqrt x", "write math.sqrt(x)"),
    ("numpy.linalg.norm(x,1)", "declare its shape"),
    ("np.linalg.eig(A)", "eigenvalues have no gate"),
    ("np.random.rand(3)*x", "drawn at random"),
    ("scipy.optimize.minimize(f, x)", "'scipy.optimize' is not part of the language"),
    ("K.mean(x)", "write mean(x)"),
    ("nn.Linear(3, 4)(x)", "write x @ W + b"),
    ("sum(v for v in y)", "has no elements to go through"),
    ("x if y", "write a if c else b"),
    ("yield x", "'yield' is not part of the language"),
    ("x: [2.5]\nsum(x)", "a dimension is a number or a name"),
    ("params['a']*params", "'params' has entries, and is no number"),
    ("for k, v in params.items(): y = v\nparams['a']", "unknown method 'items'"),
    ("x: [4]; x.view(3)", "reshape"),
    ("F.dropout(x)", "drawn at random"),
    ("x: [2, 3]; y: int[2]; F.cross_entropy(x, y, reduction='max')", "'mean', 'sum' and 'none'"),
    ("vmap(x)", "'vmap' takes a function"),
    ("x: [3, 2]\ndef f(v): return v\nvmap(f, in_axes='x')(x)", "vmap goes along axes that are whole numbers"),
    ("x: [3, 2]\ndef f(v): return v\nvmap(f, in_axes=3)(x)", "vmap goes along axis 3 of an array of 2"),
    ("np.quantile(x, q)", "a written number"),
    ("x: [n]; np.median(x)", "is a known number"),
    ("while x > 1: x = x/2\nx", "'while' is not part of the language"),
    ("'W%d' % x", "strings are not part of the language"),
]


@pytest.mark.parametrize(("program", "words"), ROWS, ids=[row[0].replace("\n", "; ") for row in ROWS])
def test_the_answer(program: str, words: str) -> None:
    with pytest.raises(gradc.GradcError) as caught:
        gradc.compile(program)
    assert words in str(caught.value) or any(words in problem.hint for problem in caught.value.problems)
    assert caught.value.problems[0].marks, "the place is marked"


@pytest.mark.parametrize("name", ["NaN", "Inf", "Infinity", "nan", "oo"])
def test_none_of_these_is_an_input(name: str) -> None:
    assert gradc.compile(f"{name}*x").inputs == ("x",)
