"""Values and functions into gates: conditions where a condition is wanted, numbers elsewhere, shapes that fit.

What `max`, `dot`, `Piecewise` and the other functions with a meaning of their own stand for is here; the
rest is bound to its entry in the table, parameters first, then the static ones by position or keyword.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.graph.shapes import ShapeError, shared, show, total
from gradc.language import (
    advice,
    array_functions,
    canvas,
    dialects,
    indexing,
    lists,
    own_arguments,
    slices,
    written_masks,
)
from gradc.language.canvas import Canvas
from gradc.language.conditions import CONNECTIVES
from gradc.language.lex import END, MARKS, Source
from gradc.language.scope import MAX_AXES, Scope
from gradc.language.values import (
    EMPTY,
    POISON,
    Arg,
    Bound,
    Callee,
    Dict,
    Distribution,
    Function,
    Group,
    Picked,
    Places,
    Record,
    Slice,
    Spot,
    Star,
    Text,
    TorchDistribution,
    Word,
)
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import gather as g
from gradc.ops import linalg
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.composed import STAN
from gradc.ops.table import Op, bind_statics, lookup
from gradc.rewrite.simplify import Builder, as_number, is_const, number

# Which arguments of a gate are conditions.
CONDITIONS: dict[Op, tuple[int, ...]] = {
    r.where: (0,),
    r.indicator: (0,),
    r.not_: (0,),
    r.all_of: (0, 1),
    r.any_of: (0, 1),
}
# Other spellings of static parameters.
KEYWORDS = {"dim": "axis", "keepdim": "keepdims", "newshape": "shape", "dims": "axes", "diagonal": "k"}
# Functions that are read by a library's name for them, `np.median`: bare they may be anything.
PREFIXED = frozenset(
    "median interp percentile quantile linear dropout simpson count_nonzero size dim view t to half cpu cuda clone "
    "expand narrow type_as mT adjoint threshold gather insert delete shape ndim numel nelement inverse ger lerp "
    "scatter unbind unstack dist interpolate upsample indices eigh k0 k1 y0 y1 eq ne lt le gt ge".split()
)
# torch's methods that change an array, `x.mul_(2)`, by the functions that give the new one, if not by the same name.
IN_PLACE = {"zero_": "zeros_like", "fill_": "full_like", "fill_diagonal_": "with_diagonal"}
# torch's methods that are types, by the functions of arrays for them: Python's own take numbers.
TYPES_OF_ARRAYS = {"int": "int32", "bool": "bool_", "float": "float64"}
# What makes a distribution, or a function, of the names that a library calls by them.
MAKERS = {
    "stats": "gradc.language.distributions", "torch.nn": "gradc.language.torch_modules",
    "torch.distributions": "gradc.language.torch_distributions",
}  # fmt: skip
# Keywords of SciPy's that say how an answer is found, and not which.
UNHEEDED = ("check_finite", "overwrite_a", "overwrite_b", "overwrite_x", "assume_a")
# Functions and methods that give a mask where they are given one.
KEEP_MASKS = frozenset(
    "reshape transpose ravel flatten squeeze expand_dims unsqueeze swapaxes moveaxis flip roll repeat tile concatenate "
    "stack hstack vstack tril triu broadcast_to view permute diagonal diag copy append array asarray take".split()
)
# Names that a program may not call although the table has them: the language has a syntax of its own for these.
UNCALLABLE = (a.index, s.const, s.input_)
# Parts of a subscript that take a whole axis, or all that are left.
_EVERYTHING = (("slice", None, None, None), "...")
# An index beyond this says nothing of the shape of an undeclared name.
MOST_INFERRED = 10_000
# An input that should be an array is looked for among so many ancestors.
SEARCH = 2000
# What sizes of axes are made of.
_OF_SIZES: dict[Op, Callable[[Sequence[Any]], Any]] = {
    s.mul: lambda parts: total([a.product(tuple(parts))]),
    s.add: lambda parts: total(list(parts)),
    s.sub: lambda parts: total([parts[0], a.product((-1, parts[1]))]),
    s.neg: lambda parts: total([a.product((-1, parts[0]))]),
}


# Reductions that take a mask, as where=.
REDUCTIONS = frozenset((a.sum_, a.mean, a.prod, a.amax, a.amin, r.maximum, r.minimum))


class Gates:
    """Makes gates of one program, with the places to mark where one cannot be made."""

    def __init__(
        self, source: Source, build: Builder, scope: Scope, lower: Callable[[str, Mapping[str, Node]], Node]
    ) -> None:
        self.source, self.build, self.scope, self.lower = source, build, scope, lower
        self.max_turns = 0
        self.integers = indexing.Integers(self)

    # ---- values --------------------------------------------------------------------------------

    def number(self, value: Any) -> Node:
        """A value as a number: a condition is 1.0 or 0.0, a list an array."""
        if isinstance(value, Node):
            return as_number(self.build, value)
        if isinstance(value, Group):
            return self.array(value)
        if isinstance(value, str):
            return self.size_as_number(value)
        if isinstance(value, Canvas):
            return canvas.as_node(self, value)
        raise self.not_a_value(value)

    def size(self, dim: int | str) -> Any:
        """A size of an axis as a value of the program: a number where it is known."""
        found = self.build.dims.find(dim)
        return self.build.const(found) if isinstance(found, int) else found

    def size_as_number(self, dim: str) -> Node:
        """A size that is only known at the call, as a number among others."""
        found = self.size(dim)
        return found if isinstance(found, Node) else self.build.graph.node(s.size, (), found)

    def not_a_value(self, value: Any) -> GradcError:
        """The error for what is no number."""
        match value:
            case Text():
                return GradcError("strings are not part of the language")
            case Picked():
                from gradc.language import masks

                return GradcError("how many elements the mask picks is only known at the call", hint=masks.HINT)
            case Function(name="lambda"):
                return GradcError("a lambda is no number", hint="call it: f(x)")
            case Function(name=name):
                return GradcError(f"'{name}' is a function, and no number", hint=f"call it: {name}(x)")
            case Bound():
                return GradcError("this is a function, and no number", hint="call it")
            case Callee(name=name):
                return GradcError(f"'{name}' is a function, and no number", hint=f"call it: {name}(x)")
            case Dict():
                return GradcError("a dictionary is no number", hint="name one of its elements: d[key]")
            case Word("None"):
                return GradcError("this is None, and no number")
            case Word(text) if text:
                return GradcError(f"'{text}' is a keyword and no number here")
            case Record(name=name):
                return GradcError(f"'{name}' has entries, and is no number", hint=f"name one of them: {name}['W']")
            case Places():
                return GradcError("the places of a mask stand in a subscript only", hint="write where(condition, a, b)")
            case Spot():
                return GradcError("'.at[i]' is no value yet", hint="write x.at[i].set(v), or x[i] for the element")
            case Distribution(name=name) | TorchDistribution(name=name):
                return GradcError(f"'{name}' is a distribution, and no number", hint="write .logpdf(x) behind it")
            case Star(word=word):
                return GradcError(f"'{word}' stands before an argument of a call only")
        return GradcError("expected a value" if value is EMPTY else "a slice stands in a subscript only")

    def key(self, arg: Arg) -> Any:
        """A constant as the key of a dictionary."""
        found = lists.known(arg.value)
        if found is lists.UNKNOWN:
            raise self.source.error("the key of a dictionary is a constant", arg.first, arg.last)
        return found

    def array(self, group: Group) -> Node:
        """A list literal as an array; a nested one from the inside out."""
        if group.kind == "list" and self.is_written_mask(group):
            numbers = [float(bool(lists.known(each.value))) for each in group.items]
            return self.build.make(c.literal, (), (tuple(numbers), (len(numbers),)))
        todo: list[tuple[Group, list[Node]]] = [(group, [])]
        while True:
            here, done = todo[-1]
            if not here.items:
                raise GradcError("empty brackets have no value")
            if here.kind != "list" and here is group:
                raise self.source.error(
                    "several values stand where one is wanted", here.items[0].first, here.items[-1].last
                )
            if len(done) < len(here.items):
                value = here.items[len(done)].value
                if isinstance(value, Group):
                    if len(todo) >= MAX_AXES:
                        raise GradcError(f"an array has at most {MAX_AXES} axes, and this list more")
                    todo.append((value, []))
                else:
                    done.append(self.number(value))
                continue
            todo.pop()
            node = POISON if POISON in done else self._rows(here, done) or self._stacked(here, tuple(done))
            if here.name and node is not POISON:
                self.scope.call_it(node, here.name)
            if not todo:
                return self._written_out(node)
            todo[-1][1].append(node)

    def _written_out(self, node: Node) -> Node:
        """A list of numbers alone is a constant, in the precision of the inputs."""
        if node is POISON or node.op is not a.stack or not all(arg.op is s.const for arg in node.args):
            return node
        return self.build.make(c.literal, (), (tuple(map(number, node.args)), (len(node.args),)))

    def _rows(self, group: Group, rows: list[Node]) -> Node | None:
        """Rows of values as one array of them all; of written numbers as a constant."""
        if all(row.op is s.const for row in rows):
            return self.build.make(c.literal, (), (tuple([number(row) for row in rows]), (len(rows),)))
        inner = {(row.op, row.shape) for row in rows}
        if len(inner) != 1 or rows[0].op not in (a.stack, c.array, c.literal):
            return None
        if any(row.args and row.args[0].shape for row in rows):
            return None
        shape = (len(rows), *self.build.dims.resolve(rows[0].shape))
        values = [value for row in rows for value in (row.args or row.attr[0])]  # type: ignore[index]  # (values, shape)
        if all(value.op is s.const if isinstance(value, Node) else True for value in values):
            numbers = tuple(number(value) if isinstance(value, Node) else value for value in values)
            return self.build.make(c.literal, (), (numbers, shape))
        if not all(isinstance(value, Node) for value in values):
            return None
        return self.build.make(c.array, tuple(values), (shape,))

    def _stacked(self, group: Group, rows: tuple[Node, ...]) -> Any:
        try:
            return self._of_few_axes(self.build.make(a.stack, rows, (0,)))
        except ShapeError as error:
            raise self.misfit(
                error, a.stack, [Arg(row, item.first, item.last) for row, item in zip(rows, group.items, strict=True)]
            ) from None

    def condition(self, value: Any) -> Node:
        """A value as a condition: a number holds where it is not 0."""
        if not isinstance(value, (Node, Group, str)) and (holds := lists.truth(value)) is not None:
            return self.build.const(int(holds))
        node = value if isinstance(value, Node) else self.number(value)
        if node.op.boolean or node.op is s.const or node is POISON:
            return node
        return self.build.make(r.ne, (node, self.build.const(0)))

    def make(self, op: Any, args: tuple[Any, ...], attr: Any = None) -> Any:
        """A gate of values of any kind, conditions of `op` as conditions and the rest as numbers."""
        if type(op) is not Op:
            return op(self, *args)  # and, or, not, comparisons: functions of this module
        if any(arg.__class__ is Picked for arg in args):
            from gradc.language import masks

            return masks.made(self, op, args, attr)
        if op in _OF_SIZES and any(arg.__class__ is not Node for arg in args):
            if any(isinstance(arg, str) for arg in args):
                made = self._size(op, args)
            else:
                made = lists.combined(self, op, *args) if len(args) == 2 else None
            if made is not None:
                return made
        wanted = CONDITIONS.get(op, ())
        if op is r.where and isinstance(args[0], Group):
            args = (self.array(args[0]), *args[1:])  # a mask that is written out, and no list with a truth
        if _takes_tuples(op, args):
            args = tuple(map(_in_array, args))
        nodes = tuple([self.condition(v) if at in wanted else self.number(v) for at, v in enumerate(args)])
        return POISON if POISON in nodes else self.build.make(op, nodes, attr)

    def _size(self, op: Op, args: tuple[Any, ...]) -> Any:
        """A size out of sizes and whole numbers; None where something else is among them."""
        whole = [number(arg) if isinstance(arg, Node) and arg.op is s.const else arg for arg in args]
        if not all(type(part) in (int, str) for part in whole):
            return None
        return self.size(_OF_SIZES[op](whole))

    def apply(self, op: Any, args: list[Arg], attr: Any = None) -> Any:
        """The same, with the arguments marked where they do not fit."""
        return self.placed(lambda: self.make(op, tuple(_in_array(arg.value) for arg in args), attr), op, args)

    def placed(self, make: Callable[[], Any], op: Any, args: list[Arg]) -> Any:
        """What `make` makes of the arguments; its errors mark them."""
        try:
            return self._of_few_axes(make())
        except ShapeError as error:
            raise self.misfit(error, op, args) from None
        except GradcError as error:
            raise self._placed(error, args) from None

    def _of_few_axes(self, node: Any) -> Any:
        if isinstance(node, Node) and len(node.shape) > MAX_AXES:
            raise ShapeError(
                f"an array has at most {MAX_AXES} axes, and this one {len(node.shape)}", args_at_fault=(0,)
            )
        return node

    def _placed(self, error: GradcError, args: list[Arg]) -> GradcError:
        return error if error.marks else self.source.error(error.message, args[0].first, args[-1].last, error.hint)

    def number_alone(self, node: Node, first: int, last: int) -> Node:
        """A number taken out of a tensor, `x.item()` and `float(x)`: torch knows no more what it is made of.

        Where it is the last line of the program, it is what is differentiated.
        """
        tokens = self.source.tokens
        begins = first == 0 or tokens[first - 1] in ("\n", ";", "=", "return")
        ends = all(token in MARKS or not token.strip() for token in tokens[last + 1 : tokens.index(END, last)])
        if self.scope.dialect not in (dialects.TORCH, dialects.BOTH) or (begins and ends):
            return node
        taken: Node = self.make(s.stop_gradient, (node,))
        return taken

    # ---- shapes that do not fit ------------------------------------------------------------------

    def misfit(self, error: ShapeError, op: Any, args: list[Arg]) -> GradcError:
        """The error that marks the operands with their shapes, and says what would fit."""
        at_fault = [args[i] for i in error.args_at_fault if i < len(args)] or args
        for arg in at_fault:
            name = self.undeclared(arg.value) if isinstance(arg.value, Node) and not arg.value.shape else ""
            if name:
                return self.scalar_error(name, op, arg)
        shapes = [self.build.dims.resolve(self.number(arg.value).shape) for arg in at_fault]
        hint = error.hint
        if len(at_fault) == 2 and not hint:
            texts = [self.source.quote(arg.first, arg.last) for arg in at_fault]
            suggest = advice.matmul if op is a.matmul else advice.broadcast
            hint = suggest(texts[0], texts[1], shapes[0], shapes[1])
        marks = [
            (arg.first, arg.last, show(shape) if shape else "a scalar")
            for arg, shape in zip(at_fault, shapes, strict=True)
        ]
        return self.source.error_at(error.message, marks, hint)

    def undeclared(self, node: Node) -> str:
        """The first undeclared input that a scalar is computed from, if no declared array is among its ancestors."""
        seen, todo, found = {node}, [node], node
        while todo and len(seen) < SEARCH:
            node = todo.pop()
            if node.shape:
                return ""
            if node.op is s.input_ and node.attr not in self.scope.declared and (found.args or node.id < found.id):
                found = node
            new = [arg for arg in node.args if arg not in seen]
            seen.update(new)
            todo += new
        return str(found.attr) if found.op is s.input_ and found.attr not in self.scope.declared else ""

    def scalar_error(self, name: str, op: Any, arg: Arg) -> GradcError:
        self.scope.inferred = {}  # an index alone does not say it
        wants = (
            "'@' takes arrays"
            if op is a.matmul
            else "a subscript takes an array"
            if op is a.index
            else f"'{op}' takes an array"
        )
        product = ", or write * for a product of scalars" if op is a.matmul else ""
        hint = f"declare its shape: {name}: [n], or --shape {name}=n{product}"
        return self.source.error(f"'{name}' is a scalar, and {wants}", arg.first, arg.last, hint)

    # ---- subscripts ------------------------------------------------------------------------------

    def index(self, base: Arg, items: list[Arg], last: int) -> Any:
        """x[items], which ends at token `last`; the items are constants."""
        if not items:
            raise self.source.error("a subscript is empty", base.first, last)
        items = [self.as_array(item) for item in items]
        if isinstance(base.value, Word) and base.value.text[-1:] in ("_", "d"):
            from gradc.language import data_functions

            return data_functions.of_subscript(self, base.value.text, items, base.first, last)
        if isinstance(base.value, Record):
            if len(items) != 1:
                raise self.source.error("an entry has one key", base.first, last)
            nested = self.source.tokens[last + 1] == "[" and self.source.tokens[last + 2][:1] in ("'", '"')
            return self.scope.entry(base.value, self.key(items[0]), base.first, nested)
        if not isinstance(base.value, Node):
            found = lists.element(self, base, items, last)
            if found is not lists.UNKNOWN:
                return found
        if len(items) == 1:
            item = items[0].value
            if isinstance(item, Group) and len(item.items) == 1 and isinstance(item.items[0].value, Places):
                item = item.items[0].value  # x[np.where(x > 0)]
            if isinstance(item, Group) and self.is_written_mask(item):
                kept = [at for at, each in enumerate(item.items) if lists.known(each.value)]
                return self._gathered(base, (self.picked(kept),), items, last)
            written = written_masks.places(self, item)
            if written is not None and (len(written) == 1 or not isinstance(base.value, Group)):
                return self._gathered(base, written, [items[0]] * len(written), last)
            if isinstance(item, Places) or (isinstance(item, Node) and item.op.boolean):
                mask = item if isinstance(item, Node) else item.mask
                from gradc.language import masks

                array = self.value(base)
                return self.placed(lambda: masks.picked(self, array, mask), a.index, [base, items[0]])
            if isinstance(item, Group) and item.kind == "tuple":
                items = item.items  # x[(0, 2)] is x[0, 2]
                if not items:
                    return self.value(base)
        index = self.index_of(items)
        if any(isinstance(item, Node) for item in index):
            found = self._gathered(base, index, items, last)
        else:
            found = self.subscript(base, index, last)
        held = canvas.as_node(self, base.value) if isinstance(base.value, Canvas) else base.value
        return self.condition(found) if isinstance(held, Node) and held.op.boolean else found  # a part of a mask

    def index_of(self, items: list[Arg]) -> tuple[Any, ...]:
        """A subscript of an array: whole numbers, sizes, slices, None, "...", and integers of the program as nodes."""
        index = tuple([self._index_item(item) for item in items])
        if sum(item == "..." for item in index if isinstance(item, str)) > 1:
            raise self.source.error("a subscript has one '...' at most", items[0].first, items[-1].last)
        return index

    def _gathered(self, base: Arg, index: tuple[Any, ...], items: list[Arg], last: int) -> Node:
        """x[index] with integers of the program in the index."""
        array = self.value(base)
        if POISON in (array, *index):
            return POISON
        if not array.shape and (name := self.undeclared(array)):
            raise self.scalar_error(name, a.index, base)
        place = Arg(array, base.first, last)
        array, index = slices.by_sizes(self, array, index, base, last)
        whole = tuple(
            self.integers.of(part, item) if isinstance(part, Node) else part
            for part, item in zip(index, items, strict=True)
        )
        node: Node = self.placed(lambda: indexing.made(self, array, whole), a.index, [place])
        return node

    def subscript(self, base: Arg, index: tuple[Any, ...], last: int) -> Node:
        """x[index]; x itself where the index takes everything."""
        array = self.value(base)
        if array is POISON:
            return array
        array, index = slices.by_sizes(self, array, index, base, last)
        if not array.shape and None not in index and (name := self.undeclared(array)):
            if array.op is s.input_ and all(type(part) is int and 0 <= part < MOST_INFERRED for part in index):
                self.scope.infer(name, index)
                return POISON
            raise self.scalar_error(name, a.index, base)
        if "..." in index and len(index) > 1 and sum(item is not None for item in index) - 1 == len(array.shape):
            index = tuple(item for item in index if item != "...")  # it stands for no axis
        try:
            node = self._of_few_axes(self.build.make(a.index, (array,), (index,)))
        except ShapeError as error:
            raise self.misfit(error, a.index, [Arg(array, base.first, last)]) from None
        return array if all(item in _EVERYTHING for item in index) else node

    def value(self, arg: Arg) -> Node:
        """The number that an argument is."""
        try:
            return self.number(_in_array(arg.value))
        except GradcError as error:
            raise self._placed(error, [arg]) from None

    def _index_item(self, item: Arg) -> Any:
        match item.value:
            case Slice(parts):
                if len(parts) > 3:
                    raise self.source.error("a slice has at most three parts", item.first, item.last)
                ends = [None if part is None else self._integer(part) for part in parts] + [None] * (3 - len(parts))
                if ends[2] == 0:
                    raise self.source.error("the step of a slice cannot be 0", item.first, item.last)
                return ("slice", *ends)
            case Word(text):
                return None if text == "None" else text
            case str(size):
                return self.build.dims.find(size)
            case Group(kind=kind) as group if kind != "tuple":
                return self._index_list(group, item)
            case Group():
                raise self.source.error(
                    "an index is a number or an array of them, one for each axis",
                    item.first,
                    item.last,
                    "write x[0, 2], or x[[0, 2]] for several places",
                )
            case Node(op=op) if op.boolean:
                written = written_masks.places(self, item.value)
                if written is not None and len(written) == 1:
                    return written[0]
                raise self.source.error(
                    "a mask is no index", item.first, item.last, "for a mask write where(condition, x, 0)"
                )
            case Node(op=op) if op is not s.const:
                return item.value
        return self._integer(item)

    def is_written_mask(self, group: Group, rows: bool = False) -> bool:
        """[True, False, True], or rows of such."""
        tokens, todo = self.source.tokens, list(group.items)
        found = bool(todo)
        while todo and found:
            each = todo.pop()
            if rows and isinstance(each.value, Group):
                todo += each.value.items
            else:
                found = tokens[each.first] in ("True", "False")
        return found

    def picked(self, places: list[int]) -> Node:
        """Written places as integers."""
        return self.build.make(g.picked, (), (tuple(places), (len(places),)))

    def _index_list(self, group: Group, item: Arg) -> Node:
        """A list of integers as an array of them."""
        values = [each.value for each in group.items]
        numbers = [number(each) if isinstance(each, Node) and each.op is s.const else None for each in values]
        if not numbers or any(type(each) is not int for each in numbers):
            return self.value(item)
        if numbers == list(range(len(numbers))):
            return self.build.make(g.iota, (), (len(numbers), 0, 1))
        return self.build.make(g.picked, (), (tuple(numbers), (len(numbers),)))

    def _integer(self, arg: Arg) -> int | str | None:
        if isinstance(arg.value, Word) and arg.value.text == "None":
            return None
        if isinstance(arg.value, str):
            return self.build.dims.find(arg.value)
        if not isinstance(arg.value, Node) or arg.value.op is not s.const or type(number(arg.value)) is not int:
            raise self.source.error("an index is a constant, a whole number", arg.first, arg.last)
        return int(number(arg.value))

    # ---- functions -------------------------------------------------------------------------------

    def callee(self, name: str, at: int, receiver: Any = None, prefixed: bool = False) -> Callee:
        """What a function's name stands for; a name that no gate has is reported, and the reading goes on."""
        if receiver is not None and lists.method(receiver.value, name) is not None:
            return Callee(name, None, receiver)
        if receiver is not None and name[-1:] == "_" and name not in SPECIAL:
            callee = self.callee(IN_PLACE.get(name, name[:-1]), at, receiver)
            callee.in_place = True
            return callee
        if receiver is not None:
            name = TYPES_OF_ARRAYS.get(name, name)
        entry = lookup(name)
        if entry is not None and not entry.public:
            entry = None
        bare = name in PREFIXED and not prefixed and receiver is None
        if bare or ((entry is None or entry in UNCALLABLE) and name not in SPECIAL):
            self._unknown(name, at, receiver is not None)
            return Callee("" if bare else name, None)
        if not prefixed and receiver is None:
            self.scope.functions.setdefault(name, at)
        return Callee(name, None if array_functions.is_function(name) else entry, receiver, prefixed)

    def _unknown(self, name: str, at: int, method: bool) -> None:
        start, end = self.source.span(at, at)
        place = self.source.text.rfind(name, start, end)  # an import may call it otherwise here
        within = (place, place + len(name)) if place >= 0 else (start, end - 1)
        if name.startswith("__"):
            raise self.source.error(f"'{name}' is not part of the language", at)
        kind = "method" if method else "function"
        if name in advice.STATEMENTS:
            raise self.source.error(f"'{name}' is not part of the language", at, hint=advice.STATEMENTS[name])
        self.source.problem(f"unknown {kind} '{name}'", at, at, advice.unknown_function(name), within)

    def call(self, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        """The value of a call whose name is token `first` and whose bracket closes at `last`."""
        if callee.receiver is not None and callee.op is None:
            own = lists.method(callee.receiver.value, callee.name)
            if own is not None:
                return own(self, callee.receiver.value, args, first, last)
        if callee.library in MAKERS:
            return import_module(MAKERS[callee.library]).call(self, callee, args, first, last)
        if callee.receiver is not None:
            args = [callee.receiver, *args]
            self._of_whom(callee, args, first, last)
        if (callee.op is None and callee.name not in SPECIAL) or any(arg.value is POISON for arg in args):
            return POISON
        if any(arg.key in ("dim", "keepdim") for arg in args) and not callee.library:
            callee.library = "torch"  # nobody else's keywords
        if callee.name not in lists.BUILTINS or callee.prefixed:
            args = [self.as_array(arg) for arg in args]
        if any(arg.value.__class__ is Picked for arg in args):
            from gradc.language import masks

            return masks.called(self, callee, args, first, last)
        if any(arg.key == "where" for arg in args) and callee.op in REDUCTIONS:
            from gradc.language import masks

            return masks.with_where(self, callee, args, first, last)
        if callee.name in ("ravel", "flatten") and len(args) == 2 and args[1].value.__class__ is Text:
            args = [args[0], Arg(args[1].value, args[1].first, args[1].last, "order", args[1].first)]
        if any(arg.key == "order" and arg.value.__class__ is Text for arg in args):
            if callee.name == "reshape" and any(arg.key == "order" and arg.value.text == "F" for arg in args):
                return self._by_columns(callee, args, first, last)
            args = self._in_order(callee, args)
        if callee.op is a.concatenate and any(arg.key == "axis" and lists.known(arg.value) is None for arg in args):
            flat = [Arg(_flat(self, item), item.first, item.last) for item in lists.contents(self, args[0])]
            args = [Arg(Group("list", flat), args[0].first, args[0].last)]
        if callee.name in KEEP_MASKS and any(_is_mask(arg.value) for arg in args):
            return self.condition(self._call(callee, args, first, last))
        return self._call(callee, args, first, last)

    def _of_whom(self, callee: Callee, args: list[Arg], first: int, last: int) -> None:
        """Whose method is called; GradcError where that is not known, and makes a difference."""
        callee.library = dialect = self.scope.dialect
        if dialect != dialects.BOTH:
            return
        callee.library = ""
        hint = dialects.other_meaning(callee.name, args)
        if hint:
            said = f"'.{callee.name}' means something else to torch than to NumPy, and this program speaks of both"
            raise self.source.error(said, first, last, f"write {hint}")

    def _in_order(self, callee: Callee, args: list[Arg]) -> list[Arg]:
        """The arguments without order="C", as arrays are laid out; in Fortran's order an array's transpose is flat."""
        order = next(arg for arg in args if arg.key == "order")
        rest = [arg for arg in args if arg is not order]
        if order.value.text not in ("C", "K", "A") and callee.name in ("ravel", "flatten"):
            rest = [Arg(self.apply(a.transpose, [rest[0]], (None,)), rest[0].first, rest[0].last), *rest[1:]]
        return rest

    def _by_columns(self, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        """x.reshape(3, 2, order="F"), which is x.T.reshape(2, 3).T."""
        base, *sizes = [arg for arg in args if arg.key != "order"]
        if len(sizes) == 1 and isinstance(sizes[0].value, Group):
            shape = Group("tuple", sizes[0].value.items[::-1])
            sizes = [Arg(shape, sizes[0].first, sizes[0].last, sizes[0].key, sizes[0].key_at)]
        turned = Arg(self.apply(a.transpose, [base], (None,)), base.first, base.last)
        found = self._call(callee, [turned, *sizes[::-1]], first, last)
        return self.apply(a.transpose, [Arg(found, first, last)], (None,))

    def _call(self, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        its_own = SPECIAL.get(callee.name) or _SPECIAL_OPS.get(callee.op)  # type: ignore[arg-type]  # None is no key
        if its_own is not None:
            value = its_own(self, callee, args, first, last)
            if value is not None:
                return value
        if callee.op is None:  # one of its own that does not take these arguments
            raise self.source.error(f"'{callee.name}' does not take this", first, last)
        values, statics = self.bind(callee, callee.op, args, first, last)
        if callee.library == "scipy" and callee.op in (a.softmax, a.log_softmax):
            statics.setdefault("axis", None)  # SciPy's are of all elements; others' of the last axis
        return self.gate(callee.op, values, statics)

    def as_array(self, arg: Arg) -> Arg:
        """An argument, of which a function sees what it is now."""
        if not isinstance(arg.value, Canvas):
            return arg
        return Arg(canvas.as_node(self, arg.value), arg.first, arg.last, arg.key, arg.key_at)

    def named(self, arg: Arg) -> Callee:
        """A function that is given by its name, as map's first argument."""
        if isinstance(arg.value, Callee):
            return arg.value
        raise self.source.error("a function is wanted here: a def or a lambda", arg.first, arg.last)

    def gate(self, op: Op, values: list[Arg], statics: Mapping[str, Any]) -> Any:
        """A bound call as a gate, or as the gates that it is composed of."""
        if op.lower:
            bound = dict(zip(op.params, [self.value(arg) for arg in values], strict=True))
            try:
                value = self.lower(op.lower, bound)
                return self.build.make(a.sum_, (value,), (None, False)) if op in STAN and value.shape else value
            except GradcError as error:
                raise self.source.error(error.message, values[0].first, values[-1].last) from None
        if values and "axis" in dict(op.statics) and not op.variadic:
            values = [Arg(self.value(values[0]), values[0].first, values[0].last), *values[1:]]
            name = "" if values[0].value.shape else self.undeclared(values[0].value)
            if name:
                raise self.scalar_error(name, op, values[0])
        return self.apply(op, values, bind_statics(op, statics))

    def bind(self, callee: Callee, op: Op, args: list[Arg], first: int, last: int) -> tuple[list[Arg], dict[str, Any]]:
        """The arguments of a call in the order of the parameters, and the static ones by name."""
        known = [key for key, _ in op.statics]
        statics: dict[str, Any] = {}
        named: dict[str, Arg] = {}
        plain: list[Arg] = []
        order: Arg | None = None
        for arg in args:
            key = KEYWORDS.get(arg.key, arg.key)
            if not key:
                plain.append(arg)
            elif key in known and key not in statics:
                statics[key] = self._static(key, arg, op.variadic)
            elif key in UNHEEDED:
                continue
            elif key in op.params and key not in named and not op.variadic:
                named[key] = arg
            elif key in ("ord", "p") and op is a.norm:
                order = self._euclidean(arg)
            else:
                known_keys = known + ([] if op.variadic else list(op.params))
                raise self.source.error(
                    f"unknown keyword '{arg.key}'", arg.key_at, hint=advice.unknown_keyword(arg.key, known_keys)
                )
        plain, extra = self._split(op, plain)
        usual = {key: Arg(self.build.const(value), last, last) for key, value in op.defaults.items()}
        values = [*plain, *[{**usual, **named}[key] for key in op.params[len(plain) :] if key in named or key in usual]]
        if extra and op is a.norm:
            order = self._euclidean(extra.pop(0))
        if op in (a.reshape, a.transpose) and extra:
            statics[known[0]] = self._static(
                known[0], Arg(Group("tuple", extra), extra[0].first, extra[-1].last) if len(extra) > 1 else extra[0]
            )
            extra = []
        for key in known:
            if extra and key not in statics:
                statics[key] = self._static(key, extra.pop(0), op.variadic)
        if extra or (not op.variadic and len(values) != len(op.params)) or not values:
            raise self._arity(callee, op, len(values) + len(extra), first, last)
        if order is not None and "axis" not in statics and len(self.value(values[0]).shape) > 1:
            hint = "norm(A) is the root of the sum of squares; norm(A, 2, axis=1) takes rows"
            raise self.source.error("the spectral norm of a matrix is no gate", order.first, order.last, hint)
        if op is a.reshape and statics.get("shape") is None:
            raise self.source.error("reshape needs a shape", first, last, "write reshape(x, (2, -1))")
        return values, statics

    def _split(self, op: Op, plain: list[Arg]) -> tuple[list[Arg], list[Arg]]:
        """The arguments proper, and what is left for the static parameters."""
        if not op.variadic:
            return plain[: len(op.params)], plain[len(op.params) :]
        if plain and isinstance(plain[0].value, Group):
            return plain[0].value.items, plain[1:]
        return plain, []

    def _arity(self, callee: Callee, op: Op, got: int, first: int, last: int) -> GradcError:
        count = len(op.params)
        takes = "at least 1 argument" if op.variadic else f"{count} argument{'s' * (count != 1)}"
        hint = "write log2(x), log10(x) or log(x)/log(b)" if op is s.log and got == 2 else ""
        return self.source.error(f"{callee.name} takes {takes} ({', '.join(op.params)}), got {got}", first, last, hint)

    def _euclidean(self, arg: Arg) -> Arg | None:
        """norm(x, 2) is accepted, of a matrix norm(x, "fro"); another order is another function."""
        if isinstance(arg.value, Text) and arg.value.text == "fro":
            return None
        value = self._constant(arg)
        if value not in (2, None):
            raise self.source.error(
                "only the Euclidean norm is a gate", arg.first, arg.last, "write sum(abs(x)) or max(abs(x))"
            )
        return arg if value == 2 else None

    def _static(self, key: str, arg: Arg, variadic: bool = False) -> Any:
        """A static parameter: a constant of the kind that its name asks for."""
        value = self._constant(arg)
        if key in ("keepdims", "lower"):
            return bool(value)
        if key in ("shape", "axes") and isinstance(value, (int, str)):
            value = (value,)
        parts = value if isinstance(value, tuple) else () if value is None and not variadic else (value,)
        if key == "shape" and (parts.count(-1) > 1 or any(isinstance(dim, int) and dim < -1 for dim in parts)):
            raise self.source.error("a shape has sizes, and one -1 at most for the rest", arg.first, arg.last)
        if key in ("axis", "axes") and not (
            value != () and all(type(axis) is int for axis in parts) and (parts is not value or not variadic)
        ):
            raise self.source.error(
                f"this is no {key}", arg.first, arg.last, "write whole numbers: axis=0 or axis=(0, 1)"
            )
        return value

    def _constant(self, arg: Arg) -> Any:
        match arg.value:
            case Word("None"):
                return None
            case str(dim):
                return dim
            case Group(items=items) if not any(isinstance(item.value, Group) for item in items):
                return tuple(self._constant(item) for item in items)
            case Node(op=op) if op is s.const and type(number(arg.value)) is int:
                return number(arg.value)
        raise self.source.error(
            "this argument is a constant: whole numbers, as in axis=0 or axis=(0, 1)", arg.first, arg.last
        )


# ---- operators between conditions ----------------------------------------------------------------


def comparison(op: Op, so_far: Node | None = None) -> Callable[[Gates, Any, Any], Node]:
    """a < b; with `so_far` the rest of a chain such as a < b < c."""

    def compare(gates: Gates, x: Any, y: Any) -> Node:
        node = (lists.compared(gates, op, x, y) if not (x.__class__ is y.__class__ is Node) else None) or gates.make(
            op, (x, y)
        )
        return node if so_far is None else gates.make(r.all_of, (so_far, node))

    return compare


def logic(op: Op) -> Callable[[Gates, Any, Any], Node]:
    """`and` and `or`, which join conditions: of numbers Python would give one of the two."""
    word = "and" if op is r.all_of else "or"

    def join(gates: Gates, x: Any, y: Any) -> Any:
        for value in (x, y):
            number = isinstance(value, Node) and not value.op.boolean and lists.truth(value) is None
            if number and value is not POISON:
                hint = "write y if x > 0 else 0" if word == "and" else "write x if x != 0 else y"
                raise GradcError(
                    f"'{word}' joins conditions, and one of these is a number", hint=f"{hint}, or compare it with 0"
                )
        sides = [gates.build.const(int(bool(each.items))) if isinstance(each, Group) else each for each in (x, y)]
        return gates.make(op, tuple(sides))

    return join


def mask(op: Op, symbol: str) -> Callable[[Gates, Any, Any], Node]:
    """`&` and `|`, which NumPy and SymPy write between conditions."""

    def join(gates: Gates, x: Any, y: Any) -> Any:
        x, y = _drawn(gates, x), _drawn(gates, y)
        _check_mask(symbol, x, y)
        return gates.make(op, (x, y))

    return join


def _drawn(gates: Gates, value: Any) -> Any:
    """An array that is written to, as it is now."""
    return canvas.as_node(gates, value) if isinstance(value, Canvas) else value


def _check_mask(symbol: str, *values: Any) -> None:
    among = any(map(_is_condition, values))
    for value in values:
        decided = among and isinstance(value, Node) and (is_const(value, 0) or is_const(value, 1))  # as of 2 > 1
        if not (decided or _is_condition(value)):
            raise GradcError(
                f"'{symbol}' is for conditions",
                hint="put each comparison in brackets: (x > 0) & ~(y > 0)" + "; |x| is abs(x)" * (symbol == "|"),
            )


def _in_array(value: Any) -> Any:
    """An argument of a function, which takes a tuple as it takes a list."""
    return Group("list", value.items, value.name) if isinstance(value, Group) and value.kind == "tuple" else value


def _takes_tuples(op: Op, args: tuple[Any, ...]) -> bool:
    """Whether a tuple is an array here: as a function's only argument, and beside an array."""
    if len(args) == 1:
        return args[0].__class__ is Group and op is not s.neg
    return any(arg.__class__ is Node and arg.shape for arg in args)


def _is_condition(value: Any) -> bool:
    return isinstance(value, Node) and (value.op.boolean or value is POISON)


def _flat(gates: Gates, item: Arg) -> Node:
    """An array as a vector."""
    node = gates.value(item)
    return node if len(node.shape) == 1 else gates.build.make(a.reshape, (node,), ((-1,),))


def _is_mask(value: Any) -> bool:
    """Whether a value is a condition, or a list of such."""
    if isinstance(value, Group):
        return bool(value.items) and all(_is_mask(item.value) for item in value.items)
    return isinstance(value, Node) and value.op.boolean


def within(gates: Gates, x: Any, y: Any) -> Node:
    return lists.contains(gates, x, y)


def not_within(gates: Gates, x: Any, y: Any) -> Any:
    return invert(gates, lists.contains(gates, x, y))


def same(gates: Gates, x: Any, y: Any) -> Node:
    return lists.identical(gates, x, y)


def not_same(gates: Gates, x: Any, y: Any) -> Any:
    return invert(gates, lists.identical(gates, x, y))


def remainder(gates: Gates, x: Any, y: Any) -> Any:
    """x % y: of counters and sizes a number, of values a gate; of a text it with the values filled in."""
    if isinstance(x, Text):
        from gradc.language import constants

        return constants.remainder(x, y)
    p, q = _whole(gates, x), _whole(gates, y)
    if isinstance(q, int) and isinstance(p, int):
        if q == 0:
            raise GradcError("division by 0")
        return gates.build.const(p % q)
    if isinstance(p, str) and isinstance(q, int) and q:
        rest = total([p, a.product((-q, shared(p, q) or f"({p})//{q}"))])
        return gates.size(rest)
    return _gate_of_sign(gates, "mod", "%", x, y)


def quotient(gates: Gates, x: Any, y: Any) -> Any:
    """x // y: of counters and sizes a number, of values a gate."""
    p, q = _whole(gates, x), _whole(gates, y)
    if q == 0:
        raise GradcError("division by 0")
    if isinstance(q, int) and isinstance(p, int):
        return gates.build.const(p // q)
    if isinstance(p, str) and q is not None and q is not lists.UNKNOWN:
        whole = shared(p, q)
        if whole is not None:
            return gates.size(whole)
    return _gate_of_sign(gates, "floor_divide", "//", x, y)


def _whole(gates: Gates, value: Any) -> Any:
    if isinstance(value, str):
        return gates.build.dims.find(value)
    found = lists.known(value)
    return found if type(found) is int else lists.UNKNOWN


def _gate_of_sign(gates: Gates, name: str, sign: str, x: Any, y: Any) -> Any:
    op = lookup(name)
    if op is not None:
        return gates.gate(op, [Arg(x, 0, 0), Arg(y, 0, 0)], {})
    floor = lookup("floor")
    if sign == "//" and floor is not None:
        return gates.make(floor, (gates.make(s.div, (x, y)),))
    what, hint = advice.SYMBOLS[sign]
    raise GradcError(f"{what} is not part of the language", hint=hint)


def invert(gates: Gates, value: Any) -> Any:
    holds = lists.truth(value)
    if holds is not None and (value.__class__ is not Node or value.op is s.const):
        return gates.build.const(int(not holds))
    return gates.make(r.not_, (value,))


def invert_mask(gates: Gates, value: Any) -> Any:
    value = _drawn(gates, value)
    _check_mask("~", value)
    return invert(gates, value)


def choose(gates: Gates, chosen: tuple[Arg, Arg], otherwise: Any) -> Any:
    """a if c else b, with (a, c) read before b."""
    return gates.make(r.where, (chosen[1].value, chosen[0].value, otherwise))


# ---- functions with a meaning of their own -------------------------------------------------------

Special = Callable[[Gates, Callee, list[Arg], int, int], Any]


def _largest(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """max of several values is elementwise, of one array a reduction; `np.max(x, 0)` has an axis."""
    pairwise = r.maximum if callee.op in (a.amax, r.maximum) else r.minimum
    values = args
    if callee.library == "torch" and callee.op in (a.amax, a.amin) and callee.name in ("max", "min"):
        from gradc.language import torch_functions

        found = torch_functions.best(gates, callee, args, first, last)
        if found is not None:
            return found
    if (
        len(args) == 1
        and isinstance(args[0].value, Group)
        and all(_is_scalar(item.value) for item in args[0].value.items)
    ):
        values = args[0].value.items
    if not values or any(arg.key for arg in args) or callee.receiver is not None:
        return None
    if len(values) == 1 and values is args:
        return values[0].value if callee.op in (r.maximum, r.minimum) and callee.name[0].isupper() else None
    if (
        callee.prefixed
        and callee.op in (a.amax, a.amin)
        and values is args
        and len(args) == 2
        and _is_axis(gates, args)
    ):
        return None
    out = values[0]
    for arg in values[1:]:
        out = Arg(gates.apply(pairwise, [out, arg]), out.first, arg.last)
    return gates.number(out.value)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, Node) and not value.shape


def _is_axis(gates: Gates, args: list[Arg]) -> bool:
    axis = args[1].value
    is_array = isinstance(args[0].value, Node) and bool(args[0].value.shape)
    return is_array and (
        isinstance(axis, Group) or (isinstance(axis, Node) and axis.op is s.const and type(axis.attr) is int)
    )


def _dot(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """NumPy's dot: a matrix product, or a product with a scalar."""
    if len(args) != 2 or any(arg.key for arg in args):
        raise gates.source.error(f"{callee.name} takes 2 arguments (x, y), got {len(args)}", first, last)
    x, y = (Arg(gates.value(arg), arg.first, arg.last) for arg in args)
    if not x.value.shape or not y.value.shape:
        return gates.apply(s.mul, [x, y])
    if len(y.value.shape) > 2:
        return _dot_of_batch(gates, x, y)
    return gates.apply(a.matmul, [x, y])


def _dot_of_batch(gates: Gates, x: Arg, y: Arg) -> Node:
    """NumPy's dot with y of three axes or more: the last axis of x against the last but one of y, every other kept."""
    rank, shape, build = len(y.value.shape), y.value.shape, gates.build
    moved = build.make(a.transpose, (y.value,), ((rank - 2, *range(rank - 2), rank - 1),))
    rest = (*shape[:-2], shape[-1])
    flat = build.make(a.reshape, (moved,), ((shape[-2], total([a.product(rest)])),))
    product = gates.apply(a.matmul, [x, Arg(flat, y.first, y.last)])
    return build.make(a.reshape, (product,), ((*x.value.shape[:-1], *rest),))


def _piecewise(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Node:
    """Piecewise((a, c), (b, True)), as SymPy prints it: nan where no condition holds."""
    for arg in args:
        if not isinstance(arg.value, Group) or len(arg.value.items) != 2:
            raise gates.source.error("Piecewise takes pairs: (value, condition)", arg.first, arg.last)
    if not args:
        raise gates.source.error("Piecewise takes pairs: (value, condition)", first, last)
    out = Arg(gates.build.const(float("nan")), last, last)
    if _holds(args[-1].value.items[1].value):
        out = args.pop().value.items[0]
    for arg in reversed(args):
        value, condition = arg.value.items
        out = Arg(gates.apply(r.where, [condition, value, out]), value.first, out.last)
    return gates.number(out.value)


def _holds(value: Any) -> bool:
    return isinstance(value, Node) and value.op is s.const and number(value) == 1


def _heaviside(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """SymPy's Heaviside(x) is 1/2 at 0."""
    if len(args) != 1 or callee.name != "Heaviside":
        return None
    return gates.gate(r.heaviside, [args[0], Arg(gates.build.const(0.5), last, last)], {})


def _slogdet(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """The sign of a determinant and the logarithm of its absolute value."""
    values, _ = gates.bind(callee, linalg.logdet, args, first, last)
    return Group("tuple", [Arg(gates.gate(op, values, {}), first, last) for op in (linalg.det_sign, linalg.logdet)])


def _turned(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """transpose(x, 0, 1), of torch's."""
    if len(args) != 3:
        return None
    from gradc.language import torch_functions

    return torch_functions.turned(gates, callee, args, first, last)


def _nonzero(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """np.nonzero(mask) and np.where(mask), of one axis: a tuple of the places."""
    if len(args) != 1:
        return None
    value = args[0].value
    if isinstance(value, Node) and value.op.boolean:
        mask = value
    elif callee.name == "where" and not (isinstance(value, Node) and value.shape):
        return None
    else:
        mask = gates.make(r.ne, (value, gates.build.const(0)))
    written = written_masks.places(gates, mask)
    if written is not None and callee.name != "flatnonzero":
        return Group("tuple", [Arg(each, first, last) for each in written])
    if len(mask.shape) != 1:
        said = "the places of a mask are those of one axis"
        raise gates.source.error(said, first, last, "write where(condition, a, b)")
    places = Places(mask)
    return places if callee.name == "flatnonzero" else Group("tuple", [Arg(places, first, last)])


SPECIAL: dict[str, Special] = {
    "dot": _dot, "Piecewise": _piecewise, "slogdet": _slogdet,
    **{name: array_functions.called(name) for name in (*array_functions.FUNCTIONS, *array_functions.LATE)},
    **lists.BUILTINS, **CONNECTIVES, **dict.fromkeys(("nonzero", "flatnonzero", "where"), _nonzero),
}  # fmt: skip
_SPECIAL_OPS: dict[Op, Special] = {
    a.transpose: _turned,
    **own_arguments.GATES,
    a.amax: _largest, a.amin: _largest, r.maximum: _largest, r.minimum: _largest, r.heaviside: _heaviside,
}  # fmt: skip
