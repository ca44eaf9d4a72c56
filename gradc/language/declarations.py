"""What a program says of its inputs: `W: [5, 10]`, `y: int[n]`, `h: [D, 4*H]`, and the shapes of annotations."""

from __future__ import annotations

from gradc.graph.dag import Node
from gradc.graph.shapes import shared, total
from gradc.language import advice
from gradc.language.flow import Target
from gradc.language.higher import Higher
from gradc.language.lex import END, MARKS, is_name, spelled
from gradc.language.scope import SCALARS, base_name, dimension
from gradc.ops import array as a
from gradc.ops import scalar as s


class Declarations(Higher):
    """The part of the reader that reads shapes."""

    def _declaration(self, i: int) -> int:
        """`W: [5, 10]`: declare, and return the token after it."""
        tokens, name, at = self.tokens, self.tokens[i], i
        if not name.isidentifier() and base_name(name) != name:
            raise self.source.error("only a name has a declaration", i)
        i += 2
        end = self._end_of_annotation(i)
        if self.tokens[end] == "=" and self.tokens[i] not in ("[", "("):
            if not name.isidentifier():
                raise self.source.error("only a name has a declaration", at)
            self.targets.append(self._target(name, at))
            return end + 1
        shape: tuple[int | str, ...] = ()
        kind, bracket, inside = tokens[i].partition("[")
        if kind in SCALARS and (bracket or tokens[i + 1] == "["):
            if kind in ("int", "integer"):
                self.scope.integers[spelled(name)] = None
            i += not bracket
        if kind in SCALARS and bracket:  # int[3, 4] is one token
            shape = tuple(int(size) for size in inside[:-1].split(","))
        elif tokens[i] in ("[", "("):
            shape, i = self.dimensions(i)
        elif tokens[i] not in SCALARS:
            shape = (dimension(self.source, i),)
        i += 1
        if tokens[i] not in ("\n", ";", END) and not (tokens[i] == "," and tokens[i + 2] == ":"):
            raise self.source.error(
                "a declaration stands on a line of its own", i, hint="write x: [n, 3], and the value on the next line"
            )
        self.scope.declare(name, at, shape)
        return i + (tokens[i] == ",")

    def _target(self, token: str, i: int) -> Target:
        if not token.isidentifier() and base_name(token) != token:
            raise self.source.error(
                "only names and elements can be assigned", i, hint="give the new value a name of its own"
            )
        self.scope.name(token, i)
        return Target("name", i, i)

    def _end_of_annotation(self, i: int) -> int:
        """The token behind `float`, `np.ndarray`, `list[float]`."""
        depth = 0
        while self.tokens[i] != END and (depth or self.tokens[i] not in ("=", "\n", ";", ",", *MARKS)):
            token = self.tokens[i]
            depth += (token[-1] in "([{" and token[0] not in "'\"") - (token in (")", "]", "}"))
            i += 1
        return i

    def annotated(self, at: int) -> tuple[int | str, ...] | None:
        """The shape that an annotation such as `[n, 3]` gives; None for a type."""
        if self.tokens[at] != "[":
            return None
        return self.dimensions(at)[0]

    def dimensions(self, i: int) -> tuple[tuple[int | str, ...], int]:
        """The shape in a declaration's brackets, and the token that closes them."""
        tokens = self.tokens
        close = {"[": "]", "(": ")"}[tokens[i]]
        shape: list[int | str] = []
        i += 1
        while tokens[i] != close:
            if tokens[i] == "\n":
                i += 1
                continue
            size, i = self._dimension(i)
            shape.append(size)
            while tokens[i] == "\n":
                i += 1
            if tokens[i] == ",":
                i += 1
            elif tokens[i] != close:
                raise self.source.error(f"expected '{close}' or ',' after a dimension", i - 1, hint="write x: [n, 3]")
        return tuple(shape), i

    def _dimension(self, i: int) -> tuple[int | str, int]:
        """One dimension: a number, a name, or what is computed of them, as 4*H; and the token behind."""
        if self.tokens[i + 1] not in ("+", "-", "*", "//") and not self._is_known_size(i):
            return dimension(self.source, i), i + 1
        sign, parts = "+", list[int | str]()
        while True:
            size = self._size_at(i)
            i += 1
            while self.tokens[i] in ("*", "//"):
                by = self._size_at(i + 1)
                if self.tokens[i] == "*":
                    size = total([a.product((size, by))])
                else:
                    share = shared(size, by) if by else None
                    if share is None:
                        raise self.source.error("this size is no whole number", i - 1, i + 1)
                    size = share
                i += 2
            parts.append(size if sign == "+" else total([a.product((-1, size))]))
            if self.tokens[i] not in ("+", "-"):
                break
            sign = self.tokens[i]
            i += 1
        found = total(parts)
        if isinstance(found, int) and found < 0:
            raise self.source.error(f"a dimension of {found} elements", i - 1, hint="write x: [n, 3]")
        return found, i

    def _is_known_size(self, i: int) -> bool:
        token = self.tokens[i]
        if not is_name(token) or not token.isidentifier() or advice.is_keyword(token):
            return False
        return spelled(token) in self.scope.values and token not in self.scope.dims

    def _size_at(self, i: int) -> int | str:
        """A size in a declaration: a number, a dimension, or a variable that is a whole number."""
        if self._is_known_size(i):
            value = self.scope.read(self.tokens[i], i)
            if isinstance(value, str):
                return value
            if isinstance(value, Node) and value.op is s.const and type(value.attr) is int:
                return value.attr
            raise self.source.error(f"'{self.tokens[i]}' is no whole number, and no dimension", i)
        return dimension(self.source, i)
