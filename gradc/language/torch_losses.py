"""Losses of `torch.nn.functional`, with torch's defaults, reductions and rounding.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [4]; y: [4]\\nF.l1_loss(x, y, reduction='sum')")).split("\\n")[-1])
sum(v2, axis=None, keepdims=False)
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Node
from gradc.language.array_functions import Call, _along, _integer, function
from gradc.language.torch_functions import _EVERY, _norm, add, div, gate, is_torch, mul, sub
from gradc.ops import array as a
from gradc.ops import gather as g
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.rewrite.simplify import is_const


def _reduced(call: Call, each: Node, weight: Node | None = None) -> Node:
    """The mean, or the sum, or the losses one by one."""
    how = call.text("reduction", "mean")
    if how not in ("mean", "sum", "none"):
        raise call.error("the reductions are 'mean', 'sum' and 'none'", at="reduction")
    if weight is not None:
        each = mul(call, each, weight)
    if how == "none" or not each.shape:
        return each
    return call.make(a.sum_ if how == "sum" else a.mean, each)


def _pair(call: Call) -> tuple[Node, Node]:
    return call.value("x"), call.value("y")


_TWO = "x, y, size_average=None, reduce=None, reduction=None"


@function("mse_loss", _TWO)
def _mse(call: Call) -> Node:
    x, y = _pair(call)
    return _reduced(call, call.make(s.square, sub(call, x, y)))


@function("l1_loss", _TWO)
def _l1(call: Call) -> Node:
    x, y = _pair(call)
    return _reduced(call, call.make(s.abs_, sub(call, x, y)))


@function("smooth_l1_loss", "x, y, size_average=None, reduce=None, reduction=None, beta=1.0")
def _smooth_l1(call: Call) -> Node:
    x, y = _pair(call)
    beta = call.value("beta") if "beta" in call else call.build.const(1)
    gap = call.make(s.abs_, sub(call, x, y))
    if is_const(beta, 0):
        return _reduced(call, gap)
    inner = div(call, mul(call, 0.5, call.make(s.square, gap)), beta)
    below = call.make(r.lt, gap, beta)
    return _reduced(call, call.gates.make(r.where, (below, inner, sub(call, gap, mul(call, 0.5, beta)))))


@function("huber_loss", "x, y, reduction=None, delta=1.0")
def _huber(call: Call) -> Node:
    x, y = _pair(call)
    delta = call.value("delta") if "delta" in call else call.build.const(1)
    gap = call.make(s.abs_, sub(call, x, y))
    inner = mul(call, 0.5, call.make(s.square, gap))
    outer = mul(call, delta, sub(call, gap, mul(call, 0.5, delta)))
    return _reduced(call, call.gates.make(r.where, (call.make(r.lt, gap, delta), inner, outer)))


@function("binary_cross_entropy", "x, y, weight=None, size_average=None, reduce=None, reduction=None")
def _bce(call: Call) -> Node:
    """The logarithms are at least -100, as torch has it."""
    x, y = _pair(call)
    least = call.build.const(-100)
    yes = call.make(r.maximum, call.make(s.log, x), least)
    no = call.make(r.maximum, call.make(s.log, sub(call, 1, x)), least)
    each = call.make(s.neg, add(call, mul(call, y, yes), mul(call, sub(call, 1, y), no)))
    return _reduced(call, each, call.value("weight") if "weight" in call else None)


@function(
    "binary_cross_entropy_with_logits",
    "x, y, weight=None, size_average=None, reduce=None, reduction=None, pos_weight=None",
)
def _bce_logits(call: Call) -> Node:
    x, y = _pair(call)
    if "pos_weight" in call:
        more = add(call, 1, mul(call, sub(call, call.value("pos_weight"), 1), y))
        soft = gate(call, "softplus", call.make(s.neg, x))
        each = add(call, mul(call, sub(call, 1, y), x), mul(call, more, soft))
    else:
        each = sub(call, gate(call, "softplus", x), mul(call, x, y))
    return _reduced(call, each, call.value("weight") if "weight" in call else None)


@function("kl_div", "x, y, size_average=None, reduce=None, reduction=None, log_target=False")
def _kl_div(call: Call) -> Node:
    """torch's takes logarithms and a density; SciPy's is x*log(x/y) - x + y, element by element."""
    x, y = _pair(call)
    if not is_torch(call):
        return add(call, sub(call, sub(call, gate(call, "xlogy", x, x), gate(call, "xlogy", x, y)), x), y)
    if call.flag("log_target"):
        each = mul(call, call.make(s.exp, y), sub(call, y, x))
    else:
        each = sub(call, gate(call, "xlogy", y, y), mul(call, y, x))
    if call.text("reduction", "mean") == "batchmean":
        return div(call, call.make(a.sum_, each), call.gates.number(call.gates.size(call.shape(each)[0])))
    return _reduced(call, each)


@function(
    "cross_entropy",
    "x, y, weight=None, size_average=None, ignore_index=None, reduce=None, reduction=None, label_smoothing=0.0",
)
def _cross_entropy(call: Call) -> Any:
    x = call.array()
    axis = 0 if len(x.shape) == 1 else 1
    logs = call.make(a.log_softmax, x, axis=axis)
    target = call.given["y"].value
    same = isinstance(target, Node) and target.shape and call.shape(target) == call.shape(x)
    if same and not _is_integer(call, target):
        density = _smoothed(call, call.value("y"), axis)
        each = call.make(s.neg, call.make(a.sum_, mul(call, density, _weighed(call, logs, axis)), axis=axis))
        return _reduced(call, each)
    return _of_classes(call, logs, axis)


@function("nll_loss", "x, y, weight=None, size_average=None, ignore_index=None, reduce=None, reduction=None")
def _nll(call: Call) -> Any:
    x = call.array()
    return _of_classes(call, x, 0 if len(x.shape) == 1 else 1)


def _is_integer(call: Call, node: Node) -> bool:
    declared = node.op is s.input_ and node.attr in call.gates.scope.integers
    return declared or node.op.integer or node.op.name in ("picked", "iota")


def _smoothed(call: Call, density: Node, axis: int) -> Node:
    eps = call.number("label_smoothing")
    if not eps:
        return density
    classes = call.gates.number(call.gates.size(call.shape(density)[axis]))
    return add(call, mul(call, 1 - eps, density), div(call, eps, classes))


def _weighed(call: Call, logs: Node, axis: int) -> Node:
    """Logarithms times the weights of their classes, where there are some."""
    if "weight" not in call:
        return logs
    weight = call.array("weight")
    behind = len(logs.shape) - axis - 1
    return mul(call, call.index(weight, _EVERY, *(None,) * behind) if behind else weight, logs)


def _of_classes(call: Call, logs: Node, axis: int) -> Any:
    """Minus the logarithms at the classes, with torch's weights, ignored class and smoothing."""
    from gradc.language.indexing import made

    at = _integer(call, "y")
    keep: Any = None
    if "ignore_index" in call:
        keep = call.make(r.ne, at, call.value("ignore_index"))
        at = call.build.make(g.chosen, (keep, at, call.build.const(0)))  # what is ignored is looked up, and not used
    if axis == 0:
        picked = call.placed(lambda: made(call.gates, logs, (at,)))
    elif len(logs.shape) == 2:
        rows = call.build.make(g.iota, (), (call.shape(logs)[0], 0, 1))
        picked = call.placed(lambda: made(call.gates, logs, (rows, at)))
    else:
        picked = call.index(_along(call, logs, call.index(at, _EVERY, None), 1), _EVERY, 0)
    each = call.make(s.neg, picked)
    weight: Any = None
    if "weight" in call:
        weight = call.placed(lambda: made(call.gates, call.array("weight"), (at,)))
        each = mul(call, weight, each)
    smoothing = call.number("label_smoothing")
    if smoothing:
        mean = call.make(s.neg, call.make(a.mean, _weighed(call, logs, axis), axis=axis))
        each = add(call, mul(call, 1 - smoothing, each), mul(call, smoothing, mean))
    if keep is not None:
        each = call.gates.make(r.where, (keep, each, call.build.const(0)))
        ones = weight if weight is not None else call.build.const(1)
        weight = call.gates.make(r.where, (keep, ones, call.build.const(0)))
    if call.text("reduction", "mean") == "mean" and weight is not None:
        whole = call.make(a.sum_, each) if each.shape else each
        return div(call, whole, call.make(a.sum_, weight) if each.shape else weight)
    return _reduced(call, each)


