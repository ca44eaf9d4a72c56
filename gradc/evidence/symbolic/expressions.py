"""SymPy's expressions as elements: the program as one formula, its derivative by SymPy's rules, values in 50 digits.

SymPy walks an expression as a tree, which doubles its work at every part that is used twice. What is done here is done
once for each part instead: its own rules differentiate a node whose arguments' derivatives are known already.
Branches are functions of their own (`Select`, `Max`, `Abs`), with slopes that choose: SymPy's would ask whether every
argument is real.
"""

from __future__ import annotations

import keyword
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradc.evidence.symbolic.digits import DIGITS, Digits
from gradc.evidence.symbolic.elements import Value, array
from gradc.evidence.symbolic.steps import Written

# A float that is a fraction with a denominator up to this is that fraction; any other stands as a symbol with a value.
LARGEST_DENOMINATOR = 64
# SymPy recurses a few frames deep into functions of functions.
DEEPEST = 20_000
# A value is computed with 70 digits, 140, 280 and so on, until two agree to this, or are smaller than any float.
LEVELS, AGREE, SMALLEST = 5, 1e-25, 1e-330

Expr = Any  # SymPy ships no types
Numbers = Mapping[Expr, tuple[float, float]]  # the product of two floats for each symbol
# What a printed expression may call.
_RESERVED = {"math", "abs", "max", "min"}
_RELATIONS = {">": "Greater", ">=": "GreaterEqual", "<": "Less", "<=": "LessEqual", "==": "Equal", "!=": "Unequal"}


class Expressions:
    """The algebra of SymPy's expressions. `constants` are the numbers that stand as symbols."""

    def __init__(self) -> None:
        import sympy

        sys.setrecursionlimit(DEEPEST)
        self.sympy = sympy
        self.gate = 0
        self.constants: dict[Expr, float] = {}
        self.select = self._function("Select", self._slope_of_select)
        self.words = self._words()

    def number(self, value: float) -> Expr:
        """A number, exactly; one that is no simple fraction as a symbol."""
        if value in (float("inf"), float("-inf")):
            return self.sympy.oo if value > 0 else -self.sympy.oo
        if value != value:
            return self.sympy.nan
        exact = Fraction(value)
        if exact.denominator <= LARGEST_DENOMINATOR:
            return self.sympy.Rational(exact.numerator, exact.denominator)
        symbol = self.sympy.Symbol(repr(abs(value)))
        self.constants[symbol] = abs(value)
        return symbol if value > 0 else -symbol

    def total(self, parts: Sequence[Expr]) -> Expr:
        return self.sympy.Add(*parts)

    def product(self, parts: Sequence[Expr]) -> Expr:
        return self.sympy.Mul(*parts)

    def extreme(self, parts: Sequence[Expr], largest: bool) -> Expr:
        best = parts[0]
        for part in parts[1:]:
            best = self.words["Max" if largest else "Min"](best, part)
        return best

    def inputs(self, program: Written) -> dict[str, Value]:
        """A symbol for each number of each input."""
        taken: set[str] = set()
        out: dict[str, Value] = {}
        for name, at in program.inputs.items():
            shape = program.steps[at].shape
            out[name] = array((self._symbol(name, index, taken) for index in np.ndindex(shape)), shape)
        return out

    def _symbol(self, name: str, index: tuple[int, ...], taken: set[str]) -> Expr:
        name = "_".join([name, *map(str, index)])
        while name in taken or name in _RESERVED or keyword.iskeyword(name):
            name += "_"
        taken.add(name)
        return self.sympy.Symbol(name)

    def _words(self) -> dict[str, Callable[..., Any]]:
        sp = self.sympy
        plain = "exp log sqrt sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf erfc erfinv "
        plain += "gamma loggamma digamma polygamma besseli besselj besselk bessely expint Ei lowergamma uppergamma "
        plain += "betainc_regularized beta"
        words = {word: getattr(sp, word) for word in [*plain.split(), "Rational"]}
        words |= {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}
        relations = {symbol: self._function(name, self._flat) for symbol, name in _RELATIONS.items()}
        words |= {"neg": operator.neg, **relations, "Eq": relations["=="], "Ne": relations["!="]}
        words |= {name: self._function(name, self._flat) for name in ("And", "Or", "Not", "sign", "floor", "ceiling")}
        words |= {"Abs": self._function("Abs", self._slope_of_abs), "Piecewise": self._piecewise}
        words |= {name: self._function(name, self._slope_of_extreme) for name in ("Max", "Min")}
        return words

    def _function(self, name: str, slope: Callable[[Expr, Expr], Expr]) -> Any:
        """A function of SymPy's with a rule of its own."""
        return type(name, (self.sympy.Function,), {"_eval_derivative": lambda node, symbol: slope(node, symbol)})

    def _flat(self, node: Expr, symbol: Expr) -> Expr:
        return self.sympy.S.Zero

    def _slope_of_select(self, node: Expr, symbol: Expr) -> Expr:
        c, x, y = node.args
        slopes = x.diff(symbol), y.diff(symbol)
        return slopes[0] if slopes[0] == slopes[1] else self.select(c, *slopes)

    def _slope_of_abs(self, node: Expr, symbol: Expr) -> Expr:
        return self.words["sign"](node.args[0]) * node.args[0].diff(symbol)

    def _slope_of_extreme(self, node: Expr, symbol: Expr) -> Expr:
        x, y = node.args
        first = self.words[">=" if type(node).__name__ == "Max" else "<="](x, y)
        return self.select(first, x.diff(symbol), y.diff(symbol))

    def _piecewise(self, x: Expr, c: Expr, y: Expr, otherwise: Expr) -> Expr:
        return self.select(c, x, y)


