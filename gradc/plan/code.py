"""Code, the second noun: what a planner makes of a graph and a target prints, statement by statement.

A *value* is a tree of graph nodes cut at names: its leaves are constants, sizes and `name_of(text, node)`, which know
the node that they stand for; tuples and dicts of values, and a bare name as text, are values too. What no gate says
(`zeros_like`, `copy`, `as_float` …) is an operator of the core, without a form of its own: each target has one.

Planners (graph to Code) know no target's words. What they must know of it are facts (`Facts`): whether its values are
arrays, whether an array may be written to, whether the side of a branch that is not taken is left out, and which
arguments a gate's form writes. Targets (Code to text, `gradc.emit.targets`) know no rule.

**How to write a target.** One file in `gradc/emit/targets/` with one `Target`, and a line in its `__init__`. It says
the forms of the gates (by name, as text with holes; what is left out is taken from the entry, or from the target that
it is `like`), a form for each operator of `CORE` below that its programs can meet, its helpers, imports and constants,
and the facts. A target that is not Python, or that puts more around the passes, brings a subclass of
`gradc.emit.modules.Text` and overrides how a statement, a function or the whole module is written. `numpy.py` and
`math.py` are the examples.

>>> from gradc.ops import scalar as s
>>> from gradc.rewrite.simplify import Builder
>>> build = Builder()
>>> x = build.input("x")
>>> body = [Assign("f", Node(-1, s.exp, (name_of("x", x),), None, ()))]
>>> [names_read(stmt) for stmt in body], [bound(stmt) for stmt in body]
([['x']], [('f',)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from gradc.base.records import NamedTuple
from gradc.graph.dag import Dag, Node, Shape
from gradc.graph.shapes import Dim, names_in
from gradc.ops import scalar
from gradc.ops.array_shapes import ends
from gradc.ops.table import PRECEDENCE, Form, Op, statics_of

# ---- the core: what a value can be beside a gate ---------------------------------------------------------------------


def _core(
    name: str, params: tuple[str, ...] = (), /, *, free: bool = False, variadic: bool = False, **statics: Any
) -> Op:
    made = Op(name=name, params=params, statics=tuple(statics.items()), doc="", variadic=variadic, public=False)
    CORE[name] = made
    if free:
        FREE.add(made)
    return made


CORE: dict[str, Op] = {}
# What names, packs, converts and takes apart is no operation.
FREE: set[Op] = {scalar.const, scalar.size}

# A name: its attribute is the text.
NAME = _core("name", free=True)
# An input as floats: `name` is what a message calls it; `dims` its shape, of which `known` says what is bound by then.
AS_FLOAT = _core("as_float", ("x",), free=True, name="")
AS_ARRAY = _core("as_array", ("x",), free=True, name="", dims=(), known=())
# An input as integers.
AS_INDEX = _core("as_index", ("x",), free=True, name="", dims=(), known=())
# Several inputs as floats at once, and a number beside arrays: Python's own numbers take the precision of the others.
# A target without a form for these reads them one by one.
AS_FLOATS = _core("as_floats", ("args",), free=True, variadic=True)
# The same where lists are made of them: arrays would be other axes.
AS_NUMBERS = _core("as_numbers", ("args",), free=True, variadic=True)
AS_NUMBER = _core("as_number", ("args",), free=True, variadic=True, name="")
# The upstream adjoint of an elementwise output: a number, or an array of the shape that the others broadcast to.
AS_DF = _core("as_df", ("args",), free=True, variadic=True, name="")
SHAPE_OF = _core("shape_of", ("x",), free=True)
SIZE_OF = _core("size_of", ("x",), free=True, axis=0)
ZEROS_LIKE = _core("zeros_like", ("x",))
COPY = _core("copy", ("x",))
# A copy of what has a name.
CLONE = _core("clone", ("x",))
FULL_LIKE = _core("full_like", ("x", "v"))
# The number in an array without axes.
NUMBER_OF = _core("number_of", ("x",))
# A number in the precision of an array.
CAST = _core("cast", ("x", "like"), free=True)
ITEM = _core("item", ("x",), free=True, at=0)
CALL = _core("call", ("args",), free=True, variadic=True, function="")
# Zeros of a shape, in the precision of an array.
ZEROS_OF = _core("zeros_of", ("like",), shape=())
# Blocks of second derivatives, and of first ones, put together from products with unit vectors.
HESSIAN_BY = _core("hessian_by", ("args",), free=True, variadic=True, function="", names="", zero="")
JACOBIAN_BY = _core("jacobian_by", ("args",), free=True, variadic=True, functions="", names="", blocks="")
# Nothing, unless a block of derivatives is too large for memory.
HAS_ROOM = _core("has_room", ("like",), free=True, what="", shape=(), way_out="")
# x with v added at an index: for targets whose arrays may not be written to. Integers that are values follow v; they
# stand in the index as `("at", position)`.
ADDED_AT = _core("added_at", ("x", "v", *"ijklmn"), index=())


# What only brings a value into its form.
CONVERSIONS = (AS_FLOAT, AS_FLOATS, AS_NUMBERS, AS_NUMBER, AS_ARRAY, AS_INDEX, AS_DF, CAST, SHAPE_OF, SIZE_OF)


def made(op: Op, *args: Node, attr: Any = None, shape: Shape = ()) -> Node:
    """A node of a value; it is in no graph."""
    return Node(-1, op, args, attr, shape)


class Leaf(Node):
    """A name, and the node that it stands for (none for what is in no graph: a cache, a function's argument)."""

    __slots__ = ("of",)

    def __init__(self, text: str, of: Node | None) -> None:
        self.op, self.args, self.attr, self.of = NAME, (), text, of
        self.id, self.shape = (-1, ()) if of is None else (of.id, of.shape)


def name_of(text: str, node: Node | None = None) -> Node:
    """The leaf that a name is; `df[0]` is the item of one."""
    if text.endswith("]"):
        base, _, at = text[:-1].partition("[")
        return made(ITEM, name_of(base), attr=(int(at),), shape=node.shape if node is not None else ())
    return Leaf(text, node)


# Any: a node, None, or a tuple or dict of values (a recursive type is of little help to its readers).
Value = Any

# ---- statements ------------------------------------------------------------------------------------------------------

Remark = tuple[str | Node, ...]


class Note(NamedTuple):
    """What stands beside a statement: its number, remarks (text, and values in the target's words), and the forward
    statement that it belongs to, which heads its group."""

    number: int = 0
    remarks: tuple[Remark, ...] = ()
    of: Assign | None = None


PLAIN = Note()


class Assign(NamedTuple):
    """target = value. Several values as a tuple are brought into one name, `df = (a, b)`."""

    target: str
    value: Value
    note: Note = PLAIN


class Update(NamedTuple):
    """name op= value, or name[place] op= value; with op "" a put, name[place] = value.

    Integers that are values stand in the place as nodes; where it `repeats` it may name an element more than once, to
    which the value is added as often.
    """

    name: str
    op: str
    value: Node
    place: tuple[Any, ...] | None = None
    note: Note = PLAIN
    repeats: bool = False


class Fill(NamedTuple):
    """An array that exists, `into`, is filled with a value, which goes by `name` from then on."""

    name: str
    value: Node
    into: str
    scratch: tuple[str, ...] = ()
    note: Note = PLAIN


class Unpack(NamedTuple):
    """a, b = value"""

    names: tuple[str, ...]
    value: Value


class Unset(NamedTuple):
    """a = b = None: what the cache holds of a side that was not taken."""

    names: tuple[str, ...]


class Do(NamedTuple):
    """A call for what it does."""

    value: Node


class If(NamedTuple):
    test: Node
    then: Body
    otherwise: Body = ()


class Try(NamedTuple):
    body: Body
    failures: str
    otherwise: Body


class Require(NamedTuple):
    """An error unless a size is `number` (sign "=="), or at least that (">=")."""

    size: str
    sign: str
    number: int


class Return(NamedTuple):
    value: Value


Stmt = Assign | Update | Fill | Unpack | Unset | Do | If | Try | Require | Return
Body = tuple[Any, ...]  # of Stmt; mypy has no recursive NamedTuples


class Def(NamedTuple):
    """A function. `kind` is the mode that it is of: "forward", "backward", "value_and_grad", "jvp" …

    It says nothing of what it `ignores`, where the target would warn: `where(log(p) > -100, log(p), -100)` has to know
    log(p) at 0 too, and leaves it out there.
    """

    name: str
    params: tuple[str, ...]
    body: Body
    kind: str
    defaults: Mapping[str, str] = {}
    doc: str = ""
    ignores: tuple[str, ...] = ()


class Alias(NamedTuple):
    """name = other, in the module: a function of ours where a parameter has its name."""

    name: str
    other: str


class Lines(NamedTuple):
    """What a planner has written as text itself: lines, the target's helpers and imports that they say, and helpers of
    their own that go below the functions."""

    lines: tuple[str, ...]
    helpers: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


class Module(NamedTuple):
    """All that a target prints. `words` is what the module calls its own things ("np", "cache"), where the user's names
    stand in the way; `sizes` the same of the named dimensions; `own` are the user's names."""

    dag: Dag
    items: tuple[Def | Alias | Lines, ...]
    wrt: tuple[str, ...]
    words: Mapping[str, str]
    sizes: Mapping[str, str]
    own: frozenset[str]
    literal: bool = False
    value_name: str = "f"
    double: bool = False

    @property
    def elementwise(self) -> bool:
        return not self.dag.declared

    def defs(self) -> list[Def]:
        return [item for item in self.items if type(item) is Def]


# ---- what planners ask of a target -----------------------------------------------------------------------------------


class Facts(Protocol):
    """What a planner must know of a target."""

    @property
    def name(self) -> str: ...
    @property
    def arrays(self) -> bool:
        """Whether values may be arrays, whose memory somebody else may hold."""

    @property
    def in_place(self) -> bool:
        """Whether an array may be written to, `dx += t`."""

    @property
    def ifs(self) -> bool:
        """Whether a branch may be taken or left by a value: `if x > 0:`."""

    @property
    def value_function(self) -> bool:
        """Whether the module has a function of the value alone, which goes by the `--function-name`."""

    def form(self, node: Node, literal: bool = False) -> Form:
        """How a gate is written."""

    def takes(self, node: Node) -> bool:
        """Whether it has a form for it."""


# Which arguments the form of an operator writes, in which order; None where it is each one once.
_ORDERS: dict[tuple[Op, Form], tuple[int, ...] | None] = {}


def written(node: Node, form: Form) -> tuple[Node, ...]:
    """The arguments that a form writes, each as often as it does."""
    args, op = node.args, node.op
    if not args or op.variadic or op.whole or op is ADDED_AT or not op.params:
        return args  # what has no parameters is an array of written numbers, in the precision of its argument
    key = op, form
    if key not in _ORDERS:
        order = tuple([op.params.index(hole) for _, hole, _ in form.pieces if hole in op.params])
        _ORDERS[key] = None if order == tuple(range(len(op.params))) else order
    places = _ORDERS[key]
    return args if places is None else tuple([args[at] for at in places if at < len(args)])


# ---- walks -----------------------------------------------------------------------------------------------------------


def values(stmt: Any) -> tuple[Value, ...]:
    """What a statement itself reads (not those inside it), the name that it adds to included."""
    kind = type(stmt)
    if kind is Assign or kind is Unpack or kind is Return or kind is Do:
        return (stmt.value,)
    if kind is Update:
        return (name_of(stmt.name), stmt.value, *(item for item in stmt.place or () if isinstance(item, Node)))
    if kind is Fill:
        return (stmt.value,)
    return (stmt.test,) if kind is If else ()


def bound(stmt: Any) -> tuple[str, ...]:
    """The names that a statement itself binds."""
    kind = type(stmt)
    if kind is Assign:
        return (stmt.target,)
    if kind is Unpack or kind is Unset:
        return tuple(stmt.names)
    return (stmt.name,) if kind is Fill else ()


def every(body: Iterable[Any]) -> Iterator[Any]:
    """The statements of a body and all inside them, in order."""
    stack = list(body)[::-1]
    while stack:
        stmt = stack.pop()
        yield stmt
        kind = type(stmt)
        if kind is If:
            stack += (*stmt.then, *stmt.otherwise)[::-1]
        elif kind is Try:
            stack += (*stmt.body, *stmt.otherwise)[::-1]


def computes(stmt: Any) -> bool:
    """Whether a statement computes a value of the program: no check, conversion or packing."""
    kind = type(stmt)
    return kind is Update or (kind is Assign and isinstance(stmt.value, Node) and stmt.value.op not in CONVERSIONS)


def followed(body: Iterable[Any], after: Callable[[Any], Body]) -> Body:
    """A body with statements after each of its own, those inside others too."""
    out: list[Any] = []
    for stmt in body:
        if type(stmt) is If:  # as deep as branches are nested
            stmt = stmt._replace(then=followed(stmt.then, after), otherwise=followed(stmt.otherwise, after))
        out += (stmt, *after(stmt))
    return tuple(out)


def nodes(value: Value, facts: Facts | None = None, literal: bool = False) -> Iterator[Node]:
    """The nodes of a value, each as often as the target writes it (or once an argument, with no target)."""
    stack = [value]
    while stack:
        top = stack.pop()
        kind = type(top)
        if kind is Node or kind is Leaf:
            yield top
            if top.args:
                args = top.args if facts is None else written(top, facts.form(top, literal))
                stack += args[::-1]
        elif kind is tuple or kind is list:
            stack += top[::-1]
        elif kind is dict:
            stack += list(top.values())[::-1]


def names_read(stmt: Any, facts: Facts | None = None, code: Module | None = None) -> list[str]:
    """The names that a statement itself reads, sizes included, in order."""
    update = type(stmt) is Update
    found: dict[str, None] = {stmt.name: None} if update else {}
    literal = code.literal if code is not None else False
    for value in values(stmt)[update:]:
        for node in nodes(value, facts, literal):
            op = node.op
            if op is NAME:
                found[node.attr] = None  # type: ignore[index]  # a name's attribute is its text
            elif code is not None and (op.statics or op is scalar.size):
                for dim in dims_of(node, facts, literal):
                    found.update(
                        (code.sizes[each], None) for each in names_in(code.dag.dims.find(dim)) if each in code.sizes
                    )
    if type(stmt) is Require:
        sizes = code.sizes if code is not None else {}
        found.update((sizes.get(each, each), None) for each in names_in(stmt.size))
    return list(found)


def dims_of(node: Node, facts: Facts | None = None, literal: bool = False) -> list[Dim]:
    """The dimensions that a node's own text writes: of a size, and of static parameters that its form shows."""
    op = node.op
    if op is scalar.size:
        return [str(node.attr)]
    if not op.statics:
        return []
    given = statics_of(op, node.attr)
    if op is AS_ARRAY or op is AS_INDEX:
        return [dim for dim, known in zip(given["dims"], given["known"], strict=True) if known]
    if facts is None:
        return []
    found: list[Dim] = []
    for _, hole, least in facts.form(node, literal).pieces:
        if hole == "*segment":
            found += [end for end in ends(node.args[0].shape, **given) if end is not None]
        elif hole == "*into":
            found += given["shape"]
        elif hole == "*span":
            found += [given["start"], given["size"]]
        elif least == PRECEDENCE["dims"]:
            found += given[hole] if isinstance(given[hole], tuple) else (given[hole],)
    return found
