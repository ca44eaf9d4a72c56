"""What is known when a program is compiled and is no array: lists, tuples, dictionaries, strings, None, functions.

They have Python's meaning: a list is changed by every name that it has, and `+` joins two of them.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("rows = [x]*2\\nrows.append(y)\\nsum(rows[1:]) + len(rows)")))
v1 = x + y
v1 + 3
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.graph.shapes import total
from gradc.language import canvas
from gradc.language.lex import BODY, is_number
from gradc.language.values import (
    EMPTY,
    NONE,
    POISON,
    Arg,
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
    Text,
    TorchDistribution,
    Word,
)
from gradc.ops import array as a
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.gather import iota
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import number

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# What a value is not known to be.
UNKNOWN = object()
# What is made of a written number is one, too: int(np.ceil(0.95*n)).
_OF_NUMBERS: dict[str, Callable[[float], float]] = {
    "floor": math.floor, "ceil": math.ceil, "round": round, "trunc": math.trunc,
    "sqrt": math.sqrt, "log": math.log, "log2": math.log2, "log10": math.log10, "exp": math.exp, "abs": abs,
}  # fmt: skip
# A text that says what an item is has no more characters than this.
LONGEST = 20


# ---- what is known ------------------------------------------------------------------------------


def truth(value: Any) -> bool | None:
    """Whether a value holds as a test; None where that is not known when the program is compiled.

    >>> truth(Group("list", [])), truth(Text("a")), truth("n")
    (False, True, None)
    """
    match value:
        case Node(op=op, shape=()) if op is s.const:
            return bool(number(value))
        case Group(items=items) | Dict(items=items):
            return bool(items)
        case Text(text):
            return bool(text)
        case Function() | Callee():
            return True
        case Word("None"):
            return False
    return None


def known(value: Any) -> Any:
    """A constant of the program as a value of Python, tuples for lists; UNKNOWN for anything else."""
    match value:
        case Node(op=op, shape=()) if op is s.const:
            return number(value)
        case Node(op=op, shape=(), args=(arg,)) if op.name in _OF_NUMBERS and arg.op is s.const:
            try:
                return float(_OF_NUMBERS[op.name](number(arg)))
            except (ValueError, OverflowError):
                return UNKNOWN
        case Text(text):
            return text
        case Word("None"):
            return None
        case Group(items=items):
            parts = tuple(known(item.value) for item in items)
            return UNKNOWN if any(part is UNKNOWN for part in parts) else parts
    return UNKNOWN


def shown(value: Any) -> str:
    """A constant as text, for errors; nothing for what is none."""
    found = known(value)
    text = "" if found is UNKNOWN else repr(found)
    return text if len(text) <= LONGEST else ""


def kind_of(value: Any) -> str:
    """What a value is, in an error."""
    match value:
        case Group(kind=kind):
            return f"a {kind}"
        case Dict():
            return "a dictionary"
        case Text():
            return "a string"
        case Function(name="lambda"):
            return "a lambda"
        case Function(name=name):
            return f"the function '{name}'"
        case str():
            return "a size"
        case Word(text):
            return f"'{text}'" if text else "nothing"
        case Node(shape=shape):
            return "an array" if shape else "a number"
        case Record(name=name):
            return f"'{name}', whose entries are inputs,"
        case Picked():
            return "what a mask takes"
        case Places():
            return "the places of a mask"
        case Spot():
            return "what '.at' gives"
        case Distribution(name=name):
            return f"the distribution '{name}'"
    return "a slice"


def contents(gates: Gates, arg: Arg) -> list[Arg]:
    """What a loop takes from a value: the items of a list, the keys of a dictionary, the rows of an array."""
    value = arg.value
    if isinstance(value, Group):
        return value.items if value.kind == "tuple" else list(value.items)
    if isinstance(value, Dict):
        return [Arg(unknown_key(gates, key), item.first, item.last) for key, item in value.items.items()]
    if isinstance(value, Text):
        return [Arg(Text(char), arg.first, arg.last) for char in value.text]
    if isinstance(value, canvas.Canvas):
        count = value.shape[0]
        if isinstance(count, str):
            raise needs_size(gates, arg, count)
        return [Arg(canvas.row(gates, value, at), arg.first, arg.last) for at in range(count)]
    if isinstance(value, Node) and value.shape:
        count = gates.build.dims.find(value.shape[0])
        if isinstance(count, str):
            raise needs_size(gates, arg, count)
        if (numbers := _written_numbers(value)) is not None:
            return [Arg(gates.build.const(each), arg.first, arg.last) for each in numbers]
        return [Arg(gates.build.make(a.index, (value,), ((at,),)), arg.first, arg.last) for at in range(count)]
    if isinstance(value, Node) and value is not POISON and (name := gates.undeclared(value)):
        text = f"'{name}' is a scalar, and has no elements to go through"
        raise gates.source.error(text, arg.first, arg.last, f"declare its shape: {name}: [3], or --shape {name}=3")
    raise gates.source.error(f"{kind_of(value)} has no elements to go through", arg.first, arg.last)


def _written_numbers(node: Node) -> list[float] | None:
    """The numbers of a constant vector, such as np.arange(3)."""
    if len(node.shape) != 1 or node.op.name not in ("arange", "iota", "literal", "picked", "linspace"):
        return None
    facts = statics_of(node.op, node.attr)
    if "values" in facts:
        return list(facts["values"])
    if not isinstance(facts["size"], int):
        return None
    if "stop" in facts:
        gaps = facts["size"] - 1 if facts["endpoint"] else facts["size"]
        step = (facts["stop"] - facts["start"]) / gaps if gaps else 0.0
        found = [facts["start"] + i * step for i in range(facts["size"])]
        return [*found[:-1], facts["stop"]] if facts["endpoint"] and gaps else [float(each) for each in found]
    return [facts["start"] + i * facts["step"] for i in range(facts["size"])]


def needs_size(gates: Gates, arg: Arg, size: str) -> GradcError:
    """The error for what hangs on a size that is only known at the call."""
    owner = next(((name, node.shape) for name, node in gates.scope.inputs.items() if size in node.shape), None)
    hint = "declare it as a number, or give it with --shape or shapes="
    if owner is not None:
        name, shape = owner
        sizes = ["3" if dim == size else str(dim) for dim in shape]
        hint = f"declare it as a number: {name}: [{', '.join(sizes)}], or give it: --shape {name}={','.join(sizes)}"
    return gates.source.error(
        f"the size '{size}' has to be known when the program is compiled", arg.first, arg.last, hint
    )


def unknown_key(gates: Gates, key: Any) -> Any:
    """A key of a dictionary as a value of the program."""
    if isinstance(key, str):
        return Text(key)
    if key is None:
        return NONE
    if isinstance(key, tuple):
        return Group("tuple", [Arg(unknown_key(gates, part), 0, 0) for part in key])
    return gates.build.const(key)


# ---- subscripts -----------------------------------------------------------------------------------


def element(gates: Gates, base: Arg, items: list[Arg], last: int) -> Any:
    """An element or a part of a list or a dictionary; UNKNOWN where a list is to be taken for an array."""
    value = base.value
    if isinstance(value, canvas.Canvas):
        return canvas.element(gates, value, items)
    if isinstance(value, Spot):
        return Spot(value.base, items, last)
    if isinstance(value, Dict):
        key = gates.key(Arg(Group("tuple", items), base.first, last) if len(items) > 1 else items[0])
        if key not in value.items and value.missing is not None:
            value.items[key] = Arg(value.missing(), base.first, last)
        if key not in value.items:
            text = f"the dictionary has no key {key!r}"
            keys = ", ".join(repr(each) for each in list(value.items)[:5])
            raise gates.source.error(text, base.first, last, f"its keys are {keys}" if keys else "it has no keys")
        return value.items[key].value
    if not isinstance(value, Group):
        raise gates.source.error(f"{kind_of(value)} has no elements", base.first, last)
    if len(items) != 1:
        return UNKNOWN
    item = items[0].value
    if isinstance(item, Slice):
        return Group(value.kind, value.items[bounds_of(gates, item, len(value.items))])
    if isinstance(item, str):
        raise needs_size(gates, items[0], item)
    at = known(item)
    if type(at) is not int:
        return UNKNOWN
    if not -len(value.items) <= at < len(value.items):
        raise gates.source.error(out_of_range(at, value), base.first, last)
    return value.items[at].value


def out_of_range(at: int, value: Group) -> str:
    count = len(value.items)
    return f"index {at} is outside 0..{count - 1}" if count else f"index {at}: the {value.kind} is empty"


def bounds_of(gates: Gates, item: Slice, count: int) -> slice:
    """A slice of a list, whose ends are constants."""
    ends = []
    for part in item.parts:
        if part is not None and isinstance(part.value, str):
            raise needs_size(gates, part, part.value)
        end = None if part is None else known(part.value)
        if not (end is None or type(end) is int):
            assert part is not None
            raise gates.source.error("an index of a list is a constant, a whole number", part.first, part.last)
        ends.append(end)
    if len(ends) > 2 and ends[2] == 0:
        raise GradcError("the step of a slice cannot be 0")
    return slice(*ends)


def store(gates: Gates, base: Arg, items: list[Arg], value: Arg, last: int) -> None:
    """Assign to an element of a list or a dictionary."""
    held = base.value
    if isinstance(held, canvas.Canvas):
        mask = items[0].value if len(items) == 1 else None
        mask = mask.mask if isinstance(mask, Places) else mask
        if isinstance(value.value, Picked):
            if mask is not value.value.mask:
                raise gates.source.error(
                    "what a mask takes is assigned behind the same mask",
                    value.first,
                    value.last,
                    "write where(condition, a, b)",
                )
            node = value.value.node
            gates.placed(lambda: canvas.put_masked(gates, held, mask, node), a.index, [base, *items])
            return
        node = gates.value(value)
        if isinstance(mask, Node) and mask.op.boolean:
            items = [Arg(mask, items[0].first, items[0].last)]
        gates.placed(lambda: canvas.put(gates, held, items, node, last), a.index, [base, *items])
        return
    if isinstance(held, Dict):
        held.items[gates.key(Arg(Group("tuple", items), base.first, last) if len(items) > 1 else items[0])] = value
        return
    if not isinstance(held, Group) or held.kind == "tuple" or len(items) != 1:
        raise gates.source.error(f"the elements of {kind_of(held)} are not assigned", base.first, last)
    if isinstance(items[0].value, Slice):
        held.items[bounds_of(gates, items[0].value, len(held.items))] = contents(gates, value)
        return
    at = known(items[0].value)
    if type(at) is not int:
        raise gates.source.error("an index of a list is a constant, a whole number", items[0].first, items[0].last)
    if not -len(held.items) <= at < len(held.items):
        raise gates.source.error(out_of_range(at, held), base.first, last, "append to the list, or make it [0]*n first")
    held.items[at] = value


# ---- operators ------------------------------------------------------------------------------------


def combined(gates: Gates, op: Any, x: Any, y: Any) -> Group | Text | None:
    """Lists and texts joined by `+` and repeated by `*`; None where the operator takes them as arrays."""
    if isinstance(x, Text) or isinstance(y, Text):
        from gradc.language import constants

        return constants.joined(x, y, op)
    if op is s.add and isinstance(x, Group) and isinstance(y, Group):
        if x.kind != y.kind:
            raise GradcError("a list and a tuple are not joined", hint="write list(...) around the tuple")
        return Group(x.kind, x.items + y.items)
    if op is s.mul and isinstance(x, Group) is not isinstance(y, Group):
        group, count = (x, known(y)) if isinstance(x, Group) else (y, known(x))
        if type(count) is int:
            return Group(group.kind, group.items * max(count, 0))
    return None


def compared(gates: Gates, op: Any, x: Any, y: Any) -> Node | None:
    """A comparison whose outcome is known, of strings, lists, None and sizes; None for one of numbers."""
    if isinstance(x, str) or isinstance(y, str):
        return _sizes_compared(gates, op, x, y)
    if not any(isinstance(each, (Text, Group, Dict, Word)) for each in (x, y)):
        return None
    if any(isinstance(each, Group) for each in (x, y)) and any(isinstance(each, Node) for each in (x, y)):
        return None  # a list beside a number is an array: compared element by element
    p, q = known(x), known(y)
    if p is UNKNOWN or q is UNKNOWN:
        if NONE in (x, y) and op in (r.eq, r.ne):
            return gates.build.const(int((x is y) == (op is r.eq)))
        if isinstance(x, Text) or isinstance(y, Text):
            return gates.build.const(int(op is r.ne)) if op in (r.eq, r.ne) else None
        return None
    return _outcome(gates, op, p, q)


_COMPARE: dict[Any, Callable[[Any, Any], bool]] = {
    r.eq: lambda p, q: p == q, r.ne: lambda p, q: p != q, r.lt: lambda p, q: p < q,
    r.le: lambda p, q: p <= q, r.gt: lambda p, q: p > q, r.ge: lambda p, q: p >= q,
}  # fmt: skip


def _outcome(gates: Gates, op: Any, p: Any, q: Any) -> Node:
    try:
        return gates.build.const(int(_COMPARE[op](p, q)))
    except TypeError:
        raise GradcError("these are not compared") from None


def _sizes_compared(gates: Gates, op: Any, x: Any, y: Any) -> Node | None:
    p, q = (each if isinstance(each, str) else known(each) for each in (x, y))
    if not all(type(each) in (int, str) for each in (p, q)):
        return None
    gap = total([gates.build.dims.find(p), a.product((-1, gates.build.dims.find(q)))])
    return _outcome(gates, op, gap, 0) if isinstance(gap, int) else None


def contains(gates: Gates, x: Any, y: Any) -> Node:
    """`x in y`, of what is known."""
    wanted = known(x)
    if isinstance(y, Dict):
        found: bool = gates.key(Arg(x, 0, 0)) in y.items
    elif isinstance(y, Text) and isinstance(wanted, str):
        found = wanted in y.text
    elif isinstance(y, Group) and wanted is not UNKNOWN:
        items = [known(item.value) for item in y.items]
        if any(item is UNKNOWN for item in items) and wanted not in items:
            raise GradcError("'in' looks for a constant among constants")
        found = wanted in items
    else:
        raise GradcError("'in' looks for a constant in a list or a dictionary", hint="write (x == a) | (x == b)")
    return gates.build.const(int(found))


def identical(gates: Gates, x: Any, y: Any) -> Node:
    """`x is None`."""
    if NONE in (x, y):
        return gates.build.const(int(x is y))
    if isinstance(x, Node) and isinstance(y, Node) and x.op is s.const and y.op is s.const:
        return gates.build.const(int(x is y))
    raise GradcError("'is' compares with None only", hint="write == to compare")


# ---- methods --------------------------------------------------------------------------------------

Method = Callable[["Gates", Any, list[Arg], int, int], Any]


def takes(gates: Gates, name: str, args: list[Arg], least: int, most: int, first: int, last: int) -> None:
    if not least <= len(args) <= most or any(arg.key for arg in args):
        count = str(least) if least == most else f"{least} to {most}"
        raise gates.source.error(f"{name} takes {count} argument{'s' * (most != 1)}, got {len(args)}", first, last)


def whole(gates: Gates, arg: Arg) -> int:
    """A constant whole number."""
    if isinstance(arg.value, str):
        raise needs_size(gates, arg, arg.value)
    found = known(arg.value)
    if type(found) is int:
        return found
    if isinstance(arg.value, Node) and arg.value.op is s.input_:
        name = arg.value.attr
        raise gates.source.error(
            f"'{name}' is an input, and this has to be known when the program is compiled",
            arg.first,
            arg.last,
            f"write {name} = 3 above, or the size of an axis",
        )
    raise gates.source.error("this is a whole number, known when the program is compiled", arg.first, arg.last)


def _append(gates: Gates, held: Group, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, "append", args, 1, 1, first, last)
    held.items.append(args[0])
    return NONE


def _extend(gates: Gates, held: Group, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, "extend", args, 1, 1, first, last)
    held.items.extend(contents(gates, args[0]))
    return NONE


def _insert(gates: Gates, held: Group, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, "insert", args, 2, 2, first, last)
    held.items.insert(whole(gates, args[0]), args[1])
    return NONE


def _pop(gates: Gates, held: Any, args: list[Arg], first: int, last: int) -> Any:
    if isinstance(held, Dict):
        takes(gates, "pop", args, 1, 2, first, last)
        found = held.items.pop(gates.key(args[0]), args[1] if len(args) > 1 else None)
        if found is None:
            raise gates.source.error("the dictionary has no such key", first, last)
        return found.value
    takes(gates, "pop", args, 0, 1, first, last)
    at = whole(gates, args[0]) if args else -1
    if not -len(held.items) <= at < len(held.items):
        raise gates.source.error(out_of_range(at, held), first, last)
    return held.items.pop(at).value


def _reverse(gates: Gates, held: Group, args: list[Arg], first: int, last: int) -> Any:
    held.items.reverse()
    return NONE


def _clear(gates: Gates, held: Any, args: list[Arg], first: int, last: int) -> Any:
    held.items.clear()
    return NONE


def _copy(gates: Gates, held: Any, args: list[Arg], first: int, last: int) -> Any:
    if isinstance(held, Dict):
        out = Dict()
        out.items = dict(held.items)
        return out
    return Group(held.kind, list(held.items))


def _position(gates: Gates, held: Group, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, "index", args, 1, 1, first, last)
    items = [known(item.value) for item in held.items]
    wanted = known(args[0].value)
    if wanted is UNKNOWN or wanted not in items:
        raise gates.source.error("the list has no such constant", first, last)
    return gates.build.const(items.index(wanted))


def _items(gates: Gates, held: Dict, args: list[Arg], first: int, last: int) -> Any:
    pairs = [
        Arg(Group("tuple", [Arg(unknown_key(gates, key), first, last), item]), first, last)
        for key, item in held.items.items()
    ]
    return Group("list", pairs)


def _keys(gates: Gates, held: Dict, args: list[Arg], first: int, last: int) -> Any:
    return Group("list", [Arg(unknown_key(gates, key), first, last) for key in held.items])


def _values(gates: Gates, held: Dict, args: list[Arg], first: int, last: int) -> Any:
    return Group("list", list(held.items.values()))


def _get(gates: Gates, held: Dict, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, "get", args, 1, 2, first, last)
    found = held.items.get(gates.key(args[0]))
    return found.value if found is not None else args[1].value if len(args) > 1 else NONE


def _setdefault(gates: Gates, held: Dict, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, "setdefault", args, 1, 2, first, last)
    found = held.items.setdefault(gates.key(args[0]), args[1] if len(args) > 1 else Arg(NONE, first, last))
    return found.value


def _update(gates: Gates, held: Dict, args: list[Arg], first: int, last: int) -> Any:
    for arg in args:
        if arg.key:
            held.items[arg.key] = arg
        elif isinstance(arg.value, Dict):
            held.items.update(arg.value.items)
        else:
            raise gates.source.error("update takes a dictionary", arg.first, arg.last)
    return NONE


LIST_METHODS: dict[str, Method] = {
    "append": _append, "extend": _extend, "insert": _insert, "pop": _pop, "reverse": _reverse, "clear": _clear,
    "copy": _copy, "index": _position,
}  # fmt: skip
DICT_METHODS: dict[str, Method] = {
    "items": _items, "keys": _keys, "values": _values, "get": _get, "update": _update, "pop": _pop, "clear": _clear,
    "copy": _copy, "setdefault": _setdefault,
}  # fmt: skip


def method(value: Any, name: str) -> Method | None:
    """A method of a list or a dictionary."""
    if isinstance(value, Group):
        return _replace if name == "_replace" and value.fields else LIST_METHODS.get(name)
    if isinstance(value, Text):
        return TEXT_METHODS.get(name) or _of_texts(name)
    if isinstance(value, canvas.Canvas):
        return _fresh if name == "copy" else None
    if isinstance(value, Spot):
        from gradc.language import updates

        return updates.method(name)  # type: ignore[no-any-return]  # a method, or None
    if isinstance(value, Distribution):
        from gradc.language import distributions

        return distributions.method(name)  # type: ignore[no-any-return]  # a method
    if isinstance(value, TorchDistribution):
        from gradc.language import torch_distributions

        return torch_distributions.method(value, name)  # type: ignore[no-any-return]  # a method, or None
    return DICT_METHODS.get(name) if isinstance(value, Dict) else None


def _replace(gates: Gates, held: Any, args: list[Arg], first: int, last: int) -> Any:
    from gradc.language import records

    return records.replaced(gates, held, args, first, last)


def _record(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """namedtuple(...), SimpleNamespace(...)."""
    from gradc.language import records

    make = records.namedtuple if callee.name == "namedtuple" else records.namespace
    return make(gates, callee, args, first, last)


def _fresh(gates: Gates, held: Any, args: list[Arg], first: int, last: int) -> Any:
    """A copy of an array that may be written to."""
    return canvas.Canvas(canvas.as_node(gates, held), held.shape)


# ---- Python's own functions -------------------------------------------------------------------------


def _range(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, callee.name, args, 1, 3, first, last)
    if len(args) == 1 and isinstance(args[0].value, str):  # a loop over it has no end yet, but an index may be it
        return gates.build.make(iota, (), (gates.build.dims.find(args[0].value), 0, 1))
    ends = [whole(gates, arg) for arg in args]
    if len(ends) == 3 and ends[2] == 0:
        raise gates.source.error("the step of a range cannot be 0", args[2].first, args[2].last)
    turns = range(*ends)
    if len(turns) > gates.max_turns:
        raise too_many(gates, "the range", len(turns), first, last)
    const = gates.build.const
    return Group("list", [Arg(const(at), first, last) for at in turns])


def too_many(gates: Gates, what: str, count: int, first: int, last: int) -> GradcError:
    """The error for a list that is longer than a program may be."""
    return gates.source.error(
        f"{what} has {count} numbers, more than {gates.max_turns}",
        first,
        last,
        f"write it with whole arrays, or allow more with --max-turns {count} or max_turns={count}",
    )


def _enumerate(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    start = 0
    plain = []
    for arg in args:
        if arg.key == "start":
            start = whole(gates, arg)
        else:
            plain.append(arg)
    if len(plain) == 2 and not plain[1].key:
        start = whole(gates, plain.pop())
    takes(gates, "enumerate", plain, 1, 1, first, last)
    const = gates.build.const
    return Group(
        "list",
        [
            Arg(Group("tuple", [Arg(const(at), item.first, item.last), item]), item.first, item.last)
            for at, item in enumerate(contents(gates, plain[0]), start)
        ],
    )


def _zip(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    plain = [arg for arg in args if arg.key != "strict"]
    columns = [contents(gates, arg) for arg in plain]
    return Group("list", [Arg(Group("tuple", list(row)), first, last) for row in zip(*columns, strict=False)])


def _reversed(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, "reversed", args, 1, 1, first, last)
    return Group("list", contents(gates, args[0])[::-1])


def _list(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, callee.name, args, 0, 1, first, last)
    return Group(callee.name, list(contents(gates, args[0])) if args else [])


def _defaultdict(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, callee.name, args, 1, 1, first, last)
    given, tokens = args[0].value, gates.source.tokens
    if isinstance(given, Function) and is_number(tokens[given.body]) and tokens[given.body + 1] == BODY:
        start = tokens[given.body]
        return Dict(lambda: gates.build.const(int(start) if start.isdecimal() else float(start)))
    name = given.text if isinstance(given, Text) else ""
    made: dict[str, Callable[[], Any]] = {
        "float": lambda: gates.build.const(0.0), "int": lambda: gates.build.const(0), "list": lambda: Group("list", []),
        "dict": Dict,
    }  # fmt: skip
    if name not in made:
        said = "what a missing key has is float, int, list or dict here"
        raise gates.source.error(said, args[0].first, args[0].last, "write d.setdefault(key, value)")
    return Dict(made[name])


def _dict(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    out = Dict()
    for arg in args:
        if arg.key:
            out.items[arg.key] = arg
        elif isinstance(arg.value, Dict):
            out.items.update(arg.value.items)
        else:
            for pair in contents(gates, arg):
                key, value = contents(gates, pair)
                out.items[gates.key(key)] = value
    return out


def _len(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, "len", args, 1, 1, first, last)
    value = args[0].value
    if isinstance(value, (Group, Dict)):
        return gates.build.const(len(value.items))
    if isinstance(value, Text):
        return gates.build.const(len(value.text))
    if isinstance(value, canvas.Canvas):
        return gates.size(value.shape[0])
    if isinstance(value, Node) and value.shape:
        return gates.size(value.shape[0])
    if isinstance(value, Node) and (name := gates.undeclared(value)):
        text = f"'{name}' is a scalar, and has no length"
        raise gates.source.error(
            text, args[0].first, args[0].last, f"declare its shape: {name}: [n], or --shape {name}=n"
        )
    raise gates.source.error(f"{kind_of(value)} has no length", args[0].first, args[0].last)


def _is_pythons(tokens: list[str]) -> bool:
    """Whether `sum` is Python's: in a file that imports NumPy under a name, and does not bring all of its names."""
    pairs = set(pairwise(tokens))
    return ("import", "numpy") in pairs and ("import", "*") not in pairs


