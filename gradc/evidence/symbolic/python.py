"""SymPy's expressions as Python text, or only its size: exact at any size, however much of it is shared.

An expression is printed as a tree. Its size as a tree is counted over its distinct parts, with whole numbers, so that
a text of 1e18 characters is measured as easily as one of ten; the text itself is kept while it is short.

>>> from sympy.abc import x, y
>>> sized = Sized()
>>> sized.of((x - 2)**2/y - x)
Piece(ops=4, chars=16, precedence=9, text='(x - 2)**2/y - x')
>>> big = x
>>> for _ in range(60):
...     big = y*big*(1 - big)
>>> f"{float(Sized().of(big).ops):.1e}"
'3.2e+18'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradc.evidence.symbolic.expressions import Expr, is_half, parts
from gradc.ops.table import PRECEDENCE

# A longer text is not kept, only its size.
LONGEST = 200_000

_FUNCTIONS = {"Abs": "abs", "Max": "max", "Min": "min", "loggamma": "math.lgamma"}
_RELATIONS = {"Greater": ">", "GreaterEqual": ">=", "Less": "<", "LessEqual": "<=", "Equal": "==", "Unequal": "!="}
_CONSTANTS = {"Exp1": "math.e", "Pi": "math.pi", "Infinity": "math.inf", "NegativeInfinity": "-math.inf"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A printed expression: its operations, its characters, how tightly it binds, and its text if that is short."""

    ops: int
    chars: int
    precedence: int
    text: str | None

    def within(self, kind: str) -> Piece:
        """The piece where nothing that binds less tightly may stand."""
        if self.precedence >= PRECEDENCE[kind]:
            return self
        return _joined("atom", 0, ["(", self, ")"])


def _joined(kind: str, ops: int, pieces: Iterable[str | Piece]) -> Piece:
    """Pieces one after the other, with operations of their own."""
    chars, text = 0, ""
    keep = True
    for piece in pieces:
        if isinstance(piece, str):
            chars += len(piece)
            text += piece
            continue
        ops += piece.ops
        chars += piece.chars
        keep = keep and piece.text is not None
        if keep:
            text += piece.text or ""
    return Piece(ops, chars, PRECEDENCE[kind], text if keep and chars <= LONGEST else None)


def _chain(kind: str, symbol: str, pieces: Sequence[Piece]) -> Piece:
    """Pieces with an operator between them."""
    spaced: list[str | Piece] = []
    for piece in pieces:
        spaced += [symbol, piece] if spaced else [piece]
    return _joined(kind, len(pieces) - 1, spaced) if len(pieces) > 1 else pieces[0]


class Sized:
    """Prints expressions; what was printed once is known."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Expr, Piece]] = {}

    def of(self, expression: Expr) -> Piece:
        """An expression as Python."""
        for node in parts([expression]):
            if id(node) not in self.known:
                self.known[id(node)] = (node, self._node(node))
        return self.known[id(expression)][1]

    def _get(self, node: Expr) -> Piece:
        return self.known[id(node)][1]

    def _node(self, node: Expr) -> Piece:
        if node.is_Rational:
            return _fraction(int(node.p), int(node.q))
        if node.is_Symbol:
            return _joined("atom", 0, [node.name])
        if node.is_Add:
            return self._sum(node)
        if node.is_Mul:
            return self._product(node)
        if node.is_Pow:
            return self._product(node) if _is_divisor(node) else self._power(node.base, node.exp)
        return self._function(node)

    def _sum(self, node: Expr) -> Piece:
        """Terms with their signs, one that is positive first if there is one."""
        terms = [(True, self._product(arg, -1)) if _is_negative(arg) else (False, self._get(arg)) for arg in node.args]
        terms.sort(key=lambda term: term[0])
        pieces: list[str | Piece] = []
        for negative, piece in terms:
            between = " - " if negative else " + "
            pieces += [between if pieces else "-" * negative, piece.within("mul")]
        unary = int(terms[0][0] and not _starts_with_number(terms[0][1]))
        return _joined("add", len(terms) - 1 + unary, pieces)

    def _product(self, node: Expr, sign: int = 1) -> Piece:
        """A coefficient, what multiplies and what divides."""
        factors = list(node.args) if node.is_Mul else [node]
        p, q = sign, 1
        above: list[Piece] = []
        below: list[Piece] = []
        for factor in factors:
            if factor.is_Rational:
                p, q = p * int(factor.p), q * int(factor.q)
            elif _is_divisor(factor):
                below.append(self._power(factor.base, -factor.exp).within("unary"))
            else:
                above.append(self._get(factor).within("unary"))
        if abs(p) != 1 or not above:
            above.insert(0, _fraction(abs(p), 1))
        if q != 1:
            below.insert(0, _fraction(q, 1))
        out = _chain("mul", "*", above)
        if below:
            under = _chain("mul", "*", below)
            out = _joined("mul", 1, [out.within("mul"), "/", under.within("unary")])
        if p >= 0:
            return out
        return _joined("unary", int(not _starts_with_number(out)), ["-", out.within("mul")])

    def _power(self, base: Expr, exponent: Expr) -> Piece:
        if exponent == 1:
            return self._get(base)
        if is_half(exponent):
            return _joined("atom", 1, ["math.sqrt(", self._get(base), ")"])
        written = _fraction(int(exponent.p), int(exponent.q)) if exponent.is_Rational else self._get(exponent)
        return _joined("pow", 1, [self._get(base).within("atom"), "**", written.within("unary")])

    def _function(self, node: Expr) -> Piece:
        name = type(node).__name__
        args = [self._get(arg) for arg in node.args]
        if name in _CONSTANTS:
            return _joined("atom", 0, [_CONSTANTS[name]])
        if name in _RELATIONS:
            return _joined("compare", 1, [args[0].within("add"), f" {_RELATIONS[name]} ", args[1].within("add")])
        if name == "Select":
            c, x, y = args[0].within("or"), args[1].within("or"), args[2].within("cond")
            return _joined("cond", 1, [x, " if ", c, " else ", y])
        if name in ("And", "Or"):
            return _joined(name.lower(), 0, [args[0].within("not"), f" {name.lower()} ", args[1].within("not")])
        if name == "Not":
            return _joined("not", 0, ["not ", args[0].within("not")])
        if name == "sign":
            return _joined("atom", 1, ["math.copysign(1.0, ", args[0], ")"])
        commas: list[str | Piece] = [_FUNCTIONS.get(name, f"math.{name}"), "("]
        for k, arg in enumerate(args):
            commas += [", ", arg] if k else [arg]
        return _joined("atom", 1, [*commas, ")"])


def _fraction(p: int, q: int) -> Piece:
    if q == 1:
        return _joined("unary" if p < 0 else "atom", 0, [str(p)])
    return _joined("mul", 0, [f"{p}/{q}"])  # a number as it is written


def _is_divisor(node: Expr) -> bool:
    """Whether a factor is written below the line."""
    return bool(node.is_Pow and node.exp.is_Rational and node.exp.p < 0)


def _is_negative(node: Expr) -> bool:
    """Whether a term is written with a minus."""
    leading = node.args[0] if node.is_Mul else node
    return bool(leading.is_Rational and leading.p < 0)


def _starts_with_number(piece: Piece) -> bool:
    """Whether a minus before the piece belongs to a literal, and is free."""
    return piece.text is not None and piece.text[:1].isdigit()
