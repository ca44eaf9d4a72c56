"""Functions that are handed to others: map, reduce, partial, and JAX's vmap, scan and fori_loop, as calls of them.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [2]\\nc, ys = lax.scan(lambda c, v: (c*v, c + v), 1.0, x)\\nc")).split("\\n")[-1])
c = v1*v2
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.language.flow import Call, Flow
from gradc.language.lists import known, whole
from gradc.language.values import JUMP, NONE, Arg, Bound, Callee, Function, Group

# What takes a function, and gives one that does the same.
SAME_FUNCTION = ("jit", "checkpoint", "remat", "vectorize", "njit")
TAKE_FUNCTIONS = ("map", "reduce", "partial", "vmap", "scan", "fori_loop", *SAME_FUNCTION)
_AXES = ("", "in_axes", "in_dims")


class Higher(Flow):
    """The part of the reader that calls functions of the program for others."""

    def of_function(self, callee: Callee, args: list[Arg], first: int, last: int, top: int) -> Any:
        """The value of a call that takes a function."""
        match callee.name:
            case "map":
                return self._map(args, first, last, top)
            case "reduce":
                return self._reduce(args, first, last, top)
            case "scan":
                return self._scan(args, first, last, top)
            case "fori_loop":
                return self._fori(args, first, last, top)
        if not args or not isinstance(args[0].value, (Function, Callee, Bound)):
            raise self.source.error(f"'{callee.name}' takes a function: a def or a lambda", first, last)
        self._careful()
        if callee.name in SAME_FUNCTION:
            return args[0].value
        if callee.name == "partial":
            return Bound(args[0].value, args[1:])
        return Bound(args[0].value, [], self._axes(args[1:], first, last))

    def _axes(self, args: list[Arg], first: int, last: int) -> Any:
        """vmap's in_axes: 0, or for each argument 0 or None."""
        given = next((arg for arg in args if arg.key in _AXES), None)
        found = 0 if given is None else known(given.value)
        each = found if isinstance(found, tuple) else (found,)
        if any(arg.key not in _AXES for arg in args) or any(axis not in (0, None) for axis in each):
            hint = "write in_axes=0, or (0, None) for each argument"
            raise self.source.error("vmap goes along the first axis here", first, last, hint)
        return found if isinstance(found, tuple) else "all"

    def call_bound(self, bound: Bound, args: list[Arg], first: int, last: int, top: int) -> Any:
        """A call of what partial or vmap gave."""
        if bound.axes is not None:
            return self._vmap(bound, args, first, last, top)
        args = [*bound.given, *args]
        if isinstance(bound.function, Bound):
            return self.call_bound(bound.function, args, first, last, top)
        if isinstance(bound.function, Function):
            return self.call_function(bound.function, args, first, last, top)
        return self.gates.call(bound.function, args, first, last)

    def _vmap(self, bound: Bound, args: list[Arg], first: int, last: int, top: int) -> Any:
        axes = bound.axes if isinstance(bound.axes, tuple) else (0,) * len(args)
        if len(axes) != len(args):
            raise self.source.error(f"vmap has {len(axes)} axes for {len(args)} arguments", first, last)
        columns = [self.items_of(arg) if axis == 0 else None for arg, axis in zip(args, axes, strict=True)]
        counts = {len(column) for column in columns if column is not None}
        if len(counts) != 1:
            raise self.source.error("what vmap goes along is not equally long", first, last)
        rows = [
            [arg if column is None else column[k] for arg, column in zip(args, columns, strict=True)]
            for k in range(counts.pop())
        ]
        if not isinstance(bound.function, Function):
            function = bound.function
            if isinstance(function, Bound):
                raise self.source.error("vmap of vmap or partial is not read", first, last, "write a def around it")
            return self._stacked([Arg(self.gates.call(function, row, first, last), first, last) for row in rows])

        def following(found: list[Arg]) -> list[Arg] | Arg:
            return rows[len(found)] if len(found) < len(rows) else Arg(self._stacked(found), first, last)

        return self._calls(bound.function, following, first, last, top)

    def _stacked(self, found: list[Arg]) -> Any:
        """Results along a new first axis; tuples of them part by part."""
        sample = found[0].value if found else None
        if isinstance(sample, Group) and sample.kind == "tuple":
            parts = zip(*[self.items_of(arg) for arg in found], strict=True)
            return Group("tuple", [Arg(self._stacked(list(part)), found[0].first, found[0].last) for part in parts])
        if not found or sample is NONE:
            return NONE
        return self.gates.value(Arg(Group("list", found), found[0].first, found[0].last))

    def _calls(
        self,
        function: Function,
        following: Callable[[list[Arg]], list[Arg] | Arg],
        first: int,
        last: int,
        top: int,
    ) -> Any:
        """Calls one after the other: `following` gives the arguments of the next, or the value of them all."""
        aside = self.set_aside(top, self.depth, first)
        found: list[Arg] = []

        def step() -> int:
            more = following(found)
            if isinstance(more, Arg):
                return self.resume(aside, more.value, last)
            frame = Call(function, None, last)
            frame.gather = gather
            return self.enter(frame, more, first, last)

        def gather(result: Arg) -> int:
            found.append(result)
            return step()

        self.at = step()
        return JUMP

    def _map(self, args: list[Arg], first: int, last: int, top: int) -> Any:
        """map(f, xs, ys): f for each of them."""
        if len(args) < 2:
            raise self.source.error(f"map takes a function and what it is for, got {len(args)}", first, last)
        columns = [self.items_of(arg) for arg in args[1:]]
        rows = [list(row) for row in zip(*columns, strict=False)]
        if not isinstance(args[0].value, Function):
            name = self.gates.named(args[0])
            return Group("list", [Arg(self.gates.call(name, row, first, last), first, last) for row in rows])

        def following(found: list[Arg]) -> list[Arg] | Arg:
            return rows[len(found)] if len(found) < len(rows) else Arg(Group("list", found), first, last)

        return self._calls(args[0].value, following, first, last, top)

    def _reduce(self, args: list[Arg], first: int, last: int, top: int) -> Any:
        """reduce(f, xs, start): f of what it gave and the next, from the first two on."""
        if not 2 <= len(args) <= 3:
            raise self.source.error(f"reduce takes a function, a list and a start, got {len(args)}", first, last)
        items = [*args[2:], *self.items_of(args[1])]
        if not items:
            raise self.source.error("reduce of nothing needs a start", first, last, "write reduce(f, xs, 0)")
        if not isinstance(args[0].value, Function):
            name, value = self.gates.named(args[0]), items[0]
            for item in items[1:]:
                value = Arg(self.gates.call(name, [value, item], first, last), first, last)
            return value.value

        def following(found: list[Arg]) -> list[Arg] | Arg:
            value = found[-1] if found else items[0]
            return [value, items[len(found) + 1]] if len(found) + 1 < len(items) else value

        return self._calls(args[0].value, following, first, last, top)

    def _scan(self, args: list[Arg], first: int, last: int, top: int) -> Any:
        """scan(f, carry, xs): f(carry, x) gives the next carry and a result; the last carry, and the results."""
        names = ("f", "init", "xs", "length")
        given = {arg.key or names[k]: arg for k, arg in enumerate(args) if arg.key or k < len(names)}
        function = given["f"].value if "f" in given else None
        over = given.get("xs")
        if not isinstance(function, Function) or "init" not in given or (over is None and "length" not in given):
            raise self.source.error("scan takes a function, a start and what it goes over", first, last)
        if over is not None and over.value is not NONE:
            items = self._rows(over)
        else:
            items = [Arg(NONE, first, last)] * whole(self.gates, given["length"])

        def pair(arg: Arg) -> list[Arg]:
            parts = self.items_of(arg)
            if len(parts) != 2:
                raise self.source.error("what scan calls gives two values: the next carry and a result", first, last)
            return parts

        def following(found: list[Arg]) -> list[Arg] | Arg:
            carry = pair(found[-1])[0] if found else given["init"]
            if len(found) < len(items):
                return [carry, items[len(found)]]
            results = Arg(self._stacked([pair(each)[1] for each in found]), first, last)
            return Arg(Group("tuple", [carry, results]), first, last)

        return self._calls(function, following, first, last, top)

    def _rows(self, arg: Arg) -> list[Arg]:
        """What a scan goes over: the rows of an array, or of several in a tuple."""
        if isinstance(arg.value, Group) and arg.value.kind == "tuple":
            rows = zip(*[self.items_of(item) for item in arg.value.items], strict=True)
            return [Arg(Group("tuple", list(row)), arg.first, arg.last) for row in rows]
        return self.items_of(arg)

    def _fori(self, args: list[Arg], first: int, last: int, top: int) -> Any:
        """fori_loop(lower, upper, body, start): body(i, value) gives the next value."""
        if len(args) != 4 or not isinstance(args[2].value, Function):
            raise self.source.error("fori_loop takes two numbers, a function and a start", first, last)
        turns = range(whole(self.gates, args[0]), whole(self.gates, args[1]))

        def following(found: list[Arg]) -> list[Arg] | Arg:
            value = found[-1] if found else args[3]
            if len(found) == len(turns):
                return value
            return [Arg(self.build.const(turns[len(found)]), first, last), value]

        return self._calls(args[2].value, following, first, last, top)
