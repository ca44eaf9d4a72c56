"""A seed -> a program with inputs that suit it: scalar or tensor, with statements that are used again and again.

A production gets the shape that is wanted and gives a term of that shape, or nothing where it has no way to.

>>> case = generate(3, "scalar")
>>> case.program.elementwise, sorted(case.inputs) == sorted(item.name for item in case.program.inputs)
(True, True)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .draft import CALLED, CLASHES, DIMS, Draft, Term
from .interpret import derivative
from .tree import Input, Layout, Node, Program, Shape, live_statements, nodes, pruned, renamed, text, walk
from .values import Array

LARGEST_SLOPE = 1e5
MOST_ELEMENTS = 60
MANY = 300  # statements of a long program

UNARY = (
    "neg exp expm1 log log1p log2 log10 sqrt cbrt square abs sign sin cos tan asin acos atan sinh cosh tanh sigmoid "
    "softplus relu erf erfc heaviside"
).split()
RARE = frozenset({"sign", "heaviside"})
COMPARISONS = ["lt", "le", "gt", "ge"]
REDUCTIONS = ["sum", "sum", "mean", "prod", "max", "min", "logsumexp", "norm"]
METHODS = frozenset({"sum", "mean", "max", "min"})
SIZED = frozenset({"index", "reshape", "concatenate", "stack", "vector", "det", "inv", "solve", "trace"})
DIM_POOLS = [[2, 3], [3, 4], [2, 3, 4], [1, 2, 3], [1, 3], [4], [5, 2], [2], [0, 2, 3], [1]]


@dataclass(frozen=True, slots=True)
class Case:
    """A program, inputs for it, and where both came from."""

    program: Program
    inputs: dict[str, Array]
    seed: int
    mode: str


Production = Callable[["Maker", Shape, int], Term | None]


class Maker:
    """Draws terms of wanted shapes."""

    def __init__(self, draft: Draft, tensor: bool) -> None:
        self.draft, self.tensor, self.wide = draft, tensor, draft.wide
        self.rng = draft.rng
        self.dims = self.rng.choices(DIM_POOLS, [4, 3, 4, 3, 2, 1, 1, 2, 2, 1])[0]
        self.table = [(production, weight) for production, weight in ELEMENTWISE]
        if tensor:
            self.table += TENSOR
        if self.wide:
            self.table += WIDE
            self.table += WIDE_TENSOR if tensor else []

    def term(self, shape: Shape, depth: int) -> Term:
        """A term of `shape`, at most about `depth` gates deep."""
        if depth <= 0 or self.rng.random() < 0.06:
            return self.draft.leaf(shape)
        for _ in range(5):
            production = self.rng.choices([one for one, _ in self.table], [weight for _, weight in self.table])[0]
            made = production(self, shape, depth)
            if made is not None and made.value.shape == shape:
                return made
        return self.draft.leaf(shape)

    def less(self, depth: int) -> int:
        """The depth that is left for an argument."""
        return depth - 1 - (self.rng.random() < 0.35)

    def dim(self) -> int:
        """A size."""
        return self.rng.choice(self.dims)

    def shape(self, ndim: int) -> Shape:
        """A shape of so many dimensions."""
        shape = tuple(self.dim() for _ in range(ndim))
        return shape if math.prod(shape) <= MOST_ELEMENTS else (shape[0], *(1 for _ in shape[1:]))

    def broadcast(self, shape: Shape, count: int) -> list[Shape]:
        """Shapes of `count` arguments that broadcast together to `shape`."""
        if not self.tensor or self.rng.random() < 0.4:
            return [shape] * count
        out = []
        for at in range(count):
            one = list(shape)
            if at > 0 or self.rng.random() < 0.3:
                one = [1 if self.rng.random() < 0.3 else dim for dim in one]
                if self.rng.random() < 0.5:
                    one = one[self.rng.randint(0, len(one)) :]
            out.append(tuple(one))
        if np.broadcast_shapes(*out) != shape:
            out[self.rng.randrange(count)] = shape
        self.rng.shuffle(out)
        return out

    def arguments(self, shape: Shape, depth: int, count: int) -> list[Term]:
        """Arguments for an elementwise gate with a result of `shape`."""
        return [self.term(one, self.less(depth)) for one in self.broadcast(shape, count)]


# --------------------------------------------------------------------------------------------------- elementwise


def unary(maker: Maker, shape: Shape, depth: int) -> Term | None:
    op = maker.rng.choice(UNARY)
    if op in RARE and maker.rng.random() < 0.7:
        op = "tanh"
    inner = maker.term(shape, maker.less(depth))
    spelling = None
    if op == "square":
        spelling = maker.rng.choice(["", "", "square", "call np.square" if not maker.draft.odd_names else ""])
    if op == "abs" and maker.rng.random() < 0.1:
        return maker.draft.apply("maximum", inner, negated(maker, inner))
    if op == "relu" and maker.rng.random() < 0.4:
        zero = maker.draft.number(maker.rng.choice([0, 0.0]))
        pair = (zero, inner) if maker.rng.random() < 0.5 else (inner, zero)
        return maker.draft.make("maximum", *pair, spelling=maker.draft.spelled("maximum"))
    return maker.draft.apply(op, inner, spelling=spelling)


def negated(maker: Maker, term: Term) -> Term:
    return maker.draft.make("neg", term) or term


def binary(maker: Maker, shape: Shape, depth: int) -> Term | None:
    op = maker.rng.choice(["add", "add", "sub", "sub", "mul", "mul", "mul", "div"])
    left, right = maker.arguments(shape, depth, 2)
    spelling = maker.rng.choice(["", "", "", "tight" if op in ("add", "sub") else "", "unicode"])
    return maker.draft.apply(op, left, right, spelling=spelling if op != "div" else "")


def with_number(maker: Maker, shape: Shape, depth: int) -> Term | None:
    inner, literal = maker.term(shape, maker.less(depth)), maker.draft.literal()
    op = maker.rng.choice(["add", "sub", "mul", "div"])
    if op == "div" and maker.rng.random() < 0.4:
        literal = maker.draft.number(maker.rng.choice([1, 1.0, 2.0, -1]))
        return maker.draft.apply("div", literal, inner, spelling="")
    pair = (literal, inner) if op != "div" and maker.rng.random() < 0.5 else (inner, literal)
    return maker.draft.apply(op, *pair, spelling="")


def power(maker: Maker, shape: Shape, depth: int) -> Term | None:
    spelling = maker.rng.choice(["", "", "", "call pow", "call np.power" if maker.draft.spells else ""])
    if maker.draft.odd_names:
        spelling = ""
    if maker.rng.random() < 0.3:
        base, exponent = maker.arguments(shape, depth, 2)
    else:
        base = maker.term(shape, maker.less(depth))
        exponent = maker.draft.number(maker.rng.choice([2, 2, 3, 2.0, 3.0, -1, -2, 0.5, 1.5, -0.5, 2.5, 4, 1, 0, 0.0]))
    if (made := maker.draft.make("pow", base, exponent, spelling=spelling)) is not None:
        return made
    base = positive(maker, base)
    made = maker.draft.make("pow", base, exponent, spelling=spelling)
    small = maker.draft.make("tanh", exponent)
    return made or (small and maker.draft.make("pow", base, small, spelling=spelling))


def positive(maker: Maker, term: Term) -> Term:
    """A term that is at least 0.3 everywhere."""
    soft = maker.draft.make("sigmoid", maker.draft.make("tanh", term) or term)
    return (soft and maker.draft.make("add", maker.draft.number(0.3), soft)) or term


def condition(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """A test of `shape`."""
    roll = maker.rng.random()
    if roll < 0.2 and depth > 0:
        op = maker.rng.choice(["and", "or", "not"])
        parts = [condition(maker, one, depth - 1) for one in maker.broadcast(shape, 1 if op == "not" else 2)]
        made = [part for part in parts if part is not None]
        return maker.draft.make(op, *made) if len(made) == len(parts) else None
    if roll < 0.3:
        low, high = maker.draft.number(-0.5), maker.draft.number(1.5)
        return maker.draft.make("between", low, maker.term(shape, maker.less(depth)), high)
    left, right = maker.arguments(shape, depth, 2)
    if maker.rng.random() < 0.5:
        right = maker.draft.number(maker.rng.choice([0, 0.0, 0.5, 1, -0.25]))
    return maker.draft.make(maker.rng.choice(COMPARISONS + ["eq", "ne"] * maker.wide), left, right)


def conditional(maker: Maker, shape: Shape, depth: int) -> Term | None:
    one_test = shape == () or maker.rng.random() < 0.1
    shapes = maker.broadcast(shape, 3)
    test = condition(maker, () if one_test else shapes[0], depth - 1)
    if maker.wide and maker.rng.random() < 0.2:  # a number, which is true unless it is 0
        test = maker.draft.whole(() if one_test else shapes[0])
    if test is None:
        return None
    # A test of constants alone chooses as the program is read, and what stands on the other side is no input then.
    if one_test and maker.draft.varies(test.node) and maker.rng.random() < 0.5:
        body, orelse = (maker.term(shape, maker.less(depth)) for _ in range(2))
        spelling = "Piecewise" if shape == () and maker.rng.random() < 0.15 else ""
        return maker.draft.make("ifelse", test, body, orelse, spelling=spelling)
    body, orelse = (maker.term(one, maker.less(depth)) for one in (shapes[1], shapes[2] if not one_test else shape))
    spelling = "call np.where" if maker.draft.spells and not maker.draft.odd_names else ""
    return maker.draft.make("where", test, body, orelse, spelling=spelling)


def masked(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """A comparison as a number: `(x > 0)*u`."""
    inner, test = maker.term(shape, maker.less(depth)), condition(maker, shape, 0)
    if test is None or test.node.op in ("and", "or", "not", "between"):
        return None
    return maker.draft.make("mul", *((test, inner) if maker.rng.random() < 0.6 else (inner, test)))


def extreme(maker: Maker, shape: Shape, depth: int) -> Term | None:
    op = maker.rng.choice(["maximum", "minimum"])
    count = maker.rng.choice([2, 2, 2, 3])
    terms = maker.arguments(shape, depth, count)
    if maker.rng.random() < 0.25:
        terms[maker.rng.randrange(count)] = maker.draft.number(maker.rng.choice([0, 0.5, -0.5, 1.0]))
    short = {"maximum": "max", "minimum": "min"}[op]
    spelling = maker.draft.spelled(op) if count == 2 else f"call {short}"
    if count == 2 and maker.rng.random() < 0.4:
        spelling = f"call {short}"
    return maker.draft.make(op, *terms, spelling=spelling)


def plane(maker: Maker, shape: Shape, depth: int) -> Term | None:
    left, right = maker.arguments(shape, depth, 2)
    return maker.draft.apply(maker.rng.choice(["hypot", "atan2"]), left, right)


def written_out(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """A formula that a compiler may recognise as a gate."""
    draft, one = maker.draft, maker.draft.number(maker.rng.choice([1, 1.0]))
    u = maker.term(shape, maker.less(depth))
    if (near := draft.make("tanh", u)) is not None and maker.rng.random() < 0.5:
        u = draft.make("mul", draft.number(2), near) or near
    up, down = draft.make("exp", u), draft.make("exp", negated(maker, u))
    if up is None or down is None:
        return None

    def sum_of(left: Term, right: Term) -> Term | None:
        return draft.make("add", *((left, right) if maker.rng.random() < 0.6 else (right, left)))

    kind = maker.rng.randrange(7)
    if kind == 0:
        return draft.chain(sum_of(one, down), lambda v: draft.make("div", one, v))
    if kind == 1:
        return draft.chain(sum_of(one, up), lambda v: draft.make("div", up, v))
    if kind == 2:
        return draft.chain(sum_of(one, up), lambda v: draft.make("log", v))
    if kind == 3:
        return draft.chain(sum_of(one, u), lambda v: draft.apply("log", v))
    if kind == 4:
        return draft.make("sub", up, one)
    if kind == 5:
        return draft.chain(draft.make("sigmoid", u), lambda v: draft.make("sub", one, v))
    other = draft.make("pow", maker.term(shape, 0), draft.number(2))
    square = draft.make("pow", u, draft.number(2))
    return draft.chain(other, lambda v: square and draft.make("add", square, v), lambda v: draft.make("sqrt", v))


# --------------------------------------------------------------------------------------------------- tensor


def axis_of(maker: Maker, axes: tuple[int, ...], ndim: int) -> int | tuple[int, ...]:
    """How to write the axes: from the front or from behind, a number or a tuple."""
    written = tuple(axis - ndim if maker.rng.random() < 0.4 else axis for axis in axes)
    return written[0] if len(written) == 1 and maker.rng.random() < 0.9 else written


def reduction(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """One or more axes put into `shape`, and reduced again."""
    op = maker.rng.choice(REDUCTIONS)
    ones = [at for at, dim in enumerate(shape) if dim == 1]
    params: dict[str, Any] = {}
    if ones and maker.rng.random() < 0.5:
        axes = tuple(at for at in ones if maker.rng.random() < 0.7) or (ones[0],)
        full = tuple(maker.dim() if at in axes else dim for at, dim in enumerate(shape))
        params["keepdims"] = True
    else:
        count = maker.rng.choice([1, 1, 1, 2] if shape else [1, 1, 2, 2, 3])
        positions = tuple(sorted(maker.rng.sample(range(len(shape) + count), count)))
        rest = iter(shape)
        full = tuple(maker.dim() if at in positions else next(rest) for at in range(len(shape) + count))
        axes = positions
    if len(full) > 4 or math.prod(full) > MOST_ELEMENTS:
        return None
    whole = len(axes) == len(full)
    if not (whole and maker.rng.random() < 0.7):
        params["axis"] = axis_of(maker, axes, len(full))
        if op == "norm" and len(full) > 2 and len(axes) != 1:
            return None  # NumPy has norms of vectors and matrices, along one axis or two
        if op in ("sum", "mean") and isinstance(params["axis"], int) and maker.rng.random() < 0.1:
            params["keyword"] = False
    inner = maker.term(full, maker.less(depth))
    spelling = None
    if op in METHODS and maker.rng.random() < 0.25:
        spelling = f"method {op}"
    return maker.draft.apply(op, inner, spelling=spelling, **params)


def soft(maker: Maker, shape: Shape, depth: int) -> Term | None:
    if not shape:
        return None
    op, inner = maker.rng.choice(["softmax", "log_softmax"]), maker.term(shape, maker.less(depth))
    at = maker.rng.randrange(len(shape))
    if maker.rng.random() < 0.25:
        return soft_written_out(maker, inner, at, op)
    if len(shape) == 1 and maker.rng.random() < 0.5:
        return maker.draft.make(op, inner)
    return maker.draft.make(op, inner, axis=at - len(shape) if maker.rng.random() < 0.4 else at)


def soft_written_out(maker: Maker, inner: Term, at: int, op: str) -> Term | None:
    """`exp(v)/sum(exp(v))` and `v - log(sum(exp(v)))` along an axis."""
    draft = maker.draft
    up = draft.apply("exp", inner, spelling="")
    if up is None:
        return None
    total = draft.make("sum", up, axis=at, keepdims=True)
    if total is None or total.value.size == 0:
        return None
    if op == "softmax":
        return draft.make("div", up, total)
    return draft.chain(draft.make("log", total), lambda v: draft.make("sub", Term(up.node.args[0], inner.value), v))


def product(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """Matrix products in every combination that ends in `shape`."""
    k, b = maker.dim(), maker.dim()
    op = maker.rng.choice(["matmul", "matmul", "dot"])
    options: list[tuple[Shape, Shape]] = []
    if shape == ():
        options = [((k,), (k,))]
    elif len(shape) == 1:
        options = [((shape[0], k), (k,)), ((k,), (k, shape[0]))]
    elif len(shape) == 2:
        n, m = shape
        options = [((n, k), (k, m))] * 3 + [((n, m, k), (k,))]
        options += [((k,), (n, k, m))]
    elif len(shape) == 3:
        p, n, m = shape
        options = [((p, n, k), (k, m))]
        if op == "matmul":
            options += [((p, n, k), (p, k, m)), ((n, k), (p, k, m)), ((1, n, k), (p, k, m)), ((p, n, k), (1, k, m))]
        else:
            options += [((p, k), (n, k, m))]
    elif len(shape) == 4 and op == "matmul":
        q, p, n, m = shape
        options = [((q, 1, n, k), (p, k, m)), ((q, p, n, k), (k, m)), ((p, n, k), (q, 1, k, m))]
    if not options:
        return None
    left, right = maker.rng.choice(options)
    if math.prod(left) > MOST_ELEMENTS or math.prod(right) > MOST_ELEMENTS or b < 0:
        return None
    terms = maker.term(left, maker.less(depth)), maker.term(right, maker.less(depth))
    spelling = ""
    if op == "dot":
        spelling = maker.rng.choice(["", "method dot", "call np.dot" if not maker.draft.odd_names else ""])
    elif maker.rng.random() < 0.25:
        spelling = "call np.matmul" if maker.draft.spells and not maker.draft.odd_names else "call matmul"
    return maker.draft.make(op, *terms, spelling=spelling)


def quadratic(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """`x @ A @ y`, and `x.T @ y`."""
    if shape != ():
        return None
    n, m = maker.dim(), maker.dim()
    draft = maker.draft
    x, y = maker.term((n,), maker.less(depth)), maker.term((m,), maker.less(depth))
    if maker.rng.random() < 0.3:
        x = draft.make("transpose", x, spelling="T") or x
    a = maker.term((n, m), maker.less(depth))
    return draft.chain(draft.make("matmul", x, a), lambda v: draft.make("matmul", v, y))


def transposed(maker: Maker, shape: Shape, depth: int) -> Term | None:
    if not shape:
        return None
    if len(shape) > 2 and maker.rng.random() < 0.5:
        order = list(range(len(shape)))
        maker.rng.shuffle(order)
        inner = tuple(shape[order.index(at)] for at in range(len(shape)))
        return maker.draft.make("transpose", maker.term(inner, maker.less(depth)), order=tuple(order))
    spelling = maker.rng.choice(["T", "T", "", "call np.transpose" if not maker.draft.odd_names else ""])
    return maker.draft.make("transpose", maker.term(shape[::-1], maker.less(depth)), spelling=spelling)


def reshaped(maker: Maker, shape: Shape, depth: int) -> Term | None:
    if not shape or math.prod(shape) == 0:
        return None
    options: list[Shape] = [(math.prod(shape),), (1, *shape), (*shape, 1), shape[::-1]]
    options += [(math.prod(shape[:-1]), shape[-1]), (2, math.prod(shape) // 2), (3, math.prod(shape) // 3)]
    inner = maker.rng.choice([one for one in options if math.prod(one) == math.prod(shape) and len(one) < 5])
    dims: list[int] = list(shape)
    if maker.rng.random() < 0.3:
        dims[maker.rng.randrange(len(dims))] = -1
    term = maker.term(inner, maker.less(depth))
    spelling = maker.rng.choice(["", "method reshape", "method reshape"])
    loose = spelling != "" and maker.rng.random() < 0.6
    return maker.draft.make("reshape", term, spelling=spelling, dims=tuple(dims), loose=loose)


def joined(maker: Maker, shape: Shape, depth: int) -> Term | None:
    if not shape:
        return None
    at = maker.rng.randrange(len(shape))
    axis = at - len(shape) if maker.rng.random() < 0.3 else at
    params: dict[str, Any] = {} if at == 0 and maker.rng.random() < 0.4 else {"axis": axis}
    params["brackets"] = maker.rng.random() < 0.7
    if maker.rng.random() < 0.5:
        if not 1 <= shape[at] <= 4:
            return None
        inner = shape[:at] + shape[at + 1 :]
        terms = [maker.term(inner, maker.less(depth)) for _ in range(shape[at])]
        if maker.wide:
            terms = [maker.rng.choice(terms) for _ in terms]
        if len(terms) == 1:
            params["brackets"] = True
        return maker.draft.make("stack", *terms, spelling=maker.draft.spelled("stack"), **params)
    cuts = sorted(maker.rng.randint(0, shape[at]) for _ in range(maker.rng.choice([1, 1, 2])))
    sizes = [high - low for low, high in zip([0, *cuts], [*cuts, shape[at]], strict=True)]
    terms = [maker.term((*shape[:at], size, *shape[at + 1 :]), maker.less(depth)) for size in sizes]
    if maker.wide:  # joined with itself
        terms = [maker.rng.choice([one for one in terms if one.value.shape == each.value.shape]) for each in terms]
    return maker.draft.make("concatenate", *terms, spelling=maker.draft.spelled("concatenate"), **params)


def indexed(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """Slices with strides, single entries and new axes that end in `shape`."""
    items: list[Any] = []
    full: list[int] = []
    for dim in shape:
        if maker.rng.random() < 0.25 or (not shape and not full):
            taken = maker.rng.choice([1, 2, 3])
            full.append(taken)
            items.append(maker.rng.randrange(-taken, taken))
        if dim == 1 and maker.rng.random() < 0.5:
            items.append(None)
            continue
        cut, length = slice_of(maker, dim)
        full.append(length)
        items.append(cut)
    if not shape or maker.rng.random() < 0.2:
        for _ in range(1 if shape else maker.rng.choice([1, 1, 2])):
            taken = maker.rng.choice([1, 2, 3])
            full.append(taken)
            items.append(maker.rng.randrange(-taken, taken))
    while len(items) > 1 and items[-1] == (None, None, None) and maker.rng.random() < 0.6:
        items.pop()
    if maker.wide and maker.rng.random() < 0.3:
        items = with_dots(items, len(full), maker)
    if not full or len(full) > 4 or math.prod(full) > MOST_ELEMENTS:
        return None
    return maker.draft.make("index", maker.term(tuple(full), maker.less(depth)), items=tuple(items))


def with_dots(items: list[Any], rank: int, maker: Maker) -> list[Any]:
    """Dots in place of slices that take all, or of none at all."""
    if sum(item is not None for item in items) < rank:  # those at the end are left out already
        return [*items, "..."]
    at = maker.rng.randint(0, len(items))
    end = at
    while end < len(items) and items[end] == (None, None, None):
        end += 1
    return [*items[:at], "...", *items[end:]]


def any_slice(maker: Maker, dim: int) -> tuple[tuple[int | None, int | None, int | None], int]:
    """A slice with any ends and steps that leaves `dim` entries of some size, or all of them."""
    for _ in range(20):
        size = maker.rng.randint(0, 7)
        start, stop = (maker.rng.choice([None, maker.rng.randint(-size - 1, size + 1)]) for _ in range(2))
        step = maker.rng.choice([None, None, 1, 2, 3, -1, -2])
        if len(range(size)[start:stop:step]) == dim:
            return (start, stop, step), size
    return (None, None, None), dim


def slice_of(maker: Maker, dim: int) -> tuple[tuple[int | None, int | None, int | None], int]:
    """A slice that leaves `dim` entries, and the size of what it is taken from."""
    if maker.wide and maker.rng.random() < 0.4:
        return any_slice(maker, dim)
    kind = maker.rng.randrange(7)
    if kind == 0 and dim <= 4:
        return (1, None, None), dim + 1
    if kind == 1 and dim <= 4:
        return (None, -1, None), dim + 1
    if kind == 2 and 1 <= dim <= 3:
        return (None, None, 2), 2 * dim - maker.rng.randrange(2)
    if kind == 3 and 1 <= dim <= 3:
        return (1, None, 2), 2 * dim + maker.rng.randrange(2)
    if kind == 4:
        return (None, None, -1), dim
    if kind == 5 and 1 <= dim <= 3:
        return (-1, -dim - 1, -1), dim + 1
    return (None, None, None), dim


def outer(maker: Maker, shape: Shape, depth: int) -> Term | None:
    if len(shape) != 2:
        return None
    left, right = (maker.term((dim,), maker.less(depth)) for dim in shape)
    return maker.draft.make("outer", left, right, spelling=maker.draft.spelled("outer"))


def regular(maker: Maker, n: int, depth: int) -> Term | None:
    """A matrix that can be inverted: a term, or one with its diagonal made heavy."""
    term = maker.term((n, n), depth)
    if maker.rng.random() < 0.5:
        return term
    name = maker.draft.new_name()
    heavy = maker.draft.named(name, np.eye(n) * 3 + np.round(maker.draft.numbers.normal(size=(n, n)) * 0.2, 3))
    small = maker.draft.make("tanh", term)
    return small and maker.draft.make("add", heavy, small)


def algebra(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """Trace, determinant, inverse and solutions."""
    op = {0: "det trace", 1: "solve", 2: "inv solve"}.get(len(shape), "")
    if not op or 0 in shape:
        return None
    op = maker.rng.choice(op.split())
    if op in ("inv", "solve"):
        matrix = regular(maker, shape[0], maker.less(depth))
        if matrix is None:
            return None
        rest = (maker.term(shape, maker.less(depth)),) if op == "solve" else ()
        return maker.draft.make(op, matrix, *rest, spelling=maker.draft.spelled(op))
    n, m = maker.rng.choice([1, 2, 3]), maker.rng.choice([1, 2, 3])
    matrix = maker.term((n, n if op == "det" else m), maker.less(depth))
    return maker.draft.make(op, matrix, spelling=maker.draft.spelled(op))


def listed(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """A list of numbers times a term."""
    if not shape or shape[-1] == 0 or maker.rng.random() < 0.5:
        return None
    numbers = tuple(round(maker.rng.uniform(-2, 2), 1) for _ in range(shape[-1]))
    vector = maker.draft.make("vector", values=numbers)
    return vector and maker.draft.make("mul", vector, maker.term(shape, maker.less(depth)))


def log_sum_exp(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """`log(sum(exp(v)))`, with and without the largest taken out."""
    if shape != ():
        return None
    draft, inner = maker.draft, maker.term(maker.shape(maker.rng.choice([1, 2])), maker.less(depth))
    if inner.value.size == 0:
        return None
    if maker.rng.random() < 0.5:
        return draft.chain(
            draft.apply("exp", inner, spelling=""), lambda v: draft.make("sum", v), lambda v: draft.make("log", v)
        )
    top = draft.make("max", inner)
    return top and draft.chain(
        draft.make("sub", inner, top),
        lambda v: draft.make("exp", v),
        lambda v: draft.make("sum", v),
        lambda v: draft.make("log", v),
        lambda v: draft.make("add", top, v),
    )


def scaled_back(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """What is huge or tiny, and a factor that makes it a number of every day's size."""
    up = maker.rng.choice([1e300, 1e150, 1e-150, 1e-300])
    there = maker.draft.named(maker.draft.new_name(), np.round(maker.draft.numbers.normal(size=shape), 3) * up)
    down = maker.draft.number(1.0 / up)
    return maker.draft.make("mul", *((down, there) if maker.rng.random() < 0.5 else (there, down)))


