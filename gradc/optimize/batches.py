"""A loss over a named dimension into what each batch of it gives, what adds up, and what comes after the sums.

Each node is *shared* (it knows nothing of the dimension), *local* (a row of it hangs on the same row of the inputs
alone), or *reduced*: a sum, a mean or a product of matrices over the dimension, which adds up. Where everything behind
the reductions is shared, one pass over the rows is enough, whatever is done with the sums. Where rows go on with a
statistic of all rows, its sums are a *stage* of their own, and a pass; the sums of each stage are computed once those
before it are known. Whatever mixes rows in another way is refused, by name.

>>> from gradc.language import parse
>>> dag = parse("X: [n, d]; w: [d]; mean((X @ w)**2) + sum(w**2)")
>>> found = split(dag, "n", ["w"], False)
>>> found.rows, [stage.totals for stage in found.stages], sorted(found.finish.inputs)
(('X',), [('total1',)], ['n', 'total1', 'w'])
>>> dag = parse("X: [n, d]; w: [d]; z = X @ w; sum((z - mean(z))**2)")
>>> [(stage.totals, list(stage.dag.inputs)) for stage in split(dag, "n", ["w"], False).stages]
[(('total1',), ['X', 'w']), (('total2',), ['X', 'w', 'total1', 'n'])]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.base.errors import GradcError
from gradc.base.records import NamedTuple
from gradc.graph.dag import Dag, Node, reachable
from gradc.graph.shapes import names_in
from gradc.ops import array, scalar
from gradc.ops.contractions import var
from gradc.ops.gather import iota
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import Builder, rebuild

SHARED, LOCAL, PLACE = "shared", "local", "place"
REDUCED = "reduced"


class Kind(NamedTuple):
    """What a node is, and how many passes over the rows are behind it; a `place` is a row's own number."""

    name: str
    passes: int = 0


class Stage(NamedTuple):
    """A program whose outputs are sums over some rows: of the rows, what is shared, and the sums of earlier stages."""

    dag: Dag
    totals: tuple[str, ...]
    numbers: bool


class Batches(NamedTuple):
    """A loss taken apart: the stages give the sums over some rows, `finish` the loss from all sums.

    `rows` are the inputs that come in rows; `length` is what the programs call the number of all rows, "" where the
    loss does not hang on it.
    """

    stages: tuple[Stage, ...]
    finish: Dag
    rows: tuple[str, ...]
    length: str


def split(dag: Dag, dim: str, wrt: Sequence[str], literal: bool) -> Batches:
    """Take a loss apart over a dimension; `GradcError` names the node that mixes rows, and says how."""
    dag = _spelled_out(dag, dim, literal)
    kinds = _kinds(dag, dim)
    if len(dag.outputs) != 1 or dag.roots[0].shape:
        raise _refused(dag, None, "a loss is one number")
    if kinds[dag.roots[0]].name == LOCAL:
        raise _refused(dag, dag.roots[0], f"the output has a value for each of '{dim}'")
    rows = tuple(name for name, node in dag.inputs.items() if kinds[node].name == LOCAL)
    if not rows:
        raise _refused(dag, None, f"no input has the dimension '{dim}'")
    for name in wrt:
        if name in rows:
            reason = f"the gradient of '{name}' has a row for each of '{dim}': it does not add up"
            raise GradcError(reason, hint="name the others: wrt=[…]")
    reduced = [node for node in reachable(dag.roots) if kinds[node].name == REDUCED]
    totals = {node: f"total{i}" for i, node in enumerate(reduced, 1)}
    while set(totals.values()) & set(dag.inputs):
        totals = {node: name + "_" for node, name in totals.items()}
    count = dim
    while count in dag.inputs or count in totals.values():
        count += "_"
    cut = _Cut(dag, dim, totals, count, literal)
    last = max((kinds[node].passes for node in reduced), default=1)
    by_stage = [[node for node in reduced if kinds[node].passes == level] for level in range(1, last + 1)]
    stages = tuple(cut.stage(nodes, totals) for nodes in by_stage)
    finish = cut.finish()
    counts = any(count in each.inputs for each in (finish, *(stage.dag for stage in stages)))
    taken = {name for stage in stages for name in stage.dag.inputs}
    return Batches(stages, finish, tuple(name for name in rows if name in taken), count if counts else "")


def _spelled_out(dag: Dag, dim: str, literal: bool) -> Dag:
    """The program with a variance over the dimension as the mean of squares that it is: two statistics, two passes."""
    if not any(node.op is var for node in dag.nodes):
        return dag

    def gate(build: Builder, node: Node, args: tuple[Node, ...]) -> Node:
        if node.op is var:
            said = statics_of(var, node.attr)
            shape = dag.dims.resolve(node.args[0].shape)
            if any(shape[axis] == dim for axis in _axes(node)) and not said["ddof"]:
                off = build.make(scalar.sub, (args[0], build.make(array.mean, args, (said["axis"], True))))
                return build.make(array.mean, (build.make(scalar.square, (off,)),), (said["axis"], said["keepdims"]))
        return build.intern(node.op, args, node.attr)

    return rebuild(dag, Builder(dag.dims, literal), gate)


