"""Derivatives of numbers as one function of straight lines, for calls: value, gradient, and the non-zeros in a row.

>>> from gradc.language import parse
>>> from gradc.optimize.second import hessian
>>> print(kernel_text("hessian", hessian(parse("x*exp(y)"), ["x", "y"]), ["x", "y"]))
from math import exp
<BLANKLINE>
<BLANKLINE>
def hessian(x, y):
    expy = exp(y)
    f = x*expy
    return f, (expy, f), (expy, f)
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradc.emit.fast_scalar import Numbers, calls_of
from gradc.emit.lines import lines_of
from gradc.emit.targets import TARGETS
from gradc.optimize.second import Blocks
from gradc.plan.code import Def, Module, Return
from gradc.plan.names import Namer
from gradc.plan.numbers import Words, names_of, results_of


def kernel_text(name: str, blocks: Blocks, params: Sequence[str]) -> str:
    """A module of one function: of the inputs `params` in order, value (or values), gradient and blocks as tuples."""
    code = Numbers(kernel_code(name, blocks, params), TARGETS["math"])
    return code.assembled(code.items())


def kernel_code(name: str, blocks: Blocks, params: Sequence[str]) -> Module:
    """The same as Code."""
    joint = blocks.joint
    plan = lines_of(joint.nodes, joint.roots, joint.places())
    calls, helpers = calls_of(plan)
    own = [each for given in joint.dag.names.values() for each in given]
    plain = [each for each in params if each.isidentifier()]
    namer = Namer([*plain, *own, name, *calls, *helpers])
    aside = {each: namer.fresh(each) for each in calls if each in (*plain, *own)}
    free = {each for each in plain if each not in (name, *calls, *helpers)}
    inputs = {each: each if each in free else namer.fresh(_word(each)) for each in params}
    words = Words(namer, aside, inputs=inputs)
    called = {_word(key): node for key, node in joint.gradients.items()}
    names = names_of(replace(joint, gradients=called), words, plan)
    value, slopes = results_of(joint, plan, names)
    grads = tuple([slopes[each] for each in blocks.grads])
    entries = tuple([slopes[f"{first} {second}"] for first, second in blocks.blocks])
    body = (*plan.statements(names), Return((value, grads, entries)))
    made = Def(name, tuple([inputs[each] for each in params]), body, "value_and_grad")
    return Module(joint.dag, (made,), (), aside, {}, frozenset(own))


def _word(name: str) -> str:
    """What an element or a tangent is called: x[2] is x2, `x dot` is x_dot."""
    return "".join(c if c.isalnum() else "_" if c in " _" else "" for c in name)


__all__ = ["kernel_code", "kernel_text"]
