"""Forward mode in the style of the notes: each tangent right under its line, of both passes.

`jvp` is the forward pass with `num_dot = x_dot + sigy_dot` under `num = x + sigy`; `hvp` goes on with the backward
pass and `dx_dot` under `dx`: the tangent of a statement is a statement of the same kind, so that a Hessian's product
reads as the gradient does.

>>> from gradc.emit.targets import TARGETS
>>> from gradc.language import parse
>>> from gradc.plan.notes import Notes
>>> from gradc.plan.program import gates_of_the_notes, stage
>>> dag, build = gates_of_the_notes(parse("(x + y)*z"), False)
>>> jvp = jvp_of(Notes(stage(dag, build, ["x"]), TARGETS["numpy"]))
>>> jvp.params, [stmt.target for stmt in jvp.body if hasattr(stmt, "target")]
(('x', 'y', 'z', 'x_dot'), ['xpy', 'xpy_dot', 'f', 'f_dot'])
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gradc.derive.forward import tangent_of
from gradc.graph.dag import Node, Shape, pending, reachable
from gradc.ops import array, scalar
from gradc.plan.code import (
    CLONE,
    COPY,
    FULL_LIKE,
    NAME,
    NUMBER_OF,
    ZEROS_LIKE,
    Assign,
    Def,
    If,
    Note,
    Return,
    Update,
    bound,
    every,
    made,
    name_of,
    names_read,
    nodes,
)
from gradc.plan.gates import is_cheap
from gradc.plan.names import Namer, short_stem
from gradc.plan.program import Group, Line, Stmt
from gradc.rewrite.sides import Guard, implies
from gradc.rewrite.simplify import Builder
from gradc.rewrite.wanted import chosen

if TYPE_CHECKING:
    from gradc.plan.notes import Notes


class _Dot:
    """A variable that holds the tangent of an adjoint, while its contributions are written."""

    __slots__ = ("name", "owned", "shape")

    def __init__(self, name: str, shape: Shape, owned: bool) -> None:
        self.name, self.shape, self.owned = name, shape, owned


class Tangents:
    """Writes the tangents of statements. Its state is what has a name by now, and what moves it.

    `often` are parts that several lines contain, and `moving` the adjoints that have a tangent: a first run finds both.
    With `again` slopes are the gates that the adjoints and their tangents share.
    """

    def __init__(self, notes: Notes, first: Tangents | None = None, again: bool = False) -> None:
        self.again = again
        self.notes, self.program, self.facts = notes, notes.program, notes.facts
        self.build = Builder(notes.dag.dims, self.program.literal, notes.dag.graph)
        self.build.annihilate = True
        self.spare = chosen(self.build, reachable(notes.dag.roots), notes.dag.roots)
        taken = [*self.program.names.values(), *notes.words.values(), *self.program.sizes.values()]
        taken += [stmt.target for group in self.program.backward for stmt in group.stmts]
        own = [name for given in notes.dag.names.values() for name in given]
        self.namer = Namer([*notes.dag.inputs, *own, *taken])
        self.often = frozenset(first.parts_of_several()) if first is not None else frozenset()
        self.moving = frozenset(first.dots) if first is not None else frozenset()
        self.names: dict[Node, str] = {node: name for name, node in notes.dag.inputs.items()}
        self.values: dict[object, Node] = {node.id: node for node in self.program.names}
        self.guards: dict[Node, Guard] = {}
        self.here: Guard = ()
        self.moved: dict[Node, Node | None] = {}  # the tangent of each node, None where no input moves it
        self.dots: dict[str, _Dot] = {}
        self.exprs: list[Node] = []
        self.params: dict[str, str] = {}
        self.owned: set[str] = set()  # names of tangents of forward lines that look into nothing else
        for name, node in notes.dag.inputs.items():
            self.moved[node] = None
            if name in self.program.gradients:
                self.params[name] = self.namer.fresh(name + "_dot")
                self._moves(node, self.params[name])

    def _moves(self, node: Node, name: str) -> None:
        """From here on, the tangent of a node goes by a name."""
        leaf = self.build.graph.node(scalar.adjoint, (), ("dot", node.id), node.shape)
        self.moved[node] = leaf
        self.bind(leaf, name)

    def bind(self, node: Node, name: str) -> None:
        """From here on, a node has a name."""
        self.names[node] = name
        self.guards[node] = self.here

    # ---- tangents of expressions ---------------------------------------------------------------------------------

    def tangent(self, expr: Node) -> Node | None:
        """The tangent of an expression over what has a tangent; None where it has none."""
        moved = self.moved
        for node in pending([expr], moved):
            known = {arg: dot for arg in node.args if (dot := moved[arg]) is not None}
            moved[node] = self._of_adjoint(node) or tangent_of(node, self.build, known, self.again, self.spare)
        return moved[expr]

    def _of_adjoint(self, node: Node) -> Node | None:
        """The tangent of an adjoint that has a name."""
        dot = self.dots.get(self.program.names.get(node, "")) if node.op is scalar.adjoint else None
        if dot is None:
            return None
        leaf = self.build.graph.node(scalar.adjoint, (), ("dot", node.id), node.shape)
        self.names[leaf] = dot.name
        return leaf

    # ---- expressions down to names -------------------------------------------------------------------------------

    def cut(self, node: Node, own: bool = False) -> Node:
        """An expression down to what is bound by now, wherever this line is run; with `own` its gate in any case."""
        out: dict[Node, Node] = {}

        def leaf(top: Node) -> Node | None:
            return None if own and top is node else self.named(top)

        for top in pending([node], out, lambda top: top.args if leaf(top) is None else ()):
            args = tuple([out[arg] for arg in top.args]) if (named := leaf(top)) is None else ()
            out[top] = named or (Node(top.id, top.op, args, top.attr, top.shape) if args else self.notes.cut(top))
        return out[node]

    def named(self, node: Node) -> Node | None:
        """The name of a node, where it has one that is bound wherever this line is run."""
        name = self.names.get(node)
        if name is None and node.op is scalar.adjoint:
            name = self.program.names.get(node)
        if name is None or not implies(self.here, self.guards.get(node, ())):
            return None
        return name_of(name, node)

    # ---- lines ---------------------------------------------------------------------------------------------------

    def shared(self, exprs: Iterable[Node], of: Assign | None = None) -> list[Any]:
        """Lines for the parts of some expressions that are wanted more than once."""
        exprs = list(exprs)
        self.exprs += exprs
        seen = _parts(exprs, lambda node: self.named(node) is not None)
        lines: list[Any] = []
        for node in sorted(seen, key=lambda node: node.id):
            if (seen[node] > 1 or node in self.often) and not is_cheap(node) and self.named(node) is None:
                name = self.namer.fresh(short_stem(node))
                lines.append(Assign(name, self.cut(node), self.note(name, node, of)))
                self.bind(node, name)
        return lines

    def parts_of_several(self) -> list[Node]:
        """The parts that more than one expression contains, down to the lines of the program."""
        lines = {line.gate for line in self.program.forward}
        seen = _parts(self.exprs, lambda node: node in lines)
        return [node for node, times in seen.items() if times > 1]

    def note(self, name: str, node: Node, of: Assign | None = None) -> Note:
        """The shape of a line of arrays; of a matrix product, with its proof."""
        return Note(0, () if self.notes.elementwise else ((self.notes.shape_note(name, node),),), of)

    def under(self, line: Line) -> tuple[Any, ...]:
        """The tangent of a forward line, right under it."""
        gate, self.here = line.gate, line.guard
        self.bind(gate, line.stmt.target)
        dot = self.tangent(gate)
        if dot is None:
            return ()
        lines = self.shared([dot])
        name = self.namer.fresh(line.stmt.target + "_dot")
        value = self.cut(dot)
        if not _is_view(value):
            self.owned.add(name)
        lines.append(Assign(name, value, self.note(name, dot)))
        self._moves(gate, name)
        return tuple(lines)

    # ---- the backward pass ---------------------------------------------------------------------------------------

    def group(self, group: Group) -> list[Any]:
        """The adjoint lines of one gate, each with its tangent under it."""
        self.here = group.guard
        of = self.notes.lines[group.line.gate] if group.line is not None else None
        lines: list[Any] = []
        for at, stmt in enumerate(group.stmts):
            is_part = bool(stmt.expr.args) and self.program.names.get(stmt.expr) == stmt.target
            if is_part and self.named(stmt.expr) is not None:
                continue  # a part that has a name already
            if stmt.kind in ("=", "copy", "sum", "+=", "put"):
                lines += self._whole_adjoints(stmt.expr, of)
                dot = self.tangent(stmt.expr)
                if not is_part:
                    lines += self.shared([each for each in (stmt.expr, dot) if each is not None], of)
            lines += self._adjoint_line(stmt, group, of, at == 0)
            if is_part:
                self.bind(stmt.expr, stmt.target)
            if stmt.kind == "full" and stmt.target in self.dots:
                held = self.dots[stmt.target]
                if held.shape != self._resolved(stmt.expr.shape):
                    lines.append(self._filled(held, name_of(stmt.target), stmt.expr.shape, of))
            elif stmt.kind == "zeros" and stmt.target in self.moving:
                lines += self._zeros(stmt, of)
            elif stmt.kind in ("=", "copy", "sum", "+=", "put") and dot is not None:
                lines += self._part(stmt, dot, of) if is_part else self._add(stmt, dot, of)
        return lines

    def _adjoint_line(self, stmt: Stmt, group: Group, of: Assign | None, first: bool) -> list[Any]:
        line = self.notes.adjoint_line(stmt, group, of, first, self.cut)
        return [] if line is None else [line]

    def _part(self, stmt: Stmt, dot: Node, of: Assign | None) -> list[Any]:
        """The tangent of a part that several lines share."""
        lines = self.shared([dot], of)
        name = self.namer.fresh(stmt.target + "_dot")
        lines.append(Assign(name, self.cut(dot), self.note(name, dot, of)))
        self._moves(stmt.expr, name)
        return lines

    def _whole_adjoints(self, expr: Node, of: Assign | None) -> list[Any]:
        """An adjoint's tangent has the adjoint's shape when it is read."""
        lines: list[Any] = []
        for node in _parts([expr], lambda node: node in self.moved):
            dot = self.dots.get(self.program.names.get(node, "")) if node.op is scalar.adjoint else None
            if dot is not None and not self.notes.elementwise and dot.shape != self._resolved(node.shape):
                lines.append(self._filled(dot, self._value_of(node), node.shape, of))
        return lines

    def _value_of(self, adjoint: Node) -> Node:
        """The forward value that an adjoint belongs to: it has the whole shape, which the adjoint may still lack."""
        return self.cut(self.values.get(adjoint.attr, adjoint))

    def _filled(self, dot: _Dot, like: Node, shape: Shape, of: Assign | None = None) -> Assign:
        """A tangent in the whole shape of what it is the tangent of, in memory of its own."""
        dot.shape, dot.owned = self._resolved(shape), True
        value = made(FULL_LIKE, like, name_of(dot.name), shape=shape)
        return Assign(dot.name, self._number(value), self._shape_note(dot, of))

    def _number(self, value: Node) -> Node:
        return made(NUMBER_OF, value, shape=value.shape) if self.notes.elementwise else value

    def _shape_note(self, dot: _Dot, of: Assign | None) -> Note:
        return Note(0, () if self.notes.elementwise else ((f"{dot.name}: {self.notes.show(dot.shape)}",),), of)

    def _zeros(self, stmt: Stmt, of: Assign | None) -> list[Any]:
        if stmt.target in self.dots:
            return []
        name = self.namer.fresh(stmt.target + "_dot")
        self.dots[stmt.target] = _Dot(name, self._resolved(stmt.expr.shape), True)
        value = made(ZEROS_LIKE, self.cut(stmt.expr), shape=stmt.expr.shape)
        value = self._number(value) if self.facts.arrays else value
        return [Assign(name, value, Note(of=of))]

    def _add(self, stmt: Stmt, sent: Node, of: Assign | None) -> list[Any]:
        """The lines that add one contribution to the tangent of an adjoint."""
        dot = self.dots.get(stmt.target)
        if dot is None and stmt.kind != "put":
            name = self.namer.fresh(stmt.target + "_dot")
            value = self.cut(sent)
            self.dots[stmt.target] = _Dot(name, self._resolved(sent.shape), not _is_view(value))
            return [Assign(name, value, self.note(name, sent, of))]
        lines: list[Any] = []
        minus = sent.op is scalar.neg and self.named(sent) is None
        value = self.cut(sent.args[0] if minus else sent)
        sign = "-" if minus else "+"
        adjoint = name_of(stmt.target)
        if stmt.kind == "put":
            if dot is None:
                name = self.namer.fresh(stmt.target + "_dot")
                dot = self.dots[stmt.target] = _Dot(name, stmt.shape or (), True)
                lines.append(Assign(name, made(ZEROS_LIKE, adjoint), Note(of=of)))
            elif not dot.owned:
                lines.append(self._filled(dot, adjoint, dot.shape, of))
            return [*lines, self.notes.put(stmt, name_of(dot.name), value, minus, self.cut, of)]
        assert dot is not None
        fits = dot.owned and not self.notes.elementwise and self._resolved(sent.shape) == dot.shape
        if self.facts.in_place and (fits or not self.facts.arrays):
            return [*lines, Update(dot.name, sign, value, None, self._shape_note(dot, of))]
        dot.owned, dot.shape = True, self._resolved(self.build.dims.broadcast(dot.shape, sent.shape))
        total = made(scalar.sub if minus else scalar.add, name_of(dot.name), value, shape=dot.shape)
        return [*lines, Assign(dot.name, total, self._shape_note(dot, of))]

    def _resolved(self, shape: Shape) -> Shape:
        return self.build.dims.resolve(shape)

    # ---- what is returned ----------------------------------------------------------------------------------------

    def result(self, name: str, node: Node, like: Node, body: Sequence[Any]) -> tuple[list[Any], Node]:
        """The tangent of an output in the output's shape, in memory of its own: lines, and what is returned."""
        self.here = ()
        dot = self.tangent(node)
        if dot is None:
            zeros = made(ZEROS_LIKE, like, shape=node.shape)
            return [], self._number(zeros) if self.facts.arrays else self.notes.build.const(0.0)
        value = self.cut(dot)
        if self.facts.arrays and self.notes.elementwise and not spans(self.notes, value, [node], body):
            return [], self._number(made(FULL_LIKE, like, value, shape=node.shape))
        shared = _is_view(value) and not (value.op is NAME and value.attr in self.owned)
        if self.facts.arrays and shared and (self.notes.elementwise or node.shape):
            return [], made(CLONE if value.op is NAME else COPY, value, shape=node.shape)
        return [], value

    def gradient(self, input_: str, body: Sequence[Any]) -> Node:
        """The tangent of an input's gradient, in the gradient's shape and memory of its own."""
        self.here = ()
        name, node = self.program.gradients[input_], self.notes.dag.inputs[input_]
        dot = self.dots.get(name or "")
        if name is None or (dot is None and not self.facts.arrays):
            return self.notes.build.const(0.0)
        like = name_of(name) if self.notes.elementwise else name_of(input_, node)
        if dot is None:
            return self._number(made(ZEROS_LIKE, like, shape=node.shape))
        value = name_of(dot.name)
        if not self.facts.arrays:
            return value
        if self.notes.elementwise:
            if not spans(self.notes, value, self.program.outputs, body):
                return self._number(made(FULL_LIKE, like, value))
            return value if dot.owned else made(CLONE, value)
        if dot.shape != self._resolved(node.shape):
            return made(FULL_LIKE, like, value, shape=node.shape)
        return value if dot.owned or not node.shape else made(CLONE, value, shape=node.shape)


