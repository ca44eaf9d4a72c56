"""Shapes with named dimensions: unification and NumPy's broadcasting at compile time.

A dimension is a number or a name. Two that must agree are unified, and a name then stands for the number
it met; two names are two sizes, and only a written 1 (or a missing axis) broadcasts, never a name.

>>> dims = Dims()
>>> dims.broadcast(("n", "d"), ("d",))
('n', 'd')
>>> dims.unify("d", 5), dims.resolve(("n", "d"))
(True, ('n', 5))
>>> dims.clash(("n", 4), (3,))
(1, 4, 3)

What a program makes of named sizes is a polynomial in them, written in one way only, so that equal lengths read the
same: `x[1:][:-1]` is as long as `x[2:]`, and `concatenate([x[1:], x[:1]])` as long as `x`.

>>> total(["n - 1", -1]), total(["n - 1", 1]), total(["m", "n - 1", "m"]), total(["(n - 1)*m"])
('n - 2', 'n', '2*m + n - 1', 'm*n - m')
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from gradc.graph.dag import Shape

Dim = int | str
# Whole multiples of products of names, each product in the order of the alphabet; the empty product is 1.
Polynomial = dict[tuple[str, ...], int]

# Patterns, compiled when they are needed. A name in a dimension; what is called there is Python's.
_NAME = r"(?<![.\w])(?!None\b)[^\W\d]\w*+(?!\()"
_STEPS = r"len\(range\(\*slice\((.*?)\)\.indices\((.*)\)\)\)"
_FLOOR = r"(\w+|\(.+\))//(\d+)"
_BRACKETS = r"\([^()]*\)"
# Longer texts, as of many slices in steps one of the other, are not taken apart: Python's parser has its limits.
LONGEST = 400


def names_in(dim: Dim) -> list[str]:
    """The named sizes that a dimension is made of.

    >>> names_in(3), names_in("n*(m - 1)"), names_in("len(range(*slice(None, None, 2).indices(len)))")
    ([], ['n', 'm'], ['len'])
    """
    return re.findall(_NAME, str(dim))


def by_names(shapes: Sequence[Shape]) -> list[int]:
    """Shapes in such an order that each size that follows from others comes after them.

    >>> by_names([("n - 1", "m"), (3, "n"), ("m",)])
    [1, 0, 2]
    """
    plain = [{dim for dim in shape if isinstance(dim, str) and dim.isidentifier()} for shape in shapes]
    needed = [{name for dim in shape for name in names_in(dim)} for shape in shapes]
    left, known, out = list(range(len(shapes))), set[str](), list[int]()
    while left:
        at = next((at for at in left if needed[at] <= known | plain[at]), left[0])
        left.remove(at)
        out.append(at)
        known |= plain[at]
    return out


def renamed(dim: Dim, name: Callable[[str], str]) -> str:
    """A dimension as text, its named sizes called what `name` makes of each."""
    return re.sub(_NAME, lambda match: name(match[0]), str(dim))


def operator_of(dim: Dim) -> str:
    """The operator that a dimension's text applies last: "+" for a sum or a difference, "*", "//", or none.

    >>> operator_of("n - 1"), operator_of("2*n"), operator_of("len(range(*slice(1, None, 2).indices(n - 1)))")
    ('+', '*', '')
    """
    text, count = str(dim), 1
    while count:
        text, count = re.subn(_BRACKETS, "", text)
    return "+" if " + " in text or " - " in text else next((sign for sign in ("*", "//") if sign in text), "")


def stepped(dim: Dim, start: int | None, stop: int | None, step: int | None) -> Dim:
    """How long a slice of a dimension is: a number, or an expression.

    >>> stepped(5, None, None, 2), stepped("n", None, None, 2), stepped("n", 1, None, 2), stepped("n", None, None, -1)
    (3, '(n + 1)//2', 'n//2', 'n')
    >>> stepped("n", 0, 4, 2)
    'len(range(*slice(0, 4, 2).indices(n)))'
    """
    if isinstance(dim, int):
        return len(range(*slice(start, stop, step).indices(dim)))
    if step == -1 and start is None and stop is None:
        return dim
    if step and step > 0 and stop is None and (start or 0) >= 0:
        return _quotient(total([dim, step - 1 - (start or 0)]), step)
    return f"len(range(*slice({start}, {stop}, {step}).indices({dim})))"


def some(count: Dim) -> Dim:
    """A number of elements to divide by: 1 in place of none, whose shares nobody gets.

    >>> some(0), some("2*n")
    (1, 'max(2*n, 1)')
    """
    return max(count, 1) if isinstance(count, int) else f"max({count}, 1)"


def counted(divisor: str) -> str:
    """The number of elements that `some` made a divisor of.

    >>> counted("max(2*n, 1)"), counted("n")
    ('2*n', 'n')
    """
    return divisor.removeprefix("max(").removesuffix(", 1)") if divisor.startswith("max(") else divisor


def total(parts: list[Dim]) -> Dim:
    """A sum of sizes, as a number or an expression.

    >>> total([2, 3]), total(["n", 1, "m", 2])
    (5, 'm + n + 3')
    """
    out: Polynomial = {}
    for part in parts:
        for factors, times in polynomial(part).items():
            out[factors] = out.get(factors, 0) + times
    return _written(out)


def computed(text: str) -> Dim | None:
    """A size that is written as sums, products and whole quotients of names and numbers; None for anything else.

    >>> computed("4*H"), computed("C // 2 + 1"), computed("2*(n - 1)")
    ('4*H', 'C//2 + 1', '2*n - 2')
    >>> computed("n**2"), computed("f(n)"), computed("-n")
    (None, None, None)
    """
    import ast

    from gradc.base.syntax import expression_of

    if len(text) > LONGEST or not re.fullmatch(r"[\w\s+*/()-]+", text):
        return None
    try:
        tree = expression_of(text.strip())
    except (SyntaxError, ValueError, RecursionError):
        return None
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult()) | ast.BinOp(op=ast.FloorDiv(), right=ast.Constant()):
                pass
            case ast.Constant(value=value) if type(value) is int and value < 10**9:
                pass
            case ast.Name() | ast.operator() | ast.expr_context():
                pass
            case _:
                return None
    try:
        found = total([text.strip()])
    except ZeroDivisionError:
        return None
    return None if (isinstance(found, int) and found < 0) or str(found).startswith("-") else found


def less(whole: Dim, part: Dim) -> Dim:
    """A difference of sizes.

    >>> less("4*n", "2*n"), less("n", "n"), less("n", "m")
    ('2*n', 0, 'n - m')
    """
    out = dict(polynomial(whole))
    for factors, times in polynomial(part).items():
        out[factors] = out.get(factors, 0) - times
    return _written(out)


def shared(whole: Dim, part: Dim) -> Dim | None:
    """A number of elements in rows of `part`: how many rows, or None where that is no whole number or not known.

    >>> shared(12, 4), shared("n", 1), shared("2*m*n - 2*n", "n"), shared("n", 2), shared(7, 2), shared("n", 0)
    (3, 'n', '2*m - 2', 'n//2', None, None)
    """
    match list(polynomial(part).items()):
        case [((), number)] if isinstance(whole, str) and any(times % number for times in polynomial(whole).values()):
            return _quotient(whole, number)
        case [(factors, number)]:
            out: Polynomial = {}
            for term, times in polynomial(whole).items():
                rest = list(term)
                for factor in factors:
                    if factor not in rest:
                        return None
                    rest.remove(factor)
                if times % number:
                    return None
                out[tuple(rest)] = times // number
            return _written(out)
    return None


def _written(sizes: Polynomial) -> Dim:
    """A polynomial as a dimension, by the names of its terms, the constant last."""
    number = sizes.get((), 0)
    terms = sorted((factors, times) for factors, times in sizes.items() if factors and times)
    terms.sort(key=lambda term: term[1] < 0)  # no sum begins with a minus that could be further on
    text = ""
    for factors, times in terms:
        sign = (" - " if times < 0 else " + ") if text else "-" if times < 0 else ""
        text += sign + multiple(abs(times), factors)
    if not text:
        return number
    return text + (f" {'+' if number > 0 else '-'} {abs(number)}" if number else "")


def multiple(number: int, factors: Sequence[str]) -> str:
    """A product of a number and named sizes.

    >>> multiple(2, ["n", "m - 1"]), multiple(1, ["m - 1"])
    ('2*n*(m - 1)', 'm - 1')
    """
    alone = number == len(factors) == 1
    parts = [each if alone or operator_of(each) in ("", "*") else f"({each})" for each in factors]
    return "*".join([*([str(number)] if number != 1 else []), *parts])


def polynomial(dim: Dim, known: Mapping[str, Dim] | None = None) -> Polynomial:
    """A dimension by the products of names that it is made of, with what is known put in for the names."""
    if isinstance(dim, int):
        return {(): dim} if dim else {}
    if dim.isidentifier():
        return polynomial(known[dim], known) if known and dim in known else {(dim,): 1}
    if len(dim) > LONGEST:
        return {(dim,): 1}
    return _polynomial(dim) if not known else _with(dim, known)


@lru_cache(maxsize=1024)
def _polynomial(dim: str) -> Polynomial:
    return _with(dim, {})


def _with(dim: str, known: Mapping[str, Dim]) -> Polynomial:
    import ast  # only sizes that are computed need it

    from gradc.base.syntax import expression_of

    def read(node: ast.expr) -> Polynomial:
        match node:
            case ast.Constant(value=int(value)):
                return {(): value}
            case ast.Name(id=name):
                return polynomial(name, known)
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return {factors: -times for factors, times in read(x).items()}
            case ast.BinOp(left=x, op=ast.Mult(), right=y):
                return _product(read(x), read(y))
            case ast.BinOp(left=x, op=ast.Add() | ast.Sub() as kind, right=y):
                out, sign = read(x), 1 if isinstance(kind, ast.Add) else -1
                for factors, times in read(y).items():
                    out = {**out, factors: out.get(factors, 0) + sign * times}
                return out
            case ast.BinOp(left=x, op=ast.FloorDiv(), right=ast.Constant(value=int(step))):
                size = _quotient(_written(read(x)), step)
                return polynomial(size) if operator_of(size) in ("+", "*") else atom(size)
            case ast.Call(func=ast.Name(id="max"), args=[x, ast.Constant(value=1)]):
                return atom(some(_written(read(x))))
        bounds, inner = re.fullmatch(_STEPS, ast.unparse(node)).groups()  # type: ignore[union-attr]  # nothing else is called
        return atom(stepped(_written(polynomial(inner, known)), *ast.literal_eval(f"[{bounds}]")))

    def atom(size: Dim) -> Polynomial:
        return {(): size} if isinstance(size, int) else {(size,): 1}

    return read(expression_of(dim))


def _quotient(dim: Dim, step: int) -> Dim:
    """A size over a number, rounded down: what can be divided, and the rest.

    >>> _quotient(7, 2), _quotient("3*n", 3), _quotient("2*n + 5", 2), _quotient("(n + 1)//2", 3), _quotient("3*n", 9)
    (3, 'n', 'n + 2', '(n + 1)//6', 'n//3')
    """
    out: Polynomial = {}
    rest: Polynomial = {}
    whole = polynomial(dim)
    common = math.gcd(step, *whole.values())
    step //= common
    for factors, times in whole.items():
        out[factors], rest[factors] = divmod(times // common, step)
    left = _written(rest)
    if isinstance(left, int):
        return _written(out)
    inner, _, by = left.rpartition("//")
    if operator_of(left) == "//" and by.isdecimal():
        left = _quotient(inner, int(by) * step)
    else:
        left = f"({left})//{step}" if operator_of(left) else f"{left}//{step}"
    return total([_written(out), left]) if any(out.values()) else left


def evaluated(dim: Dim, sizes: Mapping[str, int]) -> int:
    """A dimension as a number; KeyError where the size of a name is not given.

    >>> evaluated("2*(n - 1)", {"n": 4}), evaluated("len(range(*slice(0, None, 2).indices(n)))", {"n": 5})
    (6, 3)
    """
    found = polynomial(dim, sizes)
    if found.keys() <= {()}:
        return found.get((), 0)
    raise KeyError(dim)


def _product(a: Polynomial, b: Polynomial) -> Polynomial:
    out: Polynomial = {}
    for p, m in a.items():
        for q, n in b.items():
            factors = tuple(sorted(p + q))
            out[factors] = out.get(factors, 0) + m * n
    return out


class ShapeError(Exception):
    """Shapes that do not fit: what is wrong, and which arguments (by position) to mark."""

    def __init__(self, message: str, hint: str = "", args_at_fault: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.args_at_fault = args_at_fault


def _line(dim: str) -> tuple[str, int, int] | None:
    """The name, the multiple of it and the number that a dimension is made of, if that is all.

    >>> _line("2*n - 1"), _line("n*m"), _line("n//2")
    (('n', 2, -1), None, None)
    """
    sizes = polynomial(dim)
    match [term for term in sizes.items() if term[0]]:
        case [((name,), times)] if name.isidentifier():
            return name, times, sizes.get((), 0)
    return None


def _least_of(dim: str, size: int) -> tuple[str, int]:
    """What the name in a dimension is at least if the dimension is.

    >>> _least_of("n - 1", 4), _least_of("2*n", 3), _least_of("n*m", 6)
    (('n', 5), ('n', 2), ('n*m', 6))
    """
    if (line := _line(dim)) is None or line[1] < 0:
        return dim, size
    name, times, number = line
    return name, -(-(size - number) // times)


def _is_never_below_0(dim: str) -> bool:
    """Whether a size is at least 0 whatever the names in it stand for: a floor takes no more than its quotient.

    >>> _is_never_below_0("n - n//2"), _is_never_below_0("3*n + m"), _is_never_below_0("n - 1")
    (True, True, False)
    """
    sizes = polynomial(dim)
    floors = {one: found for one in sizes if len(one) == 1 and (found := re.fullmatch(_FLOOR, one[0]))}
    whole = math.prod(int(found[2]) for found in floors.values())  # all is counted in fractions of 1/whole
    least = {one: times * whole for one, times in sizes.items() if one not in floors}
    for one, found in floors.items():
        if sizes[one] < 0:
            for inner, times in polynomial(found[1]).items():
                least[inner] = least.get(inner, 0) + sizes[one] * times * whole // int(found[2])
    return all(times >= 0 for times in least.values())


def _is_remainder(dim: str) -> bool:
    """Whether a size is what a division leaves, with either sign.

    >>> _is_remainder("n - 2*(n//2)"), _is_remainder("3*((n - 1)//3) - n + 1"), _is_remainder("n - n//2")
    (True, True, False)
    """
    sizes = polynomial(dim)
    for one, times in sizes.items():
        found = re.fullmatch(_FLOOR, one[0]) if len(one) == 1 else None
        if found and abs(times) == int(found[2]):
            sign = -1 if times > 0 else 1
            return {each: sign * count for each, count in sizes.items() if each != one} == polynomial(found[1])
    return False


class Dims:
    """What each named dimension is known to be: a union-find over names, numbers as roots."""

    __slots__ = ("_indexed", "_known", "_least")

    def __init__(self) -> None:
        self._known: dict[str, Dim] = {}
        self._least: dict[str, int] = {}
        self._indexed: set[Dim] = set()

    def find(self, dim: Dim) -> Dim:
        """The number, the first name or the expression of first names that a dimension stands for."""
        while isinstance(dim, str) and dim in self._known:
            dim = self._known[dim]
        known = self._known
        if isinstance(dim, str) and known and not dim.isidentifier() and any(name in known for name in names_in(dim)):
            return self.find(_written(polynomial(dim, known)))
        return dim

    def resolve(self, shape: Shape) -> Shape:
        return tuple(map(self.find, shape)) if self._known and shape else shape

    def unify(self, a: Dim, b: Dim) -> bool:
        """Make two dimensions one; False if they are different numbers, or two names that the user keeps apart.

        A name takes a number, and the length that an expression such as `n - 1` gives to a slice of another axis.

        >>> Dims().unify("m*n", "n*m"), Dims().unify("n - 1", "n - 2")
        (True, False)

        Two halves are one where the whole is even, which is asked for at the call.

        >>> dims = Dims()
        >>> dims.unify("n//2", "n - n//2"), dims.demands()
        (True, [('n - 2*(n//2)', '==', 0)])
        """
        a, b = self.find(a), self.find(b)
        if a == b:
            return True
        for name, other in ((b, a), (a, b)):
            if isinstance(name, str) and isinstance(other, int):
                return self._solve(name, other)
            if isinstance(name, str) and isinstance(other, str) and name.isidentifier() and not other.isidentifier():
                return name not in names_in(other) and self._know(name, other)
        gap = less(b, a)
        return gap == 0 or (isinstance(gap, str) and _is_remainder(gap) and self._know(gap, 0))  # m*n is n*m

    def _solve(self, dim: str, value: int) -> bool:
        """Make a dimension a number: the name in it, if it is a multiple of one name and a number."""
        if (line := _line(dim)) is None:
            return self._know(dim, value)
        name, times, number = line
        rest = value - number
        return rest % times == 0 and rest // times >= 0 and self._know(name, rest // times)

    def _know(self, dim: str, value: Dim) -> bool:
        """Note what a dimension is, unless it is too short for what is taken of it."""
        if isinstance(value, int) and value < self._least.get(dim, 0):
            return False
        self._known[dim] = value
        return True

    def at_least(self, dim: Dim, size: int) -> None:
        """Note that a dimension is no shorter than what a slice such as x[:5] takes of it."""
        dim = self.find(dim)
        if isinstance(dim, str) and size:
            dim, size = _least_of(dim, size)
            self._least[dim] = max(size, self._least.get(dim, 0))

    def has_some(self, dim: Dim) -> None:
        """Note that a dimension has an element: one is taken by its index, and where there is none that is an error."""
        self._indexed.add(self.find(dim))

    def is_some(self, dim: Dim) -> bool:
        """Whether a size can't be 0: a product of sizes of which elements are taken.

        >>> dims = Dims()
        >>> dims.at_least("n", 3), dims.has_some("k")
        (None, None)
        >>> dims.is_some("2*n"), dims.is_some("k*n"), dims.is_some("m*n"), dims.is_some(0)
        (True, True, False, False)
        """
        terms = list(polynomial(dim).items())
        return (
            len(terms) == 1
            and terms[0][1] > 0
            and all(name in self._indexed or self._least.get(name, 0) > 0 for name in terms[0][0])
        )

    def fits(self, part: Dim, whole: Dim) -> bool:
        """Whether one size is at most another; where the names alone don't say so, that is asked for at the call.

        >>> dims = Dims()
        >>> dims.fits("2*n", "4*n"), dims.fits("n//2", "n"), dims.fits(3, 2), dims.demands()
        (True, True, False, [])
        >>> dims.fits("m", "n"), dims.fits(1, "k"), dims.demands()
        (True, True, [('n - m', '>=', 0), ('k', '>=', 1)])
        """
        gap = less(self.find(whole), self.find(part))
        if isinstance(gap, int):
            return gap >= 0
        if not _is_never_below_0(gap):
            dim, size = _least_of(gap, 0)
            self._least[dim] = max(size, self._least.get(dim, size))
        return True

    def demands(self) -> list[tuple[str, str, int]]:
        """What must hold of sizes though no declaration says so, as a size, a sign and a number.

        They are at least (">=") as long as a slice that is taken of them, or of the one length ("==") that fits.
        """
        found = [(self.find(dim), ">=", size) for dim, size in self._least.items()]
        for dim, value in self._known.items():
            if isinstance(value, int) and not dim.isidentifier():
                found.append((_written(polynomial(dim, self._known)), "==", value))
        return [(dim, sign, size) for dim, sign, size in found if isinstance(dim, str)]

    def unify_shapes(self, a: Shape, b: Shape) -> bool:
        return len(a) == len(b) and all(self.unify(p, q) for p, q in zip(a, b, strict=True))

    def broadcast(self, *shapes: Shape) -> Shape:
        """The common shape, as NumPy has it; `ShapeError` names the axis that has none."""
        out: Shape = ()
        for position, shape in enumerate(shapes):
            if shape == out or not shape:
                continue
            if not out:
                out = shape
                continue
            bad = self.clash(out, shape)
            if bad is not None:
                axis, p, q = bad
                raise ShapeError(
                    f"shapes {show(self.resolve(out))} and {show(self.resolve(shape))} do not broadcast: "
                    f"axis {axis} has sizes {p} and {q}",
                    args_at_fault=(0, position),
                )
            out = self._join(out, shape)
        return self.resolve(out)

    def clash(self, a: Shape, b: Shape) -> tuple[int, Dim, Dim] | None:
        """Unify what must agree; the first axis (of the longer shape) that cannot, with both sizes."""
        rank = max(len(a), len(b))
        for back in range(1, min(len(a), len(b)) + 1):
            p, q = self.find(a[-back]), self.find(b[-back])
            if p != 1 and q != 1 and not self.unify(p, q):
                return rank - back, p, q
        return None

    def _join(self, a: Shape, b: Shape) -> Shape:
        if len(a) < len(b):
            a, b = b, a
        lead = len(a) - len(b)
        return a[:lead] + tuple(q if self.find(p) == 1 else p for p, q in zip(a[lead:], b, strict=True))


def show(shape: Shape) -> str:
    """A shape as NumPy prints one.

    >>> show(("n", 3)), show(("n",)), show(())
    ('(n, 3)', '(n,)', '()')
    """
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
