"""A program, read by Python itself and computed in 50-digit arithmetic, into the value and gradient to hold against.

It shares nothing with gradc: not the parser, not the rules (the gradient is a difference quotient, exact to some thirty
digits in this arithmetic), not the arithmetic. It is slow and knows no kinks: a point must not lie on one.

    >>> reference("x*y", {"x": 3.0, "y": -4.0})
    (-12.0, {'x': -4.0, 'y': 3.0})
    >>> reference("x: [2]\\nsum(x**2)", {"x": [1.0, 3.0]})
    (10.0, {'x': [2.0, 6.0]})
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath
import numpy as np

DIGITS = 50
STEP = mpmath.mpf(10) ** -18  # a central difference is then off by about 1e-32 of the result

Values = Mapping[str, Any]


def reference(
    program: str, inputs: Values, wrt: Sequence[str] | None = None, df: Any = None
) -> tuple[Any, dict[str, Any]]:
    """The value, and the gradient contracted with `df` (ones where absent), as floats and nested lists of them."""
    with mpmath.workdps(DIGITS):
        exact = {name: _exact(value) for name, value in inputs.items()}
        run = _compiled(program)

        def contracted(name: str, index: tuple[int, ...], step: Any) -> Any:
            moved = np.array(exact[name], dtype=object)
            moved[index] += step
            return _contract(run({**exact, name: moved}), df)

        gradient = {}
        for name in wrt or inputs:
            entries = np.empty(np.shape(exact[name]), dtype=object)
            for index in np.ndindex(entries.shape):
                entries[index] = (contracted(name, index, STEP) - contracted(name, index, -STEP)) / (2 * STEP)
            gradient[name] = _plain(entries)
        return _plain(run(exact)), gradient


def _compiled(program: str) -> Callable[[Values], Any]:
    """A function of the inputs; declarations are annotations to Python, and the output is the last line."""
    tree = _ExactLiterals().visit(ast.parse(program))
    tree.body = [node for node in tree.body if not isinstance(node, ast.AnnAssign)]
    last = tree.body[-1]
    output = last.value
    tree.body[-1] = ast.Assign(targets=[ast.Name("_output", ast.Store())], value=output)
    code = compile(ast.fix_missing_locations(tree), "<program>", "exec")

    def run(values: Values) -> Any:
        names = {**FUNCTIONS, **{name: _array(value) for name, value in values.items()}}
        exec(code, names)
        return names["_output"]

    return run


class _ExactLiterals(ast.NodeTransformer):
    """Numbers as gradc reads them: the nearest float64, and from there on exact; an index stays an index."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) in (int, float):
            return ast.Call(ast.Name("_number", ast.Load()), [node], [])
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        node.value = self.visit(node.value)
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        return node


class Array(np.ndarray[Any, Any]):
    """An array of exact numbers with the operators of NumPy's arrays; a method for each that a program may call."""

    def dot(self, other: Any, out: Any = None) -> Any:
        return _matmul(self, other)


def _array(value: Any) -> Any:
    value = np.asarray(value, dtype=object)
    return value.view(Array) if value.shape else value.item()


def _exact(value: Any) -> Any:
    numbers = np.asarray(value, dtype=float)
    exact = np.empty(numbers.shape, dtype=object)
    for index in np.ndindex(numbers.shape):
        exact[index] = mpmath.mpf(float(numbers[index]))
    return exact


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    array = np.asarray(value, dtype=object)
    return np.vectorize(float, otypes=[float])(array).tolist() if array.size else array.astype(float).tolist()


def _contract(value: Any, df: Any) -> Any:
    if isinstance(value, tuple):
        return sum(_contract(v, d) for v, d in zip(value, df or [None] * len(value), strict=True))
    array = np.asarray(value, dtype=object)
    weights = np.ones(array.shape) if df is None else np.broadcast_to(np.asarray(df, dtype=float), array.shape)
    return mpmath.fsum(v * mpmath.mpf(float(w)) for v, w in zip(array.flat, weights.flat, strict=True))


# -- the functions of the language ---------------------------------------------------------------------------------


def _each(function: Callable[..., Any], count: int = 1) -> Callable[..., Any]:
    """A function of numbers, mapped over arrays under broadcasting."""
    mapped = np.frompyfunc(function, count, 1)
    return lambda *args: _array(mapped(*args))