def spans(notes: Notes, value: Node, outputs: Sequence[Node], body: Sequence[Any]) -> bool:
    """Whether a value reads all inputs that the outputs hang on, and so has the shape of their broadcast."""
    wanted = {str(leaf.attr) for leaf in reachable(outputs) if leaf.op is scalar.input_}
    read: dict[str, set[str]] = {name: {name} for name in wanted}
    read[notes.words["df"]] = set()
    for stmt in every(body):
        found = {one for name in names_read(stmt) for one in read.get(name, ())}
        full = type(stmt) is Assign and any(node.op is FULL_LIKE for node in nodes(stmt.value))
        for name in bound(stmt):
            if name not in wanted:
                read[name] = found | (wanted if full else set())
        if type(stmt) is Update:
            read[stmt.name] = read.get(stmt.name, set()) | found
    return wanted <= {one for leaf in nodes(value) if leaf.op is NAME for one in read.get(str(leaf.attr), ())}


def _parts(exprs: Iterable[Node], is_leaf: Callable[[Node], bool]) -> dict[Node, int]:
    """How often each node occurs in some expressions, down to their leaves; inside what recurs nothing does."""
    seen: dict[Node, int] = {}
    stack = list(exprs)
    while stack:
        node = stack.pop()
        if (not node.args and node.op is not scalar.adjoint) or is_leaf(node):
            continue
        seen[node] = seen.get(node, 0) + 1
        if seen[node] == 1:
            stack += node.args
    return seen


