"""Arrays that lists and dictionaries hold, where NumPy changes them in place.

A value is never changed, and so a list may hold it under as many names as it likes. `a += 1` and `rows[0][1] = 2` do
change an array, for everyone who has it: a program in which somebody does is read once more, with every array that a
name, a list or a dictionary gets as one object.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [2]\\na = x*x\\nrows = [a]\\na += 1\\nsum(rows[0])")).split("\\n")[-2:])
['a = v1 + 1', 'sum(a, axis=None, keepdims=False)']
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from gradc.graph.dag import Node
from gradc.language.canvas import Canvas
from gradc.language.declarations import Declarations
from gradc.language.dialects import JAX
from gradc.language.flow import Call, Gathering
from gradc.language.scope import Env
from gradc.language.values import Arg, Dict, Group


class Objects(Declarations):
    """The part of the reader that knows who holds an array."""

    objects: bool  # every array is an object: this is the second reading
    wants_objects: bool  # an array that a list holds is changed in place: there has to be a second reading

    @abstractmethod
    def shared_with(self, result: Arg) -> str:
        """What a value shares its elements with, as it is written; nothing for one of its own."""

    def envs(self) -> list[Env]:
        """The names of the function that is being read, of those around it, and of those that wait for it."""
        waiting = [frame for frame in self.frames if isinstance(frame, (Call, Gathering)) and frame.env is not None]
        return [*self.scope.seen(), *(env for frame in waiting for env in (frame.env[0], *frame.env[1]))]

    def changes(self, value: Any) -> None:
        """Note that an array is changed in place, which is one object to the lists that hold it."""
        if isinstance(value, Node) and value.shape and not self.objects and self.scope.dialect != JAX:
            self.wants_objects = self.wants_objects or any(item.value is value for item in self._items())

    def _items(self) -> Iterator[Arg]:
        """What lists and dictionaries hold, and the lists in them."""
        todo = [value for env in self.envs() for value in env.values.values()]
        seen: set[int] = set()
        while todo:
            each = todo.pop()
            if isinstance(each, (Group, Dict)) and id(each) not in seen:
                seen.add(id(each))
                items = items_of(each)
                yield from items
                todo += [item.value for item in items]

    def as_objects(self, value: Any) -> Any:
        """A list or a dictionary whose arrays are objects from here on."""
        todo = [value] if self.objects and isinstance(value, (Group, Dict)) else []
        seen: set[int] = set()
        while todo:
            each = todo.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            for item in items_of(each):
                if isinstance(item.value, (Group, Dict)):
                    todo.append(item.value)
                elif isinstance(item.value, Node) and item.value.shape:
                    item.value = self.as_object(item)
        return value

    def as_object(self, item: Arg) -> Canvas:
        """An array that a list gets."""
        made = Canvas(item.value, self.build.dims.resolve(item.value.shape))
        made.alias = self.shared_with(item)
        return made


def items_of(held: Group | Dict) -> list[Arg]:
    """What a list or a dictionary holds."""
    return held.items if isinstance(held, Group) else list(held.items.values())
