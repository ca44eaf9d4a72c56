"""The statements of a program in the style of the notes, numbered gate by gate: what is planned before it is Code."""

from __future__ import annotations

from gradc.base.records import NamedTuple
from gradc.graph.dag import Dag, Node, Shape
from gradc.rewrite.sides import Guard


class Stmt(NamedTuple):
    """One line. `kind` is "=" (t = e), "sum" (t = t + e), "+=" (t += e), "zeros" (t = zeros like e),
    "put" (t[index] += e, as often as an element is named where the index `repeats`), "own" (t = a copy of t), "copy"
    (t = a copy of e), "full" (t in the whole shape of e), or "seed" (index[0] in it)."""

    target: str
    kind: str
    expr: Node
    index: tuple[object, ...] = ()  # type: ignore[assignment]  # a tuple's own index() is of no use here
    shape: Shape | None = None
    full: Shape | None = None
    repeats: bool = False


class Line(NamedTuple):
    """A forward gate with its number; `guard` are the conditions under which it is computed, if not in any case."""

    number: int
    gate: Node
    stmt: Stmt
    guard: Guard = ()


class Group(NamedTuple):
    """The adjoint lines of one gate; `line` is None for the outputs' own adjoints."""

    line: Line | None
    stmts: tuple[Stmt, ...]

    @property
    def guard(self) -> Guard:
        """The adjoints of a gate that is not computed are not either."""
        return self.line.guard if self.line is not None else ()


class Program(NamedTuple):
    """What an emitter prints."""

    dag: Dag
    inputs: tuple[str, ...]
    params: tuple[str, ...]
    forward: tuple[Line, ...]
    backward: tuple[Group, ...]
    cache: tuple[str, ...]
    outputs: tuple[Node, ...]
    gradients: dict[str, str | None]
    names: dict[Node, str]
    module: dict[str, str]
    sizes: dict[str, str]
    literal: bool = False
    scheme: str = "notes"
    ignores: tuple[str, ...] = ()  # what forward and the modes say nothing of: "divide", "over", "invalid"