def _safe_norm(call: Call, x: Node, axis: int, eps: float) -> Node:
    return call.make(r.maximum, _norm(call, x, axis, True), call.build.const(eps))


@function("cosine_similarity", "x, y, axis=1, eps=1e-8")
def _cosine(call: Call) -> Node:
    x, y = _pair(call)
    axis, eps = call.axis(default=1), call.number("eps", 1e-8)
    axis = call.along(x, axis if len(x.shape) > 1 or axis < 0 else 0)
    both = mul(call, div(call, x, _safe_norm(call, x, axis, eps)), div(call, y, _safe_norm(call, y, axis, eps)))
    return call.make(a.sum_, both, axis=axis)


@function("normalize", "x, p=2.0, axis=1, eps=1e-12")
def _normalize(call: Call) -> Node:
    x = call.array()
    axis = call.axis(default=1)
    axis = call.along(x, axis if len(x.shape) > 1 or axis < 0 else 0)
    return div(call, x, _safe_norm(call, x, axis, call.number("eps", 1e-12)))


@function("pairwise_distance", "x, y, p=2.0, eps=1e-6, keepdims=False")
def _distance(call: Call) -> Node:
    x, y = _pair(call)
    gap = add(call, sub(call, x, y), call.number("eps", 1e-6))
    return _norm(call, gap, -1, call.flag("keepdims"))