def _sum(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """Python's sum of a list adds its items up; NumPy's takes it as an array."""
    if callee.prefixed or callee.receiver is not None or not args or callee.name != "sum":
        return None
    plain = [arg for arg in args if arg.key in ("", "start")]
    if len(plain) == len(args) == 2 and isinstance(plain[0].value, Node) and len(plain[0].value.shape) == 1:
        start = known(plain[1].value)
        if plain[1].key or not (start in (None, 0, -1) or isinstance(plain[1].value, Group)):  # which are axes
            return gates.apply(
                s.add, [Arg(gates.make(a.sum_, (plain[0].value,), (None, False)), first, last), plain[1]]
            )
    if len(args) == 1 and len(getattr(args[0].value, "shape", ())) > 1 and _is_pythons(gates.source.tokens):
        said = "Python's sum adds up the rows of a matrix, np.sum all of its elements"
        raise gates.source.error(said, first, last, "write np.sum(x), or np.sum(x, axis=0)")
    if not plain or not isinstance(plain[0].value, Group) or len(plain) != len(args) or len(plain) > 2:
        return None
    items = plain[0].value.items
    if len(plain) == 2:
        start = plain[1]
    elif not items:
        return gates.build.const(0)
    else:
        start, items = items[0], items[1:]
        if isinstance(start.value, Group):
            start = Arg(gates.number(start.value), start.first, start.last)
    out = start
    for item in items:
        out = Arg(gates.apply(s.add, [out, item]), first, last)
    return out.value


def _slice(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Slice:
    """slice(stop), slice(start, stop, step): what may stand in a subscript, with a name of its own."""
    takes(gates, "slice", args, 1, 3, first, last)
    ends = [None if isinstance(arg.value, Word) else arg for arg in args]
    return Slice((None, *ends) if len(ends) == 1 else tuple(ends))


def _abs_int(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """int(x) of what is known."""
    takes(gates, callee.name, args, 1, 1, first, last)
    if isinstance(args[0].value, str):
        return args[0].value
    found = known(args[0].value)
    if isinstance(found, (int, float)):
        return gates.build.const(int(found))
    raise gates.source.error("int takes a constant", args[0].first, args[0].last, "leave it out: values are floats")


def _float(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, callee.name, args, 1, 1, first, last)
    value = args[0].value
    if isinstance(value, Text):
        word = value.text.strip().lower().lstrip("+")
        if word.lstrip("-") in ("inf", "infinity", "nan"):
            return gates.build.const(float(word))
        raise gates.source.error("strings are not part of the language", args[0].first, args[0].last)
    found = known(value)
    if isinstance(found, (int, float)):
        return gates.build.const(float(found))
    node = gates.value(args[0])
    if node.shape and all(size == 1 for size in gates.build.dims.resolve(node.shape)):
        node = gates.build.make(a.reshape, (node,), ((),))
    return gates.number_alone(node, first, last)


def _bool(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, callee.name, args, 1, 1, first, last)
    holds = truth(args[0].value)
    return gates.condition(args[0].value) if holds is None else gates.build.const(int(holds))


def _any_all(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """Whether all or any of a list hold; of an array by counting those that do not, or do."""
    value = args[0].value if args else None
    if isinstance(value, Node) and value.shape:
        return _any_all_along(gates, callee, args, first, last)
    if callee.prefixed or callee.receiver is not None or len(args) != 1 or not isinstance(args[0].value, Group):
        return None
    out = gates.build.const(int(callee.name == "all"))
    for item in args[0].value.items:
        out = gates.make(r.all_of if callee.name == "all" else r.any_of, (out, item.value))
    return out


def _any_all_along(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    holds = gates.condition(args[0].value)
    counted = gates.make(r.not_, (holds,)) if callee.name == "all" else holds
    named = [Arg(gates.number(counted), args[0].first, args[0].last), *args[1:]]
    values, statics = gates.bind(callee, a.sum_, named, first, last)
    attr = (statics.get("axis"), bool(statics.get("keepdims", False)))
    count = gates.build.make(a.sum_, (gates.value(values[0]),), attr)
    return gates.make(r.eq if callee.name == "all" else r.gt, (count, gates.build.const(0)))


def _order(value: Any) -> Any:
    """What a value is sorted by: a constant, or the constants that a tuple begins with."""
    if not isinstance(value, Group):
        return known(value)
    found = [known(item.value) for item in value.items]
    end = found.index(UNKNOWN) if UNKNOWN in found else len(found)
    return tuple(found[:end]) if end else UNKNOWN


def _sorted(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """A list in the order of its constants; of values as np.sort has it."""
    if args and _is_of_values(args[0].value) and callee.receiver is None and not callee.prefixed:
        return _sorted_values(gates, args, first, last)
    if callee.receiver is not None or callee.prefixed or not args or not isinstance(args[0].value, (Group, Dict)):
        return None
    items = contents(gates, args[0])
    keys = [_order(item.value) for item in items]
    backwards = any(arg.key == "reverse" and truth(arg.value) for arg in args[1:])
    if any(key is UNKNOWN for key in keys) or any(arg.key != "reverse" for arg in args[1:]):
        raise gates.source.error("sorted takes constants", first, last, "write np.sort(x) for an array")
    if any(isinstance(key, tuple) for key in keys) and len({*map(repr, keys)}) < len(keys):
        raise gates.source.error("sorted takes constants, and two are alike", first, last)
    try:
        order = sorted(range(len(keys)), key=lambda at: keys[at], reverse=backwards)
    except TypeError:
        raise gates.source.error("these are not compared", first, last) from None
    return Group("list", [items[at] for at in order])


def _is_of_values(value: Any) -> bool:
    if isinstance(value, Group) and value.items and all(isinstance(item.value, Node) for item in value.items):
        return any(known(item.value) is UNKNOWN and not item.value.shape for item in value.items)
    return isinstance(value, Node) and len(value.shape) == 1


def _sorted_values(gates: Gates, args: list[Arg], first: int, last: int) -> Any:
    backwards = any(arg.key == "reverse" and truth(arg.value) for arg in args[1:])
    if any(arg.key != "reverse" for arg in args[1:]):
        raise gates.source.error("sorted takes constants", first, last, "write np.sort(x) for an array")
    found = gates.call(Callee("sort", None, None, True), [Arg(gates.value(args[0]), first, last)], first, last)
    items = contents(gates, Arg(found, first, last))
    return Group("list", items[::-1] if backwards else items)


def _divmod(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    takes(gates, callee.name, args, 2, 2, first, last)
    if any(isinstance(arg.value, Node) and arg.value.op is not s.const for arg in args):  # of values: x // y and x % y
        from gradc.language.gates import quotient, remainder

        parts = [work(gates, args[0].value, args[1].value) for work in (quotient, remainder)]
        return Group("tuple", [Arg(part, first, last) for part in parts])
    x, y = (whole(gates, arg) for arg in args)
    if y == 0:
        raise gates.source.error("division by 0", first, last)
    return Group("tuple", [Arg(gates.build.const(part), first, last) for part in divmod(x, y)])


def _isinstance(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """isinstance(x, (int, float)): what x is known to be."""
    takes(gates, "isinstance", args, 2, 2, first, last)
    value = args[0].value
    kinds = [known(item.value) for item in (args[1].value.items if isinstance(args[1].value, Group) else [args[1]])]
    whole_number = isinstance(value, str) or type(known(value)) is int
    has = {
        "int": whole_number,
        "float": isinstance(value, Node) and not value.shape and not whole_number,
        "str": isinstance(value, Text),
        "list": isinstance(value, Group) and value.kind == "list",
        "tuple": isinstance(value, Group) and value.kind == "tuple",
        "dict": isinstance(value, Dict),
    }
    return gates.build.const(int(any(has.get(kind, False) for kind in kinds if isinstance(kind, str))))


def _text_method(work: Callable[..., Any]) -> Method:
    def call(gates: Gates, held: Text, args: list[Arg], first: int, last: int) -> Any:
        found = work(held.text, *(known(arg.value) for arg in args))
        return Text(found) if isinstance(found, str) else gates.build.const(int(found))

    return call


TEXT_METHODS: dict[str, Method] = {
    **{name: _text_method(getattr(str, name)) for name in ("lower", "upper", "strip", "startswith", "endswith")},
}


def _of_texts(name: str) -> Method | None:
    from gradc.language import constants

    return constants.TEXT_METHODS.get(name)


def _of_constants(name: str) -> Any:
    """A function whose module is loaded when a program calls it."""

    def call(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        from gradc.language import constants

        return constants.FUNCTIONS[name](gates, callee, args, first, last)

    return call


# Of Python's own library, by `itertools.`, `functools.`, `math.` or bare.
OF_CONSTANTS = (
    "str factorial comb perm gcd lcm combinations combinations_with_replacement permutations product pairwise chain "
    "from_iterable accumulate reduce bisect bisect_left bisect_right"
).split()

BUILTINS: dict[str, Any] = {
    "range": _range, "enumerate": _enumerate, "zip": _zip, "reversed": _reversed, "list": _list, "tuple": _list,
    "dict": _dict, "OrderedDict": _dict, "defaultdict": _defaultdict,
    "len": _len, "int": _abs_int, "float": _float, "bool": _bool, "any": _any_all, "all": _any_all,
    "sorted": _sorted, "divmod": _divmod, "sum": _sum,
    "isinstance": _isinstance, "slice": _slice, "namedtuple": _record, "SimpleNamespace": _record,
    **{name: _of_constants(name) for name in OF_CONSTANTS},
    **dict.fromkeys(  # these call functions: the reader's work
        "map tree_map tree_reduce vmap scan fori_loop cond partial jit njit checkpoint remat vectorize fill_diagonal "
        "apply_along_axis fromfunction piecewise".split(),
        lambda gates, callee, args, first, last: None,
    ),
}  # fmt: skip

__all__ = ["BUILTINS", "EMPTY", "UNKNOWN", "combined", "compared", "contains", "contents", "element", "identical"]
