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

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gradc.emit.fast_scalar import Words, calls_of, names_of
from gradc.emit.layout import broken, indent
from gradc.emit.lines import line_texts, lines_of, result_texts
from gradc.ops.helpers import HELPERS
from gradc.optimize.second import Blocks
from gradc.plan.names import Namer


def kernel_text(name: str, blocks: Blocks, params: Sequence[str]) -> str:
    """A module of one function: of the inputs `params` in order, value (or values), gradient and blocks as tuples."""
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
    texts = iter(result_texts(plan, names, words.renamed))
    values = [next(texts) for _ in joint.outputs]
    slopes = {key: "0.0" if node is None else next(texts) for key, node in joint.gradients.items()}
    lines = line_texts(plan, names, words.renamed)
    value = _packed(values) if len(values) != 1 else values[0]
    grads = [slopes[each] for each in blocks.grads]
    entries = [slopes[f"{first} {second}"] for first, second in blocks.blocks]
    body = [*lines, *broken(f"return {value}, {_packed(grads)}, (", entries, ")")]
    imports = [f"{each} as {aside[each]}" if each in aside else each for each in sorted(calls)]
    texts_of = [HELPERS["math"][each].strip("\n") for each in helpers]
    head = ["import math"] * bool(helpers) + [f"from math import {', '.join(imports)}"] * bool(imports)
    definition = "\n".join([f"def {name}({', '.join(inputs[each] for each in params)}):", *indent(body)])
    return "\n\n\n".join([*(["\n".join(head)] if head else []), *texts_of, definition]) + "\n"


def _word(name: str) -> str:
    """What an element or a tangent is called: x[2] is x2, `x dot` is x_dot."""
    return "".join(c if c.isalnum() else "_" if c in " _" else "" for c in name)


def _packed(texts: Iterable[str]) -> str:
    listed = list(texts)
    return f"({', '.join(listed)}{',' * (len(listed) == 1)})"


__all__ = ["kernel_text"]
