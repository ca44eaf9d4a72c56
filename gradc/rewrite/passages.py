"""How a need goes through a gate of whole arrays: from the elements of its result to those of an argument.

The elements that one needs of x where one needs some of its sum along an axis are whole rows; of a transpose, those
where the others are turned to; of a running sum, all up to the last that is needed.

>>> from gradc.language import parse
>>> def of(text):
...     dag = parse(text)
...     return passage(dag.dims, dag.roots[0], 0)
>>> of("A: [2, 3]; sum(A, axis=1)").steps, of("A: [2, 3]; softmax(A)").axes
(((expand, (1,)),), (1,))
>>> [step[0] for step in of("x: [3]; cumsum(x)").steps]
[spread, index, so_far, index]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gradc.graph.dag import Node
from gradc.graph.shapes import Dims, total
from gradc.ops import array as a
from gradc.ops import borders, constant_arrays, contractions, convolution, forms, linalg, shaping
from gradc.ops.gather import GATHERS, PICKS, PUTS
from gradc.ops.table import Op, statics_of

# One gate that moves a mask: the operator, its attribute, and the whole numbers that say where to.
Step = tuple[Op, Any] | tuple[Op, Any, tuple[Node, ...]]


class Each(NamedTuple):
    """Each element of the argument is needed where one of the result is, which the steps move there."""

    steps: tuple[Step, ...]


class Some(NamedTuple):
    """The steps leave elements out, or take several together."""

    steps: tuple[Step, ...]


class Along(NamedTuple):
    """Whole axes of the result are needed where any of their elements are; `keep` leaves them with size 1."""

    axes: tuple[int, ...]
    keep: bool = True


Passage = Each | Some | Along
_AS_IT_IS = Each(())


def passage(dims: Dims, node: Node, i: int) -> Passage:
    """What a gate that is not elementwise needs of its argument `i`; all of it, where nothing better is known."""
    found = _PASSAGES.get(node.op)
    way = found(dims, node, i, statics_of(node.op, node.attr)) if found is not None else None
    return _everything(node) if way is None else way


def _everything(node: Node) -> Passage:
    return Along(tuple(range(len(node.shape))), keep=False)


Statics = dict[str, Any]
Rule = Callable[[Dims, Node, int, Statics], Passage | None]


def _full(dims: Dims, node: Node) -> Step:
    """The mask in the shape of the result, for steps that move its elements."""
    return a.spread, (dims.resolve(node.shape),)


def _some(*axes: int) -> tuple[Step, ...]:
    return ((borders.some, (axes, False)),) if axes else ()


# ---- along axes --------------------------------------------------------------------------------


def _reducing(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    if statics["keepdims"] or statics["axis"] is None:
        return _AS_IT_IS
    return Each(((a.expand, (statics["axis"],)),))


def _along(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    return Along(a.axes_of(statics["axis"], len(node.shape)))


def _of_matrices(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    rank = len(node.shape)
    return Along((rank - 2, rank - 1))


def _number_of_matrices(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    return Each(((a.expand, ((-2, -1),)),))


def _solved(dims: Dims, node: Node, i: int, statics: Statics) -> Passage | None:
    """Each column of a matrix is solved for by itself."""
    rank = len(node.shape)
    if rank < 2 or len(node.args[1].shape) != rank or len(node.args[0].shape) > rank:
        return None
    return Along((rank - 2, rank - 1) if i == 0 else (rank - 2,))


def _up_to(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    """All up to the last element that is needed."""
    back = shaping.backwards(len(node.shape), statics["axis"])
    so_far = (borders.so_far, (len(back) - 1,))
    return Some((_full(dims, node), (a.index, (back,)), so_far, (a.index, (back,))))


# ---- products ----------------------------------------------------------------------------------


def _product(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    """Rows of the first factor, and columns of the second, that no element of the product needs are not needed."""
    x, y = (len(arg.shape) for arg in node.args)
    rank = len(node.shape)
    if (x if i == 0 else y) == 1:  # each element of a vector is in all elements of the product
        return _everything(node)
    if i == 0:
        return Each(((a.expand, (-1,)),)) if y == 1 else Along((rank - 1,))
    return Each(((a.expand, (-2,)),)) if x == 1 else Along((rank - 2,))


def _outer(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    return Along((1,), keep=False) if i == 0 else _AS_IT_IS


def _by_labels(dims: Dims, node: Node, mine: str, out: str) -> Passage:
    """Of a product by named axes: any along those that an argument has not, spread over what it alone has."""
    kept = [label for label in out if label in mine]
    order = [kept.index(label) for label in mine if label in kept]
    steps = (_full(dims, node), *_some(*(at for at, label in enumerate(out) if label not in mine)))
    if order != sorted(order):
        steps = (*steps, (a.transpose, (tuple(order),)))
    missing = tuple(at for at, label in enumerate(mine) if label not in kept)
    return Some((*steps, (a.expand, (missing,))) if missing and kept else steps)


def _einsum(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    given, _, out = statics["subs"].partition("->")
    return _by_labels(dims, node, given.split(",")[i], out)


def _tensordot(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    labels = iter(map(chr, range(ord("a"), ord("a") + 64)))
    x, y = ([next(labels) for _ in arg.shape] for arg in node.args)
    for p, q in zip(*statics["axes"], strict=True):
        y[q] = x[p]
    out = [label for label in x if label not in y] + [label for label in y if label not in x]
    return _by_labels(dims, node, "".join((x, y)[i]), "".join(out))


def _kron(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    shapes = (dims.resolve(arg.shape) for arg in node.args)
    apart = tuple(dim for pair in zip(*shapes, strict=True) for dim in pair)
    return Some((_full(dims, node), (a.reshape, (apart,)), *_some(*range(1 - i, len(apart), 2))))


def _cross(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    return Along((len(node.shape) - 1,))


def _convolved(dims: Dims, node: Node, i: int, statics: Statics) -> Passage | None:
    """Of the windows in which an element of a vector is, any."""
    other = dims.resolve(node.args[1 - i].shape)[0]
    if not isinstance(other, int) or (statics["mode"] != "full" and i == 1):
        return None
    rim = () if statics["mode"] == "full" else ((shaping.pad, (((other - 1, other - 1),),)),)
    return Some((_full(dims, node), *rim, (convolution.windows, ((other,), (1,))), *_some(1)))


# ---- elements in other places ------------------------------------------------------------------


def _swap(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    return Each(((a.swap, None),))


def _transpose(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    rank = len(node.shape)
    axes = statics["axes"] or range(rank)[::-1]
    back = tuple(sorted(range(rank), key=lambda at: axes[at] % rank))
    return Each(((a.transpose, (back,)),))


def _reshaped(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    return Each((_full(dims, node), (a.reshape, (dims.resolve(node.args[i].shape),))))


def _index(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    index = statics["index"]
    if all(item is None or item == ("slice", None, None, None) for item in index):
        return _reshaped(dims, node, i, statics)
    return Some((_full(dims, node), (borders.placed, (index, dims.resolve(node.args[i].shape)))))


def _segment(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    at, start = statics["axis"], statics["start"]
    index = (*[("slice", None, None, None)] * at, ("slice", start, total([start, statics["size"]]), None))
    return Some((_full(dims, node), (borders.placed, (index, dims.resolve(node.args[i].shape)))))


def _gathered(dims: Dims, node: Node, i: int, statics: Statics) -> Passage | None:
    if i:
        return None
    attr = statics["index"], dims.resolve(node.args[0].shape), statics["once"]
    return Some((_full(dims, node), (_PUTS[node.op], attr, node.args[1:])))


def _stack(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    lead = (("slice", None, None, None),) * (statics["axis"] % len(node.shape))
    return Each((_full(dims, node), (a.index, ((*lead, i),))))


def _concatenate(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    at = statics["axis"] % len(node.shape)
    start = total([other.shape[at] for other in node.args[:i]])
    return Each((_full(dims, node), (a.segment, (at, start, node.args[i].shape[at]))))


def _laid_out(dims: Dims, node: Node, i: int, statics: Statics) -> Passage | None:
    if any(arg.shape for arg in node.args):
        return None
    place: list[int] = []
    for size in reversed(statics["shape"]):
        i, at = divmod(i, size)
        place.insert(0, at)
    return Each((_full(dims, node), (a.index, (tuple(place),))))


def _spread(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    return _AS_IT_IS


def _roll(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    shift, axis = statics["shift"], statics["axis"]
    back = tuple(-each for each in shift) if isinstance(shift, tuple) else -shift
    return Each((_full(dims, node), (shaping.roll, (back, axis))))


def _repeat(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    shape, at = dims.resolve(node.args[i].shape), statics["axis"] % len(node.shape)
    apart = (*shape[: at + 1], statics["repeats"], *shape[at + 1 :])
    return Some((_full(dims, node), (a.reshape, (apart,)), *_some(at + 1)))


def _tile(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    shape, reps = dims.resolve(node.args[i].shape), statics["reps"]
    lead = len(reps) - len(shape)
    apart = (*reps[:lead], *(dim for pair in zip(reps[lead:], shape, strict=True) for dim in pair))
    return Some((_full(dims, node), (a.reshape, (apart,)), *_some(*range(lead), *range(lead, len(apart), 2))))


def _pad(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    index = tuple(("slice", before or None, -after or None, None) for before, after in statics["width"])
    return Each((_full(dims, node), (a.index, (index,))))


def _diag(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    return Each((_full(dims, node), (shaping.diagonal, (statics["k"],))))


def _diagonal(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    shape = dims.resolve(node.args[i].shape)
    return Some((_full(dims, node), (shaping.embedded, (statics["offset"], shape))))


def _triangle(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    return Some((_full(dims, node), (node.op, node.attr)))


def _windows(dims: Dims, node: Node, i: int, statics: Statics) -> Passage:
    shape = dims.resolve(node.args[i].shape)
    return Some((_full(dims, node), (convolution.folded, (shape, statics["size"], statics["stride"]))))


# What adds into place what a gather, or a pick, takes.
_PUTS = dict(zip((*GATHERS, *PICKS), (*PUTS, *PUTS), strict=True))

_PASSAGES: dict[Op, Rule] = {
    **dict.fromkeys((a.sum_, a.mean, a.prod, a.amax, a.amin, a.norm, a.logsumexp), _reducing),
    **dict.fromkeys((contractions.var, contractions.std, forms.logsumexp_of), _reducing),
    **dict.fromkeys((a.softmax, a.log_softmax, a.others, a.first_max, a.first_min), _along),
    **dict.fromkeys((a.inv, a.cofactor, linalg.cholesky, linalg.pinv), _of_matrices),
    **dict.fromkeys((a.det, a.trace, linalg.logdet, linalg.det_sign), _number_of_matrices),
    **dict.fromkeys((a.solve, linalg.solve_triangular), _solved),
    **dict.fromkeys((shaping.cumsum, shaping.cumprod), _up_to),
    **dict.fromkeys(contractions.EINSUMS, _einsum),
    a.matmul: _product, a.outer: _outer, contractions.tensordot: _tensordot, contractions.kron: _kron,
    contractions.cross: _cross, convolution.convolve: _convolved, convolution.windows: _windows,
    **dict.fromkeys(_PUTS, _gathered),
    **dict.fromkeys((a.reshape, a.expand), _reshaped),
    a.swap: _swap, a.transpose: _transpose, a.index: _index, a.segment: _segment, a.spread: _spread,
    a.stack: _stack, a.concatenate: _concatenate, constant_arrays.array: _laid_out,
    shaping.roll: _roll, shaping.repeat: _repeat, shaping.tile: _tile, shaping.pad: _pad,
    shaping.diag: _diag, shaping.diagonal: _diagonal, shaping.tril: _triangle, shaping.triu: _triangle,
}  # fmt: skip

# What takes some elements of an array, and leaves the others out.
PIECES = (a.index, a.segment)

__all__ = ["PIECES", "Along", "Each", "Passage", "Some", "Step", "passage"]
