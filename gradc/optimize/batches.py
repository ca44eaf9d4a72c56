"""A loss over a named dimension into what each batch of it gives, what adds up, and what comes after the sums.

Each node is *shared* (it knows nothing of the dimension), *local* (a row of it hangs on the same row of the inputs
alone), or *reduced*: a sum or a mean of a local value over the dimension, to a number. Where everything behind the
reductions is shared, one pass over the rows is enough, whatever is done with the sums: their gradients add up, and the
adjoints of the sums follow once they are known. Whatever mixes rows in another way is refused, by name.

>>> from gradc.language import parse
>>> dag = parse("X: [n, d]; w: [d]; mean((X @ w)**2) + sum(w**2)")
>>> found = split(dag, "n", ["w"], False)
>>> found.rows, [name for name, _ in found.inner.outputs], sorted(found.finish.inputs)
(('X',), ['total1'], ['n', 'total1', 'w'])
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.base.errors import GradcError
from gradc.base.records import NamedTuple
from gradc.graph.dag import Dag, Node, reachable
from gradc.graph.shapes import names_in
from gradc.ops import array, scalar
from gradc.ops.gather import iota
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import Builder

SHARED, LOCAL, REDUCED = "shared", "local", "reduced"


class Batches(NamedTuple):
    """A loss taken apart: `inner` gives the sums over some rows, `finish` the loss from all sums.

    `rows` are the inputs that come in rows; `totals` the names of the sums; `counts` says whether the loss hangs on
    how many rows there are.
    """

    inner: Dag
    finish: Dag
    rows: tuple[str, ...]
    totals: tuple[str, ...]
    counts: bool


def split(dag: Dag, dim: str, wrt: Sequence[str], literal: bool) -> Batches:
    """Take a loss apart over a dimension; `GradcError` names the node that mixes rows, and says how."""
    kinds = _kinds(dag, dim)
    if len(dag.outputs) != 1 or dag.roots[0].shape:
        raise _refused(dag, None, "a loss is one number")
    if kinds[dag.roots[0]] == LOCAL:
        raise _refused(dag, dag.roots[0], f"the output has a value for each of '{dim}'")
    rows = tuple(name for name, node in dag.inputs.items() if kinds[node] == LOCAL)
    if not rows:
        raise _refused(dag, None, f"no input has the dimension '{dim}'")
    for name in wrt:
        if name in rows:
            reason = f"the gradient of '{name}' has a row for each of '{dim}': it does not add up"
            raise GradcError(reason, hint="name the others: wrt=[…]")
    assert dag.graph is not None
    build = Builder(dag.dims, literal, dag.graph)
    reduced = [node for node in reachable(dag.roots) if kinds[node] == REDUCED]
    totals = tuple(f"total{i + 1}" for i in range(len(reduced)))
    while set(totals) & set(dag.inputs):
        totals = tuple(name + "_" for name in totals)
    sums = [build.make(array.sum_, node.args, (None, False)) for node in reduced]
    nodes = reachable(sums)
    taken = {name: node for name, node in dag.inputs.items() if node in set(nodes)}
    outputs = tuple(zip(totals, sums, strict=True))
    inner = dag._replace(nodes=tuple(nodes), inputs=taken, outputs=outputs, notes=())
    finish, counts = _finish(dag, dim, reduced, totals, literal)
    return Batches(inner, finish, tuple(name for name in rows if name in taken), totals, counts)


def _finish(dag: Dag, dim: str, reduced: Sequence[Node], totals: Sequence[str], literal: bool) -> tuple[Dag, bool]:
    """The loss as a program of the sums, of what is shared, and of the number of rows."""
    build = Builder(dag.dims, literal)
    new: dict[Node, Node] = {}
    inputs = {name: build.input(name) for name in totals}
    count: Node | None = None
    done = set(reduced)
    needed = _until(dag.roots, done)
    for node in needed:
        if node in done:
            total = inputs[totals[reduced.index(node)]]
            if node.op is array.mean:
                count = count or build.input(dim)
                size = count
                for other in node.args[0].shape:
                    if other != dim:
                        size = build.make(scalar.mul, (size, _size(build, other)))
                total = build.make(scalar.div, (total, size))
            new[node] = total
        elif node.op is scalar.size and dim in names_in(str(node.attr)):
            if node.attr != dim:
                raise _refused(dag, node, f"it hangs on a size made of '{dim}'")
            count = count or build.input(dim)
            new[node] = count
        elif node.op is scalar.input_:
            name = next(name for name, own in dag.inputs.items() if own is node)
            inputs[name] = new[node] = build.graph.node(node.op, (), node.attr, node.shape)
        elif node.args:
            new[node] = build.intern(node.op, tuple([new[arg] for arg in node.args]), node.attr)
        else:
            new[node] = build.graph.node(node.op, (), node.attr, node.shape)
    if count is not None:
        inputs[dim] = count
    finish = dag._replace(
        nodes=tuple(build.graph.nodes),
        inputs=inputs,
        outputs=tuple((name, new[node]) for name, node in dag.outputs),
        names={new[node]: names for node, names in dag.names.items() if node in new and new[node].args},
        spans={},
        rewrites={},
        roles={},
        notes=(),
        declared=any(node.shape for node in inputs.values()),
        graph=build.graph,
    )
    return finish, count is not None


def _size(build: Builder, dim: int | str) -> Node:
    return build.const(dim) if isinstance(dim, int) else build.graph.node(scalar.size, (), dim)


def _until(roots: Sequence[Node], done: set[Node]) -> list[Node]:
    """What the roots are computed from, no further than the reduced nodes."""
    seen: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.id not in seen:
            seen[node.id] = node
            if node not in done:
                stack.extend(node.args)
    return [seen[id] for id in sorted(seen)]


# ---- what each node is -------------------------------------------------------------------------


def _kinds(dag: Dag, dim: str) -> dict[Node, str]:
    """Each node's kind, in order."""
    kinds: dict[Node, str] = {}
    for node in reachable([*dag.roots, *dag.inputs.values()]):
        shape = dag.dims.resolve(node.shape)
        has = [axis for axis, each in enumerate(shape) if each == dim]
        if any(each != dim and dim in names_in(str(each)) for each in shape):
            raise _refused(dag, node, f"neighbours along '{dim}' meet in it")
        local = [arg for arg in node.args if kinds[arg] == LOCAL]
        if len(has) > 1:
            raise _refused(dag, node, f"every row of '{dim}' meets every other")
        if not node.args or not local:
            kinds[node] = LOCAL if has else SHARED
            if node.op is scalar.size and node.attr == dim:
                kinds[node] = SHARED
            continue
        if not has:
            kinds[node] = _reduction(dag, node, dim, shape)
            continue
        if any(kinds[arg] == REDUCED or _hangs(kinds, arg) for arg in node.args):
            raise _refused(dag, node, f"a statistic over '{dim}' comes first: that takes two passes")
        if not _keeps_rows(dag, node, dim):
            raise _refused(dag, node, f"it mixes the rows of '{dim}'")
        kinds[node] = LOCAL
    for node, kind in list(kinds.items()):
        if kind == LOCAL and any(_behind(kinds, arg) for arg in node.args):
            raise _refused(dag, node, f"a statistic over '{dim}' comes first: that takes two passes")
    return kinds


