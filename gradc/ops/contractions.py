"""Products of arrays with their axes by name or number, and the moments: einsum, tensordot, kron, cross, var, std.

Each argument of a product gets the product of the others with `dout`:

>>> EINSUMS[1].vjps((2, 2), ((2, 3), (3, 4)), subs="ij,jk->ik")
['einsum2(dout, y, subs="ik,jk->ij")', 'einsum2(dout, x, subs="ik,ij->jk")']
>>> tensordot.vjps((2, 3), ((2, 3), (4, 2, 3)), axes=((0, 1), (1, 2)))
['tensordot(dout, y, axes=((0,), (0,)))', 'transpose(tensordot(x, dout, axes=((), ())), axes=(2, 0, 1))']
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dim, Dims, ShapeError, show
from gradc.ops import array, bounds
from gradc.ops.array_shapes import product, reduced
from gradc.ops.table import Op, Say, Test, op

Ranks = tuple[int, ...]
Pair = tuple[tuple[int, ...], tuple[int, ...]]

# So many arrays may stand in one einsum.
MOST_FACTORS = 5
_NAMES = "xyzuv"


# ---- shapes ------------------------------------------------------------------------------------


def _einsum(dims: Dims, *xs: Shape, subs: str = "") -> Shape:
    given, _, out = subs.partition("->")
    sizes: dict[str, Dim] = {}
    for at, (labels, x) in enumerate(zip(given.split(","), xs, strict=True)):
        if len(labels) != len(x):
            raise ShapeError(
                f"'{labels}' names {len(labels)} axes of an array of shape {show(dims.resolve(x))}",
                args_at_fault=(at,),
            )
        for label, dim in zip(labels, x, strict=True):
            if not dims.unify(sizes.setdefault(label, dim), dim):
                raise ShapeError(
                    f"the sizes of axis '{label}' differ: {dims.find(sizes[label])} and {dims.find(dim)}",
                    args_at_fault=(at,),
                )
    return tuple(dims.find(sizes[label]) for label in out)


def _tensordot(dims: Dims, x: Shape, y: Shape, axes: Pair = ((), ())) -> Shape:
    for p, q in zip(*axes, strict=True):
        if p >= len(x) or q >= len(y):
            at = int(p < len(x))
            raise ShapeError(
                f"axis {(p, q)[at]} of an array of {len((x, y)[at])} axes", args_at_fault=(at,)
            )
        if not dims.unify(x[p], y[q]):
            raise ShapeError(
                f"axis {p} of shape {show(dims.resolve(x))} and axis {q} of shape {show(dims.resolve(y))} differ",
                args_at_fault=(0, 1),
            )
    return (
        *(d for i, d in enumerate(x) if i not in axes[0]),
        *(d for i, d in enumerate(y) if i not in axes[1]),
    )


def _cross(dims: Dims, x: Shape, y: Shape) -> Shape:
    for at, shape in enumerate((x, y)):
        if not shape or not dims.unify(shape[-1], 3):
            raise ShapeError(
                f"cross takes vectors of 3 along the last axis, not shape {show(shape)}",
                args_at_fault=(at,),
            )
    return dims.broadcast(x, y)


def _kron(dims: Dims, x: Shape, y: Shape) -> Shape:
    if len(x) != len(y) or len(x) not in (1, 2):
        raise ShapeError("kron takes two vectors or two matrices", args_at_fault=(0, 1))
    return tuple(product((p, q)) for p, q in zip(x, y, strict=True))


def _moment(dims: Dims, x: Shape, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Shape:
    return reduced(dims, x, axis, keepdims)


# ---- rules -------------------------------------------------------------------------------------


def _einsum_vjp(ranks: Ranks, shapes: tuple[Shape, ...], subs: str = "") -> list[str]:
    given, _, out = subs.partition("->")
    labels = given.split(",")
    rules = []
    for at, mine in enumerate(labels):
        others = [
            (name, each)
            for k, (name, each) in enumerate(zip(_NAMES, labels, strict=False))
            if k != at
        ]
        known = set(out).union(*(each for _, each in others))
        there = "".join(label for label in mine if label in known)
        if not out:  # a number: it scales what the others make
            rule = _product([name for name, _ in others], [each for _, each in others], there)
            gone = tuple(place for place, label in enumerate(mine) if label not in known)
            rules.append(
                f"expand(dout*{rule}, axis={gone})"
                if gone and rule
                else f"dout*{rule}"
                if rule
                else "dout"
            )
            continue
        args = ["dout", *(name for name, _ in others)]
        inner = ",".join([out, *(each for _, each in others)])
        number = len(args) if len(args) > 1 else ""
        rule = (
            f'einsum{number}({", ".join(args)}, subs="{inner}->{there}")'
            if inner != there
            else "dout"
        )
        gone = tuple(place for place, label in enumerate(mine) if label not in known)
        rules.append(f"expand({rule}, axis={gone})" if gone else rule)
    return rules


def _product(names: list[str], labels: list[str], out: str) -> str:
    """The contraction of some arrays; nothing of none, and one as it is where its axes are those of the result."""
    if not names or (len(names) == 1 and labels[0] == out):
        return names[0] if names else ""
    return f'einsum{len(names) if len(names) > 1 else ""}({", ".join(names)}, subs="{",".join(labels)}->{out}")'


def _tensordot_vjp(ranks: Ranks, shapes: tuple[Shape, ...], axes: Pair = ((), ())) -> list[str]:
    (p, q), (rank_x, rank_y) = axes, ranks
    free_x = [i for i in range(rank_x) if i not in p]
    free_y = [i for i in range(rank_y) if i not in q]
    if not free_x and not free_y:
        whole = [
            _in_order("y", [p[q.index(i)] for i in range(rank_y)]),
            _in_order("x", [q[p.index(i)] for i in range(rank_x)]),
        ]
        return [f"dout*{each}" for each in whole]
    # dx has the axes of x that are free, then those that were summed in the order in which y has them.
    of_x = [*free_x, *(p[q.index(i)] for i in sorted(q))]
    of_y = [*(q[p.index(i)] for i in sorted(p)), *free_y]
    lead = tuple(range(len(free_x), len(free_x) + len(free_y)))
    rest = tuple(range(len(free_x)))
    dx = f"tensordot(dout, y, axes={(lead, tuple(free_y))})"
    dy = f"tensordot(x, dout, axes={(tuple(free_x), rest)})"
    return [_in_order(dx, of_x), _in_order(dy, of_y)]


def _in_order(text: str, have: list[int]) -> str:
    """The axes of an array, of which each is called what it is to be, in order."""
    if have == sorted(have):
        return text
    return f"transpose({text}, axes={tuple(have.index(i) for i in range(len(have)))})"


def _kron_vjp(ranks: Ranks, shapes: tuple[Shape, ...]) -> list[str]:
    x, y = shapes
    apart = tuple(dim for pair in zip(x, y, strict=True) for dim in pair)
    labels, mine, other = ("ipjq", "ij", "pq") if len(x) == 2 else ("ip", "i", "p")
    whole = f"reshape(dout, shape={apart!r})"
    return [
        f'einsum2({whole}, y, subs="{labels},{other}->{mine}")',
        f'einsum2({whole}, x, subs="{labels},{mine}->{other}")',
    ]


def _spread(text: str, axis: Any, keepdims: bool, rank: int) -> str:
    """What a reduction left, against what it reduced: axes of size 1, unless those that are gone are the first."""
    gone = (
        sorted(at % rank for at in (axis if isinstance(axis, tuple) else (axis,)))
        if axis is not None
        else []
    )
    return text if keepdims or gone == [*range(len(gone))] else f"expand({text}, axis=axis)"


# A deviation from the mean.
_OFF = "(x - mean(x, axis=axis, keepdims=True))"
_COUNT = "(count(x, axis=axis) - ddof)"


def _var_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], axis: Any = None, ddof: int = 0, keepdims: bool = False
) -> list[str]:
    return [f"2*{_OFF}*{_spread(f'(dout/{_COUNT})', axis, keepdims, ranks[0])}"]


def _std_vjp(
    ranks: Ranks, shapes: tuple[Shape, ...], axis: Any = None, ddof: int = 0, keepdims: bool = False
) -> list[str]:
    return [f"{_OFF}*{_spread(f'(dout/({_COUNT}*nonzero(out)))', axis, keepdims, ranks[0])}"]


# ---- the entries -------------------------------------------------------------------------------

_SUBSCRIPTS = {
    1: ["ij->ji", "ij->i", "ij->", "ijk->ki", "i->i"],
    2: ["ij,jk->ik", "i,j->ij", "ij,ij->", "bij,bjk->bik", "ij,k->ki", "ij,j->", "i,i->i"],
    3: ["ij,jk,kl->il", "i,ij,j->", "i,j,k->kij"],
    4: ["ij,jk,kl,lm->im"],
    5: ["ij,jk,kl,lm,mn->in"],
}


def _einsum_of(count: int) -> Op:
    names = list(_NAMES[:count])
    given = ", ".join("{" + name + "}" for name in names)
    return op(
        f"einsum{count if count > 1 else ''}({', '.join(names)}; subs=None)",
        doc="a sum of products over axes that are named",
        linear=_einsum_vjp,
        code=f'np.einsum("{{subs}}", {given}' + (", optimize=True" if count > 2 else "") + ")",
        shape=_einsum,
        bounds=lambda *xs, **statics: (float("-inf"), float("inf")),
        public=False,
        say=Say(
            symbol="Σ",
            part="einsum contracts with the others",
            stem="".join("{" + n + "}" for n in names),
            short="ein",
        ),
        test=Test(samples=[{"subs": subs} for subs in _SUBSCRIPTS[count]]),
    )


EINSUMS = tuple(map(_einsum_of, range(1, MOST_FACTORS + 1)))

tensordot = op(
    "tensordot(x, y; axes=None)",
    doc="sums of products over pairs of axes",
    linear=_tensordot_vjp,
    code="np.tensordot({x}, {y}, axes={axes})",
    shape=_tensordot,
    public=False,
    say=Say(symbol="⋅", part="tensordot contracts with the other", stem="{x}{y}", short="prod"),
    test=Test(
        samples=[
            {"axes": ((1,), (0,))},
            {"axes": ((), ())},
            {"axes": ((0, 1), (1, 0))},
            {"axes": ((0,), (0,))},
        ]
    ),
)
# Products of two arrays that make one of other axes.
PRODUCTS = (array.matmul, array.outer, tensordot, EINSUMS[1])

cross = op(
    "cross(x, y)",
    doc="the vector product, along the last axis",
    linear=["cross(y, dout)", "cross(dout, x)"],
    code="np.cross({x}, {y})",
    shape=_cross,
    bounds=lambda x, y: bounds.one_sided(bounds.product(x, y)),
    public=False,
    say=Say(symbol="×", part="cross turns dout about the other", stem="{x}x{y}", short="cross"),
)
kron = op(
    "kron(x, y)",
    doc="the blocks of y, one for each element of x, times it",
    linear=_kron_vjp,
    code="np.kron({x}, {y})",
    shape=_kron,
    say=Say(symbol="⊗", stem="{x}k{y}", short="kron"),
)
var = op(
    "var(x; axis=None, ddof=0, keepdims=False)",
    doc="mean square of the deviations from the mean, by n - ddof",
    vjps=_var_vjp,
    jvp=f"2*sum({_OFF}*x_dot, axis=axis, keepdims=keepdims)/{_COUNT}",
    code="np.var({x}{*statics})",
    shape=_moment,
    lazy=True,
    bounds=bounds.FROM_0,
    say=Say(stem="var{x}", short="var", part="var sends each its deviation, twice by n"),
    test=Test(
        samples=[{"axis": axis} for axis in (None, 0, -1, (0, 1))]
        + [{"axis": 0, "keepdims": True}, {"keepdims": True}]
    ),
)
std = op(
    "std(x; axis=None, ddof=0, keepdims=False)",
    doc="square root of the variance; the slope at 0 is 0",
    vjps=_std_vjp,
    jvp=f"sum({_OFF}*x_dot, axis=axis, keepdims=keepdims)/({_COUNT}*nonzero(out))",
    code="np.std({x}{*statics})",
    shape=_moment,
    lazy=True,
    bounds=bounds.FROM_0,
    say=Say(stem="std{x}", short="std", part="std points along the deviations"),
    test=Test(samples=[{"axis": axis} for axis in (None, 0, -1)] + [{"axis": 0, "keepdims": True}]),
)
