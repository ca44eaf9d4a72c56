"""`NamedTuple` as `typing` has it, made in a tenth of the time: constructors are compiled when they are first called.

There are dozens of records on the path of every start, of which a program makes few.

>>> class Point(NamedTuple):
...     x: float
...     y: float = 0.0
>>> Point(3.0), Point(x=1.0)._replace(y=2.0) == (1.0, 2.0), Point._fields
(Point(x=3.0, y=0.0), True, ('x', 'y'))
>>> Point()
Traceback (most recent call last):
    ...
TypeError: Point.__new__() missing 1 required positional argument: 'x'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

__all__ = ["NamedTuple"]

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from collections import _tuplegetter, namedtuple  # the first reads a field in C

    class _Kind(type):
        """What makes a tuple with named fields of a class's annotations."""

        def __new__(kind, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> _Kind:
            made = super().__new__(kind, name, bases, {"__slots__": (), **space})
            if tuple in bases or "_fields" in dir(bases[0]):
                return made  # the root, or a class below a record
            fields = tuple(made.__annotations__)
            made._fields = made.__match_args__ = fields
            made._field_defaults = {field: space[field] for field in fields if field in space}
            for at, field in enumerate(fields):
                setattr(made, field, _tuplegetter(at, ""))
            return made

    class NamedTuple(tuple, metaclass=_Kind):
        """A tuple whose fields have names."""

        def __new__(cls, *args: Any, **named: Any) -> Self:
            made = namedtuple(cls.__name__, cls._fields, defaults=cls._field_defaults.values()).__new__  # noqa: PYI024  # the fields are known by then
            owner = next(each for each in cls.__mro__ if "_fields" in vars(each))
            owner.__new__ = staticmethod(made)
            return made(cls, *args, **named)

        @classmethod
        def _make(cls, values: Any) -> Self:
            return cls(*values)

        def _replace(self, /, **named: Any) -> Self:
            made = type(self)(*(named.pop(field, value) for field, value in zip(self._fields, self, strict=True)))
            if named:
                raise ValueError(f"got unexpected field names: {list(named)!r}")
            return made

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

        def __repr__(self) -> str:
            return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._asdict().items())})"
