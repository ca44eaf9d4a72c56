"""NumPy's functions that make something of the elements: sums in order, products, moments, convolutions, grids.

Importing this registers them beside those of `gradc.language.array_functions`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from gradc.graph.dag import Node
from gradc.graph.shapes import total
from gradc.language import lists
from gradc.language.array_functions import Call, function
from gradc.language.rearranged import _BACK, _EVERY, _at, _flat, _of_axis, _ordered, _row, _said
from gradc.language.values import Arg, Group
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import contractions as e
from gradc.ops import convolution as v
from gradc.ops import gather as g
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops import shaping as m
from gradc.rewrite.simplify import is_const
from gradc.rewrite.typed import PI

# ---- in order ------------------------------------------------------------------------------------


@function("cumsum", "x, axis=None")
def _cumsum(call: Call) -> Node:
    x, axis = _of_axis(call, call.array(), call.axis())
    return call.make(m.cumsum, x, axis=_said(x, axis))


@function("cumprod", "x, axis=None")
def _cumprod(call: Call) -> Node:
    x, axis = _of_axis(call, call.array(), call.axis())
    return call.make(m.cumprod, x, axis=_said(x, axis))


@function("diff", "x, n=1, axis=-1, prepend=None, append=None")
def _diff(call: Call) -> Node:
    if "n" in call and call.value("n").op is not s.const:
        from gradc.language.foreign import DIFFERENTIATES

        raise call.error("gradc differentiates by itself", DIFFERENTIATES)
    x = call.array()
    axis = call.along(x, call.axis(default=-1))
    ends = [call.value(name) if name in call else None for name in ("prepend", "append")]
    parts = []
    for end, part in zip((ends[0], None, ends[1]), (ends[0], x, ends[1]), strict=True):
        if part is not None and end is not None and not end.shape:
            shape = call.shape(x)
            part = call.filled(end, (*shape[:axis], 1, *shape[axis + 1 :]))
        parts += [part] if part is not None else []
    x = call.make(a.concatenate, *parts, axis=axis) if len(parts) > 1 else x
    for _ in range(int(call.number("n", 1))):
        after = call.index(x, *_at(axis, ("slice", 1, None, None)))
        x = call.make(s.sub, after, call.index(x, *_at(axis, ("slice", None, -1, None))))
    return x


@function("sort", "x, axis=-1, descending=None, stable=None, kind=None")
def _sort(call: Call) -> Any:
    from gradc.language.array_functions import _along
    from gradc.language.indexing import made

    flat = "axis" in call.given and "axis" not in call  # sort(x, axis=None)
    x, axis = _of_axis(call, call.array(), None if flat else call.axis(default=-1))
    backward = "descending" in call and call.flag("descending")
    order = call.make(g.argsort, x, axis=-1 if axis == len(x.shape) - 1 else axis)
    if backward:
        order = call.index(order, *(_EVERY,) * axis, _BACK)
    found = call.placed(lambda: made(call.gates, x, (order,))) if len(x.shape) == 1 else _along(call, x, order, axis)
    if call.callee.library != "torch":
        return found
    return Group("tuple", [Arg(each, call.first, call.last) for each in (found, order)])


@function("trapezoid trapz", "y, x=None, dx=1.0, axis=-1")
def _trapezoid(call: Call) -> Node:
    y = call.array("y")
    axis = call.along(y, call.axis(default=-1))
    high = call.index(y, *_at(axis, ("slice", 1, None, None)))
    low = call.index(y, *_at(axis, ("slice", None, -1, None)))
    mean = call.make(s.mul, call.build.const(0.5), call.make(s.add, high, low))
    if "x" in call:
        x = call.array("x")
        at = axis if len(x.shape) > 1 else 0
        steps = call.make(
            s.sub,
            call.index(x, *_at(at, ("slice", 1, None, None))),
            call.index(x, *_at(at, ("slice", None, -1, None))),
        )
        if len(x.shape) == 1 and axis != len(y.shape) - 1:
            steps = call.make(a.expand, steps, axis=tuple(range(1, len(y.shape) - axis)))
        mean = call.make(s.mul, steps, mean)
    elif "dx" in call:
        mean = call.make(s.mul, call.value("dx"), mean)
    return call.make(a.sum_, mean, axis=None if len(y.shape) == 1 else axis)


# ---- products ------------------------------------------------------------------------------------


@function("inner", "x, y")
def _inner(call: Call) -> Node:
    x, y = call.value("x"), call.value("y")
    if not x.shape or not y.shape:
        return call.make(s.mul, x, y)
    if len(x.shape) == len(y.shape) == 1:
        return call.make(a.matmul, x, y)
    return call.make(e.tensordot, x, y, axes=((len(x.shape) - 1,), (len(y.shape) - 1,)))


@function("vdot", "x, y")
def _vdot(call: Call) -> Node:
    x, y = (_flat(call, call.array(name)) for name in ("x", "y"))
    return call.make(a.matmul, x, y)


@function("kron", "x, y")
def _kron(call: Call) -> Node:
    """Of a vector and a matrix, the vector is a row."""
    x, y = call.array("x"), call.array("y")
    if {len(x.shape), len(y.shape)} == {1, 2}:
        x, y = (call.make(a.expand, each, axis=0) if len(each.shape) == 1 else each for each in (x, y))
    return call.make(e.kron, x, y)


@function("cross", "x, y, axis=-1, dim=None")
def _cross(call: Call) -> Node:
    x, y = call.array("x"), call.array("y")
    axis = call.axis(default=-1)
    if call.shape(x)[-1] == call.shape(y)[-1] == 2 and axis == -1:
        parts = [call.index(z, "...", i) for z in (x, y) for i in (0, 1)]
        return call.make(s.sub, call.make(s.mul, parts[0], parts[3]), call.make(s.mul, parts[1], parts[2]))
    if axis == -1 or call.along(x, axis) == len(x.shape) - 1:
        return call.make(e.cross, x, y)
    at = call.along(x, axis)
    last = [i for i in range(len(x.shape)) if i != at] + [at]
    out = call.make(e.cross, _ordered(call, x, last), _ordered(call, y, last))
    return _ordered(call, out, [last.index(i) for i in range(len(last))])


@function("outer", "x, y")
def _outer(call: Call) -> Node:
    x, y = (_flat(call, _row(call, call.value(name))) for name in ("x", "y"))
    return call.make(a.outer, x, y)


@function("tensordot", "x, y, axes=2")
def _tensordot(call: Call) -> Node:
    x, y = call.array("x"), call.array("y")
    value = call.given["axes"].value if "axes" in call else None
    if isinstance(value, Group):
        pairs = [call.gates._constant(item) for item in value.items]
        pairs = [pair if isinstance(pair, tuple) else (pair,) for pair in pairs]
        if len(pairs) != 2 or len(pairs[0]) != len(pairs[1]):
            raise call.error("'axes' are a number, or as many axes of one array as of the other", at="axes")
    else:
        count = int(call.number("axes", 2))
        if not 0 <= count <= min(len(x.shape), len(y.shape)):
            raise call.error(f"{count} axes are summed, of arrays of {len(x.shape)} and {len(y.shape)}", at="axes")
        pairs = [tuple(range(len(x.shape) - count, len(x.shape))), tuple(range(count))]
    axes = tuple(tuple(call.along(z, axis) for axis in pair) for z, pair in zip((x, y), pairs, strict=True))
    return call.make(e.tensordot, x, y, axes=axes)


@function("einsum", "subscripts, x=None, y=None, z=None, u=None, v=None")
def _einsum(call: Call) -> Node:
    """einsum("ij,jk->ik", A, B), with "..." and repeated names, as NumPy has them."""
    text = call.text("subscripts", "ij,jk->ik").replace(" ", "")
    names = [name for name in ("x", "y", "z", "u", "v") if name in call]
    given, arrow, out = text.partition("->")
    labels = given.split(",")
    if len(names) == 1 and len(labels) > 1 and isinstance(call.given["x"].value, Group):  # torch takes a list, too
        arrays = [arg.value for arg in call.values()]
        names = ["x"] * len(arrays)
    else:
        arrays = [call.value(name) for name in names]
    if not names or len(labels) != len(names):
        raise call.error(f"'{text}' names {len(labels)} arrays, and {len(names)} are given", at="subscripts")
    if "..." in text:
        labels, out = _without_dots(call, labels, out if arrow else None, arrays)
    bad = [each for each in "".join([*labels, out]) if not (each.isalpha() and each.isascii())]
    if bad:
        raise call.error(f"an axis has a letter as its name, and not '{bad[0]}'", at="subscripts")
    if not arrow and "..." not in text:
        whole = "".join(labels)
        out = "".join(sorted(label for label in set(whole) if whole.count(label) == 1))
    if len({*out}) != len(out) or not {*out} <= {*"".join(labels)}:
        raise call.error("the axes of the result stand in the arrays, each once in the result", at="subscripts")
    for at, mine in enumerate(labels):
        if len(mine) != len(arrays[at].shape):
            said = f"'{mine}' names {len(mine)} axes of an array of {len(arrays[at].shape)}"
            raise call.error(said, at=names[at])
        arrays[at], labels[at] = _each_once(call, arrays[at], mine)
    if len(arrays) == 1:  # NumPy's einsum may give a view, which the gates below own up to
        return _of_one(call, arrays[0], labels[0], out)
    return call.make(e.EINSUMS[len(arrays) - 1], *arrays, subs=",".join(labels) + "->" + out)


def _of_one(call: Call, x: Node, labels: str, out: str) -> Node:
    """Sums along the axes that are gone, and the others in their new order."""
    gone = tuple(i for i, label in enumerate(labels) if label not in out)
    if gone:
        x = call.make(a.sum_, x, axis=gone if len(gone) > 1 else gone[0])
        labels = "".join(label for label in labels if label in out)
    order = [labels.index(label) for label in out]
    return x if order == list(range(len(order))) else _ordered(call, x, order)


def _each_once(call: Call, x: Node, labels: str) -> tuple[Node, str]:
    """An axis that is named twice is the diagonal: it comes last."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            order = [k for k in range(len(labels)) if k not in (i, j)]
            x = call.make(m.diagonal, _ordered(call, x, [*order, i, j]), offset=0)
            labels = "".join(labels[k] for k in order) + label
    return x, labels


