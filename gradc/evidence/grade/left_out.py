"""A statement into those in which something that may have been left out is put in: a factor, a term, a sum, a mask."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from gradc.evidence.grade.diagnose import MASK, MEAN, MISSING, SLOPE, SUM_MISSING, UPSTREAM, factor
from gradc.evidence.grade.names import bases
from gradc.evidence.grade.reference import Array
from gradc.evidence.grade.text import FRONT, HANDED, Change, Statement, factored, is_size, short, terms


class LeftOut(Statement):
    """The changes of one statement that put something in."""

    @cached_property
    def target(self) -> Array | None:
        """What the statement assigns as it is; None of several."""
        targets = self.s.targets if isinstance(self.s, ast.Assign) else [getattr(self.s, "target", None)]
        one = targets[0] if len(targets) == 1 else None
        return self.values.get(ast.unparse(one)) if one is not None else None

    def changes(self) -> list[Change]:
        found: list[Change] = []
        for root in self.roots:
            if isinstance(root, (ast.Tuple, ast.List)) or isinstance(self.s, (ast.If, ast.While)):
                continue
            for term in terms(root):
                found += self._factors(term)
                found += self._off_the_diagonal(term)
            found += self._added(root)
            found += self._sums(root)
            found += self._handed(root)
            found += self._counted(root)
        return found

    def _off_the_diagonal(self, term: ast.expr) -> Iterator[Change]:
        """The rest of a softmax's slope, of which p*(1 - p) is the diagonal."""
        told = "the slope is off the diagonal, too"
        inside = term.args[0] if isinstance(term, ast.Call) and len(term.args) == 1 else term
        factors = [self.text.of(each) for each in factored(inside)]
        for p in factors:
            if f"1 - {p}" in factors or f"1.0 - {p}" in factors:
                rest = "*".join(f"({each})" for each in factors if each != p and not each.endswith(f" - {p}"))
                if inside is not term:
                    yield Change(term, f"np.diag({p}) - np.outer({p}, {p})", MISSING, told, 1.8)
                for axis in (-1, 0) if rest else ():
                    summed = f"({p}*{rest}).sum({axis})"
                    yield Change(term, f"{p}*({rest} - np.expand_dims({summed}, {axis}))", MISSING, told, 1.8)

    def _handed(self, root: ast.expr) -> Iterator[Change]:
        """An adjoint that comes from elsewhere, too, in what is handed to a function of the text's own."""
        for call in ast.walk(root):
            if isinstance(call, ast.Call) and self.hands_on(call):
                for arg in call.args:
                    for atom, value in self.values.items():
                        if value.ndim and (self.is_back(atom) or bases(atom)):
                            told = f"{atom} is to be added"
                            cost = 2.3 if isinstance(arg, ast.Name) else 2.1  # where it was assigned, rather
                            yield Change(arg, f"{self.text.of(arg)} + {atom}", MISSING, told, cost)

    def _counted(self, root: ast.expr) -> Iterator[Change]:
        """How many there are in a row, where a number stands."""
        target = getattr(self.s, "targets", [None])[0]
        if isinstance(root, (ast.Constant, ast.UnaryOp)) and isinstance(target, ast.Subscript):
            of = self.text.of(target.value)
            for axis in (1, 0):
                told = f"{self.text.of(root)} stands for how many there are"
                yield Change(root, f"-{of}.sum(axis={axis})", SLOPE, told, 1.9)

    def _factors(self, term: ast.expr) -> Iterator[Change]:
        handed = HANDED * self.hands_on(term)
        for change in self._scaled(term):
            yield change._replace(cost=change.cost + handed)
        yield from self._inside(term)

    def _scaled(self, term: ast.expr) -> Iterator[Change]:
        """A term times or over something at hand."""
        of = self.text.of(term)
        has_adjoint = any(self.is_back(name) for name in map(ast.unparse, ast.walk(term)) if name in self.values)
        for atom, value in self.values.items():
            if not self._keeps(value) or (has_adjoint and self.is_back(atom)):
                continue
            if is_size(value):
                yield Change(term, f"({of})*{atom}", MEAN, f"it is divided by {atom} once too often", 2.3)
                continue
            word = UPSTREAM if self.is_back(atom) else SLOPE
            told = f"the factor {atom} is missing" if word == SLOPE else "it is the local slope alone"
            yield Change(term, f"({of})*{atom}", word, told, 2.1)
            if word == UPSTREAM:
                yield Change(term, f"{atom} @ ({of})", word, told, 2.5)
                continue
            yield Change(term, f"({of})/{atom}", SLOPE, f"the division by {atom} is missing", 2.4)
            if value.ndim:
                yield Change(term, f"({of})*({atom} > 0)", MASK, f"the mask of {atom} is missing", 2.2)
            for form in (
                f"(1 - {atom})",
                f"(1 - {atom}**2)",
                f"{atom}*(1 - {atom})",
                f"{atom}**2",
                f"(2*({atom} > 0) - 1)",
            ):
                yield Change(term, f"({of})*{form}", SLOPE, f"the factor {form} is missing", 2.5)
        for size in self.sizes():
            yield Change(term, f"({of})*{size}", MEAN, f"it is divided by {size} once too often", 2.4)
        for c in (2, 0.5, 3, 4, -2, -0.5):
            yield Change(term, f"({of})*{c}", factor(1 / c), f"it is {1 / c:.3g} times what it should be", 2.2)

    def _keeps(self, value: Array) -> bool:
        """Whether a factor of this shape may stand in what the statement assigns."""
        if self.target is None or not value.ndim:
            return True
        try:
            return bool(np.broadcast_shapes(self.target.shape, value.shape) == self.target.shape)
        except ValueError:
            return False

    def _inside(self, term: ast.expr) -> Iterator[Change]:
        """A factor of a term that is another, or lacks one."""
        factors = list(factored(term))
        for part in factors if len(factors) > 1 else ():
            mine = self.values.get(ast.unparse(part))
            for atom, value in self.values.items():
                if mine is not None and mine.ndim and value.shape == mine.shape and atom != ast.unparse(part):
                    sign, cost = ("-", 2.6) if self.sides.get(atom) == FRONT else ("+", 2.2)
                    new = f"({self.text.of(part)} {sign} {atom})"
                    yield Change(
                        part, new, MISSING, f"{atom} is to be {'taken away' if sign == '-' else 'added'}", cost
                    )
            if self.is_back(ast.unparse(part)):
                continue
            for atom, value in self.values.items():
                if self._keeps(value) and not is_size(value) and not self.is_back(atom):
                    for form in (
                        f"(1 - {atom}**2)",
                        f"{atom}*(1 - {atom})",
                        f"({atom} > 0)",
                        f"1/{atom}",
                        f"(1 - {atom})",
                    ):
                        word = MASK if ">" in form else SLOPE
                        yield Change(part, form, word, f"{short(self.text.of(part))} stands for {form}", 2.8)
        for node in ast.walk(term):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node is not term:
                mine = self.values.get(node.id)
                if mine is None or not mine.ndim:
                    continue
                for atom, value in self.values.items():
                    if atom != node.id and value.ndim and value.shape == mine.shape and not is_size(value):
                        yield Change(node, f"{node.id}*({atom} > 0)", MASK, f"the mask of {atom} is missing", 2.6)
                        if not self.is_back(atom):
                            yield Change(node, f"{node.id}*{atom}", SLOPE, f"the factor {atom} is missing", 2.8)
                            told = f"the division by {atom} is missing"
                            yield Change(node, f"({node.id}/{atom})", SLOPE, told, 2.8)
                            yield Change(
                                node, f"{node.id}*(1 - {atom}**2)", SLOPE, f"the factor 1 - {atom}**2 is missing", 2.9
                            )

    def _added(self, root: ast.expr) -> Iterator[Change]:
        of = self.text.of(root)
        if isinstance(root, (ast.Compare, ast.Constant, ast.Tuple)):
            return
        scalars = [a for a, v in self.values.items() if not v.ndim and not is_size(v)]
        for atom, value in self.values.items():
            if is_size(value):
                continue
            told = f"{atom} is to be added"
            if self.is_back(atom) or (value.ndim and bases(atom)):  # a gradient, or called like one
                yield Change(root, f"{of} + {atom}", MISSING, told, 2.0)
                yield Change(root, f"{of} - {atom}", MISSING, told, 2.3)
            elif value.ndim:
                yield Change(root, f"{of} + {atom}", MISSING, told, 2.6)
                yield Change(root, f"{of} - {atom}", MISSING, told, 2.7)
                for scalar in scalars[:4]:
                    for c in ("", "2*"):
                        yield Change(
                            root, f"{of} + {c}{scalar}*{atom}", MISSING, f"{c}{scalar}*{atom} is to be added", 2.6
                        )

    def _sums(self, root: ast.expr) -> Iterator[Change]:
        of = self.text.of(root)
        if isinstance(root, (ast.Compare, ast.Constant, ast.Tuple)):
            return
        for how in (
            "axis=0",
            "axis=1",
            "axis=0, keepdims=True",
            "axis=1, keepdims=True",
            "",
            "axis=2",
            "axis=(0, 1)",
            "axis=(0, 2, 3)",
            "axis=(1, 2)",
        ):
            yield Change(root, f"({of}).sum({how})", SUM_MISSING, "the value was broadcast on the way forward", 1.8)
            if how and "(" not in how:
                yield Change(root, f"({of}).mean({how})", MEAN, "the mean is missing", 2.2)