def _hangs(kinds: dict[Node, str], node: Node) -> bool:
    return kinds[node] == SHARED and _behind(kinds, node)


def _behind(kinds: dict[Node, str], node: Node) -> bool:
    """Whether a shared value is computed from a reduction, or from the number of rows."""
    stack, seen = [node], {node}
    while stack:
        at = stack.pop()
        if kinds[at] == REDUCED:
            return True
        new = [arg for arg in at.args if arg not in seen and kinds[arg] != LOCAL]
        seen.update(new)
        stack += new
    return False


def _reduction(dag: Dag, node: Node, dim: str, shape: Sequence[int | str]) -> str:
    """A node that loses the dimension: a sum or a mean to a number, or an error."""
    if node.op in (array.sum_, array.mean) and statics_of(node.op, node.attr) == {"axis": None, "keepdims": False}:
        return REDUCED
    if node.op in (array.sum_, array.mean) and len(node.args[0].shape) == 1:
        return REDUCED
    what = "an array of sums over" if node.op in (array.sum_, array.mean, array.matmul) else "more than a sum over"
    raise _refused(dag, node, f"it is {what} '{dim}': that takes a second pass" if shape else f"it is {what} '{dim}'")


def _keeps_rows(dag: Dag, node: Node, dim: str) -> bool:
    """Whether a row of a gate hangs on the same rows of its arguments alone."""
    op, resolve = node.op, dag.dims.resolve
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
    if op.name.startswith("gather"):
        return any(arg.op is iota and arg.shape == (dim,) for arg in node.args[1:]) or dim not in resolve(
            node.args[0].shape
        )
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


__all__ = ["Batches", "split"]