def _needed(body: Sequence[Any], returned: Any, kept: Container[str]) -> list[Any]:
    """The statements without those that bind what nobody reads; what is in `kept` stays."""
    read = set(names_read(returned))

    def live(stmts: Sequence[Any]) -> list[Any]:
        out: list[Any] = []
        for stmt in reversed(stmts):
            if type(stmt) is If:  # their bodies are flat
                then, otherwise = live(stmt.then), live(stmt.otherwise)
                if not then and not otherwise:
                    continue
                stmt = If(stmt.test, tuple(then), tuple(otherwise))
            elif type(stmt) in (Assign, Update):
                name = stmt.target if type(stmt) is Assign else stmt.name
                if name not in read and name not in kept:
                    continue
            read.update(names_read(stmt))
            out.append(stmt)
        return out[::-1]

    return live(body)


def _is_view(value: Node) -> bool:
    """Whether a value is a name, or looks into what has one."""
    while value.op.view:
        if value.op is array.spread:
            return True
        value = value.args[0]
    return value.op is NAME


# ---- the modes -----------------------------------------------------------------------------------------------------


def jvp_of(notes: Notes) -> Def:
    """jvp(x, y, x_dot, y_dot) -> (f, f_dot)"""
    tangents = _run(notes, lambda each: _ahead(each))
    body = _ahead(tangents)
    outputs = [tangents.result(name, node, notes.output(node), body)[1] for name, node in notes.dag.outputs]
    back = Return((notes.value, outputs[0] if len(outputs) == 1 else tuple(outputs)))
    return _def(notes, tangents, "jvp", body, back)


