"""Distributions of `torch.distributions`: logarithms of densities, entropies and divergences. Nothing is drawn.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [3]\\ntorch.distributions.Exponential(r).log_prob(x)")).split("\\n")[-1])
v1 - v2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.language.array_functions import Call, _along, function
from gradc.language.values import Arg, Callee, TorchDistribution
from gradc.ops import array as a

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# The parameters of a distribution, the rules of its logarithm and its entropy, and of its other attributes.
_NORMAL = {
    "log_prob": "-(x - loc)**2/(2*scale**2) - log(scale) - 0.5*log(2*pi)",
    "entropy": "0.5 + 0.5*log(2*pi) + log(scale)",
    "mean": "loc", "mode": "loc", "stddev": "scale", "variance": "scale**2", "cdf": "ndtr((x - loc)/scale)",
}  # fmt: skip
FAMILIES: dict[str, tuple[str, dict[str, str]]] = {
    "Normal": ("loc scale", _NORMAL),
    "LogNormal": ("loc scale", {"log_prob": f"{_NORMAL['log_prob'].replace('x', 'log(x)', 1)} - log(x)"}),
    "Laplace": (
        "loc scale",
        {"log_prob": "-log(2*scale) - abs(x - loc)/scale", "entropy": "1 + log(2*scale)", "mean": "loc"},
    ),
    "Uniform": (
        "low high",
        {
            "log_prob": "where((x >= low) & (x < high), -log(high - low), -inf)",
            "entropy": "log(high - low)", "mean": "(low + high)/2",
        },
    ),
    "Exponential": ("rate", {"log_prob": "log(rate) - rate*x", "entropy": "1 - log(rate)", "mean": "1/rate"}),
    "Poisson": ("rate", {"log_prob": "xlogy(x, rate) - rate - lgamma(x + 1)", "mean": "rate"}),
    "Gamma": (
        "concentration rate",
        {
            "log_prob": "xlogy(concentration, rate) + xlogy(concentration - 1, x) - rate*x - lgamma(concentration)",
            "entropy": "concentration - log(rate) + lgamma(concentration) + (1 - concentration)*digamma(concentration)",
            "mean": "concentration/rate",
        },
    ),
    "Beta": (
        "concentration1 concentration0",
        {
            "log_prob": "xlogy(concentration1 - 1, x) + xlog1py(concentration0 - 1, -x)"
            " - betaln(concentration1, concentration0)",
            "mean": "concentration1/(concentration1 + concentration0)",
        },
    ),
    "Bernoulli": (
        "logits",
        {
            "log_prob": "x*logits - softplus(logits)", "entropy": "softplus(logits) - logits*sigmoid(logits)",
            "mean": "sigmoid(logits)", "probs": "sigmoid(logits)",
        },
    ),
    "Categorical": ("logits", {"entropy": "-sum(exp(logits)*logits, axis=-1)", "probs": "exp(logits)"}),
}  # fmt: skip
# Of distributions that take probabilities, or their logits.
_LOGITS = {"Bernoulli": "logit(probs)", "Categorical": "log(probs/sum(probs, axis=-1, keepdims=True))"}
_DIVERGENCES = {
    "Normal": "0.5*((scale/scale2)**2 + ((loc - loc2)/scale2)**2 - 1) - log(scale/scale2)",
    "Categorical": "sum(exp(logits)*(logits - logits2), axis=-1)",
    "Bernoulli": "sigmoid(logits)*(logits - logits2) - softplus(logits) + softplus(logits2)",
    "Exponential": "log(rate/rate2) + rate2/rate - 1",
}
_DRAWN = ("sample", "rsample", "sample_n")


def call(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> TorchDistribution:
    """A distribution with its parameters; those of one of classes as logarithms that add up to 1."""
    name = callee.name
    if name == "Independent":
        return _independent(gates, args, first, last)
    wanted = ["probs", "logits"] if name in _LOGITS else FAMILIES[name][0].split()
    given = {arg.key or wanted[min(at, len(wanted) - 1)]: gates.value(arg) for at, arg in enumerate(args)}
    given.pop("validate_args", None)
    if len(given) != (1 if name in _LOGITS else len(wanted)) or not set(given) <= set(wanted):
        said = " or ".join(wanted) if name in _LOGITS else ", ".join(wanted)
        raise gates.source.error(f"{name} takes {said}", first, last)
    if name in _LOGITS:
        logits = given["logits"] if "logits" in given else gates.lower(_LOGITS[name], given)
        if name == "Categorical" and not logits.shape:
            raise gates.source.error("Categorical takes an array of classes", first, last)
        if name == "Categorical" and "logits" in given:
            logits = gates.build.make(a.log_softmax, (logits,), (-1,))
        given = {"logits": logits}
    return TorchDistribution(name, given, 0)


def _independent(gates: Gates, args: list[Arg], first: int, last: int) -> TorchDistribution:
    """Independent(p, n): the last n axes are those of one value."""
    from gradc.language import lists

    count = lists.known(args[1].value) if len(args) == 2 else None
    base = args[0].value if args else None
    if not isinstance(base, TorchDistribution) or type(count) is not int:
        raise gates.source.error("Independent takes a distribution and a number of axes", first, last)
    return TorchDistribution(base.name, base.given, base.joined + count)


def method(held: TorchDistribution, name: str) -> Any:
    """What is called of a distribution; None for what it has not."""
    if name in _DRAWN:
        return _not_drawn
    if name not in ("log_prob", "entropy", "cdf") or not (
        name in FAMILIES[held.name][1] or (held.name, name) == ("Categorical", "log_prob")
    ):
        return None

    def called(gates: Gates, held: TorchDistribution, args: list[Arg], first: int, last: int) -> Any:
        if len(args) != (name != "entropy"):
            raise gates.source.error(f"{name} takes {'nothing' if name == 'entropy' else 'one value'}", first, last)
        if held.name == "Categorical" and name == "log_prob":
            return _of_class(gates, held, args[0], first, last)
        bound = {**held.given, "x": gates.value(args[0])} if args else held.given
        return _joined(gates, gates.lower(FAMILIES[held.name][1][name], bound), held)

    return called


def attribute(gates: Gates, held: TorchDistribution, name: str) -> Any:
    """`p.loc`, `p.mean`, `p.probs`; None for what it has not."""
    if name in held.given:
        return held.given[name]
    rule = FAMILIES[held.name][1].get(name) if name not in ("log_prob", "entropy", "cdf") else None
    return None if rule is None else gates.lower(rule, held.given)


def _not_drawn(gates: Gates, held: TorchDistribution, args: list[Arg], first: int, last: int) -> Any:
    hint = "make the noise an input, loc + scale*noise" if "scale" in held.given else "make what is drawn an input"
    raise gates.source.error("nothing is drawn at random here", first, last, hint)


def _of_class(gates: Gates, held: TorchDistribution, value: Arg, first: int, last: int) -> Any:
    """The logarithms at the classes that a value names, broadcast where the distribution is one for all."""
    call = Call(gates, Callee("log_prob", None), [value], first, last)
    call.bind("x")
    at = gates.integers.of(call.value("x"), value)
    logits = held.given["logits"]
    if len(logits.shape) == 1:
        from gradc.language.indexing import made

        return call.placed(lambda: made(gates, logits, (at,)))
    found = _along(call, logits, call.index(at, "...", None), len(logits.shape) - 1)
    return _joined(gates, call.index(found, "...", 0), held)


def _joined(gates: Gates, node: Node, held: TorchDistribution) -> Node:
    """A value of the shape that the parameters have together, its last axes summed up where they are one value's."""
    dims = gates.build.dims
    if held.name != "Categorical":
        shape = dims.resolve(node.shape)
        for each in held.given.values():
            shape = dims.broadcast(shape, each.shape)
        node = node if dims.resolve(node.shape) == shape else gates.build.make(a.spread, (node,), (shape,))
    if not held.joined:
        return node
    rank = len(node.shape)
    return gates.build.make(a.sum_, (node,), (tuple(range(rank - held.joined, rank)), False))


@function("kl_divergence", "p, q")
def _divergence(call: Call) -> Any:
    """The divergence of a distribution from another of its kind."""
    p, q = call.given["p"].value, call.given["q"].value
    if not isinstance(p, TorchDistribution) or not isinstance(q, TorchDistribution) or p.name != q.name:
        raise call.error("kl_divergence takes two distributions of one kind")
    if p.name not in _DIVERGENCES or p.joined != q.joined:
        raise call.error(f"the divergence of {p.name} is not read", "write it out")
    bound = {**p.given, **{f"{key}2": node for key, node in q.given.items()}}
    return _joined(call.gates, call.gates.lower(_DIVERGENCES[p.name], bound), p)
