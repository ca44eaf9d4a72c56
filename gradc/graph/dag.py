"""Hash-consed expression nodes: equal subexpressions are one node.

A `Graph` interns nodes by operator, arguments and static attribute; ids follow
creation, so the list of nodes is a topological order.

>>> from gradc.ops import scalar
>>> graph = Graph()
>>> x = graph.node(scalar.input_, (), "x")
>>> graph.node(scalar.add, (x, x)) is graph.node(scalar.add, (x, x))
True
>>> [node.op for node in reachable([graph.node(scalar.neg, (x,))])]
[input, neg]
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from gradc.base.records import NamedTuple
from gradc.graph.op import Op

Shape = tuple[int | str, ...]


class Node:
    """One value of the program: an operator applied to nodes. Equality is identity."""

    __slots__ = ("args", "attr", "id", "op", "shape")

    def __init__(self, id: int, op: Op, args: tuple[Node, ...], attr: Hashable, shape: Shape) -> None:
        self.id = id
        self.op = op
        self.args = args
        self.attr = attr
        self.shape = shape

    def __repr__(self) -> str:
        inner = ", ".join(f"%{arg.id}" for arg in self.args)
        return f"%{self.id} = {self.op}({inner})" + ("" if self.attr is None else f" {self.attr!r}")


class Graph:
    """The intern table. Invariant: a node's arguments have smaller ids than the node.

    `known` is what passes have found out of the programs in it, once.
    """

    __slots__ = ("known", "nodes", "table")

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.table: dict[Hashable, Node] = {}
        self.known: dict[Hashable, tuple[Any, Any]] = {}

    def node(self, op: Op, args: tuple[Node, ...] = (), attr: Hashable = None, shape: Shape = ()) -> Node:
        """The one node of this operator, these arguments and this attribute."""
        key = (op, args, attr)
        node = self.table.get(key)
        if node is None:
            node = Node(len(self.nodes), op, args, attr, shape)
            self.table[key] = node
            self.nodes.append(node)
        return node


def args_of(node: Node) -> tuple[Node, ...]:
    return node.args


def reachable(roots: Iterable[Node], until: Container[Node] = ()) -> list[Node]:
    """The nodes that the roots are computed from, roots included, in topological order; no further than `until`."""
    seen: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.id not in seen:
            seen[node.id] = node
            if node not in until:
                stack.extend(node.args)
    return [seen[id] for id in sorted(seen)]


def pending(
    roots: Iterable[Node], done: Container[Node], needs: Callable[[Node], Iterable[Node]] = args_of
) -> Iterator[Node]:
    """Each node that is not `done` yet, behind all that it needs; whoever reads it is done with it when it asks on.

    >>> from gradc.ops import scalar
    >>> graph, known = Graph(), dict[Node, int]()
    >>> x = graph.node(scalar.input_, (), "x")
    >>> for node in pending([graph.node(scalar.mul, (graph.node(scalar.neg, (x,)), x))], known):
    ...     known[node] = 1 + sum(known[arg] for arg in node.args)
    >>> [(node.op, depth) for node, depth in known.items()]
    [(input, 1), (neg, 2), (mul, 4)]
    """
    stack = list(roots)
    while stack:
        node = stack[-1]
        waiting = [] if node in done else [need for need in needs(node) if need not in done]
        if waiting:
            stack += waiting
            continue
        stack.pop()
        if node not in done:
            yield node


def users(nodes: Iterable[Node]) -> dict[Node, list[Node]]:
    """For each node those of `nodes` that take it as an argument, once for each use."""
    found: dict[Node, list[Node]] = {}
    for node in nodes:
        found.setdefault(node, [])
        for arg in node.args:
            found.setdefault(arg, []).append(node)
    return found


Span = tuple[int, int]
Key = TypeVar("Key")
Value = TypeVar("Value")


class Lazy(Mapping[Key, Value]):
    """A mapping that is worked out when it is first asked: what few readers want costs the others nothing.

    >>> squares = Lazy(lambda: {n: n*n for n in range(3)})
    >>> squares[2], len(squares), squares.get(7)
    (4, 3, None)
    """

    __slots__ = ("_found", "_make")

    def __init__(self, make: Callable[[], dict[Key, Value]]) -> None:
        self._make = make
        self._found: dict[Key, Value] | None = None

    def _all(self) -> dict[Key, Value]:
        if self._found is None:
            self._found = self._make()
        return self._found

    def __getitem__(self, key: Key) -> Value:
        return self._all()[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


class Dag(NamedTuple):
    """A program as a graph: what the parser makes and every later pass reads.

    `inputs` are in order of first appearance; `names` holds what the user called a node, first name first;
    `spans` are places in `text`; `notes` what the user should be told of; `rewrites` say how a written-out form
    was read; `dims` knows the named sizes; `integers` are the inputs that are indices, and have no gradient;
    `example` is a point that the program itself gives its inputs; `defaults` are the numbers, as text, of inputs that
    a call may leave out.
    """

    text: str
    nodes: tuple[Node, ...]
    inputs: dict[str, Node]
    outputs: tuple[tuple[str, Node], ...]
    names: dict[Node, tuple[str, ...]]
    spans: Mapping[Node, Span]
    rewrites: dict[Node, str]
    dims: Any
    roles: dict[Node, str]
    declared: bool = False
    notes: tuple[Any, ...] = ()
    graph: Graph | None = None
    integers: tuple[str, ...] = ()
    example: Mapping[str, Any] | None = None
    defaults: Mapping[str, str] = {}

    @property
    def roots(self) -> list[Node]:
        return [node for _, node in self.outputs]

    def carried(self, graph: Graph, new: Mapping[Node, Node], **changes: Any) -> Dag:
        """The program in another graph, where `new` has the node of each old one; gates keep the user's names."""
        return self._replace(**{
            "nodes": tuple(graph.nodes),
            "inputs": {name: new[node] for name, node in self.inputs.items() if node in new},
            "outputs": tuple([(name, new[node]) for name, node in self.outputs if node in new]),
            "names": {new[node]: names for node, names in self.names.items() if node in new and new[node].args},
            "spans": {}, "rewrites": {}, "roles": {}, "graph": graph, **changes,
        })  # fmt: skip
