"""A staged program into Code, in the style of the notes: one gate a line, the adjoints under the line they belong to.

>>> from gradc.emit.targets import TARGETS
>>> from gradc.language import parse
>>> from gradc.plan.program import gates_of_the_notes, stage
>>> dag, build = gates_of_the_notes(parse("(x + y)*z"), False)
>>> forward, backward, both = Notes(stage(dag, build, ["x"]), TARGETS["numpy"]).module().defs()
>>> [stmt.target for stmt in forward.body[1:3]], forward.params, backward.params
(['xpy', 'f'], ('x', 'y', 'z'), ('cache', 'df'))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

from gradc.base.records import NamedTuple
from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import by_names, names_in, renamed, show
from gradc.ops import array, routing, scalar
from gradc.plan.code import (
    ADDED_AT,
    AS_ARRAY,
    AS_DF,
    AS_FLOAT,
    AS_FLOATS,
    AS_INDEX,
    AS_NUMBER,
    AS_NUMBERS,
    CAST,
    CLONE,
    COPY,
    FULL_LIKE,
    NAME,
    NUMBER_OF,
    PLAIN,
    SHAPE_OF,
    SIZE_OF,
    ZEROS_LIKE,
    Alias,
    Assign,
    Body,
    Def,
    Facts,
    If,
    Lines,
    Module,
    Note,
    Remark,
    Require,
    Unpack,
    Unset,
    Update,
    Value,
    bound,
    every,
    made,
    name_of,
    names_read,
)
from gradc.plan.modes import MODES, PASSES, listed_pairs, needed
from gradc.plan.program import Group, Line, Program, gates_of_the_notes, stage
from gradc.plan.program import Stmt as Staged
from gradc.rewrite.sides import Guard
from gradc.rewrite.simplify import Builder, number
from gradc.rewrite.squares import smooth_squares


class Row(NamedTuple):
    """Statements that stand together under a guard; `kept` are the names that must exist where they are not run."""

    guard: Guard
    stmts: tuple[Any, ...]
    kept: tuple[str, ...] = ()


class Notes:
    """The parts that the modes put their functions together from."""

    def __init__(self, program: Program, facts: Facts, function: str = "", also: Sequence[str] = ()) -> None:
        self.program, self.facts, self.function = program, facts, function
        self.dag, self.names, self.words = program.dag, program.names, program.module
        self.modes = [MODES[name] for name in dict.fromkeys((*PASSES, *needed(self.dag, also)))]
        self.quiet = {"forward", *also}  # the others call these
        self.elementwise = not self.dag.declared
        self.results = frozenset(program.gradients.values())
        self.leaves: dict[Node, Node] = {}
        self.reads: dict[int, tuple[Any, list[str]]] = {}  # what statements read, by their id: they are kept with it
        self.build = Builder()

    def module(self) -> Module:
        """The functions of the modes, and what else the module must know."""
        items: list[Def | Alias | Lines] = []
        for mode in self.modes:
            made = mode.write(self)
            items += [Alias(new, old) for old, new in self.stepped_aside.items()] if mode is self.modes[2] else []
            if mode.name == "hessian":
                from gradc.plan.blocks import pattern_of
                from gradc.plan.gates import of_numbers
                from gradc.plan.patterns import pattern_of_arrays

                pairs = pattern_of(self) if of_numbers(self.dag) else pattern_of_arrays(self)
                if pairs is not None:
                    items.append(Alias("HESSIAN_PATTERN", listed_pairs(pairs)))
            items.append(made._replace(ignores=self.ignored(made.kind)))
        dag, p = self.dag, self.program
        own = frozenset([*dag.inputs, *(name for given in dag.names.values() for name in given)])
        name = self.function or "f"
        return Module(dag, tuple(items), tuple(p.gradients), self.words, p.sizes, own, p.literal, name)

    def with_fused(self, doc: str, lines: Lines, modes: Callable[[Def], Lines | None] = lambda item: None) -> Module:
        """The module with other lines for value and gradient, which leave to `both_passes` what they do not take.

        `modes` gives other lines for the function of a further mode, which is called `plain_jvp` then; or None.
        """
        module, items = self.module(), list[Def | Alias | Lines]()
        for item in module.items:
            if type(item) is Def and item.kind == "value_and_grad":
                items += [item._replace(name=self.free("both_passes"), doc=doc), lines]
            elif type(item) is Def and item.kind not in PASSES and (own := modes(item)) is not None:
                doc = "Line by line: for floats of any kind, and results as NumPy has them."
                items += [item._replace(name=self.plain(item.kind), doc=doc, ignores=()), own]
            else:
                items.append(item)
        return module._replace(items=tuple(items))

    def ignored(self, mode: str, fused: bool = False) -> tuple[str, ...]:
        """What the function of a mode says nothing of; value and gradient `fused` call no other function."""
        return self.program.ignores if fused or mode in self.quiet else ()

    def plain(self, mode: str) -> str:
        """What the function of a mode is called that stands behind another one."""
        return self.free(f"plain_{mode}")

    # ---- values ------------------------------------------------------------------------------------------------------

    def cut(self, node: Node, own: bool = False) -> Node:
        """A node's expression down to what has a name; with `own` its gate even if it has one itself."""
        if not own:
            leaf = self.leaves.get(node)
            if leaf is not None:
                return leaf
            name = self.names.get(node)
            if name is not None:
                self.leaves[node] = leaf = name_of(name, node)
                return leaf
        if not node.args:
            like = self.like if node.shape and not node.op.integer else ()
            return Node(node.id, node.op, like, node.attr, node.shape) if like else node
        args = tuple([self.cut(arg) for arg in node.args])
        return Node(node.id, node.op, args, node.attr, node.shape)

    @cached_property
    def like(self) -> tuple[Node, ...]:
        """The input whose precision is that of arrays of written numbers: an array if there is one."""
        floats = [name for name in self.dag.inputs if name not in self.dag.integers]
        arrays = [name for name in floats if self.dag.inputs[name].shape]
        return tuple([name_of(name, self.dag.inputs[name]) for name in (arrays or floats)[:1]])

    def output(self, node: Node) -> Node:
        """An output by its name; a number as a float."""
        return self.build.const(float(number(node))) if node.op is scalar.const else self.cut(node)

    @cached_property
    def value(self) -> Value:
        """What a function returns as the program's value: the output, or a tuple of them."""
        found = tuple([self.output(node) for node in self.program.outputs])
        return found[0] if len(found) == 1 else found

    def _number(self, value: Node, node: Node, last: bool) -> Node:
        """What makes a number again of the array without axes that is selected from numbers."""
        plain = last and node.op is routing.where and self.elementwise and self.facts.arrays
        return made(NUMBER_OF, value, shape=value.shape) if plain else value

    # ---- remarks -----------------------------------------------------------------------------------------------------

    def show(self, shape: Shape) -> str:
        """A shape, its sizes by the names that the module gives them."""
        sizes = self.program.sizes
        return show(tuple(renamed(dim, lambda name: sizes.get(name, name)) for dim in self.dag.dims.resolve(shape)))

    def shape_note(self, target: str, node: Node) -> str:
        """The shape of a line; of a matrix product, with its proof."""
        note = f"{target}: {self.show(node.shape)}"
        if node.op is array.matmul:
            x, y = node.args
            note += f" = {self.show(x.shape)} @ {self.show(y.shape)}"
        return note

    def adjoint_note(self, stmt: Staged) -> str:
        """The shape of an adjoint; of one that is the same along an axis, for how many it stands."""
        if stmt.shape is not None and stmt.expr.op is not array.matmul:
            note = f"{stmt.target}: {self.show(stmt.shape)}"
        else:
            note = self.shape_note(stmt.target, stmt.expr)
        have = self.dag.dims.resolve(stmt.shape or stmt.expr.shape)
        return note if stmt.full is None or stmt.full == have else f"{note} for each of {self.show(stmt.full)}"

    # ---- forward -----------------------------------------------------------------------------------------------------

    @cached_property
    def lines(self) -> dict[Node, Assign]:
        """The forward statement of each gate that has a line."""
        return {line.gate: self._forward_line(line) for line in self.program.forward}

    def _forward_line(self, line: Line) -> Assign:
        gate = line.gate
        remarks: list[Remark] = []
        if not self.elementwise and gate.shape:
            remarks.append((self.shape_note(line.stmt.target, gate),))
        why = self.dag.rewrites.get(gate)
        if why and not self.program.literal:
            remarks.append((why,))
        if gate.op.kink.tie:
            remarks.append(filled(gate.op.kink.tie, x=self.cut(gate.args[0])))
        value = self._number(self.cut(gate, own=True), gate, gate in self.program.outputs)
        return Assign(line.stmt.target, value, Note(line.number, tuple(remarks)))

    def forward_rows(
        self, kept: Iterable[str] = (), after: Callable[[Line], tuple[Any, ...]] = lambda line: ()
    ) -> list[Row]:
        """The forward lines; `after` gives what stands right under each, such as its tangent.

        A line under a branch that is not taken leaves None behind in what is `kept`.
        """
        held = frozenset(kept)
        rows = []
        for line in self.program.forward:
            stmts = (self.lines[line.gate], *after(line))
            rows.append(Row(line.guard, stmts, tuple(name for stmt in stmts for name in bound(stmt) if name in held)))
        return rows

    def prelude(self, used: Iterable[str], also: Sequence[tuple[str, Shape]] = ()) -> list[Any]:
        """The inputs as floats, their shapes checked, and the sizes that later lines use (their names are in `used`).

        `also` are further parameters with their shapes: tangents of the inputs.
        """
        if self.elementwise:
            names = (*self.program.params, *(name for name, _ in also))
            lists = any(node.shape for node in self.dag.nodes)
            if names and lists and self.facts.takes(made(AS_NUMBERS)):
                return [Unpack(names, made(AS_NUMBERS, *map(name_of, names)))]
            if len(names) > 1 and self.facts.takes(made(AS_FLOATS)):
                return [Unpack(names, made(AS_FLOATS, *map(name_of, names)))]
            return [Assign(name, made(AS_FLOAT, name_of(name), attr=(name,))) for name in names]
        dims, sizes, used = self.dag.dims, self.program.sizes, frozenset(used)
        given = [(name, dims.resolve(node.shape)) for name, node in self.dag.inputs.items()]
        given += [(name, dims.resolve(shape)) for name, shape in also]
        given = [given[at] for at in by_names([shape for _, shape in given])]
        demands = dims.demands()
        wanted = [name for _, shape in given for dim in shape for name in names_in(dim)]
        wanted += 2 * [name for dim, _, _ in demands for name in names_in(dim)]
        out: list[Any] = []
        known: set[str] = set()
        whole = frozenset(self.dag.integers)

        def as_array(name: str, shape: Shape) -> Assign:
            value = self.as_array(name, name_of(name), shape, known)
            return Assign(name, made(AS_INDEX, *value.args, attr=value.attr, shape=shape) if name in whole else value)

        arrays = [name for name, shape in given if shape and name not in whole]
        for name, shape in [each for each in given if each[1]]:
            out.append(as_array(name, shape))
            before = [all(each in known for each in names_in(dim)) for dim in shape]
            new = [dim for dim in shape if isinstance(dim, str) and dim in sizes and dim not in known]
            needed = [dim for dim in dict.fromkeys(new) if wanted.count(dim) > 1 or sizes[dim] in used]
            known.update(needed)
            if len(needed) > 1 and needed == list(shape):
                out.append(Unpack(tuple(sizes[dim] for dim in needed), made(SHAPE_OF, name_of(name))))
            else:
                at = [(sizes[dim], made(SIZE_OF, name_of(name), attr=(shape.index(dim),))) for dim in needed]
                out += [Assign(size, value) for size, value in at]
            late = [dim for dim, was in zip(shape, before, strict=True) if not was and not str(dim).isidentifier()]
            if any(known.issuperset(names_in(dim)) for dim in late):
                out.append(as_array(name, shape))
        numbers = [name for name, shape in given if not shape]
        out += [as_array(name, ()) for name in numbers if name in whole]
        out += [Assign(name, self.as_number(name, name_of(name), arrays)) for name in numbers if name not in whole]
        return [*out, *(Require(str(dim), sign, size) for dim, sign, size in demands)]

    def as_number(self, label: str, value: Node, like: Sequence[str]) -> Node:
        """A number in the precision of arrays, if there are any."""
        if not like or not self.facts.takes(made(AS_NUMBER, attr=("",))):
            return made(AS_ARRAY, value, attr=(label, (), ()))
        return made(AS_NUMBER, value, *map(name_of, like), attr=(label,))

    def as_array(self, label: str, value: Node, shape: Shape, known: Iterable[str] | None = None) -> Node:
        """A value as an array of floats of a shape, whose sizes are all bound, or `known`."""
        dims = self.dag.dims.resolve(shape)
        have = None if known is None else set(known)
        is_known = tuple(have is None or all(name in have for name in names_in(dim)) for dim in dims)
        return made(AS_ARRAY, value, attr=(label, dims, is_known), shape=shape)

    # ---- backward ----------------------------------------------------------------------------------------------------

    @cached_property
    def backward_body(self) -> Body:
        """The adjoint lines, df made ready before them."""
        rows = [Row(group.guard, tuple(self.group(group))) for group in self.program.backward]
        lines = self.branches(rows)
        return (*self.ready_df(lines), *lines)

    def group(self, group: Group) -> list[Any]:
        """The adjoint lines of one gate."""
        of = self.lines[group.line.gate] if group.line is not None else None
        found = [self.adjoint_line(stmt, group, of, at == 0, self.cut) for at, stmt in enumerate(group.stmts)]
        return [stmt for stmt in found if stmt is not None]

    def adjoint_line(self, stmt: Staged, group: Group, of: Assign | None, first: bool, cut: Callable[..., Node]) -> Any:
        """One statement of the backward pass; `cut` brings its expression down to what has a name."""
        target, expr = stmt.target, stmt.expr
        shape = expr.shape if stmt.shape is None else stmt.shape
        note = Note(0, self._adjoint_remarks(stmt, group, first), of)
        if stmt.kind == "=":
            value = cut(expr, own=self.names.get(expr) == target)
            return Assign(target, self._number(value, expr, target in self.results), note)
        me = made(NAME, attr=target, shape=shape)
        expr = self._sign_first(expr) if stmt.kind in ("put", "sum", "+=") else expr
        minus = expr.op is scalar.neg and expr not in self.names
        match stmt.kind:
            case "put":
                value = cut(expr.args[0] if minus else expr)
                return self.put(stmt, me, value, minus, cut, of)
            case "sum" | "+=":
                value = cut(expr.args[0] if minus else expr)
                if stmt.kind == "sum" or not self.facts.in_place:
                    return Assign(target, made(scalar.sub if minus else scalar.add, me, value, shape=shape), note)
                return Update(target, "-" if minus else "+", value, None, note)
            case "zeros":
                value = made(ZEROS_LIKE, cut(expr), shape=expr.shape)
                plain = self.elementwise and self.facts.arrays
                return Assign(target, made(NUMBER_OF, value) if plain else value, Note(of=of))
            case "copy":
                value = cut(expr)
                if not self.facts.in_place:
                    return Assign(target, value, note)
                if value.op is NAME:
                    return Assign(target, made(CLONE, value, shape=shape), note)
                value = made(COPY, value, shape=shape)
                return Assign(target, made(NUMBER_OF, value, shape=shape) if self.elementwise else value, note)
            case "own":
                return Assign(target, made(COPY, me, shape=shape), Note(of=of)) if self.facts.in_place else None
        filled_with = name_of(str(stmt.index[0])) if stmt.kind == "seed" else me
        if self.elementwise and (stmt.kind == "seed" or target == self.words["df"]):
            filled_with = self.as_df(str(stmt.index[0]) if stmt.kind == "seed" else target, filled_with, cut(expr))
        value = made(FULL_LIKE, cut(expr), filled_with, shape=expr.shape)
        if self.elementwise:
            return Assign(target, made(NUMBER_OF, value), Note(0, (("one for each element of the output",),), of))
        return Assign(target, value, Note(0, ((f"{target}: {self.show(expr.shape)}",),), of))

    def _sign_first(self, expr: Node) -> Node:
        """What begins with a negative number as minus what begins with the positive one: `dx -= 2*t`."""
        way: list[Node] = []
        node = expr
        while node.op in (scalar.mul, scalar.div) and node not in self.names:
            way.append(node)
            node = node.args[0]
        if not way or node.op is not scalar.const or number(node) >= 0:
            return expr
        value = -number(node)
        node = self.build.const(value)
        for each in reversed(way):
            plain = each.op is scalar.mul and value == 1 and each is way[-1]
            node = each.args[1] if plain else Node(each.id, each.op, (node, each.args[1]), None, each.shape)
        return Node(expr.id, scalar.neg, (node,), None, expr.shape)

    def put(
        self, stmt: Staged, me: Node, value: Node, minus: bool, cut: Callable[..., Node], of: Assign | None
    ) -> Assign | Update:
        """A value added to (or taken from) an array, or its tangent, in the place of a statement."""
        name = str(me.attr)
        place = tuple([cut(item) if isinstance(item, Node) else item for item in stmt.index])
        if self.facts.in_place:
            return Update(name, "-" if minus else "+", value, place, Note(of=of), stmt.repeats)
        value = made(scalar.neg, value) if minus else value
        whole = [item for item in place if isinstance(item, Node)]
        at = iter(range(2, 2 + len(whole)))
        index = tuple(("at", next(at)) if isinstance(item, Node) else item for item in place)
        return Assign(name, made(ADDED_AT, me, value, *whole, attr=(index,), shape=me.shape), Note(of=of))

    def _adjoint_remarks(self, stmt: Staged, group: Group, first: bool) -> tuple[Remark, ...]:
        remarks: list[Remark] = []
        if not self.elementwise and stmt.kind in ("=", "+=", "sum", "copy"):
            remarks += [(self.adjoint_note(stmt),)] if self._has_axes(stmt) else []
        elif not first:
            return ()
        why = group.line.gate.op.say.slope if group.line is not None and first and stmt.expr.args else ""
        if group.line is not None and why and not self.program.literal:
            gate = group.line.gate
            x = self.cut(gate.args[0])
            minus = x.args[0] if x.op is scalar.neg else made(scalar.neg, x)
            remarks.append(filled(why, x=x, out=self.cut(gate), minus=minus))
        return tuple(remarks)

    def _has_axes(self, stmt: Staged) -> bool:
        """Whether an adjoint is more than a number, or stands for more than one."""
        return bool(stmt.expr.shape or stmt.shape or stmt.full)

    def ready_df(self, lines: Sequence[Any]) -> list[Any]:
        """An array's upstream adjoint is brought to floats and checked."""
        outputs, df = self.program.outputs, self.words["df"]
        if not self.facts.arrays:
            return []
        if self.elementwise:
            spanning = self._spanning(lines)
            return [Assign(df, self.as_df(df, name_of(df), *spanning))] if spanning else []
        if len(outputs) != 1:
            labels = [f"{df}[{at}]" for at in range(len(outputs))]
            like: list[str] = []
            parts = []
            for label, node in zip(labels, outputs, strict=True):
                if node.shape:
                    parts.append(self.as_array(label, name_of(label), node.shape))
                else:
                    like = like or self._like(lines)
                    parts.append(self.as_number(label, name_of(label), like))
            return [Assign(df, tuple(parts))]
        if outputs[0].shape:
            return [Assign(df, self.as_array(df, name_of(df), outputs[0].shape))]
        stmts = (stmt for group in self.program.backward for stmt in group.stmts)
        if not any(self._decides_precision(stmt.expr) for stmt in stmts) and not self._of_df_alone(lines):
            return []
        # A number that is broadcast to an array first takes the inputs' precision: its array would decide theirs.
        like = self._like(lines)
        return [Assign(df, made(CAST, name_of(df), *map(name_of, like)))] if like else []

    def as_df(self, label: str, df: Node, *like: Node) -> Node:
        """The adjoint of an elementwise output, held against what has the output's shape."""
        return made(AS_DF, df, *like, attr=(label,)) if self.facts.takes(made(AS_DF, attr=("",))) else df

    def _spanning(self, lines: Sequence[Any]) -> tuple[Node, ...]:
        """What broadcasts to the shape of the one output; nothing where a line makes df an array of it anyway."""
        df, used, program = self.words["df"], self.used(lines), self.program
        filled = any(type(line) is Assign and line.target == df for line in lines)
        if len(program.outputs) != 1 or df not in used or filled or not self.facts.takes(made(AS_DF, attr=("",))):
            return ()
        inputs = list(self.dag.inputs)
        kept = [name for name in inputs if name in used]
        if len(inputs) == 1 and not kept:
            kept = [name for line in program.forward if (name := line.stmt.target) in used and not line.gate.op.boolean]
        if kept and len(kept) >= len(inputs):
            return tuple(map(name_of, kept[: len(inputs)]))
        return (self.output(program.outputs[0]),)

    def _like(self, lines: Sequence[Any]) -> list[str]:
        """An input in the cache, whose precision numbers take; none where all inputs are numbers."""
        arrays = [name for name, node in self.dag.inputs.items() if node.shape and name not in self.dag.integers]
        used = self.used(lines)
        return [name for name in arrays if name in used][:1] or arrays[:1]

    def _decides_precision(self, expr: Node) -> bool:
        """Whether a line makes an array of plain numbers, which is then taken for float64."""
        stack = [expr]
        while stack:
            node = stack.pop()
            if node.op is array.spread or (
                node.op in (routing.where, array.scatter) and not any(arg.shape for arg in node.args[-2:])
            ):
                return True
            stack += [arg for arg in node.args if arg not in self.names]
        return False

    def _of_df_alone(self, lines: Sequence[Any]) -> bool:
        """Whether a number's gradient is made of the upstream adjoint alone, which has no input's precision."""
        alone = {self.words["df"]}
        for line in lines:
            if isinstance(line, Assign | Update):
                target = str(line.target) if isinstance(line, Assign) else line.name
                (alone.add if alone.issuperset(self.used([line])) else alone.discard)(target)
        own = self.program.gradients.items()
        return any(adjoint in alone and not self.dag.inputs[name].shape for name, adjoint in own)

    @cached_property
    def cache(self) -> tuple[str, ...]:
        """What the target's backward reads of the forward pass, in forward order; sizes last."""
        p, used = self.program, self.used(self.backward_body)
        mine = {stmt.target for group in p.backward for stmt in group.stmts}
        order = [*p.inputs, *(line.stmt.target for line in p.forward), *p.sizes.values()]
        return tuple(name for name in dict.fromkeys(order) if name in used and name not in mine)

    @property
    def gradients(self) -> dict[str, Node]:
        """What a function returns as the gradient: each by its name, 0 where there is none."""
        zero = self.build.const(0.0)
        return {name: zero if own is None else name_of(own) for name, own in self.program.gradients.items()}

    @property
    def wrt(self) -> tuple[str, ...]:
        """What is differentiated by, in the order of the inputs: that of tangents and of blocks."""
        return tuple(name for name in self.dag.inputs if name in self.program.gradients)

    @cached_property
    def again(self) -> Notes:
        """The same with adjoints that can be differentiated again."""
        return self._anew(True)

    @property
    def fresh_again(self) -> Notes:
        """The same in a graph of its own, whose lines get further names."""
        return self._anew(True)

    @property
    def fresh(self) -> Notes:
        """The same in a graph of its own."""
        return self._anew(False)

    def _anew(self, again: bool) -> Notes:
        from gradc.plan.blocks import one_spelling

        p = self.program
        dag = one_spelling(self.dag, p.literal)
        dag, build = gates_of_the_notes(smooth_squares(dag, p.literal) if again else dag, p.literal)
        program = stage(dag, build, tuple(p.gradients), p.scheme, self.facts.arrays, again=again, together=True)
        return Notes(program, self.facts, self.function)

    @staticmethod
    def row(guard: Guard, stmts: Iterable[Any]) -> Row:
        """Statements that stand together."""
        return Row(guard, tuple(stmts))

    # ---- what every function needs -----------------------------------------------------------------------------------

    def used(self, *bodies: Iterable[Any]) -> dict[str, None]:
        """The names that the target reads in some bodies, sizes included."""
        code, found = self._bare, dict[str, None]()
        for body in bodies:
            for stmt in every(body):
                have = self.reads.get(id(stmt))
                if have is None:
                    have = self.reads[id(stmt)] = stmt, names_read(stmt, self.facts, code)
                found.update(dict.fromkeys(have[1]))
        return found

    @cached_property
    def _bare(self) -> Module:
        p = self.program
        return Module(self.dag, (), (), self.words, p.sizes, frozenset(), p.literal)

    def branches(self, rows: Sequence[Row]) -> list[Any]:
        """Statements under their conditions: rows of one guard in a run are one `if`, its other side is its `else`."""
        runs: list[tuple[Guard, bool, list[Row]]] = []  # a guard, whether it is the other side of the one before, rows
        before: Guard = ()
        for guard, run in groupby(rows, lambda row: row.guard):
            other = len(before) == len(guard) == 1 and guard[0] == tuple((c, 3 - side) for c, side in before[0])
            other = other and len(guard[0]) == 1  # not (a and b) is no side of both
            runs.append((guard, other, list(run)))
            before = () if other else guard
        out: list[Any] = []
        for at, (guard, other, mine) in enumerate(runs):
            stmts = [stmt for row in mine for stmt in row.stmts]
            if not guard:
                out += stmts
            elif not other:
                theirs = runs[at + 1][2] if at + 1 < len(runs) and runs[at + 1][1] else []
                then = (*stmts, *_unset(theirs))
                out.append(
                    If(self._test(guard), then, (*(stmt for row in theirs for stmt in row.stmts), *_unset(mine)))
                )
        return out

    def _test(self, guard: Guard) -> Node:
        paths = []
        for path in guard:
            sides = [self.cut(c) if side == 1 else made(routing.not_, self.cut(c)) for c, side in path]
            paths.append(_joined(routing.all_of, sides))
        return _joined(routing.any_of, paths)

    def function_name(self, mode: str) -> str:
        """What the function of a mode is called."""
        if self.function and mode == "value_and_grad" and self.facts.value_function:
            return f"{self.function}_{mode}"
        return self.function + MODES[mode].suffix if self.function else mode

    def callee(self, mode: str) -> str:
        """The name by which a function with the inputs as parameters calls that of another mode."""
        name = self.function_name(mode)
        return self.stepped_aside.get(name, name)

    @cached_property
    def stepped_aside(self) -> dict[str, str]:
        """The functions that have a second name, where an input has theirs."""
        called = [self.function_name(mode) for mode in ("forward", "backward")]
        return {name: self.free(name) for name in called if name in self.program.params}

    def free(self, name: str) -> str:
        """A name that no parameter has."""
        while name in self.program.params:
            name += "_"
        return name

    @cached_property
    def default_df(self) -> str:
        """The upstream adjoint where it is left out: none for an array, or for several, never summed in silence."""
        outputs = self.program.outputs
        return "1.0" if len(outputs) == 1 and not outputs[0].shape else ""


def _joined(op: Any, tests: Sequence[Node]) -> Node:
    out = tests[0]
    for test in tests[1:]:
        out = made(op, out, test)
    return out


def _unset(rows: Sequence[Row]) -> tuple[Unset, ...]:
    kept = tuple(name for row in rows for name in row.kept)
    return (Unset(kept),) if kept else ()


def filled(template: str, **values: Node) -> Remark:
    """A remark's text with values in its holes; `-{x}` is `minus`, where that is given.

    >>> x = name_of("x")
    >>> [part if type(part) is str else part.attr for part in filled("at {x} the slope is 0", x=x)]
    ['at ', 'x', ' the slope is 0']
    """
    parts: list[str | Node] = []
    while template:
        found = [(template.find("{" + key + "}"), key) for key in values]
        at, key = min([each for each in found if each[0] >= 0], default=(len(template), ""))
        minus = key == "x" and template[:at].endswith("-") and "minus" in values
        parts.append(template[: at - minus])
        if key:
            parts.append(values["minus" if minus else key])
        template = template[at + len(key) + 2 :] if key else ""
    return tuple(part for part in parts if part != "")


__all__ = ["PLAIN", "Notes", "Row", "filled"]
