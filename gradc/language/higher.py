"""Functions that are handed to others: map, reduce, partial, and JAX's vmap, scan and fori_loop, as calls of them.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [2]\\nc, ys = lax.scan(lambda c, v: (c*v, c + v), 1.0, x)\\nc")).split("\\n")[-1])
c = v1*v2
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.language.flow import Call
from gradc.language.forks import Forks
from gradc.language.lists import known, whole
from gradc.language.trees import leaves, like
from gradc.language.values import JUMP, NONE, Arg, Bound, Callee, Dict, Fields, Function, Group
from gradc.ops import array as a
from gradc.ops import routing as r

# What takes a function, and gives one that does the same.
SAME_FUNCTION = ("jit", "checkpoint", "remat", "vectorize", "njit")
TAKE_FUNCTIONS = (
    "map", "tree_map", "tree_reduce", "reduce", "partial",
    "vmap", "scan", "fori_loop", "cond", "apply_along_axis", "fromfunction", "piecewise",
    *SAME_FUNCTION,
)  # fmt: skip
# The keywords of vmap, by their places.
_AXES = {"in_axes": 0, "in_dims": 0, "out_axes": 1, "out_dims": 1}


class Higher(Forks):
    """The part of the reader that calls functions of the program for others."""

    def of_function(self, callee: Callee, args: list[Arg], first: int, last: int, top: int) -> Any:
        """The value of a call that takes a function."""
        match callee.name:
            case "map":
                return self._map(args, first, last, top)
            case "tree_map":
                return self._tree_map(args, first, last, top)
            case "reduce" | "tree_reduce":
                if callee.name == "tree_reduce" and len(args) > 1:
                    rows = Group("list", leaves(args[1]))
                    args = [args[0], Arg(rows, args[1].first, args[1].last), *args[2:]]
                return self._reduce(args, first, last, top)
            case "scan":
                return self._scan(args, first, last, top)
            case "fori_loop":
                return self._fori(args, first, last, top)
            case "cond":
                return self._cond(args, first, last, top)
            case "apply_along_axis":
                return self._along_axis(args, first, last, top)
            case "fromfunction":
                return self._from_function(args, first, last, top)
            case "piecewise":
                return self._piecewise(args, first, last, top)
        if not args or not isinstance(args[0].value, (Function, Callee, Bound)):
            raise self.source.error(f"'{callee.name}' takes a function: a def or a lambda", first, last)
        self._careful()
        if callee.name in SAME_FUNCTION:
            return args[0].value
        if callee.name == "partial":
            return Bound(args[0].value, args[1:])
        return Bound(args[0].value, [], self._axes(args[1:], first, last))

    def _axes(self, args: list[Arg], first: int, last: int) -> Any:
        """vmap's in_axes and out_axes: of the arguments a number or None, for all or for each; of the results one."""
        found: list[Any] = [0, 0]
        for k, arg in enumerate(args):
            at = k if not arg.key else _AXES.get(arg.key, 2)
            if at > 1:
                raise self.source.error(f"unknown keyword '{arg.key}'", arg.key_at or first)
            found[at] = known(arg.value)
        into, out = found
        each = into if isinstance(into, tuple) else (into,)
        if not all(type(axis) is int or axis is None for axis in each) or type(out) is not int:
            hint = "write in_axes=0, or (0, None) for each argument"
            raise self.source.error("vmap goes along axes that are whole numbers", first, last, hint)
        return into, out

    def call_bound(self, bound: Bound, args: list[Arg], first: int, last: int, top: int) -> Any:
        """A call of what partial or vmap gave, or of a kind of tuples with named items."""
        if isinstance(bound.function, Fields):
            from gradc.language import records

            return records.made(self.gates, bound.function, args, first, last)
        if bound.axes is not None:
            return self._vmap(bound, args, first, last, top)
        args = [*bound.given, *args]
        if isinstance(bound.function, Bound):
            return self.call_bound(bound.function, args, first, last, top)
        if isinstance(bound.function, Function):
            return self.call_function(bound.function, args, first, last, top)
        return self.gates.call(bound.function, args, first, last)

    def _vmap(self, bound: Bound, args: list[Arg], first: int, last: int, top: int) -> Any:
        """The calls that vmap, and a vmap in it, stand for, and their results along the axes that they went along."""
        rows, counts = [args], []
        function: Any = bound
        while isinstance(function, Bound):
            if function.axes is None:
                rows = [[*function.given, *row] for row in rows]
            else:
                spread = [self._mapped(function.axes[0], row, first, last) for row in rows]
                counts.append((len(spread[0]) if spread else 0, function.axes[1]))
                rows = [row for each in spread for row in each]
            function = function.function

        def whole_of(found: list[Arg]) -> Any:
            for count, out in reversed(counts):
                parts = [found[k : k + count] for k in range(0, len(found), count)]
                found = [Arg(self._stacked(part, out), first, last) for part in parts]
            return found[0].value

        if not rows:
            raise self.source.error("vmap goes along nothing", first, last)
        if not isinstance(function, Function):
            return whole_of([Arg(self.gates.call(function, row, first, last), first, last) for row in rows])

        def following(found: list[Arg]) -> list[Arg] | Arg:
            return rows[len(found)] if len(found) < len(rows) else Arg(whole_of(found), first, last)

        return self._calls(function, following, first, last, top)

    def _mapped(self, axes: Any, args: list[Arg], first: int, last: int) -> list[list[Arg]]:
        """The arguments of each call that one vmap makes."""
        each = axes if isinstance(axes, tuple) else (axes,) * len(args)
        each = (*each, *(0,) * sum(bool(arg.key) for arg in args)) if isinstance(axes, tuple) else each
        if len(each) != len(args):
            raise self.source.error(f"vmap has {len(each)} axes for {len(args)} arguments", first, last)
        columns = [None if axis is None else self._slices(arg, axis) for arg, axis in zip(args, each, strict=True)]
        counts = {len(column) for column in columns if column is not None}
        if len(counts) != 1:
            raise self.source.error("what vmap goes along is not equally long", first, last)
        return [
            [arg if column is None else column[k] for arg, column in zip(args, columns, strict=True)]
            for k in range(counts.pop())
        ]

    def _slices(self, arg: Arg, axis: int) -> list[Arg]:
        """What an argument has along an axis: an array its slices, a list or a dictionary one of those of its parts."""
        value = arg.value
        if isinstance(value, Group):
            columns = [self._slices(item, axis) for item in value.items]
            rows = [Group(value.kind, list(row)) for row in zip(*columns, strict=False)]
            return [Arg(row, arg.first, arg.last, arg.key, arg.key_at) for row in rows]
        if isinstance(value, Dict):
            tables = []
            for row in zip(*[self._slices(item, axis) for item in value.items.values()], strict=False):
                table = Dict()
                table.items = dict(zip(value.items, row, strict=True))
                tables.append(Arg(table, arg.first, arg.last, arg.key, arg.key_at))
            return tables
        node = self.gates.value(arg)
        rank = len(node.shape)
        if rank and not -rank <= axis < rank:
            raise self.source.error(f"vmap goes along axis {axis} of an array of {rank}", arg.first, arg.last)
        axis += rank if axis < 0 else 0
        if axis:
            order = (axis, *[k for k in range(len(node.shape)) if k != axis])
            moved = self.gates.apply(a.transpose, [Arg(node, arg.first, arg.last)], (order,))
            arg = Arg(moved, arg.first, arg.last, arg.key, arg.key_at)
        return [Arg(row.value, arg.first, arg.last, arg.key, arg.key_at) for row in self.items_of(arg)]

    def _stacked(self, found: list[Arg], axis: int = 0) -> Any:
        """Results along a new axis; tuples and dictionaries of them part by part."""
        sample = found[0].value if found else None
        if isinstance(sample, Group) and sample.kind == "tuple":
            parts = zip(*[self.items_of(arg) for arg in found], strict=True)
            stacked = [Arg(self._stacked(list(part), axis), found[0].first, found[0].last) for part in parts]
            return Group("tuple", stacked)
        if isinstance(sample, Dict):
            table = Dict()
            for key, item in sample.items.items():
                column = [each.value.items[key] for each in found]
                table.items[key] = Arg(self._stacked(column, axis), item.first, item.last)
            return table
        if not found or sample is NONE:
            return NONE
        value = self.gates.value(Arg(Group("list", found), found[0].first, found[0].last))
        axis += len(value.shape) if axis < 0 else 0
        if axis and len(value.shape) > 1:
            order = (*range(1, axis + 1), 0, *range(axis + 1, len(value.shape)))
            value = self.gates.apply(a.transpose, [Arg(value, found[0].first, found[0].last)], (order,))
        return value

    def _calls(
        self,
        function: Function | list[Function],
        following: Callable[[list[Arg]], list[Arg] | Arg],
        first: int,
        last: int,
        top: int,
    ) -> Any:
        """Calls of a function, or of several, one after the other.

        `following` gives the arguments of the next call, or the value of them all.
        """
        aside = self.set_aside(top, self.depth, first)
        found: list[Arg] = []

        def step() -> int:
            more = following(found)
            if isinstance(more, Arg):
                return self.resume(aside, more.value, last)
            called = function[len(found)] if isinstance(function, list) else function
            frame = Call(called, None, last)
            frame.gather = gather
            return self.enter(frame, more, first, last)

        def gather(result: Arg) -> int:
            found.append(result)
            return step()

        self.at = step()
        return JUMP

    def _function_of(self, args: list[Arg], least: int, name: str, first: int, last: int) -> Any:
        if len(args) < least or not isinstance(args[0].value, (Function, Callee, Bound)):
            raise self.source.error(f"'{name}' takes a function: a def or a lambda", first, last)
        return args[0].value

    def _along_axis(self, args: list[Arg], first: int, last: int, top: int) -> Any:
        """np.apply_along_axis(f, axis, x): f of the rows of a matrix, or of its columns."""
        function = self._function_of(args, 3, "apply_along_axis", first, last)
        axis, rank = known(args[1].value), len(self.gates.value(args[2]).shape)
        if rank != 2 or axis not in (0, 1, -1, -2):
            raise self.source.error("apply_along_axis is read along the rows or the columns of a matrix", first, last)
        across = 1 - axis % 2
        bound = Bound(Bound(function, []), [], ((across, *(None,) * len(args[3:])), across))
        return self._vmap(bound, args[2:], first, last, top)

    def _from_function(self, args: list[Arg], first: int, last: int, top: int) -> Any:
        """np.fromfunction(f, shape): f of the indices of an array."""
        function = self._function_of(args, 2, "fromfunction", first, last)
        grid = self.gates.call(self.gates.callee("indices", first, prefixed=True), [args[1]], first, last)
        return self.call_bound(Bound(function, []), self.items_of(Arg(grid, first, last)), first, last, top)

    def _piecewise(self, args: list[Arg], first: int, last: int, top: int) -> Any:
        """np.piecewise(x, conditions, functions): the last that holds, and one more function where none does."""
        if len(args) != 3 or not all(isinstance(arg.value, Group) for arg in args[1:]):
            raise self.source.error("piecewise takes an array, conditions and functions, in lists", first, last)
        conditions, pieces = [arg.value.items for arg in args[1:]]
        if len(pieces) - len(conditions) not in (0, 1):
            raise self.source.error("piecewise takes a function for each condition, and one more", first, last)
        if len(pieces) == len(conditions):
            pieces = [*pieces, Arg(self.build.const(0.0), first, last)]
        called = [piece.value for piece in pieces if isinstance(piece.value, Function)]

        def following(found: list[Arg]) -> list[Arg] | Arg:
            if len(found) < len(called):
                return [args[0]]
            results = iter(found)
            values = [next(results) if isinstance(piece.value, Function) else piece for piece in pieces]
            out = values[-1]
            for condition, value in zip(conditions, values, strict=False):
                out = Arg(self.gates.apply(r.where, [condition, value, out]), first, last)
            return out

        return self._calls(called, following, first, last, top) if called else following([]).value  # type: ignore[union-attr]  # all are there

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

    def _tree_map(self, args: list[Arg], first: int, last: int, top: int) -> Any:
        """jax.tree.map(f, tree, *others): f of each leaf, and of those of other trees at its place."""
        function = self._function_of(args, 2, "tree_map", first, last)
        rows = [list(row) for row in zip(*map(leaves, args[1:]), strict=False)]
        if not isinstance(function, Function):
            found = [Arg(self.gates.call(self.gates.named(args[0]), row, first, last), first, last) for row in rows]
            return like(args[1].value, iter(found))

        def following(found: list[Arg]) -> list[Arg] | Arg:
            return rows[len(found)] if len(found) < len(rows) else Arg(like(args[1].value, iter(found)), first, last)

        return self._calls(function, following, first, last, top)

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
        names = ("f", "init", "xs", "length", "reverse", "unroll")
        given = {arg.key or names[k]: arg for k, arg in enumerate(args) if arg.key or k < len(names)}
        strange = next((arg for arg in args if arg.key not in ("", *names)), None)
        if strange is not None:
            raise self.source.error(f"unknown keyword '{strange.key}'", strange.key_at)
        backwards = bool(known(given["reverse"].value)) if "reverse" in given else False
        function = given["f"].value if "f" in given else None
        over = given.get("xs")
        if not isinstance(function, Function) or "init" not in given or (over is None and "length" not in given):
            raise self.source.error("scan takes a function, a start and what it goes over", first, last)
        if over is not None and over.value is not NONE:
            items = self._slices(over, 0)
        else:
            items = [Arg(NONE, first, last)] * whole(self.gates, given["length"])
        items = items[::-1] if backwards else items

        def pair(arg: Arg) -> list[Arg]:
            parts = self.items_of(arg)
            if len(parts) != 2:
                raise self.source.error("what scan calls gives two values: the next carry and a result", first, last)
            return parts

        def following(found: list[Arg]) -> list[Arg] | Arg:
            carry = pair(found[-1])[0] if found else given["init"]
            if len(found) < len(items):
                return [carry, items[len(found)]]
            each = [pair(every)[1] for every in found]
            results = Arg(self._stacked(each[::-1] if backwards else each), first, last)
            return Arg(Group("tuple", [carry, results]), first, last)

        return self._calls(function, following, first, last, top)

    def _cond(self, args: list[Arg], first: int, last: int, top: int) -> Any:
        """cond(test, f, g, *x): f(*x) where the test holds, and g(*x) elsewhere."""
        sides = [arg.value for arg in args[1:3]]
        if len(sides) < 2 or not all(isinstance(side, Function) for side in sides):
            if len(args) < 3:  # NumPy's condition number
                raise self.source.error("unknown function 'cond'", first, last, "write norm(A)*norm(inv(A))")
            raise self.source.error("cond takes a condition and two functions", first, last)

        def following(found: list[Arg]) -> list[Arg] | Arg:
            if len(found) < len(sides):
                return args[3:]
            return Arg(self._one_of(args[0], *found), first, last)

        return self._calls(sides, following, first, last, top)

    def _one_of(self, test: Arg, yes: Arg, no: Arg) -> Any:
        """One of two results, part by part."""
        if isinstance(yes.value, Group) and isinstance(no.value, Group) and len(yes.value.items) == len(no.value.items):
            pairs = zip(yes.value.items, no.value.items, strict=True)
            return Group("tuple", [Arg(self._one_of(test, *pair), *_place(pair[0])) for pair in pairs])
        return self.gates.apply(r.where, [test, yes, no])

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


def _place(arg: Arg) -> tuple[int, int]:
    return arg.first, arg.last