def _without_dots(call: Call, labels: list[str], out: str | None, arrays: list[Node]) -> tuple[list[str], str]:
    """The axes that "..." stands for by names of their own."""
    free = [chr(code) for code in range(ord("A"), ord("Z") + 1) if chr(code) not in "".join([*labels, out or ""])]
    counts = [
        len(x.shape) - len(mine.replace("...", "")) if "..." in mine else 0
        for mine, x in zip(labels, arrays, strict=True)
    ]
    most = max(counts)
    if min(counts) < 0 or most > len(free):
        raise call.error("'...' stands for no axes here", at="subscripts")
    names = "".join(free[:most])
    found = [mine.replace("...", names[most - count :]) for mine, count in zip(labels, counts, strict=True)]
    if out is not None:
        return found, out.replace("...", names)
    whole = "".join(mine.replace("...", "") for mine in labels)
    return found, names + "".join(sorted(label for label in set(whole) if whole.count(label) == 1))


@function("multi_dot", "x")
def _multi_dot(call: Call) -> Node:
    out, *rest = (call.gates.value(part) for part in call.values())
    for part in rest:
        out = call.make(a.matmul, out, part)
    return out


@function("matrix_power", "x, n")
def _matrix_power(call: Call) -> Node:
    x, n = call.array(), int(call.number("n"))
    if abs(n) > 64:
        raise call.error("a power of a matrix is at most 64", at="n")
    if n == 0:
        size = call.shape(x)[-1]
        return call.make(c.eye, n=size, m=size)
    x = call.make(a.inv, x) if n < 0 else x
    out: Node | None = None
    for bit in f"{abs(n):b}":  # by squaring, as NumPy does
        out = call.make(a.matmul, out, out) if out is not None else None
        if bit == "1":
            out = x if out is None else call.make(a.matmul, out, x)
    assert out is not None
    return out