# ---- walks over the distinct parts of an expression --------------------------------------------


def parts(roots: Iterable[Expr]) -> list[Expr]:
    """The distinct parts of expressions, arguments first. Each is found once, however often it is used."""
    found: dict[int, Expr] = {}
    stack = [(root, False) for root in roots]
    while stack:
        node, ready = stack.pop()
        if ready:
            found[id(node)] = node
        elif id(node) not in found:
            stack.append((node, True))
            stack += [(arg, False) for arg in node.args if id(arg) not in found]
    return list(found.values())


def is_half(exponent: Expr) -> bool:
    """Whether a power is a square root."""
    return bool(exponent.is_Rational and exponent.p == 1 and exponent.q == 2)


class Derivatives:
    """The derivatives of an expression with respect to one symbol after the other, by SymPy's own rules."""

    def __init__(self, expression: Expr, symbols: Sequence[Expr]) -> None:
        import sympy

        self.nodes = parts([expression])
        self.expression, self.zero, self.one = expression, sympy.S.Zero, sympy.S.One
        self.known: dict[int, Expr] = {}
        self.steps = 0
        bits = {id(symbol): 1 << k for k, symbol in enumerate(symbols)}
        self.depends: dict[int, int] = {}
        for node in self.nodes:
            mask = bits.get(id(node), 0)
            for arg in node.args:
                mask |= self.depends[id(arg)]
            self.depends[id(node)] = mask
        self.bits = bits
        sympy.Expr.diff = self._diff
        sympy.Mul._eval_derivative, sympy.Pow._eval_derivative = _product_rule, _power_rule

    @property
    def _diff(self) -> Callable[..., Expr]:
        """What SymPy's rules get when they ask for the derivative of an argument."""
        known = self.known
        return lambda node, *symbols, **options: known[id(node)]

    def of(self, symbol: Expr) -> Expr:
        """The derivative with respect to a symbol."""
        bit = self.bits[id(symbol)]
        self.known.clear()
        for node in self.nodes:
            if node is symbol:
                self.known[id(node)] = self.one
            elif self.depends[id(node)] & bit:
                self.known[id(node)] = node._eval_derivative(symbol)
                self.steps += len(node.args)
            else:
                self.known[id(node)] = self.zero
        return self.known[id(self.expression)]


def _product_rule(node: Expr, symbol: Expr) -> Expr:
    """SymPy's own rule for a product, whose factors it would multiply one by one."""
    import sympy

    slopes = [arg.diff(symbol) for arg in node.args]
    terms = [sympy.Mul(*node.args[:k], slope, *node.args[k + 1 :]) for k, slope in enumerate(slopes) if slope]
    return sympy.Add(*terms)


