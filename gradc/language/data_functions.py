"""Functions of data: missing values, order, interpolation, counts, and matrices that are made of others.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [3]\\nnp.nansum(x)")).split("\\n")[-2:])
['v2 = where(v1, 0.0, x)', 'sum(v2, axis=None, keepdims=False)']
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Node
from gradc.graph.shapes import total
from gradc.language.array_functions import Call, function
from gradc.language.rearranged import _flat, _joined, _of_axis
from gradc.language.torch_functions import add, div, gate, mul, sub
from gradc.language.values import Arg, Callee, Dict, Group, Slice, Text
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import gather as g
from gradc.ops import linalg
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.rewrite.simplify import number

if TYPE_CHECKING:
    from gradc.language.gates import Gates

_EVERY = ("slice", None, None, None)


# ---- what is missing ----------------------------------------------------------------------------------


def _missing(call: Call, x: Node) -> Node:
    return call.make(r.ne, x, x)


@function("isnan", "x")
def _isnan(call: Call) -> Node:
    """A number that is not equal to itself."""
    return _missing(call, call.value("x"))


@function("isscalar", "element")
def _isscalar(call: Call) -> Node:
    value = call.given["element"].value
    return call.build.const(int(isinstance(value, (Text, str)) or (isinstance(value, Node) and not value.shape)))


@function("isinf", "x")
def _isinf(call: Call) -> Node:
    return call.make(r.eq, call.make(s.abs_, call.value("x")), call.build.const(math.inf))


@function("isfinite", "x")
def _isfinite(call: Call) -> Node:
    return call.make(r.lt, call.make(s.abs_, call.value("x")), call.build.const(math.inf))


def _without(call: Call, otherwise: float) -> Node:
    x = call.array()
    found: Node = call.gates.make(r.where, (_missing(call, x), call.build.const(otherwise), x))
    return found


@function("nansum", "x, axis=None, keepdims=False")
def _nansum(call: Call) -> Node:
    return call.make(a.sum_, _without(call, 0), axis=call.axis(), keepdims=call.flag("keepdims"))


@function("nanmean", "x, axis=None, keepdims=False")
def _nanmean(call: Call) -> Node:
    x, axis, keep = call.array(), call.axis(), call.flag("keepdims")
    there = call.gates.number(call.make(r.eq, x, x))
    count = call.make(a.sum_, there, axis=axis, keepdims=keep)
    return div(call, call.make(a.sum_, _without(call, 0), axis=axis, keepdims=keep), count)


@function("nanmax", "x, axis=None, keepdims=False")
def _nanmax(call: Call) -> Node:
    return call.make(a.amax, _without(call, -math.inf), axis=call.axis(), keepdims=call.flag("keepdims"))


@function("nanmin", "x, axis=None, keepdims=False")
def _nanmin(call: Call) -> Node:
    return call.make(a.amin, _without(call, math.inf), axis=call.axis(), keepdims=call.flag("keepdims"))


@function("nan_to_num", "x, copy=None, nan=0.0, posinf=None, neginf=None")
def _nan_to_num(call: Call) -> Any:
    """nan as 0; the infinities as what is said of them, or as the largest numbers there are."""
    x = call.value("x")
    for value, name in ((math.inf, "posinf"), (-math.inf, "neginf")):
        if name in call:
            x = call.gates.make(r.where, (call.make(r.eq, x, call.build.const(value)), call.value(name), x))
    x = call.gates.make(r.where, (_missing(call, x), call.build.const(call.number("nan", 0.0)), x))
    if "posinf" in call and "neginf" in call:
        return x
    infinite = call.make(r.eq, call.make(s.abs_, x), call.build.const(math.inf))
    return call.gates.make(r.where, (infinite, gate(call, "nan_to_num", x), x))


@function("finfo iinfo", "type=None")
def _finfo(call: Call) -> Dict:
    """What doubles can hold, `np.finfo(float).eps`; of single precision where it is written."""
    given = call.given.get("type")
    single = given is not None and isinstance(given.value, Text) and "32" in given.value.text
    eps, tiny, most = (
        (1.1920928955078125e-07, 1.1754943508222875e-38, 3.4028234663852886e38)
        if single
        else (sys.float_info.epsilon, sys.float_info.min, sys.float_info.max)
    )
    facts = {"eps": eps, "tiny": tiny, "smallest_normal": tiny, "max": most, "min": -most, "resolution": 1e-15}
    found = Dict()
    found.attributes = True
    found.items = {key: Arg(call.build.const(value), call.first, call.last) for key, value in facts.items()}
    return found


# ---- order --------------------------------------------------------------------------------------------


def _sorted(call: Call) -> tuple[Node, int, int]:
    """An array in ascending order along an axis, the axis, and its length."""
    from gradc.language.indexing import made

    axis = call.axis()
    x = call.array()
    x, axis = (_flat(call, x), 0) if axis is None else _of_axis(call, x, axis)
    size = call.shape(x)[axis]
    if not isinstance(size, int) or not size:
        raise call.error(f"the size of an axis whose '{call.callee.name}' is taken is a known number")
    order = call.make(g.argsort, x, axis=axis)
    if len(x.shape) == 1:
        return call.placed(lambda: made(call.gates, x, (order,))), 0, size
    from gradc.language.array_functions import _along

    return _along(call, x, order, axis), axis, size


def _at(call: Call, x: Node, axis: int, place: int) -> Node:
    return call.index(x, *(_EVERY,) * axis, place)


def _kept(call: Call, found: Node, axis: int) -> Node:
    return call.make(a.expand, found, axis=axis) if call.flag("keepdims") and "axis" in call else found


@function("median", "x, axis=None, keepdims=False")
def _median(call: Call) -> Node:
    """The element in the middle, or the mean of the two."""
    if call.callee.library == "torch":
        raise call.error("torch's median is the lower of two", "write quantile(x, 0.5) for their mean")
    x, axis, size = _sorted(call)
    upper = _at(call, x, axis, size // 2)
    found = upper if size % 2 else div(call, add(call, _at(call, x, axis, size // 2 - 1), upper), 2)
    return _kept(call, found, axis)


@function("quantile percentile", "x, q, axis=None, method=None, interpolation=None, keepdims=False")
def _quantile(call: Call) -> Any:
    """Between two elements in order, by their distance: NumPy's and torch's usual method."""
    named = "method" if "method" in call else "interpolation"
    if call.text(named, "linear") != "linear":
        raise call.error("the method is 'linear'", at=named)
    share = 100 if call.callee.name == "percentile" else 1
    given = call.given["q"].value
    asked = [call.gates.value(item) for item in given.items] if isinstance(given, Group) else [call.value("q")]
    if any(each.op is not s.const for each in asked):
        raise call.error("which quantile is a written number", at="q")
    x, axis, size = _sorted(call)
    found = []
    for each in asked:
        at = number(each) / share * (size - 1)
        if not 0 <= at <= size - 1:
            raise call.error("a quantile lies between 0 and 1, a percentile between 0 and 100", at="q")
        low = int(at)
        value = _at(call, x, axis, low)
        if at > low:
            value = add(call, value, mul(call, at - low, sub(call, _at(call, x, axis, low + 1), value)))
        found.append(_kept(call, value, axis))
    return call.make(a.stack, *found, axis=0) if isinstance(given, Group) else found[0]


@function("count_nonzero", "x, axis=None, keepdims=False")
def _count_nonzero(call: Call) -> Node:
    value = call.given["x"].value
    there = (
        value if isinstance(value, Node) and value.op.boolean else call.make(r.ne, call.array(), call.build.const(0))
    )
    return call.make(a.sum_, call.gates.number(there), axis=call.axis(), keepdims=call.flag("keepdims"))


@function("searchsorted digitize", "x, v, side=None, right=False")
def _searchsorted(call: Call) -> Node:
    """How many of the sorted numbers are before each value: whole numbers."""
    grid, values = call.array("x"), call.value("v")
    after = call.text("side", "left") == "right" if call.callee.name == "searchsorted" else not call.flag("right")
    if call.callee.name == "digitize":
        grid, values = call.array("v"), call.value("x")
    values = call.index(values, "...", None) if values.shape else values
    before = call.make(r.le if after else r.lt, grid, values)
    return call.make(a.sum_, call.gates.number(before), axis=-1)


@function("interp", "x, xp, fp, left=None, right=None, period=None")
def _interp(call: Call) -> Any:
    """Straight lines between the points, level beyond them: what each piece adds, from the left."""
    x, xp, fp = call.value("x"), call.array("xp"), call.array("fp")
    if "period" in call:
        raise call.error("a period is not read", "take x modulo it", "period")
    low, high = (call.index(xp, item) for item in (("slice", None, -1, None), ("slice", 1, None, None)))
    rise = sub(call, call.index(fp, ("slice", 1, None, None)), call.index(fp, ("slice", None, -1, None)))
    spread = call.index(x, "...", None) if x.shape else x
    within = call.make(r.minimum, call.make(r.maximum, spread, low), high)
    steps = mul(call, div(call, rise, sub(call, high, low)), sub(call, within, low))
    found = add(call, call.index(fp, 0), call.make(a.sum_, steps, axis=-1))
    for name, op, at in (("left", r.lt, 0), ("right", r.gt, -1)):
        if name in call:
            found = call.gates.make(r.where, (call.make(op, x, call.index(xp, at)), call.value(name), found))
    return found


# ---- rounding -----------------------------------------------------------------------------------------


@function("copysign", "x, y")
def _copysign(call: Call) -> Any:
    x, y = call.make(s.abs_, call.value("x")), call.value("y")
    return call.gates.make(r.where, (call.make(r.lt, y, call.build.const(0)), call.make(s.neg, x), x))


@function("fmod", "x, y")
def _fmod(call: Call) -> Node:
    """What is left with the sign of x."""
    x, y = call.value("x"), call.value("y")
    return sub(call, x, mul(call, y, gate(call, "trunc", div(call, x, y))))


@function("positive real conj conjugate", "x")
def _positive(call: Call) -> Node:
    return call.value("x")


@function("logaddexp2", "x, y")
def _logaddexp2(call: Call) -> Node:
    """log2(2**x + 2**y)."""
    two = math.log(2.0)
    scaled = [mul(call, call.value(name), two) for name in "xy"]
    return div(call, gate(call, "logaddexp", *scaled), two)


@function("geomspace", "start, stop, num=50, endpoint=True")
def _geomspace(call: Call) -> Node:
    """Numbers in even ratios, of written ends."""
    size, ends = call.constant("num", 50), [call.number(name) for name in ("start", "stop")]
    if type(size) is not int or size < 0 or ends[0] * ends[1] <= 0:
        raise call.error("geomspace goes between written numbers of one sign")
    steps = max(size - 1 if call.flag("endpoint", True) else size, 1)
    low, high = (math.log(abs(end)) for end in ends)
    sign = math.copysign(1.0, ends[0])
    values = [sign * math.exp(low + (high - low) * i / steps) for i in range(size)]
    if values and call.flag("endpoint", True):
        values[0], values[-1] = float(ends[0]), float(ends[1]) if size > 1 else float(ends[0])
    return call.make(c.literal, values=tuple(values), shape=(size,))


@function("shape", "x")
def _shape(call: Call) -> Group:
    arg = call.given["x"]
    sizes = call.shape(call.value("x"))
    return Group("tuple", [Arg(call.gates.size(dim), arg.first, arg.last) for dim in sizes])


@function("ndim", "x")
def _ndim(call: Call) -> Node:
    return call.build.const(len(call.value("x").shape))


@function("rot90", "x, k=1")
def _rot90(call: Call) -> Node:
    """A matrix turned by quarters, against the clock."""
    x, turns = call.array(), int(call.number("k", 1)) % 4
    if len(x.shape) != 2:
        raise call.error("rot90 takes a matrix")
    for _ in range(turns):
        x = call.index(call.make(a.transpose, x, axes=None), ("slice", None, None, -1))
    return x


# ---- sums along a grid --------------------------------------------------------------------------------


@function("simpson simps", "y, x=None, dx=1.0, axis=-1")
def _simpson(call: Call) -> Node:
    """Simpson's rule over an even number of equal steps."""
    y = call.array("y")
    y, axis = _of_axis(call, y, call.axis(default=-1))
    size = call.shape(y)[axis]
    if "x" in call or not isinstance(size, int) or size < 3 or size % 2 == 0:
        raise call.error("Simpson's rule is read for an odd number of values, with dx", "write the sum out")
    weights = [1.0, *([4.0, 2.0] * ((size - 3) // 2)), 4.0, 1.0]
    at = call.make(c.literal, values=tuple(weights), shape=(size,))
    behind = len(y.shape) - axis - 1
    at = call.index(at, _EVERY, *(None,) * behind) if behind else at
    whole = call.make(a.sum_, mul(call, at, y), axis=axis)
    return div(call, mul(call, call.value("dx") if "dx" in call else 1, whole), 3)


@function("cumulative_trapezoid cumtrapz", "y, x=None, dx=1.0, axis=-1, initial=None")
def _cumulative(call: Call) -> Node:
    y = call.array("y")
    if len(y.shape) != 1:
        raise call.error("the sums of trapezoids are read along a vector")
    pair = add(call, call.index(y, ("slice", 1, None, None)), call.index(y, ("slice", None, -1, None)))
    if "x" in call:
        x = call.array("x")
        steps = sub(call, call.index(x, ("slice", 1, None, None)), call.index(x, ("slice", None, -1, None)))
    else:
        steps = call.value("dx") if "dx" in call else call.build.const(1)
    found = gate(call, "cumsum", div(call, mul(call, steps, pair), 2), axis=0)
    if "initial" not in call:
        return found
    first = call.filled(call.value("initial"), (1,))
    return _joined(call, [first, found], 0)


# ---- matrices -----------------------------------------------------------------------------------------


@function("cholesky", "x, lower=None, upper=None, overwrite_a=None, check_finite=None")
def _cholesky(call: Call) -> Node:
    """The lower triangle; SciPy's is the upper one where nothing else is said."""
    lower = call.flag("lower", call.callee.library != "scipy") and not call.flag("upper")
    factor = call.make(linalg.cholesky, call.array())
    return factor if lower else call.make(a.transpose, factor, axes=None)


@function("solve_triangular", "x, y, trans=0, lower=None, unit_diagonal=False, upper=None, overwrite_b=None, left=True")
def _solve_triangular(call: Call) -> Node:
    x, y = call.array("x"), call.array("y")
    lower = call.flag("lower") or ("upper" in call and not call.flag("upper"))
    if call.flag("unit_diagonal") or not call.flag("left", True):
        raise call.error("unit diagonals and products from the right are not read", "write solve(A, b)")
    given = call.given.get("trans")
    turned = given is not None and (given.value.text in "TC" if isinstance(given.value, Text) else call.flag("trans"))
    x = call.make(a.transpose, x, axes=None) if turned else x
    return call.make(linalg.solve_triangular, x, y, lower=lower != turned)


@function("cho_factor", "x, lower=False, overwrite_a=None, check_finite=None")
def _cho_factor(call: Call) -> Group:
    """SciPy's pair: a triangle, and which one it is."""
    lower = call.flag("lower")
    factor = call.make(linalg.cholesky, call.array())
    factor = factor if lower else call.make(a.transpose, factor, axes=None)
    return Group("tuple", [Arg(each, call.first, call.last) for each in (factor, call.build.const(int(lower)))])


@function("cho_solve", "c, b, overwrite_b=None, check_finite=None")
def _cho_solve(call: Call) -> Any:
    """What a Cholesky factor solves: by the triangle, then by its transpose."""
    given = call.given["c"].value
    if not isinstance(given, Group) or len(given.items) != 2:
        raise call.error("cho_solve takes the factor and whether it is the lower one: (L, True)", at="c")
    factor, lower = call.gates.value(given.items[0]), call.gates.value(given.items[1])
    if lower.op is not s.const:
        raise call.error("whether the factor is the lower one is written", "write (L, True)", "c")
    turned = call.make(a.transpose, factor, axes=None)
    first, second = (factor, turned) if number(lower) else (turned, factor)
    half = call.make(linalg.solve_triangular, first, call.array("b"), lower=True)
    return call.make(linalg.solve_triangular, second, half, lower=False)


@function("lstsq", "x, y, rcond=None, cond=None")
def _lstsq(call: Call) -> Group:
    """The solution of least squares, first of what NumPy gives."""
    solution = call.make(a.matmul, call.make(linalg.pinv, call.array("x")), call.array("y"))
    return Group("tuple", [Arg(solution, call.first, call.last)])


@function("block_diag", "x, b1=None, c1=None, d1=None, e1=None")
def _block_diag(call: Call) -> Node:
    blocks = [call.array(name) for name in ("x", "b1", "c1", "d1", "e1") if name in call]
    blocks = [call.make(a.expand, block, axis=0) if len(block.shape) == 1 else block for block in blocks]
    widths = [call.shape(block)[1] for block in blocks]
    rows = []
    for i, block in enumerate(blocks):
        high = call.shape(block)[0]
        before, behind = total(widths[:i]), total(widths[i + 1 :])
        parts = [call.make(c.zeros, shape=(high, before))] if i else []
        parts.append(block)
        parts += [call.make(c.zeros, shape=(high, behind))] if i + 1 < len(blocks) else []
        rows.append(_joined(call, parts, 1) if len(parts) > 1 else block)
    return _joined(call, rows, 0) if len(rows) > 1 else rows[0]


@function("toeplitz", "x, y=None")
def _toeplitz(call: Call) -> Any:
    """Each diagonal one number: the first column x, the first row y without its first."""
    from gradc.language.indexing import made

    x = call.array()
    y = call.array("y") if "y" in call else x
    n, k = call.shape(x)[0], call.shape(y)[0]
    if not isinstance(n, int) or not isinstance(k, int):
        raise call.error("the sizes of a Toeplitz matrix are known numbers")
    values = call.make(a.concatenate, call.index(x, ("slice", None, None, -1)), call.index(y, ("slice", 1, None, None)))
    places = tuple(n - 1 - i + j for i in range(n) for j in range(k))
    at = call.build.make(g.picked, (), (places, (n, k)))
    return call.placed(lambda: made(call.gates, values, (at,)))


# ---- information --------------------------------------------------------------------------------------


@function("entr", "x")
def _entr(call: Call) -> Node:
    x = call.value("x")
    return call.make(s.neg, gate(call, "xlogy", x, x))


@function("rel_entr", "x, y")
def _rel_entr(call: Call) -> Node:
    x, y = call.value("x"), call.value("y")
    return gate(call, "xlogy", x, div(call, x, y))


@function("boxcox", "x, lmbda")
def _boxcox(call: Call) -> Any:
    """(x**lmbda - 1)/lmbda, and log(x) at lmbda = 0."""
    x, power = call.make(s.log, call.value("x")), call.value("lmbda")
    if power.op is s.const:
        return x if number(power) == 0 else div(call, call.make(s.expm1, mul(call, power, x)), power)
    flat = call.make(r.eq, power, call.build.const(0))
    return call.gates.make(r.where, (flat, x, div(call, call.make(s.expm1, mul(call, power, x)), power)))


# ---- what NumPy's own functions do along axes ---------------------------------------------------------

_ALONG = {"add": a.sum_, "multiply": a.prod, "maximum": a.amax, "minimum": a.amin, "logaddexp": a.logsumexp}


@function(
    " ".join(f"{name}.outer" for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power")),
    "x, y",
)
def _outer(call: Call) -> Node:
    """Each with each: np.subtract.outer(x, y) is x[:, None] - y."""
    x, y = call.value("x"), call.value("y")
    spread = call.index(x, "...", *(None,) * len(y.shape)) if x.shape and y.shape else x
    return gate(call, call.callee.name.partition(".")[0], spread, y)


@function(" ".join(f"{name}.reduce" for name in _ALONG), "x, axis=0, keepdims=False")
def _reduce(call: Call) -> Node:
    op = _ALONG[call.callee.name.partition(".")[0]]
    axis = call.axis(default=0) if "axis" in call or "axis" not in call.given else None
    return call.make(op, call.array(), axis=axis, keepdims=call.flag("keepdims"))


@function("add.accumulate multiply.accumulate maximum.accumulate minimum.accumulate", "x, axis=0")
def _accumulate(call: Call) -> Node:
    name = call.callee.name.partition(".")[0]
    x, axis = _of_axis(call, call.array(), call.axis(default=0))
    if name in ("add", "multiply"):
        return gate(call, "cumsum" if name == "add" else "cumprod", x, axis=axis)
    size = call.shape(x)[axis]
    if not isinstance(size, int):
        raise call.error("the size of this axis is a known number")
    op = r.maximum if name == "maximum" else r.minimum
    found: list[Node] = []
    for at in range(size):
        here = _at(call, x, axis, at)
        found.append(call.make(op, found[-1], here) if found else here)
    return call.make(a.stack, *found, axis=axis)


@function("diag_indices", "n, ndim=2")
def _diag_indices(call: Call) -> Group:
    """Twice 0, 1, …, n - 1."""
    at = call.build.make(g.iota, (), (call.size(call.given["n"]), 0, 1))
    count = int(call.number("ndim", 2))
    return Group("tuple", [Arg(at, call.first, call.last) for _ in range(count)])


@function("diag_indices_from", "x")
def _diag_indices_from(call: Call) -> Group:
    x = call.array()
    at = call.build.make(g.iota, (), (call.shape(x)[0], 0, 1))
    return Group("tuple", [Arg(at, call.first, call.last) for _ in x.shape])


# ---- arrays by a subscript ----------------------------------------------------------------------------


def of_subscript(gates: Gates, name: str, items: list[Arg], first: int, last: int) -> Any:
    """np.r_[0, x], np.c_[x, y], np.mgrid[0:3, 0:2]."""
    parts = [Arg(_range_of(gates, item), item.first, item.last) for item in items]
    if name in ("r_", "c_"):
        callee = Callee("hstack" if name == "r_" else "column_stack", None, prefixed=True)
        return gates.call(callee, [Arg(Group("list", parts), first, last)], first, last)
    nodes = [gates.value(part) for part in parts]
    sizes = [gates.build.dims.find(node.shape[0]) for node in nodes]
    grids = []
    for axis, node in enumerate(nodes):
        place = tuple(_EVERY if k == axis else None for k in range(len(nodes)))
        grid = gates.build.make(a.index, (node,), (place,)) if len(nodes) > 1 else node
        grids.append(grid if name == "ogrid" else gates.build.make(a.spread, (grid,), (tuple(sizes),)))
    if name == "mgrid" and len(grids) > 1:
        return gates.build.make(a.stack, tuple(grids), (0,))
    return grids[0] if len(grids) == 1 else Group("list", [Arg(grid, first, last) for grid in grids])


def _range_of(gates: Gates, item: Arg) -> Any:
    """A slice as the numbers that it goes through."""
    if not isinstance(item.value, Slice):
        return item.value
    start, stop, step = (*item.value.parts, None)[:3]
    none = Arg(gates.build.const(0), item.first, item.last)
    args = [start or none, stop or none, *([step] if step is not None else [])]
    return gates.call(Callee("arange", None, prefixed=True), args, item.first, item.last)


def kept(call: Call, condition: str) -> Any:
    """The elements of an array at which the argument of that name holds."""
    from gradc.language import masks

    mask = call.gates.condition(call.given[condition].value)
    return call.placed(lambda: masks.picked(call.gates, call.array(), mask))


@function("extract", "condition, x")
def _extract(call: Call) -> Any:
    return kept(call, "condition")


@function("ediff1d", "x")
def _ediff1d(call: Call) -> Node:
    x = _flat(call, call.array())
    return sub(call, call.index(x, ("slice", 1, None, None)), call.index(x, ("slice", None, -1, None)))


@function("matrix_transpose", "x")
def _matrix_transpose(call: Call) -> Node:
    x = call.array()
    return call.make(a.transpose, x) if len(x.shape) == 2 else call.make(a.swap, x)


@function("fsum", "x")
def _fsum(call: Call) -> Node:
    return call.make(a.sum_, call.array())