# ---- moments -------------------------------------------------------------------------------------


@function("var", "x, axis=None, dtype=None, out=None, ddof=0, keepdims=False, correction=None, unbiased=None")
def _var(call: Call) -> Node:
    return _moment(call, e.var)


@function("std", "x, axis=None, dtype=None, out=None, ddof=0, keepdims=False, correction=None, unbiased=None")
def _std(call: Call) -> Node:
    return _moment(call, e.std)


def _moment(call: Call, op: Any) -> Node:
    """NumPy divides by how many there are, torch by one less."""
    torch = call.callee.library == "torch"
    if torch:
        _in_torchs_order(call)
    ddof = int(call.number("correction" if "correction" in call else "ddof", int(torch)))
    ddof = int(call.flag("unbiased")) if "unbiased" in call else ddof
    return call.make(op, call.array(), axis=call.axis(), ddof=ddof, keepdims=call.flag("keepdims"))


def _in_torchs_order(call: Call) -> None:
    """torch's std(x, dim, unbiased, keepdim) and std(x, unbiased), by their names."""
    given = call.given
    if "axis" in given and call.gates.source.tokens[given["axis"].first] in ("True", "False"):
        given["unbiased"] = given.pop("axis")
    for numpys, torchs in (("dtype", "unbiased"), ("out", "keepdims")):
        if numpys in given:
            given[torchs] = given.pop(numpys)