def _power_rule(node: Expr, symbol: Expr) -> Expr:
    """SymPy's own rule for a power, which would ask for 0*log(base) whether the logarithm is finite."""
    import sympy

    slope, base, exponent = node.base.diff(symbol), node.base, node.exp
    rest = exponent.diff(symbol)
    return node * (rest * sympy.log(base) + slope * exponent / base) if rest else node * (slope * exponent / base)


class Values:
    """Expressions at points, in 50 digits; parts that expressions share are evaluated once.

    What cancels loses digits, so each value is computed twice, and with ever more digits until both agree.
    """

    def __init__(self, algebra: Expressions, points: Sequence[Numbers]) -> None:
        self.algebra, self.points = algebra, points
        self.levels: list[_Level] = []

    @property
    def steps(self) -> int:
        """How many numbers were computed."""
        return sum(level.steps for level in self.levels)

    def of(self, expression: Expr) -> list[Any]:
        """The values at each point."""
        last = self._level(0).of(expression)
        for k in range(1, LEVELS):
            here = self._level(k).of(expression)
            if all(map(_agree, last, here)):
                break
            last = here
        return here

    def _level(self, k: int) -> _Level:
        while len(self.levels) <= k:
            self.levels.append(_Level(self.algebra, self.points, DIGITS * 2 ** len(self.levels)))
        return self.levels[k]


def _agree(a: Any, b: Any) -> bool:
    """Whether two values are the same number, or no number at all, or too small for any float."""
    return bool(a == b or a != a or b != b or abs(a - b) < AGREE * abs(b) or max(abs(a), abs(b)) < SMALLEST)


class _Level:
    """Values with so many digits."""

    def __init__(self, algebra: Expressions, points: Sequence[Numbers], digits: int) -> None:
        self.digits = Digits(digits)
        self.known: dict[int, tuple[Expr, list[Any]]] = {}
        self.count, self.steps = len(points), 0
        for symbol in points[0] if points else ():
            self._keep(symbol, [self.digits.product(list(map(self.digits.number, point[symbol]))) for point in points])
        for symbol, value in algebra.constants.items():
            self._keep(symbol, [self.digits.number(value)] * self.count)

    def _keep(self, node: Expr, values: list[Any]) -> None:
        self.known[id(node)] = (node, values)  # the node too, or its id might become another's

    def of(self, expression: Expr) -> list[Any]:
        """The values at each point."""
        for node in self._unknown(expression):
            args = [self.known[id(arg)][1] for arg in node.args]
            function = self._function(node)
            points = zip(*args, strict=True) if args else [()] * self.count
            self.steps += max(1, len(args)) * self.count
            self._keep(node, [function(*each) for each in points])
        return self.known[id(expression)][1]

    def _unknown(self, expression: Expr) -> Iterator[Expr]:
        stack = [(expression, False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in self.known:
                continue
            if ready:
                yield node
            else:
                stack.append((node, True))
                stack += [(arg, False) for arg in node.args]

    def _function(self, node: Expr) -> Callable[..., Any]:
        """What a node does to the values of its arguments."""
        name, digits = type(node).__name__, self.digits
        if node.is_Add:
            return lambda *args: digits.total(args)
        if node.is_Mul:
            return lambda *args: digits.product(args)
        if node.is_Pow:
            return (lambda x, y: digits.words["sqrt"](x)) if is_half(node.exp) else digits.words["**"]
        if node.is_Rational:
            return lambda: digits.number(int(node.p)) / int(node.q)
        if name in _SINGLE:
            return lambda: _SINGLE[name](digits.mp)
        return digits.words[_WORDS.get(name, name)] if name != "Select" else lambda c, x, y: x if c else y


_SINGLE: dict[str, Callable[[Any], Any]] = {
    "Exp1": lambda mp: mp.e, "Pi": lambda mp: mp.pi, "Infinity": lambda mp: mp.inf,
    "NegativeInfinity": lambda mp: -mp.inf, "NaN": lambda mp: mp.nan, "ComplexInfinity": lambda mp: mp.nan,
    "ImaginaryUnit": lambda mp: mp.nan,
}  # fmt: skip
_WORDS = {name: symbol for symbol, name in _RELATIONS.items()}
