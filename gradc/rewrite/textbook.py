"""Gates that have a name in the language, as the notes draw and as people stage them: one elementary step each.

>>> from gradc.language import parse
>>> [node.op.name for node in textbook(parse("sigmoid(x)"))[0].nodes if node.args]
['neg', 'exp', 'add', 'reciprocal']
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.graph.dag import Dag, Node
from gradc.graph.op import Op
from gradc.ops import array as a
from gradc.ops import loss
from gradc.ops import scalar as s
from gradc.ops.table import statics_of
from gradc.rewrite.simplify import Builder, rebuild


def textbook(dag: Dag) -> tuple[Dag, dict[Node, Node]]:
    """The same program with such gates taken apart, and what each node became."""
    became: dict[Node, Node] = {}

    def gate(build: Builder, old: Node, args: tuple[Node, ...]) -> Node:
        steps = _STEPS.get(old.op)
        if steps is None:
            return build.intern(old.op, args, old.attr)
        return steps(build, args[0], statics_of(old.op, old.attr))

    return rebuild(dag, Builder(dag.dims, literal=True), gate, new=became), became


def can_be(dag: Dag) -> bool:
    """Whether there is such a gate."""
    return any(node.op in _STEPS for node in dag.nodes)


def _sigmoid(build: Builder, u: Node, _: Any) -> Node:
    """1/(1 + exp(-u))"""
    e = build.intern(s.exp, (u.args[0] if u.op is s.neg else build.intern(s.neg, (u,)),))
    return build.intern(s.inv, (build.intern(s.add, (build.const(1), e)),))


def _softplus(build: Builder, u: Node, _: Any) -> Node:
    """log(1 + exp(u))"""
    return build.intern(s.log, (build.intern(s.add, (build.const(1), build.intern(s.exp, (u,)))),))


def _logsumexp(build: Builder, x: Node, statics: Any) -> Node:
    """log(sum(exp(x)))"""
    whole = build.intern(a.sum_, (build.intern(s.exp, (x,)),), (statics["axis"], statics["keepdims"]))
    return build.intern(s.log, (whole,))


def _softmax(build: Builder, x: Node, statics: Any) -> Node:
    """exp(x)/sum(exp(x))"""
    e = build.intern(s.exp, (x,))
    return build.intern(s.div, (e, build.intern(a.sum_, (e,), (statics["axis"], True))))


def _log_softmax(build: Builder, x: Node, statics: Any) -> Node:
    """log(exp(x)/sum(exp(x)))"""
    return build.intern(s.log, (_softmax(build, x, statics),))


_STEPS: dict[Op, Callable[[Builder, Node, Any], Node]] = {
    loss.sigmoid: _sigmoid,
    loss.softplus: _softplus,
    a.logsumexp: _logsumexp,
    a.softmax: _softmax,
    a.log_softmax: _log_softmax,
}


__all__ = ["can_be", "textbook"]