@function("average", "x, axis=None, weights=None, returned=None, keepdims=False")
def _average(call: Call) -> Node:
    x, axis, keep = call.array(), call.axis(), call.flag("keepdims")
    if "weights" not in call:
        return call.make(a.mean, x, axis=axis, keepdims=keep)
    weights = call.array("weights")
    if len(weights.shape) < len(x.shape):
        at = call.along(x, axis if axis is not None else 0)
        lead, rest = at, len(x.shape) - at - 1
        items = (*[None] * lead, _EVERY, *[None] * rest)
        weights = call.index(weights, *items) if lead or rest else weights
    sums = [
        call.make(a.sum_, call.make(s.mul, x, weights), axis=axis, keepdims=keep),
        call.make(a.sum_, weights, axis=axis, keepdims=keep),
    ]
    return call.make(s.div, *sums)


@function("ptp", "x, axis=None, keepdims=False")
def _ptp(call: Call) -> Node:
    x, axis, keep = call.array(), call.axis(), call.flag("keepdims")
    ends = [call.make(op, x, axis=axis, keepdims=keep) for op in (a.amax, a.amin)]
    return call.make(s.sub, *ends)


@function("cov", "x, y=None, rowvar=True, bias=False, ddof=None")
def _cov(call: Call) -> Node:
    """Covariances of the rows of a matrix (of the columns with rowvar=False), or of two vectors."""
    x = call.array()
    if "y" in call:
        if len(x.shape) != 1:
            raise call.error("cov takes one matrix, or two vectors", "stack the two: cov(vstack([x, y]))", "y")
        x = call.make(a.stack, x, call.array("y"), axis=0)
    if len(x.shape) == 1:
        return call.make(e.var, x, ddof=0 if call.flag("bias") else int(call.number("ddof", 1)))
    x = x if call.flag("rowvar", True) else call.make(a.transpose, x, axes=None)
    off = call.make(s.sub, x, call.make(a.mean, x, axis=1, keepdims=True))
    count = call.shape(x)[1]
    ddof = int(call.number("ddof", 0 if call.flag("bias") else 1))
    size = total([count, -ddof])
    divisor = call.build.const(size) if isinstance(size, int) else call.build.graph.node(s.size, (), size)
    return call.make(s.div, call.make(a.matmul, off, call.make(a.transpose, off, axes=None)), divisor)


@function("corrcoef", "x, y=None, rowvar=True")
def _corrcoef(call: Call) -> Node:
    """Covariances by the standard deviations."""
    both = _cov(call)
    if not both.shape:
        return call.make(s.div, both, both)
    root = call.make(s.sqrt, call.make(m.diagonal, both, offset=0))
    by_rows = call.make(s.div, both, call.index(root, _EVERY, None))
    return call.make(s.div, by_rows, root)


# ---- convolutions --------------------------------------------------------------------------------


