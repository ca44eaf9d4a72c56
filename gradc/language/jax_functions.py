"""Functions of `jax.nn`, `jax.lax` and `jax.ops` that are gates of the table in other words.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [3]\\njax.nn.squareplus(x)")).split("\\n")[-1])
v2/2
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Node
from gradc.language.array_functions import Call, _integer, function
from gradc.language.torch_functions import add, div, gate, mul, sub
from gradc.language.torch_further import _added
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import scalar as s


@function("squareplus", "x, b=4")
def _squareplus(call: Call) -> Node:
    x, width = call.value("x"), call.value("b") if "b" in call else call.build.const(4)
    return div(call, add(call, x, call.make(s.sqrt, add(call, call.make(s.square, x), width))), 2)


@function("hard_sigmoid", "x")
def _hard_sigmoid(call: Call) -> Node:
    return div(call, gate(call, "relu6", add(call, call.value("x"), 3)), 6)


@function("hard_swish hard_silu", "x")
def _hard_swish(call: Call) -> Node:
    return mul(call, call.value("x"), _hard_sigmoid(call))


@function("standardize", "x, axis=-1, mean=None, variance=None, epsilon=1e-5")
def _standardize(call: Call) -> Node:
    """Numbers less their mean, in units of their spread."""
    x, axis = call.array(), call.axis(default=-1)
    mean = call.value("mean") if "mean" in call else call.make(a.mean, x, axis=axis, keepdims=True)
    gap = sub(call, x, mean)
    own = "variance" not in call
    variance = call.make(a.mean, call.make(s.square, gap), axis=axis, keepdims=True) if own else call.value("variance")
    eps = call.value("epsilon") if "epsilon" in call else call.build.const(1e-5)
    return div(call, gap, call.make(s.sqrt, add(call, variance, eps)))


@function("integer_pow", "x, y")
def _integer_pow(call: Call) -> Node:
    return gate(call, "power", call.value("x"), call.value("y"))


@function("segment_sum", "data, segment_ids, num_segments")
def _segment_sum(call: Call) -> Any:
    """The sums of rows by their numbers."""
    from gradc.language.indexing import made

    data, at = call.array("data"), _integer(call, "segment_ids")
    empty = call.make(c.zeros, shape=(call.size(call.given["num_segments"]), *call.shape(data)[1:]))
    return _added(call, empty, call.placed(lambda: made(call.gates, empty, (at,))), data)


@function("segment_max", "data, segment_ids, num_segments")
def _segment_max(call: Call) -> Node:
    raise call.error("segment_max is not read", "write jnp.max(jnp.where(mask, x, -jnp.inf), axis=0) with a mask")
