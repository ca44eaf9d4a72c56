"""A statement into those in which one thing that stands there is another: a sign, a transpose, an axis, a name."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np

from gradc.evidence.grade.diagnose import (
    MASK,
    MEAN,
    POINT,
    SIGN,
    SLOPE,
    SUM_TOO_MANY,
    SUM_WRONG,
    TRANSPOSED,
    factor,
)
from gradc.evidence.grade.text import (
    DOTS,
    FRONT,
    HANDED,
    Change,
    Statement,
    Text,
    alike,
    factored,
    is_length,
    is_size,
    reads_size,
    short,
    terms,
    tight,
    walked,
)

# So many elements of a tuple are swapped, and so many names are tried for one.
TUPLE, OTHERS = 8, 24
# What speaks against a sign inside of a factor, and against an adjoint in place of a value, or the other way round.
INSIDE, ACROSS = 0.3, 0.5
OTHER_WAY = "the difference is the other way round"
_SUMS = {"sum": "mean", "mean": "sum"}
_CALLS = {"sin": "cos", "cos": "sin", "max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum",
          "tanh": "sigmoid", "sigmoid": "tanh", "ones_like": "zeros_like", "zeros_like": "ones_like",
          "exp": "log", "log": "exp", "hstack": "vstack", "vstack": "hstack"}  # fmt: skip
_COMPARED = {
    ast.Gt: ("<", "<=", ">="),
    ast.Lt: (">", ">=", "<="),
    ast.GtE: ("<", ">"),
    ast.LtE: (">", "<"),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
}


class Slips(Statement):
    """The changes of one statement that turn what is there into something else."""

    def changes(self) -> list[Change]:
        found: list[Change] = []
        for root in self.roots:
            found += self._whole(root)
            found += self._undivided(root)
            found += self._slopes(root)
            masks = {id(n) for c in ast.walk(root) if isinstance(c, ast.Compare) for n in ast.walk(c)}
            if self.roots[0] is root or not isinstance(self.roots[0], (ast.Tuple, ast.List)):
                for node, above, linear, deep in walked(root):
                    for change in self._node(node, above):
                        whole = change.detail == OTHER_WAY  # the negative of a factor is that of the whole
                        told = change.word != SIGN or (linear and (whole or not deep or _is_negation(change, node)))
                        word = MASK if id(node) in masks else change.word if told else SLOPE
                        found.append(change._replace(word=word, cost=change.cost + INSIDE * (not told)))
            if not isinstance(root, ast.Tuple):
                found += self._everywhere(root)
        if isinstance(self.s, ast.AugAssign) and isinstance(self.s.op, (ast.Mult, ast.Div)):
            found += self._scales(self.s.value)
        for target in getattr(self.s, "targets", [getattr(self.s, "target", None)]):
            for node in ast.walk(target) if target is not None else ():
                if isinstance(node, ast.Subscript):
                    found += self._subscript(node)
                elif isinstance(node, (ast.Compare, ast.UnaryOp)):
                    found += [change._replace(word=MASK) for change in self._node(node, None)]
                    names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
                    found += [change._replace(word=MASK) for n in names for change in self._named(n, node)]
        return found

    def _whole(self, root: ast.expr) -> Iterator[Change]:
        of = self.text.of(root)
        handed = HANDED if self.hands_on(root) else 0.0
        if isinstance(root, ast.UnaryOp) and isinstance(root.op, ast.USub):
            yield Change(root, self.text.of(root.operand), SIGN, "it has the wrong sign", 0.8)
        elif not isinstance(root, ast.Compare):
            yield Change(root, f"-({of})", SIGN, "it has the wrong sign", 1.0 + handed)
        if isinstance(root, (ast.Name, ast.Attribute, ast.Subscript)):
            yield Change(root, f"({of}).copy()", POINT, "it is the same array, and changes with it", 1.6)
        if not isinstance(root, (ast.Constant, ast.Tuple)):
            yield Change(
                root,
                f"{of}*2" if tight(root) else f"({of})*2",
                factor(2.0),
                "it is half what it should be",
                1.6 + handed,
            )
            yield Change(root, f"({of})/2", factor(2.0), "it is 2 times what it should be", 1.6 + handed)
            yield Change(root, f"({of}).T", TRANSPOSED, "it is transposed", 1.5 + handed)

    def _undivided(self, root: ast.expr) -> Iterator[Change]:
        """The mean forgotten: every term over every length at hand."""
        if isinstance(root, (ast.Compare, ast.Constant, ast.Tuple)) or isinstance(self.s, (ast.If, ast.While)):
            return
        for term in terms(root):
            for size in self.sizes():
                told = f"the division by {size} is missing"
                cost = 1.2 + 0.05 * (not size.isidentifier()) + 0.1 * (isinstance(term, ast.Name) and term is not root)
                cost += HANDED * (term is root and self.hands_on(root))
                yield Change(term, f"({self.text.of(term)})/{size}", MEAN, told, cost)

    def _slopes(self, root: ast.expr) -> Iterator[Change]:
        """The slope of tanh for that of sigmoid, and the other way round."""
        for term in terms(root):
            factors = list(factored(term))
            for one, other in itertools.permutations(factors, 2):
                if ast.unparse(other) in (f"1 - {ast.unparse(one)}", f"1.0 - {ast.unparse(one)}"):
                    rest = [self.text.of(each) for each in factors if each is not one and each is not other]
                    if _is_product(term):
                        new = "*".join([*(f"({each})" for each in rest), f"(1 - {self.text.of(one)}**2)"])
                        yield Change(
                            term,
                            new,
                            SLOPE,
                            f"the slope is that of another gate: 1 - {short(self.text.of(one))}**2",
                            1.3,
                        )
            for one in factors:
                base = _of_tanh(one)
                if base is not None:
                    x = self.text.of(base)
                    yield Change(
                        one,
                        f"({x})*(1 - ({x}))",
                        SLOPE,
                        f"the slope is that of another gate: {short(x)}*(1 - {short(x)})",
                        1.3,
                    )

    def _scales(self, node: ast.expr) -> Iterator[Change]:
        yield Change(node, "1", SLOPE, "this factor is too many", 1.8)
        if is_length(node) or is_size(self.values.get(ast.unparse(node), _NONE)):
            of = self.text.of(node)
            yield Change(node, f"{of}*{of}", MEAN, f"{of} stands for {of}*{of}", 1.0)

    def _node(self, node: ast.AST, above: ast.AST | None) -> Iterator[Change]:
        if isinstance(node, ast.BinOp):
            yield from self._operation(node)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Invert, ast.Not)):
            word = SIGN if isinstance(node.op, ast.USub) else MASK
            yield Change(node, self.text.of(node.operand), word, "it has the wrong sign", 0.8)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            a, b = self.text.of(node.left), self.text.of(node.comparators[0])
            for k, op in enumerate(_COMPARED.get(type(node.ops[0]), ())):
                yield Change(node, f"{a} {op} {b}", MASK, "the comparison is another", 0.9 + 0.1 * k)
        elif isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, ast.Subscript):
            yield from self._subscript(node)
        elif isinstance(node, (ast.Tuple, ast.List)):
            joined = isinstance(above, ast.Call) and not self.hands_on(above)
            yield from self._elements(node, node.elts, 1.3 if joined else 1.8)
        elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value is not True:
            if not isinstance(above, (ast.keyword, ast.Slice, ast.Subscript)):
                yield from self._number(node, above)
        elif isinstance(node, ast.Attribute) and node.attr == "T":
            yield Change(node, self.text.of(node.value), TRANSPOSED, "a factor is transposed", 1.0)
        if is_length(node) or (isinstance(node, ast.Name) and is_size(self.values.get(node.id, _NONE))):
            yield from self._lengths(node, above)
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Load):
            yield from self._named(node, above)

    def _operation(self, node: ast.BinOp) -> Iterator[Change]:
        left, right = self.text.of(node.left), self.text.of(node.right)
        op = type(node.op)
        if op in (ast.Add, ast.Sub):
            other = "-" if op is ast.Add else "+"
            yield Change(node, f"{left} {other} ({right})", SIGN, f"{short(right)} has the wrong sign", 0.9)
            yield Change(node, left, SLOPE, f"{short(right)} is too many", 2.2)
            yield Change(node, right if op is ast.Add else f"-({right})", SLOPE, f"{short(left)} is too many", 2.2)
            if op is ast.Sub:
                yield Change(node, f"{right} - ({left})", SIGN, OTHER_WAY, 0.7)
        elif op is ast.Mult:
            yield Change(node, f"({left})/({right})", SLOPE, "it is multiplied, and has to be divided", 1.5)
            yield Change(node, left, *self._dropped(node.right, right), 1.7)
            yield Change(node, right, *self._dropped(node.left, left), 1.8)
            yield Change(node, f"({left}) + ({right})", SLOPE, "it is multiplied, and has to be added", 2.4)
        if op in (ast.Mult, ast.Div) and isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add):
            sign, told = ("*", "multiplied by") if op is ast.Mult else ("/", "divided by")
            a, b = self.text.of(node.left.left), self.text.of(node.left.right)
            word, _ = self._dropped(node.right, right, over=op is ast.Div)
            for new, alone in ((f"({a}){sign}({right}) + ({b})", a), (f"({a}) + ({b}){sign}({right})", b)):
                yield Change(node, new, word, f"only {short(alone)} is to be {told} {short(right)}", 1.3)
        if op in (ast.Div, ast.FloorDiv):
            if op is ast.FloorDiv:
                yield Change(node, f"({left})/({right})", SLOPE, "the division rounds to a whole number", 0.6)
            yield Change(node, f"({left})*({right})", SLOPE, "it is divided, and has to be multiplied", 1.5)
            yield Change(node, left, *self._dropped(node.right, right, over=True), 1.7)
            yield Change(node, f"({right})/({left})", SLOPE, "the quotient is the other way round", 1.6)
        elif op is ast.Pow:
            yield Change(node, left, SLOPE, "the power is another", 1.4)
            for new in (f"({right}) + 1", f"({right}) - 1", f"-({right})"):
                yield Change(node.right, new, SLOPE, "the power is another", 1.2)
        elif op is ast.MatMult:
            yield from self._product(node, node.left, node.right)

    def _dropped(self, node: ast.AST, text: str, over: bool = False) -> tuple[str, str]:
        """The word for a factor that is too many."""
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value:
            return factor(1 / float(node.value) if over else float(node.value)), f"the factor {text} is too many"
        value = self.values.get(ast.unparse(node))
        if (value is not None and is_size(value)) or reads_size(node):
            return MEAN, f"{'/' if over else '*'}{text} is too many"
        return SLOPE, f"the factor {short(text)} is too many"

    def _product(self, node: ast.expr, a: ast.expr, b: ast.expr) -> Iterator[Change]:
        x, y = self.text.of(a), self.text.of(b)
        xt, yt = self._turned(a), self._turned(b)
        for k, (p, q) in enumerate(((xt, y), (x, yt), (y, x), (xt, yt), (yt, x), (y, xt), (yt, xt))):
            yield Change(
                node, f"({p}) @ ({q})", TRANSPOSED, "a factor is transposed, or the order is another", 0.9 + 0.1 * k
            )

    def _turned(self, node: ast.expr) -> str:
        if isinstance(node, ast.Attribute) and node.attr == "T":
            return self.text.of(node.value)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("t", "transpose")
            and not node.args
        ):
            return self.text.of(node.func.value)
        return f"({self.text.of(node)}).T"

    def _call(self, node: ast.Call) -> Iterator[Change]:
        func = node.func
        called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        args = node.args
        method = isinstance(func, ast.Attribute) and not (
            isinstance(func.value, ast.Name) and func.value.id in ("np", "numpy", "torch", "math", "jnp")
        )
        if called in DOTS and len(args) == 1 and isinstance(func, ast.Attribute):
            yield from self._product(node, func.value, args[0])
        elif called in DOTS and len(args) == 2:
            yield from self._product(node, args[0], args[1])
        elif called == "outer" and len(args) == 2:
            yield Change(node, f"({self.text.of(node)}).T", TRANSPOSED, "the outer product is the other way round", 0.9)
        if called == "einsum" and args and isinstance(args[0], ast.Constant) and isinstance(args[0].value, str):
            yield from _letters(args[0])
        if called in ("add", "subtract", "multiply", "divide") and len(args) == 2:
            sign = {"add": "-", "subtract": "+", "multiply": "/", "divide": "*"}[called]
            word = SIGN if called in ("add", "subtract") else SLOPE
            yield Change(
                node, f"({self.text.of(args[0])}) {sign} ({self.text.of(args[1])})", word, "another operation", 1.2
            )
        if called in _SUMS:
            other = _SUMS[called]
            yield Change(node, _renamed(self.text, node, other), MEAN, f"{called} stands for {other}", 1.0)
            yield from self._reduced(node, method)
        elif called in _CALLS and isinstance(func, (ast.Attribute, ast.Name)):
            yield Change(
                node, _renamed(self.text, node, _CALLS[called]), SLOPE, f"{called} stands for {_CALLS[called]}", 1.4
            )
        if called in ("where", "maximum", "minimum", "subtract", "divide", "outer") and len(args) >= 2:
            i, j = (1, 2) if called == "where" and len(args) == 3 else (0, 1)
            if called in ("where", "subtract", "divide"):
                word = MASK if called == "where" else SLOPE
                yield Change(node, _swapped(self.text, node, args[i], args[j]), word, "the other way round", 1.0)
        elif len(args) == 2 and called not in DOTS:
            yield Change(
                node, _swapped(self.text, node, args[0], args[1]), SLOPE, "the arguments are the other way round", 2.0
            )
        if called in ("exp", "tanh", "sigmoid", "sqrt", "log", "abs", "copy", "sign", "square") and args:
            yield Change(node, self.text.of(args[0]), SLOPE, f"{called} is too many", 2.0)

    def _reduced(self, node: ast.Call, method: bool) -> Iterator[Change]:
        """Other axes."""
        before = 0 if method else 1
        axis = next((k.value for k in node.keywords if k.arg in ("axis", "dim")), None)
        if axis is None and len(node.args) > before:
            axis = node.args[before]
        if axis is not None:
            for new in ("0", "1", "2", "None"):
                if new != self.text.of(axis):
                    yield Change(
                        axis,
                        new,
                        SUM_WRONG,
                        f"it is summed over axis {self.text.of(axis)}",
                        0.9 + 0.1 * (new in "2None"),
                    )
        else:
            call = self.text.of(node)
            for new in ("axis=0", "axis=1", "axis=-1, keepdims=True"):
                open_ = call.rstrip()[:-1].rstrip()
                comma = "" if open_.endswith(("(", ",")) else ", "
                yield Change(node, f"{open_}{comma}{new})", SUM_TOO_MANY, "it is summed over all axes", 1.1)
        of = (
            self.text.of(node.func.value)
            if method and isinstance(node.func, ast.Attribute)
            else self.text.of(node.args[0])
            if node.args
            else ""
        )
        if of:
            yield Change(node, of, SUM_TOO_MANY, "it is summed", 1.5)
        keep = next((k for k in node.keywords if k.arg in ("keepdims", "keepdim")), None)
        if keep is not None:
            yield Change(keep.value, "not " + self.text.of(keep.value), SUM_WRONG, "keepdims is another", 1.4)
        else:
            open_ = self.text.of(node).rstrip()[:-1].rstrip()
            comma = "" if open_.endswith(("(", ",")) else ", "
            yield Change(node, f"{open_}{comma}keepdims=True)", SUM_WRONG, "keepdims is missing", 1.5)

    def _everywhere(self, root: ast.expr) -> Iterator[Change]:
        """A name for another, wherever it stands."""
        counts: dict[str, int] = {}
        for node in ast.walk(root):
            if isinstance(node, ast.Name):
                counts[node.id] = counts.get(node.id, 0) + 1
        whole = self.text.of(root)
        for name, count in counts.items():
            value = self.values.get(name)
            if count < 2 or value is None or is_size(value):
                continue
            for other in [o for o in self.values if o != name and alike(self.values[o], value)][:OTHERS]:
                new = re.sub(rf"(?<![\w.]){name}(?!\w)", other, whole)
                yield Change(root, new, SLOPE, f"{name} stands for {other}", 1.5)

    def _lengths(self, node: ast.AST, above: ast.AST | None) -> Iterator[Change]:
        """Another length."""
        mine = ast.unparse(node)
        if isinstance(above, ast.BinOp) and isinstance(above.op, (ast.Mult, ast.Div)):
            for other in (f"{mine} - 1", f"{mine}*{mine}"):
                yield Change(node, other, MEAN, f"{short(mine)} stands for {other}", 1.3)
        for size in self.sizes():
            if size != mine:
                word = MEAN if above is None or isinstance(above, ast.BinOp) else SLOPE
                yield Change(node, size, word, f"{short(mine)} stands for {size}", 1.25)

    def _subscript(self, node: ast.Subscript) -> Iterator[Change]:
        """Indices and ends of slices that are off by one."""
        told = "an index is off by one"
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for part in parts:
            if isinstance(part, ast.Slice):
                for end in (part.lower, part.upper):
                    if end is not None:
                        for new in (f"{self.text.of(end)} - 1", f"{self.text.of(end)} + 1", "None"):
                            yield Change(end, new, SLOPE, told, 1.2)
                if part.lower is None and part.upper is None:
                    continue
                of = self.text.of(part)
                if part.upper is None and part.step is None:
                    yield _raw(part, f"{of}-1" if of.endswith(":") else of, told)
                if part.lower is None and part.step is None:
                    yield _raw(part, f"1{of}", told)
                if part.lower is not None and part.upper is not None and part.step is None:
                    low, high = self.text.of(part.lower), self.text.of(part.upper)
                    yield _raw(part, f"({low})+({high}):", told)
            elif isinstance(part, (ast.Name, ast.BinOp)) or (
                isinstance(part, ast.Constant) and isinstance(part.value, int) and not isinstance(part.value, bool)
            ):
                value = self.values.get(ast.unparse(part), _NONE)
                if value.ndim and np.all((value == 0) | (value == 1)):
                    yield Change(part, f"~{self.text.of(part)}", MASK, "the mask is the other way round", 1.0)
                    continue
                for new in (f"{self.text.of(part)} - 1", f"{self.text.of(part)} + 1"):
                    yield Change(part, new, SLOPE, told, 1.3)
                if isinstance(part, ast.BinOp):
                    yield Change(part, self.text.of(part.left), SLOPE, told, 1.1)
        for i, j in itertools.combinations(range(len(parts) if len(parts) <= 4 else 0), 2):
            texts = [*map(self.text.of, parts)]
            texts[i], texts[j] = texts[j], texts[i]
            yield _raw(node.slice, ", ".join(texts), "the indices are the other way round", 1.6)

    def _elements(self, node: ast.AST, elts: Sequence[ast.expr], cost: float) -> Iterator[Change]:
        if 2 <= len(elts) <= TUPLE and not any(isinstance(e, (ast.Starred, ast.Constant)) for e in elts):
            for a, b in itertools.combinations(elts, 2):
                yield Change(node, _swapped(self.text, node, a, b), SLOPE, "the order is another", cost)

    def _number(self, node: ast.Constant, above: ast.AST | None) -> Iterator[Change]:
        value = node.value
        assert isinstance(value, (int, float))
        power = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Pow) and above.right is node
        product = (isinstance(above, ast.BinOp) and isinstance(above.op, (ast.Mult, ast.Div))) or not isinstance(
            above, ast.BinOp
        )
        over = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Div) and above.right is node
        if isinstance(above, ast.Compare):
            yield Change(node, "0", MASK, f"{value} stands for 0", 1.1)
        if above is None and value:
            yield Change(node, "0", MASK, f"{value} stands for 0", 1.2)
        others = (-value, 2 * value, value / 2, 1, 2, 0.5, value + 1, value - 1, 3, 4, 0.25, 3 * value)
        for new in dict.fromkeys((*others, *self.text.numbers)):
            if new == value or not new or power:
                continue
            ratio = new / value if over else value / new if value else 0.0
            word = SIGN if ratio == -1 else factor(ratio) if product and ratio else SLOPE
            if product and abs(value) == 1 and self._is_length(abs(new)):
                word = MEAN
            usual = new in (1, 2, 0.5) or new in (2 * value, value / 2)
            yield Change(node, repr(new), word, f"{value} stands for {new:g}", 1.1 if usual else 1.7)

    def _is_length(self, n: float) -> bool:
        return n > 2 and any(n in value.shape or (is_size(value) and n == value) for value in self.values.values())

    def _named(self, node: ast.Name | ast.Attribute | ast.Subscript, above: ast.AST | None) -> Iterator[Change]:
        """Another name, a power of it, its complement."""
        if isinstance(above, ast.Call) and above.func is node:
            return
        mine = ast.unparse(node)
        value = self.values.get(mine)
        if value is None:
            return
        others = [o for o in self.values if o != mine and alike(self.values[o], value)]
        for other in sorted(others, key=lambda o: self.cross(mine, o))[:OTHERS]:
            word, told = SLOPE, f"{short(mine)} stands for {other}"
            if is_size(value) and is_size(self.values[other]) and (above is None or isinstance(above, ast.BinOp)):
                word = MEAN
            yield Change(node, other, word, told, 1.3 + ACROSS * self.cross(mine, other))
        if is_size(value):
            return
        squared = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Pow)
        if not squared and not self.is_back(mine):
            yield Change(node, f"{mine}**2", SLOPE, f"{short(mine)} has to be squared", 1.4)
            yield Change(node, f"1 - {mine}", SLOPE, f"{short(mine)} stands for 1 - {mine}", 1.8)
        if self.sides.get(mine) == FRONT and value.size > 1 and not isinstance(above, ast.Call):
            for form in (f"np.tanh({mine})", f"1/(1 + np.exp(-{mine}))", f"np.exp({mine})"):
                yield Change(node, form, SLOPE, f"{short(mine)} stands for {form}", 1.9)
        handed = HANDED * (above is None or isinstance(above, (ast.Tuple, ast.List)))
        yield Change(node, f"-{mine}", SIGN, f"{short(mine)} has the wrong sign", 1.2 + handed)


_NONE = np.zeros(())


def _letters(node: ast.Constant) -> Iterator[Change]:
    """Two indices of one operand of an einsum for each other, or of its result."""
    text = str(node.value)
    for part in dict.fromkeys(re.findall(r"[a-zA-Z]{2,}", text)):
        for a, b in itertools.combinations(part, 2):
            new = part.translate({ord(a): b, ord(b): a})
            at = text.rfind(part)
            yield Change(
                node,
                repr(text[:at] + new + text[at + len(part) :]),
                TRANSPOSED,
                f"the indices {part} stand for {new}",
                1.2,
            )


def _is_product(term: ast.expr) -> bool:
    """Whether all factors multiply."""
    divisions = (n for n in ast.walk(term) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div))
    return not any(divisions)


def _of_tanh(node: ast.expr) -> ast.expr | None:
    """x of `1 - x**2` and `1 - x*x`."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and ast.unparse(node.left) in ("1", "1.0")):
        return None
    square = node.right
    if isinstance(square, ast.BinOp) and isinstance(square.op, ast.Pow) and ast.unparse(square.right) == "2":
        return square.left
    if isinstance(square, ast.BinOp) and isinstance(square.op, ast.Mult):
        return square.left if ast.unparse(square.left) == ast.unparse(square.right) else None
    return None


def _is_negation(change: Change, node: ast.AST) -> bool:
    """Whether a change takes a minus away or puts one before a whole factor."""
    return isinstance(node, (ast.UnaryOp, ast.Constant)) or change.new.startswith("-")


def _raw(node: ast.AST, new: str, told: str, cost: float = 1.2) -> Change:
    return Change(node, "\0" + new, SLOPE, told, cost)


def _renamed(text: Text, node: ast.Call, new: str) -> str:
    """A call of another function of the same place."""
    whole, func = text.of(node), text.of(node.func)
    dot = func.rfind(".")
    return func[: dot + 1] + new + whole[len(func) :]


def _swapped(text: Text, node: ast.AST, a: ast.expr, b: ast.expr) -> str:
    start, _ = text.span(node)
    (a0, a1), (b0, b1) = sorted((text.span(a), text.span(b)))
    _, end = text.span(node)
    whole = text.whole
    return (whole[start:a0] + whole[b0:b1] + whole[a1:b0] + whole[a0:a1] + whole[b1:end]).decode()