@function("convolve", "x, y, mode=None")
def _convolve(call: Call) -> Node:
    x, y, mode = call.array("x"), call.array("y"), call.text("mode", "full")
    n, k = call.shape(x)[0], call.shape(y)[0]
    if mode not in ("full", "valid", "same"):
        raise call.error(f"no mode '{mode}'", "full, valid and same are", "mode")
    if mode == "full":
        return call.make(v.convolve, x, y, mode="full")
    if isinstance(n, int) and isinstance(k, int) and k > n:
        x, y, n, k = y, x, k, n
    if mode == "valid":
        return call.make(v.convolve, x, y, mode="valid")
    if not isinstance(k, int):
        raise call.error("the size of what is convolved with in mode 'same' is a known number", at="y")
    whole = call.make(v.convolve, x, y, mode="full")
    before = (k - 1) // 2
    return call.index(whole, ("slice", before or None, -(k - 1 - before) or None, None)) if k > 1 else whole


@function("correlate", "x, y, mode=None")
def _correlate(call: Call) -> Node:
    x, y, mode = call.array("x"), call.array("y"), call.text("mode", "valid")
    n, k = call.shape(x)[0], call.shape(y)[0]
    if mode == "same" and isinstance(n, int) and isinstance(k, int) and k <= n:
        whole = call.make(v.correlate, x, y, mode="full")
        before = k // 2
        return call.index(whole, ("slice", before or None, before + n, None))
    if mode not in ("full", "valid"):
        raise call.error(f"no mode '{mode}' of correlate", "full and valid are", "mode")
    if mode == "valid" and isinstance(n, int) and isinstance(k, int) and k > n:
        return call.index(call.make(v.correlate, y, x, mode=mode), _BACK)
    return call.make(v.correlate, x, y, mode=mode)


# ---- elements ------------------------------------------------------------------------------------


@function("radians deg2rad", "x")
def _radians(call: Call) -> Node:
    return call.make(s.mul, call.value("x"), call.make(s.div, call.build.const(PI), call.build.const(180)))


@function("degrees rad2deg", "x")
def _degrees(call: Call) -> Node:
    return call.make(s.mul, call.value("x"), call.make(s.div, call.build.const(180), call.build.const(PI)))


@function("clip clamp", "x, a_min=None, a_max=None, min=None, max=None")
def _clip(call: Call) -> Node:
    """clip with either bound, both or neither."""
    x = call.value("x")
    for names, op in ((("a_min", "min"), r.maximum), (("a_max", "max"), r.minimum)):
        given = [name for name in names if name in call]
        x = call.make(op, x, call.value(given[0])) if given else x
    return x


@function("polyval", "p, x")
def _polyval(call: Call) -> Node:
    """Horner's rule, the highest power first."""
    value = call.given["p"].value
    items = [call.gates.value(item) for item in value.items] if isinstance(value, Group) else None
    if items is None:
        p = call.array("p")
        count = call.shape(p)[0]
        if not isinstance(count, int):
            raise call.error("the number of coefficients is known", at="p")
        items = [call.index(p, i) for i in range(count)]
    x = call.value("x")
    out = items[0] if items else call.build.const(0.0)
    for item in items[1:]:
        out = call.make(s.add, call.make(s.mul, out, x), item)
    return out


@function("vander", "x, n=None, increasing=False")
def _vander(call: Call) -> Node:
    x = call.array()
    count = call.size(call.given["n"]) if "n" in call else call.shape(x)[0]
    if not isinstance(count, int) or count < 1:
        raise call.error("the number of powers is known", at="n")
    powers = range(count) if call.flag("increasing") else range(count - 1, -1, -1)
    columns = [
        call.make(c.ones, shape=call.shape(x)) if n == 0 else call.make(s.pow_, x, call.build.const(n)) for n in powers
    ]
    return call.make(a.stack, *columns, axis=1)