@function("triplet_margin_loss", "x, y, z, margin=1.0, p=2, eps=1e-6, swap=False, reduction=None")
def _triplet(call: Call) -> Node:
    x, y, z = (call.value(name) for name in "xyz")
    margin = call.value("margin") if "margin" in call else call.build.const(1)
    near, far = (_norm(call, add(call, sub(call, x, other), call.number("eps", 1e-6)), -1) for other in (y, z))
    if call.flag("swap"):
        far = call.make(r.minimum, far, _norm(call, add(call, sub(call, y, z), call.number("eps", 1e-6)), -1))
    return _reduced(call, call.make(r.relu, add(call, sub(call, near, far), margin)))


@function("margin_ranking_loss", "x, y, target, margin=0, reduction=None")
def _ranking(call: Call) -> Node:
    x, y = _pair(call)
    margin = call.value("margin") if "margin" in call else call.build.const(0)
    gap = mul(call, call.make(s.neg, call.value("target")), sub(call, x, y))
    return _reduced(call, call.make(r.relu, add(call, gap, margin)))


@function("soft_margin_loss", _TWO)
def _soft_margin(call: Call) -> Node:
    x, y = _pair(call)
    return _reduced(call, gate(call, "softplus", call.make(s.neg, mul(call, x, y))))


@function("hinge_embedding_loss", "x, y, margin=1.0, reduction=None")
def _hinge_embedding(call: Call) -> Node:
    x, y = _pair(call)
    margin = call.value("margin") if "margin" in call else call.build.const(1)
    near = call.make(r.eq, y, call.build.const(1))
    return _reduced(call, call.gates.make(r.where, (near, x, call.make(r.relu, sub(call, margin, x)))))


@function("cosine_embedding_loss", "x, y, target, margin=0, reduction=None")
def _cosine_embedding(call: Call) -> Node:
    x, y = _pair(call)
    both = [div(call, each, _safe_norm(call, each, -1, 1e-8)) for each in (x, y)]
    cosine = call.make(a.sum_, mul(call, *both), axis=-1)
    margin = call.value("margin") if "margin" in call else call.build.const(0)
    near = call.make(r.eq, call.value("target"), call.build.const(1))
    far = call.make(r.relu, sub(call, cosine, margin))
    return _reduced(call, call.gates.make(r.where, (near, sub(call, 1, cosine), far)))


@function("gaussian_nll_loss", "x, y, var, full=False, eps=1e-6, reduction=None")
def _gaussian_nll(call: Call) -> Node:
    x, y = _pair(call)
    var = call.make(r.maximum, call.value("var"), call.build.const(call.number("eps", 1e-6)))
    each = mul(call, 0.5, add(call, call.make(s.log, var), div(call, call.make(s.square, sub(call, x, y)), var)))
    return _reduced(call, add(call, each, 0.9189385332046727) if call.flag("full") else each)


@function(
    "poisson_nll_loss", "x, y, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction=None"
)
def _poisson_nll(call: Call) -> Node:
    x, y = _pair(call)
    if call.flag("log_input", True):
        each = sub(call, call.make(s.exp, x), mul(call, y, x))
    else:
        each = sub(call, x, mul(call, y, call.make(s.log, add(call, x, call.number("eps", 1e-8)))))
    if call.flag("full"):
        each = add(call, each, call.gates.lower("where(y > 1, y*log(y) - y + 0.5*log(2*pi*y), 0)", {"y": y}))
    return _reduced(call, each)


@function("multi_margin_loss", "x, y, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction=None")
def _multi_margin(call: Call) -> Node:
    """How far other classes are within a margin of the one that is right, of rows of classes."""
    from gradc.language.indexing import made

    x = call.array()
    if len(x.shape) != 2 or "weight" in call:
        raise call.error("multi_margin_loss takes rows of classes without weights", "write the loss out")
    at = _integer(call, "y")
    rows = call.build.make(g.iota, (), (call.shape(x)[0], 0, 1))
    own = call.index(call.placed(lambda: made(call.gates, x, (rows, at))), _EVERY, None)
    over = call.make(r.relu, add(call, sub(call, x, own), call.number("margin", 1)))
    over = call.make(s.square, over) if call.number("p", 1) == 2 else over
    classes = call.gates.number(call.gates.size(call.shape(x)[1]))
    itself = abs(call.number("margin", 1)) ** int(call.number("p", 1))
    return _reduced(call, div(call, sub(call, call.make(a.sum_, over, axis=1), itself), classes))


@function("multilabel_soft_margin_loss", "x, y, weight=None, size_average=None, reduce=None, reduction=None")
def _multilabel(call: Call) -> Node:
    x, y = _pair(call)
    each = sub(call, gate(call, "softplus", x), mul(call, x, y))
    each = mul(call, call.value("weight"), each) if "weight" in call else each
    return _reduced(call, call.make(a.mean, each, axis=-1))