def of_values(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """An array of numbers, each a term."""
    if len(shape) != 1 or not 1 <= shape[0] <= 4:
        return None
    some = [maker.term((), maker.less(depth)) for _ in range(shape[0])]
    return maker.draft.make("stack", *(maker.rng.choice(some) for _ in some), spelling="array", axis=0)


def between_ties(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """Kinks of whole numbers, which meet often."""
    left, right = maker.draft.whole(shape), maker.draft.whole(shape)
    kind = maker.rng.randrange(5)
    if kind == 0:
        return maker.draft.make("relu", maker.draft.make("sub", left, right) or left)
    if kind == 1:
        return maker.draft.make("abs", maker.draft.make("mul", left, right) or left)
    return maker.draft.make(("maximum", "minimum", "maximum")[kind - 2], left, right)


def extreme_ties(maker: Maker, shape: Shape, depth: int) -> Term | None:
    """The first of the largest, or smallest, of whole numbers."""
    at = maker.rng.randint(0, len(shape))
    size = maker.rng.choice([1, 2, 3])
    inner = maker.draft.whole((*shape[:at], size, *shape[at:]))
    if math.prod(inner.value.shape) > MOST_ELEMENTS:
        return None
    return maker.draft.make(maker.rng.choice(["max", "min"]), inner, axis=at)


WIDE: list[tuple[Production, float]] = [(scaled_back, 0.3), (between_ties, 1.0)]
WIDE_TENSOR: list[tuple[Production, float]] = [(of_values, 0.8), (extreme_ties, 1.0)]

ELEMENTWISE: list[tuple[Production, float]] = [
    (unary, 7),
    (binary, 8),
    (with_number, 3),
    (power, 2),
    (conditional, 1.5),
    (masked, 0.3),
    (extreme, 1.2),
    (plane, 0.8),
    (written_out, 1),
]
TENSOR: list[tuple[Production, float]] = [
    (reduction, 5),
    (soft, 0.8),
    (product, 4),
    (quadratic, 1),
    (transposed, 1.2),
    (reshaped, 1),
    (joined, 1),
    (indexed, 2.5),
    (outer, 1.5),
    (algebra, 1.5),
    (listed, 0.5),
    (log_sum_exp, 0.5),
]


# --------------------------------------------------------------------------------------------------- whole programs


def mentions_input(program: Program) -> bool:
    return any(node.op == "input" for node in nodes(program))


def used_up(maker: Maker, final: Term, shape: Shape) -> Term:
    """`final` plus what no statement has used yet, where it fits."""
    draft = maker.draft
    seen: set[int] = set()
    stack = [final.node]
    while stack:
        node = stack.pop()
        stack.extend(node.args)
        if node.op == "ref" and int(node.number) not in seen:
            seen.add(int(node.number))
            stack.append(draft.statements[int(node.number)].node)
    for term in list(draft.visible.values()):
        if int(term.node.number) in seen or maker.rng.random() < 0.3:
            continue
        part: Term | None = term
        if term.value.shape not in ((), shape):
            part = draft.make("sum", term)
        added = part and draft.make(maker.rng.choice(["add", "mul", "sub"]), final, part)
        if added is not None and added.value.shape == shape:
            final = added
    return final


def layout_of(draft: Draft, program: Program) -> Layout:
    """How the program is set out."""
    rng = draft.rng
    free = [name for name in ["f", "out", "L", "loss", "total"] if name not in draft.bound]
    free = [name for name in free if all(name != item.name for item in draft.statements)]
    dims: tuple[tuple[int, str], ...] = ()
    if not any(node.op in SIZED for node in nodes(program)) and rng.random() < 0.4:
        taken = set(draft.bound) | {item.name for item in draft.statements}
        names = [name for name in DIMS if name not in taken]
        sizes = sorted({dim for item in program.inputs for dim in item.shape if dim > 1})
        dims = tuple(zip(sizes, names, strict=False)) if len(names) >= len(sizes) else ()
    return Layout(
        separator=rng.choice(["\n", "\n", "\n", "; ", ";", "\n\n"]),
        declare=rng.choice(["text", "text", "shapes"]),
        comments=rng.random() < 0.08,
        output_name=rng.choice(free) if free and rng.random() < 0.4 else "",
        dims=dims,
    )


def attempt(key: str, seed: int, mode: str) -> Case | None:
    """One try at a program; nothing if it isn't well-conditioned."""
    draft = Draft(key, wide=mode == "wide")
    rng = draft.rng
    arrays = mode == "tensor" or (draft.wide and rng.random() < 0.75)
    maker = Maker(draft, tensor=arrays)
    scalar_inputs = [draft.fresh(()) for _ in range(rng.choice([1, 2, 2, 3]))] if not arrays else []
    del scalar_inputs

    def some_shape() -> Shape:
        return maker.shape(rng.choices([0, 1, 2, 3, 4], [3, 5, 5, 1.5, 0.1])[0]) if arrays else ()

    count = rng.choice([0, 1, 2, 3, 3, 4, 5, 6])
    for _ in range(MANY if draft.wide and rng.random() < 0.01 else count):
        made = maker.term(some_shape(), rng.choice([1, 2, 2, 3]))
        if made.node.op not in ("const", "input", "ref"):
            draft.assign(made)
    shape = () if not arrays or rng.random() < 0.6 else some_shape()
    outputs = [used_up(maker, maker.term(shape, rng.choice([2, 2, 3, 4])), shape).node]
    while len(outputs) < 4 and rng.random() < (0.2 if draft.wide else 0.05 * (len(outputs) == 1)):
        outputs.append(maker.term(some_shape(), 2).node)
    program = Program(tuple(draft.inputs), tuple(draft.statements), tuple(outputs))
    if (len(live_statements(program)) < len(program.statements) and rng.random() < 0.85) or not mentions_input(program):
        program = pruned(program)
    used = {node.name for node in nodes(program) if node.op == "input"}
    program = replace(program, inputs=tuple(item for item in program.inputs if item.name in used))
    if arrays and program.elementwise:
        return None
    if draft.wide and rng.random() < 0.3:
        program, draft.bound = with_words(program, draft)
    program = replace(program, layout=layout_of(draft, program))
    return accepted(Case(program, {item.name: draft.bound[item.name] for item in program.inputs}, seed, mode))


def with_words(program: Program, draft: Draft) -> tuple[Program, dict[str, Array]]:
    """Inputs by the names of what modules call: of helpers, of Python's own functions, of libraries."""
    there = set(re.findall(r"[^\W\d]\w*", text(program)))
    free = [name for name in (*CLASHES, *CALLED, *CALLED) if name not in there]
    names = {item.name: draft.rng.choice(free) for item in program.inputs if draft.rng.random() < 0.6}
    names = {old: new for at, (old, new) in enumerate(names.items()) if new not in list(names.values())[:at]}
    return renamed(program, names), {names.get(name, name): x for name, x in draft.bound.items()}


def takes_names_back(program: Program) -> bool:
    """Whether a name is read as an input's and assigned below by what does not read it: a slip, to the compiler."""
    read: set[str] = set()
    for item in program.statements:
        mine = {node.name for node in walk(item.node) if node.op == "input"}
        if item.name in read - mine:
            return True
        read |= mine
    return False


def reaches_input(program: Program) -> bool:
    """Whether the outputs depend on an input at all."""
    return mentions_input(pruned(program))


def accepted(case: Case) -> Case | None:
    """The case if its derivative is finite, not huge, and there."""
    program = case.program
    if (
        not reaches_input(program)
        or takes_names_back(program)
        or any(node.op in ("const", "input") for node in program.outputs)
    ):
        return None
    numbers = np.random.default_rng(case.seed + 1)
    direction = {name: np.asarray(numbers.normal(size=x.shape)) for name, x in case.inputs.items()}
    try:
        with np.errstate(all="ignore"):
            outs, slopes = derivative(program, case.inputs, direction)
    except ValueError:  # shapes that do not fit each other: no program
        return None
    good = all(bool(np.all(np.isfinite(x)) and np.all(np.abs(x) < LARGEST_SLOPE)) for x in (*outs, *slopes))
    return case if good else None


def generate(seed: int, mode: str) -> Case:
    """The program of a seed."""
    for number in range(1000):
        if (case := attempt(f"{mode} {seed} {number}", seed, mode)) is not None:
            return case
    raise RuntimeError(f"no program for seed {seed}, mode {mode}")


def clash_names() -> list[str]:
    """Names that generated code may want for itself."""
    return list(CLASHES)


def lifted(node: Node, shapes: dict[str, Shape], statements: list[Shape]) -> Node:
    """An elementwise node for inputs of other shapes."""
    args = tuple(lifted(arg, shapes, statements) for arg in node.args)
    if node.op == "input":
        shape = shapes[node.name]
    elif node.op == "ref":
        shape = statements[int(node.number)]
    else:
        shape = np.broadcast_shapes(*(arg.shape for arg in args)) if args else ()
    return replace(node, args=args, shape=shape)


def lift(program: Program, shapes: dict[str, Shape]) -> Program:
    """An elementwise program for inputs of other shapes."""
    statements = []
    known: list[Shape] = []
    for item in program.statements:
        node = lifted(item.node, shapes, known)
        known.append(node.shape)
        statements.append(replace(item, node=node))
    return replace(
        program,
        inputs=tuple(Input(item.name, shapes[item.name]) for item in program.inputs),
        statements=tuple(statements),
        outputs=tuple(lifted(node, shapes, known) for node in program.outputs),
    )