@function("meshgrid", "x, y=None, z=None, indexing=None, sparse=None")
def _meshgrid(call: Call) -> Group:
    """Each vector along an axis of its own: the first two of them change places unless indexing="ij"."""
    vectors = [_flat(call, _row(call, call.value(name))) for name in ("x", "y", "z") if name in call]
    order = list(range(len(vectors)))
    usual = "ij" if call.callee.library == "torch" else "xy"
    if call.text("indexing", usual) == "xy" and len(order) > 1:
        order[:2] = 1, 0
    return _grid(call, vectors, order, spread=not call.flag("sparse"))


def _grid(call: Call, vectors: list[Node], order: list[int], spread: bool = True) -> Group:
    """Vectors along axes: the k-th along the axis at which `order` has k."""
    shape = tuple(call.shape(vectors[k])[0] for k in order)
    grids = [call.index(each, *[_EVERY if at == k else None for at in order]) for k, each in enumerate(vectors)]
    if spread:
        grids = [call.make(a.spread, each, shape=shape) for each in grids]
    return Group("list", [Arg(each, call.first, call.last) for each in grids])


@function("indices", "shape, sparse=None")
def _indices(call: Call) -> Any:
    """The places of a grid, one array an axis."""
    vectors = [call.make(c.arange, size=size) for size in call.sizes("shape")]
    return _grid(call, vectors, list(range(len(vectors))), spread=not call.flag("sparse"))


@function("gradient", "f, dx=1, dy=None, dz=None, axis=None, edge_order=None")
def _gradient(call: Call) -> Any:
    """Central differences inside of an array, one-sided ones at its ends; along several axes, one array each."""
    f = call.array("f")
    axes = call.axis()
    axes = range(len(f.shape)) if axes is None else axes if isinstance(axes, tuple) else (axes,)
    steps = [call.value(name) for name in ("dx", "dy", "dz") if name in call] or [call.build.const(1)]
    if any(step.shape for step in steps):
        raise call.error("the steps of 'gradient' are numbers", at="dx")
    steps = steps * len(axes) if len(steps) == 1 else steps
    if len(steps) != len(axes) or not axes:
        raise call.error("gradient takes one step, or one for each axis", at="f")
    found = [_along(call, f, call.along(f, axis), dx) for axis, dx in zip(axes, steps, strict=True)]
    return found[0] if len(found) == 1 else Group("list", [Arg(each, call.first, call.last) for each in found])


def _along(call: Call, f: Node, axis: int, dx: Node) -> Node:
    """The differences along one axis; of edge_order 2, those of a parabola at the ends."""

    def part(start: Any, stop: Any) -> Node:
        return call.index(f, *[_EVERY] * axis, ("slice", start, stop, None))

    def slope(rise: Node, steps: int) -> Node:
        run = call.make(s.mul, call.build.const(steps), dx)
        return rise if is_const(run, 1) else call.make(s.div, rise, run)

    def end(at: Node, near: Node, far: Node, sign: int) -> Node:
        ahead = call.make(s.sub, call.make(s.mul, call.build.const(4), near), far)
        rise = call.make(s.sub, ahead, call.make(s.mul, call.build.const(3), at))
        return slope(rise if sign > 0 else call.make(s.neg, rise), 2)

    inner = slope(call.make(s.sub, part(2, None), part(None, -2)), 2)
    if call.number("edge_order", 1) == 2:
        first = end(part(None, 1), part(1, 2), part(2, 3), 1)
        last = end(part(-1, None), part(-2, -1), part(-3, -2), -1)
    else:
        first = slope(call.make(s.sub, part(1, 2), part(None, 1)), 1)
        last = slope(call.make(s.sub, part(-1, None), part(-2, -1)), 1)
    return call.make(a.concatenate, first, inner, last, axis=axis)


@function("one_hot", "x, num_classes")
def _one_hot(call: Call) -> Any:
    """Rows of the identity."""
    from gradc.language.indexing import made

    at = call.gates.integers.of(call.value("x"), call.given["x"])
    size = call.size(call.given["num_classes"])
    return call.placed(lambda: made(call.gates, call.make(c.eye, n=size, m=size), (at,)))