class _Cut:
    """Programs out of one, cut where sums over the dimension are known."""

    def __init__(self, dag: Dag, dim: str, totals: Mapping[Node, str], count: str, literal: bool) -> None:
        self.dag, self.dim, self.totals, self.count, self.literal = dag, dim, totals, count, literal

    def stage(self, reduced: Sequence[Node], totals: Mapping[Node, str]) -> Stage:
        """The sums of some nodes over rows."""
        build = Builder(self.dag.dims, self.literal)
        new, known = self._copied(build, [arg for node in reduced for arg in node.args])
        outputs = tuple([(totals[node], _summed(build, node, new)) for node in reduced])
        names = tuple([totals[node] for node in reduced])
        return Stage(self._dag(build, new, known, outputs), names, not any(node.shape for node in reduced))

    def finish(self) -> Dag:
        """The loss as a program of the sums, of what is shared, and of the number of rows."""
        build = Builder(self.dag.dims, self.literal)
        new, known = self._copied(build, self.dag.roots)
        return self._dag(build, new, known, tuple([(name, new[node]) for name, node in self.dag.outputs]))

    def _copied(self, build: Builder, roots: Sequence[Node]) -> tuple[dict[Node, Node], dict[str, Node]]:
        """What the roots are computed from in another graph, from the sums on; and the inputs that there are then."""
        new: dict[Node, Node] = {}
        given = {node: name for name, node in self.dag.inputs.items()}
        known: dict[str, Node] = {}
        for node in reachable(roots, self.totals):
            if node in self.totals:
                name = self.totals[node]
                known[name] = total = build.input(name, node.shape)
                new[node] = self._mean(build, node, total, known) if node.op is array.mean else total
            elif node.op is scalar.size and self.dim in names_in(str(node.attr)):
                if node.attr != self.dim:
                    raise _refused(self.dag, node, f"it hangs on a size made of '{self.dim}'")
                new[node] = self._rows(build, known)
            elif node in given:
                known[given[node]] = new[node] = build.graph.node(node.op, (), node.attr, node.shape)
            elif node.args:
                new[node] = build.intern(node.op, tuple([new[arg] for arg in node.args]), node.attr)
            else:
                new[node] = build.graph.node(node.op, (), node.attr, node.shape)
        return new, known

    def _rows(self, build: Builder, known: dict[str, Node]) -> Node:
        """The number of all rows, as an input."""
        known[self.count] = found = build.input(self.count)
        return found

    def _mean(self, build: Builder, node: Node, total: Node, known: dict[str, Node]) -> Node:
        """The mean of a sum over all rows."""
        size = self._rows(build, known)
        shape = self.dag.dims.resolve(node.args[0].shape)
        for axis in _axes(node):
            if shape[axis] != self.dim:
                size = build.make(scalar.mul, (size, _size(build, shape[axis])))
        return build.make(scalar.div, (total, size))

    def _dag(
        self, build: Builder, new: Mapping[Node, Node], known: Mapping[str, Node], outputs: tuple[tuple[str, Node], ...]
    ) -> Dag:
        order = [*self.dag.inputs, *self.totals.values(), self.count]
        inputs = {name: known[name] for name in order if name in known}
        declared = any(node.shape for node in inputs.values())
        return self.dag.carried(build.graph, new, inputs=inputs, outputs=outputs, notes=(), declared=declared)


def _summed(build: Builder, node: Node, new: Mapping[Node, Node]) -> Node:
    """The sum over the rows that there are."""
    args = tuple([new[arg] for arg in node.args])
    if node.op is array.mean:
        return build.make(array.sum_, args, node.attr)
    return build.intern(node.op, args, node.attr)


def _axes(node: Node) -> list[int]:
    """The axes that a sum or a mean goes over."""
    axis, rank = statics_of(node.op, node.attr)["axis"], len(node.args[0].shape)
    if axis is None:
        return list(range(rank))
    return [each % rank for each in ((axis,) if isinstance(axis, int) else axis)]


def _size(build: Builder, dim: int | str) -> Node:
    return build.const(dim) if isinstance(dim, int) else build.graph.node(scalar.size, (), dim)


# ---- what each node is -------------------------------------------------------------------------