def _reduction(fold: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """A fold over all of an array, or over some of its axes."""

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        x = np.asarray(x, dtype=object)
        axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in np.atleast_1d(axis).tolist())
        kept = [i for i in range(x.ndim) if i not in axes]
        rows = x.transpose(*kept, *axes).reshape(*(x.shape[i] for i in kept), -1)
        out = np.empty(rows.shape[:-1], dtype=object)
        for index in np.ndindex(out.shape):
            out[index] = fold(list(rows[index]))
        return _array(np.expand_dims(out, axes) if keepdims else out)

    return reduce


def _elementwise_or(fold: Callable[..., Any], reduce: Callable[..., Any]) -> Callable[..., Any]:
    """`max(a, b, …)` is elementwise, `max(v, axis=…)` a reduction."""

    def either(*args: Any, **options: Any) -> Any:
        return reduce(*args, **options) if len(args) == 1 else _each(fold, len(args))(*args)

    return either


def _matmul(x: Any, y: Any) -> Any:
    return _array(np.matmul(np.asarray(x, dtype=object), np.asarray(y, dtype=object)))


def _linear_algebra(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of mpmath's matrices, for arrays."""

    def wrapped(*args: Any) -> Any:
        result = function(*(mpmath.matrix(np.asarray(a, dtype=object).tolist()) for a in args))
        if not isinstance(result, mpmath.matrix):
            return result
        shape = np.shape(args[-1])
        return _array(np.array(result.tolist(), dtype=object).reshape(shape))

    return wrapped


def _shifted(x: Any, axis: Any) -> tuple[Any, Any]:
    largest = _largest(x, axis=axis, keepdims=True)
    return largest, _each(mpmath.exp)(x - largest)


def _softmax(x: Any, axis: Any = -1) -> Any:
    _, powers = _shifted(x, axis)
    return powers / _total(powers, axis=axis, keepdims=True)


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _each(mpmath.log)(_total(_each(mpmath.exp)(x), axis=axis, keepdims=keepdims))


_total = _reduction(mpmath.fsum)
_largest = _reduction(max)
_product = _reduction(mpmath.fprod)

NAMED_ALIKE = (
    "exp", "expm1", "log", "log1p", "sqrt", "cbrt", "sign", "sin", "cos", "tan", "asin", "acos", "atan",
    "sinh", "cosh", "tanh", "erf", "erfc",
)  # fmt: skip

FUNCTIONS: dict[str, Any] = {
    **{name: _each(getattr(mpmath, name)) for name in NAMED_ALIKE},
    "log2": _each(lambda x: mpmath.log(x, 2)),
    "log10": _each(mpmath.log10),
    "square": _each(lambda x: x * x),
    "abs": _each(abs),
    "atan2": _each(mpmath.atan2, 2),
    "hypot": _each(mpmath.hypot, 2),
    "sigmoid": _each(lambda x: 1 / (1 + mpmath.exp(-x))),
    "softplus": _each(lambda x: mpmath.log1p(mpmath.exp(x))),
    "relu": _each(lambda x: max(x, mpmath.mpf(0))),
    "where": _each(lambda c, x, y: x if c else y, 3),
    "maximum": _each(max, 2),
    "minimum": _each(min, 2),
    "max": _elementwise_or(max, _largest),
    "min": _elementwise_or(min, _reduction(min)),
    "sum": _total,
    "prod": _product,
    "mean": _reduction(lambda xs: mpmath.fsum(xs) / len(xs)),
    "norm": _reduction(lambda xs: mpmath.sqrt(mpmath.fsum(x * x for x in xs))),
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": lambda x, axis=-1: x - _logsumexp(x, axis=axis, keepdims=True),
    "dot": _matmul,
    "matmul": _matmul,
    "outer": lambda x, y: _array(np.multiply.outer(np.asarray(x, dtype=object), np.asarray(y, dtype=object))),
    "trace": lambda x: mpmath.fsum(np.diagonal(x)),
    "det": _linear_algebra(mpmath.det),
    "inv": _linear_algebra(mpmath.inverse),
    "solve": _linear_algebra(lambda a, b: mpmath.inverse(a) * b),
    "transpose": lambda x, axes=None: _array(np.transpose(x, axes)),
    "reshape": lambda x, shape: _array(np.reshape(x, [int(n) for n in np.atleast_1d(shape)])),
    "concatenate": lambda xs, axis=0: _array(np.concatenate([np.asarray(x, dtype=object) for x in xs], axis=axis)),
    "stack": lambda xs, axis=0: _array(np.stack([np.asarray(x, dtype=object) for x in xs], axis=axis)),
    "pi": mpmath.mp.pi,
    "_number": lambda x: x if isinstance(x, int) else mpmath.mpf(x),
}