@function("delete", "x, obj, axis=None")
def _delete(call: Call) -> Any:
    """What is left without some places of an axis."""
    x = call.array()
    axis = call.axis()
    x, axis = (_flat(call, x), 0) if axis is None else (x, call.along(x, axis))
    size, places = call.shape(x)[axis], call.constant("obj")
    places = places if isinstance(places, tuple) else (places,)
    if not all(type(at) is int for at in places):
        raise call.error("the places are whole numbers", at="obj")
    if not isinstance(size, int):
        if len(places) != 1:
            raise call.error(f"the size '{size}' has to be known", "declare it as a number")
        (at,) = places
        behind = ("slice", at + 1, None, None) if at != -1 else None
        parts = [call.index(x, *(_EVERY,) * axis, ("slice", None, at, None))] if at != 0 else []
        parts += [call.index(x, *(_EVERY,) * axis, behind)] if behind is not None else []
        return call.make(a.concatenate, *parts, axis=axis) if len(parts) > 1 else parts[0]
    if any(not -size <= at < size for at in places):
        raise call.error(f"a place is outside 0..{size - 1}", at="obj")
    gone = {at % size for at in places}
    return _picked(call, x, axis, [i for i in range(size) if i not in gone])


def _picked(call: Call, x: Node, axis: int, kept: list[int]) -> Any:
    """Some places of an axis: one slice where they stand side by side."""
    from gradc.language.indexing import made

    if kept and kept == list(range(kept[0], kept[-1] + 1)):
        return call.index(x, *(_EVERY,) * axis, ("slice", kept[0] or None, kept[-1] + 1, None))
    at = call.build.make(g.picked, (), (tuple(kept), (len(kept),)))
    return call.placed(partial(made, call.gates, x, (*(_EVERY,) * axis, at)))


@function("insert", "x, obj, values, axis=None")
def _insert(call: Call) -> Any:
    """Values before a place of an axis."""
    x, axis, at = call.array(), call.axis(), call.constant("obj")
    x, axis = (_flat(call, x), 0) if axis is None else (x, call.along(x, axis))
    if type(at) is not int:
        raise call.error("the place is a whole number", at="obj")
    shape = call.shape(x)
    value = call.value("values")
    own = (*shape[:axis], 1, *shape[axis + 1 :])
    if len(value.shape) < len(shape) and value.shape and len(shape) > 1:
        value = call.make(a.expand, value, axis=axis)
    elif len(value.shape) == len(shape):
        own = (*shape[:axis], call.shape(value)[axis], *shape[axis + 1 :])
    parts = [value if call.shape(value) == own else call.filled(value, own)]
    if at != 0:
        parts.insert(0, call.index(x, *(_EVERY,) * axis, ("slice", None, at, None)))
    if not (isinstance(shape[axis], int) and at == shape[axis]):
        parts.append(call.index(x, *(_EVERY,) * axis, ("slice", at, None, None)))
    return call.make(a.concatenate, *parts, axis=axis)


@function("tolist", "x")
def _tolist(call: Call) -> Any:
    """An array as the list of its elements, of a matrix of its rows."""
    x, given = call.value("x"), call.given["x"]
    if not x.shape or not all(isinstance(size, int) for size in call.shape(x)):
        return x
    rows = lists.contents(call.gates, Arg(x, given.first, given.last))
    todo = [rows] if len(x.shape) > 1 else []
    while todo:
        for item in todo.pop():
            group = Group("list", lists.contents(call.gates, item))
            if len(item.value.shape) > 1:
                todo.append(group.items)
            item.value = group
    return Group("list", rows)


@function("item numpy contiguous", "x")
def _item(call: Call) -> Node:
    x = call.value("x")
    if call.callee.name != "item":
        return x
    if x.shape and all(size == 1 for size in call.shape(x)):
        x = call.make(a.reshape, x, shape=())
    return call.gates.number_alone(x, call.first, call.last)


@function("logspace", "start, stop, num=50, endpoint=True, base=10.0")
def _logspace(call: Call) -> Node:
    size = call.size(call.given["num"]) if "num" in call else 50
    start, stop, base = call.number("start"), call.number("stop"), call.number("base", 10.0)
    steps = call.make(c.linspace, start=start, stop=stop, size=size, endpoint=call.flag("endpoint", True))
    return call.make(s.pow_, call.build.const(float(base)), steps)