def _kinds(dag: Dag, dim: str) -> dict[Node, Kind]:
    """Each node's kind, in order."""
    kinds: dict[Node, Kind] = {}
    inputs = set(dag.inputs.values())
    for node in reachable([*dag.roots, *inputs]):
        shape = dag.dims.resolve(node.shape)
        has = [axis for axis, each in enumerate(shape) if each == dim]
        if any(each != dim and dim in names_in(str(each)) for each in shape):
            raise _refused(dag, node, f"neighbours along '{dim}' meet in it")
        if len(has) > 1:
            raise _refused(dag, node, f"every row of '{dim}' meets every other")
        passes = max((kinds[arg].passes for arg in node.args), default=0)
        local = [arg for arg in node.args if kinds[arg].name in (LOCAL, PLACE)]
        if not local:
            kinds[node] = _of_shared(dag, node, dim, bool(has), passes, node in inputs)
        elif not has:
            _refuse_places(dag, node, dim, kinds)
            kinds[node] = _reduction(dag, node, dim, passes)
        else:
            if not _keeps_rows(dag, node, dim, kinds):
                raise _refused(dag, node, f"it mixes the rows of '{dim}'")
            kinds[node] = Kind(LOCAL, passes)
    return kinds


def _of_shared(dag: Dag, node: Node, dim: str, has: bool, passes: int, given: bool) -> Kind:
    """A node that no row goes into: how many rows there are is known after the first pass, where one stands never."""
    if node.op is scalar.size and dim in names_in(str(node.attr)):
        return Kind(SHARED, 1)
    if given or node.args:
        return Kind(LOCAL if has else SHARED, passes)
    return Kind(PLACE if has else SHARED, passes)


def _reduction(dag: Dag, node: Node, dim: str, passes: int) -> Kind:
    """A node that loses the dimension by adding up, or an error."""
    if node.op in (array.sum_, array.mean, array.inner):
        return Kind(REDUCED, passes + 1)
    if node.op is array.matmul:
        shapes = [dag.dims.resolve(arg.shape) for arg in node.args]
        if all(dim in shape and not _is_row(shape, i, dim) for i, shape in enumerate(shapes)):
            return Kind(REDUCED, passes + 1)
    raise _refused(dag, node, f"it is more than a sum over '{dim}'")


def _refuse_places(dag: Dag, node: Node, dim: str, kinds: Mapping[Node, Kind]) -> None:
    """Raise `GradcError` for a gate of a row's own number, which is another one in each batch."""
    if any(kinds[arg].name == PLACE for arg in node.args):
        raise _refused(dag, node, f"it hangs on where a row stands along '{dim}'")


def _keeps_rows(dag: Dag, node: Node, dim: str, kinds: Mapping[Node, Kind]) -> bool:
    """Whether a row of a gate hangs on the same rows of its arguments alone."""
    op, resolve = node.op, dag.dims.resolve
    if op.name.startswith("gather"):
        return any(arg.op is iota and arg.shape == (dim,) for arg in node.args[1:]) or dim not in resolve(
            node.args[0].shape
        )
    _refuse_places(dag, node, dim, kinds)
    if op.elementwise or op in (array.transpose, array.swap, array.spread, array.expand, array.stack):
        return True
    at = resolve(node.shape).index(dim)
    if op is array.matmul:
        return all(
            dim not in resolve(arg.shape) or _is_row(resolve(arg.shape), i, dim) for i, arg in enumerate(node.args)
        )
    if op is array.index:
        index = statics_of(op, node.attr)["index"]
        plain = [item for item in index if item is not None]
        axis = resolve(node.args[0].shape).index(dim)
        if "..." in index:
            return False
        return bool(axis >= len(plain) or plain[axis] == ("slice", None, None, None))
    if op is array.reshape:
        have = resolve(node.args[0].shape)
        return bool(at == 0 and have[:1] == (dim,))
    statics = statics_of(op, node.attr)
    if "axis" in statics and op is not array.concatenate:
        rank = len(node.args[0].shape)
        axes = statics["axis"]
        reduced = range(rank) if axes is None else [a % rank for a in ((axes,) if isinstance(axes, int) else axes)]
        return resolve(node.args[0].shape).index(dim) not in reduced
    return False


def _is_row(shape: Sequence[int | str], position: int, dim: str) -> bool:
    """Whether a dimension of a factor of a matrix product is none that is summed over."""
    axis = shape.index(dim)
    if position == 0:
        return axis != len(shape) - 1
    return len(shape) > 1 and axis != len(shape) - 2


def _refused(dag: Dag, node: Node | None, why: str) -> GradcError:
    span = dag.spans.get(node) if node is not None else None
    name = next(iter(dag.names.get(node, ())), "") if node is not None else ""
    said = f"'{name}': " if name else f"a '{node.op.name}': " if node is not None else ""
    return GradcError(
        f"not to be taken apart into batches: {said}{why}", dag.text, [span] if span else [],
        "the passes over all rows are in the module without --batch",
    )  # fmt: skip


__all__ = ["Batches", "Stage", "split"]