def hvp_of(notes: Notes) -> Def:
    """hvp(x, y, x_dot, y_dot) -> (f, {"x": dx, …}, {"x": dx_dot, …})"""
    notes = notes.again
    tangents = _run(notes, lambda each: [*_ahead(each), *_behind(each)], again=True)
    ahead = _ahead(tangents)
    behind = _behind(tangents)
    body = [*ahead, *notes.ready_df(behind), *behind]
    dots = {name: tangents.gradient(name, body) for name in notes.program.gradients}
    back = Return((notes.value, notes.gradients, dots))
    df = notes.words["df"]
    return _def(notes, tangents, "hvp", body, back, {df: notes.default_df} if notes.default_df else {}, (df,))


def _run(notes: Notes, write: Callable[[Tangents], Any], again: bool = False) -> Tangents:
    """Tangents that know from a first run what is wanted more than once."""
    first = Tangents(notes, again=again)
    write(first)
    return Tangents(notes, first, again)


def _ahead(tangents: Tangents) -> list[Any]:
    return tangents.notes.branches(tangents.notes.forward_rows((), tangents.under))


def _behind(tangents: Tangents) -> list[Any]:
    notes = tangents.notes
    rows = [notes.row(group.guard, tangents.group(group)) for group in notes.program.backward]
    return notes.branches(rows)


def _def(
    notes: Notes,
    tangents: Tangents,
    mode: str,
    body: Sequence[Any],
    back: Return,
    defaults: Mapping[str, str] = MappingProxyType({}),
    more: tuple[str, ...] = (),
) -> Def:
    lines = {line.stmt.target for line in notes.program.forward}
    body = _needed(body, back, lines | {stmt.target for group in notes.program.backward for stmt in group.stmts})
    also = [(dot, notes.dag.inputs[name].shape) for name, dot in tangents.params.items()]
    head = notes.prelude(notes.used(body, [back]), also)
    params = (*notes.program.params, *tangents.params.values(), *more)
    return Def(notes.function_name(mode), params, (*head, *body, back), mode, defaults)


__all__ = ["Tangents", "hvp_of", "jvp_of", "spans"]
