"""Squares of norms as the sums of squares that they are, where they are differentiated twice.

A norm has a kink at 0 and its square has none: the Hessian of `norm(x)**2` is 2 on the diagonal there, too, but by the
rules of norm and square it would come out as 0. So it is with the square of a standard deviation, or of the root of a
weighted sum of squares.

>>> from gradc.language import parse
>>> [node.op.name for node in smooth_squares(parse("hypot(x, y)**2"), False).nodes if node.args][1:]
['square', 'square', 'add']
"""

from __future__ import annotations

from gradc.graph.dag import Dag, Node
from gradc.graph.op import Op
from gradc.ops import array, forms, scalar
from gradc.ops.contractions import std, var
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import Builder, rebuild

_NORMS: tuple[Op, ...] = (array.norm, scalar.hypot, scalar.abs_, std, forms.root)


def smooth_squares(dag: Dag, literal: bool) -> Dag:
    """The same program with even powers of norms written without them."""
    if not any(_is_even(node) and node.args[0].op in _NORMS for node in dag.nodes):
        return dag

    def gate(build: Builder, old: Node, args: tuple[Node, ...]) -> Node:
        if not _is_even(old) or args[0].op not in _NORMS:
            return build.intern(old.op, args, old.attr)
        whole = _square_of(build, args[0])
        half = statics_of(old.op, old.attr)["n"] // 2 if old.op is scalar.ipow else 1
        if half == 1:
            return whole
        return build.intern(scalar.square, (whole,)) if half == 2 else build.intern(scalar.ipow, (whole,), (half,))

    return rebuild(dag, Builder(dag.dims, literal), gate)


def _square_of(build: Builder, norm: Node) -> Node:
    """What a norm is the root of."""
    if norm.op is std:
        return build.intern(var, norm.args, norm.attr)
    if norm.op is forms.root:
        return norm.args[0]
    squares = [build.intern(scalar.square, (arg,)) for arg in norm.args]
    if norm.op is array.norm:
        return build.intern(array.sum_, (squares[0],), norm.attr)
    return squares[0] if len(squares) == 1 else build.intern(scalar.add, (squares[0], squares[1]))


def _is_even(node: Node) -> bool:
    if node.op is scalar.square:
        return True
    return node.op is scalar.ipow and statics_of(node.op, node.attr)["n"] % 2 == 0


__all__ = ["smooth_squares"]
