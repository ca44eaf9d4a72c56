"""Gates that a library calls with arguments of its own: SciPy's `polygamma(n, x)`, torch's `softplus(x, beta=2)`.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("math.log(x, 2)")).split("\\n")[0])
v1 = log(x)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradc.graph.shapes import total
from gradc.language import lists
from gradc.language.values import Arg, Callee, Group, Text
from gradc.ops import array as a
from gradc.ops import composed, loss, special
from gradc.ops import gather as g
from gradc.ops import scalar as s
from gradc.ops.table import Op, lookup

if TYPE_CHECKING:
    from gradc.language.gates import Gates


def _polygamma(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """SciPy's polygamma(n, x) has its order first."""
    if len(args) != 2 or any(arg.key for arg in args):
        return None
    order = gates._constant(args[0])
    if type(order) is not int or order < 0:
        raise gates.source.error("the order of polygamma is a whole number", args[0].first, args[0].last)
    op = special.digamma if order == 0 else special.trigamma if order == 1 else special.polygamma
    return gates.gate(op, [args[1]], {"n": order})


def _gelu(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """gelu(x, approximate="tanh"), torch's and JAX's."""
    how = next((arg.value for arg in args if arg.key == "approximate"), None)
    if how is None:
        return None
    tanh = how.text == "tanh" if isinstance(how, Text) else bool(lists.truth(how))
    op = lookup("gelu_tanh" if tanh else "gelu")
    assert op is not None
    return gates.gate(op, [arg for arg in args if not arg.key], {})


def _log(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """math.log(x, base)."""
    if callee.library != "math" or len(args) != 2:
        return None
    logs = [Arg(gates.apply(s.log, [arg]), arg.first, arg.last) for arg in args]
    return gates.apply(s.div, logs)


def _logsumexp(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """SciPy's logsumexp(x, axis, b=weights): the logarithm of the sum of b*exp(x)."""
    weights = next((arg for arg in args if arg.key == "b"), None)
    if weights is None:
        return None
    (x, *_), statics = gates.bind(callee, a.logsumexp, [arg for arg in args if arg is not weights], first, last)
    axis, keep = statics.get("axis"), bool(statics.get("keepdims"))
    node = gates.value(x)

    def reduced(op: Op, value: Any, keepdims: bool) -> Any:
        return gates.gate(op, [Arg(value, first, last)], {"axis": axis, "keepdims": keepdims})

    top = reduced(a.amax, node, True)
    shares = gates.make(s.exp, (gates.make(s.sub, (node, top)),))
    total = reduced(a.sum_, gates.apply(s.mul, [weights, Arg(shares, first, last)]), keep)
    return gates.make(s.add, (gates.make(s.log, (total,)), top if keep else reduced(a.amax, node, False)))


def _huber(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """SciPy's huber(delta, r) has the residual last."""
    return gates.gate(composed.huber, args[::-1], {}) if callee.library == "scipy" and len(args) == 2 else None


def _softplus(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """softplus(x, beta=2), torch's."""
    if len(args) == 1:
        return None
    from gradc.language import torch_functions

    return torch_functions.softplus(gates, callee, args, first, last)


def _norm(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """norm(x, 1), norm(x, ord=inf, axis=1)."""
    if len([arg for arg in args if not arg.key]) < 2 and not any(arg.key in ("ord", "p") for arg in args):
        return None
    from gradc.language import torch_functions

    return torch_functions.norm(gates, callee, args, first, last)


def _div(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """torch's div(x, y, rounding_mode="floor")."""
    mode = next((arg.value for arg in args if arg.key == "rounding_mode"), None)
    if not isinstance(mode, Text):
        return None
    rounding = lookup(mode.text)
    if rounding is None or mode.text not in ("floor", "trunc"):
        raise gates.source.error("the modes of rounding are 'floor' and 'trunc'", first, last)
    quotient = gates.apply(s.div, [arg for arg in args if arg.key != "rounding_mode"])
    return gates.gate(rounding, [Arg(quotient, first, last)], {})


def _logit(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """torch's logit(x, eps=1e-6), of numbers that are kept from 0 and 1."""
    if len(args) != 2 or args[1].key not in ("", "eps"):
        return None
    bound = {"x": gates.value(args[0]), "eps": gates.value(args[1])}
    return gates.lower("logit(minimum(maximum(x, eps), 1 - eps))", bound)


def _prod(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """np.prod(x.shape), which is a size."""
    if len(args) != 1 or not isinstance(args[0].value, Group):
        return None
    sizes = [item.value if isinstance(item.value, str) else lists.known(item.value) for item in args[0].value.items]
    whole = bool(sizes) and all(type(size) in (int, str) for size in sizes)
    return gates.size(total([a.product(tuple(sizes))])) if whole else None


def _argsort(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """torch's argsort(x, descending=True)."""
    given = next((arg for arg in args if arg.key == "descending"), None)
    if given is None:
        return None
    rest = [arg for arg in args if arg is not given]
    (x,), statics = gates.bind(callee, g.argsort, rest, first, last)
    turned = gates.apply(s.neg, [x]) if lists.truth(given.value) else gates.value(x)
    return gates.gate(g.argsort, [Arg(turned, x.first, x.last)], statics)


GATES: dict[Op, Any] = {
    composed.gelu: _gelu, composed.gelu_tanh: _gelu, special.polygamma: _polygamma, s.log: _log, g.argsort: _argsort,
    a.norm: _norm, a.prod: _prod, s.div: _div, special.logit: _logit, a.logsumexp: _logsumexp, composed.huber: _huber,
    loss.softplus: _softplus,
}  # fmt: skip
