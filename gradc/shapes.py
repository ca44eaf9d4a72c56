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
"""

from __future__ import annotations

import re

from gradc.dag import Shape

_WORD = re.compile(r"\b[^\W\d]\w*")

Dim = int | str


class ShapeError(Exception):
    """Shapes that do not fit: what is wrong, and which arguments (by position) to mark."""

    def __init__(self, message: str, hint: str = "", args_at_fault: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.args_at_fault = args_at_fault


class Dims:
    """What each named dimension is known to be: a union-find over names, numbers as roots."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, Dim] = {}

    def find(self, dim: Dim) -> Dim:
        """The number or the first name that a dimension stands for."""
        while isinstance(dim, str) and dim in self._known:
            dim = self._known[dim]
        return dim

    def resolve(self, shape: Shape) -> Shape:
        return tuple(map(self.find, shape)) if self._known and shape else shape

    def unify(self, a: Dim, b: Dim) -> bool:
        """Make two dimensions one; False if they are different numbers, or two names that the user keeps apart.

        A name takes a number, and the length that an expression such as `n - 1` gives to a slice of another axis.
        """
        a, b = self.find(a), self.find(b)
        if a == b:
            return True
        for name, other in ((b, a), (a, b)):
            if isinstance(name, str) and (
                isinstance(other, int)
                or (
                    name.isidentifier()
                    and not other.isidentifier()
                    and name not in map(self.find, _WORD.findall(other))
                )
            ):
                self._known[name] = other
                return True
        return False

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


def is_lazy(small: Shape, full: Shape) -> bool:
    """Whether a value of shape `small` must still be broadcast to be of shape `full`."""
    return small != full
